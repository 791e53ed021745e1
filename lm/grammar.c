/* The machine of a grammar: a pushdown automaton whose sets of stacks are states, made
 * as they are met and then remembered, so that most steps are one look into a table.
 *
 * A stack is where a reading of the text stands, and what is to be read behind it; the
 * stacks that a reading shares are kept once. A state is the set of stacks of all
 * readings that are still possible, each before a range of bytes or at the end. */
#include "lm/grammar_internal.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "lm/automaton.h"

#include <stdlib.h>
#include <string.h>

enum {
    STACKS_MAX = 1 << 22,   /* kept at one time */
    READINGS_MAX = 1 << 16, /* of one state */
    STATES_KEPT = 4096      /* more are forgotten between two tokens */
};

/* The empty stack is number 0: the text may end. */
typedef struct stack {
    uint32_t pos, parent; /* the element to read next; the stack behind it */
    uint32_t stamp;       /* of the last closure that met it */
} stack;

typedef struct state {
    uint32_t first, n; /* its stacks in `members`, ascending */
    uint32_t *next;    /* (256) states, MKG__BROKEN where not known yet; or NULL */
} state;

/* Numbers by what they stand for, open addressing; 0 is an empty slot. */
typedef struct table {
    uint32_t *slots;
    size_t mask, used;
} table;

typedef struct list {
    uint32_t *v;
    size_t n, cap;
} list;

typedef struct grammar {
    mkg__automaton a;
    mkg__program p;
    stack *stacks;
    size_t n_stacks, cap_stacks;
    table by_stack;
    state *states; /* [0] is dead: no stacks */
    size_t n_states, cap_states;
    table by_state;
    list members;
    list work, found; /* of a closure */
    uint32_t stamp;
    bool broken; /* memory is gone in the middle of something */
} grammar;

static bool append(list *l, uint32_t v)
{
    if (!mkg__grow(&l->v, &l->cap, l->n + 1, sizeof *l->v)) return false;
    l->v[l->n++] = v;
    return true;
}

static bool table_init(table *t, size_t cap)
{
    t->slots = mkg__calloc(cap, sizeof *t->slots);
    t->mask = cap - 1;
    t->used = 0;
    return t->slots != NULL;
}

typedef uint64_t (*hash_fn)(const grammar *g, uint32_t id);

/* Room for one more: half of the slots stay empty. */
static bool table_room(table *t, const grammar *g, hash_fn hash)
{
    table big;
    if (t->used * 2 < t->mask) return true;
    if (!table_init(&big, (t->mask + 1) * 2)) return false;
    for (size_t i = 0; i <= t->mask; i++) {
        if (!t->slots[i]) continue;
        size_t k = hash(g, t->slots[i]) & big.mask;
        while (big.slots[k])
            k = (k + 1) & big.mask;
        big.slots[k] = t->slots[i];
    }
    big.used = t->used;
    mkg__free(t->slots);
    *t = big;
    return true;
}

/* ---- stacks ---- */

static uint64_t stack_hash(const grammar *g, uint32_t id)
{
    uint64_t key = (uint64_t)g->stacks[id].pos << 32 | g->stacks[id].parent;
    key *= 0x9e3779b97f4a7c15u;
    return key ^ key >> 29;
}

/* Number of this stack; 0 when there is no room. */
static uint32_t stack_put(grammar *g, uint32_t pos, uint32_t parent)
{
    if (g->n_stacks >= STACKS_MAX || !table_room(&g->by_stack, g, stack_hash) ||
        !mkg__grow(&g->stacks, &g->cap_stacks, g->n_stacks + 1, sizeof *g->stacks))
        return 0;
    uint32_t id = (uint32_t)g->n_stacks;
    g->stacks[id] = (stack){.pos = pos, .parent = parent};
    size_t i = stack_hash(g, id) & g->by_stack.mask;
    for (uint32_t k; (k = g->by_stack.slots[i]); i = (i + 1) & g->by_stack.mask)
        if (g->stacks[k].pos == pos && g->stacks[k].parent == parent) return k;
    g->by_stack.slots[i] = id;
    g->by_stack.used++;
    g->n_stacks++;
    return id;
}

/* ---- closure: down into rules until bytes stand on top ---- */

static bool meet(grammar *g, uint32_t pos, uint32_t parent)
{
    uint32_t id = 0;
    while (parent && g->p.elems[pos].kind == MKG__ELEM_END) {
        pos = g->stacks[parent].pos;
        parent = g->stacks[parent].parent;
    }
    bool end = g->p.elems[pos].kind == MKG__ELEM_END;
    if (!end && !(id = stack_put(g, pos, parent))) return false;
    if (g->stacks[id].stamp == g->stamp) return true;
    g->stacks[id].stamp = g->stamp;
    bool rule = !end && g->p.elems[pos].kind == MKG__ELEM_RULE;
    return append(rule ? &g->work : &g->found, id);
}

static bool descend(grammar *g)
{
    while (g->work.n > 0) {
        stack s = g->stacks[g->work.v[--g->work.n]];
        const mkg__rule *r = &g->p.rules[g->p.elems[s.pos].rule];
        uint32_t behind = s.parent; /* at the end of its alternative nothing is left */
        if (g->p.elems[s.pos + 1].kind != MKG__ELEM_END &&
            !(behind = stack_put(g, s.pos + 1, s.parent)))
            return false;
        for (size_t i = 0; i < r->n; i++)
            if (!meet(g, r->alts[i], behind)) return false;
        if (g->found.n + g->work.n > READINGS_MAX) return false;
    }
    return true;
}

static void begin_closure(grammar *g)
{
    g->stamp++;
    g->found.n = g->work.n = 0;
}

/* ---- states ---- */

static uint64_t state_hash(const grammar *g, uint32_t id)
{
    const state *s = &g->states[id];
    return mkg__hash64(g->members.v + s->first, s->n * sizeof *g->members.v, 0);
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The state of the stacks found; MKG__BROKEN when out of memory. */
static uint32_t state_put(grammar *g)
{
    list *m = &g->members;
    size_t n = g->found.n;
    if (n == 0) return MKG__DEAD;
    qsort(g->found.v, n, sizeof *g->found.v, by_number);
    if (g->n_states >= MKG__BROKEN - 1 || m->n + n > UINT32_MAX ||
        !table_room(&g->by_state, g, state_hash) ||
        !mkg__grow(&g->states, &g->cap_states, g->n_states + 1, sizeof *g->states) ||
        !mkg__grow(&m->v, &m->cap, m->n + n, sizeof *m->v))
        return MKG__BROKEN;
    memcpy(m->v + m->n, g->found.v, n * sizeof *m->v);
    uint32_t id = (uint32_t)g->n_states;
    g->states[id] = (state){.first = (uint32_t)m->n, .n = (uint32_t)n};
    size_t i = state_hash(g, id) & g->by_state.mask;
    for (uint32_t k; (k = g->by_state.slots[i]); i = (i + 1) & g->by_state.mask)
        if (g->states[k].n == n &&
            memcmp(m->v + g->states[k].first, m->v + m->n, n * sizeof *m->v) == 0)
            return k;
    g->by_state.slots[i] = id;
    g->by_state.used++;
    g->n_states++;
    m->n += n;
    return id;
}

static uint32_t start_state(grammar *g)
{
    const mkg__rule *root = &g->p.rules[g->p.root];
    begin_closure(g);
    for (size_t i = 0; i < root->n; i++)
        if (!meet(g, root->alts[i], 0)) return MKG__BROKEN;
    return descend(g) ? state_put(g) : MKG__BROKEN;
}

static uint32_t follow(grammar *g, uint32_t from, unsigned char byte)
{
    begin_closure(g);
    for (uint32_t i = 0; i < g->states[from].n; i++) {
        uint32_t id = g->members.v[g->states[from].first + i];
        if (id == 0) continue;
        const mkg__elem *e = &g->p.elems[g->stacks[id].pos];
        if (byte < e->lo || byte > e->hi) continue;
        if (!meet(g, g->stacks[id].pos + 1, g->stacks[id].parent)) return MKG__BROKEN;
    }
    return descend(g) ? state_put(g) : MKG__BROKEN;
}

static uint32_t step(mkg__automaton *a, uint32_t from, unsigned char byte)
{
    grammar *g = (grammar *)a;
    if (g->broken || from >= g->n_states) return MKG__BROKEN;
    if (from == MKG__DEAD) return MKG__DEAD;
    uint32_t *next = g->states[from].next;
    if (!next) {
        if (!(next = mkg__malloc(256 * sizeof *next))) return MKG__BROKEN;
        memset(next, 0xff, 256 * sizeof *next);
        g->states[from].next = next;
    }
    if (next[byte] == MKG__BROKEN) next[byte] = follow(g, from, byte);
    return next[byte];
}

static bool accepts(const mkg__automaton *a, uint32_t at)
{
    const grammar *g = (const grammar *)a;
    if (g->broken || at >= g->n_states || g->states[at].n == 0) return false;
    return g->members.v[g->states[at].first] == 0;
}

/* ---- forgetting ---- */

static void forget(grammar *g)
{
    for (size_t i = 0; i < g->n_states; i++)
        mkg__free(g->states[i].next);
    g->n_states = g->n_stacks = 1;
    g->members.n = 0;
    g->states[0] = (state){0};
    g->stacks[0] = (stack){0};
    memset(g->by_stack.slots, 0, (g->by_stack.mask + 1) * sizeof *g->by_stack.slots);
    memset(g->by_state.slots, 0, (g->by_state.mask + 1) * sizeof *g->by_state.slots);
    g->by_stack.used = g->by_state.used = 0;
}

/* The positions of a state's stacks, each from its top down, with its length in front.
 */
static bool unroll(const grammar *g, uint32_t at, list *out)
{
    const state *s = &g->states[at];
    for (uint32_t i = 0; i < s->n; i++) {
        size_t head = out->n;
        if (!append(out, 0)) return false;
        uint32_t id = g->members.v[s->first + i];
        for (; id; id = g->stacks[id].parent)
            if (!append(out, g->stacks[id].pos)) return false;
        out->v[head] = (uint32_t)(out->n - head - 1);
    }
    return true;
}

static bool roll(grammar *g, const list *in)
{
    g->found.n = 0;
    for (size_t i = 0; i < in->n; i += in->v[i] + 1) {
        uint32_t id = 0;
        for (size_t k = in->v[i]; k > 0; k--)
            if (!(id = stack_put(g, in->v[i + k], id))) return false;
        if (!append(&g->found, id)) return false;
    }
    return true;
}

static uint32_t compact(mkg__automaton *a, uint32_t at)
{
    grammar *g = (grammar *)a;
    list kept = {0};
    if (g->broken || at >= g->n_states) return MKG__BROKEN;
    if (g->n_states < STATES_KEPT && g->n_stacks < STACKS_MAX / 4) return at;
    if (unroll(g, at, &kept)) {
        forget(g);
        at = roll(g, &kept) ? state_put(g) : MKG__BROKEN;
        a->start = at == MKG__BROKEN ? at : start_state(g);
        g->broken = a->start == MKG__BROKEN;
    } else {
        at = MKG__BROKEN;
    }
    mkg__free(kept.v);
    return g->broken ? MKG__BROKEN : at;
}

static void free_grammar(mkg__automaton *a)
{
    grammar *g = (grammar *)a;
    for (size_t i = 0; i < g->n_states; i++)
        mkg__free(g->states[i].next);
    mkg__free(g->states);
    mkg__free(g->stacks);
    mkg__free(g->members.v);
    mkg__free(g->work.v);
    mkg__free(g->found.v);
    mkg__free(g->by_stack.slots);
    mkg__free(g->by_state.slots);
    mkg__program_clear(&g->p);
    mkg__free(g);
}

mkg_status mkg__grammar_new(mkg_view text, mkg__automaton **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    *out = NULL;
    grammar *g = mkg__calloc(1, sizeof *g);
    if (!g) return mkg__nomem(err);
    g->a = (mkg__automaton){
        .step = step, .accepts = accepts, .compact = compact, .free = free_grammar};
    MKG_GO(mkg__program_parse(text, &g->p, err));
    if (!table_init(&g->by_stack, 256) || !table_init(&g->by_state, 256) ||
        !mkg__grow(&g->stacks, &g->cap_stacks, 64, sizeof *g->stacks) ||
        !mkg__grow(&g->states, &g->cap_states, 64, sizeof *g->states)) {
        st = mkg__nomem(err);
        goto out;
    }
    forget(g); /* which makes the dead state and the empty stack */
    g->a.start = start_state(g);
    if (g->a.start == MKG__BROKEN)
        st = mkg__fail(err, MKG_ENOMEM, "grammar: too ambiguous, or out of memory");
    else if (g->a.start == MKG__DEAD)
        st = mkg__fail(err, MKG_EARG, "grammar: no text can begin");
    if (st < 0) goto out;
    *out = &g->a;
    g = NULL;
out:
    if (g) free_grammar(&g->a);
    return st;
}
