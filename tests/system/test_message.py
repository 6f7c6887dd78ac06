"""Messages as an independent parser (Python's email package) reads them."""
import os
import random
import re

import html5lib
import pytest
from conftest import html, parse, plain

pytestmark = pytest.mark.one_engine("the engine makes no difference")

NAMES = [
    "Ann", 'Quo"te \\ back', "Ә" * 60, "x" * 200, "日本語の名前 " * 5, "=?UTF-8?Q?evil?=", "<b>&amp;'",
    "a,b;c:d@e <f>", "  two  spaces  ", ".dot", "trailing =", "emoji 🚢 " * 8, "{{email}}", "'; DROP",
    "From me", "--", "=_boundary",
]
HOSTILE = ["Ann\r\nBcc: victim@example.org\r\n\r\nowned", "Ann\nX-Evil: 1", "Ann\x00", "\x011\x02",
           "\x03\x04", "Ann\r\n.\r\nMAIL FROM:<x>"]


def deliver(site, server, body, names=("Ann",), **front):
    """Sends an issue to one subscriber for each name; returns the parsed messages."""
    addresses = [f"user{i}@example.org" for i in range(len(names))]
    for address, name in zip(addresses, names):
        site.add_active([address], name)
    site.run("send", "--yes", site.issue(body=body, **front))
    messages = []
    for address in addresses:
        [raw] = server.messages(address)
        messages.append(parse(raw))
    return messages


@pytest.mark.slow(1)
def test_names(connected, server):
    body = "Dear {{name}}, [write](mailto:{{email}}) to {{name|nobody}}.\n"
    for name, message in zip(NAMES, deliver(connected, server, body, NAMES)):
        shown = message["To"].addresses[0].display_name
        # Python keeps the space between adjacent encoded words of a phrase (RFC 2047 6.2 drops it).
        assert "".join(shown.split()) == "".join(name.split())
        name = name.strip()
        assert f"Dear {name}, write" in plain(message).replace(" \n", " ").replace("\n", " ")
        text = "".join(html5lib.parse(html(message)).itertext())
        assert f"Dear {name}, write to {name}." in text


def test_hostile_names_in_the_database(connected, server):
    """Things that no command lets in do no harm if they are there all the same: no header, no dot, no slot."""
    for name, message in zip(HOSTILE, deliver(connected, server, "Dear {{name}}.\n", HOSTILE)):
        assert message["Bcc"] is None and message["X-Evil"] is None
        assert set(message.keys()) == {
            "Return-Path", "Delivered-To", "From", "To", "Subject", "Date", "Message-ID",
            "Content-Language", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post",
            "MIME-Version", "Content-Type"}, name
        assert len(message["To"].addresses) == 1
        assert message.get_content_type() == "multipart/alternative"
    assert sorted(os.listdir(server.folder)) == sorted(f"user{i}@example.org"
                                                       for i in range(len(HOSTILE)))


def test_attributes(connected, server):
    connected.add_active(["ann@example.org", "bob@example.org"])
    connected.sql("UPDATE subscriber SET attributes = ? WHERE id = 1",
                  '{"city": "Алматы <&>", "seats": 5, "evil": "x\\r\\nBcc: y"}')
    body = "{{attribute.city|somewhere}} {{attribute.seats}} {{attribute.evil|-}} \\{{name}}\n"
    connected.run("send", "--yes", connected.issue(body=body))
    ann, bob = (parse(server.messages(f"{name}@example.org")[0]) for name in ("ann", "bob"))
    assert "Алматы <&> 5 x  Bcc: y\n{{name}}" in plain(ann)
    assert "Алматы &lt;&amp;&gt; 5" in html(ann) and ann["Bcc"] is None
    assert "somewhere  -\n{{name}}" in plain(bob)


@pytest.mark.parametrize("title", [
    "Plain", "Үшінші кездесу – “Алматы” " * 8, "word " * 60, "x" * 400, "=?utf-8?q?x?=", "a  b",
    "日本" * 80, "trailing colon:", "#hash 'quote'",
])
def test_subjects(connected, server, title):
    [message] = deliver(connected, server, "x\n", title=title, number=None, slug="s")
    assert message["Subject"] == title.strip() or " ".join(message["Subject"].split()) == " ".join(
        title.split())


@pytest.mark.parametrize("body, encoding", [
    ("Plain words.\n" * 50, "quoted-printable"),
    ("Қазақстан Республикасының Елшілігі хабарлайды. " * 60 + "\n\n{{name}}\n", "base64"),
    ("新聞 " * 300 + "\n", "base64"),
])
def test_transfer_encoding_fits(connected, server, body, encoding):
    [message] = deliver(connected, server, body)
    text = message.get_body(("plain",))
    assert text["Content-Transfer-Encoding"] == encoding
    assert "".join(body.replace("{{name}}", "Ann").split()) in "".join(plain(message).split())
    assert all(width(line) <= 74 for line in plain(message).splitlines() if "://" not in line)


def width(line):
    import unicodedata
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def test_awkward_bodies(connected, server):
    body = "\n\n".join([
        "." * 10, ".", "..", "From the start", "-- ", "=3D=20=", "x" * 3000, "a" * 997 + " b",
        "tab\there", "    indented code .\n    .\n", "```\n.\nFrom code <b>\n```", "> quote\n> . dot",
        "trailing spaces   ", "**bold** _it_ ~~gone~~ `code`", "<script>alert(1)</script>", "&copy; &amp; &#7; &#0;",
        "1. one\n2. two\n   - sub\n   - sub", "- [ ] todo\n- [x] done", "a) first\nb) second\nc) third",
        "a) alone", "https://example.org/a?b=c&d=e", "![A *logo*](https://example.org/x.png)",
        "[long](https://example.org/" + "y" * 800 + ")", "# H1\n\n## H2\n\n###### H6",
    ])
    [message] = deliver(connected, server, body)
    text, page = plain(message), html(message)
    html5lib.HTMLParser(strict=True).parse(page)
    assert "<script" not in page and "&lt;script&gt;" in page
    assert "x" * 3000 in text and "© & " in text
    assert "[x] done" in text and "a) first\nb) second\nc) third\n" in text
    assert page.count('class="signs"') == 1 and ">a)</span> first" in page and "a) alone" in page
    assert 'alt="A logo"' in page
    assert "\n-- \n1 Quay Street" in text and "tab\there" in text
    assert "    .\n" in text and "> . dot" in text.replace("> quote . dot", "> . dot")


@pytest.mark.slow
def test_generated_issues(connected, server):
    """Random mixtures of awkward pieces, from a fixed seed: each parses back without a defect."""
    seeded = random.Random(20080825)
    pieces = ["# ", "## ", "- ", "1. ", "a) ", "б) ", "\na. x\nb. ", "[^1]", "\n[^1]: ", "> ", "\n", "\n\n", "    ", "```\n", "|a|b|\n|-|-|\n",
              "**", "_", "`", "[x](https://e.org)", "![i](https://e.org/i.png)", "<b>", "&nbsp;",
              "{{name}}", "{{attribute.x|y}}", "слово ", "word ", "字", "“”", ".", "=", "---\n",
              "\\", "~~", "- [ ] ", "https://e.org/", "a@b.org ", "  \n", "🚢", "\t"]
    names = ["Ann", "Ә" * 30]
    connected.add_active(["ann@example.org"], names[0])
    connected.add_active(["bob@example.org"], names[1])
    for number in range(60):
        body = "x" + "".join(seeded.choice(pieces) for _ in range(seeded.randrange(5, 120)))
        connected.run("send", "--yes", connected.issue(body=body, number=f"No {number}"))
    for address in ("ann@example.org", "bob@example.org"):
        found = server.messages(address)
        assert len(found) == 60
        for raw in found:
            message = parse(raw)
            html5lib.parse(html(message))
            assert re.search(r"Unsubscribe: https://\S+[0-9a-f-]{36}\n", plain(message))


def test_own_templates(connected, server):
    folder = os.path.join(connected.folder, "look")
    os.mkdir(folder)
    with open(os.path.join(folder, "bulletin.txt"), "w", encoding="utf-8") as out:
        out.write("OURS {{title}} for {{list.title}}\n{{{body}}}{{unsubscribe_url}}\n")
    with open(os.path.join(folder, "styles.yaml"), "w", encoding="utf-8") as out:
        out.write("p: 'color:red'\n" + "".join(
            f"{name}: ''\n" for name in ("page", "outer", "sheet", "masthead", "series", "number",
                                         "content", "title", "meta", "footer", "footer_link",
                                         "button", "preheader")))
    connected.configure(templates="look")
    [message] = deliver(connected, server, "Hello\n")
    assert plain(message).startswith("OURS A title for News Bulletin\nHello\nhttps://")
    assert '<p style="color:red">Hello</p>' in html(message)
    for broken in ("{{nosuch}}", "{{#list}}", "{{/list}}", "{{title"):
        with open(os.path.join(folder, "bulletin.txt"), "w", encoding="utf-8") as out:
            out.write("line\n" + broken + "\n")
        result = connected.run("preview", connected.issue(), expect=65)
        assert "bulletin.txt" in result.err and result.err.count("\n") == 1


def test_smtputf8_only_where_needed(site, tmp_path):
    from scripted import Scripted
    scripted = Scripted()  # does not offer SMTPUTF8
    site.configure(port=scripted.port)
    site.add_active(["әсел@example.org", "ann@bücher.example"])
    site.run("send", "--yes", site.issue())
    scripted.stop()
    assert scripted.received == ["ann@xn--bcher-kva.example"]
    assert site.sql("SELECT state, reply_status FROM delivery WHERE state <> 'sent'") == [
        ("failed", "5.6.7")]  # the relay's limit says nothing of the address
    assert site.sql("SELECT DISTINCT state FROM subscription") == [("active",)]
