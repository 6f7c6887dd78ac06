/* Judging a failure by lines of a text that has been read already. */
#ifndef NL_INBOUND_JUDGING_H
#define NL_INBOUND_JUDGING_H

#include "inbound/patterns.h"
#include "newsletter/inbound/judge.h"

/* The scans that a reader keeps, by what they are for: one is read while another is made. */
enum { NL_SCAN_JUDGE, NL_SCAN_PROSE, NL_SCAN_LINE };

/* As nl_judge, by the lines first..last of a scan (NULL for none); `failure->text` is looked at for
 * status codes alone. */
struct nl_judgement nl_judge_scanned(const struct nl_bounce_reader *reader,
                                     const struct nl_scan *scan, size_t first, size_t last,
                                     const struct nl_failure *failure, size_t *steps);

#endif
