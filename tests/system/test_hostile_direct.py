"""Mail hosts of recipients that break the protocol byte by byte: the next host of the domain is tried, nobody is charged for what was said
to another, nobody is mailed twice, and the run ends."""
import collections
import time

import pytest

import zones
from conftest import wait_for
from hostile_relay import USUAL, hostile  # noqa: F401
from test_direct import people, ready, replies, send

pytestmark = [pytest.mark.one_engine("the engine makes no difference"),
              pytest.mark.skipif(not zones.available(), reason="needs Debian's knot")]
PATIENCE = {"timeout": "2s"}
WAITS = {"first": "1h", "max": "1h"}
PLAIN = (b"8BITMIME",)
OFFERS = {"one by one": PLAIN, "pipelining": (*PLAIN, b"PIPELINING"), "chunking": (*PLAIN, b"PIPELINING", b"CHUNKING")}


def stands_at(world, hostile, host, *args, **options):
    """Something else listens in the place of a host that does not."""
    return hostile(*args, place=(host.address, world.port), **options)


def sent(site):
    return {address for address, state in site.state_of_each().items() if state == "sent"}


def taken(*servers):
    return sum((server.taken for server in servers), collections.Counter())


def test_each_domain_has_its_own_order(site, world):
    """Two domains have the same hosts, and each prefers another one: the other may take nothing for it while that one is there."""
    one, two = world.host("mx1.provider.example"), world.host("mx2.provider.example")
    world.domain("a.example", one.name, two.name)
    world.domain("b.example", two.name, one.name)
    world.domain("c.example", (5, one.name), (5, two.name))
    ready(site, world, people("a.example", "b.example", "c.example", count=8))
    send(site)
    assert {address for address in one.taken if "@c" not in address} == set(people("a.example", count=8))
    assert {address for address in two.taken if "@c" not in address} == set(people("b.example", count=8))
