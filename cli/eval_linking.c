/* medkg eval linking: texts and the terms that they stand for. */
#include "cli/cli.h"

#include "base/err.h"

#include <errno.h>
#include <string.h>

typedef struct misses {
    FILE *f;
    mkg_kg *kg;
    size_t n;
    bool failed;
} misses;

/* One missed case on a line, with what was found instead. */
static void on_case(void *ctx, const char *json_case, size_t rank,
                    const mkg_found *found, size_t n)
{
    misses *m = ctx;
    json_t *given = NULL, *list = json_array();
    mkg_node node;

    if (!m->f || m->failed) goto out;
    m->n++;
    mkg__json_parse(mkg__view(json_case, strlen(json_case)), "", 0, &given, NULL);
    for (size_t i = 0; i < n; i++) {
        if (mkg_kg_node(m->kg, found[i].node, &node, NULL) != MKG_OK) continue;
        mkg_view name = mkg_node_name(&node, MKG_LANG_NONE);
        json_array_append_new(list,
                              json_pack("{s:s%, s:s%, s:s, s:f}", "name", name.ptr,
                                        name.len, "type", node.type.ptr, node.type.len,
                                        "how", found[i].how, "score", found[i].score));
    }
    json_t *v = json_pack("{s:O?, s:I, s:O}", "case", given, "rank", (json_int_t)rank,
                          "found", list);
    if (!v ||
        json_dump_callback(v, cli_write_to, m->f,
                           JSON_COMPACT | JSON_REAL_PRECISION(4)) != 0 ||
        fputc('\n', m->f) == EOF)
        m->failed = true;
    json_decref(v);
out:
    json_decref(given);
    json_decref(list);
}

static json_t *part_json(const mkg_eval_part *p)
{
    return json_pack("{s:I, s:f, s:f, s:f, s:f}", "cases", (json_int_t)p->cases,
                     "hit_at_1", p->hit[0], "hit_at_5", p->hit[1], "hit_at_10",
                     p->hit[2], "mrr", p->mrr);
}

static mkg_status print_json(cli *c, const mkg_linking_score *s)
{
    json_t *v = part_json(&s->all), *groups[2] = {json_object(), json_object()};
    for (size_t i = 0; i < s->nparts; i++)
        json_object_set_new(groups[strcmp(s->parts[i].group, "how") == 0],
                            s->parts[i].name, part_json(&s->parts[i]));
    if (v) {
        json_object_set_new(v, "skipped", json_integer((json_int_t)s->skipped));
        json_object_set_new(v, "kind", groups[0]);
        json_object_set_new(v, "how", groups[1]);
        json_object_set_new(v, "ms",
                            json_pack("{s:f, s:f, s:f}", "p50", s->ms_p50, "p95",
                                      s->ms_p95, "p99", s->ms_p99));
    }
    return cli_json(c, v);
}

static void row(cli_table *t, const char *name, const mkg_eval_part *p)
{
    cli_cell(t, "%s", name);
    cli_cell(t, "%zu", p->cases);
    for (size_t i = 0; i < 3; i++)
        cli_cell(t, "%.3f", p->hit[i]);
    cli_cell(t, "%.3f", p->mrr);
}

static mkg_status print_text(cli *c, const mkg_linking_score *s)
{
    static const char *const columns[] = {"",       "cases", "hit@1", "hit@5",
                                          "hit@10", "MRR",   NULL};
    cli_table t = {.align = "lrrrrr"};
    mkg__buf name = {0};

    cli_heads(&t, columns);
    row(&t, "all", &s->all);
    for (int how = 0; how < 2; how++)
        for (size_t i = 0; i < s->nparts; i++) {
            const mkg_eval_part *p = &s->parts[i];
            if ((strcmp(p->group, "how") == 0) != how) continue;
            name.len = 0;
            mkg__buf_printf(&name, "%s %s", p->group, p->name);
            const char *text = mkg__buf_cstr(&name);
            row(&t, text ? text : "", p);
        }
    mkg__buf_clear(&name);
    mkg_status st = cli_table_print(c, &t, 1);
    cli_print(c,
              "\n%zu without a gold; latency p50 %.2f ms, p95 %.2f ms, p99 %.2f ms\n",
              s->skipped, s->ms_p50, s->ms_p95, s->ms_p99);
    return st;
}

mkg_status cli_eval_linking(cli *c, const char *file)
{
    mkg_status st;
    mkg_linking_score score;
    misses m = {0};
    const char *path = cli_opt_text(c, "misses");

    MKG_GO(cli_open(c, &m.kg));
    if (path && !(m.f = fopen(path, "w"))) {
        st = mkg__fail_errno(&c->err, "write", path);
        goto out;
    }
    MKG_GO(mkg_eval_linking(m.kg, file, cli_opt_text(c, "method"), on_case, &m, &score,
                            &c->err));
    if (m.f) {
        FILE *f = m.f;
        m.f = NULL;
        errno = 0;
        if (fclose(f) != 0 || m.failed) {
            st = mkg__fail_errno(&c->err, "write", path);
            goto out;
        }
        cli_note(c, "medkg: %zu cases whose term is not the first written to %s", m.n,
                 path);
    }
    st = c->json ? print_json(c, &score) : print_text(c, &score);
out:
    if (m.f) fclose(m.f);
    mkg_kg_close(m.kg);
    return st;
}
