/* Mapping files of tables: reading and checking them. */
#include "import/tables_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <regex.h>
#include <string.h>

static mkg_status wrong(const mkg__recordmap *m, mkg_err *err, const char *key,
                        const char *what)
{
    return mkg__fail_at(err, MKG_EPARSE, m->path, 0, 0, "\"%s\": %s", key, what);
}

static mkg_status alloc(mkg__recordmap *m, size_t n, size_t size, void *out,
                        mkg_err *err)
{
    void *p = mkg__arena_alloc(&m->arena, (n + 1) * size);
    if (!p) return mkg__nomem(err);
    memset(p, 0, (n + 1) * size);
    memcpy(out, &p, sizeof p);
    return MKG_OK;
}

/* ---- parts ---- */

/* {"column": "value" or a list}, all of which must hold. */
static mkg_status read_conditions(mkg__recordmap *m, const json_t *rule,
                                  const char *key, const char *unless,
                                  mkg__conditions *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const json_t *all[] = {json_object_get(rule, key),
                           unless ? json_object_get(rule, unless) : NULL};
    const char *column;
    json_t *values;

    MKG_GO(alloc(m, json_object_size(all[0]) + json_object_size(all[1]),
                 sizeof *out->at, &out->at, err));
    for (int i = 0; i < 2; i++) {
        if (all[i] && !json_is_object(all[i]))
            return wrong(m, err, i ? unless : key, "{column: value} is expected");
        json_object_foreach((json_t *)(uintptr_t)all[i], column, values)
        {
            mkg__condition *c = &out->at[out->n];
            MKG_GO(mkg__piece_read(m, column, &c->column, err));
            c->unless = i == 1;
            if (json_is_string(values) && json_string_length(values) == 0) {
                MKG_GO(alloc(m, 1, sizeof *c->values.at, &c->values.at, err));
                c->values.at[c->values.n++] = "";
            } else {
                MKG_GO(mkg__map_strings(m, all[i], column, &c->values, err));
            }
            out->n++;
        }
    }
out:
    return st;
}

static mkg_status read_texts(mkg__recordmap *m, const char *key, const json_t *v,
                             mkg__template **out, size_t *n, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t count = json_is_array(v) ? json_array_size(v) : v ? 1 : 0;
    MKG_GO(alloc(m, count, sizeof **out, out, err));
    for (; *n < count; ++*n)
        MKG_GO(mkg__template_read(m, key, json_is_array(v) ? json_array_get(v, *n) : v,
                                  true, &(*out)[*n], err));
out:
    return st;
}

/* "name": texts, or {"zh": texts, "en": texts}; the same for "alias". */
static mkg_status read_names(mkg__recordmap *m, const json_t *rule, const char *key,
                             bool alias, mkg__node_rule *node, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const json_t *v = json_object_get(rule, key);
    const char *lang;
    json_t *texts;
    mkg__name_rule *r = &node->names[node->nnames];

    if (!v) return MKG_OK;
    if (!json_is_object(v) || json_object_get(v, "field")) {
        node->nnames++;
        r->alias = alias;
        return read_texts(m, key, v, &r->texts, &r->n, err);
    }
    json_object_foreach((json_t *)(uintptr_t)v, lang, texts)
    {
        if (node->nnames > 3u + alias) return wrong(m, err, key, "too many languages");
        r = &node->names[node->nnames++];
        r->alias = alias;
        MKG_GO(mkg__map_lang(m, key, lang, &r->lang, err));
        MKG_GO(read_texts(m, key, texts, &r->texts, &r->n, err));
    }
out:
    return st;
}

/* "above": {"prefix": key} or {"range": key}. */
static mkg_status read_above(mkg__recordmap *m, const json_t *rule,
                             mkg__node_rule *node, mkg_err *err)
{
    static const char *const keys[] = {"prefix", "range", NULL};
    const json_t *v = json_object_get(rule, "above");
    if (!v) return MKG_OK;
    mkg_status st = mkg__map_keys(m, v, keys, err);
    if (st < 0) return st;
    const json_t *prefix = json_object_get(v, "prefix");
    const json_t *range = json_object_get(v, "range");
    if (!prefix == !range)
        return wrong(m, err, "above", "{\"prefix\": key} or {\"range\": key}");
    node->above = prefix ? MKG_ABOVE_PREFIX : MKG_ABOVE_RANGE;
    return mkg__template_read(m, "above", prefix ? prefix : range, true,
                              &node->above_key, err);
}

static mkg_status read_split(mkg__recordmap *m, const json_t *rule,
                             mkg__node_rule *node, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const json_t *v = json_object_get(rule, "split");
    const char *column;
    json_t *separators;
    MKG_GO(mkg__map_strings(m, rule, "alias_split", &node->alias_split, err));
    if (!v) goto out;
    if (json_object_size(v) != 1)
        return wrong(m, err, "split", "{column: separators} is expected");
    json_object_foreach((json_t *)(uintptr_t)v, column, separators)
    {
        MKG_GO(mkg__piece_read(m, column, &node->split, err));
        MKG_GO(mkg__map_strings(m, v, column, &node->separators, err));
    }
    if (node->separators.n == 0) st = wrong(m, err, "split", "no separator");
out:
    return st;
}

static mkg_status read_node(mkg__recordmap *m, const char *key, const json_t *v,
                            mkg__node_rule *node, mkg_err *err)
{
    static const char *const keys[] = {
        "id",    "type", "name",   "alias",    "codes",       "alias_split", "split",
        "above", "when", "unless", "obsolete", "optional_id", NULL};
    mkg_status st = MKG_OK;
    const json_t *id = json_object_get(v, "id"), *type = json_object_get(v, "type");

    node->key = key;
    node->optional_id = json_is_true(json_object_get(v, "optional_id"));
    if (!json_is_object(v)) return wrong(m, err, key, "an object is expected");
    MKG_GO(mkg__map_keys(m, v, keys, err));
    MKG_GO(alloc(m, 6, sizeof *node->names, &node->names, err));
    if (id) MKG_GO(mkg__template_read(m, "id", id, true, &node->id, err));
    if (type) MKG_GO(mkg__template_read(m, "type", type, false, &node->type, err));
    node->own_type = json_is_string(type) && !strchr(json_string_value(type), '{');
    MKG_GO(read_names(m, v, "name", false, node, err));
    MKG_GO(read_names(m, v, "alias", true, node, err));
    MKG_GO(read_texts(m, "codes", json_object_get(v, "codes"), &node->codes,
                      &node->ncodes, err));
    MKG_GO(read_above(m, v, node, err));
    MKG_GO(read_split(m, v, node, err));
    MKG_GO(read_conditions(m, v, "when", "unless", &node->when, err));
    MKG_GO(read_conditions(m, v, "obsolete", NULL, &node->obsolete, err));
    if (node->id.n == 0 && (node->nnames == 0 || node->names[0].alias))
        st = wrong(m, err, key, "a node needs an \"id\" or a \"name\"");
out:
    return st;
}

static mkg_status find_node(mkg__recordmap *m, const mkg__tablemap *t, const json_t *v,
                            const char *key, size_t *out, mkg_err *err)
{
    const char *name = json_string_value(json_object_get(v, key));
    for (size_t i = 0; name && i < t->nnodes; i++)
        if (strcmp(t->nodes[i].key, name) == 0) {
            *out = i;
            return MKG_OK;
        }
    return wrong(m, err, key, "the name of one of the \"nodes\" is expected");
}

static mkg_status read_fact(mkg__recordmap *m, const mkg__tablemap *t, const json_t *v,
                            mkg__fact_rule *f, mkg_err *err)
{
    static const char *const keys[] = {"subject", "relation", "object", "text",
                                       "lang",    "weight",   "when",   "unless",
                                       "denied",  NULL};
    mkg_status st = MKG_OK;
    const json_t *text = json_object_get(v, "text");
    const char *lang = json_string_value(json_object_get(v, "lang"));

    if (!json_is_object(v)) return wrong(m, err, "facts", "objects are expected");
    MKG_GO(mkg__map_keys(m, v, keys, err));
    f->object = SIZE_MAX;
    MKG_GO(find_node(m, t, v, "subject", &f->subject, err));
    if (!text == !json_object_get(v, "object"))
        return wrong(m, err, "facts", "a fact has an \"object\" or a \"text\"");
    if (text)
        MKG_GO(mkg__template_read(m, "text", text, true, &f->text, err));
    else
        MKG_GO(find_node(m, t, v, "object", &f->object, err));
    MKG_GO(mkg__template_read(m, "relation", json_object_get(v, "relation"), false,
                              &f->relation, err));
    if (json_object_get(v, "weight"))
        MKG_GO(mkg__template_read(m, "weight", json_object_get(v, "weight"), true,
                                  &f->weight, err));
    if (lang) MKG_GO(mkg__map_lang(m, "lang", lang, &f->lang, err));
    MKG_GO(read_conditions(m, v, "when", "unless", &f->when, err));
    st = read_conditions(m, v, "denied", NULL, &f->denied, err);
out:
    return st;
}

/* ---- a table ---- */

static bool is_pattern(const char *text)
{
    regex_t re;
    if (regcomp(&re, text, REG_EXTENDED | REG_NOSUB) != 0) return false;
    regfree(&re);
    return true;
}

/* Columns of the header, or {column: pattern of its first value}. */
static mkg_status read_detect(mkg__recordmap *m, const json_t *v, mkg__tablemap *t,
                              mkg_err *err)
{
    mkg_status st = MKG_OK;
    const json_t *detect = json_object_get(v, "detect");
    if (!json_is_object(detect))
        return mkg__map_strings(m, v, "detect", &t->detect, err);
    if (t->columns.n == 0)
        return wrong(m, err, "detect", "patterns are for tables with \"columns\"");
    MKG_GO(alloc(m, t->columns.n, sizeof *t->patterns.at, &t->patterns.at, err));
    for (t->patterns.n = 0; t->patterns.n < t->columns.n; t->patterns.n++) {
        const char *pattern =
            json_string_value(json_object_get(detect, t->columns.at[t->patterns.n]));
        if (pattern && !is_pattern(pattern))
            return wrong(m, err, "detect", "no valid pattern (POSIX, extended)");
        t->patterns.at[t->patterns.n] = pattern ? pattern : "";
    }
out:
    return st;
}

static mkg_status read_cuts(mkg__recordmap *m, const json_t *v, mkg__tablemap *t,
                            mkg_err *err)
{
    mkg_status st = MKG_OK;
    const json_t *cuts = json_object_get(v, "cut");
    const char *column;
    json_t *parts;
    MKG_GO(alloc(m, json_object_size(cuts), sizeof *t->cuts, &t->cuts, err));
    if (cuts && !json_is_object(cuts))
        return wrong(m, err, "cut", "{column: [separator, part, part]} is expected");
    json_object_foreach((json_t *)(uintptr_t)cuts, column, parts)
    {
        mkg__strings s = {0};
        mkg__cut *c = &t->cuts[t->ncuts++];
        MKG_GO(mkg__map_strings(m, cuts, column, &s, err));
        if (s.n != 3)
            return wrong(m, err, column, "a separator and names of two parts");
        MKG_GO(mkg__piece_read(m, column, &c->column, err));
        c->at = s.at[0];
        c->before = s.at[1];
        c->behind = s.at[2];
    }
out:
    return st;
}

static mkg_status read_layout(mkg__recordmap *m, const json_t *v, mkg__tablemap *t,
                              mkg_err *err)
{
    mkg_status st = MKG_OK;
    const char *delimiter = NULL;
    const json_t *quotes = json_object_get(v, "quotes");
    MKG_GO(mkg__map_strings(m, v, "columns", &t->columns, err));
    MKG_GO(mkg__map_strings(m, v, "empty", &t->empty, err));
    MKG_GO(mkg__map_strings(m, v, "ignore", &t->ignore, err));
    MKG_GO(mkg__map_string(m, v, "delimiter", &delimiter, err));
    MKG_GO(mkg__map_string(m, v, "file", &t->file, err));
    if (t->file && !is_pattern(t->file))
        return wrong(m, err, "file", "no valid pattern (POSIX, extended)");
    if (delimiter && strlen(delimiter) != 1)
        return wrong(m, err, "delimiter", "one character of ASCII is expected");
    t->delimiter = delimiter ? delimiter[0] : '\0';
    t->rest = json_is_true(json_object_get(v, "rest"));
    if (json_is_false(quotes) || t->rest)
        t->quotes = MKG_QUOTES_NO;
    else if (json_is_string(quotes) && strcmp(json_string_value(quotes), "comma") == 0)
        t->quotes = MKG_QUOTES_COMMA;
    else if (quotes && !json_is_true(quotes))
        return wrong(m, err, "quotes", "true, false or \"comma\"");
    if (t->rest && (!t->delimiter || t->columns.n == 0))
        return wrong(m, err, "rest", "it needs a \"delimiter\" and \"columns\"");
    if (t->columns.n > MKG_PLAIN_COLUMNS)
        return wrong(m, err, "columns", "too many of them");
    MKG_GO(read_detect(m, v, t, err));
    st = read_cuts(m, v, t, err);
out:
    return st;
}

static mkg_status read_table(mkg__recordmap *m, const json_t *v, bool root,
                             mkg__tablemap *t, mkg_err *err)
{
    static const char *const keys[] = {
        "comment", "file", "detect", "columns", "delimiter", "quotes", "rest",
        "empty",   "cut",  "ignore", "nodes",   "facts",     NULL};
    static const char *const root_keys[] = {"comment",   "file",    "detect", "columns",
                                            "delimiter", "quotes",  "rest",   "empty",
                                            "cut",       "ignore",  "nodes",  "facts",
                                            "source",    "licence", NULL};
    mkg_status st = MKG_OK;
    const json_t *nodes = json_object_get(v, "nodes");
    const json_t *facts = json_object_get(v, "facts");
    const char *key;
    json_t *item;

    MKG_GO(mkg__map_keys(m, v, root ? root_keys : keys, err));
    if (!json_is_object(nodes) || json_object_size(nodes) == 0)
        return wrong(m, err, "nodes", "an object with a node or more is expected");
    if (facts && !json_is_array(facts))
        return wrong(m, err, "facts", "a list is expected");
    MKG_GO(read_layout(m, v, t, err));
    MKG_GO(alloc(m, json_object_size(nodes), sizeof *t->nodes, &t->nodes, err));
    MKG_GO(alloc(m, json_array_size(facts), sizeof *t->facts, &t->facts, err));
    json_object_foreach((json_t *)(uintptr_t)nodes, key, item)
    {
        MKG_GO(read_node(m, key, item, &t->nodes[t->nnodes], err));
        t->nnodes++;
    }
    for (; t->nfacts < json_array_size(facts); t->nfacts++)
        MKG_GO(read_fact(m, t, json_array_get(facts, t->nfacts), &t->facts[t->nfacts],
                         err));
out:
    return st;
}

mkg_status mkg__tablemap_read(mkg__recordmap *m, mkg_err *err)
{
    static const char *const keys[] = {"comment", "source", "licence", "tables", NULL};
    mkg_status st = MKG_OK;
    const json_t *list = json_object_get(m->root, "tables");
    size_t n = list ? json_array_size(list) : 1;

    if (list) MKG_GO(mkg__map_keys(m, m->root, keys, err));
    if (n == 0) return wrong(m, err, "tables", "a list of tables is expected");
    MKG_GO(mkg__map_string(m, m->root, "source", &m->source, err));
    MKG_GO(mkg__map_string(m, m->root, "licence", &m->licence, err));
    MKG_GO(alloc(m, n, sizeof *m->tables, &m->tables, err));
    for (; m->ntables < n; m->ntables++)
        MKG_GO(read_table(m, list ? json_array_get(list, m->ntables) : m->root, !list,
                          &m->tables[m->ntables], err));
out:
    return st;
}

/* ---- does it fit? ---- */

static size_t split_line(mkg_view line, char delimiter, mkg_view *out)
{
    size_t n = mkg__plain_split(line, delimiter, out, MKG_PLAIN_COLUMNS);
    for (size_t i = 0; i < n && i < MKG_PLAIN_COLUMNS; i++) {
        mkg_view v = mkg__trim(out[i]);
        if (v.len >= 2 && v.ptr[0] == '"' && v.ptr[v.len - 1] == '"')
            v = mkg__trim(mkg__view(v.ptr + 1, v.len - 2));
        out[i] = v;
    }
    return n < MKG_PLAIN_COLUMNS ? n : MKG_PLAIN_COLUMNS;
}

size_t mkg__header_fits(const mkg__strings *detect, mkg_view head)
{
    mkg_view f[MKG_PLAIN_COLUMNS], line = mkg__first_line(head);
    size_t n = split_line(line, mkg__delimiter_of(line), f);
    if (line.len > 64 << 10) return 0;
    for (size_t i = 0; i < detect->n; i++) {
        bool found = false;
        for (size_t k = 0; k < n && !found; k++)
            found = mkg__column_is(detect->at[i], f[k]);
        if (!found) return 0;
    }
    return detect->n;
}

/* Does the value match? What cannot be told does not. */
static bool matches(const char *pattern, mkg_view v)
{
    regex_t re;
    char text[256];
    if (!*pattern) return true;
    if (v.len >= sizeof text || (v.len && memchr(v.ptr, '\0', v.len))) return false;
    if (v.len) memcpy(text, v.ptr, v.len);
    text[v.len] = '\0';
    if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0) return false;
    bool found = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    return found;
}

size_t mkg__tablemap_fits(const mkg__tablemap *t, mkg_view head, const char *file)
{
    mkg_view f[MKG_PLAIN_COLUMNS], line = mkg__first_line(head);
    if (t->file && !matches(t->file, mkg__view(file, strlen(file)))) return 0;
    if (t->detect.n) {
        size_t fits = mkg__header_fits(&t->detect, head);
        return fits + (fits && t->file);
    }
    if (t->patterns.n == 0) return 0;
    size_t n =
        split_line(line, t->delimiter ? t->delimiter : mkg__delimiter_of(line), f);
    if (t->rest ? n < t->columns.n : n != t->columns.n) {
        if (t->quotes != MKG_QUOTES_YES || n < t->columns.n) return 0;
    }
    for (size_t i = 0; i < t->columns.n; i++)
        if (!matches(t->patterns.at[i], f[i])) return 0;
    return t->columns.n;
}
