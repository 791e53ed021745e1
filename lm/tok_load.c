/* The tokenizer of a GGUF file: its arrays checked against one another, its tokens as
 * bytes, and the tables that look them up. */
#include "lm/tok_internal.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- byte strings to numbers ---- */

typedef struct mkg__strings_slot {
    uint32_t hash, id; /* id + 1; 0: empty */
} slot;

bool mkg__strings_init(mkg__strings *s, size_t n)
{
    size_t cap = 16;
    while (cap < n + n / 2)
        cap *= 2;
    s->slots = mkg__calloc(cap, sizeof *s->slots);
    s->mask = cap - 1;
    s->used = 0;
    return s->slots != NULL;
}

uint32_t mkg__string_hash(const char *p, size_t n)
{
    return (uint32_t)(mkg__hash64(p, n, 0) >> 32);
}

void mkg__strings_expect(const mkg__strings *s, uint32_t hash)
{
    __builtin_prefetch(&s->slots[hash & s->mask]);
}

static bool grow(mkg__strings *s)
{
    mkg__strings big = {0};
    if (!mkg__strings_init(&big, s->used * 2)) return false;
    for (size_t i = 0; i <= s->mask; i++) {
        size_t k = s->slots[i].hash & big.mask;
        if (!s->slots[i].id) continue;
        while (big.slots[k].id)
            k = (k + 1) & big.mask;
        big.slots[k] = s->slots[i];
    }
    big.used = s->used;
    mkg__free(s->slots);
    *s = big;
    return true;
}

/* The slot of the bytes, or the empty one where they would be. */
static slot *probe(const mkg__strings *s, const mkg_tok *t, const char *p, size_t n,
                   uint32_t h)
{
    for (size_t i = h & s->mask;; i = (i + 1) & s->mask) {
        slot *at = &s->slots[i];
        if (!at->id) return at;
        if (at->hash != h) continue;
        mkg_view v = mkg__symbol_bytes(t, at->id - 1);
        if (v.len == n && memcmp(v.ptr, p, n) == 0) return at;
    }
}

uint32_t mkg__strings_get(const mkg__strings *s, const mkg_tok *t, const char *p,
                          size_t n)
{
    return probe(s, t, p, n, mkg__string_hash(p, n))->id -
           1; /* 0 - 1 is MKG_TOKEN_NONE */
}

/* Note that the bytes of symbol `id` are its; `last`: of equal ones the last counts. */
static bool strings_put(mkg__strings *s, const mkg_tok *t, uint32_t id, uint32_t h,
                        bool last)
{
    if (s->used + s->used / 2 > s->mask && !grow(s)) return false;
    mkg_view v = mkg__symbol_bytes(t, id);
    slot *at = probe(s, t, v.ptr, v.len, h);
    if (!at->id) s->used++;
    if (!at->id || last) *at = (slot){.hash = h, .id = id + 1};
    return true;
}

/* ---- symbols ---- */

/* A new symbol of these bytes, in no table yet. */
static bool add_symbol(mkg_tok *t, const char *p, size_t n)
{
    if (t->n_symbols >= MKG_TOKEN_NONE - 1 ||
        !mkg__grow(&t->at, &t->cap_at, t->n_symbols + 2, sizeof *t->at) ||
        !mkg__grow(&t->pool, &t->pool_cap, t->pool_len + n + 1, 1))
        return false;
    memcpy(t->pool + t->pool_len, p, n);
    t->at[t->n_symbols++] = t->pool_len;
    t->pool_len += n;
    t->at[t->n_symbols] = t->pool_len;
    return true;
}

uint32_t mkg__symbol_put(mkg_tok *t, const char *p, size_t n, uint32_t hash)
{
    uint32_t id = probe(&t->symbols, t, p, n, hash)->id;
    if (id) return id - 1;
    if (!add_symbol(t, p, n)) return MKG_TOKEN_NONE;
    id = (uint32_t)t->n_symbols - 1;
    return strings_put(&t->symbols, t, id, hash, false) ? id : MKG_TOKEN_NONE;
}

/* ---- the file's arrays ---- */

static mkg_status broken(const mkg_gguf *g, mkg_err *err, const char *what)
{
    return mkg__fail_at(err, MKG_EPARSE, mkg_gguf_path(g), 0, 0, "%s", what);
}

static mkg_status load_model(mkg_tok *t, const mkg_gguf *g, mkg_err *err)
{
    mkg_view model = {0}, pre = {0}, arch = {0};
    mkg_status st = mkg_gguf_get_string(g, "tokenizer.ggml.model", &model, err);
    if (st < 0) return st;
    if (st == MKG_NOTFOUND) return broken(g, err, "the file holds no tokenizer");
    t->spm = mkg__view_is(model, "llama");
    if (!t->spm && !mkg__view_is(model, "gpt2"))
        return mkg__fail_at(err, MKG_EPARSE, mkg_gguf_path(g), 0, 0,
                            "a tokenizer of the kind '%.*s'; gpt2 and llama are read",
                            mkg__clip(model, 40), model.ptr);
    t->info.model = t->spm ? "llama" : "gpt2";
    t->info.pre = "";
    if (t->spm) return MKG_OK;
    st = mkg_gguf_get_string(g, "tokenizer.ggml.pre", &pre, err);
    if (st < 0) return st;
    if (st == MKG_NOTFOUND || mkg__view_is(pre, "default")) {
        /* Older files do not say; the architecture does. */
        if ((st = mkg_gguf_get_string(g, "general.architecture", &arch, err)) < 0)
            return st;
        bool qwen = arch.len >= 4 && memcmp(arch.ptr, "qwen", 4) == 0;
        t->pre = qwen                          ? MKG__PRE_QWEN2
                 : mkg__view_is(arch, "llama") ? MKG__PRE_LLAMA3
                                               : MKG__PRE_GPT2;
    } else if (!mkg__pre_find(pre, &t->pre)) {
        return mkg__fail_at(
            err, MKG_EPARSE, mkg_gguf_path(g), 0, 0,
            "a pre-tokenizer '%.*s'; gpt2, llama-bpe and qwen2 are read",
            mkg__clip(pre, 40), pre.ptr);
    }
    t->whole_words = t->pre == MKG__PRE_LLAMA3;
    t->info.pre = mkg__pre_name(t->pre);
    return MKG_OK;
}

/* Names that only ever end a text or a turn. A file may call such a token anything: it
 * is a control token, so that a user's text cannot end the turn. */
static bool is_end_name(mkg_view s)
{
    static const char *const names[] = {
        "<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<|end_of_text|>",
        "<|eom_id|>", "<|end|>",    "<end_of_turn>", "<EOT>"};
    if (s.len == 0 || s.ptr[0] != '<') return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (mkg__view_is(s, names[i])) return true;
    return false;
}

static mkg_status load_types(mkg_tok *t, const mkg_gguf *g, const mkg_gguf_meta *tokens,
                             mkg_err *err)
{
    const mkg_gguf_meta *types = NULL;
    mkg_status st =
        mkg_gguf_get_array(g, "tokenizer.ggml.token_type", MKG_GGUF_I64, &types, err);
    if (st < 0) return st;
    if (types && types->n != tokens->n)
        return broken(g, err, "the tokenizer has not as many types as tokens");
    t->type = mkg__malloc(tokens->n);
    if (!t->type) return mkg__nomem(err);
    for (size_t i = 0; i < tokens->n; i++) {
        int64_t type = types ? mkg_gguf_int_at(types, i) : MKG_TOKEN_NORMAL;
        if (type == 0) type = MKG_TOKEN_NORMAL; /* "undefined" */
        if (type < 0 || type > MKG_TOKEN_BYTE)
            return mkg__fail_at(err, MKG_EPARSE, mkg_gguf_path(g), 0, 0,
                                "token %zu of the tokenizer has the unknown type %lld",
                                i, (long long)type);
        t->type[i] = (uint8_t)type;
    }
    return MKG_OK;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "<0x41>": the byte, else -1. */
static int byte_token(mkg_view s)
{
    if (s.len != 6 || memcmp(s.ptr, "<0x", 3) != 0 || s.ptr[5] != '>') return -1;
    int hi = hex(s.ptr[3]), lo = hex(s.ptr[4]);
    return hi < 0 || lo < 0 ? -1 : hi * 16 + lo;
}

/* U+2581 to blanks, in place. */
static size_t undo_blanks(char *p, size_t n)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (n - i >= 3 && memcmp(p + i, "\xe2\x96\x81", 3) == 0) {
            p[k++] = ' ';
            i += 2;
        } else {
            p[k++] = p[i];
        }
    return k;
}

/* The bytes that token `s` stands for into tmp (s.len + 1); *plain: text can become it
 * by merging. */
static mkg_status token_bytes(const mkg_tok *t, size_t i, mkg_view s, char *tmp,
                              size_t *len, bool *plain, mkg_err *err)
{
    uint8_t type = t->type[i];
    *plain = type == MKG_TOKEN_NORMAL || type == MKG_TOKEN_UNUSED;
    if (type == MKG_TOKEN_BYTE && t->spm) {
        int c = byte_token(s);
        if (c < 0)
            return mkg__fail(err, MKG_EPARSE,
                             "token %zu of the tokenizer is a byte without a value", i);
        tmp[0] = (char)c;
        *len = 1;
    } else if (!t->spm && *plain) {
        *plain = mkg__bpe_bytes(s.ptr, s.len, tmp, len);
    } else {
        memcpy(tmp, s.ptr, s.len);
        *len = s.len;
        if (t->spm && (*plain || type == MKG_TOKEN_USER)) {
            *plain = !memchr(tmp, ' ', s.len); /* text has no such blanks */
            *len = undo_blanks(tmp, s.len);
        }
    }
    *plain = *plain && *len > 0;
    return MKG_OK;
}

/* Into the table, with the slots that come next on their way from memory. */
static bool index_tokens(mkg_tok *t, const uint32_t *hash, const bool *in_text)
{
    enum { AHEAD = 16 };
    for (uint32_t i = 0; i < t->info.n; i++) {
        if (t->info.n - i > AHEAD) mkg__strings_expect(&t->symbols, hash[i + AHEAD]);
        if (in_text[i] && !strings_put(&t->symbols, t, i, hash[i], true)) return false;
    }
    return true;
}

static mkg_status load_tokens(mkg_tok *t, const mkg_gguf_meta *tokens, mkg_err *err)
{
    mkg__buf tmp = {0};
    uint32_t *hash = mkg__calloc(tokens->n, sizeof *hash);
    bool *in_text = mkg__calloc(tokens->n, sizeof *in_text);
    mkg_status st = MKG_OK;
    mkg_view s;
    size_t at = 0;

    if (!hash || !in_text) goto nomem;
    for (size_t i = 0; i < tokens->n && mkg_gguf_string_next(tokens, &at, &s); i++) {
        size_t len;
        bool plain, named = false;
        tmp.len = 0;
        mkg__buf_put(&tmp, s.ptr, s.len);
        mkg__buf_byte(&tmp, 0);
        if (tmp.failed) goto nomem;
        if (is_end_name(s)) t->type[i] = MKG_TOKEN_CONTROL;
        MKG_GO(token_bytes(t, i, s, tmp.ptr, &len, &plain, err));
        if (!add_symbol(t, tmp.ptr, len)) goto nomem;
        if (t->type[i] == MKG_TOKEN_CONTROL || t->type[i] == MKG_TOKEN_USER ||
            t->type[i] == MKG_TOKEN_UNKNOWN)
            named = len > 0;
        hash[i] = mkg__string_hash(tmp.ptr, len);
        in_text[i] = plain;
        if (named && !strings_put(&t->specials, t, (uint32_t)i, hash[i], false))
            goto nomem;
        if (plain && len > t->longest) t->longest = len;
        if (t->type[i] == MKG_TOKEN_BYTE && t->spm)
            t->byte[(unsigned char)tmp.ptr[0]] = (uint32_t)i;
    }
    if (index_tokens(t, hash, in_text)) goto out;
nomem:
    st = mkg__nomem(err);
out:
    mkg__buf_clear(&tmp);
    mkg__free(hash);
    mkg__free(in_text);
    return st;
}

/* Scores to keys that sort the other way round: the best first, equal ones equal. */
static mkg_status load_scores(mkg_tok *t, const mkg_gguf *g, mkg_err *err)
{
    const mkg_gguf_meta *scores = NULL;
    mkg_status st =
        mkg_gguf_get_array(g, "tokenizer.ggml.scores", MKG_GGUF_F64, &scores, err);
    if (st < 0) return st;
    if (!scores || scores->n != t->info.n)
        return broken(g, err, "the tokenizer has not as many scores as tokens");
    t->order = mkg__malloc(t->info.n * sizeof *t->order);
    if (!t->order) return mkg__nomem(err);
    for (uint32_t i = 0; i < t->info.n; i++) {
        float f = (float)mkg_gguf_float_at(scores, i) + 0.0f; /* no -0 */
        uint32_t bits;
        if (isnan(f)) return broken(g, err, "a score of the tokenizer is no number");
        memcpy(&bits, &f, sizeof bits);
        t->order[i] = bits >> 31 ? bits : ~(bits | 0x80000000u);
    }
    return MKG_OK;
}

static int longer_first(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x < y) - (x > y);
}

/* What finds special tokens in text: their first bytes, their lengths. */
static bool index_specials(mkg_tok *t)
{
    size_t k = 0, n = 0;
    t->lengths = mkg__malloc((t->specials.used + 1) * sizeof *t->lengths);
    if (!t->lengths) return false;
    for (size_t i = 0; i <= t->specials.mask; i++) {
        if (!t->specials.slots[i].id) continue;
        mkg_view v = mkg__symbol_bytes(t, t->specials.slots[i].id - 1);
        t->special_first[(unsigned char)v.ptr[0]] = true;
        t->lengths[n++] = (uint32_t)v.len;
    }
    qsort(t->lengths, n, sizeof *t->lengths, longer_first);
    for (size_t i = 0; i < n; i++)
        if (k == 0 || t->lengths[k - 1] != t->lengths[i])
            t->lengths[k++] = t->lengths[i];
    t->n_lengths = k;
    return true;
}

static mkg_status special_id(const mkg_tok *t, const mkg_gguf *g, const char *key,
                             uint32_t *out, mkg_err *err)
{
    uint64_t id = MKG_TOKEN_NONE;
    const mkg_gguf_meta *m = mkg_gguf_find(g, key);
    /* Files write -1, or an id that does not exist, for "none". */
    mkg_status st = MKG_OK;
    if (m && !(m->kind == MKG_GGUF_I32 && mkg_gguf_int_at(m, 0) < 0))
        st = mkg_gguf_get_u64(g, key, &id, err);
    *out = id < t->info.n ? (uint32_t)id : MKG_TOKEN_NONE;
    return st;
}

static bool add_end(mkg_tok *t, uint32_t id, size_t *cap)
{
    if (id == MKG_TOKEN_NONE || mkg_tok_is_end(t, id)) return true;
    if (!mkg__grow(&t->ends, cap, t->n_ends + 1, sizeof *t->ends)) return false;
    t->ends[t->n_ends++] = id;
    return true;
}

static mkg_status load_specials(mkg_tok *t, const mkg_gguf *g, mkg_err *err)
{
    mkg_tok_info *info = &t->info;
    uint32_t eot, eom;
    size_t cap = 0;
    mkg_status st = MKG_OK;
    info->add_bos = t->spm || t->pre == MKG__PRE_LLAMA3;
    info->space_prefix = t->spm;
    MKG_GO(special_id(t, g, "tokenizer.ggml.bos_token_id", &info->bos, err));
    MKG_GO(special_id(t, g, "tokenizer.ggml.eos_token_id", &info->eos, err));
    MKG_GO(special_id(t, g, "tokenizer.ggml.unknown_token_id", &info->unk, err));
    MKG_GO(special_id(t, g, "tokenizer.ggml.padding_token_id", &info->pad, err));
    MKG_GO(special_id(t, g, "tokenizer.ggml.eot_token_id", &eot, err));
    MKG_GO(special_id(t, g, "tokenizer.ggml.eom_token_id", &eom, err));
    MKG_GO(mkg_gguf_get_bool(g, "tokenizer.ggml.add_bos_token", &info->add_bos, err));
    MKG_GO(mkg_gguf_get_bool(g, "tokenizer.ggml.add_eos_token", &info->add_eos, err));
    MKG_GO(mkg_gguf_get_bool(g, "tokenizer.ggml.add_space_prefix", &info->space_prefix,
                             err));
    info->space_prefix = info->space_prefix && t->spm;
    info->add_bos = info->add_bos && info->bos != MKG_TOKEN_NONE;
    info->add_eos = info->add_eos && info->eos != MKG_TOKEN_NONE;
    bool ok =
        add_end(t, info->eos, &cap) && add_end(t, eot, &cap) && add_end(t, eom, &cap);
    for (uint32_t i = 0; i < info->n && ok; i++)
        if (t->type[i] == MKG_TOKEN_CONTROL && is_end_name(mkg__symbol_bytes(t, i)))
            ok = add_end(t, i, &cap);
    if (!ok || !index_specials(t)) return mkg__nomem(err);
    st = MKG_OK;
out:
    return st;
}

mkg_status mkg_tok_load(const mkg_gguf *g, mkg_tok **out, mkg_err *err)
{
    const mkg_gguf_meta *tokens = NULL;
    mkg_status st = MKG_OK;
    *out = NULL;
    mkg_tok *t = mkg__calloc(1, sizeof *t);
    if (!t) return mkg__nomem(err);
    memset(t->byte, 0xff, sizeof t->byte);
    MKG_GO(load_model(t, g, err));
    MKG_GO(
        mkg_gguf_get_array(g, "tokenizer.ggml.tokens", MKG_GGUF_STRING, &tokens, err));
    if (!tokens || tokens->n == 0 || tokens->n >= INT32_MAX) {
        st = broken(g, err, "the tokenizer has no tokens");
        goto out;
    }
    t->info.n = (uint32_t)tokens->n;
    if (!mkg__strings_init(&t->symbols, tokens->n) ||
        !mkg__strings_init(&t->specials, 64) ||
        !mkg__grow(&t->pool, &t->pool_cap, tokens->raw.len + 1, 1) ||
        !mkg__grow(&t->at, &t->cap_at, tokens->n + 300, sizeof *t->at)) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(load_types(t, g, tokens, err));
    MKG_GO(load_tokens(t, tokens, err));
    MKG_GO(t->spm ? load_scores(t, g, err) : mkg__bpe_load(t, g, err));
    MKG_GO(load_specials(t, g, err));
    st = MKG_OK; /* not the answer of the last optional key */
    *out = t;
    t = NULL;
out:
    mkg_tok_free(t);
    return st;
}

void mkg_tok_free(mkg_tok *t)
{
    if (!t) return;
    mkg__free(t->pool);
    mkg__free(t->at);
    mkg__free(t->type);
    mkg__free(t->symbols.slots);
    mkg__free(t->specials.slots);
    mkg__free(t->lengths);
    mkg__free(t->pairs);
    mkg__free(t->order);
    mkg__free(t->ends);
    mkg__free(t);
}
