/* Text to tokens and back, and byte-level BPE against the plain way to do it: the whole
 * list of merges, over and over. */
#include "fuzz_lm.h"

#include "lm/tok_internal.h"

/* Rank of the merge of two neighbouring pieces; N_OF(sample_merges) if there is none.
 */
static size_t rank_of(mkg_view a, mkg_view b)
{
    size_t i = 0;
    for (; i < N_OF(sample_merges); i++)
        if (mkg__view_is(a, sample_merges[i][0]) &&
            mkg__view_is(b, sample_merges[i][1]))
            break;
    return i;
}

/* Merge a pre-token by the book and hold it against the tokens at *at. */
static void check_word(const mkg_tok *t, mkg_view word, const mkg_tokens *ids,
                       size_t *at)
{
    mkg_view *piece = malloc(word.len * sizeof *piece);
    size_t n = word.len;
    CHECK(piece);
    for (size_t i = 0; i < n; i++)
        piece[i] = mkg__view(word.ptr + i, 1);
    for (;;) {
        size_t best = N_OF(sample_merges), where = 0;
        for (size_t i = 0; i + 1 < n; i++) {
            size_t r = rank_of(piece[i], piece[i + 1]);
            if (r < best) {
                best = r;
                where = i;
            }
        }
        if (best == N_OF(sample_merges)) break;
        piece[where].len += piece[where + 1].len;
        memmove(piece + where + 1, piece + where + 2, (n - where - 2) * sizeof *piece);
        n--;
    }
    for (size_t i = 0; i < n; i++, ++*at) {
        CHECK(*at < ids->n);
        CHECK(mkg__view_eq(piece[i], mkg_tok_text(t, ids->id[*at])));
    }
    free(piece);
}

static void check_bpe(const mkg_tok *t, mkg_view text, const mkg_tokens *ids)
{
    size_t at = 0;
    for (size_t i = 0, end; i < text.len; i = end) {
        end = mkg__pre_next(t->pre, text.ptr, text.len, i);
        CHECK(end > i && end <= text.len);
        check_word(t, mkg__view(text.ptr + i, end - i), ids, &at);
    }
    CHECK(at == ids->n);
}

/* Has the text none of the names of user-defined tokens? */
static bool plain(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] == '<') return false;
    return true;
}

static void check_stream(const mkg_tok *t, const mkg_tokens *ids)
{
    mkg_tok_stream s = {0};
    mkg__buf out = {0};
    for (size_t i = 0; i < ids->n; i++)
        CHECK_OK(mkg_tok_stream_put(&s, t, ids->id[i], &out, &fuzz_err));
    mkg_tok_stream_end(&s, &out);
    CHECK(fuzz_valid(mkg__view(out.ptr ? out.ptr : "", out.len)));
    mkg__buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_open(data, size);
    unsigned how = fuzz_byte(&in);
    mkg_tok *t = fuzz_tokenizer(how);
    unsigned flags = how >> 2 & 3;
    mkg_tokens ids = {0};
    mkg__buf out = {0};
    char *text = fuzz_text(in);
    mkg_view v = mkg__view(text, in.n);

    CHECK_OK(mkg_tok_encode(t, v, flags, &ids, &fuzz_err));
    for (size_t i = 0; i < ids.n; i++)
        CHECK(ids.id[i] < mkg_tok_get_info(t)->n);
    check_stream(t, &ids);
    CHECK_OK(
        mkg_tok_decode(t, ids.id, ids.n, flags & MKG_ENCODE_SPECIAL, &out, &fuzz_err));
    if (!t->spm && !(flags & MKG_ENCODE_EDGES))
        CHECK(mkg__view_eq(v, mkg__view(out.ptr, out.len)));
    if (t->spm && flags == 0 && plain(text, in.n) && !strstr(text, "\xe2\x96\x81") &&
        strlen(text) == in.n)
        CHECK(mkg__view_eq(v, mkg__view(out.ptr, out.len)));
    if (!t->spm && !t->whole_words && flags == 0 && plain(text, in.n))
        check_bpe(t, v, &ids);
    mkg__buf_clear(&out);
    mkg_tokens_clear(&ids);
    free(text);
    return 0;
}
