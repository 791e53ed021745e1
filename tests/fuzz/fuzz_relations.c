/* The relation vocabulary: two files, with a NUL byte between them, loaded one after
 * the other. After each the vocabulary is sound; a file that is refused changes
 * nothing. */
#include "fuzz.h"

#include "kg/kg_internal.h"
#include "kg/writer.h"

static bool folds_alike(mkg_view a, mkg_view b)
{
    mkg__buf x = {0}, y = {0};
    CHECK_OK(mkg__fold(a.ptr, a.len, &x, NULL, &fuzz_err));
    CHECK_OK(mkg__fold(b.ptr, b.len, &y, NULL, &fuzz_err));
    bool same = mkg__view_eq(mkg__view(x.ptr, x.len), mkg__view(y.ptr, y.len));
    mkg__buf_clear(&x);
    mkg__buf_clear(&y);
    return same;
}

static void check_sentence(mkg_view v)
{
    mkg__buf b = {0};
    mkg__buf_put(&b, v.ptr, v.len);
    const char *s = mkg__buf_cstr(&b);
    if (v.len) CHECK(strstr(s, "{s}") && strstr(s, "{o}"));
    mkg__buf_clear(&b);
}

static void check_relation(const mkg_kg *kg, const mkg_relation *r)
{
    const mkg_view texts[] = {
        r->name,        r->subject_type, r->object_type, r->label_zh,   r->label_en,
        r->sentence_zh, r->sentence_en,  r->phrases_zh,  r->phrases_en, r->aliases};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK(fuzz_valid(texts[i]));
    CHECK(r->id > 0 && r->name.len > 0 && r->label_zh.len > 0 && r->label_en.len > 0);
    /* Each direction of an id is there once, the forward one always. */
    CHECK(mkg_kg_relation(kg, r->id, r->inverse) == r);
    const mkg_relation *forward = mkg_kg_relation(kg, r->id, false);
    CHECK(forward && !forward->inverse);
    if (r->literal || r->symmetric) CHECK(!mkg_kg_relation(kg, r->id, true));
    check_sentence(r->sentence_zh);
    check_sentence(r->sentence_en);
    /* No label or alias of another hides a name. */
    const mkg_relation *found = mkg_kg_find_relation(kg, r->name);
    CHECK(found && folds_alike(found->name, r->name));
}

/* Facts are stored under the id of a relation in its forward direction: both stay. */
typedef struct forward {
    char *name[64]; /* by id */
} forward;

static void note_forward(const mkg_kg *kg, forward *f)
{
    memset(f, 0, sizeof *f);
    for (size_t i = 0; i < mkg_kg_relation_count(kg); i++) {
        const mkg_relation *r = mkg_kg_relation_at(kg, i);
        if (r->id < 64 && !r->inverse) f->name[r->id] = mkg__viewdup(r->name);
    }
}

static void check_forward(const mkg_kg *kg, forward *f)
{
    for (mkg_id id = 1; id < 64; id++) {
        const mkg_relation *r = mkg_kg_relation(kg, id, false);
        if (f->name[id]) CHECK(r && mkg__view_is(r->name, f->name[id]));
        mkg__free(f->name[id]);
    }
}

/* All of the vocabulary as bytes, to compare. */
static void set_out(const mkg_kg *kg, mkg__buf *out)
{
    out->len = 0;
    for (size_t i = 0; i < mkg_kg_relation_count(kg); i++) {
        const mkg_relation *r = mkg_kg_relation_at(kg, i);
        mkg__buf_printf(out, "%u%d%d%d %.*s %.*s %.*s\n", r->id, r->inverse,
                        r->symmetric, r->literal, (int)r->name.len, r->name.ptr,
                        (int)r->phrases_zh.len, r->phrases_zh.ptr, (int)r->aliases.len,
                        r->aliases.ptr);
    }
}

static void load(mkg_kg *kg, const char *p, size_t n)
{
    mkg__buf before = {0}, after = {0};
    const char *path = fuzz_file("relations.tsv", p, n);
    forward known;
    bool whole;

    fuzz_unpacked(path, &whole);
    note_forward(kg, &known);
    set_out(kg, &before);
    mkg_status st = mkg_kg_load_relations(kg, path, &fuzz_err);
    set_out(kg, &after);
    CHECK(st == MKG_OK || st == MKG_EPARSE);
    mkg_view a = {before.ptr, before.len}, b = {after.ptr, after.len};
    if (st < 0) CHECK(mkg__view_eq(a, b) && (fuzz_err.line > 0 || !whole));
    check_forward(kg, &known);
    for (size_t i = 0; i < mkg_kg_relation_count(kg); i++)
        check_relation(kg, mkg_kg_relation_at(kg, i));
    CHECK(mkg_kg_load_relations(kg, path, &fuzz_err) == st);
    CHECK_OK(mkg_kg_renew(kg, &fuzz_err));
    set_out(kg, &before);
    CHECK(mkg__view_eq(mkg__view(before.ptr, before.len), b));
    mkg__buf_clear(&before);
    mkg__buf_clear(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_open(data, size);
    mkg_kg *kg;
    const char *nul = memchr(in.p, '\0', in.n);
    size_t first = nul ? (size_t)(nul - in.p) : in.n;

    CHECK_OK(mkg_kg_open_write(fuzz_path("db"), &kg, &fuzz_err));
    load(kg, in.p, first);
    if (nul) load(kg, nul + 1, in.n - first - 1);
    mkg_kg_close(kg); /* takes away a store that nothing was imported into */
    CHECK(access(fuzz_path("db"), F_OK) != 0);
    return 0;
}
