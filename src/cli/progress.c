#include "cli/cli.h"

#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* Seconds between two updates. */
static const double TERMINAL_INTERVAL = 0.1;
static const double LINE_INTERVAL = 30;

static double now(void) {
    struct timespec time = {0};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void progress_start(struct progress *progress, int64_t total) {
    *progress = (struct progress){
        .out = stderr, .terminal = isatty(STDERR_FILENO) != 0, .total = total, .started = now()};
    progress->shown = progress->started;
}

static void draw_bar(const struct progress *progress, int64_t done, double rate, double left) {
    enum { TEXT = 48, LEAST = 10, MOST = 60 };
    struct winsize size = {0};
    int columns =
        ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    int width = columns - TEXT < LEAST ? LEAST : columns - TEXT > MOST ? MOST : columns - TEXT;
    int filled =
        progress->total > 0 ? (int)((double)width * (double)done / (double)progress->total) : width;
    if (filled > width)
        filled = width;
    fprintf(progress->out, "\r\033[K[");
    for (int i = 0; i < width; i++)
        fputc(i < filled ? '#' : '.', progress->out);
    fprintf(progress->out, "] %lld/%lld  %.0f/s  ETA %lld:%02lld", (long long)done,
            (long long)progress->total, rate, (long long)left / 60, (long long)left % 60);
    fflush(progress->out);
}

void progress_show(const struct nl_run_counts *counts, void *ctx) {
    struct progress *progress = ctx;
    double time = now();
    double interval = progress->terminal ? TERMINAL_INTERVAL : LINE_INTERVAL;
    if (time - progress->shown < interval)
        return;
    int64_t done = nl_run_tried(counts);
    double rate = time > progress->started ? (double)done / (time - progress->started) : 0;
    double left = rate > 0 && progress->total > done ? (double)(progress->total - done) / rate : 0;
    progress->shown = time;
    if (progress->terminal)
        draw_bar(progress, done, rate, left);
    else
        fprintf(progress->out, "%lld of %lld, %.0f/s\n", (long long)done,
                (long long)progress->total, rate);
}

void progress_end(struct progress *progress) {
    if (progress->terminal)
        fprintf(progress->out, "\r\033[K");
}
