"""The whole proof against an internet of our own: 200 destinations, the real mail servers among them, and 20,000 people. Each outcome is
as the RFCs have it. Processes are killed in the middle: one with SQLite, and those of three hosts with PostgreSQL. Nobody is lost or
mailed twice. The small form is in test_direct_world.py."""
import collections
import os
import random
import re
import signal
import time

import pytest

import unpacked
import wholeworld
import zones
from conftest import ALL, POSTGRESQL, wait_for
from internet import Apart, can_be_apart
from postfix import available

pytestmark = [pytest.mark.slow(300), pytest.mark.skipif(not ALL, reason="takes minutes: ./check --all"),
              pytest.mark.skipif(not (can_be_apart() and zones.available() and available() and unpacked.available("exim") and
                                      unpacked.available("opensmtpd")), reason="needs root, iproute2, knot, postfix, Exim and OpenSMTPD")]
PEOPLE = int(os.environ.get("NEWSLETTER_WORLD_PEOPLE", "20000"))
HOSTS = 3
KILLS = 8
PATIENCE = 900  # seconds, and no measure


class Senders:
    """With PostgreSQL a worker on each of three hosts, with SQLite one process. One that is killed is followed by another."""

    def __init__(self, site, world):
        self.site, self.world = site, world
        self.running = {}
        self.in_doubt = 0

    def begin(self):
        path = self.site.issue()
        if not POSTGRESQL:
            self.start(0, "send", path, "--yes")
            return
        self.site.run("send", "--yes", path, "--at", "2100-01-01 00:00")
        self.site.sql("UPDATE issue SET scheduled_at = 1, state = state")
        for host in range(HOSTS):
            self.start(host, "send", "--worker")

    def start(self, host, *words):
        with self.world.outside(host):
            self.running[host] = self.site.popen(*words)

    def have_ended(self):
        return any(process.poll() is not None for process in self.running.values())

    def go_on(self):
        """The next ones, where one has ended or was killed."""
        for host in range(HOSTS if POSTGRESQL else 1):
            if host in self.running and self.running[host].poll() is not None:
                self.end(host)
            if host not in self.running:
                self.start(host, *(("send", "--worker") if POSTGRESQL else ("retry",)))

    def end(self, host):
        process = self.running.pop(host)
        err = process.communicate(timeout=120)[1].decode()
        assert "Sanitizer" not in err and "runtime error" not in err, err
        return process.returncode

    def kill(self, host):
        """A message that was at its final dot then may be in doubt for good."""
        self.running[host].send_signal(signal.SIGKILL)
        killed = self.end(host) == -signal.SIGKILL
        self.in_doubt += self.site.sql("SELECT count(*) FROM delivery WHERE state = 'leased' AND dot_at IS NOT NULL")[0][0]
        return killed

    def stop(self):
        for host in list(self.running):
            self.running[host].send_signal(signal.SIGTERM)
            self.end(host)


def kill_in_the_middle(senders, world, people):
    """Kills spread over the issue."""
    chance = random.Random(7)
    kills = 0
    for part in range(1, KILLS + 1):
        enough = people * part // (KILLS + 4)
        wait_for(lambda: sum(world.taken.values()) >= enough or senders.have_ended(), PATIENCE)
        senders.go_on()
        kills += senders.kill(chance.choice(list(senders.running)))
        senders.go_on()
    return kills


def rows_of(site):
    return {address: (state, text or "") for address, state, text in site.sql(
        "SELECT r.address, d.state, d.reply_text FROM delivery d JOIN subscription s ON s.id = d.subscription "
        "JOIN subscriber r ON r.id = s.subscriber WHERE d.issue IS NOT NULL")}


def domain_of(address):
    return address.split("@")[1]


def may_be_in_doubt(kind):
    """By a kill of ours."""
    return kind.states in wholeworld.ANSWERED_AT_THE_DOT


def allowed(kind):
    return {*kind.states.split(), *(["unknown"] if may_be_in_doubt(kind) else [])}


@pytest.fixture
def world(tmp_path):
    tmp_path.chmod(0o755)
    made = Apart(tmp_path / "world", homes=HOSTS)
    made.delay = 0.02
    yield made
    made.stop()


def test_the_whole_internet(site, world):
    whole = wholeworld.WholeWorld(world, PEOPLE)
    assert len(whole.kind_of) == wholeworld.DESTINATIONS and len(whole.people) >= PEOPLE
    world.start()
    site.settings["smtp"] = {}
    site.configure(**world.settings(providers=[{"name": name, "per_minute": 100000, "per_hour": 1000000} for name in wholeworld.KNOWN]),
                   retry={"first": "1s", "max": "2s"}, workers={"lease": "4s"})
    site.configure(smtp={"timeout": "5s"})
    site.add_active(whole.people)
    senders = Senders(site, world)
    try:
        senders.begin()
        kills = kill_in_the_middle(senders, world, len(whole.people))
        wait_until_done(senders, whole)
    finally:
        senders.stop()
    settle(senders, whole)
    rows = rows_of(site)
    assert kills == KILLS and set(rows) == set(whole.people)
    check_outcomes(rows, whole)
    check_once(rows, whole, world, senders)


def unfinished(site, whole, *more):
    """How many of each kind are in a state that is neither one of theirs nor one of `more`."""
    found = collections.Counter()
    for address, (state, _) in rows_of(site).items():
        kind = whole.kind_of[domain_of(address)]
        waits = "deferred" in kind.states and state in more
        found[f"{kind.name}: {state}"] += state not in allowed(kind) and not waits
    return +found


def wait_until_done(senders, whole):
    """Messages that wait for good are tried again and again meanwhile."""
    end = time.monotonic() + PATIENCE
    left = None
    while time.monotonic() < end:
        senders.go_on()
        left = unfinished(senders.site, whole, "leased", "queued")
        if not left:
            return
        time.sleep(1)
    raise AssertionError(left)


def settle(senders, whole):
    """One process without kills brings what was under way to its end."""
    for _ in range(10):
        if not unfinished(senders.site, whole):
            return
        time.sleep(2)
        with senders.world.outside():
            senders.site.run("retry", expect=None)


def check_outcomes(rows, whole):
    """By kind: the states, and the last words."""
    wrong = collections.Counter()
    for address, (state, text) in rows.items():
        kind = whole.kind_of[domain_of(address)]
        if state not in allowed(kind) or (state in kind.states.split() and not re.search(kind.text, text, re.I)):
            wrong[kind.name, state, text.replace(address, "ADDRESS")[:150]] += 1
    assert not wrong, wrong.most_common(20)


def check_once(rows, whole, world, senders):
    """Each person who is sent to has one message. Nobody has two, and people who shall not be reached have none."""
    sent = {address for address, (state, _) in rows.items() if state == "sent"}
    unknown = {address for address, (state, _) in rows.items() if state == "unknown"}

    def taken():
        return collections.Counter(world.taken) + sum((host.taken() for host in whole.servers), collections.Counter())
    wait_for(lambda: sent <= set(taken()), 120)
    found = taken()
    twice = [address for address, count in found.items() if count > 1]
    assert not twice, [(address, found[address], rows[address], [line for host in whole.servers for line in host.log().splitlines() if address in line])
                       for address in twice[:10]]
    assert set(found.values()) == {1}
    assert set(found) <= sent | unknown, list(set(found) - sent - unknown)[:20]
    ours = {address for address in unknown if may_be_in_doubt(whole.kind_of[domain_of(address)])}
    assert len(ours) <= senders.in_doubt and len(sent) > len(rows) * 3 // 4, (len(ours), senders.in_doubt, len(sent))
    print(f"{len(rows)} people: {collections.Counter(state for state, _ in rows.values())}; in doubt {len(ours)} of at most {senders.in_doubt}")
