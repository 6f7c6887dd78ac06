#include "web/draft_copies.h"

#include "newsletter/base/address.h"
#include "newsletter/base/catalog.h"
#include "newsletter/service/draft_send.h"
#include "web/copy_worker.h"

#include <stdlib.h>

static enum nl_status send_to(struct nl_staff *staff, const struct nl_draft_composed *composed,
                              const char *who, const char *address, struct nl_error *err) {
    struct nl_address to = {0};
    struct nl_address from = {0};
    char *name = NULL;
    enum nl_status status = nl_address_parse(address, &to, err);
    if (status == NL_OK)
        status = nl_mailbox_parse(composed->list.sender, &name, &from, err);
    if (status == NL_OK && (!composed->whole || staff->copies == NULL))
        status = nl_error_set(err, NL_DATA, NL_TEXT("there are errors: correct them first"));
    for (size_t i = 0; status == NL_OK && i < composed->bulletin.view_count; i++) {
        struct nl_buf copy = {0};
        status = nl_draft_test_copy(&composed->bulletin, i, to.envelope, &copy, err);
        if (status == NL_OK)
            status = nl_copies_send(staff->copies, who, from.envelope, to.text, &copy, err);
        nl_buf_free(&copy);
    }
    free(name);
    nl_address_free(&to);
    nl_address_free(&from);
    return status;
}

enum nl_status nl_draft_copies_send(struct nl_staff *staff,
                                    const struct nl_draft_composed *composed, const char *who,
                                    const char *address, struct nl_error *err) {
    const char *group = nl_config_proof_group(staff->site->config, address);
    struct nl_buf one = {0};
    enum nl_status status = group == NULL ? send_to(staff, composed, who, address, err) : NL_OK;
    while (group != NULL && status == NL_OK && nl_config_proof_next(&group, &one))
        status = send_to(staff, composed, who, nl_buf_text(&one), err);
    nl_buf_free(&one);
    return status;
}
