"""The pages of sending in Chromium: before it, while it counts down, while it goes on, paused, done; calendar and report. axe-core finds
nothing, nothing is wider than the screen; in languages from left to right and from right to left, light and dark, on a telephone and a desk."""
import datetime

import pytest
from browser import needs_browser
from conftest import ALL
from test_approval import say
from test_look import look
from test_press_room import FIELDS, Desk, account
from test_sending_room import LATER, digest_of
from test_staff import StaffServer, configure

pytestmark = [needs_browser, pytest.mark.slow(40), pytest.mark.one_engine("the engine makes no difference")]
LANGUAGES = ("en", "ru", "kk", "ar") if ALL else ("en", "ar")
WIDTHS = (375, 1280)


def draft(http, title, number, **more):
    desk = Desk(http, http.press("/drafts", how="new", title=title, list="bulletin").getheader("Location").split("?")[0])
    assert desk.save(revision=desk.revision(), **{**FIELDS, "title": title, "number": number, **more}).status == 303
    return desk


@pytest.fixture
def office(connected, server):
    """Drafts with all that may hold them back, and an issue in each state."""
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp = int(now.timestamp())
    connected.add_active([f"r{number}@{domain}" for number in range(3) for domain in ("example.org", "gmail.com", "mail.ru", "yahoo.com")])
    connected.sql("UPDATE subscriber SET language = CASE id % 4 WHEN 0 THEN 'ru' WHEN 1 THEN 'kk' WHEN 2 THEN 'ar' END")
    connected.run("segment", "add", "press", 'email ~ "gmail"')
    server.handler.reject.add("r1@mail.ru")
    for number in range(3):
        connected.run("send", "--yes", "--language", "ru" if number else "kk",
                      connected.issue(title=f"News of the quay and of all who live there, part {number}", number=f"No {number}"))
    connected.run("suppress", "add", "r2@example.org")
    connected.run("subscribe", "new@example.org")
    configure(connected)
    account(connected, "kim", "author")
    connected.configure(
        approval={"needed": 1}, quiet={"hours": "00:00-23:59", "timezone": "UTC"}, send={"grace": "10m"}, proof_groups=[
            {"name": "board", "addresses": "ann@example.org, bo@example.org"}],
        warm_up={"since": now.strftime("%Y-%m-%d"), "days": [1, 100]}, archive={"pdf": "weasyprint"},
        limits={"per_second": 7, "domains": [{"domain": "example.net", "per_second": 1}]})
    http = StaffServer(connected.folder, "--no-mail")
    http.login()
    waiting = draft(http, "Tents", "No 20", other="alternative_subject: Tents and their ropes\r\n", embargo="2036-12-02T10:00")
    assert say(waiting, "ask", words="Please").status == 303
    http.stop()
    connected.configure(approval={})
    http = StaffServer(connected.folder, "--no-mail")
    http.login()
    ready = draft(http, "Yurts and what is in them", "No 21", other="alternative_subject: Tents and their ropes\r\n",
                  embargo="2036-12-02T10:00")
    for number, more in ((22, {}), (23, {"when": "local"}), (24, {"when": "now"})):
        desk = draft(http, f"Issue {number}", f"No {number}")
        assert http.press(desk.path + "/send", **{**LATER, **more}, digest=digest_of(desk.page("/send").text)).status == 303
    connected.sql("UPDATE issue SET state = 'sending', ended_at = NULL WHERE id = 2")
    connected.sql("UPDATE delivery SET state = 'deferred', attempts = 1, reply_code = 451, reply_text = '4.7.1 Greylisted, try again', "
                  "next_attempt_at = ?, updated_at = ? WHERE id IN (SELECT max(id) FROM delivery WHERE issue = 2)", stamp + 900, stamp)
    connected.sql("UPDATE issue SET state = 'paused', pause_note = 'the mail server refuses us: 550 5.7.1 blocked' WHERE id = 1")
    yield http, waiting, ready
    http.stop()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_of_sending(office, tmp_path, language):
    http, waiting, ready = office
    month = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m")
    paths = {"held": waiting.path + "/send", "send": ready.path + "/send?audience_language=ru&segment=press", "sending": "/issue/2",
             "paused": "/issue/1", "soon": "/issue/6", "planned": "/issue/4", "done": "/issue/3", "rest": "/issue/3/rest",
             "report": "/issue/3/report", "calendar": "/calendar?month=2036-12", "calendar-now": f"/calendar?month={month}"}
    look(tmp_path, {f"{language}-{name}": f"{http.url}{path}{'&' if '?' in path else '?'}language={language}" for name, path in paths.items()},
         widths=WIDTHS, mail=False, cookie=http.cookie)
