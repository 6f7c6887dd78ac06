"""Joining and leaving: forms, double opt-in, tokens, and what the public is told."""
import json
import os
import stat
import uuid

import pytest
from conftest import html, link, parse, plain, token, wait_for

ANSWER = ("Thank you. If this address can be subscribed, we have sent an email to it. Open the link in that "
          "email to confirm.\n")


def confirm(site, server, address):
    message = parse(server.messages(address)[-1])
    site.run("confirm", token(message, "confirm"))
    return message


def test_init_twice_changes_nothing(bare_site):
    os.unlink(os.path.join(bare_site.folder, "newsletter.yaml"))
    bare_site.run("init")
    paths = [os.path.join(bare_site.folder, name) for name in ("newsletter.yaml", "newsletter.db")]
    before = [open(path, "rb").read() for path in paths]
    for path in paths:
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert "there already" in bare_site.run("init").out
    assert [open(path, "rb").read() for path in paths] == before


def test_double_opt_in(connected, server):
    assert connected.run("subscribe", "Ann@Example.org", "--name", "Ann").out == ANSWER
    message = parse(server.messages("Ann@example.org")[0])
    assert message["Auto-Submitted"] == "auto-generated"
    assert "Ann," not in plain(message)  # a stranger may have typed that name
    assert link(message, "confirm") in html(message).replace("&amp;", "&")
    assert connected.sql("SELECT state FROM subscription") == [("pending",)]
    result = connected.run("confirm", token(message, "confirm"))
    assert result.out == "Your subscription to News Bulletin is confirmed. Welcome!\n"
    assert connected.sql("SELECT state FROM subscription") == [("active",)]


@pytest.mark.one_engine("about SQLite's own files")
def test_token_is_stored_as_digest_only(connected, server):
    connected.run("subscribe", "ann@example.org")
    secret = token(parse(server.messages("ann@example.org")[0]), "confirm")
    connected.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    for name in os.listdir(connected.folder):
        path = os.path.join(connected.folder, name)
        if os.path.isfile(path):
            assert secret.encode() not in open(path, "rb").read(), name


@pytest.mark.parametrize("body", [
    b"email=bob%40example.org&name=B%C3%B6b+X&attribute.city=Almaty&language=kk&send=Join",
    json.dumps({"address": "bob@example.org", "name": "Böb X", "language": "kk",
                "attributes": {"city": "Almaty"}}).encode(),
])
def test_form_on_standard_input(connected, server, body):
    environment = {"REMOTE_ADDR": "192.0.2.9"}
    connected.configure(forms={"city": {"label": "City"}})
    result = connected.run("subscribe", "--source", "website", stdin=body, env=environment)
    assert result.out.startswith("Рақмет.")
    wait_for(lambda: server.messages("bob@example.org"))
    assert connected.sql("SELECT name, language, attributes FROM subscriber") == [
        ("Böb X", "kk", '{"city":"Almaty"}')]
    assert connected.sql("SELECT consent_source, consent_ip, consent_version, consent_at > 0 "
                         "FROM subscription") == [("website", "192.0.2.9", "1", 1)]


def test_form_cannot_set_ip_or_source(connected):
    body = b"email=bob%40example.org&ip=198.51.100.1&source=trusted"
    connected.run("subscribe", "--wait", stdin=body)
    assert connected.sql("SELECT consent_ip, consent_source FROM subscription") == [(None, "form")]


def test_repeating_sends_one_mail_and_says_the_same(connected, server):
    answers = {connected.run("subscribe", "ann@example.org").out for _ in range(3)}
    assert answers == {ANSWER}
    assert len(server.messages("ann@example.org")) == 1
    connected.sql("UPDATE subscription SET noticed_at = noticed_at - 3601")
    assert connected.run("subscribe", "ANN@example.org").out == ANSWER
    assert server.count() == 2
    assert connected.sql("SELECT count(*) FROM subscriber") == [(1,)]


def test_active_subscriber_gets_a_friendly_mail(connected, server):
    connected.run("subscribe", "ann@example.org")
    confirm(connected, server, "ann@example.org")
    assert connected.run("subscribe", "ann@example.org", "--name", "Mallory").out == ANSWER
    message = parse(server.messages("ann@example.org")[-1])
    assert message["Subject"] == "You are subscribed to News Bulletin"
    assert connected.sql("SELECT state FROM subscription") == [("active",)]
    assert connected.sql("SELECT name FROM subscriber") == [(None,)]


def test_suppressed_address_is_never_mailed(connected, server):
    connected.sql("INSERT INTO suppression VALUES ('ann@example.org', 'complaint', 1)")
    assert connected.run("subscribe", "ann@example.org").out == ANSWER
    connected.run("retry")
    assert server.count() == 0


def test_an_operator_is_told_that_no_mail_goes_out(connected, server):
    """The answer is the same for every address; standard error is the operator's. A form has no operator."""
    connected.run("suppress", "add", "no@example.org")
    first = connected.run("subscribe", "ann@example.org")
    again = connected.run("subscribe", "ann@example.org")
    never = connected.run("subscribe", "No@Example.ORG")
    assert first.out == again.out == never.out and first.err == ""
    assert "not long ago" in again.err and "is suppressed" in never.err
    assert connected.run("subscribe", stdin=b"email=no@example.org").err == ""
    assert server.count() == 1


def test_confirm_statuses_differ_and_words_do_not(connected, server):
    connected.run("subscribe", "ann@example.org")
    good = token(parse(server.messages("ann@example.org")[0]), "confirm")
    connected.sql("UPDATE confirmation SET expires_at = 5")
    answers = [connected.run("confirm", good, expect=69)]
    connected.sql("UPDATE confirmation SET expires_at = 1e10")
    connected.run("confirm", good)
    assert connected.run("confirm", good).out == "You have already confirmed. You are subscribed to News Bulletin.\n"  # a second click
    connected.run("unsubscribe", "--address", "ann@example.org")
    answers.append(connected.run("confirm", good, expect=77))
    answers.append(connected.run("confirm", str(uuid.uuid4()), expect=67))
    answers.append(connected.run("confirm", "no-token", expect=65))
    assert len({(answer.out, answer.err) for answer in answers}) == 1
    assert "used" in connected.run("confirm", "--verbose", good, expect=77).err


def test_new_link_after_expiry_works(connected, server):
    connected.run("subscribe", "ann@example.org")
    connected.sql("UPDATE confirmation SET expires_at = 5")
    connected.sql("UPDATE subscription SET noticed_at = 5")
    connected.run("subscribe", "ann@example.org")
    confirm(connected, server, "ann@example.org")
    assert connected.sql("SELECT state FROM subscription") == [("active",)]


def test_unsubscribe_and_return(connected, server):
    connected.run("subscribe", "ann@example.org")
    confirm(connected, server, "ann@example.org")
    secret = connected.sql("SELECT token FROM subscription")[0][0]
    for _ in range(2):  # using it again is no error
        assert "unsubscribed" in connected.run("unsubscribe", "-", stdin=secret.encode()).out
    assert connected.sql("SELECT state FROM subscription") == [("unsubscribed",)]
    connected.run("unsubscribe", str(uuid.uuid4()), expect=67)
    connected.run("unsubscribe", "x", expect=65)
    connected.run("subscribe", "ann@example.org")
    confirm(connected, server, "ann@example.org")
    assert connected.sql("SELECT state FROM subscription") == [("active",)]
    connected.run("unsubscribe", "--address", "ANN@EXAMPLE.ORG")
    assert connected.sql("SELECT state FROM subscription") == [("unsubscribed",)]
    connected.run("unsubscribe", "--address", "nobody@example.org", expect=67)


def test_link_dies_with_an_unsubscription(connected, server):
    connected.run("subscribe", "ann@example.org")
    secret = token(parse(server.messages("ann@example.org")[0]), "confirm")
    connected.run("unsubscribe", "--address", "ann@example.org")
    connected.run("confirm", secret, expect=77)


def test_confirmation_mail_waits_for_the_server(site, server):
    assert site.run("subscribe", "ann@example.org").out == ANSWER  # nothing listens on port 9
    assert server.count() == 0
    site.configure(port=server.port)
    site.run("retry")
    confirm(site, server, "ann@example.org")


def test_deferred_confirmation_is_retried(connected, server):
    server.handler.tempfail.add("ann@example.org")
    connected.run("subscribe", "ann@example.org")
    assert connected.sql("SELECT state FROM delivery") == [("deferred",)]
    connected.sql("UPDATE delivery SET next_attempt_at = 1")
    connected.run("retry")
    confirm(connected, server, "ann@example.org")


@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("address", [
    "plain", "@example.org", "ann@", "ann@@example.org", "ann@example", "ann@[192.0.2.1]",
    "ann b@example.org", "ann@exa mple.org", "ann@-example.org", "ann@example..org",
    ".ann@example.org", "ann.@example.org", "a" * 65 + "@example.org",
    "ann@" + "a" * 64 + ".org", "ann@example.org\r\nBcc: x@example.org", "ann@example.123",
    '"ann@example.org', "ann@example.org,bob@example.org", "<ann@example.org>", "",
])
def test_not_an_address(connected, server, address):
    result = connected.run("subscribe", "--", address, expect=65)
    assert result.out == "" and result.err.count("\n") == 1
    assert server.count() == 0 and connected.sql("SELECT count(*) FROM subscriber") == [(0,)]


@pytest.mark.parametrize("address, envelope", [
    ("o'brien+news@example.org", "o'brien+news@example.org"),
    ("ann@bücher.example", "ann@xn--bcher-kva.example"),
    ("әсел@почта.қаз", None),
    ('"ann lee"@example.org', None),
    ('"ann"@example.org', "ann@example.org"),
])
def test_unusual_addresses(connected, server, address, envelope):
    connected.run("subscribe", address)
    assert server.count() == 1
    if envelope:
        assert len(server.messages(envelope)) == 1
    assert connected.sql("SELECT state FROM delivery") == [("sent",)]


@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("option, value", [
    ("--name", "Ann\r\nBcc: victim@example.org"), ("--name", "x" * 201), ("--language", "e n"),
    ("--ip", "300.1.1.1"), ("--attribute", "a b=c"), ("--attribute", "city=x\ny"),
    ("--source", "a\nb"),
])
def test_bad_details(connected, option, value):
    assert connected.run("subscribe", "ann@example.org", option, value, expect=65).out == ""
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)]


@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("body", [b"", b"name=x", b"{", b"[]", b'{"email": 5}', b"email=%00a@b.org",
                                  b"\xff\xfe", b"email=" + b"x" * 70000, b"a\x00b"])
def test_bad_form(connected, body):
    assert connected.run("subscribe", expect=65, stdin=body).out == ""


@pytest.mark.slow
def test_many_at_once(connected, server):
    """Hooks that run at the same time: nobody is turned away, and nobody gets two mails."""
    addresses = [f"user{i % 20}@example.org" for i in range(40)]
    runs = [connected.popen("subscribe", address, "--no-wait") for address in addresses]
    for run in runs:
        out, err = run.communicate(timeout=60)
        assert (run.returncode, out.decode(), err) == (0, ANSWER, b"")
    wait_for(lambda: server.count() >= 20)
    wait_for(lambda: connected.sql("SELECT count(*) FROM delivery WHERE state = 'sent'") == [(20,)])
    assert server.count() == 20
