"""Several workers on one PostgreSQL: killed, cut off, with a wrong clock."""
import collections
import glob
import signal
import time

import psycopg2
from conftest import wait_for

from workers import MARKS, WORKERS, workers  # noqa: F401

pytestmark = MARKS


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
    """The messages in its hands when it wakes up are not its own any more; it still records what the relay took."""
    workers.site.configure(smtp={"timeout": "60s"})
    addresses = workers.start_sending()
    workers.running[0].send_signal(signal.SIGSTOP)
    workers.wait_until_sent()
    in_doubt = workers.site.states().get("unknown", 0)
    assert in_doubt <= 5
    workers.running[0].send_signal(signal.SIGCONT)
    wait_for(lambda: "unknown" not in workers.site.states())
    workers.stop(0)
    workers.check(addresses, in_doubt=0)  # it knows what became of them


def test_stopped_within_a_transaction(workers):
    """Its locks hold the others up for a while, not for as long as it stands still."""
    workers.site.configure(smtp={"timeout": "60s"}, database=workers.site.database.replace(
        "options=", "options=-c%20idle_in_transaction_session_timeout%3D3s%20"))
    addresses = workers.start_sending()
    worker = workers.running[0]
    with psycopg2.connect(workers.site.database) as other, other.cursor() as cursor:
        # Only a lease reads this table. The other statements of a turn travel with its COMMIT.
        cursor.execute("LOCK TABLE subject_test IN ACCESS EXCLUSIVE MODE")
        wait_for(lambda: workers.site.sql(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND xact_start IS NOT NULL "
            f"AND application_name = 'newsletter {worker.pid}'"))
        worker.send_signal(signal.SIGSTOP)
    other.close()
    wait_for(lambda: workers.site.sql("SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction' "
                                      f"AND application_name = 'newsletter {worker.pid}'"))
    workers.wait_until_sent()
    worker.send_signal(signal.SIGCONT)
    workers.stop(0)
    workers.check(addresses, in_doubt=5)


def test_cut_off_from_the_database(workers):
    addresses = workers.start_sending()
    workers.hosts.cut("db", 0)
    workers.wait_until_sent()
    workers.check(addresses, in_doubt=5)
    workers.hosts.mend("db", 0)
    more = workers.site.issue(number="No 2")
    for host in (1, 2):
        workers.stop(host)
    workers.site.run("send", "--yes", more, "--at", "2100-01-01 00:00")
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
