"""newsletter serve: join, confirm, leave over HTTP."""
import os
import re
import shutil
import subprocess
import time
import urllib.parse

import pytest
from conftest import BINARY, TOP, link, parse, wait_for
from webserver import WebServer


@pytest.fixture
def web(connected):
    """Starts the server; a form counts however it came, unless a test wants otherwise."""
    started = []

    def start(*args, serve=None, **settings):
        connected.configure(serve={"url": "https://news.example.org", "check_forms": False,
                                   "joins_per_hour": 1000000, **(serve or {})}, **settings)
        for name in ("confirm_url", "unsubscribe_url"):
            connected.settings.pop(name, None)
        connected.configure()
        started.append(WebServer(BINARY, connected.folder, *args))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.stop()


def path_of(message, word):
    """The address in a mail, as a path."""
    parts = urllib.parse.urlsplit(link(message, word))
    assert parts.scheme == "https" and parts.netloc == "news.example.org"
    return f"{parts.path}?{parts.query}"


def test_join_confirm_leave(web, connected, server):
    http = web(notices={"welcome": True}, forms={"city": {"label": "City"}})
    answer = http.post("/join", {"email": "Ann@example.org", "name": "Ann", "attribute.city": "Aktau"})
    assert answer.status == 200 and "Thank you." in answer.text
    wait_for(lambda: server.messages("Ann@example.org"))
    assert connected.sql("SELECT consent_ip, consent_source FROM subscription") == [("127.0.0.1", "web")]
    assert connected.sql("SELECT attributes FROM subscriber") == [('{"city":"Aktau"}',)]

    confirm = path_of(parse(server.messages("Ann@example.org")[0]), "confirm")
    page = http.get(confirm)
    assert page.status == 200 and "<form method=\"post\"" in page.text
    assert connected.sql("SELECT state FROM subscription") == [("pending",)]  # a scanner's visit
    key = confirm.split("token=")[1]
    done = http.post("/confirm", {"token": key})
    assert done.status == 200 and "is confirmed. Welcome!" in done.text
    assert connected.sql("SELECT state FROM subscription") == [("active",)]
    again = http.post("/confirm", {"token": key})  # a second click
    assert again.status == 200 and "You have already confirmed. You are subscribed to News Bulletin." in again.text
    assert "You have already confirmed. You are subscribed to News Bulletin." in http.get(confirm).text
    wait_for(lambda: len(server.messages("Ann@example.org")) == 2)

    leave = path_of(parse(server.messages("Ann@example.org")[1]), "unsubscribe")
    assert "<form method=\"post\"" in http.get(leave).text
    assert connected.sql("SELECT state FROM subscription") == [("active",)]
    one_click = http.post(leave, {"List-Unsubscribe": "One-Click"})  # RFC 8058
    assert one_click.status == 200 and one_click.getheader("Set-Cookie") is None
    assert one_click.getheader("Location") is None and "unsubscribed" in one_click.text
    assert connected.sql("SELECT state FROM subscription") == [("unsubscribed",)]
    assert http.post(leave, {"List-Unsubscribe": "One-Click"}).status == 200  # again is as good
    log = http.stop()
    assert key not in log and leave.split("token=")[1] not in log and "token" not in log
    assert "POST /confirm 200 127.0.0.1" in log


def test_one_click_as_multipart(web, connected):
    http = web("--no-mail")
    connected.add_active(["ann@example.org"])
    key = connected.sql("SELECT token FROM subscription")[0][0]
    body = ("--=_mark\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n"
            "--=_mark--\r\n")
    answer = http.request("POST", f"/unsubscribe?token={key}", body=body,
                          headers={"Content-Type": "multipart/form-data; boundary=\"=_mark\""})
    assert answer.status == 200
    assert connected.sql("SELECT state FROM subscription") == [("unsubscribed",)]


def test_the_same_answer_for_everybody(web, connected, server):
    http = web()
    connected.add_active(["known@example.org"])
    connected.run("suppress", "add", "blocked@example.org")
    answers = {re.sub(r"Date: .*", "", str(answer.getheaders()) + answer.text)
               for address in ("known@example.org", "blocked@example.org", "new@example.org")
               for answer in [http.post("/join", {"email": address})]}
    answers = {re.sub(r"'Date', '[^']*'", "", answer) for answer in answers}
    assert len(answers) == 1
    wait_for(lambda: server.messages("new@example.org") and server.messages("known@example.org"))
    assert parse(server.messages("known@example.org")[0])["Subject"] == "You are subscribed to News Bulletin"
    assert server.messages("blocked@example.org") == []


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("path", ["/confirm", "/unsubscribe"])
@pytest.mark.parametrize("key", ["", "x", "0" * 36, "00000000-0000-4000-8000-000000000000",
                                 "\"><script>alert(1)</script>", "%00", "é" * 200])
def test_bad_links_say_the_same(web, path, key):
    http = web("--no-mail")
    answer = http.post(path, {"token": key})
    assert answer.status == 404 and "This link does not work" in answer.text
    page = http.get(f"{path}?{urllib.parse.urlencode({'token': key})}")
    assert page.status == 200 and "<script>" not in page.text


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("form", [{}, {"email": ""}, {"email": "nonsense"}, {"email": "a@b"},
                                  {"email": "ann@example.org\r\nBcc: x@example.org"}])
def test_no_address(web, connected, form):
    http = web("--no-mail")
    answer = http.post("/join", form)
    assert answer.status == 400 and "This is not an email address" in answer.text
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("field, value", [("name", "x" * 300), ("name", "a\nb"), ("language", "../.."),
                                          ("attribute.x", "y" * 2000)])
def test_bad_fields(web, connected, field, value):
    http = web("--no-mail", forms={"x": None})
    answer = http.post("/join", {"email": "ann@example.org", field: value})
    assert answer.status == 400 and "contains a mistake" in answer.text
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)]


def test_robots_fill_in_what_people_do_not_see(web, connected):
    http = web("--no-mail")
    answer = http.post("/join", {"email": "ann@example.org", "website": "https://spam.example"})
    assert answer.status == 200 and "Thank you." in answer.text  # it learns nothing
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)]


@pytest.mark.slow
def test_a_form_takes_time_to_fill_in(web, connected):
    http = web("--no-mail", serve={"check_forms": True}, forms={"city": None})
    embedded = http.post("/join", {"email": "ann@example.org", "name": "Ann <3", "attribute.city": "A&B"})
    assert "press the button again" in embedded.text
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', embedded.text))
    assert fields["email"] == "ann@example.org" and fields["name"] == "Ann &lt;3"
    assert fields["attribute.city"] == "A&amp;B"
    at_once = http.post("/join", {"email": "ann@example.org", "stamp": fields["stamp"]})
    assert "press the button again" in at_once.text
    forged = str(int(fields["stamp"].split(".")[0]) - 100) + "." + fields["stamp"].split(".")[1]
    assert "press the button again" in http.post("/join", {"email": "ann@example.org", "stamp": forged}).text
    assert "press the button again" in http.post("/join", {"email": "ann@example.org", "stamp": "x"}).text
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)]
    time.sleep(2.1)
    assert "Thank you." in http.post("/join", {"email": "ann@example.org", "stamp": fields["stamp"]}).text
    assert connected.sql("SELECT count(*) FROM subscriber") == [(1,)]


def test_many_from_one_network_must_wait(web, connected):
    http = web("--no-mail", serve={"joins_per_hour": 1, "trusted_proxies": "127.0.0.0/8"})

    def join(number, client):
        return http.post("/join", {"email": f"a{number}@example.org"}, **{"X-Forwarded-For": client})

    statuses = [join(i, f"198.51.100.{i}").status for i in range(12)]
    assert statuses == [200] * 10 + [429] * 2
    limited = join(99, "198.51.100.7")
    assert int(limited.getheader("Retry-After")) > 60 and "try again later" in limited.text
    assert join(50, "203.0.113.1").status == 200  # another network
    assert connected.sql("SELECT count(*) FROM subscriber") == [(11,)]


@pytest.mark.parametrize("trusted, header, client", [
    ("", "203.0.113.9", "127.0.0.1"),
    ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
    ("127.0.0.0/8 10.0.0.0/8", "1.2.3.4, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
    ("127.0.0.1", "1.2.3.4, 2001:db8::1", "2001:db8::1"),
    ("127.0.0.1", "nonsense", "127.0.0.1"),
    ("::1", "203.0.113.9", "127.0.0.1"),
], ids=["untrusted", "one", "chain", "v6", "nonsense", "other"])
def test_who_asks(web, connected, trusted, header, client):
    http = web("--no-mail", serve={"trusted_proxies": trusted})
    http.post("/join", {"email": "ann@example.org"}, **{"X-Forwarded-For": header})
    assert connected.sql("SELECT consent_ip FROM subscription") == [(client,)]


def test_languages(web, connected):
    http = web("--no-mail")
    assert "Подписаться на рассылку" in http.get("/join", **{"Accept-Language": "ru-RU,en;q=0.5"}).text
    assert "Таратылымға жазылу" in http.get("/join?language=kk", **{"Accept-Language": "ru"}).text
    assert "Join our email list" in http.get("/join", **{"Accept-Language": "nl, xx;q=x"}).text
    page = http.post("/join", {"email": "ann@example.org"}, **{"Accept-Language": "fr;q=0.1, kk;q=0.9"})
    assert "Рақмет." in page.text and '<html lang="kk"' in page.text
    assert connected.sql("SELECT language FROM subscriber") == [("kk",)]


@pytest.mark.slow(1)
def test_any_number_of_languages(web, connected):
    """Each catalog that an operator adds is one more language; none of them ends the server."""
    tags = ["de", "fr", "es", "it", "pt", "nl", "pl", "cs", "sk", "hu", "ro", "bg", "uk", "be", "tr", "az",
            "uz", "ky", "tg", "tk", "mn", "ka", "hy", "he", "ar"]
    folder = os.path.join(connected.folder, "look")
    os.mkdir(folder)
    subprocess.run(["msgfmt", "--endianness=little", "-o", os.path.join(folder, "ru.mo"),
                    os.path.join(TOP, "po", "ru.po")], check=True)
    for tag in tags:
        shutil.copy(os.path.join(folder, "ru.mo"), os.path.join(folder, f"{tag}.mo"))
    http = web("--no-mail", templates="look")
    for tag in ["en", "ru", "kk", *tags, *tags, "xx"]:
        page = http.get(f"/join?language={tag}")
        assert page.status == 200 and f'<html lang="{"en" if tag == "xx" else tag}"' in page.text
    with open(os.path.join(folder, "ga.mo"), "wb") as broken:
        broken.write(b"not a catalog")
    for _ in range(2):
        assert http.get("/join?language=ga").status == 500
    assert http.get("/join?language=de").status == 200
    http.stop()


@pytest.mark.slow(1)
def test_each_notice_is_one_delivery_in_one_language(web, connected, server):
    http = web(notices={"welcome": True, "goodbye": True})
    for language in ("kk", "ru", "en"):
        http.post("/join", {"email": f"{language}@example.org"}, **{"Accept-Language": language})
    for language in ("kk", "ru", "en"):
        wait_for(lambda: server.messages(f"{language}@example.org"))
        key = path_of(parse(server.messages(f"{language}@example.org")[0]), "confirm").split("token=")[1]
        http.post("/confirm", {"token": key})
    for language in ("kk", "ru", "en"):
        wait_for(lambda: len(server.messages(f"{language}@example.org")) == 2)
        assert {parse(raw)["Content-Language"] for raw in server.messages(f"{language}@example.org")} == {language}
    assert connected.sql("SELECT kind, state, count(*) FROM delivery GROUP BY 1, 2 ORDER BY 1") == [
        ("confirmation", "sent", 3), ("welcome", "sent", 3)]


@pytest.mark.slow(1)
def test_many_notices_at_once(web, connected, server):
    http = web()
    for i in range(40):
        http.post("/join", {"email": f"a{i}@example.org"})
    wait_for(lambda: all(server.messages(f"a{i}@example.org") for i in range(40)))
    http.stop()
    assert all(len(server.messages(f"a{i}@example.org")) == 1 for i in range(40))


def test_several_lists(web, connected):
    connected.run("list", "add", "events", "--from", "events@example.org", "--title", "Events & more")
    http = web("--no-mail")
    page = http.get("/")
    assert 'value="events"> Events &amp; more' in page.text and 'value="bulletin"' in page.text
    assert "Events &amp; more" in http.get("/join?list=events").text
    assert http.post("/join", {"email": "ann@example.org", "list": "events"}).status == 200
    assert "Choose your lists" in http.post("/join", {"email": "ann@example.org", "list": "nosuch"}).text
    assert connected.sql("SELECT list FROM subscription") == [(2,)]


def test_below_a_path(web, connected, server):
    http = web(serve={"url": "https://www.example.org/news/"})
    page = http.get("/news/join").text
    assert 'action="/news/join"' in page and 'href="/news/style.css"' in page
    assert http.get("/news").status == 200 and http.get("/newsletter").status == 404
    assert http.post("/news/join", {"email": "ann@example.org"}).status == 200
    wait_for(lambda: server.messages("ann@example.org"))
    assert "https://www.example.org/news/confirm?token=" in server.messages("ann@example.org")[0].decode()
