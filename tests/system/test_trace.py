"""Each attempt of a delivery is kept with its server, its TLS and its reply: `newsletter trace` and the person's page show them."""
import json

import pytest

import zones
from internet import Internet, greylisting
from test_direct import people, ready, send
from test_staff import dashboard


@pytest.fixture
def world(tmp_path):
    if not zones.available():
        pytest.skip("needs Debian's knot")
    made = Internet(tmp_path / "world")
    yield made
    made.stop()


def trace(site, address, *words, expect=0):
    return json.loads(site.run("trace", address, *words, "--json", expect=expect).out)


@pytest.mark.slow(1)
def test_each_attempt_is_kept(site, world):
    grey = world.destination("grey.example", tls=world.certified("mx.grey.example"), replies={b"RCPT": greylisting()})
    world.tlsa(grey.name, grey.tls)
    world.destination("plain.example")
    world.destination("dead.example", listens=False)
    domains = ["grey.example", "plain.example", "dead.example", "missing.example"]
    ready(site, world, people(*domains), retry={"first": "1h", "max": "1h"})
    send(site, expect=None)
    site.sql("UPDATE delivery SET next_attempt_at = 1 WHERE reply_text LIKE '%Greylisted%'")
    site.run("retry", expect=None)
    first, second = trace(site, "p0@grey.example")
    assert [first["state"], second["state"]] == ["deferred", "sent"] and first["at"] <= second["at"]
    for attempt in (first, second):
        assert attempt["server"] == grey.name and attempt["address"] == grey.address and attempt["by"] == "direct"
        assert attempt["tls"] == "TLSv1.3" and attempt["cipher"].startswith("TLS_") and attempt["policy"] == "DANE"
    assert (first["reply_code"], first["reply_status"], second["reply_code"]) == (450, "4.7.1", 250)
    plain, = trace(site, "p0@plain.example", "--issue", "No 1")
    assert (plain["server"], plain["tls"], plain["cipher"], plain["policy"]) == ("mx.plain.example", None, None, None)
    dead, = trace(site, "p0@dead.example")
    assert dead["state"] == "deferred" and dead["server"] is None and "mx.dead.example" in dead["reply"]
    missing, = trace(site, "p0@missing.example")
    assert missing["state"] == "bounced" and "NXDOMAIN" in missing["reply"]
    shown = site.run("trace", "p0@grey.example").out
    assert f"{grey.name} [{grey.address}] TLSv1.3 TLS_" in shown and "DANE\n" in shown and "450 4.7.1 Greylisted" in shown
    assert "no mail host" in site.run("trace", "p0@dead.example").out
    assert "No 9" in site.run("trace", "p0@plain.example", "--issue", "No 9", expect=67).err
    site.run("trace", "nobody@plain.example", expect=67)


def test_of_a_relay_the_last_reply_is_known(site, server):
    site.add_active(["ann@example.org"])
    site.configure(port=server.port)
    assert trace(site, "ann@example.org") == []
    assert "Nothing has been tried yet" in site.run("trace", "ann@example.org").out
    send(site)
    attempt, = trace(site, "ann@example.org")
    assert (attempt["by"], attempt["state"], attempt["reply_code"], attempt["server"]) == ("relay", "sent", 250, None)
    assert attempt["slug"] and "through the relay" in site.run("trace", "ann@example.org").out


def test_attempts_leave_with_the_person(site, world):
    world.destination("fine.example")
    ready(site, world, people("fine.example", count=2))
    send(site)
    assert len(json.loads(site.run("export", "--subject", "p0@fine.example").out)["attempts"]) == 1
    site.run("erase", "p0@fine.example", "--yes")
    assert site.sql("SELECT count(*) FROM attempt") == [(1,)]


@pytest.mark.slow(1)
def test_the_page_of_a_person_shows_the_attempts(connected):
    connected.add_active(["ann@example.org"])
    connected.run("send", connected.issue(), "--yes")
    with dashboard(connected, "people") as staff:
        path = f"/people/{connected.sql('SELECT id FROM subscriber')[0][0]}"
        assert "Attempts at mail hosts" not in staff.page(path).text  # the relay's are its own affair
        connected.sql("INSERT INTO attempt (delivery, at, state, server, address, tls, policy, reply_text) SELECT id, 1000000000, 'deferred', "
                      "'mx.<b>.example', '192.0.2.7', 'TLSv1.3', 'DANE', 'Greylisted' FROM delivery WHERE issue IS NOT NULL")
        page = staff.page(path).text
    assert all(word in page for word in ("Attempts at mail hosts", "mx.&lt;b&gt;.example 192.0.2.7", "TLSv1.3 DANE", "Greylisted"))
