/* The rate of a step, and how far a gradient may go. */
#include "lm/train_internal.h"

#include <math.h>

double mkg__clip_factor(double norm, double clip)
{
    return clip > 0 && norm > clip ? clip / norm : 1;
}

double mkg__rate_at(size_t step, size_t warmup, size_t steps, double end)
{
    if (step < warmup) return (double)(step + 1) / (double)warmup;
    if (step >= steps || steps <= warmup) return end;
    double done = (double)(step - warmup) / (double)(steps - warmup);
    return end + (1 - end) * 0.5 * (1 + cos(done * acos(-1.0)));
}
