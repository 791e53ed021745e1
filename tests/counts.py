#!/usr/bin/env python3
"""What is in a file, counted without medkg: `counts.py FORMAT FILE` prints a line
"key number" for each count that the import must agree with. Keys: nodes, facts, names,
type:T, relation:R. A test compares (tests/test_import_shared.c)."""
import csv
import glob
import gzip
import json
import re
import shutil
import subprocess
import sys
import unicodedata


def fold(name):
    """As docs/formats.md says that names are folded."""
    name = unicodedata.normalize("NFKC", name).casefold()
    name = unicodedata.normalize("NFKC", name)
    name = re.sub("[\u2010-\u2015\u2212\u00ad]", "-", name)
    name = re.sub("[\u2018\u2019\u201b\u02bc\u2032`\u00b4]", "'", name)
    name = re.sub('[\u201c\u201d\u201f\u2033]', '"', name)
    return " ".join(name.split())


class Counts:
    def __init__(self):
        self.nodes, self.names, self.facts, self.types = set(), set(), set(), {}

    def node(self, id, type):
        self.nodes.add(id)
        self.types[id] = type

    def name(self, id, name):
        if name.strip():
            self.names.add((id, fold(name)))

    def fact(self, s, r, o):
        self.facts.add((s, r, o))

    def show(self):
        print("nodes", len(self.nodes))
        print("names", len(self.names))
        print("facts", len(self.facts))
        for t in sorted(set(self.types.values())):
            print("type:" + t, sum(1 for v in self.types.values() if v == t))
        for r in sorted({f[1] for f in self.facts}):
            print("relation:" + r, sum(1 for f in self.facts if f[1] == r))


TYPES = {"DOID": "disease", "HP": "symptom", "MONDO": "disease", "SYMP": "symptom"}
SPECIAL = {"HP:0000001": "concept", "HP:0000005": "concept", "HP:0000118": "concept"}


def type_of(id):
    return SPECIAL.get(id) or TYPES.get(id.split(":")[0], "concept")


def unescape(text):
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t", "W": " "}.get(m[1], m[1]), text)


def obo(path, c):
    skos = {"exactMatch": "same_as", "closeMatch": "close_match", "broadMatch": "broad_match",
            "narrowMatch": "narrow_match", "relatedMatch": "related_match"}
    codes = []
    for frame in re.split(r"\n(?=\[)", open(path, encoding="utf-8").read()):
        if not frame.startswith("[Term]"):
            continue
        lines = [line.partition(": ")[::2] for line in frame.split("\n")[1:] if ": " in line]
        id = next(v for t, v in lines if t == "id").strip()
        c.node(id, "obsolete" if ("is_obsolete", "true") in lines else type_of(id))
        for tag, value in lines:
            value = value.strip()
            first = value.split(" ")[0]
            if tag == "name":
                c.name(id, unescape(value))
            elif tag == "synonym":
                text, scope = re.match(r'"((?:[^"\\]|\\.)*)"\s*(\w+)?', value).groups()
                text = unescape(text)
                if scope in ("EXACT", "RELATED", None):
                    c.name(id, text)
                if scope != "EXACT":
                    c.fact(id, (scope or "RELATED").lower() + "_synonym", text.strip())
            elif tag == "def":
                text = unescape(re.match(r'"((?:[^"\\]|\\.)*)"', value)[1]).strip()
                if text:
                    c.fact(id, "description", text)
            elif tag in ("comment", "subset"):
                c.fact(id, tag, unescape(value))
            elif tag in ("is_a", "disjoint_from", "replaced_by", "consider"):
                c.fact(id, tag, first)
                c.types.setdefault(first, type_of(first))
                c.nodes.add(first)
            elif tag == "property_value" and first.startswith("skos:"):
                other = value.split(" ")[1]
                if first == "skos:exactMatch" and other.startswith('"'):
                    continue  # a code
                if other.startswith('"'):
                    other = re.match(r'"([^"]*)"', other)[1]
                else:
                    c.nodes.add(other)
                    c.types.setdefault(other, type_of(other))
                c.fact(id, skos[first[5:]], other)
            elif tag == "xref" and first.split(":")[0] in TYPES and type_of(first) != type_of(id):
                c.fact(id, "xref", first)
                c.nodes.add(first)
                c.types.setdefault(first, type_of(first))
            elif tag in ("xref", "alt_id"):
                codes.append((id, first))
    for id, code in codes:
        if code in c.nodes and code != id:  # the id of another thing is no code
            c.fact(id, "xref", code)
    described = {id for id, _ in c.names}
    for id in c.nodes - described:
        c.name(id, id)


def babelon(path, c):
    for row in csv.DictReader(open(path, encoding="utf-8", newline=""), delimiter="\t"):
        c.node(row["subject_id"], type_of(row["subject_id"]))
        c.name(row["subject_id"], row["source_value"])
        c.name(row["subject_id"], row["translation_value"])


def curie(iri):
    return re.sub(r"^http://purl.obolibrary.org/obo/(\w+)_", r"\1:", iri)


def obographs(path, c):
    scopes = {"hasRelatedSynonym": "related_synonym", "hasBroadSynonym": "broad_synonym",
              "hasNarrowSynonym": "narrow_synonym"}
    skos = "http://www.w3.org/2004/02/skos/core#"
    for graph in json.load(open(path, encoding="utf-8"))["graphs"]:
        for n in graph["nodes"]:
            if n.get("type") == "PROPERTY":
                continue
            id, meta = curie(n["id"]), n.get("meta", {})
            c.node(id, "obsolete" if meta.get("deprecated") else type_of(id))
            c.name(id, n["lbl"])
            for s in meta.get("synonyms", []):
                if s["pred"] in ("hasExactSynonym", "hasRelatedSynonym"):
                    c.name(id, s["val"])
                if s["pred"] in scopes:
                    c.fact(id, scopes[s["pred"]], s["val"].strip())
            if "definition" in meta:
                c.fact(id, "description", meta["definition"]["val"].strip())
            for v in meta.get("comments", []):
                c.fact(id, "comment", v)
            for v in meta.get("subsets", []):
                c.fact(id, "subset", v.split("#")[1])
            for v in meta.get("basicPropertyValues", []):
                match = re.match(re.escape(skos) + "(close|broad|narrow|related)Match$", v["pred"])
                if match:
                    c.fact(id, match[1] + "_match", v["val"])
                elif v["pred"].endswith("IAO_0100001"):
                    c.fact(id, "replaced_by", curie(v["val"]))
                    c.types.setdefault(curie(v["val"]), type_of(curie(v["val"])))
                    c.nodes.add(curie(v["val"]))
        for e in graph["edges"]:
            c.fact(curie(e["sub"]), "is_a", curie(e["obj"]))
    described = {id for id, _ in c.names}
    for id in c.nodes - described:
        c.name(id, id)


def rdf(path, c):
    """By raptor's parser: what does not need class expressions."""
    if not shutil.which("rapper"):
        sys.exit(0)
    out = subprocess.run(["rapper", "-q", "-i", "turtle", "-o", "ntriples", path],
                         capture_output=True, text=True, check=True).stdout
    rdfs, owl = "<http://www.w3.org/2000/01/rdf-schema#", "<http://www.w3.org/2002/07/owl#"
    triples = [re.match(r"(\S+) (\S+) (.*) \.$", line).groups() for line in out.splitlines()]
    no_thing = {s for s, p, o in triples if p.endswith("#type>") and o.startswith(owl)
                and (o.endswith("Property>") or o.endswith("Ontology>"))}
    for s, p, o in triples:
        if s in no_thing or s.startswith("_:"):
            continue
        if p == rdfs + "subClassOf>" and o.startswith("<"):
            c.fact(s, "is_a", o)
        elif p == rdfs + "comment>":
            c.fact(s, "comment", o)
    for r in ("is_a", "comment"):
        print("relation:" + r, sum(1 for f in c.facts if f[1] == r))
    sys.exit(0)


class Merging(Counts):
    """Nodes of one type and name are one, unless both have codes of one system: what
    was there first takes the other up (docs/formats.md, "Outside formats")."""

    def __init__(self):
        super().__init__()
        self.of_id, self.by_name, self.systems = {}, {}, {}

    def thing(self, id, type, name):
        if id in self.of_id:
            return self.of_id[id]
        system, key = id.split(":")[0], (type, fold(name))
        for node in self.by_name.get(key, []):
            if system not in self.systems[node]:
                break
        else:
            node = id
            self.node(id, type)
            self.by_name.setdefault(key, []).append(id)
            self.systems[id] = set()
        self.systems[node].add(system)
        self.of_id[id] = node
        self.name(node, name)
        return node


HETIONET = {  # kind: type, system of a code without a prefix
    "Anatomy": ("body_site", None), "Biological Process": ("process", None),
    "Cellular Component": ("cellular_component", None), "Compound": ("drug", "DRUGBANK"),
    "Disease": ("disease", None), "Gene": ("gene", "NCBIGENE"),
    "Molecular Function": ("molecular_function", None), "Pathway": ("pathway", "Pathway"),
    "Pharmacologic Class": ("drug_class", "NDFRT"), "Side Effect": ("symptom", "UMLS"),
    "Symptom": ("symptom", "MESH")}
METAEDGES = {
    "CtD": "treats", "CpD": "treats", "CcSE": "adverse_effect", "DpS": "symptom",
    "DaG": "gene", "DlA": "body_site", "PCiC": "is_a", "CrC": "resembles",
    "DrD": "resembles", "CbG": "binds", "CuG": "upregulates", "CdG": "downregulates",
    "DuG": "upregulates", "DdG": "downregulates", "AuG": "upregulates",
    "AdG": "downregulates", "AeG": "expresses", "GcG": "covaries_with",
    "GiG": "gene_interacts_with", "Gr>G": "regulates", "GpBP": "participates_in",
    "GpCC": "participates_in", "GpMF": "participates_in", "GpPW": "participates_in"}


def hetionet(path, _):
    c = Merging()

    def split(id):
        kind, local = id.split("::", 1)
        type, system = HETIONET[kind]
        return (local if ":" in local else system + ":" + local), type

    lines = (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8")
    header = next(lines).rstrip().split("\t")
    for line in lines:
        a, b, d = line.rstrip("\r\n").split("\t")
        if header[0] == "id":
            c.thing(*split(a), b)
        else:
            s, o = (c.thing(*split(x), split(x)[0]) for x in (a, d))
            if b == "PCiC":  # a class includes its members: they are of it
                s, o = o, s
            c.fact(s, METAEDGES[b], o)
    return c


def kgx(path, c):
    def thing(id):
        id = re.sub(r"^http://identifiers.org/(\w+)/", lambda m: m[1].upper() + ":", id)
        c.node(id, "gene" if id.startswith(("HGNC:", "NCBIGENE:")) else type_of(id))
        c.name(id, id)
        return id

    relations = {"rdfs:subClassOf": "is_a", "RO:0004003": "gene"}
    for row in csv.DictReader(open(path, encoding="utf-8", newline=""), delimiter="\t"):
        c.fact(thing(row["subject"]), relations[row["relation"]], thing(row["object"]))


def rrf(path, c):
    """MRCONSO and RXNCONSO: atoms that are not suppressed."""
    for line in open(path, encoding="utf-8"):
        f = line.rstrip("\n").split("|")
        if f[16] in "OEY" and f[16]:
            continue
        id = ("UMLS:" if f[0].startswith("C") else "RXNORM:") + f[0]
        c.node(id, "concept" if id.startswith("UMLS") else "drug")
        c.name(id, f[14])


def rf2(path, c):
    """A folder: of the rows of an id the latest, if it is active."""
    def rows(part):
        latest = {}
        for name in glob.glob(path + "/*" + part + "*"):
            for row in csv.DictReader(open(name, encoding="utf-8", newline=""), delimiter="\t",
                                      quoting=csv.QUOTE_NONE):
                if row["id"] not in latest or row["effectiveTime"] >= latest[row["id"]]["effectiveTime"]:
                    latest[row["id"]] = row
        return latest.values()

    state = {row["id"]: row["active"] for row in rows("_Concept_")}
    names = {}
    for row in rows("_Description_"):
        if row["active"] == "1":
            names.setdefault(row["conceptId"], []).append(row["term"])
            cut = re.sub(r" \([^()]*\)$", "", row["term"])
            if row["typeId"] == "900000000000003001":
                names[row["conceptId"]].append(cut)
    for row in rows("_Relationship_"):
        if row["active"] == "1":
            c.fact(row["sourceId"], "is_a", row["destinationId"])
            for id in (row["sourceId"], row["destinationId"]):
                names.setdefault(id, [])
    for id in {id for id, active in state.items() if active == "1"} | set(names):
        c.node(id, "obsolete" if state.get(id) == "0" else "concept")
        for name in names.get(id) or ["SNOMEDCT:" + id]:
            c.name(id, name)


FORMATS = {"rf2": rf2, "rrf": rrf, "hetionet": hetionet, "kgx": kgx, "rdf": rdf, "obo": obo, "babelon": babelon, "obographs": obographs}

if __name__ == "__main__":
    counts = Counts()
    (FORMATS[sys.argv[1]](sys.argv[2], counts) or counts).show()
