/* What each command prints for programs, and with which exit code it ends. */
#include "cli_testing.h"

#include "kg/store_internal.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

/* ---- the shape of the JSON ---- */

/* Same keys in the same order, all the way down; an empty array may stand for any. */
static void same_shape(const json_t *have, const json_t *want, const char *where)
{
    if (json_is_array(want)) {
        if (!json_is_array(have)) fail_msg("%s is not an array", where);
        if (json_array_size(have) && json_array_size(want))
            same_shape(json_array_get(have, 0), json_array_get(want, 0), where);
        return;
    }
    if (!json_is_object(want)) {
        bool both = json_is_string(have)
                        ? json_is_string(want) || json_is_null(want)
                        : json_typeof(have) == json_typeof(want) ||
                              json_is_null(have) || json_is_null(want) ||
                              (json_is_boolean(have) && json_is_boolean(want));
        if (!both) fail_msg("%s has another type", where);
        return;
    }
    if (!json_is_object(have)) fail_msg("%s is not an object", where);
    void *a = json_object_iter((json_t *)(uintptr_t)have);
    void *b = json_object_iter((json_t *)(uintptr_t)want);
    /* Keys that are data: names of types, relations, parameters. */
    static const char *const data[] = {"types", "facts_by_relation", "params",
                                       "relation", "how"};
    for (size_t i = 0; i < sizeof data / sizeof *data; i++)
        if (strcmp(where, data[i]) == 0) return;
    while (a && b) {
        assert_string_equal(json_object_iter_key(a), json_object_iter_key(b));
        same_shape(json_object_iter_value(a), json_object_iter_value(b),
                   json_object_iter_key(b));
        a = json_object_iter_next((json_t *)(uintptr_t)have, a);
        b = json_object_iter_next((json_t *)(uintptr_t)want, b);
    }
    if (a)
        fail_msg("%s: the help does not tell of '%s'", where, json_object_iter_key(a));
    if (b) fail_msg("%s: there is no '%s'", where, json_object_iter_key(b));
}

/* Is the last output as `medkg help COMMAND` shows it? json_decref() the output. */
static json_t *shaped(cli_world *w, const char *command)
{
    char line[128];
    json_t *have = json_of(w), *want = NULL;
    mkg_err err;
    snprintf(line, sizeof line, "medkg help --json %s", command);
    assert_run(w, line, 0);
    json_t *help = json_of(w);
    json_t *k = json_array_get(json_object_get(help, "commands"), 0);
    assert_mkg_ok(mkg__json_parse(mkg__json_view(json_object_get(k, "shape")), "shape",
                                  1, &want, &err));
    same_shape(have, want, command);
    json_decref(want);
    json_decref(help);
    return have;
}

static json_int_t integer(const json_t *v, const char *key)
{
    const json_t *x = json_object_get(v, key);
    if (!json_is_integer(x)) fail_msg("%s is not a whole number", key);
    return json_integer_value(x);
}

static const char *string(const json_t *v, const char *key)
{
    const json_t *x = json_object_get(v, key);
    if (!json_is_string(x)) fail_msg("%s is not a string", key);
    return json_string_value(x);
}

static const json_t *item(const json_t *v, const char *key, size_t i)
{
    return json_array_get(json_object_get(v, key), i);
}

/* ---- looking at the store ---- */

static void version_and_help(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg version --json", 0);
    json_decref(shaped(w, "version"));
    assert_run(w, "medkg help version --json", 0);
    json_decref(shaped(w, "help"));
    assert_run(w, "medkg --version", 0);
    assert_says(w->out, "medkg " MKG_VERSION);
}

static void stats(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg stats --json", 0);
    json_t *v = shaped(w, "stats");
    assert_int_equal(integer(v, "sources"), 2);
    assert_int_equal(integer(json_object_get(v, "types"), "drug"), 1);
    assert_int_equal(integer(v, "facts"), 38);
    assert_int_equal(integer(json_object_get(v, "facts_by_relation"), "complication"),
                     1);
    json_decref(v);
}

static void check(void **state)
{
    cli_world *w = *state;
    json_t *v, *k;
    size_t i;
    assert_run(w, "medkg check --json --deep", 0);
    v = shaped(w, "check");
    assert_int_equal(json_array_size(json_object_get(v, "findings")), 9);
    json_array_foreach(json_object_get(v, "findings"), i, k)
    {
        bool info = json_is_true(json_object_get(k, "information"));
        assert_true(info || integer(k, "count") == 0);
        if (strcmp(string(k, "kind"), "name_types") == 0)
            assert_int_equal(integer(k, "count"), 1);
    }
    assert_int_equal(integer(json_object_get(v, "deep"), "damage"), 0);
    assert_int_equal(integer(json_object_get(v, "deep"), "facts"), 38);
    json_decref(v);
    assert_run(w,
               "printf '感冒,is_a,感冒\\n' >odd.csv; medkg -d odd.db import odd.csv "
               ">odd.txt && medkg -d odd.db check --json",
               1);
    assert_string_equal(w->err, "");
    v = json_of(w);
    assert_true(json_is_null(json_object_get(v, "deep")));
    k = json_array_get(json_object_get(v, "findings"), 2);
    assert_string_equal(string(k, "kind"), "cycle");
    assert_int_equal(integer(k, "count"), 1);
    json_decref(v);
}

/* Sources that were taken out are still on the disk, until they are cleared away. */
static void check_history(void **state)
{
    static const char *const steps[] = {"import second.csv --source first.csv",
                                        "remove first.csv",
                                        "undo",
                                        "remove third.csv",
                                        "compact --keep 0",
                                        "backup copied"};
    cli_world *w = *state;
    assert_run(w,
               "rm -rf copied; printf '感冒,symptom,咳嗽\\n感冒,同义词,伤风\\n' "
               ">first.csv; printf '感冒,symptom,流涕\\n' >second.csv; "
               "printf '感冒,symptom,流涕\\n肺炎,symptom,咳嗽\\n' >third.csv; "
               "medkg -d past.db import first.csv third.csv",
               0);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        char line[256];
        snprintf(line, sizeof line,
                 "medkg -d past.db %s && medkg -d past.db check --deep", steps[i]);
        assert_run(w, line, 0);
        assert_says(w->out, "no damage: ");
    }
    assert_run(w, "medkg -d copied check --deep && medkg -d copied log", 0);
}

/* A store with a record that cannot be read. */
static void check_damage(void **state)
{
    cli_world *w = *state;
    mkg__store *store;
    mkg__txn *t;
    bool created;
    mkg_err err;
    assert_run(w, "rm -rf hurt; cp -r medkg.db hurt", 0);
    char *db = in_folder(w->folder, "hurt");
    assert_mkg_ok(mkg__store_open(db, true, &store, &created, &err));
    assert_mkg_ok(mkg__txn_begin(store, true, &t, &err));
    assert_mkg_ok(mkg__db_put(t, MKG_DB_FACT, mkg__view("\0\0\0\1", 4), V("x"), &err));
    assert_mkg_ok(mkg__txn_commit(t, &err));
    mkg__store_close(store);
    free(db);
    assert_run(w, "medkg -d hurt check --deep --limit 1", 4);
    assert_says(w->out, "fact: fact 1 cannot be read\n");
    assert_says(w->err, "the store hurt is damaged; restore it from a backup");
    assert_run(w, "medkg -d hurt check --deep --json", 4);
    json_t *v = json_of(w);
    assert_true(json_is_null(json_object_get(v, "findings")));
    assert_true(integer(json_object_get(v, "deep"), "damage") > 0);
    json_decref(v);
    assert_run(w, "medkg -d hurt check", 4);
}

static void backup(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg backup saved --json", 0);
    json_t *v = shaped(w, "backup");
    assert_int_equal(integer(v, "version"), 2);
    assert_run(w, "medkg -d saved stats --json", 0);
    json_t *s = json_of(w);
    assert_string_equal(string(s, "hash"), string(v, "hash"));
    json_decref(s);
    json_decref(v);
    assert_run(w, "medkg -d saved check --deep; medkg -d saved ask 感冒有什么症状", 0);
    assert_run(w, "medkg backup saved", 4);
    assert_run(w, "medkg backup nowhere/saved", 4);
    assert_run(w, "medkg backup /dev/full", 4);
    assert_run(w, "ls -d *.partial* || true", 0);
    assert_string_equal(w->out, "");
}

static void sources(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg sources --json", 0);
    json_t *v = shaped(w, "sources");
    assert_int_equal(json_array_size(json_object_get(v, "sources")), 2);
    const json_t *first = item(v, "sources", 0), *second = item(v, "sources", 1);
    assert_string_equal(string(first, "name"), "handbook");
    assert_string_equal(string(first, "version"), "2024-01");
    assert_true(json_is_null(json_object_get(second, "version")));
    assert_int_equal(integer(second, "facts"), 3);
    json_decref(v);
}

static void search(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg search 感冒 --json", 0);
    json_t *v = shaped(w, "search");
    const json_t *first = item(v, "results", 0);
    assert_string_equal(string(first, "name"), "感冒");
    assert_string_equal(json_string_value(item(first, "codes", 0)), "ICD10:J00");
    json_decref(v);
    assert_run(w, "medkg search 感冒 --lang en --json", 0);
    assert_says(w->out, "\"name\":\"common cold\"");
    assert_run(w, "medkg search 'common cold' --json", 0);
    assert_says(w->out, "\"name\":\"common cold\"");
    assert_run(w, "medkg search 红斑表现 -k 7 --json", 0);
    v = json_of(w);
    assert_int_equal(json_array_size(json_object_get(v, "results")), 7);
    json_decref(v);
    assert_run(w, "medkg search 量子力学 --json", 1);
    assert_string_equal(w->out, "{\"results\":[]}\n");
    assert_says(w->err, "nothing is like '量子力学'");
}

static const json_t *fact_with(const json_t *v, const char *key, const char *value)
{
    size_t i;
    const json_t *f;
    json_array_foreach(json_object_get(v, "facts"), i, f)
    {
        if (strcmp(string(f, key), value) == 0) return f;
    }
    fail_msg("no fact with %s %s", key, value);
    return NULL;
}

static void show(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg show 感冒 --json", 0);
    json_t *v = shaped(w, "show");
    assert_string_equal(string(v, "type"), "disease");
    const json_t *f = fact_with(v, "object", "咳嗽");
    assert_string_equal(string(f, "direction"), "out");
    assert_string_equal(string(f, "locator"), "handbook.tsv:1");
    assert_int_equal(integer(f, "more_sources"), 1);
    f = fact_with(v, "object", "流涕");
    assert_string_equal(string(f, "grade"), "A");
    assert_string_equal(string(f, "population"), "成人");
    assert_string_equal(string(f, "source"), "registry");
    f = fact_with(v, "polarity", "-");
    assert_string_equal(string(f, "relation"), "treats");
    f = fact_with(v, "relation", "prevention");
    assert_true(json_is_null(json_object_get(f, "object_node")));
    assert_int_equal(json_array_size(json_object_get(v, "facts")), 6);
    json_decref(v);
    /* By code, id, alias and in the other language. */
    char *id_one = NULL;
    static const char *const refs[] = {"ICD10:J00", "icd10:j00", "'#1'", "1", "伤风"};
    for (size_t i = 0; i < sizeof refs / sizeof *refs; i++) {
        char line[128];
        snprintf(line, sizeof line, "medkg show %s --lang zh --json", refs[i]);
        assert_run(w, line, 0);
        if (!id_one) id_one = strdup(w->out);
        assert_string_equal(w->out, id_one);
    }
    free(id_one);
    assert_run(w, "medkg show 'Common Cold'", 0);
    assert_says(w->out, "common cold  disease  #1\n");
    assert_run(w, "LANG=en_US.UTF-8; medkg show ICD10:J00", 0);
    assert_says(w->out, "common cold  disease  #1\n");
    assert_run(w, "LANG=zh_CN.UTF-8; medkg show ICD10:J00", 0);
    assert_says(w->out, "感冒  disease  #1\n");
}

static void show_limits_text_and_not_json(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg show 系统性红斑狼疮", 0);
    assert_says(w->out, "症状 (25)");
    assert_says(w->out, "另有 5 条");
    assert_says_not(w->out, "红斑表现21 ");
    assert_run(w, "medkg show 系统性红斑狼疮 --limit 0", 0);
    assert_says(w->out, "红斑表现25 ");
    assert_run(w, "medkg show 系统性红斑狼疮 --json", 0);
    json_t *v = json_of(w);
    assert_int_equal(json_array_size(json_object_get(v, "facts")), 25);
    json_decref(v);
    assert_run(w, "medkg show 系统性红斑狼疮 --json --limit 3", 0);
    v = json_of(w);
    assert_int_equal(json_array_size(json_object_get(v, "facts")), 3);
    json_decref(v);
}

static void show_what_is_not_there(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg show 感昌", 1);
    assert_string_equal(w->out, "");
    assert_says(w->err, "感昌");
    assert_run(w, "medkg show '#99999' --json", 1);
    assert_string_equal(w->out, "");
    assert_run(w, "medkg show UMLS:C0", 1);
}

static void a_name_of_several_nodes(void **state)
{
    cli_world *w = *state;
    char line[128];
    assert_run(w, "medkg show 高血压 --json", 0);
    json_t *v = json_of(w);
    assert_true(json_is_true(json_object_get(v, "ambiguous")));
    assert_int_equal(json_array_size(json_object_get(v, "results")), 2);
    for (size_t i = 0; i < 2; i++) {
        const json_t *r = item(v, "results", i);
        snprintf(line, sizeof line, "medkg show '#%lld' --json",
                 (long long)integer(r, "node"));
        assert_run(w, line, 0);
        json_t *one = json_of(w);
        assert_string_equal(string(one, "type"), string(r, "type"));
        json_decref(one);
    }
    json_decref(v);
    assert_run(w, "medkg similar 高血压 --json", 0);
    assert_says(w->out, "\"ambiguous\":true");
}

/* Names come from outside: none of their bytes may reach the terminal as a command. */
static void names_do_not_steer_the_terminal(void **state)
{
    cli_world *w = *state;
    static const char *const lines[] = {"medkg show 咳嗽 --limit 0", "medkg search 坏",
                                        "medkg ask 什么病会咳嗽",
                                        "medkg show \"$(printf 'x\\033[31my')\" 2>&1"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        run(w, lines[i]);
        assert_true(w->out[0] != '\0');
        if (strchr(w->out, '\x1b') || strchr(w->err, '\x1b'))
            fail_msg("%s: an escape came through", lines[i]);
    }
    assert_run(w, "medkg search 坏 --json", 0);
    assert_says(w->out, "坏\\u001B[31m名");
}

/* ---- a terminal ---- */

/* What the program writes to a terminal, with its status. */
static int run_on_terminal(cli_world *w, const char *no_color, const char *const *argv,
                           char *out, size_t cap)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY), status;
    size_t n = 0;
    ssize_t k;
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        setenv("TERM", "xterm", 1);
        setenv("NO_COLOR", no_color, 1);
        setenv("MEDKG_LM", "none", 1);
        if (chdir(w->folder) != 0 || dup2(slave, 1) < 0) _exit(99);
        execv(MEDKG_PROGRAM, (char *const *)(uintptr_t)argv);
        _exit(99);
    }
    close(slave);
    while (n + 1 < cap && (k = read(master, out + n, cap - n - 1)) > 0)
        n += (size_t)k;
    out[n] = '\0';
    close(master);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void colour_on_a_terminal_only(void **state)
{
    cli_world *w = *state;
    static char out[65536];
    const char *const argv[] = {"medkg", "show", "感冒", NULL};
    assert_int_equal(run_on_terminal(w, "", argv, out, sizeof out), 0);
    assert_says(out, "\x1b[1m");
    assert_int_equal(run_on_terminal(w, "1", argv, out, sizeof out), 0);
    assert_says(out, "感冒");
    assert_says_not(out, "\x1b");
    assert_run(w, "TERM=xterm; export TERM; medkg show 感冒", 0);
    assert_says_not(w->out, "\x1b");
}

/* ---- import ---- */

static void write_triples(cli_world *w, const char *name, const char *text)
{
    free(new_text(w->folder, name, text));
}

static const char three[] =
    "流感\tsymptom\t发热\n流感\tsymptom\t咳嗽\n流感\tcomplication\t肺炎\n";

static void import_and_again(void **state)
{
    cli_world *w = *state;
    write_triples(w, "flu.tsv", three);
    assert_run(
        w, "medkg -d new.db import flu.tsv --format triples --licence CC0 --json", 0);
    json_t *v = shaped(w, "import");
    assert_int_equal(integer(v, "source"), 1);
    assert_int_equal(integer(v, "facts"), 3);
    assert_int_equal(integer(v, "new_facts"), 3);
    assert_string_equal(string(v, "name"), "flu.tsv");
    assert_string_equal(string(v, "format"), "triples");
    assert_true(json_is_false(json_object_get(v, "already")));
    json_decref(v);
    assert_run(w, "medkg -d new.db import flu.tsv --format triples --json", 0);
    v = json_of(w);
    assert_true(json_is_true(json_object_get(v, "already")));
    assert_int_equal(integer(v, "source"), 1);
    assert_string_equal(string(v, "name"), "flu.tsv");
    json_decref(v);
    assert_run(w, "medkg -d new.db import flu.tsv --format triples", 0);
    assert_says(w->out, "already imported as source 1 'flu.tsv' (same SHA-256)");
    assert_run(w, "medkg -d new.db stats --json", 0);
    assert_says(w->out, "\"facts\":3,");
    /* Two files are two sources and two lines. */
    write_triples(w, "a.tsv", "甲\tsymptom\t乙\n");
    write_triples(w, "b.tsv", "丙\tsymptom\t丁\n");
    assert_run(w, "medkg -d new.db import --format triples --json a.tsv b.tsv", 0);
    assert_says(w->out, "\"source\":2,\"name\":\"a.tsv\"");
    assert_says(w->out, "}\n{\"source\":3,\"name\":\"b.tsv\"");
    assert_run(
        w,
        "printf '戊\\tsymptom\\t己\\n' | medkg -d new.db import - --format triples "
        "--source piped --version 7",
        0);
    assert_run(w, "medkg -d new.db sources --json", 0);
    assert_says(w->out, "\"name\":\"piped\"");
    assert_says(w->out, "\"version\":\"7\"");
    assert_run(w, "rm -rf new.db", 0);
}

static void import_dry_run_makes_nothing(void **state)
{
    cli_world *w = *state;
    write_triples(w, "flu.tsv", three);
    assert_run(w,
               "ls >before; medkg -d dry.db import flu.tsv --format triples --dry-run "
               "--json; ls >after; cmp before after 2>/dev/null || diff before after",
               1);
    assert_says(w->out, "\"facts\":3,");
    assert_says(w->out, "\"dry_run\":true");
    assert_says(w->out, "> after"); /* the one name that was not there before */
    assert_says_not(w->out, "> dry.db");
    assert_says_not(w->out, "> medkg-");
    assert_run(w,
               "cp medkg.db/data.mdb was.mdb; medkg import flu.tsv --format triples "
               "--dry-run && cmp medkg.db/data.mdb was.mdb",
               0);
    assert_says(w->out, "nothing was written");
}

static void import_skips_and_tells(void **state)
{
    cli_world *w = *state;
    mkg__buf b = {0};
    mkg__buf_str(&b, three);
    for (int i = 0; i < 30; i++)
        mkg__buf_str(&b, "\tsymptom\t发热\n");
    write_triples(w, "bad.tsv", mkg__buf_cstr(&b));
    assert_run(w, "medkg -d bad.db import bad.tsv --format triples --json", 0);
    json_t *v = json_of(w);
    assert_int_equal(integer(v, "skipped"), 30);
    assert_int_equal(integer(v, "facts"), 3);
    json_decref(v);
    assert_says(w->err, "bad.tsv:4:");
    assert_says(w->err, "bad.tsv:23:");
    assert_says_not(w->err, "bad.tsv:24:");
    assert_says(w->err, "10 more were skipped (-v shows all)");
    assert_run(w, "rm -rf bad.db; medkg -v -d bad.db import bad.tsv --format triples",
               0);
    assert_says(w->err, "bad.tsv:33:");
    assert_says_not(w->err, "more were skipped");
    assert_run(w, "rm -rf bad.db; medkg -q -d bad.db import bad.tsv --format triples",
               0);
    assert_string_equal(w->err, "");
    assert_run(
        w, "rm -rf bad.db; medkg -d bad.db import bad.tsv --format triples --strict",
        3);
    assert_string_equal(w->out, "");
    assert_says(w->err, "bad.tsv:4:");
    assert_run(w, "test ! -e bad.db", 0);
    mkg__buf_clear(&b);
}

static void import_what_cannot_be_read(void **state)
{
    cli_world *w = *state;
    write_triples(w, "flu.tsv", three);
    /* Found out before anything is imported. */
    assert_run(w, "medkg -d none.db import flu.tsv nosuchfile", 4);
    assert_says(w->err, "nosuchfile: No such file");
    assert_string_equal(w->out, "");
    assert_run(w, "test ! -e none.db", 0);
    assert_run(w, "mkdir -p sub; medkg -d none.db import sub --format triples", 4);
    assert_says(w->err, "directory");
    assert_run(w, "test ! -e none.db", 0);
    assert_run(w,
               "mkdir -p empty; MEDKG_DATA=empty medkg -d n.db import --format triples "
               "flu.tsv",
               0);
    assert_says(w->err, "no relations.tsv in $MEDKG_DATA");
}

static void wait_for(const char *path)
{
    struct timespec pause = {0, 10000000};
    for (int i = 0; i < 2000 && access(path, F_OK) != 0; i++)
        nanosleep(&pause, NULL);
    assert_int_equal(access(path, F_OK), 0);
}

/* Ctrl-C in the middle: exit code 4, and no store where there was none. */
static void import_stops_cleanly(void **state)
{
    cli_world *w = *state;
    int ends[2], status;
    char *db = in_folder(w->folder, "stop.db"), *lock = in_folder(db, "data.mdb");
    char *log = in_folder(w->folder, "stop.txt");
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (fd < 0 || dup2(fd, 2) < 0 || dup2(ends[0], 0) < 0) _exit(99);
        close(ends[1]);
        signal(SIGINT, SIG_DFL); /* a test run in the background ignores it */
        execl(MEDKG_PROGRAM, MEDKG_PROGRAM, "-d", db, "import", "-", "--format",
              "triples", (char *)NULL);
        _exit(99);
    }
    close(ends[0]);
    wait_for(lock); /* the handler is there before the store */
    assert_int_equal(kill(pid, SIGINT), 0);
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < 2000; i++)
        if (write(ends[1], three, sizeof three - 1) < 0) break;
    close(ends[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 4);
    assert_run(w, "cat stop.txt; test ! -e stop.db", 0);
    assert_says(w->out, "medkg: ");
    free(log);
    free(lock);
    free(db);
}

/* ---- vectors ---- */

static void embed_and_similar(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg similar 感冒", 1);
    assert_says(w->err, "there is no vector set");
    assert_run(w, "medkg vectors --json", 0);
    assert_string_equal(w->out, "{\"vectors\":[]}\n");
    assert_run(w,
               "medkg embed node2vec --dim 8 --walks 2 --length 10 --seed 7 "
               "--deterministic --json",
               0);
    json_t *v = shaped(w, "embed");
    assert_string_equal(string(v, "name"), "node2vec");
    assert_int_equal(integer(v, "dim"), 8);
    json_int_t rows = integer(v, "rows");
    json_decref(v);
    assert_run(w,
               "medkg embed node2vec --name small --dim 4 --walks 1 --length 5 --types "
               "'disease, symptom' --relations 症状 --threads 1",
               0);
    assert_says(w->out, "vector set 'small' (node2vec): ");
    assert_run(w, "medkg vectors --json", 0);
    v = shaped(w, "vectors");
    const json_t *set = item(v, "vectors", 0);
    assert_string_equal(string(set, "name"), "node2vec");
    assert_int_equal(integer(set, "rows"), rows);
    assert_int_equal(integer(json_object_get(set, "params"), "walks"), 2);
    assert_true(json_is_false(json_object_get(set, "stale")));
    assert_int_equal(json_array_size(json_object_get(v, "vectors")), 2);
    json_decref(v);

    assert_run(w, "medkg similar 感冒 -k 3 --json", 0);
    v = shaped(w, "similar");
    assert_int_equal(json_array_size(json_object_get(v, "results")), 3);
    size_t i;
    json_t *r;
    json_array_foreach(json_object_get(v, "results"), i, r)
        assert_int_not_equal(integer(r, "node"), 1);
    json_decref(v);
    assert_run(w, "medkg similar 感冒 --type drug --json", 0);
    assert_says(w->out, "青霉素");
    assert_run(w, "medkg similar 青霉素 --set small", 1);
    assert_says(w->err, "'青霉素' has no vector in the set 'small'");
    assert_run(w, "medkg similar 感冒 --set smal", 1);
    assert_says(w->err, "small");
    assert_run(w, "medkg similar 感貌", 1);

    /* The graph moves on: the sets say so. */
    write_triples(w, "flu.tsv", three);
    assert_run(w, "medkg import flu.tsv --format triples", 0);
    assert_run(w, "medkg vectors --json", 0);
    assert_says(w->out, "\"stale\":true");
    assert_run(w, "medkg similar 感冒 -k 1", 0);
    assert_says(w->err, "was made from version");
}

/* A set from elsewhere, told apart from what it means. */
static void vectors_from_elsewhere(void **state)
{
    cli_world *w = *state;
    assert_run(w,
               "printf '4 2\\n感冒 1 0\\n肺炎 1 0.1\\n青霉素 0 1\\nunicorn 1 1\\n' "
               ">v.txt; medkg vectors import v.txt --name given --json",
               0);
    assert_says(w->out, "\"name\":\"given\",\"method\":\"import\",\"rows\":3");
    assert_says(w->out, "\"rows\":4,\"unknown\":1}");
    assert_says(w->err, "v.txt:5: no node is called 'unicorn'");
    assert_run(w, "medkg similar 感冒 --set given -k 1", 0);
    assert_says(w->out, "肺炎");
    assert_run(w, "printf '1 2\\n感冒 1 nan\\n' >n.txt; medkg vectors import n.txt", 3);
    assert_says(w->err, "n.txt:2: number 2 is no finite number: 'nan'");
    assert_run(w, "medkg vectors import", 2);
    assert_run(w, "medkg vectors export v.txt", 2);
    assert_run(w, "medkg vectors --name x", 2);
    assert_run(w, "medkg vectors import no.txt", 4);
    assert_run(w, "rm medkg.db/vectors/given.vec", 0);
}

static void guesses(void **state)
{
    cli_world *w = *state;
    assert_run(w,
               "medkg embed node2vec --name g --dim 8 --walks 5 --length 10 "
               "--deterministic",
               0);
    assert_run(w, "medkg suggest 感冒 symptom --set g -k 2 --json", 0);
    json_t *v = shaped(w, "suggest");
    assert_int_equal(json_array_size(json_object_get(v, "hypotheses")), 2);
    assert_string_equal(string(v, "direction"), "out");
    assert_null(json_object_get(v, "evidence"));
    json_decref(v);
    assert_run(w, "medkg suggest 感冒 症状 --set g -k 2", 0);
    assert_says(w->out, "hypotheses, which no source states");
    assert_says(w->out, "hypothesis  #");
    assert_says_not(w->out, "咳嗽"); /* a fact */
    assert_says(w->err, "medkg eval vectors g --links --relation symptom");
    assert_run(w, "medkg suggest 感冒 symptm --set g", 2);
    assert_run(w, "medkg suggest 感冒 prevention --set g", 2);
    assert_run(w, "medkg suggest 感冒 symptom --set none", 1);
    assert_run(w, "rm medkg.db/vectors/g.vec", 0);
}

static void eval_of_vectors(void **state)
{
    cli_world *w = *state;
    assert_run(w,
               "medkg embed node2vec --name e --dim 4 --walks 2 --length 10 "
               "--deterministic",
               0);
    assert_run(w,
               "printf '感冒\\ta\\n肺炎\\ta\\n咳嗽\\tb\\n发热\\tb\\n' >l.tsv; "
               "medkg eval vectors e --labels l.tsv --json",
               0);
    json_t *v = json_of(w);
    assert_int_equal(integer(v, "labels"), 2);
    assert_true(json_is_real(json_object_get(v, "micro_f1")));
    json_decref(v);
    assert_run(w, "medkg eval vectors e --clusters", 0);
    assert_says(w->out, "NMI of k-means");
    assert_run(w, "medkg eval vectors e --clusters --labels l.tsv", 0);
    assert_run(w,
               "printf '感冒\\t咳嗽\\t肺炎\\t发热\\n' >a.tsv; "
               "medkg eval vectors e --analogy a.tsv",
               0);
    assert_run(w,
               "awk 'BEGIN { for (d = 0; d < 16; d++) for (s = 0; s < 12; s++) "
               "if ((d + s) % 3) print \"d\" d \"\\tsymptom\\ts\" s }' >many.tsv; "
               "medkg -q -d many.db import many.tsv --format triples >many.txt && "
               "medkg -q -d many.db embed node2vec --dim 4 --walks 2 --length 10 "
               "--deterministic >many.txt && "
               "medkg -d many.db eval vectors node2vec --links --json | tail -1",
               0);
    v = json_of(w);
    assert_int_equal(json_array_size(json_object_get(v, "ways")), 8);
    assert_int_equal(integer(v, "held_out"), integer(v, "facts"));
    json_decref(v);
    assert_run(w, "medkg eval vectors e --links", 1); /* too few edges */
    assert_run(w, "medkg eval vectors e", 2);
    assert_run(w, "medkg eval vectors e --links --clusters", 2);
    assert_run(w, "medkg eval vectors none --clusters", 1);
    assert_run(w, "rm medkg.db/vectors/e.vec", 0);
}

/* ---- ask ---- */

static void ask(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg ask 感冒有什么症状？ --json", 0);
    json_t *v = shaped(w, "ask");
    assert_string_equal(string(v, "question"), "感冒有什么症状？");
    assert_string_equal(string(v, "language"), "zh");
    assert_string_equal(string(v, "status"), "answered");
    const json_t *m = item(v, "mentions", 0), *e = item(v, "evidence", 0);
    assert_string_equal(string(m, "text"), "感冒");
    assert_int_equal(integer(m, "end"), 6);
    assert_int_equal(integer(e, "n"), 1);
    assert_string_equal(string(e, "relation"), "symptom");
    assert_string_equal(string(e, "object"), "咳嗽");
    assert_string_equal(string(e, "locator"), "handbook.tsv:1");
    assert_string_equal(string(json_object_get(v, "lm"), "backend"), "none");
    assert_says(string(v, "answer"), "[1]");
    json_decref(v);
    assert_run(w, "medkg ask 感冒有什么症状？ --facts 1 --json", 0);
    v = json_of(w);
    assert_int_equal(json_array_size(json_object_get(v, "evidence")), 1);
    assert_true(integer(v, "more") > 0);
    json_decref(v);
    assert_run(w, "printf ' 感冒有什么症状？\\n' | medkg ask - --json", 0);
    assert_says(w->out, "{\"question\":\"感冒有什么症状？\",");
    assert_run(w, "medkg ask 'Which symptoms does the common cold have?' --json", 0);
    assert_says(w->out, "\"language\":\"en\"");
    assert_says(w->out, "\"object\":\"cough\"");
}

static void ask_without_evidence(void **state)
{
    cli_world *w = *state;
    assert_run(w, "medkg ask 量子力学是什么 --json", 1);
    json_t *v = shaped(w, "ask");
    assert_string_equal(string(v, "status"), "no_evidence");
    assert_int_equal(json_array_size(json_object_get(v, "evidence")), 0);
    assert_true(json_array_size(json_object_get(v, "not_found")) > 0);
    json_decref(v);
    assert_run(w, "medkg ask 量子力学是什么", 1);
    assert_says(w->out, "没有找到");
    assert_run(w, "medkg ask 'What is quantum mechanics?'", 1);
    assert_says(w->out, "Not found");
    assert_run(w, "printf '' | medkg ask -", 2);
    assert_run(w, "head -c 70000 /dev/zero | tr '\\0' a | medkg ask -", 2);
    assert_says(w->err, "64 KiB");
}

static void ask_a_model(void **state)
{
    cli_world *w = *state;
    /* A data folder without the built-in model. */
    assert_run(w, "mkdir -p bare && cp '" MEDKG_DATA_DIR "'/*.tsv bare", 0);
    assert_run(w, "MEDKG_DATA=bare medkg ask 感冒有什么症状 --lm builtin", 5);
    assert_string_equal(w->out, "");
    assert_says(w->err, "there is no built-in model");
    assert_run(w, "unset MEDKG_LM; MEDKG_DATA=bare medkg ask 感冒有什么症状 --json", 0);
    assert_says(w->err, "the evidence is set out as it is (--lm none)");
    json_t *v = shaped(w, "ask");
    assert_string_equal(string(json_object_get(v, "lm"), "backend"), "none");
    assert_int_equal(json_array_size(json_object_get(v, "warnings")), 1);
    json_decref(v);
    /* One that is damaged: asked for it is an error, else it is done without. */
    assert_run(w, "mkdir -p bare/models && printf x >bare/models/medkg.gguf", 0);
    assert_run(w, "MEDKG_DATA=bare medkg ask 感冒有什么症状 --lm builtin", 5);
    assert_run(w, "unset MEDKG_LM; MEDKG_DATA=bare medkg ask 感冒有什么症状", 0);
    assert_says(w->err, "the evidence is set out as it is (--lm none)");
    assert_run(w, "medkg ask 感冒有什么症状 --lm model.gguf", 5);
    assert_run(w, "MEDKG_DATA=bare MEDKG_LM=builtin medkg ask 感冒有什么症状", 5);
    assert_run(w, "MEDKG_LM=builtin medkg ask 感冒有什么症状 --lm none", 0);
    /* Nothing listens on port 1. */
    assert_run(w, "medkg ask 感冒有什么症状 --lm http://127.0.0.1:1/v1", 5);
}

/* An endpoint on this machine that says the same to everybody, word by word. */
static pid_t start_endpoint(int *port)
{
    static const char reply[] =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: "
        "close\r\n\r\n"
        "data: "
        "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"感冒的症状有\"}}]}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"咳嗽[1]。\"}}]}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"病人会飞。\"}}]}\n\n"
        "data: "
        "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
        "data: [DONE]\n\n";
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int s = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(s >= 0);
    assert_int_equal(bind(s, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(s, 4), 0);
    assert_int_equal(getsockname(s, (struct sockaddr *)&a, &n), 0);
    *port = ntohs(a.sin_port);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char request[65536];
        for (;;) {
            int c = accept(s, NULL, NULL);
            size_t have = 0;
            ssize_t k;
            /* The body ends with the object of the request. */
            while (have + 1 < sizeof request &&
                   (k = read(c, request + have, sizeof request - have - 1)) > 0) {
                have += (size_t)k;
                request[have] = '\0';
                const char *body = strstr(request, "\r\n\r\n");
                const char *length = strstr(request, "Content-Length: ");
                if (body && length &&
                    have >=
                        (size_t)(body + 4 - request) + strtoul(length + 16, NULL, 10))
                    break;
            }
            if (write(c, reply, sizeof reply - 1) < 0) _exit(1);
            close(c);
        }
    }
    close(s);
    return pid;
}

static void ask_an_endpoint(void **state)
{
    cli_world *w = *state;
    static char out[65536];
    char line[256], url[64];
    int port;
    pid_t pid = start_endpoint(&port);

    snprintf(url, sizeof url, "http://127.0.0.1:%d/v1", port);
    snprintf(line, sizeof line, "medkg ask 感冒有什么症状 --lm %s --json", url);
    int code = run(w, line);
    if (code == 0) {
        json_t *v = shaped(w, "ask");
        assert_string_equal(string(json_object_get(v, "lm"), "backend"), "remote");
        assert_string_equal(string(v, "answer"), "感冒的症状有咳嗽[1]。");
        assert_string_equal(json_string_value(item(v, "removed", 0)), "病人会飞。");
        assert_string_equal(json_string_value(item(v, "reasons", 0)), "no citation");
        json_decref(v);
        const char *const argv[] = {"medkg", "ask", "感冒有什么症状",
                                    "--lm",  url,   NULL};
        code = run_on_terminal(w, "1", argv, out, sizeof out);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    if (code != 0) fail_msg("exit code %d\n%s", code, w->err);
    /* The words as they came, then that they were checked, then what is left of them.
     */
    const char *came = strstr(out, "病人会飞。"), *checked = strstr(out, "删去 1 句");
    assert_non_null(came);
    assert_non_null(checked);
    assert_true(came < checked);
    assert_non_null(strstr(checked, "感冒的症状有咳嗽[1]。"));
    assert_null(strstr(checked, "病人会飞"));
}

/* ---- eval ---- */

static void eval_retrieval(void **state)
{
    cli_world *w = *state;
    free(new_text(w->folder, "cases.jsonl",
                  "{\"question\":\"感冒有什么症状\",\"gold\":[\"咳嗽\"]}\n"
                  "{\"question\":\"肺炎有什么症状\",\"gold\":[\"没有的东西\"]}\n"
                  "{\"question\":\"肺炎有什么症状\",\"gold\":[]}\n"));
    assert_run(w, "medkg eval retrieval cases.jsonl --misses missed.jsonl --json", 0);
    json_t *v = shaped(w, "eval");
    assert_int_equal(integer(v, "cases"), 2);
    assert_int_equal(integer(v, "skipped"), 1);
    assert_true(json_number_value(json_object_get(v, "recall_at_1")) == 0.5);
    json_decref(v);
    assert_run(w, "cat missed.jsonl", 0);
    v = json_of(w);
    assert_string_equal(string(json_object_get(v, "case"), "question"),
                        "肺炎有什么症状");
    assert_true(json_array_size(json_object_get(v, "evidence")) > 0);
    json_decref(v);
    assert_run(w, "medkg eval retrieval nosuchfile", 4);
    assert_run(
        w, "echo '{\"question\":' >broken.jsonl; medkg eval retrieval broken.jsonl", 3);
    assert_says(w->err, "broken.jsonl:1:");
    assert_run(w, "medkg eval retrieval cases.jsonl --misses nowhere/x", 4);
    assert_run(w, "medkg eval retrieval cases.jsonl --misses /dev/full", 4);
}

static void eval_intent(void **state)
{
    cli_world *w = *state;
    free(new_text(w->folder, "labelled.jsonl",
                  "{\"question\":\"感冒有什么症状\",\"intent\":\"signs\"}\n"
                  "{\"question\":\"肺炎有什么症状\",\"intent\":\"signs\"}\n"
                  "{\"question\":\"感冒要花多少钱\",\"intent\":\"money\"}\n"));
    free(new_text(w->folder, "map.tsv", "signs\tsymptom\nmoney\tcost\n"));
    assert_run(w, "medkg eval intent labelled.jsonl --map map.tsv --misses m --json",
               0);
    json_t *v = json_of(w);
    assert_int_equal(integer(v, "cases"), 3);
    json_t *methods = json_object_get(v, "methods");
    json_t *phrases = json_object_get(methods, "phrases");
    assert_true(json_number_value(json_object_get(phrases, "accuracy")) == 1);
    assert_non_null(json_object_get(methods, "both")); /* the shipped model was found */
    json_decref(v);
    assert_run(w, "medkg eval intent labelled.jsonl", 0);
    assert_says(w->out, "macro-F1");
    assert_run(w, "medkg eval intent nosuchfile", 4);
    assert_run(w, "medkg eval intent labelled.jsonl --map nosuchfile", 4);
    assert_run(w, "medkg eval intent labelled.jsonl --misses /dev/full", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_and_help),
        cmocka_unit_test(stats),
        cmocka_unit_test(check),
        cmocka_unit_test(check_history),
        cmocka_unit_test(check_damage),
        cmocka_unit_test(backup),
        cmocka_unit_test(sources),
        cmocka_unit_test(search),
        cmocka_unit_test(show),
        cmocka_unit_test(show_limits_text_and_not_json),
        cmocka_unit_test(show_what_is_not_there),
        cmocka_unit_test(a_name_of_several_nodes),
        cmocka_unit_test(names_do_not_steer_the_terminal),
        cmocka_unit_test(colour_on_a_terminal_only),
        cmocka_unit_test(import_and_again),
        cmocka_unit_test(import_dry_run_makes_nothing),
        cmocka_unit_test(import_skips_and_tells),
        cmocka_unit_test(import_what_cannot_be_read),
        cmocka_unit_test(import_stops_cleanly),
        cmocka_unit_test(ask),
        cmocka_unit_test(ask_without_evidence),
        cmocka_unit_test(ask_a_model),
        cmocka_unit_test(ask_an_endpoint),
        cmocka_unit_test(eval_retrieval),
        cmocka_unit_test(eval_intent),
        cmocka_unit_test(embed_and_similar),
        cmocka_unit_test(vectors_from_elsewhere),
        cmocka_unit_test(guesses),
        cmocka_unit_test(eval_of_vectors),
    };
    return cmocka_run_group_tests(tests, new_world, end_world);
}
