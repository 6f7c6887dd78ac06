"""Subscribers in the dashboard: found, read, added, corrected, unsubscribed, suppressed, forgotten, and given their data."""
import json
import re

import pytest

from browser import needs_browser
from conftest import wait_for
from test_accounts import add_account
from test_look import look
from test_staff import dashboard

CULTURE = ("list", "add", "culture", "--from", "culture@example.org", "--title", "Culture Letter", "--postal-address", "1 Quay Street")


@pytest.fixture
def staff(connected):
    with dashboard(connected, "people") as server:
        yield server


def person(connected, address):
    return connected.sql("SELECT id FROM subscriber WHERE address = ?", address)[0][0]


def found(page):
    return re.findall(r'href="/people/\d+"><bdi>([^<]+)</bdi>', page.text)


def cells(text):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


# ---- finding ----

@pytest.mark.slow(1)
def test_finding(staff, connected):
    connected.add_active(["ann@example.org", "bob@other.example"], name="Айгүл <b>Нұрлан</b>")
    connected.add_active(["annette@example.org"], name="Zoe O'Hara")
    connected.run("subscribe", "waits@example.org")
    cases = {"": 4, "ann": 2, "ANN@": 1, "@other": 1, "O'Har": 1, "НҰРЛАН": 2, "айг": 2, "%": 0, "_": 0, "nobody": 0,
             '"': 0, "' OR 1=1": 0, "nn": 0, "an": 2, "w": 1, "a": 2, "О": 0, "ha": 0, " ann ": 2, "O'H": 1, '"hara': 0,
             "ай": 2, "нұ": 0, "zz": 0, "example.org": 3}
    for part, count in cases.items():
        page = staff.get("/people?q=" + "".join(f"%{byte:02x}" for byte in part.encode()), Cookie=staff.cookie)
        assert page.status == 200 and len(found(page)) == count, (part, found(page))
        assert ("Nobody was found" in page.text) == (count == 0) and "<b>" not in page.text
    assert found(staff.page("/people?state=pending")) == ["waits@example.org"]
    assert found(staff.page("/people?q=ann&list=bulletin&state=unsubscribed")) == []
    assert "News Bulletin</bdi>: Active" in staff.page("/people?q=annette").text
    assert staff.page("/people?state=nosuch").status == 400 and staff.page("/people?list=nosuch").status == 400


def test_pages_of_people(staff, connected):
    connected.add_active([f"user{number:03}@example.org" for number in range(120)])
    for start in ("/people", "/people?q=user", "/people?q=us&list=bulletin"):
        seen, path = [], start
        while path:
            page = staff.page(path)
            seen += found(page)
            more = re.search(r'href="(/people\?[^"]+)">More', page.text)
            path = more and more.group(1).replace("&amp;", "&")
        assert sorted(seen) == [f"user{number:03}@example.org" for number in range(120)], start


# ---- one person ----

@pytest.mark.slow(1)
def test_a_person(staff, connected, server):
    """Lists, states, consent with its proof, deliveries with the server's words, what came back, and what they did."""
    server.handler.reject.add("gone@example.org")
    connected.write("people.csv", "email,name\ngone@example.org,Gül\n")
    connected.run("import", "people.csv", "--consent", "Fair <2026>")
    connected.sql("UPDATE subscriber SET attributes = '{\"city\":\"Almaty\",\"age\":\"41\"}'")
    connected.run("send", "--yes", connected.issue())
    wait_for(lambda: connected.sql("SELECT state FROM delivery") == [("bounced",)])
    page = staff.page(f"/people/{person(connected, 'gone@example.org')}")
    text = cells(page.text)
    assert "Gül" in text and "Fair &lt;2026&gt;" in text and re.search(r"News Bulletin +Bounced", text)
    assert 'name="attribute.city" value="Almaty"' in page.text and 'name="attribute.age" value="41"' in page.text
    reply = connected.sql("SELECT reply_text FROM delivery")[0][0]
    assert reply and f"Bounced 1 550 {reply}" in text and "Imported" not in text
    kind, reason = connected.sql("SELECT kind, reason FROM bounce")[0]
    russian = staff.page(f"/people/{person(connected, 'gone@example.org')}?language=ru").text
    assert (kind, reason) == ("hard", "no-such-user") and "Permanent No such user" in text and "no-such-user" not in page.text + russian
    for path in ("/people/99", "/people/0", "/people/-1", "/people/x", "/people/1x", "/people/", "/people/1/data/data",
                 "/people/99/data", "/people/99999999999999999999999999"):
        assert staff.page(path).status == 404, path


# ---- adding ----

@pytest.mark.slow(1)
def test_adding(staff, connected):
    def add(**form):
        return staff.press("/people", list="bulletin", **form)
    stated = add(address="ann@example.org", name="Ann Lee", language="kk", consent="paper form")
    assert stated.status == 303 and stated.getheader("Location").endswith("?done=active")
    assert connected.sql("SELECT r.name, r.language, s.state, s.consent_source FROM subscriber r JOIN subscription s ON "
                         "s.subscriber = r.id") == [("Ann Lee", "kk", "active", "paper form")]
    asked = add(address="bob@example.org")
    assert asked.getheader("Location").endswith("?done=pending")
    assert "asks for confirmation" in staff.page(asked.getheader("Location")).text
    assert connected.sql("SELECT kind FROM delivery") == [("confirmation",)]
    assert add(address="ann@example.org").getheader("Location").endswith("?done=already")
    connected.run("suppress", "add", "no@example.org")
    assert "never mailed" in staff.page(add(address="no@example.org").getheader("Location")).text
    for form in ({"address": "no address"}, {"address": "x@example.org", "language": "not a language"}, {"address": ""}):
        assert add(**form).status == 400
    assert staff.press("/people", address="x@example.org", list="nosuch").status == 404
    assert connected.sql("SELECT count(*) FROM subscriber WHERE address LIKE 'x@%'") == [(0,)]


# ---- correcting ----

def save(staff, page, **form):
    revision = re.search(r'name="revision" value="([0-9a-f]+)"', staff.page(page).text).group(1)
    return staff.press(page, **{"action": "save", "revision": revision, **form})


@pytest.mark.slow(1)
def test_correcting(staff, connected):
    connected.write("people.csv", "email,name,city,age\nann@example.org,Ann,Bonn,41\n")
    connected.run("import", "people.csv", "--consent", "fair")
    ann = person(connected, "ann@example.org")
    connected.sql("UPDATE subscriber SET attributes = '{\"city\":\"Bonn\",\"age\":\"41\",\"tags\":[\"a\",\"b\"]}'")
    page = f"/people/{ann}"
    done = save(staff, page, name="Anna", language="ru", **{"attribute.city": "Köln", "attribute.age": "42",
                                                            "attribute.tags": '["a"]', "new_attribute": "topic", "new_value": "sea",
                                                            # nobody asked for these
                                                            "address": "evil@example.org", "state": "active", "id": "7"})
    assert done.status == 303 and "The changes have been saved" in staff.page(done.getheader("Location")).text
    address, name, language, attributes = connected.sql("SELECT address, name, language, attributes FROM subscriber")[0]
    assert (address, name, language) == ("ann@example.org", "Anna", "ru")
    assert json.loads(attributes) == {"city": "Köln", "age": "42", "tags": ["a"], "topic": "sea"}
    assert save(staff, page, name="Anna", language="ru", **{"attribute.city": ""}).status == 303
    assert "city" not in json.loads(connected.sql("SELECT attributes FROM subscriber")[0][0])
    for form in ({"name": "Anna", "language": "no such tag"}, {"name": "Anna", "language": "ru", "new_attribute": "not a name", "new_value": "x"}):
        assert save(staff, page, **form).status == 400
    # what somebody else has done meanwhile is not lost
    assert save(staff, page, revision="0" * 32, name="Lost", language="").status == 409
    assert save(staff, page, revision="", name="Lost", language="").status == 409
    assert connected.sql("SELECT name FROM subscriber") == [("Anna",)]
    assert "Changed by staff" in staff.page(page).text


# ---- ending ----

@pytest.mark.slow(1)
def test_ending_and_beginning_again(staff, connected):
    connected.add_active(["ann@example.org"])
    connected.run(*CULTURE)
    ann = person(connected, "ann@example.org")
    page = f"/people/{ann}"

    def state():
        return connected.sql("SELECT l.name, s.state FROM subscription s JOIN list l ON l.id = s.list ORDER BY l.id")
    assert staff.press(page, action="join", list="culture", consent="by telephone").getheader("Location").endswith("done=active")
    assert staff.press(page, action="unsubscribe", list="bulletin").status == 303
    assert state() == [("bulletin", "unsubscribed"), ("culture", "active")]
    assert staff.press(page, action="join", list="bulletin", consent="by telephone").getheader("Location").endswith("done=left")
    assert staff.press(page, action="join", list="bulletin").getheader("Location").endswith("done=pending")
    assert staff.press(page, action="join", list="bulletin").getheader("Location").endswith("done=soon")
    assert connected.sql("SELECT count(*) FROM delivery WHERE kind = 'confirmation'") == [(1,)]
    connected.sql("UPDATE delivery SET state = 'sent'")
    connected.sql("UPDATE subscription SET noticed_at = 1")
    assert staff.press(page, action="join", list="bulletin").getheader("Location").endswith("done=pending")
    assert staff.press(page, action="unsubscribe").status == 303
    assert {row[1] for row in state()} == {"unsubscribed"}
    assert staff.press(page, action="suppress", reason="asked by telephone").status == 303
    assert "asked by telephone" in staff.page(page).text
    assert connected.sql("SELECT reason FROM suppression") == [("asked by telephone",)]
    assert staff.press(page, action="lift").status == 303 and connected.sql("SELECT * FROM suppression") == []
    assert staff.press(page, action="erase").status == 400
    assert staff.press(page, action="nosuch").status == 400
    assert person(connected, "ann@example.org") == ann
    assert staff.press(page, action="erase", sure="yes").getheader("Location") == "/people?done=forgotten"
    assert connected.sql("SELECT address FROM subscriber") == [("(erased)",)] and staff.page(page).status == 404
    # each is noted, with the number and never the address
    log = connected.run("staff", "log", "--json").out
    actions = [line["action"] for line in json.loads(log) if line["object"] == f"subscriber {ann}"]
    assert {"subscriber add", "subscriber unsubscribe", "subscriber suppress", "subscriber erase"} <= set(actions)
    assert "ann@example.org" not in log and "@" not in log


def test_their_data_as_a_file(staff, connected):
    connected.add_active(["ann@example.org"], name="Ann")
    ann = person(connected, "ann@example.org")
    file = staff.page(f"/people/{ann}/data")
    assert file.getheader("Content-Disposition") == 'attachment; filename="subscriber.json"'
    data = json.loads(file.text)
    assert data["address"] == "ann@example.org" and data["subscriptions"][0]["state"] == "active"
    assert data == json.loads(connected.run("export", "--subject", "ann@example.org").out)
    assert [line["action"] for line in json.loads(connected.run("staff", "log", "--json").out)][0] == "subscriber export"


@pytest.mark.slow(1)
def test_suppressions(staff, connected):
    assert "There is no such address" in staff.page("/suppressions").text
    assert staff.press("/suppressions", action="add", address="Ann@Example.org", reason="by <telephone>").status == 303
    page = staff.page("/suppressions").text
    assert "<bdi>ann@example.org</bdi>" in page and "by &lt;telephone&gt;" in page
    for form in ({"action": "add", "address": "none"}, {"action": "lift", "address": "bob@example.org"}, {"action": "x", "address": "b@example.org"}):
        assert staff.press("/suppressions", **form).status in (400, 404), form
    assert staff.press("/suppressions", action="lift", address="ann@example.org").getheader("Location") == "/suppressions?done=lifted"
    assert connected.sql("SELECT * FROM suppression") == []
    for number in range(230):
        connected.sql("INSERT INTO suppression (address_key, reason, since) VALUES (?, 'x', 1)", f"u{number:03}+x@example.org")
    seen, path = [], "/suppressions"
    while path:
        page = staff.page(path).text
        seen += re.findall(r'scope="row"><bdi>([^<]+)<', page)
        more = re.search(r'href="(/suppressions\?after=[^"]+)"', page)
        path = more and more.group(1)
    assert seen == [f"u{number:03}+x@example.org" for number in range(230)]


# ---- who may ----

@pytest.mark.slow(1)
def test_people_of_one_list(staff, connected):
    """An account that looks after one list sees who is on it, and of them nothing that concerns other lists."""
    connected.add_active(["ann@example.org", "both@example.org"])
    connected.run(*CULTURE)
    connected.write("culture.csv", "email\nboth@example.org\n")
    connected.run("import", "culture.csv", "--consent", "fair", "--list", "culture")
    ann, both = person(connected, "ann@example.org"), person(connected, "both@example.org")
    add_account(connected, "kim", "none")
    connected.run("staff", "role", "kim", "people", "--list", "culture")
    staff.login("kim")
    assert 'href="/people"' in staff.page("/").text
    for path in ("/people", "/people?list=bulletin", "/people?q=example"):
        page = staff.page(path)
        assert found(page) == ["both@example.org"] and "News Bulletin" not in page.text, path
    assert staff.page(f"/people/{ann}").status == 404 and staff.page(f"/people/{both}/data").status == 403
    page = staff.page(f"/people/{both}").text
    assert "Culture Letter" in page and "News Bulletin" not in page and 'value="erase"' not in page
    assert staff.page("/suppressions").status == 403
    for action in ("save", "suppress", "lift", "erase"):
        assert staff.press(f"/people/{both}", action=action, sure="yes").status == 403, action
    for form in ({"action": "unsubscribe"}, {"action": "unsubscribe", "list": "bulletin"}, {"action": "join", "list": "bulletin"}):
        assert staff.press(f"/people/{both}", **form).status == 400, form
    assert staff.press("/people", address="new@example.org", list="bulletin").status == 404
    assert connected.sql("SELECT state FROM subscription WHERE list = 1") == [("active",)] * 2
    assert staff.press(f"/people/{both}", action="unsubscribe", list="culture").status == 303
    # and the other way round: everywhere but on one list
    connected.run("staff", "role", "ann", "viewer", "--list", "culture")
    staff.login("ann")
    page = staff.page(f"/people/{both}").text
    assert "News Bulletin" in page and "Culture Letter" not in page and 'value="erase"' not in page
    assert staff.page(f"/people/{both}/data").status == 403


def test_a_form_from_elsewhere_changes_nobody(staff, connected):
    connected.add_active(["ann@example.org"])
    ann = person(connected, "ann@example.org")
    for csrf in ("", "0000000000000000"):
        for path, form in ((f"/people/{ann}", {"action": "erase", "sure": "yes"}), ("/people", {"address": "x@example.org", "list": "bulletin"})):
            assert staff.post(path, {"csrf": csrf, **form}, Cookie=staff.cookie).status == 403
    assert connected.sql("SELECT address FROM subscriber") == [("ann@example.org",)]


# ---- how it looks ----

@needs_browser
@pytest.mark.slow(20)
@pytest.mark.one_engine("the engine makes no difference")
def test_how_the_pages_look(staff, connected, server, tmp_path):
    """axe-core, no sideways scrolling, nothing from elsewhere: light and dark, telephone and desktop; in other
    languages one width is enough, since they change no colours."""
    server.handler.reject.add("gone@example.org")
    connected.write("people.csv", "email,name,city\ngone@example.org,Айгүл,Алматы\nann@example.org,Ann,Bonn\n")
    connected.run("import", "people.csv", "--consent", "fair")
    connected.run("send", "--yes", connected.issue())
    connected.run("suppress", "add", "gone@example.org")
    connected.run("subscribe", "waits@example.org")
    connected.sql("UPDATE staff SET role = 'administrator'")
    paths = {"people": "/people?", "person": f"/people/{person(connected, 'gone@example.org')}?done=saved&",
             "suppressions": "/suppressions?", "waits": f"/people/{person(connected, 'waits@example.org')}?", "account": "/account?", "accounts": "/accounts?", "audit": "/audit?"}
    look(tmp_path, {name: f"{staff.url}{path}language=en" for name, path in paths.items()}, widths=(375, 1280), mail=False,
         cookie=staff.cookie)
    look(tmp_path, {f"{name}-{language}": f"{staff.url}{paths[name]}language={language}" for language in ("ru", "kk", "ar")
                    for name in ("people", "person")}, widths=(375,), mail=False, cookie=staff.cookie)
