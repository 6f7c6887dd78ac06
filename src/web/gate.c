#include "web/gate.h"

#include "newsletter/service/sign_up.h"
#include "newsletter/template/data.h"
#include "web/proof.h"
#include "web/stamp.h"

#include <stdio.h>

static bool is_ours(const struct nl_site *site, const struct nl_request *request) {
    const char *stamp = nl_request_form(request, "stamp");
    return nl_stamp_is_timely(nl_store_secret(site->store), stamp, nl_site_now(site)) &&
           (!site->config->serve.challenge ||
            nl_proof_is_good(stamp, nl_request_form(request, "proof")));
}

enum nl_status nl_gate_pass(struct nl_site *site, const struct nl_request *request,
                            struct nl_response *response, enum nl_gate *out, struct nl_error *err) {
    const struct nl_office office = nl_site_office(site);
    bool checked = site->config->serve.check_forms;
    bool first = true;
    *out = NL_GATE_AGAIN;
    if (checked && !is_ours(site, request))
        return NL_OK;
    enum nl_status status =
        nl_office_sign_up_admit(&office, nl_request_client(request), &response->retry_after, err);
    if (status != NL_OK || response->retry_after > 0) {
        *out = NL_GATE_FULL;
        return status;
    }
    if (checked)
        status = nl_office_sign_up_once(&office, nl_site_field(request, "stamp"),
                                        nl_site_now(site) + NL_STAMP_SECONDS, &first, err);
    *out = first ? NL_GATE_OPEN : NL_GATE_AGAIN;
    return status;
}

void nl_gate_data(const struct nl_site *site, const struct nl_list *list, json_t *data,
                  struct nl_response *response) {
    struct nl_buf stamp = {0};
    bool challenge = site->config->serve.challenge && site->config->serve.check_forms;
    const char *contact = site->config->organisation.contact.email;
    char bits[16];
    snprintf(bits, sizeof bits, "%d", NL_PROOF_BITS);
    if (contact == NULL && list != NULL)
        contact = list->reply_to != NULL ? list->reply_to : list->sender;
    nl_stamp_write(nl_store_secret(site->store), nl_store_env(site->store), &stamp);
    nl_data_set(data, "stamp", nl_buf_text(&stamp));
    nl_data_set(data, "honeypot", NL_HONEYPOT);
    nl_data_set(data, "challenge", challenge ? bits : "");
    nl_data_set(data, "contact", contact);
    response->scripts = response->scripts || challenge;
    nl_buf_free(&stamp);
}

enum nl_status nl_gate_script(struct nl_site *site, const struct nl_request *request,
                              struct nl_response *response, struct nl_error *err) {
    struct nl_theme theme = {.folder = site->config->templates};
    json_t *data = json_object();
    (void)request;
    enum nl_status status = nl_theme_render(&theme, "challenge.js", data, &response->body, err);
    json_decref(data);
    response->type = "text/javascript; charset=utf-8";
    response->cacheable = true;
    return status;
}
