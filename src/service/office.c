#include "newsletter/service/office.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/token.h"
#include "newsletter/store/audit.h"

#include <stdlib.h>
#include <string.h>

enum nl_status nl_revision_of(const json_t *value, struct nl_revision *out, struct nl_error *err) {
    char hex[NL_HEX_LEN];
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    if (text == NULL)
        return nl_error_nomem(err);
    nl_digest_hex(text, strlen(text), hex);
    memcpy(out->text, hex, NL_REVISION_LEN);
    out->text[NL_REVISION_LEN] = '\0';
    free(text);
    return NL_OK;
}

bool nl_revision_holds(const struct nl_revision *expected, const struct nl_revision *present) {
    return expected == NULL || expected->text[0] == '\0' ||
           strcmp(expected->text, present->text) == 0;
}

enum nl_status nl_office_begin(const struct nl_office *office, bool *open, struct nl_error *err) {
    enum nl_status status = nl_store_begin_exclusive(office->store, err);
    *open = status == NL_OK;
    return status;
}

enum nl_status nl_office_end(const struct nl_office *office, bool open, enum nl_status status,
                             struct nl_error *err) {
    if (!open)
        return status;
    if (status == NL_OK)
        status = nl_store_commit(office->store, err);
    if (status != NL_OK)
        nl_store_rollback(office->store);
    return status;
}

enum nl_status nl_office_note(const struct nl_office *office, const char *action, const char *kind,
                              const char *name, int64_t id, struct nl_error *err) {
    struct nl_buf object = {0};
    if (office->by == NULL)
        return NL_OK;
    if (name != NULL)
        nl_buf_addf(&object, "%s %s", kind, name);
    else if (id != 0)
        nl_buf_addf(&object, "%s %lld", kind, (long long)id);
    else
        nl_buf_adds(&object, kind);
    enum nl_status status =
        nl_audit_note(office->store, office->by, action, nl_buf_text(&object), NULL, err);
    nl_buf_free(&object);
    return status;
}

void nl_office_set_text(char **text, const char *value) {
    if (value == NULL)
        return;
    free(*text);
    *text = value[0] != '\0' ? nl_strdup(value) : NULL;
}
