/* What the steps of retrieval share: the graph, the tables, the indexes. */
#ifndef MKG_RETRIEVER_INTERNAL_H
#define MKG_RETRIEVER_INTERNAL_H

#include "kg/graph.h"
#include "retrieve/retrieve.h"
#include "retrieve/words.h"

struct mkg_retriever {
    mkg_kg *kg; /* borrowed */
    char *data; /* folder of the tables, NULL: none */
    mkg__words words;
    double weight[MKG_CHANNELS];
    mkg_graph *graph; /* the whole of it; made when a question first needs it */
};

#endif
