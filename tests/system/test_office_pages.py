"""Pages of the dashboard for bounces, lists, segments, tokens and webhooks: what they do, to whom, and how they look."""
import html
import json
import re

import pytest

from browser import needs_browser
from test_accounts import add_account
from test_look import look
from test_staff import dashboard


@pytest.fixture
def staff(connected):
    with dashboard(connected, "administrator") as server:
        yield server


def done(connected):
    """The lines of the audit log, the newest first."""
    return [(line["door"], line["action"], line["object"]) for line in json.loads(connected.run("staff", "log", "--json").out)]


# ---- mail that was not understood ----

RIDDLE = (b"From: someone@example.net\r\nTo: bounces@example.org\r\nSubject: \xd0\x96 <b>\r\nMessage-ID: <r1@example.net>\r\n\r\n"
          b"The quick brown fox.\x1b[31m\r\n<script>alert(1)</script>\r\n")


def keep(connected, message=RIDDLE):
    connected.run("bounce", stdin=message, expect=None)
    return connected.sql("SELECT max(id) FROM returned WHERE message IS NOT NULL")[0][0]


@pytest.mark.slow(1)
def test_mail_that_was_not_understood(staff, connected):
    kept = keep(connected)
    assert f'href="/bounces/{kept}"' in staff.page("/bounces").text
    page = staff.page(f"/bounces/{kept}").text
    assert "quick brown fox." in page and "<script>alert" not in page and "\x1b" not in page and "Ж" in page
    assert staff.press(f"/bounces/{kept}", action="suppress", address="no address").status == 400
    assert connected.sql("SELECT count(*) FROM suppression") == [(0,)]
    assert staff.press(f"/bounces/{kept}", action="suppress", address="Gone@example.org").getheader("Location") == "/bounces?done=read"
    assert connected.sql("SELECT address_key FROM suppression") == [("gone@example.org",)]
    assert staff.page(f"/bounces/{kept}").status == 404 and "There is none" in staff.page("/bounces?done=read").text
    other = keep(connected, RIDDLE.replace(b"r1@", b"r2@"))
    assert staff.press(f"/bounces/{other}", action="burn").status == 400
    assert staff.press(f"/bounces/{other}", action="dismiss").status == 303
    assert connected.sql("SELECT count(*) FROM returned WHERE message IS NOT NULL") == [(0,)]
    for path in ("/bounces/0", "/bounces/x", "/bounces/1/2", "/bouncesx", f"/bounces/{other}0"):
        assert staff.page(path).status == 404, path


# ---- lists ----

def settings(page):
    return {name: value for name, value in re.findall(r'<input type="\w+" id="\w+" name="(\w+)" value="([^"]*)"', page)}


def test_settings_of_a_list(staff, connected):
    page = staff.page("/lists/bulletin").text
    before = settings(page)
    revision = re.search(r'name="revision" value="(\w+)"', page).group(1)
    assert before["title"] == "News Bulletin" and "private" in page
    wanted = {**before, "title": "Amtsblatt <b>", "from": "Presse <presse@example.org>", "language": "de", "private": "yes"}
    answer = staff.press("/lists/bulletin", action="save", revision=revision, **wanted)
    assert answer.getheader("Location") == "/lists/bulletin?done=1"
    assert connected.sql("SELECT title, sender, language, private FROM list") == [("Amtsblatt <b>", "Presse <presse@example.org>", "de", 1)]
    stale = staff.press("/lists/bulletin", action="save", revision=revision, **{**wanted, "title": "Mine"})
    assert stale.status == 409 and 'value="Mine"' in stale.text
    now = re.search(r'name="revision" value="(\w+)"', staff.page("/lists/bulletin").text).group(1)
    for wrong in ({"from": "nobody"}, {"from": ""}, {"language": "no such"}, {"title": "x\ny"}):
        assert staff.press("/lists/bulletin", action="save", revision=now, **{**wanted, **wrong}).status == 400, wrong
    assert connected.sql("SELECT title, sender FROM list") == [("Amtsblatt <b>", "Presse <presse@example.org>")]
    assert done(connected)[0] == ("browser", "list change", "list bulletin")


def test_lists_come_and_go(staff, connected):
    assert staff.press("/lists", action="add", name="culture", title="Culture", **{"from": "c@example.org"}).status == 303
    assert staff.press("/lists", action="add", name="culture", title="Culture", **{"from": "c@example.org"}).status == 400
    assert "Culture" in staff.page("/lists").text
    connected.write("c.csv", "email\nzoe@example.org\n")
    connected.run("import", "c.csv", "--list", "culture", "--consent", "fair")
    assert staff.press("/lists/culture", action="rename", other="arts").status == 303
    assert staff.page("/lists/culture").status == 404
    page = staff.page("/lists/arts").text
    assert "deleted with it: 1" in re.sub(r"\s+", " ", page)
    assert staff.press("/lists/arts", action="remove", sure="culture").status == 400
    assert staff.press("/lists/arts", action="remove", sure="arts").status == 303
    assert connected.sql("SELECT name FROM list") == [("bulletin",)] and connected.sql("SELECT count(*) FROM subscriber") == [(0,)]


@pytest.mark.slow(1)
def test_who_administers_one_list(staff, connected):
    connected.run("list", "add", "culture", "--from", "culture@example.org", "--title", "Culture Letter")
    add_account(connected, "kim", "none")
    connected.run("staff", "role", "kim", "administrator", "--list", "culture")
    staff.login("kim")
    page = staff.page("/lists").text
    assert "Culture Letter" in page and "News Bulletin" not in page and 'value="add"' not in page
    assert staff.page("/lists/bulletin").status == 404
    assert staff.press("/lists/bulletin", action="save", title="Mine").status == 404
    assert staff.press("/lists/culture", action="remove", sure="culture").status == 403
    assert staff.press("/lists", action="add", name="new", **{"from": "c@example.org"}).status == 403
    assert staff.press("/lists/culture", action="save", title="Mine", **{"from": "culture@example.org"}).status == 303
    assert connected.sql("SELECT title FROM list ORDER BY name") == [("News Bulletin",), ("Mine",)]


# ---- segments ----

@pytest.fixture
def crowd(connected):
    connected.write("people.csv", "email,name,language,city,age\n" + "".join(
        f"p{number}@example.org,Person {number},{'ru' if number % 2 else 'en'},{'Aktau' if number % 3 else 'Bonn'},{number}\n"
        for number in range(30)))
    connected.run("import", "people.csv", "--consent", "fair", "--keep-columns")
    return connected


def condition(number, field, test, value="", attribute=""):
    return {f"f{number}": field, f"a{number}": attribute, f"t{number}": test, f"v{number}": value}


def built(staff, match, *conditions):
    form = {"build": "1", "match": match, "name": "", "list": ""}
    for number, words in enumerate(conditions, 1):
        form.update(condition(number, *words))
    return staff.page("/segments?" + "&".join(f"{name}={escape(value)}" for name, value in form.items()))


def escape(text):
    return "".join(f"%{byte:02x}" for byte in text.encode())


def expression(page):
    return html.unescape(re.search(r"<textarea[^>]*>([^<]*)</textarea>", page.text).group(1))


def counted(page):
    found = re.search(r"Active subscriptions: <strong>(\d+)<", page.text)
    return found and int(found.group(1))


@pytest.mark.parametrize("match, conditions, text, count", [
    ("all", [("language", "=", "ru"), ("attribute", "=", "Bonn", "city")], 'language = "ru" and city = "Bonn"', 5),
    ("any", [("language", "=", "ru"), ("attribute", "=", "Bonn", "city")], 'language = "ru" or city = "Bonn"', 20),
    ("all", [("attribute", ">=", "28", "age")], "age >= 28", 2),
    ("all", [("name", "~", 'person "1\\')], 'name ~ "person \\"1\\\\"', 0),
    ("all", [("attribute", "known", "", "city"), ("", "=", "left out")], "city is known", 30),
    ("all", [("email", "!=", "p1@example.org"), ("joined", ">", "2 days ago")], 'email != "p1@example.org" and joined > "2 days ago"', 29),
])
def test_building_a_segment(staff, crowd, match, conditions, text, count):
    page = built(staff, match, *conditions)
    assert page.status == 200 and expression(page) == text and counted(page) == count
    again = staff.page("/segments?where=" + escape(text))  # what is written comes back as conditions
    assert counted(again) == count
    chosen = re.findall(r'<option value="([^"]+)" selected>', html.unescape(again.text))
    if '"person' not in text:
        assert [word for word in chosen if word not in ("any",)][:2] == list(conditions[0][:2])


def test_segments_that_are_none(staff, crowd):
    for words in (("language", "is in", "ru"), ("age", "=", "1"), ("attribute", "=", "1", "a = 1 or b"), ("attribute", "=", "x", "nosuch")):
        page = built(staff, "all", words)
        assert page.status == 400 and 'role="alert"' in page.text and counted(page) is None, words
    for text in ("language =", "(" * 500, "x" * 4001, 'language = "ru" or'):
        assert staff.page("/segments?where=" + escape(text)).status == 400
    rich = staff.page("/segments?where=" + escape('not (language = "ru" or city in ("Bonn", "Aktau"))'))
    assert rich.status == 200 and "too complex" in rich.text and counted(rich) == 0


def test_segments_are_kept(staff, crowd):
    assert staff.press("/segments", action="save", name="press", where='language = "ru"').getheader("Location") == "/segments?done=saved"
    page = staff.page("/segments?name=press")
    assert counted(page) == 15 and expression(page) == 'language = "ru"'
    assert staff.press("/segments", action="save", name="Not A Name", where='language = "ru"').status == 400
    assert staff.press("/segments", action="save", name="other", where="language =").status == 400
    assert staff.press("/segments", action="burn", name="press").status == 400
    assert staff.page("/segments?name=nosuch").status == 400
    assert staff.press("/segments", action="remove", name="press").status == 303
    assert crowd.sql("SELECT count(*) FROM segment") == [(0,)]
    assert [line[1] for line in done(crowd)[:2]] == ["segment remove", "segment save"]


# ---- tokens and webhooks ----

def test_tokens(staff, connected):
    answer = staff.press("/tokens", action="add", name="robot", **{"scope-people": "yes", "list-bulletin": "yes", "days": "30"})
    token = re.search(r"<code>([0-9a-f-]{36})</code>", answer.text).group(1)
    assert staff.get("/api/v1/lists", Authorization=f"Bearer {token}").status == 200
    assert staff.get("/api/v1/webhooks", Authorization=f"Bearer {token}").status == 403
    assert token not in staff.page("/tokens").text
    scopes, lists, left = connected.sql("SELECT scopes, lists, expires_at - created_at FROM api_token")[0]
    assert (scopes, lists, left) == ("read people owner:ann", "bulletin", 30 * 86400)
    for wrong in ({"name": "robot"}, {"name": "a b"}, {"name": "x", "days": "0"}, {"name": "x", "days": "99999"}, {"name": "y" * 65}):
        assert staff.press("/tokens", action="add", **wrong).status == 400, wrong
    assert staff.press("/tokens", action="end", name="nosuch").status == 400
    assert staff.press("/tokens", action="end", name="robot").status == 303
    assert staff.get("/api/v1/lists", Authorization=f"Bearer {token}").status == 401
    assert [line[1:] for line in done(connected)[:2]] == [("token end", "token robot"), ("token add", "token robot")]
    assert token not in staff.stop()


def test_webhooks(staff, connected):
    assert staff.press("/webhooks", action="add", name="crm", url="http://10.0.0.1/hook").status == 400  # a private network
    answer = staff.press("/webhooks", action="add", name="crm", url="http://127.0.0.1:9/hook", **{"kind-bounced": "yes"})
    secret = re.search(r"<code>(whsec_[^<]+)</code>", answer.text).group(1)
    assert secret not in staff.page("/webhooks").text + staff.page("/webhooks/crm").text
    assert connected.sql("SELECT kinds, enabled FROM webhook") == [("bounced", 1)]
    failed = staff.press("/webhooks/crm", action="test")
    assert failed.status == 200 and "The test has failed" in failed.text
    assert "test" in re.search(r"<tbody>.*</tbody>", staff.page("/webhooks/crm").text, re.S).group(0)
    assert staff.press("/webhooks/crm", action="off").status == 303 and connected.sql("SELECT enabled FROM webhook") == [(0,)]
    assert staff.press("/webhooks/crm", action="on").status == 303 and connected.sql("SELECT enabled FROM webhook") == [(1,)]
    assert staff.press("/webhooks/crm", action="burn").status == 400 and staff.page("/webhooks/nosuch").status == 404
    assert staff.press("/webhooks/crm", action="remove").status == 303 and connected.sql("SELECT count(*) FROM webhook") == [(0,)]
    assert staff.press("/webhooks/crm", action="test").status == 404


# ---- how they look ----

@needs_browser
@pytest.mark.slow(20)
@pytest.mark.one_engine("the engine makes no difference")
def test_how_the_pages_look(staff, crowd, tmp_path):
    """As the other pages of the dashboard: axe-core, no sideways scrolling, light and dark; languages in one width."""
    kept = keep(crowd)
    crowd.run("segment", "add", "press", 'language = "ru" and city = "Aktau"')
    staff.press("/tokens", action="add", name="robot")
    staff.press("/webhooks", action="add", name="crm", url="http://127.0.0.1:9/hook")
    staff.press("/webhooks/crm", action="test")
    paths = {"bounces": "/bounces?", "bounce": f"/bounces/{kept}?", "lists": "/lists?", "list": "/lists/bulletin?", "tokens": "/tokens?",
             "segments": "/segments?name=press&", "webhooks": "/webhooks?", "webhook": "/webhooks/crm?"}
    look(tmp_path, {name: f"{staff.url}{path}language=en" for name, path in paths.items()}, widths=(375, 1280), mail=False,
         cookie=staff.cookie)
    look(tmp_path, {f"{name}-{language}": f"{staff.url}{paths[name]}language={language}" for name, language in
                    (("segments", "ru"), ("list", "kk"), ("segments", "ar"), ("tokens", "ar"))}, widths=(375,), mail=False,
         cookie=staff.cookie)
