#include "newsletter/web/site.h"

#include "newsletter/base/language.h"
#include "newsletter/report/metrics.h"
#include "newsletter/template/data.h"

#include <stdlib.h>
#include <string.h>

/* What a network may do at once: ten, or what is its due in ten minutes. */
enum { LEAST_BURST = 10, LANGUAGES_LIMIT = 20, METRICS_SECONDS = 30 };

typedef enum nl_status (*page)(struct nl_site *site, const struct nl_request *request,
                               struct nl_response *response, struct nl_error *err);

/* ---- small pages ---- */

enum nl_status nl_site_style(struct nl_site *site, const struct nl_request *request,
                             struct nl_response *response, struct nl_error *err) {
    const struct nl_theme *theme = NULL;
    enum nl_status status = nl_site_theme(site, request, NULL, &theme, err);
    json_t *data = json_object();
    if (status == NL_OK)
        status = nl_theme_render(theme, "page.css", data, &response->body, err);
    json_decref(data);
    response->type = "text/css; charset=utf-8";
    response->cacheable = true;
    return status;
}

/* Links with tokens are nobody's to find. */
static enum nl_status robots(struct nl_site *site, const struct nl_request *request,
                             struct nl_response *response, struct nl_error *err) {
    static const char *const private[] = {"/confirm", "/unsubscribe", "/preferences", "/page",
                                          "/address"};
    (void)request;
    (void)err;
    nl_buf_adds(&response->body, "User-agent: *\n");
    for (size_t i = 0; i < sizeof private / sizeof private[0]; i++)
        nl_buf_addf(&response->body, "Disallow: %s%s\n", site->prefix, private[i]);
    response->cacheable = true;
    return NL_OK;
}

/* For whoever watches over the service: the database answers. */
static enum nl_status health(struct nl_site *site, const struct nl_request *request,
                             struct nl_response *response, struct nl_error *err) {
    struct nl_list list = {0};
    bool found = false;
    enum nl_status status = nl_site_list(site, request, &found, &list, err);
    if (status == NL_OK)
        nl_buf_adds(&response->body, "ok\n");
    nl_list_free(&list);
    return status;
}

/* Figures about the whole installation are for those whom serve.metrics names, and only where no
 * proxy stands between: it might ask for anybody. */
static enum nl_status metrics(struct nl_site *site, const struct nl_request *request,
                              struct nl_response *response, struct nl_error *err) {
    struct nl_networks allowed = {0};
    bool forwarded = nl_request_header(request, "X-Forwarded-For") != NULL ||
                     nl_request_header(request, "Forwarded") != NULL ||
                     nl_request_header(request, "Via") != NULL;
    enum nl_status status = nl_networks_parse(site->config->serve.metrics, &allowed, err);
    if (status != NL_OK)
        return status;
    bool may = !forwarded && nl_networks_contain(&allowed, nl_request_client(request));
    nl_networks_free(&allowed);
    if (!may)
        return nl_site_say(site, request, 404, NL_TEXT("There is no such page."), response, err);
    int64_t now = nl_env_now(nl_store_env(site->store));
    if (now - site->metrics_at >= METRICS_SECONDS) {
        nl_buf_clear(&site->metrics);
        status = nl_metrics_write(site->store, &site->metrics, err);
        site->metrics_at = now;
    }
    response->type = "text/plain; version=0.0.4; charset=utf-8";
    nl_buf_adds(&response->body, nl_buf_text(&site->metrics));
    return status;
}

static const struct route {
    const char *path;
    page get, post;
} routes[] = {
    {"/", nl_join_form, NULL},
    {"/join", nl_join_form, nl_join},
    {"/confirm", nl_ask_confirm, nl_do_confirm},
    {"/unsubscribe", nl_ask_leave, nl_do_leave},
    {"/preferences", nl_preferences_ask_page, nl_preferences_ask},
    {"/page", nl_preferences_page, nl_preferences_act},
    {"/address", nl_ask_address, nl_do_address},
    {"/style.css", nl_site_style, NULL},
    {"/robots.txt", robots, NULL},
    {"/healthz", health, NULL},
    {"/metrics", metrics, NULL},
};

enum { ROUTES = sizeof routes / sizeof routes[0] };

static enum nl_status dispatch(struct nl_site *site, const struct nl_request *request,
                               const char *path, struct nl_response *response,
                               struct nl_error *err) {
    static const char archive[] = "/archive/";
    size_t at = 0;
    if (strncmp(path, archive, sizeof archive - 1) == 0 &&
        strcmp(nl_request_method(request), "POST") != 0)
        return nl_site_archive(site, request, path + sizeof archive - 1, response, err);
    while (at < ROUTES && strcmp(routes[at].path, path) != 0)
        at++;
    if (at == ROUTES)
        return nl_site_say(site, request, 404, NL_TEXT("There is no such page."), response, err);
    bool post = strcmp(nl_request_method(request), "POST") == 0;
    page handler = post ? routes[at].post : routes[at].get;
    if (handler != NULL)
        return handler(site, request, response, err);
    response->allow = "GET, HEAD";
    return nl_site_say(site, request, 405, NL_TEXT("There is no such page."), response, err);
}

enum nl_status nl_site_handle(void *ctx, const struct nl_request *request,
                              struct nl_response *response, struct nl_error *err) {
    struct nl_site *site = ctx;
    return dispatch(site, request, nl_site_path(site, request), response, err);
}

/* A proxy may pass on the path of the site's URL or take it off. */
const char *nl_site_path(const struct nl_site *site, const struct nl_request *request) {
    const char *path = nl_request_path(request);
    size_t prefix = strlen(site->prefix);
    if (prefix > 0 && strncmp(path, site->prefix, prefix) == 0 &&
        (path[prefix] == '/' || path[prefix] == '\0'))
        path += prefix;
    return path[0] != '\0' ? path : "/";
}

/* ---- what handlers share ---- */

const char *nl_site_field(const struct nl_request *request, const char *name) {
    const char *value = nl_request_form(request, name);
    return value != NULL ? value : "";
}

void nl_site_wake(const struct nl_site *site, int64_t notice) {
    if (notice != 0 && site->mailer != NULL)
        nl_mailer_wake(site->mailer);
}

/* ---- limits ---- */

const char nl_too_many[] = NL_TEXT("Too many requests just now. Please try again later.");

bool nl_site_may(struct nl_site *site, struct nl_limit *limit, const void *key, size_t len,
                 struct nl_response *response) {
    return nl_limit_take(limit, key, len, nl_env_now(nl_store_env(site->store)),
                         &response->retry_after);
}

bool nl_site_may_join(struct nl_site *site, const struct nl_request *request,
                      struct nl_response *response) {
    const struct nl_ip network = nl_ip_network(nl_request_client(request));
    return nl_site_may(site, site->joins, network.bytes, sizeof network.bytes, response);
}

/* ---- languages ---- */

/* Each theme is opened once, also for those who ask for languages that there are not. */
static enum nl_status theme_of(struct nl_site *site, const char *language,
                               const struct nl_theme **out, struct nl_error *err) {
    struct nl_catalog *catalog = NULL;
    enum nl_status status = nl_catalog_open(site->config->templates, language, &catalog, err);
    if (status != NL_OK)
        return status;
    const char *tag = nl_catalog_language(catalog);
    size_t at = 0;
    while (at < site->theme_count &&
           strcmp(nl_catalog_language(site->themes[at].catalog), tag) != 0)
        at++;
    if (at == LANGUAGES_LIMIT)
        status = nl_error_set(err, NL_CONFIG, "more than %d languages", LANGUAGES_LIMIT);
    else if (at == site->theme_count)
        status = nl_theme_open(site->config->templates, tag, &site->themes[at], err);
    if (status == NL_OK && at == site->theme_count)
        site->theme_count++;
    else if (status != NL_OK && at == site->theme_count)
        nl_theme_free(&site->themes[at]);
    *out = &site->themes[at];
    nl_catalog_free(catalog);
    return status;
}

enum nl_status nl_site_theme(struct nl_site *site, const struct nl_request *request,
                             const char *fallback, const struct nl_theme **out,
                             struct nl_error *err) {
    char browser[NL_LANGUAGE_TAG];
    const char *language = nl_request_query(request, "language");
    if (language == NULL)
        language = nl_request_form(request, "language");
    if (language == NULL || language[0] == '\0') {
        nl_language_preferred(nl_request_header(request, "Accept-Language"), browser);
        language = browser[0] != '\0' ? browser : fallback;
    }
    return theme_of(site, language, out, err);
}

/* ---- lists and pages ---- */

struct choice {
    const char *name; /* NULL for any */
    size_t count;
    int64_t id;
};

static enum nl_status consider(const struct nl_list *list, void *ctx, struct nl_error *err) {
    struct choice *choice = ctx;
    (void)err;
    if (list->is_private || (choice->name != NULL && strcmp(choice->name, list->name) != 0))
        return NL_OK;
    choice->count++;
    choice->id = list->id;
    return NL_OK;
}

enum nl_status nl_site_list(struct nl_site *site, const struct nl_request *request, bool *found,
                            struct nl_list *list, struct nl_error *err) {
    struct choice choice = {.name = nl_request_query(request, "list")};
    if (choice.name == NULL)
        choice.name = nl_request_form(request, "list");
    enum nl_status status = nl_list_each(site->store, consider, &choice, err);
    *found = status == NL_OK && choice.count == 1;
    return *found ? nl_list_get(site->store, choice.id, list, err) : status;
}

json_t *nl_site_data(const struct nl_site *site, const struct nl_theme *theme,
                     const struct nl_list *list) {
    static const struct nl_list none = {0};
    json_t *data = nl_data_new(list != NULL ? list : &none, nl_catalog_language(theme->catalog));
    struct nl_buf stylesheet = {0};
    nl_buf_addf(&stylesheet, "%s/style.css", site->prefix);
    nl_data_set(data, "base", site->prefix);
    nl_data_set(data, "stylesheet", nl_buf_text(&stylesheet));
    nl_data_set(data, "heading", "");
    json_object_set_new(data, "feed", json_false());
    nl_buf_free(&stylesheet);
    return data;
}

enum nl_status nl_site_page(const struct nl_theme *theme, const char *file, json_t *data,
                            struct nl_response *response, struct nl_error *err) {
    enum nl_status status = nl_theme_render(theme, file, data, &response->body, err);
    response->type = "text/html; charset=utf-8";
    json_decref(data);
    return status;
}

enum nl_status nl_site_say(struct nl_site *site, const struct nl_request *request, int status,
                           const char *text, struct nl_response *response, struct nl_error *err) {
    const struct nl_theme *theme = NULL;
    response->status = status;
    enum nl_status result = nl_site_theme(site, request, NULL, &theme, err);
    if (result != NL_OK)
        return result;
    json_t *data = nl_site_data(site, theme, NULL);
    nl_data_set(data, "answer", nl_catalog_text(theme->catalog, NULL, text));
    return nl_site_page(theme, "page.html", data, response, err);
}

/* ---- the life of a site ---- */

/* "/news" of "https://www.example.org/news/". */
static char *path_of(const char *url) {
    const char *host = url != NULL ? strstr(url, "://") : NULL;
    const char *slash = host != NULL ? strchr(host + 3, '/') : NULL;
    size_t len = slash != NULL ? strlen(slash) : 0;
    while (len > 0 && slash[len - 1] == '/')
        len--;
    return strndup(slash != NULL ? slash : "", len);
}

enum nl_status nl_site_new(struct nl_store *store, const struct nl_config *config, const char *url,
                           struct nl_site **out, struct nl_error *err) {
    struct nl_site *site = calloc(1, sizeof *site);
    int64_t per_hour = config->serve.joins_per_hour;
    *out = NULL;
    if (site == NULL)
        return nl_error_nomem(err);
    *site = (struct nl_site){
        .store = store,
        .config = config,
        .joins = nl_limit_new(per_hour / 6 > LEAST_BURST ? per_hour / 6 : LEAST_BURST, per_hour),
        .addresses = nl_limit_new(LEAST_BURST, config->serve.joins_per_address),
        .prefix = path_of(url),
        .themes = calloc(LANGUAGES_LIMIT, sizeof *site->themes)};
    if (site->joins == NULL || site->addresses == NULL || site->prefix == NULL ||
        site->themes == NULL) {
        nl_site_free(site);
        return nl_error_nomem(err);
    }
    *out = site;
    return NL_OK;
}

void nl_site_free(struct nl_site *site) {
    if (site == NULL)
        return;
    for (size_t i = 0; i < site->theme_count; i++)
        nl_theme_free(&site->themes[i]);
    free(site->themes);
    free(site->prefix);
    nl_buf_free(&site->metrics);
    nl_limit_free(site->joins);
    nl_limit_free(site->addresses);
    free(site);
}
