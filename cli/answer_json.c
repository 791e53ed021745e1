/* An answer as the one object of `ask --json`; keys in the order of docs/cli.md. */
#include "cli/cli.h"

#include <string.h>

static json_t *text_or_null(const char *s)
{
    return s && *s ? json_string(s) : json_null();
}

static json_t *mentions_json(const mkg_evidence *e)
{
    json_t *list = json_array();
    for (size_t i = 0; i < e->nmentions; i++) {
        const mkg_mention *m = &e->mentions[i];
        json_array_append_new(
            list,
            json_pack("{s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:f, s:b}", "text", m->text,
                      "start", (json_int_t)m->start, "end", (json_int_t)m->end, "node",
                      (json_int_t)m->node, "name", m->name, "type", m->type, "how",
                      m->how, "score", m->score, "negated", m->negated));
    }
    return list;
}

static json_t *relations_json(const mkg_evidence *e)
{
    json_t *list = json_array();
    for (size_t i = 0; i < e->nintents; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:f, s:s, s:b}", "relation", e->intents[i].name,
                            "score", e->intents[i].score, "label", e->intents[i].label,
                            "guessed", e->intents[i].guessed));
    return list;
}

static json_t *piece_json(size_t n, const mkg_piece *p)
{
    return json_pack("{s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:f, s:s, s:s, s:o, s:o, "
                     "s:s, s:o, s:f, s:I}",
                     "n", (json_int_t)n, "fact", (json_int_t)p->fact, "subject",
                     p->subject, "relation", p->relation, "object", p->object, "source",
                     p->source, "locator", p->locator, "score", p->score, "why", p->why,
                     "polarity", p->denied ? "-" : "+", "grade", text_or_null(p->grade),
                     "population", text_or_null(p->population), "label", p->label,
                     "source_version", text_or_null(p->source_version), "weight",
                     p->weight, "more_sources", (json_int_t)p->more_sources);
}

static json_t *evidence_json(const mkg_evidence *e)
{
    json_t *list = json_array();
    for (size_t i = 0; i < e->npieces; i++)
        json_array_append_new(list, piece_json(i + 1, &e->pieces[i]));
    return list;
}

static json_t *sentences_json(const mkg_answer *a)
{
    json_t *list = json_array();
    for (size_t i = 0; i < a->nsentences; i++) {
        const mkg_sentence *s = &a->sentences[i];
        json_t *cites = json_array();
        for (size_t k = 0; k < s->ncites; k++)
            json_array_append_new(cites, json_integer((json_int_t)s->cites[k]));
        json_array_append_new(list,
                              json_pack("{s:s, s:o, s:b}", "text", s->text, "cites",
                                        cites, "supported", (int)s->supported));
    }
    return list;
}

static json_t *strings_json(const char *const *texts, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(texts[i]));
    return list;
}

/* Pieces of which one states what the other denies. */
static json_t *conflicts_json(const mkg_evidence *e)
{
    json_t *list = json_array();
    for (size_t i = 0; i < e->nconflicts; i++)
        json_array_append_new(list, json_pack("{s:[I,I]}", "evidence",
                                              (json_int_t)e->conflicts[i].a + 1,
                                              (json_int_t)e->conflicts[i].b + 1));
    return list;
}

static json_t *missing_json(const mkg_evidence *e)
{
    json_t *list = json_array();
    for (size_t i = 0; i < e->nmissing; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s}", "what", e->missing[i].what, "searched",
                            e->missing[i].searched, "reason", e->missing[i].reason));
    return list;
}

json_t *cli_answer_json(const mkg_evidence *e, const mkg_answer *a)
{
    return json_pack(
        "{s:s, s:s, s:s, s:{s:I, s:s}, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, "
        "s:o, "
        "s:[], "
        "s:{s:s, s:o, s:I, s:I}, s:{s:f, s:f, s:f}, s:I, s:o, s:o}",
        "question", e->question, "language", mkg_lang_name(e->lang), "status",
        mkg_answer_status_name(e->status), "graph", "version",
        (json_int_t)e->graph_version, "hash", e->graph_hash, "mentions",
        mentions_json(e), "relations", relations_json(e), "evidence", evidence_json(e),
        "answer", a->text, "sentences", sentences_json(a), "removed",
        strings_json((const char *const *)a->removed, a->nremoved), "conflicts",
        conflicts_json(e), "not_found", missing_json(e), "warnings",
        strings_json((const char *const *)e->warnings, e->nwarnings), "hypotheses",
        "lm", "backend", a->backend, "model", text_or_null(a->model), "prompt_tokens",
        (json_int_t)a->prompt_tokens, "tokens", (json_int_t)a->tokens, "ms", "link",
        e->link_ms, "retrieve", e->retrieve_ms, "generate", a->ms, "more",
        (json_int_t)e->more, "verdict", text_or_null(mkg_verdict_name(e->verdict)),
        "reasons", strings_json((const char *const *)a->reasons, a->nremoved));
}
