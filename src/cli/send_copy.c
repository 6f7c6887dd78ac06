#include "cli/send_call.h"

#include "newsletter/base/address.h"
#include "newsletter/service/draft_send.h"

#include <stdlib.h>
#include <string.h>

static enum nl_status send_to(struct cli *cli, const struct send_call *call, const char *address,
                              struct nl_error *err) {
    struct nl_address to = {0};
    struct nl_address from = {0};
    struct nl_buf message = {0};
    char *name = NULL;
    json_t *languages = json_array();
    enum nl_status status = nl_address_parse(address, &to, err);
    if (status == NL_OK)
        status = nl_mailbox_parse(call->list.sender, &name, &from, err);
    if (status == NL_OK && !call->chosen->dry_run)
        status = cli_connect(cli, err);
    for (size_t i = 0; status == NL_OK && i < call->bulletin.view_count; i++) {
        const struct nl_edition edition = nl_bulletin_edition(&call->bulletin, i);
        status = nl_draft_test_copy(&call->bulletin, i, to.envelope, &message, err);
        if (status == NL_OK && !call->chosen->dry_run)
            status = nl_send_test(cli->store, &cli->config, cli->relay, from.envelope, &to,
                                  &message, err);
        if (status == NL_OK && cli->json)
            json_array_append_new(languages, json_string(edition.language));
        else if (status == NL_OK)
            printf(call->chosen->dry_run
                       ? "would send a test copy to %s (%s); nothing was sent (--dry-run)\n"
                       : "sent a test copy to %s (%s); the unsubscribe link in it does nothing\n",
                   to.text, edition.language);
    }
    if (status == NL_OK && cli->json)
        cli_print_json(cli, json_pack("{s:s, s:s, s:O, s:s}", "issue", call->bulletin.issue.slug,
                                      "to", to.text, "languages", languages, "result",
                                      call->chosen->dry_run ? "planned" : "test_sent"));
    json_decref(languages);
    free(name);
    nl_address_free(&to);
    nl_address_free(&from);
    nl_buf_free(&message);
    return status;
}

enum nl_status cli_send_copy(struct cli *cli, const struct send_call *call, struct nl_error *err) {
    const char *group = nl_config_proof_group(&cli->config, call->chosen->test);
    struct nl_buf one = {0};
    enum nl_status status = group == NULL ? send_to(cli, call, call->chosen->test, err) : NL_OK;
    while (group != NULL && status == NL_OK && nl_config_proof_next(&group, &one))
        status = send_to(cli, call, nl_buf_text(&one), err);
    nl_buf_free(&one);
    return status;
}
