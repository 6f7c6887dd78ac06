#include "cli/cli.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

enum nl_status cli_become(const char *user, struct nl_error *err) {
    errno = 0;
    const struct passwd *entry = getpwnam(user);
    if (entry == NULL)
        return nl_error_set(err, NL_CONFIG, "there is no user '%s'", user);
    if (initgroups(user, entry->pw_gid) != 0 || setgid(entry->pw_gid) != 0 ||
        setuid(entry->pw_uid) != 0 || setuid(0) == 0)
        return nl_error_set(err, NL_NOPERM, "cannot become %s: %s", user, strerror(errno));
    return NL_OK;
}
