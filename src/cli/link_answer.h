/* Shared by 'confirm' and 'unsubscribe': the token of a link, and the answer for the public. */
#ifndef NL_CLI_LINK_ANSWER_H
#define NL_CLI_LINK_ANSWER_H

#include "cli/cli.h"

#include "newsletter/service/mail_links.h"

enum { LINK_TEXT_LIMIT = 8192 };

struct link_options {
    const char *language, *wording; /* wording: confirm only */
    bool verbose, html;
    const char *address, *list; /* unsubscribe only */
};

struct link_call {
    struct link_options options;
    bool wait;                   /* for the mail that follows; a hook's caller does not wait */
    char token[LINK_TEXT_LIMIT]; /* or a text with one in it */
};

/* Reads the token, or the link or text that holds it, from the command line or, for "-", from
 * standard input, where no list of processes shows it. An address in its place is an error that
 * says what to do `instead`. */
enum nl_status cli_read_token(const struct cli *cli, struct link_call *call, const char *instead,
                              struct nl_error *err);

/* Prints the outcome for the public, `good` or one answer for every link that does not work;
 * --verbose adds the reason for the operator. Returns the status, or that of printing. */
enum nl_status cli_answer_link(struct cli *cli, const struct link_call *call, enum nl_status status,
                               enum nl_answer good, const struct nl_token_result *result,
                               struct nl_error *err);

#endif
