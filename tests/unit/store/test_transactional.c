/* Transactional messages: two lists, two people, keys of requests, and late outcomes. */
#include "support.h"

#include "newsletter/store/transactional.h"

#include <stdio.h>
#include <stdlib.h>

enum { DAY = 86400 };

struct asked {
    int64_t list;
    const char *to, *key, *request;
};

static enum nl_status try_to_add(struct fixture *fixture, const struct asked *asked, int64_t *id,
                                 bool *repeated, struct nl_error *err) {
    struct nl_address address = {0};
    assert_int_equal(nl_address_parse(asked->to, &address, err), NL_OK);
    const struct nl_transactional message = {.list =
                                                 asked->list != 0 ? asked->list : fixture->list.id,
                                             .address = &address,
                                             .template = "welcome",
                                             .language = "en",
                                             .subject = "Hello",
                                             .asked_by = "shop",
                                             .key = asked->key,
                                             .request = asked->request,
                                             .content = "packed",
                                             .len = 6};
    enum nl_status status = nl_transactional_add(fixture->store, &message, id, repeated, err);
    nl_address_free(&address);
    return status;
}

static int64_t add(struct fixture *fixture, struct asked asked) {
    struct nl_error err = {0};
    bool repeated = true;
    int64_t id = 0;
    assert_ok(try_to_add(fixture, &asked, &id, &repeated, &err));
    assert_false(repeated);
    return id;
}

static int64_t second_list(struct fixture *fixture) {
    struct nl_error err = {0};
    struct nl_list list = {.name = strdup("other"), .sender = strdup("Other <o@example.org>")};
    assert_ok(nl_list_check(&list, &err));
    assert_ok(nl_list_add(fixture->store, &list, &err));
    int64_t id = list.id;
    nl_list_free(&list);
    return id;
}

/* The same key within a day makes nothing twice, for the same request; after that it is free. */
static void test_keys(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    bool repeated = false;
    int64_t again = 0;
    const struct asked asked = {.to = "ann@example.org", .key = "k", .request = "r"};
    const struct asked another = {.to = "ann@example.org", .key = "k", .request = "s"};
    int64_t first = add(fixture, asked);
    assert_int_not_equal(
        add(fixture, (struct asked){.to = "ann@example.org", .key = "l", .request = "r"}), first);
    add(fixture, (struct asked){.to = "ann@example.org"}); /* without a key, each time */
    add(fixture, (struct asked){.to = "ann@example.org"});
    assert_ok(try_to_add(fixture, &asked, &again, &repeated, &err));
    assert_true(repeated);
    assert_int_equal(again, first);
    assert_fails(try_to_add(fixture, &another, &again, &repeated, &err), NL_DATA,
                 "another message");
    fixture->fake.now += DAY;
    assert_ok(try_to_add(fixture, &asked, &again, &repeated, &err));
    assert_true(repeated);
    fixture->fake.now++;
    assert_ok(try_to_add(fixture, &another, &again, &repeated, &err));
    assert_false(repeated);
    assert_int_not_equal(again, first);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM transactional"), 5);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'message-queued'"), 5);
}

/* Suppressed people, and those whose subscriptions have all ended badly, get none. */
static void test_who_gets_none(void **state) {
    static const struct {
        const char *first, *second; /* states of subscriptions on two lists; NULL: none */
        bool good;
    } cases[] = {
        {"bounced", NULL, false},         {"complained", NULL, false},
        {"unsubscribed", NULL, true},     {"active", NULL, true},
        {"pending", NULL, true},          {"bounced", "active", true},
        {"complained", "pending", true},  {"bounced", "unsubscribed", false},
        {"bounced", "complained", false},
    };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t other = second_list(fixture);
    int64_t subscription = fixture_subscribe(fixture, "ann@example.org");
    fixture_subscribe(fixture, "bob@example.org"); /* somebody else does not count */
    for_each_row (i, cases, cases[i].first) {
        char sql[400];
        bool repeated = false;
        int64_t id = 0;
        fixture_sql(fixture, "DELETE FROM subscription WHERE token = 't2'");
        snprintf(sql, sizeof sql, "UPDATE subscription SET state = '%s' WHERE id = %lld",
                 cases[i].first, (long long)subscription);
        fixture_sql(fixture, sql);
        if (cases[i].second != NULL) {
            snprintf(
                sql, sizeof sql,
                "INSERT INTO subscription (list, subscriber, state, token, created_at, consent_at, "
                "consent_source) SELECT %lld, subscriber, '%s', 't2', 1, 1, 'form' FROM "
                "subscription WHERE id = %lld",
                (long long)other, cases[i].second, (long long)subscription);
            fixture_sql(fixture, sql);
        }
        const struct asked asked = {.to = "ann@example.org"};
        assert_int_equal(try_to_add(fixture, &asked, &id, &repeated, &err),
                         cases[i].good ? NL_OK : NL_EXISTS);
        nl_error_free(&err);
    }
    fixture_sql(fixture, "INSERT INTO suppression VALUES ('cat@example.org', 'asked', 1)");
    int64_t id = 0;
    bool repeated = false;
    assert_fails(
        try_to_add(fixture, &(const struct asked){.to = "cat@example.org"}, &id, &repeated, &err),
        NL_EXISTS, "asked");
    add(fixture, (struct asked){.to = "dan@example.org"});
}

static enum nl_status note_id(const struct nl_transactional_row *row, void *ctx,
                              struct nl_error *err) {
    char *text = ctx;
    (void)err;
    assert_string_equal(row->template, "welcome");
    assert_int_equal(row->size, 6);
    snprintf(text + strlen(text), 100 - strlen(text), "%lld %s %s;", (long long)row->id, row->list,
             row->address);
    return NL_OK;
}

static void assert_listed(struct fixture *fixture, struct nl_transactional_query query,
                          const char *expected) {
    struct nl_error err = {0};
    char text[100] = "";
    assert_ok(nl_transactional_each(fixture->store, &query, note_id, text, &err));
    assert_string_equal(text, expected);
}

static void test_lists_of_them(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t other = second_list(fixture);
    int64_t list = 0;
    add(fixture, (struct asked){.to = "ann@x.org"});
    add(fixture, (struct asked){.to = "bob@x.org", .list = other});
    add(fixture, (struct asked){.to = "ann@x.org", .list = other});
    add(fixture, (struct asked){.to = "bob@x.org"});
    assert_listed(fixture, (struct nl_transactional_query){0},
                  "4 news bob@x.org;3 other ann@x.org;2 other bob@x.org;1 news ann@x.org;");
    assert_listed(fixture, (struct nl_transactional_query){.limit = 1}, "4 news bob@x.org;");
    assert_listed(fixture, (struct nl_transactional_query){.id = 2}, "2 other bob@x.org;");
    assert_listed(fixture, (struct nl_transactional_query){.before = 3},
                  "2 other bob@x.org;1 news ann@x.org;");
    assert_listed(fixture, (struct nl_transactional_query){.list = "other"},
                  "3 other ann@x.org;2 other bob@x.org;");
    assert_listed(fixture, (struct nl_transactional_query){.list = "other", .before = 3},
                  "2 other bob@x.org;");
    assert_listed(fixture, (struct nl_transactional_query){.address_key = "ann@x.org"},
                  "3 other ann@x.org;1 news ann@x.org;");
    assert_listed(fixture,
                  (struct nl_transactional_query){.address_key = "ann@x.org", .list = "news"},
                  "1 news ann@x.org;");
    assert_listed(fixture, (struct nl_transactional_query){.address_key = "ann@x.org", .before = 3},
                  "1 news ann@x.org;");
    assert_listed(fixture, (struct nl_transactional_query){.address_key = "ann@x.org", .limit = 1},
                  "3 other ann@x.org;");
    assert_ok(nl_transactional_list(fixture->store, 3, &list, &err));
    assert_int_equal(list, other);
    assert_fails(nl_transactional_list(fixture->store, 9, &list, &err), NL_NOTFOUND, "no such");
}

static size_t lease(struct fixture *fixture, const char *owner, struct nl_job *jobs, size_t most) {
    struct nl_error err = {0};
    struct nl_scope scope = {.list = fixture->list.id, .kind = NL_KIND_MESSAGE};
    size_t count = 0;
    assert_ok(nl_store_begin_exclusive(fixture->store, &err));
    assert_ok(nl_delivery_lease(fixture->store, &scope, owner, fixture->fake.now + 60, most, jobs,
                                &count, &err));
    assert_ok(nl_store_commit(fixture->store, &err));
    for (size_t i = 0; i < count; i++)
        nl_job_free(&jobs[i]);
    return count;
}

static void record(struct fixture *fixture, int64_t id, const char *owner,
                   enum nl_outcome outcome) {
    struct nl_error err = {0};
    const struct nl_result result = {.outcome = outcome, .code = 250, .text = "so"};
    assert_ok(nl_transactional_record(fixture->store, &(const struct nl_record){id, &result}, 1,
                                      owner, &err));
}

static bool has_content(struct fixture *fixture, int64_t id) {
    struct nl_error err = {0};
    struct nl_buf out = {0};
    enum nl_status status = nl_transactional_content(fixture->store, id, &out, &err);
    assert_true(status == NL_OK ? strcmp(nl_buf_text(&out), "packed") == 0 : out.len == 0);
    nl_buf_free(&out);
    nl_error_free(&err);
    return status == NL_OK;
}

/* A settled message loses its content and is told; nothing of another owner counts. */
static void test_outcomes(void **state) {
    static const struct {
        enum nl_outcome outcome;
        const char *event; /* NULL: none */
        bool settled;
    } cases[] = {
        {NL_SENT, "message-sent", true},       {NL_DEFERRED, "message-deferred", false},
        {NL_BOUNCED, "message-bounced", true}, {NL_FAILED, "message-failed", true},
        {NL_UNKNOWN, "message-unknown", true}, {NL_REQUEUED, NULL, false},
    };
    struct fixture *fixture = *state;
    struct nl_job jobs[8];
    fixture_subscribe(fixture, "bob@example.org");
    fixture_subscribe(fixture, "ann@example.org"); /* the second subscriber */
    fixture_sql(fixture, "DELETE FROM delivery");
    for_each_row (i, cases, cases[i].event) {
        char sql[200];
        int64_t id = add(fixture, (struct asked){.to = "ann@example.org"});
        int64_t second = add(fixture, (struct asked){.to = "bob@example.org"});
        assert_int_equal(lease(fixture, "a", jobs, 2), 2);
        record(fixture, id, "stranger", cases[i].outcome);
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM event WHERE message = %lld AND kind <> 'message-queued' AND "
                 "subscriber = 2",
                 (long long)id);
        assert_int_equal(fixture_sql(fixture, sql), 0);
        assert_true(has_content(fixture, id));
        record(fixture, id, "a", cases[i].outcome);
        assert_int_equal(fixture_sql(fixture, sql), cases[i].event != NULL);
        assert_int_equal(has_content(fixture, id), !cases[i].settled);
        assert_true(has_content(fixture, second));
        record(fixture, second, "a", NL_SENT);
        fixture_sql(fixture, "DELETE FROM event"); /* numbers come again */
        fixture_sql(fixture, "DELETE FROM transactional");
        fixture_sql(fixture, "DELETE FROM delivery");
    }
}

/* A late success corrects what is not known, and nothing else does. */
static void test_late_outcomes(void **state) {
    struct fixture *fixture = *state;
    struct nl_job jobs[8];
    int64_t id = add(fixture, (struct asked){.to = "ann@example.org"});
    assert_int_equal(lease(fixture, "a", jobs, 1), 1);
    fixture_sql(fixture, "UPDATE delivery SET state = 'unknown'");
    record(fixture, id, "a", NL_BOUNCED);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'message-bounced'"), 0);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE state = 'unknown'"),
                     1);
    record(fixture, id, "a", NL_SENT);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'message-sent'"),
                     1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE state = 'sent'"), 1);
    record(fixture, id, "a", NL_SENT); /* twice counts once */
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'message-sent'"),
                     1);
}

/* Suppressed between the lease and the final dot, or before the lease. */
static void test_suppressed_meanwhile(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_job jobs[8];
    bool ok[2] = {true, false};
    const int64_t ids[] = {add(fixture, (struct asked){.to = "ann@example.org"}),
                           add(fixture, (struct asked){.to = "bob@example.org"})};
    assert_int_equal(lease(fixture, "a", jobs, 2), 2);
    fixture_sql(fixture, "INSERT INTO suppression VALUES ('ann@example.org', 'x', 1)");
    assert_ok(nl_transactional_commit_points(fixture->store, ids, 2, false, "stranger", ok, &err));
    assert_false(ok[0] || ok[1]);
    assert_ok(nl_transactional_commit_points(fixture->store, ids, 2, false, "a", ok, &err));
    assert_false(ok[0]);
    assert_true(ok[1]);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE dot_at = 1000000"),
                     1);
    record(fixture, ids[0], "a", NL_REQUEUED);
    assert_int_equal(lease(fixture, "a", jobs, 2), 0);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE state = 'skipped'"),
                     1);
    assert_int_equal(
        fixture_sql(fixture, "SELECT message FROM event WHERE kind = 'message-skipped'"), ids[0]);
    assert_false(has_content(fixture, ids[0]));
}

/* Messages that were settled before a time are removed; waiting and later ones stay. */
static void test_the_old_are_forgotten(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_job jobs[8];
    int64_t count = 0;
    int64_t old = add(fixture, (struct asked){.to = "ann@example.org"});
    assert_int_equal(lease(fixture, "a", jobs, 1), 1);
    record(fixture, old, "a", NL_SENT);
    add(fixture, (struct asked){.to = "bob@example.org"}); /* waits */
    fixture->fake.now += 10;
    add(fixture, (struct asked){.to = "cat@example.org"});
    assert_int_equal(lease(fixture, "a", jobs, 2), 2);
    record(fixture, 3, "a", NL_SENT);
    record(fixture, 2, "a", NL_REQUEUED);
    fixture_subscribe(fixture, "dan@example.org");
    fixture_sql(fixture, "UPDATE delivery SET state = 'sent', updated_at = 1 WHERE subscription "
                         "IS NOT NULL"); /* a notice */
    assert_ok(nl_transactional_forget(fixture->store, 1000000, true, &count, &err));
    assert_int_equal(count, 0);
    assert_ok(nl_transactional_forget(fixture->store, 1000001, true, &count, &err));
    assert_int_equal(count, 1);
    assert_ok(nl_transactional_forget(fixture->store, 1000001, false, &count, &err));
    assert_int_equal(count, 1);
    assert_listed(fixture, (struct nl_transactional_query){0},
                  "3 news cat@example.org;2 news bob@example.org;");
    assert_true(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE subscription IS NOT "
                                     "NULL") > 0);
}

/* One address is erased; the other one's mail still goes out. */
static void test_erasing(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_job jobs[8];
    int64_t count = 0;
    add(fixture, (struct asked){.to = "ann@example.org"});
    add(fixture, (struct asked){.to = "bob@example.org"});
    add(fixture, (struct asked){.to = "ann@example.org"});
    assert_int_equal(lease(fixture, "a", jobs, 2), 2);
    record(fixture, 1, "a", NL_BOUNCED);
    record(fixture, 2, "a", NL_BOUNCED);
    /* Mails that came back for both, and how they were tried. */
    fixture_sql(fixture, "DELETE FROM attempt");
    fixture_sql(fixture, "INSERT INTO attempt (delivery, at, state) SELECT id, 1, 'bounced' FROM "
                         "delivery WHERE id <= 2");
    fixture_sql(fixture,
                nl_store_is_file(fixture->path)
                    ? "INSERT INTO returned (id, digest, at, kind, delivery, message) VALUES "
                      "(1, x'01', 1, 'bounce', 1, x'41'), (2, x'02', 1, 'bounce', 2, x'42')"
                    : "INSERT INTO returned (id, digest, at, kind, delivery, message) VALUES "
                      "(1, '\\x01', 1, 'bounce', 1, '\\x41'), (2, '\\x02', 1, 'bounce', 2, "
                      "'\\x42')");
    fixture_sql(fixture, "INSERT INTO bounce (returned, at, delivery, kind, reason, status, "
                         "diagnostic) SELECT id, 1, id, 'hard', 'r', '5.1.1', 'd' FROM returned");
    assert_ok(nl_transactional_erase(fixture->store, "ann@example.org", &count, &err));
    assert_int_equal(count, 2);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM attempt"), 1);
    assert_int_equal(fixture_sql(fixture, "SELECT delivery FROM attempt"), 2);
    assert_int_equal(fixture_sql(fixture, "SELECT id FROM returned WHERE message IS NOT NULL"), 2);
    assert_int_equal(
        fixture_sql(fixture, "SELECT delivery FROM bounce WHERE diagnostic IS NOT NULL"), 2);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM returned WHERE message IS NOT NULL"), 1);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM bounce WHERE diagnostic IS NOT NULL"), 1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM bounce"), 2);
    assert_listed(fixture, (struct nl_transactional_query){0}, "2 news bob@example.org;");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE detail = 'so'"), 1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE reply_text = 'so'"),
                     1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE state = 'bounced'"),
                     2); /* what has ended stays counted */
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE state = 'skipped'"),
                     1);
    assert_int_equal(lease(fixture, "a", jobs, 8), 0);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_STORE(test_keys),
        WITH_STORE(test_who_gets_none),
        WITH_STORE(test_lists_of_them),
        WITH_STORE(test_outcomes),
        WITH_STORE(test_late_outcomes),
        WITH_STORE(test_suppressed_meanwhile),
        WITH_STORE(test_the_old_are_forgotten),
        WITH_STORE(test_erasing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
