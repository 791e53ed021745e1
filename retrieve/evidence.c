#include "retrieve/evidence.h"

#include <string.h>

void mkg_evidence_free(mkg_evidence *e)
{
    if (!e) return;
    mkg__arena_clear(&e->arena);
    mkg__free(e);
}

const char *mkg_answer_status_name(mkg_answer_status s)
{
    switch (s) {
    case MKG_ANSWERED:
        return "answered";
    case MKG_PARTIAL:
        return "partial";
    case MKG_AMBIGUOUS:
        return "ambiguous";
    case MKG_CONFLICT:
        return "conflict";
    case MKG_NO_EVIDENCE:
        return "no_evidence";
    }
    return "no_evidence";
}

const char *mkg_verdict_name(mkg_verdict v)
{
    switch (v) {
    case MKG_VERDICT_NONE:
        return "";
    case MKG_VERDICT_YES:
        return "yes";
    case MKG_VERDICT_NO:
        return "no";
    case MKG_VERDICT_DISPUTED:
        return "disputed";
    }
    return "";
}
