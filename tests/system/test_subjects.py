"""Two subjects tried on a sample, and the better one for the rest."""
import json
import mailbox
import re
import email.message

import pytest
from apiclient import ApiClient
from conftest import parse
from test_press_room import FIELDS, Desk, account
from test_staff import StaffServer, configure

FRONT = {"subject": "First words", "alternative_subject": "Other words"}


def people(count):
    return [f"p{n}@example.org" for n in range(count)]


@pytest.fixture
def started(connected, server):
    """An issue whose sample of 10 is out, 5 with each subject; 10 people wait."""
    connected.add_active(people(20))
    connected.shown = connected.run("send", "--yes", connected.issue(**FRONT), "--sample", "50", "--decide-after", "2h").out
    return connected


def subjects(server):
    found = {}
    for address in people(20):
        for message in server.messages(address):
            found[address] = parse(message)["Subject"]
    return found


def decided(site, *args):
    return json.loads(site.run("decide", "no-1", "--json", *args).out)


def due(site):
    site.sql("UPDATE subject_test SET decide_at = 1")
    site.run("retry")


def drawn(site, variant):
    return [row[0] for row in site.sql(
        "SELECT r.address FROM delivery d JOIN subscription s ON s.id = d.subscription JOIN subscriber r ON "
        "r.id = s.subscriber WHERE d.variant = ? ORDER BY r.id", variant)]


def test_sample_first(started, server):
    assert "Or:         Other words" in started.shown
    assert "Tried on:   50% for 120 minutes; the rest gets the one with fewer unsubscribes" in started.shown
    sent = subjects(server)
    assert sorted(sent.values()) == ["First words"] * 5 + ["Other words"] * 5
    assert started.states() == {"sent": 10, "deferred": 10}
    started.run("retry")
    assert server.count() == 10
    shown = decided(started)
    assert shown["winner"] == 0 and shown["waiting"] == 10 and [s["sent"] for s in shown["subjects"]] == [5, 5]
    assert "10 people wait for the decision" in started.run("decide", "no-1").out
    for address in drawn(started, 2):
        assert sent[address] == "Other words"


@pytest.mark.slow(1)
def test_fewer_unsubscribes_win(started, server):
    leaver = drawn(started, 1)[0]
    started.run("unsubscribe", "--address", leaver)
    assert decided(started)["leading"] == 2
    due(started)
    assert sorted(subjects(server).values()) == ["First words"] * 5 + ["Other words"] * 15
    assert started.sql("SELECT state FROM issue") == [("sent",)] and server.count() == 20
    shown = decided(started)
    assert shown["winner"] == 2 and [s["people"] for s in shown["subjects"]] == [5, 5]
    report = json.loads(started.run("report", "no-1", "--json").out)
    assert [(s["subject"], s["left"], s["chosen"]) for s in report["subjects"]] == [
        ("First words", 1, False), ("Other words", 0, True)]
    assert "Other words\n   5 sent, 0 left, 0 answered (chosen)" in started.run("report", "no-1").out


@pytest.mark.slow(1)
def test_even_means_the_first(started, server):
    due(started)
    assert sorted(subjects(server).values()) == ["First words"] * 15 + ["Other words"] * 5


@pytest.mark.parametrize("count", [1, 2, 3])
def test_too_few_readers(connected, server, count):
    """Each reader gets one mail; a subject that nobody got does not win."""
    connected.add_active(people(count))
    connected.run("send", "--yes", connected.issue(**FRONT), "--sample", "10")
    assert server.count() == min(count, 2)
    connected.sql("UPDATE subscription SET state = 'unsubscribed', ended_at = 2000000000 WHERE id IN (SELECT subscription FROM "
                  "delivery WHERE variant = 1 AND state = 'sent')")
    assert decided(connected)["leading"] == (1 if count == 1 else 2)
    due(connected)
    assert server.count() == count and len(subjects(server)) == count
    assert decided(connected)["waiting"] == 0 and connected.sql("SELECT state FROM issue") == [("sent",)]


@pytest.mark.slow(1)
def test_chosen_on_the_page(connected, server):
    """The sample, the wait and the rule that the page before sending asks for are those of the test."""
    connected.add_active(people(20))
    configure(connected)
    http = StaffServer(connected.folder, "--no-mail")
    http.login()
    desk = Desk(http, http.press("/drafts", how="new", title="Yurts", list="bulletin").getheader("Location").split("?")[0])
    desk.save(revision=desk.revision(), **FIELDS, other="alternative_subject: Other yurts\r\n")
    page = desk.page("/send").text
    assert 'name="share" value="20"' in page and "Other yurts" in page
    form = {"action": "send", "when": "now", "sure": "yes", "share": "40", "wait": "90", "rule": "replies"}
    answer = http.press(desk.path + "/send", **form, digest=re.search(r'name="digest" value="(\w+)"', page).group(1))
    assert answer.status == 303
    http.stop()
    connected.sql("UPDATE issue SET scheduled_at = 1")
    connected.run("retry")
    assert connected.sql("SELECT share, wait, rule, decide_at IS NOT NULL FROM subject_test") == [(40, 5400, "replies", 1)]
    assert len(drawn(connected, 1)) == len(drawn(connected, 2)) == 4 and server.count() == 8
    connected.sql("UPDATE delivery SET replied_at = 1 WHERE id = (SELECT max(id) FROM delivery WHERE variant = 2)")
    due(connected)
    assert decided(connected)["winner"] == 2
    assert sorted(subjects(server).values()) == ["No 1: Yurts"] * 4 + ["Other yurts"] * 16


def answer(raw, **fields):
    message = email.message.EmailMessage()
    message["From"], message["To"], message["Subject"] = "p@example.org", "press@example.org", "Re: words"
    message["In-Reply-To"] = parse(raw)["Message-ID"]
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    message.set_content("Thank you.\n")
    return message.as_bytes()


@pytest.mark.slow(1)
def test_answers(connected, server):
    connected.add_active(people(20))
    connected.run("send", "--yes", connected.issue(**FRONT), "--sample", "50", "--winner", "replies")
    first, second = drawn(connected, 1), drawn(connected, 2)
    raw = {address: server.messages(address)[0] for address in first + second}
    for address in second[:2]:
        connected.run("replies", stdin=answer(raw[address]))
        connected.run("replies", stdin=answer(raw[address]))  # the same person again
    connected.run("replies", stdin=answer(raw[first[0]], Auto_Submitted="auto-replied"))
    forged = raw[first[1]].replace(parse(raw[first[1]])["Message-ID"].encode(), b"<1.aaaaaaaaaaaaaaaa@example.org>")
    connected.run("replies", stdin=answer(forged))
    maildir = mailbox.Maildir(f"{connected.folder}/Mail")
    maildir.add(answer(raw[first[2]]))
    maildir.add(b"From: x@example.org\nSubject: hello\n\nwords\n")
    assert connected.run("replies", f"{connected.folder}/Mail").out == "2 messages, 1 of them answers to ours\n"
    assert len(maildir) == 2
    shown = decided(connected)
    assert [s["replied"] for s in shown["subjects"]] == [1, 2] and shown["leading"] == 2
    assert connected.sql("SELECT count(*) FROM returned") == [(0,)]
    due(connected)
    assert sorted(subjects(server).values()) == ["First words"] * 5 + ["Other words"] * 15


@pytest.mark.slow(1)
def test_chosen_by_hand(started, server):
    assert "queued" in started.run("decide", "no-1", "--choose", "2").out
    started.run("retry")
    assert sorted(subjects(server).values()) == ["First words"] * 5 + ["Other words"] * 15
    assert "already" in started.run("decide", "no-1", "--choose", "1", expect=65).err
    started.run("decide", "no-1", "--choose", "3", expect=64)
    started.run("decide", "no-9", expect=67)


def test_each_language_has_its_own(connected, server):
    connected.add_active(people(4))
    connected.sql("UPDATE subscriber SET language = 'ru'")
    connected.issue(name="issue.en.md", language="en", **FRONT)
    connected.issue(name="issue.ru.md", subject="Слова", alternative_subject="Другие слова")
    connected.run("send", "--yes", f"{connected.folder}/issue.en.md", "--sample", "100")
    assert sorted(subjects(server).values()) == ["Другие слова"] * 2 + ["Слова"] * 2


@pytest.mark.slow(1)
def test_cancelled_and_scheduled(started, server):
    started.run("cancel", "no-1")
    due(started)
    assert server.count() == 10 and started.states() == {"sent": 10, "skipped": 10}
    started.run("send", "--yes", started.issue(number="No 2", **FRONT), "--at", "2030-01-01 09:00", "--sample", "10")
    assert "not begun" in started.run("decide", "no-2").out
    started.run("decide", "no-2", "--choose", "1", expect=65)
    started.sql("UPDATE issue SET scheduled_at = 1 WHERE id = 2")
    started.run("retry")
    assert server.count() == 12
    started.run("cancel", "no-2")
    started.run("send", "--yes", started.issue(number="No 3", **FRONT), "--at", "2030-01-01 09:00")
    started.run("cancel", "no-3")
    assert started.sql("SELECT count(*) FROM subject_test") == [(2,)]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("args, words", [
    (("--sample", "0"), "from 1 to 100"), (("--sample", "x"), "from 1 to 100"), (("--decide-after", "soon"), "90m"),
    (("--winner", "clicks"), "unsubscribes, replies"), (("--at", "2030-01-01 09:00", "--local-time"), "cannot be combined")])
def test_errors(connected, args, words):
    assert words in connected.run("send", "--yes", connected.issue(**FRONT), *args, expect=64).err
    plain = connected.issue(name="plain.md")
    assert "alternative_subject" in connected.run("send", "--yes", plain, "--sample", "10", expect=64).err
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", plain)
    assert "one subject" in connected.run("decide", "no-1", expect=67).err


def test_only_a_translation_has_it(connected):
    main = connected.issue(name="issue.en.md", language="en")
    connected.issue(name="issue.ru.md", alternative_subject="x")
    assert "issue.ru.md: it has an alternative_subject" in connected.run("send", "--yes", main, expect=65).err


def test_checked(connected):
    issue = connected.issue(subject="Words", alternative_subject="RE: WORDS!")
    assert "pretends to be a reply" in connected.run("check", issue, expect=65).out


@pytest.mark.slow(1)
def test_decided_over_the_api(started, server):
    configure(started)
    http = StaffServer(started.folder, "--no-mail")
    api = ApiClient(http, started.run("staff", "token", "sender", "--scope", "send").out.strip())
    assert [one["chosen"] for one in api.call("GET", "/issues/1/subjects")["subjects"]] == [False, False]
    for body in ({}, {"subject": 3}, {"subject": "1"}, {"subject": 1, "now": True}):
        api.call("POST", "/issues/1/subjects", body, 422)
    reading = started.run("staff", "token", "reading").out.strip()
    api.call("POST", "/issues/1/subjects", {"subject": 2}, 403, token=reading)
    assert [one["chosen"] for one in api.call("POST", "/issues/1/subjects", {"subject": 2})["subjects"]] == [False, True]
    api.call("POST", "/issues/1/subjects", {"subject": 1}, 409)
    assert started.sql("SELECT actor FROM audit WHERE action = 'subject decide'") == [("sender",)]
    http.stop()


@pytest.mark.slow(1)
def test_decided_on_the_issue_page(started, server):
    configure(started)
    http = StaffServer(started.folder, "--no-mail")
    http.login()
    page = http.page("/issue/1").text
    assert page.count('name="subject"') == 2 and "Other words" in page and re.search(r"wait for the decision:\s+10", page)
    ours = http.cookie
    account(started, "vera", "viewer")
    http.login("vera")
    seen = http.page("/issue/1").text  # shown to all who see the issue; chosen by those who may send
    assert "Other words" in seen and 'name="subject"' not in seen
    http.cookie = ours
    [(moment,)] = started.sql("SELECT decide_at FROM subject_test")
    started.sql("UPDATE subject_test SET decide_at = NULL")
    assert 'name="subject"' not in http.page("/issue/1").text  # the sample is not out yet
    started.sql("UPDATE subject_test SET decide_at = ?", moment)
    for wrong in ("0", "3", "", "2x", "two"):
        answer = http.press("/issue/1/subject", subject=wrong)
        assert answer.status == 422 and "choose subject 1 or 2" in answer.text, wrong
    assert decided(started)["winner"] == 0
    assert http.press("/issue/1/subject", subject="2").status == 303
    page = http.page("/issue/1").text
    assert 'name="subject"' not in page and re.search(r"Other words</bdi> <strong>chosen", page)
    answer = http.press("/issue/1/subject", subject="1")
    assert answer.status == 409 and "decided already" in answer.text
    http.stop()
    assert started.sql("SELECT actor, object FROM audit WHERE action = 'subject decide'") == [("ann", "issue 1")]
    started.run("retry")
    assert sorted(subjects(server).values()) == ["First words"] * 5 + ["Other words"] * 15
