#include "resolve/made_lookup.h"

#include <stdlib.h>
#include <string.h>

void made_answer_add(struct made_answer *answer, const void *data, size_t len) {
    assert_true(answer->count < MADE_RECORDS && len <= MADE_LONGEST);
    memcpy(answer->bytes[answer->count], data, len);
    answer->data[answer->count] = answer->bytes[answer->count];
    answer->len[answer->count++] = (int)len;
    answer->result.data = answer->data;
    answer->result.len = answer->len;
    answer->result.havedata = 1;
}

struct lookup *made_lookup(struct nl_resolver *resolver) {
    struct lookup *lookup = calloc(1, sizeof *lookup);
    assert_non_null(lookup);
    lookup->hosts = calloc(NL_MAIL_HOSTS + 1, sizeof lookup->hosts[0]);
    lookup->questions = calloc(NL_QUESTIONS, sizeof lookup->questions[0]);
    assert_non_null(lookup->hosts);
    assert_non_null(lookup->questions);
    lookup->resolver = resolver;
    return lookup;
}
