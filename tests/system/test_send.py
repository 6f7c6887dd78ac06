"""Sending: what arrives, and what is refused."""
import json
import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest
from conftest import BINARY, SAMPLE, html, link, parse, plain, wait_for


def test_the_sample_arrives_personalised(connected, server):
    connected.run("list", "edit", "bulletin", "--owner", "owner@example.org", "--archive-url",
                  "https://www.example.org/archive", "--subscribe-url",
                  "https://www.example.org/join", "--reply-to", "desk@example.org")
    connected.add_active(["ann@example.org"], "Änn “Q” Lee")
    connected.add_active(["bob@example.org"])
    result = connected.run("send", "--yes", SAMPLE)
    assert "2 sent" in result.out
    [raw] = server.messages("ann@example.org")
    message = parse(raw)
    assert message["Subject"].startswith("Special Issue No 11: Caspian ferry links")
    assert message["From"] == "Press Office <press@example.org>"
    assert message["To"].addresses[0].display_name == "Änn “Q” Lee"
    assert message["Reply-To"] == "desk@example.org"
    assert message["List-Id"] == "<bulletin.example.org>"
    assert message["List-Owner"] == "<mailto:owner@example.org>"
    assert message["List-Archive"] == "<https://www.example.org/archive>"
    assert message["List-Subscribe"] == "<https://www.example.org/join>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Date"].datetime.timestamp() == pytest.approx(time.time(), abs=600)
    assert re.fullmatch(r"<\d+\.[a-z2-7]{16}@example\.org>", message["Message-ID"])
    assert re.fullmatch(r"<bounces\+\d+-[a-z2-7]{16}@example\.org>", message["Return-Path"])
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/ics"]
    assert "Dear Änn “Q” Lee," in plain(message)
    assert "a) For the first time" in plain(message)
    assert 'class="signs"' in html(message) and "<script" not in html(message)
    assert "Әсел Нұрланқызы" in plain(message) and "Müller–Öström" in html(message)
    unsubscribe, mailto = message["List-Unsubscribe"].strip("<> ").split(">, <")
    assert mailto == "mailto:bounces@example.org?subject=unsubscribe%20" + \
        unsubscribe.split("token=")[1]
    assert unsubscribe == link(message, "unsubscribe") and unsubscribe in html(message)
    token, issue = connected.sql("SELECT s.token, d.issue FROM subscription s JOIN delivery d ON d.subscription = s.id "
                                 "WHERE s.id = 1")[0]
    assert unsubscribe.split("token=")[1] == f"{token}-{issue}"
    other = parse(server.messages("bob@example.org")[0])
    assert "Dear reader," in plain(other)
    assert other["Message-ID"] != message["Message-ID"]


def test_again_is_refused(connected, server):
    connected.add_active(["ann@example.org"])
    path = connected.issue()
    connected.run("send", "--yes", path)
    assert "nothing is left" in connected.run("send", "--yes", path, expect=65).err
    connected.issue(body="Other words.\n")
    assert "other content" in connected.run("send", "--yes", path, expect=65).err
    assert server.count() == 1
    connected.issue(body="Other words.\n", number="No 2")
    connected.run("send", "--yes", path)
    assert server.count() == 2


@pytest.mark.slow(1)
def test_two_releases_on_one_day(connected, server):
    """Titles without a Latin letter make slugs of their own."""
    connected.add_active(["ann@example.org"])
    for title in ("Пресс-релиз", "Заявление", "🎉", "🎉🎉"):
        connected.run("send", "--yes", connected.issue(title=title, number=None))
    assert server.count() == 4
    slugs = [slug for slug, in connected.sql("SELECT slug FROM issue ORDER BY id")]
    assert slugs[:2] == ["press-reliz", "zayavleniye"] and all(slug.startswith("2026-08-25-") for slug in slugs[2:])


@pytest.mark.slow(1)
def test_an_issue_begun_before_slugs_had_all_letters(connected, server):
    """It is known by its former slug, so that an upgrade in between mails nobody twice."""
    connected.add_active(["ann@example.org"])
    path = connected.issue(title="Пресс-релиз", number=None)
    connected.run("send", "--yes", path)
    connected.sql("UPDATE issue SET slug = '2026-08-25'")
    assert "nothing is left" in connected.run("send", "--yes", path, expect=65).err
    connected.issue("Other words.\n", title="Пресс-релиз", number=None)
    assert "other content" in connected.run("send", "--yes", path, expect=65).err
    for command in ("status", "report"):
        assert "2026-08-25" in connected.run(command, path).out
    assert "is sent already" in connected.run("pause", path, expect=65).err
    assert "is no longer in" in connected.run("archive", "withdraw", path).out
    other = connected.issue(name="other.md", title="Другой релиз", number=None)
    assert "no issue" in connected.run("status", other, expect=67).err
    connected.run("send", "--yes", connected.issue(title="Другой релиз", number=None))
    assert server.count() == 2


def test_nobody_to_send_to(connected):
    connected.run("subscribe", "ann@example.org")  # pending: has not agreed
    assert "no active subscription" in connected.run("send", "--yes", connected.issue(), expect=65).err
    assert connected.sql("SELECT count(*) FROM issue") == [(0,)]


def test_only_who_agreed(connected, server):
    states = ["active", "pending", "unsubscribed", "bounced", "complained"]
    connected.add_active([f"{state}@example.org" for state in states] + ["gone@example.org"])
    for state in states:
        connected.sql("UPDATE subscription SET state = ? WHERE subscriber = (SELECT id FROM "
                      "subscriber WHERE address LIKE ?)", state, state + "@%")
    connected.sql("INSERT INTO suppression VALUES ('gone@example.org', 'by hand', 1)")
    connected.run("send", "--yes", connected.issue())
    assert os.listdir(server.folder) == ["active@example.org"]


def test_dry_run_and_test_mail_leave_no_trace(connected, server):
    connected.add_active(["ann@example.org"])
    path = connected.issue()
    result = connected.run("send", "--yes", path, "--dry-run")
    assert "Recipients: 1" in result.out and "Subject:    No 1: A title" in result.out
    assert server.count() == 0
    connected.run("send", "--yes", path, "--test", "boss@example.org")
    assert os.listdir(server.folder) == ["boss@example.org"]
    parse(server.messages("boss@example.org")[0])
    assert connected.sql("SELECT count(*) FROM issue") == [(0,)]


def test_preview_writes_what_would_be_sent(connected):
    path = connected.issue()
    result = connected.run("preview", path)
    files = [os.path.join(connected.folder, line) for line in result.out.split()]
    assert [os.path.basename(name) for name in files] == ["issue.html", "issue.txt", "issue.eml",
                                                         "index.html"]
    message = parse(open(files[2], "rb").read())
    assert "Hello Sample Reader." in plain(message)
    assert "Hello Sample Reader." in open(files[1], encoding="utf-8").read()
    assert "<p style=" in open(files[0], encoding="utf-8").read()


def test_rejected_recipient_is_bounced(connected, server):
    server.handler.reject.add("bob@example.org")
    connected.add_active(["ann@example.org", "bob@example.org"])
    result = connected.run("send", "--yes", connected.issue())
    assert "1 sent, 1 bounced" in result.out
    status = json.loads(connected.run("status", "No 1", "--json").out)[0]
    assert status["state"] == "sent" and status["deliveries"]["bounced"] == 1
    assert status["not_sent"][0]["code"] == 550 and status["not_sent"][0]["status"] == "5.1.1"
    assert "550 5.1.1 No such user here" in connected.run("status", "No 1").out


def test_deferred_is_retried_and_given_up(connected, server):
    server.handler.tempfail.update(["ann@example.org", "bob@example.org"])
    connected.configure(retry={"first": "1h", "max": "1h", "give_up": "1d"})
    connected.add_active(["ann@example.org", "bob@example.org"])
    connected.run("send", "--yes", connected.issue())
    assert connected.states() == {"deferred": 2}
    assert connected.run("retry").out == ""  # not due
    connected.sql("UPDATE delivery SET next_attempt_at = 1")
    server.handler.tempfail.add("bob@example.org")
    connected.sql("UPDATE delivery SET first_attempt_at = first_attempt_at - 90000")
    connected.run("retry")
    assert connected.states() == {"sent": 1, "failed": 1}
    assert connected.sql("SELECT state FROM issue") == [("sent",)]
    assert len(server.messages("ann@example.org")) == 1


def test_status_knows_an_issue_by_many_names(connected):
    connected.add_active(["ann@example.org"])
    path = connected.issue(series="The News")
    connected.run("send", "--yes", path)
    for name in ("the-news-no-1", "No 1", "1", path):
        assert "the-news-no-1" in connected.run("status", name).out
    connected.run("status", "No 2", expect=67)
    whole = json.loads(connected.run("status", "--json").out)
    assert whole["issues"][0]["slug"] == "the-news-no-1" and whole["notices"]["sent"] == 0


@pytest.mark.slow
def test_unsubscribing_works_while_an_issue_is_sent(connected, server):
    server.handler.delay = 0.02
    connected.configure(smtp={"connections": 2})
    connected.add_active([f"user{i}@example.org" for i in range(200)])
    run = connected.popen("send", "--yes", connected.issue())
    wait_for(lambda: server.handler.accepted > 10)
    connected.run("unsubscribe", "--address", "user199@example.org")
    run.communicate(timeout=60)
    assert run.returncode == 0
    assert server.messages("user199@example.org") == []
    assert connected.states() == {"sent": 199, "skipped": 1}


@pytest.mark.slow
def test_sigterm_finishes_what_is_in_flight(connected, server):
    server.handler.delay = 0.02
    connected.configure(smtp={"connections": 4})
    connected.add_active([f"user{i}@example.org" for i in range(300)])
    path = connected.issue()
    run = connected.popen("send", "--yes", path)
    wait_for(lambda: server.handler.accepted > 20)
    run.send_signal(signal.SIGTERM)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 75 and b"interrupted" in err
    states = connected.states()
    assert set(states) == {"sent", "queued"} and states["sent"] == server.handler.accepted
    server.handler.delay = 0
    connected.run("send", "--yes", path)
    assert connected.states() == {"sent": 300} and server.count() == 300


@pytest.mark.slow(1)
def test_two_at_once_send_nothing_twice(connected, server):
    server.handler.delay = 0.005
    connected.configure(smtp={"connections": 3})
    connected.add_active([f"user{i}@example.org" for i in range(150)])
    path = connected.issue()
    runs = [connected.popen("send", "--yes", path) for _ in range(3)] + [connected.popen("retry")]
    for run in runs:
        run.communicate(timeout=90)
    assert sorted(run.returncode for run in runs)[0] == 0
    assert {run.returncode for run in runs} <= {0, 75, 65}
    assert connected.states() == {"sent": 150} and server.count() == 150


@pytest.mark.one_engine("about SQLite's own files")
def test_second_retry_names_the_first(connected, server):
    server.handler.delay = 0.05
    connected.configure(smtp={"connections": 1})
    connected.add_active([f"user{i}@example.org" for i in range(60)])
    path = connected.issue()
    run = connected.popen("send", "--yes", path)
    wait_for(lambda: server.handler.accepted > 2)
    assert f"process {run.pid}" in connected.run("send", "--yes", path, expect=75).err
    assert f"process {run.pid}" in connected.run("retry").err
    run.send_signal(signal.SIGTERM)
    run.communicate(timeout=60)
    retry = connected.popen("retry")
    before = server.handler.accepted
    wait_for(lambda: server.handler.accepted > before)
    assert f"process {retry.pid}" in connected.run("retry", expect=75).err
    retry.send_signal(signal.SIGTERM)
    retry.communicate(timeout=60)


def test_asks_on_a_terminal(connected, server):
    connected.add_active(["ann@example.org"])
    path = connected.issue()

    def answer(text):
        master, slave = pty.openpty()
        run = subprocess.Popen([BINARY, "send", path], cwd=connected.folder, stdin=slave,
                               stdout=slave, stderr=slave)
        os.close(slave)
        shown = b""
        while select.select([master], [], [], 20)[0]:
            try:
                shown += os.read(master, 4096)
            except OSError:
                break
            if b"[y/N]" in shown and text:
                os.write(master, text)
                text = b""
        os.close(master)
        return run.wait(timeout=20), shown

    code, shown = answer(b"n\n")
    assert code == 0 and b"Send it to 1 people?" in shown and server.count() == 0
    code, shown = answer(b"y\n")
    assert code == 0 and b"1 sent" in shown and server.count() == 1


@pytest.mark.slow
def test_stays_small_for_a_long_list(connected, server):
    """Memory is bounded by connections, not by the list: rows are leased in batches."""
    connected.configure(smtp={"connections": 2})
    connected.add_active([f"user{i}@example.org" for i in range(200)])
    server.handler.delay = 0.01
    run = connected.popen("send", "--yes", connected.issue())
    wait_for(lambda: server.handler.accepted > 50)
    leased = connected.sql("SELECT count(*) FROM delivery WHERE state = 'leased'")[0][0]
    run.communicate(timeout=60)
    assert leased <= 2 * 2 + 16 + 2


def test_an_issue_that_fails_is_named_and_holds_up_no_other(connected, server):
    connected.add_active(["ann@example.org"])
    connected.configure(port=9)
    for number in ("No 1", "No 2"):
        connected.run("send", "--yes", connected.issue(number=number), expect=75)
    connected.configure(port=server.port)
    connected.sql("UPDATE issue SET message = ? WHERE slug = 'no-1'", b"not a message")
    runs = []
    wait_for(lambda: runs.append(connected.run("retry", expect=None)) or server.messages("ann@example.org"))
    assert runs[-1].returncode != 0 and "issue no-1: " in runs[-1].err
    assert [parse(message)["Subject"] for message in server.messages("ann@example.org")] == ["No 2: A title"]
