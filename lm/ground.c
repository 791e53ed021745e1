/* The closed constraint: every answer to this evidence, as a pattern. */
#include "lm/ground.h"

#include "base/err.h"
#include "lm/compact.h"
#include "lm/lm_internal.h"
#include "lm/pattern.h"

#include <string.h>

enum { PARTS_MAX = 8 };

/* Pieces that one sentence can tell. */
typedef struct group {
    mkg__reading head;
    uint64_t items;
} group;

typedef struct builder {
    mkg__pattern *p;
    const mkg_evidence *e;
    size_t pieces;
    const mkg__frames *frames;
    bool zh;
    group g[MKG__PATTERN_ITEMS];
    size_t n;
    uint32_t sentence; /* choice of all sentences */
    uint32_t behind;   /* choice of what follows a sentence: the end, or another one */
    mkg__buf text;     /* scratch */
    bool failed;
} builder;

static mkg_view view_of(builder *b)
{
    const char *s = mkg__buf_cstr(&b->text);
    if (!s) b->failed = true;
    return mkg__view(s ? s : "", s ? b->text.len : 0);
}

static void also(builder *b, uint32_t choice, uint32_t next)
{
    if (!mkg__pattern_also(b->p, choice, next)) b->failed = true;
}

static uint32_t text(builder *b, const char *s, uint32_t next)
{
    return mkg__pattern_text(b->p, mkg__view(s, strlen(s)), next);
}

static void find_groups(builder *b)
{
    for (size_t i = 0; i < b->pieces; i++) {
        mkg__reading r = mkg__read_piece(&b->e->pieces[i]);
        size_t k = 0;
        while (k < b->n && !mkg__read_together(&b->g[k].head, &r))
            k++;
        if (k == b->n) b->g[b->n++] = (group){r, 0};
        b->g[k].items |= (uint64_t)1 << i;
    }
}

/* ---- slots ---- */

/* "headache [2]": the item of piece i with its citation, then `next`. */
static uint32_t item(builder *b, unsigned i, uint32_t next)
{
    b->text.len = 0;
    mkg__compact_item(&b->text, &b->e->pieces[i], b->e->lang);
    mkg__buf_printf(&b->text, b->zh ? "[%u]" : " [%u]", i + 1);
    uint32_t t = mkg__pattern_text(b->p, view_of(b), next);
    return mkg__pattern_use(b->p, i, t);
}

static uint32_t any_item(builder *b, const group *g, uint32_t next)
{
    uint32_t choice = mkg__pattern_choice(b->p);
    for (unsigned i = 0; i < b->pieces; i++)
        if (g->items >> i & 1) also(b, choice, item(b, i, next));
    return choice;
}

/* Items of the group, each once: "A [1]", "A [1] and B [2]", "A [1], B [2] and C [3]".
 */
static uint32_t list(builder *b, const group *g, uint32_t next)
{
    static const char *const last_zh[] = {"和", "以及", "、", NULL};
    static const char *const last_en[] = {" and ", ", and ", NULL};
    const char *const *last = b->zh ? last_zh : last_en;
    uint32_t behind = mkg__pattern_choice(b->p);
    uint32_t items = any_item(b, g, behind);

    also(b, behind, next);
    if (!(g->items & (g->items - 1))) return items;
    const char *comma = b->zh ? "、" : ", ";
    also(b, behind, mkg__pattern_left(b->p, g->items, text(b, comma, items)));
    uint32_t end = any_item(b, g, next);
    for (; *last; last++)
        if (strcmp(*last, comma) != 0)
            also(b, behind, mkg__pattern_left(b->p, g->items, text(b, *last, end)));
    return items;
}

static uint32_t name(builder *b, const char *s, bool capital, uint32_t next)
{
    b->text.len = 0;
    mkg__compact_name(&b->text, s, b->e->lang);
    mkg_view v = view_of(b);
    if (capital && v.len && v.ptr[0] >= 'a' && v.ptr[0] <= 'z') b->text.ptr[0] -= 32;
    return mkg__pattern_text(b->p, v, next);
}

/* ---- sentences ---- */

typedef struct slot {
    mkg_view before; /* what stands before it */
    char kind;       /* 's' or 'o'; 0: none, the end */
} slot;

/* "{s} has {o}." in its parts. */
static size_t take_apart(const char *pattern, slot out[PARTS_MAX])
{
    size_t n = 0;
    const char *from = pattern, *p = pattern;
    while (*p && n + 1 < PARTS_MAX) {
        if (strncmp(p, "{s}", 3) != 0 && strncmp(p, "{o}", 3) != 0) {
            p++;
            continue;
        }
        out[n++] = (slot){mkg__view(from, (size_t)(p - from)), p[1]};
        from = p += 3;
    }
    out[n++] = (slot){mkg__view(from, strlen(from)), 0};
    return n;
}

/* The sentence of a pattern, as it stands or with a capital, then `next`. */
static uint32_t sentence_of(builder *b, const group *g, const slot *s, size_t n,
                            bool capital, uint32_t next)
{
    uint32_t at = next;
    for (size_t i = n; i-- > 0;) {
        bool first = i == 0 && capital;
        if (s[i].kind == 'o')
            at = list(b, g, at);
        else if (s[i].kind == 's')
            at = name(b, g->head.of, first && s[i].before.len == 0, at);
        b->text.len = 0;
        mkg__buf_put(&b->text, s[i].before.ptr, s[i].before.len);
        mkg_view v = view_of(b);
        if (first && v.len && v.ptr[0] >= 'a' && v.ptr[0] <= 'z') b->text.ptr[0] -= 32;
        at = mkg__pattern_text(b->p, v, at);
    }
    return at;
}

static void add_sentence(builder *b, const group *g, const char *pattern)
{
    slot s[PARTS_MAX];
    size_t n = take_apart(pattern, s);
    uint32_t end = text(b, b->zh ? "。" : ".", b->behind);
    const char *denied =
        !g->head.denied ? "" : b->zh ? "资料否认：" : "The source denies this: ";
    for (int capital = 0; capital < (b->zh ? 1 : 2); capital++) {
        uint32_t at = sentence_of(b, g, s, n, capital != 0, end);
        at = text(b, denied, at);
        also(b, b->sentence, mkg__pattern_left(b->p, g->items, at));
    }
}

/* "{s} – label: {o}" where the vocabulary has no better pattern. */
static void add_own_pattern(builder *b, const group *g)
{
    const mkg__reading *r = &g->head;
    mkg__buf own = {0};
    if (!r->sentence[0]) {
        const char *label = strchr(r->label, '{') ? "" : r->label;
        mkg__buf_printf(&own, b->zh ? "{s}的%s：{o}" : "{s} – %s: {o}", label);
    }
    const char *pattern = r->sentence[0] ? r->sentence : mkg__buf_cstr(&own);
    if (pattern)
        add_sentence(b, g, pattern);
    else
        b->failed = true;
    mkg__buf_clear(&own);
}

static uint32_t build(builder *b)
{
    b->behind = mkg__pattern_choice(b->p);
    b->sentence = mkg__pattern_choice(b->p);
    find_groups(b);
    for (size_t i = 0; i < b->n; i++)
        add_own_pattern(b, &b->g[i]);
    also(b, b->behind, mkg__pattern_end(b->p));
    uint64_t all = b->pieces < 64 ? ((uint64_t)1 << b->pieces) - 1 : UINT64_MAX;
    uint32_t more = text(b, b->zh ? "" : " ", b->sentence);
    also(b, b->behind, mkg__pattern_left(b->p, all, more));
    return b->sentence;
}

mkg_status mkg__ground_closed(const mkg_lexicon *lex, const mkg_evidence *e,
                              size_t pieces, const mkg__frames *frames,
                              mkg_constraint **out, mkg_err *err)
{
    mkg__automaton *a;
    builder b = {
        .e = e, .pieces = pieces, .frames = frames, .zh = e->lang == MKG_LANG_ZH};

    *out = NULL;
    if (pieces < 1 || pieces > e->npieces || pieces > MKG__PATTERN_ITEMS)
        return mkg__fail(err, MKG_EARG, "%zu pieces of evidence cannot be told",
                         pieces);
    b.p = mkg__pattern_new();
    if (!b.p) return mkg__nomem(err);
    uint32_t start = build(&b);
    mkg__buf_clear(&b.text);
    mkg_status st = mkg__pattern_automaton(b.p, b.failed ? 0 : start, &a, err);
    return st < 0 ? st : mkg__constraint_take(lex, a, out, err);
}
