/* Addresses at a domain that is nearly one of the large providers': what is suggested, and that
 * nobody is bothered about a domain that only looks like one. */
#include "support.h"

#include "web/typing_error.h"

static void test_suggestions(void **state) {
    static const struct {
        const char *address, *suggestion;
    } cases[] = {
        {"ann@gmail.com", ""},
        {"ann@GMAIL.com", ""},
        {"ann@gmial.com", "ann@gmail.com"},
        {"Ann.Lee+x@Gmial.COM", "Ann.Lee+x@gmail.com"},
        {"\"a@b\"@gmail.con", "\"a@b\"@gmail.com"},
        {"ann@hotmial.com", "ann@hotmail.com"},
        /* two edits in a long domain, where the first letter is right */
        {"ann@hotmaail.coom", "ann@hotmail.com"},
        {"ann@xxotmail.com", ""},
        {"ann@hotmmaaail.com", ""}, /* three */
        /* a short domain has many neighbours */
        {"ann@gmx.dee", "ann@gmx.de"},
        {"ann@web.d", ""},
        {"ann@gmx.net", ""},
        {"ann@m.com", ""},
        {"ann@wwb.de", ""},
        {"ann@gmx.nett", "ann@gmx.net"},
        {"ann@example.org", ""},
        {"ann@x", ""},
        {"ann", ""},
        {"ann@", ""},
        {"", ""},
    };
    (void)state;
    for_each_row (i, cases, cases[i].address) {
        struct nl_buf out = {0};
        nl_typing_error(cases[i].address, &out);
        assert_string_equal(nl_buf_text(&out), cases[i].suggestion);
        nl_buf_free(&out);
    }
}

/* A domain of 63 letters is looked at, a longer one is not. */
static void test_long_domains(void **state) {
    static const size_t lengths[] = {62, 63, 64, 200};
    (void)state;
    for_each_row (i, lengths, NULL) {
        struct nl_buf address = {0};
        struct nl_buf out = {0};
        nl_buf_adds(&address, "ann@");
        for (size_t at = 0; at < lengths[i]; at++)
            nl_buf_addc(&address, 'x');
        nl_typing_error(nl_buf_text(&address), &out);
        assert_int_equal(out.len, 0);
        nl_buf_free(&address);
        nl_buf_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suggestions),
        cmocka_unit_test(test_long_domains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
