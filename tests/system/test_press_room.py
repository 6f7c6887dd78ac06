"""The press room: an issue is begun, written, corrected, tested and sent with a browser."""
import datetime
import glob
import io
import json
import os
import re
import time
import urllib.parse
import zipfile

import pytest
from browser import needs_browser
from conftest import wait_for
from test_browser import visit
from test_look import look
from test_staff import PASSWORD, staff  # noqa: F401

PNG = (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
       b"\x00\x00\x00\x0cIDATx\x9cc\xf8\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00\x00\x00IEND\xaeB`\x82")
FIELDS = {"title": "Yurts", "number": "No 1", "date": "2026-08-25", "body": "# Hello\r\n\r\nA yurt for {{name|you}}.\r\n"}


class Desk:
    """Somebody at the pages of one draft."""

    def __init__(self, http, path):
        self.http, self.path = http, path

    def page(self, rest=""):
        return self.http.page(self.path + rest)

    def revision(self):
        return re.search(r'name="revision" value="(\w*)"', self.page().text).group(1)

    def save(self, accept="text/html", **fields):
        csrf = re.search(r'name="csrf" value="([^"]+)"', self.page().text).group(1)
        form = {"csrf": csrf, "text": "en", "action": "save", **fields}
        return self.http.post(self.path, form, Cookie=self.http.cookie, Accept=accept)

    def upload(self, action, name, data, path=None, **fields):
        csrf = re.search(r'name="csrf" value="([^"]+)"', self.http.page("/drafts").text).group(1)
        parts = {"csrf": csrf, "text": "en", "action": action, **fields}
        body = b"".join(f'--xyz\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
                        for key, value in parts.items())
        body += (f'--xyz\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
                 "Content-Type: application/octet-stream\r\n\r\n").encode() + data + b"\r\n--xyz--\r\n"
        return self.http.request("POST", path or self.path, body=body, headers={
            "Cookie": self.http.cookie, "Content-Type": "multipart/form-data; boundary=xyz"})


@pytest.fixture
def desk(staff, connected):  # noqa: F811
    http = staff()
    assert http.login().status == 303
    answer = http.press("/drafts", how="new", title="Yurts", list="bulletin")
    assert answer.status == 303, answer.text
    return Desk(http, urllib.parse.urlsplit(answer.getheader("Location")).path)


def problem(answer):
    found = re.search(r'<p role="alert">(.*?)</p>', answer.text, re.S)
    return found.group(1) if found else answer.text


def account(connected, name, role):
    connected.sql("INSERT INTO staff (name, password, created_at, role) SELECT ?, password, created_at, ? FROM staff "
                  "WHERE name = 'ann'", name, role)


@pytest.mark.slow(1)
def test_written_and_sent(desk, connected, server):
    connected.add_active(["reader@example.org"])
    assert desk.save(revision=desk.revision(), **FIELDS).status == 303
    page = desk.page()
    assert "A yurt for {{name|you}}." in page.text and 'value="No 1"' in page.text
    preview = desk.page("/preview?text=en")
    assert "A yurt for Sample Reader." in preview.text
    assert "sandbox" in preview.getheader("Content-Security-Policy")
    plan = desk.page("/send")
    assert "No 1: Yurts" in plan.text
    digest = re.search(r'name="digest" value="(\w+)"', plan.text).group(1)
    asked = {"action": "send", "when": "now", "digest": digest}
    assert desk.http.press(desk.path + "/send", **asked).status == 422  # nobody has ticked the box
    assert desk.http.press(desk.path + "/send", **{**asked, "digest": "0"}, sure="yes").status == 409
    answer = desk.http.press(desk.path + "/send", **asked, sure="yes")
    assert answer.status == 303, problem(answer)
    assert re.search(r"/issue/\d+$", answer.getheader("Location"))
    assert connected.sql("SELECT state FROM issue") == [("scheduled",)] and not server.messages("reader@example.org")
    assert desk.save(revision=desk.revision(), **FIELDS).status == 409  # it is no draft any more
    connected.sql("UPDATE issue SET scheduled_at = 1")
    connected.run("retry")
    message, = server.messages("reader@example.org")
    assert b"A yurt for" in message
    assert connected.sql("SELECT action FROM audit WHERE action LIKE 'draft %' ORDER BY id") == [("draft add",), ("draft send",)]


def test_no_folder_of_a_draft_stays(desk):
    """They lie in memory, where each that stayed would stay for good. Other tests' folders go, too."""
    before = set(glob.glob("/dev/shm/newsletter-draft-*"))
    desk.save(revision=desk.revision(), **FIELDS)
    for _ in range(3):
        assert "A yurt for Sample Reader." in desk.page("/preview?text=en").text
    made = set(glob.glob("/dev/shm/newsletter-draft-*")) - before
    wait_for(lambda: not any(os.path.exists(path) for path in made))


@pytest.mark.slow(1)
def test_taken_back(desk, connected):
    """Before its time comes, an issue is withdrawn, and its draft can be changed again."""
    connected.add_active(["reader@example.org"])
    desk.save(revision=desk.revision(), **FIELDS)
    digest = re.search(r'name="digest" value="(\w+)"', desk.page("/send").text).group(1)
    asked = {"action": "send", "when": "later", "at": "2036-12-01T09:00", "zone": "Asia/Almaty", "digest": digest, "sure": "yes"}
    assert desk.http.press(desk.path + "/send", **{**asked, "at": "2001-01-01T09:00"}).status == 422
    assert desk.http.press(desk.path + "/send", **{**asked, "zone": "Asia/Nowhere"}).status == 422
    answer = desk.http.press(desk.path + "/send", **asked)
    moment = datetime.datetime(2036, 12, 1, 4, tzinfo=datetime.timezone.utc)
    assert connected.sql("SELECT scheduled_at FROM issue") == [(int(moment.timestamp()),)]
    issue = urllib.parse.urlsplit(answer.getheader("Location")).path
    assert desk.http.press(issue, action="cancel", sure="yes").status == 303
    assert desk.save(revision=desk.revision(), **FIELDS).status == 303


@pytest.mark.slow(1)
@pytest.mark.one_engine("the fault is made with a trigger of SQLite")
def test_all_of_it_or_nothing(desk, connected):
    """Sending fails at its very last statement: no issue is left without its draft, and the button works again."""
    connected.add_active(["reader@example.org"])
    desk.save(revision=desk.revision(), **FIELDS)
    digest = re.search(r'name="digest" value="(\w+)"', desk.page("/send").text).group(1)
    asked = {"action": "send", "when": "now", "digest": digest, "sure": "yes"}
    connected.sql("CREATE TRIGGER fault BEFORE INSERT ON audit WHEN NEW.action = 'draft send' "
                  "BEGIN SELECT RAISE(ABORT, 'a fault'); END")
    assert desk.http.press(desk.path + "/send", **asked).status == 500
    assert connected.sql("SELECT count(*) FROM issue") == [(0,)]
    assert connected.sql("SELECT issue FROM draft") == [(None,)]
    connected.sql("DROP TRIGGER fault")
    assert desk.http.press(desk.path + "/send", **asked).status == 303
    assert connected.sql("SELECT count(*) FROM issue JOIN draft ON draft.issue = issue.id") == [(1,)]


def test_changed_since_it_was_looked_at(desk, connected):
    """A picture that somebody exchanges counts as a change too."""
    connected.add_active(["reader@example.org"])
    desk.save(revision=desk.revision(), **FIELDS)
    asked = {"action": "send", "when": "now", "sure": "yes"}
    digest = re.search(r'name="digest" value="(\w+)"', desk.page("/send").text).group(1)
    assert desk.upload("attachment", "programme.csv", b"a,b\n").status == 303
    answer = desk.http.press(desk.path + "/send", **asked, digest=digest)
    assert answer.status == 409 and "look again" in problem(answer)
    assert connected.sql("SELECT count(*) FROM issue") == [(0,)]


def test_to_a_segment_by_the_clock_of_each_reader(desk, connected):
    """The page says how many are meant; exactly they, at exactly that hour, are what is stored."""
    connected.add_active(["reader@example.org", "kk@example.org", "other@example.org"])
    connected.sql("UPDATE subscriber SET language = 'kk' WHERE address LIKE 'kk%'")
    connected.run("segment", "add", "kazakh", 'language = "kk"')
    desk.save(revision=desk.revision(), **FIELDS)
    assert "<dd>3</dd>" in desk.page("/send").text
    page = desk.page("/send?segment=kazakh").text
    assert "<dd>1</dd>" in page and "language = &quot;kk&quot;" in page
    assert desk.page("/send?segment=gone").status == 303
    digest = re.search(r'name="digest" value="(\w+)"', page).group(1)
    asked = {"action": "send", "when": "local", "at": "2036-12-01T09:00", "digest": digest, "sure": "yes", "segment": "kazakh"}
    assert desk.http.press(desk.path + "/send", **{**asked, "at": "2001-01-01T09:00"}).status == 422
    assert desk.http.press(desk.path + "/send", **asked).status == 303
    first = datetime.datetime(2036, 11, 30, 19, tzinfo=datetime.timezone.utc)
    assert connected.sql("SELECT segment, local_time, scheduled_at FROM issue") == [
        ('language = "kk"', "2036-12-01T09:00", int(first.timestamp()))]


def test_how_long_it_takes(desk, connected):
    """At the pace that was found with the relay."""
    connected.add_active(["reader@example.org", "second@example.org", "third@example.org"])
    desk.save(revision=desk.revision(), **FIELDS)
    assert "not known: nothing was sent within a week" in desk.page("/send").text
    relay = f"127.0.0.1:{connected.settings['smtp']['port']}"
    found = f"1 1 1 0 {int(time.time())}"
    connected.sql("INSERT INTO setting (key, value) VALUES (?, ?)", f"relay pace {relay}", found)
    assert "<dd>1 min (Messages a minute: 60)</dd>" in desk.page("/send").text


def test_a_test_mail(desk, server):
    desk.save(revision=desk.revision(), **FIELDS)
    assert desk.http.press(desk.path + "/send", action="test", address="no address").status == 422
    assert desk.http.press(desk.path + "/send", action="test", address="boss@example.org").status == 303
    wait_for(lambda: server.messages("boss@example.org"))
    wait_for(lambda: "boss@example.org: OK" in desk.page("/send").text)


@pytest.mark.slow(1)
def test_two_people(desk, connected):
    """Nobody overwrites another: the second sees both texts, and chooses."""
    seen = desk.revision()
    assert desk.save(revision=seen, **{**FIELDS, "title": "Hers"}).status == 303
    account(connected, "bob", "author")
    desk.http.login("bob")
    answer = desk.save(revision=seen, **{**FIELDS, "title": "His"})
    assert answer.status == 409
    assert "Hers" in answer.text and 'value="His"' in answer.text
    refused = desk.save(accept="application/json", revision=seen, **{**FIELDS, "title": "His"})
    assert refused.status == 409 and json.loads(refused.text)["author"] == "ann"
    chosen = re.search(r'name="revision" value="(\w+)"', answer.text).group(1)
    saved = desk.save(accept="application/json", revision=chosen, **{**FIELDS, "title": "His"})
    assert saved.status == 200 and json.loads(saved.text)["title"] == "His"
    history = desk.page("/history?text=en").text
    versions = re.findall(r"version=(\d+)", history)
    compared = desk.page(f"/history?text=en&version={versions[-1]}")
    assert "<del>" in compared.text or "<ins>" in compared.text
    assert desk.http.press(desk.path, action="bring-back", text="en", version=versions[-1]).status == 303
    assert 'value="Hers"' in desk.page().text


def test_what_check_says(desk):
    answer = json.loads(desk.save(accept="application/json", revision=desk.revision(),
                                  **{**FIELDS, "body": "Text\r\n\r\n![](missing.png)\r\n"}).text)
    error = next(finding for finding in answer["findings"] if finding["level"] == "error")
    assert "missing.png" in error["text"] and "/dev/shm" not in json.dumps(answer)
    assert "missing.png" in desk.page().text
    assert "correct it" in desk.page("/preview").text
    wrong = json.loads(desk.save(accept="application/json", revision=answer["revision"], **FIELDS, other="numbr: 2\r\n").text)
    assert "unknown key" in wrong["findings"][0]["text"]
    assert "numbr: 2" in desk.page().text  # it stays for the author to correct


@pytest.mark.slow(1)
def test_languages_and_files(desk):
    desk.save(revision=desk.revision(), **FIELDS)
    assert desk.upload("picture", "Юрта 1.png", PNG, alt="A [yurt]").status == 303
    assert "![A \\[yurt\\]](Юрта-1.png)" in desk.page().text
    assert "data:image/png" in desk.page("/preview").text
    assert desk.upload("attachment", "programme.csv", b"a,b\n").status == 303
    assert "programme.csv" in desk.page().text
    assert desk.http.press(desk.path, action="language", language="kk").status == 303
    assert 'lang="kk"' in desk.page("?text=kk").text
    assert desk.http.press(desk.path, action="language", language="no such").status == 422
    assert desk.http.press(desk.path, action="remove-language", text="kk", sure="yes").status == 303
    assert desk.http.press(desk.path, action="remove-file", text="en", name="programme.csv").status == 303
    assert "programme.csv" not in desk.page().text
    assert desk.http.press(desk.path, action="remove", sure="yes").status == 303
    assert desk.page().status == 404


def archive(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return out.getvalue()


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("action, name, data, says", [
    ("picture", "x.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "not a picture"),
    ("picture", "x.png", b"MZ\x90\x00", "not a picture"),
    ("picture", "x.png", b"", "empty"),
    ("attachment", "issue.en.md", b"x", "another name"),
    ("attachment", "big.pdf", None, "more than 10 MB"),
])
def test_hostile_files(desk, action, name, data, says):
    answer = desk.upload(action, name, bytes(11 << 20) if data is None else data, alt="x")
    assert answer.status == 422 and says in problem(answer)


@pytest.mark.slow(1)
def test_hostile_archives(desk):
    text = "---\ntitle: T\ndate: 2026-08-25\n---\nHello\n"
    for data, says in ((archive(issue_dot_md=text, **{"..__..__etc__passwd": "x"}), "plain files"),
                       (archive(issue_dot_md=text, a_dot_csv=bytes(9 << 20), b_dot_csv=bytes(9 << 20),
                                c_dot_csv=bytes(9 << 20)), "too large"),
                       (b"PK\x03\x04 and no more", "zip"),
                       (b"%PDF-1.7", "Markdown")):
        answer = desk.upload("", "issue.zip", data, path="/drafts", how="file", list="bulletin")
        assert answer.status == 422 and says in problem(answer)
    answer = desk.upload("", "issue.zip", archive(nine__issue_dot_md=text, nine__a_dot_png=PNG), path="/drafts", how="file", list="bulletin")
    assert answer.status == 303


@pytest.mark.slow(1)
def test_too_large(desk):
    """A hundred megabytes are refused before they are read."""
    head = (f"POST {desk.path} HTTP/1.1\r\nHost: x\r\nCookie: {desk.http.cookie}\r\nContent-Length: 100000000\r\n"
            "Content-Type: multipart/form-data; boundary=xyz\r\nConnection: close\r\n\r\n").encode()
    assert b" 413 " in desk.http.raw(head + bytes(100000000)).split(b"\r\n")[0]


@pytest.mark.slow(1)
def test_roles(desk, connected):
    """Authors write and do not send; viewers see no draft; strangers get no room for files."""
    account(connected, "author", "author")
    account(connected, "viewer", "viewer")
    desk.save(revision=desk.revision(), **FIELDS)
    desk.http.login("author")
    assert desk.page().status == 200
    assert desk.http.press(desk.path + "/send", action="send").status == 403
    desk.http.login("viewer")
    assert desk.page().status == 404
    assert "Yurts" not in desk.http.page("/drafts").text
    assert desk.http.press("/drafts", how="new", title="X", list="bulletin").status == 422
    desk.http.cookie = "x=y"
    csrf = "--xyz\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n" + 70000 * "x" + "\r\n--xyz--\r\n"
    assert desk.http.request("POST", desk.path, body=csrf.encode(), headers={
        "Content-Type": "multipart/form-data; boundary=xyz"}).status == 413


@pytest.mark.slow
@needs_browser
@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("scripts", [True, False])
def test_the_whole_way_in_a_browser(staff, connected, scripts):  # noqa: F811
    """From the login to an issue that is scheduled; what is typed is saved by itself where there are scripts."""
    connected.add_active(["reader@example.org"])
    typed = [{"exact": True, "fill": {"Text": "# Hello\n\n![](missing.png)"}}]
    mended = [{"exact": True, "fill": {"Text": "# Hello\n\nA yurt for everybody."}}]
    if scripts:
        typed += [{"soon": "missing.png"}]
        mended += [{"soon": "Saved"}, {"gone": "missing.png"}, {"frame": "A yurt for everybody."}]
    else:
        typed += [{"click": "Save"}, {"expect": "missing.png"}]
        mended += [{"click": "Save"}, {"frame": "A yurt for everybody."}]
    visit(staff(), [
        {"goto": "/login"}, {"fill": {"Name": "ann", "Password": PASSWORD}}, {"click": "Log in"},
        {"click": "Press room", "role": "link"}, {"fill": {"Title": "Yurts"}}, {"click": "Begin"}, *typed, *mended,
        {"click": "Test and send ...", "role": "link"}, {"expect": "Yurts"},
        {"check": ["Now: you can take it back for 30 s", "I have read the issue in all its languages"]},
        {"click": "Send the issue"}, {"expect": "Yurts"}],
        [{"name": "__Host-newsletter", "secure": True, "httpOnly": True, "sameSite": "Strict"}], scripts=scripts)
    assert connected.sql("SELECT title, state FROM issue") == [("Yurts", "scheduled")]


@pytest.mark.slow
@needs_browser
@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("language", ["en", "ar"])
def test_looks(desk, connected, tmp_path, language):
    connected.add_active(["reader@example.org"])
    desk.save(revision=desk.revision(), **FIELDS)
    desk.upload("picture", "yurt.png", PNG, alt="A yurt")
    paths = {"drafts": "/drafts", "draft": desk.path, "versions": desk.path + "/history", "send": desk.path + "/send"}
    look(tmp_path, {f"press-{language}-{name}": f"{desk.http.url}{path}?language={language}" for name, path in paths.items()},
         widths=(375, 1280) if language == "en" else (375,), mail=False, cookie=desk.http.cookie)
