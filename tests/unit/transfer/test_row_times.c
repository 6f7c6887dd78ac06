/* Rows of files whose columns say when somebody came and left: which time counts, and which end. */
#include "support.h"

#include "transfer/reader.h"

#include <stdio.h>
#include <stdlib.h>

/* Days since the epoch, as rows have them. */
enum { DAY = 86400 };

static const char *name_of(const struct nl_member *member) {
    return member->blocked                        ? "blocked"
           : member->state == NL_SUBSCRIPTION_ANY ? "-"
                                                  : nl_subscription_state_text(member->state);
}

/* "STATE CONSENT CONFIRMED ENDED CREATED", the times in days; or the reason why the row is bad. */
static void read_row(const char *head, const char *row, char out[200]) {
    const struct nl_import_options options = {0};
    struct nl_reader *reader = calloc(1, sizeof *reader);
    struct nl_member member = {0};
    struct nl_error err = {0};
    char text[400];
    bool end = false;
    bool bad = false;
    snprintf(text, sizeof text, "email,%s\nann@x.example,%s\n", head, row);
    FILE *in = fmemopen(text, strlen(text), "r");
    enum nl_status status = nl_reader_begin(reader, in, "x.csv", &options, &err);
    if (status == NL_OK)
        status = nl_reader_choose(reader, NL_FORMAT_CSV, &err);
    if (status == NL_OK)
        status = reader->next(reader, &end, &bad, &err);
    if (status == NL_OK)
        status = nl_row_member(&reader->row, &reader->columns, &member, &err);
    if (status == NL_OK)
        snprintf(out, 200, "%s %lld %lld %lld %lld", name_of(&member),
                 (long long)member.consent_at / DAY, (long long)member.confirmed_at / DAY,
                 (long long)member.ended_at / DAY, (long long)member.created_at / DAY);
    else
        snprintf(out, 200, "%s", nl_error_text(&err));
    nl_error_free(&err);
    nl_reader_free(reader);
    free(reader);
    fclose(in);
}

static void test_times(void **state) {
    static const struct {
        const char *head, *row, *expected;
    } rows[] = {
        {"consent_at", "1970-01-11", "- 10 0 0 0"},
        {"confirmed_at", "1970-01-11", "- 0 10 0 0"},
        {"created_at", "1970-01-11", "- 0 0 0 10"},
        {"state,ended_at", "unsubscribed,1970-01-11", "unsubscribed 0 0 10 0"},
        /* A day in a column of yes and no is a yes. */
        {"subscribed", "1970-01-11", "active 10 0 0 0"},
        {"confirmed", "1970-01-11", "active 0 10 0 0"},
        {"unsubscribed", "1970-01-11", "unsubscribed 0 0 10 0"},
        {"bounced", "1970-01-11", "bounced 0 0 10 0"},
        {"complained", "1970-01-11", "complained 0 0 10 0"},
        {"blocked", "1970-01-11", "blocked 0 0 10 0"},
        /* The stronger end counts, the first time of one, and a time that is only that. */
        {"unsubscribed,bounced", "1970-01-11,1970-01-21", "bounced 0 0 10 0"},
        {"bounced,unsubscribed", "1970-01-21,1970-01-11", "bounced 0 0 20 0"},
        {"unsubscribed,ended_at", "1970-01-11,1970-01-21", "unsubscribed 0 0 20 0"},
        {"ended_at,unsubscribed", "1970-01-21,1970-01-11", "unsubscribed 0 0 20 0"},
        {"subscribed,confirmed,unsubscribed", "1970-01-11,1970-01-12,1970-01-13",
         "unsubscribed 10 11 12 0"},
        {"subscribed,unsubscribed", "1970-01-11,", "active 10 0 0 0"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].head) {
        char found[200];
        read_row(rows[i].head, rows[i].row, found);
        assert_string_equal(found, rows[i].expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_times)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
