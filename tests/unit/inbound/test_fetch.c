/* Mailboxes on servers: what a fetch asks for, in which order, and what it does to the messages.
 * The server is a made one: it says what no real server says on demand. */
#include "support.h"

#include "newsletter/base/buf.h"
#include "newsletter/inbound/mailbox.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* The reply to a command that begins with `command`; "%" in an IMAP reply stands for the tag. Of
 * several rows that fit, the first that has not been used counts. */
struct reply {
    const char *command, *text;
    bool used;
};

static struct {
    int listener, port;
    bool imap;
    struct reply *replies;
    struct nl_buf log; /* the commands, without tags and logins, each with a line's end */
    pthread_t thread;
} server;

static void say(int fd, const char *text, const char *tag) {
    struct nl_buf out = {0};
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '%')
            nl_buf_adds(&out, tag);
        else
            nl_buf_add(&out, c, 1);
    }
    (void)!write(fd, nl_buf_text(&out), out.len);
    nl_buf_free(&out);
}

/* False ends the connection. */
static bool answer(int fd, char *line) {
    char tag[16] = "";
    line[strcspn(line, "\r\n")] = '\0';
    if (server.imap) {
        size_t len = strcspn(line, " ");
        snprintf(tag, sizeof tag, "%.*s", (int)len, line);
        line += line[len] == ' ' ? len + 1 : len;
    }
    bool quiet = strncmp(line, "CAPA", 4) == 0 || strncmp(line, "USER", 4) == 0 ||
                 strncmp(line, "PASS", 4) == 0 || strncmp(line, "LOGIN", 5) == 0;
    if (!quiet)
        nl_buf_addf(&server.log, "%s\n", line);
    for (struct reply *reply = server.replies; reply->command != NULL; reply++) {
        if (reply->used || strncmp(line, reply->command, strlen(reply->command)) != 0)
            continue;
        reply->used = true;
        if (reply->text == NULL)
            return false;
        say(fd, reply->text, tag);
        return true;
    }
    if (strcmp(line, "CAPABILITY") == 0)
        say(fd, "* CAPABILITY IMAP4rev1\r\n% OK\r\n", tag);
    else if (strcmp(line, "CAPA") == 0)
        say(fd, "+OK\r\nUSER\r\n.\r\n", tag);
    else
        say(fd, server.imap ? "% OK done\r\n" : "+OK\r\n", tag);
    return strcmp(line, "QUIT") != 0 && strcmp(line, "LOGOUT") != 0;
}

/* One connection after another, until the listener is closed. */
static void *serve(void *unused) {
    (void)unused;
    for (int fd = -1; (fd = accept(server.listener, NULL, NULL)) >= 0; close(fd)) {
        FILE *in = fdopen(dup(fd), "r");
        char line[1024];
        say(fd, server.imap ? "* OK ready\r\n" : "+OK ready\r\n", "");
        while (fgets(line, sizeof line, in) != NULL && answer(fd, line)) {
        }
        fclose(in);
    }
    return NULL;
}

static void start(bool imap, struct reply *replies) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.imap = imap;
    server.replies = replies;
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server.listener, 4), 0);
    assert_int_equal(getsockname(server.listener, (struct sockaddr *)&address, &len), 0);
    server.port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

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
    memset(&server, 0, sizeof server);
    return 0;
}

static int tear_down(void **state) {
    row_report(state);
    nl_buf_free(&visit.seen);
    return 0;
}

/* Fetches from the made server, which has ended when this returns; server.log is to be freed. */
static enum nl_status fetch(struct nl_error *err) {
    struct nl_config config = {0};
    const struct nl_visitor visitor = {.message = take, .settle = settle, .stop = &visit.stop};
    config.fetch.protocol = server.imap ? NL_FETCH_IMAP : NL_FETCH_POP3;
    config.fetch.host = (char *)"127.0.0.1";
    config.fetch.port = server.port;
    config.fetch.security = NL_SMTP_PLAIN;
    config.fetch.username = (char *)"ann";
    config.fetch.folder = (char *)"IN BOX";
    config.fetch.processed = (char *)"Done";
    config.fetch.unknown = (char *)"Odd";
    enum nl_status status = nl_mailbox_fetch(&config, "secret", &visitor, err);
    shutdown(server.listener, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.listener);
    return status;
}

#define ONE "+OK\r\nSubject: one\r\n\r\nA\r\n.\r\n"
#define TWO "+OK\r\nSubject: two\r\n\r\nB\r\n.\r\n"

/* Each message is settled before it is deleted, and deleted before the next one is asked for. */
static void test_pop3(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct reply replies[] = {{.command = "STAT", .text = "+OK 2 320\r\n"},
                              {.command = "RETR 1", .text = ONE},
                              {.command = "RETR 2", .text = TWO},
                              {0}};
    start(false, replies);
    assert_ok(fetch(&err));
    assert_string_equal(nl_buf_text(&visit.seen),
                        "Subject: one\r\n\r\nA\r\n|SSubject: two\r\n\r\nB\r\n|S");
    assert_string_equal(nl_buf_text(&server.log), "STAT\nRETR 1\nDELE 1\nRETR 2\nDELE 2\nQUIT\n");
    nl_buf_free(&server.log);
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
        struct reply replies[] = {
            {.command = "STAT", .text = cases[i].reply}, {.command = "RETR 1", .text = ONE}, {0}};
        memset(&server, 0, sizeof server);
        start(false, replies);
        assert_ok(fetch(&err));
        assert_string_equal(nl_buf_text(&server.log), cases[i].log);
        nl_buf_free(&server.log);
    }
}

/* Each of more than ten is fetched, and no more than there are. */
static void test_twelve_messages(void **state) {
    enum { COUNT = 12 };
    struct nl_error err = {0};
    struct reply replies[COUNT + 2] = {{.command = "STAT", .text = "+OK 12 320\r\n"}};
    (void)state;
    for (int i = 1; i <= COUNT; i++)
        replies[i] = (struct reply){.command = "RETR ", .text = ONE};
    start(false, replies);
    assert_ok(fetch(&err));
    assert_int_equal(visit.messages, COUNT);
    assert_non_null(strstr(nl_buf_text(&server.log), "RETR 12\nDELE 12\nQUIT\n"));
    nl_buf_free(&server.log);
}

/* A message that the visitor did not take, or that is not settled, is not deleted. */
static void test_pop3_deletes_only_what_is_taken(void **state) {
    static const char *const faults[] = {"message", "settle"};
    (void)state;
    for_each_row (i, faults, faults[i]) {
        struct nl_error err = {0};
        struct reply replies[] = {
            {.command = "STAT", .text = "+OK 2 320\r\n"}, {.command = "RETR 1", .text = ONE}, {0}};
        memset(&server, 0, sizeof server);
        visit.failing = i == 0 ? "one" : NULL;
        visit.settle_fails = i == 1;
        start(false, replies);
        assert_fails(fetch(&err), NL_TEMPFAIL, i == 0 ? "away" : "no commit");
        assert_string_equal(nl_buf_text(&server.log), "STAT\nRETR 1\nQUIT\n");
        nl_buf_free(&server.log);
    }
}

/* A message that does not arrive is left, and the next one is read; after three the server is to
 * blame. */
static void test_messages_that_do_not_arrive(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct reply some[] = {{.command = "STAT", .text = "+OK 4 320\r\n"},
                           {.command = "RETR 1", .text = "-ERR gone\r\n"},
                           {.command = "RETR 2", .text = "-ERR gone\r\n"},
                           {.command = "RETR 3", .text = "-ERR gone\r\n"},
                           {.command = "RETR 4", .text = ONE},
                           {0}};
    start(false, some);
    assert_ok(fetch(&err));
    assert_int_equal(visit.messages, 1);
    const char *deleted = strstr(nl_buf_text(&server.log), "DELE");
    assert_string_equal(deleted, "DELE 4\nQUIT\n");
    nl_buf_free(&server.log);
    struct reply all[] = {{.command = "STAT", .text = "+OK 9 320\r\n"},
                          {.command = "RETR 1", .text = "-ERR gone\r\n"},
                          {.command = "RETR 2", .text = "-ERR gone\r\n"},
                          {.command = "RETR 3", .text = "-ERR gone\r\n"},
                          {.command = "RETR 4", .text = "-ERR gone\r\n"},
                          {0}};
    memset(&server, 0, sizeof server);
    start(false, all);
    assert_int_not_equal(fetch(&err), NL_OK);
    assert_non_null(strstr(nl_error_text(&err), "127.0.0.1"));
    nl_error_free(&err);
    assert_null(strstr(nl_buf_text(&server.log), "RETR 5"));
    assert_null(strstr(nl_buf_text(&server.log), "DELE"));
    nl_buf_free(&server.log);
}

/* After a stop no further message is asked for. */
static void test_a_stop(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct reply replies[] = {{.command = "STAT", .text = "+OK 2 320\r\n"},
                              {.command = "RETR 1", .text = ONE},
                              {.command = "RETR 2", .text = TWO},
                              {0}};
    visit.stop_after = 1;
    start(false, replies);
    (void)fetch(&err); /* libcurl may be stopped in the middle of the deletion */
    nl_error_free(&err);
    assert_int_equal(visit.messages, 1);
    assert_null(strstr(nl_buf_text(&server.log), "RETR 2"));
    nl_buf_free(&server.log);
}

#define IMAP_ONE "* 1 FETCH (UID 7 BODY[]<0> {12}\r\nSubject: one)\r\n% OK\r\n"
#define IMAP_TWO "* 2 FETCH (UID 9 BODY[]<0> {12}\r\nSubject: two)\r\n% OK\r\n"
#define SEARCH                                                                                     \
    { .command = "UID SEARCH UNDELETED", .text = "* SEARCH 7 9\r\n% OK\r\n" }

/* Where the server has MOVE (RFC 6851): understood messages go to one folder, others to another. */
static void test_imap(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct reply replies[] = {SEARCH,
                              {.command = "UID FETCH 7", .text = IMAP_ONE},
                              {.command = "UID FETCH 9", .text = IMAP_TWO},
                              {0}};
    visit.known = "one";
    start(true, replies);
    assert_ok(fetch(&err));
    assert_string_equal(nl_buf_text(&visit.seen), "Subject: one|SSubject: two|S");
    const char *log = nl_buf_text(&server.log);
    const char *first = strstr(log, "UID MOVE 7 \"Done\"\n");
    const char *second = strstr(log, "UID MOVE 9 \"Odd\"\n");
    assert_non_null(strstr(log, "SELECT \"IN BOX\"\n"));
    assert_true(first != NULL && second > first);
    assert_true(strstr(log, "UID FETCH 7") < first && strstr(log, "UID FETCH 9") > first);
    assert_null(strstr(log, "COPY"));
    assert_null(strstr(log, "CREATE"));
    nl_buf_free(&server.log);
}

/* Where it has not: the folder is made, the message copied, and only then marked as deleted. */
static void test_imap_without_move(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct reply replies[] = {{.command = "UID SEARCH", .text = "* SEARCH 7\r\n% OK\r\n"},
                              {.command = "UID FETCH 7", .text = IMAP_ONE},
                              {.command = "UID MOVE", .text = "% BAD unknown command\r\n"},
                              {.command = "UID MOVE", .text = "% BAD unknown command\r\n"},
                              {0}};
    start(true, replies);
    assert_ok(fetch(&err));
    const char *log = nl_buf_text(&server.log);
    const char *created = strstr(log, "CREATE \"Odd\"\n");
    const char *copied = strstr(log, "UID COPY 7 \"Odd\"\n");
    const char *deleted = strstr(log, "UID STORE 7 +FLAGS.SILENT (\\Deleted)\n");
    assert_true(created != NULL && copied > created && deleted > copied);
    nl_buf_free(&server.log);
}

/* A message that could not be copied is not deleted. */
static void test_imap_that_cannot_copy(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct reply replies[] = {{.command = "UID SEARCH", .text = "* SEARCH 7\r\n% OK\r\n"},
                              {.command = "UID FETCH 7", .text = IMAP_ONE},
                              {.command = "UID MOVE", .text = "% NO\r\n"},
                              {.command = "UID MOVE", .text = "% NO\r\n"},
                              {.command = "UID COPY", .text = "% NO over quota\r\n"},
                              {0}};
    start(true, replies);
    assert_fails(fetch(&err), NL_UNAVAILABLE, "refused a command");
    assert_null(strstr(nl_buf_text(&server.log), "Deleted"));
    nl_buf_free(&server.log);
}

/* Where the folder was only missing, it is made, and the message moves. */
static void test_imap_makes_the_folder(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct reply replies[] = {{.command = "UID SEARCH", .text = "* SEARCH 7\r\n% OK\r\n"},
                              {.command = "UID FETCH 7", .text = IMAP_ONE},
                              {.command = "UID MOVE", .text = "% NO [TRYCREATE]\r\n"},
                              {0}};
    start(true, replies);
    assert_ok(fetch(&err));
    assert_non_null(strstr(nl_buf_text(&server.log), "CREATE \"Odd\"\nUID MOVE 7 \"Odd\"\n"));
    assert_null(strstr(nl_buf_text(&server.log), "COPY"));
    nl_buf_free(&server.log);
}

/* A message that was not taken stays where it is. */
static void test_imap_moves_only_what_is_taken(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct reply replies[] = {SEARCH, {.command = "UID FETCH 7", .text = IMAP_ONE}, {0}};
    visit.failing = "one";
    start(true, replies);
    assert_fails(fetch(&err), NL_TEMPFAIL, "away");
    assert_null(strstr(nl_buf_text(&server.log), "MOVE"));
    assert_null(strstr(nl_buf_text(&server.log), "FETCH 9"));
    nl_buf_free(&server.log);
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
        struct reply replies[] = {{.command = cases[i].command, .text = cases[i].reply},
                                  {.command = cases[i].command, .text = cases[i].reply},
                                  {.command = cases[i].command, .text = cases[i].reply},
                                  {0}};
        memset(&server, 0, sizeof server);
        start(cases[i].imap, replies);
        assert_fails(fetch(&err), cases[i].status, cases[i].words);
        assert_int_equal(visit.messages, 0);
        nl_buf_free(&server.log);
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
    struct reply replies[] = {{.command = "STAT", .text = "+OK 1 5242880\r\n"},
                              {.command = "RETR 1", .text = nl_buf_text(&text)},
                              {0}};
    start(false, replies);
    config.fetch.port = server.port;
    assert_ok(nl_mailbox_fetch(&config, NULL, &visitor, &err));
    shutdown(server.listener, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.listener);
    assert_int_equal(length_seen, 4 << 20);
    assert_non_null(strstr(nl_buf_text(&server.log), "DELE 1"));
    nl_buf_free(&server.log);
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
