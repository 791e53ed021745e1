/* The trainer's own state, for the files that write it down. */
#ifndef MKG_TRAINER_H
#define MKG_TRAINER_H

#include "base/team.h"
#include "lm/train_internal.h"

/* A part of the trained values that is updated as a whole. */
typedef struct mkg__chunk_of_values {
    size_t at, n;
    bool decays;
    bool muon;      /* left to mkg_trainer.matrices */
    double squares; /* of its gradient */
} mkg__chunk_of_values;

typedef struct mkg__train_lane {
    mkg__lane lane;
    mkg__shard shard;
    mkg__loss loss;
} mkg__train_lane;

struct mkg_trainer {
    mkg_train_opts opts;
    mkg__net net;
    mkg__team *team;
    mkg__train_lane *lanes;
    mkg__chunk_of_values *chunks;
    size_t nchunks;
    const mkg__tensor **matrices; /* those that Muon updates */
    size_t nmatrices;
    float **scratch;          /* (threads of the team) */
    float *moment1, *moment2; /* (net.n - net.frozen) */
    float *losses;            /* (opts.steps) */
    size_t step, epoch;
    size_t next;             /* text of the epoch */
    size_t ntexts, ntokens;  /* of the texts that it is trained on */
    uint32_t *order, *batch; /* (ntexts), NULL before the first step */
};

#endif
