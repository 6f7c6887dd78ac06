"""SIGKILL at many random points: nobody is missed, and duplicates are only among `unknown`."""
import random
import signal
import time

import pytest
from conftest import POSTGRESQL, wait_for

pytestmark = pytest.mark.slow(20)

KILLS = 55
PEOPLE = 3000


def test_killed_again_and_again(connected, server):
    server.handler.delay = 0.03
    connected.configure(smtp={"connections": 8}, workers={"lease": "3s"})
    addresses = [f"user{i}@example.org" for i in range(PEOPLE)]
    connected.add_active(addresses)
    path = connected.issue()
    seeded = random.Random(11)
    kills = 0
    while kills < KILLS:
        run = connected.popen("send", "--yes", path)
        if kills % 3:  # in the middle of sending, however fast the machine is; else at any moment
            enough = server.handler.accepted + seeded.randrange(1, 12)
            wait_for(lambda: server.handler.accepted >= enough, 60)
        time.sleep(seeded.uniform(0.0, 0.1))
        run.send_signal(signal.SIGKILL)
        run.communicate(timeout=60)
        assert run.returncode == -signal.SIGKILL, "the run ended before it could be killed"
        kills += 1
        unknown = connected.sql("SELECT count(*) FROM delivery WHERE state = 'leased' AND dot_at "
                                "IS NOT NULL")[0][0]
        # At most one for each connection; a server's database keeps leases until they are over.
        assert unknown <= 8 * (kills if POSTGRESQL else 1)
    assert connected.states().get("sent", 0) > 100, "the kills came too early to prove anything"
    server.handler.delay = 0
    if POSTGRESQL:
        time.sleep(4)
    connected.run("send", "--yes", path)

    states = connected.state_of_each()
    received = {address: len(server.messages(address)) for address in addresses}
    assert set(states.values()) == {"sent", "unknown"}
    assert len(states) == PEOPLE
    for address, state in states.items():
        assert received[address] == 1 if state == "sent" else received[address] <= 1, address
    doubtful = [address for address in addresses if states[address] == "unknown"]
    assert connected.sql("SELECT state FROM issue") == [("sent",)]

    connected.run("send", "--yes", path, "--resend-unknown")
    assert connected.states() == {"sent": PEOPLE}
    for address in addresses:
        count = len(server.messages(address))
        assert count == 1 or (address in doubtful and count == 2), address
    twice = {address for address in addresses if len(server.messages(address)) == 2}
    assert twice <= set(doubtful)


def test_confirmation_mails_survive_a_kill(site, server):
    """A hook killed before it could send leaves the mail to cron."""
    site.run("subscribe", "ann@example.org")  # no server listens yet
    site.sql("UPDATE delivery SET state = 'leased', lease_owner = 'dead', lease_until = 5")
    site.configure(port=server.port)
    site.run("retry")
    assert len(server.messages("ann@example.org")) == 1
