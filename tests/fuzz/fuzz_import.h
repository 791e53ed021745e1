/* A whole import into a new store: first without writing, then in earnest. What the
 * store holds afterwards agrees with itself and with what was reported. */
#ifndef MKG_FUZZ_IMPORT_H
#define MKG_FUZZ_IMPORT_H

#include "fuzz.h"

#include "import/import_internal.h"
#include "kg/kg_internal.h"

#include <math.h>

/* A small vocabulary: the real one takes more time than the imports. */
static const char relations[] =
    "relation\tinverse\tkind\tsubject_type\tobject_type\tlabel_zh\tlabel_en\t"
    "sentence_zh\tsentence_en\tphrases_zh\tphrases_en\taliases\n"
    "symptom\tsymptom_of\tnode\tdisease\tsymptom\t症状\t\t\t\t\t\tpresents\n"
    "symptom_of\tsymptom\tnode\tsymptom\tdisease\t\t\t\t\t\t\t\n"
    "treats\ttreated_by\tnode\tdrug\tdisease\t\t\t\t\t\t\t\n"
    "treated_by\ttreats\tnode\tdisease\tdrug\t\t\t\t\t\t\t\n"
    "interacts_with\tinteracts_with\tnode\tdrug\tdrug\t\t\t\t\t\t\t\n"
    "alias\t\talias\t\t\t\t\t\t\t\t\t\n"
    "is_a\t\tnode\t\t\t\t\t\t\t\t\t\n"
    "description\t\tliteral\t\t\t\t\t\t\t\t\t\n";

typedef struct told {
    uint64_t skips;
} told;

static inline void on_skip(void *ctx, const mkg_err *e)
{
    told *t = ctx;
    t->skips += e->status == MKG_EPARSE;
    CHECK(e->status == MKG_EPARSE || e->status == MKG_OK);
    CHECK(e->msg[0] && strcmp(e->file, "in") == 0);
}

static inline bool has_id(const mkg_ids *ids, mkg_id id)
{
    for (size_t i = 0; i < ids->n; i++)
        if (ids->ids[i] == id) return true;
    return false;
}

/* Each name and code of the node leads to it. */
static inline void check_node(mkg_kg *kg, const mkg_node *n)
{
    mkg_entry e;
    mkg_ids ids = {0};
    size_t pos = 0;
    CHECK(mkg_node_name(n, MKG_LANG_ZH).len > 0 && n->type.len > 0);
    while (mkg_node_next(n, &pos, &e)) {
        CHECK(e.text.len > 0 && fuzz_valid(e.text) && e.source == 1);
        ids.n = 0;
        if (e.kind == MKG_ENTRY_CODE)
            CHECK(mkg_kg_find_code(kg, e.text, &ids, &fuzz_err) == MKG_OK);
        else if (e.kind != MKG_ENTRY_TYPE)
            CHECK(mkg_kg_find_name(kg, e.text, &ids, &fuzz_err) == MKG_OK);
        if (e.kind != MKG_ENTRY_TYPE) CHECK(has_id(&ids, n->id));
    }
    CHECK(pos == n->record.len);
    mkg_ids_clear(&ids);
}

static inline bool has_edge(mkg_kg *kg, mkg_id node, mkg_id other, const mkg_fact *f,
                            bool inverse)
{
    mkg_edges edges = {0};
    size_t degree;
    bool found = false;
    CHECK_OK(mkg_kg_edges(kg, node, f->relation, inverse, 0, &edges, &fuzz_err));
    CHECK_OK(mkg_kg_degree(kg, node, f->relation, inverse, &degree, &fuzz_err));
    CHECK(degree == edges.n);
    for (size_t i = 0; i < edges.n; i++)
        found |= edges.edges[i].fact == f->id && edges.edges[i].other == other;
    mkg_edges_clear(&edges);
    return found;
}

static inline void check_fact(mkg_kg *kg, const mkg_fact *f)
{
    const mkg_relation *r = mkg_kg_relation(kg, f->relation, false);
    mkg_node node;
    mkg__buf place = {0};
    CHECK(r && f->attributions == 1 && f->source == 1);
    CHECK(f->weight > 0 && isfinite(f->weight));
    CHECK(mkg_kg_node(kg, f->subject, &node, &fuzz_err) == MKG_OK);
    CHECK(has_edge(kg, f->subject, f->object, f, false));
    if (f->object) {
        CHECK(mkg_kg_node(kg, f->object, &node, &fuzz_err) == MKG_OK);
        CHECK(has_edge(kg, f->object, f->subject, f, true));
        if (r->symmetric) CHECK(f->subject <= f->object);
    } else {
        CHECK(f->literal.len > 0 && fuzz_valid(f->literal));
    }
    CHECK(fuzz_valid(f->grade) && fuzz_valid(f->population));
    CHECK_OK(mkg_kg_locator(kg, f->source, f->locator, &place, &fuzz_err));
    CHECK(place.len > 0 && fuzz_valid(mkg__view(place.ptr, place.len)));
    mkg__buf_clear(&place);
}

static inline void check_store(mkg_kg *kg, const mkg_import_result *r)
{
    mkg_stats stats;
    mkg_node node;
    mkg_fact fact;
    mkg_source source;
    mkg__u128 hash = {0, 0};
    mkg_id id = 0;
    uint64_t nodes = 0, facts = 0, typed = 0, counted = 0, n;

    while (mkg_kg_next_node(kg, &id, &node, &fuzz_err) == MKG_OK) {
        check_node(kg, &node);
        mkg__hash_add(&hash, MKG_DB_NODE, id, node.record);
        nodes++;
    }
    id = 0;
    while (mkg_kg_next_fact(kg, &id, &fact, &fuzz_err) == MKG_OK) {
        check_fact(kg, &fact);
        mkg__hash_add(&hash, MKG_DB_FACT, id, fact.record);
        facts++;
    }
    CHECK(hash.lo == kg->hash.lo && hash.hi == kg->hash.hi);
    CHECK_OK(mkg_kg_stats(kg, &stats, &fuzz_err));
    CHECK(stats.nodes == nodes && nodes == r->new_nodes && nodes == r->nodes);
    CHECK(stats.facts == facts && facts == r->new_facts && facts == r->facts);
    CHECK(stats.names == r->names && stats.sources == 1 && r->source == 1);
    for (size_t i = 0; i < stats.ntypes; i++)
        typed += stats.types[i].nodes;
    for (size_t i = 0; i < mkg_kg_relation_count(kg); i++) {
        const mkg_relation *rel = mkg_kg_relation_at(kg, i);
        CHECK_OK(mkg_kg_relation_facts(kg, rel->id, &n, &fuzz_err));
        if (!rel->inverse) counted += n;
    }
    CHECK(typed == nodes && counted == facts);
    CHECK(mkg_kg_source(kg, 1, &source, &fuzz_err) == MKG_OK);
    CHECK(source.nodes == nodes && source.facts == facts);
    CHECK(source.skipped == r->skipped);
    mkg_stats_clear(&stats);
}

/* The same statements from another file are nothing new. */
static inline void import_again(mkg_kg *kg, fuzz_input in, mkg_import_opts opts,
                                const mkg_import_result *first)
{
    mkg_import_result r;
    mkg__buf b = {0};
    CHECK(mkg_import_file(kg, fuzz_path("in"), &opts, &r, &fuzz_err) == MKG_EXISTS);
    CHECK(r.source == 1);
    mkg__stream *s;
    CHECK_OK(mkg__stream_open(fuzz_path("in"), &s, &fuzz_err));
    bool packed = mkg__stream_packed(s);
    mkg__stream_close(s);
    /* Two bytes at the end of UTF-16 are one odd character. */
    if (packed || (in.n && ((unsigned char)in.p[0] | 1) == 0xff)) return;
    mkg__buf_put(&b, in.p, in.n);
    mkg__buf_str(&b, "\n\n");
    fuzz_file("in", b.ptr, b.len);
    mkg__buf_clear(&b);
    mkg_status st = mkg_import_file(kg, fuzz_path("in"), &opts, &r, &fuzz_err);
    if (st == MKG_OK && r.skipped == first->skipped && r.facts == first->facts)
        CHECK(r.new_nodes == 0 && r.new_facts == 0);
}

static inline int fuzz_import(const char *format, bool strict, fuzz_input in)
{
    told dry = {0}, real = {0};
    mkg_import_result a, b;
    mkg_err why;
    mkg_kg *kg;
    mkg_import_opts opts = {.format = format,
                            .maps = MEDKG_DATA_DIR "/maps",
                            .strict = strict,
                            .on_skip = on_skip};

    const char *path = fuzz_file("in", in.p, in.n);
    CHECK_OK(mkg_kg_open_write(fuzz_path("db"), &kg, &fuzz_err));
    CHECK_OK(mkg_kg_load_relations(
        kg, fuzz_file("relations", relations, sizeof relations - 1), &fuzz_err));
    opts.dry_run = true;
    opts.skip_ctx = &dry;
    mkg_status st = mkg_import_file(kg, path, &opts, &a, &fuzz_err);
    CHECK(st == MKG_OK || (st == MKG_EPARSE && fuzz_err.msg[0]));
    CHECK(mkg_kg_version(kg) == 0 && kg->hash.lo == 0 && kg->hash.hi == 0);
    opts.dry_run = false;
    opts.skip_ctx = &real;
    CHECK(mkg_import_file(kg, path, &opts, &b, &why) == st);
    CHECK(dry.skips == real.skips && real.skips >= b.skipped);
    if (st == MKG_OK) {
        CHECK(a.nodes == b.nodes && a.names == b.names && a.facts == b.facts);
        CHECK(a.new_nodes == b.new_nodes && a.new_facts == b.new_facts);
        CHECK(a.new_relations == b.new_relations);
        CHECK(a.skipped == b.skipped && mkg_kg_version(kg) == 1);
        check_store(kg, &b);
        import_again(kg, in, opts, &b);
    } else {
        CHECK(mkg_kg_version(kg) == 0 && kg->hash.lo == 0 && kg->hash.hi == 0);
        CHECK(strcmp(why.msg, fuzz_err.msg) == 0 && why.line == fuzz_err.line);
    }
    mkg_kg_close(kg);
    fuzz_remove(fuzz_path("db"));
    return 0;
}

#endif
