"""Nobody has to set how fast mail goes out: how many connections are best is found while sending, and remembered."""
import json

import pytest
from postfix import Postfix, available
from scripted import scripted  # noqa: F401

pytestmark = pytest.mark.one_engine("the engine makes no difference")
PEOPLE = [f"user{n}@example.org" for n in range(150)]


def send(site, port, number="No 1", expect=0, **smtp):
    site.configure(port=port, smtp=smtp)
    return site.run("send", "--yes", site.issue(number=number), expect=expect)


def found(site):
    return json.loads(site.run("status", "--json").out)["relay"]


@pytest.mark.slow(1)
def test_a_relay_that_takes_its_time_gets_more_connections(site, scripted):
    server = scripted(delay=0.1)
    site.add_active(PEOPLE)
    send(site, server.port)
    assert sorted(server.received) == sorted(PEOPLE)
    assert 16 <= server.peak <= 100
    relay = found(site)
    assert relay["connections"] >= 8 and relay["window"] == 1 and relay["per_second"] > 0
    line = site.run("status").out.splitlines()[-1]
    assert line.startswith(f"Relay 127.0.0.1:{server.port}: {relay['per_second']} messages a second over ")
    # The next run begins where this one has ended.
    site.sql("UPDATE setting SET value = '40 1 400 1 ' || CAST(strftime('%s') AS TEXT) WHERE key LIKE 'relay pace %'")
    server.peak = 0
    send(site, server.port, number="No 2")
    assert server.peak >= 40


def test_the_configuration_has_the_last_word(site, scripted):
    server = scripted(delay=0.05)
    site.add_active(PEOPLE[:60])
    send(site, server.port, connections=3)
    assert server.peak == 3 and len(server.received) == 60
    relay = found(site)
    assert (relay["connections"], relay["held_back_by"]) == (3, "limit")
    assert site.run("status").out.splitlines()[-1].split(" (")[0].endswith(
        "over 3 connections, held back by smtp.connections and smtp.window")


def test_a_relay_with_room_for_five(site, scripted):
    """It is not asked again and again for a sixth connection."""
    server = scripted(room=5, delay=0.02)
    site.add_active(PEOPLE)
    send(site, server.port)
    assert sorted(server.received) == sorted(PEOPLE)
    assert server.peak == 5 and server.turned_away < 12
    relay = found(site)
    assert relay["connections"] <= 5 and relay["held_back_by"] == "relay"


def test_a_relay_without_the_pipelining_that_it_offers(site, scripted):
    """Without CHUNKING too: nothing is in doubt, nobody has an attempt less, and the next run knows."""
    server = scripted(pipelining="broken")
    site.add_active(PEOPLE[:20])
    send(site, server.port, timeout="1s", connections=4)
    assert sorted(server.received) == sorted(PEOPLE[:20])
    assert site.sql("SELECT DISTINCT state, attempts FROM delivery") == [("sent", 1)]
    assert site.sql("SELECT count(*) FROM setting WHERE key LIKE 'relay without pipelining %'") == [(1,)]
    turns = server.peak
    send(site, server.port, number="No 2", timeout="5m", connections=4)  # it does not wait for a reply that never comes
    assert len(server.received) == 40 and turns > 0


@pytest.mark.slow
@pytest.mark.skipif(not available(), reason="needs Postfix, and root to start it")
def test_postfix_with_room_for_four(site):
    postfix = Postfix()
    try:
        postfix.write("etc/main.cf", postfix.read("etc/main.cf") + "smtpd_client_connection_count_limit = 4\n"
                      "smtpd_client_event_limit_exceptions =\n")
        postfix.run("reload")
        people = [f"user{n}@example.org" for n in range(40)]
        site.add_active(people)
        for number in range(5):
            send(site, postfix.port, number=f"No {number}")
            assert site.states() == {"sent": 40 * (number + 1)}
        relay = found(site)
        assert relay["connections"] <= 4 and relay["held_back_by"] == "relay"
        assert postfix.log().count("Connection concurrency limit exceeded") < 40
    finally:
        postfix.stop()
