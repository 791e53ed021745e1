/* Texts to terms: bigrams of Han characters, stemmed English words, numbers. Only user
 * of Snowball, which is opened when the first word is to be stemmed. */
#include "retrieve/text_file_internal.h"

#include "base/dylib.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/text.h"

#include <libstemmer.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { STEM_MAX = 64 };

static struct {
    __typeof__(&sb_stemmer_new) make;
    __typeof__(&sb_stemmer_delete) free;
    __typeof__(&sb_stemmer_stem) stem;
    __typeof__(&sb_stemmer_length) length;
} lib;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static mkg_status load_status;
static mkg_err load_error;

static void load(void)
{
    const mkg__symbol symbols[] = {
        {"sb_stemmer_new", &lib.make},
        {"sb_stemmer_delete", &lib.free},
        {"sb_stemmer_stem", &lib.stem},
        {"sb_stemmer_length", &lib.length},
    };
    load_status = mkg__dylib_load("libstemmer.so.0d", "libstemmer0d", symbols,
                                  sizeof symbols / sizeof *symbols, &load_error);
}

struct mkg__tokens {
    struct sb_stemmer *english; /* NULL until the first word */
    mkg__buf folded;
    mkg__term *terms;
    size_t n, cap;
};

mkg_status mkg__tokens_new(mkg__tokens **out, mkg_err *err)
{
    mkg__tokens *t = mkg__calloc(1, sizeof *t);
    *out = NULL;
    if (!t) return mkg__nomem(err);
    *out = t;
    return MKG_OK;
}

void mkg__tokens_free(mkg__tokens *t)
{
    if (!t) return;
    if (t->english) lib.free(t->english);
    mkg__buf_clear(&t->folded);
    mkg__free(t->terms);
    mkg__free(t);
}

static mkg__term term_of(const char *p, size_t n)
{
    mkg__term t = 0;
    if (n > 8) return mkg__hash64(p, n, 0) | (mkg__term)0xff << 56;
    for (size_t i = 0; i < 8; i++)
        t = t << 8 | (i < n ? (unsigned char)p[i] : 0);
    return t;
}

static void add(mkg__tokens *t, const char *p, size_t n, mkg_status *st, mkg_err *err)
{
    if (!mkg__grow(&t->terms, &t->cap, t->n + 1, sizeof *t->terms)) {
        *st = mkg__nomem(err);
        return;
    }
    t->terms[t->n++] = term_of(p, n);
}

/* English words that are in every text and tell nothing, in byte order: articles,
 * pronouns, prepositions, auxiliaries, and those that only ask. */
static int by_word(const void *key, const void *at)
{
    const mkg_view *word = key;
    const char *const *entry = at;
    size_t n = strlen(*entry);
    int order = memcmp(word->ptr, *entry, word->len < n ? word->len : n);
    return order ? order : (word->len > n) - (word->len < n);
}

static bool is_stop_word(mkg_view word)
{
    static const char *const words[] = {
        "a",     "about", "after",  "all",   "also",  "am",    "an",    "and",  "any",
        "are",   "as",    "at",     "be",    "been",  "being", "but",   "by",   "can",
        "could", "did",   "do",     "does",  "for",   "from",  "had",   "has",  "have",
        "he",    "her",   "his",    "how",   "i",     "if",    "in",    "into", "is",
        "it",    "its",   "may",    "me",    "might", "my",    "of",    "on",   "or",
        "our",   "she",   "should", "so",    "such",  "than",  "that",  "the",  "their",
        "them",  "then",  "there",  "these", "they",  "this",  "those", "to",   "was",
        "we",    "were",  "what",   "when",  "where", "which", "who",   "why",  "will",
        "with",  "would", "you",    "your"};
    return bsearch(&word, words, sizeof words / sizeof *words, sizeof *words, by_word);
}

static mkg_status stem(mkg__tokens *t, mkg_view *word, mkg_err *err)
{
    if (!t->english) {
        pthread_once(&once, load);
        if (load_status < 0) {
            if (err) *err = load_error;
            return load_status;
        }
        if (!(t->english = lib.make("english", NULL))) return mkg__nomem(err);
    }
    const sb_symbol *s =
        lib.stem(t->english, (const sb_symbol *)word->ptr, (int)word->len);
    if (!s) return mkg__nomem(err);
    *word = mkg__view((const char *)s, (size_t)lib.length(t->english));
    return MKG_OK;
}

/* A word or a number; only words of Latin letters alone are stemmed. */
static void add_word(mkg__tokens *t, mkg_view word, mkg_status *st, mkg_err *err)
{
    bool letters = word.len <= STEM_MAX;
    for (size_t i = 0; i < word.len && letters; i++)
        letters = (word.ptr[i] >= 'a' && word.ptr[i] <= 'z') || word.ptr[i] == '\'';
    if (letters) {
        if (is_stop_word(word)) return;
        if ((*st = stem(t, &word, err)) < 0) return;
    }
    if (word.len) add(t, word.ptr, word.len, st, err);
}

/* A point or comma between digits, an apostrophe between letters. */
static bool joins(const char *s, size_t n, size_t i)
{
    if (i == 0 || i + 1 >= n) return false;
    unsigned char a = (unsigned char)s[i - 1], b = (unsigned char)s[i + 1];
    if (s[i] == '\'') return a >= 'a' && a <= 'z' && b >= 'a' && b <= 'z';
    return s[i] == '.' && a >= '0' && a <= '9' && b >= '0' && b <= '9';
}

static size_t word_end(const char *s, size_t n, size_t from)
{
    size_t i = from, len;
    while (i < n) {
        uint32_t c = mkg__utf8_decode(s + i, n - i, &len);
        if (!mkg__is_word(c) && !joins(s, n, i)) break;
        i += len;
    }
    return i;
}

static size_t han_end(const char *s, size_t n, size_t from)
{
    size_t i = from, len;
    while (i < n && mkg__is_han(mkg__utf8_decode(s + i, n - i, &len)))
        i += len;
    return i;
}

/* Words of a question that say that something is asked, not what; the longer first. */
static size_t asking_words(const char *p, size_t n)
{
    static const char *const words[] = {
        "有什么办法", "是怎么回事", "怎么回事", "是什么原因", "什么原因", "有没有",
        "是不是",     "能不能",     "可不可以", "会不会",     "要不要",   "怎么办",
        "怎么样",     "为什么",     "是什么",   "有什么",     "有哪些",   "有多少",
        "什么样",     "请问",       "医生",     "大夫",       "您好",     "你好",
        "谢谢",       "怎么",       "怎样",     "如何",       "什么",     "哪些",
        "哪个",       "哪种",       "多少",     "可以",       "应该",     "需要",
        "一下",       "这个",       "那个",     "我的",       "我家",     "的",
        "了",         "吗",         "呢",       "吧",         "啊",       "呀",
        "我",         "你",         "您"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t len = strlen(words[i]);
        if (len <= n && memcmp(p, words[i], len) == 0) return len;
    }
    return 0;
}

static void add_han(mkg__tokens *t, const char *p, size_t n, mkg_status *st,
                    mkg_err *err)
{
    size_t a, b;
    mkg__utf8_decode(p, n, &a);
    if (a == n) add(t, p, n, st, err);
    for (size_t i = 0; i + a < n; i += a, a = b) {
        mkg__utf8_decode(p + i + a, n - i - a, &b);
        add(t, p + i, a + b, st, err);
    }
}

static void add_run(mkg__tokens *t, const char *p, size_t n, bool query, mkg_status *st,
                    mkg_err *err)
{
    size_t from = 0, skip, len;
    for (size_t i = 0; query && i < n; i += skip ? skip : len) {
        mkg__utf8_decode(p + i, n - i, &len);
        if (!(skip = asking_words(p + i, n - i))) continue;
        if (i > from) add_han(t, p + from, i - from, st, err);
        from = i + skip;
    }
    if (from < n) add_han(t, p + from, n - from, st, err);
}

mkg_status mkg__tokens_cut(mkg__tokens *t, mkg_view text, bool query,
                           const mkg__term **out, size_t *n, mkg_err *err)
{
    mkg_status st;
    size_t end, len;

    t->n = 0;
    t->folded.len = 0;
    st = mkg__fold(text.ptr, text.len, &t->folded, NULL, err);
    if (st == MKG_EPARSE) {
        t->folded.len = 0;
        st = MKG_OK;
    }
    const char *s = t->folded.ptr;
    for (size_t i = 0; i < t->folded.len && st >= 0; i = end) {
        uint32_t c = mkg__utf8_decode(s + i, t->folded.len - i, &len);
        end = i + len;
        if (mkg__is_han(c)) {
            end = han_end(s, t->folded.len, i);
            add_run(t, s + i, end - i, query, &st, err);
        } else if (mkg__is_word(c)) {
            end = word_end(s, t->folded.len, i);
            add_word(t, mkg__view(s + i, end - i), &st, err);
        }
    }
    if (t->folded.failed) { /* the next text begins with an empty buffer */
        mkg__buf_clear(&t->folded);
        st = mkg__nomem(err);
    }
    *out = t->terms;
    *n = t->n;
    return st;
}
