/* Vector sets in files: written at once, mapped to read. Bytes in docs/formats.md. */
#include "embed/vectors.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[8] = "MKGVEC1";
enum { ENDIAN_MARK = 0x01020304, SUFFIX = 4 };

/* The first bytes of the file; sizes and offsets follow from n and dim. */
typedef struct header {
    char magic[8];
    uint32_t endian;
    uint32_t reserved;
    uint64_t n, dim, seed, graph_version;
    char name[64], method[32], params[512];
    uint64_t data_hash;   /* XXH3-64 of all bytes behind the header */
    uint64_t header_hash; /* XXH3-64 of the bytes of the header before this field */
} header;
_Static_assert(sizeof(header) == 672, "the file format");

struct mkg_vectors {
    mkg_vectors_info info;
    void *map;
    size_t bytes;
    const mkg_id *node;
    const float *x;
};

static bool good_name(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n >= sizeof((mkg_vectors_info *)0)->name || name[0] == '.')
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = name[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'))
            return false;
    }
    return true;
}

/* Bytes from the start of the file to the matrix, and of the whole; false on overflow.
 */
static bool layout(uint64_t n, uint64_t dim, size_t *matrix, size_t *total)
{
    size_t ids, cells, bytes;
    if (n > SIZE_MAX || dim > SIZE_MAX || !mkg__mul((size_t)n, sizeof(mkg_id), &ids) ||
        !mkg__mul((size_t)n, (size_t)dim, &cells) ||
        !mkg__mul(cells, sizeof(float), &bytes) || ids > SIZE_MAX - sizeof(header) - 64)
        return false;
    *matrix = (sizeof(header) + ids + 63) / 64 * 64;
    return !__builtin_add_overflow(*matrix, bytes, total);
}

static char *folder_of(const char *db)
{
    return mkg__path_join(db, "vectors");
}

static char *file_of(const char *db, const char *name)
{
    mkg__buf b = {0};
    mkg__buf_printf(&b, "%s/vectors/%s.vec", db, name);
    if (!mkg__buf_cstr(&b)) {
        mkg__buf_clear(&b);
        return NULL;
    }
    return b.ptr;
}

/* ---- writing ---- */

typedef struct job {
    header h;
    char *body; /* ids and padding */
    size_t nbody;
    const float *x;
    size_t nx;
} job;

static mkg_status write_file(void *ctx, FILE *f, mkg_err *err)
{
    job *j = ctx;
    if (fwrite(&j->h, sizeof j->h, 1, f) != 1 ||
        (j->nbody && fwrite(j->body, j->nbody, 1, f) != 1) ||
        (j->nx && fwrite(j->x, j->nx, 1, f) != 1))
        return mkg__fail_errno(err, "write", "the vector set");
    return MKG_OK;
}

/* Two hashes in one: the ids' is the seed of the matrix's. */
static uint64_t data_hash(const void *body, size_t nbody, const void *x, size_t nx)
{
    return mkg__hash64(x, nx, mkg__hash64(body, nbody, 0));
}

mkg_status mkg_vectors_check_name(const char *name, mkg_err *err)
{
    if (good_name(name)) return MKG_OK;
    return mkg__fail(err, MKG_EARG,
                     "'%.100s' cannot name a vector set: 1 to 63 letters, digits, '-', "
                     "'_' or '.', not starting with '.'",
                     name);
}

mkg_status mkg_vectors_save(const char *db, const mkg_vectors_info *info,
                            const mkg_id *node, const float *x, mkg_err *err)
{
    mkg_status st = MKG_OK;
    job j = {.x = x};
    size_t matrix, total;
    char *folder = NULL, *file = NULL;

    mkg_status named = mkg_vectors_check_name(info->name, err);
    if (named < 0) return named;
    if (info->n == 0 || info->dim == 0 || !layout(info->n, info->dim, &matrix, &total))
        return mkg__fail(err, MKG_EARG, "a vector set has at least one row and column");
    for (size_t i = 0; i < info->n * info->dim; i++)
        if (!isfinite(x[i]))
            return mkg__fail(err, MKG_EARG,
                             "row %zu, column %zu is not a finite number",
                             i / info->dim + 1, i % info->dim + 1);
    memcpy(j.h.magic, magic, sizeof j.h.magic);
    j.h.endian = ENDIAN_MARK;
    j.h.n = info->n;
    j.h.dim = info->dim;
    j.h.seed = info->seed;
    j.h.graph_version = info->graph_version;
    snprintf(j.h.name, sizeof j.h.name, "%s", info->name);
    snprintf(j.h.method, sizeof j.h.method, "%s", info->method);
    snprintf(j.h.params, sizeof j.h.params, "%s", info->params);
    j.nbody = matrix - sizeof j.h;
    j.nx = total - matrix;
    j.body = mkg__calloc(1, j.nbody);
    folder = folder_of(db);
    file = file_of(db, info->name);
    if (!j.body || !folder || !file) {
        st = mkg__nomem(err);
        goto out;
    }
    memcpy(j.body, node, info->n * sizeof *node);
    j.h.data_hash = data_hash(j.body, j.nbody, x, j.nx);
    j.h.header_hash = mkg__hash64(&j.h, offsetof(header, header_hash), 0);
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        st = mkg__fail_errno(err, "make the folder", folder);
        goto out;
    }
    st = mkg__file_replace(file, 0666, write_file, &j, err);
out:
    mkg__free(j.body);
    mkg__free(folder);
    mkg__free(file);
    return st;
}

/* ---- reading ---- */

static mkg_status damaged(const char *file, const char *what, mkg_err *err)
{
    return mkg__fail(err, MKG_ESTORE, "the vector set %s is damaged: %s", file, what);
}

/* Is the header that of a whole file of `bytes` bytes? */
static mkg_status check_header(const header *h, size_t bytes, const char *file,
                               mkg_err *err)
{
    size_t matrix, total;
    if (memcmp(h->magic, magic, sizeof h->magic) != 0)
        return damaged(file, "it does not begin like one", err);
    if (h->endian != ENDIAN_MARK)
        return damaged(file, "it was written on a machine of another byte order", err);
    if (h->header_hash != mkg__hash64(h, offsetof(header, header_hash), 0))
        return damaged(file, "the header's checksum is wrong", err);
    if (h->n == 0 || h->dim == 0 || !layout(h->n, h->dim, &matrix, &total) ||
        total != bytes)
        return damaged(file, "its length is wrong", err);
    if (h->name[sizeof h->name - 1] || h->method[sizeof h->method - 1] ||
        h->params[sizeof h->params - 1])
        return damaged(file, "a text in the header has no end", err);
    return MKG_OK;
}

static void fill_info(const header *h, mkg_vectors_info *info)
{
    memset(info, 0, sizeof *info);
    memcpy(info->name, h->name, sizeof info->name);
    memcpy(info->method, h->method, sizeof info->method);
    memcpy(info->params, h->params, sizeof info->params);
    info->seed = h->seed;
    info->graph_version = h->graph_version;
    info->n = (size_t)h->n;
    info->dim = (size_t)h->dim;
}

static mkg_status map_file(const char *file, mkg_vectors *v, mkg_err *err)
{
    mkg_status st = MKG_OK;
    struct stat sb;
    int fd = open(file, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        st = errno == ENOENT ? MKG_NOTFOUND : mkg__fail_errno(err, "open", file);
        goto out;
    }
    if (fstat(fd, &sb) != 0) {
        st = mkg__fail_errno(err, "open", file);
        goto out;
    }
    if (sb.st_size < (off_t)sizeof(header)) {
        st = damaged(file, "it is too short", err);
        goto out;
    }
    v->bytes = (size_t)sb.st_size;
    v->map = mmap(NULL, v->bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (v->map == MAP_FAILED) {
        v->map = NULL;
        st = mkg__fail_errno(err, "map", file);
    }
out:
    if (fd >= 0) close(fd);
    return st;
}

static mkg_status check_data(mkg_vectors *v, const char *file, mkg_err *err)
{
    const header *h = v->map;
    size_t matrix = 0, total = 0;
    mkg_status st = check_header(h, v->bytes, file, err);
    if (st < 0) return st;
    layout(h->n, h->dim, &matrix, &total);
    const char *p = v->map;
    if (data_hash(p + sizeof *h, matrix - sizeof *h, p + matrix, total - matrix) !=
        h->data_hash)
        return damaged(file, "the data's checksum is wrong", err);
    fill_info(h, &v->info);
    v->node = (const mkg_id *)(const void *)(p + sizeof *h);
    v->x = (const float *)(const void *)(p + matrix);
    for (size_t i = 1; i < v->info.n; i++)
        if (v->node[i - 1] >= v->node[i]) return damaged(file, "ids out of order", err);
    return MKG_OK;
}

static mkg_status none_called(const char *db, const char *name, mkg_err *err)
{
    mkg_vectors_info *list;
    size_t n;
    mkg__buf b = {0};
    if (mkg_vectors_list(db, &list, &n, NULL) >= 0) {
        for (size_t i = 0; i < n; i++)
            mkg__buf_printf(&b, "%s%s", i ? ", " : "; there is: ", list[i].name);
        if (n == 0) mkg__buf_str(&b, "; `medkg embed node2vec` makes one");
        mkg_vectors_list_free(list);
    }
    const char *rest = mkg__buf_cstr(&b);
    mkg_status st = mkg__fail(err, MKG_NOTFOUND, "there is no vector set '%s'%s", name,
                              rest ? rest : "");
    mkg__buf_clear(&b);
    return st;
}

mkg_status mkg_vectors_open(const char *db, const char *name, mkg_vectors **out,
                            mkg_err *err)
{
    mkg_status st = MKG_OK;
    char *file = NULL;
    mkg_vectors *v = mkg__calloc(1, sizeof *v);

    *out = NULL;
    if (!v || !(file = file_of(db, name))) {
        st = mkg__nomem(err);
        goto out;
    }
    if (!good_name(name)) {
        st = none_called(db, name, err);
        goto out;
    }
    MKG_GO(map_file(file, v, err));
    if (st == MKG_NOTFOUND) {
        st = none_called(db, name, err);
        goto out;
    }
    MKG_GO(check_data(v, file, err));
    *out = v;
    v = NULL;
out:
    mkg_vectors_close(v);
    mkg__free(file);
    return st;
}

void mkg_vectors_close(mkg_vectors *v)
{
    if (!v) return;
    if (v->map) munmap(v->map, v->bytes);
    mkg__free(v);
}

const mkg_vectors_info *mkg_vectors_get_info(const mkg_vectors *v)
{
    return &v->info;
}

const mkg_id *mkg_vectors_nodes(const mkg_vectors *v)
{
    return v->node;
}

const float *mkg_vectors_row(const mkg_vectors *v, mkg_id node)
{
    size_t lo = 0, hi = v->info.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (v->node[mid] < node)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < v->info.n && v->node[lo] == node ? v->x + lo * v->info.dim : NULL;
}

/* ---- listing ---- */

static int is_set(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return n > SUFFIX && strcmp(e->d_name + n - SUFFIX, ".vec") == 0;
}

static void read_info(const char *folder, const char *file, mkg_vectors_info *info)
{
    header h;
    struct stat sb;
    char *path = mkg__path_join(folder, file);
    FILE *f = path ? fopen(path, "rb") : NULL;

    memset(info, 0, sizeof *info);
    if (f && fread(&h, sizeof h, 1, f) == 1 && fstat(fileno(f), &sb) == 0 &&
        check_header(&h, (size_t)sb.st_size, file, NULL) >= 0) {
        fill_info(&h, info);
    } else {
        size_t n = strlen(file) - SUFFIX;
        memcpy(info->name, file, n < sizeof info->name ? n : sizeof info->name - 1);
        memcpy(info->method, "damaged", 8);
    }
    if (f) fclose(f);
    mkg__free(path);
}

mkg_status mkg_vectors_list(const char *db, mkg_vectors_info **out, size_t *n,
                            mkg_err *err)
{
    struct dirent **files = NULL;
    char *folder = folder_of(db);
    int count = folder ? scandir(folder, &files, is_set, alphasort) : -1;
    mkg_status st = MKG_OK;

    *out = NULL;
    *n = 0;
    if (!folder) {
        st = mkg__nomem(err);
    } else if (count < 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            st = mkg__fail_errno(err, "list", folder);
    } else if (count > 0) {
        *out = mkg__calloc((size_t)count, sizeof **out);
        if (!*out) st = mkg__nomem(err);
    }
    for (int i = 0; i < count; i++) {
        if (*out) read_info(folder, files[i]->d_name, &(*out)[(*n)++]);
        free(files[i]);
    }
    free(files);
    mkg__free(folder);
    return st;
}

void mkg_vectors_list_free(mkg_vectors_info *list)
{
    mkg__free(list);
}
