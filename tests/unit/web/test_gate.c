/* Forms that cause mail: within the limits, and once. */
#include "support.h"

#include "web/gate.h"
#include "web/request.h"

static enum nl_gate pass(struct nl_site *site, const char *client, int64_t *wait) {
    struct nl_error err = {0};
    struct nl_request request = {0};
    struct nl_response response = {.status = 200};
    enum nl_gate gate = NL_GATE_AGAIN;
    assert_true(nl_ip_parse(client, &request.client));
    assert_ok(nl_gate_pass(site, &request, &response, &gate, &err));
    *wait = response.retry_after;
    return gate;
}

/* The last second that a visitor has to wait counts, too. */
static void test_the_limit(void **state) {
    static const struct { int64_t per_hour, wait; } rows[] = {{60, 61}, {3600, 2}, {7200, 1}};
    struct fixture *fixture = *state;
    for_each_row (i, rows, NULL) {
        struct nl_config config = {0};
        struct nl_site site = {.store = fixture->store, .config = &config};
        int64_t wait = 0;
        enum nl_gate gate = NL_GATE_OPEN;
        config.serve.joins_per_hour = rows[i].per_hour;
        config.serve.joins_in_total = 1000000;
        fixture_sql(fixture, "DELETE FROM throttle");
        while ((gate = pass(&site, "192.0.2.1", &wait)) == NL_GATE_OPEN)
            assert_int_equal(wait, 0);
        assert_int_equal(gate, NL_GATE_FULL);
        assert_int_equal(wait, rows[i].wait);
        assert_int_equal(pass(&site, "198.51.100.1", &wait), NL_GATE_OPEN);
    }
}

/* A form that was not shown by us is shown once more, and takes nothing of the limits. */
static void test_a_form_without_a_stamp(void **state) {
    struct fixture *fixture = *state;
    struct nl_config config = {0};
    struct nl_site site = {.store = fixture->store, .config = &config};
    int64_t wait = 0;
    config.serve.check_forms = true;
    config.serve.joins_per_hour = config.serve.joins_in_total = 60;
    assert_int_equal(pass(&site, "192.0.2.1", &wait), NL_GATE_AGAIN);
    assert_int_equal(wait, 0);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM throttle"), 0);
}

/* The data of a form: whom to write to, and the challenge where it is asked for. */
static void test_data_of_a_form(void **state) {
    static const struct {
        const char *name;
        const char *contact, *reply_to; /* of the office, and of the list */
        const char *shown;              /* "challenge contact" */
        bool checks, challenge, list;
    } rows[] = {
        {"nothing", NULL, NULL, " ", true, false, false},
        {"the sender", NULL, NULL, " press@x", true, false, true},
        {"where answers go", NULL, "r@x", " r@x", true, false, true},
        {"the office", "office@x", "r@x", " office@x", true, false, true},
        {"a challenge", NULL, NULL, "N ", true, true, false},
        {"no check, no challenge", NULL, NULL, " ", false, true, false},
    };
    struct fixture *fixture = *state;
    for_each_row (i, rows, rows[i].name) {
        struct nl_config config = {0};
        const struct nl_site site = {.store = fixture->store, .config = &config};
        const struct nl_list list = {.sender = (char *)"press@x",
                                     .reply_to = (char *)rows[i].reply_to};
        struct nl_response response = {0};
        json_t *data = json_object();
        config.serve.check_forms = rows[i].checks;
        config.serve.challenge = rows[i].challenge;
        config.organisation.contact.email = (char *)rows[i].contact;
        nl_gate_data(&site, rows[i].list ? &list : NULL, data, &response);
        const char *challenge = json_string_value(json_object_get(data, "challenge"));
        assert_int_equal(challenge[0] != '\0', rows[i].shown[0] == 'N');
        assert_int_equal(response.scripts, rows[i].shown[0] == 'N');
        assert_string_equal(json_string_value(json_object_get(data, "contact")),
                            strchr(rows[i].shown, ' ') + 1);
        assert_true(json_string_length(json_object_get(data, "stamp")) > 20);
        assert_true(json_string_length(json_object_get(data, "honeypot")) > 0);
        json_decref(data);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_limit, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_form_without_a_stamp, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_data_of_a_form, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
