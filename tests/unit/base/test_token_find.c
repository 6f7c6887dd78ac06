#include "support.h"

#include "newsletter/base/token_find.h"

#define TOKEN "7f0c2a9e-6f0e-4d8e-9b0a-6f3f2a1f9c55"

/* Each is something that a mail program, a forwarder or a person made of a link. */
static const char *const mangled[] = {
    TOKEN,
    "  " TOKEN "\r\n",
    "7F0C2A9E-6F0E-4D8E-9B0A-6F3F2A1F9C55",
    TOKEN ".",
    TOKEN ">",
    TOKEN "),",
    "<" TOKEN ">",
    "\"" TOKEN "\"",
    "https://news.example.org/unsubscribe?token=" TOKEN,
    "HTTPS://NEWS.EXAMPLE.ORG/UNSUBSCRIBE?TOKEN=7F0C2A9E-6F0E-4D8E-9B0A-6F3F2A1F9C55",
    "https://news.example.org/unsubscribe?token=3D" TOKEN,
    "https://news.example.org/unsubscribe?token%3D" TOKEN,
    "https://news.example.org/unsubscribe%253Ftoken%253D7f0c2a9e%252D6f0e-4d8e-9b0a-6f3f2a1f9c55",
    "token=7f0c2a9e=2D6f0e=2D4d8e-9b0a-6f3f2a1f9c55",
    "token=3D7f0c2a9e-6f0e-4d8=\r\ne-9b0a-6f3f2a1f9c55",
    "token=7f0c2a9e-6f0e-4d8e-9b0a-=\n6f3f2a1f9c55",
    "token=7f0c2a9e-6f0e-4d8e-9b0a-6f3f=2a1f9c55",
    "token=7f0c2a9e-6f0e-\n> 4d8e-9b0a-6f3f2a1f9c55",
    "token=7f0c2a9e-6f0e-4d8e-9b0a-6f3f2a1 f9c55",
    "token=7f0c2a9e-6f0e-4d8e-9b0a-6f3f2a1%20f9c55",
    "token=7f0c2a9e-6f0e-4d8e-9b0a-%0D%0A6f3f2a1f9c55",
    "token=7f0c2a9e\xe2\x80\x91"
    "6f0e\xe2\x80\x93"
    "4d8e-9b0a-6f3f2a1f9c55",
    "token=7f0c2a9e\xc2\xad-6f0e-4d8e-9b0a-6f3f\xe2\x80\x8b"
    "2a1f9c55",
    "token=7f0c2a9e&#45;6f0e-4d8e-9b0a-6f3f2a1f9c55",
    "token=7f0c2a9e-6f0e-4d8e-9b0a-6f3f<wbr>2a1f9c55",
    "token=7f0c2a9e6f0e4d8e9b0a6f3f2a1f9c55",
    "token=3D7f0c2a9e6f0e4d8e9b0a6f3f2a1f9c55",
    "token=7f0c2a9e-6f0e-4d8e9b0a-6f3f2a1f9c55",
    "https://news.example.org/unsubscribe?language=ru&amp;token=" TOKEN "&amp;x=y",
    "https://safelinks.example.com/"
    "?url=https%3A%2F%2Fnews.example.org%2Funsubscribe%3Ftoken%3D" TOKEN "&data=05%7C0",
    "x 00000000-0000-4000-8000-000000000000 token: " TOKEN,
    "To leave, open https://news.example.org/unsubscribe?token=" TOKEN " and press the button.",
};

static const char *const nothing[] = {
    "",
    "x",
    "token=",
    "7f0c2a9e-6f0e-4d8e-9b0a-6f3f2a1f9c5",
    "7f0c2a9e-6f0e-4d8e-9b0a-6f3f2a1f9c5g",
    "17f0c2a9e6f0e4d8e9b0a6f3f2a1f9c55",
    "7f0c2a9e6f0e4d8e9b0a6f3f2a1f9c550",
    "%",
    "%%%2",
    "token%00",
};

static void test_found(void **state) {
    (void)state;
    for_each_row (i, mangled, NULL) {
        struct nl_token token = {0};
        if (!nl_token_find(mangled[i], &token) || strcmp(token.text, TOKEN) != 0)
            fail_msg("%s: %s", mangled[i], token.text);
    }
}

static void test_not_found(void **state) {
    (void)state;
    for_each_row (i, nothing, NULL) {
        struct nl_token token = {0};
        if (nl_token_find(nothing[i], &token))
            fail_msg("%s: %s", nothing[i], token.text);
    }
}

/* The issue whose link was used; 0 where something else follows. */
static void test_issue(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t issue;
    } rows[] = {
        {TOKEN "-12", 12},
        {"https://news.example.org/unsubscribe?token=" TOKEN "-7&x=y", 7},
        {"https://news.example.org/unsubscribe?token=" TOKEN "-1234.", 1234},
        {"token%3D7f0c2a9e%2D6f0e-4d8e-9b0a-6f3f2a1f9c55%2D31", 31},
        {"token=3D" TOKEN "-1=\r\n23\r\n", 123},
        {"token=3D" TOKEN "=\n-99", 99},
        {"token=7f0c2a9e=2D6f0e=2D4d8e=2D9b0a=2D6f3f2a1f9c55=2D8", 8},
        {"token=" TOKEN "\xe2\x80\x91"
         "5",
         5},
        {"token=7f0c2a9e6f0e4d8e9b0a6f3f2a1f9c55-44", 44},
        {"unsubscribe " TOKEN "-6 (fwd)", 6},
        {TOKEN, 0},
        {TOKEN "-", 0},
        {TOKEN " - 12 people", 0},
        {TOKEN "-12ab", 0},
        {TOKEN "--3", 0},
        {TOKEN "-1234567890123456789012345678901234567890", 0},
    };
    for_each_row (i, rows, NULL) {
        struct nl_token token = {0};
        if (!nl_token_find(rows[i].text, &token) || strcmp(token.text, TOKEN) != 0 ||
            token.issue != rows[i].issue)
            fail_msg("%s: %s %lld", rows[i].text, token.text, (long long)token.issue);
    }
}

static void test_link_is_found_again(void **state) {
    (void)state;
    static const int64_t issues[] = {0, 1, 4711, 999999999999999999};
    for_each_row (i, issues, NULL) {
        struct nl_token token = {TOKEN, issues[i]};
        struct nl_token back = {0};
        char text[NL_LINK_TOKEN_LEN + 1];
        nl_token_link(&token, text);
        if (!nl_token_find(text, &back) || back.issue != issues[i])
            fail_msg("%s: %lld", text, (long long)back.issue);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_issue),
        cmocka_unit_test(test_link_is_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
