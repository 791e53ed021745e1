/* Bytes are imported as triples; what came of it is exported and read back. As triples
 * the graph is the same as before; N-Triples follow their grammar, GraphML has no
 * character that XML does not. */
#include "fuzz.h"

#include "../canonical.h"
#include "import/import.h"
#include "kg/export.h"

static const char relations[] =
    "relation\tinverse\tkind\tsubject_type\tobject_type\tlabel_zh\tlabel_en\t"
    "sentence_zh\tsentence_en\tphrases_zh\tphrases_en\taliases\n"
    "symptom\tsymptom_of\tnode\tdisease\tsymptom\t症状\t\t\t\t\t\tpresents\n"
    "symptom_of\tsymptom\tnode\tsymptom\tdisease\t\t\t\t\t\t\t\n"
    "interacts_with\tinteracts_with\tnode\tdrug\tdrug\t\t\t\t\t\t\t\n"
    "alias\t\talias\t\t\t\t\t\t\t\t\t\n"
    "description\t\tliteral\t\t\t\t\t\t\t\t\t\n";

static mkg_kg *open_store(const char *name)
{
    mkg_kg *kg;
    CHECK_OK(mkg_kg_open_write(fuzz_path(name), &kg, &fuzz_err));
    CHECK_OK(mkg_kg_load_relations(
        kg, fuzz_file("relations", relations, sizeof relations - 1), &fuzz_err));
    return kg;
}

static mkg__buf export_as(mkg_kg *kg, const char *format, bool sources, mkg_lang lang,
                          mkg_export_result *r)
{
    mkg__buf b = {0};
    mkg_export_opts o = {.format = format, .sources = sources, .lang = lang};
    const char *path = fuzz_path("out");
    CHECK(mkg_export_graph(kg, path, &o, r, &fuzz_err) == MKG_OK);
    CHECK_OK(mkg__file_read(path, 64 << 20, &b, &fuzz_err));
    CHECK(fuzz_valid(mkg__view(b.ptr, b.len)));
    return b;
}

/* ---- https://www.w3.org/TR/n-triples/#n-triples-grammar ---- */

static const char *iri(const char *p)
{
    CHECK(*p++ == '<');
    for (; *p != '>'; p++)
        CHECK((unsigned char)*p > 0x20 && !strchr("<\"{}|^`\\", *p));
    return p + 1;
}

static const char *literal(const char *p)
{
    CHECK(*p++ == '"');
    for (; *p != '"'; p++) {
        CHECK((unsigned char)*p >= 0x20);
        if (*p == '\\') CHECK(strchr("tbnrf\"'\\u", *++p));
    }
    p++;
    if (*p == '@') {
        CHECK(strncmp(p, "@zh", 3) == 0 || strncmp(p, "@en", 3) == 0);
        p += 3;
    } else if (*p == '^') {
        p = iri(p + 2);
    }
    return p;
}

static const char *subject(const char *p)
{
    if (*p == '<') return iri(p);
    CHECK(strncmp(p, "_:f", 3) == 0);
    p += 3;
    return p + strspn(p, "0123456789");
}

static void check_nt(const char *p)
{
    while (*p) {
        p = subject(p);
        CHECK(*p++ == ' ');
        p = iri(p);
        CHECK(*p++ == ' ');
        p = *p == '"' ? literal(p) : subject(p);
        CHECK(strncmp(p, " .\n", 3) == 0);
        p += 3;
    }
}

static void check_xml(const char *p)
{
    CHECK(strncmp(p, "<?xml ", 6) == 0);
    for (; *p; p++)
        CHECK((unsigned char)*p >= 0x20 || *p == '\n' || *p == '\t');
}

static void check_triples(mkg_kg *kg, mkg_lang lang)
{
    mkg_export_result r;
    mkg_import_result read;
    mkg_import_opts o = {.format = "triples", .strict = true};
    mkg__buf was = {0}, is = {0}, file = export_as(kg, "triples", false, lang, &r);
    mkg_kg *back = open_store("back");
    CHECK(mkg_import_file(back, fuzz_path("out"), &o, &read, &fuzz_err) == MKG_OK);
    CHECK_OK(mkg_kg_renew(back, &fuzz_err));
    CHECK_OK(canonical_text(kg, &was, &fuzz_err));
    CHECK_OK(canonical_text(back, &is, &fuzz_err));
    if (r.same_name == 0) CHECK(strcmp(was.ptr, is.ptr) == 0);
    mkg_kg_close(back);
    fuzz_remove(fuzz_path("back"));
    mkg__buf_clear(&file);
    mkg__buf_clear(&was);
    mkg__buf_clear(&is);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_open(data, size);
    unsigned how = fuzz_byte(&in);
    mkg_import_opts o = {.format = "triples"};
    mkg_import_result read;
    mkg_export_result r;
    mkg__buf b;
    mkg_kg *kg = open_store("db");

    const char *path = fuzz_file("in", in.p, in.n);
    mkg_status st = mkg_import_file(kg, path, &o, &read, &fuzz_err);
    if (st == MKG_OK) {
        CHECK_OK(mkg_kg_renew(kg, &fuzz_err));
        b = export_as(kg, "nt", how & 1, MKG_LANG_NONE, &r);
        check_nt(b.ptr);
        CHECK(r.nodes == read.nodes && r.edges == read.facts);
        mkg__buf_clear(&b);
        b = export_as(kg, "graphml", false, MKG_LANG_ZH, &r);
        check_xml(b.ptr);
        CHECK(r.edges + r.denied + r.texts == read.facts);
        mkg__buf_clear(&b);
        check_triples(kg, (mkg_lang)((how >> 1) % 3));
    }
    mkg_kg_close(kg);
    fuzz_remove(fuzz_path("db"));
    return 0;
}
