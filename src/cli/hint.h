/* "did you mean 'send'?" */
#ifndef NL_CLI_HINT_H
#define NL_CLI_HINT_H

#include <stddef.h>

enum { CLI_SUGGESTIONS = 3, CLI_HINT_LEN = 160 };

/* The known words that are nearest to a mistyped one. Zero-initialise it with `wanted`. */
struct cli_suggestion {
    const char *wanted;
    const char *words[CLI_SUGGESTIONS];
    size_t count;
    size_t distance; /* of each of `words` */
};

/* Looks at one known word, and keeps it if none so far was nearer and it is near enough: no more
 * than a third of its letters differ, or `wanted` is its beginning. */
void cli_suggest(struct cli_suggestion *suggestion, const char *word);

/* Writes ": did you mean 'send' or 'segment'?" with `prefix` before each word, or "" for none. */
void cli_suggestion_text(const struct cli_suggestion *suggestion, const char *prefix,
                         char out[CLI_HINT_LEN]);

#endif
