/* A graph as text that does not depend on ids, on the order of sources, or on how often
 * something was said: graphs that say the same have the same text. Needs no cmocka, so
 * that fuzz targets can use it. */
#ifndef MKG_CANONICAL_H
#define MKG_CANONICAL_H

#include "base/mem.h"
#include "kg/kg.h"

#include <stdlib.h>
#include <string.h>

typedef struct canonical {
    char **at; /* lines, malloc()ed */
    size_t n, cap;
} canonical;

static inline void canonical_add(canonical *c, mkg__buf *line)
{
    const char *text = mkg__buf_cstr(line);
    if (!text || !mkg__grow(&c->at, &c->cap, c->n + 1, sizeof *c->at)) abort();
    c->at[c->n++] = mkg__strdup(text);
    line->len = 0;
}

static inline int canonical_order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines in order, "\n" between them, appended; the list is emptied. */
static inline void canonical_join(canonical *c, mkg__buf *out)
{
    if (c->n) qsort(c->at, c->n, sizeof *c->at, canonical_order);
    for (size_t i = 0; i < c->n; i++) {
        mkg__buf_str(out, c->at[i]);
        mkg__buf_byte(out, '\n');
        mkg__free(c->at[i]);
    }
    c->n = 0;
}

/* Names that fold to the same are one: a preferred one before an alias, else the first.
 */
static inline bool canonical_says(const mkg_node *n, size_t at, const mkg_entry *e)
{
    mkg_entry other;
    bool keep = true;
    mkg__buf a = {0}, b = {0};
    if (mkg__fold(e->text.ptr, e->text.len, &a, NULL, NULL) < 0) abort();
    for (size_t pos = 0, from = 0; mkg_node_next(n, &pos, &other); from = pos) {
        if (from == at ||
            (other.kind != MKG_ENTRY_NAME && other.kind != MKG_ENTRY_ALIAS))
            continue;
        b.len = 0;
        if (mkg__fold(other.text.ptr, other.text.len, &b, NULL, NULL) < 0) abort();
        bool same = a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
        if (same && (other.kind < e->kind || (other.kind == e->kind && from < at)))
            keep = false;
    }
    mkg__buf_clear(&a);
    mkg__buf_clear(&b);
    return keep;
}

static inline bool canonical_first_code(const mkg_node *n, size_t at,
                                        const mkg_entry *e)
{
    mkg_entry other;
    for (size_t pos = 0, from = 0; mkg_node_next(n, &pos, &other) && from < at;
         from = pos) {
        if (other.kind != MKG_ENTRY_CODE || other.text.len != e->text.len) continue;
        bool same = true;
        for (size_t i = 0; i < e->text.len; i++) {
            unsigned char x = (unsigned char)other.text.ptr[i],
                          y = (unsigned char)e->text.ptr[i];
            if (x >= 'a' && x <= 'z') x = (unsigned char)(x - 32);
            if (y >= 'a' && y <= 'z') y = (unsigned char)(y - 32);
            same = same && x == y;
        }
        if (same) return false;
    }
    return true;
}

static inline void canonical_node(const mkg_node *n, mkg__buf *out)
{
    canonical parts = {0};
    mkg__buf line = {0};
    mkg_entry e;
    for (size_t pos = 0, at = 0; mkg_node_next(n, &pos, &e); at = pos) {
        bool code = e.kind == MKG_ENTRY_CODE;
        if (e.kind == MKG_ENTRY_TYPE) continue;
        if (code ? !canonical_first_code(n, at, &e) : !canonical_says(n, at, &e))
            continue;
        mkg__buf_printf(&line, "  %s %s ",
                        code                       ? "code"
                        : e.kind == MKG_ENTRY_NAME ? "name"
                                                   : "alias",
                        mkg_lang_name(e.lang));
        mkg__buf_put(&line, e.text.ptr, e.text.len);
        canonical_add(&parts, &line);
    }
    mkg__buf_put(out, n->type.ptr, n->type.len);
    mkg__buf_byte(out, '\n');
    canonical_join(&parts, out);
    mkg__free(parts.at);
    mkg__buf_clear(&line);
}

static inline void canonical_fact(mkg_kg *kg, const mkg_fact *f, char *const *nodes,
                                  mkg__buf *b)
{
    const mkg_relation *r = mkg_kg_relation(kg, f->relation, false);
    const char *subject = nodes[f->subject],
               *object = f->object ? nodes[f->object] : "";
    if (!r) abort();
    if (r->symmetric && f->object && strcmp(subject, object) > 0) {
        object = nodes[f->subject];
        subject = nodes[f->object];
    }
    mkg__buf_printf(
        b, "%c %.*s w=%.9g grade=%.*s population=%.*s at=", f->denied ? '-' : '+',
        (int)r->name.len, r->name.ptr, (double)f->weight, (int)f->grade.len,
        f->grade.ptr, (int)f->population.len, f->population.ptr);
    if (mkg_kg_locator(kg, f->source, f->locator, b, NULL) < 0) abort();
    mkg__buf_printf(b, "\n subject %s object %s", subject, object);
    if (!f->object) {
        mkg_view text = mkg__trim(f->literal);
        mkg__buf_printf(b, "\"%.*s\"@%s\n", (int)text.len, text.ptr,
                        mkg_lang_name(f->literal_lang));
    }
}

/* mkg__buf_clear() the text. */
static inline mkg_status canonical_text(mkg_kg *kg, mkg__buf *out, mkg_err *err)
{
    mkg_status st;
    canonical nodes = {0}, facts = {0};
    mkg__buf b = {0};
    mkg_node node;
    mkg_fact fact;
    char **by_id = NULL;
    size_t cap = 0;
    mkg_id id = 0;

    while ((st = mkg_kg_next_node(kg, &id, &node, err)) == MKG_OK) {
        canonical_node(&node, &b);
        canonical_add(&nodes, &b);
        if (!mkg__grow(&by_id, &cap, (size_t)id + 1, sizeof *by_id)) abort();
        by_id[id] = mkg__strdup(nodes.at[nodes.n - 1]);
    }
    for (id = 0; st == MKG_END && mkg_kg_next_fact(kg, &id, &fact, err) == MKG_OK;) {
        canonical_fact(kg, &fact, by_id, &b);
        canonical_add(&facts, &b);
    }
    for (id = 0; mkg_kg_next_node(kg, &id, &node, err) == MKG_OK;)
        mkg__free(by_id[id]);
    canonical_join(&nodes, out);
    mkg__buf_str(out, "----\n");
    canonical_join(&facts, out);
    mkg__free(by_id);
    mkg__free(nodes.at);
    mkg__free(facts.at);
    mkg__buf_clear(&b);
    return mkg__buf_cstr(out) ? MKG_OK : MKG_ENOMEM;
}

#endif
