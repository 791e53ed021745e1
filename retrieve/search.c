/* Looking nodes up: by what a person types, and by what a person means. */
#include "base/err.h"
#include "retrieve/retrieve.h"

#include <stdlib.h>
#include <string.h>

enum { GRAMS_MAX = 128, PREFIX_MAX = 512 };

/* ---- character bigrams ---- */

/* Distinct bigrams of code points, sorted; a text of one character is its own gram. */
typedef struct grams {
    uint64_t at[GRAMS_MAX];
    size_t n;
} grams;

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void make_grams(mkg_view text, grams *g)
{
    uint32_t before = 0;
    size_t len;

    g->n = 0;
    for (size_t i = 0; i < text.len && g->n < GRAMS_MAX; i += len) {
        uint32_t c = mkg__utf8_decode(text.ptr + i, text.len - i, &len);
        if (i || len == text.len) g->at[g->n++] = (uint64_t)before << 32 | c;
        before = c;
    }
    if (g->n) qsort(g->at, g->n, sizeof *g->at, by_value);
    size_t kept = 0;
    for (size_t i = 0; i < g->n; i++)
        if (kept == 0 || g->at[kept - 1] != g->at[i]) g->at[kept++] = g->at[i];
    g->n = kept;
}

/* Dice's coefficient: shared grams, twice, over all. */
static double similarity(const grams *a, const grams *b)
{
    size_t i = 0, k = 0, shared = 0;
    if (a->n + b->n == 0) return 0;
    while (i < a->n && k < b->n) {
        if (a->at[i] == b->at[k]) {
            shared++;
            i++;
            k++;
        } else if (a->at[i] < b->at[k]) {
            i++;
        } else {
            k++;
        }
    }
    return 2.0 * (double)shared / (double)(a->n + b->n);
}

/* ---- the best k nodes ---- */

typedef struct best {
    mkg_found *at;
    size_t n, k;
} best;

static void offer(best *b, mkg_id node, double score, const char *how)
{
    size_t i;
    for (i = 0; i < b->n; i++)
        if (b->at[i].node == node) {
            if (b->at[i].score >= score) return;
            memmove(&b->at[i], &b->at[i + 1], (b->n - i - 1) * sizeof *b->at);
            b->n--;
            break;
        }
    for (i = b->n; i > 0; i--) {
        const mkg_found *f = &b->at[i - 1];
        if (f->score > score || (f->score >= score && f->node < node)) break;
    }
    if (i == b->k) return;
    if (b->n == b->k) b->n--;
    memmove(&b->at[i + 1], &b->at[i], (b->n - i) * sizeof *b->at);
    b->at[i] = (mkg_found){node, score, how};
    b->n++;
}

typedef struct scan {
    best *b;
    mkg_view text;
    grams grams;
    size_t seen;
} scan;

static bool take_prefix(void *ctx, mkg_view key, mkg_id node)
{
    scan *s = ctx;
    if (key.len < s->text.len || memcmp(key.ptr, s->text.ptr, s->text.len) != 0)
        return false;
    /* The less of the name is missing, the better. */
    double share = (double)s->text.len / (double)key.len;
    offer(s->b, node, 0.5 + 0.45 * share, "prefix");
    return ++s->seen < PREFIX_MAX;
}

static bool take_similar(void *ctx, mkg_view key, mkg_id node)
{
    scan *s = ctx;
    grams g;
    make_grams(key, &g);
    double score = similarity(&s->grams, &g);
    if (score >= 0.3) offer(s->b, node, 0.9 * score, "similar");
    return true;
}

static bool is_preferred(mkg_kg *kg, mkg_id id, mkg_view folded)
{
    mkg_node node;
    mkg_entry e;
    bool yes = false;
    mkg__buf b = {0};
    if (mkg_kg_node(kg, id, &node, NULL) != MKG_OK) return false;
    for (size_t pos = 0; !yes && mkg_node_next(&node, &pos, &e);) {
        if (e.kind != MKG_ENTRY_NAME) continue;
        b.len = 0;
        yes = mkg__fold(e.text.ptr, e.text.len, &b, NULL, NULL) >= 0 &&
              mkg__view_eq(mkg__view(b.ptr, b.len), folded);
    }
    mkg__buf_clear(&b);
    return yes;
}

mkg_status mkg_search(mkg_kg *kg, const char *text, size_t k, mkg_found *out, size_t *n,
                      mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__buf folded = {0};
    mkg_ids ids = {0};
    best b = {out, 0, k};
    mkg_view any = {"", 0}, whole = {text, strlen(text)};

    *n = 0;
    MKG_GO(mkg__fold(text, whole.len, &folded, NULL, err));
    if (folded.len == 0 || k == 0) goto out;
    scan s = {.b = &b, .text = {folded.ptr, folded.len}};
    MKG_GO(mkg_kg_find_code(kg, mkg__trim(whole), &ids, err));
    for (size_t i = 0; i < ids.n; i++)
        offer(&b, ids.ids[i], 1, "code");
    ids.n = 0;
    MKG_GO(mkg_kg_find_name(kg, whole, &ids, err));
    for (size_t i = 0; i < ids.n; i++) {
        bool exact = is_preferred(kg, ids.ids[i], s.text);
        offer(&b, ids.ids[i], exact ? 1 : 0.98, exact ? "exact" : "alias");
    }
    MKG_GO(mkg_kg_each_name(kg, s.text, take_prefix, &s, err));
    make_grams(s.text, &s.grams);
    MKG_GO(mkg_kg_each_name(kg, any, take_similar, &s, err));
    *n = b.n;
    st = b.n ? MKG_OK : MKG_NOTFOUND;
out:
    mkg__buf_clear(&folded);
    mkg_ids_clear(&ids);
    return st;
}

/* ---- the node that is meant ---- */

static mkg_status not_found(mkg_kg *kg, const char *ref, mkg_err *err)
{
    mkg_found near[3];
    size_t n;
    mkg_node node;
    mkg__buf list = {0};
    mkg_lang lang = mkg__lang_guess(ref, strlen(ref));

    mkg_status st = mkg_search(kg, ref, 3, near, &n, err);
    if (st < 0) return st;
    for (size_t i = 0; i < n; i++) {
        if (mkg_kg_node(kg, near[i].node, &node, NULL) != MKG_OK) continue;
        mkg_view name = mkg_node_name(&node, lang);
        mkg__buf_printf(&list, "%s'%.*s'", i ? ", " : "; near it: ", (int)name.len,
                        name.ptr);
    }
    const char *text = mkg__buf_cstr(&list);
    st =
        mkg__fail(err, MKG_NOTFOUND, "no node is called '%s'%s", ref, text ? text : "");
    mkg__buf_clear(&list);
    return st;
}

static mkg_status by_id(mkg_kg *kg, mkg_view ref, mkg_ids *out, mkg_err *err)
{
    uint64_t id;
    mkg_node node;
    if (ref.len && ref.ptr[0] == '#') ref = mkg__view(ref.ptr + 1, ref.len - 1);
    if (!mkg__parse_u64(ref, &id) || id == 0 || id > UINT32_MAX) return MKG_NOTFOUND;
    mkg_status st = mkg_kg_node(kg, (mkg_id)id, &node, err);
    if (st != MKG_OK) return st;
    if (!mkg__grow(&out->ids, &out->cap, out->n + 1, sizeof *out->ids))
        return mkg__nomem(err);
    out->ids[out->n++] = (mkg_id)id;
    return MKG_OK;
}

typedef struct ranked {
    mkg_id id;
    size_t facts;
} ranked;

static int most_facts_first(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->facts != y->facts) return x->facts > y->facts ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static mkg_status rank(mkg_kg *kg, mkg_ids *ids, size_t first, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t n = ids->n - first, bytes, in;
    ranked *list = NULL;

    if (n < 2) return MKG_OK;
    if (!mkg__mul(n, sizeof *list, &bytes) || !(list = mkg__malloc(bytes)))
        return mkg__nomem(err);
    for (size_t i = 0; i < n; i++) {
        list[i].id = ids->ids[first + i];
        MKG_GO(mkg_kg_degree(kg, list[i].id, 0, false, &list[i].facts, err));
        MKG_GO(mkg_kg_degree(kg, list[i].id, 0, true, &in, err));
        list[i].facts += in;
    }
    qsort(list, n, sizeof *list, most_facts_first);
    for (size_t i = 0; i < n; i++)
        ids->ids[first + i] = list[i].id;
out:
    mkg__free(list);
    return st;
}

mkg_status mkg_resolve(mkg_kg *kg, const char *ref, mkg_ids *out, mkg_err *err)
{
    mkg_status st;
    mkg_view v = mkg__trim(mkg__view(ref, strlen(ref)));
    size_t first = out->n, bad;

    if (v.len == 0 || !mkg__utf8_valid(v.ptr, v.len, &bad))
        return mkg__fail(err, MKG_EARG, "a node is named by an id, a code or a name");
    if (v.ptr[0] == '#') {
        MKG_GO(by_id(kg, v, out, err));
    } else {
        MKG_GO(mkg_kg_find_name(kg, v, out, err));
        if (st == MKG_NOTFOUND) MKG_GO(mkg_kg_find_code(kg, v, out, err));
        if (st == MKG_NOTFOUND) MKG_GO(by_id(kg, v, out, err));
    }
    if (st == MKG_NOTFOUND)
        st = not_found(kg, ref, err);
    else
        st = rank(kg, out, first, err);
out:
    return st;
}
