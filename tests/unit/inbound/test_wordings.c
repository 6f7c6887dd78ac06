/* The wordings of many mail systems, and what they mean: tests/data/bounces/wordings.txt. */
#include "newsletter/base/file.h"
#include "newsletter/inbound/judge.h"
#include "support.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 1 << 20, ENOUGH = 1000 };

/* Whether one of the reasons "content|policy", or "any", is the one that was found. */
static bool is_among(const char *reasons, const char *found) {
    if (strcmp(reasons, "any") == 0)
        return true;
    size_t len = strlen(found);
    for (const char *at = strstr(reasons, found); at != NULL; at = strstr(at + 1, found))
        if ((at == reasons || at[-1] == '|') && (at[len] == '\0' || at[len] == '|'))
            return true;
    return false;
}

/* Judges one line of the file. False, and prints it, when it is not read as it says. */
static bool judge(const struct nl_bounce_reader *reader, char *line) {
    char *rest = line;
    const char *kind = strsep(&rest, " ");
    const char *reasons = strsep(&rest, " ");
    const char *status = strsep(&rest, " ");
    if (rest == NULL) {
        print_error("\"%s\" is no row\n", line);
        return false;
    }
    struct nl_failure failure = {.stage = NL_JUDGE_LATER, .text = rest};
    failure.status = strcmp(status, "-") == 0 ? "" : status;
    if (strcmp(rest, "-") == 0)
        failure.text = NULL;
    else if (isdigit((unsigned char)rest[0]))
        failure.code = (int)strtol(rest, NULL, 10);
    struct nl_judgement found = nl_judge(reader, &failure);
    bool right = (strcmp(kind, "hard") == 0) == found.hard && is_among(reasons, found.reason);
    if (!right)
        print_error("%s %s, read %s %s by line %u of patterns.txt: %s %s\n", kind, reasons,
                    found.hard ? "hard" : "soft", found.reason, found.line, status, rest);
    return right;
}

static void test_wordings(void **state) {
    struct nl_bounce_reader *reader = NULL;
    struct nl_buf text = {0};
    struct nl_error err = {0};
    size_t count = 0;
    size_t wrong = 0;
    (void)state;
    assert_ok(nl_bounce_reader_new(&reader, &err));
    assert_ok(nl_file_read(TEST_DATA "/bounces/wordings.txt", LIMIT, &text, &err));
    char *rest = text.data;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        if (line[0] == '\0' || line[0] == '#')
            continue;
        count++;
        wrong += !judge(reader, line);
    }
    print_message("%zu of %zu wordings are read wrongly\n", wrong, count);
    assert_int_equal(wrong, 0);
    assert_true(count > ENOUGH);
    nl_buf_free(&text);
    nl_bounce_reader_free(reader);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_wordings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
