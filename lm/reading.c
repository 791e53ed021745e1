/* A piece of evidence as it is read: of whom, what, whom. */
#include "lm/lm_internal.h"

#include <string.h>

mkg__reading mkg__read_piece(const mkg_piece *p)
{
    mkg__reading r = {
        p->subject, p->label, p->object, p->sentence, p->object_node == MKG_ID_NONE,
        p->denied};
    if (p->from_object && p->inverse_label[0]) {
        r.of = p->object;
        r.label = p->inverse_label;
        r.item = p->subject;
    }
    return r;
}

bool mkg__read_together(const mkg__reading *a, const mkg__reading *b)
{
    return !a->literal && !b->literal && a->denied == b->denied &&
           strcmp(a->of, b->of) == 0 && strcmp(a->label, b->label) == 0 &&
           strcmp(a->sentence, b->sentence) == 0;
}
