/* MTA-STS policies as they are written by strangers: what is read of them, and which hosts they
 * name. */
#include "support.h"

#include "newsletter/smtp/sts.h"

#define HEAD "version: STSv1\n"
#define MODE "mode: enforce\n"
#define AGE "max_age: 86400\n"
#define MX "mx: mx.example\n"

static void test_policies(void **state) {
    static const struct {
        const char *text;
        enum nl_sts_mode mode;
        int64_t max_age;
        const char *hosts;
    } rows[] = {
        {HEAD MODE AGE MX, NL_STS_ENFORCE, 86400, "mx.example\n"},
        {MX AGE MODE HEAD, NL_STS_ENFORCE, 86400, "mx.example\n"},
        {HEAD "mode: testing\n" AGE MX, NL_STS_TESTING, 86400, "mx.example\n"},
        {HEAD "mode: none\n" AGE MX, NL_STS_NONE, 86400, "mx.example\n"},
        {HEAD "mode: none\n" AGE, NL_STS_NONE, 86400, ""},
        {"version: STSv1\r\nmode: enforce\r\nmax_age: 86400\r\nmx: mx.example\r\n", NL_STS_ENFORCE,
         86400, "mx.example\n"},
        {"version :STSv1\nmode\t:\tenforce \t\nmax_age:86400\nmx:mx.example", NL_STS_ENFORCE, 86400,
         "mx.example\n"},
        /* of a field that stands twice the first one counts, if it is valid */
        {HEAD MODE "mode: none\n" AGE "max_age: 100\n" MX, NL_STS_ENFORCE, 86400, "mx.example\n"},
        {HEAD "mode: odd\n" MODE "max_age: x\n" AGE MX, NL_STS_ENFORCE, 86400, "mx.example\n"},
        {"version: STSv2\n" HEAD MODE AGE MX, NL_STS_ENFORCE, 86400, "mx.example\n"},
        {HEAD MODE AGE MX "mx: *.example.org\n", NL_STS_ENFORCE, 86400,
         "mx.example\n*.example.org\n"},
        {HEAD MODE AGE MX "other: x\nno colon\n\n", NL_STS_ENFORCE, 86400, "mx.example\n"},
        /* hosts that are none */
        {HEAD MODE AGE "mx: a b\nmx: .a\nmx: *.\nmx: *\nmx: a*\nmx:\nmx: a/b\nmx: *.b\n",
         NL_STS_ENFORCE, 86400, "*.b\n"},
        /* the bounds of its age */
        {HEAD MODE MX "max_age: 60\n", NL_STS_ENFORCE, 60, "mx.example\n"},
        {HEAD MODE MX "max_age: 59\n", NL_STS_ENFORCE, 60, "mx.example\n"},
        {HEAD MODE MX "max_age: 0\n", NL_STS_ENFORCE, 60, "mx.example\n"},
        {HEAD MODE MX "max_age: 31557600\n", NL_STS_ENFORCE, 31557600, "mx.example\n"},
        {HEAD MODE MX "max_age: 31557601\n", NL_STS_ENFORCE, 31557600, "mx.example\n"},
        {HEAD MODE MX "max_age: 9999999999\n", NL_STS_ENFORCE, 31557600, "mx.example\n"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text) {
        struct nl_error err = {0};
        struct nl_sts_policy policy;
        assert_ok(nl_sts_policy_read(rows[i].text, &policy, &err));
        assert_int_equal(policy.mode, rows[i].mode);
        assert_int_equal(policy.max_age, rows[i].max_age);
        assert_string_equal(nl_buf_text(&policy.mail_hosts), rows[i].hosts);
        nl_sts_policy_free(&policy);
    }
}

static void test_what_is_missing(void **state) {
    static const struct {
        const char *text, *missing;
    } rows[] = {
        {"", "'version: STSv1'"},
        {MODE AGE MX, "'version: STSv1'"},
        {"version: stsv1\n" MODE AGE MX, "'version: STSv1'"},
        {"Version: STSv1\n" MODE AGE MX, "'version: STSv1'"},
        {"version: STSv1 x\n" MODE AGE MX, "'version: STSv1'"},
        {HEAD AGE MX, "'mode'"},
        {HEAD "mode: Enforce\n" AGE MX, "'mode'"},
        {HEAD "mode: enforced\n" AGE MX, "'mode'"},
        {HEAD "mode:\n" AGE MX, "'mode'"},
        {HEAD MODE MX, "'max_age'"},
        {HEAD MODE MX "max_age:\n", "'max_age'"},
        {HEAD MODE MX "max_age: -1\n", "'max_age'"},
        {HEAD MODE MX "max_age: 1d\n", "'max_age'"},
        {HEAD MODE MX "max_age: 10000000000\n", "'max_age'"}, /* eleven digits */
        {HEAD MODE AGE, "'mx'"},
        {HEAD "mode: testing\n" AGE, "'mx'"},
        {HEAD MODE AGE "mx: a b\n", "'mx'"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text) {
        struct nl_error err = {0};
        struct nl_sts_policy policy;
        assert_fails(nl_sts_policy_read(rows[i].text, &policy, &err), NL_DATA, rows[i].missing);
        nl_sts_policy_free(&policy);
    }
}

/* The first 64 hosts count. */
static void test_many_hosts(void **state) {
    struct nl_error err = {0};
    struct nl_sts_policy policy;
    struct nl_buf text = {0};
    (void)state;
    nl_buf_adds(&text, HEAD MODE AGE);
    for (int i = 1; i <= 65; i++)
        nl_buf_addf(&text, "mx: mx%d.example\n", i);
    assert_ok(nl_sts_policy_read(nl_buf_text(&text), &policy, &err));
    assert_true(nl_sts_policy_names(&policy, "mx64.example"));
    assert_false(nl_sts_policy_names(&policy, "mx65.example"));
    nl_sts_policy_free(&policy);
    nl_buf_free(&text);
}

static void test_which_hosts_are_named(void **state) {
    static const struct {
        const char *host;
        bool named;
    } rows[] = {
        {"mx.example", true},
        {"MX.Example", true},
        {"mx.example.", false},
        {"x.mx.example", false},
        {"mx.exampl", false},
        {"amx.example", false},
        {"a.example.org", true},
        {"A.EXAMPLE.org", true},
        {"example.org", false},
        {"a.b.example.org", false},
        {".example.org", true},
        {"a.example.orgs", false},
        {"a.example.or", false},
        {"*.example.org", true},
        {"", false},
        {"a", false},
        {"a.last.example", true},
        {"last.example", false},
    };
    struct nl_error err = {0};
    struct nl_sts_policy policy;
    (void)state;
    assert_ok(nl_sts_policy_read(HEAD MODE AGE MX "mx: *.example.org\nmx: *.last.example", &policy,
                                 &err));
    for_each_row (i, rows, rows[i].host)
        assert_int_equal(nl_sts_policy_names(&policy, rows[i].host), rows[i].named);
    nl_sts_policy_free(&policy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_what_is_missing),
        cmocka_unit_test(test_many_hosts),
        cmocka_unit_test(test_which_hosts_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
