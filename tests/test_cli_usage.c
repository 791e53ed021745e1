/* The command line itself: usage, options, help, exit codes, where output goes. */
#include "cli_testing.h"

#include <fcntl.h>

static void without_a_command(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg", 2);
    assert_string_equal(w->out, "");
    assert_says(w->err, "usage: medkg");
    assert_run(w, "medkg --json -d medkg.db", 2);
    assert_says(w->err, "usage: medkg");
}

static void wrong_usage_says_what_is_wrong(void **state)
{
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"medkg serch x", "no command 'serch' in this version; did you mean 'search'?"},
        {"medkg vecotrs", "did you mean 'vectors'?"},
        {"medkg zzzzzz", "medkg: there is no command 'zzzzzz' in this version"},
        {"medkg chat", "there is no command 'chat' in this version"},
        {"medkg import --formt x",
         "unknown option '--formt'; did you mean '--format'?"},
        {"medkg import --format=trples x",
         "--format: 'trples' is not known; did you mean 'triples'?"},
        {"medkg import", "import needs an argument: FILE..."},
        {"medkg import ''", "No such file"},
        {"medkg embed node2vec --dim 12x",
         "--dim: '12x' is not a whole number between 1 and 4096"},
        {"medkg embed node2vec --dim=0",
         "--dim: '0' is not a whole number between 1 and 4096"},
        {"medkg embed node2vec --dim 4097", "between 1 and 4096"},
        {"medkg embed node2vec --dim -1", "--dim: '-1' is not a whole number"},
        {"medkg embed node2vec --p 0", "--p: '0' is not a number greater than 0"},
        {"medkg embed node2vec --q nan", "--q: 'nan' is not a number greater than 0"},
        {"medkg embed node2vec --seed", "--seed needs a value"},
        {"medkg embed node2vec --name ''", "the value of --name is empty"},
        {"medkg embed node2vec --deterministic=1", "--deterministic takes no value"},
        {"medkg embed keser", "'keser' is not in this version"},
        {"medkg embed prone --walks 3", "prone has no --walks"},
        {"medkg embed line --order 3", "--order"},
        {"medkg embed node3vec", "did you mean 'node2vec'?"},
        {"medkg embed node2vec --types diseas", "did you mean 'disease'?"},
        {"medkg embed node2vec --relations symptm", "did you mean 'symptom'?"},
        {"medkg similar 感冒 --type drog", "did you mean 'drug'?"},
        {"medkg show 感冒 --lang fr", "--lang: 'fr' is not known; there are: zh, en"},
        {"medkg search x -k 0", "-k: '0' is not a whole number between 1 and 1000"},
        {"medkg search", "search needs an argument: TEXT"},
        {"medkg search a b", "but there is also 'b'"},
        {"medkg search ''", "TEXT is empty"},
        {"medkg search \"$(printf 'a\\377')\"", "TEXT is not valid UTF-8 at byte 2"},
        {"medkg ask \"$(printf '\\346\\204')\"", "the question is not valid UTF-8"},
        {"medkg ask '  '", "the question is empty"},
        {"medkg ask x --patient 7", "--patient is not in this version"},
        {"medkg ask x --facts ten", "--facts: 'ten' is not a whole number"},
        {"medkg eval retreival x", "did you mean 'retrieval'?"},
        {"medkg eval retrieval",
         "eval needs an argument: retrieval|linking|intent|answers|vectors FILE|SET"},
        {"medkg stats now", "stats takes no argument, but there is 'now'"},
        {"medkg --dim 3 embed node2vec", "'--dim' belongs to a command"},
        {"medkg -x stats", "unknown option '-x'"},
        {"medkg --json=yes stats", "--json takes no value"},
        {"medkg -d", "-d needs a value"},
        {"medkg help serch", "did you mean 'search'?"},
    };
    cli_world *w = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int code = strstr(cases[i].says, "No such file") ? 4 : 2;
        assert_run(w, cases[i].line, code);
        assert_string_equal(w->out, "");
        assert_says(w->err, cases[i].says);
    }
}

static void options_go_anywhere(void **state)
{
    static const char *const lines[] = {
        "medkg -d medkg.db --json search 感冒 -k 1",
        "medkg search --json -dmedkg.db -k1 感冒",
        "medkg search 感冒 --k=1 --db=medkg.db --json",
        "medkg --db medkg.db --json search -k 1 -- 感冒",
        "MEDKG_DB=medkg.db medkg --json search --k 1 感冒",
        "MEDKG_DB=nowhere medkg -d medkg.db --json search --k 1 感冒"};
    cli_world *w = *state;
    char *first = NULL;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_run(w, lines[i], 0);
        if (!first) first = strdup(w->out);
        assert_string_equal(w->out, first);
    }
    assert_says(first, "\"node\":1,");
    free(first);
    /* After "--" nothing is an option. */
    assert_run(w, "medkg search -- --json", 1);
    assert_string_equal(w->out, "");
}

static void a_store_that_is_not_there(void **state)
{
    cli_world *w = *state;
    static const char *const lines[] = {"stats",
                                        "sources",
                                        "search x",
                                        "show x",
                                        "path x y",
                                        "check",
                                        "backup x",
                                        "embed node2vec",
                                        "similar x",
                                        "vectors",
                                        "ask x",
                                        "eval retrieval x",
                                        "suggest x y",
                                        "eval vectors x --clusters",
                                        "vectors import x",
                                        "export map x -o y"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char line[128];
        snprintf(line, sizeof line, "medkg -d nowhere %s", lines[i]);
        assert_run(w, line, 4);
        assert_string_equal(w->out, "");
        assert_says(w->err, "there is no store in 'nowhere'");
    }
    assert_run(w, "test ! -e nowhere", 0);
}

/* ---- help ---- */

static void help_tells_every_option(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg help --json", 0);
    json_t *v = json_of(w), *k, *o;
    size_t i, j;
    assert_true(json_array_size(json_object_get(v, "commands")) >= 12);
    json_array_foreach(json_object_get(v, "commands"), i, k)
    {
        const char *name = json_string_value(json_object_get(k, "name"));
        char line[128];
        snprintf(line, sizeof line, "medkg help %s", name);
        assert_run(w, line, 0);
        char *text = strdup(w->out);
        json_array_foreach(json_object_get(k, "options"), j, o)
        {
            char option[64];
            snprintf(option, sizeof option, "-%s",
                     json_string_value(json_object_get(o, "name")));
            assert_says(text, option);
            if (json_is_string(json_object_get(o, "default")))
                assert_says(text, json_string_value(json_object_get(o, "default")));
        }
        assert_says(text, "Usage: ");
        assert_says(text, "Example:");
        assert_says(text, "Exit codes:");
        snprintf(line, sizeof line, "medkg %s --help", name);
        assert_run(w, line, 0);
        assert_string_equal(w->out, text);
        free(text);
    }
    json_decref(v);
    assert_run(w, "medkg --help", 0);
    char *text = strdup(w->out);
    assert_run(w, "medkg help", 0);
    assert_string_equal(w->out, text);
    free(text);
}

/* As the list of commands has them, some of two words. */
#define EACH_COMMAND                                                                   \
    "medkg help | sed -n '/^Commands:/,/^$/s/^  \\([a-z]*\\( [a-z]*\\)*\\)  "          \
    ".*/\\1/p' | "                                                                     \
    "while read -r c"

static void no_line_of_help_is_too_wide(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg help; " EACH_COMMAND "; do medkg help $c; done", 0);
    for (char *line = strtok(w->out, "\n"); line; line = strtok(NULL, "\n"))
        if (mkg__utf8_width(line, strlen(line)) > 80) fail_msg("too wide: %s", line);
}

/* docs/cli.md is what help says, and nothing else. MEDKG_BLESS=1 writes it. */
static void the_manual_is_the_help(void **state)
{
    cli_world *w = *state;
    char *path = in_folder(MEDKG_TESTS_DIR, "../docs/cli.md");
    mkg__buf b = {0}, have = {0};
    mkg_err err;
    assert_run(
        w,
        "fence='```'\n"
        "printf '# Command line\\n\\nWhat `medkg help` says; every command knows "
        "its own part as `medkg help COMMAND`.\\n\\n'\n"
        "printf '%stext\\n' $fence; medkg help; echo $fence\n" EACH_COMMAND
        "; do printf '\\n## medkg %s\\n\\n%stext\\n' \"$c\" $fence; "
        "medkg help $c; echo $fence; done",
        0);
    mkg__buf_str(&b, w->out);
    if (getenv("MEDKG_BLESS")) {
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fputs(mkg__buf_cstr(&b), f);
        assert_int_equal(fclose(f), 0);
    }
    assert_mkg_ok(mkg__file_read(path, 1 << 20, &have, &err));
    assert_string_equal(have.ptr, mkg__buf_cstr(&b));
    mkg__buf_clear(&b);
    mkg__buf_clear(&have);
    free(path);
}

/* ---- stdout ---- */

static void output_that_cannot_be_written(void **state)
{
    cli_world *w = *state;
    if (access("/dev/full", W_OK) != 0) skip();
    static const char *const lines[] = {
        "help",   "version", "stats", "--json stats", "show 感冒", "ask 感冒有什么症状",
        "sources"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char line[128];
        snprintf(line, sizeof line, "medkg %s >/dev/full", lines[i]);
        assert_run(w, line, 4);
        assert_says(w->err, "medkg: cannot write to standard output: No space left");
        snprintf(line, sizeof line, "medkg %s >&-", lines[i]);
        assert_run(w, line, 4);
        assert_says(w->err, "cannot write to standard output");
    }
    /* What is wrong with the command itself goes first. */
    assert_run(w, "medkg serch >/dev/full", 2);
}

static void a_reader_that_has_gone(void **state)
{
    cli_world *w = *state;
    int ends[2];
    char line[64];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]); /* whoever writes finds nobody at the other end */
    snprintf(line, sizeof line, "medkg stats >&%d", ends[1]);
    assert_run(w, line, 4);
    assert_string_equal(w->err, ""); /* "medkg … | head" has what it wanted */
    close(ends[1]);
}

static void closed_descriptors_do_no_harm(void **state)
{
    cli_world *w = *state;
    assert_run(w, "cp -r medkg.db copy; medkg -d copy show 感冒 <&- 2>&- >&-", 4);
    assert_run(w, "medkg -d copy stats", 0);
    assert_run(w, "cmp medkg.db/data.mdb copy/data.mdb", 0);
}

static void quiet_is_quiet(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg vectors", 0);
    assert_says(w->err, "there is no vector set");
    assert_run(w, "medkg -q vectors", 0);
    assert_string_equal(w->err, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_command),
        cmocka_unit_test(wrong_usage_says_what_is_wrong),
        cmocka_unit_test(options_go_anywhere),
        cmocka_unit_test(a_store_that_is_not_there),
        cmocka_unit_test(help_tells_every_option),
        cmocka_unit_test(no_line_of_help_is_too_wide),
        cmocka_unit_test(the_manual_is_the_help),
        cmocka_unit_test(output_that_cannot_be_written),
        cmocka_unit_test(a_reader_that_has_gone),
        cmocka_unit_test(closed_descriptors_do_no_harm),
        cmocka_unit_test(quiet_is_quiet),
    };
    return cmocka_run_group_tests(tests, new_world, end_world);
}
