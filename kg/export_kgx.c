/* KGX TSV, https://github.com/biolink/kgx/blob/master/specification/kgx-format.md:
 * nodes.tsv and edges.tsv with CURIEs. Which Biolink class and predicate stands for
 * which of our types and relations is data (data/biolink.tsv), not code. */
#include "kg/export_internal.h"

#include "base/hash.h"
#include "base/io.h"

#include <string.h>

/* "kind word" -> index + 1 of the term in `terms`. */
typedef struct table {
    mkg__map index;
    mkg_view *terms;
    size_t n, cap;
    mkg__arena arena;
    mkg__buf key;
} table;

static void table_clear(table *t)
{
    mkg__map_clear(&t->index);
    mkg__free(t->terms);
    mkg__arena_clear(&t->arena);
    mkg__buf_clear(&t->key);
}

static const char *table_key(table *t, mkg_view kind, mkg_view word)
{
    t->key.len = 0;
    mkg__buf_view(&t->key, kind);
    mkg__buf_byte(&t->key, '\t');
    mkg__buf_view(&t->key, word);
    return mkg__buf_cstr(&t->key);
}

static mkg_status table_add(table *t, mkg_view line, const char *file, uint64_t number,
                            mkg_err *err)
{
    mkg_view field[3] = {{"", 0}, {"", 0}, {"", 0}};
    size_t n = 0, from = 0;
    for (size_t i = 0; i <= line.len && n < 3; i++) {
        if (i < line.len && line.ptr[i] != '\t') continue;
        field[n++] = mkg__view(line.ptr + from, i - from);
        from = i + 1;
    }
    if (n < 3 || !field[1].len || !field[2].len)
        return mkg__fail_at(err, MKG_EPARSE, file, number, 0,
                            "a kind, a word and a Biolink term are expected");
    if (!mkg__grow(&t->terms, &t->cap, t->n + 1, sizeof *t->terms) ||
        !table_key(t, field[0], field[1]))
        return mkg__nomem(err);
    mkg_id *slot = mkg__map_put(&t->index, t->key.ptr, t->key.len);
    char *copy = mkg__arena_dup(&t->arena, field[2].ptr, field[2].len);
    if (!slot || !copy) return mkg__nomem(err);
    t->terms[t->n] = mkg__view(copy, field[2].len);
    *slot = (mkg_id)++t->n;
    return MKG_OK;
}

static mkg_status table_read(table *t, const char *path, mkg_err *err)
{
    mkg_status st;
    mkg__stream *s = NULL;
    mkg__lines *lines = NULL;
    mkg_view line;
    uint64_t number;

    MKG_GO(mkg__stream_open(path, &s, err));
    MKG_GO(mkg__lines_new(s, &lines, err));
    while ((st = mkg__lines_next(lines, &line, &number, err)) == MKG_OK)
        if (line.len && line.ptr[0] != '#')
            MKG_GO(table_add(t, line, mkg__stream_name(s), number, err));
out:
    mkg__lines_free(lines);
    mkg__stream_close(s);
    return st;
}

/* "biolink:" and the term, or `other` where the table has none; false then. */
static bool put_term(mkg__export *x, table *t, const char *kind, mkg_view word,
                     const char *other)
{
    const mkg_id *i = NULL;
    if (table_key(t, mkg__view(kind, strlen(kind)), word))
        i = mkg__map_get(&t->index, t->key.ptr, t->key.len);
    mkg__buf_str(&x->out, "biolink:");
    if (i)
        mkg__buf_view(&x->out, t->terms[*i - 1]);
    else
        mkg__buf_str(&x->out, other);
    return i != NULL;
}

/* The code as it is where it is a CURIE that KGX can read, else ours. */
static mkg_status put_id(mkg__export *x, mkg_id id, mkg_err *err)
{
    mkg__ref ref;
    mkg_status st = mkg__export_ref(x, id, &ref, err);
    if (st < 0) return st;
    bool plain = ref.code.len > 0;
    for (size_t i = 0; i < ref.code.len; i++) {
        unsigned char c = (unsigned char)ref.code.ptr[i];
        plain = plain && c > 0x20 && c < 0x7f && c != '|' && c != '"';
    }
    if (plain) {
        mkg__buf_view(&x->out, ref.code);
        return MKG_OK;
    }
    mkg__buf_str(&x->out, "medkg:");
    return mkg__export_urn(x, &ref, err);
}

static void put_item(mkg__export *x, mkg_view v, bool *first)
{
    if (!*first) mkg__buf_byte(&x->out, '|');
    mkg__export_item(&x->out, v, '|', "\xef\xbd\x9c");
    *first = false;
}

static mkg_status put_node(mkg__export *x, const mkg_node *node, table *t,
                           mkg__labels *l, mkg_err *err)
{
    mkg_status st;
    bool first = true;
    mkg_view shown = mkg_node_name(node, x->opts->lang);

    MKG_GO(mkg__export_labels(node, l, err));
    MKG_GO(put_id(x, node->id, err));
    mkg__buf_byte(&x->out, '\t');
    put_term(x, t, "category", node->type, "NamedThing");
    mkg__buf_byte(&x->out, '\t');
    mkg__export_line(&x->out, shown);
    mkg__buf_byte(&x->out, '\t');
    for (size_t i = 0; i < l->n; i++)
        if (!mkg__view_eq(l->at[i].text, shown)) put_item(x, l->at[i].text, &first);
    mkg__buf_byte(&x->out, '\t');
    first = true;
    for (size_t i = 0; i < l->ncodes; i++)
        put_item(x, l->codes[i], &first);
    mkg__buf_byte(&x->out, '\t');
    mkg__export_line(&x->out, node->type);
    mkg__buf_byte(&x->out, '\n');
    x->result->nodes++;
out:
    return st;
}

static mkg_status write_nodes(mkg__export *x, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_node node;
    mkg__labels l = {0};
    table t = {0};
    mkg_id id = 0;

    if (x->opts->biolink) MKG_GO(table_read(&t, x->opts->biolink, err));
    mkg__buf_str(&x->out, "id\tcategory\tname\tsynonym\txref\ttype\n");
    while ((st = mkg__export_next_node(x, &id, &node, err)) == MKG_OK)
        MKG_GO(put_node(x, &node, &t, &l, err));
out:
    mkg__labels_clear(&l);
    table_clear(&t);
    return st;
}

/* "infores:handbook-2024": letters and digits, '-' for anything else. */
static mkg_status put_infores(mkg__export *x, mkg_id source, mkg_err *err)
{
    mkg_source s;
    mkg_status st = mkg_kg_source(x->kg, source, &s, err);
    bool gap = false, any = false;
    if (st < 0) return st;
    mkg__buf_str(&x->out, "infores:");
    for (size_t i = 0; st == MKG_OK && i < s.name.len; i++) {
        char c = s.name.ptr[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c + 32);
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            if (gap && any) mkg__buf_byte(&x->out, '-');
            mkg__buf_byte(&x->out, (unsigned char)c);
            any = true;
            gap = false;
        } else {
            gap = true;
        }
    }
    if (!any) mkg__buf_printf(&x->out, "medkg-source-%u", source);
    return MKG_OK;
}

static mkg_status put_edge(mkg__export *x, const mkg_fact *f, table *t, mkg__buf *place,
                           mkg_err *err)
{
    mkg_status st;
    mkg__buf *b = &x->out;
    const mkg_relation *r = mkg_kg_relation(x->kg, f->relation, false);

    if (!r)
        return mkg__fail(err, MKG_ESTORE, "the store is damaged: no relation %u",
                         f->relation);
    mkg__buf_printf(b, "medkg:fact:%u\t", f->id);
    MKG_GO(put_id(x, f->subject, err));
    mkg__buf_byte(b, '\t');
    put_term(x, t, "predicate", r->name, "related_to");
    mkg__buf_byte(b, '\t');
    MKG_GO(put_id(x, f->object, err));
    mkg__buf_str(b, "\tmedkg:relation:");
    mkg__export_percent(b, r->name);
    mkg__buf_printf(b, "\t%s\t", f->denied ? "true" : "false");
    MKG_GO(put_infores(x, f->source, err));
    mkg__buf_byte(b, '\t');
    place->len = 0;
    MKG_GO(mkg_kg_locator(x->kg, f->source, f->locator, place, err));
    mkg__export_line(b, mkg__view(place->ptr, place->len));
    mkg__buf_byte(b, '\t');
    mkg__export_number(b, (double)f->weight);
    mkg__buf_byte(b, '\n');
    x->result->edges++;
out:
    return st;
}

static mkg_status write_edges(mkg__export *x, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_fact f;
    table t = {0};
    mkg__buf place = {0};
    mkg_id id = 0;

    if (x->opts->biolink) MKG_GO(table_read(&t, x->opts->biolink, err));
    mkg__buf_str(&x->out,
                 "id\tsubject\tpredicate\tobject\toriginal_predicate\tnegated\t"
                 "primary_knowledge_source\tlocator\tweight\n");
    while ((st = mkg__export_next_fact(x, &id, &f, err)) == MKG_OK) {
        x->result->texts += f.object == MKG_ID_NONE;
        if (f.object) MKG_GO(put_edge(x, &f, &t, &place, err));
    }
out:
    mkg__buf_clear(&place);
    table_clear(&t);
    return st;
}

const mkg__export_format mkg__export_kgx = {.name = "kgx",
                                            .files = {"nodes.tsv", "edges.tsv"},
                                            .write = {write_nodes, write_edges},
                                            .node_passes = 1,
                                            .fact_passes = 1};
