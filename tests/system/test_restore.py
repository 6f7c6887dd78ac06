"""Putting a backup back, and what a backup may replace."""
import os
import re
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import time

import pytest
from conftest import BINARY, wait_for

SQLITE = pytest.mark.one_engine("about SQLite's own files")


def files(site):
    return sorted(name for name in os.listdir(site.folder) if name.startswith("newsletter.db"))


def kept(site):
    return os.path.join(site.folder, next(name for name in files(site) if ".before-" in name and name[-4] != "-"))


def addresses(path):
    database = sqlite3.connect(path)
    try:
        return [row[0] for row in database.execute("SELECT address FROM subscriber ORDER BY 1")]
    finally:
        database.close()


@SQLITE
def test_after_a_crash_the_old_log_does_not_mix_with_the_backup(connected, server):
    """A sender that was killed leaves -wal and -shm files, which belong to the database of before."""
    connected.add_active([f"r{number}@example.org" for number in range(40)])
    connected.run("backup", "nightly.db")
    server.handler.delay = 0.01
    run = connected.popen("send", "--yes", connected.issue())
    wait_for(lambda: server.handler.accepted > 5)
    run.kill()
    run.wait()
    assert os.path.getsize(connected.database + "-wal") > 0
    told = connected.run("restore", "nightly.db", "--yes").out
    assert told.startswith("restored nightly.db\nkept the old database as ")
    assert connected.sql("SELECT count(*) FROM issue") == [(0,)]
    assert "is undamaged" in connected.run("doctor", "--local", expect=None).out
    assert stat.S_IMODE(os.stat(connected.database).st_mode) == 0o600
    assert os.path.exists(kept(connected) + "-wal")  # and all of it is there
    before = sqlite3.connect(kept(connected))
    assert before.execute("SELECT state FROM issue").fetchall() == [("sending",)]
    before.close()


@pytest.mark.slow(1)
@SQLITE
def test_not_while_anything_has_it_open(connected, server):
    connected.add_active([f"r{number}@example.org" for number in range(200)])
    connected.run("backup", "nightly.db")
    server.handler.delay = 0.05
    run = connected.popen("send", "--yes", connected.issue())
    wait_for(lambda: server.handler.accepted > 3)
    told = connected.run("restore", "nightly.db", "--yes", expect=75).err
    assert f"process {run.pid} has {connected.database} open" in told
    assert "200 active" in connected.run("restore", "nightly.db", "--drill").out
    run.terminate()
    run.wait()
    connected.run("restore", "nightly.db", "--yes")
    assert not [name for name in files(connected) if ".restore" in name]


@pytest.mark.slow(1)
@SQLITE
def test_issues_that_may_have_gone_out_since_do_not_go_on(connected, server):
    connected.add_active([f"r{number}@example.org" for number in range(300)])
    connected.run("send", "--yes", "--at", "2099-01-01T10:00", connected.issue(number="far"))
    connected.run("send", "--yes", "--at", "2099-01-01T10:00", connected.issue(number="due"))
    server.handler.delay = 0.01
    run = connected.popen("send", "--yes", connected.issue(number="now"))
    wait_for(lambda: server.handler.accepted > 20)
    connected.run("backup", "nightly.db")
    assert run.wait(timeout=60) == 0
    copy = sqlite3.connect(os.path.join(connected.folder, "nightly.db"))
    with copy:
        copy.execute("UPDATE issue SET scheduled_at = 1 WHERE slug = 'due'")
    copy.close()
    told = connected.run("restore", "nightly.db", "--yes", "--json").out
    assert '"result": "paused"' in told and '"result": "withdrawn"' in told
    assert connected.sql("SELECT slug, state FROM issue ORDER BY slug") == [("far", "scheduled"), ("now", "paused")]
    connected.run("retry")
    assert server.handler.accepted == 300  # nobody twice


@SQLITE
def test_only_whole_backups_of_ours(site):
    site.add_active(["ann@example.org"])
    site.run("backup", "good.db")
    with open(site.folder + "/good.db", "rb") as file:
        good = file.read()
    other = sqlite3.connect(site.folder + "/other.db")
    other.execute("CREATE TABLE things (a)")
    other.close()
    site.write("text.db", "hello")
    site.write("half.db", good[:len(good) // 2])
    site.write("bad.db", good[:8192] + b"\xff" * 4096 + good[12288:])
    newer = sqlite3.connect(site.folder + "/good.db")
    newer.execute("INSERT INTO schema_migration VALUES (9999, '9999-later.sql', 'x', 1)")
    newer.commit()
    newer.close()
    os.rename(site.folder + "/good.db", site.folder + "/newer.db")
    for name, status, words in (("other.db", 65, "another program"), ("text.db", 65, "not a backup"),
                                ("half.db", None, "half.db"), ("bad.db", None, "bad.db"), ("newer.db", 78, "upgrade"),
                                ("nosuch.db", 66, "check the path"), (".", 65, "not a backup"),
                                ("newsletter.db", 64, "name a backup")):
        told = site.run("restore", name, "--yes", expect=status)
        assert told.returncode != 0 and words in told.err, (name, told.err)
        if name != "newsletter.db":
            assert site.run("restore", name, "--drill", expect=status).returncode != 0
    assert addresses(site.database) == ["ann@example.org"]
    assert not [name for name in os.listdir(site.folder) if ".restore" in name or ".before-" in name]


@SQLITE
def test_without_a_database_and_with_a_damaged_one(site):
    site.add_active(["ann@example.org"])
    site.run("backup", "good.db")
    site.write("newsletter.db", "not a database any more")
    site.run("status", expect=None)
    site.run("restore", "good.db", "--yes")
    assert addresses(site.database) == ["ann@example.org"]
    os.unlink(site.database)
    assert "newsletter restore" in site.run("status", expect=66).err
    site.write("newsletter.db-wal", "the rest of one")
    site.run("restore", "good.db", "--yes")
    assert addresses(site.database) == ["ann@example.org"] and not os.path.exists(site.database + "-wal")


@SQLITE
def test_a_damaged_index_is_made_again(site):
    """A backup with all rows is worth having: the one before may be months old."""
    site.add_active(["ann@example.org"])
    database = sqlite3.connect(site.database, isolation_level=None)
    database.execute("PRAGMA writable_schema = ON")
    hidden = database.execute("SELECT * FROM sqlite_schema WHERE name = 'subscription_by_subscriber'").fetchone()
    database.execute("DELETE FROM sqlite_schema WHERE name = 'subscription_by_subscriber'")
    database.close()
    site.add_active(["bob@example.org"])  # the index misses it
    database = sqlite3.connect(site.database, isolation_level=None)
    database.execute("PRAGMA writable_schema = ON")
    database.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", hidden)
    database.close()
    assert "subscription_by_subscriber" in site.run("doctor", "--local", expect=None).out
    site.run("backup", "all.db")
    site.run("restore", "all.db", "--yes")
    assert "is undamaged" in site.run("doctor", "--local", expect=None).out
    assert addresses(site.database) == ["ann@example.org", "bob@example.org"]


@SQLITE
def test_no_backup_of_a_database_whose_pages_are_damaged(site):
    site.add_active([f"r{number}@example.org" for number in range(500)])
    site.run("backup", "good.db")
    [(page,)] = site.sql("SELECT rootpage FROM sqlite_schema WHERE name = 'subscription'")
    [(size,)] = site.sql("PRAGMA page_size")
    site.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    with open(site.database, "r+b") as file:
        file.seek((page - 1) * size + 8)
        file.write(b"\xff" * 200)
    assert "is not whole" in site.run("backup", "good.db", expect=74).err
    assert len(addresses(os.path.join(site.folder, "good.db"))) == 500
    assert not [name for name in os.listdir(site.folder) if ".partial" in name]


@SQLITE
def test_it_asks(site):
    site.run("backup", "good.db")
    site.run("restore", "good.db", expect=64)
    assert not [name for name in files(site) if ".before-" in name]


@pytest.mark.postgresql
def test_a_server_is_filled_by_migrating(site, tmp_path):
    site.run("backup", str(tmp_path / "copy.db"))
    assert "migrate-store" in site.run("restore", str(tmp_path / "copy.db"), "--yes", expect=64).err
    assert "can be restored" in site.run("restore", str(tmp_path / "copy.db"), "--drill").out
    site.run("backup", str(tmp_path / "copy.db"))  # over the earlier one


@SQLITE
def test_a_drill_says_what_the_backup_holds(site):
    """As docs/operators.md has it in one line, with everything in use."""
    site.add_active(["ann@example.org", "bob@example.org"])
    os.mkdir(site.folder + "/backups")
    done = subprocess.run(["bash", "-c", 'newsletter restore "$(newsletter backup backups --keep 14)" --drill'],
                          cwd=site.folder, env={**os.environ, "PATH": os.path.dirname(BINARY) + ":" + os.environ["PATH"]},
                          capture_output=True, text=True, timeout=60, check=True)
    assert "bulletin: 2 active subscriptions\n" in done.stdout and "can be restored" in done.stdout
    assert len(os.listdir(site.folder + "/backups")) == 1


@pytest.mark.slow(1)
@SQLITE
def test_a_backup_replaces_backups_only(site):
    site.add_active(["ann@example.org"])
    other = site.write("issue-11.md", "precious")
    shutil.copy(site.database, site.folder + "/idle.db")  # a database that another installation uses now and then
    os.symlink("issue-11.md", site.folder + "/link.db")
    os.mkfifo(site.folder + "/fifo")
    foreign = sqlite3.connect(site.folder + "/foreign.db")
    foreign.execute("CREATE TABLE things (a)")
    foreign.close()
    for name in ("newsletter.db", "./newsletter.db", "newsletter.db-wal", "newsletter.db-shm", "newsletter.db.lock",
                 "issue-11.md", "idle.db", "link.db", "fifo", "foreign.db"):
        site.run("backup", name, expect=65)
    assert open(other, encoding="utf-8").read() == "precious"
    assert addresses(site.database) == ["ann@example.org"]
    site.write("empty.db", "")
    site.run("backup", "empty.db")
    site.run("backup", "empty.db")
    for command in (("report", "--output"), ("export", "--output")):
        for name in ("newsletter.db", "newsletter.db-wal"):
            assert "belongs to the database" in site.run(*command, name, expect=64).err


@SQLITE
def test_a_backup_that_fails_leaves_the_earlier_one(site):
    """The disk is full: no file may grow beyond what opening the database takes."""
    site.run("backup", "copy.db")
    before = open(site.folder + "/copy.db", "rb").read()
    site.add_active(["ann@example.org"])

    def full():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
    failed = subprocess.run([BINARY, "backup", "copy.db"], cwd=site.folder, preexec_fn=full, capture_output=True,
                            timeout=60, check=False)
    assert failed.returncode != 0, failed
    assert open(site.folder + "/copy.db", "rb").read() == before
    assert not [name for name in os.listdir(site.folder) if ".partial" in name]


class Keys:
    """GnuPG, which makes keys and reads what we encrypt."""

    def __init__(self, home):
        self.home = home
        os.mkdir(home, 0o700)
        with open(home + "/gpg-agent.conf", "w", encoding="ascii") as out:
            out.write("s2k-count 65536\n")  # else each look at a password takes a tenth of a second
        self.make("office", "open sesame")
        self.make("other", "open sesame")
        self.make("signer", "", "ed25519", "sign")
        self.make("gone", "", "future-default", "default", "1d", "--faked-system-time", "20200101T000000")
        self.public = {name: self.run("--export", name) for name in ("office", "other", "signer", "gone")}
        self.secret = {name: self.run("--armor", "--export-secret-keys", name) for name in ("office", "other")}

    def run(self, *args, password="open sesame"):
        return subprocess.run(["gpg", "--homedir", self.home, "--batch", "--yes", "--pinentry-mode", "loopback",
                               "--passphrase", password, *args], capture_output=True, timeout=60, check=True).stdout

    def make(self, name, password, kind="future-default", usage="default", expires="never", *options):
        self.run(*options, "--quick-generate-key", f"{name} <{name}@example.org>", kind, usage, expires, password=password)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Its path is short: an agent's socket lies in it."""
    home = str(tmp_path_factory.mktemp("k") / "g")
    keys = Keys(home)
    yield keys
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)


@pytest.mark.slow(1)
def test_an_encrypted_backup_is_read_with_its_key_only(site, keys):
    site.add_active(["ann@example.org"])
    for name, data in (("office.pgp", keys.public["office"]), ("office.key", keys.secret["office"]),
                       ("other.key", keys.secret["other"]),
                       ("both.pgp", keys.public["office"] + keys.public["other"])):
        site.write(name, data)
    site.run("backup", "copy.pgp", "--recipients", "office.pgp")
    path = site.folder + "/copy.pgp"
    sealed = open(path, "rb").read()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert b"SQLite" not in sealed and b"ann@example.org" not in sealed
    plain = keys.run("--decrypt", path)
    assert plain.startswith(b"SQLite format 3") and b"ann@example.org" in plain
    site.run("backup", "copy.pgp", "--recipients", "office.pgp")  # over the earlier one
    assert "give the secret key" in site.run("restore", "copy.pgp", "--yes", expect=64).err
    site.run("restore", "copy.pgp", "--drill", "--key", "other.key", expect=65, stdin=b"open sesame\n")
    site.run("restore", "copy.pgp", "--drill", "--key", "office.key", expect=65, stdin=b"wrong\n")
    site.run("restore", "copy.pgp", "--drill", "--key", "office.pgp", expect=65)
    site.run("restore", "copy.pgp", "--drill", "--key", "nosuch.key", expect=66)
    for at in (len(sealed) // 2, len(sealed) - 3):
        site.write("bad.pgp", sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1:])
        site.run("restore", "bad.pgp", "--drill", "--key", "office.key", expect=65, stdin=b"open sesame\n")
    site.write("short.pgp", sealed[:-100])
    site.run("restore", "short.pgp", "--drill", "--key", "office.key", expect=65, stdin=b"open sesame\n")
    told = site.run("restore", "copy.pgp", "--drill", "--key", "office.key", stdin=b"open sesame\n").out
    assert told == "bulletin: 1 active subscriptions\ncopy.pgp can be restored\n"
    site.configure(backup={"recipients": "both.pgp"})
    os.mkdir(site.folder + "/old")
    name = site.run("backup", "old", "--keep", "1").out.strip()
    assert name.endswith(".db.pgp")
    assert "can be restored" in site.run("restore", name, "--drill", "--key", "other.key", stdin=b"open sesame\n").out
    assert not [name for name in os.listdir(site.folder) if name.endswith((".plain", ".copy", ".partial", ".restore"))]


@SQLITE
def test_an_encrypted_backup_is_restored(site, keys):
    site.add_active(["ann@example.org"])
    site.write("night.pgp", keys.public["office"])
    site.write("night.key", keys.secret["office"])
    site.run("backup", "copy.pgp", "--recipients", "night.pgp")
    site.sql("DELETE FROM subscription")
    site.run("restore", "copy.pgp", "--yes", "--key", "night.key", stdin=b"open sesame\n")
    assert site.sql("SELECT state FROM subscription") == [("active",)]
    assert not [name for name in os.listdir(site.folder) if name.endswith((".plain", ".restore"))]


@SQLITE
def test_keys_that_cannot_encrypt(site, keys):
    site.write("none.pgp", "no key")
    site.write("copy.pgp", "precious")
    site.write("gone.pgp", keys.public["gone"])
    site.write("signer.pgp", keys.public["signer"])
    for name, status in (("none.pgp", 65), ("nosuch.pgp", 66), ("gone.pgp", 65), ("signer.pgp", 65)):
        assert name in site.run("backup", "new.pgp", "--recipients", name, expect=status).err
        assert not os.path.exists(site.folder + "/new.pgp")
    site.write("good.pgp", keys.public["other"])
    site.run("backup", "copy.pgp", "--recipients", "good.pgp", expect=65)
    site.run("backup", "newsletter.db-wal", "--recipients", "good.pgp", expect=65)
    assert not [name for name in os.listdir(site.folder) if name.endswith((".plain", ".copy", ".partial"))]


@SQLITE
def test_old_copies_go_by_their_age_encrypted_or_not(site, keys):
    site.write("age.pgp", keys.public["other"])
    os.mkdir(site.folder + "/old")
    for name in ("newsletter-20260101T000000Z.db", "newsletter-20260102T000000Z.db.pgp", "newsletter-20260103T000000Z.db",
                 "newsletter-20260101T000000Z.db.notes"):
        site.write("old/" + name, "")
    site.run("backup", "old", "--keep", "2", "--recipients", "age.pgp")
    assert sorted(os.listdir(site.folder + "/old"))[:2] == ["newsletter-20260101T000000Z.db.notes",
                                                             "newsletter-20260103T000000Z.db"]
    assert len(os.listdir(site.folder + "/old")) == 3


@pytest.mark.one_engine("a copy for encryption is a file in any case")
@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_kill_leaves_no_readable_copy(site, keys, command):
    """The keys come by a pipe that nobody writes to: the process is killed while its copy lies there."""
    site.write("office.pgp", keys.public["office"])
    site.run("backup", "copy.pgp", "--recipients", "office.pgp")
    before = set(os.listdir(site.folder))
    os.mkfifo(site.folder + "/pipe")
    words = (["backup", "new.pgp", "--recipients", "pipe"] if command == "backup" else
             ["restore", "copy.pgp", "--drill", "--key", "pipe"])
    with site.popen(*words) as process:
        wait_for(lambda: command == "restore" or any(name.endswith(".copy") for name in os.listdir(site.folder)))
        os.kill(process.pid, signal.SIGSTOP)
        process.kill()
        assert process.stdout.read() == b""  # nobody waits for the guard
    wait_for(lambda: not [name for name in os.listdir(site.folder) if re.search(r"\.(copy|plain)", name)])
    others = {name for name in os.listdir(site.folder) if not name.endswith((".partial", "-wal", "-shm"))}
    assert others - before == {"pipe"}  # a partial one is encrypted


@pytest.mark.one_engine("a copy for encryption is a file in any case")
def test_copies_that_a_loss_of_power_left_are_swept_away(site, keys):
    site.write("office.pgp", keys.public["office"])
    for name, age in (("newsletter.db.0a1b2c3d.copy", 7200), ("newsletter.db.4e5f6a7b.copy", 60),
                      ("newsletter.db.mine.copy", 7200)):
        path = site.write(name, "x")
        os.utime(path, (time.time() - age, time.time() - age))
    site.run("backup", "copy.pgp", "--recipients", "office.pgp")
    left = sorted(name for name in os.listdir(site.folder) if name.endswith(".copy"))
    assert left == ["newsletter.db.4e5f6a7b.copy", "newsletter.db.mine.copy"]
