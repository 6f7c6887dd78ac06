#include "draft_support.h"

#include <stdlib.h>

int64_t draft_begin(const struct nl_office *office, const char *title) {
    struct nl_error err = {0};
    const struct nl_draft_start start = {.list = "news", .title = title};
    int64_t id = 0;
    assert_ok(nl_office_draft_begin(office, &start, &id, &err));
    return id;
}

char *draft_text(const struct nl_office *office, int64_t id, const char *language,
                 struct nl_revision *revision) {
    struct nl_error err = {0};
    json_t *draft = NULL;
    json_t *text = NULL;
    char *source = NULL;
    size_t at = 0;
    assert_ok(nl_office_draft_read(office, id, &draft, &err));
    json_array_foreach(json_object_get(draft, "texts"), at, text) {
        if (strcmp(json_string_value(json_object_get(text, "language")), language) != 0)
            continue;
        source = strdup(json_string_value(json_object_get(text, "source")));
        strcpy(revision->text, json_string_value(json_object_get(text, "revision")));
    }
    json_decref(draft);
    assert_non_null(source);
    return source;
}
