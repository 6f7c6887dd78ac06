"""How fast mail goes out, by which relays, and when it does not."""
import collections
import datetime

import pytest
from conftest import MailServer, check_rate, most_at_once, program_time, wait_for
from mailserver import free_port


@pytest.fixture
def second(tmp_path):
    started = MailServer(str(tmp_path / "mail2"))
    yield started
    started.stop()


def people(count, domain="example.org"):
    return [f"p{n}@{domain}" for n in range(count)]


def observe(server):
    """Counts the connections of a server and the messages on each."""
    seen = collections.Counter()
    plain = server.handler.handle_DATA

    async def handle(smtp, session, envelope):
        seen[session.peer] += 1
        return await plain(smtp, session, envelope)

    server.handler.handle_DATA = handle
    return seen


def test_messages_per_connection(connected, server):
    seen = observe(server)
    connected.add_active(people(10))
    connected.configure(smtp={"connections": 1, "per_connection": 3})
    connected.run("send", "--yes", connected.issue())
    assert server.count() == 10 and sorted(seen.values()) == [1, 3, 3, 3]


def relay(server, weight=1, **more):
    return {"host": "127.0.0.1", "port": server.port if hasattr(server, "port") else server, "security": "none",
            "weight": weight, **more}


def test_relays_share_by_weight(connected, server, second):
    connected.add_active(people(80))
    first, other = observe(server), observe(second)
    server.handler.delay = second.handler.delay = 0.02
    connected.configure(smtp={"connections": 8}, relays=[relay(server, 3), relay(second, 1)])
    connected.run("send", "--yes", connected.issue())
    assert server.count() + second.count() == 80
    assert len(first) == 6 and len(other) == 2


@pytest.mark.parametrize("connections", [1, 6])
def test_another_relay_takes_over(connected, server, connections):
    connected.add_active(people(30))
    connected.configure(smtp={"connections": connections}, relays=[relay(free_port(), 5), relay(free_port()), relay(server)])
    connected.run("send", "--yes", connected.issue())
    assert connected.states() == {"sent": 30} and server.count() == 30


def test_a_relay_that_refuses_our_login(connected, server, tmp_path):
    strict = MailServer(str(tmp_path / "mail2"), users={"press": "right"})
    try:
        connected.add_active(people(9))
        connected.write("password", "wrong\n")
        connected.configure(smtp={"connections": 3}, relays=[
            relay(strict, 5, username="press", password_file="password"), relay(server)])
        connected.run("send", "--yes", connected.issue())
        assert server.count() == 9
        connected.configure(relays=[relay(strict, username="press", password_file="password")])
        assert "refuses the login" in connected.run("send", "--yes", connected.issue(number="No 2"), expect=69).err
        assert connected.sql("SELECT state FROM issue WHERE id = 2") == [("paused",)]
    finally:
        strict.stop()


def test_all_relays_down(connected):
    connected.add_active(people(3))
    connected.configure(relays=[relay(free_port()), relay(free_port())])
    connected.run("send", "--yes", connected.issue(), expect=75)
    assert connected.states() == {"queued": 3}


def test_doctor_asks_each_relay(connected, server, second):
    connected.configure(relays=[relay(server), relay(second), relay(free_port())])
    said = connected.run("doctor", expect=65).out
    assert said.count("takes our mail") == 2 and "could not" in said.lower() or "connect" in said


@pytest.mark.slow
def test_messages_per_second(connected, server):
    connected.add_active(people(16))
    connected.configure(smtp={"connections": 8}, limits={"per_second": 4})
    since = program_time()
    connected.run("send", "--yes", connected.issue())
    assert server.count() == 16
    check_rate([row[0] for row in connected.sql("SELECT first_attempt_at FROM delivery")], 4, since)
    assert connected.sql("SELECT count(*) FROM throttle") == [(1,)]


@pytest.mark.slow
def test_messages_per_second_to_a_domain(connected, server):
    connected.add_active(people(8, "slow.example") + people(20, "bücher.example") + people(20))
    connected.configure(smtp={"connections": 8}, limits={"domains": [{"domain": "slow.example", "per_second": 2},
                                                                   {"domain": "BÜCHER.example", "per_second": 10}]})
    since = program_time()
    connected.run("send", "--yes", connected.issue())
    assert server.count() == 48
    tried = connected.sql("SELECT r.address, d.first_attempt_at FROM delivery d JOIN subscription s ON "
                          "s.id = d.subscription JOIN subscriber r ON r.id = s.subscriber")
    for domain, rate in (("slow.example", 2), ("bücher.example", 10)):
        check_rate([at for address, at in tried if address.endswith("@" + domain)], rate, since)
    assert connected.sql("SELECT max(attempts) FROM delivery") == [(1,)]


@pytest.mark.slow
def test_turns_that_have_passed_are_given_anew(connected, server):
    """After a pause or a night there is no burst of all that should have gone out meanwhile."""
    limits = {"domains": [{"domain": "slow.example", "per_second": 4}]}
    connected.add_active(people(14, "slow.example"))
    connected.configure(smtp={"connections": 8}, limits=limits, quiet={"hours": "-".join(around_now()), "timezone": "UTC"})
    connected.run("send", "--yes", connected.issue())
    connected.sql("UPDATE delivery SET state = 'deferred', next_attempt_at = 1000 + id, paced_at = 1000 + id")
    connected.configure(quiet={})
    since = program_time()
    connected.run("retry")
    assert server.count() == 14
    check_rate([row[0] for row in connected.sql("SELECT first_attempt_at FROM delivery")], 4, since)


def test_turns_of_what_was_cancelled_are_free(connected, server):
    limits = {"domains": [{"domain": "slow.example", "per_second": 1}]}
    connected.add_active(people(300, "slow.example"))
    connected.configure(smtp={"connections": 8}, limits=limits)
    running = connected.popen("send", "--yes", connected.issue())
    wait_for(lambda: connected.states().get("deferred", 0) > 250)
    connected.run("cancel", "no-1")
    running.communicate(timeout=60)
    assert connected.sql("SELECT count(*) FROM throttle") == [(0,)]
    before = server.count()
    connected.run("send", "--yes", "--where", 'email ~ "p7@"', connected.issue(number="No 2"))
    assert server.count() == before + 1


def test_connections_to_a_domain(connected, server):
    most = most_at_once(server)
    connected.add_active(people(20, "slow.example") + people(12, "a.example") + people(12, "b.example"))
    connected.configure(smtp={"connections": 10}, limits={"domains": [
        {"domain": "slow.example", "connections": 1}, {"domain": "*", "connections": 3}]})
    connected.run("send", "--yes", connected.issue())
    assert server.count() == 44
    assert most["slow.example"] == 1 and most["a.example"] == 3 and most["b.example"] == 3


def around_now():
    now = datetime.datetime.now(datetime.timezone.utc)
    return [(now + datetime.timedelta(hours=h)).strftime("%H:00") for h in (-1, 2)]


def day(ago):
    return (datetime.date.today() - datetime.timedelta(days=ago)).isoformat()


@pytest.mark.slow(1)
def test_warm_up(connected, server):
    connected.add_active(people(12))
    connected.configure(warm_up={"since": day(0), "days": [3, 4]})
    said = connected.run("send", "--yes", connected.issue()).out
    assert "the messages of this day (warm_up) have gone out: the rest is queued" in said
    assert server.count() == 3
    assert connected.run("retry").out == "" and server.count() == 3
    connected.run("subscribe", "ann@example.org")  # somebody waits for this mail
    assert len(server.messages("ann@example.org")) == 1
    connected.sql("UPDATE daily SET day = ?", day(1))
    connected.configure(warm_up={"since": day(1), "days": [3, 4]})
    connected.run("retry")
    assert server.count() == 3 + 1 + 4
    connected.configure(warm_up={"since": day(2), "days": [3, 4]})
    connected.run("retry")
    assert server.count() == 13 and connected.sql("SELECT state FROM issue") == [("sent",)]


def test_quiet_hours(connected, server):
    connected.add_active(people(3))
    around = around_now()
    connected.configure(quiet={"hours": "-".join(around), "timezone": "UTC"})
    said = connected.run("send", "--yes", connected.issue()).out
    assert "quiet hours: the rest is queued" in said and server.count() == 0
    assert connected.run("retry").out == ""
    connected.run("subscribe", "ann@example.org")
    assert server.count() == 1
    connected.configure(quiet={"hours": "-".join(reversed(around)), "timezone": "UTC"})
    connected.run("retry")
    assert server.count() == 4


def test_retry_schedule(connected, server):
    connected.add_active(["ann@example.org"])
    connected.configure(retry={"schedule": ["10m", "1h"], "give_up": "4d"})
    server.handler.replies = {"ann@example.org": "450 4.2.1 Busy"}
    connected.run("send", "--yes", connected.issue())
    for delay in (600, 3600, 3600):
        (start, due), = connected.sql("SELECT updated_at, next_attempt_at FROM delivery")
        assert 0.79 * delay <= due - start <= 1.21 * delay
        connected.sql("UPDATE delivery SET next_attempt_at = 1")
        connected.run("retry")


def test_larger_than_the_server_takes(connected, server):
    server.controller.SMTP_kwargs["data_size_limit"] = 1500
    connected.add_active(people(2))
    said = connected.run("send", "--yes", connected.issue(), expect=69).err
    assert "bytes and the server takes 1500" in said
    assert connected.states() == {"queued": 2} and connected.sql("SELECT state FROM issue") == [("paused",)]


def answer_data(server, reply, address=None):
    plain = server.handler.handle_DATA

    async def handle(smtp, session, envelope):
        if address in (None, envelope.rcpt_tos[0]):
            return reply
        return await plain(smtp, session, envelope)

    server.handler.handle_DATA = handle


def test_status_after_the_message_names_the_recipient(connected, server):
    connected.add_active(people(5))
    answer_data(server, "550 5.2.1 Mailbox disabled", "p2@example.org")
    connected.run("send", "--yes", connected.issue())
    assert connected.states() == {"sent": 4, "bounced": 1}


def test_status_at_the_recipient_names_us(connected, server):
    connected.add_active(people(5))
    server.handler.replies = {"p2@example.org": "550 5.7.26 DMARC failed"}
    connected.configure(smtp={"connections": 1})
    assert "5.7.26" in connected.run("send", "--yes", connected.issue(), expect=69).err
    assert connected.states() == {"sent": 4, "queued": 1}


@pytest.mark.parametrize("reply", ["452 4.3.1 Disk full", "421 4.3.2 Going down"])
def test_a_server_in_trouble_is_left_alone(connected, server, reply):
    connected.add_active(people(40))
    answer_data(server, reply)
    connected.configure(smtp={"connections": 2})
    said = connected.run("send", "--yes", connected.issue(), expect=75).err
    assert "in a row" in said or "refused the final dot with 421" in said
    assert set(connected.states()) <= {"queued", "deferred"} and connected.states()["queued"] >= 25


@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("settings, words", [
    ({"relays": [{"port": 25}]}, "relays.0 has no host"), ({"relays": [{"host": "a b"}]}, "not a host name"),
    ({"relays": [{"host": "x", "weight": 0}]}, "number in range"), ({"relays": [{"host": "x"}] * 17}, "one too many"),
    ({"limits": {"domains": [{"per_second": 1}]}}, "has no domain"),
    ({"limits": {"domains": [{"domain": "a b", "per_second": 1}]}}, "is not a domain"),
    ({"warm_up": {"days": [1]}}, "both since and days"), ({"warm_up": {"since": "soon", "days": [1]}}, "not a day"),
    ({"quiet": {"hours": "22-7"}}, "not like 22:00-07:00"), ({"quiet": {"hours": "22:00-25:00"}}, "not like"),
    ({"quiet": {"timezone": "Mars/Phobos"}}, "unknown time zone"), ({"retry": {"schedule": ["soon"]}}, "duration")])
def test_bad_settings(connected, settings, words):
    connected.configure(**settings)
    assert words in connected.run("retry", expect=78).err
