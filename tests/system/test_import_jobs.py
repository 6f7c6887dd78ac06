"""Imports and exports in the background: over the API and by command, taken back, killed, refused."""
import csv
import io
import json
import re
import signal
import time

import pytest
from conftest import POSTGRESQL, sanitized
from test_api import api  # noqa: F401  (a fixture)
from test_staff import StaffServer

DAY = 86400


def wait(api, path, *states):
    """The import or export, once it has ended in one of these states."""
    end = time.monotonic() + 120
    while True:
        found = api.call("GET", path)
        if found["state"] in states:
            return found
        assert found["state"] in ("waiting", "running", "undoing"), found
        assert time.monotonic() < end, found
        time.sleep(0.1)  # serve notes each request, and nobody reads that while it runs: a pipe has room for some 1800


def upload(api, text, expect=200, **options):
    """An import with its file, ready to be started."""
    opened = api.call("POST", "/imports", options, 201)
    at = f"/imports/{opened['id']}"
    assert api.answer.getheader("Location") == "/api/v1" + at and opened["state"] == "open"
    api.call("PUT", at + "/file", text.encode(), expect, **{"Content-Type": "text/csv"})
    return at


def bring(api, text, **options):
    at = upload(api, text, **options)
    api.call("POST", at + "/start", {}, 202)
    return wait(api, at, "done", "failed")


def state_of(site, list_name="bulletin"):
    return dict(site.sql("SELECT r.address, s.state FROM subscription s JOIN subscriber r ON r.id = s.subscriber JOIN list l "
                         "ON l.id = s.list WHERE l.name = ?", list_name))


def act(site, address, change="UPDATE subscription SET state = 'unsubscribed', ended_at = 1", kind="unsubscribed"):
    site.sql(f"{change} WHERE subscriber = (SELECT id FROM subscriber WHERE address = ?)", address)
    site.sql("INSERT INTO event (at, kind, list, subscriber) SELECT ?, ?, s.list, r.id FROM subscriber r JOIN subscription s ON "
             "s.subscriber = r.id WHERE r.address = ?", int(time.time()), kind, address)


# ---- imports over the API ----

@pytest.mark.slow(1)
def test_the_life_of_an_import(api, connected):
    text = "E-Mail,Full name,Town\nann@example.org,Ann,Aktau\nbob@example.org,Bob,Oral\nnobody,None,Nowhere\n"
    at = upload(api, text, file="people.csv", list="bulletin", consent="visitors book")
    look = api.call("GET", at + "/columns")
    assert [(one["name"], one["field"]) for one in look["columns"]] == [("E-Mail", "email"), ("Full name", "name"), ("Town", None)]
    assert look["rows"][0] == ["ann@example.org", "Ann", "Aktau"] and look["problem"] is None
    api.call("PUT", at, {"list": "bulletin", "consent": "visitors book", "map": {"attribute.town": "Town"}})
    assert api.call("GET", at + "/columns")["columns"][2]["field"] == "attribute.town"
    api.call("POST", at + "/start", {"dry_run": True}, 202)
    tried = wait(api, at, "tried")
    assert (tried["rows"], tried["rejected"], tried["counts"]["added"]) == (3, 1, 2)
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)] == connected.sql("SELECT count(*) FROM import_change")
    api.call("POST", at + "/start", None, 202)
    failed = wait(api, at, "failed")
    assert failed["problem"] == "1 of 3 rows are not good: nothing is kept" and failed["undo_until"] is None
    rejected = api.raw("GET", at + "/rejected").text
    assert rejected.startswith("import_reason,import_state,E-Mail") and "nobody" in rejected and "Ann," not in rejected
    api.call("PUT", at, {"list": "bulletin", "consent": "visitors book", "partial": True, "map": {"attribute.town": "Town"}})
    api.call("POST", at + "/start", {}, 202)
    done = wait(api, at, "done")
    assert (done["counts"]["added"], done["added_states"]["active"], done["taken"], done["rejected"]) == (2, 2, 2, 1)
    assert done["started_by"] == "all" and done["door"] == "api" and done["problem"] is None
    assert connected.sql("SELECT attributes FROM subscriber ORDER BY address") == [('{"town":"Aktau"}',), ('{"town":"Oral"}',)]
    assert connected.sql("SELECT consent_source FROM subscription") == [("visitors book",)] * 2
    # The upload is gone, the refused rows are not.
    assert connected.sql("SELECT DISTINCT file FROM task_part") == [("rejects",)]
    assert "nobody" in api.raw("GET", at + "/rejected").text
    for method, path, body in (("POST", "/start", {}), ("POST", "/cancel", {}), ("PUT", "", {"list": "bulletin"}),
                               ("PUT", "/file", b"email\nx@example.org\n")):
        api.call(method, at + path, body, 409)
    undoing = api.call("POST", at + "/undo", {}, 202)
    assert undoing["undo"] is not None
    assert wait(api, at, "undone")["undo"] == {"removed": 2, "ended": 0, "restored": 0, "kept": 0}
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)] == connected.sql("SELECT count(*) FROM import_change")
    api.call("POST", at + "/undo", {}, 409)
    assert [one["id"] for one in api.call("GET", "/imports")["imports"]] == [done["id"]]
    assert [row[0] for row in connected.sql("SELECT action FROM audit WHERE object = ? ORDER BY id", f"import {done['id']}")] == [
        "import open", "import try", "import start", "import start", "import undo"]


def test_json_is_taken_too(api, connected):
    assert bring(api, '[{"email": "a@example.org"}, {"email": "b@example.org", "name": "B"}]', consent="x")["counts"]["added"] == 2
    assert bring(api, '{"email": "c@example.org"}\n', consent="x", format="jsonl")["counts"]["added"] == 1
    assert sorted(state_of(connected)) == ["a@example.org", "b@example.org", "c@example.org"]


@pytest.mark.slow(1)
def test_what_is_refused(api, connected):
    for options in ({"list": "nosuch"}, {"format": "xls"}, {"map": {"nofield": "x"}}, {"map": {"email": 7}}, {"states": {"x": "y"}},
                    {"as": "dead"}, {"consent": "x", "confirm": True}, {"consent": " "}, {"consent": "a\nb"}, {"delimiter": "ab"},
                    {"ignore": [1]}, {"file": "a/b"}, {"file": ""}, {"file": "x" * 201}, {"dry_run": True}, {"unknown": 1},
                    {"map": {f"attribute.a{number}": "x" for number in range(300)}}):
        api.call("POST", "/imports", options, 404 if "list" in options else 422)
    assert connected.sql("SELECT count(*) FROM task") == [(0,)]
    at = f"/imports/{api.call('POST', '/imports', None, 201)['id']}"
    api.call("POST", at + "/start", {}, 409)
    api.call("GET", at + "/columns", expect=409)
    api.call("GET", at + "/rejected", expect=409)
    api.call("PUT", at + "/file", b"", 422)
    api.call("POST", at + "/undo", {}, 409)
    assert api.call("POST", at + "/cancel", {})["state"] == "cancelled"
    api.call("PUT", at + "/file", b"email\nx@example.org\n", 409)
    for path in ("/imports/99", "/imports/99/columns", "/imports/99/rejected", "/exports/99", "/exports/99/file"):
        api.call("GET", path, expect=404)
    # A file without a column of addresses is told before it is started, and fails where it is.
    at = upload(api, "first,second\na,b\n", consent="x")
    assert "no column is called email" in api.call("GET", at + "/columns")["problem"]
    assert [one["name"] for one in api.call("GET", at + "/columns")["columns"]] == ["first", "second"]
    api.call("POST", at + "/start", {}, 202)
    assert "no column is called email" in wait(api, at, "failed")["problem"]


@pytest.mark.slow(1)
def test_too_many_are_refused(api, connected):
    for _ in range(50):
        api.call("POST", "/imports", {}, 201)
    assert "have not ended" in api.call("POST", "/imports", {}, 409)["detail"]
    api.call("POST", "/imports/1/cancel", {})
    api.call("POST", "/imports", {}, 201)


def test_tokens_and_their_scopes(api, connected):
    reader = connected.run("staff", "token", "reader", "--scope", "read,issues,send,admin").out.strip()
    narrow = connected.run("staff", "token", "narrow", "--scope", "people", "--list", "bulletin").out.strip()
    api.call("POST", "/imports", {}, 403, token=reader)
    api.call("POST", "/imports", {"list": "bulletin"}, 403, token=narrow)  # it may concern people of all lists
    api.call("POST", "/exports", {}, 403, token=narrow)
    everybody = api.call("POST", "/exports", {}, 202)["id"]
    own = api.call("POST", "/exports", {"list": "bulletin"}, 202, token=narrow)["id"]
    wait(api, f"/exports/{own}", "done")
    wait(api, f"/exports/{everybody}", "done")
    assert api.raw("GET", f"/exports/{own}/file", token=narrow).status == 200
    for path in (f"/exports/{everybody}", f"/exports/{everybody}/file", "/exports"):
        api.call("GET", path, expect=403, token=narrow)
    api.call("DELETE", f"/exports/{everybody}", expect=403, token=narrow)
    # Nothing of a stranger's file is kept.
    assert api.raw("PUT", "/imports/1/file", b"x" * 100000, token="0" * 36).status == 401


def test_the_same_key_opens_one(api, connected):
    first = api.call("POST", "/imports", {"consent": "x"}, 201, **{"Idempotency-Key": "one-import"})
    again = api.call("POST", "/imports", {"consent": "x"}, 201, **{"Idempotency-Key": "one-import"})
    assert first["id"] == again["id"] and connected.sql("SELECT count(*) FROM task") == [(1,)]


# ---- taking back ----

@pytest.mark.slow(1)
def test_what_was_so_before_is_so_again(api, connected):
    connected.run("list", "add", "other", "--from", "press@example.org")
    connected.run("import", connected.write("old.csv", "email,name\nold@example.org,Old\nout@example.org,Out\n"), "--list", "bulletin",
                  "--consent", "before")
    connected.run("subscribe", "--no-wait", "--list", "bulletin", "wait@example.org")
    before = connected.sql("SELECT address, name, language, attributes FROM subscriber ORDER BY address")
    states = connected.sql("SELECT state, consent_source, confirmed_at, ended_at FROM subscription ORDER BY id")
    text = ("email,name,language,state,city\nold@example.org,Newer,kk,active,Oral\nout@example.org,Out,,unsubscribed,\n"
            "wait@example.org,,,active,\nnew@example.org,New,,active,\n")
    done = bring(api, text, list="bulletin", consent="file", update=True, map={"attribute.city": "city"})
    assert state_of(connected) == {"old@example.org": "active", "out@example.org": "unsubscribed", "wait@example.org": "active",
                                   "new@example.org": "active"}
    other = bring(api, "email\nold@example.org\n", list="other", consent="file")
    api.call("POST", f"/imports/{other['id']}/undo", {}, 202)
    assert wait(api, f"/imports/{other['id']}", "undone")["undo"]["removed"] == 1
    assert state_of(connected, "other") == {} and "old@example.org" in state_of(connected)
    api.call("POST", f"/imports/{done['id']}/undo", {}, 202)
    undone = wait(api, f"/imports/{done['id']}", "undone")["undo"]
    assert undone == {"removed": 1, "ended": 0, "restored": 3, "kept": 0}
    assert connected.sql("SELECT address, name, language, attributes FROM subscriber ORDER BY address") == before
    assert connected.sql("SELECT state, consent_source, confirmed_at, ended_at FROM subscription ORDER BY id") == states


@pytest.mark.slow(1)
def test_a_person_who_has_acted_is_left_alone(api, connected):
    connected.run("list", "add", "other", "--from", "press@example.org")
    connected.add_active(["back@example.org", "click@example.org", "supp@example.org"])
    text = "email,state\n" + "".join(f"{name}@example.org,\n" for name in ("plain", "left", "asked", "both", "quiet")) + (
        "back@example.org,unsubscribed\nclick@example.org,unsubscribed\nsupp@example.org,unsubscribed\nnever@example.org,blocked\n")
    done = bring(api, text, list="bulletin", consent="file")
    act(connected, "left@example.org")
    act(connected, "asked@example.org", "UPDATE subscription SET state = 'active'", "confirmed")
    # On another list, on somebody's word: that consent stays, and with it the person.
    api.call("POST", "/subscribers", {"address": "both@example.org", "list": "other", "consent": "by telephone"}, 201)
    # The link in an earlier mail, of somebody who was marked as having left: they must not come back.
    token, = [row[0] for row in connected.sql("SELECT s.token FROM subscription s JOIN subscriber r ON r.id = s.subscriber WHERE "
                                              "r.address = 'click@example.org'")]
    connected.run("unsubscribe", token)
    connected.run("suppress", "add", "supp@example.org")
    connected.run("import", "--undo", str(done["id"]))
    assert state_of(connected) == {"left@example.org": "unsubscribed", "asked@example.org": "active", "back@example.org": "active",
                                   "click@example.org": "unsubscribed", "supp@example.org": "unsubscribed"}
    assert state_of(connected, "other") == {"both@example.org": "active"}
    assert sorted(row[0] for row in connected.sql("SELECT address_key FROM suppression")) == ["never@example.org", "supp@example.org"]
    assert connected.sql("SELECT count(*) FROM subscriber WHERE address IN ('plain@example.org', 'quiet@example.org')") == [(0,)]


def test_people_who_got_an_issue_are_unsubscribed(connected, server):
    out = connected.run("import", connected.write("new.csv", "email\nann@example.org\n"), "--consent", "x").out
    number = re.search(r"import --undo (\d+)", out).group(1)
    connected.run("send", "--yes", connected.issue())
    told = json.loads(connected.run("import", "--undo", number, "--json").out)
    assert told["state"] == "undone" and told["undo"] == {"removed": 0, "ended": 1, "restored": 0, "kept": 0}
    assert state_of(connected) == {"ann@example.org": "unsubscribed"} and len(server.messages("ann@example.org")) == 1
    assert connected.sql("SELECT detail FROM event WHERE kind = 'unsubscribed'") == [("import undone",)]
    assert "gone on meanwhile" in connected.run("import", "--undo", number, expect=None).err
    assert "no import 99" in connected.run("import", "--undo", "99", expect=None).err
    assert connected.run("import", "--undo", number, "file.csv", expect=None).returncode == 64


def test_only_within_a_day(connected):
    connected.run("import", connected.write("new.csv", "email\nann@example.org\n"), "--consent", "x")
    connected.sql("UPDATE task SET ended_at = ended_at - ?", DAY + 60)
    assert "more than a day ago" in connected.run("import", "--undo", "1", expect=None).err
    connected.run("prune")
    assert connected.sql("SELECT count(*) FROM import_change") == [(0,)] and state_of(connected) == {"ann@example.org": "active"}


@pytest.mark.slow(1)
def test_a_long_import_is_taken_back_in_parts(connected):
    rows = connected.write("long.csv", "email\n" + "".join(f"reader{number}@example.org\n" for number in range(3000)))
    connected.add_active(["first@example.org"])
    connected.run("import", rows, "--consent", "x")
    assert connected.sql("SELECT count(*) FROM import_change")[0][0] < 10  # one row for each transaction
    connected.add_active(["last@example.org"])
    told = json.loads(connected.run("import", "--undo", "1", "--json").out)
    assert told["undo"]["removed"] == 3000 and sorted(state_of(connected)) == ["first@example.org", "last@example.org"]


# ---- cancelled and killed ----

def long_file(count=20000):
    return "email\n" + "".join(f"reader{number}@example.org\n" for number in range(count))


def test_cancelled_while_it_is_read(api, connected):
    at = upload(api, long_file(), consent="x")
    api.call("POST", at + "/start", {}, 202)
    while api.call("GET", at)["state"] == "waiting":
        pass
    answer = api.raw("POST", at + "/cancel", {})
    ended = wait(api, at, "cancelled", "done")
    # It was asked in time, or told that it was too late: never half of it.
    assert ended["state"] == ("cancelled" if answer.status == 200 else "done"), (answer.status, ended)
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0 if answer.status == 200 else 20000,)]


@pytest.mark.slow(1)
@pytest.mark.parametrize("moment", ["SELECT count(*) FROM task WHERE state = 'running'", "SELECT count(*) FROM import_part",
                                    "SELECT count(accepted_at) FROM task", "SELECT count(*) FROM subscription"])
def test_killed(api, connected, moment):
    at = upload(api, long_file(6000), consent="x")
    api.call("POST", at + "/start", {}, 202)
    while connected.sql(moment) == [(0,)]:
        time.sleep(0.001)
    api.http.process.send_signal(signal.SIGKILL)
    api.http.process.wait()
    api.http.__init__(connected.folder, "--no-mail")
    done = wait(api, at, "done")
    assert (done["rows"], done["counts"]["added"]) == (6000, 6000)
    assert connected.sql("SELECT count(*) FROM subscriber") == [(6000,)] == connected.sql("SELECT count(*) FROM subscription")
    assert connected.sql("SELECT count(*) FROM import_part p JOIN import i ON i.id = p.import WHERE i.accepted_at IS NOT NULL") == [(0,)]
    api.call("POST", at + "/undo", {}, 202)
    while connected.sql("SELECT count(*) FROM subscriber WHERE id > 0") == [(6000,)]:
        time.sleep(0.001)
    api.http.process.send_signal(signal.SIGKILL)
    api.http.process.wait()
    api.http.__init__(connected.folder, "--no-mail")
    assert wait(api, at, "undone")["undo"]["removed"] == 6000
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)]


def test_a_command_that_was_killed_is_told(api, connected):
    with connected.popen("import", connected.write("rows.csv", long_file()), "--consent", "x") as process:
        while process.poll() is None and connected.sql("SELECT count(*) FROM task") == [(0,)]:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    api.call("POST", "/exports", {}, 202)  # wakes the thread
    found = wait(api, "/imports/1", "failed", "done")
    count = connected.sql("SELECT count(*) FROM subscriber")[0][0]
    assert (found["state"], count) in (("failed", 0), ("done", 20000))


def test_one_that_ends_its_process_again_and_again_is_given_up(api, connected):
    at = upload(api, "email\na@example.org\n", consent="x")
    api.call("POST", at + "/start", {}, 202)
    wait(api, at, "done")
    connected.sql("UPDATE task SET state = 'running', accepted_at = NULL, tries = 3")
    api.call("POST", "/exports", {}, 202)  # wakes the thread
    assert "several times" in wait(api, at, "failed")["problem"]


# ---- exports ----

def test_the_life_of_an_export(api, connected):
    connected.run("import", connected.write("x.csv", 'email,name\nann@example.org,=1+1\nbob@example.org,Bob\n'), "--consent", "x")
    made = api.call("POST", "/exports", {"list": "bulletin", "state": "active", "for_spreadsheet": True}, 202)
    at = f"/exports/{made['id']}"
    done = wait(api, at, "done")
    answer = api.raw("GET", at + "/file")
    assert answer.getheader("Content-Type") == "text/csv; charset=utf-8" and "people.csv" in answer.getheader("Content-Disposition")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["email"], row["name"]) for row in rows] == [("ann@example.org", "'=1+1"), ("bob@example.org", "Bob")]
    assert (done["rows"], done["size"]) == (2, len(answer.text.encode()))
    array = api.call("POST", "/exports", {"format": "json"}, 202)
    wait(api, f"/exports/{array['id']}", "done")
    assert len(api.call("GET", f"/exports/{array['id']}/file")) == 2
    lines = api.call("POST", "/exports", {"format": "jsonl", "where": 'name = "Bob"'}, 202)
    wait(api, f"/exports/{lines['id']}", "done")
    assert [json.loads(line)["email"] for line in api.raw("GET", f"/exports/{lines['id']}/file").text.splitlines()] == ["bob@example.org"]
    for options in ({"list": "nosuch"}, {"state": "dead"}, {"format": "xls"}, {"format": "jsonl", "for_spreadsheet": True},
                    {"where": "("}, {"segment": "nosuch"}):
        api.call("POST", "/exports", options, 404 if options.keys() & {"list", "segment"} else 422)
    api.call("DELETE", at, expect=204)
    api.call("GET", at + "/file", expect=404)
    api.call("DELETE", at, expect=409)
    connected.sql("UPDATE task SET ended_at = ended_at - ?", DAY + 60)
    connected.run("prune")
    assert connected.sql("SELECT count(*) FROM task_part") == [(0,)]
    api.call("GET", f"/exports/{lines['id']}/file", expect=404)


@pytest.mark.slow(1)
def test_a_large_file_comes_in_pieces(api, connected):
    """Neither a request nor an answer is kept in memory as a whole."""
    at = upload(api, long_file(25000), consent="x")
    api.call("POST", at + "/start", {}, 202)
    wait(api, at, "done")
    made = api.call("POST", "/exports", {}, 202)
    wait(api, f"/exports/{made['id']}", "done")
    assert connected.sql("SELECT count(*) > 5, max(length(content)) < 400000 FROM task_part") == [(1 if not POSTGRESQL else True,
                                                                                                    1 if not POSTGRESQL else True)]
    text = api.raw("GET", f"/exports/{made['id']}/file").text
    assert text.count("\r\n") == 25001
    with open(f"/proc/{api.http.process.pid}/status", encoding="ascii") as status:
        assert sanitized() or int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) < 160 << 10


@pytest.mark.slow(1)
def test_erased_people_leave_files_too(api, connected):
    connected.add_active(["ann@example.org"])
    made = api.call("POST", "/exports", {}, 202)
    wait(api, f"/exports/{made['id']}", "done")
    bring(api, "email,name\nann@example.org,Secret\n", consent="x", update=True)
    connected.run("erase", "--yes", "ann@example.org")
    assert connected.sql("SELECT count(*) FROM task_part") == [(0,)] == connected.sql("SELECT count(*) FROM import_change")
