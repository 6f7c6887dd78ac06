#include "cli/cli.h"

#include "newsletter/base/timestamp.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/subscribers.h"

#include <string.h>

struct trace_options {
    const char *issue;
};

/* " NAME", if there is one. */
static void print_word(const char *text) {
    if (text[0] != '\0')
        printf(" %s", text);
}

static void print_server(const json_t *row) {
    const char *server = nl_facts_word(row, "server");
    fputs("  ", stdout);
    if (strcmp(nl_facts_word(row, "by"), "relay") == 0)
        printf("through the relay");
    else if (server[0] == '\0')
        printf("no mail host");
    else
        printf("%s [%s]", server, nl_facts_word(row, "address"));
    if (server[0] != '\0')
        print_word(nl_facts_word(row, "tls")[0] != '\0' ? nl_facts_word(row, "tls") : "no TLS");
    print_word(nl_facts_word(row, "cipher"));
    print_word(nl_facts_word(row, "policy"));
    if (nl_facts_word(row, "source")[0] != '\0')
        printf(" from %s", nl_facts_word(row, "source"));
    putchar('\n');
}

/* The reply begins with the server's name, for those who see nothing else of it. */
static const char *reply_of(const json_t *row) {
    const char *reply = nl_facts_word(row, "reply");
    const char *server = nl_facts_word(row, "server");
    const char *end = strstr(reply, "): ");
    bool named = server[0] != '\0' && strncmp(reply, server, strlen(server)) == 0;
    return named && end != NULL ? end + strlen("): ") : reply;
}

static void print_attempt(const json_t *row) {
    char when[CLI_TIME_LEN] = "";
    int64_t at = 0;
    json_int_t code = json_integer_value(json_object_get(row, "reply_code"));
    if (nl_timestamp_parse(nl_facts_word(row, "at"), &at))
        cli_format_time(at, when);
    printf("%s  %s: %s\n", when,
           nl_facts_word(row, "slug")[0] != '\0' ? nl_facts_word(row, "slug")
                                                 : nl_facts_word(row, "kind"),
           nl_facts_word(row, "state"));
    print_server(row);
    fputs(" ", stdout);
    if (code != 0)
        printf(" %lld", (long long)code);
    print_word(nl_facts_word(row, "reply_status"));
    print_word(reply_of(row));
    putchar('\n');
}

static enum nl_status trace_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct trace_options *chosen = options;
    const struct nl_who who = {.address = cli->words[0]};
    json_t *attempts = NULL;
    size_t at = 0;
    json_t *row = NULL;
    enum nl_status status = cli_open(cli, err);
    if (status != NL_OK)
        return status;
    const struct nl_office office = cli_office(cli);
    status = nl_office_subscriber_trace(&office, &who, chosen->issue, &attempts, err);
    if (status == NL_OK && cli->json) {
        cli_print_json(cli, json_incref(attempts));
    } else if (status == NL_OK) {
        json_array_foreach(attempts, at, row) print_attempt(row);
        if (json_array_size(attempts) == 0)
            puts("Nothing has been tried yet.");
    }
    json_decref(attempts);
    return status;
}

static const struct cli_option trace_table[] = {
    CLI_TEXT("issue", struct trace_options, issue),
    {0},
};

const struct cli_command cmd_trace = {
    .name = "trace",
    .options = trace_table,
    .size = sizeof(struct trace_options),
    .run = trace_run,
    .words = {1, 1, "one ADDRESS"},
};
