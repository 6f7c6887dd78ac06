"""Tables on terminals of any width: over a real pseudo-terminal, no line is wider, and texts are cut by the columns that they take."""
import fcntl
import os
import pty
import struct
import subprocess
import termios
import unicodedata

import pytest
from conftest import BINARY

WIDTHS = (40, 60, 80, 132)
LONG = "a-name-of-an-issue-that-somebody-has-made-far-too-long-for-any-table-" * 2
TABLES = (["status"], ["report"], ["report", "1"], ["suppress", "list"], ["segment"], ["webhook"], ["staff"], ["report", "--reputation"])


def on_terminal(site, columns, *args):
    """The output of a command whose standard output is a terminal."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    run = subprocess.Popen([BINARY, *args], cwd=site.folder, stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.PIPE)
    os.close(slave)
    parts = []
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        parts.append(part)
        if not part:
            break
    os.close(master)
    err = run.communicate(timeout=60)[1].decode()
    assert run.returncode == 0, err
    return b"".join(parts).decode().replace("\r\n", "\n")


def columns_of(line):
    return sum(0 if unicodedata.category(sign) in ("Mn", "Me", "Cf") else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
               for sign in line)


@pytest.fixture
def full(connected, server):
    """Everything that a table shows, with long names, and names of other scripts."""
    connected.configure(webhooks={"allow_networks": "127.0.0.0/8"})
    connected.add_active(["ann@example.org", f"{'b' * 60}@{'sub.' * 20}example.org"])
    server.handler.reject.add("ann@example.org")
    connected.run("send", "--yes", connected.issue(name="first.md"))
    connected.run("send", "--yes", connected.issue(name="second.md", number="No 2", slug=LONG[:64]))
    connected.run("segment", "add", "s" * 60, " or ".join(f'email ~ "{n}"' for n in range(30)))
    connected.run("webhook", "add", "hook", "http://127.0.0.1:9/" + "x" * 90)
    connected.run("staff", "token", "t" * 30, "--scope", "people,issues,send,admin")
    connected.run("suppress", "add", f"{'c' * 60}@{'very.' * 20}example.org", "--reason", "東京都のニュースレターを停止してください" * 3)
    connected.run("suppress", "add", "arab@example.org", "--reason", "طلب إلغاء الاشتراك عبر الهاتف من فضلك " * 2)
    connected.sql("UPDATE issue SET state = 'paused', pause_note = ? WHERE id = 1", "الخادم يرفض " * 20)
    return connected


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal(full, width):
    for args in TABLES:
        out = on_terminal(full, width, *args)
        prose = 80 if args in (["report", "1"], ["report", "--reputation"]) else 0
        wide = [line for line in out.splitlines() if columns_of(line) > max(width, prose)]
        assert out.strip() and not wide, (args, wide)


def test_what_does_not_fit_is_shortened(full):
    assert "…" in on_terminal(full, 80, "suppress", "list") and "…" in on_terminal(full, 80, "segment")
    assert LONG[:64] in on_terminal(full, 400, "status")
    lines = on_terminal(full, 132, "status").splitlines()
    assert lines[0].startswith("ISSUE") and lines[0].endswith("SKIPPED") and any("…" in line for line in lines)
    narrow = on_terminal(full, 40, "status").splitlines()
    assert narrow[narrow.index("no-1") + 1].startswith("  state paused")


def test_without_a_terminal_nothing_is_cut(full):
    for args in TABLES:
        assert "…" not in full.run(*args).out, args
    assert LONG[:64] in full.run("status").out and "فضلك" in full.run("suppress", "list").out
