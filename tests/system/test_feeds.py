"""Feeds as others read them: the RELAX NG schema of RFC 4287, RSS 2.0 with what Apple asks of a podcast, the rules of
JSON Feed 1.1, and two programs' parsers of feeds, feedparser and gPodder's podcastparser."""
import io
import json
import os

import jsonschema
import pytest
from conftest import TOP
from lxml import etree
from test_listen import SOUND, http, site  # noqa: F401

feedparser = pytest.importorskip("feedparser", reason="needs tools/install-packages test")
podcastparser = pytest.importorskip("podcastparser", reason="needs tools/install-packages test")

DATA = os.path.join(TOP, "tests", "data", "feeds")
HOSTILE = "<b>&amp; ]]> \"'\u2067\u0623\u2069 \u26f5"
pytestmark = [pytest.mark.one_engine("the engine makes no difference")]


def schema(name):
    return etree.RelaxNG(etree.parse(os.path.join(DATA, name)))


@pytest.fixture(scope="module", name="schemas")
def fixture_schemas():
    with open(os.path.join(DATA, "jsonfeed.json"), encoding="utf-8") as rules:
        return {"atom": schema("atom.rng"), "xml": schema("podcast.rng"), "json": jsonschema.Draft7Validator(json.load(rules))}


def examine(name, raw, schemas):
    """The objections of a feed's schema and of the parsers."""
    kind = name.rsplit(".", 1)[1]
    if kind == "json":
        return [error.message for error in schemas[kind].iter_errors(json.loads(raw))]
    rules = schemas[kind]
    found = [] if rules.validate(etree.fromstring(raw)) else [str(error) for error in rules.error_log]
    feed = feedparser.parse(io.BytesIO(raw))
    if feed.bozo or feed.version != {"atom": "atom10", "xml": "rss20"}[kind]:
        found.append(repr(feed.get("bozo_exception", feed.version)))
    return found


@pytest.mark.parametrize("name, bad", [
    ("feed.atom", b'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><updated>2026-01-01T00:00:00Z</updated></feed>'),
    ("feed.atom", b'<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:x:y</id><title>x</title><updated>today</updated></feed>'),
    ("podcast.xml", b'<rss version="2.0"><channel><title>x</title><link>https://x.example/</link></channel></rss>'),
    ("feed.json", b'{"version": "https://jsonfeed.org/version/1.1", "title": "x", "items": [{"id": 1}]}'),
])
def test_the_schemas_object(schemas, name, bad):
    assert examine(name, bad, schemas)


def every_feed(folder):
    return sorted(os.path.join(base, name) for base, _, names in os.walk(folder) for name in names
                  if name.startswith("feed.") or name == "podcast.xml")


@pytest.mark.slow(1)
def test_every_feed(site, server, schemas):  # noqa: F811
    """Files and `serve` have the same templates. Hostile texts, an issue without text, a list that has sent nothing, and an
    organisation without a name."""
    site.write("sound.m4a", SOUND)
    site.write("'a & b'.txt", "x\n")
    site.run("send", "--yes", site.issue(
        f"![picture](https://www.example.org/a.png)\n\n{HOSTILE}\n", name="b.md", title=HOSTILE, slug="no-2", number=HOSTILE,
        category=HOSTILE, posted_by=HOSTILE, attachments=["'a & b'.txt"], media=[{"title": HOSTILE, "file": "sound.m4a", "licence": HOSTILE},
                                                                                  {"title": "T", "file": "dombra.mp3"}]))
    site.run("send", "--yes", site.issue("---\n", name="c.md", title="Only a line", slug="no-3",
                                         media=[{"title": "T", "file": "dombra.mp3"}]))
    site.run("list", "add", "empty", "--from", "press@example.org", "--title", HOSTILE)
    site.configure(organisation={"contact": {"email": "press@example.org"}})
    site.run("archive", "build", "one")
    site.configure(organisation={"name": HOSTILE, "released_by": HOSTILE})
    site.settings["serve"].pop("websub")
    site.configure()
    site.run("archive", "build", "two")
    paths = every_feed(os.path.join(site.folder, "one")) + every_feed(os.path.join(site.folder, "two"))
    assert len(paths) > 20 and sum("podcast" in path for path in paths) >= 2
    for path in paths:
        with open(path, "rb") as file:
            raw = file.read()
        assert examine(path, raw, schemas) == [], (path, raw.decode())


def test_a_podcast_program_takes_it(site, http):  # noqa: F811
    """As gPodder does: each recording is an episode that it can fetch, with its length, its duration and its picture."""
    raw = http.raw_get("/archive/bulletin/podcast.xml")[1]
    podcast = podcastparser.parse("https://news.example.org/archive/bulletin/podcast.xml", io.BytesIO(raw))
    assert podcast["title"] == "News Bulletin" and podcast["cover_url"].endswith("/cover.png") and podcast["explicit"] is False
    first, second = podcast["episodes"]
    assert first["title"] == "First <movement>" and first["total_time"] == 200 and first["published"] > 0
    assert first["enclosures"] == [{"url": first["guid"], "file_size": len(SOUND), "mime_type": "audio/mpeg"}]
    assert second["enclosures"][0]["mime_type"] == "audio/x-m4a" and second["enclosures"][0]["file_size"] == -1
    words = feedparser.parse(io.BytesIO(raw))
    assert words.feed.language == "en" and words.feed.author == "Embassy & friends"
