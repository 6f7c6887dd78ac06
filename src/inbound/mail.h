/* A message that came from anywhere, taken apart within fixed bounds: whatever it holds, reading it
 * takes time and memory in proportion to its size. */
#ifndef NL_INBOUND_MAIL_H
#define NL_INBOUND_MAIL_H

#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    NL_MAIL_SIZE = 1 << 20,
    NL_MAIL_PARTS = 64,
    NL_MAIL_DEPTH = 8,
    NL_MAIL_FIELDS = 300,
    NL_MAIL_HEADER = 64 << 10,
    NL_MAIL_FIELD = 4096,
    NL_MAIL_TEXT = 96 << 10,
};

/* Bytes of the message. Not NUL-terminated. */
struct nl_span {
    const char *data;
    size_t len;
};

/* One MIME part (RFC 2046). Parts stand in the order of the text, each before what it holds. */
struct nl_part {
    struct nl_span header; /* no more than NL_MAIL_HEADER bytes of it */
    struct nl_span body;   /* as it was sent */
    int depth;
    char type[64];     /* lower case, "text/plain" by default */
    char *charset;     /* NULL when none is named */
    char *report_type; /* of multipart/report, lower case */
    int encoding;      /* libetpan's MAILMIME_MECHANISM_* */
    bool leaf;         /* it holds text itself, and no parts */
    char *text;        /* once nl_mail_text was asked for it */
};

struct nl_mail {
    struct nl_part *parts; /* parts[0] is the message */
    size_t count;
    char *owned;  /* a copy with proper line ends, where the message had none */
    size_t steps; /* of work done so far, see nl_bounce.steps */
};

/* Takes a message apart; `data` must outlive the mail. Lines may end in CR LF, LF or CR. What is
 * beyond the bounds above is left out, and what is malformed is text. Free with
 * nl_mail_free. */
void nl_mail_read(const char *data, size_t len, struct nl_mail *out);
void nl_mail_free(struct nl_mail *mail);

/* The same with another bound than NL_MAIL_SIZE. */
void nl_mail_read_up_to(const char *data, size_t len, size_t limit, struct nl_mail *out);

/* The first `limit` bytes of a part's body, decoded: as nl_mail_text, or, where `len` is not NULL,
 * as bytes. The caller frees it. */
char *nl_mail_decode(const struct nl_part *part, size_t limit, size_t *len);

/* The first NL_MAIL_TEXT bytes of a part's body, decoded: UTF-8 with LF, without control
 * characters. NULL for what is not text. The mail's. */
const char *nl_mail_text(struct nl_mail *mail, size_t part);

/* The next field of a header from *at on (RFC 5322 section 2.2): unfolded, RFC 2047 decoded, valid
 * UTF-8. False at the end. `name` and `value` are the caller's to free. */
bool nl_mail_next_field(struct nl_span *at, char **name, char **value);

/* The first field of that name in a header, decoded, or NULL; the caller frees it. Of a longer
 * field the first NL_MAIL_FIELD bytes are read. */
char *nl_mail_find(struct nl_span header, const char *name);
char *nl_mail_field(const struct nl_part *part, const char *name);

#endif
