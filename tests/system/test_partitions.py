"""On a PostgreSQL server, the deliveries of each issue are in a partition of their own."""
import contextlib
import glob
import json
import os
import threading

import psycopg2
import psycopg2.errors
import pytest
from conftest import TOP, new_schema, wait_for

pytestmark = pytest.mark.postgresql
PARTS = ("SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'delivery'::regclass "
         "ORDER BY c.oid")
ISSUE = ("INSERT INTO issue (list, slug, number, title, subject, date, source, message, digest, state, created_at) "
         "SELECT list, 'made-' || {0}, number, title, subject, date, source, message, digest, 'cancelled', created_at FROM issue "
         "WHERE id = 1 RETURNING id")


def parts(site):
    return [name for (name,) in site.sql(PARTS)]


@pytest.fixture
def sent(connected):
    connected.add_active(["ann@example.org", "bob@example.org"])
    connected.run("send", "--yes", connected.issue(number="No 1"))
    return connected


def test_each_issue_has_a_partition(sent):
    sent.run("send", "--yes", sent.issue(number="No 2", name="two.md"))
    sent.run("retry")
    assert parts(sent) == ["delivery_0", "delivery_1", "delivery_2"]
    assert sent.sql("SELECT tableoid::regclass::text, issue, count(*) FROM delivery GROUP BY 1, 2 ORDER BY 2") == [
        ("delivery_1", 1, 2), ("delivery_2", 2, 2)]


def test_notices_have_the_first_one(connected):
    connected.add_active(["ann@example.org"])
    connected.sql("INSERT INTO delivery (kind, subscription, state, created_at, updated_at) SELECT 'welcome', min(id), 'sent', 1, 1 "
                  "FROM subscription")
    assert connected.sql("SELECT tableoid::regclass::text FROM delivery") == [("delivery_0",)]


def test_nobody_is_mailed_twice(sent):
    """The constraint holds in each partition, and over its own name too."""
    for table in ("delivery", "delivery_1"):
        with pytest.raises(psycopg2.errors.UniqueViolation):
            sent.sql(f"INSERT INTO {table} (kind, issue, subscription, state, created_at, updated_at) "
                     "VALUES ('issue', 1, 1, 'queued', 1, 1)")
    sent.sql("INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) "
             "VALUES ('issue', 1, 1, 'queued', 1, 1) ON CONFLICT (issue, subscription) DO NOTHING")
    assert sent.sql("SELECT count(*) FROM delivery") == [(2,)]


def test_the_migration_moves_no_row():
    """The table of before becomes the first partition, as it is; ids go on where they were."""
    files = sorted(glob.glob(os.path.join(TOP, "migrations", "postgresql", "*.sql")))
    connection = psycopg2.connect(new_schema())

    def ask(*statements):
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else None

    def apply(part):
        for path in part:
            with open(path, encoding="utf-8") as file:
                ask(file.read())

    try:
        at = next(place for place, path in enumerate(files) if path.endswith("0043-partitions.sql"))
        apply(files[:at])
        issue = ("INSERT INTO issue (list, slug, title, subject, date, source, message, digest, state, created_at) "
                 "VALUES (1, '{}', 't', 's', '2026-01-01', 'x', 'm', 'd', 'sent', 1)")
        ask("INSERT INTO list (uuid, name, title, list_id, sender, language, created_at) VALUES ('u', 'l', 't', 'i', 's', 'en', 1)",
            "INSERT INTO subscriber (uuid, address, address_key, created_at) SELECT n, n || '@x', n || '@x', 1 FROM generate_series(1, 50) n",
            "INSERT INTO subscription (list, subscriber, state, token, consent_at, created_at) SELECT 1, id, 'active', id, 1, 1 FROM subscriber",
            issue.format("a"), issue.format("b"),
            "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) SELECT 'issue', i.id, s.id, 'sent', 1, 1 "
            "FROM issue i CROSS JOIN subscription s",
            "INSERT INTO delivery (kind, subscription, state, created_at, updated_at) VALUES ('welcome', 1, 'sent', 1, 1)",
            "INSERT INTO returned (digest, at, kind, delivery) VALUES ('x', 1, 'bounce', 7)",
            "INSERT INTO bounce (returned, at, delivery, kind, reason, status) VALUES (1, 1, 7, 'hard', 'x', '5')",
            "INSERT INTO attempt (delivery, at, state) VALUES (8, 1, 'sent')")
        before = ask("SELECT pg_relation_filenode('delivery')"), ask("SELECT ctid::text, d.* FROM delivery d ORDER BY id")
        apply(files[at:])
        assert (ask("SELECT pg_relation_filenode('delivery_0')"), ask("SELECT ctid::text, d.* FROM delivery d ORDER BY id")) == before
        ask(issue.format("c"))
        ask("INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) VALUES ('issue', 3, 1, 'queued', 1, 1), "
            "('issue', 2, 1, 'queued', 1, 1) ON CONFLICT (issue, subscription) DO NOTHING")
        assert ask("SELECT tableoid::regclass::text, issue FROM delivery WHERE id > 101") == [("delivery_3", 3)]
        for statement in ("DELETE FROM delivery WHERE id = 7", "DELETE FROM issue WHERE id = 2"):
            with pytest.raises(psycopg2.errors.ForeignKeyViolation):
                ask(statement)
        ask("DELETE FROM delivery WHERE id = 8")
        assert ask("SELECT count(*) FROM attempt") == [(0,)]
    finally:
        connection.close()


def test_ids_come_from_one_sequence(sent):
    sent.run("send", "--yes", sent.issue(number="No 2", name="two.md"))
    assert sent.sql("SELECT id FROM delivery ORDER BY id") == [(1,), (2,), (3,), (4,)]


def test_an_issue_is_made_while_another_is_sent(sent):
    """A run holds a transaction open that has changed deliveries, of its partition and of all: neither waits."""
    for table in ("delivery", "delivery_1"):
        sender, maker = psycopg2.connect(sent.database), psycopg2.connect(sent.database)
        try:
            with sender.cursor() as cursor:
                cursor.execute(f"UPDATE {table} SET dot_at = 5 WHERE issue = 1")
            with maker.cursor() as cursor:
                cursor.execute("SET lock_timeout = '10s'")
                cursor.execute(ISSUE.format(f"'{table}'"))
                cursor.execute("INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) "
                               "VALUES ('issue', %s, 1, 'queued', 1, 1)", [cursor.fetchone()[0]])
                # Also not the other way round: its transaction is open still.
                with sender.cursor() as other:
                    other.execute("SET lock_timeout = '10s'")
                    other.execute(f"UPDATE {table} SET dot_at = 6 WHERE issue = 1")
            maker.commit()
            sender.commit()
        finally:
            sender.close()
            maker.close()
    assert parts(sent) == ["delivery_0", "delivery_1", "delivery_2", "delivery_3"]


def test_two_who_make_issues_wait_for_each_other(sent):
    one, two = psycopg2.connect(sent.database), psycopg2.connect(sent.database)
    try:
        with one.cursor() as cursor:
            cursor.execute(ISSUE.format("'a'"))
        with two.cursor() as cursor:
            second = threading.Thread(target=cursor.execute, args=[ISSUE.format("'b'")])
            second.start()
            wait_for(lambda: sent.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")[0][0] > 0)
            one.commit()
            second.join()
        two.commit()
    finally:
        one.close()
        two.close()
    assert parts(sent) == ["delivery_0", "delivery_1", "delivery_2", "delivery_3"]


def test_there_are_few_partitions_however_many_issues(sent):
    """Looking through all of them takes a lock for each one and each of its indexes."""
    for number in range(2, 700):
        sent.sql(ISSUE.format(number))
    names = parts(sent)
    assert names[:33] == [f"delivery_{number}" for number in range(33)]
    assert 48 < len(names) < 66
    sent.sql("INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) "
             "SELECT 'issue', id, 1, 'skipped', 1, 1 FROM issue WHERE id > 1")
    assert sent.sql("SELECT count(DISTINCT issue), count(DISTINCT tableoid) FROM delivery") == [(699, len(names) - 1)]
    assert sent.sql("SELECT count(*) FROM delivery d JOIN delivery_part p ON p.issue = d.issue "
                    "WHERE d.tableoid::regclass::text <> 'delivery' || p.part") == [(0,)]
    for number in (1, 40, 80, 600, 699):
        assert sent.sql(f"SELECT part_of_delivery(id) = part FROM delivery JOIN delivery_part USING (issue) WHERE issue = {number}")[0] == (
            True,)


def test_a_list_that_is_removed_leaves_no_partition(sent):
    sent.run("send", "--yes", sent.issue(number="No 2", name="two.md"))
    sent.run("list", "remove", "bulletin", "--yes")
    assert parts(sent) == ["delivery_0"] and sent.sql("SELECT count(*) FROM delivery_part") == [(0,)]


def test_a_removal_that_would_wait_is_left_to_the_next_prune(sent):
    sent.sql("DELETE FROM delivery; DELETE FROM issue_total; DELETE FROM recording; DELETE FROM edition")
    sent.sql("DELETE FROM issue")
    busy = psycopg2.connect(sent.database)
    try:
        with busy.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM delivery")
            sent.run("prune")
            assert parts(sent) == ["delivery_0", "delivery_1"]
    finally:
        busy.close()
    sent.run("prune")
    assert parts(sent) == ["delivery_0"]


def test_a_run_touches_its_partition_alone(sent, server):
    """So it costs the same however many there are: while messages go out, the partition of another issue is locked for all."""
    sent.add_active([f"reader{n}@example.org" for n in range(40)])
    sent.configure(smtp={"connections": 1})
    blocker, taken, plain = psycopg2.connect(sent.database), [], server.handler.handle_DATA

    def lock():
        with blocker.cursor() as cursor:
            cursor.execute("LOCK TABLE delivery_1 IN ACCESS EXCLUSIVE MODE")

    async def handle(smtp, session, envelope):
        taken.append(waits.is_alive())
        if len(taken) == 2:
            lock()
        if len(taken) == 30:
            waits.cancel()
            blocker.rollback()
        return await plain(smtp, session, envelope)

    waits = threading.Timer(30, blocker.rollback)  # a run that waits goes on then, and the assertion fails
    server.handler.handle_DATA = handle
    waits.start()
    try:
        sent.run("send", "--yes", sent.issue(number="No 2", name="two.md"))
    finally:
        waits.cancel()
        blocker.close()
    assert len(taken) == 42 and all(taken[:30])


@contextlib.contextmanager
def locked(site, tables):
    """A command that looks into one of these, even to plan a statement, waits until its patience ends."""
    blocker = psycopg2.connect(site.database)
    try:
        with blocker.cursor() as cursor:
            for table in tables:
                cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield
    finally:
        blocker.close()


def test_a_person_is_looked_up_where_they_can_have_deliveries(sent):
    """Not in the partitions of other lists' issues, nor in those without deliveries."""
    sent.run("list", "add", "other", "--from", "o@example.org", "--postal-address", "x")
    sent.sql("INSERT INTO issue (list, slug, number, title, subject, date, source, message, digest, state, created_at) "
             "SELECT (SELECT id FROM list WHERE name = 'other'), 'theirs', 'x', title, subject, date, source, message, digest, 'sent', 1 "
             "FROM issue WHERE id = 1")
    sent.sql("INSERT INTO subscription (list, subscriber, state, token, consent_at, created_at) SELECT l.id, s.subscriber, 'active', 'x', 1, 1 "
             "FROM list l CROSS JOIN subscription s WHERE l.name = 'other' AND s.id = 2")
    sent.sql("INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) VALUES ('issue', 2, 3, 'sent', 1, 1), "
             "('welcome', NULL, 1, 'sent', 1, 1)")
    sent.sql(ISSUE.format("'empty'"))
    assert parts(sent) == ["delivery_0", "delivery_1", "delivery_2", "delivery_3"]
    with locked(sent, ["delivery_2", "delivery_3"]):
        told = json.loads(sent.run("export", "--subject", "ann@example.org").out)
        assert [(row["kind"], row["slug"]) for row in told["deliveries"]] == [("issue", "no-1"), ("welcome", None)]
        assert "no-1" in sent.run("subscriber", "show", "ann@example.org").out
    told = json.loads(sent.run("export", "--subject", "bob@example.org").out)
    assert [(row["id"], row["slug"]) for row in told["deliveries"]] == [(2, "no-1"), (3, "theirs")]


def test_a_person_has_all_their_attempts(sent):
    sent.sql("INSERT INTO attempt (delivery, at, state) SELECT id, 5, 'sent' FROM delivery")
    told = json.loads(sent.run("export", "--subject", "bob@example.org").out)
    assert [(row["delivery"], row["slug"]) for row in told["attempts"]] == [(2, "no-1")]


def test_a_person_of_the_time_before_partitions_has_all_their_deliveries(sent):
    """The first partition has issues of which no ids were noted."""
    sent.sql("ALTER TABLE delivery DETACH PARTITION delivery_1; ALTER TABLE delivery DETACH PARTITION delivery_0; "
             "INSERT INTO delivery_0 SELECT * FROM delivery_1; DROP TABLE delivery_1; "
             "UPDATE delivery_part SET part = '_0', low = 9223372036854775807, high = 0 WHERE issue = 1; "
             "ALTER TABLE delivery ATTACH PARTITION delivery_0 FOR VALUES IN (NULL, 1)")
    assert [row["slug"] for row in json.loads(sent.run("export", "--subject", "ann@example.org").out)["deliveries"]] == ["no-1"]


def test_status_looks_at_no_delivery_of_what_is_done(sent):
    for number in range(2, 9):
        sent.sql(ISSUE.format(number))
    with locked(sent, parts(sent)[1:]):
        assert "no-1" in sent.run("status").out
        assert json.loads(sent.run("status", "--json").out)["issues"][-1]["deliveries"]["sent"] == 2


def test_status_counts_what_is_leased(sent):
    sent.sql("UPDATE delivery SET state = 'leased', lease_owner = 'x', lease_until = 99999999999 WHERE id = 1")
    counts = json.loads(sent.run("status", "--json").out)["issues"][0]["deliveries"]
    assert (counts["queued"], counts["leased"], counts["sent"]) == (0, 1, 1)


def test_a_copy_has_no_partition_for_an_issue_whose_deliveries_are_removed(sent):
    for number in (2, 3):
        sent.run("send", "--yes", sent.issue(number=f"No {number}", name=f"{number}.md"))
    sent.sql("UPDATE issue SET ended_at = 1000 WHERE id = 2")
    sent.configure(retention={"deliveries": "30d"})
    sent.run("prune")
    assert parts(sent) == ["delivery_0", "delivery_1", "delivery_3"]
    target = new_schema()
    sent.run("migrate-store", target)
    sent.database = target
    sent.configure(database=target)
    assert parts(sent) == ["delivery_0", "delivery_1", "delivery_3"]
    assert sent.sql("SELECT issue FROM delivery_part ORDER BY 1") == [(1,), (3,)]
    assert "sent                2" in sent.run("report", "no-2").out
    sent.run("prune")
    sent.run("send", "--yes", sent.issue(number="No 4", name="4.md"))
    assert parts(sent) == ["delivery_0", "delivery_1", "delivery_3", "delivery_4"]


# The knowledge of the planner about all partitions together: autovacuum never gathers it.
KNOWN = ("SELECT (SELECT count(*) FROM pg_stats WHERE schemaname = current_schema() AND tablename = 'delivery' AND inherited AND "
         "attname = 'id'), reltuples FROM pg_class WHERE oid = 'delivery'::regclass")
MORE = ("INSERT INTO delivery (kind, subscription, state, created_at, updated_at) SELECT 'welcome', 1, 'sent', 1, 1 "
        "FROM generate_series(1, {})")


def test_prune_tells_the_planner_about_all_deliveries(sent):
    assert sent.sql(KNOWN)[0][0] == 0
    sent.run("prune")
    assert sent.sql(KNOWN) == [(1, 2)]
    sent.sql(MORE.format(900))
    sent.sql("ANALYZE delivery_0")
    sent.run("prune")
    assert sent.sql(KNOWN) == [(1, 2)]  # not worth it
    sent.sql(MORE.format(2000))
    sent.sql("ANALYZE delivery_0")
    sent.run("prune")
    assert sent.sql(KNOWN) == [(1, 2902)]
    sent.sql("DELETE FROM delivery WHERE issue IS NULL AND id % 10 > 0")
    sent.sql("ANALYZE delivery_0")
    sent.run("prune")
    assert sent.sql(KNOWN)[0][1] < 300


def test_prune_does_not_wait_to_tell_the_planner(sent):
    busy = psycopg2.connect(sent.database)
    try:
        with busy.cursor() as cursor:
            cursor.execute("LOCK TABLE ONLY delivery IN SHARE UPDATE EXCLUSIVE MODE")  # as one who makes an issue
            assert sent.run("prune").err == ""
    finally:
        busy.close()
    assert sent.sql(KNOWN)[0][0] == 0
    sent.run("prune")
    assert sent.sql(KNOWN)[0][0] == 1


def test_what_joins_all_deliveries_is_planned_by_what_is_known_of_them(sent):
    """Without that, a handful of bounces is joined with all deliveries by reading these."""
    sent.sql("INSERT INTO returned (digest, at, kind) VALUES ('x', 1, 'bounce')")
    sent.sql("INSERT INTO bounce (returned, at, delivery, subscription, kind, reason, status) SELECT 1, 1, 1, 1, 'soft', 'x', '' "
             "FROM generate_series(1, 50)")
    sent.sql(MORE.format(20000))
    sent.sql("ANALYZE delivery_0; ANALYZE bounce")
    plan = "EXPLAIN (FORMAT JSON) SELECT d.issue FROM bounce b CROSS JOIN delivery d WHERE d.id = b.delivery"
    guess = sent.sql(plan)[0][0][0]["Plan"]["Plan Rows"]
    sent.run("prune")
    assert sent.sql(plan)[0][0][0]["Plan"]["Plan Rows"] < 200 < guess


def test_who_may_read_deliveries_may_read_those_of_later_issues(sent):
    """Through the table of all, no right on a partition is needed; by its name it is."""
    sent.sql("CREATE ROLE reporter_of_tests")
    try:
        sent.sql("GRANT USAGE ON SCHEMA public TO reporter_of_tests")
        sent.sql("DO $$ BEGIN EXECUTE 'GRANT USAGE ON SCHEMA ' || quote_ident(current_schema()) || ' TO reporter_of_tests'; END $$")
        sent.sql("GRANT SELECT ON delivery TO reporter_of_tests")
        sent.run("send", "--yes", sent.issue(number="No 2", name="two.md"))
        reader = psycopg2.connect(sent.database)
        try:
            with reader.cursor() as cursor:
                cursor.execute("SET ROLE reporter_of_tests")
                cursor.execute("SELECT issue, count(*) FROM delivery GROUP BY issue ORDER BY issue")
                assert cursor.fetchall() == [(1, 2), (2, 2)]
                for statement in ("SELECT count(*) FROM delivery_2", "DELETE FROM delivery", "UPDATE delivery SET state = 'sent'"):
                    cursor.execute("SAVEPOINT here")
                    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                        cursor.execute(statement)
                    cursor.execute("ROLLBACK TO here")
        finally:
            reader.close()
    finally:
        sent.sql("DROP OWNED BY reporter_of_tests; DROP ROLE reporter_of_tests")
