/* Types that every part of medkg shares: statuses, errors, views, ids.
 * Public; the only header of base/ that other public headers need. */
#ifndef MKG_BASE_H
#define MKG_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MKG_VERSION "0.1.0"

#if defined(__GNUC__)
#define MKG_API          __attribute__((visibility("default")))
#define MKG_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define MKG_API
#define MKG_PRINTF(f, a)
#endif

/* 0 is done, > 0 an expected answer, < 0 a failure: `if (st < 0)` is the whole test. */
typedef enum mkg_status {
    MKG_OK = 0,
    MKG_NOTFOUND = 1, /* looked for, not there */
    MKG_END = 2,      /* nothing more to read */
    MKG_EXISTS = 3,   /* already there, nothing changed */
    MKG_EARG = -1,    /* the caller asked for something impossible */
    MKG_ENOMEM = -2,
    MKG_EIO = -3,     /* file system, disk, operating system */
    MKG_EPARSE = -4,  /* input data is not what it should be */
    MKG_ESTORE = -5,  /* store damaged, locked, or of a newer schema */
    MKG_ECANCEL = -6, /* the progress callback said stop */
    MKG_ELM = -7,     /* language model or remote endpoint */
    MKG_EPOLICY = -8, /* refused: patient data, or a policy forbids it */
    MKG_EBUSY = -9    /* another process writes to the store */
} mkg_status;

/* Filled once, where the error is known. Fixed size: works when memory is gone.
 * Owned by the caller; every function takes NULL for "I do not care". */
typedef struct mkg_err {
    mkg_status status;
    char file[256]; /* input file, "" if none */
    uint64_t line;  /* 1-based, 0 if unknown */
    uint32_t col;   /* 1-based, in bytes, 0 if unknown */
    char msg[512];  /* one sentence, no newline */
} mkg_err;

/* Bytes that somebody else owns; not NUL-terminated. */
typedef struct mkg_view {
    const char *ptr;
    size_t len;
} mkg_view;

/* Node, relation, fact, source, type. 0 is no id. */
typedef uint32_t mkg_id;
#define MKG_ID_NONE ((mkg_id)0)

/* Called now and then during long work. `total` is 0 when unknown. A non-zero return
 * asks the library to stop, which it does with MKG_ECANCEL and nothing changed. */
typedef int (*mkg_progress_fn)(void *ctx, const char *what, uint64_t done,
                               uint64_t total);

/* English name of a status, static storage. */
MKG_API const char *mkg_status_name(mkg_status st);

#ifdef __cplusplus
}
#endif
#endif
