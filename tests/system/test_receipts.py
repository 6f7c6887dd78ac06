"""Receipts of consent: the wordings that people saw, and the proof that the ledger has them."""
import base64
import datetime
import hashlib
import hmac
import html
import json
import os
import re
import subprocess
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from apiclient import ApiClient
from browser import needs_browser
from conftest import BINARY, link, parse, wait_for
from test_accessibility import LANGUAGES, walk
from test_checkpoint import read as read_checkpoint
from test_ledger import audit
from test_staff import StaffServer
from verify_ledger import decode, encode
from webserver import WebServer


@pytest.fixture
def office(connected):
    """An office with a website and a key."""
    connected.configure(signing={"key_file": "signing.key"}, organisation={"accessibility": {"reviewed": "2026-11-26"}}, confirmation={"text_version": "7", "resend_interval": "1s"},
                        serve={"url": "https://news.example.org/", "check_forms": False, "joins_per_hour": 100000})
    for name in ("confirm_url", "unsubscribe_url"):
        connected.settings.pop(name, None)
    connected.configure()
    connected.run("key", "make", "--name", "news.example.org")
    return connected


@pytest.fixture
def serve(office):
    """Starts the website, or with `staff` the API."""
    started = []

    def start(staff=False):
        started.append(StaffServer(office.folder) if staff else WebServer(BINARY, office.folder))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def web(serve):
    return serve()


def receipts(office, address="ann@example.org"):
    return json.loads(office.run("consent", "show", address, "--json").out)


def wordings(office, address="ann@example.org"):
    """{where it was shown: (language, text)} of the only receipt, after each digest was checked."""
    [receipt] = receipts(office, address)
    found = receipt["notice"]["wordings"]
    for wording in found:
        assert hashlib.sha256(wording["text"].encode()).hexdigest() == wording["digest"]
        if wording["shown_on"] != "statement":
            assert office.sql("SELECT language, text FROM wording WHERE digest = ?", wording["digest"]) == [(wording["language"], wording["text"])]
    assert [wording["shown_on"] for wording in found] == sorted((wording["shown_on"] for wording in found), key="form mail page statement".index)
    return {wording["shown_on"]: (wording["language"], wording["text"]) for wording in found}


def hidden(page, action="/join"):
    """The hidden fields of the form of a page that leads there."""
    form = page[re.search(rf'<form method="post" action="[^"]*{action}"', page).start():]
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[:form.index("</form>")]))


def join(web, address="ann@example.org", page="/join", language="en", **more):
    shown = web.get(page, **{"Accept-Language": language}).text
    assert web.post("/join", {**hidden(shown), "email": address, **more}).status == 200
    return shown


def confirm(web, server, address="ann@example.org", language="en", count=1):
    wait_for(lambda: len(server.messages(address)) >= count)
    path = link(parse(server.messages(address)[count - 1]), "/confirm").replace("https://news.example.org", "")
    page = web.get(path, **{"Accept-Language": language}).text
    assert web.post("/confirm", hidden(page, "/confirm")).status == 200
    return page


# ---- wordings ----

@pytest.mark.slow(1)
def test_each_wording_is_what_the_form_the_mail_and_the_page_showed(office, web, server):
    form = join(web, language="ru")
    page = confirm(web, server, language="ru")
    mail = parse(server.messages("ann@example.org")[0])
    found = wordings(office)
    assert {where: language for where, (language, _) in found.items()} == {"form": "ru", "mail": "ru", "page": "ru"}
    for line in found["form"][1].split("\n"):
        assert line in form
    for words in ("News Bulletin", "Адрес эл. почты", "Подписаться"):
        assert words in found["form"][1]
    subject, text = found["mail"][1].split("\n\n", 1)
    assert subject == mail["Subject"]
    pieces = [" ".join(piece.split()) for piece in text.split("\ufffc")]
    shown = " ".join(mail.get_body(("plain",)).get_content().split())
    assert len(pieces) == 3 and all(piece in shown for piece in pieces)  # the link and the day it works until differ
    for line in found["page"][1].replace("\ufffc", "").split("\n"):
        assert line.strip() in page
    assert "ann" not in "".join(text for _, text in found.values())  # nothing of the person
    assert audit(office)["faults"] == 0


@pytest.mark.slow(1)
def test_one_row_for_each_wording_and_not_for_each_person(office, web, server):
    for name in ("ann", "bob", "carl"):
        join(web, f"{name}@example.org")
        confirm(web, server, f"{name}@example.org")
    assert office.sql("SELECT count(*) FROM wording") == [(3,)]
    assert office.sql("SELECT count(DISTINCT form_wording), count(form_wording), count(mail_wording), count(page_wording) FROM subscription") == [(1, 3, 3, 3)]
    join(web, "dora@example.org", language="de")
    confirm(web, server, "dora@example.org", language="de")
    assert office.sql("SELECT count(*) FROM wording") == [(6,)]


@pytest.mark.slow(1)
def test_a_changed_template_is_another_wording(office, web, server):
    join(web)
    before = wordings(office)["form"][1]
    office.run("list", "edit", "bulletin", "--title", "Harbour News")
    join(web, "bob@example.org")
    after = wordings(office, "bob@example.org")["form"][1]
    assert "News Bulletin" in before and "Harbour News" in after and wordings(office)["form"][1] == before


def test_the_small_form_of_the_archive_has_a_wording_of_its_own(office, serve):
    office.add_active(["reader@example.org"])
    office.run("send", "--yes", office.issue())
    shown = join(serve(), page="/archive/bulletin/")
    found = wordings(office)["form"][1]
    assert "Join our email list" in found and "Name (optional)" not in found
    assert all(line in shown for line in found.split("\n"))


@pytest.mark.slow(1)
def test_a_form_of_another_site_has_no_wording_until_ours_is_shown(office, serve):
    assert serve().post("/join", {"email": "ann@example.org"}).status == 200
    assert "form" not in wordings(office)  # nobody knows what that page said
    office.configure(serve={"url": "https://news.example.org/", "joins_per_hour": 100000})
    web = serve()
    ours = web.post("/subscription/form", {"email": "bob@example.org", "l": "bulletin"}).text
    assert "press the button again" in ours and 'value="bob@example.org"' in ours
    time.sleep(2.1)  # robots are faster
    assert web.post("/join", {**hidden(ours), "email": "bob@example.org", "sure": "bob@example.org"}).status == 200
    assert "Email address" in wordings(office, "bob@example.org")["form"][1]


@pytest.mark.slow(1)
def test_by_command_with_the_text_of_ones_own_form(office, server):
    office.write("form.txt", "Yes, send me the bulletin.\r\nI may leave at any time.\n")
    office.write("page.txt", "Press the button.\n")
    office.run("subscribe", "ann@example.org", "--source", "fair", "--wording", "form.txt", "--language", "de")
    secret = link(parse(server.messages("ann@example.org")[0]), "/confirm").split("token=")[1]
    office.run("confirm", secret, "--wording", "page.txt")
    found = wordings(office)
    assert found["form"] == ("de", "Yes, send me the bulletin.\nI may leave at any time.")
    assert found["mail"][0] == "de" and found["page"][1] == "Press the button."
    said = office.run("consent", "show", "ann@example.org").out
    assert "    | I may leave at any time.\n" in said and "  form, de, SHA-256 " in said
    office.run("subscribe", "bob@example.org", "--wording", office.write("bad.txt", b"\xff\xfe"), expect=65)
    office.run("subscribe", "bob@example.org", "--wording", office.write("long.txt", "x" * 40000), expect=65)
    assert audit(office)["faults"] == 0


def test_a_hook_keeps_the_wordings_of_the_mail(office, server):
    office.run("subscribe", stdin=b"email=ann@example.org")
    wait_for(lambda: server.messages("ann@example.org"))
    office.run("confirm", link(parse(server.messages("ann@example.org")[0]), "/confirm").split("token=")[1])
    assert set(wordings(office)) == {"mail"}


@pytest.mark.slow(1)
def test_by_the_api_with_double_opt_in_and_with_a_stated_consent(office, server, serve):
    office.configure(staff={"listen": "127.0.0.1:0", "url": "https://staff.example.org"})
    secret = office.run("staff", "token", "all", "--scope", "read,people").out.strip()
    api = ApiClient(serve(staff=True), secret)
    api.call("POST", "/subscribers", {"address": "ann@example.org", "wording": "Send me the news"}, 201)
    api.call("POST", "/subscribers", {"address": "bob@example.org", "wording": "Send me the news", "consent": "stand at the fair"}, 201)
    api.call("POST", "/subscribers", {"address": "kim@example.org", "consent": "stand at the fair"}, 201)
    api.call("POST", "/subscribers/batch", {"list": "bulletin", "consent": "visitors book", "wording": "On paper", "subscribers": [{"address": "eve@example.org"}]})
    wait_for(lambda: server.messages("ann@example.org"))
    office.run("confirm", link(parse(server.messages("ann@example.org")[0]), "/confirm").split("token=")[1])
    assert wordings(office)["form"] == ("en", "Send me the news") and "mail" in wordings(office)
    assert wordings(office, "bob@example.org") == {"form": ("en", "Send me the news")}
    assert wordings(office, "kim@example.org") == {"statement": (None, "stand at the fair")}
    assert wordings(office, "eve@example.org") == {"form": ("en", "On paper")}
    assert audit(office)["faults"] == 0


def test_an_import_states_its_source(office):
    office.run("import", office.write("people.csv", "email\nann@example.org\nbob@example.org\n"), "--consent", "visitors book, 2026")
    assert wordings(office) == {"statement": (None, "visitors book, 2026")}
    assert office.sql("SELECT text FROM wording") == [("visitors book, 2026",)]


@pytest.mark.slow(1)
def test_the_own_page_has_a_wording_too(office, web, server):
    office.run("list", "add", "alerts", "--from", "press@example.org", "--title", "Alerts")
    join(web, page="/join?list=bulletin")
    confirm(web, server)
    [(secret,)] = office.sql("SELECT token FROM subscription")
    web.post("/preferences", {"token": secret})
    wait_for(lambda: len(server.messages("ann@example.org")) == 2)
    path = link(parse(server.messages("ann@example.org")[1]), "/page?").replace("https://news.example.org", "")
    answer = web.post("/page", {"token": path.split("token=")[1], "action": "save", "list": "alerts"})
    assert answer.status == 200, web.logged()
    found = {receipt["purpose"]["list"]: receipt for receipt in receipts(office)}
    [wording] = found["Alerts"]["notice"]["wordings"]
    assert wording["shown_on"] == "page" and "Alerts" in wording["text"] and "Your subscription" in wording["text"]
    assert audit(office)["faults"] == 0


def test_a_wording_that_was_changed_by_sql_is_found(office, web, server):
    join(web)
    confirm(web, server)
    office.sql("UPDATE wording SET text = 'I agree to everything' WHERE id = (SELECT form_wording FROM subscription)")
    found = json.loads(office.run("audit", "--json", expect=65).out)
    assert [finding["rule"] for finding in found["findings"]] == ["wording"]


def test_another_wording_given_to_a_person_by_sql_is_found(office, web, server):
    join(web)
    confirm(web, server)
    office.sql("UPDATE subscription SET form_wording = mail_wording")
    found = json.loads(office.run("audit", "--json", expect=65).out)
    assert [finding["rule"] for finding in found["findings"]] == ["subscription"] and "another consent" in found["findings"][0]["text"]


@pytest.mark.slow(1)
def test_erasing_takes_wordings_away(office, web, server):
    join(web)
    confirm(web, server)
    office.run("subscribe", "bob@example.org", "--wording", office.write("form.txt", "Bob agrees\n"))
    assert office.sql("SELECT count(*) FROM wording") == [(4,)]
    for address in ("ann@example.org", "bob@example.org"):
        office.run("erase", address, "--yes")
        office.run("consent", "show", address, expect=67)
    assert office.sql("SELECT count(*) FROM subscription WHERE coalesce(form_wording, mail_wording, page_wording) IS NOT NULL") == [(0,)]
    assert office.sql("SELECT count(*) FROM wording WHERE text = 'Bob agrees'") == [(0,)]
    assert audit(office)["faults"] == 0


# ---- the proof in the ledger ----

def agreed(office, web, server, address="ann@example.org"):
    """The receipt of somebody who has joined by the form and confirmed."""
    join(web, address)
    confirm(web, server, address)
    return receipts(office, address)[0]


def verify(office, receipt, expect=0, *args):
    path = office.write("receipt.json", json.dumps(receipt))
    result = office.run("consent", "verify", path, *args, expect=expect)
    return result.out if expect == 0 else result.err


def signed(office, receipt):
    """The receipt, signed once more by the office's own key: what somebody in the office could do who changed the database."""
    rest = {name: value for name, value in receipt.items() if name != "signature"}
    header = receipt["signature"].split(".")[0]
    payload = base64.urlsafe_b64encode(json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).rstrip(b"=")
    key = load_pem_private_key(open(os.path.join(office.folder, "signing.key"), "rb").read(), None)
    signature = key.sign(header.encode() + b"." + payload)
    return {**rest, "signature": header + ".." + base64.urlsafe_b64encode(signature).rstrip(b"=").decode()}


def is_included(item, size, head):
    """RFC 9162, section 2.1.3.2."""
    node = hashlib.sha256(b"\0" + base64.b64decode(item["entry"])).digest()
    first, last = item["leaf_index"], size - 1
    for digest in map(base64.b64decode, item["inclusion_path"]):
        assert last
        if first & 1 or first == last:
            node = hashlib.sha256(b"\1" + digest + node).digest()
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\1" + node + digest).digest()
        first, last = first >> 1, last >> 1
    return last == 0 and node == head


def check_by_hand(office, receipt):
    """Checks as docs/audit.md says, by another program: the checkpoint's signature, each entry in its tree, and what the entries commit to."""
    proof = receipt["proof"]
    size, head = read_checkpoint(office, proof["checkpoint"])
    assert all(is_included(item, size, head) for item in proof["entries"])
    items = [decode(base64.b64decode(item["entry"]), 0)[0] for item in proof["entries"]]
    key, consent = base64.b64decode(proof["key"]), receipt["notice"]
    asked = int(datetime.datetime.fromisoformat(receipt["events"][0]["event_time"].replace("Z", "+00:00")).timestamp())
    digests = {wording["shown_on"]: wording["digest"] for wording in consent["wordings"]}
    for entry in items:
        seen = [digests.get(name) for name in (("form",) if entry[3] == "signup" else ("form", "mail", "page"))] + [None] * 2
        values = [asked, consent["source"], consent["form_version"], *seen[:3]]
        assert entry[0] == 2 and entry[5] == proof["subscription"]
        assert hmac.digest(key, b"".join(map(encode, values)), "sha256") == entry[11]
        assert hmac.digest(key, encode(receipt["pii_principal_id"].lower()), "sha256") == entry[12]
    return [entry[3] for entry in items], items[-1][9]


@pytest.mark.slow(1)
def test_a_receipt_carries_its_inclusion_proof_and_is_checked_offline(office, web, server, tmp_path):
    receipt = agreed(office, web, server)
    assert check_by_hand(office, receipt) == (["signup", "confirmed"], "active")
    assert verify(office, receipt) == (
        "ours, unchanged\n  signed by news.example.org\n"
        f"  in the ledger, by a signed checkpoint of {receipt['proof']['checkpoint'].splitlines()[1]} entries: address, consent, requested, confirmed, state\n")
    # Offline: a folder with the public keys and the receipt, and nothing else.
    keys, alone = tmp_path / "keys.json", tmp_path / "receipt.json"
    keys.write_text(office.run("key", "show", "--json").out)
    alone.write_text(json.dumps(receipt))
    found = subprocess.run([BINARY, "consent", "verify", "receipt.json", "--key", "keys.json", "--json"], cwd=tmp_path, capture_output=True, check=True)
    assert json.loads(found.stdout)["receipts"] == [{"signed_by": "news.example.org", "in_ledger": True, "checkpoint": int(receipt["proof"]["checkpoint"].splitlines()[1]),
                                                     "proved": ["address", "consent", "requested", "confirmed", "state"]}]
    # The receipt holds a checkpoint, too: the office cannot write another history.
    kept = office.write("kept.txt", receipt["proof"]["checkpoint"])
    office.run("subscribe", "bob@example.org")
    assert json.loads(office.run("audit", "--json", "--checkpoint", kept).out)["faults"] == 0


def test_a_receipt_is_made_from_the_newest_checkpoint_where_that_is_enough(office, web, server):
    first = agreed(office, web, server)
    assert receipts(office)[0]["proof"] == first["proof"] and office.sql("SELECT count(*) FROM event WHERE kind = 'checkpoint'") == [(1,)]
    office.run("unsubscribe", "--address", "ann@example.org")
    ended = receipts(office)[0]
    assert ended["state"] == "unsubscribed" and "state" in verify(office, ended)
    assert ended["proof"] != first["proof"] and office.sql("SELECT count(*) FROM event WHERE kind = 'checkpoint'") == [(2,)]


def leaves_of(value, path=()):
    """Each leaf of a JSON value, with the path to it."""
    if isinstance(value, dict | list):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves_of(item, (*path, name))
    else:
        yield path, value


def changed(value, path, new):
    copy = json.loads(json.dumps(value))
    place = copy
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = new
    return copy


def another(value):
    if isinstance(value, str):
        middle = len(value) // 2
        return value[:middle] + ("A" if value[middle:middle + 1] != "A" else "B") + value[middle + 1:]
    return 1 if value is None else not value if isinstance(value, bool) else value + 1


@pytest.mark.slow(1)
def test_each_field_that_is_changed_is_found(office, web, server):
    receipt = agreed(office, web, server)
    fields = list(leaves_of(receipt))
    assert len(fields) > 40
    for path, value in fields:
        assert verify(office, changed(receipt, path, another(value)), 65), path
    for name in receipt:
        assert verify(office, {key: value for key, value in receipt.items() if key != name}, 65), name
    assert verify(office, {**receipt, "more": 1}, 65)
    assert verify(office, receipt).startswith("ours, unchanged\n")


@pytest.mark.one_engine("the trigger is in SQLite's words")
@pytest.mark.parametrize("seconds, words", [(1, "entries: address, consent, requested, confirmed, state"),
                                            (60, "entries: address, consent, requested, confirmed, state"), (61, "without a proof")])
def test_an_entry_may_be_a_moment_younger_than_what_it_tells_of(office, web, server, seconds, words):
    """The clock goes on in a transaction: between the row of a subscription and its event, a second may end."""
    office.sql("CREATE TRIGGER late AFTER INSERT ON event WHEN new.kind IN ('signup', 'confirmed') "
               f"BEGIN UPDATE event SET at = at + {seconds} WHERE id = new.id; END")
    receipt = agreed(office, web, server)
    office.sql("DROP TRIGGER late")
    assert words in verify(office, receipt)


@pytest.mark.slow(1)
def test_what_the_office_itself_signs_anew_is_found_by_the_ledger(office, web, server):
    """A signature is the office's word. The proof finds what it says otherwise than it was entered when it happened."""
    receipt = agreed(office, web, server)
    wording = changed(receipt, ("notice", "wordings", 0, "text"), "I agree to everything")
    wording["notice"]["wordings"][0]["digest"] = hashlib.sha256(b"I agree to everything").hexdigest()
    cases = {"another address": changed(receipt, ("pii_principal_id",), "eve@example.org"),
             "says otherwise": changed(receipt, ("events", 0, "event_time"), "2020-01-01T00:00:00Z"),
             "another state": changed(receipt, ("state",), "unsubscribed")}
    for words, case in cases.items():
        assert words in verify(office, signed(office, case), 65)
    for case in (wording, changed(receipt, ("notice", "source"), "elsewhere"), changed(receipt, ("notice", "form_version"), "8"),
                 changed(receipt, ("notice", "wordings"), receipt["notice"]["wordings"][1:])):
        assert "says otherwise" in verify(office, signed(office, case), 65)
    moved = signed(office, changed(receipt, ("events", 1, "event_time"), "2020-01-01T00:00:00Z"))
    assert "confirmed" in verify(office, moved, 65)
    assert verify(office, signed(office, receipt)).startswith("ours, unchanged\n")


@pytest.mark.slow(1)
def test_a_changed_proof_is_found(office, web, server):
    receipt, bob = agreed(office, web, server), agreed(office, web, server, "bob@example.org")
    items = receipt["proof"]["entries"]
    other = base64.b64encode(b"x" * 32).decode()
    cases = {
        "inclusion proof does not hold": [
            changed(receipt, ("proof", "entries", 0, "leaf_index"), items[0]["leaf_index"] - 1),
            changed(receipt, ("proof", "entries", 0, "inclusion_path", 0), other),
            changed(receipt, ("proof", "entries", 0, "inclusion_path"), items[0]["inclusion_path"][1:]),
            changed(receipt, ("proof", "entries", 0, "inclusion_path"), items[0]["inclusion_path"] + [other]),
            changed(receipt, ("proof", "entries", 1, "entry"), items[0]["entry"])],
        "says otherwise": [changed(receipt, ("proof", "key"), other), changed(receipt, ("proof", "subscription"), 77)],
        "no entry": [changed(receipt, ("proof", "entries"), [])],
        "not in order": [changed(receipt, ("proof", "entries"), items[::-1])],
        "cannot be read": [changed(receipt, ("proof", "entries", 0, "entry"), "?"), changed(receipt, ("proof", "checkpoint"), "nothing"), changed(receipt, ("proof",), {}),
                           changed(receipt, ("proof", "entries"), items * 50), changed(receipt, ("proof", "entries", 0, "entry"), "AAAA")],
        "another state": [changed(receipt, ("proof", "entries"), items[:1])]}
    for words, kinds in cases.items():
        for case in kinds:
            assert words in verify(office, signed(office, case), 65), words
    assert "ledger" in verify(office, signed(office, {**receipt, "proof": bob["proof"]}), 65)


def test_a_checkpoint_of_another_office_is_found(office, web, server):
    receipt = agreed(office, web, server)
    text = receipt["proof"]["checkpoint"].split("\n\n")[0] + "\n"
    key = Ed25519PrivateKey.generate()
    public = b"\1" + key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    for name, origin in (("news.example.org", text), ("other.example.org", text.replace("news.", "other."))):
        number = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
        note = f"{origin}\n\u2014 {name} " + base64.b64encode(number + key.sign(origin.encode())).decode() + "\n"
        assert "not signed by this office" in verify(office, signed(office, changed(receipt, ("proof", "checkpoint"), note)), 65)


def test_an_imported_person_has_the_entry_of_the_import(office):
    office.run("import", office.write("people.csv", "email\nann@example.org\nbob@example.org\n"), "--consent", "on paper")
    [receipt] = receipts(office, "bob@example.org")
    entry = decode(base64.b64decode(receipt["proof"]["entries"][0]["entry"]), 0)[0]
    assert entry[0] == 4 and entry[2] == hashlib.sha256(b"on paper").digest()
    assert verify(office, receipt).endswith("entries: state\n")


@pytest.mark.slow(1)
def test_a_new_address_is_proved_too(office, web, server):
    agreed(office, web, server)
    [(secret,)] = office.sql("SELECT token FROM subscription")
    web.post("/preferences", {"token": secret})
    wait_for(lambda: len(server.messages("ann@example.org")) == 2)
    page = link(parse(server.messages("ann@example.org")[1]), "/page?").split("token=")[1]
    web.post("/page", {"token": page, "action": "address", "new_address": "anna@example.org"})
    wait_for(lambda: server.messages("anna@example.org"))
    web.post("/address", {"token": link(parse(server.messages("anna@example.org")[0]), "/address?").split("token=")[1]})
    [receipt] = receipts(office, "anna@example.org")
    assert receipt["pii_principal_id"] == "anna@example.org" and ": address, consent, " in verify(office, receipt)
    assert "another address" in verify(office, signed(office, changed(receipt, ("pii_principal_id",), "ann@example.org")), 65)


@pytest.mark.slow(1)
def test_proofs_in_a_long_ledger(office, web, server):
    """Thousands of entries, before and after; each is found by the parts of the tree, which are made once."""
    receipt = agreed(office, web, server)
    people = "email\n" + "".join(f"p{n}@example.org\n" for n in range(900))
    office.run("import", office.write("people.csv", people), "--consent", "on paper")
    for name in ("first", "second"):
        office.run("send", "--yes", office.issue(title=name, number=name))
    bob = agreed(office, web, server, "bob@example.org")
    (parts, ), = office.sql("SELECT count(*) FROM ledger_part")
    size = int(bob["proof"]["checkpoint"].splitlines()[1])
    assert size > 5000 and parts == size // 1024
    for address, names in (("ann@example.org", ["signup", "confirmed"]), ("bob@example.org", ["signup", "confirmed"])):
        assert check_by_hand(office, receipts(office, address)[0]) == (names, "active")
    assert verify(office, receipts(office, "p899@example.org")[0]).endswith("entries: state\n")
    assert verify(office, receipt).startswith("ours, unchanged\n")  # the old one holds, too
    assert audit(office)["faults"] == 0


@pytest.mark.slow(1)
def test_erasing_takes_receipts_away_and_keeps_the_ledger_whole(office, web, server):
    receipt = agreed(office, web, server)
    office.run("erase", "ann@example.org", "--yes")
    office.run("consent", "show", "ann@example.org", expect=67)
    assert office.sql("SELECT count(*) FROM ledger_key WHERE subscriber <> 0") == [(0,)]
    assert audit(office)["faults"] == 0
    assert verify(office, receipt).startswith("ours, unchanged\n")  # the person's own copy still proves it


def test_without_a_key_a_receipt_has_no_proof(connected, server):
    connected.run("subscribe", "ann@example.org")
    [receipt] = receipts(connected)
    assert "proof" not in receipt and "signature" not in receipt


# ---- the person's own receipt ----

def path_of(server, address, word, count=-1):
    return link(parse(server.messages(address)[count]), word).replace("https://news.example.org", "")


@pytest.fixture
def welcomed(office, serve, server):
    """The website, and the path of the link in the welcome mail."""
    office.configure(notices={"welcome": True})
    office.run("list", "add", "alerts", "--from", "press@example.org", "--title", "Alerts")
    web = serve()
    join(web, page="/join?list=bulletin")
    confirm(web, server)
    wait_for(lambda: len(server.messages("ann@example.org")) == 2)
    return web, path_of(server, "ann@example.org", "/receipt")


def plain_of(page):
    return html.unescape(re.sub(r"<[^>]+>", "", page))


def test_the_welcome_mail_leads_to_the_receipt(office, server, welcomed):
    web, path = welcomed
    message = parse(server.messages("ann@example.org")[1])
    assert message["Subject"] == "Welcome to News Bulletin"
    assert f"https://news.example.org{path}" in message.get_body(("html",)).get_content()
    page = web.get(path)
    assert page.status == 200 and page.getheader("Cache-Control") == "no-store"
    shown = plain_of(page.text)
    [receipt] = receipts(office)
    for wording in receipt["notice"]["wordings"]:
        assert wording["text"].replace("\ufffc", "[\u2026]") in shown and f"SHA-256 {wording['digest']}" in shown
        assert f'<blockquote class="wording" lang="{wording["language"]}"' in page.text
    for words in ("Consent receipt", "ann@example.org", "Press Office <press@example.org>", "127.0.0.1", "web", "Signed with the key of news.example.org",
                  f"in the signed checkpoint of {receipt['proof']['checkpoint'].splitlines()[1]} entries"):
        assert words in shown
    for event in receipt["events"]:
        assert event["event_time"].replace("T", " ")[:16] + " UTC" in shown


def test_it_is_downloaded_and_checked(office, welcomed):
    web, path = welcomed
    href = html.unescape(re.search(r'href="([^"]+)" download', web.get(path).text).group(1))
    answer = web.get(href)
    assert answer.status == 200 and answer.getheader("Content-Type") == "application/json"
    assert "consent-receipt.json" in answer.getheader("Content-Disposition")
    assert ": address, consent, requested, confirmed, state" in verify(office, json.loads(answer.text))
    assert web.get(href[:-1] + "x").status == 404  # no such record


def test_only_the_persons_token_opens_it(office, server, welcomed):
    web, path = welcomed
    [(leaving,)] = office.sql("SELECT token FROM subscription")
    for other in ("/receipt", "/receipt?token=x", "/receipt?token=7f0c2a9e-6f0e-4d8e-9b0a-6f3f2a1f9c55", f"/receipt?token={leaving}"):
        answer = web.get(other)
        assert answer.status == 404 and "ann@example.org" not in answer.text
    secret = path.split("token=")[1]
    assert web.get(f"/page?token={secret}").status == 404  # it shows the receipt, and nothing can be changed by it
    assert web.post("/page", {"token": secret, "action": "erase", "sure": "yes"}).status == 404
    assert web.post("/confirm", {"token": secret}).status == 404
    assert web.post(path, {}).status == 405
    office.sql("UPDATE confirmation SET expires_at = 1 WHERE purpose = 'receipt'")
    assert web.get(path).status == 404


def test_the_own_page_has_all_of_them(office, server, welcomed):
    web, path = welcomed
    [(leaving,)] = office.sql("SELECT token FROM subscription")
    web.post("/preferences", {"token": leaving})
    wait_for(lambda: len(server.messages("ann@example.org")) == 3)
    secret = path_of(server, "ann@example.org", "/page?").split("token=")[1]
    own = web.post("/page", {"token": secret, "action": "save", "list": "alerts"}).text
    href = re.search(r'href="(/receipt[^"]+)"', own).group(1)
    page = web.get(href).text
    assert "<h2 dir=\"auto\">News Bulletin</h2>" in page and "<h2 dir=\"auto\">Alerts</h2>" in page
    hrefs = [html.unescape(found) for found in re.findall(r'href="([^"]+)" download', page)]
    assert len(hrefs) == 2 and all(verify(office, json.loads(web.get(found).text)).startswith("ours, unchanged\n") for found in hrefs)
    one = web.get(path).text  # the link of a welcome mail is about its list
    assert "News Bulletin</h2>" in one and "Alerts</h2>" not in one


@pytest.mark.slow(1)
def test_erasing_ends_its_link(office, welcomed):
    web, path = welcomed
    assert web.get(path).status == 200
    office.run("erase", "ann@example.org", "--yes")
    assert web.get(path).status == 404
    assert office.sql("SELECT count(*) FROM confirmation") == [(0,)] and audit(office)["faults"] == 0


def test_it_is_in_the_language_that_is_asked_for(welcomed):
    web, path = welcomed
    page = web.get(path, **{"Accept-Language": "ar"}).text
    assert '<html lang="ar" dir="rtl">' in page and "إيصال الموافقة" in page and '<blockquote class="wording" lang="en"' in page
    chosen = web.get(path + "&set-language=kk")
    assert chosen.status == 303 and "language=kk" in chosen.getheader("Location")


def test_without_a_website_the_welcome_mail_has_no_such_link(connected, server):
    connected.configure(notices={"welcome": True})
    connected.run("subscribe", "ann@example.org")
    connected.run("confirm", link(parse(server.messages("ann@example.org")[0]), "confirm").split("=")[-1].split("/")[-1])
    connected.run("retry")
    message = parse(server.messages("ann@example.org")[1])
    assert message["Subject"].startswith("Welcome") and "receipt" not in message.get_body(("plain",)).get_content()
    assert connected.sql("SELECT count(*) FROM confirmation WHERE purpose = 'receipt'") == [(0,)]


@pytest.mark.slow(1)
def test_the_api_gives_the_same(office, server, serve, welcomed):
    office.configure(staff={"listen": "127.0.0.1:0", "url": "https://staff.example.org"})
    api = ApiClient(serve(staff=True), office.run("staff", "token", "all", "--scope", "read,people").out.strip())
    [receipt] = api.call("GET", "/subscribers/1/receipts")["receipts"]
    assert {**receipt, "receipt_time": 0, "signature": 0} == {**receipts(office)[0], "receipt_time": 0, "signature": 0}
    assert verify(office, receipt).startswith("ours, unchanged\n")
    api.call("GET", "/subscribers/99/receipts", expect=404)
    reader = office.run("staff", "token", "reader", "--scope", "read").out.strip()
    api.call("GET", "/subscribers/1/receipts", expect=403, token=reader)


@pytest.mark.slow(1)
@needs_browser
@pytest.mark.one_engine("the engine makes no difference")
def test_the_page_is_accessible(welcomed):
    web, path = welcomed
    walk([web.url + path], dark=True, widths=[375, 1280])
    walk([web.url + path], languages=[language for language in LANGUAGES if language != "en"], widths=[375])
