/* N-grams of names and what they weigh; the names that share them with a text. */
#include "retrieve/name_file_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the grams of a text ---- */

static uint64_t gram(unsigned kind, uint32_t a, uint32_t b, uint32_t c)
{
    const uint64_t mask = 0xfffff;
    return (uint64_t)kind << 62 | (a & mask) << 40 | (b & mask) << 20 | (c & mask);
}

static void add(mkg__grams *g, uint64_t v)
{
    if (g->n < MKG_GRAMS_MAX) g->at[g->n++] = v;
}

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

void mkg__grams_of(mkg_view text, mkg__grams *g)
{
    enum { EDGE = 1 };
    uint32_t before = 0, first = 0; /* the two characters before this one */
    size_t len, kept = 0;
    bool han = false, word = false; /* what `before` is */

    g->n = 0;
    for (size_t i = 0; i <= text.len; i += len) {
        len = 1;
        uint32_t c =
            i < text.len ? mkg__utf8_decode(text.ptr + i, text.len - i, &len) : 0;
        bool is_han = c && mkg__is_han(c), is_word = c && !is_han && mkg__is_word(c);
        if (word) add(g, gram(3, first, before, is_word ? c : EDGE));
        if (is_han) {
            add(g, gram(1, 0, 0, c));
            if (han) add(g, gram(2, 0, before, c));
        }
        first = word ? before : EDGE;
        before = c;
        han = is_han;
        word = is_word;
    }
    if (g->n) qsort(g->at, g->n, sizeof *g->at, by_value);
    for (size_t i = 0; i < g->n; i++)
        if (kept == 0 || g->at[kept - 1] != g->at[i]) g->at[kept++] = g->at[i];
    g->n = kept;
}

/* ---- their weight ---- */

static uint32_t gram_place(const mkg__names *x, uint64_t v)
{
    size_t lo = 0, hi = (size_t)x->h.grams;
    uint64_t here = 0;
    const char *p;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (!(p = mkg__names_look(x, MKG__GRAM, mid * 8, 8))) return MKG_NAMES_NONE;
        memcpy(&here, p, 8);
        if (here == v) return (uint32_t)mid;
        if (here < v)
            lo = mid + 1;
        else
            hi = mid;
    }
    return MKG_NAMES_NONE;
}

static uint32_t frequency(const mkg__names *x, uint32_t place)
{
    uint32_t df = 0;
    const char *p = place == MKG_NAMES_NONE
                        ? NULL
                        : mkg__names_look(x, MKG__FREQUENCY, (size_t)place * 4, 4);
    if (p) memcpy(&df, p, 4);
    return df;
}

void mkg__names_weigh(const mkg__names *x, mkg_view text, mkg__weighted *out)
{
    double norm[2] = {0, 0};
    mkg__grams_of(text, &out->grams);
    out->sum[0] = out->sum[1] = 0;
    for (size_t i = 0; i < out->grams.n; i++) {
        int class = !mkg__gram_is_single(out->grams.at[i]);
        out->place[i] = gram_place(x, out->grams.at[i]);
        float w = out->idf[i] =
            mkg__gram_idf(x->h.surfaces, frequency(x, out->place[i]));
        out->sum[class] += w;
        norm[class] += (double)w * (double)w;
    }
    for (int c = 0; c < 2; c++)
        out->norm[c] = (float)sqrt(norm[c]);
}

void mkg__names_overlap(const mkg__names *x, const mkg__weighted *q, uint32_t surface,
                        mkg__overlap *out)
{
    mkg__weighted name;
    double shared[2] = {0, 0}, squares[2] = {0, 0};

    mkg__names_weigh(x, mkg__names_text(x, surface), &name);
    for (size_t i = 0, k = 0; i < q->grams.n && k < name.grams.n;) {
        if (q->grams.at[i] == name.grams.at[k]) {
            int class = !mkg__gram_is_single(q->grams.at[i]);
            shared[class] += (double)q->idf[i];
            squares[class] += (double)q->idf[i] * (double)q->idf[i];
            i++;
            k++;
        } else if (q->grams.at[i] < name.grams.at[k]) {
            i++;
        } else {
            k++;
        }
    }
    for (int c = 0; c < 2; c++) {
        double norm = (double)q->norm[c] * (double)name.norm[c];
        out->cosine[c] = norm > 0 ? (float)(squares[c] / norm) : 0;
        out->of_query[c] = q->sum[c] > 0 ? (float)(shared[c] / (double)q->sum[c]) : 0;
        out->of_name[c] =
            name.sum[c] > 0 ? (float)(shared[c] / (double)name.sum[c]) : 0;
    }
}

/* ---- the names that share them ---- */

typedef struct wanted {
    size_t gram; /* of the query */
    uint32_t frequency;
} wanted;

static int rarest_first(const void *a, const void *b)
{
    const wanted *x = a, *y = b;
    if (x->frequency != y->frequency) return x->frequency < y->frequency ? -1 : 1;
    return (x->gram > y->gram) - (x->gram < y->gram);
}

/* The best k by one measure: a heap with the worst on top. */
typedef struct top {
    float score;
    uint32_t surface;
} top;

static bool worse(const top *a, const top *b)
{
    if (a->score < b->score || a->score > b->score) return a->score < b->score;
    return a->surface > b->surface;
}

static void offer(top *heap, size_t *n, size_t k, top t)
{
    size_t i;
    if (*n < k) {
        for (i = (*n)++; i > 0 && worse(&t, &heap[(i - 1) / 2]); i = (i - 1) / 2)
            heap[i] = heap[(i - 1) / 2];
        heap[i] = t;
        return;
    }
    if (k == 0 || !worse(&heap[0], &t)) return;
    for (i = 0;;) {
        size_t child = 2 * i + 1;
        if (child >= k) break;
        if (child + 1 < k && worse(&heap[child + 1], &heap[child])) child++;
        if (!worse(&heap[child], &t)) break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = t;
}

static int best_first(const void *a, const void *b)
{
    return worse(a, b) ? 1 : worse(b, a) ? -1 : 0;
}

/* Add the gram's weight to every surface that has it; those seen for the first time are
 * appended to `touched`. */
static bool add_postings(mkg__names *x, const mkg__weighted *q, const wanted *w,
                         uint32_t *touched, size_t *n, size_t cap)
{
    uint32_t at[2];
    const char *p =
        mkg__names_look(x, MKG__POSTING_AT, (size_t)q->place[w->gram] * 4, 8);
    if (!p) return false;
    memcpy(at, p, 8);
    if (at[0] > at[1] || !(p = mkg__names_look(x, MKG__POSTING, at[0], at[1] - at[0])))
        return false;
    const char *end = p + (at[1] - at[0]);
    float idf = q->idf[w->gram], square = idf * idf;
    int class = !mkg__gram_is_single(q->grams.at[w->gram]);
    uint64_t surface = 0, step;
    for (bool first = true; p < end; first = false) {
        if (!mkg__get_varint(&p, end, &step)) return false;
        if (step >= x->h.surfaces - surface || (step == 0 && !first)) return false;
        surface += step;
        float *s = &x->score[surface * 2];
        if (s[0] <= 0 && s[1] <= 0) {
            if (*n == cap) return true;
            touched[(*n)++] = (uint32_t)surface;
        }
        s[class] += square;
    }
    return true;
}

enum { BUDGET = 400000, TOUCHED_MAX = 1 << 18 };

mkg_status mkg__names_similar(mkg__names *x, const mkg__weighted *q, size_t k,
                              uint32_t *out, size_t *n, mkg_err *err)
{
    mkg_status st = MKG_OK;
    wanted list[MKG_GRAMS_MAX];
    size_t nlist = 0, ntouched = 0, budget = BUDGET, cap = TOUCHED_MAX;
    uint32_t *touched = NULL;
    top *heap = NULL;
    bool whole = true;

    *n = 0;
    if (x->h.surfaces == 0) return MKG_OK;
    for (size_t i = 0; i < q->grams.n; i++)
        if (q->place[i] != MKG_NAMES_NONE)
            list[nlist++] = (wanted){i, frequency(x, q->place[i])};
    if (nlist == 0 || k == 0) return MKG_OK;
    qsort(list, nlist, sizeof *list, rarest_first);
    if (cap > x->h.surfaces) cap = (size_t)x->h.surfaces;
    if (!x->score) x->score = mkg__calloc((size_t)x->h.surfaces * 2, sizeof *x->score);
    touched = mkg__malloc(cap * sizeof *touched);
    heap = mkg__malloc(2 * k * sizeof *heap);
    if (!x->score || !touched || !heap) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = 0; whole && i < nlist && list[i].frequency <= budget; i++) {
        budget -= list[i].frequency;
        whole = add_postings(x, q, &list[i], touched, &ntouched, cap);
    }
    if (!whole) x->damaged = true;
    for (int by = 0; by < 2 && whole; by++) {
        size_t kept = 0;
        top *h = heap + (by ? k : 0);
        for (size_t i = 0; i < ntouched; i++) {
            const float *s = &x->score[(size_t)touched[i] * 2];
            const char *p = mkg__names_look(x, MKG__NORM, (size_t)touched[i] * 8, 8);
            float norm[2], score = 0;
            if (!p) break;
            memcpy(norm, p, 8);
            for (int c = 0; c < 2; c++) {
                if (!(norm[c] > 0)) continue;
                if (by)
                    score += s[c] / (norm[c] * norm[c]); /* of the name */
                else if (q->norm[c] > 0)
                    score += s[c] / (norm[c] * q->norm[c]);
            }
            offer(h, &kept, k, (top){score, touched[i]});
        }
        qsort(h, kept, sizeof *h, best_first);
        size_t had = *n;
        for (size_t i = 0; i < kept; i++) {
            bool there = false;
            for (size_t j = 0; by && j < had && !there; j++)
                there = out[j] == h[i].surface;
            if (!there) out[(*n)++] = h[i].surface;
        }
    }
out:
    for (size_t i = 0; i < ntouched; i++)
        x->score[(size_t)touched[i] * 2] = x->score[(size_t)touched[i] * 2 + 1] = 0;
    mkg__free(touched);
    mkg__free(heap);
    return st;
}
