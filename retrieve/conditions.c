/* Conditions over a second relation: "which drug treats A and does not cause B". What
 * is asked leads from A to drugs; the words between "and" and B say of which relation
 * to B there has to be a fact, or none. */
#include "retrieve/gather_internal.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

static bool begins_in(const mkg__ask *a, size_t from, size_t to)
{
    return a->end > a->start && a->start >= from && a->start < to;
}

/* Where the words of the condition that ends in the span begin: behind the name before
 * it. Its start if there is the end of a clause in between. */
static size_t words_from(const gather *g, size_t span)
{
    const mkg__span *m = &g->spans->at[span];
    size_t from = m->start;
    if (m->negated) return m->denied_from;
    for (size_t k = span; k-- > 0 && from == m->start;)
        if (mkg__span_counts(g, k) && !g->spans->at[k].rival)
            from = g->spans->at[k].end;
    /* Another question is no condition. */
    for (size_t i = from; i < m->start; i++)
        if (memchr(",;?", g->q->folded.ptr[i], 3) ||
            mkg__word_longest(g->q, &g->r->words.kind[MKG__OPEN], i))
            return m->start;
    return from;
}

static void add_relation(condition *c, mkg_id relation)
{
    for (size_t i = 0; i < c->nrelations; i++)
        if (c->relations[i] == relation) return;
    if (c->nrelations < RELATIONS_MAX) c->relations[c->nrelations++] = relation;
}

/* What the words ask for, and what answers for it. */
static void take_relations(gather *g, condition *c, const mkg__ask *a)
{
    const mkg_view asked = mkg_kg_relation(g->kg, a->relation->id, false)->name;
    for (size_t i = 0; i < mkg_kg_relation_count(g->kg); i++) {
        const mkg_relation *r = mkg_kg_relation_at(g->kg, i);
        if (r->inverse || r->literal) continue;
        if (mkg__view_eq(r->name, asked) ||
            mkg__words_alike(&g->r->words, r->name, asked))
            add_relation(c, r->id);
    }
}

static bool may_name(const gather *g, const condition *c, mkg_view type)
{
    for (size_t i = 0; i < g->ntargets; i++)
        if (g->targets[i].span == c->span &&
            (type.len == 0 || mkg__view_eq(g->targets[i].type, type)))
            return true;
    return false;
}

/* Can what the ask leads to have a fact of the condition's with its name? */
static bool is_about(const gather *g, const condition *c, const mkg__ask *a)
{
    const mkg_view type = a->relation->object_type;
    bool about = false;
    if (a->relation->literal || type.len == 0) return false;
    for (size_t i = 0; i < c->nrelations; i++) {
        const mkg_relation *r = mkg_kg_relation(g->kg, c->relations[i], false);
        if (r->id == a->relation->id) return false;
        about |=
            (mkg__view_eq(r->subject_type, type) && may_name(g, c, r->object_type)) ||
            (mkg__view_eq(r->object_type, type) && may_name(g, c, r->subject_type));
    }
    return about;
}

/* Of the asks those in the words of the condition make it, if what one of the others
 * asks for can have it. */
static bool read_condition(gather *g, const mkg__asks *asks, size_t from, condition *c)
{
    size_t to = g->spans->at[c->span].start;
    for (size_t i = 0; i < asks->n; i++)
        if (begins_in(&asks->at[i], from, to)) take_relations(g, c, &asks->at[i]);
    for (size_t i = 0; c->nrelations && i < asks->n; i++)
        if (!begins_in(&asks->at[i], from, to) && is_about(g, c, &asks->at[i]))
            return true;
    return false;
}

void mkg__find_conditions(gather *g, mkg__asks *asks)
{
    if (!g->form->open) return;
    for (size_t span = 0; span < g->spans->n && g->nconditions < CONDITIONS_MAX;
         span++) {
        const mkg__span *m = &g->spans->at[span];
        condition c = {.span = span, .unwanted = m->negated};
        bool counts = mkg__span_counts(g, span) && !m->rival;
        size_t from = counts ? words_from(g, span) : m->start;
        size_t kept = 0;
        if (from == m->start || !read_condition(g, asks, from, &c)) continue;
        for (size_t i = 0; i < asks->n; i++)
            if (!begins_in(&asks->at[i], from, m->start) &&
                (asks->at[i].weak || is_about(g, &c, &asks->at[i])))
                asks->at[kept++] = asks->at[i];
        asks->n = kept;
        g->conditions[g->nconditions++] = c;
    }
}

bool mkg__span_is_condition(const gather *g, size_t span)
{
    for (size_t i = 0; i < g->nconditions; i++)
        if (g->conditions[i].span == span) return true;
    return false;
}

static bool has_relation(const condition *c, mkg_id relation)
{
    for (size_t i = 0; i < c->nrelations; i++)
        if (c->relations[i] == relation) return true;
    return false;
}

static int by_node(const void *p, const void *q)
{
    const mkg_edge *x = p, *y = q;
    if (x->other != y->other) return x->other < y->other ? -1 : 1;
    return (x->fact > y->fact) - (x->fact < y->fact);
}

/* The facts of the names that the condition is of, into g->edges, by the other node. */
static mkg_status read_facts(gather *g, const condition *c, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t kept = 0;
    mkg_edges *e = &g->edges;

    e->n = 0;
    for (size_t i = 0; i < g->ntargets; i++)
        for (int inverse = 0; g->targets[i].span == c->span && inverse < 2; inverse++)
            MKG_GO(mkg_kg_edges(g->kg, g->targets[i].node, 0, inverse, 0, e, err));
    for (size_t i = 0; i < e->n; i++)
        if (e->edges[i].other != MKG_ID_NONE && has_relation(c, e->edges[i].relation))
            e->edges[kept++] = e->edges[i];
    e->n = kept;
    if (kept) qsort(e->edges, kept, sizeof *e->edges, by_node);
out:
    return st;
}

static mkg_id fact_with(const mkg_edges *e, mkg_id node)
{
    size_t lo = 0, hi = e->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (e->edges[mid].other < node)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < e->n && e->edges[lo].other == node ? e->edges[lo].fact : MKG_ID_NONE;
}

mkg_status mkg__keep_conditions(gather *g, size_t first, mkg_err *err)
{
    mkg_status st = MKG_OK;
    for (size_t i = 0; i < g->nconditions; i++) {
        size_t kept = first;
        MKG_GO(read_facts(g, &g->conditions[i], err));
        for (size_t k = first; k < g->nfound; k++) {
            candidate c = g->found[k];
            mkg_id fact = fact_with(&g->edges, c.other);
            if (c.other == MKG_ID_NONE ||
                (fact != MKG_ID_NONE) == g->conditions[i].unwanted)
                continue;
            c.because[i] = fact;
            g->found[kept++] = c;
        }
        g->nfound = kept;
    }
out:
    return st;
}

/* The facts by which the conditions hold come behind those that they belong to. */
mkg_status mkg__add_reasons(gather *g, size_t first, mkg_err *err)
{
    for (size_t k = first, n = g->nfound; k < n; k++)
        for (size_t i = 0; i < g->nconditions; i++) {
            if (g->found[k].because[i] == MKG_ID_NONE) continue;
            candidate *c = mkg__candidate(g, MKG_CHANNEL_INTENT, err);
            if (!c) return MKG_ENOMEM;
            *c = g->found[k];
            c->fact = g->found[k].because[i];
        }
    return MKG_OK;
}
