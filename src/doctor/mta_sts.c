#include "doctor/checks.h"
#include "newsletter/base/buf.h"
#include "newsletter/smtp/sts.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <string.h>

enum { POLICY_LIMIT = 64 * 1024, SECONDS = 20 };

static size_t take_policy_part(char *data, size_t size, size_t count, void *ctx) {
    struct nl_buf *out = ctx;
    if (out->len + size * count > POLICY_LIMIT)
        return 0;
    nl_buf_add(out, data, size * count);
    return out->failed ? 0 : size * count;
}

/* Fetches the policy from one address of its host, by name and with its certificate checked (RFC
 * 8461 section 3.3); no redirects. */
static bool fetch(const struct nl_doctor *doctor, const char *host, const char *address,
                  struct nl_buf *out, struct nl_buf *problem) {
    struct nl_buf url = {0};
    struct nl_buf resolve = {0};
    char error[CURL_ERROR_SIZE] = "";
    long code = 0;
    bool six = strchr(address, ':') != NULL;
    nl_buf_addf(&url, "https://%s/.well-known/mta-sts.txt", host);
    nl_buf_addf(&resolve, "%s:443:%s%s%s", host, six ? "[" : "", address, six ? "]" : "");
    struct curl_slist *hosts = curl_slist_append(NULL, nl_buf_text(&resolve));
    CURL *handle = curl_easy_init();
    CURLcode result = CURLE_OUT_OF_MEMORY;
    if (handle != NULL && hosts != NULL) {
        curl_easy_setopt(handle, CURLOPT_URL, nl_buf_text(&url));
        curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "https");
        curl_easy_setopt(handle, CURLOPT_PROXY, "");
        curl_easy_setopt(handle, CURLOPT_RESOLVE, hosts);
        curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(handle, CURLOPT_TIMEOUT, (long)SECONDS);
        curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error);
        curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_policy_part);
        curl_easy_setopt(handle, CURLOPT_WRITEDATA, out);
        if (doctor->examination->ca_file != NULL) {
            curl_easy_setopt(handle, CURLOPT_CAINFO, doctor->examination->ca_file);
            curl_easy_setopt(handle, CURLOPT_CAPATH, NULL); /* trust no other authority */
        }
        result = curl_easy_perform(handle);
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &code);
    }
    if (result != CURLE_OK)
        nl_buf_addf(problem, "%s: %s", nl_buf_text(&url),
                    error[0] != '\0' ? error : curl_easy_strerror(result));
    else if (code != 200)
        nl_buf_addf(problem, "%s answers %ld", nl_buf_text(&url), code);
    curl_easy_cleanup(handle);
    curl_slist_free_all(hosts);
    nl_buf_free(&url);
    nl_buf_free(&resolve);
    return problem->len == 0;
}

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

static enum nl_status examine_policy(struct nl_doctor *doctor, const char *domain,
                                     const struct nl_answers *hosts, struct nl_error *err) {
    struct nl_buf host = {0};
    struct nl_buf policy = {0};
    struct nl_buf problem = {0};
    struct nl_answers addresses = {0};
    nl_buf_addf(&host, "mta-sts.%s", domain);
    enum nl_status status = host.failed ? nl_error_nomem(err)
                                        : nl_dns_addresses(doctor->dns, host.data, &addresses, err);
    if (status == NL_TEMPFAIL || (status == NL_OK && addresses.count == 0)) {
        nl_buf_addf(&problem, "%s has no address", nl_buf_text(&host));
        nl_error_free(err);
        status = NL_OK;
    }
    if (status == NL_OK && addresses.count > 0 &&
        fetch(doctor, host.data, addresses.items[0], &policy, &problem))
        judge(doctor, domain, hosts, nl_buf_text(&policy));
    else if (status == NL_OK)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "mta-sts", NULL,
                        "%s announces an MTA-STS policy that cannot be fetched (%s): serve it, or "
                        "remove the record at _mta-sts.%s",
                        domain, nl_buf_text(&problem), domain);
    nl_answers_free(&addresses);
    nl_buf_free(&host);
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
    enum nl_status status = name.failed
                                ? nl_error_nomem(err)
                                : nl_dns_ask(doctor->dns, NL_DNS_TXT, name.data, &answers, err);
    for (size_t i = 0; i < answers.count; i++)
        count += strncmp(answers.items[i], "v=STSv1", 7) == 0;
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
