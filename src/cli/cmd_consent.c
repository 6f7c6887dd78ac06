#include "cli/cli.h"

#include "newsletter/report/facts.h"
#include "newsletter/service/receipts.h"

#include <string.h>

struct consent_options {
    const char *key;
};

enum { RECEIPT_MOST = 4 << 20 };

static void print_receipt(const json_t *receipt) {
    const json_t *purpose = json_object_get(receipt, "purpose");
    const json_t *notice = json_object_get(receipt, "notice");
    const json_t *events = json_object_get(receipt, "events");
    printf("%s (%s), from %s: %s\n", nl_facts_word(purpose, "list"),
           nl_facts_word(purpose, "list_id"),
           nl_facts_word(json_object_get(receipt, "pii_controller"), "sender"),
           nl_facts_word(receipt, "state"));
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);
        printf("  %s %s\n", nl_facts_word(event, "event_time"), nl_facts_word(event, "event_type"));
    }
    if (nl_facts_word(notice, "source")[0] != '\0')
        printf("  by: %s\n", nl_facts_word(notice, "source"));
    if (nl_facts_word(notice, "ip")[0] != '\0')
        printf("  from: %s\n", nl_facts_word(notice, "ip"));
    if (nl_facts_word(notice, "form_version")[0] != '\0')
        printf("  wording of the form: version %s\n", nl_facts_word(notice, "form_version"));
}

static enum nl_status consent_show(struct cli *cli, void *options, struct nl_error *err) {
    const struct nl_who who = {.address = cli->words[0]};
    json_t *receipts = NULL;
    (void)options;
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_receipts(&office, &who, &receipts, err);
    if (status != NL_OK)
        return status;
    for (size_t i = 0; !cli->json && i < json_array_size(receipts); i++)
        print_receipt(json_array_get(receipts, i));
    if (cli->json)
        cli_print_json(cli, receipts);
    else
        json_decref(receipts);
    return NL_OK;
}

static enum nl_status check_all(const json_t *json, const struct nl_key_ring *ring,
                                struct nl_error *err) {
    if (!json_is_array(json))
        return nl_receipt_check(json, ring, err);
    enum nl_status status =
        json_array_size(json) > 0 ? NL_OK : nl_error_set(err, NL_DATA, "there is no receipt in it");
    for (size_t i = 0; status == NL_OK && i < json_array_size(json); i++)
        status = nl_receipt_check(json_array_get(json, i), ring, err);
    return status;
}

static enum nl_status consent_verify(struct cli *cli, void *options, struct nl_error *err) {
    const struct consent_options *chosen = options;
    struct nl_key_ring ring = {0};
    struct nl_buf text = {0};
    json_error_t problem;
    json_t *json = NULL;
    enum nl_status status = cli_read_keys(cli, chosen->key, &ring, err);
    if (status == NL_OK)
        status = nl_file_read(cli->words[0], RECEIPT_MOST, &text, err);
    if (status == NL_OK &&
        (json = json_loads(nl_buf_text(&text), JSON_REJECT_DUPLICATES, &problem)) == NULL)
        status = nl_error_set(err, NL_DATA, "line %d: %s", problem.line, problem.text);
    if (status == NL_OK)
        status = check_all(json, &ring, err);
    if (status == NL_OK)
        cli_tell(cli, json_pack("{s:s, s:s}", "file", cli->words[0], "result", "unchanged"),
                 "ours, unchanged");
    else if (status == NL_DATA)
        nl_error_context(err, "%s", cli->words[0]);
    json_decref(json);
    nl_buf_free(&text);
    nl_key_ring_free(&ring);
    return status;
}

static const struct cli_option consent_table[] = {
    CLI_PATH("key", struct consent_options, key),
    {0},
};

static const struct cli_action consent_actions[] = {
    {"show", consent_show, {1, 1, "one ADDRESS"}},
    {"verify", consent_verify, {1, 1, "one FILE"}},
    {0},
};

const struct cli_command cmd_consent = {
    .name = "consent",
    .options = consent_table,
    .size = sizeof(struct consent_options),
    .actions = consent_actions,
    .heedless_of_imports = true,
};
