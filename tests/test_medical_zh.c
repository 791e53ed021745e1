/* A real graph: 8,792 disease records in Chinese. What the store says of them against
 * counts that are taken from the file here, with nothing of the importer but the JSON
 * parser; and the questions that people asked about it. */
#include "testing_import.h"

#include "base/json.h"
#include "base/text.h"
#include "retrieve/retrieve.h"

static mkg_err err;

/* Strings, counted distinct by sorting. */
typedef struct strings {
    char **at;
    size_t n, cap;
} strings;

static void add(strings *s, const mkg__buf *key)
{
    assert_true(mkg__grow(&s->at, &s->cap, s->n + 1, sizeof *s->at));
    assert_non_null(s->at[s->n++] = mkg__viewdup(mkg__view(key->ptr, key->len)));
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t count_distinct(strings *s)
{
    size_t n = 0;
    qsort(s->at, s->n, sizeof *s->at, by_text);
    for (size_t i = 0; i < s->n; i++)
        n += i == 0 || strcmp(s->at[i], s->at[i - 1]) != 0;
    for (size_t i = 0; i < s->n; i++)
        mkg__free(s->at[i]);
    mkg__free(s->at);
    return n;
}

/* White space at the ends, and what stands for nothing: see ORIGIN.txt of the data. */
static bool says_something(mkg_view v)
{
    return v.len && !(v.len >= 3 && memcmp(v.ptr + v.len - 3, "...", 3) == 0) &&
           !mkg__view_is(v, "无") && !mkg__view_is(v, "暂无");
}

static const char *const lists[] = {"symptom",         "check",    "acompany",
                                    "cure_department", "cure_way", "common_drug",
                                    "do_eat",          "not_eat",  "recommand_eat"};
static const char *const types[] = {"symptom",    "test",      "disease",
                                    "department", "procedure", "drug",
                                    "food",       "food",      "food"};
enum { LISTS = 9 };
static const char *const relations[] = {
    "symptom",          "test",         "complication",
    "department",       "treatment",    "treats",
    "recommended_food", "avoided_food", "recommended_recipe"};

/* "type/name" with what the key folds away: width, case, blanks beside Han. */
static void put_folded(mkg__buf *b, mkg_view v)
{
    assert_mkg_ok(mkg__fold(v.ptr, v.len, b, NULL, &err));
}

typedef struct tallies {
    size_t nodes, facts[LISTS];
} tallies;

static void count_record(const json_t *v, strings *nodes, strings *facts)
{
    mkg__buf key = {0}, name = {0};
    put_folded(&name, mkg__trim(V(json_string_value(json_object_get(v, "name")))));
    mkg__buf_printf(&key, "disease/%s", mkg__buf_cstr(&name));
    add(nodes, &key);
    for (size_t l = 0; l < LISTS; l++) {
        const json_t *items = json_object_get(v, lists[l]);
        for (size_t i = 0; i < json_array_size(items); i++) {
            mkg_view item = mkg__trim(V(json_string_value(json_array_get(items, i))));
            if (!says_something(item)) continue;
            key.len = 0;
            mkg__buf_printf(&key, "%s/", types[l]);
            put_folded(&key, item);
            add(nodes, &key);
            key.len = 0;
            mkg__buf_printf(&key, "%s/", mkg__buf_cstr(&name));
            put_folded(&key, item);
            add(&facts[l], &key);
        }
    }
    mkg__buf_clear(&key);
    mkg__buf_clear(&name);
}

static void count_file(const char *path, tallies *t)
{
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    json_error_t je;
    strings nodes = {0}, facts[LISTS] = {0};

    assert_non_null(f);
    while ((n = getline(&line, &cap, f)) > 0) {
        json_t *v = json_loadb(line, (size_t)n, 0, &je);
        assert_non_null(v);
        count_record(v, &nodes, facts);
        json_decref(v);
    }
    free(line);
    fclose(f);
    t->nodes = count_distinct(&nodes);
    for (size_t l = 0; l < LISTS; l++)
        t->facts[l] = count_distinct(&facts[l]);
}

static int load(void **state)
{
    const char *path = shared("data/medical_zh/medical.jsonl");
    import_world *w;
    mkg_import_result r;
    mkg_import_opts o = {0};
    if (!path) {
        *state = NULL;
        return 0;
    }
    import_setup(state);
    w = *state;
    char *file = strdup(path);
    assert_mkg_ok(import_path(w, file, o, &r, &err));
    assert_int_equal(r.skipped, 0);
    free(file);
    return 0;
}

static int unload(void **state)
{
    return *state ? import_teardown(state) : 0;
}

static void test_counts(void **state)
{
    import_world *w = *state;
    tallies t = {0};
    mkg_stats s;
    if (!w) skip();
    count_file(shared("data/medical_zh/medical.jsonl"), &t);
    assert_mkg_ok(mkg_kg_stats(w->kg, &s, &err));
    assert_int_equal(s.nodes, t.nodes);
    assert_int_equal(s.names, t.nodes);
    for (size_t i = 0; i < LISTS; i++) {
        uint64_t n;
        const mkg_relation *r = mkg_kg_find_relation(w->kg, V(relations[i]));
        assert_mkg_ok(mkg_kg_relation_facts(w->kg, r->id, &n, &err));
        if (n != t.facts[i])
            fail_msg("%s: %llu facts, the file has %zu", relations[i],
                     (unsigned long long)n, t.facts[i]);
    }
    mkg_stats_clear(&s);
}

/* Questions that people asked: a floor well under what docs/retrieval.md reports. */
static void test_questions(void **state)
{
    import_world *w = *state;
    mkg_retrieval_score score;
    const char *path = shared("eval/kgqa_zh_dev.jsonl");
    if (!w || !path) skip();
    mkg_retriever_opts o = {.data = MEDKG_DATA_DIR};
    mkg_retriever *r;
    assert_mkg_ok(mkg_retriever_new(w->kg, &o, &r, &err));
    assert_mkg_ok(mkg_eval_retrieval(r, path, NULL, NULL, NULL, &score, &err));
    assert_true(score.cases > 900);
    assert_true(score.recall_any[2] >= 0.95);
    /* Questions of other fields, and of what the graph cannot have. */
    assert_mkg_ok(mkg_eval_retrieval(r, MEDKG_TESTS_DIR "/data/unanswerable.jsonl",
                                     NULL, NULL, NULL, &score, &err));
    assert_int_equal(score.unanswerable, 500);
    assert_true(score.refused >= 475);
    mkg_retriever_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_counts),
                                       cmocka_unit_test(test_questions)};
    return cmocka_run_group_tests(tests, load, unload);
}
