/* What the files of the text index share: terms, the bytes of DB/text.idx, and how a
 * document scores. */
#ifndef MKG_TEXT_FILE_INTERNAL_H
#define MKG_TEXT_FILE_INTERNAL_H

#include "base/mem.h"
#include "base/sealed.h"
#include "retrieve/text_index_internal.h"

/* ---- terms (text_tokens.c) --------------------------------------------------------
 */

/* A term of up to 8 bytes is its bytes, filled up with zeros behind, as a big-endian
 * number; a longer one 0xff and 56 bits of its hash, so that two of them may be taken
 * for each other once in 10^16 pairs. 0 is no term. */
typedef uint64_t mkg__term;

typedef struct mkg__tokens mkg__tokens; /* cuts texts; one thread at a time */

mkg_status mkg__tokens_new(mkg__tokens **out, mkg_err *err);
void mkg__tokens_free(mkg__tokens *t);

/* The terms of a text, in their order, with repeats; borrowed until the next call. Of a
 * query: words that only ask ("怎么办") are left out. Bytes that are no UTF-8 give no
 * terms. */
mkg_status mkg__tokens_cut(mkg__tokens *t, mkg_view text, bool query,
                           const mkg__term **out, size_t *n, mkg_err *err);

/* ---- the file ---------------------------------------------------------------------
 */

#define MKG__TEXT_MAGIC "MKGTXT1"
enum {
    MKG__TEXT_HOW = 1,    /* to be raised with every change of terms or documents */
    MKG__TEXT_BLOCK = 128 /* postings in a block */
};

/* The last bytes of the content. Offsets are from its start. */
typedef struct mkg__text_footer {
    uint64_t docs, terms, words; /* words: sum of the lengths of all documents */
    uint64_t fact_at;            /* (docs) u32, ascending */
    uint64_t length_at;          /* (docs) u8: mkg__length_byte() */
    uint64_t lang_at;            /* (docs) u8: mkg_lang */
    uint64_t term_at;            /* (terms) u64, ascending */
    uint64_t entry_at;           /* (terms) mkg__text_entry */
} mkg__text_footer;
_Static_assert(sizeof(mkg__text_footer) == 64, "the file format");

/* A term that stands in one document alone has no postings: `at` is the document, and
 * its frequency in the upper half. Otherwise the postings begin at `at`: the blocks'
 * heads, then the blocks. */
typedef struct mkg__text_entry {
    uint64_t at;
    uint32_t df;  /* documents that have it */
    uint32_t max; /* the largest mkg__saturate() among them */
} mkg__text_entry;
_Static_assert(sizeof(mkg__text_entry) == 16, "the file format");

/* 128 postings, the last block what is left. Documents as differences from the one
 * before, less 1, of doc_bits each; then frequencies less 1, of tf_bits each; each of
 * the two filled up to a byte, low bits first. */
typedef struct mkg__text_head {
    uint32_t last; /* document of the last posting */
    uint32_t end;  /* of the block, from the end of the heads */
    uint8_t max;   /* bits 16 to 23 of the largest mkg__saturate() */
    uint8_t doc_bits, tf_bits, zero;
} mkg__text_head;
_Static_assert(sizeof(mkg__text_head) == 12, "the file format");

/* ---- scores -----------------------------------------------------------------------
 */

/* Lengths in a byte: exact up to 39, then with 4 significant bits. Lucene,
 * SmallFloat.intToByte4(). */
uint8_t mkg__length_byte(uint32_t length);
uint32_t mkg__byte_length(uint8_t b);

/* Scores are sums of whole numbers, so that their order does not depend on the order of
 * adding: idf in units of 2^-20 times saturation in units of 2^-24. */
#define MKG__TEXT_UNIT 0x1p-44

uint32_t mkg__text_idf(uint64_t docs, uint64_t df); /* ln(1 + (N - n + .5)/(n + .5)) */

/* tf / (tf + k1 (1 - b + b max(1, length/average))), < 2^24, by frequency and length
 * byte. A text shorter than the average counts as one: that "5%" has no other word than
 * its subject's name does not make it the better answer. */
typedef struct mkg__saturation {
    double k[256];           /* k1 (1 - b + …) by byte */
    uint32_t small[16][256]; /* of frequencies below 16 */
} mkg__saturation;
void mkg__saturation_init(mkg__saturation *s, uint64_t docs, uint64_t words);
uint32_t mkg__saturate_far(const mkg__saturation *s, uint32_t tf, uint8_t length);
static inline uint32_t mkg__saturate(const mkg__saturation *s, uint32_t tf,
                                     uint8_t length)
{
    return tf < 16 ? s->small[tf][length] : mkg__saturate_far(s, tf, length);
}

/* ---- reading it (text_index.c) ----------------------------------------------------
 */

struct mkg__text_index {
    mkg_kg *kg;
    bool make;
    char *path;
    mkg__seal seal;
    mkg__sealed *file; /* NULL where there is none that fits */
    mkg__text_footer foot;
    mkg__saturation saturation;
    mkg__tokens *tokens;
};

/* Bytes of the file; NULL if it is damaged, as it is from then on. */
const void *mkg__text_look(mkg__text_index *x, uint64_t at, uint64_t n, size_t size);
/* Document of a fact; `docs` if it is none. */
uint32_t mkg__text_doc(mkg__text_index *x, mkg_id fact);
mkg_id mkg__text_fact(mkg__text_index *x, uint32_t doc);

/* The postings of a term, read forwards. */
typedef struct mkg__postings {
    uint32_t df, max;     /* df 0: no document has the term */
    const char *heads;    /* (blocks) mkg__text_head, where there are postings */
    uint64_t data;        /* offset of the first block */
    size_t blocks, block; /* how many; the one that is unpacked, SIZE_MAX: none */
    size_t n, i;          /* postings of it, and the one that the cursor is at */
    uint32_t doc[MKG__TEXT_BLOCK], tf[MKG__TEXT_BLOCK];
} mkg__postings;

bool mkg__postings_open(mkg__text_index *x, mkg__term term, mkg__postings *c);
void mkg__postings_rewind(mkg__postings *c);
/* Go on to the first posting of a document >= doc; that document, MKG__NO_DOC behind
 * the last. */
#define MKG__NO_DOC UINT32_MAX
uint32_t mkg__postings_seek(mkg__text_index *x, mkg__postings *c, uint32_t doc);
/* The most that mkg__saturate() can be for documents in [from, to), none of them before
 * where *block was left; *block is 0 at first. */
uint32_t mkg__postings_bound(const mkg__postings *c, uint32_t from, uint32_t to,
                             size_t *block);

/* See to it that x->file is whole as far as is known and of what the handle sees: open
 * it again or make it anew. MKG_NOTFOUND as from mkg__text_index_open(). */
mkg_status mkg__text_refresh(mkg__text_index *x, mkg_err *err);

/* ---- making it (text_runs.c, text_build.c) ----------------------------------------
 */

/* Collects postings in the order of documents and gives them back in the order of
 * terms; goes on in a temporary file in `folder` beyond `postings` of them. */
typedef struct mkg__runs mkg__runs;
mkg_status mkg__runs_new(const char *folder, size_t postings, mkg__runs **out,
                         mkg_err *err);
void mkg__runs_free(mkg__runs *r);
/* A document, larger than the one before, with all its terms. */
mkg_status mkg__runs_add(mkg__runs *r, uint32_t doc, const mkg__term *terms, size_t n,
                         mkg_err *err);
/* When all were added: the next term, MKG_END behind the last; and its postings,
 * MKG_END behind the last of them. */
mkg_status mkg__runs_begin(mkg__runs *r, mkg_err *err);
mkg_status mkg__runs_next_term(mkg__runs *r, mkg__term *term, mkg_err *err);
mkg_status mkg__runs_next(mkg__runs *r, uint32_t *doc, uint32_t *tf, mkg_err *err);

/* Write the index of what `kg` sees to `path`. */
mkg_status mkg__text_build(mkg_kg *kg, const char *path, const mkg__seal *seal,
                           mkg_err *err);

#endif
