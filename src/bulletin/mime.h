/* MIME composition through libetpan. */
#ifndef NL_BULLETIN_MIME_H
#define NL_BULLETIN_MIME_H

#include "bulletin/enclosure.h"
#include "bulletin/slots.h"

/* A header field. `value` is complete and safe: encoded, with markers for slots. */
struct nl_field {
    const char *name;
    char *value;
};

struct nl_fields {
    struct nl_field items[24];
    size_t count;
};

/* Adds a field and takes the content of `value`, which is empty afterwards. */
void nl_fields_add(struct nl_fields *fields, const char *name, struct nl_buf *value);
void nl_fields_free(struct nl_fields *fields);

/* Writes a message of multipart/alternative, text/plain before text/html, each in the shorter of
 * quoted-printable and base64, into `out`. The parts are UTF-8 with LF line ends and markers.
 * Images among `enclosures` (which may be NULL) make the HTML a multipart/related (RFC 2387) with
 * them, attachments the whole a multipart/mixed. */
enum nl_status nl_mime_compose(const struct nl_fields *fields, const struct nl_buf *text,
                               const struct nl_buf *html, const struct nl_enclosures *enclosures,
                               struct nl_buf *out, struct nl_error *err);

/* Copies `text`, giving each marker the letter `context`. */
void nl_mime_set_context(const struct nl_buf *text, char context, struct nl_buf *out);

#endif
