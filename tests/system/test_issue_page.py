"""An issue's page in the archive is the issue: its files, events, contact and languages, and what other places show of it."""
import html
import os
import re
import struct
import xml.etree.ElementTree as ElementTree

import html5lib
import pytest
from conftest import BINARY
from webserver import WebServer

PDF = b"%PDF-1.4\n" + bytes(range(256)) * 300
EVENTS = [{"title": "Round table", "date": "2030-09-14", "time": "09:30", "place": "Aktau"}]
BASE = "/archive/bulletin/issue/no-1/"


@pytest.fixture
def site(connected):
    connected.configure(serve={"url": "https://news.example.org"}, organisation={
        "name": "Embassy of Ruritania", "contact": {"person": "Office", "fax": "+1 202 555 0199"}})
    connected.add_active(["ann@example.org"])
    connected.write("Программа <1>.pdf", PDF)
    connected.write("notes.txt", "plain\n")
    connected.issue("Үшінші.\n", name="a.kk.md", title="Қазақша тақырып", number="№ 1", series="Жаңалықтар",
                    category="Жалпы", posted_by="баспасөз")
    connected.run("send", "--yes", connected.issue(
        "Dear {{name|reader}},\n\nThe **quay** & the “ferry”.\n", name="a.en.md", title="Quays & ferries", series="Bulletin",
        category="General", posted_by="press office", preheader="What the quay means", timezone="Asia/Almaty",
        attachments=["Программа <1>.pdf", "notes.txt"], events=EVENTS,
        contact={"person": "Жанар", "email": "zhanar@example.org"}, slug="no-1"))
    return connected


@pytest.fixture
def http(site):
    server = WebServer(BINARY, site.folder, "--no-mail")
    yield server
    server.stop()


def raw(http, path, *headers):
    head, body = http.raw_get(path, *headers)
    return head.decode(), body


def test_files_of_an_issue(http):
    page = http.get(BASE).text
    assert re.search(r'<a href="file-1.pdf" download="Программа &lt;1&gt;.pdf">.*\(<bdi>76 kB</bdi>\)', page)
    head, body = raw(http, BASE + "file-1.pdf")
    assert body == PDF and "Content-Type: application/pdf" in head and "Content-Disposition: attachment" in head
    assert raw(http, BASE + "file-2.txt")[1] == b"plain\n"
    for name in ("file-3.pdf", "file-1.txt", "file-0.pdf", "file-.pdf", "notes.txt"):
        assert http.get(BASE + name).status == 404, name


def test_parts_of_a_file(http):
    path = BASE + "file-1.pdf"
    tag = re.search(r'ETag: (\S+)', raw(http, path)[0]).group(1)
    for wanted, first, last in (("0-9", 0, 9), ("100-", 100, len(PDF) - 1), ("-7", len(PDF) - 7, len(PDF) - 1),
                                ("5-99999999", 5, len(PDF) - 1), ("-99999999", 0, len(PDF) - 1)):
        head, body = raw(http, path, f"Range: bytes={wanted}")
        assert " 206 " in head and body == PDF[first:last + 1], wanted
        assert f"Content-Range: bytes {first}-{last}/{len(PDF)}" in head
    for beyond in (f"{len(PDF)}-", "-0", "999999999999999999-"):
        head, body = raw(http, path, f"Range: bytes={beyond}")
        assert " 416 " in head and f"bytes */{len(PDF)}" in head and body == b""
    for all_of_it in ("bytes=9-5", "bytes=0-1,4-5", "lines=1-2", "bytes=", "bytes=x-", "bytes=-", "bytes=99999999999999999999-"):
        head, body = raw(http, path, f"Range: {all_of_it}")
        assert " 200 " in head and body == PDF, all_of_it
    assert len(raw(http, path, "Range: bytes=0-9", f"If-Range: {tag}")[1]) == 10
    assert len(raw(http, path, "Range: bytes=0-9", 'If-Range: "x"')[1]) == len(PDF)


def test_events_and_contact(http):
    page = http.get(BASE).text
    main = page.split("<footer")[0]
    assert "Round table" in main and "Жанар" in main and "zhanar@example.org" in main
    assert "+1 202 555 0199" not in main and "+1 202 555 0199" in page  # the office's own, at the foot
    ics = http.get(BASE + "events.ics")
    assert ics.getheader("Content-Type").startswith("text/calendar")
    assert "DTSTART:20300914T043000Z" in ics.text and ics.text.count("BEGIN:VEVENT") == 1
    assert http.get(BASE + "kk/events.ics").status == 404


def test_each_edition_has_its_own(http):
    kazakh = http.get(BASE + "kk/").text
    article = re.search(r"<article.*?</article>", kazakh, re.S).group()
    assert "Жаңалықтар" in article and "№ 1" in article and "Жалпы" in article and "баспасөз" in article
    assert "Bulletin" not in re.sub(r'<div itemprop="publisher".*?</div>', "", article) and "General" not in article
    listed = http.get("/archive/bulletin/", **{"Accept-Language": "kk"}).text
    assert "Қазақша тақырып" in listed and "№ 1" in listed and "Quays" not in listed
    assert "Dear reader" not in http.get(BASE).text


@pytest.mark.slow(1)
def test_what_other_places_show(http):
    page = http.get(BASE).text
    html5lib.HTMLParser(strict=True).parse(page)
    meta = {name: html.unescape(value) for name, value in
            re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)">', page)}
    assert meta["og:title"] == "Quays & ferries" and meta["og:description"] == "What the quay means" == meta["description"]
    assert meta["og:type"] == "article" and meta["og:site_name"] == "Embassy of Ruritania"
    assert meta["og:image"] == f"https://news.example.org{BASE}preview.png"
    assert f'<link rel="canonical" href="https://news.example.org{BASE}">' in page
    assert f'<link rel="alternate" hreflang="kk" href="https://news.example.org{BASE}kk/">' in page
    document = html5lib.parse(page, namespaceHTMLElements=False)
    article = document.find(".//article[@itemtype='https://schema.org/NewsArticle']")
    assert isinstance(article, ElementTree.Element)
    values = {item.get("itemprop"): item.get("content") or item.get("href") or "".join(item.itertext()).strip()
              for item in article.iter() if item.get("itemprop")}
    assert values["headline"] == "Quays & ferries" and values["datePublished"] == "2026-08-25"
    assert values["inLanguage"] == "en" and values["articleSection"] == "General" and values["author"] == "press office"
    assert values["image"] == meta["og:image"] and "The quay & the “ferry”." in values["articleBody"]
    head, picture = raw(http, BASE + "preview.png")
    if " 404 " in head:
        pytest.skip("built without Pango")
    assert picture[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", picture[16:24]) == (1200, 630)
    assert raw(http, BASE + "kk/preview.png")[1] != picture


@pytest.mark.slow(1)
def test_all_of_it_as_files(http, site):
    site.run("archive", "build", "www")
    folder = os.path.join(site.folder, "www", "bulletin", "issue", "no-1")
    with open(os.path.join(folder, "file-1.pdf"), "rb") as file:
        assert file.read() == PDF
    assert {"index.html", "events.ics", "file-1.pdf", "file-2.txt", "kk"} <= set(os.listdir(folder))
