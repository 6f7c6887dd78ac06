/* All that is composed of an issue that uses everything (tests/data/issues/everything.md), word for
 * word: everything.txt; and of mails to one person: mails.txt. After a change, NEWSLETTER_RENEW=1
 * writes the files; look at the difference. */
#include "bulletin/canonical.h"
#include "newsletter/base/file.h"
#include "newsletter/bulletin/bulletin.h"
#include "newsletter/bulletin/message.h"
#include "newsletter/bulletin/staff_message.h"
#include "newsletter/bulletin/transactional_message.h"
#include "newsletter/store/delivery.h"
#include "support.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define COMPOSED TEST_DATA "/issues/everything.txt"
#define MAILS TEST_DATA "/issues/mails.txt"
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

static void add_all(struct nl_buf *out, const struct nl_bulletin *bulletin,
                    const struct nl_list *list) {
    const struct nl_issue *issue = &bulletin->issue;
    static const struct nl_recipient ann = {.address = "ann@example.org",
                                            .name = "Ann <O'Hara>",
                                            .attributes = "{\"press\": true, \"city\": \"Aktau\", "
                                                          "\"tags\": [\"ferries\"], \"age\": 18}",
                                            .unsubscribe = "https://x.org/u/1",
                                            .message_id = "1@x.org"};
    static const struct nl_recipient bob = {
        .address = "bob@example.org", .unsubscribe = "https://x.org/u/2", .message_id = "2@x.org"};
    struct nl_error err = {0};
    struct nl_buf form = {0};
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
        nl_buf_clear(&form);
        assert_ok(nl_canonical_add(bulletin, i, list, "office", 1000000, &form, &err));
        add(out, "canonical form", form.data, form.len);
    }
    nl_buf_free(&form);
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

/* Compares with the file, or writes it. Frees what was found. */
static void settle(const char *path, struct nl_buf *found) {
    struct nl_error err = {0};
    struct nl_buf wanted = {0};
    if (getenv("NEWSLETTER_RENEW") != NULL)
        assert_ok(nl_file_write(path, found->data, found->len, false, &err));
    assert_ok(nl_file_read(path, LIMIT, &wanted, &err));
    char *first = strdup(nl_buf_text(found));
    char *second = strdup(nl_buf_text(&wanted));
    nl_buf_free(found);
    nl_buf_free(&wanted);
    compare(first, second);
    free(first);
    free(second);
}

/* Links work until noon of 1 January 2100, whatever day it is. */
static struct nl_config config_with_urls(void) {
    int64_t lifetime = 4102488000 - nl_env_now(&nl_env_system);
    return (struct nl_config){.path = (char *)"c",
                              .confirm_url = (char *)"https://x.org/c/{token}",
                              .unsubscribe_url = (char *)"https://x.org/u/{token}",
                              .page_url = (char *)"https://x.org/p/{token}",
                              .address_url = (char *)"https://x.org/a/{token}",
                              .serve = {.url = (char *)"https://x.org"},
                              .preferences = {.expires = lifetime},
                              .reconfirmation = {.expires = lifetime},
                              .confirmation = {.expires = lifetime}};
}

static void test_composed(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_bulletin bulletin = {0};
    struct nl_buf found = {0};
    const struct nl_config config = config_with_urls();
    assert_ok(nl_bulletin_compose(ISSUE, &fixture->list, &config, &bulletin, &err));
    add_all(&found, &bulletin, &fixture->list);
    nl_bulletin_free(&bulletin);
    settle(COMPOSED, &found);
}

static void add_notices(struct fixture *fixture, const struct nl_config *config,
                        struct nl_buf *out) {
    struct nl_error err = {0};
    struct nl_buf text = {0};
    for (const char *const *kind = nl_notice_kinds; *kind != NULL; kind++) {
        nl_buf_clear(&text);
        assert_ok(nl_notice_compose(*kind, "en", &fixture->list, config, &text, &err));
        const char *html = strstr(nl_buf_text(&text), "Content-Type: text/html");
        assert_non_null(html);
        add(out, *kind, text.data, (size_t)(html - text.data));
    }
    nl_buf_clear(&text);
    assert_ok(nl_notice_wording("confirmation", "en", &fixture->list, config, &text, &err));
    add(out, "the wording of a confirmation", text.data, text.len);
    nl_buf_clear(&text);
    assert_ok(nl_notice_compose("confirmation", "ar", &fixture->list, config, &text, &err));
    add(out, "a whole confirmation, from right to left", text.data, text.len);
    nl_buf_free(&text);
}

/* With the built-in HTML and with a template of one's own. */
static void add_orders(struct fixture *fixture, const struct nl_config *config,
                       struct nl_buf *out) {
    static const struct nl_message_file files[] = {{"a.txt", "a\n", 2}, {"b.bin", "\1\2", 2}};
    static const char *const templates[] = {"receipt", "own"};
    struct nl_error err = {0};
    json_t *data = json_pack("{s:s, s:[s, s]}", "name", "Ann <O'Hara>", "items", "one", "two");
    for (size_t i = 0; i < 2; i++) {
        struct nl_message_copy copy = {0};
        const struct nl_message_order order = {.template = templates[i],
                                               .language = i == 0 ? "de" : NULL,
                                               .data = data,
                                               .files = files,
                                               .file_count = i == 0 ? 2 : 0};
        assert_ok(nl_message_order_compose(config, &fixture->list, &order, &copy, &err));
        add_text(out, "subject", copy.subject);
        add_text(out, "language", copy.language);
        add(out, templates[i], copy.packed.data, copy.packed.len);
        nl_message_copy_free(&copy);
    }
    json_decref(data);
}

static void add_staff_mail(struct fixture *fixture, const struct nl_config *config,
                           struct nl_buf *out) {
    struct nl_error err = {0};
    struct nl_buf sender = {0};
    struct nl_buf text = {0};
    json_t *data = json_pack("{s:s}", "title", "Ferries – “new”");
    const struct nl_staff_message mail = {"tell.txt", data, "olga@example.org", 1000000};
    assert_ok(nl_staff_message_compose(config, &fixture->list, &mail, &sender, &text, &err));
    add(out, "sender", sender.data, sender.len);
    add(out, "to staff", text.data, text.len);
    nl_buf_free(&sender);
    nl_buf_free(&text);
    json_decref(data);
}

static void test_mails(void **state) {
    struct fixture *fixture = *state;
    struct nl_config config = config_with_urls();
    struct nl_buf found = {0};
    free(fixture_write(fixture, "message-receipt.txt",
                       "Subject: Receipt for {{data.name}}\n\nDear {{data.name}},\nyou "
                       "ordered:\n\n{{#data.items}}\n- {{.}}\n{{/data.items}}\n\n-- \nfoot\n"));
    free(fixture_write(fixture, "message-own.txt", "Subject: Own\n\nText\n"));
    free(fixture_write(fixture, "message-own.html", "<p>{{subject}}: {{data.name}}</p>\n"));
    free(fixture_write(fixture, "tell.txt", "Subject: Asked: {{title}}\n\n\nLook at {{title}}.\n"));
    config.templates = fixture->folder;
    add_notices(fixture, &config, &found);
    add_orders(fixture, &config, &found);
    add_staff_mail(fixture, &config, &found);
    settle(MAILS, &found);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_composed, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_mails, fixture_setup, fixture_teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
