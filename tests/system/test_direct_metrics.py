"""Direct delivery is counted by mailbox provider."""
import json

import pytest

import zones
from test_direct import people, ready, send

pytestmark = pytest.mark.skipif(not zones.available(), reason="needs Debian's knot")


def test_attempts_are_counted_by_provider(site, world):
    for domain, host, replies in (("gmail.com", "mx1.google.com", {}), ("yahoo.com", "mta5.yahoodns.net", {
            b"RCPT": lambda to: "550 5.1.1 No such user" if to.startswith("p0@") else "250 2.1.5 Ok"}),
            ("qq.com", "mx3.qq.com", {b"RCPT": "550 Ip frequency limited"})):
        world.host(host, replies=replies)
        world.domain(domain, host)
    world.destination("fine.example")
    world.destination("grey.example", replies={b"RCPT": "450 4.7.1 Greylisted"})
    ready(site, world, people("gmail.com", "yahoo.com", "fine.example", "grey.example", count=3) + people("qq.com"),
          retry={"first": "1h", "max": "1h"})
    send(site, expect=None)
    found = json.loads(site.run("report", "--providers", "--json").out)
    counts = {row.pop("provider"): row for row in found["providers"]}
    assert counts == {
        "google": {"attempts": 3, "sent": 3, "deferred": 0, "bounced": 0, "throttled": 0},
        "yahoo": {"attempts": 3, "sent": 2, "deferred": 0, "bounced": 1, "throttled": 0},
        "qq": {"attempts": 1, "sent": 0, "deferred": 1, "bounced": 0, "throttled": 1},
        "other": {"attempts": 6, "sent": 3, "deferred": 3, "bounced": 0, "throttled": 0}}
    text = site.run("report", "--providers").out
    assert [line.split() for line in text.splitlines() if line.startswith("yahoo")] == [["yahoo", "3", "2", "0", "1", "0"]], text
    metrics = site.run("report", "--metrics").out.splitlines()
    assert 'newsletter_provider_attempts_total{provider="yahoo"} 3' in metrics
    assert 'newsletter_provider_bounced_total{provider="yahoo"} 1' in metrics
    assert 'newsletter_provider_throttled_total{provider="qq"} 1' in metrics
    assert "--providers" in site.run("report", "--providers", "--metrics", expect=64).err
