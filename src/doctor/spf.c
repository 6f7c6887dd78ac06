#include "doctor/spf.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define HAVE_NS_TYPE 1
#include <spf2/spf.h>

/* ---- a layer of libspf2 that asks our resolver ---- */

static bool put_record(SPF_dns_rr_t *answer, int index, ns_type type, const char *text) {
    size_t len = strlen(text);
    bool address = type == ns_t_a || type == ns_t_aaaa;
    if (SPF_dns_rr_buf_realloc(answer, index, address ? sizeof(SPF_dns_rr_data_t) : len + 1) !=
        SPF_E_SUCCESS)
        return false;
    SPF_dns_rr_data_t *data = answer->rr[index];
    if (type == ns_t_a)
        inet_pton(AF_INET, text, &data->a);
    else if (type == ns_t_aaaa)
        inet_pton(AF_INET6, text, &data->aaaa);
    else
        memcpy(data->txt, text, len + 1);
    answer->num_rr = index + 1;
    return true;
}

static enum nl_status ask(struct nl_dns *dns, const char *name, ns_type type,
                          struct nl_answers *out) {
    struct nl_error ignored = {0};
    enum nl_status status = NL_OK;
    *out = (struct nl_answers){0};
    if (type == ns_t_a)
        status = nl_dns_ask(dns, NL_DNS_A, name, out, &ignored);
    else if (type == ns_t_aaaa)
        status = nl_dns_ask(dns, NL_DNS_AAAA, name, out, &ignored);
    else if (type == ns_t_mx)
        status = nl_dns_ask(dns, NL_DNS_MX, name, out, &ignored);
    else if (type == ns_t_txt)
        status = nl_dns_ask(dns, NL_DNS_TXT, name, out, &ignored);
    nl_error_free(&ignored);
    return status;
}

static SPF_dns_rr_t *look_up(SPF_dns_server_t *layer, const char *name, ns_type type,
                             int should_cache) {
    struct nl_answers answers = {0};
    (void)should_cache;
    enum nl_status status = ask(layer->hook, name, type, &answers);
    int code = status != NL_OK ? TRY_AGAIN : answers.count == 0 ? NO_DATA : NETDB_SUCCESS;
    SPF_dns_rr_t *answer = SPF_dns_rr_new_init(layer, name, type, 0, code);
    for (size_t i = 0; answer != NULL && i < answers.count; i++)
        if (!put_record(answer, (int)i, type, answers.items[i]))
            break;
    nl_answers_free(&answers);
    return answer;
}

/* ---- the result ---- */

static enum nl_spf_result translate(SPF_result_t result) {
    switch (result) {
    case SPF_RESULT_PASS:
        return NL_SPF_PASS;
    case SPF_RESULT_FAIL:
        return NL_SPF_FAIL;
    case SPF_RESULT_SOFTFAIL:
        return NL_SPF_SOFTFAIL;
    case SPF_RESULT_NEUTRAL:
        return NL_SPF_NEUTRAL;
    case SPF_RESULT_NONE:
        return NL_SPF_NONE;
    default:
        return NL_SPF_BROKEN;
    }
}

static void explain(SPF_response_t *response, struct nl_buf *why) {
    for (int i = 0; i < SPF_response_messages(response); i++) {
        SPF_error_t *message = SPF_response_message(response, i);
        if (SPF_error_errorp(message))
            nl_buf_addf(why, "%s%s", why->len > 0 ? "; " : "", SPF_error_message(message));
    }
    if (why->len == 0)
        nl_buf_adds(why, SPF_strerror(SPF_response_errcode(response)));
}

/* libspf2 would print its findings. */
static void be_silent(const char *file, int line, const char *text) {
    (void)file;
    (void)line;
    (void)text;
}

static bool query(SPF_request_t *request, const char *domain, const char *address,
                  enum nl_spf_result *out, struct nl_buf *why) {
    SPF_response_t *response = NULL;
    struct nl_buf sender = {0};
    bool six = strchr(address, ':') != NULL;
    nl_buf_addf(&sender, "postmaster@%s", domain);
    bool complete = SPF_request_set_env_from(request, sender.data) == 0 &&
                    SPF_request_set_helo_dom(request, domain) == SPF_E_SUCCESS &&
                    (six ? SPF_request_set_ipv6_str(request, address)
                         : SPF_request_set_ipv4_str(request, address)) == SPF_E_SUCCESS;
    if (complete) {
        SPF_request_query_mailfrom(request, &response);
        complete = response != NULL;
    }
    if (complete) {
        *out = translate(SPF_response_result(response));
        if (*out == NL_SPF_BROKEN)
            explain(response, why);
    }
    if (response != NULL)
        SPF_response_free(response);
    nl_buf_free(&sender);
    return complete;
}

enum nl_status nl_spf_judge(struct nl_dns *dns, const char *domain, const char *address,
                            enum nl_spf_result *out, struct nl_buf *why, struct nl_error *err) {
    /* No destructor: the layer is ours and ends with this call. */
    SPF_dns_server_t layer = {.lookup = look_up, .name = "newsletter", .hook = dns};
    *out = NL_SPF_BROKEN;
    SPF_warning_handler = SPF_info_handler = SPF_debug_handler = be_silent;
    SPF_server_t *server = SPF_server_new_dns(&layer, 0);
    SPF_request_t *request = server != NULL ? SPF_request_new(server) : NULL;
    bool complete = request != NULL && query(request, domain, address, out, why);
    if (request != NULL)
        SPF_request_free(request);
    if (server != NULL)
        SPF_server_free(server);
    return complete ? NL_OK : nl_error_nomem(err);
}
