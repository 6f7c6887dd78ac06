"""The operator's view of people and lists: subscriber, resend, list rename and list remove."""
import glob
import json
import re

import pytest
from conftest import POSTGRESQL


def lines(text):
    return [line.split("\t") for line in text.splitlines()]


@pytest.fixture
def two_lists(site):
    site.run("list", "add", "second", "--from", "press@example.org")
    site.add_active(["ann@example.org", "bob@example.net"])
    site.run("import", "-", "--list", "second", "--consent", "asked", stdin=b"email,name,city\n"
             b"ann@example.org,Ann,\ncat@example.org,Cat Black,Aktau\n")
    return site


def test_finding_people(two_lists):
    found = lines(two_lists.run("subscriber", "list", "ann").out)
    assert [row[0] for row in found] == ["ann@example.org"] * 2
    assert sorted(row[2] for row in found) == ["bulletin", "second"]
    assert {row[3] for row in found} == {"active"}
    assert [row[0] for row in lines(two_lists.run("subscriber", "list", "bLACK").out)] == ["cat@example.org"]
    assert [row[0] for row in lines(two_lists.run("subscriber", "list", "example.NET").out)] == ["bob@example.net"]
    assert len(lines(two_lists.run("subscriber", "list").out)) == 4
    assert len(lines(two_lists.run("subscriber", "list", "--limit", "2").out)) == 2
    assert two_lists.run("subscriber", "list", "%").out == ""
    one = json.loads(two_lists.run("subscriber", "list", "Cat", "--json").out)
    assert one["address"] == "cat@example.org" and one["list"] == "second" and one["state"] == "active"


BOTH = ["ap@example.org", "zp@example.org"]


@pytest.mark.parametrize("part, expected", [("анна", BOTH), ("АННА", BOTH), ("Анна П", BOTH), ("нна п", BOTH), ("петро", BOTH),
                                            ("ПЕТРОВА", ["ap@example.org"]), ("пётр", ["zp@example.org"]),
                                            ("áron", ["ar@example.org"]), ("ÁRON", ["ar@example.org"]),
                                            ("straße", ["ar@example.org"]), ("нет таких", [])])
def test_finding_people_in_any_script(two_lists, part, expected):
    """Small and capital letters are the same beyond ASCII, too, and the limit counts those who were found."""
    two_lists.run("import", "-", "--list", "second", "--consent", "asked", stdin=(
        "email,name\nap@example.org,Анна Петрова\nzp@example.org,ПЁТР И АННА ПЕТРОВЫ\nar@example.org,Áron Straße\n").encode())
    assert [row[0] for row in lines(two_lists.run("subscriber", "list", part).out)] == expected
    assert [row[0] for row in lines(two_lists.run("subscriber", "list", part, "--limit", "1").out)] == expected[:1]


def rows_read(site, part):
    """How many rows of people PostgreSQL reads for a first page."""
    asked = ("SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables WHERE relname = 'subscriber'")
    site.sql("SELECT pg_stat_force_next_flush()")
    before = site.sql(asked)[0][0]
    site.run("subscriber", "list", part, "--limit", "20")
    while site.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'newsletter%'")[0][0] > 0:
        pass
    return site.sql(asked)[0][0] - before


@pytest.mark.postgresql
def test_finding_people_reads_few_rows(site):
    """Few people are read, however many have the part. Without the index they are found all the same, and doctor says so."""
    def make(first, last):
        site.sql("INSERT INTO subscriber (uuid, address, address_key, name, created_at) SELECT 'u' || i, a, a, CASE WHEN i % 3 = 0 "
                 "THEN 'Анна ' || i ELSE 'Zoe ' || i END, 1 FROM (SELECT i, CASE WHEN i % 2999 = 0 THEN 'rare' || i || '@quux.example' "
                 "ELSE 'a' || i || '@d' || i % 97 || '.example.org' END AS a FROM generate_series(?, ?) i) made", first, last)
        site.sql("ANALYZE subscriber")

    parts = ["quux", "анна", "example.org", "z", "no such"]
    make(1, 30000)
    read = [rows_read(site, part) for part in parts]
    assert max(read) < 6000, read
    found = [site.run("subscriber", "list", part).out for part in parts]
    assert [text.count("\n") for text in found] == [10, 10000, 29990, 20000, 0]
    site.sql("DROP INDEX subscriber_text")
    assert site.run("subscriber", "list", "quux").out == found[0]
    assert "pg_trgm" in site.run("doctor", "--local", expect=None).out
    assert "pg_trgm" not in site.run("doctor", "--local", "--repair", expect=None).out
    assert site.sql("SELECT count(*) FROM pg_indexes WHERE indexname = 'subscriber_text'") == [(1,)]


def test_tags_are_shown(two_lists):
    two_lists.run("import", "-", "--list", "second", "--consent", "asked", stdin=b"email,tags\ntag@example.org,press|ferries\n")
    shown = two_lists.run("subscriber", "show", "tag@example.org").out
    assert "tags" in shown and "press" in shown and "ferries" in shown


def test_correcting_somebody(two_lists):
    two_lists.run("subscriber", "edit", "CAT@example.org", "--name", " Cat White ", "--language", "kk",
                  "--attribute", "city=Almaty", "--attribute", "role=editor")
    person = json.loads(two_lists.run("subscriber", "show", "cat@example.org", "--json").out)
    assert (person["name"], person["language"]) == ("Cat White", "kk")
    assert person["attributes"] == {"city": "Almaty", "role": "editor"}
    assert person["history"][-1]["what"] == "edited"
    two_lists.run("subscriber", "edit", "cat@example.org", "--name", "", "--attribute", "role=")
    person = json.loads(two_lists.run("subscriber", "show", "cat@example.org", "--json").out)
    assert person["name"] is None and person["attributes"] == {"city": "Almaty"}
    assert person["language"] == "kk"
    two_lists.run("subscriber", "edit", "cat@example.org", expect=64)
    two_lists.run("subscriber", "edit", "cat@example.org", "--language", "no such", expect=65)
    two_lists.run("subscriber", "edit", "cat@example.org", "--attribute", "city", expect=64)
    two_lists.run("subscriber", "edit", "cat@example.org", "--name", "a\nb", expect=65)
    two_lists.run("subscriber", "edit", "nobody@example.org", "--name", "x", expect=67)


def test_all_about_somebody(connected, server):
    connected.add_active(["ann@example.org", "full@example.org"])
    server.handler.replies["full@example.org"] = "550 5.2.1 mailbox is closed today"
    connected.run("send", "--yes", connected.issue(), expect=None)
    shown = connected.run("subscriber", "show", "full@example.org").out
    for word in ("full@example.org", "Subscriptions", "Deliveries", "mailbox is closed today", "550", "History"):
        assert word in shown, (word, shown)
    assert "mailbox is closed" not in connected.run("subscriber", "show", "ann@example.org").out


def test_resending(connected, server):
    connected.add_active(["ann@example.org", "blocked@example.org", "other@example.org", "gone@example.org"])
    for name in ("blocked", "other", "gone"):
        server.handler.replies[f"{name}@example.org"] = "554 5.6.0 message not liked" if name == "other" else \
            "554 5.6.0 your network is on a list"
    connected.run("send", "--yes", connected.issue(), expect=None)
    connected.sql("UPDATE delivery SET state = 'failed', reply_text = 'your network is on a list' WHERE subscription IN "
                  "(2, 4)")
    connected.sql("UPDATE delivery SET state = 'failed', reply_text = 'message not liked' WHERE subscription = 3")
    connected.sql("UPDATE subscription SET state = 'active' WHERE id IN (2, 3)")
    connected.sql("UPDATE subscription SET state = 'unsubscribed' WHERE id = 4")
    connected.sql("UPDATE issue SET state = 'sent'")
    server.handler.replies.clear()
    before = server.count()
    connected.run("resend", "no-1", expect=64)
    connected.run("resend", "no-1", "--state", "sent", expect=64)
    connected.run("resend", "no-1", "--state", "failed", "--since", "yesterday", expect=64)
    refused = connected.run("resend", "no-1", "--state", "failed", "--reply", "network", expect=64)
    assert "1 person" in refused.out and "Left out: 1" in refused.out and "--yes" in refused.err
    assert server.count() == before
    connected.run("resend", "no-1", "--state", "failed", "--reply", "no such words", "--yes", expect=67)
    connected.run("resend", "no-1", "--state", "bounced", "--yes", expect=67)
    assert "1 delivery is queued again" in connected.run("resend", "no-1", "--state", "failed", "--reply",
                                                         "Network*LIST", "--yes").out
    connected.run("retry")
    assert server.count() == before + 1
    assert connected.sql("SELECT state FROM delivery WHERE issue = 1 ORDER BY subscription") == [
        ("sent",), ("sent",), ("failed",), ("failed",)]


def test_a_cancelled_issue_is_not_resent(connected, server):
    connected.add_active(["ann@example.org"])
    server.handler.replies["ann@example.org"] = "451 4.3.0 later"
    connected.run("send", "--yes", connected.issue(), expect=None)
    connected.sql("UPDATE delivery SET state = 'failed' WHERE issue = 1")
    connected.sql("UPDATE issue SET state = 'cancelled'")
    assert "cancelled" in connected.run("resend", "no-1", "--state", "failed", "--yes", expect=65).err


def test_renaming_a_list(two_lists):
    before = two_lists.sql("SELECT list_id FROM list WHERE name = 'second'")
    asked = two_lists.run("list", "rename", "second", "press", expect=64)
    assert "2 active" in asked.out and "--yes" in asked.err
    two_lists.run("list", "rename", "second", "press", "--yes")
    assert two_lists.sql("SELECT list_id FROM list WHERE name = 'press'") == before
    two_lists.run("list", "rename", "press", "bulletin", "--yes", expect=65)
    two_lists.run("list", "rename", "press", "No Name", "--yes", expect=65)
    two_lists.run("list", "rename", "second", "x", "--yes", expect=67)
    assert "press" in two_lists.run("subscriber", "list", "cat").out


@pytest.mark.slow(1)
def test_removing_a_list(two_lists):
    two_lists.run("import", "-", "--list", "second", "--consent", "asked", stdin=b"email\ndan@example.org\n")
    two_lists.run("unsubscribe", "--address", "dan@example.org", "--list", "second")
    for name in ("second", "bulletin"):
        two_lists.run("subscribe", f"eve@{name}.example.org", "--list", name)
    notices = two_lists.sql("SELECT count(*) FROM delivery")[0][0]
    assert notices > 1
    for issue in ("NULL", "NULL", "(SELECT max(id) FROM issue)"):
        two_lists.sql("INSERT INTO draft (list, title, issue, created_at, created_by, updated_at, updated_by) SELECT id, "
                      f"'Draft', {issue}, 1, 'ann', 1, 'ann' FROM list WHERE name = 'second'")
    unsent = two_lists.sql("SELECT count(*) FROM draft WHERE issue IS NULL")[0][0]
    asked = two_lists.run("list", "remove", "second", expect=64)
    assert "2 active" in asked.out and f"{unsent} unsent drafts" in asked.out and "its drafts are deleted" in asked.out and "3 people are on no other list" in asked.out
    two_lists.run("list", "remove", "second", "--yes")
    assert two_lists.sql("SELECT name FROM list") == [("bulletin",)] and not two_lists.sql("SELECT 1 FROM draft")
    if not POSTGRESQL:  # nothing of them is left in the file
        for path in glob.glob(str(two_lists.database) + "*"):
            with open(path, "rb") as file:
                assert b"eve@second" not in file.read(), path
    assert sorted(row[0] for row in lines(two_lists.run("subscriber", "list").out)) == [
        "ann@example.org", "bob@example.net", "eve@bulletin.example.org"]
    assert two_lists.sql("SELECT count(*) FROM delivery") == [(1,)]  # the one to eve
    two_lists.run("doctor", expect=None)
    # People who had left do not come back with a file; the others may.
    two_lists.run("import", "-", "--consent", "asked", "--partial", stdin=b"email\ncat@example.org\ndan@example.org\n",
                  expect=None)
    people = two_lists.run("subscriber", "list").out
    assert "cat@example.org" in people and "dan@example.org" not in people


def test_a_list_with_an_issue_under_way_stays(connected):
    connected.add_active(["ann@example.org"])
    connected.configure(port=9)
    connected.run("send", "--yes", connected.issue(), expect=75)
    assert "newsletter cancel" in connected.run("list", "remove", "bulletin", "--yes", expect=75).err
    connected.run("cancel", "no-1")
    connected.run("list", "remove", "bulletin", "--yes")
    for table in ("list", "issue", "delivery", "subscription", "subscriber"):
        assert connected.sql(f"SELECT count(*) FROM {table}") == [(0,)], table


def test_moments_are_shown_as_everywhere(connected):
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", connected.issue())
    form = r"\d{4}-\d\d-\d\d \d\d:\d\d (UTC|[+-]\d\d:\d\d)"
    shown = [connected.run("subscriber", "show", "ann@example.org").out, connected.run("report", "1").out,
             connected.run("subscriber", "show", "ann@example.org", env={"TZ": "Asia/Aqtau"}).out]
    for text in shown:
        assert re.search(form, text) and not re.search(r"\dT\d\d:", text), text
    assert "+05:00" in shown[2]
    assert re.search(r"\dT\d\d:\d\d:\d\dZ", connected.run("subscriber", "show", "--json", "ann@example.org").out)
