"""Messages in one piece, MAIL, RCPT and BDAT together, to servers that offer CHUNKING, and to those that only say so."""
import collections

import pytest
from scripted import Scripted

pytestmark = pytest.mark.one_engine("the engine makes no difference")
PEOPLE = [f"user{n}@example.org" for n in range(30)]


@pytest.fixture
def scripted():
    started = []

    def start(**options):
        started.append(Scripted(offers=["CHUNKING"], **options))
        return started[-1]

    yield start
    for server in started:
        server.stop()


def send(site, server, expect=0, people=PEOPLE, env=None, **smtp):
    site.configure(port=server.port, smtp={"connections": 4, **smtp})
    site.add_active(people)
    return site.run("send", "--yes", site.issue(), expect=expect, env=env)


@pytest.mark.parametrize("window", [1, 5])
def test_everything_but_the_first_goes_out_in_one_piece(site, scripted, window):
    """The first one goes alone; until it is answered, other connections use DATA."""
    server = scripted(chunking=True)
    result = send(site, server, window=window, connections=2, env={"NEWSLETTER_TRACE": "smtp"})
    assert sorted(server.received) == sorted(PEOPLE) and site.states() == {"sent": len(PEOPLE)}
    assert server.flights > len(PEOPLE) / 2
    assert result.err.count("MAIL, RCPT, BDAT: from") == server.flights


def answer_by_number(stage, recipient):
    """One of ten is refused at RCPT for good and one for now; so are two at the end of the message."""
    if recipient is None:
        return None
    number = int(recipient[4:recipient.index("@")]) % 10
    return {("RCPT", 3): "550 5.1.1 No such user", ("RCPT", 5): "451 4.2.1 Busy",
            ("dot", 7): "554 5.7.1 Looks like spam", ("dot", 8): "452 4.2.2 Full"}.get((stage, number))


@pytest.mark.parametrize("window", [1, 3, 8])
@pytest.mark.parametrize("connections", [1, 4])
def test_refusals_reach_those_they_are_meant_for(site, scripted, window, connections):
    server = scripted(chunking=True, answer=answer_by_number)
    site.configure(retry={"first": "1h", "max": "1h"})
    send(site, server, window=window, connections=connections)
    wanted = {3: "bounced", 5: "deferred", 7: "failed", 8: "deferred"}
    assert site.state_of_each() == {
        address: wanted.get(int(address[4:address.index("@")]) % 10, "sent") for address in PEOPLE}
    assert sorted(server.received) == sorted(a for a, state in site.state_of_each().items() if state == "sent")


def test_an_offer_without_bdat(site, scripted):
    """It answers each line of the message as if it were a command. Nothing is in doubt, and nobody is left out."""
    server = scripted()
    send(site, server)
    assert sorted(server.received) == sorted(PEOPLE) and site.states() == {"sent": len(PEOPLE)}
    assert site.sql("SELECT count(*) FROM setting WHERE key LIKE 'relay without chunking %'") == [(1,)]


def test_no_answer_to_bdat(site, scripted):
    """One message is in doubt, and the others go out by DATA."""
    server = scripted(chunking="silent")
    send(site, server, timeout="1s", expect=None)  # 75 when nothing was accepted for as long as the timeout
    assert site.states() == {"sent": len(PEOPLE) - 1, "unknown": 1} and server.flights == 1
    assert len(server.received) == len(PEOPLE) - 1
    # The next run knows, for a week.
    issue = site.issue(number="No 2")
    site.run("send", "--yes", issue)
    assert server.flights == 1 and len(server.received) == 2 * len(PEOPLE) - 1
    site.sql("UPDATE setting SET value = '1' WHERE key LIKE 'relay without chunking %'")
    server.chunking = True
    site.run("send", "--yes", site.issue(number="No 3"))
    assert server.flights > 1 and len(server.received) == 3 * len(PEOPLE) - 1


@pytest.mark.parametrize("window", [1, 4])
def test_421_leaves_nothing_in_doubt(site, scripted, window):
    """A server that takes three messages on a connection, and says so only when the fourth has begun."""
    taken = collections.Counter()

    def answer(stage, recipient):
        del recipient
        taken[stage] += 1
        return "421 4.7.0 Too many messages" if stage == "MAIL" and taken["MAIL"] % 4 == 0 else None

    server = scripted(chunking=True, answer=answer)
    server.close_after_421 = True
    send(site, server, window=window, connections=1)
    assert sorted(server.received) == sorted(PEOPLE) and site.states() == {"sent": len(PEOPLE)}


def test_who_leaves_before_the_commit_point_gets_nothing(site, scripted):
    """In one piece nothing is sent before it, so the connection stays."""
    def leave(stage, recipient):
        if stage == "dot" and recipient == PEOPLE[0]:
            site.sql("UPDATE subscription SET state = 'unsubscribed' WHERE subscriber = (SELECT id FROM subscriber "
                     "WHERE address = 'user29@example.org')")

    server = scripted(chunking=True, answer=leave)
    send(site, server, connections=1)
    assert sorted(server.received) == sorted(PEOPLE[:-1])
    assert site.states() == {"sent": len(PEOPLE) - 1, "skipped": 1}
