/* The mapping files at hand, and which of them a file fits. */
#include "import/tables_internal.h"

#include "base/err.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static int is_map(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return n > 5 && strcmp(e->d_name + n - 5, ".json") == 0;
}

mkg_status mkg__maps_add(mkg__import *im, const char *path, const mkg__recordmap **out,
                         mkg_err *err)
{
    mkg__recordmap *m;
    if (!mkg__grow(&im->maps, &im->maps_cap, im->nmaps + 1, sizeof *im->maps))
        return mkg__nomem(err);
    mkg_status st = mkg__map_load(path, &m, err);
    if (st < 0) return st;
    im->maps[im->nmaps++] = m;
    if (out) *out = m;
    return MKG_OK;
}

mkg_status mkg__maps_load(mkg__import *im, mkg_err *err)
{
    mkg_status st = MKG_OK;
    struct dirent **files = NULL;
    const char *folder = im->maps_loaded ? NULL : im->opts->maps;
    im->maps_loaded = true;
    int n = folder ? scandir(folder, &files, is_map, alphasort) : 0;
    for (int i = 0; i < n; i++) {
        char *path = st < 0 ? NULL : mkg__path_join(folder, files[i]->d_name);
        if (st >= 0) st = path ? mkg__maps_add(im, path, NULL, err) : mkg__nomem(err);
        mkg__free(path);
        free(files[i]);
    }
    free(files);
    return st;
}

void mkg__maps_free(mkg__import *im)
{
    for (size_t i = 0; i < im->nmaps; i++)
        mkg__map_free(im->maps[i]);
    mkg__free(im->maps);
    im->maps = NULL;
    im->nmaps = im->maps_cap = 0;
}

const mkg__recordmap *mkg__maps_called(const mkg__import *im, const char *name)
{
    for (size_t i = 0; i < im->nmaps; i++)
        if (strcmp(im->maps[i]->name, name) == 0) return im->maps[i];
    return NULL;
}

const mkg__recordmap *mkg__maps_of_record(const mkg__import *im, const json_t *record)
{
    const mkg__recordmap *found = NULL;
    for (size_t i = 0; i < im->nmaps; i++) {
        const mkg__recordmap *m = im->maps[i];
        bool fits = m->detect.n > (found ? found->detect.n : 0);
        for (size_t k = 0; k < m->detect.n && fits; k++)
            fits = json_object_get(record, m->detect.at[k]) != NULL;
        if (fits) found = m;
    }
    return found;
}

const mkg__recordmap *mkg__maps_of_head(const mkg__import *im, mkg_view head,
                                        const mkg__tablemap **table, size_t *how)
{
    const mkg__recordmap *found = NULL;
    *table = NULL;
    *how = 0;
    for (size_t i = 0; i < im->nmaps; i++) {
        const mkg__recordmap *m = im->maps[i];
        if (im->map && m != im->map) continue;
        for (size_t k = 0; k < (m->ntables ? m->ntables : 1); k++) {
            size_t n = m->ntables ? mkg__tablemap_fits(&m->tables[k], head, im->file)
                                  : mkg__header_fits(&m->detect, head);
            if (n <= *how) continue;
            *how = n;
            found = m;
            *table = m->ntables ? &m->tables[k] : NULL;
        }
    }
    return found;
}
