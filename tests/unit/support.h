/* The unit tests share these: cmocka, a clock and tokens that a test can set, and real databases.
 */
#ifndef NL_TESTS_SUPPORT_H
#define NL_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "newsletter/base/buf.h"
#include "newsletter/db/handle.h"
#include "newsletter/store/list.h"

#include <sqlite3.h>
#include <string.h>

/* Time as a test sets it, and tokens that count up. */
struct fake {
    int64_t now;
    int64_t step; /* seconds that pass with each look at the clock */
    uint64_t random;
};
struct nl_env fake_env(struct fake *fake);

/* A store in a folder of its own, with one list "news". */
struct fixture {
    struct fake fake;
    struct nl_env env;
    char folder[64];
    char path[256];
    struct nl_store *store;
    struct nl_list list;
    /* Connections of fixture_sql(), kept open: each reads the schema before its first statement. */
    sqlite3 *own_file;
    struct nl_store *own_store;
    struct nl_buf texts; /* pointers to those of own_store's statements */
};
int fixture_setup(void **state);

/* The same with tokens that differ in all of their bytes. Those of an import begin alike, and the
 * others would then be the same. */
int fixture_setup_spread(void **state);
int fixture_teardown(void **state);

/* Signs `address` up and confirms it; returns the subscription's id. */
int64_t fixture_subscribe(struct fixture *fixture, const char *address);

/* Signs somebody up by a form: the notice that asks for confirmation, 0 where none is sent. */
int64_t fixture_sign_up(struct fixture *fixture, const char *address, const char *name,
                        int64_t resend_interval);

/* Runs SQL behind the library's back; returns the first column of the first row as a number. */
int64_t fixture_sql(struct fixture *fixture, const char *sql);

/* How often `entry`, which is freed, stands in the ledger. */
int64_t fixture_ledger_count(struct fixture *fixture, struct nl_buf *entry);

/* Adds active subscriptions 1 to `people` (p1@example.org) to an empty list, all with one statement
 * each. */
void fixture_add_people(struct fixture *fixture, int people);

/* Records an issue of the list without any deliveries; its slug is its id. */
void fixture_issue(struct fixture *fixture, int64_t id, const char *state);

/* Signs up `people` at so many domains (user0@d0.example.org) and queues an issue "one" to the
 * whole list, whose message is `packed`; returns the issue's id. */
int64_t fixture_send(struct fixture *fixture, int people, int domains, const char *packed);

/* Writes a file into the folder and returns its path, to be freed. */
char *fixture_write(struct fixture *fixture, const char *name, const char *text);

/* Goes through the rows of a table, each with the index `i`; a test that fails at a row says at
 * which, with its `name`: a text that tells it from the others, or NULL. A loop that ends early
 * must not use it. */
#define for_each_row(i, table, name)                                                               \
    for (size_t i = 0;                                                                             \
         (i) < sizeof(table) / sizeof(table)[0] ? (row_at(#table, (i), (name)), true)              \
                                                : (row_at(NULL, 0, NULL), false);                  \
         (i)++)
void row_at(const char *table, size_t index, const char *name);

/* Says after a test at which row of a table it failed; does nothing after one that passed. */
int row_report(void **state);

#undef cmocka_unit_test
#define cmocka_unit_test(test)                                                                     \
    { #test, test, NULL, row_report, NULL }

/* Asserts success, and shows the error otherwise. */
#define assert_ok(call)                                                                            \
    do {                                                                                           \
        enum nl_status status_ = (call);                                                           \
        if (status_ != NL_OK)                                                                      \
            fail_msg("%s: status %d: %s", #call, (int)status_, nl_error_text(&err));               \
    } while (0)

/* Asserts that a call fails with `status` and a message that holds `words`. */
#define assert_fails(call, status, words)                                                          \
    do {                                                                                           \
        assert_int_equal((call), (status));                                                        \
        if (strstr(nl_error_text(&err), (words)) == NULL)                                          \
            fail_msg("'%s' does not hold '%s'", nl_error_text(&err), (words));                     \
        nl_error_free(&err);                                                                       \
    } while (0)

#endif
