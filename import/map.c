/* Mapping files: what the fields of a record mean. The format is in docs/import.md. */
#include "import/tables_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

enum { MAP_BYTES_MAX = 1 << 20 };

/* ---- checking keys ---- */

static mkg_status bad(const mkg__recordmap *m, mkg_err *err, const char *key,
                      const char *what)
{
    return mkg__fail_at(err, MKG_EPARSE, m->path, 0, 0, "\"%s\": %s", key, what);
}

/* Every key of `object` must be in the NULL-terminated list. */
mkg_status mkg__map_keys(const mkg__recordmap *m, const json_t *object,
                         const char *const *known, mkg_err *err)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        const char *near = NULL;
        size_t best = 4;
        bool found = false;
        for (size_t i = 0; known[i] && !found; i++) {
            found = strcmp(known[i], key) == 0;
            size_t d = mkg__edit_distance(mkg__view(key, strlen(key)),
                                          mkg__view(known[i], strlen(known[i])), 3);
            if (d < best) {
                best = d;
                near = known[i];
            }
        }
        if (found) continue;
        if (near)
            return mkg__fail_at(err, MKG_EPARSE, m->path, 0, 0,
                                "unknown key \"%s\"; did you mean \"%s\"?", key, near);
        return mkg__fail_at(err, MKG_EPARSE, m->path, 0, 0, "unknown key \"%s\"", key);
    }
    return MKG_OK;
}

/* A string or a list of strings. Missing: empty. */
mkg_status mkg__map_strings(mkg__recordmap *m, const json_t *object, const char *key,
                            mkg__strings *out, mkg_err *err)
{
    const json_t *v = json_object_get(object, key);
    size_t n = json_is_array(v) ? json_array_size(v) : v ? 1 : 0;
    if (n == 0) return MKG_OK;
    out->at = mkg__arena_alloc(&m->arena, n * sizeof *out->at);
    if (!out->at) return mkg__nomem(err);
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_is_array(v) ? json_array_get(v, i) : v;
        if (!json_is_string(item) || json_string_length(item) == 0)
            return bad(m, err, key, "a string or a list of strings is expected");
        out->at[i] = json_string_value(item);
    }
    out->n = n;
    return MKG_OK;
}

mkg_status mkg__map_string(const mkg__recordmap *m, const json_t *object,
                           const char *key, const char **out, mkg_err *err)
{
    const json_t *v = json_object_get(object, key);
    if (!v) return MKG_OK;
    if (!json_is_string(v)) return bad(m, err, key, "a string is expected");
    *out = json_string_value(v);
    return MKG_OK;
}

/* ---- rules ---- */

static mkg_status add_rule(mkg__recordmap *m, const char *field, mkg__rule_kind kind,
                           mkg__rule **out, mkg_err *err)
{
    for (size_t i = 0; i < m->nrules; i++)
        if (strcmp(m->rules[i].field, field) == 0)
            return bad(m, err, field, "the field is mapped twice");
    mkg__rule *r = &m->rules[m->nrules++];
    memset(r, 0, sizeof *r);
    r->field = field;
    r->kind = kind;
    *out = r;
    return MKG_OK;
}

mkg_status mkg__map_lang(const mkg__recordmap *m, const char *key, const char *text,
                         mkg_lang *out, mkg_err *err)
{
    *out = mkg__lang_parse(text, strlen(text));
    if (*out == MKG_LANG_NONE) return bad(m, err, key, "the language is zh or en");
    return MKG_OK;
}

/* "name": "field", or {"zh": "field", "en": "field"}; the same for "alias". */
static mkg_status read_names(mkg__recordmap *m, const char *key, mkg__rule_kind kind,
                             mkg_err *err)
{
    mkg_status st = MKG_OK;
    const json_t *v = json_object_get(m->root, key);
    mkg__rule *r;
    const char *lang;
    json_t *field;

    if (!v) return MKG_OK;
    if (!json_is_object(v)) {
        mkg__strings fields = {0};
        MKG_GO(mkg__map_strings(m, m->root, key, &fields, err));
        for (size_t i = 0; i < fields.n; i++)
            MKG_GO(add_rule(m, fields.at[i], kind, &r, err));
        goto out;
    }
    json_object_foreach((json_t *)(uintptr_t)v, lang, field)
    {
        mkg__strings fields = {0};
        mkg_lang code;
        MKG_GO(mkg__map_lang(m, key, lang, &code, err));
        MKG_GO(mkg__map_strings(m, v, lang, &fields, err));
        for (size_t i = 0; i < fields.n; i++) {
            MKG_GO(add_rule(m, fields.at[i], kind, &r, err));
            r->lang = code;
        }
    }
out:
    return st;
}

static mkg_status read_codes(mkg__recordmap *m, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const json_t *v = json_object_get(m->root, "codes");
    const char *field;
    json_t *system;
    mkg__rule *r;

    if (!v) return MKG_OK;
    if (!json_is_object(v))
        return bad(m, err, "codes", "an object field -> system is expected");
    json_object_foreach((json_t *)(uintptr_t)v, field, system)
    {
        if (!json_is_string(system))
            return bad(m, err, field,
                       "the code system is a string, \"\" if the codes have "
                       "theirs already");
        MKG_GO(add_rule(m, field, MKG_RULE_CODE, &r, err));
        r->system = json_string_value(system);
    }
out:
    return st;
}

static mkg_status read_type(mkg__recordmap *m, mkg_err *err)
{
    static const char *const keys[] = {"field", "values", NULL};
    const json_t *v = json_object_get(m->root, "type");
    const char *field = NULL;
    mkg__rule *r;

    if (json_is_string(v)) {
        m->type = json_string_value(v);
        return MKG_OK;
    }
    if (!json_is_object(v))
        return bad(m, err, "type", "a type, or {\"field\": …}, is expected");
    mkg_status st = mkg__map_keys(m, v, keys, err);
    if (st >= 0) st = mkg__map_string(m, v, "field", &field, err);
    if (st >= 0 && !field) st = bad(m, err, "type", "\"field\" is missing");
    if (st >= 0) st = add_rule(m, field, MKG_RULE_TYPE, &r, err);
    if (st < 0) return st;
    r->values = json_object_get(v, "values");
    if (r->values && !json_is_object(r->values))
        return bad(m, err, "values", "an object value -> type is expected");
    return MKG_OK;
}

/* What items say nothing: of the rule itself, else of the whole map. */
static mkg_status read_drops(mkg__recordmap *m, const json_t *v, mkg__rule *r,
                             mkg_err *err)
{
    const json_t *drop = json_object_get(v, "drop") ? v : m->root;
    const json_t *suffix = json_object_get(v, "drop_suffix") ? v : m->root;
    mkg_status st = mkg__map_strings(m, drop, "drop", &r->drop, err);
    if (st >= 0) st = mkg__map_strings(m, suffix, "drop_suffix", &r->drop_suffix, err);
    return st;
}

/* "relations": {field: {"relation": …, "type": …}}, "literals": {field: {…}}. */
static mkg_status read_facts(mkg__recordmap *m, const char *key, mkg__rule_kind kind,
                             mkg_err *err)
{
    static const char *const relation_keys[] = {
        "relation", "type", "lang", "split", "drop", "drop_suffix", NULL};
    static const char *const literal_keys[] = {"relation", "lang",        "join",
                                               "drop",     "drop_suffix", NULL};
    mkg_status st = MKG_OK;
    const json_t *all = json_object_get(m->root, key);
    const char *field;
    json_t *v;
    mkg__rule *r;

    if (!all) return MKG_OK;
    if (!json_is_object(all)) return bad(m, err, key, "an object is expected");
    json_object_foreach((json_t *)(uintptr_t)all, field, v)
    {
        const char *lang = NULL;
        if (!json_is_object(v)) return bad(m, err, field, "an object is expected");
        MKG_GO(mkg__map_keys(
            m, v, kind == MKG_RULE_LITERAL ? literal_keys : relation_keys, err));
        MKG_GO(add_rule(m, field, kind, &r, err));
        r->relation = field;
        MKG_GO(mkg__map_string(m, v, "relation", &r->relation, err));
        MKG_GO(mkg__map_string(m, v, "join", &r->join, err));
        MKG_GO(mkg__map_strings(m, v, "type", &r->types, err));
        MKG_GO(mkg__map_strings(m, v, "split", &r->split, err));
        MKG_GO(read_drops(m, v, r, err));
        MKG_GO(mkg__map_string(m, v, "lang", &lang, err));
        if (lang) MKG_GO(mkg__map_lang(m, field, lang, &r->lang, err));
    }
out:
    return st;
}

/* "children": {"field": …, "relation": …}: records within a record, of the same form.
 */
static mkg_status read_children(mkg__recordmap *m, mkg_err *err)
{
    static const char *const keys[] = {"field", "relation", NULL};
    mkg_status st = MKG_OK;
    const json_t *v = json_object_get(m->root, "children");
    const char *field = NULL, *relation = "is_a";
    mkg__rule *r;
    if (!v) return MKG_OK;
    if (!json_is_object(v)) return bad(m, err, "children", "an object is expected");
    MKG_GO(mkg__map_keys(m, v, keys, err));
    MKG_GO(mkg__map_string(m, v, "field", &field, err));
    MKG_GO(mkg__map_string(m, v, "relation", &relation, err));
    if (!field || !*relation) return bad(m, err, "children", "a \"field\" is expected");
    MKG_GO(add_rule(m, field, MKG_RULE_CHILDREN, &r, err));
    r->relation = relation;
out:
    return st;
}

static mkg_status read_rest(mkg__recordmap *m, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__strings ignore = {0};
    const char *locator = NULL, *identity = NULL;
    mkg__rule *r;

    MKG_GO(mkg__map_string(m, m->root, "source", &m->source, err));
    MKG_GO(mkg__map_string(m, m->root, "licence", &m->licence, err));
    MKG_GO(mkg__map_string(m, m->root, "identity", &identity, err));
    m->by_name = identity && strcmp(identity, "name") == 0;
    if (identity && !m->by_name && strcmp(identity, "code") != 0) {
        st = bad(m, err, "identity", "\"code\" or \"name\" is expected");
        goto out;
    }
    MKG_GO(read_children(m, err));
    MKG_GO(mkg__map_strings(m, m->root, "detect", &m->detect, err));
    MKG_GO(mkg__map_string(m, m->root, "locator", &locator, err));
    if (locator) MKG_GO(add_rule(m, locator, MKG_RULE_LOCATOR, &r, err));
    MKG_GO(mkg__map_strings(m, m->root, "ignore", &ignore, err));
    for (size_t i = 0; i < ignore.n; i++)
        MKG_GO(add_rule(m, ignore.at[i], MKG_RULE_IGNORE, &r, err));
out:
    return st;
}

/* How many fields the map can name, at most. */
static size_t count_strings(const json_t *v)
{
    size_t n = 1;
    const char *key;
    json_t *item;
    if (json_is_object(v))
        json_object_foreach((json_t *)(uintptr_t)v, key, item) n += count_strings(item);
    for (size_t i = 0; i < json_array_size(v); i++)
        n += count_strings(json_array_get(v, i));
    return n;
}

static mkg_status read_map(mkg__recordmap *m, mkg_err *err)
{
    static const char *const keys[] = {
        "comment",  "detect",   "source",    "licence",     "type",    "name",
        "alias",    "codes",    "relations", "literals",    "locator", "ignore",
        "identity", "children", "drop",      "drop_suffix", NULL};
    mkg_status st = MKG_OK;
    size_t bytes;

    if (!json_is_object(m->root))
        return mkg__fail_at(err, MKG_EPARSE, m->path, 1, 0, "an object is expected");
    if (json_object_get(m->root, "tables") || json_object_get(m->root, "nodes"))
        return mkg__tablemap_read(m, err);
    MKG_GO(mkg__map_keys(m, m->root, keys, err));
    if (!mkg__mul(count_strings(m->root), sizeof *m->rules, &bytes) ||
        !(m->rules = mkg__arena_alloc(&m->arena, bytes))) {
        st = mkg__nomem(err);
        goto out;
    }
    if (!json_object_get(m->root, "name") || !json_object_get(m->root, "type")) {
        st = mkg__fail_at(err, MKG_EPARSE, m->path, 0, 0, "\"%s\" is missing",
                          json_object_get(m->root, "name") ? "type" : "name");
        goto out;
    }
    MKG_GO(read_names(m, "name", MKG_RULE_NAME, err));
    if (m->nrules == 0) {
        st = bad(m, err, "name", "it names no field");
        goto out;
    }
    MKG_GO(read_names(m, "alias", MKG_RULE_ALIAS, err));
    MKG_GO(read_type(m, err));
    MKG_GO(read_codes(m, err));
    MKG_GO(read_facts(m, "relations", MKG_RULE_RELATION, err));
    MKG_GO(read_facts(m, "literals", MKG_RULE_LITERAL, err));
    st = read_rest(m, err);
out:
    return st;
}

mkg_status mkg__map_load(const char *path, mkg__recordmap **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__recordmap *m = mkg__calloc(1, sizeof *m);

    *out = NULL;
    if (!m) return mkg__nomem(err);
    m->path = mkg__arena_dup(&m->arena, path, strlen(path));
    const char *base = mkg__path_base(path);
    size_t n = strlen(base);
    if (n > 5 && strcmp(base + n - 5, ".json") == 0) n -= 5;
    m->name = mkg__arena_dup(&m->arena, base, n);
    if (!m->path || !m->name) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(mkg__json_load(path, MAP_BYTES_MAX, &m->root, err));
    MKG_GO(read_map(m, err));
    *out = m;
    m = NULL;
out:
    mkg__map_free(m);
    return st;
}

void mkg__map_free(mkg__recordmap *m)
{
    if (!m) return;
    json_decref(m->root);
    mkg__arena_clear(&m->arena);
    mkg__free(m);
}

const mkg__rule *mkg__map_rule(const mkg__recordmap *m, const char *field)
{
    for (size_t i = 0; i < m->nrules; i++)
        if (strcmp(m->rules[i].field, field) == 0) return &m->rules[i];
    return NULL;
}
