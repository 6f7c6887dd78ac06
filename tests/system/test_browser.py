"""The website in a real browser: it works without scripts, and reads well on a phone, in the dark
and in three languages."""
import contextlib
import os
import signal

import pytest
from browser import browser, in_browser, needs_browser
from conftest import BINARY, SAMPLE, link, parse, wait_for
from test_look import look
import reports
from test_staff import PASSWORD, StaffServer, configure, eventful  # noqa: F401
from webserver import WebServer

pytestmark = [pytest.mark.slow, needs_browser, pytest.mark.one_engine("the engine makes no difference")]


@pytest.fixture
def web(connected):
    connected.configure(serve={"url": "https://news.example.org"}, notices={"welcome": True})
    for name in ("confirm_url", "unsubscribe_url"):
        connected.settings.pop(name)
    connected.configure()
    server = WebServer(BINARY, connected.folder)
    yield server
    server.stop()


def visit(web, steps, cookies=(), scripts=False):
    plan = {"url": web.url, "scripts": scripts, "steps": steps}
    assert in_browser("visit.cjs", plan, timeout=120) == {"complaints": [], "cookies": list(cookies)}


def local(message, word):
    return link(message, word).replace("https://news.example.org", "")


def descendants(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as listed:
        children = [int(child) for child in listed.read().split()]
    return children + [further for child in children for further in descendants(child)]


@pytest.mark.parametrize("which", ("node", "Chromium"))
def test_a_browser_that_ends_by_itself_is_begun_again(which):
    """Else one that is killed would fail all tests after it."""
    in_browser("picture.cjs", [])
    first = browser().process.pid
    for pid in [first] if which == "node" else descendants(first):
        with contextlib.suppress(ProcessLookupError):  # it has ended with its parent
            os.kill(pid, signal.SIGKILL)
    in_browser("picture.cjs", [{"url": "data:text/html,Hello", "width": 50, "height": 50, "file": "/dev/null"}])
    assert browser().process.pid != first


def test_join_confirm_leave(web, connected, server):
    visit(web, [{"goto": "/join"}, {"wait": 2100},
                {"fill": {"Email address": "ann@example.org", "Name": "Ann"}}, {"click": "Subscribe"},
                {"expect": "Thank you."}])
    wait_for(lambda: server.messages("ann@example.org"))
    confirm = local(parse(server.messages("ann@example.org")[0]), "confirm")
    visit(web, [{"goto": confirm}, {"expect": "Receive News Bulletin at this address?"},
                {"click": "Confirm subscription"}, {"expect": "is confirmed. Welcome!"}])
    assert connected.sql("SELECT name, state FROM subscriber JOIN subscription ON subscriber = "
                         "subscriber.id") == [("Ann", "active")]
    wait_for(lambda: len(server.messages("ann@example.org")) == 2)
    leave = local(parse(server.messages("ann@example.org")[1]), "unsubscribe")
    visit(web, [{"goto": leave}, {"click": "Unsubscribe"}, {"expect": "You have been unsubscribed from News Bulletin."}])
    assert connected.sql("SELECT state FROM subscription") == [("unsubscribed",)]


def test_joining_from_a_page_of_ones_own(web, connected):
    page = connected.write("own.html", f"""<!DOCTYPE html><form method="post" action="{web.url}/join">
        <label>Mail <input name="email"></label> <button>Sign me up</button></form>""")
    plan = [{"goto": f"file://{page}"}, {"fill": {"Mail": "bob@example.org"}}, {"click": "Sign me up"},
            {"expect": "Please press the button again."}, {"wait": 2100}, {"click": "Subscribe"},
            {"expect": "Thank you."}]
    web_of_its_own = type("Web", (), {"url": ""})
    visit(web_of_its_own, plan)
    assert connected.sql("SELECT address FROM subscriber") == [("bob@example.org",)]


def test_reading(web, connected):
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", SAMPLE)
    visit(web, [{"goto": "/archive/bulletin/"}, {"fill": {"Search": "ferry"}}, {"click": "Search"},
                {"click": "Second Round Table", "role": "link"}, {"expect": "What is the round table?"},
                {"click": "Русский", "role": "link"}, {"expect": "Что такое круглый стол?"},
                {"click": "Events", "role": "link"},
                {"expect": "No events have been announced yet."}, {"click": "Latest", "role": "link"}, {"click": "Read this issue", "role": "link"},
                {"expect": "What is the round table?"}])


def test_joining_on_the_front_page(web, connected):
    visit(web, [{"goto": "/"}, {"wait": 2100}, {"fill": {"Email address": "cleo@example.org"}}, {"click": "Subscribe"},
                {"expect": "Thank you."}])
    assert connected.sql("SELECT address FROM subscriber") == [("cleo@example.org",)]


def own_page(web, connected, server):
    connected.add_active(["ann@example.org"], name="Ann")
    connected.run("list", "add", "alerts", "--from", "press@example.org", "--title", "Alerts")
    assert web.post("/preferences", {"token": connected.sql("SELECT token FROM subscription")[0][0]}).status == 200
    wait_for(lambda: server.messages("ann@example.org"))
    return local(parse(server.messages("ann@example.org")[0]), "/page?")


def test_ones_own_page(web, connected, server):
    page = own_page(web, connected, server)
    visit(web, [{"goto": page}, {"check": ["Alerts"], "uncheck": ["News Bulletin"], "fill": {"Name": "Anna"},
                                 "select": {"Language of our emails": "Қазақша"}},
                {"click": "Save"}, {"expect": "Өзгерістер сақталды."}])
    assert connected.sql("SELECT name, language FROM subscriber") == [("Anna", "kk")]
    assert connected.sql("SELECT list, state FROM subscription ORDER BY list") == [(1, "unsubscribed"), (2, "active")]
    visit(web, [{"goto": page + "&language=en"}, {"fill": {"New email address": "anna@example.net"}},
                {"click": "Change address"}, {"expect": "We have sent an email to your new address"}])
    wait_for(lambda: server.messages("anna@example.net"))
    visit(web, [{"goto": local(parse(server.messages("anna@example.net")[0]), "/address?") + "&language=en"},
                {"click": "Confirm new address"}, {"expect": "our emails will go to your new address"}])
    assert connected.sql("SELECT address FROM subscriber") == [("anna@example.net",)]


def test_erasing_oneself(web, connected, server):
    visit(web, [{"goto": own_page(web, connected, server)}, {"check": ["Yes, delete my data"]}, {"click": "Delete my data"},
                {"expect": "has been deleted."}])
    assert connected.sql("SELECT address, name FROM subscriber") == [("(erased)", None)]


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_looks_of_ones_own_page(web, connected, server, tmp_path, language):
    page = own_page(web, connected, server)
    paths = {"ask": "/preferences?", "ask-token": "/preferences?token=x&", "page": page + "&",
             "address": "/address?token=x&"}
    look(tmp_path, {f"own-{language}-{name}": f"{web.url}{path}language={language}" for name, path in paths.items()},
         widths=(375, 1200) if language == "en" else (375,), mail=False)


@pytest.fixture
def staff(connected, eventful):
    configure(connected)
    http = StaffServer(connected.folder)
    yield http
    http.stop()


SESSION = {"name": "__Host-newsletter", "secure": True, "httpOnly": True, "sameSite": "Strict"}


def test_live_progress(staff, connected, server):
    """The page follows a send by itself, and shows all of it when it ends."""
    server.handler.delay = 0.02
    connected.add_active([f"r{number}@example.org" for number in range(200)])
    run = connected.popen("send", "--yes", connected.issue(title="Slow", number="No 2"))
    wait_for(lambda: connected.sql("SELECT 1 FROM issue WHERE id = 2") != [])
    visit(staff, [{"goto": "/login"}, {"fill": {"Name": "ann", "Password": PASSWORD}}, {"click": "Log in"},
                  {"click": "Slow", "role": "link"}, {"soon": "215 of 215 processed"}, {"soon": "Sending progress"}],
          [SESSION], scripts=True)
    run.communicate(timeout=60)


def test_staff_with_a_browser(staff, connected):
    connected.sql("UPDATE issue SET state = 'paused'")
    connected.sql("UPDATE delivery SET next_attempt_at = 1 WHERE state = 'deferred'")
    visit(staff, [{"goto": "/"}, {"fill": {"Name": "ann", "Password": PASSWORD}}, {"click": "Log in"},
                  {"expect": "Subscribers over time"}, {"click": "Ferries", "role": "link"},
                  {"expect": "Deliveries by domain"}, {"click": "Resume"}, {"expect": "Bounced and refused"}],
          [SESSION])
    wait_for(lambda: connected.sql("SELECT state FROM issue") == [("sent",)])


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_looks_of_the_staffs_pages(staff, connected, tmp_path, language):
    assert staff.login().status == 303
    reports.fill(connected)
    connected.sql("INSERT INTO provider_day (day, provider, source, attempts, sent, deferred, bounced, throttled) "
                  "VALUES ('2100-01-01', 'microsoft', '192.0.2.1', 1204200, 1203991, 180, 29, 11), ('2100-01-01', 'other', '', 7, 7, 0, 0, 0)")
    paths = {"login": "/login?", "overview": "/?", "list": "/list/bulletin?", "issue": "/issue/1?",
             "reputation": "/reputation?", "delivery": "/delivery?"}
    look(tmp_path, {f"staff-{language}-{name}": f"{staff.url}{path}language={language}" for name, path in paths.items()},
         widths=(375, 1200) if language == "en" else (375,), mail=False, cookie=staff.cookie)


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_looks(web, connected, tmp_path, language):
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", SAMPLE)
    slug = connected.sql("SELECT slug FROM issue")[0][0]
    paths = {"join": "/join?", "confirm": "/confirm?token=x&", "leave": "/unsubscribe?token=x&",
             "missing": "/nosuch?", "front": "/?", "nothing": "/archive/bulletin/search?q=zzz&", "archive": "/archive/bulletin/?", "year": "/archive/bulletin/2026/?",
             "events": "/archive/bulletin/events/?", "issue": f"/archive/bulletin/issue/{slug}/?",
             "search": "/archive/bulletin/search?q=x&", "archives": "/archive/?"}
    if language != "en":  # once is enough for what has no words of ours
        paths = {name: paths[name] for name in ("front", "join", "confirm", "archive", "events")}
    pages = {f"web-{language}-{name}": f"{web.url}{path}language={language}" for name, path in paths.items()}
    look(tmp_path, pages, widths=(375,) if language != "en" else (375, 1200), mail=False)


def test_files_read_as_well(web, connected, tmp_path):
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", SAMPLE)
    connected.run("archive", "build", "www")
    pages = {f"file-{name}": os.path.join(connected.folder, "www", path) for name, path in {
        "index": "index.html", "archive": "bulletin/index.html", "events": "bulletin/events/index.html"}.items()}
    look(tmp_path, pages, widths=(375,), mail=False)


def test_a_challenge_is_worked_out_by_the_browser(connected):
    connected.configure(serve={"url": "https://news.example.org", "challenge": True})
    server = WebServer(BINARY, connected.folder, "--no-mail")
    said = in_browser("challenge.cjs", {"url": server.url, "address": "ann@example.org"}, timeout=120)
    server.stop()
    assert "Thank you." in said["text"] and said["problems"] == []
    assert connected.sql("SELECT address FROM subscriber") == [("ann@example.org",)]
