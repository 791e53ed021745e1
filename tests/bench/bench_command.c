/* Whole processes as a user runs them: wall time and peak memory.
 *   bench_command RUNS COMMAND [ARGUMENT ...]
 * The command's output is thrown away; a failing command fails the benchmark. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int run(char **argv)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open("/dev/null", O_RDWR);
        if (fd < 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0) _exit(126);
        execvp(argv[0], argv);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) return 126;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
    long runs = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
    struct rusage usage;
    if (runs < 1 || runs > 100000) {
        fprintf(stderr, "usage: bench_command RUNS COMMAND [ARGUMENT ...]\n");
        return 2;
    }
    double *ms = malloc((size_t)runs * sizeof *ms);
    if (!ms) return 4;
    for (long i = 0; i < runs; i++) {
        double t0 = now_ms();
        int code = run(argv + 2);
        ms[i] = now_ms() - t0;
        if (code != 0) {
            fprintf(stderr, "bench_command: %s: exit code %d\n", argv[2], code);
            free(ms);
            return 1;
        }
    }
    qsort(ms, (size_t)runs, sizeof *ms, by_value);
    getrusage(RUSAGE_CHILDREN, &usage);
    printf(
        "wall ms: min %.1f  median %.1f  max %.1f;  peak memory %ld MB;  %ld run%s\n",
        ms[0], ms[runs / 2], ms[runs - 1], usage.ru_maxrss / 1024, runs,
        runs == 1 ? "" : "s");
    free(ms);
    return 0;
}
