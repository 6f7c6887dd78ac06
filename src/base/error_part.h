/* Formats taken apart: which conversions they have, and what was put in for each. */
#ifndef BASE_ERROR_PART_H
#define BASE_ERROR_PART_H

#include "newsletter/base/error.h"

#include <stdarg.h>
#include <stdbool.h>

/* One conversion of a format of printf(3). */
struct nl_conversion {
    const char *begin;    /* at its '%' */
    const char *end;      /* after its last letter */
    size_t place;         /* N of "%N$s", counted from 1; 0: the next one */
    int width;            /* 0: none */
    int precision;        /* -1: none */
    bool width_given;     /* the width is an argument of its own, '*' */
    bool precision_given; /* so is the precision */
    bool zeros;           /* filled with zeros */
    char length;          /* 0, 'l', 'q' for ll, or 'z' */
    char kind;            /* the last letter; '%' for "%%" */
};

/* Reads the conversion at `format`, which begins with '%'. False: one that is not used here. */
bool nl_conversion_read(const char *format, struct nl_conversion *out) NL_ALL_NONNULL;

/* NULL when `format` has a conversion that is not used here. */
struct nl_error_part *nl_error_part_make(const char *format, va_list args) NL_NONNULL(1);

/* With the parts within it. */
void nl_error_part_free(struct nl_error_part *part);

/* Replaces control characters, so that `text` of `len` bytes is one line. */
void nl_error_one_line(char *text, size_t len) NL_ALL_NONNULL;

#endif
