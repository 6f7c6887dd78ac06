"""A relay at which anything goes wrong at any time, by chance: each person is in one state that is true, and nobody is mailed twice."""
import collections
import random
import ssl
import threading
import time

import certificates
import pytest
from hostile_relay import USUAL, hostile  # noqa: F401

pytestmark = [pytest.mark.slow(1), pytest.mark.first_row_with_postgresql]
SETTLED = {"sent", "unknown", "bounced", "failed"}
EXTENSIONS = (b"8BITMIME", b"PIPELINING", b"CHUNKING", b"SIZE 99000000", b"SMTPUTF8")
REFUSALS = {"RCPT": b"550 5.1.1 User unknown\r\n", "dot": b"554 5.7.1 Looks like spam\r\n"}


class Chance:
    """A script. What it does with a message that is complete is what such a server would do."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.share = self.random.choice([0.01, 0.03, 0.1])
        self.refused = collections.Counter()
        self.faults = [self.go, self.go_with_a_reset, self.go_within_the_reply, self.take_and_go, self.take_and_say_nothing,
                       self.say_421_and_go, self.say_421, self.refuse_for_now, self.refuse, self.say_nonsense, self.never_end_a_line,
                       self.say_two_things, self.wait, self.say_it_in_lines, self.say_it_byte_by_byte]

    def __call__(self, stage, dialogue):
        with self.lock:
            if stage == "EHLO":
                return self.greet(dialogue)
            fault = self.random.choice(self.faults) if self.random.random() < self.share else None
            self.part = self.random.random()
        return fault(stage, dialogue) if fault else None

    def greet(self, dialogue):
        """Each connection is offered something else."""
        offers = [b"x.example", *(offer for offer in EXTENSIONS if self.random.random() < 0.7)]
        if dialogue.server.context and dialogue.socket is dialogue.request:
            offers.append(b"STARTTLS")
        return b"".join(b"250-%s\r\n" % offer for offer in offers) + b"250 HELP\r\n"

    def taken(self, stage, dialogue):
        if stage == "dot":
            dialogue.take()

    def go(self, stage, dialogue):
        dialogue.close()

    def go_with_a_reset(self, stage, dialogue):
        dialogue.reset()

    def go_within_the_reply(self, stage, dialogue):
        self.taken(stage, dialogue)
        dialogue.send(USUAL[stage][:int(self.part * len(USUAL[stage]))])
        dialogue.close()

    def take_and_go(self, stage, dialogue):
        self.taken(stage, dialogue)
        dialogue.send(USUAL[stage])
        dialogue.close()

    def take_and_say_nothing(self, stage, dialogue):
        self.taken(stage, dialogue)
        dialogue.half_close()
        dialogue.close()

    def say_421_and_go(self, stage, dialogue):
        dialogue.send(b"421 4.3.2 Going down\r\n")
        dialogue.close()

    def say_421(self, stage, dialogue):
        return b"421 4.3.2 Going down\r\n"

    def refuse_for_now(self, stage, dialogue):
        return b"451-4.3.0 Not\r\n451 4.3.0 now\r\n"

    def refuse(self, stage, dialogue):
        if stage in REFUSALS:
            self.refused[dialogue.recipient] += 1
        return REFUSALS.get(stage)

    def say_nonsense(self, stage, dialogue):
        dialogue.send(b"\0\xff<html>\r\n")
        dialogue.close()

    def never_end_a_line(self, stage, dialogue):
        dialogue.send(b"2" * 70000)
        dialogue.close()

    def say_two_things(self, stage, dialogue):
        dialogue.send(b"250-one\r\n450 two\r\n")
        dialogue.close()

    def wait(self, stage, dialogue):
        time.sleep(1.5)  # longer than smtp.timeout

    def say_it_in_lines(self, stage, dialogue):
        self.taken(stage, dialogue)
        code = USUAL[stage][:3]
        dialogue.send(code + b"-one\r\n" + code + b"-two\r\n")
        time.sleep(0.01)
        dialogue.send(code + b" three\r\n")
        return True

    def say_it_byte_by_byte(self, stage, dialogue):
        self.taken(stage, dialogue)
        for byte in USUAL[stage]:
            dialogue.send(bytes([byte]))
        return True


def check(site, server, chance):
    for address, state in site.state_of_each().items():
        taken = server.taken[address]
        assert taken <= 1 and (state != "sent" or taken == 1), (address, state, taken)
        assert taken == 0 or state in ("sent", "unknown"), (address, state)
        assert state not in ("bounced", "failed") or chance.refused[address], (address, state)


@pytest.mark.parametrize("seed", range(12))
def test_anything_goes_wrong(site, hostile, seed):
    chance = Chance(seed)
    size = chance.random.choice([1, 1, 40000])
    context = None
    smtp = {"connections": chance.random.choice([1, 2, 8]), "window": chance.random.choice([1, 4]), "timeout": "1s",
            "per_connection": chance.random.choice([3, 1000])}
    if seed % 3 == 0:
        authority, certificate, key = certificates.make(site.folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        smtp.update(security="starttls", ca_file=authority)
    server = hostile(chance, context=context)
    people = [f"u{n}@d{n % 7}.example" for n in range(chance.random.choice([5, 40, 120]))]
    site.configure(port=server.port, smtp=smtp)
    site.add_active(people)
    send = ["send", "--yes", "--despite-errors", site.issue("Hello.\n" + "word " * size)]
    site.run(*send, expect=None)
    for attempt in range(30):
        check(site, server, chance)
        if set(site.states()) <= SETTLED:
            break
        if attempt == 25:
            server.script = None
        site.sql("UPDATE delivery SET next_attempt_at = 1 WHERE state = 'deferred'")
        site.run(*(send if site.sql("SELECT state FROM issue") == [("paused",)] else ["retry"]), expect=None)
    assert set(site.state_of_each()) == set(people) and set(site.states()) <= SETTLED
