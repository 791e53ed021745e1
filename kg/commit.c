/* The end of a source: sort what it said, and write it in one transaction. Rows go in
 * in the order of their keys, which is what a B-tree likes best. */
#include "kg/writer_internal.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

static int compare_views(mkg_view a, mkg_view b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.ptr, b.ptr, n) : 0;
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

static void count(const mkg_writer *w, mkg_writer_counts *c)
{
    memset(c, 0, sizeof *c);
    c->source = w->info.id;
    c->nodes = w->nnodes + w->nolds;
    c->names = w->nnames;
    c->facts = w->nfacts;
    c->new_nodes = w->next_node - w->first_new_node;
    c->new_facts = w->next_fact - w->first_new_fact;
    c->new_relations = w->extra.n;
}

mkg_status mkg_writer_preview(mkg_writer *w, mkg_writer_counts *counts, mkg_err *err)
{
    mkg_status st = mkg__writer_settle_facts(w, err);
    if (st >= 0) count(w, counts);
    return st;
}

/* ---- writing ---- */

typedef mkg__commit commit;

mkg_status mkg__commit_step(mkg__commit *c, mkg_err *err)
{
    if (++c->done % 8192 == 0 && c->progress &&
        c->progress(c->progress_ctx, "writing", c->done, c->total) != 0)
        return mkg__fail(err, MKG_ECANCEL, "cancelled; the store is as it was before");
    return MKG_OK;
}

mkg_status mkg__commit_count(mkg__commit *c, const char *key, size_t n, int64_t change,
                             mkg_err *err)
{
    uint64_t v;
    mkg_status st = mkg__meta_get_u64(c->t, key, n, &v, err);
    if (st < 0 || change == 0) return st;
    return mkg__meta_put_u64(c->t, key, n, v + (uint64_t)change, err);
}

/* ---- nodes ---- */

static void count_type(const mkg_writer *w, mkg__ref type, int64_t change)
{
    int64_t sum;
    if (!type) return;
    void *at = mkg__intern_extra(&w->types, type);
    memcpy(&sum, at, sizeof sum);
    sum += change;
    memcpy(at, &sum, sizeof sum);
}

/* Entries of a node behind c->buf, in the order in which they were stated. */
static mkg_status put_entries(commit *c, const mkg__pnode *p, mkg_err *err)
{
    const mkg_writer *w = c->w;
    mkg__ref some[256], *list = some;
    size_t n = 0;

    for (mkg__ref r = p->first_entry; r; n++)
        r = ((const mkg__pentry *)mkg__heap_at(&w->entries, r))->next;
    if (n > sizeof some / sizeof *some && !(list = mkg__malloc(n * sizeof *list)))
        return mkg__nomem(err);
    size_t at = n; /* the list is newest first */
    for (mkg__ref r = p->first_entry; r;) {
        list[--at] = r;
        r = ((const mkg__pentry *)mkg__heap_at(&w->entries, r))->next;
    }
    for (size_t i = 0; i < n; i++) {
        const mkg__pentry *e = mkg__heap_at(&w->entries, list[i]);
        mkg_entry entry = {(mkg_entry_kind)e->kind, (mkg_lang)e->lang, w->info.id,
                           mkg__writer_entry_text(w, e)};
        mkg__entry_put(&c->buf, &entry);
    }
    if (list != some) mkg__free(list);
    return c->buf.failed ? mkg__nomem(err) : MKG_OK;
}

static mkg_status write_old_node(commit *c, mkg__rows *rows, const mkg__pold *p,
                                 mkg_err *err)
{
    mkg_status st = MKG_OK;
    unsigned char key[4];
    mkg_view old = {"", 0};

    c->buf.len = 0;
    MKG_GO(mkg__db_get(c->t, MKG_DB_NODE, mkg__id_key(key, p->id), &old, err));
    mkg__buf_put(&c->buf, old.ptr, old.len);
    MKG_GO(put_entries(c, &p->node, err));
    mkg_view record = {c->buf.ptr, c->buf.len};
    mkg__hash_sub(&c->hash, MKG_DB_NODE, p->id, old);
    mkg__hash_add(&c->hash, MKG_DB_NODE, p->id, record);
    MKG_GO(mkg__cursor_put(rows->cursor, mkg__id_key(key, p->id), record, err));
    if (p->node.type != p->old_type) {
        count_type(c->w, p->old_type, -1);
        count_type(c->w, p->node.type, 1);
    }
    st = mkg__commit_step(c, err);
out:
    return st;
}

static mkg_status write_new_node(commit *c, mkg__rows *rows, mkg_id id,
                                 const mkg__pnode *p, mkg_err *err)
{
    mkg_status st = MKG_OK;
    unsigned char key[4];

    c->buf.len = 0;
    MKG_GO(put_entries(c, p, err));
    mkg_view record = {c->buf.ptr, c->buf.len};
    mkg__hash_add(&c->hash, MKG_DB_NODE, id, record);
    MKG_GO(mkg__rows_put(rows, mkg__id_key(key, id), record, err));
    count_type(c->w, p->type, 1);
    st = mkg__commit_step(c, err);
out:
    return st;
}

static int by_id(const void *a, const void *b)
{
    const mkg__pold *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static mkg_status write_type_counts(commit *c, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_writer *w = c->w;
    size_t slot = 0;
    int64_t change;

    for (mkg__ref t; (t = mkg__intern_each(&w->types, &slot)) != MKG_REF_NONE;) {
        mkg_view type = mkg__intern_text(&w->types, t);
        memcpy(&change, mkg__intern_extra(&w->types, t), sizeof change);
        count_type(w, t, -change);
        if (!change) continue;
        c->buf.len = 0;
        mkg__buf_str(&c->buf, MKG_META_TYPE);
        mkg__buf_put(&c->buf, type.ptr, type.len < 400 ? type.len : 400);
        if (c->buf.failed) {
            st = mkg__nomem(err);
            goto out;
        }
        MKG_GO(mkg__commit_count(c, c->buf.ptr, c->buf.len, change, err));
    }
out:
    return st;
}

static mkg_status write_nodes(commit *c, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_writer *w = c->w;
    mkg__rows rows = {0};

    /* The table of places is not needed any more: nothing is touched after the commit.
     */
    if (w->nolds) qsort(w->olds, w->nolds, sizeof *w->olds, by_id);
    MKG_GO(mkg__rows_begin(&rows, c->t, MKG_DB_NODE, err));
    for (size_t i = 0; i < w->nolds; i++)
        MKG_GO(write_old_node(c, &rows, &w->olds[i], err));
    for (size_t i = 0; i < w->nnodes; i++)
        MKG_GO(
            write_new_node(c, &rows, w->first_new_node + (mkg_id)i, &w->nodes[i], err));
    st = write_type_counts(c, err);
out:
    mkg__rows_end(&rows);
    return st;
}

/* ---- names and codes ---- */

/* A row of `name` or `code` to be. */
typedef struct key_row {
    uint64_t prefix; /* first bytes of the key, as a number */
    mkg_view text;   /* folded name, or code */
    mkg_id node;
} key_row;

static uint64_t prefix_of(mkg_view text)
{
    uint64_t x = 0;
    for (size_t i = 0; i < 8; i++)
        x = x << 8 | (i < text.len ? (unsigned char)text.ptr[i] : 0);
    return x;
}

/* Long names are cut, and go by their hashes from there on. */
static int compare_long(mkg_view x, mkg_view y)
{
    mkg__u128 a = mkg__hash128(x.ptr, x.len), b = mkg__hash128(y.ptr, y.len);
    if (a.hi != b.hi) return a.hi < b.hi ? -1 : 1;
    return (a.lo > b.lo) - (a.lo < b.lo);
}

static int by_key(const void *p, const void *q)
{
    const key_row *x = p, *y = q;
    if (x->prefix != y->prefix) return x->prefix < y->prefix ? -1 : 1;
    if (x->text.ptr != y->text.ptr) {
        size_t a = x->text.len < MKG_NAME_MAX ? x->text.len : MKG_NAME_MAX;
        size_t b = y->text.len < MKG_NAME_MAX ? y->text.len : MKG_NAME_MAX;
        int c = compare_views(mkg__view(x->text.ptr, a), mkg__view(y->text.ptr, b));
        if (c) return c;
        if (x->text.len > MKG_NAME_MAX && y->text.len > MKG_NAME_MAX)
            c = compare_long(x->text, y->text);
        else
            c = (x->text.len > y->text.len) - (x->text.len < y->text.len);
        if (c) return c;
    }
    return (x->node > y->node) - (x->node < y->node);
}

static mkg_id owner_of(const mkg__intern *from, mkg__ref r, bool name)
{
    const void *extra = mkg__intern_extra(from, r);
    return name ? ((const mkg__pname *)extra)->owner
                : ((const mkg__pcode *)extra)->owner;
}

/* Every (name, node) that the source said; `n` of them are expected. */
static size_t gather_keys(const mkg_writer *w, bool name, key_row *rows, size_t n)
{
    const mkg__intern *from = name ? &w->names : &w->codes;
    const mkg__pairs *more = &w->said[name ? MKG_ENTRY_NAME : MKG_ENTRY_CODE];
    size_t k = 0, slot = 0;
    uint32_t node, what;

    for (mkg__ref r; (r = mkg__intern_each(from, &slot)) != MKG_REF_NONE && k < n;) {
        mkg_id owner = owner_of(from, r, name);
        mkg_view text = mkg__intern_text(from, r);
        if (owner) rows[k++] = (key_row){prefix_of(text), text, owner};
    }
    for (slot = 0; mkg__pairs_each(more, &slot, &node, &what) && k < n;) {
        mkg_view text = mkg__intern_text(from, what);
        rows[k++] = (key_row){prefix_of(text), text, node};
    }
    return k;
}

static mkg_status write_keys(commit *c, mkg__db db, size_t n, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__rows rows = {0};
    unsigned char id[4];
    size_t bytes;
    key_row *list = NULL;

    if (!n) return MKG_OK;
    if (!mkg__mul(n, sizeof *list, &bytes) || !(list = mkg__malloc(bytes))) {
        st = mkg__nomem(err);
        goto out;
    }
    n = gather_keys(c->w, db == MKG_DB_NAME, list, n);
    qsort(list, n, sizeof *list, by_key);
    MKG_GO(mkg__rows_begin(&rows, c->t, db, err));
    for (size_t i = 0; i < n; i++) {
        c->buf.len = 0;
        mkg__name_key(&c->buf, list[i].text);
        if (c->buf.failed) {
            st = mkg__nomem(err);
            goto out;
        }
        MKG_GO(mkg__rows_put(&rows, mkg__view(c->buf.ptr, c->buf.len),
                             mkg__id_key(id, list[i].node), err));
        MKG_GO(mkg__commit_step(c, err));
    }
out:
    mkg__rows_end(&rows);
    mkg__free(list);
    return st;
}

static mkg_status write_source(commit *c, const mkg_writer_counts *counts,
                               const char *sha256, uint64_t size, uint64_t skipped,
                               mkg_err *err)
{
    mkg_source *s = &c->w->info;
    unsigned char key[4];

    strncpy(s->sha256, sha256, sizeof s->sha256 - 1);
    s->size = size;
    s->skipped = skipped;
    s->nodes = counts->nodes;
    s->names = counts->names;
    s->facts = counts->facts;
    c->buf.len = 0;
    mkg__source_put(&c->buf, s);
    if (c->buf.failed) return mkg__nomem(err);
    return mkg__db_put(c->t, MKG_DB_SOURCE, mkg__id_key(key, s->id),
                       mkg__view(c->buf.ptr, c->buf.len), err);
}

static mkg_status write_meta(commit *c, mkg_err *err)
{
    const mkg_writer *w = c->w;
    mkg_status st = MKG_OK;
    unsigned char hash[16];
    const struct {
        const char *name;
        uint64_t value;
    } marks[] = {{MKG_META_NODE, w->next_node},
                 {MKG_META_FACT, w->next_fact},
                 {MKG_META_SOURCE, (uint64_t)w->info.id + 1},
                 {MKG_META_RELATION, w->next_relation},
                 {MKG_META_VERSION, w->kg->newest + 1}};

    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        MKG_GO(mkg__meta_put_u64(c->t, marks[i].name, strlen(marks[i].name),
                                 marks[i].value, err));
    for (size_t i = 0; i < w->extra.n; i++)
        MKG_GO(mkg__vocabulary_put(&w->extra, c->t, w->extra.at[i]->id, err));
    mkg__be64(hash, c->hash.hi);
    mkg__be64(hash + 8, c->hash.lo);
    st = mkg__db_put(c->t, MKG_DB_META, mkg__str(MKG_META_HASH),
                     mkg__view((char *)hash, sizeof hash), err);
out:
    return st;
}

/* Compare with the source that is replaced, through the eyes of the transaction. */
static mkg_status compare(commit *c, mkg_diff_fn fn, void *ctx, mkg_diff_counts *out,
                          mkg_err *err)
{
    mkg_kg *kg = c->w->kg;
    mkg__txn *read = kg->read;
    mkg__vocabulary vocabulary = {0}, was = kg->vocabulary;
    mkg_status st = fn ? mkg__vocabulary_load(&vocabulary, c->t, err) : MKG_OK;
    bool all = kg->seen.all;

    if (st < 0) return st;
    kg->read = c->t;
    kg->seen.all = true; /* the new source has no place among the seen yet */
    if (fn) kg->vocabulary = vocabulary;
    st = mkg_kg_diff(kg, c->w->replaces, c->w->info.id, fn, ctx, out, err);
    kg->read = read;
    kg->seen.all = all;
    kg->vocabulary = was;
    mkg__vocabulary_clear(&vocabulary);
    return st;
}

static mkg_status write_history(commit *c, mkg_writer_counts *counts, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_version v = {.version = c->w->kg->newest + 1,
                     .change = MKG_CHANGE_IMPORT,
                     .time = c->w->info.time,
                     .added = c->w->info.id,
                     .facts_added = counts->new_facts};
    if (c->w->replaces) {
        MKG_GO(compare(c, NULL, NULL, &counts->diff, err));
        v.change = MKG_CHANGE_REPLACE;
        v.removed = counts->replaced = c->w->replaces;
        v.facts_added = counts->diff.added;
        v.facts_removed = counts->diff.removed;
        v.facts_changed = counts->diff.changed;
    }
    st = mkg__history_put(c->t, &v, err);
out:
    return st;
}

/* Bytes that the commit will write, about: full pages, 10 bytes for LMDB beside each
 * pair. What is in temporary files stays there until the end, so it is gone from what
 * is free already. The estimate rather falls short than refuses what would fit. */
static uint64_t estimate(const mkg_writer *w)
{
    uint64_t facts =
        mkg__spool_bytes(w->records) * w->nfacts / (w->nseen ? w->nseen : 1);
    uint64_t names = w->names.heap.bytes / (w->names.n ? w->names.n : 1);
    if (names > 64) names = 64; /* a block is larger than a few names */
    return facts + w->nfacts * 16 + w->nfresh * 16 + w->nedges * 2 * 18 +
           w->nnodes * 34 + w->nnames * (names + 14);
}

static mkg_status check_room(const mkg_writer *w, mkg_err *err)
{
    uint64_t need = estimate(w);
    if (need < (uint64_t)64 << 20) return MKG_OK; /* try it: that is quicker */
    return mkg__store_check_room(need, mkg__store_room(w->kg->store, w->kg->read), err);
}

/* Everything but the end of the transaction. */
static mkg_status write_all(commit *c, const mkg_writer_counts *counts,
                            const char *sha256, uint64_t size, uint64_t skipped,
                            mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_writer *w = c->w;
    MKG_GO(check_room(w, err));
    c->total = w->nnodes + w->nolds + w->nnames + w->ncodes + w->nfacts * 3;
    MKG_GO(mkg__txn_begin(w->kg->store, true, &c->t, err));
    MKG_GO(mkg__commit_facts(c, err));
    MKG_GO(write_nodes(c, err));
    MKG_GO(write_keys(c, MKG_DB_NAME, w->nnames, err));
    MKG_GO(write_keys(c, MKG_DB_CODE, w->ncodes, err));
    MKG_GO(write_source(c, counts, sha256, size, skipped, err));
    st = write_meta(c, err);
out:
    return st;
}

mkg_status mkg_writer_compare(mkg_writer *w, mkg_id source, mkg_diff_fn fn, void *ctx,
                              mkg_diff_counts *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_writer_counts counts;
    commit c = {.w = w, .hash = w->kg->hash};

    MKG_GO(mkg__writer_settle_facts(w, err));
    count(w, &counts);
    w->replaces = source;
    MKG_GO(write_all(&c, &counts, "", 0, 0, err));
    st = compare(&c, fn, ctx, out, err);
out:
    mkg__txn_abort(c.t);
    mkg__buf_clear(&c.buf);
    return st;
}

mkg_status mkg_writer_commit(mkg_writer *w, const char *sha256, uint64_t size,
                             uint64_t skipped, mkg_progress_fn progress,
                             void *progress_ctx, mkg_writer_counts *counts,
                             mkg_err *err)
{
    mkg_status st = MKG_OK;
    commit c = {.w = w,
                .hash = w->kg->hash,
                .progress = progress,
                .progress_ctx = progress_ctx};

    MKG_GO(mkg__writer_settle_facts(w, err));
    count(w, counts);
    MKG_GO(write_all(&c, counts, sha256, size, skipped, err));
    MKG_GO(write_history(&c, counts, err));
    st = mkg__txn_commit(c.t, err);
    c.t = NULL;
    /* What is written is written: without the memory to look at it the handle goes on
     * seeing the commit before. */
    if (st >= 0) mkg_kg_renew(w->kg, NULL);
out:
    mkg__txn_abort(c.t);
    mkg__buf_clear(&c.buf);
    return st;
}
