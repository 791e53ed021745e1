/* Babelon, tables of translations of ontologies: a name of a thing in one language and
 * in another a row. Source: https://github.com/monarch-initiative/babelon */
#include "import/concepts_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

typedef struct columns {
    size_t id, predicate, source, source_lang, target, target_lang, status;
} columns;

static mkg_status find_columns(const mkg__table *t, columns *c, mkg_err *err)
{
    mkg_status st = MKG_OK;
    MKG_GO(mkg__table_need(t, "subject_id", &c->id, err));
    MKG_GO(mkg__table_need(t, "translation_value", &c->target, err));
    MKG_GO(mkg__table_need(t, "translation_language", &c->target_lang, err));
    c->predicate = mkg__table_column(t, "predicate_id");
    c->source = mkg__table_column(t, "source_value");
    c->source_lang = mkg__table_column(t, "source_language");
    c->status = mkg__table_column(t, "translation_status");
out:
    return st;
}

static mkg_lang lang_of(mkg_view code)
{
    return mkg__lang_parse(code.ptr, code.len);
}

static mkg_status add_row(mkg__table *t, const columns *col, mkg__concepts *c,
                          mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_id id;
    mkg_view code = mkg__table_field(t, col->id);
    mkg_view predicate = mkg__table_field(t, col->predicate);
    mkg_view text = mkg__table_field(t, col->target);

    if (code.len == 0) return mkg__table_skip(t, err, "the row has no subject_id");
    if (predicate.len == 0) predicate = mkg__view("rdfs:label", 10);
    MKG_GO(mkg__concepts_id(c, code, &id, err));
    if (text.len == 0 &&
        !mkg__view_is(mkg__table_field(t, col->status), "NOT_TRANSLATED")) {
        st = mkg__table_skip(t, err, "the translation is empty");
        goto out;
    }
    mkg__concepts_mention(c, id, t->line);
    MKG_GO(mkg__concepts_state(c, id, predicate, 0, mkg__table_field(t, col->source),
                               lang_of(mkg__table_field(t, col->source_lang)), t->line,
                               err));
    st = mkg__concepts_state(c, id, predicate, 0, text,
                             lang_of(mkg__table_field(t, col->target_lang)), t->line,
                             err);
out:
    return st;
}

static mkg_status read_babelon(mkg__import *im, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__table t = {0};
    mkg__concepts *c = NULL;
    columns col;

    MKG_GO(mkg__concepts_new(im, &c, err));
    MKG_GO(mkg__table_open(&t, im, '\t', err));
    MKG_GO(find_columns(&t, &col, err));
    while ((st = mkg__table_next(&t, err)) == MKG_OK)
        MKG_GO(add_row(&t, &col, c, err));
    if (st == MKG_END) st = mkg__concepts_end(c, err);
out:
    mkg__table_close(&t);
    mkg__concepts_free(c);
    return st;
}

static int recognise(mkg__import *im, mkg_view head)
{
    (void)im;
    return mkg__table_has(head, "subject_id", "translation_value") ? 95 : 0;
}

const mkg__format mkg__format_babelon = {
    .name = "babelon", .recognise = recognise, .read = read_babelon, .folders = true};
