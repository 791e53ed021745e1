/* What differs between two sources: their facts in the order of ids, side by side. */
#include "kg/kg_internal.h"

#include "base/err.h"

#include <string.h>

typedef struct side {
    mkg_id source, fact;
    bool end;
} side;

static mkg_status step(mkg_kg *kg, side *s, mkg_err *err)
{
    mkg_status st = mkg_kg_next_source_fact(kg, s->source, &s->fact, err);
    s->end = st != MKG_OK;
    return st < 0 ? st : MKG_OK;
}

/* The fact with all its attributions, and the one of the source. */
static mkg_status read_side(mkg_kg *kg, mkg_id fact, mkg_id source, mkg_fact *f,
                            mkg_attribution *a, mkg_err *err)
{
    unsigned char key[4];
    mkg_view record;
    mkg__be32(key, fact);
    mkg_status st =
        mkg__db_get(kg->read, MKG_DB_FACT, mkg__view((char *)key, 4), &record, err);
    if (st == MKG_OK) st = mkg__fact_decode(fact, record, NULL, f, err);
    for (size_t i = 0; st == MKG_OK && mkg_fact_attribution(f, i, a); i++)
        if (a->source == source) return MKG_OK;
    return st < 0 ? st
                  : mkg__fail(err, MKG_ESTORE,
                              "the store is damaged: fact %u does not name "
                              "source %u",
                              (unsigned)fact, (unsigned)source);
}

/* A place that moved is no change; what the source says of the fact is. */
static bool same(const mkg_attribution *a, const mkg_attribution *b)
{
    return a->weight == b->weight && mkg__view_eq(a->grade, b->grade) &&
           mkg__view_eq(a->population, b->population);
}

static mkg_status tell(mkg_kg *kg, mkg_difference what, const mkg_fact *f,
                       const mkg_attribution *before, const mkg_attribution *after,
                       mkg_diff_fn fn, void *ctx, mkg_err *err)
{
    if (!fn || fn(ctx, kg, what, f, before, after) == 0) return MKG_OK;
    return mkg__fail(err, MKG_ECANCEL, "stopped");
}

mkg_status mkg_kg_diff(mkg_kg *kg, mkg_id before, mkg_id after, mkg_diff_fn fn,
                       void *ctx, mkg_diff_counts *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    side a = {.source = before}, b = {.source = after};
    mkg_fact f;
    mkg_attribution x, y;

    memset(out, 0, sizeof *out);
    MKG_GO(step(kg, &a, err));
    MKG_GO(step(kg, &b, err));
    while (!a.end || !b.end) {
        bool old = !a.end && (b.end || a.fact <= b.fact);
        bool new = !b.end && (a.end || b.fact <= a.fact);
        if (old) MKG_GO(read_side(kg, a.fact, before, &f, &x, err));
        if (new) MKG_GO(read_side(kg, b.fact, after, &f, &y, err));
        if (old && new &&same(&x, &y)) {
            out->same++;
        } else {
            mkg_difference what = !old   ? MKG_DIFF_ADDED
                                  : !new ? MKG_DIFF_REMOVED
                                         : MKG_DIFF_CHANGED;
            out->added += what == MKG_DIFF_ADDED;
            out->removed += what == MKG_DIFF_REMOVED;
            out->changed += what == MKG_DIFF_CHANGED;
            MKG_GO(tell(kg, what, &f, old ? &x : NULL, new ? &y : NULL, fn, ctx, err));
        }
        if (old) MKG_GO(step(kg, &a, err));
        if (new) MKG_GO(step(kg, &b, err));
    }
    st = MKG_OK;
out:
    return st;
}
