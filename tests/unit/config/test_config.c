#include "support.h"

#include "newsletter/base/file.h"
#include "newsletter/base/secret.h"
#include "newsletter/config/answers.h"
#include "newsletter/config/config.h"

#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/newsletter-unit-config.XXXXXX";

static enum nl_status read_text(const char *text, struct nl_config *config, struct nl_error *err) {
    if (nl_file_write(path, text, strlen(text), true, err) != NL_OK)
        return err->status;
    return nl_config_read(path, config, err);
}

static void test_defaults(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_config config;
    assert_ok(read_text("", &config, &err));
    assert_string_equal(config.database, "/tmp/newsletter.db");
    assert_int_equal(config.server.security, NL_SMTP_STARTTLS);
    assert_int_equal(config.server.port, 587);
    assert_true(config.server.verify);
    assert_int_equal(config.retry.give_up, 4 * 86400);
    assert_null(config.bounce_address);
    nl_config_free(&config);
}

static void test_sample_is_valid(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_config config;
    struct nl_buf text = {0};
    nl_config_answer(&(struct nl_config_answers){0}, &text);
    assert_ok(read_text(nl_buf_text(&text), &config, &err));
    assert_int_equal(config.server.port, 25);
    assert_int_equal(config.server.security, NL_SMTP_PLAIN);
    assert_null(config.confirm_url); /* an example that nobody changed would lose all clicks */
    nl_config_free(&config);
    nl_buf_free(&text);
}

/* They mean themselves, whatever YAML would read into them. */
static void test_answers_stand_in_the_sample(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_config config;
    struct nl_buf text = {0};
    const struct nl_config_answers answers = {.url = "https://news.press.int/it's",
                                              .host = "::1",
                                              .port = 2525,
                                              .security = "starttls",
                                              .username = "o'brien: #1",
                                              .password_file = "a 'b'.txt",
                                              .bounce_address = "o'b@press.int"};
    nl_config_answer(&answers, &text);
    assert_ok(read_text(nl_buf_text(&text), &config, &err));
    assert_string_equal(config.serve.url, "https://news.press.int/it's");
    assert_string_equal(config.confirm_url, "https://news.press.int/it's/confirm?token={token}");
    assert_string_equal(config.server.host, "::1");
    assert_int_equal(config.server.port, 2525);
    assert_int_equal(config.server.security, NL_SMTP_STARTTLS);
    assert_string_equal(config.server.username, "o'brien: #1");
    assert_non_null(strstr(config.server.password_file, "a 'b'.txt"));
    assert_string_equal(config.bounce_address, "o'b@press.int");
    nl_config_free(&config);
    nl_buf_free(&text);
}

static void test_ports_follow_security(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_config config;
    assert_ok(read_text("smtp: {security: tls}", &config, &err));
    assert_int_equal(config.server.port, 465);
    nl_config_free(&config);
    assert_ok(read_text("smtp: {security: none}", &config, &err));
    assert_int_equal(config.server.port, 25);
    nl_config_free(&config);
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        {"nonsense: 1", "unknown setting 'nonsense'"},
        {"smtp: {hots: mail.example.org}", "did you mean 'smtp.host'?"},
        {"bounce_adress: bounces@example.org", "did you mean 'bounce_address'?"},
        {"smtp: {connections: 0}", "smtp.connections"},
        {"smtp: {connections: 501}", "smtp.connections"},
        {"retry: {first: 0}", "retry.first"},
        {"bounce_address: an-address-with-a-long-local-part@example.org", "28 characters"},
        {"unsubscribe_url: https://x/{token}{token}", "once"},
        {"smtp: {host: mail.example.org, security: none, username: x}", "in the clear"},
        {"confirmation: {text_version: \"a\\nb\"}", "control character"},
    };
    for_each_row (i, cases, cases[i].text) {
        struct nl_error err = {0};
        struct nl_config config;
        assert_fails(read_text(cases[i].text, &config, &err), NL_CONFIG, cases[i].words);
        nl_config_free(&config);
    }
}

static void test_old_names_are_read_with_a_warning(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_config config;
    int64_t rule = NL_BY_REPLIES;
    assert_ok(read_text("subject_test: {rule: departures}", &config, &err));
    assert_int_equal(config.subject_test.rule, 0);
    assert_int_equal(config.warnings.count, 1);
    assert_non_null(
        strstr(config.warnings.items[0].text, "line 1: subject_test.rule: 'departures'"));
    assert_non_null(strstr(config.warnings.items[0].text, "'unsubscribes'"));
    nl_config_free(&config);
    assert_ok(read_text("subject_test: {rule: unsubscribes}", &config, &err));
    assert_int_equal(config.warnings.count, 0);
    nl_config_free(&config);
    assert_true(nl_subject_rule_parse("departures", &rule));
    assert_int_equal(rule, 0);
}

static void test_password(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_config config;
    char *password = NULL;
    assert_ok(read_text("smtp: {password_env: NL_UNIT_PASSWORD}", &config, &err));
    unsetenv("NL_UNIT_PASSWORD");
    assert_fails(nl_secret_read("SMTP",
                                &(struct nl_secret_source){.env = config.server.password_env},
                                &password, &err),
                 NL_CONFIG, "NL_UNIT_PASSWORD");
    setenv("NL_UNIT_PASSWORD", "sesame", 1);
    assert_ok(nl_secret_read("SMTP", &(struct nl_secret_source){.env = config.server.password_env},
                             &password, &err));
    assert_string_equal(password, "sesame");
    nl_secret_free(password);
    assert_ok(nl_file_write(path, "open\r\n", 6, true, &err));
    assert_ok(nl_secret_read("SMTP", &(struct nl_secret_source){.file = path}, &password, &err));
    assert_string_equal(password, "open");
    nl_secret_free(password);
    assert_fails(
        nl_secret_read("SMTP", &(struct nl_secret_source){.file = "/nowhere"}, &password, &err),
        NL_NOINPUT, "password");
    nl_config_free(&config);
}

static void test_password_from_a_command(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_config config;
    char *password = NULL;
    assert_ok(read_text("smtp: {password_command: [/bin/echo, 'open; $(sesame)']}\n"
                        "relays: [{host: a}, {host: b, password_command: [/bin/false]}]\n"
                        "fetch: {password_command: [/bin/sh, -c, 'head -c 70000 /dev/zero']}\n"
                        "hooks: {in: {provider: other, secret_command: [/bin/echo, two]}}\n",
                        &config, &err));
    const struct nl_secret_source smtp = {.command = config.server.password_command};
    assert_ok(nl_secret_read("SMTP", &smtp, &password, &err));
    assert_string_equal(password, "open; $(sesame)"); /* no shell has seen it */
    nl_secret_free(password);
    const struct nl_secret_source hook = {.command = config.hooks[0].secret_command};
    assert_ok(nl_secret_read("hook's", &hook, &password, &err));
    assert_string_equal(password, "two");
    nl_secret_free(password);
    const struct nl_secret_source none = {.command = config.relays[0].password_command};
    assert_ok(nl_secret_read("SMTP", &none, &password, &err));
    assert_null(password);
    const struct nl_secret_source fails = {.command = config.relays[1].password_command};
    assert_fails(nl_secret_read("SMTP", &fails, &password, &err), NL_CONFIG, "exit status 1");
    const struct nl_secret_source floods = {.command = config.fetch.password_command};
    assert_fails(nl_secret_read("fetch", &floods, &password, &err), NL_CONFIG, "more than");
    static char *const lines[][4] = {{"echo", "x"},
                                     {"/no/such/program"},
                                     {"/bin/true"},
                                     {"/bin/sh", "-c", "kill -9 $$"},
                                     {"/bin/sh", "-c", "printf 'a\\0b'"}};
    static const char *const words[] = {"absolute path", "is it there", "empty", "signal 9",
                                        "null"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const struct nl_secret_source bad = {.command = lines[i]};
        assert_fails(nl_secret_read("SMTP", &bad, &password, &err), NL_CONFIG, words[i]);
        assert_null(password);
    }
    nl_config_free(&config);
    assert_fails(read_text("relays: [{host: a, password_command: [a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,"
                           "a]}]",
                           &config, &err),
                 NL_CONFIG, "16 at most");
    nl_config_free(&config);
}

static void test_credentials_of_a_unit(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_config config;
    setenv("CREDENTIALS_DIRECTORY", "/run/credentials/newsletter.service", 1);
    assert_ok(read_text("smtp: {password_file: 'credential:smtp'}", &config, &err));
    assert_string_equal(config.server.password_file, "/run/credentials/newsletter.service/smtp");
    nl_config_free(&config);
    assert_ok(read_text("smtp: {password_file: 'credential:../smtp'}", &config, &err));
    assert_string_equal(config.server.password_file, "credential:../smtp");
    nl_config_free(&config);
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_ok(read_text("smtp: {password_file: 'credential:smtp'}", &config, &err));
    assert_string_equal(config.server.password_file, "credential:smtp");
    nl_config_free(&config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_password_from_a_command),
        cmocka_unit_test(test_credentials_of_a_unit),
        cmocka_unit_test(test_sample_is_valid),
        cmocka_unit_test(test_answers_stand_in_the_sample),
        cmocka_unit_test(test_ports_follow_security),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_old_names_are_read_with_a_warning),
        cmocka_unit_test(test_password),
    };
    int fd = mkstemp(path);
    if (fd < 0)
        return 1;
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
