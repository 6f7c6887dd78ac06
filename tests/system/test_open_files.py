"""A process may have few files open at a time (ulimit -n): connections take only their part of them."""
import resource
import socket
import subprocess
from http.client import HTTPConnection

import pytest

from conftest import BINARY, wait_for
from webserver import WebServer

pytestmark = pytest.mark.one_engine("the limit is the process's")


def few(count):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


@pytest.mark.slow(1)
@pytest.mark.parametrize("files, most", [(40, 4), (64, 16)])
def test_an_issue_goes_out_over_fewer_connections(connected, server, files, most):
    connected.add_active([f"p{number}@example.org" for number in range(60)])
    done = subprocess.run([BINARY, "send", connected.issue(), "--yes"], cwd=connected.folder, preexec_fn=few(files),
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert f"no more than {most} of 100 connections: this process may have few files open (ulimit -n)" in done.stderr
    assert connected.states() == {"sent": 60}
    assert all(len(server.messages(f"p{number}@example.org")) == 1 for number in range(60))


def test_a_limit_that_is_low_by_habit_is_raised(connected, server):
    connected.add_active(["ann@example.org"])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    done = subprocess.run([BINARY, "send", connected.issue(), "--yes"], cwd=connected.folder, capture_output=True, text=True,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard)), timeout=60, check=False)
    assert done.returncode == 0 and "ulimit" not in done.stderr
    assert len(server.messages("ann@example.org")) == 1


@pytest.mark.slow(1)
def test_visitors_take_no_place_of_the_sender(connected, server):
    """More connections from outside than the process may have files: somebody who was there before joins, and gets the mail."""
    connected.configure(serve={"url": "https://news.example.org", "check_forms": False})
    http = WebServer(BINARY, connected.folder, preexec_fn=few(160))
    early = HTTPConnection("127.0.0.1", http.port, timeout=30)
    early.connect()
    visitors = []
    try:
        for number in range(200):
            visitor = socket.socket()
            visitor.bind((f"127.0.1.{number + 1}", 0))
            visitor.settimeout(30)
            visitor.connect(("127.0.0.1", http.port))
            visitors.append(visitor)
        early.request("POST", "/join", body="email=ann%40example.org", headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert early.getresponse().status == 200
        wait_for(lambda: server.messages("ann@example.org"))
        assert http.logged().count("no more than 64 of 1100 connections") == 1
        assert "Too many open files" not in http.logged()
    finally:
        for visitor in [early, *visitors]:
            visitor.close()
        http.stop()
