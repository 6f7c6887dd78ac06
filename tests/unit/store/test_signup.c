/* Which sign-ups are answered with a mail, and what they change of the person. */
#include "support.h"

#include "newsletter/store/subscription.h"

#include <stdio.h>

static int64_t sign_up(struct fixture *fixture, const char *text) {
    return fixture_sign_up(fixture, text, "Name", 3600);
}

/* A notice holds the next one back until it has left: of this kind, to this subscription. */
static void test_a_notice_in_each_state(void **state) {
    static const struct {
        const char *change;
        bool holds;
    } rows[] = {
        {"state = 'queued'", true},
        {"state = 'leased'", true},
        {"state = 'deferred'", true},
        {"state = 'sent'", false},
        {"state = 'bounced'", false},
        {"state = 'unknown'", false},
        {"kind = 'already-subscribed'", false},
        {"subscription = 2", false},
    };
    struct fixture *fixture = *state;
    sign_up(fixture, "ann@example.org");
    sign_up(fixture, "bob@example.org");
    for_each_row (i, rows, rows[i].change) {
        char sql[128];
        fixture_sql(fixture, "DELETE FROM delivery");
        fixture_sql(fixture, "DELETE FROM unanswered");
        fixture_sql(fixture, "UPDATE subscription SET noticed_at = NULL");
        assert_int_not_equal(sign_up(fixture, "ann@example.org"), 0);
        snprintf(sql, sizeof sql, "UPDATE delivery SET %s", rows[i].change);
        fixture_sql(fixture, sql);
        fixture->fake.now += 3600;
        assert_int_equal(sign_up(fixture, "ann@example.org") == 0, rows[i].holds);
    }
}

/* Three mails go to an address that has confirmed nothing, an hour and then a day apart, and none
 * after them; to one that has confirmed something, one a week. */
static void test_mails_that_nobody_answers(void **state) {
    enum { HOUR = 3600, DAY = 24 * HOUR, WEEK = 7 * DAY };
    static const struct {
        int64_t later; /* seconds after the mail before */
        bool confirmed, goes;
    } rows[] = {
        {0, false, true},          {HOUR - 1, false, false}, {HOUR, false, true},
        {DAY - 1, false, false},   {DAY, false, true},       {WEEK, false, false},
        {52 * WEEK, false, false}, {WEEK - 1, true, false},  {WEEK, true, true},
        {WEEK - 1, true, false},   {WEEK, true, true},
    };
    struct fixture *fixture = *state;
    int64_t last = fixture->fake.now;
    for_each_row (i, rows, NULL) {
        fixture->fake.now = last + rows[i].later;
        fixture_sql(fixture, rows[i].confirmed ? "UPDATE subscription SET confirmed_at = 1"
                                               : "UPDATE subscription SET confirmed_at = NULL");
        assert_int_equal(sign_up(fixture, "ann@example.org") != 0, rows[i].goes);
        fixture_sql(fixture, "UPDATE delivery SET state = 'sent'");
        last = rows[i].goes ? fixture->fake.now : last;
    }
}

/* However long the interval is, the first notice need not wait. */
static void test_the_first_notice_goes_at_once(void **state) {
    struct fixture *fixture = *state;
    int64_t interval = 2 * fixture->fake.now;
    assert_int_not_equal(fixture_sign_up(fixture, "ann@example.org", "Ann", interval), 0);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'signup' AND "
                                          "issue IS NULL AND list = 1 AND subscriber = 1"),
                     1);
}

/* Until an address has confirmed something, the last sign-up counts, for nobody else. */
static void test_names_before_and_after_confirming(void **state) {
    struct fixture *fixture = *state;
    fixture_subscribe(fixture, "eve@example.org");
    fixture_sign_up(fixture, "ann@example.org", "Ann", 3600);
    fixture_sign_up(fixture, "bob@example.org", "Bob", 3600);
    fixture_sign_up(fixture, "ann@example.org", "Anna", 3600);
    fixture_sign_up(fixture, "ann@example.org", NULL, 3600);
    fixture_sign_up(fixture, "eve@example.org", "Stranger", 3600);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscriber WHERE (address_key, "
                                          "coalesce(name, '')) IN (VALUES ('ann@example.org', "
                                          "'Anna'), ('bob@example.org', 'Bob'), "
                                          "('eve@example.org', ''))"),
                     3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_notice_in_each_state, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_mails_that_nobody_answers, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_first_notice_goes_at_once, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_names_before_and_after_confirming, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
