/* Decides whether a form that causes mail is accepted. */
#ifndef NL_WEB_GATE_H
#define NL_WEB_GATE_H

#include "web/page.h"

enum nl_gate {
    NL_GATE_OPEN,
    NL_GATE_AGAIN, /* show the form once more, with a fresh stamp */
    NL_GATE_FULL,  /* a limit is reached; the answer has its Retry-After */
};

/* A form passes once, if we showed it two seconds to a day ago (`serve.check_forms`), with a proof
 * of work where `serve.challenge` asks for one, and within the limits of the visitor's network and
 * of the installation. */
enum nl_status nl_gate_pass(struct nl_site *site, const struct nl_request *request,
                            struct nl_response *response, enum nl_gate *out, struct nl_error *err);

/* Adds what a form needs to pass: its stamp, the honeypot, the challenge. `list` (or NULL) is whom
 * to write to without scripts. */
void nl_gate_data(const struct nl_site *site, const struct nl_list *list, json_t *data,
                  struct nl_response *response);

/* The script that works on the challenge. */
enum nl_status nl_gate_script(struct nl_site *site, const struct nl_request *request,
                              struct nl_response *response, struct nl_error *err);

#endif
