"""Strangers cannot use our forms to send mail to others: few mails to an address that does not answer, stamps that are
good once, limits by network and in total that the website and the hook share, a proof of work."""
import hashlib
import re
import time

import pytest
from conftest import parse, token, wait_for
from test_serve import web  # noqa: F401  (a fixture)

HOUR, DAY = 3600, 86400


def later(site, seconds):
    """All that happened, happened longer ago."""
    site.sql("UPDATE subscription SET noticed_at = noticed_at - ?, consent_at = consent_at - ?", seconds, seconds)
    site.sql("UPDATE unanswered SET last_at = last_at - ?", seconds)
    site.sql("UPDATE delivery SET created_at = created_at - ?", seconds)
    site.sql("UPDATE confirmation SET created_at = created_at - ?, expires_at = expires_at - ?", seconds, seconds)


def mails(server, address="ann@example.org"):
    return len(server.messages(address))


def ask(site, address="ann@example.org", *args):
    site.run("subscribe", "--wait", *args, stdin=f"email={address.replace('@', '%40')}".encode())


@pytest.mark.slow(1)
def test_three_mails_and_never_more(connected, server):
    counts = []
    for wait in (0, HOUR + 60, HOUR + 60, 23 * HOUR, 10 * DAY, 400 * DAY):
        later(connected, wait)
        ask(connected)
        counts.append(mails(server))
    assert counts == [1, 2, 2, 3, 3, 3]


@pytest.mark.slow(1)
def test_not_through_other_lists_either(connected, server):
    for name in "abcde":
        connected.run("list", "add", name, "--from", "x@example.org")
        ask(connected, "ann@example.org", "--list", name)
    assert mails(server) == 3
    secret = token(parse(server.messages("ann@example.org")[0]), "confirm")
    connected.run("confirm", secret)  # now the address is proved: the mails that were held back go out
    connected.run("retry")
    assert mails(server) == 5
    for message in server.messages("ann@example.org"):
        connected.run("confirm", token(parse(message), "confirm"))
    assert connected.sql("SELECT DISTINCT state FROM subscription") == [("active",)]


@pytest.mark.slow(1)
def test_not_by_deleting_the_sign_up(connected, server):
    for _ in range(3):
        ask(connected)
        later(connected, 8 * DAY)
    assert mails(server) == 3
    later(connected, 30 * DAY)
    connected.run("prune")
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)]
    ask(connected)
    assert mails(server) == 3 and connected.sql("SELECT count(*) FROM subscriber") == [(1,)]
    assert "ann" not in str(connected.sql("SELECT * FROM unanswered"))


@pytest.mark.slow(1)
def test_not_by_asking_for_the_page(web, connected, server):
    http = web()
    for _ in range(4):
        http.post("/join", {"email": "ann@example.org"})
        http.post("/preferences", {"email": "ann@example.org"})
        wait_for(lambda: connected.sql("SELECT count(*) FROM delivery WHERE state NOT IN ('sent', 'skipped')") == [(0,)])
        later(connected, 30 * DAY)
    assert mails(server) == 3


@pytest.mark.slow(1)
def test_a_subscriber_is_told_further_and_further_apart(connected, server):
    connected.add_active(["ann@example.org"])
    counts = []
    for wait in (0, HOUR + 60, HOUR + 60, DAY, DAY, 7 * DAY, 7 * DAY + 60):
        later(connected, wait)
        ask(connected)
        counts.append(mails(server))
    assert counts == [1, 2, 2, 3, 3, 4, 5]


def test_to_a_new_address_of_a_subscriber(web, connected, server):
    connected.add_active(["ann@example.org"])
    http = web()
    http.post("/preferences", {"email": "ann@example.org"})
    wait_for(lambda: server.messages("ann@example.org"))
    secret = token(parse(server.messages("ann@example.org")[0]), "page")
    for _ in range(5):
        http.post("/page", {"token": secret, "action": "address", "new_address": "victim@example.org"})
        connected.sql("UPDATE delivery SET state = 'sent', created_at = created_at - 86401 WHERE kind = 'address-change'")
    assert connected.sql("SELECT count(*) FROM delivery WHERE kind = 'address-change'") == [(3,)]


def test_unconfirmed_sign_ups_are_deleted(connected, server):
    ask(connected)
    ask(connected, "bob@example.org")
    secret = token(parse(server.messages("bob@example.org")[0]), "confirm")
    connected.run("confirm", secret)
    later(connected, 13 * DAY)  # the link of 7 days has expired 6 days ago
    connected.run("prune")
    assert connected.sql("SELECT count(*) FROM subscriber") == [(2,)]
    later(connected, 2 * DAY)
    assert '"unconfirmed": 1' in connected.run("prune", "--dry-run", "--json").out
    connected.run("prune")
    assert connected.sql("SELECT address FROM subscriber") == [("bob@example.org",)]
    for table in ("subscription", "delivery", "event"):
        assert "ann" not in str(connected.sql(f"SELECT * FROM {table}"))
    assert connected.sql("SELECT count(*) FROM event WHERE subscriber NOT IN (SELECT id FROM subscriber)") == [(0,)]


def test_somebody_who_had_left_is_not_deleted(connected):
    connected.add_active(["ann@example.org"])
    connected.sql("UPDATE subscription SET confirmed_at = 5")
    connected.run("unsubscribe", "--address", "ann@example.org")
    ask(connected)
    later(connected, 60 * DAY)
    connected.run("prune")
    assert connected.sql("SELECT state, ended_at > 5 FROM subscription") in ([("unsubscribed", 1)], [("unsubscribed", True)])


def fields(page):
    return dict(re.findall(r'name="([^"]+)" value="([^"]*)"', page))


def test_a_stamp_is_good_once(web, connected):
    http = web("--no-mail", serve={"check_forms": True})
    stamp, other = (fields(http.get("/join").text)["stamp"] for _ in range(2))
    assert stamp != other
    time.sleep(2.1)
    assert "Thank you." in http.post("/join", {"email": "a@example.org", "stamp": stamp}).text
    for i in range(3):
        again = http.post("/join", {"email": f"b{i}@example.org", "stamp": stamp})
        assert "press the button again" in again.text and fields(again.text)["email"] == f"b{i}@example.org"
    asked = http.post("/preferences", {"email": "a@example.org", "stamp": stamp})
    assert "press the button again" in asked.text
    assert connected.sql("SELECT address FROM subscriber") == [("a@example.org",)]
    http.stop()


def test_a_stamp_is_not_used_up_by_a_mistake(web, connected):
    http = web("--no-mail", serve={"check_forms": True})
    stamp = fields(http.get("/join").text)["stamp"]
    time.sleep(2.1)
    assert "not an email address" in http.post("/join", {"email": "nonsense", "stamp": stamp}).text
    assert "Thank you." in http.post("/join", {"email": "a@example.org", "stamp": stamp}).text


def hook(site, address, ip, expect=0):
    return site.run("subscribe", "--no-wait", stdin=f"email={address}".encode(), env={"REMOTE_ADDR": ip}, expect=expect)


@pytest.mark.slow(1)
@pytest.mark.parametrize("same, other", [
    (lambda i: f"198.51.100.{i}", "198.51.101.1"),
    (lambda i: f"2001:db8:1:2::{i:x}", "2001:db8:1:3::1"),
], ids=["IPv4", "IPv6"])
def test_networks_share_a_limit_also_through_the_hook(connected, same, other):
    connected.configure(serve={"joins_per_hour": 1})
    for i in range(10):
        hook(connected, f"a{i}@example.org", same(i + 1))
    refused = hook(connected, "late@example.org", same(99), expect=75)
    assert "too many sign-ups" in refused.err
    hook(connected, "other@example.org", other)
    assert connected.sql("SELECT count(*) FROM subscriber") == [(11,)]


@pytest.mark.slow(1)
def test_many_networks_of_one_customer_are_not_without_end(connected):
    connected.configure(serve={"joins_per_hour": 1})
    statuses = [hook(connected, f"a{i}@example.org", f"2001:db8:1:{i:x}::1", expect=None).returncode
                for i in range(44)]
    assert statuses == [0] * 40 + [75] * 4


@pytest.mark.slow(1)
def test_a_limit_for_the_whole_installation(web, connected):
    http = web("--no-mail", serve={"joins_in_total": 1, "trusted_proxies": "127.0.0.1"})
    for i in range(5):
        hook(connected, f"a{i}@example.org", f"10.{i}.0.1")
        assert http.post("/join", {"email": f"b{i}@example.org"}, **{"X-Forwarded-For": f"10.{i}.1.1"}).status == 200
    limited = http.post("/join", {"email": "late@example.org"}, **{"X-Forwarded-For": "10.9.9.9"})
    assert limited.status == 429 and int(limited.getheader("Retry-After")) > 60
    hook(connected, "late@example.org", "10.8.8.8", expect=75)
    http.stop()
    connected.run("subscribe", "by.hand@example.org")  # the operator is no stranger
    assert connected.sql("SELECT count(*) FROM subscriber") == [(11,)]


def solve(stamp, bits=18):
    for number in range(1 << 24):
        digest = hashlib.sha256(f"{stamp}:{number}".encode()).digest()
        if int.from_bytes(digest[:4], "big") >> (32 - bits) == 0:
            return str(number)
    raise AssertionError("no proof")


def test_a_challenge_costs_work(web, connected):
    http = web("--no-mail", serve={"check_forms": True, "challenge": True}, contact={"email": "us@example.org"})
    page = http.get("/join")
    assert "<noscript>" in page.text and "us@example.org" in page.text and "script-src 'self'" in \
        page.getheader("Content-Security-Policy")
    assert http.get("/challenge.js").getheader("Content-Type").startswith("text/javascript")
    stamp = fields(page.text)["stamp"]
    proof = solve(stamp)
    time.sleep(2.1)
    for wrong in ({}, {"proof": ""}, {"proof": str(int(proof) + 1)}, {"proof": "0" * 5000}, {"proof": proof + " "}):
        answer = http.post("/join", {"email": "ann@example.org", "stamp": stamp, **wrong})
        assert "press the button again" in answer.text
    other = fields(http.get("/join").text)["stamp"]
    assert "press the button again" in http.post("/join", {"email": "ann@example.org", "stamp": other, "proof": proof}).text
    assert "Thank you." in http.post("/join", {"email": "ann@example.org", "stamp": stamp, "proof": proof}).text
    assert connected.sql("SELECT count(*) FROM subscriber") == [(1,)]


def test_the_own_page_has_a_limit_and_records_only_changes(web, connected, server):
    connected.add_active(["ann@example.org"])
    http = web()
    http.post("/preferences", {"email": "ann@example.org"})
    wait_for(lambda: server.messages("ann@example.org"))
    secret = token(parse(server.messages("ann@example.org")[0]), "page")
    form = {"token": secret, "action": "save", "list": "bulletin", "name": "Ann"}
    statuses = [http.post("/page", form).status for _ in range(32)]
    assert statuses == [200] * 30 + [429] * 2
    assert http.post("/page", {"token": secret, "action": "download"}).status == 429
    assert connected.sql("SELECT count(*) FROM event WHERE kind = 'preferences'") in ([(0,)], [(1,)])


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("typed, meant", [
    ("gmial.com", "gmail.com"), ("hotmial.com", "hotmail.com"), ("yahoo.con", "yahoo.com"), ("mail.rru", "mail.ru"),
    ("yandex.ry", "yandex.ru"), ("gnail.com", "gmail.com"), ("outlok.com", "outlook.com"), ("gmail.co", "gmail.com"),
    ("GMIAL.COM", "gmail.com"), ("icluod.com", "icloud.com"),
    ("gmail.com", None), ("mail.com", None), ("yandex.kz", None), ("gmx.net", None), ("example.org", None),
    ("gmail.example.org", None), ("press.kz", None), ("ge.com", None), ("почта.қаз", None),
])
def test_typing_errors_in_well_known_domains(web, connected, typed, meant):
    http = web("--no-mail")
    answer = http.post("/join", {"email": f"ann@{typed}", "stamp": "x", "name": "Ann"})
    if meant is None:
        assert "Thank you." in answer.text
        return
    assert f'name="email" value="ann@{meant}"' in answer.text and "Did you mean" in answer.text
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)]
    form = {**fields(answer.text), "email": f"ann@{typed}"}
    assert form["name"] == "Ann" and form["sure"] == f"ann@{typed}"
    assert "Thank you." in http.post("/join", form).text  # it is right
    form["email"] = f"ann@{meant}"
    assert "Thank you." in http.post("/join", {**form, "email": f"ann@{meant}"}).text
    assert connected.sql("SELECT count(*) FROM subscriber") == [(2,)]


@pytest.mark.slow(1)
def test_searches_have_a_limit_by_network(web, connected):
    """Strangers choose the words, and an index of all texts is read for each."""
    http = web("--no-mail", serve={"trusted_proxies": "127.0.0.1"})
    searches = 0
    while http.get("/archive/bulletin/search?q=x", **{"X-Forwarded-For": "203.0.113.9"}).status == 200:
        searches += 1
        assert searches < 1000
    assert searches >= 120
    assert http.get("/archive/bulletin/search?q=x", **{"X-Forwarded-For": "198.51.100.9"}).status == 200
    assert http.get("/archive/bulletin/", **{"X-Forwarded-For": "203.0.113.9"}).status == 200
