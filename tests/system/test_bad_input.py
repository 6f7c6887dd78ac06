"""Bad input: one line on stderr that says what to do, a sysexits status, nothing half-done."""
import os
import shutil
import subprocess

import pytest
from conftest import BINARY, Site, wait_for

FRONT = "---\ntitle: T\ndate: 2026-08-25\n---\n"


def one_line(result):
    assert result.out == "" and result.err.count("\n") == 1, (result.out, result.err)
    assert result.err.startswith("newsletter: ")
    return result.err


@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("text, words", [
    ("", "no front matter"),
    ("# Just Markdown\n", "no front matter"),
    ("---\ntitle: T\n", "does not end"),
    ("---\ntitle: T\n---\nx\n", "no date"),
    ("---\ndate: 2026-08-25\n---\nx\n", "no title"),
    ("---\ntitle: T\ndate: 2026-02-30\n---\nx\n", "a day that exists"),
    ("---\ntitle: T\ndate: tomorrow\n---\nx\n", "a day that exists"),
    ("---\ntitel: T\ndate: 2026-08-25\n---\nx\n", "issue.md:2: unknown key 'titel'"),
    ("---\ntitle: A\ntitle: B\ndate: 2026-08-25\n---\nx\n", "issue.md:3: 'title' is given twice"),
    ("---\ntitle: [a\n---\nx\n", "not valid YAML"),
    ("---\ntitle: &a x\nnumber: *a\ndate: 2026-08-25\n---\nx\n", "anchor"),
    ('---\ntitle: "T\\r\\nBcc: x@example.org"\ndate: 2026-08-25\n---\nx\n', "control character"),
    ('---\ntitle: "T\\u2028x"\ndate: 2026-08-25\n---\nx\n', "control character"),
    ("---\ntitle: T\ndate: 2026-08-25\nslug: A b\n---\nx\n", "slug"),
    (FRONT, "no text"),
    (FRONT + "Hi {{nmae}}\n", "unknown variable {{nmae}}"),
    (FRONT + "[x](javascript:alert(1))\n", "javascript"),
    (FRONT + "[x](page.html)\n", "page.html"),
    (FRONT + "![x](photo.jpg)\n", "photo.jpg"),
    (FRONT.encode() + b"caf\xe9\n", "issue.md:5: not valid UTF-8"),
    (FRONT + "bell \x07\n", "issue.md:5: control character 0x07"),
    (FRONT + "slot \x011\x02\n", "control character 0x01"),
])
def test_issue(site, text, words):
    site.add_active(["ann@example.org"])
    site.write("issue.md", text)
    for command in ("send", "preview"):
        assert words in one_line(site.run(command, "issue.md", expect=65))
    assert site.sql("SELECT count(*) FROM issue") == [(0,)]
    assert not os.path.exists(os.path.join(site.folder, "issue.preview"))


def test_unreadable_issue(site):
    assert "check the path" in one_line(site.run("send", "--yes", "nowhere.md", expect=66))
    os.mkdir(os.path.join(site.folder, "folder.md"))
    one_line(site.run("send", "--yes", "folder.md", expect=74))


@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("args", [
    (), ("frobnicate",), ("send",), ("send", "a.md", "b.md"), ("send", "--frob", "a.md"),
    ("list",), ("list", "frob"), ("list", "add"), ("confirm",), ("subscribe", "a@b.org", "c@d.org"),
    ("retry", "now"), ("status", "a", "b"), ("--config",), ("unsubscribe", "--list", "x", "y"),
    ("suppress",), ("suppress", "frob"), ("suppress", "add"), ("suppress", "list", "x"),
])
def test_usage(site, args):
    site.run(*args, expect=64)


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("options, words", [
    (("add", "Bad Name", "--from", "a@example.org"), "not a list name"),
    (("add", "other"), "needs a sender"),
    (("add", "other", "--from", "nonsense"), "no @"),
    (("add", "other", "--from", "X <a@example.org>\r\nBcc: b@example.org"), "control character"),
    (("add", "other", "--from", "a@example.org", "--title", "x\nBcc: b@example.org"), "control"),
    (("add", "other", "--from", "a@example.org", "--owner", "x"), "owner"),
    (("add", "other", "--from", "a@example.org", "--archive-url", "ftp://x"), "archive URL"),
    (("add", "other", "--from", "a@example.org", "--archive-url", "https://x/\r\nX: y"), "control"),
    (("add", "other", "--from", "a@example.org", "--list-id", "<x>"), "List-Id"),
    (("add", "other", "--from", "a@example.org", "--language", "e n"), "language"),
    (("add", "bulletin", "--from", "a@example.org"), "already"),
])
def test_list(site, options, words):
    assert words in one_line(site.run("list", *options, expect=65))
    assert site.sql("SELECT count(*) FROM list") == [(1,)]


def test_which_list(site):
    one_line(site.run("list", "show", "nope", expect=67))
    site.run("list", "add", "other", "--from", "a@example.org")
    assert "bulletin, other" in one_line(site.run("subscribe", "ann@example.org", expect=64))
    site.run("list", "edit", "other", "--title", "Other News")
    assert "Other News" in site.run("list", "show", "other").out


@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("text, words", [
    ("smtp: {port: 99999}", "smtp.port"), ("smpt: {port: 25}", "unknown setting 'smpt.port'"),
    ("retry: {first: soon}", "expected a duration"), ("smtp: {security: maybe}", "starttls, tls"),
    ("smtp: {host: 'a/b'}", "not a host name"), ("confirm_url: 'https://x/'", "{token}"),
    ("confirm_url: 'ftp://x/{token}'", "{token}"), ("bounce_address: nobody", "bounce_address"),
    ("database: [", "not valid YAML"), ("- a", "not valid YAML"), ("smtp: {verify: maybe}", "true or"),
    ("templates: nowhere", "templates folder"),
    ("dkim: {selector: x}", "go together"), ("dkim: {selector: 'a b', key_file: k}", "selector"),
])
def test_configuration(site, text, words):
    site.write("newsletter.yaml", "unsubscribe_url: 'https://x.example/{token}'\n" + text + "\n")
    site.write("issue.md", FRONT + "x\n")
    assert words in one_line(site.run("preview", "issue.md", expect=78))


def test_configuration_that_anybody_may_change(site):
    os.chmod(os.path.join(site.folder, "newsletter.yaml"), 0o666)
    assert "chmod" in one_line(site.run("status", expect=78))


def test_no_installation(tmp_path):
    site = Site(tmp_path)
    assert "newsletter init" in one_line(site.run("status", expect=66))
    os.unlink(os.path.join(site.folder, "newsletter.yaml"))
    assert "newsletter init" in one_line(site.run("--config", "none.yaml", "status", expect=78))


def test_no_way_to_leave(site):
    site.settings.pop("unsubscribe_url")
    site.configure()
    site.add_active(["ann@example.org"])
    assert "unsubscribe_url" in one_line(site.run("send", "--yes", site.issue(), expect=78))


@pytest.mark.one_engine("about SQLite's own files")
def test_corrupt_database(site):
    with open(site.database, "r+b") as database:
        database.write(b"not a database at all" * 20)
    assert "backup" in one_line(site.run("status", expect=74))
    open(site.database, "w", encoding="ascii").close()
    assert "empty" in one_line(site.run("status", expect=74))


def test_foreign_database(site, tmp_path):
    import sqlite3
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE x (y)")
    other.commit()
    other.close()
    assert "other program" in one_line(site.run("--db", "other.db", "status", expect=78))


def test_newer_schema(site):
    site.sql("INSERT INTO schema_migration VALUES (9000, '9000-future.sql', 'x', 1)")
    assert "install the later one" in one_line(site.run("status", expect=78))


def test_changed_migration(site):
    site.sql("UPDATE schema_migration SET checksum = 'x'")
    assert "another form" in one_line(site.run("status", expect=78))


@pytest.mark.slow(10)
@pytest.mark.one_engine("about SQLite's own files")
def test_locked_database(site, tmp_path):
    import sqlite3
    holder = sqlite3.connect(site.database, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert "locked" in one_line(site.run("subscribe", "ann@example.org", expect=75))
    holder.execute("ROLLBACK")
    holder.close()


def as_nobody(site, *args):
    """Runs a command as an unprivileged user, for whom modes count."""
    return subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", BINARY,
                           "--config", os.path.join(site.folder, "newsletter.yaml"), *args],
                          cwd="/", capture_output=True, timeout=60, check=False)


@pytest.fixture
def open_path():
    """A folder that others may enter: pytest's own are closed to them."""
    folder = f"/tmp/newsletter-test-{os.getpid()}"
    os.mkdir(folder, 0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.one_engine("about SQLite's own files")
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
def test_unwritable_database(open_path):
    site = Site(open_path)
    site.install()
    os.chmod(os.path.join(open_path, "newsletter.yaml"), 0o644)
    os.chmod(site.database, 0o600)
    result = as_nobody(site, "subscribe", "ann@example.org")
    assert result.returncode == 77 and result.stderr.count(b"\n") == 1, result.stderr
    assert b"check" in result.stderr


@pytest.mark.one_engine("about SQLite's own files")
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small disk")
def test_full_disk(tmp_path):
    """A database on a disk that fills up in the middle of a fan-out: nothing of it stays."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)],
                      capture_output=True, check=False).returncode != 0:
        full_disk_by_limit(tmp_path)
        return
    try:
        site = Site(disk)
        site.install()
        fill_up_and_send(site, lambda: fill(disk))
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def fill(folder):
    with open(os.path.join(folder, "ballast"), "wb", buffering=0) as out:
        try:
            while True:
                out.write(b"x" * 4096)
        except OSError:
            pass


def fill_up_and_send(site, make_full):
    site.add_active([f"user{i}@example.org" for i in range(500)])
    path = site.issue()
    make_full()
    result = site.run("send", "--yes", path, expect=74)
    assert "make room" in result.err and result.err.count("\n") == 1
    os.unlink(os.path.join(site.folder, "ballast"))
    assert site.sql("SELECT count(*) FROM issue") == [(0,)]
    assert site.sql("SELECT count(*) FROM delivery") == [(0,)]


def full_disk_by_limit(tmp_path):
    """Without the right to mount: SQLite's own page limit answers as a full disk does."""
    site = Site(tmp_path)
    site.install()
    site.add_active([f"user{i}@example.org" for i in range(500)])
    limit = f"ulimit -f {os.path.getsize(site.database) // 1024}; exec \"$@\""
    result = subprocess.run(["bash", "-c", "trap '' XFSZ; " + limit, "bash", BINARY, "send", "--yes",
                             site.issue()], cwd=site.folder, capture_output=True, timeout=60,
                            check=False)
    assert result.returncode == 74, result.stderr
    assert site.sql("SELECT count(*) FROM issue") == [(0,)]


@pytest.mark.slow
@pytest.mark.one_engine("about SQLite's own files")
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small disk")
def test_disk_that_fills_up_while_an_issue_is_sent(tmp_path, server):
    """The run stops, and goes on once there is room: nobody is missed, nobody mailed twice."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)],
                      capture_output=True, check=False).returncode != 0:
        pytest.skip("may not mount")
    try:
        site = Site(disk)
        site.configure(port=server.port, smtp={"connections": 6})
        site.install()
        people = [f"user{i}@example.org" for i in range(600)]
        site.add_active(people)
        path = site.issue()
        server.handler.delay = 0.01
        run = site.popen("send", "--yes", path)
        wait_for(lambda: server.handler.accepted > 100)
        fill(disk)
        _, err = run.communicate(timeout=60)
        assert run.returncode == 74 and b"make room" in err
        os.unlink(disk / "ballast")
        site.run("send", "--yes", path)
        states = site.state_of_each()
        assert list(states.values()).count("unknown") <= 6  # one for each connection
        for address in people:
            count = len(server.messages(address))
            assert count == 1 if states[address] == "sent" else count <= 1, address
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.one_engine("the engine makes no difference")
def test_output_that_cannot_be_written(site):
    with open("/dev/full", "wb") as full:
        run = subprocess.run([BINARY, "list", "show"], cwd=site.folder, stdout=full,
                             stderr=subprocess.PIPE, timeout=60, check=False)
    assert run.returncode == 74 and b"standard output" in run.stderr


@pytest.mark.one_engine("the engine makes no difference")
def test_help_everywhere():
    for command in ("init", "list", "subscribe", "confirm", "unsubscribe", "preview", "send",
                    "retry", "status", "suppress", "pause", "resume", "cancel", "dkim"):
        run = subprocess.run([BINARY, command, "--help"], capture_output=True, timeout=60,
                             check=False)
        assert run.returncode == 0 and b"Usage:" in run.stdout and b"Example" in run.stdout
    assert subprocess.run([BINARY, "--version"], capture_output=True, check=True).stdout
