"""Checkpoints: the head of the ledger's tree is signed and published, and proves that history was not rewritten."""
import base64
import hashlib
import json
import os
import re

import pytest
from conftest import BINARY, POSTGRESQL, parse
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from webserver import WebServer

PEOPLE = "email\n" + "".join(f"p{n}@example.org\n" for n in range(5))


@pytest.fixture
def office(connected):
    """An office with a key, which has sent an issue."""
    connected.configure(signing={"key_file": "signing.key"}, serve={"url": "https://news.example.org/", "check_forms": False})
    connected.run("key", "make")
    connected.run("import", connected.write("people.csv", PEOPLE), "--consent", "on paper")
    connected.run("send", "--yes", connected.issue())
    return connected


def newest(site):
    return site.sql("SELECT value FROM setting WHERE key = 'checkpoint'")[0][0].split("\n", 1)[1]


def count(site):
    return site.sql("SELECT count(*) FROM event WHERE kind = 'checkpoint'")[0][0]


def read(site, note):
    """Checks the signature by the format's description alone; the size and the head."""
    text, signatures = note.split("\n\n")
    origin, size, head = text.split("\n")
    dash, name, signature = signatures.rstrip("\n").split(" ")
    verifier = json.loads(site.run("key", "show", "--json").out)["keys"][-1]["verifier"]
    public = base64.b64decode(verifier.split("+", 2)[2])
    assert (dash, name, origin, public[0]) == ("\u2014", "news.example.org", "news.example.org", 1)
    raw = base64.b64decode(signature)
    assert raw[:4] == hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
    Ed25519PublicKey.from_public_bytes(public[1:]).verify(raw[4:], (text + "\n").encode())
    return int(size), base64.b64decode(head)


def audit(site, note, expect=0):
    return json.loads(site.run("audit", "--json", "--checkpoint", site.write("kept.txt", note), expect=expect).out)


def goes_on(old, old_head, size, head, proof):
    """RFC 9162, section 2.1.4.2."""
    def node(left, right):
        return hashlib.sha256(b"\1" + left + right).digest()

    if old == size:
        return proof == [] and old_head == head
    path = ([old_head] if old & (old - 1) == 0 else []) + proof
    first, last = old - 1, size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    one = two = path[0]
    for digest in path[1:]:
        if first & 1 or first == last:
            one, two = node(digest, one), node(digest, two)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            two = node(two, digest)
        first, last = first >> 1, last >> 1
    return (one, two, last) == (old_head, head, 0)


def drop_guards(site):
    for statement in (["DROP TRIGGER ledger_stays ON ledger"] if POSTGRESQL else ["DROP TRIGGER ledger_stays", "DROP TRIGGER ledger_grows"]):
        site.sql(statement)


def rewrite(site, number):
    """Changes the record's last byte, and all digests that hang on it: no audit of the chain finds that."""
    drop_guards(site)
    chains = {}
    for record, stream, body in site.sql("SELECT id, stream, body FROM ledger ORDER BY id"):
        body = bytes(body[:-1] + bytes([body[-1] ^ 1])) if record == number else bytes(body)
        chains[stream] = hashlib.sha256(chains.get(stream, b"") + record.to_bytes(8, "big") + body).digest()
        site.sql("UPDATE ledger SET body = ?, chain = ? WHERE id = ?", body, chains[stream], record)


@pytest.mark.slow(1)
def test_the_end_of_an_issue_makes_one(office, server):
    note = newest(office)
    size, head = read(office, note)
    found = audit(office, note)
    assert (found["faults"], found["checkpoints"], found["checkpoint"]["entries"], found["checkpoint"]["holds"]) == (0, 1, size, True)
    assert found["entries"] > size  # the checkpoint itself is an event
    assert office.sql("SELECT detail FROM event WHERE kind = 'checkpoint'") == [(note,)]
    proof = [base64.b64decode(digest) for digest in found["checkpoint"]["proof"]]
    assert goes_on(size, head, found["entries"], bytes.fromhex(found["head"]), proof)
    assert not goes_on(size, head[::-1], found["entries"], bytes.fromhex(found["head"]), proof)
    # The next issue carries it to each reader.
    assert all("Ledger-Checkpoint" not in parse(raw) for raw in server.messages("p1@example.org"))
    office.run("send", "--yes", office.issue(number="No 2", title="Another"))
    [first, second] = [parse(raw) for raw in server.messages("p1@example.org")]
    assert second["Ledger-Checkpoint"].split() == ["news.example.org", str(size), base64.b64encode(head).decode()]
    assert second["List-Id"] == first["List-Id"]
    assert count(office) == 2
    assert read(office, newest(office))[0] > size
    assert audit(office, note)["checkpoints"] == 2


def test_a_day_makes_one(office):
    office.run("retry")
    assert count(office) == 1
    value = office.sql("SELECT value FROM setting WHERE key = 'checkpoint'")[0][0]
    office.sql("UPDATE setting SET value = ? WHERE key = 'checkpoint'", "1" + value[value.index(" "):])
    office.run("retry")
    office.run("retry")
    assert count(office) == 2
    assert audit(office, newest(office))["faults"] == 0


@pytest.mark.slow(1)
def test_it_is_published(office):
    web = WebServer(BINARY, office.folder)
    try:
        answer = web.get("/.well-known/newsletter-checkpoint")
        assert answer.text == newest(office) and answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    finally:
        web.stop()
    office.run("archive", "build", "out")
    assert open(os.path.join(office.folder, "out/.well-known/newsletter-checkpoint"), encoding="utf-8").read() == newest(office)


def test_a_rewritten_history_is_found(office):
    note = newest(office)
    (record,), = office.sql("SELECT min(id) FROM ledger WHERE id > 3 AND length(body) > 60")
    rewrite(office, record)
    texts = [finding["text"] for finding in audit(office, note, expect=65)["findings"]]
    size, _ = read(office, note)
    assert f"the ledger has another history than the checkpoint of {size} entries" in texts
    assert any("another history than the checkpoint of event" in text for text in texts)
    assert not any("written after" in text for text in texts)


def test_a_shortened_history_is_found(office):
    note = newest(office)
    drop_guards(office)
    office.sql("DELETE FROM ledger WHERE id > 4")
    found = audit(office, note, expect=65)
    assert any("is shorter than the checkpoint" in finding["text"] for finding in found["findings"])
    assert not found["checkpoint"]["holds"] and found["checkpoint"]["proof"] == []


def test_another_signature_is_found(office):
    note = newest(office)
    lines = note.split("\n")
    lines[1] = str(int(lines[1]) - 1)
    texts = [finding["text"] for finding in audit(office, "\n".join(lines), expect=65)["findings"]]
    assert "the checkpoint was not signed by the office" in texts
    office.sql("UPDATE event SET detail = ? WHERE kind = 'checkpoint'", "\n".join(lines))
    texts = [finding["text"] for finding in json.loads(office.run("audit", "--json", expect=65).out)["findings"]]
    assert any(re.fullmatch(r"the checkpoint of event \d+ was not signed by the office", text) for text in texts)


@pytest.mark.one_engine("files that are no checkpoints")
@pytest.mark.parametrize("text", ["", "nothing", "a\nb\nc\n", "a\n0\n" + base64.b64encode(bytes(32)).decode() + "\n", "a\n99999999999999999999\nAA==\n",
                                  "a\n5\n" + base64.b64encode(bytes(31)).decode() + "\n"])
def test_no_checkpoint(office, text):
    assert "holds no checkpoint" in office.run("audit", "--checkpoint", office.write("kept.txt", text), expect=65).err


@pytest.mark.slow(1)
@pytest.mark.one_engine("keys are files")
def test_keys_go_on(office, server):
    """A new key signs the next ones; the old ones are still good. With a key that others may read no issue goes out."""
    note = newest(office)
    office.run("key", "rotate")
    office.run("send", "--yes", office.issue(number="No 2", title="Another"))
    read(office, newest(office))
    found = audit(office, note)
    assert (found["faults"], found["checkpoints"]) == (0, 2)
    os.chmod(os.path.join(office.folder, "signing.key"), 0o644)
    assert "chmod 600" in office.run("send", "--yes", office.issue(number="No 3", title="A third"), expect=78).err
    assert len(server.messages("p1@example.org")) == 2
    assert count(office) == 2
    office.configure(signing={})
    assert "public keys" in office.run("audit", "--checkpoint", office.write("kept.txt", note), expect=78).err


@pytest.mark.slow(1)
@pytest.mark.one_engine("the header of a message")
def test_dkim_signs_the_field(office, server, signing_key):
    import dkim
    path, record = signing_key
    office.configure(dkim={"selector": "s1", "key_file": path})
    office.run("send", "--yes", office.issue(number="No 2", title="Another"))
    raw = server.messages("p1@example.org")[-1]
    assert "Ledger-Checkpoint" in parse(raw)["DKIM-Signature"]
    assert dkim.verify(raw, dnsfunc=lambda name, **_: record.encode())
    assert not dkim.verify(raw.replace(b"Ledger-Checkpoint: news", b"Ledger-Checkpoint: nows"), dnsfunc=lambda name, **_: record.encode())
