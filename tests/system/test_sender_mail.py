"""The mail to the sender of an issue: once when it is done, once for each reason for which it has stopped, with what to do; the mail
server really refuses, puts off and disappears meanwhile."""
import email
import email.policy

import pytest
from conftest import wait_for
from mailserver import MailServer
from test_press_room import FIELDS, Desk
from test_sending_room import digest_of
from test_staff import StaffServer, configure

PEOPLE = [f"r{number}@{domain}" for number in range(5) for domain in ("example.org", "gmail.com", "mail.ru", "yahoo.com")]
SENDER = "ann@office.example"


def mails(server):
    parsed = [email.message_from_bytes(raw, policy=email.policy.default) for raw in server.messages(SENDER)]
    return [(mail["Subject"], " ".join(mail.get_content().split())) for mail in parsed]


@pytest.fixture
def office(connected):
    connected.add_active(PEOPLE)
    configure(connected)
    connected.configure(send={"grace": "1s"})
    connected.sql("UPDATE staff SET address = ?", SENDER)
    started = []

    def begin():
        http = StaffServer(connected.folder)
        started.append(http)
        http.login()
        desk = Desk(http, http.press("/drafts", how="new", title="Yurts", list="bulletin").getheader("Location").split("?")[0])
        assert desk.save(revision=desk.revision(), **FIELDS).status == 303
        form = {"action": "send", "when": "now", "sure": "yes"}
        assert http.press(desk.path + "/send", **form, digest=digest_of(desk.page("/send").text)).status == 303
        return http

    yield begin
    for http in started:
        http.stop()


def state(site):
    return site.sql("SELECT state, coalesce(pause_note, '') FROM issue")[0]


@pytest.mark.slow(1)
def test_done(office, connected, server):
    server.handler.reject.add(PEOPLE[0])
    office()
    wait_for(lambda: state(connected)[0] == "sent")
    wait_for(lambda: mails(server))
    for _ in range(3):
        connected.run("retry")
    [(subject, text)] = mails(server)
    assert subject == "Sent: Yurts"
    for words in (f"Sent: {len(PEOPLE) - 1}", "Not delivered: 1", "Outcome unknown: 0", "Its report: https://staff.example.org/issue/1"):
        assert words in text, text


@pytest.mark.slow(1)
def test_refused_then_resumed(office, connected, server):
    """It stops; the mail about that waits until the server takes mail again. Resumed, it goes to everybody, once."""
    server.handler.replies.update({address: "550 5.7.1 Your host is blocked here" for address in [*PEOPLE, SENDER]})
    http = office()
    wait_for(lambda: state(connected)[0] == "paused")
    assert "5.7.1" in state(connected)[1]
    connected.run("retry")
    assert mails(server) == []
    page = http.page("/issue/1").text
    assert "Paused" in page and "blocked here" in page
    del server.handler.replies[SENDER]
    connected.sql("UPDATE staff_mail SET next_at = 0 WHERE next_at IS NOT NULL")
    connected.run("retry")
    [(subject, text)] = mails(server)
    assert subject == "Sending has stopped: Yurts"
    for words in ("No recipient is lost: the rest waits.", "blocked here", "Sent: 0", f"Still waiting: {len(PEOPLE)}", "press Resume on this page",
                  "https://staff.example.org/issue/1"):
        assert words in text, text
    server.handler.replies.clear()
    assert http.press("/issue/1", action="resume").status == 303
    wait_for(lambda: state(connected)[0] == "sent")
    wait_for(lambda: len(mails(server)) == 2)
    assert mails(server)[1][0] == "Sent: Yurts" and all(len(server.messages(address)) == 1 for address in PEOPLE)


def stands_still(connected):
    """An hour passes without a message, and `retry` runs twice; how many mails to staff wait then."""
    connected.sql("UPDATE issue SET created_at = created_at - 3601")
    for _ in range(2):
        connected.run("retry", expect=None)
    return connected.sql("SELECT count(*) FROM staff_mail WHERE next_at IS NOT NULL")[0][0]


def told_later(connected, server):
    """The server takes mail again: the issue goes out by itself, the mail about its rest is told once, and then that it is done."""
    connected.sql("UPDATE staff_mail SET next_at = 0 WHERE next_at IS NOT NULL")
    connected.run("retry")
    wait_for(lambda: state(connected)[0] == "sent")
    connected.run("retry")
    found = mails(server)
    assert sorted(subject for subject, _ in found) == ["Sending makes no progress: Yurts", "Sent: Yurts"]
    assert all(len(server.messages(address)) == 1 for address in PEOPLE)
    return next(text for subject, text in found if subject.startswith("Sending makes no"))


@pytest.mark.slow(1)
def test_put_off(office, connected, server):
    """Everybody is put off: nothing is told in the first hour, and after it once. No button is to be pressed."""
    server.handler.replies.update({address: "451 4.7.1 Try again later" for address in [*PEOPLE, SENDER]})
    http = office()
    wait_for(lambda: "451 4.7.1 Try again later" in http.logged())
    connected.run("retry", expect=None)
    assert state(connected)[0] == "sending" and connected.sql("SELECT count(*) FROM staff_mail") == [(0,)]
    assert stands_still(connected) == 1
    server.handler.replies.clear()
    text = told_later(connected, server)
    for words in ("goes on by itself as soon as", "451 4.7.1 Try again later", "Sent: 0", f"Still waiting: {len(PEOPLE)}",
                  "https://staff.example.org/issue/1"):
        assert words in text, text


@pytest.mark.slow(1)
def test_disappears_and_comes_back(office, connected, server):
    port, folder = server.port, server.folder
    server.stop()
    http = office()
    wait_for(lambda: "Couldn't connect to server" in http.logged())
    assert connected.sql("SELECT count(*) FROM staff_mail") == [(0,)]
    assert stands_still(connected) == 1
    server.controller = MailServer(folder, port=port).controller  # which the fixture ends
    assert "Couldn't connect to server" in told_later(connected, server)


@pytest.mark.slow(1)
def test_quiet_hours_are_no_standstill(office, connected, server):
    connected.configure(quiet={"hours": "00:00-23:59", "timezone": "UTC"})
    office()
    wait_for(lambda: state(connected)[0] == "sending")
    assert stands_still(connected) == 0 and server.count() == 0
