#include "web/page.h"

#include "newsletter/archive/archive.h"
#include "newsletter/base/language.h"
#include "newsletter/base/memory.h"
#include "newsletter/template/data.h"
#include "newsletter/template/language_menu.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CROWDED_SECONDS = 5 }; /* after which a client may try again */

int64_t nl_site_now(const struct nl_site *site) {
    return nl_store_now(site->store);
}

/* A proxy may pass on the path of the site's URL or take it off. */
const char *nl_site_path(const struct nl_site *site, const struct nl_request *request) {
    const char *path = nl_request_path(request);
    size_t prefix = strlen(site->prefix);
    if (prefix > 0 && strncasecmp(path, site->prefix, prefix) == 0 &&
        (path[prefix] == '/' || path[prefix] == '\0'))
        path += prefix;
    return path[0] != '\0' ? path : "/";
}

bool nl_request_is_read(const struct nl_request *request) {
    const char *method = nl_request_method(request);
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

void nl_response_allow(struct nl_response *response, const char *methods) {
    snprintf(response->allow, sizeof response->allow, "%s", methods);
}

bool nl_request_is_post(const struct nl_request *request) {
    return strcmp(nl_request_method(request), "POST") == 0;
}

bool nl_site_refuses_body(const struct nl_request *request, struct nl_response *response) {
    enum nl_body body = nl_request_body(request);
    if (body == NL_BODY_FORM)
        return false;
    response->status = body == NL_BODY_TOO_LARGE ? 413 : body == NL_BODY_CROWDED ? 503 : 415;
    response->retry_after = body == NL_BODY_CROWDED ? CROWDED_SECONDS : 0;
    nl_buf_adds(&response->body, body == NL_BODY_TOO_LARGE ? "The form is too large.\n"
                                 : body == NL_BODY_CROWDED
                                     ? "Too many large forms arrive just now. Please try again.\n"
                                     : "Send a form.\n");
    return true;
}

const char *nl_site_asked(const struct nl_request *request, const char *name) {
    const char *value = nl_request_is_post(request) ? nl_request_form(request, name)
                                                    : nl_request_query(request, name);
    return value != NULL ? value : "";
}

const char *nl_site_field(const struct nl_request *request, const char *name) {
    const char *value = nl_request_form(request, name);
    return value != NULL ? value : "";
}

struct nl_office nl_site_office(const struct nl_site *site) {
    return (struct nl_office){.store = site->store, .config = site->config};
}

void nl_site_wake(const struct nl_site *site, int64_t notice) {
    if (notice != 0 && site->mailer != NULL)
        nl_mailer_wake(site->mailer, notice);
}

/* ---- limits ---- */

const char nl_too_many[] = NL_TEXT("Too many requests at the moment. Please try again later.");

bool nl_site_may(struct nl_site *site, struct nl_limit *limit, const void *key, size_t len,
                 struct nl_response *response) {
    return nl_limit_take(limit, key, len, nl_site_now(site), &response->retry_after);
}

bool nl_site_may_network(struct nl_site *site, struct nl_limit *limit,
                         const struct nl_request *request, struct nl_response *response) {
    return nl_limit_take_network(limit, nl_request_client(request), nl_site_now(site),
                                 &response->retry_after);
}

/* ---- languages ---- */

static struct nl_theme *find_theme(const struct nl_site *site, const char *tag) {
    for (size_t i = 0; i < site->theme_count; i++)
        if (strcmp(nl_catalog_language(site->themes[i]->catalog), tag) == 0)
            return site->themes[i];
    return NULL;
}

/* Opens a theme and keeps it. The array grows, but a theme stays where it is: a page that is being
 * built may use it. */
static enum nl_status add_theme(struct nl_site *site, const char *tag, struct nl_theme **out,
                                struct nl_error *err) {
    struct nl_theme **grown =
        nl_realloc(site->themes, (site->theme_count + 1) * sizeof(struct nl_theme *));
    site->themes = grown;
    struct nl_theme *theme = nl_calloc(1, sizeof *theme);
    enum nl_status status = nl_theme_open(site->config->templates, tag, theme, err);
    if (status != NL_OK) {
        nl_theme_free(theme);
        free(theme);
        return status;
    }
    grown[site->theme_count++] = theme;
    *out = theme;
    return NL_OK;
}

/* There are as many themes as catalogs: a language without a catalog gets that of English. So
 * visitors cannot make their number grow. */
static enum nl_status theme_of(struct nl_site *site, const char *language,
                               const struct nl_theme **out, struct nl_error *err) {
    struct nl_catalog *catalog = NULL;
    enum nl_status status = nl_catalog_open(site->config->templates, language, &catalog, err);
    if (status != NL_OK)
        return status;
    struct nl_theme *theme = find_theme(site, nl_catalog_language(catalog));
    if (theme == NULL)
        status = add_theme(site, nl_catalog_language(catalog), &theme, err);
    nl_catalog_free(catalog);
    *out = theme;
    return status;
}

void nl_site_themes_free(struct nl_site *site) {
    for (size_t i = 0; i < site->theme_count; i++) {
        nl_theme_free(site->themes[i]);
        free(site->themes[i]);
    }
    free(site->themes);
}

static void find_language(const struct nl_request *request, const char *asked,
                          char out[NL_LANGUAGE_TAG]) {
    bool is_tag = asked != NULL && nl_language_is_tag(asked);
    const char *language = is_tag ? asked : nl_language_chosen(request);
    if (language != NULL)
        memcpy(out, language, strlen(language) + 1);
    else
        nl_language_preferred(nl_request_header(request, "Accept-Language"), out);
}

void nl_site_language(const struct nl_request *request, char out[NL_LANGUAGE_TAG]) {
    const char *asked = nl_request_query(request, "language");
    find_language(request, asked != NULL ? asked : nl_request_form(request, "language"), out);
}

enum nl_status nl_site_theme(struct nl_site *site, const struct nl_request *request,
                             const char *fallback, const struct nl_theme **out,
                             struct nl_error *err) {
    char language[NL_LANGUAGE_TAG];
    nl_site_language(request, language);
    return theme_of(site, language[0] != '\0' ? language : fallback, out, err);
}

enum nl_status nl_site_staff_theme(struct nl_site *site, const struct nl_request *request,
                                   const struct nl_theme **out, struct nl_error *err) {
    char language[NL_LANGUAGE_TAG];
    find_language(request, nl_request_query(request, "language"), language);
    return theme_of(site, language[0] != '\0' ? language : NULL, out, err);
}

/* ---- pages ---- */

json_t *nl_site_data(const struct nl_site *site, const struct nl_theme *theme,
                     const struct nl_list *list) {
    static const struct nl_list none = {0};
    json_t *data = nl_data_new(list != NULL ? list : &none, nl_catalog_language(theme->catalog));
    struct nl_buf home = {0};
    struct nl_buf archive = {0};
    bool open = list != NULL && !list->is_private;
    nl_buf_addf(&home, "%s/", site->prefix);
    nl_buf_addf(&archive, "%s/archive/%s%s", site->prefix, open ? list->name : "", open ? "/" : "");
    nl_data_set(data, "base", site->prefix);
    nl_data_set(data, "heading", "");
    nl_data_set(data, "home", nl_buf_text(&home));
    nl_data_set(data, "archive", nl_buf_text(&archive));
    /* The folder of a private list is closed, that of its colours with it. */
    nl_look_add(site->config, open ? list->name : NULL, nl_buf_text(&home), nl_buf_text(&archive),
                data);
    nl_buf_adds(&archive, "events/");
    nl_data_set(data, "events_page", open ? nl_buf_text(&archive) : "");
    nl_buf_clear(&archive);
    nl_buf_addf(&archive, "%s/join%s%s", site->prefix, open ? "?list=" : "",
                open ? list->name : "");
    nl_data_set(data, "join", nl_buf_text(&archive));
    json_object_set_new(data, "feed", json_false());
    nl_language_menu_add(site->config->templates, data);
    nl_data_page(data);
    nl_buf_free(&home);
    nl_buf_free(&archive);
    return data;
}

void nl_site_again(json_t *data, const char *name, const char *value) {
    struct nl_buf query = {0};
    nl_buf_addf(&query, "%s=%s&", name, value);
    nl_data_set(data, "menu_query", value[0] != '\0' ? nl_buf_text(&query) : "");
    nl_buf_free(&query);
}

enum nl_status nl_site_page(const struct nl_theme *theme, const char *file, json_t *data,
                            struct nl_response *response, struct nl_error *err) {
    enum nl_status status = nl_theme_render(theme, file, data, &response->body, err);
    response->type = "text/html; charset=utf-8";
    json_decref(data);
    return status;
}
