/* argv by the tables: options with their types and ranges, the command, the rest. */
#include "cli/cli.h"

#include "base/err.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const cli_option cli_globals[] = {
    {.name = "db",
     .letter = 'd',
     .kind = CLI_FILE,
     .arg = "DB",
     .help = "folder of the store; if not given, $MEDKG_DB, else medkg.db"},
    {.name = "json", .help = "print one JSON object on one line instead of text"},
    {.name = "quiet", .letter = 'q', .help = "nothing on stderr but errors"},
    {.name = "verbose", .letter = 'v', .help = "more on stderr"},
    {.name = "help", .letter = 'h', .help = "help for the command"},
    {.name = "version", .help = "the version of the program (before the command)"},
};
const size_t cli_nglobals = sizeof cli_globals / sizeof *cli_globals;

/* A table of options and where their values go. */
typedef struct option_set {
    const cli_option *at;
    cli_value *values;
    size_t n;
} option_set;

static option_set global_set(cli *c)
{
    return (option_set){cli_globals, c->globals, cli_nglobals};
}

static option_set command_set(cli *c)
{
    if (!c->command) return (option_set){0};
    return (option_set){c->command->options, c->values, c->command->noptions};
}

/* ---- names ---- */

const char *cli_nearest(const char *word, const char *const *names, size_t n)
{
    mkg_view w = {word, strlen(word)};
    size_t count = mkg__utf8_count(word, w.len);
    size_t best = count <= 3 ? 1 : count <= 6 ? 2 : 3;
    const char *found = NULL;

    for (size_t i = 0; i < n; i++) {
        mkg_view name = {names[i], strlen(names[i])};
        size_t d = mkg__edit_distance(w, name, best);
        /* Equally near: the first of the table. */
        if (d < best || (d == best && !found)) {
            best = d;
            found = names[i];
        }
    }
    return found;
}

mkg_status cli_unknown(cli *c, const char *what, const char *word, const char *problem,
                       const char *const *names, size_t n)
{
    enum { FEW = 16 };
    const char *near = cli_nearest(word, names, n);
    mkg__buf list = {0};

    if (near) {
        mkg__buf_printf(&list, "; did you mean '%s'?", near);
    } else if (n > 0 && n <= FEW) {
        for (size_t i = 0; i < n; i++)
            mkg__buf_printf(&list, "%s%s", i ? ", " : "; there are: ", names[i]);
    }
    const char *hint = mkg__buf_cstr(&list);
    mkg_status st = mkg__fail(&c->err, MKG_EARG, "%s '%s' %s%s", what, word, problem,
                              hint ? hint : "");
    mkg__buf_clear(&list);
    return st;
}

static mkg_status unknown_option(cli *c, const char *shown, const char *name,
                                 size_t len)
{
    const char *names[CLI_OPTIONS_MAX + CLI_GLOBALS_MAX];
    size_t n = 0;
    char word[64];

    const cli_command *k;
    for (size_t at = 0; !c->command && (k = cli_command_at(at)); at++)
        for (size_t i = 0; i < k->noptions; i++)
            if (strlen(k->options[i].name) == len &&
                memcmp(k->options[i].name, name, len) == 0)
                return mkg__fail(
                    &c->err, MKG_EARG,
                    "option '%s' belongs to a command and stands after it, "
                    "as in 'medkg %s %s'",
                    shown, k->name, shown);
    if (c->command)
        for (size_t i = 0; i < c->command->noptions; i++)
            names[n++] = c->command->options[i].name;
    for (size_t i = 0; i < cli_nglobals; i++)
        names[n++] = cli_globals[i].name;
    const char *near = NULL;
    if (len < sizeof word && len > 1) {
        memcpy(word, name, len);
        word[len] = '\0';
        near = cli_nearest(word, names, n);
    }
    if (near)
        return mkg__fail(&c->err, MKG_EARG, "unknown option '%s'; did you mean '--%s'?",
                         shown, near);
    return mkg__fail(&c->err, MKG_EARG, "unknown option '%s'", shown);
}

/* ---- values ---- */

mkg_status cli_check_text(cli *c, const char *what, const char *text)
{
    size_t bad;
    if (!mkg__utf8_valid(text, strlen(text), &bad))
        return mkg__fail(&c->err, MKG_EARG, "%s is not valid UTF-8 at byte %zu", what,
                         bad + 1);
    if (mkg__trim(mkg__view(text, strlen(text))).len == 0)
        return mkg__fail(&c->err, MKG_EARG, "%s is empty", what);
    return MKG_OK;
}

static mkg_status set_choice(cli *c, const cli_option *o, const char *shown,
                             const char *text)
{
    const char *const *names = o->choices();
    size_t n = 0;
    for (; names[n]; n++)
        if (strcmp(names[n], text) == 0) return MKG_OK;
    char what[80];
    snprintf(what, sizeof what, "%s:", shown);
    return cli_unknown(c, what, text, "is not known", names, n);
}

/* "256M", "2g", "1073741824". */
static bool parse_size(mkg_view text, uint64_t *out)
{
    static const char units[] = "KMGT";
    unsigned shift = 0;
    if (text.len) {
        char last = text.ptr[text.len - 1];
        const char *unit = strchr(units, last >= 'a' && last <= 'z' ? last - 32 : last);
        if (unit && *unit) {
            shift = 10 * (unsigned)(unit - units + 1);
            text.len--;
        }
    }
    if (!mkg__parse_u64(text, out) || *out > UINT64_MAX >> shift) return false;
    *out <<= shift;
    return true;
}

static mkg_status set_value(cli *c, const cli_option *o, const char *shown,
                            const char *text, cli_value *v)
{
    char what[80];
    snprintf(what, sizeof what, "the value of %s", shown);
    mkg_view view = {text, strlen(text)};
    mkg_status st = MKG_OK;

    switch (o->kind) {
    case CLI_FLAG:
        break;
    case CLI_TEXT:
        st = cli_check_text(c, what, text);
        break;
    case CLI_FILE:
        if (!view.len) st = mkg__fail(&c->err, MKG_EARG, "%s is empty", what);
        break;
    case CLI_COUNT:
        if (!mkg__parse_u64(view, &v->number) || v->number < o->min ||
            v->number > o->max)
            st =
                mkg__fail(&c->err, MKG_EARG,
                          "%s: '%s' is not a whole number between %llu and %llu", shown,
                          text, (unsigned long long)o->min, (unsigned long long)o->max);
        break;
    case CLI_SIZE:
        if (!parse_size(view, &v->number) || v->number < o->min || v->number > o->max)
            st = mkg__fail(&c->err, MKG_EARG,
                           "%s: '%s' is not a size such as 256M or 2G, of %llu bytes "
                           "at least",
                           shown, text, (unsigned long long)o->min);
        break;
    case CLI_POSITIVE:
        if (!mkg__parse_double(view, &v->real) || !(v->real > 0))
            st = mkg__fail(&c->err, MKG_EARG, "%s: '%s' is not a number greater than 0",
                           shown, text);
        break;
    case CLI_CHOICE:
        st = set_choice(c, o, shown, text);
        break;
    }
    v->text = text;
    return st;
}

static mkg_status set_defaults(cli *c, option_set set)
{
    for (size_t i = 0; i < set.n; i++) {
        if (!set.at[i].initial || set.values[i].given) continue;
        mkg_status st =
            set_value(c, &set.at[i], set.at[i].name, set.at[i].initial, &set.values[i]);
        assert(st >= 0); /* a default is one of ours */
        if (st < 0) return st;
    }
    return MKG_OK;
}

/* ---- argv ---- */

typedef struct reader {
    char **argv;
    int argc, at;
} reader;

/* Find by name (n bytes), or by letter if `name` is one letter after one dash. The
 * command's own options hide the global ones: `import --version V`. */
static const cli_option *find(cli *c, const char *name, size_t n, bool is_short,
                              cli_value **value)
{
    option_set sets[] = {command_set(c), global_set(c)};
    for (size_t s = 0; s < 2; s++)
        for (size_t i = 0; i < sets[s].n; i++) {
            const cli_option *o = &sets[s].at[i];
            bool hit = is_short ? o->letter == name[0]
                                : strlen(o->name) == n && memcmp(o->name, name, n) == 0;
            if (!hit) continue;
            *value = &sets[s].values[i];
            return o;
        }
    return NULL;
}

/* "--name", "--name=value", "-x", "-xvalue" at r->argv[r->at]. */
static mkg_status take_option(cli *c, reader *r)
{
    const char *arg = r->argv[r->at];
    bool is_short = arg[1] != '-';
    const char *name = arg + (is_short ? 1 : 2);
    const char *equals = is_short ? NULL : strchr(name, '=');
    size_t n = is_short ? 1 : equals ? (size_t)(equals - name) : strlen(name);
    const char *text = is_short ? (name[1] ? name + 1 : NULL)
                       : equals ? equals + 1
                                : NULL;
    cli_value *value;
    char shown[80];

    snprintf(shown, sizeof shown, "%s%.*s", is_short ? "-" : "--",
             (int)(n < 70 ? n : 70), name);
    const cli_option *o = find(c, name, n, is_short, &value);
    if (!o) return unknown_option(c, is_short ? arg : shown, name, n);
    value->given = true;
    if (o->kind == CLI_FLAG) {
        if (text && is_short) return unknown_option(c, arg, name, strlen(name));
        if (text) return mkg__fail(&c->err, MKG_EARG, "%s takes no value", shown);
        return MKG_OK;
    }
    if (!text) {
        if (r->at + 1 >= r->argc)
            return mkg__fail(&c->err, MKG_EARG, "%s needs a value: %s", shown, o->arg);
        text = r->argv[++r->at];
    }
    return set_value(c, o, shown, text, value);
}

mkg_status cli_take_command(cli *c, const char *word, const cli_command **out)
{
    enum { COMMANDS_MAX = 64 };
    const char *names[COMMANDS_MAX];
    size_t n = 0;

    *out = NULL;
    const cli_command *k;
    for (size_t i = 0; (k = cli_command_at(i)) && n < COMMANDS_MAX; i++) {
        if (strcmp(k->name, word) == 0) *out = k;
        names[n++] = k->name;
    }
    if (*out) return MKG_OK;
    return cli_unknown(c, "there is no command", word, "in this version", names, n);
}

bool cli_take_part(const char *word, const cli_command **command)
{
    size_t n = strlen((*command)->name);
    const cli_command *k;
    for (size_t i = 0; (k = cli_command_at(i)); i++)
        if (strncmp(k->name, (*command)->name, n) == 0 && k->name[n] == ' ' &&
            strcmp(k->name + n + 1, word) == 0) {
            *command = k;
            return true;
        }
    return false;
}

/* The first argument may name a part of the command that has options of its own. */
static bool take_part(cli *c, const char *word)
{
    for (size_t i = 0; i < c->command->noptions; i++)
        if (c->values[i].given) return false;
    return c->nargs == 0 && cli_take_part(word, &c->command);
}

static mkg_status check_args(cli *c)
{
    const cli_command *k = c->command;
    if (c->nargs < k->min_args)
        return mkg__fail(&c->err, MKG_EARG, "%s needs an argument: %s", k->name,
                         k->args);
    if (c->nargs > k->max_args) {
        if (k->max_args == 0)
            return mkg__fail(&c->err, MKG_EARG,
                             "%s takes no argument, but there is '%s'", k->name,
                             c->args[0]);
        return mkg__fail(
            &c->err, MKG_EARG,
            "%s takes %s, but there is also '%s'; put what belongs together "
            "in quotes",
            k->name, k->args, c->args[k->max_args]);
    }
    return MKG_OK;
}

static void apply_globals(cli *c)
{
    const char *env = getenv("MEDKG_DB");
    c->db = c->globals[0].text ? c->globals[0].text : env && *env ? env : "medkg.db";
    c->json = cli_global_flag(c, "json");
    c->quiet = cli_global_flag(c, "quiet");
    c->verbose = cli_global_flag(c, "verbose");
}

mkg_status cli_parse(cli *c, int argc, char **argv)
{
    mkg_status st = MKG_OK;
    reader r = {argv, argc, 1};
    bool options = true;

    /* Arguments are gathered at the front of argv, where they have been read already.
     */
    c->args = (const char **)argv;
    for (; r.at < r.argc; r.at++) {
        const char *arg = argv[r.at];
        if (options && strcmp(arg, "--") == 0) {
            options = false;
        } else if (options && arg[0] == '-' && arg[1]) {
            MKG_GO(take_option(c, &r));
        } else if (!c->command) {
            MKG_GO(cli_take_command(c, arg, &c->command));
        } else if (!options || !take_part(c, arg)) {
            c->args[c->nargs++] = arg;
        }
    }
    apply_globals(c);
    if (!c->command) return MKG_OK;
    assert(c->command->noptions <= CLI_OPTIONS_MAX);
    MKG_GO(set_defaults(c, command_set(c)));
    if (!cli_global_flag(c, "help")) st = check_args(c);
out:
    return st;
}

/* ---- what commands ask for ---- */

static const cli_value *value_of(const cli *c, const char *name)
{
    for (size_t i = 0; i < c->command->noptions; i++)
        if (strcmp(c->command->options[i].name, name) == 0) return &c->values[i];
    assert(false && "an option of the command's table");
    return &c->values[0];
}

const char *cli_opt_text(const cli *c, const char *name)
{
    return value_of(c, name)->text;
}

uint64_t cli_opt_count(const cli *c, const char *name)
{
    return value_of(c, name)->number;
}

double cli_opt_real(const cli *c, const char *name)
{
    return value_of(c, name)->real;
}

bool cli_opt_given(const cli *c, const char *name)
{
    return value_of(c, name)->given;
}

bool cli_global_flag(const cli *c, const char *name)
{
    for (size_t i = 0; i < cli_nglobals; i++)
        if (strcmp(cli_globals[i].name, name) == 0) return c->globals[i].given;
    assert(false && "a global option");
    return false;
}

size_t cli_split(const char *list, mkg_view *out, size_t cap)
{
    size_t n = 0;
    for (const char *p = list, *end; *p; p = *end ? end + 1 : end) {
        end = p + strcspn(p, ",");
        mkg_view item = mkg__trim(mkg__view(p, (size_t)(end - p)));
        if (item.len == 0) continue;
        if (n < cap) out[n] = item;
        n++;
    }
    return n;
}
