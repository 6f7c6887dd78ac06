#include "newsletter/report/facts.h"
#include "newsletter/service/approvals.h"
#include "web/api.h"

#include <string.h>

/* Times as everywhere in the API. */
static void word_facts(json_t *facts) {
    json_t *said = json_object_get(facts, "said");
    json_t *word = NULL;
    size_t at = 0;
    json_object_set_new(facts, "asked_at", nl_facts_time(nl_facts_number(facts, "asked_at")));
    if (nl_facts_word(facts, "asked_by")[0] == '\0')
        json_object_set_new(facts, "asked_by", json_null());
    json_array_foreach(said, at, word) {
        json_object_set_new(word, "at", nl_facts_time(nl_facts_number(word, "at")));
    }
}

static enum nl_status answer_approval(const struct nl_api_call *call, struct nl_error *err) {
    json_t *facts = NULL;
    enum nl_status status = nl_office_approval_read(&call->office, call->id, &facts, err);
    if (status == NL_OK)
        word_facts(facts);
    return nl_api_answer_read(call, status, 200, facts, err);
}

/* The state after what was done. It may have queued mails to those who are asked or answered. */
static enum nl_status answer_done(const struct nl_api_call *call, enum nl_status status,
                                  struct nl_error *err) {
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    if (call->staff->notices != NULL)
        nl_mailer_wake_fully(call->staff->notices);
    return answer_approval(call, err);
}

enum nl_status nl_api_get_approval(struct nl_api_call *call, struct nl_error *err) {
    return answer_approval(call, err);
}

enum nl_status nl_api_ask_approval(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {{"words", 's'}, {0}};
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    const char *words = nl_api_text(call->body, "words");
    return answer_done(
        call, nl_office_approval_ask(&call->office, call->id, words != NULL ? words : "", err),
        err);
}

/* drafts/7/approve, /return and /comment: the last word of the path is the kind. */
enum nl_status nl_api_answer_approval(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {
        {"digest", 'S'}, {"words", 's'}, {"passage", 's'}, {0}};
    enum nl_approval_kind kind = NL_APPROVAL_APPROVE;
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    while (nl_approval_kinds[kind] != NULL && strcmp(nl_approval_kinds[kind], call->words[2]) != 0)
        kind++;
    const char *words = nl_api_text(call->body, "words");
    const struct nl_office_answer answer = {.draft = call->id,
                                            .kind = kind,
                                            .seal = nl_api_text(call->body, "digest"),
                                            .passage = nl_api_text(call->body, "passage"),
                                            .words = words != NULL ? words : ""};
    return answer_done(call, nl_office_approval_answer(&call->office, &answer, err), err);
}
