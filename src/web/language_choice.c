#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/template/language_menu.h"
#include "web/page.h"

#include <string.h>

static const char cookie_name[] = "newsletter-language";
enum { YEAR = 31536000 };

const char *nl_language_chosen(const struct nl_request *request) {
    const char *language = nl_request_cookie(request, cookie_name);
    return language != NULL && nl_language_is_tag(language) ? language : NULL;
}

/* All arguments but those that choose a language. */
static void add_argument(const char *name, const char *value, void *ctx) {
    struct nl_buf *query = ctx;
    if (strcmp(name, NL_LANGUAGE_ARGUMENT) == 0 || strcmp(name, "language") == 0)
        return;
    nl_text_encode_percent(query, name);
    nl_buf_addc(query, '=');
    nl_text_encode_percent(query, value);
    nl_buf_addc(query, '&');
}

/* Whether the menu offers it. */
static bool is_offered(const struct nl_site *site, const char *language) {
    struct nl_catalog *catalog = NULL;
    struct nl_error ignored = {0};
    bool found = nl_catalog_open(site->config->templates, language, &catalog, &ignored) == NL_OK &&
                 strcmp(nl_catalog_language(catalog), language) == 0;
    nl_catalog_free(catalog);
    nl_error_free(&ignored);
    return found;
}

bool nl_language_choose(const struct nl_site *site, const struct nl_request *request,
                        struct nl_response *response) {
    const char *language = nl_request_query(request, NL_LANGUAGE_ARGUMENT);
    const char *url = site->config->serve.url;
    struct nl_buf query = {0};
    struct nl_buf cookie = {0};
    if (language == NULL || !nl_language_is_tag(language) || !is_offered(site, language))
        return false;
    nl_buf_adds(&query, "?");
    nl_request_each_argument(request, add_argument, &query);
    /* Also in the address, for browsers that keep no cookies. */
    nl_buf_addf(&query, "language=%s", language);
    nl_buf_addf(&cookie, "%s=%s; Path=%s/; Max-Age=%d; HttpOnly; SameSite=Lax%s", cookie_name,
                language, site->prefix, YEAR,
                url != NULL && strncmp(url, "https:", 6) == 0 ? "; Secure" : "");
    response->status = 303;
    response->location = nl_buf_take(&query);
    response->cookie = nl_buf_take(&cookie);
    return true;
}
