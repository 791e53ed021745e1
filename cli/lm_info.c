/* medkg lm info: what a GGUF file holds. */
#include "cli/cmd_lm.h"

#include "base/err.h"
#include "base/hash.h"
#include "lm/template.h"
#include "lm/tokenizer.h"

#include <string.h>

enum { TYPES = 64 }; /* numbers of tensor types are below this */

typedef struct type_sum {
    const mkg_type_info *type;
    uint64_t tensors, values, bytes;
} type_sum;

typedef struct info {
    mkg_gguf *g;
    mkg_tok *t; /* NULL: none, or not one of ours; then `no_tok` says why */
    mkg_err no_tok;
    mkg_template kind;
    char arch[64], name[200];
    uint64_t parameters;
    type_sum sums[TYPES];
} info;

/* Numbers of the architecture, "llama.block_count" and so on. */
static const struct {
    const char *key, *json, *shown;
} numbers[] = {
    {"context_length", "context", "context, tokens"},
    {"block_count", "layers", "layers"},
    {"embedding_length", "embedding", "embedding width"},
    {"feed_forward_length", "feed_forward", "feed-forward width"},
    {"attention.head_count", "heads", "attention heads"},
    {"attention.head_count_kv", "kv_heads", "key-value heads"},
};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

static bool number_of(const info *in, size_t i, uint64_t *out)
{
    char key[160];
    snprintf(key, sizeof key, "%s.%s", in->arch, numbers[i].key);
    return mkg_gguf_get_u64(in->g, key, out, NULL) == MKG_OK;
}

/* A string of the metadata, cut to the room; "" if there is none. */
static void copy_string(const mkg_gguf *g, const char *key, char *out, size_t room)
{
    mkg_view v = {0};
    size_t bad;
    out[0] = '\0';
    if (mkg_gguf_get_string(g, key, &v, NULL) != MKG_OK ||
        !mkg__utf8_valid(v.ptr, v.len, &bad))
        return;
    snprintf(out, room, "%.*s", mkg__clip(v, room - 1), v.ptr);
}

static mkg_status read_info(cli *c, info *in)
{
    mkg_status st = mkg_gguf_open(c->args[1], &in->g, &c->err);
    if (st < 0) return st;
    copy_string(in->g, "general.architecture", in->arch, sizeof in->arch);
    copy_string(in->g, "general.name", in->name, sizeof in->name);
    for (size_t i = 0; i < mkg_gguf_tensor_count(in->g); i++) {
        const mkg_gguf_tensor *t = mkg_gguf_tensor_at(in->g, i);
        type_sum *s = &in->sums[t->type->type % TYPES];
        s->type = t->type;
        s->tensors++;
        s->values += t->n;
        s->bytes += t->bytes;
        in->parameters += t->n;
    }
    st = mkg_tok_load(in->g, &in->t, &in->no_tok);
    if (st == MKG_ENOMEM) return mkg__nomem(&c->err);
    if (in->t) in->kind = mkg_template_detect(in->g, in->t);
    return MKG_OK;
}

/* ---- --json ---- */

static json_t *id_json(uint32_t id)
{
    return id == MKG_TOKEN_NONE ? json_null() : json_integer((json_int_t)id);
}

static json_t *tokenizer_json(const info *in)
{
    if (!in->t) return json_null();
    const mkg_tok_info *t = mkg_tok_get_info(in->t);
    return json_pack("{s:s, s:s, s:I, s:o, s:o, s:b, s:b}", "model", t->model, "pre",
                     t->pre, "tokens", (json_int_t)t->n, "bos", id_json(t->bos), "eos",
                     id_json(t->eos), "add_bos", (int)t->add_bos, "add_eos",
                     (int)t->add_eos);
}

static json_t *types_json(const info *in)
{
    json_t *list = json_array();
    for (size_t i = 0; i < TYPES; i++) {
        const type_sum *s = &in->sums[i];
        if (s->type)
            json_array_append_new(
                list, json_pack("{s:s, s:I, s:I, s:I, s:b}", "type", s->type->name,
                                "tensors", (json_int_t)s->tensors, "values",
                                (json_int_t)s->values, "bytes", (json_int_t)s->bytes,
                                "computes", (int)s->type->computes));
    }
    return list;
}

static json_t *value_json(const mkg_gguf_meta *m)
{
    int64_t v = mkg_gguf_int_at(m, 0);
    switch (m->kind) {
    case MKG_GGUF_ARRAY:
        return json_pack("{s:I}", "elements", (json_int_t)m->n);
    case MKG_GGUF_STRING: {
        json_t *s = json_stringn(m->raw.ptr, m->raw.len);
        return s ? s : json_pack("{s:I}", "bytes", (json_int_t)m->raw.len);
    }
    case MKG_GGUF_BOOL:
        return json_boolean(v);
    case MKG_GGUF_F32:
    case MKG_GGUF_F64: {
        json_t *x = json_real(mkg_gguf_float_at(m, 0));
        return x ? x : json_null(); /* not finite */
    }
    default:
        return json_integer((json_int_t)v);
    }
}

static void add_all(const info *in, json_t *out)
{
    json_t *meta = json_object(), *tensors = json_array();
    for (size_t i = 0; i < mkg_gguf_meta_count(in->g); i++) {
        const mkg_gguf_meta *m = mkg_gguf_meta_at(in->g, i);
        json_object_setn_new(meta, m->key.ptr, m->key.len, value_json(m));
    }
    for (size_t i = 0; i < mkg_gguf_tensor_count(in->g); i++) {
        const mkg_gguf_tensor *t = mkg_gguf_tensor_at(in->g, i);
        json_t *shape = json_array();
        for (uint32_t k = 0; k < t->n_dims; k++)
            json_array_append_new(shape, json_integer((json_int_t)t->ne[k]));
        json_array_append_new(tensors,
                              json_pack("{s:s%, s:s, s:o, s:I}", "name", t->name.ptr,
                                        t->name.len, "type", t->type->name, "shape",
                                        shape, "bytes", (json_int_t)t->bytes));
    }
    json_object_set_new(out, "metadata", meta);
    json_object_set_new(out, "all_tensors", tensors);
}

static mkg_status info_json(cli *c, const info *in)
{
    json_t *out =
        json_pack("{s:s, s:I, s:I, s:s, s:s, s:I, s:I}", "file", c->args[1], "bytes",
                  (json_int_t)mkg_gguf_bytes(in->g), "gguf",
                  (json_int_t)mkg_gguf_version(in->g), "name", in->name, "architecture",
                  in->arch, "parameters", (json_int_t)in->parameters, "tensors",
                  (json_int_t)mkg_gguf_tensor_count(in->g));
    if (!out) return mkg__nomem(&c->err);
    for (size_t i = 0; i < NUMBERS; i++) {
        uint64_t v;
        json_object_set_new(out, numbers[i].json,
                            number_of(in, i, &v) && v <= INT64_MAX
                                ? json_integer((json_int_t)v)
                                : json_null());
    }
    json_object_set_new(out, "types", types_json(in));
    json_object_set_new(out, "tokenizer", tokenizer_json(in));
    json_object_set_new(out, "template", json_string(mkg_template_name(in->kind)));
    if (cli_opt_given(c, "all")) add_all(in, out);
    return cli_json(c, out);
}

/* ---- text ---- */

static void row(cli_table *t, const char *name, uint64_t v)
{
    cli_cell(t, "%s", name);
    cli_cell(t, "%llu", (unsigned long long)v);
}

static mkg_status print_head(cli *c, const info *in)
{
    cli_table t = {.align = "ll"};
    cli_cell(&t, "model");
    cli_cell(&t, "%s", in->name[0] ? in->name : "(no name)");
    cli_cell(&t, "architecture");
    cli_cell(&t, "%s", in->arch[0] ? in->arch : "(not said)");
    cli_cell(&t, "file");
    cli_cell(&t, "%.1f MB, GGUF %lu", (double)mkg_gguf_bytes(in->g) / 1e6,
             (unsigned long)mkg_gguf_version(in->g));
    row(&t, "parameters", in->parameters);
    for (size_t i = 0; i < NUMBERS; i++) {
        uint64_t v;
        if (number_of(in, i, &v)) row(&t, numbers[i].shown, v);
    }
    cli_cell(&t, "tokenizer");
    if (in->t) {
        const mkg_tok_info *tok = mkg_tok_get_info(in->t);
        cli_cell(&t, "%s%s%s, %lu tokens%s", tok->model, tok->pre[0] ? ", " : "",
                 tok->pre, (unsigned long)tok->n,
                 tok->add_bos ? ", texts begin with bos" : "");
    } else {
        cli_cell(&t, "none that can be used: %s", in->no_tok.msg);
    }
    cli_cell(&t, "chat template");
    cli_cell(&t, "%s", mkg_template_name(in->kind));
    return cli_table_print(c, &t, 0);
}

static mkg_status print_types(cli *c, const info *in)
{
    static const char *const heads[] = {"type", "tensors", "MB", "bits a value", NULL};
    cli_table t = {.align = "lrrr"};
    bool all = true;
    cli_heads(&t, heads);
    for (size_t i = 0; i < TYPES; i++) {
        const type_sum *s = &in->sums[i];
        if (!s->type) continue;
        all = all && s->type->computes;
        cli_cell(&t, "%s%s", s->type->name, s->type->computes ? "" : " *");
        cli_cell(&t, "%llu", (unsigned long long)s->tensors);
        cli_cell(&t, "%.1f", (double)s->bytes / 1e6);
        cli_cell(&t, "%.2f", 8 * (double)s->bytes / (double)s->values);
    }
    cli_print(c, "\n");
    mkg_status st = cli_table_print(c, &t, 1);
    if (!all)
        cli_print(c, "* is not computed with; there are: %s\n",
                  mkg_type_computed_names());
    return st;
}

static void put_value(mkg__buf *b, const mkg_gguf_meta *m)
{
    if (m->kind == MKG_GGUF_ARRAY)
        mkg__buf_printf(b, "(%zu elements)", m->n);
    else if (m->kind == MKG_GGUF_STRING)
        mkg__buf_printf(b, "%.*s%s", mkg__clip(m->raw, 200), m->raw.ptr,
                        m->raw.len > 200 ? "..." : "");
    else if (m->kind == MKG_GGUF_BOOL)
        mkg__buf_str(b, mkg_gguf_int_at(m, 0) ? "true" : "false");
    else if (m->kind == MKG_GGUF_F32 || m->kind == MKG_GGUF_F64)
        mkg__buf_printf(b, "%g", mkg_gguf_float_at(m, 0));
    else
        mkg__buf_printf(b, "%lld", (long long)mkg_gguf_int_at(m, 0));
    for (size_t i = 0; i < b->len; i++)
        if (b->ptr[i] == '\n') b->ptr[i] = ' ';
}

static mkg_status print_all(cli *c, const info *in)
{
    cli_table t = {.align = "ll"}, tensors = {.align = "lrr"};
    mkg__buf b = {0};
    for (size_t i = 0; i < mkg_gguf_meta_count(in->g); i++) {
        const mkg_gguf_meta *m = mkg_gguf_meta_at(in->g, i);
        b.len = 0;
        put_value(&b, m);
        cli_cell_view(&t, m->key);
        cli_cell_view(&t, mkg__view(b.ptr, b.failed ? 0 : b.len));
    }
    mkg__buf_clear(&b);
    cli_print(c, "\n");
    mkg_status st = cli_table_print(c, &t, 0);
    for (size_t i = 0; i < mkg_gguf_tensor_count(in->g); i++) {
        const mkg_gguf_tensor *x = mkg_gguf_tensor_at(in->g, i);
        char shape[100] = "";
        for (uint32_t k = 0; k < x->n_dims; k++) {
            size_t n = strlen(shape);
            snprintf(shape + n, sizeof shape - n, "%s%llu", k ? " x " : "",
                     (unsigned long long)x->ne[k]);
        }
        cli_cell_view(&tensors, x->name);
        cli_cell(&tensors, "%s", shape);
        cli_cell(&tensors, "%s", x->type->name);
    }
    cli_print(c, "\n");
    mkg_status st2 = cli_table_print(c, &tensors, 0);
    return st < 0 ? st : st2;
}

mkg_status cli_lm_info(cli *c)
{
    mkg_status st;
    info *in = mkg__calloc(1, sizeof *in);
    if (!in) return mkg__nomem(&c->err);
    MKG_GO(read_info(c, in));
    if (c->json) {
        st = info_json(c, in);
        goto out;
    }
    MKG_GO(print_head(c, in));
    if (in->parameters) MKG_GO(print_types(c, in));
    if (cli_opt_given(c, "all")) MKG_GO(print_all(c, in));
out:
    mkg_tok_free(in->t);
    mkg_gguf_close(in->g);
    mkg__free(in);
    return st;
}
