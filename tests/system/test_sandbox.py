"""The sandbox: what lies outside cannot be opened by `serve`, `send`, `retry` and `bounce`."""
import ctypes
import os
import pathlib
import re
import select
import shutil
import subprocess
import tempfile

import pytest
from conftest import BINARY, wait_for
from webserver import WebServer

LANDLOCK_CREATE_RULESET, GIVE_VERSION = 444, 1


def version():
    return ctypes.CDLL(None, use_errno=True).syscall(LANDLOCK_CREATE_RULESET, 0, 0, GIVE_VERSION)


pytestmark = pytest.mark.skipif(version() < 2, reason="needs a kernel with Landlock")
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(8) + (20).to_bytes(4, "big") * 2 + bytes(9)
SECRET = "a text that lies outside"


@pytest.fixture
def folder():
    """Neither in memory nor where temporary files are: the installation may use both."""
    path = tempfile.mkdtemp(prefix="newsletter-outside-", dir="/var/tmp")
    yield pathlib.Path(path)
    shutil.rmtree(path)


@pytest.fixture
def outside(folder):
    """A file that is not the installation's, which a link in it leads to."""
    path = folder / "text"

    def link(site, name, text=SECRET):
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        where = os.path.join(site.folder, name)
        os.makedirs(os.path.dirname(where), exist_ok=True)
        os.symlink(path, where)
    return link


@pytest.fixture
def serving(connected):
    """Starts it; ends it at the end of the test, if it did not end by itself."""
    started = []

    def start(**settings):
        connected.configure(serve={"url": "http://127.0.0.1/", "check_forms": False}, **settings)
        started.append(WebServer(BINARY, connected.folder))
        return started[-1]
    yield start
    for web in started:
        web.stop()


def threads(pid):
    """The words of the kernel on each thread of a process."""
    return [open(f"/proc/{pid}/task/{task}/status", encoding="ascii").read() for task in os.listdir(f"/proc/{pid}/task")]


def test_serve_reads_nothing_outside(connected, serving, outside):
    outside(connected, "templates/page.css")
    web = serving(templates="templates", staff={"listen": "127.0.0.1:0", "url": "http://127.0.0.1"})
    answer = web.get("/style.css")
    assert answer.status == 500 and SECRET not in answer.text
    assert web.get("/robots.txt").status == 200
    assert all(re.search(r"^NoNewPrivs:\t1$", status, re.M) for status in threads(web.process.pid))
    assert "Permission denied" in web.stop()


def test_the_environment_names_further_files(connected, serving, outside, monkeypatch, folder):
    monkeypatch.setenv("NEWSLETTER_SANDBOX_ALLOW", f"{os.environ['NEWSLETTER_SANDBOX_ALLOW']}:{folder}")
    outside(connected, "templates/page.css")
    assert SECRET in serving(templates="templates").get("/style.css").text


def test_off_is_off(connected, serving, outside):
    outside(connected, "templates/page.css")
    web = serving(templates="templates", sandbox="off")
    assert SECRET in web.get("/style.css").text


def test_what_a_setting_names_is_inside(connected, serving, outside):
    """Also where it is a link, as certificates are, and lies in a folder of others."""
    outside(connected, "logos/logo.png", PICTURE)
    web = serving(organisation={"logo": "logos/logo.png"})
    assert web.get("/logo.png").status == 200


def test_a_visit_as_a_whole(connected, server, serving):
    """Joining, the mails that it causes, confirming, and the archive, whose pictures need fonts."""
    connected.add_active(["bob@example.org"])
    connected.run("send", "--yes", connected.issue())
    web = serving()
    web.post("/join", {"email": "ann@example.org", "list": "bulletin"})
    wait_for(lambda: server.messages("ann@example.org"))
    page = web.get("/archive/bulletin/issue/no-1/")
    picture = re.search(r'og:image" content="https?://[^/"]+(/[^"]+)', page.text)
    assert page.status == 200 and (picture is None or web.get(picture.group(1)).status == 200), page.text
    assert not re.search(r" 5\d\d ", web.stop())


@pytest.mark.parametrize("sandbox, refused", [("auto", True), ("off", False)])
@pytest.mark.parametrize("command", [("retry",), ("send", "--worker")], ids=" ".join)
def test_notices_read_nothing_outside(connected, server, outside, command, sandbox, refused):
    outside(connected, "templates/confirmation.txt", "Subject: Confirm\n\n{{confirm_url}} " + SECRET + "\n")
    connected.configure(port=9)
    connected.run("subscribe", "--wait", "ann@example.org")
    connected.configure(port=server.port, templates="templates", sandbox=sandbox)
    process = connected.popen(*command)
    try:
        if refused:
            wait_for(lambda: process.poll() is not None or select.select([process.stderr], [], [], 0)[0])
            assert b"Permission denied" in process.stderr.readline()
            assert server.count() == 0
        else:
            wait_for(lambda: server.messages("ann@example.org"))
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
def test_send_is_confined_before_it_speaks_to_the_relay(connected, server):
    connected.add_active(["ann@example.org"])
    trace = os.path.join(connected.folder, "calls")
    subprocess.run(["strace", "-f", "-qq", "-o", trace, "-e", "trace=connect,landlock_restrict_self", BINARY, "send", "--yes",
                    connected.issue()], cwd=connected.folder, check=True, capture_output=True, timeout=120,
                   env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    with open(trace, encoding="utf-8") as lines:
        calls = [line for line in lines if "landlock" in line or f"htons({server.port})" in line]
    assert "landlock_restrict_self" in calls[0] and calls[0].rstrip().endswith("= 0") and len(calls) > 1, calls
    assert server.messages("ann@example.org")


@pytest.mark.parametrize("sandbox, status", [("auto", 77), ("off", 0)])
def test_bounce_reads_nothing_outside(site, outside, sandbox, status):
    outside(site, "Maildir/new/1", "From: a@example.org\nSubject: hello\n\nHello.\n")
    os.makedirs(os.path.join(site.folder, "Maildir", "cur"))
    site.configure(sandbox=sandbox)
    done = site.run("bounce", "Maildir", expect=None)
    assert (done.returncode == 0) == (status == 0), done.err
    assert ("Permission denied" in done.err) == (status != 0)


def test_it_says_whether_there_is_one(site):
    assert "sandbox" not in site.run("retry").err
    assert f"sandbox: Landlock, version {version()}" in site.run("retry", env={"NEWSLETTER_DEBUG": "1"}).err
    site.configure(sandbox="sometimes")
    assert "expected auto or off" in site.run("retry", expect=78).err
