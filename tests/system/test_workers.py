"""Several workers on one PostgreSQL, each on a host of its own: killed, cut off, with a wrong clock."""
import collections
import glob
import os
import shutil
import signal
import subprocess
import time

import pytest
from conftest import BINARY, Site, most_at_once, new_schema, wait_for

from hosts import Hosts
from mailserver import MailServer, free_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.postgresql,
    pytest.mark.skipif(os.geteuid() != 0 or shutil.which("ip") is None,
                       reason="needs namespaces, which only root may make")]

LEASE = 4
WORKERS = 3


class Workers:
    """An installation on three hosts; this machine has the database and the relay."""

    def __init__(self, folder):
        from postgres import Postgres
        self.hosts = Hosts(WORKERS)
        self.database = Postgres(listen=self.hosts.addresses["db"], port=free_port())
        self.relay = MailServer(str(folder / "mail"), host=self.hosts.addresses["mx"], delay=0.02)
        self.site = Site(folder)
        self.site.database = new_schema(self.database)
        self.site.configure(database=self.site.database, port=self.relay.port,
                            smtp={"host": self.hosts.addresses["mx"], "connections": 5,
                                  "timeout": "3s"},
                            workers={"lease": f"{LEASE}s"})
        self.site.install()
        self.running = {}

    def start(self, host, **environment):
        self.running[host] = subprocess.Popen(
            [*self.hosts.on(host), BINARY, "send", "--worker"], cwd=self.site.folder,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **environment})

    def start_all(self):
        for host in range(WORKERS):
            self.start(host)

    def stop(self, host, by=signal.SIGTERM):
        worker = self.running.pop(host)
        worker.send_signal(by)
        return worker.communicate(timeout=60)

    def shares(self):
        """How many messages each run has under way."""
        return dict(self.site.sql("SELECT lease_owner, count(*) FROM delivery WHERE "
                                  "state = 'leased' GROUP BY 1"))

    def send(self, people, **front):
        addresses = [f"user{i}@example.org" for i in range(people)]
        self.site.add_active(addresses)
        path = self.site.issue(**front)
        self.site.run("send", path, "--at", "2100-01-01 00:00")
        self.site.sql("UPDATE issue SET scheduled_at = 1, state = state")  # and wakes them
        return addresses

    def start_sending(self):
        """All of them, in the middle of an issue to 300 people."""
        self.start_all()
        addresses = self.send(300)
        wait_for(lambda: self.relay.handler.accepted > 40)
        return addresses

    def wait_until_sent(self, seconds=90):
        wait_for(lambda: self.site.sql("SELECT state FROM issue") == [("sent",)], seconds)

    def received(self, addresses):
        return {address: len(self.relay.messages(address)) for address in addresses}

    def check(self, addresses, in_doubt):
        """Nobody is missed and nobody is mailed twice; only `in_doubt` at most are left unknown."""
        states, received = self.site.state_of_each(), self.received(addresses)
        assert set(states) == set(addresses) and set(states.values()) <= {"sent", "unknown"}
        for address in addresses:
            expected = {1} if states[address] == "sent" else {0, 1}
            assert received[address] in expected, (address, states[address], received[address])
        assert sum(state == "unknown" for state in states.values()) <= in_doubt

    def remove(self):
        for host in list(self.running):
            self.stop(host, signal.SIGKILL)
        self.relay.stop()
        self.database.remove()
        self.hosts.remove()


@pytest.fixture
def workers(tmp_path):
    made = Workers(tmp_path)
    yield made
    made.remove()


def test_they_share_an_issue(workers):
    workers.start_all()
    addresses = workers.send(300)
    wait_for(lambda: len(workers.shares()) == WORKERS)
    workers.wait_until_sent()
    workers.check(addresses, in_doubt=0)
    said = [workers.stop(host)[0].decode() for host in range(WORKERS)]
    assert sum(int(line.split()[1]) for text in said for line in text.splitlines()) == 300
    assert workers.site.sql("SELECT max(attempts) FROM delivery") == [(1,)]
    assert workers.site.sql("SELECT count(*) FROM event WHERE kind = 'issue-started'") == [(1,)]


def test_notices_wake_them(workers):
    """What a form has queued goes out although the longest wait is far longer."""
    workers.site.configure(workers={"lease": "1h"})
    workers.start_all()
    time.sleep(1)  # they wait
    workers.site.add_active(["ann@example.org"])
    workers.site.sql("INSERT INTO delivery (kind, subscription, state, created_at, updated_at) "
                     "SELECT 'welcome', id, 'queued', 1, 1 FROM subscription")
    wait_for(lambda: workers.relay.messages("ann@example.org"), 15)
    assert workers.received(["ann@example.org"]) == {"ann@example.org": 1}


def test_killed(workers):
    workers.start_all()
    addresses = workers.send(300)
    for host in (0, 1):
        before = workers.relay.handler.accepted
        wait_for(lambda: workers.relay.handler.accepted > before + 40)
        workers.stop(host, signal.SIGKILL)
    workers.wait_until_sent()
    workers.check(addresses, in_doubt=10)


def test_stopped_for_longer_than_a_lease(workers):
    """What it has in hand when it wakes up is not its own any more; what the relay took, it still tells."""
    workers.site.configure(smtp={"timeout": "60s"})
    addresses = workers.start_sending()
    workers.running[0].send_signal(signal.SIGSTOP)
    workers.wait_until_sent()
    in_doubt = workers.site.states().get("unknown", 0)
    assert in_doubt <= 5
    workers.running[0].send_signal(signal.SIGCONT)
    time.sleep(2)
    workers.stop(0)
    workers.check(addresses, in_doubt=0)  # it knows what became of them


def test_cut_off_from_the_database(workers):
    addresses = workers.start_sending()
    workers.hosts.cut("db", 0)
    workers.wait_until_sent()
    workers.check(addresses, in_doubt=5)
    workers.hosts.mend("db", 0)
    more = workers.site.issue(number="No 2")
    for host in (1, 2):
        workers.stop(host)
    workers.site.run("send", more, "--at", "2100-01-01 00:00")
    workers.site.sql("UPDATE issue SET scheduled_at = 1, state = state WHERE state = 'scheduled'")
    wait_for(lambda: workers.site.sql("SELECT count(*) FROM issue WHERE state = 'sent'") == [(2,)], 90)
    states = collections.Counter(workers.site.sql("SELECT i.number, d.state FROM delivery d JOIN "
                                                  "issue i ON i.id = d.issue"))
    assert states["No 2", "sent"] == 300
    unknown = states["No 1", "unknown"]
    assert 600 - unknown <= sum(workers.received(addresses).values()) <= 600


def test_cut_off_for_a_moment(workers):
    """Less than a lease: what happened meanwhile is recorded afterwards."""
    workers.site.configure(workers={"lease": "50s"})
    workers.start(0)
    addresses = workers.send(200)
    wait_for(lambda: workers.relay.handler.accepted > 40)
    workers.hosts.cut("db", 0)
    time.sleep(2)
    workers.hosts.mend("db", 0)
    workers.wait_until_sent()
    workers.check(addresses, in_doubt=0)


def test_database_restarts(workers):
    workers.site.configure(workers={"lease": "50s"})
    addresses = workers.start_sending()
    workers.database.stop("immediate")
    time.sleep(1)
    workers.database.start()
    workers.wait_until_sent()
    workers.check(addresses, in_doubt=0)


def test_cut_off_from_the_relay(workers):
    addresses = workers.start_sending()
    workers.hosts.cut("mx", 0)
    workers.wait_until_sent()
    workers.check(addresses, in_doubt=5)


def test_wrong_clocks(workers):
    """They go by the database's: no lease ends early, no delay is longer or shorter."""
    library = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")[0]
    workers.start(0, LD_PRELOAD=library, FAKETIME="+3h")
    workers.start(1, LD_PRELOAD=library, FAKETIME="-3h")
    workers.start(2)
    workers.relay.handler.tempfail = {f"user{i}@example.org" for i in range(10)}
    addresses = workers.send(300)
    wait_for(lambda: len(workers.shares()) == WORKERS)
    workers.wait_until_sent()
    workers.check(addresses, in_doubt=0)
    assert workers.site.sql("SELECT max(attempts), sum(attempts)::int FROM delivery") == [(2, 310)]
    span = workers.site.sql("SELECT max(updated_at) - min(first_attempt_at), "
                            "extract(epoch FROM now())::bigint - max(updated_at) FROM delivery")
    assert 0 <= span[0][0] < 600 and 0 <= span[0][1] < 600


def test_one_rate_for_all(workers):
    workers.site.configure(limits={"per_second": 12, "domains": [
        {"domain": "slow.example", "per_second": 3}]})
    workers.start_all()
    workers.site.add_active([f"p{i}@slow.example" for i in range(12)])
    workers.send(60)
    workers.wait_until_sent()
    for condition, most in (("TRUE", 12 + 1), ("r.address LIKE '%@slow.example'", 3 + 1)):
        times = collections.Counter(row[0] for row in workers.site.sql(
            "SELECT d.first_attempt_at FROM delivery d JOIN subscription s ON s.id = d.subscription "
            "JOIN subscriber r ON r.id = s.subscriber WHERE " + condition))
        assert max(times.values()) <= most, (condition, times)


def test_connections_of_all_to_a_domain(workers):
    most = most_at_once(workers.relay)
    workers.site.configure(limits={"domains": [{"domain": "slow.example", "connections": 2}]})
    workers.start_all()
    workers.site.add_active([f"p{i}@slow.example" for i in range(40)])
    workers.send(120)
    workers.wait_until_sent()
    assert most["slow.example"] == 2 and most["example.org"] > 5
    assert workers.relay.handler.accepted == 160


@pytest.mark.parametrize("command, left", [("pause", "queued"), ("cancel", "skipped")])
def test_all_stop_within_a_batch(workers, command, left):
    workers.start_sending()
    workers.site.run(command, "no-1")
    at = workers.relay.handler.accepted
    wait_for(lambda: not workers.shares())
    assert set(workers.site.states()) == {"sent", left}
    # What was at its dot; what is leased and not begun goes back.
    assert workers.relay.handler.accepted <= at + 2 * 5 * WORKERS
    assert workers.relay.handler.accepted == workers.site.states()["sent"]


def test_who_leaves_gets_no_more(workers):
    workers.relay.handler.delay = 0.15
    workers.start_all()
    addresses = workers.send(400)
    wait_for(lambda: workers.relay.handler.accepted > 20)
    leaving = addresses[-20:]
    for address in leaving:
        workers.site.run("unsubscribe", "--address", address)
    time.sleep(1)  # what was at its dot arrives
    before = workers.received(leaving)
    workers.wait_until_sent()
    assert workers.received(leaving) == before
    assert workers.site.states()["skipped"] == 20 - sum(before.values()) > 10
