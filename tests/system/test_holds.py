"""The last page before sending: each thing that would hold an issue back, with its number, and how long it takes."""
import datetime
import re

import pytest
from test_approval import say
from test_press_room import FIELDS
from test_press_room import desk as empty_desk  # noqa: F401
from test_sending_room import text_of
from test_staff import staff  # noqa: F401

NOW = int(datetime.datetime.now(datetime.timezone.utc).timestamp())


@pytest.fixture
def desk(empty_desk, connected):
    connected.add_active(["ann@example.org", "bo@example.org", "cy@example.org"])
    empty_desk.save(revision=empty_desk.revision(), **FIELDS)
    first = empty_desk.http
    yield empty_desk
    if empty_desk.http is not first:  # which another fixture stops
        empty_desk.http.stop()


def holds(desk):
    page = desk.page("/send")
    assert page.status == 200, page.text
    found = re.search(r"<h2>What holds it back</h2>\s*<ul class=\"findings\">(.*?)</ul>", page.text, re.S)
    return text_of(found.group(1)) if found else ""


def restart(desk, connected, **settings):
    desk.http.stop()
    connected.configure(**settings)
    desk.http = type(desk.http)(connected.folder, "--no-mail")
    desk.http.login()


@pytest.mark.slow(1)
def test_who_does_not_get_it(desk, connected):
    assert "do not get it" not in holds(desk)
    connected.run("suppress", "add", "bo@example.org")
    connected.run("subscribe", "new@example.org")
    told = holds(desk)
    assert "since their addresses are suppressed: 1" in told and "since they have not confirmed yet: 1" in told
    assert "Recipients, as of now 2" in text_of(desk.page("/send").text)


@pytest.mark.slow(1)
def test_what_the_relay_last_said(desk, connected):
    assert "put off" not in holds(desk)
    connected.run("send", "--yes", connected.issue(number="No 9"))
    connected.sql("UPDATE delivery SET state = 'deferred', attempts = 1, reply_code = 451, reply_text = '4.7.1 <try> later', "
                  "next_attempt_at = ?, updated_at = ? WHERE id < 3", NOW + 600, NOW)
    assert "put off within the last hour: 2 &middot; 451 4.7.1 &lt;try&gt; later" in holds(desk)
    connected.sql("UPDATE delivery SET reply_code = NULL, reply_text = 'the connection broke'")
    assert "put off within the last hour: 2 &middot; the connection broke" in holds(desk)
    connected.sql("UPDATE delivery SET updated_at = ?", NOW - 3700)
    assert "put off" not in holds(desk)


@pytest.mark.slow(1)
def test_an_issue_that_has_stopped_by_itself(desk, connected):
    """Also one of another list: the relay is the same."""
    connected.run("list", "add", "other", "--from", "press@example.org")
    connected.run("send", "--yes", connected.issue(number="No 8", title="Quays"), "--list", "bulletin")
    connected.sql("UPDATE issue SET state = 'paused', list = 2, pause_note = 'the server refuses us: 550 5.7.1 <blocked>'")
    told = holds(desk)
    assert "An issue has stopped by itself: Quays : the server refuses us: 550 5.7.1 &lt;blocked&gt;" in told
    assert "is paused and has not reached" not in told
    connected.sql("UPDATE issue SET pause_note = 'by hand'")
    assert "Quays" not in holds(desk)  # of another list, and nothing is wrong
    connected.sql("UPDATE issue SET list = 1")
    told = holds(desk)
    assert "stopped by itself" not in told and "is paused and has not reached everybody: Quays" in told


def test_the_doctor(desk, connected):
    assert "in the clear" not in holds(desk)
    restart(desk, connected, bounce_address=None, smtp={"security": "none", "host": "192.0.2.7"})
    told = holds(desk)
    assert "For the administrator: security: none sends all mail to 192.0.2.7 in the clear" in told
    assert 'class="error"' in desk.page("/send").text


def test_embargo(desk, connected):
    desk.save(revision=desk.revision(), **FIELDS, embargo="2036-12-02T10:00", timezone="Asia/Almaty")
    assert "with the line that it is not for publication before 2036-12-02 05:00 UTC" in holds(desk)
    desk.save(revision=desk.revision(), **FIELDS, embargo="2016-12-02T10:00")
    assert "Embargo" not in holds(desk)


def test_approvals_that_are_missing(desk, connected):
    restart(desk, connected, approval={"needed": 2})
    assert "Approvals are missing: 0 of 2 have been given." in holds(desk)
    assert say(desk, "ask", words="Please").status == 303
    connected.sql("INSERT INTO staff (name, password, created_at, role) SELECT 'bob', password, created_at, 'sender' FROM staff")
    desk.http.login("bob")
    assert say(desk, "approve").status == 303
    assert "Approvals are missing: 1 of 2 have been given." in holds(desk)
    desk.save(revision=desk.revision(), **{**FIELDS, "body": "Changed.\r\n"})
    assert "Approvals are missing: 0 of 2 have been given." in holds(desk)


@pytest.mark.slow(1)
@pytest.mark.parametrize("limit, pace, words", [
    (0, 2, "Sending takes about 10 min (Messages a minute: 120)"), (1, 50, "Sending takes about 20 min (Messages a minute: 60)"),
    (100, 4, "Sending takes about 5 min (Messages a minute: 240)"), (0, 0, "Sending takes about not known: nothing was sent within a week")])
def test_how_long(desk, connected, limit, pace, words):
    """By the pace that was found, or the limit where that is less."""
    smtp = connected.settings["smtp"]
    if pace:
        connected.sql("INSERT INTO setting (key, value) VALUES (?, ?)", f"relay pace {smtp['host']}:{smtp['port']}", f"2 1 {pace} 0 {NOW}")
    connected.add_active([f"p{number}@example.org" for number in range(1197)])
    if limit:
        restart(desk, connected, limits={"per_second": limit})
    page = text_of(desk.page("/send").text)
    assert "Recipients, as of now 1200" in page and words in page, page[:900]


@pytest.mark.slow(1)
def test_whose_clock_is_not_known(desk, connected):
    connected.sql("UPDATE subscriber SET attributes = '{\"timezone\": \"Asia/Almaty\"}' WHERE address LIKE 'ann%'")
    connected.sql("UPDATE subscriber SET attributes = '{\"timezone\": \"Mars/Olympus\"}' WHERE address LIKE 'bo%'")
    assert "(people whose time zone is not known, and who get it by UTC: 2)" in text_of(desk.page("/send").text)
