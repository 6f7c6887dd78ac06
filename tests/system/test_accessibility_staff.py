"""WCAG 2.2 AA on every page of the dashboard that a link leads to, by axe-core: in languages from left to right and from
right to left, light and dark, on a phone and on a desktop. It takes minutes: ./check --all."""
import urllib.parse

import pytest
import reports
from browser import needs_browser
from conftest import ALL
from test_accessibility import walk
from test_approval import say
from test_desk_fixes import FAULTY
from test_enclosures import png
from test_office_pages import crowd, keep, staff  # noqa: F401
from test_press_room import FIELDS, Desk, account
from test_staff import eventful  # noqa: F401

pytestmark = [needs_browser, pytest.mark.one_engine("the engine makes no difference"), pytest.mark.slow(300),
              pytest.mark.skipif(not ALL, reason="takes minutes: ./check --all")]


@pytest.fixture(name="office")
def fixture_office(staff, crowd, eventful):  # noqa: F811
    """Something of everything: an issue with bounces, a draft that waits for approval, people, segments, tokens, reports."""
    crowd.write("logo.png", png(60, 20))
    reports.fill(crowd)
    keep(crowd)
    crowd.run("segment", "add", "press", 'language = "ru" and city = "Aktau"')
    crowd.run("suppress", "add", "never@example.org")
    account(crowd, "bob", "sender")
    staff.press("/tokens", action="add", name="robot")
    staff.press("/webhooks", action="add", name="crm", url="http://127.0.0.1:9/hook")
    staff.press("/webhooks/crm", action="test")
    crowd.configure(organisation={"name": "Embassy", "logo": "logo.png", "accent": "#ffc61a"}, approval={"needed": "1"})
    staff.stop()
    server = type(staff)(crowd.folder, "--no-mail")
    server.login()
    path = server.press("/drafts", how="new", title="Yurts", list="bulletin").getheader("Location")
    desk = Desk(server, urllib.parse.urlsplit(path).path)
    for body in (FIELDS["body"], FAULTY):
        assert desk.save(revision=desk.revision(), action="keep", **{**FIELDS, "body": body}).status == 303
    for kind in ("snippet", "template"):
        assert server.press("/boilerplates", action="save", kind=kind, name="Weekly", source="Ask us.", language="", list="").status == 303
    assert desk.http.press(desk.path, action="language", language="ru").status == 303
    assert desk.upload("picture", "quay.png", png(40, 20), alt="A quay at dusk").status == 303
    assert say(desk, "ask", words="Please").status == 303
    crowd.sql("UPDATE issue SET state = 'sending', ended_at = NULL WHERE id = (SELECT min(id) FROM issue)")
    yield server, desk
    server.stop()


@pytest.mark.parametrize("language", ["en", "ru", "kk", "ar"])
def test_every_page(office, language):
    http, desk = office
    start = [http.url + path for path in ("/", "/login", "/nosuch", desk.path, desk.path + "/approval", desk.path + "/send", "/library",
                                          "/reputation", "/delivery", "/suppressions", "/calendar")]
    seen = walk(start, languages=[language], widths=[375, 1280], follow=True, dark=True, cookie=http.cookie)
    for kind in ("/drafts", "/draft/0", "/draft/0/send", "/draft/0/approval", "/draft/0/history", "/library", "/boilerplates", "/boilerplates/0", "/calendar", "/issue/0",
                 "/issue/0/report", "/issue/0/rest", "/issue/0/again", "/people", "/people/0", "/segments", "/tokens",
                 "/webhooks", "/webhooks/crm", "/messages", "/bounces", "/lists", "/lists/bulletin", "/lists/bulletin/again", "/accounts", "/audit", "/account", "/login"):
        assert any(path.startswith(kind) for path in seen), (kind, seen)
