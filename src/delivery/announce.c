#include "delivery/announce.h"

#include "newsletter/base/log.h"
#include "newsletter/store/archived_issue.h"
#include "newsletter/store/issue.h"

#include <curl/curl.h>

enum { CONNECT_SECONDS = 2, TOTAL_SECONDS = 5 };

struct announcement {
    CURL *curl;
    const struct nl_config *config;
    const struct nl_list *list;
    struct nl_buf form;
};

static void add_topic(struct announcement *announcement, const char *file) {
    struct nl_buf url = {0};
    nl_buf_addf(&url, "%s/archive/%s/%s", announcement->config->serve.url, announcement->list->name,
                file);
    char *escaped = curl_easy_escape(announcement->curl, nl_buf_text(&url), (int)url.len);
    nl_buf_addf(&announcement->form, "&hub.url=%s", escaped != NULL ? escaped : "");
    curl_free(escaped);
    nl_buf_free(&url);
}

static enum nl_status add_language(const char *language, void *ctx, struct nl_error *err) {
    static const char *const endings[] = {"atom", "json"};
    (void)err;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        struct nl_buf file = {0};
        nl_buf_addf(&file, "feed.%s.%s", language, endings[i]);
        add_topic(ctx, nl_buf_text(&file));
        nl_buf_free(&file);
    }
    return NL_OK;
}

/* The answer is of no interest beyond its status. */
static size_t ignore(void *data, size_t size, size_t count, void *ctx) {
    (void)data;
    (void)ctx;
    return size * count;
}

static void post(struct announcement *announcement) {
    CURL *curl = announcement->curl;
    char detail[CURL_ERROR_SIZE] = "";
    long code = 0;
    curl_easy_setopt(curl, CURLOPT_URL, announcement->config->serve.websub);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TOTAL_SECONDS);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)announcement->form.len);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, nl_buf_text(&announcement->form));
    CURLcode result = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    if (result != CURLE_OK)
        nl_log(NL_LOG_NOTICE, NULL, "serve.websub: the hub was not told of the new issue: %s",
               detail[0] != '\0' ? detail : curl_easy_strerror(result));
    else if (code / 100 != 2)
        nl_log(NL_LOG_NOTICE, NULL, "serve.websub: the hub answers %ld", code);
}

/* A retry brings nothing new to the feeds. */
static enum nl_status is_new(struct nl_store *store, int64_t issue, bool *out,
                             struct nl_error *err) {
    struct nl_counts counts = {0};
    enum nl_status status = nl_issue_count(store, issue, &counts, err);
    *out = counts.sent + counts.deferred + counts.bounced + counts.failed + counts.unknown == 0;
    return status;
}

enum nl_status nl_announce(struct nl_store *store, const struct nl_config *config,
                           const struct nl_list *list, int64_t issue, struct nl_error *err) {
    struct announcement announcement = {.config = config, .list = list};
    bool wanted = config->serve.websub != NULL && config->serve.url != NULL && !list->is_private;
    enum nl_status status = wanted ? is_new(store, issue, &wanted, err) : NL_OK;
    if (status != NL_OK || !wanted)
        return status;
    announcement.curl = curl_easy_init();
    if (announcement.curl == NULL)
        return nl_error_nomem(err);
    nl_buf_adds(&announcement.form, "hub.mode=publish");
    add_topic(&announcement, "feed.atom");
    add_topic(&announcement, "feed.json");
    add_topic(&announcement, "podcast.xml");
    status = nl_archive_all_languages(store, list->id, add_language, &announcement, err);
    if (status == NL_OK)
        post(&announcement);
    curl_easy_cleanup(announcement.curl);
    nl_buf_free(&announcement.form);
    return status;
}
