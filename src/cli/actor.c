#include "cli/cli.h"

#include <pwd.h>
#include <unistd.h>

const struct nl_actor *cli_actor(struct cli *cli) {
    const struct passwd *user = getpwuid(getuid());
    if (user != NULL)
        snprintf(cli->user, sizeof cli->user, "%s", user->pw_name);
    else
        snprintf(cli->user, sizeof cli->user, "uid %ld", (long)getuid());
    cli->actor = (struct nl_actor){.name = cli->user, .door = "command"};
    return &cli->actor;
}
