#!/usr/bin/env python3
"""A made-up ontology of N things as Turtle and as N-Triples: make_rdf.py N FOLDER."""
import random
import sys

n, folder = int(sys.argv[1]), sys.argv[2]
random.seed(1)
OBO, RDFS = "http://purl.obolibrary.org/obo/", "http://www.w3.org/2000/01/rdf-schema#"
OIO = "http://www.geneontology.org/formats/oboInOwl#"
ttl, nt = open(folder + "/made.ttl", "w"), open(folder + "/made.nt", "w")
ttl.write(f"@prefix obo: <{OBO}> .\n@prefix rdfs: <{RDFS}> .\n@prefix oio: <{OIO}> .\n\n")
words = "acute chronic primary hereditary disease of the heart liver bone skin with onset".split()
for i in range(n):
    name = " ".join(random.choices(words, k=4)) + f" {i}"
    text = " ".join(random.choices(words, k=20)) + f" {i}."
    up, sign = random.randrange(i + 1), random.randrange(20000)
    ttl.write(f'obo:DOID_{i} rdfs:label "{name}"@en ;\n    rdfs:subClassOf obo:DOID_{up} ;\n'
              f'    obo:IAO_0000115 "{text}" ;\n    oio:hasExactSynonym "{name} disorder" ;\n'
              f"    obo:RO_0002200 obo:HP_{sign} .\n\n")
    s = f"<{OBO}DOID_{i}>"
    nt.write(f'{s} <{RDFS}label> "{name}"@en .\n{s} <{RDFS}subClassOf> <{OBO}DOID_{up}> .\n'
             f'{s} <{OBO}IAO_0000115> "{text}" .\n{s} <{OIO}hasExactSynonym> "{name} disorder" .\n'
             f"{s} <{OBO}RO_0002200> <{OBO}HP_{sign}> .\n")
