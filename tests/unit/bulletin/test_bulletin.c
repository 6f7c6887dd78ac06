#include "support.h"

#include "newsletter/bulletin/bulletin.h"

#include <stdlib.h>

static struct nl_config config_with_urls(void) {
    return (struct nl_config){.path = (char *)"c",
                              .confirm_url = (char *)"https://x.org/c/{token}",
                              .unsubscribe_url = (char *)"https://x.org/u/{token}",
                              .confirmation = {.expires = 86400}};
}

static void test_issue(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_config config = config_with_urls();
    struct nl_bulletin bulletin = {0};
    struct nl_issue_names names = {0};
    char *path =
        fixture_write(fixture, "i.md",
                      "\xef\xbb\xbf---\r\ntitle: T\r\ndate: 2026-08-25\r\n---\r\nHi {{name}}\r\n");
    assert_ok(nl_bulletin_compose(path, &fixture->list, &config, &bulletin, &err));
    assert_string_equal(bulletin.issue.source,
                        "---\ntitle: T\ndate: 2026-08-25\n---\nHi {{name}}\n");
    assert_string_equal(bulletin.issue.slug, "t");
    assert_int_equal(strlen(bulletin.issue.digest), 64);
    assert_non_null(strstr(bulletin.issue.message, "List-Unsubscribe-Post: "
                                                   "List-Unsubscribe=One-Click\r\n"));
    assert_non_null(strstr(bulletin.issue.message, "List-Id: <news.example.org>\r\n"));
    assert_ok(nl_bulletin_names(path, &names, &err));
    assert_string_equal(names.slug, "t");
    assert_string_equal(names.title, bulletin.issue.title);
    nl_issue_names_free(&names);
    nl_bulletin_free(&bulletin);
    config.unsubscribe_url = NULL;
    assert_fails(nl_bulletin_compose(path, &fixture->list, &config, &bulletin, &err), NL_CONFIG,
                 "unsubscribe_url");
    free(path);
}

/* The names of the fields of a composed message, in their order. */
static void list_fields(const char *packed, size_t len, struct nl_buf *out) {
    struct nl_error err = {0};
    struct nl_message *message = NULL;
    struct nl_buf filled = {0};
    const struct nl_recipient ann = {
        .address = "ann@example.org", .unsubscribe = "u", .message_id = "i@x"};
    assert_ok(nl_message_parse(packed, len, &message, &err));
    assert_ok(nl_message_fill(message, &ann, &filled, &err));
    for (const char *line = nl_buf_text(&filled); *line != '\r'; line = strchr(line, '\n') + 1)
        if (*line != ' ' && *line != '\t')
            nl_buf_addf(out, "%.*s ", (int)strcspn(line, ":"), line);
    nl_buf_free(&filled);
    nl_message_free(message);
}

/* A field stands in the header where it has something to say, and nowhere else. */
static void test_fields_of_a_mail(void **state) {
#define BEGIN                                                                                      \
    "Subject Date Message-ID Content-Language List-Id List-Unsubscribe List-Unsubscribe-Post "
#define END "MIME-Version Content-Type "
    static const struct {
        const char *front, *url, *archive_url, *subscribe_url, *reply_to;
        bool is_private;
        const char *fields;
    } rows[] = {
        {"", NULL, NULL, NULL, NULL, false, "From To " BEGIN END},
        {"", "https://x.org", NULL, NULL, NULL, false,
         "From To " BEGIN "List-Archive Archived-At " END},
        {"archive: never\n", "https://x.org", NULL, NULL, NULL, false,
         "From To " BEGIN "List-Archive " END},
        {"", "https://x.org", NULL, NULL, NULL, true, "From To " BEGIN END},
        {"", NULL, "https://y.org", NULL, NULL, false, "From To " BEGIN "List-Archive " END},
        {"", NULL, NULL, "https://y.org", NULL, false, "From To " BEGIN "List-Subscribe " END},
        {"", NULL, NULL, NULL, "r@example.org", false, "From To Reply-To " BEGIN END},
    };
    struct fixture *fixture = *state;
    for_each_row (i, rows, rows[i].front) {
        struct nl_error err = {0};
        struct nl_config config = config_with_urls();
        struct nl_bulletin bulletin = {0};
        struct nl_buf source = {0};
        struct nl_buf out = {0};
        nl_buf_addf(&source, "---\ntitle: T\ndate: 2026-08-25\n%s---\nHi\n", rows[i].front);
        char *path = fixture_write(fixture, "i.md", nl_buf_text(&source));
        config.serve.url = (char *)rows[i].url;
        fixture->list.archive_url = (char *)rows[i].archive_url;
        fixture->list.subscribe_url = (char *)rows[i].subscribe_url;
        fixture->list.is_private = rows[i].is_private;
        fixture->list.reply_to = (char *)rows[i].reply_to;
        assert_ok(nl_bulletin_compose(path, &fixture->list, &config, &bulletin, &err));
        list_fields(bulletin.issue.message, bulletin.issue.message_len, &out);
        assert_string_equal(nl_buf_text(&out), rows[i].fields);
        fixture->list.archive_url = fixture->list.subscribe_url = fixture->list.reply_to = NULL;
        nl_bulletin_free(&bulletin);
        nl_buf_free(&source);
        nl_buf_free(&out);
        free(path);
    }
}

static void test_notice(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_config config = config_with_urls();
    struct nl_message *message = NULL;
    struct nl_buf packed = {0};
    struct nl_buf out = {0};
    const struct nl_recipient recipient = {.address = "ann@example.org",
                                           .unsubscribe = "u",
                                           .confirmation = "secret",
                                           .message_id = "i@x"};
    assert_ok(nl_notice_compose("confirmation", "en", &fixture->list, &config, &packed, &err));
    assert_ok(nl_message_parse(packed.data, packed.len, &message, &err));
    assert_ok(nl_message_fill(message, &recipient, &out, &err));
    assert_non_null(strstr(out.data, "Subject: Please confirm your subscription to news\r\n"));
    assert_non_null(strstr(out.data, "Auto-Submitted: auto-generated\r\n"));
    assert_non_null(strstr(out.data, "https://x.org/c/=\r\nsecret=\r\n"));
    assert_null(strstr(out.data, "Subject: Please confirm your subscription to news\n"));
    nl_message_free(message);
    nl_buf_free(&packed);
    nl_buf_free(&out);
    config.confirm_url = NULL;
    assert_fails(nl_notice_compose("confirmation", "en", &fixture->list, &config, &packed, &err),
                 NL_CONFIG, "confirm_url");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_issue, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_fields_of_a_mail, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_notice, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
