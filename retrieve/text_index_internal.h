/* Full-text search over the texts of the graph: an inverted index in DB/text.idx,
 * ranked by BM25.
 *
 * A document is a fact that states a text; its words are those of the text, of its
 * subject's preferred names, and of the relation's label in the text's language. Terms
 * are pairs of neighbouring Han characters (single ones where a run is one long),
 * English words without stop words and stemmed, and numbers as they stand. The file is
 * mapped, and made anew where it is missing, damaged or of another version of the
 * graph. Bytes in docs/formats.md. */
#ifndef MKG_TEXT_INDEX_INTERNAL_H
#define MKG_TEXT_INDEX_INTERNAL_H

#include "kg/kg.h"

typedef struct mkg__text_index mkg__text_index;

/* The index of what `kg` sees at each call; it borrows the handle, and belongs to the
 * same thread.
 *
 * `make`: where there is no file that fits, write it into the store's folder: some
 * seconds for 50 MB of text, and in memory 20 MB, 6 bytes a text, 24 a distinct term,
 * and 16 KB for each half million postings. MKG_NOTFOUND
 * if there is none and it was not to be made, cannot be written, or `kg` looks at an
 * earlier version than the newest; what is wrong stands in *err. */
mkg_status mkg__text_index_open(mkg_kg *kg, bool make, mkg__text_index **out,
                                mkg_err *err);
void mkg__text_index_close(mkg__text_index *x);

size_t mkg__text_index_count(const mkg__text_index *x); /* documents at the last look */

typedef struct mkg__text_hit {
    mkg_id fact;
    double score;    /* BM25: k1 1.2, b 0.75; >= 0, no upper end */
    double coverage; /* 0 … 1: share of the query's idf that its terms have */
} mkg__text_hit;

/* The best `k` documents for a query, best first, the smaller fact id first where
 * scores are equal; documents without a term of the query are none. At most
 * MKG_TEXT_TERMS distinct terms count, from the front.
 *
 * lang      only texts in this language and in none; MKG_LANG_NONE: all
 * subjects  (nsubjects) only facts of these nodes; NULL: of all
 * out       (k)
 *
 * A file that turns out to be damaged, or is no longer of what the handle sees, is made
 * anew as by mkg__text_index_open(); MKG_NOTFOUND, and *n is 0, where that cannot be.
 * Robertson & Zaragoza, The Probabilistic Relevance Framework (2009), with the idf and
 * the lengths of Lucene's BM25Similarity, where a text shorter than the average counts
 * as one of average length: each has its subject's name in it, and the shortest would
 * come first whatever is asked. */
enum { MKG_TEXT_TERMS = 256 };
mkg_status mkg__text_search(mkg__text_index *x, mkg_view query, mkg_lang lang, size_t k,
                            const mkg_id *subjects, size_t nsubjects,
                            mkg__text_hit *out, size_t *n, mkg_err *err);

/* Score facts that were found elsewhere: out[i] is of facts[i], zero for one that is no
 * document or has no term of the query. Statuses as above. */
mkg_status mkg__text_score(mkg__text_index *x, mkg_view query, const mkg_id *facts,
                           size_t n, mkg__text_hit *out, mkg_err *err);

#endif
