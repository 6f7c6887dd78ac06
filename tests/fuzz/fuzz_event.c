/* Events of mail providers, on any bytes: taking a batch apart and reading each event must neither
 * crash nor leak, and what comes of it must be fit for a database and a terminal. */
#include "newsletter/base/text.h"
#include "newsletter/inbound/event.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(bool holds) {
    if (!holds)
        abort();
}

static enum nl_status read_event(const struct nl_event *event, void *ctx, struct nl_error *err) {
    struct nl_bounce bounce = {0};
    (void)err;
    demand(strlen(event->text) == event->len && strchr(event->text, '\n') == NULL);
    nl_event_read(ctx, event->text, event->len, &bounce);
    demand(nl_bounce_kind_name(bounce.kind) != NULL && bounce.kind != NL_BOUNCE_UNSUBSCRIBE);
    demand(bounce.steps <= NL_BOUNCE_STEPS);
    for (size_t i = 0; i < bounce.count; i++) {
        const struct nl_bounce_recipient *recipient = &bounce.recipients[i];
        demand(strchr(recipient->address, '@') != NULL && recipient->reason[0] != '\0');
        demand(nl_text_check_line(recipient->address, "address", NULL) == NL_OK);
        demand(nl_text_check_line(recipient->status, "status", NULL) == NL_OK);
        demand(recipient->diagnostic == NULL ||
               nl_text_check_line(recipient->diagnostic, "text", NULL) == NL_OK);
    }
    nl_bounce_free(&bounce);
    return NL_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static struct nl_bounce_reader *reader;
    struct nl_error err = {0};
    char *text = malloc(len + 1);
    if (reader == NULL)
        demand(nl_bounce_reader_new(&reader, &err) == NL_OK);
    if (text != NULL) {
        memcpy(text, data, len);
        text[len] = '\0';
        enum nl_status status = nl_event_each(text, len, read_event, reader, &err);
        demand(status == NL_OK || status == NL_DATA);
    }
    free(text);
    nl_error_free(&err);
    return 0;
}
