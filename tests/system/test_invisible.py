"""White space and invisible characters in addresses, names and attributes, whichever way they come in."""
import json

import pytest
from conftest import BINARY
from webserver import WebServer

STRANGE = ["\u00a0", "\u00ad", "\u034f", "\u061c", "\u180e", "\u200b", "\u200e", "\u202a", "\u202f", "\u2060", "\u2066",
           "\u2800", "\u3000", "\u3164", "\ufe0f", "\ufeff", "\U000e0021"]


def quoted(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())


def by_command(site, address, name, city):
    return site.run("subscribe", "--no-wait", address, "--name", name, "--attribute", f"city={city}", expect=None)


def by_form(site, address, name, city):
    site.configure(forms={"city": None})
    body = f"email={quoted(address)}&name={quoted(name)}&attribute.city={quoted(city)}"
    return site.run("subscribe", "--no-wait", stdin=body.encode(), expect=None)


def by_json(site, address, name, city):
    site.configure(forms={"city": None})
    body = {"address": address, "name": name, "attributes": {"city": city}}
    return site.run("subscribe", "--no-wait", stdin=json.dumps(body).encode(), expect=None)


def by_csv(site, address, name, city):
    text = f'email,name,attribute.city\n"{address}","{name}","{city}"\n'
    return site.run("import", "-", "--consent", "x", stdin=text.encode(), expect=None)


def by_json_lines(site, address, name, city):
    row = {"email": address, "name": name, "attributes": {"city": city}}
    return site.run("import", "-", "--consent", "x", stdin=json.dumps(row).encode(), expect=None)


ROADS = [by_command, by_form, by_json, by_csv, by_json_lines]


@pytest.mark.parametrize("road", ROADS)
def test_stripped_at_the_ends(site, road):
    for sign in STRANGE:
        assert road(site, f"{sign}Ann@example.org {sign}", f" {sign}Ann Lee{sign} ", f"{sign}Aktau ").returncode == 0
    assert site.sql("SELECT address, address_key, name, attributes FROM subscriber") == [
        ("Ann@example.org", "ann@example.org", "Ann Lee", '{"city":"Aktau"}')]


@pytest.mark.parametrize("road", ROADS)
def test_refused_within(site, road):
    for sign in STRANGE:
        refused = road(site, f"an{sign}n@example.org", "Ann", "Aktau")
        assert refused.returncode == 65 and f"an<U+{ord(sign):04X}>n@example.org" in refused.err, refused.err
        if sign not in "\u00a0\u202f\u3000":
            assert road(site, "ann@example.org", f"A{sign}nn", "Aktau").returncode == 65
            assert road(site, "ann@example.org", "Ann", f"Ak{sign}tau").returncode == 65
    assert site.sql("SELECT count(*) FROM subscriber") == [(0,)]


@pytest.mark.parametrize("road", ROADS)
def test_blank_is_none(site, road):
    assert road(site, "ann@example.org", "\u00a0 \u200b", "\u3000").returncode == 0
    assert site.sql("SELECT name, attributes FROM subscriber") == [(None, "{}")]


@pytest.mark.parametrize("road", ROADS)
def test_white_space_of_another_kind_becomes_a_space(site, road):
    assert road(site, "ann@example.org", "Ann\u00a0Lee", "Nur\u202fSultan").returncode == 0
    assert site.sql("SELECT name, attributes FROM subscriber") == [("Ann Lee", '{"city":"Nur Sultan"}')]


@pytest.mark.parametrize("name", ["Zoë 👩‍🔬", "❤️", "نامه‌ای", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"])
def test_what_writing_needs_stays(site, name):
    assert by_csv(site, "ann@example.org", name, "x").returncode == 0
    assert site.sql("SELECT name FROM subscriber") == [(name,)]


def test_a_suppression_cannot_be_passed_by(connected, server):
    lines = "".join(f"{sign}bob{index}@example.org{sign}\n" for index, sign in enumerate(STRANGE))
    assert f"{len(STRANGE)} addresses" in connected.run("suppress", "import", "-", stdin=lines.encode()).out
    connected.run("suppress", "add", "\u200bann@example.org\u00a0")
    connected.run("suppress", "add", "a\u200bnn@example.org", expect=65)
    for sign in STRANGE:
        by_csv(connected, f"{sign}ann@example.org{sign}", "Ann", "Aktau")
        by_csv(connected, f"an{sign}n@example.org", "Ann", "Aktau")
    for index in range(len(STRANGE)):
        by_csv(connected, f"bob{index}@example.org", "Bob", "Aktau")
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)]
    connected.run("suppress", "remove", "ann@example.org\u2060")


def test_the_website(connected, server):
    connected.configure(serve={"url": "https://news.example.org", "check_forms": False})
    for name in ("confirm_url", "unsubscribe_url"):
        connected.settings.pop(name, None)
    connected.configure()
    web = WebServer(BINARY, connected.folder)
    try:
        assert web.post("/join", {"email": "\u00a0ann@example.org\u200b", "name": " \u3000 "}).status == 200
        assert web.post("/join", {"email": "a\u200bnn@example.org"}).status == 400
        assert web.post("/join", {"email": "bob@example.org", "name": "B\u202eob"}).status == 400
        assert connected.sql("SELECT address, name FROM subscriber") == [("ann@example.org", None)]
    finally:
        web.stop()
