/* medkg path: how two nodes are linked. */
#include "cli/cli.h"

#include "base/err.h"
#include "kg/algorithms.h"

#include <string.h>

typedef struct tracer {
    cli *c;
    mkg_kg *kg;
    mkg_lang lang;
    const mkg_graph *g;
    mkg_paths paths;
    mkg__buf locator, line, text; /* scratch */
} tracer;

/* A step of a path with its words: the first fact that speaks of it. */
typedef struct hop {
    mkg_id from, to;
    mkg_arc arc;
    size_t facts; /* between the two */
    mkg_fact fact;
    mkg_source source;
    mkg_view from_name, to_name;
} hop;

static mkg_status name_of(tracer *t, mkg_id id, mkg_view *name)
{
    mkg_node n;
    mkg_status st = mkg_kg_node(t->kg, id, &n, &t->c->err);
    if (st == MKG_OK) *name = mkg_node_name(&n, t->lang);
    return st == MKG_NOTFOUND ? MKG_ESTORE : st;
}

static mkg_status read_hop(tracer *t, uint32_t u, uint32_t v, hop *h)
{
    mkg_status st = MKG_OK;
    mkg_err *err = &t->c->err;

    h->facts = mkg_graph_arcs(t->g, u, v, &h->arc, 1);
    if (h->facts) MKG_GO(mkg_kg_fact(t->kg, h->arc.fact, &h->fact, err));
    /* The view is checked for damage, but what it says is not compared with the store.
     */
    bool agrees = h->facts && st == MKG_OK;
    if (agrees) { /* of those that share a row, the ones that the fact names */
        h->from = h->arc.inverse ? h->fact.object : h->fact.subject;
        h->to = h->arc.inverse ? h->fact.subject : h->fact.object;
        agrees = mkg_graph_row(t->g, h->from) == u && mkg_graph_row(t->g, h->to) == v;
    }
    if (!agrees) {
        st = mkg__fail(err, MKG_ESTORE,
                       "%s/view.csr does not fit the store; take it away, it will be "
                       "made anew",
                       mkg_kg_path(t->kg));
        goto out;
    }
    MKG_GO(mkg_kg_source(t->kg, h->fact.source, &h->source, err));
    MKG_GO(name_of(t, h->from, &h->from_name));
    MKG_GO(name_of(t, h->to, &h->to_name));
    t->locator.len = 0;
    MKG_GO(mkg_kg_locator(t->kg, h->fact.source, h->fact.locator, &t->locator, err));
    if (!mkg__buf_cstr(&t->locator)) st = mkg__nomem(err);
out:
    return st;
}

/* ---- JSON ---- */

static json_t *hop_json(tracer *t, const hop *h)
{
    const mkg_relation *r = mkg_kg_relation(t->kg, h->fact.relation, false);
    mkg_view label = mkg_relation_label(r, t->lang);
    mkg_view subject = h->arc.inverse ? h->to_name : h->from_name;
    mkg_view object = h->arc.inverse ? h->from_name : h->to_name;
    return json_pack(
        "{s:s%, s:s%, s:s%, s:I, s:s, s:s%, s:s%, s:s, s:I, s:I, s:I, s:I}", "subject",
        subject.ptr, subject.len, "relation", r->name.ptr, r->name.len, "object",
        object.ptr, object.len, "fact", (json_int_t)h->fact.id, "direction",
        h->arc.inverse ? "in" : "out", "label", label.ptr, label.len, "source",
        h->source.name.ptr, h->source.name.len, "locator", mkg__buf_cstr(&t->locator),
        "subject_node", (json_int_t)h->fact.subject, "object_node",
        (json_int_t)h->fact.object, "more_sources",
        (json_int_t)h->fact.attributions - 1, "more_facts", (json_int_t)h->facts - 1);
}

static mkg_status paths_json(tracer *t)
{
    mkg_status st = MKG_OK;
    json_t *list = json_array();
    hop h;

    for (size_t i = 0; i < t->paths.n; i++) {
        json_t *path = json_array();
        json_array_append_new(list, path);
        for (size_t j = t->paths.start[i]; j + 1 < t->paths.start[i + 1]; j++) {
            MKG_GO(read_hop(t, t->paths.row[j], t->paths.row[j + 1], &h));
            if (json_array_append_new(path, hop_json(t, &h)) != 0) {
                st = mkg__nomem(&t->c->err);
                goto out;
            }
        }
    }
    st = cli_json(t->c, json_pack("{s:O}", "paths", list));
out:
    json_decref(list);
    return st;
}

/* ---- text ---- */

/* "甲 —关系→ 乙" as it is walked. A relation without a name for its other direction is
 * read backwards: "乙 ←关系— 甲". */
static void hop_words(tracer *t, const hop *h)
{
    const mkg_relation *forward = mkg_kg_relation(t->kg, h->fact.relation, false);
    const mkg_relation *r = mkg_kg_relation(t->kg, h->fact.relation, h->arc.inverse);
    if (!r && forward->symmetric) r = forward;
    mkg_view label = mkg_relation_label(r ? r : forward, t->lang);

    t->text.len = 0;
    mkg__buf_put(&t->text, h->from_name.ptr, h->from_name.len);
    mkg__buf_str(&t->text, r ? " —" : " ←");
    mkg__buf_put(&t->text, label.ptr, label.len);
    mkg__buf_str(&t->text, r ? "→ " : "— ");
    mkg__buf_put(&t->text, h->to_name.ptr, h->to_name.len);
    if (h->facts > 1)
        mkg__buf_printf(&t->text,
                        t->lang == MKG_LANG_ZH ? "（另有 %zu 条）" : " (%zu more)",
                        h->facts - 1);
}

static mkg_status hop_text(tracer *t, const hop *h, size_t number)
{
    enum { INDENT = 4 };
    hop_words(t, h);
    if (h->fact.attributions > 1)
        mkg__buf_printf(&t->locator, " +%zu", h->fact.attributions - 1);
    t->line.len = 0;
    if (number)
        mkg__buf_printf(&t->line, "%2zu. ", number);
    else
        cli_blanks(&t->line, INDENT);
    if (mkg__buf_cstr(&t->text) && mkg__buf_cstr(&t->locator))
        cli_wrap_right(&t->line, mkg__view(t->text.ptr, t->text.len), INDENT,
                       INDENT + 2, mkg__view(t->locator.ptr, t->locator.len));
    mkg__buf_byte(&t->line, '\n');
    if (t->line.failed || t->text.failed || t->locator.failed)
        return mkg__nomem(&t->c->err);
    cli_put(t->c, t->line.ptr, t->line.len);
    return MKG_OK;
}

static mkg_status paths_text(tracer *t)
{
    mkg_status st = MKG_OK;
    hop h;

    for (size_t i = 0; i < t->paths.n; i++) {
        size_t first = t->paths.start[i];
        if (i) cli_print(t->c, "\n");
        for (size_t j = first; j + 1 < t->paths.start[i + 1]; j++) {
            MKG_GO(read_hop(t, t->paths.row[j], t->paths.row[j + 1], &h));
            MKG_GO(hop_text(t, &h, j == first ? i + 1 : 0));
        }
    }
out:
    return st;
}

/* ---- the command ---- */

static mkg_status trace(tracer *t, mkg_id from, mkg_id to)
{
    mkg_status st = MKG_OK;
    cli *c = t->c;
    mkg_graph *g = NULL;
    mkg_graph_opts whole = {.keep_isolated = true, .join_same = true};
    size_t longest = (size_t)cli_opt_count(c, "max-length");

    MKG_GO(mkg_graph_new(t->kg, &whole, &g, &c->err));
    t->g = g;
    size_t a = mkg_graph_row(g, from), b = mkg_graph_row(g, to);
    MKG_GO(mkg_graph_paths(g, (uint32_t)a, (uint32_t)b, (size_t)cli_opt_count(c, "k"),
                           longest, &t->paths, &c->err));
    MKG_GO(c->json ? paths_json(t) : paths_text(t));
    if (a == b)
        st = mkg__fail(&c->err, MKG_NOTFOUND, "'%s' and '%s' are the same node",
                       c->args[0], c->args[1]);
    else if (t->paths.n == 0)
        st = mkg__fail(&c->err, MKG_NOTFOUND,
                       "no path of at most %zu steps from '%s' to '%s'; see "
                       "--max-length",
                       longest, c->args[0], c->args[1]);
out:
    mkg_graph_free(g);
    return st;
}

mkg_status cli_cmd_path(cli *c)
{
    mkg_status st;
    mkg_id from, to;
    mkg_view name;
    tracer t = {.c = c, .lang = cli_language(c, c->args[0])};

    MKG_GO(cli_open(c, &t.kg));
    st = cli_resolve(c, t.kg, c->args[0], t.lang, &from);
    if (st != MKG_OK || !from) goto out;
    st = cli_resolve(c, t.kg, c->args[1], t.lang, &to);
    if (st != MKG_OK || !to) goto out;
    if (t.lang == MKG_LANG_NONE) {
        MKG_GO(name_of(&t, from, &name));
        t.lang = mkg__lang_guess(name.ptr, name.len);
    }
    st = trace(&t, from, to);
out:
    mkg_paths_clear(&t.paths);
    mkg__buf_clear(&t.locator);
    mkg__buf_clear(&t.line);
    mkg__buf_clear(&t.text);
    mkg_kg_close(t.kg);
    return st;
}
