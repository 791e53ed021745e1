/* medkg eval intent: are the relations that a question asks for told apart? And
 * medkg embed intents, which trains the model that does so. */
#include "cli/cli.h"

#include "base/err.h"
#include "base/io.h"
#include "base/pool.h"
#include "retrieve/intents.h"

#include <errno.h>
#include <string.h>

/* ---- embed intents ---- */

mkg_status cli_embed_intents(cli *c)
{
    mkg_status st;
    mkg_kg *kg = NULL;
    char *folder = NULL, *frames = NULL, *path = NULL;
    mkg_intents_info info;
    double began = mkg__now();

    MKG_GO(cli_open(c, &kg));
    MKG_GO(cli_data_folder(c, &folder));
    frames = mkg__path_join(folder, "question_frames.tsv");
    path = mkg__path_join(c->db, MKG_INTENTS_FILE);
    if (!frames || !path) {
        st = mkg__nomem(&c->err);
        goto out;
    }
    MKG_GO(
        mkg_intents_train(kg, frames, cli_opt_count(c, "seed"), path, &info, &c->err));
    double seconds = mkg__now() - began;
    if (c->json)
        st = cli_json(c, json_pack("{s:s, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f}",
                                   "file", path, "relations", (json_int_t)info.classes,
                                   "questions", (json_int_t)info.questions, "features",
                                   (json_int_t)info.features, "bytes",
                                   (json_int_t)info.bytes, "right_unseen", info.right,
                                   "f1_unseen", info.f1, "threshold", info.threshold,
                                   "seconds", seconds));
    else
        cli_print(c,
                  "%s: %zu relations from %zu questions, %zu bytes, %.1f s\n"
                  "of %zu questions in unseen words %.1f %% right\n",
                  path, info.classes, info.questions, info.bytes, seconds, info.unseen,
                  info.right * 100);
out:
    mkg__free(folder);
    mkg__free(frames);
    mkg__free(path);
    mkg_kg_close(kg);
    return st;
}

/* ---- eval intent ---- */

static const char *const method_names[MKG_INTENT_METHODS] = {
    "majority", "phrases", "generated", "both", "folds"};

/* A case that the model missed (the folds, where no model was measured). */
static void on_case(void *ctx, const char *question, const char *label,
                    const char *const said[MKG_INTENT_METHODS])
{
    cli_misses *m = ctx;
    const char *model = said[MKG_INTENT_GENERATED] ? said[MKG_INTENT_GENERATED]
                                                   : said[MKG_INTENT_CROSS];
    if (m->failed || strcmp(model, label) == 0) return;
    json_t *v = json_pack("{s:s, s:s}", "question", question, "intent", label);
    for (size_t i = MKG_INTENT_PHRASES; i < MKG_INTENT_METHODS; i++)
        if (said[i]) json_object_set_new(v, method_names[i], json_string(said[i]));
    if (!v || json_dump_callback(v, cli_write_to, m->f, JSON_COMPACT) != 0 ||
        fputc('\n', m->f) == EOF)
        m->failed = true;
    json_decref(v);
    m->n++;
}

static mkg_status print_json(cli *c, const mkg_intent_score *s)
{
    json_t *classes = json_array(), *methods = json_object();
    for (size_t m = 0; m < MKG_INTENT_METHODS; m++)
        if (s->measured[m])
            json_object_set_new(methods, method_names[m],
                                json_pack("{s:f, s:f}", "accuracy", s->accuracy[m],
                                          "macro_f1", s->macro_f1[m]));
    for (size_t i = 0; i < s->nclasses; i++) {
        const mkg_intent_class *k = &s->classes[i];
        json_t *f1 = json_object();
        for (size_t m = 0; m < MKG_INTENT_METHODS; m++)
            if (s->measured[m])
                json_object_set_new(f1, method_names[m], json_real(k->f1[m]));
        json_array_append_new(classes,
                              json_pack("{s:s, s:I, s:o}", "intent", k->name, "cases",
                                        (json_int_t)k->cases, "f1", f1));
    }
    return cli_json(c,
                    json_pack("{s:I, s:I, s:o, s:o, s:f, s:{s:f, s:f}}", "cases",
                              (json_int_t)s->cases, "distinct", (json_int_t)s->distinct,
                              "methods", methods, "intents", classes, "open_ms",
                              s->open_ms, "us", "p50", s->us_p50, "p99", s->us_p99));
}

static void row(cli_table *t, const mkg_intent_score *s, const char *name, size_t cases,
                const double value[MKG_INTENT_METHODS])
{
    cli_cell(t, "%s", name);
    if (cases)
        cli_cell(t, "%zu", cases);
    else
        cli_cell(t, "%s", "");
    for (size_t m = 0; m < MKG_INTENT_METHODS; m++)
        if (s->measured[m])
            cli_cell(t, "%.4f", value[m]);
        else
            cli_cell(t, "-");
}

static mkg_status print_table(cli *c, const mkg_intent_score *s)
{
    static const char *const heads[] = {"F1",        "cases", "majority", "phrases",
                                        "generated", "both",  "folds",    NULL};
    cli_table t = {.align = "lrrrrrr"};

    cli_heads(&t, heads);
    for (size_t i = 0; i < s->nclasses; i++)
        row(&t, s, s->classes[i].name, s->classes[i].cases, s->classes[i].f1);
    row(&t, s, "macro-F1", s->cases, s->macro_f1);
    row(&t, s, "accuracy", s->cases, s->accuracy);
    mkg_status st = cli_table_print(c, &t, 1);
    if (st >= 0 && s->measured[MKG_INTENT_GENERATED])
        cli_print(c, "model read in %.2f ms; one question: p50 %.0f us, p99 %.0f us\n",
                  s->open_ms, s->us_p50, s->us_p99);
    return st;
}

/* The model beside the store, else the one that comes with the program. */
static mkg_status find_model(cli *c, char **out)
{
    mkg_status st = MKG_OK;
    char *folder = NULL;

    *out = mkg__path_join(c->db, MKG_INTENTS_FILE);
    if (*out && mkg__file_exists(*out)) return MKG_OK;
    mkg__free(*out);
    *out = NULL;
    MKG_GO(cli_data_folder(c, &folder));
    *out = mkg__path_join(folder, MKG_INTENTS_FILE);
    if (!*out) st = mkg__nomem(&c->err);
out:
    mkg__free(folder);
    return st;
}

mkg_status cli_eval_intent(cli *c, const char *file)
{
    mkg_status st;
    mkg_kg *kg = NULL;
    char *model = NULL;
    mkg_intent_score score = {0};
    cli_misses m = {0};
    const char *path = cli_opt_text(c, "misses");
    mkg_intent_eval_opts o = {.map = cli_opt_text(c, "map"),
                              .folds = (size_t)cli_opt_count(c, "folds"),
                              .seed = 1};

    MKG_GO(cli_open(c, &kg));
    MKG_GO(find_model(c, &model));
    o.model = model;
    if (path && !(m.f = fopen(path, "w"))) {
        st = mkg__fail_errno(&c->err, "write", path);
        goto out;
    }
    MKG_GO(mkg_eval_intent(kg, file, &o, m.f ? on_case : NULL, &m, &score, &c->err));
    if (m.f) {
        FILE *f = m.f;
        m.f = NULL;
        errno = 0;
        if (fclose(f) != 0 || m.failed) {
            st = mkg__fail_errno(&c->err, "write", path);
            goto out;
        }
        cli_note(c, "medkg: %zu missed cases written to %s", m.n, path);
    }
    if (o.map && !score.measured[MKG_INTENT_GENERATED])
        cli_note(c, "medkg: no model fits this vocabulary; 'medkg embed intents' makes "
                    "one");
    st = c->json ? print_json(c, &score) : print_table(c, &score);
out:
    if (m.f) fclose(m.f);
    mkg__free(model);
    mkg_intent_score_clear(&score);
    mkg_kg_close(kg);
    return st;
}
