/* Vectors made elsewhere: what export writes comes back, and what is wrong is refused
 * with its place. */
#include "testing.h"

#include "embed/export.h"
#include "embed/import.h"

#include <math.h>

enum { ROWS = 4 };

typedef struct world {
    char *folder, *db;
    mkg_kg *kg;
    mkg_id ids[ROWS];
} world;

static mkg_err err;

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    mkg_writer *wr;
    mkg_writer_counts counts;
    mkg_source_info info = {.file = "a.tsv", .format = "triples"};
    assert_non_null(w);
    w->folder = new_folder();
    w->db = in_folder(w->folder, "db");
    assert_mkg_ok(mkg_kg_open_write(w->db, &w->kg, &err));
    assert_mkg_ok(mkg_writer_new(w->kg, &info, &wr, &err));
    assert_mkg_ok(mkg_writer_node_coded(wr, V("disease"), V("糖尿病"), MKG_LANG_ZH,
                                        V("ICD10:E14"), &w->ids[0], &err));
    assert_mkg_ok(
        mkg_writer_node(wr, V("drug"), V("vitamin B12"), 0, &w->ids[1], &err));
    assert_mkg_ok(mkg_writer_node(wr, V("food"), V("salt"), 0, &w->ids[2], &err));
    assert_mkg_ok(mkg_writer_node(wr, V("drug"), V("salt"), 0, &w->ids[3], &err));
    assert_mkg_ok(mkg_writer_commit(wr, "a", 1, 0, NULL, NULL, &counts, &err));
    mkg_writer_free(wr);
    assert_mkg_ok(mkg_kg_renew(w->kg, &err));
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    mkg_kg_close(w->kg);
    remove_folder(w->folder);
    free(w->db);
    free(w);
    return 0;
}

static mkg_status import(world *w, const char *path, const char *format,
                         const char *names, mkg_vectors_import_result *r)
{
    mkg_vectors_import_opts o = {.format = format, .names = names, .name = "in"};
    return mkg_vectors_import(w->kg, path, &o, r, &err);
}

/* Out in each format and in again: the same bits, whatever the dimension. */
static void there_and_back(void **state)
{
    static const char *const files[] = {"v.txt", "v.bin", "v.npy"};
    static const size_t dims[] = {1, 3, 1024};
    world *w = *state;
    for (size_t d = 0; d < 3; d++) {
        size_t dim = dims[d];
        float *x = calloc(ROWS * dim, sizeof *x);
        assert_non_null(x);
        for (size_t i = 0; i < ROWS * dim; i++)
            x[i] = (float)sin((double)i + 1) * (i % 7 ? 1e-3f : 1e30f);
        x[0] = -0.0f;
        x[1] = 1.4e-45f;
        mkg_vectors_info set = {
            .name = "out", .method = "test", .params = "{}", .n = ROWS, .dim = dim};
        mkg_vectors *v;
        assert_mkg_ok(mkg_vectors_save(w->db, &set, w->ids, x, &err));
        assert_mkg_ok(mkg_vectors_open(w->db, "out", &v, &err));
        for (size_t f = 0; mkg_vectors_import_formats()[f]; f++) {
            mkg_vectors_export_opts o = {.format = mkg_vectors_import_formats()[f]};
            mkg_vectors_export_result out;
            mkg_vectors_import_result r;
            mkg_vectors *back;
            char *path = in_folder(w->folder, files[f]);
            assert_mkg_ok(mkg_vectors_export(w->kg, v, path, &o, &out, &err));
            for (unsigned guess = 0; guess < 2; guess++) {
                assert_mkg_ok(import(w, path, guess ? NULL : o.format, NULL, &r));
                assert_int_equal(r.rows, ROWS);
                assert_int_equal(r.unknown, 0);
                assert_mkg_ok(mkg_vectors_open(w->db, "in", &back, &err));
                assert_int_equal(mkg_vectors_get_info(back)->dim, dim);
                assert_string_equal(mkg_vectors_get_info(back)->method, "import");
                assert_memory_equal(mkg_vectors_nodes(back), w->ids, sizeof w->ids);
                assert_memory_equal(mkg_vectors_row(back, w->ids[0]), x,
                                    ROWS * dim * sizeof *x);
                mkg_vectors_close(back);
            }
            free(path);
        }
        mkg_vectors_close(v);
        free(x);
    }
}

/* Without a table of names: a token is a name, with "_" for blanks, or a code, and
 * "#id" tells nodes of one name apart. Unknown rows are left out. */
static void tokens(void **state)
{
    world *w = *state;
    mkg_vectors_import_result r;
    mkg_vectors *v;
    char text[256], *path;
    snprintf(text, sizeof text,
             "5 2\r\nvitamin_B12 1 2\r\nICD10:E14 3 4\r\nunicorn 5 6\r\nsalt 7 8\r\n"
             "salt#%u 9 10\r\n",
             w->ids[3]);
    path = new_text(w->folder, "t.txt", text);
    assert_mkg_ok(import(w, path, "word2vec", NULL, &r));
    assert_int_equal(r.rows, 5);
    assert_int_equal(r.unknown, 2); /* unicorn, and salt is two nodes */
    assert_int_equal(r.info.n, 3);
    assert_mkg_ok(mkg_vectors_open(w->db, "in", &v, &err));
    assert_int_equal((int)mkg_vectors_row(v, w->ids[0])[0], 3);
    assert_int_equal((int)mkg_vectors_row(v, w->ids[1])[1], 2);
    assert_int_equal((int)mkg_vectors_row(v, w->ids[3])[0], 9);
    assert_null(mkg_vectors_row(v, w->ids[2]));
    mkg_vectors_close(v);
    free(path);
}

static void faults_of_text(void **state)
{
    static const struct {
        const char *text, *says;
        uint64_t line;
    } bad[] = {
        {"", "begins with the number of rows", 1},
        {"salt 1 2\n", "begins with the number of rows", 1},
        {"0 3\n", "cannot be a set", 1},
        {"1 70000\n", "cannot be a set", 1},
        {"2 2\n糖尿病 1 nan\n", "number 2 is no finite number: 'nan'", 2},
        {"2 2\n糖尿病 1 2\nsalt inf 2\n", "number 1 is no finite number: 'inf'", 3},
        {"1 2\n糖尿病 1 1e39\n", "number 2 is not finite", 2},
        {"1 3\n糖尿病 1 2\n", "2 numbers where the first line says 3", 2},
        {"1 1\n糖尿病 1 2\n", "2 numbers where the first line says 1", 2},
        {"1 2\nvitamin B12 1\n", "number 1 is no finite number: 'B12'", 2},
        {"1 1\n糖尿病\n", "a name, a blank and numbers", 2},
        {"2 1\n糖尿病 1\n糖尿病 2\n", "'糖尿病' comes twice: in row 1", 3},
        {"2 1\n糖尿病 1\nICD10:E14 2\n", "rows 1 and 2 are the same node", 0},
        {"2 1\n糖尿病 1\n", "the file ends in row 2 of 2", 0},
        {"1 1\n糖尿病 1\nx 2\n", "goes on behind its 1 rows", 3},
        {"1 1\n\xff\xfe 1\n", "not UTF-8", 2},
    };
    world *w = *state;
    mkg_vectors_import_result r;
    mkg_vectors_info *list;
    size_t n;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *path = new_text(w->folder, "bad.txt", bad[i].text);
        memset(&err, 0, sizeof err);
        assert_int_equal(import(w, path, "word2vec", NULL, &r), MKG_EPARSE);
        if (!strstr(err.msg, bad[i].says))
            fail_msg("case %zu: '%s', not '%s'", i, err.msg, bad[i].says);
        assert_int_equal(err.line, bad[i].line);
        assert_string_equal(err.file, "bad.txt");
        free(path);
    }
    char *path = new_text(w->folder, "none.txt", "1 1\nunicorn 1\n");
    assert_int_equal(import(w, path, NULL, NULL, &r), MKG_NOTFOUND);
    assert_int_equal(import(w, path, "hdf5", NULL, &r), MKG_EARG);
    free(path);
    assert_mkg_ok(mkg_vectors_list(w->db, &list, &n, &err));
    assert_int_equal(n, 0); /* nothing was written */
    mkg_vectors_list_free(list);
}

static void faults_of_binaries(void **state)
{
    world *w = *state;
    mkg_vectors_import_result r;
    const float nan_row[] = {1, NAN};
    char bytes[256];
    size_t n = (size_t)snprintf(bytes, sizeof bytes, "1 2\nsalt ");
    memcpy(bytes + n, nan_row, sizeof nan_row);
    char *path = new_file(w->folder, "bad.bin", bytes, n + sizeof nan_row);
    assert_int_equal(import(w, path, "word2vec-bin", NULL, &r), MKG_EPARSE);
    assert_non_null(strstr(err.msg, "row 1: number 2 is not finite"));
    free(path);
    path = new_file(w->folder, "bad.bin", bytes, n + 5);
    assert_int_equal(import(w, path, "word2vec-bin", NULL, &r), MKG_EPARSE);
    assert_non_null(strstr(err.msg, "ends in row 1 of 1"));
    free(path);
    /* Arrays: of other types and shapes, too long, without names. */
    static const struct {
        const char *header, *says;
    } arrays[] = {
        {"{'descr': '<i4', 'fortran_order': False, 'shape': (1, 2), }", "float32"},
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (1, 2), }", "float32"},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }", "Fortran"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "two dimensions"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 1), }",
         "two dimensions"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (9, 2), }", "9 rows, but"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }",
         "is not finite"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), }", "goes on"},
    };
    char *names = new_text(w->folder, "names.txt", "糖尿病\n");
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        size_t h = strlen(arrays[i].header);
        memcpy(bytes, "\x93NUMPY\x01\x00", 8);
        bytes[8] = (char)h;
        bytes[9] = 0;
        memcpy(bytes + 10, arrays[i].header, h);
        memcpy(bytes + 10 + h, nan_row, sizeof nan_row);
        path = new_file(w->folder, "a.npy", bytes, 10 + h + sizeof nan_row);
        assert_int_equal(import(w, path, "npy", names, &r), MKG_EPARSE);
        if (!strstr(err.msg, arrays[i].says))
            fail_msg("case %zu: '%s', not '%s'", i, err.msg, arrays[i].says);
        free(path);
    }
    path = in_folder(w->folder, "a.npy");
    assert_int_equal(import(w, path, "npy", NULL, &r), MKG_EARG);
    assert_non_null(strstr(err.msg, "a.names.tsv"));
    free(path);
    free(names);
}

static void float64_and_a_list_of_names(void **state)
{
    world *w = *state;
    mkg_vectors_import_result r;
    mkg_vectors *v;
    static const char header[] =
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }";
    const double x[] = {1, 2, 3, 4.5};
    char bytes[256];
    memcpy(bytes, "\x93NUMPY\x01\x00", 8);
    bytes[8] = sizeof header - 1;
    bytes[9] = 0;
    memcpy(bytes + 10, header, sizeof header - 1);
    memcpy(bytes + 10 + sizeof header - 1, x, sizeof x);
    char *path = new_file(w->folder, "w.npy", bytes, 10 + sizeof header - 1 + sizeof x),
         *names = new_text(w->folder, "names.txt", "vitamin B12\n糖尿病\n");
    assert_mkg_ok(import(w, path, NULL, names, &r));
    assert_mkg_ok(mkg_vectors_open(w->db, "in", &v, &err));
    assert_true(mkg_vectors_row(v, w->ids[0])[1] > 4.4f);
    assert_int_equal((int)mkg_vectors_row(v, w->ids[1])[0], 1);
    mkg_vectors_close(v);
    free(path);
    free(names);
}

/* Files that gensim writes come in; files that it reads are ours unchanged. */
static void with_gensim(void **state)
{
    world *w = *state;
    mkg_vectors_import_result r;
    mkg_vectors *v;
    char line[4096];
    const float x[] = {1, 2, 3, 4, 5, 6, 7, 8};
    if (system("/usr/bin/python3 -c 'import gensim' 2>/dev/null") != 0) {
        print_message("skipped: gensim (python3-gensim) is not here\n");
        return;
    }
    mkg_vectors_info set = {
        .name = "out", .method = "test", .params = "{}", .n = ROWS, .dim = 2};
    assert_mkg_ok(mkg_vectors_save(w->db, &set, w->ids, x, &err));
    assert_mkg_ok(mkg_vectors_open(w->db, "out", &v, &err));
    for (unsigned binary = 0; binary < 2; binary++) {
        mkg_vectors_export_opts o = {.format = binary ? "word2vec-bin" : "word2vec"};
        mkg_vectors_export_result out;
        mkg_vectors *back;
        char *path = in_folder(w->folder, "g.vec"),
             *theirs = in_folder(w->folder, "h.vec");
        assert_mkg_ok(mkg_vectors_export(w->kg, v, path, &o, &out, &err));
        snprintf(line, sizeof line,
                 "/usr/bin/python3 -c 'import sys; from gensim.models import "
                 "KeyedVectors as K; v=K.load_word2vec_format(sys.argv[1], "
                 "binary=%s); assert len(v)==4 and list(v[\"vitamin_B12\"])==[3,4] and "
                 "list(v[\"salt#%u\"])==[7,8]; v.save_word2vec_format(sys.argv[2], "
                 "binary=%s)' '%s' '%s' 2>&1",
                 binary ? "True" : "False", w->ids[3], binary ? "True" : "False", path,
                 theirs);
        assert_int_equal(system(line), 0);
        assert_mkg_ok(import(w, theirs, NULL, NULL, &r));
        assert_int_equal(r.unknown, 1); /* "salt" alone is two nodes */
        assert_mkg_ok(mkg_vectors_open(w->db, "in", &back, &err));
        assert_memory_equal(mkg_vectors_row(back, w->ids[1]), x + 2, 2 * sizeof *x);
        mkg_vectors_close(back);
        free(path);
        free(theirs);
    }
    mkg_vectors_close(v);
}

static void out_of_memory(void **state)
{
    world *w = *state;
    mkg_vectors_import_result r;
    char *path = new_text(w->folder, "m.txt", "2 2\n糖尿病 1 2\nvitamin_B12 3 4\n");
    mkg_status st = MKG_ENOMEM;
    for (long n = 1; st != MKG_OK; n++) {
        assert_true(n < 500);
        mkg__alloc_fail_after(n);
        st = import(w, path, NULL, NULL, &r);
        mkg__alloc_fail_after(0);
        assert_true(st == MKG_OK || st == MKG_ENOMEM);
    }
    free(path);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(there_and_back),
        WITH_WORLD(tokens),
        WITH_WORLD(faults_of_text),
        WITH_WORLD(faults_of_binaries),
        WITH_WORLD(float64_and_a_list_of_names),
        WITH_WORLD(with_gensim),
        WITH_WORLD(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
