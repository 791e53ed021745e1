/* Tokens held against llama.cpp's, in one process.
 *   bench_llama_tokens FOLDER TEXT MODEL.gguf ...
 * FOLDER holds llama.cpp's libraries (npm's node-llama-cpp, .../bins/linux-x64; it must
 * be in LD_LIBRARY_PATH too). For each model 40,000 random texts, pieces of the file
 * TEXT among characters that are hard to cut, each in four ways: with and without bos,
 * with and without special tokens; then every character of Unicode between letters,
 * digits and signs. Exit code 1 where a token differs. */
#include "base/dylib.h"
#include "base/io.h"
#include "base/rng.h"
#include "lm/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXTS = 40000, ROOM = 8000, SHOWN = 10 };

/* llama.cpp's C interface, as much of it as is used. The parameters of a model are
 * passed on as they come: a block larger than they are in any version. */
typedef struct model_params {
    char bytes[512];
} model_params;

static struct {
    void (*load_backends)(const char *);
    void (*log_set)(void (*)(int, const char *, void *), void *);
    model_params (*defaults)(void);
    void *(*load)(const char *, model_params);
    void *(*vocab)(void *);
    int32_t (*tokenize)(const void *, const char *, int32_t, int32_t *, int32_t, _Bool,
                        _Bool);
} llama;

static void be_quiet(int level, const char *text, void *ctx)
{
    (void)level;
    (void)text;
    (void)ctx;
}

static mkg_status open_llama(const char *folder, mkg_err *err)
{
    const mkg__symbol ggml[] = {
        {"ggml_backend_load_all_from_path", &llama.load_backends}};
    const mkg__symbol symbols[] = {{"llama_log_set", &llama.log_set},
                                   {"llama_model_default_params", &llama.defaults},
                                   {"llama_model_load_from_file", &llama.load},
                                   {"llama_model_get_vocab", &llama.vocab},
                                   {"llama_tokenize", &llama.tokenize}};
    char path[4096];
    snprintf(path, sizeof path, "%s/libggml.v0.5.0.so", folder);
    mkg_status st = mkg__dylib_load(path, "npm: node-llama-cpp", ggml, 1, err);
    snprintf(path, sizeof path, "%s/libllama.v0.5.0.so", folder);
    if (st >= 0) st = mkg__dylib_load(path, "npm: node-llama-cpp", symbols, 5, err);
    if (st < 0) return st;
    llama.log_set(be_quiet, NULL);
    llama.load_backends(folder);
    return MKG_OK;
}

/* Does one text give the same tokens? */
static bool same(const mkg_tok *t, const void *vocab, const char *s, size_t n,
                 unsigned flags)
{
    static int32_t theirs[ROOM];
    static mkg_tokens ours;
    mkg_err err;
    int32_t count =
        llama.tokenize(vocab, s, (int32_t)n, theirs, ROOM, flags & MKG_ENCODE_EDGES,
                       flags & MKG_ENCODE_SPECIAL);
    ours.n = 0;
    if (mkg_tok_encode(t, mkg__view(s, n), flags, &ours, &err) < 0 || count < 0 ||
        (size_t)count != ours.n)
        return false;
    for (size_t i = 0; i < ours.n; i++)
        if ((uint32_t)theirs[i] != ours.id[i]) return false;
    return true;
}

static const char *const hard[] = {" ",
                                   "  ",
                                   "\n",
                                   "\n\n",
                                   " \n",
                                   "\r\n",
                                   "\t",
                                   "'s",
                                   "'S",
                                   "'ll",
                                   "'LL",
                                   "'",
                                   "<s>",
                                   "</s>",
                                   "<think>",
                                   "<unk>",
                                   "<0x41>",
                                   "<|eot_id|>",
                                   "<|im_start|>",
                                   "▁",
                                   "▁▁",
                                   "1",
                                   "12",
                                   "123456",
                                   "½",
                                   "Ⅳ",
                                   "①",
                                   "x",
                                   "Ab",
                                   "é",
                                   "e\u0301",
                                   "नमस्ते",
                                   "한국어",
                                   "😀",
                                   "\u00a0",
                                   "\u3000",
                                   "\u2028",
                                   "\xc2\x85",
                                   "\x1c",
                                   "\x0b",
                                   "-",
                                   "...",
                                   "!?",
                                   "//",
                                   "ʼ",
                                   "ſ",
                                   "K",
                                   "İ",
                                   "的",
                                   "糖尿病",
                                   "５",
                                   "٣",
                                   "\u200b",
                                   "\ufeff",
                                   "ǅ",
                                   "ª",
                                   "_",
                                   "$",
                                   "+",
                                   "<",
                                   "|",
                                   ">",
                                   "𠮷"};

static size_t clip(mkg_view text, size_t at)
{
    while (at < text.len && ((unsigned char)text.ptr[at] & 0xc0) == 0x80)
        at++;
    return at;
}

static size_t make_text(mkg__rng *r, mkg_view text, char *out)
{
    size_t n = 0;
    for (uint32_t k = mkg__rng_below(r, 12); k > 0; k--) {
        mkg_view part;
        if (mkg__rng_below(r, 3)) {
            const char *s = hard[mkg__rng_below(r, sizeof hard / sizeof *hard)];
            part = mkg__view(s, strlen(s));
        } else {
            size_t at = clip(text, mkg__rng_below(r, (uint32_t)(text.len - 200)));
            size_t end = clip(text, at + mkg__rng_below(r, 100));
            part = mkg__view(text.ptr + at, end - at);
        }
        memcpy(out + n, part.ptr, part.len);
        n += part.len;
    }
    return n;
}

static size_t utf8(uint32_t c, char *out)
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(n == 1 ? c : (0xf00u >> n & 0xf0u) | c);
    return n;
}

/* Every character behind a letter, a digit and a sign, and before them. */
static size_t compare_characters(const mkg_tok *t, const void *vocab)
{
    size_t bad = 0;
    for (uint32_t c = 1; c < 0x110000; c++) {
        char ch[5] = "", s[100];
        if (c >= 0xd800 && c <= 0xdfff) continue;
        ch[utf8(c, ch)] = '\0';
        int n =
            snprintf(s, sizeof s, "a%s 1%s -%s%sthe %s2%s.", ch, ch, ch, ch, ch, ch);
        if (same(t, vocab, s, (size_t)n, 0)) continue;
        if (bad++ < SHOWN) printf("  U+%04lX differs\n", (unsigned long)c);
    }
    return bad;
}

static size_t compare(const char *path, mkg_view text)
{
    mkg_gguf *g;
    mkg_tok *t;
    mkg_err err;
    size_t bad = 0;
    static char s[4096];
    void *model = llama.load(path, llama.defaults());
    if (!model || mkg_gguf_open(path, &g, &err) < 0 || mkg_tok_load(g, &t, &err) < 0) {
        fprintf(stderr, "bench_llama_tokens: cannot load %s\n", path);
        exit(3);
    }
    const void *vocab = llama.vocab(model);
    for (uint64_t i = 0; i < TEXTS; i++) {
        mkg__rng r = mkg__rng_new(77, i, 0);
        size_t n = make_text(&r, text, s);
        for (unsigned flags = 0; flags < 4; flags++) {
            if (same(t, vocab, s, n, flags)) continue;
            if (bad++ < SHOWN) printf("  differs (%u): %.*s\n", flags, (int)n, s);
        }
    }
    bad += compare_characters(t, vocab);
    printf("%s: %zu differ\n", path, bad);
    mkg_tok_free(t);
    mkg_gguf_close(g);
    return bad; /* the models of llama.cpp end with the process */
}

int main(int argc, char **argv)
{
    mkg__buf text = {0};
    mkg_err err = {0};
    size_t bad = 0;
    if (argc < 4) {
        fprintf(stderr, "usage: bench_llama_tokens FOLDER TEXT MODEL.gguf ...\n");
        return 2;
    }
    if (mkg__file_read(argv[2], 1 << 30, &text, &err) < 0 || text.len < 1000 ||
        open_llama(argv[1], &err) < 0) {
        fprintf(stderr, "bench_llama_tokens: %s\n", err.msg);
        return 3;
    }
    for (int i = 3; i < argc; i++)
        bad += compare(argv[i], mkg__view(text.ptr, text.len));
    mkg__buf_clear(&text);
    return bad > 0;
}
