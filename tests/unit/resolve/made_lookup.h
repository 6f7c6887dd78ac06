/* A lookup that asks nobody, and answers of the DNS with records that a test makes. */
#ifndef NL_TESTS_MADE_LOOKUP_H
#define NL_TESTS_MADE_LOOKUP_H

#include "resolve/lookup.h"
#include "support.h"

enum { MADE_RECORDS = 40, MADE_LONGEST = 2052 };

/* Zeroed: no record. `result` points into it. */
struct made_answer {
    struct ub_result result;
    char bytes[MADE_RECORDS][MADE_LONGEST];
    char *data[MADE_RECORDS + 1];
    int len[MADE_RECORDS];
    size_t count;
};

/* Adds a record with these bytes, as the DNS has them. */
void made_answer_add(struct made_answer *answer, const void *data, size_t len);

/* Has room for hosts and questions; free it with nl_lookup_free. */
struct lookup *made_lookup(struct nl_resolver *resolver);

#endif
