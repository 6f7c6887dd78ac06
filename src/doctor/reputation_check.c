/* The reports of receivers: mail of ours that fails, and mail of others in our name. */
#include "doctor/checks.h"
#include "newsletter/store/reputation.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Reports come a day late; two weeks even out a bad one. Of each hundred messages from our own
 * servers, or sessions on the way to us, so many may fail. */
enum { DAY = 86400, DAYS = 14, FAILURES = 2, QUIET = 7, LATE = 2 };

/* Sums over sources. */
struct sums {
    int64_t ours, failed; /* messages from addresses for which SPF or DKIM ever passes */
    int64_t strange;      /* messages from the others */
    int64_t strange_largest;
    int64_t reports;
    char domain[NL_REPUTATION_DOMAIN], source[NL_IP_TEXT]; /* of the largest of the others */
    char origin[NL_IP_TEXT];                               /* a server of ours among the others */
    const struct nl_answers *origins;
};

static bool is_origin(const struct sums *sums, const char *source) {
    for (size_t i = 0; i < sums->origins->count; i++)
        if (strcasecmp(sums->origins->items[i], source) == 0)
            return true;
    return false;
}

static enum nl_status add_source(const struct nl_reputation_figure *figure, void *ctx,
                                 struct nl_error *err) {
    struct sums *sums = ctx;
    (void)err;
    bool ours = is_origin(sums, figure->source);
    sums->reports += figure->reports;
    if (figure->passed > 0 || ours) {
        sums->ours += figure->total;
        sums->failed += figure->total - figure->passed;
        if (figure->passed == 0)
            snprintf(sums->origin, sizeof sums->origin, "%s", figure->source);
        return NL_OK;
    }
    sums->strange += figure->total;
    if (figure->total > sums->strange_largest && figure->source[0] != '\0') {
        sums->strange_largest = figure->total;
        snprintf(sums->domain, sizeof sums->domain, "%s", figure->domain);
        snprintf(sums->source, sizeof sums->source, "%s", figure->source);
    }
    return NL_OK;
}

static void judge_mail(struct nl_doctor *doctor, const struct sums *sums) {
    bool failing = sums->failed * 100 > sums->ours * FAILURES;
    if (sums->origin[0] != '\0')
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "reputation", NULL,
                        "receivers reported that all mail from %s, a server of yours, fails DMARC: "
                        "check SPF and DKIM",
                        sums->origin);
    else if (failing)
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "reputation", NULL,
                        "receivers reported that %lld of %lld messages from servers that send for "
                        "you failed DMARC in %d days: 'newsletter report --reputation' says from "
                        "where",
                        (long long)sums->failed, (long long)sums->ours, DAYS);
    if (sums->strange > 0)
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "reputation", NULL,
                        "receivers reported %lld messages in your name in %d days that pass "
                        "neither SPF nor DKIM, most of them for %s from %s: set that server up if "
                        "it is yours; else set your DMARC policy to p=quarantine or p=reject",
                        (long long)sums->strange, DAYS,
                        sums->domain[0] != '\0' ? sums->domain : "-",
                        sums->source[0] != '\0' ? sums->source : "several addresses");
    if (sums->reports > 0 && !failing && sums->strange == 0 && sums->origin[0] == '\0')
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "reputation", NULL,
                        "receivers reported %lld messages in your name in %d days, and all from "
                        "servers of yours",
                        (long long)sums->ours, DAYS);
}

struct sessions {
    int64_t total, failed, largest;
    char reason[64];
};

static enum nl_status add_reason(const struct nl_reputation_figure *figure, void *ctx,
                                 struct nl_error *err) {
    struct sessions *sessions = ctx;
    (void)err;
    sessions->total += figure->total;
    sessions->failed += figure->total - figure->passed;
    if (figure->passed == 0 && figure->total > sessions->largest) {
        sessions->largest = figure->total;
        snprintf(sessions->reason, sizeof sessions->reason, "%s", figure->reason);
    }
    return NL_OK;
}

enum nl_status nl_doctor_reputation(struct nl_doctor *doctor, struct nl_error *err) {
    struct sums sums = {.origins = &doctor->origins};
    struct sessions sessions = {0};
    int64_t since = nl_store_now(doctor->store) - (int64_t)DAYS * DAY;
    enum nl_status status =
        nl_reputation_each(doctor->store, NL_REPUTATION_DMARC, NL_REPUTATION_BY_SOURCE, since, 0,
                           add_source, &sums, err);
    if (status == NL_OK)
        status = nl_reputation_each(doctor->store, NL_REPUTATION_TLS, NL_REPUTATION_BY_REASON,
                                    since, 0, add_reason, &sessions, err);
    if (status != NL_OK)
        return status;
    judge_mail(doctor, &sums);
    if (sessions.failed * 100 > sessions.total * FAILURES)
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "reputation", NULL,
                        "senders reported that %lld of %lld sessions on the way to you could not "
                        "be encrypted as your policy requires (%s): check the certificate and the "
                        "policy of your mail server",
                        (long long)sessions.failed, (long long)sessions.total, sessions.reason);
    return NL_OK;
}

/* Whether an address of "mailto:a@example.org!10m,mailto:..." (RFC 7489 section 6.2) is `address`,
 * with or without an extension. */
static bool names_address(const char *reports, const char *address) {
    const char *at = strchr(address, '@');
    if (at == NULL)
        return false;
    for (const char *p = reports; (p = strcasestr(p, "mailto:")) != NULL;) {
        p += strlen("mailto:");
        size_t len = strcspn(p, ",!");
        size_t local = strcspn(p, "@,!");
        size_t bare = strcspn(p, "+@,!");
        size_t domain = len - local;
        if (domain == strlen(at) && strncasecmp(p + local, at, domain) == 0 &&
            bare == (size_t)(at - address) && strncasecmp(p, address, bare) == 0)
            return true;
    }
    return false;
}

static enum nl_status count_report(const struct nl_reputation_figure *figure, void *ctx,
                                   struct nl_error *err) {
    (void)err;
    *(int64_t *)ctx += figure->reports;
    return NL_OK;
}

enum nl_status nl_doctor_reports_come(struct nl_doctor *doctor, const char *domain,
                                      const char *reports, struct nl_error *err) {
    const struct nl_config *config = doctor->config;
    const char *addresses[] = {config->bounce_address, config->fetch.username};
    bool here = false;
    bool sent = false;
    int64_t count = 0;
    for (size_t i = 0; i < 2; i++)
        here = here || (addresses[i] != NULL && names_address(reports, addresses[i]));
    if (!here || doctor->store == NULL)
        return NL_OK;
    /* Without mail there are no reports, and those on yesterday's mail are still on their way. */
    int64_t now = nl_store_now(doctor->store);
    enum nl_status status = nl_reputation_sent(doctor->store, now - (int64_t)QUIET * DAY,
                                               now - (int64_t)LATE * DAY, &sent, err);
    if (status == NL_OK && sent)
        status =
            nl_reputation_each(doctor->store, NL_REPUTATION_DMARC, NL_REPUTATION_BY_REPORTER,
                               now - (int64_t)(QUIET + LATE) * DAY, 0, count_report, &count, err);
    if (status == NL_OK && sent && count == 0)
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "reputation", NULL,
                        "the DMARC record of %s asks for reports to an address of ours, but none "
                        "came in %d days: check whether mail to it reaches 'newsletter bounce'",
                        domain, QUIET);
    return status;
}
