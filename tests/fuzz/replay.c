/* The fuzz targets as ordinary tests: runs files, and the files of folders, through
 * LLVMFuzzerTestOneInput(). Fails when there is none, or when the target does. */
#include "fuzz.h"

#include "base/io.h"

#include <dirent.h>

enum { INPUT_MAX = 64 << 20 };

static size_t runs;

static void run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct stat sb;
    CHECK(f);
    CHECK(fstat(fileno(f), &sb) == 0 && sb.st_size <= INPUT_MAX);
    size_t n = (size_t)sb.st_size;
    uint8_t *data = malloc(n ? n : 1); /* no byte more: reads behind it show */
    CHECK(data && fread(data, 1, n, f) == n);
    fclose(f);
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(data, n);
    free(data);
    runs++;
}

static int is_visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static void run_path(const char *path)
{
    struct dirent **files;
    int n = scandir(path, &files, is_visible, alphasort);
    if (n < 0) run_file(path);
    for (int i = 0; i < n; i++) {
        char *file = mkg__path_join(path, files[i]->d_name);
        CHECK(file);
        run_file(file);
        mkg__free(file);
        free(files[i]);
    }
    if (n >= 0) free(files);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        run_path(argv[i]);
    CHECK(runs > 0);
    return 0;
}
