/* The DMARC record of a domain (RFC 7489 section 6.6.3). */
#include "doctor/checks.h"

#include <string.h>
#include <strings.h>

/* Whether all mail that fails is kept from readers, as BIMI demands. */
static bool is_enforced(const char *record, const char *policy) {
    struct nl_buf share = {0};
    struct nl_buf below = {0};
    bool all = !nl_tag_value(record, "pct", &share) || strcmp(nl_buf_text(&share), "100") == 0;
    bool none = nl_tag_value(record, "sp", &below) && strcasecmp(nl_buf_text(&below), "none") == 0;
    nl_buf_free(&share);
    nl_buf_free(&below);
    return all && !none && strcasecmp(policy, "none") != 0;
}

/* Keeps only DMARC records. */
static size_t dmarc_records(const struct nl_answers *answers, const char **record) {
    size_t count = 0;
    for (size_t i = 0; i < answers->count; i++) {
        if (!nl_tag_is_record(answers->items[i], "DMARC1"))
            continue;
        *record = answers->items[i];
        count++;
    }
    return count;
}

static enum nl_status judge_dmarc(struct nl_doctor *doctor, const char *domain, const char *record,
                                  struct nl_error *err) {
    enum nl_status status = NL_OK;
    struct nl_buf policy = {0};
    struct nl_buf reports = {0};
    bool valid = nl_tag_value(record, "p", &policy) &&
                 (strcasecmp(nl_buf_text(&policy), "none") == 0 ||
                  strcasecmp(nl_buf_text(&policy), "quarantine") == 0 ||
                  strcasecmp(nl_buf_text(&policy), "reject") == 0);
    doctor->dmarc_enforced = valid && is_enforced(record, nl_buf_text(&policy));
    if (!valid)
        nl_findings_add(
            doctor->out, NL_LEVEL_ERROR, "dmarc", NULL,
            "the DMARC record of %s has no policy: add p=none, p=quarantine or p=reject", domain);
    else if (!nl_tag_value(record, "rua", &reports))
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "dmarc", NULL,
                        "DMARC of %s is p=%s and asks for no reports: add rua=mailto:ADDRESS to "
                        "learn about mail that fails",
                        domain, nl_buf_text(&policy));
    else {
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "dmarc", NULL, "DMARC of %s is p=%s", domain,
                        nl_buf_text(&policy));
        status = nl_doctor_reports_come(doctor, domain, nl_buf_text(&reports), err);
    }
    nl_buf_free(&policy);
    nl_buf_free(&reports);
    return status;
}

enum nl_status nl_doctor_dmarc(struct nl_doctor *doctor, const char *from_domain,
                               struct nl_error *err) {
    enum nl_status status = NL_OK;
    size_t count = 0;
    doctor->dmarc_enforced = false;
    for (const char *domain = from_domain; status == NL_OK && count == 0;) {
        struct nl_answers answers = {0};
        const char *record = NULL;
        const char *dot = strchr(domain, '.');
        status = nl_doctor_txt(doctor, "_dmarc.", domain, &answers, err);
        if (!nl_doctor_asked(doctor, "dmarc", status, err))
            return nl_doctor_ended(status);
        count = dmarc_records(&answers, &record);
        if (count > 1)
            nl_findings_add(doctor->out, NL_LEVEL_ERROR, "dmarc", NULL,
                            "_dmarc.%s has %zu DMARC records, so none counts: leave one", domain,
                            count);
        else if (count == 1)
            status = judge_dmarc(doctor, domain, record, err);
        nl_answers_free(&answers);
        if (dot == NULL || strchr(dot + 1, '.') == NULL)
            break;
        domain = dot + 1;
    }
    if (count == 0)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "dmarc", NULL,
                        "there is no DMARC record for %s, which Gmail and Yahoo require of bulk "
                        "senders: publish at _dmarc.%s \"v=DMARC1; p=none; rua=mailto:ADDRESS\"",
                        from_domain, from_domain);
    return status;
}
