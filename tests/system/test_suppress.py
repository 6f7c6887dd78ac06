"""Suppression wins over everything."""
import json

import pytest


def test_suppressed_gets_nothing(connected, server):
    connected.add_active(["ann@example.org", "bob@example.org"])
    assert "is suppressed" in connected.run("suppress", "add", "ANN@Example.org").out
    assert "already" in connected.run("suppress", "add", "ann@example.org").out
    connected.run("subscribe", "ann@example.org")
    connected.run("send", "--yes", connected.issue())
    assert server.messages("ann@example.org") == [] and server.count() == 1
    connected.run("suppress", "remove", "ann@example.org")
    connected.run("suppress", "remove", "ann@example.org", expect=67)
    connected.run("send", "--yes", connected.issue(number="No 2"))
    assert len(server.messages("ann@example.org")) == 1


def test_in_the_middle_of_an_issue(connected, server):
    server.handler.tempfail.add("ann@example.org")
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", connected.issue())
    connected.run("suppress", "add", "ann@example.org")
    connected.sql("UPDATE delivery SET next_attempt_at = 1")
    connected.run("retry")
    assert connected.states() == {"skipped": 1} and server.count() == 0


def test_round_trip(site, tmp_path):
    site.write("in", "# known to complain\r\nann@example.org\n\nәсел@почта.қаз\n")
    assert "2 addresses" in site.run("suppress", "import", "in", "--reason", "old list").out
    site.run("suppress", "add", '"b c"@example.org', "--reason", "by telephone")
    exported = site.run("suppress", "export").out
    assert exported.count("\n") == 3 and "\told list\n" in exported
    listed = [json.loads(line) for line in site.run("suppress", "list", "--json").out.splitlines()]
    assert {entry["reason"] for entry in listed} == {"old list", "by telephone"}
    site.sql("DELETE FROM suppression")
    site.run("suppress", "import", "-", stdin=exported.encode())
    assert site.run("suppress", "export").out == exported


@pytest.mark.parametrize("text, words", [
    ("ann@example.org\nnonsense\n", "in:2: 'nonsense' is not an address"),
    ("ann@example.org\nbob@example.org\tsoon\tx\n", "in:2: 'soon'"),
    ("ann@example.org\nbob@example.org\t5\tx\x07\n", "in:2: the reason"),
    ("ann@example.org\n\xff@example.org\n".encode("latin-1"), "in:2:"),
    (b"ann@example.org\0\n", "NUL"),
])
def test_import_is_all_or_nothing(site, text, words):
    site.write("in", text)
    assert words in site.run("suppress", "import", "in", expect=65).err
    assert site.run("suppress", "list").out == ""


def test_bad_words(site):
    site.run("suppress", "add", "nonsense", expect=65)
    site.run("suppress", "add", "ann@example.org", "--reason", "a\nb", expect=65)
    site.run("suppress", "import", "nowhere", expect=66)


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("text", [
    "Email Address,CLEAN_TIME,Reason,Suppression status\nann@example.org,2021-01-01,x,perhaps\nbob@example.org,,,\n",
    "ann@example.org\rbob@example.org\r", "\ufeffann@example.org\r\nbob@example.org\r\n\x1a", "Ann <ann@example.org>, Bob <bob@example.org>\n",
    "Ann <ann@example.org>\n\nbob@example.org (Bob)\n", "\ufeffann@example.org\n\ufeffbob@example.org\n", "sep=;\nemail;x\nann@example.org;1\n;\nbob@example.org;2\n",
    '{"EmailAddress": "ann@example.org", "Reason": "BOUNCE"}\n{"EmailAddress": "bob@example.org", "Reason": "COMPLAINT"}\n',
    "# from the old system\nann@example.org\n#x\nbob@example.org", "ann@example.org\t5\told\nbob@example.org\n", "E-Mail-Adresse\nann@example.org\nbob@example.org\n",
    "ann@example.org\n\u200bbob@example.org\u00a0\n", "email ann@example.org\nreception nomail\n\nemail bob@example.org\n",
    "ann@example.org\nbob@example.org\n".encode("utf-16")])
def test_files_of_others(site, text):
    result = site.run("suppress", "import", "-", stdin=text if isinstance(text, bytes) else text.encode())
    assert "2 addresses" in result.out
    assert site.sql("SELECT address_key FROM suppression ORDER BY 1") == [("ann@example.org",), ("bob@example.org",)]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("text, words", [
    ("email\nann@example.org\nnonsense\n", "-:3: 'nonsense'"), ("ann@example.org\nb\u200bob@example.org\n", "-:2: the address holds an invisible"),
    ("name\nAnn\n", "-:1: 'name' is not an address"), ("ann@example.org, x\n", "-:1: 'x' is not an address"),
    ("PK\x03\x04word/", "a Word document"), ("email,x\n,1\n", "-:2: there is no address")])
def test_files_that_are_refused(site, text, words):
    assert words in site.run("suppress", "import", "-", stdin=text.encode(), expect=65).err
    assert site.sql("SELECT count(*) FROM suppression") == [(0,)]
