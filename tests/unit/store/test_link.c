/* Links of mails: each purpose, until they expire, used once, each person's own; and how much mail
 * is sent to an address that never answers. */
#include "support.h"

#include "newsletter/store/last_run.h"
#include "newsletter/store/link.h"
#include "newsletter/store/state.h"
#include "store/unanswered.h"

#include <stdio.h>

static struct nl_token make(struct fixture *fixture, int64_t subscription, enum nl_purpose purpose,
                            int64_t expires_at) {
    struct nl_error err = {0};
    struct nl_token token;
    assert_ok(nl_link_new(fixture->store, subscription, purpose, expires_at, 0, &token, &err));
    return token;
}

static enum nl_status find(struct fixture *fixture, const struct nl_token *token,
                           enum nl_purpose purpose, struct nl_link *link) {
    struct nl_error err = {0};
    enum nl_status status = nl_link_find(fixture->store, token->text, purpose, link, &err);
    nl_error_free(&err);
    return status;
}

static void test_each_purpose_is_its_own(void **state) {
    static const enum nl_purpose purposes[] = {NL_LINK_SUBSCRIBE, NL_LINK_PREFERENCES,
                                               NL_LINK_ADDRESS, NL_LINK_RECEIPT};
    struct fixture *fixture = *state;
    struct nl_token tokens[4];
    struct nl_link link;
    fixture_subscribe(fixture, "a@example.org");
    int64_t id = fixture_subscribe(fixture, "b@example.org");
    for (size_t i = 0; i < 4; i++)
        tokens[i] = make(fixture, id, purposes[i], 1000010);
    for (size_t i = 0; i < 4; i++)
        for (size_t of = 0; of < 4; of++) {
            assert_int_equal(find(fixture, &tokens[i], purposes[of], &link),
                             i == of ? NL_OK : NL_NOTFOUND);
            assert_int_equal(link.subscription, i == of ? id : 0);
        }
    assert_int_equal(find(fixture, &tokens[0], NL_LINK_SUBSCRIBE, &link), NL_OK);
    assert_int_equal(link.subscriber, 2);
    assert_int_equal(link.list, fixture->list.id);
}

static void test_until_they_expire(void **state) {
    struct fixture *fixture = *state;
    struct nl_link link;
    int64_t id = fixture_subscribe(fixture, "a@example.org");
    struct nl_token token = make(fixture, id, NL_LINK_RECEIPT, 1000010);
    fixture->fake.now = 1000009;
    assert_int_equal(find(fixture, &token, NL_LINK_RECEIPT, &link), NL_OK);
    fixture->fake.now = 1000010;
    assert_int_equal(find(fixture, &token, NL_LINK_RECEIPT, &link), NL_EXPIRED);
}

/* Closing ends those of one subscription and purpose; the time of an earlier use stays. */
static void test_closing(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_link link;
    int64_t a = fixture_subscribe(fixture, "a@example.org");
    int64_t b = fixture_subscribe(fixture, "b@example.org");
    fixture_sql(fixture, "DELETE FROM confirmation");
    struct nl_token first = make(fixture, a, NL_LINK_ADDRESS, 1000010);
    struct nl_token second = make(fixture, a, NL_LINK_ADDRESS, 1000010);
    struct nl_token receipt = make(fixture, a, NL_LINK_RECEIPT, 1000010);
    struct nl_token other = make(fixture, b, NL_LINK_ADDRESS, 1000010);
    assert_ok(nl_link_close(fixture->store, a, NL_LINK_ADDRESS, &err));
    assert_int_equal(find(fixture, &first, NL_LINK_ADDRESS, &link), NL_USED);
    assert_int_equal(link.subscription, a);
    assert_int_equal(find(fixture, &second, NL_LINK_ADDRESS, &link), NL_USED);
    assert_int_equal(find(fixture, &receipt, NL_LINK_RECEIPT, &link), NL_OK);
    assert_int_equal(find(fixture, &other, NL_LINK_ADDRESS, &link), NL_OK);
    fixture->fake.now++;
    assert_ok(nl_link_close(fixture->store, a, NL_LINK_ADDRESS, &err));
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM confirmation WHERE used_at = 1000000"), 2);
    /* A used link stays used after it has expired. */
    fixture->fake.now = 1000010;
    assert_int_equal(find(fixture, &first, NL_LINK_ADDRESS, &link), NL_USED);
}

static void assert_unanswered(struct fixture *fixture, const char *key, int64_t mails,
                              int64_t last_at) {
    struct nl_error err = {0};
    struct nl_unanswered unanswered;
    assert_ok(nl_unanswered_read(fixture->store, key, &unanswered, &err));
    assert_int_equal(unanswered.mails, mails);
    assert_int_equal(unanswered.last_at, last_at);
}

static void test_mails_without_an_answer(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    fixture_subscribe(fixture, "a@example.org");
    fixture_subscribe(fixture, "b@example.org");
    assert_unanswered(fixture, "a@example.org", 0, 0);
    assert_ok(nl_unanswered_add(fixture->store, "a@example.org", &err));
    fixture->fake.now++;
    assert_ok(nl_unanswered_add(fixture->store, "a@example.org", &err));
    assert_ok(nl_unanswered_add(fixture->store, "b@example.org", &err));
    assert_unanswered(fixture, "a@example.org", 2, 1000001);
    assert_unanswered(fixture, "b@example.org", 1, 1000001);
    assert_ok(nl_unanswered_clear(fixture->store, 99, &err)); /* nobody */
    assert_ok(nl_unanswered_clear(fixture->store, 1, &err));
    assert_unanswered(fixture, "a@example.org", 0, 0);
    assert_unanswered(fixture, "b@example.org", 1, 1000001);
}

static void test_waits_of_further_mails(void **state) {
    static const struct {
        int64_t mails;
        bool confirmed;
        int64_t wait;
    } rows[] = {{0, false, 10}, {1, false, 10}, {2, false, 240}, {3, false, -1},  {4, false, -1},
                {0, true, 10},  {1, true, 10},  {2, true, 240},  {3, true, 1680}, {4, true, 1680}};
    (void)state;
    for_each_row (i, rows, NULL) {
        const struct nl_unanswered unanswered = {.mails = rows[i].mails};
        assert_int_equal(nl_unanswered_wait(&unanswered, rows[i].confirmed, 10), rows[i].wait);
    }
}

static int64_t last_run(struct fixture *fixture, const char *what) {
    struct nl_error err = {0};
    int64_t at = -1;
    assert_ok(nl_last_run_find(fixture->store, what, &at, &err));
    return at;
}

/* To the minute; a note of a clock that was ahead is replaced. */
static void test_notes_of_what_ran(void **state) {
    static const struct {
        int64_t now, noted;
    } rows[] = {{1000000, 1000000}, {1000059, 1000000}, {1000060, 1000060},
                {1000061, 1000060}, {1000059, 1000059}, {2000000, 2000000}};
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    assert_int_equal(last_run(fixture, NL_RAN_RETRY), 0);
    for_each_row (i, rows, NULL) {
        fixture->fake.now = rows[i].now;
        assert_ok(nl_last_run_note(fixture->store, NL_RAN_RETRY, &err));
        assert_int_equal(last_run(fixture, NL_RAN_RETRY), rows[i].noted);
    }
    assert_int_equal(last_run(fixture, NL_RAN_BOUNCES), 0);
}

/* The first delivery that left, whatever became of it. */
static void test_the_first_mail(void **state) {
    static const struct {
        const char *state;
        bool left;
    } rows[] = {{"queued", false}, {"leased", false}, {"sent", true},     {"deferred", false},
                {"bounced", true}, {"failed", false}, {"unknown", false}, {"skipped", false}};
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t at = -1;
    fixture_add_people(fixture, 2);
    fixture_issue(fixture, 1, "sending");
    fixture_sql(fixture,
                "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) "
                "SELECT 'issue', 1, id, 'queued', 1, 100 - id FROM subscription ORDER BY id");
    for_each_row (i, rows, rows[i].state) {
        char sql[128];
        snprintf(sql, sizeof sql, "UPDATE delivery SET state = '%s'", rows[i].state);
        fixture_sql(fixture, sql);
        assert_ok(nl_first_mail_find(fixture->store, &at, &err));
        assert_int_equal(at, rows[i].left ? 99 : 0);
    }
}

static void test_words_of_states(void **state) {
    static const struct {
        const char *word;
        enum nl_issue_state issue;
        enum nl_delivery_state delivery;
        enum nl_subscription_state subscription;
    } rows[] = {
        {"draft", NL_ISSUE_DRAFT, 0, 0},
        {"scheduled", NL_ISSUE_SCHEDULED, 0, 0},
        {"sending", NL_ISSUE_SENDING, 0, 0},
        {"paused", NL_ISSUE_PAUSED, 0, 0},
        {"cancelled", NL_ISSUE_CANCELLED, 0, 0},
        {"sent", NL_ISSUE_SENT, NL_DELIVERY_SENT, 0},
        {"queued", 0, NL_DELIVERY_QUEUED, 0},
        {"leased", 0, NL_DELIVERY_LEASED, 0},
        {"deferred", 0, NL_DELIVERY_DEFERRED, 0},
        {"failed", 0, NL_DELIVERY_FAILED, 0},
        {"unknown", 0, NL_DELIVERY_UNKNOWN, 0},
        {"skipped", 0, NL_DELIVERY_SKIPPED, 0},
        {"bounced", 0, NL_DELIVERY_BOUNCED, NL_SUBSCRIPTION_BOUNCED},
        {"pending", 0, 0, NL_SUBSCRIPTION_PENDING},
        {"active", 0, 0, NL_SUBSCRIPTION_ACTIVE},
        {"unsubscribed", 0, 0, NL_SUBSCRIPTION_UNSUBSCRIBED},
        {"complained", 0, 0, NL_SUBSCRIPTION_COMPLAINED},
        {"", 0, 0, 0},
        {"any", 0, 0, 0},
    };
    (void)state;
    for_each_row (i, rows, rows[i].word) {
        enum nl_issue_state issue;
        enum nl_delivery_state delivery;
        enum nl_subscription_state subscription;
        assert_int_equal(nl_issue_state_parse(rows[i].word, &issue), rows[i].issue != 0);
        assert_int_equal(issue, rows[i].issue);
        assert_int_equal(nl_delivery_state_parse(rows[i].word, &delivery), rows[i].delivery != 0);
        assert_int_equal(delivery, rows[i].delivery);
        assert_int_equal(nl_subscription_state_parse(rows[i].word, &subscription),
                         rows[i].subscription != 0);
        assert_int_equal(subscription, rows[i].subscription);
        if (issue != 0)
            assert_string_equal(nl_issue_state_text(issue), rows[i].word);
        if (delivery != 0)
            assert_string_equal(nl_delivery_state_text(delivery), rows[i].word);
        if (subscription != 0)
            assert_string_equal(nl_subscription_state_text(subscription), rows[i].word);
    }
    assert_null(nl_issue_state_text(NL_ISSUE_ANY));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_purpose_is_its_own, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_until_they_expire, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_closing, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_mails_without_an_answer, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test(test_waits_of_further_mails),
        cmocka_unit_test_setup_teardown(test_notes_of_what_ran, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_first_mail, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_words_of_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
