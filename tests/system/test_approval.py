"""Approval: an issue that is written by one goes out only as others have approved it."""
import email
import email.policy
import json
import re
import threading
import urllib.parse

import pytest
from apiclient import ApiClient
from browser import needs_browser
from conftest import wait_for
from test_look import look
from test_press_room import FIELDS, Desk, account, problem
from test_staff import staff  # noqa: F401

SEND = {"action": "send", "when": "now", "sure": "yes"}


@pytest.fixture
def begin(staff, connected, server):  # noqa: F811
    """A draft of ann's; bob and eve are senders, kim is an author."""
    def start(**approval):
        connected.configure(approval=approval, send={"grace": "0"})
        connected.add_active(["reader@example.org"])
        http = staff()
        assert http.login().status == 303
        for name, role in (("bob", "sender"), ("eve", "sender"), ("kim", "author")):
            account(connected, name, role)
            connected.sql("UPDATE staff SET address = ? WHERE name = ?", f"{name}@example.org", name)
        path = http.press("/drafts", how="new", title="Yurts", list="bulletin").getheader("Location")
        desk = Desk(http, urllib.parse.urlsplit(path).path)
        assert desk.save(revision=desk.revision(), **FIELDS).status == 303
        return desk
    return start


def say(desk, action, **fields):
    page = desk.page("/approval").text
    seal = re.search(r'name="seal" value="(\w+)"', page)
    return desk.http.press(desk.path + "/approval", action=action, **{"seal": seal.group(1) if seal else "", **fields})


def mails(server, address):
    parsed = [email.message_from_bytes(raw, policy=email.policy.default) for raw in server.messages(address)]
    return [(mail["Subject"], mail.get_content()) for mail in parsed]


def seal_of(desk):
    return re.search(r'name="seal" value="(\w+)"', desk.page("/approval").text).group(1)


def send(desk, digest):
    return desk.http.press(desk.path + "/send", **SEND, digest=digest)


def issues(connected):
    return connected.sql("SELECT count(*) FROM issue")[0][0]


@pytest.mark.slow(1)
def test_asked_approved_and_sent(begin, connected, server):
    desk = begin(needed="1")
    assert "not approved yet" in desk.page("/send").text
    assert say(desk, "ask", words="Please <b>read</b>").status == 303
    wait_for(lambda: server.messages("bob@example.org") and server.messages("eve@example.org"))
    subject, text = mails(server, "bob@example.org")[0]
    assert f"https://staff.example.org{desk.path}/approval" in text and subject == "Please approve: Yurts"
    assert not server.messages("kim@example.org")  # may not approve
    desk.http.login("bob")
    page = desk.page("/approval").text
    assert "Please &lt;b&gt;read" in page and "all of it is new" in page
    seal = seal_of(desk)
    assert say(desk, "return").status == 422  # without a word
    assert say(desk, "comment", passage="A yurt", words="Which one?").status == 303
    assert "<blockquote><bdi>A yurt</bdi>" in desk.page("/approval").text
    assert say(desk, "approve").status == 303
    assert send(desk, seal).status == 303
    assert issues(connected) == 1
    log = connected.run("staff", "log", "approval").out
    assert "ann (browser" in log and "approval ask" in log and "approval approve, draft" in log


@pytest.mark.slow(1)
def test_a_change_withdraws_it(begin, connected):
    desk = begin(needed="1")
    say(desk, "ask")
    desk.http.login("bob")
    seal = seal_of(desk)
    assert say(desk, "approve").status == 303
    desk.http.login("ann")
    assert desk.save(revision=desk.revision(), **{**FIELDS, "body": "# Hello\r\n\r\nAnother yurt.\r\n"}).status == 303
    answer = send(desk, seal)
    assert answer.status == 422 and issues(connected) == 0
    assert "approval withdrawn" in connected.run("staff", "log", "withdrawn").out
    assert say(desk, "ask").status == 303
    desk.http.login("bob")
    page = desk.page("/approval").text
    assert re.search(r"<ins>.*Another yurt\.", page) and re.search(r"<del>.*A yurt for", page)
    assert desk.http.press(desk.path + "/approval", action="approve", seal=seal).status == 409  # of what was there before
    assert desk.upload("attachment", "programme.csv", b"a,b\n").status == 303  # a file is a change as well
    assert say(desk, "approve", seal=seal).status == 409


@pytest.mark.slow(1)
def test_who_may(begin, connected):
    desk = begin(needed="1")
    seal = re.search(r'name="digest" value="(\w+)"', desk.page("/send").text)
    assert seal is None  # there is no button before
    assert say(desk, "ask").status == 303
    asked = connected.sql("SELECT seal FROM approval")[0][0]
    assert "you have asked" in problem(desk.http.press(desk.path + "/approval", action="approve", seal=asked))
    desk.http.login("kim")
    assert desk.http.press(desk.path + "/approval", action="approve", seal=asked).status == 422
    connected.sql("UPDATE approval SET asked_by = 'kim'")
    desk.http.login("ann")
    assert "you have written" in problem(desk.http.press(desk.path + "/approval", action="approve", seal=asked))
    assert connected.sql("SELECT count(*) FROM approval_word") == [(0,)]
    assert send(desk, asked).status == 422 and issues(connected) == 0


@pytest.mark.slow(1)
def test_two_approvals(begin, connected, server):
    desk = begin(needed="0", lists="other=0, bulletin=2")
    say(desk, "ask")
    asked = connected.sql("SELECT seal FROM approval")[0][0]
    answer = {"action": "approve", "seal": asked}
    desk.http.login("bob")
    assert desk.http.press(desk.path + "/approval", **answer).status == 303
    assert "already" in problem(desk.http.press(desk.path + "/approval", **answer))
    assert send(desk, asked).status == 422
    desk.http.login("eve")
    assert desk.http.press(desk.path + "/approval", **answer).status == 303
    assert send(desk, asked).status == 303 and issues(connected) == 1


@pytest.mark.slow(1)
def test_returned(begin, connected, server):
    desk = begin(needed="1")
    connected.sql("UPDATE staff SET address = 'ann@example.org' WHERE name = 'ann'")
    say(desk, "ask")
    asked = connected.sql("SELECT seal FROM approval")[0][0]
    desk.http.login("bob")
    assert say(desk, "return", words="The date is wrong").status == 303
    wait_for(lambda: server.messages("ann@example.org"))
    assert "The date is wrong" in mails(server, "ann@example.org")[0][1]
    assert desk.http.press(desk.path + "/approval", action="approve", seal=asked).status == 409
    assert send(desk, asked).status == 422


@pytest.mark.slow(1)
def test_changed_while_it_is_sent(begin, connected):
    """One sends and another saves, again and again: an issue is only ever made of the version that was approved."""
    desk = begin(needed="1", own="true")
    assert say(desk, "ask").status == 303
    asked = connected.sql("SELECT seal FROM approval")[0][0]
    assert desk.http.press(desk.path + "/approval", action="approve", seal=asked).status == 303
    revision = desk.revision()
    saved = threading.Thread(target=desk.save, kwargs={**FIELDS, "revision": revision, "body": "Changed."})
    saved.start()
    answer = send(desk, asked)
    saved.join()
    states = connected.sql("SELECT source FROM issue")
    assert (answer.status == 303) == bool(states)
    assert all("A yurt for" in source for source, in states)


@pytest.mark.slow(1)
def test_done_is_told_once(begin, connected, server):
    desk = begin(needed="0")
    assert desk.http.press("/account", action="address", address="ann@example.org").status == 200
    assert 'value="ann@example.org"' in desk.http.page("/account").text
    assert desk.http.press("/account", action="address", address="no address").status == 400
    digest = re.search(r'name="digest" value="(\w+)"', desk.page("/send").text).group(1)
    assert send(desk, digest).status == 303
    wait_for(lambda: server.messages("ann@example.org"))
    connected.run("retry")
    connected.run("retry")
    [(subject, text)] = mails(server, "ann@example.org")
    assert "/issue/1" in text and "Yurts" in subject


@pytest.mark.slow(1)
def test_stuck_is_told_with_what_to_do(begin, connected, server):
    desk = begin(needed="0")
    connected.sql("UPDATE staff SET address = 'ann@example.org' WHERE name = 'ann'")
    digest = re.search(r'name="digest" value="(\w+)"', desk.page("/send").text).group(1)
    assert desk.http.press(desk.path + "/send", action="send", when="later", at="2036-12-01T09:00", zone="UTC", sure="yes",
                           digest=digest).status == 303
    connected.sql("UPDATE issue SET state = 'paused', pause_note = 'the server refuses us'")
    connected.run("retry")
    connected.run("retry")
    wait_for(lambda: server.messages("ann@example.org"))
    [(_, text)] = mails(server, "ann@example.org")
    assert "the server refuses us" in text


@pytest.mark.parametrize("lists", ["bulletin", "bulletin=3", "=1", "bulletin=1, x"])
def test_a_setting_that_is_none(connected, lists):
    connected.configure(approval={"lists": lists})
    assert "LIST=NUMBER" in connected.run("status", expect=78).err


def test_the_command_line_is_recorded(connected):
    """People who run commands could change the configuration too: `send` is not bound, and the log has it."""
    connected.configure(approval={"needed": 1})
    connected.add_active(["reader@example.org"])
    connected.run("send", "--yes", connected.issue(title="Ferries"))
    assert "(command): issue send, issue 1" in connected.run("staff", "log", "send").out


@pytest.mark.slow
@needs_browser
@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("language", ["en", "ru", "kk", "ar"])
def test_how_it_looks(begin, connected, tmp_path, language):
    """The page of an issue that was changed since it was approved, with words of others."""
    desk = begin(needed="2")
    for who, action, words in (("ann", "ask", "Please"), ("bob", "comment", "Which one?"), ("bob", "approve", "")):
        desk.http.login(who)
        assert say(desk, action, words=words, passage="A yurt" if action == "comment" else "").status == 303
    desk.http.login("ann")
    assert desk.save(revision=desk.revision(), **{**FIELDS, "body": "# Hello\r\n\r\nAnother.\r\n"}).status == 303
    assert say(desk, "ask").status == 303
    desk.http.login("bob")
    assert say(desk, "comment", words="Better", passage="Another").status == 303
    look(tmp_path, {f"approval-{language}": f"{desk.http.url}{desk.path}/approval?language={language}",
                    f"account-{language}": f"{desk.http.url}/account?language={language}"},
         widths=(375, 1280), mail=False, cookie=desk.http.cookie)


# ---- by command, and over the API ----

@pytest.fixture
def ways(begin, connected, staff):  # noqa: F811
    """A draft that ann has written in the browser, and one client of the API for each scope."""
    desk = begin(needed="1")
    owners = {"issues": (), "send": ("--owner", "bob"), "issues,send": ("--owner", "ann")}
    clients = {scope: ApiClient(desk.http, connected.run("staff", "token", scope.replace(",", "-"), "--scope", scope, *owner).out.strip())
               for scope, owner in owners.items()}
    return desk, desk.path.rsplit("/", 1)[1], clients


@pytest.mark.slow(1)
def test_over_the_api(ways, connected, server):
    desk, number, clients = ways
    at = f"/drafts/{number}"
    writer, sender, both = (clients[scope] for scope in ("issues", "send", "issues,send"))
    before = writer.call("GET", at + "/approval")
    assert (before["state"], before["needed"], before["asked_by"], before["said"]) == ("none", 1, None, [])
    plan = writer.call("GET", at + "/plan")
    assert plan["digest"] == before["digest"] and "approved" in plan["obstacle"]
    sender.call("POST", at + "/approve", {"digest": before["digest"]}, 409)  # nobody has asked
    asked = writer.call("POST", at + "/approval", {"words": "Please read"})
    assert (asked["state"], asked["asked_by"], asked["words"]) == ("open", "issues", "Please read")
    wait_for(lambda: server.messages("bob@example.org"))
    tag = writer.answer.getheader("ETag")
    assert writer.raw("GET", at + "/approval", **{"If-None-Match": tag}).status == 304
    # who may not send may not approve
    for word in ("approve", "return", "comment"):
        writer.call("POST", f"{at}/{word}", {"digest": asked["digest"], "words": "x"}, 403)
    sender.call("POST", at + "/send", {"digest": asked["digest"]}, 422)
    sender.call("POST", at + "/comment", {"digest": asked["digest"]}, 422)
    said = sender.call("POST", at + "/comment", {"digest": asked["digest"], "passage": "yurts", "words": "Which?"})["said"]
    assert [(one["author"], one["kind"], one["passage"], one["words"]) for one in said] == [("bob", "comment", "yurts", "Which?")]
    sender.call("POST", at + "/approve", {"digest": "0" * 64}, 409)
    for body in ({}, {"digest": None}, {"digest": asked["digest"], "own": True}, {"digest": asked["digest"], "words": "x" * 5000}):
        sender.call("POST", at + "/approve", body, 422)
    assert sender.call("POST", at + "/return", {"digest": asked["digest"], "words": "Shorter"})["state"] == "returned"
    # a token does not approve what it has asked for
    again = both.call("POST", at + "/approval", {})
    both.call("POST", at + "/approve", {"digest": again["digest"]}, 422)
    done = sender.call("POST", at + "/approve", {"digest": again["digest"]})
    assert (done["state"], done["given"]) == ("approved", 1)
    # a change withdraws it
    assert desk.save(revision=desk.revision(), **{**FIELDS, "body": "Other words"}).status == 303
    changed = writer.call("GET", at + "/approval")
    assert changed["state"] == "withdrawn" and changed["digest"] != again["digest"]
    sender.call("POST", at + "/send", {"digest": again["digest"]}, 422)
    last = writer.call("POST", at + "/approval", {})
    sender.call("POST", at + "/approve", {"digest": last["digest"]})
    assert sender.call("POST", at + "/send", {"digest": last["digest"]}, 202)["issue"]
    assert [row[0] for row in connected.sql("SELECT action FROM audit WHERE door = 'api' AND action LIKE 'approval %'")].count("approval approve") == 2
    writer.call("GET", "/drafts/999/approval", expect=404)


@pytest.mark.slow(1)
def test_by_command(ways, connected):
    _, number, _ = ways
    asked = json.loads(connected.run("draft", "ask", number, "--words", "Please read", "--json").out)
    assert asked["state"] == "open"
    connected.run("draft", "approve", number, expect=64)
    assert "somebody else" in connected.run("draft", "approve", number, "--digest", asked["digest"], expect=65).err
    connected.run("draft", "comment", number, "--digest", asked["digest"], expect=65)
    assert "Which?" in connected.run("draft", "comment", number, "--digest", asked["digest"], "--words", "Which?").out
    assert "look again" in connected.run("draft", "return", number, "--digest", "0" * 64, "--words", "x", expect=65).err
    connected.run("draft", "return", number, "--digest", asked["digest"], "--words", "Shorter")
    connected.configure(approval={"needed": "1", "own": "yes"})
    connected.run("draft", "ask", number)
    assert json.loads(connected.run("draft", "approve", number, "--digest", asked["digest"], "--json").out)["state"] == "approved"
    assert "Yurts" in connected.run("draft").out and "approved" in connected.run("draft", "show", number).out
    assert "A yurt for {{name|you}}." in connected.run("draft", "text", number).out
    for words in (("show", "999"), ("text", number, "--language", "kk"), ("ask", "999")):
        connected.run("draft", *words, expect=None if words[0] == "ask" else 67)
    connected.run("draft", "show", "x", expect=64)
