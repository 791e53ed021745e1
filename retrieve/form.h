/* How a question asks: whether or what, of all names together or of each, and how much
 * of it nothing explains. */
#ifndef MKG_FORM_H
#define MKG_FORM_H

#include "retrieve/words.h"

/* A byte of the folded question: what explains it. */
enum { MKG__BY_NOTHING, MKG__BY_NAME, MKG__BY_PHRASE, MKG__BY_WORD };

typedef struct mkg__form {
    bool open;      /* asks what, which, how */
    bool yes_no;    /* asks whether it is so; else, if not open, it may claim it */
    bool may;       /* asks whether it is allowed: "能一起吃吗" */
    bool denied;    /* puts it in the negative: "X is not a Y" */
    bool joint;     /* asks for what all the names have in common */
    bool related;   /* asks what there is between the names */
    bool negatives; /* some name must not be there: spans->at[i].negated */
    /* Characters (a Latin letter is a third of one) of the question outside
     * punctuation, and those of them that are no name, no phrase and no filler. */
    double content, unexplained;
    char *by; /* of each byte of the folded question, what explains it */
} mkg__form;

/* Read the form; marks the names that are negated. `asks` are all that match.
 * mkg__form_clear() it, also after an error. */
mkg_status mkg__form_read(const mkg__words *w, const mkg__question *q,
                          mkg__spans *spans, const mkg__asks *asks, mkg__form *out,
                          mkg_err *err);

void mkg__form_clear(mkg__form *f);

/* Set `whole` of the spans: where words that nothing explains make a longer name of
 * what was found. */
void mkg__form_whole(const mkg__words *w, const mkg__question *q, const mkg__form *f,
                     mkg__spans *spans);

/* What stands where the phrase of an ask has its gap and is no name, in a yes/no
 * question: "能吃阿司匹林吗" in a graph that has no aspirin. Bytes of the folded
 * question; false if there is none. */
bool mkg__form_unknown(const mkg__form *f, const mkg__question *q,
                       const mkg__asks *asks, size_t names, size_t *start, size_t *end);

/* Does a fact of one relation speak against the other on the same pair? 1 if `a` is the
 * one that allows, -1 if `b` is, 0 if they do not concern each other. */
int mkg__words_opposite(const mkg__words *w, mkg_view a, mkg_view b);

/* Does a fact of one of them answer for the other? */
bool mkg__words_alike(const mkg__words *w, mkg_view a, mkg_view b);
/* Is `other` meant where the graph has nothing of what is asked? */
bool mkg__words_instead(const mkg__words *w, mkg_view asked, mkg_view other);

#endif
