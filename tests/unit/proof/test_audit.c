/* The ledger agrees with the database whatever is done to people and lists; and what somebody does
 * to the database behind the ledger's back is found. */
#include "support.h"

#include "newsletter/base/address.h"
#include "newsletter/proof/audit.h"
#include "newsletter/store/bounce_record.h"
#include "newsletter/store/import_job.h"
#include "newsletter/store/link.h"
#include "newsletter/store/person.h"
#include "newsletter/store/preference.h"
#include "newsletter/store/prune.h"
#include "newsletter/store/staff_account.h"
#include "newsletter/store/subscription.h"
#include "newsletter/store/suppression.h"
#include "newsletter/store/task.h"
#include "newsletter/store/unclean.h"

#include <stdio.h>
#include <stdlib.h>

static int64_t audit(struct fixture *fixture, struct nl_audit *out) {
    struct nl_error err = {0};
    const struct nl_config config = {0};
    const struct nl_audit_options options = {.config = &config};
    *out = (struct nl_audit){0};
    assert_ok(nl_audit_run(fixture->store, &options, out, &err));
    return out->faults;
}

static void expect_agreement(struct fixture *fixture) {
    struct nl_audit found;
    if (audit(fixture, &found) > 0)
        fail_msg("%s", found.findings.items[0].text);
    nl_audit_free(&found);
}

static struct nl_address parse(const char *text) {
    struct nl_error err = {0};
    struct nl_address address = {0};
    assert_ok(nl_address_parse(text, &address, &err));
    return address;
}

static int64_t person_of(struct fixture *fixture, const char *address) {
    char sql[160];
    snprintf(sql, sizeof sql, "SELECT id FROM subscriber WHERE address_key = '%s'", address);
    return fixture_sql(fixture, sql);
}

/* ---- what is done ---- */

static void sign_up(struct fixture *fixture) {
    struct nl_error err = {0};
    struct nl_address address = parse("unconfirmed@example.org");
    const struct nl_signup signup = {.list = 1, .address = &address, .source = "form"};
    int64_t notice = 0;
    assert_ok(nl_subscribe(fixture->store, &signup, &notice, &err));
    nl_address_free(&address);
    static const char *const names[] = {"ann@example.org", "bob@example.org", "cyd@example.org",
                                        "dan@example.org", "eve@example.org", "fay@example.org"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        fixture_subscribe(fixture, names[i]);
}

static void unsubscribe(struct fixture *fixture) {
    struct nl_error err = {0};
    struct nl_address address = parse("ann@example.org");
    assert_ok(nl_unsubscribe_address(fixture->store, &address, 1, &err));
    nl_address_free(&address);
}

static void join_other_list(struct fixture *fixture) {
    struct nl_error err = {0};
    struct nl_list list = {.name = strdup("other"), .sender = strdup("Press <press@example.org>")};
    assert_ok(nl_list_check(&list, &err));
    assert_ok(nl_list_add(fixture->store, &list, &err));
    struct nl_address address = parse("bob@example.org");
    struct nl_token token;
    struct nl_token_result result = {0};
    int64_t notice = 0;
    const struct nl_signup signup = {.list = list.id, .address = &address};
    assert_ok(nl_subscribe(fixture->store, &signup, &notice, &err));
    assert_ok(nl_link_new(fixture->store, fixture_sql(fixture, "SELECT max(id) FROM subscription"),
                          NL_LINK_SUBSCRIBE, fixture->fake.now + 100, 0, &token, &err));
    assert_ok(nl_confirm(fixture->store, token.text, &(struct nl_confirming){0}, &result, &err));
    nl_address_free(&address);
    nl_list_free(&list);
}

static void change_address(struct fixture *fixture, const char *from, const char *into) {
    struct nl_error err = {0};
    struct nl_address address = parse(into);
    struct nl_token token;
    struct nl_token_result result = {0};
    int64_t notice = 0;
    char sql[200];
    int64_t person = person_of(fixture, from);
    assert_ok(nl_address_change_ask(fixture->store, person, &address, &notice, &err));
    snprintf(sql, sizeof sql, "SELECT min(id) FROM subscription WHERE subscriber = %lld",
             (long long)person);
    assert_ok(nl_link_new(fixture->store, fixture_sql(fixture, sql), NL_LINK_ADDRESS,
                          fixture->fake.now + 100, 0, &token, &err));
    assert_ok(nl_address_change(fixture->store, token.text, &result, &err));
    nl_address_free(&address);
}

static void move(struct fixture *fixture) {
    change_address(fixture, "cyd@example.org", "new@example.org");
}

static void become_one(struct fixture *fixture) {
    change_address(fixture, "bob@example.org", "dan@example.org");
}

static void suppress(struct fixture *fixture) {
    struct nl_error err = {0};
    struct nl_address address = parse("eve@example.org");
    bool added = false;
    assert_ok(nl_suppression_add(fixture->store, &address, "manual", 0, &added, &err));
    nl_address_free(&address);
}

static void bounce(struct fixture *fixture) {
    struct nl_error err = {0};
    const struct nl_bounce_verdict verdict = {
        .effect = NL_EFFECT_HARD, .kind = "hard", .reason = "x", .status = ""};
    const struct nl_bounce_record record = {
        .kind = "hard",
        .verdicts = &verdict,
        .count = 1,
        .delivery = fixture_sql(fixture, "SELECT max(d.id) FROM delivery d JOIN subscription s ON "
                                         "s.id = d.subscription JOIN subscriber r ON r.id = "
                                         "s.subscriber WHERE r.address = 'fay@example.org'")};
    const struct nl_bounce_policy policy = {.hard = 2, .soft = 2, .limit = 1, .half_life = 100};
    struct nl_bounce_record_outcome outcome = {0};
    assert_ok(nl_bounce_record_add(fixture->store, &record, &policy, &outcome, &err));
    assert_int_equal(outcome.ended, 1);
}

static void prune(struct fixture *fixture) {
    struct nl_error err = {0};
    struct nl_pruned out = {0};
    const struct nl_retention retention = {.unconfirmed = 1};
    fixture_sql(fixture, "UPDATE delivery SET state = 'skipped' WHERE issue IS NULL");
    fixture->fake.now += 1000;
    assert_ok(nl_store_prune(fixture->store, &retention, false, &out, &err));
    assert_int_equal(out.unconfirmed, 1);
}

static void erase(struct fixture *fixture) {
    struct nl_error err = {0};
    assert_ok(nl_person_erase(fixture->store, person_of(fixture, "new@example.org"), &err));
}

static void import(struct fixture *fixture) {
    static const struct nl_import_policy policy = {.consent = "paper"};
    static const struct nl_member members[] = {
        {.address = "imported@example.org"},
        {.address = "left@example.org", .state = NL_SUBSCRIPTION_UNSUBSCRIBED},
        {.address = "dan@example.org", .state = NL_SUBSCRIPTION_UNSUBSCRIBED, .ended_at = 5},
        {.address = "blocked@example.org", .blocked = true},
    };
    struct nl_error err = {0};
    struct nl_import_job *job = NULL;
    struct nl_import_tally tally = {0};
    bool counts = false;
    fixture_sql(fixture, "INSERT INTO task (id, kind, state, started_by, door, name, options, "
                         "size, created_at, rows_read, rejected, taken, tries, cancel, tally, "
                         "undo, result) VALUES (7, 'import', 'running', 'ann', 'api', 'x', '{}', "
                         "1, 1, 0, 0, 0, 0, 0, '', '', '')");
    job = nl_import_job_new(fixture->store, &policy, false);
    nl_import_job_set_task(job, 7);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        struct nl_address address = parse(members[i].address);
        assert_ok(nl_import_job_add(job, 1, &address, &members[i], &err));
        nl_address_free(&address);
    }
    assert_ok(nl_import_job_finish(job, "a file", NULL, NULL, &counts, &tally, &err));
    nl_import_job_free(job);
    assert_true(counts);
}

static void undo_import(struct fixture *fixture) {
    struct nl_error err = {0};
    bool done = false;
    fixture_sql(fixture, "UPDATE task SET state = 'undoing' WHERE id = 7");
    for (int parts = 0; !done; parts++) {
        assert_true(parts < 20);
        assert_ok(nl_import_undo_part(fixture->store, 7, &done, &err));
    }
}

static void clean(struct fixture *fixture) {
    struct nl_error err = {0};
    struct nl_unclean found = {0};
    fixture_subscribe(fixture, "gus@example.org");
    fixture_subscribe(fixture, "hal@example.org");
    fixture_sql(fixture, "UPDATE subscriber SET address = 'h\u200bal@example.org', address_key = "
                         "'h\u200bal@example.org' WHERE address_key = 'gus@example.org'");
    assert_ok(nl_unclean_examine(fixture->store, true, &found, &err));
    assert_int_equal(found.merged, 1);
    nl_unclean_free(&found);
}

static void remove_list(struct fixture *fixture) {
    struct nl_error err = {0};
    assert_ok(nl_list_remove(fixture->store, 2, &err));
}

static void staff(struct fixture *fixture) {
    static const struct nl_actor boss = {.name = "boss", .door = "command", .client = "here"};
    struct nl_error err = {0};
    fixture_sql(fixture, "INSERT INTO staff (name, password, role, created_at) VALUES ('ann', 'x', "
                         "'viewer', 1)");
    assert_ok(nl_staff_set_role(fixture->store, "ann", NULL, NL_ROLE_SENDER, &boss, &err));
    assert_ok(nl_staff_set_role(fixture->store, "ann", "news", NL_ROLE_AUTHOR, &boss, &err));
    assert_ok(nl_staff_unset_role(fixture->store, "ann", "news", &boss, &err));
    assert_ok(nl_staff_remove(fixture->store, "ann", &boss, &err));
}

static void test_all_that_is_done(void **state) {
    static const struct {
        const char *name;
        void (*run)(struct fixture *fixture);
    } steps[] = {
        {"sign up", sign_up},
        {"join another list", join_other_list},
        {"unsubscribe", unsubscribe},
        {"move", move},
        {"become one", become_one},
        {"suppress", suppress},
        {"bounce", bounce},
        {"prune", prune},
        {"erase", erase},
        {"import", import},
        {"undo the import", undo_import},
        {"clean", clean},
        {"remove a list", remove_list},
        {"change staff", staff},
    };
    struct fixture *fixture = *state;
    for_each_row (i, steps, steps[i].name) {
        fixture->fake.now++;
        steps[i].run(fixture);
        expect_agreement(fixture);
    }
}

/* Each change behind the ledger's back breaks the claim about rows. */
static void test_what_is_done_behind_its_back(void **state) {
    static const char *const changes[] = {
        "UPDATE subscription SET state = 'active' WHERE state = 'unsubscribed'",
        "UPDATE subscription SET consent_at = consent_at - 1 WHERE id = 3",
        "UPDATE subscription SET consent_source = 'paper' WHERE id = 4",
        "INSERT INTO audit (at, actor, door, action) VALUES (1, 'eve', 'command', 'x')",
        "INSERT INTO event (at, kind, list, subscriber) VALUES (1000002, 'confirmed', 1, 1)",
        "DELETE FROM event WHERE id = (SELECT max(id) - 1 FROM event)",
        "UPDATE event SET kind = 'bounced' WHERE id = (SELECT max(id) - 2 FROM event)",
        "UPDATE event SET at = at + 1 WHERE id = (SELECT max(id) - 3 FROM event)",
        ("INSERT INTO subscription (list, subscriber, state, token, consent_at, confirmed_at, "
         "created_at) VALUES (2, 4, 'active', 'x', 1, 1, 1)"),
    };
    struct fixture *fixture = *state;
    sign_up(fixture);
    join_other_list(fixture);
    unsubscribe(fixture);
    staff(fixture);
    expect_agreement(fixture);
    int64_t before = 0;
    for_each_row (i, changes, changes[i]) {
        struct nl_audit found;
        fixture_sql(fixture, changes[i]);
        int64_t faults = audit(fixture, &found);
        assert_true(faults > before);
        assert_true(found.broken[NL_CLAIM_ROWS] > 0);
        assert_int_equal(found.broken[NL_CLAIM_CHAIN], 0);
        nl_audit_free(&found);
        before = faults;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_that_is_done, fixture_setup_spread,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_what_is_done_behind_its_back, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
