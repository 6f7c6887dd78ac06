/* Files, mboxes, folders and Maildirs: what is read, in which order, and where it lies afterwards.
 */
#include "support.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/file.h"
#include "newsletter/inbound/mailbox.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The messages that the visitor was given, and what it does. */
static struct {
    struct nl_buf seen;  /* each message, and "|" after it; "S" when it settles */
    const char *known;   /* messages with this text are understood */
    const char *failing; /* the text at which it fails */
    bool settle_fails;
    size_t stop_after; /* messages; 0: never */
    size_t messages;
    volatile sig_atomic_t stop;
} visit;

static char folder[64];

static int set_up(void **state) {
    (void)state;
    memset(&visit, 0, sizeof visit);
    snprintf(folder, sizeof folder, "/tmp/newsletter-local-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)info, (void)type, (void)walk;
    return remove(path);
}

static int tear_down(void **state) {
    row_report(state);
    nl_buf_free(&visit.seen);
    return nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static enum nl_status take(const char *data, size_t len, bool *understood, void *ctx,
                           struct nl_error *err) {
    (void)ctx;
    nl_buf_add(&visit.seen, data, len);
    nl_buf_adds(&visit.seen, "|");
    *understood = visit.known != NULL && memmem(data, len, visit.known, strlen(visit.known));
    visit.messages++;
    if (visit.messages == visit.stop_after)
        visit.stop = 1;
    if (visit.failing != NULL && memmem(data, len, visit.failing, strlen(visit.failing)) != NULL)
        return nl_error_set(err, NL_TEMPFAIL, "the database is away");
    return NL_OK;
}

static enum nl_status settle(void *ctx, struct nl_error *err) {
    (void)ctx;
    nl_buf_adds(&visit.seen, "S");
    return visit.settle_fails ? nl_error_set(err, NL_TEMPFAIL, "no commit") : NL_OK;
}

static const struct nl_visitor visitor = {.message = take, .settle = settle, .stop = &visit.stop};

static const char *in(const char *name) {
    static char paths[4][160];
    static size_t next;
    char *path = paths[next++ % 4];
    snprintf(path, 160, "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text) {
    struct nl_error err = {0};
    assert_ok(nl_file_write(in(name), text, strlen(text), false, &err));
}

static void make_maildir(void) {
    assert_int_equal(mkdir(in("new"), 0700), 0);
    assert_int_equal(mkdir(in("cur"), 0700), 0);
}

static bool exists(const char *name) {
    return access(in(name), F_OK) == 0;
}

static void test_one_message(void **state) {
    struct nl_error err = {0};
    (void)state;
    put("mail", "Subject: x\n\nFrom here on\n");
    assert_ok(nl_mailbox_path(in("mail"), &visitor, &err));
    assert_string_equal(nl_buf_text(&visit.seen), "Subject: x\n\nFrom here on\n|");
    assert_true(exists("mail"));
    assert_fails(nl_mailbox_path(in("missing"), &visitor, &err), NL_NOINPUT, "missing");
}

/* A file that begins with "From " is an mbox, and no shorter beginning makes one. */
static void test_short_files(void **state) {
    static const char *const texts[] = {"", "F", "From", "From: a@b.example\n\nx\n", "from x\n"};
    (void)state;
    for_each_row (i, texts, texts[i]) {
        struct nl_error err = {0};
        nl_buf_clear(&visit.seen);
        visit.messages = 0;
        put("mail", texts[i]);
        assert_ok(nl_mailbox_file(in("mail"), &visitor, &err));
        assert_int_equal(visit.messages, 1);
        assert_int_equal(visit.seen.len, strlen(texts[i]) + 1);
    }
}

static const char MBOX[] = "From a@b.example Mon Nov 30 12:00:00 2026\nSubject: one\n\nA\n\n"
                           "From a@b.example Mon Nov 30 12:00:00 2026\nSubject: two\n\nB\n\n"
                           "From a@b.example Mon Nov 30 12:00:00 2026\nSubject: three\n\nC\n";

static void test_mbox(void **state) {
    struct nl_error err = {0};
    (void)state;
    put("box", MBOX);
    assert_ok(nl_mailbox_file(in("box"), &visitor, &err));
    assert_int_equal(visit.messages, 3);
    const char *one = strstr(nl_buf_text(&visit.seen), "Subject: one");
    const char *two = strstr(nl_buf_text(&visit.seen), "Subject: two");
    const char *three = strstr(nl_buf_text(&visit.seen), "Subject: three");
    assert_true(one != NULL && two > one && three > two);
    assert_true(strstr(two, "B\n") != NULL && strstr(three, "C\n|") != NULL); /* to the last line */
}

/* A stop or a failure ends the reading after the message that it came in. */
static void test_an_mbox_ends_early(void **state) {
    struct nl_error err = {0};
    (void)state;
    put("box", MBOX);
    visit.stop_after = 2;
    assert_ok(nl_mailbox_file(in("box"), &visitor, &err));
    assert_int_equal(visit.messages, 2);
    visit.stop_after = visit.messages = 0;
    visit.stop = 0;
    visit.failing = "two";
    assert_fails(nl_mailbox_file(in("box"), &visitor, &err), NL_TEMPFAIL, in("box"));
    assert_int_equal(visit.messages, 2);
}

/* The files of any folder are read in the order of their names, and stay; hidden files and folders
 * are none of them. */
static void test_a_folder_of_files(void **state) {
    struct nl_error err = {0};
    (void)state;
    put("b", "2");
    put("a", "1");
    put(".hidden", "0");
    put("c", MBOX);
    assert_int_equal(mkdir(in("new"), 0700), 0); /* without "cur" this is not a Maildir */
    put("new/d", "3");
    assert_ok(nl_mailbox_path(folder, &visitor, &err));
    assert_int_equal(visit.messages, 5);
    assert_int_equal(strncmp(nl_buf_text(&visit.seen), "1|2|", 4), 0);
    assert_true(exists("a") && exists("b") && exists("c") && exists("new/d"));
    assert_fails(nl_mailbox_folder(in("missing"), &visitor, &err), NL_NOINPUT, "missing");
}

/* Messages move once they are settled: understood ones to one folder, the others to another, marked
 * as seen, and the flags of their names are dropped. */
static void test_a_maildir(void **state) {
    struct nl_error err = {0};
    (void)state;
    make_maildir();
    put("new/2.host", "bounce two");
    put("new/1.host", "a letter");
    put("cur/3.host:2,RS", "bounce three");
    visit.known = "bounce";
    assert_ok(nl_mailbox_path(folder, &visitor, &err));
    assert_string_equal(nl_buf_text(&visit.seen), "a letter|bounce two|Sbounce three|S");
    assert_true(exists(".Unknown/cur/1.host:2,S"));
    assert_true(exists(".Processed/cur/2.host:2,S"));
    assert_true(exists(".Processed/cur/3.host:2,S"));
    assert_false(exists("new/1.host") || exists("new/2.host") || exists("cur/3.host:2,RS"));
    assert_true(exists(".Processed/new") && exists(".Processed/tmp") && exists(".Unknown/new"));
    nl_buf_clear(&visit.seen);
    put("new/4.host", "bounce four"); /* the folders are there by now */
    assert_ok(nl_mailbox_path(folder, &visitor, &err));
    assert_string_equal(nl_buf_text(&visit.seen), "bounce four|S");
    assert_true(exists(".Processed/cur/4.host:2,S"));
}

/* Nothing moves that is not settled. */
static void test_a_maildir_that_cannot_be_settled(void **state) {
    struct nl_error err = {0};
    (void)state;
    make_maildir();
    put("new/1", "one");
    put("new/2", "two");
    put("cur/3", "three");
    visit.settle_fails = true;
    assert_fails(nl_mailbox_path(folder, &visitor, &err), NL_TEMPFAIL, "no commit");
    assert_string_equal(nl_buf_text(&visit.seen), "one|two|S");
    assert_true(exists("new/1") && exists("new/2") && exists("cur/3"));
    visit.settle_fails = false;
    visit.failing = "two";
    assert_fails(nl_mailbox_path(folder, &visitor, &err), NL_TEMPFAIL, in("new/2"));
    assert_true(exists("new/1") && exists("new/2") && exists("cur/3"));
}

static void test_left_where_they_are(void **state) {
    struct nl_visitor leaving = visitor;
    struct nl_error err = {0};
    (void)state;
    leaving.leave = true;
    make_maildir();
    put("new/1", "one");
    assert_ok(nl_mailbox_path(folder, &leaving, &err));
    assert_string_equal(nl_buf_text(&visit.seen), "one|S");
    assert_true(exists("new/1"));
    assert_false(exists(".Unknown"));
    leaving = (struct nl_visitor){.message = take};
    assert_ok(nl_mailbox_path(folder, &leaving, &err)); /* nothing to settle with, nor to stop at */
    assert_true(exists(".Unknown/cur/1:2,S"));
}

/* Messages are settled a hundred at a time, and what is left at the end. */
static void test_batches(void **state) {
    struct nl_error err = {0};
    char name[32];
    (void)state;
    make_maildir();
    for (int i = 0; i < 201; i++) {
        snprintf(name, sizeof name, "new/%03d", i);
        put(name, "m");
    }
    assert_ok(nl_mailbox_path(folder, &visitor, &err));
    assert_int_equal(visit.messages, 201);
    const char *text = nl_buf_text(&visit.seen);
    assert_int_equal(strchr(text, 'S') - text, 200); /* "m|" a hundred times */
    assert_string_equal(text + 401, "Sm|S");
    assert_true(exists(".Unknown/cur/000:2,S") && exists(".Unknown/cur/200:2,S"));
}

/* A message that was read before a stop is settled and moves; the rest stays for the next time. */
static void test_a_stop(void **state) {
    struct nl_error err = {0};
    (void)state;
    make_maildir();
    put("new/1", "one");
    put("new/2", "two");
    put("cur/3", "three");
    visit.stop_after = 1;
    assert_ok(nl_mailbox_path(folder, &visitor, &err));
    assert_string_equal(nl_buf_text(&visit.seen), "one|S");
    assert_true(!exists("new/1") && exists("new/2") && exists("cur/3"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_one_message),
        TEST(test_short_files),
        TEST(test_mbox),
        TEST(test_an_mbox_ends_early),
        TEST(test_a_folder_of_files),
        TEST(test_a_maildir),
        TEST(test_a_maildir_that_cannot_be_settled),
        TEST(test_left_where_they_are),
        TEST(test_batches),
        TEST(test_a_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
