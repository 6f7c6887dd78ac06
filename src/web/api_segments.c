#include "newsletter/service/segments.h"
#include "web/api.h"

enum { SAMPLE = 10, SAMPLE_MOST = 1000 };

enum nl_status nl_api_get_segments(struct nl_api_call *call, struct nl_error *err) {
    json_t *segments = NULL;
    enum nl_status status = nl_office_segments(&call->office, &segments, err);
    return nl_api_answer_named(call, status, "segments", segments, err);
}

static enum nl_status answer_segment(struct nl_api_call *call, struct nl_error *err) {
    json_t *segment = NULL;
    enum nl_status status = nl_office_segment_read(&call->office, call->words[1], &segment, err);
    return nl_api_answer_read(call, status, 200, segment, err);
}

enum nl_status nl_api_get_segment(struct nl_api_call *call, struct nl_error *err) {
    return answer_segment(call, err);
}

enum nl_status nl_api_put_segment(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {{"expression", 'S'}, {0}};
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    status = nl_office_segment_put(&call->office, call->words[1],
                                   nl_api_text(call->body, "expression"), err);
    return status == NL_OK ? answer_segment(call, err) : nl_api_failed(call, status, err);
}

enum nl_status nl_api_remove_segment(struct nl_api_call *call, struct nl_error *err) {
    enum nl_status status = nl_office_segment_remove(&call->office, call->words[1], err);
    return status == NL_OK ? nl_api_answer_nothing(call) : nl_api_failed(call, status, err);
}

enum nl_status nl_api_segment_people(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {
        {"name", 's'}, {"where", 's'}, {"list", 's'}, {"sample", 'i'}, {0}};
    struct nl_segment_people people = {0};
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    const json_t *sample = json_object_get(call->body, "sample");
    const struct nl_segment_query query = {
        .name = nl_api_text(call->body, "name"),
        .where = nl_api_text(call->body, "where"),
        .list = nl_api_text(call->body, "list"),
        .sample = sample != NULL ? json_integer_value(sample) : SAMPLE,
    };
    if (query.sample < 0 || query.sample > SAMPLE_MOST)
        return nl_api_problem(call, 422, "Not acceptable content",
                              "/sample: it must be from 0 to 1000.", err);
    status = nl_office_segment_people(&call->office, &query, &people, err);
    return status == NL_OK
               ? nl_api_answer(call, 200,
                               json_pack("{s:I, s:o}", "count", (json_int_t)people.count, "sample",
                                         people.sample),
                               err)
               : nl_api_failed(call, status, err);
}
