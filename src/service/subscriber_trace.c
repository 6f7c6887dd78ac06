#include "newsletter/report/facts.h"
#include "newsletter/service/subscribers.h"

#include <string.h>

/* The fields of an attempt, in order. A relay's has no server of the recipient. */
static const char *const fields[] = {"at",     "by",     "kind",       "slug",         "number",
                                     "issue",  "state",  "server",     "address",      "tls",
                                     "cipher", "policy", "reply_code", "reply_status", "reply"};

static bool is_of(const json_t *row, const char *issue) {
    return issue == NULL || strcmp(nl_facts_word(row, "slug"), issue) == 0 ||
           strcmp(nl_facts_word(row, "number"), issue) == 0;
}

/* The address of ours that an attempt came from, null where none was chosen. It stands in the text,
 * after the server: "SERVER from ADDRESS (...): ...". */
static json_t *source_of(const json_t *row) {
    static const char from[] = " from ";
    const char *text = nl_facts_word(row, "reply");
    size_t len = strlen(nl_facts_word(row, "server"));
    if (len == 0 || strncmp(text, nl_facts_word(row, "server"), len) != 0 ||
        strncmp(text + len, from, strlen(from)) != 0)
        return json_null();
    text += len + strlen(from);
    return json_stringn(text, strcspn(text, " "));
}

static void add_attempt(json_t *out, const json_t *row, const char *by) {
    json_t *attempt = json_object();
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const json_t *value = json_object_get(row, fields[i]);
        json_object_set_new(attempt, fields[i],
                            value != NULL ? json_incref((json_t *)value) : json_null());
    }
    json_object_set_new(attempt, "by", json_string(by));
    json_object_set_new(attempt, "source", source_of(row));
    if (strcmp(by, "relay") == 0)
        json_object_set(attempt, "at", json_object_get(row, "updated_at"));
    json_array_append_new(out, attempt);
}

/* The attempts of a delivery; else its last one, which a relay was told to make. */
static void add_delivery(json_t *out, const json_t *delivery, const json_t *attempts) {
    bool any = false;
    size_t at = 0;
    json_t *row = NULL;
    json_array_foreach(attempts, at, row) {
        if (!json_equal(json_object_get(row, "delivery"), json_object_get(delivery, "id")))
            continue;
        any = true;
        add_attempt(out, row, "direct");
    }
    if (!any && json_integer_value(json_object_get(delivery, "attempts")) > 0)
        add_attempt(out, delivery, "relay");
}

enum nl_status nl_office_subscriber_trace(const struct nl_office *office, const struct nl_who *who,
                                          const char *issue, json_t **out, struct nl_error *err) {
    json_t *history = NULL;
    size_t at = 0;
    size_t known = 0;
    json_t *row = NULL;
    *out = json_array();
    enum nl_status status = nl_office_subscriber_history(office, who, 0, &history, err);
    json_array_foreach(json_object_get(history, "deliveries"), at, row) {
        if (status != NL_OK || !is_of(row, issue))
            continue;
        known++;
        add_delivery(*out, row, json_object_get(history, "attempts"));
    }
    if (status == NL_OK && issue != NULL && known == 0)
        status = nl_error_set(err, NL_NOTFOUND, "no mail of issue '%s' was meant for this address",
                              issue);
    json_decref(history);
    if (status != NL_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return status;
}
