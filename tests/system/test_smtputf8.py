"""Addresses that need SMTPUTF8 (RFC 6531), and a relay of which only some servers offer it."""
import pytest
from conftest import MailServer
from mailserver import free_port

PLAIN = [f"person{i}@example.org" for i in range(12)]
NEEDY = ["\u00e9va@example.org", "\u044f@example.org", "zo\u00eb@example.net"]


@pytest.fixture
def servers(connected, server, tmp_path):
    """The server of `connected` offers it; the other one does not."""
    other = MailServer(str(tmp_path / "mail2"), smtputf8=False)
    connected.add_active(PLAIN[:6] + NEEDY + PLAIN[6:])
    yield server, other
    other.stop()


def relay(port, weight=1):
    return {"host": "127.0.0.1", "port": port, "security": "none", "weight": weight}


def received(at):
    return {address for address in PLAIN + NEEDY if at.messages(address)}


@pytest.mark.parametrize("connections", [1, 2, 8])
@pytest.mark.parametrize("weights", [(1, 1), (1, 50), (50, 1)])
def test_another_server_offers_it(connected, servers, connections, weights):
    offers, lacks = servers
    connected.configure(smtp={"connections": connections}, relays=[relay(lacks.port, weights[0]), relay(offers.port, weights[1])])
    connected.run("send", "--yes", connected.issue())
    assert connected.states() == {"sent": 15}
    assert received(offers) >= set(NEEDY) and received(lacks) <= set(PLAIN)
    assert offers.count() + lacks.count() == 15


def test_one_alone_in_a_retry(connected, servers):
    """Its first connection leads to the server that has nearly all of the weight."""
    offers, lacks = servers
    connected.configure(smtp={"connections": 1}, relays=[relay(offers.port), relay(lacks.port, 99)])
    connected.sql("UPDATE subscription SET state = 'unsubscribed' WHERE id <> 7")
    connected.run("send", "--yes", connected.issue())
    assert received(offers) == {NEEDY[0]} and received(lacks) == set()


def test_the_one_that_may_offer_it_is_away(connected, servers):
    """Then the others are sent, and these wait: it may come back."""
    _, lacks = servers
    away = free_port()
    connected.configure(smtp={"connections": 2}, relays=[relay(lacks.port), relay(away)])
    connected.run("send", "--yes", connected.issue())
    assert connected.states() == {"sent": 12, "deferred": 3}
    assert {text for text, in connected.sql("SELECT reply_text FROM delivery WHERE state = 'deferred'")} == {
        "the server that may offer SMTPUTF8, which this address needs, cannot be reached"}
    offers, _ = servers
    connected.configure(relays=[relay(lacks.port), relay(offers.port)])
    connected.sql("UPDATE delivery SET next_attempt_at = 1 WHERE state = 'deferred'")
    connected.run("retry")
    assert connected.states() == {"sent": 15} and received(offers) >= set(NEEDY)


def test_none_offers_it(connected, servers, tmp_path):
    _, lacks = servers
    third = MailServer(str(tmp_path / "mail3"), smtputf8=False)
    connected.configure(smtp={"connections": 2}, relays=[relay(lacks.port), relay(third.port)])
    connected.run("send", "--yes", connected.issue())
    third.stop()
    assert connected.states() == {"sent": 12, "failed": 3}
    assert set(connected.sql("SELECT reply_status, reply_text FROM delivery WHERE state = 'failed'")) == {
        ("5.6.7", "the server does not offer SMTPUTF8, which this address needs")}
