/* The open constraint: any text, but for citations and numbers. */
#include "lm/ground.h"

#include "base/err.h"
#include "lm/automaton.h"

#include <stdio.h>
#include <string.h>

/* States: TEXT and BEHIND, then the nodes of two tries, of the numbers and of what
 * follows '['. */
enum { TEXT = 1, BEHIND = 2, MARKS = 3, NUMBERS = 4 };

typedef struct node {
    uint32_t child, sibling; /* 0: none */
    unsigned char byte;
    bool end;    /* a number, or a citation with its ']', is whole */
    bool behind; /* a '.' or ',' behind a number that is whole without it */
} node;

typedef struct machine {
    mkg__automaton a;
    node *nodes; /* [0 … 2] unused, [MARKS] and [NUMBERS] are roots */
    size_t n, cap;
} machine;

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static uint32_t child(const machine *m, uint32_t at, unsigned char byte)
{
    uint32_t i = m->nodes[at].child;
    while (i && m->nodes[i].byte != byte)
        i = m->nodes[i].sibling;
    return i;
}

static uint32_t in_text(const machine *m, unsigned char byte)
{
    if (byte == '[') return MARKS;
    return is_digit(byte) ? child(m, NUMBERS, byte) : TEXT;
}

static uint32_t step(mkg__automaton *a, uint32_t at, unsigned char byte)
{
    const machine *m = (machine *)a;
    if (at == MKG__DEAD) return MKG__DEAD;
    if (at == TEXT) return in_text(m, byte);
    if (at == BEHIND) return is_digit(byte) ? MKG__DEAD : in_text(m, byte);
    uint32_t next = child(m, at, byte);
    if (next) return byte == ']' && m->nodes[next].end ? TEXT : next;
    const node *v = &m->nodes[at];
    if (at == MARKS || is_digit(byte) || !(v->end || v->behind)) return MKG__DEAD;
    /* The number is over. A digit behind its '.' would be another one's. */
    return v->end && (byte == '.' || byte == ',') ? BEHIND : in_text(m, byte);
}

static bool accepts(const mkg__automaton *a, uint32_t at)
{
    const machine *m = (const machine *)a;
    return at == TEXT || at == BEHIND ||
           (at > BEHIND && (m->nodes[at].end || m->nodes[at].behind));
}

static void machine_free(mkg__automaton *a)
{
    mkg__free(((machine *)a)->nodes);
    mkg__free(a);
}

static bool put(machine *m, uint32_t root, const char *s, size_t n)
{
    uint32_t at = root;
    for (size_t i = 0; i < n; i++) {
        unsigned char byte = (unsigned char)s[i];
        uint32_t next = child(m, at, byte);
        if (!next) {
            if (!mkg__grow(&m->nodes, &m->cap, m->n + 1, sizeof *m->nodes))
                return false;
            next = (uint32_t)m->n++;
            m->nodes[next] = (node){.sibling = m->nodes[at].child, .byte = byte};
            m->nodes[at].child = next;
        }
        if (m->nodes[at].end && (byte == '.' || byte == ','))
            m->nodes[next].behind = true;
        at = next;
    }
    m->nodes[at].end = true;
    for (uint32_t i = m->nodes[at].child; i; i = m->nodes[i].sibling)
        if (m->nodes[i].byte == '.' || m->nodes[i].byte == ',')
            m->nodes[i].behind = true;
    return true;
}

/* The numbers of a text: digits, '.' or ',' between them. */
static bool put_numbers(machine *m, const char *s)
{
    for (size_t i = 0; s[i]; i++) {
        if (!is_digit((unsigned char)s[i])) continue;
        size_t from = i;
        while (is_digit((unsigned char)s[i]) ||
               ((s[i] == '.' || s[i] == ',') && is_digit((unsigned char)s[i + 1])))
            i++;
        if (!put(m, NUMBERS, s + from, i - from)) return false;
        i--;
    }
    return true;
}

static bool put_evidence(machine *m, const mkg_evidence *e, size_t pieces)
{
    bool ok = put_numbers(m, e->question);
    for (size_t i = 0; i < pieces && ok; i++) {
        const mkg_piece *p = &e->pieces[i];
        const char *const texts[] = {p->subject, p->object,     p->label,
                                     p->grade,   p->population, p->inverse_label};
        for (size_t k = 0; k < sizeof texts / sizeof *texts && ok; k++)
            ok = put_numbers(m, texts[k]);
    }
    return ok;
}

mkg_status mkg__ground_open(const mkg_lexicon *lex, const mkg_evidence *e,
                            size_t pieces, mkg_constraint **out, mkg_err *err)
{
    *out = NULL;
    machine *m = mkg__calloc(1, sizeof *m);
    if (!m) return mkg__nomem(err);
    m->a = (mkg__automaton){
        .start = TEXT, .step = step, .accepts = accepts, .free = machine_free};
    bool ok = mkg__grow(&m->nodes, &m->cap, NUMBERS + 1, sizeof *m->nodes);
    if (ok) {
        memset(m->nodes, 0, (NUMBERS + 1) * sizeof *m->nodes);
        m->n = NUMBERS + 1;
        ok = put_evidence(m, e, pieces);
    }
    char mark[32];
    for (size_t i = 1; i <= pieces && ok; i++)
        ok = put(m, MARKS, mark, (size_t)snprintf(mark, sizeof mark, "%zu]", i));
    if (!ok) {
        machine_free(&m->a);
        return mkg__nomem(err);
    }
    return mkg__constraint_take(lex, &m->a, out, err);
}
