/* The part of the graph that --types and --relations ask for. */
#include "cli/cli.h"

#include "base/err.h"

#include <string.h>

static mkg_status unknown_relation(cli *c, mkg_kg *kg, mkg_view name)
{
    mkg_status st;
    mkg__arena arena = {0};
    const char *names[512];
    size_t n = 0;

    for (size_t i = 0; i < mkg_kg_relation_count(kg) && n < 512; i++) {
        mkg_view r = mkg_kg_relation_at(kg, i)->name;
        char *copy = mkg__arena_dup(&arena, r.ptr, r.len);
        if (copy) names[n++] = copy;
    }
    char *word = mkg__arena_dup(&arena, name.ptr, name.len);
    st = word ? cli_unknown(c, "the relation", word, "is not in this graph", names, n)
              : mkg__nomem(&c->err);
    mkg__arena_clear(&arena);
    return st;
}

mkg_status cli_take_relation(cli *c, mkg_kg *kg, const char *word, mkg_id *id,
                             const mkg_relation **out)
{
    const mkg_relation *r = mkg_kg_find_relation(kg, mkg__view(word, strlen(word)));
    if (!r) return unknown_relation(c, kg, mkg__view(word, strlen(word)));
    *id = r->id;
    if (out) *out = r;
    return MKG_OK;
}

mkg_status cli_read_part(cli *c, mkg_kg *kg, cli_part *p)
{
    mkg_status st = MKG_OK;
    const char *types = cli_opt_text(c, "types"),
               *relations = cli_opt_text(c, "relations");

    if (types) p->ntypes = cli_split(types, p->types, CLI_PART_MAX);
    if (relations)
        p->nrelations = cli_split(relations, p->relation_names, CLI_PART_MAX);
    if (p->ntypes > CLI_PART_MAX || p->nrelations > CLI_PART_MAX)
        return mkg__fail(&c->err, MKG_EARG, "more than %d types or relations",
                         (int)CLI_PART_MAX);
    for (size_t i = 0; i < p->ntypes; i++)
        MKG_GO(cli_check_type(c, kg, p->types[i]));
    for (size_t i = 0; i < p->nrelations; i++) {
        const mkg_relation *r = mkg_kg_find_relation(kg, p->relation_names[i]);
        if (!r) return unknown_relation(c, kg, p->relation_names[i]);
        p->relations[i] = r->id;
    }
out:
    return st;
}
