"""Whom an issue is for, by language, with and without a segment: on the pages, by the API and by the command."""
import json
import re

import pytest
from apiclient import ApiClient
from conftest import wait_for
from test_press_room import FIELDS, problem
from test_press_room import desk as empty_desk  # noqa: F401
from test_sending_room import LATER, digest_of, text_of
from test_staff import StaffServer, configure, staff  # noqa: F401

# The list's own language is English; "" is somebody who has told none.
READERS = {"r1": "ru", "r2": "ru-KZ", "r3": "RU", "k1": "kk", "e1": "", "e2": "en-GB", "z1": "zru"}


@pytest.fixture
def readers(connected):
    connected.add_active([f"{name}@example.org" for name in READERS])
    for name, language in READERS.items():
        connected.sql("UPDATE subscriber SET language = ? WHERE address = ?", language or None, f"{name}@example.org")
    connected.run("segment", "add", "short", 'email ~ "1@"')
    return connected


@pytest.fixture
def desk(empty_desk, readers):
    empty_desk.save(revision=empty_desk.revision(), **FIELDS)
    return empty_desk


def got(server):
    return {name for name in READERS if server.messages(f"{name}@example.org")}


def choices(page):
    return re.findall(r'<option value="(\w+)"[^>]*lang="\w+"[^>]*>[^<(]+\((\d+)\)</option>', page)


@pytest.mark.slow(1)
def test_the_page_sends_with_a_canary(desk, readers):
    digest = re.search(r'name="digest" value="(\w+)"', desk.page("/send").text).group(1)
    form = {"action": "send", "when": "later", "at": "2050-12-01T09:00", "zone": "UTC", "sure": "yes", "digest": digest}
    wrong = desk.http.press(desk.path + "/send", **form, canary="some")
    assert wrong.status == 422 and "the canary is a share such as 1% or a number of people" in text_of(wrong.text)
    assert desk.http.press(desk.path + "/send", **form, canary="3").status == 303
    assert readers.sql("SELECT share, people, state FROM canary") == [(0, 3, "waiting")]


@pytest.mark.slow(1)
def test_on_the_page(desk, server):
    page = desk.page("/send").text
    assert sorted(choices(page)) == [("en", "2"), ("kk", "1"), ("ru", "3"), ("zru", "1")]
    assert choices(page)[0] == ("ru", "3")  # the most first
    page = desk.page("/send?audience_language=ru").text
    assert "Recipients, as of now 3" in text_of(page) and 'language = "ru"' in page.replace("&quot;", '"')
    assert len(choices(page)) == 4  # another can still be chosen
    both = desk.page("/send?audience_language=ru&segment=short").text
    assert "Recipients, as of now 1" in text_of(both)
    assert choices(both) == [("en", "1"), ("kk", "1"), ("ru", "1"), ("zru", "1")]
    assert "nobody would get it" in text_of(desk.page("/send?audience_language=fr").text)
    assert desk.page("/send?audience_language=%22%20or%20email%20is%20known").status == 303  # back to everybody
    answer = desk.http.press(desk.path + "/send", **{**LATER, "audience_language": '"'}, digest=digest_of(page))
    assert answer.status == 303 and "/send" in answer.getheader("Location")
    answer = desk.http.press(desk.path + "/send", **LATER, audience_language="ru", digest=digest_of(page))
    assert answer.status == 303, problem(answer)
    assert got(server) == set()


@pytest.mark.slow(1)
def test_sent_to_one_language_and_then_to_the_rest(desk, readers, server):
    readers.run("send", "--yes", readers.issue(), "--language", "ru")
    assert got(server) == {"r1", "r2", "r3"}
    assert readers.sql("SELECT segment FROM issue") == [('language = "ru"',)]
    page = desk.http.page("/issue/1/rest").text
    assert "People who have not received this issue: 4" in text_of(page)
    assert sorted(choices(page)) == [("en", "2"), ("kk", "1"), ("zru", "1")]
    assert "not received this issue: 0" in text_of(desk.http.page("/issue/1/rest?audience_language=ru").text)
    assert desk.http.press("/issue/1/rest", sure="yes", audience_language="kk").status == 303
    wait_for(lambda: readers.sql("SELECT state FROM issue") == [("sent",)])
    assert got(server) == {"r1", "r2", "r3", "k1"}
    assert readers.sql("SELECT segment FROM issue") == [('(language = "ru") or (language = "kk")',)]
    assert server.count() == 4
    readers.run("send", "--yes", f"{readers.folder}/issue.md", "--rest")
    assert got(server) == set(READERS) and server.count() == len(READERS)


@pytest.mark.slow(1)
def test_by_the_command(readers, server):
    def planned(*args):
        return json.loads(readers.run("send", "--dry-run", "--json", readers.issue(), *args).out)["plan"]

    assert planned("--language", "kk")["recipients"] == 1
    assert planned("--language", "ru", "--segment", "short")["recipients"] == 1
    whole = planned("--language", "ru", "--segment", "short", "--where", 'domain = "example.org" or domain = "x"')
    assert whole["recipients"] == 1
    assert whole["segment"] == '(email ~ "1@") and ((domain = "example.org" or domain = "x") and language = "ru")'
    for wrong in ("r", "русский", 'ru" or email is known', "x" * 40):
        assert "is not a language" in readers.run("send", "--dry-run", readers.issue(), "--language", wrong, expect=65).err
    for option in ("--language", "--segment", "--where"):  # must not mean everybody
        assert "not empty" in readers.run("send", "--dry-run", readers.issue(), option, "", expect=64).err
    run = readers.run("send", "--dry-run", readers.issue(), "--language", "ru", "--where", 'name = "a") or (name = "b"', expect=65)
    assert "expected" in run.err
    readers.run("send", "--yes", readers.issue(), "--rest", "--language", "ru", expect=64)
    assert server.count() == 0


@pytest.mark.slow(1)
def test_by_the_api(readers, server):
    configure(readers)
    token = readers.run("staff", "token", "all", "--scope", "read,issues,send").out.strip()
    http = StaffServer(readers.folder)
    api = ApiClient(http, token)
    try:
        at = f"/drafts/{api.call('POST', '/drafts', {'list': 'bulletin', 'title': 'Harbour news'}, 201)['id']}"
        revision = api.call("GET", at + "/texts/en")["revision"]
        source = "---\ntitle: Harbour news\nnumber: No 1\ndate: 2026-11-26\n---\nHello.\n"
        api.call("PUT", at + "/texts/en", {"source": source}, **{"If-Match": f'"{revision}"'})
        whole = api.call("GET", at + "/plan")
        assert (whole["people"], whole["segment"], whole["readers"][0]) == (7, None, {"language": "ru", "people": 3})
        plan = api.call("GET", at + "/plan?language=ru&segment=short")
        assert plan["people"] == 1 and plan["editions"] == [{"language": "en", "people": 1}]
        api.call("GET", at + "/plan?language=%22", expect=422)
        api.call("GET", at + "/plan?segment=nosuch", expect=404)
        sent = api.call("POST", at + "/send", {"digest": plan["digest"], "language": "ru", "at": "2036-12-01T09:00", "zone": "UTC"}, 202)
        issue = f"/issues/{sent['issue']}"
        assert readers.sql("SELECT segment FROM issue") == [('language = "ru"',)]
        api.call("POST", issue + "/rest", {}, 409)  # it has not gone out
        readers.sql("UPDATE issue SET scheduled_at = 1")
        readers.run("retry")
        assert got(server) == {"r1", "r2", "r3"}
        rest = api.call("GET", issue + "/rest?language=en")
        assert rest["people"] == 2 and sum(one["people"] for one in rest["readers"]) == 4
        assert api.call("POST", issue + "/rest", {"language": "en"}, 202) == {"people": 2}
        wait_for(lambda: got(server) == {"r1", "r2", "r3", "e1", "e2"})
        api.call("POST", issue + "/rest", {"language": "en"}, 422)  # nobody is left
        api.call("POST", issue + "/rest", {"where": "x"}, 422)
        assert server.count() == 5
    finally:
        http.stop()
