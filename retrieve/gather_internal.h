/* Candidates from several channels, and how they become evidence. */
#ifndef MKG_GATHER_INTERNAL_H
#define MKG_GATHER_INTERNAL_H

#include "retrieve/form.h"
#include "retrieve/retriever_internal.h"

enum { TARGETS_MAX = 64, FACTS_MAX = 4096, CONDITIONS_MAX = 4, RELATIONS_MAX = 16 };

/* A node that a mention may mean. */
typedef struct target {
    size_t span;
    mkg_id node;
    mkg_view type;
    size_t degree; /* facts in both directions */
    mkg_id same;   /* the node of the mention that it is declared to be the same as */
    bool negated;  /* must not be there */
} target;

/* What is asked for has, or has not, a fact with the names of a span. */
typedef struct condition {
    size_t span;
    bool unwanted;
    mkg_id relations[RELATIONS_MAX]; /* of one of these */
    size_t nrelations;
} condition;

/* A fact that may become evidence. */
typedef struct candidate {
    mkg_id fact, other;
    bool inverse; /* the mention is its object */
    mkg_channel channel;
    size_t ask;      /* place of the ask in the order of asks */
    size_t place;    /* in its channel's list, from 0 */
    size_t span;     /* of the mention that leads to `other` */
    size_t far_span; /* between two names: the span of `other`, … */
    mkg_id near;     /* … and the node of the other one */
    size_t mentions; /* how many mentions lead to `other` by this ask */
    unsigned
        doubt;    /* how sure it is that the mention is what is asked about; 0: sure */
    size_t known; /* how much the graph says of `other` */
    mkg_id because[CONDITIONS_MAX]; /* facts by which the conditions hold */
    bool forbids; /* says that two names of the question do not go together */
    double score;
} candidate;

typedef struct gather {
    mkg_retriever *r;
    mkg_kg *kg;
    const mkg__question *q;
    const mkg__spans *spans;
    const mkg__form *form;
    mkg_evidence *e;
    target targets[TARGETS_MAX];
    size_t ntargets;
    size_t nspans;     /* that count and are not negated */
    unsigned channels; /* 1 << mkg_channel, … */
    condition conditions[CONDITIONS_MAX];
    size_t nconditions;
    candidate *found;
    size_t nfound, cap;
    mkg_edges edges; /* scratch */
} gather;

/* A word that is a phrase, too, counts as a name only if nothing else is one. */
bool mkg__span_counts(const gather *g, size_t span);
/* Does a name of the span mean a node of the type? Any if it is empty. */
bool mkg__span_has_type(const gather *g, size_t span, mkg_view type);
/* The nodes that the names of the question may mean. */
mkg_status mkg__find_targets(gather *g, mkg_err *err);
/* A new candidate, zeroed; NULL when out of memory. */
candidate *mkg__candidate(gather *g, mkg_channel channel, mkg_err *err);

/* Facts along an ask that the node has. */
mkg_status mkg__ask_degree(gather *g, const mkg__ask *a, mkg_id node, size_t *n,
                           mkg_err *err);
/* Split the asks into those that some mention has facts for, kept in `asks`, and the
 * others, appended to `empty`. */
mkg_status mkg__split_asks(gather *g, mkg__asks *asks, mkg__asks *empty, mkg_err *err);
/* Facts along what is asked: of each name, or of all names together. */
mkg_status mkg__gather_asked(gather *g, const mkg__asks *asks, mkg_err *err);

/* Conditions over a second relation; their words are taken out of the asks. */
void mkg__find_conditions(gather *g, mkg__asks *asks);
bool mkg__span_is_condition(const gather *g, size_t span);
/* Of the candidates from `first` on, those that meet the conditions; and, once they are
 * in their order, the facts by which they do. */
mkg_status mkg__keep_conditions(gather *g, size_t first, mkg_err *err);
mkg_status mkg__add_reasons(gather *g, size_t first, mkg_err *err);

/* Facts between two names, in both directions. Those of what most names have a fact
 * with come first. */
mkg_status mkg__gather_direct(gather *g, mkg_err *err);
/* "A is a B" by a chain of facts of a transitive relation; true if there is one. */
mkg_status mkg__gather_chain(gather *g, const mkg__asks *asks, bool *found,
                             mkg_err *err);
/* Ways of up to three facts between two names. */
mkg_status mkg__gather_paths(gather *g, mkg_err *err);

/* Texts with the words of the question: of the names, or of all if there is none. */
mkg_status mkg__gather_texts(gather *g, mkg_err *err);
/* Facts along the asks of what is near the names in the graph, or in the vector set
 * "node2vec" if there is one. */
mkg_status mkg__gather_pagerank(gather *g, const mkg__asks *asks, mkg_err *err);
mkg_status mkg__gather_vectors(gather *g, const mkg__asks *asks, mkg_err *err);

/* The candidates as pieces, at most `limit`. */
mkg_status mkg__fill_pieces(gather *g, size_t limit, mkg_err *err);
mkg_status mkg__fill_intents(gather *g, const mkg__asks *asks, const mkg__asks *empty,
                             mkg_err *err);
mkg_status mkg__node_name(gather *g, mkg_id id, const char **out, mkg_err *err);

/* What was not found, into e->missing. */
mkg_status mkg__missing_relations(gather *g, const mkg__asks *empty, mkg_err *err);
/* No node is called `what`, which is in the evidence's arena. */
mkg_status mkg__missing_entity(gather *g, const char *what, mkg_err *err);
/* Names of the question of which the graph knows a part at most. */
mkg_status mkg__missing_wholes(gather *g, mkg_err *err);
bool mkg__any_whole(const gather *g);
/* Nothing holds between the names, as far as the graph says. */
mkg_status mkg__missing_link(gather *g, mkg_err *err);
/* What all names have in common is asked for, and there is no such thing. */
mkg_status mkg__missing_joint(gather *g, const mkg_relation *r, mkg_err *err);
/* Names are there, but what the question wants of them was not understood. */
mkg_status mkg__missing_sense(gather *g, mkg_err *err);

/* Facts that speak against a chosen one come behind it. */
mkg_status mkg__bring_opposites(gather *g, size_t limit, mkg_err *err);
/* The pairs of pieces that disagree, and what the facts say to a yes/no question. */
mkg_status mkg__find_conflicts(gather *g, mkg_err *err);
/* What the fact between two names says to the ask: 1 for it, -1 against it, 0 nothing.
 */
int mkg__says(const gather *g, const mkg_fact *f, const mkg__ask *a);
/* `empty`: asks of which the names have no fact; another relation may answer them. */
mkg_verdict mkg__judge(const gather *g, const mkg__asks *asks, const mkg__asks *empty);

/* Facts for what is asked, best first, into e->pieces; fills e->missing, e->status. */
mkg_status mkg__gather(mkg_retriever *r, const mkg__question *q,
                       const mkg__spans *spans, const mkg__form *form, mkg__asks *asks,
                       size_t limit, unsigned channels, mkg_evidence *e, mkg_err *err);

#endif
