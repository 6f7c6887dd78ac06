/* Issues that the public may read: which ones, when, in which order, and how they are filtered. */
#include "support.h"

#include "newsletter/store/archived_issue.h"

#include <stdio.h>

static enum nl_status add_slug(const struct nl_entry *entry, void *ctx, struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s ", entry->slug);
    return NL_OK;
}

static void assert_listed(struct fixture *fixture, int64_t list, const struct nl_filter *filter,
                          const char *expected) {
    struct nl_error err = {0};
    struct nl_buf out = {0};
    assert_ok(nl_archive_each(fixture->store, list, filter, add_slug, &out, &err));
    assert_string_equal(nl_buf_text(&out), expected);
    nl_buf_free(&out);
}

static bool is_open(struct fixture *fixture, int64_t issue) {
    struct nl_error err = {0};
    bool open = false;
    assert_ok(nl_archive_is_open(fixture->store, issue, &open, &err));
    return open;
}

static void change(struct fixture *fixture, const char *columns) {
    char sql[256];
    snprintf(sql, sizeof sql, "UPDATE issue SET %s WHERE id = 1", columns);
    fixture_sql(fixture, sql);
}

static void add_other_list(struct fixture *fixture) {
    struct nl_error err = {0};
    struct nl_list list = {.name = strdup("other"), .sender = strdup("Press <press@example.org>")};
    assert_ok(nl_list_check(&list, &err));
    assert_ok(nl_list_add(fixture->store, &list, &err));
    nl_list_free(&list);
}

/* ---- who may see what ---- */

static void test_visibility(void **state) {
    static const struct {
        const char *columns;
        const char *delivery;  /* the state of one; NULL: there is none */
        bool listed, unlisted; /* in the archive; by its address alone */
    } rows[] = {
        {"state = 'sent'", NULL, true, false},
        {"state = 'sending'", NULL, true, false},
        {"state = 'draft'", NULL, false, false},
        {"state = 'scheduled'", NULL, false, false},
        /* paused and cancelled ones, if anybody has them */
        {"state = 'paused'", NULL, false, false},
        {"state = 'paused'", "queued", false, false},
        {"state = 'paused'", "bounced", false, false},
        {"state = 'paused'", "sent", true, false},
        {"state = 'cancelled'", "unknown", true, false},
        {"state = 'cancelled'", "skipped", false, false},
        {"state = 'draft'", "sent", false, false},
        /* at its time */
        {"public_from = 1000000", NULL, true, false},
        {"public_from = 1000001", NULL, false, false},
        {"public_until = 1000001", NULL, true, false},
        {"public_until = 1000000", NULL, false, false},
        {"public_until = 1", NULL, false, false},
        /* as the front matter says */
        {"archive = 'unlisted'", NULL, false, true},
        {"archive = 'never'", NULL, false, false},
    };
    struct fixture *fixture = *state;
    const struct nl_filter all = {0};
    const struct nl_filter unlisted = {.unlisted = true};
    fixture_add_people(fixture, 1);
    add_other_list(fixture);
    for_each_row (i, rows, rows[i].columns) {
        fixture_sql(fixture, "DELETE FROM delivery");
        fixture_sql(fixture, "DELETE FROM issue");
        fixture_issue(fixture, 1, "sent");
        change(fixture, "archive = 'public', public_from = 1, slug = 'one'");
        change(fixture, rows[i].columns);
        if (rows[i].delivery != NULL) {
            char sql[160];
            snprintf(sql, sizeof sql,
                     "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                     "updated_at) VALUES ('issue', 1, 1, '%s', 1, 1)",
                     rows[i].delivery);
            fixture_sql(fixture, sql);
        }
        assert_listed(fixture, 1, &all, rows[i].listed ? "one " : "");
        assert_listed(fixture, 1, &unlisted, rows[i].listed || rows[i].unlisted ? "one " : "");
        assert_listed(fixture, 2, &unlisted, "");
        assert_int_equal(is_open(fixture, 1), rows[i].listed || rows[i].unlisted);
        fixture_sql(fixture, "UPDATE list SET private = 1 WHERE id = 1");
        assert_false(is_open(fixture, 1));
        fixture_sql(fixture, "UPDATE list SET private = 0");
    }
    assert_false(is_open(fixture, 9));
}

/* ---- filters ---- */

static void add_issues(struct fixture *fixture) {
    static const char *const rows[] = {
        "date = '2008-08-25', category = 'a', series = 's', posted_by = 'p', language = 'de'",
        "date = '2008-08-25', category = 'b', series = 's', posted_by = 'q', events = '[]'",
        "date = '2008-09-01', category = 'a', series = 't', language = 'en'",
        "date = '2009-08-25'",
        "date = '2010-01-01', archive = 'unlisted', category = 'c'",
        "date = '2011-01-01', list = 2, category = 'd', language = 'fr'",
    };
    add_other_list(fixture);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char sql[256];
        fixture_issue(fixture, (int64_t)i + 1, "sent");
        snprintf(sql, sizeof sql,
                 "UPDATE issue SET archive = 'public', public_from = 1, slug = 'n%zu' WHERE id = "
                 "%zu",
                 i + 1, i + 1);
        fixture_sql(fixture, sql);
        snprintf(sql, sizeof sql, "UPDATE issue SET %s WHERE id = %zu", rows[i], i + 1);
        fixture_sql(fixture, sql);
    }
}

static void test_filters(void **state) {
    static const struct {
        struct nl_filter filter;
        const char *slugs;
    } rows[] = {
        {{0}, "n4 n3 n2 n1 "},
        {{.unlisted = true}, "n5 n4 n3 n2 n1 "},
        {{.date = "2008"}, "n3 n2 n1 "},
        {{.date = "2008-08"}, "n2 n1 "},
        {{.date = "2008-08-2"}, "n2 n1 "},
        {{.date = "08"}, ""},
        {{.category = "a"}, "n3 n1 "},
        {{.category = "A"}, ""},
        {{.category = "c"}, ""},
        {{.series = "s"}, "n2 n1 "},
        {{.posted_by = "p"}, "n1 "},
        {{.slug = "n3"}, "n3 "},
        {{.slug = "n5"}, ""},
        {{.slug = "n5", .unlisted = true}, "n5 "},
        {{.slug = "n6"}, ""},
        {{.with_events = true}, "n2 "},
        {{.category = "a", .series = "s"}, "n1 "},
        {{.limit = 2}, "n4 n3 "},
        {{.limit = 2, .offset = 1}, "n3 n2 "},
        {{.limit = 9, .offset = 3}, "n1 "},
        {{.words = " \"\t"}, ""}, /* no word at all */
    };
    struct fixture *fixture = *state;
    add_issues(fixture);
    for_each_row (i, rows, rows[i].slugs)
        assert_listed(fixture, 1, &rows[i].filter, rows[i].slugs);
}

static enum nl_status add_facet(const char *value, int64_t count, void *ctx, struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s %lld;", value, (long long)count);
    return NL_OK;
}

static enum nl_status add_word(const char *word, void *ctx, struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s ", word);
    return NL_OK;
}

static void test_facets(void **state) {
    static const struct {
        enum nl_facet facet;
        const char *values;
    } rows[] = {
        {NL_FACET_YEAR, "2009 1;2008 3;"}, {NL_FACET_MONTH, "2009-08 1;2008-09 1;2008-08 2;"},
        {NL_FACET_CATEGORY, "a 2;b 1;"},   {NL_FACET_SERIES, "s 2;t 1;"},
        {NL_FACET_POSTED_BY, "p 1;q 1;"},
    };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf out = {0};
    add_issues(fixture);
    for_each_row (i, rows, rows[i].values) {
        assert_ok(nl_archive_facets(fixture->store, 1, rows[i].facet, add_facet, &out, &err));
        assert_string_equal(nl_buf_text(&out), rows[i].values);
        nl_buf_clear(&out);
    }
    fixture_sql(fixture, "INSERT INTO edition (issue, language, title, subject, source, message) "
                         "SELECT 1, 'ru', 't', 's', 'x', message FROM issue WHERE id = 1");
    fixture_sql(fixture, "INSERT INTO edition (issue, language, title, subject, source, message) "
                         "SELECT 5, 'kk', 't', 's', 'x', message FROM issue WHERE id = 1");
    fixture_sql(fixture, "INSERT INTO edition (issue, language, title, subject, source, message) "
                         "SELECT 1, 'en', 't', 's', 'x', message FROM issue WHERE id = 1");
    assert_ok(nl_archive_all_languages(fixture->store, 1, add_word, &out, &err));
    assert_string_equal(nl_buf_text(&out), "de en ru ");
    nl_buf_clear(&out);
    assert_ok(nl_archive_languages(fixture->store, 1, add_word, &out, &err));
    assert_string_equal(nl_buf_text(&out), "en ru ");
    nl_buf_free(&out);
}

/* ---- texts ---- */

static void assert_text(struct fixture *fixture, int64_t issue, const char *language,
                        const char *title) {
    struct nl_error err = {0};
    struct nl_archived text = {0};
    bool found = false;
    assert_ok(nl_archive_text(fixture->store, issue, language, &found, &text, &err));
    assert_int_equal(found, title != NULL);
    if (found)
        assert_string_equal(text.title, title);
    nl_archived_free(&text);
}

static void test_texts(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf out = {0};
    fixture_issue(fixture, 1, "sent");
    fixture_issue(fixture, 2, "sent");
    fixture_sql(fixture, "INSERT INTO edition (issue, language, title, subject, source, message) "
                         "SELECT 1, 'de', 'D', 's', 'x', message FROM issue WHERE id = 1");
    assert_text(fixture, 1, NULL, "T");
    assert_text(fixture, 1, "de", "D");
    assert_text(fixture, 1, "de-AT", NULL);
    assert_text(fixture, 2, "de", NULL);
    assert_text(fixture, 9, NULL, NULL);
    assert_ok(nl_archive_message(fixture->store, 1, "de", &out, &err));
    assert_string_equal(nl_buf_text(&out), "\n");
    nl_buf_clear(&out);
    assert_ok(nl_archive_message(fixture->store, 1, "en", &out, &err));
    assert_int_equal(out.len, 0);
    assert_ok(nl_archive_message(fixture->store, 1, NULL, &out, &err));
    assert_string_equal(nl_buf_text(&out), "\n");
    nl_buf_free(&out);
}

/* ---- publishing ---- */

static void test_publishing(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    fixture_issue(fixture, 1, "sent");
    fixture_issue(fixture, 2, "sent");
    fixture_sql(fixture, "UPDATE issue SET archive = 'unlisted', public_from = 9000000, "
                         "public_until = 3");
    assert_ok(nl_archive_publish(fixture->store, 1, 0, &err));
    assert_true(is_open(fixture, 1));
    assert_false(is_open(fixture, 2));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM issue WHERE id = 1 AND archive = "
                                          "'public' AND public_from = 999999"),
                     1);
    assert_ok(nl_archive_withdraw(fixture->store, 1, 1000001, &err));
    assert_true(is_open(fixture, 1));
    assert_ok(nl_archive_withdraw(fixture->store, 1, 0, &err));
    assert_false(is_open(fixture, 1));
    assert_ok(nl_archive_publish(fixture->store, 1, 1000001, &err));
    assert_false(is_open(fixture, 1));
    fixture->fake.now = 1000001;
    assert_true(is_open(fixture, 1));
    fixture_sql(fixture, "UPDATE issue SET archive = 'never'");
    assert_fails(nl_archive_publish(fixture->store, 1, 0, &err), NL_DATA, "archive: never");
    assert_false(is_open(fixture, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_visibility, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_filters, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_facets, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_texts, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_publishing, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
