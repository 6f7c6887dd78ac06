#include "newsletter/report/facts.h"
#include "newsletter/service/webhooks.h"
#include "web/api.h"

#include <string.h>

enum nl_status nl_api_get_webhooks(struct nl_api_call *call, struct nl_error *err) {
    json_t *webhooks = NULL;
    enum nl_status status = nl_office_webhooks(&call->office, &webhooks, err);
    return nl_api_answer_named(call, status, "webhooks", webhooks, err);
}

/* The kinds of an array, with spaces between them; false if it holds something else. */
static bool kinds_of(const json_t *array, struct nl_buf *out) {
    size_t at = 0;
    json_t *kind = NULL;
    json_array_foreach(array, at, kind) {
        const char *word = json_string_value(kind);
        if (word == NULL || word[0] == '\0' || strchr(word, ' ') != NULL)
            return false;
        nl_buf_addf(out, "%s%s", at > 0 ? " " : "", word);
    }
    return true;
}

enum nl_status nl_api_add_webhook(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {
        {"name", 'S'}, {"url", 'S'}, {"events", 'a'}, {0}};
    struct nl_webhook added = {0};
    struct nl_buf kinds = {0};
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    if (!kinds_of(json_object_get(call->body, "events"), &kinds)) {
        nl_buf_free(&kinds);
        return nl_api_problem(call, 422, "Not acceptable content",
                              "/events: it must be an array of kinds of events.", err);
    }
    const char *name = nl_api_text(call->body, "name");
    status = nl_office_webhook_add(&call->office, name, nl_api_text(call->body, "url"),
                                   nl_buf_text(&kinds), &added, err);
    nl_buf_free(&kinds);
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    status = nl_api_answer(
        call, 201, json_pack("{s:s, s:s}", "name", added.name, "secret", added.secret), err);
    nl_webhook_free(&added);
    return status;
}

enum nl_status nl_api_change_webhook(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {{"enabled", 'b'}, {0}};
    const json_t *enabled = json_object_get(call->body, "enabled");
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    if (enabled != NULL)
        status =
            nl_office_webhook_switch(&call->office, call->words[1], json_is_true(enabled), err);
    return status == NL_OK ? nl_api_answer_nothing(call) : nl_api_failed(call, status, err);
}

enum nl_status nl_api_remove_webhook(struct nl_api_call *call, struct nl_error *err) {
    enum nl_status status = nl_office_webhook_remove(&call->office, call->words[1], err);
    return status == NL_OK ? nl_api_answer_nothing(call) : nl_api_failed(call, status, err);
}

enum nl_status nl_api_test_webhook(struct nl_api_call *call, struct nl_error *err) {
    struct nl_webhook_answer answer = {0};
    enum nl_status status = nl_office_webhook_test(&call->office, call->words[1], &answer, err);
    return status == NL_OK
               ? nl_api_answer(call, 200,
                               json_pack("{s:b, s:I, s:s}", "taken",
                                         (int)(answer.detail[0] == '\0'), "status",
                                         (json_int_t)answer.status, "problem", answer.detail),
                               err)
               : nl_api_failed(call, status, err);
}

enum nl_status nl_api_get_webhook_log(struct nl_api_call *call, struct nl_error *err) {
    json_t *calls = NULL;
    enum nl_status status = nl_office_webhook_log(&call->office, call->words[1], &calls, err);
    return nl_api_answer_named(call, status, "calls", calls, err);
}
