/* Pictures, documents and Outlook's mails from outside are decoded by a process of its own within
 * bounds: no network, no secrets in its memory, and limits of time, memory and output
 * (base/program.h). A fault in a decoder ends that process and nothing else. */
#ifndef NEWSLETTER_SERVICE_CONVERSION_H
#define NEWSLETTER_SERVICE_CONVERSION_H

#include "newsletter/transfer/document.h"

/* The word by which this program is called to convert what is on its standard input. */
extern const char nl_conversion_word[];

/* Says that this program answers that word. Before it, conversions are done in this process: by
 * programs of tests. */
void nl_conversion_offer(void);

/* Answers a request from standard input on standard output. It is for the called process, and does
 * not return. */
_Noreturn void nl_conversion_main(void);

/* Appends a picture that has been decoded and written again, see nl_picture_clean. NL_DATA. */
NL_CHECKED enum nl_status nl_convert_picture(const struct nl_buf *data, struct nl_buf *out,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Appends the texts of the QR codes in a photo, see nl_photo_codes. NL_DATA. */
NL_CHECKED enum nl_status nl_convert_codes(const struct nl_buf *data, struct nl_buf *out,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* Appends a mail that Outlook has saved as an Internet mail, see nl_outlook_to_mail. NL_DATA. */
NL_CHECKED enum nl_status nl_convert_mail(const struct nl_buf *data, struct nl_buf *out,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Reads a document, see nl_document_read. Its pictures are clean. NL_DATA. */
NL_CHECKED enum nl_status nl_convert_document(const struct nl_buf *data, struct nl_document *out,
                                              struct nl_error *err) NL_ALL_NONNULL;

#endif
