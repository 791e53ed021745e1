/* Things, relations and facts in memory, sorted by who has what. */
#include "lm/corpus_internal.h"

#include "base/err.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

mkg_corpus *mkg_corpus_new(void)
{
    return mkg__calloc(1, sizeof(mkg_corpus));
}

void mkg_corpus_free(mkg_corpus *c)
{
    if (!c) return;
    for (size_t i = 0; i < c->nthings; i++)
        for (size_t l = 0; l < MKG_CORPUS_LANGS; l++)
            mkg__free(c->things[i].aliases[l]);
    mkg__free(c->things);
    mkg__free(c->relations);
    mkg__free(c->facts);
    mkg__free(c->groups);
    mkg__free(c->order);
    mkg__arena_clear(&c->arena);
    mkg__free(c);
}

static const char *keep(mkg_corpus *c, const char *s)
{
    const char *copy = mkg__arena_dup(&c->arena, s ? s : "", s ? strlen(s) : 0);
    if (!copy) c->failed = true;
    return copy ? copy : "";
}

uint32_t mkg_corpus_put_thing(mkg_corpus *c, const char *type, const char *zh,
                              const char *en)
{
    if (!mkg__grow(&c->things, &c->cap_things, c->nthings + 1, sizeof *c->things)) {
        c->failed = true;
        return MKG_CORPUS_NONE;
    }
    mkg__thing *t = &c->things[c->nthings];
    memset(t, 0, sizeof *t);
    t->type = keep(c, type);
    t->name[0] = keep(c, zh);
    t->name[1] = keep(c, en);
    t->hash = mkg__hash64(zh, strlen(zh), mkg__hash64(en, strlen(en), 0));
    return (uint32_t)c->nthings++;
}

void mkg_corpus_put_alias(mkg_corpus *c, uint32_t thing, mkg_lang lang,
                          const char *alias)
{
    if (thing >= c->nthings) return;
    mkg__thing *t = &c->things[thing];
    size_t l = mkg__lang_index(lang);
    if (!mkg__grow(&t->aliases[l], &t->cap[l], t->naliases[l] + 1,
                   sizeof *t->aliases[l]))
        c->failed = true;
    else
        t->aliases[l][t->naliases[l]++] = keep(c, alias);
}

static void keep_direction(mkg_corpus *c, mkg_corpus_direction *d)
{
    d->name = keep(c, d->name);
    for (size_t l = 0; l < MKG_CORPUS_LANGS; l++) {
        d->label[l] = keep(c, d->label[l]);
        d->sentence[l] = keep(c, d->sentence[l]);
        d->phrases[l] = keep(c, d->phrases[l]);
    }
}

uint32_t mkg_corpus_put_relation(mkg_corpus *c, const mkg_corpus_relation *r)
{
    if (!mkg__grow(&c->relations, &c->cap_relations, c->nrelations + 1,
                   sizeof *c->relations)) {
        c->failed = true;
        return MKG_CORPUS_NONE;
    }
    mkg_corpus_relation *to = &c->relations[c->nrelations];
    *to = *r;
    keep_direction(c, &to->forward);
    keep_direction(c, &to->back);
    return (uint32_t)c->nrelations++;
}

void mkg_corpus_put_fact(mkg_corpus *c, const mkg_corpus_fact *f)
{
    if (!mkg__grow(&c->facts, &c->cap_facts, c->nfacts + 1, sizeof *c->facts)) {
        c->failed = true;
        return;
    }
    mkg_corpus_fact *to = &c->facts[c->nfacts++];
    *to = *f;
    to->literal = keep(c, f->literal);
    to->source = keep(c, f->source);
    to->grade = keep(c, f->grade);
    to->population = keep(c, f->population);
}

/* ---- sorting ---- */

typedef struct entry {
    uint32_t thing, direction, fact;
} entry;

static int compare(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->thing != y->thing) return x->thing < y->thing ? -1 : 1;
    if (x->direction != y->direction) return x->direction < y->direction ? -1 : 1;
    return (x->fact > y->fact) - (x->fact < y->fact);
}

/* Each fact from its subject and, where that can be said, from its object. */
static size_t list_entries(const mkg_corpus *c, entry *out)
{
    size_t n = 0;
    for (uint32_t i = 0; i < c->nfacts; i++) {
        const mkg_corpus_fact *f = &c->facts[i];
        const mkg_corpus_relation *r = &c->relations[f->relation];
        out[n++] = (entry){f->subject, 2 * f->relation, i};
        if (f->object != MKG_CORPUS_NONE && (r->symmetric || r->back.name[0]))
            out[n++] = (entry){f->object, 2 * f->relation + 1, i};
    }
    return n;
}

static bool make_groups(mkg_corpus *c, const entry *e, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        mkg__group *g = c->ngroups ? &c->groups[c->ngroups - 1] : NULL;
        c->order[i] = e[i].fact;
        if (g && g->thing == e[i].thing && g->direction == e[i].direction) {
            g->n++;
            continue;
        }
        if (!mkg__grow(&c->groups, &c->cap_groups, c->ngroups + 1, sizeof *c->groups))
            return false;
        mkg__thing *t = &c->things[e[i].thing];
        if (t->ngroups++ == 0) t->first_group = c->ngroups;
        c->groups[c->ngroups++] = (mkg__group){e[i].thing, e[i].direction, i, 1};
    }
    return true;
}

static mkg_status check_facts(const mkg_corpus *c, mkg_err *err)
{
    for (size_t i = 0; i < c->nfacts; i++) {
        const mkg_corpus_fact *f = &c->facts[i];
        if (f->subject >= c->nthings || f->relation >= c->nrelations ||
            (f->object >= c->nthings && f->object != MKG_CORPUS_NONE))
            return mkg__fail(err, MKG_EARG, "fact %zu of the corpus is of no thing", i);
    }
    return MKG_OK;
}

mkg_status mkg_corpus_finish(mkg_corpus *c, mkg_err *err)
{
    mkg_status st = check_facts(c, err);
    if (st < 0) return st;
    entry *e = mkg__malloc((2 * c->nfacts + 1) * sizeof *e);
    c->order = mkg__malloc((2 * c->nfacts + 1) * sizeof *c->order);
    bool ok = e && c->order && !c->failed;
    if (ok) {
        size_t n = list_entries(c, e);
        qsort(e, n, sizeof *e, compare);
        ok = make_groups(c, e, n);
    }
    mkg__free(e);
    return ok ? MKG_OK : mkg__nomem(err);
}
