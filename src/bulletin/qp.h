/* Quoted-printable, RFC 2045 section 6.7. We have our own encoder because that of libetpan 1.9.4
 * doubles white space at line ends. */
#ifndef NL_BULLETIN_QP_H
#define NL_BULLETIN_QP_H

#include "newsletter/base/buf.h"

/* Appends bytes to a line that is *column long, and breaks it softly if it gets too long. White
 * space stays unchanged: the caller makes sure that none ends a line. */
void nl_qp_add(struct nl_buf *out, const char *text, size_t len, size_t *column);

/* Ends a line of nl_qp_add with a soft line break, so that the next text begins a line. */
void nl_qp_soft_break(struct nl_buf *out, size_t *column);

/* Encodes text with LF line ends, beginning at the start of a line. Text that is not the `last`
 * ends in a soft line break, since a slot follows it. */
void nl_qp_text(struct nl_buf *out, const char *text, size_t len, bool last);

#endif
