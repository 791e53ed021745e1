/* Constraints: which tokens may come next, so that what is written is one of a list of
 * strings, or a sentence of a grammar. All of it works on bytes: every way of cutting
 * an allowed text into tokens is allowed, and tokens that hold half a character too.
 *
 *     mkg_lexicon *lex;              once a vocabulary
 *     mkg_constraint *c;             once a text
 *     for (;;) {
 *         mkg_constraint_mask(c, &allow, err);
 *         mkg_sampler_pick(sampler, logits, allow, &id, err);
 *         if (mkg_tok_is_end(tok, id)) break;
 *         mkg_constraint_accept(c, id, err);
 *     }
 */
#ifndef MKG_CONSTRAIN_H
#define MKG_CONSTRAIN_H

#include "lm/tokenizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The tokens of a vocabulary in the order of their bytes. Read-only: safe from many
 * threads at once. `t` is borrowed until it is freed. */
typedef struct mkg_lexicon mkg_lexicon;
MKG_API mkg_status mkg_lexicon_new(const mkg_tok *t, mkg_lexicon **out, mkg_err *err);
MKG_API void mkg_lexicon_free(mkg_lexicon *lex);

/* One thread at a time. The lexicon is borrowed until it is freed. */
typedef struct mkg_constraint mkg_constraint;

/* Exactly one of n strings, none empty; after one that is the beginning of another the
 * text may end or go on. MKG_EARG for an empty list or string. */
MKG_API mkg_status mkg_constraint_strings(const mkg_lexicon *lex, const mkg_view *s,
                                          size_t n, mkg_constraint **out, mkg_err *err);

/* A sentence of a grammar in a subset of GBNF, the notation of llama.cpp:
 *
 *     # a comment
 *     root ::= "yes" | "no" | number ("," " "? number)*
 *     number ::= [0-9]{1,3} ("." [0-9]+)?
 *
 * - Rules: NAME ::= alternatives parted by '|'; the text is a `root`. Names are
 * letters, digits, '-', '_'. A rule may go on over several lines.
 * - "text" and [a-z_] (any of), [^"\n] (any but) , '.' (any character); in them
 *   \n \r \t \\ \" \] \^ \- \[ \xHH \uHHHH \UHHHHHHHH. Characters are Unicode's; a NUL
 *   never matches.
 * - ( ) groups; behind an item * + ? {m} {m,} {m,n}, n at most 1000.
 * - No left recursion: a rule that could begin with itself is refused.
 * MKG_EARG with line and column in err for what is not a grammar. */
MKG_API mkg_status mkg_constraint_grammar(const mkg_lexicon *lex, mkg_view grammar,
                                          mkg_constraint **out, mkg_err *err);

MKG_API void mkg_constraint_free(mkg_constraint *c);
/* Back to the beginning of the text. */
MKG_API void mkg_constraint_reset(mkg_constraint *c);

/* Which tokens may come next: bit i % 64 of word i / 64 for token i. The tokens that
 * end a text are among them where it may end. Never empty but after an end. Borrowed
 * until the next call for `c`. MKG_ENOMEM; MKG_ELM if the grammar becomes too
 * ambiguous.
 *
 * The blank that a SentencePiece vocabulary puts in front of a text does not count. */
MKG_API mkg_status mkg_constraint_mask(mkg_constraint *c, const uint64_t **allow,
                                       mkg_err *err);
/* Go on behind a token. MKG_EARG, nothing changed, if it is not allowed. */
MKG_API mkg_status mkg_constraint_accept(mkg_constraint *c, uint32_t id, mkg_err *err);
/* The same for bytes that were written some other way. */
MKG_API mkg_status mkg_constraint_accept_bytes(mkg_constraint *c, mkg_view bytes,
                                               mkg_err *err);
/* May the text end here? */
MKG_API bool mkg_constraint_complete(const mkg_constraint *c);

#ifdef __cplusplus
}
#endif
#endif
