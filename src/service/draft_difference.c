#include "newsletter/base/memory.h"
#include "newsletter/service/drafts.h"
#include "service/sequence.h"

#include <stdlib.h>
#include <string.h>

enum { NEAR = 2 };

/* Leaves out lines that are far from any change. */
static json_t *shorten(const json_t *all) {
    json_t *out = json_array();
    size_t count = json_array_size(all);
    bool *near = nl_calloc(count + 1, sizeof *near);
    for (size_t i = 0; i < count; i++) {
        const char *kind = json_string_value(json_object_get(json_array_get(all, i), "kind"));
        for (size_t k = i >= NEAR ? i - NEAR : 0;
             strcmp(kind, "same") != 0 && k < count && k <= i + NEAR; k++)
            near[k] = true;
    }
    for (size_t i = 0; i < count; i++) {
        if (near[i])
            json_array_append(out, json_array_get(all, i));
        else if (i == 0 || near[i - 1])
            json_array_append_new(out, json_pack("{s:s, s:s}", "kind", "gap", "text", ""));
    }
    free(near);
    return out;
}

json_t *nl_draft_difference(const char *before, const char *after) {
    struct nl_sequence a = {0};
    struct nl_sequence b = {0};
    nl_sequence_lines(before, &a);
    nl_sequence_lines(after, &b);
    json_t *all = nl_sequence_compare(&a, &b);
    json_t *out = shorten(all);
    json_decref(all);
    nl_sequence_free(&a);
    nl_sequence_free(&b);
    return out;
}
