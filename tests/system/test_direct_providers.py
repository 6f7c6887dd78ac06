"""Replies of large providers mean what mailbox_providers.txt says, whatever their codes are."""
import pytest

import zones
from test_direct import people, ready, replies, send

pytestmark = [pytest.mark.one_engine("test_direct.py runs with both"),
              pytest.mark.skipif(not zones.available(), reason="needs Debian's knot")]


@pytest.mark.parametrize("domain, host, verb, said, tries", [
    ("qq.com", "mx3.qq.com", b"RCPT", "550 Ip frequency limited", 3),  # a 5xx that is no bounce
    ("yahoo.com", "mta5.am0.yahoodns.net", b"MAIL", "421 4.7.0 [TSS04] Messages from 127.0.0.1 temporarily deferred", 3),
    ("outlook.com", "outlook-com.olc.protection.outlook.com", b"RCPT",
     "550 5.7.1 Unfortunately, messages were not sent: part of their network is on our block list (S3150)", 2)])
def test_providers_that_are_about_us(site, world, domain, host, verb, said, tries):
    """No subscription ends; after a few tries the destination is left alone, and all wait without a connection."""
    made = world.host(host, replies={verb: said})
    world.domain(domain, host)
    ready(site, world, people(domain, count=30), retry={"first": "1h", "max": "1h"})
    send(site, expect=None)
    assert site.states() == {"deferred": 30}, replies(site)
    assert site.sql("SELECT count(*) FROM subscription WHERE state <> 'active'") == [(0,)]
    assert made.verbs[verb] <= tries + 2  # those that were under way on the other connection


def test_other_words_of_a_provider_count_as_coded(site, world):
    world.host("mx3.qq.com", replies={b"RCPT": "550 5.1.1 Mailbox not found"})
    world.domain("qq.com", "mx3.qq.com")
    ready(site, world, people("qq.com"))
    send(site, expect=None)
    assert site.states() == {"bounced": 1}
