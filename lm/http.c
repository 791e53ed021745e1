/* HTTP by libcurl, opened at first use. Only user of curl.h. */
#include "base/dylib.h"
#include "base/err.h"
#include "lm/lm_internal.h"

#define CURL_DISABLE_TYPECHECK  /* its macros would name functions that are not linked \
                                 */
#include <curl/curl.h>
#undef curl_easy_setopt
#undef curl_easy_getinfo
#include <pthread.h>
#include <string.h>

static struct {
    __typeof__(&curl_global_init) global_init;
    __typeof__(&curl_easy_init) init;
    __typeof__(&curl_easy_setopt) setopt;
    __typeof__(&curl_easy_perform) perform;
    __typeof__(&curl_easy_getinfo) getinfo;
    __typeof__(&curl_easy_cleanup) cleanup;
    __typeof__(&curl_easy_strerror) strerror;
    __typeof__(&curl_slist_append) list_append;
    __typeof__(&curl_slist_free_all) list_free;
} curl;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static mkg_status load_status;
static mkg_err load_error;

static void load(void)
{
    const mkg__symbol symbols[] = {{"curl_global_init", &curl.global_init},
                                   {"curl_easy_init", &curl.init},
                                   {"curl_easy_setopt", &curl.setopt},
                                   {"curl_easy_perform", &curl.perform},
                                   {"curl_easy_getinfo", &curl.getinfo},
                                   {"curl_easy_cleanup", &curl.cleanup},
                                   {"curl_easy_strerror", &curl.strerror},
                                   {"curl_slist_append", &curl.list_append},
                                   {"curl_slist_free_all", &curl.list_free}};
    load_status = mkg__dylib_load("libcurl.so.4", "libcurl4", symbols,
                                  sizeof symbols / sizeof *symbols, &load_error);
    if (load_status >= 0 && curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        load_status = mkg__fail(&load_error, MKG_ELM, "libcurl does not start");
}

typedef struct transfer {
    const mkg__http_request *r;
    CURL *handle;
    size_t received;
    mkg_status st;
    mkg_err err;
} transfer;

static size_t on_write(char *p, size_t size, size_t n, void *ctx)
{
    transfer *t = ctx;
    long status = 0;
    size_t bytes = size * n;

    t->received += bytes;
    if (t->received > t->r->reply_max) {
        t->st =
            mkg__fail(&t->err, MKG_ELM, "the endpoint's reply is longer than %zu bytes",
                      t->r->reply_max);
        return 0;
    }
    curl.getinfo(t->handle, CURLINFO_RESPONSE_CODE, &status);
    t->st = t->r->on_data(t->r->ctx, status, mkg__view(p, bytes), &t->err);
    return t->st < 0 ? 0 : bytes; /* another number ends the transfer */
}

static mkg_status make_headers(const mkg__http_request *r, struct curl_slist **out,
                               mkg_err *err)
{
    mkg__buf b = {0};
    struct curl_slist *list = NULL, *next;
    const char *const fixed[] = {"Content-Type: application/json",
                                 "Accept: text/event-stream, application/json",
                                 "Expect:"};
    bool ok = true;

    for (size_t i = 0; ok && i < sizeof fixed / sizeof *fixed; i++) {
        next = curl.list_append(list, fixed[i]);
        ok = next != NULL;
        if (ok) list = next;
    }
    if (ok && r->key) {
        mkg__buf_printf(&b, "Authorization: Bearer %s", r->key);
        next = mkg__buf_cstr(&b) ? curl.list_append(list, b.ptr) : NULL;
        ok = next != NULL;
        if (ok) list = next;
    }
    if (b.ptr) memset(b.ptr, 0, b.len);
    mkg__buf_clear(&b);
    if (!ok) {
        curl.list_free(list);
        return mkg__nomem(err);
    }
    *out = list;
    return MKG_OK;
}

static void set_options(CURL *h, const mkg__http_request *r, struct curl_slist *headers,
                        transfer *t, char *why)
{
    curl.setopt(h, CURLOPT_URL, r->url);
    curl.setopt(h, CURLOPT_POST, 1L);
    curl.setopt(h, CURLOPT_POSTFIELDS, r->body);
    curl.setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
    curl.setopt(h, CURLOPT_HTTPHEADER, headers);
    curl.setopt(h, CURLOPT_WRITEFUNCTION, on_write);
    curl.setopt(h, CURLOPT_WRITEDATA, t);
    curl.setopt(h, CURLOPT_ERRORBUFFER, why);
    curl.setopt(h, CURLOPT_USERAGENT, "medkg/" MKG_VERSION);
    curl.setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_ms);
    /* Less than a byte a second for that long is silence. */
    curl.setopt(h, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl.setopt(h, CURLOPT_LOW_SPEED_TIME, (long)((r->idle_ms + 999) / 1000));
    curl.setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl.setopt(h, CURLOPT_FOLLOWLOCATION, 0L); /* the key is for this host alone */
    curl.setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    curl.setopt(h, CURLOPT_SSL_VERIFYPEER, 1L);
    curl.setopt(h, CURLOPT_SSL_VERIFYHOST, 2L);
    if (r->ca_file) curl.setopt(h, CURLOPT_CAINFO, r->ca_file);
    curl.setopt(h, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
}

mkg_status mkg__http_post(const mkg__http_request *r, mkg__http_reply *out,
                          mkg_err *err)
{
    mkg_status st = MKG_OK;
    struct curl_slist *headers = NULL;
    char why[CURL_ERROR_SIZE] = "";
    transfer t = {.r = r};
    curl_off_t retry_after = 0;

    memset(out, 0, sizeof *out);
    pthread_once(&once, load);
    if (load_status < 0) {
        if (err) *err = load_error;
        return load_status;
    }
    if (!(t.handle = curl.init())) return mkg__nomem(err);
    MKG_GO(make_headers(r, &headers, err));
    set_options(t.handle, r, headers, &t, why);
    CURLcode rc = curl.perform(t.handle);
    curl.getinfo(t.handle, CURLINFO_RESPONSE_CODE, &out->status);
    curl.getinfo(t.handle, CURLINFO_RETRY_AFTER, &retry_after);
    if (retry_after > 0)
        out->retry_after = retry_after > 3600 ? 3600u : (unsigned)retry_after;
    out->timed_out = rc == CURLE_OPERATION_TIMEDOUT;
    out->hopeless = rc == CURLE_PEER_FAILED_VERIFICATION ||
                    rc == CURLE_SSL_CACERT_BADFILE || rc == CURLE_URL_MALFORMAT ||
                    rc == CURLE_UNSUPPORTED_PROTOCOL;
    if (t.st < 0) {
        st = t.st;
        if (err) *err = t.err;
    } else if (out->timed_out) {
        st = mkg__fail(err, MKG_ELM,
                       out->status ? "the endpoint fell silent: %s"
                                   : "the endpoint did not answer in time: %s",
                       why[0] ? why : curl.strerror(rc));
    } else if (rc != CURLE_OK) {
        st = mkg__fail(err, MKG_ELM, "the endpoint cannot be reached: %s",
                       why[0] ? why : curl.strerror(rc));
    }
out:
    if (headers) curl.list_free(headers);
    curl.cleanup(t.handle);
    return st;
}
