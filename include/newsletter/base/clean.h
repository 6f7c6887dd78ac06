/* Values that people type, paste or export: addresses, names, attributes. Editors, web pages and
 * spreadsheets put characters into them that nobody sees and that make two values of one. */
#ifndef NEWSLETTER_BASE_CLEAN_H
#define NEWSLETTER_BASE_CLEAN_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdbool.h>

/* Appends one line of text to `out`, without the white space and the invisible characters at its
 * ends; nothing is left of a blank one. White space within that is not an ordinary space becomes
 * one. Invisible within are the Default_Ignorable characters, format and bidi controls; they are
 * refused, except where writing needs them: joiners as RFC 5892 appendix A allows them, what emoji
 * are made of, variants of ideographs. `what` names the text in the error, such as "the name". */
NL_CHECKED enum nl_status nl_clean_line(const char *text, const char *what, struct nl_buf *out,
                                        struct nl_error *err) NL_NONNULL(1, 2, 3);

/* As nl_clean_line, for an address: white space beyond ASCII within it is refused too, and so is
 * everything invisible, except the joiners of a domain name, which IDNA judges. */
NL_CHECKED enum nl_status nl_clean_address(const char *text, struct nl_buf *out,
                                           struct nl_error *err) NL_NONNULL(1, 2);

/* Appends the text as nl_clean_line, or with `address` nl_clean_address, would want it: without
 * what they refuse but line breaks and control characters. */
void nl_clean_remove(const char *text, bool address, struct nl_buf *out);

/* Appends the beginning of a text with what cannot be seen in it as "<U+200B>". */
void nl_clean_show(const char *text, struct nl_buf *out);

/* Whether nothing that can be seen is in a text. */
bool nl_is_blank(const char *text) NL_ALL_NONNULL;

#endif
