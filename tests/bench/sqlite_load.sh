#!/bin/sh
# The same table into SQLite: raw rows, a table of names, facts by id, three indexes, as
# the store of medkg has them. Without a journal and without waiting for the disk.
#   tests/bench/sqlite_load.sh GRAPH.tsv FILE.db
set -eu
tsv=$1 db=$2
exec sqlite3 "$db" <<SQL
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA cache_size = -524288;
PRAGMA temp_store = FILE;
CREATE TABLE raw(s TEXT, r TEXT, o TEXT, st TEXT, ot TEXT);
.mode ascii
.separator "\t" "\n"
.import --skip 1 '$tsv' raw
CREATE TABLE relation(id INTEGER PRIMARY KEY, name TEXT UNIQUE);
INSERT OR IGNORE INTO relation(name) SELECT r FROM raw;
CREATE TABLE node(id INTEGER PRIMARY KEY, type TEXT, name TEXT, UNIQUE(name, type));
INSERT OR IGNORE INTO node(type, name) SELECT st, s FROM raw;
INSERT OR IGNORE INTO node(type, name) SELECT ot, o FROM raw WHERE ot <> '';
CREATE TABLE fact(id INTEGER PRIMARY KEY, subject INTEGER, relation INTEGER,
                  object INTEGER, text TEXT, line INTEGER);
INSERT INTO fact(subject, relation, object, text, line)
    SELECT a.id, relation.id, b.id, CASE WHEN ot = '' THEN o END, raw.rowid + 1
    FROM raw JOIN node a ON a.name = s AND a.type = st
    JOIN relation ON relation.name = r
    LEFT JOIN node b ON ot <> '' AND b.name = o AND b.type = ot;
DROP TABLE raw;
CREATE UNIQUE INDEX fact_out ON fact(subject, relation, object, text, id);
CREATE INDEX fact_in ON fact(object, relation, subject);
CREATE INDEX fact_line ON fact(line);
SELECT count(*) || ' facts, ' || (SELECT count(*) FROM node) || ' nodes' FROM fact;
SQL
