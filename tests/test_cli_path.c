/* medkg path and stats --graph: what other programs read, and who touches the view. */
#include "cli_testing.h"

static void path_as_json(void **state)
{
    cli_world *w = *state;
    const char *subject, *relation, *object, *direction;
    json_int_t fact, more;
    assert_run(w, "medkg --json path 感冒 哮喘 -k 1", 0);
    json_t *v = json_of(w), *paths = json_object_get(v, "paths");
    assert_int_equal(json_array_size(paths), 1);
    json_t *path = json_array_get(paths, 0);
    assert_int_equal(json_array_size(path), 2);
    assert_int_equal(json_unpack(json_array_get(path, 1),
                                 "{s:s, s:s, s:s, s:I, s:s, s:I}", "subject", &subject,
                                 "relation", &relation, "object", &object, "fact",
                                 &fact, "direction", &direction, "more_facts", &more),
                     0);
    /* The fact as it stands, though the step goes the other way. */
    assert_string_equal(subject, "哮喘");
    assert_string_equal(relation, "symptom");
    assert_string_equal(object, "咳嗽");
    assert_string_equal(direction, "in");
    assert_int_equal(fact, 5);
    assert_int_equal(more, 0);
    assert_says(w->out, "{\"paths\":[[{\"subject\":\"感冒\",\"relation\":\"symptom\","
                        "\"object\":\"咳嗽\",\"fact\":1,");
    json_decref(v);
}

static void path_that_is_not_there(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg --json path 感冒 头痛", 1);
    assert_string_equal(w->out, "{\"paths\":[]}\n");
    assert_says(w->err, "no path of at most 4 steps");
    assert_run(w, "medkg path 感冒 肺炎 --max-length 1 -k 9", 0);
    assert_says_not(w->out, " 2.");
    assert_run(w, "medkg --json path 感冒 感冒", 1);
    assert_string_equal(w->out, "{\"paths\":[]}\n");
    assert_run(w, "medkg path 没有的病 感冒", 1);
    assert_string_equal(w->out, "");
    assert_run(w, "medkg --json path 高血压 感冒", 0);
    assert_says(w->out, "\"ambiguous\":true");
    assert_run(w, "medkg path 感冒", 2);
    assert_run(w, "medkg path 感冒 肺炎 -k 0", 2);
    assert_run(w, "medkg path 感冒 肺炎 --max-length 17", 2);
    /* Only a denied fact links the two directly. */
    assert_run(w, "medkg path 青霉素 感冒 --max-length 1", 1);
}

/* Two facts on a step, and a relation that has no name for its other direction. */
static void path_of_other_relations(void **state)
{
    cli_world *w = *state;
    assert_run(w,
               "printf '甲病\\tfoo\\t乙病\\n甲病\\tbar\\t乙病\\n丙病\\tfoo\\t乙病\\n"
               "丙病\\tfoo\\t坏\\033[31m名\\n' "
               ">foo.tsv; medkg -q -d foo.db import foo.tsv --format triples",
               0);
    assert_run(w, "medkg -d foo.db path 甲病 丙病", 0);
    assert_says(w->out, " 1. 甲病 —foo→ 乙病（另有 1 条）");
    assert_says(w->out, "    乙病 ←foo— 丙病");
    assert_run(w, "medkg -d foo.db path 甲病 丙病 --lang en", 0);
    assert_says(w->out, "乙病 (1 more)  ");
    assert_run(w, "medkg -d foo.db path 甲病 '#4'", 0);
    assert_says_not(w->out, "\x1b");
}

static void shape_as_json(void **state)
{
    cli_world *w = *state;
    json_int_t edges, components, largest, isolated, communities;
    double modularity;
    assert_run(w, "medkg --json stats --graph", 0);
    json_t *v = json_of(w), *graph = json_object_get(v, "graph"), *top;
    assert_int_equal(json_unpack(graph, "{s:I, s:I, s:I, s:I, s:I, s:f}", "edges",
                                 &edges, "components", &components, "largest", &largest,
                                 "isolated", &isolated, "communities", &communities,
                                 "modularity", &modularity),
                     0);
    assert_int_equal(edges, 36); /* 38 facts without a denied one and a text */
    assert_int_equal(components, 4);
    assert_int_equal(largest, 26); /* lupus and its 25 symptoms */
    assert_int_equal(isolated, 0);
    assert_true(communities >= 4 && modularity > 0.3);
    top = json_array_get(json_object_get(graph, "highest_degree"), 0);
    assert_string_equal(json_string_value(json_object_get(top, "name")),
                        "系统性红斑狼疮");
    assert_int_equal(json_integer_value(json_object_get(top, "degree")), 25);
    assert_int_equal(json_array_size(json_object_get(graph, "highest_pagerank")), 10);
    json_decref(v);
}

/* The view is made by those who need it, and used by the next. */
static void who_makes_the_view(void **state)
{
    cli_world *w = *state;
    assert_run(w, "cp -r medkg.db v.db; rm -f v.db/view.csr", 0);
    assert_run(
        w,
        "medkg -d v.db stats; medkg -d v.db show 感冒; medkg -d v.db search 感冒; "
        "medkg -d v.db ask 感冒有什么症状; test ! -e v.db/view.csr",
        0);
    assert_run(w, "medkg -d v.db path 感冒 肺炎; cp v.db/view.csr first", 0);
    assert_run(w,
               "medkg -d v.db stats --graph && medkg -d v.db path 感冒 哮喘 && "
               "cmp v.db/view.csr first",
               0);
    assert_run(w,
               "printf '感冒\\tsymptom\\t头痛\\n' >a.tsv && "
               "medkg -q -d v.db import a.tsv --format triples && "
               "medkg -d v.db path 感冒 头痛 --max-length 2",
               0);
    assert_run(w, "cmp -s v.db/view.csr first", 1);
    /* A look at an earlier version leaves the file as it is. */
    assert_run(w, "cp v.db/view.csr second", 0);
    assert_run(w, "medkg -d v.db path 感冒 头痛 --max-length 2 --as-of 2", 1);
    assert_run(w, "medkg -d v.db path 感冒 肺炎 --as-of 2; cmp v.db/view.csr second",
               0);
    assert_run(w, "echo x >>v.db/view.csr; medkg -d v.db path 感冒 头痛", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_as_json),
        cmocka_unit_test(path_that_is_not_there),
        cmocka_unit_test(path_of_other_relations),
        cmocka_unit_test(shape_as_json),
        cmocka_unit_test(who_makes_the_view),
    };
    return cmocka_run_group_tests(tests, new_world, end_world);
}
