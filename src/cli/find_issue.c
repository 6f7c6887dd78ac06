#include "cli/cli.h"

#include <string.h>

/* ---- the name that was given ---- */

static bool is_markdown(const char *name) {
    size_t len = strlen(name);
    return len > 3 && strcmp(name + len - 3, ".md") == 0;
}

static enum nl_status visit_known(const struct nl_issue *issue, void *ctx, struct nl_error *err) {
    struct cli_issue_query *query = ctx;
    (void)err;
    query->known = query->known || strcmp(issue->slug, query->names.slug) == 0;
    return NL_OK;
}

enum nl_status cli_issue_query(struct cli *cli, const char *wanted, struct cli_issue_query *out,
                               struct nl_error *err) {
    *out = (struct cli_issue_query){.wanted = wanted};
    if (wanted == NULL || !is_markdown(wanted))
        return NL_OK;
    enum nl_status status = nl_bulletin_names(wanted, &out->names, err);
    return status == NL_OK ? nl_issue_each(cli->store, NL_ISSUE_ANY, visit_known, out, err)
                           : status;
}

void cli_issue_query_free(struct cli_issue_query *query) {
    nl_issue_names_free(&query->names);
}

bool cli_is_issue(const struct nl_issue *issue, const struct cli_issue_query *query) {
    const char *former = query->names.former_slug;
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)issue->id);
    if (query->wanted == NULL || strcmp(query->wanted, issue->slug) == 0 ||
        strcmp(query->wanted, id) == 0 ||
        (issue->number != NULL && strcmp(query->wanted, issue->number) == 0))
        return true;
    if (query->names.slug != NULL && strcmp(query->names.slug, issue->slug) == 0)
        return true;
    return former != NULL && !query->known && strcmp(former, issue->slug) == 0 &&
           strcmp(query->names.title, issue->title) == 0;
}

/* ---- commands on one issue ---- */

struct search {
    struct cli *cli;
    struct cli_issue_query query;
    cli_issue_action *act;
    void *ctx;
    size_t found;
    bool only_count;
};

static enum nl_status visit(const struct nl_issue *issue, void *ctx, struct nl_error *err) {
    struct search *search = ctx;
    if (!cli_is_issue(issue, &search->query))
        return NL_OK;
    search->found++;
    return search->only_count ? NL_OK : search->act(search->cli, issue, search->ctx, err);
}

enum nl_status cli_on_issue(struct cli *cli, const char *wanted, cli_issue_action *act, void *ctx,
                            struct nl_error *err) {
    struct search search = {.cli = cli, .act = act, .ctx = ctx, .only_count = true};
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = cli_issue_query(cli, wanted, &search.query, err);
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
    if (status == NL_OK)
        status = nl_issue_each(cli->store, NL_ISSUE_ANY, visit, &search, err);
    cli_issue_query_free(&search.query);
    return status;
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
