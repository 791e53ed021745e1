/* The same work as `medkg lm bench`, done by llama.cpp, to compare with: bench_llama
 * LIBRARIES FILE PROMPT GENERATE THREADS. LIBRARIES is the folder with its shared
 * libraries, such as node_modules/@node-llama-cpp/linux-x64/bins/linux-x64 of an
 * installed node-llama-cpp. Prints JSON.
 *
 * Nothing of llama.cpp is needed to build this: its functions are looked up by name.
 * Its parameter structures differ between versions, so they are taken as bytes, as its
 * own functions fill them; only the leading numbers, which have not changed, are set.
 */
#include "base/pool.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct params {
    uint32_t first[4]; /* of a context: n_ctx, n_batch, n_ubatch, n_seq_max */
    char rest[1024];
} params;

typedef struct batch {
    int32_t n;
    void *fields[6];
} batch;

static struct llama {
    void (*load_all)(const char *folder);
    void (*log_set)(void (*fn)(int, const char *, void *), void *);
    params (*model_defaults)(void);
    params (*context_defaults)(void);
    void *(*load)(const char *path, params p);
    void *(*init)(void *model, params p);
    void (*set_threads)(void *context, int32_t one, int32_t many);
    batch (*get_one)(int32_t *tokens, int32_t n);
    int32_t (*decode)(void *context, batch b);
    void *(*memory)(void *context);
    void (*clear)(void *memory, _Bool data);
} llama;

static void quiet(int level, const char *text, void *ctx)
{
    (void)ctx;
    if (level == 4) fputs(text, stderr);
}

/* Open the libraries whose names begin so, and keep the last one. */
static void *open_library(const char *folder, const char *begin)
{
    char path[4096];
    void *lib = NULL;
    DIR *d = opendir(folder);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        size_t n = strlen(e->d_name);
        if (strncmp(e->d_name, begin, strlen(begin)) != 0 || n < 4 ||
            !strstr(e->d_name, ".so"))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        lib = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
        if (!lib) fprintf(stderr, "%s\n", dlerror());
    }
    if (d) closedir(d);
    return lib;
}

static void find(void *lib, const char *name, void *out)
{
    void *p = lib ? dlsym(lib, name) : NULL;
    if (!p) {
        fprintf(stderr, "bench_llama: there is no %s\n", name);
        exit(1);
    }
    memcpy(out, &p, sizeof p);
}

static void open_llama(const char *folder)
{
    open_library(folder, "libggml-base.");
    void *ggml = open_library(folder, "libggml."),
         *lib = open_library(folder, "libllama.");
    find(ggml, "ggml_backend_load_all_from_path", &llama.load_all);
    find(lib, "llama_log_set", &llama.log_set);
    find(lib, "llama_model_default_params", &llama.model_defaults);
    find(lib, "llama_context_default_params", &llama.context_defaults);
    find(lib, "llama_model_load_from_file", &llama.load);
    find(lib, "llama_init_from_model", &llama.init);
    find(lib, "llama_set_n_threads", &llama.set_threads);
    find(lib, "llama_batch_get_one", &llama.get_one);
    find(lib, "llama_decode", &llama.decode);
    find(lib, "llama_get_memory", &llama.memory);
    find(lib, "llama_memory_clear", &llama.clear);
    llama.log_set(quiet, NULL);
    llama.load_all(folder);
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        fprintf(stderr, "usage: bench_llama LIBRARIES FILE PROMPT GENERATE THREADS\n");
        return 2;
    }
    int32_t prompt = atoi(argv[3]), generate = atoi(argv[4]), threads = atoi(argv[5]);
    double best_prompt = 0, best_generate = 0;
    open_llama(argv[1]);
    void *model = llama.load(argv[2], llama.model_defaults());
    params p = llama.context_defaults();
    p.first[0] = (uint32_t)(prompt + generate + 8);
    void *context = model ? llama.init(model, p) : NULL;
    int32_t *ids = calloc((size_t)(prompt + generate), sizeof *ids);
    if (!context || !ids) {
        fprintf(stderr, "bench_llama: %s cannot be used\n", argv[2]);
        return 1;
    }
    llama.set_threads(context, threads, threads);
    for (int32_t i = 0; i < prompt + generate; i++)
        ids[i] = i * 7919 % 1900;
    for (int turn = 0; turn < 3; turn++) {
        llama.clear(llama.memory(context), 1);
        double t0 = mkg__now();
        if (llama.decode(context, llama.get_one(ids, prompt)) != 0) return 1;
        double t1 = mkg__now();
        for (int32_t i = 0; i < generate; i++)
            if (llama.decode(context, llama.get_one(ids + prompt + i, 1)) != 0)
                return 1;
        double t2 = mkg__now();
        if (prompt / (t1 - t0) > best_prompt) best_prompt = prompt / (t1 - t0);
        if (generate / (t2 - t1) > best_generate) best_generate = generate / (t2 - t1);
    }
    printf("{\"threads\":%d,\"prompt\":%.1f,\"generate\":%.1f}\n", threads, best_prompt,
           best_generate);
    return 0;
}
