/* Mails that Outlook has saved as .msg (MS-OXMSG). */
#ifndef NEWSLETTER_TRANSFER_OUTLOOK_MAIL_H
#define NEWSLETTER_TRANSFER_OUTLOOK_MAIL_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdbool.h>

/* The largest mail that is made of one, and how deep mails may lie within one another. */
enum { NL_OUTLOOK_MOST = 24 << 20, NL_OUTLOOK_DEPTH = 3 };

/* Whether a file is one, by its first bytes: they are those of any compound file (MS-CFB). */
bool nl_outlook_is_one(const char *data, size_t len) NL_ALL_NONNULL;

/* Appends it as an Internet mail (RFC 5322, RFC 2045): with its header as it came, every body that
 * Outlook keeps (plain text, HTML, and what is wrapped in RTF) as alternatives, and its
 * attachments. Mails among them are message/rfc822. NL_DATA for a file that is broken, no mail, too
 * large, or nested too deep; NL_CONFIG if this program was built without the library for it. */
NL_CHECKED enum nl_status nl_outlook_to_mail(const struct nl_buf *file, struct nl_buf *out,
                                             struct nl_error *err) NL_ALL_NONNULL;

#endif
