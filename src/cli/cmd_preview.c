#include "cli/cli.h"

#include "cli/sample.h"
#include "newsletter/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { OPT_LIST = 1, OPT_OUTPUT };

/* "issue-11" from "drafts/issue-11.md". */
static char *stem(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    return strndup(base, dot != NULL && dot > base ? (size_t)(dot - base) : strlen(base));
}

static enum nl_status write_part(const char *folder, const char *name, const char *suffix,
                                 const char *packed, size_t len, struct nl_error *err) {
    struct nl_buf path = {0};
    struct nl_buf filled = {0};
    enum nl_status status = sample_fill(packed, len, NULL, &filled, err);
    nl_buf_addf(&path, "%s/%s.%s", folder, name, suffix);
    if (status == NL_OK)
        status = nl_file_write(nl_buf_text(&path), nl_buf_text(&filled), filled.len, false, err);
    if (status == NL_OK)
        puts(nl_buf_text(&path));
    nl_buf_free(&path);
    nl_buf_free(&filled);
    return status;
}

static enum nl_status write_all(const struct nl_bulletin *bulletin, const char *folder,
                                const char *name, struct nl_error *err) {
    if (mkdir(folder, 0755) != 0 && errno != EEXIST)
        return nl_error_system(err, errno, "create", folder);
    enum nl_status status =
        write_part(folder, name, "html", nl_buf_text(&bulletin->page), bulletin->page.len, err);
    if (status == NL_OK)
        status =
            write_part(folder, name, "txt", nl_buf_text(&bulletin->text), bulletin->text.len, err);
    if (status == NL_OK)
        status = write_part(folder, name, "eml", bulletin->issue.message,
                            bulletin->issue.message_len, err);
    return status;
}

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    static const struct option options[] = {{"list", required_argument, NULL, OPT_LIST},
                                            {"output", required_argument, NULL, OPT_OUTPUT},
                                            {0}};
    const char *list_name = NULL;
    struct nl_buf folder = {0};
    struct nl_list list = {0};
    struct nl_bulletin bulletin = {0};
    char *name = NULL;
    for (int option = 0; (option = cli_option(argc, argv, options, err)) != -1;) {
        if (option == OPT_LIST) {
            list_name = optarg;
        } else if (option == OPT_OUTPUT) {
            nl_buf_clear(&folder);
            nl_buf_adds(&folder, optarg);
        } else {
            nl_buf_free(&folder);
            return NL_USAGE;
        }
    }
    enum nl_status status = cli_words(argc, 1, "ISSUE.md", err);
    const char *path = argv[optind];
    if (status == NL_OK)
        status = cli_compose(cli, path, list_name, &list, &bulletin, err);
    if (status == NL_OK) {
        name = stem(path);
        if (folder.len == 0)
            nl_buf_addf(&folder, "%s.preview", name != NULL ? name : "");
        status = name != NULL ? write_all(&bulletin, nl_buf_text(&folder), name, err)
                              : nl_error_nomem(err);
    }
    free(name);
    nl_buf_free(&folder);
    nl_bulletin_free(&bulletin);
    nl_list_free(&list);
    return status;
}

const struct command cmd_preview = {
    "preview", "write an issue as HTML, text and .eml to look at",
    "Usage: newsletter preview ISSUE.md [--list NAME] [--output FOLDER]\n"
    "\n"
    "Composes the issue as 'send' would, for a sample recipient, and writes ISSUE.html, ISSUE.txt\n"
    "and ISSUE.eml into FOLDER (default: ISSUE.preview). Nothing is sent or recorded.\n"
    "\n"
    "Example: newsletter preview issue-11.md\n",
    run};
