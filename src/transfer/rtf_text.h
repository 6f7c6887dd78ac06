/* The text of an RTF document: the HTML or plain text that Outlook has wrapped in it (MS-OXRTFEX),
 * or its own. */
#ifndef NL_TRANSFER_RTF_TEXT_H
#define NL_TRANSFER_RTF_TEXT_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdbool.h>

/* Puts it into `out`, which is empty, in UTF-8. *html says whether it is HTML. NL_DATA for what is
 * not RTF, or nested too deep. */
NL_CHECKED enum nl_status nl_rtf_text(const struct nl_buf *rtf, struct nl_buf *out, bool *html,
                                      struct nl_error *err) NL_ALL_NONNULL;

#endif
