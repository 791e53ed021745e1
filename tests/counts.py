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


# ---- tables through the mapping files of data/maps ----

def rows(path, delimiter, quoting=csv.QUOTE_MINIMAL):
    with open(path, encoding="utf-8-sig", newline="") as f:
        return [[v.strip() for v in r] for r in csv.reader(f, delimiter=delimiter, quoting=quoting) if r]


def dotted(code, n=3):
    code = code.rstrip("+*")
    return code if "." in code or len(code) <= n else code[:n] + "." + code[n:]


def by_prefix(c, keys):
    """is_a from each key to the longest other one that it begins with."""
    ids = {}
    for key, id in keys:
        ids.setdefault(key, id)
    for key, id in keys:
        for n in range(len(key) - 1, 0, -1):
            if key[:n] in ids:
                if ids[key[:n]] != id:
                    c.fact(id, "is_a", ids[key[:n]])
                break


def atc(path, c):
    table = rows(path, ",")[1:]
    combined = len(table[0]) == 5
    for row in table:
        row = ["" if v == "NA" else v for v in row]
        code = row[0]
        c.node(code, "drug" if combined or len(code) == 7 else "drug_class")
        c.name(code, code if combined else row[1])
        if combined:
            if all(row[1:]):
                c.fact(code, "combined_product", tuple(row[1:]))
            continue
        if row[2] and row[3] and row[4]:
            c.fact(code, "defined_daily_dose", tuple(row[2:5]))
        if row[5]:
            c.fact(code, "comment", row[5])
    if not combined:
        by_prefix(c, [(row[0], row[0]) for row in table])


def icd10cn(path, c):
    table = rows(path, "\t", csv.QUOTE_NONE)
    if table[0][0] == "code":
        for code, name in table[1:]:
            c.node(code.rstrip("+*"), "disease")
            c.name(code.rstrip("+*"), name)
        return
    ranges = [(low, high) for low, high, _, _ in table[1:]]
    for low, high, _, name in table[1:]:
        c.node((low, high), "disease")
        c.name((low, high), name)
        around = [r for r in ranges if r[0] <= low and high <= r[1] and r != (low, high)]
        if around:  # the narrowest of those that contain it
            c.fact((low, high), "is_a", max(around, key=lambda r: (r[0], [-ord(x) for x in r[1]])))


def icd10cn_tree(path, c):
    def add(v, above):
        id = v["value"].rstrip("+*")
        c.node(id, "disease")
        c.name(id, v["label"])
        if above:
            c.fact(id, "is_a", above)
        for x in v.get("children", []):
            add(x, id)

    for v in json.load(open(path, encoding="utf-8-sig")):
        add(v, None)


def icd(path, c):
    if path.endswith("_Formatted.csv"):
        for nine, ten, title in rows(path, "|", csv.QUOTE_NONE):
            if ten:
                c.node("9 " + nine, "disease")
                c.node("10 " + ten, "disease")
                c.name("10 " + ten, title)
                c.name("9 " + nine, "ICD9CM:" + dotted(nine, 4 if nine[0] == "E" else 3))
                c.fact("9 " + nine, "maps_to", "10 " + ten)
        return
    table = rows(path, ",")
    if table[0][0] == "ROW_ID":
        type = "procedure" if "PROC" in path else "disease"
        table = [row[1:] for row in table[1:]]
        for code, short, title in table:
            c.node(code, type)
            c.name(code, title)
            c.name(code, short)
    else:
        for code, title in table:
            c.node(code, "disease")
            c.name(code, title)
    by_prefix(c, [(row[0], row[0]) for row in table])


def mesh_tables(path, c):
    table = rows(path, "\t", csv.QUOTE_NONE)
    for row in table[1:]:
        c.node(row[0], "symptom" if table[0][-1] == "in_hsdn" else "concept")
        c.name(row[0], row[1])
        if table[0][-1] == "mesh_tree_number":
            c.fact(row[0], "tree_number", row[2])
    if table[0][-1] == "mesh_tree_number":
        by_prefix(c, [(row[2], row[0]) for row in table[1:]])


def mesh(path, c):
    """By another parser than the importer's: what stands in the elements' text."""
    import xml.etree.ElementTree as tree
    keys = []
    for r in tree.parse(path).getroot():
        id, text = r.find("DescriptorUI").text.strip(), lambda x: x.find("String").text.strip()
        types = [t.text for t in r.iterfind("ConceptList/Concept[@PreferredConceptYN='Y']//SemanticTypeName")]
        known = {"Antibiotic": "drug", "Body Location or Region": "body_site"}
        c.node(id, next((known[t] for t in types if t in known), types[0].lower().replace(" ", "_")))
        c.name(id, text(r.find("DescriptorName")))
        for term in r.iter("Term"):
            if term.get("IsPermutedTermYN") != "Y":
                c.name(id, text(term))
        for number in r.iter("TreeNumber"):
            c.fact(id, "tree_number", number.text)
            keys.append((number.text, id))
        for action in r.iterfind("PharmacologicalActionList/*/DescriptorReferredTo"):
            other = action.find("DescriptorUI").text
            c.fact(id, "pharmacological_action", other)
            c.nodes.add(other)
            c.types.setdefault(other, "concept")
            c.name(other, text(action.find("DescriptorName")))
        for other in r.iterfind("SeeRelatedList/*/DescriptorReferredTo"):
            ui = other.find("DescriptorUI").text
            c.fact(id, "related_to", ui)
            c.nodes.add(ui)
            c.types.setdefault(ui, "concept")
            c.name(ui, text(other.find("DescriptorName")))
        note = r.find("ConceptList/Concept[@PreferredConceptYN='Y']/ScopeNote")
        if note is not None:
            c.fact(id, "description", " ".join(note.text.split()))
        for x in r.iterfind("ConceptList/Concept[@PreferredConceptYN='N']"):
            relation = x.find("ConceptRelationList/ConceptRelation")
            scope = {"NRW": "narrow_synonym", "BRD": "broad_synonym"}.get(
                relation.get("RelationName") if relation is not None else None)
            if scope:
                c.fact(id, scope, text(x.find("ConceptName")))
    by_prefix(c, keys)


def hetionet_tables(path, _):
    c = Merging()
    disease, drug, gene = (lambda i, n="": c.thing(i, "disease", n or i)), None, None
    header, table = (t := rows(path, "\t", csv.QUOTE_NONE))[0], t[1:]
    if header[-1] == "3-person consensus" or "drug_url" in header:
        table = [t for t in rows(path, "\t")[1:]]
    at = {name: i for i, name in enumerate(header)}
    for row in table:
        v = lambda name: row[at[name]]
        if "gene_symbol" in at:
            c.fact(c.thing(v("doid_id"), "disease", v("doid_name")), "gene",
                   c.thing("NCBIGENE:" + v("entrez_gene_id"), "gene", v("gene_symbol")))
        elif "affinity_nM" in at:
            d, g = "DRUGBANK:" + v("drugbank_id"), "NCBIGENE:" + v("entrez_gene_id")
            c.fact(c.thing(d, "drug", d), "binds", c.thing(g, "gene", g))
        elif "enrichment" in at:
            a = c.thing(v("doid_code_0"), "disease", v("doid_name_0"))
            if v("cooccurrence") != "0":
                c.fact(a, "cooccurs_with", c.thing(v("doid_code_1"), "disease", v("doid_name_1")))
        elif "category" in at:
            c.fact(c.thing("DRUGBANK:" + v("drugbank_id"), "drug", v("drug")), "treats",
                   c.thing(v("doid_id"), "disease", v("disease")))
        elif "drug_url" in at:
            c.fact(c.thing("DRUGBANK:" + v("drug_url").rpartition("/")[2], "drug", v("drug")), "treats",
                   c.thing("DOID:" + v("disease_url").rpartition("%3A")[2], "disease", v("disease")))
        elif "do_slim_id" in at:
            d = c.thing("DRUGBANK:" + v("drugbank_id"), "drug", v("drugbank_name"))
            for which in ("do_subsumed", "do_slim"):
                c.fact(d, "treats", c.thing(v(which + "_id"), "disease", v(which + "_name")))
        else:
            id = c.thing(v("doid_code"), "disease", v("doid_name"))
            c.name(id, v("mesh_name"))
    return c


def xref(path, c):
    for id, label, _ in rows(path, "\t")[1:]:
        c.node(id, "disease")
        c.name(id, label)


def medicalqa(path, c):
    """Lines cut at the first four blanks."""
    types = {"疾病": "disease", "并发症": "disease", "疾病症状": "symptom", "检查项目": "test", "食物": "food",
             "科室": "department", "治疗方法": "procedure", "发病部位": "body_site"}
    relations = {"症状": "symptom", "并发症": "complication", "检查项目": "test", "忌讳食物": "avoided_food",
                 "推荐食物": "recommended_food", "科室": "department", "治疗方法": "treatment",
                 "发病部位": "body_site", "传染方式": "transmission", "医保": "insurance",
                 "易感人群": "susceptible_population", "生病原因": "cause", "预防措施": "prevention"}
    for line in open(path, encoding="utf-8-sig", newline=""):
        f = line.rstrip("\r\n").split(" ", 4)
        if len(f) < 5:
            continue
        f = [v.strip() for v in f]
        if not f[1]:
            continue
        head, type = ("disease", fold(f[1])), types.get(f[3])
        c.node(head, "disease")
        c.name(head, f[1])
        if not f[4]:
            continue
        tail = (type, fold(f[4])) if type else f[4]
        if type:
            c.node(tail, type)
            c.name(tail, f[4])
        if head != tail:
            c.fact(head, relations[f[2]], tail)


def omop(path, c):
    """A folder with CONCEPT and CONCEPT_RELATIONSHIP: how many nodes and facts there are
    before nodes of one name and type become one, so facts alone."""
    one = {"Subsumes", "Mapped from", "Value mapped from", "Concept replaces", "Concept same_as from",
           "Finding site of", "Ingredient of", "RxNorm ing of", "Active ing of", "May be treated by",
           "CI by", "Tradename of"}
    names = {"Is a": "is_a", "Maps to": "maps_to"}
    for row in csv.DictReader(open(path + "/CONCEPT_RELATIONSHIP.csv", encoding="utf-8", newline="")):
        a, b, r = row["concept_id_1"], row["concept_id_2"], row["relationship_id"]
        if a != b and row["invalid_reason"] not in ("D", "U") and r in names:
            c.fact(a, names[r], b)
    for r in ("is_a", "maps_to"):
        print("relation:" + r, sum(1 for f in c.facts if f[1] == r))
    sys.exit(0)


def triples(path, c):
    """Rows without a header; the vocabulary's Chinese and English names of the relations are
    those of the columns, so facts and nodes are counted by what the rows say."""
    types = {"symptom": "symptom", "check": "test", "acompany": "disease", "cure_department": "department",
             "cure_way": "procedure", "common_drug": "drug", "do_eat": "food", "not_eat": "food",
             "recommand_eat": "food"}
    for line in open(path, encoding="utf-8"):
        s, r, o = (v.strip() for v in line.rstrip("\n").split("\t"))
        if r == "symptom":
            c.fact(fold(s), "symptom", fold(o))
    print("relation:symptom", len(c.facts))
    sys.exit(0)


FORMATS = {"atc": atc, "icd10cn": icd10cn, "icd10cn_tree": icd10cn_tree, "icd": icd, "mesh": mesh,
           "mesh_tables": mesh_tables, "hetionet_tables": hetionet_tables, "xref": xref,
           "medicalqa": medicalqa, "omop": omop, "triples": triples, "rf2": rf2, "rrf": rrf, "hetionet": hetionet, "kgx": kgx, "rdf": rdf, "obo": obo, "babelon": babelon, "obographs": obographs}

if __name__ == "__main__":
    counts = Counts()
    (FORMATS[sys.argv[1]](sys.argv[2], counts) or counts).show()
