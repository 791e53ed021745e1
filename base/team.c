#include "base/team.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { SPINS = 4000 };

/* `state` holds the number of the job in its upper half and the blocks that nobody has
 * taken yet in its lower half. Who takes one does so by compare-and-swap on both: the
 * fields of the job, read before, then belong to that job, since the next one is not
 * written before all blocks of this one are done. */
struct mkg__team {
    _Alignas(64) atomic_uint_fast64_t state;
    _Alignas(64) atomic_size_t done;
    _Alignas(64) _Atomic(mkg__team_fn) fn;
    _Atomic(void *) ctx;
    atomic_size_t n, block, blocks;
    atomic_uint sleepers;
    atomic_bool quit;
    unsigned threads;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct member {
        mkg__team *team;
        pthread_t id;
        unsigned number;
    } * members;
};

static uint64_t untaken(uint64_t state)
{
    return state & 0xffffffff;
}

static void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* Take a block and work on it; false if there is none. */
static bool work(mkg__team *t, unsigned thread)
{
    uint64_t state = atomic_load(&t->state);
    while (untaken(state)) {
        mkg__team_fn fn = atomic_load_explicit(&t->fn, memory_order_relaxed);
        void *ctx = atomic_load_explicit(&t->ctx, memory_order_relaxed);
        size_t n = atomic_load_explicit(&t->n, memory_order_relaxed);
        size_t block = atomic_load_explicit(&t->block, memory_order_relaxed);
        size_t blocks = atomic_load_explicit(&t->blocks, memory_order_relaxed);
        if (!atomic_compare_exchange_weak(&t->state, &state, state - 1)) continue;
        size_t from = (blocks - (size_t)untaken(state)) * block;
        fn(ctx, from, n - from < block ? n : from + block, thread);
        atomic_fetch_add(&t->done, 1);
        return true;
    }
    return false;
}

static void sleep_until_work(mkg__team *t)
{
    pthread_mutex_lock(&t->lock);
    atomic_fetch_add(&t->sleepers, 1);
    while (!untaken(atomic_load(&t->state)) && !atomic_load(&t->quit))
        pthread_cond_wait(&t->wake, &t->lock);
    atomic_fetch_sub(&t->sleepers, 1);
    pthread_mutex_unlock(&t->lock);
}

static void *member_main(void *p)
{
    struct member *m = p;
    mkg__team *t = m->team;
    unsigned idle = 0;
    while (!atomic_load_explicit(&t->quit, memory_order_relaxed)) {
        if (work(t, m->number)) {
            idle = 0;
        } else if (++idle < SPINS) {
            pause_briefly();
        } else {
            sleep_until_work(t);
            idle = 0;
        }
    }
    return NULL;
}

static void wake_all(mkg__team *t)
{
    if (!atomic_load(&t->sleepers)) return;
    pthread_mutex_lock(&t->lock);
    pthread_cond_broadcast(&t->wake);
    pthread_mutex_unlock(&t->lock);
}

void mkg__team_run(mkg__team *t, size_t n, size_t block, mkg__team_fn fn, void *ctx)
{
    if (n == 0) return;
    size_t most = n / UINT32_MAX + 1; /* the count of blocks has 32 bits */
    if (block < most) block = most;
    size_t blocks = n / block + (n % block != 0);
    if (t->threads == 1 || blocks == 1) {
        fn(ctx, 0, n, 0);
        return;
    }
    atomic_store_explicit(&t->fn, fn, memory_order_relaxed);
    atomic_store_explicit(&t->ctx, ctx, memory_order_relaxed);
    atomic_store_explicit(&t->n, n, memory_order_relaxed);
    atomic_store_explicit(&t->block, block, memory_order_relaxed);
    atomic_store_explicit(&t->blocks, blocks, memory_order_relaxed);
    atomic_store_explicit(&t->done, 0, memory_order_relaxed);
    uint64_t job = (atomic_load(&t->state) >> 32) + 1;
    atomic_store(&t->state, job << 32 | blocks);
    wake_all(t);
    while (work(t, 0))
        ;
    /* The others finish what they have taken; if one of them has lost its core, give
     * it ours. */
    for (unsigned spins = 0; atomic_load(&t->done) != blocks; spins++)
        if (spins < SPINS)
            pause_briefly();
        else
            sched_yield();
}

mkg_status mkg__team_new(unsigned threads, mkg__team **out, mkg_err *err)
{
    mkg__team *t = mkg__aligned(sizeof *t);

    *out = NULL;
    if (!t) return mkg__nomem(err);
    if (threads == 0) threads = mkg__cores();
    t->members = mkg__calloc(threads, sizeof *t->members);
    if (!t->members) {
        mkg__free(t);
        return mkg__nomem(err);
    }
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->wake, NULL);
    t->threads = 1;
    for (unsigned i = 1; i < threads; i++) {
        struct member *m = &t->members[i];
        *m = (struct member){.team = t, .number = i};
        if (pthread_create(&m->id, NULL, member_main, m) != 0) break;
        t->threads++;
    }
    *out = t;
    return MKG_OK;
}

void mkg__team_free(mkg__team *t)
{
    if (!t) return;
    pthread_mutex_lock(&t->lock);
    atomic_store(&t->quit, true);
    pthread_cond_broadcast(&t->wake);
    pthread_mutex_unlock(&t->lock);
    for (unsigned i = 1; i < t->threads; i++)
        pthread_join(t->members[i].id, NULL);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->wake);
    mkg__free(t->members);
    mkg__free(t);
}

unsigned mkg__team_threads(const mkg__team *t)
{
    return t->threads;
}
