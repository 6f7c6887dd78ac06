"""Addresses that need SMTPUTF8 (RFC 6531), and a relay of which only some servers offer it."""
import pytest
import zones
from conftest import MailServer
from mailserver import free_port
from test_direct import ready, send

direct = pytest.mark.skipif(not zones.available(), reason="needs Debian's knot")

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


@pytest.fixture
def mixed(site, world):
    """A domain whose preferred host offers SMTPUTF8, or its backup does."""
    def make(preferred, backup, listens=True):
        first = world.host("first.mixed.example", offers=preferred, listens=listens)
        second = world.host("second.mixed.example", offers=backup)
        world.domain("mixed.example", first.name, second.name)
        ready(site, world, ["person@mixed.example", "\u00e9va@mixed.example"], retry={"first": "1h", "max": "1h"})
        return first, second
    return make


WITH, WITHOUT = ("PIPELINING", "SMTPUTF8"), ("PIPELINING",)


@direct
def test_a_backup_does_not_decide(site, world, mixed):
    """The domain's own host is away; its backup, often somebody else's, does not offer it."""
    first, second = mixed(WITH, WITHOUT, listens=False)
    send(site)
    assert set(second.taken) == {"person@mixed.example"}
    assert site.sql("SELECT state, reply_status, reply_text FROM delivery WHERE state <> 'sent'") == [
        ("deferred", "4.6.7", "the server that may offer SMTPUTF8, which this address needs, cannot be reached")]
    world.listen(first, world.port)
    site.sql("UPDATE delivery SET next_attempt_at = 1 WHERE state = 'deferred'")
    site.run("retry")
    assert set(first.taken) == {"\u00e9va@mixed.example"} and site.states() == {"sent": 2}


@direct
def test_the_preferred_host_decides(site, world, mixed):
    first, second = mixed(WITHOUT, WITH)
    send(site)
    assert set(first.taken) == {"person@mixed.example"} and not second.taken
    assert site.sql("SELECT state, reply_status FROM delivery WHERE state <> 'sent'") == [("failed", "5.6.7")]


@direct
def test_the_servers_of_a_relay_beside_direct_delivery(connected, servers, world):
    """No message waits for the right one of them there: a later attempt may meet it."""
    offers, lacks = servers
    world.destination("elsewhere.example")
    world.start()
    connected.configure(**{**world.settings(), "delivery": "relay", "routes": [{"domain": "elsewhere.example", "by": "direct"}],
                           "relays": [relay(lacks.port), relay(free_port())]})
    connected.run("send", "--yes", connected.issue())
    assert connected.states() == {"sent": 12, "deferred": 3}
    connected.configure(relays=[relay(lacks.port), relay(offers.port, 99)])
    for _ in range(20):
        connected.sql("UPDATE delivery SET next_attempt_at = 1 WHERE state = 'deferred'")
        connected.run("retry")
    assert connected.states() == {"sent": 15} and received(offers) >= set(NEEDY)
