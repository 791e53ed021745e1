/* Writing examples: the generator around them, and their formats. */
#include "lm/examples.h"

#include "base/err.h"
#include "base/io.h"
#include "base/json.h"
#include "lm/example_internal.h"
#include "lm/lm_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Draws that lead to nothing, one after the other, until the corpus is given up. */
enum { BARREN = 10000 };
/* Longer examples are not written: few, and each would widen a whole batch. */
enum { ROUGH_MAX = 450 };

const char *mkg_split_name(mkg_split s)
{
    static const char *const names[] = {"train", "valid", "test"};
    return names[s];
}

/* ---- the generator ---- */

static bool in_split(const mkg__generator *g, const mkg__group *k)
{
    return mkg__split_of(g->c->things[k->thing].hash) == g->o->split;
}

/* Groups of the split by direction. A direction is drawn by the root of how many it
 * has, so that rare ones are learnt too. */
static bool index_groups(mkg__generator *g)
{
    const mkg_corpus *c = g->c;
    size_t n = 2 * c->nrelations;
    g->start = mkg__calloc(n + 2, sizeof *g->start);
    g->weight = mkg__calloc(n + 1, sizeof *g->weight);
    g->by_direction = mkg__malloc((c->ngroups + 1) * sizeof *g->by_direction);
    if (!g->start || !g->weight || !g->by_direction) return false;
    for (size_t i = 0; i < c->ngroups; i++)
        if (in_split(g, &c->groups[i])) g->start[c->groups[i].direction + 2]++;
    for (size_t d = 0; d < n; d++) {
        g->weight[d] = (d ? g->weight[d - 1] : 0) + sqrt((double)g->start[d + 2]);
        g->start[d + 2] += g->start[d + 1];
    }
    /* start[d + 1] moves from where d begins to where it ends. */
    for (size_t i = 0; i < c->ngroups; i++)
        if (in_split(g, &c->groups[i]))
            g->by_direction[g->start[c->groups[i].direction + 1]++] = (uint32_t)i;
    return true;
}

/* Things of the split by type: names are swapped between the like. */
static bool index_types(mkg__generator *g)
{
    const mkg_corpus *c = g->c;
    mkg__map types = {0};
    bool ok = false;
    g->type_of = mkg__calloc(c->nthings + 1, sizeof *g->type_of);
    g->by_type = mkg__calloc(c->nthings + 1, sizeof *g->by_type);
    g->type_start = mkg__calloc(c->nthings + 2, sizeof *g->type_start);
    if (!g->type_of || !g->by_type || !g->type_start) goto out;
    for (size_t i = 0; i < c->nthings; i++) {
        const mkg__thing *t = &c->things[i];
        mkg_id *id = mkg__map_put(&types, t->type, strlen(t->type));
        if (!id) goto out;
        if (*id == MKG_ID_NONE) *id = (mkg_id)types.n;
        g->type_of[i] = *id - 1;
        if (mkg__split_of(t->hash) == g->o->split) g->type_start[*id]++;
    }
    for (size_t i = 0; i < c->nthings; i++)
        g->type_start[i + 1] += g->type_start[i];
    for (size_t i = c->nthings; i-- > 0;)
        if (mkg__split_of(c->things[i].hash) == g->o->split)
            g->by_type[--g->type_start[g->type_of[i] + 1]] = (uint32_t)i;
    /* Each start has moved one place on, to where its type begins. */
    memmove(g->type_start, g->type_start + 1, c->nthings * sizeof *g->type_start);
    ok = true;
out:
    mkg__map_clear(&types);
    return ok;
}

static void generator_clear(mkg__generator *g)
{
    mkg__wordings_clear(&g->w);
    mkg__inventor_clear(&g->inventor);
    mkg__free(g->by_direction);
    mkg__free(g->start);
    mkg__free(g->weight);
    mkg__free(g->type_of);
    mkg__free(g->by_type);
    mkg__free(g->type_start);
}

static mkg_status generator_init(mkg__generator *g, const mkg_corpus *c,
                                 const mkg_examples_opts *o, mkg_err *err)
{
    mkg_status st = MKG_OK;
    *g = (mkg__generator){.c = c, .o = o};
    MKG_GO(mkg__wordings_read(o->data, &g->w, err));
    MKG_GO(mkg__inventor_new(c, &g->inventor, err));
    if (!index_groups(g) || !index_types(g)) st = mkg__nomem(err);
out:
    return st;
}

/* ---- formats ---- */

static json_t *piece_json(const mkg_piece *p, size_t number)
{
    json_t *v = json_pack("{s:I, s:s, s:s, s:s, s:s, s:b, s:b}", "n",
                          (json_int_t)number, "subject", p->subject, "relation",
                          p->relation, "label", p->label, "object", p->object, "denied",
                          (int)p->denied, "from_object", (int)p->from_object);
    if (v && p->from_object)
        json_object_set_new(v, "inverse_label", json_string(p->inverse_label));
    if (v && p->source[0]) json_object_set_new(v, "source", json_string(p->source));
    if (v && p->population[0])
        json_object_set_new(v, "population", json_string(p->population));
    if (v && p->grade[0]) json_object_set_new(v, "grade", json_string(p->grade));
    return v;
}

static json_t *example_json(mkg__example *x, uint64_t index, const char *prompt)
{
    json_t *evidence = json_array(), *gold = json_array();
    char id[48];
    snprintf(id, sizeof id, "%s-%llu", mkg_split_name(x->g->o->split),
             (unsigned long long)index);
    for (size_t i = 0; i < x->e.npieces; i++) {
        json_array_append_new(evidence, piece_json(&x->pieces[i], i + 1));
        if (x->group[i]) json_array_append_new(gold, json_integer((json_int_t)i + 1));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:o}", "id", id,
                     "split", mkg_split_name(x->g->o->split), "lang",
                     mkg_lang_name(x->lang), "kind", mkg__example_kind_name(x->kind),
                     "verdict", mkg_verdict_name(x->e.verdict), "question", x->question,
                     "evidence", evidence, "prompt", prompt, "answer", x->answer,
                     "gold", gold);
}

/* The messages that an outside model gets at run time, and the answer. */
static json_t *chat_json(mkg__example *x, mkg_err *err)
{
    json_t *messages = NULL, *answer = NULL;
    size_t used;
    if (mkg__prompt_messages(&x->e, MKG_MARKS, &messages, &used, err) < 0) return NULL;
    if (x->g->o->format == MKG_EXAMPLES_CHATML) {
        answer = json_pack("{s:s, s:s}", "role", "assistant", "content", x->answer);
        if (!answer || json_array_append_new(messages, answer) != 0) {
            json_decref(messages);
            return NULL;
        }
        return json_pack("{s:o}", "messages", messages);
    }
    json_t *v = json_pack(
        "{s:O, s:O, s:s}", "instruction",
        json_object_get(json_array_get(messages, 0), "content"), "input",
        json_object_get(json_array_get(messages, 1), "content"), "output", x->answer);
    json_decref(messages);
    return v;
}

/* About so many tokens: a Han character is one, other letters come in twos and threes.
 */
static size_t rough_length(const char *text)
{
    size_t n = strlen(text), len, parts = 0;
    for (size_t i = 0; i < n; i += len) {
        uint32_t c = mkg__utf8_decode(text + i, n - i, &len);
        parts += mkg__is_han(c) ? 10 : 4;
    }
    return parts / 10;
}

/* ---- writing ---- */

typedef struct job {
    mkg__generator g;
    mkg__example x;
    mkg__buf prompt, line;
} job;

static mkg_status write_one(job *j, FILE *f, uint64_t index, bool *written,
                            mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__example *x = &j->x;
    json_t *v = NULL;
    size_t used;

    *written = false;
    j->prompt.len = 0;
    MKG_GO(mkg__compact_prompt(&x->e, MKG_MARKS, &j->prompt, &used, err));
    const char *prompt = mkg__buf_cstr(&j->prompt);
    if (rough_length(prompt) + rough_length(x->answer) > ROUGH_MAX) return MKG_OK;
    v = j->g.o->format == MKG_EXAMPLES_JSONL ? example_json(x, index, prompt)
                                             : chat_json(x, err);
    if (!v) {
        st = mkg__nomem(err);
        goto out;
    }
    j->line.len = 0;
    MKG_GO(mkg__json_dump(v, &j->line, err));
    mkg__buf_byte(&j->line, '\n');
    if (j->line.failed)
        st = mkg__nomem(err);
    else if (fwrite(j->line.ptr, 1, j->line.len, f) != j->line.len)
        st = mkg__fail_errno(err, "write", "the examples");
    *written = true;
out:
    json_decref(v);
    return st;
}

static mkg_status write_all(void *ctx, FILE *f, mkg_err *err)
{
    job *j = ctx;
    const mkg_examples_opts *o = j->g.o;
    mkg_status st = MKG_OK;
    size_t barren = 0;

    for (uint64_t index = 0, n = 0; n < o->count; index++) {
        bool made = mkg__example_make(&j->x, index), written;
        if (j->x.failed || j->x.scratch.failed) return mkg__nomem(err);
        if (!made && ++barren == BARREN)
            return mkg__fail(err, MKG_EARG,
                             "the graph has too few facts to make examples of (%s)",
                             mkg_split_name(o->split));
        if (!made) continue;
        barren = 0;
        MKG_GO(write_one(j, f, index, &written, err));
        n += written;
        if (index % 512 == 0 && o->progress &&
            o->progress(o->progress_ctx, "write examples", n, o->count)) {
            st = mkg__fail(err, MKG_ECANCEL, "stopped");
            goto out;
        }
    }
out:
    return st;
}

mkg_status mkg_examples_write(const mkg_corpus *c, const mkg_examples_opts *o,
                              const char *path, mkg_err *err)
{
    mkg_status st = MKG_OK;
    job *j = mkg__calloc(1, sizeof *j);

    if (!j) return mkg__nomem(err);
    j->x.g = &j->g;
    MKG_GO(generator_init(&j->g, c, o, err));
    if (c->ngroups == 0 || j->g.weight[2 * c->nrelations - 1] <= 0) {
        st = mkg__fail(err, MKG_EARG, "the graph has no facts to make examples of");
        goto out;
    }
    MKG_GO(mkg__file_write(path, write_all, j, err));
out:
    generator_clear(&j->g);
    mkg__arena_clear(&j->x.arena);
    mkg__buf_clear(&j->x.scratch);
    mkg__buf_clear(&j->prompt);
    mkg__buf_clear(&j->line);
    mkg__free(j);
    return st;
}
