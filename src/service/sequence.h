/* How one sequence of lines or words became another. */
#ifndef NL_SERVICE_SEQUENCE_H
#define NL_SERVICE_SEQUENCE_H

#include <jansson.h>
#include <stdbool.h>

/* Parts of a text that outlives it. Zero-initialise; free with nl_sequence_free. */
struct nl_sequence {
    const char **at;
    size_t *len;
    size_t count;
};

/* The lines of a text, without their ends. */
void nl_sequence_lines(const char *text, struct nl_sequence *out);

/* Its words and the signs between them: together they are the text. */
void nl_sequence_words(const char *text, struct nl_sequence *out);

void nl_sequence_free(struct nl_sequence *sequence);

/* Objects with "kind" ("same", "gone", "new") and "text", by the longest common subsequence. The
 * caller frees it. */
json_t *nl_sequence_compare(const struct nl_sequence *a, const struct nl_sequence *b);

#endif
