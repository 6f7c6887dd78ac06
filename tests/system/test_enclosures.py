"""Images in the text and attachments."""
import os
import struct
import urllib.parse
import zlib

import pytest
from conftest import html, parse, plain

pytestmark = pytest.mark.one_engine("the engine makes no difference")


def png(width=8, height=8, colour=(200, 30, 30)):
    """A real picture of one colour."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(colour) * width for _ in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


PICTURE = "Dear {{name|reader}},\n\n![A ferry at the quay](ferry.png)\n\nMore words.\n"


def sent(site, server, *args, **front):
    site.add_active(["ann@example.org"], name="Ann")
    site.run("send", "--yes", site.issue(*args, **front))
    (raw,) = server.messages("ann@example.org")
    return parse(raw.split(b"\r\n", 2)[2])


def shape(part):
    if not part.is_multipart():
        return part.get_content_type()
    return [part.get_content_type(), *map(shape, part.iter_parts())]


def test_an_image_goes_along_within_the_text(connected, server):
    connected.write("ferry.png", png())
    message = sent(connected, server, PICTURE)
    assert shape(message) == ["multipart/alternative", "text/plain",
                              ["multipart/related", "text/html", "image/png"]]
    related = list(message.iter_parts())[1]
    assert related.get_param("type") == "text/html"
    page, image = related.iter_parts()
    assert image.get_content() == png() and image.get_content_disposition() == "inline"
    assert f'src="cid:{image["Content-ID"].strip("<>")}"' in page.get_content()
    assert 'alt="A ferry at the quay"' in page.get_content() and "Dear Ann," in page.get_content()
    assert "[A ferry at the quay]" in plain(message) and "cid:" not in plain(message)


def test_the_same_image_twice_is_one_part_and_folders_may_be_used(connected, server):
    os.mkdir(os.path.join(connected.folder, "pictures"))
    connected.write("pictures/a.png", png())
    connected.write("pictures/b.png", png(colour=(1, 2, 3)))
    message = sent(connected, server, "![one](pictures/a.png) ![two](pictures/b.png) "
                                      "![one again](pictures/a.png)\n")
    related = list(message.iter_parts())[1]
    assert shape(related) == ["multipart/related", "text/html", "image/png", "image/png"]
    assert html(message).count("cid:") == 3


def test_attachments(connected, server):
    connected.write("programme.pdf", b"%PDF-1.4\n" + bytes(range(256)) * 300)
    connected.write("Бағдарлама.txt", "Сәлем\n")
    connected.write("ferry.png", png())
    message = sent(connected, server, PICTURE, attachments=["programme.pdf", "Бағдарлама.txt"])
    assert shape(message) == ["multipart/mixed",
                              ["multipart/alternative", "text/plain",
                               ["multipart/related", "text/html", "image/png"]],
                              "application/pdf", "text/plain"]
    pdf, text = message.iter_attachments()
    assert pdf.get_filename() == "programme.pdf" and pdf.get_content_disposition() == "attachment"
    assert pdf.get_content() == b"%PDF-1.4\n" + bytes(range(256)) * 300
    assert text.get_filename() == "Бағдарлама.txt" and text.get_content() == "Сәлем\n"


@pytest.mark.parametrize("name, data, said", [
    ("none.png", None, "none.png"),
    ("../x.png", png(), "not within the issue's folder"),
    ("/etc/hostname", None, "not within the issue's folder"),
    ("a.png", b"", "is empty"),
    ("a.png", b"RIFF....WEBPVP8 ", "neither PNG, JPEG nor GIF"),
    ("a.png", png() + bytes(11 << 20), "larger than"),
], ids=["missing", "above", "absolute", "empty", "webp", "huge"])
def test_images_that_cannot_go(connected, name, data, said):
    if data is not None:
        connected.write(name, data)
    result = connected.run("preview", connected.issue(f"![x]({name})\n"), expect=65)
    assert said in result.err and "issue.md" in result.err
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize("path, name", [("my%20ferry.png", "my ferry.png"), ("%D0%BF.png", "п.png"), ("100%.png", "100%.png"),
                                        ("my%20ferry.png", "my%20ferry.png"), ("a%2Fb.png", "a/b.png"), ("a&b.png", "a&b.png")])
def test_paths_as_editors_write_them(connected, server, path, name):
    os.makedirs(os.path.join(connected.folder, "a"), exist_ok=True)
    connected.write(name, png())
    message = sent(connected, server, f"![x]({path})\n")
    assert html(message).count("cid:") == 1
    linked = connected.issue(f"![x]({path})\n", images="links", number="No 2")
    connected.configure(images_url="https://www.example.org/i")
    connected.run("preview", linked)
    page = open(os.path.join(connected.folder, "issue.preview", "issue.html"), encoding="utf-8").read()
    source = page.split('<img')[1].split('src="')[1].split('"')[0].replace("&amp;", "&")
    assert urllib.parse.unquote(source) == "https://www.example.org/i/" + name


@pytest.mark.parametrize("path", ["%2e%2e/x.png", "%2Fetc/hostname", "a%00.png", "%0a.png"])
def test_encoded_paths_that_lead_elsewhere(connected, path):
    connected.write("../x.png", png())
    connected.run("preview", connected.issue(f"![x]({path})\n"), expect=65)


@pytest.mark.parametrize("image", [True, False])
@pytest.mark.parametrize("kind", ["file", "folder", "relative", "fifo", "inside", "chain"])
def test_no_link_leads_out(connected, kind, image):
    """An editor of the folder of issues must not read by mail what only the sender may read."""
    outside = os.path.join(os.path.dirname(connected.folder), "outside-" + os.path.basename(connected.folder))
    os.makedirs(outside, exist_ok=True)
    secret = os.path.join(outside, "a.png")
    with open(secret, "wb") as file:
        file.write(png())
    here = connected.folder
    path = "d/a.png" if kind == "folder" else "a.png"
    if kind == "folder":
        os.symlink(outside, os.path.join(here, "d"))
    elif kind == "fifo":
        os.mkfifo(os.path.join(here, path))
    elif kind == "inside":
        connected.write("b.png", png())
        os.symlink("b.png", os.path.join(here, path))
    else:
        target = secret if kind != "relative" else os.path.relpath(secret, here)
        if kind == "chain":
            os.symlink(target, os.path.join(here, "c.png"))
            target = "c.png"
        os.symlink(target, os.path.join(here, path))
    issue = connected.issue(f"![x]({path})\n") if image else connected.issue(attachments=[path])
    result = connected.run("preview", issue, expect=0 if kind == "inside" else 65)
    if kind != "inside":
        assert ("not a regular file" if kind == "fifo" else "leads out of the folder") in result.err


@pytest.mark.parametrize("attachments, said", [
    (["tool.exe"], "a program"),
    (["../secret.pdf"], "not within"),
    ("one.pdf", "is a list"),
])
def test_attachments_that_cannot_go(connected, attachments, said):
    result = connected.run("preview", connected.issue(attachments=attachments), expect=65)
    assert said in result.err


def test_many_files_are_too_much(connected):
    for i in range(3):
        connected.write(f"{i}.pdf", bytes(4 << 20))
    result = connected.run("preview", connected.issue(attachments=[f"{i}.pdf" for i in range(3)]),
                           expect=65)
    assert "more than 10 MiB" in result.err


def test_the_preview_stands_alone(connected):
    connected.write("ferry.png", png())
    out = connected.run("preview", connected.issue(PICTURE)).out.split()
    page = open(os.path.join(connected.folder, next(p for p in out if p.endswith(".html"))),
                encoding="utf-8").read()
    assert "data:image/png;base64,iVBOR" in page and "cid:" not in page


def test_another_picture_makes_another_issue(connected, server):
    connected.write("ferry.png", png())
    sent(connected, server, PICTURE)
    connected.write("ferry.png", png(colour=(0, 0, 0)))
    result = connected.run("send", "--yes", connected.issue(PICTURE), expect=65)
    assert "with other content" in result.err


@pytest.mark.slow(1)
def test_signed_with_files(connected, server):
    dkim = pytest.importorskip("dkim")
    connected.write("ferry.png", png(300, 300))
    record = connected.run("dkim", "keygen", "--selector", "s1", "--domain", "example.org",
                           "--output", os.path.join(connected.folder, "dkim.key")).out
    connected.configure(dkim={"selector": "s1", "key_file": "dkim.key"})
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", connected.issue(PICTURE, attachments=["ferry.png"]))
    (raw,) = server.messages("ann@example.org")
    value = "".join(part for part in record.split('"')[1::2]).encode()
    assert dkim.verify(raw.split(b"\r\n", 2)[2], dnsfunc=lambda *_, **__: value)


def test_images_as_links(connected, server):
    os.mkdir(os.path.join(connected.folder, "pictures"))
    connected.write("pictures/a b.png", png(20, 10))
    connected.configure(images_url="https://www.example.org/newsletter")
    message = sent(connected, server, "Hi.\n\n![A quay](<pictures/a b.png>)\n", images="links")
    assert shape(message) == ["multipart/alternative", "text/plain", "text/html"]
    assert 'width="20" src="https://www.example.org/newsletter/pictures/a%20b.png"' in html(message)


def test_images_as_links_still_need_the_file_and_a_place(connected):
    connected.configure(images_url="https://www.example.org/newsletter")
    path = connected.issue("![x](none.png)\n", images="links")
    assert "none.png" in connected.run("preview", path, expect=65).err
    connected.configure(images_url=None)
    assert "needs images_url" in connected.run("preview", path, expect=78).err
    assert "use inline or links" in connected.run("preview", connected.issue(images="x"), expect=65).err


def jpeg(width, height):
    """The segments before the picture's data, as a camera writes them."""
    frame = struct.pack(">BHHB", 8, height, width, 3) + bytes(9)
    return (b"\xff\xd8\xff\xe1" + struct.pack(">H", 102) + b"Exif\0\0" + bytes(94) +
            b"\xff\xc2" + struct.pack(">H", len(frame) + 2) + frame + b"\xff\xd9")


@pytest.mark.parametrize("data, width", [
    (png(300, 2), 300), (png(2000, 2), 536), (jpeg(120, 9), 120), (jpeg(4000, 9), 536),
    (b"GIF89a" + struct.pack("<HH", 64, 3) + bytes(40), 64),
    (jpeg(120, 9)[:40], None), (b"\xff\xd8\xff" + b"\xff" * 60, None),
], ids=["png", "wide", "jpeg", "wide jpeg", "gif", "cut", "garbage"])
def test_outlook_is_told_the_width(connected, data, width):
    connected.write("a.png", data)
    connected.run("preview", connected.issue("![x](a.png)\n"))
    page = open(os.path.join(connected.folder, "issue.preview", "issue.html"), encoding="utf-8").read()
    assert f'<img width="{width}" src=' in page if width else "<img src=" in page


HTML = 'Some <b>bold</b> words & {{name}}.\n\n<div class="x">\nBlock &amp; <i>more</i>\n</div>\n'


def test_raw_html_is_text_unless_allowed(connected, server):
    message = sent(connected, server, HTML)
    assert "&lt;b&gt;bold&lt;/b&gt;" in html(message) and "<b>bold</b>" in plain(message)


def test_raw_html(connected, server):
    connected.configure(raw_html=True)
    message = sent(connected, server, HTML)
    assert "Some <b>bold</b> words &amp; Ann." in html(message)
    assert '<div class="x">\nBlock &amp; <i>more</i>\n</div>' in html(message)
    text = plain(message)
    assert "Some *bold* words & Ann." in text and "Block &" in text and "<div" not in text
