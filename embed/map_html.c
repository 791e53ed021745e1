/* The map as one page: data/map.html with the nodes in its place for data. */
#include "embed/map_internal.h"

#include "base/err.h"
#include "embed/data_internal.h"

#include <math.h>
#include <string.h>

/* A text of JSON that stays one within a script of HTML: no '<' comes up. */
static void put_text(mkg__buf *b, mkg_view v)
{
    mkg__buf_byte(b, '"');
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char)v.ptr[i];
        if (c == '"' || c == '\\')
            mkg__buf_printf(b, "\\%c", c);
        else if (c < 0x20 || c == '<' || c == '>' || c == '&' || c == 0x7f)
            mkg__buf_printf(b, "\\u%04x", c);
        else
            mkg__buf_byte(b, c);
    }
    mkg__buf_byte(b, '"');
}

static void put_numbers(mkg__buf *b, const mkg__picture *p, const char *key,
                        unsigned (*of)(const mkg__dot *))
{
    mkg__buf_printf(b, ",\"%s\":[", key);
    for (size_t i = 0; i < p->n; i++)
        mkg__buf_printf(b, i ? ",%u" : "%u", of(&p->dot[i]));
    mkg__buf_byte(b, ']');
}

static unsigned place(float v)
{
    return v > 0 ? v < 1 ? (unsigned)lroundf(v * 65535) : 65535 : 0;
}

static unsigned x_of(const mkg__dot *d)
{
    return place(d->x);
}

static unsigned y_of(const mkg__dot *d)
{
    return place(d->y);
}

static unsigned type_of(const mkg__dot *d)
{
    return d->type;
}

static unsigned degree_of(const mkg__dot *d)
{
    return d->degree;
}

static unsigned id_of(const mkg__dot *d)
{
    return d->node;
}

static void put_data(mkg__buf *b, const mkg__picture *p)
{
    const mkg_vectors_info *set = p->set;
    mkg__buf_str(b, "{\"set\":");
    put_text(b, mkg__view(set->name, strlen(set->name)));
    mkg__buf_str(b, ",\"method\":");
    put_text(b, mkg__view(set->method, strlen(set->method)));
    mkg__buf_printf(b, ",\"dim\":%zu,\"version\":%llu,\"types\":[", set->dim,
                    (unsigned long long)set->graph_version);
    for (size_t t = 0; t < p->ntypes; t++) {
        mkg__buf_str(b, t ? ",{\"name\":" : "{\"name\":");
        put_text(b, p->type[t].name);
        mkg__buf_printf(b, ",\"colour\":\"%s\",\"nodes\":%zu}", mkg__map_colour(t),
                        p->type[t].nodes);
    }
    mkg__buf_byte(b, ']');
    put_numbers(b, p, "x", x_of);
    put_numbers(b, p, "y", y_of);
    put_numbers(b, p, "t", type_of);
    put_numbers(b, p, "d", degree_of);
    put_numbers(b, p, "ids", id_of);
    mkg__buf_str(b, ",\"names\":[");
    for (size_t i = 0; i < p->n; i++) {
        if (i) mkg__buf_byte(b, ',');
        put_text(b, p->dot[i].name);
    }
    mkg__buf_str(b, "]}");
}

mkg_status mkg__map_html(const mkg__picture *p, mkg__buf *out, mkg_err *err)
{
    static const char mark[] = "/*DATA*/null";
    const char *page = (const char *)mkg__data_map, *at = strstr(page, mark);
    if (!at) return mkg__fail(err, MKG_EARG, "the page has no place for data");
    mkg__buf_put(out, page, (size_t)(at - page));
    put_data(out, p);
    mkg__buf_put(out, at + sizeof mark - 1,
                 mkg__data_map_size - (size_t)(at - page) - (sizeof mark - 1));
    return out->failed ? mkg__nomem(err) : MKG_OK;
}
