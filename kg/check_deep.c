/* Holding the parts of a store against each other. All records are looked at as they
 * lie on the disk, whoever brought them: cursors, and nothing that leaves sources out.
 *
 * Each record is asked for what it should have in the indexes, and that is looked up;
 * what an index has more shows in its number of rows, and is looked for only then. */
#include "kg/check.h"

#include "base/err.h"
#include "kg/kg_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[MKG_DB_COUNT] = {
    [MKG_DB_META] = "meta",         [MKG_DB_NODE] = "node",
    [MKG_DB_NAME] = "name",         [MKG_DB_CODE] = "code",
    [MKG_DB_RELATION] = "relation", [MKG_DB_FACT] = "fact",
    [MKG_DB_OUT] = "out",           [MKG_DB_IN] = "in",
    [MKG_DB_SOURCE] = "source",     [MKG_DB_SOURCE_FACT] = "source_fact",
    [MKG_DB_HISTORY] = "history",
};

typedef struct bits {
    unsigned char *at;
    uint64_t n; /* ids below this */
} bits;

/* A counter that `meta` should have. */
typedef struct counter {
    uint64_t *at; /* by index */
    size_t n, cap;
} counter;

typedef struct deep {
    mkg_kg *kg;
    mkg__txn *t;
    const mkg_deep_opts *o;
    mkg_deep_counts *counts;
    uint64_t told[MKG_DB_COUNT];
    uint64_t done, total;
    mkg__cursor *lookup[MKG_DB_COUNT]; /* in the indexes */
    uint64_t rows[MKG_DB_COUNT];       /* that the indexes should have */
    uint64_t in_index;                 /* that one has */
    bits node, source;
    mkg__u128 hash;
    mkg__map types;
    counter of_type, of_relation;
    mkg__buf key;
    struct {
        mkg__u128 *at;
        size_t n, cap;
    } seen; /* keys of one node */
} deep;

static void damage(deep *d, mkg__db db, const char *fmt, ...) MKG_PRINTF(3, 4);
static void damage(deep *d, mkg__db db, const char *fmt, ...)
{
    char text[256];
    mkg_damage what = {names[db], text};
    va_list ap;
    d->counts->damage++;
    if (d->told[db]++ >= d->o->limit || !d->o->on_damage) return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    d->o->on_damage(d->o->ctx, &what);
}

static mkg_status step(deep *d, mkg_err *err)
{
    if (++d->done % 8192 == 0 && d->o->progress &&
        d->o->progress(d->o->progress_ctx, "checking", d->done, d->total) != 0)
        return mkg__fail(err, MKG_ECANCEL, "stopped");
    return MKG_OK;
}

static bool has(const bits *b, uint64_t id)
{
    return id < b->n && b->at[id / 8] >> id % 8 & 1;
}

/* ---- walking ---- */

typedef mkg_status (*row_fn)(deep *d, mkg__db db, mkg_view key, mkg_view value,
                             mkg_err *err);

/* Every row of a database, in its order. */
static mkg_status each_row(deep *d, mkg__db db, row_fn fn, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__cursor *c = NULL;
    mkg_view lowest = {"\0", 1}, key, value;

    MKG_GO(mkg__cursor_open(d->t, db, &c, err));
    for (st = mkg__cursor_seek(c, &lowest, &key, &value, err); st == MKG_OK;
         st = mkg__cursor_next(c, &key, &value, err)) {
        MKG_GO(fn(d, db, key, value, err));
        MKG_GO(step(d, err));
    }
    st = st < 0 ? st : MKG_OK;
out:
    mkg__cursor_close(c);
    return st;
}

/* The number of the next id that is free, as `meta` has it; ids are below it. */
static mkg_status next_free(deep *d, const char *name, uint64_t *out, mkg_err *err)
{
    mkg_status st = mkg__meta_get_u64(d->t, name, strlen(name), out, err);
    if (*out == 0) *out = 1;
    if (*out > (uint64_t)UINT32_MAX + 1) {
        damage(d, MKG_DB_META, "%s is %llu", name, (unsigned long long)*out);
        *out = (uint64_t)UINT32_MAX + 1;
    }
    return st;
}

/* The id in a key; MKG_ID_NONE, told, if it is none. */
static mkg_id id_of(deep *d, mkg__db db, mkg_view key, uint64_t free)
{
    mkg_id id = key.len == 4 ? mkg__get_be32(key.ptr) : MKG_ID_NONE;
    if (key.len != 4 || id == MKG_ID_NONE)
        damage(d, db, "a key is not an id");
    else if (id >= free)
        damage(d, db, "%s %u is not below the counter (%llu)", names[db], id,
               (unsigned long long)free);
    return id;
}

/* Which ids does a database have? */
static mkg_status take_ids(deep *d, mkg__db db, const char *counter_name, bits *out,
                           mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__cursor *c = NULL;
    mkg_view lowest = {"\0", 1}, key;

    MKG_GO(next_free(d, counter_name, &out->n, err));
    out->at = mkg__calloc(out->n / 8 + 1, 1);
    if (!out->at) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(mkg__cursor_open(d->t, db, &c, err));
    for (st = mkg__cursor_seek(c, &lowest, &key, NULL, err); st == MKG_OK;
         st = mkg__cursor_next(c, &key, NULL, err)) {
        mkg_id id = id_of(d, db, key, out->n);
        if (id < out->n) out->at[id / 8] |= (unsigned char)(1u << id % 8);
    }
    st = st < 0 ? st : MKG_OK;
out:
    mkg__cursor_close(c);
    return st;
}

/* Is the pair in a dupsort index? */
static mkg_status look_up(deep *d, mkg__db db, mkg_view key, mkg_view value,
                          bool *there, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view v;

    *there = false;
    if (!d->lookup[db]) MKG_GO(mkg__cursor_open(d->t, db, &d->lookup[db], err));
    MKG_GO(mkg__cursor_seek_dup(d->lookup[db], key, value, &v, err));
    *there = st == MKG_OK && mkg__view_eq(v, value);
    st = MKG_OK;
out:
    return st;
}

static mkg_status expect(deep *d, mkg__db db, mkg_view key, mkg_view value,
                         const char *what, mkg_id id, mkg_err *err)
{
    bool there;
    mkg_status st = look_up(d, db, key, value, &there, err);
    if (st < 0) return st;
    d->rows[db]++;
    if (!there) damage(d, db, "%s %u is missing", what, id);
    return MKG_OK;
}

static mkg_status count_at(counter *c, size_t i, mkg_err *err)
{
    if (i >= c->n) {
        if (!mkg__grow(&c->at, &c->cap, i + 1, sizeof *c->at)) return mkg__nomem(err);
        memset(c->at + c->n, 0, (i + 1 - c->n) * sizeof *c->at);
        c->n = i + 1;
    }
    c->at[i]++;
    return MKG_OK;
}

/* ---- nodes ---- */

/* The key of a name or code in its index, into d->key; false, told, if it has none. */
static mkg_status entry_key(deep *d, mkg_id id, const mkg_entry *e, mkg__db *db,
                            bool *ok, mkg_err *err)
{
    mkg_status st = mkg__entry_key(e, db, &d->key, err);
    if (st == MKG_ENOMEM) return st;
    *ok = st == MKG_OK && d->key.len > 0 &&
          (*db == MKG_DB_NAME || e->text.len <= MKG_NAME_MAX);
    if (!*ok && id) damage(d, MKG_DB_NODE, "node %u has a bad name or code", id);
    return MKG_OK;
}

/* Is this key one that the node has not given before? Notes it. */
static mkg_status first_key(deep *d, mkg__db db, bool *first, mkg_err *err)
{
    mkg__u128 h = mkg__hash128(d->key.ptr, d->key.len);
    h.lo += (uint64_t)db;
    *first = true;
    for (size_t i = 0; i < d->seen.n && *first; i++)
        *first = d->seen.at[i].lo != h.lo || d->seen.at[i].hi != h.hi;
    if (!*first) return MKG_OK;
    if (!mkg__grow(&d->seen.at, &d->seen.cap, d->seen.n + 1, sizeof *d->seen.at))
        return mkg__nomem(err);
    d->seen.at[d->seen.n++] = h;
    return MKG_OK;
}

static mkg_status check_entry(deep *d, mkg_id id, const mkg_entry *e, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__db db;
    bool ok, first;
    unsigned char bytes[4];

    if (e->kind > MKG_ENTRY_CODE || e->lang > MKG_LANG_EN)
        damage(d, MKG_DB_NODE, "node %u has an entry of an unknown kind", id);
    if (!has(&d->source, e->source))
        damage(d, MKG_DB_NODE, "node %u names source %u, which is not there", id,
               e->source);
    if (e->kind == MKG_ENTRY_TYPE || e->kind > MKG_ENTRY_CODE) return MKG_OK;
    MKG_GO(entry_key(d, id, e, &db, &ok, err));
    if (!ok) goto out;
    MKG_GO(first_key(d, db, &first, err));
    if (!first) goto out;
    mkg__be32(bytes, id);
    mkg_view key = {d->key.ptr, d->key.len}, value = {(char *)bytes, sizeof bytes};
    st = expect(d, db, key, value,
                db == MKG_DB_NAME ? "a name of node" : "a code of node", id, err);
out:
    return st;
}

/* The type that counts: the first, one that knows before one that does not. */
static mkg_status count_type(deep *d, const mkg_node *n, mkg_err *err)
{
    mkg_entry e;
    mkg_view type = {"concept", 7};
    for (size_t pos = 0; mkg_node_next(n, &pos, &e);)
        if (e.kind == MKG_ENTRY_TYPE && !mkg__view_is(e.text, "concept")) {
            type = e.text;
            break;
        }
    size_t len = type.len < 400 ? type.len : 400; /* as the commit cuts the counter */
    mkg_id *slot = mkg__map_put(&d->types, type.ptr, len);
    if (!slot) return mkg__nomem(err);
    if (*slot == MKG_ID_NONE) *slot = (mkg_id)d->types.n;
    return count_at(&d->of_type, *slot, err);
}

static mkg_status check_node(deep *d, mkg__db db, mkg_view key, mkg_view value,
                             mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_entry e;
    mkg_node n = {.record = value};
    size_t pos = 0, end = 0;

    if (key.len != 4) return MKG_OK; /* told by take_ids() */
    n.id = mkg__get_be32(key.ptr);
    mkg__hash_add(&d->hash, db, n.id, value);
    d->counts->nodes++;
    d->seen.n = 0;
    while (mkg_node_next(&n, &pos, &e)) {
        end = pos;
        MKG_GO(check_entry(d, n.id, &e, err));
    }
    if (end != value.len) damage(d, db, "node %u cannot be read", n.id);
    st = count_type(d, &n, err);
out:
    return st;
}

/* ---- facts ---- */

/* Rows of the indexes are two pairs of ids. */
static void put_pair(unsigned char bytes[8], mkg_id a, mkg_id b)
{
    mkg__be32(bytes, a);
    mkg__be32(bytes + 4, b);
}

static mkg_status expect_edge(deep *d, mkg__db db, mkg_id from, mkg_id relation,
                              mkg_id to, mkg_id fact, mkg_err *err)
{
    unsigned char key[8], value[8];
    put_pair(key, from, relation);
    put_pair(value, to, fact);
    return expect(d, db, mkg__view((char *)key, 8), mkg__view((char *)value, 8),
                  "the row of fact", fact, err);
}

/* The runs of a source: last fact, first fact. */
static bool is_run(mkg_view key, mkg_view value)
{
    return key.len == 4 && value.len == 8 &&
           mkg__get_be32(value.ptr + 4) <= mkg__get_be32(value.ptr) &&
           mkg__get_be32(value.ptr + 4) != MKG_ID_NONE;
}

static mkg_status expect_in_run(deep *d, mkg_id source, mkg_id fact, mkg_err *err)
{
    mkg_status st = MKG_OK;
    unsigned char bytes[4], low[8] = {0};
    mkg_view key = {(char *)bytes, 4}, run;
    mkg__cursor **c = &d->lookup[MKG_DB_SOURCE_FACT];

    mkg__be32(bytes, source);
    mkg__be32(low, fact);
    if (!*c) MKG_GO(mkg__cursor_open(d->t, MKG_DB_SOURCE_FACT, c, err));
    MKG_GO(mkg__cursor_seek_dup(*c, key, mkg__view((char *)low, 8), &run, err));
    d->rows[MKG_DB_SOURCE_FACT]++;
    if (st != MKG_OK || !is_run(key, run) || mkg__get_be32(run.ptr + 4) > fact)
        damage(d, MKG_DB_SOURCE_FACT, "the row of fact %u is missing", fact);
    st = MKG_OK;
out:
    return st;
}

static mkg_status check_attributions(deep *d, const mkg_fact *f, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_attribution a;

    for (size_t i = 0; mkg_fact_attribution(f, i, &a); i++) {
        if (!has(&d->source, a.source))
            damage(d, MKG_DB_FACT, "fact %u names source %u, which is not there", f->id,
                   a.source);
        MKG_GO(expect_in_run(d, a.source, f->id, err));
    }
out:
    return st;
}

static mkg_status decode_fact(mkg_id id, mkg_view record, mkg_fact *out)
{
    return mkg__fact_decode(id, record, NULL, out, NULL); /* of all sources */
}

static mkg_status check_fact(deep *d, mkg__db db, mkg_view key, mkg_view value,
                             mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_fact f;

    mkg_id id = key.len == 4 ? mkg__get_be32(key.ptr) : MKG_ID_NONE;
    mkg__hash_add(&d->hash, db, id, value);
    d->counts->facts++;
    if (decode_fact(id, value, &f) != MKG_OK) {
        damage(d, db, "fact %u cannot be read", id);
        goto out;
    }
    if (!has(&d->node, f.subject))
        damage(d, db, "fact %u names node %u, which is not there", id, f.subject);
    if (f.object && !has(&d->node, f.object))
        damage(d, db, "fact %u names node %u, which is not there", id, f.object);
    if (!f.object && !f.literal.len) damage(d, db, "fact %u has no object", id);
    if (!mkg__vocabulary_get(&d->kg->vocabulary, f.relation, false))
        damage(d, db, "fact %u names relation %u, which is not there", id, f.relation);
    else
        MKG_GO(count_at(&d->of_relation, f.relation, err));
    MKG_GO(expect_edge(d, MKG_DB_OUT, f.subject, f.relation, f.object, id, err));
    if (f.object)
        MKG_GO(expect_edge(d, MKG_DB_IN, f.object, f.relation, f.subject, id, err));
    st = check_attributions(d, &f, err);
out:
    return st;
}

static mkg_status check_fact_ids(deep *d, mkg_err *err)
{
    bits facts = {0};
    mkg_status st = take_ids(d, MKG_DB_FACT, MKG_META_FACT, &facts, err);
    mkg__free(facts.at);
    return st;
}

/* ---- what the indexes have more ---- */

static mkg_status record_of(deep *d, mkg__db db, mkg_id id, mkg_view *out, mkg_err *err)
{
    unsigned char key[4];
    mkg__be32(key, id);
    return mkg__db_get(d->t, db, mkg__view((char *)key, 4), out, err);
}

/* Does the node give this name or code? */
static mkg_status extra_key(deep *d, mkg__db db, mkg_view key, mkg_view value,
                            mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_node n = {.id = value.len == 4 ? mkg__get_be32(value.ptr) : MKG_ID_NONE};
    mkg_entry e;
    bool given = false, ok;

    MKG_GO(record_of(d, MKG_DB_NODE, n.id, &n.record, err));
    for (size_t pos = 0; st == MKG_OK && !given && mkg_node_next(&n, &pos, &e);) {
        mkg__db where;
        if (e.kind == MKG_ENTRY_TYPE || e.kind > MKG_ENTRY_CODE) continue;
        MKG_GO(entry_key(d, MKG_ID_NONE, &e, &where, &ok, err));
        given =
            ok && where == db && mkg__view_eq(key, mkg__view(d->key.ptr, d->key.len));
    }
    if (!given)
        damage(d, db, "'%.*s' leads to node %u, which does not give it",
               (int)(key.len < 80 ? key.len : 80), key.ptr, n.id);
    st = MKG_OK;
out:
    return st;
}

static bool states(const mkg_fact *f, mkg_id source)
{
    mkg_attribution a;
    for (size_t i = 0; mkg_fact_attribution(f, i, &a); i++)
        if (a.source == source) return true;
    return false;
}

static mkg_status extra_row(deep *d, mkg__db db, mkg_view key, mkg_view value,
                            mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view record;
    mkg_fact f;
    bool ok = false;

    if (key.len != 8 || value.len != 8) {
        damage(d, db, "a row has %zu and %zu bytes", key.len, value.len);
        return MKG_OK;
    }
    mkg_id id = mkg__get_be32(value.ptr + 4);
    MKG_GO(record_of(d, MKG_DB_FACT, id, &record, err));
    if (st == MKG_OK && decode_fact(id, record, &f) == MKG_OK)
        ok = mkg__get_be32(key.ptr) == (db == MKG_DB_OUT ? f.subject : f.object) &&
             mkg__get_be32(key.ptr + 4) == f.relation &&
             mkg__get_be32(value.ptr) == (db == MKG_DB_OUT ? f.object : f.subject);
    if (!ok) damage(d, db, "a row of fact %u is not what the fact says", id);
    st = MKG_OK;
out:
    return st;
}

static mkg_status extra_run(deep *d, mkg__db db, mkg_view key, mkg_view value,
                            mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view record;
    mkg_fact f;

    if (!is_run(key, value)) {
        damage(d, db, "a row is no run of facts");
        return MKG_OK;
    }
    mkg_id last = mkg__get_be32(value.ptr), source = mkg__get_be32(key.ptr);
    for (uint64_t id = mkg__get_be32(value.ptr + 4); id <= last; id++) {
        MKG_GO(record_of(d, MKG_DB_FACT, (mkg_id)id, &record, err));
        if (st != MKG_OK || decode_fact((mkg_id)id, record, &f) != MKG_OK ||
            !states(&f, source))
            damage(d, db, "a row of fact %u is not what the fact says", (mkg_id)id);
        MKG_GO(step(d, err));
    }
    st = MKG_OK;
out:
    return st;
}

/* How many facts the runs hold. */
static mkg_status count_run(deep *d, mkg__db db, mkg_view key, mkg_view value,
                            mkg_err *err)
{
    (void)db;
    (void)err;
    if (is_run(key, value))
        d->in_index +=
            (uint64_t)mkg__get_be32(value.ptr) - mkg__get_be32(value.ptr + 4) + 1;
    return MKG_OK;
}

/* All rows that there should be are there, or have been told. Are there others? */
static mkg_status check_rows(deep *d, mkg_err *err)
{
    static const struct {
        mkg__db db;
        row_fn fn;
    } indexes[] = {{MKG_DB_NAME, extra_key},
                   {MKG_DB_CODE, extra_key},
                   {MKG_DB_OUT, extra_row},
                   {MKG_DB_IN, extra_row},
                   {MKG_DB_SOURCE_FACT, extra_run}};
    mkg_status st = MKG_OK;
    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
        mkg__db db = indexes[i].db;
        uint64_t have;
        d->in_index = 0;
        if (db == MKG_DB_SOURCE_FACT)
            MKG_GO(each_row(d, db, count_run, err));
        else
            MKG_GO(mkg__db_entries(d->t, db, &d->in_index, err));
        have = d->in_index;
        if (have == d->rows[db] && d->told[db] == 0) continue;
        MKG_GO(each_row(d, db, indexes[i].fn, err));
        if (d->told[db] == 0 && have != d->rows[db])
            damage(d, db, "%llu rows where %llu are expected", (unsigned long long)have,
                   (unsigned long long)d->rows[db]);
    }
out:
    return st;
}

/* ---- sources, relations, meta ---- */

static mkg_status check_source(deep *d, mkg__db db, mkg_view key, mkg_view value,
                               mkg_err *err)
{
    mkg_source s;
    mkg_id id = key.len == 4 ? mkg__get_be32(key.ptr) : MKG_ID_NONE;
    (void)err;
    d->counts->sources++;
    if (mkg__source_decode(id, value, &s, NULL) < 0)
        damage(d, db, "source %u cannot be read", id);
    return MKG_OK;
}

/* The handle could not have been opened with a relation that cannot be read; what is
 * left is the ids. */
static mkg_status check_relations(deep *d, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__vocabulary again = {0};
    bits ids = {0};
    mkg_err own;

    if (mkg__vocabulary_load(&again, d->t, &own) < 0)
        damage(d, MKG_DB_RELATION, "%s", own.msg);
    mkg__vocabulary_clear(&again);
    MKG_GO(take_ids(d, MKG_DB_RELATION, MKG_META_RELATION, &ids, err));
    st = mkg__db_entries(d->t, MKG_DB_RELATION, &d->counts->relations, err);
out:
    mkg__free(ids.at);
    return st;
}

/* What was counted for a counter of `meta`; UINT64_MAX if it is none of ours. */
static uint64_t counted(deep *d, mkg_view key)
{
    const size_t type = strlen(MKG_META_TYPE), relation = strlen(MKG_META_RELFACTS);
    const counter *c = NULL;
    size_t i = 0;

    if (key.len > type && memcmp(key.ptr, MKG_META_TYPE, type) == 0) {
        const mkg_id *slot = mkg__map_get(&d->types, key.ptr + type, key.len - type);
        c = &d->of_type;
        i = slot ? *slot : 0; /* no type has number 0 */
    } else if (key.len == relation + 4 &&
               memcmp(key.ptr, MKG_META_RELFACTS, relation) == 0) {
        c = &d->of_relation;
        i = mkg__get_be32(key.ptr + relation);
    }
    if (!c) return UINT64_MAX;
    if (i >= c->n) return 0;
    uint64_t n = c->at[i];
    c->at[i] = 0; /* told here, or right: what stays has no counter */
    return n;
}

static mkg_status check_counter(deep *d, mkg__db db, mkg_view key, mkg_view value,
                                mkg_err *err)
{
    (void)err;
    uint64_t n = counted(d, key);
    if (n == UINT64_MAX) return MKG_OK;
    uint64_t have = value.len == 8 ? mkg__get_be64(value.ptr) : UINT64_MAX;
    if (have == n) return MKG_OK;
    if (mkg__view_is(mkg__view(key.ptr, 5), MKG_META_TYPE))
        damage(d, db, "%.*s is %llu, counted are %llu",
               (int)(key.len < 80 ? key.len : 80), key.ptr, (unsigned long long)have,
               (unsigned long long)n);
    else
        damage(d, db, "facts of relation %u are %llu, counted are %llu",
               mkg__get_be32(key.ptr + key.len - 4), (unsigned long long)have,
               (unsigned long long)n);
    return MKG_OK;
}

static mkg_status check_meta(deep *d, mkg_err *err)
{
    mkg_status st = MKG_OK;
    unsigned char bytes[16];
    char want[33];
    mkg_view stored = {"", 0};

    MKG_GO(each_row(d, MKG_DB_META, check_counter, err));
    for (size_t i = 0; i < d->of_type.n; i++)
        if (d->of_type.at[i])
            damage(d, MKG_DB_META, "a type of %llu nodes has no counter",
                   (unsigned long long)d->of_type.at[i]);
    for (size_t i = 0; i < d->of_relation.n; i++)
        if (d->of_relation.at[i])
            damage(d, MKG_DB_META, "relation %zu has %llu facts and no counter", i,
                   (unsigned long long)d->of_relation.at[i]);
    MKG_GO(mkg__db_get(d->t, MKG_DB_META,
                       mkg__view(MKG_META_HASH, strlen(MKG_META_HASH)), &stored, err));
    mkg__be64(bytes, d->hash.hi);
    mkg__be64(bytes + 8, d->hash.lo);
    mkg__hex(bytes, sizeof bytes, want);
    mkg_view ours = {(char *)bytes, sizeof bytes};
    if (st == MKG_NOTFOUND ? d->counts->nodes + d->counts->facts > 0
                           : !mkg__view_eq(stored, ours))
        damage(d, MKG_DB_META, "the hash of the records is %s, another one is stored",
               want);
    st = MKG_OK;
out:
    return st;
}

/* ---- the whole ---- */

static mkg_status total_rows(deep *d, mkg_err *err)
{
    static const mkg__db walked[] = {MKG_DB_NODE, MKG_DB_FACT, MKG_DB_SOURCE};
    mkg_status st = MKG_OK;
    uint64_t n;
    for (size_t i = 0; i < sizeof walked / sizeof *walked; i++) {
        MKG_GO(mkg__db_entries(d->t, walked[i], &n, err));
        d->total += n;
    }
out:
    return st;
}

mkg_status mkg_kg_check_deep(mkg_kg *kg, const mkg_deep_opts *opts,
                             mkg_deep_counts *counts, mkg_err *err)
{
    mkg_status st = MKG_OK;
    deep d = {.kg = kg, .t = kg->read, .o = opts, .counts = counts};

    memset(counts, 0, sizeof *counts);
    MKG_GO(total_rows(&d, err));
    MKG_GO(take_ids(&d, MKG_DB_SOURCE, MKG_META_SOURCE, &d.source, err));
    MKG_GO(take_ids(&d, MKG_DB_NODE, MKG_META_NODE, &d.node, err));
    MKG_GO(check_fact_ids(&d, err));
    MKG_GO(each_row(&d, MKG_DB_SOURCE, check_source, err));
    MKG_GO(check_relations(&d, err));
    MKG_GO(each_row(&d, MKG_DB_NODE, check_node, err));
    MKG_GO(each_row(&d, MKG_DB_FACT, check_fact, err));
    counts->names = d.rows[MKG_DB_NAME];
    counts->codes = d.rows[MKG_DB_CODE];
    MKG_GO(check_rows(&d, err));
    st = check_meta(&d, err);
out:
    for (size_t i = 0; i < MKG_DB_COUNT; i++)
        mkg__cursor_close(d.lookup[i]);
    mkg__free(d.node.at);
    mkg__free(d.source.at);
    mkg__map_clear(&d.types);
    mkg__free(d.of_type.at);
    mkg__free(d.of_relation.at);
    mkg__free(d.seen.at);
    mkg__buf_clear(&d.key);
    return st;
}
