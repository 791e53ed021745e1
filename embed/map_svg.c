/* The map as SVG 1.1: dots by type, names where they have room, a legend. */
#include "embed/map_internal.h"

#include "base/err.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 1200, MARGIN = 36, LEGEND = 250, PLACES = 8, WIDEST = 24 };

typedef struct box {
    float x0, y0, x1, y1;
} box;

typedef struct sheet {
    const mkg__picture *p;
    mkg__buf *out;
    float radius;
    float top, height; /* of the dots in the unit square; of the sheet */
    box *taken;
    size_t ntaken;
} sheet;

static float across(float v)
{
    return MARGIN + v * (SIDE - 2 * MARGIN);
}

static float down(const sheet *s, float v)
{
    return MARGIN + (v - s->top) * (SIDE - 2 * MARGIN);
}

/* XML text; what XML 1.0 has not is left out. */
static void put_text(mkg__buf *b, mkg_view v)
{
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char)v.ptr[i];
        if (c == '&')
            mkg__buf_str(b, "&amp;");
        else if (c == '<')
            mkg__buf_str(b, "&lt;");
        else if (c == '>')
            mkg__buf_str(b, "&gt;");
        else if (c >= 0x20 && c != 0x7f)
            mkg__buf_byte(b, c);
    }
}

static void put_number(mkg__buf *b, float v)
{
    int tenths = (int)lroundf(v * 10);
    mkg__buf_printf(b, "%s%d.%d", tenths < 0 ? "-" : "", abs(tenths) / 10,
                    abs(tenths) % 10);
}

/* "12,345" */
static void put_count(mkg__buf *b, size_t n)
{
    if (n >= 1000) {
        put_count(b, n / 1000);
        mkg__buf_printf(b, ",%03zu", n % 1000);
    } else {
        mkg__buf_printf(b, "%zu", n);
    }
}

static void head(sheet *s)
{
    static const char style[] =
        "<style>"
        ".paper{fill:#fff}.ink{fill:#1a1a1a}.soft{fill:#666}"
        "text{font-family:'Noto Sans','Noto Sans CJK SC','Source Han Sans SC',"
        "'PingFang SC','Microsoft YaHei',Arial,sans-serif}"
        ".n{stroke:#fff;stroke-width:3;stroke-linejoin:round;paint-order:stroke}"
        ".d{fill-opacity:.55}"
        "@media (prefers-color-scheme:dark){"
        ".paper{fill:#15181c}.ink{fill:#f0f0f0}.soft{fill:#a8a8a8}.n{stroke:#15181c}"
        ".d{fill-opacity:.7}}"
        "</style>\n";
    mkg__buf_printf(s->out,
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
                    "width=\"%d\" height=\"%d\">\n",
                    SIDE + LEGEND, (int)s->height, SIDE + LEGEND, (int)s->height);
    mkg__buf_str(s->out, "<title>");
    put_text(s->out, mkg__view(s->p->set->name, strlen(s->p->set->name)));
    mkg__buf_str(s->out, "</title>\n");
    mkg__buf_str(s->out, style);
    mkg__buf_printf(s->out, "<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n",
                    SIDE + LEGEND, (int)s->height);
}

/* The sheet is as high as the dots need, and the legend. */
static void measure(sheet *s)
{
    float lo = 1, hi = 0, legend = 138 + 26 * (float)s->p->ntypes;
    for (size_t i = 0; i < s->p->n; i++) {
        float y = s->p->dot[i].y;
        lo = y < lo ? y : lo;
        hi = y > hi ? y : hi;
    }
    s->top = lo;
    s->height = ceilf(down(s, hi) + MARGIN);
    if (s->height < legend) s->height = legend;
    if (s->height > SIDE) s->height = SIDE;
}

/* Dots that have a name are drawn over the others, with a rim. */
static void dots(sheet *s)
{
    for (size_t t = 0; t < s->p->ntypes; t++) {
        mkg__buf_printf(s->out, "<g class=\"d\" fill=\"%s\">\n", mkg__map_colour(t));
        for (size_t i = s->p->n; i-- > 0;) {
            const mkg__dot *d = &s->p->dot[i];
            if (d->type != t) continue;
            mkg__buf_str(s->out, "<circle cx=\"");
            put_number(s->out, across(d->x));
            mkg__buf_str(s->out, "\" cy=\"");
            put_number(s->out, down(s, d->y));
            mkg__buf_str(s->out, "\" r=\"");
            put_number(s->out, s->radius * (1 + 0.15f * log1pf((float)d->degree)));
            mkg__buf_str(s->out, "\"/>\n");
        }
        mkg__buf_str(s->out, "</g>\n");
    }
}

static bool is_free(const sheet *s, box b)
{
    if (b.x0 < 4 || b.y0 < 4 || b.x1 > SIDE - 4 || b.y1 > s->height - 4) return false;
    for (size_t i = 0; i < s->ntaken; i++) {
        const box *t = &s->taken[i];
        if (b.x0 < t->x1 && b.x1 > t->x0 && b.y0 < t->y1 && b.y1 > t->y0) return false;
    }
    return true;
}

/* A place for a name beside its dot; false if all are taken. */
static bool find_place(const sheet *s, float x, float y, float w, float h, float gap,
                       box *out)
{
    static const float side[PLACES][2] = {{1, 0},  {-1, 0},  {0, -1}, {0, 1},
                                          {1, -1}, {-1, -1}, {1, 1},  {-1, 1}};
    for (unsigned i = 0; i < PLACES; i++) {
        float cx = x + side[i][0] * (gap + w / 2), cy = y + side[i][1] * (gap + h / 2);
        *out = (box){cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2};
        if (is_free(s, *out)) return true;
    }
    return false;
}

static void put_name(sheet *s, const mkg__dot *d, mkg_view name, bool cut, box b,
                     float size)
{
    float r = s->radius * 2.2f;
    mkg__buf_str(s->out, "<circle class=\"n\" cx=\"");
    put_number(s->out, across(d->x));
    mkg__buf_str(s->out, "\" cy=\"");
    put_number(s->out, down(s, d->y));
    mkg__buf_str(s->out, "\" r=\"");
    put_number(s->out, r);
    mkg__buf_printf(s->out, "\" style=\"stroke-width:1\" fill=\"%s\"/>",
                    mkg__map_colour(d->type));
    mkg__buf_str(s->out, "<text class=\"n ink\" text-anchor=\"middle\" x=\"");
    put_number(s->out, (b.x0 + b.x1) / 2);
    mkg__buf_str(s->out, "\" y=\"");
    put_number(s->out, b.y1 - 0.24f * size);
    mkg__buf_str(s->out, "\" font-size=\"");
    put_number(s->out, size);
    mkg__buf_str(s->out, "\">");
    put_text(s->out, name);
    if (cut) mkg__buf_str(s->out, "\xe2\x80\xa6");
    mkg__buf_str(s->out, "</text>\n");
}

/* The first characters of a name that are at most WIDEST columns wide. */
static mkg_view shorten(mkg_view name, bool *cut)
{
    size_t at = 0, columns = 0, len;
    *cut = false;
    if (mkg__utf8_width(name.ptr, name.len) <= WIDEST) return name;
    *cut = true;
    while (at < name.len) {
        mkg__utf8_decode(name.ptr + at, name.len - at, &len);
        columns += mkg__utf8_width(name.ptr + at, len);
        if (columns > WIDEST - 1) break;
        at += len;
    }
    return mkg__view(name.ptr, at);
}

/* Names in the order of edges, types in turn, so that each type shows some; a name that
 * finds no room beside its dot is left out. */
static size_t names(sheet *s)
{
    size_t drawn = 0, tried = 0, turn = 0;
    size_t *next = mkg__calloc(s->p->ntypes + 1, sizeof *next);
    bool *seen = mkg__calloc(s->p->n, sizeof *seen);
    if (!next || !seen) {
        s->out->failed = true;
        goto out;
    }
    while (drawn < s->p->labels && tried < s->p->n && turn < s->p->n + s->p->ntypes) {
        size_t type = drawn % 3 == 2 ? turn++ % s->p->ntypes : SIZE_MAX;
        size_t *at = type == SIZE_MAX ? &next[s->p->ntypes] : &next[type];
        while (*at < s->p->n &&
               (seen[*at] || (type != SIZE_MAX && s->p->dot[*at].type != type)))
            ++*at;
        if (*at >= s->p->n) {
            if (type == SIZE_MAX) break;
            continue;
        }
        const mkg__dot *d = &s->p->dot[*at];
        seen[(*at)++] = true;
        bool cut;
        box b;
        float size = 15 - 4 * (float)drawn / (float)(s->p->labels + 1);
        mkg_view name = shorten(d->name, &cut);
        float w = (float)(mkg__utf8_width(name.ptr, name.len) + cut) * size * 0.53f + 6,
              h = size * 1.25f;
        tried++;
        float x = across(d->x), y = down(s, d->y), r = s->radius * 2.2f;
        box dot = {x - r, y - r, x + r, y + r};
        if (!is_free(s, dot) || !find_place(s, x, y, w, h, r + 2, &b)) continue;
        s->taken[s->ntaken++] = b;
        s->taken[s->ntaken++] = dot;
        put_name(s, d, name, cut, b, size);
        drawn++;
    }
out:
    mkg__free(next);
    mkg__free(seen);
    return drawn;
}

static void legend(sheet *s)
{
    const mkg_vectors_info *set = s->p->set;
    float y = 60;
    mkg__buf_printf(s->out,
                    "<text class=\"ink\" font-size=\"20\" font-weight=\"600\" "
                    "x=\"%d\" y=\"%d\">",
                    SIDE, 60);
    put_text(s->out, mkg__view(set->name, strlen(set->name)));
    mkg__buf_str(s->out, "</text>\n");
    mkg__buf_printf(s->out, "<text class=\"soft\" font-size=\"13\" x=\"%d\" y=\"82\">",
                    SIDE);
    put_text(s->out, mkg__view(set->method, strlen(set->method)));
    mkg__buf_printf(s->out, ", %zu dimensions, UMAP</text>\n", set->dim);
    mkg__buf_printf(s->out, "<text class=\"soft\" font-size=\"13\" x=\"%d\" y=\"100\">",
                    SIDE);
    put_count(s->out, s->p->n);
    mkg__buf_printf(s->out, " nodes, graph version %llu</text>\n",
                    (unsigned long long)set->graph_version);
    y = 138;
    for (size_t t = 0; t < s->p->ntypes && y < s->height - 10; t++, y += 26) {
        mkg__buf_printf(s->out, "<circle cx=\"%d\" cy=\"", SIDE + 7);
        put_number(s->out, y - 5);
        mkg__buf_printf(s->out,
                        "\" r=\"6.5\" fill=\"%s\"/><text class=\"ink\" "
                        "font-size=\"15\" x=\"%d\" y=\"",
                        mkg__map_colour(t), SIDE + 22);
        put_number(s->out, y);
        mkg__buf_str(s->out, "\">");
        put_text(s->out, s->p->type[t].name);
        mkg__buf_str(s->out, " <tspan class=\"soft\" font-size=\"13\">");
        put_count(s->out, s->p->type[t].nodes);
        mkg__buf_str(s->out, "</tspan></text>\n");
    }
}

mkg_status mkg__map_svg(const mkg__picture *p, mkg__buf *out, size_t *drawn,
                        mkg_err *err)
{
    sheet s = {.p = p, .out = out};
    float crowd = 14 / sqrtf(1 + (float)p->n / 60);
    s.radius = crowd < 0.9f ? 0.9f : crowd > 4 ? 4 : crowd;
    s.taken = mkg__calloc(2 * p->labels + 1, sizeof *s.taken);
    if (!s.taken) return mkg__nomem(err);
    measure(&s);
    head(&s);
    dots(&s);
    *drawn = names(&s);
    legend(&s);
    mkg__buf_str(out, "</svg>\n");
    mkg__free(s.taken);
    return out->failed ? mkg__nomem(err) : MKG_OK;
}
