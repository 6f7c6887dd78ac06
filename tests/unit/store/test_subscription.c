#include "support.h"

#include "newsletter/store/link.h"
#include "newsletter/store/subscription.h"

#include <stdio.h>

static int64_t sign_up(struct fixture *fixture, const char *text) {
    return fixture_sign_up(fixture, text, "Name", 3600);
}

static void test_notice_once_per_interval(void **state) {
    struct fixture *fixture = *state;
    assert_int_not_equal(sign_up(fixture, "ann@example.org"), 0);
    assert_int_equal(sign_up(fixture, "Ann@example.org"), 0);
    fixture_sql(fixture, "UPDATE delivery SET state = 'sent'");
    fixture->fake.now += 3599;
    assert_int_equal(sign_up(fixture, "ann@example.org"), 0);
    fixture->fake.now += 1;
    assert_int_not_equal(sign_up(fixture, "ann@example.org"), 0);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscriber"), 1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'signup'"), 4);
}

static void test_waiting_notice_is_not_doubled(void **state) {
    struct fixture *fixture = *state;
    assert_int_not_equal(sign_up(fixture, "ann@example.org"), 0);
    fixture->fake.now += 100000; /* the relay has been down all the while */
    assert_int_equal(sign_up(fixture, "ann@example.org"), 0);
}

static void test_blocked(void **state) {
    struct fixture *fixture = *state;
    fixture_sql(fixture, "INSERT INTO suppression VALUES ('ann@example.org', 'x', 1)");
    assert_int_equal(sign_up(fixture, "ANN@example.org"), 0);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscriber"), 0);
    fixture_subscribe(fixture, "bob@example.org");
    fixture_sql(fixture, "UPDATE subscription SET state = 'complained'");
    assert_int_equal(sign_up(fixture, "bob@example.org"), 0);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM subscription WHERE state = 'complained'"), 1);
}

static void test_confirmation(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_token first;
    struct nl_token second;
    struct nl_token_result result = {0};
    sign_up(fixture, "ann@example.org");
    assert_ok(
        nl_link_new(fixture->store, 1, NL_LINK_SUBSCRIBE, fixture->fake.now + 10, 0, &first, &err));
    assert_ok(nl_link_new(fixture->store, 1, NL_LINK_SUBSCRIBE, fixture->fake.now + 20, 0, &second,
                          &err));
    assert_fails(nl_confirm(fixture->store, "nonsense", &(struct nl_confirming){0}, &result, &err),
                 NL_DATA, "malformed");
    assert_fails(nl_confirm(fixture->store, "7f0c2a9e-6f0e-4d8e-9b0a-6f3f2a1f9c55",
                            &(struct nl_confirming){0}, &result, &err),
                 NL_NOTFOUND, "unknown");
    fixture->fake.now += 10;
    assert_fails(nl_confirm(fixture->store, first.text, &(struct nl_confirming){0}, &result, &err),
                 NL_EXPIRED, "expired");
    assert_ok(nl_confirm(fixture->store, second.text, &(struct nl_confirming){0}, &result, &err));
    assert_int_equal(result.list, fixture->list.id);
    assert_false(result.already);
    assert_ok(nl_confirm(fixture->store, second.text, &(struct nl_confirming){0}, &result,
                         &err)); /* a second click */
    assert_true(result.already);
    assert_ok(nl_confirm(fixture->store, first.text, &(struct nl_confirming){0}, &result, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'confirmed'"),
                     1);
    fixture_sql(fixture, "UPDATE subscription SET state = 'unsubscribed'");
    assert_fails(nl_confirm(fixture->store, second.text, &(struct nl_confirming){0}, &result, &err),
                 NL_USED, "used");
    fixture_sql(fixture, "UPDATE subscription SET state = 'active'");
    assert_int_equal(fixture_sql(fixture, "SELECT confirmed_at FROM subscription"),
                     fixture->fake.now);
}

static void test_strangers_edit_nobody(void **state) {
    struct fixture *fixture = *state;
    fixture_subscribe(fixture, "ann@example.org");
    fixture_sql(fixture, "UPDATE subscriber SET name = 'Ann'");
    sign_up(fixture, "ann@example.org");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscriber WHERE name = 'Ann'"), 1);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE kind = 'already-subscribed'"), 1);
}

static void test_unsubscribe(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_address address = {0};
    struct nl_token_result result = {0};
    fixture_subscribe(fixture, "ann@example.org");
    fixture_sql(fixture, "UPDATE subscription SET token = "
                         "'7f0c2a9e-6f0e-4d8e-9b0a-6f3f2a1f9c55'");
    assert_ok(nl_unsubscribe_token(fixture->store, "7F0C2A9E-6f0e-4d8e-9b0a-6f3f2a1f9c55", false,
                                   &result, &err));
    assert_ok(nl_unsubscribe_token(fixture->store, "7f0c2a9e-6f0e-4d8e-9b0a-6f3f2a1f9c55", false,
                                   &result, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'unsubscribed'"),
                     1);
    assert_fails(nl_unsubscribe_token(fixture->store, "00000000-0000-4000-8000-000000000000", false,
                                      &result, &err),
                 NL_NOTFOUND, "unknown");
    assert_ok(nl_address_parse("ann@example.org", &address, &err));
    assert_fails(nl_unsubscribe_address(fixture->store, &address, 99, &err), NL_NOTFOUND, "ann@");
    assert_ok(nl_unsubscribe_address(fixture->store, &address, 0, &err));
    nl_address_free(&address);
}

static int64_t rows_of(struct fixture *fixture, const char *what) {
    char sql[256];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", what);
    return fixture_sql(fixture, sql);
}

/* The end of one subscription: the event names the issue whose link was used, or else the one that
 * was sent last; a farewell goes if it was active; its links and its trace of an import go, too. */
static void test_the_end_of_one_subscription(void **state) {
    static const struct {
        const char *name, *token, *state;
        bool farewell;
        int64_t issue;
        bool goodbye;
    } rows[] = {
        {"by the link of an issue", "00000000-0000-4000-8000-000000000001-1", "active", true, 1,
         true},
        {"by a plain link", "00000000-0000-4000-8000-000000000001", "active", true, 2, true},
        {"without a farewell", "00000000-0000-4000-8000-000000000001", "active", false, 2, false},
        {"unconfirmed", "00000000-0000-4000-8000-000000000001", "pending", true, 2, false},
        {"by the operator", NULL, "active", false, 0, false},
    };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_address ann = {0};
    assert_ok(nl_address_parse("ann@example.org", &ann, &err));
    fixture_subscribe(fixture, "ann@example.org");
    fixture_subscribe(fixture, "bob@example.org");
    fixture_sql(fixture, "UPDATE subscription SET token = '00000000-0000-4000-8000-00000000000' || "
                         "id");
    fixture_issue(fixture, 1, "sent");
    fixture_issue(fixture, 2, "sent");
    fixture_sql(fixture, "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                         "updated_at) SELECT 'issue', i.id, s.id, 'sent', 1, i.id FROM issue i, "
                         "subscription s");
    for_each_row (i, rows, rows[i].name) {
        struct nl_token_result result = {0};
        char sql[128];
        fixture_sql(fixture, "DELETE FROM event");
        fixture_sql(fixture, "DELETE FROM delivery WHERE issue IS NULL");
        fixture_sql(fixture, "DELETE FROM import_change");
        fixture_sql(fixture, "INSERT INTO import_change (task, kind, subscriber, subscription) "
                             "SELECT 1, 'changed', subscriber, id FROM subscription");
        fixture_sql(fixture, "UPDATE confirmation SET used_at = NULL");
        snprintf(sql, sizeof sql, "UPDATE subscription SET state = '%s'", rows[i].state);
        fixture_sql(fixture, sql);
        if (rows[i].token != NULL)
            assert_ok(nl_unsubscribe_token(fixture->store, rows[i].token, rows[i].farewell, &result,
                                           &err));
        else
            assert_ok(nl_unsubscribe_address(fixture->store, &ann, 0, &err));
        assert_int_equal(result.notice != 0, rows[i].goodbye);
        assert_int_equal(rows_of(fixture, "delivery WHERE kind = 'goodbye' AND subscription = 1"),
                         rows[i].goodbye);
        assert_int_equal(rows_of(fixture, "delivery WHERE issue IS NULL"), rows[i].goodbye);
        assert_int_equal(fixture_sql(fixture, "SELECT coalesce(issue, 0) FROM event WHERE kind = "
                                              "'unsubscribed' AND subscriber = 1 AND list = 1"),
                         rows[i].issue);
        assert_int_equal(rows_of(fixture, "import_change WHERE subscription = 1"), 0);
        assert_int_equal(rows_of(fixture, "import_change WHERE subscription = 2"), 1);
        assert_int_equal(rows_of(fixture, "confirmation WHERE subscription = 1 AND used_at IS "
                                          "NULL"),
                         0);
        assert_int_equal(rows_of(fixture, "confirmation WHERE subscription = 2 AND used_at IS "
                                          "NULL"),
                         1);
    }
    nl_address_free(&ann);
}

#define REMOVED(issue) "INSERT INTO setting VALUES ('deliveries removed " issue "', '5 ')"

/* The issue that made somebody leave: the one whose link was used, if they had got it, or if it was
 * of their list and it is no longer known who got it; or else the one that was sent last. */
static void test_the_issue_that_made_somebody_leave(void **state) {
    static const struct {
        const char *name, *first, *second; /* SQL; NULL: none */
        int link, cause;
    } rows[] = {
        {"they got it", NULL, NULL, 1, 1},
        {"they did not", "DELETE FROM delivery WHERE issue = 1 AND subscription = 1", NULL, 1, 2},
        {"it is of another list", NULL, NULL, 3, 2},
        {"it is of another list, and they got it",
         "UPDATE delivery SET subscription = 1 WHERE issue = 3", NULL, 3, 2},
        {"the last one was not sent", "UPDATE delivery SET state = 'bounced' WHERE issue = 2", NULL,
         0, 1},
        {"none was sent", "UPDATE delivery SET state = 'failed'", NULL, 0, 0},
        {"it is removed", "DELETE FROM delivery WHERE issue = 1", REMOVED("1"), 1, 1},
        {"another one is removed", "DELETE FROM delivery WHERE issue = 1", REMOVED("1"), 2, 2},
        {"one of another list is removed", "DELETE FROM delivery WHERE issue = 3", REMOVED("3"), 3,
         2},
    };
    struct fixture *fixture = *state;
    fixture_subscribe(fixture, "ann@example.org");
    fixture_subscribe(fixture, "bob@example.org");
    fixture_sql(fixture, "INSERT INTO list (id, uuid, name, title, list_id, sender, language, "
                         "created_at, private) VALUES (2, 'u', 'other', 'O', 'o.x', 'a@b.example', "
                         "'en', 1, 0)");
    fixture_sql(fixture, "INSERT INTO subscription (list, subscriber, state, token, consent_at, "
                         "created_at) VALUES (2, 2, 'active', 't', 1, 1)");
    fixture_sql(fixture, "UPDATE subscription SET token = '00000000-0000-4000-8000-00000000000' || "
                         "id");
    for (int64_t issue = 1; issue <= 3; issue++)
        fixture_issue(fixture, issue, "sent");
    fixture_sql(fixture, "UPDATE issue SET list = 2 WHERE id = 3");
    for_each_row (i, rows, rows[i].name) {
        struct nl_error err = {0};
        struct nl_token_result result = {0};
        char token[64];
        fixture_sql(fixture, "DELETE FROM event");
        fixture_sql(fixture, "DELETE FROM setting WHERE key LIKE 'deliveries removed %'");
        fixture_sql(fixture, "DELETE FROM delivery");
        fixture_sql(fixture, "UPDATE subscription SET state = 'active'");
        fixture_sql(fixture, "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                             "updated_at) SELECT 'issue', i.id, s.id, 'sent', 1, i.id FROM issue "
                             "i JOIN subscription s ON s.list = i.list");
        if (rows[i].first != NULL)
            fixture_sql(fixture, rows[i].first);
        if (rows[i].second != NULL)
            fixture_sql(fixture, rows[i].second);
        snprintf(token, sizeof token,
                 rows[i].link != 0 ? "00000000-0000-4000-8000-000000000001-%d"
                                   : "00000000-0000-4000-8000-000000000001",
                 rows[i].link);
        assert_ok(nl_unsubscribe_token(fixture->store, token, false, &result, &err));
        assert_int_equal(fixture_sql(fixture, "SELECT coalesce(issue, 0) FROM event WHERE kind = "
                                              "'unsubscribed' AND subscriber = 1"),
                         rows[i].cause);
    }
}

/* A subscription comes back that its own link has ended within a day, as its holder had confirmed
 * it. */
static void test_undo(void **state) {
    static const struct {
        const char *change; /* after it was ended; NULL: none */
        int64_t later;      /* seconds */
        bool undone;
    } cases[] = {
        {NULL, 0, true},
        {NULL, 86399, true},
        {NULL, 86400, false},
        {"UPDATE subscription SET confirmed_at = NULL WHERE id = 1", 1, false},
        {"UPDATE subscription SET state = 'bounced' WHERE id = 1", 1, false},
        {"UPDATE subscription SET state = 'complained' WHERE id = 1", 1, false},
        {"UPDATE event SET detail = 'operator' WHERE kind = 'unsubscribed'", 1, false},
        {"UPDATE event SET at = at - 1 WHERE kind = 'unsubscribed'", 1, false},
        {"UPDATE event SET subscriber = 2 WHERE kind = 'unsubscribed'", 1, false},
        {"UPDATE event SET list = 2 WHERE kind = 'unsubscribed'", 1, false},
        {"INSERT INTO suppression (address_key, reason, since) VALUES ('ann@example.org', "
         "'manual', "
         "1)",
         1, false},
        {"INSERT INTO suppression (address_key, reason, since) VALUES ('bob@example.org', "
         "'manual', "
         "1)",
         1, true},
    };
    static const char token[] = "00000000-0000-4000-8000-000000000001";
    struct fixture *fixture = *state;
    fixture_subscribe(fixture, "ann@example.org");
    fixture_subscribe(fixture, "bob@example.org");
    fixture_sql(fixture, "UPDATE subscription SET token = '00000000-0000-4000-8000-00000000000' || "
                         "id");
    for_each_row (i, cases, cases[i].change) {
        struct nl_error err = {0};
        struct nl_token_result result = {0};
        fixture_sql(fixture, "DELETE FROM event");
        fixture_sql(fixture, "DELETE FROM suppression");
        fixture_sql(fixture, "UPDATE subscription SET state = 'active', confirmed_at = 1, ended_at "
                             "= NULL");
        assert_ok(nl_unsubscribe_undo(fixture->store, token, &result, &err));
        assert_true(result.already); /* nothing has ended */
        assert_ok(nl_unsubscribe_token(fixture->store, token, false, &result, &err));
        assert_false(result.already);
        assert_true(result.undoable);
        if (cases[i].change != NULL)
            fixture_sql(fixture, cases[i].change);
        fixture->fake.now += cases[i].later;
        assert_ok(nl_unsubscribe_check(fixture->store, token, &result, &err));
        assert_int_equal(result.undoable, cases[i].undone);
        if (cases[i].undone)
            assert_ok(nl_unsubscribe_undo(fixture->store, token, &result, &err));
        else
            assert_fails(nl_unsubscribe_undo(fixture->store, token, &result, &err), NL_NOTFOUND,
                         "there is nothing to undo");
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscription WHERE id = 1 AND "
                                              "state = 'active' AND ended_at IS NULL"),
                         cases[i].undone);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'confirmed' "
                                              "AND detail = 'undo' AND list = 1 AND subscriber = "
                                              "1 AND issue IS NULL"),
                         cases[i].undone);
    }
    struct nl_error err = {0};
    struct nl_token_result result = {0};
    assert_fails(
        nl_unsubscribe_undo(fixture->store, "00000000-0000-4000-8000-000000000009", &result, &err),
        NL_NOTFOUND, "the token is unknown");
    assert_fails(nl_unsubscribe_undo(fixture->store, "x", &result, &err), NL_DATA, "malformed");
}

/* The state on one list, of one address; and the address with most of it hidden. */
static void test_look(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf out = {0};
    enum nl_subscription_state found = NL_SUBSCRIPTION_ANY;
    struct nl_address ann = {0};
    struct nl_address eve = {0};
    assert_ok(nl_address_parse("ann@example.org", &ann, &err));
    assert_ok(nl_address_parse("eve@example.org", &eve, &err));
    sign_up(fixture, "ann@example.org");
    fixture_subscribe(fixture, "bob@example.org");
    assert_ok(nl_subscription_find(fixture->store, &ann, 1, &found, &err));
    assert_int_equal(found, NL_SUBSCRIPTION_PENDING);
    assert_ok(nl_subscription_find(fixture->store, &ann, 2, &found, &err));
    assert_int_equal(found, NL_SUBSCRIPTION_ANY);
    assert_ok(nl_subscription_find(fixture->store, &eve, 1, &found, &err));
    assert_int_equal(found, NL_SUBSCRIPTION_ANY);
    fixture_sql(fixture, "INSERT INTO address_change VALUES (1, 'new@example.net', "
                         "'new@example.net', 1)");
    assert_ok(nl_subscriber_mask(fixture->store, 1, false, &out, &err));
    nl_buf_addc(&out, ' ');
    assert_ok(nl_subscriber_mask(fixture->store, 1, true, &out, &err));
    nl_buf_addc(&out, ' ');
    assert_ok(nl_subscriber_mask(fixture->store, 2, true, &out, &err)); /* wants no other one */
    assert_string_equal(nl_buf_text(&out), "a…n@example.org n…w@example.net ");
    nl_buf_free(&out);
    nl_address_free(&ann);
    nl_address_free(&eve);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_notice_once_per_interval, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_waiting_notice_is_not_doubled, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_blocked, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_confirmation, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_strangers_edit_nobody, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_unsubscribe, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_end_of_one_subscription, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_issue_that_made_somebody_leave, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_undo, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_look, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
