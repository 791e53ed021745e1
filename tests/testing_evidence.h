/* Evidence made by hand, for tests of the language side. */
#ifndef MKG_TESTING_EVIDENCE_H
#define MKG_TESTING_EVIDENCE_H

#include "testing.h"

#include "retrieve/evidence.h"

static inline mkg_piece piece(const char *subject, const char *label,
                              const char *object, mkg_id object_node)
{
    mkg_piece p = {.fact = 1,
                   .subject = subject,
                   .relation = "r",
                   .object = object,
                   .label = label,
                   .subject_node = 1,
                   .object_node = object_node};
    p.inverse_label = p.sentence = p.source = p.source_version = p.locator = p.grade =
        p.population = "";
    p.why = "intent";
    p.weight = 1;
    return p;
}

static inline mkg_evidence evidence(const char *question, mkg_lang lang,
                                    mkg_piece *pieces, size_t n)
{
    mkg_evidence e = {
        .question = question, .lang = lang, .pieces = pieces, .npieces = n};
    e.status = n ? MKG_ANSWERED : MKG_NO_EVIDENCE;
    return e;
}

#endif
