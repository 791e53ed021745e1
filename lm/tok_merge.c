/* Joining neighbours, best first: a heap of the pairs that can be joined, and a linked
 * list of what is left. O(n log n). */
#include "lm/tok_internal.h"

#include "base/mem.h"

/* A pair as it was when it was found; `len` tells whether it still is. */
typedef struct mkg__bigram {
    uint32_t key, left, right, len, id;
} bigram;

void mkg__merger_clear(mkg__merger *m)
{
    mkg__free(m->sym);
    mkg__free(m->heap);
    *m = (mkg__merger){0};
}

bool mkg__merger_add(mkg__merger *m, uint32_t id, size_t start, size_t len)
{
    if (!mkg__grow(&m->sym, &m->cap, m->n + 1, sizeof *m->sym)) return false;
    uint32_t i = (uint32_t)m->n++;
    m->sym[i] = (mkg__sym){.id = id,
                           .start = (uint32_t)start,
                           .len = (uint32_t)len,
                           .prev = i ? i - 1 : MKG_TOKEN_NONE,
                           .next = MKG_TOKEN_NONE};
    if (i) m->sym[i - 1].next = i;
    return true;
}

static bool before(const bigram *a, const bigram *b)
{
    return a->key != b->key ? a->key < b->key : a->left < b->left;
}

static bool push(mkg__merger *m, bigram b)
{
    if (!mkg__grow(&m->heap, &m->heap_cap, m->heap_n + 1, sizeof b)) return false;
    size_t i = m->heap_n++;
    for (; i > 0 && before(&b, &m->heap[(i - 1) / 2]); i = (i - 1) / 2)
        m->heap[i] = m->heap[(i - 1) / 2];
    m->heap[i] = b;
    return true;
}

static bigram pop(mkg__merger *m)
{
    bigram top = m->heap[0], last = m->heap[--m->heap_n];
    size_t i = 0, child;
    while ((child = 2 * i + 1) < m->heap_n) {
        if (child + 1 < m->heap_n && before(&m->heap[child + 1], &m->heap[child]))
            child++;
        if (!before(&m->heap[child], &last)) break;
        m->heap[i] = m->heap[child];
        i = child;
    }
    if (m->heap_n) m->heap[i] = last;
    return top;
}

static bool consider(mkg__merger *m, const mkg_tok *t, const char *text,
                     mkg__join_fn join, uint32_t left, uint32_t right)
{
    if (left == MKG_TOKEN_NONE || right == MKG_TOKEN_NONE) return true;
    const mkg__sym *l = &m->sym[left], *r = &m->sym[right];
    bigram b = {.left = left, .right = right, .len = l->len + r->len};
    return !join(t, text, l, r, &b.key, &b.id) || push(m, b);
}

bool mkg__merge(mkg__merger *m, const mkg_tok *t, const char *text, mkg__join_fn join)
{
    m->heap_n = 0;
    for (size_t i = 1; i < m->n; i++)
        if (!consider(m, t, text, join, (uint32_t)i - 1, (uint32_t)i)) return false;
    while (m->heap_n > 0) {
        bigram b = pop(m);
        mkg__sym *l = &m->sym[b.left], *r = &m->sym[b.right];
        /* A symbol only grows to its right, or is joined and has length 0: the pair is
         * what it was if both are there and their lengths have not changed. */
        if (l->len == 0 || r->len == 0 || l->len + r->len != b.len) continue;
        l->id = b.id;
        l->len = b.len;
        l->next = r->next;
        r->len = 0;
        if (l->next != MKG_TOKEN_NONE) m->sym[l->next].prev = b.left;
        if (!consider(m, t, text, join, l->prev, b.left) ||
            !consider(m, t, text, join, b.left, l->next))
            return false;
    }
    return true;
}
