/* Copies of an issue to mailboxes of our own: each gets one, whatever is interrupted, and is found
 * by it. */
#include "support.h"

#include "delivery/canary_run.h"
#include "delivery/made_seed.h"

#include <stdio.h>
#include <stdlib.h>

static const char packed[] = "I\x1f\nD\x1f\nU\x1f\nE\x1f\n\n"
                             "Message-ID: \x01"
                             "0\x02\r\nDate: \x01"
                             "1\x02\r\nSubject: One\r\n\r\n"
                             "Hello \x01"
                             "3\x02, \x01"
                             "2\x02.\r\n";

static struct nl_config config;
static struct nl_run_options options;
static struct nl_run_plan plan;
static struct nl_issue issue;
static struct canary_run run;
static volatile sig_atomic_t stop;
static struct fixture *current;

/* Issue 1 with a canary, and three seeds. */
static int set_up(void **state) {
    struct nl_error err = {0};
    fixture_setup(state);
    current = *state;
    made_seed_begin();
    stop = 0;
    fixture_issue(current, 1, "sending");
    fixture_sql(current, "INSERT INTO canary (issue, share, people, state, token, newer_than) "
                         "VALUES (1, 0, 2, 'waiting', 'T', 0)");
    config = (struct nl_config){.seeds = {{.address = (char *)"a@one.example"},
                                          {.address = (char *)"b@two.example"},
                                          {.address = (char *)"c@three.example"}}};
    options = (struct nl_run_options){.stop = &stop};
    plan = (struct nl_run_plan){.store = current->store,
                                .config = &config,
                                .relay = made_seed_relay(),
                                .from = "Press <press@example.org>",
                                .options = &options};
    issue = (struct nl_issue){.id = 1, .message = (char *)packed, .message_len = sizeof packed - 1};
    assert_ok(nl_canary_open(&run, &plan, &issue, &err));
    assert_true(run.ours);
    return 0;
}

static int tear_down(void **state) {
    nl_canary_close(&run);
    made_seed_end();
    return fixture_teardown(state);
}

static void send(const char *log) {
    struct nl_error err = {0};
    nl_buf_clear(&made_seed.log);
    assert_ok(nl_canary_send_seeds(&run, &err));
    assert_string_equal(nl_buf_text(&made_seed.log), log);
}

static void look(const char *log) {
    struct nl_error err = {0};
    nl_buf_clear(&made_seed.log);
    assert_ok(nl_canary_look(&run, &err));
    assert_string_equal(nl_buf_text(&made_seed.log), log);
}

/* Another process goes on where this one was killed. */
static void go_on(void) {
    struct nl_error err = {0};
    nl_canary_close(&run);
    assert_ok(nl_canary_open(&run, &plan, &issue, &err));
}

/* A word of the facts of the seed with this address, as the database has them; "" for none. */
static const char *stored(const char *address, const char *name) {
    static char text[200];
    struct nl_error err = {0};
    struct nl_canary row = {0};
    bool found = false;
    assert_ok(nl_canary_read(current->store, 1, &found, &row, &err));
    json_t *facts = row.facts != NULL ? json_loads(row.facts, 0, NULL) : NULL;
    json_t *seed = NULL;
    size_t at = 0;
    text[0] = '\0';
    json_array_foreach(json_object_get(facts, "seeds"), at, seed) {
        const char *word = json_string_value(json_object_get(seed, name));
        if (strcmp(json_string_value(json_object_get(seed, "address")), address) == 0 &&
            word != NULL)
            snprintf(text, sizeof text, "%s", word);
    }
    json_decref(facts);
    nl_canary_free(&row);
    return text;
}

/* ---- sending ---- */

#define COPIES                                                                                     \
    "send a@one.example seed.T.0\nsend b@two.example seed.T.1\nsend c@three.example seed.T.2\n"

static void test_one_copy_each(void **state) {
    (void)state;
    send(COPIES);
    assert_string_equal(stored("a@one.example", "state"), "sent");
    assert_string_equal(stored("c@three.example", "state"), "sent");
    assert_string_equal(stored("c@three.example", "reason"), "");
    assert_string_equal(nl_buf_text(&made_seed.from), "press@example.org");
    assert_string_equal(nl_buf_text(&made_seed.sender), "press@example.org");
    assert_non_null(strstr(nl_buf_text(&made_seed.message), "Subject: One\r\n"));
    assert_non_null(strstr(nl_buf_text(&made_seed.message),
                           "\r\n\r\nHello c@three.example, 00000000-0000-4000-8000-"));
    assert_non_null(
        strstr(nl_buf_text(&made_seed.message), "Message-ID: <seed.T.2@example.org>\r\n"));
    assert_non_null(strstr(nl_buf_text(&made_seed.message), "Date: Mon, 12 Jan 1970"));
    assert_null(strstr(nl_buf_text(&made_seed.message), "Ledger-Checkpoint"));
    send("");
    go_on();
    send("");
}

/* Seeds are those up to the first place without an address. */
static void test_no_seeds(void **state) {
    (void)state;
    config.seeds[1].address = NULL;
    send("send a@one.example seed.T.0\n");
    config.seeds[0].address = NULL;
    send("");
    look("");
}

static void test_bounces_come_back_as_for_subscribers(void **state) {
    (void)state;
    config.bounce_address = (char *)"bounces@example.net";
    send(COPIES);
    assert_string_equal(nl_buf_text(&made_seed.from), "press@example.org");
    assert_string_equal(nl_buf_text(&made_seed.sender), "bounces@example.net");
}

/* The checkpoint of the ledger goes to the seeds, too. */
static void test_with_a_checkpoint(void **state) {
    (void)state;
    fixture_sql(current, "INSERT INTO setting (key, value) VALUES ('checkpoint', '1 2 1 "
                         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nexample.org\n7\nAAAA\n')");
    send(COPIES);
    assert_non_null(
        strstr(nl_buf_text(&made_seed.message), "Ledger-Checkpoint: example.org 7\r\n AAAA\r\n"));
}

static void see_that_it_is_noted(void) {
    const char *address =
        strchr(nl_buf_text(&made_seed.log), '\n') == NULL ? "a@one.example" : "b@two.example";
    assert_string_equal(stored(address, "state"), "begun");
}

/* It is noted before it begins, so that a copy is not sent twice. */
static void test_it_is_noted_first(void **state) {
    (void)state;
    config.seeds[2].address = NULL;
    made_seed.before = see_that_it_is_noted;
    send("send a@one.example seed.T.0\nsend b@two.example seed.T.1\n");
}

static void test_a_copy_that_is_refused(void **state) {
    (void)state;
    made_seed.refuses = "b@two.example";
    send(COPIES);
    assert_string_equal(stored("b@two.example", "state"), "failed");
    assert_string_equal(stored("b@two.example", "reason"), "it is refused");
    assert_string_equal(stored("c@three.example", "state"), "sent");
    json_t *seed = json_array_get(json_object_get(run.facts, "seeds"), 1);
    assert_true(json_is_array(json_object_get(seed, "reason_said")));
    go_on();
    send("send b@two.example seed.T.1\n");
    made_seed.refuses = NULL;
    send("send b@two.example seed.T.1\n");
    assert_string_equal(stored("b@two.example", "state"), "sent");
    assert_string_equal(stored("b@two.example", "reason"), "");
    seed = json_array_get(json_object_get(run.facts, "seeds"), 1);
    assert_true(json_is_null(json_object_get(seed, "reason_said")));
}

/* Settings with which nothing can be sent are the reason of a failure, and of nothing more. */
static void test_settings_that_do_not_work(void **state) {
    (void)state;
    config.seeds[1].address = (char *)"b";
    send("send a@one.example seed.T.0\nsend c@three.example seed.T.2\n");
    assert_string_equal(stored("b", "state"), "failed");
    assert_string_not_equal(stored("b", "reason"), "");
    config.seeds[1].address = (char *)"d@four.example";
    config.bounce_address = (char *)"bounces";
    send("");
    assert_string_equal(stored("d@four.example", "state"), "failed");
    config.bounce_address = NULL;
    plan.from = "nobody";
    send("");
    assert_string_equal(stored("d@four.example", "state"), "failed");
    plan.from = "press@example.org";
    issue.message = (char *)"no message";
    issue.message_len = 10;
    send("");
    assert_string_equal(stored("d@four.example", "state"), "failed");
}

static struct nl_seed_sight nothing(const char *address) {
    (void)address;
    return (struct nl_seed_sight){.place = NL_SEED_MISSING};
}

/* A copy that was begun before the process was killed is looked for before it is sent again. */
static void test_interrupted_copies(void **state) {
    static const struct {
        const char *state; /* of the first seed */
        bool arrived, closed;
        const char *log;
    } rows[] = {
        {"begun", true, false, "look a@one.example seed.T.0\n"},
        {"begun", false, false, "look a@one.example seed.T.0\nsend a@one.example seed.T.0\n"},
        {"begun", true, true, "look a@one.example seed.T.0\nsend a@one.example seed.T.0\n"},
        {"failed", true, false, "send a@one.example seed.T.0\n"},
        {"new", true, false, "send a@one.example seed.T.0\n"},
        {"sent", false, false, ""},
    };
    (void)state;
    config.seeds[1].address = NULL;
    for_each_row (i, rows, rows[i].log) {
        char sql[200];
        snprintf(sql, sizeof sql,
                 "UPDATE canary SET facts = "
                 "'{\"seeds\":[{\"address\":\"a@one.example\",\"state\":\"%s\"}]}'",
                 rows[i].state);
        fixture_sql(current, sql);
        go_on();
        made_seed.look = rows[i].arrived ? NULL : nothing;
        made_seed.closed = rows[i].closed ? "a@one.example" : NULL;
        made_seed.stop = NULL;
        send(rows[i].log);
        assert_string_equal(stored("a@one.example", "state"), "sent");
        if (strstr(rows[i].log, "look") != NULL)
            assert_ptr_equal(made_seed.stop, &stop);
    }
}

static void stop_now(void) {
    stop = 1;
}

static void test_it_is_to_stop(void **state) {
    (void)state;
    made_seed.before = stop_now;
    send("send a@one.example seed.T.0\n");
    look("");
    assert_string_equal(stored("a@one.example", "place"), "");
    options.stop = NULL;
    made_seed.before = NULL;
    send("send b@two.example seed.T.1\nsend c@three.example seed.T.2\n");
    look("look a@one.example seed.T.0\nlook b@two.example seed.T.1\nlook c@three.example "
         "seed.T.2\n");
}

/* Where nothing can be noted, nothing is sent. */
static void test_nothing_can_be_noted(void **state) {
    struct nl_error err = {0};
    (void)state;
    fixture_sql(current, "ALTER TABLE canary RENAME TO gone");
    assert_int_not_equal(nl_canary_send_seeds(&run, &err), NL_OK);
    nl_error_free(&err);
    assert_int_not_equal(nl_canary_look(&run, &err), NL_OK);
    nl_error_free(&err);
    assert_null(strstr(nl_buf_text(&made_seed.log), "send"));
    fixture_sql(current, "ALTER TABLE gone RENAME TO canary");
}

/* ---- looking ---- */

static struct nl_seed_sight by_address(const char *address) {
    if (address[0] == 'a')
        return (struct nl_seed_sight){.place = NL_SEED_JUNK,
                                      .folder = "Spam",
                                      .authentication = {.authserv_id = "mx.one.example",
                                                         .spf = "pass",
                                                         .dkim = "fail",
                                                         .dkim_domain = "example.org",
                                                         .dmarc = "none"}};
    return (struct nl_seed_sight){.place = address[0] == 'b' ? NL_SEED_ELSEWHERE : NL_SEED_MISSING};
}

static void test_what_is_seen(void **state) {
    static const struct {
        const char *address, *name, *word;
    } rows[] = {
        {"a@one.example", "place", "junk"},
        {"a@one.example", "folder", "Spam"},
        {"a@one.example", "authserv_id", "mx.one.example"},
        {"a@one.example", "spf", "pass"},
        {"a@one.example", "dkim", "fail"},
        {"a@one.example", "dkim_domain", "example.org"},
        {"a@one.example", "dmarc", "none"},
        {"a@one.example", "problem", ""},
        {"b@two.example", "place", "elsewhere"},
        {"b@two.example", "folder", ""},
        {"c@three.example", "place", "missing"},
        {"c@three.example", "spf", ""},
    };
    (void)state;
    send(COPIES);
    made_seed.look = by_address;
    look("look a@one.example seed.T.0\nlook b@two.example seed.T.1\nlook c@three.example "
         "seed.T.2\n");
    assert_ptr_equal(made_seed.stop, &stop);
    for_each_row (i, rows, rows[i].name)
        assert_string_equal(stored(rows[i].address, rows[i].name), rows[i].word);
    go_on();
    made_seed.look = NULL;
    look("look c@three.example seed.T.2\n");
    assert_string_equal(stored("c@three.example", "place"), "inbox");
    look("");
}

/* A mailbox that cannot be read is looked into the next time. */
static void test_closed_mailboxes(void **state) {
    (void)state;
    send(COPIES);
    made_seed.closed = "b@two.example";
    look("look a@one.example seed.T.0\nlook b@two.example seed.T.1\nlook c@three.example "
         "seed.T.2\n");
    assert_string_equal(stored("b@two.example", "place"), "missing");
    assert_string_equal(stored("b@two.example", "problem"), "the mailbox is closed");
    assert_string_equal(stored("c@three.example", "place"), "inbox");
    made_seed.closed = NULL;
    look("look b@two.example seed.T.1\n");
    assert_string_equal(stored("b@two.example", "place"), "inbox");
    assert_string_equal(stored("b@two.example", "problem"), "");
}

/* A copy that was not sent is not looked for. */
static void test_copies_that_were_not_sent(void **state) {
    (void)state;
    made_seed.refuses = "a@one.example";
    send(COPIES);
    look("look b@two.example seed.T.1\nlook c@three.example seed.T.2\n");
    assert_string_equal(stored("a@one.example", "place"), "");
}

/* However the settings change meanwhile, a copy is looked for by the name that it was sent
 * under. */
static void test_seeds_that_come_and_go(void **state) {
    (void)state;
    made_seed.look = nothing;
    made_seed.refuses = "c@three.example";
    send(COPIES);
    config.seeds[0].address = (char *)"c@three.example";
    config.seeds[1].address = (char *)"d@four.example";
    config.seeds[2].address = (char *)"b@two.example";
    made_seed.refuses = NULL;
    go_on();
    send("send c@three.example seed.T.2\nsend d@four.example seed.T.3\n");
    look("look c@three.example seed.T.2\nlook d@four.example seed.T.3\nlook b@two.example "
         "seed.T.1\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_one_copy_each),
        TEST(test_no_seeds),
        TEST(test_bounces_come_back_as_for_subscribers),
        TEST(test_with_a_checkpoint),
        TEST(test_it_is_noted_first),
        TEST(test_a_copy_that_is_refused),
        TEST(test_settings_that_do_not_work),
        TEST(test_interrupted_copies),
        TEST(test_it_is_to_stop),
        TEST(test_nothing_can_be_noted),
        TEST(test_what_is_seen),
        TEST(test_closed_mailboxes),
        TEST(test_copies_that_were_not_sent),
        TEST(test_seeds_that_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
