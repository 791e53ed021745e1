/* Model files: what is taken for a model runs, or says why not; a saved prompt that any
 * bytes make up is never taken for one. */
#include "fuzz.h"

#include "lm/session.h"

static void run(const mkg_model *m, size_t how)
{
    static const mkg_tensor_type caches[] = {MKG_F16, MKG_F32, MKG_Q8_0};
    const mkg_model_info *i = mkg_model_get_info(m);
    mkg_session_opts o = {.context = 8,
                          .threads = 1,
                          .cache = caches[how % 3],
                          .exact = how / 3 % 2 == 1};
    mkg_session *s = NULL;
    uint32_t ids[] = {0, 1, (uint32_t)i->vocab - 1};
    float *logits = malloc(i->vocab * sizeof *logits);
    size_t n;
    CHECK(logits);
    ids[1] %= (uint32_t)i->vocab;
    CHECK_OK(mkg_session_new(m, &o, &s, &fuzz_err));
    mkg_status st = mkg_session_eval(s, ids, 3, logits, &fuzz_err);
    CHECK(st == MKG_OK || st == MKG_ELM);
    if (st == MKG_OK) {
        for (size_t k = 0; k < i->vocab; k++)
            CHECK(logits[k] - logits[k] == 0);
        const char *path = fuzz_path("saved.kv");
        CHECK_OK(mkg_session_save(s, path, &fuzz_err));
        CHECK(mkg_session_load(s, path, &fuzz_err) == MKG_OK);
    }
    mkg_session_tokens(s, &n);
    CHECK(n == (st == MKG_OK ? 3 : 0));
    mkg_session_free(s);
    free(logits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mkg_gguf *g = NULL;
    mkg_model *m = NULL;
    char *p = aligned_alloc(64, (size + 64) / 64 * 64);
    CHECK(p);
    memcpy(p, data, size);
    fuzz_err.msg[0] = '\0';
    if (mkg_gguf_open_bytes(p, size, "fuzz", &g, &fuzz_err) == MKG_OK) {
        mkg_status st = mkg_model_take(g, &m, &fuzz_err);
        CHECK(st == MKG_OK || (st == MKG_EPARSE && !m && fuzz_err.msg[0]));
        if (st == MKG_OK) run(m, size);
    }
    mkg_model_free(m);
    free(p);
    return 0;
}
