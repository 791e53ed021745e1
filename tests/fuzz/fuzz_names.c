/* The files of linking: the bytes as DB/names.idx, with or without the right checksums,
 * as linking.json, and as a table of phrases. */
#include "fuzz.h"

#include "base/hash.h"
#include "retrieve/fuzzy_internal.h"
#include "retrieve/link_model_internal.h"
#include "retrieve/name_file_internal.h"
#include "retrieve/name_words_internal.h"
#include "retrieve/phrases_internal.h"

/* Put the checksums right, so that what lies behind them is tested too. */
static void repair(char *p, size_t size)
{
    mkg__names_header h;
    size_t at[MKG__SECTIONS + 1];
    if (size < sizeof h) return;
    memcpy(&h, p, sizeof h);
    memcpy(h.magic, MKG__NAMES_MAGIC, sizeof h.magic);
    h.endian = MKG__NAMES_ENDIAN;
    if (!mkg__names_layout(&h, at) || at[MKG__SECTIONS] != size) return;
    size_t blocks = (at[MKG__SECTIONS] - at[MKG__SUMS]) / 8;
    for (size_t i = 0; i < blocks; i++) {
        size_t from = sizeof h + i * MKG__NAMES_BLOCK, end = from + MKG__NAMES_BLOCK;
        if (end > at[MKG__SUMS]) end = at[MKG__SUMS];
        uint64_t sum = mkg__hash64(p + from, end - from, i);
        memcpy(p + at[MKG__SUMS] + i * 8, &sum, 8);
    }
    h.sums_hash = mkg__hash64(p + at[MKG__SUMS], blocks * 8, 0);
    h.header_hash = mkg__hash64(&h, offsetof(mkg__names_header, header_hash), 0);
    memcpy(p, &h, sizeof h);
}

static void look_up(mkg__names *x, mkg_view text)
{
    mkg__name_match m[16];
    mkg__weighted q;
    mkg__overlap o;
    uint32_t like[8], from, to;
    mkg__slip slip;
    size_t n = mkg__names_prefixes(x, text.ptr, text.len, m, 16);

    for (size_t i = 0; i < n; i++) {
        CHECK(m[i].surface < mkg__names_count(x) && m[i].len <= text.len);
        for (size_t k = 0; k < mkg__names_entries(x, m[i].surface) && k < 8; k++) {
            mkg__name_entry e = mkg__names_entry(x, m[i].surface, k);
            CHECK(e.kind < MKG__NAME_KINDS);
            mkg__names_degree(x, e.node);
            mkg__names_type(x, e.node);
        }
    }
    mkg__names_range(x, text.ptr, text.len, &from, &to);
    mkg__names_weigh(x, text, &q);
    CHECK_OK(mkg__names_similar(x, &q, 4, like, &n, &fuzz_err));
    for (size_t i = 0; i < n; i++) {
        CHECK(like[i] < mkg__names_count(x));
        mkg__names_overlap(x, &q, like[i], &o);
        CHECK(o.cosine[0] >= 0 && o.cosine[0] < 1.001f && o.of_query[1] < 1.001f);
    }
    uint32_t same = mkg__names_same_words(x, mkg__word_key(text));
    CHECK(same == MKG_NAMES_NONE || same < mkg__names_count(x));
    CHECK_OK(mkg__find_slip(x, text.ptr, 0, text.len, &slip, &fuzz_err));
    CHECK(slip.surface == MKG_NAMES_NONE ||
          (slip.start < slip.end && slip.end <= text.len));
}

static void as_index(char *bytes, size_t n, bool repaired)
{
    static const char *const texts[] = {"高血鸭怎么办", "pnuemonia", "拉肚子", "x"};
    mkg__names_key key;
    if (repaired) repair(bytes, n);
    memset(&key, 0, sizeof key);
    if (n >= sizeof(mkg__names_header)) memcpy(&key, bytes + 16, sizeof key);
    mkg__names *x = mkg__names_map(fuzz_file("names.idx", bytes, n), &key);
    if (!x) return;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        look_up(x, fuzz_str(texts[i]));
    for (uint32_t s = 0; s < mkg__names_count(x) && s < 64; s++)
        look_up(x, mkg__names_text(x, s));
    mkg__names_type_name(x, 3);
    mkg__names_free(x);
}

static void as_model(fuzz_input in)
{
    mkg__link_model m;
    size_t ends[4], n;
    mkg__buf out = {0};
    mkg__link_model_init(&m);
    mkg_status st =
        mkg__link_model_load(fuzz_file("linking.json", in.p, in.n), &m, &fuzz_err);
    CHECK(st == MKG_OK || (st == MKG_EPARSE && m.nrules == 0));
    CHECK_OK(
        mkg__link_replace(&m, fuzz_str("老年综合症 ab"), &out, ends, 4, &n, &fuzz_err));
    CHECK(n <= 4 && (n == 0 || ends[n - 1] == out.len));
    mkg__buf_clear(&out);
    mkg__link_model_clear(&m);
}

static mkg_status on_phrase(void *ctx, mkg_view phrase, mkg_view term, bool synonym)
{
    (void)ctx;
    (void)synonym;
    CHECK(phrase.len && term.len && fuzz_valid(phrase) && fuzz_valid(term));
    return MKG_OK;
}

static void as_text(fuzz_input in)
{
    mkg_view parts[8], v = {in.p, in.n};
    CHECK_OK(mkg__phrases_each(v, on_phrase, NULL, &fuzz_err));
    if (!fuzz_valid(v)) return;
    size_t n = mkg__text_parts(v, parts, 8);
    for (size_t i = 0; i < n; i++)
        CHECK(parts[i].len && fuzz_valid(parts[i]) && parts[i].ptr >= v.ptr &&
              parts[i].ptr + parts[i].len <= v.ptr + v.len);
    mkg__strip_function_words(&v);
    CHECK(fuzz_valid(v));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_open(data, size);
    unsigned how = fuzz_byte(&in);
    char *bytes;

    switch (how % 4) {
    case 0:
    case 1:
        bytes = fuzz_text(in);
        as_index(bytes, in.n, how % 4 == 1);
        free(bytes);
        break;
    case 2:
        as_model(in);
        break;
    default:
        as_text(in);
    }
    return 0;
}
