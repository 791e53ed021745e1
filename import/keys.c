/* What the codes themselves say of what is above what: "A01.0" is below "A01",
 * "A00-A09" below "A00-B99". */
#include "import/tables_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static mkg_status state(mkg__concepts *c, const mkg__keyed *k, mkg_id above,
                        mkg_err *err)
{
    mkg_view none = {"", 0};
    if (above == k->id) return MKG_OK;
    return mkg__concepts_state(c, k->id, mkg__view("is_a", 4), above, none,
                               MKG_LANG_NONE, k->line, err);
}

static mkg_status by_prefix(mkg__keys *k, mkg__concepts *c, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__map all = {0};
    for (size_t i = 0; i < k->n; i++) {
        mkg_id *slot = mkg__map_put(&all, k->at[i].key.ptr, k->at[i].key.len);
        if (!slot) {
            st = mkg__nomem(err);
            goto out;
        }
        if (*slot == MKG_ID_NONE) *slot = k->at[i].id;
    }
    for (size_t i = 0; i < k->n; i++) {
        const mkg__keyed *x = &k->at[i];
        const mkg_id *above = NULL;
        for (size_t n = x->key.len; n > 1 && !above; n--)
            above = mkg__map_get(&all, x->key.ptr, n - 1);
        if (above) MKG_GO(state(c, x, *above, err));
    }
out:
    mkg__map_clear(&all);
    return st;
}

/* "A00-B99", or one code. */
static void ends(mkg_view key, mkg_view *low, mkg_view *high)
{
    const char *dash = key.len ? memchr(key.ptr, '-', key.len) : NULL;
    *low = *high = key;
    if (!dash) return;
    *low = mkg__trim(mkg__view(key.ptr, (size_t)(dash - key.ptr)));
    *high = mkg__trim(mkg__view(dash + 1, (size_t)(key.ptr + key.len - dash) - 1));
}

static int compare(mkg_view a, mkg_view b, bool whole)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int d = n ? memcmp(a.ptr, b.ptr, n) : 0;
    return d || !whole ? d : (a.len > b.len) - (a.len < b.len);
}

static int by_range(const void *p, const void *q)
{
    mkg_view a[2], b[2];
    const mkg__keyed *x = p, *y = q;
    ends(x->key, &a[0], &a[1]);
    ends(y->key, &b[0], &b[1]);
    int d = compare(a[0], b[0], true);
    if (!d) d = compare(b[1], a[1], true); /* the wider one first */
    return d ? d : (x->line > y->line) - (x->line < y->line);
}

/* In this order what contains a range stands on a stack when it is reached. */
static mkg_status by_containment(mkg__keys *k, mkg__concepts *c, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t depth = 0;
    const mkg__keyed **open = mkg__malloc((k->n + 1) * sizeof *open);
    if (!open) return mkg__nomem(err);
    if (k->n) qsort(k->at, k->n, sizeof *k->at, by_range);
    for (size_t i = 0; i < k->n; i++) {
        mkg_view low, high, a, b;
        ends(k->at[i].key, &low, &high);
        while (depth > 0) {
            ends(open[depth - 1]->key, &a, &b);
            if (compare(high, b, false) <= 0 && compare(low, b, false) <= 0) break;
            depth--;
        }
        if (depth > 0) MKG_GO(state(c, &k->at[i], open[depth - 1]->id, err));
        open[depth++] = &k->at[i];
    }
out:
    mkg__free(open);
    return st;
}

mkg_status mkg__keys_state(mkg__keys *k, mkg__above above, mkg__concepts *c,
                           mkg_err *err)
{
    return above == MKG_ABOVE_RANGE ? by_containment(k, c, err) : by_prefix(k, c, err);
}
