/* Bytes of the records that the store keeps: see docs/formats.md. Every decoder checks
 * its bounds: a damaged record is MKG_ESTORE, never a wild read. */
#include "kg/kg_internal.h"

#include "base/err.h"

#include <string.h>

static void put_view(mkg__buf *b, mkg_view v)
{
    mkg__buf_varint(b, v.len);
    mkg__buf_put(b, v.ptr, v.len);
}

static bool get_view(const char **p, const char *end, mkg_view *out)
{
    uint64_t n;
    if (!mkg__get_varint(p, end, &n) || n > (uint64_t)(end - *p)) return false;
    *out = mkg__view(*p, (size_t)n);
    *p += n;
    return true;
}

static bool get_id(const char **p, const char *end, mkg_id *out)
{
    uint64_t v;
    if (!mkg__get_varint(p, end, &v) || v > UINT32_MAX) return false;
    *out = (mkg_id)v;
    return true;
}

/* ---- node entries ---- */

void mkg__entry_put(mkg__buf *b, const mkg_entry *e)
{
    mkg__buf_byte(b, (unsigned char)((unsigned)e->kind << 4 | (unsigned)e->lang));
    mkg__buf_varint(b, e->source);
    put_view(b, e->text);
}

bool mkg_node_next(const mkg_node *n, size_t *pos, mkg_entry *out)
{
    while (*pos < n->record.len) {
        const char *p = n->record.ptr + *pos, *end = n->record.ptr + n->record.len;
        unsigned char head = (unsigned char)*p++;
        out->kind = (mkg_entry_kind)(head >> 4);
        out->lang = (mkg_lang)(head & 15);
        if (!get_id(&p, end, &out->source) || !get_view(&p, end, &out->text)) {
            *pos = n->record.len; /* damaged: what is behind cannot be read */
            return false;
        }
        *pos = (size_t)(p - n->record.ptr);
        if (mkg__sees(n->seen, out->source)) return true;
    }
    return false;
}

mkg_view mkg_node_name(const mkg_node *n, mkg_lang lang)
{
    mkg_view best = {"", 0};
    int best_rank = 99;
    mkg_entry e;

    for (size_t pos = 0; mkg_node_next(n, &pos, &e);) {
        int rank;
        if (e.kind == MKG_ENTRY_NAME)
            rank = e.lang == lang ? 0 : e.lang == MKG_LANG_NONE ? 2 : 3;
        else if (e.kind == MKG_ENTRY_ALIAS)
            rank = e.lang == lang ? 1 : 4;
        else if (e.kind == MKG_ENTRY_CODE)
            rank = 5;
        else
            continue;
        if (rank < best_rank) {
            best_rank = rank;
            best = e.text;
        }
    }
    return best;
}

/* ---- facts ---- */

enum { FACT_DENIED = 1, FACT_LITERAL = 2, FACT_LANG_SHIFT = 2 };
enum { ATTR_WEIGHT = 1, ATTR_GRADE = 2, ATTR_POPULATION = 4 };

void mkg__fact_put(mkg__buf *b, const mkg_fact *f)
{
    bool literal = f->object == MKG_ID_NONE;
    mkg__buf_varint(b, f->subject);
    mkg__buf_varint(b, f->relation);
    mkg__buf_byte(b, (unsigned char)((f->denied ? FACT_DENIED : 0) |
                                     (literal ? FACT_LITERAL : 0) |
                                     (unsigned)f->literal_lang << FACT_LANG_SHIFT));
    if (literal)
        put_view(b, f->literal);
    else
        mkg__buf_varint(b, f->object);
}

void mkg__attribution_put(mkg__buf *b, const mkg_attribution *a)
{
    bool weighted = a->weight != 1.0f;
    mkg__buf_varint(b, a->source);
    mkg__buf_byte(b, (unsigned char)((weighted ? ATTR_WEIGHT : 0) |
                                     (a->grade.len ? ATTR_GRADE : 0) |
                                     (a->population.len ? ATTR_POPULATION : 0)));
    if (weighted) {
        unsigned char bytes[4];
        uint32_t bits;
        memcpy(&bits, &a->weight, sizeof bits);
        mkg__be32(bytes, bits);
        mkg__buf_put(b, bytes, sizeof bytes);
    }
    if (a->grade.len) put_view(b, a->grade);
    if (a->population.len) put_view(b, a->population);
    put_view(b, a->locator);
}

static bool get_attribution(const char **p, const char *end, mkg_attribution *a)
{
    a->weight = 1.0f;
    a->grade = a->population = mkg__view("", 0);
    if (!get_id(p, end, &a->source) || *p == end) return false;
    unsigned flags = (unsigned char)*(*p)++;
    if (flags & ATTR_WEIGHT) {
        if (end - *p < 4) return false;
        uint32_t bits = mkg__get_be32(*p);
        memcpy(&a->weight, &bits, sizeof bits);
        *p += 4;
    }
    if ((flags & ATTR_GRADE) && !get_view(p, end, &a->grade)) return false;
    if ((flags & ATTR_POPULATION) && !get_view(p, end, &a->population)) return false;
    return get_view(p, end, &a->locator);
}

/* Position behind the fact's own part, where the attributions start. */
static bool get_fact(mkg_view record, mkg_fact *f, const char **attributions)
{
    const char *p = record.ptr, *end = record.ptr + record.len;
    if (!get_id(&p, end, &f->subject) || !get_id(&p, end, &f->relation) || p == end)
        return false;
    unsigned flags = (unsigned char)*p++;
    f->denied = flags & FACT_DENIED;
    f->literal_lang = (mkg_lang)(flags >> FACT_LANG_SHIFT & 3);
    f->literal = mkg__view("", 0);
    f->object = MKG_ID_NONE;
    if (flags & FACT_LITERAL ? !get_view(&p, end, &f->literal)
                             : !get_id(&p, end, &f->object))
        return false;
    *attributions = p;
    return true;
}

mkg_status mkg__fact_decode(mkg_id id, mkg_view record, const mkg__seen *seen,
                            mkg_fact *out, mkg_err *err)
{
    const char *p, *end = record.ptr + record.len;
    mkg_attribution a, first = {0};

    memset(out, 0, sizeof *out);
    out->id = id;
    out->record = record;
    out->seen = seen;
    if (!get_fact(record, out, &p) || p == end) goto damaged;
    while (p < end) {
        if (!get_attribution(&p, end, &a)) goto damaged;
        if (mkg__sees(seen, a.source) && out->attributions++ == 0) first = a;
    }
    if (out->attributions == 0) return MKG_NOTFOUND;
    out->source = first.source;
    out->weight = first.weight;
    out->locator = first.locator;
    out->grade = first.grade;
    out->population = first.population;
    return MKG_OK;
damaged:
    return mkg__fail(err, MKG_ESTORE, "the store is damaged: fact %u cannot be read",
                     (unsigned)id);
}

bool mkg_fact_attribution(const mkg_fact *f, size_t i, mkg_attribution *out)
{
    const char *p, *end = f->record.ptr + f->record.len;
    mkg_fact self;
    if (!get_fact(f->record, &self, &p)) return false;
    for (size_t k = 0; p < end && get_attribution(&p, end, out);)
        if (mkg__sees(f->seen, out->source) && k++ == i) return true;
    return false;
}

/* ---- sources ---- */

void mkg__source_put(mkg__buf *b, const mkg_source *s)
{
    put_view(b, s->name);
    put_view(b, s->file);
    put_view(b, s->format);
    put_view(b, s->version);
    put_view(b, s->licence);
    put_view(b, mkg__view(s->sha256, strlen(s->sha256)));
    mkg__buf_varint(b, s->time);
    mkg__buf_varint(b, s->size);
    mkg__buf_varint(b, s->nodes);
    mkg__buf_varint(b, s->names);
    mkg__buf_varint(b, s->facts);
    mkg__buf_varint(b, s->skipped);
}

mkg_status mkg__source_decode(mkg_id id, mkg_view record, mkg_source *out, mkg_err *err)
{
    const char *p = record.ptr, *end = record.ptr + record.len;
    mkg_view sha;

    memset(out, 0, sizeof *out);
    out->id = id;
    if (!get_view(&p, end, &out->name) || !get_view(&p, end, &out->file) ||
        !get_view(&p, end, &out->format) || !get_view(&p, end, &out->version) ||
        !get_view(&p, end, &out->licence) || !get_view(&p, end, &sha) ||
        sha.len >= sizeof out->sha256 || !mkg__get_varint(&p, end, &out->time) ||
        !mkg__get_varint(&p, end, &out->size) ||
        !mkg__get_varint(&p, end, &out->nodes) ||
        !mkg__get_varint(&p, end, &out->names) ||
        !mkg__get_varint(&p, end, &out->facts) ||
        !mkg__get_varint(&p, end, &out->skipped))
        return mkg__fail(err, MKG_ESTORE,
                         "the store is damaged: source %u cannot be read",
                         (unsigned)id);
    memcpy(out->sha256, sha.ptr, sha.len);
    return MKG_OK;
}

/* ---- hash and keys ---- */

static mkg__u128 record_hash(mkg__db db, mkg_id id, mkg_view record)
{
    unsigned char seed[8];
    mkg__u128 h = mkg__hash128(record.ptr, record.len);
    mkg__be32(seed, (uint32_t)db);
    mkg__be32(seed + 4, id);
    mkg__u128 k = mkg__hash128(seed, sizeof seed);
    unsigned char both[32];
    mkg__be64(both, h.hi);
    mkg__be64(both + 8, h.lo);
    mkg__be64(both + 16, k.hi);
    mkg__be64(both + 24, k.lo);
    return mkg__hash128(both, sizeof both);
}

void mkg__hash_add(mkg__u128 *sum, mkg__db db, mkg_id id, mkg_view record)
{
    mkg__u128 h = record_hash(db, id, record);
    sum->lo += h.lo;
    sum->hi += h.hi + (sum->lo < h.lo);
}

void mkg__hash_sub(mkg__u128 *sum, mkg__db db, mkg_id id, mkg_view record)
{
    mkg__u128 h = record_hash(db, id, record);
    bool borrow = sum->lo < h.lo;
    sum->lo -= h.lo;
    sum->hi -= h.hi + borrow;
}

void mkg__name_key(mkg__buf *b, mkg_view folded)
{
    if (folded.len <= MKG_NAME_MAX) {
        mkg__buf_put(b, folded.ptr, folded.len);
        return;
    }
    unsigned char hash[16];
    mkg__u128 h = mkg__hash128(folded.ptr, folded.len);
    mkg__be64(hash, h.hi);
    mkg__be64(hash + 8, h.lo);
    mkg__buf_put(b, folded.ptr, MKG_NAME_MAX);
    mkg__buf_put(b, hash, sizeof hash);
}

bool mkg__same_code(mkg_view a, mkg_view b)
{
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++) {
        char x = a.ptr[i], y = b.ptr[i];
        if (x >= 'a' && x <= 'z') x = (char)(x - 32);
        if (y >= 'a' && y <= 'z') y = (char)(y - 32);
        if (x != y) return false;
    }
    return true;
}
