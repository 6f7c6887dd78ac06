#include "newsletter/web/site.h"
#include "newsletter/base/memory.h"

#include "newsletter/archive/archive.h"
#include "newsletter/report/metrics.h"
#include "newsletter/service/lists.h"
#include "newsletter/template/language_menu.h"
#include "web/compress.h"
#include "web/gate.h"
#include "web/handlers.h"
#include "web/stamp.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A network may do ten things at once, or as many as it may do in ten minutes. */
enum {
    LEAST_BURST = 10,
    OWN_CHANGES = 30,   /* of a subscriber on the own page, at once and in an hour */
    COSTLY_BURST = 120, /* searches and changes of a network, at once */
    COSTLY_PER_HOUR = 1200,
    METRICS_SECONDS = 30,
    CACHE_BYTES = 32 << 20,
};

/* ---- small pages ---- */

/* Search engines shall not list links with tokens. */
static enum nl_status robots(struct nl_site *site, const struct nl_request *request,
                             struct nl_response *response, struct nl_error *err) {
    static const char *const private[] = {"/confirm", "/unsubscribe", "/preferences", "/page",
                                          "/address", "/hooks",       "/resubscribe", "/receipt"};
    (void)request;
    (void)err;
    nl_buf_adds(&response->body, "User-agent: *\n");
    for (size_t i = 0; i < sizeof private / sizeof private[0]; i++)
        nl_buf_addf(&response->body, "Disallow: %s%s\n", site->prefix, private[i]);
    nl_buf_adds(&response->body, "Disallow: /*" NL_LANGUAGE_ARGUMENT "=\n");
    response->cacheable = true;
    return NL_OK;
}

/* For monitoring: the database answers. */
static enum nl_status health(struct nl_site *site, const struct nl_request *request,
                             struct nl_response *response, struct nl_error *err) {
    struct nl_public_lists lists = {0};
    const struct nl_office office = nl_site_office(site);
    (void)request;
    enum nl_status status = nl_office_public_lists(&office, NULL, 0, &lists, err);
    if (status == NL_OK)
        nl_buf_adds(&response->body, "ok\n");
    nl_public_lists_free(&lists);
    return status;
}

/* Only the networks in serve.metrics may see figures about the whole installation, and only without
 * a proxy between: a proxy might ask on anybody's behalf. */
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
        return nl_site_not_found(site, request, response, err);
    int64_t now = nl_site_now(site);
    if (now - site->metrics_at >= METRICS_SECONDS) {
        nl_buf_clear(&site->metrics);
        status = nl_metrics_write(site->store, &site->metrics, err);
        site->metrics_at = now;
    }
    response->type = "text/plain; version=0.0.4; charset=utf-8";
    nl_buf_adds(&response->body, nl_buf_text(&site->metrics));
    return status;
}

struct route {
    const char *path;
    nl_page_handler *get, *post;
    bool link; /* mails lead here: the token in the URL says all that is needed */
};

static const struct route receipt_route = {"/receipt", nl_receipt_page, NULL, true};

static const struct route routes[] = {
    {"/", nl_front_page, NULL, false},
    {"/accessibility", nl_statement_page, NULL, false},
    {"/accessibility/", nl_statement_page, NULL, false},
    {"/join", nl_join_form, nl_join, false},
    {"/subscription/form", nl_join_form, nl_join, false}, /* of forms that were made for others: */
    {"/subscribe/post", nl_join_form, nl_join, false},    /* web/moved_form.c */
    {"/lists/", nl_join_form, nl_join, false},
    {"/lists/index.php", nl_join_form, nl_join, false},
    {"/confirm", nl_confirm_ask, nl_confirm_act, true},
    {"/unsubscribe", nl_unsubscribe_ask, nl_unsubscribe_act, true},
    {"/preferences", nl_preferences_ask_page, nl_preferences_ask, true},
    {"/page", nl_preferences_page, nl_preferences_act, true},
    {"/receipt", nl_receipt_page, NULL, true},
    {"/address", nl_address_ask, nl_address_act, true},
    {"/resubscribe", nl_unsubscribe_ask, nl_unsubscribe_undo_act, true},
    {"/style.css", nl_site_style, NULL, false},
    {"/logo.png", nl_site_logo, NULL, false},
    {"/logo.jpg", nl_site_logo, NULL, false},
    {"/logo.gif", nl_site_logo, NULL, false},
    {"/logo-dark.png", nl_site_logo, NULL, false},
    {"/logo-dark.jpg", nl_site_logo, NULL, false},
    {"/logo-dark.gif", nl_site_logo, NULL, false},
    {"/challenge.js", nl_gate_script, NULL, false},
    {"/" NL_KEYS_PATH, nl_site_keys, NULL, false},
    {"/genuine", nl_genuine_page, nl_genuine_page, false},
    {"/" NL_CHECKPOINT_PATH, nl_site_checkpoint, NULL, false},
    {"/robots.txt", robots, NULL, false},
    {"/healthz", health, NULL, false},
    {"/metrics", metrics, NULL, false},
};

enum { ROUTES = sizeof routes / sizeof routes[0] };

/* Mail programs change links: capitals, a slash at the end or two at the start, an encoded question
 * mark. */
static bool leads_to(const struct route *route, const char *path) {
    size_t len = strlen(route->path);
    const char *link = path + (path[0] == '/' ? strspn(path, "/") - 1 : 0);
    return strcmp(route->path, path) == 0 ||
           (route->link && strncasecmp(route->path, link, len) == 0 &&
            !isalnum((unsigned char)link[len]));
}

static enum nl_status dispatch(struct nl_site *site, const struct nl_request *request,
                               const char *path, struct nl_response *response,
                               struct nl_error *err) {
    static const char archive[] = "/archive/";
    static const char media[] = "/media/";
    static const char hooks[] = NL_HOOKS_PATH;
    bool post = nl_request_is_post(request);
    size_t at = 0;
    if (strncmp(path, archive, sizeof archive - 1) == 0 && !post)
        return nl_site_archive(site, request, path + sizeof archive - 1, response, err);
    if (strncmp(path, media, sizeof media - 1) == 0 && !post)
        return nl_site_media(site, request, response, err);
    if (strncmp(path, hooks, sizeof hooks - 1) == 0)
        return nl_hook_page(site, request, path + sizeof hooks - 1, response, err);
    while (at < ROUTES && !leads_to(&routes[at], path))
        at++;
    if (at == ROUTES)
        return nl_site_not_found(site, request, response, err);
    if (!routes[at].link && nl_site_refuses_body(request, response))
        return NL_OK;
    nl_page_handler *handler = post ? routes[at].post : routes[at].get;
    if (handler != NULL)
        return handler(site, request, response, err);
    nl_response_allow(response, "GET, HEAD");
    return nl_site_say(site, request, 405, NL_TEXT("This page does not exist."), response, err);
}

/* The visitor's languages decide about a page, and nothing else of a request. */
static enum nl_status find_kept(struct nl_site *site, const struct nl_request *request,
                                const char *path, struct nl_buf *key, struct nl_response *response,
                                bool *found, struct nl_error *err) {
    char language[NL_LANGUAGE_TAG];
    enum nl_status status = nl_page_state_follow(site, err);
    nl_site_language(request, language);
    nl_buf_addf(key, "%s %s", language, path);
    if (status == NL_OK)
        *found = nl_cache_get(site->cache, nl_buf_text(key),
                              nl_gzip_is_wanted(nl_request_header(request, "Accept-Encoding")),
                              response);
    return status;
}

/* Puts a stamp of the visitor's own in the place of the mark. */
static void stamp(const struct nl_site *site, struct nl_response *response) {
    static const char mark[] = NL_STAMP_MARK;
    struct nl_buf body = {0};
    const char *at = strstr(nl_buf_text(&response->body), mark);
    if (at == NULL)
        return;
    size_t before = (size_t)(at - response->body.data);
    nl_buf_reserve(&body, response->body.len + 100);
    nl_buf_add(&body, response->body.data, before);
    nl_stamp_write(nl_store_secret(site->store), nl_store_env(site->store), &body);
    nl_buf_add(&body, at + sizeof mark - 1, response->body.len - before - (sizeof mark - 1));
    nl_buf_free(&response->body);
    response->body = body;
}

enum nl_status nl_site_handle(void *ctx, const struct nl_request *request,
                              struct nl_response *response, struct nl_error *err) {
    struct nl_site *site = ctx;
    const char *path = nl_site_path(site, request);
    struct nl_buf key = {0};
    bool found = false;
    enum nl_status status = NL_OK;
    if (site->cache == NULL || nl_request_is_post(request) || strncmp(path, "/hooks", 6) == 0)
        return dispatch(site, request, path, response, err);
    if (nl_language_choose(site, request, response))
        return NL_OK;
    status = find_kept(site, request, path, &key, response, &found, err);
    if (status == NL_OK && !found)
        status = dispatch(site, request, path, response, err);
    if (status == NL_OK && !found && response->cacheable && response->status == 200)
        nl_cache_put(site->cache, nl_buf_text(&key), response);
    if (response->form)
        stamp(site, response);
    nl_buf_free(&key);
    return status;
}

/* ---- the life of a site ---- */

/* "/news" of "https://www.example.org/news/". */
static char *path_of(const char *url) {
    const char *host = url != NULL ? strstr(url, "://") : NULL;
    const char *slash = host != NULL ? strchr(host + 3, '/') : NULL;
    size_t len = slash != NULL ? strlen(slash) : 0;
    while (len > 0 && slash[len - 1] == '/')
        len--;
    return nl_strndup(slash != NULL ? slash : "", len);
}

enum nl_status nl_site_new(struct nl_store *store, const struct nl_config *config, const char *url,
                           struct nl_site **out, struct nl_error *err) {
    struct nl_site *site = nl_calloc(1, sizeof *site);
    int64_t per_hour = config->serve.joins_per_hour;
    *out = NULL;
    *site = (struct nl_site){
        .store = store,
        .config = config,
        .joins = nl_limit_new(per_hour / 6 > LEAST_BURST ? per_hour / 6 : LEAST_BURST, per_hour),
        .addresses = nl_limit_new(LEAST_BURST, config->serve.joins_per_address),
        .costly = nl_limit_new(COSTLY_BURST, COSTLY_PER_HOUR),
        .changes = nl_limit_new(OWN_CHANGES, OWN_CHANGES),
        .cache = nl_cache_new(CACHE_BYTES),
        .prefix = path_of(url)};
    if (site->joins == NULL || site->changes == NULL || site->costly == NULL ||
        site->addresses == NULL) {
        nl_site_free(site);
        return nl_error_nomem(err);
    }
    *out = site;
    return NL_OK;
}

static void set_patience(void *ctx, int milliseconds) {
    const struct nl_site *site = ctx;
    if (milliseconds > 0)
        nl_store_set_patience(site->store, milliseconds);
    nl_store_series(site->store, milliseconds > 0);
}

enum nl_status nl_site_set_writer(struct nl_site *site, struct nl_store *store,
                                  struct nl_server_writer *out, struct nl_error *err) {
    site->writer = nl_calloc(1, sizeof *site->writer);
    *site->writer = *site;
    site->writer->store = store;
    site->writer->themes = NULL;
    site->writer->theme_count = 0;
    site->writer->metrics = (struct nl_buf){0};
    site->writer->writer = NULL;
    site->writer->cache = NULL;
    site->writer->state = (struct nl_page_state){0};
    *out = (struct nl_server_writer){nl_site_handle, set_patience, {site->writer}, 1};
    return nl_store_read_only(site->store, err);
}

/* Reports of providers have a thread of their own. A receipt may need a new checkpoint. */
bool nl_site_writes(void *ctx, const struct nl_request *request) {
    static const char hooks[] = NL_HOOKS_PATH;
    static const char genuine[] = "/genuine";
    const char *path = nl_site_path(ctx, request);
    if (nl_request_is_post(request) && strcmp(path, genuine) == 0)
        return nl_genuine_is_compared(ctx, request);
    return nl_request_is_post(request) ? strncmp(path, hooks, sizeof hooks - 1) != 0
                                       : leads_to(&receipt_route, path);
}

void nl_site_set_mailer(struct nl_site *site, struct nl_mailer *mailer) {
    site->mailer = mailer;
    if (site->writer != NULL)
        site->writer->mailer = mailer;
}

void nl_site_set_hooks(struct nl_site *site, struct nl_hooks *hooks) {
    site->hooks = hooks;
}

void nl_site_set_decoder(struct nl_site *site, struct nl_decoder *decoder) {
    site->decoder = decoder;
    if (site->writer != NULL)
        site->writer->decoder = decoder;
}

void nl_site_set_pdfs(struct nl_site *site, struct nl_pdfs *pdfs) {
    site->pdfs = pdfs;
}

size_t nl_site_body_limit(void *ctx, const struct nl_request *request) {
    static const char hooks[] = NL_HOOKS_PATH;
    struct nl_site *site = ctx;
    const char *path = nl_site_path(site, request);
    return strncmp(path, hooks, sizeof hooks - 1) == 0
               ? nl_hook_page_limit(site, request, path + sizeof hooks - 1)
               : 0;
}

void nl_site_free(struct nl_site *site) {
    if (site == NULL)
        return;
    if (site->writer != NULL)
        nl_site_themes_free(site->writer);
    free(site->writer);
    nl_site_themes_free(site);
    free(site->prefix);
    nl_buf_free(&site->metrics);
    nl_cache_free(site->cache);
    nl_page_state_free(&site->state);
    nl_limit_free(site->joins);
    nl_limit_free(site->addresses);
    nl_limit_free(site->changes);
    nl_limit_free(site->costly);
    free(site);
}
