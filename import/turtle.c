/* Turtle, N-Triples, N-Quads and TriG, by serd. Only user of serd.h. */
#include "import/concepts_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <serd/serd.h>
#include <string.h>

typedef struct reader {
    mkg__import *im;
    mkg__rdf *rdf;
    SerdEnv *env;
    mkg__map nodes, names;           /* as written -> number, of IRIs and of CURIEs */
    mkg__map predicates, name_preds; /* the same for predicates */
    char *block;
    size_t at, end;
    uint64_t line;
    unsigned char last; /* byte that serd got */
    mkg_status st;      /* of a read, or of what a sink did */
    mkg_err err;
    uint64_t fault; /* line of the last one, or 0 */
    bool over;      /* the end was given last */
    bool graphs;    /* named graphs were told of */
} reader;

enum { BLOCK = 64 << 10 };

/* ---- bytes ---- */

static bool refill(reader *r)
{
    if (r->st < 0) return false;
    mkg_err e = {0};
    size_t n;
    mkg_status st = mkg__stream_read(r->im->s, r->block, BLOCK, &n, &e);
    if (st < 0) {
        r->st = st;
        r->err = e;
        return false;
    }
    r->at = 0;
    r->end = n;
    return n > 0;
}

/* A byte at a time: so the line of a statement is known to the byte. */
static size_t on_read(void *buf, size_t size, size_t n, void *stream)
{
    reader *r = stream;
    (void)size;
    (void)n;
    if (r->st < 0 || (r->at == r->end && !refill(r))) {
        /* Behind a fault serd goes on to the next line, even where there is none, and
         * for ever: so every other time there is an empty one. */
        *(unsigned char *)buf = '\n';
        r->over = !r->over;
        return r->over ? 0 : 1;
    }
    r->last = (unsigned char)r->block[r->at++];
    r->line += r->last == '\n';
    *(unsigned char *)buf = r->last;
    return 1;
}

/* To serd a fault is the end: it goes on reading behind an error. */
static int no_error(void *stream)
{
    (void)stream;
    return 0;
}

/* serd has looked one byte ahead. */
static uint64_t here(const reader *r)
{
    return r->line - (r->last == '\n');
}

/* ---- terms ---- */

static mkg_status complain(reader *r, const char *what, mkg_view text)
{
    mkg_err e;
    mkg__fail_at(&e, MKG_EPARSE, r->im->file, here(r), 0, what, mkg__clip(text, 80),
                 text.ptr);
    return mkg__import_skip(r->im, &e, &r->err);
}

static mkg_view view_of(const SerdNode *n)
{
    return mkg__view((const char *)n->buf, n->n_bytes);
}

typedef mkg_status (*number_fn)(mkg__rdf *r, mkg_view iri, mkg_id *out, mkg_err *err);

/* The number of an IRI or a CURIE; 0, told, for a prefix that was not declared. */
static mkg_status number(reader *r, const SerdNode *n, mkg__map *iris, mkg__map *curies,
                         number_fn fn, mkg_id *out)
{
    mkg_status st = MKG_OK;
    mkg_view text = view_of(n);
    bool curie = n->type == SERD_CURIE;
    mkg__map *known = curie ? curies : iris;
    SerdNode whole = SERD_NODE_NULL;
    mkg_id *slot = mkg__map_put(known, text.ptr, text.len);

    *out = 0;
    if (!slot) return mkg__nomem(&r->err);
    if (*slot != MKG_ID_NONE) {
        *out = *slot;
        return MKG_OK;
    }
    whole = serd_env_expand_node(r->env, n);
    if (whole.buf) text = view_of(&whole);
    if (curie && !whole.buf) {
        st = complain(r, "the prefix of '%.*s' was not declared", text);
    } else {
        mkg_id id;
        st = fn(r->rdf, text, &id, &r->err);
        if (st >= 0) *out = id;
        slot = mkg__map_put(known, view_of(n).ptr, view_of(n).len);
        if (slot && st >= 0) *slot = id;
    }
    serd_node_free(&whole);
    return st;
}

static mkg_status node_number(reader *r, const SerdNode *n, mkg_id *out)
{
    if (n->type == SERD_BLANK) return mkg__rdf_blank(r->rdf, view_of(n), out, &r->err);
    return number(r, n, &r->nodes, &r->names, mkg__rdf_node, out);
}

/* ---- sinks ---- */

static SerdStatus result(reader *r, mkg_status st)
{
    if (st >= 0) return SERD_SUCCESS;
    r->st = st;
    return SERD_FAILURE;
}

static SerdStatus on_base(void *ctx, const SerdNode *uri)
{
    reader *r = ctx;
    mkg__map_clear(&r->nodes); /* relative IRIs mean others now */
    mkg__map_clear(&r->predicates);
    return serd_env_set_base_uri(r->env, uri);
}

static SerdStatus on_prefix(void *ctx, const SerdNode *name, const SerdNode *uri)
{
    reader *r = ctx;
    mkg__map_clear(&r->names);
    mkg__map_clear(&r->name_preds);
    return serd_env_set_prefix(r->env, name, uri);
}

static SerdStatus on_statement(void *ctx, SerdStatementFlags flags,
                               const SerdNode *graph, const SerdNode *subject,
                               const SerdNode *predicate, const SerdNode *object,
                               const SerdNode *datatype, const SerdNode *lang)
{
    reader *r = ctx;
    mkg_id s, p, o = 0;
    mkg_view none = {"", 0}, text = none;
    (void)flags;
    (void)datatype;
    if (r->st < 0) return SERD_FAILURE;
    /* serd goes on behind a wrong byte with a replacement for it. */
    bool faulty = r->fault && r->fault == here(r);
    r->fault = 0;
    if (faulty) return SERD_SUCCESS;
    if (graph && graph->buf && !r->graphs) {
        r->graphs = true;
        mkg__import_remark(r->im, here(r),
                           "named graphs: their names are left out, what they say is "
                           "read");
    }
    mkg_status st = node_number(r, subject, &s);
    if (st >= 0)
        st = number(r, predicate, &r->predicates, &r->name_preds, mkg__rdf_predicate,
                    &p);
    if (st >= 0) {
        if (object->type == SERD_LITERAL)
            text = view_of(object);
        else
            st = node_number(r, object, &o);
    }
    if (st < 0 || !s || !p || (object->type != SERD_LITERAL && !o))
        return result(r, st);
    st = mkg__rdf_triple(r->rdf, s, p, o, text,
                         lang && lang->buf ? view_of(lang) : none, here(r), &r->err);
    if (st >= 0) st = mkg__import_tick(r->im, &r->err);
    return result(r, st);
}

static SerdStatus on_error(void *ctx, const SerdError *error)
{
    reader *r = ctx;
    mkg_err e;
    char text[sizeof e.msg];
    if (r->st < 0) return SERD_SUCCESS;
    vsnprintf(text, sizeof text, error->fmt, *error->args);
    for (size_t n = strlen(text); n > 0 && text[n - 1] == '\n'; n--)
        text[n - 1] = '\0';
    mkg__fail_at(&e, MKG_EPARSE, r->im->file, error->line, error->col, "%s", text);
    r->fault = error->line;
    mkg_status st = mkg__import_skip(r->im, &e, &r->err);
    if (st < 0) r->st = st;
    return SERD_SUCCESS;
}

/* ---- the file ---- */

static mkg_view skip_space(mkg_view v)
{
    while (v.len) {
        if (v.len >= 3 && memcmp(v.ptr, "\xef\xbb\xbf", 3) == 0) {
            v = mkg__view(v.ptr + 3, v.len - 3);
        } else if (v.ptr[0] == '#') {
            const char *nl = memchr(v.ptr, '\n', v.len);
            v = nl ? mkg__view(nl, v.len - (size_t)(nl - v.ptr)) : mkg__view(v.ptr, 0);
        } else if (v.ptr[0] && strchr(" \t\r\n", v.ptr[0])) {
            v = mkg__view(v.ptr + 1, v.len - 1);
        } else {
            break;
        }
    }
    return v;
}

/* Terms in the first statement of N-Triples or N-Quads; 0 if it is neither. */
static int terms(mkg_view v)
{
    int n = 0;
    size_t i = 0;
    while (i < v.len && v.ptr[i] != '\n') {
        char c = v.ptr[i];
        if (c == ' ' || c == '\t' || c == '\r') {
            i++;
            continue;
        }
        if (c == '.') return n;
        if (c != '<' && c != '"' &&
            strncmp(v.ptr + i, "_:", i + 2 <= v.len ? 2 : 0) != 0)
            return 0;
        char end = c == '<' ? '>' : c == '"' ? '"' : ' ';
        for (i++; i < v.len && v.ptr[i] != end && v.ptr[i] != '\n'; i++)
            if (v.ptr[i] == '\\' && end == '"') i++;
        i += i < v.len && v.ptr[i] == end && end != ' ';
        while (end == '"' && i < v.len && !strchr(" \t\n", v.ptr[i])) /* @en, ^^<…> */
            i++;
        n++;
    }
    return 0;
}

/* A brace outside of strings, IRIs and comments opens a graph. */
static bool has_graph(mkg_view v)
{
    for (size_t i = 0; i < v.len; i++) {
        char c = v.ptr[i];
        char end = c == '<' ? '>' : c == '"' ? '"' : c == '#' ? '\n' : '\0';
        if (c == '{') return true;
        if (!end) continue;
        for (i++; i < v.len && v.ptr[i] != end; i++)
            if (v.ptr[i] == '\\') i++;
    }
    return false;
}

static SerdSyntax syntax_of(mkg_view head)
{
    mkg_view v = skip_space(head);
    int n = v.len && (v.ptr[0] == '<' || v.ptr[0] == '_') ? terms(v) : 0;
    if (n == 3) return SERD_NTRIPLES;
    if (n == 4) return SERD_NQUADS;
    return has_graph(v) ? SERD_TRIG : SERD_TURTLE;
}

static mkg_status read_rdf(mkg__import *im, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view head;
    SerdReader *serd = NULL;
    reader r = {.im = im, .line = 1};

    MKG_GO(mkg__stream_peek(im->s, &head, err));
    SerdSyntax syntax = syntax_of(head);
    MKG_GO(mkg__rdf_new(im, &r.rdf, err));
    r.block = mkg__malloc(BLOCK);
    r.env = serd_env_new(NULL);
    serd = serd_reader_new(syntax, &r, NULL, on_base, on_prefix, on_statement, NULL);
    if (!r.block || !r.env || !serd) {
        st = mkg__nomem(err);
        goto out;
    }
    serd_reader_set_strict(serd, false); /* a fault costs its line */
    serd_reader_set_error_sink(serd, on_error, &r);
    serd_reader_read_source(serd, on_read, no_error, &r, (const uint8_t *)im->file, 1);
    if (r.st < 0) {
        st = r.st;
        if (err) *err = r.err;
        goto out;
    }
    st = mkg__rdf_end(r.rdf, err);
out:
    serd_reader_free(serd);
    serd_env_free(r.env);
    mkg__rdf_free(r.rdf);
    mkg__map_clear(&r.nodes);
    mkg__map_clear(&r.names);
    mkg__map_clear(&r.predicates);
    mkg__map_clear(&r.name_preds);
    mkg__free(r.block);
    return st;
}

static bool begins(mkg_view v, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i < n; i++)
        if (i >= v.len || (v.ptr[i] | 32) != (word[i] | 32)) return false;
    return v.len > n && strchr(" \t\r\n", v.ptr[n]);
}

static int recognise(mkg__import *im, mkg_view head)
{
    (void)im;
    mkg_view v = skip_space(head);
    if (v.len < 2) return 0;
    if (begins(v, "@prefix") || begins(v, "@base") || begins(v, "prefix") ||
        begins(v, "base"))
        return 90;
    return terms(v) >= 3 ? 90 : 0;
}

const mkg__format mkg__format_rdf = {
    .name = "rdf", .recognise = recognise, .read = read_rdf};
