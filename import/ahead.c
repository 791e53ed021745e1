/* A delimited file, parsed on a thread of its own: that reads, unpacks, hashes and
 * parses while the caller makes nodes and facts. Blocks of records go round in a ring,
 * so memory is bounded; errors stand in the block at their place. */
#include "import/import_internal.h"

#include "base/err.h"
#include "base/relay.h"

#include <string.h>

enum {
    BLOCKS = 4,
    BLOCK_BYTES = 256 << 10, /* of text; the last record of a block may go beyond */
    BLOCK_RECORDS = 4096,
    LOOK_AHEAD = 8 /* records that mkg__ahead_peek() shows */
};

typedef struct span {
    uint32_t at, len;
} span;

typedef struct record {
    uint64_t line;
    uint32_t first, n; /* spans; where `fault` is set, `first` is an index of faults */
    bool fault;
} record;

typedef struct fault {
    mkg_status st;
    mkg_err err;
    bool broken; /* of the stream, not of one record */
} fault;

typedef struct block {
    mkg__buf text;
    span *spans;
    record *records;
    fault *faults;
    size_t nspans, nrecords, nfaults, spans_cap, records_cap, faults_cap;
    uint64_t done; /* bytes of the file behind it */
    bool last;
    bool failed; /* no memory for what should follow its records */
} block;

struct mkg__ahead {
    mkg__delimited *d;
    mkg__stream *s;
    uint64_t total;
    block blocks[BLOCKS];

    mkg__relay *relay;

    /* The caller's alone. */
    const block *front; /* NULL before the first */
    bool broken;
    size_t at, peeked; /* records of it: given out, shown */
    mkg_view *fields, *shown;
    size_t fields_cap, shown_cap;
};

/* ---- filling ---- */

static void empty(block *b)
{
    b->text.len = 0;
    b->text.failed = false;
    b->nspans = b->nrecords = b->nfaults = 0;
    b->last = b->failed = false;
}

static bool add_fault(block *b, mkg_status st, const mkg_err *e, uint64_t line,
                      bool broken)
{
    if (!mkg__grow(&b->records, &b->records_cap, b->nrecords + 1, sizeof *b->records) ||
        !mkg__grow(&b->faults, &b->faults_cap, b->nfaults + 1, sizeof *b->faults))
        return false;
    b->faults[b->nfaults] = (fault){st, *e, broken};
    b->records[b->nrecords++] = (record){line, (uint32_t)b->nfaults++, 0, true};
    return true;
}

static bool add_record(block *b, const mkg_view *fields, size_t n, uint64_t line)
{
    if (!mkg__grow(&b->records, &b->records_cap, b->nrecords + 1, sizeof *b->records) ||
        !mkg__grow(&b->spans, &b->spans_cap, b->nspans + n, sizeof *b->spans))
        return false;
    for (size_t i = 0; i < n; i++) {
        b->spans[b->nspans + i] =
            (span){(uint32_t)b->text.len, (uint32_t)fields[i].len};
        mkg__buf_put(&b->text, fields[i].ptr, fields[i].len);
    }
    if (b->text.failed) return false;
    b->records[b->nrecords++] = (record){line, (uint32_t)b->nspans, (uint32_t)n, false};
    b->nspans += n;
    return true;
}

static bool fill(void *ctx, size_t slot)
{
    mkg__ahead *a = ctx;
    block *b = &a->blocks[slot];
    const mkg_view *fields;
    size_t n;
    uint64_t line, total;
    mkg_err e;

    empty(b);
    while (!b->last && b->text.len < BLOCK_BYTES && b->nrecords < BLOCK_RECORDS) {
        e = (mkg_err){0};
        mkg_status st = mkg__delimited_next(a->d, &fields, &n, &line, &e);
        bool broken = mkg__stream_broken(a->s), added = true;
        b->last = st == MKG_END || (st < 0 && (st != MKG_EPARSE || broken));
        if (st < 0)
            added = add_fault(b, st, &e, line, broken);
        else if (st == MKG_OK)
            added = add_record(b, fields, n, line);
        if (!added) b->last = b->failed = true;
    }
    mkg__stream_progress(a->s, &b->done, &total);
    return !b->last;
}

/* ---- the caller's side ---- */

mkg_status mkg__ahead_new(mkg__stream *s, char delimiter, mkg__ahead **out,
                          mkg_err *err)
{
    mkg_status st = MKG_OK;
    uint64_t done;
    mkg__ahead *a = mkg__calloc(1, sizeof *a);

    *out = NULL;
    if (!a) return mkg__nomem(err);
    a->s = s;
    mkg__stream_progress(s, &done, &a->total);
    MKG_GO(mkg__delimited_new(s, delimiter, &a->d, err));
    MKG_GO(mkg__relay_new(BLOCKS, fill, a, &a->relay, err));
    *out = a;
    a = NULL;
out:
    mkg__ahead_free(a);
    return st;
}

void mkg__ahead_free(mkg__ahead *a)
{
    if (!a) return;
    mkg__relay_free(a->relay);
    for (size_t i = 0; i < BLOCKS; i++) {
        mkg__buf_clear(&a->blocks[i].text);
        mkg__free(a->blocks[i].spans);
        mkg__free(a->blocks[i].records);
        mkg__free(a->blocks[i].faults);
    }
    mkg__free(a->fields);
    mkg__free(a->shown);
    mkg__delimited_free(a->d);
    mkg__free(a);
}

static mkg_status next_block(mkg__ahead *a, mkg_err *err)
{
    size_t slot;
    if (a->front && a->front->failed) return mkg__nomem(err);
    if (!mkg__relay_next(a->relay, &slot)) return MKG_END;
    a->front = &a->blocks[slot];
    a->at = a->peeked = 0;
    return MKG_OK;
}

static bool give(const block *b, const record *r, mkg_view **fields, size_t *cap)
{
    if (!mkg__grow(fields, cap, r->n, sizeof **fields)) return false;
    for (size_t i = 0; i < r->n; i++) {
        const span *s = &b->spans[r->first + i];
        (*fields)[i] = mkg__view(b->text.ptr + s->at, s->len);
    }
    return true;
}

mkg_status mkg__ahead_next(mkg__ahead *a, const mkg_view **fields, size_t *n,
                           uint64_t *line, mkg_err *err)
{
    while (!a->front || a->at == a->front->nrecords) {
        mkg_status st = next_block(a, err);
        if (st != MKG_OK) return st;
    }
    const block *b = a->front;
    const record *r = &b->records[a->at++];
    *line = r->line;
    if (r->fault) {
        const fault *f = &b->faults[r->first];
        if (err) *err = f->err;
        a->broken |= f->broken;
        return f->st;
    }
    if (!give(b, r, &a->fields, &a->fields_cap)) return mkg__nomem(err);
    *fields = a->fields;
    *n = r->n;
    return MKG_OK;
}

bool mkg__ahead_peek(mkg__ahead *a, const mkg_view **fields, size_t *n)
{
    const block *b = a->front;
    if (!b) return false;
    if (a->peeked < a->at) a->peeked = a->at;
    while (a->peeked < b->nrecords && a->peeked < a->at + LOOK_AHEAD) {
        const record *r = &b->records[a->peeked++];
        if (r->fault) continue;
        if (!give(b, r, &a->shown, &a->shown_cap)) return false;
        *fields = a->shown;
        *n = r->n;
        return true;
    }
    return false;
}

bool mkg__ahead_broken(const mkg__ahead *a)
{
    return a->broken;
}

void mkg__ahead_progress(const mkg__ahead *a, uint64_t *done, uint64_t *total)
{
    *done = a->front ? a->front->done : 0;
    *total = a->total;
}
