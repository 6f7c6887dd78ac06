/* TLSA records (RFC 6698) as the DNS has them: what DANE then demands of a mail host (RFC 7672). */
#include "resolve/made_lookup.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 20, SHA256 = 32, SHA512 = 64, LONGEST = 2048 };

/* One record: usage, selector, type, and so many bytes of data. */
struct record {
    unsigned char usage, selector, type;
    int len;
    unsigned char fill;
};

static struct ub_result *answer_of(struct made_answer *answer, const struct record *records,
                                   size_t count) {
    memset(answer, 0, sizeof *answer);
    for (size_t i = 0; i < count; i++) {
        unsigned char bytes[MADE_LONGEST] = {records[i].usage, records[i].selector,
                                             records[i].type};
        memset(bytes + 3, records[i].fill, (size_t)records[i].len);
        made_answer_add(answer, bytes, 3 + (size_t)records[i].len);
    }
    return &answer->result;
}

static void digits(char *out, const char *pair, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        memcpy(out + 2 * i, pair, 2);
    out[2 * bytes] = '\0';
}

static void test_each_kind_of_record(void **state) {
    static const struct {
        struct record record;
        bool usable;
    } cases[] = {
        {{3, 1, 1, SHA256, 0xab}, true},
        {{3, 0, 2, SHA512, 0xab}, true},
        {{2, 1, 1, SHA256, 0xab}, true},
        {{2, 0, 0, 700, 0xab}, true},
        {{3, 1, 0, LONGEST, 0xab}, true},
        {{3, 1, 0, LONGEST + 1, 0xab}, false}, /* longer than any certificate that we take */
        {{3, 1, 0, 1, 0xab}, true},
        {{3, 1, 0, 0, 0xab}, false},        /* no data at all */
        {{0, 1, 1, SHA256, 0xab}, false},   /* PKIX-TA: RFC 7672 section 3.1.3 */
        {{1, 1, 1, SHA256, 0xab}, false},   /* PKIX-EE */
        {{4, 1, 1, SHA256, 0xab}, false},   /* not assigned */
        {{255, 1, 1, SHA256, 0xab}, false}, /* private use */
        {{3, 2, 1, SHA256, 0xab}, false},   /* a selector that nobody knows */
        {{3, 1, 3, SHA256, 0xab}, false},   /* a type that nobody knows */
        {{3, 1, 3, SHA512, 0xab}, false},
        {{3, 1, 1, SHA256 - 1, 0xab}, false}, /* a digest that is too short */
        {{3, 1, 1, SHA256 + 1, 0xab}, false},
        {{3, 1, 2, SHA256, 0xab}, false},
        {{3, 1, 1, SHA512, 0xab}, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct nl_mail_host host = {0};
        static struct made_answer answer;
        nl_answer_tlsa(answer_of(&answer, &cases[i].record, 1), &host);
        if ((host.tlsa != NULL) != cases[i].usable)
            fail_msg("row %zu", i);
        assert_int_equal(host.tls, cases[i].usable ? NL_HOST_TLS_DANE : NL_HOST_TLS_ALWAYS);
        free(host.tlsa);
    }
}

static void test_records_shorter_than_their_head(void **state) {
    (void)state;
    for (int len = 0; len <= 3; len++) {
        struct nl_mail_host host = {0};
        static struct made_answer answer;
        const struct record record = {3, 1, 1, SHA256, 0xab};
        answer_of(&answer, &record, 1);
        answer.len[0] = len;
        nl_answer_tlsa(&answer.result, &host);
        assert_int_equal(host.tls, NL_HOST_TLS_ALWAYS);
        assert_null(host.tlsa);
    }
}

static void test_lines_are_sorted_and_whole(void **state) {
    const struct record records[] = {{3, 1, 1, SHA256, 0xff},
                                     {1, 1, 1, SHA256, 0x00}, /* left out */
                                     {2, 0, 2, SHA512, 0x0a},
                                     {3, 0, 0, 2, 0x30}};
    static struct made_answer answer;
    struct nl_mail_host host = {0};
    char ff[2 * SHA256 + 1];
    char ten[2 * SHA512 + 1];
    struct nl_buf expected = {0};
    (void)state;
    nl_answer_tlsa(answer_of(&answer, records, 4), &host);
    digits(ff, "ff", SHA256);
    digits(ten, "0a", SHA512);
    nl_buf_addf(&expected, "2 0 2 %s\n3 0 0 3030\n3 1 1 %s\n", ten, ff);
    assert_string_equal(host.tlsa, nl_buf_text(&expected));
    nl_buf_free(&expected);
    free(host.tlsa);
}

static void test_no_more_than_sixteen_count(void **state) {
    struct record records[MOST];
    static struct made_answer answer;
    struct nl_mail_host host = {0};
    size_t lines = 0;
    (void)state;
    for (size_t i = 0; i < MOST; i++)
        records[i] = (struct record){3, 1, 1, SHA256, (unsigned char)i};
    nl_answer_tlsa(answer_of(&answer, records, MOST), &host);
    for (const char *at = host.tlsa; *at != '\0'; at++)
        lines += *at == '\n';
    assert_int_equal(lines, 16);
    free(host.tlsa);
}

static void test_the_name_that_records_belong_to(void **state) {
    static const struct {
        const char *canonical, *base;
    } cases[] = {{"MX.aZ-Az.Example.ORG.", "mx.az-az.example.org"},
                 {"mx.example.org", "mx.example.org"},
                 {"a\\046b.example.", "asked"},
                 {"", "asked"},
                 {".", "asked"},
                 {NULL, "asked"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct nl_mail_host host = {.base = "asked"};
        const struct ub_result result = {.canonname = (char *)cases[i].canonical};
        nl_answer_base(&result, &host);
        if (strcmp(host.base, cases[i].base) != 0)
            fail_msg("row %zu: %s", i, host.base);
    }
}

static void test_a_name_that_is_too_long_changes_nothing(void **state) {
    char name[NL_MAIL_NAME + 2];
    struct nl_mail_host host = {.base = "asked"};
    (void)state;
    memset(name, 'a', NL_MAIL_NAME);
    name[NL_MAIL_NAME] = '\0';
    const struct ub_result result = {.canonname = name};
    nl_answer_base(&result, &host);
    assert_string_equal(host.base, "asked");
    name[NL_MAIL_NAME - 1] = '\0';
    nl_answer_base(&result, &host);
    assert_int_equal(strlen(host.base), NL_MAIL_NAME - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind_of_record),
        cmocka_unit_test(test_records_shorter_than_their_head),
        cmocka_unit_test(test_lines_are_sorted_and_whole),
        cmocka_unit_test(test_no_more_than_sixteen_count),
        cmocka_unit_test(test_the_name_that_records_belong_to),
        cmocka_unit_test(test_a_name_that_is_too_long_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
