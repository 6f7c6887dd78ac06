#include "report/chart.h"

#include "newsletter/template/escape.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Sizes in units of the picture, which scales to the width of its place. */
enum {
    WIDTH = 640,
    HEIGHT = 240,
    LEFT = 56,
    RIGHT = 16,
    TOP = 12,
    BOTTOM = 28,
    BAR_HEIGHT = 26,
    BAR_LEFT = 190,
    BAR_RIGHT = 60,
    LABEL_LIMIT = 26, /* characters that fit before a bar */
    TICKS = 4,
    LABEL_WIDTH = 70, /* of a day */
    THREE_MINUTES = 180,
    DAY = 86400,
    TWO_DAYS = 172800,
};

static void open_picture(const char *title, int height, struct nl_buf *out) {
    nl_buf_addf(out, "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH,
                height);
    nl_html_escape(out, title);
    nl_buf_adds(out, "\">\n");
}

/* The smallest step of 1, 2, 5, 10, 20 ... with which `TICKS` steps reach `value`. */
static int64_t step_for(int64_t value) {
    static const int64_t factors[] = {2, 5, 10};
    int64_t power = 1;
    int64_t step = 1;
    for (size_t at = 0; step * TICKS < value && step < INT64_MAX / 64; at++) {
        step = power * factors[at % 3];
        if (at % 3 == 2)
            power *= 10;
    }
    return step;
}

static void add_svg_text(struct nl_buf *out, double x, double y, const char *anchor,
                         const char *text) {
    nl_buf_addf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    nl_html_escape(out, text);
    nl_buf_adds(out, "</text>\n");
}

static void add_svg_number(struct nl_buf *out, double x, double y, const char *anchor,
                           int64_t number) {
    nl_buf_addf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%lld</text>\n", x, y, anchor,
                (long long)number);
}

/* ---- lines ---- */

struct scale {
    int64_t from, to, top;
};

static double x_of(const struct scale *scale, int64_t at) {
    return LEFT +
           (double)(at - scale->from) / (double)(scale->to - scale->from) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct scale *scale, int64_t value) {
    return HEIGHT - BOTTOM - (double)value / (double)scale->top * (HEIGHT - TOP - BOTTOM);
}

static void add_grid(const struct scale *scale, int64_t step, struct nl_buf *out) {
    for (int64_t value = 0; value <= scale->top; value += step) {
        double y = y_of(scale, value);
        nl_buf_addf(out, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
                    LEFT, WIDTH - RIGHT, y, y);
        add_svg_number(out, LEFT - 6, y + 4, "end", value);
    }
}

static void add_time(const struct scale *scale, int64_t at, const char *format, const char *anchor,
                     struct nl_buf *out) {
    char text[32] = "";
    struct tm tm = {0};
    time_t time = (time_t)at;
    if (gmtime_r(&time, &tm) != NULL)
        strftime(text, sizeof text, format, &tm);
    add_svg_text(out, x_of(scale, at), HEIGHT - 8, anchor, text);
}

/* Marks whole days at most `TICKS` times, where a day begins, each as often as the next. */
static void add_days(const struct scale *scale, struct nl_buf *out) {
    int64_t first = (scale->from + DAY - 1) / DAY;
    int64_t last = scale->to / DAY;
    int64_t every = (last - first) / TICKS + 1;
    for (int64_t day = first; day <= last; day += every) {
        double x = x_of(scale, day * DAY);
        const char *anchor = "middle";
        if (x < LEFT + LABEL_WIDTH / 2.0)
            anchor = "start";
        if (x > WIDTH - RIGHT - LABEL_WIDTH / 2.0)
            anchor = "end";
        nl_buf_addf(out, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>\n", x,
                    x, HEIGHT - BOTTOM, HEIGHT - BOTTOM + 4);
        add_time(scale, day * DAY, "%Y-%m-%d", anchor, out);
    }
}

static void add_times(const struct scale *scale, struct nl_buf *out) {
    static const char *const anchors[] = {"start", "middle", "end"};
    int64_t span = scale->to - scale->from;
    const char *format = span >= THREE_MINUTES ? "%m-%d %H:%M" : "%H:%M:%S";
    if (span >= TWO_DAYS) {
        add_days(scale, out);
        return;
    }
    for (int i = 0; i < 3; i++)
        if (i != 1 || span > 1)
            add_time(scale, scale->from + span * i / 2, format, anchors[i], out);
}

void nl_chart_line(const char *title, const struct nl_chart_point *points, size_t count,
                   struct nl_buf *out) {
    struct scale scale = {0};
    if (count < 2 || points[count - 1].at <= points[0].at)
        return;
    scale.from = points[0].at;
    scale.to = points[count - 1].at;
    for (size_t i = 0; i < count; i++)
        scale.top = points[i].value > scale.top ? points[i].value : scale.top;
    int64_t step = step_for(scale.top);
    scale.top = (scale.top + step - 1) / step * step;
    if (scale.top == 0)
        scale.top = step;
    open_picture(title, HEIGHT, out);
    add_grid(&scale, step, out);
    add_times(&scale, out);
    nl_buf_adds(out, "<polyline class=\"line\" points=\"");
    /* More than the first and the last point within a unit of width would not be seen. The last one
     * keeps a level line level until the next. */
    double drawn = 0;
    for (size_t i = 0; i < count; i++) {
        double x = x_of(&scale, points[i].at);
        if (i > 0 && i < count - 1 && x < drawn + 1 && x_of(&scale, points[i + 1].at) < x + 1)
            continue;
        nl_buf_addf(out, "%.1f,%.1f ", x, y_of(&scale, points[i].value));
        drawn = x;
    }
    nl_buf_adds(out, "\"/>\n</svg>\n");
}

/* ---- bars ---- */

static int64_t sum_of(const struct nl_chart_bar *bar) {
    int64_t sum = 0;
    for (size_t part = 0; part < NL_CHART_PARTS; part++)
        sum += bar->parts[part];
    return sum;
}

/* Adds the part of a label that fits, cut between characters. */
static void add_label(const char *label, double y, struct nl_buf *out) {
    struct nl_buf text = {0};
    size_t characters = 0;
    const char *p = label;
    for (; *p != '\0' && characters <= LABEL_LIMIT; p++)
        characters += ((unsigned char)*p & 0xc0) != 0x80;
    if (characters > LABEL_LIMIT) {
        do
            p--;
        while (((unsigned char)*p & 0xc0) == 0x80);
        nl_buf_add(&text, label, (size_t)(p - label));
        nl_buf_adds(&text, "\xe2\x80\xa6");
        add_svg_text(out, BAR_LEFT - 8, y, "end", nl_buf_text(&text));
    } else {
        add_svg_text(out, BAR_LEFT - 8, y, "end", label);
    }
    nl_buf_free(&text);
}

void nl_chart_bars(const char *title, const struct nl_chart_bar *bars, size_t count,
                   struct nl_buf *out) {
    int64_t most = 1;
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        most = sum_of(&bars[i]) > most ? sum_of(&bars[i]) : most;
    open_picture(title, (int)count * BAR_HEIGHT + 8, out);
    for (size_t i = 0; i < count; i++) {
        double y = 4 + (double)i * BAR_HEIGHT;
        double x = BAR_LEFT;
        add_label(bars[i].label, y + 17, out);
        for (size_t part = 0; part < NL_CHART_PARTS; part++) {
            double width =
                (double)bars[i].parts[part] / (double)most * (WIDTH - BAR_LEFT - BAR_RIGHT);
            if (bars[i].parts[part] > 0)
                nl_buf_addf(out,
                            "<rect class=\"p%zu\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                            "height=\"%d\"/>\n",
                            part, x, y + 3, width > 1 ? width : 1, BAR_HEIGHT - 6);
            x += width;
        }
        add_svg_number(out, x + 6, y + 17, "start", sum_of(&bars[i]));
    }
    nl_buf_adds(out, "</svg>\n");
}
