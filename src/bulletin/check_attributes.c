#include "newsletter/base/catalog.h"
#include "newsletter/bulletin/check.h"

#include "newsletter/store/attribute_use.h"

#include <string.h>

struct attribute_check {
    struct nl_store *store;
    const char *path;   /* of the edition */
    struct nl_buf seen; /* names of the edition, each with a line feed before and after it */
    struct nl_findings *out;
};

static enum nl_status check_attribute(const char *name, void *ctx, struct nl_error *err) {
    struct attribute_check *check = ctx;
    struct nl_buf line = {0};
    bool used = true;
    nl_buf_addf(&line, "\n%s\n", name);
    if (strstr(nl_buf_text(&check->seen), nl_buf_text(&line)) != NULL) {
        nl_buf_free(&line);
        return NL_OK;
    }
    nl_buf_add(&check->seen, nl_buf_text(&line), line.len);
    nl_buf_free(&line);
    enum nl_status status = nl_attribute_is_used(check->store, name, &used, err);
    if (status == NL_OK && !used)
        nl_findings_add(check->out, NL_LEVEL_WARNING, "attribute", check->path,
                        NL_TEXT("no subscriber has the attribute '%s': check its spelling"), name);
    return status;
}

enum nl_status nl_bulletin_check_attributes(const struct nl_bulletin *bulletin,
                                            struct nl_store *store, struct nl_findings *out,
                                            struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < bulletin->view_count; i++) {
        const struct nl_edition edition = nl_bulletin_edition(bulletin, i);
        struct attribute_check check = {
            .store = store, .path = bulletin->views[i].path, .out = out};
        struct nl_message *message = NULL;
        status = nl_message_parse(edition.message, edition.message_len, &message, err);
        if (status == NL_OK)
            status = nl_message_attributes(message, check_attribute, &check, err);
        nl_message_free(message);
        nl_buf_free(&check.seen);
    }
    return status;
}
