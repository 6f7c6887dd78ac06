"""Backup, retention, repair."""
import glob
import json
import os
import sqlite3
import stat
import time

import pytest
from conftest import wait_for


def whole(path):
    copy = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert copy.execute("PRAGMA journal_mode").fetchall() == [("delete",)]
    rows = copy.execute("SELECT (SELECT count(*) FROM subscriber), (SELECT count(*) FROM delivery)").fetchone()
    copy.close()
    return rows


@pytest.mark.slow(1)
@pytest.mark.one_engine("about SQLite's own files")
def test_backup(site):
    site.add_active(["ann@example.org"])
    path = os.path.join(site.folder, "copy.db")
    assert site.run("backup", "copy.db").out == "copy.db\n"
    assert whole(path) == (1, 0)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    site.add_active(["bob@example.org"])
    site.run("backup", "copy.db")
    assert whole(path) == (2, 0)
    os.rename(path, site.database)  # as one restores it
    for end in ("-wal", "-shm"):
        if os.path.exists(site.database + end):
            os.unlink(site.database + end)
    assert "bulletin" in site.run("list", "show").out


@pytest.mark.slow
def test_backup_into_a_folder(site):
    folder = "old [x]"  # signs of glob() stand for themselves
    site.run("backup", folder, "--keep", "2")
    assert stat.S_IMODE(os.stat(os.path.join(site.folder, folder)).st_mode) == 0o700
    other = site.write(f"{folder}/notes.txt", "mine")
    site.run("backup", f"{folder}/notes.txt", "--keep", "2", expect=64)
    for _ in range(2):
        time.sleep(1.01)  # they are named by the second
        name = site.run("backup", folder, "--keep", "2").out.strip()
    found = sorted(glob.glob(os.path.join(glob.escape(os.path.join(site.folder, folder)), "newsletter-*.db")))
    assert len(found) == 2 and found[-1].endswith(name) and os.path.exists(other)


@pytest.mark.slow
def test_backup_in_the_middle_of_a_run(connected, server):
    server.handler.delay = 0.01
    connected.add_active([f"r{number}@example.org" for number in range(300)])
    run = connected.popen("send", "--yes", connected.issue())
    wait_for(lambda: server.handler.accepted > 20)
    connected.run("backup", "copy.db")
    assert run.wait(timeout=60) == 0
    assert whole(os.path.join(connected.folder, "copy.db")) == (300, 300)
    assert connected.states() == {"sent": 300}


@pytest.mark.one_engine("about SQLite's own files")
def test_backup_to_no_place(site):
    site.run("backup", "nosuch/copy.db", expect=66)
    site.run("backup", "newsletter.db", "--keep", "2", expect=64)
    site.run("backup", "nosuch/folder", "--keep", "2", expect=66)
    site.run("backup", ".", "--keep", "0", expect=64)


def test_prune(connected, server):
    connected.configure(retention={"events": "10d", "links": "10d", "ips": "10d", "ended": "100d"})
    connected.add_active([f"{name}@example.org" for name in ("here", "left", "long-ago", "complained")])
    now = int(time.time())
    connected.sql("UPDATE subscription SET consent_ip = '192.0.2.1', consent_at = ?", now)
    connected.sql("UPDATE subscription SET state = 'unsubscribed', ended_at = ? WHERE id = 2", now - 50 * 86400)
    connected.sql("UPDATE subscription SET state = 'bounced', ended_at = ? WHERE id = 3", now - 200 * 86400)
    connected.sql("UPDATE subscription SET state = 'complained', ended_at = ? WHERE id = 4", now - 200 * 86400)
    for age in (1, 20):
        connected.sql("INSERT INTO event (at, kind) VALUES (?, 'signup')", now - age * 86400)
        connected.sql("INSERT INTO confirmation (digest, subscription, purpose, created_at, expires_at) "
                      "VALUES (?, 1, 'subscribe', 1, ?)", bytes([age]), now - age * 86400)
    expected = {"events": 1, "links": 1, "ips": 3, "people": 1, "unconfirmed": 0, "reports": 0, "messages": 0, "deliveries": 0}
    assert json.loads(connected.run("prune", "--dry-run", "--json").out) == expected
    assert connected.sql("SELECT count(*) FROM event WHERE kind = 'signup'") == [(2,)]
    connected.run("retry")  # which does it once a day
    assert connected.sql("SELECT address FROM subscriber ORDER BY id") == [
        ("here@example.org",), ("left@example.org",), ("(erased)",), ("complained@example.org",)]
    assert connected.sql("SELECT id FROM subscription WHERE consent_ip IS NOT NULL") == [(1,)]
    assert connected.sql("SELECT (SELECT count(*) FROM confirmation), (SELECT count(*) FROM event WHERE kind = 'signup')") == [(1, 1)]
    connected.sql("INSERT INTO event (at, kind) VALUES (1, 'signup')")
    connected.run("retry")
    assert connected.sql("SELECT count(*) FROM event WHERE at = 1") == [(1,)]
    assert "1 events" in connected.run("prune").out


@pytest.mark.one_engine("about SQLite's own files")
def test_repair(connected):
    connected.add_active(["ann@example.org"])
    os.chmod(connected.database, 0o644)
    connected.sql("INSERT INTO delivery (kind, subscription, state, created_at, updated_at, lease_owner, lease_until) "
                  "VALUES ('welcome', 1, 'leased', 1, 1, 'x', 1)")
    connected.run("doctor", "--local", expect=65)
    told = connected.run("doctor", "--local", "--repair").out
    assert "others can no longer read" in told and "were rebuilt" in told
    assert stat.S_IMODE(os.stat(connected.database).st_mode) == 0o600
    assert connected.sql("SELECT state FROM delivery") == [("queued",)]


def test_repair_of_the_queue(connected):
    connected.add_active(["ann@example.org"])
    connected.sql("INSERT INTO delivery (kind, subscription, state, created_at, updated_at, lease_owner, lease_until) "
                  "VALUES ('welcome', 1, 'leased', 1, 1, 'x', 1)")
    assert "indexes were rebuilt" in connected.run("doctor", "--local", "--repair", expect=None).out
    assert connected.sql("SELECT state FROM delivery") == [("queued",)]


@pytest.mark.one_engine("about SQLite's own files")
def test_repair_of_an_index(connected):
    """An index that lacks rows, as a fault of the disk may leave it, is rebuilt."""
    connected.add_active([f"r{number}@example.org" for number in range(50)])
    database = sqlite3.connect(connected.database)
    root = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'subscription_by_subscriber'").fetchone()[0]
    size = database.execute("PRAGMA page_size").fetchone()[0]
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    with open(connected.database, "r+b") as file:
        file.seek((root - 1) * size)
        page = bytearray(file.read(size))
        page[3:5] = (int.from_bytes(page[3:5], "big") - 1).to_bytes(2, "big")  # one cell less
        file.seek((root - 1) * size)
        file.write(page)
    assert "damaged" in connected.run("doctor", "--local", expect=65).out
    assert "is undamaged" in connected.run("doctor", "--local", "--repair").out
