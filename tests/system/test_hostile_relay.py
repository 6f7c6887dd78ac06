"""A relay, or what stands before it, that breaks the protocol byte by byte: nobody is charged for what was said to another, nobody is
mailed twice, and the run ends."""
import pytest
from hostile_relay import hostile  # noqa: F401

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
