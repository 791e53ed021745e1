/* A text as one mention. Candidates come from names that stand in it and from names
 * that share n-grams with it; a log-linear model of signs of likeness ranks them. */
#include "retrieve/link_internal.h"

#include "retrieve/phrases_internal.h"

#include "base/err.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float GIVEN_LIKE = 0.6f; /* cosine */
enum { SIMILAR = 60, PARTS = 8, REPLACED = 8, OF_EACH = 12, CHARS_MAX = 64 };

/* Learned from the shipped phrases alone, on a graph of Chinese diseases and symptoms
 * (docs/linking.md). */
const mkg__link_weights mkg__link_default = {.feature = {[MKG__F_COSINE_1] = 1.6f,
                                                         [MKG__F_COSINE_2] = 2.0f,
                                                         [MKG__F_OF_TEXT_1] = 3.0f,
                                                         [MKG__F_OF_TEXT_2] = 1.0f,
                                                         [MKG__F_OF_NAME_1] = 2.5f,
                                                         [MKG__F_OF_NAME_2] = 1.0f,
                                                         [MKG__F_RUN_NAME] = 0.5f,
                                                         [MKG__F_RUN_TEXT] = 0.5f,
                                                         [MKG__F_ORDER_NAME] = 0.5f,
                                                         [MKG__F_ORDER_TEXT] = 1.0f,
                                                         [MKG__F_IN_TEXT] = 0.8f,
                                                         [MKG__F_SOUND] = 1.0f,
                                                         [MKG__F_DEGREE] = 1.0f,
                                                         [MKG__F_EQUAL] = 8.0f,
                                                         [MKG__F_VECTOR] = 2.0f,
                                                         [MKG__F_REPLACED] = 2.0f,
                                                         [MKG__F_PART] = -1.0f,
                                                         [MKG__F_PART_EQUAL] = 2.0f},
                                             .slope = 0.8f,
                                             .offset = -8.0f};

void mkg__candidates_clear(mkg__candidates *c)
{
    mkg__free(c->at);
    memset(c, 0, sizeof *c);
}

/* ---- signs of likeness ---- */

typedef struct chars {
    uint32_t at[CHARS_MAX];
    size_t n;
} chars;

static void decode(mkg_view v, chars *out)
{
    size_t len;
    out->n = 0;
    for (size_t i = 0; i < v.len && out->n < CHARS_MAX; i += len)
        out->at[out->n++] = mkg__utf8_decode(v.ptr + i, v.len - i, &len);
}

static void common(const chars *a, const chars *b, size_t *run, size_t *order)
{
    uint8_t runs[2][CHARS_MAX + 1] = {{0}}, orders[2][CHARS_MAX + 1] = {{0}};
    uint8_t best = 0;
    for (size_t i = 0; i < a->n; i++) {
        uint8_t *r = runs[i & 1], *up = runs[!(i & 1)];
        uint8_t *o = orders[i & 1], *above = orders[!(i & 1)];
        for (size_t j = 0; j < b->n; j++) {
            bool same = a->at[i] == b->at[j];
            r[j + 1] = same ? (uint8_t)(up[j] + 1) : 0;
            if (r[j + 1] > best) best = r[j + 1];
            o[j + 1] = same ? (uint8_t)(above[j] + 1)
                            : (above[j + 1] > o[j] ? above[j + 1] : o[j]);
        }
    }
    *run = best;
    *order = a->n ? orders[(a->n - 1) & 1][b->n] : 0;
}

/* Edit distance with homophones nearly free, of the longer one's length. */
static float sound_likeness(const chars *a, const chars *b)
{
    float row[2][CHARS_MAX + 1];
    size_t longer = a->n > b->n ? a->n : b->n;
    size_t gap = longer - (a->n < b->n ? a->n : b->n);
    if (longer == 0 || gap * 2 > longer) return 0;
    for (size_t j = 0; j <= b->n; j++)
        row[0][j] = (float)j;
    for (size_t i = 1; i <= a->n; i++) {
        float *cur = row[i & 1], *up = row[!(i & 1)];
        cur[0] = (float)i;
        for (size_t j = 1; j <= b->n; j++) {
            uint32_t x = a->at[i - 1], y = b->at[j - 1];
            float d = up[j - 1] + (x == y ? 0 : mkg__han_distance(x, y));
            if (up[j] + 1 < d) d = up[j] + 1;
            if (cur[j - 1] + 1 < d) d = cur[j - 1] + 1;
            cur[j] = d;
        }
    }
    return 1 - row[a->n & 1][b->n] / (float)longer;
}

static const char *find(mkg_view in, mkg_view what)
{
    if (what.len == 0 || what.len > in.len) return NULL;
    for (size_t i = 0; i + what.len <= in.len; i++)
        if (memcmp(in.ptr + i, what.ptr, what.len) == 0) return in.ptr + i;
    return NULL;
}

/* The best kind of entry that the surface has; facts and type of its best known node.
 */
static mkg__name_kind look_at_nodes(const mkg__names *x, mkg__candidate *c,
                                    uint32_t *most)
{
    mkg__name_kind kind = MKG__NAME_KINDS;
    *most = 0;
    c->type = MKG_NAMES_NONE;
    for (size_t i = 0, n = mkg__names_entries(x, c->surface); i < n; i++) {
        mkg__name_entry e = mkg__names_entry(x, c->surface, i);
        uint32_t degree = mkg__names_degree(x, e.node);
        if (i == 0 || degree > *most) {
            *most = degree;
            c->type = mkg__names_type(x, e.node);
        }
        if (e.kind < kind) kind = e.kind;
    }
    return kind;
}

static void describe(const mkg__names *x, mkg_view text, const chars *q,
                     const mkg__weighted *w, mkg__candidate *c)
{
    uint32_t degree;
    mkg_view name = mkg__names_text(x, c->surface);
    float *f = c->feature;
    mkg__overlap o;
    chars s;
    size_t run, order;

    decode(name, &s);
    common(q, &s, &run, &order);
    mkg__names_overlap(x, w, c->surface, &o);
    if (!(w->sum[0] > 0)) { /* words: what n-grams say counts for both */
        o.cosine[0] = o.cosine[1];
        o.of_query[0] = o.of_query[1];
        o.of_name[0] = o.of_name[1];
    }
    float n = s.n ? (float)s.n : 1, m = q->n ? (float)q->n : 1;
    const char *at = find(text, name);
    mkg__name_kind kind = look_at_nodes(x, c, &degree);
    f[MKG__F_COSINE_1] = o.cosine[0];
    f[MKG__F_COSINE_2] = o.cosine[1];
    f[MKG__F_OF_TEXT_1] = o.of_query[0];
    f[MKG__F_OF_TEXT_2] = o.of_query[1];
    f[MKG__F_OF_NAME_1] = o.of_name[0];
    f[MKG__F_OF_NAME_2] = o.of_name[1];
    f[MKG__F_RUN_NAME] = (float)run / n;
    f[MKG__F_RUN_TEXT] = (float)run / m;
    f[MKG__F_ORDER_NAME] = (float)order / n;
    f[MKG__F_ORDER_TEXT] = (float)order / m;
    f[MKG__F_IN_TEXT] = at != NULL;
    f[MKG__F_IN_NAME] = find(name, text) != NULL;
    f[MKG__F_SAME_LAST] = q->n && s.n && q->at[q->n - 1] == s.at[s.n - 1];
    f[MKG__F_SAME_FIRST] = q->n && s.n && q->at[0] == s.at[0];
    f[MKG__F_SOUND] = sound_likeness(q, &s);
    f[MKG__F_DEGREE] = log1pf((float)degree) / 5;
    f[MKG__F_LENGTH] = logf(n);
    f[MKG__F_EQUAL] = mkg__view_eq(name, text);
    float cosine = (o.cosine[0] + o.cosine[1]) / 2;
    f[MKG__F_PHRASE] = kind == MKG__NAME_COLLOQUIAL;
    f[MKG__F_PHRASE_LIKE] = kind == MKG__NAME_COLLOQUIAL ? cosine : 0;
    f[MKG__F_GIVEN] = kind == MKG__NAME_GIVEN;
    f[MKG__F_GIVEN_LIKE] = kind == MKG__NAME_GIVEN ? cosine : 0;
    f[MKG__F_PLACE] = at && text.len ? 1 - (float)(at - text.ptr) / (float)text.len : 0;
    c->how = f[MKG__F_EQUAL] > 0            ? mkg__name_kind_how(kind)
             : kind >= MKG__NAME_COLLOQUIAL ? "colloquial"
             : f[MKG__F_SOUND] >= 0.75f     ? "fuzzy"
                                            : "similar";
}

/* ---- candidates ---- */

static mkg_status take(mkg__candidates *out, uint32_t surface, mkg_err *err)
{
    for (size_t i = 0; i < out->n; i++)
        if (out->at[i].surface == surface) return MKG_OK;
    if (!mkg__grow(&out->at, &out->cap, out->n + 1, sizeof *out->at))
        return mkg__nomem(err);
    memset(&out->at[out->n], 0, sizeof *out->at);
    out->at[out->n++].surface = surface;
    return MKG_OK;
}

/* Does a word go on across this place? */
static bool within_word(mkg_view text, size_t at)
{
    size_t before = at, len;
    if (at == 0 || at >= text.len) return false;
    do
        before--;
    while (before && ((unsigned char)text.ptr[before] & 0xc0) == 0x80);
    return mkg__is_word(mkg__utf8_decode(text.ptr + before, text.len - before, &len)) &&
           mkg__is_word(mkg__utf8_decode(text.ptr + at, text.len - at, &len));
}

static mkg_status take_contained(const mkg__names *x, mkg_view text,
                                 mkg__candidates *out, mkg_err *err)
{
    enum { LENGTHS = 24 };
    mkg__name_match m[LENGTHS];
    mkg_status st = MKG_OK;
    size_t len;

    for (size_t i = 0; i < text.len; i += len) {
        mkg__utf8_decode(text.ptr + i, text.len - i, &len);
        if (within_word(text, i)) continue;
        size_t n = mkg__names_prefixes(x, text.ptr + i, text.len - i, m, LENGTHS);
        for (size_t k = 0; k < n; k++)
            if (mkg__utf8_count(text.ptr + i, m[k].len) > 1 &&
                !within_word(text, i + m[k].len))
                MKG_GO(take(out, m[k].surface, err));
    }
out:
    return st;
}

static int best_first(const void *a, const void *b)
{
    const mkg__candidate *x = a, *y = b;
    if (x->score < y->score || x->score > y->score) return x->score > y->score ? -1 : 1;
    return (x->surface > y->surface) - (x->surface < y->surface);
}

/* Names like the text as it would be with other words in it. What they have in common
 * with that is kept in F_REPLACED. */
static mkg_status take_replaced(mkg__linker *l, mkg_view text, mkg__candidates *out,
                                mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__buf texts = {0};
    size_t ends[REPLACED], n, m;
    uint32_t similar[2 * OF_EACH];
    mkg__weighted w;
    mkg__overlap o;

    MKG_GO(mkg__link_replace(&l->model, text, &texts, ends, REPLACED, &n, err));
    for (size_t i = 0, from = 0; i < n; from = ends[i++]) {
        mkg__names_weigh(l->names, mkg__view(texts.ptr + from, ends[i] - from), &w);
        MKG_GO(mkg__names_similar(l->names, &w, OF_EACH, similar, &m, err));
        for (size_t k = 0; k < m; k++)
            MKG_GO(take(out, similar[k], err));
        for (size_t k = 0; k < out->n; k++) {
            float *best = &out->at[k].feature[MKG__F_REPLACED];
            mkg__names_overlap(l->names, &w, out->at[k].surface, &o);
            float cosine = (o.cosine[0] + o.cosine[1]) / 2;
            if (cosine > *best) *best = cosine;
        }
    }
out:
    mkg__buf_clear(&texts);
    return st;
}

bool mkg__same_node(const mkg__names *x, uint32_t a, uint32_t b)
{
    size_t n = mkg__names_entries(x, a), m = mkg__names_entries(x, b);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < m; k++)
            if (mkg__names_entry(x, a, i).node == mkg__names_entry(x, b, k).node)
                return true;
    return false;
}

static bool is_hidden(const mkg__names *x, uint32_t surface, mkg_view text,
                      mkg__hide hide, uint32_t term)
{
    if (hide == MKG__HIDE_NOTHING) return false;
    if (mkg__view_eq(mkg__names_text(x, surface), text)) return true;
    return hide == MKG__HIDE_TERM &&
           mkg__names_entry(x, surface, 0).kind == MKG__NAME_GIVEN &&
           mkg__same_node(x, surface, term);
}

static void drop_hidden(const mkg__names *x, mkg_view text, mkg__hide hide,
                        uint32_t term, mkg__candidates *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++)
        if (!is_hidden(x, c->at[i].surface, text, hide, term)) c->at[kept++] = c->at[i];
    c->n = kept;
}

/* Phrases that users give are of every kind; they speak for what is nearly the same. */
static void drop_far_given(mkg__candidates *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->at[i].feature[MKG__F_GIVEN] <= 0 ||
            c->at[i].feature[MKG__F_GIVEN_LIKE] >= GIVEN_LIKE)
            c->at[kept++] = c->at[i];
    c->n = kept;
}

static void score(const mkg__linker *l, mkg__candidate *c)
{
    const mkg__link_weights *w = &l->model.weights;
    c->sum = 0;
    for (size_t k = 0; k < MKG__FEATURES; k++)
        c->sum += w->feature[k] * c->feature[k];
    if (l->type_weight && c->type != MKG_NAMES_NONE) c->sum += l->type_weight[c->type];
    c->score = 1 / (1 + expf(-(w->slope * c->sum + w->offset)));
}

/* Candidates for the text, or for a part of one. */
static mkg_status link_part(mkg__linker *l, mkg_view text, size_t similar_each,
                            mkg__candidates *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__names *x = l->names;
    mkg__weighted w;
    chars q;
    float vector[MKG__VECTOR_DIM_MAX];
    uint32_t similar[2 * SIMILAR];
    size_t n;
    uint32_t equal = mkg__names_find(x, text.ptr, text.len);

    out->n = 0;
    decode(text, &q);
    mkg__names_weigh(x, text, &w);
    if (equal != MKG_NAMES_NONE) MKG_GO(take(out, equal, err));
    MKG_GO(take_contained(x, text, out, err));
    MKG_GO(mkg__names_similar(x, &w, similar_each, similar, &n, err));
    for (size_t i = 0; i < n; i++)
        MKG_GO(take(out, similar[i], err));
    bool vectors = l->vectors.table && mkg__name_vector(&l->vectors, &w, vector);
    if (vectors) {
        MKG_GO(mkg__name_vectors_nearest(&l->vectors, vector, similar_each / 2, similar,
                                         &n, err));
        for (size_t i = 0; i < n; i++)
            MKG_GO(take(out, similar[i], err));
    }
    if (l->model.nrules) MKG_GO(take_replaced(l, text, out, err));
    for (size_t i = 0; i < out->n; i++) {
        mkg__candidate *c = &out->at[i];
        describe(x, text, &q, &w, c);
        if (vectors)
            c->feature[MKG__F_VECTOR] =
                mkg__name_vector_cosine(&l->vectors, x, vector, c->surface);
    }
    drop_far_given(out);
out:
    return st;
}

/* The better of the two ways in which a surface was found stays. */
static mkg_status merge(mkg__candidates *all, const mkg__candidate *c, mkg_err *err)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->at[i].surface == c->surface) {
            if (c->sum > all->at[i].sum) all->at[i] = *c;
            return MKG_OK;
        }
    if (!mkg__grow(&all->at, &all->cap, all->n + 1, sizeof *all->at))
        return mkg__nomem(err);
    all->at[all->n++] = *c;
    return MKG_OK;
}

mkg_status mkg__link_candidates(mkg__linker *l, mkg_view text, mkg__hide hide,
                                uint32_t term, mkg__candidates *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view parts[PARTS];
    mkg__candidates some = {0};
    size_t n = mkg__text_parts(text, parts, PARTS);

    MKG_GO(link_part(l, text, SIMILAR, out, err));
    drop_hidden(l->names, text, hide, term, out);
    for (size_t i = 0; i < out->n; i++)
        score(l, &out->at[i]);
    if (n == 1 && parts[0].len == text.len) n = 0;
    for (size_t p = 0; p < n; p++) {
        MKG_GO(link_part(l, parts[p], SIMILAR / 3, &some, err));
        drop_hidden(l->names, text, hide, term, &some);
        for (size_t i = 0; i < some.n; i++) {
            float *f = some.at[i].feature;
            f[MKG__F_PART] = 1;
            f[MKG__F_PART_EQUAL] = f[MKG__F_EQUAL];
            f[MKG__F_EQUAL] = 0;
            f[MKG__F_PLACE] = 1 - (float)p / (float)n;
            score(l, &some.at[i]);
            MKG_GO(merge(out, &some.at[i], err));
        }
    }
    if (out->n) qsort(out->at, out->n, sizeof *out->at, best_first);
    st = MKG_OK;
out:
    mkg__candidates_clear(&some);
    return st;
}

/* ---- nodes ---- */

static void offer(mkg_found *at, size_t *n, size_t k, mkg_found f)
{
    size_t i;
    for (i = 0; i < *n; i++)
        if (at[i].node == f.node) {
            if (at[i].score >= f.score) return;
            memmove(&at[i], &at[i + 1], (*n - i - 1) * sizeof *at);
            --*n;
            break;
        }
    for (i = *n; i > 0 && at[i - 1].score < f.score; i--)
        ;
    if (i == k) return;
    if (*n == k) --*n;
    memmove(&at[i + 1], &at[i], (*n - i) * sizeof *at);
    at[i] = f;
    ++*n;
}

/* The nodes of a surface, those with more facts first among equals. */
static void offer_surface(const mkg__names *x, const mkg__candidate *c, size_t k,
                          mkg_found *out, size_t *n)
{
    for (size_t i = 0, m = mkg__names_entries(x, c->surface); i < m; i++) {
        mkg__name_entry e = mkg__names_entry(x, c->surface, i);
        double degree = log1p((double)mkg__names_degree(x, e.node));
        mkg_found f = {e.node, (double)c->score + 1e-5 * degree, c->how};
        if (c->feature[MKG__F_EQUAL] > 0) {
            static const double sure[] = {1, 0.98, 0.95, 0.95};
            f.how = mkg__name_kind_how(e.kind);
            f.score = sure[e.kind] + 1e-5 * degree;
        } else {
            f.score *= 0.94;
        }
        offer(out, n, k, f);
    }
}

/* Simple methods know the graph's own names and nothing else. */
static bool is_name(const mkg__names *x, uint32_t surface)
{
    return mkg__names_entry(x, surface, 0).kind <= MKG__NAME_ALIAS;
}

static mkg_status by_distance(mkg__names *x, mkg_view text, mkg__candidates *out,
                              mkg_err *err)
{
    mkg_status st = MKG_OK;
    for (uint32_t s = 0; s < mkg__names_count(x); s++) {
        mkg_view name = mkg__names_text(x, s);
        size_t a = mkg__utf8_count(name.ptr, name.len),
               b = mkg__utf8_count(text.ptr, text.len), longer = a > b ? a : b;
        size_t d = mkg__edit_distance(name, text, longer);
        float score = longer ? 1 - (float)d / (float)longer : 0;
        if (score < 0.2f) continue;
        if (!mkg__grow(&out->at, &out->cap, out->n + 1, sizeof *out->at))
            return mkg__nomem(err);
        memset(&out->at[out->n], 0, sizeof *out->at);
        out->at[out->n].surface = s;
        out->at[out->n].how = "fuzzy";
        out->at[out->n++].score = score;
    }
    return st;
}

static mkg_status by_ngrams(mkg__names *x, mkg_view text, mkg__candidates *out,
                            mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__weighted w;
    mkg__overlap o;
    uint32_t similar[2 * SIMILAR];
    size_t n;

    mkg__names_weigh(x, text, &w);
    MKG_GO(mkg__names_similar(x, &w, SIMILAR, similar, &n, err));
    for (size_t i = 0; i < n; i++) {
        mkg__names_overlap(x, &w, similar[i], &o);
        MKG_GO(take(out, similar[i], err));
        out->at[out->n - 1].how = "similar";
        out->at[out->n - 1].score = (o.cosine[0] + o.cosine[1]) / 2;
    }
out:
    return st;
}

mkg_status mkg__link(mkg_kg *kg, const char *text, mkg__link_method method, size_t k,
                     mkg_found *out, size_t *n, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__linker *l;
    mkg__buf form = {0};
    mkg__candidates c = {0};

    *n = 0;
    MKG_GO(mkg__linker_get(kg, &l, err));
    mkg__names *x = l->names;
    MKG_GO(mkg__name_form(mkg__view(text, strlen(text)), &form, err));
    mkg_view v = {form.ptr, form.len};
    if (v.len == 0 || k == 0) goto out;
    if (method == MKG__LINK_EXACT) {
        uint32_t s = mkg__names_find(x, v.ptr, v.len);
        if (s != MKG_NAMES_NONE) MKG_GO(take(&c, s, err));
        if (c.n) c.at[0].feature[MKG__F_EQUAL] = 1;
    } else if (method == MKG__LINK_EDIT) {
        MKG_GO(by_distance(x, v, &c, err));
    } else if (method == MKG__LINK_NGRAM) {
        MKG_GO(by_ngrams(x, v, &c, err));
    } else {
        MKG_GO(mkg__link_candidates(l, v, MKG__HIDE_NOTHING, MKG_NAMES_NONE, &c, err));
    }
    for (size_t i = 0; i < c.n; i++)
        if (method == MKG__LINK_FULL || is_name(x, c.at[i].surface))
            offer_surface(x, &c.at[i], k, out, n);
    st = MKG_OK;
out:
    mkg__candidates_clear(&c);
    mkg__buf_clear(&form);
    return st;
}
