"""The website in a real browser: it works without scripts, and reads well on a phone, in the dark
and in three languages."""
import json
import os
import subprocess

import pytest
from conftest import BINARY, SAMPLE, link, parse, wait_for
from test_look import WEB, look, pytestmark  # noqa: F401  (skips where there is no browser)
from webserver import WebServer


@pytest.fixture
def web(connected):
    connected.configure(serve={"url": "https://news.example.org"}, notices={"welcome": True})
    for name in ("confirm_url", "unsubscribe_url"):
        connected.settings.pop(name)
    connected.configure()
    server = WebServer(BINARY, connected.folder)
    yield server
    server.stop()


def visit(web, steps):
    plan = {"url": web.url, "scripts": False, "steps": steps}
    run = subprocess.run(["node", "visit.cjs"], cwd=WEB, input=json.dumps(plan).encode(),
                         capture_output=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr.decode()
    result = json.loads(run.stdout)
    assert result == {"complaints": [], "cookies": []}


def local(message, word):
    return link(message, word).replace("https://news.example.org", "")


def test_join_confirm_leave(web, connected, server):
    visit(web, [{"goto": "/"}, {"wait": 2100},
                {"fill": {"E-mail address": "ann@example.org", "Name": "Ann"}}, {"click": "Join"},
                {"expect": "Thank you."}])
    wait_for(lambda: server.messages("ann@example.org"))
    confirm = local(parse(server.messages("ann@example.org")[0]), "confirm")
    visit(web, [{"goto": confirm}, {"expect": "Do you want to receive our mails?"},
                {"click": "Confirm the subscription"}, {"expect": "is confirmed. Welcome!"}])
    assert connected.sql("SELECT name, state FROM subscriber JOIN subscription ON subscriber = "
                         "subscriber.id") == [("Ann", "active")]
    wait_for(lambda: len(server.messages("ann@example.org")) == 2)
    leave = local(parse(server.messages("ann@example.org")[1]), "unsubscribe")
    visit(web, [{"goto": leave}, {"click": "Unsubscribe"}, {"expect": "You are unsubscribed from News Bulletin."}])
    assert connected.sql("SELECT state FROM subscription") == [("unsubscribed",)]


def test_joining_from_a_page_of_ones_own(web, connected):
    page = connected.write("own.html", f"""<!DOCTYPE html><form method="post" action="{web.url}/join">
        <label>Mail <input name="email"></label> <button>Sign me up</button></form>""")
    plan = [{"goto": f"file://{page}"}, {"fill": {"Mail": "bob@example.org"}}, {"click": "Sign me up"},
            {"expect": "Please press the button once more."}, {"wait": 2100}, {"click": "Join"},
            {"expect": "Thank you."}]
    web_of_its_own = type("Web", (), {"url": ""})
    visit(web_of_its_own, plan)
    assert connected.sql("SELECT address FROM subscriber") == [("bob@example.org",)]


def test_reading(web, connected):
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", SAMPLE)
    visit(web, [{"goto": "/archive/bulletin/"}, {"fill": {"Search": "ferry"}}, {"click": "Search"},
                {"click": "Second Round Table", "role": "link"}, {"expect": "What is the round table?"},
                {"click": "ru", "role": "link"}, {"expect": "Что такое круглый стол?"},
                {"click": "Upcoming events", "role": "link"}])


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_looks(web, connected, tmp_path, language):
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", SAMPLE)
    slug = connected.sql("SELECT slug FROM issue")[0][0]
    paths = {"join": "/join?", "confirm": "/confirm?token=x&", "leave": "/unsubscribe?token=x&",
             "missing": "/nosuch?", "archive": "/archive/bulletin/?", "year": "/archive/bulletin/2026/?",
             "events": "/archive/bulletin/events/?", "issue": f"/archive/bulletin/issue/{slug}/?",
             "search": "/archive/bulletin/search?q=x&", "archives": "/archive/?"}
    if language != "en":  # once is enough for what has no words of ours
        paths = {name: paths[name] for name in ("join", "confirm", "archive", "events")}
    pages = {f"web-{language}-{name}": f"{web.url}{path}language={language}" for name, path in paths.items()}
    look(tmp_path, pages, widths=(375,) if language != "en" else (375, 1200), mail=False)


def test_files_read_as_well(web, connected, tmp_path):
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", SAMPLE)
    connected.run("archive", "build", "www")
    pages = {f"file-{name}": os.path.join(connected.folder, "www", path) for name, path in {
        "index": "index.html", "archive": "bulletin/index.html", "events": "bulletin/events/index.html"}.items()}
    look(tmp_path, pages, widths=(375,), mail=False)
