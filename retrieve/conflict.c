/* Facts that disagree, and what they say to a question that asks whether it is so. */
#include "retrieve/gather_internal.h"

#include "base/err.h"

#include <string.h>

static mkg_view name_of(const mkg_piece *p)
{
    return mkg__view(p->relation, strlen(p->relation));
}

/* The relations that speak against `r`, each with the facts on the same pair. */
static mkg_status against(gather *g, const mkg_fact *f, size_t at, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg_relation *r = mkg_kg_relation(g->kg, f->relation, false);

    for (size_t i = 0; r && i < mkg_kg_relation_count(g->kg); i++) {
        const mkg_relation *other = mkg_kg_relation_at(g->kg, i);
        if (other->inverse || !mkg__words_opposite(&g->r->words, r->name, other->name))
            continue;
        g->edges.n = 0;
        MKG_GO(mkg_kg_edges(g->kg, f->subject, other->id, false, FACTS_MAX, &g->edges,
                            err));
        for (size_t k = 0; k < g->edges.n; k++) {
            if (g->edges.edges[k].other != f->object) continue;
            candidate *c = mkg__candidate(g, g->found[at].channel, err);
            if (!c) return MKG_ENOMEM;
            candidate copy = g->found[at];
            copy.fact = g->edges.edges[k].fact;
            *c = copy;
        }
    }
out:
    return st;
}

mkg_status mkg__bring_opposites(gather *g, size_t limit, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_fact f;

    for (size_t i = 0; i < g->nfound && i < limit; i++) {
        size_t before = g->nfound;
        if (g->found[i].other == MKG_ID_NONE) continue;
        MKG_GO(mkg_kg_fact(g->kg, g->found[i].fact, &f, err));
        if (st == MKG_OK) MKG_GO(against(g, &f, i, err));
        size_t n = g->nfound - before;
        if (n == 0) continue;
        /* Behind the fact that they speak against; more than one is rare. */
        for (size_t k = 0; k < n; k++) {
            candidate c = g->found[before + k];
            memmove(&g->found[i + 2], &g->found[i + 1],
                    (before + k - i - 1) * sizeof *g->found);
            g->found[i + 1] = c;
        }
        i += n;
    }
out:
    return st < 0 ? st : MKG_OK;
}

static bool disagree(const gather *g, const mkg_piece *a, const mkg_piece *b)
{
    if (a->subject_node != b->subject_node || a->object_node != b->object_node)
        return false;
    if (strcmp(a->relation, b->relation) == 0)
        return a->denied != b->denied && strcmp(a->object, b->object) == 0;
    return !a->denied && !b->denied &&
           mkg__words_opposite(&g->r->words, name_of(a), name_of(b));
}

mkg_status mkg__find_conflicts(gather *g, mkg_err *err)
{
    mkg_evidence *e = g->e;
    size_t cap = 0;
    mkg_conflict *list = NULL;
    mkg_status st = MKG_OK;

    for (size_t i = 0; i < e->npieces; i++)
        for (size_t k = i + 1; k < e->npieces; k++) {
            if (!disagree(g, &e->pieces[i], &e->pieces[k])) continue;
            if (!mkg__grow(&list, &cap, e->nconflicts + 1, sizeof *list)) {
                st = mkg__nomem(err);
                goto out;
            }
            list[e->nconflicts++] = (mkg_conflict){i, k};
        }
    e->conflicts =
        mkg__arena_alloc(&e->arena, (e->nconflicts + 1) * sizeof *e->conflicts);
    if (!e->conflicts)
        st = mkg__nomem(err);
    else if (e->nconflicts)
        memcpy(e->conflicts, list, e->nconflicts * sizeof *list);
out:
    if (st < 0) e->nconflicts = 0;
    mkg__free(list);
    return st;
}

static size_t start_of(const gather *g, mkg_id node)
{
    for (size_t i = 0; i < g->ntargets; i++)
        if (g->targets[i].node == node) return g->spans->at[g->targets[i].span].start;
    return SIZE_MAX;
}

static mkg_view type_of(const gather *g, mkg_id node)
{
    for (size_t i = 0; i < g->ntargets; i++)
        if (g->targets[i].node == node) return g->targets[i].type;
    return mkg__view("", 0);
}

static bool stands(const mkg__question *q, size_t at, const char *word)
{
    size_t n = strlen(word);
    return at + n <= q->folded.len && memcmp(q->folded.ptr + at, word, n) == 0;
}

/* "B 是 A 的并发症", "B is a complication of A": the one that has it comes second. */
static bool is_noun(const gather *g, const mkg__ask *a, size_t first, size_t second)
{
    const size_t de = strlen("的");
    if (a->start > second && a->start >= de && stands(g->q, a->start - de, "的"))
        return true;
    return a->start > first && a->end > a->start && stands(g->q, a->end, " of ");
}

/* "A 会引起 B 吗" is not answered by what B causes. Where the types tell who is who,
 * the order of the words does not matter. */
static bool right_way(const gather *g, const mkg_fact *f, const mkg__ask *a)
{
    if (a->relation->symmetric ||
        !mkg__view_eq(type_of(g, f->subject), type_of(g, f->object)))
        return true;
    size_t subject = start_of(g, f->subject), object = start_of(g, f->object);
    bool forward = subject < object;
    if (is_noun(g, a, forward ? subject : object, forward ? object : subject))
        forward = !forward;
    return forward != a->relation->inverse;
}

int mkg__says(const gather *g, const mkg_fact *f, const mkg__ask *a)
{
    const mkg__words *w = &g->r->words;
    mkg_view name = mkg_kg_relation(g->kg, f->relation, false)->name;
    mkg_view asked = mkg_kg_relation(g->kg, a->relation->id, false)->name;
    int sign = f->denied ? -1 : 1;
    if (g->form->may && mkg__word_listed(&w->kind[MKG__FORBIDS], name)) return -sign;
    if (mkg__view_eq(name, asked)) return right_way(g, f, a) ? sign : 0;
    if (mkg__words_alike(w, name, asked)) return right_way(g, f, a) ? sign : 0;
    return mkg__words_opposite(w, name, asked) ? -sign : 0;
}

/* "能吃…吗" asks for what is allowed and for what is not in the same words: it is put
 * as a question for the first. */
static bool put_otherwise(const gather *g, const mkg__asks *asks, size_t at)
{
    const mkg__ask *a = &asks->at[at];
    mkg_view name = mkg_kg_relation(g->kg, a->relation->id, false)->name;
    for (size_t i = 0; i < asks->n; i++) {
        const mkg__ask *b = &asks->at[i];
        mkg_view other = mkg_kg_relation(g->kg, b->relation->id, false)->name;
        if (b->start == a->start && b->end == a->end &&
            mkg__words_opposite(&g->r->words, name, other) < 0)
            return true;
    }
    return false;
}

/* What the fact says to the asks together: bit 0 for them, bit 1 against them. */
static unsigned hear(const gather *g, const mkg_fact *f, const mkg__asks *asks)
{
    unsigned heard = 0;
    for (size_t k = 0; k < asks->n; k++) {
        if (!g->form->may && put_otherwise(g, asks, k)) continue;
        int s = mkg__says(g, f, &asks->at[k]);
        heard |= s > 0 ? 1u : s < 0 ? 2u : 0u;
    }
    return heard;
}

mkg_verdict mkg__judge(const gather *g, const mkg__asks *asks, const mkg__asks *empty)
{
    unsigned heard = 0;
    const mkg_evidence *e = g->e;
    mkg_fact f;

    for (size_t i = 0; i < e->npieces; i++) {
        const mkg_piece *p = &e->pieces[i];
        if (strcmp(p->why, mkg_channel_name(MKG_CHANNEL_DIRECT)) != 0 ||
            mkg_kg_fact(g->kg, p->fact, &f, NULL) != MKG_OK)
            continue;
        heard |= hear(g, &f, asks) | hear(g, &f, empty);
    }
    if (heard == 3) return MKG_VERDICT_DISPUTED;
    if (heard == 0) return MKG_VERDICT_NONE;
    return (heard == 1) != g->form->denied ? MKG_VERDICT_YES : MKG_VERDICT_NO;
}
