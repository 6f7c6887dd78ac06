#include "doctor/checks.h"
#include "newsletter/base/buf.h"
#include "newsletter/base/text.h"
#include "newsletter/smtp/sts.h"

#include <stdbool.h>
#include <string.h>

enum { POLICY_LIMIT = 64 * 1024 };

/* Reads the next "key: value" line (RFC 8461 section 3.2); false at the end. */
static bool next_line(const char **text, const char *key, const char **value, size_t *len) {
    while (**text != '\0') {
        const char *line = *text;
        size_t line_len = strcspn(line, "\n");
        *text = line + line_len + (line[line_len] == '\n');
        size_t key_len = strlen(key);
        if (line_len > key_len && strncmp(line, key, key_len) == 0 && line[key_len] == ':') {
            *value = line + key_len + 1 + strspn(line + key_len + 1, " \t");
            *len = (size_t)(line + line_len - *value);
            while (*len > 0 && strchr(" \t\r", (*value)[*len - 1]) != NULL)
                --*len;
            return true;
        }
    }
    return false;
}

static void judge(struct nl_doctor *doctor, const char *domain, const struct nl_answers *hosts,
                  const char *policy) {
    const char *value = NULL;
    size_t len = 0;
    const char *text = policy;
    bool version =
        next_line(&text, "version", &value, &len) && len == 5 && strncmp(value, "STSv1", 5) == 0;
    text = policy;
    if (!version || !next_line(&text, "mode", &value, &len)) {
        nl_findings_add(
            doctor->out, NL_LEVEL_ERROR, "mta-sts", NULL,
            "the MTA-STS policy of %s is not valid: it needs the lines 'version: STSv1' "
            "and 'mode: enforce'",
            domain);
        return;
    }
    size_t mode_len = len;
    const char *mode = value;
    for (size_t i = 0; i < hosts->count; i++) {
        bool found = false;
        text = policy;
        while (!found && next_line(&text, "mx", &value, &len))
            found = nl_sts_pattern_names(value, len, hosts->items[i]);
        if (!found) {
            nl_findings_add(doctor->out, NL_LEVEL_ERROR, "mta-sts", NULL,
                            "the MTA-STS policy of %s does not name its MX %s, so others will not "
                            "deliver there: add 'mx: %s'",
                            domain, hosts->items[i], hosts->items[i]);
            return;
        }
    }
    nl_findings_add(doctor->out, NL_LEVEL_GOOD, "mta-sts", NULL, "MTA-STS of %s: mode %.*s", domain,
                    (int)mode_len, mode);
}

/* The policy lies on its own host (RFC 8461 section 3.3). */
static enum nl_status examine_policy(struct nl_doctor *doctor, const char *domain,
                                     const struct nl_answers *hosts, struct nl_error *err) {
    struct nl_buf url = {0};
    struct nl_buf policy = {0};
    struct nl_buf problem = {0};
    nl_buf_addf(&url, "https://mta-sts.%s/.well-known/mta-sts.txt", domain);
    enum nl_status status =
        nl_doctor_fetch(doctor, nl_buf_text(&url), POLICY_LIMIT, &policy, &problem, err);
    if (status == NL_OK && problem.len == 0)
        judge(doctor, domain, hosts, nl_buf_text(&policy));
    else if (status == NL_OK)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "mta-sts", NULL,
                        "%s announces an MTA-STS policy that cannot be fetched (%s): serve it, or "
                        "remove the record at _mta-sts.%s",
                        domain, nl_buf_text(&problem), domain);
    nl_buf_free(&url);
    nl_buf_free(&policy);
    nl_buf_free(&problem);
    return status;
}

enum nl_status nl_doctor_mta_sts(struct nl_doctor *doctor, const char *domain,
                                 const struct nl_answers *hosts, struct nl_error *err) {
    struct nl_buf name = {0};
    struct nl_answers answers = {0};
    size_t count = 0;
    nl_buf_addf(&name, "_mta-sts.%s", domain);
    enum nl_status status = nl_dns_ask(doctor->dns, NL_DNS_TXT, name.data, &answers, err);
    for (size_t i = 0; i < answers.count; i++)
        count += nl_text_is_record(answers.items[i], "v=STSv1");
    if (status == NL_TEMPFAIL) {
        nl_error_free(err);
        status = NL_OK; /* earlier questions have reported it */
    } else if (status == NL_OK && count == 0) {
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "mta-sts", NULL,
                        "%s has no MTA-STS policy, which is optional: it would keep mail to you "
                        "from being read in transit (RFC 8461)",
                        domain);
    } else if (status == NL_OK && count > 1) {
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "mta-sts", NULL,
                        "_mta-sts.%s has %zu records, so none counts: leave one", domain, count);
    } else if (status == NL_OK) {
        status = examine_policy(doctor, domain, hosts, err);
    }
    nl_answers_free(&answers);
    nl_buf_free(&name);
    return status;
}
