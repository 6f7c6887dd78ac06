/* The reference number of an issue: as it is made, and as people type it. */
#include "support.h"

#include "newsletter/bulletin/genuine.h"

#include <stdlib.h>
#include <string.h>

/* By another program: SHA-256 of "list\nslug", its first five bytes in eight letters. */
static void test_made(void **state) {
    static const struct {
        const char *list, *slug, *reference;
    } rows[] = {
        {"news", "no-1", "XG0A-R900"},
        {"news", "no-2", "XTBK-2DM1"},
        {"new", "sno-1", "G1XX-V460"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].slug) {
        struct {
            char before[4], reference[NL_REFERENCE_LEN + 1], after[4];
        } out = {.before = "<<<", .after = ">>>"};
        nl_reference(rows[i].list, rows[i].slug, out.reference);
        assert_string_equal(out.reference, rows[i].reference);
        assert_string_equal(out.before, "<<<");
        assert_string_equal(out.after, ">>>");
    }
}

static void test_typed(void **state) {
    static const struct {
        const char *text, *reference; /* NULL: it is none */
    } rows[] = {
        {"XG0A-R900", "XG0A-R900"},
        {"xg0a-r900", "XG0A-R900"},
        {"XG0AR900", "XG0A-R900"},
        {" x g-0 a r9 0 0 ", "XG0A-R900"},
        {"xgoa-r9oO", "XG0A-R900"},
        {"G1XX-V460", "G1XX-V460"},
        {"GIXX-V460", "G1XX-V460"},
        {"glxx-v460", "G1XX-V460"},
        {"XG0A-R90", NULL},
        {"XG0A-R9000", NULL},
        {"XG0A-R90U", NULL},
        {"XG0A-R90.", NULL},
        {"XG0A-R900 .", NULL},
        {"XG0A", NULL},
        {"", NULL},
        {"XG0A-R90\xc3\x98", NULL},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text) {
        char out[NL_REFERENCE_LEN + 1];
        assert_int_equal(nl_reference_parse(rows[i].text, out), rows[i].reference != NULL);
        if (rows[i].reference != NULL)
            assert_string_equal(out, rows[i].reference);
    }
}

static void test_address(void **state) {
    static const struct {
        const char *site, *reference, *url;
    } rows[] = {
        {"https://news.example", "XG0A-R900", "https://news.example/genuine?n=XG0A-R900"},
        {"https://news.example", "", ""},
        {NULL, "XG0A-R900", ""},
    };
    (void)state;
    for_each_row (i, rows, rows[i].url) {
        char *site = rows[i].site != NULL ? strdup(rows[i].site) : NULL;
        struct nl_config config = {.serve.url = site};
        struct nl_buf out = {0};
        nl_reference_url(&config, rows[i].reference, &out);
        assert_string_equal(nl_buf_text(&out), rows[i].url);
        nl_buf_free(&out);
        free(site);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made),
        cmocka_unit_test(test_typed),
        cmocka_unit_test(test_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
