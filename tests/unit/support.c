#include "support.h"

#include "newsletter/base/file.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/ledger.h"
#include "newsletter/store/link.h"
#include "newsletter/store/subscription.h"

#include <dirent.h>
#ifdef NL_POSTGRESQL
#include <libpq-fe.h>
#endif
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MODEL_LIMIT ((size_t)16 << 20) /* of a database that nobody has written into */

/* Where a test is in a table; no table: in none. */
static struct {
    const char *table;
    size_t index;
    const char *name;
} row;

void row_at(const char *table, size_t index, const char *name) {
    row.table = table;
    row.index = index;
    row.name = name;
}

static void print_row_name(const char *name) {
    for (const char *c = name; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            print_error("\\x%02x", (unsigned)(unsigned char)*c);
        else
            print_error("%c", *c);
    }
}

int row_report(void **state) {
    (void)state;
    if (row.table != NULL) {
        print_error("at row %zu of %s[]: ", row.index, row.table);
        print_row_name(row.name != NULL ? row.name : "");
        print_error("\n");
    }
    row_at(NULL, 0, NULL);
    return 0;
}

static int64_t fake_now(void *ctx) {
    struct fake *fake = ctx;
    return fake->now += fake->step;
}

static void fake_random(void *ctx, unsigned char out[16]) {
    struct fake *fake = ctx;
    uint64_t value = ++fake->random;
    memset(out, 0, 16);
    memcpy(out, &value, sizeof value);
}

struct nl_env fake_env(struct fake *fake) {
    return (struct nl_env){fake_now, fake_random, fake};
}

/* Writes the URL of a database of the server whose own database is at `server`. */
static void name_url(const char *server, const char *name, char *out, size_t size) {
    const char *slash = strstr(server, "@/");
    const char *rest = strchr(server, '?');
    assert_true(slash != NULL && rest != NULL);
    snprintf(out, size, "%.*s%s%s", (int)(slash + 2 - server), server, name, rest);
}

#ifdef NL_POSTGRESQL
static PGconn *server_connect(const char *server) {
    PGconn *connection = PQconnectdb(server);
    if (PQstatus(connection) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(connection));
    return connection;
}

/* Runs a statement; returns how many rows it gives. */
static int server_run(PGconn *connection, const char *sql) {
    PGresult *result = PQexec(connection, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(connection));
    int rows = PQntuples(result);
    PQclear(result);
    return rows;
}

/* Makes the database that fixtures are copies of: the first program that needs it does, and the
 * others wait meanwhile. */
static void make_model(PGconn *connection, const char *server) {
    const struct nl_env env = nl_env_system;
    struct nl_error err = {0};
    bool created = false;
    char url[256];
    server_run(connection, "SELECT pg_advisory_lock(1)");
    if (server_run(connection, "SELECT 1 FROM pg_database WHERE datname = 'model'") == 0) {
        server_run(connection, "CREATE DATABASE making TEMPLATE template0");
        name_url(server, "making", url, sizeof url);
        assert_ok(nl_store_create(url, &env, &created, &err));
        assert_true(created);
        server_run(connection, "ALTER DATABASE making RENAME TO model");
    }
    server_run(connection, "SELECT pg_advisory_unlock(1)");
}

/* A database of its own for a fixture: a copy, since bringing one to the schema takes ten times as
 * long. */
static void make_database(const char *server, const char *name) {
    char sql[160];
    PGconn *connection = server_connect(server);
    make_model(connection, server);
    snprintf(sql, sizeof sql, "CREATE DATABASE \"%s\" TEMPLATE model STRATEGY file_copy", name);
    server_run(connection, sql);
    PQfinish(connection);
}

static void drop_database(const char *server, const char *name) {
    char sql[160];
    PGconn *connection = server_connect(server);
    snprintf(sql, sizeof sql, "DROP DATABASE IF EXISTS \"%s\" WITH (FORCE)", name);
    server_run(connection, sql);
    PQfinish(connection);
}
#else
static void make_database(const char *server, const char *name) {
    fail_msg("%s, %s: this build knows no server", server, name);
}

static void drop_database(const char *server, const char *name) {
    (void)server;
    (void)name;
}
#endif

/* Makes the file of a fixture. The first of a program is brought to the schema; the others are
 * copies of it, which takes a hundredth of the time, with the tokens that were drawn for it
 * counted. */
static void make_file(struct fixture *fixture) {
    static struct nl_buf model;
    static uint64_t drawn;
    struct nl_error err = {0};
    bool created = false;
    snprintf(fixture->path, sizeof fixture->path, "%s/db", fixture->folder);
    if (model.len > 0) {
        assert_ok(nl_file_write(fixture->path, model.data, model.len, true, &err));
        fixture->fake.random = drawn;
        return;
    }
    assert_ok(nl_store_create(fixture->path, &fixture->env, &created, &err));
    assert_true(created);
    assert_ok(nl_file_read(fixture->path, MODEL_LIMIT, &model, &err));
    drawn = fixture->fake.random;
}

/* NEWSLETTER_TEST_DATABASE is the URL of a server for tests: then each fixture has a database of
 * its own there; else it has a file. */
static void name_database(struct fixture *fixture) {
    const char *server = getenv("NEWSLETTER_TEST_DATABASE");
    const char *name = strrchr(fixture->folder, '/') + 1;
    if (server == NULL) {
        make_file(fixture);
        return;
    }
    make_database(server, name);
    name_url(server, name, fixture->path, sizeof fixture->path);
}

static int64_t server_sql(struct fixture *fixture, const char *sql) {
    struct nl_error err = {0};
    int64_t value = 0;
    bool found = false;
    if (fixture->own_store == NULL)
        assert_ok(nl_store_open(fixture->path, &fixture->env, &fixture->own_store, &err));
    /* A store keeps a statement by the address of its text, so each has a text of its own. */
    char *text = strdup(sql);
    assert_ok(nl_sql_number(fixture->own_store, &err, &value, &found, text, NL_NO_VALUES));
    nl_buf_add(&fixture->texts, (char *)&text, sizeof text);
    return found ? value : -1;
}

int fixture_setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct nl_error err = {0};
    assert_non_null(fixture);
    fixture->fake.now = 1000000;
    fixture->env = fake_env(&fixture->fake);
    const char *top = getenv("TMPDIR");
    snprintf(fixture->folder, sizeof fixture->folder, "%s/newsletter-unit-XXXXXX",
             top != NULL ? top : "/tmp");
    assert_non_null(mkdtemp(fixture->folder));
    name_database(fixture);
    assert_ok(nl_store_open(fixture->path, &fixture->env, &fixture->store, &err));
    fixture->list.name = strdup("news");
    fixture->list.sender = strdup("Press <press@example.org>");
    assert_ok(nl_list_check(&fixture->list, &err));
    assert_ok(nl_list_add(fixture->store, &fixture->list, &err));
    *state = fixture;
    return 0;
}

static void spread_random(void *ctx, unsigned char out[16]) {
    uint64_t value = ++((struct fake *)ctx)->random * UINT64_C(0x9e3779b97f4a7c15);
    memcpy(out, &value, sizeof value);
    value ^= value >> 29;
    memcpy(out + sizeof value, &value, sizeof value);
}

int fixture_setup_spread(void **state) {
    struct nl_error err = {0};
    fixture_setup(state);
    struct fixture *fixture = *state;
    nl_store_close(fixture->store);
    fixture->env.random = spread_random;
    assert_ok(nl_store_open(fixture->path, &fixture->env, &fixture->store, &err));
    return 0;
}

static void close_own(struct fixture *fixture) {
    char *text = NULL;
    nl_store_close(fixture->own_store);
    sqlite3_close(fixture->own_file);
    for (size_t at = 0; at < fixture->texts.len; at += sizeof text) {
        memcpy(&text, fixture->texts.data + at, sizeof text);
        free(text);
    }
    nl_buf_free(&fixture->texts);
}

int fixture_teardown(void **state) {
    struct fixture *fixture = *state;
    row_report(state);
    nl_store_close(fixture->store);
    close_own(fixture);
    nl_list_free(&fixture->list);
    const char *server = getenv("NEWSLETTER_TEST_DATABASE");
    if (server != NULL)
        drop_database(server, strrchr(fixture->folder, '/') + 1);
    DIR *folder = opendir(fixture->folder);
    for (struct dirent *entry = NULL; folder != NULL && (entry = readdir(folder)) != NULL;) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", fixture->folder, entry->d_name);
        unlink(path);
    }
    if (folder != NULL)
        closedir(folder);
    rmdir(fixture->folder);
    free(fixture);
    return 0;
}

int64_t fixture_sign_up(struct fixture *fixture, const char *text, const char *name,
                        int64_t resend_interval) {
    struct nl_error err = {0};
    struct nl_address address = {0};
    int64_t notice = 0;
    assert_ok(nl_address_parse(text, &address, &err));
    const struct nl_signup signup = {.list = fixture->list.id,
                                     .address = &address,
                                     .name = name,
                                     .source = "form",
                                     .ip = "192.0.2.1",
                                     .text_version = "7",
                                     .resend_interval = resend_interval};
    assert_ok(nl_subscribe(fixture->store, &signup, &notice, &err));
    nl_address_free(&address);
    return notice;
}

int64_t fixture_subscribe(struct fixture *fixture, const char *text) {
    struct nl_error err = {0};
    struct nl_address address = {0};
    struct nl_token token;
    int64_t notice = 0;
    struct nl_token_result result = {0};
    assert_ok(nl_address_parse(text, &address, &err));
    const struct nl_signup signup = {.list = fixture->list.id, .address = &address};
    assert_ok(nl_subscribe(fixture->store, &signup, &notice, &err));
    int64_t id = fixture_sql(fixture, "SELECT max(id) FROM subscription");
    assert_ok(nl_link_new(fixture->store, id, NL_LINK_SUBSCRIBE, fixture->fake.now + 100, 0, &token,
                          &err));
    assert_ok(nl_confirm(fixture->store, token.text, &(struct nl_confirming){0}, &result, &err));
    nl_address_free(&address);
    return id;
}

int64_t fixture_sql(struct fixture *fixture, const char *sql) {
    sqlite3_stmt *statement = NULL;
    if (!nl_store_is_file(fixture->path))
        return server_sql(fixture, sql);
    if (fixture->own_file == NULL) {
        assert_int_equal(sqlite3_open(fixture->path, &fixture->own_file), SQLITE_OK);
        sqlite3_busy_timeout(fixture->own_file, 5000);
    }
    if (sqlite3_prepare_v2(fixture->own_file, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(fixture->own_file));
    int rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        fail_msg("%s: %s", sql, sqlite3_errmsg(fixture->own_file));
    int64_t value = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    sqlite3_finalize(statement);
    return value;
}

struct counting {
    const struct nl_buf *entry;
    int64_t count;
};

static enum nl_status count_entries(const struct nl_ledger_record *record, void *ctx,
                                    struct nl_error *err) {
    struct counting *counting = ctx;
    const struct nl_buf *entry = counting->entry;
    (void)err;
    for (size_t at = 0; at + entry->len <= record->len; at++)
        counting->count += memcmp(record->body + at, entry->data, entry->len) == 0;
    return NL_OK;
}

int64_t fixture_ledger_count(struct fixture *fixture, struct nl_buf *entry) {
    struct nl_error err = {0};
    struct counting counting = {entry, 0};
    assert_int_not_equal(entry->len, 0);
    assert_ok(nl_ledger_each(fixture->store, 0, INT64_MAX, count_entries, &counting, &err));
    nl_buf_free(entry);
    return counting.count;
}

void fixture_issue(struct fixture *fixture, int64_t id, const char *state) {
    char sql[320];
    snprintf(sql, sizeof sql,
             "INSERT INTO issue (id, list, slug, title, subject, date, source, message, digest, "
             "state, created_at) VALUES (%lld, 1, '%lld', 'T', 'S', '2026-08-25', 'x', %s, 'd', "
             "'%s', 1)",
             (long long)id, (long long)id, nl_store_is_file(fixture->path) ? "x'0a'" : "'\\x0a'",
             state);
    fixture_sql(fixture, sql);
}

void fixture_add_people(struct fixture *fixture, int people) {
    char sql[512];
    snprintf(
        sql, sizeof sql,
        "INSERT INTO subscriber (uuid, address, address_key, created_at) WITH RECURSIVE n (i) "
        "AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT 'u' || i, 'p' || i || "
        "'@example.org', 'p' || i || '@example.org', 1 FROM n",
        people);
    fixture_sql(fixture, sql);
    fixture_sql(fixture,
                "INSERT INTO subscription (list, subscriber, state, token, consent_at, "
                "confirmed_at, created_at) SELECT 1, id, 'active', 't' || id, 1, 1, 1 FROM "
                "subscriber ORDER BY id");
}

int64_t fixture_send(struct fixture *fixture, int people, int domains, const char *packed) {
    struct nl_error err = {0};
    int64_t deliveries = 0;
    struct nl_issue issue = {.list = fixture->list.id,
                             .slug = (char *)"one",
                             .title = (char *)"One",
                             .subject = (char *)"One",
                             .date = (char *)"2026-08-25",
                             .source = (char *)"x",
                             .message = (char *)packed,
                             .message_len = strlen(packed),
                             .digest = (char *)"d"};
    for (int i = 0; i < people; i++) {
        char address[64];
        snprintf(address, sizeof address, "user%d@d%d.example.org", i, i % domains);
        fixture_subscribe(fixture, address);
    }
    assert_ok(nl_issue_create(fixture->store, &issue, &deliveries, &err));
    return issue.id;
}

char *fixture_write(struct fixture *fixture, const char *name, const char *text) {
    struct nl_error err = {0};
    struct nl_buf path = {0};
    nl_buf_addf(&path, "%s/%s", fixture->folder, name);
    assert_ok(nl_file_write(nl_buf_text(&path), text, strlen(text), false, &err));
    return nl_buf_take(&path);
}
