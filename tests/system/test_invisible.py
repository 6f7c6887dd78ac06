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


@pytest.mark.first_row_with_postgresql
@pytest.mark.slow(1)
@pytest.mark.parametrize("road", ROADS)
def test_stripped_at_the_ends(site, road):
    for sign in STRANGE:
        assert road(site, f"{sign}Ann@example.org {sign}", f" {sign}Ann Lee{sign} ", f"{sign}Aktau ").returncode == 0
    assert site.sql("SELECT address, address_key, name, attributes FROM subscriber") == [
        ("Ann@example.org", "ann@example.org", "Ann Lee", '{"city":"Aktau"}')]


@pytest.mark.first_row_with_postgresql
@pytest.mark.slow(1)
@pytest.mark.parametrize("road", ROADS)
def test_refused_within(site, road):
    for sign in STRANGE:
        refused = road(site, f"an{sign}n@example.org", "Ann", "Aktau")
        assert refused.returncode == 65 and f"an<U+{ord(sign):04X}>n@example.org" in refused.err, refused.err
        if sign not in "\u00a0\u202f\u3000":
            assert road(site, "ann@example.org", f"A{sign}nn", "Aktau").returncode == 65
            assert road(site, "ann@example.org", "Ann", f"Ak{sign}tau").returncode == 65
    assert site.sql("SELECT count(*) FROM subscriber") == [(0,)]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("road", ROADS)
def test_blank_is_none(site, road):
    assert road(site, "ann@example.org", "\u00a0 \u200b", "\u3000").returncode == 0
    assert site.sql("SELECT name, attributes FROM subscriber") == [(None, "{}")]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("road", ROADS)
def test_white_space_of_another_kind_becomes_a_space(site, road):
    assert road(site, "ann@example.org", "Ann\u00a0Lee", "Nur\u202fSultan").returncode == 0
    assert site.sql("SELECT name, attributes FROM subscriber") == [("Ann Lee", '{"city":"Nur Sultan"}')]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("name", ["Zoë 👩‍🔬", "❤️", "نامه‌ای", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"])
def test_what_writing_needs_stays(site, name):
    assert by_csv(site, "ann@example.org", name, "x").returncode == 0
    assert site.sql("SELECT name FROM subscriber") == [(name,)]


@pytest.mark.slow(1)
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


def stored(site, subscriber, key, address=None, name=None, attributes="{}"):
    """As an earlier version stored it."""
    site.sql("UPDATE subscriber SET address = ?, address_key = ?, name = ?, attributes = ? WHERE id = ?",
             address or key, key, name, attributes, subscriber)


def test_doctor_finds_and_repairs(site):
    site.add_active([f"p{i}@example.org" for i in range(1, 6)])
    stored(site, 1, "\u200bann@example.org", "\u200bAnn@example.org", "Ann\u00ad Lee", '{"city":"Ak\u200btau","tags":["a\u2060","b"]}')
    stored(site, 2, "b\u2060ob@example.org", name="\u3164")
    stored(site, 3, "паша@example.org", name="\U0001f468\u200d\U0001f469 Паша", attributes='{"note":"नमस्ते"}')
    stored(site, 4, "p4@example.org", name="Di\u200ba")
    site.sql("INSERT INTO suppression (address_key, reason, since) VALUES (?, 'x', 1)", "no\u00a0@example.org")
    found = site.run("doctor", "--local", expect=None).out
    assert "3 addresses, 1 of them suppressed, hold invisible characters" in found and "<U+200B>Ann@example.org" in found
    assert "attribute of 3 subscribers" in found
    assert "removed from 3 addresses" in site.run("doctor", "--local", "--repair", expect=None).out
    assert site.sql("SELECT address, address_key, name, attributes FROM subscriber ORDER BY id")[:4] == [
        ("Ann@example.org", "ann@example.org", "Ann Lee", '{"city":"Aktau","tags":["a","b"]}'),
        ("bob@example.org", "bob@example.org", None, "{}"),
        ("паша@example.org", "паша@example.org", "\U0001f468\u200d\U0001f469 Паша", '{"note":"नमस्ते"}'),
        ("p4@example.org", "p4@example.org", "Dia", "{}")]
    assert site.sql("SELECT address_key, reason, since FROM suppression") == [("no@example.org", "x", 1)]
    assert "invisible" not in site.run("doctor", "--local", expect=None).out


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("clean, twin, result", [
    (("active", 100, None), ("active", 50, None), "active"), (("unsubscribed", 100, 200), ("active", 150, None), "unsubscribed"),
    (("active", 100, None), ("unsubscribed", 50, 150), "unsubscribed"), (("active", 300, None), ("unsubscribed", 50, 150), "active"),
    (("active", "imported", None), ("unsubscribed", 50, 150), "unsubscribed"), (("active", "imported", None), ("active", 50, None), "active"),
    (("active", 100, None), ("complained", 50, 150), "complained"), (("active", 100, None), ("bounced", 50, 150), "active"),
    (("complained", 100, 120), ("active", 150, None), "complained"), (None, ("active", 50, None), "active"),
    (None, ("unsubscribed", 50, 60), "unsubscribed")])
def test_two_addresses_become_one(connected, server, clean, twin, result):
    connected.add_active(["ann@example.org", "twin@example.org"])
    stored(connected, 2, "\u200bann@example.org")
    for subscription, state in ((1, clean), (2, twin)):
        if state:
            imported, at = state[1] == "imported", 300 if state[1] == "imported" else state[1]
            connected.sql("UPDATE subscription SET state = ?, confirmed_at = ?, ended_at = ? WHERE id = ?",
                          state[0], at, state[2], subscription)
            if not imported:
                connected.sql("INSERT INTO event (at, kind, list, subscriber) VALUES (?, 'confirmed', 1, ?)", at, subscription)
        else:
            connected.sql("DELETE FROM subscription WHERE id = ?", subscription)
    connected.sql("INSERT INTO suppression (address_key, reason, since) VALUES (?, 'x', 1), (?, 'y', 2)",
                  "eve@example.org", "eve\u200b@example.org")
    assert "1 people who were stored twice were merged" in connected.run("doctor", "--local", "--repair", expect=None).out
    assert connected.sql("SELECT s.state FROM subscription s JOIN subscriber r ON r.id = s.subscriber "
                         "WHERE r.address_key = 'ann@example.org'") == [(result,)]
    assert connected.sql("SELECT address_key, reason FROM suppression") == [("eve@example.org", "x")]
    assert "invisible" not in connected.run("doctor", "--local", expect=None).out
    connected.run("send", "--yes", connected.issue(), expect=None)
    assert len(server.messages("ann@example.org")) == server.count() == int(result == "active")


# An override shows "gpj.exe" as "exe.jpg"; an embedding that stays open turns what stands after the text.
TURNING = ["photo\u202egpj.exe", "\u202dx\u202c", "a \u202bb", "a \u2067b"]


@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("front", [
    {"title": "X"}, {"contact": {"person": "X"}}, {"events": [{"title": "Tea", "date": "2026-12-04", "place": "X"}]},
    {"media": [{"title": "X", "url": "https://sound.example.org/a.mp3"}]}, {"attachments": ["X"]}, {"posted_by": "X"},
], ids=lambda front: next(iter(front)))
def test_no_field_of_an_issue_turns_a_text(site, front):
    for text in TURNING:
        chosen = json.loads(json.dumps(front).replace('"X"', json.dumps(text)))
        assert "invisible character that turns the direction" in site.run("check", site.issue(**chosen), expect=65).err, text
    assert "invisible" not in site.run("check", site.issue("Fine.\n", **json.loads(json.dumps(front).replace('"X"', json.dumps("\u2067x\u2069")))),
                                       expect=None).err


@pytest.mark.slow(1)
@pytest.mark.one_engine("the engine makes no difference")
def test_no_text_of_an_issue_turns_another(site):
    for text in TURNING:
        for body in (f"{text}\n", f"# {text}\n", f"![{text}](https://www.example.org/a.png)\n", f"[{text}](https://www.example.org/)\n",
                     f"- x\n- {text}\n", f"|a|\n|-|\n|{text}|\n", f"`{text}`\n", f"x[^1]\n\n[^1]: {text}\n"):
            assert "invisible character that turns the direction" in site.run("check", site.issue(body), expect=65).err, (text, body)
    site.run("preview", site.issue("\u0645\u0631\u062d\u0628\u0627 \u2068Ann (3)\u2069 \u202bx\u202c \u200f!\n"))


@pytest.mark.one_engine("the engine makes no difference")
def test_no_setting_turns_a_text(site):
    for text in TURNING:
        assert "invisible character" in site.run("list", "edit", "bulletin", "--title", text, expect=65).err
        for wanted in ({"organisation": {"name": text}}, {"organisation": {"social": {text: "https://t.me/x"}}},
                       {"organisation": {"contact": {"person": text}}}, {"media": [{"title": text, "url": "https://x.example/a.mp3"}]},
                       {"forms": {"city": {"label": text}}}):
            before = dict(site.settings)
            site.configure(**wanted)
            assert "invisible character" in site.run("status", expect=78).err, (text, wanted)
            site.settings.clear()
            site.settings.update(before)
            site.configure()
