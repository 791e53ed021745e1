/* What a model wrote, against evidence: each sentence is either kept or removed, in
 * their order, and what is kept cites what exists and names it. */
#include "fuzz_answer.h"

/* The text's next sentence that begins behind *at is `s`; *at moves behind it. Nothing
 * but white space lies between. */
static bool next_is(mkg_view text, size_t *at, const char *s)
{
    mkg_view rest = mkg__trim(mkg__view(text.ptr + *at, text.len - *at));
    size_t n = strlen(s);
    if (rest.len < n || memcmp(rest.ptr, s, n) != 0) return false;
    *at = (size_t)(rest.ptr - text.ptr) + n;
    return true;
}

static void check_order(mkg_view text, const mkg_answer *a)
{
    size_t at = 0, kept = 0, removed = 0;
    while (kept < a->nsentences || removed < a->nremoved) {
        /* Where both begin alike the longer one is tried first. */
        const char *k = kept < a->nsentences ? a->sentences[kept].text : "";
        const char *r = removed < a->nremoved ? a->removed[removed] : "";
        bool keep_first = strlen(k) >= strlen(r);
        const char *first = keep_first ? k : r, *second = keep_first ? r : k;
        bool took_first = first[0] && next_is(text, &at, first);
        CHECK(took_first || (second[0] && next_is(text, &at, second)));
        if (took_first == keep_first)
            kept++;
        else
            removed++;
    }
    CHECK(mkg__trim(mkg__view(text.ptr + at, text.len - at)).len == 0);
}

/* What stands in a->text is the kept sentences and nothing else. */
static void check_text(const mkg_evidence *e, const mkg_answer *a)
{
    mkg__buf b = {0};
    for (size_t i = 0; i < a->nsentences; i++) {
        if (i && e->lang != MKG_LANG_ZH) mkg__buf_byte(&b, ' ');
        mkg__buf_str(&b, a->sentences[i].text);
    }
    CHECK(strcmp(mkg__buf_cstr(&b), a->text) == 0);
    mkg__buf_clear(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_open(data, size);
    unsigned choice = fuzz_byte(&in);
    mkg_evidence e = fuzz_evidence(choice & 1);
    bool cut = choice & 2;
    e.verdict = (mkg_verdict)(choice >> 2 & 3);
    mkg_view text = {in.p, in.n};
    mkg_answer *a = mkg__calloc(1, sizeof *a);

    CHECK(a);
    mkg_status st = mkg__cite_check(&e, e.npieces, text, cut, a, &fuzz_err);
    CHECK(st == MKG_OK || (st == MKG_EPARSE && !fuzz_valid(text)));
    CHECK(a->arena.bytes <= 64 * text.len + 4096); /* not the square of it */
    if (st == MKG_OK && fuzz_valid(text)) {
        fuzz_check_answer(&e, a);
        check_order(text, a);
        check_text(&e, a);
    }
    mkg_answer_free(a);
    return 0;
}
