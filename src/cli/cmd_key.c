#include "cli/cli.h"

#include "newsletter/base/key_ring.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>

struct key_options {
    const char *name;
};

/* The name of the record, at the host that the key is named after. */
static void add_record_name(const struct nl_verifier *verifier, struct nl_buf *out) {
    nl_buf_addf(out, "_newsletter.%.*s.", (int)strcspn(verifier->name, "/:"), verifier->name);
}

struct shown {
    struct nl_buf pem, verifier, record_name, record;
};

static enum nl_status describe(const struct nl_verifier *verifier, struct shown *out,
                               struct nl_error *err) {
    nl_verifier_add(&out->verifier, verifier);
    add_record_name(verifier, &out->record_name);
    nl_key_record(verifier, &out->record);
    return nl_public_key_pem(verifier->key, &out->pem, err);
}

static void shown_free(struct shown *shown) {
    nl_buf_free(&shown->pem);
    nl_buf_free(&shown->verifier);
    nl_buf_free(&shown->record_name);
    nl_buf_free(&shown->record);
}

static void print_text(const struct nl_ring_key *key, const struct shown *shown) {
    char since[CLI_TIME_LEN];
    char until[CLI_TIME_LEN] = "now";
    cli_format_time(key->since, since);
    if (key->until != 0)
        cli_format_time(key->until, until);
    printf("%s, from %s until %s\n", key->verifier.name, since, until);
    printf("%s", nl_buf_text(&shown->pem));
    printf("verifier key: %s\n", nl_buf_text(&shown->verifier));
    printf("%s IN TXT \"%s\"\n", nl_buf_text(&shown->record_name), nl_buf_text(&shown->record));
}

static void add_json(json_t *json, const struct shown *shown) {
    json_object_set_new(json, "pem", json_string(nl_buf_text(&shown->pem)));
    json_object_set_new(json, "dns",
                        json_pack("{s:s, s:s, s:s}", "name", nl_buf_text(&shown->record_name),
                                  "type", "TXT", "value", nl_buf_text(&shown->record)));
}

static enum nl_status print_keys(struct cli *cli, struct nl_error *err) {
    struct nl_key_ring ring = {0};
    enum nl_status status = nl_key_ring_read(cli->config.signing.public_keys, &ring, err);
    json_t *json = status == NL_OK && cli->json ? nl_key_ring_json(&ring) : NULL;
    for (size_t i = 0; status == NL_OK && i < ring.count; i++) {
        struct shown shown = {0};
        status = describe(&ring.keys[i].verifier, &shown, err);
        if (status == NL_OK && cli->json)
            add_json(json_array_get(json_object_get(json, "keys"), i), &shown);
        else if (status == NL_OK)
            printf("%s", i > 0 ? "\n" : ""), print_text(&ring.keys[i], &shown);
        shown_free(&shown);
    }
    if (status == NL_OK && cli->json)
        cli_print_json(cli, json);
    else
        json_decref(json);
    nl_key_ring_free(&ring);
    return status;
}

static enum nl_status configure(struct cli *cli, bool private, struct nl_error *err) {
    enum nl_status status = cli_configure(cli, err);
    if (status == NL_OK &&
        (private ? cli->config.signing.key_file == NULL : cli->config.signing.public_keys == NULL))
        status = nl_error_set(
            err, NL_CONFIG,
            "%s names no signing.key_file: set it to the file that the key is to go into",
            cli->config.path);
    return status;
}

/* "https://news.example.org/press/" -> "news.example.org/press" */
static char *name_of_site(const char *url) {
    const char *host = url != NULL ? strstr(url, "://") : NULL;
    size_t len = host != NULL ? strlen(host + 3) : 0;
    while (len > 0 && host[3 + len - 1] == '/')
        len--;
    return len > 0 ? nl_strndup(host + 3, len) : NULL;
}

static enum nl_status key_make(struct cli *cli, void *options, struct nl_error *err) {
    const struct key_options *chosen = options;
    enum nl_status status = configure(cli, true, err);
    if (status != NL_OK)
        return status;
    char *name =
        chosen->name != NULL ? nl_strdup(chosen->name) : name_of_site(cli->config.serve.url);
    if (name == NULL)
        status = cli_usage_error(cli, err,
                                 "key make needs --name, since serve.url is not in the "
                                 "configuration");
    if (status == NL_OK)
        status = nl_key_ring_make(cli->config.signing.key_file, cli->config.signing.public_keys,
                                  name, nl_env_now(&nl_env_system), err);
    free(name);
    return status == NL_OK ? print_keys(cli, err) : status;
}

static enum nl_status key_show(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    enum nl_status status = configure(cli, false, err);
    return status == NL_OK ? print_keys(cli, err) : status;
}

static enum nl_status key_rotate(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    enum nl_status status = configure(cli, true, err);
    if (status == NL_OK)
        status = nl_key_ring_rotate(cli->config.signing.key_file, cli->config.signing.public_keys,
                                    nl_env_now(&nl_env_system), err);
    return status == NL_OK ? print_keys(cli, err) : status;
}

static const struct cli_option key_table[] = {
    CLI_TEXT("name", struct key_options, name),
    {0},
};

static const struct cli_action key_actions[] = {
    {"make", key_make, {0, 0, NULL}},
    {"show", key_show, {0, 0, NULL}},
    {"rotate", key_rotate, {0, 0, NULL}},
    {0},
};

const struct cli_command cmd_key = {
    .name = "key",
    .options = key_table,
    .size = sizeof(struct key_options),
    .actions = key_actions,
};
