/* The judgement of a canary: each finding, and when the others get the issue. */
#include "support.h"

#include "delivery/canary_run.h"

#include <stdlib.h>

struct row {
    const char *seeds; /* JSON */
    int64_t people, refused, deferred;
    bool time_is_up;
    enum canary_verdict verdict;
    const char *findings; /* each after a blank and a semicolon */
};

#define INBOX "{\"address\":\"a@x\",\"place\":\"inbox\"}"
#define JUNK "{\"address\":\"j@x\",\"place\":\"junk\",\"folder\":\"Spam\"}"
#define MISSING "{\"address\":\"m@x\",\"place\":\"missing\"}"
#define UNSEEN "{\"address\":\"u@x\"}"
#define SAYS(place, methods)                                                                       \
    "{\"address\":\"s@x\",\"place\":\"" place "\",\"authserv_id\":\"mx\"," methods "}"
#define ARRIVED(methods) SAYS("inbox", methods)

static void judge(const struct row *row, const struct nl_config *config) {
    struct nl_canary_sample sample = {.people = row->people,
                                      .sent = row->people - row->refused - row->deferred,
                                      .refused = row->refused,
                                      .deferred = row->deferred};
    const struct nl_run_plan plan = {.config = config};
    struct canary_run run = {.plan = &plan, .facts = json_object()};
    struct nl_buf told = {0};
    json_object_set_new(run.facts, "seeds", json_loads(row->seeds, 0, NULL));
    assert_int_equal(nl_canary_judge(&run, &sample, row->time_is_up), row->verdict);
    const json_t *findings = json_object_get(run.facts, "findings");
    const json_t *said = json_object_get(run.facts, "said");
    for (size_t i = 0; i < json_array_size(findings); i++)
        nl_buf_addf(&told, "%s%s", i > 0 ? "; " : "",
                    json_string_value(json_array_get(findings, i)));
    assert_string_equal(nl_buf_text(&told), row->findings);
    assert_int_equal(json_array_size(said), json_array_size(findings));
    for (size_t i = 0; i < json_array_size(said); i++)
        assert_true(json_is_array(json_array_get(said, i)));
    const json_t *facts = json_object_get(run.facts, "sample");
    assert_int_equal(json_integer_value(json_object_get(facts, "people")), row->people);
    assert_int_equal(json_integer_value(json_object_get(facts, "refused")), row->refused);
    assert_int_equal(json_integer_value(json_object_get(facts, "deferred")), row->deferred);
    json_decref(run.facts);
    nl_buf_free(&told);
}

static struct nl_config settings(void) {
    struct nl_config config = {0};
    config.canary.wait = 600;
    config.canary.junk = 1;
    config.canary.missing = 1;
    config.canary.refused = 5;
    config.canary.deferred = 20;
    config.canary.authentication = true;
    static char *const seeds[] = {"a@x", "j@x", "m@x", "p@x", "r@x", "s@x", "u@x"};
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++)
        config.seeds[i].address = seeds[i];
    return config;
}

/* One seed in the folder for junk and one that is missing are allowed, two are not. */
static void test_seeds(void **state) {
    static const struct row rows[] = {
        {"[" INBOX "]", 100, 0, 0, false, CANARY_PASS, ""},
        {"[]", 100, 0, 0, false, CANARY_PASS, ""},
        {"[" JUNK "," INBOX "]", 100, 0, 0, false, CANARY_PASS,
         "j@x: the copy is in the junk folder (Spam)"},
        {"[" JUNK "," JUNK "]", 100, 0, 0, false, CANARY_PAUSE,
         "j@x: the copy is in the junk folder (Spam); j@x: the copy is in the junk folder "
         "(Spam)"},
        {"[" MISSING "]", 100, 0, 0, false, CANARY_WAIT, "m@x: the copy is not there yet"},
        {"[" UNSEEN "]", 100, 0, 0, false, CANARY_WAIT, "u@x: the copy is not there yet"},
        {"[" MISSING "]", 100, 0, 0, true, CANARY_PASS,
         "m@x: the copy did not arrive within 600 s"},
        {"[" MISSING "," UNSEEN "]", 100, 0, 0, true, CANARY_PAUSE,
         "m@x: the copy did not arrive within 600 s; u@x: the copy did not arrive within 600 s"},
        {"[" MISSING "," UNSEEN "]", 100, 0, 0, false, CANARY_WAIT,
         "m@x: the copy is not there yet; u@x: the copy is not there yet"},
        {"[{\"address\":\"r@x\",\"reason\":\"550 no\"}]", 100, 0, 0, true, CANARY_PASS,
         "r@x: the copy could not be sent: 550 no"},
        {"[{\"address\":\"p@x\",\"place\":\"missing\",\"problem\":\"login\"}]", 100, 0, 0, true,
         CANARY_PASS, "p@x: its mailbox could not be read: login"},
        {"[{\"address\":\"r@x\",\"reason\":\"550 no\",\"problem\":\"login\"}]", 100, 0, 0, true,
         CANARY_PASS, "r@x: the copy could not be sent: 550 no"},
    };
    const struct nl_config config = settings();
    (void)state;
    for_each_row (i, rows, rows[i].seeds)
        judge(&rows[i], &config);
}

/* One failure is enough; SPF does not count where DMARC passes. */
static void test_authentication(void **state) {
    static const struct row rows[] = {
        {"[" ARRIVED("\"dkim\":\"fail\"") "]", 1, 0, 0, false, CANARY_PAUSE,
         "s@x: DKIM does not pass there (mx says dkim=fail)"},
        {"[" ARRIVED("\"dkim\":\"permerror\"") "]", 1, 0, 0, false, CANARY_PAUSE,
         "s@x: DKIM does not pass there (mx says dkim=permerror)"},
        {"[" ARRIVED("\"dkim\":\"policy\"") "]", 1, 0, 0, false, CANARY_PAUSE,
         "s@x: DKIM does not pass there (mx says dkim=policy)"},
        {"[" ARRIVED("\"dkim\":\"temperror\"") "]", 1, 0, 0, false, CANARY_PASS, ""},
        {"[" ARRIVED("\"dkim\":\"softfail\"") "]", 1, 0, 0, false, CANARY_PASS, ""},
        {"[" ARRIVED("\"dmarc\":\"fail\"") "]", 1, 0, 0, false, CANARY_PAUSE,
         "s@x: DMARC does not pass there (mx says dmarc=fail)"},
        {"[" ARRIVED("\"spf\":\"softfail\"") "]", 1, 0, 0, false, CANARY_PAUSE,
         "s@x: SPF does not pass there (mx says spf=softfail)"},
        {"[" ARRIVED("\"spf\":\"fail\"") "]", 1, 0, 0, false, CANARY_PAUSE,
         "s@x: SPF does not pass there (mx says spf=fail)"},
        {"[" ARRIVED("\"spf\":\"hardfail\"") "]", 1, 0, 0, false, CANARY_PAUSE,
         "s@x: SPF does not pass there (mx says spf=hardfail)"},
        {"[" ARRIVED("\"spf\":\"permerror\"") "]", 1, 0, 0, false, CANARY_PAUSE,
         "s@x: SPF does not pass there (mx says spf=permerror)"},
        {"[" ARRIVED("\"spf\":\"neutral\"") "]", 1, 0, 0, false, CANARY_PASS, ""},
        {"[" ARRIVED("\"spf\":\"fail\",\"dmarc\":\"pass\"") "]", 1, 0, 0, false, CANARY_PASS, ""},
        {"[" ARRIVED("\"dkim\":\"fail\",\"dmarc\":\"pass\"") "]", 1, 0, 0, false, CANARY_PAUSE,
         "s@x: DKIM does not pass there (mx says dkim=fail)"},
        {"[" ARRIVED("\"dkim\":\"fail\",\"spf\":\"fail\"") "]", 1, 0, 0, false, CANARY_PAUSE,
         "s@x: DKIM does not pass there (mx says dkim=fail); s@x: SPF does not pass there (mx says "
         "spf=fail)"},
        {"[" SAYS("junk", "\"folder\":\"Spam\",\"dkim\":\"fail\"") "]", 1, 0, 0, false,
         CANARY_PAUSE,
         "s@x: the copy is in the junk folder (Spam); s@x: DKIM does not pass there (mx says "
         "dkim=fail)"},
        {"[" SAYS("missing", "\"dkim\":\"fail\"") "]", 1, 0, 0, false, CANARY_WAIT,
         "s@x: the copy is not there yet"},
    };
    struct nl_config config = settings();
    (void)state;
    for_each_row (i, rows, rows[i].seeds)
        judge(&rows[i], &config);
    config.canary.authentication = false;
    judge(
        &(const struct row){"[" ARRIVED("\"dkim\":\"fail\"") "]", 1, 0, 0, false, CANARY_PASS, ""},
        &config);
}

/* One that is no longer in the settings can still tell what it has seen. */
static void test_a_seed_that_was_taken_out(void **state) {
    static const struct row rows[] = {
        {"[" MISSING ",{\"address\":\"gone@x\"}," UNSEEN "]", 1, 0, 0, true, CANARY_PAUSE,
         "m@x: the copy did not arrive within 600 s; u@x: the copy did not arrive within 600 s"},
        {"[" MISSING ",{\"address\":\"gone@x\"}]", 1, 0, 0, true, CANARY_PASS,
         "m@x: the copy did not arrive within 600 s"},
        {"[{\"address\":\"gone@x\",\"problem\":\"login\"}]", 1, 0, 0, false, CANARY_PASS, ""},
        {"[{\"address\":\"gone@x\",\"place\":\"inbox\",\"authserv_id\":\"mx\",\"dkim\":\"fail\"}]",
         1, 0, 0, false, CANARY_PAUSE, "gone@x: DKIM does not pass there (mx says dkim=fail)"},
    };
    const struct nl_config config = settings();
    (void)state;
    for_each_row (i, rows, rows[i].seeds)
        judge(&rows[i], &config);
}

/* More than five per cent refused or twenty deferred: those may still arrive while there is time.
 */
static void test_the_sample(void **state) {
    static const struct row rows[] = {
        {"[]", 100, 5, 0, false, CANARY_PASS, ""},
        {"[]", 100, 6, 0, false, CANARY_PAUSE,
         "6 of the 100 people of the sample were refused, more than 5%"},
        {"[]", 1000, 50, 0, false, CANARY_PASS, ""},
        {"[]", 1000, 51, 0, false, CANARY_PAUSE,
         "51 of the 1000 people of the sample were refused, more than 5%"},
        {"[]", 100, 0, 20, false, CANARY_PASS, ""},
        {"[]", 100, 0, 21, false, CANARY_WAIT,
         "21 of the 100 people of the sample were deferred, more than 20%"},
        {"[]", 100, 0, 21, true, CANARY_PAUSE,
         "21 of the 100 people of the sample were deferred, more than 20%"},
        {"[" MISSING "]", 100, 0, 21, true, CANARY_PAUSE,
         "m@x: the copy did not arrive within 600 s; 21 of the 100 people of the sample were "
         "deferred, more than 20%"},
        {"[]", 0, 0, 0, true, CANARY_PASS, ""},
    };
    const struct nl_config config = settings();
    (void)state;
    for_each_row (i, rows, rows[i].findings)
        judge(&rows[i], &config);
}

/* The parts of a reason that was kept come after those of the finding, for a page to translate. */
static void test_the_parts_of_a_reason(void **state) {
    const struct nl_config config = settings();
    const struct nl_run_plan plan = {.config = &config};
    struct canary_run run = {.plan = &plan, .facts = json_object()};
    const struct nl_canary_sample sample = {.people = 1, .sent = 1};
    (void)state;
    json_object_set_new(run.facts, "seeds",
                        json_loads("[{\"address\":\"r@x\",\"reason\":\"no way\","
                                   "\"reason_said\":[[\"no %s\",\"way\"]]},"
                                   "{\"address\":\"p@x\",\"reason\":\"so\"}]",
                                   0, NULL));
    nl_canary_judge(&run, &sample, false);
    char *said = json_dumps(json_object_get(run.facts, "said"), JSON_COMPACT);
    assert_string_equal(said, "[[[\"%s: the copy could not be sent\",\"r@x\"],[\"no %s\",\"way\"]],"
                              "[[\"%s: the copy could not be sent\",\"p@x\"],[\"%s\",\"so\"]]]");
    free(said);
    json_decref(run.facts);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_authentication),
        cmocka_unit_test(test_the_sample),
        cmocka_unit_test(test_the_parts_of_a_reason),
        cmocka_unit_test(test_a_seed_that_was_taken_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
