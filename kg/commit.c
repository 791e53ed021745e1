/* The end of a source: sort what it said, and write it in one transaction. Rows go in
 * in the order of their keys, which is what a B-tree likes best. */
#include "kg/writer_internal.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

static mkg_view str(const char *s)
{
    return mkg__view(s, strlen(s));
}

static int compare_views(mkg_view a, mkg_view b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.ptr, b.ptr, n) : 0;
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

#define COMPARE(a, b)                                                                  \
    if ((a) != (b)) return (a) < (b) ? -1 : 1

/* Same statement, whoever says it. */
static int compare_facts(const mkg__pfact *x, const mkg__pfact *y)
{
    COMPARE(x->subject, y->subject);
    COMPARE(x->relation, y->relation);
    COMPARE(x->object, y->object);
    COMPARE(x->denied, y->denied);
    return compare_views(x->literal, y->literal);
}

static int by_statement(const void *a, const void *b)
{
    const mkg__pfact *x = a, *y = b;
    int c = compare_facts(x, y);
    if (c) return c;
    COMPARE(x->seq, y->seq);
    return 0;
}

static int by_seq(const void *a, const void *b)
{
    const mkg__pfact *x = a, *y = b;
    COMPARE(x->seq, y->seq);
    return 0;
}

/* Does the store have this statement? Sets f->existing and f->id. */
static mkg_status find_fact(mkg_writer *w, mkg__cursor *out, mkg__pfact *f,
                            mkg_err *err)
{
    mkg_status st = MKG_OK;
    unsigned char key[8], low[8];
    mkg_view value;
    mkg_fact old;

    if (f->subject >= w->first_new_node || f->object >= w->first_new_node)
        return MKG_OK;
    mkg__be32(key, f->subject);
    mkg__be32(key + 4, f->relation);
    mkg__be32(low, f->object);
    mkg__be32(low + 4, 0);
    for (st = mkg__cursor_seek_dup(out, mkg__view((char *)key, 8),
                                   mkg__view((char *)low, 8), &value, err);
         st == MKG_OK; st = mkg__cursor_next_dup(out, &value, err)) {
        if (value.len != 8 || mkg__get_be32(value.ptr) != f->object) break;
        mkg_id id = mkg__get_be32(value.ptr + 4);
        MKG_GO(mkg_kg_fact(w->kg, id, &old, err));
        if (st == MKG_OK && old.denied == f->denied &&
            mkg__view_eq(old.literal, f->literal)) {
            f->id = id;
            f->existing = true;
            break;
        }
    }
out:
    return st < 0 ? st : MKG_OK;
}

mkg_status mkg__writer_settle_facts(mkg_writer *w, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__cursor *out = NULL;
    size_t n = 0;

    if (w->nfacts) qsort(w->facts, w->nfacts, sizeof *w->facts, by_statement);
    for (size_t i = 0; i < w->nfacts; i++) {
        if (n && compare_facts(&w->facts[n - 1], &w->facts[i]) == 0) continue;
        w->facts[n++] = w->facts[i];
    }
    w->nfacts = n;
    if (w->first_new_fact > 1) {
        MKG_GO(mkg__cursor_open(w->kg->read, MKG_DB_OUT, &out, err));
        for (size_t i = 0; i < n; i++)
            MKG_GO(find_fact(w, out, &w->facts[i], err));
    }
    if (n) qsort(w->facts, n, sizeof *w->facts, by_seq);
    w->next_fact = w->first_new_fact;
    for (size_t i = 0; i < n; i++)
        if (!w->facts[i].existing) w->facts[i].id = w->next_fact++;
out:
    mkg__cursor_close(out);
    return st;
}

static void count(const mkg_writer *w, mkg_writer_counts *c)
{
    memset(c, 0, sizeof *c);
    c->source = w->info.id;
    c->nodes = w->nnodes;
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

typedef struct commit {
    mkg_writer *w;
    mkg__txn *t;
    mkg__u128 hash;
    mkg__buf buf;
    mkg_progress_fn progress;
    void *progress_ctx;
    uint64_t done, total; /* rows */
} commit;

static mkg_status step(commit *c, mkg_err *err)
{
    if (++c->done % 8192 == 0 && c->progress &&
        c->progress(c->progress_ctx, "writing", c->done, c->total) != 0)
        return mkg__fail(err, MKG_ECANCEL, "cancelled; the store is as it was before");
    return MKG_OK;
}

static mkg_view id_key(unsigned char bytes[4], mkg_id id)
{
    mkg__be32(bytes, id);
    return mkg__view((char *)bytes, 4);
}

/* Put the record in c->buf under an id, and bring the hash of the graph up to date. */
static mkg_status put_record(commit *c, mkg__db db, mkg_id id, const mkg_view *old,
                             mkg_err *err)
{
    unsigned char key[4];
    if (c->buf.failed) return mkg__nomem(err);
    mkg_view record = {c->buf.ptr, c->buf.len};
    if (old) mkg__hash_sub(&c->hash, db, id, *old);
    mkg__hash_add(&c->hash, db, id, record);
    return mkg__db_put(c->t, db, id_key(key, id), record, err);
}

static mkg_status add_to_counter(commit *c, const char *key, size_t n, int64_t change,
                                 mkg_err *err)
{
    uint64_t v;
    mkg_status st = mkg__meta_get_u64(c->t, key, n, &v, err);
    if (st < 0 || change == 0) return st;
    return mkg__meta_put_u64(c->t, key, n, v + (uint64_t)change, err);
}

/* type -> change of its count, in a small list: there are few types. */
typedef struct tally {
    struct {
        mkg_view type;
        int64_t change;
    } * at;
    size_t n, cap;
} tally;

static mkg_status tally_add(tally *t, mkg_view type, int64_t change, mkg_err *err)
{
    for (size_t i = 0; i < t->n; i++)
        if (mkg__view_eq(t->at[i].type, type)) {
            t->at[i].change += change;
            return MKG_OK;
        }
    if (!mkg__grow(&t->at, &t->cap, t->n + 1, sizeof *t->at)) return mkg__nomem(err);
    t->at[t->n].type = type;
    t->at[t->n++].change = change;
    return MKG_OK;
}

static mkg_status write_node(commit *c, const mkg__pnode *p, tally *types, mkg_err *err)
{
    mkg_status st = MKG_OK;
    unsigned char key[4];
    mkg_view old = {"", 0};
    uint32_t order[256], *list = order;
    size_t n = 0;

    c->buf.len = 0;
    if (p->existing) {
        MKG_GO(mkg__db_get(c->t, MKG_DB_NODE, id_key(key, p->id), &old, err));
        mkg__buf_put(&c->buf, old.ptr, old.len);
    }
    for (uint32_t i = p->first_entry; i != UINT32_MAX; i = c->w->entries[i].next)
        n++;
    if (n > sizeof order / sizeof *order && !(list = mkg__malloc(n * sizeof *list))) {
        st = mkg__nomem(err);
        goto out;
    }
    size_t at = n; /* the list is newest first */
    for (uint32_t i = p->first_entry; i != UINT32_MAX; i = c->w->entries[i].next)
        list[--at] = i;
    for (size_t i = 0; i < n; i++) {
        const mkg__pentry *e = &c->w->entries[list[i]];
        mkg_entry entry = {e->kind, e->lang, c->w->info.id, e->text};
        mkg__entry_put(&c->buf, &entry);
    }
    MKG_GO(put_record(c, MKG_DB_NODE, p->id, p->existing ? &old : NULL, err));
    if (!mkg__view_eq(p->type, p->old_type)) {
        if (p->existing) MKG_GO(tally_add(types, p->old_type, -1, err));
        MKG_GO(tally_add(types, p->type, 1, err));
    }
    st = step(c, err);
out:
    if (list != order) mkg__free(list);
    return st;
}

static int by_id(const void *a, const void *b)
{
    const mkg__pnode *x = a, *y = b;
    COMPARE(x->id, y->id);
    return 0;
}

static mkg_status write_nodes(commit *c, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_writer *w = c->w;
    tally types = {0};

    if (w->nnodes) qsort(w->nodes, w->nnodes, sizeof *w->nodes, by_id);
    for (size_t i = 0; i < w->nnodes; i++)
        MKG_GO(write_node(c, &w->nodes[i], &types, err));
    for (size_t i = 0; i < types.n; i++) {
        c->buf.len = 0;
        mkg__buf_str(&c->buf, MKG_META_TYPE);
        size_t n = types.at[i].type.len;
        mkg__buf_put(&c->buf, types.at[i].type.ptr, n < 400 ? n : 400);
        if (c->buf.failed) {
            st = mkg__nomem(err);
            goto out;
        }
        MKG_GO(add_to_counter(c, c->buf.ptr, c->buf.len, types.at[i].change, err));
    }
out:
    mkg__free(types.at);
    return st;
}

static int by_key(const void *a, const void *b)
{
    const mkg__pkey *x = a, *y = b;
    int c = compare_views(x->key, y->key);
    if (c) return c;
    COMPARE(x->node, y->node);
    return 0;
}

static mkg_status write_keys(commit *c, mkg__db db, mkg__pkey *rows, size_t n,
                             mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__cursor *cursor = NULL;
    unsigned char id[4];

    if (n) qsort(rows, n, sizeof *rows, by_key);
    MKG_GO(mkg__cursor_open(c->t, db, &cursor, err));
    for (size_t i = 0; i < n; i++) {
        MKG_GO(mkg__cursor_put(cursor, rows[i].key, id_key(id, rows[i].node), err));
        MKG_GO(step(c, err));
    }
out:
    mkg__cursor_close(cursor);
    return st;
}

/* The record of a fact with this source's attribution; an older record of the same
 * statement keeps its own in front. */
static mkg_status write_fact(commit *c, const mkg__pfact *f, mkg_err *err)
{
    mkg_status st = MKG_OK;
    unsigned char key[4];
    mkg_view old = {"", 0};

    c->buf.len = 0;
    if (f->existing) {
        MKG_GO(mkg__db_get(c->t, MKG_DB_FACT, id_key(key, f->id), &old, err));
        mkg__buf_put(&c->buf, old.ptr, old.len);
    } else {
        mkg_fact fact = {.subject = f->subject,
                         .relation = f->relation,
                         .object = f->object,
                         .literal = f->literal,
                         .literal_lang = f->literal_lang,
                         .denied = f->denied};
        mkg__fact_put(&c->buf, &fact);
    }
    mkg_attribution a = {c->w->info.id, f->weight, f->locator, f->grade, f->population};
    mkg__attribution_put(&c->buf, &a);
    MKG_GO(put_record(c, MKG_DB_FACT, f->id, f->existing ? &old : NULL, err));
    st = step(c, err);
out:
    return st;
}

/* A row of `out`, `in` or `source_fact`. */
typedef struct row {
    mkg_id a, b, c, d;
} row;

static int by_row(const void *p, const void *q)
{
    const row *x = p, *y = q;
    COMPARE(x->a, y->a);
    COMPARE(x->b, y->b);
    COMPARE(x->c, y->c);
    COMPARE(x->d, y->d);
    return 0;
}

static mkg_status write_index(commit *c, mkg__db db, row *rows, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__cursor *cursor = NULL;
    const mkg_writer *w = c->w;
    unsigned char key[8], value[8];
    size_t n = 0;

    for (size_t i = 0; i < w->nfacts; i++) {
        const mkg__pfact *f = &w->facts[i];
        if (f->existing || (db == MKG_DB_IN && f->object == MKG_ID_NONE)) continue;
        row r = {f->subject, f->relation, f->object, f->id};
        if (db == MKG_DB_IN) {
            r.a = f->object;
            r.c = f->subject;
        }
        rows[n++] = r;
    }
    if (n) qsort(rows, n, sizeof *rows, by_row);
    MKG_GO(mkg__cursor_open(c->t, db, &cursor, err));
    for (size_t i = 0; i < n; i++) {
        mkg__be32(key, rows[i].a);
        mkg__be32(key + 4, rows[i].b);
        mkg__be32(value, rows[i].c);
        mkg__be32(value + 4, rows[i].d);
        MKG_GO(mkg__cursor_put(cursor, mkg__view((char *)key, 8),
                               mkg__view((char *)value, 8), err));
        MKG_GO(step(c, err));
    }
out:
    mkg__cursor_close(cursor);
    return st;
}

/* How many facts each relation gained. */
static mkg_status count_relations(commit *c, row *rows, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg_writer *w = c->w;
    char key[sizeof MKG_META_RELFACTS + 4] = MKG_META_RELFACTS;
    size_t n = 0;

    for (size_t i = 0; i < w->nfacts; i++)
        if (!w->facts[i].existing) rows[n++] = (row){.a = w->facts[i].relation};
    if (n) qsort(rows, n, sizeof *rows, by_row);
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i; j < n && rows[j].a == rows[i].a; j++)
            ;
        mkg__be32((unsigned char *)key + sizeof MKG_META_RELFACTS - 1, rows[i].a);
        MKG_GO(add_to_counter(c, key, sizeof MKG_META_RELFACTS + 3, (int64_t)(j - i),
                              err));
    }
out:
    return st;
}

static mkg_status write_facts(commit *c, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg_writer *w = c->w;
    mkg__cursor *cursor = NULL;
    unsigned char source[4], id[4];
    size_t bytes;
    row *rows = NULL;

    if (!mkg__mul(w->nfacts, sizeof *rows, &bytes) || !(rows = mkg__malloc(bytes))) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = 0; i < w->nfacts; i++)
        MKG_GO(write_fact(c, &w->facts[i], err));
    MKG_GO(mkg__cursor_open(c->t, MKG_DB_SOURCE_FACT, &cursor, err));
    for (size_t i = 0; i < w->nfacts; i++)
        MKG_GO(mkg__cursor_put(cursor, id_key(source, w->info.id),
                               id_key(id, w->facts[i].id), err));
    MKG_GO(write_index(c, MKG_DB_OUT, rows, err));
    MKG_GO(write_index(c, MKG_DB_IN, rows, err));
    st = count_relations(c, rows, err);
out:
    mkg__cursor_close(cursor);
    mkg__free(rows);
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
    return mkg__db_put(c->t, MKG_DB_SOURCE, id_key(key, s->id),
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
    st = mkg__db_put(c->t, MKG_DB_META, str(MKG_META_HASH),
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

/* Everything but the end of the transaction. */
static mkg_status write_all(commit *c, const mkg_writer_counts *counts,
                            const char *sha256, uint64_t size, uint64_t skipped,
                            mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_writer *w = c->w;
    c->total = w->nnodes + w->nnames + w->ncodes + w->nfacts * 3;
    MKG_GO(mkg__txn_begin(w->kg->store, true, &c->t, err));
    MKG_GO(write_facts(c, err));
    MKG_GO(write_nodes(c, err));
    MKG_GO(write_keys(c, MKG_DB_NAME, w->names, w->nnames, err));
    MKG_GO(write_keys(c, MKG_DB_CODE, w->codes, w->ncodes, err));
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
