/* medkg embed names: from pairs to the files of the learned part. */
#include "retrieve/link_internal.h"
#include "retrieve/phrases_internal.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

typedef struct pairs {
    mkg__names *x;
    mkg__name_pair *at;
    size_t n, cap;
    mkg__arena arena;
    mkg_err *err;
} pairs;

static mkg_status add(pairs *p, mkg_view phrase, mkg_view term)
{
    uint32_t surface = mkg__names_find(p->x, term.ptr, term.len);
    if (surface == MKG_NAMES_NONE || mkg__view_eq(phrase, term)) return MKG_OK;
    char *copy = mkg__arena_dup(&p->arena, phrase.ptr, phrase.len);
    if (!copy || !mkg__grow(&p->at, &p->cap, p->n + 1, sizeof *p->at))
        return mkg__nomem(p->err);
    p->at[p->n++] = (mkg__name_pair){mkg__view(copy, phrase.len),
                                     mkg__names_text(p->x, surface), surface};
    return MKG_OK;
}

static mkg_status on_phrase(void *ctx, mkg_view phrase, mkg_view term, bool synonym)
{
    (void)synonym;
    return add(ctx, phrase, term);
}

/* Aliases of the graph with the preferred names of their nodes. */
static mkg_status add_aliases(mkg_kg *kg, pairs *p, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_node node;
    mkg_entry e;
    mkg__buf name = {0}, alias = {0};

    for (mkg_id id = 0; (st = mkg_kg_next_node(kg, &id, &node, err)) == MKG_OK;) {
        name.len = 0;
        for (size_t pos = 0; name.len == 0 && mkg_node_next(&node, &pos, &e);)
            if (e.kind == MKG_ENTRY_NAME) MKG_GO(mkg__name_form(e.text, &name, err));
        for (size_t pos = 0; name.len && mkg_node_next(&node, &pos, &e);) {
            if (e.kind != MKG_ENTRY_ALIAS) continue;
            alias.len = 0;
            MKG_GO(mkg__name_form(e.text, &alias, err));
            MKG_GO(
                add(p, mkg__view(alias.ptr, alias.len), mkg__view(name.ptr, name.len)));
        }
    }
out:
    mkg__buf_clear(&name);
    mkg__buf_clear(&alias);
    return st < 0 ? st : MKG_OK;
}

/* ---- the user's pairs become DB/colloquial.tsv ---- */

/* A phrase in the table: tab and ';' are its own signs. */
static void put_field(mkg__buf *out, mkg_view v)
{
    for (size_t i = 0; i < v.len; i++)
        mkg__buf_byte(out, strchr("\t\n\r;", v.ptr[i]) ? ' ' : (unsigned char)v.ptr[i]);
}

static mkg_status convert_json(mkg_view line, const char *file, uint64_t number,
                               mkg__buf *out, mkg_err *err)
{
    static const char *const golds[] = {"in_medical_json", "gold", "standard"};
    json_t *v = NULL;
    mkg_status st = mkg__json_parse(line, file, number, &v, err);
    if (st < 0) return st;
    mkg_view text = mkg__json_view(json_object_get(v, "text"));
    if (!text.ptr) text = mkg__json_view(json_object_get(v, "colloquial"));
    const json_t *gold = NULL;
    for (size_t i = 0; !gold && i < 3; i++)
        gold = json_object_get(v, golds[i]);
    if (!text.ptr || !json_is_array(gold))
        st = mkg__fail_at(err, MKG_EPARSE, file, number, 0,
                          "a pair has a \"text\" and a list \"gold\"");
    for (size_t i = 0; st >= 0 && i < json_array_size(gold); i++) {
        mkg_view term = mkg__json_view(json_array_get(gold, i));
        if (!term.ptr || term.len == 0) continue;
        put_field(out, term);
        mkg__buf_byte(out, '\t');
        put_field(out, text);
        mkg__buf_byte(out, '\n');
    }
    json_decref(v);
    return st;
}

static mkg_status read_pairs(const char *path, mkg__buf *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__stream *s = NULL;
    mkg__lines *l = NULL;
    mkg_view line;
    uint64_t number;
    size_t bad;

    MKG_GO(mkg__stream_open(path, &s, err));
    MKG_GO(mkg__lines_new(s, &l, err));
    while ((st = mkg__lines_next(l, &line, &number, err)) == MKG_OK) {
        mkg_view v = mkg__trim(line);
        if (v.len == 0) continue;
        if (!mkg__utf8_valid(v.ptr, v.len, &bad)) {
            st = mkg__fail_at(err, MKG_EPARSE, mkg__stream_name(s), number,
                              (uint32_t)bad + 1, "not valid UTF-8");
            goto out;
        }
        if (v.ptr[0] == '{') {
            MKG_GO(convert_json(v, mkg__stream_name(s), number, out, err));
        } else {
            if (v.ptr[0] != '#' && !memchr(v.ptr, '\t', v.len)) {
                st = mkg__fail_at(err, MKG_EPARSE, mkg__stream_name(s), number, 0,
                                  "a line is terms, a tab, phrases");
                goto out;
            }
            mkg__buf_put(out, v.ptr, v.len);
            mkg__buf_byte(out, '\n');
        }
    }
    if (st == MKG_END) st = out->failed ? mkg__nomem(err) : MKG_OK;
out:
    mkg__lines_free(l);
    mkg__stream_close(s);
    return st;
}

static mkg_status write_text(void *ctx, FILE *f, mkg_err *err)
{
    const mkg__buf *b = ctx;
    return b->len == 0 || fwrite(b->ptr, 1, b->len, f) == b->len
               ? MKG_OK
               : mkg__fail_errno(err, "write", MKG_PAIRS_FILE);
}

/* ---- learning ---- */

/* Pairs of a term stand together, terms in an order of chance. */
static int by_term(const void *a, const void *b)
{
    const mkg__name_pair *x = a, *y = b;
    uint64_t p = mkg__hash64(x->term.ptr, x->term.len, 3),
             q = mkg__hash64(y->term.ptr, y->term.len, 3);
    if (p != q) return p < q ? -1 : 1;
    int order = memcmp(x->phrase.ptr, y->phrase.ptr,
                       x->phrase.len < y->phrase.len ? x->phrase.len : y->phrase.len);
    return order ? order
                 : (x->phrase.len > y->phrase.len) - (x->phrase.len < y->phrase.len);
}

static mkg_status learn_parts(mkg__linker *l, const mkg__name_pair *at, size_t n,
                              const mkg__train_opts *o, mkg_err *err)
{
    mkg_status st = MKG_OK;
    l->model.nrules = 0;
    mkg__name_vectors_clear(&l->vectors);
    MKG_GO(mkg__link_mine(at, n, &l->model, err));
    MKG_GO(mkg__name_vectors_train(l->names, at, n, o, &l->vectors, err));
    st = mkg__name_vectors_fill(&l->vectors, l->names, err);
out:
    return st;
}

/* The shipped pairs come first, then the others. Half of the terms of the others are
 * kept out of the parts while the weights are learned on them; where there are few,
 * weights stay what they are. */
static mkg_status learn(mkg_kg *kg, mkg__linker *l, const pairs *p, size_t shipped,
                        const mkg__train_opts *o, mkg_err *err)
{
    enum { FEW = 200 };
    mkg_status st = MKG_OK;
    size_t half = shipped + (p->n - shipped) / 2;
    char *model = mkg__path_join(mkg_kg_path(kg), "linking.json");
    char *vectors = mkg__path_join(mkg_kg_path(kg), "names.vec");

    if (!model || !vectors) {
        st = mkg__nomem(err);
        goto out;
    }
    while (half < p->n && half > shipped &&
           p->at[half].surface == p->at[half - 1].surface)
        half++;
    if (p->n - half >= FEW) {
        MKG_GO(learn_parts(l, p->at, half, o, err));
        MKG_GO(mkg__link_fit(l, p->at + half, p->n - half, err));
    }
    MKG_GO(learn_parts(l, p->at, p->n, o, err));
    MKG_GO(mkg__name_vectors_save(vectors, mkg__linker_key(kg), &l->vectors, err));
    st = mkg__link_model_save(model, &l->model, err);
out:
    mkg__free(model);
    mkg__free(vectors);
    return st;
}

mkg_status mkg_names_learn(mkg_kg *kg, const mkg_names_opts *o, mkg_names_learnt *out,
                           mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__linker *l;
    mkg__buf text = {0};
    char *path = NULL;
    pairs p = {.err = err};
    mkg__train_opts train = {o->dim, o->epochs, o->seed, o->progress, o->progress_ctx};

    memset(out, 0, sizeof *out);
    if (o->dim == 0 || o->dim > MKG__VECTOR_DIM_MAX)
        return mkg__fail(err, MKG_EARG, "a vector has 1 to %d numbers",
                         MKG__VECTOR_DIM_MAX);
    if (o->pairs) {
        MKG_GO(read_pairs(o->pairs, &text, err));
        if (!(path = mkg__path_join(mkg_kg_path(kg), MKG_PAIRS_FILE))) {
            st = mkg__nomem(err);
            goto out;
        }
        MKG_GO(mkg__file_replace(path, 0666, write_text, &text, err));
        mkg__linker_forget(kg);
    }
    MKG_GO(mkg__linker_get(kg, &l, err));
    p.x = l->names;
    MKG_GO(mkg__phrases_each(mkg__shipped_phrases(), on_phrase, &p, err));
    out->shipped = p.n;
    MKG_GO(add_aliases(kg, &p, err));
    out->aliases = p.n - out->shipped;
    MKG_GO(mkg__phrases_each(mkg__view(text.ptr, text.len), on_phrase, &p, err));
    out->given = p.n - out->aliases - out->shipped;
    if (p.n < 2) {
        st = mkg__fail(err, MKG_NOTFOUND, "there are no pairs to learn from");
        goto out;
    }
    if (p.n > out->shipped)
        qsort(p.at + out->shipped, p.n - out->shipped, sizeof *p.at, by_term);
    MKG_GO(learn(kg, l, &p, out->shipped, &train, err));
    out->rules = l->model.nrules;
    out->names = mkg__names_count(l->names);
out:
    mkg__linker_forget(kg);
    mkg__free(path);
    mkg__free(p.at);
    mkg__arena_clear(&p.arena);
    mkg__buf_clear(&text);
    return st;
}
