/* What the files that make an example share. */
#ifndef MKG_EXAMPLE_INTERNAL_H
#define MKG_EXAMPLE_INTERNAL_H

#include "base/rng.h"
#include "lm/compact.h"
#include "lm/corpus_internal.h"
#include "lm/examples.h"
#include "lm/invent.h"
#include "lm/wording.h"

/* What names stand for the things of an example. */
typedef enum mkg__naming {
    MKG__NAMES_TRUE,    /* their own */
    MKG__NAMES_SWAPPED, /* those of other things of the type */
    MKG__NAMES_INVENTED
} mkg__naming;

typedef enum mkg__example_kind {
    MKG__EX_LIST,     /* one relation of one thing */
    MKG__EX_TEXT,     /* a text or a dose */
    MKG__EX_BOTH,     /* two relations of one thing */
    MKG__EX_COMPARE,  /* one relation of two things */
    MKG__EX_COMMON,   /* what two things have in common */
    MKG__EX_ALL,      /* everything there is on a thing */
    MKG__EX_WHETHER,  /* is it so? */
    MKG__EX_MAY,      /* is it allowed? */
    MKG__EX_PATIENT,  /* … for somebody who has this and takes that? */
    MKG__EX_UNSURE,   /* whether, and the evidence does not say */
    MKG__EX_NONE,     /* the evidence is on something else, or empty */
    MKG__EX_PARTIAL,  /* one of two relations is missing */
    MKG__EX_CONFLICT, /* sources that contradict each other */
    MKG__EX_KINDS
} mkg__example_kind;
const char *mkg__example_kind_name(mkg__example_kind k);

enum { MKG__EX_PIECES = 48, MKG__EX_NAMES = 128, MKG__EX_GROUPS = 8 };

/* A fact that will be a piece. */
typedef struct mkg__draft_fact {
    uint32_t direction;
    uint32_t of, item; /* things; item MKG_CORPUS_NONE: the text */
    const char *text;
    const char *source, *grade, *population;
    bool denied;
    uint8_t group; /* number of the gold group it belongs to, from 1; 0: a distractor */
} mkg__draft_fact;

typedef struct mkg__generator {
    const mkg_corpus *c;
    const mkg_examples_opts *o;
    mkg__wordings w;
    mkg__inventor inventor;
    /* Groups of the split by direction, for drawing. */
    uint32_t *by_direction; /* group numbers */
    size_t *start;          /* (2 * relations + 1) */
    double *weight;         /* (2 * relations) cumulated */
    uint32_t *type_of;      /* (things) number of the thing's type */
    uint32_t *by_type;      /* things of the split, by type */
    size_t *type_start;     /* (types + 1) */
} mkg__generator;

typedef struct mkg__example {
    mkg__generator *g;
    mkg__rng rng;
    mkg_lang lang;
    mkg__naming naming;
    mkg__example_kind kind;
    mkg__draft_fact facts[MKG__EX_PIECES];
    size_t nfacts;
    struct {
        uint32_t thing;
        const char *text;
    } names[MKG__EX_NAMES];
    size_t nnames;
    struct {
        uint32_t direction;
        const char *text;
    } labels[MKG__EX_GROUPS * 4]; /* invented ones */
    size_t nlabels;
    bool invent_labels;
    bool in_turn; /* gold groups give their facts by turns */

    const char *question, *answer;
    mkg_evidence e;
    mkg_piece pieces[MKG__EX_PIECES];
    uint8_t group[MKG__EX_PIECES]; /* of each piece, as in its draft */
    mkg_conflict conflict;
    mkg_missing missing;
    mkg__arena arena;
    mkg__buf scratch;
    bool failed; /* memory */
} mkg__example;

static inline size_t mkg__ex_below(mkg__example *x, size_t n)
{
    return n ? mkg__rng_below(&x->rng, (uint32_t)n) : 0;
}
static inline bool mkg__ex_chance(mkg__example *x, unsigned percent)
{
    return mkg__ex_below(x, 100) < percent;
}
static inline size_t mkg__ex_lang(const mkg__example *x)
{
    return mkg__lang_index(x->lang);
}

/* ---- example_facts.c ---- */

/* The split that a thing, or a wording, belongs to. */
mkg_split mkg__split_of(uint64_t hash);

/* A copy that lives as long as the example. */
const char *mkg__ex_keep(mkg__example *x, const char *p, size_t n);
/* The name that the thing has in this example. */
const char *mkg__ex_name(mkg__example *x, uint32_t thing);
const char *mkg__ex_label(mkg__example *x, uint32_t direction);

/* A group of the split that can be told in the language, NULL if none was found. */
const mkg__group *mkg__ex_draw_group(mkg__example *x);
/* Another group of the same thing; NULL if it has none. */
const mkg__group *mkg__ex_other_group(mkg__example *x, const mkg__group *g);
/* Of another thing, in the same direction. */
const mkg__group *mkg__ex_group_beside(mkg__example *x, const mkg__group *g);

/* Add up to `most` facts of the group; returns how many. `gold`: as in the draft. */
size_t mkg__ex_add(mkg__example *x, const mkg__group *g, size_t most, uint8_t gold);
/* A list's length, as they are in questions: mostly short. */
size_t mkg__ex_draw_length(mkg__example *x);
/* Say that the facts of gold group 1 are of another relation, one of which the graph
 * has no facts, so that its words are learnt too; returns the direction,
 * MKG_CORPUS_NONE if there is none. */
uint32_t mkg__ex_borrow(mkg__example *x, bool text);
/* One fact between two things. */
bool mkg__ex_add_fact(mkg__example *x, const mkg__group *g, uint32_t item,
                      uint8_t gold);
/* For whom some of the facts hold, and how sure they are. */
void mkg__ex_limit(mkg__example *x);
/* Facts that the question does not ask for. */
void mkg__ex_distract(mkg__example *x, const mkg__group *g);
/* Put the facts into an order and make the pieces of them. */
void mkg__ex_make_pieces(mkg__example *x);
/* The name of a source that nobody wrote. */
const char *mkg__ex_source(mkg__example *x);

/* ---- example_text.c ---- */

/* A wording of the kind for the direction ("" ones too), NULL if there is none. For
 * questions only those of the split. */
const mkg__wording *mkg__ex_wording(mkg__example *x, mkg__wording_kind kind,
                                    const char *relation, bool own_only);
/* Question for a relation; `s` the thing as the question names it. */
bool mkg__ex_ask(mkg__example *x, uint32_t direction, const char *s);
/* The same in words that can mean nothing else: its label. */
bool mkg__ex_ask_label(mkg__example *x, uint32_t direction, const char *s);
/* With a wording of the kind; false if the split has none. */
bool mkg__ex_ask_with(mkg__example *x, mkg__wording_kind kind, const char *relation,
                      mkg__fills *fills);
/* Greetings and asides around the question, its mark. */
void mkg__ex_finish_question(mkg__example *x);

/* A label as a question names it, and in English with its plural. */
const char *mkg__ex_shown_label(mkg__example *x, uint32_t direction);
const char *mkg__ex_plural(mkg__example *x, uint32_t direction);
/* A name as the prompt has it. */
const char *mkg__ex_shown_name(mkg__example *x, const char *name);
const char *mkg__ex_expand(mkg__example *x, mkg_view text, const mkg__fills *fills);

/* The sentence that tells the pieces of gold group `group`, without its end. */
const char *mkg__ex_tell(mkg__example *x, uint8_t group);
/* The same for piece i alone. */
const char *mkg__ex_tell_piece(mkg__example *x, size_t i);
/* A wording of the kind with {T} {U} {D} … filled in. */
const char *mkg__ex_say(mkg__example *x, mkg__wording_kind kind, const char *relation,
                        const mkg__fills *fills);
/* The answer: `text` with its end and its capital. */
void mkg__ex_answer(mkg__example *x, const char *text);

/* ---- example.c ---- */

/* Make example `index`; false if the draw led to nothing (try the next one). All of it
 * lives until the next call. */
bool mkg__example_make(mkg__example *x, uint64_t index);

#endif
