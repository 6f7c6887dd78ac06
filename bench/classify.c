/* Reads each file and prints what it means: FILE, kind, then "ADDRESS KIND REASON STATUS" for each
 * recipient, between tabs. bench/bounce-accuracy judges it. With --speed N first, reads all files N
 * times and prints how many messages a second of this process's time reads. */
#include "newsletter/base/file.h"
#include "newsletter/inbound/bounce.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LIMIT = 64 << 20 };

static double cpu_seconds(void) {
    struct timespec time = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The files are in memory before the clock starts: this is the reader's speed, not the disk's. */
static enum nl_status measure(const struct nl_bounce_reader *reader, long rounds, int count,
                              char **paths, struct nl_error *err) {
    struct nl_buf *texts = calloc((size_t)count + 1, sizeof *texts);
    enum nl_status status = texts != NULL ? NL_OK : nl_error_nomem(err);
    for (int i = 0; status == NL_OK && i < count; i++)
        status = nl_file_read(paths[i], LIMIT, &texts[i], err);
    double began = cpu_seconds();
    for (long round = 0; round < rounds; round++) {
        for (int i = 0; status == NL_OK && i < count; i++) {
            struct nl_bounce bounce = {0};
            status = nl_bounce_read(reader, nl_buf_text(&texts[i]), texts[i].len, &bounce, err);
            nl_bounce_free(&bounce);
        }
    }
    if (status == NL_OK)
        printf("%.0f\n", (double)count * (double)rounds / (cpu_seconds() - began));
    for (int i = 0; texts != NULL && i < count; i++)
        nl_buf_free(&texts[i]);
    free(texts);
    return status;
}

int main(int argc, char **argv) {
    struct nl_bounce_reader *reader = NULL;
    struct nl_error err = {0};
    enum nl_status status = nl_bounce_reader_new(&reader, &err);
    bool speed = argc > 3 && strcmp(argv[1], "--speed") == 0;
    if (status == NL_OK && speed)
        status = measure(reader, strtol(argv[2], NULL, 10), argc - 3, argv + 3, &err);
    for (int i = 1; status == NL_OK && !speed && i < argc; i++) {
        struct nl_buf text = {0};
        struct nl_bounce bounce = {0};
        status = nl_file_read(argv[i], LIMIT, &text, &err);
        if (status == NL_OK)
            status = nl_bounce_read(reader, nl_buf_text(&text), text.len, &bounce, &err);
        if (status == NL_OK) {
            printf("%s\t%s", argv[i], nl_bounce_kind_name(bounce.kind));
            for (size_t j = 0; j < bounce.count; j++)
                printf("\t%s %s %s %s", bounce.recipients[j].address,
                       nl_bounce_kind_name(bounce.recipients[j].kind), bounce.recipients[j].reason,
                       bounce.recipients[j].status);
            putchar('\n');
        }
        nl_bounce_free(&bounce);
        nl_buf_free(&text);
    }
    if (status != NL_OK)
        fprintf(stderr, "classify: %s\n", nl_error_text(&err));
    nl_error_free(&err);
    nl_bounce_reader_free(reader);
    return status == NL_OK ? 0 : 1;
}
