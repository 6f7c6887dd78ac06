#include "newsletter/service/audience.h"

#include "newsletter/base/language.h"
#include "newsletter/service/segments.h"
#include "newsletter/store/issue.h"

#include <stdlib.h>
#include <string.h>

static const char *given(const char *text) {
    return text != NULL && text[0] != '\0' ? text : NULL;
}

/* By itself first: parentheses that do not match must not match around both. */
static enum nl_status add_where(const struct nl_office *office, const char *where,
                                struct nl_buf *out, struct nl_error *err) {
    struct nl_segment *alone = NULL;
    enum nl_status status = nl_office_segment(office, where, NULL, &alone, NULL, err);
    nl_segment_free(alone);
    nl_buf_addf(out, "(%s) and ", where);
    return status;
}

enum nl_status nl_office_audience(const struct nl_office *office,
                                  const struct nl_audience *audience, struct nl_segment **out,
                                  char **text, struct nl_error *err) {
    const char *language = given(audience->language);
    const char *where = given(audience->where);
    struct nl_buf both = {0};
    enum nl_status status = NL_OK;
    *out = NULL;
    *text = NULL;
    if (language != NULL && !nl_language_is_tag(language))
        return nl_error_set(err, NL_DATA, "'%s' is not a language: use a tag such as ru or pt-BR",
                            language);
    if (language != NULL && where != NULL)
        status = add_where(office, where, &both, err);
    if (language != NULL)
        nl_buf_addf(&both, "language = \"%s\"", language);
    if (status == NL_OK)
        status = nl_office_segment(office, language != NULL ? nl_buf_text(&both) : where,
                                   given(audience->segment), out, text, err);
    nl_buf_free(&both);
    return status;
}

/* ---- languages ---- */

static enum nl_status add_count(const char *language, int64_t people, void *ctx,
                                struct nl_error *err) {
    json_t *one = json_pack("{s:s, s:I}", "language", language, "people", (json_int_t)people);
    return json_array_append_new(ctx, one) == 0 ? NL_OK : nl_error_nomem(err);
}

enum nl_status nl_office_audience_count(const struct nl_office *office, const struct nl_list *list,
                                        const struct nl_segment *segment, json_t **out,
                                        struct nl_error *err) {
    *out = json_array();
    enum nl_status status =
        nl_issue_audience_languages(office->store, list->id, segment, add_count, *out, err);
    if (status != NL_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return status;
}

static json_t *find_language(const json_t *languages, const char *wanted) {
    json_t *one = NULL;
    size_t at = 0;
    json_array_foreach(languages, at, one) {
        if (strcmp(json_string_value(json_object_get(one, "language")), wanted) == 0)
            return one;
    }
    return NULL;
}

/* The most first; a list has a handful of them. */
static void sort(json_t *languages) {
    for (size_t i = 1; i < json_array_size(languages); i++)
        for (size_t at = i; at > 0; at--) {
            json_t *one = json_array_get(languages, at);
            json_t *before = json_array_get(languages, at - 1);
            if (json_integer_value(json_object_get(before, "people")) >=
                json_integer_value(json_object_get(one, "people")))
                break;
            json_incref(one);
            json_array_set(languages, at, before);
            json_array_set_new(languages, at - 1, one);
        }
}

json_t *nl_audience_languages_read(const struct nl_list *list, const json_t *count) {
    json_t *out = json_array();
    size_t at = 0;
    const json_t *told = NULL;
    json_array_foreach(count, at, told) {
        const char *language = json_string_value(json_object_get(told, "language"));
        char primary[NL_LANGUAGE_TAG];
        nl_language_primary(language[0] != '\0' ? language : list->language, primary);
        json_t *one = find_language(out, primary);
        if (one == NULL) {
            one = json_pack("{s:s}", "language", primary);
            json_array_append_new(out, one);
        }
        json_int_t people = json_integer_value(json_object_get(one, "people")) +
                            json_integer_value(json_object_get(told, "people"));
        json_object_set_new(one, "people", json_integer(people));
    }
    sort(out);
    return out;
}
