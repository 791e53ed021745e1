/* medkg eval answers: questions, evidence, and what is written about it. */
#include "lm/eval_answers.h"

#include "base/err.h"
#include "cli/cli.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* One case that was not answered perfectly, with what was written. */
static void on_case(void *ctx, const char *json_case, const mkg_evidence *e,
                    const mkg_answer *a)
{
    cli_misses *m = ctx;
    json_t *given = NULL, *removed = json_array();

    (void)e;
    if (!m->f || m->failed) goto out;
    m->n++;
    mkg__json_parse(mkg__view(json_case, strlen(json_case)), "", 0, &given, NULL);
    for (size_t i = 0; a && i < a->nremoved; i++)
        json_array_append_new(removed, json_pack("{s:s, s:s}", "text", a->removed[i],
                                                 "reason", a->reasons[i]));
    const char *text = a && a->draft ? a->draft : a ? a->text : "";
    json_t *v = json_pack("{s:O?, s:s, s:O}", "case", given, "written", text, "removed",
                          removed);
    if (!v || json_dump_callback(v, cli_write_to, m->f, JSON_COMPACT) != 0 ||
        fputc('\n', m->f) == EOF)
        m->failed = true;
    json_decref(v);
out:
    json_decref(given);
    json_decref(removed);
}

/* ---- printing ---- */

static json_t *share_json(double x)
{
    return isnan(x) ? json_null() : json_real(x);
}

static json_t *part_json(const mkg_answers_part *p)
{
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I}", "cases",
                     (json_int_t)p->cases, "exact", share_json(p->exact), "complete",
                     share_json(p->complete), "precision", share_json(p->precision),
                     "recall", share_json(p->recall), "refused", share_json(p->refused),
                     "kept_quiet", share_json(p->kept_quiet), "extra",
                     share_json(p->extra), "foreign", (json_int_t)p->foreign, "removed",
                     (json_int_t)p->removed, "in_form", (json_int_t)p->in_form);
}

static mkg_status print_json(cli *c, const mkg_answers_score *s)
{
    json_t *v = part_json(&s->all), *kinds = json_object();
    for (size_t i = 0; i < s->nparts; i++)
        json_object_set_new(kinds, s->parts[i].name, part_json(&s->parts[i]));
    if (v) {
        json_object_set_new(v, "kind", kinds);
        json_object_set_new(v, "fallbacks", json_integer((json_int_t)s->fallbacks));
        json_object_set_new(v, "tokens", json_integer((json_int_t)s->tokens));
        json_object_set_new(v, "seconds",
                            json_pack("{s:f, s:f, s:f}", "all", s->seconds, "p50",
                                      s->p50, "p95", s->p95));
    } else {
        json_decref(kinds);
    }
    return cli_json(c, v);
}

static void cell_share(cli_table *t, double x)
{
    if (isnan(x))
        cli_cell(t, "-");
    else
        cli_cell(t, "%.4f", x);
}

static void row(cli_table *t, const mkg_answers_part *p)
{
    cli_cell(t, "%s", p->name);
    cli_cell(t, "%zu", p->cases);
    cell_share(t, p->exact);
    cell_share(t, p->complete);
    cell_share(t, p->precision);
    cell_share(t, p->recall);
    cell_share(t, p->refused);
    cli_cell(t, "%zu", p->foreign);
    cli_cell(t, "%zu", p->removed);
}

static mkg_status print_text(cli *c, const mkg_answers_score *s)
{
    static const char *const columns[] = {"",          "cases",  "exact",   "all told",
                                          "precision", "recall", "refused", "foreign",
                                          "removed",   NULL};
    cli_table t = {.align = "lrrrrrrrr"};
    cli_heads(&t, columns);
    row(&t, &s->all);
    for (size_t i = 0; i < s->nparts; i++)
        row(&t, &s->parts[i]);
    mkg_status st = cli_table_print(c, &t, 1);
    cli_print(c, "\nwithin the forms: %zu of %zu; nothing left: %zu\n", s->all.in_form,
              s->all.cases, s->fallbacks);
    if (s->seconds > 0)
        cli_print(c, "an answer: p50 %.3f s, p95 %.3f s\n", s->p50, s->p95);
    if (s->tokens && s->seconds > 0)
        cli_print(c, "%.0f tokens/s, reading the evidence included\n",
                  (double)s->tokens / s->seconds);
    return st;
}

/* ---- the command ---- */

static mkg_status open_model(cli *c, const char *spec, const char *data, mkg_lm **out)
{
    mkg_lm_opts o = MKG_LM_OPTS_INIT;
    o.data = data;
    o.free_form = cli_opt_given(c, "no-ground");
    return mkg_lm_open(spec, &o, out, &c->err);
}

static mkg_status open_misses(cli *c, cli_misses *m)
{
    const char *path = cli_opt_text(c, "misses");
    if (path && !(m->f = fopen(path, "w")))
        return mkg__fail_errno(&c->err, "write", path);
    return MKG_OK;
}

static mkg_status close_misses(cli *c, cli_misses *m)
{
    const char *path = cli_opt_text(c, "misses");
    FILE *f = m->f;
    m->f = NULL;
    if (!f) return MKG_OK;
    errno = 0;
    if (fclose(f) != 0 || m->failed) return mkg__fail_errno(&c->err, "write", path);
    cli_note(c, "medkg: %zu cases that are not perfect written to %s", m->n, path);
    return MKG_OK;
}

mkg_status cli_eval_answers(cli *c, const char *file)
{
    mkg_status st;
    mkg_lm *lm = NULL;
    char *data = NULL;
    cli_misses m = {0};
    mkg_answers_score score;
    const char *spec = cli_opt_text(c, "lm");
    mkg_answers_opts o = {.limit = (size_t)cli_opt_count(c, "limit"),
                          .progress = cli_on_progress,
                          .progress_ctx = c};

    MKG_GO(cli_data_folder(c, &data));
    o.data = data;
    o.gold = spec && strcmp(spec, "gold") == 0;
    if (!o.gold) MKG_GO(open_model(c, spec ? spec : "builtin", data, &lm));
    MKG_GO(open_misses(c, &m));
    cli_catch_signals();
    MKG_GO(mkg_eval_answers(lm, file, &o, on_case, &m, &score, &c->err));
    cli_progress_clear(c);
    MKG_GO(close_misses(c, &m));
    st = c->json ? print_json(c, &score) : print_text(c, &score);
out:
    cli_progress_clear(c);
    if (m.f) fclose(m.f);
    mkg_lm_free(lm);
    mkg__free(data);
    return st;
}
