/* Approvals of drafts: who may give them, for which version, and two drafts at once. */
#include "support.h"

#include "newsletter/store/approval.h"
#include "newsletter/store/draft_issue.h"

#include <stdio.h>
#include <stdlib.h>

static const struct nl_actor ann = {.name = "ann", .door = "browser"};
static const struct nl_actor bob = {.name = "bob", .door = "browser"};
static const struct nl_actor cat = {.name = "cat", .door = "browser"};
static const struct nl_actor dan = {.name = "dan", .door = "browser"};

/* Drafts 1 and 2, each with a text in English by Ann and one in German by Bob; draft 3 without. */
static void set_up(struct fixture *fixture) {
    fixture_sql(fixture, "INSERT INTO draft (id, list, title, created_at, created_by, updated_at, "
                         "updated_by) VALUES (1, 1, 'One', 1, 'ann', 1, 'ann'), (2, 1, 'Two', 1, "
                         "'ann', 1, 'ann'), (3, 1, 'Three', 1, 'ann', 1, 'ann')");
    fixture_sql(fixture, "INSERT INTO draft_version (id, draft, language, source, began_at, at, "
                         "author) VALUES (1, 1, 'en', 'older', 1, 1, 'cat'), (2, 1, 'en', "
                         "'english', 1, 1, 'ann'), (3, 1, 'de', 'deutsch', 1, 1, 'bob'), (4, 2, "
                         "'en', 'english', 1, 1, 'ann'), (5, 2, 'de', 'deutsch', 1, 1, 'bob')");
}

static struct nl_approval look(struct fixture *fixture, int64_t draft) {
    struct nl_error err = {0};
    struct nl_approval approval;
    assert_ok(nl_approval_read(fixture->store, draft, &approval, &err));
    return approval;
}

static void assert_state(struct fixture *fixture, int64_t draft, enum nl_approval_state state,
                         int64_t given) {
    struct nl_approval approval = look(fixture, draft);
    assert_int_equal(approval.state, state);
    assert_int_equal(approval.given, given);
    nl_approval_free(&approval);
}

static void ask(struct fixture *fixture, int64_t draft, const struct nl_actor *by) {
    struct nl_error err = {0};
    assert_ok(nl_approval_ask(fixture->store, draft, "please", by, &err));
}

/* Two approvals are needed. */
static enum nl_status answer(struct fixture *fixture, int64_t draft, enum nl_approval_kind kind,
                             const struct nl_actor *by, bool own, struct nl_error *err) {
    struct nl_draft_seal seal;
    assert_int_equal(nl_draft_seal(fixture->store, draft, &seal, err), NL_OK);
    const struct nl_approval_answer given = {.draft = draft,
                                             .kind = kind,
                                             .seal = seal.text,
                                             .words = kind == NL_APPROVAL_APPROVE ? "" : "no",
                                             .needed = 2,
                                             .own = own,
                                             .by = by};
    return nl_approval_answer(fixture->store, &given, err);
}

static void approve(struct fixture *fixture, int64_t draft, const struct nl_actor *by) {
    struct nl_error err = {0};
    assert_ok(answer(fixture, draft, NL_APPROVAL_APPROVE, by, false, &err));
}

static bool holds(struct fixture *fixture, int64_t draft, int64_t needed) {
    struct nl_error err = {0};
    struct nl_draft_seal seal;
    bool found = false;
    assert_ok(nl_draft_seal(fixture->store, draft, &seal, &err));
    assert_ok(nl_approval_holds(fixture->store, draft, &seal, needed, &found, &err));
    return found;
}

/* It is approved once as many have said so, each once; the other draft is not. */
static void test_as_many_as_are_needed(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    set_up(fixture);
    assert_state(fixture, 1, NL_APPROVAL_NONE, 0);
    ask(fixture, 1, &ann);
    ask(fixture, 2, &ann);
    assert_state(fixture, 1, NL_APPROVAL_OPEN, 0);
    approve(fixture, 1, &cat);
    assert_state(fixture, 1, NL_APPROVAL_OPEN, 1);
    assert_false(holds(fixture, 1, 1)); /* it is still open */
    assert_fails(answer(fixture, 1, NL_APPROVAL_APPROVE, &cat, false, &err), NL_DATA, "already");
    approve(fixture, 1, &dan);
    assert_state(fixture, 1, NL_APPROVAL_APPROVED, 2);
    assert_state(fixture, 2, NL_APPROVAL_OPEN, 0);
    assert_true(holds(fixture, 1, 2));
    assert_false(holds(fixture, 1, 3)); /* more are needed meanwhile */
    assert_false(holds(fixture, 2, 1));
    assert_fails(nl_approval_ask(fixture->store, 1, "again", &ann, &err), NL_EXISTS,
                 "approved already");
    assert_fails(answer(fixture, 1, NL_APPROVAL_APPROVE, &bob, true, &err), NL_EXISTS,
                 "no longer asked for");
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM audit WHERE action = 'approval approve'"), 2);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM audit WHERE action = 'approval ask'"), 2);
}

/* Not by whom it was asked or written, unless the settings let them. */
static void test_ones_own(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    const struct nl_actor robot = {.name = "robot", .door = "api"};
    const struct nl_actor owned = {.name = "dan", .door = "api", .token = "mine"};
    set_up(fixture);
    ask(fixture, 1, &dan);
    assert_fails(answer(fixture, 1, NL_APPROVAL_APPROVE, &dan, false, &err), NL_DATA,
                 "you have asked");
    assert_fails(answer(fixture, 1, NL_APPROVAL_APPROVE, &owned, false, &err), NL_DATA,
                 "you have asked");
    assert_fails(answer(fixture, 1, NL_APPROVAL_APPROVE, &ann, false, &err), NL_DATA,
                 "you have written");
    assert_fails(answer(fixture, 1, NL_APPROVAL_APPROVE, &bob, false, &err), NL_DATA,
                 "you have written");
    assert_fails(answer(fixture, 1, NL_APPROVAL_APPROVE, &robot, true, &err), NL_DATA,
                 "has no owner");
    assert_state(fixture, 1, NL_APPROVAL_OPEN, 0);
    approve(fixture, 1, &cat); /* who has written an older version */
    assert_ok(answer(fixture, 1, NL_APPROVAL_APPROVE, &ann, true, &err));
    assert_state(fixture, 1, NL_APPROVAL_APPROVED, 2);
}

/* One return is enough, also of what is approved; a comment changes nothing. */
static void test_returns_and_comments(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    set_up(fixture);
    assert_fails(answer(fixture, 1, NL_APPROVAL_COMMENT, &cat, false, &err), NL_EXISTS,
                 "no longer asked for");
    ask(fixture, 1, &ann);
    assert_ok(answer(fixture, 1, NL_APPROVAL_COMMENT, &ann, false, &err)); /* one's own */
    assert_state(fixture, 1, NL_APPROVAL_OPEN, 0);
    approve(fixture, 1, &cat);
    assert_ok(answer(fixture, 1, NL_APPROVAL_COMMENT, &dan, false, &err));
    assert_state(fixture, 1, NL_APPROVAL_OPEN, 1);
    approve(fixture, 1, &dan);
    assert_ok(answer(fixture, 1, NL_APPROVAL_COMMENT, &dan, false, &err));
    assert_state(fixture, 1, NL_APPROVAL_APPROVED, 2);
    assert_ok(answer(fixture, 1, NL_APPROVAL_RETURN, &bob, false, &err));
    assert_state(fixture, 1, NL_APPROVAL_RETURNED, 2);
    assert_false(holds(fixture, 1, 2));
    assert_fails(answer(fixture, 1, NL_APPROVAL_RETURN, &cat, false, &err), NL_EXISTS,
                 "no longer asked for");
    ask(fixture, 1, &ann);
    assert_state(fixture, 1, NL_APPROVAL_OPEN, 0); /* from the beginning */
}

/* A version that somebody has changed meanwhile is not approved by those who saw the older one. */
static void test_another_version(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_draft_seal older;
    set_up(fixture);
    ask(fixture, 1, &ann);
    assert_ok(nl_draft_seal(fixture->store, 1, &older, &err));
    approve(fixture, 1, &cat);
    approve(fixture, 1, &dan);
    assert_true(holds(fixture, 1, 2));
    fixture_sql(fixture, "UPDATE draft_version SET source = 'changed' WHERE id = 3");
    assert_false(holds(fixture, 1, 2));
    assert_fails(answer(fixture, 1, NL_APPROVAL_COMMENT, &cat, false, &err), NL_EXISTS, "changed");
    ask(fixture, 1, &ann); /* it may be asked for again */
    struct nl_approval_answer late = {.draft = 1,
                                      .kind = NL_APPROVAL_APPROVE,
                                      .seal = older.text,
                                      .words = "",
                                      .needed = 2,
                                      .by = &cat};
    assert_fails(nl_approval_answer(fixture->store, &late, &err), NL_EXISTS, "changed");
    assert_state(fixture, 1, NL_APPROVAL_OPEN, 0);
    fixture_sql(fixture, "UPDATE draft_version SET source = 'deutsch' WHERE id = 3");
    assert_fails(nl_approval_answer(fixture->store, &late, &err), NL_EXISTS, "changed");
}

/* A draft without a text, or that is planned, is not asked about; a second question ends the first.
 */
static void test_what_may_be_asked(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    set_up(fixture);
    assert_fails(nl_approval_ask(fixture->store, 3, "", &ann, &err), NL_DATA, "no text");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM approval"), 0);
    ask(fixture, 1, &ann);
    ask(fixture, 2, &ann);
    ask(fixture, 1, &bob);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM approval WHERE draft = 1 AND state "
                                          "= 'withdrawn' AND asked_by = 'ann'"),
                     1);
    assert_state(fixture, 2, NL_APPROVAL_OPEN, 0);
    struct nl_approval last = look(fixture, 1);
    assert_string_equal(last.asked_by, "bob");
    assert_string_equal(last.words, "please");
    assert_int_equal(last.asked_at, 1000000);
    nl_approval_free(&last);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM approval_text WHERE source = "
                                          "'older'"),
                     0); /* the last version of each language */
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM approval_text"), 6);
    fixture_issue(fixture, 1, "scheduled");
    fixture_sql(fixture, "UPDATE draft SET issue = 1 WHERE id = 1");
    assert_fails(nl_approval_ask(fixture->store, 1, "", &ann, &err), NL_EXISTS, "planned");
    assert_fails(answer(fixture, 1, NL_APPROVAL_APPROVE, &cat, false, &err), NL_EXISTS, "planned");
    assert_fails(nl_approval_ask(fixture->store, 9, "", &ann, &err), NL_EXISTS, "removed");
}

/* 4000 bytes for each, 500 words for a question; a comment needs words. */
static void test_bounds(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    static char longest[4002];
    struct nl_draft_seal seal;
    memset(longest, 'x', 4000);
    set_up(fixture);
    ask(fixture, 2, &ann);
    assert_ok(nl_approval_ask(fixture->store, 1, longest, &ann, &err));
    assert_ok(nl_draft_seal(fixture->store, 1, &seal, &err));
    struct nl_approval_answer given = {.draft = 1,
                                       .kind = NL_APPROVAL_COMMENT,
                                       .seal = seal.text,
                                       .passage = longest,
                                       .words = longest,
                                       .needed = 2,
                                       .by = &cat};
    assert_ok(nl_approval_answer(fixture->store, &given, &err));
    longest[4000] = 'x';
    assert_fails(nl_approval_ask(fixture->store, 2, longest, &ann, &err), NL_DATA, "too long");
    assert_fails(nl_approval_answer(fixture->store, &given, &err), NL_DATA, "too long");
    given.words = "so";
    assert_fails(nl_approval_answer(fixture->store, &given, &err), NL_DATA, "too long");
    given.passage = "";
    given.words = "";
    assert_fails(nl_approval_answer(fixture->store, &given, &err), NL_DATA, "a few words");
    given.kind = NL_APPROVAL_RETURN;
    assert_fails(nl_approval_answer(fixture->store, &given, &err), NL_DATA, "a few words");
    fixture_sql(fixture, "INSERT INTO approval_word (approval, at, author, kind, words) WITH "
                         "RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                         "498) SELECT (SELECT id FROM approval WHERE draft = 1), 1, 'dan', "
                         "'comment', 'x' FROM n");
    given.kind = NL_APPROVAL_COMMENT;
    given.words = "the last";
    assert_ok(nl_approval_answer(fixture->store, &given, &err));
    assert_fails(nl_approval_answer(fixture->store, &given, &err), NL_DATA, "500 comments");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM approval_word WHERE passage IS NOT "
                                          "NULL"),
                     1); /* an empty one is none */
}

static void assert_last_text(struct fixture *fixture, const char *language, const char *expected) {
    struct nl_error err = {0};
    struct nl_buf out = {0};
    assert_ok(nl_approval_last_text(fixture->store, 1, language, &out, &err));
    assert_string_equal(nl_buf_text(&out), expected);
    nl_buf_free(&out);
}

/* A new version is compared with the text that somebody approved before, and nobody returned. */
static void test_the_text_approved_last(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    set_up(fixture);
    ask(fixture, 1, &ann);
    approve(fixture, 1, &cat);
    assert_last_text(fixture, "en", ""); /* it is the question itself */
    fixture_sql(fixture, "UPDATE draft_version SET source = 'second' WHERE id = 2");
    ask(fixture, 1, &ann);
    assert_last_text(fixture, "en", "english");
    assert_last_text(fixture, "de", "deutsch");
    assert_last_text(fixture, "fr", "");
    approve(fixture, 1, &cat);
    assert_ok(answer(fixture, 1, NL_APPROVAL_RETURN, &dan, false, &err));
    fixture_sql(fixture, "UPDATE draft_version SET source = 'third' WHERE id = 2");
    ask(fixture, 1, &ann);
    assert_last_text(fixture, "en", "english"); /* the second one was returned */
    ask(fixture, 2, &ann);
    approve(fixture, 2, &cat);
    assert_last_text(fixture, "en", "english");
}

static enum nl_status make_issue(struct fixture *fixture, int64_t draft, int64_t approvals,
                                 const char *slug, struct nl_error *err) {
    struct nl_draft_seal seal;
    struct nl_issue issue = {.list = fixture->list.id,
                             .slug = (char *)slug,
                             .title = (char *)"T",
                             .subject = (char *)"S",
                             .date = (char *)"2026-01-01",
                             .language = (char *)"en",
                             .source = (char *)"x",
                             .message = (char *)"m",
                             .message_len = 1,
                             .digest = (char *)"d",
                             .scheduled_at = 2000000000};
    assert_int_equal(nl_draft_seal(fixture->store, draft, &seal, err), NL_OK);
    const struct nl_draft_issue request = {
        .draft = draft, .seal = &seal, .issue = &issue, .approvals = approvals, .by = &ann};
    return nl_draft_make_issue(fixture->store, &request, err);
}

/* However the page was reached: the transaction that makes the issue asks for itself. */
static void test_no_issue_without_approvals(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    set_up(fixture);
    assert_fails(make_issue(fixture, 1, 2, "one", &err), NL_DATA, "not approved yet");
    ask(fixture, 1, &ann);
    approve(fixture, 1, &cat);
    assert_fails(make_issue(fixture, 1, 2, "one", &err), NL_DATA, "not approved yet");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM issue"), 0);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM draft WHERE issue IS NULL"), 3);
    approve(fixture, 1, &dan);
    assert_ok(make_issue(fixture, 1, 2, "one", &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM issue i JOIN draft d ON d.issue = "
                                          "i.id JOIN issue_sender s ON s.issue = i.id WHERE d.id "
                                          "= 1 AND s.account = 'ann'"),
                     1);
    assert_fails(make_issue(fixture, 1, 2, "again", &err), NL_EXISTS, "somebody else has sent");
    assert_ok(make_issue(fixture, 2, 0, "two", &err)); /* none is needed */
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM audit WHERE action = 'draft send'"),
                     2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_as_many_as_are_needed),  TEST(test_ones_own),
        TEST(test_returns_and_comments),   TEST(test_another_version),
        TEST(test_what_may_be_asked),      TEST(test_bounds),
        TEST(test_the_text_approved_last), TEST(test_no_issue_without_approvals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
