/* The reply of a remote endpoint, in place of libcurl: streamed or not, whole or in
 * portions, with any status, broken off or not. The same answer or error comes of it
 * however it is cut, and an error never shows the key. */
#include "fuzz_answer.h"

static const char key[] = "sk-Secret";

static struct {
    fuzz_input body;
    uint64_t seed;
    long status;
    bool whole, breaks_off;
    size_t posts;
} endpoint;

/* Takes the place of lm/http.c. */
mkg_status mkg__http_post(const mkg__http_request *r, mkg__http_reply *out,
                          mkg_err *err)
{
    fuzz_input in = endpoint.body;
    mkg__rng rng = mkg__rng_new(endpoint.seed, 0, 0);
    json_t *v;

    CHECK_OK(
        mkg__json_parse(mkg__view(r->body, r->body_len), "request", 1, &v, &fuzz_err));
    json_decref(v);
    CHECK(strcmp(r->key, key) == 0 && !strstr(r->body, key));
    endpoint.posts++;
    *out = (mkg__http_reply){.status = endpoint.status};
    while (in.n) {
        size_t n = endpoint.whole ? in.n : fuzz_portion(&rng, in.n);
        char *own = malloc(n); /* no byte more: reads behind it show */
        CHECK(own);
        memcpy(own, in.p, n);
        mkg_status st = r->on_data(r->ctx, endpoint.status, mkg__view(own, n), err);
        free(own);
        if (st < 0) return st;
        in = (fuzz_input){in.p + n, in.n - n};
    }
    if (!endpoint.breaks_off) return MKG_OK;
    err->status = MKG_ELM;
    snprintf(err->msg, sizeof err->msg, "broken off");
    return MKG_ELM;
}

static int on_token(void *ctx, const char *text, size_t n)
{
    mkg__buf_put(ctx, text, n);
    return 0;
}

static void check_message(const char *msg)
{
    CHECK(msg[0] && fuzz_valid(fuzz_str(msg)) && !strstr(msg, key));
    for (const char *p = msg; *p; p++)
        CHECK((unsigned char)*p >= 0x20 && *p != 0x7f);
}

/* The answer, or the error, as text. */
static mkg_status ask(unsigned how, mkg__buf *out)
{
    static const char url[] = "http://localhost/v1";
    mkg_evidence e = fuzz_evidence(how & 1);
    mkg_lm_opts opts = {.retries = how >> 1 & 1, .backoff_ms = 1};
    mkg_err err = {0};
    mkg_lm *lm;
    mkg_answer *a;
    mkg__buf tokens = {0};
    bool shown = how & 4;

    endpoint.posts = 0;
    CHECK_OK(mkg_lm_open(url, &opts, &lm, &fuzz_err));
    mkg_status st = mkg_lm_answer(lm, &e, shown ? on_token : NULL, &tokens, &a, &err);
    CHECK(endpoint.posts >= 1 && endpoint.posts <= opts.retries + 1);
    CHECK(tokens.len == 0 || endpoint.posts == 1); /* what was shown stays */
    CHECK(fuzz_valid(mkg__view(tokens.ptr, tokens.len)));
    if (st == MKG_OK) {
        fuzz_check_answer(&e, a);
        mkg__buf_str(out, a->text);
        CHECK(a->text[0] && (!shown || tokens.len > 0));
    } else {
        CHECK(st == MKG_ELM && !a);
        check_message(err.msg);
        mkg__buf_str(out, err.msg);
    }
    mkg_answer_free(a);
    mkg_lm_free(lm);
    mkg__buf_clear(&tokens);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long statuses[] = {200, 200, 200, 200, 400, 401, 429, 500};
    fuzz_input in = fuzz_open(data, size);
    unsigned how = fuzz_byte(&in);
    mkg__buf whole = {0}, parts = {0};

    CHECK(setenv("MEDKG_LM_KEY", key, 1) == 0);
    endpoint.status = statuses[how >> 3 & 7];
    endpoint.breaks_off = how & 64;
    endpoint.seed = fuzz_byte(&in);
    endpoint.body = in;
    endpoint.whole = true;
    mkg_status st = ask(how, &whole);
    endpoint.whole = false;
    CHECK(ask(how, &parts) == st);
    CHECK(strcmp(mkg__buf_cstr(&whole), mkg__buf_cstr(&parts)) == 0);
    mkg__buf_clear(&whole);
    mkg__buf_clear(&parts);
    return 0;
}
