#include "newsletter/base/kept_error.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/buf.h"

#include <stdlib.h>
#include <string.h>

enum { PARTS_MOST = 16 };

/* ---- to be stored ---- */

static json_t *keep_part(const struct nl_error_part *part) {
    json_t *array = json_array();
    bool whole = json_array_append_new(array, json_string(part->format)) == 0;
    for (size_t at = 0; whole && at < part->words_len; at += strlen(part->words + at) + 1)
        whole = json_array_append_new(array, json_string(part->words + at)) == 0;
    if (whole)
        return array;
    json_decref(array); /* a word may have been cut within a letter */
    return NULL;
}

json_t *nl_error_keep(const struct nl_error *err) {
    json_t *kept = err->parts != NULL ? json_array() : NULL;
    for (const struct nl_error_part *part = err->parts; kept != NULL && part != NULL;
         part = part->within) {
        if (json_array_append_new(kept, keep_part(part)) != 0) {
            json_decref(kept);
            return NULL;
        }
    }
    return kept;
}

/* ---- to be worded ---- */

/* Borrows the format. */
static bool restore_part(const json_t *array, struct nl_error_part *out) {
    struct nl_buf words = {0};
    out->format = json_string_value(json_array_get(array, 0));
    for (size_t i = 1; i < json_array_size(array); i++) {
        const char *word = json_string_value(json_array_get(array, i));
        nl_buf_adds(&words, word != NULL ? word : "");
        nl_buf_addc(&words, '\0');
    }
    out->words_len = words.len;
    out->words = nl_buf_take(&words);
    return out->format != NULL;
}

char *nl_catalog_kept(const struct nl_catalog *catalog, const json_t *kept, const char *text) {
    struct nl_error_part parts[PARTS_MOST] = {0};
    size_t count = json_array_size(kept);
    bool whole = count > 0 && count <= PARTS_MOST;
    for (size_t i = 0; whole && i < count; i++) {
        whole = restore_part(json_array_get(kept, i), &parts[i]);
        parts[i].within = i + 1 < count ? &parts[i + 1] : NULL;
    }
    const struct nl_error err = {.parts = parts};
    char *worded = whole ? nl_catalog_error(catalog, &err) : nl_strdup(text);
    for (size_t i = 0; i < PARTS_MOST; i++)
        free(parts[i].words);
    return worded;
}
