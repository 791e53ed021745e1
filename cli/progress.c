/* The line on a terminal that says how far long work has come, and the way to stop it.
 */
#include "cli/cli.h"

#include "base/pool.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A signal handler can reach nothing but a global. */
static volatile sig_atomic_t stop_asked;

static void on_signal(int sig)
{
    (void)sig;
    stop_asked = 1;
}

void cli_catch_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction now, sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_signal;
    /* A second signal ends the program at once. */
    sa.sa_flags = (int)(SA_RESETHAND | SA_RESTART);
    sigemptyset(&sa.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaction(signals[i], &sa, NULL);
}

bool cli_stop_asked(void)
{
    return stop_asked;
}

void cli_progress_clear(cli *c)
{
    if (!c->progress.visible) return;
    fputs("\r\x1b[K", stderr);
    fflush(stderr);
    c->progress.visible = false;
}

/* "812 ", "8.1 k", "12 M": two digits are enough to see whether it moves. */
static void put_amount(char *out, size_t cap, double v)
{
    static const char *const prefix[] = {"", "k", "M", "G", "T"};
    size_t i = 0;
    while (v >= 1000 && i < 4) {
        v /= 1000;
        i++;
    }
    snprintf(out, cap, v < 10 && i ? "%.1f %s" : "%.0f %s", v, prefix[i]);
}

static void put_time(char *out, size_t cap, double seconds)
{
    unsigned long s = seconds < 360000 ? (unsigned long)(seconds + 0.5) : 359999;
    if (s == 0)
        snprintf(out, cap, "< 1 s");
    else if (s < 60)
        snprintf(out, cap, "%lu s", s);
    else if (s < 3600)
        snprintf(out, cap, "%lu:%02lu min", s / 60, s % 60);
    else
        snprintf(out, cap, "%lu:%02lu h", s / 3600, s / 60 % 60);
}

static void draw(cli_progress *p, double now, uint64_t done, uint64_t total)
{
    char amount[32], left[32];
    double seconds = now - p->stage_began;
    double rate = seconds > 0 ? (double)done / seconds : 0;

    put_amount(amount, sizeof amount, rate);
    fprintf(stderr, "\r\x1b[K%s", p->what);
    if (total) {
        double share = (double)done / (double)total;
        fprintf(stderr, " %3.0f%%", 100 * (share > 1 ? 1 : share));
    }
    fprintf(stderr, "  %s%s/s", amount, p->unit ? p->unit : "");
    if (total > done && rate > 0) {
        put_time(left, sizeof left, (double)(total - done) / rate);
        fprintf(stderr, "  %s left", left);
    }
    fflush(stderr);
    p->visible = true;
    p->shown = now;
}

int cli_on_progress(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    cli *c = ctx;
    cli_progress *p = &c->progress;

    if (stop_asked) return 1;
    if (c->quiet || !p->terminal) return 0;
    double now = mkg__now();
    if (strcmp(p->what, what) != 0) {
        snprintf(p->what, sizeof p->what, "%s", what);
        p->stage_began = now;
        p->shown = 0;
    }
    if (now - p->began >= 1 && now - p->shown >= 0.1) draw(p, now, done, total);
    return 0;
}
