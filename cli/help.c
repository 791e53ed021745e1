/* Help, written from the same tables that the parser reads. */
#include "cli/cli.h"

#include "base/err.h"

#include <string.h>

static const struct {
    char digit;
    const char *meaning;
} exit_codes[] = {
    {'0', "done"},
    {'1', "ran, and found nothing (no such node, no evidence)"},
    {'2', "wrong usage"},
    {'3', "bad input data (file:line: what is wrong)"},
    {'4', "store or system (disk full, locked, damaged, stopped by a signal)"},
    {'5', "language model or remote endpoint"},
    {'6', "refused: patient data would leave the machine, or a policy forbids it"},
};

void cli_usage(FILE *to)
{
    fputs("usage: medkg [-d DB] [--json] [--quiet] COMMAND ...\n"
          "'medkg help' lists the commands.\n",
          to);
}

static void paragraph(mkg__buf *b, const char *text, size_t indent)
{
    cli_blanks(b, indent);
    cli_wrap(b, mkg__view(text, strlen(text)), indent, indent, CLI_WIDTH);
    mkg__buf_byte(b, '\n');
}

/* "  left      right", the right side wrapped in its own column. */
static void entry(mkg__buf *b, const char *left, const char *right, size_t column)
{
    size_t w = 2 + mkg__utf8_width(left, strlen(left));
    mkg__buf_printf(b, "  %s", left);
    if (w + 2 > column) {
        mkg__buf_byte(b, '\n');
        w = 0;
    }
    cli_blanks(b, column - w);
    cli_wrap(b, mkg__view(right, strlen(right)), column, column, CLI_WIDTH);
    mkg__buf_byte(b, '\n');
}

static void put_right(const cli_option *o, mkg__buf *right)
{
    mkg__buf_str(right, o->help);
    if (o->unit) mkg__buf_printf(right, ", in %s", o->unit);
    if (o->kind == CLI_CHOICE) {
        const char *const *names = o->choices();
        mkg__buf_str(right, ": ");
        for (size_t i = 0; names[i]; i++)
            mkg__buf_printf(right, "%s%s", i ? ", " : "", names[i]);
    }
    bool open = false;
    if (o->kind == CLI_COUNT && o->max < INT64_MAX) {
        mkg__buf_printf(right, " (%llu to %llu", (unsigned long long)o->min,
                        (unsigned long long)o->max);
        open = true;
    } else if (o->kind == CLI_POSITIVE) {
        mkg__buf_str(right, " (greater than 0");
        open = true;
    }
    if (o->initial)
        mkg__buf_printf(right, "%sdefault %s", open ? "; " : " (", o->initial);
    if (open || o->initial) mkg__buf_byte(right, ')');
}

static void options(mkg__buf *b, const cli_option *at, size_t n, size_t column)
{
    mkg__buf left = {0}, right = {0};
    for (size_t i = 0; i < n; i++) {
        const cli_option *o = &at[i];
        left.len = right.len = 0;
        if (o->letter) mkg__buf_printf(&left, "-%c", o->letter);
        if (!o->letter || o->name[1])
            mkg__buf_printf(&left, "%s--%s", o->letter ? ", " : "", o->name);
        if (o->kind != CLI_FLAG) mkg__buf_printf(&left, " %s", o->arg);
        put_right(o, &right);
        const char *l = mkg__buf_cstr(&left), *r = mkg__buf_cstr(&right);
        if (!l || !r) b->failed = true;
        if (l && r) entry(b, l, r, column);
    }
    mkg__buf_clear(&left);
    mkg__buf_clear(&right);
}

static void exits(mkg__buf *b, const char *digits, const char *one)
{
    char digit[2] = "";
    mkg__buf_str(b, "\nExit codes:\n");
    for (size_t i = 0; i < sizeof exit_codes / sizeof *exit_codes; i++) {
        digit[0] = exit_codes[i].digit;
        const char *meaning = one && digit[0] == '1' ? one : exit_codes[i].meaning;
        if (strchr(digits, digit[0])) entry(b, digit, meaning, 6);
    }
}

static void about_command(mkg__buf *b, const cli_command *k)
{
    mkg__buf_printf(b, "medkg %s: %s\n\nUsage: medkg %s%s%s%s\n\n", k->name, k->brief,
                    k->name, *k->args ? " " : "", k->args,
                    k->noptions ? " [options]" : "");
    paragraph(b, k->about, 0);
    if (k->noptions) {
        mkg__buf_str(b, "\nOptions:\n");
        options(b, k->options, k->noptions, 24);
    }
    mkg__buf_printf(b, "\nThe options of all commands are in 'medkg help'.\n");
    mkg__buf_printf(b, "\nExample:\n  %s\n", k->example);
    mkg__buf_str(b,
                 "\nWith --json, such an object on one line (fields may be added):\n");
    paragraph(b, k->shape, 2);
    exits(b, k->exits, k->one);
}

static void about_program(mkg__buf *b)
{
    mkg__buf_str(b, "medkg: a medical knowledge graph that answers questions, on one "
                    "machine\n\nUsage: medkg [-d DB] [--json] [--quiet] COMMAND ...\n\n"
                    "Commands:\n");
    const cli_command *k;
    for (size_t i = 0; (k = cli_command_at(i)); i++)
        entry(b, k->name, k->brief, 12);
    mkg__buf_str(b, "\nOptions of all commands, before or after the command:\n");
    options(b, cli_globals, cli_nglobals, 18);
    mkg__buf_byte(b, '\n');
    paragraph(
        b,
        "'medkg help COMMAND' or 'medkg COMMAND --help' tells the rest. '--' ends "
        "the options. Results go to stdout, everything else to stderr. Tables are cut "
        "to 80 columns; --json prints all.",
        0);
    mkg__buf_str(b, "\nEnvironment:\n");
    entry(b, "MEDKG_DB", "folder of the store, if there is no -d", 18);
    entry(b, "MEDKG_DATA", "folder with relations.tsv and maps/", 18);
    entry(b, "MEDKG_LM", "what answers, if there is no --lm", 18);
    entry(b, "MEDKG_LM_MODEL", "name of the model at a remote endpoint", 18);
    entry(b, "NO_COLOR", "if not empty, no colour on a terminal either", 18);
    exits(b, "0123456", NULL);
}

void cli_help(cli *c, const cli_command *of)
{
    mkg__buf b = {0};
    if (of)
        about_command(&b, of);
    else
        about_program(&b);
    cli_put(c, b.ptr, b.failed ? 0 : b.len);
    mkg__buf_clear(&b);
}

/* ---- help --json ---- */

static json_t *choices_json(const cli_option *o)
{
    if (o->kind != CLI_CHOICE) return json_null();
    json_t *list = json_array();
    for (const char *const *p = o->choices(); *p; p++)
        json_array_append_new(list, json_string(*p));
    return list;
}

static json_t *option_json(const cli_option *o)
{
    static const char *const kinds[] = {"flag",     "text", "file",  "count",
                                        "positive", "size", "choice"};
    char letter[2] = {o->letter, '\0'};
    bool counts = o->kind == CLI_COUNT;
    return json_pack("{s:s, s:o, s:s, s:s?, s:s?, s:o, s:o, s:o, s:s}", "name", o->name,
                     "letter", o->letter ? json_string(letter) : json_null(), "kind",
                     kinds[o->kind], "default", o->initial, "unit", o->unit, "min",
                     counts ? json_integer((json_int_t)o->min) : json_null(), "max",
                     counts ? json_integer((json_int_t)o->max) : json_null(), "choices",
                     choices_json(o), "help", o->help);
}

static json_t *options_json(const cli_option *at, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, option_json(&at[i]));
    return list;
}

static json_t *command_json(const cli_command *k)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:s}", "name", k->name, "args", k->args,
                     "brief", k->brief, "options",
                     options_json(k->options, k->noptions), "shape", k->shape);
}

mkg_status cli_cmd_help(cli *c)
{
    const cli_command *of = NULL;

    if (c->nargs) {
        mkg_status st = cli_take_command(c, c->args[0], &of);
        if (st < 0) return st;
        if (c->nargs > 1 && !cli_take_part(c->args[1], &of))
            return mkg__fail(&c->err, MKG_EARG,
                             "%s has no part '%s' with help of its own", of->name,
                             c->args[1]);
    }
    if (!c->json) {
        cli_help(c, of);
        return MKG_OK;
    }
    json_t *list = json_array();
    const cli_command *k;
    for (size_t i = 0; (k = cli_command_at(i)); i++)
        if (!of || of == k) json_array_append_new(list, command_json(k));
    return cli_json(c, json_pack("{s:o, s:o}", "commands", list, "options",
                                 options_json(cli_globals, cli_nglobals)));
}
