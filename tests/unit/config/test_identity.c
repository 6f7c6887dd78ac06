#include "support.h"

#include "newsletter/base/file.h"
#include "newsletter/config/config.h"

#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/newsletter-unit-identity.XXXXXX";

static enum nl_status read_text(const char *text, struct nl_config *config, struct nl_error *err) {
    if (nl_file_write(path, text, strlen(text), true, err) != NL_OK)
        return err->status;
    return nl_config_read(path, config, err);
}

static void test_without_a_section(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_config config;
    struct nl_identity identity;
    assert_ok(read_text("", &config, &err));
    nl_identity_of(&config, NULL, "en", &identity);
    assert_string_equal(identity.name, "");
    assert_string_equal(identity.palette.accent, "#12344d");
    assert_true(identity.centred);
    assert_int_equal(identity.design, NL_DESIGN_BULLETIN);
    assert_false(nl_contact_is_set(identity.contact));
    assert_null(identity.logo);
    nl_config_free(&config);
}

static void test_languages_and_lists(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_config config;
    struct nl_identity identity;
    assert_ok(read_text("organisation:\n"
                        "  name: {en: Embassy, ru: Посольство}\n"
                        "  released_by: Released by us\n"
                        "  postal_address: 16 Street\n"
                        "  logo: logo.png\n"
                        "  logo_dark: dark.png\n"
                        "  accent: '#ffcc00'\n"
                        "  design: letter\n"
                        "  contact: {person: P, fax: F}\n"
                        "  imprint: https://e.org/imprint\n"
                        "  social: {Telegram: 'https://t.me/e', X.com: 'https://x.com/e'}\n"
                        "  lists:\n"
                        "    culture:\n"
                        "      name: Centre\n"
                        "      accent: '#7a1f3d'\n"
                        "      masthead: left\n"
                        "      logo: culture.gif\n"
                        "      contact: {email: c@e.org}\n"
                        "      social: {Blog: 'https://blog.e.org'}\n",
                        &config, &err));
    nl_identity_of(&config, "news", "ru-RU", &identity);
    assert_string_equal(identity.name, "Посольство");
    assert_string_equal(identity.released_by, "Released by us");
    assert_string_equal(identity.logo, "/tmp/logo.png");
    assert_string_equal(identity.logo_dark, "/tmp/dark.png");
    assert_string_equal(identity.palette.accent, "#ffcc00");
    assert_string_equal(identity.palette.on_accent, "#000000"); /* white could not be read */
    assert_int_equal(identity.design, NL_DESIGN_LETTER);
    assert_string_equal(identity.contact->fax, "F");
    assert_int_equal(identity.social_count, 2);
    assert_string_equal(identity.social[1].name, "X.com");
    assert_string_equal(identity.imprint, "https://e.org/imprint");
    assert_null(identity.privacy);

    nl_identity_of(&config, "culture", "en", &identity);
    assert_string_equal(identity.name, "Centre");
    assert_string_equal(identity.postal_address, "16 Street");
    assert_string_equal(identity.palette.accent, "#7a1f3d");
    assert_string_equal(identity.palette.on_accent, "#ffffff");
    assert_false(identity.centred);
    assert_string_equal(identity.logo, "/tmp/culture.gif");
    assert_null(identity.logo_dark); /* it belonged to the other logo */
    assert_null(identity.contact->fax);
    assert_string_equal(identity.contact->email, "c@e.org");
    assert_int_equal(identity.social_count, 1);
    nl_config_free(&config);
}

static void test_the_older_contact(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_config config;
    struct nl_identity identity;
    assert_ok(read_text("contact: {person: Press, phone: '1'}", &config, &err));
    nl_identity_of(&config, "news", "en", &identity);
    assert_string_equal(identity.contact->person, "Press");
    nl_config_free(&config);
}

static void test_mistakes(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"organisation: {accent: red}", ":1: organisation.accent: 'red' is not a colour"},
        {"organisation: {accent: '#123456;background:url(x)'}", "is not a colour"},
        {"organisation:\n  accent: #12344d\n", ":2: organisation.accent: YAML takes"},
        {"organisation: {masthead: middle}", "expected centred or left"},
        {"organisation: {design: poster}", "expected bulletin, letter or magazine"},
        {"organisation: {logo: logo.svg}", "not the path of a PNG, JPEG or GIF"},
        {"organisation: {logo: 'https://e.org/logo.png'}", "not the path of a PNG"},
        {"organisation: {imprint: 'javascript:alert(1)'}", "is not an http(s) URL"},
        {"organisation: {privacy: 'https://e.org/\"onclick='}", "is not an http(s) URL"},
        {"organisation: {social: {T: t.me/e}}", "social.T: 't.me/e' is not an http(s) URL"},
        {"organisation: {social: here}", "expected names with web addresses"},
        {"organisation: {contact: {email: nobody}}", "organisation.contact.email: "},
        {"contact: {web: 'javascript:1'}", ":1: contact.web: 'javascript:1' is not"},
        {"organisation: {name: \"A\\nBcc: x@e.org\"}", "organisation.name: "},
        {"organisation: {name: {x!: A}}", "is not a language tag"},
        {"organisation: {colour: red}", "there is no such setting"},
        {"organisation: yes", "there is no such setting"},
        {"organisation: {lists: yes}", "expected lists"},
        {"organisation: {lists: {'A b': {accent: '#123'}}}", "expected the name of a list"},
        {"organisation: {lists: {news: {lists: {a: {accent: '#123'}}}}}", "no such setting"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct nl_error err = {0};
        struct nl_config config;
        assert_int_equal(read_text(cases[i].text, &config, &err), NL_CONFIG);
        if (strstr(err.text, cases[i].message) == NULL)
            fail_msg("%s: %s", cases[i].text, err.text);
        nl_error_free(&err);
        nl_config_free(&config);
    }
}

static void test_empty_sections(void **state) {
    (void)state;
    static const char *const texts[] = {
        "organisation:\n", "organisation:\n  # name: X\n  lists:\n  social:\n  contact:\n",
        "organisation:\n  name:\n  accent:\n  lists:\n    news:\n", "contact:\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct nl_error err = {0};
        struct nl_config config;
        assert_ok(read_text(texts[i], &config, &err));
        nl_config_free(&config);
    }
}

static void test_a_logo_is_a_picture(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_buf data = {0};
    const char *type = NULL;
    assert_ok(nl_file_write(path, "<svg onload=\"x\"/>", 17, true, &err));
    assert_int_equal(nl_identity_logo(path, &data, &type, &err), NL_CONFIG);
    assert_non_null(strstr(err.text, "is not a PNG, JPEG or GIF"));
    nl_error_free(&err);
    nl_buf_clear(&data);
    assert_ok(nl_file_write(path, "GIF89a..............", 20, true, &err));
    assert_ok(nl_identity_logo(path, &data, &type, &err));
    assert_string_equal(type, "image/gif");
    nl_buf_free(&data);
}

static int make_file(void **state) {
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state) {
    (void)state;
    return unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_section), cmocka_unit_test(test_languages_and_lists),
        cmocka_unit_test(test_the_older_contact), cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_empty_sections),    cmocka_unit_test(test_a_logo_is_a_picture),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
