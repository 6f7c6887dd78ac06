"""Transactional messages: a template and data to one address, by command and over the API."""
import base64
import json
import os
import re
import signal

import pytest

from apiclient import ApiClient
from conftest import html, parse, plain, sanitized, wait_for
from test_dkim import signing, verify  # noqa: F401
from test_staff import StaffServer, configure

PLAIN = ("--template", "plain", "--set", "subject=Your ticket", "--set", "text=Gate 4, at nine.")


@pytest.fixture
def shop(connected):
    """An installation with a template of its own."""
    connected.configure(templates="look")
    os.mkdir(os.path.join(connected.folder, "look"))
    connected.write("look/message-ticket.txt", "Subject: Ticket for {{data.name}}\n\nGate {{data.gate}} is yours, {{data.name}}.\n"
                                               "{{#data.items}}\n* {{title}}\n{{/data.items}}\n{{>notice.txt}}\n")
    return connected


@pytest.fixture
def api(shop):
    """A client; `serve` sends what it queues."""
    configure(shop)
    http = StaffServer(shop.folder)
    yield ApiClient(http, shop.run("staff", "token", "shop", "--scope", "send").out.strip())
    http.stop()


def send(site, address, *options, expect=0):
    run = site.run("message", "send", address, *(options or PLAIN), "--json", expect=expect)
    return json.loads(run.out) if expect == 0 else run.err


def states(site):
    return [row[0] for row in site.sql("SELECT state FROM delivery WHERE kind = 'message' ORDER BY id")]


def kinds(site):
    return [row[0] for row in site.sql("SELECT kind FROM event WHERE kind LIKE 'message-%' ORDER BY id")]


# ---- the mail ----

def test_one_mail_to_one_address(connected, server):
    sent = send(connected, "Ann@example.org")
    assert (sent["state"], sent["attempts"], sent["to"], sent["subject"]) == ("sent", 1, "Ann@example.org", "Your ticket")
    mail, = [parse(raw) for raw in server.messages("Ann@example.org")]
    assert mail["Subject"] == "Your ticket" and mail["To"] == "Ann@example.org" and mail["Auto-Submitted"] == "auto-generated"
    assert not [name for name in mail if name.lower().startswith(("list-", "precedence"))]
    assert plain(mail).startswith("Gate 4, at nine.\n") and "<p" in html(mail) and "Gate 4, at nine." in html(mail)
    assert re.match(r"bounces\+\w+", mail["Return-Path"].strip("<>")), mail["Return-Path"]
    assert connected.sql("SELECT content FROM transactional") == [(None,)]
    assert kinds(connected) == ["message-queued", "message-sent"]
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)]
    shown = connected.run("message", "show", str(sent["id"])).out
    assert "Ann@example.org" in shown and "Ok: queued" in shown
    assert "Your ticket" in connected.run("message", "list").out and "Your ticket" in connected.run("message", "list", "ann@EXAMPLE.org").out


@pytest.mark.slow(1)
@pytest.mark.one_engine("the engine makes no difference")
def test_it_is_signed(signing, server):  # noqa: F811
    site, records = signing
    send(site, "ann@example.org")
    verify(server.messages("ann@example.org")[0], records)


def test_a_template_of_ones_own(shop, server):
    data = {"name": "Ann <b>& {{email}}", "gate": 4, "items": [{"title": "one"}, {"title": "two"}]}
    shop.write("data.json", json.dumps(data))
    send(shop, "ann@example.org", "--template", "ticket", "--data", os.path.join(shop.folder, "data.json"), "--set", "gate=5")
    mail = parse(server.messages("ann@example.org")[0])
    assert mail["Subject"] == "Ticket for Ann <b>& {{email}}"
    assert plain(mail).startswith("Gate 5 is yours, Ann <b>& {{email}}.\n* one\n* two\n")
    assert "Ann &lt;b&gt;&amp; {{email}}." in html(mail) and "<b>" not in html(mail)
    shop.write("look/message-ticket.html", "<html><body>{{>message.html}}Own: {{data.name}}</body></html>")
    send(shop, "bob@example.org", "--template", "ticket", "--data", os.path.join(shop.folder, "data.json"))
    assert "Own: Ann &lt;b&gt;" in html(parse(server.messages("bob@example.org")[0]))


@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("data, said", [
    ({"name": "Ann\r\nBcc: eve@example.org", "gate": 1, "items": []}, "the data"),
    ({"name": "Ann\nBcc: eve@example.org", "gate": 1, "items": []}, "the subject"),
    ({"name": "Ann\u2028Bcc: eve@example.org", "gate": 1, "items": []}, "the subject"),
    ({"name": "\x01\x30\x02", "gate": 1, "items": []}, "the data"),
    ({"name": "Ann\x00", "gate": 1, "items": []}, "JSON"),
    ({"name": "Ann", "items": []}, "message-ticket.txt:3"),
    ({"name": "Ann", "gate": 1, "items": [{}]}, "message-ticket.txt:5"),
    ({"name": "x" * 1000, "gate": 1, "items": []}, "subject"),
    ({"name": "Ann", "gate": 1, "items": [{"title": "x"}] * 3000}, "2000 values"),
    ({"name": "Ann", "gate": "x" * 300_000, "items": []}, "256 KiB"),
    ({"name": "Ann", "gate": 1, "items": [[[[[[[[[[1]]]]]]]]]]}, "deep"),
    ([1], "object"),
], ids=range(12))
def test_data_that_is_no_good(shop, server, data, said):
    shop.write("data.json", json.dumps(data))
    told = send(shop, "ann@example.org", "--template", "ticket", "--data", os.path.join(shop.folder, "data.json"), expect=65)
    assert said in told and states(shop) == [] and server.messages("ann@example.org") == []


@pytest.mark.slow(1)
@pytest.mark.one_engine("the engine makes no difference")
def test_other_input_that_is_no_good(shop, tmp_path):
    for name in ("nosuch", "../ticket", "ticket.txt", "x" * 65, "", "a/b"):
        assert "template" in send(shop, "ann@example.org", "--template", name, expect=65)
    for address in ("nobody", "a@b@c", "ann@example.org, bob@example.org", "ann@example.org\nbob@example.org", "Ann <ann@example.org>"):
        send(shop, address, expect=65)
    send(shop, "ann@example.org", *PLAIN, "--list", "nosuch", expect=67)
    send(shop, "ann@example.org", *PLAIN, "--language", "en_US\n", expect=65)
    send(shop, "ann@example.org", "--template", "plain", "--set", "nothing", expect=64)
    for name, said in (("run.exe", "program"), ("invoice\u202efdp.txt", "U+202E"), (".hidden", "name"), ("empty.txt", "empty")):
        path = tmp_path / name
        path.write_bytes(b"" if name == "empty.txt" else b"x")
        assert said in send(shop, "ann@example.org", *PLAIN, "--attach", str(path), expect=65)
    large = tmp_path / "large.pdf"
    large.write_bytes(b"x" * (3 << 19))
    assert "2 MiB" in send(shop, "ann@example.org", *PLAIN, "--attach", str(large), "--attach", str(large), expect=65)
    assert states(shop) == []


def test_attachments(connected, server, tmp_path):
    content = os.urandom(3000)
    (tmp_path / "Bilet № 5.pdf").write_bytes(content)
    send(connected, "ann@example.org", *PLAIN, "--attach", str(tmp_path / "Bilet № 5.pdf"))
    part, = [part for part in parse(server.messages("ann@example.org")[0]).walk() if part.get_content_disposition() == "attachment"]
    assert part.get_filename() == "Bilet № 5.pdf" and part.get_content_type() == "application/pdf"
    assert part.get_payload(decode=True) == content


# ---- who gets none ----

@pytest.mark.slow(1)
def test_suppressed_addresses_get_nothing_and_others_do(connected, server):
    connected.add_active(["left@example.org", "came-back@example.org", "one-of-two@example.org"])
    connected.run("unsubscribe", "--address", "left@example.org", "--list", "bulletin")
    connected.run("suppress", "add", "never@example.org", "--reason", "asked us")
    connected.sql("UPDATE subscription SET state = 'bounced' WHERE subscriber = (SELECT id FROM subscriber WHERE address_key = 'came-back@example.org')")
    assert "asked us" in send(connected, "never@example.org", expect=65)
    assert "came back" in send(connected, "came-back@example.org", expect=65)
    assert states(connected) == []
    send(connected, "left@example.org")
    assert len(server.messages("left@example.org")) == 1
    # suppressed while it waits
    send(connected, "late@example.org", *PLAIN, "--queue")
    connected.run("suppress", "add", "late@example.org")
    connected.run("retry")
    assert states(connected) == ["sent", "skipped"] and server.messages("late@example.org") == []
    assert kinds(connected)[-1] == "message-skipped"
    assert connected.sql("SELECT count(*) FROM transactional WHERE content IS NOT NULL") == [(0,)]


@pytest.mark.slow(1)
def test_refusals_and_bounces(connected, server):
    server.handler.tempfail.add("slow@example.org")
    server.handler.reject.add("gone@example.org")
    assert send(connected, "slow@example.org")["state"] == "deferred"
    connected.sql("UPDATE delivery SET next_attempt_at = 1 WHERE state = 'deferred'")
    connected.run("retry")
    assert len(server.messages("slow@example.org")) == 1
    send(connected, "ok@example.org", *PLAIN, "--queue")
    send(connected, "gone@example.org", *PLAIN, "--queue")
    connected.run("retry")
    assert states(connected) == ["sent", "sent", "bounced"]
    assert connected.sql("SELECT address_key, reason FROM suppression") == [("gone@example.org", "bounce")]
    assert "bounce" in send(connected, "gone@example.org", expect=65)
    # one that comes back later
    back = parse(server.messages("ok@example.org")[0])["Return-Path"].strip("<>")
    report = (f"From: MAILER-DAEMON@example.net\nTo: {back}\nSubject: failed\nMIME-Version: 1.0\n"
              'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n--b\n\nIt failed.\n--b\n'
              "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n"
              "Final-Recipient: rfc822; ok@example.org\nAction: failed\nStatus: 5.1.1\n\n--b--\n")
    connected.run("bounce", "--recipient", back, stdin=report.encode())
    assert states(connected) == ["sent", "bounced", "bounced"]
    assert sorted(connected.sql("SELECT address_key FROM suppression")) == [("gone@example.org",), ("ok@example.org",)]
    assert kinds(connected).count("message-bounced") == 2 and "message-deferred" in kinds(connected)


def test_a_bounce_counts_for_the_subscription(connected, server):
    """Somebody who is subscribed is not suppressed by it: their subscription ends as by any bounce."""
    connected.add_active(["ann@example.org"])
    server.handler.reject.add("ann@example.org")
    send(connected, "ok@example.org", *PLAIN, "--queue")
    send(connected, "ann@example.org", *PLAIN, "--queue")
    connected.run("retry")
    assert connected.sql("SELECT state FROM subscription") == [("bounced",)]
    assert connected.sql("SELECT count(*) FROM suppression") == [(0,)]
    assert "came back" in send(connected, "ann@example.org", expect=65)


# ---- never twice ----

@pytest.mark.slow(1)
def test_killed_in_the_middle(connected, server):
    """SIGKILL at different moments: each is mailed once, or at most once and `unknown`."""
    server.handler.delay = 0.05
    connected.configure(workers={"lease": "3s"}, smtp={"connections": 2})
    people = [f"p{i}@example.org" for i in range(12)]
    for address in people:
        send(connected, address, *PLAIN, "--queue")
    for enough in (1, 3, 5):
        run = connected.popen("retry")
        wait_for(lambda: server.handler.accepted >= enough)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        connected.sql("UPDATE delivery SET lease_until = 1 WHERE state = 'leased'")
    server.handler.delay = 0
    connected.run("retry")
    found = dict(connected.sql("SELECT m.address, d.state FROM transactional m JOIN delivery d ON d.id = m.delivery"))
    assert set(found) == set(people) and set(found.values()) <= {"sent", "unknown"}
    for address, state in found.items():
        count = len(server.messages(address))
        assert count == 1 if state == "sent" else count <= 1, (address, state, count)
    assert kinds(connected).count("message-unknown") == list(found.values()).count("unknown")


def test_a_key_by_command(connected, server):
    first = send(connected, "ann@example.org", *PLAIN, "--key", "order 7")
    assert send(connected, "ann@example.org", *PLAIN, "--key", "order 7")["id"] == first["id"]
    assert "key" in send(connected, "bob@example.org", *PLAIN, "--key", "order 7", expect=65)
    connected.sql("UPDATE delivery SET created_at = created_at - 90000")
    assert send(connected, "bob@example.org", *PLAIN, "--key", "order 7")["id"] != first["id"]
    assert len(server.messages("ann@example.org")) == len(server.messages("bob@example.org")) == 1


# ---- the API ----

@pytest.mark.slow(1)
def test_over_the_api(api, shop, server):
    body = {"list": "bulletin", "to": "ann@example.org", "template": "ticket", "data": {"name": "Ann", "gate": 4, "items": []},
            "attachments": [{"name": "t.pdf", "content": base64.b64encode(b"%PDF-1.4").decode()}]}
    key = {"Idempotency-Key": "order-0001"}
    queued = api.call("POST", "/messages", body, 202, **key)
    assert api.answer.getheader("Location") == f"/api/v1/messages/{queued['id']}" and api.answer.getheader("RateLimit")
    wait_for(lambda: api.call("GET", f"/messages/{queued['id']}")["state"] == "sent")
    assert api.raw("GET", f"/messages/{queued['id']}", **{"If-None-Match": api.answer.getheader("ETag")}).status == 304
    assert api.call("GET", f"/messages/{queued['id']}")["asked_by"] == "shop"
    mail = parse(server.messages("ann@example.org")[0])
    assert mail["Subject"] == "Ticket for Ann" and [part.get_filename() for part in mail.walk()][-1] == "t.pdf"
    # again, also where the answer was never kept: the server was stopped in between
    assert api.call("POST", "/messages", body, 202, **key)["id"] == queued["id"]
    shop.sql("DELETE FROM api_repeat")
    assert api.call("POST", "/messages", body, 202, **key)["id"] == queued["id"]
    shop.sql("DELETE FROM api_repeat")
    api.call("POST", "/messages", {**body, "to": "bob@example.org"}, 422, **key)
    assert len(server.messages("ann@example.org")) == 1 and server.messages("bob@example.org") == []
    listed = api.call("GET", "/messages?list=bulletin&limit=1")["messages"]
    assert [one["id"] for one in listed] == [queued["id"]]
    assert api.call("GET", f"/messages?before={queued['id']}") == {"messages": []}
    assert len(api.call("GET", "/messages?to=ANN@example.org")["messages"]) == 1
    api.call("GET", "/messages?to=nobody", expect=422)
    people = shop.run("staff", "token", "people", "--scope", "people").out.strip()
    shop.sql("UPDATE event SET at = at - 60")
    told = [one for one in api.call("GET", "/events", token=people)["events"] if one["message"] == queued["id"]]
    assert [one["kind"] for one in told] == ["message-queued", "message-sent"] and told[1]["address"] == "ann@example.org"
    assert any(one[0] == "message send" for one in shop.sql("SELECT action FROM audit"))


@pytest.mark.slow(1)
def test_what_the_api_refuses(api, shop):
    good = {"list": "bulletin", "to": "ann@example.org", "template": "plain", "data": {"subject": "x", "text": "y"}}
    shop.run("suppress", "add", "never@example.org")
    shop.run("list", "add", "second", "--from", "press@example.org")
    for change, status in (({"to": None}, 422), ({"to": "x"}, 422), ({"to": "never@example.org"}, 409), ({"list": "nosuch"}, 404),
                           ({"template": "nosuch"}, 422), ({"template": "../../etc/passwd"}, 422), ({"data": []}, 422), ({"data": {}}, 422),
                           ({"data": {"subject": "a\nBcc: eve@example.org", "text": "y"}}, 422), ({"subject": "x"}, 422),
                           ({"from": "eve@example.org"}, 422), ({"language": "x" * 50}, 422), ({"attachments": {}}, 422),
                           ({"attachments": [{"name": "a.txt"}]}, 422), ({"attachments": ["x"]}, 422),
                           ({"attachments": [{"name": "a.txt", "content": "%%%"}]}, 422),
                           ({"attachments": [{"name": "../a.txt", "content": "eA=="}]}, 422),
                           ({"attachments": [{"name": "a.txt\r\nX: y", "content": "eA=="}]}, 422),
                           ({"attachments": [{"name": "a.txt", "content": "eA=="}] * 21}, 422)):
        api.call("POST", "/messages", {**good, **change}, status)
    api.call("POST", "/messages", b"x" * (9 << 20), 413)
    api.call("GET", "/messages/999", expect=404)
    mine = shop.run("staff", "token", "mine", "--scope", "send", "--list", "second").out.strip()
    reading = shop.run("staff", "token", "reading", "--scope", "read,people,issues").out.strip()
    for token in (mine, reading):
        api.call("POST", "/messages", good, 403, token=token)
        api.call("GET", "/messages", expect=403, token=token)
    assert states(shop) == []
    ours = api.call("POST", "/messages", good, 202)
    api.call("GET", f"/messages/{ours['id']}", expect=403, token=mine)


@pytest.mark.slow(1)
def test_large_ones_do_not_make_the_server_large(api, shop):
    """The server stays as small as it promises with the largest attachments, one after another."""
    body = {"list": "bulletin", "to": "ann@example.org", "template": "plain", "data": {"subject": "x", "text": "y"},
            "attachments": [{"name": "a.pdf", "content": base64.b64encode(os.urandom((2 << 20) - 1000)).decode()}]}
    for _ in range(2):
        api.call("POST", "/messages", body, 202)
    with open(f"/proc/{api.http.process.pid}/status", encoding="ascii") as status:
        peak = int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1))
    assert sanitized() or peak < 64 << 10, peak
    api.call("POST", "/messages", {**body, "attachments": body["attachments"] * 2}, 422)


# ---- the end ----

@pytest.mark.slow(1)
def test_a_person_takes_their_messages_along(connected):
    connected.add_active(["ann@example.org"])
    for address in ("ann@example.org", "stranger@example.org"):
        send(connected, address)
        send(connected, address, *PLAIN, "--queue")
    kept = json.loads(connected.run("subscriber", "show", "ann@example.org", "--json").out)
    assert [(one["subject"], one["state"]) for one in kept["messages"]] == [("Your ticket", "sent"), ("Your ticket", "queued")]
    connected.run("erase", "--yes", "ann@example.org")
    assert connected.sql("SELECT DISTINCT address FROM transactional") == [("stranger@example.org",)]
    assert states(connected) == ["sent", "skipped", "sent", "queued"]
    connected.run("erase", "--yes", "stranger@example.org")
    assert connected.sql("SELECT count(*) FROM transactional") == [(0,)]
    assert connected.sql("SELECT detail FROM event WHERE message IS NOT NULL AND detail IS NOT NULL") == []
    connected.run("erase", "--yes", "stranger@example.org", expect=67)
    connected.run("retry")


def test_records_leave_after_their_time(connected):
    send(connected, "ann@example.org")
    send(connected, "bob@example.org", *PLAIN, "--queue")
    connected.sql("UPDATE delivery SET updated_at = updated_at - 91 * 86400")
    assert json.loads(connected.run("prune", "--dry-run", "--json").out)["messages"] == 1
    assert json.loads(connected.run("prune", "--json").out)["messages"] == 1
    assert connected.sql("SELECT address FROM transactional") == [("bob@example.org",)]
    assert json.loads(connected.run("prune", "--json").out)["messages"] == 0


def test_a_list_goes_with_its_messages(connected):
    connected.run("list", "add", "second", "--from", "press@example.org")
    send(connected, "ann@example.org", *PLAIN, "--list", "second")
    connected.run("list", "remove", "second", "--yes")
    assert connected.sql("SELECT count(*) FROM transactional") == [(0,)] and states(connected) == []
