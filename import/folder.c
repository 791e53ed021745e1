/* A folder as one source: which of its files are read, and in which order. */
#include "import/import_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 8, PARTS_MAX = 10000 };

bool mkg__is_folder(const char *path)
{
    struct stat sb;
    return stat(path, &sb) == 0 && S_ISDIR(sb.st_mode);
}

static mkg_status add_folder(mkg__parts *p, const char *folder, int depth,
                             mkg_err *err);

/* `path` is taken over. */
static mkg_status add_path(mkg__parts *p, char *path, int depth, mkg_err *err)
{
    struct stat sb;
    if (!path) return mkg__nomem(err);
    if (lstat(path, &sb) == 0 && S_ISDIR(sb.st_mode) && depth < DEPTH_MAX) {
        mkg_status st = add_folder(p, path, depth + 1, err);
        mkg__free(path);
        return st;
    }
    if (stat(path, &sb) != 0 || !S_ISREG(sb.st_mode) || sb.st_size == 0) {
        mkg__free(path);
        return MKG_OK;
    }
    if (p->n == PARTS_MAX || !mkg__grow(&p->at, &p->cap, p->n + 1, sizeof *p->at)) {
        mkg__free(path);
        return p->n == PARTS_MAX
                   ? mkg__fail(err, MKG_EARG,
                               "the folder holds more than %d files: it is no source",
                               PARTS_MAX)
                   : mkg__nomem(err);
    }
    p->at[p->n++] = path;
    return MKG_OK;
}

static mkg_status add_folder(mkg__parts *p, const char *folder, int depth, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const struct dirent *e;
    DIR *d = opendir(folder);
    if (!d) return mkg__fail(err, MKG_EIO, "%s: %s", folder, strerror(errno));
    while ((e = readdir(d)) != NULL)
        if (e->d_name[0] != '.' && strcmp(e->d_name, "__MACOSX") != 0)
            MKG_GO(add_path(p, mkg__path_join(folder, e->d_name), depth, err));
out:
    closedir(d);
    return st;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

mkg_status mkg__parts_list(const char *folder, mkg__parts *out, mkg_err *err)
{
    mkg_status st = add_folder(out, folder, 0, err);
    if (out->n) qsort(out->at, out->n, sizeof *out->at, by_path);
    return st;
}

void mkg__parts_drop(mkg__parts *p, size_t i)
{
    mkg__free(p->at[i]);
    memmove(p->at + i, p->at + i + 1, (p->n - i - 1) * sizeof *p->at);
    p->n--;
}

void mkg__parts_clear(mkg__parts *p)
{
    for (size_t i = 0; i < p->n; i++)
        mkg__free(p->at[i]);
    mkg__free(p->at);
    memset(p, 0, sizeof *p);
}
