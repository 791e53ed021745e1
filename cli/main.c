/* medkg: the table of commands, and what a status means to the caller of the program.
 */
#include "cli/cli.h"

#include "base/err.h"
#include "base/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int exit_code(mkg_status st)
{
    switch (st) {
    case MKG_OK:
    case MKG_END:
    case MKG_EXISTS:
        return 0;
    case MKG_NOTFOUND:
        return 1;
    case MKG_EARG:
        return 2;
    case MKG_EPARSE:
        return 3;
    case MKG_ENOMEM:
    case MKG_EIO:
    case MKG_ESTORE:
    case MKG_ECANCEL:
    case MKG_EBUSY:
        return 4;
    case MKG_ELM:
        return 5;
    case MKG_EPOLICY:
        return 6;
    }
    return 4;
}

/* A file opened where stdout was closed would take what we print: a store, for one. */
static void guard_descriptors(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)!open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY);
}

/* What is left to say when the machine stops us: a file that is cut off while it is
 * mapped, or a disk that cannot be read, is no error that a call returns. Only what is
 * safe in a signal handler. */
static void stop_on_fault(int number)
{
    static const char unread[] =
        "medkg: stopped: a file of the store could not be read; it was cut off, or the "
        "disk is bad; `medkg check --deep` tells more, a backup helps\n";
    static const char fault[] =
        "medkg: stopped by a fault: the store may be damaged, or this is an error of "
        "medkg; `medkg check --deep` tells more, a backup helps\n";
    if (number == SIGBUS)
        (void)!write(STDERR_FILENO, unread, sizeof unread - 1);
    else
        (void)!write(STDERR_FILENO, fault, sizeof fault - 1);
    _exit(4);
}

static void guard_faults(void)
{
    struct sigaction act;
    memset(&act, 0, sizeof act);
    act.sa_handler = stop_on_fault;
    act.sa_flags = (int)SA_RESETHAND;
    sigemptyset(&act.sa_mask);
    sigaction(SIGBUS, &act, NULL);
#ifndef __SANITIZE_ADDRESS__ /* its own report says more */
    sigaction(SIGSEGV, &act, NULL);
    sigaction(SIGABRT, &act, NULL);
#endif
}

static void start(cli *c)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    guard_descriptors();
    guard_faults();
    signal(SIGPIPE, SIG_IGN); /* the write fails, and that is told */
    c->screen = isatty(STDOUT_FILENO);
    c->colour =
        c->screen && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
    c->progress.terminal = isatty(STDERR_FILENO);
    c->progress.began = mkg__now();
}

static int finish(cli *c, mkg_status st)
{
    mkg_err err = {0};
    int code = exit_code(st);

    cli_progress_clear(c);
    if (!c->write_errno) {
        errno = 0;
        if (fflush(stdout) != 0) c->write_errno = errno ? errno : EIO;
    }
    if (st == MKG_ECANCEL && !c->err.msg[0])
        mkg__fail(&c->err, st, "stopped; the store is as it was");
    if (c->err.msg[0] && (st < 0 || st == MKG_NOTFOUND))
        cli_report(c, &c->err);
    else if (st < 0)
        fprintf(stderr, "medkg: %s\n", mkg_status_name(st));
    if (st == MKG_EARG && c->command)
        fprintf(stderr, "'medkg help %s' tells how to use it\n", c->command->name);
    if (c->write_errno == EPIPE && st >= 0) {
        code = exit_code(MKG_EIO); /* `medkg … | head` has what it wanted */
    } else if (c->write_errno && st >= 0) {
        mkg__fail(&err, MKG_EIO, "cannot write to standard output: %s",
                  strerror(c->write_errno));
        cli_report(c, &err);
        code = exit_code(MKG_EIO);
    }
    return code;
}

int main(int argc, char **argv)
{
    cli c = {0};
    mkg_status st;

    start(&c);
    if (argc < 2) {
        cli_usage(stderr);
        return exit_code(MKG_EARG);
    }
    st = cli_parse(&c, argc, argv);
    if (st < 0) return finish(&c, st);
    if (cli_global_flag(&c, "help")) {
        cli_help(&c, c.command);
        return finish(&c, MKG_OK);
    }
    if (cli_global_flag(&c, "version")) return finish(&c, cli_cmd_version(&c));
    if (!c.command) {
        cli_usage(stderr);
        return exit_code(MKG_EARG);
    }
    return finish(&c, c.command->run(&c));
}

mkg_status cli_cmd_version(cli *c)
{
    if (c->json)
        return cli_json(c, json_pack("{s:s, s:i}", "version", MKG_VERSION, "schema",
                                     (int)MKG_SCHEMA));
    cli_print(c, "medkg %s (store schema %d)\n", MKG_VERSION, (int)MKG_SCHEMA);
    return MKG_OK;
}
