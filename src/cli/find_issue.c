#include "cli/cli.h"

struct search {
    struct cli *cli;
    const char *wanted;
    cli_issue_action *act;
    void *ctx;
    size_t found;
    bool only_count;
};

static enum nl_status visit(const struct nl_issue *issue, void *ctx, struct nl_error *err) {
    struct search *search = ctx;
    if (!cli_is_issue(issue, search->wanted))
        return NL_OK;
    search->found++;
    return search->only_count ? NL_OK : search->act(search->cli, issue, search->ctx, err);
}

enum nl_status cli_on_issue(struct cli *cli, const char *wanted, cli_issue_action *act, void *ctx,
                            struct nl_error *err) {
    struct search search = {cli, wanted, act, ctx, 0, true};
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_issue_each(cli->store, NL_ISSUE_ANY, visit, &search, err);
    if (status == NL_OK && search.found == 0)
        status =
            nl_error_set(err, NL_NOTFOUND,
                         "no issue '%s' has been sent: 'newsletter status' lists them", wanted);
    if (status == NL_OK && search.found > 1)
        status = nl_error_set(err, NL_USAGE,
                              "%zu issues are called '%s': give the id that 'newsletter status "
                              "--json' shows",
                              search.found, wanted);
    search.only_count = false;
    return status == NL_OK ? nl_issue_each(cli->store, NL_ISSUE_ANY, visit, &search, err) : status;
}

enum nl_status cli_refused(const struct nl_issue *issue, enum nl_action_result result,
                           enum nl_issue_state state, struct nl_error *err) {
    if (result == NL_ACTION_UNKNOWN)
        return nl_error_set(err, NL_NOTFOUND, "issue %s was cancelled just now", issue->slug);
    if (state == NL_ISSUE_SCHEDULED)
        return nl_error_set(err, NL_EXISTS,
                            "issue %s is scheduled: it does not go out yet; 'newsletter cancel' "
                            "withdraws it",
                            issue->slug);
    return nl_error_set(err, NL_EXISTS, "issue %s is %s already", issue->slug,
                        nl_issue_state_text(state));
}
