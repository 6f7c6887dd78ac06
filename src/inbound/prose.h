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

/* prose_line.c: where a line begins and ends in the text; the line after the last one ends with it.
 */
size_t nl_prose_start(const struct prose *prose, size_t line);
size_t nl_prose_end(const struct prose *prose, size_t line);

bool nl_prose_has_address(const struct prose *prose, size_t line);

/* Whether the table has a rule of that sort for a line. */
bool nl_prose_is(const struct prose *prose, size_t line, enum nl_sort sort);

/* Whether a line begins with a word in any case, blanks aside. */
bool nl_prose_begins(struct nl_span line, const char *word);

/* Whether the report ends with a line: it says so, or is a field of the mail that came back. */
bool nl_prose_ends(const struct prose *prose, size_t line);

/* prose_address.c: notes the addresses that failed among the lines before `end`: those that a line
 * introduced, whose own line says what they are, or next to which a reason stands; `anywhere` takes
 * the others too. */
void nl_prose_find_addresses(struct prose *prose, size_t end, bool anywhere);

/* Whether a line is "To:" next to "Subject:", which describes the mail that was sent. */
bool nl_prose_is_summary(const struct prose *prose, size_t line);

/* prose_reason.c: judges an address by the lines first..last, and notes it. False for no reason. */
bool nl_prose_judge(struct prose *prose, const char *address, size_t first, size_t last);

/* Judges each address that was found: by the lines that follow it; then, for those of which these
 * say nothing, by those that follow further down, by those above, and by all there is. */
void nl_prose_judge_found(struct prose *prose);

/* Notes why something failed for a bounce that names nobody. */
void nl_prose_note_reason(struct prose *prose);

/* Whether a text holds a delivery status report (RFC 3464) between its words, for want of MIME; it
 * is read then. */
bool nl_read_groups_in_prose(struct nl_reading *reading, const char *text);

/* Where a report names nobody, the recipient of the mail that it brings back, if there is just one.
 */
void nl_read_returned_recipient(struct nl_reading *reading);

#endif
