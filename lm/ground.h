/* Grounded decoding: what may be written about evidence, as constraints on the tokens.
 * Internal.
 *
 * Two of them, as the built-in model and a user's model are asked for different things.
 * The closed one knows every text that the built-in model may write: sentences of known
 * forms, in whose slots stand names of the evidence, letter for letter and whole, and
 * behind each item the citation of the fact that the sentence tells. So no name, number
 * or claim that is not in the evidence can be written, whatever the model's logits are.
 * The open one leaves the wording to the model: citations exist, and numbers are those
 * of evidence and question. */
#ifndef MKG_GROUND_H
#define MKG_GROUND_H

#include "lm/automaton.h"
#include "lm/wording.h"
#include "retrieve/evidence.h"

/* Answers to `e` from its first `pieces` (1 … MKG__PATTERN_ITEMS) in the forms of
 * `frames` (NULL: those of the relations alone). The evidence and the frames are not
 * needed afterwards. MKG_ENOMEM, or MKG_EARG if the evidence leaves nothing to say. */
mkg_status mkg__ground_closed(const mkg_lexicon *lex, const mkg_evidence *e,
                              size_t pieces, const mkg__wordings *frames,
                              mkg_constraint **out, mkg_err *err);

/* The machine behind it, for a look at whole texts. */
mkg_status mkg__ground_machine(const mkg_evidence *e, size_t pieces,
                               const mkg__wordings *frames, mkg__automaton **out,
                               mkg_err *err);

/* Any text in which '[' begins a citation "[1]" of one of the first `pieces`, and a
 * number is one that question or evidence has (digits, with '.' or ',' between them).
 */
mkg_status mkg__ground_open(const mkg_lexicon *lex, const mkg_evidence *e,
                            size_t pieces, mkg_constraint **out, mkg_err *err);

#endif
