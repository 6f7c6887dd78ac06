#include "newsletter/archive/archive.h"

#include "newsletter/base/key_ring.h"
#include "newsletter/store/checkpoint.h"

#include <stdlib.h>

enum nl_status nl_keys_file(const struct nl_config *config, bool *found, struct nl_buf *out,
                            struct nl_error *err) {
    struct nl_key_ring ring = {0};
    enum nl_status status = nl_key_ring_read_if_any(config->signing.public_keys, &ring, found, err);
    if (!*found)
        return NL_OK;
    json_t *json = status == NL_OK ? nl_key_ring_json(&ring) : NULL;
    char *text = json != NULL ? json_dumps(json, JSON_INDENT(1) | JSON_PRESERVE_ORDER) : NULL;
    if (status == NL_OK && text == NULL)
        status = nl_error_nomem(err);
    if (text != NULL)
        nl_buf_addf(out, "%s\n", text);
    free(text);
    json_decref(json);
    nl_key_ring_free(&ring);
    return status;
}

enum nl_status nl_checkpoint_file(struct nl_store *store, bool *found, struct nl_buf *out,
                                  struct nl_error *err) {
    struct nl_checkpoint newest = {0};
    enum nl_status status = nl_checkpoint_newest(store, &newest, err);
    *found = status == NL_OK && newest.note != NULL;
    if (*found)
        nl_buf_adds(out, newest.note);
    free(newest.note);
    return status;
}
