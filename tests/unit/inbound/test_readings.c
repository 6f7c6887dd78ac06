/* All that is read of the messages in tests/data/bounces/messages, word for word: readings.txt.
 * After a change of a reading, NEWSLETTER_RENEW=1 writes the file; look at the difference. */
#include "newsletter/base/file.h"
#include "newsletter/inbound/bounce.h"
#include "support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define READINGS TEST_DATA "/bounces/readings.txt"
#define MESSAGES TEST_DATA "/bounces/messages"

enum { LIMIT = 1 << 22 };

static void add_line(struct nl_buf *out, const char *name, const char *value) {
    if (value != NULL && *value != '\0')
        nl_buf_addf(out, "  %s: %s\n", name, value);
}

static void add_bounce(struct nl_buf *out, const struct nl_bounce *bounce) {
    nl_buf_addf(out, "%s\n", nl_bounce_kind_name(bounce->kind));
    for (size_t i = 0; i < bounce->count; i++) {
        const struct nl_bounce_recipient *one = &bounce->recipients[i];
        nl_buf_addf(out, "  %s %s %d%s %s %s\n", one->address, nl_bounce_kind_name(one->kind),
                    (int)one->fault, one->exact ? "" : " in doubt", one->reason, one->status);
        add_line(out, "said", one->diagnostic);
    }
    for (size_t i = 0; i < bounce->sent_to_count; i++)
        add_line(out, "to", bounce->sent_to[i]);
    for (size_t i = 0; i < bounce->answers_count; i++)
        add_line(out, "answers", bounce->answers[i]);
    add_line(out, "of", bounce->message_id);
    add_line(out, "token", bounce->unsubscribe.text);
    add_line(out, "problem", bounce->problem);
    add_line(out, "reporter", bounce->reporter);
}

static void read_all(const struct nl_bounce_reader *reader, struct nl_buf *out) {
    struct nl_error err = {0};
    struct dirent **entries = NULL;
    int count = scandir(MESSAGES, &entries, NULL, alphasort);
    assert_true(count > 100);
    for (int i = 0; i < count; i++) {
        char path[512];
        struct nl_buf message = {0};
        struct nl_bounce bounce = {0};
        if (entries[i]->d_name[0] != '.') {
            snprintf(path, sizeof path, MESSAGES "/%s", entries[i]->d_name);
            assert_ok(nl_file_read(path, LIMIT, &message, &err));
            assert_ok(nl_bounce_read(reader, nl_buf_text(&message), message.len, &bounce, &err));
            nl_buf_addf(out, "%s ", entries[i]->d_name);
            add_bounce(out, &bounce);
        }
        nl_bounce_free(&bounce);
        nl_buf_free(&message);
        free(entries[i]);
    }
    free(entries);
}

/* Fails with the first line that is not as it was. */
static void compare(char *found, char *wanted) {
    char *line = NULL;
    char *other = NULL;
    while ((line = strsep(&found, "\n")) != NULL && (other = strsep(&wanted, "\n")) != NULL)
        if (strcmp(line, other) != 0)
            fail_msg("read:   %s\nbefore: %s", line, other);
    assert_null(found);
    assert_null(wanted);
}

static void test_readings(void **state) {
    struct nl_error err = {0};
    struct nl_bounce_reader *reader = NULL;
    struct nl_buf found = {0};
    struct nl_buf wanted = {0};
    (void)state;
    assert_ok(nl_bounce_reader_new(&reader, &err));
    read_all(reader, &found);
    if (getenv("NEWSLETTER_RENEW") != NULL)
        assert_ok(nl_file_write(READINGS, found.data, found.len, false, &err));
    assert_ok(nl_file_read(READINGS, LIMIT, &wanted, &err));
    char *first = strdup(nl_buf_text(&found));
    char *second = strdup(nl_buf_text(&wanted));
    nl_buf_free(&found);
    nl_buf_free(&wanted);
    nl_bounce_reader_free(reader);
    compare(first, second);
    free(first);
    free(second);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_readings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
