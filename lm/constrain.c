/* The tokens in the order of their bytes are walked together with the machine: what
 * tokens share at their beginning is read once, and where the machine dies all tokens
 * that begin so are passed over. */
#include "lm/constrain.h"

#include "base/err.h"
#include "base/mem.h"
#include "lm/automaton.h"
#include "lm/tok_internal.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_MAX = 1024, MASKS = 64 };

/* ---- the lexicon ---- */

typedef struct entry {
    mkg_view piece;
    uint32_t id;
} entry;

struct mkg_lexicon {
    const mkg_tok *t;
    entry *e; /* (n) by bytes; tokens that stand for text, longer ones left out */
    uint16_t *shared; /* (n) bytes that entry i has in common with i - 1 */
    size_t n;
    size_t longest;
};

static int by_bytes(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    size_t n = x->piece.len < y->piece.len ? x->piece.len : y->piece.len;
    int c = memcmp(x->piece.ptr, y->piece.ptr, n);
    if (c) return c;
    if (x->piece.len != y->piece.len) return x->piece.len < y->piece.len ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* A user-defined token is more than its letters ("<think>"), but for the citation
 * marks, "[1]". */
static bool is_text(const mkg_tok *t, uint32_t id, mkg_view v)
{
    if (v.len == 0 || v.len > PIECE_MAX) return false;
    if (mkg_tok_type(t, id) != MKG_TOKEN_USER) return true;
    bool mark = v.len >= 3 && v.ptr[0] == '[' && v.ptr[v.len - 1] == ']';
    for (size_t i = 1; i + 1 < v.len && mark; i++)
        mark = v.ptr[i] >= '0' && v.ptr[i] <= '9';
    return mark;
}

mkg_status mkg_lexicon_new(const mkg_tok *t, mkg_lexicon **out, mkg_err *err)
{
    uint32_t n = mkg_tok_get_info(t)->n;
    *out = NULL;
    mkg_lexicon *lex = mkg__calloc(1, sizeof *lex);
    if (!lex || !(lex->e = mkg__malloc(n * sizeof *lex->e)) ||
        !(lex->shared = mkg__malloc(n * sizeof *lex->shared))) {
        mkg_lexicon_free(lex);
        return mkg__nomem(err);
    }
    lex->t = t;
    for (uint32_t i = 0; i < n; i++) {
        mkg_view v = mkg_tok_piece(t, i);
        if (!is_text(t, i, v)) continue;
        lex->e[lex->n++] = (entry){v, i};
        if (v.len > lex->longest) lex->longest = v.len;
    }
    qsort(lex->e, lex->n, sizeof *lex->e, by_bytes);
    for (size_t i = 0; i < lex->n; i++) {
        mkg_view a = i ? lex->e[i - 1].piece : mkg__view("", 0), b = lex->e[i].piece;
        size_t k = 0;
        while (k < a.len && k < b.len && a.ptr[k] == b.ptr[k])
            k++;
        lex->shared[i] = (uint16_t)k;
    }
    *out = lex;
    return MKG_OK;
}

void mkg_lexicon_free(mkg_lexicon *lex)
{
    if (!lex) return;
    mkg__free(lex->e);
    mkg__free(lex->shared);
    mkg__free(lex);
}

/* ---- a list of strings: a trie ---- */

typedef struct node {
    uint32_t child, sibling; /* 0: none */
    unsigned char byte;
    bool end;
} node;

typedef struct trie {
    mkg__automaton a;
    node *nodes; /* [0] is the dead state, [1] the root */
    size_t n, cap;
} trie;

static uint32_t trie_step(mkg__automaton *a, uint32_t state, unsigned char byte)
{
    const trie *t = (trie *)a;
    uint32_t i = t->nodes[state].child;
    while (i && t->nodes[i].byte != byte)
        i = t->nodes[i].sibling;
    return i;
}

static bool trie_accepts(const mkg__automaton *a, uint32_t state)
{
    return ((const trie *)a)->nodes[state].end;
}

static void trie_free(mkg__automaton *a)
{
    mkg__free(((trie *)a)->nodes);
    mkg__free(a);
}

static uint32_t trie_add(trie *t)
{
    if (t->n >= UINT32_MAX - 1 ||
        !mkg__grow(&t->nodes, &t->cap, t->n + 1, sizeof *t->nodes))
        return 0;
    t->nodes[t->n] = (node){0};
    return (uint32_t)t->n++;
}

static bool trie_put(trie *t, mkg_view s)
{
    uint32_t at = 1;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        uint32_t next = trie_step(&t->a, at, c);
        if (!next) {
            if (!(next = trie_add(t))) return false;
            t->nodes[next].byte = c;
            t->nodes[next].sibling = t->nodes[at].child;
            t->nodes[at].child = next;
        }
        at = next;
    }
    t->nodes[at].end = true;
    return true;
}

static mkg_status trie_new(const mkg_view *s, size_t n, mkg__automaton **out,
                           mkg_err *err)
{
    *out = NULL;
    for (size_t i = 0; i < n || n == 0; i++)
        if (n == 0 || s[i].len == 0)
            return mkg__fail(err, MKG_EARG, "a constraint needs strings, none empty");
    trie *t = mkg__calloc(1, sizeof *t);
    if (!t) return mkg__nomem(err);
    t->a = (mkg__automaton){
        .start = 1, .step = trie_step, .accepts = trie_accepts, .free = trie_free};
    bool ok = trie_add(t) == 0 && t->n == 1 && trie_add(t) == 1;
    for (size_t i = 0; i < n && ok; i++)
        ok = trie_put(t, s[i]);
    if (!ok) {
        trie_free(&t->a);
        return mkg__nomem(err);
    }
    *out = &t->a;
    return MKG_OK;
}

/* ---- the constraint ---- */

struct mkg_constraint {
    const mkg_lexicon *lex;
    mkg__automaton *a;
    uint32_t state;
    bool first; /* no token yet: a blank in front does not count */
    bool ended;
    uint32_t *path;          /* (lex->longest + 1) states along a piece */
    size_t words;            /* of a mask */
    uint64_t *masks;         /* (MASKS, words) of the states met last */
    uint32_t mask_of[MASKS]; /* MKG__DEAD: unused */
    size_t next_mask;
};

mkg_status mkg__constraint_take(const mkg_lexicon *lex, mkg__automaton *a,
                                mkg_constraint **out, mkg_err *err)
{
    size_t words = (mkg_tok_get_info(lex->t)->n + 63u) / 64u, bytes;
    mkg_constraint *c = mkg__calloc(1, sizeof *c);
    if (c) {
        c->lex = lex;
        c->a = a;
        c->words = words;
        c->path = mkg__malloc((lex->longest + 1) * sizeof *c->path);
        if (mkg__mul(words, MASKS * sizeof *c->masks, &bytes))
            c->masks = mkg__malloc(bytes);
    }
    if (!c || !c->path || !c->masks) {
        if (c)
            mkg_constraint_free(c);
        else
            a->free(a);
        return mkg__nomem(err);
    }
    mkg_constraint_reset(c);
    *out = c;
    return MKG_OK;
}

mkg_status mkg_constraint_strings(const mkg_lexicon *lex, const mkg_view *s, size_t n,
                                  mkg_constraint **out, mkg_err *err)
{
    mkg__automaton *a;
    *out = NULL;
    mkg_status st = trie_new(s, n, &a, err);
    return st < 0 ? st : mkg__constraint_take(lex, a, out, err);
}

mkg_status mkg_constraint_grammar(const mkg_lexicon *lex, mkg_view grammar,
                                  mkg_constraint **out, mkg_err *err)
{
    mkg__automaton *a;
    *out = NULL;
    mkg_status st = mkg__grammar_new(grammar, &a, err);
    return st < 0 ? st : mkg__constraint_take(lex, a, out, err);
}

void mkg_constraint_free(mkg_constraint *c)
{
    if (!c) return;
    c->a->free(c->a);
    mkg__free(c->path);
    mkg__free(c->masks);
    mkg__free(c);
}

void mkg_constraint_reset(mkg_constraint *c)
{
    c->state = c->a->start;
    c->first = true;
    c->ended = false;
}

static mkg_status broken(mkg_err *err)
{
    return mkg__fail(err, MKG_ELM,
                     "the grammar is too ambiguous, or there is no memory for it");
}

/* At the beginning of a text one blank is passed over. */
static bool passes_blank(const mkg_constraint *c)
{
    return c->first && mkg_tok_get_info(c->lex->t)->space_prefix;
}

/* The tokens that lead on from the state, into `mask`; false if the machine broke. */
static bool fill_mask(mkg_constraint *c, uint64_t *mask)
{
    const mkg_lexicon *lex = c->lex;
    size_t alive = 0; /* c->path[0 .. alive] are states that are not dead */
    bool blank = passes_blank(c);
    memset(mask, 0, c->words * sizeof *mask);
    c->path[0] = c->state;
    for (size_t i = 0; i < lex->n; i++) {
        mkg_view v = lex->e[i].piece;
        if (lex->shared[i] > alive) continue; /* begins as one that died */
        size_t k = lex->shared[i];
        for (; k < v.len; k++) {
            unsigned char byte = (unsigned char)v.ptr[k];
            uint32_t next = blank && k == 0 && byte == ' '
                                ? c->state
                                : c->a->step(c->a, c->path[k], byte);
            if (next == MKG__BROKEN) return false;
            if (next == MKG__DEAD) break;
            c->path[k + 1] = next;
        }
        alive = k;
        if (k == v.len) mask[lex->e[i].id / 64] |= (uint64_t)1 << (lex->e[i].id % 64);
    }
    return true;
}

mkg_status mkg_constraint_mask(mkg_constraint *c, const uint64_t **allow, mkg_err *err)
{
    const mkg_tok *t = c->lex->t;
    uint64_t *mask = c->masks;
    if (c->a->compact) {
        uint32_t state = c->a->compact(c->a, c->state);
        if (state == MKG__BROKEN) return broken(err);
        if (state != c->state) memset(c->mask_of, 0, sizeof c->mask_of);
        c->state = state;
    }
    *allow = mask;
    for (size_t i = 0; i < MASKS && !c->first && !c->ended; i++)
        if (c->mask_of[i] == c->state) {
            *allow = c->masks + i * c->words;
            return MKG_OK;
        }
    size_t i = c->next_mask;
    mask = c->masks + i * c->words;
    *allow = mask;
    c->mask_of[i] = MKG__DEAD;
    if (c->ended) {
        memset(mask, 0, c->words * sizeof *mask);
        return MKG_OK;
    }
    if (!fill_mask(c, mask)) return broken(err);
    for (size_t k = 0; k < t->n_ends && c->a->accepts(c->a, c->state); k++)
        mask[t->ends[k] / 64] |= (uint64_t)1 << (t->ends[k] % 64);
    if (!c->first) { /* the first mask of a text may be another one */
        c->mask_of[i] = c->state;
        c->next_mask = (i + 1) % MASKS;
    }
    return MKG_OK;
}

static mkg_status walk(mkg_constraint *c, mkg_view v, mkg_err *err)
{
    uint32_t state = c->state;
    for (size_t i = 0; i < v.len && state != MKG__DEAD; i++) {
        state = c->a->step(c->a, state, (unsigned char)v.ptr[i]);
        if (state == MKG__BROKEN) return broken(err);
    }
    if (state == MKG__DEAD || c->ended)
        return mkg__fail(err, MKG_EARG, "the constraint does not allow this text here");
    c->state = state;
    return MKG_OK;
}

mkg_status mkg_constraint_accept(mkg_constraint *c, uint32_t id, mkg_err *err)
{
    const mkg_tok *t = c->lex->t;
    if (id < mkg_tok_get_info(t)->n && mkg_tok_is_end(t, id) && !c->ended &&
        mkg_constraint_complete(c)) {
        c->ended = true;
        return MKG_OK;
    }
    mkg_view v = id < mkg_tok_get_info(t)->n ? mkg_tok_piece(t, id) : mkg__view("", 0);
    if (v.len == 0 || !is_text(t, id, v))
        return mkg__fail(err, MKG_EARG, "the constraint does not allow token %lu here",
                         (unsigned long)id);
    if (passes_blank(c) && v.ptr[0] == ' ') {
        v.ptr++;
        v.len--;
    }
    mkg_status st = walk(c, v, err);
    if (st >= 0) c->first = false;
    return st;
}

mkg_status mkg_constraint_accept_bytes(mkg_constraint *c, mkg_view bytes, mkg_err *err)
{
    mkg_status st = walk(c, bytes, err);
    if (st >= 0 && bytes.len) c->first = false;
    return st;
}

bool mkg_constraint_complete(const mkg_constraint *c)
{
    return c->a->accepts(c->a, c->state);
}
