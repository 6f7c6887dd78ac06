"""Workers of one installation on several hosts, with one PostgreSQL and one relay."""
import os
import shutil
import signal
import subprocess

import pytest
from conftest import BINARY, Site, new_schema, wait_for

from hosts import Hosts
from mailserver import MailServer, free_port

MARKS = [
    pytest.mark.slow(8),
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
        self.database = Postgres(listen=self.hosts.addresses["db"], port=free_port(),
                                 settings=["fsync = off"])
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
        self.site.run("send", "--yes", path, "--at", "2100-01-01 00:00")
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
