/* Collecting a source: nodes are found or made, names, codes and facts are noted down.
 * Nothing touches the store before the commit. */
#include "kg/writer_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static mkg_status next_id(mkg_writer *w, const char *name, mkg_id *out, mkg_err *err)
{
    uint64_t v;
    mkg_status st = mkg__meta_get_u64(w->kg->read, name, strlen(name), &v, err);
    *out = v ? (mkg_id)v : 1;
    return st;
}

static mkg_status keep(mkg_writer *w, mkg_view in, mkg_view *out, mkg_err *err)
{
    *out = mkg__writer_keep(w, in);
    return out->ptr ? MKG_OK : mkg__nomem(err);
}

static mkg_view text_or_empty(const char *s)
{
    return s ? mkg__view(s, strlen(s)) : mkg__view("", 0);
}

mkg_status mkg_writer_new(mkg_kg *kg, const mkg_source_info *info, mkg_writer **out,
                          mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_writer *w = NULL;

    *out = NULL;
    if (!kg->writable || kg->writing)
        return mkg__fail(err, MKG_EARG,
                         kg->writing ? "a source is being written already"
                                     : "the store is not open for writing");
    w = mkg__calloc(1, sizeof *w);
    if (!w) return mkg__nomem(err);
    w->kg = kg;
    const char *name = info->name ? info->name : info->file;
    MKG_GO(keep(w, text_or_empty(name), &w->info.name, err));
    MKG_GO(keep(w, text_or_empty(info->file), &w->info.file, err));
    MKG_GO(keep(w, text_or_empty(info->format), &w->info.format, err));
    MKG_GO(keep(w, text_or_empty(info->version), &w->info.version, err));
    MKG_GO(keep(w, text_or_empty(info->licence), &w->info.licence, err));
    w->info.time = (uint64_t)time(NULL);
    MKG_GO(next_id(w, MKG_META_SOURCE, &w->info.id, err));
    MKG_GO(next_id(w, MKG_META_NODE, &w->first_new_node, err));
    MKG_GO(next_id(w, MKG_META_FACT, &w->first_new_fact, err));
    MKG_GO(next_id(w, MKG_META_RELATION, &w->next_relation, err));
    w->next_node = w->first_new_node;
    w->next_fact = w->first_new_fact;
    kg->writing = true;
    *out = w;
    w = NULL;
out:
    mkg_writer_free(w);
    return st < 0 ? st : MKG_OK;
}

mkg_status mkg_writer_describe(mkg_writer *w, const char *name, const char *licence,
                               mkg_err *err)
{
    mkg_status st = MKG_OK;
    if (name) MKG_GO(keep(w, text_or_empty(name), &w->info.name, err));
    if (licence) st = keep(w, text_or_empty(licence), &w->info.licence, err);
out:
    return st;
}

void mkg_writer_replace(mkg_writer *w, mkg_id source)
{
    w->replaces = source;
}

size_t mkg_writer_new_relations(const mkg_writer *w)
{
    return w->extra.n;
}

void mkg_writer_free(mkg_writer *w)
{
    if (!w) return;
    w->kg->writing = false;
    mkg__map_clear(&w->by_name);
    mkg__map_clear(&w->by_code);
    mkg__map_clear(&w->stated);
    mkg__map_clear(&w->by_id);
    mkg__vocabulary_clear(&w->extra);
    mkg__arena_clear(&w->arena);
    mkg__buf_clear(&w->folded);
    mkg__buf_clear(&w->key);
    mkg__free(w->nodes);
    mkg__free(w->entries);
    mkg__free(w->names);
    mkg__free(w->codes);
    mkg__free(w->facts);
    mkg__free(w);
}

mkg_status mkg_writer_find_sha256(mkg_writer *w, const char *sha256, mkg_id *source,
                                  mkg_err *err)
{
    mkg_source s;
    mkg_id id = 0;
    mkg_status st;
    while ((st = mkg_kg_next_source(w->kg, &id, &s, err)) == MKG_OK) {
        if (strcmp(s.sha256, sha256) == 0) {
            *source = id;
            return MKG_OK;
        }
    }
    return st < 0 ? st : MKG_NOTFOUND;
}

mkg_status mkg_writer_find_size(mkg_writer *w, uint64_t size, mkg_err *err)
{
    mkg_source s;
    mkg_id id = 0;
    mkg_status st;
    while ((st = mkg_kg_next_source(w->kg, &id, &s, err)) == MKG_OK)
        if (s.size == size) return MKG_OK;
    return st < 0 ? st : MKG_NOTFOUND;
}

/* ---- nodes ---- */

/* `fn`'s node as pnode: made from the store's record if the source meets it first. */
static mkg_status touch(mkg_writer *w, mkg_id id, uint32_t *index, mkg_err *err)
{
    unsigned char key[4];
    mkg_node node;
    mkg_entry e;

    mkg__be32(key, id);
    mkg_id *slot = mkg__map_put(&w->by_id, key, sizeof key);
    if (!slot) return mkg__nomem(err);
    if (*slot) {
        *index = *slot - 1;
        return MKG_OK;
    }
    if (!mkg__grow(&w->nodes, &w->nodes_cap, w->nnodes + 1, sizeof *w->nodes))
        return mkg__nomem(err);
    mkg__pnode *p = &w->nodes[w->nnodes];
    memset(p, 0, sizeof *p);
    p->id = id;
    p->first_entry = UINT32_MAX;
    p->existing = id < w->first_new_node;
    if (p->existing) {
        mkg_status st = mkg_kg_node(w->kg, id, &node, err);
        if (st != MKG_OK)
            return st < 0 ? st : mkg__fail(err, MKG_ESTORE, "node %u is missing", id);
        p->type = p->old_type = node.type; /* valid: the read transaction stays */
        for (size_t pos = 0; mkg_node_next(&node, &pos, &e);)
            if (e.kind == MKG_ENTRY_NAME && e.lang <= MKG_LANG_EN)
                p->has_name[e.lang] = true;
    }
    *slot = (mkg_id)++w->nnodes;
    *index = *slot - 1;
    return MKG_OK;
}

static mkg_status add_entry(mkg_writer *w, uint32_t node, mkg_entry_kind kind,
                            mkg_lang lang, mkg_view text, mkg_err *err)
{
    if (!mkg__grow(&w->entries, &w->entries_cap, w->nentries + 1, sizeof *w->entries))
        return mkg__nomem(err);
    mkg__pentry *e = &w->entries[w->nentries];
    e->node = node;
    e->kind = kind;
    e->lang = lang;
    e->next = w->nodes[node].first_entry;
    mkg_status st = keep(w, text, &e->text, err);
    if (st < 0) return st;
    w->nodes[node].first_entry = (uint32_t)w->nentries++;
    return MKG_OK;
}

/* Has this source said this of the node before? Notes that it has now. */
static mkg_status first_time(mkg_writer *w, mkg_id id, char what, mkg_view text,
                             bool *first, mkg_err *err)
{
    unsigned char head[5];
    mkg__be32(head, id);
    head[4] = (unsigned char)what;
    w->key.len = 0;
    mkg__buf_put(&w->key, head, sizeof head);
    mkg__buf_put(&w->key, text.ptr, text.len);
    mkg_id *slot =
        w->key.failed ? NULL : mkg__map_put(&w->stated, w->key.ptr, w->key.len);
    if (!slot) return mkg__nomem(err);
    *first = *slot == MKG_ID_NONE;
    *slot = 1;
    return MKG_OK;
}

static mkg_status add_key(mkg_writer *w, mkg__pkey **rows, size_t *n, size_t *cap,
                          mkg_view key, mkg_id node, mkg_err *err)
{
    if (!mkg__grow(rows, cap, *n + 1, sizeof **rows)) return mkg__nomem(err);
    mkg__pkey *row = &(*rows)[*n];
    row->node = node;
    mkg_status st = keep(w, key, &row->key, err);
    if (st >= 0) ++*n;
    return st;
}

/* Fold into w->folded; refuse what is no name. *name loses its outer blanks. */
static mkg_status fold_name(mkg_writer *w, mkg_view *name, mkg_err *err)
{
    w->folded.len = 0;
    mkg_status st = mkg__fold(name->ptr, name->len, &w->folded, NULL, err);
    if (st < 0) return st;
    *name = mkg__trim(*name);
    if (w->folded.len == 0) return mkg__fail(err, MKG_EPARSE, "the name is empty");
    return MKG_OK;
}

static mkg_id *name_slot(mkg_writer *w, mkg_view type)
{
    w->key.len = 0;
    mkg__buf_put(&w->key, type.ptr, type.len);
    mkg__buf_byte(&w->key, 0);
    mkg__buf_put(&w->key, w->folded.ptr, w->folded.len);
    return w->key.failed ? NULL : mkg__map_put(&w->by_name, w->key.ptr, w->key.len);
}

/* Note that the name in w->folded leads to the node, unless it leads to one already. */
static mkg_status lead(mkg_writer *w, mkg_view type, mkg_id id, mkg_err *err)
{
    mkg_view any = {"", 0};
    for (int i = 0; i < 2; i++) {
        mkg_id *slot = name_slot(w, i ? any : type);
        if (!slot) return mkg__nomem(err);
        if (*slot == MKG_ID_NONE) *slot = id;
    }
    return MKG_OK;
}

/* State a name (folded in w->folded) of a node: entry and index row, once a source. */
static mkg_status state_name(mkg_writer *w, uint32_t node, mkg_entry_kind kind,
                             mkg_lang lang, mkg_view name, mkg_err *err)
{
    mkg_status st = MKG_OK;
    bool first = false;
    mkg_id id = w->nodes[node].id;
    mkg_view folded = {w->folded.ptr, w->folded.len};

    MKG_GO(first_time(w, id, 'n', folded, &first, err));
    if (!first) goto out;
    if (lang == MKG_LANG_NONE) lang = mkg__lang_guess(name.ptr, name.len);
    if (kind == MKG_ENTRY_NAME && w->nodes[node].has_name[lang]) kind = MKG_ENTRY_ALIAS;
    if (kind == MKG_ENTRY_NAME) w->nodes[node].has_name[lang] = true;
    MKG_GO(add_entry(w, node, kind, lang, name, err));
    w->key.len = 0;
    mkg__name_key(&w->key, folded);
    if (w->key.failed) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(add_key(w, &w->names, &w->nnames, &w->names_cap,
                   mkg__view(w->key.ptr, w->key.len), id, err));
    st = lead(w, w->nodes[node].type, id, err);
out:
    return st;
}

static mkg_status state_type(mkg_writer *w, uint32_t node, mkg_view type, mkg_err *err)
{
    mkg_status st = MKG_OK;
    bool first = false;
    if (type.len == 0) return MKG_OK;
    MKG_GO(first_time(w, w->nodes[node].id, 't', type, &first, err));
    if (!first) goto out;
    MKG_GO(add_entry(w, node, MKG_ENTRY_TYPE, MKG_LANG_NONE, type, err));
    mkg__pnode *p = &w->nodes[node];
    if (p->type.len == 0 || mkg__view_is(p->type, "concept"))
        p->type = w->entries[w->nentries - 1].text;
out:
    return st;
}

static mkg_status make_node(mkg_writer *w, mkg_view type, mkg_id *id, uint32_t *index,
                            mkg_err *err)
{
    if (w->next_node == UINT32_MAX)
        return mkg__fail(err, MKG_ESTORE, "the store is full: no node id is left");
    *id = w->next_node;
    mkg_status st = touch(w, *id, index, err);
    if (st < 0) return st;
    w->next_node++;
    return state_type(w, *index, type.len ? type : mkg__view("concept", 7), err);
}

/* The node of the store with the name in w->folded and this type ("": any, the first).
 */
static mkg_status find_stored(mkg_writer *w, mkg_view type, mkg_id *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_ids ids = {0};
    mkg_node node;
    mkg_id concept = MKG_ID_NONE;

    *out = MKG_ID_NONE;
    if (w->first_new_node == 1) return MKG_OK; /* an empty store */
    MKG_GO(mkg_kg_find_name(w->kg, mkg__view(w->folded.ptr, w->folded.len), &ids, err));
    for (size_t i = 0; i < ids.n && !*out; i++) {
        MKG_GO(mkg_kg_node(w->kg, ids.ids[i], &node, err));
        if (type.len == 0 || mkg__view_eq(node.type, type)) *out = ids.ids[i];
        if (mkg__view_is(node.type, "concept") && !concept) concept = ids.ids[i];
    }
    /* A node whose type nobody knew yet is the one that is meant. */
    if (!*out) *out = concept;
    st = MKG_OK;
out:
    mkg_ids_clear(&ids);
    return st;
}

/* The node with the name in w->folded, MKG_ID_NONE if there is none. */
static mkg_status find_by_name(mkg_writer *w, mkg_view type, mkg_id *out, mkg_err *err)
{
    mkg_id *slot = name_slot(w, type);
    if (!slot) return mkg__nomem(err);
    *out = *slot;
    if (*out) return MKG_OK;
    if (type.len) { /* one that this source named before without a type */
        mkg_id *concept = name_slot(w, mkg__view("concept", 7));
        if (!concept) return mkg__nomem(err);
        if (*concept) {
            uint32_t index;
            mkg_status st = touch(w, *concept, &index, err);
            if (st < 0) return st;
            if (mkg__view_is(w->nodes[index].type,
                             "concept")) { /* still nobody knows */
                *out = *concept;
                return MKG_OK;
            }
        }
    }
    return find_stored(w, type, out, err);
}

mkg_status mkg_writer_node(mkg_writer *w, mkg_view type, mkg_view name, mkg_lang lang,
                           mkg_id *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    uint32_t index;

    *out = MKG_ID_NONE;
    MKG_GO(fold_name(w, &name, err));
    MKG_GO(find_by_name(w, type, out, err));
    if (*out == MKG_ID_NONE) {
        MKG_GO(make_node(w, type, out, &index, err));
    } else {
        MKG_GO(touch(w, *out, &index, err));
        MKG_GO(state_type(w, index, type, err));
    }
    MKG_GO(lead(w, type, *out, err));
    st = state_name(w, index, MKG_ENTRY_NAME, lang, name, err);
out:
    return st;
}

mkg_status mkg_writer_name(mkg_writer *w, mkg_id node, mkg_entry_kind kind,
                           mkg_lang lang, mkg_view name, mkg_err *err)
{
    mkg_status st = MKG_OK;
    uint32_t index;

    if (kind != MKG_ENTRY_NAME && kind != MKG_ENTRY_ALIAS)
        return mkg__fail(err, MKG_EARG, "neither a name nor an alias");
    MKG_GO(fold_name(w, &name, err));
    MKG_GO(touch(w, node, &index, err));
    st = state_name(w, index, kind, lang, name, err);
out:
    return st;
}

/* ---- codes ---- */

static mkg_status check_code(mkg_view *code, mkg_err *err)
{
    *code = mkg__trim(*code);
    size_t bad;
    const char *colon = code->len ? memchr(code->ptr, ':', code->len) : NULL;
    if (!colon || colon == code->ptr || colon == code->ptr + code->len - 1)
        return mkg__fail(err, MKG_EPARSE,
                         "the code '%.*s' is not of the form SYSTEM:code",
                         mkg__clip(*code, 60), code->ptr);
    if (code->len > MKG_NAME_MAX || !mkg__utf8_valid(code->ptr, code->len, &bad))
        return mkg__fail(err, MKG_EPARSE, "the code is too long or not valid UTF-8");
    return MKG_OK;
}

static mkg_id *code_slot(mkg_writer *w, mkg_view code)
{
    w->key.len = 0;
    mkg__code_key(&w->key, code);
    return w->key.failed ? NULL : mkg__map_put(&w->by_code, w->key.ptr, w->key.len);
}

mkg_status mkg_writer_code(mkg_writer *w, mkg_id node, mkg_view code, mkg_err *err)
{
    mkg_status st = MKG_OK;
    uint32_t index;
    bool first = false;

    MKG_GO(check_code(&code, err));
    MKG_GO(touch(w, node, &index, err));
    mkg_id *slot = code_slot(w, code);
    if (!slot) {
        st = mkg__nomem(err);
        goto out;
    }
    if (*slot == MKG_ID_NONE) *slot = node;
    mkg_view key = {w->key.ptr, w->key.len};
    mkg_view kept = mkg__writer_keep(w, key); /* first_time() uses the scratch too */
    if (!kept.ptr) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(first_time(w, node, 'c', kept, &first, err));
    if (!first) goto out;
    MKG_GO(add_entry(w, index, MKG_ENTRY_CODE, MKG_LANG_NONE, code, err));
    st = add_key(w, &w->codes, &w->ncodes, &w->codes_cap, kept, node, err);
out:
    return st;
}

static mkg_status find_by_code(mkg_writer *w, mkg_view code, mkg_id *out, mkg_err *err)
{
    mkg_ids ids = {0};
    mkg_id *slot = code_slot(w, code);
    if (!slot) return mkg__nomem(err);
    mkg_status st = MKG_OK;
    if (*slot == MKG_ID_NONE && w->first_new_node > 1) {
        st = mkg_kg_find_code(w->kg, code, &ids, err);
        if (st == MKG_OK) *slot = ids.ids[0];
        mkg_ids_clear(&ids);
    }
    *out = *slot;
    return st < 0 ? st : MKG_OK;
}

static bool same_system(mkg_view a, mkg_view b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        if (a.ptr[i] == ':' || b.ptr[i] == ':') return a.ptr[i] == b.ptr[i];
        if ((a.ptr[i] | 32) != (b.ptr[i] | 32)) return false;
    }
    return false;
}

/* Does the node carry a code of the same system as `code`? */
static mkg_status coded_alike(mkg_writer *w, uint32_t index, mkg_view code, bool *out,
                              mkg_err *err)
{
    mkg_node node;
    mkg_entry e;
    const mkg__pnode *p = &w->nodes[index];

    *out = false;
    for (uint32_t i = p->first_entry; i != UINT32_MAX; i = w->entries[i].next)
        if (w->entries[i].kind == MKG_ENTRY_CODE &&
            same_system(w->entries[i].text, code))
            *out = true;
    if (!p->existing || *out) return MKG_OK;
    mkg_status st = mkg_kg_node(w->kg, p->id, &node, err);
    if (st < 0) return st;
    for (size_t pos = 0; mkg_node_next(&node, &pos, &e);)
        if (e.kind == MKG_ENTRY_CODE && same_system(e.text, code)) *out = true;
    return MKG_OK;
}

mkg_status mkg_writer_node_coded(mkg_writer *w, mkg_view type, mkg_view name,
                                 mkg_lang lang, mkg_view code, mkg_id *out,
                                 mkg_err *err)
{
    mkg_status st = MKG_OK;
    uint32_t index;
    bool other_thing = false;

    *out = MKG_ID_NONE;
    MKG_GO(check_code(&code, err));
    MKG_GO(fold_name(w, &name, err));
    MKG_GO(find_by_code(w, code, out, err));
    if (*out == MKG_ID_NONE) {
        MKG_GO(find_by_name(w, type, out, err));
        if (*out) {
            MKG_GO(touch(w, *out, &index, err));
            MKG_GO(coded_alike(w, index, code, &other_thing, err));
        }
        if (*out == MKG_ID_NONE || other_thing)
            MKG_GO(make_node(w, type, out, &index, err));
    }
    MKG_GO(touch(w, *out, &index, err));
    MKG_GO(state_type(w, index, type, err));
    MKG_GO(state_name(w, index, MKG_ENTRY_NAME, lang, name, err));
    st = mkg_writer_code(w, *out, code, err);
out:
    return st;
}

/* ---- relations and facts ---- */

mkg_status mkg_writer_relation(mkg_writer *w, mkg_view name, const mkg_relation **out,
                               mkg_err *err)
{
    size_t bad;
    name = mkg__trim(name);
    if (name.len == 0) return mkg__fail(err, MKG_EPARSE, "the relation is empty");
    if (name.len > MKG_NAME_MAX || !mkg__utf8_valid(name.ptr, name.len, &bad))
        return mkg__fail(err, MKG_EPARSE,
                         "the relation is too long or not valid UTF-8");
    *out = mkg__vocabulary_find(&w->kg->vocabulary, name);
    if (!*out) *out = mkg__vocabulary_find(&w->extra, name);
    if (*out) return MKG_OK;
    w->folded.len = 0;
    mkg_status st = mkg__fold(name.ptr, name.len, &w->folded, NULL, err);
    if (st < 0) return st;
    if (w->folded.len == 0) /* signs without width alone */
        return mkg__fail(err, MKG_EPARSE, "the relation is empty");
    st = mkg__vocabulary_add(&w->extra, w->next_relation, name, false, out, err);
    if (st >= 0) w->next_relation++;
    return st;
}

mkg_status mkg_writer_fact(mkg_writer *w, const mkg_fact_in *in, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg_relation *r = in->relation;
    bool literal = in->object == MKG_ID_NONE;
    size_t bad;
    char line[32];

    if (in->subject == MKG_ID_NONE || !r || (literal && in->literal.len == 0))
        return mkg__fail(err, MKG_EARG,
                         "a fact needs a subject, a relation and an object");
    if (r->alias)
        return mkg__fail(err, MKG_EARG, "'%.*s' gives names, it makes no facts",
                         (int)r->name.len, r->name.ptr);
    if (literal && r->inverse)
        return mkg__fail(err, MKG_EARG, "a text cannot be the subject of '%.*s'",
                         (int)r->name.len, r->name.ptr);
    if (literal && !mkg__utf8_valid(in->literal.ptr, in->literal.len, &bad))
        return mkg__fail(err, MKG_EPARSE, "the text is not valid UTF-8");
    if (w->nfacts >= UINT32_MAX - 1 - w->first_new_fact)
        return mkg__fail(err, MKG_ESTORE, "the store is full: no fact id is left");
    if (!mkg__grow(&w->facts, &w->facts_cap, w->nfacts + 1, sizeof *w->facts))
        return mkg__nomem(err);
    mkg__pfact *f = &w->facts[w->nfacts];
    memset(f, 0, sizeof *f);
    bool swap = !literal && (r->inverse || (r->symmetric && in->object < in->subject));
    f->subject = swap ? in->object : in->subject;
    f->object = swap ? in->subject : in->object;
    f->relation = r->id;
    f->seq = (uint32_t)w->nfacts;
    f->denied = in->denied;
    f->weight = in->weight != 0 ? in->weight : 1.0f;
    if (literal) {
        f->literal_lang = in->literal_lang
                              ? in->literal_lang
                              : mkg__lang_guess(in->literal.ptr, in->literal.len);
        MKG_GO(keep(w, in->literal, &f->literal, err));
    }
    MKG_GO(keep(w, in->grade, &f->grade, err));
    MKG_GO(keep(w, in->population, &f->population, err));
    int n = snprintf(line, sizeof line, ":%llu", (unsigned long long)in->line);
    MKG_GO(keep(w, in->locator.len ? in->locator : mkg__view(line, (size_t)n),
                &f->locator, err));
    w->nfacts++;
out:
    return st;
}
