/* What sources said that cannot all be meant: one pass over nodes, one over facts, one
 * over names. Reads through kg.h alone. */
#include "kg/check_internal.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "kg/kg_internal.h"

#include <stdlib.h>
#include <string.h>

bool mkg_finding_is_info(mkg_finding_kind kind)
{
    return kind == MKG_FINDING_NAME_TYPES || kind == MKG_FINDING_FACT_TYPE;
}

const char *mkg_finding_name(mkg_finding_kind kind)
{
    static const char *const names[MKG_FINDING_COUNT] = {
        [MKG_FINDING_NAME] = "name",           [MKG_FINDING_CODE] = "code",
        [MKG_FINDING_CYCLE] = "cycle",         [MKG_FINDING_CONFLICT] = "conflict",
        [MKG_FINDING_DENIED] = "denied",       [MKG_FINDING_ORPHAN] = "orphan",
        [MKG_FINDING_LABEL] = "label",         [MKG_FINDING_NAME_TYPES] = "name_types",
        [MKG_FINDING_FACT_TYPE] = "fact_type",
    };
    return (unsigned)kind < MKG_FINDING_COUNT ? names[kind] : "";
}

/* A node's type as a number, with a bit that says whether it has a fact. */
enum { HAS_FACT = 0x8000, TYPE_MAX = 0x7fff };

/* What is kept of the facts that are compared with others. */
typedef struct statement {
    mkg_id subject, relation, object, fact;
} statement;

typedef struct statements {
    statement *at;
    size_t n, cap;
} statements;

/* Types that the vocabulary expects of a relation, 0 for any. */
typedef struct expected {
    uint16_t subject, object;
    bool symmetric;
} expected;

typedef struct check {
    mkg_kg *kg;
    const mkg_check_opts *o;
    mkg_check_counts *counts;
    uint64_t done, total;
    mkg__map types;
    uint16_t *node; /* by id: 0 no node, else the type */
    size_t nnode, cap;
    expected *expect; /* by relation id */
    size_t nexpect;
    mkg_id is_a, treats, contraindicated;
    struct {
        mkg__arc *at;
        size_t n, cap;
    } arcs;
    statements drugs, denied;
    /* The name that the walk over names is at. */
    mkg__buf key;
    mkg_ids ids;
    mkg_status st;
    mkg_err *err;
} check;

static void found(check *k, const mkg_finding *f)
{
    if (k->counts->n[f->kind]++ < k->o->limit && k->o->on_finding)
        k->o->on_finding(k->o->ctx, f);
}

static mkg_status step(check *k, mkg_err *err)
{
    if (++k->done % 8192 == 0 && k->o->progress &&
        k->o->progress(k->o->progress_ctx, "checking", k->done, k->total) != 0)
        return mkg__fail(err, MKG_ECANCEL, "stopped");
    return MKG_OK;
}

static mkg_status type_number(check *k, mkg_view type, uint16_t *out, mkg_err *err)
{
    size_t before = k->types.n;
    mkg_id *slot = mkg__map_put(&k->types, type.ptr, type.len);
    if (!slot) return mkg__nomem(err);
    /* Nobody has so many types; the rest of them would pass for one. */
    if (*slot == MKG_ID_NONE)
        *slot = before < TYPE_MAX ? (mkg_id)before + 1 : (mkg_id)TYPE_MAX;
    *out = (uint16_t)*slot;
    return MKG_OK;
}

static uint16_t type_of(const check *k, mkg_id node)
{
    return node < k->nnode ? k->node[node] & TYPE_MAX : 0;
}

/* ---- relations ---- */

static mkg_id relation_id(mkg_kg *kg, const char *name)
{
    const mkg_relation *r = mkg_kg_find_relation(kg, mkg__view(name, strlen(name)));
    return r ? r->id : MKG_ID_NONE;
}

static mkg_status expect_types(check *k, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t n = mkg_kg_relation_count(k->kg);

    k->is_a = relation_id(k->kg, "is_a");
    k->treats = relation_id(k->kg, "treats");
    k->contraindicated = relation_id(k->kg, "contraindicated_in");
    for (size_t i = 0; i < n; i++) {
        const mkg_relation *r = mkg_kg_relation_at(k->kg, i);
        if (r->id >= k->nexpect) k->nexpect = (size_t)r->id + 1;
    }
    k->expect = mkg__calloc(k->nexpect + 1, sizeof *k->expect);
    if (!k->expect) return mkg__nomem(err);
    for (size_t i = 0; i < n; i++) {
        const mkg_relation *r = mkg_kg_relation_at(k->kg, i);
        expected *e = &k->expect[r->id];
        if (r->inverse) continue;
        e->symmetric = r->symmetric;
        if (r->subject_type.len)
            MKG_GO(type_number(k, r->subject_type, &e->subject, err));
        if (r->object_type.len) MKG_GO(type_number(k, r->object_type, &e->object, err));
    }
out:
    return st;
}

/* A label that is nothing but the name in another language is none. */
static bool lacks_label(const mkg_relation *r, mkg_lang lang)
{
    mkg_view label = mkg_relation_label(r, lang);
    mkg_lang have = mkg__lang_guess(label.ptr, label.len);
    if (lang == MKG_LANG_ZH) return have != MKG_LANG_ZH;
    return have == MKG_LANG_ZH;
}

static mkg_status check_labels(check *k, mkg_err *err)
{
    static const mkg_lang langs[] = {MKG_LANG_ZH, MKG_LANG_EN};
    mkg_status st = MKG_OK;
    for (size_t i = 0; i < mkg_kg_relation_count(k->kg); i++) {
        const mkg_relation *r = mkg_kg_relation_at(k->kg, i);
        uint64_t facts;
        MKG_GO(mkg_kg_relation_facts(k->kg, r->id, &facts, err));
        for (size_t j = 0; facts && j < 2; j++) {
            const char *lang = mkg_lang_name(langs[j]);
            mkg_finding f = {.kind = MKG_FINDING_LABEL,
                             .text = mkg__view(lang, strlen(lang)),
                             .relation = r};
            if (lacks_label(r, langs[j])) found(k, &f);
        }
    }
out:
    return st;
}

/* ---- nodes ---- */

/* Did an entry of the node before `end` give this code? */
static bool said_before(const mkg_node *n, size_t end, mkg_view code)
{
    mkg_entry e;
    size_t pos = 0;
    while (mkg_node_next(n, &pos, &e) && pos < end)
        if (e.kind == MKG_ENTRY_CODE && mkg__same_code(e.text, code)) return true;
    return false;
}

/* Codes of this node that others have, too: told by the first of them. */
static mkg_status check_codes(check *k, const mkg_node *node, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_entry e;

    for (size_t pos = 0; mkg_node_next(node, &pos, &e);) {
        if (e.kind != MKG_ENTRY_CODE) continue;
        k->ids.n = 0;
        MKG_GO(mkg_kg_find_code(k->kg, e.text, &k->ids, err));
        if (k->ids.n < 2 || k->ids.ids[0] != node->id || said_before(node, pos, e.text))
            continue;
        mkg_finding f = {.kind = MKG_FINDING_CODE,
                         .text = e.text,
                         .nodes = k->ids.ids,
                         .nnodes = k->ids.n};
        found(k, &f);
    }
    st = MKG_OK;
out:
    return st;
}

static mkg_status check_nodes(check *k, mkg_err *err)
{
    mkg_status st;
    mkg_node node;
    mkg_id id = MKG_ID_NONE;

    while ((st = mkg_kg_next_node(k->kg, &id, &node, err)) == MKG_OK) {
        if (!mkg__grow(&k->node, &k->cap, (size_t)id + 1, sizeof *k->node)) {
            st = mkg__nomem(err);
            goto out;
        }
        memset(k->node + k->nnode, 0, ((size_t)id + 1 - k->nnode) * sizeof *k->node);
        k->nnode = (size_t)id + 1;
        MKG_GO(type_number(k, node.type, &k->node[id], err));
        MKG_GO(check_codes(k, &node, err));
        MKG_GO(step(k, err));
    }
out:
    return st;
}

static void check_orphans(check *k)
{
    for (size_t id = 1; id < k->nnode; id++) {
        mkg_id node = (mkg_id)id;
        mkg_finding f = {.kind = MKG_FINDING_ORPHAN, .nodes = &node, .nnodes = 1};
        if (k->node[id] && !(k->node[id] & HAS_FACT)) found(k, &f);
    }
}

/* ---- facts ---- */

static mkg_status keep(statements *list, const mkg_fact *f, mkg_err *err)
{
    if (!mkg__grow(&list->at, &list->cap, list->n + 1, sizeof *list->at))
        return mkg__nomem(err);
    list->at[list->n++] = (statement){f->subject, f->relation, f->object, f->id};
    return MKG_OK;
}

static bool fits(uint16_t want, uint16_t have)
{
    return want == 0 || want == have;
}

static void check_types(check *k, const mkg_fact *f)
{
    if (f->relation >= k->nexpect) return;
    const expected *e = &k->expect[f->relation];
    uint16_t s = type_of(k, f->subject), o = type_of(k, f->object);
    bool ok = fits(e->subject, s) && (!f->object || fits(e->object, o));
    /* Of a symmetric relation either end may have been the subject. */
    if (!ok && e->symmetric) ok = fits(e->subject, o) && fits(e->object, s);
    if (ok) return;
    mkg_id nodes[] = {f->subject, f->object};
    mkg_finding finding = {.kind = MKG_FINDING_FACT_TYPE,
                           .nodes = nodes,
                           .nnodes = f->object ? 2 : 1,
                           .facts = {f->id, MKG_ID_NONE},
                           .relation = mkg_kg_relation(k->kg, f->relation, false)};
    found(k, &finding);
}

static void note_fact(check *k, mkg_id node)
{
    if (node < k->nnode) k->node[node] |= HAS_FACT;
}

static mkg_status check_facts(check *k, mkg_err *err)
{
    mkg_status st;
    mkg_fact f;
    mkg_id id = MKG_ID_NONE;

    while ((st = mkg_kg_next_fact(k->kg, &id, &f, err)) == MKG_OK) {
        note_fact(k, f.subject);
        note_fact(k, f.object); /* 0 for a text, which is no node's id */
        check_types(k, &f);
        if (f.denied) {
            MKG_GO(keep(&k->denied, &f, err));
        } else if (f.object && f.relation == k->is_a) {
            if (!mkg__grow(&k->arcs.at, &k->arcs.cap, k->arcs.n + 1,
                           sizeof *k->arcs.at)) {
                st = mkg__nomem(err);
                goto out;
            }
            k->arcs.at[k->arcs.n++] = (mkg__arc){f.subject, f.object};
        } else if (f.object &&
                   (f.relation == k->treats || f.relation == k->contraindicated)) {
            MKG_GO(keep(&k->drugs, &f, err));
        }
        MKG_GO(step(k, err));
    }
out:
    return st;
}

#define COMPARE(a, b)                                                                  \
    if ((a) != (b)) return (a) < (b) ? -1 : 1

static int by_pair(const void *p, const void *q)
{
    const statement *x = p, *y = q;
    COMPARE(x->subject, y->subject);
    COMPARE(x->object, y->object);
    COMPARE(x->relation, y->relation);
    COMPARE(x->fact, y->fact);
    return 0;
}

/* A drug that treats a disease and is contraindicated in it. */
static void check_drugs(check *k)
{
    statement *at = k->drugs.at;
    size_t n = k->drugs.n;

    if (n) qsort(at, n, sizeof *at, by_pair);
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i + 1;
             j < n && at[j].subject == at[i].subject && at[j].object == at[i].object;)
            j++;
        if (at[j - 1].relation == at[i].relation) continue;
        bool treats_first = at[i].relation == k->treats;
        mkg_id nodes[] = {at[i].subject, at[i].object};
        mkg_finding f = {.kind = MKG_FINDING_CONFLICT,
                         .nodes = nodes,
                         .nnodes = 2,
                         .facts = {at[treats_first ? i : j - 1].fact,
                                   at[treats_first ? j - 1 : i].fact}};
        found(k, &f);
    }
}

static int by_statement(const void *p, const void *q)
{
    const statement *x = p, *y = q;
    COMPARE(x->subject, y->subject);
    COMPARE(x->relation, y->relation);
    COMPARE(x->object, y->object);
    COMPARE(x->fact, y->fact);
    return 0;
}

static int by_other(const void *p, const void *q)
{
    const mkg_edge *x = p, *y = q;
    COMPARE(x->other, y->other);
    COMPARE(x->fact, y->fact);
    return 0;
}

/* Is one of the edges the same statement as the denied one, stated? */
static mkg_status find_stated(check *k, const statement *denied, const mkg_edges *edges,
                              mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_fact no, yes;
    size_t low = 0, high = edges->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (edges->edges[mid].other < denied->object)
            low = mid + 1;
        else
            high = mid;
    }
    MKG_GO(mkg_kg_fact(k->kg, denied->fact, &no, err));
    for (; low < edges->n && edges->edges[low].other == denied->object; low++) {
        if (edges->edges[low].fact == denied->fact) continue;
        MKG_GO(mkg_kg_fact(k->kg, edges->edges[low].fact, &yes, err));
        if (st != MKG_OK || yes.denied || !mkg__view_eq(yes.literal, no.literal))
            continue;
        mkg_id nodes[] = {yes.subject, yes.object};
        mkg_finding f = {.kind = MKG_FINDING_DENIED,
                         .nodes = nodes,
                         .nnodes = yes.object ? 2 : 1,
                         .facts = {yes.id, no.id},
                         .relation = mkg_kg_relation(k->kg, yes.relation, false)};
        found(k, &f);
        break;
    }
    st = MKG_OK;
out:
    return st;
}

/* Statements that are both stated and denied. The facts of a subject are read once for
 * all that is denied of it. */
static mkg_status check_denied(check *k, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_edges edges = {0};
    statement *at = k->denied.at;
    size_t n = k->denied.n;

    if (n) qsort(at, n, sizeof *at, by_statement);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || at[i].subject != at[i - 1].subject ||
            at[i].relation != at[i - 1].relation) {
            edges.n = 0;
            MKG_GO(mkg_kg_edges(k->kg, at[i].subject, at[i].relation, false, 0, &edges,
                                err));
            if (edges.n) qsort(edges.edges, edges.n, sizeof *edges.edges, by_other);
        }
        MKG_GO(find_stated(k, &at[i], &edges, err));
    }
out:
    mkg_edges_clear(&edges);
    return st;
}

static mkg_status on_cycle(void *ctx, const mkg_id *nodes, size_t n, mkg_err *err)
{
    mkg_finding f = {.kind = MKG_FINDING_CYCLE, .nodes = nodes, .nnodes = n};
    (void)err;
    found(ctx, &f);
    return MKG_OK;
}

/* ---- names ---- */

/* qsort() has no room for the table of types, so that they are sorted along. */
typedef struct typed {
    uint16_t type;
    mkg_id node;
} typed;

static int by_type(const void *p, const void *q)
{
    const typed *x = p, *y = q;
    COMPARE(x->type, y->type);
    COMPARE(x->node, y->node);
    return 0;
}

static mkg_status sort_by_type(check *k, mkg_err *err)
{
    size_t n = k->ids.n;
    typed *list = mkg__calloc(n, sizeof *list);
    if (!list) return mkg__nomem(err);
    for (size_t i = 0; i < n; i++)
        list[i] = (typed){type_of(k, k->ids.ids[i]), k->ids.ids[i]};
    qsort(list, n, sizeof *list, by_type);
    for (size_t i = 0; i < n; i++)
        k->ids.ids[i] = list[i].node;
    mkg__free(list);
    return MKG_OK;
}

/* The nodes of the name in k->key, all of them being in k->ids. */
static mkg_status end_name(check *k, mkg_err *err)
{
    size_t n = k->ids.n, bad;
    mkg_view name = {k->key.ptr, k->key.len};

    if (n < 2) return MKG_OK;
    /* A long name is cut, maybe within a character, and followed by its hash. */
    if (name.len > MKG_NAME_MAX) name.len = MKG_NAME_MAX;
    if (!mkg__utf8_valid(name.ptr, name.len, &bad)) name.len = bad;
    mkg_status st = sort_by_type(k, err);
    if (st < 0) return st;
    const mkg_id *ids = k->ids.ids;
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && type_of(k, ids[j]) == type_of(k, ids[i]);)
            j++;
        mkg_finding f = {
            .kind = MKG_FINDING_NAME, .text = name, .nodes = ids + i, .nnodes = j - i};
        if (j - i > 1) found(k, &f);
    }
    mkg_finding f = {
        .kind = MKG_FINDING_NAME_TYPES, .text = name, .nodes = ids, .nnodes = n};
    if (type_of(k, ids[0]) != type_of(k, ids[n - 1])) found(k, &f);
    return MKG_OK;
}

static bool on_name(void *ctx, mkg_view key, mkg_id node)
{
    check *k = ctx;
    if (!mkg__view_eq(key, mkg__view(k->key.ptr, k->key.len))) {
        k->st = end_name(k, k->err);
        k->ids.n = k->key.len = 0;
        mkg__buf_put(&k->key, key.ptr, key.len);
        if (k->st >= 0 && k->key.failed) k->st = mkg__nomem(k->err);
    }
    if (k->st >= 0) k->st = step(k, k->err);
    if (k->st < 0) return false;
    if (type_of(k, node) == 0) return true; /* there is no such node */
    if (!mkg__grow(&k->ids.ids, &k->ids.cap, k->ids.n + 1, sizeof *k->ids.ids)) {
        k->st = mkg__nomem(k->err);
        return false;
    }
    k->ids.ids[k->ids.n++] = node;
    return true;
}

static mkg_status check_names(check *k, mkg_err *err)
{
    mkg_status st = MKG_OK;
    k->ids.n = 0;
    k->err = err;
    MKG_GO(mkg_kg_each_name(k->kg, mkg__view("", 0), on_name, k, err));
    MKG_GO(k->st);
    st = end_name(k, err);
out:
    return st;
}

/* ---- the whole ---- */

mkg_status mkg_kg_check(mkg_kg *kg, const mkg_check_opts *opts,
                        mkg_check_counts *counts, mkg_err *err)
{
    mkg_status st = MKG_OK;
    check k = {.kg = kg, .o = opts, .counts = counts};
    mkg_stats s;

    memset(counts, 0, sizeof *counts);
    MKG_GO(mkg_kg_stats(kg, &s, err));
    k.total = s.nodes + s.facts + s.names;
    mkg_stats_clear(&s);
    MKG_GO(expect_types(&k, err));
    MKG_GO(check_nodes(&k, err));
    MKG_GO(check_facts(&k, err));
    MKG_GO(check_names(&k, err));
    check_orphans(&k);
    check_drugs(&k);
    MKG_GO(check_denied(&k, err));
    MKG_GO(mkg__cycles(k.arcs.at, k.arcs.n, on_cycle, &k, err));
    MKG_GO(check_labels(&k, err));
    st = MKG_OK;
out:
    mkg__map_clear(&k.types);
    mkg__free(k.node);
    mkg__free(k.expect);
    mkg__free(k.arcs.at);
    mkg__free(k.drugs.at);
    mkg__free(k.denied.at);
    mkg__buf_clear(&k.key);
    mkg_ids_clear(&k.ids);
    return st;
}
