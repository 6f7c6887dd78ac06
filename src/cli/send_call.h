/* One call of 'newsletter send': what was asked for, and what is known of the issue. */
#ifndef NL_CLI_SEND_CALL_H
#define NL_CLI_SEND_CALL_H

#include "cli/cli.h"

struct send_options {
    const char *list, *test, *where, *segment, *language;
    const char *at, *timezone;
    const char *canary; /* "1%" or a number of people */
    bool local_time;
    int64_t sample, wait; /* percent, 0 for the configuration's; seconds, -1 likewise */
    int rule;             /* enum nl_subject_rule; -1 likewise */
    bool dry_run, yes, despite_errors, resend_unknown, rest, worker;
};

struct send_call {
    const struct send_options *chosen;
    const char *path;
    struct nl_segment *segment;
    struct nl_list list;
    struct nl_bulletin bulletin;
    struct nl_issue known; /* as the store has it, if it does */
    bool found;
    bool extends;        /* the issue goes on to people who have not had it */
    int64_t people;      /* who get it now */
    int64_t had_already; /* of those who are meant */
    json_t *plan;        /* with --json: what would be sent; NULL otherwise */
    size_t errors;       /* that 'newsletter check' finds */
};

/* send_audience.c: finds out whether the issue was sent before, and who gets it now. The same issue
 * twice is refused, unless something is left of it or it goes on to further people. */
enum nl_status cli_send_audience(struct cli *cli, struct send_call *call, struct nl_error *err);

/* send_plan.c: prints what would be sent, or puts it into the plan, and counts the errors in it. */
enum nl_status cli_send_plan(struct cli *cli, struct send_call *call, struct nl_error *err);

/* send_copy.c: sends one copy in each language to the address of --test, and records nothing. */
enum nl_status cli_send_copy(struct cli *cli, const struct send_call *call, struct nl_error *err);

#endif
