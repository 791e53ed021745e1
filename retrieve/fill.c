/* Candidates become numbered pieces with their words and their source. */
#include "retrieve/gather_internal.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

mkg_status mkg__node_name(gather *g, mkg_id id, const char **out, mkg_err *err)
{
    mkg_node node;
    mkg_status st = mkg_kg_node(g->kg, id, &node, err);
    if (st < 0) return st;
    if (st == MKG_NOTFOUND)
        return mkg__fail(err, MKG_ESTORE, "the store is damaged: node %u is missing",
                         (unsigned)id);
    *out = mkg__keep(g->e, mkg_node_name(&node, g->q->lang));
    return *out ? MKG_OK : mkg__nomem(err);
}

static mkg_status fill_source(gather *g, const mkg_fact *f, mkg_piece *p, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_source source;
    mkg__buf place = {0};

    MKG_GO(mkg_kg_source(g->kg, f->source, &source, err));
    if (st == MKG_NOTFOUND) {
        st = mkg__fail(err, MKG_ESTORE, "the store is damaged: fact %u has no source",
                       (unsigned)f->id);
        goto out;
    }
    MKG_GO(mkg_kg_locator(g->kg, f->source, f->locator, &place, err));
    p->source = mkg__keep(g->e, source.name);
    p->source_version = mkg__keep(g->e, source.version);
    p->locator = mkg__keep(g->e, mkg__view(place.ptr, place.len));
    p->grade = mkg__keep(g->e, f->grade);
    p->population = mkg__keep(g->e, f->population);
    if (!p->source || !p->source_version || !p->locator || !p->grade || !p->population)
        st = mkg__nomem(err);
out:
    mkg__buf_clear(&place);
    return st;
}

static mkg_status fill_piece(gather *g, const candidate *c, mkg_piece *p, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_fact f;

    memset(p, 0, sizeof *p);
    MKG_GO(mkg_kg_fact(g->kg, c->fact, &f, err));
    const mkg_relation *r = mkg_kg_relation(g->kg, f.relation, false);
    const mkg_relation *back = mkg_kg_relation(g->kg, f.relation, true);
    if (st == MKG_NOTFOUND || !r) {
        st = mkg__fail(err, MKG_ESTORE, "the store is damaged: fact %u",
                       (unsigned)c->fact);
        goto out;
    }
    p->fact = f.id;
    p->subject_node = f.subject;
    p->object_node = f.object;
    MKG_GO(mkg__node_name(g, f.subject, &p->subject, err));
    if (f.object != MKG_ID_NONE)
        MKG_GO(mkg__node_name(g, f.object, &p->object, err));
    else
        p->object = mkg__keep(g->e, f.literal);
    p->relation = mkg__keep(g->e, r->name);
    p->label = mkg__keep(g->e, mkg_relation_label(r, g->q->lang));
    if (!back && r->symmetric) back = r;
    p->inverse_label =
        mkg__keep(g->e, back ? mkg_relation_label(back, g->q->lang) : mkg__view("", 0));
    p->sentence = mkg__keep(
        g->e, mkg_relation_sentence(c->inverse && back ? back : r, g->q->lang));
    if (!p->object || !p->relation || !p->label || !p->inverse_label || !p->sentence) {
        st = mkg__nomem(err);
        goto out;
    }
    p->from_object = c->inverse;
    p->denied = f.denied;
    p->weight = (double)f.weight;
    p->more_sources = f.attributions - 1;
    p->score = c->score < 1 ? c->score : 1;
    p->why = mkg_channel_name(c->channel);
    st = fill_source(g, &f, p, err);
out:
    return st;
}

/* In an answer in one language a text in the other says nothing, if there is a choice.
 */
static mkg_status wrong_language(gather *g, const candidate *c, bool *out, mkg_err *err)
{
    mkg_fact f;
    *out = false;
    if (c->other) return MKG_OK;
    mkg_status st = mkg_kg_fact(g->kg, c->fact, &f, err);
    if (st != MKG_OK) return st;
    *out = f.literal_lang != MKG_LANG_NONE && f.literal_lang != g->q->lang;
    return MKG_OK;
}

static mkg_status drop_other_language(gather *g, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t kept = 0;
    for (size_t i = 0; i < g->nfound; i++) {
        bool wrong;
        MKG_GO(wrong_language(g, &g->found[i], &wrong, err));
        if (!wrong) g->found[kept++] = g->found[i];
    }
    if (kept) g->nfound = kept; /* better a text in the other language than none */
out:
    return st;
}

mkg_status mkg__fill_pieces(gather *g, size_t limit, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_evidence *e = g->e;

    MKG_GO(drop_other_language(g, err));
    size_t n = g->nfound < limit ? g->nfound : limit;
    e->pieces = mkg__arena_alloc(&e->arena, (n + 1) * sizeof *e->pieces);
    if (!e->pieces) return mkg__nomem(err);
    for (size_t i = 0; i < g->nfound; i++) {
        bool seen = false;
        for (size_t k = 0; k < e->npieces && !seen; k++)
            seen = e->pieces[k].fact == g->found[i].fact;
        if (seen) continue;
        if (e->npieces == n) {
            e->more++;
            continue;
        }
        MKG_GO(fill_piece(g, &g->found[i], &e->pieces[e->npieces], err));
        e->npieces++;
    }
out:
    return st;
}

/* What is asked: first what the graph has facts for, then the rest. */
mkg_status mkg__fill_intents(gather *g, const mkg__asks *asks, const mkg__asks *empty,
                             mkg_err *err)
{
    mkg_evidence *e = g->e;
    size_t n = asks->n + empty->n;
    e->intents = mkg__arena_alloc(&e->arena, (n + 1) * sizeof *e->intents);
    if (!e->intents) return mkg__nomem(err);
    for (size_t i = 0; i < n; i++) {
        const mkg__ask *a = i < asks->n ? &asks->at[i] : &empty->at[i - asks->n];
        const mkg__ask *most = asks->n ? asks->at : empty->at;
        const mkg_relation *r = a->relation;
        mkg_intent *in = &e->intents[e->nintents++];
        in->relation = r->id;
        in->inverse = r->inverse;
        in->guessed = a->guessed;
        in->name = mkg__keep(e, r->name);
        in->label = mkg__keep(e, mkg_relation_label(r, g->q->lang));
        in->score = (double)a->chars / (double)most->chars;
        if (in->score > 1) in->score = 1;
        if (!in->name || !in->label) return mkg__nomem(err);
    }
    return MKG_OK;
}
