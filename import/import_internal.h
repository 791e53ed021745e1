/* The face that every reader of a format uses. */
#ifndef MKG_IMPORT_INTERNAL_H
#define MKG_IMPORT_INTERNAL_H

#include "base/io.h"
#include "base/json.h"
#include "import/import.h"

/* The files of a folder, in the order of their paths; what is hidden or empty is none.
 */
typedef struct mkg__parts {
    char **at;
    size_t n, cap;
} mkg__parts;

bool mkg__is_folder(const char *path);
/* `out` is empty before; to be cleared whatever comes back. */
mkg_status mkg__parts_list(const char *folder, mkg__parts *out, mkg_err *err);
void mkg__parts_drop(mkg__parts *p, size_t i);
void mkg__parts_clear(mkg__parts *p);

/* One import under way. */
typedef struct mkg__import mkg__import;
struct mkg__import {
    mkg_kg *kg;
    mkg_writer *w;
    mkg__stream *s;
    struct mkg__ahead *ahead; /* who reads the stream, NULL: the reader itself */
    const char *file;         /* base name, for messages and locators */
    char name[256];           /* of the source */
    const char *format;
    const mkg_import_opts *opts;
    uint64_t read; /* records that brought something */
    uint64_t skipped;
    uint64_t ticks;               /* calls of mkg__import_tick() */
    mkg_import_result *result;    /* kinds of what was told are counted here */
    mkg_err first;                /* the first that was skipped */
    mkg__encoding encoding;       /* of the file; readers get UTF-8 */
    mkg__parts parts;             /* of a folder; none: it is one file */
    size_t part;                  /* that is read now */
    struct mkg__concepts *shared; /* what all parts fill, the last one writes */
    struct mkg__recordmap **maps; /* mapping files at hand */
    size_t nmaps, maps_cap;
    bool maps_loaded;
    const struct mkg__recordmap *map; /* the one that was asked for or that fits */
};

/* Tell of something that is no fault: a field that the mapping does not know. */
void mkg__import_remark(const mkg__import *im, uint64_t line, const char *fmt, ...)
    MKG_PRINTF(3, 4);

/* mkg_writer_relation(), with a remark where the relation is new: it may be a slip. */
mkg_status mkg__import_relation(mkg__import *im, mkg_view name, uint64_t line,
                                const mkg_relation **out, mkg_err *err);

/* Put a record aside for what `e` says. MKG_OK, or under --strict the error itself. */
mkg_status mkg__import_skip(mkg__import *im, const mkg_err *e, mkg_err *err);

/* The same for a status of the writer: what the data is to blame for is put aside, what
 * the machine is to blame for is returned. The place is filled in if it is missing. */
mkg_status mkg__import_fault(mkg__import *im, mkg_status st, mkg_err *e, uint64_t line,
                             mkg_err *err);

/* Report progress now and then; MKG_ECANCEL if the caller wants to stop. */
mkg_status mkg__import_tick(mkg__import *im, mkg_err *err);

typedef struct mkg__format {
    const char *name;
    /* How sure is the reader that this is its format: 0 not at all … 100. */
    int (*recognise)(mkg__import *im, mkg_view head);
    mkg_status (*read)(mkg__import *im, mkg_err *err);
    bool folders; /* are several files of a folder one source? */
} mkg__format;

/* For recognising one by its first bytes: without a byte order mark and what is blank
 * in front; the first line, without its end; is it JSON? */
bool mkg__contains(mkg_view text, const char *part);
mkg_view mkg__skip_blank(mkg_view head);
mkg_view mkg__first_line(mkg_view head);
bool mkg__is_json(mkg_view head);
/* Tab, comma, semicolon or bar: what the line has most of. */
char mkg__delimiter_of(mkg_view line);

extern const mkg__format mkg__format_triples;
extern const mkg__format mkg__format_records;
extern const mkg__format mkg__format_table;

/* ---- delimited text, RFC 4180 ---- */

typedef struct mkg__delimited mkg__delimited;
enum { MKG_RECORD_MAX = MKG_LINE_MAX };

/* `delimiter` 0: tab, comma or semicolon, whichever the first line has most of. */
mkg_status mkg__delimited_new(mkg__stream *s, char delimiter, mkg__delimited **out,
                              mkg_err *err);
void mkg__delimited_free(mkg__delimited *d);

/* Fields of the next record, borrowed until the next call; *line is where it starts. An
 * empty line is no record. MKG_END; MKG_EPARSE, with the place, for a record that
 * cannot be read: reading can go on behind it. */
mkg_status mkg__delimited_next(mkg__delimited *d, const mkg_view **fields, size_t *n,
                               uint64_t *line, mkg_err *err);

/* The same, parsed ahead on a thread of its own: for large tables. Until it is freed
 * the stream belongs to that thread. */
typedef struct mkg__ahead mkg__ahead;

mkg_status mkg__ahead_new(mkg__stream *s, char delimiter, mkg__ahead **out,
                          mkg_err *err);
void mkg__ahead_free(mkg__ahead *a);
/* As mkg__delimited_next(). */
mkg_status mkg__ahead_next(mkg__ahead *a, const mkg_view **fields, size_t *n,
                           uint64_t *line, mkg_err *err);
/* One of the records that will come next, each shown once: a chance to have fetched
 * what they will need. False if there is none at hand. Borrowed until the next call. */
bool mkg__ahead_peek(mkg__ahead *a, const mkg_view **fields, size_t *n);
/* Has the fault that was given out last damaged the whole stream? */
bool mkg__ahead_broken(const mkg__ahead *a);
void mkg__ahead_progress(const mkg__ahead *a, uint64_t *done, uint64_t *total);

/* ---- tables with a header ---- */

/* Delimited text whose first record names the columns. */
typedef struct mkg__table {
    mkg__import *im;
    mkg__delimited *d;
    struct mkg__plain *plain; /* instead, where nothing is quoted */
    mkg__arena arena;
    mkg_view *names; /* of the columns, trimmed */
    size_t n;
    const mkg_view *fields; /* of the current row */
    uint64_t line;
} mkg__table;

/* `delimiter` as for mkg__delimited_new(). MKG_EPARSE without a header. */
mkg_status mkg__table_open(mkg__table *t, mkg__import *im, char delimiter,
                           mkg_err *err);
void mkg__table_close(mkg__table *t);
/* The same for a table whose columns are named by the caller (`columns`, borrowed;
 * NULL: by the header), in which nothing is quoted (`plain`), or whose last column is
 * what is left of a line (`rest`). */
struct mkg__strings;
mkg_status mkg__table_open_as(mkg__table *t, mkg__import *im, char delimiter,
                              bool plain, bool rest, const struct mkg__strings *columns,
                              mkg_err *err);

/* The number of the column called `name`, without regard to ASCII case; SIZE_MAX if
 * there is none. */
size_t mkg__table_column(const mkg__table *t, const char *name);
/* The same; MKG_EPARSE if there is none. */
mkg_status mkg__table_need(const mkg__table *t, const char *name, size_t *out,
                           mkg_err *err);

/* The next row with as many fields as there are columns; others are put aside.
 * MKG_END. */
mkg_status mkg__table_next(mkg__table *t, mkg_err *err);
/* The field of the row, trimmed; "" for column SIZE_MAX. */
mkg_view mkg__table_field(const mkg__table *t, size_t column);

/* Put the current row aside. */
mkg_status mkg__table_skip(mkg__table *t, mkg_err *err, const char *fmt, ...)
    MKG_PRINTF(3, 4);

/* Does the first line of the head hold both words as fields? */
bool mkg__table_has(mkg_view head, const char *a, const char *b);

/* ---- tables without quotes ---- */

enum { MKG_PLAIN_COLUMNS = 64 };

/* Lines cut at each delimiter; nothing is copied. */
typedef struct mkg__plain {
    mkg__import *im;
    mkg__lines *lines;
    char delimiter;
    mkg_view fields[MKG_PLAIN_COLUMNS]; /* of the current row, borrowed */
    size_t n;     /* how many it has, also where it is more than that */
    size_t limit; /* the last of so many is what is left of the line; 0: none is */
    uint64_t line;
} mkg__plain;

mkg_status mkg__plain_open(mkg__plain *t, mkg__import *im, char delimiter,
                           mkg_err *err);
void mkg__plain_close(mkg__plain *t);
/* The next row that is valid UTF-8 and not empty; others are put aside. MKG_END. */
mkg_status mkg__plain_next(mkg__plain *t, mkg_err *err);
/* Put the current row aside. */
mkg_status mkg__plain_skip(mkg__plain *t, mkg_err *err, const char *what);
/* *ok: has it as many columns? Else it is put aside. `want` is at most
 * MKG_PLAIN_COLUMNS. */
mkg_status mkg__plain_columns(mkg__plain *t, size_t want, bool *ok, mkg_err *err);
/* As mkg__plain_open(), for a table whose first line says which of `kinds` files of a
 * format it is: kind_of() gives `kinds` if it is none, which is told as `what`. */
mkg_status mkg__plain_begin(mkg__plain *t, mkg__import *im, char delimiter,
                            size_t (*kind_of)(mkg_view line), size_t kinds,
                            const char *what, size_t *kind, mkg_err *err);
/* The first `cap` fields of a line; how many it has. */
size_t mkg__plain_split(mkg_view line, char delimiter, mkg_view *out, size_t cap);

/* ---- a stream of JSON values ---- */

typedef struct mkg__values mkg__values;

/* JSON Lines, values one after the other, or the elements of one array. */
mkg_status mkg__values_new(mkg__stream *s, mkg__values **out, mkg_err *err);
/* The elements (objects) of the arrays that are called one of `wanted`, in a document
 * of any size: `through` names the arrays and objects that they stand in. Both are
 * NULL-terminated and borrowed. mkg__values_name() is the array of the last one. */
mkg_status mkg__values_of(mkg__stream *s, const char *const *through,
                          const char *const *wanted, mkg__values **out, mkg_err *err);
const char *mkg__values_name(const mkg__values *v);
void mkg__values_free(mkg__values *v);

/* The next value, owned by the caller, and the line where it starts. MKG_END;
 * MKG_EPARSE as mkg__delimited_next(). */
mkg_status mkg__values_next(mkg__values *v, json_t **out, uint64_t *line, mkg_err *err);

/* Call `fn` for each value that is left; what cannot be read is put aside, but a file
 * that is cut off, or whose rest cannot be read for another reason, fails the import.
 * `array` is mkg__values_name(), NULL for values that stand alone. */
typedef mkg_status (*mkg__value_fn)(void *ctx, const char *array, json_t *v,
                                    uint64_t line, mkg_err *err);
mkg_status mkg__values_each(mkg__values *v, mkg__import *im, mkg__value_fn fn,
                            void *ctx, mkg_err *err);

/* ---- triples ---- */

typedef struct mkg__triple {
    mkg_view subject, relation, object;
    mkg_view subject_type, object_type; /* "" if not given */
    mkg_view weight, locator, polarity, negated, grade, population, lang;
} mkg__triple;

/* State one triple; what is wrong with it is put aside with `line`. */
mkg_status mkg__triple_add(mkg__import *im, const mkg__triple *t, uint64_t line,
                           mkg_err *err);
/* The JSON half of the triples reader. */
mkg_status mkg__triples_read_json(mkg__import *im, mkg_err *err);

/* ---- mapping files ---- */

typedef enum mkg__rule_kind {
    MKG_RULE_NAME,
    MKG_RULE_ALIAS,
    MKG_RULE_CODE,
    MKG_RULE_TYPE,
    MKG_RULE_RELATION,
    MKG_RULE_LITERAL,
    MKG_RULE_CHILDREN,
    MKG_RULE_LOCATOR,
    MKG_RULE_IGNORE
} mkg__rule_kind;

typedef struct mkg__strings {
    const char **at;
    size_t n;
} mkg__strings;

/* What is done with one field of a record. Strings belong to the map. */
typedef struct mkg__rule {
    const char *field;
    mkg__rule_kind kind;
    mkg_lang lang;
    const char *relation;     /* relation, literal */
    mkg__strings types;       /* relation: types the object may have, first if new */
    mkg__strings split;       /* separators within a string */
    mkg__strings drop;        /* items that say nothing */
    mkg__strings drop_suffix; /* items that were cut off */
    const char *join;         /* literal: between the items of a list */
    const char *system;       /* code: put before the code, "" if it has one */
    const json_t *values;     /* type: table from the field's value; may be NULL */
} mkg__rule;

typedef struct mkg__recordmap {
    const char *path;
    const char *name;             /* of the file, without ".json" */
    struct mkg__tablemap *tables; /* of a map of tables; nothing else is set then */
    size_t ntables;
    const char *type; /* of all records; NULL: from the field of the type rule */
    const char *source, *licence; /* NULL if not given */
    bool by_name; /* records are one node by type and name alone, not by code */
    mkg__strings detect;
    mkg__rule *rules;
    size_t nrules;
    json_t *root; /* owns the strings */
    mkg__arena arena;
} mkg__recordmap;

/* A code of ICD-10 without the marks of double coding, "A17+", "G01*". */
mkg_view mkg__icd10_code(mkg_view code);

/* Read and check a mapping file. MKG_EPARSE names file and key. */
mkg_status mkg__map_load(const char *path, mkg__recordmap **out, mkg_err *err);
void mkg__map_free(mkg__recordmap *m);

/* Keys of a mapping file: all in the list, or one is told; texts of one; its language.
 */
mkg_status mkg__map_keys(const mkg__recordmap *m, const json_t *object,
                         const char *const *known, mkg_err *err);
mkg_status mkg__map_strings(mkg__recordmap *m, const json_t *object, const char *key,
                            mkg__strings *out, mkg_err *err);
mkg_status mkg__map_string(const mkg__recordmap *m, const json_t *object,
                           const char *key, const char **out, mkg_err *err);
mkg_status mkg__map_lang(const mkg__recordmap *m, const char *key, const char *text,
                         mkg_lang *out, mkg_err *err);

/* Load the maps that the import may choose from, if they are not yet. */
mkg_status mkg__maps_load(mkg__import *im, mkg_err *err);
void mkg__maps_free(mkg__import *im);
/* One more, which the import owns. */
mkg_status mkg__maps_add(mkg__import *im, const char *path, const mkg__recordmap **out,
                         mkg_err *err);
const mkg__recordmap *mkg__maps_called(const mkg__import *im, const char *name);
/* The map whose "detect" fields the record has, the one with most of them; NULL if none
 * fits. */
const mkg__recordmap *mkg__maps_of_record(const mkg__import *im, const json_t *record);
/* The map, and of a map of tables the table, that the head of a file fits best (of the
 * map alone that was asked for, if one was); *how well, 0: none does. */
const mkg__recordmap *mkg__maps_of_head(const mkg__import *im, mkg_view head,
                                        const struct mkg__tablemap **table,
                                        size_t *how);
const mkg__rule *mkg__map_rule(const mkg__recordmap *m, const char *field);

#endif
