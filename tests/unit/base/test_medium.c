/* Recordings. */
#include "support.h"

#include "newsletter/base/medium.h"

#include <stdlib.h>
#include <string.h>

static void test_durations(void **state) {
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {{"3:20", 200}, {"1:02:03", 3723}, {"0:01", 1},    {"99:59", 5999}, {"00:00:07", 7},
                 {NULL, 0},     {"", 0},           {"200", 0},     {"3:60", 0},     {"3:5", 0},
                 {":20", 0},    {"3:20:", 0},      {"1:2:3:4", 0}, {"100:00", 0},   {"-3:20", 0},
                 {"3:20 ", 0},  {"1:60:00", 0},    {"0:00", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (nl_medium_seconds(cases[i].text) != cases[i].seconds)
            fail_msg("%s: %ld", cases[i].text, (long)nl_medium_seconds(cases[i].text));
}

static void test_types(void **state) {
    const char *ending = NULL;
    (void)state;
    assert_string_equal(nl_medium_type("a/b.MP3", &ending), "audio/mpeg");
    assert_string_equal(ending, "mp3");
    assert_string_equal(nl_medium_type("https://a.example/x.y.opus", &ending), "audio/ogg");
    assert_null(nl_medium_type("mp3", &ending));
    assert_null(nl_medium_type("x.exe", &ending));
    assert_null(nl_medium_type("x.mp3 ", &ending));
}

static void test_problems(void **state) {
    static const struct {
        struct nl_medium medium;
        const char *problem; /* words of it; NULL: none */
    } cases[] = {
        {{.title = "T", .file = "a.mp3"}, NULL},
        {{.title = "T", .url = "https://a.example/x", .duration = "3:20"}, NULL},
        {{.file = "a.mp3"}, "title"},
        {{.title = "T"}, "file or a url"},
        {{.title = "T", .file = "a.mp3", .url = "https://a.example/x"}, "file or a url"},
        {{.title = "T", .url = "http://a.example/x"}, "https"},
        {{.title = "T", .url = "https://"}, "https"},
        {{.title = "T", .file = "a.txt"}, "browsers play"},
        {{.title = "T", .file = "a.mp3", .duration = "soon"}, "duration"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *problem = nl_medium_problem(&cases[i].medium);
        bool right = cases[i].problem != NULL
                         ? problem != NULL && strstr(problem, cases[i].problem) != NULL
                         : problem == NULL;
        if (!right)
            fail_msg("case %zu: %s", i, problem);
    }
}

static void test_members(void **state) {
    static const char *const keys[] = {"title", "file", "url", "licence", "duration"};
    struct nl_media media = {calloc(1, sizeof *media.items), 1};
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char **member = nl_medium_member(media.items, keys[i]);
        assert_non_null(member);
        assert_null(*member); /* each is another one */
        *member = strdup(keys[i]);
    }
    assert_string_equal(media.items[0].licence, "licence");
    assert_null(nl_medium_member(media.items, "name"));
    nl_media_free(&media);
    assert_null(media.items);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
