#include "cli/cli.h"

#include "newsletter/base/clock.h"

#include <sys/ioctl.h>
#include <unistd.h>

/* Seconds between two updates. */
static const double TERMINAL_INTERVAL = 0.1;
static const double LINE_INTERVAL = 30;

static double now(void) {
    return (double)nl_clock_nanoseconds() / 1e9;
}

void progress_start(struct progress *progress, int64_t total) {
    *progress = (struct progress){
        .out = stderr, .terminal = isatty(STDERR_FILENO) != 0, .total = total, .started = now()};
    progress->shown = progress->started;
}

/* `found` is shown where there is room for it. */
static void draw_bar(const struct progress *progress, int64_t done, double rate, double left,
                     const struct nl_buf *found) {
    enum { TEXT = 48, LEAST = 10, MOST = 60 };
    struct winsize size = {0};
    int columns =
        ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    bool wide = columns >= TEXT + LEAST + (int)found->len + 2;
    int room = columns - TEXT - (wide ? (int)found->len + 2 : 0);
    int width = room < LEAST ? LEAST : room > MOST ? MOST : room;
    int filled =
        progress->total > 0 ? (int)((double)width * (double)done / (double)progress->total) : width;
    if (filled > width)
        filled = width;
    fprintf(progress->out, "\r\033[K[");
    for (int i = 0; i < width; i++)
        fputc(i < filled ? '#' : '.', progress->out);
    fprintf(progress->out, "] %lld/%lld  %.0f/s  ETA %lld:%02lld", (long long)done,
            (long long)progress->total, rate, (long long)left / 60, (long long)left % 60);
    if (wide)
        fprintf(progress->out, "  %s", nl_buf_text(found));
    fflush(progress->out);
}

void progress_show(const struct nl_run_counts *counts, const struct nl_relay_pace *found,
                   void *ctx) {
    struct progress *progress = ctx;
    struct nl_buf pace = {0};
    double time = now();
    double interval = progress->terminal ? TERMINAL_INTERVAL : LINE_INTERVAL;
    if (time - progress->shown < interval)
        return;
    int64_t done = nl_run_tried(counts);
    double rate = time > progress->started ? (double)done / (time - progress->started) : 0;
    double left = rate > 0 && progress->total > done ? (double)(progress->total - done) / rate : 0;
    progress->shown = time;
    cli_add_pace(found, &pace);
    if (progress->terminal)
        draw_bar(progress, done, rate, left, &pace);
    else
        fprintf(progress->out, "%lld of %lld, %.0f/s; %s\n", (long long)done,
                (long long)progress->total, rate, nl_buf_text(&pace));
    nl_buf_free(&pace);
}

void progress_end(struct progress *progress) {
    if (progress->terminal)
        fprintf(progress->out, "\r\033[K");
}
