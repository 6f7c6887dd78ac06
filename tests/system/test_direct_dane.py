"""DANE (RFC 7672): a mail host with signed TLSA records gets mail with the certificate that they name, or none."""
import pytest

import zones
from internet import greylisting
from test_direct import people, ready, replies, send

pytestmark = [pytest.mark.one_engine("test_direct.py runs with both"),
              pytest.mark.skipif(not zones.available(), reason="needs Debian's knot")]


def named(world, domain, usage=3, name=None, **record):
    """A destination whose certificate is for its host, or for `name`, with a TLSA record."""
    host = world.destination(domain, tls=world.certified(name or f"mx.{domain}"))
    world.tlsa(host.name, host.tls, usage, **record)
    return host


def outcomes(site):
    return {address.split("@")[1].removesuffix(".example"): state for address, state in site.state_of_each().items()}


@pytest.mark.slow(1)
def test_certificates_that_the_records_name(site, world):
    named(world, "key.example")
    named(world, "whole.example", selector=0, matching=0)
    named(world, "digest.example", selector=0, matching=2)
    named(world, "other-name.example", name="mx.nobody.example")  # DANE-EE: names do not count
    named(world, "authority.example", usage=2)
    named(world, "of-domain.example", usage=2, name="of-domain.example")  # the recipients' domain is as good a name
    expired = world.destination("expired.example", tls=world.certified("mx.expired.example", days=("20200101000000Z", "20200201000000Z")))
    world.tlsa(expired.name, expired.tls)  # DANE-EE: nor do dates
    rolled = named(world, "rolled.example", digest="ab" * 32)
    world.tlsa(rolled.name, rolled.tls)  # one of two records fits
    real = world.host("real.alias.example", tls=world.certified("real.alias.example"))
    world.records.append(f"mx.alias.example. CNAME {real.name}.")
    world.domain("alias.example", "mx.alias.example")
    world.tlsa(real.name, real.tls, 2)
    domains = ["key", "whole", "digest", "other-name", "authority", "of-domain", "expired", "rolled", "alias"]
    ready(site, world, people(*(f"{name}.example" for name in domains)))
    send(site, expect=None)
    assert outcomes(site) == {name: "sent" for name in domains}, replies(site)
    for address, text in replies(site).items():
        assert "(TLSv1.3, DANE): Taken" in text, (address, text)
    assert sum(host.over_tls for host in world.hosts.values()) == len(domains)


@pytest.mark.slow(1)
def test_no_mail_without_the_certificate_that_was_named(site, world):
    named(world, "wrong.example", digest="ab" * 32)
    named(world, "other-authority.example", usage=2, digest="cd" * 32)
    named(world, "other-name.example", usage=2, name="mx.nobody.example")
    for name, tls in (("plain", None), ("broken-tls", "broken")):
        host = world.destination(f"{name}.example", tls=tls)
        world.tlsa(host.name, world.certified(host.name))
    garbage = world.destination("garbage.example", tls=world.certificate())
    world.records.append(f"_{{port}}._tcp.{garbage.name}. TLSA 3 0 0 00112233")
    plain = world.destination("unusable-plain.example")
    world.records.append(f"_{{port}}._tcp.{plain.name}. TLSA 1 1 1 {'ab' * 32}")
    domains = ["wrong", "other-authority", "other-name", "plain", "broken-tls", "garbage", "unusable-plain"]
    ready(site, world, people(*(f"{name}.example" for name in domains)), retry={"first": "1h", "max": "1h"})
    send(site, expect=None)
    assert outcomes(site) == {name: "deferred" for name in domains}, replies(site)
    assert all("(DANE, RFC 7672)" in text for text in replies(site).values()), replies(site)
    assert not any(host.verbs[b"MAIL"] or host.taken for host in world.hosts.values())


@pytest.mark.slow(1)
def test_records_that_do_not_count(site, world):
    """Unusable records demand TLS with any certificate; those of an unsigned zone say nothing."""
    unusable = world.destination("unusable.example", tls=world.certificate())
    world.records.append(f"_{{port}}._tcp.{unusable.name}. TLSA 1 1 1 {'ab' * 32}")
    unsigned = world.host("mx.plain.example", listens=True)
    world.records.remove(f"mx.plain.example. A {unsigned.address}")
    world.below["unsigned"]["plain.example"] = f"mx.plain.example. A {unsigned.address}\nplain.example. MX 10 mx.plain.example.\n"
    ready(site, world, people("unusable.example", "plain.example"))
    send(site)
    assert replies(site) == {"p0@unusable.example": "mx.unusable.example (TLSv1.3): Taken",
                             "p0@plain.example": "mx.plain.example (no TLS): Taken"}


def test_mail_waits_where_the_dns_does_not_say_whether_there_are_records(site, world):
    """A zone of TLSA records that cannot be loaded, and one with forged signatures: an attacker gets no mail that way."""
    for name in ("silent.example", "forged.example"):
        world.destination(name, tls=world.certificate())
    world.below["broken"].append("_tcp.mx.silent.example")
    world.below["bogus"]["_tcp.mx.forged.example"] = "note._tcp.mx.forged.example. TXT none"
    ready(site, world, people("silent.example", "forged.example"), retry={"first": "1h", "max": "1h"})
    send(site, expect=None)
    assert site.states() == {"deferred": 2}
    assert "SERVFAIL" in replies(site)["p0@silent.example"] and "DNSSEC" in replies(site)["p0@forged.example"]
    assert not any(host.connections for host in world.hosts.values())


@pytest.mark.slow(1)
def test_the_next_host_stands_in_for_one_with_a_wrong_certificate(site, world):
    first = world.host("first.example", tls=world.certified("first.example"))
    second = world.host("second.example", tls=world.certified("second.example"), replies={b"RCPT": greylisting()})
    world.tlsa(first.name, first.tls, digest="ab" * 32)
    world.tlsa(second.name, second.tls)
    world.domain("two.example", first.name, second.name)
    ready(site, world, people("two.example", count=3), retry={"first": "1h", "max": "1h"})
    send(site, expect=None)
    assert site.states() == {"deferred": 3} and all("Greylisted" in text for text in replies(site).values())
    assert not first.verbs[b"MAIL"] and second.verbs[b"RCPT"] == 3


@pytest.mark.slow(1)
def test_dane_that_is_demanded_holds_only_for_hosts_that_are_signed(site, world):
    """RFC 7672 section 2.2.1: somebody who forges an unsigned MX record names a host with signed TLSA records of their own."""
    thief = world.host("mx.thief.example", tls=world.certified("mx.thief.example"))
    world.tlsa(thief.name, thief.tls)
    for domain in ("demanding.example", "easy.example"):
        world.below["unsigned"][domain] = f"{domain}. MX 10 {thief.name}."
    ready(site, world, people("demanding.example", "easy.example"), retry={"first": "1h", "max": "1h"},
          routes=[{"domain": "demanding.example", "by": "direct", "dane": True}])
    send(site, expect=None)
    assert outcomes(site) == {"demanding": "deferred", "easy": "sent"}, replies(site)
    assert "not signed in the DNS" in replies(site)["p0@demanding.example"]
    assert thief.taken == {"p0@easy.example": 1}


@pytest.mark.slow(1)
def test_a_copy_for_a_test_demands_dane_where_routes_do(site, world):
    named(world, "dane.example")
    plain = world.destination("plain.example", tls=world.certificate())
    unsigned = world.host("mx.thief.example", tls=world.certified("mx.thief.example"))
    world.tlsa(unsigned.name, unsigned.tls)
    world.below["unsigned"]["forged.example"] = f"forged.example. MX 10 {unsigned.name}."
    domains = ("dane.example", "plain.example", "forged.example")
    ready(site, world, [], routes=[{"domain": domain, "by": "direct", "dane": True} for domain in domains])
    site.run("send", "--test", "p0@dane.example", site.issue())
    for domain, why in zip(domains[1:], ("has signed TLSA records", "not signed in the DNS")):
        assert why in site.run("send", "--test", f"p0@{domain}", site.issue(), expect=None).err
    assert world.taken == {"p0@dane.example": 1} and not plain.connections and not unsigned.connections
