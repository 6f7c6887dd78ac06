/* Bounces are believed by their token: what a message does to the deliveries of two people, with
 * proof and without, once and again, alone and in groups. */
#include "support.h"

#include "newsletter/base/verp.h"
#include "newsletter/inbound/intake.h"

#include <stdio.h>
#include <stdlib.h>

struct taking {
    struct fixture *fixture;
    struct nl_config config;
    struct nl_intake *intake;
    struct nl_verp verp;
    struct nl_intake_result last;
};

/* Ann (1) and Bob (2), to whom the deliveries 71 and 72 of an issue were sent. */
static void set_up(struct fixture *fixture, struct taking *taking) {
    struct nl_error err = {0};
    *taking = (struct taking){.fixture = fixture};
    fixture_subscribe(fixture, "ann@example.org");
    fixture_subscribe(fixture, "bob@example.org");
    fixture_issue(fixture, 1, "sent");
    fixture_sql(fixture, "INSERT INTO delivery (id, kind, issue, subscription, state, created_at, "
                         "updated_at) SELECT 70 + id, 'issue', 1, id, 'sent', 1, 1 FROM "
                         "subscription");
    taking->config.database = fixture->path;
    taking->config.path = fixture->path;
    taking->config.bounce_address = (char *)"bounces@example.org";
    taking->config.bounce.hard = 5;
    taking->config.bounce.soft = 1;
    taking->config.bounce.limit = 5;
    taking->config.bounce.half_life = 1000000;
    taking->config.bounce.interval = 0;
    taking->config.bounce.keep = taking->config.bounce.keep_unknown = 1000;
    assert_ok(nl_intake_new(fixture->store, &taking->config, &taking->intake, &err));
    assert_ok(nl_verp_open(nl_store_secret(fixture->store), &taking->verp, &err));
}

static void clean_up(struct taking *taking) {
    nl_intake_free(taking->intake);
    nl_verp_close(&taking->verp);
}

/* Takes a report on `address` in, which has come to the return path of `delivery` (0: ours without
 * a token). */
static enum nl_status take(struct taking *taking, int64_t delivery, const char *address,
                           const char *status, const char *mark, struct nl_error *err) {
    struct nl_buf text = {0};
    struct nl_buf path = {0};
    nl_buf_addf(&text,
                "From: postmaster@mx.example\nSubject: Undelivered %s\nMIME-Version: 1.0\n"
                "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
                "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
                "Final-Recipient: rfc822; %s\nAction: failed\nStatus: %s\n\n--b--\n",
                mark, address, status);
    if (delivery != 0)
        nl_verp_sender(&taking->verp, "bounces@example.org", delivery, &path);
    else
        nl_buf_adds(&path, "bounces@example.org");
    nl_intake_result_free(&taking->last);
    enum nl_status result = nl_intake_take(taking->intake, nl_buf_text(&text), text.len,
                                           nl_buf_text(&path), true, &taking->last, err);
    nl_buf_free(&text);
    nl_buf_free(&path);
    return result;
}

static bool is_in(const struct taking *taking, int subscription, const char *state) {
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM subscription WHERE id = %d AND state = '%s'",
             subscription, state);
    return fixture_sql(taking->fixture, sql) == 1;
}

/* The token decides whose delivery it was, and not the address that is named. */
static void test_with_proof(void **state) {
    struct taking taking;
    struct nl_error err = {0};
    set_up(*state, &taking);
    assert_ok(take(&taking, 71, "bob@example.org", "5.1.1", "", &err));
    assert_true(taking.last.proved && !taking.last.seen);
    assert_int_equal(taking.last.ended, 1);
    assert_true(is_in(&taking, 1, "bounced") && is_in(&taking, 2, "active"));
    assert_int_equal(fixture_sql(*state, "SELECT count(*) FROM bounce WHERE delivery = 71 AND kind "
                                         "= 'hard' AND status = '5.1.1'"),
                     1);
    clean_up(&taking);
    nl_intake_result_free(&taking.last);
}

/* Without a token, nobody is counted as gone, however often it is said in one message. */
static void test_without_proof(void **state) {
    struct taking taking;
    struct nl_error err = {0};
    set_up(*state, &taking);
    for (int i = 0; i < 4; i++) {
        char mark[8];
        snprintf(mark, sizeof mark, "%d", i);
        assert_ok(take(&taking, 0, "ann@example.org", "5.1.1", mark, &err));
        assert_false(taking.last.proved);
        assert_int_equal(taking.last.ended, 0);
        assert_true(is_in(&taking, 1, "active"));
    }
    assert_int_equal(fixture_sql(*state, "SELECT count(*) FROM bounce WHERE delivery IS NOT NULL"),
                     0);
    clean_up(&taking);
    nl_intake_result_free(&taking.last);
}

/* The same message counts once; another one counts again. */
static void test_again(void **state) {
    struct taking taking;
    struct nl_error err = {0};
    set_up(*state, &taking);
    assert_ok(take(&taking, 71, "ann@example.org", "4.2.2", "one", &err));
    assert_false(taking.last.seen);
    assert_ok(take(&taking, 71, "ann@example.org", "4.2.2", "one", &err));
    assert_true(taking.last.seen);
    assert_int_equal(fixture_sql(*state, "SELECT count(*) FROM bounce"), 1);
    for (int i = 0; i < 3; i++) {
        char mark[8];
        snprintf(mark, sizeof mark, "%d", i);
        assert_ok(take(&taking, 71, "ann@example.org", "4.2.2", mark, &err));
        assert_int_equal(taking.last.ended, 0);
    }
    assert_ok(take(&taking, 71, "ann@example.org", "4.2.2", "last", &err)); /* the fifth point */
    assert_int_equal(taking.last.ended, 1);
    assert_true(is_in(&taking, 1, "bounced") && is_in(&taking, 2, "active"));
    clean_up(&taking);
    nl_intake_result_free(&taking.last);
}

/* In a group, messages are recorded for good a hundred at a time and at a flush; what is given up
 * may be handed over again. */
static void test_groups(void **state) {
    struct taking taking;
    struct nl_error err = {0};
    set_up(*state, &taking);
    nl_intake_group(taking.intake);
    for (int i = 1; i <= 150; i++) {
        char mark[8];
        snprintf(mark, sizeof mark, "%d", i);
        assert_ok(take(&taking, 0, "cyd@example.org", "4.2.2", mark, &err));
        if (i == 99 || i == 100 || i == 150) /* as another process sees it */
            assert_int_equal(fixture_sql(*state, "SELECT count(*) FROM returned"),
                             i == 99 ? 0 : 100);
    }
    assert_ok(take(&taking, 0, "cyd@example.org", "4.2.2", "150", &err));
    assert_true(taking.last.seen); /* also before the commit */
    nl_intake_abandon(taking.intake);
    assert_int_equal(fixture_sql(*state, "SELECT count(*) FROM returned"), 100);
    assert_ok(take(&taking, 0, "cyd@example.org", "4.2.2", "150", &err));
    assert_false(taking.last.seen);
    assert_ok(nl_intake_flush(taking.intake, &err));
    assert_int_equal(fixture_sql(*state, "SELECT count(*) FROM returned"), 101);
    assert_ok(nl_intake_flush(taking.intake, &err));
    clean_up(&taking);
    nl_intake_result_free(&taking.last);
}

/* A forger can name any number of addresses: twenty count, and they are counted softly. */
static void test_many_addresses(void **state) {
    struct taking taking;
    struct nl_error err = {0};
    struct nl_buf text = {0};
    set_up(*state, &taking);
    nl_buf_adds(&text, "From: postmaster@mx.example\nSubject: Undelivered\nMIME-Version: 1.0\n"
                       "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
                       "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.x\n");
    for (int i = 0; i < 30; i++) {
        char address[64];
        snprintf(address, sizeof address, "u%d@example.org", i);
        fixture_subscribe(*state, address);
        nl_buf_addf(&text, "\nFinal-Recipient: rfc822; %s\nAction: failed\nStatus: 5.1.1\n",
                    address);
    }
    nl_buf_adds(&text, "\n--b--\n");
    assert_ok(nl_intake_take(taking.intake, nl_buf_text(&text), text.len, NULL, true, &taking.last,
                             &err));
    assert_int_equal(fixture_sql(*state, "SELECT count(*) FROM bounce"), 20);
    assert_int_equal(fixture_sql(*state, "SELECT count(*) FROM subscription WHERE state = "
                                         "'bounced'"),
                     0);
    nl_buf_free(&text);
    clean_up(&taking);
    nl_intake_result_free(&taking.last);
}

/* An answer counts for the message that it answers, by our Message-ID; a bounce is no answer. */
static void test_replies(void **state) {
    static const struct {
        const char *name, *head;
        bool counted;
    } cases[] = {
        {"an answer", "Subject: Re: One\n", true},
        {"an automatic one", "Subject: Away\nAuto-Submitted: auto-replied\n", false},
        {"a stranger's", NULL, false},
    };
    struct taking taking;
    struct nl_error err = {0};
    struct nl_buf id = {0};
    set_up(*state, &taking);
    nl_verp_message_id(&taking.verp, "example.org", 72, &id);
    for_each_row (i, cases, cases[i].name) {
        struct nl_buf text = {0};
        bool counted = !cases[i].counted;
        fixture_sql(*state, "UPDATE delivery SET replied_at = NULL");
        nl_buf_addf(&text, "From: bob@example.org\n%sIn-Reply-To: <%s>\n\nThank you.\n",
                    cases[i].head != NULL ? cases[i].head : "",
                    cases[i].head != NULL ? nl_buf_text(&id) : "72.forged@example.org");
        assert_ok(nl_intake_reply(taking.intake, nl_buf_text(&text), text.len, &counted, &err));
        assert_int_equal(counted, cases[i].counted);
        assert_int_equal(fixture_sql(*state, "SELECT count(*) FROM delivery WHERE replied_at IS "
                                             "NOT NULL AND id = 72"),
                         cases[i].counted);
        nl_buf_free(&text);
    }
    assert_int_equal(fixture_sql(*state, "SELECT count(*) FROM delivery WHERE id = 71 AND "
                                         "replied_at IS NOT NULL"),
                     0);
    assert_int_equal(fixture_sql(*state, "SELECT count(*) FROM returned"), 0);
    nl_buf_free(&id);
    clean_up(&taking);
}

/* A token in an event proves it for the address that the mail went to, and for no other. */
static void test_events(void **state) {
    static const struct {
        const char *name, *address;
        bool proved;
    } cases[] = {{"of the recipient", "ann@example.org", true},
                 {"of another subscriber", "bob@example.org", false},
                 {"of a stranger", "cyd@example.org", false}};
    struct taking taking;
    struct nl_buf id = {0};
    set_up(*state, &taking);
    nl_verp_message_id(&taking.verp, "example.org", 71, &id);
    for_each_row (i, cases, cases[i].name) {
        struct nl_error err = {0};
        struct nl_buf text = {0};
        struct nl_event event = {.digest = {(unsigned char)i}};
        fixture_sql(*state, "UPDATE subscription SET state = 'active', bounce_score = 0");
        nl_buf_addf(&text,
                    "{\"RecordType\":\"Bounce\",\"ID\":%zu,\"Type\":\"HardBounce\",\"TypeCode\":1,"
                    "\"Email\":\"%s\",\"Details\":\"5.1.1 no such user\",\"Metadata\":"
                    "{\"newsletter\":\"%s\"}}",
                    i, cases[i].address, nl_buf_text(&id));
        event.text = nl_buf_text(&text);
        event.len = text.len;
        nl_intake_result_free(&taking.last);
        assert_ok(nl_intake_event(taking.intake, &event, &taking.last, &err));
        assert_int_equal(taking.last.proved, cases[i].proved);
        assert_int_equal(is_in(&taking, 1, "bounced"), cases[i].proved);
        assert_true(is_in(&taking, 2, "active"));
        nl_intake_result_free(&taking.last);
        assert_ok(nl_intake_event(taking.intake, &event, &taking.last, &err));
        assert_true(taking.last.seen);
        nl_buf_free(&text);
    }
    nl_buf_free(&id);
    clean_up(&taking);
    nl_intake_result_free(&taking.last);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_with_proof),     TEST(test_without_proof), TEST(test_again),  TEST(test_groups),
        TEST(test_many_addresses), TEST(test_replies),       TEST(test_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
