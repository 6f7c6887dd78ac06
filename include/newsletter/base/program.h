/* Other programs, run without a shell and within bounds. */
#ifndef NEWSLETTER_BASE_PROGRAM_H
#define NEWSLETTER_BASE_PROGRAM_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdatomic.h>
#include <stdint.h>

struct nl_program {
    char *const *argv;          /* the whole path and its words, NULL at the end */
    const struct nl_buf *input; /* for its standard input; NULL: none */
    size_t output;              /* how many bytes of its output are taken at most */
    int seconds;                /* it may take */
    const atomic_bool *cancel;  /* ends it once it is true; NULL: nothing does */
    const struct nl_cage *cage; /* NULL: it is trusted with all that we may do ourselves */
};

/* The bounds of a program that is not trusted: no network, no secrets of our environment, `data`
 * bytes of memory for each of its processes, and `file` bytes for each of its files. */
struct nl_cage {
    char *const *environment; /* "NAME=value", NULL at the end: all that it sees */
    uint64_t data, file;
};

/* Runs a program and waits for its end; past a bound it is killed, with its children. `out` may
 * hold a part of the output after a failure. */
NL_CHECKED enum nl_status nl_program_run(const struct nl_program *program, struct nl_buf *out,
                                         struct nl_error *err) NL_ALL_NONNULL;

#endif
