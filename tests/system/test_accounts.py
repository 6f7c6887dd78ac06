"""Accounts of the dashboard: roles, the second step, sessions, the audit log."""
import base64
import csv
import hashlib
import hmac
import io
import json
import os
import re
import struct
import time
from http.client import HTTPConnection

import pytest
from conftest import TOP, wait_for  # noqa: F401

from test_staff import dashboard, PASSWORD, StaffServer

ROLES = ("none", "viewer", "author", "sender", "people", "administrator")


@pytest.fixture
def staff(connected):
    with dashboard(connected, "administrator", login=False) as server:
        yield server


def add_account(connected, name, role):
    """With ann's password, whose digest need not be made again."""
    connected.sql("INSERT INTO staff (name, password, role, created_at) SELECT ?, password, ?, 1 FROM staff "
                  "WHERE name = 'ann'", name, role)


def code_of(secret, step=0):
    """RFC 6238 with the defaults that telephones know."""
    key = base64.b32decode(secret.replace(" ", ""))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06d}"


def set_up(http):
    """(secret, recovery codes)"""
    page = http.press("/account", action="begin")
    assert page.status == 200 and '<svg xmlns="http://www.w3.org/2000/svg" class="qr"' in page.text
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text).group(1)
    assert "wrong" in http.press("/account", action="on", code="000000x", password=PASSWORD).text
    assert http.press("/account", action="on", code=code_of(secret), password="wrong").status == 403
    done = http.press("/account", action="on", code=code_of(secret), password=PASSWORD)
    codes = re.findall(r"<code>([a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4})</code>", done.text)
    assert done.status == 200 and len(set(codes)) == 10 and secret not in done.text
    return secret, codes


@pytest.mark.slow(1)
def test_the_second_step(staff, connected):
    staff.login()
    secret, codes = set_up(staff)
    assert secret.replace(" ", "") not in staff.page("/account").text
    staff.press("/logout")
    answer = staff.login()
    assert answer.status == 200 and 'name="code"' in answer.text
    waiting = re.match(r"(__Host-newsletter=[^;]+);", answer.getheader("Set-Cookie")).group(1)
    for path in ("/", "/account", "/audit"):  # the password alone opens nothing
        assert staff.get(path, Cookie=waiting).status == 303
    used = staff.post("/login/code", {"code": code_of(secret, -1)}, Cookie=waiting)
    assert used.status == 403 and 'name="code"' in used.text
    inside = staff.post("/login/code", {"code": code_of(secret, 1)}, Cookie=waiting)
    assert inside.status == 303 and inside.getheader("Location") == "/"
    cookie = re.match(r"(__Host-newsletter=[^;]+);", inside.getheader("Set-Cookie")).group(1)
    assert cookie != waiting and staff.get("/", Cookie=cookie).status == 200
    assert staff.get("/", Cookie=waiting).status == 303
    log = staff.stop()
    assert secret not in log and secret.replace(" ", "") not in log


@pytest.mark.slow(1)
def test_without_the_telephone(staff, connected):
    """A recovery code is good once; an administrator at the command line helps somebody who has lost all of them."""
    staff.login()
    _, codes = set_up(staff)
    waiting = re.match(r"([^;]+);", staff.login().getheader("Set-Cookie")).group(1)
    assert staff.post("/login/code", {"code": codes[0].upper()}, Cookie=waiting).status == 303
    waiting = re.match(r"([^;]+);", staff.login().getheader("Set-Cookie")).group(1)
    assert [staff.post("/login/code", {"code": codes[0]}, Cookie=waiting).status for _ in range(6)][-1] != 303
    assert codes[0] not in staff.stop()
    assert "ann logs in by password alone" in connected.run("staff", "reset", "ann").out
    again = StaffServer(connected.folder, "--no-mail")
    assert again.login().getheader("Location") == "/"
    again.stop()


@pytest.mark.slow(1)
def test_a_form_elsewhere_gives_no_code(staff):
    staff.login()
    set_up(staff)
    answer = staff.login()
    waiting = re.match(r"([^;]+);", answer.getheader("Set-Cookie")).group(1)
    assert staff.post("/login/code", {"code": "1"}, Cookie=waiting, **{"Sec-Fetch-Site": "cross-site"}).status == 303
    assert staff.post("/login/code", {"code": "123456"}).getheader("Location") == "/login"


@pytest.mark.slow(1)
def test_switching_it_off_asks_for_the_password(staff):
    staff.login()
    set_up(staff)
    assert staff.press("/account", action="off", password="wrong").status == 403
    assert 'value="off"' not in staff.press("/account", action="off", password=PASSWORD).text
    assert staff.login().status == 303


@pytest.mark.slow(1)
def test_ones_own_password(staff):
    staff.login()
    other = staff.cookie
    staff.login()
    new = "another long password"
    for form, status in (({"password": "wrong", "new": new, "again": new}, 403),
                         ({"password": PASSWORD, "new": new, "again": "x" + new}, 400),
                         ({"password": PASSWORD, "new": "short", "again": "short"}, 400)):
        assert staff.press("/account", action="password", **form).status == status
    assert staff.login(password=new).status == 403
    assert staff.press("/account", action="password", password=PASSWORD, new=new, again=new).status == 200
    assert staff.page("/").status == 200 and staff.get("/", Cookie=other).status == 303
    assert staff.login(password=new).status == 303


@pytest.mark.slow(1)
def test_sessions_are_seen_and_ended(staff):
    staff.login(**{"User-Agent": "Lynx <2.9>"})
    other = staff.cookie
    staff.login(**{"User-Agent": "Firefox"})
    page = staff.page("/account").text
    assert "Lynx &lt;2.9&gt;" in page and "127.0.0.1" in page and page.count("This one") == 1
    ids = re.findall(r'name="session" value="([0-9a-f]{16})"', page)
    assert len(ids) == 1 and ids[0] not in other
    assert staff.press("/account", action="end", session=ids[0]).status == 200
    assert staff.get("/", Cookie=other).status == 303 and staff.page("/").status == 200


# ---- roles ----

def issue_of(connected, server):
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", connected.issue())
    return connected.sql("SELECT id FROM issue")[0][0]


# path, method, form; the roles that may. Others are told so, and nothing happens.
ANY = set(ROLES)
LOOK = ANY - {"none"}
ADMINISTER = {"administrator"}
SEND = {"sender", "administrator"}
PEOPLE = {"people", "administrator"}
ADDRESSES = [
    ("/", "GET", None, ANY),
    ("/account", "GET", None, ANY),
    ("/account", "POST", {"action": "end", "session": "0123456789abcdef"}, ANY),
    ("/account", "POST", {"action": "passkey-remove", "passkey": "1", "password": "wrong"}, set()),
    ("/reputation", "GET", None, LOOK),
    ("/delivery", "GET", None, LOOK),
    ("/list/bulletin", "GET", None, LOOK),
    ("/issue/{issue}", "GET", None, LOOK),
    ("/issue/{issue}", "POST", {"action": "pause"}, SEND),
    ("/issue/{issue}", "POST", {"action": "overrule"}, SEND),  # 409: it has no canary
    ("/issue/{issue}/events", "GET", "a stream", LOOK),
    ("/issue/{issue}/rest", "GET", None, SEND),
    ("/issue/{issue}/rest", "POST", {}, SEND),
    ("/issue/{issue}/again", "GET", None, SEND),
    ("/issue/{issue}/again", "POST", {}, SEND),  # 422: the box is not ticked
    ("/issue/{issue}/subject", "POST", {"subject": "1"}, SEND),  # 422: it has one
    ("/issue/{issue}/report", "GET", None, LOOK),
    ("/issue/{issue}/report.csv", "GET", None, LOOK),
    ("/issue/{issue}/report.pdf", "GET", None, LOOK),  # 409: nothing here makes one
    ("/issue/{issue}", "POST", {"action": "unpublish"}, SEND),
    ("/messages", "GET", None, SEND),
    ("/messages", "POST", {"address": "zoe@example.org", "list": "bulletin", "template": "plain", "subject": "A", "text": "B"}, SEND),
    ("/calendar", "GET", None, ANY),
    ("/calendar", "POST", {"action": "move", "issue": "1", "at": "2036-12-05T10:30", "zone": "UTC"}, SEND),  # 422: it is under way
    ("/people", "GET", None, PEOPLE),
    ("/people?q=ann", "GET", None, PEOPLE),
    ("/people", "POST", {"address": "eve@example.org", "list": "bulletin", "consent": "fair"}, PEOPLE),
    ("/people/1", "GET", None, PEOPLE),
    ("/people/1/data", "GET", None, PEOPLE),
    ("/people/1/receipt", "GET", None, PEOPLE),
    ("/people/1", "POST", {"action": "unsubscribe", "list": "bulletin"}, PEOPLE),
    ("/people/1", "POST", {"action": "suppress"}, PEOPLE),
    ("/people/1", "POST", {"action": "lift"}, PEOPLE),
    ("/suppressions", "GET", None, PEOPLE),
    ("/suppressions", "POST", {"action": "add", "address": "zoe@example.org"}, PEOPLE),
    ("/bounces", "GET", None, PEOPLE),
    ("/bounces/1", "GET", None, PEOPLE),
    ("/bounces/1", "POST", {"action": "suppress", "address": "zed@example.org"}, PEOPLE),
    ("/segments", "GET", None, PEOPLE),
    ("/segments?where=email%20%7E%20%22ann%22", "GET", None, PEOPLE),
    ("/segments", "POST", {"action": "save", "name": "press", "where": 'language = "ru"'}, PEOPLE),
    ("/segments", "POST", {"action": "remove", "name": "press"}, PEOPLE),
    ("/imports", "GET", None, PEOPLE),
    ("/imports", "POST", "a file", PEOPLE),
    ("/imports/1", "GET", None, PEOPLE),
    ("/imports/1/rejected", "GET", None, set()),  # it has none
    ("/imports/1", "POST", {"action": "save", "list": "bulletin"}, PEOPLE),
    ("/imports/1", "POST", {"action": "cancel"}, PEOPLE),
    ("/exports", "GET", None, PEOPLE),
    ("/exports", "POST", {"list": "bulletin"}, PEOPLE),
    ("/exports/2", "POST", {"action": "cancel"}, PEOPLE),
    ("/exports/2/file", "GET", None, set()),  # it was cancelled
    ("/lists", "GET", None, ADMINISTER),
    ("/lists", "POST", {"action": "add", "name": "new-list", "from": "x@example.org"}, ADMINISTER),
    ("/lists/bulletin", "GET", None, ADMINISTER),
    ("/lists/bulletin/again", "GET", None, ADMINISTER),
    ("/lists/bulletin/again", "POST", {"sure": "yes"}, ADMINISTER),
    ("/lists/bulletin", "POST", {"action": "save", "title": "Other", "from": "x@example.org"}, ADMINISTER),
    ("/lists/new-list", "POST", {"action": "rename", "other": "newer"}, ADMINISTER),
    ("/lists/newer", "POST", {"action": "remove", "sure": "newer"}, ADMINISTER),
    ("/tokens", "GET", None, ADMINISTER),
    ("/tokens", "POST", {"action": "add", "name": "robot"}, ADMINISTER),
    ("/tokens", "POST", {"action": "end", "name": "robot"}, ADMINISTER),
    ("/webhooks", "GET", None, ADMINISTER),
    ("/webhooks", "POST", {"action": "add", "name": "crm", "url": "http://127.0.0.1:9/"}, ADMINISTER),
    ("/webhooks/crm", "GET", None, ADMINISTER),
    ("/webhooks/crm", "POST", {"action": "test"}, ADMINISTER),
    ("/webhooks/crm", "POST", {"action": "remove"}, ADMINISTER),
    ("/accounts", "GET", None, ADMINISTER),
    ("/accounts", "POST", {"action": "role", "name": "zoe", "role": "administrator"}, ADMINISTER),
    ("/accounts", "POST", {"action": "add", "name": "eve", "password": PASSWORD, "role": "viewer"}, ADMINISTER),
    ("/accounts", "POST", {"action": "remove", "name": "zoe", "sure": "yes"}, ADMINISTER),
    ("/audit", "GET", None, ADMINISTER),
    ("/audit.csv", "GET", None, ADMINISTER),
]


def begin_stream(http, path):
    """Server-sent events: their beginning is enough."""
    connection = HTTPConnection("127.0.0.1", http.port, timeout=30)
    connection.request("GET", path, headers={"Cookie": http.cookie})
    answer = connection.getresponse()
    connection.close()
    return answer


def bring(http):
    """Uploads a file of people."""
    csrf = re.search(r'name="csrf" value="([^"]+)"', http.page("/").text).group(1)
    parts = [f'--xyz\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in
             (("csrf", csrf), ("list", "bulletin"), ('file"; filename="people.csv', "email\nzed@example.org"))]
    return http.request("POST", "/imports", body="".join(parts) + "--xyz--\r\n", headers={
        "Cookie": http.cookie, "Content-Type": "multipart/form-data; boundary=xyz"})


def fingerprint(connected):
    """In one statement: it is asked for some hundred times."""
    return connected.sql(" UNION ALL ".join(
        f"SELECT '{table}', CAST({one} AS text), CAST({other} AS text) FROM {table}" for table, one, other in (
            ("staff", "name", "role"), ("issue", "id", "state"), ("subscription", "id", "state"), ("subscriber", "id", "address"),
            ("suppression", "address_key", "reason"), ("segment", "name", "expression"), ("list", "name", "title"),
            ("api_token", "name", "scopes"), ("webhook", "name", "url"), ("webhook_log", "id", "kind"),
            ("returned", "id", "length(message)"))) + " ORDER BY 1, 2, 3")


@pytest.mark.slow(8)
@pytest.mark.parametrize("role", ROLES)
def test_each_role_on_each_address(staff, connected, server, role):
    issue = issue_of(connected, server)
    connected.run("bounce", stdin=b"From: x@example.net\r\nSubject: fox\r\n\r\nThe quick brown fox.\r\n", expect=None)
    add_account(connected, "zoe", "viewer")
    add_account(connected, "kim", role)
    assert staff.login("kim").status == 303
    for path, method, form, allowed in ADDRESSES:
        connected.sql("UPDATE issue SET state = 'sending'")
        before = fingerprint(connected)
        path = path.format(issue=issue)
        if form == {"action": "lift"}:
            connected.sql("INSERT INTO suppression (address_key, reason, since) VALUES ('ann@example.org', 'x', 1) ON CONFLICT DO NOTHING")
            before = fingerprint(connected)
        answer = (begin_stream(staff, path) if form == "a stream" else staff.page(path) if method == "GET" else
                  bring(staff) if form == "a file" else staff.press(path, **form))
        if role in allowed:
            assert answer.status in (200, 303, 409, 422), (path, method, answer.status)
        else:
            assert answer.status in (403, 404), (path, method, answer.status)
            assert fingerprint(connected) == before, path
        assert staff.get(path).status == 303  # and nobody without a session


@pytest.mark.one_engine("it reads the sources")
def test_the_matrix_has_each_address():
    """The addresses of the program's own tables; test_desk_rights.py has the press room's."""
    table = []
    for name, pattern, prefix in (("staff_pages", r'\{"(/[a-z.]+)", (true|false), NL_POWER', ""),
                                  ("staff_issue_page", r'\{"(/?[a-z.]*)", (true|false), (?:true|false), ', "/issue/{issue}"),
                                  ("staff_areas", r'\{"(/[a-z]+)", ()nl_', "")):
        with open(os.path.join(TOP, f"src/web/{name}.c"), encoding="utf-8") as source:
            found = re.findall(pattern, source.read())
        assert len(found) >= 8, name
        table += [(prefix + path, "POST" if post == "true" else "GET") for path, post in found]
    of_the_press_room = {"/drafts", "/library", "/boilerplates", "/issue"}
    known = {(path.split("?")[0], method) for path, method, *_ in ADDRESSES}
    assert [address for address in table if address not in known and address[0] not in of_the_press_room] == []


@pytest.mark.slow(1)
def test_a_role_on_one_list(staff, connected, server):
    """Somebody who may send on one list does not even see the others."""
    issue = issue_of(connected, server)
    connected.run("list", "add", "culture", "--from", "culture@example.org", "--title", "Culture Letter",
                  "--postal-address", "1 Quay Street")
    add_account(connected, "kim", "none")
    connected.run("staff", "role", "kim", "sender", "--list", "culture")
    staff.login("kim")
    page = staff.page("/").text
    assert "Culture Letter" in page and "News Bulletin" not in page
    assert staff.page("/list/culture").status == 200
    for path in ("/list/bulletin", f"/issue/{issue}"):
        assert staff.page(path).status == 404
    connected.sql("UPDATE issue SET state = 'sending'")
    assert staff.press(f"/issue/{issue}", action="pause").status == 404
    assert connected.sql("SELECT state FROM issue") == [("sending",)]
    connected.run("staff", "role", "kim", "viewer", "--list", "bulletin")
    assert 'value="pause"' not in staff.page(f"/issue/{issue}").text
    assert staff.press(f"/issue/{issue}", action="pause").status == 403
    connected.run("staff", "role", "kim", "sender", "--list", "bulletin")
    assert 'value="pause"' in staff.page(f"/issue/{issue}").text
    assert staff.press(f"/issue/{issue}", action="pause").status == 303
    connected.run("staff", "role", "kim", "default", "--list", "bulletin")
    assert staff.page("/list/bulletin").status == 404


def test_what_is_taken_away_counts_at_once(staff, connected):
    staff.login()
    assert staff.page("/accounts").status == 200
    add_account(connected, "bob", "administrator")
    connected.run("staff", "role", "ann", "viewer")
    assert staff.page("/accounts").status == 403


@pytest.mark.slow(1)
def test_administering_in_the_browser(staff, connected):
    staff.login()
    assert staff.press("/accounts", action="add", name="kim", password=PASSWORD, role="author").status == 303
    assert staff.press("/accounts", action="add", name="kim", password=PASSWORD, role="author").status == 400
    assert staff.press("/accounts", action="role", name="kim", role="viewer", list="bulletin").status == 303
    assert staff.press("/accounts", action="role", name="kim", role="viewer", list="nosuch").status == 400
    page = staff.page("/accounts").text
    assert "bulletin: viewer" in page and '<option value="author" selected>' in page
    assert "last administrator" in staff.press("/accounts", action="role", name="ann", role="viewer").text
    assert "Tick the box" in staff.press("/accounts", action="remove", name="kim").text
    assert staff.press("/accounts", action="remove", name="kim", sure="yes").status == 303
    assert connected.sql("SELECT name FROM staff") == [("ann",)]
    for form in ({"action": "promote", "name": "ann"}, {"action": "add", "name": "lee", "password": PASSWORD, "role": "root"},
                 {"action": "role", "name": "ann", "role": ""}, {"action": "role", "name": "ann", "role": "default"}):
        assert staff.press("/accounts", **form).status == 400
    assert connected.sql("SELECT name, role FROM staff") == [("ann", "administrator")]


# ---- the audit log ----

@pytest.mark.slow(1)
def test_what_is_done_is_noted(staff, connected, server):
    issue = issue_of(connected, server)
    connected.sql("UPDATE issue SET state = 'sending'")
    staff.login()
    staff.press(f"/issue/{issue}", action="pause")
    staff.press("/accounts", action="add", name="=cmd", password=PASSWORD, role="author")
    staff.press("/accounts", action="add", name="-kim", password=PASSWORD, role="author")
    token = connected.run("staff", "token", "robot", "--scope", "control").out.strip()
    staff.call_api = staff.post(f"/api/v1/issues/{issue}/resume", {}, Authorization=f"Bearer {token}")
    connected.run("pause", "1")
    lines = json.loads(connected.run("staff", "log", "--json").out)
    noted = [(line["actor"], line["door"], line["action"]) for line in reversed(lines)]
    made = ("root", "command", "account add")  # by a fixture, once for all tests
    assert [line for line in noted if line != made] == [
        ("root", "command", "list add"), ("root", "command", "issue send"),
        ("ann", "browser", "login"), ("ann", "browser", "issue pause"), ("ann", "browser", "account add"),
        ("root", "command", "token add"), ("robot", "api", "issue resume"), ("root", "command", "issue pause")]
    assert lines[0]["object"] == f"issue {issue}" and lines[1]["client"] == "127.0.0.1"
    page = staff.page("/audit?q=issue%20pause").text
    assert page.count("issue pause</td>") == 2 and "account add" not in page
    assert "No entry matches" in staff.page("/audit?q=%25").text
    file = staff.page("/audit.csv")
    assert file.getheader("Content-Disposition") == 'attachment; filename="audit.csv"'
    rows = list(csv.DictReader(io.StringIO(file.text)))
    assert len(rows) == len(lines) and "login" in [row["action"] for row in rows] and PASSWORD not in file.text
    assert "account -kim" in file.text
    with pytest.raises(Exception, match="only grows"):
        connected.sql("DELETE FROM audit")


def test_a_failed_action_notes_nothing(staff, connected):
    staff.login()
    staff.press("/accounts", action="add", name="k k", password=PASSWORD, role="author")
    staff.press("/accounts", action="remove", name="ann", sure="yes")
    assert [line["action"] for line in json.loads(connected.run("staff", "log", "--json").out)] == ["login", "list add"]


def test_the_whole_log_is_a_file(staff, connected):
    """Longer than a page of it, without a line twice or none."""
    staff.login()
    connected.sql("WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 1700) "
                  "INSERT INTO audit (at, actor, door, action) SELECT n, 'x', 'command', 'work ' || n FROM number")
    rows = [row["action"] for row in csv.DictReader(io.StringIO(staff.page("/audit.csv").text))]
    assert rows[:1700] == [f"work {number}" for number in range(1700, 0, -1)] and len(rows) >= 1702
    found = [row["action"] for row in csv.DictReader(io.StringIO(staff.page("/audit.csv?q=WORK%201").text))]
    assert found == [action for action in rows if action.startswith("work 1")]
    assert staff.page("/audit.csv?q=nothing%20of%20this").text == "at,actor,door,client,action,object,detail\r\n"


@pytest.mark.slow(1)
def test_older_lines_are_a_page_on(staff, connected):
    staff.login()
    for number in range(150):
        connected.sql("INSERT INTO audit (at, actor, door, action) VALUES (?, 'x', 'command', ?)", number,
                      f"work {number}")
    first = staff.page("/audit").text
    assert "work 149<" in first and "work 40<" not in first
    second = staff.page(re.search(r'href="(/audit\?q=&amp;before=\d+)"', first).group(1).replace("&amp;", "&")).text
    assert "work 40<" in second and "work 149<" not in second


# ---- by command ----

def test_by_command(connected):
    connected.run("staff", "add", "ann", "--role", "administrator", stdin=PASSWORD.encode())
    assert "last administrator" in connected.run("staff", "role", "ann", "viewer", expect=65).err
    assert "not a role" in connected.run("staff", "role", "ann", "root", expect=64).err
    connected.run("staff", "role", "nobody", "viewer", expect=67)
    connected.run("staff", "role", "ann", "viewer", "--list", "nosuch", expect=67)
    connected.run("staff", "reset", "nobody", expect=67)
    connected.run("staff", "role", "ann", "none", "--list", "bulletin")
    account = json.loads(connected.run("staff", "--json").out)[0]
    assert account["role"] == "administrator" and account["lists"] == "bulletin: none"
    assert account["second_step"] is False
    assert "account role, account ann" in connected.run("staff", "log", "role").out


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("agent", [b"x" * 199 + "é".encode(), b"x" * 198 + "é".encode(), "Ж".encode() * 150, b"\xff\xfe\x80", b"x" * 300, b"\xc3"],
                         ids=repr)
def test_any_name_of_a_browser(staff, agent):
    answer = staff.post("/login", {"name": "ann", "password": PASSWORD}, **{"User-Agent": agent})
    assert answer.status == 303
    staff.cookie = answer.getheader("Set-Cookie").split(";")[0]
    assert staff.page("/account").status == 200
