/* Linking: what people write, and the node that they mean. */
#include "testing.h"

#include "base/text.h"
#include "retrieve/fuzzy_internal.h"
#include "retrieve/link_internal.h"
#include "retrieve/phrases_internal.h"

static mkg_err err;

typedef struct world {
    char *folder, *db;
    mkg_kg *kg;
    mkg_retriever *r;
} world;

static const char *const nodes[][3] = {
    {"disease", "糖尿病", "diabetes mellitus"},
    {"disease", "高血压", "hypertension"},
    {"disease", "心肌梗死", "myocardial infarction"},
    {"disease", "甲状腺功能亢进症", "hyperthyroidism"},
    {"disease", "急性肺水肿", "pulmonary edema"},
    {"disease", "偏头痛", "migraine"},
    {"disease", "哮喘", "asthma"},
    {"disease", "肺炎", "pneumonia"},
    {"disease", "支气管炎", "bronchitis"},
    {"disease", "荨麻疹", "urticaria"},
    {"symptom", "腹泻", "diarrhea"},
    {"symptom", "头痛", "headache"},
    {"symptom", "发热", "fever"},
    {"symptom", "咳嗽", "cough"},
    {"symptom", "血压", NULL},
    {"drug", "阿司匹林", "aspirin"},
};

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    mkg_writer *wr;
    mkg_writer_counts c;
    mkg_source_info info = {.name = "small", .file = "small.tsv"};
    mkg_id id;

    assert_non_null(w);
    w->folder = new_folder();
    w->db = in_folder(w->folder, "db");
    assert_mkg_ok(mkg_kg_open_write(w->db, &w->kg, &err));
    assert_mkg_ok(mkg_kg_load_relations(w->kg, MEDKG_DATA_DIR "/relations.tsv", &err));
    assert_mkg_ok(mkg_writer_new(w->kg, &info, &wr, &err));
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
        assert_mkg_ok(mkg_writer_node(wr, V(nodes[i][0]), V(nodes[i][1]), MKG_LANG_ZH,
                                      &id, &err));
        if (nodes[i][2])
            assert_mkg_ok(mkg_writer_name(wr, id, MKG_ENTRY_NAME, MKG_LANG_EN,
                                          V(nodes[i][2]), &err));
    }
    assert_mkg_ok(mkg_writer_node(wr, V("disease"), V("糖尿病"), 0, &id, &err));
    assert_mkg_ok(mkg_writer_name(wr, id, MKG_ENTRY_ALIAS, 0, V("T2DM"), &err));
    assert_mkg_ok(mkg_writer_commit(wr, "x", 1, 0, NULL, NULL, &c, &err));
    mkg_writer_free(wr);
    mkg_kg_close(w->kg);
    assert_mkg_ok(mkg_kg_open(w->db, &w->kg, &err));
    mkg_retriever_opts o = {.data = MEDKG_DATA_DIR};
    assert_mkg_ok(mkg_retriever_new(w->kg, &o, &w->r, &err));
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    mkg_retriever_free(w->r);
    mkg_kg_close(w->kg);
    remove_folder(w->folder);
    free(w->db);
    free(w);
    return 0;
}

static void assert_name(world *w, mkg_id id, const char *want)
{
    mkg_node n;
    assert_mkg_ok(mkg_kg_node(w->kg, id, &n, &err));
    mkg_view name = mkg_node_name(&n, MKG_LANG_ZH);
    if (!mkg__view_is(name, want))
        fail_msg("%.*s is not %s", (int)name.len, name.ptr, want);
}

/* The first that is found for the text, and how. */
static void assert_finds(world *w, const char *text, const char *name, const char *how)
{
    mkg_found found[5];
    size_t n;
    assert_mkg_ok(mkg_search(w->kg, text, 5, found, &n, &err));
    assert_true(n > 0);
    assert_name(w, found[0].node, name);
    assert_string_equal(found[0].how, how);
    for (size_t i = 0; i < n; i++)
        assert_true(found[i].score > 0 && found[i].score <= 1.001 &&
                    (i == 0 || found[i].score <= found[i - 1].score));
}

static void test_search(void **state)
{
    world *w = *state;
    assert_finds(w, "糖尿病", "糖尿病", "exact");
    assert_finds(w, "t2dm", "糖尿病", "alias");
    assert_finds(w, "拉肚子", "腹泻", "colloquial");
    assert_finds(w, "heart attack", "心肌梗死", "colloquial");
    assert_finds(w, "high blood pressure", "高血压", "colloquial");
    assert_finds(w, "頭痛", "头痛", "exact");
    assert_finds(w, "荨麻", "荨麻疹", "prefix");
    mkg_found found[5];
    size_t n;
    assert_mkg_ok(mkg_search(w->kg, "高血压", 5, found, &n, &err));
    assert_true(n > 0 && found[0].score > 0.99 && found[0].score <= 1);
    assert_mkg_ok(mkg_search(w->kg, "high blood presure", 5, found, &n, &err));
    assert_name(w, found[0].node, "高血压");
    assert_mkg_ok(mkg_search(w->kg, "高血鸭", 5, found, &n, &err));
    assert_name(w, found[0].node, "高血压");
}

/* "name/how;" of each mention. */
static const char *mentions_of(world *w, const char *question)
{
    static char out[512];
    mkg_evidence *e;
    size_t end = 0;
    assert_mkg_ok(mkg_retrieve(w->r, question, NULL, &e, &err));
    out[0] = '\0';
    for (size_t i = 0; i < e->nmentions; i++) {
        const mkg_mention *m = &e->mentions[i];
        mkg_node n;
        assert_mkg_ok(mkg_kg_node(w->kg, m->node, &n, &err));
        mkg_view name = mkg_node_name(&n, MKG_LANG_ZH);
        snprintf(out + strlen(out), sizeof out - strlen(out), "%.*s/%s;", (int)name.len,
                 name.ptr, m->how);
        assert_true(m->start >= end && m->end > m->start);
        assert_memory_equal(m->text, question + m->start, m->end - m->start);
        end = m->end;
    }
    mkg_evidence_free(e);
    return out;
}

static void test_mentions(void **state)
{
    static const char *const cases[][2] = {
        {"糖尿病怎么治", "糖尿病/exact;"},
        {"拉肚子吃什么药", "腹泻/colloquial;"},
        {"拉肚子和头疼怎么办", "腹泻/colloquial;头痛/colloquial;"},
        {"發熱怎麼辦", "发热/exact;"},
        {"高血鸭能吃什么", "高血压/fuzzy;"},
        {"心肌埂死怎么治", "心肌梗死/fuzzy;"},
        {"血压高吃什么", "高血压/colloquial;"},
        {"does my father have high blood pressure", "高血压/colloquial;"},
        {"treatment of hypertenson", "高血压/fuzzy;"},
        {"what helps against headaches", "头痛/fuzzy;"},
        {"drugs for pnuemonia", "肺炎/fuzzy;"},
        /* what another name would be: another gland, another organ, a longer word */
        {"甲状旁腺功能亢进症怎么治", ""},
        {"急性脑水肿怎么治", ""},
        {"天气怎么样", ""},
        {"the never ending story of a couch", ""},
        {"how do I cancel my order", ""},
    };
    world *w = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = mentions_of(w, cases[i][0]);
        if (strcmp(got, cases[i][1]) != 0)
            fail_msg("%s: %s, not %s", cases[i][0], got, cases[i][1]);
    }
}

static void test_sounds(void **state)
{
    (void)state;
    assert_true(mkg__han_sound(0x538b) == mkg__han_sound(0x9e2d)); /* 压 鸭 */
    assert_true(mkg__han_distance(0x538b, 0x538b) <= 0);
    assert_true(mkg__han_distance(0x538b, 0x9e2d) < 0.3f);
    assert_true(mkg__han_distance(0x538b, 0x75c5) >= 1); /* 压 病 */
    float near = mkg__han_distance(0x5fc3, 0x661f);      /* xin xing */
    assert_true(near > 0.3f && near < 0.5f);
    assert_int_equal(mkg__han_sound('a'), 0);
    char text[] = "頭痛發燒，痛";
    mkg__simplify(text, strlen(text));
    assert_string_equal(text, "头痛发烧，痛");
}

static void test_words(void **state)
{
    (void)state;
    mkg_view v = V("请问糖尿并怎么办？"), parts[8];
    mkg__strip_function_words(&v);
    assert_true(mkg__view_is(v, "糖尿并"));
    v = V("what is the flue");
    mkg__strip_function_words(&v);
    assert_true(mkg__view_is(v, "flue"));
    v = V("的吗");
    mkg__strip_function_words(&v);
    assert_int_equal(v.len, 0);
    assert_int_equal(mkg__text_parts(V("肺炎,头痛伴发热(x-ray)"), parts, 8), 4);
    assert_true(mkg__view_is(parts[0], "肺炎") && mkg__view_is(parts[1], "头痛") &&
                mkg__view_is(parts[2], "发热") && mkg__view_is(parts[3], "x-ray"));
    assert_int_equal(mkg__text_parts(V("a,b,c"), parts, 2), 2);
    assert_int_equal(mkg__text_parts(V("sand with salt"), parts, 8), 2);
    assert_true(mkg__view_is(parts[0], "sand"));
}

static mkg_status count_pair(void *ctx, mkg_view phrase, mkg_view term, bool synonym)
{
    size_t *n = ctx;
    assert_true(phrase.len > 0 && term.len > 0 && !mkg__view_eq(phrase, term));
    n[synonym]++;
    return MKG_OK;
}

/* The shipped table can be read, line by line, and says nothing twice. */
static void test_tables(void **state)
{
    size_t n[2] = {0, 0};
    mkg_view odd = V("a;b\tc\n\xff\tx\n#no\ty\n\n;;\t;;\nd\nA\tb");
    (void)state;
    assert_mkg_ok(mkg__phrases_each(mkg__shipped_phrases(), count_pair, n, &err));
    assert_true(n[0] > 3000);
    n[0] = n[1] = 0;
    assert_mkg_ok(mkg__phrases_each(odd, count_pair, n, &err));
    assert_int_equal(n[0], 3); /* c for a and b, b for A */
    assert_int_equal(n[1], 2); /* a and b for one another */
}

static void put(mkg__name_pair *p, const char *phrase, const char *term,
                uint32_t surface)
{
    *p = (mkg__name_pair){V(phrase), V(term), surface};
}

static void test_substitutions(void **state)
{
    mkg__link_model m;
    mkg__name_pair p[5];
    mkg__buf out = {0};
    size_t ends[4], n;
    (void)state;
    put(&p[0], "胃综合症", "胃综合征", 1);
    put(&p[1], "肾综合症", "肾综合征", 2);
    put(&p[2], "老年痛风", "老年人痛风", 3);
    put(&p[3], "老年肺炎", "老年人肺炎", 4);
    put(&p[4], "头疼", "腹痛", 5); /* nothing in common */
    mkg__link_model_init(&m);
    assert_mkg_ok(mkg__link_mine(p, 5, &m, &err));
    assert_int_equal(m.nrules, 2);
    assert_mkg_ok(mkg__link_replace(&m, V("老年脑综合症"), &out, ends, 4, &n, &err));
    assert_int_equal(n, 3); /* by either rule, and by both */
    bool both = false;
    for (size_t i = 0, from = 0; i < n; from = ends[i++])
        both |=
            mkg__view_is(mkg__view(out.ptr + from, ends[i] - from), "老年人脑综合征");
    mkg__buf_clear(&out);
    mkg__link_model_clear(&m);
}

static void test_model_file(void **state)
{
    world *w = *state;
    char *path = in_folder(w->folder, "linking.json");
    mkg__link_model m, again;
    mkg__name_pair p[2];

    put(&p[0], "胃综合症", "胃综合征", 1);
    put(&p[1], "肾综合症", "肾综合征", 2);
    mkg__link_model_init(&m);
    assert_int_equal(mkg__link_model_load(path, &again, &err), MKG_NOTFOUND);
    assert_mkg_ok(mkg__link_mine(p, 2, &m, &err));
    m.weights.feature[MKG__F_VECTOR] = 3.5f;
    assert_mkg_ok(mkg__link_model_save(path, &m, &err));
    mkg__link_model_init(&again);
    assert_mkg_ok(mkg__link_model_load(path, &again, &err));
    assert_memory_equal(&again.weights, &m.weights, sizeof m.weights);
    assert_int_equal(again.nrules, 1);
    mkg__link_model_clear(&again);
    mkg__link_model_clear(&m);
    static const char *const bad[] = {"", "[]", "{\"format\":2}",
                                      "{\"format\":1,\"weights\":{}}", "{"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        free(new_text(w->folder, "linking.json", bad[i]));
        mkg__link_model_init(&m);
        assert_int_equal(mkg__link_model_load(path, &m, &err), MKG_EPARSE);
        mkg__link_model_clear(&m);
    }
    free(path);
}

static void test_vectors_file(void **state)
{
    world *w = *state;
    mkg__linker *l;
    mkg__name_vectors v, again;
    mkg__name_pair p[3];
    mkg__train_opts o = {16, 2, 1, NULL, NULL};
    char *path = in_folder(w->folder, "names.vec");
    bool stale;

    assert_mkg_ok(mkg__linker_get(w->kg, &l, &err));
    const mkg__names_key *key = mkg__linker_key(w->kg);
    for (uint32_t i = 0; i < 3; i++)
        p[i] = (mkg__name_pair){V(i == 1 ? "烧" : "泻肚子"),
                                mkg__names_text(l->names, i), i};
    assert_mkg_ok(mkg__name_vectors_train(l->names, p, 3, &o, &v, &err));
    assert_mkg_ok(mkg__name_vectors_fill(&v, l->names, &err));
    assert_int_equal(v.surfaces, mkg__names_count(l->names));
    assert_mkg_ok(mkg__name_vectors_save(path, key, &v, &err));
    assert_mkg_ok(mkg__name_vectors_open(path, key, &again, &stale));
    assert_memory_equal(again.rows, v.rows, v.surfaces * v.dim * sizeof(float));
    float *rows = v.rows, made; /* a row that is made when it is needed is the same */
    for (uint32_t s = 0; s < v.surfaces; s += 11) {
        float kept = mkg__name_vector_cosine(&v, l->names, rows, s);
        v.rows = NULL;
        made = mkg__name_vector_cosine(&v, l->names, rows, s);
        v.rows = rows;
        assert_true(made >= kept - 1e-6f && made <= kept + 1e-6f);
    }
    uint32_t near[2];
    size_t n;
    for (uint32_t s = 0; s < v.surfaces; s += 7) { /* a name is nearest to itself */
        const float *q = v.rows + (size_t)s * v.dim;
        assert_mkg_ok(mkg__name_vectors_nearest(&v, q, 1, near, &n, &err));
        assert_true(n == 0 ||
                    mkg__name_vector_cosine(&v, l->names, q, near[0]) >= 0.999f);
    }
    mkg__name_vectors_clear(&again);
    mkg__names_key other = *key;
    other.version++;
    assert_mkg_ok(mkg__name_vectors_open(path, &other, &again, &stale));
    assert_true(stale && !again.rows); /* of another graph */
    mkg__name_vectors_clear(&again);
    for (long at = 0; at < 20000; at += 1 + at / 3) {
        FILE *f = fopen(path, "r+b");
        assert_non_null(f);
        assert_int_equal(fseek(f, at, SEEK_SET), 0);
        int c = fgetc(f);
        fseek(f, at, SEEK_SET);
        fputc(c ^ 1, f);
        fclose(f);
        assert_int_equal(mkg__name_vectors_open(path, key, &again, &stale),
                         MKG_NOTFOUND);
        f = fopen(path, "r+b");
        fseek(f, at, SEEK_SET);
        fputc(c, f);
        fclose(f);
    }
    mkg__name_vectors_clear(&v);
    free(path);
}

static void slurp(const char *folder, const char *name, mkg__buf *out)
{
    char *path = in_folder(folder, name);
    FILE *f = fopen(path, "rb");
    int c;
    assert_non_null(f);
    while ((c = fgetc(f)) != EOF)
        mkg__buf_byte(out, (unsigned char)c);
    fclose(f);
    free(path);
}

/* The same pairs and seed give the same files; a pair is known from then on. */
static void test_learn(void **state)
{
    world *w = *state;
    mkg_names_opts o = MKG_NAMES_OPTS_INIT;
    mkg_names_learnt n;
    mkg__buf one = {0}, two = {0};
    char *pairs = new_text(w->folder, "pairs.jsonl",
                           "{\"text\":\"嗓子眼冒火星\",\"gold\":[\"发热\"]}\n"
                           "{\"colloquial\":\"气管老毛病\",\"standard\":[\"哮喘\"]}\n"
                           "咳嗽\t吭吭;吭哧\n");
    o.pairs = pairs;
    o.dim = 16;
    o.epochs = 2;
    for (int turn = 0; turn < 2; turn++) {
        assert_mkg_ok(mkg_names_learn(w->kg, &o, &n, &err));
        assert_int_equal(n.given, 4);
        assert_true(n.shipped > 50);
        slurp(w->db, "names.vec", turn ? &two : &one);
        slurp(w->db, "linking.json", turn ? &two : &one);
    }
    assert_int_equal(one.len, two.len);
    assert_memory_equal(one.ptr, two.ptr, one.len);
    assert_finds(w, "嗓子眼冒火星", "发热", "colloquial");
    assert_finds(w, "吭哧", "咳嗽", "colloquial");
    assert_string_equal(mentions_of(w, "嗓子眼冒火星怎么办"), "发热/colloquial;");
    free(new_text(w->folder, "pairs.jsonl", "no tab\n"));
    assert_int_equal(mkg_names_learn(w->kg, &o, &n, &err), MKG_EPARSE);
    assert_int_equal(err.line, 1);
    assert_finds(w, "吭哧", "咳嗽", "colloquial"); /* the old ones stay */
    mkg__buf_clear(&one);
    mkg__buf_clear(&two);
    free(pairs);
}

static void test_eval(void **state)
{
    world *w = *state;
    mkg_linking_score s;
    char *path = new_text(w->folder, "cases.jsonl",
                          "{\"text\":\"拉肚子\",\"gold\":[\"腹泻\"],\"kind\":\"a\"}\n"
                          "{\"text\":\"糖尿病\",\"gold\":[\"糖尿病\"],\"kind\":\"b\"}\n"
                          "{\"text\":\"糖尿病\",\"gold\":[\"肺炎\"],\"kind\":\"b\"}\n"
                          "{\"text\":\"糖尿病\",\"gold\":[]}\n");
    assert_mkg_ok(mkg_eval_linking(w->kg, path, NULL, NULL, NULL, &s, &err));
    assert_int_equal(s.all.cases, 3);
    assert_int_equal(s.skipped, 1);
    assert_true(s.all.hit[0] > 0.66 && s.all.hit[0] < 0.67);
    assert_mkg_ok(mkg_eval_linking(w->kg, path, "exact", NULL, NULL, &s, &err));
    assert_true(s.all.hit[0] > 0.33 && s.all.hit[0] < 0.34); /* names alone */
    assert_mkg_ok(mkg_eval_linking(w->kg, path, "edit", NULL, NULL, &s, &err));
    assert_mkg_ok(mkg_eval_linking(w->kg, path, "ngram", NULL, NULL, &s, &err));
    free(new_text(w->folder, "cases.jsonl", "{\"gold\":[\"x\"]}\n"));
    assert_int_equal(mkg_eval_linking(w->kg, path, NULL, NULL, NULL, &s, &err),
                     MKG_EPARSE);
    free(path);
}

static void test_no_memory(void **state)
{
    world *w = *state;
    mkg_status st = MKG_ENOMEM;
    mkg_evidence *e;
    mkg_found found[3];
    size_t n;

    for (long i = 1; st == MKG_ENOMEM; i++) {
        mkg__alloc_fail_after(i);
        st = mkg_retrieve(w->r, "高血鸭和拉肚子吃什么", NULL, &e, &err);
        mkg__alloc_fail_after(0);
        if (st == MKG_OK) mkg_evidence_free(e);
    }
    assert_int_equal(st, MKG_OK);
    for (long i = 1; (st = MKG_ENOMEM) == MKG_ENOMEM; i++) {
        mkg__alloc_fail_after(i);
        st = mkg_search(w->kg, "老是拉肚子", 3, found, &n, &err);
        mkg__alloc_fail_after(0);
        if (st != MKG_ENOMEM) break;
    }
    assert_int_equal(st, MKG_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_search, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mentions, setup, teardown),
        cmocka_unit_test(test_sounds),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_substitutions),
        cmocka_unit_test_setup_teardown(test_model_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_vectors_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_learn, setup, teardown),
        cmocka_unit_test_setup_teardown(test_eval, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
