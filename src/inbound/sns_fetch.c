#include "inbound/sns.h"

#include <curl/curl.h>
#include <string.h>

enum { CONNECT_SECONDS = 5, TOTAL_SECONDS = 10 };

struct answer {
    struct nl_buf *out;
    size_t limit;
};

static size_t collect(char *data, size_t size, size_t count, void *ctx) {
    struct answer *answer = ctx;
    size_t len = size * count;
    if (len > answer->limit)
        return 0;
    answer->limit -= len;
    nl_buf_add(answer->out, data, len);
    return len;
}

enum nl_status nl_sns_fetch(const char *ca_file, const char *url, size_t limit, struct nl_buf *out,
                            struct nl_error *err) {
    char detail[CURL_ERROR_SIZE] = "";
    long code = 0;
    struct answer answer = {out, limit};
    CURL *curl = curl_easy_init();
    if (curl == NULL)
        return nl_error_nomem(err);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, nl_sns_is_authority(url) ? "http" : "https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TOTAL_SECONDS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    if (ca_file != NULL) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL); /* trust no other authority */
    }
    CURLcode result = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    curl_easy_cleanup(curl);
    if (result != CURLE_OK)
        return nl_error_set(err, NL_TEMPFAIL, "cannot fetch %s: %s", url,
                            detail[0] != '\0' ? detail : curl_easy_strerror(result));
    return code == 200
               ? NL_OK
               : nl_error_set(err, NL_TEMPFAIL, "cannot fetch %s: the answer is %ld", url, code);
}
