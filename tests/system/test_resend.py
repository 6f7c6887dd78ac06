"""Deliveries are queued again in short transactions; a process that dies between two of them leaves the rest as it was."""
import contextlib
import re
import signal
import sqlite3

import psycopg2
from conftest import POSTGRESQL, wait_for

PEOPLE = 3000


@contextlib.contextmanager
def held(site):
    """Nobody else writes meanwhile."""
    if POSTGRESQL:
        with psycopg2.connect(site.database) as other, other.cursor() as cursor:
            cursor.execute("LOCK TABLE delivery IN EXCLUSIVE MODE")
            yield
        other.close()
    else:
        other = sqlite3.connect(site.database, timeout=30, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        yield
        other.close()


def test_killed_between_two_parts(connected):
    connected.add_active(["first@example.org"])
    connected.run("send", "--yes", connected.issue())
    connected.add_active([f"user{n}@example.org" for n in range(PEOPLE - 1)])
    connected.sql("INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at, reply_code, reply_text) "
                  "SELECT 'issue', d.issue, s.id, 'failed', 1, 1, 550, 'blocked' FROM subscription s CROSS JOIN delivery d "
                  "WHERE d.kind = 'issue' AND s.id <> d.subscription")

    def states():
        return dict(connected.sql("SELECT state, count(*) FROM delivery WHERE kind = 'issue' GROUP BY state"))

    run = connected.popen("resend", "no-1", "--state", "failed", "--yes")
    wait_for(lambda: states().get("queued", 0) > 0)
    with held(connected):
        left = states()
        run.send_signal(signal.SIGKILL)
        run.communicate(timeout=60)
    assert 0 < left["failed"] < PEOPLE - 1, left
    assert states() == left
    assert connected.sql("SELECT state FROM issue") == [("sending",)]
    again = connected.run("resend", "no-1", "--state", "failed", "--yes").out
    assert re.search(rf"\b{left['failed']}\b", again), again
    assert states() == {"sent": 1, "queued": PEOPLE - 1}
    assert connected.sql("SELECT CAST(sum(waiting) AS BIGINT), CAST(sum(sent) AS BIGINT), CAST(sum(failed) AS BIGINT) "
                         "FROM issue_total") == [(PEOPLE - 1, 1, 0)]
    assert connected.sql("SELECT coalesce(CAST(sum(times) AS BIGINT), 0) FROM issue_reason") == [(0,)]
