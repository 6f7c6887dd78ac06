"""The totals of an issue are kept as its deliveries change; nothing counts them again to show them."""
import json
import sqlite3

import pytest
from conftest import wait_for

STATES = ("sent", "deferred", "bounced", "failed", "unknown", "skipped")
KEPT = "SELECT issue, CAST(sum(waiting) AS BIGINT), " + ", ".join(
    f"CAST(sum({state}) AS BIGINT)" for state in STATES) + " FROM issue_total GROUP BY issue ORDER BY issue"
COUNTED = "SELECT issue, count(*) FILTER (WHERE state IN ('queued', 'leased')), " + ", ".join(
    f"count(*) FILTER (WHERE state = '{state}')" for state in STATES) + (
    " FROM delivery WHERE issue IS NOT NULL GROUP BY issue ORDER BY issue")


WAITING = "'queued', 'leased'"
DOMAIN = "CASE WHEN r.address_key LIKE '%@%' THEN replace(r.address_key, rtrim(r.address_key, replace(r.address_key, '@', '')), '') ELSE '' END"
# The figures that triggers keep, and the same counted.
FIGURES = [
    (f"SELECT issue, domain, CAST(sum(waiting) AS BIGINT), {', '.join(f'CAST(sum({state}) AS BIGINT)' for state in STATES)} "
     f"FROM issue_domain GROUP BY 1, 2 HAVING sum(waiting + {' + '.join(STATES)}) <> 0 ORDER BY 1, 2",
     f"SELECT d.issue, {DOMAIN}, count(*) FILTER (WHERE d.state IN ({WAITING})), "
     + ", ".join(f"count(*) FILTER (WHERE d.state = '{state}')" for state in STATES) +
     " FROM delivery d JOIN subscription s ON s.id = d.subscription JOIN subscriber r ON r.id = s.subscriber "
     "WHERE d.issue IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"),
    (f"SELECT issue, second, {', '.join(f'CAST(sum({state}) AS BIGINT)' for state in STATES)} "
     f"FROM issue_second GROUP BY 1, 2 HAVING sum({' + '.join(STATES)}) <> 0 ORDER BY 1, 2",
     "SELECT issue, updated_at, " + ", ".join(f"count(*) FILTER (WHERE state = '{state}')" for state in STATES) +
     f" FROM delivery WHERE issue IS NOT NULL AND state NOT IN ({WAITING}) GROUP BY 1, 2 ORDER BY 1, 2"),
    ("SELECT issue, kind, reason, CAST(sum(times) AS BIGINT) FROM issue_reason GROUP BY 1, 2, 3 HAVING sum(times) <> 0 "
     "ORDER BY 1, 2, 3",
     "SELECT issue, kind, reason, count(*) FROM (SELECT d.issue AS issue, b.kind AS kind, b.reason AS reason FROM bounce b "
     "JOIN delivery d ON d.id = b.delivery WHERE d.issue IS NOT NULL UNION ALL SELECT d.issue, 'refused', "
     "coalesce(d.reply_status, CAST(d.reply_code AS TEXT), 'unknown') FROM delivery d WHERE d.issue IS NOT NULL AND d.state "
     "IN ('bounced', 'failed') AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = d.id)) AS found "
     "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"),
]


def totals(site):
    kept = site.sql(KEPT)
    assert kept == site.sql(COUNTED)
    for figures, counted in FIGURES:
        assert site.sql(figures) == site.sql(counted)
    return kept


@pytest.fixture
def refusing(connected, server):
    """A site with four people: the mail of one bounces, that of another is put off."""
    connected.add_active([f"{name}@example.org" for name in ("ann", "bob", "gone", "later")])
    server.handler.replies = {"gone@example.org": "550 5.1.1 no such user", "later@example.org": "451 4.2.0 later"}
    return connected


@pytest.mark.slow(1)
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


# One statement each. The last ones put deliveries back into the state in which they were found.
AT_ONCE = (
    "UPDATE delivery SET state = 'leased'",  # of two issues
    "UPDATE delivery SET dot_at = 7",
    "UPDATE delivery SET state = 'sent', updated_at = 7",
    "UPDATE delivery SET updated_at = 8",
    "UPDATE delivery SET state = 'leased' WHERE issue = 1",
    "UPDATE delivery SET state = 'sent', updated_at = 9 WHERE issue = 1",  # the short way of a server
    "UPDATE delivery SET state = 'leased' WHERE issue = 1",
    "UPDATE delivery SET state = 'sent', updated_at = 9 + id WHERE issue = 1",  # at moments that differ
    "UPDATE delivery SET state = CASE id % 2 WHEN 0 THEN 'leased' ELSE 'deferred' END WHERE issue = 1",
    "UPDATE delivery SET state = 'sent', updated_at = 9 WHERE issue = 1",  # from states that differ
    "UPDATE delivery SET state = CASE issue WHEN 1 THEN 'leased' ELSE 'queued' END",
    "UPDATE delivery SET state = CASE id % 3 WHEN 0 THEN 'sent' WHEN 1 THEN 'bounced' ELSE 'queued' END, reply_code = 550",
    "UPDATE delivery SET state = CASE id % 3 WHEN 0 THEN 'failed' WHEN 1 THEN 'unknown' ELSE 'skipped' END, updated_at = 10",
    "DELETE FROM delivery",
    "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) SELECT 'issue', i.id, s.id, 'queued', 1, 1 "
    "FROM issue i CROSS JOIN subscription s WHERE i.id = 1",  # the short way of a server
    "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) SELECT 'issue', i.id, s.id, "
    "CASE s.id % 2 WHEN 0 THEN 'queued' ELSE 'deferred' END, 1, 1 FROM issue i CROSS JOIN subscription s WHERE i.id = 2",
    "DELETE FROM delivery",
    "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) SELECT 'issue', i.id, s.id, 'queued', 1, 1 "
    "FROM issue i CROSS JOIN subscription s",
)


def test_a_statement_may_change_much_at_once(connected):
    site = connected
    site.add_active([f"{name}@example.org" for name in ("ann", "bob", "cleo")] + ["dan@example.net", "eve@example.net"])
    for number in (1, 2):
        site.run("send", "--yes", site.issue(number=f"No {number}", name=f"{number}.md"))
    for statement in AT_ONCE:
        site.sql(statement)
        for kept, counted in zip([row for row in site.sql(KEPT) if any(row[1:])], site.sql(COUNTED), strict=True):
            assert kept == counted, statement
        for figures, counted in FIGURES:
            assert site.sql(figures) == site.sql(counted), statement


def test_they_are_what_is_shown(refusing):
    """Made-up totals appear wherever deliveries are told: nothing has counted rows."""
    site = refusing
    site.run("send", "--yes", site.issue(number="No 1"), expect=None)
    site.sql("UPDATE issue_total SET sent = sent + 7000000, waiting = waiting + 3000000")
    shown = json.loads(site.run("status", "no-1", "--json").out)[0]["deliveries"]
    assert (shown["sent"], shown["queued"], shown["deferred"]) == (7000002, 3000000, 1)
    told = site.run("report", "no-1", "--json").out
    assert "7000002" in told


@pytest.mark.slow(1)
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
    for table in ("issue_total", "issue_domain", "issue_second", "issue_reason"):
        site.sql(f"DELETE FROM {table}")
    site.run("doctor", "--local", "--repair", expect=None)
    assert totals(site) == before


def test_people_who_move_or_go_take_their_domain_along(refusing):
    site = refusing
    site.add_active(["eve@eves-own.example"])
    site.run("send", "--yes", site.issue(number="No 1"), expect=None)
    domains = "SELECT DISTINCT domain FROM issue_domain ORDER BY 1"
    assert site.sql(domains) == [("eves-own.example",), ("example.org",)]
    site.run("erase", "--yes", "eve@eves-own.example")
    totals(site)
    assert site.sql(domains) == [("",), ("example.org",)]  # the domain said who it was
    site.sql("UPDATE subscriber SET address = 'bob@example.net', address_key = 'bob@example.net' WHERE address LIKE 'bob%'")
    totals(site)
    site.sql("INSERT INTO subscriber (uuid, address, address_key, created_at) VALUES ('u', 'n@example.com', 'n@example.com', 1)")
    site.sql("UPDATE subscription SET subscriber = (SELECT max(id) FROM subscriber) WHERE subscriber = 1 AND list = 1")
    totals(site)


@pytest.mark.slow(1)
def test_bounces_take_the_place_of_refusals(refusing):
    site = refusing
    site.run("send", "--yes", site.issue(number="No 1"), expect=None)
    assert [row[:2] for row in site.sql("SELECT kind, reason FROM issue_reason WHERE times > 0")] == [("hard", "no-such-user")]
    totals(site)
    site.sql("UPDATE delivery SET state = 'failed', reply_code = 554, reply_status = '5.7.1' WHERE id = "
             "(SELECT min(id) FROM delivery WHERE issue = 1)")
    totals(site)
    site.sql("INSERT INTO bounce (returned, at, delivery, kind, reason, status) SELECT max(r.id), 9, min(d.id), 'soft', "
             "'policy', '5.7.1' FROM returned r, delivery d WHERE d.issue = 1")
    totals(site)
    site.sql("DELETE FROM bounce")
    totals(site)
    site.run("resend", "no-1", "--state", "failed", "--yes", expect=None)
    totals(site)
    site.run("list", "remove", "bulletin", "--yes", expect=None)
    for figures, counted in FIGURES:
        assert site.sql(figures) == site.sql(counted)


@pytest.mark.one_engine("reads which tables SQLite touches")
def test_a_report_reads_no_deliveries(refusing):
    """Without its deliveries' rows, an issue is told in the same words: nothing has counted them."""
    site = refusing
    site.run("send", "--yes", site.issue(number="No 1"), expect=None)
    told = json.loads(site.run("report", "no-1", "--json").out)
    with sqlite3.connect(site.database) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'delivery'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("DROP TRIGGER bounce_moved_figures")
        database.execute("UPDATE bounce SET delivery = NULL")
        database.execute("DELETE FROM delivery WHERE issue = 1")
    again = json.loads(site.run("report", "no-1", "--json").out)
    for part in ("domains", "reasons", "timeline"):
        assert again[part] == told[part] and told[part]


@pytest.mark.postgresql
def test_the_rows_of_connections_are_folded(refusing, server):
    site = refusing
    site.run("send", "--yes", site.issue(number="No 1"), expect=None)
    server.handler.replies = {}

    def is_sent():
        site.run("retry", expect=None)
        return site.sql("SELECT state FROM issue") == [("sent",)]

    wait_for(is_sent)
    for table in ("issue_total", "issue_domain", "issue_second"):
        assert site.sql(f"SELECT DISTINCT slot FROM {table}") == [(0,)], table
    totals(site)


@pytest.mark.one_engine("reads SQLite's query plan")
def test_leases_are_counted_by_their_index(site):
    with sqlite3.connect(site.database) as database:
        plan = database.execute("EXPLAIN QUERY PLAN SELECT count(*) FROM delivery WHERE issue = ? AND state = 'leased'",
                                (1,)).fetchall()
    assert "delivery_leased" in plan[0][3]
