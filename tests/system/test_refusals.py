"""Whose fault a refusal is: what a relay refuses because of us loses nobody, what it refuses because of an address ends
that subscription, and nothing that a relay says loses an issue."""
import os

import pytest
from conftest import wait_for
from scripted import Scripted

SEVERAL = [f"p{n}@d{n}.example.org" for n in range(6)]
ONE_DOMAIN = [f"p{n}@example.org" for n in range(6)]

# Replies of relays that refuse us, at RCPT as well as elsewhere.
OF_US = [
    "554 5.7.1 <{}>: Relay access denied",
    "550 relay not permitted",
    "550 5.7.1 Relaying denied",
    "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
    "553 5.7.1 <press@example.org>: Sender address rejected: not owned by user press",
    "550 5.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]",
    "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
    "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
    "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP",
    "550 5.4.5 Daily user sending limit exceeded",
    "550 5.1.8 Sender address rejected: Domain not found",
    "550 5.1.7 Invalid sender address",
    "550 Sender verify failed",
    "550 Administrative prohibition",
    "530 5.7.0 Must issue a STARTTLS command first",
    "535 5.7.8 Error: authentication failed",
    "503 5.5.1 Error: need MAIL command",
    "550-5.7.26 This mail has been blocked because the sender is unauthenticated.\r\n550-5.7.26 Gmail requires all "
    "senders to authenticate\r\n550 5.7.26 with either SPF or DKIM.",
]

# Words by which nobody could know: only that everybody is refused tells.
OF_EVERYBODY = ["550 5.1.1 <{}>: User unknown in local recipient table", "550 No thanks", "554 5.0.0 Never", "571 No",
                "550 5.2.2 Mailbox full", "552 5.3.4 Message too big", "556 5.1.10 Domain does not accept mail"]


@pytest.fixture
def relay(site):
    """Starts a relay that answers as `answer` says, and a list of people."""
    started = []

    def start(people, answer=None, **options):
        server = Scripted(answer=answer, **options)
        started.append(server)
        site.configure(port=server.port, smtp={"connections": options.pop("connections", 1)})
        site.add_active(people)
        return server

    yield start
    for server in started:
        server.stop()


def at(stage, text, only=lambda recipient: True):
    """Answers with `text` at a stage; one that recipients are told apart by needs RCPT or later."""
    return lambda asked, recipient: (text.format(recipient) if asked == stage and only(recipient) else None)


def subscriptions(site):
    return dict(site.sql("SELECT state, count(*) FROM subscription GROUP BY state"))


def issue(site):
    return site.sql("SELECT state FROM issue")[0][0]


def send_again(site, server):
    """The cause is corrected: the same command reaches everybody."""
    server.answer = None
    site.run("send", "--yes", os.path.join(site.folder, "issue.md"))


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("stage, text", [("RCPT", text) for text in OF_US] + [
    (stage, text) for stage in ("MAIL", "DATA", "dot") for text in (OF_US[0], OF_US[5], OF_US[-1])])
def test_refusals_of_us_pause_and_lose_nobody(site, relay, stage, text):
    server = relay(SEVERAL, at(stage, text))
    result = site.run("send", "--yes", site.issue(), expect=69)
    assert f"refused {'the final dot' if stage == 'dot' else stage} with {text[:3]}" in result.err
    assert site.states() == {"queued": 6} and issue(site) == "paused"
    assert subscriptions(site) == {"active": 6}
    assert site.sql("SELECT max(attempts), count(first_attempt_at), count(dot_at) FROM delivery") == [(0, 0, 0)]
    send_again(site, server)
    assert sorted(server.received) == SEVERAL


@pytest.mark.parametrize("people", [SEVERAL[:1], SEVERAL[:2], SEVERAL[:3], ONE_DOMAIN[:3]])
@pytest.mark.parametrize("stage", ["RCPT", "dot"])
@pytest.mark.parametrize("text", [OF_US[0]])
def test_small_lists(site, relay, people, stage, text):
    server = relay(people, at(stage, text))
    site.run("send", "--yes", site.issue(), expect=69)
    assert site.states() == {"queued": len(people)} and subscriptions(site) == {"active": len(people)}
    send_again(site, server)
    assert sorted(server.received) == people


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("text, state", [
    ("550 Нет такого пользователя", "bounced"), ("550 Пользователь не найден", "bounced"),
    ("550 用户不存在", "bounced"), ("552 Почтовый ящик переполнен", "active"), ("550 Benutzer unbekannt: kein Postfach für <{}>", "bounced")])
def test_replies_in_other_alphabets_are_kept_and_judged(site, relay, text, state):
    server = relay(SEVERAL, at("RCPT", text, lambda recipient: recipient == SEVERAL[2]))
    site.run("send", "--yes", site.issue(), expect=None)
    assert sorted(server.received) == [one for one in SEVERAL if one != SEVERAL[2]]
    assert site.sql("SELECT s.state, d.reply_text FROM delivery d JOIN subscription s ON s.id = d.subscription "
                    "WHERE d.reply_code <> 250") == [(state, text[4:].format(SEVERAL[2]))]


MANY = [f"q{n}@d{n % 9}.example.net" for n in range(60)]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("people, text, pipelining", [(SEVERAL, text, True) for text in OF_EVERYBODY] + [
    (people, OF_EVERYBODY[0], pipelining) for pipelining in (True, False)
    for people in (SEVERAL[:2], ONE_DOMAIN, ONE_DOMAIN[:2], MANY, [f"q{n}@example.net" for n in range(60)])] + [
    (MANY, OF_EVERYBODY[1], False)])
def test_a_relay_that_refuses_everybody(site, relay, people, text, pipelining):
    server = relay(people, at("RCPT", text), pipelining=pipelining)
    server.asked = 0
    site.configure(smtp={"connections": 4})
    result = site.run("send", "--yes", site.issue(), expect=69)
    assert "refused RCPT with " in result.err and "queued again" in result.err
    assert site.states() == {"queued": len(people)} and subscriptions(site) == {"active": len(people)}
    assert issue(site) == "paused"
    send_again(site, server)
    assert sorted(server.received) == sorted(people)


def test_different_words_for_each(site, relay):
    """A confused relay does not say the same twice."""
    people = MANY
    texts = ["550 5.1.1 User unknown", "550 No", "552 5.2.2 Full", "554 5.6.0 Bad content", "550 5.1.2 No such domain"]
    seen = []

    def answer(stage, recipient):
        if stage != "RCPT":
            return None
        seen.append(recipient)
        return texts[len(seen) % len(texts)]

    server = relay(people, answer)
    site.run("send", "--yes", site.issue(), expect=69)
    assert site.states() == {"queued": 60} and subscriptions(site) == {"active": 60} and len(seen) < 20
    send_again(site, server)
    assert sorted(server.received) == sorted(people)


def test_a_relay_that_begins_to_refuse(site, relay):
    people = MANY
    server = relay(people)
    server.answer = lambda stage, recipient: ("550 No more of this" if stage == "RCPT" and len(server.received) >= 30
                                              else None)
    site.run("send", "--yes", site.issue(), expect=69)
    assert site.states() == {"sent": 30, "queued": 30} and subscriptions(site) == {"active": 60}
    send_again(site, server)
    assert sorted(server.received) == sorted(people)


def test_own_domain_only(site, relay):
    """Mail for the relay's own domain is accepted, and relaying is denied: those whom it refused wait."""
    people = [f"p{n}@{'example.org' if n % 3 else f'd{n}.example.net'}" for n in range(30)]
    denied = [person for person in people if "example.net" in person]
    server = relay(people, at("RCPT", OF_US[0], lambda recipient: "example.net" in recipient))
    site.run("send", "--yes", site.issue(), expect=69)
    states = site.states()
    assert set(states) == {"sent", "queued"} and states["queued"] >= len(denied)
    assert subscriptions(site) == {"active": 30}
    send_again(site, server)
    assert sorted(server.received) == sorted(people)


def test_dead_addresses_end(site, relay):
    """At RCPT and at the final dot: what a proved bounce does."""
    people = [f"p{n}@d{n}.example.org" for n in range(12)]

    def answer(stage, recipient):
        if stage == "RCPT" and recipient == people[0]:
            return "550 5.1.1 <p0@d0.example.org>: Recipient address rejected: User unknown"
        if stage == "dot" and recipient == people[5]:
            return "550 5.1.1 No such user here"
        if stage == "RCPT" and recipient == people[6]:
            return "552 5.2.2 Mailbox full"
        if stage == "RCPT" and recipient == people[11]:
            return "550-5.1.1 The email account that you tried to reach does\r\n550 5.1.1 not exist."
        return None

    relay(people, answer)
    result = site.run("send", "--yes", site.issue())
    assert "8 sent, 4 bounced" in result.out
    assert site.sql("SELECT r.address FROM subscription s JOIN subscriber r ON r.id = s.subscriber "
                    "WHERE s.state = 'bounced' ORDER BY 1") == [(people[0],), (people[11],), (people[5],)]
    assert site.sql("SELECT s.state, s.bounce_score > 0 FROM subscription s JOIN subscriber r ON r.id = s.subscriber "
                    "WHERE r.address = ?", people[6]) == [("active", True)]
    assert sorted(site.sql("SELECT kind, reason FROM bounce")) == [
        ("hard", "no-such-user")] * 3 + [("soft", "mailbox-full")]
    assert site.sql("SELECT DISTINCT kind FROM returned") == [("reply",)]


def test_one_dead_address_alone(site, relay):
    relay(["gone@example.org"], at("RCPT", "550 5.1.1 User unknown"))
    site.run("send", "--yes", site.issue())
    assert site.states() == {"bounced": 1} and subscriptions(site) == {"bounced": 1}


def test_a_vague_refusal_of_one_alone_is_tried_again(site, relay):
    server = relay(["ann@example.org"], at("RCPT", "550 No"))
    site.run("send", "--yes", site.issue(), expect=None)
    assert site.states() == {"deferred": 1} and subscriptions(site) == {"active": 1}
    server.answer = None
    site.sql("UPDATE delivery SET next_attempt_at = 1")
    site.run("retry")
    assert server.received == ["ann@example.org"]


def test_leftovers_of_an_issue_that_others_got(site, relay):
    """When an issue has reached others, the relay works: dead addresses are believed however few are left."""
    people = [f"p{n}@d{n}.example.org" for n in range(6)]
    server = relay(people, at("RCPT", "450 4.2.0 Greylisted, come back later", lambda person: person in people[:3]))
    site.run("send", "--yes", site.issue(), expect=None)
    assert site.states() == {"deferred": 3, "sent": 3}
    server.answer = at("RCPT", "550 5.1.1 User unknown")
    site.sql("UPDATE delivery SET next_attempt_at = 1 WHERE state = 'deferred'")
    site.run("retry")
    assert site.states() == {"bounced": 3, "sent": 3} and subscriptions(site) == {"bounced": 3, "active": 3}


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("text", ["454 4.7.1 <{}>: Relay access denied", "450 4.7.1 Client host rejected: cannot find "
                                  "your hostname, [192.0.2.1]", "451 4.7.1 Sender address rejected: not owned"])
@pytest.mark.parametrize("stage, people", [("MAIL", SEVERAL), ("RCPT", SEVERAL), ("DATA", SEVERAL), ("dot", SEVERAL),
                                           ("RCPT", SEVERAL[:1]), ("RCPT", ONE_DOMAIN[:3])])
def test_refused_for_now_because_of_us(site, relay, stage, text, people):
    """The run ends without a pause; nobody's time to give up begins; the same command reaches everybody."""
    server = relay(people, at(stage, text))
    site.run("send", "--yes", site.issue(), expect=None)
    assert set(site.states()) <= {"queued", "deferred"} and issue(site) == "sending"
    assert subscriptions(site) == {"active": len(people)}
    site.sql("UPDATE delivery SET first_attempt_at = 1, next_attempt_at = 1 WHERE state = 'deferred'")
    site.run("retry", expect=None)
    assert set(site.states()) <= {"queued", "deferred"}  # never given up
    send_again(site, server)
    assert sorted(server.received) == people


def share(site, *servers):
    site.configure(smtp={"connections": 4}, relays=[
        {"host": "127.0.0.1", "port": server.port, "security": "none"} for server in servers])


def test_one_of_two_relays_refuses_us(site, relay):
    people = [f"p{n}@d{n}.example.org" for n in range(40)]
    refusing = Scripted(answer=at("RCPT", OF_US[0]))
    try:
        server = relay(people)
        share(site, refusing, server)
        site.run("send", "--yes", site.issue())
    finally:
        refusing.stop()
    assert site.states() == {"sent": 40} and sorted(server.received) == sorted(people)


def test_both_relays_refuse_us(site, relay):
    people = [f"p{n}@d{n}.example.org" for n in range(40)]
    other = Scripted(answer=at("MAIL", OF_US[4]))
    try:
        server = relay(people, at("RCPT", OF_US[0]))
        share(site, other, server)
        site.run("send", "--yes", site.issue(), expect=69)
        assert site.states() == {"queued": 40} and subscriptions(site) == {"active": 40}
        other.answer = None
        send_again(site, server)
    finally:
        other.stop()
    assert sorted(server.received + other.received) == sorted(people)


@pytest.mark.parametrize("text", [OF_US[0], OF_US[9], "550 No thanks"])
def test_notices_are_not_lost(site, relay, text):
    server = relay([], at("RCPT", text))
    for name in ("ann", "bob", "cy"):
        site.run("subscribe", f"{name}@example.org")
    site.run("retry", expect=None)
    assert {state for state, in site.sql("SELECT state FROM delivery")} <= {"queued", "deferred"}
    assert not server.received and subscriptions(site) == {"pending": 3}
    server.answer = None
    site.sql("UPDATE delivery SET next_attempt_at = 1 WHERE state = 'deferred'")
    site.run("retry")
    assert sorted(server.received) == ["ann@example.org", "bob@example.org", "cy@example.org"]


def test_mistyped_addresses_of_notices_bounce(site, relay):
    relay([], at("RCPT", "550 5.1.1 User unknown"))
    for name in ("ann", "bob"):
        site.run("subscribe", f"{name}@example.org")
    assert site.sql("SELECT state, count(*) FROM delivery GROUP BY state") == [("bounced", 2)]


def test_a_relay_without_smtputf8_and_a_recipient_out_of_reach(site, relay):
    def answer(stage, recipient):
        return "550 5.4.1 No answer from host" if stage == "RCPT" and recipient.startswith("far@") else None

    relay([*SEVERAL, "\u00e9va@example.org", "far@example.net"], answer)
    site.run("send", "--yes", site.issue())
    assert site.states() == {"sent": 6, "failed": 2} and subscriptions(site) == {"active": 8}
    texts = [text for text, in site.sql("SELECT reply_text FROM delivery WHERE state = 'failed'")]
    assert any("SMTPUTF8" in text for text in texts) and any("No answer" in text for text in texts)


def test_a_message_that_is_too_big_for_one(site, relay):
    def answer(stage, recipient):
        return "552 5.3.4 Message size exceeds fixed limit" if stage == "dot" and recipient == SEVERAL[2] else None

    relay(SEVERAL, answer)
    site.run("send", "--yes", site.issue())
    assert site.states() == {"sent": 5, "failed": 1} and subscriptions(site) == {"active": 6}


def test_a_message_that_is_too_big_for_the_relay(site, relay):
    server = relay(SEVERAL, offers=["SIZE 1000"])
    result = site.run("send", "--yes", site.issue(), expect=69)
    assert "make its pictures smaller" in result.err and site.states() == {"queued": 6}
    server.offers = []
    send_again(site, server)
    assert sorted(server.received) == SEVERAL


def test_content_that_one_recipient_refuses(site, relay):
    """One who filters mail keeps nobody else waiting, the first in the queue or not."""
    relay(SEVERAL, at("dot", "554 5.6.0 Message content rejected", lambda person: person == SEVERAL[0]))
    site.run("send", "--yes", site.issue())
    assert site.states() == {"sent": 5, "failed": 1} and subscriptions(site) == {"active": 6}


def test_killed_while_refusals_are_held(site, relay, tmp_path):
    """A message that the relay refused at the dot is queued after a crash, and not in doubt."""
    import signal
    import threading
    release = threading.Event()
    reached = threading.Event()

    def answer(stage, recipient):
        if stage == "dot" and recipient == SEVERAL[0]:
            return "550 5.1.1 User unknown"
        if stage == "MAIL" and reached.is_set():
            return None
        if stage == "RCPT" and recipient == SEVERAL[2]:
            reached.set()
            release.wait(30)
        return None

    server = relay(SEVERAL, answer)
    server.answer = lambda stage, recipient: ("550 5.1.1 User unknown" if stage == "dot" and recipient in SEVERAL[:2]
                                              else answer(stage, recipient))
    site.configure(workers={"lease": "3s"})
    run = site.popen("send", "--yes", site.issue())
    assert reached.wait(30)
    # The next message begins before the commit that withdraws the commit points of those that were refused.
    # Those of the messages to come may be there ahead of time.
    wait_for(lambda: site.sql("SELECT count(*) FROM delivery d JOIN subscription s ON s.id = d.subscription JOIN subscriber r "
                              "ON r.id = s.subscriber WHERE d.dot_at IS NOT NULL AND r.address IN (?, ?)",
                              *SEVERAL[:2]) == [(0,)])
    run.send_signal(signal.SIGKILL)
    run.wait()
    release.set()
    server.answer = None

    def all_sent():
        """A server's database keeps the leases of the dead process until they are over."""
        site.run("send", "--yes", os.path.join(site.folder, "issue.md"), expect=None)
        return site.states() == {"sent": 6}

    wait_for(all_sent)
    assert sorted(server.received) == SEVERAL
