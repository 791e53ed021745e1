/* Small language models' files for tests: a tokenizer of either kind, written and read
 * again. Include behind testing.h. */
#ifndef MKG_TESTING_LM_H
#define MKG_TESTING_LM_H

#include "lm/gguf.h"
#include "lm/tokenizer.h"

#define N_OF(a) (sizeof(a) / sizeof *(a))

/* The character of byte-level BPE's alphabet for a byte, as UTF-8. */
static inline size_t bpe_char(unsigned char c, char *out)
{
    unsigned u = c;
    if (c <= 0x20)
        u = 0x100u + c;
    else if (c >= 0x7f && c <= 0xa0)
        u = 0x121u + c - 0x7f;
    else if (c == 0xad)
        u = 0x143;
    if (u < 0x80) {
        out[0] = (char)u;
        return 1;
    }
    out[0] = (char)(0xc0 | u >> 6);
    out[1] = (char)(0x80 | (u & 0x3f));
    return 2;
}

static inline void bpe_text(const char *s, mkg__buf *out)
{
    char c[2];
    for (; *s; s++)
        mkg__buf_put(out, c, bpe_char((unsigned char)*s, c));
}

/* Control tokens, of which the last two begin and end a text; user-defined ones. */
enum { CONTROLS = 7, SPECIALS = 10 };
static const char *const special_names[SPECIALS] = {"<|im_start|>",
                                                    "<|im_end|>",
                                                    "<|start_header_id|>",
                                                    "<|end_header_id|>",
                                                    "<|eot_id|>",
                                                    "<s>",
                                                    "</s>",
                                                    "<think>",
                                                    "</think>",
                                                    "<<s>>"};

/* Everything of a list of tokens that a file needs. */
typedef struct vocab {
    mkg__buf text; /* all strings */
    size_t at[2000];
    int32_t type[2000];
    float score[2000];
    size_t n;
} vocab;

static inline void vocab_add(vocab *v, const char *s, size_t n, int32_t type,
                             float score)
{
    assert_true(v->n + 1 < N_OF(v->at));
    v->type[v->n] = type;
    v->score[v->n] = score;
    v->at[v->n++] = v->text.len;
    mkg__buf_put(&v->text, s, n);
    v->at[v->n] = v->text.len;
}

static inline void vocab_specials(vocab *v)
{
    for (size_t i = 0; i < SPECIALS; i++)
        vocab_add(v, special_names[i], strlen(special_names[i]), i < CONTROLS ? 3 : 4,
                  0);
}

static inline void vocab_put(vocab *v, mkg_gguf_writer *w)
{
    mkg_view *views = calloc(v->n, sizeof *views);
    assert_non_null(views);
    for (size_t i = 0; i < v->n; i++)
        views[i] = mkg__view(v->text.ptr + v->at[i], v->at[i + 1] - v->at[i]);
    mkg_gguf_put_strings(w, "tokenizer.ggml.tokens", views, v->n);
    mkg_gguf_put_array(w, "tokenizer.ggml.token_type", MKG_GGUF_I32, v->type, v->n);
    mkg_gguf_put_array(w, "tokenizer.ggml.scores", MKG_GGUF_F32, v->score, v->n);
    free(views);
    mkg__buf_clear(&v->text);
}

/* "left right" merges in order; each makes a token, behind the 256 bytes and before the
 * specials. */
static inline void put_bpe(mkg_gguf_writer *w, const char *pre,
                           const char *const (*merges)[2], size_t n)
{
    vocab v = {0};
    mkg__buf lines = {0};
    size_t *at = calloc(n + 1, sizeof *at);
    mkg_view *views = calloc(n + 1, sizeof *views);
    assert_true(at && views);
    for (unsigned c = 0; c < 256; c++) {
        char s[2];
        vocab_add(&v, s, bpe_char((unsigned char)c, s), 1, 0);
    }
    for (size_t i = 0; i < n; i++) {
        mkg__buf both = {0};
        bpe_text(merges[i][0], &both);
        bpe_text(merges[i][1], &both);
        vocab_add(&v, both.ptr, both.len, 1, 0);
        mkg__buf_clear(&both);
        at[i] = lines.len;
        bpe_text(merges[i][0], &lines);
        mkg__buf_byte(&lines, ' ');
        bpe_text(merges[i][1], &lines);
        at[i + 1] = lines.len;
    }
    for (size_t i = 0; i < n; i++)
        views[i] = mkg__view(lines.ptr + at[i], at[i + 1] - at[i]);
    vocab_specials(&v);
    uint32_t end = (uint32_t)v.n;
    mkg_gguf_put_string(w, "tokenizer.ggml.model", mkg__view("gpt2", 4));
    mkg_gguf_put_string(w, "tokenizer.ggml.pre", mkg__view(pre, strlen(pre)));
    vocab_put(&v, w);
    mkg_gguf_put_strings(w, "tokenizer.ggml.merges", views, n);
    mkg_gguf_put_u32(w, "tokenizer.ggml.bos_token_id", end - 5);
    mkg_gguf_put_u32(w, "tokenizer.ggml.eos_token_id", end - 4);
    mkg__buf_clear(&lines);
    free(at);
    free(views);
}

/* Pieces of a SentencePiece vocabulary, the first the best, U+2581 for a blank. */
static inline void put_spm(mkg_gguf_writer *w, const char *const *pieces, size_t n)
{
    vocab v = {0};
    vocab_add(&v, "<unk>", 5, 2, 0);
    for (unsigned c = 0; c < 256; c++) {
        char s[8];
        snprintf(s, sizeof s, "<0x%02X>", c);
        vocab_add(&v, s, 6, 6, 0);
    }
    for (size_t i = 0; i < n; i++)
        vocab_add(&v, pieces[i], strlen(pieces[i]), 1, -(float)i);
    vocab_specials(&v);
    uint32_t end = (uint32_t)v.n;
    mkg_gguf_put_string(w, "tokenizer.ggml.model", mkg__view("llama", 5));
    vocab_put(&v, w);
    mkg_gguf_put_u32(w, "tokenizer.ggml.unknown_token_id", 0);
    mkg_gguf_put_u32(w, "tokenizer.ggml.bos_token_id", end - 5);
    mkg_gguf_put_u32(w, "tokenizer.ggml.eos_token_id", end - 4);
}

static const char *const sample_merges[][2] = {
    {"\xe7", "\xb3"}, {"\xe7\xb3", "\x96"}, {"a", "b"},    {"ab", "ab"},   {" ", "ab"},
    {"1", "2"},       {"12", "3"},          {"123", "4"},  {"\n", "\n"},   {"h", "e"},
    {"l", "l"},       {"he", "ll"},         {"hell", "o"}, {" ", "hello"}, {"b", "a"},
    {"'", "s"},       {" ", " "},           {"  ", "  "},  {".", "\n"},
};

static const char *const sample_pieces[] = {
    "\xe2\x96\x81",
    "\xe2\x96\x81hello",
    "ab",
    "he",
    "ll",
    "hell",
    "hello",
    "abab",
    "a",
    "b",
    "h",
    "e",
    "l",
    "o",
    "糖",
    "尿",
    "病",
    "糖尿",
    "糖尿病",
    "\xe2\x96\x81\xe2\x96\x81",
};

/* Write to folder/name and load what is read again. */
static inline mkg_tok *load_written(mkg_gguf_writer *w, const char *folder,
                                    const char *name)
{
    mkg_err err;
    mkg_gguf *g = NULL;
    mkg_tok *t = NULL;
    char *path = in_folder(folder, name);
    assert_mkg_ok(mkg_gguf_writer_save(w, path, NULL, NULL, &err));
    mkg_gguf_writer_free(w);
    assert_mkg_ok(mkg_gguf_open(path, &g, &err));
    assert_mkg_ok(mkg_tok_load(g, &t, &err));
    mkg_gguf_close(g);
    free(path);
    return t;
}

static inline mkg_tok *sample_bpe(const char *folder, const char *pre)
{
    mkg_gguf_writer *w = mkg_gguf_writer_new();
    assert_non_null(w);
    put_bpe(w, pre, sample_merges, N_OF(sample_merges));
    return load_written(w, folder, "bpe.gguf");
}

static inline mkg_tok *sample_spm(const char *folder)
{
    mkg_gguf_writer *w = mkg_gguf_writer_new();
    assert_non_null(w);
    put_spm(w, sample_pieces, N_OF(sample_pieces));
    return load_written(w, folder, "spm.gguf");
}

#endif
