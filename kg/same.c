#include "kg/same.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

static bool among(const mkg_id *ids, size_t n, mkg_id id)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id) return true;
    return false;
}

static int by_id(const void *a, const void *b)
{
    const mkg_id *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Add what one fact away is the same as `node`. */
static mkg_status add_next(mkg_kg *kg, mkg_id node, mkg_id relation, size_t first,
                           mkg_edges *edges, mkg_ids *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_fact f;

    edges->n = 0;
    for (int inverse = 0; inverse < 2; inverse++)
        MKG_GO(mkg_kg_edges(kg, node, relation, inverse, 0, edges, err));
    for (size_t i = 0; i < edges->n && out->n - first < MKG_SAME_MAX; i++) {
        mkg_id other = edges->edges[i].other;
        if (!other || among(out->ids + first, out->n - first, other)) continue;
        MKG_GO(mkg_kg_fact(kg, edges->edges[i].fact, &f, err));
        if (st != MKG_OK || f.denied) continue;
        if (!mkg__grow(&out->ids, &out->cap, out->n + 1, sizeof *out->ids)) {
            st = mkg__nomem(err);
            goto out;
        }
        out->ids[out->n++] = other;
    }
out:
    return st < 0 ? st : MKG_OK;
}

mkg_status mkg_kg_same(mkg_kg *kg, mkg_id node, mkg_ids *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_edges edges = {0};
    size_t first = out->n;
    const mkg_relation *same =
        mkg_kg_find_relation(kg, mkg__view(MKG_SAME_AS, strlen(MKG_SAME_AS)));

    if (!mkg__grow(&out->ids, &out->cap, out->n + 1, sizeof *out->ids))
        return mkg__nomem(err);
    out->ids[out->n++] = node;
    for (size_t i = first; same && i < out->n; i++)
        MKG_GO(add_next(kg, out->ids[i], same->id, first, &edges, out, err));
    size_t others = out->n - first - 1;
    if (others > 1) qsort(out->ids + first + 1, others, sizeof *out->ids, by_id);
out:
    mkg_edges_clear(&edges);
    return st;
}

mkg_status mkg_kg_distinct(mkg_kg *kg, mkg_ids *ids, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_ids same = {0};
    size_t kept = 0;

    for (size_t i = 0; i < ids->n; i++) {
        bool before = false;
        same.n = 0;
        if (ids->n > 1) MKG_GO(mkg_kg_same(kg, ids->ids[i], &same, err));
        for (size_t k = 1; k < same.n && !before; k++)
            before = among(ids->ids, kept, same.ids[k]);
        if (!before) ids->ids[kept++] = ids->ids[i];
    }
    ids->n = kept;
out:
    mkg_ids_clear(&same);
    return st;
}
