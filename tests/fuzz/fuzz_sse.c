/* Server-sent events: the same events in whatever portions the bytes come, and the ones
 * that a reading of the rules line by line gives. */
#include "fuzz.h"

#include "lm/lm_internal.h"

static mkg_status on_event(void *ctx, mkg_view data, mkg_err *err)
{
    (void)err;
    mkg__buf_printf(ctx, "%zu:", data.len);
    mkg__buf_put(ctx, data.ptr, data.len);
    return MKG_OK;
}

static void feed(fuzz_input in, uint64_t seed, bool whole, mkg__buf *out)
{
    mkg__sse s = {0};
    mkg__rng r = mkg__rng_new(seed, 0, 0);
    while (in.n) {
        size_t n = whole ? in.n : fuzz_portion(&r, in.n);
        char *own = malloc(n); /* no byte more: reads behind it show */
        CHECK(own);
        memcpy(own, in.p, n);
        CHECK_OK(mkg__sse_feed(&s, own, n, on_event, out, &fuzz_err));
        free(own);
        in = (fuzz_input){in.p + n, in.n - n};
    }
    CHECK_OK(mkg__sse_end(&s, on_event, out, &fuzz_err));
    CHECK(!s.has_data && s.line.len == 0);
    mkg__sse_clear(&s);
}

static void by_the_rules(fuzz_input in, mkg__buf *out)
{
    mkg__buf data = {0};
    bool any = false;
    while (in.n) {
        const char *nl = memchr(in.p, '\n', in.n);
        size_t n = nl ? (size_t)(nl - in.p) : in.n;
        mkg_view line = {in.p, n};
        in = (fuzz_input){in.p + n + (nl != NULL), in.n - n - (nl != NULL)};
        if (line.len && line.ptr[line.len - 1] == '\r') line.len--;
        if (line.len == 0 && any) {
            on_event(out, mkg__view(data.ptr, data.len), NULL);
            data.len = 0;
            any = false;
        } else if (line.len >= 5 && memcmp(line.ptr, "data:", 5) == 0) {
            size_t skip = line.len > 5 && line.ptr[5] == ' ' ? 6 : 5;
            if (any) mkg__buf_byte(&data, '\n');
            mkg__buf_put(&data, line.ptr + skip, line.len - skip);
            any = true;
        }
    }
    if (any) on_event(out, mkg__view(data.ptr, data.len), NULL);
    mkg__buf_clear(&data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_open(data, size);
    uint64_t seed = fuzz_byte(&in);
    mkg__buf whole = {0}, parts = {0}, rules = {0};

    feed(in, seed, true, &whole);
    feed(in, seed, false, &parts);
    by_the_rules(in, &rules);
    mkg_view v = {whole.ptr, whole.len};
    CHECK(mkg__view_eq(v, mkg__view(parts.ptr, parts.len)));
    CHECK(mkg__view_eq(v, mkg__view(rules.ptr, rules.len)));
    mkg__buf_clear(&whole);
    mkg__buf_clear(&parts);
    mkg__buf_clear(&rules);
    return 0;
}
