/* The facts that `newsletter init` cannot know: options, or answers on a terminal. */
#ifndef NL_CLI_INIT_H
#define NL_CLI_INIT_H

#include "cli/cli.h"

struct init_options {
    bool system;
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

/* Whether anything was answered or given as an option. */
bool init_has_answers(const struct init_answers *answers);
void init_free(struct init_answers *answers);

/* init_system.c: `init --system`, which makes the installation that the units use. It checks that
 * we are root, makes the folders that are missing, and names the configuration. */
enum nl_status init_system_prepare(struct cli *cli, struct nl_error *err);

/* The database that the configuration shall name. */
const char *init_system_database(const struct cli *cli);

/* Lets the group read the configuration, and root alone write it. */
enum nl_status init_system_share(const char *path, struct nl_error *err);

/* Becomes the user of the units, who makes the database and tries the relay: so both are known to
 * work for that user. */
enum nl_status init_system_become(struct nl_error *err);

#endif
