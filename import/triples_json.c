/* Triples as JSON: the "spo_list" of CMeKG's tools, lists [s, p, o], and objects with a
 * subject, predicate and object under one of the usual names. */
#include "import/import_internal.h"

#include "base/err.h"

#include <string.h>

/* A string, or DuIE's {"@value": string}. */
static mkg_view text_of(const json_t *v)
{
    if (json_is_object(v)) v = json_object_get(v, "@value");
    mkg_view text = mkg__json_view(v);
    return text.ptr ? text : mkg__view("", 0);
}

/* A truth value, as itself or as a word. */
static mkg_view truth_of(const json_t *v)
{
    if (json_is_boolean(v)) return mkg__view("1", json_is_true(v));
    return text_of(v);
}

static mkg_view member(const json_t *object, const char *a, const char *b,
                       const char *c)
{
    const char *const names[] = {a, b, c};
    for (size_t i = 0; i < 3 && names[i]; i++) {
        const json_t *v = json_object_get(object, names[i]);
        if (v) return text_of(v);
    }
    return mkg__view("", 0);
}

static mkg_status complain(mkg__import *im, const char *what, uint64_t line,
                           mkg_err *err)
{
    mkg_err e = {0};
    mkg__fail(&e, MKG_EPARSE, "%s", what);
    return mkg__import_fault(im, MKG_EPARSE, &e, line, err);
}

static mkg_status add_value(mkg__import *im, const json_t *v, uint64_t line,
                            mkg_err *err);

static mkg_status add_object(mkg__import *im, const json_t *v, uint64_t line,
                             mkg_err *err)
{
    char number[32];
    mkg_view none = {"", 0};
    const json_t *list = json_object_get(v, "spo_list");
    if (list) {
        if (!json_is_array(list))
            return complain(im, "\"spo_list\" is no list", line, err);
        for (size_t i = 0; i < json_array_size(list); i++) {
            mkg_status st = add_value(im, json_array_get(list, i), line, err);
            if (st < 0) return st;
        }
        return MKG_OK;
    }
    mkg__triple t = {.subject = member(v, "subject", "head", "s"),
                     .relation = member(v, "predicate", "relation", "p"),
                     .object = member(v, "object", "tail", "o"),
                     .subject_type = member(v, "subject_type", "head_type", NULL),
                     .object_type = member(v, "object_type", "tail_type", NULL),
                     .locator = member(v, "locator", NULL, NULL),
                     .polarity = member(v, "polarity", NULL, NULL),
                     .negated = truth_of(json_object_get(v, "negated")),
                     .grade = member(v, "grade", NULL, NULL),
                     .population = member(v, "population", NULL, NULL),
                     .lang = member(v, "lang", NULL, NULL),
                     .weight = none};
    const json_t *weight = json_object_get(v, "weight");
    if (json_is_number(weight)) {
        int n = snprintf(number, sizeof number, "%.9g", json_number_value(weight));
        t.weight = mkg__view(number, (size_t)n);
    } else if (weight) {
        t.weight = text_of(weight);
    }
    return mkg__triple_add(im, &t, line, err);
}

static mkg_status add_value(mkg__import *im, const json_t *v, uint64_t line,
                            mkg_err *err)
{
    mkg_view none = {"", 0};
    if (json_is_object(v)) return add_object(im, v, line, err);
    if (!json_is_array(v))
        return complain(im, "neither an object nor a list", line, err);
    if (json_array_size(v) && json_is_array(json_array_get(v, 0))) {
        for (size_t i = 0; i < json_array_size(v); i++) {
            mkg_status st = add_value(im, json_array_get(v, i), line, err);
            if (st < 0) return st;
        }
        return MKG_OK;
    }
    if (json_array_size(v) != 3)
        return complain(im, "a triple is a list of three strings", line, err);
    mkg__triple t = {.subject = text_of(json_array_get(v, 0)),
                     .relation = text_of(json_array_get(v, 1)),
                     .object = text_of(json_array_get(v, 2)),
                     .subject_type = none,
                     .object_type = none,
                     .weight = none,
                     .locator = none,
                     .polarity = none,
                     .negated = none,
                     .grade = none,
                     .population = none,
                     .lang = none};
    return mkg__triple_add(im, &t, line, err);
}

static mkg_status on_value(void *ctx, const char *array, json_t *v, uint64_t line,
                           mkg_err *err)
{
    (void)array;
    return add_value(ctx, v, line, err);
}

mkg_status mkg__triples_read_json(mkg__import *im, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__values *values = NULL;

    MKG_GO(mkg__values_new(im->s, &values, err));
    st = mkg__values_each(values, im, on_value, im, err);
out:
    mkg__values_free(values);
    return st;
}
