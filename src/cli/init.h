/* The facts that `newsletter init` cannot know: options, or answers on a terminal. */
#ifndef NL_CLI_INIT_H
#define NL_CLI_INIT_H

#include "cli/cli.h"

struct init_options {
    bool json;
    const char *from, *list, *relay, *security, *username, *password_file, *url, *bounce_address;
};

/* Zero-initialise it; free with init_free. */
struct init_answers {
    char *from, *host, *security, *username, *password_file, *url, *bounce_address;
    int port;
};

/* Takes what the options say. NL_USAGE for a value that cannot be. */
enum nl_status init_take(struct init_answers *answers, const struct init_options *options,
                         struct nl_error *err);

/* Asks on the terminal for what no option said. */
enum nl_status init_ask(struct init_answers *answers, struct nl_error *err);

/* Adds what follows from the rest. */
enum nl_status init_settle(struct init_answers *answers, struct nl_error *err);
void init_free(struct init_answers *answers);

#endif
