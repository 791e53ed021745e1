/* Intents that are learnt, on a vocabulary and frames small enough to train in a
 * moment. */
#include "testing.h"

#include "base/hash.h"
#include "base/io.h"
#include "retrieve/classify_internal.h"
#include "retrieve/intents.h"

static mkg_err err;

static const char vocabulary[] =
    "relation\tinverse\tkind\tsubject_type\tobject_type\tlabel_zh\tlabel_en\t"
    "sentence_zh\tsentence_en\tphrases_zh\tphrases_en\taliases\n"
    "symptom\tsymptom_of\tnode\tdisease\tsymptom\t症状\tsymptom\t\t\t症状;表现\t"
    "symptoms\t\n"
    "symptom_of\tsymptom\tnode\tsymptom\tdisease\t见于\tseen in\t\t\t什么病;哪些病\t"
    "which disease\t\n"
    "cost\t\tliteral\tdisease\t\t费用\tcost\t\t\t费用;多少钱\thow much\t\n";

static const char frames[] = "# made for this test\n"
                             "kind\tlanguage\tof\ttext\n"
                             "frame\tzh\t-\t{e}的{p}(是什么|有哪些|)\n"
                             "frame\ten\t-\t{p} of {e}\n"
                             "say\tzh\tsymptom\t{e}(哪里|身上)(难受|不舒服)\n"
                             "say\ten\tsymptom\thow does {e} (feel|show)\n"
                             "say\tzh\tcost\t{e}(贵|便宜)(吗|么)\n"
                             "none\tzh\t-\t(今天|明天)天气(好|怎么样)\n"
                             "none\ten\t-\twho won the (game|match)\n"
                             "open\tzh\t-\t请问\n"
                             "close\ten\t-\tthanks\n"
                             "aside\tzh\t-\t我妈(得了|有){e},\n"
                             "thing\tzh\tdisease\t这病\n";

typedef struct world {
    char *folder, *db, *frames, *model;
    mkg_kg *kg;
} world;

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static void add_node(mkg_writer *w, const char *type, const char *zh, const char *en)
{
    mkg_id id;
    assert_mkg_ok(mkg_writer_node(w, V(type), V(zh), MKG_LANG_ZH, &id, &err));
    assert_mkg_ok(mkg_writer_name(w, id, MKG_ENTRY_NAME, MKG_LANG_EN, V(en), &err));
}

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    mkg_writer *wr;
    mkg_writer_counts counts;
    mkg_source_info info = {.name = "small", .file = "small.tsv"};
    assert_non_null(w);
    w->folder = new_folder();
    w->db = in_folder(w->folder, "db");
    w->frames = in_folder(w->folder, "frames.tsv");
    w->model = in_folder(w->folder, "intents.model");
    char *relations = in_folder(w->folder, "relations.tsv");
    write_text(relations, vocabulary);
    write_text(w->frames, frames);
    assert_mkg_ok(mkg_kg_open_write(w->db, &w->kg, &err));
    assert_mkg_ok(mkg_kg_load_relations(w->kg, relations, &err));
    assert_mkg_ok(mkg_writer_new(w->kg, &info, &wr, &err));
    add_node(wr, "disease", "感冒", "cold");
    add_node(wr, "disease", "肺炎", "pneumonia");
    add_node(wr, "symptom", "咳嗽", "cough");
    assert_mkg_ok(mkg_writer_commit(wr, "", 0, 0, NULL, NULL, &counts, &err));
    mkg_writer_free(wr);
    free(relations);
    mkg_intents_info trained;
    assert_mkg_ok(mkg_intents_train(w->kg, w->frames, 1, w->model, &trained, &err));
    assert_int_equal(trained.classes, 3);
    assert_true(trained.questions > 1000 && trained.bytes <= MKG_MODEL_BYTES);
    assert_true(trained.threshold > 0 && trained.threshold < 1);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    mkg_kg_close(w->kg);
    remove_folder(w->folder);
    free(w->db);
    free(w->frames);
    free(w->model);
    free(w);
    return 0;
}

/* ---- features ---- */

/* The text in folded form, `name` (if it stands there) marked as a disease. */
static mkg__features features(const char *text, const char *name)
{
    mkg__features f = {0};
    mkg__mark mark = {.type = V("disease")};
    const char *at = name ? strstr(text, name) : NULL;
    if (at) {
        mark.start = (size_t)(at - text);
        mark.end = mark.start + strlen(name);
    }
    assert_mkg_ok(mkg__features_of(V(text), &mark, at != NULL, &f, &err));
    for (size_t i = 1; i < f.n; i++)
        assert_true(f.at[i - 1] < f.at[i]);
    return f;
}

static bool same(const char *a, const char *in_a, const char *b, const char *in_b)
{
    mkg__features x = features(a, in_a), y = features(b, in_b);
    bool equal = x.n == y.n && memcmp(x.at, y.at, x.n * sizeof *x.at) == 0;
    mkg__features_clear(&x);
    mkg__features_clear(&y);
    return equal;
}

static void a_name_leaves_its_type_alone(void **state)
{
    (void)state;
    assert_true(same("感冒会传染吗", "感冒", "肺炎会传染吗", "肺炎"));
    assert_true(same("is cold serious", "cold", "is pneumonia serious", "pneumonia"));
    assert_false(same("感冒会传染吗", NULL, "肺炎会传染吗", NULL));
    assert_false(same("感冒会传染吗", "感冒", "感冒会传染吗", NULL));
    /* A mark within a word cuts it. */
    assert_true(same("xcoldy", "cold", "xflyy", "fly"));
}

static void numbers_are_all_the_same(void **state)
{
    (void)state;
    assert_true(same("吃3天", NULL, "吃10天", NULL));
    assert_false(same("吃3天", NULL, "吃b12天", NULL));
    assert_false(same("how long", NULL, "long how", NULL)); /* order counts */
}

static void the_last_clause_is_marked(void **state)
{
    (void)state;
    mkg__features one = features("怎么治", NULL), two = features("怎么治,怎么治", NULL);
    size_t shared = 0;
    for (size_t i = 0; i < one.n; i++)
        for (size_t k = 0; k < two.n; k++)
            shared += one.at[i] == two.at[k];
    /* all n-grams of the clause but those with the beginning, twice */
    assert_true(shared >= 12 && two.n > one.n);
    mkg__features_clear(&one);
    mkg__features_clear(&two);
    mkg__features none = features("", NULL);
    assert_true(none.n > 0); /* the end is a unit, too */
    mkg__features_clear(&none);
}

/* ---- the regression ---- */

static mkg__samples toy(void)
{
    mkg__samples s = {0};
    for (uint32_t i = 0; i < 300; i++) {
        /* feature 10: class 0; 20: class 1; 30: both; 40, 50: nothing */
        uint32_t at[2] = {10 * (i % 4 + 1), 50};
        uint16_t classes[2] = {0, 1};
        mkg__features f = {.at = at, .n = 2};
        const uint16_t *c = i % 4 == 1 ? classes + 1 : classes;
        size_t n = i % 4 == 3 ? 0 : i % 4 == 2 ? 2 : 1;
        assert_mkg_ok(mkg__samples_add(&s, &f, c, n, &err));
    }
    return s;
}

static void a_class_a_regression(void **state)
{
    (void)state;
    mkg__samples s = toy();
    uint32_t rows[300], f[4][2] = {{10, 50}, {20, 50}, {30, 50}, {40, 50}};
    const bool want[4][2] = {
        {true, false}, {false, true}, {true, true}, {false, false}};
    mkg__linear a, b;
    mkg__linear_opts o = {
        .classes = 2, .epochs = 20, .rate = 0.3f, .min_count = 2, .seed = 1};
    float z[2];
    for (uint32_t i = 0; i < 300; i++)
        rows[i] = i;
    assert_mkg_ok(mkg__linear_train(&s, rows, 300, &o, &a, &err));
    assert_mkg_ok(mkg__linear_train(&s, rows, 300, &o, &b, &err));
    assert_int_equal(a.nfeatures, 5);
    assert_memory_equal(a.weights, b.weights, 10 * sizeof *a.weights);
    for (size_t i = 0; i < 4; i++) {
        mkg__linear_score(&a, f[i], 2, z);
        assert_int_equal(z[0] > 0, want[i][0]);
        assert_int_equal(z[1] > 0, want[i][1]);
    }
    const uint32_t unknown = 77;
    mkg__linear_score(&a, &unknown, 1, z);
    assert_true(z[0] == a.bias[0] && z[1] == a.bias[1]);
    mkg__linear_clear(&b);

    /* Only the weights that the mask lets through are learnt. */
    const uint32_t keys[] = {10, 20};
    const float mask[] = {1, 0, 0, 1};
    o.keys = keys;
    o.nkeys = 2;
    o.mask = mask;
    assert_mkg_ok(mkg__linear_train(&s, rows, 300, &o, &b, &err));
    assert_true(b.weights[0] != 0 && b.weights[1] == 0);
    assert_true(b.weights[2] == 0 && b.weights[3] != 0);
    mkg__linear_clear(&a);
    mkg__linear_clear(&b);
    mkg__samples_clear(&s);
}

static void training_survives_a_lack_of_memory(void **state)
{
    (void)state;
    mkg__samples s = toy();
    uint32_t rows[300];
    mkg__linear m;
    mkg__linear_opts o = {.classes = 2, .epochs = 1, .rate = 0.3f, .min_count = 1};
    mkg_status st = MKG_ENOMEM;
    for (uint32_t i = 0; i < 300; i++)
        rows[i] = i;
    for (long n = 1; st == MKG_ENOMEM; n++) {
        mkg__alloc_fail_after(n);
        st = mkg__linear_train(&s, rows, 300, &o, &m, &err);
        mkg__alloc_fail_after(0);
        assert_true(n < 50);
    }
    assert_mkg_ok(st);
    mkg__linear_clear(&m);
    mkg__samples_clear(&s);
}

/* ---- the model ---- */

static mkg_status ask(const world *w, const mkg__classifier *c, const char *text,
                      mkg__class_score *out, size_t *n)
{
    mkg__question q = {.text = text, .len = strlen(text)};
    mkg__spans spans = {0};
    mkg__asks asks = {0};
    mkg_status st = mkg__fold(text, q.len, &q.folded, &q.map, &err);
    if (st >= 0) st = mkg__spans_find(w->kg, &q, &spans, &err);
    if (st >= 0) st = mkg__asks_find(w->kg, &q, &spans, &asks, &err);
    if (st >= 0)
        st = mkg__classify(c, &q, &spans, mkg__classifier_threshold(c), out, n, &err);
    mkg__asks_clear(&asks);
    mkg__spans_clear(&spans);
    mkg__buf_clear(&q.folded);
    mkg__free(q.map);
    return st;
}

static void questions_lead_to_relations(void **state)
{
    const world *w = *state;
    const struct {
        const char *question, *relation; /* NULL: nothing is asked */
    } cases[] = {{"感冒身上难受", "symptom"},
                 {"请问肺炎的表现有哪些", "symptom"},
                 {"how does pneumonia feel", "symptom"},
                 {"咳嗽的什么病", "symptom_of"},
                 {"某某怪病贵么", "cost"}, /* a name that the graph has not */
                 {"明天天气怎么样", NULL},
                 {"who won the match", NULL}};
    mkg__classifier *c;
    assert_int_equal(mkg__classifier_open(w->kg, w->model, &c, &err), MKG_OK);
    assert_int_equal(mkg__classifier_size(c), 3);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mkg__class_score out[3];
        size_t n = 3;
        assert_mkg_ok(ask(w, c, cases[i].question, out, &n));
        if (!cases[i].relation) {
            assert_int_equal(n, 0);
            continue;
        }
        assert_true(n > 0);
        assert_true(mkg__view_is(out[0].relation->name, cases[i].relation));
        for (size_t k = 0; k < n; k++)
            assert_true(out[k].p <= (k ? out[k - 1].p : 1) &&
                        out[k].p >= mkg__classifier_threshold(c));
    }
    mkg__class_score one;
    size_t n = 1;
    assert_mkg_ok(ask(w, c, "感冒的症状", &one, &n));
    assert_int_equal(n, 1); /* no more than there is room for */
    mkg__classifier_free(c);
}

static void the_same_seed_gives_the_same_bytes(void **state)
{
    const world *w = *state;
    mkg_intents_info info;
    mkg__buf a = {0}, b = {0};
    char *again = in_folder(w->folder, "again.model");
    assert_mkg_ok(mkg_intents_train(w->kg, w->frames, 1, again, &info, &err));
    assert_mkg_ok(mkg__file_read(w->model, 1 << 20, &a, &err));
    assert_mkg_ok(mkg__file_read(again, 1 << 20, &b, &err));
    assert_int_equal(a.len, b.len);
    assert_int_equal(a.len, info.bytes);
    assert_memory_equal(a.ptr, b.ptr, a.len);
    b.len = 0;
    assert_mkg_ok(mkg_intents_train(w->kg, w->frames, 2, again, &info, &err));
    assert_mkg_ok(mkg__file_read(again, 1 << 20, &b, &err));
    assert_true(a.len != b.len || memcmp(a.ptr, b.ptr, a.len) != 0);
    mkg__buf_clear(&a);
    mkg__buf_clear(&b);
    free(again);
}

static void write_bytes(const char *path, const char *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void a_damaged_model_is_refused(void **state)
{
    const world *w = *state;
    mkg__buf b = {0};
    mkg__classifier *c;
    char *path = in_folder(w->folder, "damaged.model");
    assert_mkg_ok(mkg__file_read(w->model, 1 << 20, &b, &err));
    for (size_t i = 0; i < b.len; i += i < 200 ? 1 : 97) {
        b.ptr[i] ^= 0x10;
        write_bytes(path, b.ptr, b.len);
        assert_int_equal(mkg__classifier_open(w->kg, path, &c, &err), MKG_ESTORE);
        assert_null(c);
        b.ptr[i] ^= 0x10;
    }
    for (size_t n = 0; n < b.len; n += n < 200 ? 1 : 997) {
        write_bytes(path, b.ptr, n);
        assert_int_equal(mkg__classifier_open(w->kg, path, &c, &err), MKG_ESTORE);
    }
    char *missing = in_folder(w->folder, "missing.model");
    assert_int_equal(mkg__classifier_open(w->kg, missing, &c, &err), MKG_NOTFOUND);
    mkg__buf_clear(&b);
    free(missing);
    free(path);
}

static void opening_survives_a_lack_of_memory(void **state)
{
    const world *w = *state;
    mkg__classifier *c = NULL;
    mkg_status st = MKG_ENOMEM;
    mkg__class_score out[3];
    size_t n;
    for (long k = 1; st == MKG_ENOMEM; k++) {
        mkg__alloc_fail_after(k);
        st = mkg__classifier_open(w->kg, w->model, &c, &err);
        if (st == MKG_OK) {
            n = 3;
            st = ask(w, c, "感冒身上难受", out, &n);
        }
        mkg__alloc_fail_after(0);
        if (st != MKG_OK) mkg__classifier_free(c);
        assert_true(k < 200);
    }
    assert_mkg_ok(st);
    mkg__classifier_free(c);
}

/* ---- the files that come with the program ---- */

static void the_shipped_model_fits_the_vocabulary(void **state)
{
    const world *w = *state;
    mkg_kg *kg;
    mkg__classifier *c;
    mkg__frames f;
    char *db = in_folder(w->folder, "shipped");
    assert_mkg_ok(mkg_kg_open_write(db, &kg, &err));
    assert_mkg_ok(mkg_kg_load_relations(kg, MEDKG_DATA_DIR "/relations.tsv", &err));
    /* MKG_NOTFOUND: relations.tsv changed; tests/bench/intents.sh trains the model anew
     */
    assert_int_equal(
        mkg__classifier_open(kg, MEDKG_DATA_DIR "/" MKG_INTENTS_FILE, &c, &err),
        MKG_OK);
    mkg__classifier_free(c);
    /* Its lines name relations and types that the vocabulary has. */
    assert_mkg_ok(mkg__frames_read(MEDKG_DATA_DIR "/question_frames.tsv", &f, &err));
    for (size_t i = 0; i < f.kinds[MKG_SAY].n; i++) {
        char names[200], *next = NULL;
        mkg_view of = f.kinds[MKG_SAY].at[i].of;
        snprintf(names, sizeof names, "%.*s", (int)of.len, of.ptr);
        for (char *one = strtok_r(names, ";", &next); one;
             one = strtok_r(NULL, ";", &next))
            assert_non_null(mkg_kg_find_relation(kg, V(one)));
    }
    mkg__frames_clear(&f);
    mkg_kg_close(kg);
    free(db);
}

static void bad_frames_are_told_with_their_line(void **state)
{
    const world *w = *state;
    const struct {
        const char *text;
        uint64_t line;
    } cases[] = {{"kind\tlanguage\tof\ttext\nsay\tzh\tcost\n", 2},
                 {"h\n#\n\nsay\txx\tcost\tx\n", 4},
                 {"h\nsing\tzh\t-\tx\n", 2},
                 {"h\nsay\tzh\tcost\t\n", 2},
                 {"h\nsay\tzh\tcost\tx\ty\n", 2}};
    char *path = in_folder(w->folder, "bad.tsv");
    mkg__frames f;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_text(path, cases[i].text);
        assert_int_equal(mkg__frames_read(path, &f, &err), MKG_EPARSE);
        assert_int_equal(err.line, cases[i].line);
        assert_string_equal(err.file, "bad.tsv");
    }
    free(path);
}

/* ---- measuring ---- */

static void scores_are_those_of_a_hand_count(void **state)
{
    const world *w = *state;
    char *cases = in_folder(w->folder, "cases.jsonl"),
         *map = in_folder(w->folder, "map");
    mkg_intent_score s;
    write_text(cases, "{\"question\":\"感冒的症状\",\"intent\":\"signs\"}\n"
                      "{\"question\":\"肺炎的表现\",\"intent\":\"signs\"}\n"
                      "{\"question\":\"肺炎的表现\",\"intent\":\"signs\"}\n"
                      "{\"question\":\"感冒要多少钱\",\"intent\":\"money\"}\n"
                      "{\"question\":\"感冒费用的表现\",\"intent\":\"other\"}\n");
    write_text(map, "signs\tsymptom; symptom_of\nmoney\tcost\nother\tnone\n");
    mkg_intent_eval_opts o = {.model = w->model, .map = map, .folds = 2, .seed = 1};
    assert_mkg_ok(mkg_eval_intent(w->kg, cases, &o, NULL, NULL, &s, &err));
    assert_int_equal(s.cases, 5);
    assert_int_equal(s.distinct, 4);
    assert_int_equal(s.nclasses, 3);
    assert_string_equal(s.classes[0].name, "signs");
    assert_float_equal(s.accuracy[MKG_INTENT_MAJORITY], 3.0 / 5, 1e-9);
    assert_float_equal(s.macro_f1[MKG_INTENT_MAJORITY], 0.75 / 3, 1e-9);
    /* Phrases: the last question has two of one length; the first in it counts. */
    assert_float_equal(s.accuracy[MKG_INTENT_PHRASES], 4.0 / 5, 1e-9);
    assert_float_equal(s.classes[0].f1[MKG_INTENT_PHRASES], 1, 1e-9);
    assert_true(s.measured[MKG_INTENT_GENERATED] && s.measured[MKG_INTENT_CROSS]);
    mkg_intent_score_clear(&s);

    o.map = NULL;
    assert_mkg_ok(mkg_eval_intent(w->kg, cases, &o, NULL, NULL, &s, &err));
    assert_false(s.measured[MKG_INTENT_PHRASES] || s.measured[MKG_INTENT_GENERATED]);
    mkg_intent_score_clear(&s);

    o.map = map;
    write_text(map, "signs\tsymtom\n");
    assert_int_equal(mkg_eval_intent(w->kg, cases, &o, NULL, NULL, &s, &err),
                     MKG_EPARSE);
    assert_int_equal(err.line, 1);
    write_text(cases, "{\"question\":\"感冒的症状\"}\n");
    assert_int_equal(mkg_eval_intent(w->kg, cases, &o, NULL, NULL, &s, &err),
                     MKG_EPARSE);
    free(cases);
    free(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_leaves_its_type_alone),
        cmocka_unit_test(numbers_are_all_the_same),
        cmocka_unit_test(the_last_clause_is_marked),
        cmocka_unit_test(a_class_a_regression),
        cmocka_unit_test(training_survives_a_lack_of_memory),
        cmocka_unit_test(questions_lead_to_relations),
        cmocka_unit_test(the_same_seed_gives_the_same_bytes),
        cmocka_unit_test(a_damaged_model_is_refused),
        cmocka_unit_test(opening_survives_a_lack_of_memory),
        cmocka_unit_test(the_shipped_model_fits_the_vocabulary),
        cmocka_unit_test(bad_frames_are_told_with_their_line),
        cmocka_unit_test(scores_are_those_of_a_hand_count),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
