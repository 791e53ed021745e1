/* Measuring answers on cases with known facts. */
#include "lm/eval_answers.h"

#include "base/err.h"
#include "base/io.h"
#include "base/pool.h"
#include "lm/claim_rules.h"
#include "lm/compact.h"
#include "lm/eval_case.h"
#include "lm/ground.h"
#include "lm/lm_internal.h"
#include "lm/pattern.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 30, CITES = 256, LEAST_CHARS = 2 };

/* Counts behind the shares. */
typedef struct counts {
    char name[32];
    size_t cases, citations, exact, relevant, extra, sentences, supported;
    size_t with_gold, complete, quiet, without_gold, refused;
    size_t foreign, removed, in_form;
} counts;

typedef struct names {
    mkg__map seen;
    mkg_view *at; /* folded, without blanks */
    size_t n, cap;
    mkg__arena arena;
} names;

typedef struct job {
    mkg_lm *lm;
    const char *file;
    const mkg_answers_opts *o;
    mkg_answers_fn fn;
    void *ctx;
    mkg_answers_score *score;
    mkg__buf text; /* of the file */
    mkg__wordings frames;
    bool has_frames;
    names names;
    counts all, parts[MKG_ANSWERS_PARTS];
    size_t nparts;
    double *seconds;
    size_t nseconds, cap_seconds;
} job;

/* ---- lines ---- */

static bool next_line(const job *j, size_t *at, mkg_view *out)
{
    while (*at < j->text.len) {
        const char *p = j->text.ptr + *at, *end = memchr(p, '\n', j->text.len - *at);
        size_t n = end ? (size_t)(end - p) : j->text.len - *at;
        *at += n + 1;
        *out = mkg__trim(mkg__view(p, n));
        return true;
    }
    return false;
}

/* ---- names that a case should not have ---- */

static mkg_status put_name(names *n, const char *text, mkg_err *err)
{
    mkg__plain p = {0};
    mkg_status st = mkg__plain_put(&p, mkg__view(text, strlen(text)), err);
    if (st >= 0 && mkg__utf8_count(p.s.ptr, p.s.len) >= LEAST_CHARS) {
        mkg_id *id = mkg__map_put(&n->seen, p.s.ptr, p.s.len);
        if (id && *id == MKG_ID_NONE) {
            const char *copy = mkg__arena_dup(&n->arena, p.s.ptr, p.s.len);
            *id = 1;
            if (copy && mkg__grow(&n->at, &n->cap, n->n + 1, sizeof *n->at))
                n->at[n->n++] = mkg__view(copy, p.s.len);
            else
                st = mkg__nomem(err);
        } else if (!id) {
            st = mkg__nomem(err);
        }
    }
    mkg__plain_clear(&p);
    return st;
}

static mkg_status collect_names(job *j, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view line;
    uint64_t number = 0;
    for (size_t at = 0; next_line(j, &at, &line);) {
        mkg__case c;
        number++;
        if (!line.len) continue;
        st = mkg__case_read(line, j->file, number, &c, err);
        for (size_t i = 0; st >= 0 && i < c.e.npieces; i++) {
            st = put_name(&j->names, c.e.pieces[i].subject, err);
            if (st >= 0 && c.e.pieces[i].object_node != MKG_ID_NONE)
                st = put_name(&j->names, c.e.pieces[i].object, err);
        }
        mkg__case_clear(&c);
        if (st < 0) break;
    }
    return st;
}

/* Names of other cases in the text, beside those of the evidence and its words. */
static mkg_status count_foreign(const job *j, const mkg__case *k, mkg_view text,
                                size_t *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__claims *c = NULL;
    mkg__plain question = {0};

    MKG_GO(mkg__claims_new(&k->e, k->e.npieces, &c, err));
    MKG_GO(mkg__claims_read(c, text, err));
    MKG_GO(mkg__plain_put(&question, mkg__view(k->e.question, strlen(k->e.question)),
                          err));
    for (size_t i = 0; i < j->names.n; i++) {
        mkg_view name = j->names.at[i];
        size_t at = mkg__plain_find(&c->text, name, 0, false), end = at;
        if (at == SIZE_MAX) continue;
        while (end < at + name.len && !c->taken.ptr[end])
            end++;
        if (end == at + name.len &&
            mkg__plain_find(&question, name, 0, false) == SIZE_MAX)
            ++*out;
    }
out:
    mkg__plain_clear(&question);
    mkg__claims_free(c);
    return st;
}

/* ---- one answer ---- */

/* Does the sentence have what the piece is about, as the answer should write it? */
static bool has_name(mkg_view sentence, const mkg_piece *p, mkg_lang lang)
{
    mkg__buf forms[2] = {{0}, {0}};
    bool found = false;
    mkg__compact_name(&forms[0], mkg__read_piece(p).item, lang);
    mkg__put_data(&forms[1], mkg__read_piece(p).item, SIZE_MAX);
    for (size_t f = 0; f < 2 && !found; f++) {
        const char *name = mkg__buf_cstr(&forms[f]);
        for (size_t i = 0; name && i + forms[f].len <= sentence.len && !found; i++)
            found = memcmp(sentence.ptr + i, name, forms[f].len) == 0;
    }
    for (size_t f = 0; f < 2; f++)
        mkg__buf_clear(&forms[f]);
    return found;
}

static bool is_gold(const mkg__case *k, size_t number)
{
    for (size_t i = 0; i < k->ngold; i++)
        if (k->gold[i] == number) return true;
    return false;
}

static mkg_status count_sentence(const mkg__case *k, const char *text, bool kept,
                                 counts *n, char *told, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t cites[CITES], ncites;
    mkg_view v = mkg__view(text, strlen(text));
    mkg__claims *c = NULL;

    n->sentences++;
    n->supported += kept;
    ncites = mkg__cite_numbers(v, cites, CITES);
    if (ncites == SIZE_MAX) {
        n->citations++; /* of nothing */
        return MKG_OK;
    }
    for (size_t i = 0; i < ncites; i++) {
        const char *why = NULL;
        n->citations++;
        if (cites[i] < 1 || cites[i] > k->e.npieces) continue;
        bool exact = has_name(v, &k->e.pieces[cites[i] - 1], k->e.lang);
        n->exact += exact;
        n->extra += !is_gold(k, cites[i]);
        if (exact) told[cites[i]] = 1;
        if (!kept) {
            mkg__claims_free(c);
            c = NULL;
            MKG_GO(mkg__claims_new(&k->e, k->e.npieces, &c, err));
            MKG_GO(mkg__claims_check(c, v, &cites[i], 1, true, &why, err));
        }
        n->relevant += !why;
    }
out:
    mkg__claims_free(c);
    return st;
}

/* Would the closed constraint have allowed it? */
static mkg_status is_in_form(const job *j, const mkg__case *k, mkg_view text, bool *out,
                             mkg_err *err)
{
    mkg__automaton *a;
    *out = false;
    if (!j->has_frames || k->e.npieces < 1 || k->e.npieces > MKG__PATTERN_ITEMS)
        return MKG_OK;
    mkg_status st = mkg__ground_machine(&k->e, k->e.npieces, &j->frames, &a, err);
    if (st < 0) return st;
    uint32_t at = a->start;
    for (size_t i = 0; i < text.len && at != MKG__DEAD && at != MKG__BROKEN; i++)
        at = a->step(a, at, (unsigned char)text.ptr[i]);
    *out = at != MKG__DEAD && at != MKG__BROKEN && a->accepts(a, at);
    a->free(a);
    return MKG_OK;
}

static mkg_status count_text(const job *j, const mkg__case *k, mkg_view text, counts *n,
                             bool *nothing_left, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_answer checked = {0};
    bool in_form;
    char *told = mkg__calloc(k->e.npieces + 1, 1);

    if (!told) return mkg__nomem(err);
    MKG_GO(mkg__cite_check(&k->e, k->e.npieces, text, false, &checked, err));
    for (size_t i = 0; i < checked.nsentences; i++)
        MKG_GO(count_sentence(k, checked.sentences[i].text, true, n, told, err));
    for (size_t i = 0; i < checked.nremoved; i++)
        MKG_GO(count_sentence(k, checked.removed[i], false, n, told, err));
    n->removed += checked.nremoved;
    *nothing_left = checked.nsentences == 0;
    size_t stated = 0;
    for (size_t i = 0; i < k->ngold; i++)
        stated += told[k->gold[i]] != 0;
    n->with_gold += k->ngold > 0;
    n->without_gold += k->ngold == 0;
    n->complete += k->ngold > 0 && stated == k->ngold;
    n->quiet += k->ngold > 0 && n->citations == 0;
    n->refused += k->ngold == 0 && n->citations == 0;
    MKG_GO(count_foreign(j, k, text, &n->foreign, err));
    MKG_GO(is_in_form(j, k, text, &in_form, err));
    n->in_form += in_form;
out:
    mkg__arena_clear(&checked.arena);
    mkg__free(told);
    return st;
}

static void add_counts(counts *to, const counts *n)
{
    size_t *a = &to->cases;
    const size_t *b = &n->cases;
    for (size_t i = 0; i < (sizeof *n - offsetof(counts, cases)) / sizeof *a; i++)
        a[i] += b[i];
}

static counts *part_of(job *j, const char *kind)
{
    for (size_t i = 0; i < j->nparts; i++)
        if (strncmp(j->parts[i].name, kind, sizeof j->parts[i].name - 1) == 0)
            return &j->parts[i];
    if (j->nparts == MKG_ANSWERS_PARTS) return NULL;
    counts *p = &j->parts[j->nparts++];
    snprintf(p->name, sizeof p->name, "%s", kind);
    return p;
}

static mkg_status ask(job *j, const mkg__case *k, mkg_answer **a, const char **text,
                      mkg_err *err)
{
    *a = NULL;
    *text = k->answer;
    if (j->o->gold) return MKG_OK;
    mkg_status st = mkg_lm_answer(j->lm, &k->e, NULL, NULL, a, err);
    if (st < 0) return st;
    *text = (*a)->draft ? (*a)->draft : (*a)->text;
    if (!mkg__grow(&j->seconds, &j->cap_seconds, j->nseconds + 1, sizeof *j->seconds))
        return mkg__nomem(err);
    j->seconds[j->nseconds++] = (*a)->ms / 1e3;
    j->score->seconds += (*a)->ms / 1e3;
    j->score->tokens += (*a)->tokens;
    return MKG_OK;
}

static mkg_status one_case(job *j, mkg_view line, uint64_t number, mkg_err *err)
{
    mkg_status st;
    mkg__case k;
    mkg_answer *a = NULL;
    const char *text;
    counts n = {.cases = 1};
    bool nothing_left = false;

    MKG_GO(mkg__case_read(line, j->file, number, &k, err));
    MKG_GO(ask(j, &k, &a, &text, err));
    MKG_GO(count_text(j, &k, mkg__view(text, strlen(text)), &n, &nothing_left, err));
    j->score->fallbacks += nothing_left;
    add_counts(&j->all, &n);
    counts *part = part_of(j, k.kind);
    if (part) add_counts(part, &n);
    bool perfect = n.complete == n.with_gold && n.refused == n.without_gold &&
                   n.removed + n.foreign + n.extra == 0 && (n.in_form || !j->o->gold);
    if (!perfect && j->fn) {
        char *copy = mkg__viewdup(line);
        if (!copy) st = mkg__nomem(err);
        if (copy) j->fn(j->ctx, copy, &k.e, a);
        mkg__free(copy);
    }
out:
    mkg_answer_free(a);
    mkg__case_clear(&k);
    return st;
}

/* ---- the score ---- */

static double share(size_t of, size_t all)
{
    return all ? (double)of / (double)all : NAN;
}

static mkg_answers_part part_score(const counts *n, const char *name)
{
    mkg_answers_part p = {.cases = n->cases,
                          .exact = share(n->exact, n->citations),
                          .complete = share(n->complete, n->with_gold),
                          .precision = share(n->relevant, n->citations),
                          .recall = share(n->supported, n->sentences),
                          .refused = share(n->refused, n->without_gold),
                          .kept_quiet = share(n->quiet, n->with_gold),
                          .extra = share(n->extra, n->citations),
                          .foreign = n->foreign,
                          .removed = n->removed,
                          .in_form = n->in_form};
    snprintf(p.name, sizeof p.name, "%s", name);
    return p;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void finish(job *j)
{
    mkg_answers_score *s = j->score;
    s->all = part_score(&j->all, "all");
    for (; s->nparts < j->nparts; s->nparts++)
        s->parts[s->nparts] =
            part_score(&j->parts[s->nparts], j->parts[s->nparts].name);
    if (!j->nseconds) return;
    qsort(j->seconds, j->nseconds, sizeof *j->seconds, by_size);
    s->p50 = j->seconds[j->nseconds / 2];
    s->p95 = j->seconds[j->nseconds * 95 / 100];
}

static mkg_status all_cases(job *j, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view line;
    uint64_t number = 0;
    for (size_t at = 0; next_line(j, &at, &line);) {
        number++;
        if (!line.len) continue;
        if (j->o->limit && j->all.cases == j->o->limit) break;
        MKG_GO(one_case(j, line, number, err));
        if (j->o->progress &&
            j->o->progress(j->o->progress_ctx, "answering", at, j->text.len) != 0) {
            st = mkg__fail(err, MKG_ECANCEL, "cancelled");
            goto out;
        }
    }
out:
    return st;
}

mkg_status mkg_eval_answers(mkg_lm *lm, const char *path, const mkg_answers_opts *o,
                            mkg_answers_fn fn, void *ctx, mkg_answers_score *out,
                            mkg_err *err)
{
    mkg_status st = MKG_OK;
    job j = {.lm = lm, .file = path, .o = o, .fn = fn, .ctx = ctx, .score = out};

    memset(out, 0, sizeof *out);
    MKG_GO(mkg__file_read(path, FILE_MAX, &j.text, err));
    if (o->data) {
        MKG_GO(mkg__wordings_read(o->data, &j.frames, err));
        j.has_frames = true;
    }
    MKG_GO(collect_names(&j, err));
    MKG_GO(all_cases(&j, err));
    finish(&j);
out:
    mkg__buf_clear(&j.text);
    if (j.has_frames) mkg__wordings_clear(&j.frames);
    mkg__map_clear(&j.names.seen);
    mkg__free(j.names.at);
    mkg__arena_clear(&j.names.arena);
    mkg__free(j.seconds);
    return st;
}
