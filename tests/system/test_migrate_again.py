"""A move to a PostgreSQL server that fails leaves nothing of ours there, and can be repeated."""
import contextlib
import sqlite3

import psycopg2
import pytest
from conftest import POSTGRESQL, new_schema, wait_for

# Names in a schema; not what belongs to an extension, which serves the whole database.
OBJECTS = """SELECT kind || ' ' || name FROM (
    SELECT 'relation' AS kind, c.relname::text AS name, c.oid, c.relnamespace AS home FROM pg_class c UNION ALL
    SELECT 'function', p.oid::regprocedure::text, p.oid, p.pronamespace FROM pg_proc p UNION ALL
    SELECT 'type', t.typname::text, t.oid, t.typnamespace FROM pg_type t WHERE t.typcategory <> 'A') AS x
WHERE home = current_schema()::regnamespace AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = x.oid AND d.deptype = 'e')"""
FOREIGN = """CREATE FUNCTION theirs(a TEXT) RETURNS TEXT LANGUAGE sql AS 'SELECT 1::text';
CREATE FUNCTION json_type(a INT) RETURNS INT LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION instr(a INT, b INT) RETURNS INT LANGUAGE sql AS 'SELECT 1';
CREATE SEQUENCE their_numbers; CREATE TYPE their_type AS (a INT); CREATE DOMAIN their_domain AS INT; CREATE VIEW their_view AS SELECT 1 AS a"""


def ask(url, statement):
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def objects(url):
    return {name for (name,) in ask(url, OBJECTS)}


@pytest.fixture
def source(connected):
    connected.add_active([f"user{i}@example.org" for i in range(5)])
    connected.run("send", "--yes", connected.issue(body="Words.\n"))
    return connected


@contextlib.contextmanager
def in_the_middle(source, target):
    """A move that has made its tables and waits while it fills them."""
    move = source.popen("migrate-store", target)
    wait_for(lambda: ask(target, "SELECT to_regclass('unanswered') IS NOT NULL")[0][0])  # one of the first that are made
    blocker = psycopg2.connect(target)
    try:
        with blocker.cursor() as cursor:
            cursor.execute("LOCK TABLE unanswered IN SHARE MODE")  # it can be read, not filled; migrations leave it alone
            wait_for(lambda: waiting(target))
            yield move, blocker
    finally:
        blocker.close()
        move.communicate()


def waiting(target):
    return [pid for (pid,) in ask(target, "SELECT l.pid FROM pg_locks l JOIN pg_class c ON c.oid = l.relation "
                                  "WHERE NOT l.granted AND c.relname = 'unanswered' AND c.relnamespace = current_schema()::regnamespace")]


@pytest.mark.postgresql
def test_a_place_that_others_use_meanwhile_is_not_emptied(source):
    """There were no tables when the move began, but somebody else has come in before it failed."""
    target = new_schema()
    with in_the_middle(source, target) as (move, blocker):
        ask(target, "INSERT INTO setting (key, value) VALUES ('theirs', '1')")
        before = objects(target)
        ask(target, f"SELECT pg_terminate_backend({waiting(target)[0]})")
        blocker.rollback()
        assert move.wait() == 75
        assert "stay: ERROR:  somebody uses it already" in move.stderr.read().decode()
    assert objects(target) == before and ask(target, "SELECT value FROM setting WHERE key = 'theirs'") == [("1",)]


@pytest.mark.postgresql
def test_a_move_that_may_not_empty_the_place_says_so(source):
    """Somebody has built on a table of ours: that is not dropped with it, and the next move goes on with what is there."""
    target = new_schema()
    with in_the_middle(source, target) as (move, blocker):
        ask(target, "CREATE VIEW their_view AS SELECT name FROM list")
        ask(target, f"SELECT pg_terminate_backend({waiting(target)[0]})")
        blocker.rollback()
        assert move.wait() == 75
        assert "the tables of the new database stay: ERROR:" in move.stderr.read().decode()
    succeeds(source, target)
    assert ask(target, "SELECT name FROM their_view") == [("bulletin",)]


def succeeds(source, target):
    source.run("migrate-store", target)
    source.configure(database=target)
    assert source.run("export").out.count("@example.org") == 5
    assert ask(target, "SELECT count(*) FROM delivery_1") == [(5,)]
    source.run("subscribe", "new@example.org")


@pytest.mark.postgresql
def test_a_move_that_is_cut_off_leaves_what_others_have(source):
    target = new_schema()
    ask(target, FOREIGN)
    before = objects(target)
    with in_the_middle(source, target) as (move, blocker):
        ask(target, "CREATE TABLE their_table (a INT)")
        assert ask(target, f"SELECT pg_terminate_backend({waiting(target)[0]})") == [(True,)]
        blocker.rollback()
        assert move.wait() == 75
    assert objects(target) - before == {"relation their_table", "type their_table"}
    assert before <= objects(target)
    ask(target, "DROP TABLE their_table")  # a schema with tables of others is refused
    succeeds(source, target)
    assert before <= objects(target)


@pytest.mark.postgresql
def test_a_move_that_is_killed_can_be_repeated(source):
    target = new_schema()
    with in_the_middle(source, target) as (move, _):
        move.kill()
        move.wait()
    succeeds(source, target)


@pytest.mark.postgresql
def test_a_move_that_is_killed_while_it_makes_tables_can_be_repeated(source):
    """The next one goes on from where it has got to."""
    for table in ("setting", "issue_total", "transactional"):
        target = new_schema()
        move = source.popen("migrate-store", target)
        wait_for(lambda: ask(target, f"SELECT to_regclass('{table}') IS NOT NULL")[0][0])
        move.kill()
        move.communicate()
    if move.returncode < 0:  # it was not faster than we are
        succeeds(source, target)


@pytest.mark.postgresql
def test_what_somebody_has_in_the_new_place_is_never_overwritten(source):
    for statement in ("INSERT INTO list (uuid, name, title, list_id, sender, language, created_at) VALUES ('u', 'l', 't', 'i', 's', 'en', 1)",
                      "INSERT INTO setting (key, value) VALUES ('theirs', '1')"):
        target = new_schema()
        own = source.run("--db", target, "init", expect=None)
        assert own.returncode == 0, own.err
        ask(target, statement)
        kept = objects(target)
        assert "already" in source.run("migrate-store", target, expect=65).err
        assert objects(target) == kept and ask(target, "SELECT count(*) FROM subscriber") == [(0,)]
    source.run("status")


@pytest.mark.skipif(POSTGRESQL, reason="a server lets nobody damage a reference")
def test_a_damaged_source_leaves_nothing(source):
    target = new_schema()
    before = objects(target)
    with sqlite3.connect(source.database) as connection:
        connection.execute("UPDATE delivery SET subscription = 999 WHERE id = 2")
    connection.close()
    for _ in range(2):
        assert "subscription" in source.run("migrate-store", target, expect=None).err
        assert objects(target) == before
    with sqlite3.connect(source.database) as connection:
        connection.execute("UPDATE delivery SET subscription = 2 WHERE id = 2")
    connection.close()
    succeeds(source, target)
