/* For targets of the language side: evidence made by hand, and what holds of every
 * answer that was checked against its evidence. */
#ifndef MKG_FUZZ_ANSWER_H
#define MKG_FUZZ_ANSWER_H

#include "fuzz.h"

#include "lm/lm_internal.h"

static inline mkg_piece fuzz_piece(const char *subject, const char *label,
                                   const char *object, mkg_id object_node)
{
    return (mkg_piece){.fact = 1,
                       .subject = subject,
                       .relation = "r",
                       .object = object,
                       .label = label,
                       .subject_node = 1,
                       .object_node = object_node,
                       .inverse_label = "",
                       .sentence = "",
                       .source = "s",
                       .source_version = "",
                       .locator = "s:1",
                       .grade = "",
                       .population = "",
                       .weight = 1,
                       .score = 1,
                       .why = "intent"};
}

/* Static; end it with nothing. */
static inline mkg_evidence fuzz_evidence(bool zh)
{
    static mkg_piece pieces[4];
    pieces[0] = fuzz_piece("感冒", "symptom", "咳嗽", 2);
    pieces[1] = fuzz_piece("common cold", "symptom", "cough", 2);
    pieces[2] = fuzz_piece("asthma", "description", "A disease. It wheezes.", 0);
    pieces[3] = fuzz_piece("哮喘", "contraindicated", "β-blocker", 3);
    pieces[3].denied = true;
    mkg_evidence e = {.question = zh ? "感冒有什么症状" : "symptoms of a common cold",
                      .lang = zh ? MKG_LANG_ZH : MKG_LANG_EN,
                      .status = MKG_ANSWERED,
                      .pieces = pieces,
                      .npieces = 4};
    return e;
}

/* Every sentence of the answer has citations that exist, none of them twice, or says
 * that there is nothing; what was removed has a reason. */
static inline void fuzz_check_answer(const mkg_evidence *e, const mkg_answer *a)
{
    CHECK(a->text && fuzz_valid(fuzz_str(a->text)));
    CHECK(e->npieces > 0 || a->nsentences == 0);
    for (size_t i = 0; i < a->nsentences; i++) {
        const mkg_sentence *s = &a->sentences[i];
        CHECK(s->supported && s->text[0]);
        CHECK(strstr(a->text, s->text));
        for (size_t k = 0; k < s->ncites; k++) {
            CHECK(s->cites[k] >= 1 && s->cites[k] <= e->npieces);
            for (size_t j = 0; j < k; j++)
                CHECK(s->cites[j] != s->cites[k]);
        }
    }
    for (size_t i = 0; i < a->nremoved; i++)
        CHECK(a->removed[i][0] && a->reasons[i][0] &&
              fuzz_valid(fuzz_str(a->removed[i])));
}

#endif
