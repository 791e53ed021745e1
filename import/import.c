/* Choosing the reader, counting what it could not read, committing or forgetting. */
#include "import/concepts_internal.h"

#include "base/err.h"
#include "base/pool.h"
#include "base/text.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A reader of another format is one more line here. */
static const mkg__format *const formats[] = {
    &mkg__format_triples, &mkg__format_records,   &mkg__format_obo,
    &mkg__format_babelon, &mkg__format_obographs, &mkg__format_rdf,
    &mkg__format_owl,     &mkg__format_hetionet,  &mkg__format_kgx,
    &mkg__format_rrf,     &mkg__format_rf2,       &mkg__format_mesh,
    &mkg__format_claml,   &mkg__format_icd10cm,   &mkg__format_neo4j,
    &mkg__format_drkg,    &mkg__format_table};
enum { FORMATS = sizeof formats / sizeof *formats };

static const char *names[FORMATS + 1];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void list_names(void)
{
    for (size_t i = 0; i < FORMATS; i++)
        names[i] = formats[i]->name;
}

const char *const *mkg_import_formats(void)
{
    pthread_once(&once, list_names);
    return names;
}

/* The message without what it quotes, and without numbers. */
static void kind_of_message(const char *msg, char *out, size_t cap)
{
    size_t n = 0;
    while (*msg && n + 8 < cap) {
        const char *end = *msg == '\'' ? strchr(msg + 1, '\'') : NULL;
        if (end && (n == 0 || out[n - 1] == ' ' || out[n - 1] == '(')) {
            memcpy(out + n, "'\xe2\x80\xa6'", 5);
            n += 5;
            msg = end + 1;
        } else if (*msg >= '0' && *msg <= '9' &&
                   (n == 0 || out[n - 1] == ' ' || out[n - 1] == 'N')) {
            if (n == 0 || out[n - 1] != 'N') out[n++] = 'N';
            msg++;
        } else {
            out[n++] = *msg++;
        }
    }
    out[mkg__clip(mkg__view(out, n), n)] = '\0';
}

/* Count what is told by its kind. */
static void count_kind(const mkg__import *im, const mkg_err *e, bool remark)
{
    mkg_import_result *r = im->result;
    char what[sizeof r->kinds[0].what];
    size_t i = 0;
    if (!r) return;
    kind_of_message(e->msg, what, sizeof what);
    while (i < r->nkinds &&
           (r->kinds[i].remark != remark || strcmp(r->kinds[i].what, what) != 0))
        i++;
    if (i == MKG_IMPORT_KINDS) i--;
    mkg_import_kind *k = &r->kinds[i];
    if (i == r->nkinds) {
        r->nkinds++;
        *k = (mkg_import_kind){.remark = remark, .line = e->line};
        snprintf(k->what, sizeof k->what, "%s",
                 i + 1 < MKG_IMPORT_KINDS ? what : "other kinds");
        snprintf(k->file, sizeof k->file, "%.*s",
                 mkg__clip(mkg__view(e->file, strlen(e->file)), sizeof k->file - 1),
                 e->file);
    }
    k->n++;
}

mkg_status mkg__import_skip(mkg__import *im, const mkg_err *e, mkg_err *err)
{
    if (im->skipped++ == 0) im->first = *e;
    count_kind(im, e, false);
    if (im->opts->on_skip) im->opts->on_skip(im->opts->skip_ctx, e);
    if (!im->opts->strict) return MKG_OK;
    if (err) *err = *e;
    return MKG_EPARSE;
}

mkg_status mkg__import_fault(mkg__import *im, mkg_status st, mkg_err *e, uint64_t line,
                             mkg_err *err)
{
    bool broken = im->ahead ? mkg__ahead_broken(im->ahead) : mkg__stream_broken(im->s);
    if (st != MKG_EPARSE || broken) {
        if (err) *err = *e;
        return st;
    }
    if (!e->file[0]) snprintf(e->file, sizeof e->file, "%s", im->file);
    if (!e->line) e->line = line;
    return mkg__import_skip(im, e, err);
}

void mkg__import_remark(const mkg__import *im, uint64_t line, const char *fmt, ...)
{
    mkg_err e;
    char text[sizeof e.msg];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    mkg__fail_at(&e, MKG_OK, im->file, line, 0, "%s", text);
    count_kind(im, &e, true);
    if (im->opts->on_skip) im->opts->on_skip(im->opts->skip_ctx, &e);
}

mkg_status mkg__import_relation(mkg__import *im, mkg_view name, uint64_t line,
                                const mkg_relation **out, mkg_err *err)
{
    size_t before = mkg_writer_new_relations(im->w);
    mkg_status st = mkg_writer_relation(im->w, name, out, err);
    if (st >= 0 && mkg_writer_new_relations(im->w) > before)
        mkg__import_remark(im, line, "the relation '%.*s' is new: no vocabulary has it",
                           mkg__clip(name, 60), name.ptr);
    return st;
}

mkg_status mkg__import_tick(mkg__import *im, mkg_err *err)
{
    uint64_t done, total;
    if (!im->opts->progress || ++im->ticks % 256 != 0) return MKG_OK;
    if (im->ahead)
        mkg__ahead_progress(im->ahead, &done, &total);
    else
        mkg__stream_progress(im->s, &done, &total);
    if (im->opts->progress(im->opts->progress_ctx, "reading", done, total) == 0)
        return MKG_OK;
    return mkg__fail(err, MKG_ECANCEL, "cancelled; the store is as it was before");
}

/* The format that was asked for; NULL if none was. The name of a mapping file in the
 * folder of maps is one, too. */
static mkg_status asked_format(mkg__import *im, const mkg__format **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    const char *asked = im->opts->format;
    *out = NULL;
    if (im->opts->map) MKG_GO(mkg__maps_add(im, im->opts->map, &im->map, err));
    for (size_t i = 0; asked && i < FORMATS; i++)
        if (strcmp(formats[i]->name, asked) == 0) *out = formats[i];
    if (asked && !*out && !im->map) {
        MKG_GO(mkg__maps_load(im, err));
        im->map = mkg__maps_called(im, asked);
    }
    if (*out == &mkg__format_table && !im->map) MKG_GO(mkg__maps_load(im, err));
    if (im->map && (!*out || *out == &mkg__format_records))
        *out = im->map->ntables ? &mkg__format_table : &mkg__format_records;
    if (asked && !*out) return mkg__fail(err, MKG_EARG, "unknown format '%s'", asked);
out:
    return st;
}

/* What the format is called: tables have the name of their map. */
static const char *format_name(const mkg__import *im, const mkg__format *format)
{
    return format == &mkg__format_table && im->map ? im->map->name : format->name;
}

/* Open it, and have its first bytes in UTF-8. */
static mkg_status open_file(mkg__import *im, const char *path, mkg_view *head,
                            mkg_err *err)
{
    mkg__stream_close(im->s);
    im->s = NULL;
    mkg_status st = mkg__stream_open(path, &im->s, err);
    if (st < 0) return st;
    im->file = mkg__stream_name(im->s);
    st = mkg__stream_to_utf8(im->s, &im->encoding, err);
    return st < 0 ? st : mkg__stream_peek(im->s, head, err);
}

enum { SURE = 90 }; /* what no mapping file can contest */

/* The reader that is surest, and how sure it is. Mapping files are looked at where no
 * reader is sure enough without. */
static mkg_status recognise(mkg__import *im, mkg_view head, const mkg__format **out,
                            int *best, mkg_err *err)
{
    *out = NULL;
    *best = 0;
    for (int pass = 0; pass < 2 && *best < SURE; pass++) {
        if (pass == 1) {
            mkg_status st = mkg__maps_load(im, err);
            if (st < 0) return st;
        }
        for (size_t i = 0; i < FORMATS; i++) {
            int sure = formats[i]->recognise(im, head);
            if (sure <= *best) continue;
            *best = sure;
            *out = formats[i];
        }
    }
    return MKG_OK;
}

/* Of a table, the map that it fits. */
static const mkg__recordmap *map_of(const mkg__import *im, const mkg__format *format,
                                    mkg_view head)
{
    const struct mkg__tablemap *table;
    size_t how;
    if (format != &mkg__format_table &&
        (format != &mkg__format_records || mkg__is_json(head)))
        return NULL;
    return mkg__maps_of_head(im, head, &table, &how);
}

/* What is recognised and not read, with what makes it something that is. */
static const struct {
    const char *starts[3];
    const char *advice;
} refused[] = {
    {{"Prefix: ", "Ontology: ", NULL},
     "this is OWL in Manchester syntax: convert it first, 'robot convert --input FILE "
     "--output FILE.obo'"},
    {{"OntologyDocument(", "Prefix(", NULL},
     "this is OWL in functional syntax: convert it first, 'robot convert --input FILE "
     "--output FILE.obo'"},
    {{"\xd0\xcf\x11\xe0", NULL, NULL},
     "this is an old Excel file: save its sheet as CSV UTF-8, or 'libreoffice "
     "--headless --convert-to csv FILE'"}};

static mkg_status refuse(const mkg__import *im, mkg_view head, mkg_err *err)
{
    head = mkg__skip_blank(head);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        for (size_t k = 0; k < 3 && refused[i].starts[k]; k++) {
            size_t n = strlen(refused[i].starts[k]);
            if (head.len >= n && memcmp(head.ptr, refused[i].starts[k], n) == 0)
                return mkg__fail_at(err, MKG_EPARSE, im->file, 1, 0, "%s",
                                    refused[i].advice);
        }
    return MKG_OK;
}

static mkg_status choose_format(mkg__import *im, const char *path,
                                const mkg__format **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view head;
    int sure;
    MKG_GO(asked_format(im, out, err));
    MKG_GO(open_file(im, path, &head, err));
    if (head.len == 0)
        return mkg__fail_at(err, MKG_EPARSE, im->file, 0, 0, "the file is empty");
    if (!*out) MKG_GO(recognise(im, head, out, &sure, err));
    if (*out && !im->map) im->map = map_of(im, *out, head);
    if (!im->opts->format && !im->opts->map) MKG_GO(refuse(im, head, err));
    if (*out) return MKG_OK;
    return mkg__fail_at(
        err, MKG_EPARSE, im->file, 0, 0,
        "the format is not recognised: name it with --format (docs/import.md lists the "
        "formats)");
out:
    return st;
}

/* A folder has the format of the file that is recognised most surely; files of another
 * are left out, and told. */
static mkg_status choose_parts(mkg__import *im, const char *folder,
                               const mkg__format **out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view head;
    int best = 0, sure;
    const mkg__recordmap *map = im->map;
    struct part {
        const mkg__format *format;
        const mkg__recordmap *map;
    } *of = NULL;

    MKG_GO(mkg__parts_list(folder, &im->parts, err));
    of = mkg__calloc(im->parts.n + 1, sizeof *of);
    if (!of) {
        st = mkg__nomem(err);
        goto out;
    }
    for (size_t i = 0; i < im->parts.n; i++) {
        MKG_GO(open_file(im, im->parts.at[i], &head, err));
        if (*out && (*out)->recognise(im, head) > 0)
            of[i] = (struct part){*out, im->map};
        if (im->opts->format || im->map) continue;
        MKG_GO(recognise(im, head, &of[i].format, &sure, err));
        of[i].map = of[i].format ? map_of(im, of[i].format, head) : NULL;
        if (of[i].format && of[i].format->folders && sure > best) {
            best = sure;
            *out = of[i].format;
            map = of[i].map;
        }
    }
    im->map = map;
    for (size_t i = im->parts.n; i > 0 && *out; i--) {
        if (of[i - 1].format == *out && of[i - 1].map == map) continue;
        im->file = mkg__path_base(im->parts.at[i - 1]);
        mkg__import_remark(im, 0, "the file is not in the format '%s': left out",
                           format_name(im, *out));
        mkg__parts_drop(&im->parts, i - 1);
    }
    if (!*out || im->parts.n == 0)
        st = mkg__fail_at(err, MKG_EPARSE, mkg__path_base(folder), 0, 0,
                          "no file of the folder is in a format that is read from "
                          "folders (docs/import.md lists them)");
out:
    mkg__free(of);
    return st;
}

/* Is this very file in the graph? Only a file of a size that is known is read for it.
 */
static mkg_status known_file(mkg_writer *w, const char *path, mkg_id *source,
                             mkg_err *err)
{
    struct stat sb;
    unsigned char sha[MKG_SHA256_BYTES];
    char hex[MKG_SHA256_HEX];
    uint64_t size;

    if (stat(path, &sb) != 0 || !S_ISREG(sb.st_mode)) return MKG_NOTFOUND;
    mkg_status st = mkg_writer_find_size(w, (uint64_t)sb.st_size, err);
    if (st != MKG_OK) return st;
    st = mkg__file_sha256(path, sha, &size, err);
    if (st < 0) return st;
    mkg__hex(sha, sizeof sha, hex);
    return mkg_writer_find_sha256(w, hex, source, err);
}

static mkg_status already(mkg_kg *kg, mkg_id id, mkg_import_result *result,
                          mkg_err *err)
{
    mkg_source s;
    mkg_status st = mkg_kg_source(kg, id, &s, err);
    if (st < 0) return st;
    result->source = id;
    snprintf(result->name, sizeof result->name, "%.*s", (int)s.name.len, s.name.ptr);
    snprintf(result->format, sizeof result->format, "%.*s", (int)s.format.len,
             s.format.ptr);
    return MKG_EXISTS;
}

static mkg_status nothing_read(const mkg__import *im, mkg_err *err)
{
    if (im->skipped == 0)
        return mkg__fail_at(err, MKG_EPARSE, im->file, 0, 0,
                            "the file holds no record");
    if (im->skipped == 1)
        return mkg__fail_at(err, MKG_EPARSE, im->file, im->first.line, im->first.col,
                            "the only record cannot be read: %.400s", im->first.msg);
    return mkg__fail_at(err, MKG_EPARSE, im->file, im->first.line, im->first.col,
                        "none of the %llu records can be read; the first: %.300s%s",
                        (unsigned long long)im->skipped, im->first.msg,
                        im->encoding == MKG_UNKNOWN
                            ? " (the file is not UTF-8, nor GB18030, nor UTF-16 with a "
                              "byte order mark; iconv converts other encodings)"
                            : "");
}

/* A source of this name and format is an older version of this one. */
static mkg_status choose_replaced(mkg__import *im, mkg_err *err)
{
    mkg_status st;
    mkg_source s;
    mkg_id limit = im->opts->new_sources ? im->opts->new_sources : UINT32_MAX;
    if (im->opts->keep_both) return MKG_OK;
    for (mkg_id id = 0; (st = mkg_kg_next_source(im->kg, &id, &s, err)) == MKG_OK;)
        if (id < limit && mkg__view_is(s.name, im->name) &&
            mkg__view_is(s.format, im->format))
            mkg_writer_replace(im->w, id);
    return st < 0 ? st : MKG_OK;
}

/* What was read, once it is read: the SHA-256 of a file; of a folder, that of the names
 * and sums of its files. */
typedef struct sum {
    char hex[MKG_SHA256_HEX];
    uint64_t size;
} sum;

static mkg_status sum_file(mkg__import *im, mkg__sha256 *parts, sum *out, mkg_err *err)
{
    unsigned char sha[MKG_SHA256_BYTES];
    uint64_t size, total;
    mkg_status st = mkg__stream_sha256(im->s, sha, err);
    if (st < 0) return st;
    mkg__stream_progress(im->s, &size, &total);
    out->size += size;
    mkg__hex(sha, sizeof sha, out->hex);
    if (!parts) return MKG_OK;
    const char *name = mkg__stream_name(im->s);
    mkg__sha256_add(parts, name, strlen(name) + 1);
    mkg__sha256_add(parts, sha, sizeof sha);
    return MKG_OK;
}

static mkg_status read_parts(mkg__import *im, const mkg__format *format, sum *out,
                             mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_view head;
    unsigned char sha[MKG_SHA256_BYTES];
    mkg__sha256 *all = mkg__sha256_new();
    if (!all) return mkg__nomem(err);
    for (im->part = 0; im->part < im->parts.n; im->part++) {
        MKG_GO(open_file(im, im->parts.at[im->part], &head, err));
        MKG_GO(format->read(im, err));
        MKG_GO(sum_file(im, all, out, err));
    }
    mkg__sha256_end(all, sha);
    mkg__hex(sha, sizeof sha, out->hex);
out:
    mkg__sha256_free(all);
    return st;
}

static mkg_status finish(mkg__import *im, const sum *what, mkg_import_result *result,
                         mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg_id source;
    mkg_writer_counts c;

    if (im->opts->compare)
        return mkg_writer_compare(im->w, im->opts->compare, im->opts->on_difference,
                                  im->opts->difference_ctx, &result->diff, err);
    MKG_GO(mkg_writer_find_sha256(im->w, what->hex, &source, err));
    if (st == MKG_OK) return already(im->kg, source, result, err);
    MKG_GO(choose_replaced(im, err));
    if (im->opts->dry_run)
        MKG_GO(mkg_writer_preview(im->w, &c, err));
    else
        MKG_GO(mkg_writer_commit(im->w, what->hex, what->size, im->skipped,
                                 im->opts->progress, im->opts->progress_ctx, &c, err));
    result->source = im->opts->dry_run ? MKG_ID_NONE : c.source;
    result->nodes = c.nodes;
    result->names = c.names;
    result->facts = c.facts;
    result->new_nodes = c.new_nodes;
    result->new_facts = c.new_facts;
    result->new_relations = c.new_relations;
    result->replaced = c.replaced;
    result->diff = c.diff;
    st = MKG_OK;
out:
    return st;
}

/* "META" of "/umls/META/". */
static const char *folder_name(const char *path, char *out, size_t cap)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    size_t from = n;
    while (from > 0 && path[from - 1] != '/')
        from--;
    snprintf(out, cap, "%.*s", (int)(n - from), path + from);
    return out;
}

mkg_status mkg_import_file(mkg_kg *kg, const char *path, const mkg_import_opts *opts,
                           mkg_import_result *result, mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__import im = {.kg = kg, .opts = opts, .result = result};
    const mkg__format *format;
    mkg_id source;
    sum what = {"", 0};
    char base[256];
    double t0 = mkg__now();

    memset(result, 0, sizeof *result);
    MKG_GO(asked_format(&im, &format, err));
    bool folder = mkg__is_folder(path) && (!format || format->folders);
    if (folder) {
        MKG_GO(choose_parts(&im, path, &format, err));
        im.file = folder_name(path, base, sizeof base);
    } else {
        MKG_GO(choose_format(&im, path, &format, err));
    }
    mkg_source_info info = {.name = opts->source,
                            .file = im.file,
                            .format = format_name(&im, format),
                            .version = opts->version,
                            .licence = opts->licence,
                            .memory = opts->memory,
                            .merge_xref = opts->merge_xref};
    snprintf(im.name, sizeof im.name, "%s", info.name ? info.name : im.file);
    snprintf(result->format, sizeof result->format, "%s", info.format);
    im.format = info.format;
    MKG_GO(mkg_writer_new(kg, &info, &im.w, err));
    st = opts->compare ? MKG_NOTFOUND : known_file(im.w, path, &source, err);
    if (st < 0) goto out;
    if (st == MKG_OK) {
        st = already(kg, source, result, err);
        goto out;
    }
    if (folder) {
        MKG_GO(read_parts(&im, format, &what, err));
    } else {
        MKG_GO(format->read(&im, err));
        MKG_GO(sum_file(&im, NULL, &what, err));
    }
    if (im.read == 0) {
        st = nothing_read(&im, err);
        goto out;
    }
    st = finish(&im, &what, result, err);
out:
    if (!result->name[0]) memcpy(result->name, im.name, sizeof result->name);
    result->skipped = im.skipped;
    result->seconds = mkg__now() - t0;
    mkg__concepts *shared = im.shared;
    im.shared = NULL; /* nobody fills it any more */
    mkg__concepts_free(shared);
    mkg_writer_free(im.w);
    mkg__stream_close(im.s);
    mkg__parts_clear(&im.parts);
    mkg__maps_free(&im);
    return st;
}
