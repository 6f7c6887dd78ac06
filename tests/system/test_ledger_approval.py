"""The ledger has each step of an approval as an entry of its own, and 'audit' finds rows that were changed behind its back."""
import gzip
import os
import shutil
import sqlite3
import sys

import pytest
from conftest import POSTGRESQL, TOP
from test_approval import FIELDS, begin, say, send  # noqa: F401
from test_ledger import append, audit, drop_guards, encoded
from test_press_room import problem
from test_staff import staff  # noqa: F401

sys.path.insert(0, os.path.join(TOP, "tests", "support"))
from verify_ledger import entries  # noqa: E402


def steps(site):
    """The entries of kind 14: (draft, issue, question, answer, step, state)."""
    bodies = [bytes(body) for body, in site.sql("SELECT body FROM ledger ORDER BY id")]
    return [tuple(entry[2:8]) for body in bodies for entry, _ in entries(body) if entry[0] == 14]


def approve(desk, connected, who="bob"):
    desk.http.login("ann")
    assert say(desk, "ask", words="Please read").status == 303
    asked = connected.sql("SELECT seal FROM approval ORDER BY id DESC LIMIT 1")[0][0]
    desk.http.login(who)
    assert say(desk, "comment", passage="A yurt", words="Which one?").status == 303
    assert say(desk, "approve").status == 303
    return asked


@pytest.fixture
def lived_in(begin, connected):  # noqa: F811
    """A draft that was approved, changed, approved again and sent; another one that was returned."""
    connected.add_active = lambda people: connected.run(  # as an office does it, so that the ledger has them
        "import", connected.write("people.csv", "email\n" + "\n".join(people)), "--consent", "on paper")
    desk = begin(needed="1")
    approve(desk, connected)
    desk.http.login("ann")
    assert desk.save(revision=desk.revision(), **{**FIELDS, "body": "# Hello\r\n\r\nAnother yurt.\r\n"}).status == 303
    assert send(desk, approve(desk, connected)).status == 303
    other = desk.http.press("/drafts", how="new", title="Horses", list="bulletin").getheader("Location")
    second = type(desk)(desk.http, "/draft/" + other.rsplit("/", 1)[1].split("?")[0])
    assert second.save(revision=second.revision(), **{**FIELDS, "title": "Horses", "number": "No 2"}).status == 303
    assert say(second, "ask").status == 303
    desk.http.login("eve")
    assert say(second, "return", words="Shorter").status == 303
    return desk


@pytest.mark.slow(1)
def test_each_step_is_an_entry(lived_in, connected):
    (issue,), = connected.sql("SELECT id FROM issue")
    assert steps(connected) == [
        (1, 0, 1, 0, "ask", "open"), (1, 0, 1, 1, "comment", "open"), (1, 0, 1, 2, "approve", "approved"), (1, 0, 1, 0, "withdraw", "withdrawn"),
        (1, 0, 2, 0, "ask", "open"), (1, 0, 2, 3, "comment", "open"), (1, 0, 2, 4, "approve", "approved"), (1, issue, 2, 0, "issue", "approved"),
        (2, 0, 3, 0, "ask", "open"), (2, 0, 3, 5, "return", "returned")]
    found = audit(connected)
    assert found["faults"] == 0 and found["approvals"] == 3 + 5
    assert "approvals and answers that agree with it" in connected.run("audit").out
    bodies = b"".join(bytes(body) for body, in connected.sql("SELECT body FROM ledger ORDER BY id"))
    for word in (b"bob", b"ann", b"Please read", b"Which one?", b"yurt"):
        assert word not in bodies


@pytest.mark.slow(1)
def test_asked_again_without_a_change(lived_in, connected):
    """A question that is open ends with the next one, and the ledger says so, too."""
    desk = lived_in
    second = type(desk)(desk.http, "/draft/2")
    desk.http.login("ann")
    assert say(second, "ask").status == 303 and say(second, "ask").status == 303
    assert [step[2:] for step in steps(connected)[-3:]] == [(4, 0, "ask", "open"), (4, 0, "withdraw", "withdrawn"), (5, 0, "ask", "open")]
    assert audit(connected)["faults"] == 0


@pytest.mark.slow(1)
def test_a_draft_or_its_list_is_removed(lived_in, connected):
    """Their approvals leave with them, and that is no fault. A number may be used again."""
    desk = lived_in
    assert desk.http.press("/draft/2", action="remove", sure="yes").status in (200, 303)
    if connected.sql("SELECT count(*) FROM draft") == [(1,)]:
        assert audit(connected)["faults"] == 0
    connected.sql("UPDATE issue SET state = 'sent'")
    connected.run("list", "remove", "bulletin", "--yes")
    assert connected.sql("SELECT count(*) FROM approval") == [(0,)]
    assert audit(connected)["faults"] == 0


TAMPERING = {
    "an approval invented": ("INSERT INTO approval (draft, seal, asked_at, asked_by, words, state) SELECT 2, seal, asked_at, asked_by, words, "
                             "'approved' FROM approval WHERE id = 3", "is not in the ledger"),
    "a return made a yes": ("UPDATE approval SET state = 'approved' WHERE id = 3", "approval 3 (approved) is in another state"),
    "an answer made a yes": ("UPDATE approval_word SET kind = 'approve' WHERE id = 5", "answer 5 (approve) to approval 3 differs"),
    "another version approved": ("UPDATE approval SET seal = '" + "0" * 64 + "' WHERE id = 2", "about another version"),
    "another draft approved": ("UPDATE approval SET draft = 2 WHERE id = 2", "about another version"),
    "another approver": ("UPDATE approval_word SET author = 'kim' WHERE id = 4", "answer 4 (approve) to approval 2 differs"),
    "another asker": ("UPDATE approval SET asked_by = 'bob' WHERE id = 2", "asked by somebody else"),
    "another time of asking": ("UPDATE approval SET asked_at = asked_at - 60 WHERE id = 2", "asked by somebody else"),
    "words put into a mouth": ("UPDATE approval_word SET words = 'Fine' WHERE id = 3", "answer 3 (comment) to approval 2 differs"),
    "another passage": ("UPDATE approval_word SET passage = NULL WHERE id = 3", "answer 3 (comment) to approval 2 differs"),
    "another time": ("UPDATE approval_word SET at = at - 60 WHERE id = 4", "answer 4 (approve) to approval 2 differs"),
    "an answer to another question": ("UPDATE approval_word SET approval = 3 WHERE id = 4", "answer 4 (approve) to approval 3 differs"),
    "an answer invented": ("INSERT INTO approval_word (approval, at, author, kind, words) VALUES (3, 1, 'eve', 'approve', '')", "is not in the ledger"),
    "an answer removed": ("DELETE FROM approval_word WHERE id = 5", "answer 5 of the ledger is not in the database"),
    "a question removed": ("DELETE FROM approval WHERE id = 3", "approval 3 of the ledger is not in the database"),
    "a text that was shown": ("UPDATE approval_text SET source = 'x' WHERE approval = 2", "the texts of approval 2 differ"),
    "a text removed": ("DELETE FROM approval_text WHERE approval = 2", "the texts of approval 2 are not in the database"),
}


@pytest.mark.slow(1)
def test_tampering(lived_in, connected, tmp_path):
    """Each kind is done to a copy of the same database."""
    assert audit(connected)["faults"] == 0
    whole = str(tmp_path / "whole.db")
    connected.run("migrate-store", whole)
    for name, (statement, words) in TAMPERING.items():
        place = str(tmp_path / (name.replace(" ", "-") + ".db"))
        shutil.copyfile(whole, place)
        os.chmod(place, 0o600)
        copy = sqlite3.connect(place)
        copy.execute("PRAGMA foreign_keys = ON")
        copy.execute(statement)
        copy.commit()
        copy.close()
        found = audit_at(connected, place)
        assert any(words in finding["text"] for finding in found["findings"]), (name, found["findings"])
        assert {finding["rule"] for finding in found["findings"]} == {"approval"} and found["claims"]["rows"] is False, name
        assert len([finding for finding in found["findings"]]) == found["faults"]


def audit_at(connected, place):
    """The audit of a copy, which the independent program judges likewise."""
    class Copy:
        database = place

        @staticmethod
        def run(*words, **given):
            return connected.run("--db", place, *words, **given)
    return audit(Copy, expect=65)


@pytest.mark.slow(1)
@pytest.mark.one_engine("entries of stream 0, whatever the engine")
@pytest.mark.parametrize("question", [3, 99])
def test_an_issue_of_what_nobody_approved(lived_in, connected, question):
    """An approval that was put into the rows by SQL lets an issue go out; its entry gives that away."""
    (seal,), = connected.sql("SELECT seal FROM approval WHERE id = 3")
    append(connected, encoded(14, 4000000000, 2, 7, question, 0, "issue", "approved", seal, None, None))
    found = audit(connected, expect=65)
    assert [finding["text"] for finding in found["findings"]] == ["issue 7 was made of a version that nobody had approved"]


@pytest.mark.slow(1)
def test_an_approval_by_sql_shows_when_the_issue_goes_out(lived_in, connected):
    """Somebody with access to the database approves in somebody's name, has it sent, and removes the traces."""
    desk = lived_in
    second = type(desk)(desk.http, "/draft/2")
    drop_guards(connected)
    connected.sql("UPDATE approval SET state = 'approved' WHERE id = 3")
    connected.sql("INSERT INTO approval_word (approval, at, author, kind, words) VALUES (3, 1, 'eve', 'approve', '')")
    (seal,), = connected.sql("SELECT seal FROM approval WHERE id = 3")
    desk.http.login("bob")
    answer = send(second, seal)
    assert answer.status == 303, problem(answer)
    connected.sql("UPDATE approval SET state = 'returned' WHERE id = 3")
    connected.sql("DELETE FROM approval_word WHERE at = 1")
    texts = [finding["text"] for finding in audit(connected, expect=65)["findings"]]
    assert texts == ["issue 2 was made of a version that nobody had approved"]


@pytest.mark.slow(1)
@pytest.mark.one_engine("earlier schemas were SQLite's")
def test_a_ledger_from_before(bare_site):
    """Approvals that are older than this kind of entry are no fault. Those after them are checked."""
    bare_site.run("init")
    with gzip.open(os.path.join(TOP, "tests/data/databases/0040.db.gz")) as packed, open(bare_site.database, "wb") as out:
        shutil.copyfileobj(packed, out)
    before = sqlite3.connect(bare_site.database)
    before.executescript("""
        INSERT INTO draft (id, list, title, created_at, created_by, updated_at, updated_by) SELECT 5, id, 'T', 1, 'ann', 1, 'ann' FROM list;
        INSERT INTO draft_version (draft, language, source, began_at, at, author) VALUES (5, 'en', 'x', 1, 1, 'ann');
        INSERT INTO approval (id, draft, seal, asked_at, asked_by, words, state) VALUES (4, 5, 'x', 1, 'ann', '', 'approved');
        INSERT INTO approval_text (approval, language, source) VALUES (4, 'en', 'x');
        INSERT INTO approval_word (id, approval, at, author, kind, words) VALUES (9, 4, 1, 'bob', 'approve', '');""")
    (records,), = before.execute("SELECT count(*) FROM ledger").fetchall()
    before.commit()
    before.close()
    found = audit(bare_site)
    assert (found["faults"], found["approvals"], found["before"]) == (0, 0, 2) and found["records"] == records + 1
    bare_site.run("draft", "ask", "5")
    found = audit(bare_site)
    assert (found["faults"], found["approvals"]) == (0, 1)
    bare_site.sql("INSERT INTO approval_word (id, approval, at, author, kind, words) VALUES (10, 4, 1, 'bob', 'approve', '')")
    assert audit(bare_site, expect=65)["faults"] == 1


@pytest.mark.skipif(not POSTGRESQL, reason="the other engine has a stored database of that schema")
def test_the_mark_of_older_approvals_on_a_server(lived_in, connected):
    """The statement of the migration, on a database that has some."""
    with open(os.path.join(TOP, "migrations/postgresql/0041-approvals-and-canaries.sql"), encoding="utf-8") as file:
        connected.sql(file.read().split(";")[0])
    (body,), = connected.sql("SELECT body FROM ledger ORDER BY id DESC LIMIT 1")
    assert [entry for entry, _ in entries(bytes(body))] == [[14, "3 5 rows of approvals came before"]]
    assert audit(connected)["faults"] == 0
