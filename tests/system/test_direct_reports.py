"""SMTP TLS reports (RFC 8460): sessions are counted by day and domain, and each domain that asks gets a report, by mail or by HTTPS."""
import asyncio
import base64
import datetime
import email
import gzip
import json
import re
import ssl

import pytest

import zones
from test_direct import people, ready, replies, send

pytestmark = pytest.mark.skipif(not zones.available(), reason="needs Debian's knot")
DAY = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)).strftime("%Y-%m-%d")


class Collector:
    """An HTTPS server that takes reports."""

    def __init__(self, address, tls, code=200):
        self.address, self.tls, self.code, self.got = address, tls, code, []

    async def converse(self, reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = int(re.search(r"(?i)content-length: (\d+)", head).group(1))
            self.got.append((head, await reader.readexactly(length)))
            writer.write(f"HTTP/1.1 {self.code} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()


def collect(world, name, **more):
    server = Collector(world.address(), world.trusted(name), **more)
    world.records.append(f"{name}. A {server.address}")
    world.policies.append(server)
    return server


def asks(world, domain, *places):
    world.records.append(f"_smtp._tls.{domain}. TXT \"v=TLSRPTv1; rua={','.join(places)}\"")


def report_now(site):
    """The day is over."""
    site.sql("UPDATE tls_session SET day = ?", DAY)
    site.run("retry", expect=None)


def an_hour_later(site):
    site.sql("UPDATE setting SET value = '1' WHERE key LIKE 'tls report wait %'")
    site.run("retry", expect=None)


def check(report, domain):
    """As section 4.4 has it."""
    assert set(report) == {"organization-name", "date-range", "contact-info", "report-id", "policies"}
    assert report["date-range"] == {"start-datetime": f"{DAY}T00:00:00Z", "end-datetime": f"{DAY}T23:59:59Z"}
    assert report["organization-name"] == "example.org" and report["contact-info"] == "bounces@example.org" and report["report-id"]
    for one in report["policies"]:
        assert set(one) <= {"policy", "summary", "failure-details"} and {"policy", "summary"} <= set(one)
        policy, summary = one["policy"], one["summary"]
        assert policy["policy-type"] in ("tlsa", "sts", "no-policy-found") and policy["policy-domain"] == domain
        assert set(policy) <= {"policy-type", "policy-string", "policy-domain", "mx-host"}
        assert all(isinstance(line, str) for line in policy.get("policy-string", []) + policy.get("mx-host", []))
        assert set(summary) == {"total-successful-session-count", "total-failure-session-count"}
        assert sum(detail["failed-session-count"] for detail in one.get("failure-details", [])) == summary["total-failure-session-count"]
        for detail in one.get("failure-details", []):
            assert set(detail) <= {"result-type", "sending-mta-ip", "receiving-mx-hostname", "receiving-mx-helo", "receiving-ip",
                                   "failed-session-count", "additional-information", "failure-reason-code"}
            assert detail["result-type"] in ("starttls-not-supported", "certificate-host-mismatch", "certificate-expired",
                                             "certificate-not-trusted", "validation-failure", "tlsa-invalid", "dnssec-invalid",
                                             "dane-required", "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid")
    return report


def policy_text(*hosts, mode="enforce"):
    return "version: STSv1\r\nmode: " + mode + "\r\n" + "".join(f"mx: {host}\r\n" for host in hosts) + "max_age: 86400\r\n"


@pytest.mark.slow(1)
def test_reports_go_by_https_to_those_who_ask(site, world):
    """Each kind of policy, with successes and each kind of failure."""
    place = collect(world, "reports.example")
    asking = ["plain.example", "secure.example", "broken.example", "sts.example", "untrusted.example", "dane.example", "wrong.example",
              "lost.example"]
    world.destination("plain.example")
    world.destination("secure.example", tls=world.certificate())
    world.destination("broken.example", tls="broken")
    world.destination("sts.example", tls=world.trusted("mx.sts.example"))
    world.policy("sts.example", policy_text("mx.sts.example"))
    world.destination("untrusted.example", tls=world.certificate())
    world.policy("untrusted.example", policy_text("mx.untrusted.example"))
    good = world.certified("mx.dane.example")
    world.destination("dane.example", tls=good)
    world.tlsa("mx.dane.example", good)
    bad = world.certified("mx.wrong.example")
    world.destination("wrong.example", tls=bad)
    world.tlsa("mx.wrong.example", bad, digest="00" * 32)
    world.destination("lost.example", tls=world.certificate())
    world.policy("lost.example", "", code="404 Not Found")
    world.destination("silent.example")  # asks for nothing
    for domain in asking:
        asks(world, domain, f"https://reports.example/v1/{domain}")
    ready(site, world, people(*asking, "silent.example"), retry={"first": "1h", "max": "1h"})
    send(site, expect=None)
    assert place.got == []  # the day is not over
    report_now(site)
    found = {}
    for head, body in place.got:
        assert "content-type: application/tlsrpt+gzip" in head.lower() and head.startswith("POST /v1/")
        domain = head.split()[1].rsplit("/", 1)[1]
        assert domain not in found
        found[domain] = check(json.loads(gzip.decompress(body)), domain)
    assert set(found) == set(asking), replies(site)

    def counts(domain):
        return {one["policy"]["policy-type"]: (one["summary"]["total-successful-session-count"], one["summary"]["total-failure-session-count"],
                                              {detail["result-type"] for detail in one.get("failure-details", [])})
                for one in found[domain]["policies"]}
    assert counts("secure.example") == {"no-policy-found": (1, 0, set())}
    assert counts("plain.example") == {"no-policy-found": (0, 1, {"starttls-not-supported"})}
    kind, = counts("broken.example").items()
    assert kind[0] == "no-policy-found" and kind[1][:2] == (0, 1) and kind[1][2] != {"starttls-not-supported"}
    assert counts("sts.example") == {"sts": (1, 0, set())}, replies(site)["p0@sts.example"]
    sts = found["sts.example"]["policies"][0]["policy"]
    assert sts["mx-host"] == ["mx.sts.example"]
    assert sts["policy-string"] == ["version: STSv1", "mode: enforce", "mx: mx.sts.example", "max_age: 86400"]
    failed = counts("untrusted.example")["sts"]
    assert failed[0] == 0 and failed[1] >= 1 and failed[2] == {"certificate-not-trusted"}, found["untrusted.example"]
    detail = found["untrusted.example"]["policies"][0]["failure-details"][0]
    assert detail["receiving-mx-hostname"] == "mx.untrusted.example" and detail["failure-reason-code"]
    assert detail["receiving-ip"] == world.hosts["mx.untrusted.example"].address and detail["sending-mta-ip"]
    assert counts("dane.example") == {"tlsa": (1, 0, set())}
    assert found["dane.example"]["policies"][0]["policy"]["policy-string"][0].startswith("3 1 1 ")
    failed = counts("wrong.example")["tlsa"]
    assert failed[0] == 0 and failed[1] >= 1 and failed[2] <= {"validation-failure", "certificate-not-trusted"}
    assert counts("lost.example")["sts"] == (0, 1, {"sts-policy-fetch-error"})
    assert site.sql("SELECT count(*) FROM tls_session") == [(0,)]
    site.run("retry", expect=None)
    assert len(place.got) == len(asking)  # once


@pytest.mark.slow(1)
def test_reports_go_by_mail_signed(site, server, world):
    world.destination("fine.example", tls=world.certificate())
    asks(world, "fine.example", "mailto:tls@collector.example!10m")
    ready(site, world, people("fine.example", count=3), routes=[{"domain": "collector.example", "by": "relay"}])
    site.configure(port=server.port)
    site.run("dkim", "generate", "--output", "dkim.pem", expect=None)
    send(site)
    report_now(site)
    raw = server.messages("tls@collector.example")
    assert len(raw) == 1, site.sql("SELECT about FROM staff_mail")
    mail = email.message_from_bytes(raw[0])
    assert mail["TLS-Report-Domain"] == "fine.example" and mail["TLS-Report-Submitter"] == "example.org"
    assert re.match(r"Report Domain: fine\.example\s+Submitter: example\.org\s+Report-ID: <\S+>$", mail["Subject"])
    assert mail.get_content_type() == "multipart/report" and mail.get_param("report-type") == "tlsrpt"
    text, part = mail.get_payload()
    assert text.get_content_type() == "text/plain" and part.get_content_type() == "application/tlsrpt+gzip"
    assert re.fullmatch(r"example\.org!fine\.example!\d+!\d+!\S+\.json\.gz", part.get_filename())
    report = check(json.loads(gzip.decompress(base64.b64decode(part.get_payload()))), "fine.example")
    assert report["policies"][0]["summary"]["total-successful-session-count"] >= 1
    report_now(site)
    assert len(server.messages("tls@collector.example")) == 1


@pytest.mark.slow(1)
def test_a_report_that_cannot_be_posted_waits(site, world):
    place = collect(world, "reports.example", code=503)
    world.destination("fine.example")
    asks(world, "fine.example", "https://reports.example/")
    ready(site, world, people("fine.example"))
    send(site)
    report_now(site)
    assert len(place.got) == 1 and site.sql("SELECT count(*) FROM tls_session") == [(1,)]
    place.code = 200
    site.run("retry", expect=None)
    assert len(place.got) == 1  # the hour is not over
    an_hour_later(site)
    assert len(place.got) == 2 and site.sql("SELECT count(*) FROM tls_session") == [(0,)]
    assert site.sql("SELECT count(*) FROM setting WHERE key LIKE 'tls report %'") == [(0,)]


@pytest.mark.slow(1)
def test_a_place_that_has_its_report_gets_no_other(site, world):
    """One that never takes it, which its domain can name as well as anybody's, is tried now and then."""
    good, dead = collect(world, "good.example"), collect(world, "dead.example", code=503)
    world.destination("fine.example")
    asks(world, "fine.example", "https://good.example/1", "https://dead.example/2")
    ready(site, world, people("fine.example"))
    send(site)
    report_now(site)
    for _ in range(3):
        site.run("retry", expect=None)
    assert len(good.got) == 1 and len(dead.got) == 1
    an_hour_later(site)
    assert len(good.got) == 1 and len(dead.got) == 2
    dead.code = 200
    an_hour_later(site)
    assert len(good.got) == 1 and len(dead.got) == 3 and site.sql("SELECT count(*) FROM tls_session") == [(0,)]


@pytest.mark.slow(1)
def test_after_two_days_nobody_is_told(site, world):
    place = collect(world, "reports.example", code=503)
    world.destination("fine.example")
    asks(world, "fine.example", "https://reports.example/")
    ready(site, world, people("fine.example"))
    send(site)
    site.sql("UPDATE tls_session SET day = '2026-01-01'")
    site.run("retry", expect=None)
    assert len(place.got) == 1 and site.sql("SELECT count(*) FROM tls_session") == [(0,)]


@pytest.mark.slow(1)
def test_two_records_and_other_records_ask_for_nothing(site, world):
    place = collect(world, "reports.example")
    for domain in ("two.example", "other.example"):
        world.destination(domain)
    asks(world, "two.example", "https://reports.example/1")
    asks(world, "two.example", "https://reports.example/2")
    world.records.append("_smtp._tls.other.example. TXT \"v=TLSRPTv2; rua=https://reports.example/3\"")
    ready(site, world, people("two.example", "other.example"))
    send(site)
    report_now(site)
    assert place.got == [] and site.sql("SELECT count(*) FROM tls_session") == [(0,)]


def test_reports_can_be_off(site, world):
    world.destination("fine.example")
    world.start()
    site.configure(**world.settings(tls_reports=False))
    site.add_active(people("fine.example"))
    send(site)
    assert site.states() == {"sent": 1} and site.sql("SELECT count(*) FROM tls_session") == [(0,)]


@pytest.mark.slow(1)
def test_broken_signatures_and_missing_dane_are_reported(site, world):
    """dnssec-invalid: a zone whose signatures are wrong, of TLSA records and of a mail host. dane-required: routes demands DANE of a
    domain, and one of its mail hosts has no TLSA records, or none has. tlsa-invalid: there are some, and none can be used: mail goes over
    TLS with any certificate, or not at all where DANE is demanded. A DANE host without TLS: starttls-not-supported."""
    place = collect(world, "reports.example")
    asking = ["forged.example", "astray.example", "half.example", "without.example", "plain.example", "useless.example", "refused.example"]
    world.destination("forged.example", tls=world.certificate())
    world.below["bogus"]["_tcp.mx.forged.example"] = "note._tcp.mx.forged.example. TXT none"
    world.domain("astray.example", "mx.bogus.example")
    world.below["bogus"]["bogus.example"] = "mx.bogus.example. A 93.184.250.1"
    first, second = (world.host(f"{name}.half.example", tls=world.certified(f"{name}.half.example")) for name in ("first", "second"))
    world.domain("half.example", first.name, second.name)
    world.tlsa(second.name, second.tls)
    world.destination("without.example", tls=world.certificate())
    plain = world.destination("plain.example")
    world.tlsa(plain.name, world.certified(plain.name))
    for domain in ("useless.example", "refused.example"):  # PKIX-EE(1) is not for SMTP, and a digest that is too short is none
        host = world.destination(domain, tls=world.certificate())
        world.records.append(f"_{{port}}._tcp.{host.name}. TLSA 1 1 1 {'ab' * 32}")
        world.records.append(f"_{{port}}._tcp.{host.name}. TLSA 3 1 1 {'ab' * 31}")
    for domain in asking:
        asks(world, domain, f"https://reports.example/v1/{domain}")
    ready(site, world, people(*asking), retry={"first": "1h", "max": "1h"},
          routes=[{"domain": domain, "by": "direct", "dane": True} for domain in ("half.example", "without.example", "refused.example")])
    send(site, expect=None)
    assert {address.split("@")[1].split(".")[0]: state for address, state in site.state_of_each().items()} == {
        "forged": "deferred", "astray": "deferred", "half": "sent", "without": "deferred", "plain": "deferred",
        "useless": "sent", "refused": "deferred"}, replies(site)
    assert world.hosts["mx.useless.example"].over_tls == 1 and not world.hosts["mx.refused.example"].connections
    assert not first.taken and not first.connections and second.over_tls == 1
    assert "DANE" in replies(site)["p0@without.example"] and not world.hosts["mx.without.example"].connections
    report_now(site)
    found = {}
    for head, body in place.got:
        domain = head.split()[1].rsplit("/", 1)[1]
        report = check(json.loads(gzip.decompress(body)), domain)
        found[domain] = [(one["policy"]["policy-type"], one["summary"]["total-successful-session-count"], detail.get("result-type"),
                          detail.get("receiving-mx-hostname"))
                         for one in report["policies"] for detail in one.get("failure-details", [{}])]
    assert found == {
        "forged.example": [("tlsa", 0, "dnssec-invalid", None)],
        "astray.example": [("tlsa", 0, "dnssec-invalid", None)],
        "half.example": [("tlsa", 0, "dane-required", "first.half.example"), ("tlsa", 1, None, None)],
        "without.example": [("tlsa", 0, "dane-required", "mx.without.example")],
        "plain.example": [("tlsa", 0, "starttls-not-supported", "mx.plain.example")],
        "useless.example": [("no-policy-found", 1, None, None), ("tlsa", 0, "tlsa-invalid", "mx.useless.example")],
        "refused.example": [("tlsa", 0, "tlsa-invalid", "mx.refused.example")]}


def test_dane_is_demanded_of_direct_delivery_only(site):
    site.configure(routes=[{"domain": "half.example", "by": "relay", "dane": True}])
    assert "routes.0: dane is for by: direct" in site.run("status", expect=None).err
