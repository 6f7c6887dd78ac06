"""Webhooks: what targets are told, how it is signed, what becomes of targets that fail, and where a target may be."""
import base64
import hashlib
import hmac
import http.server
import json
import threading
import time

import pytest

from conftest import BINARY, wait_for
from test_staff import StaffServer, configure
from webserver import WebServer


class Target(http.server.ThreadingHTTPServer):
    """Keeps what it was sent; `answer` is the status of its answers."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests, self.answer, self.gate = [], 204, threading.Event()
        self.gate.set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hook"

    def kinds(self):
        return [json.loads(body)["type"] for _, _, body in self.requests]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, self.headers, body))
        self.server.gate.wait(30)
        self.send_response(self.server.answer)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def target():
    server = Target()
    yield server
    server.gate.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def told(connected, target):
    """An installation with a webhook; .secret is what signs."""
    connected.configure(webhooks={"allow_networks": "127.0.0.0/8"})
    connected.secret = connected.run("webhook", "add", "crm", target.url).out.strip()
    return connected


def settle(site):
    """On a server, events of the last half minute are not told yet."""
    site.sql("UPDATE event SET at = at - 60")
    return site


def rows(site):
    return {row["name"]: row for row in json.loads(site.run("webhook", "--json").out)}


@pytest.mark.slow(1)
def test_events_come_in_order_and_signed(told, target):
    told.add_active(["ann@example.org"])
    told.run("subscriber", "edit", "ann@example.org", "--name", "Ann")
    told.run("send", "--yes", told.issue())
    told.run("unsubscribe", "--address", "ann@example.org")
    told.run("erase", "--yes", "ann@example.org")
    settle(told).run("retry")
    kinds = target.kinds()
    assert [kind for kind in kinds if kind in ("changed", "issue-sending", "issue-finished", "unsubscribed", "erased")] == [
        "changed", "issue-sending", "issue-finished", "unsubscribed", "erased"]
    key = base64.b64decode(told.secret.removeprefix("whsec_"))
    ids = set()
    for path, headers, body in target.requests:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        assert abs(int(headers["webhook-timestamp"]) - time.time()) < 300 and path == "/hook"
        assert headers["Content-Type"] == "application/json" and headers["User-Agent"].startswith("newsletter/")
        ids.add(headers["webhook-id"])
    assert len(ids) == len(target.requests)
    assert "ann@example.org" not in target.requests[-1][2].decode()  # by now she is forgotten
    before = len(target.requests)
    told.run("retry")
    assert len(target.requests) == before  # nothing is told twice
    assert rows(told)["crm"]["trouble"] is None and told.secret not in told.run("webhook", "--json").out


@pytest.mark.slow(1)
def test_only_the_events_that_are_wanted(told, target):
    told.run("webhook", "remove", "crm")
    told.run("webhook", "add", "few", target.url, "--event", "erased", "--event", "unsubscribed")
    told.add_active(["ann@example.org", "bob@example.org"])
    told.run("unsubscribe", "--address", "ann@example.org")
    told.run("erase", "--yes", "bob@example.org")
    settle(told).run("retry")
    assert target.kinds() == ["unsubscribed", "erased"]
    told.run("webhook", "add", "few", target.url, expect=65)
    told.run("webhook", "add", "x", target.url, "--event", "everything", expect=65)
    told.run("webhook", "add", "b b", target.url, expect=65)
    for action in ("remove", "on", "off", "test", "log"):
        told.run("webhook", action, "nosuch", expect=67)


def test_transactional_messages_are_told(told, target, server):
    """Each outcome of a message, with its number; the feed of events has the same."""
    def send(address):
        return json.loads(told.run("message", "send", address, "--template", "plain", "--set", "subject=Your ticket",
                                   "--set", "text=Gate 4.", "--queue", "--json").out)["id"]

    told.run("webhook", "remove", "crm")
    told.run("webhook", "add", "shop", target.url, "--event", "message-sent", "--event", "message-bounced")
    server.handler.reject.add("gone@example.org")
    good, bad = send("ann@example.org"), send("gone@example.org")
    told.run("retry")
    settle(told).run("retry")
    bodies = [json.loads(body) for _, _, body in target.requests]
    assert [(body["type"], body["data"]["message"], body["data"]["address"]) for body in bodies] == [
        ("message-sent", good, "ann@example.org"), ("message-bounced", bad, "gone@example.org")]
    assert bodies[1]["data"]["detail"] and bodies[1]["data"]["list"] == "bulletin"
    assert "message-queued" not in target.kinds()
    wrong = told.run("webhook", "add", "x", target.url, "--event", "message", expect=65).err
    assert "import-finished, message-sent, message-deferred" in wrong


def test_serve_tells_at_once_and_a_slow_target_is_in_nobodys_way(told, target, server):
    target.gate.clear()
    told.configure(serve={"url": "https://news.example.org", "check_forms": False})
    for name in ("confirm_url", "unsubscribe_url"):
        told.settings.pop(name, None)
    told.configure()
    http = WebServer(BINARY, told.folder)
    http.post("/join", {"email": "ann@example.org", "list": "bulletin"})
    wait_for(lambda: server.messages("ann@example.org"), seconds=60)
    settle(told)
    wait_for(lambda: target.requests, seconds=60)
    assert http.get("/").status == 200 and target.kinds() == ["subscribed"]  # it has not answered yet
    target.gate.set()
    wait_for(lambda: json.loads(told.run("webhook", "log", "crm", "--json").out), seconds=60)
    http.stop()
    call = json.loads(told.run("webhook", "log", "crm", "--json").out)[0]
    assert call["kind"] == "subscribed" and call["problem"] is None and call["status"] == 204


@pytest.mark.slow(1)
def test_a_target_that_fails_is_tried_again_and_at_last_switched_off(told, target):
    told.add_active(["ann@example.org"])
    told.run("unsubscribe", "--address", "ann@example.org")
    target.answer = 500
    settle(told).run("retry")
    first = len(target.requests)
    assert first == 1 and "500" in rows(told)["crm"]["trouble"]
    told.run("retry")
    assert len(target.requests) == first  # not before its time
    waits = []
    for _ in range(12):
        told.sql("UPDATE webhook SET next_at = 1")
        told.run("retry")
        (at, began), = told.sql("SELECT next_at, failing_since FROM webhook")
        waits.append(at - began)
    assert all(0 <= wait < 5 + 3600 + 120 for wait in waits) and waits[0] < 60 and waits[-1] > 3000
    assert len({headers["webhook-id"] for _, headers, _ in target.requests}) == 1  # the same message
    target.answer = 200
    told.sql("UPDATE webhook SET next_at = 1")
    told.run("retry")
    assert rows(told)["crm"]["failing_since"] is None and target.kinds()[-1] == "unsubscribed"
    target.answer = 503
    told.run("erase", "--yes", "ann@example.org")
    settle(told).run("retry")
    told.sql("UPDATE webhook SET next_at = 1, failing_since = failing_since - 90000")
    told.run("retry")
    assert not rows(told)["crm"]["enabled"] and "switched off" in rows(told)["crm"]["trouble"]
    sent = len(target.requests)
    told.run("retry")
    assert len(target.requests) == sent
    target.answer = 200
    told.run("webhook", "on", "crm")
    told.run("retry")
    assert len(target.requests) == sent  # it is told of what happens from then on
    told.add_active(["bob@example.org"])
    told.run("erase", "--yes", "bob@example.org")
    settle(told).run("retry")
    assert target.kinds()[-1] == "erased" and json.loads(target.requests[-1][2])["data"]["subscriber"]


def test_a_target_that_is_gone_is_switched_off_at_once(told, target):
    target.answer = 410
    told.add_active(["ann@example.org"])
    told.run("erase", "--yes", "ann@example.org")
    settle(told).run("retry")
    assert not rows(told)["crm"]["enabled"]


def test_trying_one(told, target):
    assert "answers 204" in told.run("webhook", "test", "crm").out
    assert target.kinds() == ["test"]
    target.answer = 302  # no redirect is followed
    assert "302" in told.run("webhook", "test", "crm", expect=69).err
    assert {path for path, _, _ in target.requests} == {"/hook"}
    log = told.run("webhook", "log", "crm").out
    assert "taken" in log and "302" in log
    told.run("webhook", "off", "crm")
    assert not rows(told)["crm"]["enabled"]


PRIVATE = ["http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://10.1.2.3/", "http://169.254.169.254/latest/meta-data/",
           "http://192.168.1.1/", "http://172.16.0.1:8080/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/",
           "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://0.0.0.0/",
           "http://[fd00::1]/", "http://[fe80::1]/", "http://100.64.0.1/", "http://224.0.0.1/", "http://[::127.0.0.1]/"]


@pytest.mark.slow(1)
def test_private_addresses_are_refused(connected):
    for url in PRIVATE:
        assert "private network" in connected.run("webhook", "add", "x", url, expect=65).err, url
    for url in ("file:///etc/passwd", "gopher://example.org/", "http://ann:secret@192.0.2.1/", "ftp://192.0.2.1/", "https://", "x",
                "http://nosuch.invalid/"):
        connected.run("webhook", "add", "x", url, expect=65)
    assert rows(connected) == {}


def test_the_address_is_checked_again_when_it_is_connected_to(told, target):
    """A name may lead elsewhere by then: whatever passed before, the connection itself is refused."""
    told.configure(webhooks={"allow_networks": "192.0.2.0/24"})
    assert "private network" in told.run("webhook", "test", "crm", expect=69).err
    told.sql("UPDATE webhook SET url = ?", target.url.replace("127.0.0.1", "localhost"))
    told.add_active(["ann@example.org"])
    told.run("erase", "--yes", "ann@example.org")
    settle(told).run("retry")
    assert target.requests == [] and "private network" in rows(told)["crm"]["trouble"]


def test_a_target_that_hangs_keeps_no_other_staff_waiting(told, target):
    """All threads for slow requests wait for it: pages, and calls that are not slow, are answered."""
    configure(told)
    token = told.run("staff", "token", "all", "--scope", "admin").out.strip()
    http = StaffServer(told.folder, "--no-mail")
    header = {"Authorization": f"Bearer {token}"}
    answers = []

    def test_it():
        answers.append(http.request("POST", "/api/v1/webhooks/crm/test", headers=header).status)

    target.gate.clear()
    threads = [threading.Thread(target=test_it) for _ in range(3)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(target.requests) == 3)
    assert http.get("/login").status == 200
    assert http.request("GET", "/api/v1/lists", headers=header).status == 200
    assert http.request("GET", "/api/v1/webhooks/crm/log", headers=header).status == 200
    assert answers == []
    target.gate.set()
    for thread in threads:
        thread.join()
    assert answers == [200] * 3
    http.stop()
