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

/* Does the head begin as XML and hold `<name` within its first kilobytes? */
bool mkg__xml_begins(mkg_view head, const char *name);

#endif
