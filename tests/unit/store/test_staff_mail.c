/* Mail to staff: addresses of accounts, how often a mail is tried, and which issues are told of. */
#include "support.h"

#include "newsletter/store/staff_mail.h"

#include <stdio.h>
#include <stdlib.h>

static const struct nl_actor boss = {.name = "boss", .door = "command"};

static void add_account(struct fixture *fixture, const char *name, const char *address) {
    char sql[192];
    snprintf(sql, sizeof sql,
             "INSERT INTO staff (name, password, role, created_at, address) VALUES ('%s', 'x', "
             "'sender', 1, nullif('%s', ''))",
             name, address);
    fixture_sql(fixture, sql);
}

/* ---- addresses ---- */

static enum nl_status add_address(const char *name, const char *address, void *ctx,
                                  struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s %s;", name, address);
    return NL_OK;
}

static void assert_addresses(struct fixture *fixture, const char *expected) {
    struct nl_error err = {0};
    struct nl_buf out = {0};
    assert_ok(nl_staff_addresses(fixture->store, add_address, &out, &err));
    assert_string_equal(nl_buf_text(&out), expected);
    nl_buf_free(&out);
}

static void test_addresses(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    char *address = NULL;
    add_account(fixture, "eve", "");
    add_account(fixture, "ann", "");
    assert_addresses(fixture, "");
    assert_ok(nl_staff_set_address(fixture->store, "eve", "eve@example.org", &boss, &err));
    assert_ok(nl_staff_set_address(fixture->store, "ann", "Ann@B\u00fcCHER.example", &boss, &err));
    assert_addresses(fixture, "ann Ann@xn--bcher-kva.example;eve eve@example.org;");
    assert_ok(nl_staff_address(fixture->store, "eve", &address, &err));
    assert_string_equal(address, "eve@example.org");
    free(address);
    assert_fails(nl_staff_set_address(fixture->store, "eve", "eve", &boss, &err), NL_DATA,
                 "'eve' is not an address");
    assert_fails(nl_staff_set_address(fixture->store, "bob", "b@example.org", &boss, &err),
                 NL_NOTFOUND, "there is no account 'bob'");
    assert_ok(nl_staff_set_address(fixture->store, "ann", "", &boss, &err));
    assert_addresses(fixture, "eve eve@example.org;");
    assert_ok(nl_staff_set_address(fixture->store, "eve", NULL, &boss, &err));
    assert_addresses(fixture, "");
    assert_ok(nl_staff_address(fixture->store, "eve", &address, &err));
    assert_null(address);
    assert_ok(nl_staff_address(fixture->store, "bob", &address, &err));
    assert_null(address);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM audit WHERE action = 'account "
                                          "address' AND actor = 'boss'"),
                     4);
}

/* ---- mails ---- */

struct taking {
    struct nl_buf out;
    const char *sent; /* the mail that can be sent */
};

static enum nl_status take_mail(const struct nl_staff_mail *mail, bool *sent, void *ctx,
                                struct nl_error *err) {
    struct taking *taking = ctx;
    (void)err;
    nl_buf_addf(&taking->out, "%s>%s:%.*s;", mail->sender, mail->address, (int)mail->len,
                mail->message);
    *sent = taking->sent != NULL && strcmp(taking->sent, mail->address) == 0;
    return NL_OK;
}

static void assert_due(struct fixture *fixture, const char *sent, const char *expected) {
    struct nl_error err = {0};
    struct taking taking = {.sent = sent};
    assert_ok(nl_staff_mail_each_due(fixture->store, take_mail, &taking, &err));
    assert_string_equal(nl_buf_text(&taking.out), expected);
    nl_buf_free(&taking.out);
}

static void add_mail(struct fixture *fixture, const char *about, const char *address,
                     const char *message) {
    struct nl_error err = {0};
    const struct nl_staff_mail mail = {.about = about,
                                       .sender = "s",
                                       .address = address,
                                       .message = message,
                                       .len = strlen(message)};
    assert_ok(nl_staff_mail_add(fixture->store, &mail, &err));
}

static void assert_known(struct fixture *fixture, const char *about, bool expected) {
    struct nl_error err = {0};
    bool known = !expected;
    assert_ok(nl_staff_mail_known(fixture->store, about, &known, &err));
    assert_int_equal(known, expected);
}

static void test_each_thing_is_told_once(void **state) {
    struct fixture *fixture = *state;
    assert_due(fixture, NULL, "");
    add_mail(fixture, "one", "a", "first");
    add_mail(fixture, "one", "b", "again");
    add_mail(fixture, "two", "b", "second");
    assert_known(fixture, "one", true);
    assert_known(fixture, "three", false);
    assert_due(fixture, "a", "s>a:first;s>b:second;");
    assert_due(fixture, "b", "");
    fixture->fake.now += NL_STAFF_MAIL_WAIT - 1;
    assert_due(fixture, "b", "");
    fixture->fake.now += 1;
    assert_due(fixture, "b", "s>b:second;");
    fixture->fake.now += NL_STAFF_MAIL_WAIT;
    assert_due(fixture, "b", "");
    add_mail(fixture, "one", "a", "once more"); /* it is known, though it is sent */
    assert_due(fixture, "b", "");
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM staff_mail WHERE length(message) = 0"), 2);
}

static void test_twenty_tries(void **state) {
    struct fixture *fixture = *state;
    add_mail(fixture, "one", "a", "x");
    for (int i = 0; i < NL_STAFF_MAIL_TRIES; i++) {
        assert_due(fixture, NULL, "s>a:x;");
        fixture->fake.now += NL_STAFF_MAIL_WAIT;
    }
    assert_due(fixture, NULL, "");
    assert_known(fixture, "one", true);
}

/* ---- issues ---- */

static enum nl_status add_issue(const struct nl_told_issue *issue, void *ctx,
                                struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%lld %lld %s %s %s '%s' %d %lld;", (long long)issue->id,
                (long long)issue->list, issue->title, issue->account, issue->address,
                issue->pause_note, issue->done, (long long)issue->since);
    return NL_OK;
}

/* Runs a statement, or notes that staff was told of something. */
static void happen(struct fixture *fixture, const char *what) {
    if (strncmp(what, "issue ", 6) == 0)
        add_mail(fixture, what, "a", "x");
    else
        fixture_sql(fixture, what);
}

static void test_issues_that_are_told_of(void **state) {
    static const struct {
        const char *name, *what;
        const char *told;
    } rows[] = {
        {"sent", "UPDATE issue SET state = 'sent' WHERE id = 1", "1 1 T ann ann@x '' 1 0;"},
        {"sending", "UPDATE issue SET state = 'sending' WHERE id = 1", ""},
        {"cancelled", "UPDATE issue SET state = 'cancelled' WHERE id = 1", ""},
        {"paused by hand", "UPDATE issue SET state = 'paused', pause_note = 'by hand' WHERE id = 1",
         ""},
        {"paused without a note", "UPDATE issue SET state = 'paused' WHERE id = 1", ""},
        {"paused by itself",
         "UPDATE issue SET state = 'paused', pause_note = 'refused' WHERE id = 1",
         "1 1 T ann ann@x 'refused' 0 0;"},
        {"told", "issue 1 stuck: refused", ""},
        {"another pause", "UPDATE issue SET pause_note = 'full' WHERE id = 1",
         "1 1 T ann ann@x 'full' 0 0;"},
        {"sent after all", "UPDATE issue SET state = 'sent' WHERE id = 1",
         "1 1 T ann ann@x 'full' 1 0;"},
        {"told that it is sent", "issue 1 done", ""},
        {"an account without an address",
         "INSERT INTO issue_sender (issue, account) VALUES (2, 'eve')", ""},
        {"somebody else's", "UPDATE staff SET address = 'eve@x' WHERE name = 'eve'",
         "2 1 T eve eve@x '' 1 0;"},
    };
    struct fixture *fixture = *state;
    add_account(fixture, "ann", "ann@x");
    add_account(fixture, "eve", "");
    fixture_issue(fixture, 1, "draft");
    fixture_issue(fixture, 2, "sent");
    fixture_sql(fixture, "INSERT INTO issue_sender (issue, account) VALUES (1, 'ann')");
    for_each_row (i, rows, rows[i].name) {
        struct nl_error err = {0};
        struct nl_buf out = {0};
        happen(fixture, rows[i].what);
        assert_ok(nl_issues_to_tell(fixture->store, add_issue, &out, &err));
        assert_string_equal(nl_buf_text(&out), rows[i].told);
        nl_buf_free(&out);
    }
}

/* Nothing has gone out for an hour: since its last second, or since it was made. */
static void test_an_issue_that_stands_still(void **state) {
    static const struct {
        const char *name, *what; /* NULL: nothing more has happened */
        int64_t now;
        const char *told;
    } rows[] = {
        {"not yet", NULL, 3600, ""},
        {"since it was made", NULL, 3601, "1 1 T ann ann@x '' 0 1;"},
        {"some went out",
         "INSERT INTO issue_second (issue, second, slot, sent) VALUES (1, 100, 0, "
         "1), (1, 200, 0, 1), (2, 900, 0, 1)",
         3799, ""},
        {"since the last of them", NULL, 3800, "1 1 T ann ann@x '' 0 200;"},
        {"told of another time", "issue 1 waits since 100", 3800, "1 1 T ann ann@x '' 0 200;"},
        {"told", "issue 1 waits since 200", 3800, ""},
        {"some more", "INSERT INTO issue_second (issue, second, slot, sent) VALUES (1, 300, 0, 1)",
         3900, "1 1 T ann ann@x '' 0 300;"},
        {"paused", "UPDATE issue SET state = 'paused' WHERE id = 1", 9000, ""},
    };
    struct fixture *fixture = *state;
    add_account(fixture, "ann", "ann@x");
    fixture_issue(fixture, 1, "sending");
    fixture_issue(fixture, 2, "sending");
    fixture_sql(fixture, "INSERT INTO issue_sender (issue, account) VALUES (1, 'ann'), (2, 'ann')");
    for_each_row (i, rows, rows[i].name) {
        struct nl_error err = {0};
        struct nl_buf out = {0};
        if (rows[i].what != NULL)
            happen(fixture, rows[i].what);
        fixture->fake.now = rows[i].now;
        assert_ok(nl_issue_stands_still(fixture->store, 1, add_issue, &out, &err));
        assert_string_equal(nl_buf_text(&out), rows[i].told);
        nl_buf_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_addresses, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_each_thing_is_told_once, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_twenty_tries, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_issues_that_are_told_of, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_an_issue_that_stands_still, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
