/* data/channels.tsv: how much each channel counts in the fusion. */
#include "retrieve/retriever_internal.h"

#include "base/err.h"
#include "base/io.h"

#include <string.h>

static mkg_status read_line(double *weight, mkg_view line, const char *file,
                            uint64_t number, mkg_err *err)
{
    const char *tab = memchr(line.ptr, '\t', line.len);
    double value;
    if (!tab)
        return mkg__fail_at(err, MKG_EPARSE, file, number, 0,
                            "a line holds a channel, a tab and a weight");
    mkg_view name = {line.ptr, (size_t)(tab - line.ptr)};
    mkg_view rest = mkg__trim(mkg__view(tab + 1, line.len - name.len - 1));
    if (!mkg__parse_double(rest, &value) || !(value >= 0) || value > 1000)
        return mkg__fail_at(err, MKG_EPARSE, file, number, (uint32_t)name.len + 2,
                            "a weight is a number from 0 to 1000");
    for (mkg_channel c = 0; c < MKG_CHANNELS; c++)
        if (mkg__view_is(name, mkg_channel_name(c))) {
            weight[c] = value;
            return MKG_OK;
        }
    return mkg__fail_at(err, MKG_EPARSE, file, number, 1, "'%.*s' is no channel",
                        mkg__clip(name, 40), name.ptr);
}

mkg_status mkg__weights_read(double weight[MKG_CHANNELS], const char *path,
                             mkg_err *err)
{
    mkg_status st = MKG_OK;
    mkg__stream *s = NULL;
    mkg__lines *l = NULL;
    mkg_view line;
    uint64_t number;
    size_t bad;

    MKG_GO(mkg__stream_open(path, &s, err));
    MKG_GO(mkg__lines_new(s, &l, err));
    while ((st = mkg__lines_next(l, &line, &number, err)) == MKG_OK) {
        line = mkg__trim(line);
        if (line.len == 0 || line.ptr[0] == '#') continue;
        if (!mkg__utf8_valid(line.ptr, line.len, &bad)) {
            st = mkg__fail_at(err, MKG_EPARSE, path, number, (uint32_t)bad + 1,
                              "not valid UTF-8");
            goto out;
        }
        MKG_GO(read_line(weight, line, path, number, err));
    }
    if (st == MKG_END) st = MKG_OK;
out:
    mkg__lines_free(l);
    mkg__stream_close(s);
    return st;
}
