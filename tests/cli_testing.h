/* For tests of the program itself: run it in a folder of its own, on a small store. */
#ifndef MKG_CLI_TESTING_H
#define MKG_CLI_TESTING_H

#include "testing.h"

#include "base/io.h"
#include "base/json.h"

#include <sys/wait.h>

typedef struct cli_world {
    char *folder;
    char *out, *err; /* of the last run */
} cli_world;

static inline char *slurp(const char *folder, const char *name)
{
    mkg__buf b = {0};
    char *path = in_folder(folder, name);
    mkg_err err = {0};
    assert_mkg_ok(mkg__file_read(path, 64 << 20, &b, &err));
    free(path);
    return b.ptr ? b.ptr : mkg__strdup("");
}

/* Run a line of shell in the folder, with `medkg` being the program. Its exit code;
 * what it printed is in w->out and w->err until the next run. */
static inline int run(cli_world *w, const char *script)
{
    size_t n = strlen(script) + 2 * strlen(w->folder) + 4096;
    char *line = malloc(n);
    assert_non_null(line);
    snprintf(line, n,
             "cd '%s' || exit 99; unset MEDKG_DB MEDKG_DATA NO_COLOR LC_ALL "
             "LC_MESSAGES; export LANG=C.UTF-8 TMPDIR='%s' MEDKG_CACHE='' "
             "MEDKG_LM=none; " /* the built-in model is asked where a test says so */
             "medkg() { '%s' \"$@\"; }; { %s\n} >out.txt 2>err.txt",
             w->folder, w->folder, MEDKG_PROGRAM, script);
    int status = system(line);
    free(line);
    mkg__free(w->out);
    mkg__free(w->err);
    w->out = slurp(w->folder, "out.txt");
    w->err = slurp(w->folder, "err.txt");
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Run and fail with all that was printed if the exit code is another. */
#define assert_run(w, script, code)                                                    \
    do {                                                                               \
        int code_ = run(w, script);                                                    \
        if (code_ != (code))                                                           \
            fail_msg("%s: exit code %d\n%s%s", script, code_, (w)->out, (w)->err);     \
    } while (0)

#define assert_says(text, part)                                                        \
    do {                                                                               \
        if (!strstr(text, part)) fail_msg("'%s' is not in:\n%s", part, text);          \
    } while (0)

#define assert_says_not(text, part)                                                    \
    do {                                                                               \
        if (strstr(text, part)) fail_msg("'%s' is in:\n%s", part, text);               \
    } while (0)

/* The output as one JSON value on one line; json_decref() it. */
static inline json_t *json_of(const cli_world *w)
{
    json_t *v = NULL;
    mkg_err err = {0};
    const char *end = strchr(w->out, '\n');
    if (!end || end[1] != '\0') fail_msg("not one line: %s", w->out);
    assert_mkg_ok(mkg__json_parse(V(w->out), "out", 1, &v, &err));
    return v;
}

/* ---- the small store ---- */

typedef struct small {
    mkg_writer *w;
    mkg_err err;
    uint64_t line;
} small;

static inline mkg_id small_node(small *s, const char *type, const char *zh,
                                const char *en)
{
    mkg_id id;
    mkg_err err;
    assert_mkg_ok(mkg_writer_node(s->w, V(type), V(zh), MKG_LANG_ZH, &id, &err));
    if (en)
        assert_mkg_ok(
            mkg_writer_name(s->w, id, MKG_ENTRY_NAME, MKG_LANG_EN, V(en), &err));
    return id;
}

typedef struct small_fact_opts {
    const char *literal, *grade, *population;
    bool denied;
} small_fact_opts;

static inline void small_fact(small *s, mkg_id subject, const char *relation,
                              mkg_id object, const small_fact_opts *o)
{
    const mkg_relation *r;
    mkg_err err;
    assert_mkg_ok(mkg_writer_relation(s->w, V(relation), &r, &err));
    mkg_fact_in f = {.subject = subject,
                     .relation = r,
                     .object = object,
                     .literal = V(o && o->literal ? o->literal : ""),
                     .grade = V(o && o->grade ? o->grade : ""),
                     .population = V(o && o->population ? o->population : ""),
                     .locator = V(""),
                     .denied = o && o->denied,
                     .line = ++s->line};
    assert_mkg_ok(mkg_writer_fact(s->w, &f, &err));
}

static inline void small_begin(small *s, mkg_kg *kg, const mkg_source_info *info)
{
    mkg_err err;
    s->line = 0;
    assert_mkg_ok(mkg_writer_new(kg, info, &s->w, &err));
}

static inline void small_end(small *s, const char *sha256)
{
    mkg_writer_counts c;
    mkg_err err;
    assert_mkg_ok(mkg_writer_commit(s->w, sha256, 1000, 2, NULL, NULL, &c, &err));
    mkg_writer_free(s->w);
}

static inline void first_source(mkg_kg *kg)
{
    small s;
    mkg_err err;
    mkg_source_info info = {.name = "handbook",
                            .file = "handbook.tsv",
                            .format = "triples",
                            .version = "2024-01",
                            .licence = "CC0"};
    small_fact_opts denied = {.denied = true},
                    prevention = {
                        .literal =
                            "注意保暖，勤洗手，多通风；在流感季节前接种疫苗可以减少"
                            "发病，避免与患者密切接触，保证充足的睡眠。"};
    small_begin(&s, kg, &info);
    mkg_id cold = small_node(&s, "disease", "感冒", "common cold"),
           pneumonia = small_node(&s, "disease", "肺炎", "pneumonia"),
           asthma = small_node(&s, "disease", "哮喘", "asthma"),
           cough = small_node(&s, "symptom", "咳嗽", "cough"),
           fever = small_node(&s, "symptom", "发热", "fever"),
           penicillin = small_node(&s, "drug", "青霉素", "penicillin"),
           lupus = small_node(&s, "disease", "系统性红斑狼疮",
                              "systemic lupus erythematosus");
    assert_mkg_ok(
        mkg_writer_name(s.w, cold, MKG_ENTRY_ALIAS, MKG_LANG_ZH, V("伤风"), &err));
    assert_mkg_ok(mkg_writer_code(s.w, cold, V("ICD10:J00"), &err));
    small_fact(&s, cold, "symptom", cough, NULL);
    small_fact(&s, cold, "symptom", fever, NULL);
    small_fact(&s, pneumonia, "symptom", cough, NULL);
    small_fact(&s, pneumonia, "symptom", fever, NULL);
    small_fact(&s, asthma, "symptom", cough, NULL);
    small_fact(&s, cold, "complication", pneumonia, NULL);
    small_fact(&s, penicillin, "treats", pneumonia, NULL);
    small_fact(&s, penicillin, "treats", cold, &denied);
    small_fact(&s, cold, "prevention", MKG_ID_NONE, &prevention);
    for (int i = 1; i <= 25; i++) {
        char zh[32];
        snprintf(zh, sizeof zh, "红斑表现%d", i);
        small_fact(&s, lupus, "symptom", small_node(&s, "symptom", zh, NULL), NULL);
    }
    /* One name, two things. */
    small_fact(&s, small_node(&s, "disease", "高血压", "hypertension"), "symptom",
               small_node(&s, "symptom", "头痛", "headache"), NULL);
    small_fact(&s, small_node(&s, "disease", "肾炎", "nephritis"), "symptom",
               small_node(&s, "symptom", "高血压", NULL), NULL);
    small_end(&s, "aa");
}

/* It repeats a fact of the first, and has a name that tries to steer the terminal. */
static inline void second_source(mkg_kg *kg)
{
    small s;
    mkg_source_info info = {
        .name = "registry", .file = "registry.tsv", .format = "triples"};
    small_fact_opts graded = {.grade = "A", .population = "成人"};
    small_begin(&s, kg, &info);
    mkg_id cold = small_node(&s, "disease", "感冒", NULL);
    small_fact(&s, cold, "symptom", small_node(&s, "symptom", "咳嗽", NULL), NULL);
    small_fact(&s, cold, "symptom", small_node(&s, "symptom", "流涕", "runny nose"),
               &graded);
    small_fact(&s, small_node(&s, "disease", "坏\x1b[31m名", NULL), "symptom",
               small_node(&s, "symptom", "咳嗽", NULL), NULL);
    small_end(&s, "bb");
}

/* A folder with the store in medkg.db. */
static inline int new_world(void **state)
{
    cli_world *w = calloc(1, sizeof *w);
    mkg_kg *kg;
    mkg_err err;
    assert_non_null(w);
    w->folder = new_folder();
    char *db = in_folder(w->folder, "medkg.db");
    assert_mkg_ok(mkg_kg_open_write(db, &kg, &err));
    assert_mkg_ok(mkg_kg_load_relations(kg, MEDKG_DATA_DIR "/relations.tsv", &err));
    first_source(kg);
    second_source(kg);
    mkg_kg_close(kg);
    free(db);
    *state = w;
    return 0;
}

static inline int end_world(void **state)
{
    cli_world *w = *state;
    remove_folder(w->folder);
    mkg__free(w->out);
    mkg__free(w->err);
    free(w);
    return 0;
}

#endif
