/* Counts sessions with mail hosts for SMTP TLS reports (RFC 8460), by the recipients' domain. */
#include "delivery/direct.h"
#include "newsletter/base/memory.h"
#include "newsletter/store/tls_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 256, STORE_MILLISECONDS = 5000, DETAIL = 200 };

struct nl_counted_session {
    char *domain, *policy;
    const char *kind;
    char result[32], server[NL_MAIL_NAME], address[48], source[48], detail[DETAIL];
    int64_t count;
};

static void store(struct nl_direct *direct) {
    struct nl_tls_session rows[ROWS];
    struct nl_error ignored = {0};
    for (size_t i = 0; i < direct->session_count; i++) {
        const struct nl_counted_session *one = &direct->sessions[i];
        rows[i] = (struct nl_tls_session){.domain = one->domain,
                                          .kind = one->kind,
                                          .policy = one->policy,
                                          .result = one->result,
                                          .server = one->server,
                                          .address = one->address,
                                          .source = one->source,
                                          .detail = one->detail,
                                          .count = one->count};
    }
    nl_error_ignore(nl_tls_sessions_add(direct->plan.store, rows, direct->session_count, &ignored));
    nl_error_free(&ignored);
    for (size_t i = 0; i < direct->session_count; i++) {
        free(direct->sessions[i].domain);
        free(direct->sessions[i].policy);
    }
    direct->session_count = 0;
}

void nl_direct_store_sessions(struct nl_direct *direct, bool at_once) {
    if (!at_once && direct->now < direct->sessions_at)
        return;
    if (direct->session_count > 0)
        store(direct);
    direct->sessions_at = direct->now + STORE_MILLISECONDS;
    if (!at_once)
        return;
    free(direct->sessions);
    direct->sessions = NULL;
}

/* The kind of a domain's policy, and its text. DANE is before MTA-STS (RFC 8461 section 2). */
static const char *policy_of(const struct nl_route_to *route, const struct nl_destination *to,
                             struct nl_buf *text) {
    const struct nl_sts_note *note = route->policy;
    if (to != NULL && to->tlsa != NULL) {
        nl_buf_adds(text, to->tlsa);
        return "tlsa";
    }
    if (note == NULL || note->policy.mode == NL_STS_NONE)
        return "no-policy-found";
    nl_buf_addf(text, "version: STSv1\nmode: %s\n",
                note->policy.mode == NL_STS_ENFORCE ? "enforce" : "testing");
    for (const char *line = nl_buf_text(&note->policy.mail_hosts); *line != '\0';) {
        size_t len = strcspn(line, "\n");
        nl_buf_addf(text, "mx: %.*s\n", (int)len, line);
        line += len + (line[len] == '\n');
    }
    nl_buf_addf(text, "max_age: %lld\n", (long long)note->policy.max_age);
    return "sts";
}

static bool is_same(const struct nl_counted_session *one, const struct nl_counted_session *other) {
    return strcmp(one->domain, other->domain) == 0 && one->kind == other->kind &&
           strcmp(one->policy, other->policy) == 0 && strcmp(one->result, other->result) == 0 &&
           strcmp(one->server, other->server) == 0 && strcmp(one->address, other->address) == 0 &&
           strcmp(one->source, other->source) == 0 && strcmp(one->detail, other->detail) == 0;
}

/* Takes over the texts of `one`. */
static void add(struct nl_direct *direct, struct nl_counted_session *one) {
    if (direct->sessions == NULL)
        direct->sessions = nl_calloc(ROWS, sizeof *direct->sessions);
    bool lost = one->domain == NULL || one->policy == NULL;
    for (size_t i = 0; !lost && i < direct->session_count; i++)
        if (is_same(&direct->sessions[i], one)) {
            direct->sessions[i].count++;
            lost = true;
        }
    if (lost) {
        free(one->domain);
        free(one->policy);
        return;
    }
    if (direct->session_count == ROWS)
        store(direct);
    one->count = 1;
    direct->sessions[direct->session_count++] = *one;
}

/* Words of others are kept as plain ASCII. */
static void copy_plain(char *out, size_t size, const char *text) {
    size_t at = 0;
    for (; text[at] != '\0' && at + 1 < size; at++)
        out[at] = text[at] >= ' ' && text[at] < 0x7f ? text[at] : '?';
    out[at] = '\0';
}

static void count(struct nl_direct *direct, const struct nl_route_to *route,
                  const struct nl_destination *to, const struct nl_transport_event *event,
                  const char *result, const char *detail) {
    struct nl_buf policy = {0};
    struct nl_counted_session one = {.kind = policy_of(route, to, &policy)};
    if (!direct->plan.config->direct.tls_reports) {
        nl_buf_free(&policy);
        return;
    }
    one.domain = nl_strdup(route->domain);
    one.policy = nl_strdup(nl_buf_text(&policy));
    nl_buf_free(&policy);
    snprintf(one.result, sizeof one.result, "%s", result);
    if (result[0] != '\0' && event != NULL) {
        snprintf(one.server, sizeof one.server, "%s",
                 nl_relay_server(direct->relay, event->server)->host);
        snprintf(one.address, sizeof one.address, "%s", event->leg->address);
        snprintf(one.source, sizeof one.source, "%s", event->leg->own);
    }
    copy_plain(one.detail, sizeof one.detail, detail);
    add(direct, &one);
}

void nl_direct_count_session(struct nl_direct *direct, struct nl_route_to *route,
                             const struct nl_transport_event *event) {
    const char *failure = nl_relay_tls_failure(direct->relay, event->server);
    if (route == NULL || route->state != NL_TO_HOSTS)
        return;
    if (event->leg->tls[0] != '\0')
        failure = "";
    else if (failure[0] == '\0')
        failure = "starttls-not-supported";
    count(direct, route, route->destination, event, failure, "");
}

void nl_direct_count_failure(struct nl_direct *direct, const struct nl_destination *destination,
                             const struct nl_transport_event *event) {
    if (destination->asked != NULL)
        count(direct, destination->asked, destination, event, event->tls_failure, event->text);
}

/* A failure of DANE before any session: `server` is the mail host, "" if it is not known. */
static void count_without_session(struct nl_direct *direct, const struct nl_route_to *route,
                                  const char *result, const char *server, const char *detail) {
    struct nl_counted_session one = {.kind = "tlsa"};
    if (!direct->plan.config->direct.tls_reports)
        return;
    one.domain = nl_strdup(route->domain);
    one.policy = nl_strdup("");
    snprintf(one.result, sizeof one.result, "%s", result);
    snprintf(one.server, sizeof one.server, "%s", server);
    copy_plain(one.detail, sizeof one.detail, detail);
    add(direct, &one);
}

void nl_direct_count_bogus(struct nl_direct *direct, const struct nl_route_to *route,
                           const char *name) {
    struct nl_buf detail = {0};
    nl_buf_addf(&detail, "the answer for %s is not signed as DNSSEC demands", name);
    count_without_session(direct, route, "dnssec-invalid", "", nl_buf_text(&detail));
    nl_buf_free(&detail);
}

void nl_direct_count_without_dane(struct nl_direct *direct, const struct nl_route_to *route,
                                  const char *server) {
    count_without_session(direct, route, "dane-required", server,
                          "our configuration demands TLSA records of each mail host");
}

void nl_direct_count_unusable_dane(struct nl_direct *direct, const struct nl_route_to *route,
                                   const char *server) {
    count_without_session(direct, route, "tlsa-invalid", server,
                          "none of its TLSA records can be used with SMTP (RFC 7672 section 3.1)");
}

void nl_direct_count_no_policy(struct nl_direct *direct, struct nl_route_to *route,
                               const char *why) {
    bool invalid = strstr(why, "policy") != NULL && strstr(why, "fetch") == NULL;
    struct nl_counted_session one = {.kind = "sts"};
    if (!direct->plan.config->direct.tls_reports)
        return;
    one.domain = nl_strdup(route->domain);
    one.policy = nl_strdup("");
    snprintf(one.result, sizeof one.result, "%s",
             invalid ? "sts-policy-invalid" : "sts-policy-fetch-error");
    copy_plain(one.detail, sizeof one.detail, why);
    add(direct, &one);
}
