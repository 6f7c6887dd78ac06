"""Asking who still wants our mails: a campaign, and the end of subscriptions that nobody renews."""
import time

import pytest
from conftest import parse, plain, token

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
