/* How outcomes stand in rows of deliveries and attempts. */
#ifndef NL_STORE_OUTCOME_WORDS_H
#define NL_STORE_OUTCOME_WORDS_H

#include "newsletter/store/delivery.h"

/* The state of a delivery after it. */
static inline const char *nl_outcome_state(enum nl_outcome outcome) {
    static const char *const states[] = {"sent",   "deferred", "bounced",
                                         "failed", "unknown",  "queued"};
    return states[outcome];
}

/* NULL where there is none. */
static inline const char *nl_text_or_null(const char *text) {
    return text != NULL && text[0] != '\0' ? text : NULL;
}

#endif
