/* Names that are on their way. A name of a large source is looked up in tables beyond
 * the caches: twice the processor waits for memory. Told some names ahead, the first
 * place is fetched at once and the second, to which it leads, a few names later. */
#include "kg/writer_internal.h"

#include "base/text.h"

#include <string.h>

enum { APART = 8 }; /* names between the two */

static mkg__expected *place(mkg__expectations *x, size_t i)
{
    return &x->at[(x->first + i) % MKG_EXPECTED];
}

void mkg_writer_expect(mkg_writer *w, mkg_view name)
{
    mkg__expectations *x = w->expectations;
    if (name.len == 0 || name.len > MKG_EXPECTED_NAME) return;
    if (!x && !(x = w->expectations = mkg__calloc(1, sizeof *x))) return;
    if (x->n == MKG_EXPECTED) { /* nobody asked */
        x->first++;
        x->n--;
    }
    mkg__expected *e = place(x, x->n);
    e->folded.len = 0;
    e->folded.failed = false;
    if (mkg__fold(name.ptr, name.len, &e->folded, NULL, NULL) < 0 || !e->folded.len)
        return; /* told when it is asked for */
    memcpy(e->name, name.ptr, name.len);
    e->len = (uint32_t)name.len;
    e->hash = mkg__intern_hash(e->folded.ptr, e->folded.len);
    mkg__intern_fetch_slot(&w->names, e->hash);
    x->n++;
    if (x->n > APART)
        mkg__intern_fetch_text(&w->names, place(x, x->n - 1 - APART)->hash);
}

const mkg__expected *mkg__writer_expected(mkg_writer *w, mkg_view name)
{
    mkg__expectations *x = w->expectations;
    for (size_t i = 0; x && i < x->n; i++) {
        const mkg__expected *e = place(x, i);
        if (e->len != name.len || memcmp(e->name, name.ptr, name.len) != 0) continue;
        x->first += i + 1; /* those before it were skipped */
        x->n -= i + 1;
        return e;
    }
    return NULL;
}
