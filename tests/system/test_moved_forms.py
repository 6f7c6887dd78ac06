"""Forms that were made for listmonk, Mailchimp or phpList and whose target is changed to ours."""
import pytest

from conftest import BINARY
from webserver import WebServer

LISTMONK = "a1b2c3d4-0000-4000-8000-000000000001"
AUDIENCE = "9f8e7d6c5b"


@pytest.fixture
def http(connected):
    connected.run("list", "add", "culture", "--from", "press@example.org")
    connected.run("list", "add", "staff", "--from", "press@example.org", "--private")
    connected.configure(serve={"url": "https://news.example.org", "check_forms": False, "joins_per_hour": 10000,
                               "moved_lists": f"{LISTMONK}=bulletin, {AUDIENCE} =staff, {AUDIENCE}=culture,3=bulletin , 4=culture, page2=culture, 9=staff"},
                        forms={"city": {"label": "City"}})
    for name in ("confirm_url", "unsubscribe_url"):
        connected.settings.pop(name, None)
    connected.configure()
    server = WebServer(BINARY, connected.folder, "--no-mail")
    yield server
    server.stop()


def joined(site):
    return sorted(site.sql("SELECT r.address, l.name, s.state FROM subscription s JOIN subscriber r ON r.id = s.subscriber "
                           "JOIN list l ON l.id = s.list"))


def test_listmonk(http, connected):
    answer = http.request("POST", "/subscription/form", form=[("nonce", ""), ("email", "ann@example.org"), ("name", "Ann Black"),
                                                              ("l", LISTMONK.upper()), ("l", "culture")])
    assert answer.status == 200
    assert joined(connected) == [("ann@example.org", "bulletin", "pending"), ("ann@example.org", "culture", "pending")]
    assert connected.sql("SELECT name FROM subscriber") == [("Ann Black",)]


def test_mailchimp(http, connected):
    answer = http.request("POST", f"/subscribe/post?u=0123456789&id={AUDIENCE}", form=[
        ("LNAME", "Black"), ("EMAIL", "ann@example.org"), ("FNAME", "Ann"), ("CITY", "Aktau"), ("MMERGE7", "x"), ("b_0123456789_" + AUDIENCE, ""),
        ("subscribe", "Subscribe")])
    assert answer.status == 200 and joined(connected) == [("ann@example.org", "culture", "pending")]
    assert connected.sql("SELECT name, attributes FROM subscriber") == [("Ann Black", '{"city":"Aktau"}')]
    http.request("POST", "/subscribe/post", form={"u": "0123456789", "id": AUDIENCE, "MERGE0": "bob@example.org"})
    assert joined(connected)[1] == ("bob@example.org", "culture", "pending")


def test_phplist(http, connected):
    answer = http.request("POST", "/lists/?p=subscribe&id=1", form={"email": "ann@example.org", "list[3]": "signup", "listname[3]": "Bulletin",
                                                                    "htmlemail": "1", "VerificationCodeX": "", "subscribe": "Subscribe"})
    assert answer.status == 200 and joined(connected) == [("ann@example.org", "bulletin", "pending")]
    http.request("POST", "/lists/index.php?p=subscribe&id=2", form={"email": "bob@example.org"})
    assert joined(connected)[1] == ("bob@example.org", "culture", "pending")


def test_fields_that_people_do_not_see_catch_robots(http, connected):
    for path, form in (("/subscription/form", {"email": "r@example.org", "l": LISTMONK, "nonce": "x"}),
                       (f"/subscribe/post?u=1&id={AUDIENCE}", {"EMAIL": "r@example.org", "b_1_2": "x"}),
                       ("/lists/?p=subscribe&id=1", {"email": "r@example.org", "list[3]": "signup", "VerificationCodeX": "x"})):
        assert http.request("POST", path, form=form).status == 200  # as for everybody
    assert joined(connected) == []


def test_what_leads_nowhere(http, connected):
    """A private list stays private, an unknown one is asked for, and other pages of theirs are not ours."""
    http.request("POST", "/lists/?p=subscribe&id=1", form={"email": "a@example.org", "list[9]": "signup"})
    for identifier in ("nosuch", "", "=", "3,4", "3=bulletin", "%00", "x" * 500):
        assert http.request("POST", "/subscription/form", form={"email": "a@example.org", "l": identifier}).status in (200, 400)
    assert http.request("POST", "/lists/?p=subscribe", form={"email": "a@example.org", "list[": "x", "list[]": "x", "list[3": "x", "list[0]": "x"}).status in (200, 400)
    for path in ("/lists/?p=unsubscribe&id=1", "/lists/", "/lists/index.php?p=preferences", "/lists/?p=subscribe2"):
        assert http.request("POST", path, form={"email": "a@example.org", "list[3]": "signup", "list": "bulletin"}).status == 404
        assert http.get(path).status == 404
    assert joined(connected) == []
    assert http.request("POST", "/subscription/form", form={"email": "no address", "l": LISTMONK}).status == 400
    assert 'name="email"' in http.get("/subscription/form").text  # a link to the form shows ours
