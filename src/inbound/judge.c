#include "newsletter/inbound/judge.h"

#include "inbound/judging.h"
#include "inbound/status.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_LIMIT = 4096, STEPS = 200000 };

static const char *const fault_names[] = {"none",  "recipient", "sender",
                                          "relay", "network",   "content"};

const char *nl_fault_name(enum nl_fault fault) {
    return fault_names[fault];
}

/* Takes the more exact of two codes: the one that a report gives, and the one in the server's
 * words. A code of another class in the words quotes something earlier. */
static void choose_status(const struct nl_failure *failure, size_t len, char out[NL_STATUS_LEN]) {
    char said[NL_STATUS_LEN] = "";
    const char *given = failure->status != NULL ? failure->status : "";
    if (failure->text != NULL)
        nl_status_find(failure->text, len, said);
    bool better = nl_status_is_vague(given) && said[0] != '\0' &&
                  (given[0] == '\0' || !nl_status_is_vague(said));
    snprintf(out, NL_STATUS_LEN, "%s", better ? said : given);
}

/* 4 or 5, or 0 where nobody says. */
static int class_of(const struct nl_failure *failure, const char *status) {
    const char *given = failure->status != NULL ? failure->status : "";
    if (failure->code >= 400)
        return failure->code / 100;
    if (given[0] == '4' || given[0] == '5')
        return given[0] - '0';
    return status[0] == '4' || status[0] == '5' ? status[0] - '0' : 0;
}

/* Whose fault it is when nothing is said about it: before the recipient is named it can't be
 * theirs, and after DATA it is about the message, unless the status speaks of the mailbox (RFC 3463
 * section 3.2, 3.3). */
static enum nl_fault fault_at(const struct nl_failure *failure, const char *status) {
    bool addressed =
        status[0] != '\0' && (status[2] == '1' || status[2] == '2') && status[3] == '.';
    bool passing = failure->code == 421 || (status[0] == '4' && strncmp(status + 1, ".3.", 3) == 0);
    switch (failure->stage) {
    case NL_JUDGE_CONNECT:
        return NL_FAULT_RELAY;
    case NL_JUDGE_MAIL:
        return passing ? NL_FAULT_RELAY : NL_FAULT_SENDER;
    case NL_JUDGE_RCPT:
        return passing ? NL_FAULT_RELAY : NL_FAULT_RECIPIENT;
    case NL_JUDGE_DATA:
    case NL_JUDGE_DOT:
        return addressed ? NL_FAULT_RECIPIENT : passing ? NL_FAULT_RELAY : NL_FAULT_CONTENT;
    case NL_JUDGE_LATER:
        break;
    }
    return NL_FAULT_RECIPIENT;
}

/* The reply speaks of the whole session (RFC 5321 section 4.2.2, RFC 4954 section 6). */
static bool is_about_session(const struct nl_failure *failure) {
    return failure->stage != NL_JUDGE_LATER &&
           (failure->code == 421 || failure->code == 503 || failure->code == 530 ||
            failure->code == 534 || failure->code == 535 || failure->code == 538);
}

/* "User unknown" in reply to the message, after the recipient had been accepted, and without a code
 * that speaks of the address: so answer those who filter for their users by sender or content,
 * Japanese carriers above all. */
static bool is_afterthought(const struct nl_failure *failure, const struct nl_rule *rule,
                            const char *status) {
    return (failure->stage == NL_JUDGE_DATA || failure->stage == NL_JUDGE_DOT) && rule != NULL &&
           !rule->certain && strcmp(rule->reason->name, "no-such-user") == 0 &&
           strncmp(status + (status[0] != '\0'), ".1.", 3) != 0;
}

struct nl_judgement nl_judge_scanned(const struct nl_bounce_reader *reader,
                                     const struct nl_scan *scan, size_t first, size_t last,
                                     const struct nl_failure *failure, size_t *steps) {
    struct nl_judgement out = {0};
    size_t len = failure->text != NULL ? strnlen(failure->text, TEXT_LIMIT) : 0;
    choose_status(failure, len, out.status);
    int class = class_of(failure, out.status);
    const struct nl_rule *rule = nl_scan_why(reader, scan, first, last, out.status, steps);
    const struct nl_reason *reason =
        rule != NULL ? rule->reason : nl_reader_reason(reader, "undetermined");
    out.reason = reason->name;
    out.exact = rule != NULL && !rule->weak;
    out.line = rule != NULL ? rule->line : 0;
    bool named = rule != NULL && strcmp(reason->name, "undetermined") != 0;
    out.fault = named ? rule->fault : fault_at(failure, out.status);
    /* "Service unavailable" is the relay's own trouble when it is the relay that we ask. */
    if (named && failure->stage != NL_JUDGE_LATER && out.fault == NL_FAULT_NETWORK &&
        strcmp(reason->name, "no-such-domain") != 0)
        out.fault = fault_at(failure, out.status) == NL_FAULT_CONTENT ? NL_FAULT_RELAY
                    : class == 4                                      ? NL_FAULT_RELAY
                                                                      : NL_FAULT_RECIPIENT;
    if (is_about_session(failure) && out.fault != NL_FAULT_SENDER)
        out.fault = failure->code == 421 ? NL_FAULT_RELAY : NL_FAULT_SENDER;
    /* Before RCPT nobody has been named. */
    if (failure->stage <= NL_JUDGE_MAIL && out.fault == NL_FAULT_RECIPIENT)
        out.fault = NL_FAULT_SENDER;
    if (failure->stage <= NL_JUDGE_MAIL && reason->hard)
        out.reason =
            nl_reader_reason(reader, failure->stage == NL_JUDGE_MAIL ? "policy" : "blocked")->name;
    if (failure->stage == NL_JUDGE_CONNECT && rule != NULL && rule->weak &&
        strcmp(reason->name, "policy") == 0)
        out.reason = nl_reader_reason(reader, "blocked")->name;
    if (is_afterthought(failure, rule, out.status)) {
        reason = nl_reader_reason(reader, "policy");
        out.reason = reason->name;
    }
    out.hard = reason->hard && class != 4 && out.fault == NL_FAULT_RECIPIENT;
    return out;
}

struct nl_judgement nl_judge(const struct nl_bounce_reader *reader,
                             const struct nl_failure *failure) {
    struct nl_scan *scan = NULL;
    size_t steps = 0;
    if (failure->text != NULL) {
        scan = nl_reader_scan(reader, NL_SCAN_JUDGE);
        nl_scan_text(reader, failure->text, strnlen(failure->text, TEXT_LIMIT), TEXT_LIMIT, scan,
                     &steps, STEPS);
    }
    return nl_judge_scanned(reader, scan, 0, TEXT_LIMIT, failure, &steps);
}
