/* UTF-8 text. Two forms: the label, as written, for people; the key, folded, for
 * look-up only. Only user of utf8proc. */
#ifndef MKG_TEXT_H
#define MKG_TEXT_H

#include "base/base.h"
#include "base/mem.h"

#include <stdbool.h>

typedef enum mkg_lang { MKG_LANG_NONE = 0, MKG_LANG_ZH = 1, MKG_LANG_EN = 2 } mkg_lang;

/* Valid UTF-8 without NUL bytes (Unicode 15, table 3-7). On false, *bad is the offset
 * of the first wrong byte. */
bool mkg__utf8_valid(const char *s, size_t n, size_t *bad);

/* Decode one code point of valid text at s[0..n), n > 0; its length in bytes goes to
 * *len. A wrong byte gives U+FFFD and length 1. */
uint32_t mkg__utf8_decode(const char *s, size_t n, size_t *len);

/* Number of code points of valid text. */
size_t mkg__utf8_count(const char *s, size_t n);

/* Columns that a terminal needs for the text (East Asian wide = 2). */
size_t mkg__utf8_width(const char *s, size_t n);

/* Fold to the look-up key: NFKC, case fold, dashes and quotes to ASCII, white space
 * trimmed, runs of it one blank, and none beside a Han character.
 *
 * Appends to `out`. If `map` is not NULL it receives, for each byte appended and one
 * past the last, the byte offset in `s` where the character that it came from starts
 * (mkg__free() it). A fold of a fold is the fold itself. MKG_ENOMEM; MKG_EPARSE for
 * text that is not valid UTF-8. */
mkg_status mkg__fold(const char *s, size_t n, mkg__buf *out, uint32_t **map,
                     mkg_err *err);
/* The same without any blanks: for comparing names that people space as they like. */
mkg_status mkg__squeeze(const char *s, size_t n, mkg__buf *out, mkg_err *err);

/* zh if there is a Han character, en if there is a Latin letter, else none. */
mkg_lang mkg__lang_guess(const char *s, size_t n);
const char *mkg_lang_name(mkg_lang lang); /* "zh", "en", "" */
/* "zh", "zh-CN", "en_US", … ; none for anything else. */
mkg_lang mkg__lang_parse(const char *s, size_t n);

bool mkg__is_han(uint32_t c);
/* Letter, digit or mark outside Han: a character of a word that blanks delimit. */
bool mkg__is_word(uint32_t c);
bool mkg__is_space(uint32_t c); /* Unicode's White_Space */
/* General categories L and N, Han included. */
bool mkg__is_letter(uint32_t c);
bool mkg__is_number(uint32_t c);

/* The view without white space at both ends. */
mkg_view mkg__trim(mkg_view v);
/* Bytes of the text that fit into `max` without cutting a character: for "%.*s". */
int mkg__clip(mkg_view v, size_t max);

bool mkg__view_eq(mkg_view a, mkg_view b);
bool mkg__view_is(mkg_view a, const char *s);

/* Decimal number, locale-free, the whole view; false if it is not one or not finite. */
bool mkg__parse_double(mkg_view v, double *out);
bool mkg__parse_u64(mkg_view v, uint64_t *out);

/* Damerau-Levenshtein distance in code points (optimal string alignment), at most
 * `limit` + 1. Used for "did you mean". */
size_t mkg__edit_distance(mkg_view a, mkg_view b, size_t limit);

#endif
