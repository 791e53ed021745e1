/* XML by libxml2, opened at first use, as it brings ICU along. Only user of libxml. */
#include "import/xml_internal.h"

#include "base/dylib.h"
#include "base/err.h"
#include "base/text.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <pthread.h>
#include <string.h>

static struct {
    __typeof__(&xmlSAXVersion) sax_version;
    __typeof__(&xmlSAX2EntityDecl) entity_decl;
    __typeof__(&xmlSAX2GetLineNumber) line;
    __typeof__(&xmlCreatePushParserCtxt) new_parser;
    __typeof__(&xmlCtxtUseOptions) use_options;
    __typeof__(&xmlParseChunk) chunk;
    __typeof__(&xmlStopParser) stop;
    __typeof__(&xmlFreeParserCtxt) free_parser;
    __typeof__(&xmlFreeDoc) free_doc;
} lib;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static mkg_status load_status;
static mkg_err load_error;

static void load(void)
{
    const mkg__symbol symbols[] = {{"xmlSAXVersion", &lib.sax_version},
                                   {"xmlSAX2EntityDecl", &lib.entity_decl},
                                   {"xmlSAX2GetLineNumber", &lib.line},
                                   {"xmlCreatePushParserCtxt", &lib.new_parser},
                                   {"xmlCtxtUseOptions", &lib.use_options},
                                   {"xmlParseChunk", &lib.chunk},
                                   {"xmlStopParser", &lib.stop},
                                   {"xmlFreeParserCtxt", &lib.free_parser},
                                   {"xmlFreeDoc", &lib.free_doc}};
    load_status = mkg__dylib_load("libxml2.so.2", "libxml2", symbols,
                                  sizeof symbols / sizeof *symbols, &load_error);
}

struct mkg__xml {
    mkg__import *im;
    const mkg__xml_handler *h;
    void *ctx;
    uint64_t *line;
    xmlParserCtxtPtr parser;
    mkg__attribute *attributes;
    size_t cap;
    bool told;    /* of a fault */
    size_t depth; /* elements that are open */
    mkg_status st;
    mkg_err err;
};

static mkg_view view_of(const xmlChar *p)
{
    return p ? mkg__view((const char *)p, strlen((const char *)p)) : mkg__view("", 0);
}

static void done(mkg__xml *x, mkg_status st)
{
    if (st >= 0) return;
    x->st = st;
    lib.stop(x->parser);
}

static void note_line(mkg__xml *x)
{
    int line = lib.line(x->parser);
    *x->line = line > 0 ? (uint64_t)line : 0;
}

static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix,
                     const xmlChar *uri, int nns, const xmlChar **ns, int n,
                     int ndefaulted, const xmlChar **a)
{
    mkg__xml *x = ((xmlParserCtxtPtr)ctx)->_private;
    (void)prefix, (void)nns, (void)ns, (void)ndefaulted;
    if (x->st < 0) return;
    if (!mkg__grow(&x->attributes, &x->cap, (size_t)n + 1, sizeof *x->attributes)) {
        done(x, mkg__nomem(&x->err));
        return;
    }
    for (int i = 0; i < n; i++, a += 5)
        x->attributes[i] =
            (mkg__attribute){view_of(a[2]), view_of(a[0]),
                             mkg__view((const char *)a[3], (size_t)(a[4] - a[3]))};
    x->depth++;
    note_line(x);
    if (x->h->start)
        done(x, x->h->start(x->ctx, view_of(uri), view_of(name), x->attributes,
                            (size_t)n, &x->err));
    if (x->st >= 0) done(x, mkg__import_tick(x->im, &x->err));
}

static void on_end(void *ctx, const xmlChar *name, const xmlChar *prefix,
                   const xmlChar *uri)
{
    mkg__xml *x = ((xmlParserCtxtPtr)ctx)->_private;
    (void)name, (void)prefix, (void)uri;
    if (x->st < 0) return;
    if (x->depth) x->depth--;
    note_line(x);
    if (x->h->end) done(x, x->h->end(x->ctx, &x->err));
}

static void on_text(void *ctx, const xmlChar *p, int n)
{
    mkg__xml *x = ((xmlParserCtxtPtr)ctx)->_private;
    if (x->st < 0 || n <= 0 || !x->h->text) return;
    note_line(x);
    done(x, x->h->text(x->ctx, mkg__view((const char *)p, (size_t)n), &x->err));
}

/* Only what the document itself says: nothing is fetched, from the disk or elsewhere.
 */
static void on_entity(void *ctx, const xmlChar *name, int type,
                      const xmlChar *public_id, const xmlChar *system_id,
                      xmlChar *content)
{
    if (type == XML_INTERNAL_GENERAL_ENTITY)
        lib.entity_decl(ctx, name, type, public_id, system_id, content);
}

static xmlParserInputPtr no_entity(void *ctx, const xmlChar *public_id,
                                   const xmlChar *system_id)
{
    (void)ctx, (void)public_id, (void)system_id;
    return NULL;
}

static void on_fault(void *user, xmlErrorPtr e)
{
    mkg__xml *x = ((xmlParserCtxtPtr)user)->_private;
    mkg_err why;
    if (!x || x->st < 0 || x->told || e->level < XML_ERR_ERROR) return;
    x->told = e->level == XML_ERR_FATAL; /* the rest of them follow from it */
    mkg__fail_at(&why, MKG_EPARSE, x->im->file, e->line > 0 ? (uint64_t)e->line : 0,
                 e->int2 > 0 ? (uint32_t)e->int2 : 0, "not valid XML: %.200s",
                 e->message ? e->message : "no reason given");
    if (e->code == XML_ERR_DOCUMENT_END && x->depth)
        mkg__fail_at(&why, MKG_EPARSE, x->im->file, (uint64_t)e->line, 0,
                     "the file is cut off: %zu element%s not closed", x->depth,
                     x->depth == 1 ? " is" : "s are");
    for (size_t n = strlen(why.msg); n > 0 && why.msg[n - 1] == '\n'; n--)
        why.msg[n - 1] = '\0';
    if (x->told) { /* what follows is lost: the file as a whole is no source */
        x->err = why;
        done(x, MKG_EPARSE);
    } else {
        done(x, mkg__import_skip(x->im, &why, &x->err));
    }
}

static mkg_status feed(mkg__xml *x, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t n = 1;
    char *block = mkg__malloc(64 << 10);
    if (!block) return mkg__nomem(err);
    while (n > 0) {
        MKG_GO(mkg__stream_read(x->im->s, block, 64 << 10, &n, err));
        int failed = lib.chunk(x->parser, block, (int)n, n == 0);
        if (x->st < 0) {
            if (err) *err = x->err;
            st = x->st;
            goto out;
        }
        if (failed && !x->parser->wellFormed) break; /* it was told */
    }
out:
    mkg__free(block);
    return st;
}

mkg_status mkg__xml_read(mkg__import *im, const mkg__xml_handler *h, void *ctx,
                         uint64_t *line, mkg_err *err)
{
    mkg_status st = MKG_OK;
    xmlSAXHandler sax;
    mkg__xml x = {.im = im, .h = h, .ctx = ctx, .line = line};

    pthread_once(&once, load);
    if (load_status < 0) {
        if (err) *err = load_error;
        return load_status;
    }
    memset(&sax, 0, sizeof sax);
    lib.sax_version(&sax, 2);
    sax.startElementNs = on_start;
    sax.endElementNs = on_end;
    sax.characters = sax.cdataBlock = on_text;
    sax.ignorableWhitespace = on_text;
    sax.entityDecl = on_entity;
    sax.resolveEntity = no_entity;
    sax.externalSubset = NULL;
    sax.reference = NULL;
    sax.comment = NULL;
    sax.processingInstruction = NULL;
    sax.warning = NULL;
    sax.error = NULL;
    sax.fatalError = NULL;
    sax.serror = on_fault;
    x.parser = lib.new_parser(&sax, NULL, NULL, 0, NULL);
    if (!x.parser) return mkg__nomem(err);
    x.parser->_private = &x;
    lib.use_options(x.parser, XML_PARSE_NOENT | XML_PARSE_NONET);
    st = feed(&x, err);
    if (x.parser->myDoc) lib.free_doc(x.parser->myDoc);
    x.parser->myDoc = NULL;
    lib.free_parser(x.parser);
    mkg__free(x.attributes);
    return st;
}

mkg_view mkg__xml_attribute(const mkg__attribute *a, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (a[i].ns.len == 0 && mkg__view_is(a[i].name, name)) return a[i].value;
    return mkg__view("", 0);
}

bool mkg__xml_begins(mkg_view head, const char *name)
{
    size_t i = 0, n = strlen(name);
    while (i < head.len && head.ptr[i] && strchr(" \t\r\n\xef\xbb\xbf", head.ptr[i]))
        i++;
    if (i >= head.len || head.ptr[i] != '<') return false;
    for (; i + n + 1 < head.len; i++)
        if (head.ptr[i] == '<' && memcmp(head.ptr + i + 1, name, n) == 0 &&
            strchr(" \t\r\n>/", head.ptr[i + 1 + n]) && head.ptr[i + 1 + n])
            return true;
    return false;
}
