/* The name index of a store: found, made or made anew, and kept with the handle. */
#include "retrieve/name_index_internal.h"
#include "retrieve/phrases_internal.h"
#include "retrieve/retrieve.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"

#include <string.h>

enum { PAIRS_MAX = 64 << 20 };

/* What is kept with the handle: it may be renewed under the index. */
typedef struct kept {
    mkg__names *names;
    mkg__names_key key;
} kept;

static void free_kept(void *p)
{
    kept *k = p;
    if (!k) return;
    mkg__names_free(k->names);
    mkg__free(k);
}

static mkg_status read_pairs(mkg_kg *kg, mkg__buf *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    char *path = mkg__path_join(mkg_kg_path(kg), MKG_PAIRS_FILE);
    if (!path) return mkg__nomem(err);
    if (mkg__file_exists(path)) st = mkg__file_read(path, PAIRS_MAX, out, err);
    mkg__free(path);
    return st;
}

static mkg_status make_key(mkg_kg *kg, mkg__buf *pairs, mkg__names_key *key,
                           mkg_err *err)
{
    char hash[33];
    mkg_view shipped = mkg__shipped_phrases();
    mkg_status st = read_pairs(kg, pairs, err);
    if (st < 0) return st;
    memset(key, 0, sizeof *key);
    key->version = mkg_kg_version(kg);
    mkg_kg_hash(kg, hash);
    memcpy(key->hash, hash, sizeof key->hash);
    key->tables = mkg__hash64(shipped.ptr, shipped.len, 1);
    key->tables = mkg__hash64(pairs->ptr ? pairs->ptr : "", pairs->len, key->tables);
    return MKG_OK;
}

mkg_status mkg__names_get(mkg_kg *kg, mkg__names **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_kg_guest *guest = mkg_kg_guest_at(kg, MKG_GUEST_LINKING);
    kept *k = guest->ptr;
    mkg__buf pairs = {0};
    mkg__names_key key;
    char *path = NULL;
    bool damaged = k && k->names && mkg__names_damaged(k->names);
    char hash[33];

    *out = NULL;
    mkg_kg_hash(kg, hash);
    if (k && k->names && !damaged && k->key.version == mkg_kg_version(kg) &&
        memcmp(k->key.hash, hash, sizeof k->key.hash) == 0) {
        *out = k->names;
        return MKG_OK;
    }
    MKG_GO(make_key(kg, &pairs, &key, err));
    if (!k) {
        if (!(k = mkg__calloc(1, sizeof *k))) {
            st = mkg__nomem(err);
            goto out;
        }
        *guest = (mkg_kg_guest){k, free_kept};
    }
    mkg__names_free(k->names);
    k->names = NULL;
    if (!(path = mkg__path_join(mkg_kg_path(kg), "names.idx"))) {
        st = mkg__nomem(err);
        goto out;
    }
    if (!damaged) k->names = mkg__names_map(path, &key);
    if (!k->names) {
        MKG_GO(mkg__names_build(kg, &key, mkg__view(pairs.ptr, pairs.len), &k->names,
                                err));
        /* The file is of the newest version: who looks at an earlier one leaves it. */
        if (mkg_kg_version(kg) > 0 && !mkg_kg_looks_back(kg))
            mkg__names_write(k->names, path);
    }
    k->key = key;
    *out = k->names;
    st = MKG_OK;
out:
    mkg__buf_clear(&pairs);
    mkg__free(path);
    return st;
}

mkg_status mkg_names_prepare(mkg_kg *kg, mkg_err *err)
{
    mkg__names *x;
    return mkg__names_get(kg, &x, err);
}
