#include "cli/cli.h"

#include "newsletter/report/facts.h"
#include "newsletter/service/receipts.h"

#include <string.h>

struct consent_options {
    const char *key;
};

enum { RECEIPT_MOST = 4 << 20 };

/* The text is indented, so that it cannot look like a line of ours. */
static void print_wording(const json_t *wording) {
    const char *language = nl_facts_word(wording, "language");
    const char *text = nl_facts_word(wording, "text");
    printf("  %s%s%s, SHA-256 %s:\n", nl_facts_word(wording, "shown_on"),
           language[0] != '\0' ? ", " : "", language, nl_facts_word(wording, "digest"));
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        printf("    | %.*s\n", (int)len, text);
        text += len + (text[len] != '\0');
    }
}

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
    const json_t *wordings = json_object_get(notice, "wordings");
    for (size_t i = 0; i < json_array_size(wordings); i++)
        print_wording(json_array_get(wordings, i));
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

static json_t *checked_facts(const struct nl_receipt_checked *checked) {
    json_t *proved = json_array();
    for (size_t i = 0; nl_proved_words[i] != NULL; i++)
        if ((checked->proved & (1U << i)) != 0)
            json_array_append_new(proved, json_string(nl_proved_words[i]));
    return json_pack("{s:s, s:b, s:o, s:I}", "signed_by", checked->signed_by, "in_ledger",
                     checked->in_ledger, "proved", proved, "checkpoint", (json_int_t)checked->size);
}

static void print_checked(const json_t *facts) {
    const json_t *proved = json_object_get(facts, "proved");
    const char *by = nl_facts_word(facts, "signed_by");
    printf("  signed%s%s\n", by[0] != '\0' ? " by " : "", by);
    if (!json_is_true(json_object_get(facts, "in_ledger"))) {
        puts("  without a proof that it is in the ledger");
        return;
    }
    printf("  in the ledger, by a signed checkpoint of %lld entries:",
           (long long)json_integer_value(json_object_get(facts, "checkpoint")));
    for (size_t i = 0; i < json_array_size(proved); i++)
        printf("%s %s", i > 0 ? "," : "", json_string_value(json_array_get(proved, i)));
    putchar('\n');
}

static enum nl_status check_one(const json_t *receipt, const struct nl_key_ring *ring, json_t *out,
                                struct nl_error *err) {
    struct nl_receipt_checked checked = {0};
    enum nl_status status = nl_receipt_check(receipt, ring, &checked, err);
    return status == NL_OK && json_array_append_new(out, checked_facts(&checked)) != 0
               ? nl_error_nomem(err)
               : status;
}

static enum nl_status check_all(const json_t *json, const struct nl_key_ring *ring, json_t *out,
                                struct nl_error *err) {
    if (!json_is_array(json))
        return check_one(json, ring, out, err);
    enum nl_status status =
        json_array_size(json) > 0 ? NL_OK : nl_error_set(err, NL_DATA, "there is no receipt in it");
    for (size_t i = 0; status == NL_OK && i < json_array_size(json); i++)
        status = check_one(json_array_get(json, i), ring, out, err);
    return status;
}

static void tell(struct cli *cli, json_t *receipts) {
    for (size_t i = 0; !cli->json && i < json_array_size(receipts); i++) {
        if (i == 0)
            puts("ours, unchanged");
        print_checked(json_array_get(receipts, i));
    }
    if (cli->json)
        cli_print_json(cli, json_pack("{s:s, s:s, s:O}", "file", cli->words[0], "result",
                                      "unchanged", "receipts", receipts));
}

static enum nl_status consent_verify(struct cli *cli, void *options, struct nl_error *err) {
    const struct consent_options *chosen = options;
    struct nl_key_ring ring = {0};
    struct nl_buf text = {0};
    json_error_t problem;
    json_t *json = NULL;
    json_t *receipts = json_array();
    enum nl_status status = cli_read_keys(cli, chosen->key, &ring, err);
    if (status == NL_OK)
        status = nl_file_read(cli->words[0], RECEIPT_MOST, &text, err);
    if (status == NL_OK &&
        (json = json_loads(nl_buf_text(&text), JSON_REJECT_DUPLICATES, &problem)) == NULL)
        status = nl_error_set(err, NL_DATA, "line %d: %s", problem.line, problem.text);
    if (status == NL_OK)
        status = check_all(json, &ring, receipts, err);
    if (status == NL_OK)
        tell(cli, receipts);
    else if (status == NL_DATA)
        nl_error_context(err, "%s", cli->words[0]);
    json_decref(json);
    json_decref(receipts);
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
