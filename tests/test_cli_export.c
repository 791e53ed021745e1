/* `medkg export`: options, exit codes, what goes to stdout and what to stderr. */
#include "cli_testing.h"

static void the_graph_there_and_back(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg export graph -o out.tsv", 0);
    assert_says(w->out, "out.tsv: ");
    assert_run(w, "medkg -d back.db import out.tsv --strict", 0);
    assert_run(w, "medkg -d back.db export graph -o again.tsv && cmp out.tsv again.tsv",
               0);
}

static void to_standard_output(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg export graph --format nt -o a.nt", 0);
    assert_run(w, "medkg export graph --format nt -o - | cmp - a.nt", 0);
    assert_run(w, "medkg export graph --format nt -o - --json", 2);
    assert_run(w, "medkg export graph --format kgx -o -", 2);
    assert_says(w->err, "two files");
    if (access("/dev/full", W_OK) == 0) {
        assert_run(w, "medkg export graph -o - >/dev/full", 4);
        assert_says(w->err, "cannot write to standard output: No space left");
        assert_run(w, "medkg export graph -o /dev/full", 4);
        assert_run(w, "test -c /dev/full", 0);
    }
    int ends[2];
    char line[96];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    snprintf(line, sizeof line, "medkg -q export graph --format graphml -o - >&%d",
             ends[1]);
    assert_run(w, line, 4);
    assert_string_equal(w->err, "");
    close(ends[1]);
}

static void results_in_json(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg --json export graph --format graphml -o g.xml", 0);
    json_t *v = json_of(w);
    assert_string_equal(json_string_value(json_object_get(v, "file")), "g.xml");
    assert_int_equal(json_integer_value(json_object_get(v, "denied_left_out")), 1);
    assert_int_equal(json_integer_value(json_object_get(v, "texts_left_out")), 1);
    assert_true(json_integer_value(json_object_get(v, "nodes")) > 30);
    json_decref(v);
    assert_says(w->err, "1 denied facts are left out");
    assert_run(w, "mkdir k; medkg --json export graph --format kgx -o k", 0);
    v = json_of(w);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(v, "files"), 1)),
        "k/edges.tsv");
    json_decref(v);
    assert_run(w, "grep -q biolink:has_phenotype k/edges.tsv", 0);
}

static void parts_and_pictures(void **state)
{
    cli_world *w = *state;
    assert_run(
        w, "medkg export graph --types disease --relations complication -o p.tsv", 0);
    assert_says(w->out, "p.tsv: 2 nodes, 1 facts");
    assert_run(w, "medkg export graph --types diseas -o p.tsv", 2);
    assert_says(w->err, "did you mean 'disease'?");
    assert_run(w, "medkg export graph --types food -o p2.tsv", 2);
    assert_run(w, "medkg export graph --types symptom --relations treats -o p2.tsv", 1);
    assert_run(w, "test ! -e p2.tsv", 0);
    assert_run(w, "medkg export graph --format dot --node 感冒 -o -", 0);
    assert_says(w->out, "[label=\"症状\"]");
    assert_says(w->out, "非 用于治疗");
    assert_run(w, "medkg export graph --format dot --node 'common cold' -o -", 0);
    assert_says(w->out, "NOT treats");
    assert_run(w, "medkg export graph --format dot -o -", 2);
    assert_run(w, "medkg export graph --format nt --node 感冒 -o -", 2);
    assert_run(w, "medkg export graph --format dot --node 感昌 -o -", 1);
    assert_run(w, "medkg export graph --format dot --node 高血压 -o h.dot", 0);
    assert_says(w->out, "means 2 nodes");
    assert_run(w, "test ! -e h.dot", 0);
}

static void wrong_usage(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg export grap -o x", 2);
    assert_says(w->err, "did you mean 'graph'?");
    assert_run(w, "medkg export graph --format graphm -o x", 2);
    assert_says(w->err, "did you mean 'graphml'?");
    assert_run(w, "medkg export graph", 2);
    assert_says(w->err, "-o OUT");
    assert_run(w, "medkg export graph more -o x", 2);
    assert_run(w, "medkg export vectors -o x", 2);
    assert_run(w, "medkg export vectors s --format nt -o x", 2);
    assert_run(w, "medkg export vectors none -o x", 1);
    assert_run(w, "medkg export graph -o no/such/folder/x", 4);
    assert_run(w, "medkg -d nowhere export graph -o x", 4);
    assert_run(w, "test ! -e x", 0);
}

static void vectors(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg embed node2vec --dim 8 --walks 1 --length 5", 0);
    assert_run(w, "medkg export vectors node2vec --lang en -o v.txt", 0);
    assert_says(w->out, "v.txt, v.names.tsv: ");
    assert_run(w, "grep -q '^common_cold ' v.txt && grep -q 'common cold' v.names.tsv",
               0);
    assert_run(
        w, "medkg --json export vectors node2vec --format npy --types drug -o v.npy",
        0);
    json_t *v = json_of(w);
    assert_int_equal(json_integer_value(json_object_get(v, "nodes")), 1);
    assert_int_equal(json_integer_value(json_object_get(v, "dim")), 8);
    json_decref(v);
    assert_run(w,
               "medkg export vectors node2vec --format word2vec-bin -o - | "
               "head -c 2 | grep -q '[0-9]'",
               0);
    assert_run(w, "medkg export vectors node2vec --hops 2 -o x", 2);
}

static void maps(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg export features node2vec --types disease -o f.tsv", 0);
    assert_run(w, "medkg export features node2vec --format npy -o f.tsv", 2);
    assert_run(w, "head -1 f.tsv | grep -q 'codes.v1.v2'", 0);
    assert_run(w, "medkg export map node2vec -o m.svg", 0);
    assert_says(w->out, "m.svg: ");
    assert_run(w, "grep -q '</svg>' m.svg && grep -q '>感冒</text>' m.svg", 0);
    assert_run(w, "medkg --json export map node2vec --lang en -o m.html", 0);
    json_t *v = json_of(w);
    assert_true(json_integer_value(json_object_get(v, "nodes")) > 30);
    json_decref(v);
    assert_run(w, "grep -q '\"common cold\"' m.html", 0);
    assert_run(w, "medkg export map node2vec --types drug -o x", 1);
    assert_run(w, "medkg export map node2vec --format png -o x", 2);
    assert_run(w, "medkg export map node2vec --hops 2 -o x", 2);
    assert_run(w, "medkg export map node2vec -o -", 2);
    assert_run(w, "medkg export map -o x", 2);
    assert_run(w, "test ! -e x", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_graph_there_and_back),
        cmocka_unit_test(to_standard_output),
        cmocka_unit_test(results_in_json),
        cmocka_unit_test(parts_and_pictures),
        cmocka_unit_test(wrong_usage),
        cmocka_unit_test(vectors),
        cmocka_unit_test(maps),
    };
    return cmocka_run_group_tests(tests, new_world, end_world);
}
