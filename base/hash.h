/* Hashes: xxHash for tables and checksums, SHA-256 for files. Only user of xxhash and
 * of libsodium. */
#ifndef MKG_HASH_H
#define MKG_HASH_H

#include "base/base.h"

#include <stdbool.h>

/* XXH3, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md */
uint64_t mkg__hash64(const void *p, size_t n, uint64_t seed);

typedef struct mkg__u128 {
    uint64_t lo, hi;
} mkg__u128;
mkg__u128 mkg__hash128(const void *p, size_t n);

enum { MKG_SHA256_BYTES = 32, MKG_SHA256_HEX = 65 };
typedef struct mkg__sha256 mkg__sha256;
mkg__sha256 *mkg__sha256_new(void); /* NULL when out of memory */
void mkg__sha256_add(mkg__sha256 *h, const void *p, size_t n);
void mkg__sha256_end(mkg__sha256 *h, unsigned char out[MKG_SHA256_BYTES]);
void mkg__sha256_free(mkg__sha256 *h);
void mkg__hex(const unsigned char *p, size_t n, char *out); /* 2 n + 1 bytes */

/* Byte string -> id, open addressing. Keys are copied into the table. Zero-initialise,
 * end with mkg__map_clear(). */
typedef struct mkg__map {
    struct mkg__slot *slots;
    size_t n, cap;
    struct mkg__map_keys *keys;
} mkg__map;

/* Where the id of `key` stands, made (as MKG_ID_NONE) if it was not there; NULL when
 * out of memory. Valid until the next call. */
mkg_id *mkg__map_put(mkg__map *m, const void *key, size_t n);
/* NULL if not there. */
const mkg_id *mkg__map_get(const mkg__map *m, const void *key, size_t n);
void mkg__map_clear(mkg__map *m);

#endif
