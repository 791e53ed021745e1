/* Vector sets as files: what is written is read back to the same bits, by the rules of
 * each format's own documents. */
#include "testing.h"

#include "base/io.h"
#include "base/text.h"
#include "embed/export.h"

enum { DIM = 3, ROWS = 4 };

typedef struct world {
    char *folder, *db;
    mkg_kg *kg;
    mkg_vectors *v;
    float x[ROWS * DIM];
} world;

static mkg_err err;

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    mkg_writer *wr;
    mkg_writer_counts counts;
    mkg_id ids[ROWS];
    mkg_source_info info = {.file = "a.tsv", .format = "triples"};
    const float values[] = {0.1f, -0.0f, 1e-38f, 3.4e38f, 1.0f / 3, -2,
                            0,    7,     0.5f,   1,       2,        3};
    assert_non_null(w);
    w->folder = new_folder();
    w->db = in_folder(w->folder, "db");
    assert_mkg_ok(mkg_kg_open_write(w->db, &w->kg, &err));
    assert_mkg_ok(mkg_writer_new(w->kg, &info, &wr, &err));
    assert_mkg_ok(mkg_writer_node_coded(wr, V("disease"), V("糖尿病"), MKG_LANG_ZH,
                                        V("ICD10:E14"), &ids[0], &err));
    assert_mkg_ok(mkg_writer_name(wr, ids[0], MKG_ENTRY_NAME, MKG_LANG_EN,
                                  V("diabetes mellitus"), &err));
    assert_mkg_ok(mkg_writer_node(wr, V("drug"), V("a\tb\nc d"), 0, &ids[1], &err));
    assert_mkg_ok(mkg_writer_node(wr, V("food"), V("salt"), 0, &ids[2], &err));
    assert_mkg_ok(mkg_writer_node(wr, V("drug"), V("salt"), 0, &ids[3], &err));
    assert_mkg_ok(mkg_writer_commit(wr, "a", 1, 0, NULL, NULL, &counts, &err));
    mkg_writer_free(wr);
    assert_mkg_ok(mkg_kg_renew(w->kg, &err));
    memcpy(w->x, values, sizeof values);
    mkg_vectors_info set = {
        .name = "s", .method = "node2vec", .params = "{}", .n = ROWS, .dim = DIM};
    assert_mkg_ok(mkg_vectors_save(w->db, &set, ids, w->x, &err));
    assert_mkg_ok(mkg_vectors_open(w->db, "s", &w->v, &err));
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    mkg_vectors_close(w->v);
    mkg_kg_close(w->kg);
    remove_folder(w->folder);
    free(w->db);
    free(w);
    return 0;
}

static void export_ok(world *w, const char *format, const char *name, mkg_lang lang)
{
    mkg_vectors_export_opts o = {.format = format, .lang = lang};
    mkg_vectors_export_result r;
    char *path = in_folder(w->folder, name);
    assert_mkg_ok(mkg_vectors_export(w->kg, w->v, path, &o, &r, &err));
    assert_int_equal(r.rows, ROWS);
    assert_int_equal(r.dim, DIM);
    free(path);
}

static mkg__buf read_back(world *w, const char *name)
{
    mkg__buf b = {0};
    char *path = in_folder(w->folder, name);
    assert_mkg_ok(mkg__file_read(path, 1 << 20, &b, &err));
    free(path);
    return b;
}

static const char *const tokens[] = {"diabetes_mellitus", "a_b_c_d", "salt", "salt#4"};

static void word2vec_text(void **state)
{
    world *w = *state;
    export_ok(w, "word2vec", "v.txt", MKG_LANG_EN);
    mkg__buf b = read_back(w, "v.txt");
    int at = 0;
    size_t n, dim;
    const char *p = b.ptr;
    assert_int_equal(sscanf(p, "%zu %zu\n%n", &n, &dim, &at), 2);
    assert_int_equal(n, ROWS);
    assert_int_equal(dim, DIM);
    p += at;
    for (size_t i = 0; i < ROWS; i++) {
        char token[64];
        assert_int_equal(sscanf(p, "%63s%n", token, &at), 1);
        assert_string_equal(token, tokens[i]);
        p += at;
        for (size_t k = 0; k < DIM; k++) {
            char *end;
            float v = strtof(p, &end);
            assert_memory_equal(&v, &w->x[i * DIM + k], sizeof v);
            p = end;
        }
        assert_int_equal(*p++, '\n');
    }
    assert_int_equal(*p, '\0');
    mkg__buf_clear(&b);
    b = read_back(w, "v.names.tsv");
    assert_string_equal(b.ptr, "row\ttoken\tnode\ttype\tname\tcodes\n"
                               "0\tdiabetes_mellitus\t1\tdisease\tdiabetes mellitus\t"
                               "ICD10:E14\n"
                               "1\ta_b_c_d\t2\tdrug\ta b c d\t\n"
                               "2\tsalt\t3\tfood\tsalt\t\n"
                               "3\tsalt#4\t4\tdrug\tsalt\t\n");
    mkg__buf_clear(&b);
}

/* Read as the readers of the original program do: a token to the blank, then floats. */
static void word2vec_binary(void **state)
{
    world *w = *state;
    export_ok(w, "word2vec-bin", "v.bin", MKG_LANG_EN);
    mkg__buf b = read_back(w, "v.bin");
    const char *p = b.ptr, *end = b.ptr + b.len;
    assert_memory_equal(p, "4 3\n", 4);
    p += 4;
    for (size_t i = 0; i < ROWS; i++) {
        const char *blank = memchr(p, ' ', (size_t)(end - p));
        assert_non_null(blank);
        assert_int_equal(blank - p, strlen(tokens[i]));
        assert_memory_equal(p, tokens[i], strlen(tokens[i]));
        p = blank + 1;
        assert_memory_equal(p, &w->x[i * DIM], DIM * sizeof(float));
        p += DIM * sizeof(float);
        assert_int_equal(*p++, '\n');
    }
    assert_ptr_equal(p, end);
    mkg__buf_clear(&b);
}

/* numpy.lib.format: magic, version 1.0, a length of two bytes, a dictionary padded with
 * blanks to a multiple of 64 and ended by a line feed, then the array in C order. */
static void npy(void **state)
{
    static const char head[] = "\x93NUMPY\x01\x00\x76\x00"
                               "{'descr': '<f4', 'fortran_order': False, "
                               "'shape': (4, 3), }";
    world *w = *state;
    export_ok(w, "npy", "v.npy", MKG_LANG_NONE);
    mkg__buf b = read_back(w, "v.npy");
    assert_int_equal(b.len, 128 + sizeof w->x);
    assert_memory_equal(b.ptr, head, sizeof head - 1);
    for (size_t i = sizeof head - 1; i < 127; i++)
        assert_int_equal(b.ptr[i], ' ');
    assert_int_equal(b.ptr[127], '\n');
    assert_memory_equal(b.ptr + 128, w->x, sizeof w->x);
    mkg__buf_clear(&b);
    b = read_back(w, "v.names.tsv");
    assert_non_null(strstr(b.ptr, "0\t糖尿病\t1\tdisease\t糖尿病\tICD10:E14\n"));
    mkg__buf_clear(&b);
    if (system("/usr/bin/python3 -c 'import numpy' 2>/dev/null") != 0) {
        print_message("skipped: numpy is not here\n");
        return;
    }
    char line[1024];
    snprintf(
        line, sizeof line,
        "/usr/bin/python3 -c 'import numpy,sys; a=numpy.load(sys.argv[1]); "
        "assert a.shape==(4,3) and a.dtype==\"float32\" and a[3][2]==3' '%s/v.npy'",
        w->folder);
    assert_int_equal(system(line), 0);
}

static void projector(void **state)
{
    world *w = *state;
    export_ok(w, "projector", "p/", MKG_LANG_EN);
    mkg__buf b = read_back(w, "p/vectors.tsv"), names = read_back(w, "p/metadata.tsv");
    size_t lines = 0, tabs = 0;
    for (const char *p = b.ptr; *p; p++) {
        lines += *p == '\n';
        tabs += *p == '\t';
    }
    assert_int_equal(lines, ROWS);
    assert_int_equal(tabs, ROWS * (DIM - 1));
    assert_memory_equal(b.ptr, "0.100000001\t-0\t", 15);
    lines = 0;
    for (const char *p = names.ptr; *p; p++)
        lines += *p == '\n';
    assert_int_equal(lines, ROWS + 1);
    mkg__buf_clear(&b);
    mkg__buf_clear(&names);
}

static void features(void **state)
{
    world *w = *state;
    export_ok(w, "features", "f.tsv", MKG_LANG_EN);
    mkg__buf b = read_back(w, "f.tsv");
    assert_memory_equal(b.ptr, "node\ttype\tname\tcodes\tv1\tv2\tv3\n", 30);
    assert_non_null(strstr(b.ptr, "\n1\tdisease\tdiabetes mellitus\tICD10:E14\t"
                                  "0.100000001\t-0\t"));
    assert_non_null(strstr(b.ptr, "\n4\tdrug\tsalt\t\t1\t2\t3\n"));
    mkg__buf_clear(&b);
}

static void a_part(void **state)
{
    world *w = *state;
    mkg_view type = {"drug", 4};
    mkg_vectors_export_opts o = {.format = "word2vec", .types = &type, .ntypes = 1};
    mkg_vectors_export_result r;
    char *path = in_folder(w->folder, "v.txt");
    assert_mkg_ok(mkg_vectors_export(w->kg, w->v, path, &o, &r, &err));
    assert_int_equal(r.rows, 2);
    mkg__buf b = read_back(w, "v.txt");
    assert_memory_equal(b.ptr, "2 3\na_b_c_d ", 12);
    assert_non_null(strstr(b.ptr, "\nsalt 1 2 3\n"));
    mkg__buf_clear(&b);
    type = V("gene");
    assert_int_equal(mkg_vectors_export(w->kg, w->v, path, &o, &r, &err), MKG_NOTFOUND);
    b = read_back(w, "v.txt");
    assert_memory_equal(b.ptr, "2 3\n", 4); /* as it was */
    mkg__buf_clear(&b);
    o.format = "hdf5";
    assert_int_equal(mkg_vectors_export(w->kg, w->v, path, &o, &r, &err), MKG_EARG);
    o = (mkg_vectors_export_opts){.format = "projector"};
    assert_int_equal(mkg_vectors_export_to(w->kg, w->v, stdout, &o, &r, &err),
                     MKG_EARG);
    free(path);
}

static void out_of_memory(void **state)
{
    world *w = *state;
    char *path = in_folder(w->folder, "v");
    for (const char *const *name = mkg_vectors_export_formats(); *name; name++) {
        mkg_vectors_export_opts o = {.format = *name};
        mkg_vectors_export_result r;
        mkg_status st = MKG_ENOMEM;
        for (long n = 1; st != MKG_OK; n++) {
            assert_true(n < 500);
            mkg__alloc_fail_after(n);
            st = mkg_vectors_export(w->kg, w->v, path, &o, &r, &err);
            mkg__alloc_fail_after(0);
            assert_true(st == MKG_OK || st == MKG_ENOMEM);
        }
    }
    free(path);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(word2vec_text), WITH_WORLD(word2vec_binary), WITH_WORLD(npy),
        WITH_WORLD(projector),     WITH_WORLD(features),        WITH_WORLD(a_part),
        WITH_WORLD(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
