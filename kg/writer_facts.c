/* Collecting a source, the second half: relations, and facts as statements to be sorted
 * and records to be kept. */
#include "kg/writer_internal.h"

#include "base/err.h"
#include "base/text.h"
#include "kg/same.h"

#include <string.h>

/* ---- relations ---- */

static mkg__known_relation *cached(mkg_writer *w, mkg_view name)
{
    if (name.len > MKG_RELATION_NAME) return NULL;
    return &w->known_relations[mkg__hash64(name.ptr, name.len, 0) % MKG_RELATION_CACHE];
}

/* Look up, or add, what is a relation's name. */
static mkg_status find_relation(mkg_writer *w, mkg_view name, const mkg_relation **out,
                                mkg_err *err)
{
    size_t bad;
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

mkg_status mkg_writer_relation(mkg_writer *w, mkg_view name, const mkg_relation **out,
                               mkg_err *err)
{
    name = mkg__trim(name);
    if (name.len == 0) return mkg__fail(err, MKG_EPARSE, "the relation is empty");
    mkg__known_relation *k = cached(w, name);
    if (k && k->len == name.len && memcmp(k->name, name.ptr, name.len) == 0) {
        *out = k->relation;
        return MKG_OK;
    }
    mkg_status st = find_relation(w, name, out, err);
    if (st >= 0 && k) {
        k->relation = *out;
        k->len = (uint8_t)name.len;
        memcpy(k->name, name.ptr, name.len);
    }
    return st;
}

/* ---- facts ---- */

void mkg__statement_tail(bool denied, mkg_view literal,
                         unsigned char out[MKG_STATEMENT_TAIL])
{
    memset(out, 0, MKG_STATEMENT_TAIL);
    if (literal.len) {
        mkg__u128 h = mkg__hash128(literal.ptr, literal.len);
        mkg__be64(out, h.hi);
        mkg__be32(out + 8, (uint32_t)h.lo);
    }
    out[0] = (unsigned char)((out[0] & 0x7f) | (denied ? 0x80 : 0));
}

static size_t put_line(char out[24], uint64_t line)
{
    char digits[20];
    size_t n = 0, k = 0;
    do
        digits[n++] = (char)('0' + line % 10);
    while ((line /= 10) != 0);
    out[k++] = ':';
    while (n)
        out[k++] = digits[--n];
    return k;
}

/* The fact as the store will keep it, in w->record: see mkg__fact_record(). */
static mkg_status make_record(mkg_writer *w, const mkg_fact *f, const mkg_fact_in *in,
                              mkg_err *err)
{
    char line[24];
    mkg__buf *b = &w->record;
    mkg_attribution a = {w->info.id, in->weight != 0 ? in->weight : 1.0f, in->locator,
                         in->grade, in->population};

    if (!a.locator.len) a.locator = mkg__view(line, put_line(line, in->line));
    b->len = 0;
    mkg__buf_byte(b, 0);
    mkg__fact_put(b, f);
    size_t n = b->len - 1;
    mkg__attribution_put(b, &a);
    if (n >= 255) {
        unsigned char bytes[4];
        mkg__be32(bytes, (uint32_t)n);
        mkg__buf_put(b, bytes, sizeof bytes);
    }
    if (b->failed) return mkg__nomem(err);
    b->ptr[0] = (char)(n < 255 ? n : 255);
    return MKG_OK;
}

void mkg__fact_record(mkg_view item, mkg_view *whole, mkg_view *attribution)
{
    size_t n = (unsigned char)item.ptr[0], end = item.len;
    if (n == 255) {
        end -= 4;
        n = mkg__get_be32(item.ptr + end);
    }
    *whole = mkg__view(item.ptr + 1, end - 1);
    *attribution = mkg__view(item.ptr + 1 + n, end - 1 - n);
}

mkg_status mkg_writer_fact(mkg_writer *w, const mkg_fact_in *in, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg_relation *r = in->relation;
    bool literal = in->object == MKG_ID_NONE;
    size_t bad;
    unsigned char key[MKG_STATEMENT];

    if (in->subject == MKG_ID_NONE || !r || (literal && in->literal.len == 0))
        return mkg__fail(err, MKG_EARG,
                         "a fact needs a subject, a relation and an object");
    if (w->merge_xref && !literal && mkg__view_is(r->name, "xref"))
        MKG_GO(mkg_writer_relation(w, mkg__view(MKG_SAME_AS, strlen(MKG_SAME_AS)), &r,
                                   err));
    if (r->alias)
        return mkg__fail(err, MKG_EARG, "'%.*s' gives names, it makes no facts",
                         (int)r->name.len, r->name.ptr);
    if (literal && r->inverse)
        return mkg__fail(err, MKG_EARG, "a text cannot be the subject of '%.*s'",
                         (int)r->name.len, r->name.ptr);
    if (literal && !mkg__utf8_valid(in->literal.ptr, in->literal.len, &bad))
        return mkg__fail(err, MKG_EPARSE, "the text is not valid UTF-8");
    if (w->nseen >= UINT32_MAX - 1 - w->first_new_fact)
        return mkg__fail(err, MKG_ESTORE, "the store is full: no fact id is left");
    bool swap = !literal && (r->inverse || (r->symmetric && in->object < in->subject));
    mkg_fact f = {.subject = swap ? in->object : in->subject,
                  .object = swap ? in->subject : in->object,
                  .relation = r->id,
                  .denied = in->denied};
    if (literal) {
        f.literal = in->literal;
        f.literal_lang = in->literal_lang
                             ? in->literal_lang
                             : mkg__lang_guess(in->literal.ptr, in->literal.len);
    }
    MKG_GO(make_record(w, &f, in, err));
    mkg__be32(key, f.subject);
    mkg__be32(key + 4, f.relation);
    mkg__be32(key + 8, f.object);
    mkg__statement_tail(f.denied, f.literal, key + 12);
    mkg__be32(key + MKG_STATEMENT_KEY, w->nseen);
    MKG_GO(mkg__spool_add(w->records, mkg__view(w->record.ptr, w->record.len), err));
    MKG_GO(mkg__sorter_add(w->statements, key, err));
    w->nseen++;
out:
    return st;
}
