/* Rows of a file, which nodes they are, and the set that comes of it. */
#include "embed/import.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "embed/read_internal.h"

#include <stdlib.h>
#include <string.h>

enum { TICK = 1024, HEAD = 4096 };

/* A row of a table of names. */
typedef struct named {
    mkg_view token, type, name;
    mkg_id id;
} named;

typedef struct job {
    mkg_kg *kg;
    const mkg_vectors_import_opts *o;
    mkg_vectors_import_result *out;
    mkg__arena arena;
    named *table; /* of the rows, in their order; NULL: there is none */
    size_t ntable, table_cap;
    mkg__map tokens; /* token -> row */
    mkg_id *node;    /* (n) of the rows that are nodes */
    float *x;        /* (n, dim) */
    size_t *from;    /* (n) row of the file */
    size_t n, node_cap, x_cap, from_cap;
} job;

const char *const *mkg_vectors_import_formats(void)
{
    static const char *const names[] = {"word2vec", "word2vec-bin", "npy", NULL};
    return names;
}

/* ---- the table of names ---- */

static size_t split(mkg_view line, mkg_view *part, size_t most)
{
    size_t n = 0;
    const char *p = line.ptr, *end = p + line.len;
    while (n < most) {
        const char *tab = memchr(p, '\t', (size_t)(end - p));
        part[n++] = mkg__view(p, (size_t)((tab ? tab : end) - p));
        if (!tab) break;
        p = tab + 1;
    }
    return n;
}

/* What `medkg export` writes (row token node type name codes), or a name a line. */
static mkg_status read_named(job *j, mkg_view line, bool ours, named *out)
{
    mkg_view part[6] = {{0}};
    uint64_t id;
    size_t n = split(line, part, 6);
    memset(out, 0, sizeof *out);
    if (!ours) {
        out->token = out->name = part[0];
    } else {
        if (n < 5) return MKG_EPARSE;
        out->token = part[1];
        out->type = part[3];
        out->name = part[4];
        if (mkg__parse_u64(part[2], &id) && id <= UINT32_MAX) out->id = (mkg_id)id;
    }
    mkg_view *const texts[] = {&out->token, &out->type, &out->name};
    for (size_t i = 0; i < 3; i++) {
        const char *copy = mkg__arena_dup(&j->arena, texts[i]->ptr, texts[i]->len);
        if (!copy) return MKG_ENOMEM;
        texts[i]->ptr = copy;
    }
    return MKG_OK;
}

static mkg_status read_table(job *j, const char *path, mkg_err *err)
{
    static const char head[] = "row\ttoken\tnode\ttype\tname";
    mkg_status st;
    mkg__stream *s = NULL;
    mkg__lines *lines = NULL;
    mkg_view line;
    uint64_t number;
    size_t bad;
    bool ours = false;

    MKG_GO(mkg__stream_open(path, &s, err));
    MKG_GO(mkg__lines_new(s, &lines, err));
    while ((st = mkg__lines_next(lines, &line, &number, err)) == MKG_OK) {
        if (number == 1 && line.len >= sizeof head - 1 &&
            memcmp(line.ptr, head, sizeof head - 1) == 0) {
            ours = true;
            continue;
        }
        if (!mkg__utf8_valid(line.ptr, line.len, &bad)) {
            st = mkg__fail_at(err, MKG_EPARSE, mkg__stream_name(s), number,
                              (uint32_t)bad + 1, "bytes that are not UTF-8");
            goto out;
        }
        if (!mkg__grow(&j->table, &j->table_cap, j->ntable + 1, sizeof *j->table)) {
            st = mkg__nomem(err);
            goto out;
        }
        st = read_named(j, line, ours, &j->table[j->ntable++]);
        if (st == MKG_ENOMEM) {
            st = mkg__nomem(err);
            goto out;
        }
        if (st == MKG_EPARSE) {
            st = mkg__fail_at(err, MKG_EPARSE, mkg__stream_name(s), number, 0,
                              "fewer than five columns");
            goto out;
        }
    }
    if (st == MKG_END) st = MKG_OK;
out:
    mkg__lines_free(lines);
    mkg__stream_close(s);
    return st;
}

/* "dir/x.npy" -> "dir/x" and `suffix` behind it. */
static char *beside(const char *file, const char *suffix)
{
    mkg__buf b = {0};
    const char *base = mkg__path_base(file), *dot = strrchr(base, '.');
    mkg__buf_put(&b, file, dot && dot > base ? (size_t)(dot - file) : strlen(file));
    mkg__buf_str(&b, suffix);
    if (mkg__buf_cstr(&b)) return b.ptr;
    mkg__buf_clear(&b);
    return NULL;
}

static mkg_status find_table(job *j, const char *file, bool npy, mkg_err *err)
{
    char *path = j->o->names ? mkg__strdup(j->o->names) : beside(file, ".names.tsv");
    mkg_status st = MKG_OK;
    if (!path) return mkg__nomem(err);
    if (j->o->names || mkg__file_exists(path))
        st = read_table(j, path, err);
    else if (npy)
        st = mkg__fail(err, MKG_EARG,
                       "an array has no names: there is no %.200s, and no other table "
                       "was given",
                       path);
    mkg__free(path);
    return st;
}

/* ---- which node a row is ---- */

/* Of nodes with the name those of the type; one, or that whose id is `id`. */
static mkg_status choose(job *j, mkg_ids *ids, mkg_view type, mkg_id id, mkg_id *out,
                         mkg_err *err)
{
    size_t n = 0;
    bool same = false;
    *out = MKG_ID_NONE;
    for (size_t i = 0; i < ids->n; i++) {
        mkg_node node;
        mkg_status st = mkg_kg_node(j->kg, ids->ids[i], &node, err);
        if (st < 0) return st;
        if (type.len && !mkg__view_eq(node.type, type)) continue;
        if (ids->ids[i] == id) same = true;
        *out = ids->ids[i];
        n++;
    }
    if (same) *out = id;
    return n == 0 ? MKG_NOTFOUND : n > 1 && !same ? MKG_EXISTS : MKG_OK;
}

static mkg_status find(job *j, mkg_view name, mkg_view type, mkg_id id, mkg_id *out,
                       mkg_err *err)
{
    mkg_ids ids = {0};
    mkg_status st;
    *out = MKG_ID_NONE;
    if (name.len == 0) return MKG_NOTFOUND;
    MKG_GO(mkg_kg_find_name(j->kg, name, &ids, err));
    if (ids.n == 0) MKG_GO(mkg_kg_find_code(j->kg, name, &ids, err));
    st = choose(j, &ids, type, id, out, err);
out:
    mkg_ids_clear(&ids);
    return st;
}

/* A token as `export` writes it: blanks are "_", and "#id" is behind a name that others
 * have. */
static mkg_status find_token(job *j, mkg_view token, mkg_id *out, mkg_err *err)
{
    mkg_view any = {0};
    uint64_t id;
    mkg_status st = find(j, token, any, MKG_ID_NONE, out, err);
    if (st != MKG_NOTFOUND) return st;
    char *text = mkg__viewdup(token);
    if (!text) return mkg__nomem(err);
    char *mark = strrchr(text, '#');
    if (!mark || !mkg__parse_u64(mkg__view(mark + 1, strlen(mark + 1)), &id) ||
        id > UINT32_MAX) {
        id = 0;
        mark = NULL;
    }
    if (mark) *mark = '\0';
    for (unsigned blanks = 0; blanks < 2 && st == MKG_NOTFOUND; blanks++) {
        for (char *p = text; blanks && *p; p++)
            if (*p == '_') *p = ' ';
        st = find(j, mkg__view(text, strlen(text)), any, (mkg_id)id, out, err);
    }
    mkg__free(text);
    return st;
}

/* The node of the row read last, by the table or by its token. */
static mkg_status node_of(job *j, const mkg__rows *r, mkg_id *out, mkg_err *err)
{
    mkg_view token = mkg__view(r->token.ptr, r->token.len);
    if (!j->table) return find_token(j, token, out, err);
    const named *t = &j->table[r->done - 1];
    if (!r->npy && !mkg__view_eq(t->token, token))
        return mkg__fail_at(err, MKG_EPARSE, r->file, mkg__rows_line(r), 0,
                            "the table of names has '%.*s' here, the file '%.*s'",
                            mkg__clip(t->token, 60), t->token.ptr, mkg__clip(token, 60),
                            token.ptr);
    mkg_status st = find(j, t->name, t->type, t->id, out, err);
    return st == MKG_NOTFOUND && !t->type.len ? find_token(j, t->name, out, err) : st;
}

static mkg_status remember_token(job *j, const mkg__rows *r, mkg_err *err)
{
    mkg_view token =
        r->npy ? j->table[r->done - 1].token : mkg__view(r->token.ptr, r->token.len);
    mkg_id *seen = mkg__map_put(&j->tokens, token.ptr, token.len);
    if (!seen) return mkg__nomem(err);
    if (*seen)
        return mkg__fail_at(err, MKG_EPARSE, r->file, mkg__rows_line(r), 0,
                            "'%.*s' comes twice: in row %u, too", mkg__clip(token, 60),
                            token.ptr, *seen);
    *seen = (mkg_id)r->done;
    return MKG_OK;
}

static mkg_status keep_row(job *j, const mkg__rows *r, mkg_err *err)
{
    mkg_id id;
    size_t values;
    mkg_status st = remember_token(j, r, err);
    if (st < 0) return st;
    st = node_of(j, r, &id, err);
    if (st < 0) return st;
    if (st != MKG_OK) {
        mkg_err where;
        mkg_view name = j->table ? j->table[r->done - 1].name
                                 : mkg__view(r->token.ptr, r->token.len);
        j->out->unknown++;
        mkg__fail_at(&where, st, r->file, mkg__rows_line(r), 0,
                     st == MKG_EXISTS ? "several nodes are called '%.*s'"
                                      : "no node is called '%.*s'",
                     mkg__clip(name, 60), name.ptr);
        if (j->o->unknown) j->o->unknown(j->o->unknown_ctx, &where);
        return MKG_OK;
    }
    if (!mkg__mul(j->n + 1, r->dim, &values) ||
        !mkg__grow(&j->node, &j->node_cap, j->n + 1, sizeof *j->node) ||
        !mkg__grow(&j->from, &j->from_cap, j->n + 1, sizeof *j->from) ||
        !mkg__grow(&j->x, &j->x_cap, values, sizeof *j->x))
        return mkg__nomem(err);
    j->node[j->n] = id;
    j->from[j->n] = r->done;
    memcpy(j->x + j->n * r->dim, r->x, r->dim * sizeof *r->x);
    j->n++;
    return MKG_OK;
}

static mkg_status read_rows(job *j, mkg__rows *r, mkg_err *err)
{
    mkg_status st;
    while ((st = mkg__rows_next(r, err)) == MKG_OK) {
        MKG_GO(keep_row(j, r, err));
        if (r->done % TICK == 0 && j->o->progress &&
            j->o->progress(j->o->progress_ctx, "rows", r->done, r->rows) != 0)
            return mkg__fail(err, MKG_ECANCEL, "stopped; no set was written");
    }
out:
    j->out->rows = r->rows;
    return st == MKG_END ? MKG_OK : st;
}

/* ---- the set ---- */

typedef struct place {
    mkg_id node;
    size_t at;
} place;

static int by_node(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->node != y->node) return x->node < y->node ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static mkg_status put_info(job *j, const char *file, const char *format, size_t dim,
                           mkg_err *err)
{
    mkg_vectors_info *info = &j->out->info;
    char *base =
        j->o->name ? mkg__strdup(j->o->name) : beside(mkg__path_base(file), "");
    if (!base) return mkg__nomem(err);
    mkg_status st = mkg_vectors_check_name(base, err);
    if (st >= 0) snprintf(info->name, sizeof info->name, "%s", base);
    mkg__free(base);
    if (st < 0) return st;
    snprintf(info->method, sizeof info->method, "import");
    info->graph_version = mkg_kg_version(j->kg);
    info->n = j->n;
    info->dim = dim;
    mkg_view name = mkg__view(mkg__path_base(file), strlen(mkg__path_base(file)));
    int clip = mkg__clip(name, 200);
    json_t *v = json_pack("{s:s%, s:s, s:I}", "file", name.ptr, (size_t)clip, "format",
                          format, "rows", (json_int_t)j->out->rows);
    char *text = v ? json_dumps(v, JSON_COMPACT) : NULL;
    if (text && strlen(text) < sizeof info->params)
        snprintf(info->params, sizeof info->params, "%s", text);
    else
        snprintf(info->params, sizeof info->params, "{}");
    free(text);
    json_decref(v);
    return MKG_OK;
}

static mkg_status save(job *j, const char *file, size_t dim, mkg_err *err)
{
    mkg_status st = MKG_OK;
    place *order = mkg__calloc(j->n, sizeof *order);
    mkg_id *node = mkg__calloc(j->n, sizeof *node);
    float *x = mkg__aligned(j->n * dim * sizeof *x);

    if (!order || !node || !x) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = 0; i < j->n; i++)
        order[i] = (place){j->node[i], i};
    qsort(order, j->n, sizeof *order, by_node);
    for (size_t i = 0; i < j->n; i++) {
        if (i && order[i].node == order[i - 1].node) {
            st = mkg__fail_at(err, MKG_EPARSE, mkg__path_base(file), 0, 0,
                              "rows %zu and %zu are the same node (#%u)",
                              j->from[order[i - 1].at], j->from[order[i].at],
                              order[i].node);
            goto out;
        }
        node[i] = order[i].node;
        memcpy(x + i * dim, j->x + order[i].at * dim, dim * sizeof *x);
    }
    st = mkg_vectors_save(mkg_kg_path(j->kg), &j->out->info, node, x, err);
out:
    mkg__free(order);
    mkg__free(node);
    mkg__free(x);
    return st;
}

/* As the first bytes look. */
static mkg_status guess(const char *file, const char **format, mkg_err *err)
{
    mkg__stream *s;
    mkg_view head;
    mkg_status st = mkg__stream_open(file, &s, err);
    if (st < 0) return st;
    st = mkg__stream_peek(s, &head, err);
    if (st >= 0) {
        bool text = true;
        for (size_t i = 0; i < head.len && i < HEAD && text; i++) {
            unsigned char c = (unsigned char)head.ptr[i];
            text = c >= 0x20 || c == '\n' || c == '\r' || c == '\t';
        }
        *format = head.len >= 6 && memcmp(head.ptr, "\x93NUMPY", 6) == 0 ? "npy"
                  : text                                                 ? "word2vec"
                         : "word2vec-bin";
    }
    mkg__stream_close(s);
    return st;
}

mkg_status mkg_vectors_import(mkg_kg *kg, const char *file,
                              const mkg_vectors_import_opts *opts,
                              mkg_vectors_import_result *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__rows r = {0};
    job j = {.kg = kg, .o = opts, .out = out};
    const char *format = opts->format;
    bool known = !format;

    memset(out, 0, sizeof *out);
    for (size_t i = 0; format && mkg_vectors_import_formats()[i]; i++)
        known = known || strcmp(mkg_vectors_import_formats()[i], format) == 0;
    if (!known) return mkg__fail(err, MKG_EARG, "there is no format '%s'", format);
    if (!format) MKG_GO(guess(file, &format, err));
    MKG_GO(put_info(&j, file, format, 0, err)); /* a bad name before the work */
    MKG_GO(mkg__rows_open(&r, file, format, err));
    MKG_GO(find_table(&j, file, r.npy, err));
    if (j.table && j.ntable != r.rows) {
        st = mkg__fail_at(err, MKG_EPARSE, r.file, 0, 0,
                          "%zu rows, but the table of names has %zu", r.rows, j.ntable);
        goto out;
    }
    MKG_GO(read_rows(&j, &r, err));
    if (j.n == 0) {
        st = mkg__fail(err, MKG_NOTFOUND, "no row of %.200s is a node of the graph",
                       r.file);
        goto out;
    }
    MKG_GO(put_info(&j, file, format, r.dim, err));
    st = save(&j, file, r.dim, err);
out:
    mkg__rows_close(&r);
    mkg__arena_clear(&j.arena);
    mkg__map_clear(&j.tokens);
    mkg__free(j.table);
    mkg__free(j.node);
    mkg__free(j.from);
    mkg__free(j.x);
    return st;
}
