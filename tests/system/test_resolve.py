"""Where mail for a domain goes, by a real name server with a signed root zone, and by one that says nothing."""
import json
import os
import subprocess

import pytest

import zones
from conftest import BINARY

pytestmark = [pytest.mark.one_engine("no database is asked"),
              pytest.mark.skipif(not zones.available(), reason="needs Debian's knot")]

RECORDS = """
plain.example. MX 20 mx2.plain.example.
plain.example. MX 10 mx1.plain.example.
mx1.plain.example. A 93.184.216.1
mx1.plain.example. AAAA 2a00:1450::1
mx2.plain.example. A 93.184.216.2
equal.example. MX 10 a.equal.example.
equal.example. MX 10 b.equal.example.
equal.example. MX 10 c.equal.example.
equal.example. MX 5 first.equal.example.
a.equal.example. A 93.184.216.3
b.equal.example. A 93.184.216.4
c.equal.example. A 93.184.216.5
first.equal.example. A 93.184.216.6
implicit.example. A 93.184.216.7
implicit.example. AAAA 2a00:1450::7
null.example. MX 0 .
null.example. A 93.184.216.8
text.example. TXT "no mail here"
alias.example. CNAME plain.example.
aliased.example. MX 10 alias.aliased.example.
alias.aliased.example. CNAME mx1.plain.example.
dangling.example. MX 10 nowhere.example.
part.example. MX 10 nowhere.example.
part.example. MX 20 mx2.plain.example.
loop.example. MX 10 mx.loop.example.
mx.loop.example. A 127.0.0.1
private.example. MX 10 mx.private.example.
mx.private.example. A 10.1.2.3
mx.private.example. AAAA fd00::3
mx.private.example. AAAA ::1
mixed.example. MX 10 mx.mixed.example.
mx.mixed.example. A 192.168.0.1
mx.mixed.example. A 93.184.216.9
mapped.example. MX 10 mx.mapped.example.
mx.mapped.example. AAAA ::ffff:127.0.0.1
badhost.example. MX 10 mx\\010x.badhost.example.
hyphen.example. MX 10 -mx.hyphen.example.
-mx.hyphen.example. A 93.184.216.11
number.example. MX 10 127.0.0.1.
127.0.0.1. A 93.184.216.12
hex.example. MX 10 0x7f.0x1.
0x7f.0x1. A 93.184.216.13
digits.example. MX 10 4.digits.example.
digits.example. MX 20 0x4.digits.example.
4.digits.example. A 93.184.216.14
0x4.digits.example. A 93.184.216.15
many.example. A 93.184.216.10
"""
MANY = "\n".join(f"crowd.example. MX {10 * number} mx{number}.crowd.example.\nmx{number}.crowd.example. A 93.184.217.{number}"
                 for number in range(1, 41))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    server = zones.Zones(tmp_path_factory.mktemp("zones"), RECORDS + MANY,
                         unsigned={"unsigned.example": "unsigned.example. A 93.184.216.20"},
                         bogus={"bogus.example": "bogus.example. A 93.184.216.21"}, broken=["broken.example"])
    yield server
    server.stop()


def routes(served, *domains, networks="", anchor=None):
    tool = os.path.join(os.path.dirname(os.path.dirname(BINARY)), "tests", "mail-route")
    done = subprocess.run([tool, served.address, served.anchor if anchor is None else anchor, networks, *domains],
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found = {route["domain"]: route for route in map(json.loads, done.stdout.splitlines())}
    assert sorted(found) == sorted(set(domains))
    return found


def route(served, domain, **options):
    return routes(served, domain, **options)[domain]


def names(found):
    return [host["name"] for host in found["hosts"]]


def test_hosts_come_by_preference_and_ipv6_first(served):
    found = route(served, "plain.example")
    assert found["state"] == "found" and found["secure"]
    assert [(host["name"], host["preference"]) for host in found["hosts"]] == [("mx1.plain.example", 10), ("mx2.plain.example", 20)]
    assert found["hosts"][0]["addresses"] == ["2a00:1450::1", "93.184.216.1"]
    assert all(host["secure"] for host in found["hosts"])
    assert 60 <= found["ttl"] <= 300


@pytest.mark.slow(1)
def test_hosts_of_one_preference_come_at_random(served):
    orders = {tuple(names(route(served, "equal.example"))) for _ in range(25)}
    assert len(orders) > 1
    assert {order[0] for order in orders} == {"first.equal.example"}
    assert {frozenset(order) for order in orders} == {frozenset(orders.pop())}


def test_a_domain_without_mx_records_is_its_own_host(served):
    found = route(served, "implicit.example")
    assert found["state"] == "found" and names(found) == ["implicit.example"]
    assert found["hosts"][0]["addresses"] == ["2a00:1450::7", "93.184.216.7"]


@pytest.mark.parametrize("domain, status, gone", [
    ("null.example", "5.1.10", True),         # RFC 7505
    ("missing.example", "5.1.2", True),       # NXDOMAIN
    ("text.example", "5.1.2", True),          # it exists, without hosts and without an address
    ("dangling.example", "5.4.4", False),     # its host does not exist
    ("badhost.example", "5.4.4", False),      # its host has a line break in its name
    ("hyphen.example", "5.4.4", False),       # libcurl would ask the system's resolver for its host
    ("number.example", "5.4.4", False),       # and connect to the address that its host's name is
    ("hex.example", "5.4.4", False),
    ("loop.example", "5.4.6", False),         # its host is this machine
    ("private.example", "5.4.6", False),
    ("mapped.example", "5.4.6", False)])
def test_what_has_no_way_for_good(served, domain, status, gone):
    found = route(served, domain)
    assert (found["state"], found["status"], found["no_such_domain"]) == ("none", status, gone), found
    assert found["hosts"] == [] and found["text"]


def test_aliases_are_followed(served):
    assert names(route(served, "alias.example")) == ["mx1.plain.example", "mx2.plain.example"]
    found = route(served, "aliased.example")
    assert found["hosts"][0]["addresses"] == ["2a00:1450::1", "93.184.216.1"]


def test_hosts_and_addresses_that_cannot_be_used_are_left_out(served):
    assert names(route(served, "part.example")) == ["mx2.plain.example"]
    assert route(served, "mixed.example")["hosts"][0]["addresses"] == ["93.184.216.9"]


def test_hosts_may_have_numbers_for_names(served):
    assert names(route(served, "digits.example")) == ["4.digits.example", "0x4.digits.example"]


def test_private_networks_can_be_allowed(served):
    found = route(served, "loop.example", networks="127.0.0.0/8")
    assert found["hosts"][0]["addresses"] == ["127.0.0.1"]
    assert route(served, "private.example", networks="10.0.0.0/8")["hosts"][0]["addresses"] == ["10.1.2.3"]


def test_of_many_hosts_the_preferred_ones_stay(served):
    assert names(route(served, "crowd.example")) == [f"mx{number}.crowd.example" for number in range(1, 17)]


def test_answers_are_validated(served):
    found = routes(served, "unsigned.example", "bogus.example", "plain.example")
    assert found["unsigned.example"]["state"] == "found" and not found["unsigned.example"]["secure"]
    assert found["bogus.example"]["state"] == "later" and "DNSSEC" in found["bogus.example"]["text"]
    assert found["plain.example"]["secure"]


def test_an_anchor_of_another_root_leaves_nobody_reachable(served, tmp_path):
    other = tmp_path / "anchor"
    other.write_text(f". IN DS 12345 13 2 {'49FD46E6C4B45C55' * 4}\n")
    assert route(served, "plain.example", anchor=str(other))["state"] == "later"


def test_servfail_is_for_now(served):
    found = route(served, "broken.example")
    assert found["state"] == "later" and "SERVFAIL" in found["text"]


def test_many_domains_are_asked_for_at_once(served):
    domains = [f"d{number}.example" for number in range(300)]
    found = routes(served, "many.example", *domains)
    assert {found[domain]["state"] for domain in domains} == {"none"}
    assert found["many.example"]["state"] == "found"


@pytest.mark.parametrize("servers, text", [("nonsense", "dns.servers"), ("127.0.0.1:0", "dns.servers"),
                                           ("127.0.0.1, name.example", "dns.servers")])
def test_servers_that_are_no_addresses_are_refused(servers, text):
    tool = os.path.join(os.path.dirname(os.path.dirname(BINARY)), "tests", "mail-route")
    done = subprocess.run([tool, servers, "", "", "plain.example"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and text in done.stderr
