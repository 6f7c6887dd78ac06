/* Composing a transactional message: a template and data to one address. */
#ifndef NEWSLETTER_BULLETIN_TRANSACTIONAL_MESSAGE_H
#define NEWSLETTER_BULLETIN_TRANSACTIONAL_MESSAGE_H

#include "newsletter/base/buf.h"
#include "newsletter/config/config.h"
#include "newsletter/store/list.h"

#include <jansson.h>

enum {
    NL_MESSAGE_TEMPLATE = 64, /* letters of a template's name */
    NL_MESSAGE_FILES = 20,
    NL_MESSAGE_BYTES = 2 << 20, /* of all attachments, before they are encoded: while a request is
                                   composed, many times that is in memory */
    NL_MESSAGE_DATA = 256 << 10,
    NL_MESSAGE_VALUES = 2000,
    NL_MESSAGE_DEPTH = 8,
};

struct nl_message_file {
    const char *name;
    const void *data;
    size_t len;
};

/* Borrowed. */
struct nl_message_order {
    const char *template; /* NAME of message-NAME.txt and message-NAME.html in `templates` */
    const char *language; /* NULL: that of the list */
    const json_t *data;   /* an object: {{data.NAME}}; NULL for none */
    const struct nl_message_file *files;
    size_t file_count;
};

/* The result. Zero it, free with nl_message_copy_free. */
struct nl_message_copy {
    struct nl_buf packed; /* as nl_message_parse reads it */
    char *subject;
    char *language; /* of the texts that the program adds */
};
void nl_message_copy_free(struct nl_message_copy *copy);

/* Composes the message in the name of a list, with its sender and look. Without an HTML template
 * of that name, the text stands in the built-in one. It carries Auto-Submitted (RFC 3834), and none
 * of the fields of a mailing list. NL_DATA for a template that does not exist or asks for data that
 * is not there, for data beyond the bounds above, control characters in it, a subject that is empty
 * or has several lines, and files that mail servers refuse. */
NL_CHECKED enum nl_status nl_message_order_compose(const struct nl_config *config,
                                                   const struct nl_list *list,
                                                   const struct nl_message_order *order,
                                                   struct nl_message_copy *out,
                                                   struct nl_error *err) NL_ALL_NONNULL;

#endif
