/* SMTP TLS reports: JSON as in RFC 8460 section 4. */
#include "inbound/aggregate.h"
#include "newsletter/base/timestamp.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* The tree of a longer text would take too much memory; real reports have a few kilobytes. */
enum { TEXT = 2 << 20, POLICIES = 1000, DETAILS = 1000 };

/* RFC 8460 section 4.2 and 4.3; what else a report says is kept as "other". */
static const char *const policies[] = {"sts", "tlsa", "no-policy-found"};
static const char *const reasons[] = {"starttls-not-supported", "certificate-host-mismatch",
                                      "certificate-expired",    "certificate-not-trusted",
                                      "validation-failure",     "tlsa-invalid",
                                      "dnssec-invalid",         "dane-required",
                                      "sts-policy-fetch-error", "sts-policy-invalid",
                                      "sts-webpki-invalid"};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const char *known_word(const char *const words[], size_t count, const char *word) {
    for (size_t i = 0; word != NULL && i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return words[i];
    return "other";
}

static const char *text_of(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

/* A number of sessions: 0 where there is none. False for what no number of sessions can be. */
static bool count_of(const json_t *object, const char *name, int64_t *out) {
    const json_t *value = json_object_get(object, name);
    *out = (int64_t)json_integer_value(value);
    return (value == NULL || json_is_integer(value)) && *out >= 0 && *out <= NL_AGGREGATE_COUNT;
}

static bool add(struct nl_reputation_report *report, struct nl_reputation_row *row,
                const char *reason, int64_t total) {
    row->reason = reason;
    row->total = total;
    row->passed = reason[0] == '\0' ? total : 0;
    return total == 0 || nl_aggregate_add(report, row);
}

/* Failures that no detail explains count as "other". */
static bool read_failures(struct nl_reputation_report *report, struct nl_reputation_row *row,
                          const json_t *details, int64_t failed) {
    size_t at = 0;
    const json_t *detail = NULL;
    json_array_foreach(details, at, detail) {
        int64_t count = 0;
        if (at == DETAILS || !count_of(detail, "failed-session-count", &count))
            return false;
        add(report, row, known_word(reasons, COUNT(reasons), text_of(detail, "result-type")),
            count);
        failed -= count;
    }
    if (failed > 0)
        add(report, row, "other", failed);
    return true;
}

static enum nl_status read_policy(struct nl_reputation_report *report, const json_t *entry,
                                  struct nl_error *err) {
    const json_t *policy = json_object_get(entry, "policy");
    const json_t *summary = json_object_get(entry, "summary");
    const char *domain = text_of(policy, "policy-domain");
    struct nl_reputation_row row = {.reason = ""};
    int64_t succeeded = 0;
    int64_t failed = 0;
    snprintf(row.domain, sizeof row.domain, "%.253s", domain != NULL ? domain : "");
    snprintf(row.source, sizeof row.source, "%s",
             known_word(policies, COUNT(policies), text_of(policy, "policy-type")));
    bool valid = count_of(summary, "total-successful-session-count", &succeeded) &&
                 count_of(summary, "total-failure-session-count", &failed);
    if (valid) {
        add(report, &row, "", succeeded);
        valid = read_failures(report, &row, json_object_get(entry, "failure-details"), failed);
    }
    return valid ? NL_OK : nl_error_set(err, NL_DATA, "a count is not a number of sessions");
}

static enum nl_status read_report(const json_t *root, struct nl_reputation_report *report,
                                  struct nl_error *err) {
    const json_t *entries = json_object_get(root, "policies");
    const char *begin = text_of(json_object_get(root, "date-range"), "start-datetime");
    const char *identifier = text_of(root, "report-id");
    enum nl_status status = NL_OK;
    size_t at = 0;
    const json_t *entry = NULL;
    if (begin == NULL || !nl_timestamp_parse(begin, &report->begin))
        return nl_error_set(err, NL_DATA, "it does not say what time it is about");
    if (identifier == NULL || identifier[0] == '\0')
        return nl_error_set(err, NL_DATA, "it has no report-id");
    if (json_array_size(entries) > POLICIES)
        return nl_error_set(err, NL_DATA, "it has too many policies");
    json_array_foreach(entries, at, entry) {
        if (status == NL_OK)
            status = read_policy(report, entry, err);
    }
    const char *reporter = text_of(root, "organization-name");
    nl_aggregate_name(report, reporter != NULL ? reporter : "", identifier);
    return status;
}

enum nl_status nl_tls_report_read(const char *text, size_t len, struct nl_reputation_report **out,
                                  struct nl_error *err) {
    json_error_t problem;
    struct nl_reputation_report *report = NULL;
    *out = NULL;
    /* Every report names these in its first object; other JSON is not even taken apart. */
    if (strstr(text, "\"policies\"") == NULL || strstr(text, "\"date-range\"") == NULL)
        return NL_OK;
    if (len > TEXT)
        return nl_error_set(err, NL_DATA, "it is longer than %d bytes", TEXT);
    json_t *root = json_loadb(text, len, 0, &problem);
    if (root == NULL)
        return nl_error_set(err, NL_DATA, "it is not valid JSON after byte %d", problem.position);
    enum nl_status status = nl_aggregate_new(NL_REPUTATION_TLS, &report, err);
    if (status == NL_OK)
        status = read_report(root, report, err);
    json_decref(root);
    if (status == NL_OK)
        *out = report;
    else
        nl_aggregate_free(report);
    return status;
}
