/* Triples as tables: CSV or TSV, with a header in any order or without one. */
#include "import/import_internal.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

enum { COLUMNS = 12 };

/* Columns of a triple, in the order in which a table without a header has them, and
 * what headers call them. */
static const struct {
    size_t offset;
    const char *names[12];
} columns[COLUMNS] = {
    {offsetof(mkg__triple, subject),
     {"subject", "head", "head_entity", "s", "start", "source_name", "主语", "主体",
      "头实体", "实体1"}},
    {offsetof(mkg__triple, relation),
     {"relation", "predicate", "p", "r", "rel", "relationship", "edge", "关系", "谓语",
      "谓词", "属性"}},
    {offsetof(mkg__triple, object),
     {"object", "tail", "tail_entity", "o", "end", "target_name", "宾语", "客体",
      "尾实体", "实体2", "属性值"}},
    {offsetof(mkg__triple, subject_type),
     {"subject_type", "head_type", "subject type", "头实体类型", "主语类型",
      "主体类型"}},
    {offsetof(mkg__triple, object_type),
     {"object_type", "tail_type", "object type", "尾实体类型", "宾语类型", "客体类型"}},
    {offsetof(mkg__triple, weight),
     {"weight", "score", "confidence", "权重", "置信度"}},
    {offsetof(mkg__triple, locator), {"locator", "id", "ref", "出处", "来源位置"}},
    {offsetof(mkg__triple, polarity), {"polarity", "极性"}},
    {offsetof(mkg__triple, negated), {"negated", "is_negated", "denied", "否定"}},
    {offsetof(mkg__triple, grade), {"grade", "evidence", "evidence_grade", "证据等级"}},
    {offsetof(mkg__triple, population), {"population", "人群"}},
    {offsetof(mkg__triple, lang), {"lang", "language", "语言"}}};

enum { BY_POSITION = 7 };

static mkg_view *slot(mkg__triple *t, size_t column)
{
    return (mkg_view *)(void *)((char *)t + columns[column].offset);
}

/* 1: one of the first words, 0: of the second, -1: of neither. */
static int choose(mkg_view v, const char *const *yes, const char *const *no)
{
    mkg__buf b = {0};
    int found = -1;
    if (mkg__fold(v.ptr, v.len, &b, NULL, NULL) >= 0) {
        mkg_view word = {b.ptr ? b.ptr : "", b.len};
        for (; found < 0 && *yes; yes++)
            if (mkg__view_is(word, *yes)) found = 1;
        for (; found < 0 && *no; no++)
            if (mkg__view_is(word, *no)) found = 0;
    }
    mkg__buf_clear(&b);
    return found;
}

/* Does the source deny the fact? A word that is unknown must not become a yes. */
static mkg_status read_polarity(const mkg__triple *t, bool *denied, mkg_err *err)
{
    static const char *const no[] = {"-",     "-1", "negative", "denied", "no",
                                     "false", "否", "否认",     "阴性",   NULL};
    static const char *const yes[] = {"",    "+",    "1",  "+1",   "positive", "stated",
                                      "yes", "true", "是", "肯定", "阳性",     NULL};
    static const char *const negated[] = {"1", "true", "yes", "y", "t", "是", NULL};
    static const char *const plain[] = {"", "0", "false", "no", "n", "f", "否", NULL};
    int a = choose(t->polarity, no, yes), b = choose(t->negated, negated, plain);
    mkg_view odd = a < 0 ? t->polarity : t->negated;
    if (a < 0 || b < 0)
        return mkg__fail(err, MKG_EPARSE, "the polarity '%.*s' is neither + nor -",
                         mkg__clip(odd, 40), odd.ptr);
    *denied = a != b; /* the denial of a denial is a statement */
    return MKG_OK;
}

/* What `medkg export graph --format triples` says of a node, in the words of SKOS: no
 * vocabulary of relations has them. */
static const struct {
    const char *relation;
    mkg_entry_kind kind;
} sayings[] = {{"skos:prefLabel", MKG_ENTRY_NAME},
               {"skos:altLabel", MKG_ENTRY_ALIAS},
               {"skos:notation", MKG_ENTRY_CODE}};

/* State a name or a code of the subject if the relation is one of `sayings`;
 * MKG_NOTFOUND if not. */
static mkg_status say(mkg__import *im, const mkg__triple *t, mkg_lang lang,
                      mkg_err *err)
{
    mkg_status st = MKG_NOTFOUND;
    mkg_view relation = mkg__trim(t->relation);
    mkg_id id;

    for (size_t i = 0; i < sizeof sayings / sizeof *sayings; i++) {
        if (!mkg__view_is(relation, sayings[i].relation)) continue;
        MKG_GO(mkg_writer_node(im->w, mkg__trim(t->subject_type), t->subject, lang, &id,
                               err));
        st = sayings[i].kind == MKG_ENTRY_CODE
                 ? mkg_writer_code(im->w, id, t->object, err)
                 : mkg_writer_name(im->w, id, sayings[i].kind, lang, t->object, err);
        if (st >= 0) im->read++;
        break;
    }
out:
    return st;
}

/* Is the object a text? The relation says so, or the type does in the word of RDF. */
static bool is_text(const mkg__triple *t, const mkg_relation *r)
{
    return r->literal || mkg__view_is(mkg__trim(t->object_type), "xsd:string");
}

static mkg_status build(mkg__import *im, const mkg__triple *t, uint64_t line,
                        mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg_relation *r;
    mkg_view none = {"", 0};
    mkg_fact_in f = {.line = line,
                     .literal = none,
                     .locator = t->locator,
                     .grade = t->grade,
                     .population = t->population};
    mkg_lang lang = mkg__lang_parse(t->lang.ptr, t->lang.len);
    double weight = 1;

    if (mkg__trim(t->subject).len == 0)
        return mkg__fail(err, MKG_EPARSE, "the subject is empty");
    if (mkg__trim(t->object).len == 0)
        return mkg__fail(err, MKG_EPARSE, "the object is empty");
    if (t->weight.len && !mkg__parse_double(mkg__trim(t->weight), &weight))
        return mkg__fail(err, MKG_EPARSE, "the weight '%.*s' is not a number",
                         mkg__clip(t->weight, 40), t->weight.ptr);
    if (weight > 3e38 || (float)weight <= 0) /* 1e-300 is no float */
        return mkg__fail(err, MKG_EPARSE, "the weight %g is not a positive number",
                         weight);
    MKG_GO(read_polarity(t, &f.denied, err));
    st = say(im, t, lang, err);
    if (st != MKG_NOTFOUND) goto out;
    MKG_GO(mkg__import_relation(im, t->relation, line, &r, err));
    mkg_view subject_type = t->subject_type.len ? t->subject_type : r->subject_type;
    mkg_view object_type = t->object_type.len ? t->object_type : r->object_type;
    f.relation = r;
    f.weight = (float)weight;
    if (r->alias) {
        MKG_GO(mkg_writer_node(im->w, mkg__trim(subject_type), t->subject, lang,
                               &f.subject, err));
        MKG_GO(
            mkg_writer_name(im->w, f.subject, MKG_ENTRY_ALIAS, lang, t->object, err));
        im->read++;
        goto out;
    }
    if (is_text(t, r)) {
        if (r->inverse)
            return mkg__fail(err, MKG_EPARSE, "a text cannot be the subject of '%.*s'",
                             (int)r->name.len, r->name.ptr);
        f.literal = mkg__trim(t->object);
        f.literal_lang = lang;
    } else {
        MKG_GO(mkg_writer_node(im->w, mkg__trim(object_type), t->object, lang,
                               &f.object, err));
    }
    MKG_GO(mkg_writer_node(im->w, mkg__trim(subject_type), t->subject, lang, &f.subject,
                           err));
    st = mkg_writer_fact(im->w, &f, err);
    if (st >= 0) im->read++;
out:
    return st;
}

mkg_status mkg__triple_add(mkg__import *im, const mkg__triple *t, uint64_t line,
                           mkg_err *err)
{
    mkg_err e = {0};
    mkg_status st = build(im, t, line, &e);
    return st < 0 ? mkg__import_fault(im, st, &e, line, err) : MKG_OK;
}

static size_t column_called(mkg_view name)
{
    mkg__buf folded = {0};
    size_t found = COLUMNS;
    if (mkg__fold(name.ptr, name.len, &folded, NULL, NULL) >= 0) {
        mkg_view v = {folded.ptr, folded.len};
        for (size_t i = 0; i < COLUMNS && found == COLUMNS; i++)
            for (size_t k = 0; k < 12 && columns[i].names[k]; k++)
                if (mkg__view_is(v, columns[i].names[k])) found = i;
    }
    mkg__buf_clear(&folded);
    return found;
}

/* Where each column stands: from the header if the record is one. */
static bool read_header(const mkg_view *fields, size_t n, size_t *place)
{
    size_t found[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++)
        found[i] = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        size_t c = column_called(fields[i]);
        if (c < COLUMNS && found[c] == SIZE_MAX) found[c] = i;
    }
    if (found[0] == SIZE_MAX || found[1] == SIZE_MAX || found[2] == SIZE_MAX)
        return false;
    memcpy(place, found, sizeof found);
    return true;
}

/* A header that names the relation and not the rest would be read as a fact. */
static bool half_a_header(const mkg_view *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fields[i].len >= 4 && column_called(fields[i]) == 1) return true;
    return false;
}

static mkg_status add_record(mkg__import *im, const mkg_view *fields, size_t n,
                             const size_t *place, uint64_t line, mkg_err *err)
{
    mkg__triple t;
    mkg_err e = {0};
    for (size_t i = 0; i < COLUMNS; i++) {
        bool there = place[i] < n;
        if (!there && i < 3) {
            mkg__fail(&e, MKG_EPARSE,
                      "%zu column%s where a subject, a relation and an "
                      "object are expected",
                      n, n == 1 ? "" : "s");
            return mkg__import_fault(im, MKG_EPARSE, &e, line, err);
        }
        *slot(&t, i) = there ? fields[place[i]] : mkg__view("", 0);
    }
    return mkg__triple_add(im, &t, line, err);
}

static mkg_status first_record(mkg__import *im, const mkg_view *fields, size_t n,
                               size_t *place, uint64_t line, mkg_err *err)
{
    if (read_header(fields, n, place)) return MKG_OK;
    if (half_a_header(fields, n))
        return mkg__fail_at(err, MKG_EPARSE, im->file, line, 0,
                            "a header that names the relation, but no column for the "
                            "subject or for the object (docs/import.md lists names)");
    return add_record(im, fields, n, place, line, err);
}

/* Names of the records that follow, in the order in which build() will ask for them. */
static void look_ahead(mkg__import *im, const size_t *place)
{
    const mkg_view *fields;
    size_t n;
    while (mkg__ahead_peek(im->ahead, &fields, &n)) {
        if (place[2] < n) mkg_writer_expect(im->w, fields[place[2]]);
        if (place[0] < n) mkg_writer_expect(im->w, fields[place[0]]);
    }
}

static mkg_status read_table(mkg__import *im, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const mkg_view *fields;
    size_t n, place[COLUMNS];
    uint64_t line;
    bool first = true;

    for (size_t i = 0; i < COLUMNS; i++)
        place[i] = i < BY_POSITION ? i : SIZE_MAX;
    MKG_GO(mkg__ahead_new(im->s, 0, &im->ahead, err));
    for (;;) {
        mkg_err e = {0};
        st = mkg__ahead_next(im->ahead, &fields, &n, &line, &e);
        if (st == MKG_END) break;
        if (!first) look_ahead(im, place);
        if (st < 0)
            MKG_GO(mkg__import_fault(im, st, &e, line, err));
        else if (first)
            MKG_GO(first_record(im, fields, n, place, line, err));
        else
            MKG_GO(add_record(im, fields, n, place, line, err));
        first = false;
        MKG_GO(mkg__import_tick(im, err));
    }
    st = MKG_OK;
out:
    mkg__ahead_free(im->ahead);
    im->ahead = NULL;
    return st;
}

/* "x.csv", "x.tsv.gz", "x.csv.zip" */
static bool named_as_table(const char *file)
{
    const char *dot = strrchr(file, '.');
    static const char *const packed[] = {".gz", ".bz2", ".xz", ".zst", ".zip"};
    for (size_t i = 0; dot && i < sizeof packed / sizeof *packed; i++)
        if (dot > file && strcmp(dot, packed[i]) == 0)
            for (dot--; dot > file && *dot != '.'; dot--)
                ;
    return dot && (strncmp(dot, ".csv", 4) == 0 || strncmp(dot, ".tsv", 4) == 0) &&
           (dot[4] == '\0' || dot[4] == '.');
}

static int recognise(mkg__import *im, mkg_view head)
{
    if (mkg__is_json(head)) {
        head = mkg__skip_blank(head);
        bool list = head.ptr[0] == '[';
        if (mkg__contains(head, "\"spo_list\"")) return 90;
        if (mkg__contains(head, "\"subject\"") &&
            (mkg__contains(head, "\"predicate\"") ||
             mkg__contains(head, "\"relation\"")))
            return 80;
        if (mkg__contains(head, "\"head\"") && mkg__contains(head, "\"tail\""))
            return 80;
        /* Lists of strings are triples; a list of objects may be records. */
        head = mkg__trim(mkg__view(head.ptr + 1, head.len - 1));
        bool strings = head.len && (head.ptr[0] == '[' || head.ptr[0] == '"');
        return list && strings ? 80 : 0;
    }
    size_t delimiters = 0;
    head = mkg__first_line(head);
    for (size_t i = 0; i < head.len; i++)
        delimiters += head.ptr[i] == '\t' || head.ptr[i] == ',' || head.ptr[i] == ';';
    if (delimiters >= 2) return 40;
    return named_as_table(im->file) ? 20 : 0;
}

static mkg_status read_triples(mkg__import *im, mkg_err *err)
{
    mkg_view head;
    mkg_status st = mkg__stream_peek(im->s, &head, err);
    if (st < 0) return st;
    return mkg__is_json(head) ? mkg__triples_read_json(im, err) : read_table(im, err);
}

const mkg__format mkg__format_triples = {
    .name = "triples", .recognise = recognise, .read = read_triples};
