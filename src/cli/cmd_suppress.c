#include "cli/cli.h"

#include "newsletter/base/file.h"
#include "newsletter/base/text.h"
#include "newsletter/store/suppression.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_REASON = 1, OPT_JSON };

enum { REASON_LIMIT = 200, FILE_LIMIT = 256 << 20 };

struct call {
    struct cli *cli;
    const char *reason;
    bool json;
};

static enum nl_status check_reason(const char *reason, struct nl_error *err) {
    enum nl_status status = nl_text_check_line(reason, "the reason", err);
    if (status == NL_OK && strlen(reason) > REASON_LIMIT)
        status = nl_error_set(err, NL_DATA, "the reason is longer than %d bytes", REASON_LIMIT);
    return status;
}

static enum nl_status change(struct call *call, bool add, const char *text, struct nl_error *err) {
    struct nl_address address = {0};
    bool added = false;
    enum nl_status status = nl_address_parse(text, &address, err);
    if (status == NL_OK && add)
        status = nl_suppression_add(call->cli->store, &address, call->reason, 0, &added, err);
    else if (status == NL_OK)
        status = nl_suppression_remove(call->cli->store, &address, err);
    if (status == NL_OK)
        printf("%s %s\n", address.key,
               !add    ? "may be mailed again"
               : added ? "is suppressed"
                       : "was suppressed already");
    nl_address_free(&address);
    return status;
}

static enum nl_status show(const char *address, const char *reason, int64_t since, void *ctx,
                           struct nl_error *err) {
    (void)err;
    const struct call *call = ctx;
    if (call->json) {
        json_t *object = json_pack("{s:s, s:s, s:I}", "address", address, "reason", reason, "since",
                                   (json_int_t)since);
        json_dumpf(object, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(object);
    } else {
        printf("%s\t%lld\t%s\n", address, (long long)since, reason);
    }
    return NL_OK;
}

/* "address", or "address TAB since TAB reason" as export writes it. */
static enum nl_status import_line(struct call *call, char *line, int64_t *count,
                                  struct nl_error *err) {
    struct nl_address address = {0};
    char *since_text = strchr(line, '\t');
    char *reason = since_text != NULL ? strchr(since_text + 1, '\t') : NULL;
    int64_t since = 0;
    bool added = false;
    if (since_text != NULL)
        *since_text++ = '\0';
    if (reason != NULL)
        *reason++ = '\0';
    enum nl_status status = nl_address_parse(line, &address, err);
    if (status == NL_OK && since_text != NULL &&
        (!nl_text_integer(since_text, &since) || since < 0))
        status = nl_error_set(err, NL_DATA, "'%s' is not a time in seconds since 1970", since_text);
    if (status == NL_OK && reason != NULL)
        status = check_reason(reason, err);
    if (status == NL_OK)
        status = nl_suppression_add(call->cli->store, &address,
                                    reason != NULL ? reason : call->reason, since, &added, err);
    *count += added;
    nl_address_free(&address);
    return status;
}

/* All or nothing: one transaction. */
static enum nl_status import(struct call *call, const char *path, struct nl_error *err) {
    struct nl_buf text = {0};
    struct nl_store *store = call->cli->store;
    int64_t count = 0;
    size_t number = 1;
    enum nl_status status =
        nl_file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, FILE_LIMIT, &text, err);
    if (status == NL_OK && strlen(nl_buf_text(&text)) != text.len)
        status = nl_error_set(err, NL_DATA, "%s holds a NUL byte", path);
    if (status == NL_OK)
        status = nl_store_begin_exclusive(store, err);
    for (char *line = text.data; status == NL_OK && line != NULL && *line != '\0'; number++) {
        char *end = line + strcspn(line, "\n");
        char *next = *end != '\0' ? end + 1 : end;
        *end = '\0';
        line[strcspn(line, "\r")] = '\0';
        if (line[0] != '\0' && line[0] != '#')
            status = import_line(call, line, &count, err);
        if (status == NL_DATA)
            nl_error_context(err, "%s:%zu", path, number);
        line = next;
    }
    if (status == NL_OK)
        status = nl_store_commit(store, err);
    nl_store_rollback(store);
    if (status == NL_OK)
        printf("%lld addresses are suppressed that were not before\n", (long long)count);
    nl_buf_free(&text);
    return status;
}

static enum nl_status dispatch(struct call *call, int words, char **word, struct nl_error *err) {
    static const char *const actions[] = {"add", "remove", "import", "list", "export", NULL};
    int action = 0;
    while (words > 0 && actions[action] != NULL && strcmp(actions[action], word[0]) != 0)
        action++;
    if (words == 0 || actions[action] == NULL)
        return nl_error_set(err, NL_USAGE, "suppress what? add, remove, list, import or export");
    if (words != (action < 3 ? 2 : 1))
        return nl_error_set(err, NL_USAGE, "suppress %s: see newsletter suppress --help", word[0]);
    enum nl_status status = cli_open(call->cli, err);
    if (status != NL_OK)
        return status;
    switch (action) {
    case 0:
    case 1:
        return change(call, action == 0, word[1], err);
    case 2:
        return import(call, word[1], err);
    default:
        return nl_suppression_each(call->cli->store, show, call, err);
    }
}

static const struct option long_options[] = {
    {"reason", required_argument, NULL, OPT_REASON}, {"json", no_argument, NULL, OPT_JSON}, {0}};

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    struct call call = {.cli = cli, .reason = "by hand"};
    for (int option = 0; (option = cli_option(argc, argv, long_options, err)) != -1;) {
        if (option == OPT_REASON)
            call.reason = optarg;
        else if (option == OPT_JSON)
            call.json = true;
        else
            return NL_USAGE;
    }
    enum nl_status status = check_reason(call.reason, err);
    return status == NL_OK ? dispatch(&call, argc - optind, argv + optind, err) : status;
}

const struct command cmd_suppress = {
    "suppress",
    "keep addresses from ever being mailed",
    "Usage: newsletter suppress add ADDRESS [--reason TEXT]\n"
    "       newsletter suppress remove ADDRESS\n"
    "       newsletter suppress list [--json]\n"
    "       newsletter suppress import FILE [--reason TEXT]\n"
    "       newsletter suppress export\n"
    "\n"
    "A suppressed address is sent nothing: no issue, no confirmation mail, not even in the middle\n"
    "of a run. FILE (or - for standard input) holds an address on each line, or what 'export'\n"
    "writes: address, time and reason between tabs. An import is all or nothing.\n"
    "\n"
    "Example: newsletter suppress add ann@example.org --reason 'asked by telephone'\n",
    run,
    long_options,
    "add remove import list export"};
