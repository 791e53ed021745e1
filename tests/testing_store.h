/* For tests of the store among processes: sources of made-up facts, and children. */
#ifndef MKG_TESTING_STORE_H
#define MKG_TESTING_STORE_H

#include "testing.h"

#include "kg/check.h"

#include <sys/wait.h>

typedef struct store_world {
    char *folder, *db;
} store_world;

static inline int store_setup(void **state)
{
    store_world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->folder = new_folder();
    w->db = in_folder(w->folder, "db");
    *state = w;
    return 0;
}

static inline int store_teardown(void **state)
{
    store_world *w = *state;
    remove_folder(w->folder);
    free(w->db);
    free(w);
    return 0;
}

/* Import `facts` made-up facts as source number `number`, the same for the same number.
 * Does not fail the test: children call it, too. `memory`: as for mkg_writer_new(). */
static inline mkg_status store_import_in(const char *db, int number, size_t facts,
                                         size_t memory, mkg_err *e)
{
    mkg_kg *kg;
    mkg_writer *w = NULL;
    mkg_writer_counts c;
    const mkg_relation *r;
    char name[64], sha[64];
    mkg_source_info info = {.file = "many.tsv", .format = "triples", .memory = memory};
    mkg_status st = mkg_kg_open_write(db, &kg, e);
    if (st < 0) return st;
    st = mkg_writer_new(kg, &info, &w, e);
    if (st >= 0) st = mkg_writer_relation(w, V("symptom"), &r, e);
    for (size_t i = 0; i < facts && st >= 0; i++) {
        mkg_id a, b;
        snprintf(name, sizeof name, "disease %d %zu", number, i / 10);
        st = mkg_writer_node(w, V("disease"), V(name), 0, &a, e);
        snprintf(name, sizeof name, "symptom %zu", i * 7919 % 503);
        if (st >= 0) st = mkg_writer_node(w, V("symptom"), V(name), 0, &b, e);
        mkg_fact_in f = {.subject = a, .relation = r, .object = b, .line = i + 1};
        f.literal = f.grade = f.population = f.locator = V("");
        if (st >= 0) st = mkg_writer_fact(w, &f, e);
    }
    snprintf(sha, sizeof sha, "%d", number);
    if (st >= 0) st = mkg_writer_commit(w, sha, 1, 0, NULL, NULL, &c, e);
    mkg_writer_free(w);
    mkg_kg_close(kg);
    return st;
}

static inline mkg_status store_import(const char *db, int number, size_t facts,
                                      mkg_err *e)
{
    return store_import_in(db, number, facts, 0, e);
}

static inline pid_t start_child(void)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    return child;
}

/* Exit code of a child, 255 if it did not exit. */
static inline int end_child(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/* Import in a process of its own: LMDB opens a store once in a process. */
static inline void import_apart(const char *db, int number, size_t facts)
{
    pid_t child = start_child();
    if (child == 0) _exit(store_import(db, number, facts, NULL) < 0);
    assert_int_equal(end_child(child), 0);
}

static inline void print_damage(void *ctx, const mkg_damage *d)
{
    (void)ctx;
    printf("%s: %s\n", d->where, d->what);
}

/* check --deep finds nothing. */
static inline void assert_sound(const char *db)
{
    mkg_kg *kg;
    mkg_err err;
    mkg_deep_counts c;
    mkg_deep_opts o = {.limit = 10, .on_damage = print_damage};
    assert_mkg_ok(mkg_kg_open(db, &kg, &err));
    assert_mkg_ok(mkg_kg_check_deep(kg, &o, &c, &err));
    assert_int_equal(c.damage, 0);
    mkg_kg_close(kg);
}

#endif
