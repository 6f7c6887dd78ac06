/* The part of a conversion that is done in a process of its own. */
#ifndef NL_SERVICE_CONVERTER_H
#define NL_SERVICE_CONVERTER_H

#include "newsletter/base/buf.h"

/* A request is "p", "d", "q" or "m", for a picture, a document, the QR codes of a photo or a mail
 * of Outlook, and the bytes of the file. An answer is a row of records: a name, a blank, a length
 * in bytes, a line end, and that many bytes. */
enum {
    NL_CONVERT_PICTURE = 'p',
    NL_CONVERT_DOCUMENT = 'd',
    NL_CONVERT_CODES = 'q',
    NL_CONVERT_MAIL = 'm',
    NL_CONVERT_MOST = 96 << 20
};

/* Always answers: with a record "fault" where it failed. */
void nl_convert_answer(const struct nl_buf *request, struct nl_buf *answer);

#endif
