"""Transactional messages in the dashboard, and issues in the public archive: by page, by API and by command, it is the same."""
import html
import json
import os
import re

import pytest

from apiclient import ApiClient
from browser import needs_browser
from conftest import wait_for
from test_look import look
from test_press_room import account
from test_staff import staff  # noqa: F401

FORM = {"address": "ann@example.org", "list": "bulletin", "template": "plain", "subject": "Your ticket", "text": "Gate 4,\r\nat nine."}


@pytest.fixture
def office(staff, connected):  # noqa: F811
    """ann, who may send; there is a template of one's own."""
    connected.configure(templates="look")
    os.mkdir(os.path.join(connected.folder, "look"))
    connected.write("look/message-ticket.txt", "Subject: Ticket for {{data.name}}\n\nGate {{data.gate}} is yours.\n")
    connected.write("look/message-not a name.txt", "Subject: x\n\nx\n")
    http = staff()
    assert http.login().status == 303
    connected.sql("UPDATE staff SET role = 'sender'")
    return http


def once(http):
    return re.search(r'name="once" value="(\w+)"', http.page("/messages").text).group(1)


def cells(page):
    return [[html.unescape(re.sub("<[^>]+>", "", cell)).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
            for row in re.findall(r"<tr>(<th scope=\"row\">.*?)</tr>", page.text, re.S)]


@pytest.mark.slow(1)
@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("again", [False, True])
def test_one_by_hand(office, connected, server, again):
    key = once(office)
    for _ in range(2 if again else 1):  # the form was sent twice
        answer = office.press("/messages", once=key, **FORM)
        assert answer.status == 303 and answer.getheader("Location") == "/messages?done=1"
    wait_for(lambda: server.messages("ann@example.org"))
    wait_for(lambda: connected.sql("SELECT state FROM delivery WHERE kind = 'message'") == [("sent",)])
    row, = cells(office.page("/messages?done=1"))
    assert row[1:6] == ["ann@example.org", "Your ticket", "plain", "bulletin", "Sent"] and row[6].startswith("250") and row[7] == "ann"
    assert b"Gate 4,\r\nat nine." in server.messages("ann@example.org")[0]
    assert connected.sql("SELECT actor, door, action FROM audit WHERE action = 'message send'") == [("ann", "browser", "message send")]
    assert cells(office.page("/messages?to=nobody@example.org")) == [] and len(cells(office.page("/messages?to=ANN@example.org"))) == 1
    assert "is not an address" in html.unescape(office.page("/messages?to=nobody").text)


def test_a_template_of_ones_own_and_the_servers_last_words(office, server):
    choices = re.findall(r"<option value=\"([^\"]+)\"", re.search(r'id="template".*?</select>', office.page("/messages").text, re.S).group(0))
    assert choices == ["plain", "ticket"]
    server.handler.reject.add("ann@example.org")
    form = {**FORM, "template": "ticket", "subject": "", "text": "", "data": '{"name": "Ann", "gate": 4}'}
    assert office.press("/messages", once=once(office), **form).status == 303
    wait_for(lambda: cells(office.page("/messages"))[0][5] == "Bounced")
    row, = cells(office.page("/messages"))
    assert row[2:4] == ["Ticket for Ann", "ticket"] and row[6].startswith("550")


@pytest.mark.parametrize("wrong", [{"address": "nobody"}, {"list": "nowhere"}, {"template": "nosuch"}, {"template": "../../etc/passwd"},
                                   {"data": "[]"}, {"data": "{"}, {"subject": "a\nb"}, {"template": "ticket", "data": "{}"}])
@pytest.mark.one_engine("the engine makes no difference")
def test_what_is_refused(office, connected, wrong):
    answer = office.press("/messages", once=once(office), **{**FORM, **wrong})
    assert answer.status == 400 and re.search('<p role="alert">[^<]{10}', answer.text)
    assert 'value="ann@example.org"' in answer.text or "address" in wrong  # the form is kept
    assert connected.sql("SELECT count(*) FROM transactional") == [(0,)]


@pytest.mark.slow(1)
def test_only_of_lists_to_which_one_may_send(office, connected):
    connected.run("list", "add", "culture", "--from", "culture@example.org", "--title", "Culture Letter", "--postal-address", "1 Quay Street")
    for name in ("bulletin", "culture"):
        connected.run("message", "send", f"{name}@example.org", "--list", name, "--template", "plain", "--set", "subject=A", "--set", "text=B",
                      "--queue")
    account(connected, "bob", "viewer")
    connected.run("staff", "role", "bob", "sender", "--list", "culture")
    assert {row[4] for row in cells(office.page("/messages"))} == {"bulletin", "culture"}
    assert 'href="/messages"' in office.page("/").text
    office.login("bob")
    assert [row[4] for row in cells(office.page("/messages"))] == ["culture"]
    assert office.press("/messages", once="1", **FORM).status == 400 and office.press("/messages", once="2", **{**FORM, "list": "culture"}).status == 303
    connected.run("staff", "role", "bob", "viewer", "--list", "culture")
    assert office.get("/messages", Cookie=office.cookie).status == 403 and office.get("/messages/1", Cookie=office.cookie).status == 404


@pytest.mark.slow(1)
@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("door", ["page", "api", "command"])
def test_an_issue_in_the_archive(office, connected, door):
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", connected.issue())
    number, = connected.sql("SELECT id FROM issue")[0]
    api = ApiClient(office, connected.run("staff", "token", "robot", "--scope", "send").out.strip())

    def turn(publish):
        if door == "page":
            assert office.press(f"/issue/{number}", action="publish" if publish else "unpublish").status == 303
        elif door == "api":
            done = api.call("POST", f"/issues/{number}/{'publish' if publish else 'withdraw'}", {})
            assert done == {"issue": number, "shown": publish, "at": None}
        else:
            connected.run("archive", "publish" if publish else "withdraw", str(number))

    def shown():
        said = office.page(f"/issue/{number}").text
        assert ("The public archive shows this issue." in said) != ("The public archive does not show this issue." in said)
        return "The public archive shows this issue." in said

    assert shown()
    turn(False)
    connected.sql("UPDATE issue SET public_until = public_until - 1")  # "until now" holds through this second
    assert not shown()
    turn(True)
    assert shown()
    actions = connected.sql("SELECT action, object FROM audit WHERE action LIKE 'archive %' ORDER BY id")
    assert actions == [("archive withdraw", f"issue {number}"), ("archive publish", f"issue {number}")]


@pytest.mark.slow(1)
def test_the_archive_over_the_api(office, connected):
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", connected.issue())
    number, = connected.sql("SELECT id FROM issue")[0]
    api = ApiClient(office, connected.run("staff", "token", "robot", "--scope", "send").out.strip())
    done = api.call("POST", f"/issues/{number}/withdraw", {"at": "2050-12-01T09:00", "zone": "Asia/Almaty"})
    assert done == {"issue": number, "shown": True, "at": "2050-12-01T04:00:00Z"}
    api.call("POST", f"/issues/{number}/publish", {"at": "never"}, 422)
    api.call("POST", f"/issues/{number}/publish", {"when": "now"}, 422)
    api.call("POST", "/issues/999/publish", {}, 404)
    connected.sql("UPDATE issue SET archive = 'never'")
    assert "archive: never" in api.call("POST", f"/issues/{number}/publish", {}, 422)["detail"]
    answer = office.press(f"/issue/{number}", action="publish")
    assert answer.status == 400 and "archive: never" in html.unescape(answer.text)
    assert "archive: never" in connected.run("archive", "publish", str(number), expect=65).err
    assert json.loads(connected.run("staff", "log", "archive", "--json").out)[0]["action"] == "archive withdraw"


@pytest.mark.slow
@needs_browser
@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("language", ["en", "ru", "kk", "ar"])
def test_how_it_looks(office, connected, server, tmp_path, language):
    server.handler.reject.add("bo@example.org")
    for address in ("ann@example.org", "bo@example.org"):
        assert office.press("/messages", once=once(office), **{**FORM, "address": address}).status == 303
    wait_for(lambda: {row[5] for row in cells(office.page("/messages"))} == {"Sent", "Bounced"})
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", connected.issue())
    look(tmp_path, {f"messages-{language}": f"{office.url}/messages?language={language}",
                    f"issue-{language}": f"{office.url}/issue/1?language={language}"},
         widths=(375, 1280), mail=False, cookie=office.cookie)
