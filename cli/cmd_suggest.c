/* medkg suggest: guesses at facts that the graph has not. They are told apart from
 * facts in every line, have no number to cite and go nowhere but to this screen. */
#include "cli/cli.h"

#include "base/err.h"
#include "embed/links.h"
#include "embed/vectors.h"

typedef struct guesses {
    const mkg_relation *relation; /* in the direction asked */
    mkg_id node;
    mkg_suggestion list[CLI_TOP_MAX];
    size_t n;
    mkg_suggest_result about;
} guesses;

static char *name_of(mkg_kg *kg, mkg_id id, mkg_lang lang, mkg_view *type)
{
    mkg_node node;
    if (mkg_kg_node(kg, id, &node, NULL) != MKG_OK) return mkg__strdup("");
    if (type) *type = node.type;
    return mkg__viewdup(mkg_node_name(&node, lang));
}

static mkg_status print_json(cli *c, mkg_kg *kg, const mkg_vectors_info *set,
                             const guesses *g, mkg_lang lang)
{
    json_t *list = json_array();
    char *self = name_of(kg, g->node, lang, NULL);
    for (size_t i = 0; i < g->n; i++) {
        mkg_node node;
        json_t *v = mkg_kg_node(kg, g->list[i].node, &node, NULL) == MKG_OK
                        ? cli_node_json(&node, lang)
                        : json_pack("{s:I}", "node", (json_int_t)g->list[i].node);
        json_object_set_new(v, "score", json_real((double)g->list[i].score));
        json_object_set_new(v, "probability",
                            json_real((double)g->list[i].probability));
        json_array_append_new(list, v);
    }
    json_t *out = json_pack(
        "{s:o, s:I, s:s, s:s%, s:s, s:s, s:s, s:I, s:I, s:I, s:b}", "hypotheses", list,
        "node", (json_int_t)g->node, "name", self ? self : "", "relation",
        g->relation->name.ptr, g->relation->name.len, "direction",
        g->relation->inverse ? "in" : "out", "set", set->name, "method", set->method,
        "learnt_from", (json_int_t)g->about.facts, "candidates",
        (json_int_t)g->about.candidates, "known", (json_int_t)g->about.known, "stale",
        (int)(set->graph_version != mkg_kg_version(kg)));
    mkg__free(self);
    return cli_json(c, out);
}

static mkg_status print_text(cli *c, mkg_kg *kg, const guesses *g, mkg_lang lang)
{
    static const char *const heads[] = {"",     "id",          "name", "type",
                                        "odds", "probability", NULL};
    cli_table t = {.align = "lrllrr"};
    mkg_view label = mkg_relation_label(g->relation, lang);
    char *self = name_of(kg, g->node, lang, NULL);

    cli_print(c, "%s - %.*s: hypotheses, which no source states\n\n", self ? self : "",
              (int)label.len, label.ptr);
    mkg__free(self);
    cli_heads(&t, heads);
    for (size_t i = 0; i < g->n; i++) {
        mkg_view type = {0};
        char *name = name_of(kg, g->list[i].node, lang, &type);
        cli_cell(&t, "hypothesis");
        cli_cell(&t, "#%u", g->list[i].node);
        cli_cell(&t, "%s", name ? name : "");
        cli_cell_view(&t, type);
        cli_cell(&t, "%.2f", (double)g->list[i].score);
        cli_cell(&t, "%.3f", (double)g->list[i].probability);
        mkg__free(name);
    }
    mkg_status st = cli_table_print(c, &t, 1);
    if (st < 0) return st;
    cli_print(
        c,
        "\nlearnt from %zu facts, chosen from %zu nodes; %zu known facts are left "
        "out\n",
        g->about.facts, g->about.candidates, g->about.known);
    return MKG_OK;
}

static mkg_status suggest(cli *c, mkg_kg *kg, mkg_id node, mkg_lang lang)
{
    mkg_status st;
    mkg_vectors *v = NULL;
    guesses *g = mkg__calloc(1, sizeof *g);
    mkg_id relation;

    if (!g) return mkg__nomem(&c->err);
    g->node = node;
    MKG_GO(cli_take_relation(c, kg, c->args[1], &relation, &g->relation));
    st = cli_open_set(c, &v);
    if (st != MKG_OK) goto out;
    const mkg_vectors_info *set = mkg_vectors_get_info(v);
    cli_note_stale(c, kg, set);
    st = mkg_suggest(kg, v, node, relation, g->relation->inverse,
                     (size_t)cli_opt_count(c, "k"), 1, g->list, &g->n, &g->about,
                     &c->err);
    if (st != MKG_OK) goto out;
    if (g->n == 0 && !c->json) {
        st = mkg__fail(&c->err, MKG_NOTFOUND, "there is nothing to suggest");
        goto out;
    }
    st = c->json ? print_json(c, kg, set, g, lang) : print_text(c, kg, g, lang);
    if (st == MKG_OK && g->n == 0) st = MKG_NOTFOUND;
    cli_note(c,
             "medkg: how often such guesses hold: 'medkg eval vectors %s --links "
             "--relation %.*s'",
             set->name, (int)g->relation->name.len, g->relation->name.ptr);
out:
    mkg_vectors_close(v);
    mkg__free(g);
    return st;
}

mkg_status cli_cmd_suggest(cli *c)
{
    return cli_with_node(c, suggest);
}
