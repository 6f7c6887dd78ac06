/* Plain mail to staff: that they are asked for something, that something is done. */
#ifndef NEWSLETTER_BULLETIN_STAFF_MESSAGE_H
#define NEWSLETTER_BULLETIN_STAFF_MESSAGE_H

#include "newsletter/base/buf.h"
#include "newsletter/config/config.h"
#include "newsletter/store/list.h"

#include <jansson.h>

struct nl_staff_message {
    const char *file; /* the template, whose first line is "Subject: ..." */
    json_t *data;     /* borrowed; gets what templates need besides */
    const char *address;
    int64_t now; /* for the date */
};

/* Appends a complete message in the language of the list, with CRLF line ends; `sender` gets the
 * envelope's sender. NL_DATA for an invalid address. */
NL_CHECKED enum nl_status nl_staff_message_compose(const struct nl_config *config,
                                                   const struct nl_list *list,
                                                   const struct nl_staff_message *mail,
                                                   struct nl_buf *sender, struct nl_buf *out,
                                                   struct nl_error *err) NL_ALL_NONNULL;

#endif
