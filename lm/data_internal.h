/* Files of data/ that are compiled in for the language side; cmake/embed.cmake writes
 * their bytes as C. */
#ifndef MKG_LM_DATA_INTERNAL_H
#define MKG_LM_DATA_INTERNAL_H

#include <stddef.h>

extern const unsigned char mkg__data_relations[];
extern const size_t mkg__data_relations_size;
extern const unsigned char mkg__data_claim_words[];
extern const size_t mkg__data_claim_words_size;

#endif
