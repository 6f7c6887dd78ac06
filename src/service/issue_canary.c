#include "newsletter/service/issue_canary.h"

#include "newsletter/report/facts.h"
#include "newsletter/store/canary.h"

bool nl_office_canary_choose(const char *text, struct nl_issue *issue) {
    return nl_canary_parse(text, &issue->canary);
}

static void say(const struct nl_canary_plan *plan, struct nl_buf *out) {
    char text[NL_CANARY_TEXT];
    nl_canary_text(plan, text);
    nl_buf_adds(out, text);
}

void nl_office_canary_say(const struct nl_issue *issue, struct nl_buf *out) {
    say(&issue->canary, out);
}

enum nl_status nl_office_canary_state(const struct nl_office *office, int64_t issue,
                                      struct nl_buf *out, struct nl_error *err) {
    struct nl_canary canary = {0};
    bool found = false;
    enum nl_status status = nl_canary_read(office->store, issue, &found, &canary, err);
    if (status == NL_OK && found) {
        nl_buf_addf(out, "%s (first to ", nl_canary_state_text(canary.state));
        say(&canary.plan, out);
        nl_buf_addc(out, ')');
    }
    nl_canary_free(&canary);
    return status;
}

enum nl_status nl_office_canary_facts(const struct nl_office *office, int64_t issue, json_t **out,
                                      struct nl_error *err) {
    struct nl_canary canary = {0};
    bool found = false;
    enum nl_status status = nl_facts_canary(office->store, issue, out, err);
    if (status != NL_OK || !json_is_object(*out))
        return status;
    status = nl_canary_read(office->store, issue, &found, &canary, err);
    json_t *kept = canary.facts != NULL ? json_loads(canary.facts, 0, NULL) : NULL;
    json_t *said = json_object_get(kept, "said");
    json_object_set(*out, "said", said != NULL ? said : json_null());
    json_object_set_new(*out, "until", json_integer((json_int_t)canary.until));
    json_decref(kept);
    nl_canary_free(&canary);
    return status;
}

enum nl_status nl_office_canary_any(const struct nl_office *office, bool *any,
                                    struct nl_error *err) {
    return nl_canary_any(office->store, any, err);
}
