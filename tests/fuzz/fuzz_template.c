/* Chat templates: whatever the turns say, the prompt has as many control tokens as the
 * family puts there. Turns are parted by NUL; the first byte of each is its role. */
#include "fuzz_lm.h"

#include "lm/template.h"

enum { TURNS_MAX = 16 };

static size_t read_turns(char *s, size_t n, mkg_turn *turns)
{
    size_t count = 0;
    char *end = s + n;
    while (s < end && count < TURNS_MAX) {
        char *stop = memchr(s, '\0', (size_t)(end - s));
        if (!stop) stop = end;
        turns[count].role = s < stop ? (mkg_role)((unsigned char)*s % 3) : MKG_USER;
        if (s < stop) s++;
        turns[count++].text = mkg__view(s, (size_t)(stop - s));
        s = stop + 1;
    }
    return count;
}

/* Control tokens that the family itself puts in. */
static size_t expected(mkg_template kind, const mkg_tok *t, const mkg_turn *turns,
                       size_t n, unsigned flags)
{
    size_t bos = mkg_tok_get_info(t)->add_bos, answer = flags & MKG_TEMPLATE_ANSWER;
    size_t users = 0, assistants = 0;
    for (size_t i = 0; i < n; i++) {
        users += turns[i].role == MKG_USER;
        assistants += turns[i].role == MKG_ASSISTANT;
    }
    switch (kind) {
    case MKG_TEMPLATE_CHATML:
        return bos + 2 * n + answer;
    case MKG_TEMPLATE_LLAMA3:
        return bos + 3 * n + 2 * answer;
    case MKG_TEMPLATE_LLAMA2:
        return users + assistants;
    case MKG_TEMPLATE_NONE:
        break;
    }
    return bos;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_open(data, size);
    unsigned how = fuzz_byte(&in);
    mkg_template kind = (mkg_template)(how & 3);
    const mkg_tok *t = fuzz_tokenizer(how >> 2);
    unsigned flags = how >> 4 & 3;
    mkg_turn turns[TURNS_MAX];
    mkg_tokens ids = {0};
    size_t control = 0;
    char *text = fuzz_text(in);
    size_t n = read_turns(text, in.n, turns);

    fuzz_err.msg[0] = '\0';
    mkg_status st = mkg_template_apply(kind, t, turns, n, flags, &ids, &fuzz_err);
    CHECK(st == MKG_OK || (st == MKG_EARG && fuzz_err.msg[0] && ids.n == 0));
    if (st == MKG_OK) {
        for (size_t i = 0; i < ids.n; i++)
            control += mkg_tok_type(t, ids.id[i]) == MKG_TOKEN_CONTROL;
        CHECK(control == expected(kind, t, turns, n, flags));
    }
    mkg_tokens_clear(&ids);
    free(text);
    return 0;
}
