"""Programs that start us may have closed standard input, output or error: none of our files and connections takes such a number."""
import os
import subprocess
from http.client import HTTPConnection

import pytest

from conftest import BINARY, wait_for


def start(site, closed, *args):
    def close():
        for number in closed:
            os.close(number)
    return subprocess.Popen([BINARY, *args], cwd=site.folder, preexec_fn=close, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(site, closed, *args):
    process = start(site, closed, *args)
    out, err = process.communicate(timeout=60)
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_their_places_are_taken(site, closed):
    """A process that stays, with its database open."""
    process = start(site, closed, "send", "--worker")
    try:
        wait_for(lambda: any(place.startswith(("socket:", site.database)) for place in places(process)))
        assert [places(process)[number] for number in closed] == ["/dev/null"] * len(closed)
        for number in closed:  # the wrong way round: whoever writes or reads there is told
            with open(f"/proc/{process.pid}/fdinfo/{number}", encoding="ascii") as info:
                flags = int(next(line for line in info if line.startswith("flags:")).split()[1], 8)
            assert flags & os.O_ACCMODE == (os.O_RDONLY if number else os.O_WRONLY)
    finally:
        process.terminate()
        process.communicate()


def places(process):
    """The files and connections of a process, by number."""
    folder = f"/proc/{process.pid}/fd"
    found = []
    for number in sorted(map(int, os.listdir(folder))):
        try:
            found.append(os.readlink(f"{folder}/{number}"))
        except FileNotFoundError:  # closed since
            found.append("")
    return found


def test_reading_and_writing_there_fail(site):
    assert run(site, (1,), "list", "show") == (74, "", "newsletter: cannot write to standard output\n")
    status, _, err = run(site, (0,), "import", "-", "--consent", "stated")
    assert status == 66 and "standard input" in err
    assert run(site, (2,), "send", "nothing.md")[0] == 66


@pytest.mark.slow(1)
def test_a_log_that_is_read_no_longer_ends_no_server(site):
    """As `newsletter serve 2>&1 | logger`, when logger ends."""
    site.configure(serve={"url": "https://news.example.org", "log": True})
    process = start(site, (), "serve", "--listen", "127.0.0.1:0")
    try:
        port = int(process.stdout.readline().decode().rsplit(":", 1)[1])
        process.stdout.close()
        process.stderr.close()
        for number in range(5):
            connection = HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", f"/nothing{number}")
            assert connection.getresponse().status == 404
            connection.close()
        assert process.poll() is None
    finally:
        process.terminate()
        assert process.wait(30) in (0, 74)


@pytest.mark.slow(1)
def test_messages_that_are_read_no_longer_end_no_issue(connected, server):
    connected.add_active([f"p{number}@example.org" for number in range(20)])
    process = start(connected, (), "send", connected.issue(), "--yes")
    process.stdout.close()
    process.stderr.close()
    assert process.wait(60) == 74
    assert connected.states() == {"sent": 20}
