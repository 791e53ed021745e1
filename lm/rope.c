#include "base/err.h"
#include "base/text.h"
#include "lm/model_internal.h"

#include <math.h>
#include <stdio.h>

typedef struct scaling {
    double base, factor, original, attn, ext, fast, slow;
    bool yarn;
} scaling;

static mkg_status get(const mkg_model *m, const char *name, double *out, mkg_err *err)
{
    char key[96];
    snprintf(key, sizeof key, "%s.rope.%s", m->arch->name, name);
    return mkg_gguf_get_float(m->gguf, key, out, err);
}

static mkg_status read_scaling(const mkg_model *m, scaling *s, mkg_err *err)
{
    mkg_status st = MKG_OK;
    char key[96];
    mkg_view type = {"none", 4};

    *s = (scaling){
        .base = 10000, .factor = 1, .attn = 1, .ext = 1, .fast = 32, .slow = 1};
    s->original = (double)m->info.context;
    MKG_GO(get(m, "freq_base", &s->base, err));
    MKG_GO(get(m, "scale_linear", &s->factor, err)); /* as old files have it */
    snprintf(key, sizeof key, "%s.rope.scaling.type", m->arch->name);
    MKG_GO(mkg_gguf_get_string(m->gguf, key, &type, err));
    MKG_GO(get(m, "scaling.factor", &s->factor, err));
    MKG_GO(get(m, "scaling.original_context_length", &s->original, err));
    MKG_GO(get(m, "scaling.attn_factor", &s->attn, err));
    MKG_GO(get(m, "scaling.yarn_ext_factor", &s->ext, err));
    MKG_GO(get(m, "scaling.yarn_attn_factor", &s->attn, err));
    MKG_GO(get(m, "scaling.yarn_beta_fast", &s->fast, err));
    MKG_GO(get(m, "scaling.yarn_beta_slow", &s->slow, err));
    s->yarn = mkg__view_is(type, "yarn");
    if (mkg__view_is(type, "none")) s->factor = 1;
    if (!s->yarn && !mkg__view_is(type, "none") && !mkg__view_is(type, "linear"))
        return mkg__fail(err, MKG_EPARSE, "rope scaling '%.*s' is not known",
                         mkg__clip(type, 40), type.ptr);
    if (s->factor == 0) s->factor = 1; /* what some writers put for none */
    if (!(s->base > 1) || !(s->factor > 0) || !(s->original >= 1) || !(s->fast > 0) ||
        !(s->slow > 0) || !(fabs(s->attn) < 1e6) || !(fabs(s->ext) < 1e6))
        return mkg__fail(err, MKG_EPARSE, "the rope parameters make no sense");
    st = MKG_OK;
out:
    return st;
}

/* The pair whose wave turns `turns` times within the original context (YaRN, after
 * eq. 15). */
static double pair_of(const scaling *s, double turns, double dims)
{
    const double pi = 3.14159265358979323846;
    return dims * log(s->original / (turns * 2 * pi)) / (2 * log(s->base));
}

static mkg_status load_factors(const mkg_model *m, size_t half, const float **out,
                               mkg_err *err)
{
    const mkg_gguf_tensor *t = mkg_gguf_tensor_find(m->gguf, "rope_freqs.weight");
    *out = NULL;
    if (!t) return MKG_OK;
    if (t->type->type != MKG_F32 || t->n != half)
        return mkg__fail(err, MKG_EPARSE,
                         "rope_freqs.weight should be %zu numbers of type F32", half);
    *out = t->data;
    for (size_t i = 0; i < half; i++)
        if (!((*out)[i] > 0) || isinf((*out)[i]))
            return mkg__fail(err, MKG_EPARSE,
                             "rope_freqs.weight holds a number that is not above 0");
    return MKG_OK;
}

mkg_status mkg__rope_load(mkg_model *m, mkg_err *err)
{
    mkg_status st = MKG_OK;
    char key[96];
    uint64_t dims = m->info.head_dim;
    scaling s;
    const float *factors;
    mkg__rope *r = &m->rope;

    snprintf(key, sizeof key, "%s.rope.dimension_count", m->arch->name);
    MKG_GO(mkg_gguf_get_u64(m->gguf, key, &dims, err));
    if (dims == 0 || dims > m->info.head_dim || dims % 2)
        return mkg__fail(err, MKG_EPARSE,
                         "%s is %llu: not an even part of a head's %zu", key,
                         (unsigned long long)dims, m->info.head_dim);
    MKG_GO(read_scaling(m, &s, err));
    size_t half = (size_t)dims / 2;
    MKG_GO(load_factors(m, half, &factors, err));
    r->dims = (size_t)dims;
    r->halves = m->arch->rope_halves;
    r->freq = mkg__arena_alloc(&m->arena, half * sizeof *r->freq);
    if (!r->freq) return mkg__nomem(err);
    double first = floor(pair_of(&s, s.fast, (double)dims));
    double last = ceil(pair_of(&s, s.slow, (double)dims));
    if (first < 0) first = 0;
    if (last > (double)dims - 1) last = (double)dims - 1;
    for (size_t i = 0; i < half; i++) {
        double f = pow(s.base, -2 * (double)i / (double)dims);
        if (factors) f /= (double)factors[i];
        double slow = f / s.factor; /* positions pressed together */
        double ramp = ((double)i - first) / fmax(0.001, last - first);
        double own = s.yarn ? s.ext * (1 - fmin(1, fmax(0, ramp))) : 0;
        r->freq[i] = slow * (1 - own) + f * own;
    }
    r->scale = (float)s.attn;
    if (s.yarn && s.ext != 0) r->scale *= (float)(1 + 0.1 * log(s.factor));
    st = MKG_OK;
out:
    return st;
}

void mkg__rope_at(const mkg__rope *r, size_t position, float *cos_sin)
{
    size_t half = r->dims / 2;
    for (size_t i = 0; i < half; i++) {
        double angle = (double)position * r->freq[i];
        cos_sin[i] = (float)cos(angle) * r->scale;
        cos_sin[half + i] = (float)sin(angle) * r->scale;
    }
}

void mkg__rope_turn(const mkg__rope *r, const float *cos_sin, float *head)
{
    size_t half = r->dims / 2, step = r->halves ? 1 : 2, apart = r->halves ? half : 1;
    for (size_t i = 0; i < half; i++) {
        float c = cos_sin[i], s = cos_sin[half + i];
        float *x = head + i * step, a = x[0], b = x[apart];
        x[0] = a * c - b * s;
        x[apart] = a * s + b * c;
    }
}
