/* medkg lm data, medkg lm vocab: what the built-in model is trained on. */
#include "cli/cli.h"

#include "base/err.h"
#include "base/io.h"
#include "lm/examples.h"
#include "lm/vocab.h"

#include <stdlib.h>
#include <string.h>

/* ---- the graph as a corpus ---- */

typedef struct loader {
    cli *c;
    mkg_kg *kg;
    mkg_corpus *out;
    uint32_t *things;    /* node id -> thing */
    uint32_t *relations; /* relation id -> relation of the corpus */
    size_t nnodes, nrelations;
    mkg__arena arena;
    bool failed;
} loader;

static const char *keep(loader *l, mkg_view v)
{
    const char *s = mkg__arena_dup(&l->arena, v.ptr, v.len);
    l->failed |= !s;
    return s ? s : "";
}

/* "" where English is wanted and all that it has are Chinese names. */
static const char *name_in(loader *l, const mkg_node *n, mkg_lang lang)
{
    mkg_view v = mkg_node_name(n, lang);
    if (lang == MKG_LANG_EN && mkg__lang_guess(v.ptr, v.len) == MKG_LANG_ZH) return "";
    return keep(l, v);
}

static mkg_status load_nodes(loader *l)
{
    mkg_node n;
    mkg_entry e;
    mkg_id id = 0;
    mkg_status st;
    size_t cap = 0;

    while ((st = mkg_kg_next_node(l->kg, &id, &n, &l->c->err)) == MKG_OK) {
        if (!mkg__grow(&l->things, &cap, (size_t)id + 1, sizeof *l->things))
            return mkg__nomem(&l->c->err);
        while (l->nnodes <= id)
            l->things[l->nnodes++] = MKG_CORPUS_NONE;
        const char *zh = name_in(l, &n, MKG_LANG_ZH);
        l->things[id] = mkg_corpus_put_thing(l->out, keep(l, n.type), zh,
                                             name_in(l, &n, MKG_LANG_EN));
        size_t pos = 0;
        while (mkg_node_next(&n, &pos, &e))
            if (e.kind == MKG_ENTRY_ALIAS && e.lang != MKG_LANG_NONE)
                mkg_corpus_put_alias(l->out, l->things[id], e.lang, keep(l, e.text));
    }
    return st < 0 ? st : MKG_OK;
}

static void read_direction(loader *l, const mkg_relation *r, mkg_corpus_direction *d)
{
    d->name = keep(l, r->name);
    for (size_t i = 0; i < MKG_CORPUS_LANGS; i++) {
        mkg_lang lang = i ? MKG_LANG_EN : MKG_LANG_ZH;
        d->label[i] = keep(l, mkg_relation_label(r, lang));
        d->sentence[i] = keep(l, mkg_relation_sentence(r, lang));
        d->phrases[i] = keep(l, i ? r->phrases_en : r->phrases_zh);
    }
}

static mkg_status load_relations(loader *l)
{
    static const mkg_corpus_direction nothing = {"", {"", ""}, {"", ""}, {"", ""}};
    size_t cap = 0;
    for (size_t i = 0; i < mkg_kg_relation_count(l->kg); i++) {
        const mkg_relation *r = mkg_kg_relation_at(l->kg, i);
        if (r->inverse) continue;
        if (!mkg__grow(&l->relations, &cap, (size_t)r->id + 1, sizeof *l->relations))
            return mkg__nomem(&l->c->err);
        while (l->nrelations <= r->id)
            l->relations[l->nrelations++] = MKG_CORPUS_NONE;
        if (r->alias) continue;
        const mkg_relation *back = mkg_kg_relation(l->kg, r->id, true);
        mkg_corpus_relation to = {.forward = nothing,
                                  .back = nothing,
                                  .symmetric = r->symmetric,
                                  .literal = r->literal};
        read_direction(l, r, &to.forward);
        if (back && !r->symmetric) read_direction(l, back, &to.back);
        l->relations[r->id] = mkg_corpus_put_relation(l->out, &to);
    }
    return MKG_OK;
}

static mkg_status load_facts(loader *l)
{
    mkg_fact f;
    mkg_source source;
    mkg_id id = 0;
    mkg_status st;

    while ((st = mkg_kg_next_fact(l->kg, &id, &f, &l->c->err)) == MKG_OK) {
        if (f.relation >= l->nrelations || f.subject >= l->nnodes ||
            l->relations[f.relation] == MKG_CORPUS_NONE)
            continue;
        mkg_view name = {"", 0};
        if (mkg_kg_source(l->kg, f.source, &source, NULL) == MKG_OK) name = source.name;
        mkg_corpus_fact to = {.subject = l->things[f.subject],
                              .relation = l->relations[f.relation],
                              .object = f.object == MKG_ID_NONE || f.object >= l->nnodes
                                            ? MKG_CORPUS_NONE
                                            : l->things[f.object],
                              .literal = keep(l, f.literal),
                              .literal_lang = f.literal_lang,
                              .denied = f.denied,
                              .source = keep(l, name),
                              .grade = keep(l, f.grade),
                              .population = keep(l, f.population)};
        mkg_corpus_put_fact(l->out, &to);
    }
    return st < 0 ? st : MKG_OK;
}

static mkg_status load_corpus(cli *c, mkg_corpus **out)
{
    mkg_status st = MKG_OK;
    loader l = {.c = c, .out = mkg_corpus_new()};

    if (!l.out) return mkg__nomem(&c->err);
    MKG_GO(cli_open(c, &l.kg));
    MKG_GO(load_nodes(&l));
    MKG_GO(load_relations(&l));
    MKG_GO(load_facts(&l));
    if (l.failed) st = mkg__nomem(&c->err);
    if (st >= 0) st = mkg_corpus_finish(l.out, &c->err);
out:
    if (st >= 0)
        *out = l.out;
    else
        mkg_corpus_free(l.out);
    mkg_kg_close(l.kg);
    mkg__free(l.things);
    mkg__free(l.relations);
    mkg__arena_clear(&l.arena);
    return st;
}

/* ---- lm data ---- */

static bool is_file(const char *path)
{
    size_t n = strlen(path);
    return n > 6 && strcmp(path + n - 6, ".jsonl") == 0;
}

static mkg_examples_format format_of(const cli *c)
{
    const char *f = cli_opt_text(c, "format");
    return !f || strcmp(f, "jsonl") == 0 ? MKG_EXAMPLES_JSONL
           : strcmp(f, "alpaca") == 0    ? MKG_EXAMPLES_ALPACA
                                         : MKG_EXAMPLES_CHATML;
}

static mkg_status write_split(cli *c, const mkg_corpus *corpus, mkg_examples_opts *o,
                              const char *path)
{
    mkg_status st = mkg_examples_write(corpus, o, path, &c->err);
    if (st < 0) return st;
    cli_progress_clear(c);
    if (c->json)
        return cli_json(c, json_pack("{s:s, s:s, s:I}", "file", path, "split",
                                     mkg_split_name(o->split), "examples",
                                     (json_int_t)o->count));
    cli_print(c, "%s: %zu examples\n", path, o->count);
    return MKG_OK;
}

/* A folder gets the three splits, the two for measuring with a hundredth each, at least
 * a thousand (or as many as there are for training). */
static mkg_status write_folder(cli *c, const mkg_corpus *corpus, mkg_examples_opts *o,
                               const char *folder)
{
    mkg_status st = MKG_OK;
    size_t count = o->count;
    char *as_folder = mkg__path_join(folder, ""), *path = NULL;

    if (!as_folder) return mkg__nomem(&c->err);
    for (int s = MKG_SPLIT_TRAIN; s <= MKG_SPLIT_TEST; s++) {
        char name[32];
        snprintf(name, sizeof name, "%s.jsonl", mkg_split_name((mkg_split)s));
        size_t few = count / 100 > 1000 ? count / 100 : 1000;
        o->split = (mkg_split)s;
        o->count = s == MKG_SPLIT_TRAIN || few > count ? count : few;
        mkg__free(path);
        path = NULL;
        MKG_GO(mkg__path_part(as_folder, name, &path, &c->err));
        MKG_GO(write_split(c, corpus, o, path));
    }
out:
    mkg__free(path);
    mkg__free(as_folder);
    return st;
}

static mkg_split split_of(const cli *c)
{
    const char *s = cli_opt_text(c, "split");
    return !s || strcmp(s, "train") == 0 ? MKG_SPLIT_TRAIN
           : strcmp(s, "valid") == 0     ? MKG_SPLIT_VALID
                                         : MKG_SPLIT_TEST;
}

mkg_status cli_cmd_data(cli *c)
{
    mkg_status st = MKG_OK;
    mkg_corpus *corpus = NULL;
    char *folder = NULL;
    const char *out = cli_opt_text(c, "output"), *lang = cli_opt_text(c, "lang");
    mkg_examples_opts o = {.count = (size_t)cli_opt_count(c, "count"),
                           .seed = cli_opt_count(c, "seed"),
                           .split = split_of(c),
                           .format = format_of(c),
                           .progress = cli_on_progress,
                           .progress_ctx = c};

    if (!out)
        return mkg__fail(&c->err, MKG_EARG,
                         "lm data needs -o: a folder, or a file that ends in .jsonl");
    if (lang) o.lang = mkg__lang_parse(lang, strlen(lang)); /* "both" is none */
    MKG_GO(cli_data_folder(c, &folder));
    o.data = folder;
    cli_catch_signals();
    MKG_GO(load_corpus(c, &corpus));
    st = is_file(out) ? write_split(c, corpus, &o, out)
                      : write_folder(c, corpus, &o, out);
out:
    cli_progress_clear(c);
    mkg_corpus_free(corpus);
    mkg__free(folder);
    return st;
}

/* ---- lm vocab ---- */

mkg_status cli_cmd_vocab(cli *c)
{
    mkg_vocab_opts o = MKG_VOCAB_OPTS_INIT;
    mkg_vocab_info i = {0};
    const char *out = cli_opt_text(c, "output");

    if (!out) return mkg__fail(&c->err, MKG_EARG, "lm vocab needs -o FILE.gguf");
    o.size = (size_t)cli_opt_count(c, "size");
    o.progress = cli_on_progress;
    o.progress_ctx = c;
    cli_catch_signals();
    mkg_status st = mkg_vocab_train(c->args, c->nargs, &o, out, &i, &c->err);
    cli_progress_clear(c);
    if (st < 0) return st;
    if (c->json)
        return cli_json(
            c, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "file", out, "examples",
                         (json_int_t)i.lines, "tokens", (json_int_t)i.size,
                         "characters", (json_int_t)i.chars, "pieces",
                         (json_int_t)i.pieces, "left_out", (json_int_t)i.left_out));
    cli_print(c,
              "%s: %zu tokens from %zu examples: %zu fixed, %zu characters, %zu "
              "pieces; %zu rare characters are left to bytes\n",
              out, i.size, i.lines, i.fixed, i.chars, i.pieces, i.left_out);
    return MKG_OK;
}
