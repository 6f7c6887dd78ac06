/* Dates and times as other tools, spreadsheets and people write them. */
#ifndef NL_TRANSFER_MOMENT_H
#define NL_TRANSFER_MOMENT_H

#include "newsletter/transfer/transfer.h"
#include "transfer/lexicon.h"

#include <stdint.h>

enum nl_moment {
    NL_MOMENT_NONE, /* it stands for none: "-", "never", 0000-00-00 */
    NL_MOMENT_READ,
    NL_MOMENT_WRONG,
    NL_MOMENT_AMBIGUOUS /* 03/04/2021 is a day in March or in April */
};

/* Reads a date, with a time or without, as seconds since 1970; where no zone is named it is UTC.
 * Seconds, milliseconds and microseconds since 1970 are read as well. A day or an hour that does
 * not exist is wrong. */
enum nl_moment nl_moment_read(const struct nl_lexicon *lexicon, const char *text,
                              enum nl_date_order order, int64_t *at);

#endif
