/* SentencePiece BPE: characters are joined while what comes of it is in the
 * vocabulary, the piece of the best score first; the rest falls to byte tokens. */
#include "lm/tok_internal.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

static bool join(const mkg_tok *t, const char *text, const mkg__sym *l,
                 const mkg__sym *r, uint32_t *key, uint32_t *id)
{
    size_t len = (size_t)l->len + r->len;
    if (len > t->longest) return false;
    *id = mkg__strings_get(&t->symbols, t, text + l->start, len);
    if (*id == MKG_TOKEN_NONE) return false;
    *key = t->order[*id];
    return true;
}

/* The vocabulary writes a blank as U+2581; here both are a blank, in the pieces too. */
static void put_text(mkg__buf *b, mkg_view text)
{
    const char *p = text.ptr, *end = p + text.len;
    while (p < end) {
        const char *q = p;
        while (q < end && !(end - q >= 3 && memcmp(q, "\xe2\x96\x81", 3) == 0))
            q++;
        mkg__buf_put(b, p, (size_t)(q - p));
        if (q < end) {
            mkg__buf_byte(b, ' ');
            q += 3;
        }
        p = q;
    }
}

mkg_status mkg__spm_encode(const mkg_tok *t, mkg__merger *m, mkg_view text, bool blank,
                           mkg_tokens *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__buf b = {0};

    if (blank) mkg__buf_byte(&b, ' ');
    put_text(&b, text);
    if (b.failed) goto nomem;
    m->n = 0;
    for (size_t i = 0, len; i < b.len; i += len) {
        mkg__utf8_decode(b.ptr + i, b.len - i, &len);
        uint32_t id = mkg__strings_get(&t->symbols, t, b.ptr + i, len);
        if (!mkg__merger_add(m, id, i, len)) goto nomem;
    }
    if (!mkg__merge(m, t, b.ptr, join)) goto nomem;
    for (size_t i = 0; i < m->n && st >= 0; i++) {
        const mkg__sym *s = &m->sym[i];
        if (s->len == 0) continue;
        if (s->id == MKG_TOKEN_NONE)
            st = mkg__bytes_encode(t, b.ptr + s->start, s->len, out, err);
        else if (!mkg__tokens_add(out, s->id))
            goto nomem;
    }
    goto out;
nomem:
    st = mkg__nomem(err);
out:
    mkg__buf_clear(&b);
    return st;
}
