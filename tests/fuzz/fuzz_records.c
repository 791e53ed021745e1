/* Records as the store keeps them; the first byte says of what. Those that can be
 * decoded come back the same when they are written and decoded again. */
#include "fuzz.h"

#include "kg/kg_internal.h"

static bool within(mkg_view part, mkg_view whole)
{
    return part.len == 0 ||
           (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

static void check_node(mkg_view record)
{
    mkg_node n = {.id = 1, .record = record}, again = {.id = 1};
    mkg_entry e, f;
    mkg__buf b = {0};
    size_t pos = 0, entries = 0;

    while (mkg_node_next(&n, &pos, &e)) {
        CHECK(pos <= record.len && within(e.text, record));
        mkg__entry_put(&b, &e);
        entries++;
    }
    CHECK(pos == record.len);
    for (int lang = 0; lang < 4; lang++)
        CHECK(within(mkg_node_name(&n, (mkg_lang)lang), record));
    again.record = mkg__view(b.ptr, b.len);
    pos = 0;
    for (size_t at = 0; mkg_node_next(&again, &at, &f); entries--) {
        CHECK(mkg_node_next(&n, &pos, &e));
        CHECK(e.kind == f.kind && e.lang == f.lang && e.source == f.source);
        CHECK(mkg__view_eq(e.text, f.text));
    }
    CHECK(entries == 0);
    mkg__buf_clear(&b);
}

static bool same_attribution(const mkg_attribution *a, const mkg_attribution *b)
{
    return a->source == b->source && memcmp(&a->weight, &b->weight, 4) == 0 &&
           mkg__view_eq(a->locator, b->locator) && mkg__view_eq(a->grade, b->grade) &&
           mkg__view_eq(a->population, b->population);
}

static void check_fact(mkg_view record)
{
    mkg_fact f, g;
    mkg_attribution a, b;
    mkg__buf out = {0};
    mkg_status st = mkg__fact_decode(7, record, NULL, &f, &fuzz_err);

    CHECK(st == MKG_OK || st == MKG_ESTORE);
    if (st < 0) return;
    CHECK(f.id == 7 && f.attributions > 0 && within(f.literal, record));
    CHECK(f.object == MKG_ID_NONE || f.literal.len == 0);
    mkg__fact_put(&out, &f);
    for (size_t i = 0; i < f.attributions; i++) {
        CHECK(mkg_fact_attribution(&f, i, &a));
        CHECK(within(a.locator, record) && within(a.grade, record));
        CHECK(within(a.population, record));
        mkg__attribution_put(&out, &a);
    }
    CHECK(!mkg_fact_attribution(&f, f.attributions, &a));
    CHECK_OK(mkg__fact_decode(7, mkg__view(out.ptr, out.len), NULL, &g, &fuzz_err));
    CHECK(f.subject == g.subject && f.relation == g.relation && f.object == g.object);
    CHECK(f.denied == g.denied && f.literal_lang == g.literal_lang);
    CHECK(mkg__view_eq(f.literal, g.literal) && f.attributions == g.attributions);
    for (size_t i = 0; i < f.attributions; i++) {
        CHECK(mkg_fact_attribution(&f, i, &a) && mkg_fact_attribution(&g, i, &b));
        CHECK(same_attribution(&a, &b));
    }
    mkg__buf_clear(&out);
}

static void check_source(mkg_view record)
{
    mkg_source s, t;
    mkg__buf out = {0};
    mkg_status st = mkg__source_decode(3, record, &s, &fuzz_err);

    CHECK(st == MKG_OK || st == MKG_ESTORE);
    if (st < 0) return;
    mkg__source_put(&out, &s);
    CHECK_OK(mkg__source_decode(3, mkg__view(out.ptr, out.len), &t, &fuzz_err));
    CHECK(mkg__view_eq(s.name, t.name) && mkg__view_eq(s.file, t.file));
    CHECK(mkg__view_eq(s.format, t.format) && mkg__view_eq(s.version, t.version));
    CHECK(mkg__view_eq(s.licence, t.licence) && strcmp(s.sha256, t.sha256) == 0);
    CHECK(s.time == t.time && s.size == t.size && s.nodes == t.nodes);
    CHECK(s.names == t.names && s.facts == t.facts && s.skipped == t.skipped);
    mkg__buf_clear(&out);
}

/* Through a transaction that is never committed. */
static void check_relation(mkg_view record)
{
    static mkg__store *store;
    mkg__txn *t;
    mkg__vocabulary v = {0}, w = {0};
    unsigned char key[4];
    mkg_view id = {(char *)key, sizeof key};
    bool created;

    if (!store)
        CHECK_OK(mkg__store_open(fuzz_path("db"), true, &store, &created, &fuzz_err));
    CHECK_OK(mkg__txn_begin(store, true, &t, &fuzz_err));
    mkg__be32(key, 9);
    CHECK_OK(mkg__db_put(t, MKG_DB_RELATION, id, record, &fuzz_err));
    mkg_status st = mkg__vocabulary_load(&v, t, &fuzz_err);
    CHECK(st == MKG_OK || st == MKG_END || (st == MKG_ESTORE && v.n == 0));
    if (st >= 0) {
        CHECK_OK(mkg__vocabulary_put(&v, t, 9, &fuzz_err));
        CHECK_OK(mkg__vocabulary_load(&w, t, &fuzz_err));
        CHECK(v.n == w.n);
        for (size_t i = 0; i < v.n; i++) {
            const mkg_relation *a = v.at[i], *b = w.at[i];
            CHECK(a->id == 9 && b->id == 9 && a->inverse == b->inverse);
            CHECK(a->symmetric == b->symmetric && a->literal == b->literal);
            CHECK(mkg__view_eq(a->name, b->name));
            CHECK(mkg__view_eq(a->phrases_en, b->phrases_en));
            CHECK(mkg__view_eq(a->aliases, b->aliases));
        }
    }
    mkg__vocabulary_clear(&v);
    mkg__vocabulary_clear(&w);
    mkg__txn_abort(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_open(data, size);
    unsigned what = fuzz_byte(&in) % 4;
    char *own = malloc(in.n ? in.n : 1); /* no byte more: reads behind it show */
    CHECK(own);
    memcpy(own, in.p, in.n);
    mkg_view record = {own, in.n};
    if (what == 0) check_node(record);
    if (what == 1) check_fact(record);
    if (what == 2) check_source(record);
    if (what == 3 && in.n) check_relation(record);
    free(own);
    return 0;
}
