/* Candidates from several channels, fused into one list; what the whole amounts to. */
#include "retrieve/gather_internal.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

candidate *mkg__candidate(gather *g, mkg_channel channel, mkg_err *err)
{
    if (!mkg__grow(&g->found, &g->cap, g->nfound + 1, sizeof *g->found)) {
        mkg__nomem(err);
        return NULL;
    }
    candidate *c = &g->found[g->nfound++];
    memset(c, 0, sizeof *c);
    c->channel = channel;
    return c;
}

/* ---- nothing particular is asked: a view of the node ---- */

static int by_score(const void *p, const void *q)
{
    const candidate *x = p, *y = q;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    if (x->place != y->place) return x->place < y->place ? -1 : 1;
    return (x->fact > y->fact) - (x->fact < y->fact);
}

static mkg_status view_of(gather *g, const target *t, mkg_err *err)
{
    mkg_status st = MKG_OK;
    for (int inverse = 0; inverse < 2; inverse++) {
        g->edges.n = 0;
        MKG_GO(mkg_kg_edges(g->kg, t->node, 0, inverse, 0, &g->edges, err));
        size_t run = 0, texts = 0;
        for (size_t i = 0; i < g->edges.n; i++) {
            const mkg_edge *edge = &g->edges.edges[i];
            run = i && g->edges.edges[i - 1].relation == edge->relation ? run + 1 : 0;
            candidate *c = mkg__candidate(g, MKG_CHANNEL_ENTITY, err);
            if (!c) return MKG_ENOMEM;
            c->fact = edge->fact;
            c->other = edge->other;
            c->inverse = inverse;
            c->place = run;
            c->score = 0.5 / (1 + 0.2 * (double)run) / (inverse ? 2 : 1);
            /* The first text describes the whole; the others are details. */
            if (!edge->other) c->score = texts++ == 0 ? 0.6 : c->score / 2;
        }
    }
out:
    return st;
}

static mkg_status gather_overview(gather *g, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t first = g->nfound;
    for (size_t span = 0; span < g->spans->n; span++) {
        const target *best = NULL;
        for (size_t i = 0; i < g->ntargets; i++)
            if (g->targets[i].span == span && !g->targets[i].negated &&
                (!best || g->targets[i].degree > best->degree))
                best = &g->targets[i];
        if (best) MKG_GO(view_of(g, best, err));
    }
    size_t n = g->nfound - first;
    if (n) qsort(g->found + first, n, sizeof *g->found, by_score);
    for (size_t i = 0; i < n; i++)
        g->found[first + i].place = i;
out:
    return st;
}

/* ---- fusion ---- */

static int by_fact(const void *p, const void *q)
{
    const candidate *x = p, *y = q;
    if (x->fact != y->fact) return x->fact < y->fact ? -1 : 1;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return (x->ask > y->ask) - (x->ask < y->ask);
}

/* One from each ask in turn, so that every part of a question gets its evidence. */
static int best_first(const void *p, const void *q)
{
    const candidate *x = p, *y = q;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    if (x->ask != y->ask) return x->ask < y->ask ? -1 : 1;
    if (x->place != y->place) return x->place < y->place ? -1 : 1;
    return (x->fact > y->fact) - (x->fact < y->fact);
}

/* Weighted reciprocal rank fusion (Cormack, Clarke & Buettcher, SIGIR 2009): a fact
 * scores w / (K + place) in each list where it stands, as a share of what the first of
 * the list gets. */
static void fuse(gather *g)
{
    const double k = 60;
    size_t kept = 0;

    if (g->nfound == 0) return; /* found may be NULL */
    for (size_t i = 0; i < g->nfound; i++) {
        candidate *c = &g->found[i];
        c->score = g->r->weight[c->channel] * k / (k + (double)c->place);
        if (c->forbids) c->score += 1; /* nobody may overlook it */
    }
    qsort(g->found, g->nfound, sizeof *g->found, by_fact);
    for (size_t i = 0; i < g->nfound; i++) {
        candidate *last = kept ? &g->found[kept - 1] : NULL;
        if (!last || last->fact != g->found[i].fact)
            g->found[kept++] = g->found[i];
        else if (last->channel != g->found[i].channel)
            last->score += g->found[i].score;
    }
    g->nfound = kept;
    qsort(g->found, g->nfound, sizeof *g->found, best_first);
}

/* ---- what the whole amounts to ---- */

/* A name that leads to several nodes of one type, each with facts for the question. */
static bool is_ambiguous(const gather *g)
{
    const mkg_evidence *e = g->e;
    for (size_t i = 0; i < g->ntargets; i++)
        for (size_t k = i + 1; k < g->ntargets; k++) {
            if (g->targets[i].span != g->targets[k].span ||
                g->targets[i].same == g->targets[k].same ||
                !mkg__view_eq(g->targets[i].type, g->targets[k].type))
                continue;
            bool first = false, second = false;
            for (size_t p = 0; p < e->npieces; p++) {
                const mkg_piece *piece = &e->pieces[p];
                mkg_id self =
                    piece->from_object ? piece->object_node : piece->subject_node;
                first |= self == g->targets[i].node;
                second |= self == g->targets[k].node;
            }
            if (first && second) return true;
        }
    return false;
}

/* Can the ask be about two names of the question, as in "A 会引起 B 吗"? */
static bool fits_pair(const gather *g, const mkg_relation *r)
{
    for (size_t i = 0; i < g->spans->n; i++)
        for (size_t k = 0; k < g->spans->n; k++)
            if (i != k && mkg__span_counts(g, i) && mkg__span_counts(g, k) &&
                mkg__span_has_type(g, i, r->subject_type) &&
                mkg__span_has_type(g, k, r->object_type))
                return true;
    return false;
}

/* Is every name what the relation starts from? "糖尿病人感冒了吃药行吗" */
static bool fits_all(const gather *g, const mkg_relation *r)
{
    for (size_t i = 0; i < g->spans->n; i++)
        if (mkg__span_counts(g, i) && !g->spans->at[i].negated &&
            !mkg__span_has_type(g, i, r->subject_type))
            return false;
    return true;
}

/* Whether A and B go together is not answered by what else goes with A: of a yes/no
 * question about two names the asks that cannot be about them are set aside. A sentence
 * that only claims it ("A treats B") is read as such a question. True if what is left,
 * or nothing, asks for a fact between the two. */
static bool asks_for_link(const gather *g, mkg__asks *asks)
{
    bool link = false;
    size_t kept = 0;
    if (g->form->open || g->nspans < 2) return false;
    for (size_t i = 0; i < asks->n && !link; i++)
        link = !asks->at[i].relation->literal && fits_pair(g, asks->at[i].relation);
    if (!g->form->yes_no) return link;
    for (size_t i = 0; i < asks->n; i++) {
        const mkg_relation *r = asks->at[i].relation;
        if (r->literal || fits_pair(g, r) || fits_all(g, r))
            asks->at[kept++] = asks->at[i];
    }
    asks->n = kept;
    return link || kept == 0;
}

/* Do the facts between the names speak of what is asked? */
static bool is_decided(const gather *g, const mkg__asks *asks)
{
    mkg_fact f;
    for (size_t i = 0; i < g->nfound; i++) {
        if (g->found[i].channel != MKG_CHANNEL_DIRECT) continue;
        if (asks->n == 0) return true;
        if (mkg_kg_fact(g->kg, g->found[i].fact, &f, NULL) != MKG_OK) continue;
        for (size_t k = 0; k < asks->n; k++)
            if (mkg__says(g, &f, &asks->at[k])) return true;
    }
    return false;
}

/* A name alone does not tell what a sentence is about: where most of the rest is not
 * understood, the name may be there by accident. */
static bool makes_sense(const gather *g, double share)
{
    if (g->r->words.kind[MKG__FILLER].n == 0) return true; /* nothing to judge by */
    return g->form->unexplained <= 1 + share * g->form->content;
}

/* "头晕和恶心是什么病" asks what has both, "痛风是什么病" what it is: of asks in the
 * same words the joint one counts for several names, the other one for a single name.
 */
static void choose_joint(const gather *g, mkg__asks *asks)
{
    size_t kept = 0;
    bool joint = g->nspans > 1;
    for (size_t i = 0; i < asks->n; i++) {
        bool beaten = false;
        for (size_t k = 0; k < asks->n && !beaten; k++)
            beaten = asks->at[k].joint == joint && asks->at[i].joint != joint &&
                     asks->at[k].start == asks->at[i].start &&
                     asks->at[k].end == asks->at[i].end;
        if (!beaten) asks->at[kept++] = asks->at[i];
    }
    asks->n = kept;
}

/* What stands where a name should, in the question's own words. */
static mkg_status missing_unknown(gather *g, size_t start, size_t end, mkg_err *err)
{
    size_t from = g->q->map[start], to = g->q->map[end];
    const char *what =
        mkg__keep(g->e, mkg__trim(mkg__view(g->q->text + from, to - from)));
    return what ? mkg__missing_entity(g, what, err) : mkg__nomem(err);
}

static bool any_direct(const gather *g)
{
    for (size_t i = 0; i < g->nfound; i++)
        if (g->found[i].channel == MKG_CHANNEL_DIRECT) return true;
    return false;
}

static bool only_weak(const mkg__asks *asks)
{
    for (size_t i = 0; i < asks->n; i++)
        if (!asks->at[i].weak && !asks->at[i].guessed) return false;
    return asks->n > 0;
}

/* What the question asks for, as settled: along relations, or between names. */
static bool on(const gather *g, mkg_channel c)
{
    return g->channels >> c & 1;
}

static mkg_status gather_settled(gather *g, mkg__asks *asks, mkg__asks *empty,
                                 mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t start, end;
    bool link = asks_for_link(g, asks), decided = link && is_decided(g, asks);

    g->e->whether = link;
    MKG_GO(mkg__fill_intents(g, asks, empty, err));
    /* "Which gene is associated with A and B" asks for genes; for ways, if there is
     * none. */
    bool ways = g->form->related && g->nspans > 1 && on(g, MKG_CHANNEL_PATH);
    bool first = asks->n == 0 || only_weak(asks);
    if (ways && first) MKG_GO(mkg__gather_paths(g, err));
    if (link && !decided) MKG_GO(mkg__gather_chain(g, asks, &decided, err));
    if (decided) goto out;
    if (mkg__form_unknown(g->form, g->q, asks, g->nspans, &start, &end)) {
        MKG_GO(missing_unknown(g, start, end, err));
        goto out;
    }
    MKG_GO(mkg__gather_asked(g, asks, err));
    if (ways && !first && g->nfound == 0) MKG_GO(mkg__gather_paths(g, err));
    if (g->nfound == 0 && on(g, MKG_CHANNEL_PAGERANK))
        MKG_GO(mkg__gather_pagerank(g, empty, err));
    if (g->nfound == 0 && on(g, MKG_CHANNEL_VECTOR))
        MKG_GO(mkg__gather_vectors(g, empty, err));
    if (!link)
        MKG_GO(mkg__missing_relations(g, empty, err));
    else if (!any_direct(g))
        MKG_GO(mkg__missing_link(g, err));
out:
    return st;
}

static bool is_inner(const gather *g, const mkg__asks *asks, const mkg__ask *a)
{
    for (size_t i = 0; i < asks->n; i++) {
        const mkg__ask *b = &asks->at[i];
        if (b->weak || b->gap != b->gap_end || b->start > a->start || a->end > b->end ||
            b->end - b->start == a->end - a->start ||
            b->relation->subject_type.len == 0)
            continue;
        for (size_t k = 0; k < g->spans->n; k++)
            if (mkg__span_has_type(g, k, b->relation->subject_type)) return true;
    }
    return false;
}

/* "吃什么" within "吃什么药" is not asked of a disease, whether there is a drug or not.
 */
static void drop_inner(const gather *g, mkg__asks *asks)
{
    size_t kept = 0;
    for (size_t i = 0; i < asks->n; i++)
        asks->at[i].inner = is_inner(g, asks, &asks->at[i]);
    for (size_t i = 0; i < asks->n; i++)
        if (!asks->at[i].inner) asks->at[kept++] = asks->at[i];
    asks->n = kept;
}

/* What the classifier hears and the graph does not have, nobody asked for. */
static void drop_guessed(mkg__asks *a)
{
    size_t kept = 0;
    for (size_t i = 0; i < a->n; i++)
        if (!a->at[i].guessed) a->at[kept++] = a->at[i];
    a->n = kept;
}

static mkg_status gather_all(gather *g, mkg__asks *asks, mkg__asks *empty, mkg_err *err)
{
    mkg_status st = MKG_OK;

    mkg__find_conditions(g, asks);
    drop_inner(g, asks);
    MKG_GO(mkg__split_asks(g, asks, empty, err));
    drop_guessed(empty);
    bool asked = asks->n + empty->n > 0;
    mkg__asks_settle(g->q, asks);
    mkg__asks_apart(g->q, asks, empty);
    choose_joint(g, asks);
    if (only_weak(asks) && !makes_sense(g, 0.28)) {
        asks->n = 0;
        st = mkg__missing_sense(g, err);
        goto out;
    }
    if (g->nspans > 1 && on(g, MKG_CHANNEL_DIRECT)) MKG_GO(mkg__gather_direct(g, err));
    MKG_GO(gather_settled(g, asks, empty, err));
    if (asked || g->nfound || g->e->nmissing) goto out;
    if (!makes_sense(g, 0.2)) {
        st = mkg__missing_sense(g, err);
        goto out;
    }
    MKG_GO(gather_overview(g, err));
    if (on(g, MKG_CHANNEL_TEXT)) MKG_GO(mkg__gather_texts(g, err));
out:
    return st;
}

mkg_status mkg__gather(mkg_retriever *r, const mkg__question *q,
                       const mkg__spans *spans, const mkg__form *form, mkg__asks *asks,
                       size_t limit, unsigned channels, mkg_evidence *e, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__asks empty = {0};
    gather *g = mkg__calloc(1, sizeof *g);

    if (!g) return mkg__nomem(err);
    *g = (gather){.channels = channels,
                  .r = r,
                  .kg = r->kg,
                  .q = q,
                  .spans = spans,
                  .form = form,
                  .e = e};
    e->status = MKG_NO_EVIDENCE;
    MKG_GO(mkg__find_targets(g, err));
    if (g->ntargets == 0) {
        mkg__asks_settle(q, asks);
        MKG_GO(mkg__fill_intents(g, asks, &empty, err));
        if (mkg__any_whole(g))
            MKG_GO(mkg__missing_wholes(g, err));
        else
            MKG_GO(mkg__missing_entity(g, e->question, err));
        if (on(g, MKG_CHANNEL_TEXT)) MKG_GO(mkg__gather_texts(g, err));
    } else {
        MKG_GO(gather_all(g, asks, &empty, err));
        if (g->nfound) MKG_GO(mkg__missing_wholes(g, err));
    }
    fuse(g);
    MKG_GO(mkg__bring_opposites(g, limit, err));
    MKG_GO(mkg__fill_pieces(g, limit, err));
    MKG_GO(mkg__find_conflicts(g, err));
    if (!form->open && !mkg__any_whole(g)) e->verdict = mkg__judge(g, asks, &empty);
    if (e->npieces)
        e->status = e->nconflicts     ? MKG_CONFLICT
                    : e->nmissing     ? MKG_PARTIAL
                    : is_ambiguous(g) ? MKG_AMBIGUOUS
                                      : MKG_ANSWERED;
out:
    if (g) {
        mkg__free(g->found);
        mkg_edges_clear(&g->edges);
    }
    mkg__free(g);
    mkg__asks_clear(&empty);
    return st < 0 ? st : MKG_OK;
}
