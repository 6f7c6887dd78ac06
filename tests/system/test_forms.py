"""Strangers can do two things through a form: join public lists, and set the attributes under `forms`."""
import json
import re

import pytest
from conftest import wait_for
from test_serve import web  # noqa: F401  (a fixture)

FORMS = {
    "city": {"label": {"en": "City", "ru": "Город", "kk": "Қала"}},
    "age": {"label": "Age", "type": "number"},
    "born": {"type": "date"},
    "topic": {"type": "choice", "choices": {"sea": {"en": "By sea", "ru": "Морем"}, "rail": "By rail"}},
    "size": {"type": "choice", "choices": ["small", "large"]},
    "visits": {"label": "I like visits", "type": "yes/no"},
}


def attributes(site):
    return [json.loads(row[0]) for row in site.sql("SELECT attributes FROM subscriber ORDER BY id")]


def lists(site):
    return site.sql("SELECT l.name FROM subscription s JOIN list l ON l.id = s.list ORDER BY l.name")


@pytest.fixture
def private(connected):
    connected.run("list", "add", "internal", "--from", "in@example.org", "--title", "Internal", "--private")
    return connected


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("body", [b"email=eve%40example.org&list=internal",
                                  b"email=eve%40example.org&list=Internal",
                                  b'{"email": "eve@example.org", "list": "internal"}',
                                  b'{"email": "eve@example.org", "list": ["internal", "nosuch"]}'])
def test_to_a_hook_there_are_only_public_lists(private, body):
    result = private.run("subscribe", "--source", "website", stdin=body, expect=67)
    assert "there are: bulletin" in result.err and "there are: bulletin, internal" not in result.err
    assert lists(private) == []


def test_with_one_public_list_a_form_needs_none(private):
    private.run("subscribe", "--no-wait", stdin=b"email=ann%40example.org")
    assert lists(private) == [("bulletin",)]


def test_an_operator_may_name_any_list(private):
    private.run("subscribe", "ann@example.org", "--list", "internal")
    private.run("subscribe", "--list", "internal", stdin=b"email=bob%40example.org&list=bulletin")
    assert lists(private) == [("internal",), ("internal",)]


@pytest.mark.parametrize("body", [b"email=ann%40example.org&list=bulletin&list=events&list=bulletin&list=internal",
                                  b'{"email": "ann@example.org", "list": ["bulletin", "internal", "events"]}'])
def test_several_lists_at_once(private, server, body):
    private.run("list", "add", "events", "--from", "events@example.org", "--title", "Events")
    assert "which list?" in private.run("subscribe", stdin=b"email=ann%40example.org", expect=64).err
    private.run("subscribe", "--wait", stdin=body)
    assert lists(private) == [("bulletin",), ("events",)]
    assert server.count() == 2


def test_the_website_knows_only_public_lists(web, private):
    http = web("--no-mail")
    page = http.get("/join").text
    assert "Internal" not in page and 'type="hidden" name="list" value="bulletin"' in page
    for path, form in (("/join", {"list": "internal"}), ("/join?list=internal", {})):
        answer = http.post(path, {"email": "eve@example.org", **form})
        assert "Internal" not in answer.text and "Thank you" not in answer.text
    assert lists(private) == []
    assert "Thank you" in http.post("/join", {"email": "ann@example.org"}).text
    assert lists(private) == [("bulletin",)]


def test_several_lists_on_the_website(web, private, server):
    private.run("list", "add", "events", "--from", "events@example.org", "--title", "Events")
    http = web()
    assert 'type="checkbox" name="list" value="events"' in http.get("/join").text
    assert "Please choose a list" in http.post("/join", {"email": "ann@example.org"}).text
    kept = http.request("POST", "/join", body="email=nonsense&list=events&list=bulletin",
                        headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert len(re.findall(r'name="list" value="\w+" checked', kept.text)) == 2
    done = http.request("POST", "/join", body="email=ann%40example.org&list=events&list=bulletin&list=internal",
                        headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert "Thank you" in done.text and lists(private) == [("bulletin",), ("events",)]
    wait_for(lambda: len(server.messages("ann@example.org")) == 2)


def test_a_form_sets_no_attribute_that_is_not_listed(web, connected):
    http = web(forms={"city": None})
    for form in ({"attribute.press": "yes", "attribute.city": "Aktau"},
                 {"attribute.": "x", "attribute.a b": "x", "attribute.City": "x", "attribute.city": "Aktau"},
                 {"attribute.x": "y" * 5000, "attributes": '{"press": "yes"}', "attribute.city": " Aktau "}):
        connected.sql("DELETE FROM delivery")
        connected.sql("DELETE FROM confirmation")
        connected.sql("DELETE FROM subscription")
        connected.sql("DELETE FROM subscriber")
        assert "Thank you" in http.post("/join", {"email": "ann@example.org", **form}).text
        assert attributes(connected) == [{"city": "Aktau"}]
    log = http.stop()
    assert "'press' are left out" in log and "y" * 20 not in log
    hook = connected.run("subscribe", "--no-wait", stdin=json.dumps({
        "email": "bob@example.org", "attributes": {"press": "yes", "city": "Almaty", "list": ["a"]}}).encode())
    assert "'press'" in hook.err
    assert attributes(connected)[1] == {"city": "Almaty"}


def test_without_the_setting_no_attribute_is_taken(web, connected):
    http = web("--no-mail")
    assert "Thank you" in http.post("/join", {"email": "ann@example.org", "attribute.city": "Aktau"}).text
    connected.run("subscribe", "--no-wait", stdin=b"email=bob%40example.org&attribute.press=yes")
    assert attributes(connected) == [{}, {}]
    connected.run("subscribe", "cyd@example.org", "--attribute", "press=yes")  # the operator's word
    assert attributes(connected)[2] == {"press": "yes"}


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("attribute, value, stored", [
    ("age", "42", "42"), ("age", "-1,50", "-1.50"), ("age", "+7", "7"), ("age", "ten", None), ("age", "1e5", None),
    ("age", "1.", None), ("age", "0x10", None), ("age", "1" * 40, None), ("age", "1.2.3", None),
    ("born", "1990-02-28", "1990-02-28"), ("born", "2024-02-29", "2024-02-29"), ("born", "2023-02-29", None),
    ("born", "1990-2-8", None), ("born", "08.02.1990", None), ("born", "1990-13-01", None),
    ("born", "1990-02-28x", None), ("born", "1990-04-31", None),
    ("topic", "sea", "sea"), ("topic", "By sea", None), ("topic", "air", None), ("size", "large", "large"),
    ("size", "0", None),
    ("visits", "yes", "yes"), ("visits", "ON", "yes"), ("visits", "0", "no"), ("visits", "maybe", None),
    ("city", "Aktau", "Aktau"), ("city", "a\nb", None), ("city", "x" * 2000, None),
])
def test_values_are_checked_by_type(web, connected, attribute, value, stored):
    http = web("--no-mail", forms=FORMS)
    answer = http.post("/join", {"email": "ann@example.org", f"attribute.{attribute}": value, "name": "Ann"})
    hook = connected.run("subscribe", "--no-wait", stdin=json.dumps(
        {"email": "bob@example.org", f"attribute.{attribute}": value}).encode(), expect=0 if stored else 65)
    if stored:
        assert answer.status == 200 and attributes(connected) == [{attribute: stored}] * 2
    else:
        assert answer.status == 400 and 'aria-invalid="true"' in answer.text and 'value="Ann"' in answer.text
        assert attributes(connected) == [] and attribute in hook.err


def test_the_join_form_shows_them(web, connected):
    http = web("--no-mail", forms=FORMS)
    page = http.get("/join?language=ru").text
    assert ">Город</label>" in page and ">Морем</option>" in page and ">By rail</option>" in page
    assert 'type="date" id="attribute-born"' in page and 'inputmode="decimal"' in page
    assert 'type="checkbox" name="attribute.visits" value="yes">' in page
    assert ">City</label>" in http.get("/join?language=de").text
    again = http.post("/join", {"email": "nonsense", "attribute.topic": "sea", "attribute.visits": "on",
                                "attribute.city": "A&B"}).text
    assert 'value="sea" selected' in again and "checked" in again and 'value="A&amp;B"' in again


@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("value", [None, {}, [], ""])
def test_an_attribute_with_nothing_but_its_name(web, connected, value):
    http = web("--no-mail", forms={"city": value})
    assert "Thank you" in http.post("/join", {"email": "ann@example.org", "attribute.city": "Aktau"}).text
    assert attributes(connected) == [{"city": "Aktau"}]
    page = http.get("/join").text
    assert 'name="attribute.city"' in page and re.search(r"<label[^>]*>\s*city", page)


@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("name", ["serve", "relays", "dkim", "forms", "hooks", "retention"])
@pytest.mark.parametrize("value", [None, {}, []])
def test_a_section_with_nothing_in_it(connected, name, value):
    connected.settings.pop(name, None)
    connected.configure(**{name: value})
    connected.run("status")


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("forms, said", [
    ({"x": {"label": {}}}, "a label is empty"), ({"x": {"label": None}}, "a label is empty"), ({"x": {"type": {}}}, "type is ''"),
    ({"x": {"type": "choice", "choices": []}}, "expected label"), ({"x": {"type": "choice", "choices": [""]}}, "choice"),
    ({"a b": None}, "not an attribute name"), ({"x": {"type": "email"}}, "type is 'email'"),
    ({"x": {"type": "choice"}}, "go together"), ({"x": {"choices": ["a"]}}, "go together"),
    ({"x": {"label": {"not a tag": "x"}}}, "language tag"), ({"x": {"colour": "red"}}, "expected label"),
    ({f"a{i}": {"type": "text"} for i in range(50)}, "32 attributes"), ("city", "expected attributes"),
], ids=str)
def test_a_setting_that_is_wrong_is_named(connected, forms, said):
    connected.configure(forms=forms)
    assert said in connected.run("status", expect=78).err
