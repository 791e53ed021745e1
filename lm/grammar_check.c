/* Left recursion: a rule that can begin with itself would be entered without end. */
#include "lm/grammar_internal.h"

#include "base/err.h"
#include "base/text.h"

/* Can the sequence be empty, as far as is known? */
static bool empty_sequence(const mkg__program *p, const bool *nullable, uint32_t at)
{
    const mkg__elem *e = &p->elems[at];
    for (; e->kind != MKG__ELEM_END; e++)
        if (e->kind == MKG__ELEM_BYTES || !nullable[e->rule]) return false;
    return true;
}

/* Each round that changes something settles a rule; nearly always few rounds do. */
static void find_nullable(const mkg__program *p, bool *nullable)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (size_t r = p->n_rules; r-- > 0;) /* made for groups: later, used earlier */
            for (size_t i = 0; i < p->rules[r].n && !nullable[r]; i++)
                if (empty_sequence(p, nullable, p->rules[r].alts[i]))
                    changed = nullable[r] = true;
    }
}

typedef void (*visit_fn)(void *ctx, uint32_t rule);

/* The rules that rule r may begin with. That a repeat of what may be empty begins with
 * itself, at its end, is harmless: nothing is left to come back to. */
static void leftmost(const mkg__program *p, const bool *nullable, uint32_t r,
                     visit_fn visit, void *ctx)
{
    for (size_t i = 0; i < p->rules[r].n; i++) {
        const mkg__elem *e = &p->elems[p->rules[r].alts[i]];
        for (; e->kind == MKG__ELEM_RULE; e++) {
            bool tail = e[1].kind == MKG__ELEM_END && p->rules[r].name.len == 0;
            if (!(tail && e->rule == r)) visit(ctx, e->rule);
            if (!nullable[e->rule]) break;
        }
    }
}

typedef struct sorter {
    uint32_t *waits; /* how many rules may begin with this one, not yet taken off */
    uint32_t *ready;
    size_t n;
} sorter;

static void count_one(void *ctx, uint32_t rule)
{
    ((sorter *)ctx)->waits[rule]++;
}

static void take_off(void *ctx, uint32_t rule)
{
    sorter *s = ctx;
    if (--s->waits[rule] == 0) s->ready[s->n++] = rule;
}

/* Sort the rules by "may begin with" (Kahn); those on a circle stay behind. */
mkg_status mkg__program_check(const mkg__program *p, mkg_err *err)
{
    size_t n = p->n_rules;
    bool *nullable = mkg__calloc(n, sizeof *nullable);
    sorter s = {.waits = mkg__calloc(n, sizeof *s.waits),
                .ready = mkg__calloc(n, sizeof *s.ready)};
    mkg_status st = MKG_OK;
    if (!nullable || !s.waits || !s.ready) {
        st = mkg__nomem(err);
        goto out;
    }
    find_nullable(p, nullable);
    for (uint32_t r = 0; r < n; r++)
        leftmost(p, nullable, r, count_one, &s);
    for (uint32_t r = 0; r < n; r++)
        if (s.waits[r] == 0) s.ready[s.n++] = r;
    for (size_t i = 0; i < s.n; i++)
        leftmost(p, nullable, s.ready[i], take_off, &s);
    for (uint32_t r = 0; r < n && s.n < n; r++)
        if (s.waits[r] && p->rules[r].name.len) {
            st = mkg__program_bad(
                p, p->rules[r].name.ptr, err, "the rule '%.*s' can begin with itself",
                mkg__clip(p->rules[r].name, 80), p->rules[r].name.ptr);
            goto out;
        }
    if (s.n < n)
        st = mkg__fail(err, MKG_EARG, "grammar: a group can begin with itself");
out:
    mkg__free(nullable);
    mkg__free(s.waits);
    mkg__free(s.ready);
    return st;
}
