"""An issue is made in parts while it is sent: whatever ends the process in the middle, each person of the audience
gets it once, and nobody else."""
import json
import signal

import pytest
from conftest import wait_for

PART = 2000
READERS = [f"reader{number}@example.org" for number in range(30)]


@pytest.fixture(name="large")
def fixture_large(connected):
    """A list of three parts. The issue goes to people with a name: ten in each part."""
    for first in range(0, 30, 10):
        connected.add_active(READERS[first:first + 10], name="Reader")
        connected.add_active(f"other{first}-{number}@example.org" for number in range(PART - 10 - (first == 20)))
    return connected


def begin(site, path, **options):
    return site.run("send", "--yes", "--where", "name is known", path, **options)


def stop_in_the_middle(site):
    """The third part fails, as on a full disk."""
    site.sql("CREATE TRIGGER fault BEFORE DELETE ON making BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
    said = begin(site, site.issue(), expect=None)
    assert said.returncode != 0 and "the disk is full" in said.err
    site.sql("DROP TRIGGER fault")


def received(server):
    return {address: len(server.messages(address)) for address in READERS}


@pytest.mark.slow(1)
@pytest.mark.one_engine("a trigger in SQLite's language")
def test_a_failure_in_the_middle(large, server):
    stop_in_the_middle(large)
    shown = large.run("status", "no-1").out
    assert "being made: 20 of about 30" in shown, shown
    status = json.loads(large.run("status", "no-1", "--json").out)[0]
    assert status["being_made"] == {"made": 20, "about": 30} and sum(status["deliveries"].values()) == 20
    large.run("unsubscribe", "--address", READERS[25])  # before the part that they are in
    large.run("retry")
    assert large.sql("SELECT state FROM issue") == [("sent",)] and large.sql("SELECT count(*) FROM making") == [(0,)]
    unknown = large.states().get("unknown", 0)  # under way when the process ended
    assert sum(received(server).values()) >= 29 - unknown and received(server)[READERS[25]] == 0
    assert max(received(server).values()) == 1
    assert sum(large.states().values()) == 29
    assert json.loads(large.run("status", "no-1", "--json").out)[0]["being_made"] is None


@pytest.mark.slow(1)
@pytest.mark.one_engine("a trigger in SQLite's language")
def test_cancelled_in_the_middle(large):
    stop_in_the_middle(large)
    under_way = 20 - large.states().get("queued", 0)
    cancelled = json.loads(large.run("cancel", "no-1", "--json").out)
    assert cancelled["will_not_get_it"] == 30 - under_way
    large.run("retry")
    assert large.sql("SELECT state FROM issue") == [("cancelled",)] and large.sql("SELECT count(*) FROM making") == [(0,)]
    assert sum(large.states().values()) == 20


@pytest.mark.slow(1)
@pytest.mark.one_engine("a trigger in SQLite's language")
def test_resumed_with_the_number_that_is_left(large, server):
    stop_in_the_middle(large)
    large.run("pause", "no-1")
    left = 30 - large.states().get("sent", 0)
    plan = large.run("send", "--dry-run", "--where", "name is known", large.issue(), expect=None).out
    assert f"Recipients: {left}\n" in plan, plan
    large.run("resume", "no-1")
    assert large.sql("SELECT state FROM issue") == [("sent",)]
    assert max(received(server).values()) == 1 and sum(large.states().values()) == 30


@pytest.mark.slow(1)
def test_killed_in_the_middle(large, server):
    sender = large.popen("send", "--yes", "--where", "name is known", large.issue())
    wait_for(lambda: large.sql("SELECT count(*) FROM issue")[0][0] == 1)
    sender.send_signal(signal.SIGKILL)
    sender.communicate()
    large.sql("UPDATE delivery SET lease_until = 1 WHERE state = 'leased'")
    large.run("retry")
    assert large.sql("SELECT state FROM issue") == [("sent",)]
    states = large.states()
    assert sum(states.values()) == 30 and max(received(server).values()) == 1
    assert sum(received(server).values()) >= states["sent"]


@pytest.mark.slow(1)
def test_who_confirms_meanwhile_gets_none(large, server):
    """The first part is made, the process has gone; somebody in a later part joins."""
    late = READERS[27]
    large.sql("UPDATE subscription SET state = 'pending' WHERE subscriber = "
              "(SELECT id FROM subscriber WHERE address = ?)", late)
    large.settings["smtp"]["port"] = 9  # nobody listens there
    large.configure()
    large.run("send", "--yes", "--where", "name is known", large.issue(), expect=None)
    middle = large.sql("SELECT count(*) FROM making")[0][0] > 0
    large.sql("UPDATE subscription SET state = 'active' WHERE subscriber = "
              "(SELECT id FROM subscriber WHERE address = ?)", late)
    large.configure(port=server.port)
    large.run("retry")
    assert large.sql("SELECT state FROM issue") == [("sent",)]
    assert received(server) == {address: int(address != late) for address in READERS}, middle
