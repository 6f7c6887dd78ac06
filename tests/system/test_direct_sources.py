"""Several source addresses, in network namespaces: each has its share and its EHLO name, its family is that of the destination, and a
refusal that speaks of an address pauses that address only."""
import collections
import json

import pytest

import zones
from internet import Apart, can_be_apart
from test_direct import people, replies

ONE, TWO, SIX = "198.18.7.1", "198.18.7.2", "2a00:1::11"
SPAMHAUS = "550 5.7.1 Service unavailable; Client host [198.18.7.1] blocked using zen.spamhaus.org"

pytestmark = pytest.mark.skipif(not (can_be_apart() and zones.available()), reason="needs root, iproute2 and knot")


@pytest.fixture
def world(tmp_path):
    tmp_path.chmod(0o755)
    made = Apart(tmp_path / "world")
    made.own(ONE, TWO, SIX)
    yield made
    made.stop()


def sources(*addresses, **weights):
    return [{"address": address, "helo": f"m{number}.sender.example", "weight": weights.get(f"w{number}", 1)}
            for number, address in enumerate(addresses)]


def ready(site, world, addresses, given, **settings):
    world.start()
    site.settings["smtp"] = {}
    site.configure(**world.settings(sources=given), **settings)
    site.configure(smtp={"per_connection": 1})  # so that there are many connections, each from an address of its own
    site.add_active(addresses)


def send(site, world):
    with world.outside():
        return site.run("send", site.issue(), "--yes", expect=None)


def status(site):
    return {one["address"]: one for one in json.loads(site.run("status", "--json").out)["sources"]}


@pytest.mark.slow(1)
def test_each_source_has_its_share_and_its_name(site, world):
    host = world.destination("fine.example")
    ready(site, world, people("fine.example", count=60), sources(ONE, TWO, w0=5, w1=1))
    send(site, world)
    assert site.states() == {"sent": 60}
    assert set(host.peers) == {ONE, TWO} and host.peers[ONE] > host.peers[TWO]
    assert host.greetings == {(ONE, "m0.sender.example"), (TWO, "m1.sender.example")}
    assert "mx.fine.example from 198.18.7." in replies(site)["p0@fine.example"]


@pytest.mark.slow(1)
def test_the_family_is_that_of_the_destination(site, world):
    both = world.destination("both.example", six=True)
    four = world.destination("four.example")
    six = world.destination("six.example", four=False, six=True)
    lost = world.destination("lost.example", aaaa=[world.LOST])
    ready(site, world, people("both.example", "four.example", "six.example", "lost.example", count=5), sources(ONE, SIX))
    send(site, world)
    assert site.states() == {"sent": 20}, replies(site)
    assert set(both.peers) == {SIX} and set(six.peers) == {SIX}  # IPv6 first
    assert set(four.peers) == {ONE} and set(lost.peers) == {ONE}  # where it leads nowhere, IPv4 after a moment


@pytest.mark.slow(1)
def test_without_a_source_of_its_family_a_destination_waits(site, world):
    world.destination("six.example", four=False, six=True)
    both = world.destination("both.example", six=True)
    ready(site, world, people("six.example", "both.example", count=2), sources(ONE), retry={"first": "1h", "max": "1h"})
    send(site, world)
    assert site.states() == {"sent": 2, "deferred": 2}, replies(site)
    assert set(both.peers) == {ONE} and "direct.sources" in replies(site)["p0@six.example"]


@pytest.mark.slow(1)
@pytest.mark.parametrize("verb, said", [
    (b"RCPT", SPAMHAUS), (b"BANNER", "554 5.7.1 Your IP is on our block list"), (b"MAIL", "550 5.7.25 No reverse DNS for 198.18.7.1"),
    (b"EHLO", "550 5.7.1 Rejected because 198.18.7.1 is listed by bl.spamcop.net"), (b"DATA", "554 5.7.1 Your IP has a bad reputation"),
    (b"RCPT", "450 4.7.1 Client host rejected: listed by b.barracudacentral.org")])
def test_a_refused_address_is_paused_and_another_takes_over(site, world, verb, said):
    """Nothing bounces and nothing waits; at other destinations the address goes on."""
    picky = world.destination("picky.example", refuses={ONE: (verb, said)})
    fine = world.destination("fine.example")
    ready(site, world, people("picky.example", count=20) + people("fine.example", count=40), sources(ONE, TWO, w0=9, w1=1))
    run = send(site, world)
    assert site.states() == {"sent": 60}, replies(site)
    assert set(picky.peers) == {TWO} and ONE in fine.peers
    assert site.sql("SELECT count(*) FROM subscription WHERE state <> 'active'") == [(0,)]
    assert f"{ONE} is left alone at mx.picky.example until" in run.err
    found = status(site)
    assert [pause["at"] for pause in found[ONE]["pauses"]] == ["mx.picky.example"] and not found[ONE]["paused_everywhere"]
    assert said[:8].split()[0] in found[ONE]["pauses"][0]["reason"] and found[TWO]["pauses"] == []
    assert f"Source {ONE} is left alone at mx.picky.example" in site.run("status").out and f"Source {TWO}: in use" in site.run("status").out


@pytest.mark.slow(1)
def test_the_trace_names_the_source_of_each_attempt(site, world):
    """A refusal that sends the message by another source is an attempt of its own; a message that went at once has one attempt."""
    world.destination("picky.example", refuses={ONE: (b"RCPT", SPAMHAUS)})
    ready(site, world, people("picky.example", count=10), sources(ONE, TWO, w0=1000, w1=1))
    send(site, world)
    assert site.states() == {"sent": 10}, replies(site)
    refused = [address for address, in site.sql("SELECT r.address FROM attempt a JOIN delivery d ON d.id = a.delivery JOIN subscription s ON "
                                                "s.id = d.subscription JOIN subscriber r ON r.id = s.subscriber WHERE a.state = 'queued'")]
    assert refused and len(refused) == len(set(refused))
    for address in people("picky.example", count=10):
        found = [(one["state"], one["source"], one["reply_code"]) for one in json.loads(site.run("trace", address, "--json").out)]
        assert found == [("queued", ONE, 550)] * (address in refused) + [("sent", TWO, 250)], (address, found)
    shown = site.run("trace", refused[0]).out
    assert f"no TLS from {ONE}\n  550 5.7.1 Service unavailable" in shown and f"no TLS from {TWO}\n" in shown


@pytest.mark.slow(1)
def test_a_pause_is_remembered_and_ends(site, world):
    picky = world.destination("picky.example", refuses={ONE: (b"RCPT", SPAMHAUS)})
    ready(site, world, people("picky.example", count=10), sources(ONE, TWO, w0=1000, w1=1))
    send(site, world)
    assert site.states() == {"sent": 10}
    before = picky.verbs[b"RCPT"]
    with world.outside():
        site.run("send", site.issue(name="second", title="Second", number="2"), "--yes")
    assert picky.verbs[b"RCPT"] == before + 10 and set(picky.peers) == {TWO}  # not one was tried from the other
    site.sql("UPDATE setting SET value = '1 1 it was refused' WHERE key LIKE 'source pause %'")
    picky.refuses.clear()
    with world.outside():
        site.run("send", site.issue(name="third", title="Third", number="3"), "--yes")
    assert picky.peers[ONE] > 0 and status(site)[ONE]["pauses"] == []
    assert site.sql("SELECT count(*) FROM setting WHERE key LIKE 'source pause %'") == [(0,)]  # it works again


@pytest.mark.slow(1)
def test_where_every_address_is_refused_mail_waits(site, world):
    world.destination("picky.example", refuses={ONE: (b"RCPT", SPAMHAUS), TWO: (b"RCPT", SPAMHAUS)})
    fine = world.destination("fine.example")
    ready(site, world, people("picky.example", "fine.example", count=10), sources(ONE, TWO), retry={"max": "2h"})
    send(site, world)
    assert collections.Counter(site.state_of_each().values()) == {"deferred": 10, "sent": 10}
    assert sum(fine.peers.values()) == 10
    assert all("direct.sources" in text or "spamhaus" in text for address, text in replies(site).items() if "picky" in address)
    assert site.sql("SELECT count(*) FROM subscription WHERE state <> 'active'") == [(0,)]


@pytest.mark.slow(1)
def test_an_address_that_three_places_refuse_is_left_alone_everywhere(site, world):
    picky = [world.destination(f"picky{number}.example", refuses={ONE: (b"RCPT", SPAMHAUS)}) for number in range(3)]
    fine = world.destination("fine.example")
    ready(site, world, people(*(f"picky{number}.example" for number in range(3)), count=5), sources(ONE, TWO, w0=1000, w1=1))
    send(site, world)
    assert site.states() == {"sent": 15} and all(set(host.peers) == {TWO} for host in picky)
    assert status(site)[ONE]["paused_everywhere"]
    site.add_active(people("fine.example", count=10))
    with world.outside():
        site.run("send", site.issue(name="second", title="Second", number="2"), "--yes", expect=None)
    assert set(fine.peers) == {TWO}


@pytest.mark.slow(1)
def test_three_places_do_not_speak_for_those_that_accept(site, world):
    """Anybody can have three domains that say anything: mail for others goes on from the address that is refused there."""
    for number in range(3):
        world.destination(f"picky{number}.example", refuses={ONE: (b"RCPT", SPAMHAUS)})
    fine = world.destination("fine.example")
    ready(site, world, people("fine.example", count=3), sources(ONE), retry={"first": "1h", "max": "1h"})
    send(site, world)
    site.add_active(people(*(f"picky{number}.example" for number in range(3)), count=5))
    for number in (2, 3):  # the pauses begin in one run, and stand at the beginning of the next
        with world.outside():
            site.run("send", site.issue(name=f"{number}.md", title=f"Issue {number}", number=str(number)), "--yes", expect=None)
    assert fine.taken == {address: 3 for address in people("fine.example", count=3)}, replies(site)
    assert len(status(site)[ONE]["pauses"]) == 3 and not status(site)[ONE]["paused_everywhere"]
    assert collections.Counter(site.state_of_each().values())["deferred"] >= 15
    site.sql("UPDATE setting SET value = '1000' WHERE key LIKE 'source works %'")
    assert status(site)[ONE]["paused_everywhere"]  # nobody has accepted anything for long


@pytest.mark.slow(1)
def test_content_that_is_on_a_list_says_nothing_of_the_address(site, world):
    world.destination("picky.example", replies={b"DOT": "554 5.7.1 Message contains a URL listed in dbl.spamhaus.org"})
    ready(site, world, people("picky.example"), sources(ONE, TWO))
    send(site, world)
    assert status(site)[ONE]["pauses"] == [] == status(site)[TWO]["pauses"]


@pytest.mark.slow(1)
def test_an_address_that_is_not_here_is_left_out(site, world):
    fine = world.destination("fine.example")
    ready(site, world, people("fine.example", count=5), sources("198.18.7.99", TWO, w0=1000, w1=1))
    run = send(site, world)
    assert site.states() == {"sent": 5} and set(fine.peers) == {TWO}
    assert "198.18.7.99 is not an address of this machine" in run.err


@pytest.mark.slow(1)
def test_doctor_looks_at_each_source(site, world):
    world.destination("sender.example")
    world.records += [f"m0.sender.example. A {ONE}", "m1.sender.example. A 198.18.7.77", f"m0.sender.example. AAAA {SIX}",
                      f"sender.example. TXT \"v=spf1 ip4:{ONE} -all\"", "1.7.18.198.in-addr.arpa. PTR m0.sender.example.",
                      "1.7.18.198.list.example. A 127.0.0.2", "2.7.18.198.shy.example. A 127.255.255.254"]
    world.destination("picky.example", refuses={ONE: (b"RCPT", SPAMHAUS)})
    ready(site, world, people("picky.example", count=3), sources(ONE, TWO, "198.18.7.99"), bounce_address="bounces@sender.example")
    site.run("list", "edit", "bulletin", "--from", "News <news@sender.example>")
    site.sql(f"INSERT INTO setting (key, value) VALUES ('source pause {ONE} mx.picky.example', '4000000000 1 blocked by zen.spamhaus.org')")
    with world.outside():
        found = json.loads(site.run("doctor", "--json", "--name-servers", world.zones.address, "--block-lists", "list.example, shy.example",
                                    expect=None).out)
    texts = [(one["level"], one["text"]) for one in found]

    def told(level, *words):
        return any(level == found and all(word in text for word in words) for found, text in texts)
    assert told("ok", "EHLO name m0.sender.example", ONE), texts
    assert told("error", "EHLO name m1.sender.example", TWO), texts
    assert told("error", "198.18.7.99 is not an address of this machine"), texts
    assert told("ok", "accepts a connection from", ONE) and told("ok", "accepts a connection from", TWO), texts
    assert told("ok", "there and back", ONE) and told("error", TWO, "PTR"), texts
    assert any(TWO in text and "SPF" in text for level, text in texts if level == "error"), texts
    assert told("warning", "mx.picky.example refuses mail from", ONE), texts
    assert told("error", ONE, "block list list.example") and told("ok", TWO, "not on list.example"), texts
    assert told("warning", "shy.example", "does not answer"), texts


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("given, said", [
    ([{"address": "mail.example.org"}], "is not an address"), ([{"helo": "a.example.org"}], "has no address"),
    ([{"address": ONE}, {"address": ONE}], "twice"), ([{"address": ONE, "helo": "local host"}], "is not a full host name")])
def test_settings_that_cannot_be_meant(site, given, said):
    site.configure(delivery="direct", direct={"sources": given})
    assert said in site.run("status", expect=78).err
