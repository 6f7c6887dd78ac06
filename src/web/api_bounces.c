#include "newsletter/base/memory.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/kept_bounces.h"
#include "web/api.h"

#include <openssl/evp.h>
#include <stdlib.h>

static enum nl_status add_bounce(const struct nl_kept_bounce *kept, void *ctx,
                                 struct nl_error *err) {
    (void)err;
    json_t *facts = json_pack("{s:I, s:o, s:I}", "id", (json_int_t)kept->id, "at",
                              nl_facts_time(kept->at), "size", (json_int_t)kept->bytes);
    json_array_append_new(ctx, facts);
    return NL_OK;
}

enum nl_status nl_api_get_bounces(struct nl_api_call *call, struct nl_error *err) {
    json_t *array = json_array();
    enum nl_status status = nl_office_kept_bounces(&call->office, add_bounce, array, err);
    return nl_api_answer_named(call, status, "bounces", array, err);
}

/* A stranger wrote the message, in any encoding: so it travels as base64. */
enum nl_status nl_api_get_bounce(struct nl_api_call *call, struct nl_error *err) {
    struct nl_buf message = {0};
    enum nl_status status = nl_office_kept_bounce_read(&call->office, call->id, &message, err);
    unsigned char *text = status == NL_OK ? nl_malloc(message.len / 3 * 4 + 5) : NULL;
    if (status == NL_OK) {
        EVP_EncodeBlock(text, (const unsigned char *)nl_buf_text(&message), (int)message.len);
        status = nl_api_answer(
            call, 200,
            json_pack("{s:I, s:s}", "id", (json_int_t)call->id, "message", (const char *)text),
            err);
    } else {
        status = nl_api_failed(call, status, err);
    }
    free(text);
    nl_buf_free(&message);
    return status;
}

enum nl_status nl_api_dismiss_bounce(struct nl_api_call *call, struct nl_error *err) {
    enum nl_status status = nl_office_kept_bounce_dismiss(&call->office, call->id, err);
    return status == NL_OK ? nl_api_answer_nothing(call) : nl_api_failed(call, status, err);
}
