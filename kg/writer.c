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
    w->merge_xref = info->merge_xref;
    MKG_GO(next_id(w, MKG_META_SOURCE, &w->info.id, err));
    MKG_GO(next_id(w, MKG_META_NODE, &w->first_new_node, err));
    MKG_GO(next_id(w, MKG_META_FACT, &w->first_new_fact, err));
    MKG_GO(next_id(w, MKG_META_RELATION, &w->next_relation, err));
    w->next_node = w->first_new_node;
    w->next_fact = w->first_new_fact;
    w->memory = info->memory ? info->memory : MKG_WRITER_MEMORY;
    w->names.extra = sizeof(mkg__pname);
    w->codes.extra = sizeof(mkg__pcode);
    w->types.extra = sizeof(int64_t);
    w->known_relations = mkg__calloc(MKG_RELATION_CACHE, sizeof *w->known_relations);
    w->concept_type = mkg__intern_put(&w->types, "concept", 7);
    if (!w->known_relations || !w->concept_type) {
        st = mkg__nomem(err);
        goto out;
    }
    MKG_GO(mkg__spool_new(kg->path, mkg__writer_share(w, 2), &w->records, err));
    MKG_GO(mkg__sorter_new(kg->path, MKG_STATEMENT, mkg__writer_share(w, 8),
                           &w->statements, err));
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
    mkg__intern_clear(&w->names);
    mkg__intern_clear(&w->codes);
    mkg__intern_clear(&w->types);
    mkg__pairs_clear(&w->more_types);
    for (size_t i = 0; i < sizeof w->said / sizeof *w->said; i++)
        mkg__pairs_clear(&w->said[i]);
    mkg__pairs_clear(&w->old_by_id);
    mkg__vocabulary_clear(&w->extra);
    mkg__heap_clear(&w->entries);
    mkg__arena_clear(&w->arena);
    mkg__sorter_free(w->statements);
    mkg__sorter_free(w->known);
    mkg__spool_free(w->records);
    mkg__buf_clear(&w->record);
    mkg__buf_clear(&w->folded);
    mkg__buf_clear(&w->key);
    mkg__free(w->fresh.words);
    mkg__free(w->fresh.before);
    mkg__free(w->known_relations);
    for (size_t i = 0; w->expectations && i < MKG_EXPECTED; i++)
        mkg__buf_clear(&w->expectations->at[i].folded);
    mkg__free(w->expectations);
    mkg__free(w->nodes);
    mkg__free(w->olds);
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

size_t mkg__writer_bytes(const mkg_writer *w)
{
    size_t n = mkg__intern_bytes(&w->names) + mkg__intern_bytes(&w->codes) +
               mkg__intern_bytes(&w->types) + mkg__pairs_bytes(&w->more_types) +
               mkg__pairs_bytes(&w->old_by_id) + w->entries.bytes +
               w->nodes_cap * sizeof *w->nodes + w->olds_cap * sizeof *w->olds;
    for (size_t i = 0; i < sizeof w->said / sizeof *w->said; i++)
        n += mkg__pairs_bytes(&w->said[i]);
    return n;
}

/* Half of a large budget is left to LMDB; of a small one, too: below it nothing is
 * written that would fill its 512 MiB. */
size_t mkg__writer_share(const mkg_writer *w, unsigned sixteenths)
{
    size_t lmdb = (size_t)512 << 20;
    return (w->memory / 2 < lmdb ? w->memory / 2 : w->memory - lmdb) / 16 * sixteenths;
}

static mkg__pname *name_at(const mkg_writer *w, mkg__ref name)
{
    return mkg__intern_extra(&w->names, name);
}

/* The node as the source sees it, made from the store's record if it meets it first.
 * Valid until another node is touched. */
static mkg_status touch(mkg_writer *w, mkg_id id, mkg__pnode **out, mkg_err *err)
{
    mkg_node node;
    mkg_entry e;

    if (id >= w->first_new_node) {
        if (id >= w->next_node)
            return mkg__fail(err, MKG_EARG, "there is no node %u", id);
        *out = &w->nodes[id - w->first_new_node];
        return MKG_OK;
    }
    uint32_t known = mkg__pairs_get(&w->old_by_id, id, 0);
    if (known) {
        *out = &w->olds[known - 1].node;
        return MKG_OK;
    }
    mkg_status st = mkg_kg_node(w->kg, id, &node, err);
    if (st != MKG_OK)
        return st < 0 ? st : mkg__fail(err, MKG_ESTORE, "node %u is missing", id);
    mkg__ref type = mkg__intern_put(&w->types, node.type.ptr, node.type.len);
    if (!type || !mkg__grow(&w->olds, &w->olds_cap, w->nolds + 1, sizeof *w->olds))
        return mkg__nomem(err);
    uint32_t *slot = mkg__pairs_put(&w->old_by_id, id, 0);
    if (!slot) return mkg__nomem(err);
    mkg__pold *p = &w->olds[w->nolds++];
    memset(p, 0, sizeof *p);
    p->id = id;
    p->node.type = p->old_type = type;
    for (size_t pos = 0; mkg_node_next(&node, &pos, &e);)
        if (e.kind == MKG_ENTRY_NAME && e.lang <= MKG_LANG_EN)
            p->node.has_name[e.lang] = true;
    *slot = (uint32_t)w->nolds;
    *out = &p->node;
    return MKG_OK;
}

mkg_view mkg__writer_entry_text(const mkg_writer *w, const mkg__pentry *e)
{
    if (!e->own_text) {
        const mkg__intern *from = e->kind == MKG_ENTRY_TYPE   ? &w->types
                                  : e->kind == MKG_ENTRY_CODE ? &w->codes
                                                              : &w->names;
        return mkg__intern_text(from, e->what);
    }
    uint32_t n;
    const char *text = (const char *)(e + 1);
    memcpy(&n, text, sizeof n);
    return mkg__view(text + sizeof n, n);
}

static mkg_status add_entry(mkg_writer *w, mkg__pnode *node, mkg__pentry e,
                            mkg_view interned, mkg_view text, mkg_err *err)
{
    e.own_text = !mkg__view_eq(interned, text);
    e.next = node->first_entry;
    mkg__ref r =
        mkg__heap_alloc(&w->entries, sizeof e + (e.own_text ? 4 + text.len : 0));
    if (!r) return mkg__nomem(err);
    char *p = mkg__heap_at(&w->entries, r);
    memcpy(p, &e, sizeof e);
    if (e.own_text) {
        uint32_t n = (uint32_t)text.len;
        memcpy(p + sizeof e, &n, sizeof n);
        memcpy(p + sizeof e + sizeof n, text.ptr, text.len);
    }
    node->first_entry = r;
    return MKG_OK;
}

/* Has this source said `what` of the node before? Notes that it has now. `owner` is the
 * first of which it did. */
static mkg_status first_time(mkg_writer *w, mkg_entry_kind kind, mkg_id id,
                             mkg__ref what, uint32_t *owner, uint32_t self, bool *first,
                             mkg_err *err)
{
    *first = *owner == 0;
    if (*first) *owner = self;
    if (*owner == self) return MKG_OK;
    uint32_t *slot = mkg__pairs_put(&w->said[kind], id, what);
    if (!slot) return mkg__nomem(err);
    *first = *slot == 0;
    *slot = 1;
    return MKG_OK;
}

/* Fold into w->folded; refuse what is no name. *name loses its outer blanks. */
static mkg_status fold_name(mkg_writer *w, mkg_view *name, mkg__ref *out, mkg_err *err)
{
    const mkg__expected *e = mkg__writer_expected(w, *name);
    w->folded.len = 0;
    *name = mkg__trim(*name);
    if (e) {
        mkg__buf_put(&w->folded, e->folded.ptr, e->folded.len);
        *out = w->folded.failed ? MKG_REF_NONE
                                : mkg__intern_put_hashed(&w->names, e->folded.ptr,
                                                         e->folded.len, e->hash);
        return *out ? MKG_OK : mkg__nomem(err);
    }
    mkg_status st = mkg__fold(name->ptr, name->len, &w->folded, NULL, err);
    if (st < 0) return st;
    if (w->folded.len == 0) return mkg__fail(err, MKG_EPARSE, "the name is empty");
    *out = mkg__intern_put(&w->names, w->folded.ptr, w->folded.len);
    return *out ? MKG_OK : mkg__nomem(err);
}

static mkg_status type_ref(mkg_writer *w, mkg_view type, mkg__ref *out, mkg_err *err)
{
    *out = MKG_REF_NONE;
    if (type.len == 0) return MKG_OK;
    *out = mkg__intern_put(&w->types, type.ptr, type.len);
    return *out ? MKG_OK : mkg__nomem(err);
}

/* The node that a name leads to for a type, none: for any. */
static mkg_id led_to(const mkg_writer *w, mkg__ref name, mkg__ref type)
{
    const mkg__pname *n = name_at(w, name);
    if (!type) return n->any;
    if (n->type == type) return n->id;
    return n->type ? mkg__pairs_get(&w->more_types, name, type) : MKG_ID_NONE;
}

/* Note that the name leads to the node, unless it leads to one already. */
static mkg_status lead(mkg_writer *w, mkg__ref name, mkg__ref type, mkg_id id,
                       mkg_err *err)
{
    mkg__pname *n = name_at(w, name);
    if (!n->any) n->any = id;
    if (!type || n->type == type) return MKG_OK;
    if (!n->type) {
        n->type = type;
        n->id = id;
        return MKG_OK;
    }
    uint32_t *slot = mkg__pairs_put(&w->more_types, name, type);
    if (!slot) return mkg__nomem(err);
    if (!*slot) *slot = id;
    return MKG_OK;
}

/* State a name of a node, once a source. */
static mkg_status state_name(mkg_writer *w, mkg_id id, mkg__pnode *node, mkg__ref name,
                             mkg_entry_kind kind, mkg_lang lang, mkg_view text,
                             mkg_err *err)
{
    mkg_status st = MKG_OK;
    bool first = false;

    MKG_GO(first_time(w, MKG_ENTRY_NAME, id, name, &name_at(w, name)->owner, id, &first,
                      err));
    if (!first) goto out;
    if (lang == MKG_LANG_NONE) lang = mkg__lang_guess(text.ptr, text.len);
    if (kind == MKG_ENTRY_NAME && node->has_name[lang]) kind = MKG_ENTRY_ALIAS;
    if (kind == MKG_ENTRY_NAME) node->has_name[lang] = true;
    mkg__pentry e = {.what = name, .kind = (uint8_t)kind, .lang = (uint8_t)lang};
    MKG_GO(add_entry(w, node, e, mkg__intern_text(&w->names, name), text, err));
    w->nnames++;
    st = lead(w, name, node->type, id, err);
out:
    return st;
}

static mkg_status state_type(mkg_writer *w, mkg_id id, mkg__pnode *node, mkg__ref type,
                             mkg_err *err)
{
    mkg_status st = MKG_OK;
    bool first = false;
    if (!type) return MKG_OK;
    MKG_GO(
        first_time(w, MKG_ENTRY_TYPE, id, type, &node->said_type, type, &first, err));
    if (!first) goto out;
    mkg__pentry e = {.what = type, .kind = MKG_ENTRY_TYPE, .lang = MKG_LANG_NONE};
    mkg_view text = mkg__intern_text(&w->types, type);
    MKG_GO(add_entry(w, node, e, text, text, err));
    if (!node->type || node->type == w->concept_type) node->type = type;
out:
    return st;
}

static mkg_status make_node(mkg_writer *w, mkg__ref type, mkg_id *id, mkg__pnode **out,
                            mkg_err *err)
{
    if (w->next_node == UINT32_MAX)
        return mkg__fail(err, MKG_ESTORE, "the store is full: no node id is left");
    if (!mkg__grow(&w->nodes, &w->nodes_cap, w->nnodes + 1, sizeof *w->nodes))
        return mkg__nomem(err);
    *out = &w->nodes[w->nnodes++];
    memset(*out, 0, sizeof **out);
    *id = w->next_node++;
    return state_type(w, *id, *out, type ? type : w->concept_type, err);
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

/* The node with the name (folded in w->folded too), MKG_ID_NONE if there is none. */
static mkg_status find_by_name(mkg_writer *w, mkg__ref name, mkg__ref type, mkg_id *out,
                               mkg_err *err)
{
    *out = led_to(w, name, type);
    if (*out) return MKG_OK;
    /* One that this source named before without a type. */
    mkg_id concept = type ? led_to(w, name, w->concept_type) : MKG_ID_NONE;
    if (concept) {
        mkg__pnode *node;
        mkg_status st = touch(w, concept, &node, err);
        if (st < 0) return st;
        if (node->type == w->concept_type) { /* still nobody knows */
            *out = concept;
            return MKG_OK;
        }
    }
    mkg_view text = {"", 0};
    if (type) text = mkg__intern_text(&w->types, type);
    return find_stored(w, text, out, err);
}

/* Has this source said all of this before? Most lines of a large file speak of nodes
 * that are known, and this looks at nothing but the name. The type of a node that the
 * source made is one that it stated. */
static bool nothing_new(const mkg_writer *w, mkg__ref name, mkg__ref type)
{
    const mkg__pname *n = name_at(w, name);
    return type && n->type == type && n->owner == n->id && n->id >= w->first_new_node;
}

mkg_status mkg_writer_node(mkg_writer *w, mkg_view type, mkg_view name, mkg_lang lang,
                           mkg_id *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__pnode *node;
    mkg__ref n, t;

    *out = MKG_ID_NONE;
    MKG_GO(fold_name(w, &name, &n, err));
    MKG_GO(type_ref(w, type, &t, err));
    if (nothing_new(w, n, t)) {
        *out = name_at(w, n)->id;
        goto out;
    }
    MKG_GO(find_by_name(w, n, t, out, err));
    if (*out == MKG_ID_NONE) {
        MKG_GO(make_node(w, t, out, &node, err));
    } else {
        MKG_GO(touch(w, *out, &node, err));
        MKG_GO(state_type(w, *out, node, t, err));
    }
    MKG_GO(lead(w, n, t, *out, err));
    st = state_name(w, *out, node, n, MKG_ENTRY_NAME, lang, name, err);
out:
    return st;
}

mkg_status mkg_writer_name(mkg_writer *w, mkg_id id, mkg_entry_kind kind, mkg_lang lang,
                           mkg_view name, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__pnode *node;
    mkg__ref n;

    if (kind != MKG_ENTRY_NAME && kind != MKG_ENTRY_ALIAS)
        return mkg__fail(err, MKG_EARG, "neither a name nor an alias");
    MKG_GO(fold_name(w, &name, &n, err));
    MKG_GO(touch(w, id, &node, err));
    st = state_name(w, id, node, n, kind, lang, name, err);
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

static mkg_status code_ref(mkg_writer *w, mkg_view code, mkg__ref *out, mkg_err *err)
{
    w->key.len = 0;
    mkg__code_key(&w->key, code);
    *out = w->key.failed ? MKG_REF_NONE
                         : mkg__intern_put(&w->codes, w->key.ptr, w->key.len);
    return *out ? MKG_OK : mkg__nomem(err);
}

static mkg__pcode *code_at(const mkg_writer *w, mkg__ref code)
{
    return mkg__intern_extra(&w->codes, code);
}

mkg_status mkg_writer_code(mkg_writer *w, mkg_id id, mkg_view code, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__pnode *node = NULL;
    mkg__ref c;
    bool first = false;

    MKG_GO(check_code(&code, err));
    MKG_GO(touch(w, id, &node, err));
    MKG_GO(code_ref(w, code, &c, err));
    mkg__pcode *known = code_at(w, c);
    if (known->id == MKG_ID_NONE) known->id = id;
    MKG_GO(first_time(w, MKG_ENTRY_CODE, id, c, &known->owner, id, &first, err));
    if (!first) goto out;
    mkg__pentry e = {.what = c, .kind = MKG_ENTRY_CODE, .lang = MKG_LANG_NONE};
    MKG_GO(add_entry(w, node, e, mkg__intern_text(&w->codes, c), code, err));
    w->ncodes++;
out:
    return st;
}

static mkg_status find_by_code(mkg_writer *w, mkg_view code, mkg_id *out, mkg_err *err)
{
    mkg_ids ids = {0};
    mkg__ref c;
    mkg_status st = code_ref(w, code, &c, err);
    if (st < 0) return st;
    mkg__pcode *known = code_at(w, c);
    if (known->id == MKG_ID_NONE && w->first_new_node > 1) {
        st = mkg_kg_find_code(w->kg, code, &ids, err);
        if (st == MKG_OK) known->id = ids.ids[0];
        mkg_ids_clear(&ids);
    }
    *out = known->id;
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
static mkg_status coded_alike(mkg_writer *w, mkg_id id, mkg_view code, bool *out,
                              mkg_err *err)
{
    mkg_node node;
    mkg_entry e;
    mkg__pnode *p;
    mkg_status st = touch(w, id, &p, err);

    *out = false;
    if (st < 0) return st;
    for (mkg__ref r = p->first_entry; r;) {
        const mkg__pentry *said = mkg__heap_at(&w->entries, r);
        if (said->kind == MKG_ENTRY_CODE &&
            same_system(mkg__writer_entry_text(w, said), code))
            *out = true;
        r = said->next;
    }
    if (id >= w->first_new_node || *out) return MKG_OK;
    st = mkg_kg_node(w->kg, id, &node, err);
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
    mkg__pnode *node;
    mkg__ref n, t;
    bool other_thing = false;

    *out = MKG_ID_NONE;
    MKG_GO(check_code(&code, err));
    MKG_GO(fold_name(w, &name, &n, err));
    MKG_GO(type_ref(w, type, &t, err));
    MKG_GO(find_by_code(w, code, out, err));
    if (*out == MKG_ID_NONE) {
        MKG_GO(find_by_name(w, n, t, out, err));
        if (*out) MKG_GO(coded_alike(w, *out, code, &other_thing, err));
        if (*out == MKG_ID_NONE || other_thing)
            MKG_GO(make_node(w, t, out, &node, err));
    }
    MKG_GO(touch(w, *out, &node, err));
    MKG_GO(state_type(w, *out, node, t, err));
    MKG_GO(state_name(w, *out, node, n, MKG_ENTRY_NAME, lang, name, err));
    st = mkg_writer_code(w, *out, code, err);
out:
    return st;
}
