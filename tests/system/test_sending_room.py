"""The press room from the last page before sending to the report: what holds it back, the rest of an audience, the calendar, figures."""
import csv
import datetime
import io
import json
import re
import subprocess
import threading
import time

import pytest
from browser import in_browser, needs_browser
from conftest import wait_for
from test_look import look
from test_press_room import FIELDS, account, problem
from test_press_room import desk as empty_desk  # noqa: F401
from test_staff import PASSWORD, staff  # noqa: F401

LATER = {"action": "send", "when": "later", "at": "2036-12-01T09:00", "zone": "UTC", "sure": "yes"}


@pytest.fixture
def desk(empty_desk, connected):
    connected.add_active(["reader@example.org"])
    return empty_desk


def digest_of(page):
    return re.search(r'name="digest" value="(\w+)"', page).group(1)


def text_of(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def plan(desk, number="No 1", **more):
    desk.save(revision=desk.revision(), **{**FIELDS, "number": number})
    answer = desk.http.press(desk.path + "/send", **{**LATER, **more}, digest=digest_of(desk.page("/send").text))
    assert answer.status == 303, problem(answer)
    return answer


def seconds(year, month, day, hour=0, minute=0):
    return int(datetime.datetime(year, month, day, hour, minute, tzinfo=datetime.timezone.utc).timestamp())


# ---- the calendar ----

def move(desk, issue=1, at="2036-12-05T10:30", frm=seconds(2036, 12, 1, 9), zone="UTC"):
    return desk.http.press("/calendar", action="move", issue=issue, at=at, zone=zone, **{"from": frm})


@pytest.mark.slow(1)
def test_calendar(desk, connected):
    plan(desk)
    page = desk.http.page("/calendar?month=2036-12").text
    assert "December 2036" in page and re.search(r'<td data-date="2036-12-01"[^>]*>.*?09:00.*?Yurts', page, re.S)
    for zone, day, hour in (("Asia/Almaty", "2036-12-01", "14:00"), ("Pacific/Auckland", "2036-12-01", "22:00")):
        assert f"{day} {hour}" in text_of(desk.http.page(f"/calendar?month=2036-12&zone={zone}").text)
    answer = move(desk)
    assert answer.status == 303 and "month=2036-12" in answer.getheader("Location")
    assert connected.sql("SELECT scheduled_at FROM issue") == [(seconds(2036, 12, 5, 10, 30),)]
    assert "The issue has another time now." in desk.http.page(answer.getheader("Location")).text
    log = connected.sql("SELECT action, object, detail FROM audit ORDER BY id DESC LIMIT 1")
    assert log == [("issue move", "issue 1", "from 2036-12-01 09:00 UTC to 2036-12-05 10:30 UTC")]
    assert move(desk).status == 409  # somebody has moved it meanwhile
    now = seconds(2036, 12, 5, 10, 30)
    for wrong in ({"at": "2001-01-01T00:00"}, {"at": "soon"}, {"at": ""}, {"at": "2036-02-31T00:00"}, {"zone": "Asia/Nowhere"}):
        assert move(desk, frm=now, **wrong).status == 422, wrong
    assert desk.http.press("/calendar", action="move", issue=1, at="2036-12-06T10:00").status == 422
    assert move(desk, issue=7).status == 404 and move(desk, issue="x").status == 404
    assert connected.sql("SELECT scheduled_at FROM issue") == [(now,)]
    for month in ("", "2036-13", "1969-01", "9999-12", "x", "2036-12-01", "%00"):
        assert desk.http.page(f"/calendar?month={month}&zone=%3Cb%3E").status == 200


@pytest.mark.slow(1)
def test_moving_needs_the_right_and_the_approval(desk, connected):
    plan(desk)
    account(connected, "kim", "author")
    account(connected, "eve", "none")
    assert desk.http.post("/calendar", {"issue": 1, "at": "2036-12-05T10:30"}, Cookie=desk.http.cookie).status == 403  # CSRF
    desk.http.login("kim")
    assert "<form method=\"post\" action=\"/calendar\"" not in desk.http.page("/calendar?month=2036-12").text
    assert move(desk).status == 403
    desk.http.login("eve")
    assert "Yurts" not in desk.http.page("/calendar?month=2036-12").text and move(desk).status == 404
    desk.http.stop()
    connected.configure(approval={"needed": 1})  # from now on; nobody has approved this one
    again = type(desk.http)(connected.folder, "--no-mail")
    again.login()
    desk.http = again
    refused = move(desk)
    assert refused.status == 422 and "not approved" in problem(refused)
    assert connected.sql("SELECT scheduled_at FROM issue") == [(seconds(2036, 12, 1, 9),)]
    again.stop()


def test_an_issue_by_each_readers_clock_is_moved(desk, connected):
    plan(desk, when="local")
    page = text_of(desk.http.page("/calendar?month=2036-12&zone=Asia/Almaty").text)
    assert "2036-12-01 09:00 (At this time by the clock of each reader)" in page
    assert move(desk, frm=seconds(2036, 11, 30, 19)).status == 303
    assert connected.sql("SELECT scheduled_at, local_time FROM issue") == [(seconds(2036, 12, 4, 20, 30), "2036-12-05T10:30")]


def test_an_issue_that_is_moved_does_not_begin(desk, connected):
    """It is started only if its time is still the one that has come."""
    plan(desk)
    connected.run("retry")
    assert connected.sql("SELECT state FROM issue") == [("scheduled",)]


# ---- the rest of an audience ----

@pytest.mark.slow(1)
def test_the_rest(desk, connected, server):
    connected.add_active(["r1@example.org", "r2@example.org", "r3@example.org"])
    connected.sql("UPDATE subscriber SET language = 'ru' WHERE address = 'r1@example.org'")
    connected.run("segment", "add", "russian", 'language = "ru"')
    connected.run("send", "--yes", "--segment", "russian", connected.issue())
    assert server.handler.accepted == 1
    page = desk.http.page("/issue/1").text
    assert 'href="/issue/1/rest"' in page
    assert "People who have not received this issue: 3" in text_of(desk.http.page("/issue/1/rest").text)
    assert "People who have not received this issue: 0" in text_of(desk.http.page("/issue/1/rest?segment=russian").text)
    assert desk.http.press("/issue/1/rest").status == 422  # nobody has ticked the box
    assert desk.http.press("/issue/1/rest", sure="yes", segment="russian").status == 422  # nobody is left
    account(connected, "kim", "author")
    desk.http.login("kim")
    assert desk.http.press("/issue/1/rest", sure="yes").status == 403 and desk.http.page("/issue/1/rest").status == 403
    desk.http.login()
    assert desk.http.press("/issue/1/rest", sure="yes").status == 303
    wait_for(lambda: connected.sql("SELECT state FROM issue") == [("sent",)])
    assert server.handler.accepted == 4
    assert connected.sql("SELECT count(*) FROM audit WHERE action = 'issue send rest'") == [(1,)]
    assert desk.http.press("/issue/1/rest", sure="yes").status == 422


# ---- the report ----

@pytest.fixture
def reported(desk, connected, server):
    """Two issues; the second came back from one and was left by one, and one answered."""
    people = [f"r{number}@example.org" for number in range(7)]
    connected.add_active(people)
    connected.run("send", "--yes", connected.issue(title="=First", number="No 1"))
    server.handler.reject.add(people[0])
    connected.run("send", "--yes", connected.issue(title="Second", number="No 2"))
    connected.sql("UPDATE delivery SET replied_at = 1 WHERE issue = 2 AND id = (SELECT max(id) FROM delivery WHERE issue = 2)")
    connected.sql("INSERT INTO event (at, kind, list, subscriber, issue) SELECT max(created_at), 'unsubscribed', 1, 3, 2 FROM issue")
    return desk.http


@pytest.mark.slow(1)
def test_report_agrees_with_the_command(reported, connected):
    told = list(csv.DictReader(io.StringIO(reported.page("/issue/2/report.csv").text)))
    assert [row["title"] for row in told] == ["Second", "'=First"]
    for number, row in zip((2, 1), told):
        facts = json.loads(connected.run("report", str(number), "--json").out)
        counts = facts["issue"]["deliveries"]
        assert (int(row["delivered"]), int(row["bounced"])) == (counts["sent"], counts["bounced"])
        assert int(row["unsubscribed"]) == facts["unsubscribed"]
        assert int(row["complaints"]) == sum(item["count"] for item in facts["reasons"] if item["kind"] == "complaint")
    assert (told[0]["handed"], told[0]["bounced_percent"], told[0]["replies"], told[0]["unsubscribed_percent"]) == ("8", "12.5", "1", "12.5")
    page = reported.page("/issue/2/report").text
    assert "12.5 %" in page and "=First" in page and "report.pdf" not in page
    refused = reported.page("/issue/2/report.pdf")
    assert refused.status == 409 and "Print the page instead" in refused.text
    assert reported.page("/issue/3/report").status == 404


def test_report_of_what_has_not_begun(desk, connected):
    plan(desk)
    for form in ("", ".csv"):
        assert desk.http.page(f"/issue/1/report{form}").status == 409


@pytest.mark.slow
@pytest.mark.one_engine("the engine makes no difference")
def test_report_as_pdf(connected, staff, server):
    connected.configure(archive={"pdf": "weasyprint"})
    connected.add_active(["reader@example.org"])
    connected.run("send", "--yes", connected.issue(title="Ферри"))
    http_server = staff("--no-mail")
    http_server.login()
    connection = subprocess.run(["curl", "-s", "-H", f"Cookie: {http_server.cookie}", f"{http_server.url}/issue/1/report.pdf"],
                                capture_output=True, timeout=120, check=True)
    assert connection.stdout[:5] == b"%PDF-"
    words = subprocess.run(["pdftotext", "-", "-"], input=connection.stdout, capture_output=True, timeout=60, check=True).stdout.decode()
    assert "Ферри" in words and "100.0" in words


# ---- in browsers ----

@pytest.mark.slow(20)
@needs_browser
@pytest.mark.one_engine("the engine makes no difference")
def test_the_whole_way(desk, connected, server, staff):
    """A second person approves, moves and sends; the network is cut meanwhile. Mail goes slowly until it was paused once."""
    desk.save(revision=desk.revision(), **FIELDS)
    desk.http.stop()
    connected.configure(approval={"needed": 1}, send={"grace": "3s"}, smtp={"connections": 1})
    connected.add_active([f"r{number}@example.org" for number in range(119)])
    account(connected, "kim", "author")
    account(connected, "bob", "sender")
    server.handler.delay = 0.5
    http_server = staff()

    def hurry():
        while not connected.sql("SELECT 1 FROM audit WHERE action = 'issue resume'"):
            time.sleep(0.1)
        server.handler.delay = 0

    helper = threading.Thread(target=hurry, daemon=True)
    helper.start()
    told = in_browser("sending.cjs", {
        "url": http_server.url, "draft": desk.path, "password": PASSWORD, "month": "2036-12", "from": "2036-12-01", "to": "2036-12-10"}, timeout=400)
    assert told["complaints"] == []
    assert told["seen"]["stayed"] and told["seen"]["stayedToTheEnd"]
    assert "09:00" in told["seen"]["moved"] and "Paused" in told["seen"]["paused"] and "120" in told["seen"]["report"]
    wait_for(lambda: server.messages("boss@example.org"))
    assert b"[Test]" in server.messages("boss@example.org")[0]
    assert server.handler.accepted == 121


@pytest.mark.slow(20)
@needs_browser
@pytest.mark.one_engine("the engine makes no difference")
def test_how_they_look(reported, desk, connected, tmp_path):
    plan(desk, number="No 3")
    connected.sql("UPDATE issue SET state = 'paused', pause_note = 'by hand' WHERE id = 1")
    month = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m")
    paths = {"calendar": "/calendar?month=2036-12", "calendar-now": f"/calendar?month={month}", "report": "/issue/2/report",
             "rest": "/issue/2/rest", "issue": "/issue/1", "planned": "/issue/3", "send": desk.path + "/send"}
    for language in ("en", "ru", "kk", "ar"):
        look(tmp_path, {f"sending-{language}-{name}": f"{reported.url}{path}{'&' if '?' in path else '?'}language={language}"
                        for name, path in paths.items() if name != "send"},
             widths=(375, 1280) if language in ("en", "ar") else (375,), mail=False, cookie=reported.cookie)


# ---- taken back ----

def test_taken_back_and_sent_again(desk, connected):
    """It is the draft that it was, approval and all; once it has begun, the button does nothing."""
    answer = plan(desk)
    issue = re.search(r"/issue/\d+$", answer.getheader("Location")).group()
    assert "Take it back" in desk.http.page(issue).text
    back = desk.http.press(issue, action="withdraw")
    assert back.status == 303 and back.getheader("Location").endswith(desk.path + "/send")
    page = desk.page("/send")
    assert page.status == 200 and 'value="now"' in page.text, text_of(page.text)
    issue = re.search(r"/issue/\d+$", plan(desk).getheader("Location")).group()
    connected.sql("UPDATE issue SET state = 'sending'")
    assert desk.http.press(issue, action="withdraw").status == 409
    assert connected.sql("SELECT state FROM issue") == [("sending",)]


# ---- the last page before sending ----

@pytest.mark.slow(1)
def test_what_holds_it_back(desk, connected):
    """The people of each language, and each thing that makes an issue late, with the time or the number that it is about."""
    today = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    connected.add_active(["r1@example.org", "r2@example.org"])
    connected.sql("UPDATE subscriber SET language = 'ru-RU' WHERE address = 'r1@example.org'")
    plan(desk, number="No 7", at="2035-01-01T09:00")
    answer = desk.http.press("/drafts", how="new", title="Tents", list="bulletin")
    other = type(desk)(desk.http, re.search(r"/draft/\d+", answer.getheader("Location")).group())
    other.save(revision=other.revision(), **{**FIELDS, "title": "Tents", "number": "No 8", "alternative_subject": "Other tents"})
    other.http.press(other.path, action="language", language="ru", text="en")
    desk.http.stop()
    connected.configure(quiet={"hours": "00:00-23:59", "timezone": "UTC"}, warm_up={"since": today, "days": [1, 100]},
                        limits={"per_second": 7, "domains": [{"domain": "example.net", "per_second": 1}]})
    http_server = type(desk.http)(connected.folder, "--no-mail")
    http_server.login()
    page = text_of(http_server.page(other.path + "/send").text)
    for words in ("Quiet hours: nothing goes out before", "1 more messages go out on that day", "At most 7 messages go out per second.",
                  "Providers with a limit of their own: 1", "An issue of this list is planned for later, on 2035-01-01 09:00 UTC:"):
        assert words in page, (words, page, http_server.logged()[-600:])
    connected.sql("UPDATE issue SET state = 'paused'")
    assert "is paused and has not reached everybody" in text_of(http_server.page(other.path + "/send").text)
    http_server.stop()


@pytest.mark.slow(1)
def test_archive_and_embargo(desk, connected):
    """The form, and the issue itself, keep it out of the archive until then."""
    plan(desk, archive="public", public_from="2036-12-02T10:00", zone="Asia/Almaty")
    assert connected.sql("SELECT archive, public_from FROM issue") == [("public", seconds(2036, 12, 2, 5))]
    desk.http.press("/issue/1", action="withdraw")
    for wrong in ({"archive": "secret"}, {"public_from": "soon"}, {"share": "0"}, {"share": "101"}, {"wait": "x"}, {"rule": "luck"}):
        answer = desk.http.press(desk.path + "/send", **{**LATER, **wrong}, digest=digest_of(desk.page("/send").text))
        assert answer.status == 422, wrong
    assert connected.sql("SELECT count(*) FROM issue") == [(0,)]
    plan(desk, archive="never")
    assert connected.sql("SELECT archive FROM issue") == [("never",)]
    connected.run("send", "--yes", connected.issue(title="Secret", number="No 9", embargo="2036-12-02 10:00", timezone="Asia/Almaty"), expect=None)
    assert connected.sql("SELECT public_from FROM issue WHERE title = 'Secret'") == [(seconds(2036, 12, 2, 5),)]


# ---- proof groups ----

@pytest.mark.slow(1)
def test_a_proof_group(desk, connected, server):
    """Each of a group gets each language, and the page says what came of it; the command knows the group, too."""
    desk.save(revision=desk.revision(), **FIELDS)
    assert "Proof group" not in desk.page("/send").text
    desk.http.stop()
    connected.configure(proof_groups=[{"name": "board", "addresses": "ann@example.org, bo@example.org"}])
    server.handler.reject.add("bo@example.org")
    http_server = type(desk.http)(connected.folder)
    http_server.login()
    assert "<option>board</option>" in http_server.page(desk.path + "/send").text
    assert http_server.press(desk.path + "/send", action="test", address="board").status == 303
    wait_for(lambda: "ann@example.org: OK; bo@example.org:" in http_server.page(desk.path + "/send").text)
    assert b"[Test]" in server.messages("ann@example.org")[0]
    assert "bo@example.org: OK" not in http_server.page(desk.path + "/send").text
    assert http_server.press(desk.path + "/send", action="test", address="boards").status == 422
    http_server.stop()
    server.handler.reject.clear()
    connected.run("send", "--test", "board", connected.issue())
    assert len(server.messages("ann@example.org")) == 2 and server.messages("bo@example.org")


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("group", [{"name": "board"}, {"addresses": "ann@example.org"}, {"name": "a b", "addresses": "ann@example.org"},
                                   {"name": "board", "addresses": "ann"}, {"name": "board", "addresses": ", ,"},
                                   {"name": "board", "addresses": ",".join(f"r{n}@example.org" for n in range(21))}])
def test_a_proof_group_that_is_none(connected, group):
    connected.configure(proof_groups=[group])
    assert "proof_groups" in connected.run("status", expect=78).err
