/* An OpenAI-compatible endpoint: POST /v1/chat/completions, streamed or not. */
#include "base/err.h"
#include "base/text.h"
#include "base/io.h"
#include "lm/lm_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
    TEXT_MAX = 1 << 20,
    REPLY_MAX = 16 << 20,
    BODY_MAX = 4 << 20,
    WAIT_MAX_MS = 60000
};

/* ---- set-up ---- */

static mkg_view host_of(const char *url)
{
    const char *p = strstr(url, "://") + 3;
    size_t n = strcspn(p, "/?#");
    const char *at = memchr(p, '@', n);
    if (at) {
        n -= (size_t)(at + 1 - p);
        p = at + 1;
    }
    if (n && p[0] == '[') {
        const char *close = memchr(p, ']', n);
        return mkg__view(p, close ? (size_t)(close + 1 - p) : n);
    }
    const char *colon = memchr(p, ':', n);
    return mkg__view(p, colon ? (size_t)(colon - p) : n);
}

static bool is_loopback(mkg_view host)
{
    if (mkg__view_is(host, "localhost") || mkg__view_is(host, "[::1]")) return true;
    if (host.len < 4 || memcmp(host.ptr, "127.", 4) != 0) return false;
    for (size_t i = 0; i < host.len; i++)
        if (host.ptr[i] != '.' && (host.ptr[i] < '0' || host.ptr[i] > '9'))
            return false;
    return true;
}

/* "base", "base/v1" and "base/v1/chat/completions" all mean the last. */
static char *full_url(const char *url)
{
    mkg__buf b = {0};
    size_t n = strlen(url);
    while (n && url[n - 1] == '/')
        n--;
    mkg__buf_put(&b, url, n);
    mkg_view v = {url, n};
    const char *const ends[] = {"/chat/completions", "/v1"};
    const char *const adds[] = {"", "/chat/completions"};
    const char *add = "/v1/chat/completions";
    for (size_t i = 0; i < 2; i++) {
        size_t k = strlen(ends[i]);
        if (v.len >= k && memcmp(v.ptr + v.len - k, ends[i], k) == 0) {
            add = adds[i];
            break;
        }
    }
    mkg__buf_str(&b, add);
    if (!mkg__buf_cstr(&b)) mkg__buf_clear(&b);
    return b.ptr;
}

static mkg_status read_key_file(const char *path, char **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    struct stat sb;
    mkg__buf b = {0};

    if (stat(path, &sb) != 0) return mkg__fail_errno(err, "read the key file", path);
    if (sb.st_mode & 077)
        return mkg__fail(err, MKG_EPOLICY,
                         "the key file %s can be read by others: chmod 600", path);
    MKG_GO(mkg__file_read(path, 4096, &b, err));
    mkg_view key = mkg__trim(mkg__view(b.ptr, b.len));
    *out = mkg__viewdup(key);
    if (!*out) st = mkg__nomem(err);
out:
    if (b.ptr) memset(b.ptr, 0, b.len);
    mkg__buf_clear(&b);
    return st;
}

static mkg_status read_key(mkg_lm *lm, mkg_err *err)
{
    const char *key = getenv("MEDKG_LM_KEY"), *file = getenv("MEDKG_LM_KEY_FILE");
    if (key && *key) {
        lm->key = mkg__strdup(key);
        if (!lm->key) return mkg__nomem(err);
    } else if (file && *file) {
        mkg_status st = read_key_file(file, &lm->key, err);
        if (st < 0) return st;
    }
    for (const char *p = lm->key; p && *p; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
            return mkg__fail(err, MKG_EARG,
                             "the endpoint's key holds a character that no "
                             "key has");
    return MKG_OK;
}

mkg_status mkg__remote_setup(mkg_lm *lm, const char *url, mkg_err *err)
{
    const char *model = lm->opts.model ? lm->opts.model : getenv("MEDKG_LM_MODEL");
    const char *insecure = getenv("MEDKG_LM_INSECURE");
    mkg_view host = host_of(url);

    if (host.len == 0) return mkg__fail(err, MKG_EARG, "the URL names no host");
    if (strncmp(url, "http://", 7) == 0 && !is_loopback(host) &&
        !(insecure && strcmp(insecure, "1") == 0))
        return mkg__fail(
            err, MKG_EPOLICY,
            "refused to send a question over http to %.*s: use https, or set "
            "MEDKG_LM_INSECURE=1 within a network you trust",
            mkg__clip(host, 100), host.ptr);
    lm->url = full_url(url);
    lm->model = mkg__strdup(model && *model ? model : "default");
    if (!lm->url || !lm->model) return mkg__nomem(err);
    return read_key(lm, err);
}

/* ---- the reply ---- */

typedef struct reply {
    mkg_lm *lm;
    mkg__draft *out;
    mkg_lm_token_fn on_token;
    void *token_ctx;
    mkg__sse sse;
    mkg__buf body; /* of a reply that is not streamed */
    bool streamed, done;
    bool shown; /* text has gone to the caller: no second try */
} reply;

/* What the other side says is shown to people: one line, no control characters, never
 * the key. */
static mkg_status server_says(const reply *r, long status, const char *text,
                              mkg_err *err)
{
    char line[241];
    size_t n = 0, len = strlen(text), k, bad;
    const char *key = r->lm->key;
    size_t key_len = key ? strlen(key) : 0;
    if (!mkg__utf8_valid(text, len, &bad)) len = bad;
    for (size_t i = 0; i < len && n + 8 < sizeof line; i += k) {
        mkg__utf8_decode(text + i, len - i, &k);
        if (key_len && len - i >= key_len && memcmp(text + i, key, key_len) == 0) {
            memcpy(line + n, "(key)", 5);
            n += 5;
            k = key_len;
        } else if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            line[n++] = ' ';
        } else {
            memcpy(line + n, text + i, k);
            n += k;
        }
    }
    line[n] = '\0';
    return mkg__fail(err, MKG_ELM, "the endpoint answered with status %ld%s%s", status,
                     n ? ": " : "", line);
}

/* {"error": {"message": …}} or {"error": …} or {"message": …}; NULL if there is none.
 */
static const char *error_text(const json_t *v)
{
    const json_t *e = json_object_get(v, "error");
    if (json_is_string(e)) return json_string_value(e);
    if (e) {
        const char *m = json_string_value(json_object_get(e, "message"));
        return m ? m : "an error without a message";
    }
    return NULL;
}

static mkg_status take_text(reply *r, const json_t *choice, const char *key,
                            mkg_err *err)
{
    mkg_view text =
        mkg__json_view(json_object_get(json_object_get(choice, key), "content"));
    if (!text.ptr || text.len == 0) return MKG_OK;
    if (r->out->text.len + text.len > TEXT_MAX)
        return mkg__fail(err, MKG_ELM, "the endpoint's answer is longer than %d KiB",
                         TEXT_MAX >> 10);
    mkg__buf_put(&r->out->text, text.ptr, text.len);
    if (r->out->text.failed) return mkg__nomem(err);
    if (!r->on_token) return MKG_OK;
    r->shown = true;
    if (r->on_token(r->token_ctx, text.ptr, text.len) != 0)
        return mkg__fail(err, MKG_ECANCEL, "cancelled");
    return MKG_OK;
}

static void take_usage(reply *r, const json_t *v)
{
    const json_t *usage = json_object_get(v, "usage");
    json_int_t prompt = json_integer_value(json_object_get(usage, "prompt_tokens"));
    json_int_t tokens = json_integer_value(json_object_get(usage, "completion_tokens"));
    if (prompt > 0) r->out->prompt_tokens = (size_t)prompt;
    if (tokens > 0) r->out->tokens = (size_t)tokens;
}

static mkg_status take_value(reply *r, mkg_view text, const char *key, mkg_err *err)
{
    json_t *v;
    mkg_err why;
    mkg_status st = mkg__json_parse(text, "reply", 1, &v, &why);
    if (st == MKG_EPARSE)
        return mkg__fail(err, MKG_ELM, "the endpoint's reply is not valid JSON");
    if (st < 0) return mkg__nomem(err);
    const char *error = error_text(v);
    if (error) {
        st = server_says(r, 200, error, err);
    } else {
        take_usage(r, v);
        const json_t *choice = json_array_get(json_object_get(v, "choices"), 0);
        st = take_text(r, choice, key, err);
    }
    json_decref(v);
    return st;
}

static mkg_status on_event(void *ctx, mkg_view data, mkg_err *err)
{
    reply *r = ctx;
    if (mkg__view_is(mkg__trim(data), "[DONE]")) {
        r->done = true;
        return MKG_OK;
    }
    return r->done ? MKG_OK : take_value(r, data, "delta", err);
}

/* Is this the beginning of an event stream? Servers mislabel it, so look at the bytes.
 */
static bool begins_stream(const mkg__buf *b)
{
    size_t i = 0;
    while (i < b->len && (b->ptr[i] == '\n' || b->ptr[i] == '\r' || b->ptr[i] == ' '))
        i++;
    return i < b->len && b->ptr[i] != '{' && b->ptr[i] != '[' && b->ptr[i] != '<';
}

static mkg_status on_data(void *ctx, long status, mkg_view data, mkg_err *err)
{
    reply *r = ctx;
    if (r->streamed)
        return mkg__sse_feed(&r->sse, data.ptr, data.len, on_event, r, err);
    if (r->body.len + data.len > BODY_MAX)
        return mkg__fail(err, MKG_ELM, "the endpoint's reply is longer than %d MiB",
                         BODY_MAX >> 20);
    mkg__buf_put(&r->body, data.ptr, data.len);
    if (r->body.failed) return mkg__nomem(err);
    if (status != 200 || !begins_stream(&r->body)) return MKG_OK;
    r->streamed = true;
    return mkg__sse_feed(&r->sse, r->body.ptr, r->body.len, on_event, r, err);
}

static mkg_status refused(const reply *r, long status, mkg_err *err)
{
    json_t *v = NULL;
    mkg_view body = {r->body.ptr ? r->body.ptr : "", r->body.len};
    const char *text = NULL;
    if (mkg__json_parse(body, "reply", 1, &v, NULL) >= 0) text = error_text(v);
    if (!text && v) text = json_string_value(json_object_get(v, "message"));
    mkg_status st = server_says(r, status, text ? text : "", err);
    json_decref(v);
    return st;
}

static mkg_status finish(reply *r, long status, mkg_err *err)
{
    mkg_status st;
    if (status != 200) return refused(r, status, err);
    if (r->streamed)
        st = mkg__sse_end(&r->sse, on_event, r, err);
    else
        st = take_value(r, mkg__view(r->body.ptr ? r->body.ptr : "", r->body.len),
                        "message", err);
    if (st >= 0 && r->streamed && !r->done && r->out->text.len == 0)
        st = mkg__fail(err, MKG_ELM, "the endpoint's reply ended before it began");
    else if (st >= 0 && r->out->text.len == 0)
        st = mkg__fail(err, MKG_ELM, "the endpoint's reply holds no answer");
    return st;
}

/* ---- the request ---- */

static mkg_status make_body(const mkg_lm *lm, const mkg_evidence *e, mkg__buf *out,
                            size_t *pieces, mkg_err *err)
{
    mkg_status st = MKG_OK;
    json_t *messages = NULL, *body = NULL;

    MKG_GO(mkg__prompt_messages(e, SIZE_MAX, &messages, pieces, err));
    body =
        json_pack("{s:s, s:O, s:b, s:f, s:i, s:{s:b}}", "model", lm->model, "messages",
                  messages, "stream", 1, "temperature", lm->opts.temperature,
                  "max_tokens", lm->opts.max_tokens ? (int)lm->opts.max_tokens : 1024,
                  "stream_options", "include_usage", 1);
    st = body ? mkg__json_dump(body, out, err) : mkg__nomem(err);
    if (st >= 0 && !mkg__buf_cstr(out)) st = mkg__nomem(err);
out:
    json_decref(messages);
    json_decref(body);
    return st;
}

static void wait_ms(unsigned long ms)
{
    struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    while (nanosleep(&t, &t) != 0 && errno == EINTR)
        ;
}

static bool worth_another_try(const mkg__http_reply *head, mkg_status st)
{
    if (head->hopeless || head->timed_out) return false; /* it has waited long enough */
    if (st < 0 && head->status == 0) return true;        /* no reply at all */
    return head->status == 429 || head->status == 500 || head->status == 502 ||
           head->status == 503 || head->status == 504 ||
           (st < 0 && head->status == 200);
}

static void start_again(reply *r)
{
    mkg__sse_clear(&r->sse);
    r->body.len = 0;
    r->out->text.len = 0;
    r->streamed = r->done = false;
}

static mkg_status try_until_done(reply *r, const mkg__http_request *request,
                                 mkg_err *err)
{
    const mkg_lm_opts *o = &r->lm->opts;
    unsigned long wait = o->backoff_ms ? o->backoff_ms : 500;

    for (unsigned attempt = 0;; attempt++) {
        mkg__http_reply head;
        mkg_status st = mkg__http_post(request, &head, err);
        bool broke_off = st == MKG_ELM; /* before the reply was whole */
        if (st >= 0) st = finish(r, head.status, err);
        if (st >= 0) return st;
        bool again = st == MKG_ELM && !r->shown && attempt < o->retries &&
                     (broke_off || head.status != 200) && worth_another_try(&head, st);
        if (!again) return st;
        unsigned long ms = head.retry_after ? head.retry_after * 1000ul : wait;
        wait_ms(ms < WAIT_MAX_MS ? ms : WAIT_MAX_MS);
        wait = wait < WAIT_MAX_MS / 2 ? wait * 2 : WAIT_MAX_MS;
        start_again(r);
    }
}

static mkg_status write_answer(mkg_lm *lm, const mkg_evidence *e,
                               mkg_lm_token_fn on_token, void *ctx, mkg__draft *out,
                               mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__buf body = {0};
    const char *ca_file = getenv("SSL_CERT_FILE"); /* as OpenSSL's programs have it */
    reply r = {.lm = lm, .out = out, .on_token = on_token, .token_ctx = ctx};

    for (size_t i = 0; i < e->npieces; i++)
        if (e->pieces[i].private_record && !lm->opts.allow_phi)
            return mkg__fail(
                err, MKG_EPOLICY,
                "refused: evidence [%zu] comes from a patient's record and may "
                "not leave this machine",
                i + 1);
    MKG_GO(make_body(lm, e, &body, &out->pieces, err));
    mkg__http_request request = {
        .url = lm->url,
        .body = body.ptr,
        .body_len = body.len,
        .key = lm->key,
        .ca_file = ca_file && *ca_file ? ca_file : NULL,
        .connect_ms = lm->opts.connect_ms ? lm->opts.connect_ms : 10000,
        .idle_ms = lm->opts.idle_ms ? lm->opts.idle_ms : 120000,
        .reply_max = REPLY_MAX,
        .on_data = on_data,
        .ctx = &r};
    st = try_until_done(&r, &request, err);
out:
    mkg__buf_clear(&body);
    mkg__buf_clear(&r.body);
    mkg__sse_clear(&r.sse);
    return st;
}

const mkg__backend mkg__backend_remote = {"remote", write_answer};
