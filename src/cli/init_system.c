#include "cli/init.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The user of the units in contrib/systemd, and the group of the staff who use it without root. */
static const char account[] = "newsletter";

struct folder {
    const char *path;
    mode_t mode;
    bool is_theirs; /* the owner is that user, else root; the group is always theirs */
};

/* As contrib/systemd/newsletter.tmpfiles has them. Files in the second one are shared with the
 * group: see nl_file_private_mode. */
static const struct folder folders[] = {
    {"/etc/newsletter", 0750, false},
    {"/var/lib/newsletter", 02770, true},
};

static enum nl_status find_account(struct passwd *out, struct nl_error *err) {
    errno = 0;
    const struct passwd *entry = getpwnam(account);
    if (entry == NULL)
        return nl_error_set(err, NL_CONFIG,
                            "there is no user '%s': make it with 'systemd-sysusers "
                            "newsletter.conf', or 'useradd --system --user-group %s'",
                            account, account);
    *out = *entry;
    return NL_OK;
}

/* A folder that is there already stays as it is: somebody may have closed it on purpose. */
static enum nl_status make_folder(const struct folder *folder, const struct passwd *entry,
                                  struct nl_error *err) {
    if (mkdir(folder->path, 0700) != 0)
        return errno == EEXIST ? NL_OK : nl_error_system(err, errno, "create", folder->path);
    if (chown(folder->path, folder->is_theirs ? entry->pw_uid : 0, entry->pw_gid) != 0 ||
        chmod(folder->path, folder->mode) != 0)
        return nl_error_system(err, errno, "give to its owner", folder->path);
    return NL_OK;
}

enum nl_status init_system_prepare(struct cli *cli, struct nl_error *err) {
    struct passwd entry = {0};
    if (geteuid() != 0)
        return nl_error_set(err, NL_NOPERM,
                            "--system makes folders in /etc and /var/lib: run it as root");
    enum nl_status status = find_account(&entry, err);
    for (size_t i = 0; status == NL_OK && i < sizeof folders / sizeof folders[0]; i++)
        status = make_folder(&folders[i], &entry, err);
    if (cli->config_path == NULL)
        cli->config_path = "/etc/newsletter/newsletter.yaml";
    return status;
}

const char *init_system_database(const struct cli *cli) {
    return cli->database != NULL ? cli->database : "/var/lib/newsletter/newsletter.db";
}

enum nl_status init_system_share(const char *path, struct nl_error *err) {
    struct passwd entry = {0};
    enum nl_status status = find_account(&entry, err);
    if (status == NL_OK && (chown(path, 0, entry.pw_gid) != 0 || chmod(path, 0640) != 0))
        status = nl_error_system(err, errno, "give to its owner", path);
    return status;
}

enum nl_status init_system_become(struct nl_error *err) {
    return cli_become(account, err);
}
