/* One text of a bounce in prose, being read. */
#ifndef NL_INBOUND_PROSE_H
#define NL_INBOUND_PROSE_H

#include "inbound/reading.h"
#include "inbound/status.h"
#include "newsletter/base/buf.h"

enum { PROSE_LINES = 300 };

/* An address and the line that names it. */
struct found {
    char *address;
    size_t line;
};

struct prose {
    struct nl_reading *reading;
    const struct nl_scan *scan;
    const char *text;
    size_t len;
    struct nl_span lines[PROSE_LINES];
    size_t count;
    size_t end;           /* where the report ends and the mail that came back begins */
    const char *original; /* of X-Original-To, where DragonFly names the address that failed */
    bool take_ours;       /* addresses of ourselves may be those that failed */
    bool delayed, arrived;
    bool reported; /* a report named the addresses: here only reasons are looked for */
    struct found found[NL_READING_RECIPIENTS];
    size_t found_count;
};

/* Whether a text holds a delivery status report (RFC 3464) between its words, for want of MIME; it
 * is read then. */
bool nl_read_groups_in_prose(struct nl_reading *reading, const char *text);

/* Where a report names nobody, the recipient of the mail that it brings back, if there is just one.
 */
void nl_read_returned_recipient(struct nl_reading *reading);

#endif
