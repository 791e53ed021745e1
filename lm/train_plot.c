/* The loss curve as a picture. */
#include "base/err.h"
#include "base/io.h"
#include "lm/train.h"
#include "lm/trainer.h"

#include <math.h>

enum { WIDTH = 720, HEIGHT = 400, LEFT = 64, RIGHT = 16, TOP = 36, BOTTOM = 48 };

typedef struct frame {
    double steps, low, high; /* of the losses: powers of ten of the axis */
} frame;

static double x_of(const frame *f, double step)
{
    return LEFT + (WIDTH - LEFT - RIGHT) * step / f->steps;
}

/* The axis of losses is logarithmic. */
static double y_of(const frame *f, double loss)
{
    double at = (log10(loss > 1e-9 ? loss : 1e-9) - f->low) / (f->high - f->low);
    at = at < 0 ? 0 : at > 1 ? 1 : at;
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * at;
}

static frame frame_of(const mkg_trainer *t, const double (*scores)[2], size_t n)
{
    double low = 1e9, high = 1e-9;
    for (size_t i = 0; i < t->step; i++) {
        low = fmin(low, (double)t->losses[i]);
        high = fmax(high, (double)t->losses[i]);
    }
    for (size_t i = 0; i < n; i++) {
        low = fmin(low, scores[i][1]);
        high = fmax(high, scores[i][1]);
    }
    frame f = {(double)(t->step ? t->step : 1), floor(log10(fmax(low, 1e-6)) * 2) / 2,
               ceil(log10(fmax(high, 1e-6)) * 2) / 2};
    if (!(f.high > f.low)) f.high = f.low + 1;
    return f;
}

/* 1, 2 or 5 times a power of ten, so that there are about six of them. */
static double step_of_axis(double all)
{
    double unit = pow(10, floor(log10(all / 6)));
    return all / 6 > 5 * unit ? 10 * unit : all / 6 > 2 * unit ? 5 * unit : 2 * unit;
}

static void put_axes(mkg__buf *b, const frame *f)
{
    static const double marks[] = {1, 2, 5};
    for (int power = (int)f->low - 1; power <= (int)f->high + 1; power++)
        for (size_t i = 0; i < 3; i++) {
            double loss = marks[i] * pow(10, power), at = log10(loss);
            if (at < f->low - 1e-9 || at > f->high + 1e-9) continue;
            double y = y_of(f, loss);
            mkg__buf_printf(b,
                            "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" "
                            "class=\"grid\"/>\n",
                            LEFT, WIDTH - RIGHT, y, y);
            mkg__buf_printf(b,
                            "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
                            LEFT - 8, y + 4, loss);
        }
    double unit = step_of_axis(f->steps);
    for (double s = 0; s <= f->steps * 1.0001; s += unit)
        mkg__buf_printf(
            b, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.0f</text>\n",
            x_of(f, s), HEIGHT - BOTTOM + 18, s);
    mkg__buf_printf(b, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">steps</text>\n",
                    (WIDTH + LEFT) / 2, HEIGHT - 8);
    mkg__buf_printf(b,
                    "<text x=\"%d\" y=\"20\" class=\"title\">cross-entropy of a token "
                    "of the answer, in nats</text>\n",
                    LEFT);
}

/* At most a few thousand points: more cannot be told apart. */
static void put_losses(mkg__buf *b, const mkg_trainer *t, const frame *f)
{
    size_t every = t->step / 3000 + 1, window = t->step / 100 + 1;
    mkg__buf_str(b, "<g class=\"step\">\n");
    for (size_t i = 0; i < t->step; i += every)
        mkg__buf_printf(b, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"1\"/>\n",
                        x_of(f, (double)(i + 1)), y_of(f, (double)t->losses[i]));
    mkg__buf_str(b, "</g>\n<polyline class=\"mean\" points=\"");
    double sum = 0;
    for (size_t i = 0; i < t->step; i++) {
        sum += (double)t->losses[i];
        if (i >= window) sum -= (double)t->losses[i - window];
        size_t n = i + 1 < window ? i + 1 : window;
        if (i % every == 0)
            mkg__buf_printf(b, "%.1f,%.1f ", x_of(f, (double)(i + 1)),
                            y_of(f, sum / (double)n));
    }
    mkg__buf_str(b, "\"/>\n");
}

static void put_legend(mkg__buf *b, bool scores)
{
    mkg__buf_printf(b,
                    "<text x=\"%d\" y=\"20\" text-anchor=\"end\"><tspan class=\"a\">— "
                    "trained on</tspan>%s</text>\n",
                    WIDTH - RIGHT,
                    scores ? "  <tspan class=\"b\">● held out</tspan>" : "");
}

static mkg_status write_picture(void *ctx, FILE *f, mkg_err *err)
{
    const mkg__buf *b = ctx;
    return fwrite(b->ptr, 1, b->len, f) == b->len
               ? MKG_OK
               : mkg__fail_errno(err, "write", "the picture");
}

mkg_status mkg_trainer_plot(const mkg_trainer *t, const char *path,
                            const double (*scores)[2], size_t n, mkg_err *err)
{
    mkg__buf b = {0};
    frame f = frame_of(t, scores, n);
    mkg__buf_printf(
        &b,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
        "font-family=\"sans-serif\" font-size=\"12\">\n<style>\n"
        "text{fill:#444}.title{font-size:13px}.grid{stroke:#ddd}\n"
        ".step{fill:#9bbcd9}.mean{fill:none;stroke:#1f5f99;stroke-width:1.5}\n"
        ".held{fill:#c8501e}.a{fill:#1f5f99}.b{fill:#c8501e}\n</style>\n"
        "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
        WIDTH, HEIGHT, WIDTH, HEIGHT);
    put_axes(&b, &f);
    put_losses(&b, t, &f);
    mkg__buf_str(&b, "<g class=\"held\">\n");
    for (size_t i = 0; i < n; i++)
        mkg__buf_printf(&b, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/>\n",
                        x_of(&f, scores[i][0]), y_of(&f, scores[i][1]));
    mkg__buf_str(&b, "</g>\n");
    put_legend(&b, n > 0);
    mkg__buf_str(&b, "</svg>\n");
    mkg_status st =
        b.failed ? mkg__nomem(err) : mkg__file_write(path, write_picture, &b, err);
    mkg__buf_clear(&b);
    return st;
}
