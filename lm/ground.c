/* The closed constraint: every answer to this evidence, as a pattern.
 *
 *     answer = [opening] fact (joint fact)* [missing] "。" … | missing "。"
 *
 * A fact is a line `tell` of answer_frames.tsv for one group of pieces; openings are
 * its lines for questions of whether, of those that go with the verdict; joints are
 * what stands between {T} and {U} in a line `while`. */
#include "lm/ground.h"

#include "base/err.h"
#include "lm/claims_internal.h"
#include "lm/compact.h"
#include "lm/lm_internal.h"
#include "lm/pattern.h"

#include <string.h>

enum { TOKENS = 64, DISPUTES = 8, PAIRS = 64, DEPTH = 8, LISTS = 8 };

/* Pieces that one sentence can tell. */
typedef struct group {
    mkg__reading head;
    mkg_view relation; /* in the direction that is read */
    uint64_t items;
} group;

/* What stands for the slots of a line. */
typedef struct fill {
    const group *g;        /* {s} {o} {l} */
    const group *h;        /* {t}: another thing with the same items */
    const group *t, *d;    /* {T}, {U} or {D}; NULL: `fact` */
    uint32_t fact;         /* a choice of facts, with what follows them; 0: none */
    const char *source[2]; /* {a} {b} */
} fill;

typedef struct builder {
    mkg__pattern *p;
    const mkg_evidence *e;
    size_t pieces;
    const mkg__wordings *frames;
    bool zh;
    group g[MKG__PATTERN_ITEMS];
    size_t n;
    uint64_t all;      /* items */
    uint32_t sentence; /* choice of all sentences */
    uint32_t opening;  /* choice of those that an answer can begin with */
    bool opens;        /* there are some */
    uint32_t fact;     /* choice of all facts, without a capital */
    uint32_t behind;   /* choice of what may follow a fact */
    uint32_t stop;     /* the end of a sentence, then the end, or another one */
    struct {           /* lists that were made */
        uint64_t items;
        uint32_t next, list;
    } lists[LISTS];
    size_t n_lists;
    uint8_t mate[MKG__PATTERN_ITEMS]; /* the piece, from 1, that says the same of {t} */
    mkg__buf text;                    /* scratch */
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
        const mkg_piece *p = &b->e->pieces[i];
        mkg__reading r = mkg__read_piece(p);
        size_t k = 0;
        while (k < b->n && !mkg__read_together(&b->g[k].head, &r))
            k++;
        if (k == b->n) {
            bool back = p->from_object && p->inverse_label[0];
            mkg_view name = mkg__view(p->relation, strlen(p->relation));
            if (back) name = mkg__relation_inverse(p->relation);
            b->g[b->n++] = (group){r, name, 0};
        }
        b->g[k].items |= (uint64_t)1 << i;
        b->all |= (uint64_t)1 << i;
    }
}

/* ---- slots ---- */

/* "headache [2]": the item of piece i with its citation, and that of its mate, then
 * `next`. */
static uint32_t item(builder *b, unsigned i, uint32_t next)
{
    unsigned mate = b->mate[i];
    b->text.len = 0;
    mkg__compact_item(&b->text, &b->e->pieces[i], b->e->lang);
    mkg__buf_printf(&b->text, b->zh ? "[%u]" : " [%u]", i + 1);
    if (mate) mkg__buf_printf(&b->text, "[%u]", mate);
    uint32_t t = mkg__pattern_text(b->p, view_of(b), next);
    if (mate) t = mkg__pattern_use(b->p, mate - 1, t);
    return mkg__pattern_use(b->p, i, t);
}

static uint32_t any_item(builder *b, uint64_t items, uint32_t next)
{
    uint32_t choice = mkg__pattern_choice(b->p);
    for (unsigned i = 0; i < b->pieces; i++)
        if (items >> i & 1) also(b, choice, item(b, i, next));
    return choice;
}

static uint32_t make_list(builder *b, uint64_t items, uint32_t next)
{
    static const char *const last_zh[] = {"和", "以及", NULL};
    static const char *const last_en[] = {" and ", ", and ", NULL};
    const char *const *last = b->zh ? last_zh : last_en;
    uint32_t behind = mkg__pattern_choice(b->p);
    uint32_t list = any_item(b, items, behind);

    also(b, behind, next);
    if (!(items & (items - 1))) return list;
    uint32_t comma = text(b, b->zh ? "、" : ", ", list);
    also(b, behind, mkg__pattern_left(b->p, items, comma));
    uint32_t end = any_item(b, items, next);
    for (; *last; last++)
        also(b, behind, mkg__pattern_left(b->p, items, text(b, *last, end)));
    return list;
}

/* Items, each once: "A [1]", "A [1] and B [2]", "A [1], B [2] and C [3]". */
static uint32_t list(builder *b, uint64_t items, uint32_t next)
{
    for (size_t i = 0; i < b->n_lists && i < LISTS; i++)
        if (b->lists[i].items == items && b->lists[i].next == next)
            return b->lists[i].list;
    size_t i = b->n_lists++ % LISTS;
    b->lists[i].items = items;
    b->lists[i].next = next;
    return b->lists[i].list = make_list(b, items, next);
}

/* A part that nothing is like. */
static uint32_t never(builder *b)
{
    return mkg__pattern_choice(b->p);
}

static uint32_t put(builder *b, bool capital, uint32_t next)
{
    mkg_view v = view_of(b);
    if (capital && v.len && v.ptr[0] >= 'a' && v.ptr[0] <= 'z')
        b->text.ptr[0] = (char)(b->text.ptr[0] - 'a' + 'A');
    return mkg__pattern_text(b->p, v, next);
}

static uint32_t name(builder *b, const char *s, bool capital, uint32_t next)
{
    b->text.len = 0;
    mkg__compact_name(&b->text, s, b->e->lang);
    return put(b, capital, next);
}

/* The whole question is no thing that one could say is missing. */
static bool can_miss(const builder *b, size_t i)
{
    const char *what = b->e->missing[i].what;
    return what[0] && strcmp(what, b->e->question) != 0;
}

static uint32_t any_missing(builder *b, uint32_t next)
{
    uint32_t choice = mkg__pattern_choice(b->p);
    for (size_t i = 0; i < b->e->nmissing; i++)
        if (can_miss(b, i))
            also(b, choice, name(b, b->e->missing[i].what, false, next));
    return choice;
}

static uint32_t tell(builder *b, const group *g, bool capital, uint32_t next);
static uint32_t state_it(builder *b, const group *g, bool capital, uint32_t next);

static uint32_t slot(builder *b, char kind, const fill *f, bool capital, uint32_t next)
{
    switch (kind) {
    case 's':
        return f->g ? name(b, f->g->head.of, capital, next) : never(b);
    case 'o':
        return f->g ? list(b, f->g->items, next) : never(b);
    case 'l':
    case 'L':
        return f->g ? name(b, f->g->head.label, capital, next) : never(b);
    case 't':
        return f->h ? name(b, f->h->head.of, capital, next) : never(b);
    case 'm':
        return any_missing(b, next);
    case 'a':
    case 'b':
        return f->source[kind - 'a'] ? name(b, f->source[kind - 'a'], capital, next)
                                     : never(b);
    case 'T':
        return f->t ? state_it(b, f->t, capital, next) : f->fact ? f->fact : never(b);
    case 'U':
        return f->d ? state_it(b, f->d, capital, next) : never(b);
    case 'D':
        return f->d ? tell(b, f->d, capital, next) : f->fact ? f->fact : never(b);
    default:
        return never(b);
    }
}

/* ---- lines ---- */

/* What a line is made of: letters, a slot, or a choice "(a|b)". */
typedef struct token {
    mkg_view v; /* of a choice: what stands between the brackets */
    char kind;  /* 0: letters, '(' a choice, else the slot's letter */
} token;

static size_t closing(mkg_view t, size_t at)
{
    size_t depth = 0;
    for (; at < t.len; at++) {
        if (t.ptr[at] == '(') depth++;
        if (t.ptr[at] == ')' && --depth == 0) break;
    }
    return at;
}

static size_t take_apart(mkg_view t, token out[TOKENS])
{
    size_t n = 0, from = 0, i = 0;
    while (i < t.len && n + 2 < TOKENS) {
        bool slot_here = t.ptr[i] == '{' && i + 2 < t.len && t.ptr[i + 2] == '}';
        if (!slot_here && t.ptr[i] != '(') {
            i++;
            continue;
        }
        if (i > from) out[n++] = (token){mkg__view(t.ptr + from, i - from), 0};
        size_t end = slot_here ? i + 3 : closing(t, i) + 1;
        if (end > t.len) end = t.len;
        if (slot_here)
            out[n++] = (token){mkg__view(t.ptr + i, 3), t.ptr[i + 1]};
        else
            out[n++] = (token){mkg__view(t.ptr + i + 1, end - i - 2), '('};
        from = i = end;
    }
    if (t.len > from) out[n++] = (token){mkg__view(t.ptr + from, t.len - from), 0};
    return n;
}

static uint32_t line(builder *b, mkg_view t, const fill *f, bool capital,
                     unsigned depth, uint32_t next);

static uint32_t choice_of(builder *b, mkg_view t, const fill *f, bool capital,
                          unsigned depth, uint32_t next)
{
    uint32_t choice = mkg__pattern_choice(b->p);
    size_t level = 0, from = 0;
    for (size_t i = 0; i <= t.len; i++) {
        if (i < t.len && t.ptr[i] == '(') level++;
        if (i < t.len && t.ptr[i] == ')') level--;
        if (i < t.len && (t.ptr[i] != '|' || level)) continue;
        mkg_view part = mkg__view(t.ptr + from, i - from);
        also(b, choice, line(b, part, f, capital, depth + 1, next));
        from = i + 1;
    }
    return choice;
}

/* A line of the table, with what stands for its slots, then `next`. */
static uint32_t line(builder *b, mkg_view t, const fill *f, bool capital,
                     unsigned depth, uint32_t next)
{
    token k[TOKENS];
    size_t n = take_apart(t, k);
    uint32_t at = next;
    if (depth > DEPTH) return never(b);
    for (size_t i = n; i-- > 0 && at;) {
        bool first = capital && i == 0;
        if (k[i].kind == '(') {
            at = choice_of(b, k[i].v, f, first, depth, at);
        } else if (k[i].kind) {
            at = slot(b, k[i].kind, f, first, at);
        } else {
            b->text.len = 0;
            mkg__buf_put(&b->text, k[i].v.ptr, k[i].v.len);
            at = put(b, first, at);
        }
    }
    return at;
}

typedef struct lines {
    const mkg__wording *at;
    size_t n;
} lines;

static lines lines_of(const builder *b, mkg__wording_kind kind)
{
    if (!b->frames) return (lines){NULL, 0};
    const struct mkg__wording_list *l = &b->frames->lists[kind][!b->zh];
    return (lines){l->at, l->n};
}

static bool is_for(const mkg__wording *w, mkg_view relation)
{
    mkg_view rest = w->of;
    while (rest.len) {
        const char *end = memchr(rest.ptr, ';', rest.len);
        size_t n = end ? (size_t)(end - rest.ptr) : rest.len;
        if (mkg__view_eq(mkg__view(rest.ptr, n), relation)) return true;
        n += end != NULL;
        rest = mkg__view(rest.ptr + n, rest.len - n);
    }
    return false;
}

/* ---- facts ---- */

/* "{s} – label: {o}" where the vocabulary has no better pattern. */
static void add_own_pattern(builder *b, const group *g, const fill *f, bool capital,
                            uint32_t choice, uint32_t next)
{
    static const char colon_zh[] = "{s}的{l}：{o}", colon_en[] = "{s} – {l}: {o}";
    const char *pattern = b->zh ? colon_zh : colon_en;
    /* A pattern of the vocabulary has no choices: its brackets are letters. */
    const char *own = g->head.sentence;
    if (own[0] && !strchr(own, '(')) pattern = own;
    bool first_is_name = strncmp(pattern, "{s}", 3) == 0;
    also(b, choice, line(b, mkg__view(pattern, strlen(pattern)), f, capital, 0, next));
    /* A name may keep its small letter at the beginning. */
    if (capital && first_is_name)
        also(b, choice,
             line(b, mkg__view(pattern, strlen(pattern)), f, false, 0, next));
}

/* The group as a statement, then `next`. */
static uint32_t state_it(builder *b, const group *g, bool capital, uint32_t next)
{
    uint32_t choice = mkg__pattern_choice(b->p);
    lines l = lines_of(b, MKG__W_TELL);
    fill f = {.g = g};
    for (size_t i = 0; i < l.n; i++)
        if (l.at[i].of.len == 0 || is_for(&l.at[i], g->relation))
            also(b, choice, line(b, l.at[i].text, &f, capital, 0, next));
    add_own_pattern(b, g, &f, capital, choice, next);
    return mkg__pattern_left(b->p, g->items, choice);
}

/* The group, as it is stated or denied, then `next`. */
static uint32_t tell(builder *b, const group *g, bool capital, uint32_t next)
{
    if (!g->head.denied) return state_it(b, g, capital, next);
    uint32_t choice = mkg__pattern_choice(b->p);
    lines l = lines_of(b, MKG__W_DENIED);
    fill f = {.fact = state_it(b, g, false, next)};
    for (size_t i = 0; i < l.n; i++)
        also(b, choice, line(b, l.at[i].text, &f, capital, 0, next));
    uint32_t own = text(b, b->zh ? "资料否认：" : "The source denies this: ",
                        b->zh ? f.fact : state_it(b, g, true, next));
    also(b, choice, own);
    return mkg__pattern_left(b->p, g->items, choice);
}

static void add_facts(builder *b)
{
    for (size_t i = 0; i < b->n; i++) {
        uint32_t t = tell(b, &b->g[i], false, b->behind);
        also(b, b->fact, t);
        also(b, b->sentence, b->zh ? t : tell(b, &b->g[i], true, b->behind));
    }
}

/* ---- what two things have in common ---- */

/* The items that both have, of the first; notes the others as their mates. */
static uint64_t find_common(builder *b, const group *g, const group *h)
{
    uint64_t items = 0, taken = 0;
    for (unsigned i = 0; i < b->pieces; i++) {
        if (!(g->items >> i & 1)) continue;
        const char *name_i = mkg__read_piece(&b->e->pieces[i]).item;
        for (unsigned k = 0; k < b->pieces; k++) {
            bool same = h->items >> k & 1 && !(taken >> k & 1) &&
                        strcmp(name_i, mkg__read_piece(&b->e->pieces[k]).item) == 0;
            if (!same) continue;
            items |= (uint64_t)1 << i;
            taken |= (uint64_t)1 << k;
            b->mate[i] = (uint8_t)(k + 1);
            break;
        }
    }
    return items;
}

/* "Both A and B have C [1][4]." As an answer begins, none of it is told yet. */
static void add_shared(builder *b, const group *g, const group *h)
{
    lines l = lines_of(b, MKG__W_SHARED);
    if (g->head.denied || h->head.denied || g->head.literal || h->head.literal ||
        strcmp(g->head.label, h->head.label) != 0 ||
        strcmp(g->head.of, h->head.of) == 0)
        return;
    group common = *g;
    common.items = find_common(b, g, h);
    b->n_lists = 0; /* lists without mates are other ones */
    group turned = *h;
    turned.items = common.items;
    fill f = {.g = &common, .h = h}, other = {.g = &turned, .h = g};
    for (size_t i = 0; i < l.n && common.items; i++)
        if (l.at[i].of.len == 0 || is_for(&l.at[i], g->relation)) {
            also(b, b->opening, line(b, l.at[i].text, &f, true, 0, b->behind));
            also(b, b->opening, line(b, l.at[i].text, &other, true, 0, b->behind));
        }
    memset(b->mate, 0, sizeof b->mate);
    b->n_lists = 0;
}

static void add_all_shared(builder *b)
{
    size_t pairs = 0;
    for (size_t i = 0; i < b->n; i++)
        for (size_t k = i + 1; k < b->n && pairs < PAIRS; k++, pairs++)
            add_shared(b, &b->g[i], &b->g[k]);
}

/* ---- openings ---- */

/* Lines of a kind in front of the facts that they go with. An answer begins with them,
 * so that none of the facts is told yet. */
static void add_opening(builder *b, mkg__wording_kind kind, bool denied)
{
    lines l = lines_of(b, kind);
    for (size_t i = 0; i < l.n; i++) {
        const mkg__wording *w = &l.at[i];
        uint32_t facts = mkg__pattern_choice(b->p);
        uint64_t items = 0;
        for (size_t k = 0; k < b->n; k++) {
            const group *g = &b->g[k];
            size_t first = 0;
            while (!(g->items >> first & 1))
                first++;
            const char *forward = b->e->pieces[first].relation;
            bool fits = w->of.len == 0 || is_for(w, g->relation) ||
                        is_for(w, mkg__view(forward, strlen(forward)));
            if (g->head.denied != denied || !fits) continue;
            also(b, facts, tell(b, g, false, b->behind));
            items |= g->items;
        }
        fill f = {.fact = facts};
        if (!items) continue;
        also(b, b->opening, line(b, w->text, &f, true, 0, b->stop));
        b->opens = true;
    }
}

/* Of a group the items that have this piece's source. */
static group of_source(const builder *b, size_t piece)
{
    group out = b->g[0];
    for (size_t i = 0; i < b->n; i++)
        if (b->g[i].items >> piece & 1) out = b->g[i];
    for (size_t i = 0; i < b->pieces; i++)
        if (strcmp(b->e->pieces[i].source, b->e->pieces[piece].source) != 0)
            out.items &= ~((uint64_t)1 << i);
    return out;
}

static void add_dispute(builder *b, mkg__wording_kind kind, size_t one, size_t other)
{
    lines l = lines_of(b, kind);
    group t = of_source(b, one), d = of_source(b, other);
    fill f = {.t = &t,
              .d = &d,
              .source = {b->e->pieces[one].source, b->e->pieces[other].source}};
    if (t.items & d.items) return; /* told by one, the other would have nothing left */
    for (size_t i = 0; i < l.n; i++) {
        also(b, b->opening, line(b, l.at[i].text, &f, true, 0, b->behind));
        b->opens = true;
    }
}

/* One source states what the other denies, or two statements speak against each other.
 */
static void add_disputes(builder *b)
{
    for (size_t i = 0; i < b->e->nconflicts && i < DISPUTES; i++) {
        const mkg_conflict *c = &b->e->conflicts[i];
        if (c->a >= b->pieces || c->b >= b->pieces) continue;
        bool no_a = b->e->pieces[c->a].denied, no_b = b->e->pieces[c->b].denied;
        if (!no_a && no_b) add_dispute(b, MKG__W_DISPUTED, c->a, c->b);
        if (no_a && !no_b) add_dispute(b, MKG__W_DISPUTED, c->b, c->a);
        if (no_a || no_b) continue;
        add_dispute(b, MKG__W_OPPOSED, c->a, c->b);
        add_dispute(b, MKG__W_OPPOSED, c->b, c->a);
    }
}

static void add_openings(builder *b)
{
    switch (b->e->verdict) {
    case MKG_VERDICT_YES:
        add_opening(b, MKG__W_YES, false);
        add_opening(b, MKG__W_MAYYES, false);
        add_opening(b, MKG__W_MAYYESDENIED, true);
        break;
    case MKG_VERDICT_NO:
        add_opening(b, MKG__W_NO, true);
        add_opening(b, MKG__W_MAYNO, false);
        break;
    case MKG_VERDICT_DISPUTED:
        add_disputes(b);
        break;
    case MKG_VERDICT_NONE:
        add_opening(b, MKG__W_UNSURE, false);
        add_opening(b, MKG__W_UNSURE, true);
        add_all_shared(b);
        break;
    }
}

/* ---- what is missing, and what stands between facts ---- */

/* What a line has behind {T}. */
static mkg_view behind_fact(mkg_view t)
{
    for (size_t i = 0; i + 3 <= t.len; i++)
        if (memcmp(t.ptr + i, "{T}", 3) == 0)
            return mkg__view(t.ptr + i + 3, t.len - i - 3);
    return mkg__view("", 0);
}

static void add_joints(builder *b)
{
    lines l = lines_of(b, MKG__W_WHILE);
    for (size_t i = 0; i < l.n; i++) {
        mkg_view v = behind_fact(l.at[i].text);
        if (v.len < 3) continue;
        v.len -= 3; /* {U} */
        /* A stop between two sentences is there anyway. */
        if (memchr(v.ptr, '.', v.len) || (v.len == 3 && memcmp(v.ptr, "。", 3) == 0))
            continue;
        uint32_t t = mkg__pattern_text(b->p, v, b->fact);
        also(b, b->behind, mkg__pattern_left(b->p, b->all, t));
    }
}

static void add_missing(builder *b, uint32_t start)
{
    static const fill nothing = {.g = NULL};
    lines none = lines_of(b, MKG__W_NOTHING), l = lines_of(b, MKG__W_NONEMISSING);
    uint32_t end = text(b, b->zh ? "。" : ".", mkg__pattern_end(b->p));
    bool decided = b->opens && b->e->verdict != MKG_VERDICT_NONE;
    if (decided) none.n = l.n = 0; /* the facts do answer */
    for (size_t i = 0; i < none.n; i++)
        also(b, start, line(b, none.at[i].text, &nothing, true, 0, end));
    size_t missing = 0;
    for (size_t i = 0; i < b->e->nmissing; i++)
        missing += can_miss(b, i);
    if (!missing) return;
    for (size_t i = 0; i < l.n; i++)
        also(b, start, line(b, l.at[i].text, &nothing, true, 0, end));
    l = lines_of(b, MKG__W_BUTMISSING);
    for (size_t i = 0; i < l.n; i++) {
        mkg_view v = behind_fact(l.at[i].text);
        also(b, b->behind, line(b, v, &nothing, false, 0, b->stop));
    }
}

static uint32_t build(builder *b)
{
    uint32_t start = mkg__pattern_choice(b->p), next = mkg__pattern_choice(b->p);
    b->sentence = mkg__pattern_choice(b->p);
    b->opening = mkg__pattern_choice(b->p);
    b->fact = mkg__pattern_choice(b->p);
    b->behind = mkg__pattern_choice(b->p);
    b->stop = text(b, b->zh ? "。" : ".", next);
    find_groups(b);
    also(b, next, mkg__pattern_end(b->p));
    uint32_t more = text(b, b->zh ? "" : " ", b->sentence);
    also(b, next, mkg__pattern_left(b->p, b->all, more));
    also(b, b->behind, b->stop);
    add_facts(b);
    add_joints(b);
    add_openings(b);
    add_missing(b, start);
    also(b, start, b->opening);
    /* What the facts say to a question of whether comes first. */
    if (!b->opens || b->e->verdict == MKG_VERDICT_NONE) also(b, start, b->sentence);
    return start;
}

mkg_status mkg__ground_machine(const mkg_evidence *e, size_t pieces,
                               const mkg__wordings *frames, mkg__automaton **out,
                               mkg_err *err)
{
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
    return mkg__pattern_automaton(b.p, b.failed ? 0 : start, out, err);
}

mkg_status mkg__ground_closed(const mkg_lexicon *lex, const mkg_evidence *e,
                              size_t pieces, const mkg__wordings *frames,
                              mkg_constraint **out, mkg_err *err)
{
    mkg__automaton *a;
    *out = NULL;
    mkg_status st = mkg__ground_machine(e, pieces, frames, &a, err);
    return st < 0 ? st : mkg__constraint_take(lex, a, out, err);
}
