"""import, export, erase: subscribers in and out, and nobody revived."""
import csv
import io
import json
import os
import sqlite3
import stat

import pytest
from conftest import POSTGRESQL, Site

CONSENT = ("--consent", "visitors book, 2026")


def state_of(site):
    return dict(site.sql("SELECT r.address, s.state FROM subscription s JOIN subscriber r ON r.id = s.subscriber"))


def report(site, *args, expect=0, stdin=b""):
    return json.loads(site.run("import", *args, "--json", expect=expect, stdin=stdin).out)


# ---- formats and dialects ----

@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("text", [
    "email,name\nann@example.org,Ann B\n", "Email;Name\r\nann@example.org;Ann B\r\n",
    "E-Mail\tname\nann@example.org\tAnn B", "name|e_mail\n\"Ann B\"|ann@example.org\n",
    "\ufeffemail,name\n\"ann@example.org\",\"Ann B\"\n\n", "Email Address,First Name,Last Name\nann@example.org,Ann,B\n",
    "Ann B <ann@example.org>\n", '{"email": "ann@example.org", "name": "Ann B"}\n\n',
    '{"address": "ann@example.org", "name": "Ann B"}'])
def test_dialects(site, text):
    site.run("import", site.write("in", text), *CONSENT)
    assert site.sql("SELECT address, name FROM subscriber") == [("ann@example.org", "Ann B")]
    assert site.sql("SELECT state, consent_source FROM subscription") == [("active", "visitors book, 2026")]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("encoding, option", [("cp1251", "windows-1251"), ("koi8-r", "KOI8-R"), ("utf-16", None),
                                              ("utf-16-le", "UTF-16LE"), ("utf-8", None), ("utf-8-sig", None)])
def test_encodings(site, encoding, option):
    path = site.write("in.csv", "email,name\nann@example.org,Анна\n".encode(encoding))
    site.run("import", path, *CONSENT, *(["--encoding", option] if option else []))
    assert site.sql("SELECT name FROM subscriber") == [("Анна",)]


def test_quoted_fields(site):
    text = 'email,name,attribute.note\n"ann@example.org","Ann ""the"" B, Jr.","x"\n"bob@example.org","Bob\nC","y"\n'
    result = site.run("import", "-", "--partial", *CONSENT, stdin=text.encode(), expect=65)
    assert "line 3: the name holds a line break" in result.err
    assert site.sql("SELECT name, attributes FROM subscriber") == [('Ann "the" B, Jr.', '{"note":"x"}')]


def test_mapping(site):
    text = "wer,Stadt,Sprache,Notiz\nann@example.org,Aktau,kk_KZ.UTF-8,etwas\n"
    path = site.write("in.csv", text)
    assert "no column is called email" in site.run("import", path, *CONSENT, expect=65).err
    maps = ("--map", "email=wer", "--map", "attribute.city=Stadt", "--map", "language=Sprache")
    told = site.run("import", path, *CONSENT, *maps).out
    assert "columns not used: Notiz" in told
    assert site.sql("SELECT language, attributes FROM subscriber") == [("kk-KZ", '{"city":"Aktau"}')]
    assert "no column 'nichts'" in site.run("import", path, *CONSENT, "--map", "email=nichts", expect=65).err
    assert "no field 'nase'" in site.run("import", path, *CONSENT, "--map", "nase=wer", expect=64).err
    assert "FIELD=COLUMN" in site.run("import", path, *CONSENT, "--map", "email", expect=64).err


def test_columns_as_attributes(site):
    path = site.write("in.csv", "email,City of birth,Tags\nann@example.org,Aktau,\"press, vip\"\n")
    site.run("import", path, *CONSENT, "--keep-columns")
    assert json.loads(site.sql("SELECT attributes FROM subscriber")[0][0]) == {
        "City_of_birth": "Aktau", "tags": ["press", "vip"]}


# ---- what others export ----

def test_from_listmonk(site):
    text = ('uuid,email,name,attributes,status,created_at,updated_at\n'
            '1,ann@example.org,Ann,"{""city"": ""Aktau"", ""n"": 3}",enabled,2023-05-01T10:00:00.123456Z,2023-05-02T10:00:00Z\n'
            '2,bob@example.org,Bob,{},disabled,2023-05-01 10:00:00.5+00,2023-05-02T10:00:00Z\n'
            '3,eve@example.org,Eve,{},blocklisted,2023-05-01T10:00:00Z,2023-05-02T10:00:00Z\n')
    figures = report(site, site.write("in.csv", text), *CONSENT)
    assert (figures["added"], figures["blocked"]) == (2, 1)
    assert state_of(site) == {"ann@example.org": "active", "bob@example.org": "unsubscribed"}
    assert site.sql("SELECT attributes, created_at FROM subscriber WHERE id = 1") == [('{"city":"Aktau","n":"3"}', 1682935200)]
    assert site.sql("SELECT address_key, reason FROM suppression") == [("eve@example.org", "imported")]


def test_from_phplist(site):
    text = ("Email\tIs this subscriber confirmed\tIs this subscriber blacklisted\tentered\tSend this subscriber HTML emails\n"
            "ann@example.org\t1\t0\t2020-01-02 03:04:05\t1\nbob@example.org\t0\t0\t2020-01-02 03:04:05\t1\n"
            "eve@example.org\t1\t1\t2020-01-02 03:04:05\t1\n")
    site.run("import", site.write("in.txt", text), *CONSENT)
    assert state_of(site) == {"ann@example.org": "active", "bob@example.org": "pending"}
    assert site.sql("SELECT confirmed_at FROM subscription WHERE state = 'active'") == [(1577934245,)]
    assert site.sql("SELECT address_key FROM suppression") == [("eve@example.org",)]


def test_from_mailman(site):
    """mailman members bulletin@example.org"""
    site.run("import", site.write("members", 'ann@example.org\n"B, Bob" <bob@example.org>\nЕва <eve@example.org>\n\n'), *CONSENT)
    assert site.sql("SELECT address, name FROM subscriber ORDER BY id") == [
        ("ann@example.org", None), ("bob@example.org", "B, Bob"), ("eve@example.org", "Ева")]


def test_from_mailchimp(site):
    text = ("Email Address,First Name,Last Name,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,TAGS\n"
            "ann@example.org,Ann,,2022-01-01 00:00:00,192.0.2.7,2022-01-01 00:05:00,192.0.2.7,\"\"\"press\"\",\"\"vip\"\"\"\n")
    site.run("import", site.write("in.csv", text), *CONSENT)
    assert site.sql("SELECT consent_ip, consent_at, confirmed_at FROM subscription") == [("192.0.2.7", 1640995200, 1640995500)]
    assert json.loads(site.sql("SELECT attributes FROM subscriber")[0][0]) == {"tags": ["press", "vip"]}


# ---- nobody is revived, nobody is added without consent ----

def test_nobody_is_revived(site):
    site.add_active(["left@example.org", "bounced@example.org", "complained@example.org", "there@example.org",
                     "erased@example.org"])
    for state in ("unsubscribed", "bounced", "complained"):
        site.sql("UPDATE subscription SET state = ? WHERE subscriber = (SELECT id FROM subscriber WHERE address = ?)",
                 state, {"unsubscribed": "left", "bounced": "bounced", "complained": "complained"}[state] + "@example.org")
    site.run("suppress", "add", "suppressed@example.org")
    site.run("erase", "Erased@example.org", "--yes")
    before = state_of(site)
    text = "email\n" + "".join(f"{name}@example.org\n" for name in (
        "left", "bounced", "complained", "suppressed", "erased", "there", "new", "NEW"))
    figures = report(site, "-", *CONSENT, stdin=text.encode())
    assert {key: figures[key] for key in ("added", "unchanged", "ended_before", "suppressed", "erased_before")} == {
        "added": 1, "unchanged": 2, "ended_before": 3, "suppressed": 1, "erased_before": 1}
    assert state_of(site) == {**before, "new@example.org": "active"}
    assert site.sql("SELECT count(*) FROM event WHERE kind = 'imported'") == [(1,)]


def test_consent_is_needed(site):
    path = site.write("in.csv", "email\nann@example.org\n")
    assert "where did they agree?" in site.run("import", path, expect=65).err
    assert site.sql("SELECT count(*) FROM subscriber") == [(0,)]
    site.run("import", path, "--confirm", "--consent", "x", expect=64)
    own = site.write("own.csv", "email,consent_source,consent_at,consent_ip\nann@example.org,fair,2020-01-02,192.0.2.1\n")
    site.run("import", own)
    assert site.sql("SELECT consent_source, consent_at, consent_ip FROM subscription") == [("fair", 1577923200, "192.0.2.1")]


def test_confirm_asks_each(connected, server):
    path = connected.write("in.csv", "email\nann@example.org\nbob@example.org\n")
    connected.run("import", path, "--confirm")
    assert set(state_of(connected).values()) == {"pending"}
    connected.run("retry")
    assert b"confirm?token=" in server.messages("ann@example.org")[0]
    assert "confirm your subscription" in server.messages("bob@example.org")[0].decode()
    assert report(connected, path, "--confirm")["unchanged"] == 2  # nobody is asked twice


def test_pending_becomes_active_by_consent_only(site):
    site.run("subscribe", "--no-wait", "ann@example.org")
    assert report(site, "-", "--confirm", stdin=b"email\nann@example.org\n")["unchanged"] == 1
    assert state_of(site) == {"ann@example.org": "pending"}
    assert report(site, "-", *CONSENT, stdin=b"email\nann@example.org\n")["added"] == 1
    assert state_of(site) == {"ann@example.org": "active"}


def test_update(site):
    site.add_active(["ann@example.org"], name="Ann")
    text = b"email,name,language,attribute.city\nann@example.org,Anna,kk,Aktau\n"
    site.run("import", "-", *CONSENT, stdin=text)
    assert site.sql("SELECT name, language, attributes FROM subscriber") == [("Ann", None, "{}")]
    site.run("import", "-", "--update", *CONSENT, stdin=text)
    [(name, language, attributes)] = site.sql("SELECT name, language, attributes FROM subscriber")
    assert (name, language, json.loads(attributes)) == ("Anna", "kk", {"city": "Aktau"})


# ---- all or nothing ----

BAD = ("email,language,status,created_at,attributes\nann@example.org,en,active,2020-01-01,{}\nnonsense,en,active,,\n"
       "bob@example.org,<en>,active,,\nbob@example.org,en,asleep,,\nbob@example.org,en,active,tomorrow,\n"
       'bob@example.org,en,active,,"[1]"\n,en,active,,\nbob@example.org,en,active,,{},more\neve@example.org,en,,,\n')


def test_all_or_nothing(site):
    path = site.write("in.csv", BAD)
    result = site.run("import", path, *CONSENT, "--rejects", "bad.txt", expect=65)
    assert "7 of 9 rows are not good" in result.err and "nothing is kept" in result.out
    assert site.sql("SELECT count(*) FROM subscriber") == [(0,)]
    rejects = open(os.path.join(site.folder, "bad.txt"), encoding="utf-8").read().splitlines()
    assert rejects[0] == "import_reason," + BAD.splitlines()[0]
    for line, (number, reason) in zip(rejects[1:], [
            (3, "there is no @"), (4, "not a language tag"), (5, "'asleep' is not known"), (6, "'tomorrow' is not a time"),
            (7, "not a JSON object"), (8, "there is no address"), (9, "it has 6 fields, the header 5")]):
        assert line.startswith(f'"line {number}: ') and reason in line and line.endswith("," + BAD.splitlines()[number - 1])
    assert stat.S_IMODE(os.stat(os.path.join(site.folder, "bad.txt")).st_mode) == 0o600
    figures = report(site, path, *CONSENT, "--partial", expect=65)
    assert figures["kept"] and figures["added"] == 2 and figures["rejected"] == 7
    assert state_of(site) == {"ann@example.org": "active", "eve@example.org": "active"}


def test_dry_run(site):
    figures = report(site, "-", *CONSENT, "--dry-run", stdin=b"email\nann@example.org\n")
    assert figures["added"] == 1 and not figures["kept"]
    assert site.sql("SELECT count(*) FROM subscriber") == [(0,)]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("text, words", [
    (b"", "is empty"), (b"email,name\n\xff\xfe,x\n", ":2: not UTF-8"), (b"email\nann\0@example.org\n", "not UTF-8"),
    (b'email,name\nann@example.org,"Ann\n', "never closed"), (b"name\nAnn\n", "no column is called email"),
    (b"email\n" + b"x" * 2000000, "larger than a megabyte"), (b"," * 300 + b"\n", "more than 256 columns")],
    ids=["empty", "utf8", "nul", "quote", "no-email", "long", "wide"])
def test_files_that_are_none(site, text, words):
    result = site.run("import", "-", *CONSENT, stdin=text, expect=65)
    assert words in result.err
    assert site.sql("SELECT count(*) FROM subscriber") == [(0,)]


def test_bad_options(site):
    path = site.write("in.csv", "email\nann@example.org\n")
    site.run("import", path, "--encoding", "klingon", expect=64)
    site.run("import", path, "--format", "xls", expect=64)
    site.run("import", path, "--delimiter", "ab", expect=64)
    site.run("import", path, "--list", "nosuch", expect=67)
    site.run("import", "nosuch.csv", *CONSENT, expect=66)
    site.run("import", expect=64)


def test_several_lists(site):
    site.run("list", "add", "alerts", "--from", "press@example.org")
    rows = b"email,list\nann@example.org,alerts\nann@example.org,bulletin\n"
    site.run("import", "-", *CONSENT, stdin=rows)
    assert site.sql("SELECT l.name FROM subscription s JOIN list l ON l.id = s.list ORDER BY 1") == [("alerts",), ("bulletin",)]
    assert "which list?" in site.run("import", "-", *CONSENT, stdin=b"email\nbob@example.org\n", expect=64).err
    assert "no list 'x'" in site.run("import", "-", *CONSENT, stdin=b"email,list\nbob@example.org,x\n", expect=65).err


# ---- round trip ----

@pytest.fixture
def eventful(site):
    """Subscriptions in every state, with everything that can be told of them."""
    site.run("list", "add", "alerts", "--from", "press@example.org")
    rows = [{"email": "Ann@example.org", "name": 'Ann "B", Jr.; =1+1', "language": "kk-KZ", "list": "bulletin",
             "state": "active", "consent_at": "2020-01-01T00:00:01Z", "consent_source": "fair, 2020",
             "consent_ip": "192.0.2.1", "consent_version": "7", "confirmed_at": "2020-01-01T00:00:02Z",
             "created_at": "2020-01-01T00:00:00Z", "attributes": {"city": "Ақтау", "tags": ["a", "b c"]}},
            {"email": "ann@EXAMPLE.org", "list": "alerts", "state": "pending", "consent_at": "2021-01-01T00:00:00Z",
             "created_at": "2020-01-01T00:00:00Z"}]
    for number, state in enumerate(("unsubscribed", "bounced", "complained")):
        rows.append({"email": f"r{number}@bücher.example", "list": "bulletin", "state": state,
                     "consent_at": "2020-01-01T00:00:00Z", "consent_source": "web", "confirmed_at": "2020-01-02T00:00:00Z",
                     "ended_at": "2020-02-01T00:00:00Z", "created_at": "2020-01-01T00:00:00Z"})
    site.run("import", "-", stdin="".join(json.dumps(row) + "\n" for row in rows).encode())
    return site


@pytest.mark.slow(1)
@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_round_trip(eventful, tmp_path, format):
    name = f"out.{format}"
    eventful.run("export", "--format", format, "--output", name)
    path = os.path.join(eventful.folder, name)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    os.makedirs(tmp_path / "other")
    other = Site(tmp_path / "other")
    other.install()
    other.run("list", "add", "alerts", "--from", "press@example.org")
    other.run("import", path)
    exported = other.run("export", "--format", format).stdout
    assert exported == open(path, "rb").read()
    assert exported == eventful.run("export", "--format", format).stdout
    assert len(other.sql("SELECT * FROM subscription")) == 5


def test_csv_is_csv(eventful):
    rows = list(csv.DictReader(io.StringIO(eventful.run("export").stdout.decode(), newline="")))
    assert len(rows) == 5 and rows[0]["name"] == 'Ann "B", Jr.; =1+1'
    assert json.loads(rows[0]["attributes"]) == {"city": "Ақтау", "tags": ["a", "b c"]}
    assert rows[2]["email"] == "r0@bücher.example" and rows[2]["ended_at"] == "2020-02-01T00:00:00Z"


def test_export_some(eventful):
    def addresses(*args):
        return [json.loads(line)["email"] for line in eventful.run("export", "--format", "jsonl", *args).out.splitlines()]
    assert addresses("--state", "bounced") == ["r1@bücher.example"]
    assert addresses("--list", "alerts") == ["Ann@example.org"]
    assert addresses("--where", 'language = "kk"', "--list", "bulletin") == ["Ann@example.org"]
    assert addresses("--where", 'tags has "b c" or email ~ "r2"') == ["Ann@example.org", "Ann@example.org", "r2@bücher.example"]
    eventful.run("export", "--format", "xml", expect=64)
    eventful.run("export", "--list", "nosuch", expect=67)


# ---- data protection ----

def test_subject(eventful):
    data = json.loads(eventful.run("export", "--subject", "ANN@example.org").out)
    assert data["address"] == "Ann@example.org" and len(data["subscriptions"]) == 2
    eventful.run("export", "--subject", "nobody@example.org", expect=67)
    eventful.run("export", "--subject", "nonsense", expect=65)


@pytest.mark.one_engine("about SQLite's own files")
def test_erase(eventful):
    assert "--yes" in eventful.run("erase", "ann@example.org", expect=64).err
    eventful.run("erase", "ann@example.org", "--yes")
    eventful.run("erase", "ann@example.org", "--yes", expect=67)
    assert b"Ann" not in eventful.run("export").stdout
    assert report(eventful, "-", *CONSENT, "--list", "bulletin", stdin=b"email\nAnn@Example.org\n")["erased_before"] == 1
    raw = sqlite3.connect(eventful.database)
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    with open(eventful.database, "rb") as file:
        content = file.read()
    assert b"Ann@example" not in content and "Ақтау".encode() not in content


@pytest.mark.slow(10)
def test_a_large_file(site):
    """A hundred thousand rows in one transaction; a server's database takes a tenth of them, each by itself."""
    count = 10000 if POSTGRESQL else 100000
    path = os.path.join(site.folder, "in.csv")
    with open(path, "w", encoding="utf-8") as out:
        out.write("email,name\n")
        out.writelines(f"r{number}@example{number % 100}.org,Reader {number}\n" for number in range(count))
    assert report(site, path, *CONSENT)["added"] == count
    assert report(site, path, *CONSENT)["unchanged"] == count
