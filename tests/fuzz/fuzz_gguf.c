/* GGUF: any bytes are refused with a message or can be read to the last one, and what
 * was read can be written and read again. A tokenizer found in it is used. */
#include "fuzz.h"

#include "lm/template.h"

static uint64_t read_everything(const mkg_gguf *g, const char *from, const char *to)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < mkg_gguf_meta_count(g); i++) {
        const mkg_gguf_meta *m = mkg_gguf_meta_at(g, i);
        size_t at = 0, n = 0;
        mkg_view s;
        CHECK(m->key.len && fuzz_valid(m->key));
        CHECK(m->raw.ptr >= from && m->raw.ptr + m->raw.len <= to);
        for (; mkg_gguf_string_next(m, &at, &s); n++)
            CHECK(s.ptr >= m->raw.ptr && s.ptr + s.len <= m->raw.ptr + m->raw.len);
        if (m->kind == MKG_GGUF_ARRAY && m->of == MKG_GGUF_STRING) CHECK(n == m->n);
        bool number = m->of != MKG_GGUF_STRING && m->of != MKG_GGUF_ARRAY;
        for (size_t k = 0; number && k < m->n; k++)
            sum += (uint64_t)mkg_gguf_int_at(m, k);
    }
    for (size_t i = 0; i < mkg_gguf_tensor_count(g); i++) {
        const mkg_gguf_tensor *t = mkg_gguf_tensor_at(g, i);
        const char *p = t->data;
        CHECK(p >= from && p + t->bytes <= to);
        CHECK((size_t)(p - from) % mkg_gguf_alignment(g) == 0);
        CHECK(t->n / t->type->block * t->type->bytes == t->bytes);
        for (size_t k = 0; k < t->bytes; k++)
            sum += (unsigned char)p[k];
    }
    return sum;
}

static void use_tokenizer(const mkg_gguf *g)
{
    static const char text[] = "The 糖尿病 12345 <s>\n <|im_end|> \xff'll";
    mkg_tok *t = NULL;
    mkg_tokens ids = {0};
    mkg__buf out = {0};
    fuzz_err.msg[0] = '\0';
    mkg_status st = mkg_tok_load(g, &t, &fuzz_err);
    CHECK(st == MKG_OK || (st == MKG_EPARSE && !t && fuzz_err.msg[0]));
    if (st != MKG_OK) return;
    uint32_t n = mkg_tok_get_info(t)->n;
    for (uint32_t i = 0; i < n; i++)
        CHECK(mkg_tok_piece(t, i).len <= mkg_tok_text(t, i).len);
    for (unsigned flags = 0; flags < 4; flags++) {
        ids.n = 0;
        st =
            mkg_tok_encode(t, mkg__view(text, sizeof text - 1), flags, &ids, &fuzz_err);
        CHECK(st == MKG_OK || st == MKG_ELM);
        for (size_t i = 0; i < ids.n; i++)
            CHECK(ids.id[i] < n);
        CHECK_OK(mkg_tok_decode(t, ids.id, ids.n, true, &out, &fuzz_err));
    }
    mkg_template kind = mkg_template_detect(g, t);
    mkg_turn turn = {MKG_USER, {text, sizeof text - 1}};
    st = mkg_template_apply(kind, t, &turn, 1, MKG_TEMPLATE_ANSWER, &ids, &fuzz_err);
    CHECK(st == MKG_OK || st == MKG_ELM);
    mkg__buf_clear(&out);
    mkg_tokens_clear(&ids);
    mkg_tok_free(t);
}

/* Written anew it is a file again, with the same pairs and weights. */
static void write_again(const mkg_gguf *g)
{
    mkg_gguf *copy;
    const char *path = fuzz_path("copy.gguf");
    mkg_gguf_writer *w = mkg_gguf_writer_new();
    CHECK(w);
    for (size_t i = 0; i < mkg_gguf_meta_count(g); i++)
        mkg_gguf_put_meta(w, mkg_gguf_meta_at(g, i));
    for (size_t i = 0; i < mkg_gguf_tensor_count(g); i++) {
        const mkg_gguf_tensor *t = mkg_gguf_tensor_at(g, i);
        char *name = mkg__viewdup(t->name);
        CHECK(name);
        mkg_gguf_put_tensor(w, name, t->type->type, t->n_dims, t->ne, t->data);
        mkg__free(name);
    }
    CHECK_OK(mkg_gguf_writer_save(w, path, NULL, NULL, &fuzz_err));
    mkg_gguf_writer_free(w);
    CHECK_OK(mkg_gguf_open(path, &copy, &fuzz_err));
    CHECK(mkg_gguf_meta_count(copy) == mkg_gguf_meta_count(g));
    CHECK(mkg_gguf_tensor_count(copy) == mkg_gguf_tensor_count(g));
    for (size_t i = 0; i < mkg_gguf_meta_count(g); i++) {
        const mkg_gguf_meta *a = mkg_gguf_meta_at(g, i), *b = mkg_gguf_meta_at(copy, i);
        CHECK(mkg__view_eq(a->key, b->key) && mkg__view_eq(a->raw, b->raw));
        CHECK(a->kind == b->kind && a->of == b->of && a->n == b->n);
    }
    for (size_t i = 0; i < mkg_gguf_tensor_count(g); i++) {
        const mkg_gguf_tensor *a = mkg_gguf_tensor_at(g, i),
                              *b = mkg_gguf_tensor_at(copy, i);
        CHECK(a->bytes == b->bytes && memcmp(a->data, b->data, a->bytes) == 0);
    }
    mkg_gguf_close(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mkg_gguf *g = NULL;
    char *p = aligned_alloc(64, (size + 64) / 64 * 64);
    CHECK(p);
    memcpy(p, data, size);
    fuzz_err.msg[0] = '\0';
    mkg_status st = mkg_gguf_open_bytes(p, size, "fuzz", &g, &fuzz_err);
    CHECK(st == MKG_OK || (st == MKG_EPARSE && !g && fuzz_err.msg[0]));
    if (st == MKG_OK) {
        read_everything(g, p, p + size);
        use_tokenizer(g);
        write_again(g);
    }
    mkg_gguf_close(g);
    free(p);
    return 0;
}
