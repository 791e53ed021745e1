#include "lm/template.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

static const char *const names[] = {"none", "chatml", "llama2", "llama3"};

const char *mkg_template_name(mkg_template kind)
{
    return names[kind];
}

mkg_status mkg_template_parse(const char *name, mkg_template *out)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0) {
            *out = (mkg_template)i;
            return MKG_OK;
        }
    return MKG_NOTFOUND;
}

static bool contains(mkg_view v, const char *s)
{
    size_t n = strlen(s);
    for (size_t i = 0; i + n <= v.len; i++)
        if (memcmp(v.ptr + i, s, n) == 0) return true;
    return false;
}

static bool has(const mkg_tok *t, const char *name)
{
    return mkg_tok_find(t, name) != MKG_TOKEN_NONE;
}

/* Does the vocabulary have what the family needs? */
static bool can(mkg_template kind, const mkg_tok *t)
{
    const mkg_tok_info *info = mkg_tok_get_info(t);
    switch (kind) {
    case MKG_TEMPLATE_CHATML:
        return has(t, "<|im_start|>") && has(t, "<|im_end|>");
    case MKG_TEMPLATE_LLAMA2:
        return info->bos != MKG_TOKEN_NONE && info->eos != MKG_TOKEN_NONE;
    case MKG_TEMPLATE_LLAMA3:
        return has(t, "<|start_header_id|>") && has(t, "<|end_header_id|>") &&
               has(t, "<|eot_id|>");
    case MKG_TEMPLATE_NONE:
        break;
    }
    return true;
}

mkg_template mkg_template_detect(const mkg_gguf *g, const mkg_tok *t)
{
    mkg_view jinja = {0};
    mkg_template kind = MKG_TEMPLATE_NONE;
    mkg_status st = mkg_gguf_get_string(g, "tokenizer.chat_template", &jinja, NULL);
    if (st == MKG_OK && jinja.len) {
        if (contains(jinja, "<|im_start|>"))
            kind = MKG_TEMPLATE_CHATML;
        else if (contains(jinja, "<|start_header_id|>"))
            kind = MKG_TEMPLATE_LLAMA3;
        else if (contains(jinja, "[INST]"))
            kind = MKG_TEMPLATE_LLAMA2;
    } else {
        /* llama2 is words, not tokens: nothing in a vocabulary tells of it. */
        kind = can(MKG_TEMPLATE_LLAMA3, t)   ? MKG_TEMPLATE_LLAMA3
               : can(MKG_TEMPLATE_CHATML, t) ? MKG_TEMPLATE_CHATML
                                             : MKG_TEMPLATE_NONE;
    }
    return can(kind, t) ? kind : MKG_TEMPLATE_NONE;
}

/* ---- a prompt: text that collects until a control token ends it ---- */

typedef struct prompt {
    const mkg_tok *t;
    mkg__buf text;
    mkg_tokens *out;
    mkg_status st;
    mkg_err *err;
} prompt;

static void flush(prompt *p)
{
    if (p->text.failed && p->st >= 0) p->st = mkg__nomem(p->err);
    if (p->st >= 0 && p->text.len)
        p->st = mkg_tok_encode(p->t, mkg__view(p->text.ptr, p->text.len), 0, p->out,
                               p->err);
    p->text.len = 0;
}

static void put_id(prompt *p, uint32_t id)
{
    flush(p);
    if (p->st < 0 || id == MKG_TOKEN_NONE) return;
    size_t n = p->out->n;
    if (!mkg__grow(&p->out->id, &p->out->cap, n + 1, sizeof *p->out->id)) {
        p->st = mkg__nomem(p->err);
        return;
    }
    p->out->id[p->out->n++] = id;
}

static void put_control(prompt *p, const char *name)
{
    put_id(p, mkg_tok_find(p->t, name));
}

static void put(prompt *p, const char *s)
{
    mkg__buf_str(&p->text, s);
}

static void put_view(prompt *p, mkg_view v)
{
    mkg__buf_put(&p->text, v.ptr, v.len);
}

static const char *role_name(mkg_role role)
{
    return role == MKG_SYSTEM ? "system" : role == MKG_USER ? "user" : "assistant";
}

static void begin_text(prompt *p)
{
    const mkg_tok_info *info = mkg_tok_get_info(p->t);
    if (info->add_bos) put_id(p, info->bos);
}

static void open_chatml(prompt *p, mkg_role role)
{
    put_control(p, "<|im_start|>");
    put(p, role_name(role));
    put(p, "\n");
}

static void chatml(prompt *p, const mkg_turn *turns, size_t n, unsigned flags)
{
    begin_text(p);
    for (size_t i = 0; i < n; i++) {
        open_chatml(p, turns[i].role);
        put_view(p, turns[i].text);
        put_control(p, "<|im_end|>");
        put(p, "\n");
    }
    if (!(flags & MKG_TEMPLATE_ANSWER)) return;
    open_chatml(p, MKG_ASSISTANT);
    if ((flags & MKG_TEMPLATE_NO_THINK) && has(p->t, "<think>") &&
        has(p->t, "</think>")) {
        put_control(p, "<think>");
        put(p, "\n\n");
        put_control(p, "</think>");
        put(p, "\n\n");
    }
}

static void open_llama3(prompt *p, mkg_role role)
{
    put_control(p, "<|start_header_id|>");
    put(p, role_name(role));
    put_control(p, "<|end_header_id|>");
    put(p, "\n\n");
}

static void llama3(prompt *p, const mkg_turn *turns, size_t n, unsigned flags)
{
    begin_text(p);
    for (size_t i = 0; i < n; i++) {
        open_llama3(p, turns[i].role);
        put_view(p, mkg__trim(turns[i].text));
        put_control(p, "<|eot_id|>");
    }
    if (flags & MKG_TEMPLATE_ANSWER) open_llama3(p, MKG_ASSISTANT);
}

/* The system's words stand inside the first question. Each question begins a text, each
 * answer ends one; the last "[/INST]" asks for the answer by itself. */
static void llama2(prompt *p, const mkg_turn *turns, size_t n)
{
    const mkg_tok_info *info = mkg_tok_get_info(p->t);
    bool system = n > 0 && turns[0].role == MKG_SYSTEM;
    for (size_t i = system; i < n; i++) {
        if (turns[i].role == MKG_USER) {
            put_id(p, info->bos);
            put(p, "[INST] ");
            if (system && i == 1) {
                put(p, "<<SYS>>\n");
                put_view(p, turns[0].text);
                put(p, "\n<</SYS>>\n\n");
            }
            put_view(p, mkg__trim(turns[i].text));
            put(p, " [/INST]");
        } else {
            put(p, " ");
            put_view(p, mkg__trim(turns[i].text));
            put(p, " ");
            put_id(p, info->eos);
        }
    }
}

static void plain(prompt *p, const mkg_turn *turns, size_t n, unsigned flags)
{
    begin_text(p);
    for (size_t i = 0; i < n; i++) {
        if (i) put(p, "\n\n");
        put_view(p, turns[i].text);
    }
    if (n && (flags & MKG_TEMPLATE_ANSWER)) put(p, "\n\n");
}

static mkg_status check_turns(mkg_template kind, const mkg_turn *turns, size_t n,
                              mkg_err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (turns[i].role == MKG_SYSTEM && i > 0)
            return mkg__fail(err, MKG_EARG,
                             "turn %zu is the system's; only the first may be", i + 1);
        size_t at = i - (turns[0].role == MKG_SYSTEM);
        bool user = turns[i].role == MKG_USER;
        if (kind == MKG_TEMPLATE_LLAMA2 && turns[i].role != MKG_SYSTEM &&
            user != (at % 2 == 0))
            return mkg__fail(err, MKG_EARG,
                             "turn %zu: llama2's user and assistant take turns, the "
                             "user first",
                             i + 1);
    }
    if (kind == MKG_TEMPLATE_LLAMA2 && n == 1 && turns[0].role == MKG_SYSTEM)
        return mkg__fail(err, MKG_EARG, "llama2 has no system turn without a user's");
    return MKG_OK;
}

mkg_status mkg_template_apply(mkg_template kind, const mkg_tok *t,
                              const mkg_turn *turns, size_t n, unsigned flags,
                              mkg_tokens *out, mkg_err *err)
{
    prompt p = {.t = t, .out = out, .err = err};
    mkg_status st = check_turns(kind, turns, n, err);
    if (st < 0) return st;
    if (!can(kind, t))
        return mkg__fail(err, MKG_EARG,
                         "the vocabulary has not the tokens of the template %s",
                         mkg_template_name(kind));
    switch (kind) {
    case MKG_TEMPLATE_CHATML:
        chatml(&p, turns, n, flags);
        break;
    case MKG_TEMPLATE_LLAMA2:
        llama2(&p, turns, n);
        break;
    case MKG_TEMPLATE_LLAMA3:
        llama3(&p, turns, n, flags);
        break;
    case MKG_TEMPLATE_NONE:
        plain(&p, turns, n, flags);
        break;
    }
    flush(&p);
    mkg__buf_clear(&p.text);
    return p.st;
}
