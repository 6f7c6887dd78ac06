"""MTA-STS (RFC 8461): a domain's policy says which mail hosts it has, and that they show certificates for their names."""
import os

import pytest

import zones
from test_direct import people, ready, replies, send

pytestmark = [pytest.mark.one_engine("test_direct.py runs with both"),
              pytest.mark.skipif(not zones.available() or os.geteuid() != 0, reason="needs Debian's knot, and root for port 443")]


def policy(*hosts, mode="enforce", max_age=604800):
    return "\r\n".join(["version: STSv1", f"mode: {mode}", *(f"mx: {host}" for host in hosts), f"max_age: {max_age}", ""])


def outcomes(site):
    return {address.split("@")[1].removesuffix(".example"): state for address, state in site.state_of_each().items()}


@pytest.mark.slow(1)
def test_hosts_that_are_as_the_policy_has_them(site, world):
    for name, pattern in (("named.example", "mx.named.example"), ("below.example", "*.below.example")):
        host = world.destination(name, tls=world.trusted(f"mx.{name}"))
        world.policy(name, policy(pattern))
    both = world.destination("both.example", tls=world.certified("mx.both.example"))  # DANE counts, which is stronger
    world.tlsa(both.name, both.tls)
    world.policy("both.example", policy("mx.both.example"))
    other = world.host("forged.two.example", tls=world.trusted("forged.two.example"))
    host = world.host("mx.two.example", tls=world.trusted("mx.two.example"))
    world.domain("two.example", other.name, host.name)  # the policy does not name the first
    world.policy("two.example", policy(host.name))
    domains = ["named", "below", "both", "two"]
    ready(site, world, people(*(f"{name}.example" for name in domains), count=2))
    send(site, expect=None)
    assert outcomes(site) == {name: "sent" for name in domains}, replies(site)
    said = {address.split("@")[1]: text for address, text in replies(site).items()}
    assert said["both.example"].startswith("mx.both.example (TLSv1.3, DANE)")
    assert said["two.example"].startswith("mx.two.example (TLSv1.3, MTA-STS)") and not other.connections
    assert [server.requests for server in world.policies] == [["GET /.well-known/mta-sts.txt HTTP/1.1"]] * 4
    # The next run has the policies already.
    site.run("send", site.issue(name="second.md", number="No 2"), "--yes")
    assert [len(server.requests) for server in world.policies] == [1] * 4
    assert sum(world.taken.values()) == 16, replies(site)


@pytest.mark.slow(1)
def test_no_mail_to_other_hosts(site, world):
    for name, tls in (("stranger", world.certificate()), ("other-name", world.trusted("mx.nobody.example")), ("plain", None),
                      ("expired", world.trusted("mx.expired.example", days=("20200101000000Z", "20200201000000Z"))),
                      ("broken-tls", "broken")):
        world.destination(f"{name}.example", tls=tls)
        world.policy(f"{name}.example", policy(f"mx.{name}.example"))
    world.destination("not-named.example", tls=world.trusted("mx.not-named.example"))
    world.policy("not-named.example", policy("mx.other.example", "*.mx.not-named.example", "*.example"))
    domains = ["stranger", "other-name", "plain", "expired", "broken-tls", "not-named"]
    ready(site, world, people(*(f"{name}.example" for name in domains)), retry={"first": "1h", "max": "1h"})
    send(site, expect=None)
    assert outcomes(site) == {name: "deferred" for name in domains}, replies(site)
    assert all("RFC 8461" in text for text in replies(site).values()), replies(site)
    assert not any(host.verbs[b"MAIL"] or host.taken for host in world.hosts.values())


@pytest.mark.slow(1)
@pytest.mark.parametrize("mode", ["testing", "none"])
def test_policies_that_demand_nothing_yet(site, world, mode):
    world.destination("plain.example")
    world.policy("plain.example", policy("mx.other.example", mode=mode))
    ready(site, world, people("plain.example"))
    send(site)
    assert replies(site) == {"p0@plain.example": "mx.plain.example (no TLS): Taken"}


@pytest.mark.slow(1)
def test_policy_hosts_that_are_not_believed(site, world):
    """Hostile and broken ones: mail goes as it would without a policy (section 3.3), and nothing is asked elsewhere."""
    demands = policy("mx.nobody.example")
    world.policy("unknown-authority.example", demands, tls=world.certified("mta-sts.unknown-authority.example"))
    world.policy("wrong-name.example", demands, tls=world.trusted("mta-sts.somebody.example"))
    world.policy("redirect.example", demands, code="301 Moved Permanently")
    world.policy("missing.example", demands, code="404 Not Found")
    world.policy("html.example", demands, kind="text/html")
    world.policy("large.example", demands + "x" * 70000)
    world.policy("other.example", demands.replace("STSv1", "STSv2"))
    world.policy("no-age.example", demands.replace("max_age", "min_age"))
    world.policy("closing.example", demands, answer="HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5000\r\n\r\n")
    world.policy("twice.example", demands)
    world.records.append('_mta-sts.twice.example. TXT "v=STSv1; id=2;"')
    private = world.policy("private.example", demands)
    world.records.remove(f"mta-sts.private.example. A {private.address}")
    world.records.append("mta-sts.private.example. A 10.0.0.1")
    domains = [record.split()[0][9:-1] for record in world.records if record.startswith("_mta-sts.")]
    assert len(set(domains)) == 11
    for domain in set(domains):
        world.destination(domain)
    ready(site, world, people(*sorted(set(domains))))
    send(site, expect=None)
    assert set(site.state_of_each().values()) == {"sent"}, replies(site)
    assert site.sql("SELECT count(*) FROM setting WHERE key LIKE 'mta-sts %'") == [(0,)]
    asked = {server.tls.files[3].split("tls-mta-sts.")[-1].split("/")[0]: len(server.requests) for server in world.policies}
    assert asked["redirect.example"] == asked["large.example"] == 1 and asked["twice.example"] == asked["private.example"] == 0
    assert not any("moved" in line for server in world.policies for line in server.requests)


@pytest.mark.slow(1)
def test_a_policy_outlives_its_record_and_its_server(site, world):
    """An attacker who takes both away, and STARTTLS besides, gets no mail: what was known holds for max_age."""
    world.destination("plain.example")
    world.policy("plain.example", policy("mx.plain.example"), id="2", code="503 Busy")
    world.destination("gone.example")
    ready(site, world, people("plain.example", "gone.example"), retry={"first": "1h", "max": "1h"})
    later = 4102444800
    for name in ("plain", "gone"):
        site.sql("INSERT INTO setting (key, value) VALUES (?, ?)", f"mta-sts {name}.example", f"{later} 604800 2 1\nmx.{name}.example\n")
    send(site, expect=None)
    assert site.states() == {"deferred": 2}
    assert all("MTA-STS policy (RFC 8461) demands TLS" in text for text in replies(site).values())
    assert len(world.policies[0].requests) == 1


@pytest.mark.slow(1)
def test_a_new_policy_takes_the_place_of_an_old_one(site, world):
    world.destination("moved.example")
    world.policy("moved.example", policy(mode="none"), id="new")
    ready(site, world, people("moved.example"))
    site.sql("INSERT INTO setting (key, value) VALUES (?, ?)", "mta-sts moved.example", "4102444800 604800 2 old\nmx.elsewhere.example\n")
    send(site)
    assert site.states() == {"sent": 1}
    assert " 0 new\n" in site.sql("SELECT value FROM setting WHERE key = 'mta-sts moved.example'")[0][0]


def test_an_expired_policy_demands_nothing(site, world):
    world.destination("plain.example")
    ready(site, world, people("plain.example"))
    site.sql("INSERT INTO setting (key, value) VALUES (?, ?)", "mta-sts plain.example", "1000000 604800 2 1\nmx.elsewhere.example\n")
    send(site)
    assert site.states() == {"sent": 1}


@pytest.mark.slow(1)
def test_a_policy_host_that_never_answers_holds_up_nobody_else(site, world):
    world.destination("slow.example")
    world.policy("slow.example", policy("mx.slow.example"), answer=None)
    fine = world.destination("fine.example")
    ready(site, world, people("slow.example", "fine.example", count=3))
    process = site.popen("send", site.issue(), "--yes")
    from conftest import wait_for
    wait_for(lambda: sum(fine.taken.values()) == 3)
    assert not world.hosts["mx.slow.example"].connections
    assert process.wait(60) == 0
    assert site.states() == {"sent": 6}


@pytest.mark.slow(1)
def test_a_copy_for_a_test_demands_the_policy(site, world):
    world.destination("good.example", tls=world.trusted("mx.good.example"))
    world.policy("good.example", policy("mx.good.example"))
    bad = world.destination("bad.example", tls=world.certificate())
    world.policy("bad.example", policy("mx.bad.example"))
    other = world.destination("other.example", tls=world.trusted("mx.other.example"))
    world.policy("other.example", policy("mx.elsewhere.example"))
    ready(site, world, [])
    site.run("send", "--test", "p0@good.example", site.issue())
    assert world.hosts["mx.good.example"].over_tls == 1
    assert "MTA-STS" in site.run("send", "--test", "p0@bad.example", site.issue(), expect=None).err
    assert "RFC 8461" in site.run("send", "--test", "p0@other.example", site.issue(), expect=None).err
    assert not bad.taken and not other.taken


@pytest.mark.slow(1)
def test_a_copy_for_a_test_knows_what_earlier_mail_has_found(site, world):
    """An attacker hides the record of the policy. A policy that a copy finds is kept for the issue; both know the other's."""
    world.destination("good.example", tls=world.trusted("mx.good.example"))
    found = world.policy("good.example", policy("mx.good.example"))
    plain = world.destination("plain.example")
    ready(site, world, people("good.example"))
    site.sql("INSERT INTO setting (key, value) VALUES (?, ?)", "mta-sts plain.example", "4102444800 604800 2 1\nmx.plain.example\n")
    assert "MTA-STS" in site.run("send", "--test", "p0@plain.example", site.issue(), expect=None).err
    assert not plain.taken
    site.run("send", "--test", "p0@good.example", site.issue())
    site.run("send", "--test", "p0@good.example", site.issue())
    send(site)
    assert len(found.requests) == 1 and world.hosts["mx.good.example"].over_tls == 3


@pytest.mark.slow(1)
def test_expired_policies_are_pruned(site, world):
    world.destination("good.example", tls=world.trusted("mx.good.example"))
    world.policy("good.example", policy("mx.good.example"))
    ready(site, world, people("good.example"))
    send(site)
    site.sql("INSERT INTO setting (key, value) VALUES ('mta-sts gone.example', '1000 86400 2 x\nmx.gone.example\n')")
    site.run("prune")
    assert site.sql("SELECT key FROM setting WHERE key LIKE 'mta-sts %'") == [("mta-sts good.example",)]


@pytest.mark.slow(1)
def test_a_domain_with_a_policy_shares_no_connection_with_one_without(site, world):
    """They have the same two hosts, of which the first has a certificate of nobody: only who demands nothing sends there."""
    first = world.host("mx1.provider.example", tls=world.certified("mx1.provider.example"))
    second = world.host("mx2.provider.example", tls=world.trusted("mx2.provider.example"))
    for domain in ("strict.example", "loose.example"):
        world.domain(domain, first.name, second.name)
    world.policy("strict.example", policy("*.provider.example"))
    plain = world.host("mx3.provider.example")  # and where TLS fails, the clear is for who demands nothing
    broken = world.host("mx4.provider.example", tls="broken")
    for domain in ("strict2.example", "loose2.example"):
        world.domain(domain, (5, plain.name), (5, broken.name))
    world.policy("strict2.example", policy("*.provider.example"))
    ready(site, world, people("strict.example", "loose.example", "strict2.example", "loose2.example", count=20),
          retry={"first": "1h", "max": "1h"})
    send(site, expect=None)
    assert set(first.taken) == set(people("loose.example", count=20)), replies(site)
    assert set(second.taken) == set(people("strict.example", count=20)) and second.over_tls == 20
    assert set(plain.taken + broken.taken) == set(people("loose2.example", count=20))
    assert {text.split(": ")[0] for address, text in replies(site).items() if "@strict.example" in address} == {
        "mx2.provider.example (TLSv1.3, MTA-STS)"}
