#include "cli/cli.h"

#include "newsletter/store/saved_segment.h"
#include "newsletter/store/segment_check.h"

#include <stdlib.h>
#include <string.h>

/* An attribute that a form asks for, or that decides when mail goes out, may be one that nobody has
 * told yet. */
static enum nl_status check_attributes(const struct cli *cli, const struct nl_segment *segment,
                                       struct nl_error *err) {
    const struct nl_form_fields *forms = &cli->config.forms;
    const char **known = calloc(forms->count + 1, sizeof *known);
    if (known == NULL)
        return nl_error_nomem(err);
    for (size_t i = 0; i < forms->count; i++)
        known[i] = forms->items[i].attribute;
    known[forms->count] = "timezone";
    enum nl_status status = nl_segment_check(cli->store, segment, known, forms->count + 1, err);
    free(known);
    return status;
}

enum nl_status cli_segment(struct cli *cli, const char *where, const char *name,
                           struct nl_segment **out, char **text, struct nl_error *err) {
    char *saved = NULL;
    struct nl_buf both = {0};
    enum nl_status status = NL_OK;
    *out = NULL;
    if (where == NULL && name == NULL)
        return NL_OK;
    if (name != NULL)
        status = nl_saved_segment_get(cli->store, name, &saved, err);
    if (saved != NULL && where != NULL)
        nl_buf_addf(&both, "(%s) and (%s)", saved, where);
    else if (status == NL_OK)
        nl_buf_adds(&both, saved != NULL ? saved : where);
    /* By itself first: parentheses that do not match must not match around both. */
    if (status == NL_OK && saved != NULL && where != NULL) {
        status = nl_segment_parse(where, nl_env_now(nl_store_env(cli->store)), out, err);
        nl_segment_free(*out);
        *out = NULL;
    }
    if (status == NL_OK)
        status =
            nl_segment_parse(nl_buf_text(&both), nl_env_now(nl_store_env(cli->store)), out, err);
    if (status == NL_OK)
        status = check_attributes(cli, *out, err);
    if (status == NL_OK && text != NULL && (*text = strdup(nl_buf_text(&both))) == NULL)
        status = nl_error_nomem(err);
    nl_buf_free(&both);
    free(saved);
    return status;
}
