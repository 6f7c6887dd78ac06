"""The envelope of a message goes out with the final dot of the one before (RFC 2920), to servers that offer PIPELINING. Some of them
cannot take it."""
import collections
import os
import tempfile

import certificates
import mailhosts
import postfix
import pytest
import unpacked
from conftest import wait_for
from scripted import scripted  # noqa: F401
from test_flight import answer_by_number

pytestmark = pytest.mark.one_engine("the engine makes no difference")
Place = collections.namedtuple("Place", "name address")
PEOPLE = [f"user{n}@example.org" for n in range(40)]


def send(site, server, expect=0, people=PEOPLE, env=None, **smtp):
    site.configure(port=server.port, smtp={"connections": 2, **smtp})
    site.add_active(people)
    return site.run("send", "--yes", site.issue(), expect=expect, env=env)


def all_sent(site, server):
    return sorted(server.received) == sorted(PEOPLE) and site.states() == {"sent": len(PEOPLE)}


@pytest.mark.parametrize("connections", [1, 4])
def test_envelopes_go_out_with_final_dots(site, scripted, connections):
    server = scripted(delay=0.005)
    result = send(site, server, connections=connections, env={"NEWSLETTER_TRACE": "smtp"})
    assert all_sent(site, server)
    assert server.together > len(PEOPLE) / 4
    assert result.err.count("with the final dot will go MAIL: from") >= server.together


def test_without_the_offer(site, scripted):
    server = scripted(pipelining=False)
    send(site, server)
    assert all_sent(site, server) and server.together == 0


@pytest.mark.parametrize("connections", [1, 4])
def test_refusals_reach_those_they_are_meant_for(site, scripted, connections):
    server = scripted(answer=answer_by_number, delay=0.002)
    site.configure(retry={"first": "1h", "max": "1h"})
    send(site, server, connections=connections)
    wanted = {3: "bounced", 5: "deferred", 7: "failed", 8: "deferred"}
    assert site.state_of_each() == {
        address: wanted.get(int(address[4:address.index("@")]) % 10, "sent") for address in PEOPLE}
    assert sorted(server.received) == sorted(a for a, state in site.state_of_each().items() if state == "sent")
    assert server.together > 0


@pytest.mark.parametrize("connections", [1, 4])
def test_a_server_that_takes_one_message_on_a_connection(site, scripted, connections):
    """It does not say so. The envelope that it never reads is tried once, and nobody pays for it."""
    server = scripted(after_dot="close", delay=0.002)
    result = send(site, server, connections=connections, env={"NEWSLETTER_TRACE": "smtp"})
    assert all_sent(site, server)
    assert result.err.count("with the final dot will go MAIL") == 1
    assert site.sql("SELECT count(*) FROM setting WHERE key LIKE 'relay without pipelining %'") == [(0,)]


def test_a_server_that_throws_away_what_comes_with_the_final_dot(site, scripted):
    """One message waits for an answer that does not come, and is sent to nobody before it is sent once. The next run knows."""
    server = scripted(after_dot="discard", delay=0.002)
    send(site, server, timeout="2s", expect=None)  # 75 when nothing was accepted for as long as the timeout
    if site.states() != {"sent": len(PEOPLE)}:
        site.run("retry")
    assert all_sent(site, server) and server.together == 1
    assert site.sql("SELECT count(*) FROM setting WHERE key LIKE 'relay without pipelining %'") == [(1,)]
    site.run("send", "--yes", site.issue(number="No 2"))
    assert server.together == 1 and len(server.received) == 2 * len(PEOPLE)


@pytest.mark.parametrize("reply", ["554 5.5.0 synchronization error", "421 4.5.0 synchronization error", "503 5.5.1 Improper use of pipelining"])
@pytest.mark.parametrize("connections", [1, 3])
def test_a_server_that_refuses_a_message_because_more_came_with_it(site, scripted, connections, reply):
    """The refusal is not taken for one of this message, or of us: it goes out once more, alone."""
    server = scripted(after_dot=reply, delay=0.002)
    send(site, server, connections=connections, timeout="2s")
    assert all_sent(site, server) and server.together == 1


def test_nothing_follows_a_message_that_takes_long(site, scripted):
    """It would wait for that one, while another connection is free."""
    server = scripted(delay=0.6)
    send(site, server, people=PEOPLE[:6], connections=1)
    assert len(server.received) == 6 and server.together == 0


def test_the_connections_of_a_domain_are_not_taken_by_what_follows(site, scripted):
    server = scripted(delay=0.005)
    site.configure(limits={"domains": [{"domain": "example.org", "connections": 1}]})
    send(site, server, connections=3)
    assert all_sent(site, server) and server.together == 0


@pytest.mark.parametrize("connections", [1, 2])
def test_a_run_that_stops_sends_nothing_that_has_followed(site, scripted, connections):
    """The relay refuses us: no message whose envelope came early goes on by itself."""
    refused = []

    def answer(stage, recipient):
        if stage == "dot" and (refused or recipient == PEOPLE[15]):
            refused.append(recipient)
            return "550 5.7.1 Your address is blocked"
        return None

    server = scripted(answer=answer, delay=0.002)
    send(site, server, connections=connections, expect=None)
    assert site.states().get("queued", 0) >= len(PEOPLE) - 16 - len(refused) and len(refused) <= 2 + 2 * connections
    assert server.together > 0


def test_a_reply_too_many(site, scripted):
    """Replies that do not count up belong to no message: what was accepted stays, and the rest goes out without."""
    server = scripted(after_dot="two replies", delay=0.002)
    send(site, server, expect=None)
    site.configure(retry={"first": "1s", "max": "1s"})
    for _ in range(3):
        if site.states() != {"sent": len(PEOPLE)}:
            site.run("retry", expect=None)
    assert max(collections.Counter(server.received).values()) == 1
    assert site.states().get("unknown", 0) == 0


def test_421_on_a_connection_that_had_enough(site, scripted):
    taken = collections.Counter()

    def answer(stage, recipient):
        del recipient
        taken[stage] += 1
        return "421 4.7.0 Too many messages" if stage == "MAIL" and taken["MAIL"] % 4 == 0 else None

    server = scripted(answer=answer, delay=0.002)
    server.close_after_421 = True
    send(site, server, connections=1)
    assert all_sent(site, server)


def test_421_instead_of_an_answer_to_the_message(site, scripted):
    """The message is deferred. The one whose envelope came with it goes out on another connection."""
    def answer(stage, recipient):
        return "421 4.3.0 Going down" if stage == "dot" and recipient in (PEOPLE[5], PEOPLE[17]) else None

    server = scripted(answer=answer, delay=0.002)
    server.close_after_421 = True
    site.configure(retry={"first": "1h", "max": "1h"})
    send(site, server)
    assert site.states() == {"sent": len(PEOPLE) - 2, "deferred": 2}
    assert sorted(server.received) == sorted(set(PEOPLE) - {PEOPLE[5], PEOPLE[17]})


def test_a_connection_that_breaks_leaves_one_message_in_doubt(site, scripted):
    """The one whose final dot was sent. The one that follows was not sent at all."""
    def answer(stage, recipient):
        if stage == "dot" and recipient == PEOPLE[20]:
            raise EOFError

    server = scripted(answer=answer, delay=0.002)
    send(site, server)
    assert site.states() == {"sent": len(PEOPLE) - 1, "unknown": 1}
    assert site.state_of_each()[PEOPLE[20]] == "unknown"


def test_no_more_messages_on_a_connection_than_were_allowed(site, scripted):
    server = scripted(delay=0.002)
    send(site, server, per_connection=3)
    assert all_sent(site, server) and server.most == 3 and server.together > 0


def test_who_leaves_when_the_envelope_was_sent_gets_nothing(site, scripted):
    def leave(stage, recipient):
        if stage == "dot" and recipient == PEOPLE[10]:
            site.sql("UPDATE subscription SET state = 'unsubscribed' WHERE subscriber IN (SELECT id FROM subscriber "
                     "WHERE address IN ('user11@example.org', 'user12@example.org', 'user13@example.org'))")

    server = scripted(answer=leave, delay=0.002)
    send(site, server, connections=1)
    assert sorted(server.received) == sorted(set(PEOPLE) - set(PEOPLE[11:14]))
    assert site.states() == {"sent": len(PEOPLE) - 3, "skipped": 3}


def test_a_pause_leaves_nothing_in_doubt(site, scripted):
    def pause(stage, recipient):
        if stage == "dot" and recipient == PEOPLE[10]:
            site.run("pause", "1")

    server = scripted(answer=pause, delay=0.002)
    send(site, server, expect=None)
    sent = len(server.received)
    assert 11 <= sent < len(PEOPLE) and site.states() == {"sent": sent, "queued": len(PEOPLE) - sent}
    site.run("resume", "1", expect=None)
    site.run("retry", expect=None)
    assert all_sent(site, server)


WITHOUT_CHUNKING = {"postfix": (mailhosts.PostfixHost, "MAIN", "smtpd_discard_ehlo_keywords = chunking\nsmtpd_forbid_unauth_pipelining = yes\n"
                                "inet_interfaces = 127.0.0.1\n"),
                    "exim": (mailhosts.EximHost, "CONFIG", "chunking_advertise_hosts =\n"), "opensmtpd": (mailhosts.OpenSmtpdHost, "CONFIG", "")}


@pytest.mark.slow
@pytest.mark.skipif(not (postfix.available() and unpacked.available("exim") and unpacked.available("opensmtpd")),
                    reason="needs root, Postfix, Exim and OpenSMTPD")
@pytest.mark.parametrize("name", WITHOUT_CHUNKING)
def test_real_mail_hosts_take_it(site, monkeypatch, name):
    kind, configuration, more = WITHOUT_CHUNKING[name]
    head, begin, rest = getattr(kind, configuration).partition("begin acl\n")
    monkeypatch.setattr(kind, configuration, head + more + begin + rest)
    folder = os.path.join(site.folder, "tls")
    os.mkdir(folder)
    certificates.make(folder, "mx.example.org")
    place = Place("mx.example.org", f"127.25.{os.getpid() % 250}.{1 + list(WITHOUT_CHUNKING).index(name)}")
    host = kind(tempfile.mkdtemp(prefix="mailhost"), place, ["example.org"], folder, [])
    host.start()
    try:
        people = [f"p{n}@example.org" for n in range(20)]
        site.configure(port=25, smtp={"host": place.address, "connections": 1})
        site.add_active(people)
        result = site.run("send", "--yes", site.issue(), env={"NEWSLETTER_TRACE": "smtp"})
        assert site.states() == {"sent": len(people)}
        offered = "PIPELINING" in result.err  # OpenSMTPD does not: nothing follows there
        assert (result.err.count("with the final dot will go MAIL") > 2) == offered == (name != "opensmtpd")
        wait_for(lambda: host.taken() == dict.fromkeys(people, 1))
    finally:
        host.stop()
