"""Genuine or not: the office's key, what it signs, and what anybody can check with it."""
import base64
import email.message
import glob
import hashlib
import html as html_module
import json
import os
import re
import stat
import subprocess
import textwrap
import unicodedata

import pytest
from conftest import BINARY, parse, token, wait_for
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key, load_pem_public_key
from webserver import WebServer


@pytest.fixture
def office(connected):
    connected.configure(signing={"key_file": "signing.key"}, serve={"url": "https://news.example.org/", "check_forms": False})
    return connected


@pytest.fixture
def serve(office):
    """Starts the website."""
    started = []

    def start(*args):
        started.append(WebServer(BINARY, office.folder, *args))
        return started[-1]

    yield start
    for web in started:
        web.stop()


def raw(key):
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def private_of(site):
    return load_pem_private_key(open(os.path.join(site.folder, "signing.key"), "rb").read(), None)


@pytest.mark.one_engine("keys are files")
def test_a_key_is_made_shown_and_rotated(office):
    office.run("key", "make")
    path = os.path.join(office.folder, "signing.key")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    public = raw(private_of(office).public_key())
    shown = office.run("key", "show").out
    assert raw(load_pem_public_key(shown[shown.index("-----BEGIN"):].encode())) == public
    assert re.search(r'_newsletter\.news\.example\.org\. IN TXT "v=newsletter1; k=ed25519; p=(\S+)"', shown).group(1) == base64.b64encode(public).decode()
    name, number, coded = re.search(r"verifier key: (\S+)", shown).group(1).split("+", 2)
    assert name == "news.example.org" and base64.b64decode(coded) == b"\1" + public
    assert office.run("key", "make", expect=None).returncode != 0  # it stays
    assert raw(private_of(office).public_key()) == public

    [key] = json.loads(office.run("key", "show", "--json").out)["keys"]
    assert (key["kid"], key["until"], key["dns"]["name"]) == (number, None, "_newsletter.news.example.org.")
    keys = json.loads(office.run("key", "rotate", "--json").out)["keys"]
    assert [base64.urlsafe_b64decode(key["x"] + "=") for key in keys] == [public, raw(private_of(office).public_key())]
    assert keys[0]["until"] == keys[1]["since"] and keys[1]["until"] is None
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(keys[1]["x"] + "="))


@pytest.mark.one_engine("keys are files")
def test_mistakes_with_keys_are_told(office):
    office.configure(serve={})
    assert "needs --name" in office.run("key", "make", expect=64).err
    assert "cannot name a key" in office.run("key", "make", "--name", "our key", expect=65).err
    assert "signing.key" in office.run("key", "show", expect=66).err
    office.run("key", "make", "--name", "a.example")
    os.chmod(os.path.join(office.folder, "signing.key"), 0o644)
    assert "chmod 600" in office.run("key", "rotate", expect=78).err
    os.unlink(os.path.join(office.folder, "signing.key"))
    assert "bring" in office.run("key", "make", "--name", "a.example", expect=None).err
    office.configure(signing={})
    assert "signing.key_file" in office.run("key", "show", expect=78).err


@pytest.mark.slow(1)
def test_public_keys_are_on_the_website_and_nowhere_the_private_one(office, serve):
    web = serve()
    assert web.get("/.well-known/newsletter-keys.json").status == 404
    office.run("key", "make")
    office.run("key", "rotate")
    shown = json.loads(office.run("key", "show", "--json").out)["keys"]
    answer = web.get("/.well-known/newsletter-keys.json")
    assert answer.headers["Content-Type"] == "application/jwk-set+json"
    published = json.loads(answer.text)["keys"]
    assert published == [{name: value for name, value in key.items() if name not in ("pem", "dns")} for key in shown]
    office.run("archive", "build", "out")
    assert json.load(open(os.path.join(office.folder, "out/.well-known/newsletter-keys.json"), encoding="utf-8"))["keys"] == published
    private = open(os.path.join(office.folder, "signing.key"), encoding="ascii").read().split("\n")[1]
    for folder, _, names in os.walk(office.folder):
        for name in names:
            content = open(os.path.join(folder, name), "rb").read()
            assert name == "signing.key" or private.encode() not in content, name


# ---- what is signed ----

BODY = """Dear {{name|reader}},

the first ferry of the year sails on **Monday** at nine. Timetables are on [our website](https://www.example.org/ferry).

{{#if attribute.press = "yes"}}
For the press only: the minister comes aboard at eight, with coffee for everybody who writes.

{{/if}}
1. Bring a coat, since the wind is cold in spring.
2. Bring a friend, since the crossing takes an hour.

The harbour master thanks all “volunteers” who painted the pier in the last weeks of winter.
"""


@pytest.fixture
def sent(office, server):
    """An issue that went out, signed, with a picture of what was written in it."""
    office.run("key", "make", "--name", "news.example.org")
    office.add_active(["ann@example.org"], "Ann Lee")
    office.add_active(["bob@example.org"])
    office.sql("""UPDATE subscriber SET attributes = '{"press":"yes"}' WHERE address = 'bob@example.org'""")
    office.write("plan.txt", "A plan of the pier\n")
    office.path = office.issue(BODY, number="No 1", attachments=["plan.txt"])
    office.run("send", "--yes", office.path)
    return office


def received(server, address="ann@example.org"):
    raw_mail = server.messages(address)[0]
    return raw_mail.split(b"\r\n", 2)[2]  # without what the server put in front


def verify(site, data, status, *options):
    site.write("asked", data)
    return site.run("verify", "asked", *options, expect=status)


def facts(site, data, status, *options):
    return json.loads(verify(site, data, status, "--json", *options).out)


def text_part(message):
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")


def test_a_received_mail_is_ours(sent, server):
    for address in ("ann@example.org", "bob@example.org"):
        answer = facts(sent, received(server, address), 0)
        assert (answer["verdict"], answer["differences"], answer["checked"]) == ("unchanged", [], ["text", "html"])
        assert answer["around"] == []
    assert "Ann Lee," in answer["personal"] or "Ann Lee," in facts(sent, received(server), 0)["personal"]


def test_a_changed_mail_is_told_where(sent, server):
    message = parse(server.messages("ann@example.org")[0])
    text = text_part(message)
    changed = facts(sent, text.replace("at nine", "at seven"), 65)
    [difference] = changed["differences"]
    assert difference["kind"] == "changed" and "at nine." in difference["ours"] and "at seven." in difference["here"]
    added = facts(sent, text.replace("The harbour master", "Send money to account 12345 at once.\n\nThe harbour master"), 65)
    assert [(one["kind"], one["here"]) for one in added["differences"]] == [("added", "Send money to account 12345 at once.")]
    paragraph = text[text.index("The harbour master"):]
    paragraph = paragraph[:paragraph.replace("\r", "").index("\n\n") + 2]
    missing = facts(sent, text.replace(paragraph, ""), 65)
    assert [one["kind"] for one in missing["differences"]] == ["missing"] and "harbour" in missing["differences"][0]["ours"]
    said = verify(sent, text.replace("at nine", "at seven"), 65).out
    assert said.startswith("ours, but changed\n") and "here: " in said


def test_a_change_in_both_parts_is_told_once(sent, server):
    mail = received(server)
    assert mail.count(b"harbour master thanks") == 2
    [difference] = facts(sent, mail.replace(b"harbour master thanks", b"harbour master pays"), 65)["differences"]
    assert "master thanks all" in difference["ours"] and "master pays all" in difference["here"]


def test_the_address_of_a_link_counts(sent, server):
    mail = received(server)
    message = parse(server.messages("ann@example.org")[0])
    html = message.get_body(("html",)).get_content()
    assert facts(sent, html, 0)["checked"] == ["html"]
    [difference] = facts(sent, html.replace("https://www.example.org/ferry", "https://evil.example/ferry"), 65)["differences"]
    assert "evil.example" in difference["here"] and "www.example.org/ferry" in difference["ours"]
    assert mail.count(b"ferry") > 0


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("way", ["quoted", "flat", "charset", "base64", "typewriter", "footer", "forwarded", "attached", "browser"])
def test_what_happens_to_mail_on_its_way_is_no_change(sent, server, way):
    message = parse(server.messages("ann@example.org")[0])
    text = text_part(message)
    outer = email.message.EmailMessage()
    outer["From"], outer["To"], outer["Subject"] = "carl@example.org", "dora@example.org", "Fwd"
    if way == "quoted":
        data = "Ann wrote:\n\n" + "".join(textwrap.fill(line, 40, initial_indent="> > ", subsequent_indent="> > ", break_long_words=False, break_on_hyphens=False) + "\n" if line else "> >\n"
                                         for line in text.split("\n"))
    elif way == "flat":
        data = " ".join(text.split())
    elif way == "charset":
        outer.set_content(text.replace("“", '"').replace("”", '"'), charset="iso-8859-15", cte="quoted-printable")
        data = bytes(outer)
    elif way == "base64":
        outer.set_content(text, charset="utf-16", cte="base64")
        data = bytes(outer)
    elif way == "typewriter":
        data = text.replace("“", '"').replace("”", '"').replace("\u00a0", " ")
    elif way == "footer":
        outer.set_content(text + "\n_______________\nHarbour mailing list\nhttps://lists.example.org/harbour\n")
        data = bytes(outer)
    elif way == "forwarded":
        outer.set_content("Have a look!\n\n---------- Forwarded message ----------\nFrom: Press Office\nSubject: No 1\n\n" + text)
        outer.add_alternative("<p>Have a look!</p><blockquote>" + message.get_body(("html",)).get_content() + "</blockquote>", subtype="html")
        data = bytes(outer)
    elif way == "attached":
        outer.set_content("Is this genuine?")
        outer.add_attachment(message)
        outer.add_attachment(b"\x89PNG logo", maintype="image", subtype="png", filename="logo.png")
        data = bytes(outer)
    else:
        shown = re.sub(r"(?s)<head.*?</head>", "", message.get_body(("html",)).get_content())
        data = html_module.unescape(re.sub(r"(?s)<[^>]*>", "", re.sub(r"(?i)</(p|h1|li|td|div)>|<br>", "\n", shown)))
        data = re.sub(r"(Bring a coat)", r"1. \1", data)
    answer = json.loads(verify(sent, data, None, "--json").out)
    assert (answer["verdict"], answer.get("differences")) == ("unchanged", [])
    assert bool(answer["around"]) == (way in ("quoted", "footer", "forwarded"))


def test_what_readers_are_shown_and_what_is_attached_must_be_ours(sent, server):
    message = parse(server.messages("ann@example.org")[0])
    outer = email.message.EmailMessage()
    outer["From"], outer["To"], outer["Subject"] = "carl@example.org", "dora@example.org", "No 1"
    outer.set_content(text_part(message))
    outer.add_alternative("<p>Pay your fee to the following account before Monday, or lose your seat.</p>", subtype="html")
    assert [one["kind"] for one in facts(sent, bytes(outer), 65)["differences"]] == ["added"]
    outer = email.message.EmailMessage()
    outer["From"], outer["To"], outer["Subject"] = "carl@example.org", "dora@example.org", "No 1"
    outer.set_content(text_part(message))
    outer.add_attachment(b"MZ", maintype="application", subtype="octet-stream", filename="invoice.exe")
    assert [(one["kind"], one["here"]) for one in facts(sent, bytes(outer), 65)["differences"]] == [("file", "invoice.exe")]


@pytest.mark.parametrize("way", ["after the end", "before the beginning", "instead"])
def test_html_that_is_no_proper_document_is_read_to_its_end(sent, server, way):
    """Browsers show what follows </html>, or an end tag that closes nothing."""
    message = parse(server.messages("ann@example.org")[0])
    html = message.get_body(("html",)).get_content()
    evil = "<p>Pay your fee to the following account.</p>"
    if way == "instead":
        outer = email.message.EmailMessage()
        outer["From"], outer["To"], outer["Subject"] = "carl@example.org", "dora@example.org", "No 1"
        outer.set_content(text_part(message))
        outer.add_alternative("</p>" + evil, subtype="html")
        [difference] = facts(sent, bytes(outer), 65)["differences"]
        assert difference["kind"] == "added" and "Pay your fee" in difference["here"]
        return
    page = html + evil if way == "after the end" else "<html></p></html>" + evil + html
    answer = facts(sent, page, 0)
    assert any("Pay your fee" in text for text in answer["around"])


def test_what_is_not_ours(sent, server):
    assert facts(sent, "Dear reader,\n\nthe last train has left the station, and nobody knows when the next one comes.\n", 67) == {
        "verdict": "unknown", "named": None}
    number = facts(sent, received(server), 0)["reference"]
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", number) and number in text_part(parse(server.messages("ann@example.org")[0]))
    forged = facts(sent, f"Dear reader,\n\nthe ferry is sold, and all tickets are void.\n\nReference number: {number}\n", 67)
    assert forged["named"]["reference"] == number and forged["named"]["title"] == facts(sent, received(server), 0)["title"]


@pytest.mark.slow(1)
def test_the_source_and_the_signature(sent, server):
    source = open(os.path.join(sent.folder, sent.path), encoding="utf-8").read()
    assert facts(sent, source, 0)["checked"] == ["source"]
    assert facts(sent, source.replace("\n", "\r\n"), 0)["checked"] == ["source"]
    [difference] = facts(sent, source.replace("at nine", "at seven"), 65)["differences"]
    assert "at seven." in difference["here"]
    first, last = "{{name|reader}},\n\nthe first", "The harbour master"
    paragraphs = source.split("\n\n")
    assert first in source and paragraphs[-1].startswith(last)
    moved = "\n\n".join([paragraphs[0], paragraphs[-1].rstrip(), *paragraphs[1:-1]]) + "\n"
    assert "moved" in [one["kind"] for one in facts(sent, moved, 65)["differences"]]
    sent.run("archive", "build", "out")
    [path] = glob.glob(os.path.join(sent.folder, "out/*/issue/*/signature.txt"))
    note = open(path, encoding="utf-8").read()
    assert "minister" not in note and "coffee" not in note and "painted" in note
    for address in ("ann", "bob", "Ann Lee"):
        assert address not in note
    # Offline: no database and no configuration, by each form of the key.
    alone = os.path.join(sent.folder, "alone")
    os.mkdir(alone)
    keys = json.loads(sent.run("key", "show", "--json").out)
    forms = {"keys.json": json.dumps(keys), "key.pem": keys["keys"][0]["pem"], "key.txt": keys["keys"][0]["verifier"] + "\n"}
    for name, content in {**forms, "note": note, "mail.eml": received(server).decode(), "bad": note.replace("title: ", "title: A ")}.items():
        with open(os.path.join(alone, name), "w", encoding="utf-8", newline="") as out:
            out.write(content)

    def run(*words):
        return subprocess.run([BINARY, "verify", *words], cwd=alone, capture_output=True, text=True, check=False)

    for form in forms:
        assert run("mail.eml", "--key", form, "--signature", "note").returncode == 0, form
        assert run("note", "--key", form).returncode == 0
        assert run("bad", "--key", form).returncode == 65
        assert run("mail.eml", "--key", form, "--signature", "bad").returncode == 65
    sent.run("key", "rotate")  # old issues are checked with the old key
    assert facts(sent, received(server), 0)["verdict"] == "unchanged"


def words_of(text):
    """docs/genuine.md, "The canonical form", once more."""
    folds = {**dict.fromkeys("‘’‚‛′ʼ`", "'"), **dict.fromkeys("“”„‟″«»", '"'), **dict.fromkeys("‐‑‒–—―−", "-")}
    text = "".join(folds.get(c, c) for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    found = [word.strip("*_<>|#~") for word in text.split()]
    return [word for word in found if any(unicodedata.category(c)[0] in "LN" or unicodedata.category(c) == "Sc" for c in word)]


def test_another_program_checks_it(sent, server):
    """The form as the book describes it: with Python's cryptography, and the words counted once more."""
    [(note,)] = sent.sql("SELECT note FROM issue_note")
    text, signatures = note.rsplit("\n\n", 1)
    text += "\n"
    name, signature = re.fullmatch(r"— (\S+) (\S+)\n", signatures).groups()
    assert name == "news.example.org"
    key = private_of(sent).public_key()
    key.verify(base64.b64decode(signature)[4:], text.encode())
    lines = text[text.index("[text]\n"):text.index("[html]\n")].splitlines()[1:]
    seen = words_of(text_part(parse(server.messages("ann@example.org")[0])))
    expected = [word for line in lines if line[0] != "c" for word in line[2:].split()]
    pattern = " ".join(re.escape(word).replace("￼", ".*?") for word in expected)
    assert re.fullmatch(pattern, " ".join(seen)), (pattern, seen)
    [source] = re.findall(r"^source: (\S+)$", text, re.M)
    assert source == hashlib.sha256(open(os.path.join(sent.folder, sent.path), "rb").read()).hexdigest()
    files = dict(reversed(line.split(" ", 1)[1].rsplit(" ", 2)[::2]) for line in text.splitlines() if line.startswith("file: "))
    assert files["plan.txt"] == hashlib.sha256(b"A plan of the pier\n").hexdigest()


def test_somebody_has_changed_the_database(sent, server):
    sent.sql("UPDATE issue_note SET note = replace(note, 'nine', 'seven')")
    text = text_part(parse(server.messages("ann@example.org")[0]))
    assert facts(sent, text.replace("at nine", "at seven"), 67)["verdict"] == "unknown"


def test_without_a_key_nothing_is_signed_and_with_a_lost_one_nothing_is_sent(connected, server):
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", connected.issue(number="No 1"))
    assert connected.sql("SELECT count(*) FROM issue_note") == [(0,)]
    assert "Reference" not in text_part(parse(server.messages("ann@example.org")[0]))
    connected.configure(signing={"key_file": "lost.key"})
    assert "lost.key" in connected.run("send", "--yes", connected.issue(number="No 2"), expect=66).err
    assert connected.sql("SELECT count(*) FROM issue") == [(1,)]


def test_each_language_and_subject_is_signed(office, server):
    office.run("key", "make")
    office.add_active(["ann@example.org"])
    office.sql("UPDATE subscriber SET language = 'ru'")
    office.write("two.ru.md", "---\ntitle: Паром\ndate: 2026-08-25\nsubject: Раз\nalternative_subject: Два\n---\nПаром отходит в понедельник в девять часов утра от нового причала.\n")
    office.write("two.md", "---\ntitle: Ferry\ndate: 2026-08-25\nsubject: One\nalternative_subject: Two\n---\nThe ferry sails on Monday at nine in the morning from the new pier.\n")
    office.run("send", "--yes", "two.md", "--sample", "100")
    assert sorted(language for language, in office.sql("SELECT language FROM issue_note")) == ["en", "ru"]
    answer = facts(office, received(server), 0)
    assert (answer["language"], answer["title"]) == ("ru", "Паром")


def test_a_changed_address_in_the_foot_is_told(sent, server):
    html = parse(server.messages("ann@example.org")[0]).get_body(("html",)).get_content()
    [difference] = facts(sent, html.replace("https://www.example.org/unsubscribe", "https://evil.example/unsubscribe"), 65)["differences"]
    assert "evil.example" in difference["here"] and "www.example.org/unsubscribe" in difference["ours"]


# ---- the website's page ----

def ask(web, **fields):
    """Asks the page about a text, a mail or a number. Its verdict, and the whole page."""
    boundary = "0123456789abcdef"
    body = "".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"' + ('; filename="a.eml"' if name == "mail" else "") +
                   f"\r\n\r\n{value}\r\n" for name, value in fields.items()) + f"--{boundary}--\r\n"
    answer = web.request("POST", "/genuine", body=body.encode(), headers={"Content-Type": f"multipart/form-data; boundary={boundary}"})
    found = re.search(r'<section class="verdict[^"]*" role="status">\s*<h2>(.*?)</h2>', answer.text)
    return found.group(1) if found else None, answer


def test_the_page_says_the_same(sent, server, serve):
    web = serve("--no-mail")
    mail = received(server).decode()
    text = text_part(parse(server.messages("ann@example.org")[0]))
    reference = re.search(r"Reference number: (\S+)", text).group(1)
    assert "<h1>Is this bulletin ours?</h1>" in web.get("/genuine").text
    assert ask(web, mail=mail)[0] == "Ours, unchanged"
    assert ask(web, text=text)[0] == "Ours, unchanged"
    verdict, page = ask(web, text=text.replace("at nine", "at seven"))
    assert verdict == "Ours, but changed" and "at seven." in page.text and "at nine." in page.text
    assert ask(web, text="Somebody else has written this, about something else.")[0] == "Not known to us"
    assert ask(web, number=reference.lower().replace("-", " "))[0] == "This number belongs to"
    assert ask(web, number="0000-0000")[0] is None and ask(web)[1].text.count('role="alert"') == 1
    assert "A title" in web.get(f"/genuine?n={reference}").text and reference in web.get("/archive/bulletin/issue/no-1/").text
    evil = ask(web, text=text.replace("at nine", "at <script>alert(1)</script>"))[1].text
    assert "<script>alert" not in evil
    for name in ("ann@example.org", "Ann Lee"):  # nothing of a reader but what was sent in
        assert name not in ask(web, text=text.replace("Ann Lee", "Eve"))[1].text


def test_the_page_tells_nothing_that_is_not_public(sent, server, serve):
    web = serve("--no-mail")
    text = text_part(parse(server.messages("ann@example.org")[0]))
    reference = re.search(r"Reference number: (\S+)", text).group(1)
    for hidden, shown in (("public_from = 4102444800", "public_from = 0"), ("archive = 'never'", "archive = 'public'"),
                          ("state = 'scheduled'", "state = 'sent'")):
        sent.sql(f"UPDATE issue SET {hidden}")
        assert ask(web, text=text)[0] == "Not known to us", hidden
        assert "A title" not in web.get(f"/genuine?n={reference}").text, hidden
        sent.sql(f"UPDATE issue SET {shown}")
    sent.run("list", "edit", "bulletin", "--private")
    assert ask(web, text=text)[0] == "Not known to us"
    assert facts(sent, text, 0)["verdict"] == "unchanged"  # the office knows it


@pytest.mark.slow(1)
def test_the_page_has_bounds(sent, serve):
    web = serve("--no-mail")
    assert ask(web, text="x" * (13 << 20))[1].status == 413
    statuses = {web.get("/genuine?n=0000-0000").status for _ in range(130)}
    assert statuses == {200, 429}


def test_without_a_key_there_is_no_page(connected):
    web = WebServer(BINARY, connected.folder, "--no-mail")
    assert web.get("/genuine").status == 404
    web.stop()


# ---- receipts ----

def test_a_receipt_says_what_was_agreed_to_and_is_checked(office, server):
    office.run("key", "make", "--name", "news.example.org")
    office.configure(confirmation={"text_version": "7", "resend_interval": "1h"})
    office.run("subscribe", "ann@example.org", "--ip", "203.0.113.9", "--source", "form")
    wait_for(lambda: server.messages("ann@example.org"))
    office.run("confirm", token(parse(server.messages("ann@example.org")[0]), "confirm"))
    said = office.run("consent", "show", "ann@example.org").out
    assert said.startswith("News Bulletin (bulletin.example.org), from Press Office <press@example.org>: active\n")
    assert " requested\n" in said and " confirmed\n" in said and "from: 203.0.113.9" in said and "version 7" in said
    [receipt] = json.loads(office.run("consent", "show", "ann@example.org", "--json").out)
    assert [event["event_type"] for event in receipt["events"]] == ["requested", "confirmed"]
    assert {**receipt["notice"], "wordings": []} == {"form_version": "7", "source": "form", "ip": "203.0.113.9", "wordings": []}
    assert (receipt["purpose"]["list"], receipt["pii_principal_id"], receipt["state"]) == ("News Bulletin", "ann@example.org", "active")
    # Another program: a JWS with a detached payload, over canonical JSON.
    header, nothing, signature = receipt["signature"].split(".")
    rest = {name: value for name, value in receipt.items() if name != "signature"}
    payload = base64.urlsafe_b64encode(json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).rstrip(b"=")
    private_of(office).public_key().verify(base64.urlsafe_b64decode(signature + "=="), header.encode() + b"." + payload)
    assert nothing == "" and json.loads(base64.urlsafe_b64decode(header + "=="))["alg"] == "EdDSA"
    office.write("good.json", json.dumps(receipt, indent=2))
    office.write("bad.json", json.dumps({**receipt, "state": "ended"}))
    office.write("bare.json", json.dumps(rest))
    office.write("keys.json", office.run("key", "show", "--json").out)
    office.run("key", "rotate")
    assert office.run("consent", "verify", "good.json").out.startswith("ours, unchanged\n")
    assert office.run("consent", "verify", "good.json", "--key", "keys.json").out.startswith("ours, unchanged\n")
    assert "another state" in office.run("consent", "verify", "bad.json", expect=65).err
    assert "not signed" in office.run("consent", "verify", "bare.json", expect=65).err
    assert office.run("consent", "verify", "keys.json", expect=65).out == ""
    office.run("consent", "show", "nobody@example.org", expect=67)
