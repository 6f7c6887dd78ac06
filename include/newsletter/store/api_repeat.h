/* Answers to calls of the API that make something, kept for a day under the key that the caller
 * chose: the same call once more gets the same answer and makes nothing twice. */
#ifndef NEWSLETTER_STORE_API_REPEAT_H
#define NEWSLETTER_STORE_API_REPEAT_H

#include "newsletter/base/token.h"
#include "newsletter/db/handle.h"

enum nl_repeat {
    NL_REPEAT_NEW,     /* the first time: do it, then call nl_repeat_keep or nl_repeat_forget */
    NL_REPEAT_SAME,    /* done before: `answer` has what was answered */
    NL_REPEAT_OTHER,   /* the key came with another request */
    NL_REPEAT_RUNNING, /* the first one is not answered yet */
};

/* One call. Texts are borrowed. */
struct nl_repeat_call {
    const char *token;                   /* the name of the caller's */
    const char *key;                     /* what they chose */
    unsigned char digest[NL_DIGEST_LEN]; /* of the request */
};

/* An answer. Free with nl_repeat_answer_free. */
struct nl_repeat_answer {
    int64_t status;
    char *location; /* NULL: none */
    char *body;
};
void nl_repeat_answer_free(struct nl_repeat_answer *answer);

/* Begins a call, and forgets those of more than a day ago. A first call that was never answered,
 * since its process ended, is begun again after a minute. */
NL_CHECKED enum nl_status nl_repeat_begin(struct nl_store *store, const struct nl_repeat_call *call,
                                          enum nl_repeat *what, struct nl_repeat_answer *answer,
                                          struct nl_error *err) NL_ALL_NONNULL;

NL_CHECKED enum nl_status nl_repeat_keep(struct nl_store *store, const struct nl_repeat_call *call,
                                         const struct nl_repeat_answer *answer,
                                         struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_repeat_forget(struct nl_store *store,
                                           const struct nl_repeat_call *call,
                                           struct nl_error *err) NL_ALL_NONNULL;

#endif
