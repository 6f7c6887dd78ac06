#include "newsletter/archive/archive.h"
#include "web/page.h"

enum nl_status nl_site_style(struct nl_site *site, const struct nl_request *request,
                             struct nl_response *response, struct nl_error *err) {
    const struct nl_theme *theme = NULL;
    enum nl_status status = nl_site_theme(site, request, NULL, &theme, err);
    if (status == NL_OK)
        status = nl_look_style(site->config, NULL, theme, &response->body, err);
    response->type = "text/css; charset=utf-8";
    response->cacheable = true;
    return status;
}

enum nl_status nl_site_logo(struct nl_site *site, const struct nl_request *request,
                            struct nl_response *response, struct nl_error *err) {
    bool found = false;
    enum nl_status status = nl_look_logo(site->config, NULL, nl_site_path(site, request) + 1,
                                         &found, &response->body, &response->type, err);
    response->cacheable = found;
    return status == NL_OK && !found ? nl_site_not_found(site, request, response, err) : status;
}

enum nl_status nl_site_media(struct nl_site *site, const struct nl_request *request,
                             struct nl_response *response, struct nl_error *err) {
    bool found = false;
    enum nl_status status = nl_listen_own(site->config, nl_site_path(site, request) + 1, &found,
                                          &response->body, &response->type, err);
    response->cacheable = response->ranges = found;
    return status == NL_OK && !found ? nl_site_not_found(site, request, response, err) : status;
}

enum nl_status nl_site_keys(struct nl_site *site, const struct nl_request *request,
                            struct nl_response *response, struct nl_error *err) {
    bool found = false;
    enum nl_status status = nl_keys_file(site->config, &found, &response->body, err);
    response->type = "application/jwk-set+json";
    return status == NL_OK && !found ? nl_site_not_found(site, request, response, err) : status;
}

enum nl_status nl_site_checkpoint(struct nl_site *site, const struct nl_request *request,
                                  struct nl_response *response, struct nl_error *err) {
    bool found = false;
    enum nl_status status = nl_checkpoint_file(site->store, &found, &response->body, err);
    response->type = "text/plain; charset=utf-8";
    return status == NL_OK && !found ? nl_site_not_found(site, request, response, err) : status;
}
