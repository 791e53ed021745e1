/* Clearing away what sources brought that were taken out long ago, in one transaction.
 */
#include "kg/kg_internal.h"

#include "base/err.h"

#include <string.h>
#include <time.h>

typedef struct compaction {
    mkg_kg *kg;
    mkg__txn *t;
    mkg__seen kept; /* sources that stay; what is not among them goes */
    mkg__u128 hash;
    mkg__buf buf, key;
    mkg_compacted *out;
} compaction;

/* ---- which sources go ---- */

/* The oldest version that still has to be whole: the first after which everything that
 * was taken out before `time` was gone already. */
static mkg_status find_horizon(mkg_kg *kg, uint64_t time, uint64_t *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_version v;
    uint64_t version = 0;
    *out = 0;
    while ((st = mkg_kg_next_version(kg, &version, &v, err)) == MKG_OK)
        if (v.time < time) *out = v.version;
    return st < 0 ? st : MKG_OK;
}

/* Is there a source that goes? */
static mkg_status any_goes(const compaction *c, bool *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_source s;
    *out = false;
    for (mkg_id id = 1; id < c->kept.n && !*out; id++) {
        if (mkg__sees(&c->kept, id)) continue;
        MKG_GO(mkg_kg_any_source(c->kg, id, &s, err));
        *out = st == MKG_OK;
    }
    st = MKG_OK;
out:
    return st;
}

/* ---- facts ---- */

static mkg_status del(compaction *c, mkg__db db, mkg_view key, const mkg_view *value,
                      mkg_err *err)
{
    mkg_status st = mkg__db_del(c->t, db, key, value, err);
    return st < 0 ? st : MKG_OK; /* what is gone is gone */
}

static mkg_status del_row(compaction *c, mkg__db db, mkg_id a, mkg_id b, mkg_id other,
                          mkg_id fact, mkg_err *err)
{
    unsigned char key[8], value[8];
    mkg__be32(key, a);
    mkg__be32(key + 4, b);
    mkg__be32(value, other);
    mkg__be32(value + 4, fact);
    mkg_view v = {(char *)value, 8};
    return del(c, db, mkg__view((char *)key, 8), &v, err);
}

static mkg_status drop_fact(compaction *c, const mkg_fact *f, mkg_err *err)
{
    mkg_status st = MKG_OK;
    unsigned char key[4];
    char counter[sizeof MKG_META_RELFACTS + 4] = MKG_META_RELFACTS;
    size_t n = sizeof MKG_META_RELFACTS + 3;
    uint64_t facts;

    MKG_GO(del(c, MKG_DB_FACT, mkg__id_key(key, f->id), NULL, err));
    MKG_GO(del_row(c, MKG_DB_OUT, f->subject, f->relation, f->object, f->id, err));
    if (f->object)
        MKG_GO(del_row(c, MKG_DB_IN, f->object, f->relation, f->subject, f->id, err));
    mkg__be32((unsigned char *)counter + sizeof MKG_META_RELFACTS - 1, f->relation);
    MKG_GO(mkg__meta_get_u64(c->t, counter, n, &facts, err));
    if (facts) st = mkg__meta_put_u64(c->t, counter, n, facts - 1, err);
    c->out->facts++;
out:
    return st;
}

/* A fact that a source of those that go has stated: without their attributions. */
static mkg_status cut_fact(compaction *c, mkg_id id, mkg_err *err)
{
    mkg_status st = MKG_OK;
    unsigned char key[4];
    mkg_view old;
    mkg_fact f, all;
    mkg_attribution a;

    MKG_GO(mkg__db_get(c->t, MKG_DB_FACT, mkg__id_key(key, id), &old, err));
    if (st == MKG_NOTFOUND) return MKG_OK; /* another of its sources went before */
    MKG_GO(mkg__fact_decode(id, old, NULL, &all, err));
    mkg__hash_sub(&c->hash, MKG_DB_FACT, id, old);
    MKG_GO(mkg__fact_decode(id, old, &c->kept, &f, err));
    if (st == MKG_NOTFOUND) {
        st = drop_fact(c, &all, err);
        goto out;
    }
    c->buf.len = 0;
    mkg__fact_put(&c->buf, &f);
    for (size_t i = 0; mkg_fact_attribution(&f, i, &a); i++)
        mkg__attribution_put(&c->buf, &a);
    if (c->buf.failed) {
        st = mkg__nomem(err);
        goto out;
    }
    mkg_view record = {c->buf.ptr, c->buf.len};
    mkg__hash_add(&c->hash, MKG_DB_FACT, id, record);
    st = mkg__db_put(c->t, MKG_DB_FACT, mkg__id_key(key, id), record, err);
out:
    return st;
}

static mkg_status drop_source(compaction *c, mkg_id source, mkg_err *err)
{
    mkg_status st = MKG_OK;
    unsigned char key[4];
    mkg_id fact = 0;
    while ((st = mkg_kg_next_source_fact(c->kg, source, &fact, err)) == MKG_OK)
        MKG_GO(cut_fact(c, fact, err));
    if (st < 0) goto out;
    MKG_GO(del(c, MKG_DB_SOURCE_FACT, mkg__id_key(key, source), NULL, err));
    st = del(c, MKG_DB_SOURCE, mkg__id_key(key, source), NULL, err);
    c->out->sources++;
out:
    return st;
}

/* ---- nodes ---- */

static mkg_status drop_keys(compaction *c, const mkg_node *n, bool kept, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_entry e;
    mkg__db db;
    unsigned char id[4];
    mkg_view value = mkg__id_key(id, n->id);
    for (size_t pos = 0; mkg_node_next(n, &pos, &e);) {
        MKG_GO(mkg__entry_key(&e, &db, &c->key, err));
        if (st == MKG_NOTFOUND) continue;
        mkg_view key = {c->key.ptr, c->key.len};
        if (kept)
            MKG_GO(mkg__db_put(c->t, db, key, value, err));
        else
            MKG_GO(del(c, db, key, &value, err));
    }
    st = MKG_OK;
out:
    return st;
}

static mkg_status add_to_type(compaction *c, mkg_view type, int change, mkg_err *err)
{
    uint64_t n;
    c->key.len = 0;
    mkg__buf_str(&c->key, MKG_META_TYPE);
    mkg__buf_put(&c->key, type.ptr, type.len < 400 ? type.len : 400);
    if (c->key.failed) return mkg__nomem(err);
    mkg_status st = mkg__meta_get_u64(c->t, c->key.ptr, c->key.len, &n, err);
    if (st < 0 || (n == 0 && change < 0)) return st;
    return mkg__meta_put_u64(c->t, c->key.ptr, c->key.len,
                             n + (uint64_t)(int64_t)change, err);
}

/* The node without the entries of those that go. `all` shows every entry. */
static mkg_status cut_node(compaction *c, const mkg_node *all, mkg_err *err)
{
    mkg_status st = MKG_OK;
    unsigned char key[4];
    mkg_node rest = *all;
    mkg_entry e;
    size_t entries = 0, kept = 0;

    for (size_t pos = 0; mkg_node_next(all, &pos, &e);)
        entries++;
    rest.seen = &c->kept;
    c->buf.len = 0;
    for (size_t pos = 0; mkg_node_next(&rest, &pos, &e); kept++)
        mkg__entry_put(&c->buf, &e);
    if (kept == entries) return MKG_OK;
    if (c->buf.failed) return mkg__nomem(err);
    /* All keys go, and those that are still given come back. */
    MKG_GO(drop_keys(c, all, false, err));
    mkg__hash_sub(&c->hash, MKG_DB_NODE, all->id, all->record);
    MKG_GO(add_to_type(c, all->type, -1, err));
    if (kept == 0) {
        c->out->nodes++;
        st = del(c, MKG_DB_NODE, mkg__id_key(key, all->id), NULL, err);
        goto out;
    }
    mkg_view record = {c->buf.ptr, c->buf.len};
    mkg__node_of(all->id, record, NULL, &rest);
    MKG_GO(drop_keys(c, &rest, true, err));
    MKG_GO(add_to_type(c, rest.type, 1, err));
    mkg__hash_add(&c->hash, MKG_DB_NODE, all->id, record);
    st = mkg__db_put(c->t, MKG_DB_NODE, mkg__id_key(key, all->id), record, err);
out:
    return st;
}

static mkg_status cut_nodes(compaction *c, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__cursor *cursor = NULL;
    mkg_view zero = {"\0\0\0\0", 4}, k, v;
    mkg_node n;

    /* Read through the handle's snapshot while the transaction changes what is new. */
    MKG_GO(mkg__cursor_open(c->kg->read, MKG_DB_NODE, &cursor, err));
    for (st = mkg__cursor_seek(cursor, &zero, &k, &v, err); st == MKG_OK;
         st = mkg__cursor_next(cursor, &k, &v, err)) {
        if (k.len != 4) continue;
        mkg__node_of(mkg__get_be32(k.ptr), v, NULL, &n);
        MKG_GO(cut_node(c, &n, err));
    }
out:
    mkg__cursor_close(cursor);
    return st < 0 ? st : MKG_OK;
}

static mkg_status write_marks(compaction *c, uint64_t horizon, mkg_err *err)
{
    mkg_status st = MKG_OK;
    unsigned char hash[16];
    mkg__be64(hash, c->hash.hi);
    mkg__be64(hash + 8, c->hash.lo);
    MKG_GO(mkg__db_put(c->t, MKG_DB_META,
                       mkg__view(MKG_META_HASH, strlen(MKG_META_HASH)),
                       mkg__view((char *)hash, sizeof hash), err));
    st = mkg__meta_put_u64(c->t, MKG_META_HORIZON, strlen(MKG_META_HORIZON), horizon,
                           err);
out:
    return st;
}

mkg_status mkg_kg_compact(mkg_kg *kg, uint64_t time, mkg_compacted *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    compaction c = {.kg = kg, .hash = kg->hash, .out = out};
    uint64_t horizon;

    memset(out, 0, sizeof *out);
    if (!kg->writable || kg->writing)
        return mkg__fail(err, MKG_EARG, "the store is not open for writing");
    MKG_GO(find_horizon(kg, time, &horizon, err));
    if (horizon == 0) goto out;
    MKG_GO(mkg__history_since(kg->read, horizon, &c.kept, err));
    bool any;
    MKG_GO(any_goes(&c, &any, err));
    if (!any) goto out; /* a transaction would look at every page before it */
    MKG_GO(mkg__txn_begin(kg->store, true, &c.t, err));
    for (mkg_id id = 1; id < c.kept.n; id++) {
        mkg_source s;
        if (mkg__sees(&c.kept, id)) continue;
        MKG_GO(mkg_kg_any_source(kg, id, &s, err));
        if (st == MKG_OK) MKG_GO(drop_source(&c, id, err));
    }
    MKG_GO(cut_nodes(&c, err));
    MKG_GO(write_marks(&c, horizon, err));
    st = mkg__txn_commit(c.t, err);
    c.t = NULL;
    if (st >= 0) mkg_kg_renew(kg, NULL);
out:
    mkg__txn_abort(c.t);
    mkg__seen_clear(&c.kept);
    mkg__buf_clear(&c.buf);
    mkg__buf_clear(&c.key);
    return st < 0 ? st : MKG_OK;
}

/* ---- the setting ---- */

mkg_status mkg_kg_keep(mkg_kg *kg, uint64_t *days, mkg_err *err)
{
    uint64_t v;
    mkg_status st =
        mkg__meta_get_u64(kg->read, MKG_META_KEEP, strlen(MKG_META_KEEP), &v, err);
    *days = v ? v - 1 : MKG_KEEP_UNSET;
    return st;
}

mkg_status mkg_kg_set_keep(mkg_kg *kg, uint64_t days, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__txn *t = NULL;

    if (!kg->writable || kg->writing)
        return mkg__fail(err, MKG_EARG, "the store is not open for writing");
    if (days != MKG_KEEP_UNSET && days > MKG_KEEP_MAX)
        return mkg__fail(err, MKG_EARG, "at most %d days can be kept", MKG_KEEP_MAX);
    MKG_GO(mkg__txn_begin(kg->store, true, &t, err));
    MKG_GO(mkg__meta_put_u64(t, MKG_META_KEEP, strlen(MKG_META_KEEP),
                             days == MKG_KEEP_UNSET ? 0 : days + 1, err));
    st = mkg__txn_commit(t, err);
    t = NULL;
    if (st >= 0) mkg_kg_renew(kg, NULL); /* what is written is written */
out:
    mkg__txn_abort(t);
    return st;
}

mkg_status mkg_kg_tidy(mkg_kg *kg, mkg_compacted *out, mkg_err *err)
{
    uint64_t days, now = (uint64_t)time(NULL);
    memset(out, 0, sizeof *out);
    mkg_status st = mkg_kg_keep(kg, &days, err);
    if (st < 0 || days == MKG_KEEP_UNSET) return st;
    /* 0: all that went, also in this second. */
    return mkg_kg_compact(kg, days ? now - days * 86400 : now + 1, out, err);
}
