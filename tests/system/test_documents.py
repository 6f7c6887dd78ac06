"""Documents of other programs become Markdown in the press room, and pictures lose all but their pixels."""
import io
import json
import re
import struct
import zipfile
import zlib

import pytest
from PIL import Image
from test_check import BODY, good, rules  # noqa: F401
from test_press_room import FIELDS, Desk, desk, problem  # noqa: F401
from test_staff import staff  # noqa: F401

pytestmark = pytest.mark.one_engine("the engine makes no difference")

WORD = ('xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:a="a" xmlns:wp="wp"')
STYLES = f'<w:styles {WORD}><w:style w:styleId="Ttulo"><w:name w:val="heading 1"/></w:style></w:styles>'
LISTS = (f'<w:numbering {WORD}><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl>'
         '</w:abstractNum><w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/></w:lvl>'
         '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
         '<w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num></w:numbering>')
LINKS = ('<Relationships xmlns="x"><Relationship Id="r1" Target="https://www.example.org/" TargetMode="External"/>'
         '<Relationship Id="r2" Target="media/image1.png"/></Relationships>')
NOTES = (f'<w:footnotes {WORD}><w:footnote w:type="separator" w:id="0"><w:p/></w:footnote><w:footnote w:id="2"><w:p><w:r>'
         '<w:t>The note.</w:t></w:r></w:p></w:footnote></w:footnotes>')


def run(text, *properties):
    return f'<w:r><w:rPr>{"".join(properties)}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*runs, style=""):
    return f"<w:p><w:pPr>{style}</w:pPr>{''.join(runs)}</w:p>"


def item(text, number):
    return paragraph(run(text), style=f'<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{number}"/></w:numPr>')


def packed(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def picture(size=(40, 30), kind="PNG", **options):
    out = io.BytesIO()
    image = Image.new("RGB", size, "navy")
    image.putpixel((0, 0), (255, 0, 0))
    image.save(out, kind, **options)
    return out.getvalue()


def with_exif(turn=1):
    """A JPEG as a camera makes it, with a place (Exif 2.32, section 4.6.6)."""
    def entry(tag, kind, count, value):
        return struct.pack(">HHI", tag, kind, count) + value
    gps = struct.pack(">H", 1) + entry(1, 2, 2, b"N\0\0\0") + bytes(4)
    exif = (b"MM\0*\0\0\0\x08" + struct.pack(">H", 3) + entry(0x010F, 2, 7, struct.pack(">I", 50))
            + entry(0x0112, 3, 1, struct.pack(">HH", turn, 0)) + entry(0x8825, 4, 1, struct.pack(">I", 58)) + bytes(4)
            + b"camera\0\0" + gps)
    return picture((60, 20), "JPEG", exif=b"Exif\0\0" + exif, comment=b"<script>alert(1)</script>")


def docx(body=None, **more):
    if body is None:
        body = "".join([
            paragraph(run("Harbour"), style='<w:pStyle w:val="Ttulo"/>'),
            paragraph(run("Plain "), run("bold ", "<w:b/>"), run("both", "<w:b/>", "<w:i/>"),
                      '<w:r><w:footnoteReference w:id="2"/></w:r>', "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>",
                      f"<w:ins>{run(', new')}</w:ins>", run("secret", "<w:vanish/>"),
                      f'<w:hyperlink r:id="r1">{run("page")}</w:hyperlink>'),
            item("One", 1), item("Two", 1), item("First", 2),
            paragraph('<w:r><w:drawing><wp:docPr descr="A quay"/><a:blip r:embed="r2"/></w:drawing></w:r>'),
            "<w:tbl>" + "".join("<w:tr>" + "".join(f"<w:tc>{paragraph(run(cell))}</w:tc>" for cell in row) + "</w:tr>"
                                for row in (("Time", "What"), ("9", "Tea"))) + "</w:tbl>"])
    return packed({"word/document.xml": f"<w:document {WORD}><w:body>{body}</w:body></w:document>", "word/styles.xml": STYLES,
                   "word/numbering.xml": LISTS, "word/footnotes.xml": NOTES, "word/_rels/document.xml.rels": LINKS,
                   "word/media/image1.png": picture(), **more})


ODT = {"mimetype": "application/vnd.oasis.opendocument.text", "Pictures/1.png": picture(), "content.xml": (
    '<office:document-content xmlns:office="o" xmlns:text="t" xmlns:style="s" xmlns:fo="f" xmlns:table="b" xmlns:draw="d" '
    'xmlns:xlink="x" xmlns:svg="g"><office:automatic-styles><style:style style:name="T1"><style:text-properties '
    'fo:font-weight="bold"/></style:style><text:list-style style:name="L1"><text:list-level-style-number text:level="1" '
    'style:num-format="1"/></text:list-style></office:automatic-styles><office:body><office:text><text:h '
    'text:outline-level="1">Harbour</text:h><text:p>Plain <text:span text:style-name="T1">bold</text:span> <text:a '
    'xlink:href="https://www.example.org/">page</text:a><text:note text:id="ftn1"><text:note-body><text:p>The note.</text:p>'
    '</text:note-body></text:note><office:annotation><text:p>remark</text:p></office:annotation></text:p><text:list '
    'text:style-name="L1"><text:list-item><text:p>One</text:p></text:list-item></text:list><text:p><draw:frame><draw:image '
    'xlink:href="Pictures/1.png"/><svg:title>A quay</svg:title></draw:frame></text:p></office:text></office:body>'
    '</office:document-content>')}

PASTED = """<html xmlns:w="urn:schemas-microsoft-com:office:word"><head><style>p{color:red}</style></head><body><!--StartFragment-->
<h2>The <b>second</b> table<o:p></o:p></h2>
<p class=MsoNormal><b>Two <span style='color:red'>words</span> </b>in <st1:place>Aktau</st1:place>.<o:p>&nbsp;</o:p></p>
<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>&middot;<span>&nbsp;
</span></span><![endif]>One</p>
<p class=MsoListParagraph style='mso-list:l0 level2 lfo1'><span style='mso-list:Ignore'>o</span>Below</p>
<p class=MsoListParagraph style='mso-list:l1 level1 lfo2'><span style='mso-list:Ignore'>1.</span>First</p>
<p>See <a href="https://www.example.org/a">us</a> or <a href="javascript:alert(1)">not</a>.<script>alert(1)</script></p>
<p>* no list <img src="http://tracker.example.org/x.gif" width=1 height=1><img src="file:///C:/clip.png"></p></body></html>"""
GOOGLE = ('<meta charset="utf-8"><b style="font-weight:normal" id="docs-internal-guid-1"><p><span style="font-weight:700">Bold</span>'
          '<span style="font-style:italic">slope</span> <a href="https://www.google.com/url?q=https://example.org/x%3Fa%3D1&amp;sa=D">'
          "link</a></p><ul><li><p>One</p></li><ul><li><p>Below</p></li></ul></ul></b>")


def convert(desk, data):  # noqa: F811
    """A document that is put into the text, as the script asks for it."""
    csrf = re.search(r'name="csrf" value="([^"]+)"', desk.page().text).group(1)
    if isinstance(data, str):
        return desk.http.post(desk.path, {"csrf": csrf, "text": "en", "action": "document", "html": data},
                              Cookie=desk.http.cookie, Accept="application/json")
    body = b"".join(f'--xyz\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
                    for key, value in {"csrf": csrf, "text": "en", "action": "document"}.items())
    body += b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n' + data + b"\r\n--xyz--\r\n"
    return desk.http.request("POST", desk.path, body=body, headers={
        "Cookie": desk.http.cookie, "Accept": "application/json", "Content-Type": "multipart/form-data; boundary=xyz"})


@pytest.mark.slow(1)
def test_word_libreoffice_and_what_browsers_paste(desk):  # noqa: F811
    told = json.loads(convert(desk, docx()).text)
    assert told["text"] == (
        "# Harbour\n\nPlain **bold** ***both***[^2], new[page](https://www.example.org/)\n\n- One\n- Two\n\n1.  First\n\n"
        "![A quay](document-1.png)\n\n| Time | What |\n|---|---|\n| 9 | Tea |\n\n[^2]: The note.\n")
    assert told["dropped"] == "deleted text (1), hidden text (1)"
    told = json.loads(convert(desk, packed(ODT)).text)
    assert told["text"] == ("# Harbour\n\nPlain **bold** [page](https://www.example.org/)[^ftn1]\n\n1.  One\n\n"
                            "![A quay](document-2.png)\n\n[^ftn1]: The note.\n")
    assert told["dropped"] == "comments (1)"
    assert {"document-1.png", "document-2.png"} <= set(re.findall(r"document-\d\.png", desk.page().text))
    told = json.loads(convert(desk, PASTED).text)
    assert told["text"] == ("## The second table\n\n**Two words** in Aktau.\n\n- One\n  - Below\n\n1.  First\n\n"
                            "See [us](https://www.example.org/a) or not.\n\n\\* no list\n")
    assert told["dropped"] == ("scripts and embedded pages (2), pictures that are not in the document (1), "
                               "links that readers cannot open (1)")
    told = json.loads(convert(desk, GOOGLE).text)
    assert told["text"] == "**Bold**_slope_ [link](https://example.org/x?a=1)\n\n- One\n  - Below\n"


@pytest.mark.slow(1)
def test_begun_from_a_document(desk):  # noqa: F811
    answer = desk.upload("", "report.docx", docx(), path="/drafts", how="file", list="bulletin")
    assert answer.status == 303, problem(answer)
    begun = Desk(desk.http, re.sub(r"^https?://[^/]+", "", answer.getheader("Location").split("?")[0]))
    page = desk.http.page(re.sub(r"^https?://[^/]+", "", answer.getheader("Location")))
    assert "Left out: deleted text (1), hidden text (1)" in page.text
    assert 'name="title" value="Harbour"' in page.text and "# Harbour" not in page.text
    assert "data:image/png" in begun.page("/preview?text=en").text
    assert desk.upload("document", "more.odt", packed(ODT)).status == 303
    assert "[page](https://www.example.org/)" in desk.page().text


# Each entity is twice the one before: a thousand million letters.
EXPANDING = ('<!DOCTYPE d [<!ENTITY a0 "aa">' + "".join(f'<!ENTITY a{i} "&a{i - 1};&a{i - 1};">' for i in range(1, 30))
             + "]><d>&a29;</d>")


@pytest.mark.parametrize("data, says", [
    (lambda: docx(**{"word/document.xml": '<!DOCTYPE d [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><d>&b;</d>'}), "broken"),
    (lambda: docx(**{"word/document.xml": b"<w:document " + WORD.encode() + b">" + bytes([32]) * (20 << 20)}), "too large"),
    (lambda: docx(**{f"word/media/{i}.png": bytes(9 << 20) for i in range(9)}), "too large"),
    (lambda: docx(body="<w:p>"), "broken"),
    (lambda: docx()[:900], "broken"),
    (lambda: packed({**ODT, "META-INF/manifest.xml": "<m><encryption-data/></m>"}), "password"),
    (lambda: packed({"a.txt": "x"}), "not a document"),
    (lambda: b"<html>" + b"<div>" * 5000 + b"x", "deep"),
    (lambda: docx(**{"word/document.xml": EXPANDING}), "broken"),
    (lambda: docx(**{"word/document.xml": '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><d>&a;</d>'}), "broken"),
    (lambda: docx(body="<w:sdt><w:sdtContent>" * 20000 + paragraph(run("x")) + "</w:sdtContent></w:sdt>" * 20000), "broken"),
    (lambda: packed({**ODT, "content.xml": ODT["content.xml"].replace("<office:text>", "<office:text>" + "<text:section>" * 20000).replace(
        "</office:text>", "</text:section>" * 20000 + "</office:text>")}), "broken"),
    (lambda: b"\x7fELF\x00", "not a text file"),
    (lambda: b"", "choose a file"),
], ids=["entities", "bomb", "bombs", "xml", "cut", "password", "zip", "deep", "laughs", "external", "deep docx", "deep odt", "binary", "empty"])
def test_hostile_documents(desk, data, says):  # noqa: F811
    answer = convert(desk, data())
    told = json.loads(answer.text)["problem"]
    assert answer.status == 422 and says in told and not re.search("/proc|signal|status", told)


def test_nothing_active_is_left(desk):  # noqa: F811
    hostile = ('<p onclick="x()">a <svg onload="x()"><text>b</text></svg><iframe src="//x"></iframe>&lt;img src=x onerror=x()&gt;'
               '<a href="  javascript:x()">c</a> <a href="https://x.org/)[d](javascript:x()">e</a> [f](javascript:x())'
               '<object data=x></object><form><input name=g></form></p>')
    text = json.loads(convert(desk, hostile).text)["text"]
    desk.save(revision=desk.revision(), **{**FIELDS, "body": text})
    shown = desk.page("/preview?text=en").text
    assert not re.search(r'href="\s*javascript|<svg|<iframe|<object|onerror=x\(\)>|<input', shown)


def kept(desk, connected, name):  # noqa: F811
    (data,), = connected.sql("SELECT data FROM draft_file WHERE name = ?", name)
    return bytes(data)


def png_of_size(width, height):
    """A picture that says it is large, and is not."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(bytes(100000), 9)) + chunk(b"IEND", b""))


@pytest.mark.slow(1)
def test_pictures_are_cleaned(desk, connected):  # noqa: F811
    desk.upload("picture", "quay.jpg", with_exif(turn=6), alt="x")
    data = kept(desk, connected, "quay.jpg")
    image = Image.open(io.BytesIO(data))
    assert image.size == (20, 60) and not image.getexif() and b"camera" not in data and b"script" not in data
    desk.upload("picture", "same.jpg", with_exif(turn=1), alt="x")
    data = kept(desk, connected, "same.jpg")
    assert list(Image.open(io.BytesIO(data)).getdata()) == list(Image.open(io.BytesIO(with_exif())).getdata())
    assert not Image.open(io.BytesIO(data)).getexif()
    for kind in ("JPEG", "PNG"):
        desk.upload("picture", "wide." + kind.lower(), picture((3000, 1500), kind), alt="x")
        assert Image.open(io.BytesIO(kept(desk, connected, "wide." + kind.lower()))).size == (1200, 600)
    moving = io.BytesIO()
    frames = [Image.new("P", (20, 20), i) for i in range(3)]
    frames[0].save(moving, "GIF", save_all=True, append_images=frames[1:], loop=0, duration=100, comment=b"secret words")
    desk.upload("picture", "move.gif", moving.getvalue(), alt="x")
    data = kept(desk, connected, "move.gif")
    assert Image.open(io.BytesIO(data)).n_frames == 3 and b"secret" not in data and b"NETSCAPE2.0" in data


@pytest.mark.slow(1)
def test_hostile_pictures(desk, connected):  # noqa: F811
    """Bytes that are no pixels are gone; a picture that claims too many is refused before it is decoded."""
    for name, data in (("a.png", picture() + b"<script>alert(1)</script>"), ("b.gif", picture(kind="GIF") + b"PK\x03\x04 zip"),
                       ("c.jpg", picture(kind="JPEG") + b"<?php system('x')?>")):
        assert desk.upload("picture", name, data, alt="x").status == 303
        clean = kept(desk, connected, name)
        assert b"script" not in clean and b"php" not in clean and b"PK" not in clean
    gif = bytearray(picture(kind="GIF"))
    gif[6:10] = b"\xff\xff\xff\xff"
    for name, data, says in (("bomb.png", png_of_size(30000, 30000), "pixels"), ("bomb.gif", bytes(gif), "pixels"),
                             ("cut.jpg", picture((400, 400), "JPEG")[:100], "broken"),
                             ("cut.png", png_of_size(100, 100)[:90], "broken"),
                             ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>x()</script></svg>", "not a picture")):
        answer = desk.upload("picture", name, data, alt="x")
        assert answer.status == 422 and says in problem(answer), (name, problem(answer))


@pytest.mark.slow(1)
def test_pictures_within_archives(desk, connected):  # noqa: F811
    """They are cleaned as those that come alone; one that claims too many pixels is refused, or left out of a document and told."""
    text = "---\ntitle: T\ndate: 2026-08-25\n---\n![A quay](quay.jpg)\n"
    whole = packed({"issue.md": text, "quay.jpg": with_exif()})
    assert desk.upload("", "issue.zip", whole, path="/drafts", how="file", list="bulletin").status == 303
    assert b"camera" not in kept(desk, connected, "quay.jpg")
    bomb = packed({"issue.md": text, "quay.png": png_of_size(30000, 30000)})
    answer = desk.upload("", "issue.zip", bomb, path="/drafts", how="file", list="bulletin")
    assert answer.status == 422 and "pixels" in problem(answer)
    told = json.loads(convert(desk, docx(**{"word/media/image1.png": png_of_size(30000, 30000)})).text)
    assert told["dropped"].startswith("pictures that are not in the document (1)") and "Harbour" in told["text"]
    assert connected.sql("SELECT count(*) FROM draft_file") == [(1,)]


@pytest.mark.slow(1)
def test_a_place_is_taken_out_at_a_click(desk, connected):  # noqa: F811
    """A photograph that was attached keeps what its camera noted, until the text shows it."""
    desk.upload("attachment", "raw.jpg", with_exif())
    assert b"camera" in kept(desk, connected, "raw.jpg")
    form = {**FIELDS, "body": "![A quay at dusk](raw.jpg)\n"}
    answer = json.loads(desk.save(accept="application/json", revision=desk.revision(), **form).text)
    found, = [finding for finding in answer["findings"] if finding["rule"] == "place"]
    answer = json.loads(desk.save(accept="application/json", revision=answer["revision"], fix=found["fix"], **form).text)
    assert "place" not in [finding["rule"] for finding in answer["findings"]]
    assert b"camera" not in kept(desk, connected, "raw.jpg")


@pytest.mark.slow(1)
def test_a_file_that_says_where_it_was_taken(good):  # noqa: F811
    """`check` says so, since a file of the command line is sent as it is."""
    with open(f"{good.folder}/quay.jpg", "wb") as out:
        out.write(with_exif())
    assert rules(good, BODY + "![A quay at dusk](quay.jpg)\n") == {("warning", "place")}
