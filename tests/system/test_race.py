"""bench/race counts at the server who got the message how often. Here senders of whom that is known beforehand are counted."""
import importlib.machinery
import importlib.util
import json
import os
import shutil
import signal
import smtplib
import subprocess
import sys
import xml.etree.ElementTree

import pytest
from conftest import ALL, BINARY, TOP

pytestmark = pytest.mark.one_engine("about what is counted at the mail server")

sys.path.insert(0, os.path.join(TOP, "bench"))
from racing import group, racers, relay  # noqa: E402

loader = importlib.machinery.SourceFileLoader("race", os.path.join(TOP, "bench", "race"))
race = importlib.util.module_from_spec(importlib.util.spec_from_loader("race", loader))
loader.exec_module(race)

BUILD = os.path.join(os.path.dirname(os.path.realpath(BINARY)), "..")
SEED = 7


@pytest.fixture
def server():
    if not os.path.exists(relay.sink_of(BUILD)):
        pytest.skip("this build has no bench/sink")
    started = relay.Relay(relay.sink_of(BUILD), racers.free_port(), SEED)
    started.totals()
    yield started
    if started.process.poll() is None:
        started.stop()


def send(server, *people, subject="RACE-BULLETIN"):
    """One try to mail one message to these; says what came of it in a word."""
    try:
        with smtplib.SMTP("127.0.0.1", server.port, local_hostname="example.org", timeout=30) as client:
            client.sendmail("press@example.org", list(people), f"Subject: {subject}\r\n\r\nx\r\n")
        return "sent"
    except smtplib.SMTPServerDisconnected:
        return "closed"
    except smtplib.SMTPRecipientsRefused as refused:
        return str(refused.recipients[people[0]][0])
    except smtplib.SMTPResponseException as refused:
        return str(refused.smtp_code)


def until_taken(server, person):
    """Again and again until the server says that it has it once more; how many tries that took."""
    before = server.totals()[0]
    for tries in range(1, 50):
        send(server, person)
        if server.totals()[0] > before:
            return tries
    raise AssertionError(person)


def test_a_sender_is_counted_as_it_is(server):
    people = [relay.address(number) for number in range(100)]
    willing = [person for person in people if not relay.gone(person)]
    refused = [person for person in people if relay.gone(person)]
    assert len(refused) == 2
    lost, thrice, twice, doubt = willing[:7], willing[7:9], willing[9:14], willing[14:17]
    unknown = [*doubt, willing[17]]  # one of them was reached all the same
    for person in willing:
        for _ in range(0 if person in lost + doubt else 3 if person in thrice else 2 if person in twice else 1):
            until_taken(server, person)
    for person in refused:
        assert send(server, person) == "550"
    assert send(server, refused[0]) == "550"
    until_taken(server, "owner@lists.example.org")
    while send(server, lost[0], subject="A probe of your address") != "sent":
        pass  # another message is no bulletin
    server.stop()
    counted = relay.account(people, server.persons, unknown)
    assert counted == {
        "people": 100, "willing": 98, "reached": 88, "lost": 7, "twice": 7, "copies_too_many": 9, "unknown": 4,
        "unknown_reached": 1, "unknown_not_reached": 3, "again_after_refusal": 1, "strangers": 1}


@pytest.mark.slow(1)
def test_the_world_is_the_same_for_everybody(server):
    """For each address and attempt, in whatever order and over whatever connections."""
    people = [f"reader{number}@example.org" for number in range(600)]
    first = {(person, attempt): send(server, person) for attempt in range(2) for person in people}
    fates = dict(server.fates)
    server.stop()
    again = relay.Relay(relay.sink_of(BUILD), server.port, SEED)
    again.totals()
    second = {(person, attempt): send(again, person) for person in reversed(people) for attempt in range(2)}
    again.stop()
    assert first == second and not fates
    assert again.persons == server.persons and again.fates == server.fates
    assert {"sent", "closed", "450", "451", "452"} == set(first.values())
    assert server.fates["closed after the dot, taken"] and server.fates["closed after the dot, not taken"]
    taken = sum(seen.taken for seen in server.persons.values())
    assert taken == sum(result == "sent" for result in first.values()) + server.fates["closed after the dot, taken"]
    other = relay.Relay(relay.sink_of(BUILD), server.port, SEED + 1)
    other.totals()
    third = {(person, 0): send(other, person) for person in people}
    other.stop()
    assert third != {key: result for key, result in first.items() if key[1] == 0}


def test_recipients_of_one_message_are_counted_one_by_one(server):
    people = [f"reader{number}@example.org" for number in range(40)]
    sent = [people[at:at + 10] for at in range(0, 40, 10) if send(server, *people[at:at + 10]) == "sent"]
    server.stop()
    taken = sum(seen.taken for seen in server.persons.values())
    assert taken + server.fates["450 for the recipient"] >= 10 * len(sent) > 0
    assert all(seen.taken <= 1 and seen.attempts <= 1 for seen in server.persons.values())


def test_all_processes_of_a_sender_die_also_the_orphans(tmp_path):
    """One whose parent has ended, in a session of its own, is killed with the others; the mail server is not."""
    aside = subprocess.Popen(["sleep", "600"])
    killed = group.Group("race-test", aside=[aside.pid])
    try:
        script = f"setsid sh -c 'echo $$ >{tmp_path}/orphan; exec sleep 600' & exec sleep 0.2"
        killed.run(["sh", "-c", script])
        child = killed.spawn(["sh", "-c", "sleep 600; true"])
        while len(killed.members()) < 3 or not (tmp_path / "orphan").read_text():
            pass
        killed.look()
        assert killed.strike(True) >= 3
        assert not killed.members() and child.poll() == -signal.SIGKILL and aside.poll() is None
        assert killed.peak > 0
    finally:
        aside.kill()
        aside.wait()
        killed.end()


def test_what_is_written_to_disk_is_counted_after_death_too():
    """The kernel adds it up for those whom we have waited for."""
    path = "/var/tmp/race-test-written"
    counted = group.Group("race-written")
    try:
        counted.begin()
        counted.run(["dd", "if=/dev/zero", f"of={path}", "bs=1M", "count=20", "conv=fsync"])
        if not group.read("/proc/self/io"):
            pytest.skip("this kernel does not count what a process writes")
        assert 19 <= counted.measured()["written_mib"] <= 25
    finally:
        counted.end()
        os.unlink(path)


def raced(tmp_path, *words):
    if not os.path.exists(relay.sink_of(BUILD)):
        pytest.skip("this build has no bench/sink")
    done = subprocess.run([os.path.join(TOP, "bench", "race"), BUILD, "--json", str(tmp_path / "race.json"), "--chart",
                           str(tmp_path / "race.svg"), *words], capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads((tmp_path / "race.json").read_text()), done.stdout


@pytest.mark.slow
def test_ours_loses_nobody_and_mails_nobody_twice(tmp_path):
    """And a loop in Python has the troubles that it has. The page, the chart and the data say the same."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{race.MARKS[0]}\nold\n{race.MARKS[1]}\nafter\n")
    whole, out = raced(tmp_path, "--people", "1000", "--storm", "6", "--every", "0.5", "--again", "1", "--only", "newsletter,python",
                       "--page", str(page))
    ours, loop = whole["results"]
    assert (ours["lost"], ours["twice"], ours["ended"]) == (0, 0, True), ours
    # A refusal that a killed process has not recorded yet is heard again.
    assert ours["again_after_refusal"] <= 20 * ours["kills"] and loop["again_after_refusal"] <= loop["kills"]
    assert ours["reached"] + ours["unknown_not_reached"] == ours["willing"] == loop["willing"] == 980
    assert ours["unknown"] > 0 and ours["kills"] > 0 and ours["processes_killed"] > 0
    assert loop["reached"] == 980 and loop["twice"] > 0, loop
    assert xml.etree.ElementTree.parse(tmp_path / "race.svg").getroot().tag.endswith("svg")
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text
    assert f"| {ours['reached']:,} | 0 | 0 | {ours['unknown']} |" in text and text.split(race.MARKS[0])[1].split(race.MARKS[1])[0].strip() in out


@pytest.mark.slow(1)
def test_peers_that_are_not_installed_are_named(tmp_path, monkeypatch):
    whole, out = raced(tmp_path, "--people", "10", "--storm", "0.1", "--only", "none")
    assert whole["results"] == [] and out
    monkeypatch.setattr(racers.Mlmmj, "packages", ("mlmmj", "no-such-package"))
    assert "no-such-package" in racers.Mlmmj().missing()
    assert shutil.which("mlmmj-send") is None or "mlmmj" not in racers.Mlmmj().missing()


# The large ones take 40 seconds of a processor, and what is tried is how we set them up, not newsletter.
LARGE = pytest.mark.skipif(not ALL, reason="takes long: ./check --all")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mlmmj-postfix", pytest.param("mailman3", marks=LARGE), pytest.param("sympa", marks=LARGE)])
def test_a_peer_reaches_everybody_when_nobody_kills_it(tmp_path, name):
    """So its configuration is whole; refusals for now are tried again."""
    whole, _ = raced(tmp_path, "--people", "150", "--storm", "0.1", "--again", "2", "--only", name)
    if whole["absent"]:
        pytest.skip(whole["absent"][0])
    result = whole["results"][0]
    assert (result["reached"], result["lost"], result["strangers"], result["ended"]) == (147, 0, 0, True), result
    assert result["fates"]["450 for the recipient"] > 0 and result["written_mib"] > 0 and result["cpu_seconds"] > 0
