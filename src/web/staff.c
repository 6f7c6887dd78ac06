#include "newsletter/web/staff.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/catalog.h"
#include "newsletter/openid/provider.h"
#include "web/api_rate.h"
#include "web/component.h"
#include "web/copy_worker.h"
#include "web/progress_watch.h"
#include "web/staff_common.h"

#include <stdlib.h>
#include <string.h>

enum {
    HELPERS = 3,  /* threads for slow requests */
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
                                           {"calendar.js", "text/javascript; charset=utf-8"},
                                           {"writing.js", "text/javascript; charset=utf-8"},
                                           {"desk.js", "text/javascript; charset=utf-8"},
                                           {"approval.js", "text/javascript; charset=utf-8"},
                                           {"passkey.js", "text/javascript; charset=utf-8"},
                                           {"desk.css", "text/css; charset=utf-8"}};
    struct nl_staff *staff = ctx;
    const char *path = nl_site_path(staff->site, request);
    bool found = false;
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
    if (nl_request_is_read(request)) {
        enum nl_status status = nl_component_file(request, path + 1, &found, response, err);
        if (status != NL_OK || found)
            return status;
    }
    if (strcmp(path, "/style.css") == 0 && !nl_request_is_post(request))
        return nl_site_style(staff->site, request, response, err);
    if (strncmp(path, "/logo", 5) == 0 && strchr(path, '.') != NULL && !nl_request_is_post(request))
        return nl_site_logo(staff->site, request, response, err);
    if (strcmp(path, "/login/code") == 0 && nl_request_is_post(request))
        return nl_login_code(staff, request, response, err);
    if (strcmp(path, "/login/passkey") == 0 && nl_request_is_post(request))
        return nl_login_passkey(staff, request, response, err);
    if (strcmp(path, "/login/openid") == 0 || strcmp(path, NL_OPENID_BACK) == 0)
        return nl_openid_call(staff, request, strcmp(path, NL_OPENID_BACK) == 0, response, err);
    if (strcmp(path, "/login") == 0)
        return nl_request_is_post(request) ? nl_login(staff, request, response, err)
                                           : nl_login_form(staff, request, response, err);
    return for_session(staff, request, path, response, err);
}

/* ---- its life ---- */

enum nl_status nl_staff_new(struct nl_store *store, const struct nl_config *config,
                            struct nl_staff **out, struct nl_error *err) {
    struct nl_staff *staff = nl_calloc(1, sizeof *staff);
    *out = NULL;
    enum nl_status status = nl_site_new(store, config, config->staff.url, &staff->site, err);
    if (status == NL_OK)
        staff->site->is_staff = true;
    staff->guesses = nl_limit_new(GUESSES, GUESSES_PER_HOUR);
    staff->names = nl_limit_new(ACCOUNT_GUESSES, ACCOUNT_GUESSES);
    staff->writers = nl_desk_people_new();
    staff->rates = nl_api_rates_new();
    if (status == NL_OK && (staff->guesses == NULL || staff->names == NULL))
        status = nl_error_nomem(err);
    if (status != NL_OK) {
        nl_staff_free(staff);
        return status;
    }
    *out = staff;
    return NL_OK;
}

/* Frees what all threads of the staff's website share. */
static void free_shared(struct nl_staff *staff) {
    nl_desk_people_free(staff->writers);
    nl_limit_free(staff->guesses);
    nl_limit_free(staff->names);
    nl_api_rates_free(staff->rates);
}

static void set_patience(void *ctx, int milliseconds) {
    const struct nl_staff *helper = ctx;
    if (milliseconds > 0)
        nl_store_set_patience(helper->own_store, milliseconds);
    nl_store_series(helper->own_store, milliseconds > 0);
}

enum nl_status nl_staff_set_helpers(struct nl_staff *staff, struct nl_server_writer *out,
                                    struct nl_error *err) {
    const struct nl_config *config = staff->site->config;
    enum nl_status status = NL_OK;
    *out = (struct nl_server_writer){.handler = nl_staff_handle, .set_patience = set_patience};
    while (status == NL_OK && staff->helper_count < HELPERS) {
        struct nl_store *store = NULL;
        struct nl_staff *helper = NULL;
        status = nl_store_open(config->database, &nl_env_system, &store, err);
        if (status == NL_OK)
            status = nl_staff_new(store, config, &helper, err);
        if (status != NL_OK) {
            nl_store_close(store);
            return status;
        }
        helper->own_store = store;
        free_shared(helper);
        helper->writers = staff->writers;
        helper->guesses = staff->guesses;
        helper->names = staff->names;
        helper->rates = staff->rates;
        staff->helpers[staff->helper_count++] = helper;
        out->contexts[out->count++] = helper;
    }
    return status;
}

/* Paths, by how they begin and end ("" for anything), and the method. */
struct path_form {
    const char *begin, *end;
    bool post;
};

static bool is_among(const char *path, bool post, const struct path_form *forms, size_t count) {
    size_t len = strlen(path);
    for (size_t i = 0; i < count; i++) {
        size_t begin = strlen(forms[i].begin);
        size_t end = strlen(forms[i].end);
        if (forms[i].post == post && len >= begin + end &&
            strncmp(path, forms[i].begin, begin) == 0 &&
            strcmp(path + len - end, forms[i].end) == 0)
            return true;
    }
    return false;
}

bool nl_staff_is_slow(void *ctx, const struct nl_request *request) {
    static const struct path_form slow[] = {
        {"/api/v1/webhooks/", "/test", true},
        {"/api/v1/subscribers/batch", "", true},
        {"/api/v1/segments/people", "", true},
        {"/api/v1/lists/", "/reconfirm", true},
        {"/api/v1/issues/", "/resend", true},
        {"/api/v1/issues/", "/rest", false},
        {"/api/v1/issues/", "/rest", true},
        {"/api/v1/drafts", "", true},
        {"/api/v1/drafts/", "/check", false},
        {"/api/v1/drafts/", "/preview", false},
        {"/api/v1/drafts/", "/plan", false},
        {"/api/v1/imports/", "/file", false}, /* PUT */
        {"/api/v1/imports/", "/columns", false},
        {"/drafts", "", true}, /* which reads files that are uploaded */
        {"/draft/", "/preview", false},
        {"/draft/", "/send", false},
        {"/draft/", "", true}, /* which decodes pictures and documents, and composes */
        {"/issue/", "/rest", false},
        {"/issue/", "/rest", true},
        {"/issue/", "/again", false},
        {"/issue/", "/again", true},
        {"/lists/", "/again", false},
        {"/lists/", "/again", true},
        {"/issue/", "/report", false},
        {"/issue/", "/report.csv", false},
        {"/library", "", false},
        {"/people", "", false},
        {"/login/openid", "", false}, /* which asks another server */
        {"/imports", "", true},       /* which stores the file */
        {"/imports/", "", false},
        {"/person/", "", false},
        {"/audit", "", false},
    };
    /* The server itself reads these piece by piece, through its own connection. */
    static const struct path_form streamed[] = {
        {"/imports/", "/rejected", false},
        {"/audit.csv", "", false},
    };
    const struct nl_staff *staff = ctx;
    const char *path = nl_site_path(staff->site, request);
    bool post = nl_request_is_post(request);
    return is_among(path, post, slow, sizeof slow / sizeof slow[0]) &&
           !is_among(path, post, streamed, sizeof streamed / sizeof streamed[0]);
}

void nl_staff_set_mailers(struct nl_staff *staff, struct nl_mailer *sender,
                          struct nl_mailer *notices) {
    staff->sender = sender;
    staff->notices = notices;
    for (size_t i = 0; i < staff->helper_count; i++)
        nl_staff_set_mailers(staff->helpers[i], sender, notices);
}

void nl_staff_set_pdfs(struct nl_staff *staff, struct nl_pdfs *pdfs) {
    nl_site_set_pdfs(staff->site, pdfs);
}

void nl_staff_set_tasks(struct nl_staff *staff, struct nl_task_worker *tasks) {
    staff->tasks = tasks;
    for (size_t i = 0; i < staff->helper_count; i++)
        staff->helpers[i]->tasks = tasks;
}

enum nl_status nl_staff_start_watch(struct nl_staff *staff, struct nl_error *err) {
    return nl_progress_watch_new(staff->site->config, &staff->watch, err);
}

enum nl_status nl_staff_set_relay(struct nl_staff *staff, const struct nl_relay *relay,
                                  struct nl_error *err) {
    enum nl_status status = nl_copies_new(staff->site->config, relay, &staff->copies, err);
    for (size_t i = 0; i < staff->helper_count; i++)
        staff->helpers[i]->copies = staff->copies;
    return status;
}

void nl_staff_free(struct nl_staff *staff) {
    if (staff == NULL)
        return;
    for (size_t i = 0; i < staff->helper_count; i++) {
        staff->helpers[i]->copies = NULL;
        staff->helpers[i]->writers = NULL;
        staff->helpers[i]->guesses = NULL;
        staff->helpers[i]->names = NULL;
        staff->helpers[i]->rates = NULL;
        nl_staff_free(staff->helpers[i]);
    }
    nl_progress_watch_free(staff->watch);
    nl_copies_free(staff->copies);
    free_shared(staff);
    nl_site_free(staff->site);
    nl_store_close(staff->own_store);
    free(staff);
}
