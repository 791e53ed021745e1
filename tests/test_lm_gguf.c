/* GGUF: what the writer writes the reader reads; damage is found and named. */
#include "testing.h"

#include "base/io.h"
#include "base/rng.h"
#include "lm/gguf.h"

static mkg_err err;
static char *folder;

static int setup(void **state)
{
    (void)state;
    folder = new_folder();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    remove_folder(folder);
    return 0;
}

static const float floats[6] = {1, -2, 3.5f, 0, 1e-3f, 7};
static const uint8_t blocks[2 * 34] = {1, 2, 3, [67] = 9};
static const mkg_view words[3] = {{"糖尿病", 9}, {"", 0}, {"a\0b", 3}};
static const int32_t ints[4] = {1, -1, INT32_MAX, INT32_MIN};

static void put_sample(mkg_gguf_writer *w)
{
    const uint8_t flags[3] = {1, 0, 1};
    mkg_gguf_put_string(w, "general.architecture", V("llama"));
    mkg_gguf_put_u32(w, "llama.block_count", 2);
    mkg_gguf_put_u64(w, "big", UINT64_MAX);
    mkg_gguf_put_float(w, "eps", 1e-5f);
    mkg_gguf_put_bool(w, "yes", true);
    mkg_gguf_put_strings(w, "words", words, 3);
    mkg_gguf_put_array(w, "ints", MKG_GGUF_I32, ints, 4);
    mkg_gguf_put_array(w, "floats", MKG_GGUF_F32, floats, 6);
    mkg_gguf_put_array(w, "flags", MKG_GGUF_BOOL, flags, 3);
    mkg_gguf_put_array(w, "none", MKG_GGUF_U64, NULL, 0);
    mkg_gguf_put_tensor(w, "a.weight", MKG_F32, 2, (uint64_t[]){3, 2}, floats);
    mkg_gguf_put_tensor(w, "b.weight", MKG_Q8_0, 1, (uint64_t[]){64}, blocks);
    mkg_gguf_put_tensor(w, "c.weight", MKG_F32, 1, (uint64_t[]){1}, floats + 2);
}

/* The bytes of the sample file; mkg__free() them. */
static unsigned char *sample(size_t *n)
{
    mkg__buf b = {0};
    mkg_gguf_writer *w = mkg_gguf_writer_new();
    assert_non_null(w);
    put_sample(w);
    char *path = in_folder(folder, "sample.gguf");
    assert_mkg_ok(mkg_gguf_writer_save(w, path, NULL, NULL, &err));
    mkg_gguf_writer_free(w);
    assert_mkg_ok(mkg__file_read(path, 1 << 20, &b, &err));
    free(path);
    unsigned char *p = mkg__aligned(b.len + 64);
    assert_non_null(p);
    memcpy(p, b.ptr, b.len);
    *n = b.len;
    mkg__buf_clear(&b);
    return p;
}

static void check_metadata(const mkg_gguf *g)
{
    mkg_view v, s;
    uint64_t u = 5;
    uint32_t n = 5;
    double f = 0;
    bool yes = false;
    const mkg_gguf_meta *m;
    size_t at = 0, i = 0;

    assert_mkg_ok(mkg_gguf_get_string(g, "general.architecture", &v, &err));
    assert_memory_equal(v.ptr, "llama", 5);
    assert_mkg_ok(mkg_gguf_get_u32(g, "llama.block_count", &n, &err));
    assert_int_equal(n, 2);
    assert_mkg_ok(mkg_gguf_get_u64(g, "big", &u, &err));
    assert_true(u == UINT64_MAX);
    assert_int_equal(mkg_gguf_get_u32(g, "big", &n, &err), MKG_EPARSE);
    assert_non_null(strstr(err.msg, "too large"));
    assert_mkg_ok(mkg_gguf_get_float(g, "eps", &f, &err));
    assert_true(f == (double)1e-5f);
    assert_mkg_ok(mkg_gguf_get_float(g, "llama.block_count", &f, &err));
    assert_true(f == 2);
    assert_mkg_ok(mkg_gguf_get_bool(g, "yes", &yes, &err));
    assert_true(yes);
    u = 77;
    assert_int_equal(mkg_gguf_get_u64(g, "absent", &u, &err), MKG_NOTFOUND);
    assert_int_equal(u, 77);
    assert_int_equal(mkg_gguf_get_u64(g, "eps", &u, &err), MKG_EPARSE);
    assert_string_equal(err.msg, "metadata 'eps' is a float, not an integer");

    assert_mkg_ok(mkg_gguf_get_array(g, "words", MKG_GGUF_STRING, &m, &err));
    for (; mkg_gguf_string_next(m, &at, &s); i++) {
        assert_int_equal(s.len, words[i].len);
        if (s.len) assert_memory_equal(s.ptr, words[i].ptr, s.len);
    }
    assert_int_equal(i, 3);
    assert_mkg_ok(mkg_gguf_get_array(g, "ints", MKG_GGUF_I64, &m, &err));
    assert_int_equal(m->n, 4);
    for (i = 0; i < 4; i++)
        assert_int_equal(mkg_gguf_int_at(m, i), ints[i]);
    assert_mkg_ok(mkg_gguf_get_array(g, "floats", MKG_GGUF_F64, &m, &err));
    for (i = 0; i < 6; i++)
        assert_true(mkg_gguf_float_at(m, i) == (double)floats[i]);
    assert_mkg_ok(mkg_gguf_get_array(g, "none", MKG_GGUF_U64, &m, &err));
    assert_int_equal(m->n, 0);
    assert_int_equal(mkg_gguf_get_array(g, "words", MKG_GGUF_I32, &m, &err),
                     MKG_EPARSE);
    assert_int_equal(mkg_gguf_get_array(g, "yes", MKG_GGUF_I32, &m, &err), MKG_EPARSE);
}

static void check_sample(const mkg_gguf *g)
{
    assert_int_equal(mkg_gguf_version(g), 3);
    assert_int_equal(mkg_gguf_alignment(g), 32);
    assert_int_equal(mkg_gguf_meta_count(g), 10);
    check_metadata(g);
    assert_int_equal(mkg_gguf_tensor_count(g), 3);
    const mkg_gguf_tensor *a = mkg_gguf_tensor_find(g, "a.weight");
    assert_non_null(a);
    assert_ptr_equal(a, mkg_gguf_tensor_at(g, 0));
    assert_int_equal(a->n_dims, 2);
    assert_true(a->ne[0] == 3 && a->ne[1] == 2 && a->ne[2] == 1 && a->n == 6);
    assert_int_equal(a->bytes, 24);
    assert_memory_equal(a->data, floats, 24);
    assert_int_equal((uintptr_t)a->data % 32, 0);
    const mkg_gguf_tensor *b = mkg_gguf_tensor_find(g, "b.weight");
    assert_string_equal(b->type->name, "Q8_0");
    assert_int_equal(b->bytes, 68);
    assert_memory_equal(b->data, blocks, 68);
    assert_true(*(const float *)mkg_gguf_tensor_find(g, "c.weight")->data == 3.5f);
    assert_null(mkg_gguf_tensor_find(g, "d.weight"));
}

static void test_round_trip(void **state)
{
    (void)state;
    mkg_gguf *g;
    size_t n;
    unsigned char *p = sample(&n);
    char *path = in_folder(folder, "sample.gguf");
    assert_mkg_ok(mkg_gguf_open(path, &g, &err));
    check_sample(g);

    /* Copied pair by pair, tensors filled in on demand, it is the same file. */
    mkg_gguf_writer *w = mkg_gguf_writer_new();
    for (size_t i = 0; i < mkg_gguf_meta_count(g); i++)
        mkg_gguf_put_meta(w, mkg_gguf_meta_at(g, i));
    for (size_t i = 0; i < mkg_gguf_tensor_count(g); i++) {
        const mkg_gguf_tensor *t = mkg_gguf_tensor_at(g, i);
        char *name = mkg__viewdup(t->name);
        mkg_gguf_put_tensor(w, name, t->type->type, t->n_dims, t->ne, t->data);
        mkg__free(name);
    }
    char *copy = in_folder(folder, "copy.gguf");
    mkg__buf b = {0};
    assert_mkg_ok(mkg_gguf_writer_save(w, copy, NULL, NULL, &err));
    assert_mkg_ok(mkg__file_read(copy, 1 << 20, &b, &err));
    assert_int_equal(b.len, n);
    assert_memory_equal(b.ptr, p, n);
    mkg__buf_clear(&b);
    mkg_gguf_writer_free(w);
    mkg_gguf_close(g);

    /* Version 2 differs in nothing but its number. */
    p[4] = 2;
    assert_mkg_ok(mkg_gguf_open_bytes(p, n, "bytes", &g, &err));
    assert_int_equal(mkg_gguf_version(g), 2);
    mkg_gguf_close(g);
    mkg__free(p);
    free(path);
    free(copy);
}

static mkg_status fill(void *ctx, size_t i, const void **data, mkg_err *e)
{
    (void)e;
    *data = ((const void **)ctx)[i];
    return MKG_OK;
}

static void test_writer(void **state)
{
    (void)state;
    char *path = in_folder(folder, "w.gguf");
    const void *data[1] = {floats};
    mkg_gguf *g;
    mkg_gguf_writer *w = mkg_gguf_writer_new();
    mkg_gguf_put_u32(w, "general.alignment", 64);
    mkg_gguf_put_tensor(w, "t", MKG_F32, 1, (uint64_t[]){6}, NULL);
    assert_int_equal(mkg_gguf_writer_save(w, path, NULL, NULL, &err), MKG_EARG);
    assert_int_equal(mkg_gguf_open(path, &g, &err), MKG_EIO);
    assert_mkg_ok(mkg_gguf_writer_save(w, path, fill, data, &err));
    mkg_gguf_writer_free(w);
    assert_mkg_ok(mkg_gguf_open(path, &g, &err));
    assert_int_equal(mkg_gguf_alignment(g), 64);
    assert_memory_equal(mkg_gguf_tensor_at(g, 0)->data, floats, sizeof floats);
    mkg_gguf_close(g);

    const char *const want[] = {"metadata 'k' is put twice", "tensor 't' is put twice",
                                "tensor 't': a shape", "tensor 't': a shape",
                                "general.alignment is 3"};
    for (int i = 0; i < 5; i++) {
        w = mkg_gguf_writer_new();
        if (i == 0) mkg_gguf_put_bool(w, "k", true);
        mkg_gguf_put_bool(w, "k", false);
        if (i == 1) mkg_gguf_put_tensor(w, "t", MKG_F32, 1, (uint64_t[]){6}, floats);
        if (i == 2) mkg_gguf_put_tensor(w, "t", 99, 1, (uint64_t[]){6}, floats);
        if (i == 3) mkg_gguf_put_tensor(w, "t", MKG_Q4_0, 1, (uint64_t[]){6}, floats);
        if (i == 4) mkg_gguf_put_u32(w, "general.alignment", 3);
        mkg_gguf_put_tensor(w, "t", MKG_F32, 1, (uint64_t[]){6}, floats);
        assert_int_equal(mkg_gguf_writer_save(w, path, NULL, NULL, &err), MKG_EARG);
        assert_non_null(strstr(err.msg, want[i]));
        mkg_gguf_writer_free(w);
    }
    free(path);
}

/* ---- damage ---- */

static void put64(unsigned char *p, uint64_t v)
{
    memcpy(p, &v, sizeof v);
}

static void put32(unsigned char *p, uint32_t v)
{
    memcpy(p, &v, sizeof v);
}

/* Where `text` begins in the file. */
static unsigned char *find(unsigned char *p, size_t n, const char *text)
{
    for (size_t i = 0; i + strlen(text) <= n; i++)
        if (memcmp(p + i, text, strlen(text)) == 0) return p + i;
    fail_msg("no '%s' in the file", text);
    return NULL;
}

static void damage(int i, unsigned char *p, size_t *n)
{
    unsigned char *eps = find(p, *n, "eps"), *ints_at = find(p, *n, "ints");
    unsigned char *a = find(p, *n, "a.weight"), *b = find(p, *n, "b.weight");
    unsigned char *yes = find(p, *n, "yes"), *arch = find(p, *n, "llama\x11");
    switch (i) {
    case 0:
        memcpy(p, "GGML", 4);
        break;
    case 1:
        put32(p + 4, 4);
        break;
    case 2:
        put32(p + 4, 3u << 24);
        break;
    case 3:
        put64(p + 8, UINT64_MAX);
        break;
    case 4:
        put64(p + 16, UINT64_MAX / 8);
        break;
    case 5:
        put64(eps - 8, UINT64_MAX - 4);
        break;
    case 6:
        put64(eps - 8, 0);
        break;
    case 7:
        eps[0] = 0xff;
        break;
    case 8:
        put32(eps + 3, 13);
        break;
    case 9:
        memcpy(eps, "big", 3);
        break;
    case 10:
        put64(ints_at + 12, UINT64_MAX / 4 + 2);
        break;
    case 11:
        put32(ints_at + 8, 99);
        break;
    case 12:
        yes[7] = 2;
        break;
    case 13:
        put64(arch - 8, (uint64_t)1 << 63);
        break;
    case 14:
        put32(a + 8, 0);
        break;
    case 15:
        put32(a + 8, 5);
        break;
    case 16:
        put64(a + 12, 0);
        break;
    case 17:
        put64(a + 12, (uint64_t)1 << 63);
        break;
    case 18:
        put64(a + 12, 1 << 20);
        break;
    case 19:
        put32(a + 28, 99);
        break;
    case 20:
        put32(a + 28, MKG_Q4_K);
        break;
    case 21:
        put64(b + 24, 0);
        break;
    case 22:
        put64(b + 24, UINT64_MAX - 31);
        break;
    case 23:
        memcpy(b, "a.weight", 8);
        break;
    case 24:
        *n -= 32;
        break;
    case 25:
        *n += 32;
        break;
    case 26:
        put64(p + 8, 2);
        break;
    case 27:
        *n = 10;
        break;
    case 28:
        *n = 3;
        break;
    default:
        fail();
    }
}

static void test_damage_is_named(void **state)
{
    (void)state;
    static const char *const want[] = {
        "byte 0: this is no GGUF file",
        "byte 4: GGUF of version 4",
        "big-endian",
        "byte 8: 18446744073709551615 tensors",
        "pairs of metadata do not fit",
        "metadata 3: a string of 18446744073709551611 bytes does not fit",
        "the name is empty",
        "the name is not valid UTF-8",
        "metadata 'eps': a value of the unknown type 13",
        "metadata 'big': the name occurs twice",
        "metadata 'ints': an array of 4611686018427387905 elements does not fit",
        "metadata 'ints': a value of the unknown type 99",
        "metadata 'yes': a truth value that is neither 0 nor 1",
        "metadata 'general.architecture': a string of 9223372036854775808 bytes",
        "tensor 'a.weight': 0 dimensions",
        "tensor 'a.weight': 5 dimensions",
        "tensor 'a.weight': a dimension is 0",
        "tensor 'a.weight': the shape is too large",
        "tensor 'a.weight': 2097152 values do not fit into the file",
        "tensor 'a.weight': values of the unknown type 99",
        "tensor 'a.weight': a row of 3 values is no multiple of Q4_K's 256",
        "tensor 'b.weight': its data begin at 0, not behind the last at 32",
        "tensor 'b.weight': its data begin at 18446744073709551584",
        "tensor 'a.weight': the name occurs twice",
        "it is cut short",
        "bytes behind the last tensor",
        "bytes behind the last tensor",
        "the file ends in its header",
        "this is no GGUF file",
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        size_t n;
        mkg_gguf *g;
        unsigned char *p = sample(&n);
        damage((int)i, p, &n);
        mkg_status st = mkg_gguf_open_bytes(p, n, "bad.gguf", &g, &err);
        if (st != MKG_EPARSE || !strstr(err.msg, want[i]))
            fail_msg("%zu: status %d, '%s', wanted '%s'", i, st, err.msg, want[i]);
        assert_string_equal(err.file, "bad.gguf");
        assert_null(g);
        mkg__free(p);
    }
}

/* Read everything that the getters promise can be read. */
static uint64_t read_everything(const mkg_gguf *g)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < mkg_gguf_meta_count(g); i++) {
        const mkg_gguf_meta *m = mkg_gguf_meta_at(g, i);
        size_t at = 0;
        mkg_view s;
        while (mkg_gguf_string_next(m, &at, &s))
            for (size_t k = 0; k < s.len; k++)
                sum += (unsigned char)s.ptr[k];
        for (size_t k = 0; m->of != MKG_GGUF_STRING && k < m->n; k++)
            sum += (uint64_t)mkg_gguf_int_at(m, k);
        for (size_t k = 0; k < m->raw.len; k++)
            sum += (unsigned char)m->raw.ptr[k];
    }
    for (size_t i = 0; i < mkg_gguf_tensor_count(g); i++) {
        const mkg_gguf_tensor *t = mkg_gguf_tensor_at(g, i);
        for (size_t k = 0; k < t->bytes; k++)
            sum += ((const unsigned char *)t->data)[k];
    }
    return sum;
}

/* In a block of its own size, so that a byte read too many is found. */
static mkg_status open_exact(const unsigned char *p, size_t n)
{
    mkg_gguf *g;
    void *q = n ? aligned_alloc(64, (n + 63) / 64 * 64) : NULL;
    char *path = in_folder(folder, "exact.gguf");
    free(new_file(folder, "exact.gguf", p, n));
    mkg_status st = mkg_gguf_open(path, &g, &err);
    if (st == MKG_OK) {
        read_everything(g);
        mkg_gguf_close(g);
    }
    if (q) {
        memcpy(q, p, n);
        assert_int_equal(mkg_gguf_open_bytes(q, n, "bytes", &g, &err), st);
        if (st == MKG_OK) read_everything(g);
        mkg_gguf_close(g);
    }
    free(q);
    free(path);
    return st;
}

/* Cut at every length: never read. */
static void test_truncated(void **state)
{
    (void)state;
    size_t n;
    unsigned char *p = sample(&n);
    size_t end = n - 28; /* the last 28 bytes are padding */
    for (size_t i = 0; i < n; i++) {
        mkg_status st = open_exact(p, i);
        assert_int_equal(st, i < end ? MKG_EPARSE : MKG_OK);
    }
    mkg__free(p);
}

/* 200 damaged files: an error that says what and where, or a read of what is there. */
static void test_corpus(void **state)
{
    (void)state;
    size_t n, refused = 0;
    unsigned char *whole = sample(&n);
    size_t data = (size_t)(find(whole, n, "c.weight") - whole) + 32;
    for (uint64_t i = 0; i < 200; i++) {
        mkg__rng r = mkg__rng_new(20, i, 0);
        unsigned char *p = mkg__aligned(n);
        size_t len = n, at = mkg__rng_below(&r, (uint32_t)data);
        memcpy(p, whole, n);
        switch (i % 4) {
        case 0: /* some bits */
            for (uint32_t k = mkg__rng_below(&r, 8) + 1; k > 0; k--)
                p[mkg__rng_below(&r, (uint32_t)data)] ^=
                    (unsigned char)(1u << mkg__rng_below(&r, 8));
            break;
        case 1: /* cut */
            len = at;
            break;
        case 2: /* a large number where a length may stand */
            if (at + 8 > n) at = n - 8;
            put64(p + at, mkg__rng_u64(&r) >> mkg__rng_below(&r, 64));
            break;
        default: /* a piece that is missing */
            memmove(p + at, p + at + 1 + i % 7, n - at - 1 - i % 7);
            len = n - 1 - i % 7;
        }
        err.msg[0] = '\0';
        mkg_status st = open_exact(p, len);
        assert_true(st == MKG_OK || st == MKG_EPARSE);
        assert_true(st == MKG_OK || err.msg[0]);
        refused += st == MKG_EPARSE;
        mkg__free(p);
    }
    assert_true(refused > 150); /* the rest changed a value, not the structure */
    mkg__free(whole);
}

static void test_nested_arrays(void **state)
{
    (void)state;
    static _Alignas(64) unsigned char bytes[4096];
    size_t n = 24;
    mkg_gguf *g;
    for (size_t depth = 1; depth < 12; depth++) {
        memset(bytes, 0, sizeof bytes);
        memcpy(bytes, "GGUF\3", 5);
        bytes[16] = 1;
        put64(bytes + 24, 1);
        bytes[32] = 'k';
        bytes[33] = MKG_GGUF_ARRAY;
        n = 37;
        for (size_t i = 0; i < depth; i++, n += 12) {
            put32(bytes + n, i + 1 < depth ? MKG_GGUF_ARRAY : MKG_GGUF_U8);
            put64(bytes + n + 4, 1);
        }
        bytes[n++] = 42;
        mkg_status st = mkg_gguf_open_bytes(bytes, n, "n", &g, &err);
        assert_int_equal(st, depth <= 5 ? MKG_OK : MKG_EPARSE);
        if (st == MKG_OK) assert_int_equal(bytes[n - 1], 42);
        mkg_gguf_close(g);
    }
}

static void test_no_file(void **state)
{
    (void)state;
    mkg_gguf *g;
    char *path = new_text(folder, "empty.gguf", "");
    assert_int_equal(mkg_gguf_open(path, &g, &err), MKG_EPARSE);
    assert_int_equal(mkg_gguf_open(folder, &g, &err), MKG_EIO);
    assert_int_equal(mkg_gguf_open("/nowhere/x.gguf", &g, &err), MKG_EIO);
    assert_int_equal(mkg_gguf_open_bytes(path + 1, 1, "x", &g, &err), MKG_EARG);
    mkg_gguf_close(NULL);
    mkg_gguf_writer_free(NULL);
    free(path);
}

static void test_no_memory(void **state)
{
    (void)state;
    char *path = in_folder(folder, "m.gguf");
    for (long n = 1;; n++) {
        mkg_gguf *g = NULL;
        mkg__alloc_fail_after(n);
        mkg_gguf_writer *w = mkg_gguf_writer_new();
        mkg_status st = MKG_ENOMEM;
        if (w) {
            put_sample(w);
            st = mkg_gguf_writer_save(w, path, NULL, NULL, &err);
        }
        if (st == MKG_OK) st = mkg_gguf_open(path, &g, &err);
        mkg__alloc_fail_after(0);
        mkg_gguf_writer_free(w);
        mkg_gguf_close(g);
        if (st == MKG_OK) break;
        assert_int_equal(st, MKG_ENOMEM);
        assert_true(n < 1000);
    }
    free(path);
}

static void test_types(void **state)
{
    (void)state;
    assert_int_equal(mkg_type_get(MKG_Q4_K)->bytes, 144);
    assert_int_equal(mkg_type_get(MKG_Q6_K)->block, 256);
    assert_null(mkg_type_get(4));
    assert_null(mkg_type_get(1000));
    assert_int_equal(mkg_type_find("q8_0")->type, MKG_Q8_0);
    assert_null(mkg_type_find("q8"));
    for (uint32_t i = 0; i < 64; i++) {
        const mkg_type_info *t = mkg_type_get(i);
        if (!t) continue;
        assert_int_equal(t->type, i);
        assert_ptr_equal(mkg_type_find(t->name), t);
        assert_int_equal(t->computes,
                         strstr(mkg_type_computed_names(), t->name) != NULL);
    }
}

static void test_reference_models(void **state)
{
    (void)state;
    static const char *const models[] = {
        "llama-spm-f32",  "llama-spm-q8_0", "llama-bpe-f16",  "llama-bpe-q4_k",
        "qwen2-bpe-q8_0", "qwen2-bpe-q4_0", "qwen3-bpe-q8_0", "qwen3-bpe-q4_k"};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        char name[100];
        mkg_gguf *g;
        const mkg_gguf_meta *tokens;
        snprintf(name, sizeof name, "lm_ref/%s/model.gguf", models[i]);
        const char *path = shared(name);
        if (!path) continue;
        assert_mkg_ok(mkg_gguf_open(path, &g, &err));
        assert_mkg_ok(mkg_gguf_get_array(g, "tokenizer.ggml.tokens", MKG_GGUF_STRING,
                                         &tokens, &err));
        const mkg_gguf_tensor *e = mkg_gguf_tensor_find(g, "token_embd.weight");
        assert_non_null(e);
        assert_int_equal(e->ne[1], tokens->n);
        mkg_gguf_close(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_writer),
        cmocka_unit_test(test_damage_is_named), cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_corpus),          cmocka_unit_test(test_nested_arrays),
        cmocka_unit_test(test_no_file),         cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_types),           cmocka_unit_test(test_reference_models),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
