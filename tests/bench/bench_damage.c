/* Damaged copies of a small store, and what the program answers from them.
 *   bench_damage MEDKG FILE [COPIES [FROM]]
 * FILE is imported into a new store; copies FROM .. FROM + COPIES - 1 of it are
 * damaged, each in its own way given by its number alone, and a fixed set of look-ups
 * and questions is run on each. An answer is right if output and exit code are what
 * they are on the sound store; "detected" is exit code 4 with a sentence, after no
 * output or the beginning of the right one. Exits with 1 if there was a wrong answer or
 * a crash. */
#include "base/mem.h"
#include "base/rng.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, ARGS = 8, OUTPUT = 1 << 20 };

static const char *const commands[][ARGS] = {
    {"stats"},
    {"sources"},
    {"search", "糖尿病"},
    {"search", "diabetes"},
    {"search", "hypertensoin"},
    {"search", "ICD10:I10"},
    {"search", "没有这种病"},
    {"search", "cough", "--json"},
    {"show", "感冒"},
    {"show", "asthma"},
    {"show", "ICD10:E11"},
    {"show", "#700"},
    {"show", "#2909"},
    {"show", "nothing of the kind"},
    {"show", "高血压", "--json"},
    {"ask", "--lm", "none", "感冒有什么症状"},
    {"ask", "--lm", "none", "糖尿病有哪些并发症"},
    {"ask", "--lm", "none", "高血压吃什么药"},
    {"ask", "--lm", "none", "哮喘应该做什么检查"},
    {"ask", "--lm", "none", "痛风不能吃什么"},
    {"ask", "--lm", "none", "肺炎挂什么科"},
    {"ask", "--lm", "none", "阿司匹林有什么不良反应"},
    {"ask", "--lm", "none", "骨质疏松怎么预防"},
    {"ask", "--lm", "none", "外星病有什么症状"},
    {"ask", "--lm", "none", "What are the symptoms of asthma?"},
    {"ask", "--lm", "none", "What is gout?"},
    {"ask", "--lm", "none", "Which diseases cause fever?"},
    {"ask", "--lm", "none", "How is hypertension treated?"},
    {"ask", "--lm", "none", "What are the side effects of metformin?"},
    {"ask", "--lm", "none", "Which tests are done for pneumonia?"},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

typedef struct answer {
    char *out;
    size_t n;
    int status; /* as wait(2) gives it */
    bool said;  /* something on stderr */
} answer;

static char folder[4096], db[4200];
static answer sound[COMMANDS];

static void die(const char *what)
{
    perror(what);
    exit(4);
}

static char *read_all(const char *name, size_t *n)
{
    char path[4400];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    char *p = malloc(4 * OUTPUT);
    if (!f || !p) die(path);
    *n = fread(p, 1, 4 * OUTPUT, f);
    fclose(f);
    return p;
}

static void write_all(const char *name, const char *p, size_t n)
{
    char path[4400];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0) die(path);
}

static void redirect(int fd, const char *name)
{
    char path[4400];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (to < 0 || dup2(to, fd) < 0) _exit(126);
}

static answer run(const char *medkg, const char *const *args)
{
    answer a = {0};
    const char *argv[ARGS + 4] = {medkg, "-d", db};
    size_t n;
    for (size_t i = 0; i < ARGS && args[i]; i++)
        argv[3 + i] = args[i];
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        redirect(1, "out");
        redirect(2, "err");
        execv(medkg, (char *const *)(uintptr_t)argv);
        _exit(126);
    }
    if (pid < 0 || waitpid(pid, &a.status, 0) != pid) die("run");
    a.out = read_all("out", &a.n);
    free(read_all("err", &n));
    a.said = n > 0;
    return a;
}

/* ---- damage ---- */

enum { FLIP_ONE, FLIP_MANY, ZERO, NOISE, CUT, SWAP, MISPLACED, SUMS, KINDS };
static const char *const kind_names[KINDS] = {"one byte flipped",
                                              "2 to 32 bytes flipped",
                                              "a sector of zeros",
                                              "a page of noise",
                                              "cut off",
                                              "two pages swapped",
                                              "a page over another",
                                              "pages.sum"};

typedef struct files {
    char *data, *sums;
    size_t data_size, sums_size;
} files;

static int damage(const files *f, uint64_t number)
{
    mkg__rng r = mkg__rng_new(1, number, 0);
    int kind = (int)(number % KINDS);
    uint32_t size = (uint32_t)f->data_size, pages = size / PAGE;
    char *data = malloc(f->data_size), *sums = malloc(f->sums_size);
    if (!data || !sums) die("memory");
    memcpy(data, f->data, f->data_size);
    memcpy(sums, f->sums, f->sums_size);
    uint32_t a = mkg__rng_below(&r, pages), b = mkg__rng_below(&r, pages);
    uint32_t count = kind == FLIP_ONE ? 1 : 2 + mkg__rng_below(&r, 31);
    switch (kind) {
    case FLIP_ONE:
    case FLIP_MANY:
        for (uint32_t i = 0; i < count; i++)
            data[mkg__rng_below(&r, size)] ^= (char)(1 + mkg__rng_below(&r, 255));
        break;
    case ZERO:
        memset(data + (size_t)a * PAGE + (size_t)mkg__rng_below(&r, 8) * 512, 0, 512);
        break;
    case NOISE:
        for (size_t i = 0; i < PAGE; i++)
            data[(size_t)a * PAGE + i] = (char)mkg__rng_below(&r, 256);
        break;
    case CUT:
        size = mkg__rng_below(&r, size);
        break;
    case SWAP:
        memcpy(data + (size_t)a * PAGE, f->data + (size_t)b * PAGE, PAGE);
        memcpy(data + (size_t)b * PAGE, f->data + (size_t)a * PAGE, PAGE);
        break;
    case MISPLACED:
        memcpy(data + (size_t)a * PAGE, f->data + (size_t)b * PAGE, PAGE);
        break;
    case SUMS:
        sums[mkg__rng_below(&r, (uint32_t)f->sums_size)] ^=
            (char)(1 + mkg__rng_below(&r, 255));
        break;
    }
    write_all("db/data.mdb", data, size);
    write_all("db/pages.sum", sums, f->sums_size);
    free(data);
    free(sums);
    return kind;
}

/* ---- the verdict ---- */

typedef enum verdict { HARMLESS, DETECTED, CRASH, WRONG, VERDICTS } verdict;

static verdict judge(const answer *a, const answer *right)
{
    if (!WIFEXITED(a->status)) return CRASH;
    if (a->status == right->status && a->n == right->n &&
        memcmp(a->out, right->out, a->n) == 0)
        return HARMLESS;
    if (WEXITSTATUS(a->status) == 4 && a->said && a->n <= right->n &&
        memcmp(a->out, right->out, a->n) == 0)
        return DETECTED;
    return WRONG;
}

static verdict judge_copy(const char *medkg, uint64_t number, size_t answers[VERDICTS])
{
    verdict worst = HARMLESS;
    for (size_t i = 0; i < COMMANDS; i++) {
        answer a = run(medkg, commands[i]);
        verdict v = judge(&a, &sound[i]);
        answers[v]++;
        if (v > worst) worst = v;
        if (v >= CRASH)
            printf("copy %llu: %s: %s %s %s %s\n", (unsigned long long)number,
                   v == CRASH ? "crash" : "wrong answer", commands[i][0],
                   commands[i][1] ? commands[i][1] : "",
                   commands[i][2] ? commands[i][2] : "",
                   commands[i][3] ? commands[i][3] : "");
        free(a.out);
    }
    return worst;
}

static void report(size_t by_kind[KINDS][VERDICTS], const size_t answers[VERDICTS])
{
    size_t sum[VERDICTS] = {0};
    printf("%-24s %8s %8s %8s %8s\n", "damage", "detected", "harmless", "wrong",
           "crash");
    for (int k = 0; k < KINDS; k++) {
        printf("%-24s %8zu %8zu %8zu %8zu\n", kind_names[k], by_kind[k][DETECTED],
               by_kind[k][HARMLESS], by_kind[k][WRONG], by_kind[k][CRASH]);
        for (int v = 0; v < VERDICTS; v++)
            sum[v] += by_kind[k][v];
    }
    printf("%-24s %8zu %8zu %8zu %8zu\n", "copies", sum[DETECTED], sum[HARMLESS],
           sum[WRONG], sum[CRASH]);
    printf("%-24s %8zu %8zu %8zu %8zu\n", "answers", answers[DETECTED],
           answers[HARMLESS], answers[WRONG], answers[CRASH]);
}

int main(int argc, char **argv)
{
    static size_t by_kind[KINDS][VERDICTS], answers[VERDICTS];
    const char *tmp = getenv("TMPDIR");
    uint64_t copies = argc > 3 ? strtoull(argv[3], NULL, 10) : 1000;
    uint64_t from = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
    files f;

    if (argc < 3) {
        fprintf(stderr, "usage: bench_damage MEDKG FILE [COPIES [FROM]]\n");
        return 2;
    }
    snprintf(folder, sizeof folder, "%s/medkg-damage-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(folder)) die(folder);
    snprintf(db, sizeof db, "%s/db", folder);
    const char *const import[ARGS] = {"import", argv[2]};
    answer made = run(argv[1], import);
    if (made.status != 0) die("import");
    free(made.out);
    f.data = read_all("db/data.mdb", &f.data_size);
    f.sums = read_all("db/pages.sum", &f.sums_size);
    for (size_t i = 0; i < COMMANDS; i++) {
        sound[i] = run(argv[1], commands[i]);
        if (!WIFEXITED(sound[i].status) || WEXITSTATUS(sound[i].status) > 1)
            die(commands[i][1]);
    }
    for (uint64_t i = from; i < from + copies; i++) {
        int kind = damage(&f, i);
        by_kind[kind][judge_copy(argv[1], i, answers)]++;
    }
    report(by_kind, answers);
    for (size_t i = 0; i < COMMANDS; i++)
        free(sound[i].out);
    free(f.data);
    free(f.sums);
    static const char *const left[] = {"db/data.mdb", "db/pages.sum",   "db/lock.mdb",
                                       "out",         "db/writer.lock", "err"};
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        char path[4400];
        snprintf(path, sizeof path, "%s/%s", folder, left[i]);
        unlink(path);
    }
    rmdir(db);
    rmdir(folder);
    return answers[WRONG] || answers[CRASH];
}
