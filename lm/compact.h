/* The prompt of the built-in model: question and evidence as a line of text in which
 * control tokens stand by their names. Written here alone, for training and for
 * answering, so that the model sees at run time what it was trained on.
 *
 *     <|zh|><|question|>高血压有哪些症状？
 *     <|fact|>高血压<|rel|>症状<|obj|>头痛[1]<|obj|>头晕[2]
 *     <|fact|>阿司匹林<|rel|>禁用于<|not|><|obj|>哮喘[3]<|source|>甲指南<|answer|>
 *
 * (on one line). Facts of one thing, one relation, one direction and one polarity share
 * a <|fact|>, in the order of the first of them. What follows <|obj|> is, up to its
 * citation, what an answer says of it, so that answering is mostly copying. English has
 * a blank in front of each name and each mark, as in running text. */
#ifndef MKG_COMPACT_H
#define MKG_COMPACT_H

#include "base/mem.h"
#include "retrieve/evidence.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MKG_MARKS = 64, /* citation marks that the vocabulary has: [1] … [64] */
    MKG_COMPACT_QUESTION = 200 /* characters of a question that are read */
};

/* Names of the control tokens, in the order of their ids in the vocabulary. */
typedef enum mkg__mark {
    MKG__MARK_ZH,
    MKG__MARK_EN,
    MKG__MARK_QUESTION,
    MKG__MARK_FACT,
    MKG__MARK_REL,
    MKG__MARK_NOT, /* behind the label: the source denies it */
    MKG__MARK_OBJ,
    MKG__MARK_SOURCE,  /* of a fact that another one contradicts */
    MKG__MARK_MISSING, /* what was asked and is not there */
    MKG__MARK_MORE,    /* there are facts of the kind that are not shown */
    MKG__MARK_YES,     /* what the facts say to a question of whether */
    MKG__MARK_NO,
    MKG__MARK_DISPUTED,
    MKG__MARK_ANSWER,  /* the answer begins */
    MKG__MARK_SPARE_1, /* for what a later version may want to say */
    MKG__MARK_SPARE_2,
    MKG__MARK_SPARE_3,
    MKG__MARK_SPARE_4,
    MKG__MARKS
} mkg__mark;
const char *mkg__mark_name(mkg__mark m);

/* Append the prompt: the first pieces of the evidence, `most` and MKG_MARKS at most.
 * *used is how many: only they can be cited. Nothing of question or evidence can form a
 * control token or a citation. The whole is meant to be encoded with
 * MKG_ENCODE_SPECIAL. */
mkg_status mkg__compact_prompt(const mkg_evidence *e, size_t most, mkg__buf *out,
                               size_t *used, mkg_err *err);

/* Append a name, or a text cut to what fits into an answer, as it stands in the prompt:
 * what the model writes when it names it. */
void mkg__compact_name(mkg__buf *out, const char *text, mkg_lang lang);
/* What stands between <|obj|> and the mark of piece `p`: its item with the limits to
 * which it holds, without the blank that English has in front. */
void mkg__compact_item(mkg__buf *out, const mkg_piece *p, mkg_lang lang);

#ifdef __cplusplus
}
#endif
#endif
