#include "delivery/tls_report.h"

#include "newsletter/base/base64.h"
#include "newsletter/base/env.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/token.h"
#include "newsletter/store/tls_session.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

enum { LINE = 76, GZIP_WINDOW = 15 + 16, FAILURES = 1000 };

void nl_tls_report_free(struct nl_tls_report *report) {
    nl_buf_free(&report->json);
}

/* ---- JSON (section 4.4) ---- */

/* The policies of a domain: rows come by kind and text. */
struct making {
    json_t *policies;
    json_t *last; /* the one that the last row belongs to */
    struct nl_buf known;
    size_t failures;
};

static json_t *lines_of(const char *text, const char *prefix) {
    json_t *lines = json_array();
    size_t skip = strlen(prefix);
    for (const char *line = text; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        if (len > skip && strncmp(line, prefix, skip) == 0)
            json_array_append_new(lines, json_stringn(line + skip, len - skip));
        line += len + (line[len] == '\n');
    }
    return lines;
}

static void begin_policy(struct making *making, const struct nl_tls_session *session) {
    json_t *policy =
        json_pack("{s:s, s:s}", "policy-type", session->kind, "policy-domain", session->domain);
    if (session->policy[0] != '\0')
        json_object_set_new(policy, "policy-string", lines_of(session->policy, ""));
    if (strcmp(session->kind, "sts") == 0 && session->policy[0] != '\0')
        json_object_set_new(policy, "mx-host", lines_of(session->policy, "mx: "));
    making->last = json_pack("{s:o, s:{s:i, s:i}}", "policy", policy, "summary",
                             "total-successful-session-count", 0, "total-failure-session-count", 0);
    json_array_append_new(making->policies, making->last);
}

static void add_to(json_t *summary, const char *name, int64_t count) {
    json_t *number = json_object_get(summary, name);
    json_integer_set(number, json_integer_value(number) + count);
}

static void set_known(json_t *object, const char *name, const char *text) {
    if (text[0] != '\0')
        json_object_set_new(object, name, json_string(text));
}

static void add_failure(struct making *making, const struct nl_tls_session *session) {
    json_t *details = json_object_get(making->last, "failure-details");
    json_t *one = json_pack("{s:s, s:I}", "result-type", session->result, "failed-session-count",
                            (json_int_t)session->count);
    if (making->failures++ >= FAILURES) {
        json_decref(one); /* they are in the sums */
        return;
    }
    set_known(one, "sending-mta-ip", session->source);
    set_known(one, "receiving-mx-hostname", session->server);
    set_known(one, "receiving-ip", session->address);
    set_known(one, "failure-reason-code", session->detail);
    if (details == NULL) {
        details = json_array();
        json_object_set_new(making->last, "failure-details", details);
    }
    json_array_append_new(details, one);
}

static enum nl_status add_row(const struct nl_tls_session *session, void *ctx,
                              struct nl_error *err) {
    struct making *making = ctx;
    struct nl_buf key = {0};
    bool success = session->result[0] == '\0';
    nl_buf_addf(&key, "%s\n%s", session->kind, session->policy);
    if (making->last == NULL || strcmp(nl_buf_text(&key), nl_buf_text(&making->known)) != 0)
        begin_policy(making, session);
    nl_buf_clear(&making->known);
    nl_buf_adds(&making->known, nl_buf_text(&key));
    nl_buf_free(&key);
    if (making->last == NULL)
        return nl_error_nomem(err);
    add_to(json_object_get(making->last, "summary"),
           success ? "total-successful-session-count" : "total-failure-session-count",
           session->count);
    if (!success)
        add_failure(making, session);
    return NL_OK;
}

static enum nl_status compress_text(const char *text, size_t len, struct nl_buf *out,
                                    struct nl_error *err) {
    z_stream stream = {0};
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        return nl_error_nomem(err);
    size_t room = deflateBound(&stream, len) + 64;
    unsigned char *data = nl_malloc(room);
    stream.next_in = (unsigned char *)text;
    stream.avail_in = (unsigned)len;
    stream.next_out = data;
    stream.avail_out = (unsigned)room;
    bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    if (done)
        nl_buf_add(out, (const char *)data, room - stream.avail_out);
    deflateEnd(&stream);
    free(data);
    return done ? NL_OK : nl_error_nomem(err);
}

/* "SUBMITTER!DOMAIN!FIRST!LAST!ID.json.gz" (section 5.1), with the seconds of the day. */
static void name_report(struct nl_tls_report *report, const struct nl_store *store) {
    struct tm day = {0};
    struct nl_token token;
    strptime(report->day, "%Y-%m-%d", &day);
    int64_t first = timegm(&day);
    nl_token_new(nl_store_env(store), &token);
    snprintf(report->id, sizeof report->id, "%s-%s", report->day, token.text);
    snprintf(report->file, sizeof report->file, "%.120s!%.120s!%lld!%lld!%.40s.json.gz",
             report->submitter, report->domain, (long long)first, (long long)first + 86399,
             token.text);
}

enum nl_status nl_tls_report_make(struct nl_store *store, struct nl_tls_report *report,
                                  struct nl_error *err) {
    struct making making = {.policies = json_array()};
    struct nl_buf first = {0};
    struct nl_buf last = {0};
    const char *at = strrchr(report->contact, '@');
    report->submitter = at != NULL ? at + 1 : report->contact;
    name_report(report, store);
    enum nl_status status =
        nl_tls_sessions_each(store, report->day, report->domain, add_row, &making, err);
    if (status == NL_OK && json_array_size(making.policies) == 0)
        status = nl_error_set(err, NL_NOTFOUND, "there is nothing to report of %s", report->domain);
    nl_buf_addf(&first, "%sT00:00:00Z", report->day);
    nl_buf_addf(&last, "%sT23:59:59Z", report->day);
    json_t *all = json_pack("{s:s, s:{s:s, s:s}, s:s, s:s, s:O}", "organization-name",
                            report->submitter, "date-range", "start-datetime", nl_buf_text(&first),
                            "end-datetime", nl_buf_text(&last), "contact-info", report->contact,
                            "report-id", report->id, "policies", making.policies);
    char *text = all != NULL ? json_dumps(all, JSON_COMPACT) : NULL;
    if (status == NL_OK && text == NULL)
        status = nl_error_nomem(err);
    if (status == NL_OK)
        status = compress_text(text, strlen(text), &report->json, err);
    free(text);
    json_decref(all);
    json_decref(making.policies);
    nl_buf_free(&making.known);
    nl_buf_free(&first);
    nl_buf_free(&last);
    return status;
}

/* ---- mail (section 5.3) ---- */

static void add_head(const struct nl_tls_report *report, const char *to, int64_t now,
                     struct nl_buf *out) {
    time_t at = (time_t)now;
    struct tm parts = {0};
    char date[40];
    gmtime_r(&at, &parts);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &parts);
    nl_buf_addf(out,
                "From: <%s>\r\nTo: <%s>\r\nDate: %s\r\nMessage-ID: <%s@%s>\r\n"
                "Subject: Report Domain: %s\r\n Submitter: %s\r\n Report-ID: <%s@%s>\r\n"
                "TLS-Report-Domain: %s\r\nTLS-Report-Submitter: %s\r\nAuto-Submitted: "
                "auto-generated\r\nMIME-Version: 1.0\r\n"
                "Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n"
                " boundary=\"%s\"\r\n\r\n",
                report->contact, to, date, report->id, report->submitter, report->domain,
                report->submitter, report->id, report->submitter, report->domain, report->submitter,
                report->id);
}

void nl_tls_report_mail(const struct nl_tls_report *report, const char *to, int64_t now,
                        struct nl_buf *out) {
    struct nl_buf encoded = {0};
    nl_base64_add(&encoded, report->json.data, report->json.len);
    add_head(report, to, now, out);
    nl_buf_addf(out,
                "--%s\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
                "This is an aggregate TLS report from %s\r\nabout mail to %s\r\non %s.\r\n\r\n"
                "--%s\r\nContent-Type: application/tlsrpt+gzip\r\n"
                "Content-Transfer-Encoding: base64\r\n"
                "Content-Disposition: attachment;\r\n filename=\"%s\"\r\n\r\n",
                report->id, report->submitter, report->domain, report->day, report->id,
                report->file);
    for (size_t i = 0; i < encoded.len; i += LINE) {
        size_t left = encoded.len - i;
        nl_buf_add(out, encoded.data + i, left < LINE ? left : LINE);
        nl_buf_adds(out, "\r\n");
    }
    nl_buf_addf(out, "--%s--\r\n", report->id);
    nl_buf_free(&encoded);
}
