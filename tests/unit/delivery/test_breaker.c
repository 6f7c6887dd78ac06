#include "support.h"

#include "delivery/breaker.h"

#include <stdio.h>

static bool hold(struct nl_breaker *breaker, size_t server, int domain, bool ours, int code) {
    char name[16];
    bool held = false;
    snprintf(name, sizeof name, "d%d", domain);
    const struct nl_held refusal = {.server = server,
                                    .ours = ours,
                                    .domain = name,
                                    .result = {.outcome = NL_BOUNCED, .code = code, .text = "no"}};
    bool opens = nl_breaker_hold(breaker, &refusal, &held);
    assert_true(held);
    return opens;
}

static int in_state(const struct nl_breaker *breaker, enum nl_held_state state) {
    int count = 0;
    for (size_t i = 0; i < breaker->count; i++)
        count += breaker->items[i].state == state;
    return count;
}

/* How many refusals it takes until the breaker opens, over so many domains; `accepted` before. */
static int opens_after(int domains, int accepted, bool ours, int code) {
    struct nl_breaker breaker = {.issue = true};
    int count = 1;
    for (int i = 0; i < accepted; i++)
        nl_breaker_accept(&breaker, 0);
    while (!hold(&breaker, 0, count % domains, ours, code))
        count++;
    nl_breaker_free(&breaker);
    return count;
}

static void test_when_it_opens(void **state) {
    (void)state;
    static const struct {
        int domains, accepted;
        bool ours;
        int code, count;
    } cases[] = {
        {5, 0, false, 550, 10},   {5, 100, false, 550, 10}, {3, 100, false, 550, 10},
        {2, 100, false, 550, 40}, {1, 0, false, 550, 10},   {1, 0, true, 550, 3},
        {1, 100, true, 550, 3},   {1, 0, true, 450, 3},     {5, 100, true, 450, 10},
    };
    for_each_row (i, cases, NULL)
        assert_int_equal(
            opens_after(cases[i].domains, cases[i].accepted, cases[i].ours, cases[i].code),
            cases[i].count);
}

static void test_what_is_accepted_lets_two_be_believed(void **state) {
    (void)state;
    struct nl_breaker breaker = {.issue = true};
    for (int i = 0; i < 5; i++)
        assert_false(hold(&breaker, 0, i, false, 550));
    nl_breaker_accept(&breaker, 1); /* another server says nothing about this one */
    assert_false(nl_breaker_decided(&breaker));
    nl_breaker_accept(&breaker, 0);
    assert_int_equal(in_state(&breaker, NL_HELD_BELIEVED), 2);
    nl_breaker_drop_decided(&breaker);
    assert_int_equal(breaker.count, 3);
    nl_breaker_requeue(&breaker, 0);
    assert_int_equal(in_state(&breaker, NL_HELD_REQUEUED), 3);
    nl_breaker_free(&breaker);
}

static void test_refusals_of_us_are_never_believed(void **state) {
    (void)state;
    struct nl_breaker breaker = {.issue = true};
    assert_false(hold(&breaker, 0, 0, true, 550));
    assert_false(hold(&breaker, 0, 0, true, 450));
    for (int i = 0; i < 5; i++)
        nl_breaker_accept(&breaker, 0);
    assert_int_equal(in_state(&breaker, NL_HELD_WAITING), 1);
    assert_int_equal(in_state(&breaker, NL_HELD_DEFERRED), 1);
    nl_breaker_drop_decided(&breaker);
    assert_true(nl_breaker_finish(&breaker, 0));
    assert_int_equal(nl_breaker_last(&breaker, 0)->result.code, 550);
    assert_null(nl_breaker_last(&breaker, 1));
    nl_breaker_free(&breaker);
}

/* The end of a run: how many refusals, over how many domains, lead where. */
static void test_the_end(void **state) {
    (void)state;
    static const struct {
        bool issue, proved, accepted, vague;
        int count, domains;
        bool opens;
        enum nl_held_state state;
    } cases[] = {
        {true, false, false, false, 1, 1, false, NL_HELD_BELIEVED},
        {true, false, false, true, 1, 1, false, NL_HELD_DEFERRED},
        {true, false, false, false, 2, 1, true, NL_HELD_WAITING},
        {true, false, true, false, 2, 2, false, NL_HELD_BELIEVED},
        {true, true, false, true, 2, 2, false, NL_HELD_BELIEVED},
        {true, false, true, false, 4, 4, false, NL_HELD_BELIEVED},
        {true, false, true, false, 5, 3, true, NL_HELD_WAITING},
        {true, true, false, false, 5, 3, true, NL_HELD_WAITING},
        {true, false, true, false, 9, 2, false, NL_HELD_BELIEVED},
        {false, false, false, false, 3, 3, false, NL_HELD_BELIEVED},
        {false, false, false, true, 3, 3, false, NL_HELD_DEFERRED},
    };
    for_each_row (i, cases, NULL) {
        struct nl_breaker breaker = {.issue = cases[i].issue, .proved = cases[i].proved};
        if (cases[i].accepted)
            nl_breaker_accept(&breaker, 0);
        for (int j = 0; j < cases[i].count; j++) {
            hold(&breaker, 0, j % cases[i].domains, false, 550);
            breaker.items[j].result.vague = cases[i].vague;
        }
        assert_int_equal(nl_breaker_finish(&breaker, 0), cases[i].opens);
        assert_int_equal(in_state(&breaker, cases[i].state), cases[i].count);
        nl_breaker_free(&breaker);
    }
}

static void test_no_room(void **state) {
    (void)state;
    struct nl_breaker breaker = {.issue = true};
    const struct nl_held refusal = {.domain = (char *)"d", .result = {.code = 550}};
    bool held = false;
    for (int i = 0; i < NL_HELD_LIMIT; i++)
        nl_breaker_hold(&breaker, &refusal, &held);
    assert_true(held);
    assert_true(nl_breaker_hold(&breaker, &refusal, &held));
    assert_false(held);
    assert_int_equal(breaker.count, NL_HELD_LIMIT);
    nl_breaker_free(&breaker);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_when_it_opens),
        cmocka_unit_test(test_what_is_accepted_lets_two_be_believed),
        cmocka_unit_test(test_refusals_of_us_are_never_believed),
        cmocka_unit_test(test_the_end),
        cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
