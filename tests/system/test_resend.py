"""Deliveries are queued again in short transactions; a process that dies between two of them leaves the rest as it was."""
import contextlib
import re
import signal
import sqlite3

import psycopg2
import pytest
from conftest import POSTGRESQL, wait_for
from test_staff import StaffServer, configure

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


STATES = {"a": ("failed", 550, "blocked by a list"), "b": ("failed", 552, "mailbox full"), "c": ("unknown", None, None), "d": ("bounced", 550, "no such user")}


@pytest.fixture
def page(connected):
    connected.add_active([f"{name}@example.org" for name in (*STATES, "e")])
    connected.run("send", "--yes", connected.issue())
    connected.tampered = True
    for name, (state, code, text) in STATES.items():
        connected.sql("UPDATE delivery SET state = ?, reply_code = ?, reply_text = ? WHERE subscription = (SELECT s.id FROM "
                      "subscription s JOIN subscriber r ON r.id = s.subscriber WHERE r.address = ?)", state, code, text, f"{name}@example.org")
    configure(connected)
    http = StaffServer(connected.folder, "--no-mail")
    http.login()
    yield http
    http.stop()


def found(http, query=""):
    return re.search(r"get it again:\s+<strong>(\d+)", http.page("/issue/1/again" + query).text).group(1)


def test_by_the_page(connected, server, page):
    """Counted before it is sent, by state and by words of the reply, as the command does it."""
    assert 'href="/issue/1/again"' in page.page("/issue/1").text
    assert [found(page), found(page, "?state=failed&reply=552*full"), found(page, "?state=unknown"), found(page, "?state=bounced&reply=nosuch"),
            found(page, "?state=sent"), found(page, "?reply=%22%3E%3Cb%3E")] == ["2", "1", "1", "0", "2", "0"]
    assert "<b>" not in page.page("/issue/1/again?reply=%22%3E%3Cb%3E").text
    assert "may have received it already" in page.page("/issue/1/again?state=unknown").text
    before = server.count()
    assert page.press("/issue/1/again", state="failed", reply="full").status == 422  # the box is not ticked
    assert page.press("/issue/1/again", state="sent", sure="yes").status == 422
    assert page.press("/issue/1/again", state="failed", reply="full", sure="yes").status == 303
    assert connected.sql("SELECT state FROM issue") == [("sending",)] and server.count() == before
    connected.run("retry")
    assert server.count() == before + 1 and len(server.messages("b@example.org")) == 2
    assert connected.sql("SELECT actor FROM audit WHERE action = 'issue resend'") == [("ann",)]


def test_nobody_who_left_by_the_page(connected, page):
    connected.run("unsubscribe", "--address", "a@example.org", "--list", "bulletin")
    text = page.page("/issue/1/again").text
    assert found(page) == "1" and re.search(r"is suppressed:\s+1", re.sub(r"<[^>]+>", "", text))
    connected.sql("UPDATE issue SET state = 'cancelled'")
    answer = page.page("/issue/1/again")
    assert found(page) == "0" and "cancelled" in answer.text
    assert page.press("/issue/1/again", state="failed", sure="yes").status == 409
