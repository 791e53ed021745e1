/* What the fuzz targets share. A target gets bytes, gives them to a reader and checks
 * what must hold afterwards; CHECK() ends the process, which is how the fuzzer learns
 * of it. replay.c runs saved inputs through the same targets without a fuzzer. */
#ifndef MKG_FUZZ_H
#define MKG_FUZZ_H

#include "base/io.h"
#include "base/rng.h"
#include "base/text.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static mkg_err fuzz_err;

static inline void fuzz_fail(const char *file, int line, const char *what)
{
    const char *slash = strrchr(file, '/');
    fprintf(stderr, "%s:%d: does not hold: %s\n", slash ? slash + 1 : file, line, what);
    if (fuzz_err.msg[0]) fprintf(stderr, "last error: %s\n", fuzz_err.msg);
    abort();
}

/* Not assert(): the release build has none. */
#define CHECK(what)                                                                    \
    do {                                                                               \
        if (!(what)) fuzz_fail(__FILE__, __LINE__, #what);                             \
    } while (0)
#define CHECK_OK(call) CHECK((call) >= 0)

static inline mkg_view fuzz_str(const char *s)
{
    return mkg__view(s, strlen(s));
}

static inline bool fuzz_valid(mkg_view v)
{
    size_t bad;
    return mkg__utf8_valid(v.ptr, v.len, &bad);
}

/* ---- bytes that steer the target, in front of those for the reader ---- */

typedef struct fuzz_input {
    const char *p;
    size_t n;
} fuzz_input;

static inline fuzz_input fuzz_open(const uint8_t *data, size_t size)
{
    return (fuzz_input){size ? (const char *)data : "", size};
}

static inline unsigned fuzz_byte(fuzz_input *in)
{
    if (in->n == 0) return 0;
    in->n--;
    return (unsigned char)*in->p++;
}

/* The rest as text with a NUL behind it; free() it. */
static inline char *fuzz_text(fuzz_input in)
{
    char *s = malloc(in.n + 1);
    CHECK(s);
    memcpy(s, in.p, in.n);
    s[in.n] = '\0';
    return s;
}

/* Length of the next portion of `left` bytes: small ones more often than large ones. */
static inline size_t fuzz_portion(mkg__rng *r, size_t left)
{
    uint32_t most = 1u << mkg__rng_below(r, 14);
    size_t n = 1 + mkg__rng_below(r, most);
    return n < left ? n : left;
}

/* ---- a folder of the process, taken away at its end ---- */

static char fuzz_folder[512];

static inline int fuzz_remove_one(const char *path, const struct stat *sb, int flag,
                                  struct FTW *ftw)
{
    (void)sb;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static inline void fuzz_remove(const char *path)
{
    nftw(path, fuzz_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void fuzz_end(void)
{
    fuzz_remove(fuzz_folder);
}

/* "folder/name", in one of a few static buffers. */
static inline const char *fuzz_path(const char *name)
{
    static char paths[16][600];
    static unsigned next;
    const char *tmp = getenv("TMPDIR");
    if (!fuzz_folder[0]) {
        snprintf(fuzz_folder, sizeof fuzz_folder, "%s/medkg-fuzz-XXXXXX",
                 tmp ? tmp : "/tmp");
        CHECK(mkdtemp(fuzz_folder));
        atexit(fuzz_end);
    }
    char *path = paths[next++ % 16];
    snprintf(path, sizeof paths[0], "%s/%s", fuzz_folder, name);
    return path;
}

static inline const char *fuzz_file(const char *name, const void *p, size_t n)
{
    const char *path = fuzz_path(name);
    FILE *f = fopen(path, "wb");
    CHECK(f);
    CHECK(fwrite(p, 1, n, f) == n);
    CHECK(fclose(f) == 0);
    return path;
}

/* How many bytes the file holds, unpacked; *whole is false where it is damaged gzip. */
static inline size_t fuzz_unpacked(const char *path, bool *whole)
{
    mkg__stream *s;
    char tmp[1 << 14];
    size_t n = 1, all = 0;
    mkg_status st = mkg__stream_open(path, &s, &fuzz_err);
    CHECK(st == MKG_OK);
    for (; st == MKG_OK && n > 0; all += n)
        st = mkg__stream_read(s, tmp, sizeof tmp, &n, &fuzz_err);
    mkg__stream_close(s);
    *whole = st == MKG_OK;
    return all;
}

#endif
