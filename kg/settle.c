/* What of a source is new: its statements in order, so that repeats stand together, and
 * beside them the store's `out` rows in the same order. */
#include "kg/writer_internal.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

/* A fact of the store with the (subject, relation, object) that is looked at. */
typedef struct stored {
    unsigned char tail[MKG_STATEMENT_TAIL];
    mkg_id id;
} stored;

/* The walk through `out` beside the sorted statements. */
typedef struct join {
    mkg_writer *w;
    mkg__cursor *cursor;
    bool here;            /* the cursor stands on a row: */
    unsigned char at[16]; /* subject, relation, object, fact */
    unsigned steps;       /* rows to try before seeking */
    stored *found;
    size_t n, cap;
} join;

static mkg_status take_row(join *j, mkg_view key, mkg_view value, mkg_err *err)
{
    if (key.len != 8 || value.len != 8)
        return mkg__fail(err, MKG_ESTORE, "the store is damaged: a row of its index");
    memcpy(j->at, key.ptr, 8);
    memcpy(j->at + 8, value.ptr, 8);
    j->here = true;
    return MKG_OK;
}

static mkg_status step(join *j, mkg_err *err)
{
    mkg_view key, value;
    mkg_status st = mkg__cursor_next(j->cursor, &key, &value, err);
    j->here = st == MKG_OK;
    return j->here ? take_row(j, key, value, err) : st;
}

/* To the first row >= `want`: by steps as long as they pay, else by a seek. False in
 * j->here if there is none with this subject and relation, or if the rows are at an
 * end. */
static mkg_status go_to(join *j, const unsigned char want[12], mkg_err *err)
{
    mkg_status st = MKG_OK;
    unsigned char low[8] = {0};
    mkg_view value;

    for (unsigned i = 0; j->here && i < j->steps; i++) {
        if (memcmp(j->at, want, 12) >= 0) {
            if (j->steps < 64) j->steps *= 2;
            goto out;
        }
        MKG_GO(step(j, err));
    }
    if (j->here && memcmp(j->at, want, 12) >= 0) goto out;
    if (j->steps > 1) j->steps /= 2;
    memcpy(low, want + 8, 4);
    mkg_view key = {(const char *)want, 8};
    MKG_GO(
        mkg__cursor_seek_dup(j->cursor, key, mkg__view((char *)low, 8), &value, err));
    j->here = st == MKG_OK;
    if (j->here) st = take_row(j, key, value, err);
out:
    return st < 0 ? st : MKG_OK;
}

static int by_tail(const void *a, const void *b)
{
    return memcmp(a, b, MKG_STATEMENT_TAIL);
}

/* All that the store says with this subject, relation and object. */
static mkg_status find_stored(join *j, const unsigned char want[12], mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_fact f;

    j->n = 0;
    MKG_GO(go_to(j, want, err));
    while (j->here && memcmp(j->at, want, 12) == 0) {
        mkg_id id = mkg__get_be32(j->at + 12);
        MKG_GO(mkg_kg_fact(j->w->kg, id, &f, err));
        if (st == MKG_OK) {
            if (!mkg__grow(&j->found, &j->cap, j->n + 1, sizeof *j->found)) {
                st = mkg__nomem(err);
                goto out;
            }
            stored *s = &j->found[j->n++];
            mkg__statement_tail(f.denied, f.literal, s->tail);
            s->id = id;
        }
        MKG_GO(step(j, err));
    }
    if (j->n > 1) qsort(j->found, j->n, sizeof *j->found, by_tail);
out:
    return st < 0 ? st : MKG_OK;
}

static mkg_status keep(join *j, const unsigned char *s, mkg_err *err)
{
    mkg_writer *w = j->w;
    uint32_t place = mkg__get_be32(s + MKG_STATEMENT_KEY);
    const stored *old = NULL;

    if (j->n) old = bsearch(s + 12, j->found, j->n, sizeof *j->found, by_tail);
    w->nfacts++;
    if (!old) {
        w->fresh.words[place / 64] |= (uint64_t)1 << (place % 64);
        return MKG_OK;
    }
    unsigned char row[8];
    memcpy(row, s + MKG_STATEMENT_KEY, 4);
    mkg__be32(row + 4, old->id);
    return mkg__sorter_add(w->known, row, err);
}

static mkg_status sort_out(mkg_writer *w, mkg_err *err)
{
    mkg_status st = MKG_OK;
    join j = {.w = w, .steps = 8};
    unsigned char last[MKG_STATEMENT_KEY] = {0}; /* no subject: no statement */
    const unsigned char *s;
    bool compare = w->first_new_fact > 1;

    if (compare) MKG_GO(mkg__cursor_open(w->kg->read, MKG_DB_OUT, &j.cursor, err));
    MKG_GO(mkg__sorter_rewind(w->statements, err));
    while ((st = mkg__sorter_next(w->statements, &s, err)) == MKG_OK) {
        if (memcmp(s, last, MKG_STATEMENT_KEY) == 0) continue; /* said before */
        if (memcmp(s, last, 8) != 0) w->nedges++;
        if (compare && memcmp(s, last, 12) != 0) {
            j.n = 0;
            if (mkg__get_be32(s) < w->first_new_node &&
                mkg__get_be32(s + 8) < w->first_new_node)
                MKG_GO(find_stored(&j, s, err));
        }
        memcpy(last, s, MKG_STATEMENT_KEY);
        MKG_GO(keep(&j, s, err));
    }
out:
    mkg__cursor_close(j.cursor);
    mkg__free(j.found);
    return st < 0 ? st : MKG_OK;
}

static mkg_status make_bits(mkg__bits *b, size_t n, mkg_err *err)
{
    b->n = n / 64 + 1;
    mkg__free(b->words);
    mkg__free(b->before);
    b->words = mkg__calloc(b->n, sizeof *b->words);
    b->before = mkg__calloc(b->n, sizeof *b->before);
    return b->words && b->before ? MKG_OK : mkg__nomem(err);
}

mkg_status mkg__writer_settle_facts(mkg_writer *w, mkg_err *err)
{
    mkg_status st = MKG_OK;

    if (w->settled) return MKG_OK;
    mkg__sorter_free(w->known);
    w->known = NULL;
    w->nfacts = w->nedges = 0;
    MKG_GO(make_bits(&w->fresh, w->nseen, err));
    MKG_GO(mkg__sorter_new(w->kg->path, 8, mkg__writer_share(w, 1), &w->known, err));
    MKG_GO(sort_out(w, err));
    uint32_t total = 0;
    for (size_t i = 0; i < w->fresh.n; i++) {
        w->fresh.before[i] = total;
        total += (uint32_t)__builtin_popcountll(w->fresh.words[i]);
    }
    w->nfresh = total;
    w->next_fact = w->first_new_fact + total;
    w->settled = true;
out:
    return st;
}
