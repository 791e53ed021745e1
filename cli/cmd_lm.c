/* medkg lm: the table of its sub-commands; and lm tokenize. */
#include "cli/cmd_lm.h"

#include "base/err.h"
#include "base/io.h"
#include "lm/tokenizer.h"

#include <string.h>

static const cli_lm_command commands[] = {
    {"info", "FILE", 1, cli_lm_info},
    {"tokenize", "FILE TEXT", 2, cli_lm_tokenize},
    {"logits", "FILE", 1, cli_lm_logits},
    {"generate", "FILE PROMPT", 2, cli_lm_generate},
    {"bench", "FILE", 1, cli_lm_bench},
    {"quantize", "IN OUT", 2, cli_lm_quantize},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

mkg_status cli_cmd_lm(cli *c)
{
    const char *names[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++) {
        const cli_lm_command *k = &commands[i];
        names[i] = k->name;
        if (strcmp(c->args[0], k->name) != 0) continue;
        if (c->nargs < k->nargs + 1)
            return mkg__fail(&c->err, MKG_EARG, "lm %s needs an argument: %s", k->name,
                             k->args);
        if (c->nargs > k->nargs + 1)
            return mkg__fail(&c->err, MKG_EARG,
                             "lm %s takes %s, but there is also '%s'; put what belongs "
                             "together in quotes",
                             k->name, k->args, c->args[k->nargs + 1]);
        return k->run(c);
    }
    return cli_unknown(c, "lm", c->args[0], "is not known", names, COMMANDS);
}

/* ---- tokenize ---- */

enum { TEXT_MAX = 64 << 20 };

/* TEXT as it is, "-" being standard input. */
static mkg_status read_text(cli *c, const char *arg, mkg__buf *out)
{
    if (strcmp(arg, "-") == 0) return mkg__file_read("-", TEXT_MAX, out, &c->err);
    mkg__buf_str(out, arg);
    return out->failed ? mkg__nomem(&c->err) : MKG_OK;
}

/* What a token stands for, on one line: bytes that are no whole character as <0xE7>. */
static void put_piece(mkg__buf *out, mkg_view v)
{
    for (size_t i = 0, len; i < v.len; i += len) {
        unsigned char b = (unsigned char)v.ptr[i];
        uint32_t ch = mkg__utf8_decode(v.ptr + i, v.len - i, &len);
        if (ch == '\n' || ch == '\t' || ch == '\r')
            mkg__buf_printf(out, "\\%c", ch == '\n' ? 'n' : ch == '\t' ? 't' : 'r');
        else if (b < 0x20 || b == 0x7f || (len == 1 && b >= 0x80))
            mkg__buf_printf(out, "<0x%02X>", b);
        else
            mkg__buf_put(out, v.ptr + i, len);
    }
}

/* As JSON has it: only what is no character is written another way. */
static json_t *piece_json(mkg_view v)
{
    mkg__buf b = {0};
    for (size_t i = 0, len; i < v.len; i += len) {
        unsigned char byte = (unsigned char)v.ptr[i];
        mkg__utf8_decode(v.ptr + i, v.len - i, &len);
        if (byte == 0 || (len == 1 && byte >= 0x80))
            mkg__buf_printf(&b, "<0x%02X>", byte);
        else
            mkg__buf_put(&b, v.ptr + i, len);
    }
    const char *s = mkg__buf_cstr(&b);
    json_t *out = s ? json_stringn(s, b.len) : NULL;
    mkg__buf_clear(&b);
    return out;
}

static mkg_status tokens_json(cli *c, const mkg_tok *t, const mkg_tokens *ids)
{
    json_t *numbers = json_array(), *pieces = json_array();
    for (size_t i = 0; i < ids->n; i++) {
        json_array_append_new(numbers, json_integer((json_int_t)ids->id[i]));
        json_array_append_new(pieces, piece_json(mkg_tok_text(t, ids->id[i])));
    }
    return cli_json(c, json_pack("{s:I, s:o, s:o}", "count", (json_int_t)ids->n, "ids",
                                 numbers, "pieces", pieces));
}

static mkg_status tokens_print(cli *c, const mkg_tok *t, const mkg_tokens *ids)
{
    mkg__buf line = {0};
    for (size_t i = 0; i < ids->n && !line.failed; i++) {
        line.len = 0;
        mkg__buf_printf(&line, "%7lu  ", (unsigned long)ids->id[i]);
        put_piece(&line, mkg_tok_text(t, ids->id[i]));
        mkg__buf_byte(&line, '\n');
        if (!line.failed) cli_put(c, line.ptr, line.len);
    }
    bool failed = line.failed;
    mkg__buf_clear(&line);
    return failed ? mkg__nomem(&c->err) : MKG_OK;
}

mkg_status cli_lm_tokenize(cli *c)
{
    mkg_status st;
    mkg_gguf *g = NULL;
    mkg_tok *t = NULL;
    mkg__buf text = {0};
    mkg_tokens ids = {0};
    unsigned flags = (cli_opt_given(c, "bos") ? MKG_ENCODE_EDGES : 0u) |
                     (cli_opt_given(c, "special") ? MKG_ENCODE_SPECIAL : 0u);

    MKG_GO(read_text(c, c->args[2], &text));
    MKG_GO(mkg_gguf_open(c->args[1], &g, &c->err));
    MKG_GO(mkg_tok_load(g, &t, &c->err));
    MKG_GO(mkg_tok_encode(t, mkg__view(text.ptr, text.len), flags, &ids, &c->err));
    st = c->json ? tokens_json(c, t, &ids) : tokens_print(c, t, &ids);
out:
    mkg_tokens_clear(&ids);
    mkg__buf_clear(&text);
    mkg_tok_free(t);
    mkg_gguf_close(g);
    return st;
}
