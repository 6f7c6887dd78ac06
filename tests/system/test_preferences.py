"""The subscriber's own page: asked for by mail, then lists, language, name, address, data, erasure."""
import glob
import json
import os
import re

import pytest
from conftest import BINARY, link, parse, wait_for
from webserver import WebServer


@pytest.fixture
def web(connected):
    connected.configure(serve={"url": "https://news.example.org", "check_forms": False,
                               "joins_per_hour": 1000000})
    for name in ("confirm_url", "unsubscribe_url"):
        connected.settings.pop(name)
    connected.configure()
    connected.run("list", "add", "alerts", "--from", "press@example.org", "--title", "Alerts")
    connected.run("list", "add", "inner", "--from", "press@example.org", "--title", "Inner circle", "--private")
    connected.add_active(["ann@example.org"], name="Ann")
    started = WebServer(BINARY, connected.folder)
    yield started
    if started.process.poll() is None:
        started.stop()


def unsubscribe_token(connected, subscription=1):
    return connected.sql("SELECT token FROM subscription WHERE id = ?", subscription)[0][0]


def mailed_link(server, address, word, count=1):
    wait_for(lambda: len(server.messages(address)) == count)
    return link(parse(server.messages(address)[-1]), word).replace("https://news.example.org", "")


def own_page(web, connected, server, address="ann@example.org", count=1):
    """The token of a link to the page, as its holder gets it."""
    assert web.post("/preferences", {"token": unsubscribe_token(connected)}).status == 200
    secret = mailed_link(server, address, "/page?", count).split("token=")[1]
    wait_for(lambda: connected.sql("SELECT count(*) FROM delivery WHERE state = 'leased'") == [(0,)])  # and it is noted
    return secret


def subscriptions(connected):
    return dict(connected.sql("SELECT l.name, s.state FROM subscription s JOIN list l ON l.id = s.list "
                              "WHERE s.subscriber = 1"))


def test_the_link_in_an_issue_shows_nothing(web, connected, server):
    path = f"/preferences?token={unsubscribe_token(connected)}"
    page = web.get(path)
    assert page.status == 200 and "Send me the link" in page.text
    assert "ann@example.org" not in page.text and "Ann" not in page.text
    assert web.get(f"/page?token={unsubscribe_token(connected)}").status == 404  # it opens nothing
    assert web.post("/page", {"token": unsubscribe_token(connected), "action": "erase", "sure": "yes"}).status == 404
    assert connected.sql("SELECT address FROM subscriber") == [("ann@example.org",)]


def test_each_issue_has_that_link(web, connected, server):
    connected.run("send", "--yes", "--list", "bulletin", connected.issue())
    message = parse(server.messages("ann@example.org")[0])
    number = connected.sql("SELECT id FROM issue")[0][0]
    expected = f"https://news.example.org/preferences?token={unsubscribe_token(connected)}-{number}"
    assert link(message, "/preferences?") == expected
    assert expected in message.get_body(("html",)).get_content()


def test_the_same_answer_for_everybody(web, connected, server):
    connected.run("suppress", "add", "blocked@example.org")
    forms = [{"email": "ann@example.org"}, {"email": "blocked@example.org"}, {"email": "nobody@example.org"},
             {"token": unsubscribe_token(connected)}, {"token": "00000000-0000-4000-8000-000000000000"},
             {"token": "nonsense"}]
    answers = [web.post("/preferences", form) for form in forms]
    assert {(answer.status, answer.text) for answer in answers} == {(200, answers[0].text)}
    wait_for(lambda: len(server.messages("ann@example.org")) == 1)
    assert server.messages("nobody@example.org") == [] == server.messages("blocked@example.org")
    assert connected.sql("SELECT count(*) FROM event WHERE kind = 'preferences-asked'") == [(len(forms),)]


def test_one_mail_in_an_interval(web, connected, server):
    connected.configure(confirmation={"resend_interval": "1h"})
    web.stop()
    again = WebServer(BINARY, connected.folder)
    for _ in range(3):
        assert again.post("/preferences", {"email": "ann@example.org"}).status == 200
    wait_for(lambda: server.messages("ann@example.org"))
    again.stop()
    assert connected.sql("SELECT count(*) FROM delivery WHERE kind = 'preferences'") == [(1,)]


@pytest.mark.parametrize("form", [{"email": ""}, {"email": "nonsense"}, {}])
def test_no_address(web, form):
    answer = web.post("/preferences", form)
    assert answer.status == 400 and "This is not an email address" in answer.text


def test_robots_and_floods(web, connected, server):
    assert web.post("/preferences", {"email": "ann@example.org", "website": "x"}).status == 200  # fell into the trap
    assert connected.sql("SELECT count(*) FROM delivery") == [(0,)]
    statuses = [web.post("/preferences", {"email": "bob@example.org"}).status for _ in range(12)]
    assert statuses == [200] * 10 + [429] * 2  # by address, known or not
    assert "Too many requests" in web.post("/preferences", {"email": "bob@example.org"}).text
    limited = web.post("/join", {"email": "bob@example.org", "list": "bulletin"})
    assert limited.status == 429 and "Too many requests" in limited.text
    assert web.post("/join", {"email": "carl@example.org", "list": "bulletin"}).status == 200


def test_save(web, connected, server):
    token = own_page(web, connected, server)
    page = web.get(f"/page?token={token}")
    assert page.status == 200 and "ann@example.org" in page.text and 'value="Ann"' in page.text
    assert re.search(r'value="bulletin" checked', page.text) and 'value="alerts">' in page.text
    assert "Inner circle" not in page.text
    done = web.post("/page", {"token": token, "action": "save", "list": "alerts", "name": "Ann O'Neil <x>",
                              "language": "kk"})
    assert done.status == 200 and "Өзгерістер сақталды." in done.text  # in the language just chosen
    assert "Ann O&#39;Neil &lt;x&gt;" in done.text or "Ann O'Neil &lt;x&gt;" in done.text
    assert connected.sql("SELECT name, language FROM subscriber") == [("Ann O'Neil <x>", "kk")]
    assert subscriptions(connected) == {"bulletin": "unsubscribed", "alerts": "active"}
    assert connected.sql("SELECT consent_source, consent_ip, confirmed_at IS NOT NULL FROM subscription "
                         "WHERE list = 2") == [("preferences", "127.0.0.1", 1)]
    # it works until it expires, and back again
    web.post("/page", {"token": token, "action": "save", "list": "bulletin", "name": ""})
    assert subscriptions(connected) == {"bulletin": "active", "alerts": "unsubscribed"}
    assert connected.sql("SELECT name, language FROM subscriber") == [(None, None)]


def test_lists_that_are_not_open(web, connected, server):
    token = own_page(web, connected, server)
    connected.sql("UPDATE subscription SET state = 'complained' WHERE id = 1")
    web.post("/page", {"token": token, "action": "save", "list": "inner"})
    web.post("/page", {"token": token, "action": "save", "list": "bulletin"})
    assert subscriptions(connected) == {"bulletin": "complained"}


@pytest.mark.parametrize("field, value", [("name", "x\r\nBcc: y@example.org"), ("name", "x" * 300),
                                          ("language", "<script>")])
def test_bad_fields(web, connected, server, field, value):
    token = own_page(web, connected, server)
    answer = web.post("/page", {"token": token, "action": "save", field: value})
    assert answer.status == 400 and "contains a mistake" in answer.text
    assert connected.sql("SELECT name, language FROM subscriber") == [("Ann", None)]
    assert subscriptions(connected) == {"bulletin": "active"}


def test_links_expire(web, connected, server):
    token = own_page(web, connected, server)
    connected.sql("UPDATE confirmation SET expires_at = 1")
    assert web.get(f"/page?token={token}").status == 404
    answer = web.post("/page", {"token": token, "action": "download"})
    assert answer.status == 404 and "ann@example.org" not in answer.text
    assert web.post("/confirm", {"token": token}).status == 404  # nor is it a link for anything else


def test_a_new_address(web, connected, server):
    token = own_page(web, connected, server)
    answer = web.post("/page", {"token": token, "action": "address", "new_address": "Ann@Elsewhere.example"})
    assert answer.status == 200 and "We have sent an email to your new address" in answer.text
    confirm = mailed_link(server, "Ann@elsewhere.example", "/address?")
    assert "Receive our emails at this address" in web.get(confirm).text
    assert connected.sql("SELECT address FROM subscriber") == [("ann@example.org",)]  # a scanner's visit
    key = confirm.split("token=")[1]
    connected.sql("UPDATE subscriber SET language = 'de'")  # the page speaks it, as the mail did
    done = web.post("/address", {"token": key})
    assert done.status == 200 and '<html lang="de"' in done.text
    assert connected.sql("SELECT address, address_key FROM subscriber") == [
        ("Ann@Elsewhere.example", "ann@elsewhere.example")]
    assert web.post("/address", {"token": key}).status == 404  # once
    assert web.get(f"/page?token={token}").status == 404  # the former address opens nothing now
    connected.run("send", "--yes", "--list", "bulletin", connected.issue())
    assert len(server.messages("Ann@elsewhere.example")) == 2


def test_an_address_given_anew_replaces_the_earlier(web, connected, server):
    token = own_page(web, connected, server)
    web.post("/page", {"token": token, "action": "address", "new_address": "typo@elsewhere.example"})
    first = mailed_link(server, "typo@elsewhere.example", "/address?").split("token=")[1]
    web.post("/page", {"token": token, "action": "address", "new_address": "right@elsewhere.example"})
    mailed_link(server, "right@elsewhere.example", "/address?")
    assert web.post("/address", {"token": first}).status == 404
    assert connected.sql("SELECT address FROM subscriber") == [("ann@example.org",)]


def test_not_to_a_suppressed_address_nor_without_end(web, connected, server):
    token = own_page(web, connected, server)
    connected.run("suppress", "add", "blocked@example.org")
    form = {"token": token, "action": "address"}
    known = web.post("/page", {**form, "new_address": "blocked@example.org"})
    assert known.status == 200 and "We have sent an email to your new address" in known.text
    for number in range(8):
        web.post("/page", {**form, "new_address": f"a{number}@elsewhere.example"})
    assert connected.sql("SELECT count(*) FROM delivery WHERE kind = 'address-change'") == [(5,)]


def test_an_address_that_another_subscriber_has(web, connected, server):
    """A person who reads the mail of both is one person: the lists are joined."""
    connected.add_active(["old@example.org"])
    connected.sql("UPDATE subscription SET list = 2 WHERE subscriber = 2")
    connected.sql("INSERT INTO subscription (list, subscriber, state, token, consent_at, created_at) "
                  "VALUES (1, 2, 'unsubscribed', 't', 1, 1)")
    token = own_page(web, connected, server)
    web.post("/page", {"token": token, "action": "address", "new_address": "old@example.org"})
    key = mailed_link(server, "old@example.org", "/address?").split("token=")[1]
    assert web.post("/address", {"token": key}).status == 200
    assert connected.sql("SELECT list, subscriber, state FROM subscription ORDER BY subscriber, list") == [
        (1, 1, "unsubscribed"), (1, 2, "active"), (2, 2, "active")]


def test_download(web, connected, server):
    connected.run("send", "--yes", "--list", "bulletin", connected.issue())
    token = own_page(web, connected, server, count=2)
    answer = web.post("/page", {"token": token, "action": "download"})
    assert answer.getheader("Content-Type") == "application/json"
    assert answer.getheader("Content-Disposition") == 'attachment; filename="my-data.json"'
    data = json.loads(answer.text)
    assert data["address"] == "ann@example.org" and data["name"] == "Ann"
    assert data["subscriptions"][0]["list"] == "bulletin" and data["subscriptions"][0]["state"] == "active"
    assert [(row["kind"], row["issue"], row["state"]) for row in data["deliveries"]] == [
        ("issue", "A title", "sent"), ("preferences", None, "sent")]
    assert {"preferences-asked"} <= {row["what"] for row in data["history"]}
    for secret in connected.sql("SELECT token FROM subscription"):
        assert secret[0] not in answer.text


@pytest.mark.slow(1)
def test_a_download_has_a_limit(web, connected, server):
    """One thread answers everybody: what one person can let it gather is bounded."""
    token = own_page(web, connected, server)
    for i in range(1, 2500):
        connected.sql("INSERT INTO event (at, kind, subscriber, detail) VALUES (?, 'preferences', 1, ?)", 4000000000 + i, f"n{i}")
    data = json.loads(web.post("/page", {"token": token, "action": "download"}).text)
    assert data["left_out"] == ["history"] and len(data["history"]) == 2000
    assert [row["detail"] for row in data["history"]][-3:] == ["n2497", "n2498", "n2499"]
    whole = json.loads(connected.run("export", "--subject", "ann@example.org").out)
    assert len(whole["history"]) > 2499 and "left_out" not in whole


@pytest.mark.slow(1)
def test_erase(web, connected, server):
    connected.run("send", "--yes", "--list", "bulletin", connected.issue())
    old = unsubscribe_token(connected)
    connected.sql("UPDATE delivery SET reply_text = 'no such user ann@example.org'")
    token = own_page(web, connected, server, count=2)
    refused = web.post("/page", {"token": token, "action": "erase"})
    assert refused.status == 400 and "Tick the box" in refused.text
    done = web.post("/page", {"token": token, "action": "erase", "sure": "yes"})
    assert done.status == 200 and "has been deleted" in done.text
    assert web.get(f"/page?token={token}").status == 404
    assert connected.sql("SELECT address, name FROM subscriber") == [("(erased)", None)]
    assert connected.states() == {"sent": 1}  # what was sent stays counted
    assert web.post("/unsubscribe", {"token": old}).status == 200  # the link in old mails still answers
    web.stop()
    for path in glob.glob(os.path.join(connected.folder, "newsletter.db*")):
        with open(path, "rb") as file:
            assert b"ann@example" not in file.read().lower(), path
    # and may come back by their own word
    connected.run("subscribe", "ann@example.org", "--list", "bulletin")
    assert connected.sql("SELECT count(*) FROM subscriber WHERE address = 'ann@example.org'") == [(1,)]


def test_log_and_robots(web, connected, server):
    token = own_page(web, connected, server)
    web.get(f"/page?token={token}")
    web.post("/page", {"token": token, "action": "save"})
    assert "Disallow: /page" in web.get("/robots.txt").text
    assert token not in web.stop()


def test_without_a_website_of_ours(connected, server):
    """No page, no link to it."""
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", connected.issue())
    assert "Your subscription" not in server.messages("ann@example.org")[0].decode()
