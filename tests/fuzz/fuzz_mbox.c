/* An mbox or a single message as a file of any bytes: each message is handed over within the file's
 * bounds, and read. */
#include "newsletter/inbound/bounce.h"
#include "newsletter/inbound/mailbox.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct nl_bounce_reader *reader;

static void demand(bool holds) {
    if (!holds)
        abort();
}

static enum nl_status take(const char *data, size_t len, bool *understood, void *ctx,
                           struct nl_error *err) {
    size_t *total = ctx;
    struct nl_bounce bounce = {0};
    enum nl_status status = nl_bounce_read(reader, data, len, &bounce, err);
    *understood = bounce.kind != NL_BOUNCE_UNKNOWN;
    *total += len;
    nl_bounce_free(&bounce);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    size_t total = 0;
    char path[40];
    struct nl_error err = {0};
    const struct nl_visitor visitor = {.message = take, .ctx = &total, .leave = true};
    if (reader == NULL)
        demand(nl_bounce_reader_new(&reader, &err) == NL_OK);
    int file = memfd_create("mbox", MFD_CLOEXEC);
    demand(file >= 0 && write(file, data, len) == (ssize_t)len);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    (void)!nl_mailbox_file(path, &visitor, &err);
    demand(total <= len);
    nl_error_free(&err);
    close(file);
    return 0;
}
