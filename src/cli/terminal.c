#include "cli/cli.h"

#include "newsletter/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

bool cli_ask(const char *question) {
    char line[16] = "";
    if (!cli_is_interactive())
        return false;
    printf("%s [y/N] ", question);
    fflush(stdout);
    return fgets(line, sizeof line, stdin) != NULL && (line[0] == 'y' || line[0] == 'Y');
}

FILE *cli_create_secret(const char *path, struct nl_error *err) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *out = fd >= 0 && fchmod(fd, 0600) == 0 ? fdopen(fd, "w") : NULL;
    if (out == NULL) {
        nl_error_system(err, errno, "create", path);
        if (fd >= 0)
            close(fd);
    }
    return out;
}
