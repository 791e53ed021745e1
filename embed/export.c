/* Vector sets as word2vec text and binary, NumPy arrays, and the pair of tables of the
 * TensorFlow projector. */
#include "embed/export.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/text.h"

#include <string.h>

enum { FLUSH = 64 << 10, TICK = 1024, FILES = 2 };

typedef struct export
{
    mkg_kg *kg;
    const mkg_vectors *v;
    const mkg_vectors_export_opts *opts;
    mkg_vectors_export_result *result;
    FILE *f;
    mkg__buf out, token;
    mkg__map tokens; /* that are given out */
    uint64_t done;
}
export;

/* A row under way. */
typedef struct row {
    uint64_t i; /* 0 … */
    mkg_id id;
    const float *x;
    bool known; /* the graph still has the node */
    mkg_node node;
} row;

typedef struct format {
    const char *name;
    const char *files[FILES]; /* names in a folder; NULL: beside each other */
    void (*head)(export *e);
    mkg_status (*put)(export *e, const row *r, mkg_err *err);
} format;

/* ---- output ---- */

static mkg_status flush(export *e, mkg_err *err)
{
    if (e->out.failed || e->token.failed) return mkg__nomem(err);
    if (e->out.len && fwrite(e->out.ptr, e->out.len, 1, e->f) != 1)
        return mkg__fail_errno(err, "write", e->result->files[0]);
    e->out.len = 0;
    return MKG_OK;
}

static void put_float(mkg__buf *b, float v)
{
    char s[40]; /* nine digits give the same float back */
    snprintf(s, sizeof s, "%.9g", (double)v);
    for (char *p = s; *p; p++)
        mkg__buf_byte(b, (unsigned char)(*p == ',' ? '.' : *p));
}

static void put_bytes(mkg__buf *b, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        unsigned char le[4];
        memcpy(&bits, &x[i], sizeof bits);
        for (unsigned k = 0; k < 4; k++)
            le[k] = (unsigned char)(bits >> 8 * k);
        mkg__buf_put(b, le, sizeof le);
    }
}

static void put_row(mkg__buf *b, const float *x, size_t n, char between)
{
    for (size_t i = 0; i < n; i++) {
        if (i) mkg__buf_byte(b, (unsigned char)between);
        put_float(b, x[i]);
    }
}

/* A field of a table of tabs, on one line. */
static void put_field(mkg__buf *b, mkg_view v)
{
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char)v.ptr[i];
        mkg__buf_byte(b, c < 0x20 || c == 0x7f ? ' ' : c);
    }
}

/* ---- names ---- */

static mkg_view name_of(const export *e, const row *r)
{
    return r->known ? mkg_node_name(&r->node, e->opts->lang) : mkg__view("", 0);
}

/* The name as one word that no other row has: white space is "_", and a name that was
 * given out has the node's id behind it. */
static mkg_status make_token(export *e, const row *r, mkg_err *err)
{
    mkg_view name = name_of(e, r);
    size_t len;
    e->token.len = 0;
    for (size_t i = 0; i < name.len; i += len) {
        uint32_t c = mkg__utf8_decode(name.ptr + i, name.len - i, &len);
        if (mkg__is_space(c) || c < 0x20 || c == 0x7f)
            mkg__buf_byte(&e->token, '_');
        else
            mkg__buf_put(&e->token, name.ptr + i, len);
    }
    mkg_id *seen =
        e->token.len ? mkg__map_put(&e->tokens, e->token.ptr, e->token.len) : NULL;
    if (e->token.len && !seen) return mkg__nomem(err);
    for (unsigned again = 0; !seen || (*seen && *seen != r->id); again++) {
        mkg__buf_printf(&e->token, again ? "#" : "#%u", r->id);
        if (e->token.failed ||
            !(seen = mkg__map_put(&e->tokens, e->token.ptr, e->token.len)))
            return mkg__nomem(err);
    }
    *seen = r->id;
    return MKG_OK;
}

static void put_codes(mkg__buf *b, const mkg_node *node)
{
    mkg_entry entry;
    bool first = true;
    for (size_t pos = 0; mkg_node_next(node, &pos, &entry);) {
        if (entry.kind != MKG_ENTRY_CODE) continue;
        if (!first) mkg__buf_str(b, "; ");
        put_field(b, entry.text);
        first = false;
    }
}

static void head_names(export *e)
{
    mkg__buf_str(&e->out, "row\ttoken\tnode\ttype\tname\tcodes\n");
}

static mkg_status put_names(export *e, const row *r, mkg_err *err)
{
    mkg_status st = make_token(e, r, err);
    mkg__buf *b = &e->out;
    if (st < 0) return st;
    mkg__buf_printf(b, "%llu\t", (unsigned long long)r->i);
    mkg__buf_put(b, e->token.ptr, e->token.len);
    mkg__buf_printf(b, "\t%u\t", r->id);
    if (r->known) put_field(b, r->node.type);
    mkg__buf_byte(b, '\t');
    put_field(b, name_of(e, r));
    mkg__buf_byte(b, '\t');
    if (r->known) put_codes(b, &r->node);
    mkg__buf_byte(b, '\n');
    return MKG_OK;
}

/* ---- word2vec: https://code.google.com/archive/p/word2vec/ ---- */

static void head_word2vec(export *e)
{
    mkg__buf_printf(&e->out, "%llu %zu\n", (unsigned long long)e->result->rows,
                    e->result->dim);
}

static mkg_status put_text(export *e, const row *r, mkg_err *err)
{
    mkg_status st = make_token(e, r, err);
    if (st < 0) return st;
    mkg__buf_put(&e->out, e->token.ptr, e->token.len);
    mkg__buf_byte(&e->out, ' ');
    put_row(&e->out, r->x, e->result->dim, ' ');
    mkg__buf_byte(&e->out, '\n');
    return MKG_OK;
}

static mkg_status put_binary(export *e, const row *r, mkg_err *err)
{
    mkg_status st = make_token(e, r, err);
    if (st < 0) return st;
    mkg__buf_put(&e->out, e->token.ptr, e->token.len);
    mkg__buf_byte(&e->out, ' ');
    put_bytes(&e->out, r->x, e->result->dim);
    mkg__buf_byte(&e->out, '\n');
    return MKG_OK;
}

/* ---- .npy: numpy.lib.format, version 1.0 ---- */

static void head_npy(export *e)
{
    enum { FRONT = 10, ALIGN = 64 }; /* magic, version, length of what follows */
    mkg__buf h = {0};
    mkg__buf_printf(&h,
                    "{'descr': '<f4', 'fortran_order': False, 'shape': (%llu, %zu), }",
                    (unsigned long long)e->result->rows, e->result->dim);
    while ((FRONT + h.len + 1) % ALIGN && !h.failed)
        mkg__buf_byte(&h, ' ');
    mkg__buf_byte(&h, '\n');
    mkg__buf_put(&e->out, "\x93NUMPY\x01\x00", 8);
    mkg__buf_byte(&e->out, (unsigned char)(h.len & 255));
    mkg__buf_byte(&e->out, (unsigned char)(h.len >> 8));
    mkg__buf_put(&e->out, h.ptr, h.len);
    e->out.failed |= h.failed;
    mkg__buf_clear(&h);
}

static mkg_status put_npy(export *e, const row *r, mkg_err *err)
{
    (void)err;
    put_bytes(&e->out, r->x, e->result->dim);
    return MKG_OK;
}

/* ---- https://projector.tensorflow.org: no header in the first, one in the other ----
 */

static void head_none(export *e)
{
    (void)e;
}

static mkg_status put_projector(export *e, const row *r, mkg_err *err)
{
    (void)err;
    put_row(&e->out, r->x, e->result->dim, '\t');
    mkg__buf_byte(&e->out, '\n');
    return MKG_OK;
}

/* ---- a table for statistics: what a row is, then its numbers ---- */

static void head_features(export *e)
{
    mkg__buf_str(&e->out, "node\ttype\tname\tcodes");
    for (size_t i = 1; i <= e->result->dim; i++)
        mkg__buf_printf(&e->out, "\tv%zu", i);
    mkg__buf_byte(&e->out, '\n');
}

static mkg_status put_features(export *e, const row *r, mkg_err *err)
{
    mkg__buf *b = &e->out;
    (void)err;
    mkg__buf_printf(b, "%u\t", r->id);
    if (r->known) put_field(b, r->node.type);
    mkg__buf_byte(b, '\t');
    put_field(b, name_of(e, r));
    mkg__buf_byte(b, '\t');
    if (r->known) put_codes(b, &r->node);
    mkg__buf_byte(b, '\t');
    put_row(b, r->x, e->result->dim, '\t');
    mkg__buf_byte(b, '\n');
    return MKG_OK;
}

static const format formats[] = {
    {"word2vec", {NULL, NULL}, head_word2vec, put_text},
    {"word2vec-bin", {NULL, NULL}, head_word2vec, put_binary},
    {"npy", {NULL, NULL}, head_npy, put_npy},
    {"projector", {"vectors.tsv", "metadata.tsv"}, head_none, put_projector},
    {"features", {NULL, NULL}, head_features, put_features}};
enum { FORMATS = sizeof formats / sizeof *formats };

static const format names_format = {"names", {NULL, NULL}, head_names, put_names};

const char *const *mkg_vectors_export_formats(void)
{
    static const char *names[FORMATS + 1];
    for (size_t i = 0; i < FORMATS; i++)
        names[i] = formats[i].name;
    return names;
}

/* ---- rows ---- */

static bool type_asked(const mkg_vectors_export_opts *o, const row *r)
{
    if (!o->types) return true;
    for (size_t i = 0; r->known && i < o->ntypes; i++)
        if (mkg__view_eq(o->types[i], r->node.type)) return true;
    return false;
}

/* The row of a node into *r; MKG_NOTFOUND if it is not asked for. */
static mkg_status read_row(export *e, mkg_id id, row *r, mkg_err *err)
{
    r->id = id;
    r->x = mkg_vectors_row(e->v, id);
    mkg_status st = mkg_kg_node(e->kg, id, &r->node, err);
    if (st < 0) return st;
    r->known = st == MKG_OK;
    return type_asked(e->opts, r) ? MKG_OK : MKG_NOTFOUND;
}

static mkg_status write_rows(export *e, const format *f, mkg_err *err)
{
    mkg_status st;
    const mkg_vectors_info *info = mkg_vectors_get_info(e->v);
    const mkg_id *nodes = mkg_vectors_nodes(e->v);
    row r = {.i = 0};

    mkg__map_clear(&e->tokens); /* both files give the same tokens */
    f->head(e);
    for (size_t i = 0; i < info->n; i++) {
        MKG_GO(read_row(e, nodes[i], &r, err));
        if (st == MKG_OK) {
            MKG_GO(f->put(e, &r, err));
            r.i++;
        }
        if (e->out.failed || e->out.len >= FLUSH) MKG_GO(flush(e, err));
        if (++e->done % TICK == 0 && e->opts->progress &&
            e->opts->progress(e->opts->progress_ctx, "rows", e->done, 2 * info->n)) {
            st = mkg__fail(err, MKG_ECANCEL, "stopped; nothing was written");
            goto out;
        }
    }
    st = flush(e, err);
out:
    return st < 0 ? st : MKG_OK;
}

static mkg_status begin(export *e, mkg_kg *kg, const mkg_vectors *v,
                        const mkg_vectors_export_opts *opts, const format **f,
                        mkg_vectors_export_result *result, mkg_err *err)
{
    mkg_status st;
    const mkg_vectors_info *info = mkg_vectors_get_info(v);
    const mkg_id *nodes = mkg_vectors_nodes(v);
    row r;

    memset(result, 0, sizeof *result);
    *f = NULL;
    for (size_t i = 0; i < FORMATS; i++)
        if (strcmp(formats[i].name, opts->format) == 0) *f = &formats[i];
    if (!*f) return mkg__fail(err, MKG_EARG, "there is no format '%s'", opts->format);
    e->kg = kg;
    e->v = v;
    e->opts = opts;
    e->result = result;
    result->dim = info->dim;
    for (size_t i = 0; i < info->n; i++) {
        MKG_GO(read_row(e, nodes[i], &r, err));
        result->rows += st == MKG_OK;
    }
    st = result->rows
             ? MKG_OK
             : mkg__fail(err, MKG_NOTFOUND, "the set '%s' has no node of these types",
                         info->name);
out:
    return st;
}

static void end(export *e)
{
    mkg__buf_clear(&e->out);
    mkg__buf_clear(&e->token);
    mkg__map_clear(&e->tokens);
}

typedef struct job {
    export *e;
    const format *f;
} job;

static mkg_status write_names(void *ctx, FILE *f, mkg_err *err)
{
    job *j = ctx;
    j->e->f = f;
    return write_rows(j->e, &names_format, err);
}

/* The vectors, and from within the names: the first file takes its name after the
 * second is complete. */
static mkg_status write_vectors(void *ctx, FILE *f, mkg_err *err)
{
    job *j = ctx;
    j->e->f = f;
    mkg_status st = write_rows(j->e, j->f, err);
    if (st < 0) return st;
    if (fflush(f) != 0) return mkg__fail_errno(err, "write", j->e->result->files[0]);
    return mkg__file_write(j->e->result->files[1], write_names, j, err);
}

/* "dir/x.npy" -> "dir/x.names.tsv" */
static char *beside(const char *output)
{
    mkg__buf b = {0};
    const char *base = mkg__path_base(output), *dot = strrchr(base, '.');
    size_t n = dot && dot > base ? (size_t)(dot - output) : strlen(output);
    mkg__buf_put(&b, output, n);
    mkg__buf_str(&b, ".names.tsv");
    if (mkg__buf_cstr(&b)) return b.ptr;
    mkg__buf_clear(&b);
    return NULL;
}

static mkg_status name_files(const format *f, const char *output,
                             mkg_vectors_export_result *result, mkg_err *err)
{
    for (size_t i = 0; i < FILES; i++) {
        char *name = NULL;
        if (f->files[i]) {
            mkg_status st = mkg__path_part(output, f->files[i], &name, err);
            if (st < 0) return st;
        } else {
            name = i ? beside(output) : mkg__strdup(output);
            if (!name) return mkg__nomem(err);
        }
        int n = snprintf(result->files[i], sizeof result->files[i], "%s", name);
        mkg__free(name);
        if (n < 0 || (size_t)n >= sizeof result->files[i])
            return mkg__fail(err, MKG_EARG, "the name of the output is too long");
    }
    return MKG_OK;
}

mkg_status mkg_vectors_export(mkg_kg *kg, const mkg_vectors *v, const char *output,
                              const mkg_vectors_export_opts *opts,
                              mkg_vectors_export_result *result, mkg_err *err)
{
    mkg_status st;
    export e = {0};
    job j = {.e = &e};

    st = begin(&e, kg, v, opts, &j.f, result, err);
    if (st != MKG_OK) goto out;
    MKG_GO(name_files(j.f, output, result, err));
    st = mkg__file_write(result->files[0], write_vectors, &j, err);
out:
    end(&e);
    return st;
}

mkg_status mkg_vectors_export_to(mkg_kg *kg, const mkg_vectors *v, FILE *f,
                                 const mkg_vectors_export_opts *opts,
                                 mkg_vectors_export_result *result, mkg_err *err)
{
    mkg_status st;
    export e = {0};
    const format *of;

    st = begin(&e, kg, v, opts, &of, result, err);
    if (st != MKG_OK) goto out;
    if (of->files[0]) {
        st = mkg__fail(err, MKG_EARG, "the format %s is two files: name a folder",
                       of->name);
        goto out;
    }
    e.f = f;
    st = write_rows(&e, of, err);
out:
    end(&e);
    return st;
}
