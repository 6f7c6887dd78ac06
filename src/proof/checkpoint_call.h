/* A request to a service that the configuration names for checkpoints. */
#ifndef NL_PROOF_CHECKPOINT_CALL_H
#define NL_PROOF_CHECKPOINT_CALL_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

struct nl_checkpoint_call {
    const char *url;
    const char *type; /* of the body */
    const char *body;
    size_t len;
    long code;            /* of the answer */
    struct nl_buf answer; /* the caller frees it */
};

/* Posts it. Time and the size of the answer are bounded. NL_TEMPFAIL where there is no answer. */
NL_CHECKED enum nl_status nl_checkpoint_post(struct nl_checkpoint_call *call,
                                             struct nl_error *err) NL_ALL_NONNULL;

#endif
