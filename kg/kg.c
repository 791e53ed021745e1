/* The handle, and everything that is read from the store. */
#include "kg/kg_internal.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

mkg_status mkg__meta_get_u64(mkg__txn *t, const char *name, size_t n, uint64_t *out,
                             mkg_err *err)
{
    mkg_view v;
    mkg_status st = mkg__db_get(t, MKG_DB_META, mkg__view(name, n), &v, err);
    *out = 0;
    if (st != MKG_OK) return st < 0 ? st : MKG_OK;
    if (v.len != 8)
        return mkg__fail(err, MKG_ESTORE, "the store is damaged: counter '%.*s'",
                         (int)n, name);
    *out = mkg__get_be64(v.ptr);
    return MKG_OK;
}

mkg_status mkg__meta_put_u64(mkg__txn *t, const char *name, size_t n, uint64_t v,
                             mkg_err *err)
{
    unsigned char bytes[8];
    mkg__be64(bytes, v);
    return mkg__db_put(t, MKG_DB_META, mkg__view(name, n),
                       mkg__view((char *)bytes, sizeof bytes), err);
}

/* ---- the handle ---- */

/* What a commit left in `meta`, as of one transaction. */
typedef struct marks {
    uint64_t version;
    mkg__u128 hash;
    mkg__vocabulary vocabulary;
    mkg__seen seen;
} marks;

static mkg_status read_marks(const char *path, mkg__txn *t, marks *m, mkg_err *err)
{
    mkg_status st = MKG_OK;
    uint64_t schema;
    mkg_view hash;

    memset(m, 0, sizeof *m);
    MKG_GO(
        mkg__meta_get_u64(t, MKG_META_SCHEMA, strlen(MKG_META_SCHEMA), &schema, err));
    if (schema > MKG_SCHEMA) {
        st = mkg__fail(
            err, MKG_ESTORE,
            "the store %s has schema %llu, this program reads up to %d: use a "
            "newer medkg",
            path, (unsigned long long)schema, MKG_SCHEMA);
        goto out;
    }
    if (schema && schema < MKG_SCHEMA) {
        st = mkg__fail(err, MKG_ESTORE,
                       "the store %s has schema %llu, from before the first release: "
                       "import its sources into a new one",
                       path, (unsigned long long)schema);
        goto out;
    }
    if (schema == 0) {
        uint64_t n;
        MKG_GO(mkg__db_entries(t, MKG_DB_META, &n, err));
        st = n ? mkg__fail(err, MKG_ESTORE, "%s is not a store of medkg", path)
               : mkg__fail(err, MKG_NOTFOUND, "the store %s is being made", path);
        goto out;
    }
    MKG_GO(mkg__meta_get_u64(t, MKG_META_VERSION, strlen(MKG_META_VERSION), &m->version,
                             err));
    MKG_GO(mkg__db_get(t, MKG_DB_META, mkg__str(MKG_META_HASH), &hash, err));
    if (st == MKG_OK && hash.len == 16) {
        m->hash.hi = mkg__get_be64(hash.ptr);
        m->hash.lo = mkg__get_be64(hash.ptr + 8);
    }
    MKG_GO(mkg__history_replay(t, 0, &m->seen, err));
    st = mkg__vocabulary_load(&m->vocabulary, t, err);
out:
    if (st < 0) mkg__seen_clear(&m->seen);
    return st;
}

mkg_status mkg_kg_renew(mkg_kg *kg, mkg_err *err)
{
    mkg__txn *t = NULL;
    marks m;
    mkg_status st = mkg__txn_begin(kg->store, false, &t, err);
    if (st >= 0) st = read_marks(kg->path, t, &m, err);
    if (st != MKG_OK) { /* the handle stays where it was */
        mkg__txn_abort(t);
        return st;
    }
    mkg__txn_abort(kg->read);
    mkg__vocabulary_clear(&kg->vocabulary);
    mkg__seen_clear(&kg->seen);
    kg->read = t;
    kg->version = kg->newest = m.version;
    kg->hash = m.hash;
    kg->seen = m.seen;
    mkg__kg_forget_counts(kg);
    kg->vocabulary = m.vocabulary;
    return MKG_OK;
}

static mkg_status stamp_schema(mkg__store *store, mkg_err *err)
{
    mkg__txn *t;
    mkg_status st = mkg__txn_begin(store, true, &t, err);
    if (st < 0) return st;
    st =
        mkg__meta_put_u64(t, MKG_META_SCHEMA, strlen(MKG_META_SCHEMA), MKG_SCHEMA, err);
    if (st < 0) {
        mkg__txn_abort(t);
        return st;
    }
    return mkg__txn_commit(t, err);
}

static mkg_status open_kg(const char *path, bool write, mkg_kg **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_kg *kg = mkg__calloc(1, sizeof *kg);

    *out = NULL;
    if (!kg) return mkg__nomem(err);
    kg->path = mkg__strdup(path);
    kg->writable = write;
    if (!kg->path) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(mkg__store_open(path, write, &kg->store, &kg->created, err));
    if (st == MKG_NOTFOUND) goto out;
    if (kg->created) MKG_GO(stamp_schema(kg->store, err));
    MKG_GO(mkg_kg_renew(kg, err));
    if (st == MKG_NOTFOUND && write) { /* a writer was killed that had just made it */
        kg->created = true;
        MKG_GO(stamp_schema(kg->store, err));
        MKG_GO(mkg_kg_renew(kg, err));
    }
    if (st == MKG_NOTFOUND) goto out;
    *out = kg;
    kg = NULL;
out:
    mkg_kg_close(kg);
    return st;
}

mkg_status mkg_kg_open(const char *path, mkg_kg **out, mkg_err *err)
{
    return open_kg(path, false, out, err);
}

mkg_status mkg_kg_open_write(const char *path, mkg_kg **out, mkg_err *err)
{
    return open_kg(path, true, out, err);
}

void mkg_kg_close(mkg_kg *kg)
{
    if (!kg) return;
    for (unsigned i = 0; i < MKG_GUESTS; i++)
        if (kg->guests[i].free) kg->guests[i].free(kg->guests[i].ptr);
    mkg__txn_abort(kg->read);
    mkg__vocabulary_clear(&kg->vocabulary);
    mkg__seen_clear(&kg->seen);
    mkg__free(kg->relation_facts);
    if (kg->store) {
        /* A store that was made for an import that failed leaves nothing behind. */
        if (kg->created && kg->newest == 0)
            mkg__store_discard(kg->store);
        else
            mkg__store_close(kg->store);
    }
    mkg__free(kg->path);
    mkg__free(kg);
}

const char *mkg_kg_path(const mkg_kg *kg)
{
    return kg->path;
}

mkg_kg_guest *mkg_kg_guest_at(mkg_kg *kg, unsigned slot)
{
    return &kg->guests[slot < MKG_GUESTS ? slot : 0];
}

bool mkg_kg_looks_back(const mkg_kg *kg)
{
    return kg->version != kg->newest;
}

uint64_t mkg_kg_version(const mkg_kg *kg)
{
    return kg->version;
}

void mkg_kg_hash(const mkg_kg *kg, char out[33])
{
    unsigned char bytes[16];
    mkg__u128 h = kg->hash;
    if (!kg->seen.all) { /* the same records, and others of them count */
        mkg__u128 who = mkg__hash128(kg->seen.bits, kg->seen.n / 8 + 1);
        h.hi ^= who.hi;
        h.lo ^= who.lo;
    }
    mkg__be64(bytes, h.hi);
    mkg__be64(bytes + 8, h.lo);
    mkg__hex(bytes, sizeof bytes, out);
}

void mkg_ids_clear(mkg_ids *v)
{
    mkg__free(v->ids);
    memset(v, 0, sizeof *v);
}

void mkg_edges_clear(mkg_edges *v)
{
    mkg__free(v->edges);
    memset(v, 0, sizeof *v);
}

/* ---- records by id ---- */

static mkg_status get_by_id(mkg_kg *kg, mkg__db db, mkg_id id, mkg_view *out,
                            mkg_err *err)
{
    unsigned char key[4];
    mkg__be32(key, id);
    return mkg__db_get(kg->read, db, mkg__view((char *)key, sizeof key), out, err);
}

/* The record after *id. */
static mkg_status next_by_id(mkg_kg *kg, mkg__db db, mkg_id *id, mkg_view *out,
                             mkg_err *err)
{
    mkg_status st;
    mkg__cursor *c = NULL;
    unsigned char bytes[4];
    mkg_view key = {(char *)bytes, sizeof bytes}, k;

    if (*id == UINT32_MAX) return MKG_END;
    /* Ids are dense: the next one is nearly always there. */
    st = get_by_id(kg, db, *id + 1, out, err);
    if (st != MKG_NOTFOUND) {
        if (st == MKG_OK) ++*id;
        return st;
    }
    mkg__be32(bytes, *id + 1);
    MKG_GO(mkg__cursor_open(kg->read, db, &c, err));
    MKG_GO(mkg__cursor_seek(c, &key, &k, out, err));
    if (st == MKG_OK && k.len != 4)
        st = mkg__fail(err, MKG_ESTORE, "the store is damaged: a key has %zu bytes",
                       k.len);
    else if (st == MKG_OK)
        *id = mkg__get_be32(k.ptr);
out:
    mkg__cursor_close(c);
    return st;
}

bool mkg__node_of(mkg_id id, mkg_view record, const mkg__seen *seen, mkg_node *out)
{
    mkg_entry e;
    bool any = false;
    out->id = id;
    out->record = record;
    out->seen = seen;
    out->type = mkg__str("concept");
    for (size_t pos = 0; mkg_node_next(out, &pos, &e);) {
        any = true;
        /* "concept" is what a source says that does not know: any other type wins. */
        if (e.kind != MKG_ENTRY_TYPE || mkg__view_is(e.text, "concept")) continue;
        out->type = e.text;
        break;
    }
    return any || !seen;
}

mkg_status mkg_kg_node(mkg_kg *kg, mkg_id id, mkg_node *out, mkg_err *err)
{
    mkg_view record;
    mkg_status st = get_by_id(kg, MKG_DB_NODE, id, &record, err);
    if (st == MKG_OK && !mkg__node_of(id, record, mkg__kg_seen(kg), out))
        st = MKG_NOTFOUND;
    if (st == MKG_NOTFOUND) mkg__fail(err, st, "there is no node %u", (unsigned)id);
    return st;
}

mkg_status mkg_kg_next_node(mkg_kg *kg, mkg_id *id, mkg_node *out, mkg_err *err)
{
    mkg_view record;
    mkg_status st;
    do
        st = next_by_id(kg, MKG_DB_NODE, id, &record, err);
    while (st == MKG_OK && !mkg__node_of(*id, record, mkg__kg_seen(kg), out));
    return st;
}

mkg_status mkg_kg_fact(mkg_kg *kg, mkg_id id, mkg_fact *out, mkg_err *err)
{
    mkg_view record;
    mkg_status st = get_by_id(kg, MKG_DB_FACT, id, &record, err);
    if (st == MKG_OK) st = mkg__fact_decode(id, record, mkg__kg_seen(kg), out, err);
    if (st == MKG_NOTFOUND) mkg__fail(err, st, "there is no fact %u", (unsigned)id);
    return st;
}

mkg_status mkg_kg_next_fact(mkg_kg *kg, mkg_id *id, mkg_fact *out, mkg_err *err)
{
    mkg_view record;
    mkg_status st;
    do {
        st = next_by_id(kg, MKG_DB_FACT, id, &record, err);
        if (st != MKG_OK) return st;
        st = mkg__fact_decode(*id, record, mkg__kg_seen(kg), out, err);
    } while (st == MKG_NOTFOUND);
    return st;
}

mkg_status mkg_kg_source(mkg_kg *kg, mkg_id id, mkg_source *out, mkg_err *err)
{
    if (mkg__sees(mkg__kg_seen(kg), id)) return mkg_kg_any_source(kg, id, out, err);
    return mkg__fail(err, MKG_NOTFOUND, "there is no source %u", (unsigned)id);
}

mkg_status mkg_kg_any_source(mkg_kg *kg, mkg_id id, mkg_source *out, mkg_err *err)
{
    mkg_view record;
    mkg_status st = get_by_id(kg, MKG_DB_SOURCE, id, &record, err);
    if (st == MKG_OK) st = mkg__source_decode(id, record, out, err);
    if (st == MKG_NOTFOUND) mkg__fail(err, st, "there is no source %u", (unsigned)id);
    return st;
}

mkg_status mkg_kg_next_source(mkg_kg *kg, mkg_id *id, mkg_source *out, mkg_err *err)
{
    mkg_view record;
    mkg_status st;
    do
        st = next_by_id(kg, MKG_DB_SOURCE, id, &record, err);
    while (st == MKG_OK && !mkg__sees(mkg__kg_seen(kg), *id));
    return st == MKG_OK ? mkg__source_decode(*id, record, out, err) : st;
}

mkg_status mkg_kg_next_source_fact(mkg_kg *kg, mkg_id source, mkg_id *fact,
                                   mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__cursor *c = NULL;
    unsigned char key[4], low[8] = {0};
    mkg_view run;

    if (*fact == UINT32_MAX) return MKG_END;
    mkg__be32(key, source);
    mkg__be32(low, *fact + 1);
    MKG_GO(mkg__cursor_open(kg->read, MKG_DB_SOURCE_FACT, &c, err));
    MKG_GO(mkg__cursor_seek_dup(c, mkg__view((char *)key, 4), mkg__view((char *)low, 8),
                                &run, err));
    if (st != MKG_OK) goto out;
    if (run.len != 8) {
        st = mkg__fail(err, MKG_ESTORE,
                       "the store is damaged: a run of facts has %zu bytes", run.len);
        goto out;
    }
    mkg_id first = mkg__get_be32(run.ptr + 4); /* to the one in front of it */
    *fact = first > *fact ? first : *fact + 1;
out:
    mkg__cursor_close(c);
    return st;
}

mkg_status mkg_kg_locator(mkg_kg *kg, mkg_id source, mkg_view locator, mkg__buf *out,
                          mkg_err *err)
{
    mkg_source s;
    if (locator.len && locator.ptr[0] == ':') {
        mkg_status st = mkg_kg_any_source(kg, source, &s, err);
        if (st < 0) return st;
        if (st == MKG_OK) mkg__buf_put(out, s.file.ptr, s.file.len);
    }
    mkg__buf_put(out, locator.ptr, locator.len);
    return out->failed ? mkg__nomem(err) : MKG_OK;
}

/* ---- names and codes ---- */

mkg_status mkg__entry_key(const mkg_entry *e, mkg__db *db, mkg__buf *key, mkg_err *err)
{
    mkg__buf folded = {0};
    mkg_status st = MKG_OK;
    key->len = 0;
    *db = e->kind == MKG_ENTRY_CODE ? MKG_DB_CODE : MKG_DB_NAME;
    switch (e->kind) {
    case MKG_ENTRY_CODE:
        mkg__code_key(key, e->text);
        break;
    case MKG_ENTRY_NAME:
    case MKG_ENTRY_ALIAS:
        st = mkg__fold(e->text.ptr, e->text.len, &folded, NULL, err);
        if (st >= 0) mkg__name_key(key, mkg__view(folded.ptr, folded.len));
        mkg__buf_clear(&folded);
        break;
    default:
        return MKG_NOTFOUND;
    }
    return st < 0 ? st : key->failed ? mkg__nomem(err) : MKG_OK;
}

/* Does a source that counts give the node this name or code? */
static mkg_status is_given(mkg_kg *kg, mkg__db db, mkg_id id, mkg_view key, bool *out,
                           mkg_err *err)
{
    mkg_node node;
    mkg_entry e;
    mkg__buf own = {0};
    mkg_status st = mkg_kg_node(kg, id, &node, err);
    *out = false;
    if (st != MKG_OK) return st < 0 ? st : MKG_OK;
    for (size_t pos = 0; st >= 0 && !*out && mkg_node_next(&node, &pos, &e);) {
        mkg__db where;
        st = mkg__entry_key(&e, &where, &own, err);
        *out = st == MKG_OK && where == db &&
               mkg__view_eq(mkg__view(own.ptr, own.len), key);
    }
    mkg__buf_clear(&own);
    return st < 0 ? st : MKG_OK;
}

/* Leave out the ids from `first` on that only hidden sources give this key. */
static mkg_status drop_hidden(mkg_kg *kg, mkg__db db, mkg_view key, mkg_ids *ids,
                              size_t first, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t kept = first;
    bool given;
    if (!mkg__kg_seen(kg)) return MKG_OK;
    for (size_t i = first; i < ids->n; i++) {
        MKG_GO(is_given(kg, db, ids->ids[i], key, &given, err));
        if (given) ids->ids[kept++] = ids->ids[i];
    }
    ids->n = kept;
out:
    return st;
}

static mkg_status find_ids(mkg_kg *kg, mkg__db db, mkg_view key, mkg_ids *out,
                           mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__cursor *c = NULL;
    mkg_view lowest = {"\0\0\0\0", 4}, v;
    size_t before = out->n;

    if (key.len == 0) return MKG_NOTFOUND;
    MKG_GO(mkg__cursor_open(kg->read, db, &c, err));
    for (st = mkg__cursor_seek_dup(c, key, lowest, &v, err); st == MKG_OK;
         st = mkg__cursor_next_dup(c, &v, err)) {
        if (v.len != 4) {
            st = mkg__fail(err, MKG_ESTORE,
                           "the store is damaged: a node id has %zu bytes", v.len);
            goto out;
        }
        if (!mkg__grow(&out->ids, &out->cap, out->n + 1, sizeof *out->ids)) {
            st = mkg__nomem(err);
            goto out;
        }
        out->ids[out->n++] = mkg__get_be32(v.ptr);
    }
    if (st < 0) goto out;
    MKG_GO(drop_hidden(kg, db, key, out, before, err));
    st = out->n > before ? MKG_OK : MKG_NOTFOUND;
out:
    mkg__cursor_close(c);
    return st;
}

mkg_status mkg_kg_find_name(mkg_kg *kg, mkg_view name, mkg_ids *out, mkg_err *err)
{
    mkg_status st;
    mkg__buf folded = {0}, key = {0};

    MKG_GO(mkg__fold(name.ptr, name.len, &folded, NULL, err));
    mkg__name_key(&key, mkg__view(folded.ptr, folded.len));
    if (!mkg__buf_cstr(&key)) {
        st = mkg__nomem(err);
        goto out;
    }
    st = find_ids(kg, MKG_DB_NAME, mkg__view(key.ptr, key.len), out, err);
out:
    mkg__buf_clear(&folded);
    mkg__buf_clear(&key);
    return st;
}

void mkg__code_key(mkg__buf *b, mkg_view code)
{
    for (size_t i = 0; i < code.len; i++) {
        char c = code.ptr[i];
        mkg__buf_byte(b, (unsigned char)(c >= 'a' && c <= 'z' ? c - 32 : c));
    }
}

mkg_status mkg_kg_find_code(mkg_kg *kg, mkg_view code, mkg_ids *out, mkg_err *err)
{
    mkg__buf key = {0};
    mkg_status st = MKG_NOTFOUND;
    if (code.len > 0 && code.len <= MKG_NAME_MAX) {
        mkg__code_key(&key, code);
        st = mkg__buf_cstr(&key)
                 ? find_ids(kg, MKG_DB_CODE, mkg__view(key.ptr, key.len), out, err)
                 : mkg__nomem(err);
    }
    mkg__buf_clear(&key);
    return st;
}

static size_t common_prefix(mkg_view a, const char *text, size_t n)
{
    size_t max = a.len < n ? a.len : n, i = 0;
    while (i < max && a.ptr[i] == text[i])
        i++;
    return i;
}

/* Does the name lead to a node, hidden sources aside? */
static mkg_status key_leads(mkg_kg *kg, mkg_view key, bool *out, mkg_err *err)
{
    mkg_ids ids = {0};
    mkg_status st = find_ids(kg, MKG_DB_NAME, key, &ids, err);
    *out = st == MKG_OK;
    mkg_ids_clear(&ids);
    return st < 0 ? st : MKG_OK;
}

/* The keys are sorted, so the longest name that is a prefix of the text is its
 * predecessor in the order or a prefix of that: each seek either finds a name or
 * shortens the text to what it shares with the predecessor. */
mkg_status mkg_kg_name_prefixes(mkg_kg *kg, const char *text, size_t n, size_t *lengths,
                                size_t cap, size_t *found, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__cursor *c = NULL;
    mkg_view k, key;

    *found = 0;
    if (n > MKG_NAME_MAX) n = MKG_NAME_MAX;
    MKG_GO(mkg__cursor_open(kg->read, MKG_DB_NAME, &c, err));
    while (n > 0 && *found < cap) {
        key = mkg__view(text, n);
        st = mkg__cursor_seek(c, &key, &k, NULL, err);
        bool exact = st == MKG_OK && k.len == n && memcmp(k.ptr, text, n) == 0;
        if (st == MKG_END)
            st = mkg__cursor_seek(c, NULL, &k, NULL, err); /* the last key */
        else if (st == MKG_OK && !exact)
            st = mkg__cursor_prev_key(c, &k, NULL, err);
        if (st != MKG_OK) break; /* nothing sorts before the text */
        size_t same = common_prefix(k, text, n);
        if (same == k.len) {
            bool there = true;
            if (mkg__kg_seen(kg)) MKG_GO(key_leads(kg, k, &there, err));
            if (there) lengths[(*found)++] = same;
            n = same - 1;
        } else {
            n = same;
        }
    }
    if (st >= 0) st = MKG_OK;
out:
    mkg__cursor_close(c);
    return st;
}

mkg_status mkg_kg_each_name(mkg_kg *kg, mkg_view from, mkg_name_fn fn, void *ctx,
                            mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__cursor *c = NULL;
    mkg_view k, v, start = {"\0", 1};

    if (from.len > 0) start = mkg__view(from.ptr, from.len < 511 ? from.len : 511);
    MKG_GO(mkg__cursor_open(kg->read, MKG_DB_NAME, &c, err));
    for (st = mkg__cursor_seek(c, &start, &k, &v, err); st == MKG_OK;
         st = mkg__cursor_next(c, &k, &v, err)) {
        bool given = true;
        if (v.len != 4) break;
        mkg_id id = mkg__get_be32(v.ptr);
        if (mkg__kg_seen(kg)) MKG_GO(is_given(kg, MKG_DB_NAME, id, k, &given, err));
        if (given && !fn(ctx, k, id)) break;
    }
    if (st >= 0) st = MKG_OK;
out:
    mkg__cursor_close(c);
    return st;
}

/* ---- facts of a node ---- */

static int by_relation_and_fact(const void *a, const void *b)
{
    const mkg_edge *x = a, *y = b;
    if (x->relation != y->relation) return x->relation < y->relation ? -1 : 1;
    return (x->fact > y->fact) - (x->fact < y->fact);
}

mkg_status mkg_kg_edges(mkg_kg *kg, mkg_id node, mkg_id relation, bool inverse,
                        size_t limit, mkg_edges *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__cursor *c = NULL;
    unsigned char bytes[8];
    mkg_view key = {(char *)bytes, sizeof bytes}, k, v;
    size_t first = out->n;

    mkg__be32(bytes, node);
    mkg__be32(bytes + 4, relation);
    MKG_GO(mkg__cursor_open(kg->read, inverse ? MKG_DB_IN : MKG_DB_OUT, &c, err));
    for (st = mkg__cursor_seek(c, &key, &k, &v, err); st == MKG_OK;
         st = mkg__cursor_next(c, &k, &v, err)) {
        if (k.len != 8 || v.len != 8) {
            st = mkg__fail(err, MKG_ESTORE, "the store is damaged: an index entry");
            goto out;
        }
        if (memcmp(k.ptr, bytes, relation ? 8 : 4) != 0) break;
        mkg_id fact = mkg__get_be32(v.ptr + 4);
        if (mkg__kg_seen(kg)) {
            mkg_fact f;
            MKG_GO(mkg_kg_fact(kg, fact, &f, err));
            if (st == MKG_NOTFOUND) continue;
        }
        if (!mkg__grow(&out->edges, &out->cap, out->n + 1, sizeof *out->edges)) {
            st = mkg__nomem(err);
            goto out;
        }
        mkg_edge *e = &out->edges[out->n++];
        e->relation = mkg__get_be32(k.ptr + 4);
        e->inverse = inverse;
        e->other = mkg__get_be32(v.ptr);
        e->fact = fact;
    }
    if (st < 0) goto out;
    st = MKG_OK;
    /* The index sorts by the other node; sources have an order of their own. */
    if (out->n > first)
        qsort(out->edges + first, out->n - first, sizeof *out->edges,
              by_relation_and_fact);
    if (limit && out->n - first > limit) out->n = first + limit;
out:
    mkg__cursor_close(c);
    return st;
}

mkg_status mkg_kg_degree(mkg_kg *kg, mkg_id node, mkg_id relation, bool inverse,
                         size_t *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__cursor *c = NULL;
    unsigned char bytes[8];
    mkg_view key = {(char *)bytes, sizeof bytes}, k;

    *out = 0;
    if (mkg__kg_seen(kg)) { /* what is hidden can only be told by looking */
        mkg_edges edges = {0};
        st = mkg_kg_edges(kg, node, relation, inverse, 0, &edges, err);
        *out = edges.n;
        mkg_edges_clear(&edges);
        return st;
    }
    mkg__be32(bytes, node);
    mkg__be32(bytes + 4, relation);
    MKG_GO(mkg__cursor_open(kg->read, inverse ? MKG_DB_IN : MKG_DB_OUT, &c, err));
    for (;;) {
        size_t n;
        st = mkg__cursor_seek(c, &key, &k, NULL, err);
        if (st != MKG_OK || k.len != 8 || memcmp(k.ptr, bytes, relation ? 8 : 4) != 0)
            break;
        MKG_GO(mkg__cursor_count(c, &n, err));
        *out += n;
        uint32_t here = mkg__get_be32(k.ptr + 4);
        if (relation || here == UINT32_MAX) break;
        mkg__be32(bytes + 4, here + 1);
    }
    if (st >= 0) st = MKG_OK;
out:
    mkg__cursor_close(c);
    return st;
}
