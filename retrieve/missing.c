/* What was not found, and what was searched for it. */
#include "retrieve/gather_internal.h"

#include "base/err.h"

#include <string.h>

static mkg_status add_missing(mkg_evidence *e, const char *what, const char *reason,
                              mkg__buf *searched, mkg_err *err)
{
    const char *text = mkg__buf_cstr(searched);
    mkg_missing *m = mkg__arena_alloc(&e->arena, (e->nmissing + 1) * sizeof *m);
    if (!m || !text || !(text = mkg__arena_dup(&e->arena, text, searched->len)))
        return mkg__nomem(err);
    if (e->nmissing) memcpy(m, e->missing, e->nmissing * sizeof *m);
    m[e->nmissing++] = (mkg_missing){what, text, reason};
    e->missing = m;
    return MKG_OK;
}

mkg_status mkg__missing_relations(gather *g, const mkg__asks *empty, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__buf searched = {0};
    bool zh = g->q->lang == MKG_LANG_ZH;
    const char *name;

    for (size_t i = 0; i < empty->n; i++) {
        const char *what =
            mkg__keep(g->e, mkg_relation_label(empty->at[i].relation, g->q->lang));
        if (!what) {
            st = mkg__nomem(err);
            goto out;
        }
        searched.len = 0;
        for (size_t k = 0; k < g->ntargets; k++) {
            MKG_GO(mkg__node_name(g, g->targets[k].node, &name, err));
            mkg__buf_printf(&searched, zh ? "%s%s的 %zu 条事实" : "%s%s: %zu facts",
                            k ? (zh ? "、" : ", ") : "", name, g->targets[k].degree);
        }
        MKG_GO(add_missing(g->e, what, "no_such_relation", &searched, err));
    }
out:
    mkg__buf_clear(&searched);
    return st;
}

/* "24952 names": counting them takes milliseconds, so it is done once a version. */
static mkg_status put_count(gather *g, mkg__buf *out, mkg_err *err)
{
    mkg_retriever *r = g->r;
    mkg_stats stats = {0};
    if (r->names == 0 || r->names_version != mkg_kg_version(g->kg)) {
        mkg_status st = mkg_kg_stats(g->kg, &stats, err);
        r->names = stats.names;
        r->names_version = mkg_kg_version(g->kg);
        mkg_stats_clear(&stats);
        if (st < 0) return st;
    }
    mkg__buf_printf(out, g->q->lang == MKG_LANG_ZH ? "%llu 个名称" : "%llu names",
                    (unsigned long long)r->names);
    return MKG_OK;
}

mkg_status mkg__missing_entity(gather *g, const char *what, mkg_err *err)
{
    mkg__buf searched = {0};
    mkg_status st = put_count(g, &searched, err);
    if (st >= 0) st = add_missing(g->e, what, "unknown_entity", &searched, err);
    mkg__buf_clear(&searched);
    return st;
}

static bool is_whole(const mkg__span *m)
{
    return m->whole < m->start || m->whole_end > m->end;
}

bool mkg__any_whole(const gather *g)
{
    for (size_t i = 0; i < g->spans->n; i++)
        if (is_whole(&g->spans->at[i])) return true;
    return false;
}

static const char *words_of(gather *g, size_t start, size_t end)
{
    size_t from = g->q->map[start], to = g->q->map[end];
    return mkg__keep(g->e, mkg__trim(mkg__view(g->q->text + from, to - from)));
}

mkg_status mkg__missing_wholes(gather *g, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__buf searched = {0};
    bool zh = g->q->lang == MKG_LANG_ZH;
    size_t last = SIZE_MAX;

    for (size_t i = 0; i < g->spans->n; i++) {
        const mkg__span *m = &g->spans->at[i];
        if (!is_whole(m) || m->whole == last) continue;
        last = m->whole;
        const char *whole = words_of(g, m->whole, m->whole_end);
        const char *part = words_of(g, m->start, m->end);
        if (!whole || !part) {
            st = mkg__nomem(err);
            goto out;
        }
        searched.len = 0;
        MKG_GO(put_count(g, &searched, err));
        if (m->nodes.n)
            mkg__buf_printf(&searched, zh ? "，其中有%s" : "; %s is one of them", part);
        MKG_GO(add_missing(g->e, whole, "unknown_entity", &searched, err));
    }
out:
    mkg__buf_clear(&searched);
    return st;
}

/* The names of the question, one behind the other. */
static mkg_status put_names(gather *g, mkg__buf *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const char *name;
    size_t last = SIZE_MAX;

    for (size_t i = 0; i < g->ntargets; i++) {
        const target *t = &g->targets[i];
        if (t->span == last || t->negated) continue;
        MKG_GO(mkg__node_name(g, t->node, &name, err));
        mkg__buf_printf(out, "%s%s", last == SIZE_MAX ? "" : " – ", name);
        last = t->span;
    }
out:
    return st;
}

static mkg_status add_names(gather *g, const char *reason, const char *zh,
                            const char *en, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__buf what = {0}, searched = {0};
    size_t facts = 0;

    MKG_GO(put_names(g, &what, err));
    for (size_t i = 0; i < g->ntargets; i++)
        facts += g->targets[i].degree;
    mkg__buf_printf(&searched, g->q->lang == MKG_LANG_ZH ? zh : en, facts);
    const char *text = mkg__keep(g->e, mkg__view(what.ptr, what.len));
    st = text ? add_missing(g->e, text, reason, &searched, err) : mkg__nomem(err);
out:
    mkg__buf_clear(&what);
    mkg__buf_clear(&searched);
    return st;
}

mkg_status mkg__missing_link(gather *g, mkg_err *err)
{
    return add_names(g, "no_such_relation", "两者的 %zu 条事实", "%zu facts of the two",
                     err);
}

mkg_status mkg__missing_joint(gather *g, const mkg_relation *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__buf what = {0}, searched = {0};
    bool zh = g->q->lang == MKG_LANG_ZH;
    mkg_view label = mkg_relation_label(r, g->q->lang);

    MKG_GO(put_names(g, &what, err));
    mkg__buf_printf(&what, zh ? " 共同的%.*s" : ": %.*s of all", (int)label.len,
                    label.ptr);
    mkg__buf_str(&searched, zh ? "各自的事实" : "the facts of each");
    const char *text = mkg__keep(g->e, mkg__view(what.ptr, what.len));
    st = text ? add_missing(g->e, text, "no_such_relation", &searched, err)
              : mkg__nomem(err);
out:
    mkg__buf_clear(&what);
    mkg__buf_clear(&searched);
    return st;
}

mkg_status mkg__missing_sense(gather *g, mkg_err *err)
{
    return add_names(g, "below_threshold", "%zu 条事实，问题的其余部分未能理解",
                     "%zu facts; the rest of the question was not understood", err);
}
