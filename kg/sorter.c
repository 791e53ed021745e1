/* External merge sort of records of one size. Runs are sorted in place (American flag
 * sort: McIlroy, Bostic, McIlroy, "Engineering Radix Sort", 1993) and merged by a loser
 * tree (Knuth, TAOCP 3, 5.4.1). All runs stay in memory, or all go into the file: what
 * is left of the budget is then for the buffers of the merge. */
#include "kg/sorter_internal.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/relay.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RECORD_MAX = 64,
    LEAST = 512,         /* records that the memory must hold */
    FIRST = 16 << 10,    /* a buffer starts with this and grows to a whole run */
    RUN_MAX = 16 << 20,  /* more is no quicker: the caches are smaller still */
    READ_MIN = 16 << 10, /* fewer bytes at a time and the merge waits for the disk */
    BLOCKS = 3,
    BLOCK_MAX = 64 << 10, /* of merged records, handed over at a time */
    SMALL = 24            /* records that insertion sorts quicker than counting */
};

/* A sorted run: in memory, or `n` bytes of the file from `at` on. */
typedef struct run {
    unsigned char *mem;
    uint64_t at, n;
} run;

/* A run in the merge: bytes [pos, end) of `buf` are the next of it. */
typedef struct source {
    uint64_t prefix; /* first eight bytes of the record in front, as a number */
    const unsigned char *front; /* NULL: the run has ended */
    unsigned char *buf;
    size_t pos, end;
    uint64_t file_at, file_left;
} source;

/* Merged records on their way to the caller. */
typedef struct block {
    unsigned char *mem;
    size_t n;      /* bytes */
    mkg_status st; /* behind them: MKG_OK: more follow, MKG_END, or what went wrong */
    mkg_err err;
} block;

struct mkg__sorter {
    const char *folder;
    size_t record, memory, run_bytes;
    uint64_t count;
    unsigned char *buf; /* being filled */
    size_t used, cap;
    bool many; /* more than one buffer was filled */
    run *runs;
    size_t nruns, runs_cap, in_memory; /* in_memory: bytes of runs there */
    int fd;
    uint64_t file_end;

    /* The second thread: it works on `handed` while that is not NULL. */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool threaded, quit;
    unsigned char *handed, *spare;
    size_t handed_bytes;
    mkg_status st; /* of the second thread, for the caller's next call */
    mkg_err err;

    /* The merge. */
    bool merging;
    source *sources;
    size_t *tree; /* tree[0]: who is in front; the rest: who lost there */
    size_t nsources;
    unsigned char *read_buf;
    unsigned char last[RECORD_MAX];

    /* Several runs are merged on a second thread, too. */
    mkg__relay *relay;
    block blocks[BLOCKS];
    size_t block_bytes;
    const block *front; /* the caller's, NULL before the first */
    size_t at;
};

/* ---- sorting a run ---- */

static inline void copy(void *to, const void *from, size_t n)
{
    switch (n) { /* sizes that the writer uses: the compiler knows these */
    case 8:
        memcpy(to, from, 8);
        break;
    case 16:
        memcpy(to, from, 16);
        break;
    case 28:
        memcpy(to, from, 28);
        break;
    default:
        memcpy(to, from, n);
    }
}

static inline void swap(unsigned char *a, unsigned char *b, size_t n)
{
    unsigned char t[RECORD_MAX];
    copy(t, a, n);
    copy(a, b, n);
    copy(b, t, n);
}

static void insertion_sort(unsigned char *p, size_t n, size_t size, size_t depth)
{
    unsigned char t[RECORD_MAX];
    for (size_t i = 1; i < n; i++) {
        size_t k = i;
        unsigned char *x = p + i * size;
        if (memcmp(x - size + depth, x + depth, size - depth) <= 0) continue;
        copy(t, x, size);
        for (; k > 0 && memcmp(p + (k - 1) * size + depth, t + depth, size - depth) > 0;
             k--)
            copy(p + k * size, p + (k - 1) * size, size);
        copy(p + k * size, t, size);
    }
}

/* Records that agree in the first `depth` bytes. */
static void radix_sort(unsigned char *p, size_t n, size_t size, size_t depth)
{
    size_t count[256], start[256], end[256];

    for (;; depth++) {
        if (n <= SMALL) {
            if (depth < size) insertion_sort(p, n, size, depth);
            return;
        }
        if (depth == size) return;
        memset(count, 0, sizeof count);
        for (size_t i = 0; i < n; i++)
            count[p[i * size + depth]]++;
        if (count[p[depth]] < n) break; /* else all have the same byte here */
    }
    for (size_t b = 0, at = 0; b < 256; b++) {
        start[b] = at;
        at += count[b];
        end[b] = at;
    }
    for (size_t b = 0; b < 256; b++) {
        while (start[b] < end[b]) {
            unsigned char *x = p + start[b] * size;
            unsigned to = x[depth];
            if (to == b)
                start[b]++;
            else
                swap(x, p + start[to]++ * size, size);
        }
    }
    for (size_t b = 0; b < 256; b++)
        if (count[b] > 1)
            radix_sort(p + (end[b] - count[b]) * size, count[b], size, depth + 1);
}

/* ---- runs ---- */

static mkg_status write_run(mkg__sorter *s, run *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    if (s->fd < 0) MKG_GO(mkg__spill_open(s->folder, &s->fd, err));
    MKG_GO(mkg__spill_write(s->fd, r->mem, (size_t)r->n, s->file_end, err));
    r->at = s->file_end;
    s->file_end += r->n;
out:
    return st;
}

static mkg_status spill_all(mkg__sorter *s, mkg_err *err)
{
    for (size_t i = 0; i < s->nruns; i++) {
        run *r = &s->runs[i];
        if (!r->mem) continue;
        mkg_status st = write_run(s, r, err);
        if (st < 0) return st;
        mkg__free(r->mem);
        r->mem = NULL;
    }
    s->in_memory = 0;
    return MKG_OK;
}

/* Sort a full buffer and make a run of it. The buffer is given back in s->spare if it
 * went into the file. Runs on either thread, on one at a time. */
static mkg_status settle(mkg__sorter *s, unsigned char *buf, size_t bytes, mkg_err *err)
{
    mkg_status st = MKG_OK;
    run r = {.mem = buf, .n = bytes};

    radix_sort(buf, bytes / s->record, s->record, 0);
    if (!mkg__grow(&s->runs, &s->runs_cap, s->nruns + 1, sizeof *s->runs)) {
        st = mkg__nomem(err);
        goto out;
    }
    /* Two more buffers are in use: one being filled, one being sorted. */
    if (s->fd >= 0 || s->in_memory + 3 * s->run_bytes > s->memory) {
        MKG_GO(spill_all(s, err));
        MKG_GO(write_run(s, &r, err));
        s->spare = buf;
        r.mem = NULL;
    } else {
        s->in_memory += s->run_bytes;
    }
    s->runs[s->nruns++] = r;
    return MKG_OK;
out:
    mkg__free(buf);
    return st;
}

static void *work(void *p)
{
    mkg__sorter *s = p;
    pthread_mutex_lock(&s->mutex);
    for (;;) {
        while (!s->handed && !s->quit)
            pthread_cond_wait(&s->cond, &s->mutex);
        if (!s->handed) break;
        unsigned char *buf = s->handed;
        pthread_mutex_unlock(&s->mutex);
        mkg_err err;
        mkg_status st = settle(s, buf, s->handed_bytes, &err);
        pthread_mutex_lock(&s->mutex);
        s->handed = NULL;
        if (st < 0) {
            s->st = st;
            s->err = err;
        }
        pthread_cond_broadcast(&s->cond);
    }
    pthread_mutex_unlock(&s->mutex);
    return NULL;
}

/* Wait until the second thread has nothing to do, and hear what became of it. */
static mkg_status wait_for_thread(mkg__sorter *s, mkg_err *err)
{
    if (!s->threaded) return MKG_OK;
    pthread_mutex_lock(&s->mutex);
    while (s->handed)
        pthread_cond_wait(&s->cond, &s->mutex);
    mkg_status st = s->st;
    if (st < 0 && err) *err = s->err;
    pthread_mutex_unlock(&s->mutex);
    return st;
}

static void stop_thread(mkg__sorter *s)
{
    if (!s->threaded) return;
    pthread_mutex_lock(&s->mutex);
    s->quit = true;
    pthread_cond_broadcast(&s->cond);
    pthread_mutex_unlock(&s->mutex);
    pthread_join(s->thread, NULL);
    s->threaded = false;
}

/* The buffer is full: hand it over and take another. */
static mkg_status hand_over(mkg__sorter *s, mkg_err *err)
{
    mkg_status st = wait_for_thread(s, err);
    if (st < 0) return st;
    /* Without a thread it is slower, not wrong. */
    if (!s->threaded) s->threaded = pthread_create(&s->thread, NULL, work, s) == 0;
    unsigned char *full = s->buf;
    s->many = true;
    s->buf = s->spare;
    s->cap = s->spare ? s->run_bytes : 0;
    s->spare = NULL;
    size_t bytes = s->used;
    s->used = 0;
    if (!s->threaded) return settle(s, full, bytes, err);
    pthread_mutex_lock(&s->mutex);
    s->handed = full;
    s->handed_bytes = bytes;
    pthread_cond_broadcast(&s->cond);
    pthread_mutex_unlock(&s->mutex);
    return MKG_OK;
}

/* ---- adding ---- */

mkg_status mkg__sorter_new(const char *folder, size_t record, size_t memory,
                           mkg__sorter **out, mkg_err *err)
{
    mkg__sorter *s = mkg__calloc(1, sizeof *s);
    *out = NULL;
    if (!s) return mkg__nomem(err);
    s->folder = folder;
    s->record = record;
    s->memory = memory > LEAST * record ? memory : LEAST * record;
    s->run_bytes = s->memory / 8 < RUN_MAX ? s->memory / 8 : RUN_MAX;
    s->run_bytes -= s->run_bytes % record;
    s->fd = -1;
    pthread_mutex_init(&s->mutex, NULL);
    pthread_cond_init(&s->cond, NULL);
    *out = s;
    return MKG_OK;
}

void mkg__sorter_free(mkg__sorter *s)
{
    if (!s) return;
    stop_thread(s);
    mkg__relay_free(s->relay);
    for (size_t i = 0; i < BLOCKS; i++)
        mkg__free(s->blocks[i].mem);
    pthread_cond_destroy(&s->cond);
    pthread_mutex_destroy(&s->mutex);
    for (size_t i = 0; i < s->nruns; i++)
        mkg__free(s->runs[i].mem);
    mkg__free(s->runs);
    mkg__free(s->buf);
    mkg__free(s->spare);
    mkg__free(s->sources);
    mkg__free(s->tree);
    mkg__free(s->read_buf);
    if (s->fd >= 0) close(s->fd);
    mkg__free(s);
}

uint64_t mkg__sorter_count(const mkg__sorter *s)
{
    return s->count;
}

uint64_t mkg__sorter_spilled(const mkg__sorter *s)
{
    return s->file_end;
}

static mkg_status grow(mkg__sorter *s, mkg_err *err)
{
    size_t cap = s->cap ? s->cap * 4 : FIRST;
    if (s->many || cap > s->run_bytes) cap = s->run_bytes;
    unsigned char *p = mkg__large(cap);
    if (!p) return mkg__nomem(err);
    if (s->used) memcpy(p, s->buf, s->used);
    mkg__free(s->buf);
    s->buf = p;
    s->cap = cap;
    return MKG_OK;
}

mkg_status mkg__sorter_add(mkg__sorter *s, const void *record, mkg_err *err)
{
    mkg_status st = MKG_OK;
    if (s->used + s->record > s->cap) {
        if (s->used && s->used + s->record > s->run_bytes) MKG_GO(hand_over(s, err));
        if (s->used + s->record > s->cap) MKG_GO(grow(s, err));
    }
    copy(s->buf + s->used, record, s->record);
    s->used += s->record;
    s->count++;
out:
    return st;
}

/* ---- merging ---- */

static void show_front(mkg__sorter *s, source *x)
{
    x->front = x->buf + x->pos;
    x->prefix = 0;
    size_t n = s->record < 8 ? s->record : 8;
    for (size_t i = 0; i < 8; i++)
        x->prefix = x->prefix << 8 | (i < n ? x->front[i] : 0);
}

/* The next record of a run to its front. `room` bytes of the file are read at a time.
 */
static mkg_status advance(mkg__sorter *s, source *x, size_t room, mkg_err *err)
{
    if (x->front) x->pos += s->record;
    x->front = NULL;
    if (x->pos == x->end) {
        if (!x->file_left) return MKG_OK;
        size_t n = x->file_left < room ? (size_t)x->file_left : room;
        mkg_status st = mkg__spill_read(s->fd, x->buf, n, x->file_at, err);
        if (st < 0) return st;
        x->file_at += n;
        x->file_left -= n;
        x->pos = 0;
        x->end = n;
    }
    show_front(s, x);
    return MKG_OK;
}

/* Does a come before b? A run that has ended comes last. */
static inline bool before(const mkg__sorter *s, size_t a, size_t b)
{
    const source *x = &s->sources[a], *y = &s->sources[b];
    if (!x->front || !y->front) return x->front != NULL;
    if (x->prefix != y->prefix) return x->prefix < y->prefix;
    int c = memcmp(x->front, y->front, s->record);
    return c ? c < 0 : a < b;
}

/* Source i has a new front: play its way up the tree. */
static void replay(mkg__sorter *s, size_t i)
{
    size_t winner = i;
    for (size_t at = (i + s->nsources) / 2; at > 0; at /= 2)
        if (before(s, s->tree[at], winner)) {
            size_t loser = winner;
            winner = s->tree[at];
            s->tree[at] = loser;
        }
    s->tree[0] = winner;
}

/* The first round: winners move up, losers stay. */
static size_t play(mkg__sorter *s, size_t at)
{
    if (at >= s->nsources) return at - s->nsources;
    size_t a = play(s, 2 * at), b = play(s, 2 * at + 1);
    bool first = before(s, a, b);
    s->tree[at] = first ? b : a;
    return first ? a : b;
}

/* Bytes of each run that a merge of n of them reads at a time. */
static size_t read_room(const mkg__sorter *s, size_t n, size_t memory)
{
    size_t room = memory / n;
    if (room > RUN_MAX / 4) room = RUN_MAX / 4;
    room -= room % s->record;
    return room ? room : s->record;
}

/* Begin the merge of runs [from, to). */
static mkg_status begin_merge(mkg__sorter *s, size_t from, size_t to, size_t memory,
                              mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t n = to - from, room = n ? read_room(s, n, memory) : 0;

    mkg__free(s->sources);
    mkg__free(s->tree);
    s->nsources = n;
    s->sources = mkg__calloc(n, sizeof *s->sources);
    s->tree = mkg__calloc(n, sizeof *s->tree);
    if (!s->read_buf && s->fd >= 0 && n) s->read_buf = mkg__malloc(room * n);
    if (!s->sources || !s->tree || (s->fd >= 0 && n && !s->read_buf)) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        source *x = &s->sources[i];
        const run *r = &s->runs[from + i];
        if (r->mem) {
            x->buf = r->mem;
            x->end = (size_t)r->n;
        } else {
            x->buf = s->read_buf + i * room;
            x->file_at = r->at;
            x->file_left = r->n;
        }
        MKG_GO(advance(s, x, room, err));
    }
    if (n) s->tree[0] = n > 1 ? play(s, 1) : 0;
out:
    return st;
}

/* The next record to `to`. */
static mkg_status next_merged(mkg__sorter *s, size_t memory, unsigned char *to,
                              mkg_err *err)
{
    if (!s->nsources) return MKG_END;
    source *x = &s->sources[s->tree[0]];
    if (!x->front) return MKG_END;
    copy(to, x->front, s->record);
    mkg_status st = advance(s, x, read_room(s, s->nsources, memory), err);
    if (st < 0) return st;
    replay(s, s->tree[0]);
    return MKG_OK;
}

/* Merge runs [from, to) of the old file into one of a new file. */
static mkg_status merge_some(mkg__sorter *s, size_t from, size_t to, int fd,
                             uint64_t *end, unsigned char *out_buf, size_t out_cap,
                             size_t memory, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t n = 0;
    MKG_GO(begin_merge(s, from, to, memory, err));
    while ((st = next_merged(s, memory, out_buf + n, err)) == MKG_OK) {
        n += s->record;
        if (n + s->record <= out_cap) continue;
        MKG_GO(mkg__spill_write(fd, out_buf, n, *end, err));
        *end += n;
        n = 0;
    }
    if (st < 0) goto out;
    MKG_GO(mkg__spill_write(fd, out_buf, n, *end, err));
    *end += n;
    st = MKG_OK;
out:
    return st;
}

/* Too many runs to read at once: merge them by groups of `fan` into a new file. */
static mkg_status merge_level(mkg__sorter *s, size_t fan, mkg_err *err)
{
    mkg_status st = MKG_OK;
    int fd = -1;
    size_t n = 0, half = s->memory / 2 - s->memory / 2 % s->record;
    uint64_t end = 0;
    unsigned char *out_buf = mkg__malloc(half);

    if (!out_buf) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(mkg__spill_open(s->folder, &fd, err));
    for (size_t from = 0, to; from < s->nruns; from = to) {
        to = s->nruns - from < fan ? s->nruns : from + fan;
        run r = {.at = end};
        MKG_GO(merge_some(s, from, to, fd, &end, out_buf, half, half, err));
        r.n = end - r.at;
        s->runs[n++] = r; /* behind it nothing is needed any more */
        mkg__free(s->read_buf);
        s->read_buf = NULL;
    }
    s->nruns = n;
    close(s->fd);
    s->fd = fd;
    s->file_end = end;
    fd = -1;
out:
    if (fd >= 0) close(fd);
    mkg__free(out_buf);
    return st;
}

/* The last buffer, and what there is too much of. */
static mkg_status end_adding(mkg__sorter *s, mkg_err *err)
{
    mkg_status st = wait_for_thread(s, err);
    if (st < 0) return st;
    stop_thread(s);
    unsigned char *last = s->buf;
    s->buf = NULL;
    mkg__free(s->spare);
    s->spare = NULL;
    if (s->used)
        MKG_GO(settle(s, last, s->used, err));
    else
        mkg__free(last);
    s->used = s->cap = 0;
    mkg__free(s->spare);
    s->spare = NULL;
    size_t least = s->memory / 64 < READ_MIN ? s->memory / 64 : READ_MIN;
    if (least < s->record) least = s->record;
    size_t fan = s->memory / 2 / least;
    while (s->fd >= 0 && s->nruns > fan)
        MKG_GO(merge_level(s, fan, err));
    s->merging = true;
out:
    return st;
}

static bool fill(void *ctx, size_t slot)
{
    mkg__sorter *s = ctx;
    block *b = &s->blocks[slot];
    b->st = MKG_OK;
    for (b->n = 0; b->n < s->block_bytes && b->st == MKG_OK;) {
        b->st = next_merged(s, s->memory, b->mem + b->n, &b->err);
        if (b->st == MKG_OK) b->n += s->record;
    }
    return b->st == MKG_OK;
}

static mkg_status begin_relay(mkg__sorter *s, mkg_err *err)
{
    size_t most = s->memory / 64 < BLOCK_MAX ? s->memory / 64 : BLOCK_MAX;
    s->block_bytes = most < s->record ? s->record : most - most % s->record;
    for (size_t i = 0; i < BLOCKS; i++)
        if (!s->blocks[i].mem && !(s->blocks[i].mem = mkg__malloc(s->block_bytes)))
            return mkg__nomem(err);
    return mkg__relay_new(BLOCKS, fill, s, &s->relay, err);
}

mkg_status mkg__sorter_rewind(mkg__sorter *s, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__relay_free(s->relay);
    s->relay = NULL;
    s->front = NULL;
    if (!s->merging) MKG_GO(end_adding(s, err));
    MKG_GO(begin_merge(s, 0, s->nruns, s->memory, err));
    if (s->nsources > 1) st = begin_relay(s, err);
out:
    return st;
}

mkg_status mkg__sorter_next(mkg__sorter *s, const unsigned char **record, mkg_err *err)
{
    if (!s->relay) {
        *record = s->last;
        return next_merged(s, s->memory, s->last, err);
    }
    while (!s->front || s->at == s->front->n) {
        size_t slot;
        if (s->front && s->front->st < 0 && err) *err = s->front->err;
        if (s->front && s->front->st != MKG_OK) return s->front->st;
        if (!mkg__relay_next(s->relay, &slot)) return MKG_END;
        s->front = &s->blocks[slot];
        s->at = 0;
    }
    *record = s->front->mem + s->at;
    s->at += s->record;
    return MKG_OK;
}
