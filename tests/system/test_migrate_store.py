"""Moving an installation from one database to another, and copies of it."""
import json
import os
import re
import sqlite3

import pytest
from conftest import Site, new_schema, parse, token

pytestmark = pytest.mark.postgresql
KEPT = {"issue_total", "issue_domain", "issue_second", "issue_reason", "subscriber_due", "delivery_part"}  # by triggers, which fill them in the new place
VIEWS = {"ledger_next", "subscription_domain", "delivery_refusal"}
SOURCES = os.path.join(os.path.dirname(__file__), "..", "..", "src", "db", "tables.c")


@pytest.fixture
def used(connected, server):
    """An installation with something in every corner."""
    connected.add_active([f"user{i}@example.org" for i in range(30)], name="Änne")
    server.handler.tempfail = {"user3@example.org"}
    server.handler.reject = {"user4@example.org"}
    connected.run("send", "--yes", connected.issue(alternative_subject="Or this", body="Words of all kinds.\n"))
    connected.run("suppress", "add", "user5@example.org", "--reason", "a letter")
    connected.run("erase", "user6@example.org", "--yes")
    connected.run("segment", "add", "kz", 'language = "kk"')
    connected.run("segment", "add", "oslo", 'timezone = "Europe/Oslo" and timezone < 30')
    connected.run("staff", "token", "grafana")
    connected.run("bounce", stdin=b"From: x\r\nSubject: no bounce\r\n\r\n\xff\xfe\r\n", expect=None)
    connected.run("subscribe", "new@example.org")
    return connected


def move(site, target):
    out = site.run("migrate-store", target).out
    site.database = target
    site.configure(database=target)
    return out


def checksums(out):
    return dict(re.findall(r"^(\w+) +\d+ rows +(\w+)$", out, re.M))


def everything(site):
    return [site.run("status", "--json").out, site.run("report", "no-1", "--json").out,
            site.run("export", "--subject", "user3@example.org").out, site.run("list", "show").out]


def test_there_and_back(used, server, tmp_path):
    before = everything(used)
    link = token(parse(server.messages("new@example.org")[0]), "confirm")
    to_file = move(used, str(tmp_path / "moved.db"))
    assert everything(used) == before
    with sqlite3.connect(tmp_path / "moved.db") as moved:  # indexes of attributes are made again
        assert moved.execute("SELECT name FROM sqlite_schema WHERE name GLOB 'subscriber_[an][tu]*_*' ORDER BY 1").fetchall() == [
            ("subscriber_attribute_timezone",), ("subscriber_number_timezone",)]
    back = move(used, new_schema())
    assert everything(used) == before
    assert checksums(to_file) == checksums(back) and len(checksums(back)) >= 12
    # It goes on where it stopped: old links work, new rows get new ids, what is left is sent once.
    used.run("confirm", link)
    used.run("subscribe", "another@example.org")
    assert len(server.messages("another@example.org")) == 1
    used.run("decide", "no-1", "--choose", "1")
    used.run("retry")
    used.sql("UPDATE delivery SET next_attempt_at = 1 WHERE state = 'deferred'")
    used.run("retry")
    counts = {f"user{i}@example.org": len(server.messages(f"user{i}@example.org")) for i in range(30)}
    assert {address for address, count in counts.items() if count != 1} <= {
        "user4@example.org", "user5@example.org", "user6@example.org"}
    assert max(counts.values()) == 1


def test_the_tables_of_others_are_left_alone(used):
    """A database may hold other programs' schemas: only our own tables are locked and analysed."""
    import psycopg2
    target = new_schema()
    connection = psycopg2.connect(target)
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA other_program")
        cursor.execute("CREATE TABLE other_program.diary AS SELECT 1 AS day")
    move(used, target)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT oid::regclass::text, reltuples FROM pg_class WHERE relname IN ('diary', 'delivery') "
                       "AND relnamespace::regnamespace::text IN ('other_program', current_schema())")
        analysed = {name: rows >= 0 for name, rows in cursor}  # -1: never
        cursor.execute("DROP SCHEMA other_program CASCADE")
    connection.close()
    assert analysed == {"other_program.diary": False, "delivery": True}


def test_the_old_one_answers_no_more(used, tmp_path):
    old = used.database
    move(used, str(tmp_path / "moved.db"))
    used.configure(database=old)
    for command in (["retry"], ["status"], ["send", "--yes", used.issue(number="No 2")],
                    ["migrate-store", str(tmp_path / "again.db")]):
        assert "was moved" in used.run(*command, expect=78).err
    assert not os.path.exists(tmp_path / "again.db")


def test_not_while_something_is_under_way(used, tmp_path):
    used.sql("UPDATE delivery SET state = 'leased', lease_owner = 'x', lease_until = 99999999999 WHERE id = 1")
    assert "messages are under way (1)" in used.run("migrate-store", str(tmp_path / "m.db"), expect=75).err
    assert not os.path.exists(tmp_path / "m.db")
    used.run("status")


def test_bad_targets(used, tmp_path):
    (tmp_path / "other.db").write_bytes(b"")
    assert "already" in used.run("migrate-store", str(tmp_path / "other.db"), expect=65).err
    assert "already" in used.run("migrate-store", used.database, expect=65).err
    assert "password" in used.run("migrate-store", "postgresql://me:secret@127.0.0.1/x", expect=64).err
    assert "password" in used.run("--db", "postgresql://127.0.0.1/x?password=y", "status", expect=64).err
    assert "cannot connect" in used.run("migrate-store", "postgresql://me@127.0.0.1:1/x", expect=69).err
    assert "malformed" in used.run("migrate-store", "postgresql://[/x", expect=78).err
    used.run("status")


def test_a_schema_of_others_is_left_alone(used):
    target = new_schema()
    other = Site.__new__(Site)
    other.database = target
    other.sql("CREATE TABLE precious (x INT)")
    assert "some other program" in used.run("migrate-store", target, expect=None).err
    assert other.sql("SELECT count(*) FROM precious") == [(0,)]


def test_all_tables_and_columns_are_copied(used, tmp_path):
    with open(SOURCES, encoding="utf-8") as source:
        entries = re.findall(r"\{([^{}]*),\s*(?:SMALL|LARGE)\}", source.read().replace("\n", " "))
    listed = {}
    for entry in entries:
        name, *columns, types = re.findall(r'"([^"]*)"', entry)
        listed[name] = "".join(columns).split(", ")
        assert len(types) == len(listed[name]), name
    for name, columns in used.sql(
            "SELECT table_name::text, array_agg(column_name::text) FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND is_generated = 'NEVER' GROUP BY 1"):
        if name not in {"schema_migration"} | KEPT | VIEWS and not re.fullmatch(r"delivery_\d+", name):
            assert sorted(columns) == sorted(listed[name]), name
    move(used, str(tmp_path / "moved.db"))
    tables = {row[0] for row in sqlite3.connect(used.database).execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'issue_text_%' AND "
        "name NOT LIKE 'subscriber_text%' AND name NOT LIKE 'sqlite_%'")}
    assert tables - {"schema_migration"} - KEPT == set(listed)


def test_backup_is_a_file_that_works(used, tmp_path):
    used.run("backup", str(tmp_path / "copy.db"))
    before = everything(used)
    used.configure(database=str(tmp_path / "copy.db"))
    assert everything(used) == before
    assert json.loads(before[0])


def test_a_password_in_a_configuration_for_all(used):
    with_password = used.database.replace("postgres@", "postgres:secret@")
    used.configure(database=with_password)
    os.chmod(os.path.join(used.folder, "newsletter.yaml"), 0o644)
    told = used.run("doctor", "--local", expect=None).out
    assert "password of the database" in told and "may be read by others" in told and "secret" not in told
    os.chmod(os.path.join(used.folder, "newsletter.yaml"), 0o600)
    assert "password of the database" not in used.run("doctor", "--local", expect=None).out
