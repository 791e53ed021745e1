/* Pre-tokenizers: where byte-level BPE cuts a text before it merges. Written out by
 * hand, alternative by alternative, in the order of the published expressions, because
 * the first that matches wins. */
#include "lm/tok_internal.h"

#include "base/text.h"

typedef enum kind { END, LETTER, NUMBER, SPACE, OTHER } kind;

/* The character at s[at..n): its kind, and where the next one begins. */
static kind look(const char *s, size_t n, size_t at, uint32_t *c, size_t *next)
{
    size_t len;
    *c = 0;
    *next = at;
    if (at >= n) return END;
    *c = mkg__utf8_decode(s + at, n - at, &len);
    *next = at + len;
    if (mkg__is_letter(*c)) return LETTER;
    if (mkg__is_number(*c)) return NUMBER;
    return mkg__is_space(*c) ? SPACE : OTHER;
}

/* Behind the run of characters of one kind, at most `most` of them. */
static size_t run(const char *s, size_t n, size_t at, kind what, size_t most)
{
    uint32_t c;
    size_t next;
    while (most-- > 0 && look(s, n, at, &c, &next) == what)
        at = next;
    return at;
}

/* 's 't 'm 'd 're 've 'll: their length, else 0. */
static size_t contraction(const char *s, size_t n, size_t at, bool any_case)
{
    unsigned char c[2] = {0, 0};
    if (s[at] != '\'') return 0;
    for (size_t i = 0; i < 2 && at + 1 + i < n; i++) {
        c[i] = (unsigned char)s[at + 1 + i];
        if (any_case && c[i] >= 'A' && c[i] <= 'Z') c[i] = (unsigned char)(c[i] + 32);
    }
    if (c[0] == 's' || c[0] == 't' || c[0] == 'm' || c[0] == 'd') return 2;
    bool two = (c[0] == 'r' && c[1] == 'e') || (c[0] == 'v' && c[1] == 'e') ||
               (c[0] == 'l' && c[1] == 'l');
    return two ? 3 : 0;
}

static bool is_newline(uint32_t c)
{
    return c == '\r' || c == '\n';
}

/* White space: `\s+(?!\S)|\s+`, and before them, for the newer two, `\s*[\r\n]+`. */
static size_t blanks(const char *s, size_t n, size_t at, bool newlines)
{
    size_t p = at, last = at, line = at, next;
    uint32_t c;
    while (look(s, n, p, &c, &next) == SPACE) {
        last = p;
        p = next;
        if (is_newline(c)) line = p;
    }
    if (newlines && line > at) return line;
    /* The last blank goes with what follows it, unless it is the only one. */
    return p < n && last > at ? last : p;
}

/* 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
static size_t gpt2(const char *s, size_t n, size_t at)
{
    uint32_t c;
    size_t next, len = contraction(s, n, at, false);
    if (len) return at + len;
    size_t from = s[at] == ' ' ? at + 1 : at;
    kind k = look(s, n, from, &c, &next);
    if (k != END && k != SPACE) return run(s, n, from, k, SIZE_MAX);
    return blanks(s, n, at, false);
}

/* (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}|
 *  ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+ */
static size_t llama3(const char *s, size_t n, size_t at, size_t digits)
{
    uint32_t c, d;
    size_t next, after, len = contraction(s, n, at, true);
    if (len) return at + len;
    kind k = look(s, n, at, &c, &next);
    if (k == LETTER) return run(s, n, at, LETTER, SIZE_MAX);
    if (k == NUMBER) return run(s, n, at, NUMBER, digits);
    if (!is_newline(c) && look(s, n, next, &d, &after) == LETTER)
        return run(s, n, next, LETTER, SIZE_MAX);
    size_t from = c == ' ' ? next : at;
    if (look(s, n, from, &d, &after) == OTHER) {
        from = run(s, n, from, OTHER, SIZE_MAX);
        while (from < n && is_newline((unsigned char)s[from]))
            from++;
        return from;
    }
    return blanks(s, n, at, true);
}

size_t mkg__pre_next(mkg__pre pre, const char *s, size_t n, size_t at)
{
    if (pre == MKG__PRE_GPT2) return gpt2(s, n, at);
    return llama3(s, n, at, pre == MKG__PRE_QWEN2 ? 1 : 3);
}

bool mkg__pre_find(mkg_view name, mkg__pre *out)
{
    static const struct {
        const char *name;
        mkg__pre pre;
    } names[] = {{"gpt2", MKG__PRE_GPT2},
                 {"gpt-2", MKG__PRE_GPT2},
                 {"llama-bpe", MKG__PRE_LLAMA3},
                 {"llama3", MKG__PRE_LLAMA3},
                 {"llama-v3", MKG__PRE_LLAMA3},
                 {"qwen2", MKG__PRE_QWEN2},
                 {"deepseek-r1-qwen", MKG__PRE_QWEN2}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (mkg__view_is(name, names[i].name)) {
            *out = names[i].pre;
            return true;
        }
    return false;
}

const char *mkg__pre_name(mkg__pre pre)
{
    return pre == MKG__PRE_GPT2     ? "gpt2"
           : pre == MKG__PRE_LLAMA3 ? "llama-bpe"
                                    : "qwen2";
}
