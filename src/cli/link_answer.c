#include "cli/link_answer.h"

#include <string.h>

enum nl_status cli_read_token(const struct cli *cli, struct link_call *call, const char *instead,
                              struct nl_error *err) {
    const char *word = cli->words[0];
    call->wait = strcmp(word, "-") != 0;
    call->token[0] = '\0';
    if (call->wait) {
        if (strchr(word, '@') != NULL && strchr(word, '/') == NULL)
            return cli_usage_error(cli, err, "'%s' is an address, not a token: %s", word, instead);
        snprintf(call->token, sizeof call->token, "%s", word);
        return NL_OK;
    }
    cli_say_reading("the token");
    size_t len = fread(call->token, 1, sizeof call->token - 1, stdin);
    call->token[len] = '\0';
    return NL_OK;
}

static const char *const result_words[] = {
    [NL_ANSWER_CONFIRMED] = "confirmed",
    [NL_ANSWER_SUBSCRIBED] = "confirmed_already",
    [NL_ANSWER_LEFT] = "unsubscribed",
};

enum nl_status cli_answer_link(struct cli *cli, const struct link_call *call, enum nl_status status,
                               enum nl_answer good, const struct nl_token_result *result,
                               struct nl_error *err) {
    struct nl_list list = {0};
    const char *language =
        call->options.language != NULL ? call->options.language : result->language;
    struct nl_error ignored = {0};
    switch (status) {
    case NL_OK:
        status = nl_list_get(cli->store, result->list, &list, err);
        if (status == NL_OK && cli->json)
            cli_print_json(
                cli, json_pack("{s:s, s:s}", "list", list.name, "result", result_words[good]));
        else if (status == NL_OK)
            status = cli_answer(cli, good, language, &list, call->options.html, err);
        if (status == NL_OK)
            cli_send_notice(cli, result->notice, call->wait);
        break;
    case NL_DATA:
    case NL_NOTFOUND:
    case NL_EXPIRED:
    case NL_USED:
        if (cli->json)
            break;
        /* The list whose language serves, if there is just one. */
        if (nl_list_find(cli->store, NULL, &list, &ignored) != NL_OK)
            list = (struct nl_list){0};
        (void)cli_answer(cli, NL_ANSWER_BAD_LINK, language, list.language ? &list : NULL,
                         call->options.html, &ignored);
        if (!call->options.verbose)
            nl_error_free(err);
        break;
    default:
        break;
    }
    nl_error_free(&ignored);
    nl_list_free(&list);
    return status;
}
