/* Facts for what is asked: one hop from the mentions along the relations asked for, and
 * whatever the graph says between two mentions. */
#include "retrieve/retrieve_internal.h"

#include "base/err.h"
#include "kg/same.h"

#include <stdlib.h>
#include <string.h>

enum { TARGETS_MAX = 64, FACTS_MAX = 4096 };

/* A node that a mention may mean. */
typedef struct target {
    size_t span;
    mkg_id node;
    mkg_view type;
    size_t degree; /* facts in both directions */
    mkg_id same;   /* the node of the mention that it is declared to be the same as */
} target;

/* A fact that may become evidence. */
typedef struct candidate {
    mkg_id fact, other;
    bool inverse;    /* the mention is its object */
    size_t ask;      /* place of the ask in the order of asks */
    size_t place;    /* in its list, from 0 */
    size_t mentions; /* how many mentions lead to `other` by this ask */
    size_t known;    /* how much the graph says of `other` */
    double score;
    const char *why;
} candidate;

typedef struct gather {
    mkg_kg *kg;
    const mkg__question *q;
    const mkg__spans *spans;
    mkg_evidence *e;
    target targets[TARGETS_MAX];
    size_t ntargets;
    size_t
        nspans; /* that count: a word that is a phrase, too, only if nothing else is */
    candidate *found;
    size_t nfound, cap;
    mkg_edges edges; /* scratch */
} gather;

static bool span_counts(const gather *g, size_t i)
{
    if (!g->spans->at[i].phrase) return true;
    for (size_t k = 0; k < g->spans->n; k++)
        if (!g->spans->at[k].phrase) return false;
    return true;
}

static mkg_status add_target(gather *g, size_t span, mkg_id id, mkg_id same,
                             mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_node node;
    size_t out, in;

    if (g->ntargets == TARGETS_MAX) return MKG_OK;
    for (size_t i = 0; i < g->ntargets; i++)
        if (g->targets[i].span == span && g->targets[i].node == id) return MKG_OK;
    MKG_GO(mkg_kg_node(g->kg, id, &node, err));
    if (st == MKG_NOTFOUND) return MKG_OK;
    MKG_GO(mkg_kg_degree(g->kg, id, 0, false, &out, err));
    MKG_GO(mkg_kg_degree(g->kg, id, 0, true, &in, err));
    g->targets[g->ntargets++] = (target){span, id, node.type, out + in, same};
out:
    return st;
}

/* What a source declares to be the same is meant, too: they are read as one node. */
static mkg_status add_equivalents(gather *g, size_t first, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_ids same = {0};

    for (size_t i = first, n = g->ntargets; i < n; i++) {
        const target t = g->targets[i];
        same.n = 0;
        MKG_GO(mkg_kg_same(g->kg, t.node, &same, err));
        for (size_t k = 1; k < same.n; k++)
            MKG_GO(add_target(g, t.span, same.ids[k], t.same, err));
    }
out:
    mkg_ids_clear(&same);
    return st;
}

static mkg_status find_targets(gather *g, mkg_err *err)
{
    mkg_status st = MKG_OK;

    for (size_t i = 0; i < g->spans->n; i++) {
        const mkg_ids *ids = &g->spans->at[i].nodes;
        if (!span_counts(g, i)) continue;
        g->nspans++;
        size_t first = g->ntargets;
        for (size_t k = 0; k < ids->n; k++)
            MKG_GO(add_target(g, i, ids->ids[k], ids->ids[k], err));
        MKG_GO(add_equivalents(g, first, err));
    }
    st = MKG_OK;
out:
    return st;
}

static mkg_status ask_degree(gather *g, const mkg__ask *a, mkg_id node, size_t *n,
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

/* Split the asks into those that some mention has facts for, kept in `asks`, and the
 * others, appended to `empty`. */
static mkg_status split_asks(gather *g, mkg__asks *asks, mkg__asks *empty, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t kept = 0, n;

    for (size_t i = 0; i < asks->n; i++) {
        bool any = false;
        for (size_t k = 0; k < g->ntargets && !any; k++) {
            MKG_GO(ask_degree(g, &asks->at[i], g->targets[k].node, &n, err));
            any = n > 0;
        }
        mkg__ask a = asks->at[i];
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

static candidate *add(gather *g, mkg_err *err)
{
    if (!mkg__grow(&g->found, &g->cap, g->nfound + 1, sizeof *g->found)) {
        mkg__nomem(err);
        return NULL;
    }
    candidate *c = &g->found[g->nfound++];
    memset(c, 0, sizeof *c);
    return c;
}

/* ---- between two mentions ---- */

static mkg_status between(gather *g, const target *a, const target *b, mkg_err *err)
{
    mkg_status st = MKG_OK;
    g->edges.n = 0;
    MKG_GO(mkg_kg_edges(g->kg, a->node, 0, false, 0, &g->edges, err));
    for (size_t i = 0; i < g->edges.n; i++) {
        if (g->edges.edges[i].other != b->node) continue;
        candidate *c = add(g, err);
        if (!c) return MKG_ENOMEM;
        c->fact = g->edges.edges[i].fact;
        c->other = b->node;
        c->score = 1;
        c->why = "direct";
    }
out:
    return st;
}

static mkg_status gather_between(gather *g, mkg_err *err)
{
    mkg_status st = MKG_OK;
    for (size_t i = 0; i < g->ntargets; i++)
        for (size_t k = 0; k < g->ntargets; k++)
            if (g->targets[i].span != g->targets[k].span)
                MKG_GO(between(g, &g->targets[i], &g->targets[k], err));
out:
    return st;
}

/* ---- along a relation that is asked for ---- */

/* Facts of one mention for one ask. Where a name means several nodes, those of the type
 * that the relation expects count, else all that have such facts. */
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
        candidate *c = add(g, err);
        if (!c) return MKG_ENOMEM;
        c->fact = edge->fact;
        c->other = edge->other;
        c->inverse = edge->inverse;
        c->ask = ask;
        c->place = i;
        c->mentions = 1;
        c->why = "intent";
        /* A source lists what matters first; read backwards there is no such order, so
         * what the graph knows more of goes first. */
        if (edge->inverse && edge->other)
            MKG_GO(mkg_kg_degree(g->kg, edge->other, 0, true, &c->known, err));
    }
out:
    return st;
}

static bool right_type(const target *t, const mkg_relation *r)
{
    return r->subject_type.len == 0 || mkg__view_eq(t->type, r->subject_type);
}

static mkg_status along_span(gather *g, const mkg__ask *a, size_t ask, size_t span,
                             mkg_err *err)
{
    mkg_status st = MKG_OK;
    bool typed = false;
    size_t n;

    for (size_t i = 0; i < g->ntargets; i++) {
        const target *t = &g->targets[i];
        if (t->span != span || !right_type(t, a->relation)) continue;
        MKG_GO(ask_degree(g, a, t->node, &n, err));
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

static int by_other(const void *p, const void *q)
{
    const candidate *x = p, *y = q;
    if (x->other != y->other) return x->other < y->other ? -1 : 1;
    return (x->fact > y->fact) - (x->fact < y->fact);
}

/* "Which disease has A and B": what several mentions lead to goes before the rest. */
static void count_mentions(candidate *c, size_t n)
{
    if (n) qsort(c, n, sizeof *c, by_other);
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i; j < n && c[j].other == c[i].other && (j == i || c[i].other); j++)
            ;
        for (size_t k = i; k < j; k++)
            c[k].mentions = j - i;
    }
}

static int best_in_list(const void *p, const void *q)
{
    const candidate *x = p, *y = q;
    if (x->mentions != y->mentions) return x->mentions > y->mentions ? -1 : 1;
    if (x->known != y->known) return x->known > y->known ? -1 : 1;
    if (x->mentions > 1 && x->other != y->other) return x->other < y->other ? -1 : 1;
    if (x->place != y->place) return x->place < y->place ? -1 : 1;
    return (x->fact > y->fact) - (x->fact < y->fact);
}

static mkg_status gather_asked(gather *g, const mkg__asks *asks, mkg_err *err)
{
    mkg_status st = MKG_OK;
    for (size_t i = 0; i < asks->n; i++) {
        size_t first = g->nfound;
        for (size_t k = 0; k < g->spans->n; k++)
            if (span_counts(g, k)) MKG_GO(along_span(g, &asks->at[i], i, k, err));
        size_t n = g->nfound - first;
        candidate *list = n ? g->found + first : NULL;
        if (g->nspans > 1) count_mentions(list, n);
        if (n) qsort(list, n, sizeof *list, best_in_list);
        double said = (double)asks->at[i].chars / (double)asks->at[0].chars;
        for (size_t k = 0; k < n; k++) {
            list[k].place = k;
            list[k].score = said * (double)list[k].mentions / (double)g->nspans /
                            (1 + 0.02 * (double)k);
            if (list[k].score > 1) list[k].score = 1;
        }
    }
out:
    return st;
}

/* ---- nothing particular is asked: a view of the node ---- */

static mkg_status overview(gather *g, mkg_err *err)
{
    mkg_status st = MKG_OK;
    for (size_t span = 0; span < g->spans->n; span++) {
        const target *best = NULL;
        for (size_t i = 0; i < g->ntargets; i++)
            if (g->targets[i].span == span &&
                (!best || g->targets[i].degree > best->degree))
                best = &g->targets[i];
        if (!best) continue;
        for (int inverse = 0; inverse < 2; inverse++) {
            g->edges.n = 0;
            MKG_GO(mkg_kg_edges(g->kg, best->node, 0, inverse, 0, &g->edges, err));
            size_t run = 0, texts = 0;
            for (size_t i = 0; i < g->edges.n; i++) {
                const mkg_edge *edge = &g->edges.edges[i];
                run =
                    i && g->edges.edges[i - 1].relation == edge->relation ? run + 1 : 0;
                candidate *c = add(g, err);
                if (!c) return MKG_ENOMEM;
                c->fact = edge->fact;
                c->other = edge->other;
                c->inverse = inverse;
                c->place = run;
                c->score = 0.5 / (1 + 0.2 * (double)run) / (inverse ? 2 : 1);
                /* The first text describes the whole; the others are details. */
                if (!edge->other) c->score = texts++ == 0 ? 0.6 : c->score / 2;
                c->why = "entity";
            }
        }
    }
out:
    return st;
}

static int by_score(const void *p, const void *q)
{
    const candidate *x = p, *y = q;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    if (x->place != y->place) return x->place < y->place ? -1 : 1;
    return (x->fact > y->fact) - (x->fact < y->fact);
}

/* One from each ask in turn, so that every part of a question gets its evidence. */
static int in_turns(const void *p, const void *q)
{
    const candidate *x = p, *y = q;
    if (x->place != y->place) return x->place < y->place ? -1 : 1;
    return x->ask < y->ask ? -1 : x->ask > y->ask;
}

static bool is_direct(const candidate *c)
{
    return c->why[0] == 'd';
}

static void order(gather *g, bool asked)
{
    size_t direct = 0;
    if (g->nfound == 0) return; /* found may be NULL */
    for (size_t i = 0; i < g->nfound; i++) {
        if (!is_direct(&g->found[i])) continue;
        candidate c = g->found[i];
        g->found[i] = g->found[direct];
        g->found[direct++] = c;
    }
    candidate *rest = g->found + direct;
    size_t n = g->nfound - direct;
    if (n) qsort(rest, n, sizeof *rest, asked ? in_turns : by_score);
}

/* ---- into the evidence ---- */

static mkg_status node_name(gather *g, mkg_id id, const char **out, mkg_err *err)
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
    MKG_GO(node_name(g, f.subject, &p->subject, err));
    if (f.object != MKG_ID_NONE)
        MKG_GO(node_name(g, f.object, &p->object, err));
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
    p->score = c->score;
    p->why = c->why;
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

static mkg_status fill_pieces(gather *g, size_t limit, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_evidence *e = g->e;
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
static mkg_status fill_intents(gather *g, const mkg__asks *asks, const mkg__asks *empty,
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
        in->name = mkg__keep(e, r->name);
        in->label = mkg__keep(e, mkg_relation_label(r, g->q->lang));
        in->score = (double)a->chars / (double)most->chars;
        if (in->score > 1) in->score = 1;
        if (!in->name || !in->label) return mkg__nomem(err);
    }
    return MKG_OK;
}

/* ---- what was not found ---- */

static mkg_status add_missing(mkg_evidence *e, const char *what, const char *reason,
                              mkg__buf *searched, mkg_err *err)
{
    const char *text = mkg__buf_cstr(searched);
    mkg_missing *m = mkg__arena_alloc(&e->arena, (e->nmissing + 1) * sizeof *m);
    if (!m || !text || !(text = mkg__arena_dup(&e->arena, text, searched->len)))
        return mkg__nomem(err);
    if (e->nmissing) memcpy(m, e->missing, e->nmissing * sizeof *m);
    m[e->nmissing++] = (mkg_missing){what, text, reason};
    e->missing = m;
    return MKG_OK;
}

static mkg_status missing_relations(gather *g, const mkg__asks *empty, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__buf searched = {0};
    bool zh = g->q->lang == MKG_LANG_ZH;
    const char *name;

    for (size_t i = 0; i < empty->n; i++) {
        const char *what =
            mkg__keep(g->e, mkg_relation_label(empty->at[i].relation, g->q->lang));
        if (!what) {
            st = mkg__nomem(err);
            goto out;
        }
        searched.len = 0;
        for (size_t k = 0; k < g->ntargets; k++) {
            MKG_GO(node_name(g, g->targets[k].node, &name, err));
            mkg__buf_printf(&searched, zh ? "%s%s的 %zu 条事实" : "%s%s: %zu facts",
                            k ? (zh ? "、" : ", ") : "", name, g->targets[k].degree);
        }
        MKG_GO(add_missing(g->e, what, "no_such_relation", &searched, err));
    }
out:
    mkg__buf_clear(&searched);
    return st;
}

static mkg_status missing_entity(gather *g, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_stats stats = {0};
    mkg__buf searched = {0};

    MKG_GO(mkg_kg_stats(g->kg, &stats, err));
    mkg__buf_printf(&searched, g->q->lang == MKG_LANG_ZH ? "%llu 个名称" : "%llu names",
                    (unsigned long long)stats.names);
    st = add_missing(g->e, g->e->question, "unknown_entity", &searched, err);
out:
    mkg_stats_clear(&stats);
    mkg__buf_clear(&searched);
    return st;
}

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

/* One piece states what another denies. */
static bool has_conflict(const mkg_evidence *e)
{
    for (size_t i = 0; i < e->npieces; i++)
        for (size_t k = i + 1; k < e->npieces; k++)
            if (mkg_pieces_conflict(&e->pieces[i], &e->pieces[k])) return true;
    return false;
}

mkg_status mkg__gather(mkg_kg *kg, const mkg__question *q, const mkg__spans *spans,
                       mkg__asks *asks, size_t limit, mkg_evidence *e, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__asks empty = {0};
    gather *g = mkg__calloc(1, sizeof *g);

    if (!g) return mkg__nomem(err);
    *g = (gather){.kg = kg, .q = q, .spans = spans, .e = e};
    e->status = MKG_NO_EVIDENCE;
    MKG_GO(find_targets(g, err));
    if (g->ntargets == 0) {
        mkg__asks_settle(q, asks);
        MKG_GO(fill_intents(g, asks, &empty, err));
        MKG_GO(missing_entity(g, err));
        goto out;
    }
    bool asked = asks->n > 0;
    MKG_GO(split_asks(g, asks, &empty, err));
    mkg__asks_settle(q, asks);
    mkg__asks_apart(q, asks, &empty);
    MKG_GO(fill_intents(g, asks, &empty, err));
    if (g->nspans > 1) MKG_GO(gather_between(g, err));
    if (asks->n) MKG_GO(gather_asked(g, asks, err));
    if (asked) MKG_GO(missing_relations(g, &empty, err));
    if (!asked && g->nfound == 0) MKG_GO(overview(g, err));
    order(g, asked);
    MKG_GO(drop_other_language(g, err));
    MKG_GO(fill_pieces(g, limit, err));
    if (e->npieces)
        e->status = has_conflict(e)   ? MKG_CONFLICT
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
