/* Learning which neighbours to join: the pair that is seen most, again and again. A
 * pair is what comes of it, whichever its halves are, as the encoder joins them. */
#include "lm/vocab_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

enum { WORD_MAX = 64, PIECE_MAX = 48 }; /* characters, bytes */

typedef struct pair {
    mkg_view text;
    uint64_t n;
    uint32_t *words; /* where it is or was seen */
    size_t nwords, cap;
    uint32_t rank;  /* when it became a piece; UINT32_MAX: not yet */
    uint64_t waits; /* the highest count with which it stands in the heap */
} pair;

/* A pair as it was counted when it was put there. */
typedef struct waiting {
    uint64_t n;
    uint32_t id;
} waiting;

typedef struct word {
    uint32_t first, len; /* of `ends` */
    uint64_t n;
} word;

typedef struct learner {
    const mkg__word_counts *counts, *chars;
    word *words;
    uint32_t *ends; /* of the pieces of each word, bytes; 0 behind the last */
    mkg__map index;
    pair *pairs;
    size_t npairs, cap;
    waiting *heap; /* the most frequent first, the first seen of equals */
    size_t nheap, cap_heap;
} learner;

static bool before(const waiting *a, const waiting *b)
{
    return a->n != b->n ? a->n > b->n : a->id < b->id;
}

static bool push(learner *l, waiting w)
{
    if (!mkg__grow(&l->heap, &l->cap_heap, l->nheap + 1, sizeof *l->heap)) return false;
    size_t i = l->nheap++;
    for (; i > 0 && before(&w, &l->heap[(i - 1) / 2]); i = (i - 1) / 2)
        l->heap[i] = l->heap[(i - 1) / 2];
    l->heap[i] = w;
    return true;
}

static waiting pop(learner *l)
{
    waiting top = l->heap[0], last = l->heap[--l->nheap];
    size_t i = 0, child;
    while ((child = 2 * i + 1) < l->nheap) {
        if (child + 1 < l->nheap && before(&l->heap[child + 1], &l->heap[child]))
            child++;
        if (!before(&l->heap[child], &last)) break;
        l->heap[i] = l->heap[child];
        i = child;
    }
    if (l->nheap) l->heap[i] = last;
    return top;
}

/* The pair of pieces i and i + 1 of a word, UINT32_MAX if they cannot be joined. */
static bool find_pair(learner *l, size_t w, size_t i, uint32_t *out)
{
    const uint32_t *e = l->ends + l->words[w].first;
    uint32_t from = i ? e[i - 1] : 0;
    mkg_view text = l->counts->at[w].text;
    mkg_view s = {text.ptr + from, e[i + 1] - from};
    *out = UINT32_MAX;
    if (s.len > PIECE_MAX) return true;
    mkg_id *id = mkg__map_put(&l->index, s.ptr, s.len);
    if (!id) return false;
    if (*id == MKG_ID_NONE) {
        if (!mkg__grow(&l->pairs, &l->cap, l->npairs + 1, sizeof *l->pairs))
            return false;
        l->pairs[l->npairs++] = (pair){.text = s, .rank = UINT32_MAX};
        *id = (mkg_id)l->npairs;
    }
    *out = *id - 1;
    return true;
}

static bool count_word(learner *l, size_t w, bool add)
{
    const word *x = &l->words[w];
    uint32_t id;
    for (size_t i = 0; i + 1 < x->len; i++) {
        if (!find_pair(l, w, i, &id)) return false;
        if (id == UINT32_MAX) continue;
        pair *p = &l->pairs[id];
        if (!add) {
            p->n -= x->n;
            continue;
        }
        p->n += x->n;
        if (p->nwords && p->words[p->nwords - 1] == w) continue;
        if (!mkg__grow(&p->words, &p->cap, p->nwords + 1, sizeof *p->words))
            return false;
        p->words[p->nwords++] = (uint32_t)w;
    }
    return true;
}

/* Join as the encoder does: the best pair first, the leftmost of equals. */
static bool join_word(learner *l, size_t w)
{
    word *x = &l->words[w];
    uint32_t *e = l->ends + x->first, id;
    for (;;) {
        uint32_t best = UINT32_MAX;
        size_t at = 0;
        for (size_t i = 0; i + 1 < x->len; i++) {
            if (!find_pair(l, w, i, &id)) return false;
            if (id == UINT32_MAX || l->pairs[id].rank >= best) continue;
            best = l->pairs[id].rank;
            at = i;
        }
        if (best == UINT32_MAX) return true;
        memmove(e + at, e + at + 1, (x->len - at - 1) * sizeof *e);
        x->len--;
    }
}

/* Cut the words into characters. Words that are seen once teach nothing, nor do those
 * with a character that has no token. */
static mkg_status set_up(learner *l, mkg_err *err)
{
    size_t total = 0, len;
    for (size_t w = 0; w < l->counts->n; w++)
        total += l->counts->at[w].text.len;
    l->words = mkg__calloc(l->counts->n + 1, sizeof *l->words);
    l->ends = mkg__malloc((total + 1) * sizeof *l->ends);
    if (!l->words || !l->ends) return mkg__nomem(err);
    total = 0;
    for (size_t w = 0; w < l->counts->n; w++) {
        mkg_view t = l->counts->at[w].text;
        word *x = &l->words[w];
        *x = (word){(uint32_t)total, 0, l->counts->at[w].n};
        for (size_t i = 0; i < t.len; i += len) {
            mkg__utf8_decode(t.ptr + i, t.len - i, &len);
            l->ends[total + x->len++] = (uint32_t)(i + len);
            if (!mkg__map_get(&l->chars->index, t.ptr + i, len)) x->n = 0;
        }
        if (x->n < 2 || x->len > WORD_MAX) x->len = 0;
        total += x->len;
        if (!count_word(l, w, true)) return mkg__nomem(err);
    }
    return MKG_OK;
}

/* Into the heap, those that were counted anew since they stand there. */
static bool queue_word(learner *l, size_t w)
{
    uint32_t id;
    for (size_t i = 0; i + 1 < l->words[w].len; i++) {
        if (!find_pair(l, w, i, &id)) return false;
        if (id == UINT32_MAX) continue;
        pair *p = &l->pairs[id];
        if (p->n < 2 || p->n <= p->waits || p->rank != UINT32_MAX) continue;
        p->waits = p->n;
        if (!push(l, (waiting){p->n, id})) return false;
    }
    return true;
}

/* The pair that is seen most, NULL if none is seen twice. Counts that have fallen since
 * go back into the heap. */
static pair *best_pair(learner *l, bool *failed)
{
    while (l->nheap) {
        waiting w = pop(l);
        pair *p = &l->pairs[w.id];
        if (p->rank != UINT32_MAX || w.n != p->waits) continue;
        if (p->n == w.n) return p;
        p->waits = p->n;
        if (p->n > 1 && !push(l, (waiting){p->n, w.id})) {
            *failed = true;
            return NULL;
        }
    }
    return NULL;
}

static bool learn(learner *l, uint32_t rank, pair *p, mkg__word_counts *out)
{
    uint32_t *words = p->words;
    size_t n = p->nwords;
    bool ok = mkg__word_counts_add(out, p->text, p->n);
    p->rank = rank;
    p->words = NULL; /* find_pair() may move the pairs */
    p->nwords = p->cap = 0;
    for (size_t i = 0; i < n && ok; i++)
        ok = count_word(l, words[i], false) && join_word(l, words[i]) &&
             count_word(l, words[i], true);
    for (size_t i = 0; i < n && ok; i++)
        ok = queue_word(l, words[i]);
    mkg__free(words);
    return ok;
}

mkg_status mkg__vocab_join(const mkg__word_counts *words, const mkg__word_counts *chars,
                           size_t most, mkg__word_counts *out, const mkg_vocab_opts *o,
                           mkg_err *err)
{
    learner l = {.counts = words, .chars = chars};
    pair *p;
    bool failed = false;
    mkg_status st = MKG_OK;

    MKG_GO(set_up(&l, err));
    for (size_t w = 0; w < words->n && !failed; w++)
        failed = !queue_word(&l, w);
    for (size_t i = 0; i < most && !failed && (p = best_pair(&l, &failed)); i++) {
        if (o->progress && o->progress(o->progress_ctx, "learn pieces", i, most)) {
            st = mkg__fail(err, MKG_ECANCEL, "stopped");
            goto out;
        }
        failed = !learn(&l, (uint32_t)i, p, out);
    }
    if (failed) st = mkg__nomem(err);
out:
    for (size_t i = 0; i < l.npairs; i++)
        mkg__free(l.pairs[i].words);
    mkg__free(l.pairs);
    mkg__free(l.words);
    mkg__free(l.ends);
    mkg__map_clear(&l.index);
    mkg__free(l.heap);
    return st;
}
