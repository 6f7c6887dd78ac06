"""Databases of earlier schemas are brought forward with all that is in them."""
import contextlib
import functools
import glob
import gzip
import hashlib
import json
import os
import sqlite3
import subprocess

import pytest
from conftest import BINARY, TOP, parse, token, wait_for

pytestmark = pytest.mark.one_engine("earlier schemas were SQLite's")

MIGRATIONS = sorted(glob.glob(os.path.join(TOP, "migrations", "*.sql")))


@functools.lru_cache(None)
def schema_of(upto):
    """The bytes of a database with that schema and nothing in it. Each is made of the one before."""
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        if upto == 0:
            database.execute("CREATE TABLE schema_migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, "
                             "checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT")
        else:
            database.deserialize(schema_of(upto - 1))
            database.create_function("chained", 3, lambda chain, number, body: hashlib.sha256(chain + number.to_bytes(8, "big") + body).digest())
            file = MIGRATIONS[upto - 1]
            with open(file, encoding="utf-8") as migration:
                text = migration.read()
            database.executescript(text)
            database.execute("INSERT INTO schema_migration VALUES (?, ?, ?, 1)",
                             (upto, os.path.basename(file), hashlib.sha256(text.encode()).hexdigest()))
        database.commit()
        return database.serialize()


def make(path, upto):
    """A database as the newsletter of that schema left it."""
    with open(path, "wb") as out:
        out.write(schema_of(upto))
    database = sqlite3.connect(path)
    database.executescript("""
        INSERT INTO list (id, uuid, name, title, list_id, sender, language, created_at)
            VALUES (1, 'u', 'bulletin', 'News', 'l.example.org', 'press@example.org', 'en', 1);
        INSERT INTO subscriber (id, uuid, address, address_key, name, created_at)
            VALUES (7, 's', 'ann@example.org', 'ann@example.org', 'Ann', 1);
        INSERT INTO subscription (id, list, subscriber, state, token, consent_at, created_at)
            VALUES (8, 1, 7, 'active', '00000000-0000-4000-8000-000000000001', 1, 1);
        INSERT INTO issue (id, list, slug, title, subject, date, source, message, digest, state, created_at)
            VALUES (3, 1, 'no-1', 'T', 'S', '2026-08-25', 'x', x'0a', 'd', 'sent', 1);
        INSERT INTO delivery (id, kind, issue, subscription, state, attempts, created_at, updated_at,
                              reply_code, reply_text)
            VALUES (20, 'issue', 3, 8, 'bounced', 2, 5, 6, 550, 'no such user'),
                   (21, 'confirmation', NULL, 8, 'sent', 1, 5, 6, 250, 'ok');
    """)
    if upto >= 2:
        database.executescript("""
            INSERT INTO returned (id, digest, at, kind, delivery) VALUES (1, x'00', 9, 'bounce', 20);
            INSERT INTO bounce (id, returned, at, delivery, subscription, kind, reason, status)
                VALUES (1, 1, 9, 20, 8, 'hard', 'no-such-user', '5.1.1');
        """)
    if 6 <= upto < 15:
        database.execute("INSERT INTO api_token (name, digest, created_at) VALUES ('robot', x'01', 1)")
    database.commit()
    database.close()
    os.chmod(path, 0o600)


def states_are_checked_cheaply(site):
    """No other state is possible, and neither the check nor a trigger makes a table of its own for each row."""
    for change in ("UPDATE delivery SET state = 'x' WHERE id = 20", "UPDATE subscription SET state = 'x' WHERE id = 8"):
        with pytest.raises(sqlite3.IntegrityError):
            site.sql(change)
    for change in ("UPDATE delivery SET state = 'leased', updated_at = 1 WHERE id = 20",
                   "UPDATE delivery SET state = 'sent', updated_at = 1, reply_status = 'x' WHERE id = 20",
                   "UPDATE subscription SET state = 'active' WHERE id = 8",
                   "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) "
                   "VALUES ('issue', 3, 9, 'queued', 1, 1)"):
        steps = {row[1] for row in site.sql("EXPLAIN " + change)}
        assert "OpenWrite" in steps and not steps & {"OpenEphemeral", "OpenAutoindex"}, change


@pytest.mark.slow(1)
@pytest.mark.parametrize("schema", range(1, len(MIGRATIONS) + 1))
def test_from_each_schema(bare_site, schema):
    make(bare_site.database, schema)
    assert "no-1" in bare_site.run("status").out
    assert bare_site.sql("SELECT count(*) FROM schema_migration") == [(len(MIGRATIONS),)]
    assert bare_site.sql("PRAGMA foreign_key_check") == []
    assert bare_site.sql("SELECT id, kind, issue, subscription, state, attempts, reply_code, reply_text "
                         "FROM delivery ORDER BY id") == [
        (20, "issue", 3, 8, "bounced", 2, 550, "no such user"),
        (21, "confirmation", None, 8, "sent", 1, 250, "ok")]
    if schema >= 2:
        assert bare_site.sql("SELECT delivery FROM bounce") == [(20,)]
    bare_site.sql("INSERT INTO delivery (kind, subscription, state, created_at, updated_at) "
                  "VALUES ('welcome', 8, 'queued', 1, 1)")
    with pytest.raises(sqlite3.IntegrityError):
        bare_site.sql("INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) "
                      "VALUES ('issue', 3, 8, 'queued', 1, 1)")  # nobody is mailed twice
    indexes = bare_site.sql("SELECT name FROM sqlite_schema WHERE type = 'index' AND name LIKE 'delivery_%'")
    assert len(indexes) == 7
    states_are_checked_cheaply(bare_site)
    if 6 <= schema < 15:
        assert bare_site.sql("SELECT scopes, expires_at FROM api_token") == [("read send", None)]  # as before


@pytest.mark.slow(1)
def test_by_many_at_once(bare_site):
    """Each step is taken by one of them, and the others go on from there, or say that the database is busy."""
    for _ in range(5):
        make(bare_site.database, 1)
        runs = [bare_site.popen("status") for _ in range(4)]
        said = [run.communicate(timeout=60) + (run.returncode,) for run in runs]
        assert all(b"no-1" in out if status == 0 else status == 75 for out, _, status in said), said
        assert any(status == 0 for _, _, status in said), said
        assert bare_site.sql("SELECT count(*) FROM schema_migration") == [(len(MIGRATIONS),)]
        os.unlink(bare_site.database)


def test_a_row_that_refers_to_none_stops_it(bare_site):
    make(bare_site.database, 2)
    bare_site.sql("INSERT INTO bounce (returned, at, delivery, kind, reason, status) "
                  "VALUES (1, 9, 999, 'hard', 'x', '5.1.1')")
    assert "refers to a missing one" in bare_site.run("status", expect=74).err
    assert bare_site.sql("SELECT count(*) FROM schema_migration") == [(2,)]  # nothing half-done
    assert bare_site.sql("SELECT count(*) FROM delivery") == [(2,)]


def test_each_earlier_schema_has_a_stored_database():
    stored = sorted(os.path.basename(path) for path in glob.glob(os.path.join(TOP, "tests", "data", "databases", "*.gz")))
    earlier = [f"{number:04}.db.gz" for number in range(1, len(MIGRATIONS))]
    assert stored in (earlier, [*earlier, f"{len(MIGRATIONS):04}.db.gz"])  # the newest one is stored before the next migration comes


def go_on_with(bare_site, server, file):
    with gzip.open(file) as stored:
        bare_site.write("newsletter.db", stored.read())
    os.chmod(bare_site.database, 0o600)
    bare_site.configure(port=server.port, confirmation={"resend_interval": "0"})
    bare_site.run("subscribe", "waits@example.org")
    wait_for(lambda: bare_site.run("retry").out + "." and "deferred" not in bare_site.state_of_each().values())
    assert bare_site.state_of_each() == {
        "ann@example.org": "sent", "bob@example.org": "sent", "gone@example.org": "bounced", "later@example.org": "sent"}
    assert [parse(m)["Subject"] for m in server.messages("later@example.org")] == ["No 1: A title"]
    assert parse(server.messages("waits@example.org")[0])["Auto-Submitted"] == "auto-generated"
    bare_site.run("confirm", token(parse(server.messages("waits@example.org")[0]), "confirm"))
    bare_site.run("send", "--yes", bare_site.issue(number="No 2"))
    assert len(server.messages("waits@example.org")) == 2 and server.messages("kim@example.org") == []
    assert bare_site.sql("SELECT state FROM issue") == [("sent",), ("sent",)]
    assert bare_site.sql("PRAGMA foreign_key_check") == [] and bare_site.run("doctor", "--local")
    audited = json.loads(bare_site.run("audit", "--json").out)
    assert audited["faults"] == 0 and audited["before"] + audited["events"] > 4  # the past is a stated beginning


@pytest.mark.slow(1)
@pytest.mark.parametrize("file", sorted(glob.glob(os.path.join(TOP, "tests", "data", "databases", "*.gz"))),
                         ids=os.path.basename)
def test_goes_on_with_a_stored_database(bare_site, server, file):
    """Made by the binary of its time: see tests/data/databases."""
    go_on_with(bare_site, server, file)


@pytest.mark.slow(1)
def test_the_tool_stores_such_a_database(bare_site, server, tmp_path):
    file = str(tmp_path / "now.db.gz")
    subprocess.run([os.path.join(TOP, "tools", "store-database"), "--binary", BINARY, "--output", file], check=True, timeout=120)
    go_on_with(bare_site, server, file)
