"""Segments: who is meant, by what is known of them."""
import json
import sqlite3

import pytest
from conftest import SAMPLE


@pytest.fixture
def people(connected):
    rows = [("ann@example.org", "Ann", "ru", {"city": "Aktau", "tags": ["press", "vip"], "age": "41", "rank": "3", "visited": "2021-01-31"}, "2020-01-01"),
            ("bob@mail.example.com", "Bob", "ru-KZ", {"city": "aktau", "tags": "press, radio", "age": "9", "rank": "low", "visited": "2020-12-01"}, "2021-01-01"),
            ("eve@example.org", None, None, {"age": "100", "rank": "", "visited": "2024-02-29"}, "2022-01-01"),
            ("kim@bücher.example", "Kim 100%", "kk", {"city": ""}, "2023-01-01")]
    text = "".join(json.dumps({"email": email, "name": name, "language": language, "attributes": attributes,
                               "confirmed_at": joined, "consent_source": "fair"}) + "\n"
                   for email, name, language, attributes, joined in rows)
    connected.run("import", "-", stdin=text.encode())
    return connected


ALL = "ann bob eve kim"


@pytest.mark.parametrize("where, expected", [
    ('language = "ru"', "ann bob"), ('language = "en"', "eve"), ('language != "ru"', "eve kim"),
    ('language in ("kk", "ru")', "ann kim"), ('city = "aktau"', "ann bob"), ('city is known', "ann bob"),
    ('city is unknown', "eve kim"), ('not city = "aktau"', "eve kim"), ('city != "aktau"', "eve kim"),
    ('tags has "press"', "ann bob"), ('tags has "VIP"', "ann"), ('tags has "radio"', "bob"), ('tags has "rad"', ""),
    ('age > 40', "ann eve"), ('age <= 41', "ann bob"), ('age = 9', "bob"), ('age > "40"', "ann bob"),
    ('domain = "example.org"', "ann eve"), ('domain = "xn--bcher-kva.example"', "kim"), ('email ~ "@mail."', "bob"),
    ('name ~ "100%"', "kim"), ('name is unknown', "eve"), ('name = "%"', ""), ('joined < "2021-06-01"', "ann bob"),
    ('joined > "1000 years ago" and source = "fair"', ALL), ('joined > "1 day ago"', ""),
    ('language = "ru" and (age < 10 or tags has "vip")', "ann bob"),
    ('age < 10.5', "bob"), ('age >= 40.5', "ann eve"), ('age > -1', "ann bob eve"), ('rank > 0', "ann"), ('rank < 5', "ann"),
    ('rank != 3', "bob eve kim"), ('visited < "2021-06-01"', "ann bob"), ('visited > "1000 years ago"', "ann bob eve"), ('visited > "1 day ago"', ""),
    ('name = "\' OR 1=1 --"', ""), ('name in ("Ann", "Bob") and not name = "Bob"', "ann")])
def test_who_is_meant(people, where, expected):
    shown = json.loads(people.run("segment", "show", "--where", where, "--json").out)[0]
    assert [address.split("@")[0] for address in shown["sample"]] == expected.split()
    assert shown["count"] == len(expected.split())
    people.run("segment", "add", "it", where)  # the same with an index of what it compares, if there is one
    assert json.loads(people.run("segment", "show", "it", "--json").out)[0]["sample"] == shown["sample"]


def test_backups_and_the_doctor_bear_its_indexes(people, tmp_path):
    people.run("segment", "add", "here", 'city = "aktau" and age < 30')
    shown = people.run("segment", "show", "here").out
    assert "1 active" in shown
    assert " is undamaged [database]" in people.run("doctor", "--local", expect=None).out
    copy = str(tmp_path / "copy.db")
    people.run("backup", copy)
    if not people.database.startswith("postgresql:"):
        with sqlite3.connect(copy) as database:  # other programs read it
            assert database.execute("SELECT count(*) FROM subscriber").fetchone() == (4,)
        people.run("restore", copy, "--yes")
        assert people.run("segment", "show", "here").out == shown
    people.run("import", "-", stdin=b'{"email": "new@example.org", "attributes": {"city": "Aktau", "age": 7}, "consent_source": "fair"}\n')
    assert "2 active" in people.run("segment", "show", "here").out
    people.run("segment", "remove", "here")


def test_saved(people):
    people.run("segment", "add", "press", 'tags has "press"')
    assert "press" in people.run("segment").out
    assert json.loads(people.run("segment", "list", "--json").out) == [{"name": "press", "expression": 'tags has "press"'}]
    assert people.run("segment", "show", "press", "--sample", "1").out == "2 active subscriptions\n  ann@example.org\n"
    assert "1 active" in people.run("segment", "show", "press", "--where", 'language = "ru" and age < 10').out
    apart = people.run("segment", "show", "press", "--where", 'age = 1) or (language = "ru"', expect=65)
    assert "at character 8" in apart.err  # of what was typed, and not of both together
    people.run("segment", "remove", "press")
    people.run("segment", "show", "press", expect=67)
    people.run("segment", "remove", "press", expect=67)


def test_errors(people):
    assert "at character 12" in people.run("segment", "add", "x", "language = ru", expect=65).err
    people.run("segment", "add", "b b", "a = 1", expect=65)
    people.run("segment", "add", "x", expect=64)
    people.run("segment", "explode", expect=64)
    people.run("segment", "show", expect=64)


@pytest.mark.slow(1)
def test_sending_to_a_segment(people, server):
    people.run("segment", "add", "press", 'tags has "press"')
    shown = people.run("send", "--yes", "--dry-run", "--segment", "press", "--where", 'language = "ru"', SAMPLE).out
    assert 'Segment:    (tags has "press") and (language = "ru")' in shown and "Recipients: 2" in shown
    people.run("send", "--yes", "--segment", "press", SAMPLE)
    assert people.state_of_each() == {"ann@example.org": "sent", "bob@mail.example.com": "sent"}
    assert people.sql("SELECT segment FROM issue") == [('tags has "press"',)]
    assert server.handler.accepted == 2
    people.run("send", "--yes", "--where", "age = 7", people.issue(), expect=65)
    people.run("send", "--yes", "--segment", "nosuch", people.issue(), expect=67)


@pytest.mark.parametrize("where, near", [('langauge != "ru"', "language"), ('ctiy = "Aktau"', "city"), ('not (age > 3 or tgas has "press")', "tags"),
                                         ('attribute.name is unknown', "name"), ('xyzzy is known', None)])
def test_a_mistyped_attribute_selects_nobody(people, where, near):
    """Without an error, NOT of it would select everybody."""
    path = people.issue()
    for args in (("send", "--yes", path, "--where", where), ("export", "--where", where), ("segment", "add", "x", where),
                 ("segment", "show", "--where", where), ("reconfirm", "--yes", "--where", where)):
        said = people.run(*args, expect=65).err
        assert "the attributes there are: age, city, rank, tags, visited" in said or sorted(
            said.split("there are: ")[1].strip().split(", ")) == ["age", "city", "rank", "tags", "timezone", "visited"], said
        assert f"did you mean '{near}'" in said if near else "did you mean" not in said, said
    assert people.sql("SELECT count(*) FROM issue") == [(0,)]
    people.run("segment", "show", "--where", 'timezone = "Asia/Almaty"')
