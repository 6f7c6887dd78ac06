"""Delivery to the recipients' own servers: each outcome as the RFCs have it, on an internet of our own."""
import asyncio
import collections
import json
import signal
import time

import pytest

import zones
from conftest import wait_for
from internet import greylisting

pytestmark = pytest.mark.skipif(not zones.available(), reason="needs Debian's knot")


def ready(site, world, addresses, **settings):
    world.start()
    site.configure(**{**world.settings(), **settings})
    site.add_active(addresses)


def send(site, expect=0):
    return site.run("send", site.issue(), "--yes", expect=expect)


def replies(site):
    return dict(site.sql("SELECT r.address, d.reply_text FROM delivery d JOIN subscription s ON s.id = d.subscription "
                         "JOIN subscriber r ON r.id = s.subscriber WHERE d.issue IS NOT NULL"))


def people(*domains, count=1):
    return [f"p{number}@{domain}" for domain in domains for number in range(count)]


@pytest.mark.slow(1)
def test_each_outcome_is_as_the_rfc_has_it(site, world):
    world.destination("fine.example")
    world.destination("secure.example", tls=world.certificate())
    world.destination("broken-tls.example", tls="broken")
    world.destination("grey.example", replies={b"RCPT": greylisting()})
    world.destination("unknown.example", replies={b"RCPT": "550 5.1.1 No such user"})
    world.destination("blocked.example", replies={b"MAIL": "554 5.7.1 Your address is on a block list"})
    world.destination("shut.example", replies={b"BANNER": "554 5.3.2 No service"})
    world.destination("dropping.example", replies={b"RCPT": ""})
    world.destination("in-doubt.example", replies={b"DOT": ""})
    world.destination("dead.example", listens=False)
    world.destination("six.example", aaaa=["2001:db8::dead"])
    second = world.host("second.backup.example")
    world.host("first.backup.example", listens=False)
    world.domain("backup.example", "first.backup.example", second.name)
    world.domain("null.example", (0, ""))
    world.domain("loop.example", "mx.loop.example")
    world.records.append("mx.loop.example. A 10.0.0.1")
    world.below["broken"].append("servfail.example")
    world.below["bogus"]["bogus.example"] = "bogus.example. A 127.0.0.1"
    expected = {"fine": "sent", "secure": "sent", "broken-tls": "sent", "grey": "deferred", "unknown": "bounced",
                "blocked": "deferred", "shut": "deferred", "dropping": "deferred", "in-doubt": "unknown", "dead": "deferred",
                "six": "sent", "backup": "sent", "null": "bounced", "loop": "failed", "servfail": "deferred",
                "bogus": "deferred", "missing": "bounced"}
    ready(site, world, people(*(f"{name}.example" for name in expected)), retry={"first": "1h", "max": "1h"})
    send(site, expect=None)
    found = {address.split("@")[1].removesuffix(".example"): state for address, state in site.state_of_each().items()}
    assert found == expected, replies(site)
    said = {address.split("@")[1].removesuffix(".example"): text for address, text in replies(site).items()}
    assert said["fine"] == "mx.fine.example (no TLS): Taken"
    assert said["secure"].startswith("mx.secure.example (TLSv1.") and world.hosts["mx.secure.example"].over_tls == 1
    assert said["broken-tls"].startswith("mx.broken-tls.example (no TLS)")
    assert said["backup"].startswith("second.backup.example")
    assert "RFC 7505" in said["null"] and "NXDOMAIN" in said["missing"] and "SERVFAIL" in said["servfail"]
    assert "DNSSEC" in said["bogus"] and "private networks" in said["loop"]
    ended = dict(site.sql("SELECT r.address, s.state FROM subscription s JOIN subscriber r ON r.id = s.subscriber "
                          "WHERE s.state <> 'active'"))
    assert ended == {address: "bounced" for address in people("unknown.example", "null.example", "missing.example")}


def test_a_greylisted_message_is_sent_later(site, world):
    host = world.destination("grey.example", replies={b"RCPT": greylisting()})
    ready(site, world, people("grey.example", count=5))
    send(site, expect=None)
    assert site.states() == {"deferred": 5}
    wait_for(lambda: site.run("retry", expect=None) and site.states() == {"sent": 5})
    assert host.taken == collections.Counter(people("grey.example", count=5))


@pytest.mark.slow(1)
def test_domains_with_the_same_hosts_share_connections(site, world):
    host = world.host("mx.provider.example")
    domains = [f"customer{number}.example" for number in range(30)]
    for domain in domains:
        world.domain(domain, host.name)
    ready(site, world, people(*domains, count=4))
    send(site)
    assert sum(host.taken.values()) == 120 and set(host.taken.values()) == {1}
    assert host.connections <= 10 and host.most_open <= 10


def test_a_dead_server_is_tried_once_and_not_for_each_recipient(site, world):
    host = world.destination("shut.example", replies={b"BANNER": "421 4.3.2 No service"})
    fine = world.destination("fine.example")
    ready(site, world, people("shut.example", count=50) + people("fine.example", count=5), retry={"first": "1h", "max": "1h"})
    send(site, expect=None)
    assert site.states() == {"deferred": 50, "sent": 5}
    assert host.connections <= 2  # as many as are opened at first
    assert sum(fine.taken.values()) == 5


@pytest.mark.slow(1)
def test_a_slow_destination_holds_up_no_other(site, world):
    """A server that never answers has more deliveries in front of the others than a run leases at a time."""
    slow = world.destination("slow.example", replies={b"MAIL": None})
    fine = world.destination("fine.example")
    ready(site, world, people("slow.example", count=2500) + people("fine.example", count=20), smtp={**site.settings["smtp"],
                                                                                                "timeout": "10m"})
    process = site.popen("send", site.issue(), "--yes")
    wait_for(lambda: sum(fine.taken.values()) == 20, seconds=60)
    assert site.state_of_each()["p0@fine.example"] in ("sent", "leased")
    assert slow.most_open <= 10 and not slow.taken
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_no_more_messages_than_a_server_takes_on_a_connection(site, world):
    host = world.destination("few.example", close_after=3)
    ready(site, world, people("few.example", count=20))
    send(site, expect=None)
    wait_for(lambda: site.states() == {"sent": 20} or not site.run("retry", expect=None))
    assert host.taken == collections.Counter(people("few.example", count=20))


def test_no_more_connections_than_a_server_takes(site, world):
    host = world.destination("crowded.example", most=1)
    ready(site, world, people("crowded.example", count=30))
    send(site, expect=None)
    wait_for(lambda: site.states() == {"sent": 30} or not site.run("retry", expect=None), seconds=60)
    assert set(host.taken.values()) == {1}


def test_one_turned_away_before_another_is_greeted(site, world):
    """The host is not down: the connection that is on its way carries everything."""
    host = world.destination("one.example", most=1, greets_after=0.5)
    ready(site, world, people("one.example", count=30))
    send(site)
    assert site.states() == {"sent": 30} and host.turned_away >= 1 and host.connections - host.turned_away == 1


@pytest.mark.slow(16)
def test_processes_share_the_connections_of_a_server(site, world):
    """Two processes have half of them each, and the one that is left takes them all; one that was killed counts for some seconds."""
    host = world.destination("shared.example", pace=0.05)
    world.start()
    site.configure(**world.settings(connections=8))
    site.add_active(people("shared.example", count=2000))
    paths = [site.issue(name=f"{number}.md", number=f"No {number}", title=f"Issue {number}") for number in (1, 2)]
    first = site.popen("send", paths[0], "--yes")
    wait_for(lambda: host.open == 8)
    second = site.popen("send", paths[1], "--yes")
    senders = "SELECT count(*) FROM setting WHERE key LIKE 'direct sender %'"
    wait_for(lambda: site.sql(senders) == [(2,)])
    wait_for(lambda: host.open == 8)  # the first closes four of its own, and the second has four
    for _ in range(20):
        assert host.open <= 8
        time.sleep(0.1)
    second.kill()
    second.communicate()
    wait_for(lambda: host.open <= 4)
    wait_for(lambda: host.open == 8)
    first.terminate()
    assert first.wait(60) == 75
    assert site.sql(senders) == [(0,)]
    assert not [address for address, count in host.taken.items() if count > 2]


def test_a_server_that_knows_nobody_is_not_believed(site, world):
    world.destination("confused.example", replies={b"RCPT": "550 5.1.1 No such user"})
    ready(site, world, people("confused.example", count=40), retry={"first": "1h", "max": "1h"})
    send(site, expect=None)
    states = site.states()
    assert states["bounced"] <= 10 and states["bounced"] + states["deferred"] == 40


def test_routes_and_the_relay_in_one_run(site, server, world):
    host = world.destination("direct.example")
    world.destination("dead.example", listens=False)
    ready(site, world, people("direct.example", "dead.example", "relayed.example", count=3), delivery="relay",
          routes=[{"domain": "direct.example", "by": "direct"}, {"domain": "DEAD.example"}], fallback="relay",
          smtp={**site.settings["smtp"], "port": server.port})
    send(site)
    assert site.states() == {"sent": 9}
    assert sorted(host.taken) == people("direct.example", count=3)
    assert all(len(server.messages(address)) == 1 for address in people("dead.example", "relayed.example", count=3))


@pytest.mark.slow(1)
def test_killed_at_any_moment_nobody_is_missed_or_mailed_twice(site, world):
    for number in range(12):
        world.destination(f"d{number}.example", replies={b"RCPT": greylisting()} if number % 4 == 0 else {})
    addresses = people(*(f"d{number}.example" for number in range(12)), count=40)
    world.delay = 0.02
    ready(site, world, addresses, workers={"lease": "3s"})
    processes = [site.popen("send", site.issue(), "--yes")]

    def has_taken(target):
        if processes[-1].poll() is not None:  # with a server, leases of the dead last for three seconds
            processes.append(site.popen("retry"))
        return sum(world.taken.values()) >= target

    kills = 0
    for target in (20, 120, 250, 330):
        wait_for(lambda: has_taken(target), seconds=60)
        processes[-1].send_signal(signal.SIGKILL)
        processes[-1].communicate()
        kills += processes[-1].returncode == -signal.SIGKILL
    for process in processes:
        process.communicate()
    assert kills >= 2
    wait_for(lambda: not {"queued", "leased", "deferred"} & set(site.states()) or site.run("retry", expect=None) is None, seconds=60)
    states = site.state_of_each()
    assert set(states.values()) <= {"sent", "unknown"}
    assert set(world.taken.values()) == {1}
    assert not {address for address, state in states.items() if state == "sent"} - set(world.taken)
    assert sum(state == "sent" for state in states.values()) > 240


@pytest.mark.slow(1)
def test_moving_from_direct_to_the_relay_in_the_middle_of_an_issue(site, server, world):
    world.destination("fine.example")
    world.destination("dead.example", listens=False)
    ready(site, world, people("fine.example", "dead.example", count=5))
    send(site, expect=None)
    assert site.states() == {"sent": 5, "deferred": 5}
    site.configure(delivery="relay", port=server.port)
    wait_for(lambda: site.run("retry", expect=None) and site.states() == {"sent": 10})
    assert all(len(server.messages(address)) == 1 for address in people("dead.example", count=5))


def test_a_notice_goes_out_directly_too(site, world):
    host = world.destination("fine.example")
    world.start()
    site.configure(**world.settings())
    site.run("subscribe", "new@fine.example")
    assert host.taken == {"new@fine.example": 1}


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("settings, text", [
    ({"delivery": "pigeon"}, "delivery is 'pigeon', expected relay or direct"),
    ({"fallback": "pigeon"}, "expected none or relay"),
    ({"routes": [{"domain": "no domain"}]}, "routes.0: 'no domain' is not a domain"),
    ({"routes": [{"by": "direct"}, {"domain": "b.example"}]}, "routes.0 has no domain"),
    ({"direct": {"allow_networks": "everything"}}, "direct.allow_networks"),
    ({"direct": {"port": 0}}, "a number in range")])
def test_settings_that_make_no_sense_are_refused(site, settings, text):
    site.configure(**settings)
    assert text in site.run("status", expect=78).err


def test_dns_settings_that_cannot_be_used_stop_the_run(site):
    site.add_active(["a@fine.example"])
    site.configure(delivery="direct", dns={"servers": "name.example"})
    assert "dns.servers" in send(site, expect=78).err
    site.configure(dns={"trust_anchor": "/nowhere"})
    assert "dns.trust_anchor" in site.run("retry", expect=78).err
    assert site.states() == {"queued": 1}


def test_the_relay_stands_in_for_what_cannot_be_reached(site, server, world):
    world.destination("blocked.example", replies={b"MAIL": "554 5.7.1 Your address is on a block list"})
    world.destination("unknown.example", replies={b"RCPT": "550 5.1.1 No such user"})
    world.destination("grey.example", replies={b"RCPT": greylisting()})
    world.below["broken"].append("servfail.example")
    ready(site, world, people("blocked.example", "unknown.example", "grey.example", "servfail.example", "missing.example"),
          fallback="relay", smtp={**site.settings["smtp"], "port": server.port}, retry={"first": "1h", "max": "1h"})
    send(site, expect=None)
    assert site.state_of_each() == {"p0@blocked.example": "sent", "p0@servfail.example": "sent", "p0@unknown.example": "bounced",
                                    "p0@grey.example": "deferred", "p0@missing.example": "bounced"}
    assert len(server.messages("p0@blocked.example")) == len(server.messages("p0@servfail.example")) == 1
    assert not server.messages("p0@grey.example")


@pytest.mark.slow(1)
def test_a_test_mail_goes_the_way_of_its_domain(site, server, world):
    host = world.host("mx.two.example")
    world.host("dead.two.example", listens=False)
    world.domain("two.example", "dead.two.example", host.name)
    world.destination("unknown.example", replies={b"RCPT": "550 5.1.1 No such user"})
    world.start()
    site.configure(**{**world.settings(), "routes": [{"domain": "relayed.example", "by": "relay"}]}, port=server.port)
    issue = site.issue()
    site.run("send", issue, "--test", "press@two.example")
    assert host.taken == {"press@two.example": 1}
    site.run("send", issue, "--test", "press@relayed.example")
    assert len(server.messages("press@relayed.example")) == 1
    assert "No such user" in site.run("send", issue, "--test", "press@unknown.example", expect=69).err
    assert "NXDOMAIN" in site.run("send", issue, "--test", "press@missing.example", expect=69).err


@pytest.mark.slow(1)
def test_a_message_that_is_too_large_for_a_mail_host(site, world):
    """More mail hosts than there can be relays, each of which refuses the size that it has announced."""
    domains = [f"small{number}.example" for number in range(30)]
    hosts = [world.destination(domain, offers=("PIPELINING", "SIZE 100")) for domain in domains]
    world.destination("large.example")
    ready(site, world, people(*domains, "large.example"))
    send(site, expect=None)
    assert site.states() == {"failed": 30, "sent": 1}
    assert not any(host.verbs[b"MAIL"] for host in hosts)


def test_a_message_that_is_too_large_for_a_backup(site, world):
    """It stands in for a host that may take the message."""
    first = world.host("first.two.example", listens=False)
    second = world.host("second.two.example", offers=("PIPELINING", "SIZE 100"))
    world.domain("two.example", first.name, second.name)
    ready(site, world, people("two.example"), retry={"first": "1h", "max": "1h"})
    send(site)
    assert site.sql("SELECT state, reply_code, reply_status FROM delivery WHERE issue IS NOT NULL") == [("deferred", 452, "4.3.4")]
    world.listen(first, world.port)
    site.sql("UPDATE delivery SET next_attempt_at = 1 WHERE state = 'deferred'")
    site.run("retry")
    assert first.taken == collections.Counter(people("two.example")) and site.states() == {"sent": 1}


@pytest.mark.slow(1)
def test_a_provider_gets_no_more_than_is_known_of_it(site, world):
    host = world.host("smtp-in.orange.fr")
    world.domain("orange.fr", host.name)
    world.delay = 0.002
    ready(site, world, people("orange.fr", count=160))
    send(site)
    assert host.taken == collections.Counter(people("orange.fr", count=160))
    assert host.most_open <= 2 and host.connections >= 4  # two at a time, 50 messages each


@pytest.mark.slow(1)
def test_what_a_destination_takes_is_remembered(site, world):
    host = world.destination("crowded.example", most=1)
    ready(site, world, people("crowded.example", count=30))
    send(site, expect=None)
    wait_for(lambda: site.states() == {"sent": 30} or not site.run("retry", expect=None), seconds=60)
    turned_away = host.turned_away
    assert turned_away >= 1
    site.run("send", site.issue(name="second.md", number="No 2"), "--yes", expect=None)
    assert host.turned_away == turned_away and sum(host.taken.values()) == 60


def test_what_was_found_of_a_host_is_forgotten_in_the_end(site):
    """A domain may name another mail host in each answer, and each one leaves a note."""
    for name, at in (("old", 1000000), ("new", int(time.time()))):
        site.sql("INSERT INTO setting (key, value) VALUES (?, ?)", f"relay pace direct mx.{name}.example 192.0.2.1", f"1 1 0 1 {at}")
    site.run("prune")
    assert site.sql("SELECT key FROM setting WHERE key LIKE 'relay pace %'") == [("relay pace direct mx.new.example 192.0.2.1",)]


@pytest.mark.slow(1)
def test_doctor_says_whether_this_machine_can_deliver(site, world):
    host = world.host("mx.example.org")
    world.domain("example.org", host.name)
    world.start()

    def found():
        said = json.loads(site.run("doctor", "--json", "--name-servers", world.zones.address, expect=None).out)
        assert not [finding for finding in said if finding["rule"] == "relay"]  # it is not used
        return {finding["text"]: finding["level"] for finding in said if finding["rule"] == "direct"}

    site.configure(**world.settings(), smtp={"helo": "localhost"})
    said = found()
    assert said["mx.example.org (no TLS) accepts a connection from here"] == "ok"
    assert any("is not a full host name" in text and level == "error" for text, level in said.items())
    assert host.verbs == {b"EHLO": 1, b"QUIT": 1}
    site.configure(direct={"port": world.port}, smtp={"helo": "news.example.org"})  # loopback is not allowed any more
    assert any("could not be tried at example.org" in text for text in found())
    asyncio.run_coroutine_threadsafe(world.end(), world.loop).result()
    site.configure(**world.settings(), bounce_address="bounces@nowhere.example.org")
    assert any("NXDOMAIN" in text for text in found())
