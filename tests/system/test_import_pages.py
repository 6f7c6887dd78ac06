"""Imports and exports in the dashboard: a file, its columns, a trial, progress, the result, taking back; and files to save."""
import csv
import html
import io
import json
import re
import signal
import socket
import time

import pytest
from browser import needs_browser
from conftest import POSTGRESQL, sanitized
from test_accounts import add_account
from test_look import look
from test_staff import dashboard, StaffServer

CULTURE = ("list", "add", "culture", "--from", "culture@example.org", "--title", "Culture Letter", "--postal-address", "1 Quay Street")
PEOPLE = "E-Mail,Full name,Town,Quitted\nann@example.org,Ann,Aktau,\nbob@example.org,Bob,Oral,\nnobody,None,Nowhere,\n"


@pytest.fixture
def staff(connected):
    with dashboard(connected, "people") as server:
        yield server


def csrf_of(staff):
    return re.search(r'name="csrf" value="([^"]+)"', staff.page("/").text).group(1)


def multipart(fields, files):
    lines = [f'--xyz\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields]
    body = "".join(lines).encode()
    for name, file, data in files:
        body += f'--xyz\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n\r\n'.encode() + data + b"\r\n"
    return body + b"--xyz--\r\n"


def send(staff, body, cookie=None):
    return staff.request("POST", "/imports", body=body, headers={"Cookie": cookie or staff.cookie,
                                                                 "Content-Type": "multipart/form-data; boundary=xyz"})


def upload(staff, text, file="people.csv", list="bulletin"):
    """The page of an import that has its file."""
    data = text if isinstance(text, bytes) else text.encode()
    answer = send(staff, multipart([("csrf", csrf_of(staff)), ("list", list)], [("file", file, data)]))
    assert answer.status == 303, answer.text
    return answer.getheader("Location")


def form_of(page):
    """The fields of the form for options, as a browser would send them."""
    text = re.search(r"<h2>Columns</h2>(.*?)</form>", page.text, re.S).group(1)
    form = {}
    for name, options in re.findall(r'<select id="[^"]+" name="([^"]+)">(.*?)</select>', text, re.S):
        values = re.findall(r'<option value="([^"]*)"(?: lang="en" dir="ltr")?( selected)?', options)
        form[name] = html.unescape(next((value for value, chosen in values if chosen), values[0][0]))
    for kind, name, value, checked in re.findall(r'<input type="(radio|checkbox)" name="(\w+)" value="(\w+)"( checked)?', text):
        if checked:
            form[name] = value
    for name, value in re.findall(r'<input type="text" id="\w+" name="(\w+)" value="([^"]*)"', text):
        form[name] = html.unescape(value)
    form["words"] = html.unescape(re.search(r"<textarea[^>]*>([^<]*)</textarea>", text).group(1))
    return form


def change(staff, at, action, expect=303, **changes):
    answer = staff.press(at, **{**form_of(staff.page(at)), **changes, "action": action})
    assert answer.status == expect, answer.text
    return answer


def wait(staff, at, state):
    end = time.monotonic() + 120
    while True:
        page = staff.page(at)
        found = re.search(r'role="status"><strong>([^<]+)', page.text).group(1)
        if found not in ("Begins soon", "At work", "Is being taken back"):
            assert found == state, page.text
            return page
        assert 'data-refresh="2"' in page.text and time.monotonic() < end, found
        time.sleep(0.1)


def results(page):
    return {html.unescape(name): int(count) for name, count in re.findall(r'<tr><th scope="row">([^<]+)</th><td>(\d+)</td></tr>', page.text)}


def people(site):
    return sorted(address for address, in site.sql("SELECT address FROM subscriber"))


# ---- imports ----

@pytest.mark.slow(1)
def test_the_life_of_an_import(staff, connected):
    at = upload(staff, PEOPLE)
    page = staff.page(at)
    form = form_of(page)
    assert (form["c0"], form["c1"], form["c2"], form["list"], form["way"]) == ("email", "name", "", "bulletin", "file")
    assert "ann@example.org" in page.text and "Oral" in page.text and '<option value="attribute.Town">Attribute: Town' in page.text
    chosen = {"c2": "attribute.Town", "c3": "-", "way": "consent", "consent": "visitors <book>"}
    change(staff, at, "try", **chosen)
    tried = wait(staff, at, "Tried")
    assert results(tried) == {"Added": 2, "Changed": 0, "On the list already": 0, "Left alone: they have left before": 0,
                              "Left alone: never mailed": 0, "Left alone: deleted at their request": 0, "Never mailed from now on": 0,
                              "Rows that cannot be used": 1, "Active": 2}
    assert people(connected) == [] and "nothing has been changed" in tried.text
    again = form_of(tried)
    assert {name: again[name] for name in chosen} == chosen
    change(staff, at, "start")
    failed = wait(staff, at, "Failed")
    assert people(connected) == [] and "nothing is kept" in failed.text
    rejected = staff.page(at + "/rejected")
    assert rejected.getheader("Content-Disposition") == 'attachment; filename="rejected-rows.csv"'
    assert [row["E-Mail"] for row in csv.DictReader(io.StringIO(rejected.text))] == ["nobody"] and "import_reason" in rejected.text
    change(staff, at, "start", partial="yes")
    done = wait(staff, at, "Done")
    assert people(connected) == ["ann@example.org", "bob@example.org"]
    assert connected.sql("SELECT attributes FROM subscriber ORDER BY address") == [('{"Town":"Aktau"}',), ('{"Town":"Oral"}',)]
    assert connected.sql("SELECT DISTINCT consent_source FROM subscription") == [("visitors <book>",)]
    assert results(done)["Active"] == 2 and 'value="undo"' in done.text and 'value="start"' not in done.text
    assert "Tick the box" in staff.press(at, action="undo").text and len(people(connected)) == 2
    assert staff.press(at, action="undo", sure="yes").status == 303
    undone = wait(staff, at, "Taken back")
    assert people(connected) == [] and results(undone)["Removed again"] == 2 and 'value="undo"' not in undone.text
    listed = staff.page("/imports").text
    assert "people.csv" in listed and "Taken back" in listed
    number = at.split("/")[-1]
    assert [row[0] for row in connected.sql("SELECT action FROM audit WHERE object = ? ORDER BY id", f"import {number}")] == [
        "import open", "import try", "import start", "import start", "import undo"]
    assert staff.press(at, action="undo", sure="yes").status == 400


def test_no_longer_than_a_day(staff, connected):
    at = upload(staff, "email\nann@example.org\n")
    change(staff, at, "start", way="consent", consent="fair")
    wait(staff, at, "Done")
    connected.sql("UPDATE task SET ended_at = ended_at - 86401")
    assert staff.press(at, action="undo", sure="yes").status == 400 and people(connected) == ["ann@example.org"]


@pytest.mark.slow(1)
def test_states_and_how_they_agreed(staff, connected):
    """The file says it, staff say it of all of it, or a mail asks."""
    at = upload(staff, "email\nann@example.org\n", file="unsubscribed.csv")
    change(staff, at, "start", **{"as": "unsubscribed"})
    assert results(wait(staff, at, "Done"))["Unsubscribed"] == 1
    at = upload(staff, "email\nbob@example.org\n")
    change(staff, at, "start")  # nobody has said how they agreed
    assert results(wait(staff, at, "Failed"))["Rows that cannot be used"] == 1
    change(staff, at, "start", way="mail")
    assert results(wait(staff, at, "Done"))["Not confirmed"] == 1
    assert connected.sql("SELECT kind FROM delivery") == [("confirmation",)]
    at = upload(staff, "email,status\nzoe@example.org,gone fishing\n")
    change(staff, at, "start", words="gone fishing = bounced")
    assert results(wait(staff, at, "Done"))["Bounced"] == 1
    at = upload(staff, "email\nno@example.org\n")
    change(staff, at, "start", **{"as": "blocked"})
    assert results(wait(staff, at, "Done"))["Never mailed from now on"] == 1
    assert connected.sql("SELECT address_key FROM suppression") == [("no@example.org",)]


@pytest.mark.slow(1)
def test_the_file_is_read_in_another_way(staff, connected):
    text = "email;имя\nann@example.org;Анна\n".encode("windows-1251")
    at = upload(staff, text)
    change(staff, at, "save", encoding="windows-1251")
    page = staff.page(at)
    assert "Анна" in page.text and form_of(page)["encoding"] == "windows-1251"
    change(staff, at, "try", encoding="", c1="attribute.x")  # other columns than those that were chosen from
    assert "Not begun" in staff.page(at).text
    change(staff, at, "start", encoding="windows-1251", c1="name", way="consent", consent="fair")
    assert "Not begun" in staff.page(at).text
    change(staff, at, "start", c1="name", way="consent", consent="fair")
    wait(staff, at, "Done")
    assert connected.sql("SELECT name FROM subscriber") == [("Анна",)]
    lines = upload(staff, "Ann <ann@example.org>\nBob <bob@example.org>\n", file="members.txt")
    assert "bob@example.org" in staff.page(lines).text
    assert "At work" not in staff.page(upload(staff, '[{"email": "x@example.org"}]', file="x.json")).text


@pytest.mark.slow(1)
def test_what_is_refused(staff, connected):
    at = upload(staff, PEOPLE)
    for wrong in ({"list": "nosuch"}, {"as": "dead"}, {"format": "xls"}, {"delimiter": "ab"}, {"way": "consent", "consent": ""},
                  {"words": "a line"}, {"words": "gone = dead"}, {"c0": "nofield"}, {"dates": "sometimes"}, {"c1": "email", "c2": "email"},
                  {"consent": " ", "way": "consent"}):
        change(staff, at, "start", 400, **wrong)
    assert connected.sql("SELECT state FROM task") == [("ready",)] and people(connected) == []
    assert staff.press(at, action="burn").status == 400
    for path in ("/imports/0", "/imports/99", "/imports/x", "/imports/1x", "/imports/1/rejected", "/imports/1/rejected/2", "/imports/-1",
                 "/imports/99999999999999999999999999", "/importsx", "/exports/1", "/exports/1/file", "/exports/x/file"):
        assert staff.page(path).status == 404, path
    # mass assignment: what the form does not have is not read
    change(staff, at, "save", dry_run="yes", confined="yes", keep_columns="yes", state="done", started_by="eve", map="email=Town")
    options = json.loads(connected.sql("SELECT options FROM task")[0][0])
    assert set(options) <= {"list", "states", "map", "ignore", "reasons"} and connected.sql("SELECT started_by, state FROM task") == [("ann", "ready")]
    assert staff.press(at, action="cancel").status == 303
    assert "Cancelled" in staff.page(at).text and connected.sql("SELECT count(*) FROM task_part") == [(0,)]
    assert staff.press(at, action="start").status == 400


@pytest.mark.slow(1)
def test_uploads_are_bounded(staff, connected):
    token = csrf_of(staff)
    fields = [("csrf", token), ("list", "bulletin")]
    file = ("file", "people.csv", b"email\nann@example.org\n")
    assert send(staff, multipart(fields, [])).status == 400  # no file
    assert send(staff, multipart(fields, [("file", "", b"")])).status == 400
    assert send(staff, multipart(fields, [("file", "empty.csv", b"")])).status == 400
    assert send(staff, multipart([("csrf", "wrong"), ("list", "bulletin")], [file])).status == 403
    assert send(staff, multipart([("list", "bulletin")], [file])).status == 403
    assert send(staff, multipart(fields, [file]), cookie="__Host-newsletter=nobody").status in (303, 415)
    assert send(staff, multipart([("csrf", token), ("list", "nosuch")], [file])).status == 404
    assert send(staff, multipart([*fields, *((f"f{n}", "x") for n in range(500))], [file])).status == 413
    assert send(staff, multipart([*fields, ("f", "x" * 70000)], [file])).status == 413
    assert send(staff, multipart(fields, [("file", "a\x01b.csv", file[2])])).status in (303, 400)
    assert connected.sql("SELECT count(*) FROM task WHERE state NOT IN ('cancelled', 'ready')") == [(0,)]
    # a length that is too large is refused before any of it comes
    head = (f"POST /imports HTTP/1.1\r\nHost: x\r\nCookie: {staff.cookie}\r\nContent-Type: multipart/form-data; boundary=xyz\r\n"
            f"Content-Length: {300 << 20}\r\nConnection: close\r\n\r\n").encode()
    with socket.create_connection(("127.0.0.1", staff.port), timeout=30) as client:
        client.sendall(head + b"x" * 10)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass
    # one that ends early leaves nothing
    with socket.create_connection(("127.0.0.1", staff.port), timeout=30) as client:
        client.sendall(head.replace(str(300 << 20).encode(), b"5000") + multipart(fields, [file])[:150])
    # names that are no names of ours
    at = upload(staff, file[2], file="C:\\temp\\<b>x</b>.csv")
    assert "&lt;b&gt;x&lt;/b&gt;.csv" not in staff.page(at).text and "b&gt;.csv" in staff.page(at).text
    at = upload(staff, file[2], file="ж" * 300 + ".csv")
    assert "ж.csv" in staff.page(at).text
    many = ",".join(f"column{n}" for n in range(150)) + ",email\n" + "," * 150 + "x@example.org\n"
    page = staff.page(upload(staff, many))
    assert page.status == 200 and "c99" in form_of(page) and "c100" not in form_of(page) and "The file has more columns" in page.text
    two = send(staff, multipart(fields, [file, ("file", "two.csv", b"zoe@example.org\n")]))
    assert two.status in (303, 400, 413)
    if two.status == 303:
        assert "zoe@example.org" not in staff.page(two.getheader("Location")).text


@pytest.mark.slow(5)
@pytest.mark.skipif(sanitized(), reason="a sanitizer keeps memory that is freed")
def test_a_large_file_takes_no_memory(staff, connected):
    """Neither while it comes nor while it is saved again."""
    def most():
        with open(f"/proc/{staff.process.pid}/status", encoding="ascii", errors="replace") as status:
            return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1))
    staff.page("/imports")
    before = most()
    at = upload(staff, b"email,x\nann@example.org," + b"y" * 60 + b"\n" + b"bob@example.org,y\n" * (3 << 20))
    assert connected.sql("SELECT size FROM task")[0][0] > 50 << 20
    assert staff.page(at).status == 200 and staff.press(at, action="cancel").status == 303
    assert most() - before < 24 << 10, (before, most())


@pytest.mark.slow(1)
def test_it_goes_on_after_a_kill(staff, connected):
    at = upload(staff, "email\n" + "".join(f"reader{n}@example.org\n" for n in range(3000)))
    change(staff, at, "start", way="consent", consent="fair")
    staff.process.send_signal(signal.SIGKILL)
    staff.process.wait()
    again = StaffServer(connected.folder, "--no-mail")
    again.login()
    wait(again, at, "Done")
    assert connected.sql("SELECT count(*) FROM subscription WHERE state = 'active'") == [(3000,)]
    again.stop()


# ---- who may ----

@pytest.mark.slow(1)
def test_one_list(staff, connected):
    """An account that looks after one list brings people to it, and changes nothing else of them."""
    connected.run(*CULTURE)
    connected.write("known.csv", "email,name\nknown@example.org,Known\n")
    connected.run("import", "known.csv", "--list", "bulletin", "--consent", "fair")
    theirs = upload(staff, "email\nsecret@example.org\n", list="culture")
    add_account(connected, "kim", "none")
    connected.run("staff", "role", "kim", "people", "--list", "culture")
    staff.login("kim")
    assert "Culture Letter" in staff.page("/imports").text and "News Bulletin" not in staff.page("/imports").text
    assert staff.page(theirs).status == 404 and "people.csv" not in staff.page("/imports").text
    for wanted in ("bulletin", "", "nosuch"):
        answer = send(staff, multipart([("csrf", csrf_of(staff)), ("list", wanted)], [("file", "x.csv", b"email\nx@example.org\n")]))
        assert answer.status == 404, wanted
    at = upload(staff, "email,name,list,blocked\nknown@example.org,Changed,bulletin,\nnew@example.org,New,bulletin,\n"
                       "no@example.org,No,,yes\n", list="culture")
    for wrong in ({"list": "bulletin"}, {"list": ""}):
        change(staff, at, "start", 400, **wrong)
    change(staff, at, "start", way="consent", consent="fair", update="yes", partial="yes", **{"as": ""})
    page = wait(staff, at, "Done")
    assert connected.sql("SELECT r.address, r.name, l.name FROM subscription s JOIN subscriber r ON r.id = s.subscriber JOIN list l ON "
                         "l.id = s.list ORDER BY s.id") == [("known@example.org", "Known", "bulletin"), ("known@example.org", "Known", "culture"),
                                                            ("new@example.org", "New", "culture")]
    assert connected.sql("SELECT count(*) FROM suppression") == [(0,)], page.text
    at = upload(staff, "email\nlast@example.org\n", list="culture")
    change(staff, at, "start", way="consent", consent="fair", **{"as": "blocked"})
    wait(staff, at, "Failed")
    assert connected.sql("SELECT count(*) FROM suppression") == [(0,)]
    # exports
    for form in ({"list": ""}, {"list": "bulletin"}, {"list": "culture", "segment": "x"}):
        assert staff.press("/exports", **form).status == 404
    assert staff.press("/exports", list="culture").status == 303
    staff.login()
    assert staff.press("/exports", list="").status == 303
    staff.login("kim")
    number = connected.sql("SELECT max(id) FROM task")[0][0]
    for path in (f"/exports/{number}/file", f"/exports/{number}"):
        assert staff.page(path).status == 404
    assert staff.press(f"/exports/{number}", action="cancel").status == 404
    for role in ("sender", "none"):
        connected.run("staff", "role", "kim", role, "--list", "culture")
        assert staff.page("/imports").status == 403 == staff.page("/exports").status == staff.page(at).status


# ---- exports ----

def ready(staff):
    end = time.monotonic() + 120
    while True:
        page = staff.page("/exports")
        if "data-refresh" not in page.text:
            return page, re.findall(r'href="(/exports/\d+/file)"', page.text)
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.slow(1)
def test_exports(staff, connected):
    connected.add_active(["ann@example.org", "bob@example.org"], name="=1+1")
    connected.run("segment", "add", "anns", 'email ~ "ann"')
    for form in ({}, {"list": "bulletin", "format": "json"}, {"segment": "anns", "format": "jsonl"}, {"for_spreadsheet": "yes"}):
        assert staff.press("/exports", **form).status == 303
    page, (sheet, lines, whole, table) = ready(staff)
    assert "Done" in page.text and "ann@example.org" not in page.text
    answer = staff.page(table)
    assert answer.getheader("Content-Disposition") == 'attachment; filename="people.csv"' and answer.getheader("Content-Type") == "text/csv; charset=utf-8"
    assert sorted(row["email"] for row in csv.DictReader(io.StringIO(answer.text))) == ["ann@example.org", "bob@example.org"]
    assert len(json.loads(staff.page(whole).text)) == 2 and staff.page(lines).text.count("\n") == 1
    assert "'=1+1" in staff.page(sheet).text and "'=1+1" not in answer.text
    for wrong in ({"list": "nosuch"}, {"state": "dead"}, {"format": "xls"}, {"segment": "nosuch"}, {"format": "json", "for_spreadsheet": "yes"}):
        assert staff.press("/exports", **wrong).status in (400, 404), wrong
    assert staff.press(table[:-5], action="burn").status == 400
    assert staff.press(table[:-5], action="cancel").status == 303 and staff.page(table).status == 404
    assert staff.post(whole[:-5], {"action": "cancel", "csrf": "wrong"}, Cookie=staff.cookie).status == 403
    assert staff.get(whole).status == 303 and staff.page(whole).status == 200
    connected.sql("UPDATE task SET ended_at = 1")
    noted = connected.sql("SELECT action FROM audit WHERE object = ? ORDER BY id", "export " + whole.split("/")[2])
    assert [action for action, in noted][:2] == ["export start", "export read"]


# ---- how they look, and the keyboard ----

@needs_browser
@pytest.mark.slow(15)
@pytest.mark.one_engine("the engine makes no difference")
def test_how_the_pages_look(staff, connected, tmp_path):
    connected.add_active(["ann@example.org"])
    ready_one = upload(staff, PEOPLE)
    done = upload(staff, PEOPLE, file="Подписчики очень длинное название файла.csv")
    change(staff, done, "start", way="consent", consent="fair", partial="yes", c3="-")
    wait(staff, done, "Done")
    staff.press("/exports")
    ready(staff)
    paths = {"imports": "/imports?", "import": f"{ready_one}?", "import-done": f"{done}?", "exports": "/exports?"}
    look(tmp_path, {name: f"{staff.url}{path}language=en" for name, path in paths.items()}, widths=(375, 1280), mail=False,
         cookie=staff.cookie)
    look(tmp_path, {f"{name}-{language}": f"{staff.url}{paths[name]}language={language}" for name, language in
                    (("import", "ru"), ("import-done", "kk"), ("import", "ar"), ("exports", "ar"))}, widths=(375,), mail=False,
         cookie=staff.cookie)


def test_notes_are_in_the_language_of_the_page(staff):
    """A time zone that nobody knows, and attributes that are no texts."""
    rows = ({"email": "ann@example.org", "timezone": "Mars/Olympus"}, {"email": "bob@example.org", "attributes": {"deep": [["x"]]}})
    at = upload(staff, "".join(json.dumps(row) + "\n" for row in rows), "people.jsonl")
    change(staff, at, "try", way="consent", consent="fair")
    wait(staff, at, "Tried")
    told = {"en": ("a time zone is not known, such as 'Mars/Olympus'", "since they are not texts: deep"),
            "ru": ("часовой пояс неизвестен, например «Mars/Olympus»", "это не тексты: deep"),
            "ar": ("منطقة زمنية غير معروفة مثل «Mars/Olympus»", "لأنها ليست نصوصًا: deep")}
    for language, words in told.items():
        page = html.unescape(staff.get(at, **{"Cookie": staff.cookie, "Accept-Language": language}).text)
        assert all(text in page for text in words), language
        assert language == "en" or "time zone" not in page
