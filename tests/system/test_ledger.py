"""The ledger: what happens is added to it in the same commit, and 'audit' finds what was done behind its back."""
import json
import os
import shutil
import subprocess
import sys

import pytest
from conftest import POSTGRESQL, TOP, Site, parse, token
from mailserver import MailServer

VERIFY = os.path.join(TOP, "tests/support/verify_ledger.py")


def audit(site, expect=0):
    """Returns the findings of our audit. The independent program must find a fault where ours does, and the same tree."""
    for _ in range(20):  # a server may be writing
        found = json.loads(site.run("audit", "--json", expect=expect).out)
        other = json.loads(subprocess.run([sys.executable, VERIFY, site.database], capture_output=True, text=True, check=True).stdout)
        if found["records"] == other["records"]:
            break
    assert bool(found["faults"]) == bool(other["faults"]) or any(
        finding["rule"] == "issue" or "another address" in finding["text"] or "another consent" in finding["text"]
        for finding in found["findings"]), (found["findings"], other["faults"])
    assert [found[name] for name in ("records", "entries", "head")] == [other[name] for name in ("records", "entries", "head")]
    return found


REFUSED, PUT_OFF = ("carl@example.org", "p3@example.org"), ("p4@example.org",)


def lived(site, server):
    """An installation in which everything has happened that the ledger tells of."""
    site.run("import", site.write("people.csv", "email\nann@example.org\nbob@example.org\nkim@example.org\n"), "--consent", "on paper")
    site.run("subscribe", "carl@example.org", "--list", "bulletin")
    site.run("subscribe", "dora@example.org", "--list", "bulletin")
    site.run("confirm", token(parse(server.messages("dora@example.org")[0]), "confirm"))
    site.run("unsubscribe", "--address", "bob@example.org")
    site.run("suppress", "add", "nobody@example.org")
    site.run("erase", "kim@example.org", "--yes")
    server.handler.reject.update(REFUSED)
    site.run("import", site.write("more.csv", "email\n" + "".join(f"p{n}@example.org\n" for n in range(20))), "--consent", "on paper")
    server.handler.tempfail.update(PUT_OFF)
    site.run("suppress", "add", "p5@example.org")
    site.run("send", "--yes", site.issue(), expect=None)
    return site


@pytest.fixture(scope="module")
def life(installation, tmp_path_factory):
    """The folder of one, for the tests to begin as copies of, which takes them ten processes less each."""
    site = Site(tmp_path_factory.mktemp("life"))
    shutil.copy(installation.database, site.database)
    server = MailServer(str(tmp_path_factory.mktemp("mail")))
    site.configure(port=server.port)
    lived(site, server)
    server.stop()
    return site.folder


@pytest.fixture
def lived_in(connected, server, request):
    if POSTGRESQL:
        return lived(connected, server)
    shutil.copytree(request.getfixturevalue("life"), connected.folder, dirs_exist_ok=True)
    server.handler.reject.update(REFUSED)
    server.handler.tempfail.update(PUT_OFF)
    connected.configure()  # has settings of its own
    return connected


@pytest.mark.slow(1)
def test_all_agree(lived_in):
    found = audit(lived_in)
    assert found["faults"] == 0 and found["findings"] == []
    assert found["records"] == lived_in.sql("SELECT count(*) FROM ledger")[0][0]
    assert found["entries"] >= found["records"] > 10 and found["before"] == 0
    (outcomes,), = lived_in.sql("SELECT count(*) FROM event WHERE kind IN ('deferred', 'bounced') AND issue IS NOT NULL")  # have no entry
    assert found["events"] == lived_in.sql("SELECT count(*) FROM event")[0][0] - outcomes
    assert found["actions"] == lived_in.sql("SELECT count(*) FROM audit")[0][0]
    assert found["subscriptions"] == lived_in.sql("SELECT count(*) FROM subscription")[0][0] == 25
    assert found["deliveries"] == lived_in.sql("SELECT count(*) FROM delivery WHERE state NOT IN ('skipped', 'queued')")[0][0] > 20
    assert found["sent"] == lived_in.sql("SELECT count(*) FROM delivery WHERE state = 'sent'")[0][0]
    assert found["issues"] == 1 and found["consented"] >= 19 and found["repeated"] == 0
    text = lived_in.run("audit").out
    assert f"head {found['head']}" in text and "error" not in text
    assert text.count("holds: ") == 6 and "BROKEN" not in text and set(found["claims"].values()) == {True}


@pytest.mark.slow(1)
def test_it_only_grows(lived_in):
    for statement in ("UPDATE ledger SET body = chain WHERE id = 3", "DELETE FROM ledger WHERE id = 3", "DELETE FROM ledger"):
        with pytest.raises(Exception, match="only grows"):
            lived_in.sql(statement)
    assert audit(lived_in)["faults"] == 0


@pytest.mark.slow(1)
def test_no_personal_data(lived_in):
    bodies = b"".join(body for body, in lived_in.sql("SELECT body FROM ledger ORDER BY id"))
    for word in (b"example.org", b"ann", b"on paper"):
        assert word not in bodies
    keys = {person for person, in lived_in.sql("SELECT subscriber FROM ledger_key")}
    erased, = [person for person, in lived_in.sql("SELECT id FROM subscriber WHERE address = '(erased)'")]
    assert 0 in keys and erased not in keys


def drop_guards(site):
    for statement in (["DROP TRIGGER ledger_stays ON ledger", "DROP TRIGGER audit_stays ON audit"] if POSTGRESQL else
                      ["DROP TRIGGER ledger_stays", "DROP TRIGGER ledger_grows", "DROP TRIGGER audit_stays", "DROP TRIGGER audit_grows"]):
        site.sql(statement)


TAMPERING = {
    "a record changed": ("UPDATE ledger SET body = (SELECT body FROM ledger WHERE id = 2) WHERE id = 5", "record 5 of the ledger is not"),
    "its digest changed, too": ("UPDATE ledger SET body = (SELECT body FROM ledger WHERE id = 2), chain = (SELECT chain FROM ledger WHERE "
                                "id = 2) WHERE id = 5", "record 5 of the ledger is not"),
    "a record removed": ("DELETE FROM ledger WHERE id = 5", "record 6 of the ledger is not"),
    "records exchanged": ("UPDATE ledger SET body = (SELECT o.body FROM ledger o WHERE o.id = 9 - ledger.id) WHERE id IN (4, 5)",
                          "record 4 of the ledger is not"),
    "all removed": ("DELETE FROM ledger", "the ledger is empty"),
    "an event changed": ("UPDATE event SET at = at - 86400 WHERE kind = 'unsubscribed'", "(unsubscribed) differs"),
    "an event of another person": ("UPDATE event SET subscriber = 1 WHERE kind = 'confirmed'", "(confirmed) differs"),
    "a detail changed": ("UPDATE event SET detail = 'link' WHERE kind = 'signup' AND id = (SELECT min(id) FROM event WHERE kind = 'signup')",
                         "the detail of event"),
    "an event removed": ("DELETE FROM event WHERE kind = 'unsubscribed'", "of the ledger is not in the database"),
    "an event invented": ("INSERT INTO event (at, kind, list, subscriber) SELECT max(at), 'confirmed', 1, 4 FROM event", "(confirmed) is not in"),
    "an action changed": ("UPDATE audit SET actor = 'somebody' WHERE id = 2", "action 2 of staff"),
    "an action removed": ("DELETE FROM audit WHERE id = 2", "action 2 of the ledger is not in the database"),
    "an action invented": ("INSERT INTO audit (at, actor, door, action) VALUES (1, 'x', 'command', 'list add')", "(list add) is not in the ledger"),
    "somebody brought back": ("UPDATE subscription SET state = 'active' WHERE state = 'unsubscribed' AND id = 2", "is in another state"),
    "a pending one made active": ("UPDATE subscription SET state = 'active' WHERE state = 'pending'", "is in another state"),
    "a consent dated back": ("UPDATE subscription SET consent_at = consent_at - 1000 WHERE id = 5", "another consent"),
    "a source of consent": ("UPDATE subscription SET consent_source = 'a fair' WHERE id = 4", "another consent"),
    "a subscription invented": ("INSERT INTO subscription (list, subscriber, state, token, consent_at, created_at) SELECT id, 3, 'active', 'x', "
                                "1, 1 FROM list WHERE name = 'other'", "is not in the ledger"),
    "an address exchanged": ("UPDATE subscriber SET address_key = 'eve@example.org' WHERE id = 5", "another address"),
    "another list": ("UPDATE subscription SET list = (SELECT id FROM list WHERE name = 'other') WHERE id = 5", "on another list"),
}

TAMPERING.update({
    "sent once more": ("UPDATE delivery SET state = 'queued' WHERE id = (SELECT max(id) FROM delivery WHERE state = 'sent')", "is in another state"),
    "a bounce made sent": ("UPDATE delivery SET state = 'sent', reply_code = 250 WHERE issue IS NOT NULL AND state = 'bounced'", "in another state"),
    "a reply changed": ("UPDATE delivery SET reply_code = 251 WHERE id = (SELECT max(id) FROM delivery WHERE state = 'sent')", "another reply"),
    "a delivery removed": ("DELETE FROM delivery WHERE id = (SELECT max(id) FROM delivery WHERE state = 'sent')", "is not in the database"),
    "a delivery invented": ("INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) SELECT 'issue', id, 3, 'sent', 1, 1 "
                            "FROM issue", "(sent) is not in the ledger"),
    "sent to another": ("UPDATE delivery SET subscription = 3 WHERE id = (SELECT max(id) FROM delivery WHERE state = 'sent')",
                        "for another subscription"),
    "an issue changed": ("UPDATE issue SET message = " + ("digest::bytea" if POSTGRESQL else "CAST(digest AS BLOB)"), "is not what the ledger says"),
})


@pytest.mark.slow(1)
@pytest.mark.parametrize("name", TAMPERING)
def test_tampering(lived_in, name):
    statement, words = TAMPERING[name]
    lived_in.run("list", "add", "other", "--from", "x@example.org")
    assert audit(lived_in)["faults"] == 0
    drop_guards(lived_in)
    lived_in.sql(statement)
    found = audit(lived_in, expect=65)
    assert found["faults"] > 0 and any(words in finding["text"] for finding in found["findings"]), found["findings"]


@pytest.mark.slow(1)
def test_the_end_of_the_history(lived_in):
    """Events that pruning deletes are explained; events that anybody else deletes are not."""
    lived_in.sql("UPDATE event SET at = 1000 WHERE kind = 'unsubscribed'")
    lived_in.run("prune")
    assert [finding["text"] for finding in audit(lived_in, expect=65)["findings"]] == [
        f"event {audit_id(lived_in, 'unsubscribed')} of the ledger is not in the database"]


def audit_id(site, kind):
    """The only number that is missing among the events."""
    ids = {number for number, in site.sql("SELECT id FROM event")}
    return next(number for number in range(1, max(ids) + 1) if number not in ids)


@pytest.mark.slow(1)
def test_it_moves_along(lived_in, tmp_path):
    """A copy in another place has the same ledger, which goes on."""
    before = audit(lived_in)
    if POSTGRESQL:
        place = str(tmp_path / "moved.db")
    else:
        place = str(tmp_path / "copy.db")
    lived_in.run("migrate-store", place)
    lived_in.run("--db", place, "subscribe", "later@example.org", "--list", "bulletin", "--no-mail", expect=None)
    after = json.loads(lived_in.run("--db", place, "audit", "--json").out)
    assert after["faults"] == 0 and after["records"] >= before["records"] and after["events"] >= before["events"]


@pytest.mark.slow(1)
def test_a_list_is_removed(lived_in):
    lived_in.run("list", "remove", "bulletin", "--yes", expect=None)
    assert audit(lived_in)["faults"] == 0


def test_resent_by_staff(connected, server):
    """Sending once more is no fault where staff have asked for it."""
    connected.run("import", connected.write("people.csv", "email\nann@example.org\n"), "--consent", "on paper")
    connected.run("send", "--yes", connected.issue())
    connected.run("resend", "--state", "sent", "--yes", expect=None)
    connected.run("retry", expect=None)
    found = audit(connected)
    assert found["faults"] == 0
    assert found["repeated"] == len(server.messages("ann@example.org")) - 1


# ---- a ledger with right digests that says what must not be ----

def append(site, entry):
    """Adds a record as the program would, with the right digest."""
    import hashlib
    (number, chain), = site.sql("SELECT (SELECT max(id) FROM ledger) + 1, chain FROM ledger WHERE stream = 0 ORDER BY id DESC LIMIT 1")
    digest = hashlib.sha256(bytes(chain) + number.to_bytes(8, "big") + entry).digest()
    site.sql("INSERT INTO ledger (id, stream, body, chain) VALUES (?, 0, ?, ?)", number, entry, digest)


def encoded(*items):
    sys.path.insert(0, os.path.dirname(VERIFY))
    from verify_ledger import encode
    return bytes([0x80 | len(items)]) + b"".join(map(encode, items))


def wrongs(site):
    (delivery, issue, subscription), = site.sql("SELECT id, issue, subscription FROM delivery WHERE state = 'sent' AND issue IS NOT NULL "
                                                "ORDER BY id LIMIT 1")
    (gone,), = site.sql("SELECT min(id) FROM subscription WHERE state = 'unsubscribed'")
    at, fresh = 4000000000, 1000
    again = [(8, at, delivery, 7, issue, subscription), (9, at, delivery, 7), (10, at, delivery, 7, 0, 250, None)]
    return {
        "sent twice": (again, "was sent twice"),
        "a second delivery": ([(8, at, fresh, 7, issue, subscription)], "the same issue for the same"),
        "without consent": ([(8, at, fresh, 7, issue, gone), (9, at, fresh, 7), (10, at, fresh, 7, 0, 250, None)], "which had ended"),
        "never asked": ([(8, at, fresh, 7, issue, 7777), (9, at, fresh, 7), (10, at, fresh, 7, 0, 250, None)], "no valid consent"),
        "without a reply": ([(8, at, fresh, 7, issue, 7777), (9, at, fresh, 7), (10, at, fresh, 7, 0, 0, None)], "does not follow from the reply"),
        "refused, but sent": ([(8, at, fresh, 7, issue, 7777), (9, at, fresh, 7), (10, at, fresh, 7, 0, 550, None)], "does not follow from the reply"),
        "without a commit point": ([(8, at, fresh, 7, issue, 7777), (10, at, fresh, 7, 0, 250, None)], "without a commit point"),
        "without a lease": ([(9, at, fresh, 7)], "without a lease"),
        "an outcome alone": ([(10, at, fresh, 7, 0, 250, None)], "outcome without a lease"),
        "leased in between": ([(8, at, fresh, 7, issue, 7777), (9, at, fresh, 7), (8, at, fresh, 7, issue, 7777)], "had no outcome"),
    }


WRONGS = ["sent twice", "a second delivery", "without consent", "never asked", "without a reply", "refused, but sent", "without a commit point",
          "without a lease", "an outcome alone", "leased in between"]


@pytest.mark.slow(1)
@pytest.mark.one_engine("entries of stream 0, whatever the engine")
@pytest.mark.parametrize("name", WRONGS)
def test_what_the_ledger_must_not_say(lived_in, name):
    entries, words = wrongs(lived_in)[name]
    append(lived_in, b"".join(encoded(*entry) for entry in entries))
    found = audit(lived_in, expect=65)
    assert any(words in finding["text"] for finding in found["findings"]), found["findings"]
    rules = {"consent": "consent", "once": "twice", "ended": "ended", "replies": "reply lease", "chain": "chain checkpoint"}
    broken = {finding["rule"] for finding in found["findings"]}
    for claim, names in rules.items():
        assert found["claims"][claim] == broken.isdisjoint(names.split()), claim
