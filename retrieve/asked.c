/* Facts along what is asked: one hop from the names of the question, and what several
 * names lead to together. */
#include "retrieve/gather_internal.h"

#include "base/err.h"

#include <stdlib.h>

mkg_status mkg__ask_degree(gather *g, const mkg__ask *a, mkg_id node, size_t *n,
                           mkg_err *err)
{
    size_t back = 0;
    mkg_status st =
        mkg_kg_degree(g->kg, node, a->relation->id, a->relation->inverse, n, err);
    if (st >= 0 && a->relation->symmetric)
        st = mkg_kg_degree(g->kg, node, a->relation->id, true, &back, err);
    *n += back;
    return st;
}

static mkg_status has_any(gather *g, const mkg__ask *a, bool *any, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t n;
    *any = false;
    for (size_t k = 0; k < g->ntargets && !*any; k++) {
        if (g->targets[k].negated) continue;
        MKG_GO(mkg__ask_degree(g, a, g->targets[k].node, &n, err));
        *any = n > 0;
    }
out:
    return st;
}

/* What stands in for a relation of which there is nothing. */
static mkg_status find_instead(gather *g, mkg__ask *a, bool *any, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg_view asked = a->relation->name;
    for (size_t i = 0; !*any && i < mkg_kg_relation_count(g->kg); i++) {
        const mkg_relation *r = mkg_kg_relation_at(g->kg, i);
        if (!mkg__words_instead(&g->r->words, asked, r->name)) continue;
        mkg__ask other = *a;
        other.relation = r;
        MKG_GO(has_any(g, &other, any, err));
        if (*any) *a = other;
    }
out:
    return st;
}

mkg_status mkg__split_asks(gather *g, mkg__asks *asks, mkg__asks *empty, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t kept = 0;

    for (size_t i = 0; i < asks->n; i++) {
        mkg__ask a = asks->at[i];
        bool any;
        MKG_GO(has_any(g, &a, &any, err));
        if (!any) MKG_GO(find_instead(g, &a, &any, err));
        if (any) {
            asks->at[kept++] = a;
        } else {
            if (!mkg__grow(&empty->at, &empty->cap, empty->n + 1, sizeof *empty->at)) {
                st = mkg__nomem(err);
                goto out;
            }
            empty->at[empty->n++] = a;
        }
    }
    asks->n = kept;
out:
    return st;
}

static bool right_type(const target *t, const mkg_relation *r)
{
    return r->subject_type.len == 0 || mkg__view_eq(t->type, r->subject_type);
}

/* A disease by its name is rather what is asked about than a symptom in everyday words
 * that stands beside it. */
static unsigned doubt_of(const gather *g, const target *t, const mkg_relation *r)
{
    const mkg__span *m = &g->spans->at[t->span];
    bool guess = m->score < 1 || m->rival;
    return (right_type(t, r) ? 0u : 2u) + guess;
}

/* Facts of one mention for one ask. */
static mkg_status along(gather *g, const mkg__ask *a, size_t ask, const target *t,
                        mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg_relation *r = a->relation;

    g->edges.n = 0;
    MKG_GO(mkg_kg_edges(g->kg, t->node, r->id, r->inverse, FACTS_MAX, &g->edges, err));
    if (r->symmetric)
        MKG_GO(mkg_kg_edges(g->kg, t->node, r->id, true, FACTS_MAX, &g->edges, err));
    for (size_t i = 0; i < g->edges.n; i++) {
        const mkg_edge *edge = &g->edges.edges[i];
        candidate *c = mkg__candidate(g, MKG_CHANNEL_INTENT, err);
        if (!c) return MKG_ENOMEM;
        c->fact = edge->fact;
        c->other = edge->other;
        c->inverse = edge->inverse;
        c->ask = ask;
        c->place = i;
        c->span = t->span;
        c->doubt = doubt_of(g, t, r);
        c->mentions = 1;
        /* A source lists what matters first; read backwards there is no such order, so
         * what the graph knows more of goes first. */
        if (edge->inverse && edge->other)
            MKG_GO(mkg_kg_degree(g->kg, edge->other, 0, true, &c->known, err));
    }
out:
    return st;
}

/* Where a name means several nodes, those of the type that the relation expects count,
 * else all that have such facts. */
static mkg_status along_span(gather *g, const mkg__ask *a, size_t ask, size_t span,
                             mkg_err *err)
{
    mkg_status st = MKG_OK;
    bool typed = false;
    size_t n;

    for (size_t i = 0; i < g->ntargets; i++) {
        const target *t = &g->targets[i];
        if (t->span != span || !right_type(t, a->relation)) continue;
        MKG_GO(mkg__ask_degree(g, a, t->node, &n, err));
        if (n) typed = true;
    }
    for (size_t i = 0; i < g->ntargets; i++) {
        const target *t = &g->targets[i];
        if (t->span == span && (!typed || right_type(t, a->relation)))
            MKG_GO(along(g, a, ask, t, err));
    }
out:
    return st;
}

/* ---- several names ---- */

static int by_other(const void *p, const void *q)
{
    const candidate *x = p, *y = q;
    if (x->other != y->other) return x->other < y->other ? -1 : 1;
    if (x->span != y->span) return x->span < y->span ? -1 : 1;
    return (x->fact > y->fact) - (x->fact < y->fact);
}

/* How many names of the question lead to the same node; what must not be there counts
 * as more than all. */
static void count_mentions(const gather *g, candidate *c, size_t n)
{
    if (n) qsort(c, n, sizeof *c, by_other);
    for (size_t i = 0, j; i < n; i = j) {
        size_t spans = 0;
        bool unwanted = false;
        for (j = i; j < n && c[j].other == c[i].other && (j == i || c[i].other); j++) {
            spans += j == i || c[j].span != c[j - 1].span;
            unwanted |= g->spans->at[c[j].span].negated;
        }
        for (size_t k = i; k < j; k++)
            c[k].mentions = unwanted ? 0 : spans;
    }
}

static int best_in_list(const void *p, const void *q)
{
    const candidate *x = p, *y = q;
    if (x->mentions != y->mentions) return x->mentions > y->mentions ? -1 : 1;
    if (x->known != y->known) return x->known > y->known ? -1 : 1;
    if (x->mentions > 1 && x->other != y->other) return x->other < y->other ? -1 : 1;
    if (x->place != y->place) return x->place < y->place ? -1 : 1;
    if (x->doubt != y->doubt) return x->doubt < y->doubt ? -1 : 1;
    return (x->fact > y->fact) - (x->fact < y->fact);
}

static bool is_joint(const gather *g, const mkg__ask *a)
{
    return g->nspans > 1 && (a->joint || g->form->joint);
}

/* "Which disease has A and B but not C": of a list with the best first, what all names
 * lead to, or else what most of them do; never what the unwanted name leads to. */
static size_t keep_joint(const gather *g, const mkg__ask *a, const candidate *c,
                         size_t n)
{
    size_t kept = 0;
    bool joint =
        g->nspans > 1 && (a->joint || g->form->joint) && n && c[0].mentions > 1;
    while (kept < n && c[kept].mentions &&
           (!joint || c[kept].mentions == c[0].mentions))
        kept++;
    return kept;
}

static mkg_status gather_ask(gather *g, const mkg__asks *asks, size_t ask, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg__ask *a = &asks->at[ask];
    size_t first = g->nfound;

    for (size_t k = 0; k < g->spans->n; k++)
        if (mkg__span_counts(g, k) && !mkg__span_is_condition(g, k))
            MKG_GO(along_span(g, a, ask, k, err));
    size_t all = g->nfound - first;
    MKG_GO(mkg__keep_conditions(g, first, err));
    size_t n = g->nfound - first;
    bool unmet = all && n == 0;
    candidate *list = n ? g->found + first : NULL;
    if (g->nspans > 1 || g->form->negatives) count_mentions(g, list, n);
    if (n) qsort(list, n, sizeof *list, best_in_list);
    n = keep_joint(g, a, list, n);
    g->nfound = first + n;
    for (size_t k = 0; k < n; k++)
        list[k].place = k;
    MKG_GO(mkg__add_reasons(g, first, err));
    if (unmet || (is_joint(g, a) && (n == 0 || g->found[first].mentions < g->nspans)))
        MKG_GO(mkg__missing_joint(g, a->relation, err));
out:
    return st;
}

mkg_status mkg__gather_asked(gather *g, const mkg__asks *asks, mkg_err *err)
{
    mkg_status st = MKG_OK;
    for (size_t i = 0; i < asks->n; i++)
        MKG_GO(gather_ask(g, asks, i, err));
out:
    return st;
}
