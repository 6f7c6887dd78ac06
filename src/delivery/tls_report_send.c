#include "delivery/tls_report.h"
#include "newsletter/base/address.h"
#include "newsletter/base/clock.h"
#include "newsletter/base/log.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"
#include "newsletter/delivery/tls_reports.h"
#include "newsletter/http/client.h"
#include "newsletter/resolve/resolver.h"
#include "newsletter/store/staff_mail.h"
#include "newsletter/store/tls_session.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    DOMAINS = 200,                /* that one call looks at */
    LONGEST_MILLISECONDS = 20000, /* and no longer than that */
    PLACES = 4,                   /* that one domain has its reports sent to */
    PLACE_LEN = 500,
    GIVE_UP_SECONDS = 2 * 86400, /* after the day's end */
    WAIT_SECONDS = 3600,         /* until a report is tried again that was not taken everywhere */
};
static const struct nl_http_patience patience = {.connect = 5, .total = 15};

/* ---- who asks: "v=TLSRPTv1; rua=mailto:...,https://..." (section 3) ---- */

struct asked {
    char places[PLACES][PLACE_LEN];
    size_t count;
};

static void read_places(const char *list, size_t len, struct asked *out) {
    for (size_t at = 0; at < len && out->count < PLACES;) {
        at += strspn(list + at, ", \t");
        size_t end = at + strcspn(list + at, ",;");
        if (end > len)
            end = len;
        size_t one = end - at;
        while (one > 0 && (list[at + one - 1] == ' ' || list[at + one - 1] == '\t'))
            one--;
        if (one > 0 && one < PLACE_LEN) {
            memcpy(out->places[out->count], list + at, one);
            out->places[out->count++][one] = '\0';
        }
        at = end < len ? end + 1 : len;
    }
}

static void read_record(const char *text, struct asked *out) {
    for (const char *at = strchr(text, ';'); at != NULL && *at == ';';) {
        at += 1 + strspn(at + 1, " \t");
        size_t len = strcspn(at, ";");
        if (strncmp(at, "rua=", 4) == 0)
            read_places(at + 4, len - 4, out);
        at += len;
    }
}

/* More than one record counts as none (section 3). */
static enum nl_status find_asked(const struct nl_relay *relay, const char *domain,
                                 struct asked *out, struct nl_error *err) {
    struct nl_resolver *resolver = NULL;
    struct nl_buf name = {0};
    struct nl_buf texts = {0};
    size_t records = 0;
    out->count = 0;
    nl_buf_addf(&name, "_smtp._tls.%s", domain);
    enum nl_status status = nl_relay_resolver(relay, &resolver, err);
    if (status == NL_OK)
        status = nl_resolver_texts(resolver, nl_buf_text(&name), &texts, err);
    for (const char *line = nl_buf_text(&texts); status == NL_OK && *line != '\0';) {
        size_t len = strcspn(line, "\n");
        char *one = nl_strndup(line, len);
        if (nl_text_is_record(one, "v=TLSRPTv1") && ++records == 1)
            read_record(one, out);
        free(one);
        line += len + (line[len] == '\n');
    }
    if (records != 1)
        out->count = 0;
    nl_buf_free(&name);
    nl_buf_free(&texts);
    return status;
}

/* ---- sending ---- */

static enum nl_status mail_to(const struct nl_service *service, const struct nl_tls_report *report,
                              const char *place, struct nl_error *err) {
    struct nl_buf about = {0};
    struct nl_buf message = {0};
    struct nl_address to = {0};
    struct nl_error unread = {0};
    char *address = nl_strndup(place, strcspn(place, "?!"));
    enum nl_status status = NL_OK;
    bool good = nl_address_parse(address, &to, &unread) == NL_OK;
    nl_error_free(&unread);
    if (good) {
        nl_buf_addf(&about, "tls report %s %s %s", report->day, report->domain, to.envelope);
        nl_tls_report_mail(report, to.envelope, nl_store_now(service->store), &message);
        const struct nl_staff_mail mail = {.about = nl_buf_text(&about),
                                           .sender = report->contact,
                                           .address = to.envelope,
                                           .message = message.data,
                                           .len = message.len};
        status = nl_staff_mail_add(service->store, &mail, err);
    }
    nl_address_free(&to);
    nl_buf_free(&about);
    nl_buf_free(&message);
    free(address);
    return status;
}

static size_t ignore(const char *data, size_t size, size_t count, void *ctx) {
    (void)data;
    (void)ctx;
    return size * count;
}

/* "HOST:PORT:ADDRESS,ADDRESS" of a URL, by our own resolver; NULL for none. */
static struct curl_slist *find_host(const struct nl_relay *relay, const char *place) {
    struct nl_resolver *resolver = NULL;
    struct nl_error ignored = {0};
    struct nl_buf addresses = {0};
    struct nl_buf entry = {0};
    struct curl_slist *found = NULL;
    char *host = NULL;
    char *port = NULL;
    CURLU *parts = curl_url();
    bool known = parts != NULL && curl_url_set(parts, CURLUPART_URL, place, 0) == CURLUE_OK &&
                 curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                 curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                 nl_relay_resolver(relay, &resolver, &ignored) == NL_OK &&
                 nl_resolver_addresses(resolver, host, &addresses, &ignored) == NL_OK;
    if (known && addresses.len > 0) {
        nl_buf_addf(&entry, "%s:%s:%s", host, port, addresses.data);
        found = curl_slist_append(NULL, entry.data);
    }
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parts);
    nl_buf_free(&addresses);
    nl_buf_free(&entry);
    nl_error_free(&ignored);
    return found;
}

/* Section 5.4. The place is somebody else's word, so no private network is reached. */
static bool post_to(const struct nl_service *service, const struct nl_tls_report *report,
                    const char *place) {
    struct nl_reach reach = {0};
    struct nl_error ignored = {0};
    CURL *curl = curl_easy_init();
    long code = 0;
    struct curl_slist *heads = curl_slist_append(NULL, "Content-Type: application/tlsrpt+gzip");
    struct curl_slist *host = find_host(service->relay, place);
    bool ready = host != NULL &&
                 nl_reach_open(service->config->direct.allow_networks, &reach, &ignored) == NL_OK;
    if (ready && curl != NULL && heads != NULL) {
        nl_http_prepare(curl, &patience);
        nl_http_confine(curl, &reach);
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
        curl_easy_setopt(curl, CURLOPT_URL, place);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, heads);
        curl_easy_setopt(curl, CURLOPT_RESOLVE, host);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, report->json.data);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)report->json.len);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
        /* Authorities are those of MTA-STS. */
        if (service->config->direct.ca_file != NULL)
            curl_easy_setopt(curl, CURLOPT_CAINFO, service->config->direct.ca_file);
        if (curl_easy_perform(curl) == CURLE_OK)
            curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    }
    curl_slist_free_all(heads);
    curl_slist_free_all(host);
    curl_easy_cleanup(curl);
    nl_reach_close(&reach);
    nl_error_free(&ignored);
    return code / 100 == 2;
}

static bool has_line(const char *lines, const char *wanted) {
    size_t wanted_len = strlen(wanted);
    for (const char *line = lines; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        if (len == wanted_len && strncmp(line, wanted, len) == 0)
            return true;
        line += len + (line[len] == '\n');
    }
    return false;
}

/* Once each: `has_it` has a line for each place that has the report. */
static bool post_once(const struct nl_service *service, const struct nl_tls_report *report,
                      const char *place, struct nl_buf *has_it) {
    bool reached = has_line(nl_buf_text(has_it), place);
    if (!reached && post_to(service, report, place)) {
        nl_buf_addf(has_it, "%s\n", place);
        reached = true;
    }
    return reached;
}

/* *done says that nothing is left to do for it. After `end`, no web server is asked any more. */
static enum nl_status send_to_all(const struct nl_service *service,
                                  const struct nl_tls_report *report, const struct asked *asked,
                                  int64_t end, struct nl_buf *has_it, bool *done,
                                  struct nl_error *err) {
    enum nl_status status =
        nl_tls_report_reached(service->store, report->day, report->domain, has_it, err);
    bool reached = true;
    for (size_t i = 0; status == NL_OK && i < asked->count; i++) {
        const char *place = asked->places[i];
        if (strncasecmp(place, "mailto:", strlen("mailto:")) == 0)
            status = mail_to(service, report, place + strlen("mailto:"), err);
        else if (strncasecmp(place, "https:", strlen("https:")) == 0)
            reached = nl_clock_milliseconds() < end && post_once(service, report, place, has_it) &&
                      reached;
    }
    *done = reached;
    return status;
}

static bool is_too_old(const struct nl_store *store, const char *day) {
    struct tm parts = {0};
    strptime(day, "%Y-%m-%d", &parts);
    return nl_store_now(store) > timegm(&parts) + 86400 + GIVE_UP_SECONDS;
}

static enum nl_status report_one(const struct nl_service *service, const char *day,
                                 const char *domain, int64_t end, struct nl_error *err) {
    struct nl_tls_report report = {
        .day = day, .domain = domain, .contact = service->config->bounce_address};
    struct asked asked;
    struct nl_buf has_it = {0};
    bool done = true;
    enum nl_status status = find_asked(service->relay, domain, &asked, err);
    bool unknown = status == NL_TEMPFAIL || status == NL_UNAVAILABLE;
    if (unknown) {
        nl_error_free(err);
        done = false;
        status = NL_OK;
    } else if (status == NL_OK && asked.count > 0) {
        status = nl_tls_report_make(service->store, &report, err);
        if (status == NL_OK)
            status = send_to_all(service, &report, &asked, end, &has_it, &done, err);
    }
    if (status == NL_OK && (done || is_too_old(service->store, day)))
        status = nl_tls_sessions_drop(service->store, day, domain, err);
    else if (status == NL_OK)
        status = nl_tls_report_wait(service->store, day, domain, WAIT_SECONDS, nl_buf_text(&has_it),
                                    err);
    nl_buf_free(&has_it);
    nl_tls_report_free(&report);
    return status;
}

struct due {
    struct {
        char day[12];
        char domain[NL_MAIL_NAME];
    } items[DOMAINS];
    size_t count;
};

static enum nl_status keep(const char *day, const char *domain, void *ctx, struct nl_error *err) {
    struct due *due = ctx;
    (void)err;
    if (due->count == DOMAINS || strlen(day) >= sizeof due->items[0].day ||
        strlen(domain) >= sizeof due->items[0].domain)
        return NL_OK;
    memcpy(due->items[due->count].day, day, strlen(day) + 1);
    memcpy(due->items[due->count++].domain, domain, strlen(domain) + 1);
    return NL_OK;
}

/* One process at a time: what stays is tried again later, so that places which do not answer hold
 * up no other mail. */
enum nl_status nl_tls_reports_send(const struct nl_service *service, struct nl_error *err) {
    const struct nl_config *config = service->config;
    int64_t end = nl_clock_milliseconds() + LONGEST_MILLISECONDS;
    bool ours = false;
    if (!nl_config_is_direct(config) || !config->direct.tls_reports ||
        config->bounce_address == NULL)
        return NL_OK;
    struct due *due = nl_calloc(1, sizeof *due);
    enum nl_status status = nl_tls_sessions_due(service->store, DOMAINS, keep, due, err);
    if (status == NL_OK && due->count > 0)
        status = nl_store_take_permit(service->store, "tls reports", 0, &ours, err);
    for (size_t i = 0; status == NL_OK && ours && i < due->count && *service->stop == 0 &&
                       nl_clock_milliseconds() < end;
         i++)
        status = report_one(service, due->items[i].day, due->items[i].domain, end, err);
    if (ours)
        nl_store_return_permit(service->store, "tls reports", 0);
    free(due);
    return status;
}
