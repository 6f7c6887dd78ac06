#include "newsletter/base/secret.h"

#include "newsletter/base/program.h"

enum { OUTPUT_LIMIT = 64 * 1024, SECONDS = 30 };

enum nl_status nl_secret_run(char *const argv[], struct nl_buf *out, struct nl_error *err) {
    const struct nl_program program = {.argv = argv, .output = OUTPUT_LIMIT, .seconds = SECONDS};
    nl_buf_reserve(out, OUTPUT_LIMIT + 3); /* never moved, so no copy of it stays */
    return nl_program_run(&program, out, err);
}
