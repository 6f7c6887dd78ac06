#include "cli/cli.h"

#include "newsletter/base/file.h"
#include "newsletter/db/backup.h"
#include "newsletter/transfer/sealed_backup.h"

#include <errno.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct backup_options {
    int64_t keep; /* copies in a folder; 0: all */
    const char *recipients;
};

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Names sort as they were made. */
static void name_in(const char *folder, bool sealed, struct nl_buf *out) {
    char when[32] = "";
    struct tm tm = {0};
    time_t now = (time_t)nl_env_now(&nl_env_system);
    if (gmtime_r(&now, &tm) != NULL)
        strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", &tm);
    nl_buf_addf(out, "%s/newsletter-%s.db%s", folder, when, sealed ? ".pgp" : "");
}

static bool is_copy(const char *path) {
    const char *end = strstr(strrchr(path, '/'), "Z.db");
    return end != NULL && (strcmp(end, "Z.db") == 0 || strcmp(end, "Z.db.pgp") == 0);
}

/* Only what has the name of a copy of ours; the newest stay. */
static enum nl_status remove_older(const char *folder, int64_t keep, struct nl_error *err) {
    struct nl_buf pattern = {0};
    glob_t found = {0};
    enum nl_status status = NL_OK;
    nl_file_add_pattern(&pattern, folder);
    nl_buf_adds(&pattern, "/newsletter-[0-9]*T[0-9]*Z.db*");
    if (glob(nl_buf_text(&pattern), 0, NULL, &found) == 0)
        for (size_t i = found.gl_pathc; status == NL_OK && i-- > 0;)
            if (is_copy(found.gl_pathv[i]) && keep-- <= 0 && unlink(found.gl_pathv[i]) != 0)
                status = nl_error_system(err, errno, "remove", found.gl_pathv[i]);
    globfree(&found);
    nl_buf_free(&pattern);
    return status;
}

/* --keep says that it is to be a folder: cron need not make it first. */
static enum nl_status make_folder(struct cli *cli, const char *path, struct nl_error *err) {
    if (mkdir(path, 0700) == 0 || is_folder(path))
        return NL_OK;
    return errno == EEXIST
               ? cli_usage_error(cli, err, "--keep needs a folder, and %s is not one", path)
               : nl_error_system(err, errno, "create", path);
}

static enum nl_status backup_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct backup_options *chosen = options;
    const char *target = cli->words[0];
    struct nl_buf path = {0};
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK && chosen->keep > 0)
        status = make_folder(cli, target, err);
    if (status != NL_OK)
        return status;
    const char *recipients =
        chosen->recipients != NULL ? chosen->recipients : cli->config.backup_recipients;
    if (is_folder(target))
        name_in(target, recipients != NULL, &path);
    else
        nl_buf_adds(&path, target);
    status = recipients != NULL
                 ? nl_sealed_backup_write(cli->store, recipients, nl_buf_text(&path), err)
                 : nl_store_backup(cli->store, nl_buf_text(&path), err);
    if (status == NL_OK)
        cli_tell(cli, json_pack("{s:s}", "file", nl_buf_text(&path)), "%s", nl_buf_text(&path));
    if (status == NL_OK && chosen->keep > 0)
        status = remove_older(target, chosen->keep, err);
    nl_buf_free(&path);
    return status;
}

static const struct cli_option backup_table[] = {
    CLI_NUMBER("keep", struct backup_options, keep, 1, INT64_MAX),
    CLI_PATH("recipients", struct backup_options, recipients),
    {0},
};

const struct cli_command cmd_backup = {
    .name = "backup",
    .options = backup_table,
    .size = sizeof(struct backup_options),
    .run = backup_run,
    .words = {1, 1, "a FILE or a FOLDER"},
    .heedless_of_imports = true,
};
