/* A text or mail of which somebody asks whether it is ours, as any bytes: it is read, its
 * references are in the form of references, and its passages are counted. */
#include "newsletter/bulletin/genuine.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void demand(bool holds) {
    if (!holds)
        abort();
}

static enum nl_status take(const char *reference, void *ctx, struct nl_error *err) {
    (void)ctx;
    (void)err;
    demand(strlen(reference) > 0 && strlen(reference) < 40);
    return NL_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct nl_asked *asked = NULL;
    struct nl_error err = {0};
    int64_t *passages = NULL;
    size_t count = 0;
    if (nl_asked_read((const char *)data, len, &asked, &err) == NL_OK) {
        demand(nl_asked_references(asked, take, NULL, &err) == NL_OK);
        nl_asked_passages(asked, &passages, &count);
        demand(count == 0 || passages != NULL);
        free(passages);
    }
    nl_asked_free(asked);
    nl_error_free(&err);
    return 0;
}
