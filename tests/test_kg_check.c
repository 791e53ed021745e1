/* check and check --deep: every kind of finding, every kind of damage. */
#include "testing_store.h"

#include "base/rng.h"
#include "kg/check_internal.h"
#include "kg/kg_internal.h"

static mkg_err err;

/* ---- findings ---- */

typedef struct found {
    mkg_check_counts counts;
    char text[MKG_FINDING_COUNT]
             [512]; /* of the examples: "text|nodes|facts|relation" */
} found;

static void on_finding(void *ctx, const mkg_finding *f)
{
    found *to = ctx;
    char *text = to->text[f->kind];
    size_t n = strlen(text), cap = sizeof to->text[0];
#define PUT(...)                                                                       \
    do {                                                                               \
        n += (size_t)snprintf(text + n, cap - n, __VA_ARGS__);                         \
        assert_true(n < cap);                                                          \
    } while (0)
    if (n) PUT(" ");
    PUT("%.*s|", (int)f->text.len, f->text.ptr ? f->text.ptr : "");
    for (size_t i = 0; i < f->nnodes; i++)
        PUT("%s%u", i ? "," : "", f->nodes[i]);
    PUT("|");
    for (size_t i = 0; i < 2; i++)
        if (f->facts[i]) PUT("%s%u", i ? "," : "", f->facts[i]);
    PUT("|%.*s", f->relation ? (int)f->relation->name.len : 0,
        f->relation ? f->relation->name.ptr : "");
#undef PUT
}

static void check_with(mkg_kg *kg, size_t limit, found *out)
{
    mkg_check_opts o = {.limit = limit, .on_finding = on_finding, .ctx = out};
    memset(out, 0, sizeof *out);
    assert_mkg_ok(mkg_kg_check(kg, &o, &out->counts, &err));
}

typedef struct writing {
    mkg_kg *kg;
    mkg_writer *w;
} writing;

static void begin(writing *g, const char *db)
{
    mkg_source_info info = {.file = "a.tsv", .format = "triples"};
    assert_mkg_ok(mkg_kg_open_write(db, &g->kg, &err));
    assert_mkg_ok(mkg_kg_load_relations(g->kg, MEDKG_DATA_DIR "/relations.tsv", &err));
    assert_mkg_ok(mkg_writer_new(g->kg, &info, &g->w, &err));
}

static void end(writing *g)
{
    mkg_writer_counts c;
    assert_mkg_ok(mkg_writer_commit(g->w, "aa", 1, 0, NULL, NULL, &c, &err));
    mkg_writer_free(g->w);
}

static mkg_id node(writing *g, const char *type, const char *name)
{
    mkg_id id;
    assert_mkg_ok(mkg_writer_node(g->w, V(type), V(name), 0, &id, &err));
    return id;
}

static mkg_id coded(writing *g, const char *name, const char *code)
{
    mkg_id id;
    assert_mkg_ok(
        mkg_writer_node_coded(g->w, V("disease"), V(name), 0, V(code), &id, &err));
    return id;
}

static void fact(writing *g, mkg_id subject, const char *relation, mkg_id object,
                 bool denied)
{
    const mkg_relation *r;
    assert_mkg_ok(mkg_writer_relation(g->w, V(relation), &r, &err));
    mkg_fact_in f = {.subject = subject,
                     .relation = r,
                     .object = object,
                     .denied = denied,
                     .line = 1};
    f.literal = V(object ? "" : "a text");
    f.grade = f.population = f.locator = V("");
    assert_mkg_ok(mkg_writer_fact(g->w, &f, &err));
}

static void test_nothing(void **state)
{
    store_world *w = *state;
    writing g;
    found f;
    begin(&g, w->db);
    check_with(g.kg, 5, &f); /* an empty store */
    for (int k = 0; k < MKG_FINDING_COUNT; k++)
        assert_int_equal(f.counts.n[k], 0);
    fact(&g, node(&g, "disease", "感冒"), "symptom", node(&g, "symptom", "咳嗽"),
         false);
    end(&g);
    check_with(g.kg, 5, &f);
    for (int k = 0; k < MKG_FINDING_COUNT; k++)
        assert_int_equal(f.counts.n[k], 0);
    mkg_kg_close(g.kg);
}

static void test_findings(void **state)
{
    store_world *w = *state;
    writing g;
    found f;
    begin(&g, w->db);
    /* 1 and 2: one name, two diseases; 3: a symptom of the same name. */
    mkg_id a = coded(&g, "flu", "ICD:1"), b = coded(&g, "flu", "ICD:2"),
           c = node(&g, "symptom", "flu");
    fact(&g, a, "symptom", c, false);
    fact(&g, b, "symptom", c, false);
    /* 4 carries a code of 1, written otherwise. */
    mkg_id d = node(&g, "disease", "grippe");
    assert_mkg_ok(mkg_writer_code(g.w, d, V("icd:1"), &err));
    fact(&g, d, "symptom", c, false);
    /* 5 > 6 > 7 > 5, and 8 under them, which is no cycle; 9 is itself. */
    mkg_id e[5];
    for (int i = 0; i < 5; i++) {
        char name[8] = {'x', (char)('0' + i), '\0'};
        e[i] = node(&g, "disease", name);
    }
    fact(&g, e[0], "is_a", e[1], false);
    fact(&g, e[1], "is_a", e[2], false);
    fact(&g, e[0], "has_subtype", e[2], false); /* the same as 7 is_a 5 */
    fact(&g, e[3], "is_a", e[0], false);
    fact(&g, e[4], "is_a", e[4], false);
    /* 10 treats 1 and is contraindicated in it; in 2, only the one; 11 has no fact. */
    mkg_id drug = node(&g, "drug", "pill");
    fact(&g, drug, "treats", a, false);
    fact(&g, drug, "contraindicated_in", a, false);
    fact(&g, drug, "treats", b, false);
    fact(&g, d, "contraindicated_drug", drug, true); /* denied: no conflict with … */
    fact(&g, drug, "treats", d, false);              /* … this */
    node(&g, "drug", "powder");
    /* Stated and denied: with a node, and with a text. */
    fact(&g, drug, "treats", a, true);
    fact(&g, a, "prevention", MKG_ID_NONE, true);
    fact(&g, a, "prevention", MKG_ID_NONE, false);
    fact(&g, b, "prevention", MKG_ID_NONE, true);
    /* A relation that nobody knows, and a fact between the wrong types. */
    fact(&g, a, "looks_like", b, false);
    fact(&g, drug, "symptom", c, false);
    fact(&g, c, "interacts_with", drug, false); /* symmetric: either end is the drug */
    end(&g);

    check_with(g.kg, 5, &f);
    assert_string_equal(f.text[MKG_FINDING_NAME], "flu|1,2||");
    assert_string_equal(f.text[MKG_FINDING_NAME_TYPES], "flu|1,2,3||");
    assert_string_equal(f.text[MKG_FINDING_CODE], "ICD:1|1,4||");
    assert_int_equal(f.counts.n[MKG_FINDING_CYCLE], 2);
    assert_non_null(strstr(f.text[MKG_FINDING_CYCLE], "|9||"));
    const char *cycle = f.text[MKG_FINDING_CYCLE];
    assert_true(strstr(cycle, "|5,6,7||") || strstr(cycle, "|6,7,5||") ||
                strstr(cycle, "|7,5,6||"));
    assert_string_equal(f.text[MKG_FINDING_CONFLICT], "|10,1|9,10|");
    assert_int_equal(f.counts.n[MKG_FINDING_DENIED], 2);
    assert_non_null(strstr(f.text[MKG_FINDING_DENIED], "|10,1|9,14|treats"));
    assert_non_null(strstr(f.text[MKG_FINDING_DENIED], "|1|16,15|prevention"));
    assert_string_equal(f.text[MKG_FINDING_ORPHAN], "|11||");
    assert_string_equal(f.text[MKG_FINDING_LABEL], "zh|||looks_like");
    assert_string_equal(f.text[MKG_FINDING_FACT_TYPE], "|10,3|19|symptom");
    check_with(g.kg, 0, &f);
    assert_int_equal(f.counts.n[MKG_FINDING_CYCLE], 2);
    assert_string_equal(f.text[MKG_FINDING_CYCLE], "");
    mkg_kg_close(g.kg);
    assert_sound(w->db);
}

/* ---- cycles ---- */

typedef struct cycles {
    const mkg__arc *arcs;
    size_t narcs, n;
} cycles;

static mkg_status on_cycle(void *ctx, const mkg_id *nodes, size_t n, mkg_err *e)
{
    cycles *c = ctx;
    (void)e;
    for (size_t i = 0; i < n; i++) {
        bool there = false;
        for (size_t k = 0; k < c->narcs; k++)
            there |= c->arcs[k].from == nodes[i] && c->arcs[k].to == nodes[(i + 1) % n];
        assert_true(there);
    }
    c->n++;
    return MKG_OK;
}

/* The number of sets of nodes that reach each other, by reachability. */
static size_t count_sets(const mkg__arc *arcs, size_t narcs, size_t n)
{
    bool to[24][24] = {{false}};
    size_t sets = 0;
    for (size_t i = 0; i < narcs; i++)
        to[arcs[i].from][arcs[i].to] = true;
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                to[i][j] |= to[i][k] && to[k][j];
    for (size_t i = 0; i < n; i++) {
        bool first = to[i][i];
        for (size_t j = 0; j < i; j++)
            first &= !(to[i][j] && to[j][i]);
        sets += first;
    }
    return sets;
}

static void test_random_cycles(void **state)
{
    (void)state;
    mkg__rng r = mkg__rng_new(42, 0, 0);
    for (int round = 0; round < 2000; round++) {
        mkg__arc arcs[64];
        size_t n = 2 + mkg__rng_below(&r, 22), m = mkg__rng_below(&r, 2 * (uint32_t)n);
        for (size_t i = 0; i < m; i++)
            arcs[i] = (mkg__arc){mkg__rng_below(&r, (uint32_t)n),
                                 mkg__rng_below(&r, (uint32_t)n)};
        cycles c = {arcs, m, 0};
        size_t sets = count_sets(arcs, m, n);
        assert_mkg_ok(mkg__cycles(arcs, m, on_cycle, &c, &err));
        if (c.n != sets) fail_msg("round %d: %zu for %zu", round, c.n, sets);
    }
}

static mkg_status on_long_cycle(void *ctx, const mkg_id *nodes, size_t n, mkg_err *e)
{
    (void)nodes;
    (void)e;
    *(size_t *)ctx = n;
    return MKG_OK;
}

/* A chain that would be too deep for recursion. */
static void test_deep_chain(void **state)
{
    (void)state;
    enum { N = 300000 };
    mkg__arc *arcs = malloc(N * sizeof *arcs);
    size_t length = 0;
    assert_non_null(arcs);
    for (mkg_id i = 0; i < N; i++)
        arcs[i] = (mkg__arc){i + 1, i + 2};
    assert_mkg_ok(mkg__cycles(arcs, N, on_long_cycle, &length, &err));
    assert_int_equal(length, 0);
    arcs[N - 1].to = 1;
    assert_mkg_ok(mkg__cycles(arcs, N, on_long_cycle, &length, &err));
    assert_int_equal(length, N);
    free(arcs);
}

/* ---- damage ---- */

typedef struct told {
    uint64_t damage;
    char text[2048];
} told;

static void on_damage(void *ctx, const mkg_damage *d)
{
    told *t = ctx;
    size_t n = strlen(t->text);
    snprintf(t->text + n, sizeof t->text - n, "%s: %s\n", d->where, d->what);
}

static void check_deep(const char *db, told *t)
{
    mkg_kg *kg;
    mkg_deep_counts c;
    mkg_deep_opts o = {.limit = 5, .on_damage = on_damage, .ctx = t};
    memset(t, 0, sizeof *t);
    assert_mkg_ok(mkg_kg_open(db, &kg, &err));
    assert_mkg_ok(mkg_kg_check_deep(kg, &o, &c, &err));
    t->damage = c.damage;
    mkg_kg_close(kg);
}

/* A store of two sources with names, aliases, codes, texts and a denied fact. */
static void make_store(const char *db)
{
    for (int i = 0; i < 2; i++) {
        writing g;
        begin(&g, db);
        mkg_id a = coded(&g, "flu", "ICD:1"), b = node(&g, "symptom", "cough"),
               c = node(&g, "drug", "pill");
        assert_mkg_ok(
            mkg_writer_name(g.w, a, MKG_ENTRY_ALIAS, MKG_LANG_EN, V("grippe"), &err));
        fact(&g, a, "symptom", b, false);
        fact(&g, c, "treats", a, i == 0);
        fact(&g, a, "prevention", MKG_ID_NONE, false);
        end(&g);
        mkg_kg_close(g.kg);
    }
}

/* Put a row into a database, over what is there in one without duplicates. */
static void put(const char *db, mkg__db where, mkg_view key, mkg_view value)
{
    mkg__store *store;
    mkg__txn *t;
    bool created;
    assert_mkg_ok(mkg__store_open(db, true, &store, &created, &err));
    assert_mkg_ok(mkg__txn_begin(store, true, &t, &err));
    assert_mkg_ok(mkg__db_put(t, where, key, value, &err));
    assert_mkg_ok(mkg__txn_commit(t, &err));
    mkg__store_close(store);
}

/* A record as it is, with what makes it another one. */
static void change(const char *db, mkg__db where, mkg_id id, const char *more, size_t n,
                   size_t cut)
{
    mkg_kg *kg;
    mkg__buf b = {0};
    mkg_view old;
    unsigned char key[4];
    mkg__be32(key, id);
    mkg_view k = {(char *)key, 4};
    assert_mkg_ok(mkg_kg_open(db, &kg, &err));
    assert_int_equal(mkg__db_get(kg->read, where, k, &old, &err), MKG_OK);
    mkg__buf_put(&b, old.ptr, old.len - cut);
    mkg__buf_put(&b, more, n);
    mkg_kg_close(kg);
    put(db, where, k, mkg__view(b.ptr, b.len));
    mkg__buf_clear(&b);
}

#define BYTES(s) mkg__view(s, sizeof(s) - 1)

static void assert_damage(const char *db, const char *const *says)
{
    told t;
    check_deep(db, &t);
    assert_true(t.damage > 0);
    for (; *says; says++)
        if (!strstr(t.text, *says)) fail_msg("'%s' is not in\n%s", *says, t.text);
}

#define SAYS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void with_store(const store_world *w, void (*harm)(const char *db),
                       const char *const *says)
{
    static int number;
    char name[32];
    snprintf(name, sizeof name, "s%d", number++);
    char *db = in_folder(w->folder, name);
    make_store(db);
    assert_sound(db);
    harm(db);
    assert_damage(db, says);
    free(db);
}

static void harm_name(const char *db)
{
    put(db, MKG_DB_NAME, V("ghost"), BYTES("\0\0\0\2"));
}
static void harm_name_node(const char *db)
{
    put(db, MKG_DB_NAME, V("ghost"), BYTES("\0\0\1\0"));
}
static void harm_code(const char *db)
{
    put(db, MKG_DB_CODE, V("ICD:7"), BYTES("\0\0\0\1"));
}
static void harm_node(const char *db) /* an alias that no index knows */
{
    change(db, MKG_DB_NODE, 2, "\x22\1\5extra", 8, 0);
}
static void harm_node_source(const char *db)
{
    change(db, MKG_DB_NODE, 2, "\x22\x09\5cough", 8, 0);
}
static void harm_node_bytes(const char *db)
{
    change(db, MKG_DB_NODE, 2, "\x22\1\x7f", 3, 0);
}
static void harm_node_id(const char *db)
{
    put(db, MKG_DB_NODE, BYTES("\0\0\0\x63"), BYTES("\0\1\4drug"));
}
static void harm_out(const char *db)
{
    put(db, MKG_DB_OUT, BYTES("\0\0\0\1\0\0\0\1"), BYTES("\0\0\0\3\0\0\0\1"));
}
static void harm_in(const char *db)
{
    put(db, MKG_DB_IN, BYTES("\0\0\0\1\0\0\0\1"), BYTES("\0\0\0\3\0\0\0\x4d"));
}
static void harm_source_fact(const char *db)
{
    put(db, MKG_DB_SOURCE_FACT, BYTES("\0\0\0\1"), BYTES("\0\0\0\4\0\0\0\4"));
}
static void harm_fact(const char *db) /* 2 symptom 3, by source 7: in no index */
{
    put(db, MKG_DB_FACT, BYTES("\0\0\0\1"), BYTES("\2\1\0\3\7\0\2:1"));
}
static void harm_fact_node(const char *db)
{
    put(db, MKG_DB_FACT, BYTES("\0\0\0\x4d"), BYTES("\x63\x7f\0\x62\1\0\2:1"));
}
static void harm_fact_bytes(const char *db)
{
    change(db, MKG_DB_FACT, 1, "", 0, 2);
}
static void harm_source(const char *db)
{
    change(db, MKG_DB_SOURCE, 1, "", 0, 3);
}
static void harm_type(const char *db)
{
    put(db, MKG_DB_META, V("type:drug"), BYTES("\0\0\0\0\0\0\0\x09"));
}
static void harm_counter(const char *db)
{
    put(db, MKG_DB_META, V("next:node"), BYTES("\0\0\0\0\0\0\0\2"));
}
static void harm_relfacts(const char *db)
{
    put(db, MKG_DB_META, BYTES("relfacts:\0\0\0\1"), BYTES("\0\0\0\0\0\0\0\x09"));
}
static void harm_hash(const char *db)
{
    put(db, MKG_DB_META, V("hash"), V("0123456789abcdef"));
}

static void test_damage(void **state)
{
    const store_world *w = *state;
    with_store(w, harm_name,
               SAYS("name: 'ghost' leads to node 2, which does not give it"));
    with_store(w, harm_name_node, SAYS("name: 'ghost' leads to node 256"));
    with_store(w, harm_code, SAYS("code: 'ICD:7' leads to node 1"));
    with_store(w, harm_node,
               SAYS("name: a name of node 2 is missing", "meta: the hash"));
    with_store(w, harm_node_source,
               SAYS("node: node 2 names source 9, which is not there"));
    with_store(w, harm_node_bytes, SAYS("node: node 2 cannot be read"));
    with_store(w, harm_node_id,
               SAYS("node: node 99 is not below the counter", "meta: type:drug is 1"));
    with_store(w, harm_out, SAYS("out: a row of fact 1 is not what the fact says"));
    with_store(w, harm_in, SAYS("in: a row of fact 77 is not what the fact says"));
    with_store(w, harm_source_fact, SAYS("source_fact: a row of fact 4"));
    with_store(w, harm_fact,
               SAYS("fact: fact 1 names source 7", "out: the row of fact 1 is missing",
                    "in: the row of fact 1 is missing",
                    "source_fact: the row of fact 1 is missing",
                    "out: a row of fact 1 is not what the fact says",
                    "meta: the hash"));
    with_store(w, harm_fact_node,
               SAYS("fact: fact 77 is not below the counter (5)",
                    "fact: fact 77 names node 99", "fact 77 names node 98",
                    "fact 77 names relation 127"));
    with_store(w, harm_fact_bytes, SAYS("fact: fact 1 cannot be read"));
    with_store(w, harm_source, SAYS("source: source 1 cannot be read"));
    with_store(w, harm_type, SAYS("meta: type:drug is 9, counted are 1"));
    with_store(w, harm_counter, SAYS("node: node 2 is not below the counter (2)"));
    with_store(w, harm_relfacts,
               SAYS("meta: facts of relation 1 are 9, counted are 1"));
    with_store(w, harm_hash, SAYS("meta: the hash of the records is"));
}

/* ---- stopped, and without memory ---- */

static int stop_at_once(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    (void)ctx;
    (void)what;
    assert_true(done <= total);
    return 1;
}

static void test_stopped(void **state)
{
    store_world *w = *state;
    mkg_kg *kg;
    mkg_check_counts c;
    mkg_deep_counts d;
    mkg_check_opts o = {.progress = stop_at_once};
    mkg_deep_opts p = {.progress = stop_at_once};
    import_apart(w->db, 1, 9000);
    assert_mkg_ok(mkg_kg_open(w->db, &kg, &err));
    assert_int_equal(mkg_kg_check(kg, &o, &c, &err), MKG_ECANCEL);
    assert_int_equal(mkg_kg_check_deep(kg, &p, &d, &err), MKG_ECANCEL);
    mkg_kg_close(kg);
}

static void test_no_memory(void **state)
{
    store_world *w = *state;
    mkg_kg *kg;
    mkg_check_counts c;
    mkg_deep_counts d;
    mkg_check_opts o = {0};
    mkg_deep_opts p = {0};
    mkg_status st = MKG_ENOMEM;
    make_store(w->db);
    assert_mkg_ok(mkg_kg_open(w->db, &kg, &err));
    for (long n = 1; st < 0; n++) {
        mkg__alloc_fail_after(n);
        st = mkg_kg_check(kg, &o, &c, &err);
        mkg__alloc_fail_after(0);
        assert_true(st == MKG_OK || st == MKG_ENOMEM);
    }
    st = MKG_ENOMEM;
    for (long n = 1; st < 0; n++) {
        mkg__alloc_fail_after(n);
        st = mkg_kg_check_deep(kg, &p, &d, &err);
        mkg__alloc_fail_after(0);
        assert_true(st == MKG_OK || st == MKG_ENOMEM);
    }
    assert_int_equal(d.damage, 0);
    mkg_kg_close(kg);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, store_setup, store_teardown)
    const struct CMUnitTest tests[] = {
        T(test_nothing),
        T(test_findings),
        cmocka_unit_test(test_random_cycles),
        cmocka_unit_test(test_deep_chain),
        T(test_damage),
        T(test_stopped),
        T(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
