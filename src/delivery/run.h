/* One run over one scope: lease, send, record, in group commits. */
#ifndef NL_DELIVERY_RUN_H
#define NL_DELIVERY_RUN_H

#include "newsletter/base/attribute.h"
#include "newsletter/bulletin/message.h"
#include "newsletter/delivery/send.h"
#include "newsletter/dkim/dkim.h"
#include "newsletter/smime/smime.h"

/* The message for subscribers of one language. */
struct nl_run_message {
    char *language; /* NULL if not known */
    struct nl_message *message;
    struct nl_message *alternative;   /* with the other subject; NULL if there is none */
    struct nl_dkim_body *body;        /* the common beginning of its copies; may be NULL */
    struct nl_smime_content *content; /* the same for S/MIME */
    char *wording; /* the words of a notice that asks (nl_notice_wording); else NULL */
};

struct nl_run_plan {
    struct nl_store *store;
    const struct nl_config *config;
    const struct nl_relay *relay;
    struct nl_scope scope;
    const struct nl_run_message *messages; /* the first is for languages without one */
    size_t message_count; /* 0: each delivery has its own (store/transactional.h) */
    const char *fields;   /* of the header, for all messages; NULL: none */
    const char *from;     /* the list's sender, "Name <address>" */
    const struct nl_run_options *options;
};

/* The message for a language; the first is for everybody who has none in theirs. */
const struct nl_run_message *nl_run_message_in(const struct nl_run_plan *plan,
                                               const char *language);

/* Sends until nothing is queued or due, or until something stops it. Adds to `summary`. */
NL_CHECKED enum nl_status nl_run(const struct nl_run_plan *plan, struct nl_run_summary *summary,
                                 struct nl_error *err);

#endif
