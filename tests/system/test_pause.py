"""Pausing, resuming and cancelling an issue, from another terminal."""
import pytest
from conftest import wait_for


@pytest.fixture
def sending(connected, server):
    """An issue to 200 people, slowly on its way; yields the site, the file and the process."""
    server.handler.delay = 0.02
    connected.configure(smtp={"connections": 4})
    connected.add_active([f"user{i}@example.org" for i in range(200)])
    path = connected.issue()
    run = connected.popen("send", "--yes", path)
    wait_for(lambda: server.handler.accepted > 10)
    yield connected, path, run
    run.kill()
    run.communicate()


@pytest.mark.slow(1)
def test_pause_and_resume(sending, server):
    site, path, run = sending
    assert "is paused" in site.run("pause", "No 1").out
    _, err = run.communicate(timeout=30)
    assert run.returncode == 75 and b"paused or cancelled" in err
    states = site.states()
    assert set(states) == {"sent", "queued"} and states["sent"] == server.count() < 150
    assert "is paused: by hand" in site.run("retry").err
    assert site.states() == states
    site.run("pause", "No 1", expect=65)
    server.handler.delay = 0
    assert f"{states['queued']} sent" in site.run("resume", "no-1").out
    assert site.states() == {"sent": 200} and server.count() == 200
    site.run("resume", "1", expect=65)


def test_cancel(sending, server):
    site, path, run = sending
    assert "is cancelled" in site.run("cancel", "No 1").out
    run.communicate(timeout=30)
    assert run.returncode == 75
    states = site.states()
    assert set(states) == {"sent", "skipped"} and states["sent"] == server.count() < 150
    assert site.run("retry").out == ""
    for command in (("send", "--yes", path), ("resume", "No 1"), ("pause", "No 1"), ("cancel", "No 1")):
        site.run(*command, expect=65)
    assert site.states() == states


def test_cancel_after_an_interruption(connected):
    connected.add_active(["ann@example.org"])
    connected.configure(port=9)
    connected.run("send", "--yes", connected.issue(), expect=75)
    connected.run("cancel", "1")
    assert connected.states() == {"skipped": 1}


def test_which_issue(connected):
    connected.run("pause", "nothing", expect=67)
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", connected.issue(slug="one"))
    connected.run("send", "--yes", connected.issue(slug="two"))
    assert "2 issues" in connected.run("pause", "No 1", expect=64).err
    connected.run("pause", "one", expect=65)
