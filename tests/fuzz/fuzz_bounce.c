/* The whole reader of bounces on any bytes: must neither crash, leak nor hang, and what it
 * reports must be fit for a database and a terminal. */
#include "newsletter/base/text.h"
#include "newsletter/inbound/bounce.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(bool holds) {
    if (!holds)
        abort();
}

static void check_recipient(const struct nl_bounce_recipient *recipient) {
    demand(strchr(recipient->address, '@') != NULL);
    demand(nl_text_check_line(recipient->address, "address", NULL) == NL_OK);
    demand(recipient->diagnostic == NULL ||
           nl_text_check_body(recipient->diagnostic, strlen(recipient->diagnostic), "text", NULL) ==
               NL_OK);
    demand(recipient->reason != NULL && recipient->reason[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static struct nl_bounce_reader *reader;
    struct nl_bounce bounce = {0};
    struct nl_error err = {0};
    if (reader == NULL)
        demand(nl_bounce_reader_new(&reader, &err) == NL_OK);
    demand(nl_bounce_read(reader, (const char *)data, len, &bounce, &err) == NL_OK);
    demand(nl_bounce_kind_name(bounce.kind) != NULL);
    for (size_t i = 0; i < bounce.count; i++)
        check_recipient(&bounce.recipients[i]);
    nl_bounce_free(&bounce);
    return 0;
}
