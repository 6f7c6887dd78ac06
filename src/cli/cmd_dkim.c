#include "cli/cli.h"

#include "newsletter/base/buf.h"
#include "newsletter/dkim/dkim.h"

#include <string.h>

enum { OPT_TYPE = 1, OPT_SELECTOR, OPT_DOMAIN, OPT_OUTPUT };

enum { STRING_LIMIT = 250 }; /* a TXT record's strings are 255 bytes at most */

static bool is_name(const char *text) {
    return text[0] != '\0' && strlen(text) < 250 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
               strlen(text);
}

static void print_record(const char *selector, const char *domain, const struct nl_buf *record) {
    printf("%s._domainkey.%s. IN TXT (", selector, domain);
    for (size_t at = 0; at < record->len; at += STRING_LIMIT)
        printf(" \"%.*s\"", STRING_LIMIT, record->data + at);
    puts(" )");
}

static const struct option long_options[] = {{"type", required_argument, NULL, OPT_TYPE},
                                             {"selector", required_argument, NULL, OPT_SELECTOR},
                                             {"domain", required_argument, NULL, OPT_DOMAIN},
                                             {"output", required_argument, NULL, OPT_OUTPUT},
                                             {0}};

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    const char *values[] = {NULL, "rsa", NULL, NULL, NULL};
    struct nl_buf record = {0};
    (void)cli;
    for (int option = 0; (option = cli_option(argc, argv, long_options, err)) != -1;) {
        if (option == '?')
            return NL_USAGE;
        values[option] = optarg;
    }
    enum nl_status status = cli_words(argc, 1, "keygen", err);
    if (status == NL_OK && strcmp(argv[optind], "keygen") != 0)
        status = nl_error_set(err, NL_USAGE, "dkim '%s'? there is keygen", argv[optind]);
    if (status == NL_OK &&
        (values[OPT_SELECTOR] == NULL || values[OPT_DOMAIN] == NULL || values[OPT_OUTPUT] == NULL))
        status = nl_error_set(err, NL_USAGE, "dkim keygen needs --selector, --domain and --output");
    if (status == NL_OK && (!is_name(values[OPT_SELECTOR]) || !is_name(values[OPT_DOMAIN])))
        status = nl_error_set(err, NL_DATA,
                              "selector and domain are made of letters, digits, "
                              "dots and hyphens");
    if (status == NL_OK)
        status = nl_dkim_generate(values[OPT_TYPE], values[OPT_OUTPUT], &record, err);
    if (status == NL_OK)
        print_record(values[OPT_SELECTOR], values[OPT_DOMAIN], &record);
    nl_buf_free(&record);
    return status;
}

const struct command cmd_dkim = {
    "dkim",
    "make a key for DKIM signatures",
    "Usage: newsletter dkim keygen --selector NAME --domain DOMAIN --output FILE [--type TYPE]\n"
    "\n"
    "Makes a private key (TYPE rsa, of 2048 bits, or ed25519) in FILE, readable by you alone, and\n"
    "prints the DNS record that belongs to it. Then set dkim.selector and dkim.key_file, or\n"
    "dkim.ed25519_selector and dkim.ed25519_key_file; with both, mail is signed twice.\n"
    "\n"
    "Example: newsletter dkim keygen --selector news1 --domain example.org --output dkim.key\n",
    run,
    long_options,
    "keygen"};
