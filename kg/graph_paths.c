/* The k best paths between two rows. */
#include "kg/algorithms.h"

#include "base/err.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

/* A cost is edges and, below them, the logarithm of the product of the degrees of the
 * inner nodes, as whole numbers: sums are exact in any order, and one comparison does.
 * 64 nodes of degree 2^32 stay below one edge. */
static const uint64_t EDGE = (uint64_t)1 << 48, NOWHERE = UINT64_MAX;
static const double LOG_UNIT = 0x1p32;

typedef struct found_path {
    uint32_t row[MKG_PATH_LENGTH_MAX + 1];
    size_t n;         /* rows */
    size_t deviation; /* up to here it goes with the path that it was made from */
    uint64_t cost;
} found_path;

typedef struct path_list {
    found_path *at;
    size_t n, cap;
} path_list;

typedef struct heap_entry {
    uint64_t bound, cost; /* of a whole path through `row`; of the way to it */
    uint32_t row;
} heap_entry;

/* What a search knows of a row; worth something if `search` is the present one. */
typedef struct mark {
    uint64_t cost;
    uint32_t search, parent;
    enum { SEEN, DONE, FORBIDDEN } state;
} mark;

typedef struct finder {
    const mkg_graph *g;
    uint32_t from, to, search;
    size_t max;
    uint64_t *ahead; /* (n) least cost from a row to the end, NOWHERE; NULL: unknown */
    mark *marks;     /* (n) */
    uint32_t *next;  /* (n) == search: no way from the place of deviation to this row */
    heap_entry *heap;
    size_t nheap, heap_cap;
    path_list best, candidates;
} finder;

static void clear(finder *f)
{
    mkg__free(f->ahead);
    mkg__free(f->marks);
    mkg__free(f->next);
    mkg__free(f->heap);
    mkg__free(f->best.at);
    mkg__free(f->candidates.at);
}

/* Of an edge that leads to a row. */
static uint64_t step_cost(const finder *f, uint32_t row)
{
    size_t degree = row == f->to ? 1 : mkg_graph_degree(f->g, row);
    return EDGE + (degree > 1 ? (uint64_t)(log2((double)degree) * LOG_UNIT) : 0);
}

/* Breadth first from the end: a layer is settled before the next is begun, so that the
 * least product of a row among its shortest ways is known when it is left. */
static mkg_status look_ahead(finder *f, mkg_err *err)
{
    const mkg_graph *g = f->g;
    size_t head = 0, n = 0;
    uint32_t *queue = mkg__malloc(g->n * sizeof *queue);

    f->ahead = mkg__malloc(g->n * sizeof *f->ahead);
    if (!queue || !f->ahead) {
        mkg__free(queue);
        return mkg__nomem(err);
    }
    memset(f->ahead, 0xff, g->n * sizeof *f->ahead);
    f->ahead[f->to] = 0;
    queue[n++] = f->to;
    while (head < n) {
        uint32_t u = queue[head++];
        if (f->ahead[u] / EDGE >= f->max || u == f->from) continue;
        uint64_t cost = f->ahead[u] + step_cost(f, u);
        for (uint64_t k = g->start[u]; k < g->start[u + 1]; k++) {
            uint32_t v = g->to[k];
            if (f->ahead[v] == NOWHERE) queue[n++] = v;
            if (cost < f->ahead[v]) f->ahead[v] = cost;
        }
    }
    mkg__free(queue);
    return MKG_OK;
}

/* A lower bound of what is left, NOWHERE if there is no way. */
static uint64_t ahead(const finder *f, uint32_t row)
{
    if (f->ahead) return f->ahead[row];
    return row == f->to ? 0 : EDGE;
}

/* ---- one search ---- */

static bool before(const heap_entry *a, const heap_entry *b)
{
    return a->bound != b->bound ? a->bound < b->bound : a->row < b->row;
}

static bool put(finder *f, heap_entry e)
{
    size_t i = f->nheap;
    if (!mkg__grow(&f->heap, &f->heap_cap, i + 1, sizeof *f->heap)) return false;
    f->nheap++;
    for (; i > 0 && before(&e, &f->heap[(i - 1) / 2]); i = (i - 1) / 2)
        f->heap[i] = f->heap[(i - 1) / 2];
    f->heap[i] = e;
    return true;
}

static heap_entry take(finder *f)
{
    heap_entry top = f->heap[0], last = f->heap[--f->nheap];
    size_t i = 0, child;
    while ((child = 2 * i + 1) < f->nheap) {
        if (child + 1 < f->nheap && before(&f->heap[child + 1], &f->heap[child]))
            child++;
        if (!before(&f->heap[child], &last)) break;
        f->heap[i] = f->heap[child];
        i = child;
    }
    f->heap[i] = last;
    return top;
}

/* Put what can be reached from `u`. False when out of memory. */
static bool expand(finder *f, uint32_t u, uint64_t so_far, bool first)
{
    const mkg_graph *g = f->g;
    for (uint64_t k = g->start[u]; k < g->start[u + 1]; k++) {
        uint32_t v = g->to[k];
        mark *m = &f->marks[v];
        bool known = m->search == f->search;
        if ((known && m->state != SEEN) || (first && f->next[v] == f->search)) continue;
        uint64_t left = ahead(f, v), cost = so_far + step_cost(f, v);
        if (left == NOWHERE || (cost + left) / EDGE > f->max) continue;
        if (known && m->cost <= cost) continue;
        *m = (mark){cost, f->search, u, SEEN};
        if (!put(f, (heap_entry){cost + left, cost, v})) return false;
    }
    return true;
}

/* The best way on from p->row[at] that keeps what is before it and takes no step that
 * is marked in f->next; a candidate if there is one. */
static bool search(finder *f, const found_path *p, size_t at, uint64_t so_far)
{
    bool ok = true;
    f->nheap = 0;
    for (size_t i = 0; i <= at; i++)
        f->marks[p->row[i]] = (mark){0, f->search, 0, FORBIDDEN};
    ok = expand(f, p->row[at], so_far, true);
    while (ok && f->nheap) {
        heap_entry e = take(f);
        mark *m = &f->marks[e.row];
        if (m->state == DONE) continue;
        m->state = DONE;
        if (e.row != f->to) {
            ok = expand(f, e.row, e.cost, false);
            continue;
        }
        path_list *c = &f->candidates;
        if (!mkg__grow(&c->at, &c->cap, c->n + 1, sizeof *c->at)) return false;
        found_path *q = &c->at[c->n++];
        memset(q, 0, sizeof *q);
        memcpy(q->row, p->row, (at + 1) * sizeof *q->row);
        q->n = (size_t)(e.cost / EDGE) + 1;
        q->deviation = at;
        q->cost = e.cost;
        uint32_t row = f->to;
        for (size_t i = q->n - 1; i > at; i--) {
            q->row[i] = row;
            row = f->marks[row].parent;
        }
        break;
    }
    return ok;
}

/* ---- Yen ---- */

static int compare(const found_path *a, const found_path *b)
{
    if (a->cost != b->cost) return a->cost < b->cost ? -1 : 1;
    for (size_t i = 0; i < a->n && i < b->n; i++)
        if (a->row[i] != b->row[i]) return a->row[i] < b->row[i] ? -1 : 1;
    return 0;
}

/* Move the best candidate to the list of what is found. False when out of memory. */
static bool settle(finder *f)
{
    path_list *c = &f->candidates, *b = &f->best;
    size_t best = 0;
    if (!mkg__grow(&b->at, &b->cap, b->n + 1, sizeof *b->at)) return false;
    for (size_t i = 1; i < c->n; i++)
        if (compare(&c->at[i], &c->at[best]) < 0) best = i;
    b->at[b->n++] = c->at[best];
    c->at[best] = c->at[--c->n];
    return true;
}

/* Ways that part from the path found last. It was itself the best that parted from
 * another at its deviation, so that what parts before is among the candidates already
 * (Lawler). */
static bool deviate(finder *f)
{
    const found_path *p = &f->best.at[f->best.n - 1];
    uint64_t so_far = 0;
    bool ok = true;

    for (size_t at = 0; at + 1 < p->n && ok; at++) {
        if (at > 0) so_far += step_cost(f, p->row[at]);
        if (at < p->deviation) continue;
        f->search++;
        for (size_t i = 0; i < f->best.n; i++) {
            const found_path *q = &f->best.at[i];
            if (q->n > at + 1 && memcmp(q->row, p->row, (at + 1) * sizeof *q->row) == 0)
                f->next[q->row[at + 1]] = f->search;
        }
        ok = search(f, p, at, so_far);
    }
    return ok;
}

static mkg_status give(const path_list *b, mkg_paths *out, mkg_err *err)
{
    size_t rows = 0;
    if (b->n == 0) return MKG_NOTFOUND;
    for (size_t i = 0; i < b->n; i++)
        rows += b->at[i].n;
    out->row = mkg__malloc(rows * sizeof *out->row);
    out->start = mkg__malloc((b->n + 1) * sizeof *out->start);
    if (!out->row || !out->start) {
        mkg_paths_clear(out);
        return mkg__nomem(err);
    }
    out->n = b->n;
    out->start[0] = 0;
    for (size_t i = 0; i < b->n; i++) {
        memcpy(out->row + out->start[i], b->at[i].row, b->at[i].n * sizeof *out->row);
        out->start[i + 1] = out->start[i] + b->at[i].n;
    }
    return MKG_OK;
}

mkg_status mkg_graph_paths(const mkg_graph *g, uint32_t from, uint32_t to, size_t k,
                           size_t max_length, mkg_paths *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    finder f = {.g = g, .from = from, .to = to, .max = max_length, .search = 1};
    found_path start = {.row = {from}, .n = 1};

    memset(out, 0, sizeof *out);
    if (from >= g->n || to >= g->n || k == 0 || max_length == 0 ||
        max_length > MKG_PATH_LENGTH_MAX)
        return mkg__fail(err, MKG_EARG,
                         "a path needs two rows of the view and a length of 1 to %d",
                         MKG_PATH_LENGTH_MAX);
    if (from == to) return MKG_NOTFOUND;
    /* A directed view cannot be read backwards. */
    if (!g->directed) MKG_GO(look_ahead(&f, err));
    f.marks = mkg__calloc(g->n, sizeof *f.marks);
    f.next = mkg__calloc(g->n, sizeof *f.next);
    bool ok = f.marks && f.next && search(&f, &start, 0, 0);
    while (ok && f.candidates.n) {
        ok = settle(&f);
        if (f.best.n == k) break;
        if (ok) ok = deviate(&f);
    }
    st = ok ? give(&f.best, out, err) : mkg__nomem(err);
out:
    clear(&f);
    return st;
}

void mkg_paths_clear(mkg_paths *p)
{
    mkg__free(p->row);
    mkg__free(p->start);
    memset(p, 0, sizeof *p);
}
