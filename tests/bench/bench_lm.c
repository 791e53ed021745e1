/* Tokens a second and what they read: bench_lm FILE PROMPT GENERATE THREADS */
#include "base/pool.h"
#include "lm/model.h"
#include "lm/session.h"
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    mkg_err err = {0};
    mkg_model *m;
    mkg_session *s;
    if (argc < 5) return 2;
    size_t p = strtoul(argv[2], 0, 10), g = strtoul(argv[3], 0, 10);
    if (mkg_model_open(argv[1], &m, &err) < 0) {
        printf("%s\n", err.msg);
        return 1;
    }
    mkg_session_opts o = MKG_SESSION_OPTS_INIT;
    o.threads = (unsigned)strtoul(argv[4], 0, 10);
    o.context = p + g + 8;
    if (mkg_session_new(m, &o, &s, &err) < 0) return 1;
    const mkg_model_info *i = mkg_model_get_info(m);
    float *logits = malloc(i->vocab * 4);
    uint32_t *ids = malloc((p + 1) * 4);
    for (size_t k = 0; k < p; k++)
        ids[k] = (uint32_t)(k * 97 % i->vocab);
    for (int turn = 0; turn < 3; turn++) {
        mkg_session_rewind(s, 0);
        double t0 = mkg__now();
        if (mkg_session_eval(s, ids, p, logits, &err) < 0) {
            printf("%s\n", err.msg);
            return 1;
        }
        double t1 = mkg__now();
        for (size_t k = 0; k < g; k++) {
            uint32_t id = (uint32_t)(k * 31 + 5);
            mkg_session_eval(s, &id, 1, logits, &err);
        }
        double t2 = mkg__now();
        printf("prompt %.1f t/s  gen %.1f t/s  %.1f GB/s\n", (double)p / (t1 - t0),
               (double)g / (t2 - t1),
               (double)i->token_bytes * (double)g / (t2 - t1) / 1e9);
    }
    return 0;
}
