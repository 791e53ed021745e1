/* Evaluations of vectors on graphs whose answer is known, and suggestions. */
#include "testing.h"

#include "base/io.h"
#include "embed/eval.h"
#include "embed/eval_internal.h"
#include "embed/links.h"
#include "embed/map.h"
#include "embed/map_internal.h"
#include "embed/node2vec.h"

#include <math.h>

/* Two circles of diseases and symptoms: disease d of circle c has the symptoms of its
 * circle but one in five. */
enum { DISEASES = 40, SYMPTOMS = 40, NODES = DISEASES + SYMPTOMS, DIM = 4 };

typedef struct world {
    char *folder, *db;
    mkg_kg *kg;
    mkg_vectors *v;
    mkg_id ids[NODES], symptom; /* ids; the relation's */
    float x[NODES * DIM];
} world;

static mkg_err err;

static bool has(unsigned d, unsigned s)
{
    return d % 2 == s % 2 && (d * 7 + s * 3) % 5 != 0;
}

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    mkg_writer *wr;
    mkg_writer_counts counts;
    const mkg_relation *r;
    mkg_source_info info = {.file = "a.tsv", .format = "triples"};
    char name[32];
    assert_non_null(w);
    w->folder = new_folder();
    w->db = in_folder(w->folder, "db");
    assert_mkg_ok(mkg_kg_open_write(w->db, &w->kg, &err));
    assert_mkg_ok(mkg_kg_load_relations(w->kg, MEDKG_DATA_DIR "/relations.tsv", &err));
    assert_mkg_ok(mkg_writer_new(w->kg, &info, &wr, &err));
    for (unsigned i = 0; i < NODES; i++) {
        bool disease = i < DISEASES;
        snprintf(name, sizeof name, disease ? "d%u" : "s%u",
                 disease ? i : i - DISEASES);
        assert_mkg_ok(mkg_writer_node(wr, V(disease ? "disease" : "symptom"), V(name),
                                      0, &w->ids[i], &err));
    }
    assert_mkg_ok(mkg_writer_relation(wr, V("symptom"), &r, &err));
    w->symptom = r->id;
    for (unsigned d = 0; d < DISEASES; d++)
        for (unsigned s = 0; s < SYMPTOMS; s++) {
            mkg_fact_in f = {.subject = w->ids[d],
                             .relation = r,
                             .object = w->ids[DISEASES + s],
                             .literal = V(""),
                             .grade = V(""),
                             .population = V(""),
                             .locator = V(""),
                             .line = 1};
            f.denied = d == 0 && s == 10;
            if (has(d, s) || f.denied) assert_mkg_ok(mkg_writer_fact(wr, &f, &err));
        }
    assert_mkg_ok(mkg_writer_commit(wr, "a", 1, 0, NULL, NULL, &counts, &err));
    mkg_writer_free(wr);
    assert_mkg_ok(mkg_kg_renew(w->kg, &err));
    /* The vector of a node: its circle, whether it is a disease, and a little else. */
    for (unsigned i = 0; i < NODES; i++) {
        float *x = w->x + i * DIM;
        x[0] = i % 2 ? 1 : -1;
        x[1] = i < DISEASES ? 1 : -1;
        x[2] = 0.1f * (float)(i % 5);
        x[3] = 0.1f * (float)(i % 3);
    }
    mkg_vectors_info set = {.name = "s",
                            .method = "test",
                            .params = "{}",
                            .n = NODES,
                            .dim = DIM,
                            .graph_version = mkg_kg_version(w->kg)};
    assert_mkg_ok(mkg_vectors_save(w->db, &set, w->ids, w->x, &err));
    assert_mkg_ok(mkg_vectors_open(w->db, "s", &w->v, &err));
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    mkg_vectors_close(w->v);
    mkg_kg_close(w->kg);
    remove_folder(w->folder);
    free(w->db);
    free(w);
    return 0;
}

static void near_to(double got, double want, double by)
{
    if (!(fabs(got - want) <= by)) fail_msg("%.9g is not %.9g", got, want);
}

/* numpy.random.RandomState(seed).permutation(n), from NumPy 1.24. */
static void permutations_of_numpy(void **state)
{
    (void)state;
    static const uint32_t zero[] = {2, 8, 4, 9, 1, 6, 7, 3, 0, 5},
                          seven[] = {8, 5, 0, 2, 1, 9, 7, 3, 6, 4};
    uint32_t out[10];
    mkg__permutation(0, 10, out);
    assert_memory_equal(out, zero, sizeof out);
    mkg__permutation(7, 10, out);
    assert_memory_equal(out, seven, sizeof out);
    mkg__permutation(1, 1, out);
    assert_int_equal(out[0], 0);
}

/* ---- labels, groups ---- */

static char *label_file(world *w, bool two)
{
    char text[NODES * 32], *p = text;
    for (unsigned i = 0; i < NODES; i++) {
        const char *kind = i < DISEASES ? "d" : "s";
        unsigned k = i < DISEASES ? i : i - DISEASES;
        p += sprintf(p, "%s%u\t%s\n", kind, k, i % 2 ? "odd" : "even");
        if (two) p += sprintf(p, "%s%u\t%s\r\n", kind, k, kind);
    }
    return new_text(w->folder, "labels.tsv", text);
}

static void labels_that_vectors_tell(void **state)
{
    world *w = *state;
    mkg_eval_labels_opts o = MKG_EVAL_LABELS_OPTS_INIT;
    mkg_eval_labels_result r, again;
    char *file = label_file(w, true);
    assert_mkg_ok(mkg_eval_labels(w->kg, w->v, file, &o, &r, &err));
    assert_int_equal(r.nodes, NODES);
    assert_int_equal(r.labels, 4);
    assert_int_equal(r.missing, 0);
    near_to(r.micro, 1, 1e-12);
    near_to(r.macro, 1, 1e-12);
    near_to(r.micro_sd, 0, 1e-12);
    free(file);
    /* Labels that vectors cannot tell: as good as chance, and the same each time. */
    char text[NODES * 32], *p = text;
    for (unsigned i = 0; i < NODES; i++)
        p += sprintf(p, "#%u\t%c\n", w->ids[i], "xy"[(i * 2654435761u >> 20) & 1]);
    file = new_text(w->folder, "noise.tsv", text);
    o.repeats = 20;
    assert_mkg_ok(mkg_eval_labels(w->kg, w->v, file, &o, &r, &err));
    near_to(r.micro, 0.5, 0.2);
    o.threads = 3;
    assert_mkg_ok(mkg_eval_labels(w->kg, w->v, file, &o, &again, &err));
    assert_memory_equal(&r, &again, sizeof r);
    free(file);
}

static void labels_with_faults(void **state)
{
    world *w = *state;
    mkg_eval_labels_opts o = MKG_EVAL_LABELS_OPTS_INIT;
    mkg_eval_labels_result r;
    char *file = new_text(w->folder, "l.tsv", "d1\ta\n\nd2 b\n");
    assert_int_equal(mkg_eval_labels(w->kg, w->v, file, &o, &r, &err), MKG_EPARSE);
    assert_int_equal(err.line, 3);
    free(file);
    file = new_text(w->folder, "l.tsv", "d1\ta\nd2\tb\nnobody\ta\nd3\tb\n");
    assert_mkg_ok(mkg_eval_labels(w->kg, w->v, file, &o, &r, &err));
    assert_int_equal(r.nodes, 4);
    assert_int_equal(r.missing, 1);
    o.train = 1;
    assert_int_equal(mkg_eval_labels(w->kg, w->v, file, &o, &r, &err), MKG_EARG);
    o.train = 0.5;
    free(file);
    file = new_text(w->folder, "l.tsv", "nobody\ta\n");
    assert_int_equal(mkg_eval_labels(w->kg, w->v, file, &o, &r, &err), MKG_NOTFOUND);
    free(file);
    file = new_text(w->folder, "l.tsv", "\n");
    assert_int_equal(mkg_eval_labels(w->kg, w->v, file, &o, &r, &err), MKG_EPARSE);
    free(file);
}

static void groups(void **state)
{
    world *w = *state;
    mkg_eval_groups_result r;
    char *file = label_file(w, false), *two = NULL;
    assert_mkg_ok(mkg_eval_groups(w->kg, w->v, NULL, 1, 1, &r, &err));
    assert_int_equal(r.groups, 2);
    assert_int_equal(r.nodes, NODES);
    double by_type = r.nmi;
    assert_mkg_ok(mkg_eval_groups(w->kg, w->v, file, 1, 1, &r, &err));
    assert_int_equal(r.groups, 2);
    /* Two groups are found: circles, or types, but not both. */
    near_to(r.nmi + by_type, 1, 0.1);
    free(file);
    two = label_file(w, true);
    assert_int_equal(mkg_eval_groups(w->kg, w->v, two, 1, 1, &r, &err), MKG_NOTFOUND);
    free(two);
}

static void analogies(void **state)
{
    world *w = *state;
    mkg_eval_analogy_result r;
    /* In an unscaled world d1 - d0 + s0 would be s1; x[2], x[3] are small. */
    char *file = new_text(w->folder, "a.tsv",
                          ": circles\nd0\td15\ts0\ts15\nd0\td1\tnobody\ts1\n");
    assert_mkg_ok(mkg_eval_analogy(w->kg, w->v, file, &r, &err));
    assert_int_equal(r.cases, 1);
    assert_int_equal(r.skipped, 1);
    near_to(r.hits10, 1, 0);
    assert_true(r.mrr > 0.1 && r.mrr <= 1);
    free(file);
    file = new_text(w->folder, "a.tsv", "d0\td1\ts0\n");
    assert_int_equal(mkg_eval_analogy(w->kg, w->v, file, &r, &err), MKG_EPARSE);
    assert_int_equal(err.line, 1);
    free(file);
    file = new_text(w->folder, "a.tsv", "d0\td1\ts0\ts1\tx\n");
    assert_int_equal(mkg_eval_analogy(w->kg, w->v, file, &r, &err), MKG_EPARSE);
    free(file);
}

/* ---- links ---- */

typedef struct trainer {
    const world *w;
    const mkg_graph *seen;
    size_t edges;
} trainer;

/* The vectors that are known to be right; and a look at what is left of the graph. */
static mkg_status train(void *ctx, const mkg_graph *g, float **out, size_t *dim,
                        mkg_err *e)
{
    trainer *t = ctx;
    t->edges = g->m / 2;
    for (size_t i = 0; i < g->n; i++)
        assert_true(mkg_graph_degree(g, i) > 0);
    *dim = DIM;
    *out = mkg__aligned(sizeof t->w->x);
    if (!*out) {
        e->status = MKG_ENOMEM;
        return MKG_ENOMEM;
    }
    assert_int_equal(g->n, NODES);
    memcpy(*out, t->w->x, sizeof t->w->x);
    return MKG_OK;
}

static void links_that_vectors_tell(void **state)
{
    world *w = *state;
    trainer t = {.w = w};
    mkg_eval_links_opts o = MKG_EVAL_LINKS_OPTS_INIT;
    mkg_eval_links_result r, again;
    size_t edges = 0;
    for (unsigned d = 0; d < DISEASES; d++)
        for (unsigned s = 0; s < SYMPTOMS; s++)
            edges += has(d, s);
    o.train = train;
    o.train_ctx = &t;
    assert_mkg_ok(mkg_eval_links(w->kg, &o, &r, &err));
    assert_int_equal(r.nodes, NODES);
    assert_int_equal(r.edges, edges);
    assert_int_equal(r.held_out, edges / 10);
    assert_int_equal(r.facts, r.held_out);
    assert_int_equal(t.edges, edges - r.held_out);
    /* Half of the corrupted pairs are across circles: those are told. Within a circle
     * there is nothing to go by. */
    assert_true(r.way[MKG_LINK_VECTORS].auroc > 0.8);
    assert_true(r.way[MKG_LINK_PATHS].auroc > 0.8);
    /* All have about as many facts, and no triangle is in a graph of two parts. */
    near_to(r.way[MKG_LINK_COMMON].auroc, 0.5, 1e-12);
    near_to(r.way[MKG_LINK_ADAMIC].auroc, 0.5, 1e-12);
    near_to(r.way[MKG_LINK_PREFERENTIAL].auroc, 0.5, 0.25);
    assert_true(r.way[MKG_LINK_VECTORS].mrr > r.way[MKG_LINK_COMMON].mrr);
    assert_int_equal(r.nrelations, 1);
    assert_int_equal(r.relation[0].relation, w->symptom);
    assert_int_equal(r.relation[0].held_out, r.facts);
    assert_mkg_ok(mkg_eval_links(w->kg, &o, &again, &err));
    assert_memory_equal(r.way, again.way, sizeof r.way);
    mkg_eval_links_clear(&again);
    o.only = w->symptom + 1000;
    assert_int_equal(mkg_eval_links(w->kg, &o, &again, &err), MKG_NOTFOUND);
    o.only = 0;
    o.held_out = 1;
    assert_int_equal(mkg_eval_links(w->kg, &o, &again, &err), MKG_EARG);
    mkg_eval_links_clear(&r);
}

/* ---- suggestions ---- */

static void suggestions(void **state)
{
    world *w = *state;
    mkg_suggestion list[NODES];
    mkg_suggest_result r;
    size_t n;
    assert_mkg_ok(mkg_suggest(w->kg, w->v, w->ids[0], w->symptom, false, NODES, 1, list,
                              &n, &r, &err));
    unsigned known = 0;
    for (unsigned s = 0; s < SYMPTOMS; s++)
        known += has(0, s);
    assert_false(has(0, 10)); /* but it is denied */
    assert_int_equal(r.known, known + 1);
    assert_int_equal(n, SYMPTOMS - known - 1);
    for (size_t i = 0; i < n; i++) {
        unsigned s = (unsigned)(list[i].node - w->ids[DISEASES]);
        assert_true(s < SYMPTOMS && !has(0, s) && s != 10);
        assert_true(list[i].probability > 0 && list[i].probability < 1);
        if (i) assert_true(list[i - 1].score >= list[i].score);
    }
    /* Its own circle comes first. */
    for (size_t i = 0; i < 3; i++)
        assert_int_equal((list[i].node - w->ids[DISEASES]) % 2, 0);
    assert_mkg_ok(mkg_suggest(w->kg, w->v, w->ids[DISEASES + 1], w->symptom, true, 3, 1,
                              list, &n, &r, &err));
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        assert_true(list[i].node < w->ids[DISEASES]);
        assert_int_equal((list[i].node - w->ids[0]) % 2, 1);
    }
    assert_int_equal(
        mkg_suggest(w->kg, w->v, 4000, w->symptom, false, 3, 1, list, &n, &r, &err),
        MKG_NOTFOUND);
    mkg_id other = mkg_kg_find_relation(w->kg, V("treats"))->id;
    assert_int_equal(
        mkg_suggest(w->kg, w->v, w->ids[0], other, false, 3, 1, list, &n, &r, &err),
        MKG_NOTFOUND);
    assert_non_null(strstr(err.msg, "too few"));
}

/* ---- maps ---- */

static void neighbours_by_brute_force(void **state)
{
    enum { K = 7 };
    world *w = *state;
    float unit[NODES * DIM], product[NODES * K];
    uint32_t near[NODES * K];
    for (size_t i = 0; i < NODES; i++)
        mkg__unit(w->x + i * DIM, DIM, unit + i * DIM);
    assert_mkg_ok(mkg__knn(unit, NODES, DIM, K, 2, near, product, &err));
    for (size_t i = 0; i < NODES; i++)
        for (size_t k = 0; k < K; k++) {
            size_t better = 0;
            float p = product[i * K + k];
            assert_int_not_equal(near[i * K + k], i);
            for (size_t o = 0; o < NODES; o++) {
                float dot = 0;
                for (size_t d = 0; d < DIM; d++)
                    dot += unit[i * DIM + d] * unit[o * DIM + d];
                better += o != i && dot > p + 1e-5f;
            }
            assert_true(better <= k);
        }
}

static void maps_keep_neighbours(void **state)
{
    world *w = *state;
    mkg_map_opts o = MKG_MAP_OPTS_INIT;
    float place[NODES * 2], again[NODES * 2];
    size_t same = 0;
    assert_mkg_ok(mkg_umap(w->x, NODES, DIM, &o, place, &err));
    for (size_t i = 0; i < NODES; i++) {
        size_t best = i ? 0 : 1;
        double least = INFINITY;
        assert_true(isfinite(place[2 * i]) && isfinite(place[2 * i + 1]));
        for (size_t k = 0; k < NODES; k++) {
            double d = hypot((double)(place[2 * i] - place[2 * k]),
                             (double)(place[2 * i + 1] - place[2 * k + 1]));
            if (k == i || d >= least) continue;
            least = d;
            best = k;
        }
        same += i % 2 == best % 2 && (i < DISEASES) == (best < DISEASES);
    }
    assert_true(same > NODES * 9 / 10); /* chance would be a quarter */
    assert_mkg_ok(mkg_umap(w->x, NODES, DIM, &o, again, &err));
    assert_memory_equal(place, again, sizeof place);
    assert_int_equal(mkg_umap(w->x, 2, DIM, &o, place, &err), MKG_EARG);
    /* All alike: somewhere, but not nowhere. */
    float ones[3] = {1, 1, 1};
    assert_mkg_ok(mkg_umap(ones, 3, 1, &o, place, &err));
    for (size_t i = 0; i < 6; i++)
        assert_true(isfinite(place[i]));
}

static size_t times(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, what)); p++)
        n++;
    return n;
}

static void map_files(void **state)
{
    world *w = *state;
    mkg_map_opts o = MKG_MAP_OPTS_INIT;
    mkg_map_result r;
    mkg__buf b = {0};
    char *svg = in_folder(w->folder, "m.svg"), *html = in_folder(w->folder, "m.html");
    assert_mkg_ok(mkg_map_export(w->kg, w->v, svg, &o, &r, &err));
    assert_int_equal(r.nodes, NODES);
    assert_mkg_ok(mkg__file_read(svg, 1 << 20, &b, &err));
    assert_int_equal(times(b.ptr, "<circle"), NODES + r.labels + 2);
    assert_int_equal(times(b.ptr, "<text class=\"n ink\""), r.labels);
    assert_true(r.labels > 10);
    assert_int_equal(times(b.ptr, "<g "), times(b.ptr, "</g>"));
    mkg__buf_clear(&b);
    assert_mkg_ok(mkg_map_export(w->kg, w->v, html, &o, &r, &err));
    assert_mkg_ok(mkg__file_read(html, 1 << 20, &b, &err));
    assert_int_equal(times(b.ptr, "</script>"), 1);
    assert_int_equal(times(b.ptr, "http"), 0); /* it asks nobody for anything */
    assert_non_null(strstr(b.ptr, "\"names\":[\""));
    mkg__buf_clear(&b);
    o.limit = 10;
    mkg_view type = V("disease");
    o.types = &type;
    o.ntypes = 1;
    assert_mkg_ok(mkg_map_export(w->kg, w->v, svg, &o, &r, &err));
    assert_int_equal(r.nodes, 10);
    assert_int_equal(r.left_out, DISEASES - 10);
    type = V("gene");
    assert_int_equal(mkg_map_export(w->kg, w->v, svg, &o, &r, &err), MKG_NOTFOUND);
    free(svg);
    free(html);
}

/* Names are outside text: they stay text in both files. */
static void names_in_maps(void **state)
{
    (void)state;
    mkg_vectors_info set = {.name = "s", .method = "m", .dim = 2};
    mkg__dot dots[] = {
        {.node = 1, .x = 0.2f, .y = 0.2f, .name = V("</script><b>&\"\\\x01")},
        {.node = 2, .x = 0.8f, .y = 0.8f, .name = V("]]>")}};
    mkg__map_type type = {V("<i>"), 2};
    mkg__picture p = {
        .set = &set, .dot = dots, .n = 2, .type = &type, .ntypes = 1, .labels = 5};
    mkg__buf b = {0};
    size_t drawn;
    assert_mkg_ok(mkg__map_svg(&p, &b, &drawn, &err));
    assert_int_equal(drawn, 2);
    assert_non_null(
        strstr(mkg__buf_cstr(&b), "&lt;/script&gt;&lt;b&gt;&amp;\"\\</text>"));
    assert_null(strstr(b.ptr, "<i>"));
    mkg__buf_clear(&b);
    assert_mkg_ok(mkg__map_html(&p, &b, &err));
    assert_int_equal(times(mkg__buf_cstr(&b), "</script>"), 1);
    assert_non_null(strstr(b.ptr, "\\u003c/script\\u003e\\u003cb\\u003e\\u0026\\\"\\\\"
                                  "\\u0001"));
    assert_null(strstr(b.ptr, "<i>\""));
    mkg__buf_clear(&b);
}

static void out_of_memory(void **state)
{
    world *w = *state;
    trainer t = {.w = w};
    mkg_eval_links_opts lo = MKG_EVAL_LINKS_OPTS_INIT;
    mkg_eval_labels_opts o = MKG_EVAL_LABELS_OPTS_INIT;
    mkg_map_opts mo = MKG_MAP_OPTS_INIT;
    char *file = label_file(w, true), *out = in_folder(w->folder, "m.svg");
    lo.train = train;
    lo.train_ctx = &t;
    lo.rankings = 3;
    o.repeats = 1;
    o.threads = 1;
    mo.limit = 8;
    mo.threads = 1;
    for (unsigned what = 0; what < 5; what++) {
        mkg_status st = MKG_ENOMEM;
        for (long n = 1; st != MKG_OK; n++) {
            mkg_eval_links_result l = {0};
            mkg_eval_labels_result lr;
            mkg_eval_groups_result g;
            mkg_suggestion s[3];
            mkg_suggest_result sr;
            mkg_map_result m;
            size_t k;
            assert_true(n < 5000);
            mkg__alloc_fail_after(n);
            st = what == 0   ? mkg_eval_links(w->kg, &lo, &l, &err)
                 : what == 1 ? mkg_eval_labels(w->kg, w->v, file, &o, &lr, &err)
                 : what == 2 ? mkg_eval_groups(w->kg, w->v, NULL, 1, 1, &g, &err)
                 : what == 3 ? mkg_suggest(w->kg, w->v, w->ids[0], w->symptom, false, 3,
                                           1, s, &k, &sr, &err)
                             : mkg_map_export(w->kg, w->v, out, &mo, &m, &err);
            mkg__alloc_fail_after(0);
            assert_true(st == MKG_OK || st == MKG_ENOMEM);
            mkg_eval_links_clear(&l);
        }
    }
    free(file);
    free(out);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permutations_of_numpy),
        WITH_WORLD(labels_that_vectors_tell),
        WITH_WORLD(labels_with_faults),
        WITH_WORLD(groups),
        WITH_WORLD(analogies),
        WITH_WORLD(links_that_vectors_tell),
        WITH_WORLD(suggestions),
        WITH_WORLD(neighbours_by_brute_force),
        WITH_WORLD(maps_keep_neighbours),
        WITH_WORLD(map_files),
        cmocka_unit_test(names_in_maps),
        WITH_WORLD(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
