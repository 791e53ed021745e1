/* medkg eval: measure on a file of cases. */
#include "cli/cli.h"

#include "base/err.h"

#include <errno.h>
#include <string.h>

/* One missed case on a line, with what was found instead. */
static void on_case(void *ctx, const char *json_case, size_t rank,
                    const mkg_evidence *e)
{
    cli_misses *m = ctx;
    json_t *given = NULL, *mentions = json_array(), *evidence = json_array();

    if (rank != 0 || !m->f || m->failed) goto out;
    m->n++;
    mkg__json_parse(mkg__view(json_case, strlen(json_case)), "", 0, &given, NULL);
    for (size_t i = 0; i < e->nmentions; i++)
        json_array_append_new(mentions, json_string(e->mentions[i].name));
    for (size_t i = 0; i < e->npieces; i++)
        json_array_append_new(evidence, json_pack("{s:s, s:s, s:s}", "subject",
                                                  e->pieces[i].subject, "relation",
                                                  e->pieces[i].relation, "object",
                                                  e->pieces[i].object));
    json_t *v = json_pack("{s:O?, s:s, s:O, s:O}", "case", given, "status",
                          mkg_answer_status_name(e->status), "mentions", mentions,
                          "evidence", evidence);
    if (!v || json_dump_callback(v, cli_write_to, m->f, JSON_COMPACT) != 0 ||
        fputc('\n', m->f) == EOF)
        m->failed = true;
    json_decref(v);
out:
    json_decref(given);
    json_decref(mentions);
    json_decref(evidence);
}

/* The parts of one group by name. */
static json_t *parts_json(const mkg_retrieval_score *s, const char *group)
{
    json_t *v = json_object();
    for (size_t i = 0; i < s->nparts; i++) {
        const mkg_eval_part *p = &s->parts[i];
        if (strcmp(p->group, group) == 0)
            json_object_set_new(v, p->name,
                                json_pack("{s:I, s:f, s:f, s:f, s:f}", "cases",
                                          (json_int_t)p->cases, "hit_at_1", p->hit[0],
                                          "hit_at_5", p->hit[1], "hit_at_10", p->hit[2],
                                          "mrr", p->mrr));
    }
    return v;
}

static json_t *score_json(const mkg_retrieval_score *s)
{
    return json_pack("{s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:{s:f, s:f, s:f}, s:I, s:I, "
                     "s:o, s:o}",
                     "cases", (json_int_t)s->cases, "skipped", (json_int_t)s->skipped,
                     "recall_at_1", s->recall_any[0], "recall_at_5", s->recall_any[1],
                     "recall_at_10", s->recall_any[2], "all_in_20", s->all_in_20, "mrr",
                     s->mrr, "ms", "p50", s->ms_p50, "p95", s->ms_p95, "p99", s->ms_p99,
                     "unanswerable", (json_int_t)s->unanswerable, "refused",
                     (json_int_t)s->refused, "relation", parts_json(s, "relation"),
                     "how", parts_json(s, "how"));
}

static mkg_status print_parts(cli *c, const mkg_retrieval_score *s)
{
    static const char *const columns[] = {"",       "cases", "hit@1", "hit@5",
                                          "hit@10", "MRR",   NULL};
    cli_table t = {.align = "lrrrrr"};
    if (s->nparts == 0) return MKG_OK;
    cli_print(c, "\n");
    cli_heads(&t, columns);
    for (size_t i = 0; i < 2 * s->nparts; i++) { /* relations first */
        const mkg_eval_part *p = &s->parts[i % s->nparts];
        if ((strcmp(p->group, "how") == 0) != (i >= s->nparts)) continue;
        cli_cell(&t, "%s %s", p->group, p->name);
        cli_cell(&t, "%zu", p->cases);
        for (size_t k = 0; k < 3; k++)
            cli_cell(&t, "%.3f", p->hit[k]);
        cli_cell(&t, "%.3f", p->mrr);
    }
    return cli_table_print(c, &t, 1);
}

static mkg_status print_score(cli *c, const mkg_retrieval_score *s)
{
    const struct {
        const char *name;
        double value;
    } rows[] = {{"recall@1", s->recall_any[0]},
                {"recall@5", s->recall_any[1]},
                {"recall@10", s->recall_any[2]},
                {"all in 20", s->all_in_20},
                {"MRR", s->mrr}};
    cli_table t = {.align = "lr"};

    if (c->json) return cli_json(c, score_json(s));
    cli_cell(&t, "cases");
    cli_cell(&t, "%zu", s->cases);
    cli_cell(&t, "skipped (no gold)");
    cli_cell(&t, "%zu", s->skipped);
    if (s->unanswerable) {
        cli_cell(&t, "unanswerable, refused");
        cli_cell(&t, "%zu of %zu", s->refused, s->unanswerable);
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cli_cell(&t, "%s", rows[i].name);
        cli_cell(&t, "%.4f", rows[i].value);
    }
    cli_cell(&t, "latency p50, ms");
    cli_cell(&t, "%.2f", s->ms_p50);
    cli_cell(&t, "latency p95, ms");
    cli_cell(&t, "%.2f", s->ms_p95);
    cli_cell(&t, "latency p99, ms");
    cli_cell(&t, "%.2f", s->ms_p99);
    mkg_status st = cli_table_print(c, &t, 0);
    return st < 0 ? st : print_parts(c, s);
}

static mkg_status read_channels(cli *c, unsigned *out)
{
    const char *list = cli_opt_text(c, "channels");
    *out = 0;
    while (list && *list) {
        size_t n = strcspn(list, ","), i;
        for (i = 0; i < MKG_CHANNELS; i++)
            if (mkg__view_is(mkg__view(list, n), mkg_channel_name((mkg_channel)i)))
                break;
        if (i == MKG_CHANNELS)
            return mkg__fail(&c->err, MKG_EARG, "'%.*s' is no channel", (int)n, list);
        *out |= 1u << i;
        list += n + (list[n] == ',');
    }
    return MKG_OK;
}

static mkg_status eval_retrieval(cli *c, const char *file)
{
    mkg_status st;
    mkg_kg *kg = NULL;
    mkg_retriever *r = NULL;
    mkg_retrieval_score score;
    cli_misses m = {0};
    const char *path = cli_opt_text(c, "misses");
    mkg_retrieve_opts opts = {.exact = cli_opt_given(c, "exact")};

    MKG_GO(read_channels(c, &opts.channels));
    MKG_GO(cli_open(c, &kg));
    MKG_GO(cli_retriever(c, kg, &r));
    if (path && !(m.f = fopen(path, "w"))) {
        st = mkg__fail_errno(&c->err, "write", path);
        goto out;
    }
    MKG_GO(mkg_eval_retrieval(r, file, &opts, on_case, &m, &score, &c->err));
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
    st = print_score(c, &score);
out:
    if (m.f) fclose(m.f);
    mkg_retriever_free(r);
    mkg_kg_close(kg);
    return st;
}

mkg_status cli_cmd_eval(cli *c)
{
    static const char *const names[] = {"retrieval", "linking", "intent", "answers",
                                        "vectors"};
    static mkg_status (*const run[])(cli *, const char *) = {
        eval_retrieval, cli_eval_linking, cli_eval_intent, cli_eval_answers,
        cli_eval_vectors};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(c->args[0], names[i]) == 0) return run[i](c, c->args[1]);
    return cli_unknown(c, "eval", c->args[0], "is not known", names,
                       sizeof names / sizeof *names);
}
