/* The relation vocabulary: in the store, in memory, and from data/relations.tsv. */
#include "kg/kg_internal.h"

#include "base/err.h"
#include "base/io.h"
#include "kg/writer.h"

#include <string.h>

enum { NAME, INVERSE, KIND, TEXT, SENTENCE_ZH = TEXT + 4, COLUMNS = TEXT + 9 };
static const char *const header[COLUMNS] = {
    "relation", "inverse",     "kind",        "subject_type", "object_type", "label_zh",
    "label_en", "sentence_zh", "sentence_en", "phrases_zh",   "phrases_en",  "aliases"};

/* The texts of a relation but its name, in the order of the file and of the record. */
enum { TEXTS = COLUMNS - TEXT };
static void texts_of(mkg_relation *r, mkg_view *out[TEXTS])
{
    mkg_view *const texts[TEXTS] = {&r->subject_type, &r->object_type, &r->label_zh,
                                    &r->label_en,     &r->sentence_zh, &r->sentence_en,
                                    &r->phrases_zh,   &r->phrases_en,  &r->aliases};
    memcpy(out, texts, sizeof texts);
}

void mkg__vocabulary_clear(mkg__vocabulary *v)
{
    mkg__free(v->at);
    mkg__map_clear(&v->names);
    mkg__arena_clear(&v->arena);
    memset(v, 0, sizeof *v);
}

static mkg_status keep(mkg__vocabulary *v, mkg_view in, mkg_view *out, mkg_err *err)
{
    char *copy = mkg__arena_dup(&v->arena, in.ptr, in.len);
    if (!copy) return mkg__nomem(err);
    *out = mkg__view(copy, in.len);
    return MKG_OK;
}

/* Let a name lead to direction `index`, unless it leads somewhere already. */
static mkg_status index_name(mkg__vocabulary *v, mkg_view name, size_t index,
                             mkg_err *err)
{
    mkg__buf key = {0};
    mkg_status st = MKG_OK;
    if (name.len == 0) return MKG_OK;
    MKG_GO(mkg__fold(name.ptr, name.len, &key, NULL, err));
    mkg_id *slot = mkg__map_put(&v->names, key.ptr, key.len);
    if (!slot)
        st = mkg__nomem(err);
    else if (*slot == MKG_ID_NONE)
        *slot = (mkg_id)(index + 1);
out:
    mkg__buf_clear(&key);
    return st;
}

static mkg_status index_list(mkg__vocabulary *v, mkg_view list, size_t index,
                             mkg_err *err)
{
    mkg_status st = MKG_OK;
    while (list.len) {
        const char *semi = memchr(list.ptr, ';', list.len);
        size_t n = semi ? (size_t)(semi - list.ptr) : list.len;
        MKG_GO(index_name(v, mkg__trim(mkg__view(list.ptr, n)), index, err));
        n += semi != NULL;
        list = mkg__view(list.ptr + n, list.len - n);
    }
out:
    return st;
}

/* Names of all directions first, then labels, then aliases: a relation's own name is
 * never hidden by what another one is also called. */
static mkg_status index_all(mkg__vocabulary *v, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__map_clear(&v->names);
    for (size_t i = 0; i < v->n; i++)
        MKG_GO(index_name(v, v->at[i]->name, i, err));
    for (size_t i = 0; i < v->n; i++) {
        MKG_GO(index_name(v, v->at[i]->label_zh, i, err));
        MKG_GO(index_name(v, v->at[i]->label_en, i, err));
    }
    for (size_t i = 0; i < v->n; i++)
        MKG_GO(index_list(v, v->at[i]->aliases, i, err));
out:
    return st;
}

/* Phrases are for matching alone: fold them once, here. */
static mkg_status fold_in_place(mkg__vocabulary *v, mkg_view *text, mkg_err *err)
{
    mkg__buf folded = {0};
    mkg_status st = mkg__fold(text->ptr, text->len, &folded, NULL, err);
    if (st >= 0) st = keep(v, mkg__view(folded.ptr, folded.len), text, err);
    mkg__buf_clear(&folded);
    return st;
}

static mkg_status append(mkg__vocabulary *v, const mkg_relation *r, mkg_err *err)
{
    mkg_status st = MKG_OK;
    if (!mkg__grow(&v->at, &v->cap, v->n + 1, sizeof *v->at)) return mkg__nomem(err);
    mkg_relation *to = mkg__arena_alloc(&v->arena, sizeof *to);
    if (!to) return mkg__nomem(err);
    *to = *r;
    mkg_view *texts[TEXTS];
    texts_of(to, texts);
    MKG_GO(keep(v, to->name, &to->name, err));
    for (size_t i = 0; i < TEXTS; i++)
        MKG_GO(keep(v, *texts[i], texts[i], err));
    MKG_GO(fold_in_place(v, &to->phrases_zh, err));
    MKG_GO(fold_in_place(v, &to->phrases_en, err));
    if (to->label_zh.len == 0)
        to->label_zh = to->label_en.len ? to->label_en : to->name;
    if (to->label_en.len == 0) to->label_en = to->name;
    v->at[v->n++] = to;
out:
    return st;
}

const mkg_relation *mkg__vocabulary_get(const mkg__vocabulary *v, mkg_id id,
                                        bool inverse)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->at[i]->id == id && v->at[i]->inverse == inverse) return v->at[i];
    return NULL;
}

const mkg_relation *mkg__vocabulary_find(const mkg__vocabulary *v, mkg_view name)
{
    mkg__buf key = {0};
    const mkg_id *slot = NULL;
    if (mkg__fold(name.ptr, name.len, &key, NULL, NULL) >= 0)
        slot = mkg__map_get(&v->names, key.ptr ? key.ptr : "", key.len);
    mkg__buf_clear(&key);
    return slot ? v->at[*slot - 1] : NULL;
}

mkg_status mkg__vocabulary_add(mkg__vocabulary *v, mkg_id id, mkg_view name,
                               bool literal, const mkg_relation **out, mkg_err *err)
{
    mkg_relation r = {.id = id, .literal = literal, .name = name};
    mkg_view *texts[TEXTS];
    texts_of(&r, texts);
    for (size_t i = 0; i < TEXTS; i++)
        *texts[i] = mkg__view("", 0);
    bool zh = mkg__lang_guess(name.ptr, name.len) == MKG_LANG_ZH;
    *(zh ? &r.label_zh : &r.label_en) = name;
    /* What a file calls its relation is no pattern, though it may look like one. */
    if (name.len && !strchr("~&", name.ptr[0]) && !memchr(name.ptr, '*', name.len) &&
        !memchr(name.ptr, ';', name.len))
        *(zh ? &r.phrases_zh : &r.phrases_en) = name;
    mkg_status st = append(v, &r, err);
    if (st < 0) return st;
    st = index_name(v, name, v->n - 1, err);
    if (st >= 0) *out = v->at[v->n - 1];
    return st;
}

/* ---- in the store ---- */

enum { REL_INVERSE = 1, REL_SYMMETRIC = 2, REL_LITERAL = 4, REL_ALIAS = 8 };

static void put_text(mkg__buf *b, mkg_view v)
{
    mkg__buf_varint(b, v.len);
    mkg__buf_put(b, v.ptr, v.len);
}

static void encode(mkg__buf *b, const mkg_relation *r)
{
    mkg_relation copy = *r;
    mkg_view *texts[TEXTS];
    texts_of(&copy, texts);
    mkg__buf_byte(b, (unsigned char)((r->inverse ? REL_INVERSE : 0) |
                                     (r->symmetric ? REL_SYMMETRIC : 0) |
                                     (r->literal ? REL_LITERAL : 0) |
                                     (r->alias ? REL_ALIAS : 0)));
    put_text(b, r->name);
    for (size_t i = 0; i < TEXTS; i++)
        put_text(b, *texts[i]);
}

mkg_status mkg__vocabulary_put(const mkg__vocabulary *v, mkg__txn *t, mkg_id id,
                               mkg_err *err)
{
    mkg__buf b = {0};
    unsigned char key[4];
    mkg_status st = MKG_OK;

    for (size_t i = 0; i < v->n; i++)
        if (v->at[i]->id == id) encode(&b, v->at[i]);
    mkg__be32(key, id);
    if (b.failed)
        st = mkg__nomem(err);
    else
        st = mkg__db_put(t, MKG_DB_RELATION, mkg__view((char *)key, sizeof key),
                         mkg__view(b.ptr, b.len), err);
    mkg__buf_clear(&b);
    return st;
}

static bool get_text(const char **p, const char *end, mkg_view *out)
{
    uint64_t n;
    if (!mkg__get_varint(p, end, &n) || n > (uint64_t)(end - *p)) return false;
    *out = mkg__view(*p, (size_t)n);
    *p += n;
    return true;
}

static bool decode(const char **p, const char *end, mkg_relation *r)
{
    mkg_view *texts[TEXTS];
    texts_of(r, texts);
    unsigned flags = (unsigned char)*(*p)++;
    r->inverse = flags & REL_INVERSE;
    r->symmetric = flags & REL_SYMMETRIC;
    r->literal = flags & REL_LITERAL;
    r->alias = flags & REL_ALIAS;
    if (!get_text(p, end, &r->name)) return false;
    for (size_t i = 0; i < TEXTS; i++)
        if (!get_text(p, end, texts[i])) return false;
    return true;
}

mkg_status mkg__vocabulary_load(mkg__vocabulary *v, mkg__txn *t, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__cursor *c = NULL;
    mkg_view zero = {"\0\0\0\0", 4}, key, value;

    mkg__vocabulary_clear(v);
    MKG_GO(mkg__cursor_open(t, MKG_DB_RELATION, &c, err));
    for (st = mkg__cursor_seek(c, &zero, &key, &value, err); st == MKG_OK;
         st = mkg__cursor_next(c, &key, &value, err)) {
        const char *p = value.ptr, *end = value.ptr + value.len;
        mkg_relation r;
        while (p < end) {
            if (key.len != 4 || !decode(&p, end, &r)) {
                st = mkg__fail(err, MKG_ESTORE,
                               "the store is damaged: a relation cannot be read");
                goto out;
            }
            r.id = mkg__get_be32(key.ptr);
            MKG_GO(append(v, &r, err));
        }
    }
    if (st < 0) goto out;
    st = index_all(v, err);
out:
    mkg__cursor_close(c);
    if (st == MKG_EPARSE) /* text that is not UTF-8 */
        st = mkg__fail(err, MKG_ESTORE,
                       "the store is damaged: a relation cannot be read");
    if (st < 0) mkg__vocabulary_clear(v);
    return st;
}

/* ---- data/relations.tsv ---- */

typedef struct row {
    mkg_view f[COLUMNS];
    uint64_t line;
} row;

typedef struct table {
    row *rows;
    size_t n, cap;
    mkg__arena arena;
    const char *file;
} table;

static mkg_status split(table *tab, mkg_view line, uint64_t number, mkg_err *err)
{
    row r = {.line = number};
    char *copy = mkg__arena_dup(&tab->arena, line.ptr, line.len);
    if (!copy || !mkg__grow(&tab->rows, &tab->cap, tab->n + 1, sizeof *tab->rows))
        return mkg__nomem(err);
    char *p = copy, *end = copy + line.len;
    size_t n = 0;
    for (;;) {
        char *tabulator = memchr(p, '\t', (size_t)(end - p));
        char *stop = tabulator ? tabulator : end;
        if (n < COLUMNS) r.f[n] = mkg__trim(mkg__view(p, (size_t)(stop - p)));
        n++;
        if (!tabulator) break;
        p = tabulator + 1;
    }
    if (n != COLUMNS)
        return mkg__fail_at(err, MKG_EPARSE, tab->file, number, 0,
                            "%zu columns where %d are expected", n, COLUMNS);
    tab->rows[tab->n++] = r;
    return MKG_OK;
}

static mkg_status read_table(table *tab, const char *path, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__stream *s = NULL;
    mkg__lines *l = NULL;
    mkg_view line;
    uint64_t number;
    size_t bad;

    MKG_GO(mkg__stream_open(path, &s, err));
    MKG_GO(mkg__lines_new(s, &l, err));
    while ((st = mkg__lines_next(l, &line, &number, err)) == MKG_OK) {
        if (line.len == 0 || line.ptr[0] == '#') continue;
        if (!mkg__utf8_valid(line.ptr, line.len, &bad)) {
            st = mkg__fail_at(err, MKG_EPARSE, path, number, (uint32_t)bad + 1,
                              "not valid UTF-8");
            goto out;
        }
        MKG_GO(split(tab, line, number, err));
    }
    if (st < 0) goto out;
    st = MKG_OK;
    for (size_t i = 0; i < COLUMNS; i++)
        if (tab->n == 0 || !mkg__view_is(tab->rows[0].f[i], header[i])) {
            st = mkg__fail_at(err, MKG_EPARSE, path, tab->n ? tab->rows[0].line : 1, 0,
                              "column %zu must be called '%s'", i + 1, header[i]);
            goto out;
        }
out:
    mkg__lines_free(l);
    mkg__stream_close(s);
    return st;
}

static const row *find_row(const table *tab, mkg_view name)
{
    for (size_t i = 1; i < tab->n; i++)
        if (mkg__view_eq(tab->rows[i].f[NAME], name)) return &tab->rows[i];
    return NULL;
}

/* A pattern for sentences: "{s}" once and "{o}" once, or nothing. */
static bool is_pattern(mkg_view v)
{
    size_t marks[2] = {0, 0};
    for (size_t i = 0; i + 3 <= v.len; i++) {
        marks[0] += memcmp(v.ptr + i, "{s}", 3) == 0;
        marks[1] += memcmp(v.ptr + i, "{o}", 3) == 0;
    }
    return v.len == 0 || (marks[0] == 1 && marks[1] == 1);
}

static mkg_status check_row(const table *tab, const row *r, mkg_err *err)
{
    const row *other = r->f[INVERSE].len ? find_row(tab, r->f[INVERSE]) : NULL;
    const char *wrong = NULL;
    if (r->f[NAME].len == 0)
        wrong = "the relation has no name";
    else if (find_row(tab, r->f[NAME]) != r)
        wrong = "the relation stands here twice";
    else if (!mkg__view_is(r->f[KIND], "node") &&
             !mkg__view_is(r->f[KIND], "literal") && !mkg__view_is(r->f[KIND], "alias"))
        wrong = "kind must be 'node', 'literal' or 'alias'";
    else if (r->f[INVERSE].len && !mkg__view_is(r->f[KIND], "node"))
        wrong = "only a relation between nodes has an inverse";
    else if (r->f[INVERSE].len &&
             (!other || !mkg__view_eq(other->f[INVERSE], r->f[NAME])))
        wrong = "the inverse has no row that names this one as its inverse";
    else if (!is_pattern(r->f[SENTENCE_ZH]) || !is_pattern(r->f[SENTENCE_ZH + 1]))
        wrong = "a sentence has {s} once and {o} once";
    if (wrong) return mkg__fail_at(err, MKG_EPARSE, tab->file, r->line, 0, "%s", wrong);
    return MKG_OK;
}

static void from_row(const row *r, mkg_id id, bool inverse, mkg_relation *out)
{
    mkg_view *texts[TEXTS];
    texts_of(out, texts);
    out->id = id;
    out->inverse = inverse;
    out->symmetric = mkg__view_eq(r->f[NAME], r->f[INVERSE]);
    out->literal = mkg__view_is(r->f[KIND], "literal");
    out->alias = mkg__view_is(r->f[KIND], "alias");
    out->name = r->f[NAME];
    for (size_t i = 0; i < TEXTS; i++)
        *texts[i] = r->f[TEXT + i];
}

/* The store's relations with those of the table brought in: known ones keep their id
 * and place. The row that comes first of a pair is the forward direction, unless the
 * store already has it the other way round. */
static mkg_status merge(const table *tab, const mkg__vocabulary *old, mkg_id *next,
                        mkg__vocabulary *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_relation r;

    for (size_t i = 1; i < tab->n; i++) {
        const row *forward = &tab->rows[i];
        const row *back =
            forward->f[INVERSE].len ? find_row(tab, forward->f[INVERSE]) : NULL;
        if (back && back < forward) continue; /* done with its partner */
        const mkg_relation *known = NULL;
        for (size_t k = 0; k < old->n && !known; k++) {
            const mkg_relation *o = old->at[k];
            /* Of a pair that is parted the forward direction keeps the id. */
            bool here =
                mkg__view_eq(o->name, forward->f[NAME]) && (back || !o->inverse);
            bool there = back && mkg__view_eq(o->name, back->f[NAME]);
            if ((here || there) && !mkg__vocabulary_get(out, o->id, false)) known = o;
        }
        bool swapped = known &&
                       mkg__view_eq(known->name, forward->f[NAME]) == known->inverse &&
                       back != forward && back;
        mkg_id id = known ? known->id : (*next)++;
        from_row(swapped ? back : forward, id, false, &r);
        MKG_GO(append(out, &r, err));
        if (back && back != forward) {
            from_row(swapped ? forward : back, id, true, &r);
            MKG_GO(append(out, &r, err));
        }
    }
    for (size_t k = 0, n = out->n; k < old->n; k++) {
        bool in_table = false;
        for (size_t i = 0; i < n; i++)
            in_table |= out->at[i]->id == old->at[k]->id;
        if (!in_table) MKG_GO(append(out, old->at[k], err));
    }
    st = index_all(out, err);
out:
    return st;
}

mkg_status mkg_kg_load_relations(mkg_kg *kg, const char *path, mkg_err *err)
{
    mkg_status st = MKG_OK;
    table tab = {.file = mkg__path_base(path)};
    mkg__vocabulary merged = {0};
    mkg__txn *t = NULL;
    unsigned char sha[MKG_SHA256_BYTES];
    uint64_t size, next;
    mkg_view was, mark = {(char *)sha, sizeof sha};
    mkg_view mark_key = {MKG_META_VOCABULARY, strlen(MKG_META_VOCABULARY)};

    if (!kg->writable || kg->writing)
        return mkg__fail(err, MKG_EARG, "the store is not open for writing");
    MKG_GO(mkg__file_sha256(path, sha, &size, err));
    MKG_GO(mkg__db_get(kg->read, MKG_DB_META, mark_key, &was, err));
    if (st == MKG_OK && mkg__view_eq(was, mark)) goto out;
    MKG_GO(read_table(&tab, path, err));
    for (size_t i = 1; i < tab.n; i++)
        MKG_GO(check_row(&tab, &tab.rows[i], err));
    MKG_GO(mkg__meta_get_u64(kg->read, MKG_META_RELATION, strlen(MKG_META_RELATION),
                             &next, err));
    mkg_id next_id = next ? (mkg_id)next : 1;
    MKG_GO(merge(&tab, &kg->vocabulary, &next_id, &merged, err));
    MKG_GO(mkg__txn_begin(kg->store, true, &t, err));
    for (size_t i = 0; i < merged.n; i++)
        if (!merged.at[i]->inverse)
            MKG_GO(mkg__vocabulary_put(&merged, t, merged.at[i]->id, err));
    MKG_GO(mkg__meta_put_u64(t, MKG_META_RELATION, strlen(MKG_META_RELATION), next_id,
                             err));
    MKG_GO(mkg__db_put(t, MKG_DB_META, mark_key, mark, err));
    st = mkg__txn_commit(t, err);
    t = NULL;
    if (st >= 0) st = mkg_kg_renew(kg, err); /* the import needs it at once */
out:
    mkg__txn_abort(t);
    mkg__vocabulary_clear(&merged);
    mkg__arena_clear(&tab.arena);
    mkg__free(tab.rows);
    return st < 0 ? st : MKG_OK;
}

/* ---- public face ---- */

size_t mkg_kg_relation_count(const mkg_kg *kg)
{
    return kg->vocabulary.n;
}

const mkg_relation *mkg_kg_relation_at(const mkg_kg *kg, size_t i)
{
    return i < kg->vocabulary.n ? kg->vocabulary.at[i] : NULL;
}

const mkg_relation *mkg_kg_relation(const mkg_kg *kg, mkg_id id, bool inverse)
{
    return mkg__vocabulary_get(&kg->vocabulary, id, inverse);
}

const mkg_relation *mkg_kg_find_relation(const mkg_kg *kg, mkg_view name)
{
    return mkg__vocabulary_find(&kg->vocabulary, name);
}

mkg_view mkg_relation_label(const mkg_relation *r, mkg_lang lang)
{
    return lang == MKG_LANG_ZH ? r->label_zh : r->label_en;
}

mkg_view mkg_relation_sentence(const mkg_relation *r, mkg_lang lang)
{
    return lang == MKG_LANG_ZH ? r->sentence_zh : r->sentence_en;
}
