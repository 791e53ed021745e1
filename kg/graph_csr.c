/* The snapshot in DB/view.csr: made from the store, written at once, mapped to read. */
#include "kg/graph_internal.h"
#include "kg/kg_internal.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[8] = "MKGCSR1";
enum { ENDIAN_MARK = 0x01020304, HAS_WEIGHTS = 1, HAS_ARC_WEIGHTS = 2 };

/* The first bytes of the file; the sections follow from the counts. */
typedef struct header {
    char magic[8];
    uint32_t endian, flags;
    uint64_t version;
    char hash[32]; /* of the graph, hex */
    uint64_t n, m, arcs, ntypes, type_bytes;
    float weight, arc_weight; /* of all, where they have no section */
    uint64_t reserved;
    uint64_t data_hash;   /* XXH3-64 of all bytes behind the header */
    uint64_t header_hash; /* XXH3-64 of the bytes of the header before this field */
} header;
_Static_assert(sizeof(header) == 128, "the file format");

typedef enum section {
    START,
    NODE,
    TYPE,
    TO,
    WEIGHT,
    ARC_START,
    RELATION,
    FACT,
    ARC_WEIGHT,
    TYPES,
    SECTIONS
} section;

/* Where each section begins and, last, where the file ends; false if that is no size.
 */
static bool layout(const header *h, size_t at[SECTIONS + 1])
{
    if (h->n >= UINT32_MAX || h->m > UINT32_MAX || h->arcs > UINT32_MAX ||
        h->ntypes > UINT32_MAX || h->type_bytes > SIZE_MAX / 4)
        return false;
    const uint64_t bytes[SECTIONS] = {
        [START] = (h->n + 1) * sizeof(uint64_t),
        [NODE] = h->n * sizeof(mkg_id),
        [TYPE] = h->n * sizeof(uint32_t),
        [TO] = h->m * sizeof(uint32_t),
        [WEIGHT] = h->flags & HAS_WEIGHTS ? h->m * sizeof(float) : 0,
        [ARC_START] = h->arcs != h->m ? (h->m + 1) * sizeof(uint32_t) : 0,
        [RELATION] = h->arcs * sizeof(uint32_t),
        [FACT] = h->arcs * sizeof(mkg_id),
        [ARC_WEIGHT] = h->flags & HAS_ARC_WEIGHTS ? h->arcs * sizeof(float) : 0,
        [TYPES] = h->type_bytes,
    };
    uint64_t end = sizeof *h;
    for (int s = 0; s < SECTIONS; s++) {
        at[s] = (size_t)end;
        end += (bytes[s] + 7) / 8 * 8;
        if (end > SIZE_MAX / 2) return false;
    }
    at[SECTIONS] = (size_t)end;
    return true;
}

static void point(mkg__csr *c, const header *h, const size_t at[SECTIONS + 1])
{
    const char *p = c->base;
    c->n = (size_t)h->n;
    c->m = (size_t)h->m;
    c->arcs = (size_t)h->arcs;
    c->ntypes = (size_t)h->ntypes;
    c->start = (const void *)(p + at[START]);
    c->node = (const void *)(p + at[NODE]);
    c->type = (const void *)(p + at[TYPE]);
    c->to = (const void *)(p + at[TO]);
    if (h->flags & HAS_WEIGHTS) c->weight = (const void *)(p + at[WEIGHT]);
    if (h->arcs != h->m) c->arc_start = (const void *)(p + at[ARC_START]);
    c->relation = (const void *)(p + at[RELATION]);
    c->fact = (const void *)(p + at[FACT]);
    if (h->flags & HAS_ARC_WEIGHTS) c->arc_weight = (const void *)(p + at[ARC_WEIGHT]);
    c->even_weight = h->weight;
    c->even_arc_weight = h->arc_weight;
    c->types = p + at[TYPES];
}

void mkg__csr_close(mkg__csr *c)
{
    if (!c) return;
    if (c->mapped)
        munmap(c->base, c->bytes);
    else
        mkg__free(c->base);
    mkg__free(c);
}

size_t mkg__csr_place(const uint32_t *at, size_t n, uint32_t key)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (at[mid] < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && at[lo] == key ? lo : n;
}

/* ---- reading the file ---- */

static bool good_weights(const float *w, size_t n)
{
    bool ok = true;
    for (size_t i = 0; w && i < n; i++)
        ok &= w[i] > 0 && w[i] <= FLT_MAX;
    return ok;
}

/* A checksum tells of accidents alone: nothing in the file may lead out of it. */
static bool in_bounds(const mkg__csr *c, const header *h)
{
    bool ok = c->start[0] == 0 && c->start[c->n] == c->m;
    size_t names = 0;

    for (size_t i = 0; i < c->n; i++)
        ok &= c->start[i] <= c->start[i + 1] && c->type[i] < c->ntypes &&
              (i == 0 || c->node[i - 1] < c->node[i]);
    for (size_t k = 0; k < c->m; k++)
        ok &= c->to[k] < c->n;
    if (c->arc_start) {
        ok &= c->arc_start[0] == 0 && c->arc_start[c->m] == c->arcs;
        for (size_t k = 0; k < c->m; k++)
            ok &= c->arc_start[k] <= c->arc_start[k + 1];
    }
    for (size_t i = 0; i < h->type_bytes; i++)
        names += c->types[i] == '\0';
    ok &= good_weights(c->weight, c->m) && good_weights(c->arc_weight, c->arcs);
    if (c->m) ok &= good_weights(&c->even_weight, 1);
    if (c->m) ok &= good_weights(&c->even_arc_weight, 1);
    return ok && names == c->ntypes &&
           (h->type_bytes == 0 || c->types[h->type_bytes - 1] == '\0');
}

/* Is it whole, and of the graph that the handle sees? */
static bool fits(mkg__csr *c, mkg_kg *kg)
{
    const header *h = c->base;
    size_t at[SECTIONS + 1];
    char hash[33];

    mkg_kg_hash(kg, hash);
    if (c->bytes < sizeof *h || memcmp(h->magic, magic, sizeof magic) != 0 ||
        h->endian != ENDIAN_MARK || h->version != mkg_kg_version(kg) ||
        memcmp(h->hash, hash, sizeof h->hash) != 0 ||
        h->header_hash != mkg__hash64(h, offsetof(header, header_hash), 0) ||
        !layout(h, at) || at[SECTIONS] != c->bytes ||
        h->data_hash != mkg__hash64(h + 1, c->bytes - sizeof *h, 0))
        return false;
    point(c, h, at);
    return in_bounds(c, h);
}

/* NULL where there is no file that fits. */
static mkg__csr *map_file(const char *path, mkg_kg *kg)
{
    struct stat sb;
    mkg__csr *c = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) return NULL;
    if (fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode) && sb.st_size > 0)
        c = mkg__calloc(1, sizeof *c);
    if (c) {
        c->bytes = (size_t)sb.st_size;
        c->base = mmap(NULL, c->bytes, PROT_READ, MAP_SHARED, fd, 0);
        c->mapped = c->base != MAP_FAILED;
        if (!c->mapped) c->base = NULL;
        if (!c->mapped || !fits(c, kg)) {
            mkg__csr_close(c);
            c = NULL;
        }
    }
    close(fd);
    return c;
}

/* ---- reading the store ---- */

typedef struct known_fact {
    uint32_t from, to; /* rows */
    mkg_id relation, id;
    float weight;
} known_fact;

typedef struct builder {
    mkg_id *node;
    uint32_t *type, *row; /* of a row; by node id */
    size_t n, node_cap, type_cap, row_cap;
    known_fact *facts;
    size_t nfacts, fact_cap;
    mkg__map type_ids;
    mkg__buf types; /* names, each with its NUL */
    size_t ntypes;
    uint32_t *order; /* arcs by row, other end, fact: 2 * fact, + 1 for the object's */
    uint64_t *fill;  /* (n + 1) scratch, by row */
    header h;
} builder;

static void clear(builder *b)
{
    mkg__free(b->node);
    mkg__free(b->type);
    mkg__free(b->row);
    mkg__free(b->facts);
    mkg__map_clear(&b->type_ids);
    mkg__buf_clear(&b->types);
    mkg__free(b->order);
    mkg__free(b->fill);
}

static mkg_status add_node(builder *b, const mkg_node *node, mkg_err *err)
{
    size_t before = b->row_cap;
    mkg_id *type = mkg__map_put(&b->type_ids, node->type.ptr, node->type.len);

    if (!type || !mkg__grow(&b->node, &b->node_cap, b->n + 1, sizeof *b->node) ||
        !mkg__grow(&b->type, &b->type_cap, b->n + 1, sizeof *b->type) ||
        !mkg__grow(&b->row, &b->row_cap, (size_t)node->id + 1, sizeof *b->row))
        return mkg__nomem(err);
    for (size_t i = before; i < b->row_cap; i++)
        b->row[i] = UINT32_MAX;
    if (*type == MKG_ID_NONE) {
        *type = (mkg_id)++b->ntypes;
        mkg__buf_put(&b->types, node->type.ptr, node->type.len);
        mkg__buf_byte(&b->types, '\0');
    }
    b->row[node->id] = (uint32_t)b->n;
    b->node[b->n] = node->id;
    b->type[b->n++] = (uint32_t)*type - 1;
    return b->types.failed ? mkg__nomem(err) : MKG_OK;
}

static uint32_t row_of(const builder *b, mkg_id id)
{
    return id < b->row_cap ? b->row[id] : UINT32_MAX;
}

static mkg_status add_fact(builder *b, const mkg_fact *f, mkg_err *err)
{
    uint32_t from = row_of(b, f->subject), to = row_of(b, f->object);

    if (f->denied || f->object == MKG_ID_NONE || from == to || from == UINT32_MAX ||
        to == UINT32_MAX || !isfinite(f->weight) || f->weight <= 0)
        return MKG_OK;
    if (b->nfacts >= INT32_MAX || f->relation > INT32_MAX)
        return mkg__fail(err, MKG_EARG, "the graph is too large for a view");
    if (!mkg__grow(&b->facts, &b->fact_cap, b->nfacts + 1, sizeof *b->facts))
        return mkg__nomem(err);
    b->facts[b->nfacts++] = (known_fact){from, to, f->relation, f->id, f->weight};
    return MKG_OK;
}

static mkg_status read_store(builder *b, mkg_kg *kg, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_node node;
    mkg_fact fact;

    for (mkg_id id = 0; (st = mkg_kg_next_node(kg, &id, &node, err)) == MKG_OK;)
        MKG_GO(add_node(b, &node, err));
    if (st < 0) goto out;
    for (mkg_id id = 0; (st = mkg_kg_next_fact(kg, &id, &fact, err)) == MKG_OK;)
        MKG_GO(add_fact(b, &fact, err));
out:
    return st < 0 ? st : MKG_OK;
}

/* ---- making the snapshot ---- */

static uint32_t arc_row(const builder *b, uint32_t arc)
{
    const known_fact *f = &b->facts[arc / 2];
    return arc & 1 ? f->to : f->from;
}

/* b->fill becomes the place of the first arc of each row. */
static void begin_rows(builder *b)
{
    memset(b->fill, 0, (b->n + 1) * sizeof *b->fill);
    for (size_t i = 0; i < b->nfacts; i++) {
        b->fill[b->facts[i].from + 1]++;
        b->fill[b->facts[i].to + 1]++;
    }
    for (size_t i = 0; i < b->n; i++)
        b->fill[i + 1] += b->fill[i];
}

/* Two stable passes, the less important key first. As each fact has an arc at either
 * end, there are as many arcs that lead to a node as there are in its row. */
static mkg_status sort_arcs(builder *b, mkg_err *err)
{
    uint32_t arcs = (uint32_t)b->nfacts * 2;
    size_t bytes = (size_t)arcs * sizeof(uint32_t);
    uint32_t *by_other = mkg__malloc(bytes);

    b->order = mkg__malloc(bytes);
    b->fill = mkg__malloc((b->n + 1) * sizeof *b->fill);
    if (!by_other || !b->order || !b->fill) {
        mkg__free(by_other);
        return mkg__nomem(err);
    }
    begin_rows(b);
    for (uint32_t a = 0; a < arcs; a++)
        by_other[b->fill[arc_row(b, a ^ 1)]++] = a;
    begin_rows(b);
    for (uint32_t i = 0; i < arcs; i++)
        b->order[b->fill[arc_row(b, by_other[i])]++] = by_other[i];
    mkg__free(by_other);
    return MKG_OK;
}

/* Sections of the image, to write into. */
typedef struct sink {
    uint64_t *start;
    uint32_t *to, *arc_start, *relation;
    mkg_id *fact;
    float *weight, *arc_weight; /* NULL: left out */
} sink;

/* Go through the edges: without a sink to count them and to see whether weights differ,
 * with one to write them. */
static void each_edge(builder *b, const sink *out)
{
    size_t arcs = b->nfacts * 2, m = 0;
    float first = 0, first_arc = arcs ? b->facts[0].weight : 0;
    uint32_t flags = 0, row = 0;

    for (size_t a = 0, end; a < arcs; a = end, m++) {
        uint32_t here = arc_row(b, b->order[a]), other = arc_row(b, b->order[a] ^ 1);
        float sum = 0;
        for (end = a; end < arcs && arc_row(b, b->order[end]) == here &&
                      arc_row(b, b->order[end] ^ 1) == other;
             end++) {
            const known_fact *f = &b->facts[b->order[end] / 2];
            sum = mkg__add_weight(sum, f->weight);
            if (f->weight < first_arc || f->weight > first_arc)
                flags |= HAS_ARC_WEIGHTS;
            if (!out) continue;
            out->relation[end] = f->relation * 2 + (b->order[end] & 1);
            out->fact[end] = f->id;
            if (out->arc_weight) out->arc_weight[end] = f->weight;
        }
        if (m == 0) first = sum;
        if (sum < first || sum > first) flags |= HAS_WEIGHTS;
        if (!out) continue;
        while (row <= here)
            out->start[row++] = m;
        out->to[m] = other;
        if (out->weight) out->weight[m] = sum;
        if (out->arc_start) out->arc_start[m] = (uint32_t)a;
    }
    if (out) {
        while (row <= b->n)
            out->start[row++] = m;
        if (out->arc_start) out->arc_start[m] = (uint32_t)arcs;
    }
    b->h.m = m;
    b->h.arcs = arcs;
    b->h.flags = flags;
    b->h.weight = first;
    b->h.arc_weight = first_arc;
}

static mkg_status make_image(builder *b, mkg_kg *kg, mkg__csr *c, mkg_err *err)
{
    size_t at[SECTIONS + 1];
    char hash[33];

    memcpy(b->h.magic, magic, sizeof b->h.magic);
    b->h.endian = ENDIAN_MARK;
    b->h.version = mkg_kg_version(kg);
    mkg_kg_hash(kg, hash);
    memcpy(b->h.hash, hash, sizeof b->h.hash);
    b->h.n = b->n;
    b->h.ntypes = b->ntypes;
    b->h.type_bytes = b->types.len;
    each_edge(b, NULL);
    if (!layout(&b->h, at))
        return mkg__fail(err, MKG_EARG, "the graph is too large for a view");
    if (!(c->base = mkg__calloc(1, at[SECTIONS]))) return mkg__nomem(err);
    c->bytes = at[SECTIONS];
    char *p = c->base;
    bool weights = b->h.flags & HAS_WEIGHTS, arc_weights = b->h.flags & HAS_ARC_WEIGHTS;
    sink out = {
        .start = (void *)(p + at[START]),
        .to = (void *)(p + at[TO]),
        .weight = weights ? (void *)(p + at[WEIGHT]) : NULL,
        .arc_start = b->h.arcs != b->h.m ? (void *)(p + at[ARC_START]) : NULL,
        .relation = (void *)(p + at[RELATION]),
        .fact = (void *)(p + at[FACT]),
        .arc_weight = arc_weights ? (void *)(p + at[ARC_WEIGHT]) : NULL,
    };
    each_edge(b, &out);
    if (b->n) {
        memcpy(p + at[NODE], b->node, b->n * sizeof *b->node);
        memcpy(p + at[TYPE], b->type, b->n * sizeof *b->type);
        memcpy(p + at[TYPES], b->types.ptr, b->types.len);
    }
    b->h.data_hash = mkg__hash64(p + sizeof b->h, c->bytes - sizeof b->h, 0);
    b->h.header_hash = mkg__hash64(&b->h, offsetof(header, header_hash), 0);
    memcpy(p, &b->h, sizeof b->h);
    point(c, &b->h, at);
    return MKG_OK;
}

mkg_status mkg__csr_open(mkg_kg *kg, mkg__csr **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    builder b = {0};
    mkg__csr *c = NULL;
    char *path = mkg__path_join(mkg_kg_path(kg), "view.csr");

    *out = NULL;
    if (!path) return mkg__nomem(err);
    if ((*out = map_file(path, kg))) goto out;
    if (!(c = mkg__calloc(1, sizeof *c))) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(read_store(&b, kg, err));
    MKG_GO(sort_arcs(&b, err));
    MKG_GO(make_image(&b, kg, c, err));
    /* The file is of the newest version: who looks at an earlier one leaves it alone.
     */
    if (kg->version > 0 && kg->version == kg->newest)
        mkg__derived_write(path, c->base, c->bytes);
    *out = c;
    c = NULL;
out:
    clear(&b);
    mkg__csr_close(c);
    mkg__free(path);
    return st;
}
