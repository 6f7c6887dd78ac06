#include "support.h"

#include "dkim/dkim_body.h"

#include <openssl/evp.h>

/* RFC 6376 section 3.4.4 as it reads, byte by byte. */
static void reference(const char *body, size_t len, unsigned char digest[NL_DIGEST_LEN]) {
    struct nl_buf all = {0};
    size_t empty = 0;
    for (size_t at = 0; at < len;) {
        struct nl_buf line = {0};
        for (; at < len && (body[at] != '\r' || at + 1 == len || body[at + 1] != '\n'); at++) {
            char c = body[at] == '\t' ? ' ' : body[at];
            if (c != ' ' || line.len == 0 || line.data[line.len - 1] != ' ')
                nl_buf_addc(&line, c);
        }
        at += 2;
        if (line.len > 0 && line.data[line.len - 1] == ' ')
            line.len--;
        if (line.len == 0) {
            empty++;
        } else {
            for (; empty > 0; empty--)
                nl_buf_adds(&all, "\r\n");
            nl_buf_add(&all, line.data, line.len);
            nl_buf_adds(&all, "\r\n");
        }
        nl_buf_free(&line);
    }
    nl_digest(nl_buf_text(&all), all.len, digest);
    nl_buf_free(&all);
}

static uint32_t next(uint32_t *seed) {
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 16;
}

static void add_random(struct nl_buf *body, size_t pieces, uint32_t *seed) {
    static const char *const words[] = {"word",     " ",        "  ",      "\t", "\r\n",
                                        "\r\n\r\n", " \r\n",    "x y",     ".",  "\r\n  \r\n",
                                        "=",        "\xd3\x98", "a  b\tc", "end"};
    for (size_t i = 0; i < pieces; i++)
        nl_buf_adds(body, words[next(seed) % (sizeof words / sizeof words[0])]);
}

static void check(struct nl_dkim_body *known, const struct nl_buf *body) {
    unsigned char expected[NL_DIGEST_LEN];
    unsigned char digest[NL_DIGEST_LEN];
    reference(nl_buf_text(body), body->len, expected);
    assert_true(nl_dkim_body_hash(known, nl_buf_text(body), body->len, digest));
    assert_memory_equal(digest, expected, sizeof digest);
}

static void test_as_the_rfc_says(void **state) {
    (void)state;
    uint32_t seed = 6376;
    for (size_t i = 0; i < 3000; i++) {
        struct nl_buf body = {0};
        add_random(&body, i % 60, &seed);
        check(NULL, &body);
        nl_buf_free(&body);
    }
}

/* Bodies with a beginning in common, which grows shorter, then none. */
static void test_prefix_is_reused(void **state) {
    (void)state;
    uint32_t seed = 8463;
    for (size_t round = 0; round < 50; round++) {
        struct nl_dkim_body *known = nl_dkim_body_new();
        struct nl_buf start = {0};
        assert_non_null(known);
        add_random(&start, 900 + round, &seed);
        for (size_t i = 0; i < 40; i++) {
            struct nl_buf body = {0};
            size_t shorter = i > 20 ? start.len / (i - 19) : start.len;
            nl_buf_add(&body, start.data, shorter);
            add_random(&body, next(&seed) % 50, &seed);
            check(known, &body);
            nl_buf_free(&body);
        }
        nl_buf_free(&start);
        nl_dkim_body_free(known);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_the_rfc_says),
        cmocka_unit_test(test_prefix_is_reused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
