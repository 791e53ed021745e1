/* A graph with the tables, the indexes and the models that answering needs. */
#include "retrieve/gather_internal.h"

#include "base/err.h"
#include "base/io.h"
#include "retrieve/intents.h"

#include <string.h>

const char *mkg_channel_name(mkg_channel c)
{
    static const char *const names[MKG_CHANNELS] = {
        "direct", "intent", "entity", "path", "pagerank", "vector", "text", "learnt"};
    return names[c];
}

static mkg_status read_tables(mkg_retriever *r, mkg_err *err)
{
    char *path = mkg__path_join(r->data, "question_words.tsv");
    if (!path) return mkg__nomem(err);
    mkg_status st =
        mkg__file_exists(path) ? mkg__words_read(&r->words, path, err) : MKG_OK;
    mkg__free(path);
    if (st < 0) return st;
    if (!(path = mkg__path_join(r->data, "channels.tsv"))) return mkg__nomem(err);
    if (mkg__file_exists(path)) st = mkg__weights_read(r->weight, path, err);
    mkg__free(path);
    return st;
}

/* The model of the store if it has one, else the shipped one. */
static mkg_status open_classifier(mkg_retriever *r, mkg_err *err)
{
    const char *const folders[] = {mkg_kg_path(r->kg), r->data};
    for (size_t i = 0; i < 2 && !r->classifier; i++) {
        if (!folders[i]) continue;
        char *path = mkg__path_join(folders[i], MKG_INTENTS_FILE);
        if (!path) return mkg__nomem(err);
        mkg_status st = mkg__classifier_open(r->kg, path, &r->classifier, err);
        mkg__free(path);
        if (st == MKG_ENOMEM) return st; /* a file that is damaged is left aside */
    }
    return MKG_OK;
}

mkg_status mkg__retriever_graph(mkg_retriever *r, mkg_err *err)
{
    mkg_graph_opts o = {0};
    if (r->graph && r->graph->version == mkg_kg_version(r->kg)) return MKG_OK;
    mkg_graph_free(r->graph);
    r->graph = NULL;
    return mkg_graph_new(r->kg, &o, &r->graph, err);
}

mkg_status mkg_retriever_new(mkg_kg *kg, const mkg_retriever_opts *opts,
                             mkg_retriever **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_retriever *r = mkg__calloc(1, sizeof *r);

    *out = NULL;
    if (!r) return mkg__nomem(err);
    r->kg = kg;
    for (size_t i = 0; i < MKG_CHANNELS; i++)
        r->weight[i] = 1; /* what no table says otherwise */
    if (opts && opts->data) {
        if (!(r->data = mkg__strdup(opts->data))) {
            st = mkg__nomem(err);
            goto out;
        }
        MKG_GO(read_tables(r, err));
    }
    MKG_GO(open_classifier(r, err));
    *out = r;
    r = NULL;
out:
    mkg_retriever_free(r);
    return st;
}

void mkg_retriever_free(mkg_retriever *r)
{
    if (!r) return;
    mkg__classifier_free(r->classifier);
    mkg__text_index_close(r->text);
    mkg_vectors_close(r->vectors);
    mkg_graph_free(r->graph);
    mkg__words_clear(&r->words);
    mkg__free(r->data);
    mkg__free(r);
}
