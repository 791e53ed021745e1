/* Grammars: any text is refused with a message or makes a constraint; then tokens are
 * tried in turn, and the mask must say beforehand which are taken. The grammar ends at
 * the first NUL, behind it stand the tokens to try. */
#include "fuzz_lm.h"

#include "lm/constrain.h"

static mkg_lexicon *lexicon(unsigned i)
{
    static mkg_lexicon *all[2];
    unsigned k = i & 1; /* qwen2, SentencePiece */
    if (!all[k]) CHECK_OK(mkg_lexicon_new(fuzz_tokenizer(2 + k), &all[k], &fuzz_err));
    return all[k];
}

static bool bit(const uint64_t *mask, uint32_t i)
{
    return mask[i / 64] >> (i % 64) & 1;
}

static void try_tokens(mkg_constraint *c, const mkg_tok *t, const unsigned char *p,
                       size_t n)
{
    uint32_t tokens = mkg_tok_get_info(t)->n, eos = mkg_tok_get_info(t)->eos;
    const uint64_t *mask;
    bool ended = false;
    for (size_t i = 0; i < n; i++) {
        mkg_status st = mkg_constraint_mask(c, &mask, &fuzz_err);
        if (st != MKG_OK) {
            CHECK(st == MKG_ELM);
            return;
        }
        CHECK(bit(mask, eos) == (mkg_constraint_complete(c) && !ended));
        /* A byte is the token of that byte, or counts on in the tokens behind them. */
        uint32_t id = t == fuzz_tokenizer(3) ? p[i] + 1u : p[i];
        if (p[i] >= 0xf8) id = 257 + (p[i] - 0xf8u) * 7 % (tokens - 257);
        bool may = bit(mask, id);
        st = mkg_constraint_accept(c, id, &fuzz_err);
        if (st == MKG_ELM) return;
        CHECK(st == (may ? MKG_OK : MKG_EARG));
        ended = ended || (may && mkg_tok_is_end(t, id));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_open(data, size);
    unsigned how = fuzz_byte(&in);
    const mkg_lexicon *lex = lexicon(how);
    mkg_constraint *c = NULL;
    char *text = fuzz_text(in);
    size_t n = strlen(text);

    fuzz_err.msg[0] = '\0';
    mkg_status st = mkg_constraint_grammar(lex, mkg__view(text, n), &c, &fuzz_err);
    CHECK(st == MKG_OK ||
          ((st == MKG_EARG || st == MKG_ENOMEM) && !c && fuzz_err.msg[0]));
    if (st == MKG_OK && n < in.n)
        try_tokens(c, fuzz_tokenizer(2 + (how & 1)), (unsigned char *)text + n + 1,
                   in.n - n - 1);
    mkg_constraint_free(c);
    free(text);
    return 0;
}
