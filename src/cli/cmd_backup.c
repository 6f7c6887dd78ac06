#include "cli/cli.h"

#include "newsletter/base/file.h"
#include "newsletter/db/backup.h"

#include <errno.h>
#include <glob.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { OPT_KEEP = 1 };

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Names sort as they were made. */
static void name_in(const char *folder, struct nl_buf *out) {
    char when[32] = "";
    struct tm tm = {0};
    time_t now = (time_t)nl_env_now(&nl_env_system);
    if (gmtime_r(&now, &tm) != NULL)
        strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", &tm);
    nl_buf_addf(out, "%s/newsletter-%s.db", folder, when);
}

/* Only what has the name of a copy of ours; the newest stay. */
static enum nl_status remove_older(const char *folder, int64_t keep, struct nl_error *err) {
    struct nl_buf pattern = {0};
    glob_t found = {0};
    enum nl_status status = NL_OK;
    nl_buf_addf(&pattern, "%s/newsletter-[0-9]*T[0-9]*Z.db", folder);
    if (!pattern.failed && glob(nl_buf_text(&pattern), 0, NULL, &found) == 0)
        for (size_t i = 0; status == NL_OK && (int64_t)(found.gl_pathc - i) > keep; i++)
            if (unlink(found.gl_pathv[i]) != 0)
                status = nl_error_system(err, errno, "remove", found.gl_pathv[i]);
    globfree(&found);
    nl_buf_free(&pattern);
    return status;
}

static const struct option long_options[] = {{"keep", required_argument, NULL, OPT_KEEP}, {0}};

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    struct nl_buf path = {0};
    int64_t keep = 0;
    for (int option = 0; (option = cli_option(argc, argv, long_options, err)) != -1;) {
        if (option != OPT_KEEP)
            return NL_USAGE;
        if (!nl_text_integer(optarg, &keep) || keep < 1)
            return nl_error_set(err, NL_USAGE, "--keep '%s' is not a number from 1 on", optarg);
    }
    enum nl_status status = cli_words(argc, 1, "a FILE or a FOLDER", err);
    const char *target = argv[optind];
    if (status == NL_OK && keep > 0 && !is_folder(target))
        status = nl_error_set(err, NL_USAGE, "--keep goes with a folder: %s is none", target);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status != NL_OK)
        return status;
    if (is_folder(target))
        name_in(target, &path);
    else
        nl_buf_adds(&path, target);
    status = nl_store_backup(cli->store, nl_buf_text(&path), err);
    if (status == NL_OK)
        printf("%s\n", nl_buf_text(&path));
    if (status == NL_OK && keep > 0)
        status = remove_older(target, keep, err);
    nl_buf_free(&path);
    return status;
}

const struct command cmd_backup = {
    "backup",
    "copy the database while it is in use",
    "Usage: newsletter backup FILE|FOLDER [--keep N]\n"
    "\n"
    "Writes a whole, consistent copy (mode 0600), also in the middle of a run, in one step. In a\n"
    "FOLDER it is named by the time; with --keep, only the N newest of those stay. To restore, "
    "put\n"
    "it in the place of the database while nothing runs.\n"
    "\n"
    "Example: newsletter backup /var/backups/newsletter --keep 14\n",
    run,
    long_options,
    NULL};
