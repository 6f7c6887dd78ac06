#include "newsletter/base/memory.h"
#include "newsletter/base/reach.h"
#include "newsletter/http/client.h"
#include "newsletter/smtp/sts.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
    POLICY_LIMIT = 64 * 1024, /* bytes */
    AT_ONCE = 100,
    CONNECT_SECONDS = 10,
    SECONDS = 20,
    EVENTS = 32,
};

/* One policy that is being fetched, or waits for its turn. */
struct fetch {
    struct nl_sts_fetcher *fetcher;
    struct fetch *next;
    CURL *handle;
    struct curl_slist *addresses;
    nl_sts_fetched *fetched;
    void *ctx;
    bool begun;
    struct nl_buf body;
    char error[CURL_ERROR_SIZE];
};

/* libcurl says which sockets it waits for, and until when: they are in one epoll set, which is
 * readable when libcurl has something to do. */
struct nl_sts_fetcher {
    CURLM *multi;
    int poll, timer;
    bool global;
    struct nl_reach reach;
    char *ca_file;
    struct fetch *first;
    size_t under_way;
};

static int watch_socket(CURL *handle, curl_socket_t socket, int what, void *ctx, void *known) {
    struct nl_sts_fetcher *fetcher = ctx;
    struct epoll_event event = {.data.fd = socket};
    (void)handle;
    (void)known;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(fetcher->poll, EPOLL_CTL_DEL, socket, NULL);
        return 0;
    }
    if ((what & CURL_POLL_IN) != 0)
        event.events |= EPOLLIN;
    if ((what & CURL_POLL_OUT) != 0)
        event.events |= EPOLLOUT;
    if (epoll_ctl(fetcher->poll, EPOLL_CTL_MOD, socket, &event) != 0 && errno == ENOENT)
        epoll_ctl(fetcher->poll, EPOLL_CTL_ADD, socket, &event);
    return 0;
}

static int set_timer(CURLM *multi, long milliseconds, void *ctx) {
    struct nl_sts_fetcher *fetcher = ctx;
    struct itimerspec when = {0};
    (void)multi;
    if (milliseconds >= 0) {
        when.it_value.tv_sec = milliseconds / 1000;
        /* Zero would stop it. */
        when.it_value.tv_nsec = milliseconds % 1000 * 1000000 + 1;
    }
    timerfd_settime(fetcher->timer, 0, &when, NULL);
    return 0;
}

static bool set_up(struct nl_sts_fetcher *fetcher) {
    struct epoll_event event = {.events = EPOLLIN};
    fetcher->global = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    fetcher->multi = fetcher->global ? curl_multi_init() : NULL;
    fetcher->poll = epoll_create1(EPOLL_CLOEXEC);
    fetcher->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    event.data.fd = fetcher->timer;
    if (fetcher->multi == NULL || fetcher->poll < 0 || fetcher->timer < 0 ||
        epoll_ctl(fetcher->poll, EPOLL_CTL_ADD, fetcher->timer, &event) != 0)
        return false;
    curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETDATA, fetcher);
    curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERDATA, fetcher);
    return true;
}

enum nl_status nl_sts_fetcher_new(const char *ca_file, const char *allow_networks,
                                  struct nl_sts_fetcher **out, struct nl_error *err) {
    struct nl_sts_fetcher *fetcher = nl_calloc(1, sizeof *fetcher);
    *out = NULL;
    fetcher->poll = fetcher->timer = -1;
    enum nl_status status = nl_reach_open(allow_networks, &fetcher->reach, err);
    if (status == NL_OK && ca_file != NULL)
        fetcher->ca_file = nl_strdup(ca_file);
    if (status == NL_OK && !set_up(fetcher))
        status = nl_error_nomem(err);
    if (status != NL_OK) {
        nl_sts_fetcher_free(fetcher);
        return status;
    }
    *out = fetcher;
    return NL_OK;
}

static void free_fetch(struct fetch *fetch) {
    if (fetch->begun)
        curl_multi_remove_handle(fetch->fetcher->multi, fetch->handle);
    curl_easy_cleanup(fetch->handle);
    curl_slist_free_all(fetch->addresses);
    nl_buf_free(&fetch->body);
    free(fetch);
}

void nl_sts_fetcher_free(struct nl_sts_fetcher *fetcher) {
    if (fetcher == NULL)
        return;
    while (fetcher->first != NULL) {
        struct fetch *fetch = fetcher->first;
        fetcher->first = fetch->next;
        free_fetch(fetch);
    }
    if (fetcher->multi != NULL)
        curl_multi_cleanup(fetcher->multi);
    if (fetcher->global)
        curl_global_cleanup();
    if (fetcher->poll >= 0)
        close(fetcher->poll);
    if (fetcher->timer >= 0)
        close(fetcher->timer);
    nl_reach_close(&fetcher->reach);
    free(fetcher->ca_file);
    free(fetcher);
}

static size_t take_part(char *data, size_t size, size_t count, void *ctx) {
    struct fetch *fetch = ctx;
    if (fetch->body.len + size * count > POLICY_LIMIT)
        return 0;
    nl_buf_add(&fetch->body, data, size * count);
    return size * count;
}

/* "mta-sts.example.org:443:ADDRESS,ADDRESS": no other resolver is asked. */
static struct curl_slist *addresses_of(const struct nl_mail_host *host) {
    struct nl_buf entry = {0};
    nl_buf_addf(&entry, "%s:443:", host->name);
    for (size_t i = 0; i < host->address_count; i++) {
        char text[NL_IP_TEXT];
        nl_ip_text(&host->addresses[i], text);
        bool six = strchr(text, ':') != NULL;
        nl_buf_addf(&entry, "%s%s%s%s", i > 0 ? "," : "", six ? "[" : "", text, six ? "]" : "");
    }
    struct curl_slist *list = curl_slist_append(NULL, nl_buf_text(&entry));
    nl_buf_free(&entry);
    return list;
}

/* RFC 8461 section 3.3: by HTTPS alone, with a certificate for the name, without redirects. */
static bool prepare(struct fetch *fetch, const struct nl_mail_host *host) {
    static const struct nl_http_patience patience = {CONNECT_SECONDS, SECONDS};
    struct nl_buf url = {0};
    nl_buf_addf(&url, "https://%s/.well-known/mta-sts.txt", host->name);
    fetch->handle = curl_easy_init();
    fetch->addresses = addresses_of(host);
    if (fetch->handle == NULL || fetch->addresses == NULL) {
        nl_buf_free(&url);
        return false;
    }
    nl_http_prepare(fetch->handle, &patience);
    nl_http_confine(fetch->handle, &fetch->fetcher->reach);
    curl_easy_setopt(fetch->handle, CURLOPT_URL, nl_buf_text(&url));
    curl_easy_setopt(fetch->handle, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(fetch->handle, CURLOPT_RESOLVE, fetch->addresses);
    curl_easy_setopt(fetch->handle, CURLOPT_ERRORBUFFER, fetch->error);
    curl_easy_setopt(fetch->handle, CURLOPT_WRITEFUNCTION, take_part);
    curl_easy_setopt(fetch->handle, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(fetch->handle, CURLOPT_PRIVATE, fetch);
    curl_easy_setopt(fetch->handle, CURLOPT_FORBID_REUSE, 1L);
    if (fetch->fetcher->ca_file != NULL)
        curl_easy_setopt(fetch->handle, CURLOPT_CAINFO, fetch->fetcher->ca_file);
    /* With a folder of authorities libcurl would read them for each fetch. */
    if (fetch->fetcher->ca_file != NULL || curl_version_info(CURLVERSION_NOW)->cainfo != NULL)
        curl_easy_setopt(fetch->handle, CURLOPT_CAPATH, NULL);
    nl_buf_free(&url);
    return true;
}

static void begin_more(struct nl_sts_fetcher *fetcher) {
    for (struct fetch *fetch = fetcher->first; fetch != NULL && fetcher->under_way < AT_ONCE;
         fetch = fetch->next) {
        if (fetch->begun || curl_multi_add_handle(fetcher->multi, fetch->handle) != CURLM_OK)
            continue;
        fetch->begun = true;
        fetcher->under_way++;
    }
}

enum nl_status nl_sts_fetch(struct nl_sts_fetcher *fetcher, const struct nl_mail_host *host,
                            nl_sts_fetched *fetched, void *ctx, struct nl_error *err) {
    struct fetch *fetch = nl_calloc(1, sizeof *fetch);
    fetch->fetcher = fetcher;
    fetch->fetched = fetched;
    fetch->ctx = ctx;
    if (!prepare(fetch, host)) {
        free_fetch(fetch);
        return nl_error_nomem(err);
    }
    struct fetch **last = &fetcher->first;
    while (*last != NULL)
        last = &(*last)->next;
    *last = fetch;
    begin_more(fetcher);
    return NL_OK;
}

int nl_sts_fetcher_fd(const struct nl_sts_fetcher *fetcher) {
    return fetcher->poll;
}

/* A server on which anybody may store files must not serve policies by them: so their type counts
 * (section 3.2). */
static bool is_plain_text(CURL *handle) {
    const char *type = NULL;
    curl_easy_getinfo(handle, CURLINFO_CONTENT_TYPE, &type);
    return type != NULL && strncasecmp(type, "text/plain", 10) == 0 &&
           strchr("; \t", type[10]) != NULL;
}

static void end(struct fetch *fetch, CURLcode result) {
    struct nl_sts_policy policy = {0};
    struct nl_error err = {0};
    long code = 0;
    enum nl_status status = NL_DATA;
    curl_easy_getinfo(fetch->handle, CURLINFO_RESPONSE_CODE, &code);
    if (result != CURLE_OK)
        nl_error_ignore(
            nl_error_set(&err, NL_DATA, "%s",
                         fetch->error[0] != '\0' ? fetch->error : curl_easy_strerror(result)));
    else if (code != 200 || !is_plain_text(fetch->handle))
        nl_error_ignore(nl_error_set(&err, NL_DATA, "it answers %ld%s", code,
                                     code == 200 ? ", which is not plain text" : ""));
    else
        status = nl_sts_policy_read(nl_buf_text(&fetch->body), &policy, &err);
    fetch->fetched(status == NL_OK ? &policy : NULL, nl_error_text(&err), fetch->ctx);
    nl_sts_policy_free(&policy);
    nl_error_free(&err);
}

static void take_ended(struct nl_sts_fetcher *fetcher) {
    CURLMsg *message = NULL;
    int left = 0;
    while ((message = curl_multi_info_read(fetcher->multi, &left)) != NULL) {
        char *private = NULL;
        CURLcode result = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        struct fetch *fetch = (struct fetch *)(void *)private;
        struct fetch **at = &fetcher->first;
        while (*at != fetch)
            at = &(*at)->next;
        *at = fetch->next;
        fetcher->under_way--;
        end(fetch, result);
        free_fetch(fetch);
    }
}

void nl_sts_fetcher_step(struct nl_sts_fetcher *fetcher) {
    struct epoll_event events[EVENTS];
    int running = 0;
    int count = epoll_wait(fetcher->poll, events, EVENTS, 0);
    for (int i = 0; i < count; i++) {
        uint64_t expired = 0;
        if (events[i].data.fd == fetcher->timer) {
            if (read(fetcher->timer, &expired, sizeof expired) > 0)
                curl_multi_socket_action(fetcher->multi, CURL_SOCKET_TIMEOUT, 0, &running);
            continue;
        }
        int what = ((events[i].events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                   ((events[i].events & ~(uint32_t)EPOLLOUT) != 0 ? CURL_CSELECT_IN : 0);
        curl_multi_socket_action(fetcher->multi, events[i].data.fd, what, &running);
    }
    take_ended(fetcher);
    begin_more(fetcher);
}
