/* What is exported as triples and imported again is the graph that it was. */
#include "testing_import.h"

#include "canonical.h"

#include "base/err.h"
#include "base/io.h"
#include "base/rng.h"
#include "kg/export.h"

static mkg_err err;

/* Export w->kg as triples and import them into a new store. */
static mkg_export_result there_and_back(import_world *w, mkg_lang lang,
                                        import_world **out)
{
    void *state;
    mkg_export_result r;
    mkg_export_opts o = MKG_EXPORT_OPTS_INIT;
    mkg_import_result read;
    mkg_import_opts io = {.format = "triples", .strict = true};
    char *path = in_folder(w->folder, "out.tsv");

    o.lang = lang;
    assert_mkg_ok(mkg_export_graph(w->kg, path, &o, &r, &err));
    import_setup(&state);
    *out = state;
    assert_mkg_ok(import_path(*out, path, io, &read, &err));
    free(path);
    return r;
}

static void fail_with_difference(const char *a, const char *b, const char *what)
{
    size_t at = 0;
    while (a[at] && a[at] == b[at])
        at++;
    size_t from = at > 200 ? at - 200 : 0;
    fail_msg("%s: differs at byte %zu; was\n%.500s\nand is\n%.500s", what, at, a + from,
             b + from);
}

static void assert_same_graph(import_world *a, import_world *b, const char *what)
{
    mkg__buf x = {0}, y = {0};
    assert_mkg_ok(canonical_text(a->kg, &x, &err));
    assert_mkg_ok(canonical_text(b->kg, &y, &err));
    if (strcmp(x.ptr, y.ptr) != 0) fail_with_difference(x.ptr, y.ptr, what);
    mkg__buf_clear(&x);
    mkg__buf_clear(&y);
}

/* ---- random graphs ---- */

/* Pieces that names and texts are made of: what a table could stumble over. */
static const char *const pieces[] = {
    "糖尿病", "肾病", "cold", "Fever", "ａｂ", " ", "\"",   "\t",   "\n", "\r", ",",
    ";",      "\\",   "<&>",  "'",     "#",    "1", "😀",    "é",    "-",  "ß",  "|",
    "\"q\"",  "Ⅱ",    "%",    "β",     "\x7f", "x", "感冒", "NULL", "=",  "N/A"};
enum { PIECES = sizeof pieces / sizeof *pieces };

static mkg_view random_text(mkg__rng *r, char *out, unsigned most)
{
    size_t n = 0;
    unsigned count = 1 + mkg__rng_below(r, most);
    /* A letter first, so that it folds to something. */
    n += (size_t)sprintf(out, "%s",
                         mkg__rng_below(r, 3) ? pieces[mkg__rng_below(r, 4)] : "\"a");
    for (unsigned i = 0; i < count; i++)
        n += (size_t)sprintf(out + n, "%s", pieces[mkg__rng_below(r, PIECES)]);
    return mkg__trim(mkg__view(out, n));
}

static mkg_id random_node(mkg_writer *w, mkg__rng *r)
{
    static const char *const types[] = {"disease", "symptom", "drug", "concept", "x y"};
    char text[256];
    mkg_id id;
    mkg_lang lang = (mkg_lang)mkg__rng_below(r, 3);
    assert_mkg_ok(mkg_writer_node(w, V(types[mkg__rng_below(r, 5)]),
                                  random_text(r, text, 2), lang, &id, &err));
    return id;
}

static void random_sayings(mkg_writer *w, mkg__rng *r, mkg_id id)
{
    char text[256];
    if (mkg__rng_below(r, 2))
        assert_mkg_ok(mkg_writer_name(
            w, id, mkg__rng_below(r, 2) ? MKG_ENTRY_NAME : MKG_ENTRY_ALIAS,
            (mkg_lang)mkg__rng_below(r, 3), random_text(r, text, 2), &err));
    if (mkg__rng_below(r, 3) == 0) {
        /* Few codes, so that nodes share them, also in another case. */
        sprintf(text, "%s:E%u.x\"1", mkg__rng_below(r, 2) ? "ICD" : "icd",
                mkg__rng_below(r, 40));
        assert_mkg_ok(mkg_writer_code(w, id, V(text), &err));
    }
}

static void random_fact(mkg_writer *w, mkg__rng *r, const mkg_id *ids, uint32_t n)
{
    static const char *const names[] = {"symptom", "treats", "treated_by",
                                        "my relation", "interacts_with"};
    static const char *const literals[] = {"description", "my text"};
    static const float weights[] = {0, 0.1f, 1e-7f, 2.9e38f, 2};
    char text[512], grade[256], place[256];
    bool literal = mkg__rng_below(r, 4) == 0;
    mkg_fact_in f = {.subject = ids[mkg__rng_below(r, n)],
                     .literal = V(""),
                     .grade = V(""),
                     .population = V(""),
                     .locator = V(""),
                     .line = 1 + mkg__rng_below(r, 99),
                     .denied = mkg__rng_below(r, 5) == 0,
                     .weight = weights[mkg__rng_below(r, 5)]};
    const char *name =
        literal ? literals[mkg__rng_below(r, 2)] : names[mkg__rng_below(r, 5)];
    assert_mkg_ok(mkg_writer_relation(w, V(name), &f.relation, &err));
    if (literal) {
        f.literal = random_text(r, text, 8);
        f.literal_lang = (mkg_lang)mkg__rng_below(r, 3);
    } else {
        f.object = ids[mkg__rng_below(r, n)];
    }
    if (mkg__rng_below(r, 3) == 0) f.grade = random_text(r, grade, 2);
    if (mkg__rng_below(r, 3) == 0) f.population = V("成人\t≥ 18");
    if (mkg__rng_below(r, 3) == 0) f.locator = random_text(r, place, 3);
    assert_mkg_ok(mkg_writer_fact(w, &f, &err));
}

static void random_source(mkg_kg *kg, mkg__rng *r, unsigned number)
{
    char file[32], sha[32];
    mkg_id ids[60];
    mkg_writer *w;
    mkg_writer_counts counts;
    uint32_t n = 2 + mkg__rng_below(r, 58);
    mkg_source_info info = {.file = file, .format = "triples"};

    sprintf(file, "file %u.tsv", number);
    sprintf(sha, "%u", number);
    assert_mkg_ok(mkg_writer_new(kg, &info, &w, &err));
    for (uint32_t i = 0; i < n; i++) {
        ids[i] = random_node(w, r);
        random_sayings(w, r, ids[i]);
    }
    for (uint32_t i = 0; i < 2 * n; i++)
        random_fact(w, r, ids, n);
    assert_mkg_ok(
        mkg_writer_commit(w, sha, 1000 + number, 0, NULL, NULL, &counts, &err));
    mkg_writer_free(w);
    assert_mkg_ok(mkg_kg_renew(kg, &err));
}

static void random_graphs(void **unused)
{
    (void)unused;
    for (unsigned seed = 1; seed <= 24; seed++) {
        void *state;
        char what[64];
        import_world *back;
        mkg__rng r = mkg__rng_new(seed, 0, 0);
        import_setup(&state);
        import_world *w = state;
        for (unsigned i = 0; i < 1 + seed % 3; i++)
            random_source(w->kg, &r, i);
        sprintf(what, "seed %u", seed);
        mkg_lang lang = (mkg_lang)(seed % 3);
        mkg_export_result written = there_and_back(w, lang, &back);
        if (written.same_name == 0)
            assert_same_graph(w, back, what);
        else
            print_message("%s: %u nodes share a name\n", what,
                          (unsigned)written.same_name);
        state = back;
        import_teardown(&state);
        state = w;
        import_teardown(&state);
    }
}

static void the_starter_graph(void **state)
{
    import_world *w = *state, *back;
    mkg_import_result r;
    mkg_import_opts o = {.map = MEDKG_DATA_DIR "/maps/starter.json", .strict = true};
    assert_mkg_ok(import_path(w, MEDKG_DATA_DIR "/starter.jsonl", o, &r, &err));
    mkg_export_result written = there_and_back(w, MKG_LANG_EN, &back);
    assert_int_equal(written.same_name, 0);
    assert_int_equal(written.nodes, r.nodes);
    assert_int_equal(written.edges, r.facts);
    assert_same_graph(w, back, "starter");
    void *other = back;
    import_teardown(&other);
}

/* ---- what names can and cannot tell apart ---- */

/* A name that is an alias of one node and the preferred name of another. */
static void an_alias_that_is_a_name(void **state)
{
    import_world *w = *state, *back;
    import_ok(w, "a.tsv",
              "subject\trelation\tobject\tsubject_type\tobject_type\n"
              "感冒\t别名\t伤风\tdisease\t\n"
              "感冒\tsymptom\t咳嗽\tdisease\tsymptom\n",
              NULL);
    mkg_source_info info = {.file = "b.tsv", .format = "triples"};
    mkg_writer *wr;
    mkg_id id;
    mkg_writer_counts c;
    assert_mkg_ok(mkg_writer_new(w->kg, &info, &wr, &err));
    assert_mkg_ok(mkg_writer_node_coded(wr, V("disease"), V("肺炎"), MKG_LANG_ZH,
                                        V("ICD10:J18"), &id, &err));
    assert_mkg_ok(
        mkg_writer_name(wr, id, MKG_ENTRY_ALIAS, MKG_LANG_ZH, V("感冒"), &err));
    assert_mkg_ok(mkg_writer_commit(wr, "b", 7, 0, NULL, NULL, &c, &err));
    mkg_writer_free(wr);
    assert_mkg_ok(mkg_kg_renew(w->kg, &err));
    mkg_export_result r = there_and_back(w, MKG_LANG_NONE, &back);
    assert_int_equal(r.same_name, 0);
    assert_same_graph(w, back, "alias");
    void *other = back;
    import_teardown(&other);
}

/* Two nodes, one type, one name: the codes alone tell them apart. */
static void nodes_of_one_name_are_counted(void **state)
{
    import_world *w = *state, *back;
    mkg_source_info info = {.file = "b.tsv", .format = "triples"};
    mkg_writer *wr;
    mkg_id a, b, c;
    mkg_writer_counts counts;
    mkg_stats stats;
    assert_mkg_ok(mkg_writer_new(w->kg, &info, &wr, &err));
    assert_mkg_ok(mkg_writer_node_coded(wr, V("disease"), V("Cold"), MKG_LANG_EN,
                                        V("X:1"), &a, &err));
    assert_mkg_ok(mkg_writer_node_coded(wr, V("disease"), V("cold"), MKG_LANG_EN,
                                        V("X:2"), &b, &err));
    assert_mkg_ok(mkg_writer_node_coded(wr, V("disease"), V("COLD"), MKG_LANG_EN,
                                        V("X:3"), &c, &err));
    assert_mkg_ok(mkg_writer_name(wr, c, MKG_ENTRY_NAME, MKG_LANG_ZH, V("寒"), &err));
    assert_mkg_ok(mkg_writer_commit(wr, "b", 7, 0, NULL, NULL, &counts, &err));
    mkg_writer_free(wr);
    assert_mkg_ok(mkg_kg_renew(w->kg, &err));
    assert_true(a != b && b != c);
    mkg_export_result r = there_and_back(w, MKG_LANG_NONE, &back);
    assert_int_equal(r.nodes, 3);
    assert_int_equal(r.same_name, 1); /* c has a name of its own in Chinese */
    assert_mkg_ok(mkg_kg_stats(back->kg, &stats, &err));
    assert_int_equal(stats.nodes, 2);
    mkg_stats_clear(&stats);
    void *other = back;
    import_teardown(&other);
}

/* ---- the reader's half ---- */

static void sayings_are_read(void **state)
{
    import_world *w = *state;
    mkg_ids ids = {0};
    mkg_node n;
    import_ok(w, "a.tsv",
              "subject\trelation\tobject\tsubject_type\tobject_type\tlang\n"
              "感冒\tskos:prefLabel\t感冒\tdisease\t\tzh\n"
              "感冒\tskos:prefLabel\tcommon cold\tdisease\t\ten\n"
              "感冒\tskos:altLabel\t伤风\tdisease\t\tzh\n"
              "感冒\tskos:notation\tICD10:J00\tdisease\t\t\n"
              "感冒\tskos:notation\tJ00\tdisease\t\t\n"
              "感冒\tseason\twinter\tdisease\txsd:string\ten\n"
              "咳嗽\tsymptom_of\twinter\tdisease\txsd:string\ten\n",
              NULL);
    assert_string_equal(mkg__buf_cstr(&w->skips),
                        "a.tsv:6: the code 'J00' is not of the form SYSTEM:code\n"
                        "a.tsv:7: the relation 'season' is new: no vocabulary has it\n"
                        "a.tsv:8: a text cannot be the subject of 'symptom_of'\n");
    assert_string_equal(graph_text(w),
                        "disease 感冒 | season | \"winter\" | a.tsv:7\n");
    assert_int_equal(mkg_kg_find_code(w->kg, V("ICD10:J00"), &ids, &err), MKG_OK);
    assert_mkg_ok(mkg_kg_node(w->kg, ids.ids[0], &n, &err));
    assert_true(mkg__view_is(mkg_node_name(&n, MKG_LANG_EN), "common cold"));
    assert_true(mkg__view_is(mkg_node_name(&n, MKG_LANG_ZH), "感冒"));
    ids.n = 0;
    assert_int_equal(mkg_kg_find_name(w->kg, V("伤风"), &ids, &err), MKG_OK);
    mkg_ids_clear(&ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_graphs),
        cmocka_unit_test_setup_teardown(the_starter_graph, import_setup,
                                        import_teardown),
        cmocka_unit_test_setup_teardown(an_alias_that_is_a_name, import_setup,
                                        import_teardown),
        cmocka_unit_test_setup_teardown(nodes_of_one_name_are_counted, import_setup,
                                        import_teardown),
        cmocka_unit_test_setup_teardown(sayings_are_read, import_setup,
                                        import_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
