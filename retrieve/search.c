/* Looking nodes up: by what a person types, and by what a person means. */
#include "base/err.h"
#include "retrieve/link_internal.h"
#include "retrieve/phrases_internal.h"
#include "retrieve/retrieve.h"

#include <stdlib.h>
#include <string.h>

enum { PREFIX_MAX = 512 };
static const double LEAST = 0.1; /* what is less likely is nothing */

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

/* ---- search ---- */

/* What begins with the text: the less of the name is missing, the better. */
static void offer_prefixes(const mkg__names *x, mkg_view form, best *b)
{
    uint32_t from, to;
    mkg__names_range(x, form.ptr, form.len, &from, &to);
    if (to - from > PREFIX_MAX) to = from + PREFIX_MAX;
    for (uint32_t s = from; s < to; s++) {
        mkg_view name = mkg__names_text(x, s);
        double share = name.len ? (double)form.len / (double)name.len : 0;
        if (name.len == form.len) continue;
        for (size_t i = 0, n = mkg__names_entries(x, s); i < n; i++) {
            mkg__name_entry e = mkg__names_entry(x, s, i);
            if (e.kind <= MKG__NAME_ALIAS)
                offer(b, e.node, 0.6 + 0.35 * share, "prefix");
        }
    }
}

static mkg_status search_once(mkg_kg *kg, mkg__names *x, const char *text,
                              mkg_view form, best *b, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_ids ids = {0};
    mkg_found *linked = NULL;
    size_t n = 0;

    MKG_GO(mkg_kg_find_code(kg, mkg__trim(mkg__view(text, strlen(text))), &ids, err));
    for (size_t i = 0; i < ids.n; i++)
        offer(b, ids.ids[i], 1, "code");
    if (!(linked = mkg__malloc(b->k * sizeof *linked))) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(mkg__link(kg, text, MKG__LINK_FULL, b->k, linked, &n, err));
    for (size_t i = 0; i < n; i++)
        if (linked[i].score >= LEAST)
            offer(b, linked[i].node, linked[i].score, linked[i].how);
    offer_prefixes(x, form, b);
    st = MKG_OK;
out:
    mkg__free(linked);
    mkg_ids_clear(&ids);
    return st;
}

mkg_status mkg_search(mkg_kg *kg, const char *text, size_t k, mkg_found *out, size_t *n,
                      mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__names *x;
    mkg__buf form = {0};
    best b = {out, 0, k};

    *n = 0;
    MKG_GO(mkg__name_form(mkg__view(text, strlen(text)), &form, err));
    if (form.len == 0 || k == 0) goto out;
    for (int turn = 0; turn < 2; turn++) { /* a damaged index is made anew */
        b.n = 0;
        MKG_GO(mkg__names_get(kg, &x, err));
        MKG_GO(search_once(kg, x, text, mkg__view(form.ptr, form.len), &b, err));
        if (!mkg__names_damaged(x)) break;
    }
    /* Among equals more facts count a trace more. */
    for (size_t i = 0; i < b.n; i++)
        if (out[i].score > 1) out[i].score = 1;
    *n = b.n;
    st = b.n ? MKG_OK : MKG_NOTFOUND;
out:
    mkg__buf_clear(&form);
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
