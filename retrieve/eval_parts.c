/* Cases of an evaluation by a property of theirs. */
#include "retrieve/eval_internal.h"

#include <string.h>

mkg_eval_part *mkg__part(mkg_eval_part *parts, size_t *n, const char *group,
                         const char *name)
{
    for (size_t i = 0; i < *n; i++)
        if (strcmp(parts[i].group, group) == 0 && strcmp(parts[i].name, name) == 0)
            return &parts[i];
    if (*n == MKG_EVAL_PARTS || strlen(name) >= sizeof parts->name) return NULL;
    mkg_eval_part *p = &parts[(*n)++];
    memset(p, 0, sizeof *p);
    p->group = group;
    memcpy(p->name, name, strlen(name) + 1);
    return p;
}

void mkg__part_count(mkg_eval_part *p, size_t rank)
{
    if (!p) return;
    p->cases++;
    p->hit[0] += rank == 1;
    p->hit[1] += rank && rank <= 5;
    p->hit[2] += rank && rank <= 10;
    if (rank) p->mrr += 1.0 / (double)rank;
}

void mkg__part_finish(mkg_eval_part *p)
{
    if (p->cases == 0) return;
    for (size_t i = 0; i < 3; i++)
        p->hit[i] /= (double)p->cases;
    p->mrr /= (double)p->cases;
}
