"""The totals of an issue are kept as its deliveries change; nothing counts them again to show them."""
import json
import sqlite3

import pytest

STATES = ("sent", "deferred", "bounced", "failed", "unknown", "skipped")
KEPT = "SELECT issue, CAST(sum(waiting) AS BIGINT), " + ", ".join(
    f"CAST(sum({state}) AS BIGINT)" for state in STATES) + " FROM issue_total GROUP BY issue ORDER BY issue"
COUNTED = "SELECT issue, count(*) FILTER (WHERE state IN ('queued', 'leased')), " + ", ".join(
    f"count(*) FILTER (WHERE state = '{state}')" for state in STATES) + (
    " FROM delivery WHERE issue IS NOT NULL GROUP BY issue ORDER BY issue")


def totals(site):
    kept = site.sql(KEPT)
    assert kept == site.sql(COUNTED)
    return kept


@pytest.fixture
def refusing(connected, server):
    """A site with four people: the mail of one bounces, that of another is put off."""
    connected.add_active([f"{name}@example.org" for name in ("ann", "bob", "gone", "later")])
    server.handler.replies = {"gone@example.org": "550 5.1.1 no such user", "later@example.org": "451 4.2.0 later"}
    return connected


def test_they_follow_each_change_of_state(refusing):
    site = refusing
    site.run("send", "--yes", site.issue(number="No 1"), expect=None)
    assert totals(site) == [(1, 0, 2, 1, 1, 0, 0, 0)]
    site.run("suppress", "add", "later@example.org")
    totals(site)
    site.sql("UPDATE delivery SET state = 'leased', lease_owner = 'dead', lease_until = 1, dot_at = 1 "
             "WHERE id = (SELECT min(id) FROM delivery)")
    assert totals(site)[0][1] == 1
    site.run("retry", expect=None)  # finds the dead run's lease
    assert totals(site)[0][6] == 1
    site.run("erase", "--yes", "bob@example.org", expect=None)
    totals(site)
    site.run("send", "--yes", "--at", "2126-01-01 10:00", site.issue(number="No 2", name="two.md"))
    site.run("cancel", "no-2")
    assert site.sql("SELECT count(*) FROM issue_total WHERE issue = 2") == [(0,)]  # withdrawn with the issue
    totals(site)


def test_they_are_what_is_shown(refusing):
    """Made-up totals appear wherever deliveries are told: nothing has counted rows."""
    site = refusing
    site.run("send", "--yes", site.issue(number="No 1"), expect=None)
    site.sql("UPDATE issue_total SET sent = sent + 7000000, waiting = waiting + 3000000")
    shown = json.loads(site.run("status", "no-1", "--json").out)[0]["deliveries"]
    assert (shown["sent"], shown["queued"], shown["deferred"]) == (7000002, 3000000, 1)
    told = site.run("report", "no-1", "--json").out
    assert "7000002" in told


def test_the_doctor_compares_and_repairs(refusing):
    site = refusing
    site.run("send", "--yes", site.issue(number="No 1"), expect=None)
    before = totals(site)
    assert "totals" not in site.run("doctor", "--local", expect=None).out
    site.sql("UPDATE issue_total SET sent = sent + 5, waiting = waiting - 1")
    assert "the totals kept of an issue differ" in site.run("doctor", "--local", expect=None).out
    repaired = site.run("doctor", "--local", "--repair", expect=None).out
    assert "the totals of an issue agree with the deliveries again" in repaired and "differ" not in repaired
    assert totals(site) == before
    site.sql("DELETE FROM issue_total")
    site.run("doctor", "--local", "--repair", expect=None)
    assert totals(site) == before


@pytest.mark.one_engine("reads SQLite's query plan")
def test_leases_are_counted_by_their_index(site):
    with sqlite3.connect(site.database) as database:
        plan = database.execute("EXPLAIN QUERY PLAN SELECT count(*) FROM delivery WHERE issue = ? AND state = 'leased'",
                                (1,)).fetchall()
    assert "delivery_leased" in plan[0][3]
