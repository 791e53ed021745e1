#include "base/pool.h"

#include "base/err.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

typedef struct job {
    mkg__block_fn fn;
    void *ctx;
    size_t n, block;
    atomic_size_t next;
    atomic_bool stop;
} job;

typedef struct worker {
    job *job;
    unsigned number;
    pthread_t thread;
    mkg_status st;
    mkg_err err;
} worker;

static void *run(void *p)
{
    worker *w = p;
    job *j = w->job;
    while (!atomic_load(&j->stop)) {
        size_t from = atomic_fetch_add(&j->next, j->block);
        if (from >= j->n) break;
        size_t to = j->n - from < j->block ? j->n : from + j->block;
        w->st = j->fn(j->ctx, from, to, w->number, &w->err);
        if (w->st < 0) atomic_store(&j->stop, true);
    }
    return NULL;
}

mkg_status mkg__par_for(unsigned threads, size_t n, size_t block, mkg__block_fn fn,
                        void *ctx, mkg_err *err)
{
    mkg_status st = MKG_OK;
    job j = {.fn = fn, .ctx = ctx, .n = n, .block = block ? block : 1};
    size_t blocks = n / j.block + (n % j.block != 0);
    unsigned started = 1;

    if (threads == 0) threads = mkg__cores();
    if (threads > blocks) threads = blocks ? (unsigned)blocks : 1;
    worker *w = mkg__calloc(threads, sizeof *w);
    if (!w) return mkg__nomem(err);
    for (unsigned i = 0; i < threads; i++) {
        w[i].job = &j;
        w[i].number = i;
    }
    /* Fewer threads than asked for is slower, not wrong. */
    while (started < threads &&
           pthread_create(&w[started].thread, NULL, run, &w[started]) == 0)
        started++;
    run(&w[0]);
    for (unsigned i = 1; i < started; i++)
        pthread_join(w[i].thread, NULL);
    for (unsigned i = 0; i < started && st >= 0; i++) {
        if (w[i].st < 0) {
            st = w[i].st;
            if (err) *err = w[i].err;
        }
    }
    mkg__free(w);
    return st;
}

unsigned mkg__cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 256 ? 256 : (unsigned)n;
}

double mkg__now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}
