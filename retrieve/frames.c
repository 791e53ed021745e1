/* Reading data/question_frames.tsv. */
#include "retrieve/classify_internal.h"

#include "base/err.h"
#include "base/io.h"

#include <string.h>

enum { FILE_MAX = 4 << 20, COLUMNS = 4 };

static mkg_status read_line(mkg__frames *f, mkg_view line, const char *file,
                            uint64_t number, mkg_err *err)
{
    static const char *const names[MKG_FRAME_KINDS] = {"frame", "say",   "none", "open",
                                                       "close", "aside", "thing"};
    mkg_view column[COLUMNS];
    size_t n = 0, kind = 0;

    for (; n < COLUMNS; n++) {
        const char *tab = memchr(line.ptr, '\t', line.len);
        if (!tab || n + 1 == COLUMNS) {
            column[n++] = line;
            break;
        }
        column[n] = mkg__view(line.ptr, (size_t)(tab - line.ptr));
        line = mkg__view(tab + 1, line.len - column[n].len - 1);
    }
    if (n != COLUMNS || memchr(column[3].ptr, '\t', column[3].len))
        return mkg__fail_at(err, MKG_EPARSE, file, number, 0, "a line has %d columns",
                            COLUMNS);
    while (kind < MKG_FRAME_KINDS && !mkg__view_is(column[0], names[kind]))
        kind++;
    if (kind == MKG_FRAME_KINDS)
        return mkg__fail_at(err, MKG_EPARSE, file, number, 1,
                            "'%.*s' is no kind of line", mkg__clip(column[0], 40),
                            column[0].ptr);
    mkg_lang lang = mkg__lang_parse(column[1].ptr, column[1].len);
    if (lang == MKG_LANG_NONE || column[3].len == 0)
        return mkg__fail_at(err, MKG_EPARSE, file, number, 0,
                            "a line needs a language (zh, en) and a text");
    if (mkg__view_is(column[2], "-")) column[2] = mkg__view("", 0);
    struct mkg__frame_list *l = &f->kinds[kind];
    if (!mkg__grow(&l->at, &l->cap, l->n + 1, sizeof *l->at)) return mkg__nomem(err);
    l->at[l->n++] = (mkg__frame){lang, column[2], column[3]};
    return MKG_OK;
}

mkg_status mkg__frames_read(const char *path, mkg__frames *out, mkg_err *err)
{
    mkg_status st = MKG_OK;
    size_t bad, at = 0;
    const char *file = mkg__path_base(path);
    bool head = true;

    memset(out, 0, sizeof *out);
    MKG_GO(mkg__file_read(path, FILE_MAX, &out->file, err));
    if (!mkg__utf8_valid(out->file.ptr, out->file.len, &bad)) {
        st = mkg__fail_at(err, MKG_EPARSE, file, 0, 0, "not valid UTF-8 at byte %zu",
                          bad + 1);
        goto out;
    }
    for (uint64_t number = 1; at < out->file.len; number++) {
        const char *p = out->file.ptr + at, *end = memchr(p, '\n', out->file.len - at);
        mkg_view line = {p, end ? (size_t)(end - p) : out->file.len - at};
        at += line.len + 1;
        if (line.len && line.ptr[line.len - 1] == '\r') line.len--;
        if (line.len == 0 || line.ptr[0] == '#') continue;
        if (!head) MKG_GO(read_line(out, line, file, number, err));
        head = false;
    }
out:
    if (st < 0) mkg__frames_clear(out);
    return st;
}

void mkg__frames_clear(mkg__frames *f)
{
    for (size_t i = 0; i < MKG_FRAME_KINDS; i++)
        mkg__free(f->kinds[i].at);
    mkg__buf_clear(&f->file);
    memset(f, 0, sizeof *f);
}
