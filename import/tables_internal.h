/* Tables through mapping files: what the columns of a row mean. The form of the files
 * is in docs/import.md. */
#ifndef MKG_TABLES_INTERNAL_H
#define MKG_TABLES_INTERNAL_H

#include "import/concepts_internal.h"

/* ---- templates ---- */

typedef enum mkg__filter {
    MKG_FILTER_NONE,
    MKG_FILTER_ICD10,    /* "A0100" is "A01.00", "A17+" is "A17" */
    MKG_FILTER_ICD9,     /* "0010" is "001.0", "E8000" is "E800.0" */
    MKG_FILTER_ICD9PROC, /* "0066" is "00.66" */
    MKG_FILTER_PAD7,     /* "8019" is "0008019" */
    MKG_FILTER_LENGTH    /* "A01AA01" is "7" */
} mkg__filter;

typedef struct mkg__piece {
    mkg_view text;      /* where column is "" */
    const char *column; /* "code", or several names of one: "code|icd" */
    mkg__filter filter;
    size_t at; /* of the column in the table that is read, SIZE_MAX: it has none */
} mkg__piece;

/* "ICD10:{code:icd10}", or what a value of such a text stands for. */
typedef struct mkg__template {
    mkg__piece *pieces;
    size_t n;
    struct mkg__case {
        const char *value;
        struct mkg__template *then;
    } * cases; /* NULL: the text itself */
    size_t ncases;
    struct mkg__template *otherwise; /* for other values; NULL: the value itself */
} mkg__template;

/* Fields of a row, with those that were cut from others behind them. */
typedef struct mkg__row {
    const mkg_view *fields;
    size_t n;
} mkg__row;

/* *text, borrowed from `b`, is empty if a column that it needs is. */
mkg_status mkg__template_text(const mkg__template *t, const mkg__row *row, mkg__buf *b,
                              mkg_view *text, mkg_err *err);
/* Call `fn` for each column of the template. */
typedef void (*mkg__piece_fn)(void *ctx, mkg__piece *p);
void mkg__template_columns(mkg__template *t, mkg__piece_fn fn, void *ctx);

/* ---- rules ---- */

/* A column has, or `unless` has not, one of the values. */
typedef struct mkg__condition {
    mkg__piece column;
    mkg__strings values;
    bool unless;
} mkg__condition;

typedef struct mkg__conditions {
    mkg__condition *at;
    size_t n;
} mkg__conditions;

typedef struct mkg__name_rule {
    mkg__template *texts; /* the first that is not empty; of aliases, all */
    size_t n;
    mkg_lang lang;
    bool alias;
} mkg__name_rule;

typedef enum mkg__above {
    MKG_ABOVE_NONE,
    MKG_ABOVE_PREFIX, /* the longest key that this one begins with */
    MKG_ABOVE_RANGE   /* the narrowest range of codes that this one lies in */
} mkg__above;

typedef struct mkg__node_rule {
    const char *key;
    mkg__template id; /* n 0: type and name are the identity */
    mkg__template type;
    bool optional_id; /* where it is empty, type and name are the identity */
    bool own_type;    /* a type of ours, not a class that the table translates */
    mkg__name_rule *names;
    size_t nnames;
    mkg__template *codes;
    size_t ncodes;
    mkg__piece split; /* column with a list: each item is a thing */
    mkg__strings alias_split, separators;
    mkg__above above;
    mkg__template above_key;
    mkg__conditions when, obsolete;
} mkg__node_rule;

typedef struct mkg__fact_rule {
    size_t subject, object; /* of the nodes; object SIZE_MAX: a text */
    mkg__template relation, text, weight;
    mkg_lang lang;
    mkg__conditions when, denied;
} mkg__fact_rule;

typedef enum mkg__quotes {
    MKG_QUOTES_YES,
    MKG_QUOTES_NO,
    MKG_QUOTES_COMMA /* where the delimiter is no tab */
} mkg__quotes;

typedef struct mkg__cut {
    mkg__piece column;
    const char *at, *before, *behind; /* names of the parts */
} mkg__cut;

typedef struct mkg__tablemap {
    mkg__strings detect; /* columns of the header; a name may be one of "a|b" */
    mkg__strings
        patterns;         /* of the first row, one a column, where there is no header */
    const char *file;     /* pattern of the file's name; NULL: any */
    mkg__strings columns; /* n 0: the header names them */
    char delimiter;       /* 0: that of the first line */
    mkg__quotes quotes;
    bool rest; /* the last column is what is left of the line */
    mkg__strings empty, ignore;
    mkg__cut *cuts;
    size_t ncuts;
    mkg__node_rule *nodes;
    size_t nnodes;
    mkg__fact_rule *facts;
    size_t nfacts;
} mkg__tablemap;

/* Read the tables of a mapping file into m->tables. */
mkg_status mkg__tablemap_read(mkg__recordmap *m, mkg_err *err);
mkg_status mkg__template_read(mkg__recordmap *m, const char *key, const json_t *v,
                              bool column, mkg__template *out, mkg_err *err);
mkg_status mkg__piece_read(mkg__recordmap *m, const char *column, mkg__piece *out,
                           mkg_err *err);

/* Does the name of a column stand among those of "a|b"? */
bool mkg__column_is(const char *names, mkg_view name);

/* How well the head of a file fits: 0 not at all, else how many columns agree. */
size_t mkg__tablemap_fits(const mkg__tablemap *t, mkg_view head, const char *file);
/* The same for a map of records whose "detect" fields a header has. */
size_t mkg__header_fits(const mkg__strings *detect, mkg_view head);

/* ---- what is above what ---- */

typedef struct mkg__keyed {
    mkg_view key; /* in an arena of the caller */
    mkg_id id;
    uint64_t line;
} mkg__keyed;

typedef struct mkg__keys {
    mkg__keyed *at;
    size_t n, cap;
} mkg__keys;

/* State is_a for each key that another one is above. Sorts the keys. */
mkg_status mkg__keys_state(mkg__keys *k, mkg__above above, mkg__concepts *c,
                           mkg_err *err);

#endif
