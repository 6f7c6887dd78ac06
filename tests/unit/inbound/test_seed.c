/* Looking into mailboxes of our own: in which folders, in which order, and what is read there. */
#include "inbound/made_mailbox.h"

#include "newsletter/inbound/seed.h"

#include <stdio.h>
#include <stdlib.h>

#define FOLDERS                                                                                    \
    "* LIST (\\HasNoChildren) \"/\" Lists\r\n* LIST (\\Junk) \"/\" \"Spam box\"\r\n"               \
    "* LIST () \"/\" INBOX\r\n% OK\r\n"
#define HEADER                                                                                     \
    "* 1 FETCH (UID 7 BODY[HEADER]<0> {83}\r\n"                                                    \
    "Authentication-Results: mx.example; spf=pass; dkim=pass header.d=us.example\r\n"              \
    "A: b\r\n)\r\n% OK\r\n"

static struct nl_seed seed;

static int set_up(void **state) {
    (void)state;
    memset(&made_mailbox, 0, sizeof made_mailbox);
    return 0;
}

static int tear_down(void **state) {
    row_report(state);
    nl_buf_free(&made_mailbox.log);
    return 0;
}

static void begin(struct mailbox_reply *replies) {
    nl_buf_free(&made_mailbox.log);
    memset(&made_mailbox, 0, sizeof made_mailbox);
    made_mailbox_start(true, replies);
    seed = (struct nl_seed){.host = (char *)"127.0.0.1",
                            .port = made_mailbox.port,
                            .security = NL_SMTP_PLAIN,
                            .username = (char *)"ann",
                            .password = (char *)"secret"};
}

static enum nl_status look(struct nl_seed_sight *out, struct nl_error *err) {
    enum nl_status status = nl_seed_look(&seed, "t0ken", NULL, out, err);
    made_mailbox_stop();
    return status;
}

/* The inbox first, then junk, then the others; the first that has the message ends it. */
static void test_places(void **state) {
    static const struct {
        const char *has; /* the folder with the message; NULL: none */
        enum nl_seed_place place;
        const char *folder, *log;
    } cases[] = {
        {"SELECT INBOX", NL_SEED_INBOX, "INBOX",
         "SELECT INBOX\nUID SEARCH HEADER Message-ID \"t0ken\"\nUID FETCH 7 "
         "BODY[HEADER]<0.262144>\nLOGOUT\n"},
        {"SELECT \"Spam box\"", NL_SEED_JUNK, "Spam box",
         "SELECT INBOX\nUID SEARCH HEADER Message-ID \"t0ken\"\nSELECT \"Spam box\"\nUID SEARCH "
         "HEADER Message-ID \"t0ken\"\nUID FETCH 7 BODY[HEADER]<0.262144>\nLOGOUT\n"},
        {"SELECT Lists", NL_SEED_ELSEWHERE, "Lists",
         "SELECT INBOX\nUID SEARCH HEADER Message-ID \"t0ken\"\nSELECT \"Spam box\"\nUID SEARCH "
         "HEADER Message-ID \"t0ken\"\nSELECT Lists\nUID SEARCH HEADER Message-ID \"t0ken\"\nUID "
         "FETCH 7 BODY[HEADER]<0.262144>\nLOGOUT\n"},
        {NULL, NL_SEED_MISSING, "",
         "SELECT INBOX\nUID SEARCH HEADER Message-ID \"t0ken\"\nSELECT \"Spam box\"\nUID SEARCH "
         "HEADER Message-ID \"t0ken\"\nSELECT Lists\nUID SEARCH HEADER Message-ID "
         "\"t0ken\"\nLOGOUT\n"},
    };
    static const char first[] = "LIST \"\" \"*\" RETURN (SPECIAL-USE)\n";
    (void)state;
    for_each_row (i, cases, cases[i].folder) {
        struct nl_error err = {0};
        struct nl_seed_sight sight = {.place = NL_SEED_JUNK, .folder = "x"};
        size_t before = cases[i].place == NL_SEED_MISSING ? 3 : (size_t)cases[i].place - 1;
        struct mailbox_reply replies[8] = {{.command = "LIST", .text = FOLDERS}};
        for (size_t j = 0; j < before; j++)
            replies[1 + j] =
                (struct mailbox_reply){.command = "UID SEARCH", .text = "* SEARCH\r\n% OK\r\n"};
        replies[1 + before] =
            (struct mailbox_reply){.command = "UID SEARCH", .text = "* SEARCH 7 9\r\n% OK\r\n"};
        replies[2 + before] = (struct mailbox_reply){.command = "UID FETCH 7", .text = HEADER};
        begin(replies);
        assert_ok(look(&sight, &err));
        assert_int_equal(sight.place, cases[i].place);
        assert_string_equal(sight.folder, cases[i].folder);
        assert_string_equal(sight.authentication.spf, cases[i].has != NULL ? "pass" : "");
        assert_string_equal(sight.authentication.dkim_domain,
                            cases[i].has != NULL ? "us.example" : "");
        assert_memory_equal(nl_buf_text(&made_mailbox.log), first, sizeof first - 1);
        assert_string_equal(nl_buf_text(&made_mailbox.log) + sizeof first - 1, cases[i].log);
    }
}

/* Answers to the search, with numbers of messages and without. */
static void test_numbers(void **state) {
    static const struct {
        const char *reply;
        bool found;
    } cases[] = {
        {"* SEARCH 7\r\n% OK\r\n", true},   {"* SEARCH\r\n% OK\r\n", false},
        {"* SEARCH x7\r\n% OK\r\n", false}, {"* SEARCH 71234567890\r\n% OK\r\n", false},
        {"* OTHER 7\r\n% OK\r\n", false},   {"% OK\r\n", false},
    };
    (void)state;
    for_each_row (i, cases, cases[i].reply) {
        struct nl_error err = {0};
        struct nl_seed_sight sight;
        struct mailbox_reply replies[] = {
            {.command = "LIST", .text = "* LIST () \"/\" INBOX\r\n% OK\r\n"},
            {.command = "UID SEARCH", .text = cases[i].reply},
            {.command = "UID FETCH 7", .text = HEADER},
            {0}};
        begin(replies);
        assert_ok(look(&sight, &err));
        assert_int_equal(sight.place, cases[i].found ? NL_SEED_INBOX : NL_SEED_MISSING);
    }
}

/* Failures, and whether the look goes on. */
static void test_failures(void **state) {
    static const struct {
        struct mailbox_reply replies[4];
        enum nl_status status;
        const char *words; /* of the error; NULL: the message is found in the second folder */
    } cases[] = {
        {{{"LOGIN", "% NO\r\n", 0}}, NL_NOPERM, "127.0.0.1 refused the login of ann"},
        {{{"LIST", NULL, 0}}, NL_TEMPFAIL, "127.0.0.1:"},
        {{{"LIST", "% BAD\r\n", 0}, {"LIST", "% BAD\r\n", 0}}, NL_TEMPFAIL, "127.0.0.1:"},
        {{{"SELECT INBOX", "% NO gone\r\n", 0}}, NL_TEMPFAIL, "127.0.0.1:"},
        {{{"SELECT INBOX", NULL, 0}}, NL_TEMPFAIL, "127.0.0.1:"},
        {{{"UID SEARCH", "% NO\r\n", 0}}, NL_TEMPFAIL, "127.0.0.1:"},
        {{{"UID FETCH", NULL, 0}}, NL_TEMPFAIL, "127.0.0.1:"},
        /* A server without LIST-EXTENDED, and a folder that cannot be opened. */
        {{{"LIST", "% BAD\r\n", 0}}, NL_OK, NULL},
        {{{"SELECT \"Spam box\"", "% NO gone\r\n", 0}}, NL_OK, NULL},
    };
    (void)state;
    for_each_row (i, cases, cases[i].replies[0].command) {
        struct nl_error err = {0};
        struct nl_seed_sight sight;
        bool found_last = cases[i].words == NULL;
        struct mailbox_reply replies[9] = {{0}};
        size_t count = 0;
        for (; cases[i].replies[count].command != NULL; count++)
            replies[count] = cases[i].replies[count];
        replies[count++] = (struct mailbox_reply){.command = "LIST", .text = FOLDERS};
        if (found_last)
            replies[count++] =
                (struct mailbox_reply){.command = "UID SEARCH", .text = "* SEARCH\r\n% OK\r\n"};
        replies[count++] =
            (struct mailbox_reply){.command = "UID SEARCH", .text = "* SEARCH 7\r\n% OK\r\n"};
        replies[count++] = (struct mailbox_reply){.command = "UID FETCH 7", .text = HEADER};
        begin(replies);
        enum nl_status status = look(&sight, &err);
        if (found_last) {
            assert_ok(status);
            assert_true(sight.place == NL_SEED_JUNK || sight.place == NL_SEED_ELSEWHERE);
            continue;
        }
        assert_int_equal(sight.place, NL_SEED_MISSING);
        assert_string_equal(sight.folder, "");
        assert_fails(status, cases[i].status, cases[i].words);
    }
}

/* An answer has an end, and a look ends when it is asked to. */
static void test_bounds(void **state) {
    enum { TWO_MEGABYTES = 2 << 20 };
    struct nl_error err = {0};
    struct nl_seed_sight sight;
    struct nl_buf flood = {0};
    volatile sig_atomic_t stop = 1;
    (void)state;
    nl_buf_addf(&flood, "* 1 FETCH (UID 7 BODY[HEADER]<0> {%d}\r\n", TWO_MEGABYTES);
    for (size_t end = flood.len + TWO_MEGABYTES; flood.len < end;)
        nl_buf_adds(&flood, "A: 1234567890\r\n");
    struct mailbox_reply replies[] = {
        {.command = "LIST", .text = "* LIST () \"/\" INBOX\r\n% OK\r\n"},
        {.command = "UID SEARCH", .text = "* SEARCH 7\r\n% OK\r\n"},
        {.command = "UID FETCH 7", .text = nl_buf_text(&flood)},
        {0}};
    begin(replies);
    assert_fails(look(&sight, &err), NL_TEMPFAIL, "127.0.0.1: its answer does not end");
    nl_buf_free(&flood);
    begin((struct mailbox_reply[]){{0}});
    assert_int_equal(nl_seed_look(&seed, "t0ken", &stop, &sight, &err), NL_TEMPFAIL);
    nl_error_free(&err);
    made_mailbox_stop();
    seed.problem = (char *)"its password is missing";
    assert_fails(nl_seed_look(&seed, "t0ken", NULL, &sight, &err), NL_CONFIG,
                 "its password is missing");
}

/* The folder for junk, as the check of an installation names it. */
static void test_opened(void **state) {
    static const struct {
        const char *list, *junk;
    } cases[] = {
        {FOLDERS, "Spam box"},
        {"* LIST () \"/\" INBOX\r\n% OK\r\n", ""},
        {"% OK\r\n", ""},
    };
    (void)state;
    for_each_row (i, cases, cases[i].junk) {
        struct nl_error err = {0};
        char junk[NL_SEED_FOLDER] = "x";
        struct mailbox_reply replies[] = {{.command = "LIST", .text = cases[i].list}, {0}};
        begin(replies);
        assert_ok(nl_seed_open(&seed, junk, &err));
        made_mailbox_stop();
        assert_string_equal(junk, cases[i].junk);
    }
    struct nl_error err = {0};
    char junk[NL_SEED_FOLDER] = "x";
    struct mailbox_reply replies[] = {{.command = "LOGIN", .text = "% NO\r\n"}, {0}};
    begin(replies);
    assert_int_equal(nl_seed_open(&seed, junk, &err), NL_NOPERM);
    made_mailbox_stop();
    assert_string_equal(junk, "");
    nl_error_free(&err);
}

#define seed_test(test)                                                                            \
    { #test, test, set_up, tear_down, NULL }

int main(void) {
    const struct CMUnitTest tests[] = {
        seed_test(test_places), seed_test(test_numbers), seed_test(test_failures),
        seed_test(test_bounds), seed_test(test_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
