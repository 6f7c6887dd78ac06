"""Mails that Outlook has saved (.msg): the command and the page say of them what they say of the same mail as .eml."""
import html
import json
import os
import re
import struct
import subprocess

import outlook
import pytest
from conftest import BINARY, parse
from test_enclosures import png
from test_genuine import facts, office, received, sent, serve, text_part, verify  # noqa: F401
from test_photo import ask_about_file

with open(BINARY, "rb") as program:
    WITHOUT = b"built without libgsf" in program.read()
pytestmark = [pytest.mark.one_engine("a file is no matter of the database"), pytest.mark.skipif(WITHOUT, reason="built without libgsf")]


def html_part(message):
    return message.get_body(("html",)).get_content()


def shown_by_outlook(page):
    """The plain text that Outlook makes of a page: addresses after links, and words in the place of pictures."""
    page = re.sub(r"(?s)<head.*?</head>", "", page)
    page = re.sub(r'<img[^>]*alt="([^"]*)"[^>]*>', r"[\1]", page)
    page = re.sub(r'(?s)<a [^>]*href="([^"]*)"[^>]*>(.*?)</a>', r"\2 &lt;\1&gt;", page)
    page = re.sub(r"(?i)</(p|h1|h2|li|td|div)>|<br>", "\n\n", page)
    page = re.sub(r"(?s)<[^>]*>", "", page)
    return html.unescape(page)


HEADERS = """Received: from mail.example.org by mx.example.net; Thu, 26 Nov 2026 10:00:00 +0000
From: Press Office <press@example.org>
To: ann@example.org
Subject: A title
List-Id: <bulletin.example.org>
Message-ID: <1@example.org>
Content-Type: multipart/alternative;
 boundary="gone"
MIME-Version: 1.0

"""

# Ways in which Outlook keeps a mail; each is given the plain text and the HTML of the mail as it was received.
KEPT = {
    "text": lambda text, page: {"text": text},
    "ANSI text": lambda text, page: {"text": text, "code_page": 1252},
    "HTML": lambda text, page: {"html": page},
    "HTML in UTF-16": lambda text, page: {"html": page, "html_charset": "utf-16-le", "internet_code_page": 1200},
    "HTML as a text": lambda text, page: {"html_text": page},
    "RTF around HTML": lambda text, page: {"rtf": outlook.packed(outlook.wrapped(page))},
    "RTF around HTML, stored": lambda text, page: {"rtf": stored(outlook.wrapped(page))},
    "an empty text, and HTML": lambda text, page: {"text": "", "html": page},
    "RTF around text": lambda text, page: {"rtf": outlook.packed(outlook.wrapped_text(text))},
    "its own text, and HTML": lambda text, page: {"text": shown_by_outlook(page), "html": page},
    "all of it": lambda text, page: {"text": text, "html": page, "rtf": outlook.packed(outlook.wrapped(page)), "headers": HEADERS},
    "as an attachment": lambda text, page: {"text": "Is this genuine?\n", "attachments": [outlook.attached(
        text=shown_by_outlook(page), rtf=outlook.packed(outlook.wrapped(page)), headers=HEADERS)]},
    "as a saved mail in a mail": lambda text, page: {"text": "Is this genuine?\n", "attachments": [
        outlook.file("ferry.msg", outlook.message(html=page))]},
}


def stored(rtf):
    """The form of MS-OXRTFCP without compression."""
    return struct.pack("<IIII", len(rtf) + 12, len(rtf), 0x414C454D, 0) + rtf


def bodies(server, address="ann@example.org"):
    message = parse(server.messages(address)[0])
    return text_part(message), html_part(message)


@pytest.mark.parametrize("kept", KEPT)
def test_a_saved_mail_is_ours(sent, server, kept):
    answer = facts(sent, outlook.message(**KEPT[kept](*bodies(server))), 0)
    assert (answer["verdict"], answer["differences"]) == ("unchanged", [])
    assert answer["personal"].count("Ann Lee,") == 1


@pytest.mark.parametrize("kept", KEPT)
def test_a_changed_word_in_a_saved_mail_is_told(sent, server, kept):
    text, page = (body.replace("harbour master thanks", "harbour master pays") for body in bodies(server))
    [difference] = facts(sent, outlook.message(**KEPT[kept](text, page)), 65)["differences"]
    assert difference["kind"] == "changed"
    assert "master thanks all" in difference["ours"] and "master pays all" in difference["here"]


@pytest.mark.parametrize("kept", KEPT)
def test_another_saved_mail_is_not_known(sent, server, kept):
    text = "Dear reader,\n\nthe last train has left, and nobody knows when the next one comes.\n"
    page = "<html><body><p>Dear reader,</p>\n<p>the last train has left, and nobody knows when the next one comes.</p></body></html>"
    assert facts(sent, outlook.message(**KEPT[kept](text, page)), 67)["verdict"] == "unknown"


@pytest.mark.parametrize("hidden", ["text", "html", "rtf"])
def test_each_body_must_be_ours(sent, server, hidden):
    """Programs show one body or another."""
    text, page = bodies(server)
    evil = "<html><body><p>Pay your fee to this account before Monday.</p></body></html>"
    what = {"text": text, "html": page, "rtf": outlook.packed(outlook.wrapped(page)),
            hidden: {"text": "Pay your fee to this account before Monday.", "html": evil, "rtf": outlook.packed(outlook.wrapped(evil))}[hidden]}
    [difference] = facts(sent, outlook.message(**what), 65)["differences"]
    assert difference["kind"] == "added" and "Pay your fee" in difference["here"]


CYRILLIC = """---
title: Паром
date: 2026-08-25
---
Дорогие «читатели» — паром отходит в понедельник в девять часов утра от нового причала.

Начальник порта благодарит всех добровольцев, которые красили причал в последние недели зимы.

Билеты продаются на пристани и на борту; дети до семи лет едут бесплатно, собаки — на поводке.
"""


@pytest.fixture
def russian(office, server):
    office.run("key", "make")
    office.add_active(["ann@example.org"])
    office.write("ferry.md", CYRILLIC)
    office.run("send", "--yes", "ferry.md")
    return bodies(server)


@pytest.mark.parametrize("way", ["text in 1251", "text in KOI8-R", "HTML in 1251", "RTF in 1251", "RTF by numbers", "RTF by its font", "HTML without a code page"])
def test_cyrillic_in_code_pages(office, russian, way):
    def message(change):
        text, page = (change(body) for body in russian)
        return outlook.message(**{
            "text in 1251": lambda: {"text": text, "code_page": 1251},
            "text in KOI8-R": lambda: {"text": text.translate(dict(zip(map(ord, "«»—"), '""-'))), "code_page": 20866},
            "HTML in 1251": lambda: {"html": re.sub("[^\0-\u04ff«»—]", " ", page), "html_charset": "cp1251", "internet_code_page": 1251},
            "RTF in 1251": lambda: {"rtf": outlook.packed(outlook.wrapped(page, 1251, 204))},
            "RTF by numbers": lambda: {"rtf": outlook.packed(outlook.wrapped(page, 1252, 0))},
            "RTF by its font": lambda: {"rtf": outlook.packed(outlook.wrapped(page, 1251, 204).replace(b"ansicpg1251", b"ansicpg1252"))},
            "HTML without a code page": lambda: {"html": page, "internet_code_page": 0},
        }[way]())
    answer = facts(office, message(lambda body: body), 0)
    assert (answer["verdict"], answer["title"]) == ("unchanged", "Паром")
    [difference] = facts(office, message(lambda body: body.replace("в девять", "в десять")), 65)["differences"]
    assert "в девять" in difference["ours"] and "в десять" in difference["here"]


def test_a_saved_mail_without_a_list_of_properties(sent, server):
    """Some programs write the streams alone."""
    text, page = bodies(server)
    tree = outlook.storage(text=text, html=page)
    del tree["__properties_version1.0"]
    assert facts(sent, outlook.Compound(tree).data(), 0)["differences"] == []
    [difference] = facts(sent, outlook.Compound({"__substg1.0_1000001F": text.replace("at nine", "at ten").encode("utf-16-le")}).data(), 65)["differences"]
    assert "at ten." in difference["here"]


@pytest.mark.slow(1)
def test_files_of_a_saved_mail(sent, server):
    text, page = bodies(server)
    plan = outlook.file("plan.txt", b"A plan of the pier\n")
    codes = [outlook.file("image001.png", part.get_content()) for part in parse(server.messages("ann@example.org")[0]).walk()
             if part.get_content_type() == "image/png"]
    assert len(codes) == 1  # the QR code in the foot
    assert facts(sent, outlook.message(html=page, attachments=[plan, *codes]), 0)["differences"] == []
    # A file of somebody who forwards it in a mail of his own is none of ours, and no change.
    logo = outlook.file("logo.png", png(20, 20))
    assert facts(sent, outlook.message(text="Look:", attachments=[logo, outlook.attached(html=page, attachments=[plan])]), 0)["differences"] == []
    for attachment in (outlook.file("invoice.exe", b"MZ"), outlook.file("plan.txt", b"A plan of the pie\n")):
        [difference] = facts(sent, outlook.message(html=page, attachments=[plan, attachment]), 65)["differences"]
        assert difference["kind"] == "file" and difference["here"] in ("invoice.exe", "plan.txt")


def test_a_mail_that_was_attached_as_eml(sent, server):
    mail = received(server)
    assert facts(sent, outlook.message(text="Look:", attachments=[outlook.file("ferry.eml", mail)]), 0)["differences"] == []
    assert facts(sent, outlook.message(text="Look:", attachments=[outlook.file("ferry", mail, "message/rfc822")]), 0)["differences"] == []
    changed = mail.replace(b"harbour master thanks", b"harbour master pays")
    [difference] = facts(sent, outlook.message(text="Look:", attachments=[outlook.file("ferry.eml", changed)]), 65)["differences"]
    assert "master pays all" in difference["here"]


def test_a_mail_with_a_signature_is_one_attachment(sent, server):
    """MS-OXOSMIME: the whole of it, as it was signed."""
    inner = received(server)
    inner = inner[inner.index(b"Content-Type: multipart/"):]
    def signed(part):
        return (b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="sig"\r\n\r\n--sig\r\n' + part +
                b"\r\n--sig\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\nMIIB\r\n--sig--\r\n")
    kind = "IPM.Note.SMIME.MultipartSigned"
    message = outlook.message(kind=kind, attachments=[outlook.file("SMIME.p7m", signed(inner), "multipart/signed")])
    assert facts(sent, message, 0)["differences"] == []
    message = outlook.message(kind=kind, attachments=[outlook.file("SMIME.p7m", signed(inner.replace(b"master thanks", b"master pays")), "multipart/signed")])
    assert [one["kind"] for one in facts(sent, message, 65)["differences"]] == ["changed"]


@pytest.mark.slow(1)
def test_without_a_network_and_a_database(sent, server):
    sent.run("archive", "build", "out")
    [note] = [os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(sent.folder, "out")) for name in names if name == "signature.txt"]
    sent.write("keys.json", sent.run("key", "show", "--json").out)
    alone = os.path.join(sent.folder, "alone")
    os.mkdir(alone)
    text, page = bodies(server)
    for name, changed in (("good.msg", page), ("bad.msg", page.replace("at nine", "at ten"))):
        with open(os.path.join(alone, name), "wb") as out:
            out.write(outlook.message(rtf=outlook.packed(outlook.wrapped(changed))))
        run = subprocess.run([BINARY, "verify", name, "--key", "../keys.json", "--signature", note], cwd=alone, capture_output=True, text=True, check=False)
        assert (run.returncode, run.stdout.split("\n")[0]) == ((0, "ours, unchanged") if name == "good.msg" else (65, "ours, but changed")), run.stderr


# ---- the website's page ----

def verdict(answer):
    assert answer.status == 200
    found = re.search(r'<section class="verdict[^"]*" role="status">\s*<h2>(.*?)</h2>', answer.text)
    return found.group(1) if found else None


@pytest.mark.slow(1)
@pytest.mark.parametrize("kept", ["text", "HTML", "RTF around HTML", "all of it", "as an attachment"])
def test_the_page_takes_a_saved_mail(sent, server, serve, kept):
    web = serve("--no-mail")
    text, page = bodies(server)
    assert verdict(ask_about_file(web, outlook.message(**KEPT[kept](text, page)), "ferry.msg")) == "Ours, unchanged"
    changed = ask_about_file(web, outlook.message(**KEPT[kept](*(body.replace("master thanks", "master pays") for body in (text, page)))), "ferry.msg")
    assert verdict(changed) == "Ours, but changed" and "master pays all" in changed.text and "master thanks all" in changed.text
    other = outlook.message(**KEPT[kept]("Somebody else has written this.", "<html><body><p>Somebody else has written this.</p></body></html>"))
    assert verdict(ask_about_file(web, other, "other.msg")) == "Not known to us"


@pytest.mark.slow(1)
def test_the_page_says_that_a_saved_mail_cannot_be_read(sent, serve):
    web = serve("--no-mail")
    for kind in list(HOSTILE)[::5]:
        answer = ask_about_file(web, HOSTILE[kind], "broken.msg")
        assert answer.status == 200 and "This mail cannot be read." in answer.text, kind
    assert 'accept=".eml,.msg,' in web.get("/genuine").text
    assert "Diese Mail ist nicht lesbar." in ask_about_file(web, HOSTILE["cut off"], "broken.msg", "/genuine?language=de").text


# ---- hostile files ----

def nest(depth):
    inner = outlook.attached(text="The innermost")
    for _ in range(depth):
        inner = outlook.attached(text="Around it", attachments=[inner])
    return inner


def broken_files():
    good = outlook.message(text="Somebody has written this. " * 400, html="<p>Somebody has written this.</p>" * 400)
    sectors = (len(good) - 512) // 512

    def at(place, data, file=good):
        return file[:place] + data + file[place + len(data):]

    fat = 512 + struct.unpack_from("<I", good, 76)[0] * 512
    directory = 512 + struct.unpack_from("<I", good, 48)[0] * 512
    html = good.index("__substg1.0_10130102".encode("utf-16-le"))
    start = struct.unpack_from("<I", good, html + 116)[0]
    yield "cut off in its head", good[:300]
    yield "only a head", good[:512]
    yield "cut off", good[:len(good) // 2]
    yield "without its last sector", good[:-512]
    yield "a chain that is a circle", at(fat + 4 * start, struct.pack("<I", start))
    yield "a chain out of the file", at(fat + 4 * start, struct.pack("<I", sectors + 1000))
    yield "a directory that is a circle", at(fat + 4 * ((directory - 512) // 512), struct.pack("<I", (directory - 512) // 512))
    yield "a tree that is a circle", at(directory + 68, struct.pack("<III", 0, 0, 0))
    yield "a stream of four gigabytes", at(html + 120, struct.pack("<I", 0xFFFFFFF0))
    yield "a stream of two gigabytes", at(html + 120, struct.pack("<I", 0x7FFFFFFF))
    yield "more sectors of tables than the file has", at(44, struct.pack("<I", 0x00FFFFFF))
    yield "tables elsewhere", at(68, struct.pack("<II", 7, 0x00FFFFFF))
    yield "sectors of another size", at(30, struct.pack("<H", 30))
    yield "no sectors at all", at(30, struct.pack("<HH", 0, 0))
    yield "no mail", outlook.Compound({"WordDocument": b"x" * 5000}).data()
    yield "mails within mails", outlook.message(text="Outermost", attachments=[nest(5)])
    yield "many attachments", outlook.message(text="x", attachments=[outlook.file(f"{i}.txt", b"x") for i in range(70)])
    yield "many parts", outlook.message(text="x", attachments=[
        outlook.attached(text="y", attachments=[outlook.file(f"{i}.txt", b"x") for i in range(25)]) for _ in range(3)])
    many = outlook.storage(text="x")
    many.update({f"__recip_version1.0_#{i:08X}": {} for i in range(5000)})
    yield "many storages", outlook.Compound(many).data()
    yield "a directory of many names", outlook.Compound({**outlook.storage(text="x"), **{f"x{i}": b"" for i in range(12000)}}).data()
    rtf = outlook.packed(outlook.wrapped("<p>Somebody has written this.</p>"))
    yield "RTF that is cut off", outlook.message(rtf=rtf[:40])
    yield "RTF without its end", outlook.message(rtf=struct.pack("<I", 8) + rtf[4:20])
    yield "RTF with another checksum", outlook.message(rtf=rtf[:12] + b"\1\2\3\4" + rtf[16:])
    yield "RTF that claims gigabytes", outlook.message(rtf=outlook.packed(b"{\\rtf1 x}", claimed=0xFFFFFFFF))
    yield "RTF that grows beyond what it claims", outlook.message(rtf=outlook.packed(b"{\\rtf1 " + b"x" * 90000 + b"}", claimed=100))
    yield "RTF of groups in groups", outlook.message(rtf=outlook.packed(b"{\\rtf1 " + b"{" * 5000 + b"x"))
    yield "RTF that is none", outlook.message(rtf=outlook.packed(b"Somebody has written this."))
    # Many streams with the same sectors: together they are larger than the file.
    one = outlook.Compound(outlook.storage(text="x" * 300000, attachments=[outlook.file(f"{i}.bin", b"x" * 5000) for i in range(40)]))
    body = next(entry for entry in one.entries if entry[0] == "__substg1.0_1000001F")
    for entry in one.entries:
        if entry[0] == "__substg1.0_37010102":
            entry[5:] = body[5:]
    data = one.data()
    yield "streams with the same sectors", data


HOSTILE = dict(broken_files())


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_ends_with_a_clear_error(sent, kind):
    run = verify(sent, HOSTILE[kind], 65, "--json")
    words = {"streams with the same sectors": "its parts are larger than it is"}.get(kind, "broken|too large|too deep|too many|within one another|not a mail")
    assert re.search(words, run.err), run.err
    assert run.err.count("\n") <= 2 and "asked" in run.err
    assert run.out == "" or json.loads(run.out).keys() == {"error"}

