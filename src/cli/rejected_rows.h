/* Rows of an import that were refused, told by their reasons. */
#ifndef NL_CLI_REJECTED_ROWS_H
#define NL_CLI_REJECTED_ROWS_H

#include <stdbool.h>
#include <stddef.h>

enum { CLI_REASONS = 20, CLI_RANGES = 10 };

struct cli_reason {
    char *text;
    size_t rows;
    struct {
        size_t first, last;
    } ranges[CLI_RANGES]; /* of lines */
    size_t range_count;
    size_t shown; /* rows within the ranges */
};

/* Zero-initialise; free with cli_rejected_free. */
struct cli_rejected {
    struct cli_reason reasons[CLI_REASONS];
    size_t count;
    size_t others; /* rows with further reasons */
};

void cli_rejected_add(struct cli_rejected *rejected, size_t line, const char *reason);

/* Writes each reason once to standard error, with the lines it holds for. `rows` is how many there
 * were in all; `kept` whether --rejects keeps all of them. */
void cli_rejected_show(const struct cli_rejected *rejected, size_t rows, bool kept);

void cli_rejected_free(struct cli_rejected *rejected);

#endif
