"""Messages that a provider takes in a minute and in an hour, and the plan by which a new source address warms up: counted in the
database, for all processes."""
import collections
import datetime
import time

import pytest

import zones
from conftest import wait_for
from test_direct import people, replies

pytestmark = pytest.mark.skipif(not zones.available(), reason="needs Debian's knot")


def day(before):
    return (datetime.date.today() - datetime.timedelta(days=before)).isoformat()


def ready(site, world, addresses, settings=None, **direct):
    world.start()
    site.configure(**world.settings(**direct), **(settings or {}))
    site.add_active(addresses)


def google(world, domain="gmail.com", name="mx1.google.com", **behaviour):
    host = world.host(name, **behaviour)
    world.domain(domain, name)
    return host


def send(site, name="issue.md", number="No 1", expect=None):
    return site.run("send", site.issue(name=name, number=number, title=f"Issue {number}"), "--yes", expect=expect)


def stop_at(site, host, count):
    """Sends until so many were taken and no more come, and stops the run."""
    process = site.popen("send", site.issue(), "--yes")
    wait_for(lambda: sum(host.taken.values()) >= count)
    wait_for(lambda: site.states().get("deferred", 0) > 0 and not {"queued", "leased"} & set(site.states()))
    process.terminate()
    process.communicate(timeout=60)


@pytest.mark.slow(1)
def test_a_provider_gets_so_many_messages_in_a_minute(site, world):
    host = google(world)
    fine = world.destination("fine.example")
    ready(site, world, people("gmail.com", count=30) + people("fine.example", count=30), providers=[{"name": "google", "per_minute": 12}])
    stop_at(site, host, 12)
    assert sum(host.taken.values()) == 12 and sum(fine.taken.values()) == 30  # others do not wait
    assert site.states() == {"sent": 42, "deferred": 18}
    assert site.sql("SELECT count(*) FROM attempt") == [(42,)]  # to wait for one's turn is no attempt
    site.sql("UPDATE allowance SET ends_at = 1")  # the minute is over
    site.sql("UPDATE delivery SET next_attempt_at = 1 WHERE state = 'deferred'")
    process = site.popen("retry")
    wait_for(lambda: sum(host.taken.values()) == 24)
    process.terminate()
    process.communicate(timeout=60)
    assert sum(host.taken.values()) == 24 and set(host.taken.values()) == {1}


def test_an_hour_counts_as_well_and_others_have_a_limit_each(site, world):
    one = world.destination("one.example")
    two = world.destination("two.example")
    ready(site, world, people("one.example", "two.example", count=10), providers=[{"name": "other", "per_hour": 4}])
    send(site)
    assert (sum(one.taken.values()), sum(two.taken.values())) == (4, 4)
    assert site.states() == {"sent": 8, "deferred": 12}
    assert {text for text in site.sql("SELECT attempts FROM delivery WHERE state = 'deferred'")} == {(0,)}


@pytest.mark.slow(1)
def test_processes_share_a_limit(site, world):
    """Two issues at once, by two processes."""
    host = google(world)
    ready(site, world, people("gmail.com", count=15), providers=[{"name": "google", "per_hour": 20}])
    runs = [site.popen("send", site.issue(name=f"i{number}.md", number=str(number), title=f"T{number}"), "--yes") for number in (1, 2)]
    for run in runs:
        run.communicate(timeout=100)
    assert sum(host.taken.values()) == 20
    assert collections.Counter(state for (state,) in site.sql("SELECT state FROM delivery WHERE issue IS NOT NULL")) == {"sent": 20, "deferred": 10}


@pytest.mark.slow(1)
def test_the_pace_that_one_process_finds_is_that_of_others(site, world):
    """This run takes over what another process has stored meanwhile."""
    host = world.destination("fine.example")
    world.delay = 0.1
    ready(site, world, people("fine.example", count=400), connections=10)
    site.configure(smtp={"per_connection": 2})
    process = site.popen("send", site.issue(), "--yes")
    wait_for(lambda: host.open >= 6)
    key = f"relay pace direct mx.fine.example {host.address}"
    site.sql("INSERT INTO setting (key, value) VALUES (?, ?)", key, f"1 1 0 1 {int(time.time()) + 1}")
    wait_for(lambda: host.open <= 1)
    host.most_open = 0
    before = sum(host.taken.values())
    wait_for(lambda: sum(host.taken.values()) >= before + 10)
    assert host.most_open == 1
    process.terminate()
    process.communicate(timeout=60)


@pytest.mark.slow(1)
def test_a_process_tells_at_once_that_it_was_throttled(site, world):
    host = world.destination("crowded.example", most=3)
    world.delay = 0.1
    ready(site, world, people("crowded.example", count=1500))
    process = site.popen("send", site.issue(), "--yes")
    wait_for(lambda: host.turned_away > 0)
    wait_for(lambda: site.sql("SELECT count(*) FROM setting WHERE key LIKE 'relay pace direct mx.crowded.example %'") == [(1,)])
    assert host.turned_away > 0 and process.poll() is None
    process.terminate()
    process.communicate(timeout=60)


def test_what_was_not_used_is_given_back(site, world):
    host = google(world)
    ready(site, world, people("gmail.com", count=3), providers=[{"name": "google", "per_hour": 1000}])
    send(site, expect=0)
    assert sum(host.taken.values()) == 3
    assert site.sql("SELECT taken FROM allowance WHERE name LIKE 'hour %'") == [(3,)]


def sources(world, *since):
    return [{"address": f"{world.net}.{200 + number}", "helo": f"m{number}.sender.example", **({"since": one} if one else {})}
            for number, one in enumerate(since)]


def plan(*days, provider="google"):
    return [{"provider": provider, "days": list(days)}]


@pytest.mark.slow(1)
def test_a_new_address_warms_up_by_the_plan_of_each_provider(site, world):
    """The day is that of the clock; what is over the plan waits for the next one."""
    host = google(world)
    other = world.destination("fine.example")
    ready(site, world, people("gmail.com", "fine.example", count=20), sources=sources(world, day(0)),
          warm_up=plan(5, 8, 100) + plan(7, 100, provider="other"))
    send(site)
    assert (sum(host.taken.values()), sum(other.taken.values())) == (5, 7)
    assert site.states() == {"sent": 12, "deferred": 28}
    assert site.sql("SELECT max(attempts) FROM delivery WHERE state = 'deferred'") == [(0,)]
    send(site)  # on the same day nothing more
    site.sql("UPDATE delivery SET next_attempt_at = 1 WHERE state = 'deferred'")
    site.run("retry", expect=None)
    assert (sum(host.taken.values()), sum(other.taken.values())) == (5, 7)
    for since, so_many in ((1, 13), (2, 20)):  # the next days
        site.configure(**world.settings(sources=sources(world, day(since)), warm_up=plan(5, 8, 100) + plan(7, 100, provider="other")))
        site.sql("DELETE FROM allowance")
        site.sql("UPDATE delivery SET next_attempt_at = 1 WHERE state = 'deferred'")
        site.run("retry", expect=None)
        assert sum(host.taken.values()) == so_many
    assert site.states() == {"sent": 40} and set(host.taken.values()) == {1}


@pytest.mark.slow(1)
@pytest.mark.one_engine("the clock is the same")
def test_the_next_day_comes_by_the_clock(site, world):
    from test_wrong_clock import LIBRARY, sanitized
    if LIBRARY is None or sanitized():
        pytest.skip("needs libfaketime, as the first library")
    host = google(world)
    ready(site, world, people("gmail.com", count=20), sources=sources(world, day(0)), warm_up=plan(5, 8, 100))
    send(site)
    assert sum(host.taken.values()) == 5
    for days, so_many in (("+1d", 13), ("+2d", 20)):
        site.run("retry", env={"LD_PRELOAD": LIBRARY, "FAKETIME": days, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}, expect=None)
        assert sum(host.taken.values()) == so_many, replies(site)


def test_what_is_over_the_plan_goes_by_another_address(site, world):
    host = google(world)
    ready(site, world, people("gmail.com", count=20), sources=sources(world, day(0), None), warm_up=plan(5))
    site.configure(smtp={"per_connection": 1})
    send(site, expect=0)
    assert site.states() == {"sent": 20}
    assert host.peers[f"{world.net}.200"] <= 5 and sum(host.peers.values()) == 20 and host.peers[f"{world.net}.201"] >= 15


@pytest.mark.slow(1)
def test_what_is_over_the_plan_goes_to_the_relay(site, server, world):
    host = google(world)
    ready(site, world, people("gmail.com", count=20), sources=sources(world, day(0)), warm_up=plan(5),
          settings={"fallback": "relay"})
    site.configure(port=server.port)
    send(site, expect=0)
    assert sum(host.taken.values()) == 5 and server.handler.accepted == 15 and site.states() == {"sent": 20}


def test_before_its_first_day_an_address_is_not_used(site, world):
    host = google(world)
    ready(site, world, people("gmail.com", count=5), sources=sources(world, day(-2), None))
    send(site, expect=0)
    assert set(host.peers) == {f"{world.net}.201"}


def test_built_in_plans_begin_small(site, world):
    """A new address with the plans of mailbox_providers.txt: 50 messages for Google on the first day."""
    host = google(world)
    ready(site, world, people("gmail.com", count=80), sources=sources(world, day(0)))
    send(site)
    assert sum(host.taken.values()) == 50


@pytest.mark.parametrize("given, said", [
    ({"sources": [{"address": "127.0.0.1", "since": "soon"}]}, "is not a day"), ({"warm_up": [{"provider": "google"}]}, "needs both"),
    ({"providers": [{"per_minute": 5}]}, "has no name")])
@pytest.mark.one_engine("the file is the same")
def test_settings_that_cannot_be_meant(site, given, said):
    site.configure(delivery="direct", direct=given)
    assert said in site.run("status", expect=78).err
