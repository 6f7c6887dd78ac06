"""A relay, or what stands before it, that breaks the protocol byte by byte: nobody is charged for what was said to another, nobody is
mailed twice, and the run ends."""
import collections
import time

import pytest
from hostile_relay import USUAL, hostile  # noqa: F401

pytestmark = pytest.mark.one_engine("the engine makes no difference")
PEOPLE = [f"user{n}@example.org" for n in range(12)]
PLAIN = (b"8BITMIME",)
PIPELINING = (*PLAIN, b"PIPELINING")
CHUNKING = (*PIPELINING, b"CHUNKING")
OFFERS = {"one by one": PLAIN, "pipelining": PIPELINING, "chunking": CHUNKING}


def send(site, server, people=PEOPLE, expect=0, **smtp):
    site.configure(port=server.port, smtp={"connections": 1, "timeout": "2s", **smtp}, retry={"first": "1h", "max": "1h"})
    site.add_active(people)
    return site.run("send", "--yes", site.issue(), expect=expect)


def test_the_words_of_a_refusal_are_not_those_of_the_next_reply(site, hostile):
    """The reply to RCPT comes with the one to MAIL, for which the run leaves the server alone."""
    def script(stage, dialogue):
        if stage == "MAIL":
            return b"550 5.7.1 We do not know you\r\n"
        return b"250 2.1.5 " + b"Fine " * 150 + b"\r\n" if stage == "RCPT" else None

    send(site, hostile(script), expect=69)
    assert site.sql("SELECT reply_text FROM delivery WHERE reply_code = 550") == [("We do not know you",)]


@pytest.mark.parametrize("offers", OFFERS)
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "dot"])
def test_421_on_a_connection_that_stays_open(site, hostile, stage, offers):
    """A server that has had enough and does not close: each message is tried once, and the run ends."""
    asked = collections.Counter()

    def script(at, dialogue):
        asked[at] += 1
        return b"421 4.7.0 Slow down\r\n" if at == stage and asked[at] > 3 else None

    server = hostile(script, OFFERS[offers])
    send(site, server, expect=None)
    assert asked["MAIL"] <= 2 * len(PEOPLE)
    assert {address for address, state in site.state_of_each().items() if state == "sent"} == set(server.taken)


@pytest.mark.parametrize("how", ["close", "reset", "silence"])
def test_421_from_a_server_that_reads_on(site, hostile, how):
    """It has taken the message: that may not go out once more."""
    def script(stage, dialogue):
        if dialogue.number > 1 or dialogue.message != 4:
            return None
        if stage == "dot":
            dialogue.take()
            if how == "silence":
                dialogue.read()
            getattr(dialogue, how)()
        return b"421 4.3.2 Going down\r\n" if stage == "MAIL" else None

    server = hostile(script, CHUNKING)
    send(site, server, expect=None)
    site.sql("UPDATE delivery SET next_attempt_at = 1 WHERE state = 'deferred'")
    site.run("retry", expect=None)
    assert set(server.taken.values()) == {1} and len(server.taken) == len(PEOPLE)
    assert site.states() == {"sent": len(PEOPLE) - 1, "unknown": 1}


@pytest.mark.parametrize("offers", OFFERS)
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "dot", "RSET"])
@pytest.mark.parametrize("piece", [b"x", b"%s-x\r\n"])
def test_a_reply_that_never_ends(site, hostile, stage, offers, piece):
    """A byte, or a line, now and then: the time for a reply is that for all of it."""
    if stage == "DATA" and offers == "chunking":
        pytest.skip("there is no DATA")
    pieces = collections.Counter()

    def script(at, dialogue):
        if at == "RCPT" and stage == "RSET":
            return b"450 4.2.0 Not now\r\n"
        if at == stage:
            code = USUAL[stage][:3]
            dialogue.send(code + b"-x\r\n")
            while pieces[dialogue.number] < 60:  # six seconds
                pieces[dialogue.number] += 1
                dialogue.send(piece.replace(b"%s", code))
                time.sleep(0.1)
            dialogue.close()
        return None

    send(site, hostile(script, OFFERS[offers]), people=PEOPLE[:2], timeout="1s", expect=None)
    assert 2 < max(pieces.values()) < 60
    assert "sent" not in site.states()


@pytest.mark.parametrize("offers", ["one by one", "pipelining"])
@pytest.mark.parametrize("late", [0, 0.005])
@pytest.mark.parametrize("second", [b"550 5.1.1 No such user\r\n", b"451 4.2.1 Busy\r\n", b"250 2.0.0 Queued\r\n"])
def test_a_second_reply_to_one_message(site, hostile, second, late, offers):
    """Nobody is charged with it: the connection is given up."""
    def script(stage, dialogue):
        if stage != "dot" or (dialogue.number, dialogue.message) != (1, 6):
            return None
        dialogue.take()
        for reply in [USUAL["dot"], second] if late else [USUAL["dot"] + second]:
            dialogue.send(reply)
            time.sleep(late)
        return True

    server = hostile(script, OFFERS[offers])
    send(site, server)
    assert server.connections == 2
    assert site.sql("SELECT count(*) FROM delivery WHERE state <> 'sent' AND (state <> 'deferred' OR reply_code IS NOT NULL)") == [(0,)]
    assert {address for address, state in site.state_of_each().items() if state == "sent"} == set(server.taken)
    assert len(server.taken) >= len(PEOPLE) - 1


def test_the_other_relay_takes_what_had_followed(site, hostile):
    """One of two relays refuses us: the envelopes that it has got early go to the other one, and it gets no more of the messages."""
    refused = []

    def script(stage, dialogue):
        if stage == "dot" and (refused or dialogue.message == 8):
            refused.append(dialogue.recipient)
            return b"550 5.7.1 Your address is blocked\r\n"
        return None

    people = [f"user{n}@example.org" for n in range(60)]
    first, second = hostile(script), hostile()
    relays = [{"host": "127.0.0.1", "port": server.port, "security": "none"} for server in (first, second)]
    site.configure(relays=relays)
    send(site, first, people=people, connections=4)
    assert site.states() == {"sent": len(people)}
    assert not set(first.taken) & set(second.taken) and set((first.taken + second.taken).values()) == {1}
    assert 1 <= len(refused) <= 5


@pytest.mark.parametrize("window", [1, 4])
def test_a_second_reply_to_a_message_in_one_piece(site, hostile, window):
    """All replies to the next message are one too early: the one to RCPT is not taken for its acceptance. None goes so any more."""
    def script(stage, dialogue):
        if dialogue.number > 1:
            return None
        if stage == "dot" and dialogue.message == 6:
            dialogue.take()
            dialogue.send(USUAL["dot"])
            time.sleep(0.05)  # the next message is on its way
            dialogue.send(USUAL["dot"])
            return True
        if dialogue.message == 7 and stage in ("RSET", "MAIL", "RCPT"):
            return True
        if dialogue.message == 7 and stage == "dot":
            dialogue.send(USUAL["MAIL"] + USUAL["RCPT"] + b"552 5.3.4 Too big\r\n")
            return b""
        return None

    server = hostile(script, CHUNKING)
    send(site, server, window=window)
    assert {address for address, state in site.state_of_each().items() if state == "sent"} <= set(server.taken)
    assert sum(line.startswith("BDAT") for line in server.said) <= 7 + window
    assert site.sql("SELECT count(*) FROM setting WHERE key LIKE 'relay without chunking %'") == [(1,)]


@pytest.mark.parametrize("offers", OFFERS)
@pytest.mark.parametrize("reply", [b"220 other.example ESMTP\r\n", b"221 2.0.0 Bye\r\n"])
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "dot"])
def test_a_greeting_accepts_nothing(site, hostile, stage, reply, offers):
    """A proxy has gone on to another server, which knows nothing of the message."""
    def script(at, dialogue):
        if at != stage or (dialogue.number, dialogue.message) != (1, 5):
            return None
        dialogue.send(reply)
        return dialogue.close()

    server = hostile(script, OFFERS[offers])
    send(site, server)
    assert {address for address, state in site.state_of_each().items() if state == "sent"} == set(server.taken)
    assert len(server.taken) >= len(PEOPLE) - 1
