/* Counts of the whole graph: kept in `meta` by every commit, or taken by looking at all
 * records where some sources are hidden. */
#include "kg/kg_internal.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

static int by_count(const void *a, const void *b)
{
    const mkg_type_count *x = a, *y = b;
    if (x->nodes != y->nodes) return x->nodes < y->nodes ? 1 : -1;
    size_t n = x->type.len < y->type.len ? x->type.len : y->type.len;
    int c = memcmp(x->type.ptr, y->type.ptr, n);
    return c ? c : (x->type.len > y->type.len) - (x->type.len < y->type.len);
}

/* Counters in `meta` whose names begin with `prefix`. */
static mkg_status each_counter(mkg_kg *kg, const char *prefix,
                               mkg_status (*fn)(mkg_stats *, mkg_view, uint64_t,
                                                size_t *),
                               mkg_stats *s, size_t *cap, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__cursor *c = NULL;
    mkg_view start = mkg__str(prefix), k, v;

    MKG_GO(mkg__cursor_open(kg->read, MKG_DB_META, &c, err));
    for (st = mkg__cursor_seek(c, &start, &k, &v, err); st == MKG_OK;
         st = mkg__cursor_next(c, &k, &v, err)) {
        if (k.len < start.len || memcmp(k.ptr, start.ptr, start.len) != 0 || v.len != 8)
            break;
        mkg_view name = mkg__view(k.ptr + start.len, k.len - start.len);
        uint64_t value = mkg__get_be64(v.ptr);
        if (value && fn(s, name, value, cap) < 0) {
            st = mkg__nomem(err);
            goto out;
        }
    }
    if (st >= 0) st = MKG_OK;
out:
    mkg__cursor_close(c);
    return st;
}

static mkg_status add_type(mkg_stats *s, mkg_view name, uint64_t value, size_t *cap)
{
    if (!mkg__grow(&s->types, cap, s->ntypes + 1, sizeof *s->types)) return MKG_ENOMEM;
    s->types[s->ntypes].type = name;
    s->types[s->ntypes++].nodes = value;
    return MKG_OK;
}

static mkg_status add_relation(mkg_stats *s, mkg_view name, uint64_t value, size_t *cap)
{
    (void)name;
    (void)value;
    (void)cap;
    s->relations++;
    return MKG_OK;
}

/* ---- counting what is seen ---- */

static mkg_id relation_limit(const mkg_kg *kg)
{
    mkg_id top = 0;
    for (size_t i = 0; i < kg->vocabulary.n; i++)
        if (kg->vocabulary.at[i]->id > top) top = kg->vocabulary.at[i]->id;
    return top + 1;
}

static mkg_status count_facts(mkg_kg *kg, uint64_t *all, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_id id = 0, n = relation_limit(kg);
    mkg_fact f;
    uint64_t *counts = mkg__calloc(n, sizeof *counts);

    *all = 0;
    if (!counts) return mkg__nomem(err);
    while ((st = mkg_kg_next_fact(kg, &id, &f, err)) == MKG_OK) {
        ++*all;
        if (f.relation < n) counts[f.relation]++;
    }
    if (st < 0) {
        mkg__free(counts);
        return st;
    }
    mkg__kg_forget_counts(kg);
    kg->relation_facts = counts;
    return MKG_OK;
}

static mkg_status count_type(mkg_stats *s, mkg_view type, size_t *cap, mkg_err *err)
{
    for (size_t i = 0; i < s->ntypes; i++)
        if (mkg__view_eq(s->types[i].type, type)) {
            s->types[i].nodes++;
            return MKG_OK;
        }
    return add_type(s, type, 1, cap) < 0 ? mkg__nomem(err) : MKG_OK;
}

/* Names and codes of a node that are not the same key. */
static mkg_status count_keys(const mkg_node *n, mkg_stats *s, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_entry e;
    mkg__map keys = {0};
    mkg__buf key = {0};
    for (size_t pos = 0; mkg_node_next(n, &pos, &e);) {
        bool code = e.kind == MKG_ENTRY_CODE;
        if (e.kind == MKG_ENTRY_TYPE) continue;
        key.len = 0;
        mkg__buf_byte(&key, code);
        if (code)
            mkg__code_key(&key, e.text);
        else
            MKG_GO(mkg__fold(e.text.ptr, e.text.len, &key, NULL, err));
        mkg_id *slot = key.failed ? NULL : mkg__map_put(&keys, key.ptr, key.len);
        if (!slot) {
            st = mkg__nomem(err);
            goto out;
        }
        if (*slot == MKG_ID_NONE) code ? s->codes++ : s->names++;
        *slot = 1;
    }
out:
    mkg__buf_clear(&key);
    mkg__map_clear(&keys);
    return st;
}

static mkg_status count_seen(mkg_kg *kg, mkg_stats *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_node n;
    mkg_source source;
    size_t cap = 0;

    for (mkg_id id = 0; (st = mkg_kg_next_node(kg, &id, &n, err)) == MKG_OK;
         out->nodes++) {
        MKG_GO(count_type(out, n.type, &cap, err));
        MKG_GO(count_keys(&n, out, err));
    }
    if (st < 0) goto out;
    MKG_GO(count_facts(kg, &out->facts, err));
    for (mkg_id r = 0; r < relation_limit(kg); r++)
        out->relations += kg->relation_facts[r] > 0;
    for (mkg_id id = 0; (st = mkg_kg_next_source(kg, &id, &source, err)) == MKG_OK;)
        out->sources++;
out:
    return st < 0 ? st : MKG_OK;
}

static mkg_status read_counters(mkg_kg *kg, mkg_stats *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t cap = 0;
    MKG_GO(mkg__db_entries(kg->read, MKG_DB_NODE, &out->nodes, err));
    MKG_GO(mkg__db_entries(kg->read, MKG_DB_NAME, &out->names, err));
    MKG_GO(mkg__db_entries(kg->read, MKG_DB_CODE, &out->codes, err));
    MKG_GO(mkg__db_entries(kg->read, MKG_DB_FACT, &out->facts, err));
    MKG_GO(mkg__db_entries(kg->read, MKG_DB_SOURCE, &out->sources, err));
    MKG_GO(each_counter(kg, MKG_META_TYPE, add_type, out, &cap, err));
    st = each_counter(kg, MKG_META_RELFACTS, add_relation, out, &cap, err);
out:
    return st;
}

mkg_status mkg_kg_stats(mkg_kg *kg, mkg_stats *out, mkg_err *err)
{
    memset(out, 0, sizeof *out);
    mkg_status st =
        mkg__kg_seen(kg) ? count_seen(kg, out, err) : read_counters(kg, out, err);
    if (st < 0) {
        mkg_stats_clear(out);
        return st;
    }
    if (out->ntypes) qsort(out->types, out->ntypes, sizeof *out->types, by_count);
    out->bytes = mkg__store_bytes(kg->store);
    return MKG_OK;
}

void mkg_stats_clear(mkg_stats *s)
{
    mkg__free(s->types);
    memset(s, 0, sizeof *s);
}

mkg_status mkg_kg_relation_facts(mkg_kg *kg, mkg_id relation, uint64_t *out,
                                 mkg_err *err)
{
    char key[sizeof MKG_META_RELFACTS + 4] = MKG_META_RELFACTS;
    uint64_t all;
    if (mkg__kg_seen(kg)) {
        mkg_status st = kg->relation_facts ? MKG_OK : count_facts(kg, &all, err);
        if (st >= 0)
            *out = relation < relation_limit(kg) ? kg->relation_facts[relation] : 0;
        return st;
    }
    mkg__be32((unsigned char *)key + sizeof MKG_META_RELFACTS - 1, relation);
    return mkg__meta_get_u64(kg->read, key, sizeof MKG_META_RELFACTS - 1 + 4, out, err);
}
