"""Every stage of an SMTP session going wrong in every way, and what becomes of the mail."""
import certificates
import pytest
from scripted import Scripted

LOGIN = b"\0press\0secret"


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    return certificates.make(str(tmp_path_factory.mktemp("tls")))


PIPELINING = [True, pytest.param(False, marks=pytest.mark.one_engine("the dialogue is the same with both"))]

# (stage, action): (exit status, state of the delivery, state of the issue)
TRYING = (75, "queued", "sending")    # the circuit breaker opened
REFUSED = (69, "queued", "paused")    # the fault is ours; nothing was tried
LATER = (0, "deferred", "sending")
EXPECTED = {}
for stage in ("connect", "banner", "EHLO", "STARTTLS", "AUTH"):
    for action in ("4xx", "disconnect", "garbage"):
        EXPECTED[stage, action] = TRYING
    EXPECTED[stage, "5xx"] = REFUSED
for stage in ("MAIL", "RCPT", "DATA", "dot"):
    for action in ("4xx", "disconnect", "garbage"):
        EXPECTED[stage, action] = LATER
EXPECTED["MAIL", "5xx"] = REFUSED
EXPECTED["RCPT", "5xx"] = LATER       # of one alone, in words that say nothing
EXPECTED["DATA", "5xx"] = REFUSED
EXPECTED["dot", "5xx"] = REFUSED
EXPECTED["dot", "disconnect"] = (0, "unknown", "sent")
EXPECTED["dot", "garbage"] = (0, "unknown", "sent")


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("pipelining", PIPELINING)
@pytest.mark.parametrize("stage, action", EXPECTED)
def test_fault(site, tls, stage, action, pipelining):
    authority, certificate, key = tls
    code, delivery, issue = EXPECTED[stage, action]
    server = Scripted((stage, action), certificate, key, LOGIN, pipelining)
    site.write("password", "secret\n")
    site.configure(port=server.port, smtp={
        "security": "starttls", "ca_file": authority, "username": "press",
        "password_file": "password", "connections": 1, "timeout": "5s"})
    site.add_active(["ann@example.org"])
    path = site.issue()
    try:
        result = site.run("send", "--yes", path, expect=code)
        assert server.faults >= 1
        assert site.states() == {delivery: 1}
        assert site.sql("SELECT state FROM issue") == [(issue,)]
        assert result.err.count("\n") == (1 if code else 0), result.err
        assert "secret" not in result.err + result.out
        assert server.received == []
        server.fault = None
        recover(site, path, delivery, issue)
        assert server.received == ["ann@example.org"]
    finally:
        server.stop()


def recover(site, path, delivery, issue):
    """With a healthy server: cron's retry is enough, but for what a person must decide."""
    site.sql("UPDATE delivery SET next_attempt_at = 1 WHERE state = 'deferred'")
    if issue == "paused":
        assert "is paused" in site.run("retry").err
        site.run("send", "--yes", path)
    elif delivery == "unknown":
        site.run("retry")
        site.run("send", "--yes", path, expect=65)
        site.run("send", "--yes", path, "--resend-unknown")
    else:
        site.run("retry")
    assert set(site.states()) == {"sent"}
    assert site.sql("SELECT state FROM issue") == [("sent",)]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("pipelining", PIPELINING)
@pytest.mark.parametrize("stage, action, state", [
    ("MAIL", "4xx", "deferred"), ("RCPT", "4xx", "deferred"), ("DATA", "4xx", "deferred"),
    ("dot", "4xx", "deferred"), ("RCPT", "disconnect", "deferred"),
    ("dot", "disconnect", "unknown")])
def test_fault_for_everybody_on_one_connection(site, stage, action, state, pipelining):
    """The kept connection serves one after the other, and none of them waits in vain."""
    server = Scripted((stage, action), pipelining=pipelining)
    site.configure(port=server.port, smtp={"connections": 1}, retry={"first": "1h"})
    site.add_active([f"user{i}@example.org" for i in range(8)])
    site.run("send", "--yes", site.issue())
    server.stop()
    assert site.states() == {state: 8} and server.faults == 8


def test_one_bad_recipient_costs_only_himself(site):
    """A kept connection goes on behind a refusal, with RSET, and nobody else notices."""
    server = Scripted(pipelining=True)
    site.configure(port=server.port, smtp={"connections": 1})
    site.add_active([f"user{i}@example.org" for i in range(9)])
    server.answer = lambda stage, recipient: "550 5.1.1 User unknown" if stage == "RCPT" else None
    site.sql("UPDATE subscription SET state = 'pending' WHERE id > 1")
    first = site.issue()
    site.run("send", "--yes", first)
    server.answer = None
    site.sql("UPDATE subscription SET state = 'active', bounce_score = 0")
    site.run("send", "--yes", site.issue(name="two.md", number="No 2"))
    server.stop()
    assert site.states() == {"bounced": 1, "sent": 9}


def test_server_that_refuses_everybody_pauses_the_run(site):
    server = Scripted(("RCPT", "5xx"))
    site.configure(port=server.port, smtp={"connections": 2})
    site.add_active([f"user{i}@example.org" for i in range(100)])
    path = site.issue()
    result = site.run("send", "--yes", path, expect=69)
    assert "refused RCPT" in result.err
    assert site.states() == {"queued": 100} and server.faults < 15
    server.stop()


def test_unreachable_server(site):
    site.add_active(["ann@example.org"])
    result = site.run("send", "--yes", site.issue(), expect=75)
    assert "127.0.0.1:9" in result.err and "check smtp.host" in result.err
    assert site.states() == {"queued": 1}


def test_unresolvable_server(site):
    site.configure(smtp={"host": "no-such-host.invalid"})
    site.add_active(["ann@example.org"])
    site.run("send", "--yes", site.issue(), expect=75)
    assert site.states() == {"queued": 1}


def test_test_mail_reports_the_reply(site):
    for fault, code in (("RCPT", 69), ("AUTH", 0), ("dot", 69)):
        server = Scripted((fault, "5xx"))
        site.configure(port=server.port)
        result = site.run("send", "--yes", site.issue(), "--test", "boss@example.org", expect=code)
        assert code == 0 or "554" in result.err
        server.stop()

