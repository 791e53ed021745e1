/* The facts of a commit: the records in the order of the source, then the indexes, each
 * in its own order. */
#include "kg/writer_internal.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

/* ---- rows ---- */

mkg_status mkg__rows_begin(mkg__rows *r, mkg__txn *t, mkg__db db, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view key, value;

    memset(r, 0, sizeof *r);
    MKG_GO(mkg__cursor_open(t, db, &r->cursor, err));
    MKG_GO(mkg__cursor_seek(r->cursor, NULL, &key, &value, err));
    if (st == MKG_OK && key.len <= sizeof r->last) {
        memcpy(r->last, key.ptr, key.len);
        r->last_len = key.len;
    }
    r->append = st == MKG_END;
    st = MKG_OK;
out:
    return st;
}

static int compare_last(const mkg__rows *r, mkg_view key)
{
    size_t n = key.len < r->last_len ? key.len : r->last_len;
    int c = memcmp(key.ptr, r->last, n);
    return c ? c : (key.len > r->last_len) - (key.len < r->last_len);
}

mkg_status mkg__rows_put(mkg__rows *r, mkg_view key, mkg_view value, mkg_err *err)
{
    int c = compare_last(r, key);
    if (!r->append && c <= 0) return mkg__cursor_put(r->cursor, key, value, err);
    r->append = true;
    if (c != 0) {
        memcpy(r->last, key.ptr, key.len);
        r->last_len = key.len;
    }
    return mkg__cursor_append(r->cursor, key, value, c == 0, err);
}

mkg_status mkg__rows_insert(mkg__rows *r, mkg_view key, mkg_view value, mkg_err *err)
{
    if (compare_last(r, key) > 0) {
        memcpy(r->last, key.ptr, key.len);
        r->last_len = key.len;
        r->append = true; /* what is put later comes behind */
    }
    return mkg__cursor_put(r->cursor, key, value, err);
}

void mkg__rows_end(mkg__rows *r)
{
    mkg__cursor_close(r->cursor);
    r->cursor = NULL;
}

/* ---- records ---- */

typedef struct fact_writer {
    mkg__commit *c;
    mkg__rows facts, source_facts;
    const unsigned char *known; /* the next fact that the store has: place, id */
    mkg_id first, last;         /* facts of the source, without a gap; 0: none */
} fact_writer;

/* The ids of a source's facts are kept as runs: those that it brought are one. */
static mkg_status write_run(fact_writer *f, mkg_err *err)
{
    unsigned char key[4], run[8];
    if (!f->first) return MKG_OK;
    mkg__be32(run, f->last);
    mkg__be32(run + 4, f->first);
    mkg_view from = mkg__id_key(key, f->c->w->info.id), to = {(char *)run, sizeof run};
    f->first = MKG_ID_NONE;
    return mkg__rows_insert(&f->source_facts, from, to, err);
}

static mkg_status add_to_run(fact_writer *f, mkg_id id, mkg_err *err)
{
    if (f->first && id == f->last + 1) {
        f->last = id;
        return MKG_OK;
    }
    mkg_status st = write_run(f, err);
    f->first = f->last = id;
    return st;
}

static mkg_status next_known(fact_writer *f, mkg_err *err)
{
    mkg_status st = mkg__sorter_next(f->c->w->known, &f->known, err);
    if (st == MKG_END) f->known = NULL;
    return st < 0 ? st : MKG_OK;
}

/* A fact that the store has keeps its record, with this source's attribution behind
 * those of others. */
static mkg_status write_known(fact_writer *f, mkg_id id, mkg_view attribution,
                              mkg_err *err)
{
    mkg__commit *c = f->c;
    unsigned char key[4];
    mkg_view old;
    mkg_status st = mkg__db_get(c->t, MKG_DB_FACT, mkg__id_key(key, id), &old, err);
    if (st != MKG_OK)
        return st < 0 ? st : mkg__fail(err, MKG_ESTORE, "fact %u is missing", id);
    c->buf.len = 0;
    mkg__buf_put(&c->buf, old.ptr, old.len);
    mkg__buf_put(&c->buf, attribution.ptr, attribution.len);
    if (c->buf.failed) return mkg__nomem(err);
    mkg_view record = {c->buf.ptr, c->buf.len};
    mkg__hash_sub(&c->hash, MKG_DB_FACT, id, old);
    mkg__hash_add(&c->hash, MKG_DB_FACT, id, record);
    return mkg__cursor_put(f->facts.cursor, mkg__id_key(key, id), record, err);
}

static mkg_status write_one(fact_writer *f, uint32_t place, mkg_view item, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__commit *c = f->c;
    mkg_writer *w = c->w;
    mkg_view whole, attribution;
    unsigned char key[4];
    mkg_id id;

    mkg__fact_record(item, &whole, &attribution);
    if (mkg__bit(&w->fresh, place)) {
        id = w->first_new_fact + mkg__bit_rank(&w->fresh, place);
        mkg__hash_add(&c->hash, MKG_DB_FACT, id, whole);
        MKG_GO(mkg__rows_put(&f->facts, mkg__id_key(key, id), whole, err));
    } else if (f->known && mkg__get_be32(f->known) == place) {
        id = mkg__get_be32(f->known + 4);
        MKG_GO(next_known(f, err));
        MKG_GO(write_known(f, id, attribution, err));
    } else {
        goto out; /* a repeat */
    }
    if (id < w->first_new_fact) MKG_GO(add_to_run(f, id, err));
    st = mkg__commit_step(c, err);
out:
    return st;
}

static mkg_status write_records(mkg__commit *c, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_writer *w = c->w;
    fact_writer f = {.c = c};
    mkg_view item;

    MKG_GO(mkg__rows_begin(&f.facts, c->t, MKG_DB_FACT, err));
    MKG_GO(mkg__rows_begin(&f.source_facts, c->t, MKG_DB_SOURCE_FACT, err));
    MKG_GO(mkg__sorter_rewind(w->known, err));
    MKG_GO(next_known(&f, err));
    MKG_GO(mkg__spool_rewind(w->records, err));
    for (uint32_t place = 0; (st = mkg__spool_next(w->records, &item, err)) == MKG_OK;
         place++)
        MKG_GO(write_one(&f, place, item, err));
    if (st < 0) goto out;
    MKG_GO(write_run(&f, err));
    f.first = w->nfresh ? w->first_new_fact : MKG_ID_NONE;
    f.last = w->next_fact - 1;
    st = write_run(&f, err);
out:
    mkg__rows_end(&f.facts);
    mkg__rows_end(&f.source_facts);
    return st < 0 ? st : MKG_OK;
}

/* ---- indexes ---- */

static mkg_status put_row(mkg__commit *c, mkg__rows *rows, const unsigned char row[16],
                          mkg_err *err)
{
    mkg_status st = mkg__rows_put(rows, mkg__view((const char *)row, 8),
                                  mkg__view((const char *)row + 8, 8), err);
    return st < 0 ? st : mkg__commit_step(c, err);
}

/* Writing `out`, and gathering the rows of `in`. */
typedef struct index_writer {
    mkg__commit *c;
    mkg__rows out;
    mkg__sorter *in;
    uint64_t *relations;     /* facts that each gained, by id */
    unsigned char group[12]; /* subject, relation, object; ids of its facts: */
    mkg_id *ids;
    size_t n, cap;
} index_writer;

static int by_id(const void *a, const void *b)
{
    const mkg_id *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Statements of one group come in the order of their hashes, rows in that of ids. */
static mkg_status end_group(index_writer *x, mkg_err *err)
{
    mkg_status st = MKG_OK;
    unsigned char row[16];
    bool text = mkg__get_be32(x->group + 8) == MKG_ID_NONE;

    if (x->n > 1) qsort(x->ids, x->n, sizeof *x->ids, by_id);
    x->relations[mkg__get_be32(x->group + 4)] += x->n;
    for (size_t i = 0; i < x->n; i++) {
        memcpy(row, x->group, 12);
        mkg__be32(row + 12, x->ids[i]);
        MKG_GO(put_row(x->c, &x->out, row, err));
        if (text) continue;
        memcpy(row, x->group + 8, 4);
        memcpy(row + 8, x->group, 4);
        MKG_GO(mkg__sorter_add(x->in, row, err));
    }
    x->n = 0;
out:
    return st;
}

static mkg_status write_out(index_writer *x, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_writer *w = x->c->w;
    const unsigned char *s;

    MKG_GO(mkg__rows_begin(&x->out, x->c->t, MKG_DB_OUT, err));
    MKG_GO(mkg__sorter_rewind(w->statements, err));
    while ((st = mkg__sorter_next(w->statements, &s, err)) == MKG_OK) {
        uint32_t place = mkg__get_be32(s + MKG_STATEMENT_KEY);
        if (!mkg__bit(&w->fresh, place)) continue;
        if (x->n && memcmp(s, x->group, 12) != 0) MKG_GO(end_group(x, err));
        memcpy(x->group, s, 12);
        if (!mkg__grow(&x->ids, &x->cap, x->n + 1, sizeof *x->ids)) {
            st = mkg__nomem(err);
            goto out;
        }
        x->ids[x->n++] = w->first_new_fact + mkg__bit_rank(&w->fresh, place);
    }
    if (st < 0) goto out;
    st = x->n ? end_group(x, err) : MKG_OK;
out:
    return st;
}

static mkg_status write_in(index_writer *x, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__rows rows = {0};
    const unsigned char *row;

    MKG_GO(mkg__rows_begin(&rows, x->c->t, MKG_DB_IN, err));
    MKG_GO(mkg__sorter_rewind(x->in, err));
    while ((st = mkg__sorter_next(x->in, &row, err)) == MKG_OK)
        MKG_GO(put_row(x->c, &rows, row, err));
out:
    mkg__rows_end(&rows);
    return st < 0 ? st : MKG_OK;
}

static mkg_status count_relations(const index_writer *x, mkg_err *err)
{
    mkg_status st = MKG_OK;
    char key[sizeof MKG_META_RELFACTS + 4] = MKG_META_RELFACTS;

    for (mkg_id id = 0; id < x->c->w->next_relation; id++) {
        if (!x->relations[id]) continue;
        mkg__be32((unsigned char *)key + sizeof MKG_META_RELFACTS - 1, id);
        MKG_GO(mkg__commit_count(x->c, key, sizeof MKG_META_RELFACTS + 3,
                                 (int64_t)x->relations[id], err));
    }
out:
    return st;
}

mkg_status mkg__commit_facts(mkg__commit *c, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_writer *w = c->w;
    index_writer x = {.c = c};

    MKG_GO(write_records(c, err));
    x.relations = mkg__calloc(w->next_relation, sizeof *x.relations);
    if (!x.relations) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(mkg__sorter_new(w->kg->path, 16, mkg__writer_share(w, 2), &x.in, err));
    MKG_GO(write_out(&x, err));
    mkg__rows_end(&x.out);
    MKG_GO(write_in(&x, err));
    st = count_relations(&x, err);
out:
    mkg__rows_end(&x.out);
    mkg__sorter_free(x.in);
    mkg__free(x.relations);
    mkg__free(x.ids);
    return st;
}
