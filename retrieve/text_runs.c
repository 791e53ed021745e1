/* Postings on their way from documents to terms: collected in a table by term, written
 * as a sorted run when the table is full, merged at the end. As a run is of later
 * documents than the one before, merging is appending, term by term. */
#include "retrieve/text_file_internal.h"

#include "base/err.h"
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 16 << 10, NONE = -1 };

typedef struct posting {
    uint32_t slot, doc, tf;
} posting;

typedef struct sorted_posting {
    uint32_t doc, tf;
} sorted_posting;

typedef struct slot {
    mkg__term term;     /* 0: free */
    uint32_t n;         /* postings */
    uint32_t last, doc; /* the last of them, and its document: saves a look at it */
} slot;

/* A run is, for each of its terms in their order: 8 bytes of term, the number of
 * postings, and for each the difference of the document from the one before (the first
 * from 0) and the frequency, as varints. The last run stays in memory. */
typedef struct run {
    uint64_t at, end;      /* in the file, what was not read yet */
    char *page;            /* NULL for the one in memory */
    const char *p, *limit; /* bytes at hand */
    mkg__term term;        /* that comes next, 0 at the end */
    uint64_t left;         /* postings of it */
    uint32_t doc;
} run;

struct mkg__runs {
    const char *folder;
    posting *postings;
    sorted_posting *sorted; /* in the order of terms */
    size_t n, cap, sorted_cap, most;
    slot *slots; /* open addressing */
    size_t nslots, slot_cap;
    mkg__buf bytes; /* of the run made last */
    int fd;
    uint64_t written;
    run *runs;
    size_t nruns, run_cap;
    mkg__term term; /* given out by mkg__runs_next_term() */
    size_t from;    /* run whose postings of it are given out */
};

mkg_status mkg__runs_new(const char *folder, size_t postings, mkg__runs **out,
                         mkg_err *err)
{
    mkg__runs *r = mkg__calloc(1, sizeof *r);
    *out = NULL;
    if (!r) return mkg__nomem(err);
    r->folder = folder;
    r->fd = NONE;
    r->most = postings;
    r->slot_cap = 1 << 10;
    r->slots = mkg__calloc(r->slot_cap, sizeof *r->slots);
    if (!r->slots) {
        mkg__runs_free(r);
        return mkg__nomem(err);
    }
    *out = r;
    return MKG_OK;
}

void mkg__runs_free(mkg__runs *r)
{
    if (!r) return;
    if (r->fd >= 0) close(r->fd);
    for (size_t i = 0; i < r->nruns; i++)
        mkg__free(r->runs[i].page);
    mkg__free(r->runs);
    mkg__free(r->postings);
    mkg__free(r->sorted);
    mkg__free(r->slots);
    mkg__buf_clear(&r->bytes);
    mkg__free(r);
}

/* ---- collecting ---- */

static slot *place(slot *slots, size_t cap, mkg__term term)
{
    /* The upper bits of the product depend on all bytes of the term. */
    size_t i = (size_t)(term * 0x9e3779b97f4a7c15u >> 32) & (cap - 1);
    while (slots[i].term && slots[i].term != term)
        i = (i + 1) & (cap - 1);
    return &slots[i];
}

/* Postings refer to slots: they follow. */
static bool widen(mkg__runs *r)
{
    size_t cap = r->slot_cap * 2;
    slot *slots = mkg__calloc(cap, sizeof *slots);
    if (!slots) return false;
    for (size_t i = 0; i < r->slot_cap; i++)
        if (r->slots[i].term) *place(slots, cap, r->slots[i].term) = r->slots[i];
    for (size_t i = 0; i < r->n; i++) {
        posting *p = &r->postings[i];
        p->slot = (uint32_t)(place(slots, cap, r->slots[p->slot].term) - slots);
    }
    mkg__free(r->slots);
    r->slots = slots;
    r->slot_cap = cap;
    return true;
}

static mkg_status add_term(mkg__runs *r, uint32_t doc, mkg__term term, mkg_err *err)
{
    if (r->nslots >= r->slot_cap / 2 && !widen(r)) return mkg__nomem(err);
    slot *s = place(r->slots, r->slot_cap, term);
    if (s->n && s->doc == doc) {
        r->postings[s->last].tf++;
        return MKG_OK;
    }
    r->nslots += s->n == 0;
    s->term = term;
    s->last = (uint32_t)r->n;
    s->doc = doc;
    s->n++;
    r->postings[r->n++] = (posting){(uint32_t)(s - r->slots), doc, 1};
    return MKG_OK;
}

static int by_term(const void *a, const void *b)
{
    const slot *x = a, *y = b;
    return (x->term > y->term) - (x->term < y->term);
}

/* Bring the postings into the order of terms, documents ascending: slots are sorted,
 * and say where theirs begin. */
static mkg_status encode(mkg__runs *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    slot *list = mkg__malloc((r->nslots ? r->nslots : 1) * sizeof *list);
    size_t n = 0, at = 0;

    if (!list || !mkg__grow(&r->sorted, &r->sorted_cap, r->n, sizeof *r->sorted)) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = 0; i < r->slot_cap; i++)
        if (r->slots[i].term) list[n++] = r->slots[i];
    qsort(list, n, sizeof *list, by_term);
    for (size_t i = 0; i < n; i++) {
        place(r->slots, r->slot_cap, list[i].term)->last = (uint32_t)at;
        at += list[i].n;
    }
    for (size_t i = 0; i < r->n; i++) {
        const posting *p = &r->postings[i];
        r->sorted[r->slots[p->slot].last++] = (sorted_posting){p->doc, p->tf};
    }
    r->bytes.len = at = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t doc = 0;
        mkg__buf_put(&r->bytes, &list[i].term, sizeof list[i].term);
        mkg__buf_varint(&r->bytes, list[i].n);
        for (size_t end = at + list[i].n; at < end; at++) {
            const sorted_posting *p = &r->sorted[at];
            mkg__buf_varint(&r->bytes, p->doc - doc);
            mkg__buf_varint(&r->bytes, p->tf);
            doc = p->doc;
        }
    }
    if (r->bytes.failed) st = mkg__nomem(err);
out:
    mkg__free(list);
    return st;
}

static mkg_status open_file(mkg__runs *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    char *name = mkg__path_join(r->folder, "text-XXXXXX");
    if (!name) return mkg__nomem(err);
    r->fd = mkstemp(name);
    if (r->fd < 0 || unlink(name) != 0 || fcntl(r->fd, F_SETFD, FD_CLOEXEC) != 0)
        st = mkg__fail_errno(err, "make a temporary file", r->folder);
    mkg__free(name);
    return st;
}

static mkg_status write_run(mkg__runs *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const char *p;
    size_t left;

    if (!mkg__grow(&r->runs, &r->run_cap, r->nruns + 1, sizeof *r->runs))
        return mkg__nomem(err);
    MKG_GO(encode(r, err));
    if (r->fd < 0) MKG_GO(open_file(r, err));
    p = r->bytes.ptr;
    left = r->bytes.len;
    r->runs[r->nruns++] = (run){.at = r->written, .end = r->written + left};
    while (left > 0) {
        ssize_t k = pwrite(r->fd, p, left, (off_t)r->written);
        if (k < 0 && errno == EINTR) continue;
        if (k == 0) errno = ENOSPC;
        if (k <= 0) {
            st = mkg__fail_errno(err, "write a temporary file", r->folder);
            goto out;
        }
        p += k;
        left -= (size_t)k;
        r->written += (uint64_t)k;
    }
    memset(r->slots, 0, r->slot_cap * sizeof *r->slots);
    r->nslots = r->n = 0;
out:
    return st;
}

mkg_status mkg__runs_add(mkg__runs *r, uint32_t doc, const mkg__term *terms, size_t n,
                         mkg_err *err)
{
    mkg_status st = MKG_OK;
    if (n > UINT32_MAX / 2) return mkg__fail(err, MKG_EARG, "a text is too long");
    if (r->n > 0 && n > r->most - r->n) MKG_GO(write_run(r, err));
    if (!mkg__grow(&r->postings, &r->cap, r->n + n, sizeof *r->postings))
        return mkg__nomem(err);
    for (size_t i = 0; i < n; i++)
        MKG_GO(add_term(r, doc, terms[i], err));
out:
    return st;
}

/* ---- giving back ---- */

/* At least `n` bytes at hand, or all that are left. */
static mkg_status fill(mkg__runs *r, run *u, size_t n, mkg_err *err)
{
    size_t have = (size_t)(u->limit - u->p);
    if (have >= n || u->at == u->end) return MKG_OK;
    if (have) memmove(u->page, u->p, have);
    u->p = u->page;
    while (have < PAGE && u->at < u->end) {
        size_t want = PAGE - have;
        if (want > u->end - u->at) want = (size_t)(u->end - u->at);
        ssize_t k = pread(r->fd, u->page + have, want, (off_t)u->at);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return mkg__fail_errno(err, "read a temporary file", r->folder);
        have += (size_t)k;
        u->at += (uint64_t)k;
    }
    u->limit = u->p + have;
    return MKG_OK;
}

static mkg_status next_term(mkg__runs *r, run *u, mkg_err *err)
{
    mkg_status st = MKG_OK;
    MKG_GO(fill(r, u, 20, err));
    u->term = 0;
    u->doc = 0;
    if (u->p == u->limit) goto out;
    if (u->limit - u->p < (ptrdiff_t)sizeof u->term)
        return mkg__fail(err, MKG_EIO, "a temporary file is damaged");
    memcpy(&u->term, u->p, sizeof u->term);
    u->p += sizeof u->term;
    if (!mkg__get_varint(&u->p, u->limit, &u->left) || u->left == 0)
        st = mkg__fail(err, MKG_EIO, "a temporary file is damaged");
out:
    return st;
}

static mkg_status next_posting(mkg__runs *r, run *u, uint32_t *doc, uint32_t *tf,
                               mkg_err *err)
{
    mkg_status st = MKG_OK;
    uint64_t gap, n;
    MKG_GO(fill(r, u, 20, err));
    if (!mkg__get_varint(&u->p, u->limit, &gap) ||
        !mkg__get_varint(&u->p, u->limit, &n) || gap > UINT32_MAX - u->doc ||
        n > UINT32_MAX)
        return mkg__fail(err, MKG_EIO, "a temporary file is damaged");
    *doc = u->doc += (uint32_t)gap;
    *tf = (uint32_t)n;
    if (--u->left == 0) MKG_GO(next_term(r, u, err));
out:
    return st;
}

mkg_status mkg__runs_begin(mkg__runs *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    if (!mkg__grow(&r->runs, &r->run_cap, r->nruns + 1, sizeof *r->runs))
        return mkg__nomem(err);
    MKG_GO(encode(r, err)); /* the last run stays in memory */
    r->runs[r->nruns++] = (run){.term = 0};
    mkg__free(r->postings);
    mkg__free(r->sorted);
    mkg__free(r->slots);
    r->postings = NULL;
    r->sorted = NULL;
    r->slots = NULL;
    for (size_t i = 0; i < r->nruns; i++) {
        run *u = &r->runs[i];
        bool in_memory = i + 1 == r->nruns;
        if (!in_memory && !(u->page = mkg__malloc(PAGE))) return mkg__nomem(err);
        u->p = in_memory ? mkg__buf_cstr(&r->bytes) : u->page;
        u->limit = in_memory ? u->p + r->bytes.len : u->p;
        MKG_GO(next_term(r, u, err));
    }
out:
    return st;
}

mkg_status mkg__runs_next_term(mkg__runs *r, mkg__term *term, mkg_err *err)
{
    mkg_status st = MKG_OK;
    uint32_t doc, tf;

    while (r->term && st == MKG_OK) /* what was not asked for */
        MKG_GO(mkg__runs_next(r, &doc, &tf, err));
    r->term = 0;
    for (size_t i = 0; i < r->nruns; i++)
        if (r->runs[i].term && (!r->term || r->runs[i].term < r->term)) {
            r->term = r->runs[i].term;
            r->from = i;
        }
    *term = r->term;
    st = r->term ? MKG_OK : MKG_END;
out:
    return st;
}

mkg_status mkg__runs_next(mkg__runs *r, uint32_t *doc, uint32_t *tf, mkg_err *err)
{
    while (r->from < r->nruns && r->runs[r->from].term != r->term)
        r->from++;
    if (!r->term || r->from == r->nruns) {
        r->term = 0;
        return MKG_END;
    }
    return next_posting(r, &r->runs[r->from], doc, tf, err);
}
