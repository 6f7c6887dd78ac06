/* All that is composed of an issue that uses everything (tests/data/issues/everything.md), word for
 * word: everything.txt. After a change of it, NEWSLETTER_RENEW=1 writes the file; look at the
 * difference. */
#include "newsletter/base/file.h"
#include "newsletter/bulletin/bulletin.h"
#include "newsletter/bulletin/message.h"
#include "support.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define COMPOSED TEST_DATA "/issues/everything.txt"
#define ISSUE TEST_DATA "/issues/everything.md"

enum { LIMIT = 1 << 22 };

/* Control characters, such as the marks of slots, as "\x01". */
static void add(struct nl_buf *out, const char *name, const char *data, size_t len) {
    nl_buf_addf(out, "---- %s\n", name);
    for (size_t i = 0; i < len; i++)
        if (iscntrl((unsigned char)data[i]) && data[i] != '\n')
            nl_buf_addf(out, "\\x%02x", (unsigned)data[i]);
        else
            nl_buf_addc(out, data[i]);
    nl_buf_addc(out, '\n');
}

static void add_text(struct nl_buf *out, const char *name, const char *text) {
    add(out, name, text != NULL ? text : "(none)", strlen(text != NULL ? text : "(none)"));
}

static void add_filled(struct nl_buf *out, const struct nl_bulletin *bulletin,
                       const struct nl_recipient *recipient, const char *until) {
    struct nl_error err = {0};
    struct nl_message *message = NULL;
    struct nl_buf filled = {0};
    assert_ok(
        nl_message_parse(bulletin->issue.message, bulletin->issue.message_len, &message, &err));
    assert_ok(nl_message_fill(message, recipient, &filled, &err));
    const char *rest = strstr(nl_buf_text(&filled), until);
    add(out, recipient->address, filled.data,
        rest != NULL ? (size_t)(rest - filled.data) : filled.len);
    nl_buf_free(&filled);
    nl_message_free(message);
}

static void add_all(struct nl_buf *out, const struct nl_bulletin *bulletin) {
    const struct nl_issue *issue = &bulletin->issue;
    static const struct nl_recipient ann = {.address = "ann@example.org",
                                            .name = "Ann <O'Hara>",
                                            .attributes = "{\"press\": true, \"city\": \"Aktau\", "
                                                          "\"tags\": [\"ferries\"], \"age\": 18}",
                                            .unsubscribe = "https://x.org/u/1",
                                            .message_id = "1@x.org"};
    static const struct nl_recipient bob = {
        .address = "bob@example.org", .unsubscribe = "https://x.org/u/2", .message_id = "2@x.org"};
    add_text(out, "slug", issue->slug);
    add_text(out, "title", issue->title);
    add_text(out, "subject", issue->subject);
    add(out, "message", issue->message, issue->message_len);
    for (size_t i = 0; i < bulletin->view_count; i++) {
        const struct nl_view *view = &bulletin->views[i];
        add_text(out, "view", strrchr(view->path, '/'));
        add(out, "html", view->html.data, view->html.len);
        add(out, "text", view->text.data, view->text.len);
        add(out, "plain", view->plain.data, view->plain.len);
        add(out, "files", view->files.data, view->files.len);
    }
    add_filled(out, bulletin, &ann, "Content-Type: image/"); /* which are in the packed message */
    add_filled(out, bulletin, &bob, "Content-Type: text/html");
}

/* Fails with the first line that is not as it was. */
static void compare(char *found, char *wanted) {
    char *line = NULL;
    char *other = NULL;
    while ((line = strsep(&found, "\n")) != NULL && (other = strsep(&wanted, "\n")) != NULL)
        if (strcmp(line, other) != 0)
            fail_msg("composed: %s\nbefore:   %s", line, other);
    assert_null(found);
    assert_null(wanted);
}

static void test_composed(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_bulletin bulletin = {0};
    struct nl_buf found = {0};
    struct nl_buf wanted = {0};
    struct nl_config config = {.path = (char *)"c",
                               .confirm_url = (char *)"https://x.org/c/{token}",
                               .unsubscribe_url = (char *)"https://x.org/u/{token}",
                               .confirmation = {.expires = 86400}};
    assert_ok(nl_bulletin_compose(ISSUE, &fixture->list, &config, &bulletin, &err));
    add_all(&found, &bulletin);
    nl_bulletin_free(&bulletin);
    if (getenv("NEWSLETTER_RENEW") != NULL)
        assert_ok(nl_file_write(COMPOSED, found.data, found.len, false, &err));
    assert_ok(nl_file_read(COMPOSED, LIMIT, &wanted, &err));
    char *first = strdup(nl_buf_text(&found));
    char *second = strdup(nl_buf_text(&wanted));
    nl_buf_free(&found);
    nl_buf_free(&wanted);
    compare(first, second);
    free(first);
    free(second);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_composed, fixture_setup, fixture_teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
