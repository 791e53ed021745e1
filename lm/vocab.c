/* The vocabulary of the built-in model: read the examples, learn, write. */
#include "lm/vocab.h"

#include "base/err.h"
#include "base/io.h"
#include "base/json.h"
#include "base/text.h"
#include "lm/compact.h"
#include "lm/tokenizer.h"
#include "lm/vocab_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNKNOWN, BEGIN, END, BYTES, NAMES_MAX = 4 * MKG_MARKS };
enum { FIXED = BYTES + 256 + MKG__MARKS + MKG_MARKS };

typedef struct trainer {
    const mkg_vocab_opts *o;
    mkg__word_counts words, chars, kept, pieces;
    size_t lines;
    mkg_view names[NAMES_MAX]; /* of the line */
    size_t nnames;
    mkg__buf text; /* theirs */
} trainer;

/* ---- reading ---- */

static int longest_first(const void *a, const void *b)
{
    const mkg_view *x = a, *y = b;
    return (x->len < y->len) - (x->len > y->len);
}

/* The names of a line's evidence as they stand in its texts. */
static bool read_names(trainer *t, const json_t *line)
{
    static const char *const keys[] = {"subject", "object"};
    const char *lang = json_string_value(json_object_get(line, "lang"));
    const json_t *evidence = json_object_get(line, "evidence"), *piece;
    size_t i, at[NAMES_MAX + 1] = {0};

    t->nnames = 0;
    t->text.len = 0;
    json_array_foreach(evidence, i, piece)
    {
        for (size_t k = 0; k < 2 && t->nnames < NAMES_MAX; k++) {
            const char *name = json_string_value(json_object_get(piece, keys[k]));
            if (!name) continue;
            mkg__compact_name(&t->text, name,
                              lang ? mkg__lang_parse(lang, strlen(lang))
                                   : MKG_LANG_NONE);
            at[++t->nnames] = t->text.len;
        }
    }
    if (t->text.failed) return false;
    for (i = 0; i < t->nnames; i++)
        t->names[i] = mkg__view(t->text.ptr + at[i], at[i + 1] - at[i]);
    qsort(t->names, t->nnames, sizeof *t->names, longest_first);
    return true;
}

static mkg_status read_line(trainer *t, mkg_view text, const char *file, uint64_t n,
                            mkg_err *err)
{
    static const char *const keys[] = {"prompt", "answer"};
    json_t *line = NULL;
    mkg_status st = MKG_OK;

    MKG_GO(mkg__json_parse(text, file, n, &line, err));
    if (!read_names(t, line)) goto nomem;
    for (size_t k = 0; k < 2; k++) {
        mkg_view v = mkg__json_view(json_object_get(line, keys[k]));
        if (!v.ptr) {
            st = mkg__fail_at(err, MKG_EPARSE, file, n, 0, "an example has a '%s'",
                              keys[k]);
            goto out;
        }
        if (!mkg__vocab_words(v, t->names, t->nnames, &t->words)) goto nomem;
    }
    t->lines++;
    goto out;
nomem:
    st = mkg__nomem(err);
out:
    json_decref(line);
    return st;
}

static mkg_status read_file(trainer *t, const char *path, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__stream *s = NULL;
    mkg__lines *l = NULL;
    mkg_view line;
    uint64_t n, done, total;

    MKG_GO(mkg__stream_open(path, &s, err));
    MKG_GO(mkg__lines_new(s, &l, err));
    while ((st = mkg__lines_next(l, &line, &n, err)) == MKG_OK) {
        if (mkg__trim(line).len == 0) continue;
        MKG_GO(read_line(t, line, mkg__stream_name(s), n, err));
        mkg__stream_progress(s, &done, &total);
        if (n % 256 == 0 && t->o->progress &&
            t->o->progress(t->o->progress_ctx, "read examples", done, total)) {
            st = mkg__fail(err, MKG_ECANCEL, "stopped");
            goto out;
        }
    }
    if (st == MKG_END) st = MKG_OK;
out:
    mkg__lines_free(l);
    mkg__stream_close(s);
    return st;
}

/* ---- characters ---- */

static int most_first(const void *a, const void *b)
{
    const mkg__word_count *x = a, *y = b;
    if (x->n != y->n) return (x->n < y->n) - (x->n > y->n);
    size_t len = x->text.len < y->text.len ? x->text.len : y->text.len;
    int c = memcmp(x->text.ptr, y->text.ptr, len);
    return c ? c : (x->text.len > y->text.len) - (x->text.len < y->text.len);
}

/* Those that become tokens: seen often, and as many as there is room for. */
static bool choose_chars(trainer *t, size_t room)
{
    size_t len;
    for (size_t w = 0; w < t->words.n; w++) {
        const mkg__word_count *x = &t->words.at[w];
        for (size_t i = 0; i < x->text.len; i += len) {
            mkg__utf8_decode(x->text.ptr + i, x->text.len - i, &len);
            if (!mkg__word_counts_add(&t->chars, mkg__view(x->text.ptr + i, len), x->n))
                return false;
        }
    }
    qsort(t->chars.at, t->chars.n, sizeof *t->chars.at, most_first);
    for (size_t i = 0; i < t->chars.n && i < room && t->chars.at[i].n >= t->o->seen;
         i++)
        if (!mkg__word_counts_add(&t->kept, t->chars.at[i].text, t->chars.at[i].n))
            return false;
    return true;
}

/* ---- writing ---- */

typedef struct table {
    mkg_view *names;
    float *scores;
    int32_t *types;
    size_t n;
    mkg__arena arena;
    bool failed;
} table;

static void put_token(table *t, mkg_view name, mkg_token_type type, float score)
{
    mkg__buf b = {0};
    for (size_t i = 0; i < name.len; i++) /* a blank is written so */
        if (name.ptr[i] == ' ')
            mkg__buf_str(&b, "\xe2\x96\x81");
        else
            mkg__buf_byte(&b, (unsigned char)name.ptr[i]);
    const char *copy = b.failed ? NULL : mkg__arena_dup(&t->arena, b.ptr, b.len);
    t->failed |= !copy;
    t->names[t->n] = mkg__view(copy, b.len);
    t->types[t->n] = (int32_t)type;
    t->scores[t->n++] = score;
    mkg__buf_clear(&b);
}

static void put_named(table *t, const char *name, mkg_token_type type)
{
    put_token(t, mkg__view(name, strlen(name)), type, 0);
}

static void put_fixed(table *t)
{
    char name[16];
    put_named(t, "<unk>", MKG_TOKEN_UNKNOWN);
    put_named(t, "<s>", MKG_TOKEN_CONTROL);
    put_named(t, "</s>", MKG_TOKEN_CONTROL);
    for (unsigned i = 0; i < 256; i++) {
        snprintf(name, sizeof name, "<0x%02X>", i);
        put_named(t, name, MKG_TOKEN_BYTE);
    }
    for (unsigned i = 0; i < MKG__MARKS; i++)
        put_named(t, mkg__mark_name((mkg__mark)i), MKG_TOKEN_CONTROL);
    for (unsigned i = 1; i <= MKG_MARKS; i++) {
        snprintf(name, sizeof name, "[%u]", i);
        put_named(t, name, MKG_TOKEN_USER);
    }
}

static mkg_status write_file(const table *t, const char *path, mkg_err *err)
{
    mkg_gguf_writer *w = mkg_gguf_writer_new();
    if (!w) return mkg__nomem(err);
    mkg_gguf_put_string(w, "general.architecture", mkg__view("llama", 5));
    mkg_gguf_put_string(w, "general.name", mkg__view("medkg vocabulary", 16));
    mkg_gguf_put_string(w, "tokenizer.ggml.model", mkg__view("llama", 5));
    mkg_gguf_put_strings(w, "tokenizer.ggml.tokens", t->names, t->n);
    mkg_gguf_put_array(w, "tokenizer.ggml.scores", MKG_GGUF_F32, t->scores, t->n);
    mkg_gguf_put_array(w, "tokenizer.ggml.token_type", MKG_GGUF_I32, t->types, t->n);
    mkg_gguf_put_u32(w, "tokenizer.ggml.unknown_token_id", UNKNOWN);
    mkg_gguf_put_u32(w, "tokenizer.ggml.bos_token_id", BEGIN);
    mkg_gguf_put_u32(w, "tokenizer.ggml.eos_token_id", END);
    mkg_gguf_put_bool(w, "tokenizer.ggml.add_bos_token", false);
    mkg_gguf_put_bool(w, "tokenizer.ggml.add_eos_token", false);
    mkg_gguf_put_bool(w, "tokenizer.ggml.add_space_prefix", false);
    mkg_status st = mkg_gguf_writer_save(w, path, NULL, NULL, err);
    mkg_gguf_writer_free(w);
    return st;
}

static mkg_status write_vocab(trainer *t, const char *path, size_t *size, mkg_err *err)
{
    size_t n = FIXED + t->kept.n + t->pieces.n;
    table out = {.names = mkg__calloc(n, sizeof *out.names),
                 .scores = mkg__calloc(n, sizeof *out.scores),
                 .types = mkg__calloc(n, sizeof *out.types)};
    mkg_status st = MKG_ENOMEM;

    if (!out.names || !out.scores || !out.types) goto out;
    put_fixed(&out);
    for (size_t i = 0; i < t->pieces.n; i++)
        put_token(&out, t->pieces.at[i].text, MKG_TOKEN_NORMAL, -(float)i);
    for (size_t i = 0; i < t->kept.n; i++)
        put_token(&out, t->kept.at[i].text, MKG_TOKEN_NORMAL,
                  -(float)(t->pieces.n + i));
    if (!out.failed) st = write_file(&out, path, err);
    *size = out.n;
out:
    mkg__free(out.names);
    mkg__free(out.scores);
    mkg__free(out.types);
    mkg__arena_clear(&out.arena);
    return st == MKG_ENOMEM ? mkg__nomem(err) : st;
}

mkg_status mkg_vocab_train(const char *const *files, size_t n, const mkg_vocab_opts *o,
                           const char *path, mkg_vocab_info *info, mkg_err *err)
{
    trainer t = {.o = o};
    mkg_status st = MKG_OK;

    if (o->size < FIXED + 256 || o->size > (1u << 20)) {
        st = mkg__fail(err, MKG_EARG, "a vocabulary has %d to 1048576 tokens",
                       FIXED + 256);
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        MKG_GO(read_file(&t, files[i], err));
    if (!choose_chars(&t, o->size - FIXED)) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(mkg__vocab_join(&t.words, &t.kept, o->size - FIXED - t.kept.n, &t.pieces, o,
                           err));
    MKG_GO(write_vocab(&t, path, &info->size, err));
    info->lines = t.lines;
    info->fixed = FIXED;
    info->chars = t.kept.n;
    info->pieces = t.pieces.n;
    info->left_out = t.chars.n - t.kept.n;
out:
    mkg__word_counts_clear(&t.words);
    mkg__word_counts_clear(&t.chars);
    mkg__word_counts_clear(&t.kept);
    mkg__word_counts_clear(&t.pieces);
    mkg__buf_clear(&t.text);
    return st;
}
