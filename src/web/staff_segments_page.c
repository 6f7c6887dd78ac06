#include "newsletter/base/catalog.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/lists.h"
#include "newsletter/service/segments.h"
#include "newsletter/template/data.h"
#include "web/segment_rows.h"
#include "web/staff_common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Segments: built from conditions that are chosen, or written as an expression, and counted at
 * once. Both forms are sent by GET, so that the page works without scripts and its address can be
 * kept. */

enum { SAMPLE = 10, EXPRESSION_MOST = 4000, SPARE_ROWS = 2 };

/* ---- the form of conditions ---- */

static const char *label_of_field(const struct nl_staff_call *call, const char *field) {
    static const char *const labels[] = {
        NL_TEXT("Email address"), NL_TEXT("Domain of the address"), NL_TEXT("Name"),
        NL_TEXT("Language"),      NL_TEXT("Where they agreed"),     NL_TEXT("Day of joining"),
        NL_TEXT("Attribute"),
    };
    for (size_t i = 0; nl_segment_fields[i] != NULL; i++)
        if (strcmp(field, nl_segment_fields[i]) == 0)
            return nl_staff_text(call, labels[i]);
    return field;
}

static const char *label_of_test(const struct nl_staff_call *call, const char *test) {
    static const char *const labels[] = {
        "=",
        "\xe2\x89\xa0",
        "<",
        "\xe2\x89\xa4",
        ">",
        "\xe2\x89\xa5",
        NL_TEXT("contains"),
        NL_TEXT("has among several values"),
        NL_TEXT("is known"),
        NL_TEXT("is not known"),
    };
    for (size_t i = 0; nl_segment_tests[i] != NULL; i++)
        if (strcmp(test, nl_segment_tests[i]) == 0)
            return nl_staff_text(call, labels[i]);
    return test;
}

static json_t *choices(const struct nl_staff_call *call, const char *const *words,
                       const char *chosen,
                       const char *(*label)(const struct nl_staff_call *call, const char *word)) {
    json_t *array = json_array();
    for (; *words != NULL; words++) {
        json_t *one = json_object();
        nl_data_set(one, "word", *words);
        nl_data_set(one, "label", label(call, *words));
        json_object_set_new(one, "chosen", json_boolean(strcmp(*words, chosen) == 0));
        json_array_append_new(array, one);
    }
    return array;
}

static void add_row(const struct nl_staff_call *call, json_t *array, size_t number,
                    const struct nl_segment_row *row) {
    json_t *one = json_object();
    json_object_set_new(one, "number", json_integer((json_int_t)number));
    json_object_set_new(one, "fields",
                        choices(call, nl_segment_fields, row->field, label_of_field));
    json_object_set_new(one, "tests", choices(call, nl_segment_tests, row->test, label_of_test));
    nl_data_set(one, "attribute", row->attribute);
    nl_data_set(one, "value", row->value);
    json_array_append_new(array, one);
}

/* The rows of the expression, and some that are empty. An expression that is not of such a form
 * leaves the rows empty and is said to be so. */
static void add_rows(const struct nl_staff_call *call, const char *expression) {
    static const struct nl_segment_row empty = {"", "", "=", ""};
    struct nl_segment_row rows[NL_SEGMENT_ROWS] = {{0}};
    struct nl_buf words = {0};
    json_t *array = json_array();
    size_t count = 0;
    bool any = false;
    nl_segment_to_rows(expression, rows, &count, &any, &words);
    for (size_t i = 0; i < count; i++)
        add_row(call, array, i + 1, &rows[i]);
    for (size_t i = 0; i < SPARE_ROWS && count + i < NL_SEGMENT_ROWS; i++)
        add_row(call, array, count + i + 1, &empty);
    json_object_set_new(call->data, "conditions", array);
    json_object_set_new(call->data, "any_of", json_boolean(any));
    json_object_set_new(call->data, "too_rich", json_boolean(count == 0 && expression[0] != '\0'));
    nl_buf_free(&words);
}

static enum nl_status read_rows(const struct nl_staff_call *call, struct nl_buf *out,
                                struct nl_error *err) {
    struct nl_segment_row rows[NL_SEGMENT_ROWS];
    for (size_t i = 0; i < NL_SEGMENT_ROWS; i++) {
        char names[4][16];
        static const char letters[] = "fatv";
        for (size_t at = 0; at < 4; at++)
            snprintf(names[at], sizeof names[at], "%c%zu", letters[at], i + 1);
        rows[i] = (struct nl_segment_row){
            nl_site_asked(call->request, names[0]), nl_site_asked(call->request, names[1]),
            nl_site_asked(call->request, names[2]), nl_site_asked(call->request, names[3])};
    }
    return nl_segment_from_rows(
        rows, NL_SEGMENT_ROWS, strcmp(nl_site_asked(call->request, "match"), "any") == 0, out, err);
}

/* ---- the expression, and how many it selects ---- */

/* That of the form, of the field for it, or of the saved segment that is asked for. */
static enum nl_status read_expression(const struct nl_staff_call *call, struct nl_buf *out,
                                      struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *name = nl_site_asked(call->request, "name");
    json_t *saved = NULL;
    if (strcmp(nl_site_asked(call->request, "build"), "1") == 0)
        return read_rows(call, out, err);
    nl_buf_adds(out, nl_site_asked(call->request, "where"));
    if (out->len > EXPRESSION_MOST)
        return nl_error_set(err, NL_DATA, NL_TEXT("the expression is longer than %d bytes"),
                            EXPRESSION_MOST);
    if (out->len > 0 || name[0] == '\0')
        return NL_OK;
    enum nl_status status = nl_office_segment_read(&office, name, &saved, err);
    if (status == NL_OK)
        nl_buf_adds(out, nl_facts_word(saved, "expression"));
    json_decref(saved);
    return status;
}

static enum nl_status count(const struct nl_staff_call *call, const char *expression,
                            struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *list = nl_site_asked(call->request, "list");
    const struct nl_segment_query query = {
        .where = expression, .list = list[0] != '\0' ? list : NULL, .sample = SAMPLE};
    struct nl_segment_people people = {0};
    enum nl_status status = nl_office_segment_people(&office, &query, &people, err);
    if (status != NL_OK)
        return status;
    json_object_set_new(call->data, "counted", json_true());
    json_object_set_new(call->data, "people", json_integer((json_int_t)people.count));
    json_object_set_new(call->data, "sample", people.sample);
    return NL_OK;
}

static enum nl_status add_choices(const struct nl_staff_call *call, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *chosen = nl_site_asked(call->request, "list");
    json_t *lists = NULL;
    json_t *segments = NULL;
    size_t at = 0;
    json_t *list = NULL;
    enum nl_status status = nl_office_list_names(&office, &lists, err);
    if (status == NL_OK)
        status = nl_office_segments(&office, &segments, err);
    json_array_foreach(lists, at, list) json_object_set_new(
        list, "chosen", json_boolean(strcmp(nl_facts_word(list, "name"), chosen) == 0));
    json_object_set_new(call->data, "lists", lists != NULL ? lists : json_array());
    json_object_set_new(call->data, "any_saved", json_boolean(json_array_size(segments) > 0));
    json_object_set_new(call->data, "saved", segments != NULL ? segments : json_array());
    return status;
}

static enum nl_status show(struct nl_staff_call *call, struct nl_response *response,
                           struct nl_error *err) {
    struct nl_buf expression = {0};
    nl_staff_say(call, "heading", NL_TEXT("Segments"));
    if (nl_site_asked(call->request, "done")[0] != '\0')
        nl_staff_say(call, "done", NL_TEXT("Done."));
    json_object_set_new(call->data, "counted", json_false());
    enum nl_status status = read_expression(call, &expression, err);
    const char *text = nl_buf_text(&expression);
    if (status == NL_OK && text[0] != '\0')
        status = count(call, text, err);
    if (status != NL_OK && nl_staff_explains(call, status, response, err))
        status = NL_OK;
    nl_data_set(call->data, "where", text);
    nl_data_set(call->data, "name", nl_site_asked(call->request, "name"));
    json_object_set_new(call->data, "ready", json_boolean(text[0] != '\0'));
    add_rows(call, text);
    nl_buf_free(&expression);
    if (status == NL_OK)
        status = add_choices(call, err);
    return nl_staff_finish(call, status, "staff-segments.html", response, err);
}

/* ---- saving and removing ---- */

static enum nl_status carry_out(const struct nl_staff_call *call, const char *action,
                                struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    const char *name = nl_site_asked(call->request, "name");
    if (strcmp(action, "save") == 0)
        return nl_office_segment_put(&office, name, nl_site_asked(call->request, "where"), err);
    if (strcmp(action, "remove") == 0)
        return nl_office_segment_remove(&office, name, err);
    return nl_error_set(err, NL_DATA, "'%s' is not an action", action);
}

static enum nl_status act(struct nl_staff_call *call, struct nl_response *response,
                          struct nl_error *err) {
    const char *action = nl_site_asked(call->request, "action");
    enum nl_status status = carry_out(call, action, err);
    if (status != NL_OK && nl_staff_explains(call, status, response, err))
        return show(call, response, err);
    json_decref(call->data);
    if (status != NL_OK)
        return status;
    return nl_staff_redirect(call->staff,
                             strcmp(action, "save") == 0 ? "/segments?done=saved"
                                                         : "/segments?done=removed",
                             response, err);
}

/* A segment selects among the people of all lists, and its sample shows them. */
enum nl_status nl_segments_call(struct nl_staff_call *call, const char *rest,
                                struct nl_response *response, struct nl_error *err) {
    bool ok = false;
    enum nl_status status = nl_people_everywhere(call, &ok, err);
    if (status != NL_OK)
        return status;
    if (!ok)
        return nl_staff_forbidden(call, response, err);
    if (rest[0] != '\0')
        return nl_staff_no_page(call, response, err);
    return nl_request_is_post(call->request) ? act(call, response, err) : show(call, response, err);
}
