/* Only user of archive.h. gzip is not among its formats: libarchive does not verify
 * the checksum of gzip, zlib does (base/stream.c). */
#include "base/unpack.h"

#include "base/dylib.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"

#include <archive.h>
#include <archive_entry.h>
#include <pthread.h>
#include <string.h>

static struct {
    __typeof__(&archive_read_new) read_new;
    __typeof__(&archive_read_free) read_free;
    __typeof__(&archive_read_support_filter_bzip2) bzip2;
    __typeof__(&archive_read_support_filter_xz) xz;
    __typeof__(&archive_read_support_filter_zstd) zstd;
    __typeof__(&archive_read_support_format_raw) raw;
    __typeof__(&archive_read_support_format_empty) empty;
    __typeof__(&archive_read_support_format_zip_streamable) zip;
    __typeof__(&archive_read_open) open;
    __typeof__(&archive_read_next_header) next_header;
    __typeof__(&archive_read_data) data;
    __typeof__(&archive_error_string) error_string;
    __typeof__(&archive_set_error) set_error;
    __typeof__(&archive_entry_pathname) pathname;
    __typeof__(&archive_entry_filetype) filetype;
    __typeof__(&archive_entry_is_encrypted) encrypted;
} lib;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static mkg_status load_status;
static mkg_err load_error;

static void load(void)
{
    const mkg__symbol symbols[] = {
        {"archive_read_new", &lib.read_new},
        {"archive_read_free", &lib.read_free},
        {"archive_read_support_filter_bzip2", &lib.bzip2},
        {"archive_read_support_filter_xz", &lib.xz},
        {"archive_read_support_filter_zstd", &lib.zstd},
        {"archive_read_support_format_raw", &lib.raw},
        {"archive_read_support_format_empty", &lib.empty},
        {"archive_read_support_format_zip_streamable", &lib.zip},
        {"archive_read_open", &lib.open},
        {"archive_read_next_header", &lib.next_header},
        {"archive_read_data", &lib.data},
        {"archive_error_string", &lib.error_string},
        {"archive_set_error", &lib.set_error},
        {"archive_entry_pathname", &lib.pathname},
        {"archive_entry_filetype", &lib.filetype},
        {"archive_entry_is_encrypted", &lib.encrypted}};
    load_status = mkg__dylib_load("libarchive.so.13", "libarchive13", symbols,
                                  sizeof symbols / sizeof *symbols, &load_error);
}

struct mkg__unpack {
    struct archive *a;
    const char *name;
    mkg__block_fn fn;
    void *ctx;
    mkg_status st; /* of the last call of fn */
    mkg_err err;
    bool end;
    char member[256]; /* being read */
};

bool mkg__unpack_knows(const unsigned char *p, size_t n)
{
    static const struct {
        const char *magic;
        size_t n;
    } known[] = {{"\x28\xb5\x2f\xfd", 4},
                 {"\xfd"
                  "7zXZ\0",
                  6},
                 {"PK\3\4", 4},
                 {"PK\5\6", 4}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (n >= known[i].n && memcmp(p, known[i].magic, known[i].n) == 0) return true;
    /* "BZh" and a digit may begin a text: a block or the end must follow. */
    return n >= 10 && memcmp(p, "BZh", 3) == 0 && p[3] >= '1' && p[3] <= '9' &&
           (memcmp(p + 4, "1AY&SY", 6) == 0 ||
            memcmp(p + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0);
}

static la_ssize_t on_read(struct archive *a, void *ctx, const void **buffer)
{
    mkg__unpack *u = ctx;
    mkg_view block = {"", 0};
    u->st = u->fn(u->ctx, &block, &u->err);
    if (u->st < 0) {
        lib.set_error(a, -1, "%s", u->err.msg);
        return -1;
    }
    *buffer = block.ptr;
    return (la_ssize_t)block.len;
}

static mkg_status damaged(mkg__unpack *u, mkg_err *err)
{
    if (u->st < 0) {
        if (err) *err = u->err;
        return u->st;
    }
    const char *why = lib.error_string(u->a);
    return mkg__fail_at(err, MKG_EPARSE, u->name, 0, 0,
                        "the packed data are damaged or end too soon (%.200s)",
                        why ? why : "no reason given");
}

/* What the packing program put in beside the files. */
static bool is_junk(const char *path)
{
    const char *base = mkg__path_base(path);
    return strncmp(path, "__MACOSX/", 9) == 0 || strncmp(base, "._", 2) == 0 ||
           strcmp(base, ".DS_Store") == 0 || strcmp(base, "Thumbs.db") == 0 ||
           strcmp(base, "desktop.ini") == 0;
}

/* Go to the next file that counts; u->end where there is none. */
static mkg_status next_member(mkg__unpack *u, mkg_err *err)
{
    struct archive_entry *e;
    for (;;) {
        int r = lib.next_header(u->a, &e);
        if (r == ARCHIVE_EOF) {
            u->end = true;
            return MKG_OK;
        }
        if (r != ARCHIVE_OK && r != ARCHIVE_WARN) return damaged(u, err);
        const char *path = lib.pathname(e);
        if (!path) path = "(a name that cannot be read)";
        if (lib.filetype(e) == AE_IFDIR || is_junk(path)) continue;
        if (strcmp(u->member, "[Content_Types].xml") == 0)
            return mkg__fail_at(
                err, MKG_EPARSE, u->name, 0, 0,
                "this is a file of Excel or Word: save the sheet as CSV "
                "UTF-8, or 'libreoffice --headless --convert-to csv "
                "FILE'");
        if (u->member[0])
            return mkg__fail_at(err, MKG_EPARSE, u->name, 0, 0,
                                "the archive holds several files ('%.80s' and '%.80s' "
                                "at least): unpack it and name the ones that you want",
                                u->member, mkg__path_base(path));
        if (lib.encrypted(e))
            return mkg__fail_at(err, MKG_EPARSE, u->name, 0, 0,
                                "'%.80s' in the archive is encrypted", path);
        snprintf(u->member, sizeof u->member, "%s", mkg__path_base(path));
        return MKG_OK;
    }
}

mkg_status mkg__unpack_new(const char *name, mkg__block_fn fn, void *ctx,
                           mkg__unpack **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__unpack *u = NULL;

    *out = NULL;
    pthread_once(&once, load);
    if (load_status < 0) {
        if (err) *err = load_error;
        return load_status;
    }
    u = mkg__calloc(1, sizeof *u);
    if (!u || !(u->a = lib.read_new())) {
        st = mkg__nomem(err);
        goto out;
    }
    u->name = name;
    u->fn = fn;
    u->ctx = ctx;
    lib.bzip2(u->a);
    lib.xz(u->a);
    lib.zstd(u->a);
    lib.raw(u->a);
    lib.empty(u->a);
    lib.zip(u->a);
    if (lib.open(u->a, u, NULL, on_read, NULL) != ARCHIVE_OK) {
        st = damaged(u, err);
        goto out;
    }
    MKG_GO(next_member(u, err));
    *out = u;
    u = NULL;
out:
    mkg__unpack_free(u);
    return st;
}

void mkg__unpack_free(mkg__unpack *u)
{
    if (!u) return;
    if (u->a) lib.read_free(u->a);
    mkg__free(u);
}

mkg_status mkg__unpack_read(mkg__unpack *u, void *dst, size_t cap, size_t *n,
                            mkg_err *err)
{
    *n = 0;
    if (u->end) return MKG_OK;
    la_ssize_t k = lib.data(u->a, dst, cap);
    if (k < 0) return damaged(u, err);
    *n = (size_t)k;
    return k == 0 ? next_member(u, err) : MKG_OK;
}
