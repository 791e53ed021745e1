/* Files that are made from something else and can be made anew, such as an index beside
 * the store: written from front to back, then mapped. Opening one costs nothing; each
 * block is held against its checksum when it is first looked at, so that damage is
 * found before it is used. Bytes in docs/formats.md. */
#ifndef MKG_SEALED_H
#define MKG_SEALED_H

#include "base/base.h"

#include <stdbool.h>

/* What a file is and what it was made from: one with another seal is not opened. */
typedef struct mkg__seal {
    char magic[8]; /* format */
    uint64_t how;  /* of the program that makes it: tables, rules */
    uint64_t from; /* version of what it is made from */
    char hash[32]; /* and its hash */
} mkg__seal;
_Static_assert(sizeof(mkg__seal) == 56, "the file format");

/* A file that is mapped. One thread at a time. */
typedef struct mkg__sealed mkg__sealed;

/* MKG_NOTFOUND if there is no such file, or it has another seal or cannot be whole;
 * MKG_ENOMEM. *err is not filled for the first. */
mkg_status mkg__sealed_open(const char *path, const mkg__seal *seal, mkg__sealed **out,
                            mkg_err *err);
void mkg__sealed_close(mkg__sealed *s);

uint64_t mkg__sealed_size(const mkg__sealed *s); /* of the content */
/* `n` bytes of the content from `at`; what lies at a multiple of 8 is aligned so. NULL
 * if they are not within it or not what was written: the file is damaged from then on,
 * and gives nothing more. What was read before was right. */
const void *mkg__sealed_look(mkg__sealed *s, uint64_t at, size_t n);
/* To be called by who finds numbers that lead nowhere. */
void mkg__sealed_spoil(mkg__sealed *s);
bool mkg__sealed_damaged(const mkg__sealed *s);

/* A file that is being written, beside `path` until it is done. */
typedef struct mkg__sealer mkg__sealer;

mkg_status mkg__sealer_new(const char *path, const mkg__seal *seal, mkg__sealer **out,
                           mkg_err *err);
mkg_status mkg__sealer_put(mkg__sealer *w, const void *p, size_t n, mkg_err *err);
/* Zeros up to the next multiple of 8. */
mkg_status mkg__sealer_align(mkg__sealer *w, mkg_err *err);
uint64_t mkg__sealer_size(const mkg__sealer *w); /* of the content so far */
/* The file takes the place of the one at `path`. It is not waited for: what a crash
 * leaves half written is found by its checksums. */
mkg_status mkg__sealer_end(mkg__sealer *w, mkg_err *err);
/* Takes away what was not ended. */
void mkg__sealer_free(mkg__sealer *w);

/* Write a file that can be made again: beside `path` and over it. Not waited for, as a
 * file that a crash leaves half written has another checksum and is made anew. Who
 * cannot write goes without the file. */
void mkg__derived_write(const char *path, const void *bytes, size_t n);

#endif
