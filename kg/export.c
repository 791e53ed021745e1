/* Exporting: which part, by which names, into which files. The formats are in
 * export_*.c. */
#include "kg/export_internal.h"

#include "base/io.h"
#include "kg/kg_internal.h"

#include <string.h>

enum { FLUSH = 64 << 10, TICK = 1024 };

static const mkg__export_format *const formats[] = {
    &mkg__export_nt,  &mkg__export_triples, &mkg__export_graphml,
    &mkg__export_kgx, &mkg__export_neo4j,   &mkg__export_dot};
enum { FORMATS = sizeof formats / sizeof *formats };

const char *const *mkg_export_formats(void)
{
    static const char *names[FORMATS + 1];
    for (size_t i = 0; i < FORMATS; i++)
        names[i] = formats[i]->name;
    return names;
}

/* ---- output ---- */

static mkg_status flush(mkg__export *x, mkg_err *err)
{
    if (x->out.failed) return mkg__nomem(err);
    if (x->out.len && fwrite(x->out.ptr, x->out.len, 1, x->f) != 1)
        return mkg__fail_errno(err, "write", x->result->files[0]);
    x->out.len = 0;
    return MKG_OK;
}

static mkg_status tick(mkg__export *x, const char *what, mkg_err *err)
{
    const mkg_export_opts *o = x->opts;
    if (x->out.failed || x->out.len >= FLUSH) {
        mkg_status st = flush(x, err);
        if (st < 0) return st;
    }
    if (++x->done % TICK == 0 && o->progress &&
        o->progress(o->progress_ctx, what, x->done, x->total))
        return mkg__fail(err, MKG_ECANCEL, "stopped; nothing was written");
    return MKG_OK;
}

void mkg__export_number(mkg__buf *b, double v)
{
    char s[40];
    snprintf(s, sizeof s, "%.9g", v);
    for (char *p = s; *p; p++)
        mkg__buf_byte(b, (unsigned char)(*p == ',' ? '.' : *p));
}

void mkg__export_item(mkg__buf *b, mkg_view v, char separator, const char *instead)
{
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char)v.ptr[i];
        if (separator && c == (unsigned char)separator)
            mkg__buf_str(b, instead);
        else
            mkg__buf_byte(b, c < 0x20 || c == 0x7f ? ' ' : c);
    }
}

void mkg__export_line(mkg__buf *b, mkg_view v)
{
    mkg__export_item(b, v, 0, "");
}

void mkg__export_percent(mkg__buf *b, mkg_view v)
{
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char)v.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     (c >= '0' && c <= '9') || (c && strchr("-._~", c));
        const char code[3] = {'%', "0123456789ABCDEF"[c >> 4],
                              "0123456789ABCDEF"[c & 15]};
        if (plain)
            mkg__buf_byte(b, c);
        else
            mkg__buf_put(b, code, sizeof code);
    }
}

/* ---- the chosen part ---- */

static bool is_chosen(const mkg__export *x, mkg_id id)
{
    if (!x->chosen) return true;
    return id / 8 < x->chosen_bytes && (x->chosen[id / 8] >> (id % 8) & 1);
}

static bool relation_asked(const mkg_export_opts *o, mkg_id relation)
{
    if (!o->relations) return true;
    for (size_t i = 0; i < o->nrelations; i++)
        if (o->relations[i] == relation) return true;
    return false;
}

static bool type_asked(const mkg_export_opts *o, mkg_view type)
{
    if (!o->types) return true;
    for (size_t i = 0; i < o->ntypes; i++)
        if (mkg__view_eq(o->types[i], type)) return true;
    return false;
}

static bool fact_chosen(const mkg__export *x, const mkg_fact *f)
{
    return relation_asked(x->opts, f->relation) && is_chosen(x, f->subject) &&
           (f->object == MKG_ID_NONE || is_chosen(x, f->object));
}

bool mkg__export_asked(const mkg__export *x, mkg_id relation, mkg_id other)
{
    return relation_asked(x->opts, relation) &&
           (is_chosen(x, other) || other == x->opts->node);
}

static mkg_status mark(unsigned char **bits, size_t *bytes, mkg_id id, mkg_err *err)
{
    size_t need = (size_t)id / 8 + 1, old = *bytes;
    if (need > old) {
        if (!mkg__grow(bits, bytes, need, 1)) return mkg__nomem(err);
        memset(*bits + old, 0, *bytes - old);
    }
    (*bits)[id / 8] |= (unsigned char)(1u << (id % 8));
    return MKG_OK;
}

static mkg_status choose_by_type(mkg__export *x, mkg_err *err)
{
    mkg_status st;
    mkg_node node;
    mkg_id id = 0;
    unsigned char *bits = NULL;
    size_t bytes = 0;

    MKG_GO(mark(&bits, &bytes, 0, err)); /* never NULL, which means all */
    while ((st = mkg_kg_next_node(x->kg, &id, &node, err)) == MKG_OK)
        if (type_asked(x->opts, node.type)) MKG_GO(mark(&bits, &bytes, id, err));
out:
    x->chosen = bits;
    x->chosen_bytes = bytes;
    return st < 0 ? st : MKG_OK;
}

/* Of the chosen nodes, those that have a chosen fact. */
static mkg_status choose_by_relation(mkg__export *x, mkg_err *err)
{
    mkg_status st;
    mkg_fact f;
    mkg_id id = 0;
    unsigned char *bits = NULL;
    size_t bytes = 0;

    MKG_GO(mark(&bits, &bytes, 0, err));
    while ((st = mkg_kg_next_fact(x->kg, &id, &f, err)) == MKG_OK) {
        if (!fact_chosen(x, &f)) continue;
        MKG_GO(mark(&bits, &bytes, f.subject, err));
        if (f.object) MKG_GO(mark(&bits, &bytes, f.object, err));
    }
    bits[0] &= 0xfe; /* id 0 is no node */
out:
    mkg__free(x->chosen);
    x->chosen = bits;
    x->chosen_bytes = bytes;
    return st < 0 ? st : MKG_OK;
}

static mkg_status choose(mkg__export *x, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_node node;
    mkg_id id = 0;

    if (x->opts->types) MKG_GO(choose_by_type(x, err));
    if (x->opts->relations) MKG_GO(choose_by_relation(x, err));
    if (x->chosen) x->chosen[0] &= 0xfe;
    while ((st = mkg_kg_next_node(x->kg, &id, &node, err)) == MKG_OK)
        if (is_chosen(x, id)) return MKG_OK;
    if (st == MKG_END)
        st = mkg__fail(err, MKG_NOTFOUND, "the graph has no nodes of this kind");
out:
    return st;
}

mkg_status mkg__export_next_node(mkg__export *x, mkg_id *id, mkg_node *node,
                                 mkg_err *err)
{
    mkg_status st;
    do {
        st = tick(x, "nodes", err);
        if (st >= 0) st = mkg_kg_next_node(x->kg, id, node, err);
    } while (st == MKG_OK && !is_chosen(x, *id));
    return st;
}

mkg_status mkg__export_next_fact(mkg__export *x, mkg_id *id, mkg_fact *fact,
                                 mkg_err *err)
{
    mkg_status st;
    do {
        st = tick(x, "facts", err);
        if (st >= 0) st = mkg_kg_next_fact(x->kg, id, fact, err);
    } while (st == MKG_OK && !fact_chosen(x, fact));
    return st;
}

/* ---- names ---- */

void mkg__labels_clear(mkg__labels *l)
{
    mkg__free(l->at);
    mkg__free(l->codes);
    mkg__buf_clear(&l->keys);
    memset(l, 0, sizeof *l);
}

static bool same_key(const mkg__labels *a, const mkg__label *x, const mkg__labels *b,
                     const mkg__label *y)
{
    return x->nkey == y->nkey &&
           memcmp(a->keys.ptr + x->key, b->keys.ptr + y->key, x->nkey) == 0;
}

static mkg_status add_label(mkg__labels *l, const mkg_entry *e, mkg_err *err)
{
    mkg__label new = {e->kind, e->lang, e->text, l->keys.len, 0};
    mkg_status st = mkg__fold(e->text.ptr, e->text.len, &l->keys, NULL, err);
    if (st < 0) return st;
    new.nkey = l->keys.len - new.key;
    for (size_t i = 0; i < l->n; i++)
        if (same_key(l, &l->at[i], l, &new)) return MKG_OK;
    if (!mkg__grow(&l->at, &l->cap, l->n + 1, sizeof *l->at)) return mkg__nomem(err);
    l->at[l->n++] = new;
    return MKG_OK;
}

static mkg_status add_code(mkg__labels *l, mkg_view code, mkg_err *err)
{
    for (size_t i = 0; i < l->ncodes; i++)
        if (mkg__same_code(l->codes[i], code)) return MKG_OK;
    if (!mkg__grow(&l->codes, &l->codes_cap, l->ncodes + 1, sizeof *l->codes))
        return mkg__nomem(err);
    l->codes[l->ncodes++] = code;
    return MKG_OK;
}

mkg_status mkg__export_labels(const mkg_node *node, mkg__labels *out, mkg_err *err)
{
    static const mkg_entry_kind order[] = {MKG_ENTRY_NAME, MKG_ENTRY_ALIAS};
    mkg_status st = MKG_OK;
    mkg_entry e;

    out->n = out->ncodes = out->keys.len = 0;
    for (size_t i = 0; i < 2; i++)
        for (size_t pos = 0; mkg_node_next(node, &pos, &e);)
            if (e.kind == order[i]) MKG_GO(add_label(out, &e, err));
    for (size_t pos = 0; mkg_node_next(node, &pos, &e);)
        if (e.kind == MKG_ENTRY_CODE) MKG_GO(add_code(out, e.text, err));
out:
    return st;
}

mkg_view mkg__labels_find(const mkg__labels *l, mkg_entry_kind kind, mkg_lang lang)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->at[i].kind == kind && l->at[i].lang == lang) return l->at[i].text;
    return mkg__view("", 0);
}

/* ---- what stands for a node ---- */

/* Has another node of the type this name as its preferred one? */
static mkg_status is_shared(mkg__export *x, const mkg_node *node, const mkg__labels *l,
                            const mkg__label *name, bool *out, mkg_err *err)
{
    mkg_status st;
    mkg_node other;

    *out = false;
    x->ids.n = 0;
    MKG_GO(mkg_kg_find_name(x->kg, name->text, &x->ids, err));
    for (size_t i = 0; i < x->ids.n && !*out; i++) {
        if (x->ids.ids[i] == node->id) continue;
        MKG_GO(mkg_kg_node(x->kg, x->ids.ids[i], &other, err));
        if (st != MKG_OK || !mkg__view_eq(other.type, node->type)) continue;
        MKG_GO(mkg__export_labels(&other, &x->third, err));
        for (size_t k = 0; k < x->third.n; k++)
            *out |= x->third.at[k].kind == MKG_ENTRY_NAME &&
                    same_key(&x->third, &x->third.at[k], l, name);
    }
    st = MKG_OK;
out:
    return st;
}

/* The name that a node goes by: preferred, in the language asked for if it has one, and
 * no other node's if it has such a one. NULL: the node has no name. */
static mkg_status choose_name(mkg__export *x, const mkg_node *node,
                              const mkg__labels *l, const mkg__label **out,
                              mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg__label *first = NULL;
    bool shared;

    for (int round = x->ref_lang ? 0 : 1; round < 2; round++) {
        for (size_t i = 0; i < l->n; i++) {
            const mkg__label *name = &l->at[i];
            if (name->kind != MKG_ENTRY_NAME && i > 0) break;
            if (round == 0 && name->lang != x->ref_lang) continue;
            if (!first) first = name;
            MKG_GO(is_shared(x, node, l, name, &shared, err));
            *out = name;
            if (!shared) goto out;
        }
    }
    *out = first;
out:
    return st;
}

/* Does a node of the type that came before go by the name too? */
static mkg_status find_clash(mkg__export *x, const mkg_node *node,
                             const mkg__label *name, bool *out, mkg_err *err)
{
    mkg_status st;
    mkg_ids ids = {0};
    mkg_node other;
    const mkg__label *its;

    *out = false;
    MKG_GO(mkg_kg_find_name(x->kg, name->text, &ids, err));
    for (size_t i = 0; i < ids.n && ids.ids[i] < node->id && !*out; i++) {
        MKG_GO(mkg_kg_node(x->kg, ids.ids[i], &other, err));
        if (st != MKG_OK || !mkg__view_eq(other.type, node->type)) continue;
        MKG_GO(mkg__export_labels(&other, &x->other, err));
        MKG_GO(choose_name(x, &other, &x->other, &its, err));
        *out = its && same_key(&x->other, its, &x->labels, name);
    }
    st = MKG_OK;
out:
    mkg_ids_clear(&ids);
    return st;
}

/* The first code of which this is the first node: no two nodes have it. */
static mkg_status choose_code(mkg__export *x, const mkg_node *node,
                              const mkg__labels *l, mkg_view *out, mkg_err *err)
{
    *out = mkg__view("", 0);
    for (size_t i = 0; i < l->ncodes; i++) {
        x->ids.n = 0;
        mkg_status st = mkg_kg_find_code(x->kg, l->codes[i], &x->ids, err);
        if (st < 0) return st;
        if (x->ids.n && x->ids.ids[0] == node->id) {
            *out = l->codes[i];
            return MKG_OK;
        }
    }
    return MKG_OK;
}

static mkg_status make_ref(mkg__export *x, mkg_id id, mkg__ref *ref, mkg_err *err)
{
    mkg_status st;
    mkg_node node;
    const mkg__label *name = NULL;

    MKG_GO(mkg_kg_node(x->kg, id, &node, err));
    if (st == MKG_NOTFOUND) {
        st = mkg__fail(err, MKG_ESTORE, "the store is damaged: node %u is missing", id);
        goto out;
    }
    MKG_GO(mkg__export_labels(&node, &x->labels, err));
    MKG_GO(choose_name(x, &node, &x->labels, &name, err));
    ref->type = node.type;
    ref->name = name ? name->text : mkg_node_name(&node, x->ref_lang);
    ref->lang = name ? name->lang : MKG_LANG_NONE;
    ref->clash = false;
    if (name) MKG_GO(find_clash(x, &node, name, &ref->clash, err));
    MKG_GO(choose_code(x, &node, &x->labels, &ref->code, err));
    ref->id = id;
out:
    return st < 0 ? st : MKG_OK;
}

mkg_status mkg__export_ref(mkg__export *x, mkg_id id, mkg__ref *out, mkg_err *err)
{
    mkg__ref *slot = &x->refs[id % MKG_EXPORT_REFS];
    if (slot->id != id) {
        slot->id = MKG_ID_NONE;
        mkg_status st = make_ref(x, id, slot, err);
        if (st < 0) return st;
    }
    *out = *slot;
    return MKG_OK;
}

mkg_status mkg__export_urn(mkg__export *x, const mkg__ref *ref, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__buf folded = {0};

    if (ref->code.len) {
        const char *colon = memchr(ref->code.ptr, ':', ref->code.len);
        size_t n = (size_t)(colon - ref->code.ptr);
        mkg__buf_str(&x->out, "code:");
        mkg__export_percent(&x->out, mkg__view(ref->code.ptr, n));
        mkg__buf_byte(&x->out, ':');
        mkg__export_percent(&x->out, mkg__view(colon + 1, ref->code.len - n - 1));
        goto out;
    }
    MKG_GO(mkg__fold(ref->name.ptr, ref->name.len, &folded, NULL, err));
    mkg__buf_str(&x->out, "node:");
    mkg__export_percent(&x->out, ref->type);
    mkg__buf_byte(&x->out, ':');
    mkg__export_percent(&x->out, mkg__view(folded.ptr, folded.len));
    if (ref->clash) mkg__buf_printf(&x->out, ":%u", ref->id);
out:
    mkg__buf_clear(&folded);
    return st;
}

/* ---- the whole ---- */

static mkg_status begin(mkg__export *x, mkg_kg *kg, const mkg_export_opts *opts,
                        const mkg__export_format **format, mkg_export_result *result,
                        mkg_err *err)
{
    mkg_status st;
    mkg_stats stats = {0};

    memset(result, 0, sizeof *result);
    *format = NULL;
    for (size_t i = 0; i < FORMATS; i++)
        if (strcmp(formats[i]->name, opts->format) == 0) *format = formats[i];
    if (!*format)
        return mkg__fail(err, MKG_EARG, "there is no format '%s'", opts->format);
    x->kg = kg;
    x->opts = opts;
    x->result = result;
    x->ref_lang = (*format)->lang_refs ? opts->lang : MKG_LANG_NONE;
    x->refs = mkg__calloc(MKG_EXPORT_REFS, sizeof *x->refs);
    if (!x->refs) return mkg__nomem(err);
    MKG_GO(mkg_kg_stats(kg, &stats, err));
    x->total =
        stats.nodes * (*format)->node_passes + stats.facts * (*format)->fact_passes;
    st = choose(x, err);
out:
    mkg_stats_clear(&stats);
    return st;
}

static void end(mkg__export *x)
{
    mkg__labels_clear(&x->labels);
    mkg__labels_clear(&x->other);
    mkg__labels_clear(&x->third);
    mkg_ids_clear(&x->ids);
    mkg__buf_clear(&x->out);
    mkg__free(x->chosen);
    mkg__free(x->refs);
}

typedef struct job {
    mkg__export *x;
    const mkg__export_format *format;
    size_t file;
} job;

/* Write a file, and from within it the next: the first takes its name after the last
 * one is complete. */
static mkg_status write_file(void *ctx, FILE *f, mkg_err *err)
{
    mkg_status st;
    job *j = ctx;
    mkg__export *x = j->x;

    x->f = f;
    MKG_GO(j->format->write[j->file](x, err));
    MKG_GO(flush(x, err));
    if (fflush(f) != 0) {
        st = mkg__fail_errno(err, "write", x->result->files[j->file]);
        goto out;
    }
    j->file++;
    if (j->file < MKG_EXPORT_FILES && j->format->files[j->file])
        st = mkg__file_write(x->result->files[j->file], write_file, j, err);
out:
    return st < 0 ? st : MKG_OK;
}

static mkg_status name_files(const mkg__export_format *format, const char *output,
                             mkg_export_result *result, mkg_err *err)
{
    for (size_t i = 0; i < MKG_EXPORT_FILES && (i == 0 || format->files[i]); i++) {
        char *part = NULL;
        if (format->files[i]) {
            mkg_status st = mkg__path_part(output, format->files[i], &part, err);
            if (st < 0) return st;
        }
        int n = snprintf(result->files[i], sizeof result->files[i], "%s",
                         part ? part : output);
        mkg__free(part);
        if (n < 0 || (size_t)n >= sizeof result->files[i])
            return mkg__fail(err, MKG_EARG, "the name of the output is too long");
    }
    return MKG_OK;
}

mkg_status mkg_export_graph(mkg_kg *kg, const char *output, const mkg_export_opts *opts,
                            mkg_export_result *result, mkg_err *err)
{
    mkg_status st;
    mkg__export x = {0};
    job j = {.x = &x};

    st = begin(&x, kg, opts, &j.format, result, err);
    if (st != MKG_OK) goto out;
    MKG_GO(name_files(j.format, output, result, err));
    st = mkg__file_write(result->files[0], write_file, &j, err);
out:
    end(&x);
    return st;
}

mkg_status mkg_export_graph_to(mkg_kg *kg, FILE *f, const mkg_export_opts *opts,
                               mkg_export_result *result, mkg_err *err)
{
    mkg_status st;
    mkg__export x = {0};
    job j = {.x = &x};

    st = begin(&x, kg, opts, &j.format, result, err);
    if (st != MKG_OK) goto out;
    if (j.format->files[0]) {
        st = mkg__fail(err, MKG_EARG, "the format %s is two files: name a folder",
                       j.format->name);
        goto out;
    }
    st = write_file(&j, f, err);
out:
    end(&x);
    return st;
}
