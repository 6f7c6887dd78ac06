"""Putting a backup back, and what a backup may replace."""
import os
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess

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
    assert told.startswith("restored nightly.db\nkept the database of before as ")
    assert connected.sql("SELECT count(*) FROM issue") == [(0,)]
    assert "is undamaged" in connected.run("doctor", "--local", expect=None).out
    assert stat.S_IMODE(os.stat(connected.database).st_mode) == 0o600
    assert os.path.exists(kept(connected) + "-wal")  # and all of it is there
    before = sqlite3.connect(kept(connected))
    assert before.execute("SELECT state FROM issue").fetchall() == [("sending",)]
    before.close()


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
