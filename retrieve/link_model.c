/* The learned part of linking: its file, its substitutions. */
#include "retrieve/link_model_internal.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/json.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const feature_names[MKG__FEATURES] = {
    "cosine_1",    "cosine_2",   "of_text_1",  "of_text_2",  "of_name_1", "of_name_2",
    "run_name",    "run_text",   "order_name", "order_text", "in_text",   "in_name",
    "same_last",   "same_first", "sound",      "degree",     "length",    "equal",
    "phrase",      "vector",     "replaced",   "place",      "part",      "part_equal",
    "phrase_like", "given",      "given_like"};

void mkg__link_model_init(mkg__link_model *m)
{
    memset(m, 0, sizeof *m);
    m->weights = mkg__link_default;
}

void mkg__link_model_clear(mkg__link_model *m)
{
    mkg__free(m->rules);
    mkg__arena_clear(&m->arena);
    memset(m, 0, sizeof *m);
}

/* ---- the file ---- */

enum { MODEL_MAX = 4 << 20, RULE_MAX = 64 };

static bool number(const json_t *v, float *out)
{
    double d = json_number_value(v);
    if (!json_is_number(v) || !(fabs(d) < 1e6)) return false;
    *out = (float)d;
    return true;
}

static mkg_status add_rule(mkg__link_model *m, mkg_view from, mkg_view to,
                           uint32_t support, mkg_err *err)
{
    if (!mkg__grow(&m->rules, &m->rules_cap, m->nrules + 1, sizeof *m->rules))
        return mkg__nomem(err);
    mkg__rule *r = &m->rules[m->nrules];
    r->from = mkg__arena_dup(&m->arena, from.ptr, from.len);
    r->to = mkg__arena_dup(&m->arena, to.len ? to.ptr : "", to.len);
    r->nfrom = from.len;
    r->nto = to.len;
    r->support = support;
    if (!r->from || !r->to) return mkg__nomem(err);
    m->nrules++;
    return MKG_OK;
}

static mkg_status read_rules(const json_t *list, const char *path, mkg__link_model *m,
                             mkg_err *err)
{
    mkg_status st = MKG_OK;
    for (size_t i = 0; i < json_array_size(list) && i < MKG__RULES_MAX; i++) {
        const json_t *r = json_array_get(list, i);
        mkg_view from = mkg__json_view(json_array_get(r, 0)),
                 to = mkg__json_view(json_array_get(r, 1));
        json_int_t support = json_integer_value(json_array_get(r, 2));
        if (!from.ptr || !to.ptr || from.len == 0 || from.len > RULE_MAX ||
            to.len > RULE_MAX || support < 1 || support > UINT32_MAX)
            return mkg__fail_at(err, MKG_EPARSE, path, 0, 0,
                                "rule %zu is not [from, to, support]", i + 1);
        MKG_GO(add_rule(m, from, to, (uint32_t)support, err));
    }
out:
    return st;
}

static mkg_status read_model(const json_t *v, const char *path, mkg__link_model *m,
                             mkg_err *err)
{
    const json_t *weights = json_object_get(v, "weights");
    json_t *types = json_object_get(v, "types"), *value;
    const char *key;
    mkg__link_weights *w = &m->weights;

    if (json_integer_value(json_object_get(v, "format")) != 1)
        return mkg__fail_at(err, MKG_EPARSE, path, 0, 0, "not of format 1");
    for (size_t i = 0; i < MKG__FEATURES; i++)
        if (!number(json_object_get(weights, feature_names[i]), &w->feature[i]))
            return mkg__fail_at(err, MKG_EPARSE, path, 0, 0, "no weight '%s'",
                                feature_names[i]);
    if (!number(json_object_get(v, "slope"), &w->slope) || w->slope <= 0 ||
        !number(json_object_get(v, "offset"), &w->offset))
        return mkg__fail_at(err, MKG_EPARSE, path, 0, 0, "no slope or offset");
    json_object_foreach(types, key, value)
    {
        if (m->ntypes == MKG__MODEL_TYPES) break;
        char *name = mkg__arena_dup(&m->arena, key, strlen(key));
        if (!name) return mkg__nomem(err);
        if (!number(value, &m->types[m->ntypes].weight)) continue;
        m->types[m->ntypes++].name = name;
    }
    return read_rules(json_object_get(v, "rules"), path, m, err);
}

mkg_status mkg__link_model_load(const char *path, mkg__link_model *m, mkg_err *err)
{
    json_t *v = NULL;
    if (!mkg__file_exists(path)) return MKG_NOTFOUND;
    mkg_status st = mkg__json_load(path, MODEL_MAX, &v, err);
    if (st >= 0) st = read_model(v, path, m, err);
    json_decref(v);
    if (st < 0) {
        mkg__link_model_clear(m);
        mkg__link_model_init(m);
    }
    return st;
}

static mkg_status write_text(void *ctx, FILE *f, mkg_err *err)
{
    const mkg__buf *b = ctx;
    return fwrite(b->ptr, 1, b->len, f) == b->len ? MKG_OK
                                                  : mkg__fail_errno(err, "write", "");
}

mkg_status mkg__link_model_save(const char *path, const mkg__link_model *m,
                                mkg_err *err)
{
    mkg_status st;
    mkg__buf text = {0};
    json_t *weights = json_object(), *types = json_object(), *rules = json_array();

    for (size_t i = 0; i < MKG__FEATURES; i++)
        json_object_set_new(weights, feature_names[i],
                            json_real((double)m->weights.feature[i]));
    for (size_t i = 0; i < m->ntypes; i++)
        json_object_set_new(types, m->types[i].name,
                            json_real((double)m->types[i].weight));
    for (size_t i = 0; i < m->nrules; i++)
        json_array_append_new(rules, json_pack("[s%, s%, I]", m->rules[i].from,
                                               m->rules[i].nfrom, m->rules[i].to,
                                               m->rules[i].nto,
                                               (json_int_t)m->rules[i].support));
    json_t *v = json_pack("{s:i, s:o, s:f, s:f, s:o, s:o}", "format", 1, "weights",
                          weights, "slope", (double)m->weights.slope, "offset",
                          (double)m->weights.offset, "types", types, "rules", rules);
    st = v ? mkg__json_dump(v, &text, err) : mkg__nomem(err);
    mkg__buf_byte(&text, '\n');
    if (st >= 0)
        st = text.failed ? mkg__nomem(err)
                         : mkg__file_replace(path, 0666, write_text, &text, err);
    json_decref(v);
    mkg__buf_clear(&text);
    return st;
}

/* ---- substitutions ---- */

static const char *find(mkg_view in, const char *what, size_t n)
{
    for (size_t i = 0; i + n <= in.len; i++)
        if (memcmp(in.ptr + i, what, n) == 0) return in.ptr + i;
    return NULL;
}

static void put_replaced(mkg__buf *out, mkg_view text, const char *at,
                         const mkg__rule *r)
{
    size_t before = (size_t)(at - text.ptr);
    mkg__buf_put(out, text.ptr, before);
    mkg__buf_put(out, r->to, r->nto);
    mkg__buf_put(out, at + r->nfrom, text.len - before - r->nfrom);
}

mkg_status mkg__link_replace(const mkg__link_model *m, mkg_view text, mkg__buf *out,
                             size_t *ends, size_t cap, size_t *n, mkg_err *err)
{
    size_t used = 0;
    mkg__buf all = {0};
    const char *at;

    *n = 0;
    mkg__buf_put(&all, text.ptr, text.len);
    for (size_t i = 0; i < m->nrules && *n + 1 < cap; i++) { /* most support first */
        const mkg__rule *r = &m->rules[i];
        if (!(at = find(text, r->from, r->nfrom)) || text.len == r->nfrom) continue;
        put_replaced(out, text, at, r);
        ends[(*n)++] = out->len;
        mkg_view so_far = {all.ptr, all.len};
        const char *again = all.failed ? NULL : find(so_far, r->from, r->nfrom);
        if (again) {
            mkg__buf next = {0};
            put_replaced(&next, so_far, again, r);
            mkg__buf_clear(&all);
            all = next;
            used++;
        }
    }
    if (used > 1 && *n < cap && !all.failed) {
        mkg__buf_put(out, all.ptr, all.len);
        ends[(*n)++] = out->len;
    }
    bool failed = all.failed || out->failed;
    mkg__buf_clear(&all);
    return failed ? mkg__nomem(err) : MKG_OK;
}

static size_t shared_front(mkg_view a, mkg_view b)
{
    size_t n = 0, most = a.len < b.len ? a.len : b.len;
    while (n < most && a.ptr[n] == b.ptr[n])
        n++;
    while (n && n < a.len && ((unsigned char)a.ptr[n] & 0xc0) == 0x80)
        n--;
    while (n && n < b.len && ((unsigned char)b.ptr[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static size_t shared_back(mkg_view a, mkg_view b)
{
    size_t n = 0, most = a.len < b.len ? a.len : b.len;
    while (n < most && a.ptr[a.len - 1 - n] == b.ptr[b.len - 1 - n])
        n++;
    while (n && ((unsigned char)a.ptr[a.len - n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* What differs; false where it is nothing or too much. */
static bool difference(mkg_view *a, mkg_view *b)
{
    enum { CHARS = 5 };
    size_t front = shared_front(*a, *b);
    mkg_view x = {a->ptr + front, a->len - front}, y = {b->ptr + front, b->len - front};
    size_t back = shared_back(x, y);
    if (front + back == 0) return false;
    x.len -= back;
    y.len -= back;
    if (x.len == 0 && front) { /* an insertion: it needs a place */
        do {
            x.ptr--;
            y.ptr--;
            x.len++;
            y.len++;
        } while (((unsigned char)*x.ptr & 0xc0) == 0x80);
    } else if (x.len == 0) {
        size_t len;
        mkg__utf8_decode(x.ptr, back, &len);
        x.len += len;
        y.len += len;
    }
    if (mkg__utf8_count(x.ptr, x.len) > CHARS || mkg__utf8_count(y.ptr, y.len) > CHARS)
        return false;
    *a = x;
    *b = y;
    return true;
}

typedef struct seen {
    mkg_view from, to;
    uint32_t term;
} seen;

static int by_view(mkg_view a, mkg_view b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_rule(const void *a, const void *b)
{
    const seen *x = a, *y = b;
    int order = by_view(x->from, y->from);
    if (order == 0) order = by_view(x->to, y->to);
    return order ? order : (x->term > y->term) - (x->term < y->term);
}

static int most_support_first(const void *a, const void *b)
{
    const mkg__rule *x = a, *y = b;
    if (x->support != y->support) return x->support > y->support ? -1 : 1;
    int order = by_view(mkg__view(x->from, x->nfrom), mkg__view(y->from, y->nfrom));
    return order ? order : by_view(mkg__view(x->to, x->nto), mkg__view(y->to, y->nto));
}

mkg_status mkg__link_mine(const mkg__name_pair *pairs, size_t n, mkg__link_model *m,
                          mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t found = 0, bytes;
    seen *s;

    if (!mkg__mul(n + 1, sizeof *s, &bytes) || !(s = mkg__malloc(bytes)))
        return mkg__nomem(err);
    for (size_t i = 0; i < n; i++) {
        mkg_view a = pairs[i].phrase, b = pairs[i].term;
        if (difference(&a, &b)) s[found++] = (seen){a, b, pairs[i].surface};
    }
    if (found) qsort(s, found, sizeof *s, by_rule);
    for (size_t i = 0, end; i < found; i = end) {
        uint32_t terms = 0;
        for (end = i; end < found && by_view(s[i].from, s[end].from) == 0 &&
                      by_view(s[i].to, s[end].to) == 0;
             end++)
            terms += end == i || s[end].term != s[end - 1].term;
        if (terms > 1) MKG_GO(add_rule(m, s[i].from, s[i].to, terms, err));
    }
    if (m->nrules) qsort(m->rules, m->nrules, sizeof *m->rules, most_support_first);
    if (m->nrules > MKG__RULES_MAX) m->nrules = MKG__RULES_MAX;
out:
    mkg__free(s);
    return st;
}
