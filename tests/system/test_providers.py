"""Mail providers that overwrite our return path: their reports to /hooks/NAME of a running `serve`, each in its
documented form and signed as the provider signs, and the header field that takes our token there and back."""
import json
import os
import socket
import threading
import time

import provider_events as events
import pytest
from conftest import BINARY, TOP, parse, token, wait_for
from webserver import WebServer

SECRET = "correct horse battery staple"
BY_LOGIN = ["postmark", "brevo", "mailjet", "sparkpost", "other"]
HERE = BY_LOGIN + ["sendgrid", "mailgun"]  # those that need no server of the provider
ANN, BOB = "ann@example.org", "bob@example.org"


class Hook:
    """One provider, its hook, and the fields that its mails went out with."""

    def __init__(self, site, provider, http, key, values):
        self.site, self.provider, self.http, self.key, self.values = site, provider, http, key, values

    def event(self, address=ANN, proof=ANN, kind="bounce", **more):
        return events.EVENTS[self.provider](address, self.values.get(proof), kind, **more)

    def headers(self, body):
        if self.provider == "sendgrid":
            return self.key.headers(body)
        return {} if self.provider == "mailgun" else events.basic("newsletter", SECRET)

    def body(self, *reported):
        if self.provider == "mailgun":
            (event,) = reported
            return json.dumps(event if "signature" in event else events.sign_mailgun(event, SECRET)).encode()
        return json.dumps(list(reported) if len(reported) > 1 or self.provider in ("sendgrid", "sparkpost") else
                          reported[0]).encode()

    def post(self, body, headers=None):
        if not isinstance(body, bytes):
            body = self.body(body)
        headers = self.headers(body) if headers is None else headers
        return self.http.request("POST", f"/hooks/{self.provider}", body=body,
                                 headers={"Content-Type": "application/json", **headers})

    def state(self, address=ANN):
        return self.site.sql("SELECT s.state FROM subscription s JOIN subscriber r ON r.id = s.subscriber "
                             "WHERE r.address = ?", address)[0][0]

    def count(self):
        return self.site.sql("SELECT count(*) FROM bounce")[0][0]


def configure(site, provider, key):
    hook = {"provider": provider}
    if provider == "sendgrid":
        hook["key"] = key.public()
    elif provider == "ses":
        hook.update(topic=events.TOPIC, ca_file="authority.pem")
    else:
        site.write("hook.secret", SECRET + "\n")
        hook["secret_file"] = "hook.secret"
    site.configure(smtp={"provider": provider}, hooks={provider: hook},
                   serve={"url": "https://news.example.org", "check_forms": False})


@pytest.fixture
def hooked(connected, server):
    """Sends an issue to Ann and Bob through the provider's relay, and starts the server with its hook."""
    started = []

    def start(provider, binary=BINARY, **more):
        key = events.SendGridKey()
        configure(connected, provider, key)
        connected.configure(**more)
        connected.add_active([ANN, BOB])
        connected.run("send", "--yes", connected.issue())
        values = {address: str(parse(server.messages(address)[0])[events.FIELDS[provider]]) for address in (ANN, BOB)}
        started.append(WebServer(binary, connected.folder, "--no-mail"))
        return Hook(connected, provider, started[-1], key, values)

    yield start
    for http in started:
        if http.process.poll() is None:
            http.stop()


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("provider", HERE)
def test_a_report_with_our_token_ends_that_subscription_once(hooked, provider):
    hook = hooked(provider)
    body = hook.body(hook.event())
    answer = hook.post(body)
    assert answer.status == 200, answer.text
    assert (hook.state(ANN), hook.state(BOB), hook.count()) == ("bounced", "active", 1)
    assert hook.post(body).status == 200  # the provider did not see our answer
    assert hook.count() == 1
    complaint = hook.event(BOB, BOB, "complaint")
    assert hook.post(complaint).status == 200
    assert hook.state(BOB) == "complained"
    assert hook.site.sql("SELECT address_key, reason FROM suppression") == [(BOB, "complaint")]
    log = hook.http.stop()
    assert SECRET not in log and f"POST /hooks/{provider} 200" in log


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("provider", HERE)
@pytest.mark.parametrize("kind", ["bounce", "complaint"])
def test_without_our_token_or_with_anothers_nobody_is_lost(hooked, provider, kind):
    hook = hooked(provider, bounce={"interval": "0"})
    for _ in range(12):  # a hint each, and never more
        assert hook.post(hook.event(ANN, None, kind)).status == 200
        assert hook.post(hook.event(ANN, BOB, kind)).status == 200
    assert (hook.state(ANN), hook.state(BOB)) == ("active", "active")
    assert hook.site.sql("SELECT count(*) FROM suppression") == [(0,)]
    assert hook.post(hook.event(ANN, ANN, kind)).status == 200
    assert hook.state(ANN) == ("bounced" if kind == "bounce" else "complained")


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("provider", HERE)
def test_leaving_by_the_providers_own_link_counts_with_our_token(hooked, provider):
    hook = hooked(provider)
    for proof in (None, BOB):
        assert hook.post(hook.event(ANN, proof, "unsubscription")).status == 200
    assert (hook.state(ANN), hook.state(BOB)) == ("active", "active")
    body = hook.body(hook.event(ANN, ANN, "unsubscription"))
    assert [hook.post(body).status, hook.post(body).status] == [200, 200]
    assert (hook.state(ANN), hook.state(BOB)) == ("unsubscribed", "active")
    assert hook.site.sql("SELECT issue FROM event WHERE kind = 'unsubscribed'") == [(1,)]
    assert hook.post(hook.event(ANN, ANN)).status == 200  # a bounce that comes later
    assert hook.state(ANN) == "unsubscribed"
    assert hook.site.sql("SELECT count(*) FROM suppression") == [(0,)]


@pytest.mark.parametrize("provider", ["postmark", "sendgrid"])
def test_who_left_by_the_providers_link_is_not_brought_back_by_an_older_mail(hooked, server, provider):
    hook = hooked(provider)
    hook.site.run("subscribe", "eve@example.org")
    asked = parse(server.messages("eve@example.org")[0])
    hook.values["eve@example.org"] = str(asked[events.FIELDS[provider]])
    assert hook.post(hook.event("eve@example.org", "eve@example.org", "unsubscription")).status == 200
    assert hook.state("eve@example.org") == "unsubscribed"
    hook.site.run("confirm", token(asked, "confirm"), expect=None)
    assert hook.state("eve@example.org") == "unsubscribed"


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("more", [{"SuppressSending": False, "SuppressionReason": None}, {"Origin": "Customer"},
                                  {"SuppressionReason": "HardBounce"}, {"SuppressionReason": "SpamComplaint"}])
def test_other_changes_that_postmark_tells_of_end_nothing(hooked, more):
    hook = hooked("postmark")
    assert hook.post({**hook.event(ANN, ANN, "unsubscription"), **more}).status == 200
    assert hook.state(ANN) == "active" and hook.count() == 0


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("provider", HERE)
def test_what_is_not_a_failure_is_answered_and_changes_nothing(hooked, provider):
    hook = hooked(provider)
    words = {"postmark": ("RecordType", "Delivery"), "sparkpost": None, "mailgun": None}.get(provider, ("event", "delivered"))
    event = hook.event()
    if provider == "sparkpost":
        event["msys"]["message_event"]["type"] = "delivery"
    elif provider == "mailgun":
        event["event-data"]["event"] = "delivered"
    else:
        event[words[0]] = words[1]
        event.pop("Type", None)
    assert hook.post(event).status == 200
    assert hook.state() == "active" and hook.count() == 0
    assert hook.site.sql("SELECT count(*) FROM returned") == [(0,)]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("provider", [name for name in HERE if name != "mailgun"])
def test_a_batch_counts_each_event_once(hooked, provider):
    hook = hooked(provider)
    first, second = hook.event(ANN, ANN), hook.event(BOB, BOB)
    assert hook.post(hook.body(first, second, first)).status == 200
    assert (hook.state(ANN), hook.state(BOB), hook.count()) == ("bounced", "bounced", 2)
    assert hook.post(hook.body(second, first)).status == 200  # in another batch
    assert hook.count() == 2


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("provider", HERE)
def test_bad_reports_are_refused(hooked, provider):
    hook = hooked(provider)
    for body in (b"", b"nonsense", b'{"a":', b"[1, 2]", b"[" * 100000, b'{"a":' * 3000 + b"1" + b"}" * 3000,
                 b"\xff\xfe", b'"text"', b"{}" + b"\0"):
        answer = hook.post(body, hook.headers(body))
        assert answer.status in ((400,) if body else (200, 400)) or (provider == "mailgun" and answer.status == 403), \
            (body[:20], answer.status)
    assert hook.http.get(f"/hooks/{provider}").status == 405
    assert hook.http.request("POST", "/hooks/unknown", body=b"{}").status == 404
    assert hook.http.request("POST", "/hooks/", body=b"{}").status == 404
    large = b"[" + b" " * (10 << 20) + b"]"
    assert hook.post(large, hook.headers(large)).status == 413
    assert hook.count() == 0 and hook.state() == "active"
    assert hook.post(hook.event()).status == 200
    assert hook.state() == "bounced"


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("headers", [
    {}, events.basic("newsletter", ""), events.basic("newsletter", "wrong"), events.basic("", SECRET),
    events.basic("admin", SECRET), events.basic("newsletter", SECRET + "x"), events.basic("newsletter", SECRET[:-1]),
    {"Authorization": "Basic"}, {"Authorization": "Basic %%%"}, {"Authorization": "Basic " + "A" * 4000},
    {"Authorization": "Bearer "}, {"Authorization": "Bearer wrong"}, {"Authorization": SECRET}, {"Authorization": ""}])
def test_a_wrong_login_has_no_effect(hooked, headers):
    hook = hooked("postmark")
    answer = hook.post(hook.event(), headers)
    assert answer.status == 401 and answer.getheader("WWW-Authenticate").startswith("Basic ")
    assert hook.count() == 0 and hook.state() == "active"


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("provider", BY_LOGIN)
def test_no_provider_is_believed_without_its_login(hooked, provider):
    hook = hooked(provider)
    assert hook.post(hook.event(), {}).status == 401
    assert hook.count() == 0 and hook.state() == "active"


def test_the_secret_may_come_as_a_bearer_token(hooked):
    hook = hooked("brevo")
    assert hook.post(hook.event(), {"Authorization": "Bearer " + SECRET}).status == 200
    assert hook.state() == "bounced"


def test_another_user_name(hooked):
    hook = hooked("postmark")
    hook.http.stop()
    hook.site.settings["hooks"]["postmark"]["username"] = "post"
    hook.site.configure()
    http = hook.http = WebServer(BINARY, hook.site.folder, "--no-mail")
    assert hook.post(hook.event()).status == 401
    assert hook.post(hook.event(), events.basic("post", SECRET)).status == 200
    http.stop()


def test_sendgrids_signature_covers_the_body_and_the_time(hooked):
    hook = hooked("sendgrid")
    body = hook.body(hook.event())
    good = hook.key.headers(body)
    signature, timestamp = good
    old, ahead = int(time.time()) - 2 * 86400, int(time.time()) + 3600
    for headers in ({}, {signature: good[signature]}, {timestamp: good[timestamp]}, hook.key.headers(body + b" "),
                    {**good, timestamp: str(int(good[timestamp]) + 1)}, {**good, signature: "nonsense"},
                    {**good, signature: good[signature][:-8]}, events.SendGridKey().headers(body), hook.key.headers(body, old),
                    hook.key.headers(body, ahead), hook.key.headers(body, ""), hook.key.headers(body, "x"),
                    {**good, signature: "A" * 5000}):
        assert hook.post(body, headers).status == 403, headers
    assert hook.count() == 0 and hook.state() == "active"
    assert hook.post(body, good).status == 200
    assert hook.state() == "bounced"


def test_mailguns_token_is_good_for_one_report(hooked):
    hook = hooked("mailgun")
    other = hook.event(BOB, BOB)
    old, ahead = int(time.time()) - 2 * 86400, int(time.time()) + 3600
    for event in (hook.event(), {**hook.event(), "signature": {}}, {**hook.event(), "signature": "x"},
                  events.sign_mailgun(hook.event(), "wrong"), events.sign_mailgun(hook.event(), SECRET, old),
                  events.sign_mailgun(hook.event(), SECRET, ahead), events.sign_mailgun(hook.event(), SECRET, "x")):
        assert hook.post(json.dumps(event).encode()).status == 403, event
    assert hook.count() == 0
    signed = events.sign_mailgun(hook.event(), SECRET)
    assert hook.post(signed).status == 200
    assert hook.post(signed).status == 200  # sent again, since the answer was lost
    stolen = {**other, "signature": signed["signature"]}
    for _ in range(3):
        assert hook.post(stolen).status == 403
    assert (hook.state(ANN), hook.state(BOB), hook.count()) == ("bounced", "active", 1)
    hook.http.stop()  # another process knows it too
    hook.http = WebServer(BINARY, hook.site.folder, "--no-mail")
    assert hook.post(stolen).status == 403 and hook.post(signed).status == 200
    hook.http.stop()


def test_a_fault_of_ours_has_the_report_sent_again(hooked):
    hook = hooked("postmark")
    body = hook.body(hook.event())
    hook.site.sql("ALTER TABLE returned RENAME TO away")
    answer = hook.post(body)
    assert answer.status == 503 and answer.getheader("Retry-After")
    hook.site.sql("ALTER TABLE away RENAME TO returned")
    assert hook.post(body).status == 200 and hook.state() == "bounced"


@pytest.mark.postgresql
def test_a_lost_connection_to_the_database_is_made_again(hooked):
    hook = hooked("postmark")
    assert hook.post(hook.event("x@example.org", None)).status == 200
    hook.site.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                  "AND backend_type = 'client backend'")
    body = hook.body(hook.event())
    wait_for(lambda: hook.post(body).status == 200)
    assert hook.state() == "bounced"


def test_sparkposts_events_from_before_the_message_was_made(hooked):
    hook = hooked("sparkpost")
    event = hook.event()["msys"]["message_event"]
    event.update(type="generation_failure", raw_reason="550 5.1.1 user unknown")
    for _ in range(2):
        assert hook.post(hook.body({"msys": {"gen_event": event}})).status == 200
    assert (hook.state(), hook.count()) == ("bounced", 1)
    assert hook.post(hook.body({"msys": {}})).status == 200  # a trial when the webhook is made


def test_slow_reports_do_not_keep_others_waiting_and_are_cut_off(hooked):
    hook = hooked("postmark")
    body = hook.body(hook.event())
    head = (f"POST /hooks/postmark HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n" +
            "".join(f"{name}: {value}\r\n" for name, value in hook.headers(body).items()) + "\r\n").encode()
    slow = [socket.create_connection(("127.0.0.1", hook.http.port)) for _ in range(50)]
    for client in slow:
        client.sendall(head + body[:-1])
    assert hook.http.get("/healthz").status == 200
    assert hook.count() == 0
    slow[0].sendall(body[-1:])
    assert slow[0].recv(100).startswith(b"HTTP/1.1 200 ")
    assert hook.state() == "bounced"
    for client in slow:
        client.close()
    hook.http.stop()


@pytest.mark.slow(1)
def test_bodies_in_pieces_and_many_at_once(hooked):
    hook = hooked("sendgrid")
    body = hook.body(hook.event())
    headers = "".join(f"{name}: {value}\r\n" for name, value in hook.headers(body).items())
    chunks = b"".join(b"%x\r\n%s\r\n" % (1, body[i:i + 1]) for i in range(len(body))) + b"0\r\n\r\n"
    answer = hook.http.raw(f"POST /hooks/sendgrid HTTP/1.1\r\nHost: x\r\n{headers}Transfer-Encoding: chunked\r\n"
                           "Connection: close\r\n\r\n".encode() + chunks)
    assert answer.startswith(b"HTTP/1.1 200 ") and hook.state() == "bounced"
    batches = [hook.body(*[hook.event(f"x{i}-{j}@example.org", None) for j in range(50)]) for i in range(40)]
    statuses = []
    threads = [threading.Thread(target=lambda batch=batch: statuses.append(hook.post(batch).status)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 40
    assert hook.count() == 1 + 40 * 50


@pytest.mark.slow(1)
def test_ending_the_server_loses_no_report(hooked):
    hook = hooked("sendgrid")
    batches = [hook.body(*[hook.event(f"x{i}-{j}@example.org", None) for j in range(200)]) for i in range(20)]
    taken = []

    def post(batch):
        try:
            taken.append(hook.post(batch).status)
        except OSError:
            taken.append(None)
        except Exception as other:  # http.client: the connection ended without an answer
            taken.append(type(other).__name__)

    threads = [threading.Thread(target=post, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    wait_for(lambda: hook.count() > 0)
    hook.http.stop()
    for thread in threads:
        thread.join()
    assert hook.count() >= 200 * taken.count(200) and taken.count(200) > 0


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("provider", sorted(events.FIELDS))
def test_the_field_goes_out_where_the_relay_is_the_providers(connected, server, provider, signing_key):
    site = connected
    site.configure(smtp={"provider": provider}, dkim={"selector": "s1", "key_file": signing_key[0]})
    site.add_active([ANN, BOB])
    site.run("send", "--yes", site.issue())
    values = [str(parse(server.messages(address)[0])[events.FIELDS[provider]]) for address in (ANN, BOB)]
    assert values[0] != values[1] and all("@newsletter" in value for value in values)
    if provider in ("sendgrid", "mailgun", "sparkpost"):
        assert all(isinstance(json.loads(value), dict) for value in values)
    signature = parse(server.messages(ANN)[0])["DKIM-Signature"]
    assert events.FIELDS[provider].lower() not in str(signature).lower()  # the provider takes it out
    assert provider != "postmark" or len(values[0]) <= 80


def test_no_field_without_a_provider(connected, server):
    connected.add_active([ANN])
    connected.run("send", "--yes", connected.issue())
    assert not set(events.FIELDS.values()) & set(parse(server.messages(ANN)[0]).keys())


def test_each_relay_has_its_own_field(connected, server):
    site = connected
    site.settings["smtp"].pop("provider", None)
    site.configure(relays=[{"host": "127.0.0.1", "port": server.port, "security": "none", "provider": "postmark"},
                           {"host": "127.0.0.1", "port": 9, "security": "none", "provider": "ses"}])
    site.add_active([ANN])
    site.run("send", "--yes", site.issue())
    message = parse(server.messages(ANN)[0])
    assert message[events.FIELDS["postmark"]] and not message[events.FIELDS["ses"]]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("hook,words", [
    ({"provider": "postmark"}, "hooks.x: set its secret_file, secret_command or secret_env"),
    ({"provider": "postmark", "secret_file": "missing"}, "missing"),
    ({"provider": "postmark", "secret_env": "NOT_SET_ANYWHERE"}, "NOT_SET_ANYWHERE"),
    ({"provider": "sendgrid"}, "set its key"),
    ({"provider": "sendgrid", "key": "AAAA"}, "not an ECDSA key"),
    ({"provider": "nobody"}, "'nobody' is not known"),
    ({"provider": "none"}, "set its provider"),
    ({}, "set its provider"),
    ({"provider": "ses"}, "set its topic"),
    ({"provider": "ses", "topic": "bounces"}, "set its topic"),
    ({"provider": "ses", "topic": "arn:aws:sns::1:x"}, "set its topic"),
    ({"provider": "mailgun", "topic": events.TOPIC}, "only for ses"),
    ({"provider": "mailgun", "key": "x"}, "only for sendgrid"),
    ({"provider": "mailgun", "secret": "x"}, "no such setting"),
    ({"provider": "mailgun", "secret_env": "X", "max_age": "1s"}, "60s to 30d"),
    ({"provider": "brevo", "secret_env": "X", "username": "a:b"}, "no colon")])
def test_mistakes_in_the_configuration_are_named(connected, hook, words):
    connected.configure(serve={"url": "https://news.example.org"}, hooks={"x": {"provider": "postmark", **hook} if hook else
                                                                          {"max_age": "1d"}})
    assert words in connected.run("serve", "--no-mail", "--listen", "127.0.0.1:0", expect=None).err


def test_names_must_fit_into_an_address(connected):
    connected.configure(hooks={"a b": {"provider": "postmark"}})
    assert "cannot be part of an address" in connected.run("status", expect=78).err
    connected.configure(hooks={f"h{i}": {"provider": "other", "secret_env": "X"} for i in range(17)})
    assert "one too many" in connected.run("status", expect=78).err


def test_hooks_prints_what_to_enter(connected):
    for provider in events.FIELDS:
        configure(connected, provider, events.SendGridKey())
        text = connected.run("hooks").out
        assert f"https://news.example.org/hooks/{provider}\n" in text and events.FIELDS[provider] + ": " in text
        assert SECRET not in text and "not sent" not in text and max(map(len, text.splitlines())) < 200
        (found,) = json.loads(connected.run("hooks", "--json", provider).out)
        assert found["url"] == f"https://news.example.org/hooks/{provider}" and found["header_sent"] is True
        assert found["header"].startswith(events.FIELDS[provider] + ": ") and "TOKEN" in found["header"]
        assert len(found["events"]) > 1 and len(found["steps"]) > 1 and found["provider"] == provider
        assert (found["username"] == "newsletter") == (provider in BY_LOGIN)
    connected.configure(smtp={"provider": "none"})
    assert "not sent: set 'provider: " in connected.run("hooks").out
    assert "there is no hook 'nobody'" in connected.run("hooks", "nobody", expect=67).err
    connected.configure(hooks={})
    assert "has no hooks" in connected.run("hooks").out
    assert json.loads(connected.run("hooks", "--json").out) == []


def test_every_provider_has_its_section_in_the_book(connected):
    with open(os.path.join(TOP, "docs", "providers.md"), encoding="utf-8") as source:
        book = source.read()
    for provider in events.FIELDS:
        configure(connected, provider, events.SendGridKey())
        title = json.loads(connected.run("hooks", "--json").out)[0]["title"]
        assert f"## {title[0].upper()}{title[1:]}\n" in book and f"provider: {provider}" in book


def findings(site):
    return [(item["level"], item["text"]) for item in json.loads(site.run("doctor", "--local", "--json", expect=None).out)
            if item["rule"] == "hooks"]


@pytest.mark.slow(1)
def test_doctor_names_what_is_missing(connected, signing_key):
    site = connected
    configure(site, "mailgun", None)
    assert findings(site) == [("ok", "hooks.mailgun takes the reports of Mailgun")]
    os.unlink(os.path.join(site.folder, "hook.secret"))
    assert any(level == "error" and "hook.secret" in text for level, text in findings(site))
    site.configure(hooks={"mailgun": {"provider": "mailgun"}})
    assert ("error", "hooks.mailgun: set its secret_file, secret_command or secret_env") in findings(site)
    site.configure(hooks={"mailgun": {"provider": "mailgun", "secret_env": "PATH"}}, smtp={"provider": "none"})
    (level, text), = findings(site)
    assert level == "warning" and "no relay has 'provider: mailgun'" in text
    site.configure(hooks={}, smtp={"provider": "ses"}, dkim={"selector": "s1", "key_file": signing_key[0]})
    first, second = findings(site)
    assert "no hook takes its reports" in first[1] and "breaks our DKIM signature" in second[1]
    configure(site, "postmark", None)
    site.configure(serve={"url": "http://news.example.org"})
    assert any("can be read in transit" in text for _, text in findings(site))
    site.settings.pop("serve")
    site.configure()
    assert any("serve.url is not set" in text for _, text in findings(site))
