#include "newsletter/web/staff.h"

#include "web/copy_worker.h"
#include "web/staff_common.h"

#include <stdlib.h>
#include <string.h>

enum {
    GUESSES = 10, /* at once, from one network */
    GUESSES_PER_HOUR = 60,
    ACCOUNT_GUESSES = 1000, /* at once and in an hour, for one account from all new networks */
};

static enum nl_status send_file(struct nl_staff *staff, const char *name, const char *type,
                                struct nl_response *response, struct nl_error *err) {
    struct nl_theme theme = {.folder = staff->site->config->templates};
    json_t *data = json_object();
    enum nl_status status = nl_theme_render(&theme, name, data, &response->body, err);
    json_decref(data);
    response->type = type;
    response->cacheable = true;
    return status;
}

/* ---- dispatch ---- */

static enum nl_status for_session(struct nl_staff *staff, const struct nl_request *request,
                                  const char *path, struct nl_response *response,
                                  struct nl_error *err) {
    struct nl_session session = {0};
    enum nl_status status = nl_login_session(staff, request, &session, err);
    if (status != NL_OK)
        return status;
    if (session.login != NL_LOGIN_DONE)
        return nl_staff_redirect(staff, "/login", response, err);
    if (nl_request_is_post(request) &&
        !nl_token_equal(session.csrf, nl_site_field(request, "csrf")))
        return nl_site_say(staff->site, request, 403,
                           NL_TEXT("This form has expired. Please go back and try again."),
                           response, err);
    if (nl_request_is_post(request) && strcmp(path, "/logout") == 0)
        return nl_logout(staff, request, response, err);
    return nl_staff_page(staff, request, &session, path, response, err);
}

enum nl_status nl_staff_handle(void *ctx, const struct nl_request *request,
                               struct nl_response *response, struct nl_error *err) {
    static const char api[] = "/api/v1/";
    static const char *const files[][2] = {{"live.js", "text/javascript; charset=utf-8"},
                                           {"desk.js", "text/javascript; charset=utf-8"},
                                           {"desk.css", "text/css; charset=utf-8"}};
    struct nl_staff *staff = ctx;
    const char *path = nl_site_path(staff->site, request);
    if (strncmp(path, api, sizeof api - 1) == 0)
        return nl_staff_api(staff, request, path + sizeof api - 1, response, err);
    if (!nl_request_is_read(request) && !nl_request_is_post(request)) {
        response->status = 405;
        nl_response_allow(response, "GET, HEAD, POST");
        return NL_OK;
    }
    if (nl_site_refuses_body(request, response))
        return NL_OK;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (strcmp(path + 1, files[i][0]) == 0 && !nl_request_is_post(request))
            return send_file(staff, files[i][0], files[i][1], response, err);
    if (strcmp(path, "/style.css") == 0 && !nl_request_is_post(request))
        return nl_site_style(staff->site, request, response, err);
    if (strcmp(path, "/login/code") == 0 && nl_request_is_post(request))
        return nl_login_code(staff, request, response, err);
    if (strcmp(path, "/login") == 0)
        return nl_request_is_post(request) ? nl_login(staff, request, response, err)
                                           : nl_login_form(staff, request, response, err);
    return for_session(staff, request, path, response, err);
}

/* ---- its life ---- */

enum nl_status nl_staff_new(struct nl_store *store, const struct nl_config *config,
                            struct nl_staff **out, struct nl_error *err) {
    struct nl_staff *staff = calloc(1, sizeof *staff);
    *out = NULL;
    if (staff == NULL)
        return nl_error_nomem(err);
    enum nl_status status = nl_site_new(store, config, config->staff.url, &staff->site, err);
    staff->guesses = nl_limit_new(GUESSES, GUESSES_PER_HOUR);
    staff->names = nl_limit_new(ACCOUNT_GUESSES, ACCOUNT_GUESSES);
    if (status == NL_OK && (staff->guesses == NULL || staff->names == NULL))
        status = nl_error_nomem(err);
    if (status != NL_OK) {
        nl_staff_free(staff);
        return status;
    }
    *out = staff;
    return NL_OK;
}

void nl_staff_set_mailers(struct nl_staff *staff, struct nl_mailer *sender,
                          struct nl_mailer *notices) {
    staff->sender = sender;
    staff->notices = notices;
}

enum nl_status nl_staff_set_relay(struct nl_staff *staff, const struct nl_relay *relay,
                                  struct nl_error *err) {
    return nl_copies_new(staff->site->config, relay, &staff->copies, err);
}

void nl_staff_free(struct nl_staff *staff) {
    if (staff == NULL)
        return;
    nl_copies_free(staff->copies);
    nl_site_free(staff->site);
    nl_limit_free(staff->guesses);
    nl_limit_free(staff->names);
    free(staff);
}
