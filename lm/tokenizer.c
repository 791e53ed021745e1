/* Text to tokens: special tokens are found first, what is between them is encoded; and
 * tokens back to text. */
#include "lm/tok_internal.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 30 };

const mkg_tok_info *mkg_tok_get_info(const mkg_tok *t)
{
    return &t->info;
}

mkg_token_type mkg_tok_type(const mkg_tok *t, uint32_t id)
{
    return (mkg_token_type)t->type[id];
}

static bool is_silent(const mkg_tok *t, uint32_t id)
{
    return t->type[id] == MKG_TOKEN_CONTROL || t->type[id] == MKG_TOKEN_UNKNOWN;
}

mkg_view mkg_tok_text(const mkg_tok *t, uint32_t id)
{
    return mkg__symbol_bytes(t, id);
}

mkg_view mkg_tok_piece(const mkg_tok *t, uint32_t id)
{
    mkg_view v = mkg__symbol_bytes(t, id);
    if (is_silent(t, id)) v.len = 0;
    return v;
}

uint32_t mkg_tok_find(const mkg_tok *t, const char *name)
{
    return mkg__strings_get(&t->specials, t, name, strlen(name));
}

bool mkg_tok_is_end(const mkg_tok *t, uint32_t id)
{
    for (size_t i = 0; i < t->n_ends; i++)
        if (t->ends[i] == id) return true;
    return false;
}

void mkg_tokens_clear(mkg_tokens *ids)
{
    mkg__free(ids->id);
    *ids = (mkg_tokens){0};
}

bool mkg__tokens_add(mkg_tokens *out, uint32_t id)
{
    if (!mkg__grow(&out->id, &out->cap, out->n + 1, sizeof *out->id)) return false;
    out->id[out->n++] = id;
    return true;
}

mkg_status mkg__bytes_encode(const mkg_tok *t, const char *p, size_t n, mkg_tokens *out,
                             mkg_err *err)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        uint32_t id = t->byte[c];
        if (id >= t->info.n) id = t->info.unk;
        if (id == MKG_TOKEN_NONE)
            return mkg__fail(err, MKG_ELM,
                             "the vocabulary has no token for the byte 0x%02X", c);
        if (!mkg__tokens_add(out, id)) return mkg__nomem(err);
    }
    return MKG_OK;
}

/* ---- special tokens in text ---- */

typedef struct match {
    uint32_t at, len, id;
} match;

typedef struct matches {
    match *m;
    size_t n, cap;
} matches;

/* Every place where the name of a special token that counts stands. */
static bool find_all(const mkg_tok *t, mkg_view text, bool control, matches *out)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!t->special_first[(unsigned char)text.ptr[i]]) continue;
        for (size_t k = 0; k < t->n_lengths; k++) {
            size_t len = t->lengths[k];
            if (len > text.len - i) continue;
            uint32_t id = mkg__strings_get(&t->specials, t, text.ptr + i, len);
            if (id == MKG_TOKEN_NONE || (!control && t->type[id] != MKG_TOKEN_USER))
                continue;
            if (!mkg__grow(&out->m, &out->cap, out->n + 1, sizeof *out->m))
                return false;
            out->m[out->n++] = (match){(uint32_t)i, (uint32_t)len, id};
        }
    }
    return true;
}

static int by_rank(const void *a, const void *b)
{
    const match *x = a, *y = b;
    if (x->len != y->len) return x->len > y->len ? -1 : 1;
    if (x->id != y->id) return x->id < y->id ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static int by_place(const void *a, const void *b)
{
    const match *x = a, *y = b;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* The longest name wins over all that it overlaps, wherever it begins; of one name the
 * leftmost. What is left does not overlap, from left to right. */
static bool choose(matches *all, size_t text_len)
{
    size_t n = 0;
    if (all->n == 0) return true;
    char *taken = mkg__calloc(text_len, 1);
    if (!taken) return false;
    qsort(all->m, all->n, sizeof *all->m, by_rank);
    for (size_t i = 0; i < all->n; i++) {
        match m = all->m[i];
        /* Those chosen are as long or longer: one that overlaps covers an end. */
        if (taken[m.at] || taken[m.at + m.len - 1]) continue;
        memset(taken + m.at, 1, m.len);
        all->m[n++] = m;
    }
    all->n = n;
    qsort(all->m, n, sizeof *all->m, by_place);
    mkg__free(taken);
    return true;
}

mkg_status mkg_tok_encode(const mkg_tok *t, mkg_view text, unsigned flags,
                          mkg_tokens *out, mkg_err *err)
{
    const mkg_tok_info *info = &t->info;
    mkg_status st = MKG_OK;
    matches special = {0};
    mkg__merger merger = {0};
    size_t at = 0;
    bool blank = info->space_prefix;

    if (text.len == 0) text.ptr = "";
    if (text.len > TEXT_MAX)
        return mkg__fail(err, MKG_EARG, "a text of %zu bytes is too long", text.len);
    if (!find_all(t, text, flags & MKG_ENCODE_SPECIAL, &special) ||
        !choose(&special, text.len))
        goto nomem;
    if ((flags & MKG_ENCODE_EDGES) && info->add_bos && !mkg__tokens_add(out, info->bos))
        goto nomem;
    for (size_t i = 0; i <= special.n; i++) {
        size_t end = i < special.n ? special.m[i].at : text.len;
        mkg_view part = mkg__view(text.ptr + at, end - at);
        if (part.len && t->spm)
            MKG_GO(mkg__spm_encode(t, &merger, part, blank, out, err));
        else if (part.len)
            MKG_GO(mkg__bpe_encode(t, &merger, part, out, err));
        if (i == special.n) break;
        if (!mkg__tokens_add(out, special.m[i].id)) goto nomem;
        at = end + special.m[i].len;
    }
    if ((flags & MKG_ENCODE_EDGES) && info->add_eos && !mkg__tokens_add(out, info->eos))
        goto nomem;
    goto out;
nomem:
    st = mkg__nomem(err);
out:
    mkg__free(special.m);
    mkg__merger_clear(&merger);
    return st;
}

/* ---- tokens to text ---- */

static mkg_status no_token(const mkg_tok *t, uint32_t id, mkg_err *err)
{
    return mkg__fail(err, MKG_EARG, "there is no token %lu; the vocabulary has %lu",
                     (unsigned long)id, (unsigned long)t->info.n);
}

mkg_status mkg_tok_decode(const mkg_tok *t, const uint32_t *ids, size_t n, bool special,
                          mkg__buf *out, mkg_err *err)
{
    bool blank = t->info.space_prefix; /* the next piece begins with one of ours */
    for (size_t i = 0; i < n; i++) {
        if (ids[i] >= t->info.n) return no_token(t, ids[i], err);
        mkg_view v = special ? mkg_tok_text(t, ids[i]) : mkg_tok_piece(t, ids[i]);
        bool marks = is_silent(t, ids[i]) || t->type[ids[i]] == MKG_TOKEN_USER;
        if (blank && !marks && v.len && v.ptr[0] == ' ') {
            v.ptr++;
            v.len--;
        }
        blank = t->info.space_prefix && marks;
        mkg__buf_put(out, v.ptr, v.len);
    }
    return out->failed ? mkg__nomem(err) : MKG_OK;
}

/* How many bytes, 2 to 4, a character takes that begins with these n; 0 if nothing can
 * make them one (Unicode 15, table 3-7). */
static unsigned wants(const unsigned char *p, unsigned n)
{
    unsigned char c = p[0];
    unsigned len = c >= 0xc2 && c <= 0xdf ? 2 : c >= 0xe0 && c <= 0xef ? 3 : 0;
    unsigned char low = 0x80, high = 0xbf;
    if (c >= 0xf0 && c <= 0xf4) len = 4;
    if (c == 0xe0) low = 0xa0;
    if (c == 0xed) high = 0x9f;
    if (c == 0xf0) low = 0x90;
    if (c == 0xf4) high = 0x8f;
    if (n > 1 && (p[1] < low || p[1] > high)) return 0;
    for (unsigned i = 2; i < n; i++)
        if (p[i] < 0x80 || p[i] > 0xbf) return 0;
    return len;
}

static void put_byte(mkg_tok_stream *s, unsigned char c, mkg__buf *out)
{
    s->held[s->n] = (char)c;
    unsigned len = wants((const unsigned char *)s->held, s->n + 1);
    if (len == 0 && s->n > 0) { /* what was held is lost; the byte begins anew */
        mkg_tok_stream_end(s, out);
        put_byte(s, c, out);
    } else if (c < 0x80) {
        mkg__buf_byte(out, c ? c : ' '); /* text has no NUL */
    } else if (len == 0) {
        mkg__buf_str(out, "\xef\xbf\xbd");
    } else if (++s->n == len) {
        mkg__buf_put(out, s->held, len);
        s->n = 0;
    }
}

mkg_status mkg_tok_stream_put(mkg_tok_stream *s, const mkg_tok *t, uint32_t id,
                              mkg__buf *out, mkg_err *err)
{
    if (id >= t->info.n) return no_token(t, id, err);
    mkg_view v = mkg_tok_piece(t, id);
    if (v.len && !s->started && t->info.space_prefix && v.ptr[0] == ' ') {
        v.ptr++;
        v.len--;
        s->started = true;
    }
    s->started = s->started || v.len;
    for (size_t i = 0; i < v.len; i++)
        put_byte(s, (unsigned char)v.ptr[i], out);
    return out->failed ? mkg__nomem(err) : MKG_OK;
}

void mkg_tok_stream_end(mkg_tok_stream *s, mkg__buf *out)
{
    if (s->n) mkg__buf_str(out, "\xef\xbf\xbd");
    s->n = 0;
}
