#include "web/staff_choice.h"

#include "newsletter/report/facts.h"
#include "newsletter/service/segments.h"
#include "newsletter/template/data.h"
#include "newsletter/template/language_name.h"
#include "web/staff_person.h"

#include <string.h>

void nl_choice_add(json_t *choices, const char *word, const char *label, const char *chosen) {
    json_t *one = json_object();
    nl_data_set(one, "word", word);
    nl_data_set(one, "label", label);
    json_object_set_new(one, "chosen", json_boolean(chosen != NULL && strcmp(word, chosen) == 0));
    json_object_set_new(one, "plain", json_boolean(strcmp(word, label) == 0));
    json_array_append_new(choices, one);
}

json_t *nl_choices_of_lists(const struct nl_people_rights *rights, const char *chosen) {
    json_t *array = json_array();
    size_t at = 0;
    json_t *list = NULL;
    json_array_foreach(rights->lists, at, list)
        nl_choice_add(array, nl_facts_word(list, "name"), nl_facts_word(list, "title"), chosen);
    return array;
}

json_t *nl_choices(const struct nl_staff_call *call, const struct nl_choice *choices,
                   const char *context, const char *chosen) {
    json_t *array = json_array();
    for (const struct nl_choice *one = choices; one->word != NULL; one++)
        nl_choice_add(array, one->word, nl_catalog_text(call->theme->catalog, context, one->label),
                      chosen);
    return array;
}

json_t *nl_choices_of_states(const struct nl_staff_call *call, const char *chosen) {
    json_t *array = json_array();
    for (const struct nl_person_state *one = nl_person_states; one->state != NULL; one++)
        nl_choice_add(array, one->state, nl_person_state_label(call, one->state), chosen);
    return array;
}

enum nl_status nl_choose_segment(const struct nl_office *office, bool offers, const char *chosen,
                                 json_t *data, struct nl_error *err) {
    json_t *segments = NULL;
    json_t *names = json_array();
    json_t *one = NULL;
    size_t at = 0;
    enum nl_status status = offers ? nl_office_segments(office, &segments, err) : NL_OK;
    json_array_foreach(segments, at, one)
        nl_choice_add(names, nl_facts_word(one, "name"), nl_facts_word(one, "name"), chosen);
    json_object_set_new(data, "any_segments", json_boolean(json_array_size(names) > 0));
    json_object_set_new(data, "segments", names);
    json_decref(segments);
    return status;
}

struct nl_audience nl_choice_of_audience(const struct nl_request *request) {
    return (struct nl_audience){.segment = nl_site_asked(request, "segment"),
                                .language = nl_site_asked(request, "audience_language")};
}

static void mark(json_t *choices, const char *member, const char *chosen) {
    json_t *one = NULL;
    size_t at = 0;
    json_array_foreach(choices, at, one) json_object_set_new(
        one, "chosen", json_boolean(strcmp(nl_facts_word(one, member), chosen) == 0));
}

/* One that nobody reads any more, or within a segment, is still the one that was chosen. */
static void offer_language(json_t *languages, const char *chosen) {
    json_t *one = NULL;
    size_t at = 0;
    bool there = chosen[0] == '\0';
    json_array_foreach(languages, at, one) there =
        there || strcmp(nl_facts_word(one, "language"), chosen) == 0;
    if (!there)
        json_array_append_new(languages, json_pack("{s:s, s:i}", "language", chosen, "people", 0));
}

static void name_languages(json_t *languages) {
    json_t *one = NULL;
    size_t at = 0;
    json_array_foreach(languages, at, one) {
        struct nl_buf name = {0};
        nl_language_name(nl_facts_word(one, "language"), &name);
        nl_data_set(one, "name", nl_buf_text(&name));
        nl_buf_free(&name);
    }
}

enum nl_status nl_choose_audience(const struct nl_office *office, const struct nl_audience *chosen,
                                  json_t *languages, json_t *data, struct nl_error *err) {
    json_t *segments = NULL;
    enum nl_status status = nl_office_segments(office, &segments, err);
    mark(segments, "name", chosen->segment);
    offer_language(languages, chosen->language);
    mark(languages, "language", chosen->language);
    name_languages(languages);
    bool any_segments = json_array_size(segments) > 0;
    bool any_languages = json_array_size(languages) > 1 || chosen->language[0] != '\0';
    nl_data_set(data, "segment", chosen->segment);
    nl_data_set(data, "audience_language", chosen->language);
    json_object_set_new(data, "any_segments", json_boolean(any_segments));
    json_object_set_new(data, "any_languages", json_boolean(any_languages));
    json_object_set_new(data, "any_audience", json_boolean(any_segments || any_languages));
    json_object_set_new(data, "segments", segments != NULL ? segments : json_array());
    json_object_set(data, "audience_languages", languages);
    return status;
}
