/* The name index of a store: found, made or made anew, and kept with the handle. */
#include "retrieve/link_internal.h"
#include "retrieve/phrases_internal.h"
#include "retrieve/retrieve.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"

#include <string.h>

enum { PAIRS_MAX = 64 << 20 };

/* What is kept with the handle: it may be renewed under the index. */
typedef struct kept {
    mkg__linker linker;
    mkg__names_key key;
    bool learned; /* the learned parts have been looked for */
} kept;

static void clear_learned(kept *k)
{
    mkg__link_model_clear(&k->linker.model);
    mkg__name_vectors_clear(&k->linker.vectors);
    mkg__free(k->linker.type_weight);
    k->linker.type_weight = NULL;
    k->learned = false;
}

static void free_kept(void *p)
{
    kept *k = p;
    if (!k) return;
    clear_learned(k);
    mkg__names_free(k->linker.names);
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

static bool still_fits(const kept *k, mkg_kg *kg)
{
    char hash[33];
    mkg_kg_hash(kg, hash);
    return k->linker.names && !mkg__names_damaged(k->linker.names) &&
           k->key.version == mkg_kg_version(kg) &&
           memcmp(k->key.hash, hash, sizeof k->key.hash) == 0;
}

static mkg_status open_names(mkg_kg *kg, kept *k, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__buf pairs = {0};
    char *path = NULL;
    bool damaged = k->linker.names && mkg__names_damaged(k->linker.names);

    clear_learned(k);
    mkg__names_free(k->linker.names);
    k->linker.names = NULL;
    MKG_GO(make_key(kg, &pairs, &k->key, err));
    if (!(path = mkg__path_join(mkg_kg_path(kg), "names.idx"))) {
        st = mkg__nomem(err);
        goto out;
    }
    if (!damaged) k->linker.names = mkg__names_map(path, &k->key);
    if (!k->linker.names) {
        MKG_GO(mkg__names_build(kg, &k->key, mkg__view(pairs.ptr, pairs.len),
                                &k->linker.names, err));
        /* The file is of the newest version: who looks at an earlier one leaves it. */
        if (mkg_kg_version(kg) > 0 && !mkg_kg_looks_back(kg))
            mkg__names_write(k->linker.names, path);
    }
out:
    mkg__buf_clear(&pairs);
    mkg__free(path);
    return st;
}

static mkg_status get(mkg_kg *kg, kept **out, mkg_err *err)
{
    mkg_kg_guest *guest = mkg_kg_guest_at(kg, MKG_GUEST_LINKING);
    kept *k = guest->ptr;
    mkg_status st = MKG_OK;

    if (!k) {
        if (!(k = mkg__calloc(1, sizeof *k))) return mkg__nomem(err);
        *guest = (mkg_kg_guest){k, free_kept};
    }
    if (!still_fits(k, kg)) st = open_names(kg, k, err);
    *out = k;
    return st;
}

mkg_status mkg__names_get(mkg_kg *kg, mkg__names **out, mkg_err *err)
{
    kept *k;
    mkg_status st = get(kg, &k, err);
    *out = st < 0 ? NULL : k->linker.names;
    return st;
}

mkg_status mkg_names_prepare(mkg_kg *kg, mkg_err *err)
{
    mkg__names *x;
    return mkg__names_get(kg, &x, err);
}

/* ---- what was learned ---- */

mkg_status mkg__linker_types(mkg__linker *l, mkg_err *err)
{
    size_t n = mkg__names_types(l->names);
    mkg__free(l->type_weight);
    if (!(l->type_weight = mkg__calloc(n + 1, sizeof *l->type_weight)))
        return mkg__nomem(err);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < l->model.ntypes; k++)
            if (mkg__view_is(mkg__names_type_name(l->names, (uint32_t)i),
                             l->model.types[k].name))
                l->type_weight[i] = l->model.types[k].weight;
    return MKG_OK;
}

/* The vectors of an index that has changed since are made again from the table. */
static mkg_status open_vectors(mkg_kg *kg, kept *k, mkg_err *err)
{
    mkg__name_vectors *v = &k->linker.vectors;
    char *path = mkg__path_join(mkg_kg_path(kg), "names.vec");
    if (!path) return mkg__nomem(err);
    bool stale;
    mkg_status st = mkg__name_vectors_open(path, &k->key, v, &stale);
    if (st == MKG_OK && stale) {
        st = mkg__name_vectors_fill(v, k->linker.names, err);
        if (st >= 0 && !mkg_kg_looks_back(kg))
            mkg__name_vectors_save(path, &k->key, v, NULL);
    }
    mkg__free(path);
    return st < 0 ? st : MKG_OK;
}

mkg_status mkg__linker_get(mkg_kg *kg, mkg__linker **out, mkg_err *err)
{
    kept *k;
    char *path = NULL;
    mkg_status st = get(kg, &k, err);

    *out = NULL;
    if (st < 0) return st;
    if (!k->learned) {
        mkg__link_model_init(&k->linker.model);
        if (!(path = mkg__path_join(mkg_kg_path(kg), "linking.json"))) {
            st = mkg__nomem(err);
            goto out;
        }
        /* What is no model is none: linking goes on without it. */
        st = mkg__link_model_load(path, &k->linker.model, NULL);
        if (st == MKG_ENOMEM) {
            st = mkg__nomem(err);
            goto out;
        }
        if (st == MKG_OK) MKG_GO(open_vectors(kg, k, err));
        MKG_GO(mkg__linker_types(&k->linker, err));
        k->learned = true;
    }
    *out = &k->linker;
    st = MKG_OK;
out:
    mkg__free(path);
    if (st < 0) clear_learned(k);
    return st;
}

const mkg__names_key *mkg__linker_key(mkg_kg *kg)
{
    const kept *k = mkg_kg_guest_at(kg, MKG_GUEST_LINKING)->ptr;
    return &k->key;
}

void mkg__linker_forget(mkg_kg *kg)
{
    mkg_kg_guest *guest = mkg_kg_guest_at(kg, MKG_GUEST_LINKING);
    if (guest->free) guest->free(guest->ptr);
    *guest = (mkg_kg_guest){NULL, NULL};
}
