/* Rings in the hierarchy of a file. */
#include "import/concepts_internal.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

mkg_status mkg__links_add(mkg__links *l, mkg_id from, mkg_id to, uint64_t line,
                          mkg_err *err)
{
    if (!mkg__grow(&l->at, &l->cap, l->n + 1, sizeof *l->at)) return mkg__nomem(err);
    l->at[l->n++] = (mkg__link){from, to, line};
    return MKG_OK;
}

void mkg__links_clear(mkg__links *l)
{
    mkg__free(l->at);
    memset(l, 0, sizeof *l);
}

static int by_start(const void *a, const void *b)
{
    const mkg__link *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

/* Depth first: a link to a node that is on the way down closes a ring. */
mkg_status mkg__links_rings(mkg__links *l, size_t nodes, mkg__ring_fn fn, void *ctx,
                            mkg_err *err)
{
    enum { NEW, ON_THE_WAY, DONE };
    mkg_status st = MKG_OK;
    if (l->n == 0) return MKG_OK;
    qsort(l->at, l->n, sizeof *l->at, by_start);
    size_t *next = mkg__calloc(nodes + 2, sizeof *next); /* first link not yet gone */
    mkg_id *way = mkg__calloc(nodes + 1, sizeof *way);
    unsigned char *state = mkg__calloc(nodes + 1, 1);
    if (!next || !way || !state) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = l->n; i-- > 0;)
        next[l->at[i].from] = i + 1;
    for (mkg_id start = 1; start <= nodes; start++) {
        size_t depth = 0;
        if (state[start] != NEW) continue;
        way[depth++] = start;
        state[start] = ON_THE_WAY;
        while (depth) {
            mkg_id u = way[depth - 1];
            const mkg__link *k = next[u] ? &l->at[next[u] - 1] : NULL;
            if (!k) {
                state[u] = DONE;
                depth--;
                continue;
            }
            bool last = next[u] == l->n || l->at[next[u]].from != u;
            next[u] = last ? 0 : next[u] + 1;
            if (state[k->to] == ON_THE_WAY) {
                fn(ctx, k);
            } else if (state[k->to] == NEW) {
                way[depth++] = k->to;
                state[k->to] = ON_THE_WAY;
            }
        }
    }
out:
    mkg__free(next);
    mkg__free(way);
    mkg__free(state);
    return st;
}
