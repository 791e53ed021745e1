/* XML as a stream of elements and texts: what readers of XML formats use. */
#ifndef MKG_XML_INTERNAL_H
#define MKG_XML_INTERNAL_H

#include "import/import_internal.h"

typedef struct mkg__xml mkg__xml;

typedef struct mkg__attribute {
    mkg_view ns, name, value;
} mkg__attribute;

/* Each may be NULL. `ns` is the namespace IRI, "" if there is none. Views are borrowed
 * for the call. */
typedef struct mkg__xml_handler {
    mkg_status (*start)(void *ctx, mkg_view ns, mkg_view name,
                        const mkg__attribute *attributes, size_t n, mkg_err *err);
    mkg_status (*end)(void *ctx, mkg_err *err);
    mkg_status (*text)(void *ctx, mkg_view text, mkg_err *err);
} mkg__xml_handler;

/* Read the stream of the import from where it is to its end, setting *line to the line
 * of what a handler is told of. Entities of the document itself are replaced; external
 * ones and external DTDs are not read. XML that is not well-formed, cut off say, fails
 * the import with its place: nobody wants the first part of a code system. */
mkg_status mkg__xml_read(mkg__import *im, const mkg__xml_handler *h, void *ctx,
                         uint64_t *line, mkg_err *err);

/* The attribute of no namespace, or "" . */
mkg_view mkg__xml_attribute(const mkg__attribute *a, size_t n, const char *name);

/* ---- a record at a time ---- */

/* An element, or a text between elements (its name is empty). Lives for one call. */
typedef struct mkg__element {
    mkg_view name, text;
    mkg__attribute *attributes;
    size_t nattributes;
    uint64_t line;
    struct mkg__element *first, *next;
} mkg__element;

/* Call `fn` for each element with one of the names (NULL-terminated) that stands in no
 * other such element. A record is at most 256 MiB. */
typedef mkg_status (*mkg__record_fn)(void *ctx, const mkg__element *e, mkg_err *err);
mkg_status mkg__xml_records(mkg__import *im, const char *const *names,
                            mkg__record_fn fn, void *ctx, mkg_err *err);

/* The first of `e` and what follows it that is called so (NULL: any element); of its
 * children; NULL if there is none. */
const mkg__element *mkg__element_next(const mkg__element *e, const char *name);
const mkg__element *mkg__element_child(const mkg__element *e, const char *name);
/* "" if it has none; of whatever namespace. */
mkg_view mkg__element_attribute(const mkg__element *e, const char *name);
/* All text in it, runs of white space one blank, into `out`; "" of NULL. */
mkg_status mkg__element_text(const mkg__element *e, mkg__buf *out, mkg_view *text,
                             mkg_err *err);

/* Does the head begin as XML and hold `<name` within its first kilobytes? */
bool mkg__xml_begins(mkg_view head, const char *name);

#endif
