"""Where standard error is the journal's, what is said are entries with fields. The journal is a socket of
this test's, in its place: no real one runs where tests do."""
import os
import socket
import subprocess

import pytest
from conftest import BINARY
from test_staff import PASSWORD, StaffServer, configure

pytestmark = pytest.mark.one_engine("the engine makes no difference")

JOURNAL = "/run/systemd/journal/socket"


@pytest.fixture
def journal():
    with open(BINARY, "rb") as program:
        named = b"libsystemd.so" in program.read()  # it may be opened on demand
    if os.geteuid() != 0 or os.path.exists(JOURNAL) or not named:
        pytest.skip("needs root, no journal, and a build with libsystemd")
    os.makedirs(os.path.dirname(JOURNAL), exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(JOURNAL)
        listener.settimeout(10)
        yield listener
    os.unlink(JOURNAL)


def entry(journal):
    lines = journal.recv(65536).decode().splitlines()
    return dict(line.split("=", 1) for line in lines)


def connected_to_journal(path):
    """As systemd does it: the stream's device and inode in the environment."""
    out = open(path, "wb")
    info = os.fstat(out.fileno())
    return out, {**os.environ, "JOURNAL_STREAM": f"{info.st_dev}:{info.st_ino}"}


def test_errors_of_commands(site, journal, tmp_path):
    out, environment = connected_to_journal(tmp_path / "stderr")
    subprocess.run([BINARY, "list", "show", "nosuch"], cwd=site.folder, stderr=out, env=environment, check=False)
    out.close()
    found = entry(journal)
    assert found["PRIORITY"] == "3" and found["SYSLOG_IDENTIFIER"] == "newsletter" and "nosuch" in found["MESSAGE"]
    assert (tmp_path / "stderr").read_bytes() == b""


def test_elsewhere_it_is_lines(site, journal):
    environment = {"JOURNAL_STREAM": "1:2"}  # of a service whose standard error was redirected
    assert "nosuch" in site.run("list", "show", "nosuch", expect=67, env=environment).err


@pytest.mark.slow(1)
def test_requests_and_logins(connected, journal, tmp_path):
    configure(connected)
    out, environment = connected_to_journal(tmp_path / "stderr")
    http = StaffServer.__new__(StaffServer)
    http.process = subprocess.Popen([BINARY, "serve", "--listen", "127.0.0.1:0", "--no-mail"], cwd=connected.folder,
                                    stdout=subprocess.PIPE, stderr=out, text=True, env=environment)
    http.process.stdout.readline()
    http.port = int(http.process.stdout.readline().strip().rsplit(":", 1)[1])
    assert "sandbox" in entry(journal)["MESSAGE"]
    http.get("/style.css?token=secret")
    found = entry(journal)
    assert {key: found[f"NEWSLETTER_{key}"] for key in ("METHOD", "PATH", "STATUS", "CLIENT")} == {
        "METHOD": "GET", "PATH": "/style.css", "STATUS": "200", "CLIENT": "127.0.0.1"}
    assert found["PRIORITY"] == "6" and "secret" not in str(found)
    http.login()
    found = entry(journal)
    assert found["NEWSLETTER_LOGIN"] == "good" and found["NEWSLETTER_STAFF"] == "ann" and PASSWORD not in str(found)
    http.process.terminate()
    assert http.process.wait(timeout=30) == 0
    out.close()
