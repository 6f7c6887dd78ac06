#include "newsletter/base/catalog.h"
#include "newsletter/base/log.h"
#include "newsletter/base/text.h"
#include "newsletter/base/zone.h"
#include "newsletter/store/staff_passkey.h"
#include "newsletter/template/data.h"
#include "web/staff_common.h"

#include <stdio.h>
#include <string.h>

/* Passkeys in the browser. Without the URL of the dashboard there are none: a passkey is bound to
 * the name of the site. */

struct place {
    char origin[300], rp_id[256], purpose[NL_STAFF_NAME + 8];
    struct nl_passkey_asked asked;
};

/* `account` NULL: logging in, as anybody. */
static bool place_of(const struct nl_staff *staff, const char *account, struct place *out) {
    const struct nl_site *site = staff->site;
    if (!nl_passkey_place(site->config->staff.url, out->origin, out->rp_id))
        return false;
    if (account != NULL)
        snprintf(out->purpose, sizeof out->purpose, "add %s", account);
    else
        snprintf(out->purpose, sizeof out->purpose, "login");
    out->asked = (struct nl_passkey_asked){out->origin, out->rp_id, nl_store_secret(site->store),
                                           out->purpose, nl_store_now(site->store)};
    return true;
}

static void add_challenge(const struct nl_staff *staff, const struct place *place, json_t *data) {
    char challenge[NL_CHALLENGE_LEN];
    nl_challenge_new(nl_store_env(staff->site->store), place->asked.secret, place->asked.purpose,
                     place->asked.now, challenge);
    nl_data_set(data, "challenge", challenge);
    nl_data_set(data, "rp", place->asked.rp_id);
}

/* ---- logging in ---- */

enum nl_status nl_passkey_offer(struct nl_staff *staff, json_t *data, struct nl_error *err) {
    struct place place;
    bool exist = false;
    enum nl_status status = nl_passkeys_exist(staff->site->store, &exist, err);
    json_object_set_new(data, "passkeys_offered", json_false());
    if (status == NL_OK && exist && place_of(staff, NULL, &place)) {
        json_object_set_new(data, "passkeys_offered", json_true());
        add_challenge(staff, &place, data);
    }
    return status;
}

enum nl_status nl_passkey_login_try(struct nl_staff *staff, const struct nl_request *request,
                                    char name[NL_STAFF_NAME + 1], struct nl_token *session,
                                    struct nl_error *err) {
    const struct nl_passkey_login login = {nl_site_field(request, "id"),
                                           nl_site_field(request, "handle"),
                                           {nl_site_field(request, "client_data"),
                                            nl_site_field(request, "authenticator_data"),
                                            nl_site_field(request, "signature")}};
    struct place place;
    char client[NL_IP_TEXT];
    name[0] = '\0';
    if (!place_of(staff, NULL, &place))
        return nl_error_set(err, NL_DATA, "there are no passkeys without staff.url");
    nl_ip_text(nl_request_client(request), client);
    const struct nl_login_place from = {client, nl_request_header(request, "User-Agent")};
    return nl_passkey_enter(staff->site->store, &place.asked, &login, &from,
                            staff->site->config->staff.session, name, session, err);
}

/* ---- on the page of an account ---- */

static enum nl_status note_passkey(const struct nl_passkey_line *line, void *ctx,
                                   struct nl_error *err) {
    json_t *one = json_object();
    char used[NL_ZONE_TEXT_LEN] = "";
    (void)err;
    if (line->used_at != 0)
        nl_zone_text(line->used_at, NULL, used);
    json_object_set_new(one, "id", json_integer((json_int_t)line->id));
    nl_data_set(one, "title", line->title);
    nl_data_set(one, "used", used);
    json_array_append_new(ctx, one);
    return NL_OK;
}

enum nl_status nl_passkeys_show(struct nl_staff_call *call, struct nl_error *err) {
    struct place place;
    char handle[NL_MAC_TEXT_LEN + 1];
    json_t *array = json_array();
    bool possible = place_of(call->staff, call->session->name, &place);
    enum nl_status status =
        nl_passkeys_each(call->staff->site->store, call->session->name, note_passkey, array, err);
    json_object_set_new(call->data, "any_passkeys", json_boolean(json_array_size(array) > 0));
    json_object_set_new(call->data, "passkeys", array);
    json_object_set_new(call->data, "passkeys_possible", json_boolean(possible));
    if (!possible)
        return status;
    nl_passkey_handle(call->staff->site->store, call->session->name, handle);
    nl_data_set(call->data, "handle", handle);
    add_challenge(call->staff, &place, call->data);
    return status;
}

enum nl_status nl_passkeys_add(struct nl_staff_call *call, struct nl_error *err) {
    const struct nl_passkey_new wanted = {nl_site_field(call->request, "title"),
                                          nl_site_field(call->request, "client_data"),
                                          nl_site_field(call->request, "attestation")};
    struct place place;
    if (!place_of(call->staff, call->session->name, &place))
        return nl_error_set(err, NL_DATA, "there are no passkeys without staff.url");
    return nl_passkey_add(call->staff->site->store, call->session->name, &place.asked, &wanted,
                          &call->session->actor, err);
}

enum nl_status nl_passkeys_remove(struct nl_staff_call *call, struct nl_error *err) {
    int64_t id = 0;
    if (!nl_text_integer(nl_site_field(call->request, "passkey"), &id))
        return nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no such passkey"));
    return nl_passkey_remove(call->staff->site->store, call->session->name, id,
                             &call->session->actor, err);
}
