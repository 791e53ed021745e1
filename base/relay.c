#include "base/relay.h"

#include "base/err.h"
#include "base/mem.h"

#include <pthread.h>

struct mkg__relay {
    mkg__relay_fn fn;
    void *ctx;
    size_t slots;
    bool begun, threaded, done; /* the caller's */
    size_t first;               /* the block that the caller has */

    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    size_t filled; /* from `first` on, that one included */
    bool ended;    /* the last is among them */
    bool quit;
};

static void *run(void *p)
{
    mkg__relay *r = p;
    pthread_mutex_lock(&r->mutex);
    while (!r->ended) {
        while (r->filled == r->slots && !r->quit)
            pthread_cond_wait(&r->cond, &r->mutex);
        if (r->quit) break;
        size_t slot = (r->first + r->filled) % r->slots;
        pthread_mutex_unlock(&r->mutex);
        bool more = r->fn(r->ctx, slot);
        pthread_mutex_lock(&r->mutex);
        r->filled++;
        r->ended = !more;
        pthread_cond_broadcast(&r->cond);
    }
    pthread_mutex_unlock(&r->mutex);
    return NULL;
}

mkg_status mkg__relay_new(size_t slots, mkg__relay_fn fn, void *ctx, mkg__relay **out,
                          mkg_err *err)
{
    mkg__relay *r = *out = mkg__calloc(1, sizeof *r);
    if (!r) return mkg__nomem(err);
    r->fn = fn;
    r->ctx = ctx;
    r->slots = slots;
    pthread_mutex_init(&r->mutex, NULL);
    pthread_cond_init(&r->cond, NULL);
    return MKG_OK;
}

void mkg__relay_free(mkg__relay *r)
{
    if (!r) return;
    if (r->threaded) {
        pthread_mutex_lock(&r->mutex);
        r->quit = true;
        pthread_cond_broadcast(&r->cond);
        pthread_mutex_unlock(&r->mutex);
        pthread_join(r->thread, NULL);
    }
    pthread_cond_destroy(&r->cond);
    pthread_mutex_destroy(&r->mutex);
    mkg__free(r);
}

static void begin(mkg__relay *r)
{
    r->begun = true;
    r->ended = !r->fn(r->ctx, 0);
    r->filled = 1;
    if (!r->ended) r->threaded = pthread_create(&r->thread, NULL, run, r) == 0;
}

static void wait_for_next(mkg__relay *r)
{
    pthread_mutex_lock(&r->mutex);
    r->first = (r->first + 1) % r->slots;
    r->filled--;
    pthread_cond_broadcast(&r->cond);
    while (r->filled == 0 && !r->ended)
        pthread_cond_wait(&r->cond, &r->mutex);
    r->done = r->filled == 0;
    pthread_mutex_unlock(&r->mutex);
}

bool mkg__relay_next(mkg__relay *r, size_t *slot)
{
    if (!r->begun) {
        begin(r);
    } else if (r->done) {
        return false;
    } else if (r->threaded) {
        wait_for_next(r);
    } else if (r->ended) {
        r->done = true;
    } else {
        r->ended = !r->fn(r->ctx, r->first);
    }
    *slot = r->first;
    return !r->done;
}
