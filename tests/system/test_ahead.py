"""With one connection, commit points are recorded ahead of time, several with one wait for the disk. What a process that
was killed had begun is known all the same; after a power failure the next few are in doubt."""
import os
import re
import shutil
import signal
import subprocess

import pytest
from conftest import BINARY, wait_for
from scripted import Scripted

PEOPLE = [f"user{n}@example.org" for n in range(200)]


@pytest.fixture
def server():
    started = Scripted(offers=["CHUNKING"], chunking=True, delay=0.005)
    yield started
    started.stop()


def witnesses(site):
    """The witnesses of the runs that hold leases."""
    owners = site.sql("SELECT DISTINCT lease_owner FROM delivery WHERE state = 'leased'")
    return {path for owner, in owners for path in [f"/dev/shm/newsletter-{owner}"] if os.path.exists(path)}


def kill_in_the_middle(site, server):
    enough = len(server.received) + 10
    run = site.popen("send", "--yes", "issue.md")
    wait_for(lambda: len(server.received) >= enough or run.poll() is not None)
    run.send_signal(signal.SIGKILL)
    run.communicate(timeout=60)
    assert run.returncode == -signal.SIGKILL


def prepare(site, server, people=PEOPLE):
    site.configure(port=server.port, smtp={"connections": 1}, workers={"lease": "3s"})
    site.add_active(people)
    assert site.issue().endswith("issue.md")


@pytest.mark.slow(1)
@pytest.mark.parametrize("flights", [True, False])
def test_killed_on_one_connection(site, server, flights):
    server.offers = ["CHUNKING"] if flights else []
    prepare(site, server)
    kills = 6
    left = set()
    for _ in range(kills):
        kill_in_the_middle(site, server)
        assert site.sql("SELECT count(*) FROM delivery WHERE state = 'leased' AND dot_at < 0")[0][0] <= 8 * kills
        left |= witnesses(site)
    finish(site)
    states = site.state_of_each()
    received = {address: server.received.count(address) for address in PEOPLE}
    assert all(received[a] == 1 if state == "sent" else received[a] <= 1 for a, state in states.items())
    assert set(states.values()) <= {"sent", "unknown"}
    # At most the one message that was under way. Nothing is lost of those whose commit point was ahead.
    assert list(states.values()).count("unknown") <= kills
    assert left and not any(os.path.exists(path) for path in left)


def finish(site):
    """A server's database keeps leases until they are over."""
    wait_for(lambda: site.run("send", "--yes", "issue.md", expect=None) and
             site.sql("SELECT state FROM issue") == [("sent",)], 60)


@pytest.mark.slow(1)
def test_the_machine_goes_down(site, server):
    """Then memory is gone, and with it the witness: the next few are in doubt, and nobody gets the issue twice."""
    prepare(site, server)
    kill_in_the_middle(site, server)
    for path in witnesses(site):
        os.unlink(path)
    finish(site)
    states = site.state_of_each()
    received = {address: server.received.count(address) for address in PEOPLE}
    assert all(received[a] == 1 if state == "sent" else received[a] <= 1 for a, state in states.items())
    assert 0 < list(states.values()).count("unknown") <= 9


@pytest.mark.one_engine("a server waits for its own disk")
@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_waits_for_the_disk(site, server):
    """Each serves six messages, also where one lease ends and the next one begins."""
    people = [f"user{n}@example.org" for n in range(400)]
    prepare(site, server, people)
    result = subprocess.run(["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", BINARY, "send", "--yes", "issue.md"],
                            cwd=site.folder, capture_output=True, text=True, check=True,
                            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})  # it cannot look for leaks under strace
    calls = sum(int(line.split()[3]) for line in re.findall(r"^.*sync$", result.stderr, re.M))
    assert len(server.received) == len(people)
    assert 0 < calls < 85, result.stderr  # 67, and those before the first message and after the last
