/* Files of data/ that are compiled in; cmake/embed.cmake writes their bytes as C. */
#ifndef MKG_DATA_INTERNAL_H
#define MKG_DATA_INTERNAL_H

#include <stddef.h>

extern const unsigned char mkg__data_han[];
extern const size_t mkg__data_han_size;
extern const unsigned char mkg__data_colloquial[];
extern const size_t mkg__data_colloquial_size;
extern const unsigned char mkg__data_function_words[];
extern const size_t mkg__data_function_words_size;

#endif
