#include "doctor/checks.h"
#include "newsletter/base/memory.h"
#include "newsletter/http/client.h"

#include <stdlib.h>
#include <string.h>

static const struct nl_http_patience patience = {.connect = 20, .total = 20};

struct taking {
    struct nl_buf *out;
    size_t limit;
};

static size_t take(char *data, size_t size, size_t count, void *ctx) {
    const struct taking *taking = ctx;
    if (taking->out->len + size * count > taking->limit)
        return 0;
    nl_buf_add(taking->out, data, size * count);
    return size * count;
}

static CURLcode perform(CURL *handle, const struct nl_doctor *doctor, const char *url,
                        struct curl_slist *hosts, struct taking *taking, char *error) {
    nl_http_prepare(handle, &patience);
    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    curl_easy_setopt(handle, CURLOPT_RESOLVE, hosts);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, taking);
    if (doctor->examination->ca_file != NULL) {
        curl_easy_setopt(handle, CURLOPT_CAINFO, doctor->examination->ca_file);
        curl_easy_setopt(handle, CURLOPT_CAPATH, NULL); /* trust no other authority */
    }
    return curl_easy_perform(handle);
}

static bool fetch_from(const struct nl_doctor *doctor, const char *url, const char *host,
                       const char *address, struct taking *taking, struct nl_buf *problem) {
    struct nl_buf resolve = {0};
    char error[CURL_ERROR_SIZE] = "";
    long code = 0;
    bool six = strchr(address, ':') != NULL;
    nl_buf_addf(&resolve, "%s:443:%s%s%s", host, six ? "[" : "", address, six ? "]" : "");
    struct curl_slist *hosts = curl_slist_append(NULL, nl_buf_text(&resolve));
    CURL *handle = curl_easy_init();
    CURLcode result = CURLE_OUT_OF_MEMORY;
    if (handle != NULL && hosts != NULL) {
        result = perform(handle, doctor, url, hosts, taking, error);
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &code);
    }
    if (result == CURLE_WRITE_ERROR)
        nl_buf_addf(problem, "%s has more than %zu KiB", url, taking->limit >> 10);
    else if (result != CURLE_OK)
        nl_buf_addf(problem, "%s: %s", url, error[0] != '\0' ? error : curl_easy_strerror(result));
    else if (code != 200)
        nl_buf_addf(problem, "%s answers %ld", url, code);
    curl_easy_cleanup(handle);
    curl_slist_free_all(hosts);
    nl_buf_free(&resolve);
    return problem->len == 0;
}

enum nl_status nl_doctor_fetch(const struct nl_doctor *doctor, const char *url, size_t limit,
                               struct nl_buf *out, struct nl_buf *problem, struct nl_error *err) {
    struct nl_answers addresses = {0};
    struct taking taking = {out, limit};
    const char *at = strncmp(url, "https://", 8) == 0 ? url + 8 : "";
    char *host = nl_strndup(at, strcspn(at, "/?#"));
    enum nl_status status = NL_OK;
    if (host[0] == '\0' || strpbrk(host, ":@[]") != NULL)
        nl_buf_addf(problem, "'%.200s' is not an https URL of a host", url);
    else
        status = nl_dns_addresses(doctor->dns, host, &addresses, err);
    if (problem->len == 0 && (status == NL_TEMPFAIL || (status == NL_OK && addresses.count == 0))) {
        nl_buf_addf(problem, "%s has no address", host);
        nl_error_free(err);
        status = NL_OK;
    }
    if (status == NL_OK && addresses.count > 0)
        fetch_from(doctor, url, host, addresses.items[0], &taking, problem);
    nl_answers_free(&addresses);
    free(host);
    return status;
}
