"""The plan that is shown before an issue goes out: its lines, in words and as JSON, for an issue that is new, interrupted or extended."""
import json

import pytest

SEEDS = [{"address": "seed@example.org", "host": "127.0.0.1", "port": 993, "password_env": "NO_SUCH_PASSWORD"}]


@pytest.fixture(name="people")
def fixture_people(connected):
    connected.configure(seeds=SEEDS)
    connected.add_active(["ann@example.org", "bob@example.org", "cyd@example.org"])
    return connected


def plan(site, *options, path=None):
    """The lines of the plan by their labels."""
    out = site.run("send", "--dry-run", path or site.issue(), *options).out
    lines = [line for line in out.splitlines() if line[:12].rstrip().endswith(":") and line[12:13] not in ("", " ")]
    return {line[:12].rstrip(): line[12:] for line in lines}


def test_a_new_issue(people):
    shown = plan(people)
    assert list(shown) == ["Issue:", "Subject:", "From:", "List:", "Recipients:", "Size:", "Check:"]
    assert shown["Issue:"] == "no-1" and shown["Recipients:"] == "3"
    assert int(shown["Size:"].removesuffix(" bytes each")) > 500


@pytest.mark.parametrize("options, front, labels", [
    (("--canary", "10%"), {}, {"Canary:": "first to 10% of the people and 1 seed; the others wait for it"}),
    (("--canary", "2"), {}, {"Canary:": "first to 2 people and 1 seed; the others wait for it"}),
    (("--where", 'email = "ann@example.org"'), {},
     {"Segment:": 'email = "ann@example.org"', "Recipients:": "1", "Archive:": "not before 'newsletter archive publish no-1'"}),
    ((), {"alternative_subject": "Another"}, {"Or:": "Another", "Tried on:": "20% for 240 minutes; the rest gets the one with fewer unsubscribes"}),
    (("--winner", "replies", "--sample", "30", "--decide-after", "90m"), {"alternative_subject": "Another"},
     {"Tried on:": "30% for 90 minutes; the rest gets the one with more answers"}),
    (("--at", "2050-12-01 09:00", "--timezone", "UTC"), {}, {"Goes out:": "2050-12-01 09:00 UTC", "Recipients:": "3 as of now"}),
])
def test_what_more_is_shown_of_a_new_one(people, options, front, labels):
    shown = plan(people, *options, path=people.issue(**front))
    assert {label: shown.get(label) for label in labels} == labels
    more = {"Canary:", "Segment:", "Or:", "Tried on:", "Goes out:", "Archive:", "Received:"} & set(shown)
    assert more - set(labels) <= ({"Or:"} if "Tried on:" in labels else set())


def test_two_seeds(people):
    people.configure(seeds=SEEDS + [{**SEEDS[0], "address": "other@example.org"}])
    assert plan(people, "--canary", "10%")["Canary:"] == "first to 10% of the people and 2 seeds; the others wait for it"


def test_an_interrupted_issue(people):
    """It goes on as it began: no canary, no segment and no second subject are chosen any more."""
    path = people.issue(alternative_subject="Another")
    people.run("send", "--yes", path, "--sample", "100")
    people.sql("UPDATE issue SET state = 'paused', ended_at = NULL")
    people.sql("UPDATE delivery SET state = 'queued' WHERE id = (SELECT max(id) FROM delivery)")
    shown = plan(people, "--canary", "10%", path=path)
    assert list(shown) == ["Issue:", "Subject:", "From:", "List:", "Recipients:", "Size:", "Check:"]
    assert shown["Issue:"] == "no-1 (goes on where it stopped)" and shown["Recipients:"] == "1"


def test_an_issue_that_goes_to_further_people(people):
    path = people.issue()
    people.run("send", "--yes", path, "--where", 'email = "ann@example.org"')
    shown = plan(people, "--rest", "--canary", "10%", path=path)
    assert list(shown) == ["Issue:", "Subject:", "From:", "List:", "Received:", "Recipients:", "Canary:", "Size:", "Check:"]
    assert shown["Issue:"] == "no-1 (goes on to further people)" and shown["Received:"] == "1 already" and shown["Recipients:"] == "2"
    shown = plan(people, "--where", "name is unknown", path=path)
    assert shown["Segment:"] == "name is unknown" and "Canary:" not in shown


def test_the_same_as_json(people):
    """For a new issue and for one that goes on; texts that nobody chose are null."""
    path = people.issue()
    shown = json.loads(people.run("send", "--dry-run", "--json", path).out)["plan"]
    assert (shown["issue"], shown["segment"], shown["goes_on"], shown["at"], shown["canary"], shown["alternative_subject"]) == (
        "no-1", None, False, None, None, None)
    assert (shown["recipients"], shown["had_it_already"], len(shown["languages"])) == (3, 0, 1)
    people.run("send", "--yes", path, "--where", 'email = "ann@example.org"')
    shown = json.loads(people.run("send", "--dry-run", "--json", path, "--rest", "--canary", "10%").out)["plan"]
    assert (shown["goes_on"], shown["canary"], shown["recipients"], shown["had_it_already"]) == (True, "10%", 2, 1)
