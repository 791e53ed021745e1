/* What the steps of retrieval share: the graph, the tables, the indexes. */
#ifndef MKG_RETRIEVER_INTERNAL_H
#define MKG_RETRIEVER_INTERNAL_H

#include "embed/vectors.h"
#include "kg/graph.h"
#include "retrieve/classify_internal.h"
#include "retrieve/retrieve.h"
#include "retrieve/text_index_internal.h"
#include "retrieve/words.h"

struct mkg_retriever {
    mkg_kg *kg; /* borrowed */
    char *data; /* folder of the tables, NULL: none */
    mkg__words words;
    double weight[MKG_CHANNELS];
    mkg__classifier *classifier;   /* NULL: none fits the vocabulary */
    uint64_t names, names_version; /* of the graph, counted when first told */
    /* Opened when a question first needs them. */
    mkg_graph *graph; /* the whole of it */
    mkg__text_index *text;
    mkg_vectors *vectors;
};

/* The weights of the table that it names; MKG_EPARSE with file and line. */
mkg_status mkg__weights_read(double weight[MKG_CHANNELS], const char *path,
                             mkg_err *err);

/* r->graph of the version that the handle sees. */
mkg_status mkg__retriever_graph(mkg_retriever *r, mkg_err *err);

#endif
