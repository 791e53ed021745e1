#include "embed/alias.h"

void mkg__alias_build(const float *w, size_t n, mkg__slot *slot, uint32_t *stack)
{
    double sum = 0;
    size_t small = 0, large = n; /* two stacks that grow towards each other */
    for (size_t i = 0; i < n; i++)
        sum += (double)w[i];
    for (size_t i = 0; i < n; i++) {
        slot[i].keep = (float)((double)w[i] * (double)n / sum);
        slot[i].other = (uint32_t)i;
        if (slot[i].keep < 1)
            stack[small++] = (uint32_t)i;
        else
            stack[--large] = (uint32_t)i;
    }
    while (small > 0 && large < n) {
        uint32_t s = stack[--small], l = stack[large];
        slot[s].other = l;
        slot[l].keep = (slot[l].keep + slot[s].keep) - 1;
        if (slot[l].keep < 1) {
            large++;
            stack[small++] = l;
        }
    }
    while (small > 0) /* left over by rounding */
        slot[stack[--small]].keep = 1;
    for (; large < n; large++)
        slot[stack[large]].keep = 1;
}
