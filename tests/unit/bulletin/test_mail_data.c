/* The logo of a mail: how wide it is shown, and which one on which ground. */
#include "bulletin/enclosure.h"
#include "bulletin/mail_data.h"
#include "support.h"

#include "newsletter/base/file.h"
#include "newsletter/template/data.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* A picture's head is enough to know its size. */
static char *write_picture(struct fixture *fixture, const char *name, unsigned width,
                           unsigned height) {
    struct nl_error err = {0};
    struct nl_buf path = {0};
    unsigned char png[33] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    for (int i = 0; i < 4; i++) {
        png[16 + i] = (unsigned char)(width >> (24 - 8 * i));
        png[20 + i] = (unsigned char)(height >> (24 - 8 * i));
    }
    png[24] = 8;
    png[25] = 2;
    nl_buf_addf(&path, "%s/%s", fixture->folder, name);
    assert_ok(nl_file_write(nl_buf_text(&path), png, sizeof png, false, &err));
    return nl_buf_take(&path);
}

/* The member `logo` of the data of a mail. */
static json_t *logo_of(struct fixture *fixture, const struct nl_identity *identity) {
    struct nl_error err = {0};
    const struct nl_config config = {.path = (char *)"c"};
    struct nl_enclosures enclosures = {0};
    json_t *data = nl_data_new(&fixture->list, "en");
    assert_ok(nl_mail_data(&config, &fixture->list, identity, "en", &enclosures, data, &err));
    json_t *logo = json_incref(json_object_get(data, "logo"));
    json_decref(data);
    nl_enclosures_free(&enclosures);
    return logo;
}

static struct nl_identity identity_of(enum nl_design design, const char *on_accent,
                                      const char *logo, const char *dark) {
    static const struct nl_config config = {.path = (char *)"c"};
    struct nl_identity identity = {0};
    nl_identity_of(&config, NULL, "en", &identity);
    identity.design = design;
    identity.logo = logo;
    identity.logo_dark = dark;
    snprintf(identity.palette.on_accent, sizeof identity.palette.on_accent, "%s", on_accent);
    return identity;
}

static void test_widths(void **state) {
    static const struct {
        const char *name;
        unsigned width, height;
        int shown;
    } rows[] = {{"within bounds", 100, 50, 100},   {"at both bounds", 240, 90, 240},
                {"too wide", 241, 10, 240},        {"twice as large", 480, 180, 240},
                {"too high", 90, 180, 45},         {"a little too high", 100, 91, 98},
                {"wide and low", 1000, 100, 240},  {"wide and too high", 1000, 400, 225},
                {"a line that stands", 1, 500, 1}, {"a dot", 1, 1, 1}};
    struct fixture *fixture = *state;
    for_each_row (i, rows, rows[i].name) {
        char *path = write_picture(fixture, "logo.png", rows[i].width, rows[i].height);
        const struct nl_identity identity = identity_of(NL_DESIGN_LETTER, "#ffffff", path, NULL);
        json_t *logo = logo_of(fixture, &identity);
        assert_int_equal(json_integer_value(json_object_get(logo, "width")), rows[i].shown);
        json_decref(logo);
        free(path);
    }
}

/* The light logo is 100 wide, the dark one 50. A plate stands behind a light one on dark ground. */
static void test_which_one(void **state) {
    static const struct {
        const char *name, *on_accent;
        enum nl_design design;
        bool light, dark;
        int width;
        bool plate, for_dark;
    } rows[] = {
        {"none", "#ffffff", NL_DESIGN_BULLETIN, false, false, 0, true, false},
        {"white letters, no dark one", "#ffffff", NL_DESIGN_BULLETIN, true, false, 100, true,
         false},
        {"white letters", "#ffffff", NL_DESIGN_BULLETIN, true, true, 50, false, false},
        {"black letters", "#000000", NL_DESIGN_BULLETIN, true, true, 100, false, false},
        {"black letters, no dark one", "#000000", NL_DESIGN_BULLETIN, true, false, 100, false,
         false},
        {"a letter", "#ffffff", NL_DESIGN_LETTER, true, true, 50, false, true},
        {"a letter, no dark one", "#ffffff", NL_DESIGN_LETTER, true, false, 100, false, false},
    };
    struct fixture *fixture = *state;
    char *light = write_picture(fixture, "light.png", 100, 50);
    char *dark = write_picture(fixture, "dark.png", 50, 50);
    for_each_row (i, rows, rows[i].name) {
        const struct nl_identity identity =
            identity_of(rows[i].design, rows[i].on_accent, rows[i].light ? light : NULL,
                        rows[i].dark ? dark : NULL);
        json_t *logo = logo_of(fixture, &identity);
        assert_int_equal(json_integer_value(json_object_get(logo, "width")), rows[i].width);
        assert_int_equal(json_is_true(json_object_get(logo, "plate")), rows[i].plate);
        assert_int_equal(json_string_length(json_object_get(logo, "src")) > 0, rows[i].light);
        assert_int_equal(json_string_length(json_object_get(logo, "dark")) > 0, rows[i].for_dark);
        json_decref(logo);
    }
    free(light);
    free(dark);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_widths, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_which_one, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
