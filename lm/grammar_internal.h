/* A grammar as it is compiled: sequences of byte ranges and rules. */
#ifndef MKG_GRAMMAR_INTERNAL_H
#define MKG_GRAMMAR_INTERNAL_H

#include "base/base.h"
#include "base/mem.h"

typedef enum mkg__elem_kind {
    MKG__ELEM_END,   /* of an alternative */
    MKG__ELEM_BYTES, /* one byte, lo to hi */
    MKG__ELEM_RULE
} mkg__elem_kind;

typedef struct mkg__elem {
    uint8_t kind, lo, hi;
    uint32_t rule;
} mkg__elem;

typedef struct mkg__rule {
    uint32_t *alts; /* (n) first elements of its alternatives */
    size_t n, cap;
    bool defined;
    mkg_view name; /* in the source; empty for rules made for groups and repeats */
} mkg__rule;

enum { MKG__GRAMMAR_ELEMS = 1 << 18, MKG__GRAMMAR_RULES = 1 << 16 };

typedef struct mkg__program {
    mkg__elem *elems;
    size_t n_elems, cap_elems;
    mkg__rule *rules;
    size_t n_rules, cap_rules;
    uint32_t root;
    mkg_view text; /* the source, for messages; borrowed while it is parsed */
} mkg__program;

/* Parse and compile (grammar_parse.c); names in it point into `text`. */
mkg_status mkg__program_parse(mkg_view text, mkg__program *out, mkg_err *err);
void mkg__program_clear(mkg__program *p);
/* MKG_EARG with the line and column of `at` in the source. */
mkg_status mkg__program_bad(const mkg__program *p, const char *at, mkg_err *err,
                            const char *fmt, ...) MKG_PRINTF(4, 5);

/* Add one alternative for each sequence of byte ranges that makes up the characters
 * `from` to `to`; false when out of memory (grammar_utf8.c). */
bool mkg__program_chars(mkg__program *p, uint32_t rule, uint32_t from, uint32_t to);

/* The bytes of a character; returns how many. */
unsigned mkg__char_bytes(uint32_t c, unsigned char out[4]);

/* MKG__GRAMMAR_ELEMS at most; false when out of memory or room. */
bool mkg__program_elem(mkg__program *p, mkg__elem e);
bool mkg__program_alt(mkg__program *p, uint32_t rule); /* the next element begins it */
/* MKG_EARG where a rule can begin with itself (grammar_check.c). */
mkg_status mkg__program_check(const mkg__program *p, mkg_err *err);

#endif
