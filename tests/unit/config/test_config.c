#include "support.h"

#include "newsletter/base/file.h"
#include "newsletter/base/secret.h"
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
    assert_ok(read_text(nl_config_sample(), &config, &err));
    assert_int_equal(config.server.port, 25);
    assert_int_equal(config.server.security, NL_SMTP_PLAIN);
    nl_config_free(&config);
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
    assert_fails(nl_secret_read("SMTP", config.server.password_file, config.server.password_env,
                                &password, &err),
                 NL_CONFIG, "NL_UNIT_PASSWORD");
    setenv("NL_UNIT_PASSWORD", "sesame", 1);
    assert_ok(nl_secret_read("SMTP", config.server.password_file, config.server.password_env,
                             &password, &err));
    assert_string_equal(password, "sesame");
    nl_secret_free(password);
    assert_ok(nl_file_write(path, "open\r\n", 6, true, &err));
    assert_ok(nl_secret_read("SMTP", path, NULL, &password, &err));
    assert_string_equal(password, "open");
    nl_secret_free(password);
    assert_fails(nl_secret_read("SMTP", "/nowhere", NULL, &password, &err), NL_NOINPUT, "password");
    nl_config_free(&config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_sample_is_valid),
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
