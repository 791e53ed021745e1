/* The table of prefixes and predicates: what ids and relations of ontologies mean. */
#include "import/concepts_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

/* namespaces, longest first where several fit */
typedef struct iri {
    mkg_view base, prefix;
} iri;

struct mkg__ontologies {
    mkg__buf text;       /* of the file: the views point into it */
    mkg__map types;      /* prefix -> number of value */
    mkg__map shared;     /* prefixes whose codes things of any type may have */
    mkg__map predicates; /* name or id -> number of value */
    mkg__map systems;    /* prefix -> number of value */
    mkg_view *values;    /* from 1 */
    size_t nvalues, values_cap;
    iri *iris;
    size_t niris, iris_cap;
};

static const char OBO[] = "http://purl.obolibrary.org/obo/";

static mkg_status put(mkg__ontologies *o, mkg__map *m, mkg_view key, mkg_view value,
                      mkg_err *err)
{
    mkg_id *slot = mkg__map_put(m, key.ptr, key.len);
    if (!slot ||
        !mkg__grow(&o->values, &o->values_cap, o->nvalues + 2, sizeof *o->values))
        return mkg__nomem(err);
    *slot = (mkg_id)++o->nvalues;
    o->values[o->nvalues] = value;
    return MKG_OK;
}

static mkg_view get(const mkg__ontologies *o, const mkg__map *m, mkg_view key)
{
    const mkg_id *at = mkg__map_get(m, key.ptr, key.len);
    return at ? o->values[*at] : mkg__view("", 0);
}

static mkg_status add_row(mkg__ontologies *o, const char *path, uint64_t line,
                          mkg_view kind, mkg_view key, mkg_view value, mkg_view more,
                          mkg_err *err)
{
    if (mkg__view_is(more, "any")) {
        mkg_status st = put(o, &o->shared, key, more, err);
        if (st < 0) return st;
    }
    if (key.len == 0 || value.len == 0)
        return mkg__fail_at(err, MKG_EPARSE, path, line, 0,
                            "a row is kind, key and value, parted by tabs");
    if (mkg__view_is(kind, "type")) return put(o, &o->types, key, value, err);
    if (mkg__view_is(kind, "predicate")) return put(o, &o->predicates, key, value, err);
    if (mkg__view_is(kind, "system")) return put(o, &o->systems, key, value, err);
    if (!mkg__view_is(kind, "namespace"))
        return mkg__fail_at(err, MKG_EPARSE, path, line, 0,
                            "'%.*s': type, system, namespace or predicate is expected",
                            mkg__clip(kind, 40), kind.ptr);
    if (!mkg__grow(&o->iris, &o->iris_cap, o->niris + 1, sizeof *o->iris))
        return mkg__nomem(err);
    o->iris[o->niris++] = (iri){value, key};
    return MKG_OK;
}

static mkg_view cut(mkg_view *rest, char at)
{
    const char *p = rest->len ? memchr(rest->ptr, at, rest->len) : NULL;
    mkg_view first = {rest->ptr, p ? (size_t)(p - rest->ptr) : rest->len};
    size_t n = first.len + (p != NULL);
    *rest = mkg__view(rest->ptr + n, rest->len - n);
    return first;
}

static mkg_status read_rows(mkg__ontologies *o, const char *path, mkg_err *err)
{
    mkg_view rest = {o->text.ptr, o->text.len};
    for (uint64_t line = 1; rest.len; line++) {
        mkg_view row = cut(&rest, '\n');
        if (row.len && row.ptr[row.len - 1] == '\r') row.len--;
        if (row.len == 0 || row.ptr[0] == '#') continue;
        mkg_view kind = cut(&row, '\t'), key = cut(&row, '\t'), value = cut(&row, '\t');
        mkg_status st = add_row(o, path, line, mkg__trim(kind), mkg__trim(key),
                                mkg__trim(value), mkg__trim(row), err);
        if (st < 0) return st;
    }
    return MKG_OK;
}

mkg_status mkg__ontologies_load(const char *maps, mkg__ontologies **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    char *path = NULL;
    mkg__ontologies *o = mkg__calloc(1, sizeof *o);

    *out = NULL;
    if (!o) return mkg__nomem(err);
    if (maps) {
        path = mkg__path_join(maps, "ontologies.tsv");
        if (!path) {
            st = mkg__nomem(err);
            goto out;
        }
        if (mkg__file_exists(path)) {
            MKG_GO(mkg__file_read(path, 1 << 20, &o->text, err));
            MKG_GO(read_rows(o, path, err));
        }
    }
    *out = o;
    o = NULL;
out:
    mkg__free(path);
    mkg__ontologies_free(o);
    return st;
}

void mkg__ontologies_free(mkg__ontologies *o)
{
    if (!o) return;
    mkg__map_clear(&o->types);
    mkg__map_clear(&o->shared);
    mkg__map_clear(&o->predicates);
    mkg__map_clear(&o->systems);
    mkg__free(o->values);
    mkg__free(o->iris);
    mkg__buf_clear(&o->text);
    mkg__free(o);
}

static mkg_view prefix_of(mkg_view id)
{
    const char *colon = id.len ? memchr(id.ptr, ':', id.len) : NULL;
    return mkg__view(id.ptr, colon ? (size_t)(colon - id.ptr) : 0);
}

mkg_view mkg__ontologies_type(const mkg__ontologies *o, mkg_view id)
{
    mkg_view type = get(o, &o->types, id); /* a single thing may have a row */
    return type.len ? type : get(o, &o->types, prefix_of(id));
}

mkg_view mkg__ontologies_class(const mkg__ontologies *o, mkg_view id)
{
    return get(o, &o->types, id);
}

bool mkg__ontologies_shared(const mkg__ontologies *o, mkg_view id)
{
    return get(o, &o->shared, prefix_of(id)).len > 0;
}

mkg_view mkg__ontologies_predicate(const mkg__ontologies *o, mkg_view predicate)
{
    return get(o, &o->predicates, predicate);
}

static bool starts(mkg_view v, mkg_view with)
{
    return v.len > with.len && memcmp(v.ptr, with.ptr, with.len) == 0;
}

/* "…/obo/HP_0000118" is HP:0000118, by the rules of the OBO Foundry
 * (http://www.obofoundry.org/id-policy). */
static bool contract_obo(mkg_view id, mkg__buf *out)
{
    mkg_view base = {OBO, sizeof OBO - 1};
    if (!starts(id, base)) return false;
    mkg_view local = {id.ptr + base.len, id.len - base.len};
    size_t i = local.len;
    while (i > 0 && local.ptr[i - 1] != '_')
        i--;
    if (i < 2 || i == local.len || memchr(local.ptr, '#', local.len) ||
        memchr(local.ptr, '/', local.len))
        return false;
    mkg__buf_put(out, local.ptr, i - 1);
    mkg__buf_byte(out, ':');
    mkg__buf_put(out, local.ptr + i, local.len - i);
    return true;
}

static bool contract(const mkg__ontologies *o, mkg_view id, mkg__buf *out)
{
    const iri *best = NULL;
    for (size_t i = 0; i < o->niris; i++)
        if (starts(id, o->iris[i].base) &&
            (!best || o->iris[i].base.len > best->base.len))
            best = &o->iris[i];
    if (!best) return contract_obo(id, out);
    mkg__buf_put(out, best->prefix.ptr, best->prefix.len);
    mkg__buf_byte(out, ':');
    mkg__buf_put(out, id.ptr + best->base.len, id.len - best->base.len);
    return true;
}

/* "SNOMEDCT_US_2015_03_01" without its date: the length of what stays. */
static size_t without_date(mkg_view system)
{
    static const char form[] = "_####_##_##";
    size_t n = sizeof form - 1;
    if (system.len <= n) return system.len;
    const char *tail = system.ptr + system.len - n;
    for (size_t i = 0; i < n; i++)
        if (form[i] == '_' ? tail[i] != '_' : tail[i] < '0' || tail[i] > '9')
            return system.len;
    return system.len - n;
}

bool mkg__is_iri(mkg_view text)
{
    mkg_view scheme = prefix_of(text);
    return scheme.len > 0 && text.len > scheme.len + 3 &&
           memcmp(text.ptr + scheme.len, "://", 3) == 0;
}

mkg_status mkg__ontologies_id(const mkg__ontologies *o, mkg_view id, mkg__buf *out,
                              mkg_err *err)
{
    out->len = 0;
    mkg_view prefix = prefix_of(id);
    if (mkg__is_iri(id)) {
        if (!contract(o, id, out)) mkg__buf_put(out, id.ptr, id.len);
    } else if (prefix.len) {
        mkg_view rest = {id.ptr + prefix.len, id.len - prefix.len};
        prefix.len = without_date(prefix);
        mkg_view ours = get(o, &o->systems, prefix);
        if (ours.len) prefix = ours;
        mkg__buf_put(out, prefix.ptr, prefix.len);
        mkg__buf_put(out, rest.ptr, rest.len);
    } else {
        mkg__buf_put(out, id.ptr, id.len);
    }
    return mkg__buf_cstr(out) ? MKG_OK : mkg__nomem(err);
}
