"""Each choice of the last page before sending, made in Chromium, to the mails that come of it. Moments that lie in the future are made
to have come in the database."""
import datetime
import json

import pytest
from browser import needs_browser
from conftest import BINARY, parse, wait_for
from test_browser import visit
from test_press_room import FIELDS
from test_press_room import desk as empty_desk  # noqa: F401
from test_staff import PASSWORD, staff  # noqa: F401
from webserver import WebServer

pytestmark = [needs_browser, pytest.mark.slow(10), pytest.mark.one_engine("the engine makes no difference")]
COOKIES = [{"name": "__Host-newsletter", "secure": True, "httpOnly": True, "sameSite": "Strict"}]
ZONES = {"a@example.org": "Asia/Almaty", "b@example.org": "Europe/Berlin", "c@example.org": None}


@pytest.fixture
def desk(empty_desk, connected):
    """A draft for three people, each with a clock of their own."""
    connected.add_active(ZONES)
    for address, zone in ZONES.items():
        connected.sql("UPDATE subscriber SET attributes = ? WHERE address = ?", json.dumps({"timezone": zone} if zone else {}), address)
    assert empty_desk.save(revision=empty_desk.revision(), **FIELDS).status == 303
    return empty_desk


def send(desk, *choices, after=()):
    """Opens the last page, chooses, and sends; `after` are steps on the page of the issue."""
    visit(desk.http, [{"goto": "/login"}, {"fill": {"Name": "ann", "Password": PASSWORD}}, {"click": "Log in"}, {"goto": desk.path + "/send"},
                      *choices, {"check": ["I have read the issue in all its languages"]}, {"click": "Send the issue"}, *after], COOKIES, True)


def seconds(*moment):
    return int(datetime.datetime(*moment, tzinfo=datetime.timezone.utc).timestamp())


def when(connected):
    return connected.sql("SELECT state, scheduled_at FROM issue")


def come(connected):
    """The moment that the issue is planned for."""
    connected.sql("UPDATE issue SET scheduled_at = 1")
    connected.run("retry")


def test_now(desk, connected, server):
    send(desk, {"check": ["Now: you can take it back for"]}, after=[{"expect": "Take it back"}])
    assert connected.sql("SELECT state FROM issue") == [("scheduled",)] and server.count() == 0
    come(connected)
    assert all(len(server.messages(address)) == 1 for address in ZONES)


def test_at_a_time_of_a_zone(desk, connected, server):
    send(desk, {"check": ["At this time:"]}, {"exact": True, "fill": {"Date and time": "2036-12-01T09:00", "Time zone, such as Asia/Almaty": "Asia/Almaty"}},
         after=[{"expect": "2036-12-01"}])
    assert when(connected) == [("scheduled", seconds(2036, 12, 1, 4))]
    connected.run("retry")
    assert server.count() == 0
    come(connected)
    assert server.count() == 3


def test_by_the_clock_of_each_reader(desk, connected, server):
    """The page says before when it is nine for whom, and each gets it at that hour."""
    send(desk, {"expect": "Asia/Almaty: 1"}, {"expect": "Europe/Berlin: 1"}, {"check": ["At this time by the clock of each reader"]},
         {"exact": True, "fill": {"Date and time": "2036-12-01T09:00"}})
    nine = seconds(2036, 12, 1, 9)
    assert when(connected) == [("scheduled", nine - 14 * 3600)]
    come(connected)
    assert server.count() == 0
    due = dict(connected.sql("SELECT r.address, d.next_attempt_at FROM delivery d JOIN subscription s ON s.id = d.subscription "
                             "JOIN subscriber r ON r.id = s.subscriber WHERE d.state = 'deferred'"))
    assert {address: (at - nine) // 3600 for address, at in due.items()} == {"a@example.org": -5, "b@example.org": -1, "c@example.org": 0}
    for count, address in enumerate(("a@example.org", "b@example.org", "c@example.org"), 1):
        connected.sql("UPDATE delivery SET next_attempt_at = 1 WHERE next_attempt_at = ?", due[address])
        connected.run("retry")
        assert server.count() == count and len(server.messages(address)) == 1


def test_two_subjects(desk, connected, server):
    people = [f"p{number}@example.org" for number in range(17)]
    connected.add_active(people)
    form = {**FIELDS, "subject": "First words", "alternative_subject": "Other words"}
    assert desk.save(revision=desk.revision(), **form).status == 303
    send(desk, {"check": ["Now: you can take it back for"]}, {"exact": True, "fill": {"Tested on this percentage of the readers": "50", "Minutes until the others get the better one": "90"}},
         {"select": {"Better is the one with": "replies"}})
    come(connected)
    subjects = [parse(server.messages(address)[0])["Subject"] for address in (*people, *ZONES) if server.messages(address)]
    assert sorted(subjects) == ["First words"] * 5 + ["Other words"] * 5
    assert json.loads(connected.run("decide", "no-1", "--json").out)["waiting"] == 10
    connected.sql("UPDATE subject_test SET decide_at = 1")
    connected.run("retry")
    assert server.count() == 20 and when(connected)[0][0] == "sent"


@pytest.mark.parametrize("who, found, reached", [("everybody", True, True), ("who has its address", False, True), ("nobody", False, False)])
def test_who_finds_it_in_the_archive(desk, connected, server, who, found, reached):
    connected.configure(serve={"url": "https://news.example.org"})
    send(desk, {"check": ["Now: you can take it back for"]}, {"select": {"Who finds it there": who}})
    come(connected)
    assert server.count() == 3
    web = WebServer(BINARY, connected.folder, "--no-mail")
    slug, = connected.sql("SELECT slug FROM issue")[0]
    assert ("Yurts" in web.get("/archive/bulletin/").text) == found
    assert (web.get(f"/archive/bulletin/issue/{slug}/").status == 200) == reached
    web.stop()


def test_an_embargo_for_the_archive(desk, connected, server):
    connected.configure(serve={"url": "https://news.example.org"})
    send(desk, {"check": ["Now: you can take it back for"]}, {"exact": True, "fill": {"Not before (embargo)": "2036-12-02T10:00", "Time zone, such as Asia/Almaty": "Asia/Almaty"}})
    come(connected)
    assert connected.sql("SELECT public_from FROM issue") == [(seconds(2036, 12, 2, 5),)] and server.count() == 3
    web = WebServer(BINARY, connected.folder, "--no-mail")
    assert "Yurts" not in web.get("/archive/bulletin/").text
    connected.sql("UPDATE issue SET public_from = 1")
    wait_for(lambda: "Yurts" in web.get("/archive/bulletin/").text)
    web.stop()
