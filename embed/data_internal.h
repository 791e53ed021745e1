/* Files of data/ that are compiled in; cmake/embed.cmake writes their bytes as C. */
#ifndef MKG_EMBED_DATA_INTERNAL_H
#define MKG_EMBED_DATA_INTERNAL_H

#include <stddef.h>

extern const unsigned char mkg__data_map[];
extern const size_t mkg__data_map_size;

#endif
