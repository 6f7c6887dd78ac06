#include "newsletter/base/catalog.h"
#include "newsletter/base/qr.h"
#include "newsletter/base/zone.h"
#include "newsletter/config/identity.h"
#include "newsletter/store/second_step.h"
#include "newsletter/store/staff_mail.h"
#include "newsletter/template/data.h"
#include "web/staff_common.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the page shows ---- */

static enum nl_status note_session(const struct nl_staff_session_line *line, void *ctx,
                                   struct nl_error *err) {
    json_t *array = ctx;
    char seen[NL_ZONE_TEXT_LEN];
    json_t *session = json_object();
    (void)err;
    nl_zone_text(line->seen_at, NULL, seen);
    nl_data_set(session, "id", line->id);
    nl_data_set(session, "seen", seen);
    nl_data_set(session, "client", line->client);
    nl_data_set(session, "agent", line->agent);
    json_object_set_new(session, "own", json_boolean(line->own));
    json_array_append_new(array, session);
    return NL_OK;
}

static enum nl_status add_sessions(struct nl_staff_call *call, struct nl_error *err) {
    json_t *sessions = json_array();
    enum nl_status status =
        nl_staff_sessions_each(call->staff->site->store, call->session->name,
                               nl_login_token(call->request), note_session, sessions, err);
    json_object_set_new(call->data, "sessions", sessions);
    return status;
}

static const char *name_of_office(const struct nl_staff_call *call) {
    struct nl_identity identity;
    nl_identity_of(call->staff->site->config, NULL, "en", &identity);
    return identity.name[0] != '\0' ? identity.name : "newsletter";
}

/* The secret, as a picture and to be typed. */
static enum nl_status show_secret(struct nl_staff_call *call,
                                  const unsigned char secret[NL_TOTP_SECRET],
                                  struct nl_error *err) {
    struct nl_buf url = {0};
    struct nl_buf text = {0};
    struct nl_buf picture = {0};
    nl_totp_add_url(&url, secret, call->session->name, name_of_office(call));
    nl_totp_add_text(&text, secret);
    enum nl_status status = nl_qr_svg(&picture, nl_buf_text(&url), "QR", err);
    nl_data_set(call->data, "secret", nl_buf_text(&text));
    nl_data_set(call->data, "qr", nl_buf_text(&picture));
    nl_buf_free(&url);
    nl_buf_free(&text);
    nl_buf_free(&picture);
    return status;
}

static enum nl_status add_second_step(struct nl_staff_call *call, bool set_up,
                                      struct nl_error *err) {
    unsigned char secret[NL_TOTP_SECRET] = {0};
    bool on = false;
    enum nl_status status = NL_OK;
    if (set_up)
        status =
            nl_second_step_begin(call->staff->site->store, call->session->name, secret, &on, err);
    else
        status = nl_second_step_is_on(call->staff->site->store, call->session->name, &on, err);
    json_object_set_new(call->data, "second_step", json_boolean(on));
    json_object_set_new(call->data, "set_up", json_boolean(set_up && !on));
    json_object_set_new(call->data, "may_set_up", json_boolean(!set_up && !on));
    if (status == NL_OK && set_up && !on)
        status = show_secret(call, secret, err);
    OPENSSL_cleanse(secret, sizeof secret);
    return status;
}

static enum nl_status add_address(struct nl_staff_call *call, struct nl_error *err) {
    char *address = NULL;
    enum nl_status status =
        nl_staff_address(call->staff->site->store, call->session->name, &address, err);
    nl_data_set(call->data, "address", address);
    free(address);
    return status;
}

static enum nl_status show(struct nl_staff_call *call, bool set_up, struct nl_response *response,
                           struct nl_error *err) {
    nl_data_set(call->data, "heading", nl_staff_text(call, NL_TEXT("Your account")));
    if (json_object_get(call->data, "codes") == NULL)
        json_object_set_new(call->data, "has_codes", json_false());
    nl_data_set(call->data, "role", nl_staff_role_label(call->theme, call->session->role));
    enum nl_status status = add_sessions(call, err);
    if (status == NL_OK)
        status = add_address(call, err);
    if (status == NL_OK)
        status = add_second_step(call, set_up, err);
    if (status == NL_OK)
        status = nl_passkeys_show(call, err);
    if (status == NL_OK)
        return nl_staff_render(call->staff, call->theme, "staff-account.html", call->data, response,
                               err);
    json_decref(call->data);
    return status;
}

enum nl_status nl_account_page(struct nl_staff_call *call, struct nl_response *response,
                               struct nl_error *err) {
    return show(call, false, response, err);
}

/* ---- what its buttons do ---- */

/* A change of the account asks for its password: a session that was left open is not enough. */
static enum nl_status verify(struct nl_staff_call *call, bool *ok, struct nl_response *response,
                             struct nl_error *err) {
    *ok = false;
    if (!nl_staff_may_guess(call->staff, call->request, response)) {
        response->status = 429;
        nl_staff_say(call, "problem", nl_too_many);
        return NL_OK;
    }
    enum nl_status status = nl_staff_verify(call->staff->site->store, call->session->name,
                                            nl_site_field(call->request, "password"), ok, err);
    if (status == NL_OK && !*ok) {
        response->status = 403;
        nl_staff_say(call, "problem", NL_TEXT("Your password is wrong. Nothing was changed."));
    }
    return status;
}

static enum nl_status change_password(struct nl_staff_call *call, struct nl_response *response,
                                      struct nl_error *err) {
    const char *wanted = nl_site_field(call->request, "new");
    bool ok = false;
    enum nl_status status = verify(call, &ok, response, err);
    if (status != NL_OK || !ok)
        return status;
    if (strcmp(wanted, nl_site_field(call->request, "again")) != 0) {
        response->status = 400;
        nl_staff_say(call, "problem",
                     NL_TEXT("The two new passwords differ. Nothing was changed."));
        return NL_OK;
    }
    status = nl_staff_set_password(call->staff->site->store, call->session->name, wanted,
                                   nl_login_token(call->request), &call->session->actor, err);
    if (status == NL_DATA) {
        nl_error_free(err);
        response->status = 400;
        nl_staff_say(call, "problem", NL_TEXT("A password has at least 12 characters."));
        return NL_OK;
    }
    if (status == NL_OK)
        nl_staff_say(call, "done",
                     NL_TEXT("Your password is changed. All other sessions have ended."));
    return status;
}

static enum nl_status switch_on(struct nl_staff_call *call, bool *set_up,
                                struct nl_response *response, struct nl_error *err) {
    char codes[NL_RECOVERY_CODES][NL_RECOVERY_CODE];
    bool ok = false;
    enum nl_status status = verify(call, &ok, response, err);
    *set_up = true;
    if (status != NL_OK || !ok)
        return status;
    status = nl_second_step_confirm(call->staff->site->store, call->session->name,
                                    nl_site_field(call->request, "code"), &ok, codes,
                                    &call->session->actor, err);
    if (status != NL_OK)
        return status;
    if (!ok) {
        response->status = 400;
        nl_staff_say(call, "problem", NL_TEXT("This code is wrong. Nothing was changed."));
        return NL_OK;
    }
    *set_up = false;
    json_t *array = json_array();
    for (size_t i = 0; i < NL_RECOVERY_CODES; i++)
        json_array_append_new(array, json_pack("{s:s}", "code", codes[i]));
    OPENSSL_cleanse(codes, sizeof codes);
    json_object_set_new(call->data, "codes", array);
    json_object_set_new(call->data, "has_codes", json_true());
    nl_staff_say(call, "done", NL_TEXT("The second step is on."));
    return NL_OK;
}

static enum nl_status switch_off(struct nl_staff_call *call, struct nl_response *response,
                                 struct nl_error *err) {
    bool ok = false;
    enum nl_status status = verify(call, &ok, response, err);
    if (status != NL_OK || !ok)
        return status;
    status = nl_second_step_end(call->staff->site->store, call->session->name,
                                &call->session->actor, err);
    if (status == NL_OK)
        nl_staff_say(call, "done", NL_TEXT("The second step is off."));
    return status;
}

static enum nl_status end_session(struct nl_staff_call *call, struct nl_error *err) {
    const char *id = nl_site_field(call->request, "session");
    bool all = strcmp(id, "all") == 0;
    enum nl_status status = nl_staff_session_end(
        call->staff->site->store, call->session->name, all ? NULL : id,
        all ? nl_login_token(call->request) : NULL, &call->session->actor, err);
    if (status == NL_OK)
        nl_staff_say(call, "done",
                     all ? NL_TEXT("All other sessions have ended.")
                         : NL_TEXT("The session has ended."));
    return status;
}

/* Where the account gets mail about approvals, and about issues that it has sent. */
static enum nl_status change_address(struct nl_staff_call *call, struct nl_response *response,
                                     struct nl_error *err) {
    enum nl_status status =
        nl_staff_set_address(call->staff->site->store, call->session->name,
                             nl_site_field(call->request, "address"), &call->session->actor, err);
    if (status == NL_OK)
        nl_staff_say(call, "done", NL_TEXT("Saved."));
    return nl_staff_explains(call, status, response, err) ? NL_OK : status;
}

static enum nl_status change_passkeys(struct nl_staff_call *call, bool adds,
                                      struct nl_response *response, struct nl_error *err) {
    bool ok = false;
    enum nl_status status = verify(call, &ok, response, err);
    if (status != NL_OK || !ok)
        return status;
    status = adds ? nl_passkeys_add(call, err) : nl_passkeys_remove(call, err);
    if (status == NL_OK)
        nl_staff_say(call, "done",
                     adds ? NL_TEXT("From now on, you can log in with this passkey.")
                          : NL_TEXT("The passkey is removed."));
    else if (nl_staff_explains(call, status, response, err))
        status = NL_OK;
    return status;
}

enum nl_status nl_account_act(struct nl_staff_call *call, struct nl_response *response,
                              struct nl_error *err) {
    const char *action = nl_site_field(call->request, "action");
    bool set_up = strcmp(action, "begin") == 0;
    enum nl_status status = NL_OK;
    if (strcmp(action, "password") == 0)
        status = change_password(call, response, err);
    else if (strcmp(action, "on") == 0)
        status = switch_on(call, &set_up, response, err);
    else if (strcmp(action, "off") == 0)
        status = switch_off(call, response, err);
    else if (strcmp(action, "end") == 0)
        status = end_session(call, err);
    else if (strcmp(action, "address") == 0)
        status = change_address(call, response, err);
    else if (strcmp(action, "passkey-add") == 0 || strcmp(action, "passkey-remove") == 0)
        status = change_passkeys(call, strcmp(action, "passkey-add") == 0, response, err);
    if (status == NL_OK)
        return show(call, set_up, response, err);
    json_decref(call->data);
    return status;
}
