/* What a reader costs that is held open while others rewrite the store.
 *   bench_held MEDKG FACTS.tsv [TIMES]
 * The table is imported TIMES times, each time with one line more, in the place of the
 * one before, and compacted (--keep 0): once beside a reader that renews after each,
 * and once beside one that goes on looking at the first version. */
#include "kg/backup.h"
#include "kg/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static mkg_err err;

static void must(mkg_status st)
{
    if (st >= 0) return;
    fprintf(stderr, "bench_held: %s\n", err.msg);
    exit(4);
}

static void run(const char *command)
{
    if (system(command) == 0) return;
    fprintf(stderr, "bench_held: failed: %s\n", command);
    exit(4);
}

static double megabytes(const char *folder)
{
    char path[512];
    struct stat sb;
    snprintf(path, sizeof path, "%s/db/data.mdb", folder);
    return stat(path, &sb) == 0 ? (double)sb.st_size / 1e6 : 0;
}

static void rewrite(const char *medkg, const char *folder, int number)
{
    char line[2048];
    snprintf(line, sizeof line,
             "printf 'one more\\tsymptom\\tnumber %d\\t\\t\\n' >>%s/facts.tsv && "
             "%s -q -d %s/db import %s/facts.tsv >/dev/null && "
             "%s -q -d %s/db compact --keep 0 >/dev/null",
             number, folder, medkg, folder, folder, medkg, folder);
    run(line);
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/held-XXXXXX", line[2048];
    int times = argc > 3 ? atoi(argv[3]) : 10;

    if (argc < 3 || !mkdtemp(folder)) {
        fprintf(stderr, "usage: bench_held MEDKG FACTS.tsv [TIMES]\n");
        return 2;
    }
    for (int renews = 1; renews >= 0; renews--) {
        mkg_kg *kg;
        mkg_readers readers;
        snprintf(line, sizeof line, "rm -rf %s/db && cp %s %s/facts.tsv", folder,
                 argv[2], folder);
        run(line);
        rewrite(argv[1], folder, 0);
        snprintf(line, sizeof line, "%s/db", folder);
        must(mkg_kg_open(line, &kg, &err));
        printf("%-8s %7.1f", renews ? "renews" : "held", megabytes(folder));
        for (int i = 1; i <= times; i++) {
            rewrite(argv[1], folder, i);
            if (renews) must(mkg_kg_renew(kg, &err));
            printf(" %7.1f", megabytes(folder));
            fflush(stdout);
        }
        printf(" MB\n");
        fflush(stdout);
        must(mkg_kg_readers(kg, &readers, &err));
        snprintf(line, sizeof line, "%s -d %s/db stats | grep '^process' || true",
                 argv[1], folder);
        run(line);
        mkg_kg_close(kg);
    }
    snprintf(line, sizeof line, "rm -rf %s", folder);
    run(line);
    return 0;
}
