/* Calls of the API that are made twice: the same one, another under the same key, and one that was
 * never answered. */
#include "support.h"

#include "newsletter/store/api_repeat.h"

#include <stdio.h>

enum { MINUTE = 60, DAY = 86400 };

static struct nl_repeat_call call_of(const char *token, const char *key, const char *request) {
    struct nl_repeat_call call = {.token = token, .key = key};
    nl_digest(request, strlen(request), call.digest);
    return call;
}

/* Begins a call; `expected` is its kind, and the answer where there was one. */
static void begin(struct fixture *fixture, const struct nl_repeat_call *call,
                  const char *expected) {
    static const char *const kinds[] = {[NL_REPEAT_NEW] = "new",
                                        [NL_REPEAT_SAME] = "same",
                                        [NL_REPEAT_OTHER] = "other",
                                        [NL_REPEAT_RUNNING] = "running"};
    struct nl_error err = {0};
    struct nl_repeat_answer answer = {0};
    enum nl_repeat what = NL_REPEAT_OTHER;
    char text[128];
    assert_ok(nl_repeat_begin(fixture->store, call, &what, &answer, &err));
    if (what == NL_REPEAT_SAME)
        snprintf(text, sizeof text, "same %lld %s %s", (long long)answer.status,
                 answer.location != NULL ? answer.location : "-", answer.body);
    else
        snprintf(text, sizeof text, "%s", kinds[what]);
    assert_string_equal(text, expected);
    nl_repeat_answer_free(&answer);
    assert_null(answer.body);
}

static void keep(struct fixture *fixture, const struct nl_repeat_call *call, int64_t status,
                 const char *location, const char *body) {
    struct nl_error err = {0};
    const struct nl_repeat_answer answer = {status, (char *)location, (char *)body};
    assert_ok(nl_repeat_keep(fixture->store, call, &answer, &err));
}

static void test_the_same_call_gets_the_same_answer(void **state) {
    struct fixture *fixture = *state;
    const struct nl_repeat_call call = call_of("ann", "k", "POST /a");
    const struct nl_repeat_call changed = call_of("ann", "k", "POST /b");
    const struct nl_repeat_call others_key = call_of("bob", "k", "POST /a");
    const struct nl_repeat_call other_key = call_of("ann", "l", "POST /a");
    begin(fixture, &call, "new");
    begin(fixture, &call, "running");
    begin(fixture, &changed, "other");
    begin(fixture, &others_key, "new");
    begin(fixture, &other_key, "new");
    keep(fixture, &call, 201, "/a/1", "one");
    keep(fixture, &others_key, 200, NULL, "two");
    begin(fixture, &call, "same 201 /a/1 one");
    begin(fixture, &others_key, "same 200 - two");
    begin(fixture, &other_key, "running");
    begin(fixture, &changed, "other");
}

static void test_one_that_failed_is_begun_again(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    const struct nl_repeat_call call = call_of("ann", "k", "POST /a");
    const struct nl_repeat_call others_key = call_of("bob", "k", "POST /a");
    const struct nl_repeat_call other_key = call_of("ann", "l", "POST /a");
    begin(fixture, &call, "new");
    begin(fixture, &others_key, "new");
    begin(fixture, &other_key, "new");
    assert_ok(nl_repeat_forget(fixture->store, &call, &err));
    begin(fixture, &call, "new");
    begin(fixture, &others_key, "running");
    begin(fixture, &other_key, "running");
}

static void test_answers_are_kept_for_a_day(void **state) {
    struct fixture *fixture = *state;
    const struct nl_repeat_call answered = call_of("ann", "k", "POST /a");
    const struct nl_repeat_call unanswered = call_of("ann", "l", "POST /a");
    begin(fixture, &answered, "new");
    begin(fixture, &unanswered, "new");
    keep(fixture, &answered, 204, NULL, "");
    fixture->fake.now += MINUTE;
    begin(fixture, &unanswered, "running");
    fixture->fake.now += 1;
    begin(fixture, &unanswered, "new");
    fixture->fake.now += DAY - MINUTE - 1;
    begin(fixture, &answered, "same 204 - ");
    fixture->fake.now += 1;
    begin(fixture, &answered, "new");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_same_call_gets_the_same_answer, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_one_that_failed_is_begun_again, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_answers_are_kept_for_a_day, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
