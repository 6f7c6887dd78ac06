"""Recordings of an issue and of the office: on the website, in the mail, and in feeds that podcast programs take."""
import email.utils
import json
import os
import re
import struct
import threading
import urllib.parse
import xml.etree.ElementTree as ElementTree
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import BINARY, html, parse, plain
from webserver import WebServer

ATOM = "{http://www.w3.org/2005/Atom}"
ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
SOUND = b"ID3\x03" + bytes(range(256)) * 40
BASE = "/archive/bulletin/issue/no-1/"
URL = "https://news.example.org" + BASE


@pytest.fixture
def site(connected):
    connected.write("office.ogg", b"OggS" + SOUND)
    connected.configure(
        serve={"url": "https://news.example.org", "websub": "https://hub.example.org/"},
        organisation={"name": "Embassy & friends"},
        media=[{"title": "Anthem", "file": "office.ogg", "licence": "CC0", "duration": "1:30"},
               {"title": "Elsewhere", "url": "https://sound.example.org/a.mp3"}])
    connected.add_active(["ann@example.org"])
    connected.write("dombra.mp3", SOUND)
    connected.write("notes.txt", "plain\n")
    connected.issue("Тыңдаңыз.\n", name="a.kk.md", title="Домбыра")
    connected.issue("Слушайте.\n", name="a.ru.md", title="Домбра", media=[
        {"title": "Запись", "url": "https://sound.example.org/ru.mp3"}], posted_by="пресс-служба")
    connected.run("send", "--yes", connected.issue(
        "Listen to **this**.\n", name="a.en.md", title="Dombra", slug="no-1", category="Music", posted_by="press office",
        preheader="Two recordings", attachments=["notes.txt"], media=[
            {"title": "First <movement>", "file": "dombra.mp3", "licence": "CC BY 4.0", "duration": "3:20"},
            {"title": "Second movement", "url": "https://sound.example.org/two.m4a"}]))
    return connected


@pytest.fixture
def http(site):
    server = WebServer(BINARY, site.folder, "--no-mail")
    yield server
    server.stop()


@pytest.mark.slow(1)
def test_players(http, site):
    page = http.get(BASE).text
    listen = re.search(r'<h2 id="listen">.*?</section>', page, re.S).group()
    assert re.findall(r'<audio controls preload="none" src="([^"]+)"', listen) == [
        "audio-1.mp3", "https://sound.example.org/two.m4a"]
    assert "First &lt;movement&gt;" in listen and "(3:20)" in listen and "CC BY 4.0" in listen
    head, body = http.raw_get(BASE + "audio-1.mp3")
    assert body == SOUND and b"Content-Type: audio/mpeg" in head and b"Content-Disposition" not in head
    head, body = http.raw_get(BASE + "audio-1.mp3", "Range: bytes=4-7")
    assert b" 206 " in head and body == SOUND[4:8]
    for name in ("audio-2.m4a", "audio-1.ogg", "audio-3.mp3", "audio-x.mp3", "kk/audio-1.mp3"):
        assert http.get(BASE + name).status == 404, name
    assert 'src="../audio-1.mp3"' in http.get(BASE + "kk/").text  # it names none of its own
    russian = http.get(BASE + "ru/").text
    assert "https://sound.example.org/ru.mp3" in russian and "audio-1" not in russian
    side = http.get("/").text
    assert 'src="/media/audio-1.ogg"' in side and 'src="https://sound.example.org/a.mp3"' in side and "CC0" in side
    assert http.raw_get("/media/audio-1.ogg")[1] == b"OggS" + SOUND
    for name in ("audio-2.mp3", "audio-1.mp3", "../newsletter.db", ""):
        assert http.get("/media/" + name).status == 404
    assert "media-src 'self' https:" in http.get(BASE).getheader("Content-Security-Policy")
    site.run("archive", "build", "www")
    for name in ("media/audio-1.ogg", "bulletin/issue/no-1/audio-1.mp3", "bulletin/podcast.xml", "bulletin/feed.json", "bulletin/cover.png",
                 "bulletin/feed.kk.atom"):
        assert os.path.getsize(os.path.join(site.folder, "www", name)) > 100, name


def test_the_mail_has_a_link(site, server):
    message = parse(server.messages("ann@example.org")[0])
    assert f"Listen: First <movement> (3:20)\n  {URL}#listen" in plain(message)
    assert f'href="{URL}#listen"' in html(message) and "https://sound.example.org/two.m4a" in html(message)
    assert "audio" not in [part.get_content_maintype() for part in message.walk()]


@pytest.mark.slow(1)
def test_the_podcast(http):
    """RSS 2.0 (rssboard.org), with what the large directories ask for."""
    answer = http.get("/archive/bulletin/podcast.xml")
    assert answer.getheader("Content-Type") == "application/rss+xml; charset=utf-8"
    rss = ElementTree.fromstring(answer.text)
    channel = rss.find("channel")
    assert rss.get("version") == "2.0" and [element.tag for element in rss] == ["channel"]
    for required in ("title", "link", "description", "language", ITUNES + "author", ITUNES + "explicit", ITUNES + "category"):
        assert channel.find(required) is not None, required
    assert channel.find(ITUNES + "explicit").text in ("true", "false")
    cover = channel.find(ITUNES + "image").get("href")  # a square of 1400 to 3000 pixels, PNG or JPEG, by Apple's rules
    assert cover == "https://news.example.org/archive/bulletin/cover.png" == channel.find("image/url").text
    answer = http.raw_get("/archive/bulletin/cover.png")
    assert b"Content-Type: image/png" in answer[0] and answer[1].startswith(b"\x89PNG")
    assert struct.unpack(">II", answer[1][16:24]) == (1400, 1400) and answer[1][25] == 2 and len(answer[1]) < 500000  # RGB
    links = {link.get("rel"): link.get("href") for link in channel.findall(ATOM + "link")}
    assert links == {"self": "https://news.example.org/archive/bulletin/podcast.xml", "hub": "https://hub.example.org/"}
    items = channel.findall("item")
    assert [item.find("title").text for item in items] == ["First <movement>", "Second movement"]
    for item in items:
        assert [element.tag for element in item].count("enclosure") == 1 and item.find("description").text
        enclosure = item.find("enclosure").attrib
        assert enclosure["url"].startswith("https://") and enclosure["type"].startswith("audio/")
        assert int(enclosure["length"]) >= 0 and email.utils.parsedate_to_datetime(item.find("pubDate").text)
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} \+0000", item.find("pubDate").text)
    assert len({item.find("guid").text for item in items}) == 2
    assert items[0].find("enclosure").attrib == {"url": URL + "audio-1.mp3", "length": str(len(SOUND)), "type": "audio/mpeg"}
    assert items[0].find(ITUNES + "duration").text == "0:03:20" and items[1].find(ITUNES + "duration") is None


def test_atom_in_each_language(http):
    for language, title, author, sounds in (("en", "No 1: Dombra", "press office", 2), ("ru", "No 1: Домбра", "пресс-служба", 1),
                                            ("kk", "No 1: Домбыра", "press office", 2)):
        answer = http.get(f"/archive/bulletin/feed.{language}.atom")
        feed = ElementTree.fromstring(answer.text)
        entry = feed.find(ATOM + "entry")
        assert entry.find(ATOM + "title").text == title
        assert entry.find(f"{ATOM}author/{ATOM}name").text == author
        assert entry.get("{http://www.w3.org/XML/1998/namespace}lang") == language
        assert entry.find(ATOM + "summary").text and entry.find(ATOM + "published").text == "2026-08-25T00:00:00Z"
        links = [link for link in entry.findall(ATOM + "link") if link.get("rel") == "enclosure"]
        assert sum(link.get("type").startswith("audio/") for link in links) == sounds
        assert feed.find(ATOM + "id").text.endswith(f"feed.{language}.atom")
        hubs = {link.get("rel"): link.get("href") for link in feed.findall(ATOM + "link")}
        assert hubs["hub"] == "https://hub.example.org/" and hubs["self"].endswith(f"feed.{language}.atom")
    whole = ElementTree.fromstring(http.get("/archive/bulletin/feed.atom").text)
    files = [link.attrib for link in whole.find(ATOM + "entry").findall(ATOM + "link") if link.get("rel") == "enclosure"]
    assert {"rel": "enclosure", "href": URL + "file-1.txt", "type": "text/plain; charset=utf-8", "title": "notes.txt",
            "length": "6"} in files
    for name in ("feed.de.atom", "feed..atom", "feed.xx-.json", "feed.rss", "feed.en.rss", "feed.", "feed"):
        assert http.get("/archive/bulletin/" + name).status in (301, 404), name
    page = http.get("/archive/bulletin/").text
    assert 'type="application/atom+xml" title="Atom · Қазақша" href="feed.kk.atom"' in page
    assert 'title="Podcast" href="podcast.xml"' in page and 'title="JSON Feed" href="feed.json"' in page


def test_json_feed(http):
    """Version 1.1 (jsonfeed.org)."""
    answer = http.get("/archive/bulletin/feed.ru.json")
    assert answer.getheader("Content-Type") == "application/feed+json; charset=utf-8"
    feed = json.loads(answer.text)
    assert feed["version"] == "https://jsonfeed.org/version/1.1" and feed["title"] == "News Bulletin"
    assert feed["feed_url"].endswith("/feed.ru.json") and feed["hubs"] == [{"type": "WebSub", "url": "https://hub.example.org/"}]
    (item,) = feed["items"]
    assert item["id"] == item["url"] == URL + "ru/" and "Слушайте." in item["content_html"] and item["language"] == "ru"
    assert item["authors"] == [{"name": "пресс-служба"}] and item["date_published"] == "2026-08-25T00:00:00Z"
    assert re.fullmatch(r"[\d-]+T[\d:]+Z", item["date_modified"])
    first = json.loads(http.get("/archive/bulletin/feed.json").text)["items"][0]["attachments"][0]
    assert first == {"url": URL + "audio-1.mp3", "mime_type": "audio/mpeg", "title": "First <movement>",
                     "size_in_bytes": len(SOUND), "duration_in_seconds": 200}


@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("medium, words", [
    ({"title": "T"}, "give it a file or a url"), ({"file": "a.mp3"}, "no title"),
    ({"title": "T", "url": "http://x.example/a.mp3"}, "not an https address"),
    ({"title": "T", "file": "notes.txt"}, "not a recording that browsers play"),
    ({"title": "T", "file": "dombra.mp3", "duration": "200"}, "not like"),
    ({"title": "T", "file": "dombra.mp3", "duration": "1:75"}, "not like"),
    ({"title": "T", "file": "missing.mp3"}, "missing.mp3"), ({"title": "T", "file": "../x.mp3"}, "x.mp3"),
    ({"title": "T", "file": "a.mp3", "url": "https://x.example/a.mp3"}, "give it a file or a url"),
    ({"name": "T"}, "may have licence and duration"),
])
def test_mistakes_are_told(site, medium, words):
    assert words in site.run("check", site.issue(name="b.md", media=[medium]), expect=65).err
    if words not in ("missing.mp3", "x.mp3", "may have licence and duration"):
        site.configure(media=[medium])
        assert words in site.run("check", site.issue(name="c.md"), expect=78).err


def test_recordings_go_with_their_list(site):
    assert site.sql("SELECT count(*) FROM recording") == [(1,)]
    site.run("list", "remove", "bulletin", "--yes")
    assert site.sql("SELECT (SELECT count(*) FROM issue), (SELECT count(*) FROM recording)") == [(0, 0)]


class Hub(BaseHTTPRequestHandler):
    status = 202
    told = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.told.append(urllib.parse.parse_qs(body, strict_parsing=True))
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("status", [202, 500, None])
def test_a_hub_is_told_once(site, server, status):
    """WebSub (W3C), section 7: and a hub that fails holds nothing up."""
    hub = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Hub,), {"status": status, "told": []}))
    thread = threading.Thread(target=hub.serve_forever)
    thread.start()
    site.configure(serve={"url": "https://news.example.org", "websub": f"http://127.0.0.1:{hub.server_port}/"})
    if status is None:
        hub.shutdown()
        hub.server_close()
    server.handler.tempfail.add("ann@example.org")
    run = site.run("send", "--yes", site.issue("More.\n", name="more.md", number="No 2"), expect=None)
    server.handler.tempfail.clear()
    site.sql("UPDATE delivery SET next_attempt_at = 1 WHERE state = 'deferred'")
    site.run("retry")
    assert len(server.messages("ann@example.org")) == 2  # the mail went out all the same
    if status is None:
        assert "hub was not told" in run.err
    else:
        hub.shutdown()
        hub.server_close()
        (told,) = hub.RequestHandlerClass.told
        base = "https://news.example.org/archive/bulletin/"
        assert told["hub.mode"] == ["publish"] and set(told["hub.url"]) == {base + name for name in (
            "feed.atom", "feed.json", "podcast.xml", "feed.en.atom", "feed.ru.atom", "feed.kk.atom", "feed.en.json",
            "feed.ru.json", "feed.kk.json")}
        assert ("the hub answers 500" in run.err) == (status == 500)
    thread.join()
