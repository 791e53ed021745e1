/* medkg eval vectors: how good a vector set is. */
#include "cli/cli.h"

#include "base/err.h"
#include "embed/eval.h"
#include "embed/vectors.h"

#include <string.h>

typedef struct measure {
    const char *key, *name; /* in JSON, on the screen */
    double value;
} measure;

static json_t *begin_json(const mkg_vectors_info *set, const char *what)
{
    return json_pack("{s:s, s:s, s:s, s:I}", "set", set->name, "method", set->method,
                     "what", what, "dim", (json_int_t)set->dim);
}

/* Counts, then measures: an object, or a table of two columns. */
static mkg_status print(cli *c, const mkg_vectors_info *set, const char *what,
                        const measure *counts, size_t ncounts, const measure *m,
                        size_t n)
{
    cli_table t = {.align = "lr"};
    if (c->json) {
        json_t *v = begin_json(set, what);
        for (size_t i = 0; i < ncounts; i++)
            json_object_set_new(v, counts[i].key,
                                json_integer((json_int_t)counts[i].value));
        for (size_t i = 0; i < n; i++)
            json_object_set_new(v, m[i].key, json_real(m[i].value));
        return cli_json(c, v);
    }
    for (size_t i = 0; i < ncounts; i++) {
        cli_cell(&t, "%s", counts[i].name);
        cli_cell(&t, "%.0f", counts[i].value);
    }
    for (size_t i = 0; i < n; i++) {
        cli_cell(&t, "%s", m[i].name);
        cli_cell(&t, "%.4f", m[i].value);
    }
    return cli_table_print(c, &t, 0);
}

static mkg_status eval_labels(cli *c, mkg_kg *kg, const mkg_vectors *v,
                              const char *file)
{
    mkg_eval_labels_opts o = MKG_EVAL_LABELS_OPTS_INIT;
    mkg_eval_labels_result r;
    o.train = cli_opt_real(c, "train");
    o.repeats = (unsigned)cli_opt_count(c, "repeats");
    o.seed = (uint32_t)cli_opt_count(c, "seed");
    o.normalize = cli_opt_given(c, "normalize");
    o.progress = cli_on_progress;
    o.progress_ctx = c;
    mkg_status st = mkg_eval_labels(kg, v, file, &o, &r, &c->err);
    cli_progress_clear(c);
    if (st != MKG_OK) return st;
    const measure counts[] = {{"nodes", "nodes", (double)r.nodes},
                              {"labels", "labels", (double)r.labels},
                              {"missing", "without a vector", (double)r.missing},
                              {"repeats", "shuffles", (double)o.repeats}};
    const measure m[] = {{"train", "part to learn from", o.train},
                         {"micro_f1", "micro F1", r.micro},
                         {"macro_f1", "macro F1", r.macro},
                         {"micro_sd", "deviation of micro F1", r.micro_sd},
                         {"macro_sd", "deviation of macro F1", r.macro_sd}};
    return print(c, mkg_vectors_get_info(v), "labels", counts, 4, m, 5);
}

static mkg_status eval_groups(cli *c, mkg_kg *kg, const mkg_vectors *v,
                              const char *file)
{
    mkg_eval_groups_result r;
    mkg_status st =
        mkg_eval_groups(kg, v, file, cli_opt_count(c, "seed"), 0, &r, &c->err);
    if (st != MKG_OK) return st;
    const measure counts[] = {{"nodes", "nodes", (double)r.nodes},
                              {"groups", file ? "labels" : "types", (double)r.groups},
                              {"left_out", "left out", (double)r.left_out}};
    const measure m[] = {{"nmi", "NMI of k-means with them", r.nmi},
                         {"inertia", "inertia", r.inertia}};
    return print(c, mkg_vectors_get_info(v), "clusters", counts, 3, m, 2);
}

static mkg_status eval_analogy(cli *c, mkg_kg *kg, const mkg_vectors *v,
                               const char *file)
{
    mkg_eval_analogy_result r;
    mkg_status st = mkg_eval_analogy(kg, v, file, &r, &c->err);
    if (st != MKG_OK) return st;
    const measure counts[] = {{"cases", "cases", (double)r.cases},
                              {"skipped", "skipped", (double)r.skipped}};
    const measure m[] = {{"hits_at_1", "hits@1", r.hits1},
                         {"hits_at_10", "hits@10", r.hits10},
                         {"mrr", "MRR", r.mrr}};
    return print(c, mkg_vectors_get_info(v), "analogy", counts, 2, m, 3);
}

mkg_status cli_eval_vectors(cli *c, const char *set)
{
    static const char *const ways[] = {"labels", "links", "analogy", "clusters"};
    mkg_status st;
    mkg_kg *kg = NULL;
    mkg_vectors *v = NULL;
    size_t given = 0;
    const char *labels = cli_opt_text(c, "labels"),
               *analogy = cli_opt_text(c, "analogy");
    bool clusters = cli_opt_given(c, "clusters");

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        given += cli_opt_given(c, ways[i]);
    if (clusters && labels) given--; /* groups against the labels of the file */
    if (given != 1)
        return mkg__fail(
            &c->err, MKG_EARG,
            "say what to measure: --labels FILE, --links, --analogy FILE or "
            "--clusters");
    MKG_GO(cli_open(c, &kg));
    st = mkg_vectors_open(c->db, set, &v, &c->err);
    if (st != MKG_OK) goto out;
    cli_catch_signals();
    if (clusters)
        st = eval_groups(c, kg, v, labels);
    else if (labels)
        st = eval_labels(c, kg, v, labels);
    else if (analogy)
        st = eval_analogy(c, kg, v, analogy);
    else
        st = cli_eval_links(c, kg, v);
out:
    mkg_vectors_close(v);
    mkg_kg_close(kg);
    return st;
}
