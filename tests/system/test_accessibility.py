"""WCAG 2.2 AA is held by axe-core: every page of the website, and the mail of each design, in each language and
scheme. The accessibility statement says so."""
import glob
import json
import os
import pathlib
import re

import pytest
from browser import in_browser, needs_browser
from conftest import ALL, BINARY, TOP, html, parse, token
from test_enclosures import png
from test_look import EVENTS, EVERYTHING
from webserver import WebServer

pytestmark = [pytest.mark.one_engine("the engine makes no difference")]

CATALOGS = sorted(os.path.basename(path)[:-3] for path in glob.glob(os.path.join(TOP, "po", "*.po")))
LANGUAGES = sorted({"en", "ar", *CATALOGS})  # Arabic is written from right to left
REVIEWED = {"accessibility": {"reviewed": "2026-11-26", "limits": {"en": "Old programmes are scans.", "ru": "Старые программы - сканы."}},
            "contact": {"email": "press@example.org", "person": "Жанар Т."}}
MORE = """
[Bonjour à tous les lecteurs](lang:fr), and a note.[^1]

(a)  one

     i)  two
     ii) three

(b)  four

[^1]: With [a link](https://www.example.org/note).
"""


def designs():
    """All that a configuration may ask for."""
    with open(os.path.join(TOP, "src", "config", "config_organisation.c"), encoding="utf-8") as source:
        names = re.search(r"nl_design_names\[\] = \{(.*?)\}", source.read(), re.S).group(1)
    return re.findall(r'"(\w+)"', names)


def walk(start, languages=("en",), **plan):
    """Examines pages in each language, at each of the widths. The kinds of pages that were seen in the first."""
    plan = {"start": start, "languages": list(languages), **plan}
    results = in_browser("walk.cjs", plan, timeout=1800)
    found = [one for result in results for one in result["found"]]
    assert found == [], json.dumps(found, indent=1)[:8000]
    return results[0]["seen"]


@pytest.fixture
def web(connected):
    connected.configure(serve={"url": "https://news.example.org", "check_forms": False}, organisation=REVIEWED)
    server = WebServer(BINARY, connected.folder, "--no-mail")
    yield server
    server.stop()


@pytest.mark.slow(1)
def test_statement(web, connected):
    page = web.get("/accessibility/")
    assert "<h1>Accessibility statement</h1>" in page.text and "Last reviewed: 26 November 2026" in page.text
    assert "Old programmes are scans." in page.text and 'href="mailto:press@example.org"' in page.text
    russian = web.get("/accessibility/", **{"Accept-Language": "ru"}).text
    assert "<h1>Заявление о доступности</h1>" in russian and "Старые программы - сканы." in russian
    assert 'href="/accessibility/"' in web.get("/").text.replace('"./acc', '"/acc')
    assert web.get("/accessibility").text.count("<h1>Accessibility") == 1
    connected.run("archive", "build", "files")
    built = pathlib.Path(connected.folder, "files", "accessibility", "index.html").read_text(encoding="utf-8")
    assert not os.path.exists(os.path.join(connected.folder, "files", "accessibility", "ru"))  # nothing is in Russian
    assert "Last reviewed: 26 November 2026" in built and 'href="../style.css"' in built
    assert 'href="./accessibility/"' in pathlib.Path(connected.folder, "files", "index.html").read_text(encoding="utf-8")


@pytest.mark.slow(1)
def test_statement_in_the_languages_of_issues(connected):
    connected.configure(serve={"url": "https://news.example.org"}, organisation=REVIEWED)
    connected.add_active(["ann@example.org"])
    connected.issue("English\n", name="issue.en.md", slug="no-1")
    connected.issue("По-русски\n", name="issue.ru.md")
    connected.issue("Svenska\n", name="issue.sv.md")  # there are no texts in Swedish
    connected.run("send", "--yes", os.path.join(connected.folder, "issue.en.md"))
    connected.run("archive", "build", "files")
    folder = pathlib.Path(connected.folder, "files", "accessibility")
    assert {path.name for path in folder.iterdir()} == {"index.html", "ru"}
    russian = (folder / "ru" / "index.html").read_text(encoding="utf-8")
    assert "<h1>Заявление о доступности</h1>" in russian and "Старые программы - сканы." in russian
    assert '<a href="../" lang="en" hreflang="en">English</a>' in russian and 'href="../../style.css"' in russian
    assert '<a href="ru/" lang="ru" hreflang="ru">Русский</a>' in (folder / "index.html").read_text(encoding="utf-8").replace("./ru/", "ru/")


def test_no_statement_without_a_date(connected):
    connected.configure(serve={"url": "https://news.example.org"})
    server = WebServer(BINARY, connected.folder, "--no-mail")
    assert server.get("/accessibility/").status == 404 and "accessibility" not in server.get("/").text
    server.stop()
    connected.run("archive", "build", "files")
    assert not os.path.exists(os.path.join(connected.folder, "files", "accessibility"))


@pytest.mark.parametrize("date", ["2026-13-01", "yesterday", "2026-02-30"])
def test_a_date_that_is_none(connected, date):
    connected.configure(organisation={"accessibility": {"reviewed": date}})
    assert f"'{date}' is not a date such as 2026-11-26" in connected.run("status", expect=78).err


@pytest.mark.slow(1)
@needs_browser
def test_the_rules_object(tmp_path):
    page = tmp_path / "bad.html"
    page.write_text("""<!DOCTYPE html><html lang="en"><title>x</title><main><h1>x</h1><img src="x.png">
        <p style="color:#777;background:#666">Some words</p><button>a</button><button style="padding:0;font-size:6px;margin:-4px">b</button></main>""")
    with pytest.raises(AssertionError) as caught:
        walk([page.as_uri()], dark=True)
    for words in ('"image-alt"', '"color-contrast"', '"target-size"', '"scheme": "dark"'):
        assert words in str(caught.value)


@needs_browser
@pytest.mark.slow(15)
def test_every_page(web, connected, server):
    """All that links lead to, and the pages that mails lead to, light and dark; from right to left; a few in each
    other language, since a language changes no colours or places."""
    connected.write("quay.png", png(1200, 300))
    connected.add_active(["ann@example.org"], name="Ann")
    connected.issue(EVERYTHING + MORE, name="issue.ar.md")  # from right to left
    connected.run("send", "--yes", connected.issue(EVERYTHING + MORE, events=EVENTS, series="Bulletin", category="General",
                                                   slug="no-1", posted_by="press office", preheader="A line", attachments=["quay.png"]))
    connected.run("subscribe", "zoe@example.org")
    tokens = {"confirm": token(parse(server.messages("zoe@example.org")[0]), "confirm"),
              "unsubscribe": connected.sql("SELECT token FROM subscription WHERE state = 'active'")[0][0]}
    start = [web.url + path for path in (
        "/", "/join", "/accessibility/", "/preferences", "/no-such-page", "/archive/bulletin/search?q=quay",
        "/archive/bulletin/search?q=zzz", f"/confirm?token={tokens['confirm']}", "/confirm?token=x",
        f"/unsubscribe?token={tokens['unsubscribe']}", "/unsubscribe", "/page?token=x", "/address?token=x",
        "/archive/bulletin/", "/archive/bulletin/events/", "/archive/bulletin/issue/no-1/ar/")]
    seen = walk(start, follow=True, dark=True)
    assert len(seen) > 15 and any("/issue/" in path for path in seen) and any("/events/" in path for path in seen)
    if ALL:
        walk(start, languages=["ru", "kk", "ar"], widths=[375, 1280], follow=True, dark=True)
        walk(start, widths=[1280], follow=True, dark=True)
    walk(start, languages=["ar"])
    walk(start[:1] + start[-3:], widths=[1280])
    walk(start[:3], languages=[language for language in LANGUAGES if language not in ("en", "ar")])


@needs_browser
@pytest.mark.slow(20)
@pytest.mark.parametrize("design", designs())
def test_every_mail(connected, server, design):
    """Each edition of one issue, and what else is mailed to its readers."""
    connected.write("quay.png", png(1200, 300))
    connected.configure(organisation={**REVIEWED, "name": "Embassy", "released_by": "Released by the Embassy",
                                      "accent": "#7a1f3d", "design": design, "imprint": "https://www.example.org/imprint"})
    readers = [f"{language}@example.org" for language in LANGUAGES]
    connected.add_active(readers, name="Ann")
    for language in LANGUAGES:
        connected.sql("UPDATE subscriber SET language = ? WHERE address = ?", language, f"{language}@example.org")
        connected.issue(EVERYTHING + MORE, name=f"issue.{language}.md", events=EVENTS, series="Bulletin",
                        category="General", posted_by="press office", preheader="A line", attachments=["quay.png"])
    connected.run("send", "--yes", os.path.join(connected.folder, "issue.en.md"))
    paths = {}
    for language in LANGUAGES:
        [raw] = server.messages(f"{language}@example.org")
        text = html(parse(raw))
        assert re.search(rf'<html lang="{language}"', text) and ">(b)</span>" in text
        paths[language] = pathlib.Path(connected.write(f"{language}.html", text)).absolute().as_uri()
    widths = [375, 1280] if ALL else [375]
    both = [paths.pop(language) for language in ("en", "ar")]  # a language changes words and sides, no colours
    walk(both, mail=True, dark=True, widths=widths)
    walk(list(paths.values()), mail=True, dark=ALL, widths=widths)
