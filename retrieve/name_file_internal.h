/* The bytes of DB/names.idx, for the two files that know them: name_build.c writes
 * them, name_index.c reads them. The order of the sections is that of docs/formats.md.
 */
#ifndef MKG_NAME_FILE_INTERNAL_H
#define MKG_NAME_FILE_INTERNAL_H

#include "retrieve/name_index_internal.h"

#define MKG__NAMES_MAGIC "MKGNAM2"
enum {
    MKG__NAMES_ENDIAN = 0x01020304,
    MKG__NAMES_BLOCK = 4096 /* bytes under one checksum */
};

typedef struct mkg__names_header {
    char magic[8];
    uint32_t endian, flags;
    mkg__names_key key;
    uint64_t surfaces, entries, states, grams, nodes, types;
    uint64_t text_bytes, posting_bytes, type_bytes;
    uint64_t keys;
    uint64_t sums_hash;   /* XXH3-64 of the checksums */
    uint64_t header_hash; /* XXH3-64 of the bytes of the header before this field */
} mkg__names_header;
_Static_assert(sizeof(mkg__names_header) == 160, "the file format");

typedef enum mkg__names_section {
    MKG__TEXT_START,  /* (surfaces + 1) u32 into TEXT */
    MKG__ENTRY_START, /* (surfaces + 1) u32 into ENTRY */
    MKG__NORM,        /* (surfaces, 2) f32 */
    MKG__ENTRY,       /* (entries) u32 node */
    MKG__KIND,        /* (entries) u8 */
    MKG__CHILD,       /* (states + 1) u32 first child; the root is state 0 */
    MKG__END,         /* (states) u32 surface + 1 that ends here, TAIL: further on */
    MKG__LABEL,       /* (states) u8 byte that leads here */
    MKG__GRAM,        /* (grams) u64 ascending */
    MKG__POSTING_AT,  /* (grams + 1) u32 into POSTING */
    MKG__FREQUENCY,   /* (grams) u32 surfaces that have it */
    MKG__NODE,        /* (nodes) u32 ascending */
    MKG__NODE_TYPE,   /* (nodes) u32 */
    MKG__NODE_DEGREE, /* (nodes) u32 */
    MKG__WORD_KEY,    /* (keys) u32 ascending: the upper half of mkg__word_key() */
    MKG__WORD_NAME,   /* (keys) u32 surface that has it */
    MKG__TEXT,        /* surfaces, in byte order */
    MKG__POSTING,     /* differences of surface ids, LEB128 */
    MKG__TYPE_NAMES,  /* each with its NUL */
    MKG__SUMS,        /* XXH3-64 of each block of what is between header and sums */
    MKG__SECTIONS
} mkg__names_section;

/* Set in END: the state has no children and stands for the rest of the surface, too. */
#define MKG__TAIL 0x80000000u

struct mkg__names {
    char *base;
    size_t bytes, at[MKG__SECTIONS + 1];
    bool mapped, damaged;
    mkg__names_header h;
    unsigned char *sound; /* a bit for each block that agreed with its checksum */
    float *score;         /* (surfaces, 2) scratch of mkg__names_similar(), zero */
};

/* `n` bytes at `from` of a section; NULL, and the index is damaged, if they are not
 * within it or not what was written. */
const void *mkg__names_look(const mkg__names *x, mkg__names_section s, size_t from,
                            size_t n);
bool mkg__names_layout(const mkg__names_header *h, size_t at[MKG__SECTIONS + 1]);
/* Weight of a gram that `frequency` of `surfaces` have. */
float mkg__gram_idf(uint64_t surfaces, uint32_t frequency);

#endif
