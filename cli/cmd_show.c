/* medkg show: a node with its names, codes and facts. */
#include "cli/cli.h"

#include "base/err.h"
#include "kg/same.h"

#include <stdlib.h>
#include <string.h>

typedef struct shower {
    cli *c;
    mkg_kg *kg;
    mkg_node node;
    mkg_ids same; /* nodes that are this one thing, it is the first */
    mkg_lang lang;
    size_t limit;    /* facts of a relation, 0: all */
    mkg_ids sources; /* that a fact was shown from */
    json_t *facts;
    mkg__buf buf; /* scratch */
} shower;

/* A fact with its words. */
typedef struct shown_fact {
    mkg_fact fact;
    const mkg_relation *relation; /* forward */
    bool inverse;                 /* the node is its object */
    mkg_view subject, object;
    mkg_source source;
    mkg__buf locator;
} shown_fact;

/* ---- one fact ---- */

static mkg_status node_name(shower *s, mkg_id id, mkg_view *name)
{
    mkg_node n;
    mkg_status st = mkg_kg_node(s->kg, id, &n, &s->c->err);
    if (st == MKG_NOTFOUND)
        return mkg__fail(&s->c->err, MKG_ESTORE,
                         "a fact speaks of node %u, which is not "
                         "there",
                         id);
    if (st >= 0) *name = mkg_node_name(&n, s->lang);
    return st;
}

static mkg_status read_fact(shower *s, const mkg_edge *e, shown_fact *out)
{
    mkg_status st = MKG_OK;
    mkg_err *err = &s->c->err;

    out->inverse = e->inverse;
    out->locator.len = 0;
    MKG_GO(mkg_kg_fact(s->kg, e->fact, &out->fact, err));
    MKG_GO(node_name(s, out->fact.subject, &out->subject));
    out->object = out->fact.literal;
    if (out->fact.object) MKG_GO(node_name(s, out->fact.object, &out->object));
    MKG_GO(mkg_kg_source(s->kg, out->fact.source, &out->source, err));
    MKG_GO(
        mkg_kg_locator(s->kg, out->fact.source, out->fact.locator, &out->locator, err));
    if (!mkg__buf_cstr(&out->locator)) st = mkg__nomem(err);
out:
    return st;
}

static mkg_status keep_source(shower *s, mkg_id id)
{
    mkg_ids *v = &s->sources;
    for (size_t i = 0; i < v->n; i++)
        if (v->ids[i] == id) return MKG_OK;
    if (!mkg__grow(&v->ids, &v->cap, v->n + 1, sizeof *v->ids))
        return mkg__nomem(&s->c->err);
    v->ids[v->n++] = id;
    return MKG_OK;
}

static mkg_status fact_json(shower *s, shown_fact *f)
{
    mkg_view label = mkg_relation_label(f->relation, s->lang);
    json_t *object_node =
        f->fact.object ? json_integer((json_int_t)f->fact.object) : json_null();
    json_t *v = json_pack(
        "{s:I, s:s%, s:s, s:s%, s:s%, s:s%, s:s, s:s, s:f, s:s%, s:I, s:o, s:o, s:o, "
        "s:I}",
        "fact", (json_int_t)f->fact.id, "relation", f->relation->name.ptr,
        f->relation->name.len, "direction", f->inverse ? "in" : "out", "subject",
        f->subject.ptr, f->subject.len, "object", f->object.ptr, f->object.len,
        "source", f->source.name.ptr, f->source.name.len, "locator",
        mkg__buf_cstr(&f->locator), "polarity", f->fact.denied ? "-" : "+", "weight",
        (double)f->fact.weight, "label", label.ptr, label.len, "subject_node",
        (json_int_t)f->fact.subject, "object_node", object_node, "grade",
        cli_json_view(f->fact.grade), "population", cli_json_view(f->fact.population),
        "more_sources", (json_int_t)f->fact.attributions - 1);
    return json_array_append_new(s->facts, v) == 0 ? MKG_OK : mkg__nomem(&s->c->err);
}

static mkg_status fact_text(shower *s, shown_fact *f)
{
    bool zh = s->lang == MKG_LANG_ZH;
    mkg_view other = f->inverse ? f->subject : f->object;
    mkg__buf line = {0};

    s->buf.len = 0;
    if (f->fact.denied) mkg__buf_str(&s->buf, zh ? "（否认）" : "(denied) ");
    mkg__buf_put(&s->buf, other.ptr, other.len);
    if (f->fact.grade.len)
        mkg__buf_printf(&s->buf, zh ? "（证据等级 %.*s）" : " (grade %.*s)",
                        (int)f->fact.grade.len, f->fact.grade.ptr);
    if (f->fact.population.len)
        mkg__buf_printf(&s->buf, zh ? "（人群：%.*s）" : " (in %.*s)",
                        (int)f->fact.population.len, f->fact.population.ptr);
    if (f->fact.attributions > 1)
        mkg__buf_printf(&f->locator, " +%zu", f->fact.attributions - 1);
    mkg__buf_str(&line, "  ");
    if (mkg__buf_cstr(&s->buf) && mkg__buf_cstr(&f->locator))
        cli_wrap_right(&line, mkg__view(s->buf.ptr, s->buf.len), 2, 2,
                       mkg__view(f->locator.ptr, f->locator.len));
    mkg__buf_byte(&line, '\n');
    mkg_status st = line.failed ? mkg__nomem(&s->c->err) : MKG_OK;
    if (st >= 0) cli_put(s->c, line.ptr, line.len);
    mkg__buf_clear(&line);
    return st >= 0 ? keep_source(s, f->fact.source) : st;
}

/* ---- facts of one relation ---- */

static void heading(shower *s, const mkg_relation *r, bool inverse, size_t count)
{
    const mkg_relation *dir = inverse ? mkg_kg_relation(s->kg, r->id, true) : r;
    mkg_view label = mkg_relation_label(dir ? dir : r, s->lang);
    cli_print(s->c, "\n");
    cli_set_style(s->c, CLI_BOLD);
    /* A relation without a name for its other direction is marked with an arrow. */
    cli_print(s->c, "%s%.*s", dir ? "" : "← ", (int)label.len, label.ptr);
    cli_set_style(s->c, CLI_PLAIN);
    cli_print(s->c, " (%zu)\n", count);
}

static mkg_status group(shower *s, const mkg_relation *r, const mkg_edges *edges,
                        bool inverse, size_t count)
{
    mkg_status st = MKG_OK;
    shown_fact f = {.relation = r};

    if (!s->c->json) heading(s, r, inverse, count);
    for (size_t i = 0; i < edges->n; i++) {
        MKG_GO(read_fact(s, &edges->edges[i], &f));
        MKG_GO(s->c->json ? fact_json(s, &f) : fact_text(s, &f));
    }
    if (!s->c->json && edges->n < count)
        cli_print(s->c,
                  s->lang == MKG_LANG_ZH ? "  …另有 %zu 条（--limit 0 全部列出）\n"
                                         : "  … %zu more (--limit 0 shows all)\n",
                  count - edges->n);
out:
    mkg__buf_clear(&f.locator);
    return st;
}

/* A fact between two nodes that are one thing stands with both. */
static void drop_repeats(mkg_edges *v)
{
    size_t kept = 0;
    for (size_t i = 0; i < v->n; i++) {
        bool before = false;
        for (size_t k = 0; k < kept && !before; k++)
            before = v->edges[k].fact == v->edges[i].fact;
        if (!before) v->edges[kept++] = v->edges[i];
    }
    v->n = kept;
}

/* Facts of one node in one direction, as long as fewer than `limit` are there. */
static mkg_status add_facts(shower *s, mkg_id node, mkg_id relation, bool inverse,
                            mkg_edges *edges, size_t *count)
{
    mkg_status st = MKG_OK;
    size_t n;
    MKG_GO(mkg_kg_degree(s->kg, node, relation, inverse, &n, &s->c->err));
    *count += n;
    if (n && (!s->limit || edges->n < s->limit))
        st = mkg_kg_edges(s->kg, node, relation, inverse,
                          s->limit ? s->limit - edges->n : 0, edges, &s->c->err);
out:
    return st;
}

/* Facts in one direction, of all nodes that are this one thing; of a symmetric relation
 * in both directions, under one heading. */
static mkg_status relation_facts(shower *s, const mkg_relation *r, bool inverse)
{
    mkg_status st = MKG_OK;
    mkg_edges edges = {0};
    size_t count = 0, limit = s->limit;
    bool joins = s->same.n > 1 && mkg__view_is(r->name, MKG_SAME_AS);

    if (joins) s->limit = 0; /* seen from both ends, and not many */
    for (size_t i = 0; i < s->same.n; i++) {
        MKG_GO(add_facts(s, s->same.ids[i], r->id, inverse, &edges, &count));
        if (r->symmetric)
            MKG_GO(add_facts(s, s->same.ids[i], r->id, true, &edges, &count));
    }
    if (joins) {
        drop_repeats(&edges);
        count = edges.n;
    }
    if (count) st = group(s, r, &edges, inverse, count);
out:
    s->limit = limit;
    mkg_edges_clear(&edges);
    return st;
}

static mkg_status all_facts(shower *s)
{
    mkg_status st = MKG_OK;
    for (size_t i = 0; i < mkg_kg_relation_count(s->kg); i++) {
        const mkg_relation *r = mkg_kg_relation_at(s->kg, i);
        const mkg_relation *forward = mkg_kg_relation(s->kg, r->id, false);
        MKG_GO(relation_facts(s, forward ? forward : r, r->inverse));
        if (!r->inverse && !r->symmetric && !r->literal &&
            !mkg_kg_relation(s->kg, r->id, true))
            MKG_GO(relation_facts(s, r, true));
    }
out:
    return st;
}

/* ---- names ---- */

static mkg_status names_json(shower *s, json_t **out)
{
    mkg_status st = MKG_OK;
    mkg_entry e;
    mkg_source source;
    json_t *list = json_array();

    for (size_t pos = 0; mkg_node_next(&s->node, &pos, &e);) {
        if (e.kind != MKG_ENTRY_NAME && e.kind != MKG_ENTRY_ALIAS) continue;
        MKG_GO(mkg_kg_source(s->kg, e.source, &source, &s->c->err));
        const char *lang = mkg_lang_name(e.lang);
        json_t *v = json_pack(
            "{s:o, s:s, s:s%, s:s%}", "lang", *lang ? json_string(lang) : json_null(),
            "kind", e.kind == MKG_ENTRY_NAME ? "name" : "alias", "text", e.text.ptr,
            e.text.len, "source", source.name.ptr, source.name.len);
        if (json_array_append_new(list, v) != 0) {
            st = mkg__nomem(&s->c->err);
            goto out;
        }
    }
    *out = list;
    list = NULL;
out:
    json_decref(list);
    return st;
}

/* Does the node give this text in another entry, too, that is shown before the one
 * which ends at `end`? */
static bool said_before(const mkg_node *n, size_t end, const mkg_entry *e)
{
    mkg_entry other;
    for (size_t pos = 0; mkg_node_next(n, &pos, &other);) {
        if (other.lang != e->lang || !mkg__view_eq(other.text, e->text)) continue;
        if (other.kind == e->kind && pos < end) return true;
        if (other.kind == MKG_ENTRY_NAME && e->kind == MKG_ENTRY_ALIAS) return true;
    }
    return false;
}

/* Those that it is one thing with. */
static mkg_status same_json(shower *s, json_t **out)
{
    mkg_status st = MKG_OK;
    mkg_node n;
    json_t *list = json_array();
    for (size_t i = 1; i < s->same.n; i++) {
        MKG_GO(mkg_kg_node(s->kg, s->same.ids[i], &n, &s->c->err));
        if (json_array_append_new(list, cli_node_json(&n, s->lang)) != 0) {
            st = mkg__nomem(&s->c->err);
            goto out;
        }
    }
    *out = list;
    list = NULL;
out:
    json_decref(list);
    return st;
}

static mkg_status same_text(shower *s)
{
    mkg_status st = MKG_OK;
    mkg_node n;
    mkg__buf codes = {0};
    for (size_t i = 1; i < s->same.n; i++) {
        MKG_GO(mkg_kg_node(s->kg, s->same.ids[i], &n, &s->c->err));
        mkg_view name = mkg_node_name(&n, s->lang);
        codes.len = 0;
        cli_node_codes(&n, &codes);
        cli_print(s->c, "  = %.*s  %.*s  #%u%s%.*s\n", (int)name.len, name.ptr,
                  (int)n.type.len, n.type.ptr, n.id, codes.len ? "  " : "",
                  (int)codes.len, codes.len ? codes.ptr : "");
    }
out:
    mkg__buf_clear(&codes);
    return st;
}

/* "  zh     感冒; 伤风, 上呼吸道感染": preferred names, then aliases. */
static void put_names(shower *s, mkg_lang lang, mkg__buf *out)
{
    mkg_entry e;
    bool any = false;
    const char *name = mkg_lang_name(lang);
    s->buf.len = 0;
    for (int kind = MKG_ENTRY_NAME; kind <= MKG_ENTRY_ALIAS; kind++)
        for (size_t pos = 0; mkg_node_next(&s->node, &pos, &e);) {
            if ((int)e.kind != kind || e.lang != lang) continue;
            if (said_before(&s->node, pos, &e)) continue;
            if (any) mkg__buf_str(&s->buf, "; ");
            mkg__buf_put(&s->buf, e.text.ptr, e.text.len);
            any = true;
        }
    if (!any) return;
    mkg__buf_printf(out, "  %-7s", *name ? name : "other");
    cli_wrap(out, mkg__view(s->buf.ptr, s->buf.len), 9, 9, CLI_WIDTH);
    mkg__buf_byte(out, '\n');
}

static mkg_status head_text(shower *s)
{
    mkg__buf b = {0}, codes = {0};
    mkg_entry e;
    mkg_view name = mkg_node_name(&s->node, s->lang);

    cli_set_style(s->c, CLI_BOLD);
    cli_put(s->c, name.ptr, name.len);
    cli_set_style(s->c, CLI_PLAIN);
    cli_print(s->c, "  %.*s  #%u\n", (int)s->node.type.len, s->node.type.ptr,
              s->node.id);
    put_names(s, MKG_LANG_ZH, &b);
    put_names(s, MKG_LANG_EN, &b);
    put_names(s, MKG_LANG_NONE, &b);
    for (size_t pos = 0; mkg_node_next(&s->node, &pos, &e);) {
        if (e.kind != MKG_ENTRY_CODE || said_before(&s->node, pos, &e)) continue;
        mkg__buf_printf(&codes, "%s%.*s", codes.len ? " " : "", (int)e.text.len,
                        e.text.ptr);
    }
    if (codes.len) {
        mkg__buf_printf(&b, "  %-7s", "codes");
        cli_wrap(&b, mkg__view(codes.ptr, codes.len), 9, 9, CLI_WIDTH);
        mkg__buf_byte(&b, '\n');
    }
    bool failed = b.failed || codes.failed || s->buf.failed;
    if (!failed) cli_put(s->c, b.ptr, b.len);
    mkg__buf_clear(&b);
    mkg__buf_clear(&codes);
    return failed ? mkg__nomem(&s->c->err) : MKG_OK;
}

static mkg_status sources_text(shower *s)
{
    mkg_status st = MKG_OK;
    mkg_source source;

    if (s->sources.n)
        cli_print(s->c, s->lang == MKG_LANG_ZH ? "\n来源\n" : "\nSources\n");
    for (size_t i = 0; i < s->sources.n; i++) {
        MKG_GO(mkg_kg_source(s->kg, s->sources.ids[i], &source, &s->c->err));
        cli_print(s->c, "  %.*s", (int)source.name.len, source.name.ptr);
        if (source.version.len)
            cli_print(s->c, " %.*s", (int)source.version.len, source.version.ptr);
        if (!mkg__view_eq(source.name, source.file))
            cli_print(s->c, ", %.*s", (int)source.file.len, source.file.ptr);
        if (source.licence.len)
            cli_print(s->c, ", %.*s", (int)source.licence.len, source.licence.ptr);
        cli_print(s->c, "\n");
    }
out:
    return st;
}

/* ---- the command ---- */

static mkg_status show_json(shower *s)
{
    json_t *names = NULL, *same = NULL;
    mkg_status st = names_json(s, &names);
    if (st < 0) return st;
    s->facts = json_array();
    st = same_json(s, &same);
    if (st >= 0) st = all_facts(s);
    if (st < 0) {
        json_decref(names);
        json_decref(same);
        return st;
    }
    json_t *v = cli_node_json(&s->node, s->lang), *codes = json_object_get(v, "codes");
    json_incref(codes);
    json_object_del(v, "codes"); /* DESIGN's order: names before codes */
    json_object_set_new(v, "names", names);
    json_object_set_new(v, "codes", codes);
    json_object_set(v, "facts", s->facts);
    json_object_set_new(v, "same", same);
    return cli_json(s->c, v);
}

static mkg_status show_text(shower *s)
{
    mkg_status st = head_text(s);
    if (st >= 0) st = same_text(s);
    if (st >= 0) st = all_facts(s);
    if (st >= 0) st = sources_text(s);
    return st;
}

mkg_status cli_cmd_show(cli *c)
{
    mkg_status st;
    mkg_id id;
    shower s = {.c = c, .lang = cli_language(c, c->args[0])};

    s.limit =
        c->json && !cli_opt_given(c, "limit") ? 0 : (size_t)cli_opt_count(c, "limit");
    MKG_GO(cli_open(c, &s.kg));
    st = cli_resolve(c, s.kg, c->args[0], s.lang, &id);
    if (st != MKG_OK || !id) goto out;
    MKG_GO(mkg_kg_node(s.kg, id, &s.node, &c->err));
    MKG_GO(mkg_kg_same(s.kg, id, &s.same, &c->err));
    if (s.lang == MKG_LANG_NONE) {
        mkg_view name = mkg_node_name(&s.node, MKG_LANG_NONE);
        s.lang = mkg__lang_guess(name.ptr, name.len);
    }
    st = c->json ? show_json(&s) : show_text(&s);
out:
    json_decref(s.facts);
    mkg__buf_clear(&s.buf);
    mkg_ids_clear(&s.sources);
    mkg_ids_clear(&s.same);
    mkg_kg_close(s.kg);
    return st;
}
