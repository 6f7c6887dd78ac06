#include "cli/cli.h"

#include "newsletter/base/buf.h"
#include "newsletter/dkim/dkim.h"

#include <string.h>

struct dkim_options {
    const char *type, *selector, *domain, *output;
};

enum { STRING_LIMIT = 250 }; /* a TXT record's strings are 255 bytes at most */

static bool is_name(const char *text) {
    return text[0] != '\0' && strlen(text) < 250 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
               strlen(text);
}

static void print_json(struct cli *cli, const struct dkim_options *chosen,
                       const struct nl_buf *record) {
    struct nl_buf name = {0};
    nl_buf_addf(&name, "%s._domainkey.%s", chosen->selector, chosen->domain);
    cli_print_json(cli, json_pack("{s:s, s:s, s:s, s:s}", "key_file", chosen->output, "name",
                                  nl_buf_text(&name), "type", "TXT", "value", nl_buf_text(record)));
    nl_buf_free(&name);
}

static void print_record(const char *selector, const char *domain, const struct nl_buf *record) {
    printf("%s._domainkey.%s. IN TXT (", selector, domain);
    for (size_t at = 0; at < record->len; at += STRING_LIMIT)
        printf(" \"%.*s\"", STRING_LIMIT, record->data + at);
    puts(" )");
}

static enum nl_status dkim_keygen(struct cli *cli, void *options, struct nl_error *err) {
    const struct dkim_options *chosen = options;
    struct nl_buf record = {0};
    if (chosen->selector == NULL || chosen->domain == NULL || chosen->output == NULL)
        return cli_usage_error(cli, err, "dkim keygen needs --selector, --domain and --output");
    if (!is_name(chosen->selector) || !is_name(chosen->domain))
        return nl_error_set(err, NL_DATA,
                            "selector and domain are made of letters, digits, dots and hyphens");
    enum nl_status status = nl_dkim_generate(chosen->type, chosen->output, &record, err);
    if (status == NL_OK && cli->json)
        print_json(cli, chosen, &record);
    else if (status == NL_OK)
        print_record(chosen->selector, chosen->domain, &record);
    nl_buf_free(&record);
    return status;
}

static const struct cli_option dkim_table[] = {
    CLI_TEXT("type", struct dkim_options, type),
    CLI_TEXT("selector", struct dkim_options, selector),
    CLI_TEXT("domain", struct dkim_options, domain),
    CLI_PATH("output", struct dkim_options, output),
    {0},
};

static const struct cli_action dkim_actions[] = {{"keygen", dkim_keygen, {0, 0, NULL}}, {0}};

const struct cli_command cmd_dkim = {
    .name = "dkim",
    .options = dkim_table,
    .size = sizeof(struct dkim_options),
    .defaults = &(const struct dkim_options){.type = "rsa"},
    .actions = dkim_actions,
};
