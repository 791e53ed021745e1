/* medkg check: what is wrong with the graph, and with the store. */
#include "cli/cli.h"

#include "base/err.h"
#include "kg/check.h"

#include <string.h>

enum { NODES_SHOWN = 6 };

/* What is found comes in any order, and is printed in that of the kinds. */
typedef struct report {
    cli *c;
    mkg_kg *kg;
    mkg_lang lang;
    mkg__buf text[MKG_FINDING_COUNT];
    json_t *examples[MKG_FINDING_COUNT];
    mkg__buf damage;
    json_t *damages;
} report;

/* One finding of a kind, and several. */
static const char *const titles[MKG_FINDING_COUNT][2] = {
    [MKG_FINDING_NAME] = {"name means several nodes of one type",
                          "names mean several nodes of one type"},
    [MKG_FINDING_CODE] = {"code stands on several nodes",
                          "codes stand on several nodes"},
    [MKG_FINDING_CYCLE] = {"cycle in is_a", "cycles in is_a"},
    [MKG_FINDING_CONFLICT] = {"drug treats what it is contraindicated in",
                              "drugs treat what they are contraindicated in"},
    [MKG_FINDING_DENIED] = {"statement is both stated and denied",
                            "statements are both stated and denied"},
    [MKG_FINDING_ORPHAN] = {"node has no fact", "nodes have no fact"},
    [MKG_FINDING_LABEL] = {"label of a relation is missing",
                           "labels of relations are missing"},
    [MKG_FINDING_NAME_TYPES] = {"name means nodes of several types",
                                "names mean nodes of several types"},
    [MKG_FINDING_FACT_TYPE] = {"fact is not between the types that the vocabulary "
                               "expects",
                               "facts are not between the types that the vocabulary "
                               "expects"},
};

/* ---- text ---- */

static void put_view(mkg__buf *b, mkg_view v)
{
    mkg__buf_put(b, v.ptr, v.len);
}

/* "感冒 (disease, #1)" */
static void put_node(report *r, mkg__buf *b, mkg_id id)
{
    mkg_node n;
    if (mkg_kg_node(r->kg, id, &n, NULL) != MKG_OK) {
        mkg__buf_printf(b, "#%u", (unsigned)id);
        return;
    }
    put_view(b, mkg_node_name(&n, r->lang));
    mkg__buf_str(b, " (");
    put_view(b, n.type);
    mkg__buf_printf(b, ", #%u)", (unsigned)id);
}

static void put_nodes(report *r, mkg__buf *b, const mkg_finding *f, const char *between)
{
    size_t shown = f->nnodes < NODES_SHOWN ? f->nnodes : NODES_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        if (i) mkg__buf_str(b, between);
        put_node(r, b, f->nodes[i]);
    }
    if (shown < f->nnodes)
        mkg__buf_printf(b, "%s... %zu more", between, f->nnodes - shown);
}

/* The object of a fact: a node, or the beginning of a text. */
static void put_object(report *r, mkg__buf *b, const mkg_finding *f)
{
    mkg_fact fact;
    if (f->nnodes > 1) {
        put_node(r, b, f->nodes[1]);
    } else if (mkg_kg_fact(r->kg, f->facts[0], &fact, NULL) == MKG_OK) {
        mkg_view text = fact.literal;
        size_t n = 0, len;
        for (size_t chars = 0; n < text.len && chars < 30; chars++, n += len)
            mkg__utf8_decode(text.ptr + n, text.len - n, &len);
        mkg__buf_byte(b, '"');
        mkg__buf_put(b, text.ptr, n);
        mkg__buf_str(b, n < text.len ? "...\"" : "\"");
    }
}

static void put_statement(report *r, mkg__buf *b, const mkg_finding *f)
{
    put_node(r, b, f->nodes[0]);
    mkg__buf_byte(b, ' ');
    if (f->relation) put_view(b, f->relation->name);
    mkg__buf_byte(b, ' ');
    put_object(r, b, f);
}

static void put_finding(report *r, mkg__buf *b, const mkg_finding *f)
{
    switch (f->kind) {
    case MKG_FINDING_NAME:
    case MKG_FINDING_NAME_TYPES:
    case MKG_FINDING_CODE:
        put_view(b, f->text);
        mkg__buf_str(b, ": ");
        put_nodes(r, b, f, ", ");
        break;
    case MKG_FINDING_CYCLE:
        put_nodes(r, b, f, " > ");
        mkg__buf_str(b, " > ");
        put_node(r, b, f->nodes[0]);
        break;
    case MKG_FINDING_CONFLICT:
        put_nodes(r, b, f, " and ");
        mkg__buf_printf(b, ": treats by fact %u, contraindicated by fact %u",
                        (unsigned)f->facts[0], (unsigned)f->facts[1]);
        break;
    case MKG_FINDING_DENIED:
        put_statement(r, b, f);
        mkg__buf_printf(b, ": stated by fact %u, denied by fact %u",
                        (unsigned)f->facts[0], (unsigned)f->facts[1]);
        break;
    case MKG_FINDING_ORPHAN:
        put_nodes(r, b, f, ", ");
        break;
    case MKG_FINDING_LABEL:
        put_view(b, f->relation->name);
        mkg__buf_str(b, ": no label in ");
        put_view(b, f->text);
        break;
    case MKG_FINDING_FACT_TYPE:
        put_statement(r, b, f);
        mkg__buf_printf(b, ": fact %u", (unsigned)f->facts[0]);
        break;
    case MKG_FINDING_COUNT:
        break;
    }
}

/* ---- JSON ---- */

static json_t *finding_json(report *r, const mkg_finding *f)
{
    json_t *nodes = json_array(), *facts = json_array();
    mkg_view none = {"", 0};
    mkg_node n;

    for (size_t i = 0; i < f->nnodes; i++)
        if (mkg_kg_node(r->kg, f->nodes[i], &n, NULL) == MKG_OK)
            json_array_append_new(nodes, cli_node_json(&n, r->lang));
    for (size_t i = 0; i < 2; i++)
        if (f->facts[i])
            json_array_append_new(facts, json_integer((json_int_t)f->facts[i]));
    return json_pack("{s:o, s:o, s:o, s:o}", "text", cli_json_view(f->text), "relation",
                     cli_json_view(f->relation ? f->relation->name : none), "nodes",
                     nodes, "facts", facts);
}

static json_t *findings_json(report *r, const mkg_check_counts *counts)
{
    json_t *list = json_array();
    for (int k = 0; k < MKG_FINDING_COUNT; k++)
        json_array_append_new(list,
                              json_pack("{s:s, s:I, s:b, s:O}", "kind",
                                        mkg_finding_name((mkg_finding_kind)k), "count",
                                        (json_int_t)counts->n[k], "information",
                                        (int)mkg_finding_is_info((mkg_finding_kind)k),
                                        "examples", r->examples[k]));
    return list;
}

static json_t *deep_json(report *r, const mkg_deep_counts *d)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "damage",
                     (json_int_t)d->damage, "nodes", (json_int_t)d->nodes, "names",
                     (json_int_t)d->names, "codes", (json_int_t)d->codes, "facts",
                     (json_int_t)d->facts, "relations", (json_int_t)d->relations,
                     "sources", (json_int_t)d->sources, "examples", r->damages);
}

/* ---- what the checks call ---- */

static void put_line(mkg__buf *to, const char *text, size_t n)
{
    cli_blanks(to, 2);
    cli_wrap(to, mkg__view(text, n), 2, 4, CLI_WIDTH);
    mkg__buf_byte(to, '\n');
}

static void on_finding(void *ctx, const mkg_finding *f)
{
    report *r = ctx;
    mkg__buf line = {0};
    if (r->c->json) {
        json_array_append_new(r->examples[f->kind], finding_json(r, f));
        return;
    }
    put_finding(r, &line, f);
    if (line.len) put_line(&r->text[f->kind], line.ptr, line.len);
    if (line.failed) r->text[f->kind].failed = true;
    mkg__buf_clear(&line);
}

static void on_damage(void *ctx, const mkg_damage *d)
{
    report *r = ctx;
    mkg__buf line = {0}, clean = {0};
    cli_clean(&clean, d->what, strlen(d->what));
    if (r->c->json) {
        json_array_append_new(r->damages,
                              json_pack("{s:s, s:s%}", "where", d->where, "what",
                                        clean.ptr ? clean.ptr : "", (size_t)clean.len));
    } else {
        mkg__buf_printf(&line, "%s: ", d->where);
        mkg__buf_put(&line, clean.ptr, clean.len);
        if (line.len) put_line(&r->damage, line.ptr, line.len);
    }
    if (clean.failed || line.failed) r->damage.failed = true;
    mkg__buf_clear(&line);
    mkg__buf_clear(&clean);
}

/* ---- printing ---- */

static void put_section(cli *c, const char *title, uint64_t count, size_t limit,
                        const mkg__buf *text)
{
    cli_set_style(c, CLI_BOLD);
    cli_print(c, "%llu %s", (unsigned long long)count, title);
    cli_set_style(c, CLI_PLAIN);
    cli_print(c, "\n");
    cli_put(c, text->ptr, text->len);
    if (count > limit && limit)
        cli_print(c, "  ... %llu more\n", (unsigned long long)(count - limit));
}

/* Exit code 1: there is something that is not only information. */
static mkg_status verdict(const mkg_check_counts *counts)
{
    for (int k = 0; k < MKG_FINDING_COUNT; k++)
        if (counts->n[k] && !mkg_finding_is_info((mkg_finding_kind)k))
            return MKG_NOTFOUND;
    return MKG_OK;
}

/* What is wrong, or what is information, in the order of the kinds. */
static mkg_status print_kinds(report *r, const mkg_check_counts *counts, bool info,
                              size_t limit)
{
    size_t shown = 0;
    for (int k = 0; k < MKG_FINDING_COUNT; k++) {
        if (mkg_finding_is_info((mkg_finding_kind)k) != info || !counts->n[k]) continue;
        if (r->text[k].failed) return mkg__nomem(&r->c->err);
        if (info && !shown) cli_print(r->c, "\nFor information:\n");
        if (info || shown) cli_print(r->c, "\n");
        shown++;
        put_section(r->c, titles[k][counts->n[k] != 1], counts->n[k], limit,
                    &r->text[k]);
    }
    return MKG_OK;
}

static mkg_status print_findings(report *r, const mkg_check_counts *counts,
                                 size_t limit)
{
    if (verdict(counts) == MKG_OK) cli_print(r->c, "nothing to report\n");
    mkg_status st = print_kinds(r, counts, false, limit);
    return st < 0 ? st : print_kinds(r, counts, true, limit);
}

static mkg_status print_deep(report *r, const mkg_deep_counts *d)
{
    if (r->damage.failed) return mkg__nomem(&r->c->err);
    if (d->damage) {
        put_section(r->c, d->damage == 1 ? "thing is damaged" : "things are damaged",
                    d->damage, 0, &r->damage);
        return MKG_OK;
    }
    cli_print(r->c,
              "no damage: %llu nodes, %llu names, %llu codes, %llu facts agree with "
              "the indexes\n\n",
              (unsigned long long)d->nodes, (unsigned long long)d->names,
              (unsigned long long)d->codes, (unsigned long long)d->facts);
    return MKG_OK;
}

/* ---- the command ---- */

static mkg_status run_deep(report *r, size_t limit, mkg_deep_counts *out)
{
    mkg_deep_opts o = {.limit = limit,
                       .on_damage = on_damage,
                       .ctx = r,
                       .progress = cli_on_progress,
                       .progress_ctx = r->c};
    mkg_status st = mkg_kg_check_deep(r->kg, &o, out, &r->c->err);
    cli_progress_clear(r->c);
    return st;
}

static mkg_status run_check(report *r, size_t limit, mkg_check_counts *out)
{
    mkg_check_opts o = {.limit = limit,
                        .on_finding = on_finding,
                        .ctx = r,
                        .progress = cli_on_progress,
                        .progress_ctx = r->c};
    mkg_status st = mkg_kg_check(r->kg, &o, out, &r->c->err);
    cli_progress_clear(r->c);
    return st;
}

static mkg_status print_json(report *r, bool deep, const mkg_deep_counts *d,
                             bool checked, const mkg_check_counts *counts)
{
    json_t *o = json_object();
    json_object_set_new(o, "version", json_integer((json_int_t)mkg_kg_version(r->kg)));
    json_object_set_new(o, "findings",
                        checked ? findings_json(r, counts) : json_null());
    json_object_set_new(o, "deep", deep ? deep_json(r, d) : json_null());
    return cli_json(r->c, o);
}

static void report_clear(report *r)
{
    for (int k = 0; k < MKG_FINDING_COUNT; k++) {
        mkg__buf_clear(&r->text[k]);
        json_decref(r->examples[k]);
    }
    mkg__buf_clear(&r->damage);
    json_decref(r->damages);
    mkg_kg_close(r->kg);
}

mkg_status cli_cmd_check(cli *c)
{
    mkg_status st;
    report r = {.c = c, .lang = cli_language(c, NULL), .damages = json_array()};
    mkg_deep_counts d = {0};
    mkg_check_counts counts;
    size_t limit = (size_t)cli_opt_count(c, "limit");
    bool deep = cli_opt_given(c, "deep");

    for (int k = 0; k < MKG_FINDING_COUNT; k++)
        r.examples[k] = json_array();
    MKG_GO(cli_open(c, &r.kg));
    cli_catch_signals();
    if (deep) MKG_GO(run_deep(&r, limit, &d));
    /* What damaged records say is not worth a word. */
    if (d.damage == 0) MKG_GO(run_check(&r, limit, &counts));
    if (c->json) {
        MKG_GO(print_json(&r, deep, &d, d.damage == 0, &counts));
    } else {
        if (deep) MKG_GO(print_deep(&r, &d));
        if (d.damage == 0) MKG_GO(print_findings(&r, &counts, limit));
    }
    c->err.msg[0] = '\0';
    st = d.damage ? mkg__fail(&c->err, MKG_ESTORE,
                              "the store %s is damaged; restore it from a backup, or "
                              "import its sources anew",
                              c->db)
                  : verdict(&counts);
out:
    report_clear(&r);
    return st;
}
