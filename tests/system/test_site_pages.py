"""Pages of the website that lead on: who asks is told which list and address a link is about, and what comes next."""
import os
import re

import pytest
from conftest import BINARY, wait_for
from test_enclosures import png
from webserver import WebServer


@pytest.fixture
def http(connected):
    connected.configure(serve={"url": "https://news.example.org", "check_forms": False})
    connected.add_active(["valentina1@example.org"])
    connected.run("send", "--yes", connected.issue("The quay is open.\n", title="Open quay"))
    server = WebServer(BINARY, connected.folder, "--no-mail")
    yield server
    server.stop()


def key(site):
    return site.sql("SELECT token FROM subscription")[0][0]


def test_leaving_by_mistake(http, connected):
    token = key(connected)
    asked = http.get(f"/unsubscribe?token={token}").text
    assert "Unsubscribe from News Bulletin?" in asked and "v…1@example.org" in asked and "valentina" not in asked
    left = http.post("/unsubscribe", {"token": token}).text
    assert 'action="/resubscribe"' in left and "Open quay" in left and "You have been unsubscribed" in left
    assert 'action="/resubscribe"' in http.get(f"/unsubscribe?token={token}").text  # and no question any more
    assert http.get(f"/resubscribe?token={token}").status == 200
    assert connected.sql("SELECT state FROM subscription") == [("unsubscribed",)]
    for _ in range(2):
        back = http.post("/resubscribe", {"token": token})
        assert back.status == 200 and "You are subscribed to News Bulletin again." in back.text
    assert connected.sql("SELECT state, ended_at FROM subscription") == [("active", None)]
    assert connected.sql("SELECT kind, detail FROM event ORDER BY id DESC LIMIT 1") == [("confirmed", "undo")]


@pytest.mark.parametrize("change", [
    "UPDATE subscription SET ended_at = ended_at - 86401",
    "UPDATE subscription SET confirmed_at = NULL",
    "UPDATE event SET detail = 'operator'",
    "UPDATE subscription SET state = 'complained'",
    "INSERT INTO suppression (address_key, reason, since) VALUES ('valentina1@example.org', 'manual', 1)",
])
def test_what_cannot_be_undone(http, connected, change):
    token = key(connected)
    http.post("/unsubscribe", {"token": token})
    connected.sql(change)
    before = connected.sql("SELECT state FROM subscription")
    assert "resubscribe" not in http.get(f"/unsubscribe?token={token}").text
    refused = http.post("/resubscribe", {"token": token})
    unknown = http.post("/resubscribe", {"token": "11111111-2222-4333-8444-555555555555"})
    assert refused.status == unknown.status == 404 and refused.text == unknown.text
    assert connected.sql("SELECT state FROM subscription") == before


def test_no_page_is_a_dead_end(http, connected):
    for path, status in (("/nosuch", 404), ("/confirm?token=x", 200), ("/unsubscribe", 200), ("/address?token=x", 200)):
        page = http.get(path)
        assert page.status == status and "Open quay" in page.text and 'href="/archive/' in page.text, path
        assert page.text.index("</h1>") < page.text.index("Open quay")
    broken = http.get("/confirm?token=x").text
    assert broken.index('role="alert"') < broken.index('<button type="submit">Confirm subscription')
    thanks = [http.post("/join", {"email": address, "list": "bulletin"}).text
              for address in ("valentina1@example.org", "new@example.org")]
    assert thanks[0] == thanks[1]
    assert "What happens next" in thanks[0] and "Press Office &lt;press@example.org&gt;" in thanks[0]
    assert "spam folder" in thanks[0] and "Open quay" in thanks[0]


def test_a_private_list_is_led_nowhere(http, connected):
    connected.run("list", "edit", "bulletin", "--private")
    left = http.post("/unsubscribe", {"token": key(connected)}).text
    assert "You have been unsubscribed from News Bulletin" in left and "Open quay" not in left
    assert "/archive/bulletin" not in left


@pytest.mark.slow(1)
def test_the_organisation_is_on_each_page(connected):
    connected.write("logo.png", png(40, 20))
    connected.write("dark.png", png(40, 21))
    connected.run("list", "add", "culture", "--from", "press@example.org", "--title", "Culture letter")
    connected.configure(serve={"url": "https://news.example.org/news"}, organisation={
        "name": {"en": "Embassy of Ruritania", "ru": "Посольство Руритании"}, "released_by": "Released by the embassy",
        "logo": "logo.png", "logo_dark": "dark.png", "accent": "#7a1f3d", "privacy": "https://www.example.org/privacy",
        "contact": {"person": "Жанар Т.", "email": "press@example.org"}, "social": {"Telegram": "https://t.me/example"},
        "lists": {"culture": {"accent": "#00ff00", "logo": "dark.png"}}})
    server = WebServer(BINARY, connected.folder, "--no-mail")
    for path in ("/news/", "/news/join", "/news/nosuch", "/news/archive/", "/news/confirm?token=x", "/news/archive/bulletin/"):
        text = server.get(path).text
        assert "Embassy of Ruritania" in text and "Released by the embassy" in text, path
        assert 'src="/news/logo.png"' in text and 'srcset="/news/logo-dark.png"' in text and "Жанар Т." in text, path
        assert "https://t.me/example" in text and "https://www.example.org/privacy" in text
    assert "Посольство Руритании" in server.get("/news/", **{"Accept-Language": "ru"}).text
    assert server.get("/news/logo.png").getheader("Content-Type") == "image/png"
    for language in ("en", "ar"):  # marks of direction would spoil a colour
        assert "{--accent:#7a1f3d;" in server.get("/news/style.css", **{"Accept-Language": language}).text
    assert server.get("/news/style.css").getheader("Content-Type") == "text/css; charset=utf-8" and server.get("/news/logo.gif").status == 404
    own = server.get("/news/archive/culture/").text
    assert 'href="style.css"' in own and 'src="logo.png"' in own
    assert "#00ff00" in server.get("/news/archive/culture/style.css").text
    assert server.get("/news/archive/culture/logo.png").status == 200
    assert server.get("/news/archive/bulletin/style.css").status == 404
    server.stop()
    connected.run("archive", "build", "www")
    for name in ("style.css", "logo.png", "logo-dark.png", "culture/style.css", "culture/logo.png"):
        assert os.path.getsize(os.path.join(connected.folder, "www", name)) > 0
    with open(os.path.join(connected.folder, "www", "culture", "index.html"), encoding="utf-8") as page:
        assert re.search(r'href="style.css"', page.read())


@pytest.mark.slow(1)
def test_pages_follow_files_and_the_issues_on_show(connected, http, tmp_path):
    """Kept pages follow templates and logos that are changed on disk; what an issue's sending writes changes none."""
    templates = tmp_path / "templates"
    templates.mkdir()
    connected.write("logo.png", png(40, 20))
    connected.configure(organisation={"logo": "logo.png"}, templates=str(templates))
    server = WebServer(BINARY, connected.folder, "--no-mail")
    first = server.get("/archive/bulletin/2026/")
    logo = server.raw_get("/logo.png")[1]
    connected.sql("UPDATE issue SET pause_note = 'nobody sees this'")
    again = server.get("/archive/bulletin/2026/", **{"If-None-Match": first.getheader("ETag")})
    assert first.status == 200 and again.status == 304
    (templates / "archive-nav.html").write_text("<p>a template of our own</p>\n")
    connected.write("logo.png", png(44, 20))
    wait_for(lambda: "a template of our own" in server.get("/archive/bulletin/2026/").text)
    wait_for(lambda: server.raw_get("/logo.png")[1] != logo)
    (templates / "archive-nav.html").unlink()
    wait_for(lambda: "a template of our own" not in server.get("/archive/bulletin/2026/").text)
    server.stop()


@pytest.mark.slow(1)
def test_no_page_is_ever_out_of_date(http, connected):
    """Each change is seen by the next request, though pages are kept: by sending, withdrawing, and editing."""
    def front():
        return http.get("/").text

    assert "Second quay" not in front() and "Open quay" in front()
    connected.run("send", "--yes", connected.issue("More.\n", title="Second quay", number="No 2"))
    assert "Second quay" in front() and http.get("/archive/bulletin/issue/no-2/").status == 200
    connected.run("archive", "withdraw", "no-2")
    assert "Second quay" not in front() and http.get("/archive/bulletin/issue/no-2/").status == 404
    assert http.get("/archive/bulletin/feed.atom").text.count("</entry>") == 1
    connected.run("archive", "publish", "no-2")
    assert "Second quay" in front()
    connected.run("list", "edit", "bulletin", "--title", "Harbour News")
    assert "Harbour News" in front() and "Harbour News" in http.get("/archive/bulletin/").text
    connected.run("list", "edit", "bulletin", "--private")
    assert http.get("/archive/bulletin/").status == 404 and "Harbour News" not in front()


def test_a_configuration_that_changed(connected):
    connected.configure(serve={"url": "https://news.example.org"}, organisation={"name": "Embassy"})
    server = WebServer(BINARY, connected.folder, "--no-mail")
    tag = server.get("/archive/").getheader("ETag")
    assert server.get("/archive/", **{"If-None-Match": tag}).status == 304
    server.stop()
    connected.configure(organisation={"name": "Consulate"})
    server = WebServer(BINARY, connected.folder, "--no-mail")
    answer = server.get("/archive/", **{"If-None-Match": tag})
    assert answer.status == 200 and "Consulate" in answer.text
    server.stop()


@pytest.mark.slow(1)
def test_the_menu_of_languages(http, connected):
    """Each page is there in each language, by a link alone; the choice goes along to other pages."""
    token = key(connected)
    for path, query, words in (("/", "", "Тіркелу"), ("/archive/bulletin/search?q=quay+open", "q=quay%20open&amp;", "quay"),
                               (f"/unsubscribe?token={token}", f"token={token}&amp;", "v…1@example.org"),
                               ("/join?list=bulletin", "list=bulletin&amp;", "News Bulletin"), ("/nosuch", "", "Open quay"),
                               ("/archive/bulletin/issue/no-1/", "", "Open quay")):
        page = http.get(path)
        assert f'<a href="?{query}set-language=kk" lang="kk" hreflang="kk" rel="nofollow">Қазақша</a>' in page.text, path
        assert 'lang="en" hreflang="en" rel="nofollow" aria-current="true">English</a>' in page.text
        assert page.text.count('rel="nofollow"') == 13 and page.getheader("Set-Cookie") is None
        chosen = http.get(path.split("?")[0] + "?" + query.replace("&amp;", "&") + "set-language=kk")
        location = chosen.getheader("Location")
        assert chosen.status == 303 and location.startswith("?" + query.replace("&amp;", "&")) and location.endswith("language=kk")
        there = http.get(path.split("?")[0] + location)
        assert '<html lang="kk"' in there.text and (words in there.text or path == "/"), path
    cookie = chosen.getheader("Set-Cookie")
    assert cookie == "newsletter-language=kk; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax; Secure"
    assert '<html lang="kk"' in http.get("/join", Cookie=cookie.split(";")[0], **{"Accept-Language": "de"}).text
    assert '<html lang="de"' in http.get("/join", Cookie="newsletter-language=../x", **{"Accept-Language": "de"}).text
    for none in ("%0d%0ax", "xx", "zz-QQQQ"):
        assert http.get("/?set-language=" + none).getheader("Set-Cookie") is None
    connected.run("archive", "build", "www")
    with open(os.path.join(connected.folder, "www", "index.html"), encoding="utf-8") as built:
        assert "set-language" not in built.read()


def test_visitors_ask_whether_a_page_has_changed(http, connected):
    path = "/archive/bulletin/issue/no-1/"
    first = http.get(path)
    tag = first.getheader("ETag")
    assert first.getheader("Cache-Control") == "public, no-cache" and tag.startswith('"')
    for condition in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        again = http.get(path, **{"If-None-Match": condition})
        assert again.status == 304 and again.text == "" and again.getheader("ETag") == tag, condition
    for condition in (tag[:-2] + '"', tag + "x", '""'):
        assert http.get(path, **{"If-None-Match": condition}).status == 200, condition
    wait_for(lambda: http.get(path).getheader("Last-Modified"))
    date = http.get(path).getheader("Last-Modified")
    assert http.get(path, **{"If-Modified-Since": date}).status == 304
    assert http.get(path, **{"If-Modified-Since": date, "If-None-Match": '"x"'}).status == 200
    assert http.get(path, **{"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}).status == 200
    assert http.get(path, **{"If-Modified-Since": "soon"}).status == 200
    form = http.get("/")
    assert form.getheader("ETag").startswith('W/"') and form.getheader("Cache-Control") == "private, no-cache"
    stamps = {re.search(r'name="stamp" value="([^"]+)"', http.get("/").text).group(1) for _ in range(3)}
    assert len(stamps) == 3  # each visitor's own, on a page that is kept
    assert http.get("/", **{"If-None-Match": form.getheader("ETag")}).status == 304
    for private in ("/join", "/confirm?token=x", "/nosuch", "/archive/bulletin/search?q=quay"):
        assert http.get(private).getheader("Cache-Control") == "no-store" and not http.get(private).getheader("ETag")
    assert http.get(path, **{"Accept-Language": "ru"}).text != http.get(path).text
