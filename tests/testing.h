/* What tests share: temporary folders, files, a small graph. Include first. */
#ifndef MKG_TESTING_H
#define MKG_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "kg/writer.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Fail with the library's own words. */
#define assert_mkg_ok(call)                                                            \
    do {                                                                               \
        mkg_status st_ = (call);                                                       \
        if (st_ < 0)                                                                   \
            fail_msg("%s: %s (%s:%llu)", #call, err.msg, err.file,                     \
                     (unsigned long long)err.line);                                    \
    } while (0)

static inline mkg_view V(const char *s)
{
    mkg_view v = {s, strlen(s)};
    return v;
}

/* A new empty folder; free() the path. */
static inline char *new_folder(void)
{
    const char *tmp = getenv("TMPDIR");
    char *path = malloc(4096);
    assert_non_null(path);
    snprintf(path, 4096, "%s/medkg-test-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(path));
    return path;
}

static inline int remove_one(const char *path, const struct stat *sb, int flag,
                             struct FTW *ftw)
{
    (void)sb;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static inline void remove_folder(char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(path);
}

/* "folder/name"; free() it. */
static inline char *in_folder(const char *folder, const char *name)
{
    char *path = malloc(strlen(folder) + strlen(name) + 2);
    assert_non_null(path);
    sprintf(path, "%s/%s", folder, name);
    return path;
}

/* Write bytes to folder/name; free() the path. */
static inline char *new_file(const char *folder, const char *name, const void *p,
                             size_t n)
{
    char *path = in_folder(folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    return path;
}

static inline char *new_text(const char *folder, const char *name, const char *text)
{
    return new_file(folder, name, text, strlen(text));
}

static inline const char *shared(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", MEDKG_SHARED, name);
    if (access(path, R_OK) == 0) return path;
    printf("skipped: %s is not here\n", path);
    return NULL;
}

#endif
