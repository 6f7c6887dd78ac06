"""Asking who still wants our mails: a campaign, and the end of subscriptions that nobody renews."""
import time

import pytest
from conftest import parse, plain, token, wait_for
from test_press_room import desk as empty_desk  # noqa: F401
from test_sending_room import text_of
from test_staff import staff  # noqa: F401

DAY = 86400


def states(site):
    return dict(site.sql("SELECT r.address, s.state FROM subscription s JOIN subscriber r ON r.id = s.subscriber"))


@pytest.fixture
def old(connected):
    connected.configure(notices={"welcome": True})
    connected.add_active(["yes@example.org", "silent@example.org", "leaves@example.org", "young@example.org"])
    connected.sql("UPDATE subscription SET confirmed_at = ? WHERE id < 4", int(time.time()) - 800 * DAY)
    connected.sql("UPDATE subscription SET confirmed_at = ? WHERE id = 4", int(time.time()) - DAY)
    return connected


@pytest.mark.slow(1)
def test_campaign(old, server):
    where = ("--where", 'joined < "1 year ago"')
    assert old.run("reconfirm", *where, "--dry-run").out == "3 people would be asked\n"
    old.run("reconfirm", *where, expect=64)  # it asks first
    assert "3 people are asked" in old.run("reconfirm", *where, "--yes").out
    assert old.run("reconfirm", *where, "--yes").out == "0 people would be asked\n"  # nobody is asked twice
    old.run("retry")
    message = parse(server.messages("yes@example.org")[0])
    assert message["Subject"] == "Do you still want to receive News Bulletin?"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert server.messages("young@example.org") == []
    old.run("confirm", token(message, "confirm"))
    old.run("unsubscribe", plain(parse(server.messages("leaves@example.org")[0])).split("unsubscribe?token=")[1].split()[0])
    assert states(old)["yes@example.org"] == "active"
    old.run("retry")
    assert states(old)["silent@example.org"] == "active"  # there is time
    assert len(server.messages("yes@example.org")) == 1  # no second welcome
    old.sql("UPDATE subscription SET reconfirm_by = 1 WHERE reconfirm_by IS NOT NULL")
    assert "1 subscription ended" in old.run("retry").out
    assert states(old) == {"yes@example.org": "active", "silent@example.org": "unsubscribed",
                           "leaves@example.org": "unsubscribed", "young@example.org": "active"}
    assert old.sql("SELECT count(*) FROM event WHERE detail = 'not reconfirmed'") == [(1,)]
    assert old.sql("SELECT confirmed_at > ? FROM subscription WHERE id = 1", int(time.time()) - DAY) == [(1,)]


def test_who_could_not_be_asked_stays(old, server):
    old.configure(retry={"first": "1h", "max": "1h"})  # the server defers, and the next try is not yet due
    server.handler.tempfail.add("silent@example.org")
    old.run("reconfirm", "--yes")
    old.run("retry")
    old.sql("UPDATE subscription SET reconfirm_by = 1")
    old.run("retry")
    assert states(old)["silent@example.org"] == "active" and states(old)["yes@example.org"] == "unsubscribed"


def test_sunset(old, server):
    old.configure(sunset={"after": "730d", "daily": 2})
    old.run("retry")
    assert old.sql("SELECT count(*) FROM subscription WHERE reconfirm_by IS NOT NULL") == [(2,)]
    old.run("retry")  # the mails; and not more than two in a day
    assert server.count() == 2
    assert old.sql("SELECT count(*) FROM subscription WHERE reconfirm_by IS NOT NULL") == [(2,)]
    old.sql("UPDATE setting SET value = '1' WHERE key = 'sunset_at'")
    old.run("retry")
    old.run("retry")
    assert server.count() == 3 and server.messages("young@example.org") == []


@pytest.mark.slow(1)
def test_who_comes_back_is_not_ended_by_an_old_question(old, server):
    old.run("reconfirm", "--yes")
    old.run("retry")
    old.run("unsubscribe", "--address", "silent@example.org")
    old.run("subscribe", "silent@example.org")
    old.run("confirm", token(parse(server.messages("silent@example.org")[-1]), "confirm"))
    old.sql("UPDATE subscription SET reconfirm_by = 1 WHERE reconfirm_by IS NOT NULL")
    old.run("retry")
    assert states(old)["silent@example.org"] == "active"


def test_off_by_default(old, server):
    old.run("retry")
    assert server.count() == 0


def test_who_was_asked_in_parts_is_asked_once(old):
    """2,003 people are asked in three transactions."""
    old.add_active([f"reader{number}@example.org" for number in range(1999)])
    assert "2003 people are asked" in old.run("reconfirm", "--yes").out
    assert old.sql("SELECT count(*), count(DISTINCT subscription) FROM delivery WHERE kind = 'reconfirmation'") == [(2003, 2003)]


@pytest.mark.slow(1)
def test_people_are_asked_in_the_browser(empty_desk, connected, server):
    """The page counts first, asks for a tick, and asks nobody twice."""
    today = int(time.time())
    connected.add_active(["new@example.org", "old@example.org", "older@example.org"])
    connected.sql("UPDATE subscription SET confirmed_at = CASE WHEN subscriber IN (SELECT id FROM subscriber WHERE address LIKE 'old%') "
                  "THEN ? ELSE ? END", today - 800 * DAY, today - DAY)
    connected.run("segment", "add", "older", 'email ~ "older"')
    connected.sql("UPDATE staff SET role = 'administrator'")
    desk = empty_desk
    page = "/lists/bulletin/again"
    assert f'href="{page}"' in desk.http.page("/lists/bulletin").text
    assert "not been asked yet: 3" in text_of(desk.http.page(page).text)
    assert "not been asked yet: 2" in text_of(desk.http.page(page + "?months=24").text)
    assert "not been asked yet: 1" in text_of(desk.http.page(page + "?months=24&segment=older").text)
    assert "not been asked yet: 3" in text_of(desk.http.page(page + "?segment=gone").text)
    for months in ("0", "-1", "x", "1201", "12x", "1e3"):
        assert desk.http.page(page + "?months=" + months).status == 422
        assert desk.http.press(page, sure="yes", months=months).status == 422
    assert desk.http.press(page, months="24").status == 422  # nobody has ticked the box
    assert desk.http.press(page, sure="yes", segment="gone").status in (400, 422)  # not: everybody
    assert connected.sql("SELECT count(*) FROM subscription WHERE reconfirm_by IS NOT NULL") == [(0,)]
    assert desk.http.press(page, sure="yes", months="24").status == 303
    assert connected.sql("SELECT r.address FROM subscription s JOIN subscriber r ON r.id = s.subscriber WHERE s.reconfirm_by IS NOT NULL "
                         "ORDER BY r.id") == [("old@example.org",), ("older@example.org",)]
    assert "not been asked yet: 1" in text_of(desk.http.page(page + "?done=1").text)
    wait_for(lambda: server.count() == 2)
    assert not server.messages("new@example.org")
    assert "list reconfirm" in connected.run("staff", "log").out
    assert desk.http.page("/lists/nosuch/again").status == 404


@pytest.mark.slow(1)
def test_a_page_asks_no_more_than_others_can_wait_for(empty_desk, connected):
    """10,001 people: the one who joined last is asked at the second call."""
    connected.sql("UPDATE staff SET role = 'administrator'")
    connected.add_active([f"reader{number}@example.org" for number in range(10001)])
    connected.sql("UPDATE subscription SET confirmed_at = 2 WHERE id = (SELECT min(id) FROM subscription)")
    page = "/lists/bulletin/again"
    assert "subscribed longest first: 10000" in text_of(empty_desk.http.page(page).text)
    assert empty_desk.http.press(page, sure="yes").status == 303
    assert connected.sql("SELECT count(*), max(confirmed_at) FROM subscription WHERE reconfirm_by IS NOT NULL") == [(10000, 1)]
    left = text_of(empty_desk.http.page(page).text)
    assert "not been asked yet: 1 " in left and "subscribed longest" not in left
