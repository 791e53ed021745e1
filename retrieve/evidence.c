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

bool mkg_pieces_conflict(const mkg_piece *a, const mkg_piece *b)
{
    return a->denied != b->denied && a->subject_node == b->subject_node &&
           a->object_node == b->object_node && strcmp(a->relation, b->relation) == 0 &&
           strcmp(a->object, b->object) == 0;
}
