/* medkg diff: what a source, or a file that is not imported, states otherwise. */
#include "cli/cli.h"

#include "base/err.h"
#include "base/io.h"
#include "import/import.h"
#include "kg/history.h"

#include <string.h>
#include <unistd.h>

typedef struct differ {
    cli *c;
    FILE *table; /* -o; NULL if not wanted */
    json_t *list;
    uint64_t shown, limit;
    mkg_status st;
    mkg__buf a, b, line;
} differ;

static const char *change_name(mkg_difference what)
{
    static const char *const names[] = {"added", "removed", "changed"};
    return names[what];
}

static void put_node(mkg_kg *kg, mkg_id id, mkg__buf *out)
{
    mkg_node n;
    out->len = 0;
    if (mkg_kg_node(kg, id, &n, NULL) != MKG_OK) return;
    mkg_view name = mkg_node_name(&n, MKG_LANG_ZH);
    mkg__buf_put(out, name.ptr, name.len);
}

/* "weight 1, grade A, in adults": what may change. */
static void put_state(const mkg_attribution *a, mkg__buf *out)
{
    if (!a) return;
    mkg__buf_printf(out, "weight %g", (double)a->weight);
    if (a->grade.len)
        mkg__buf_printf(out, ", grade %.*s", (int)a->grade.len, a->grade.ptr);
    if (a->population.len)
        mkg__buf_printf(out, ", in %.*s", (int)a->population.len, a->population.ptr);
}

/* Tabs and line ends would break the table. */
static void put_cell(FILE *f, const char *p, size_t n, char end)
{
    for (size_t i = 0; i < n; i++)
        fputc(p[i] == '\t' || p[i] == '\n' || p[i] == '\r' ? ' ' : p[i], f);
    fputc(end, f);
}

static void put_row(differ *d, mkg_difference what, const mkg_fact *f,
                    mkg_view relation, const mkg_attribution *before,
                    const mkg_attribution *after)
{
    mkg__buf state = {0};
    fprintf(d->table, "%s%s\t", f->denied ? "denied " : "", change_name(what));
    put_cell(d->table, d->a.ptr, d->a.len, '\t');
    put_cell(d->table, relation.ptr, relation.len, '\t');
    put_cell(d->table, d->b.ptr, d->b.len, '\t');
    put_state(before, &state);
    put_cell(d->table, state.ptr, state.len, '\t');
    state.len = 0;
    put_state(after, &state);
    put_cell(d->table, state.ptr, state.len, '\n');
    mkg__buf_clear(&state);
}

static void put_line(differ *d, mkg_difference what, const mkg_fact *f, mkg_view label,
                     const mkg_attribution *before, const mkg_attribution *after)
{
    static const char marks[] = "+-~";
    mkg__buf text = {0};
    mkg__buf_printf(&text, "%s —%s%.*s→ %s", mkg__buf_cstr(&d->a),
                    f->denied ? "否认：" : "", (int)label.len, label.ptr,
                    mkg__buf_cstr(&d->b));
    if (what == MKG_DIFF_CHANGED) {
        mkg__buf_str(&text, " (");
        put_state(before, &text);
        mkg__buf_str(&text, " → ");
        put_state(after, &text);
        mkg__buf_str(&text, ")");
    }
    d->line.len = 0;
    mkg__buf_printf(&d->line, "%c ", marks[what]);
    cli_wrap(&d->line, mkg__view(text.ptr, text.len), 2, 4, CLI_WIDTH);
    mkg__buf_byte(&d->line, '\n');
    if (text.failed || d->line.failed)
        d->st = mkg__nomem(&d->c->err);
    else
        cli_put(d->c, d->line.ptr, d->line.len);
    mkg__buf_clear(&text);
}

static json_t *difference_json(differ *d, mkg_kg *kg, mkg_difference what,
                               const mkg_fact *f, mkg_view relation,
                               const mkg_attribution *last)
{
    mkg__buf place = {0};
    mkg_kg_locator(kg, last->source, last->locator, &place, NULL);
    json_t *v = json_pack("{s:s, s:I, s:s%, s:s%, s:s%, s:s, s:s%}", "change",
                          change_name(what), "fact", (json_int_t)f->id, "subject",
                          d->a.ptr ? d->a.ptr : "", d->a.len, "relation", relation.ptr,
                          relation.len, "object", d->b.ptr ? d->b.ptr : "", d->b.len,
                          "polarity", f->denied ? "-" : "+", "locator",
                          place.ptr ? place.ptr : "", place.len);
    mkg__buf_clear(&place);
    return v;
}

static int on_difference(void *ctx, mkg_kg *kg, mkg_difference what, const mkg_fact *f,
                         const mkg_attribution *before, const mkg_attribution *after)
{
    differ *d = ctx;
    const mkg_relation *r = mkg_kg_relation(kg, f->relation, false);
    mkg_view none = {"", 0}, name = r ? r->name : none, label = r ? r->label_zh : none;

    put_node(kg, f->subject, &d->a);
    if (f->object) {
        put_node(kg, f->object, &d->b);
    } else {
        d->b.len = 0;
        mkg__buf_put(&d->b, f->literal.ptr, f->literal.len);
    }
    if (d->table) put_row(d, what, f, name, before, after);
    if (d->limit && d->shown >= d->limit) return 0;
    d->shown++;
    if (d->c->json)
        json_array_append_new(
            d->list, difference_json(d, kg, what, f, name, after ? after : before));
    else if (!d->table)
        put_line(d, what, f, label, before, after);
    return d->st < 0;
}

static mkg_status compare_file(cli *c, mkg_id a, const char *path, differ *d,
                               mkg_diff_counts *counts)
{
    mkg_status st;
    mkg_kg *kg = NULL;
    char *data = NULL, *maps = NULL;
    mkg_import_result r;

    MKG_GO(cli_data_folder(c, &data));
    maps = mkg__path_join(data, "maps");
    cli_catch_signals();
    MKG_GO(cli_open_write(c, c->db, !cli_opt_given(c, "no-wait"), &kg));
    mkg_import_opts o = {.format = cli_opt_text(c, "format"),
                         .map = cli_opt_text(c, "map"),
                         .maps = maps,
                         .compare = a,
                         .on_difference = on_difference,
                         .difference_ctx = d};
    MKG_GO(mkg_import_file(kg, path, &o, &r, &c->err));
    *counts = r.diff;
out:
    mkg__free(maps);
    mkg__free(data);
    mkg_kg_close(kg);
    return st;
}

static mkg_status compare(cli *c, differ *d, mkg_diff_counts *counts)
{
    mkg_status st;
    mkg_kg *kg = NULL;
    mkg_id a, b;

    MKG_GO(cli_open(c, &kg));
    MKG_GO(cli_resolve_source(c, kg, c->args[0], &a));
    if (st == MKG_NOTFOUND) goto out;
    bool file = access(c->args[1], R_OK) == 0;
    st = cli_resolve_source(c, kg, c->args[1], &b);
    if (st == MKG_NOTFOUND && file) {
        c->err.msg[0] = '\0';
        mkg_kg_close(kg);
        kg = NULL;
        st = compare_file(c, a, c->args[1], d, counts);
    } else if (st == MKG_OK) {
        st = mkg_kg_diff(kg, a, b, on_difference, d, counts, &c->err);
    }
out:
    mkg_kg_close(kg);
    return st;
}

static mkg_status print(differ *d, const mkg_diff_counts *n)
{
    cli *c = d->c;
    if (c->json)
        return cli_json(c, json_pack("{s:I, s:I, s:I, s:I, s:O}", "added",
                                     (json_int_t)n->added, "removed",
                                     (json_int_t)n->removed, "changed",
                                     (json_int_t)n->changed, "same",
                                     (json_int_t)n->same, "differences", d->list));
    uint64_t all = n->added + n->removed + n->changed;
    if (!d->table && all > d->shown)
        cli_print(c, "… %llu more (--limit 0 shows all, -o FILE writes all)\n",
                  (unsigned long long)(all - d->shown));
    cli_print(c, "%llu added, %llu removed, %llu changed, %llu the same\n",
              (unsigned long long)n->added, (unsigned long long)n->removed,
              (unsigned long long)n->changed, (unsigned long long)n->same);
    return MKG_OK;
}

mkg_status cli_cmd_diff(cli *c)
{
    mkg_status st;
    const char *out = cli_opt_text(c, "output");
    differ d = {.c = c, .list = json_array(), .limit = cli_opt_count(c, "limit")};
    mkg_diff_counts counts = {0};

    MKG_GO(cli_check_text(c, "A", c->args[0]));
    if (out && !(d.table = fopen(out, "w"))) {
        st = mkg__fail_errno(&c->err, "write", out);
        goto out;
    }
    if (d.table) fputs("change\tsubject\trelation\tobject\tbefore\tafter\n", d.table);
    st = compare(c, &d, &counts);
    if (d.table && (ferror(d.table) | fclose(d.table)) && st >= 0)
        st = mkg__fail_errno(&c->err, "write", out);
    if (st != MKG_OK) goto out;
    st = print(&d, &counts);
out:
    json_decref(d.list);
    mkg__buf_clear(&d.a);
    mkg__buf_clear(&d.b);
    mkg__buf_clear(&d.line);
    return st;
}
