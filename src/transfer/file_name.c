#include "transfer/lexicon_entry.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* The name of a file says who is in it: "unsubscribed_segment_export_1a2b.csv". */

enum { TOKENS = 32, JOINED = 3 };

struct tokens {
    char text[TOKENS][NL_WORD_SIZE];
    size_t count;
};

static bool is_part(char c) {
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* Where one word of "UnsubscribedContacts2021" ends. */
static bool is_edge(char before, char after) {
    bool digits = isdigit((unsigned char)before) != 0;
    return digits != (isdigit((unsigned char)after) != 0) ||
           (islower((unsigned char)before) && isupper((unsigned char)after));
}

static void split(const char *name, struct tokens *out) {
    while (*name != '\0' && out->count < TOKENS) {
        size_t len = 0;
        while (is_part(name[len]) && (len == 0 || !is_edge(name[len - 1], name[len])))
            len++;
        if (len > 0 && len < NL_WORD_SIZE) {
            memcpy(out->text[out->count], name, len);
            out->text[out->count++][len] = '\0';
        }
        name += len > 0 ? len : 1;
    }
}

/* The meaning of some words together: "opt-out". */
static bool look_up(const struct nl_lexicon *lexicon, const struct tokens *tokens, size_t at,
                    size_t count, enum nl_sign *sign) {
    char joined[JOINED * NL_WORD_SIZE] = "";
    size_t len = 0;
    for (size_t i = at; i < at + count; i++)
        len += (size_t)snprintf(joined + len, sizeof joined - len, "%s", tokens->text[i]);
    return nl_lexicon_file_word(lexicon, joined, sign);
}

enum nl_sign nl_lexicon_file(const struct nl_lexicon *lexicon, const char *path) {
    const char *slash = strrchr(path, '/');
    struct tokens tokens = {0};
    enum nl_sign strongest = NL_SIGN_NONE;
    bool opposite = false;
    split(slash != NULL ? slash + 1 : path, &tokens);
    for (size_t at = 0; at < tokens.count;) {
        enum nl_sign sign = NL_SIGN_NONE;
        size_t count = tokens.count - at < JOINED ? tokens.count - at : JOINED;
        while (count > 0 && !look_up(lexicon, &tokens, at, count, &sign))
            count--;
        if (count > 0 && sign > strongest && !opposite)
            strongest = sign;
        opposite = count > 0 && sign == NL_SIGN_NONE;
        at += count > 0 ? count : 1;
    }
    return strongest;
}
