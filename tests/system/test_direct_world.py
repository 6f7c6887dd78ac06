"""The proof against an internet of our own: two network namespaces, public addresses, port 25, a signed root, three dozen
destinations, Postfix among them. Each outcome is as the RFCs have it; killed again and again, nobody is lost or mailed twice."""
import collections
import itertools
import random
import signal
import time

import pytest

import unpacked
import zones
from conftest import wait_for
from internet import Apart, can_be_apart, greylisting
from postfix import available

pytestmark = [pytest.mark.one_engine("test_direct.py runs with both"),
              pytest.mark.skipif(not (can_be_apart() and zones.available() and available()), reason="needs root, iproute2, knot and postfix")]


@pytest.fixture
def world(tmp_path):
    tmp_path.chmod(0o755)
    made = Apart(tmp_path / "world")
    made.delay = 0.02
    yield made
    made.stop()


def silent_after(limit):
    """A function for the replies: after so many messages, the server never answers again."""
    count = itertools.count()
    return lambda recipient: "250 2.0.0 Taken" if next(count) < limit else None


def now_and_then(*texts):
    turns = itertools.cycle(texts)
    return lambda recipient: next(turns)


def build(world):
    """Returns the states that each domain's deliveries may end in. A run that is killed leaves in doubt what it had under way."""
    ends = {}

    def note(*domains, ends_in="sent unknown"):
        for domain in domains:
            ends[domain] = set(ends_in.split())

    real = [f"real{number}.example" for number in range(6)]
    world.add_postfix("mx.real.example", *real)
    note(*real)
    provider = [world.host(f"mx{number}.provider.example", tls=world.certificate()) for number in range(3)]
    for number in range(10):
        world.domain(f"customer{number}.example", (5, provider[0].name), (10, provider[1].name), (10, provider[2].name))
        note(f"customer{number}.example")
    for number in range(6):
        world.destination(f"small{number}.example", offers=[["PIPELINING"], [], ["8BITMIME"]][number % 3])
        note(f"small{number}.example")
    world.destination("grey.example", replies={b"RCPT": greylisting()})
    world.destination("few.example", close_after=3)
    world.destination("crowded.example", most=2)
    world.destination("throttling.example", replies={b"MAIL": now_and_then("250 2.1.0 Ok", "250 2.1.0 Ok", "421 4.7.28 Slow down")})
    world.destination("drops-at-rcpt.example", replies={b"RCPT": now_and_then("250 2.1.5 Ok", "")})
    world.destination("drops-at-data.example", replies={b"DATA": now_and_then("354 Go", "354 Go", "")})
    world.destination("broken-tls.example", tls="broken")
    world.destination("lost-six.example", aaaa=[world.LOST])
    note("grey.example", "few.example", "crowded.example", "throttling.example", "drops-at-rcpt.example", "drops-at-data.example",
         "broken-tls.example", "lost-six.example")
    world.host("dead.backup.example", listens=False)
    world.domain("backup.example", "dead.backup.example", world.host("second.backup.example").name)
    note("backup.example")
    world.destination("in-doubt.example", replies={b"DOT": now_and_then("250 2.0.0 Taken", "")})
    note("in-doubt.example")
    world.destination("tarpit.example", replies={b"DOT": silent_after(1)})
    note("tarpit.example", ends_in="sent unknown deferred queued")
    world.destination("dead.example", listens=False)
    world.destination("blocked.example", replies={b"MAIL": "554 5.7.1 You are on a block list"})
    world.destination("busy.example", replies={b"BANNER": "421 4.3.2 Too busy"})
    world.below["broken"].append("servfail.example")
    world.below["bogus"]["bogus.example"] = "bogus.example. A 93.184.250.1"
    note("dead.example", "blocked.example", "busy.example", "servfail.example", "bogus.example", ends_in="deferred")
    world.destination("unknown.example", replies={b"RCPT": "550 5.1.1 No such user"})
    world.domain("null.example", (0, ""))
    note("unknown.example", "null.example", "missing.example", ends_in="bounced deferred")
    world.domain("loop.example", "mx.loop.example")
    world.records.append("mx.loop.example. A 198.18.0.2")  # the sender itself
    note("loop.example", ends_in="failed")
    return ends


def run_until(site, world, ends, kills, seeded):
    """Runs are killed, and followed by others, until each delivery is as it shall be. Returns the number of kills."""
    done = 0
    process = site.popen("send", site.issue(), "--yes")
    deadline = time.monotonic() + 100
    for _ in range(2 * kills):
        enough = sum(world.taken.values()) + seeded.randrange(3, 30)
        wait_for(lambda: sum(world.taken.values()) >= enough or process.poll() is not None, 60)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        done += process.returncode == -signal.SIGKILL
        process = site.popen("retry")
        if done == kills:
            break
    while time.monotonic() < deadline:
        process.communicate(timeout=120)
        states = site.state_of_each()
        if all(state in ends[address.split("@")[1]] for address, state in states.items()):
            break
        time.sleep(1)
        process = site.popen("retry")
    return done


@pytest.mark.slow(5)
def test_an_internet_of_our_own(site, world):
    ends = build(world)
    people = [f"p{number}@{domain}" for number in range(20) for domain in ends]
    few = {"unknown.example": 5, "null.example": 5, "missing.example": 5, "tarpit.example": 4, "loop.example": 3}
    people = [address for address in people if int(address[1:].split("@")[0]) < few.get(address.split("@")[1], 20)]
    world.start()
    site.settings["smtp"] = {}
    site.configure(**world.settings(), retry={"first": "1s", "max": "2s"})
    site.configure(smtp={"timeout": "5s"})
    site.add_active(people)
    with world.outside():
        kills = run_until(site, world, ends, 8, random.Random(5))
    states = site.state_of_each()
    assert kills >= 3 and len(states) == len(people)
    wrong = {address: state for address, state in states.items() if state not in ends[address.split("@")[1]]}
    assert sum(state == "sent" for state in states.values()) > sum(state == "unknown" for state in states.values())
    assert not wrong, {address: (wrong[address], text) for address, text in site.sql(
        "SELECT r.address, d.reply_text FROM delivery d JOIN subscription s ON s.id = d.subscription "
        "JOIN subscriber r ON r.id = s.subscriber") if address in wrong}
    taken = collections.Counter(world.taken)
    wait_for(lambda: len(world.postfix.taken()) >= 6 * 20 - sum(state == "unknown" for state in states.values()))
    taken.update(world.postfix.taken())
    assert set(taken.values()) == {1}
    assert {address for address, state in states.items() if state == "sent"} <= set(taken)
    assert set(taken) <= {address for address, state in states.items() if state in ("sent", "unknown")}
    provider = [world.hosts[f"mx{number}.provider.example"] for number in range(3)]
    assert provider[0].over_tls == sum(provider[0].taken.values()) > 0 and not provider[1].taken  # the preferred one takes all
    assert world.hosts["mx.lost-six.example"].taken
    assert world.hosts["mx.crowded.example"].most_open <= 10
    texts = dict(site.sql("SELECT r.address, d.reply_text FROM delivery d JOIN subscription s ON s.id = d.subscription "
                          "JOIN subscriber r ON r.id = s.subscriber"))
    assert "(TLSv1." in texts["p0@real0.example"] and "(TLSv1." in texts["p0@customer0.example"]


@pytest.mark.slow(5)
@pytest.mark.skipif(not (unpacked.available("exim") and unpacked.available("opensmtpd")), reason="needs Exim and OpenSMTPD, unpacked")
def test_real_mail_servers(site, world):
    """Each takes our mail once and refuses users that it does not have. Exim puts one domain on its grey list. OpenSMTPD's TLS breaks off."""
    real = {"postfix": world.add_postfix("mx.postfix.example", "postfix.example"),
            "exim": world.add_exim("mx.exim.example", "exim.example", "grey.example", grey=["grey.example"]),
            "opensmtpd": world.add_opensmtpd("mx.opensmtpd.example", "opensmtpd.example")}
    fine = [f"p{number}@{domain}.example" for domain in (*real, "grey") for number in range(20)]
    unknown = [f"who@{domain}.example" for domain in real]
    world.start()
    site.settings["smtp"] = {}
    site.configure(**world.settings(), retry={"first": "1s", "max": "2s"})
    site.add_active(fine + unknown)
    with world.outside():
        site.run("send", site.issue(), "--yes", expect=None)
        for _ in range(20):
            if site.states() == {"sent": len(fine), "bounced": len(unknown)}:
                break
            time.sleep(1)
            site.run("retry", expect=None)
    rows = {address: (state, attempts, text) for address, state, attempts, text in site.sql(
        "SELECT r.address, d.state, d.attempts, d.reply_text FROM delivery d JOIN subscription s ON s.id = d.subscription "
        "JOIN subscriber r ON r.id = s.subscriber")}
    assert site.states() == {"sent": len(fine), "bounced": len(unknown)}, {address: rows[address] for address in unknown}
    for address in fine:
        assert ("(TLSv1." in rows[address][2]) == ("@opensmtpd" not in address), rows[address]
    assert site.sql("SELECT a.reply_code FROM attempt a JOIN delivery d ON d.id = a.delivery WHERE d.state = 'bounced'") == [(550,)] * 3
    assert all(rows[address][1] == (2 if "@grey." in address else 1) for address in fine + unknown), rows
    taken = collections.Counter()
    wait_for(lambda: sum(sum(host.taken().values()) for host in real.values()) >= len(fine), 60)
    for host in real.values():
        taken.update(host.taken())
    assert taken == collections.Counter(fine)
