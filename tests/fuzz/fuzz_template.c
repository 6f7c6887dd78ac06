/* Any bytes as a template, behind a NUL its data as JSON, behind another a partial. */
#include "template/mustache.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static enum nl_status partial(void *ctx, const char *name, struct nl_buf *out,
                              struct nl_error *err) {
    (void)name;
    (void)err;
    nl_buf_adds(out, ctx);
    return NL_OK;
}

static const char *translate(void *ctx, const char *text) {
    return strlen(text) % 3 == 0 ? ctx : text;
}

static void wrap(struct nl_buf *out, const char *text) {
    nl_buf_addf(out, "%s\n", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    char *copy = malloc(len + 3);
    struct nl_error err = {0};
    struct nl_buf out = {0};
    if (copy == NULL)
        return 0;
    memcpy(copy, data, len);
    memset(copy + len, 0, 3);
    char *json = copy + strlen(copy) + 1;
    char *third = json < copy + len ? json + strlen(json) + 1 : json;
    json_t *parsed = json_loads(json, 0, NULL);
    json_t *object = json_is_object(parsed) ? parsed : json_object();
    static const struct nl_template_block blocks[] = {{"wrap", wrap}, {NULL, NULL}};
    const struct nl_template_host host = {.html = len % 2 != 0,
                                          .lenient = len % 3 != 0,
                                          .ctx = third < copy + len ? third : copy + len,
                                          .partial = partial,
                                          .translate = translate,
                                          .blocks = blocks};
    /* Lists within lists multiply; what is not hostile stays far below this. */
    if (strlen(copy) < 512 && strlen(host.ctx) < 64)
        (void)nl_template_render(copy, "t", &host, object, &out, &err);
    if (object != parsed)
        json_decref(object);
    json_decref(parsed);
    nl_buf_free(&out);
    nl_error_free(&err);
    free(copy);
    return 0;
}
