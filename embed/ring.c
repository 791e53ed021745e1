#include "embed/ring.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/pool.h"

#include <pthread.h>

typedef enum slot_state { EMPTY, MAKING, FULL, USING } slot_state;

typedef struct slot {
    slot_state state;
    size_t block;
} slot;

typedef struct ring {
    const mkg__ring_work *work;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    slot *slot;
    size_t begun; /* blocks that were given to a thread to make */
    size_t next;  /* the block to be used next, if ordered */
    size_t used;
    bool stop;
} ring;

/* What a thread can do now: the slot and, in its new state, what with it. NULL if it
 * has to wait. */
static slot *pick(ring *r)
{
    slot *empty = NULL;
    for (size_t i = 0; i < r->work->slots; i++) {
        slot *s = &r->slot[i];
        if (s->state == FULL && (!r->work->ordered || s->block == r->next)) {
            s->state = USING;
            return s;
        }
        if (s->state == EMPTY) empty = s;
    }
    if (!empty || r->begun == r->work->blocks) return NULL;
    empty->state = MAKING;
    empty->block = r->begun++;
    return empty;
}

static void finish(ring *r, slot *s, mkg_status st)
{
    if (st < 0) r->stop = true;
    if (s->state == MAKING) {
        s->state = FULL;
    } else {
        s->state = EMPTY;
        r->used++;
        r->next++;
    }
    pthread_cond_broadcast(&r->changed);
}

static mkg_status work(void *ctx, size_t from, size_t to, unsigned thread, mkg_err *err)
{
    ring *r = ctx;
    mkg_status st = MKG_OK;
    (void)from;
    (void)to;
    pthread_mutex_lock(&r->lock);
    while (st >= 0 && !r->stop && r->used < r->work->blocks) {
        slot *s = pick(r);
        if (!s) {
            pthread_cond_wait(&r->changed, &r->lock);
            continue;
        }
        mkg__ring_fn fn = s->state == MAKING ? r->work->make : r->work->use;
        pthread_mutex_unlock(&r->lock);
        st = fn(r->work->ctx, s->block, (size_t)(s - r->slot), thread, err);
        pthread_mutex_lock(&r->lock);
        finish(r, s, st);
    }
    pthread_mutex_unlock(&r->lock);
    return st;
}

mkg_status mkg__ring_run(unsigned threads, const mkg__ring_work *w, mkg_err *err)
{
    ring r = {.work = w};
    if (threads == 0) threads = mkg__cores();
    r.slot = mkg__calloc(w->slots, sizeof *r.slot);
    if (!r.slot) return mkg__nomem(err);
    pthread_mutex_init(&r.lock, NULL);
    pthread_cond_init(&r.changed, NULL);
    mkg_status st = mkg__par_for(threads, threads, 1, work, &r, err);
    pthread_cond_destroy(&r.changed);
    pthread_mutex_destroy(&r.lock);
    mkg__free(r.slot);
    return st;
}
