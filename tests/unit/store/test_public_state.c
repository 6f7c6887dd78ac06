/* The public state: another text after each change of it, and the same while issues go out. */
#include "support.h"

#include "newsletter/store/revision.h"

#include <string.h>

static void remember(struct fixture *fixture, struct nl_buf *state) {
    struct nl_error err = {0};
    nl_buf_clear(state);
    assert_ok(nl_store_public_state(fixture->store, state, &err));
    assert_int_equal(state->len, 64);
}

static void test_state(void **state) {
    static const struct {
        const char *sql;
        bool seen;
    } cases[] = {
        {"UPDATE delivery SET state = 'leased'", false},
        {"UPDATE delivery SET state = 'sent'", false},
        {"UPDATE issue SET state = 'sent', pause_note = 'x' WHERE id = 1", false},
        {"UPDATE subscriber SET name = 'x'", false},
        {"UPDATE issue SET state = 'paused' WHERE id = 1", false}, /* somebody has it */
        {"UPDATE delivery SET state = 'skipped'", true},           /* now nobody has */
        {"UPDATE issue SET state = 'sending' WHERE id = 1", true},
        {"UPDATE issue SET public_until = 1 WHERE id = 1", true},
        {"UPDATE issue SET public_until = NULL WHERE id = 1", true},
        {"UPDATE issue SET archive = 'unlisted' WHERE id = 1", true},
        {"UPDATE issue SET archive = 'never' WHERE id = 1", true},
        {"UPDATE issue SET archive = 'public', public_from = 2 WHERE id = 1", true},
        {"UPDATE issue SET public_from = 99999999999 WHERE id = 1", true}, /* still to come */
        {"UPDATE issue SET public_from = 2 WHERE id = 1", true},
        {"UPDATE list SET title = 'Harbour'", true},
        {"UPDATE list SET archive_url = 'https://x.example'", true},
        {"UPDATE list SET archive_url = NULL, postal_address = 'https://x.example'", true},
        {"UPDATE list SET private = 1", true},
        {"DELETE FROM delivery", false},
        {"DELETE FROM issue", true},
    };
    struct fixture *fixture = *state;
    struct nl_buf before = {0};
    struct nl_buf after = {0};
    fixture_subscribe(fixture, "a@example.org");
    fixture_issue(fixture, 1, "sending");
    fixture_sql(fixture, "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                         "updated_at) SELECT 'issue', 1, id, 'queued', 1, 1 FROM subscription");
    remember(fixture, &before);
    for_each_row (i, cases, cases[i].sql) {
        fixture_sql(fixture, cases[i].sql);
        remember(fixture, &after);
        assert_int_equal(strcmp(nl_buf_text(&before), nl_buf_text(&after)) != 0, cases[i].seen);
        nl_buf_clear(&before);
        nl_buf_adds(&before, nl_buf_text(&after));
    }
    nl_buf_free(&before);
    nl_buf_free(&after);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_state, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
