#include "newsletter/base/suggest.h"

#include <stdint.h>
#include <string.h>

enum { WORD_LIMIT = 63, PREFIX_LEAST = 3 };

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* The optimal string alignment distance, with three rows of its table. */
size_t nl_edit_distance(const char *a, const char *b) {
    size_t rows[3][WORD_LIMIT + 1] = {{0}};
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    if (a_len > WORD_LIMIT || b_len > WORD_LIMIT)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

const char *nl_suggest(const char *word, const char *const *known) {
    const char *best = NULL;
    size_t len = strlen(word);
    size_t nearest = (len < 3 ? 1 : len / 3) + 1;
    for (; *known != NULL; known++) {
        size_t distance = nl_edit_distance(word, *known);
        if (len >= PREFIX_LEAST && strncmp(word, *known, len) == 0)
            distance = least(distance, 1);
        if (distance < nearest) {
            nearest = distance;
            best = *known;
        }
    }
    return best;
}
