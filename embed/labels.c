/* Files of labels: who is meant, and who has what. */
#include "embed/eval_internal.h"

#include "base/err.h"
#include "base/io.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void mkg__unit(const float *x, size_t dim, float *out)
{
    double s = 0;
    for (size_t i = 0; i < dim; i++)
        s += (double)x[i] * (double)x[i];
    double scale = s > 0 && isfinite(s) ? 1 / sqrt(s) : 0;
    for (size_t i = 0; i < dim; i++)
        out[i] = (float)((double)x[i] * scale);
}

/* ---- NumPy's shuffles ---- */

enum { MT_N = 624, MT_M = 397 };
typedef struct mt {
    uint32_t s[MT_N];
    unsigned at;
} mt;

static void mt_seed(mt *m, uint32_t seed)
{
    m->s[0] = seed;
    for (uint32_t i = 1; i < MT_N; i++)
        m->s[i] = 1812433253u * (m->s[i - 1] ^ (m->s[i - 1] >> 30)) + i;
    m->at = MT_N;
}

static uint32_t mt_next(mt *m)
{
    if (m->at == MT_N) {
        for (unsigned i = 0; i < MT_N; i++) {
            uint32_t y = (m->s[i] & 0x80000000u) | (m->s[(i + 1) % MT_N] & 0x7fffffffu);
            m->s[i] = m->s[(i + MT_M) % MT_N] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfu : 0);
        }
        m->at = 0;
    }
    uint32_t y = m->s[m->at++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

void mkg__permutation(uint32_t seed, size_t n, uint32_t *out)
{
    mt m;
    mt_seed(&m, seed);
    for (size_t i = 0; i < n; i++)
        out[i] = (uint32_t)i;
    for (size_t i = n; i-- > 1;) {
        uint32_t mask = (uint32_t)i, k;
        for (unsigned shift = 1; shift < 32; shift *= 2)
            mask |= mask >> shift;
        while ((k = mt_next(&m) & mask) > i) {
        }
        uint32_t t = out[i];
        out[i] = out[k];
        out[k] = t;
    }
}

/* ---- who is meant ---- */

static bool read_id(mkg_view text, mkg_id *id)
{
    uint64_t v;
    if (text.len < 2 || text.ptr[0] != '#' ||
        !mkg__parse_u64(mkg__view(text.ptr + 1, text.len - 1), &v) || v == 0 ||
        v > UINT32_MAX)
        return false;
    *id = (mkg_id)v;
    return true;
}

mkg_status mkg__eval_find(mkg_kg *kg, const mkg_vectors *v, mkg_view text, mkg_id *id,
                          mkg_err *err)
{
    mkg_ids ids = {0};
    mkg_status st;
    mkg_node node;
    size_t rows = 0;

    *id = MKG_ID_NONE;
    if (read_id(text, id)) return mkg_kg_node(kg, *id, &node, err);
    MKG_GO(mkg_kg_find_name(kg, text, &ids, err));
    if (ids.n == 0) MKG_GO(mkg_kg_find_code(kg, text, &ids, err));
    for (size_t i = 0; i < ids.n; i++) {
        if (!mkg_vectors_row(v, ids.ids[i])) continue;
        rows++;
        *id = ids.ids[i];
    }
    if (rows == 0 && ids.n) *id = ids.ids[0];
    st = ids.n == 0 ? MKG_NOTFOUND : rows > 1 ? MKG_EXISTS : MKG_OK;
out:
    mkg_ids_clear(&ids);
    return st;
}

/* ---- the file ---- */

typedef struct entry {
    mkg_view name, label;
    uint64_t line;
} entry;

static int compare(mkg_view a, mkg_view b)
{
    int c = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

static int by_name(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    int c = compare(x->name, y->name);
    return c ? c : (x->line > y->line) - (x->line < y->line);
}

static int by_text(const void *a, const void *b)
{
    return compare(*(const mkg_view *)a, *(const mkg_view *)b);
}

static mkg_status read_entries(const char *file, mkg__arena *arena, entry **out,
                               size_t *n, mkg_err *err)
{
    mkg_status st;
    mkg__stream *s = NULL;
    mkg__lines *lines = NULL;
    mkg_view line;
    uint64_t number;
    size_t cap = 0, bad;

    *out = NULL;
    *n = 0;
    MKG_GO(mkg__stream_open(file, &s, err));
    MKG_GO(mkg__lines_new(s, &lines, err));
    while ((st = mkg__lines_next(lines, &line, &number, err)) == MKG_OK) {
        const char *name = mkg__stream_name(s);
        if (mkg__trim(line).len == 0) continue;
        const char *tab = memchr(line.ptr, '\t', line.len);
        mkg_view who =
            mkg__trim(mkg__view(line.ptr, tab ? (size_t)(tab - line.ptr) : 0));
        mkg_view what =
            tab ? mkg__trim(mkg__view(tab + 1, (size_t)(line.ptr + line.len - tab - 1)))
                : who;
        if (!mkg__utf8_valid(line.ptr, line.len, &bad)) {
            st = mkg__fail_at(err, MKG_EPARSE, name, number, (uint32_t)bad + 1,
                              "bytes that are not UTF-8");
            goto out;
        }
        if (who.len == 0 || what.len == 0) {
            st = mkg__fail_at(err, MKG_EPARSE, name, number, 1,
                              "a line is a node, a tab and a label");
            goto out;
        }
        char *a = mkg__arena_dup(arena, who.ptr, who.len),
             *b = mkg__arena_dup(arena, what.ptr, what.len);
        if (!a || !b || !mkg__grow(out, &cap, *n + 1, sizeof **out)) {
            st = mkg__nomem(err);
            goto out;
        }
        (*out)[(*n)++] = (entry){mkg__view(a, who.len), mkg__view(b, what.len), number};
    }
    if (st == MKG_END) st = MKG_OK;
out:
    mkg__lines_free(lines);
    mkg__stream_close(s);
    return st;
}

/* The distinct labels, sorted, into *out. */
static mkg_status distinct_labels(const entry *e, size_t n, mkg_view **out,
                                  size_t *count, mkg_err *err)
{
    *out = mkg__calloc(n, sizeof **out);
    if (!*out) return mkg__nomem(err);
    for (size_t i = 0; i < n; i++)
        (*out)[i] = e[i].label;
    qsort(*out, n, sizeof **out, by_text);
    *count = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || compare((*out)[i], (*out)[i - 1]) != 0)
            (*out)[(*count)++] = (*out)[i];
    return MKG_OK;
}

static mkg_status fill(mkg_kg *kg, const mkg_vectors *v, const char *file,
                       const entry *e, size_t n, const mkg_view *label,
                       mkg__label_file *out, mkg_err *err)
{
    size_t row = 0;
    for (size_t i = 0; i < n; i++) {
        bool fresh = i == 0 || compare(e[i].name, e[i - 1].name) != 0;
        row = i == 0 ? 0 : row + fresh;
        if (fresh) {
            out->name[row] = e[i].name;
            mkg_status st = mkg__eval_find(kg, v, e[i].name, &out->node[row], err);
            if (st < 0) return st;
            if (st == MKG_EXISTS)
                return mkg__fail_at(
                    err, MKG_EPARSE, mkg__path_base(file), e[i].line, 1,
                    "'%.*s' is the name of several nodes; write the id, "
                    "such as #%u",
                    (int)(e[i].name.len < 100 ? e[i].name.len : 100), e[i].name.ptr,
                    out->node[row]);
            if (st == MKG_NOTFOUND) out->node[row] = MKG_ID_NONE;
        }
        const mkg_view *at =
            bsearch(&e[i].label, label, out->labels, sizeof *label, by_text);
        out->y[row * out->labels + (size_t)(at - label)] = 1;
    }
    return MKG_OK;
}

mkg_status mkg__label_file_read(mkg_kg *kg, const mkg_vectors *v, const char *file,
                                mkg__label_file *out, mkg_err *err)
{
    mkg_status st;
    entry *e = NULL;
    mkg_view *label = NULL;
    size_t n, cells;

    memset(out, 0, sizeof *out);
    MKG_GO(read_entries(file, &out->arena, &e, &n, err));
    if (n == 0) {
        st = mkg__fail(err, MKG_EPARSE, "%.200s has no line with a label", file);
        goto out;
    }
    qsort(e, n, sizeof *e, by_name);
    MKG_GO(distinct_labels(e, n, &label, &out->labels, err));
    for (size_t i = 0; i < n; i++)
        out->n += i == 0 || compare(e[i].name, e[i - 1].name) != 0;
    if (mkg__mul(out->n, out->labels, &cells)) out->y = mkg__calloc(cells, 1);
    out->name = mkg__calloc(out->n, sizeof *out->name);
    out->node = mkg__calloc(out->n, sizeof *out->node);
    if (!out->y || !out->name || !out->node) {
        st = mkg__nomem(err);
        goto out;
    }
    st = fill(kg, v, file, e, n, label, out, err);
out:
    mkg__free(e);
    mkg__free(label);
    if (st < 0) mkg__label_file_clear(out);
    return st;
}

void mkg__label_file_clear(mkg__label_file *l)
{
    mkg__arena_clear(&l->arena);
    mkg__free(l->name);
    mkg__free(l->node);
    mkg__free(l->y);
    memset(l, 0, sizeof *l);
}
