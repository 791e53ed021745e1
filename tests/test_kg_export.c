/* The formats of `export graph`: each is read by a tool of its own where that is here,
 * and says what the graph says. */
#include "testing.h"

#include "base/io.h"
#include "base/text.h"
#include "kg/export.h"

#include <dlfcn.h>
#include <igraph/igraph.h>
#include <sys/stat.h>
#include <sys/wait.h>

typedef struct world {
    char *folder;
    mkg_kg *kg;
    mkg_id cold, twin;
} world;

static mkg_err err;

/* Names that every format has to escape in its own way. */
#define NASTY                                                                          \
    "a\"b\\c<d>&e;f|g\th\ni\x7fj\xef\xbf\xbe"                                          \
    "k"

static void fact(mkg_writer *w, mkg_id s, const char *relation, mkg_id o,
                 const char *literal, bool denied)
{
    const mkg_relation *r;
    assert_mkg_ok(mkg_writer_relation(w, V(relation), &r, &err));
    mkg_fact_in f = {.subject = s,
                     .relation = r,
                     .object = o,
                     .literal = V(literal ? literal : ""),
                     .grade = V(literal ? "" : "A\"1"),
                     .population = V(""),
                     .locator = V(""),
                     .line = 3,
                     .weight = 0.5f,
                     .denied = denied};
    assert_mkg_ok(mkg_writer_fact(w, &f, &err));
}

static int setup(void **state)
{
    world *x = calloc(1, sizeof *x);
    mkg_writer *w;
    mkg_id cough, fever, drug, nasty, other;
    mkg_writer_counts counts;
    mkg_source_info info = {.name = "Handbook, 2nd",
                            .file = "h.tsv",
                            .format = "triples",
                            .licence = "CC0",
                            .version = "2"};
    assert_non_null(x);
    x->folder = new_folder();
    char *db = in_folder(x->folder, "db");
    assert_mkg_ok(mkg_kg_open_write(db, &x->kg, &err));
    free(db);
    assert_mkg_ok(mkg_kg_load_relations(x->kg, MEDKG_DATA_DIR "/relations.tsv", &err));
    assert_mkg_ok(mkg_writer_new(x->kg, &info, &w, &err));
    mkg_lang zh = MKG_LANG_ZH, en = MKG_LANG_EN;
    assert_mkg_ok(mkg_writer_node_coded(w, V("disease"), V("感冒"), zh, V("ICD10:J00"),
                                        &x->cold, &err));
    assert_mkg_ok(
        mkg_writer_name(w, x->cold, MKG_ENTRY_NAME, en, V("common cold"), &err));
    assert_mkg_ok(mkg_writer_name(w, x->cold, MKG_ENTRY_ALIAS, zh, V("伤风"), &err));
    assert_mkg_ok(mkg_writer_node(w, V("symptom"), V("咳嗽"), zh, &cough, &err));
    assert_mkg_ok(mkg_writer_node(w, V("symptom"), V("发热"), zh, &fever, &err));
    assert_mkg_ok(mkg_writer_node(w, V("drug"), V("青霉素"), zh, &drug, &err));
    assert_mkg_ok(mkg_writer_node(w, V("drug"), V("阿司匹林"), zh, &other, &err));
    assert_mkg_ok(mkg_writer_node(w, V("my type"), V(NASTY), en, &nasty, &err));
    assert_mkg_ok(mkg_writer_name(w, nasty, MKG_ENTRY_ALIAS, en, V(NASTY "2"), &err));
    /* It shares its code with the cold, and its name with nobody. */
    assert_mkg_ok(mkg_writer_node(w, V("disease"), V("上感"), zh, &x->twin, &err));
    assert_mkg_ok(mkg_writer_code(w, x->twin, V("icd10:j00"), &err));
    fact(w, x->cold, "symptom", cough, NULL, false);
    fact(w, x->cold, "symptom", fever, NULL, false);
    fact(w, drug, "treats", x->cold, NULL, true);
    fact(w, drug, "interacts_with", other, NULL, false);
    fact(w, x->cold, "description", MKG_ID_NONE, NASTY, false);
    fact(w, x->cold, "my \"relation\"", nasty, NULL, false);
    fact(w, x->twin, "is_a", x->cold, NULL, false);
    assert_mkg_ok(mkg_writer_commit(w, "ab12", 9, 0, NULL, NULL, &counts, &err));
    mkg_writer_free(w);
    assert_mkg_ok(mkg_kg_renew(x->kg, &err));
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    world *x = *state;
    mkg_kg_close(x->kg);
    remove_folder(x->folder);
    free(x);
    return 0;
}

/* ---- helpers ---- */

static mkg_export_result export_ok(world *x, const char *name, mkg_export_opts o)
{
    mkg_export_result r;
    char *path = in_folder(x->folder, name);
    assert_mkg_ok(mkg_export_graph(x->kg, path, &o, &r, &err));
    free(path);
    return r;
}

static char *read_back(world *x, const char *name)
{
    mkg__buf b = {0};
    char *path = in_folder(x->folder, name);
    assert_mkg_ok(mkg__file_read(path, 1 << 20, &b, &err));
    free(path);
    return b.ptr;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("'%s' is not in:\n%s", part, text);
}

static void assert_has_not(const char *text, const char *part)
{
    if (strstr(text, part)) fail_msg("'%s' is in:\n%s", part, text);
}

/* Run a line of shell in the folder; its exit code. */
static int shell(const world *x, const char *line)
{
    char all[2048];
    snprintf(all, sizeof all, "cd '%s' && { %s; }", x->folder, line);
    int status = system(all);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static bool have(const char *tool)
{
    char line[128];
    snprintf(line, sizeof line, "command -v %s >/dev/null 2>&1", tool);
    bool there = system(line) == 0;
    if (!there) print_message("skipped: %s is not here\n", tool);
    return there;
}

static size_t lines_with(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, part)) != NULL; p += strlen(part))
        n++;
    return n;
}

/* ---- N-Triples ---- */

#define COLD  "<urn:medkg:code:ICD10:J00>"
#define DRUG  "<urn:medkg:node:drug:%E9%9D%92%E9%9C%89%E7%B4%A0>"
#define COUGH "<urn:medkg:node:symptom:%E5%92%B3%E5%97%BD>"

static void n_triples(void **state)
{
    world *x = *state;
    mkg_export_opts o = MKG_EXPORT_OPTS_INIT;
    o.format = "nt";
    mkg_export_result r = export_ok(x, "a.nt", o);
    assert_int_equal(r.nodes, 7);
    assert_int_equal(r.edges, 7);
    char *text = read_back(x, "a.nt");
    assert_has(text,
               COLD " <http://www.w3.org/2000/01/rdf-schema#label> \"感冒\"@zh .\n");
    assert_has(text,
               COLD " <http://www.w3.org/2004/02/skos/core#altLabel> \"伤风\"@zh .");
    assert_has(text, COLD " <http://www.w3.org/2004/02/skos/core#notation> "
                          "\"ICD10:J00\" .\n");
    assert_has(text, COLD " <urn:medkg:relation:symptom> " COUGH " .\n");
    assert_has(text, "\"a\\\"b\\\\c<d>&e;f|g\\th\\ni\\u007Fj\xef\xbf\xbek\"@en");
    /* The second node of a code goes by its name. */
    assert_has(text, "<urn:medkg:node:disease:%E4%B8%8A%E6%84%9F> "
                     "<urn:medkg:relation:is_a> " COLD " .");
    /* A denial is never the triple itself. */
    assert_has_not(text, DRUG " <urn:medkg:relation:treats>");
    assert_has(text, "<http://www.w3.org/2002/07/owl#assertionProperty> "
                     "<urn:medkg:relation:treats> .");
    assert_has_not(text, "wasDerivedFrom");
    mkg__free(text);
    o.sources = true;
    export_ok(x, "b.nt", o);
    text = read_back(x, "b.nt");
    assert_int_equal(lines_with(text, "prov#wasDerivedFrom"), 7);
    assert_has(text, "<urn:medkg:locator> \"h.tsv:3\"");
    assert_has(text, "<urn:medkg:source:ab12> <http://purl.org/dc/terms/license> "
                     "\"CC0\" .");
    assert_has(text, "\"0.5\"^^<http://www.w3.org/2001/XMLSchema#double>");
    assert_has_not(text, DRUG " <urn:medkg:relation:treats>");
    mkg__free(text);
    if (have("rapper"))
        assert_int_equal(shell(x, "rapper -q -i ntriples -c a.nt && "
                                  "rapper -q -i ntriples -c b.nt"),
                         0);
    if (have("serdi"))
        assert_int_equal(shell(x, "serdi -i ntriples a.nt >/dev/null && "
                                  "serdi -i ntriples b.nt >/dev/null"),
                         0);
}

/* The language shown, and what else is in the graph, do not change what a thing is
 * called in RDF. */
static void iris_stay(void **state)
{
    world *x = *state;
    mkg_export_opts o = MKG_EXPORT_OPTS_INIT;
    o.format = "nt";
    o.lang = MKG_LANG_EN;
    export_ok(x, "en.nt", o);
    export_ok(x, "a.nt", (mkg_export_opts){.format = "nt"});
    assert_int_equal(shell(x, "cmp a.nt en.nt"), 0);
}

/* ---- GraphML ---- */

typedef int (*read_graphml_fn)(igraph_t *, FILE *, int);
typedef igraph_integer_t (*count_fn)(const igraph_t *);
typedef void (*destroy_fn)(igraph_t *);

/* Through dlopen(), as the program itself: igraph is not linked. */
static void igraph_counts(const char *path, uint64_t *nodes, uint64_t *edges)
{
    read_graphml_fn read_graphml;
    count_fn vcount, ecount;
    destroy_fn destroy;
    igraph_t g;
    void *lib = dlopen("libigraph.so.3", RTLD_NOW | RTLD_LOCAL);
    if (!lib) {
        print_message("skipped: %s\n", dlerror());
        return;
    }
    *(void **)&read_graphml = dlsym(lib, "igraph_read_graph_graphml");
    *(void **)&vcount = dlsym(lib, "igraph_vcount");
    *(void **)&ecount = dlsym(lib, "igraph_ecount");
    *(void **)&destroy = dlsym(lib, "igraph_destroy");
    assert_true(read_graphml && vcount && ecount && destroy);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(read_graphml(&g, f, 0), 0);
    fclose(f);
    assert_int_equal(vcount(&g), *nodes);
    assert_int_equal(ecount(&g), *edges);
    destroy(&g);
    *nodes = *edges = 0; /* read */
}

static void graphml(void **state)
{
    world *x = *state;
    mkg_export_opts o = MKG_EXPORT_OPTS_INIT;
    o.format = "graphml";
    o.lang = MKG_LANG_ZH;
    mkg_export_result r = export_ok(x, "a.graphml", o);
    assert_int_equal(r.nodes, 7);
    assert_int_equal(r.edges, 5);
    assert_int_equal(r.denied, 1);
    assert_int_equal(r.texts, 1);
    char *text = read_back(x, "a.graphml");
    assert_int_equal(lines_with(text, "<node id="), 7);
    assert_int_equal(lines_with(text, "<edge id="), 5);
    assert_has(text, "<data key=\"label\">感冒</data>");
    assert_has(text, "<data key=\"elabel\">症状</data>");
    assert_has(text, "a\"b\\c&lt;d&gt;&amp;e;f|g\th\ni\x7fjk");
    assert_has_not(text, "treats");
    mkg__free(text);
    if (have("xmllint")) assert_int_equal(shell(x, "xmllint --noout a.graphml"), 0);
    uint64_t nodes = r.nodes, edges = r.edges;
    igraph_counts(r.files[0], &nodes, &edges);
}

/* ---- tables ---- */

/* Fields of each line, told apart as the tools do: quotes only where they quote. */
static size_t fields(const char *line, size_t n, char delimiter, bool quotes)
{
    size_t count = 1;
    bool in = false;
    for (size_t i = 0; i < n; i++) {
        if (quotes && line[i] == '"') in = !in;
        count += line[i] == delimiter && !in;
    }
    assert_false(in);
    return count;
}

static size_t assert_table(const char *text, size_t columns, char delimiter,
                           bool quotes)
{
    size_t rows = 0;
    for (const char *p = text, *nl; *p; p = nl + 1, rows++) {
        nl = strchr(p, '\n');
        assert_non_null(nl);
        if (fields(p, (size_t)(nl - p), delimiter, quotes) != columns)
            fail_msg("not %zu columns: %.*s", columns, (int)(nl - p), p);
    }
    return rows;
}

static void kgx(void **state)
{
    world *x = *state;
    mkg_export_opts o = MKG_EXPORT_OPTS_INIT;
    o.format = "kgx";
    o.biolink = MEDKG_DATA_DIR "/biolink.tsv";
    mkg_export_result r = export_ok(x, "kgx/", o);
    assert_int_equal(r.edges, 6);
    assert_int_equal(r.texts, 1);
    char *text = read_back(x, "kgx/nodes.tsv");
    assert_int_equal(assert_table(text, 6, '\t', false), 1 + 7);
    assert_has(text, "ICD10:J00\tbiolink:Disease\t感冒\tcommon cold|伤风\tICD10:J00\t"
                     "disease\n");
    assert_has(text, "\tbiolink:NamedThing\ta\"b\\c<d>&e;f|g h i j");
    assert_has(text, "f｜g h i j");
    mkg__free(text);
    text = read_back(x, "kgx/edges.tsv");
    assert_int_equal(assert_table(text, 9, '\t', false), 1 + 6);
    assert_has(text, "\tICD10:J00\tbiolink:has_phenotype\t"
                     "medkg:node:symptom:%E5%92%B3%E5%97%BD\tmedkg:relation:symptom\t"
                     "false\tinfores:handbook-2nd\th.tsv:3\t0.5\n");
    assert_has(text, "\tbiolink:treats\tICD10:J00\tmedkg:relation:treats\ttrue\t");
    mkg__free(text);
}

static void neo4j(void **state)
{
    world *x = *state;
    mkg_export_opts o = MKG_EXPORT_OPTS_INIT;
    o.format = "neo4j";
    mkg_export_result r = export_ok(x, "neo", o);
    assert_int_equal(r.edges, 7);
    char *text = read_back(x, "neo_nodes.csv");
    assert_int_equal(assert_table(text, 7, ',', true), 1 + 7 + 1);
    assert_has(text, "n1,\"感冒\",\"感冒\",\"common cold\",\"伤风\",\"ICD10:J00\","
                     "\"disease\"\n");
    assert_has(text, "\"a\"\"b\\c<d>&e；f|g h i j");
    assert_has(text, "\"a\"\"b\\c<d>&e;f|g h i j");
    mkg__free(text);
    text = read_back(x, "neo_relationships.csv");
    assert_int_equal(assert_table(text, 9, ',', true), 1 + 7);
    assert_has(text, "n1,n2,\"symptom\",0.5,false,\"A\"\"1\",,\"Handbook, 2nd\","
                     "\"h.tsv:3\"\n");
    assert_has(text, ",\"NOT_treats\",0.5,true,");
    assert_has(text, "n1,t5,\"description\",");
    assert_has(text, ",\"my \"\"relation\"\"\",");
    mkg__free(text);
}

/* ---- DOT ---- */

static void dot(void **state)
{
    world *x = *state;
    mkg_export_opts o = {.format = "dot", .lang = MKG_LANG_ZH, .hops = 1, .limit = 60};
    mkg_export_result r;
    char *path = in_folder(x->folder, "a.dot");
    assert_int_equal(mkg_export_graph(x->kg, path, &o, &r, &err), MKG_EARG);
    assert_false(mkg__file_exists(path));
    free(path);
    o.node = x->cold;
    r = export_ok(x, "a.dot", o);
    assert_int_equal(r.nodes, 6);
    assert_int_equal(r.edges, 5);
    char *text = read_back(x, "a.dot");
    assert_has(text, "n1 -> n2 [label=\"症状\"];");
    assert_has(text, "[label=\"非 用于治疗\", style=dashed");
    assert_has(text, "[label=\"a\\\"b\\\\c<d>&amp;e;f|g h i j k\"");
    mkg__free(text);
    o.limit = 3;
    r = export_ok(x, "b.dot", o);
    assert_int_equal(r.nodes, 3);
    assert_int_equal(r.more, 3);
    o.limit = 60;
    o.hops = 2;
    r = export_ok(x, "c.dot", o);
    assert_int_equal(r.nodes, 7);
    text = read_back(x, "c.dot");
    assert_has(text, "[label=\"相互作用\", dir=none];");
    mkg__free(text);
    if (have("dot"))
        assert_int_equal(shell(x, "for i in a b c; do dot -Tsvg $i.dot -o $i.svg || "
                                  "exit 1; done"),
                         0);
    if (have("dot") && have("xmllint"))
        assert_int_equal(shell(x, "xmllint --nonet --noout a.svg"), 0);
}

/* ---- parts ---- */

static void a_part(void **state)
{
    world *x = *state;
    mkg_view types[] = {{"disease", 7}, {"symptom", 7}};
    mkg_export_opts o = MKG_EXPORT_OPTS_INIT;
    o.types = types;
    o.ntypes = 2;
    mkg_export_result r = export_ok(x, "a.tsv", o);
    assert_int_equal(r.nodes, 4);
    assert_int_equal(r.edges, 4); /* two symptoms, is_a, the description */
    char *text = read_back(x, "a.tsv");
    assert_has_not(text, "青霉素");
    mkg__free(text);
    mkg_id symptom = mkg_kg_find_relation(x->kg, V("symptom"))->id;
    o.relations = &symptom;
    o.nrelations = 1;
    r = export_ok(x, "a.tsv", o);
    assert_int_equal(r.nodes, 3);
    assert_int_equal(r.edges, 2);
    o.types = &(mkg_view){"gene", 4};
    o.ntypes = 1;
    char *path = in_folder(x->folder, "none.tsv");
    assert_int_equal(mkg_export_graph(x->kg, path, &o, &r, &err), MKG_NOTFOUND);
    assert_false(mkg__file_exists(path));
    free(path);
}

/* ---- files ---- */

static int stop(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    (void)ctx;
    (void)what;
    (void)done;
    (void)total;
    return 1;
}

/* More nodes than are between two calls of the progress. */
static void many_nodes(world *x)
{
    mkg_writer *w;
    mkg_writer_counts counts;
    mkg_source_info info = {.file = "many.tsv", .format = "triples"};
    assert_mkg_ok(mkg_writer_new(x->kg, &info, &w, &err));
    for (int i = 0; i < 5000; i++) {
        char name[32];
        mkg_id id;
        sprintf(name, "thing %d", i);
        assert_mkg_ok(mkg_writer_node(w, V("thing"), V(name), 0, &id, &err));
    }
    assert_mkg_ok(mkg_writer_commit(w, "cd", 10, 0, NULL, NULL, &counts, &err));
    mkg_writer_free(w);
    assert_mkg_ok(mkg_kg_renew(x->kg, &err));
}

static void no_half_file(void **state)
{
    static const char *const formats[] = {"nt", "triples", "graphml", "kgx", "neo4j"};
    world *x = *state;
    mkg_export_result r;
    many_nodes(x);
    shell(x, "mkdir out && echo old >out/f && cp out/f out/nodes.tsv && "
             "cp out/f out/edges.tsv && cp out/f out/nodes.csv && "
             "cp out/f out/relationships.csv && cp -r out before");
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        mkg_export_opts o = {.format = formats[i], .progress = stop};
        char *path = in_folder(x->folder, i < 3 ? "out/f" : "out/");
        assert_int_equal(mkg_export_graph(x->kg, path, &o, &r, &err), MKG_ECANCEL);
        free(path);
        assert_int_equal(shell(x, "diff -r out before"), 0);
    }
    if (access("/dev/full", W_OK) == 0) {
        mkg_export_opts o = MKG_EXPORT_OPTS_INIT;
        assert_int_equal(mkg_export_graph(x->kg, "/dev/full", &o, &r, &err), MKG_EIO);
        assert_has(err.msg, "No space left");
        struct stat sb;
        assert_int_equal(stat("/dev/full", &sb), 0);
        assert_true(S_ISCHR(sb.st_mode)); /* it was not replaced by a file */
    }
}

static void links_are_followed(void **state)
{
    world *x = *state;
    mkg_export_opts o = MKG_EXPORT_OPTS_INIT;
    assert_int_equal(shell(x, "echo old >target && ln -s target link"), 0);
    export_ok(x, "link", o);
    assert_int_equal(shell(x, "test -L link && head -1 target | grep -q subject"), 0);
    mkg_export_result r;
    assert_int_equal(mkg_export_graph(x->kg, x->folder, &o, &r, &err), MKG_EIO);
    assert_has(err.msg, "it is a directory");
    o.format = "kgx";
    assert_int_equal(mkg_export_graph_to(x->kg, stdout, &o, &r, &err), MKG_EARG);
    o.format = "gexf";
    assert_int_equal(mkg_export_graph(x->kg, "x", &o, &r, &err), MKG_EARG);
}

/* Each allocation that fails gives MKG_ENOMEM, no leak and no half file. */
static void out_of_memory(void **state)
{
    world *x = *state;
    for (const char *const *name = mkg_export_formats(); *name; name++) {
        mkg_export_opts o = {.format = *name,
                             .node = x->cold,
                             .hops = 2,
                             .limit = 60,
                             .sources = true,
                             .relations = (mkg_id[]){1},
                             .nrelations = 1,
                             .biolink = MEDKG_DATA_DIR "/biolink.tsv"};
        char *path = in_folder(x->folder, "oom");
        mkg_status st = MKG_ENOMEM;
        mkg_export_result r;
        for (long n = 1; st != MKG_OK; n++) {
            assert_true(n < 2000);
            mkg__alloc_fail_after(n);
            st = mkg_export_graph(x->kg, path, &o, &r, &err);
            mkg__alloc_fail_after(0);
            assert_true(st == MKG_OK || st == MKG_ENOMEM);
            assert_int_equal(shell(x, "! ls *.tmp.* 2>/dev/null"), 0);
        }
        assert_int_equal(shell(x, "rm oom*"), 0);
        free(path);
    }
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(n_triples),
        WITH_WORLD(iris_stay),
        WITH_WORLD(graphml),
        WITH_WORLD(kgx),
        WITH_WORLD(neo4j),
        WITH_WORLD(dot),
        WITH_WORLD(a_part),
        WITH_WORLD(no_half_file),
        WITH_WORLD(links_are_followed),
        WITH_WORLD(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
