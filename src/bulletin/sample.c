#include "newsletter/bulletin/sample.h"

#include "newsletter/base/token.h"

static enum nl_status fill(const char *packed, size_t len, const char *address,
                           const char *attributes, struct nl_buf *out, struct nl_error *err) {
    static const char nobody[] = "00000000-0000-4000-8000-000000000000";
    struct nl_message *message = NULL;
    struct nl_token unique;
    struct nl_buf id = {0};
    nl_token_new(&nl_env_system, &unique);
    nl_buf_addf(&id, "%s@preview.invalid", unique.text);
    const struct nl_recipient recipient = {
        .address = address != NULL ? address : "reader@example.org",
        .name = "Sample Reader",
        .attributes = attributes,
        .unsubscribe = nobody,
        .confirmation = nobody,
        .message_id = nl_buf_text(&id),
        .date = nl_env_now(&nl_env_system),
    };
    enum nl_status status = nl_message_parse(packed, len, &message, err);
    if (status == NL_OK)
        status = nl_message_fill(message, &recipient, out, err);
    nl_message_free(message);
    nl_buf_free(&id);
    return status;
}

enum nl_status nl_sample_fill(const char *packed, size_t len, const char *address,
                              struct nl_buf *out, struct nl_error *err) {
    return fill(packed, len, address, "{}", out, err);
}

enum nl_status nl_sample_fill_with(const char *packed, size_t len, const char *attributes,
                                   struct nl_buf *out, struct nl_error *err) {
    return fill(packed, len, NULL, attributes, out, err);
}
