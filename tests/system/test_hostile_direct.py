"""Mail hosts of recipients that break the protocol byte by byte: the next host of the domain is tried, nobody is charged for what was said
to another, nobody is mailed twice, and the run ends."""
import collections
import time

import pytest

import zones
from conftest import wait_for
from hostile_relay import USUAL, hostile  # noqa: F401
from test_direct import people, ready, replies, send

pytestmark = [pytest.mark.one_engine("the engine makes no difference"),
              pytest.mark.skipif(not zones.available(), reason="needs Debian's knot")]
PATIENCE = {"timeout": "2s"}
WAITS = {"first": "1h", "max": "1h"}
PLAIN = (b"8BITMIME",)
OFFERS = {"one by one": PLAIN, "pipelining": (*PLAIN, b"PIPELINING"), "chunking": (*PLAIN, b"PIPELINING", b"CHUNKING")}


def stands_at(world, hostile, host, *args, **options):
    """Something else listens in the place of a host that does not."""
    return hostile(*args, place=(host.address, world.port), **options)


def sent(site):
    return {address for address, state in site.state_of_each().items() if state == "sent"}


@pytest.mark.parametrize("stage", ["connect", "EHLO", "MAIL", "RCPT", "DATA", "dot"])
@pytest.mark.parametrize("how", ["421", "close", "reset"])
def test_the_next_host_gets_what_the_first_does_not_take(site, world, hostile, stage, how):
    """RFC 5321 section 5.1: each of the hosts is tried. One that has the whole message and says nothing may have taken it."""
    def script(at, dialogue):
        if at != stage:
            return None
        if how == "421":
            dialogue.send(b"421 4.3.2 Not today\r\n")
            return dialogue.close()
        return getattr(dialogue, how)()

    first, second = (world.host(f"{name}.two.example", listens=False) for name in ("first", "second"))
    world.domain("two.example", first.name, second.name)
    ready(site, world, people("two.example", count=6), smtp=PATIENCE, retry=WAITS)
    bad, good = stands_at(world, hostile, first, script), stands_at(world, hostile, second)
    send(site, expect=None)
    lost = 2 if stage == "dot" and how != "421" else 0  # on the two connections that there are at first
    assert site.states().get("sent", 0) >= 6 - lost and site.states().get("deferred", 0) == 0, replies(site)
    assert sent(site) == set(good.taken) and set(good.taken.values()) == {1}
    assert not bad.taken and bad.connections <= 3


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "dot"])
@pytest.mark.parametrize("how", ["421", "close", "silence"])
def test_no_host_takes_anything(site, world, hostile, stage, how):
    """They do not take turns for ever, and what has had its dot is not sent to another one."""
    dots = collections.Counter()

    def script(at, dialogue):
        if at == "dot":
            dots[dialogue.recipient] += 1
        if at != stage:
            return None
        if how == "silence":
            while True:
                dialogue.read()
        if how == "421":
            dialogue.send(b"421 4.3.2 Not today\r\n")
        return dialogue.close()

    hosts = [world.host(f"mx{number}.three.example", listens=False) for number in range(3)]
    world.domain("three.example", *(host.name for host in hosts))
    world.destination("fine.example")
    ready(site, world, people("three.example", count=20) + people("fine.example"), smtp={"timeout": "1s"}, retry=WAITS)
    servers = [stands_at(world, hostile, host, script) for host in hosts]
    send(site, expect=None)
    assert all(1 <= server.connections <= 6 and not server.taken for server in servers), [server.connections for server in servers]
    states = site.state_of_each()
    assert states.pop("p0@fine.example") == "sent" and set(states.values()) <= {"deferred", "unknown"}
    assert list(states.values()).count("unknown") == (len(dots) if stage == "dot" and how != "421" else 0)
    assert how == "421" or set(dots.values()) <= {1}


def test_each_domain_has_its_own_order(site, world):
    """Two domains have the same hosts, and each prefers another one: the other may take nothing for it while that one is there."""
    one, two = world.host("mx1.provider.example"), world.host("mx2.provider.example")
    world.domain("a.example", one.name, two.name)
    world.domain("b.example", two.name, one.name)
    world.domain("c.example", (5, one.name), (5, two.name))
    ready(site, world, people("a.example", "b.example", "c.example", count=8))
    send(site)
    assert {address for address in one.taken if "@c" not in address} == set(people("a.example", count=8))
    assert {address for address in two.taken if "@c" not in address} == set(people("b.example", count=8))


@pytest.mark.parametrize("offers", OFFERS)
@pytest.mark.parametrize("stage", ["connect", "EHLO", "MAIL", "RCPT", "DATA", "dot"])
@pytest.mark.parametrize("how", ["421", "421 and on", "close", "silence"])
def test_the_only_host_takes_nothing(site, world, hostile, stage, how, offers):
    """It is tried a few times, and the others of the run go out; nobody bounces."""
    if stage == "DATA" and offers == "chunking":
        pytest.skip("there is no DATA")

    def script(at, dialogue):
        if at != stage:
            return None
        if how == "silence":
            while True:
                dialogue.read()
        if how == "close":
            return dialogue.close()
        if how == "421":
            dialogue.send(b"421 4.3.2 Not today\r\n")
            return dialogue.close()
        return b"421 4.3.2 Not today\r\n"

    host = world.destination("bad.example", listens=False)
    world.destination("fine.example")
    ready(site, world, people("bad.example", "fine.example", count=12), smtp={"timeout": "1s"}, retry=WAITS)
    bad = stands_at(world, hostile, host, script, OFFERS[offers])
    send(site, expect=None)
    assert bad.connections <= 6 and {address for address in sent(site) if "bad" in address} == set(bad.taken)
    assert {state for address, state in site.state_of_each().items() if "fine" in address} == {"sent"}
    states = collections.Counter(state for address, state in site.state_of_each().items() if "bad" in address and address not in bad.taken)
    assert set(states) <= {"deferred", "unknown"} and states["unknown"] <= (4 if how in ("close", "silence") else 0), states


@pytest.mark.parametrize("offers", OFFERS)
def test_each_refusal_is_its_recipients(site, world, hostile, offers):
    """Domains that share a host and its connections."""
    def script(at, dialogue):
        name = dialogue.recipient or ""
        if at == "RCPT" and "@b" in name:
            return b"550 5.1.1 No such user <%s>\r\n" % name.encode()
        if at == "RCPT" and "@c" in name:
            return b"450 4.2.0 Not now <%s>\r\n" % name.encode()
        if at == "dot" and "@d" in name:
            return b"552 5.2.2 Mailbox of <%s> is full\r\n" % name.encode()
        return None

    host = world.host("mx.provider.example", listens=False)
    domains = [f"{letter}.example" for letter in "abcd"]
    for domain in domains:
        world.domain(domain, host.name)
    ready(site, world, people(*domains, count=9), retry=WAITS)
    server = stands_at(world, hostile, host, script, OFFERS[offers])
    send(site, expect=None)
    assert sent(site) == set(server.taken) == set(people("a.example", count=9)) and set(server.taken.values()) == {1}
    for address, text in replies(site).items():
        assert "@a" in address or f"<{address}>" in text, (address, text)
    states = site.state_of_each()
    assert {states[address] for address in people("c.example", count=9)} == {"deferred"}
    assert not {"unknown", "sent"} & {states[address] for address in people("b.example", "d.example", count=9)}


def test_a_host_that_takes_its_time_for_each_reply(site, world, hostile):
    """RFC 5321 section 4.5.3.2: each reply has its own time, from the greeting on."""
    def script(at, dialogue):
        if at in ("connect", "EHLO"):
            time.sleep(1.3)
        return None

    host = world.destination("slow.example", listens=False)
    ready(site, world, people("slow.example"), smtp=PATIENCE)
    server = stands_at(world, hostile, host, script)
    send(site, expect=None)
    assert site.states() == {"sent": 1} and server.connections == 1, replies(site)


STRANGE = b"550 5.1.1 \0 \x1b[31m \xff\xfe caf\xc3\xa9 \r <script>alert(1)</script> \x7f\x07 " + b"long " * 600


@pytest.mark.parametrize("stage", ["connect", "EHLO", "MAIL", "RCPT", "DATA", "dot"])
def test_strange_bytes_end_as_text(site, world, hostile, stage):
    host = world.destination("bad.example", listens=False)
    ready(site, world, people("bad.example"), smtp=PATIENCE, retry=WAITS)
    stands_at(world, hostile, host, lambda at, dialogue: STRANGE + b"\r\n" if at == stage else None)
    said = send(site, expect=None)
    shown = said.out + said.err + site.run("status", expect=None).out + site.run("trace", "p0@bad.example", expect=None).out
    texts = [text for text, in site.sql("SELECT reply_text FROM delivery") + site.sql("SELECT reply_text FROM attempt") if text]
    for text in [*texts, shown]:
        assert not [c for c in text if (ord(c) < 32 and c != "\n") or ord(c) == 127], text
    assert all(len(text) < 6000 for text in texts)


@pytest.mark.parametrize("stage", ["connect", "EHLO"])
@pytest.mark.parametrize("piece", [b"x", b"%s-x\r\n", b"%s-" + b"x" * 60000 + b"\r\n", b"\0\r\n", b"\r\n"])
def test_a_greeting_that_never_ends(site, world, hostile, stage, piece):
    pieces = collections.Counter()

    def script(at, dialogue):
        if at != stage:
            return None
        code = b"220" if stage == "connect" else b"250"
        while pieces[dialogue.number] < 80:
            pieces[dialogue.number] += 1
            dialogue.send(piece.replace(b"%s", code))
            time.sleep(0.1)
        return dialogue.close()

    host = world.destination("bad.example", listens=False)
    ready(site, world, people("bad.example"), smtp={"timeout": "1s"}, retry=WAITS)
    stands_at(world, hostile, host, script)
    send(site, expect=None)
    assert 1 <= max(pieces.values()) < 60 and site.states() == {"deferred": 1}, replies(site)


@pytest.mark.slow(3)
@pytest.mark.parametrize("offers", OFFERS)
@pytest.mark.parametrize("stage", ["EHLO", "MAIL", "RCPT", "DATA", "dot", "after the reply"])
def test_killed_at_each_stage(site, world, hostile, stage, offers):
    """kill -9 while a host that two domains share is at this stage: nobody is missed, and nobody is mailed twice."""
    if stage == "DATA" and offers == "chunking":
        pytest.skip("there is no DATA")
    killed = []

    def script(at, dialogue):
        early = stage == "EHLO" and at == stage and dialogue.number == 2
        if killed or not (early or (dialogue.message == 4 and at == ("dot" if stage == "after the reply" else stage))):
            return None
        killed.append(at)
        if at == "dot":
            dialogue.take()
        if stage == "after the reply":
            dialogue.send(USUAL["dot"])
        processes[0].kill()
        return dialogue.close()

    host = world.host("mx.provider.example", listens=False)
    world.domain("a.example", host.name)
    world.domain("b.example", host.name)
    addresses = people("a.example", "b.example", count=20)
    ready(site, world, addresses, workers={"lease": "3s"}, retry={"first": "1s", "max": "1s"})
    server = stands_at(world, hostile, host, script, OFFERS[offers])
    processes = [site.popen("send", site.issue(), "--yes")]
    said = processes[0].communicate()
    assert killed and processes[0].returncode == -9, said
    wait_for(lambda: not {"queued", "leased", "deferred"} & set(site.states()) or site.run("retry", expect=None) is None, seconds=60)
    states = site.state_of_each()
    assert set(states.values()) <= {"sent", "unknown"} and set(server.taken.values()) == {1}
    assert sent(site) <= set(server.taken) and list(states.values()).count("unknown") <= 4  # one for each connection
