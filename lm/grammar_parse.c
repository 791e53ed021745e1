/* GBNF to sequences of byte ranges and rules. Groups and repeats become rules of their
 * own, characters become bytes. */
#include "lm/grammar_internal.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20, DEPTH_MAX = 64, REPEAT_MAX = 1000, LAST_CHAR = 0x10ffff };
#define NO_LIMIT UINT32_MAX

typedef struct parser {
    const char *p, *end;
    mkg__program *prog;
    mkg__map names; /* rule + 1 */
    unsigned depth;
    mkg_err *err;
} parser;

/* The elements of a sequence until it is complete: groups inside it come first. */
typedef struct sequence {
    mkg__elem *e;
    size_t n, cap;
    size_t last; /* where the last item begins */
} sequence;

static mkg_status bad(const parser *ps, const char *at, const char *what)
{
    return mkg__program_bad(ps->prog, at, ps->err, "%s", what);
}

/* ---- the program ---- */

bool mkg__program_elem(mkg__program *p, mkg__elem e)
{
    if (p->n_elems >= MKG__GRAMMAR_ELEMS ||
        !mkg__grow(&p->elems, &p->cap_elems, p->n_elems + 1, sizeof e))
        return false;
    p->elems[p->n_elems++] = e;
    return true;
}

bool mkg__program_alt(mkg__program *p, uint32_t rule)
{
    mkg__rule *r = &p->rules[rule];
    if (!mkg__grow(&r->alts, &r->cap, r->n + 1, sizeof *r->alts)) return false;
    r->alts[r->n++] = (uint32_t)p->n_elems;
    return true;
}

mkg_status mkg__program_bad(const mkg__program *p, const char *at, mkg_err *err,
                            const char *fmt, ...)
{
    char msg[200];
    uint32_t line = 1, col = 1;
    va_list ap;
    for (const char *q = p->text.ptr; q < at; q++) {
        col++;
        if (*q == '\n') {
            line++;
            col = 1;
        }
    }
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    return mkg__fail_at(err, MKG_EARG, "grammar", line, col, "%s", msg);
}

void mkg__program_clear(mkg__program *p)
{
    for (size_t i = 0; i < p->n_rules; i++)
        mkg__free(p->rules[i].alts);
    mkg__free(p->rules);
    mkg__free(p->elems);
    *p = (mkg__program){0};
}

static mkg_status too_large(const parser *ps)
{
    return mkg__fail(ps->err, MKG_ENOMEM, "grammar: too large, or out of memory");
}

static mkg_status add_rule(parser *ps, uint32_t *out)
{
    mkg__program *p = ps->prog;
    if (p->n_rules >= MKG__GRAMMAR_RULES ||
        !mkg__grow(&p->rules, &p->cap_rules, p->n_rules + 1, sizeof *p->rules))
        return too_large(ps);
    *out = (uint32_t)p->n_rules;
    p->rules[p->n_rules++] = (mkg__rule){0};
    return MKG_OK;
}

static mkg_status add_alt(parser *ps, uint32_t rule, const mkg__elem *e, size_t n)
{
    bool ok = mkg__program_alt(ps->prog, rule);
    for (size_t i = 0; i < n && ok; i++)
        ok = mkg__program_elem(ps->prog, e[i]);
    ok = ok && mkg__program_elem(ps->prog, (mkg__elem){.kind = MKG__ELEM_END});
    return ok ? MKG_OK : too_large(ps);
}

static mkg__elem rule_elem(uint32_t rule)
{
    return (mkg__elem){.kind = MKG__ELEM_RULE, .rule = rule};
}

static mkg_status push(parser *ps, sequence *s, mkg__elem e)
{
    if (s->n >= MKG__GRAMMAR_ELEMS || !mkg__grow(&s->e, &s->cap, s->n + 1, sizeof e))
        return too_large(ps);
    s->e[s->n++] = e;
    return MKG_OK;
}

/* ---- characters ---- */

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static mkg_status read_escape(parser *ps, const char *at, uint32_t *c)
{
    char k = ps->p < ps->end ? *ps->p++ : '\0';
    unsigned digits = k == 'x' ? 2 : k == 'u' ? 4 : k == 'U' ? 8 : 0;
    *c = k == 'n' ? '\n' : k == 'r' ? '\r' : k == 't' ? '\t' : (unsigned char)k;
    if (digits) {
        *c = 0;
        for (; digits > 0; digits--) {
            int d = ps->p < ps->end ? hex(*ps->p++) : -1;
            if (d < 0) return bad(ps, at, "an escape without its hexadecimal digits");
            *c = *c << 4 | (uint32_t)d;
        }
    } else if (k == '\0' || !strchr("nrt\\\"[]^-", k)) {
        return bad(ps, at, "an unknown escape");
    }
    if (*c == 0 || *c > LAST_CHAR || (*c >= 0xd800 && *c <= 0xdfff))
        return bad(ps, at, "an escape that is no character");
    return MKG_OK;
}

/* One character of a literal or a class. */
static mkg_status read_char(parser *ps, uint32_t *c)
{
    size_t len;
    const char *at = ps->p;
    if (*at == '\\') {
        ps->p++;
        return read_escape(ps, at, c);
    }
    *c = mkg__utf8_decode(ps->p, (size_t)(ps->end - ps->p), &len);
    ps->p += len;
    return MKG_OK;
}

static mkg_status read_literal(parser *ps, sequence *s)
{
    const char *at = ps->p++;
    mkg_status st = MKG_OK;
    while (ps->p < ps->end && *ps->p != '"') {
        const char *from = ps->p;
        uint32_t c;
        if ((st = read_char(ps, &c)) < 0) return st;
        unsigned char utf8[4];
        size_t n = (size_t)(ps->p - from);
        if (*from == '\\')
            n = mkg__char_bytes(c, utf8);
        else
            memcpy(utf8, from, n);
        for (size_t i = 0; i < n && st >= 0; i++)
            st = push(
                ps, s,
                (mkg__elem){.kind = MKG__ELEM_BYTES, .lo = utf8[i], .hi = utf8[i]});
        if (st < 0) return st;
    }
    if (ps->p == ps->end) return bad(ps, at, "a literal without its closing '\"'");
    ps->p++;
    return MKG_OK;
}

typedef struct range {
    uint32_t from, to;
} range;

static int by_from(const void *a, const void *b)
{
    const range *x = a, *y = b;
    return x->from < y->from ? -1 : x->from > y->from;
}

static mkg_status put_range(parser *ps, uint32_t rule, uint32_t from, uint32_t to)
{
    if (from > to) return MKG_OK;
    return mkg__program_chars(ps->prog, rule, from, to) ? MKG_OK : too_large(ps);
}

/* The characters of r (n), or all but them, as an element. `at`: for a message. */
static mkg_status put_class(parser *ps, sequence *s, range *r, size_t n, bool but,
                            const char *at)
{
    uint32_t rule, next = 1; /* the first character not yet covered; NUL never is */
    mkg_status st = add_rule(ps, &rule);
    if (st < 0) return st;
    qsort(r, n, sizeof *r, by_from);
    for (size_t i = 0; i < n && st >= 0; i++) {
        uint32_t from = r[i].from > next ? r[i].from : next;
        if (but)
            st = put_range(ps, rule, next, r[i].from - 1);
        else
            st = put_range(ps, rule, from, r[i].to);
        if (r[i].to >= next) next = r[i].to + 1;
    }
    if (but && st >= 0) st = put_range(ps, rule, next, LAST_CHAR);
    if (st < 0) return st;
    mkg__rule *made = &ps->prog->rules[rule];
    made->defined = true;
    if (made->n == 0) return bad(ps, at, "a class that matches nothing");
    const mkg__elem *e = &ps->prog->elems[made->alts[0]];
    bool one_byte = made->n == 1 && e[1].kind == MKG__ELEM_END;
    return push(ps, s, one_byte ? *e : rule_elem(rule));
}

static mkg_status read_class(parser *ps, sequence *s)
{
    const char *at = ps->p++;
    range *r = NULL;
    size_t n = 0, cap = 0;
    mkg_status st = MKG_OK;
    bool but = ps->p < ps->end && *ps->p == '^';
    if (but) ps->p++;
    while (ps->p < ps->end && *ps->p != ']') {
        range one;
        const char *from = ps->p;
        MKG_GO(read_char(ps, &one.from));
        one.to = one.from;
        if (ps->end - ps->p >= 2 && *ps->p == '-' && ps->p[1] != ']') {
            ps->p++;
            MKG_GO(read_char(ps, &one.to));
        }
        if (one.to < one.from) {
            st = bad(ps, from, "a range whose end is before its beginning");
            goto out;
        }
        if (!mkg__grow(&r, &cap, n + 1, sizeof *r)) {
            st = too_large(ps);
            goto out;
        }
        r[n++] = one;
    }
    if (ps->p == ps->end || n == 0) {
        st = bad(ps, at, n ? "a class without its closing ']'" : "an empty class");
        goto out;
    }
    ps->p++;
    MKG_GO(put_class(ps, s, r, n, but, at));
out:
    mkg__free(r);
    return st;
}

/* ---- repeats ---- */

static mkg_status read_number(parser *ps, uint32_t *out)
{
    const char *at = ps->p;
    uint32_t v = 0;
    while (ps->p < ps->end && *ps->p >= '0' && *ps->p <= '9' && v <= REPEAT_MAX)
        v = v * 10 + (uint32_t)(*ps->p++ - '0');
    if (ps->p == at) return bad(ps, at, "a number is missing in a repeat");
    if (v > REPEAT_MAX) return bad(ps, at, "a repeat of more than 1000");
    *out = v;
    return MKG_OK;
}

static mkg_status read_counts(parser *ps, uint32_t *least, uint32_t *most)
{
    const char *at = ps->p;
    char c = *ps->p++;
    *least = c == '+';
    *most = c == '?' ? 1 : NO_LIMIT;
    if (c != '{') return MKG_OK;
    mkg_status st = read_number(ps, least);
    if (st < 0) return st;
    *most = *least;
    if (ps->p < ps->end && *ps->p == ',') {
        ps->p++;
        *most = NO_LIMIT;
        if (ps->p < ps->end && *ps->p != '}' && (st = read_number(ps, most)) < 0)
            return st;
    }
    if (ps->p == ps->end || *ps->p != '}')
        return bad(ps, at, "a repeat without its closing '}'");
    ps->p++;
    if (*most < *least)
        return bad(ps, at, "a repeat whose end is before its beginning");
    return MKG_OK;
}

/* x* is R ::= x R | nothing; of x{0,n} each rule holds one x and the next rule. */
static mkg_status repeat(parser *ps, sequence *s, uint32_t least, uint32_t most)
{
    mkg__elem x[2];
    uint32_t rule;
    mkg_status st = MKG_OK;
    if (s->n == s->last) return MKG_OK; /* of nothing */
    if (s->n - s->last > 1) {           /* of several elements: make them one */
        if ((st = add_rule(ps, &rule)) < 0) return st;
        ps->prog->rules[rule].defined = true;
        if ((st = add_alt(ps, rule, s->e + s->last, s->n - s->last)) < 0) return st;
        s->e[s->last] = rule_elem(rule);
    }
    x[0] = s->e[s->last];
    s->n = s->last;
    for (uint32_t i = 0; i < least && st >= 0; i++)
        st = push(ps, s, x[0]);
    size_t tail = 1;
    for (uint32_t i = least; i < most && st >= 0; i++) {
        if ((st = add_rule(ps, &rule)) < 0) return st;
        ps->prog->rules[rule].defined = true;
        if (most == NO_LIMIT) {
            x[1] = rule_elem(rule);
            tail = 2;
        }
        if ((st = add_alt(ps, rule, x, tail)) < 0) return st;
        if ((st = add_alt(ps, rule, NULL, 0)) < 0) return st;
        x[1] = rule_elem(rule);
        tail = 2;
        if (most == NO_LIMIT) break;
    }
    if (most > least && st >= 0) st = push(ps, s, x[1]);
    return st;
}

/* ---- rules ---- */

static void skip_blanks(parser *ps)
{
    while (ps->p < ps->end) {
        if (*ps->p == '#')
            while (ps->p < ps->end && *ps->p != '\n')
                ps->p++;
        else if (!strchr(" \t\r\n", *ps->p))
            return;
        else
            ps->p++;
    }
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '_';
}

static mkg_view read_name(parser *ps)
{
    const char *at = ps->p;
    while (ps->p < ps->end && is_name_char(*ps->p))
        ps->p++;
    return mkg__view(at, (size_t)(ps->p - at));
}

/* The rule of this name, made where it is not known yet. */
static mkg_status find_rule(parser *ps, mkg_view name, uint32_t *out)
{
    mkg_id *id = mkg__map_put(&ps->names, name.ptr, name.len);
    if (!id) return mkg__nomem(ps->err);
    if (*id == MKG_ID_NONE) {
        mkg_status st = add_rule(ps, out);
        if (st < 0) return st;
        *id = *out + 1;
        ps->prog->rules[*out].name = name;
    }
    *out = *id - 1;
    return MKG_OK;
}

static bool at_definition(parser *ps)
{
    skip_blanks(ps);
    return ps->end - ps->p >= 3 && memcmp(ps->p, "::=", 3) == 0;
}

static mkg_status read_alternatives(parser *ps, uint32_t rule);

static mkg_status read_group(parser *ps, sequence *s)
{
    const char *at = ps->p++;
    uint32_t rule;
    if (++ps->depth > DEPTH_MAX) return bad(ps, at, "groups in groups too deep");
    mkg_status st = add_rule(ps, &rule);
    if (st < 0) return st;
    ps->prog->rules[rule].defined = true;
    if ((st = read_alternatives(ps, rule)) < 0) return st;
    if (ps->p == ps->end || *ps->p != ')')
        return bad(ps, at, "a group without its closing ')'");
    ps->p++;
    ps->depth--;
    return push(ps, s, rule_elem(rule));
}

/* A name in a sequence: a rule, or (*done) the beginning of the next definition. */
static mkg_status read_reference(parser *ps, sequence *s, bool *done)
{
    uint32_t rule;
    mkg_view name = read_name(ps);
    const char *behind = ps->p;
    *done = at_definition(ps);
    ps->p = *done ? name.ptr : behind;
    if (*done && ps->depth > 0) return bad(ps, name.ptr, "a definition inside a group");
    if (*done) return MKG_OK;
    mkg_status st = find_rule(ps, name, &rule);
    return st < 0 ? st : push(ps, s, rule_elem(rule));
}

/* One item, and what repeats it; *done at the end of the sequence. */
static mkg_status read_item(parser *ps, sequence *s, bool *done)
{
    uint32_t least, most;
    range any = {1, LAST_CHAR};
    mkg_status st;
    size_t from = s->n;
    *done = ps->p == ps->end || *ps->p == '|' || *ps->p == ')';
    if (*done) return MKG_OK;
    char c = *ps->p;
    if (strchr("*+?{", c)) {
        if (s->last == SIZE_MAX) return bad(ps, ps->p, "a repeat of nothing");
        if ((st = read_counts(ps, &least, &most)) < 0) return st;
        return repeat(ps, s, least, most);
    }
    if (c == '"') {
        st = read_literal(ps, s);
    } else if (c == '[') {
        st = read_class(ps, s);
    } else if (c == '(') {
        st = read_group(ps, s);
    } else if (c == '.') {
        st = put_class(ps, s, &any, 1, false, ps->p++);
    } else if (is_name_char(c)) {
        st = read_reference(ps, s, done);
    } else {
        return bad(ps, ps->p, "an unexpected character");
    }
    s->last = from;
    return st;
}

static mkg_status read_alternatives(parser *ps, uint32_t rule)
{
    mkg_status st = MKG_OK;
    sequence s = {0};
    bool done = false, more = true;
    while (more) {
        s.n = 0;
        s.last = SIZE_MAX;
        for (done = false; !done;) {
            skip_blanks(ps);
            MKG_GO(read_item(ps, &s, &done));
        }
        MKG_GO(add_alt(ps, rule, s.e, s.n));
        more = ps->p < ps->end && *ps->p == '|';
        if (more) ps->p++;
    }
out:
    mkg__free(s.e);
    return st;
}

static mkg_status read_definition(parser *ps)
{
    const char *at = ps->p;
    uint32_t rule;
    mkg_view name = read_name(ps);
    if (name.len == 0 || !at_definition(ps))
        return bad(ps, at, "a rule is wanted here: NAME ::= ...");
    ps->p += 3;
    mkg_status st = find_rule(ps, name, &rule);
    if (st < 0) return st;
    if (ps->prog->rules[rule].defined) return bad(ps, at, "the rule is defined twice");
    ps->prog->rules[rule].defined = true;
    return read_alternatives(ps, rule);
}

static mkg_status finish(parser *ps)
{
    const mkg__program *p = ps->prog;
    for (size_t i = 0; i < p->n_rules; i++)
        if (!p->rules[i].defined)
            return mkg__program_bad(
                p, p->rules[i].name.ptr, ps->err, "the rule '%.*s' is not defined",
                mkg__clip(p->rules[i].name, 80), p->rules[i].name.ptr);
    const mkg_id *root = mkg__map_get(&ps->names, "root", 4);
    if (!root) return mkg__fail(ps->err, MKG_EARG, "grammar: there is no rule 'root'");
    ps->prog->root = *root - 1;
    return mkg__program_check(p, ps->err);
}

mkg_status mkg__program_parse(mkg_view text, mkg__program *out, mkg_err *err)
{
    if (text.len == 0) text.ptr = "";
    parser ps = {.p = text.ptr, .end = text.ptr + text.len, .prog = out, .err = err};
    mkg_status st = MKG_OK;
    size_t wrong;
    *out = (mkg__program){.text = text};
    if (text.len > TEXT_MAX)
        return mkg__fail(err, MKG_EARG, "grammar: longer than 1 MB");
    if (!mkg__utf8_valid(text.ptr, text.len, &wrong))
        return bad(&ps, text.ptr + wrong, "a byte that is not UTF-8");
    for (skip_blanks(&ps); ps.p < ps.end && st >= 0; skip_blanks(&ps)) {
        st = read_definition(&ps);
        if (st >= 0 && ps.p < ps.end && *ps.p == ')')
            st = bad(&ps, ps.p, "a ')' without its '('");
    }
    if (st >= 0) st = finish(&ps);
    mkg__map_clear(&ps.names);
    if (st < 0) mkg__program_clear(out);
    return st;
}
