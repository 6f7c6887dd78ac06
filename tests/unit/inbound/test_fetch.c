/* Mailboxes on servers: what a fetch asks for, in which order, and what it does to the messages. */
#include "inbound/made_mailbox.h"

#include "newsletter/base/buf.h"
#include "newsletter/inbound/mailbox.h"

#include <stdio.h>
#include <stdlib.h>

/* The messages that the visitor was given, and what it does. */
static struct {
    struct nl_buf seen; /* each message and "|" after it; "S" when it settles */
    const char *known, *failing;
    bool settle_fails;
    size_t messages, stop_after;
    volatile sig_atomic_t stop;
} visit;

static enum nl_status take(const char *data, size_t len, bool *understood, void *ctx,
                           struct nl_error *err) {
    (void)ctx;
    nl_buf_add(&visit.seen, data, len < 40 ? len : 40);
    nl_buf_adds(&visit.seen, "|");
    *understood = visit.known != NULL && memmem(data, len, visit.known, strlen(visit.known));
    visit.stop = ++visit.messages == visit.stop_after;
    return visit.failing != NULL && memmem(data, len, visit.failing, strlen(visit.failing)) != NULL
               ? nl_error_set(err, NL_TEMPFAIL, "the database is away")
               : NL_OK;
}

static enum nl_status settle(void *ctx, struct nl_error *err) {
    (void)ctx;
    nl_buf_adds(&visit.seen, "S");
    return visit.settle_fails ? nl_error_set(err, NL_TEMPFAIL, "no commit") : NL_OK;
}

static int set_up(void **state) {
    (void)state;
    memset(&visit, 0, sizeof visit);
    memset(&made_mailbox, 0, sizeof made_mailbox);
    return 0;
}

static int tear_down(void **state) {
    row_report(state);
    nl_buf_free(&visit.seen);
    return 0;
}

/* Fetches from the made server, which has ended when this returns; made_mailbox.log is to be freed.
 */
static enum nl_status fetch(struct nl_error *err) {
    struct nl_config config = {0};
    const struct nl_visitor visitor = {.message = take, .settle = settle, .stop = &visit.stop};
    config.fetch.protocol = made_mailbox.imap ? NL_FETCH_IMAP : NL_FETCH_POP3;
    config.fetch.host = (char *)"127.0.0.1";
    config.fetch.port = made_mailbox.port;
    config.fetch.security = NL_SMTP_PLAIN;
    config.fetch.username = (char *)"ann";
    config.fetch.folder = (char *)"IN BOX";
    config.fetch.processed = (char *)"Done";
    config.fetch.unknown = (char *)"Odd";
    enum nl_status status = nl_mailbox_fetch(&config, "secret", &visitor, err);
    made_mailbox_stop();
    return status;
}

#define ONE "+OK\r\nSubject: one\r\n\r\nA\r\n.\r\n"
#define TWO "+OK\r\nSubject: two\r\n\r\nB\r\n.\r\n"

/* Each message is settled before it is deleted, and deleted before the next one is asked for. */
static void test_pop3(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct mailbox_reply replies[] = {{.command = "STAT", .text = "+OK 2 320\r\n"},
                                      {.command = "RETR 1", .text = ONE},
                                      {.command = "RETR 2", .text = TWO},
                                      {0}};
    made_mailbox_start(false, replies);
    assert_ok(fetch(&err));
    assert_string_equal(nl_buf_text(&visit.seen),
                        "Subject: one\r\n\r\nA\r\n|SSubject: two\r\n\r\nB\r\n|S");
    assert_string_equal(nl_buf_text(&made_mailbox.log),
                        "STAT\nRETR 1\nDELE 1\nRETR 2\nDELE 2\nQUIT\n");
    nl_buf_free(&made_mailbox.log);
}

/* How many messages there are is what the server says, and nothing where it says nonsense. */
static void test_the_reply_to_stat(void **state) {
    (void)state;
    static const struct {
        const char *reply;
        const char *log;
    } cases[] = {
        {"+OK 0 0\r\n", "STAT\nQUIT\n"},
        {"+OK\r\n", "STAT\nQUIT\n"},
        {"+OK many\r\n", "STAT\nQUIT\n"},
        {"+OK 1 99999999999999999999999999999999999999\r\n", "STAT\nRETR 1\nDELE 1\nQUIT\n"}};
    for_each_row (i, cases, cases[i].reply) {
        struct nl_error err = {0};
        struct mailbox_reply replies[] = {
            {.command = "STAT", .text = cases[i].reply}, {.command = "RETR 1", .text = ONE}, {0}};
        memset(&made_mailbox, 0, sizeof made_mailbox);
        made_mailbox_start(false, replies);
        assert_ok(fetch(&err));
        assert_string_equal(nl_buf_text(&made_mailbox.log), cases[i].log);
        nl_buf_free(&made_mailbox.log);
    }
}

/* Each of more than ten is fetched, and no more than there are. */
static void test_twelve_messages(void **state) {
    enum { COUNT = 12 };
    struct nl_error err = {0};
    struct mailbox_reply replies[COUNT + 2] = {{.command = "STAT", .text = "+OK 12 320\r\n"}};
    (void)state;
    for (int i = 1; i <= COUNT; i++)
        replies[i] = (struct mailbox_reply){.command = "RETR ", .text = ONE};
    made_mailbox_start(false, replies);
    assert_ok(fetch(&err));
    assert_int_equal(visit.messages, COUNT);
    assert_non_null(strstr(nl_buf_text(&made_mailbox.log), "RETR 12\nDELE 12\nQUIT\n"));
    nl_buf_free(&made_mailbox.log);
}

/* A message that the visitor did not take, or that is not settled, is not deleted. */
static void test_pop3_deletes_only_what_is_taken(void **state) {
    static const char *const faults[] = {"message", "settle"};
    (void)state;
    for_each_row (i, faults, faults[i]) {
        struct nl_error err = {0};
        struct mailbox_reply replies[] = {
            {.command = "STAT", .text = "+OK 2 320\r\n"}, {.command = "RETR 1", .text = ONE}, {0}};
        memset(&made_mailbox, 0, sizeof made_mailbox);
        visit.failing = i == 0 ? "one" : NULL;
        visit.settle_fails = i == 1;
        made_mailbox_start(false, replies);
        assert_fails(fetch(&err), NL_TEMPFAIL, i == 0 ? "away" : "no commit");
        assert_string_equal(nl_buf_text(&made_mailbox.log), "STAT\nRETR 1\nQUIT\n");
        nl_buf_free(&made_mailbox.log);
    }
}

/* A message that does not arrive is left, and the next one is read; after three the server is to
 * blame. */
static void test_messages_that_do_not_arrive(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct mailbox_reply some[] = {{.command = "STAT", .text = "+OK 4 320\r\n"},
                                   {.command = "RETR 1", .text = "-ERR gone\r\n"},
                                   {.command = "RETR 2", .text = "-ERR gone\r\n"},
                                   {.command = "RETR 3", .text = "-ERR gone\r\n"},
                                   {.command = "RETR 4", .text = ONE},
                                   {0}};
    made_mailbox_start(false, some);
    assert_ok(fetch(&err));
    assert_int_equal(visit.messages, 1);
    const char *deleted = strstr(nl_buf_text(&made_mailbox.log), "DELE");
    assert_string_equal(deleted, "DELE 4\nQUIT\n");
    nl_buf_free(&made_mailbox.log);
    struct mailbox_reply all[] = {{.command = "STAT", .text = "+OK 9 320\r\n"},
                                  {.command = "RETR 1", .text = "-ERR gone\r\n"},
                                  {.command = "RETR 2", .text = "-ERR gone\r\n"},
                                  {.command = "RETR 3", .text = "-ERR gone\r\n"},
                                  {.command = "RETR 4", .text = "-ERR gone\r\n"},
                                  {0}};
    memset(&made_mailbox, 0, sizeof made_mailbox);
    made_mailbox_start(false, all);
    assert_int_not_equal(fetch(&err), NL_OK);
    assert_non_null(strstr(nl_error_text(&err), "127.0.0.1"));
    nl_error_free(&err);
    assert_null(strstr(nl_buf_text(&made_mailbox.log), "RETR 5"));
    assert_null(strstr(nl_buf_text(&made_mailbox.log), "DELE"));
    nl_buf_free(&made_mailbox.log);
}

/* After a stop no further message is asked for. */
static void test_a_stop(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct mailbox_reply replies[] = {{.command = "STAT", .text = "+OK 2 320\r\n"},
                                      {.command = "RETR 1", .text = ONE},
                                      {.command = "RETR 2", .text = TWO},
                                      {0}};
    visit.stop_after = 1;
    made_mailbox_start(false, replies);
    (void)fetch(&err); /* libcurl may be stopped in the middle of the deletion */
    nl_error_free(&err);
    assert_int_equal(visit.messages, 1);
    assert_null(strstr(nl_buf_text(&made_mailbox.log), "RETR 2"));
    nl_buf_free(&made_mailbox.log);
}

#define IMAP_ONE "* 1 FETCH (UID 7 BODY[]<0> {12}\r\nSubject: one)\r\n% OK\r\n"
#define IMAP_TWO "* 2 FETCH (UID 9 BODY[]<0> {12}\r\nSubject: two)\r\n% OK\r\n"
#define SEARCH                                                                                     \
    { .command = "UID SEARCH UNDELETED", .text = "* SEARCH 7 9\r\n% OK\r\n" }

/* Where the server has MOVE (RFC 6851): understood messages go to one folder, others to another. */
static void test_imap(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct mailbox_reply replies[] = {SEARCH,
                                      {.command = "UID FETCH 7", .text = IMAP_ONE},
                                      {.command = "UID FETCH 9", .text = IMAP_TWO},
                                      {0}};
    visit.known = "one";
    made_mailbox_start(true, replies);
    assert_ok(fetch(&err));
    assert_string_equal(nl_buf_text(&visit.seen), "Subject: one|SSubject: two|S");
    const char *log = nl_buf_text(&made_mailbox.log);
    const char *first = strstr(log, "UID MOVE 7 \"Done\"\n");
    const char *second = strstr(log, "UID MOVE 9 \"Odd\"\n");
    assert_non_null(strstr(log, "SELECT \"IN BOX\"\n"));
    assert_true(first != NULL && second > first);
    assert_true(strstr(log, "UID FETCH 7") < first && strstr(log, "UID FETCH 9") > first);
    assert_null(strstr(log, "COPY"));
    assert_null(strstr(log, "CREATE"));
    nl_buf_free(&made_mailbox.log);
}

/* Where it has not: the folder is made, the message copied, and only then marked as deleted. */
static void test_imap_without_move(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct mailbox_reply replies[] = {{.command = "UID SEARCH", .text = "* SEARCH 7\r\n% OK\r\n"},
                                      {.command = "UID FETCH 7", .text = IMAP_ONE},
                                      {.command = "UID MOVE", .text = "% BAD unknown command\r\n"},
                                      {.command = "UID MOVE", .text = "% BAD unknown command\r\n"},
                                      {0}};
    made_mailbox_start(true, replies);
    assert_ok(fetch(&err));
    const char *log = nl_buf_text(&made_mailbox.log);
    const char *created = strstr(log, "CREATE \"Odd\"\n");
    const char *copied = strstr(log, "UID COPY 7 \"Odd\"\n");
    const char *deleted = strstr(log, "UID STORE 7 +FLAGS.SILENT (\\Deleted)\n");
    assert_true(created != NULL && copied > created && deleted > copied);
    nl_buf_free(&made_mailbox.log);
}

/* A message that could not be copied is not deleted. */
static void test_imap_that_cannot_copy(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct mailbox_reply replies[] = {{.command = "UID SEARCH", .text = "* SEARCH 7\r\n% OK\r\n"},
                                      {.command = "UID FETCH 7", .text = IMAP_ONE},
                                      {.command = "UID MOVE", .text = "% NO\r\n"},
                                      {.command = "UID MOVE", .text = "% NO\r\n"},
                                      {.command = "UID COPY", .text = "% NO over quota\r\n"},
                                      {0}};
    made_mailbox_start(true, replies);
    assert_fails(fetch(&err), NL_UNAVAILABLE, "refused a command");
    assert_null(strstr(nl_buf_text(&made_mailbox.log), "Deleted"));
    nl_buf_free(&made_mailbox.log);
}

/* Where the folder was only missing, it is made, and the message moves. */
static void test_imap_makes_the_folder(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct mailbox_reply replies[] = {{.command = "UID SEARCH", .text = "* SEARCH 7\r\n% OK\r\n"},
                                      {.command = "UID FETCH 7", .text = IMAP_ONE},
                                      {.command = "UID MOVE", .text = "% NO [TRYCREATE]\r\n"},
                                      {0}};
    made_mailbox_start(true, replies);
    assert_ok(fetch(&err));
    assert_non_null(strstr(nl_buf_text(&made_mailbox.log), "CREATE \"Odd\"\nUID MOVE 7 \"Odd\"\n"));
    assert_null(strstr(nl_buf_text(&made_mailbox.log), "COPY"));
    nl_buf_free(&made_mailbox.log);
}

/* A message that was not taken stays where it is. */
static void test_imap_moves_only_what_is_taken(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct mailbox_reply replies[] = {SEARCH, {.command = "UID FETCH 7", .text = IMAP_ONE}, {0}};
    visit.failing = "one";
    made_mailbox_start(true, replies);
    assert_fails(fetch(&err), NL_TEMPFAIL, "away");
    assert_null(strstr(nl_buf_text(&made_mailbox.log), "MOVE"));
    assert_null(strstr(nl_buf_text(&made_mailbox.log), "FETCH 9"));
    nl_buf_free(&made_mailbox.log);
}

static void test_refusals(void **state) {
    static const struct {
        const char *command, *reply, *words;
        enum nl_status status;
        bool imap;
    } cases[] = {
        {"PASS", "-ERR no\r\n", "refused the login of ann", NL_NOPERM, false},
        {"LOGIN", "% NO no\r\n", "refused the login of ann", NL_NOPERM, true},
        {"SELECT", "% NO no such folder\r\n", "is there a folder IN BOX?", NL_UNAVAILABLE, true},
        {"UID SEARCH", NULL, "127.0.0.1:", NL_TEMPFAIL, true},
        {"STAT", NULL, "127.0.0.1:", NL_TEMPFAIL, false},
    };
    (void)state;
    for_each_row (i, cases, cases[i].words) {
        struct nl_error err = {0};
        struct mailbox_reply replies[] = {{.command = cases[i].command, .text = cases[i].reply},
                                          {.command = cases[i].command, .text = cases[i].reply},
                                          {.command = cases[i].command, .text = cases[i].reply},
                                          {0}};
        memset(&made_mailbox, 0, sizeof made_mailbox);
        made_mailbox_start(cases[i].imap, replies);
        assert_fails(fetch(&err), cases[i].status, cases[i].words);
        assert_int_equal(visit.messages, 0);
        nl_buf_free(&made_mailbox.log);
    }
}

/* The beginning of a huge message is enough: 4 MiB. */
static size_t length_seen;

static enum nl_status take_length(const char *data, size_t len, bool *understood, void *ctx,
                                  struct nl_error *err) {
    (void)data, (void)ctx, (void)err;
    length_seen = len;
    *understood = true;
    return NL_OK;
}

static void test_a_huge_message(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_buf text = {0};
    struct nl_config config = {.fetch = {.protocol = NL_FETCH_POP3,
                                         .host = (char *)"127.0.0.1",
                                         .security = NL_SMTP_PLAIN,
                                         .username = (char *)"ann"}};
    const struct nl_visitor visitor = {.message = take_length};
    nl_buf_adds(&text, "+OK\r\n");
    for (int i = 0; i < 5 << 10; i++) {
        char line[1025];
        memset(line, 'x', sizeof line);
        memcpy(line + 1022, "\r\n", 3);
        nl_buf_adds(&text, line);
    }
    nl_buf_adds(&text, ".\r\n");
    struct mailbox_reply replies[] = {{.command = "STAT", .text = "+OK 1 5242880\r\n"},
                                      {.command = "RETR 1", .text = nl_buf_text(&text)},
                                      {0}};
    made_mailbox_start(false, replies);
    config.fetch.port = made_mailbox.port;
    assert_ok(nl_mailbox_fetch(&config, NULL, &visitor, &err));
    made_mailbox_stop();
    assert_int_equal(length_seen, 4 << 20);
    assert_non_null(strstr(nl_buf_text(&made_mailbox.log), "DELE 1"));
    nl_buf_free(&made_mailbox.log);
    nl_buf_free(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_pop3),
        TEST(test_the_reply_to_stat),
        TEST(test_twelve_messages),
        TEST(test_pop3_deletes_only_what_is_taken),
        TEST(test_messages_that_do_not_arrive),
        TEST(test_a_stop),
        TEST(test_imap),
        TEST(test_imap_without_move),
        TEST(test_imap_that_cannot_copy),
        TEST(test_imap_makes_the_folder),
        TEST(test_imap_moves_only_what_is_taken),
        TEST(test_refusals),
        TEST(test_a_huge_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
