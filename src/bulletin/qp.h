/* Quoted-printable, RFC 2045 section 6.7. libetpan's encoder doubles white space at line ends
 * (1.9.4), hence ours. */
#ifndef NL_BULLETIN_QP_H
#define NL_BULLETIN_QP_H

#include "newsletter/base/buf.h"

/* Appends bytes of one line, which stands at *column; breaks it softly where it grows long. White
 * space is left as it is: the caller sees to it that none ends a line. */
void nl_qp_add(struct nl_buf *out, const char *text, size_t len, size_t *column);

/* Ends what nl_qp_add wrote with a soft line break, so that what follows begins a line. */
void nl_qp_soft_break(struct nl_buf *out, size_t *column);

/* Encodes text with LF line ends, from the start of a line. What is not `last` ends in a soft line
 * break, for a slot to follow. */
void nl_qp_text(struct nl_buf *out, const char *text, size_t len, bool last);

#endif
