/* Triples in CSV, TSV and JSON. */
#include "testing_import.h"

#include <zlib.h>

static mkg_err err;

static void becomes(void **state, const char *name, const char *text, const char *want)
{
    void *fresh = NULL;
    (void)state;
    import_setup(&fresh);
    import_world *w = fresh;
    import_ok(w, name, text, NULL);
    assert_string_equal(graph_text(w), want);
    assert_int_equal(w->skips.len, 0);
    import_teardown(&fresh);
}

static void test_without_header(void **state)
{
    becomes(state, "a.tsv",
            "感冒\tsymptom\t咳嗽\n感冒\t症状\t发热\tdisease\tsign\t2.5\tp7\n",
            "disease 感冒 | symptom | symptom 咳嗽 | a.tsv:1\n"
            "disease 感冒 | symptom | sign 发热 | p7 | 2.5\n");
    becomes(state, "a.csv", "感冒,symptom,咳嗽",
            "disease 感冒 | symptom | symptom 咳嗽 | a.csv:1\n");
    becomes(state, "a.csv", "感冒;symptom;咳嗽\r\n",
            "disease 感冒 | symptom | symptom 咳嗽 | a.csv:1\n");
}

static void test_header_in_any_order(void **state)
{
    becomes(
        state, "h.csv",
        "\xef\xbb\xbf"
        "Object,weight,SUBJECT,ignored,Relation,Subject_Type,polarity,"
        "grade,population,locator\r\n"
        "咳嗽,0.5,感冒,x,symptom,disease,-,B,儿童,page 3\r\n"
        "发热,,感冒,x,symptom,,,,,\r\n",
        "- disease 感冒 | symptom | symptom 咳嗽 | page 3 | 0.5 | grade B | in 儿童\n"
        "disease 感冒 | symptom | symptom 发热 | h.csv:3\n");
    becomes(state, "h.tsv", "头实体\t关系\t尾实体\n感冒\tsymptom\t咳嗽\n",
            "disease 感冒 | symptom | symptom 咳嗽 | h.tsv:2\n");
}

/* RFC 4180, section 2. */
static void test_quotes(void **state)
{
    becomes(
        state, "q.csv",
        "\"感冒\",\"description\",\"He said \"\"rest\"\",\r\nand drink\"\n"
        "\n"
        "感冒,description,\"\"\"\"\n"
        "感冒,description,\"a, b\"\r\n",
        "concept 感冒 | description | \"He said \"rest\",\r\nand drink\" | q.csv:1\n"
        "concept 感冒 | description | \"\"\" | q.csv:4\n"
        "concept 感冒 | description | \"a, b\" | q.csv:5\n");
    /* A table of tabs rarely quotes: an open quote there is a character. */
    becomes(state, "q.tsv", "a\tsymptom\t\"b\nc\tsymptom\td\n",
            "disease a | symptom | symptom \"b | q.tsv:1\n"
            "disease c | symptom | symptom d | q.tsv:2\n");
}

static void test_json(void **state)
{
    static const char spo[] = "{\"text\": \"…\", \"spo_list\": [{\"subject\": "
                              "\"感冒\", \"predicate\": \"症状\", "
                              "\"object\": {\"@value\": \"咳嗽\"}, \"subject_type\": "
                              "\"disease\", \"object_type\": "
                              "{\"@value\": \"symptom\"}}]}\n"
                              "{\"text\": \"…\", \"spo_list\": []}\n";
    static const char want[] = "disease 感冒 | symptom | symptom 咳嗽 | a.json:1\n";
    becomes(state, "a.json", spo, want);
    becomes(state, "a.json", "[[\"感冒\", \"症状\", \"咳嗽\"]]", want);
    becomes(state, "a.json", "[\"感冒\", \"症状\", \"咳嗽\"]\n", want);
    becomes(state, "a.json",
            "{\"head\": \"感冒\", \"relation\": \"症状\", \"tail\": \"咳嗽\", "
            "\"weight\": 3}",
            "disease 感冒 | symptom | symptom 咳嗽 | a.json:1 | 3\n");
    becomes(
        state, "a.json",
        "[\n  {\"subject\": \"感冒\", \"predicate\": \"症状\",\n   \"object\": "
        "\"咳嗽\"},\n"
        "  {\"subject\": \"感冒\", \"predicate\": \"症状\", \"object\": \"发热\"}\n]\n",
        "disease 感冒 | symptom | symptom 咳嗽 | a.json:2\n"
        "disease 感冒 | symptom | symptom 发热 | a.json:4\n");
}

static void test_polarity(void **state)
{
    becomes(
        state, "p.csv",
        "subject,relation,object,polarity,negated\n"
        "a,symptom,b,Denied,\na,symptom,c,+,\na,symptom,d,,TRUE\na,symptom,e,,false\n"
        "a,symptom,f,-,yes\n",
        "- disease a | symptom | symptom b | p.csv:2\n"
        "disease a | symptom | symptom c | p.csv:3\n"
        "- disease a | symptom | symptom d | p.csv:4\n"
        "disease a | symptom | symptom e | p.csv:5\n"
        "disease a | symptom | symptom f | p.csv:6\n");
    becomes(
        state, "p.json",
        "{\"subject\":\"a\",\"predicate\":\"症状\",\"object\":\"b\",\"negated\":true}\n"
        "{\"subject\":\"a\",\"predicate\":\"症状\",\"object\":\"c\",\"negated\":false}"
        "\n",
        "- disease a | symptom | symptom b | p.json:1\n"
        "disease a | symptom | symptom c | p.json:2\n");
}

/* 别名 gives a name, not a fact between two nodes. */
static void test_alias(void **state)
{
    import_world *w = *state;
    import_ok(w, "a.tsv",
              "感冒\tsymptom\t咳嗽\n感冒\t别名\t伤风\n流感\tsynonym\tinfluenza\n",
              NULL);
    assert_string_equal(graph_text(w),
                        "disease 感冒 | symptom | symptom 咳嗽 | a.tsv:1\n");
    assert_string_equal(node_text(w, "伤风"),
                        "type disease; name zh 感冒; alias zh 伤风; \n");
    assert_string_equal(node_text(w, "influenza"),
                        "type concept; name zh 流感; alias en influenza; \n");
    assert_int_equal(w->skips.len, 0);
}

/* A relation that nobody knows may be a slip: it is told of, once. */
static void test_new_relation(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_import_opts o = {0};
    static const char text[] = "a\tsympton\tb\na\tsympton\tc\n";
    assert_mkg_ok(import_bytes(w, "a.tsv", text, sizeof text - 1, o, &r, &err));
    assert_int_equal(r.new_relations, 1);
    assert_int_equal(r.skipped, 0);
    assert_string_equal(
        mkg__buf_cstr(&w->skips),
        "a.tsv:1: the relation 'sympton' is new: no vocabulary has it\n");
}

static void test_inverse_relation(void **state)
{
    becomes(state, "a.tsv", "哮喘\t治疗药物\t沙丁胺醇\n",
            "drug 沙丁胺醇 | treats | disease 哮喘 | a.tsv:1\n");
}

/* Repeats are one fact; what two files say is one fact with two sources. */
static void test_repeats(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_import_opts o = {0};
    static const char text[] = "感冒\tsymptom\t咳嗽\n感 冒\tsymptom\t咳嗽\n",
                      more[] = "感冒\tsymptom\t咳嗽\nx\tsymptom\ty\n";
    assert_mkg_ok(import_bytes(w, "a.tsv", text, strlen(text), o, &r, &err));
    assert_int_equal(r.facts, 1);
    assert_mkg_ok(import_bytes(w, "b.tsv", more, strlen(more), o, &r, &err));
    assert_int_equal(r.facts, 2);
    assert_int_equal(r.new_facts, 1);
    mkg_fact f;
    assert_mkg_ok(mkg_kg_fact(w->kg, 1, &f, &err));
    assert_int_equal(f.attributions, 2);
    /* The same bytes again, under another name and compressed or not, are known. */
    assert_int_equal(import_bytes(w, "c.tsv", text, strlen(text), o, &r, &err),
                     MKG_EXISTS);
    assert_int_equal(r.source, 1);
    assert_string_equal(r.name, "a.tsv");
}

static void test_formats_are_recognised(void **state)
{
    import_world *w = *state;
    static const struct {
        const char *name, *text, *format;
    } cases[] = {
        {"1", "a,symptom,b\n", "triples"},
        {"2", "a\tsymptom\tb\n", "triples"},
        {"3",
         "{\"spo_list\": [{\"subject\":\"c\",\"predicate\":\"r\",\"object\":\"d\"}]}",
         "triples"},
        {"4", "{\"type\": \"disease\", \"zh\": \"甲\", \"en\": \"a\"}\n", "records"}};
    mkg_import_opts o = {0};
    mkg_import_result r;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_mkg_ok(import_bytes(w, cases[i].name, cases[i].text,
                                   strlen(cases[i].text), o, &r, &err));
        assert_string_equal(r.format, cases[i].format);
    }
    assert_int_equal(import_bytes(w, "5", "just words\n", 11, o, &r, &err), MKG_EPARSE);
    assert_non_null(strstr(err.msg, "not recognised"));
    o.format = "obo2";
    assert_int_equal(import_bytes(w, "6", "a,b,c\n", 6, o, &r, &err), MKG_EARG);
}

/* A record of 8 MiB and more is put aside, those before and behind it are read. */
static void test_huge_line(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_import_opts o = {.format = "triples"};
    size_t n = 10u << 20;
    mkg__buf b = {0};
    for (int json = 0; json < 2; json++) {
        b.len = 0;
        mkg__buf_str(&b, json ? "[\"a\",\"症状\",\"b\"]\n[\"a\",\"症状\",\""
                              : "a\tsymptom\tb\na\tsymptom\t");
        for (size_t i = 0; i < n; i++)
            mkg__buf_byte(&b, 'x');
        mkg__buf_str(&b, json ? "\"]\n[\"c\",\"症状\",\"e\"]\n" : "\nc\tsymptom\td\n");
        w->skips.len = 0;
        assert_mkg_ok(
            import_bytes(w, json ? "h.json" : "h.tsv", b.ptr, b.len, o, &r, &err));
        assert_int_equal(r.skipped, 1);
        assert_int_equal(r.facts, 2);
        assert_non_null(strstr(mkg__buf_cstr(&w->skips), ":2: "));
        assert_non_null(strstr(mkg__buf_cstr(&w->skips), "longer than"));
    }
    mkg__buf_clear(&b);
}

/* Fields of any bytes that RFC 4180 can carry come back as they were. */
static void test_quoting_property(void **state)
{
    (void)state;
    static const char *const parts[] = {"\"", ",",  "\n", "\r\n", "药",
                                        "a",  " b", "\t", ";",    "''"};
    uint32_t seed = 20261124;
    for (int round = 0; round < 60; round++) {
        mkg__buf text = {0}, want = {0};
        for (int line = 0; line < 5; line++) {
            mkg__buf field = {0};
            mkg__buf_printf(&field, "x%d", line);
            for (int i = 0; i < 6; i++) {
                seed = seed * 1664525u + 1013904223u;
                mkg__buf_str(&field, parts[(seed >> 16) % 10]);
            }
            mkg__buf_byte(&field, 'z');
            mkg__buf_str(&text, "s,description,\"");
            for (size_t i = 0; i < field.len; i++) {
                if (field.ptr[i] == '"') mkg__buf_byte(&text, '"');
                mkg__buf_byte(&text, (unsigned char)field.ptr[i]);
            }
            mkg__buf_str(&text, line % 2 ? "\"\r\n" : "\"\n");
            mkg__buf_printf(&want, "\"%s\"", mkg__buf_cstr(&field));
            mkg__buf_clear(&field);
        }
        void *fresh = NULL;
        import_setup(&fresh);
        import_world *w = fresh;
        import_ok(w, "p.csv", mkg__buf_cstr(&text), NULL);
        mkg_fact f;
        mkg__buf have = {0};
        for (mkg_id id = 0; mkg_kg_next_fact(w->kg, &id, &f, &err) == MKG_OK;)
            mkg__buf_printf(&have, "\"%.*s\"", (int)f.literal.len, f.literal.ptr);
        if (strcmp(mkg__buf_cstr(&have), mkg__buf_cstr(&want)) != 0)
            fail_msg("round %d:\n%s\ngave\n%s", round, text.ptr, have.ptr);
        mkg__buf_clear(&have);
        mkg__buf_clear(&want);
        mkg__buf_clear(&text);
        import_teardown(&fresh);
    }
}

static int never(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    (void)ctx, (void)what, (void)done, (void)total;
    return 1;
}

/* Stopped or out of memory at any point: a clean status, and the store as it was. */
static void test_stops_leave_nothing(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    static const char text[] = "感冒\tsymptom\t咳嗽\n感冒\tsymptom\t发热\n{\tbad\n";
    mkg_import_opts o = {.progress = never};
    mkg__buf many = {0};
    for (int i = 0; i < 600; i++)
        mkg__buf_printf(&many, "s%d\tsymptom\to%d\n", i, i);
    assert_int_equal(import_bytes(w, "m.tsv", many.ptr, many.len, o, &r, &err),
                     MKG_ECANCEL);
    mkg__buf_clear(&many);
    o.progress = NULL;
    char hash[33], before[33];
    mkg_kg_hash(w->kg, before);
    char *path = new_file(w->folder, "a.tsv", text, strlen(text));
    mkg_status st = MKG_ENOMEM;
    for (long n = 1; st != MKG_OK && n < 5000; n++) {
        mkg__alloc_fail_after(n);
        st = mkg_import_file(w->kg, path, &o, &r, &err);
        mkg__alloc_fail_after(0);
        if (st == MKG_OK) break;
        assert_int_equal(st, MKG_ENOMEM);
        mkg_kg_hash(w->kg, hash);
        assert_string_equal(hash, before);
    }
    assert_int_equal(st, MKG_OK);
    assert_int_equal(r.facts, 2);
    free(path);
}

/* Larger than what is parsed ahead: lines 2 … n + 1, each 997th with a fault. */
static void put_large(mkg__buf *b, size_t n)
{
    mkg__buf_str(b, "subject\trelation\tobject\tweight\n");
    for (size_t i = 0; i < n; i++)
        mkg__buf_printf(b, "%s%zu\tsymptom\t症状%zu\t%s\n", i % 2 ? "病" : "Disease ",
                        i, i % 100, i % 997 == 500 ? "heavy" : "1");
}

/* Records are parsed ahead on another thread: faults come in their order, with their
 * lines, and a fault of the whole file ends it after what was before. */
static void test_faults_far_behind(void **state)
{
    import_world *w = *state;
    enum { N = 40000 };
    mkg_import_result r;
    mkg_import_opts o = {0};
    mkg__buf text = {0}, want = {0};

    put_large(&text, N);
    for (size_t i = 500; i < N; i += 997)
        mkg__buf_printf(&want, "l.tsv:%zu: the weight 'heavy' is not a number\n",
                        i + 2);
    assert_mkg_ok(import_bytes(w, "l.tsv", text.ptr, text.len, o, &r, &err));
    assert_int_equal(r.skipped, (N - 500) / 997 + 1);
    assert_int_equal(r.facts, N - r.skipped);
    assert_string_equal(mkg__buf_cstr(&w->skips), mkg__buf_cstr(&want));

    o.strict = true;
    char *late = strstr(text.ptr, "Disease 39000");
    memcpy(late, "\xff", 1);
    for (char *p = text.ptr; (p = strstr(p, "heavy")); p++)
        memcpy(p, "00001", 5);
    assert_int_equal(import_bytes(w, "s.tsv", text.ptr, text.len, o, &r, &err),
                     MKG_EPARSE);
    assert_int_equal(err.line, 39002);
    mkg__buf_clear(&want);
    mkg__buf_clear(&text);
}

/* The end of the data is missing: no record that was read before it may be blamed. */
static void test_cut_far_behind(void **state)
{
    import_world *w = *state;
    mkg_import_result r;
    mkg_import_opts o = {0};
    mkg__buf text = {0}, packed = {0};
    char *path = in_folder(w->folder, "c.tsv.gz");

    put_large(&text, 40000);
    gzFile z = gzopen(path, "wb");
    assert_non_null(z);
    assert_int_equal(gzwrite(z, text.ptr, (unsigned)text.len), (int)text.len);
    assert_int_equal(gzclose(z), Z_OK);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_true(mkg__buf_room(&packed, text.len));
    packed.len = fread(packed.ptr, 1, text.len, f);
    fclose(f);
    assert_int_equal(
        import_bytes(w, "c.tsv.gz", packed.ptr, packed.len * 3 / 4, o, &r, &err),
        MKG_EPARSE);
    assert_non_null(strstr(err.msg, "gzip"));
    assert_int_equal(err.line, 0);
    assert_true(r.skipped > 1); /* the faults of single records before it */
    free(path);
    mkg__buf_clear(&text);
    mkg__buf_clear(&packed);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, import_setup, import_teardown)
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_without_header),
                                       cmocka_unit_test(test_header_in_any_order),
                                       cmocka_unit_test(test_quotes),
                                       cmocka_unit_test(test_json),
                                       cmocka_unit_test(test_inverse_relation),
                                       cmocka_unit_test(test_polarity),
                                       T(test_alias),
                                       T(test_new_relation),
                                       T(test_repeats),
                                       T(test_formats_are_recognised),
                                       T(test_huge_line),
                                       cmocka_unit_test(test_quoting_property),
                                       T(test_stops_leave_nothing),
                                       T(test_faults_far_behind),
                                       T(test_cut_far_behind)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
