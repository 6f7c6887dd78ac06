"""The API: each resource, what it refuses, and its description."""
import base64
import json
import os
import re
import subprocess
import uuid

import jsonschema
import pytest

from apiclient import ApiClient
from browser import WEB
from conftest import TOP
from test_press_room import PNG
from test_staff import StaffServer, configure

SCOPES = ("read", "people", "issues", "send", "admin")


@pytest.fixture
def api(connected):
    """A client with all powers; `serve` sends nothing."""
    configure(connected)
    token = connected.run("staff", "token", "all", "--scope", ",".join(SCOPES)).out.strip()
    http = StaffServer(connected.folder, "--no-mail")
    yield ApiClient(http, token)
    http.stop()


def routes():
    """(method, path, scope) of the table that the program goes by."""
    with open(os.path.join(TOP, "src", "web", "api_routes.c"), encoding="utf-8") as source:
        return re.findall(r'\{"(\w+)", "([^"]+)", NL_API_(\w+),', source.read())


# ---- the description ----

def test_the_description_has_every_route(api):
    described = {(method.upper(), re.sub(r"\{\w+\}", "*", path).lstrip("/"), operation["x-scope"])
                 for path, operations in api.description["paths"].items() for method, operation in operations.items()}
    assert described == {(method, path, scope.lower()) for method, path, scope in routes()}


@pytest.mark.slow(1)
def test_every_operation_has_an_example_that_fits(api):
    for path, operations in api.description["paths"].items():
        for method, operation in operations.items():
            bodies = [answer for code, answer in operation["responses"].items() if code < "300" and "content" in answer]
            bodies += [operation["requestBody"]] if "requestBody" in operation else []
            for body in bodies:
                for content in body["content"].values():
                    if content["schema"].get("format") != "binary" and "example" in content:
                        api.check(content["schema"], content["example"])
                assert any("example" in content or content["schema"].get("format") == "binary" for content in body["content"].values())
            assert bodies or "204" in operation["responses"], (method, path)


@pytest.mark.skipif(not os.path.isdir(os.path.join(WEB, "lint", "node_modules")),
                    reason="./check --all installs the linters")
def test_the_description_pleases_two_linters(api, tmp_path):
    """Without a warning: Redocly's recommended rules, and Spectral's for OpenAPI."""
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(api.description), encoding="utf-8")
    (tmp_path / "rules.yaml").write_text('extends: ["spectral:oas"]\n', encoding="utf-8")
    tools = os.path.join(WEB, "lint", "node_modules", ".bin")
    for command in (["redocly", "lint", "--format", "json", str(path)],
                    ["spectral", "lint", "--fail-severity", "hint", "--ruleset", str(tmp_path / "rules.yaml"), str(path)]):
        run = subprocess.run([os.path.join(tools, command[0]), *command[1:]], cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stdout + run.stderr
        if command[0] == "redocly":
            assert json.loads(run.stdout)["problems"] == []


def test_a_wrong_answer_would_be_noticed(api):
    with pytest.raises(jsonschema.ValidationError):
        api.check({"$ref": "#/components/schemas/Segment"}, {"name": "press"})


# ---- lists ----

def test_lists(api):
    added = api.call("POST", "/lists", {"name": "second", "sender": "Press <press@example.org>", "private": True}, 201)
    assert added["private"] and api.answer.getheader("Location") == "/api/v1/lists/second"
    tag = api.answer.getheader("ETag")
    assert api.raw("GET", "/lists/second", **{"If-None-Match": tag}).status == 304
    changed = api.call("PATCH", "/lists/second", {"title": "The second", "private": False}, **{"If-Match": tag})
    assert changed["title"] == "The second" and not changed["private"] and changed["sender"] == added["sender"]
    api.call("PATCH", "/lists/second", {"title": "Too late"}, 412, **{"If-Match": tag})
    api.call("PATCH", "/lists/second", {"title": "Too late"}, 412, **{"If-Match": 'W/"x"'})
    assert api.call("GET", "/lists/second")["title"] == "The second"
    assert [one["name"] for one in api.call("GET", "/lists")["lists"]] == ["bulletin", "second"]
    assert api.call("GET", "/lists/second/growth") == {"days": []}
    api.call("POST", "/lists", {"name": "second", "sender": "press@example.org"}, 409)
    api.call("POST", "/lists", {"name": "third"}, 422)
    api.call("POST", "/lists", {"name": "third", "sender": "nobody"}, 422)
    api.call("PATCH", "/lists/nosuch", {"title": "x"}, 404)
    assert api.call("POST", "/lists/second/rename", {"name": "other"})["name"] == "other"
    api.call("POST", "/lists/other/rename", {"name": "bulletin"}, 409)
    api.call("DELETE", "/lists/other?sure=no", expect=400)
    api.call("DELETE", "/lists/other?sure=other", expect=204)
    api.call("GET", "/lists/other", expect=404)


def test_people_are_asked_again(api, connected):
    connected.add_active(["ann@example.org", "bob@example.org"])
    assert api.call("POST", "/lists/bulletin/reconfirm", {"count_only": True})["people"] == 2
    few = api.call("POST", "/lists/bulletin/reconfirm", {"where": 'email ~ "ann"', "count_only": True})
    assert few["people"] == 1 and not few["asked"]
    assert connected.sql("SELECT count(*) FROM delivery") == [(0,)]
    for body, status in (({"segment": "nosuch"}, 404), ({"where": "nonsense"}, 422), ({"all": True}, 422)):
        api.call("POST", "/lists/bulletin/reconfirm", body, status)
    api.call("POST", "/lists/nosuch/reconfirm", {}, 404)
    asked = api.call("POST", "/lists/bulletin/reconfirm", {})
    assert (asked["people"], asked["left"], asked["asked"]) == (2, 0, True) and asked["answer_by"] > "2026"
    assert connected.sql("SELECT count(*) FROM delivery WHERE kind = 'reconfirmation'") == [(2,)]
    assert not api.call("POST", "/lists/bulletin/reconfirm", {})["asked"]


# ---- subscribers ----

def test_the_life_of_a_subscriber(api, connected):
    asked = api.call("POST", "/subscribers", {"address": "Ann@example.org", "name": "Ann", "list": "bulletin",
                                              "attributes": {"city": "Aktau", "tags": ["press", 7]}}, 201)
    assert asked["outcome"] == "pending" and connected.sql("SELECT kind, state FROM delivery") == [("confirmation", "queued")]
    assert api.answer.getheader("Location") == f"/api/v1/subscribers/{asked['id']}"
    at = f"/subscribers/{asked['id']}"
    found = api.call("GET", at)
    assert found["attributes"] == {"city": "Aktau", "tags": ["press", "7"]}
    assert [(one["list"], one["state"]) for one in found["subscriptions"]] == [("bulletin", "pending")]
    tag = api.answer.getheader("ETag")
    changed = api.call("PATCH", at, {"name": "Ann B", "attributes": {"city": None, "age": 30}}, **{"If-Match": tag})
    assert changed["name"] == "Ann B" and changed["attributes"] == {"tags": ["press", "7"], "age": "30"}
    api.call("PATCH", at, {"name": "Late"}, 412, **{"If-Match": tag})
    assert api.call("PATCH", at, {"name": None, "language": "kk"})["name"] is None
    stated = api.call("POST", "/subscribers", {"address": "ann@example.org", "consent": "by telephone"}, 201)
    assert stated == {"outcome": "active", "id": asked["id"]}
    assert api.call("POST", "/subscribers", {"address": "ann@example.org"})["outcome"] == "already"
    assert api.call("POST", at + "/unsubscribe", {"list": "bulletin"})["subscriptions"][0]["state"] == "unsubscribed"
    assert api.call("POST", "/subscribers", {"address": "ann@example.org", "consent": "by telephone"})["outcome"] == "left"
    assert api.call("POST", at + "/suppress", {"reason": "asked us"})["suppressed"]["reason"] == "asked us"
    assert api.call("POST", "/subscribers", {"address": "ann@example.org"})["outcome"] == "suppressed"
    assert "edited" in [one["what"] for one in api.call("GET", at + "/history")["history"]]
    api.call("DELETE", at, expect=204)
    for method, path, body in (("GET", at, None), ("PATCH", at, {"name": "x"}), ("DELETE", at, None),
                               ("GET", at + "/history", None), ("POST", at + "/suppress", {"reason": "x"})):
        api.call(method, path, body, 404)
    assert "ann@example.org" not in str(connected.sql("SELECT * FROM subscriber")).lower()


def test_finding_subscribers_page_by_page(api, connected):
    connected.add_active([f"reader{number}@example.org" for number in range(7)] + ["other@example.net"])
    seen, after = [], ""
    while after is not None:
        page = api.call("GET", f"/subscribers?part=reader&limit=3&after={after}")
        seen += [one["address"] for one in page["subscribers"]]
        after = page["next"]
    assert seen == [f"reader{number}@example.org" for number in range(7)]
    assert [one["address"] for one in api.call("GET", "/subscribers?address=OTHER@example.net")["subscribers"]] == ["other@example.net"]
    assert api.call("GET", "/subscribers?address=nobody@example.net") == {"subscribers": [], "next": None}
    assert len(api.call("GET", "/subscribers?list=bulletin&state=active")["subscribers"]) == 8
    assert api.call("GET", "/subscribers?state=bounced")["subscribers"] == []
    for query, status in (("state=nosuch", 422), ("list=nosuch", 404), ("address=x", 422), ("limit=0", 400),
                          ("after=%21%21%21%21", 400), ("after=x", 400), ("after=" + "A" * 2000, 400), ("after=gICA", 400)):
        api.call("GET", "/subscribers?" + query, expect=status)


def test_direct_delivery_by_provider(api, connected):
    assert api.call("GET", "/providers")["providers"] == []
    connected.sql("INSERT INTO provider_day (day, provider, source, attempts, sent, deferred, bounced, throttled) VALUES "
                  "('2100-01-01', 'other', '', 9, 8, 1, 0, 0), ('2100-01-01', 'google', '192.0.2.1', 7, 5, 1, 1, 2), "
                  "('2100-01-02', 'google', '192.0.2.2', 3, 3, 0, 0, 0), ('2000-01-01', 'yahoo', '', 4, 4, 0, 0, 0)")
    assert api.call("GET", "/providers")["providers"] == [
        {"provider": "google", "attempts": 10, "sent": 8, "deferred": 1, "bounced": 1, "throttled": 2},
        {"provider": "other", "attempts": 9, "sent": 8, "deferred": 1, "bounced": 0, "throttled": 0}]


@pytest.mark.slow(1)
def test_a_batch(api, connected):
    connected.run("suppress", "add", "gone@example.org")
    rows = [{"address": f"reader{number}@example.org"} for number in range(450)]
    rows[200:200] = [{"address": "no address"}, {"address": "gone@example.org"}, {"address": "x@example.org", "list": "nosuch"},
                     {"address": "late@example.org", "language": "?"}]
    results = api.call("POST", "/subscribers/batch", {"list": "bulletin", "consent": "fair", "subscribers": rows})["results"]
    assert [one["outcome"] for one in results[199:205]] == ["active", "refused", "suppressed", "refused", "refused", "active"]
    assert "nosuch" in results[202]["reason"] and len(results) == 454
    assert connected.sql("SELECT count(*), min(consent_source) FROM subscription WHERE state = 'active'") == [(450, "fair")]
    again = api.call("POST", "/subscribers/batch", {"consent": "fair", "subscribers": rows[:3]})["results"]
    assert {one["outcome"] for one in again} == {"already"}
    asked = api.call("POST", "/subscribers/batch", {"subscribers": [{"address": "new@example.org"}, {"address": "?"}]})["results"]
    assert [one["outcome"] for one in asked] == ["pending", "refused"]
    many = [{"address": f"r{number}@example.org"} for number in range(10001)]
    api.call("POST", "/subscribers/batch", {"consent": "x", "subscribers": many}, 422)
    assert connected.sql("SELECT count(*) FROM subscriber WHERE address LIKE 'r1%'") == [(0,)]


def test_members_that_are_not_offered_are_refused(api, connected):
    for extra in ({"state": "active"}, {"id": 1}, {"confirmed_at": "2026-01-01"}, {"Address": "x@example.org"},
                  {"attributes": {"a": {"b": {"c": {"d": {"e": 1}}}}}}, {"attributes": {"имя": "x"}}, {"attributes": []}, {"name": 7},
                  {"name": "a\nb"}, {"ip": "here"}, {"consent": " "}, {"source": "a\nb"}, {"language": "no such"}):
        row = {"address": "ann@example.org", **extra}
        api.call("POST", "/subscribers", row, 422)
        if api.raw("POST", "/subscribers/batch", {"subscribers": [row]}).status == 200:
            assert set(extra) & {"attributes", "name", "ip", "consent", "source", "language"}  # a row's own fault is its result
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)]


# ---- suppressions, segments, bounces ----

def test_suppressions(api):
    assert api.call("POST", "/suppressions", {"address": "Bob@Example.net", "reason": "asked"}, 201)["added"]
    assert not api.call("POST", "/suppressions", {"address": "bob@example.net", "reason": "again"})["added"]
    for number in range(3):
        api.call("POST", "/suppressions", {"address": f"a{number}@example.net", "reason": "asked"}, 201)
    first = api.call("GET", "/suppressions?limit=3")
    rest = api.call("GET", f"/suppressions?limit=3&after={first['next']}")
    assert [one["address"] for one in first["suppressions"] + rest["suppressions"]] == [
        "a0@example.net", "a1@example.net", "a2@example.net", "bob@example.net"]
    assert rest["next"] is None and rest["suppressions"][0]["reason"] == "asked"
    api.call("DELETE", "/suppressions?address=bob@example.net", expect=204)
    api.call("DELETE", "/suppressions?address=bob@example.net", expect=404)
    api.call("DELETE", "/suppressions?address=bob", expect=422)
    api.call("DELETE", "/suppressions", expect=400)
    api.call("POST", "/suppressions", {"address": "x@example.net", "reason": "two\nlines"}, 422)


def test_segments(api, connected):
    connected.run("import", "-", "--consent", "asked", stdin=b"email,tags\nann@example.org,press\nbob@example.net,other\n")
    assert api.call("PUT", "/segments/press", {"expression": 'tags has "press"'})["name"] == "press"
    assert api.call("GET", "/segments")["segments"] == [api.call("GET", "/segments/press")]
    people = api.call("POST", "/segments/people", {"name": "press", "where": 'email ~ "ann"'})
    assert people == {"count": 1, "sample": ["ann@example.org"]}
    assert api.call("POST", "/segments/people", {"list": "bulletin", "sample": 0}) == {"count": 2, "sample": []}
    api.call("POST", "/segments/people", {"sample": 1001}, 422)
    api.call("POST", "/segments/people", {"where": "tags has"}, 422)
    api.call("POST", "/segments/people", {"where": 'tga has "press"'}, 422)
    api.call("POST", "/segments/people", {"name": "nosuch"}, 404)
    api.call("PUT", "/segments/b%20b", {"expression": 'tags has "press"'}, 422)
    api.call("DELETE", "/segments/press", expect=204)
    api.call("DELETE", "/segments/press", expect=404)


def test_kept_bounces(api, connected):
    connected.run("bounce", stdin=b"From: x@example.net\nSubject: \xff?\n\nNobody knows what this is.\n")
    kept = api.call("GET", "/bounces")["bounces"]
    message = api.call("GET", f"/bounces/{kept[0]['id']}")["message"]
    assert b"Nobody knows" in base64.b64decode(message)
    api.call("POST", f"/bounces/{kept[0]['id']}/dismiss", expect=204)
    assert api.call("GET", "/bounces")["bounces"] == []
    api.call("GET", "/bounces/99", expect=404)


# ---- events ----

def test_events_are_followed_from_number_to_number(api, connected, server):
    connected.add_active(["ann@example.org", "bob@example.org"])
    server.handler.reject.add("bob@example.org")
    connected.run("send", "--yes", connected.issue())
    api.call("DELETE", "/subscribers/2", expect=204)
    connected.sql("UPDATE event SET at = at - 60")  # on a server, the last half minute is not shown
    seen, last = [], 0
    while rows := (page := api.call("GET", f"/events?limit=2&after={last}"))["events"]:
        seen, last = seen + rows, page["last"]
    assert api.call("GET", f"/events?after={last}") == {"events": [], "last": last}
    assert [one["id"] for one in seen] == sorted(one["id"] for one in seen) and len(seen) > 4
    kinds = [one["kind"] for one in seen]
    assert kinds.index("issue-started") < kinds.index("bounced") < kinds.index("erased")
    assert "issue-finished" in kinds and "bob@example.org" not in str(seen)
    assert {one["kind"] for one in api.call("GET", "/events?kind=erased")["events"]} == {"erased"}
    assert api.call("GET", "/events?list=nosuch")["events"] == []
    api.call("GET", "/events?after=x", expect=400)


# ---- issues ----

def test_sending_again(api, connected, server):
    connected.add_active(["ann@example.org", "bob@example.org"])
    server.handler.reject.add("ann@example.org")
    connected.run("send", "--yes", connected.issue())
    connected.sql("UPDATE subscription SET state = 'active'")
    assert api.call("POST", "/issues/1/resend", {"state": "bounced", "count_only": True}) == {"people": 1, "ended": 0}
    assert connected.states() == {"sent": 1, "bounced": 1}
    assert api.call("POST", "/issues/1/resend", {"state": "bounced", "since": "2020-01-01"})["people"] == 1
    assert connected.states() == {"sent": 1, "queued": 1}
    api.call("POST", "/issues/1/cancel")
    api.call("POST", "/issues/1/resend", {"state": "failed"}, 409)
    api.call("POST", "/issues/1/resend", {"state": "sent"}, 422)
    api.call("POST", "/issues/1/resend", {"state": "failed", "since": "soon"}, 422)
    api.call("POST", "/issues/9/resend", {"state": "failed"}, 404)
    assert api.call("GET", "/issues/1/subjects") == {"subjects": []}


# ---- the same request twice ----

def test_a_request_with_a_key_makes_nothing_twice(api, connected):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    body = {"address": "ann@example.org", "consent": "fair"}
    first = api.call("POST", "/subscribers", body, 201, **key)
    connected.run("unsubscribe", "--address", "ann@example.org")
    assert api.call("POST", "/subscribers", body, 201, **key) == first
    assert api.answer.getheader("Idempotency-Replayed") == "true" and api.answer.getheader("Location")
    assert connected.sql("SELECT state FROM subscription") == [("unsubscribed",)]
    api.call("POST", "/subscribers", {**body, "name": "Ann"}, 422, **key)
    other = connected.run("staff", "token", "other", "--scope", "people").out.strip()
    assert api.call("POST", "/subscribers", body, token=other, **key)["outcome"] == "left"  # a key is its token's own
    api.call("POST", "/subscribers", body, 400, **{"Idempotency-Key": "short"})
    connected.sql("UPDATE api_repeat SET at = at - 86401")
    assert api.call("POST", "/subscribers", body, **key)["outcome"] == "left"
    connected.sql("UPDATE api_repeat SET status = NULL")
    assert api.raw("POST", "/subscribers", body, **key).status == 409  # it is being answered, as far as anybody knows
    connected.sql("UPDATE api_repeat SET at = at - 120")
    assert api.call("POST", "/subscribers", body, **key)["outcome"] == "left"
    api.call("POST", "/subscribers", {"address": "bob@example.org", "consent": "fair"}, 201, **{"Idempotency-Key": "bob-2026-11-26"})
    assert connected.sql("SELECT count(*) FROM api_repeat WHERE body LIKE '%outcome%'") != [(0,)]


def test_whatever_is_asked_for_by_post_takes_a_key(api):
    """Each operation but one that only reads: the table of the program, and its description."""
    with open(os.path.join(TOP, "src", "web", "api_routes.c"), encoding="utf-8") as source:
        taking = {path: repeats == "true" for path, repeats in
                  re.findall(r'\{"POST", "([^"]+)",\s*NL_API_\w+,\s*NL_LIST_\w+,\s*(\w+),', source.read())}
    assert len(taking) == len([route for route in routes() if route[0] == "POST"])
    assert [path for path, takes in taking.items() if not takes] == ["segments/people"]
    for path, operations in api.description["paths"].items():
        named = [one["name"] for one in operations.get("post", {}).get("parameters", ())]
        assert ("Idempotency-Key" in named) == taking.get(re.sub(r"\{\w+\}", "*", path).lstrip("/"), False), path


def test_things_made_in_other_ways_are_not_made_twice(api, connected):
    def twice(path, body, expect):
        key = {"Idempotency-Key": str(uuid.uuid4())}
        first = api.call("POST", path, body, expect, **key)
        assert not api.answer.getheader("Idempotency-Replayed")
        assert api.call("POST", path, body, expect, **key) == first and api.answer.getheader("Idempotency-Replayed") == "true"
        return first

    draft = twice("/drafts", {"title": "Yurts", "list": "bulletin"}, 201)["id"]
    tag = api.call("GET", f"/drafts/{draft}/texts/en") and api.answer.getheader("ETag")
    api.call("PUT", f"/drafts/{draft}/texts/en", {"source": "---\ntitle: Yurts\nnumber: No 1\n---\n\nWool.\n"}, **{"If-Match": tag})
    twice(f"/drafts/{draft}/files", {"name": "plan.txt", "content": base64.b64encode(b"plan").decode()}, 201)
    asked = twice(f"/drafts/{draft}/approval", {"words": "Please"}, 200)
    twice(f"/drafts/{draft}/comment", {"digest": asked["digest"], "words": "Which?"}, 200)
    assert connected.sql("SELECT count(*) FROM approval") == [(1,)] and connected.sql("SELECT count(*) FROM approval_word") == [(1,)]
    assert connected.sql("SELECT count(*) FROM draft_file") == [(1,)]
    assert twice("/webhooks", {"name": "crm", "url": "https://1.1.1.1/x"}, 201)["secret"]
    ann = twice("/subscribers", {"address": "ann@example.org", "consent": "fair"}, 201)["id"]
    twice(f"/subscribers/{ann}/unsubscribe", {"list": "bulletin"}, 200)
    twice(f"/subscribers/{ann}/suppress", {"reason": "asked"}, 200)
    assert connected.sql("SELECT count(*) FROM event WHERE kind IN ('unsubscribed', 'suppressed')") == [(2,)]
    api.call("DELETE", f"/subscribers/{ann}", expect=204)
    assert connected.sql("SELECT count(*) FROM api_repeat WHERE body LIKE '%ann@%'") == [(0,)]


def test_answers_that_are_kept_leave_with_the_person(api, connected):
    api.call("POST", "/suppressions", {"address": "ann@example.org", "reason": "asked"}, 201, **{"Idempotency-Key": "a-suppression"})
    api.call("POST", "/subscribers", {"address": "bob@example.org"}, 201, **{"Idempotency-Key": "another-key"})
    connected.run("suppress", "remove", "ann@example.org")
    ann = api.call("POST", "/subscribers", {"address": "ann@example.org", "consent": "fair"}, 201)["id"]
    api.call("DELETE", f"/subscribers/{ann}", expect=204)
    assert connected.sql("SELECT repeat_key FROM api_repeat") == [("another-key",)]


# ---- drafts ----

@pytest.mark.slow(1)
def test_the_life_of_a_draft(api, connected):
    connected.add_active(["ann@example.org"])
    connected.run("list", "edit", "bulletin", "--postal-address", "1 Quay Street")
    begun = api.call("POST", "/drafts", {"list": "bulletin", "title": "Harbour news"}, 201)
    at = f"/drafts/{begun['id']}"
    assert api.answer.getheader("Location") == "/api/v1" + at
    text = api.call("GET", at + "/texts/en")
    tag = api.answer.getheader("ETag")
    source = "---\ntitle: Harbour news\nnumber: No 1\ndate: 2026-11-26\n---\nHello {{name|reader}}.\n\n![A boat](boat.png)\n"
    saved = api.call("PUT", at + "/texts/en", {"source": source}, **{"If-Match": tag})
    assert saved["source"] == source and saved["revision"] != text["revision"] and saved["author"] == "all"
    api.call("PUT", at + "/texts/en", {"source": "late"}, 412, **{"If-Match": tag})
    found = api.call("GET", at + "/check")
    assert found["errors"] > 0 and any("boat.png" in one["text"] for one in found["findings"])
    assert all(set(one) == {"level", "rule", "text", "language", "line"} for one in found["findings"])
    api.call("GET", at + "/preview", expect=409)
    content = base64.b64encode(PNG).decode()
    assert api.call("POST", at + "/files", {"name": "boat.png", "content": content, "picture": True}, 201) == {"name": "boat.png"}
    for body, code in (({"name": "x.png", "content": "no base64!"}, 422), ({"name": "x.png", "content": "AAAA", "picture": True}, 422),
                       ({"name": "x.png"}, 422)):
        api.call("POST", at + "/files", body, code)
    found = api.call("GET", at + "/check")
    assert found["whole"] and found["errors"] == 0
    shown = api.call("GET", at + "/preview")
    assert "Hello" in shown["html"] and "Hello" in shown["text"] and "Subject: [Test]" in shown["raw"]
    api.call("GET", at + "/preview?language=kk", expect=404)
    api.call("POST", at + "/test", {"address": "press@example.org"}, 409)  # this server sends no mail
    plan = api.call("GET", at + "/plan?at=2050-12-01T09:00&zone=Asia/Almaty")
    assert (plan["people"], plan["obstacle"], plan["at"], plan["subject"]) == (1, None, "2050-12-01T04:00:00Z", "No 1: Harbour news")
    api.call("GET", at + "/plan?at=never", expect=422)
    api.call("POST", at + "/send", {"digest": "another"}, 409)
    schedule = {"digest": plan["digest"], "at": "2050-12-01T09:00", "zone": "Asia/Almaty"}
    sent = api.call("POST", at + "/send", schedule, 202, **{"Idempotency-Key": "send-it-once"})
    assert sent == api.call("POST", at + "/send", schedule, 202, **{"Idempotency-Key": "send-it-once"})
    assert sent["at"] == "2050-12-01T04:00:00Z" and api.call("GET", f"/issues/{sent['issue']}")["state"] == "scheduled"
    api.call("PUT", at + "/texts/en", {"source": source}, 409)
    api.call("POST", f"/issues/{sent['issue']}/cancel", {}, expect=204 if api.call("GET", at)["state"] == "scheduled" else 200)
    api.call("DELETE", at + "/files?name=boat.png")
    api.call("DELETE", at, expect=204)
    api.call("GET", at, expect=404)


def draft_of(api, second=None):
    at = f"/drafts/{api.call('POST', '/drafts', {'list': 'bulletin', 'title': 'Ferries'}, 201)['id']}"
    api.call("GET", at + "/texts/en")
    more = f"alternative_subject: {second}\n" if second else ""
    api.call("PUT", at + "/texts/en", {"source": f"---\ntitle: Ferries\nnumber: No 1\ndate: 2026-11-26\n{more}---\nHello to all of you.\n"},
             **{"If-Match": api.answer.getheader("ETag")})
    return at, api.call("GET", at + "/plan")["digest"]


def test_a_draft_is_sent_with_all_that_the_page_has(api, connected):
    connected.add_active(["ann@example.org"])
    connected.run("list", "edit", "bulletin", "--postal-address", "1 Quay Street")
    at, digest = draft_of(api, second="Boats")
    for wrong in ({"archive": "secret"}, {"public_from": "soon"}, {"share": 0}, {"share": 101}, {"wait": 50000}, {"rule": "luck"},
                  {"local": "yes"}, {"local": True, "at": "2050-12-01T09:00"}):  # subjects are not tried by each reader's clock
        api.call("POST", at + "/send", {"digest": digest, "at": "2050-12-01T09:00", "zone": "UTC", **wrong}, 422)
    assert connected.sql("SELECT count(*) FROM issue") == [(0,)]
    api.call("POST", at + "/send", {"digest": digest, "at": "2050-12-01T09:00", "zone": "Asia/Almaty", "archive": "unlisted", "share": 30,
                                    "wait": 90, "rule": "replies", "public_from": "2050-12-02T10:00"}, 202)
    assert connected.sql("SELECT archive, public_from, local_time, share, wait, rule FROM issue JOIN subject_test ON issue = issue.id") == [
        ("unlisted", 2553570000, None, 30, 5400, "replies")]


def test_a_draft_is_sent_with_a_canary(api, connected):
    connected.add_active(["ann@example.org"])
    connected.run("list", "edit", "bulletin", "--postal-address", "1 Quay Street")
    at, digest = draft_of(api)
    when = {"digest": digest, "at": "2050-12-01T09:00"}
    for wrong in ({"canary": "0%"}, {"canary": "many"}, {"canary": 1}):
        api.call("POST", at + "/send", {**when, **wrong}, 422)
    assert connected.sql("SELECT count(*) FROM issue") == [(0,)]
    number = api.call("POST", at + "/send", {**when, "canary": "2.5%", "local": True}, 202)["issue"]
    canary = api.call("GET", f"/issues/{number}")["canary"]
    assert (canary["first"], canary["state"]) == ("2.5%", "waiting")


@pytest.mark.slow(1)
def test_a_planned_issue_is_moved(api, connected):
    connected.add_active(["ann@example.org"])
    connected.run("list", "edit", "bulletin", "--postal-address", "1 Quay Street")
    at, digest = draft_of(api)
    assert api.call("GET", at + "/plan?at=2050-12-01T09:00&local=yes")["at"] == "2050-11-30T19:00:00Z"
    number = api.call("POST", at + "/send", {"digest": digest, "at": "2050-12-01T09:00", "local": True}, 202)["issue"]
    assert connected.sql("SELECT local_time, scheduled_at FROM issue") == [("2050-12-01T09:00", 2553447600)]
    moved = api.call("POST", f"/issues/{number}/move", {"at": "2050-12-03T09:00", "from": "2050-11-30T19:00:00Z"})
    assert moved == {"issue": number, "at": "2050-12-02T19:00:00Z"}
    assert connected.sql("SELECT local_time FROM issue") == [("2050-12-03T09:00",)]
    api.call("POST", f"/issues/{number}/move", {"at": "2050-12-04T09:00", "from": "2050-11-30T19:00:00Z"}, 409)  # it has moved meanwhile
    for wrong in ({"at": "2001-01-01T00:00"}, {"at": "soon"}, {}, {"at": "2050-12-04T09:00", "from": "x"}):
        api.call("POST", f"/issues/{number}/move", wrong, 422)
    api.call("POST", "/issues/77/move", {"at": "2050-12-04T09:00"}, 404)
    slug, = connected.sql("SELECT slug FROM issue")[0]
    told = connected.run("reschedule", slug, "2050-12-05T09:00", "--json").out
    assert json.loads(told)["at"] == "2050-12-04T19:00:00Z"
    assert "2050-12-05T19:00:00Z" in connected.run("reschedule", slug, "2050-12-06T09:00").out
    assert "is past" in connected.run("reschedule", slug, "2001-01-01T09:00", expect=65).err
    assert connected.sql("SELECT count(*) FROM audit WHERE action = 'issue move'") == [(3,)]


def test_drafts_begin_from_files_and_concern_lists(api, connected):
    connected.run("list", "add", "other", "--from", "press@example.org")
    content = base64.b64encode(b"---\ntitle: From a file\ndate: 2026-11-26\n---\nText.\n").decode()
    begun = api.call("POST", "/drafts", {"list": "other", "file": "issue.md", "content": content}, 201)
    assert begun["title"] == "From a file" and begun["list"] == "other"
    api.call("PUT", f"/drafts/{begun['id']}/texts/kk", {"source": "---\ntitle: Файлдан\ndate: 2026-11-26\n---\nМәтін.\n"})
    assert [one["language"] for one in api.call("GET", f"/drafts/{begun['id']}")["texts"]] == ["en", "kk"]
    api.call("DELETE", f"/drafts/{begun['id']}/texts/kk", expect=204)
    api.call("POST", "/drafts", {"list": "other", "from_last": True}, 404)
    for body in ({"list": "other", "file": "x.zip", "content": base64.b64encode(b"PK\x03\x04 no archive").decode()},
                 {"list": "other", "file": "x.md", "content": "="}):
        api.call("POST", "/drafts", body, 422)
    narrow = connected.run("staff", "token", "narrow", "--scope", "issues", "--list", "bulletin").out.strip()
    assert api.call("GET", "/drafts", token=narrow) == {"drafts": []} and len(api.call("GET", "/drafts")["drafts"]) == 1
    for method, path, body in (("GET", "", None), ("DELETE", "", None), ("GET", "/check", None), ("PUT", "/texts/en", {"source": "x"}),
                               ("POST", "/test", {"address": "a@example.org"})):
        api.call(method, f"/drafts/{begun['id']}{path}", body, 403, token=narrow)
    api.call("POST", "/drafts", {"list": "other", "title": "x"}, 403, token=narrow)


# ---- who may what ----

def fill(path):
    return "/" + re.sub(r"^(issues|subscribers|bounces|imports|exports|drafts|messages|boilerplates)/\*", r"\1/1", path).replace("*", "nosuch")


@pytest.mark.slow(1)
def test_each_scope_opens_its_routes_and_no_others(api, connected):
    for scope in SCOPES:
        token = connected.run("staff", "token", scope, "--scope", scope).out.strip()
        for method, path, needed in routes():
            answer = api.raw(method, fill(path), token=token)
            assert (answer.status == 403) != (needed.lower() in (scope, "read")), (method, path, scope, answer.text)
    for method, path, _ in routes():
        assert api.raw(method, fill(path), token="x").status in (401, 429)


@pytest.mark.slow(1)
def test_a_token_for_some_lists(api, connected):
    for name in ("second", "third"):
        connected.run("list", "add", name, "--from", "press@example.org")
    connected.run("staff", "token", "none", "--list", "nosuch", expect=67)
    mine = connected.run("staff", "token", "mine", "--scope", "people,send,admin", "--list", "second").out.strip()
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", "--list", "bulletin", connected.issue())
    assert [one["name"] for one in api.call("GET", "/lists", token=mine)["lists"]] == ["second"]
    api.call("GET", "/lists/second", token=mine)
    api.call("GET", "/issues?list=second", token=mine)
    assert api.call("POST", "/subscribers", {"address": "b@example.org", "list": "second"}, 201, token=mine)
    for method, path, body in (
            ("GET", "/lists/bulletin", None), ("PATCH", "/lists/third", {"title": "x"}), ("DELETE", "/lists/third?sure=third", None),
            ("POST", "/lists", {"name": "fourth", "sender": "press@example.org"}), ("POST", "/lists/second/rename", {"name": "x"}), ("POST", "/lists/bulletin/reconfirm", {}),
            ("GET", "/issues", None), ("GET", "/issues?list=bulletin", None), ("GET", "/issues/1", None), ("POST", "/issues/1/cancel", None),
            ("POST", "/subscribers", {"address": "c@example.org"}), ("POST", "/subscribers", {"address": "c@example.org", "list": "third"}),
            ("POST", "/subscribers/batch", {"list": "second", "subscribers": [{"address": "c@example.org", "list": "third"}]}),
            ("GET", "/subscribers", None), ("GET", "/subscribers/1", None), ("POST", "/subscribers/1/unsubscribe", {}),
            ("DELETE", "/subscribers/1", None), ("GET", "/suppressions", None), ("POST", "/segments/people", {}), ("GET", "/notices", None)):
        assert api.raw(method, path, body, token=mine).status == 403, (method, path)
    assert connected.sql("SELECT count(*) FROM list") == [(3,)]
    listed = {one["name"]: one for one in json.loads(connected.run("staff", "--json").out)}
    assert listed["mine"]["lists"] == "second" and listed["mine"]["scope"] == "read people send admin" and listed["mine"]["used_at"]


def test_tokens_of_before_keep_their_powers(api, connected):
    """'control' was what pausing needed; it never was a power over people."""
    old = connected.run("staff", "token", "old", "--scope", "control").out.strip()
    assert api.raw("POST", "/issues/1/pause", token=old).status == 404
    assert api.raw("GET", "/subscribers", token=old).status == 403
    connected.run("staff", "token", "x", "--scope", "everything", expect=64)


# ---- requests that are no good ----

def test_bodies_that_are_no_good(api, connected):
    for body, kind, status in ((b"{", "application/json", 400), (b"[]", "application/json", 400), (b'"x"', "application/json", 400),
                               (b'{"address": "a@example.org", "address": "b@example.org"}', "application/json", 400),
                               (b'{"address": "\xff@example.org"}', "application/json", 400), (b'{"address": "a\\u0000@example.org"}', "application/json", 400),
                               (b"address=a@example.org", "application/x-www-form-urlencoded", 415), (b"{}", "text/plain", 415),
                               (b'{"address": "' + b"a" * 70000 + b'"}', "application/json", 413), (b"{}", "application/json; charset=utf-8", 422),
                               (b"[" * 100000, "application/json", 413), (b"[" * 10000, "application/json", 400)):
        api.call("POST", "/subscribers", body, status, **{"Content-Type": kind})
    answer = api.http.request("POST", "/api/v1/subscribers/batch", body=b"x" * 200000, headers={"Content-Type": "application/json"})
    assert answer.status == 401  # nothing of it was kept
    api.call("POST", "/subscribers/batch", b" " * (9 << 20), 413)
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)]


def test_methods(api):
    for method, path, allow in (("PUT", "/lists", "GET, HEAD, POST"), ("POST", "/lists/bulletin", "GET, HEAD, PATCH, DELETE"),
                                ("PATCH", "/suppressions", "GET, HEAD, POST, DELETE")):
        answer = api.raw(method, path)
        assert answer.status == 405 and answer.getheader("Allow") == allow
    for method in ("PUT", "PATCH", "DELETE"):
        assert api.http.request(method, "/login").status == 405
    assert api.raw("OPTIONS", "/lists").status == 405
    assert api.raw("HEAD", "/lists/bulletin").getheader("ETag") == api.raw("GET", "/lists/bulletin").getheader("ETag")


def test_the_calls_of_a_minute(connected):
    configure(connected)
    connected.configure(staff={"listen": "127.0.0.1:0", "url": "https://staff.example.org", "calls_per_minute": 3})
    token = connected.run("staff", "token", "one").out.strip()
    other = connected.run("staff", "token", "two").out.strip()
    http = StaffServer(connected.folder, "--no-mail")
    api = ApiClient(http, token)
    for left in (2, 1, 0):
        api.call("GET", "/lists")
        assert api.answer.getheader("RateLimit-Policy") == '"token";q=3;w=60'
        assert re.fullmatch(rf'"token";r={left};t=\d+', api.answer.getheader("RateLimit"))
    api.call("GET", "/lists", expect=429)
    assert 0 < int(api.answer.getheader("Retry-After")) <= 60
    api.call("GET", "/lists", token=other)
    http.stop()


@pytest.mark.slow(1)
def test_generated_requests_meet_no_failure(api):
    """Every route with bodies and numbers of the wrong kind: a problem, never a failure of ours."""
    for method, path, _ in routes():
        for number in ("0", "9223372036854775808", "x") if "*" in path else ("?list=%FF", "?limit=%00", "?address=%"):
            for body in (None, {"list": None, "name": {}, "subscribers": {}, "sample": -1}) if method[0] == "P" else (None,):
                answer = api.raw(method, "/" + path.replace("*", number) + ("" if "*" in path else number), body)
                assert answer.status < 500, (method, path, number, body, answer.text)


def test_the_description_in_the_repository_is_the_one_that_is_served(api):
    with open(os.path.join(TOP, "templates", "openapi.json"), encoding="utf-8") as stored:
        text = stored.read()
    version = subprocess.run([os.environ.get("NEWSLETTER", os.path.join(TOP, "build", "src", "newsletter")), "--version"],
                             capture_output=True, text=True, check=True).stdout.split()[1]
    assert json.loads(text.replace("{{version}}", version).replace("{{base}}", "")) == api.description
