"""One worker, on either engine."""
import json
import os
import re
import signal

import pytest
from conftest import wait_for


@pytest.fixture
def worker(connected):
    connected.configure(workers={"lease": "4s"})
    started = connected.popen("send", "--worker")
    yield started
    started.kill()
    started.communicate()


@pytest.mark.slow(1)
def test_sends_what_comes(connected, server, worker):
    connected.add_active([f"user{i}@example.org" for i in range(20)])
    server.handler.tempfail = {"user7@example.org"}
    connected.run("send", "--yes", connected.issue(), "--at", "2100-01-01 00:00")
    connected.sql("UPDATE issue SET scheduled_at = 1, state = state")
    wait_for(lambda: connected.sql("SELECT state FROM issue") == [("sent",)], 60)
    assert server.count() == 20 and connected.states() == {"sent": 20}
    worker.send_signal(signal.SIGTERM)
    out, err = worker.communicate(timeout=30)
    assert worker.returncode == 0 and err == b"", err
    assert sum(int(count) for count in re.findall(rb"no-1: (\d+) sent", out)) == 20, out


def test_confirmation_mails(connected, server, worker):
    with open(connected.folder + "/newsletter.yaml", encoding="utf-8") as source:
        settings = json.load(source)
    settings["smtp"]["port"] = 9  # the hook finds nobody there
    connected.run("--config", connected.write("hook.yaml", json.dumps(settings)), "subscribe", "ann@example.org")
    wait_for(lambda: server.count() == 1, 60)


def test_ends_in_the_middle(connected, server, worker):
    server.handler.delay = 0.05
    connected.add_active([f"user{i}@example.org" for i in range(400)])
    connected.run("send", "--yes", connected.issue(), "--at", "2100-01-01 00:00")
    connected.sql("UPDATE issue SET scheduled_at = 1, state = state")
    wait_for(lambda: server.handler.accepted > 10)
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=30)
    assert worker.returncode == 0
    states = connected.states()
    assert set(states) == {"sent", "queued"} and states["sent"] == server.count()


def test_a_relay_that_is_away(connected):
    connected.configure(port=9)
    worker = connected.popen("send", "--worker")
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", connected.issue(), "--at", "2100-01-01 00:00")
    connected.sql("UPDATE issue SET scheduled_at = 1, state = state")
    assert b"no-1" in worker.stderr.readline()
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=30)
    assert connected.states() == {"queued": 1}


@pytest.mark.parametrize("words", [["--worker", "issue.md"], ["--worker", "--yes"], ["--yes", "--worker"]])
def test_stands_alone(connected, words):
    assert "--worker cannot be combined" in connected.run("send", *words, expect=64).err


def test_without_a_database(bare_site):
    bare_site.configure(database="/nowhere/newsletter.db")
    assert bare_site.run("send", "--worker", expect=66).err.startswith("newsletter: no database")
    assert not os.path.exists("/nowhere")
