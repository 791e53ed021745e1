/* What the files of lm/ share: the interface behind mkg_lm, and the steps around it. */
#ifndef MKG_LM_INTERNAL_H
#define MKG_LM_INTERNAL_H

#include "base/json.h"
#include "lm/lm.h"

/* What a backend writes, before it is checked. */
typedef struct mkg__draft {
    mkg__buf text;
    size_t pieces; /* so many of the evidence were read: only they can be cited */
    size_t prompt_tokens, tokens; /* 0 where unknown */
    bool cut;                     /* by a limit, not by the model's wish */
} mkg__draft;

/* A way to make text from evidence. */
typedef struct mkg__backend {
    const char *name;
    /* NULL: the evidence itself is the answer. */
    mkg_status (*write)(mkg_lm *lm, const mkg_evidence *e, mkg_lm_token_fn on_token,
                        void *ctx, mkg__draft *out, mkg_err *err);
} mkg__backend;

struct mkg_lm {
    const mkg__backend *backend;
    mkg_lm_opts opts;
    char *model, *url,
        *key; /* remote; `key` never leaves this struct but in a header */
    struct mkg__local *local; /* gguf */
};

extern const mkg__backend mkg__backend_none;
extern const mkg__backend mkg__backend_remote;
extern const mkg__backend mkg__backend_gguf;
extern const mkg__backend mkg__backend_builtin;

/* Check the URL, take key and model from the environment. */
mkg_status mkg__remote_setup(mkg_lm *lm, const char *url, mkg_err *err);

/* Open the model file. */
mkg_status mkg__local_setup(mkg_lm *lm, const char *path, mkg_err *err);
/* The same for the built-in model, and what its answers are made of. */
mkg_status mkg__builtin_setup(mkg_lm *lm, const char *data, mkg_err *err);
void mkg__local_free(struct mkg__local *l);

/* Append text that came from outside: on one line, without control or direction marks,
 * brackets that mean something in a prompt in their full-width form, at most `most`
 * characters, then "…". */
void mkg__put_data(mkg__buf *b, const char *text, size_t most);

/* A piece in the direction in which the question reads it; borrowed from the piece. */
typedef struct mkg__reading {
    const char *of, *label, *item, *sentence;
    bool literal, denied;
} mkg__reading;
mkg__reading mkg__read_piece(const mkg_piece *p);
/* Can one sentence tell both? Not with texts, which fill one each. */
bool mkg__read_together(const mkg__reading *a, const mkg__reading *b);

/* The evidence set out as sentences of the answer's language, each with its citations.
 */
mkg_status mkg__plain_answer(const mkg_evidence *e, mkg_answer *a, mkg_err *err);

/* Split text into sentences, keep those that the evidence supports (a->sentences,
 * a->text) and report the others (a->removed, a->reasons). A sentence may cite the
 * first `pieces`; lm/claims.h has what else is checked. `cut`: the text broke off, so
 * that what has no end is no sentence. */
mkg_status mkg__cite_check(const mkg_evidence *e, size_t pieces, mkg_view text,
                           bool cut, mkg_answer *a, mkg_err *err);
/* Numbers that the marks of a text cite, in their order, each once; at most `cap`.
 * Returns how many; SIZE_MAX if some are no numbers of a piece. */
size_t mkg__cite_numbers(mkg_view text, size_t *out, size_t cap);

/* Messages of a chat: the rules, then question and evidence as data, the first *used
 * pieces of it, `most` at most. Owned by the caller. */
mkg_status mkg__prompt_messages(const mkg_evidence *e, size_t most, json_t **out,
                                size_t *used, mkg_err *err);

/* ---- server-sent events ---- */

typedef mkg_status (*mkg__sse_fn)(void *ctx, mkg_view data, mkg_err *err);

/* https://html.spec.whatwg.org/multipage/server-sent-events.html, the data field alone.
 * Zero-initialise, end with mkg__sse_clear(). */
typedef struct mkg__sse {
    mkg__buf line, data;
    bool has_data;
} mkg__sse;
enum { MKG_SSE_EVENT_MAX = 4 << 20 };

/* Feed bytes in any portions; `fn` is called for each whole event. */
mkg_status mkg__sse_feed(mkg__sse *s, const char *p, size_t n, mkg__sse_fn fn,
                         void *ctx, mkg_err *err);
/* The stream is over: an event without a closing blank line counts. */
mkg_status mkg__sse_end(mkg__sse *s, mkg__sse_fn fn, void *ctx, mkg_err *err);
void mkg__sse_clear(mkg__sse *s);

/* ---- HTTP ---- */

typedef struct mkg__http_request {
    const char *url;
    const char *body;
    size_t body_len;
    const char *key;     /* bearer token, NULL for none */
    const char *ca_file; /* certificates to trust, NULL: the system's */
    unsigned connect_ms, idle_ms;
    size_t reply_max; /* bytes */
    /* Bytes of the reply with the status of its head; a failure ends the transfer. */
    mkg_status (*on_data)(void *ctx, long status, mkg_view data, mkg_err *err);
    void *ctx;
} mkg__http_request;

typedef struct mkg__http_reply {
    long status;          /* 0: no reply came */
    unsigned retry_after; /* seconds, 0: not said */
    bool timed_out;
    bool hopeless; /* another try would end the same way: a bad certificate, say */
} mkg__http_reply;

/* POST JSON. TLS is verified, redirects are not followed. MKG_OK when a whole reply
 * came, whatever its status; MKG_ELM with a sentence when none did or it broke off. */
mkg_status mkg__http_post(const mkg__http_request *r, mkg__http_reply *out,
                          mkg_err *err);

/* Copy into the answer's arena; NULL when out of memory. */
static inline const char *mkg__answer_keep(mkg_answer *a, mkg_view v)
{
    return mkg__arena_dup(&a->arena, v.ptr, v.len);
}

/* Append a sentence to the answer's list; its text and cites must live in the arena. */
mkg_status mkg__answer_add(mkg_answer *a, const char *text, const size_t *cites,
                           size_t ncites, bool supported, mkg_err *err);

#endif
