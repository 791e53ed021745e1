/* Which sources are part of the graph, at which version: the log of changes, and what
 * follows from it. Nothing is rewritten when a source goes: it is no longer seen. */
#include "kg/kg_internal.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *mkg_change_name(mkg_change c)
{
    static const char *const names[] = {"", "import", "replace", "remove", "undo"};
    return (unsigned)c < sizeof names / sizeof *names ? names[c] : "";
}

/* ---- records ---- */

static mkg_view version_key(unsigned char bytes[8], uint64_t version)
{
    mkg__be64(bytes, version);
    return mkg__view((char *)bytes, 8);
}

mkg_status mkg__history_put(mkg__txn *t, const mkg_version *v, mkg_err *err)
{
    mkg__buf b = {0};
    unsigned char key[8];
    const uint64_t numbers[] = {v->time,         v->added,       v->removed,
                                v->undone,       v->facts_added, v->facts_removed,
                                v->facts_changed};
    mkg__buf_byte(&b, (unsigned char)v->change);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        mkg__buf_varint(&b, numbers[i]);
    mkg_status st = b.failed
                        ? mkg__nomem(err)
                        : mkg__db_put(t, MKG_DB_HISTORY, version_key(key, v->version),
                                      mkg__view(b.ptr, b.len), err);
    mkg__buf_clear(&b);
    return st;
}

static mkg_status decode(mkg_view key, mkg_view record, mkg_version *out, mkg_err *err)
{
    const char *p = record.ptr, *end = p + record.len;
    uint64_t n[7];
    bool ok = key.len == 8 && record.len > 0;

    memset(out, 0, sizeof *out);
    if (ok) out->change = (mkg_change)(unsigned char)*p++;
    for (size_t i = 0; ok && i < 7; i++)
        ok = mkg__get_varint(&p, end, &n[i]);
    if (!ok || n[1] > UINT32_MAX || n[2] > UINT32_MAX)
        return mkg__fail(err, MKG_ESTORE,
                         "the store is damaged: a version cannot be read");
    out->version = mkg__get_be64(key.ptr);
    out->time = n[0];
    out->added = (mkg_id)n[1];
    out->removed = (mkg_id)n[2];
    out->undone = n[3];
    out->facts_added = n[4];
    out->facts_removed = n[5];
    out->facts_changed = n[6];
    return MKG_OK;
}

static mkg_status next_version(mkg__txn *t, uint64_t *version, mkg_version *out,
                               mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__cursor *c = NULL;
    unsigned char bytes[8];
    mkg_view key = version_key(bytes, *version + 1), k, v;

    MKG_GO(mkg__cursor_open(t, MKG_DB_HISTORY, &c, err));
    MKG_GO(mkg__cursor_seek(c, &key, &k, &v, err));
    if (st == MKG_OK) MKG_GO(decode(k, v, out, err));
    if (st == MKG_OK) *version = out->version;
out:
    mkg__cursor_close(c);
    return st;
}

mkg_status mkg_kg_next_version(mkg_kg *kg, uint64_t *version, mkg_version *out,
                               mkg_err *err)
{
    return next_version(kg->read, version, out, err);
}

/* ---- who is seen ---- */

void mkg__seen_clear(mkg__seen *s)
{
    mkg__free(s->bits);
    memset(s, 0, sizeof *s);
}

static void see(mkg__seen *s, mkg_id source, bool yes)
{
    if (source == MKG_ID_NONE || source >= s->n) return;
    unsigned char bit = (unsigned char)(1u << source % 8);
    if (yes)
        s->bits[source / 8] |= bit;
    else
        s->bits[source / 8] &= (unsigned char)~bit;
}

/* All versions up to `last`, oldest first; mkg__free() the list. */
static mkg_status read_history(mkg__txn *t, uint64_t last, mkg_version **out, size_t *n,
                               mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__cursor *c = NULL;
    mkg_version *list = NULL;
    size_t cap = 0;
    unsigned char bytes[8];
    mkg_view key = version_key(bytes, 0), k, v;

    *out = NULL;
    *n = 0;
    MKG_GO(mkg__cursor_open(t, MKG_DB_HISTORY, &c, err));
    for (st = mkg__cursor_seek(c, &key, &k, &v, err); st == MKG_OK;
         st = mkg__cursor_next(c, &k, &v, err)) {
        if (!mkg__grow(&list, &cap, *n + 1, sizeof *list)) {
            st = mkg__nomem(err);
            goto out;
        }
        MKG_GO(decode(k, v, &list[*n], err));
        if (list[*n].version > last) break;
        ++*n;
    }
    if (st < 0) goto out;
    st = MKG_OK;
    *out = list;
    list = NULL;
out:
    mkg__free(list);
    mkg__cursor_close(c);
    return st;
}

static const mkg_version *find(const mkg_version *list, size_t n, uint64_t version)
{
    for (size_t i = n; i > 0; i--)
        if (list[i - 1].version == version) return &list[i - 1];
    return NULL;
}

/* What the change did to who is seen; `back` undoes it. */
static void apply(mkg__seen *s, const mkg_version *list, size_t n, const mkg_version *v,
                  bool back)
{
    const mkg_version *undone = v->undone ? find(list, n, v->undone) : NULL;
    if (undone) {
        apply(s, list, n, undone, !back);
        return;
    }
    see(s, v->removed, back);
    see(s, v->added, !back);
}

/* Is every source whose records are there part of the graph? */
static mkg_status sees_all(mkg__txn *t, mkg__seen *s, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__cursor *c = NULL;
    mkg_view zero = {"\0\0\0\0", 4}, k;
    s->all = true;
    MKG_GO(mkg__cursor_open(t, MKG_DB_SOURCE, &c, err));
    for (st = mkg__cursor_seek(c, &zero, &k, NULL, err); st == MKG_OK && s->all;
         st = mkg__cursor_next(c, &k, NULL, err))
        s->all = k.len == 4 && mkg__sees(s, mkg__get_be32(k.ptr));
out:
    mkg__cursor_close(c);
    return st < 0 ? st : MKG_OK;
}

/* The sources at `version`; if `since` is given, also those of all versions from it on.
 */
static mkg_status replay(mkg__txn *t, uint64_t version, const uint64_t *since,
                         mkg__seen *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_version *list = NULL;
    mkg__seen now = {0};
    size_t n;
    uint64_t next;

    memset(out, 0, sizeof *out);
    MKG_GO(mkg__meta_get_u64(t, MKG_META_SOURCE, strlen(MKG_META_SOURCE), &next, err));
    out->n = now.n = next ? (mkg_id)next : 1;
    out->bits = mkg__calloc(out->n / 8 + 1, 1);
    now.bits = mkg__calloc(out->n / 8 + 1, 1);
    if (!out->bits || !now.bits) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(read_history(t, version ? version : UINT64_MAX, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        apply(&now, list, n, &list[i], false);
        bool counts = since && list[i].version >= *since;
        for (size_t k = 0; counts && k < now.n / 8 + 1; k++)
            out->bits[k] |= now.bits[k];
    }
    if (!since) memcpy(out->bits, now.bits, now.n / 8 + 1);
    st = sees_all(t, out, err);
out:
    mkg__free(list);
    mkg__seen_clear(&now);
    if (st < 0) mkg__seen_clear(out);
    return st;
}

mkg_status mkg__history_replay(mkg__txn *t, uint64_t version, mkg__seen *out,
                               mkg_err *err)
{
    return replay(t, version, NULL, out, err);
}

mkg_status mkg__history_since(mkg__txn *t, uint64_t horizon, mkg__seen *out,
                              mkg_err *err)
{
    return replay(t, 0, &horizon, out, err);
}

mkg_status mkg_kg_as_of(mkg_kg *kg, uint64_t version, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__seen seen;
    uint64_t horizon;

    MKG_GO(mkg__meta_get_u64(kg->read, MKG_META_HORIZON, strlen(MKG_META_HORIZON),
                             &horizon, err));
    if (version > kg->newest)
        return mkg__fail(err, MKG_NOTFOUND,
                         "there is no version %llu: the newest is %llu",
                         (unsigned long long)version, (unsigned long long)kg->newest);
    if (version && version < horizon)
        return mkg__fail(err, MKG_NOTFOUND,
                         "version %llu has been compacted: the oldest is %llu",
                         (unsigned long long)version, (unsigned long long)horizon);
    MKG_GO(mkg__history_replay(kg->read, version, &seen, err));
    mkg__seen_clear(&kg->seen);
    kg->seen = seen;
    kg->version = version ? version : kg->newest;
    mkg__kg_forget_counts(kg);
out:
    return st < 0 ? st : MKG_OK;
}

/* ---- changes that write nothing but what they are ---- */

static mkg_status write_version(mkg_kg *kg, mkg_version *v, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__txn *t = NULL;

    v->version = kg->newest + 1;
    v->time = (uint64_t)time(NULL);
    MKG_GO(mkg__txn_begin(kg->store, true, &t, err));
    MKG_GO(mkg__history_put(t, v, err));
    MKG_GO(mkg__meta_put_u64(t, MKG_META_VERSION, strlen(MKG_META_VERSION), v->version,
                             err));
    st = mkg__txn_commit(t, err);
    t = NULL;
    if (st >= 0) mkg_kg_renew(kg, NULL); /* without memory it sees the version before */
out:
    mkg__txn_abort(t);
    return st;
}

static mkg_status writable(const mkg_kg *kg, mkg_err *err)
{
    if (kg->writable && !kg->writing) return MKG_OK;
    return mkg__fail(err, MKG_EARG, "the store is not open for writing");
}

mkg_status mkg_kg_remove(mkg_kg *kg, mkg_id source, mkg_version *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_source s;
    mkg_fact f;
    mkg_id fact = 0;

    memset(out, 0, sizeof *out);
    MKG_GO(writable(kg, err));
    MKG_GO(mkg_kg_source(kg, source, &s, err));
    if (st == MKG_NOTFOUND) return st;
    /* What nobody else states goes with it. */
    while ((st = mkg_kg_next_source_fact(kg, source, &fact, err)) == MKG_OK) {
        MKG_GO(mkg_kg_fact(kg, fact, &f, err));
        if (st == MKG_OK && f.attributions == 1) out->facts_removed++;
    }
    if (st < 0) goto out;
    out->change = MKG_CHANGE_REMOVE;
    out->removed = source;
    st = write_version(kg, out, err);
out:
    return st;
}

/* The last change that is neither an undo nor undone. */
static const mkg_version *last_change(const mkg_version *list, size_t n)
{
    for (size_t i = n; i > 0; i--) {
        bool undone = list[i - 1].change == MKG_CHANGE_UNDO;
        for (size_t k = i; k < n && !undone; k++)
            undone = list[k].undone == list[i - 1].version;
        if (!undone) return &list[i - 1];
    }
    return NULL;
}

mkg_status mkg_kg_undo(mkg_kg *kg, mkg_version *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_version *list = NULL;
    size_t n;
    uint64_t horizon;
    mkg_source s;

    memset(out, 0, sizeof *out);
    MKG_GO(writable(kg, err));
    MKG_GO(mkg__meta_get_u64(kg->read, MKG_META_HORIZON, strlen(MKG_META_HORIZON),
                             &horizon, err));
    MKG_GO(read_history(kg->read, UINT64_MAX, &list, &n, err));
    const mkg_version *last = last_change(list, n);
    if (!last || last->version < horizon) {
        st = mkg__fail(err, MKG_NOTFOUND,
                       last ? "version %llu cannot be undone: it has been compacted"
                            : "there is nothing to undo",
                       last ? (unsigned long long)last->version : 0);
        goto out;
    }
    if (last->removed) {
        MKG_GO(mkg_kg_any_source(kg, last->removed, &s, err));
        if (st == MKG_NOTFOUND) {
            mkg__fail(err, st,
                      "version %llu cannot be undone: what it took out has been "
                      "compacted",
                      (unsigned long long)last->version);
            goto out;
        }
    }
    out->change = MKG_CHANGE_UNDO;
    out->undone = last->version;
    out->added = last->removed;
    out->removed = last->added;
    out->facts_added = last->facts_removed;
    out->facts_removed = last->facts_added;
    out->facts_changed = last->facts_changed;
    st = write_version(kg, out, err);
out:
    mkg__free(list);
    return st;
}
