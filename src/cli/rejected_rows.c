#include "cli/rejected_rows.h"
#include "newsletter/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cli_reason *reason_of(struct cli_rejected *rejected, const char *text) {
    for (size_t i = 0; i < rejected->count; i++)
        if (strcmp(rejected->reasons[i].text, text) == 0)
            return &rejected->reasons[i];
    if (rejected->count == CLI_REASONS)
        return NULL;
    struct cli_reason *reason = &rejected->reasons[rejected->count];
    reason->text = nl_strdup(text);
    rejected->count++;
    return reason;
}

void cli_rejected_add(struct cli_rejected *rejected, size_t line, const char *text) {
    struct cli_reason *reason = reason_of(rejected, text);
    if (reason == NULL) {
        rejected->others++;
        return;
    }
    reason->rows++;
    size_t last = reason->range_count;
    if (last > 0 && line <= reason->ranges[last - 1].last + 1) {
        reason->ranges[last - 1].last = line;
        reason->shown++;
    } else if (last < CLI_RANGES) {
        reason->ranges[last].first = reason->ranges[last].last = line;
        reason->range_count++;
        reason->shown++;
    }
}

static void show_reason(const struct cli_reason *reason, size_t rows) {
    if (reason->rows == rows && rows > 1) {
        fprintf(stderr, "all %zu rows: %s\n", rows, reason->text);
        return;
    }
    fputs(reason->rows > 1 ? "lines " : "line ", stderr);
    for (size_t i = 0; i < reason->range_count; i++) {
        fprintf(stderr, "%s%zu", i > 0 ? ", " : "", reason->ranges[i].first);
        if (reason->ranges[i].last > reason->ranges[i].first)
            fprintf(stderr, "-%zu", reason->ranges[i].last);
    }
    if (reason->rows > reason->shown)
        fprintf(stderr, " and %zu more", reason->rows - reason->shown);
    fprintf(stderr, ": %s\n", reason->text);
}

void cli_rejected_show(const struct cli_rejected *rejected, size_t rows, bool kept) {
    bool cut = rejected->others > 0;
    for (size_t i = 0; i < rejected->count; i++) {
        show_reason(&rejected->reasons[i], rows);
        cut = cut || rejected->reasons[i].rows > rejected->reasons[i].shown;
    }
    if (rejected->others > 0)
        fprintf(stderr, "and %zu rows for further reasons\n", rejected->others);
    if (cut && !kept)
        fputs("(--rejects FILE keeps all of them, with line and reason)\n", stderr);
}

void cli_rejected_free(struct cli_rejected *rejected) {
    for (size_t i = 0; i < rejected->count; i++)
        free(rejected->reasons[i].text);
    *rejected = (struct cli_rejected){0};
}
