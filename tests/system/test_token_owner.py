"""Tokens act for the account that made them: what they do is that person's, they may no more than that person, and end with the account."""
import csv
import html
import io
import json
import re

import pytest

from apiclient import ApiClient
from test_approval import begin  # noqa: F401
from test_press_room import account
from test_staff import PASSWORD, dashboard, staff  # noqa: F401

SOURCE = "---\ntitle: Yurts\nnumber: No 1\n---\nFelt.\n"


@pytest.fixture
def office(connected):
    connected.run("list", "edit", "bulletin", "--postal-address", "1 Quay Street")
    with dashboard(connected, "administrator") as server:
        account(connected, "bob", "sender")
        yield server


def client(http, connected, name, *options):
    return ApiClient(http, connected.run("staff", "token", name, *options).out.strip())


def status_of(api, method, path, body=None):
    return api.raw(method, path, body).status


@pytest.mark.slow(1)
def test_a_token_made_in_the_browser_is_its_makers(office, connected):
    answer = office.press("/tokens", action="add", name="robot", **{"scope-people": "yes"})
    api = ApiClient(office, html.unescape(re.search(r"<code>([^<]{20,})</code>", answer.text).group(1)))
    api.call("POST", "/suppressions", {"address": "eve@example.org", "reason": "asked"}, 201)
    assert connected.sql("SELECT actor, door, action FROM audit WHERE door = 'api'") == [("ann (token robot)", "api", "suppress add")]
    assert "ann (token robot) (api from 127.0.0.1): suppress add" in connected.run("staff", "log", "robot").out
    line, = [one for one in json.loads(connected.run("staff", "log", "--json").out) if one["door"] == "api"]
    assert line["actor"] == "ann (token robot)"
    assert "ann (token robot)" in office.page("/audit?q=robot").text
    rows = list(csv.DictReader(io.StringIO(office.page("/audit.csv?q=suppress").text)))
    assert [row["actor"] for row in rows] == ["ann (token robot)"]
    assert re.search(r"<bdi>robot</bdi></th><td><bdi>ann</bdi>", office.page("/tokens").text)
    assert {one["name"]: one.get("owner") for one in json.loads(connected.run("staff", "--json").out) if one["kind"] == "token"} == {
        "robot": "ann"}


@pytest.mark.slow(1)
@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("wrote", ["browser", "token"])
def test_nobody_approves_their_own_issue_by_a_token(begin, connected, wrote):  # noqa: F811
    desk = begin(needed="1")
    draft = f"/drafts/{desk.path.rsplit('/', 1)[1]}"
    ann, bob = (client(desk.http, connected, f"of-{name}", "--scope", "issues,send", "--owner", name) for name in ("ann", "bob"))
    nobody = client(desk.http, connected, "program", "--scope", "issues,send")
    if wrote == "token":
        ann.call("GET", draft + "/texts/en")
        saved = ann.call("PUT", draft + "/texts/en", {"source": SOURCE}, **{"If-Match": ann.answer.getheader("ETag")})
        assert saved["author"] == "ann"
    asked = ann.call("POST", draft + "/approval", {})
    assert asked["asked_by"] == "ann"
    for api, words in ((ann, "somebody else has to approve it"), (nobody, "has no owner")):
        refused = api.call("POST", draft + "/approve", {"digest": asked["digest"]}, 422)
        assert words in refused["detail"]
    nobody.call("POST", draft + "/comment", {"digest": asked["digest"], "words": "Which?"})
    done = bob.call("POST", draft + "/approve", {"digest": asked["digest"]})
    assert done["state"] == "approved"
    assert connected.sql("SELECT actor FROM audit WHERE action = 'approval approve'") == [("bob (token of-bob)",)]
    assert connected.sql("SELECT author FROM approval_word ORDER BY id") == [("program",), ("bob",)]


@pytest.mark.slow(1)
def test_a_token_may_no_more_than_its_owner_at_the_time(office, connected):
    connected.run("list", "add", "culture", "--from", "culture@example.org", "--title", "Culture", "--postal-address", "1 Quay Street")
    api = client(office, connected, "robot", "--scope", "people,issues,send,admin", "--owner", "bob")
    here = client(office, connected, "here", "--scope", "issues", "--list", "culture", "--owner", "bob")
    new = {"name": "arts", "from": "a@example.org", "title": "Arts"}
    assert status_of(api, "POST", "/lists", new) == 403 and status_of(api, "GET", "/subscribers") == 403
    assert status_of(api, "GET", "/drafts") == 200
    connected.run("staff", "role", "bob", "viewer")
    assert status_of(api, "GET", "/drafts") == 403 and status_of(api, "GET", "/lists") == 200
    connected.run("staff", "role", "bob", "people")
    assert status_of(api, "GET", "/subscribers") == 200 and status_of(here, "GET", "/drafts") == 403
    connected.run("staff", "role", "bob", "none")
    assert status_of(api, "GET", "/lists") == 401
    connected.run("staff", "role", "bob", "author", "--list", "culture")
    assert status_of(here, "GET", "/drafts") == 200 and status_of(api, "GET", "/lists") == 401


@pytest.mark.slow(1)
def test_a_token_ends_with_its_owners_account(office, connected):
    connected.run("staff", "role", "bob", "people")
    api = client(office, connected, "robot", "--scope", "people", "--owner", "bob")
    other = client(office, connected, "program", "--scope", "people")
    assert status_of(api, "GET", "/subscribers") == 200
    account(connected, "bo", "people")  # whose name is the beginning of another
    connected.run("staff", "remove", "bo")
    assert status_of(api, "GET", "/subscribers") == 200
    connected.run("staff", "remove", "bob")
    assert status_of(api, "GET", "/subscribers") == 401 and status_of(other, "GET", "/subscribers") == 200
    assert connected.sql("SELECT name FROM api_token") == [("program",)]
    connected.run("staff", "add", "bob", stdin=PASSWORD.encode())  # somebody else by that name
    assert status_of(api, "GET", "/subscribers") == 401
    assert "no account 'carl'" in connected.run("staff", "token", "x", "--owner", "carl", expect=67).err
    assert "no account 'car'" in connected.run("staff", "token", "x", "--owner", "car", expect=67).err
