#include "lm/pattern.h"

#include "base/err.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

/* States are made for what is read and for what a mask looks at: some ten thousand for
 * a long answer. More than this is no answer. */
enum { STATES_MAX = 1 << 20, THREADS_MAX = 1 << 16 };

typedef enum kind { END, TEXT, CHOICE, USE, LEFT } kind;

typedef struct part {
    kind kind;
    uint32_t next;
    const char *s; /* TEXT */
    uint32_t len;
    uint32_t first; /* CHOICE: the list of its ways; 0: none */
    uint64_t items; /* USE, LEFT */
} part;

typedef struct way {
    uint32_t next, more; /* more: the next of the list */
} way;

/* One way through the parts: within the string of a part. No padding: states are
 * compared by their bytes. */
typedef struct thread {
    uint32_t part, at;
    uint64_t used;
} thread;

typedef struct state {
    size_t first; /* among the threads */
    uint32_t n;
    bool end;
} state;

typedef struct edge {
    uint64_t key; /* 0: free */
    uint32_t to;
} edge;

struct mkg__pattern {
    mkg__automaton a;
    mkg__arena text;
    part *parts; /* [0] is none */
    size_t n, cap;
    way *ways; /* [0] is none */
    size_t n_ways, cap_ways;
    state *states; /* [0] is the dead one */
    size_t n_states, cap_states;
    thread *threads;
    size_t n_threads, cap_threads;
    mkg__map by_threads;
    edge *edges;
    size_t n_edges, cap_edges; /* a power of two */
    /* The state that is being made. */
    thread *now;
    size_t n_now, cap_now;
    thread *todo;
    size_t n_todo, cap_todo;
    bool end_now, failed;
};

/* ---- parts ---- */

static void pattern_free(mkg__automaton *a)
{
    mkg__pattern *p = (mkg__pattern *)a;
    mkg__arena_clear(&p->text);
    mkg__free(p->parts);
    mkg__free(p->ways);
    mkg__free(p->states);
    mkg__free(p->threads);
    mkg__map_clear(&p->by_threads);
    mkg__free(p->edges);
    mkg__free(p->now);
    mkg__free(p->todo);
    mkg__free(p);
}

void mkg__pattern_free(mkg__pattern *p)
{
    if (p) pattern_free(&p->a);
}

static uint32_t add_part(mkg__pattern *p, part v)
{
    if (p->n >= UINT32_MAX - 1 ||
        !mkg__grow(&p->parts, &p->cap, p->n + 1, sizeof *p->parts))
        return 0;
    p->parts[p->n] = v;
    return (uint32_t)p->n++;
}

mkg__pattern *mkg__pattern_new(void)
{
    mkg__pattern *p = mkg__calloc(1, sizeof *p);
    if (!p) return NULL;
    if (!mkg__grow(&p->parts, &p->cap, 1, sizeof *p->parts) ||
        !mkg__grow(&p->ways, &p->cap_ways, 1, sizeof *p->ways)) {
        mkg__pattern_free(p);
        return NULL;
    }
    p->n = p->n_ways = 1;
    return p;
}

uint32_t mkg__pattern_end(mkg__pattern *p)
{
    return add_part(p, (part){.kind = END});
}

uint32_t mkg__pattern_text(mkg__pattern *p, mkg_view s, uint32_t next)
{
    if (!next || s.len == 0) return next;
    if (s.len > UINT32_MAX) return 0;
    const char *copy = mkg__arena_dup(&p->text, s.ptr, s.len);
    if (!copy) return 0;
    return add_part(
        p, (part){.kind = TEXT, .next = next, .s = copy, .len = (uint32_t)s.len});
}

uint32_t mkg__pattern_choice(mkg__pattern *p)
{
    return add_part(p, (part){.kind = CHOICE});
}

bool mkg__pattern_also(mkg__pattern *p, uint32_t choice, uint32_t next)
{
    if (!choice || !next || p->n_ways >= UINT32_MAX - 1 ||
        !mkg__grow(&p->ways, &p->cap_ways, p->n_ways + 1, sizeof *p->ways))
        return false;
    p->ways[p->n_ways] = (way){next, p->parts[choice].first};
    p->parts[choice].first = (uint32_t)p->n_ways++;
    return true;
}

uint32_t mkg__pattern_use(mkg__pattern *p, unsigned i, uint32_t next)
{
    if (!next || i >= MKG__PATTERN_ITEMS) return 0;
    return add_part(p, (part){.kind = USE, .next = next, .items = (uint64_t)1 << i});
}

uint32_t mkg__pattern_left(mkg__pattern *p, uint64_t items, uint32_t next)
{
    return next ? add_part(p, (part){.kind = LEFT, .next = next, .items = items}) : 0;
}

/* ---- states ---- */

static void put_todo(mkg__pattern *p, uint32_t next, uint64_t used)
{
    if (p->n_todo >= THREADS_MAX ||
        !mkg__grow(&p->todo, &p->cap_todo, p->n_todo + 1, sizeof *p->todo))
        p->failed = true;
    else
        p->todo[p->n_todo++] = (thread){next, 0, used};
}

static void put_now(mkg__pattern *p, thread t)
{
    if (p->n_now >= THREADS_MAX ||
        !mkg__grow(&p->now, &p->cap_now, p->n_now + 1, sizeof *p->now))
        p->failed = true;
    else
        p->now[p->n_now++] = t;
}

/* All strings that may come where a part begins, into p->now. Parts that read nothing
 * lead forward only, but for choices that come again behind a string: this ends. */
static void enter(mkg__pattern *p, uint32_t at, uint64_t used)
{
    put_todo(p, at, used);
    while (p->n_todo && !p->failed) {
        thread t = p->todo[--p->n_todo];
        const part *v = &p->parts[t.part];
        switch (v->kind) {
        case END:
            p->end_now = true;
            break;
        case TEXT:
            put_now(p, t);
            break;
        case CHOICE:
            for (uint32_t w = v->first; w; w = p->ways[w].more)
                put_todo(p, p->ways[w].next, t.used);
            break;
        case USE:
            if (!(t.used & v->items)) put_todo(p, v->next, t.used | v->items);
            break;
        case LEFT:
            if (v->items & ~t.used) put_todo(p, v->next, t.used);
            break;
        }
    }
    p->n_todo = 0;
}

static int by_place(const void *a, const void *b)
{
    const thread *x = a, *y = b;
    if (x->part != y->part) return x->part < y->part ? -1 : 1;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    return x->used < y->used ? -1 : x->used > y->used;
}

/* The number of the state with the threads p->now, made if it is new. */
static uint32_t number(mkg__pattern *p)
{
    size_t n = 0;
    if (p->failed) return MKG__BROKEN;
    if (p->n_now == 0 && !p->end_now) return MKG__DEAD;
    if (p->n_now) qsort(p->now, p->n_now, sizeof *p->now, by_place);
    for (size_t i = 0; i < p->n_now; i++)
        if (i == 0 || by_place(&p->now[i], &p->now[i - 1]) != 0)
            p->now[n++] = p->now[i];
    /* The end counts as a thread of its own, so that it is part of the key. */
    if (p->end_now) {
        p->n_now = n;
        put_now(p, (thread){0});
        if (p->failed) return MKG__BROKEN;
        n = p->n_now;
    }
    mkg_id *id = mkg__map_put(&p->by_threads, p->now, n * sizeof *p->now);
    if (!id) return MKG__BROKEN;
    if (*id != MKG_ID_NONE) return *id;
    if (p->n_states >= STATES_MAX ||
        !mkg__grow(&p->states, &p->cap_states, p->n_states + 1, sizeof *p->states) ||
        !mkg__grow(&p->threads, &p->cap_threads, p->n_threads + n, sizeof *p->threads))
        return MKG__BROKEN;
    memcpy(p->threads + p->n_threads, p->now, n * sizeof *p->now);
    p->states[p->n_states] =
        (state){p->n_threads, (uint32_t)(n - p->end_now), p->end_now};
    p->n_threads += n;
    *id = (mkg_id)p->n_states;
    return (uint32_t)p->n_states++;
}

static void begin(mkg__pattern *p)
{
    p->n_now = 0;
    p->end_now = p->failed = false;
}

/* ---- steps ---- */

static edge *edge_at(edge *edges, size_t cap, uint64_t key)
{
    size_t i = (size_t)(key * 0x9e3779b97f4a7c15u >> 20) & (cap - 1);
    while (edges[i].key && edges[i].key != key)
        i = (i + 1) & (cap - 1);
    return &edges[i];
}

static bool more_edges(mkg__pattern *p)
{
    size_t cap = p->cap_edges ? 2 * p->cap_edges : 4096;
    if (2 * (p->n_edges + 1) <= p->cap_edges) return true;
    edge *e = mkg__calloc(cap, sizeof *e);
    if (!e) return false;
    for (size_t i = 0; i < p->cap_edges; i++)
        if (p->edges[i].key) *edge_at(e, cap, p->edges[i].key) = p->edges[i];
    mkg__free(p->edges);
    p->edges = e;
    p->cap_edges = cap;
    return true;
}

static uint32_t pattern_step(mkg__automaton *a, uint32_t from, unsigned char byte)
{
    mkg__pattern *p = (mkg__pattern *)a;
    uint64_t key = ((uint64_t)from << 8 | byte) + 1;
    if (from == MKG__DEAD) return MKG__DEAD;
    if (!more_edges(p)) return MKG__BROKEN;
    edge *e = edge_at(p->edges, p->cap_edges, key);
    if (e->key) return e->to;
    begin(p);
    const state *s = &p->states[from];
    for (uint32_t i = 0; i < s->n; i++) {
        thread t = p->threads[s->first + i];
        const part *v = &p->parts[t.part];
        if ((unsigned char)v->s[t.at] != byte) continue;
        if (++t.at < v->len)
            put_now(p, t);
        else
            enter(p, v->next, t.used);
    }
    uint32_t to = number(p);
    if (to == MKG__BROKEN) return to;
    *e = (edge){key, to};
    p->n_edges++;
    return to;
}

static bool pattern_accepts(const mkg__automaton *a, uint32_t at)
{
    return ((const mkg__pattern *)a)->states[at].end;
}

mkg_status mkg__pattern_automaton(mkg__pattern *p, uint32_t start, mkg__automaton **out,
                                  mkg_err *err)
{
    *out = NULL;
    p->a = (mkg__automaton){
        .step = pattern_step, .accepts = pattern_accepts, .free = pattern_free};
    bool ok = start && mkg__grow(&p->states, &p->cap_states, 1, sizeof *p->states);
    if (ok) {
        p->states[0] = (state){0};
        p->n_states = 1;
        begin(p);
        enter(p, start, 0);
        p->a.start = number(p);
        ok = p->a.start != MKG__BROKEN;
    }
    if (!ok || p->a.start == MKG__DEAD) {
        mkg__pattern_free(p);
        return ok ? mkg__fail(err, MKG_EARG, "a pattern that no text has")
                  : mkg__nomem(err);
    }
    *out = &p->a;
    return MKG_OK;
}
