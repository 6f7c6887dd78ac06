"""An issue goes on to further people: to another segment, to those who joined since, to the rest of the list."""
import pytest


@pytest.fixture(name="people")
def fixture_people(connected):
    connected.add_active(["ann@example.org", "bob@example.org", "cyd@example.org", "dan@example.org"])
    connected.sql("""UPDATE subscriber SET attributes = '{"group": "press"}' WHERE address LIKE 'ann%'""")
    connected.sql("""UPDATE subscriber SET attributes = '{"group": "staff"}' WHERE address LIKE 'bob%'""")
    return connected


def counts(server, people):
    return [len(server.messages(f"{name}@example.org")) for name in people]


@pytest.mark.slow(1)
def test_segment_by_segment_and_then_the_rest(people, server):
    path = people.issue()
    people.run("send", "--yes", path, "--where", 'group = "press"')
    assert counts(server, ["ann", "bob", "cyd", "dan"]) == [1, 0, 0, 0]
    assert "nothing is left" in people.run("send", "--yes", path, expect=65).err
    plan = people.run("send", "--yes", path, "--where", 'group is known', "--dry-run").out
    assert "Received:   1 already" in plan and "Recipients: 1\n" in plan and server.count() == 1
    people.run("send", "--yes", path, "--where", 'group is known')
    assert counts(server, ["ann", "bob", "cyd", "dan"]) == [1, 1, 0, 0]
    assert people.sql("SELECT segment FROM issue") == [('(group = "press") or (group is known)',)]
    plan = people.run("send", "--yes", path, "--rest", "--dry-run").out
    assert "(goes on to further people)" in plan and "Received:   2 already" in plan and "Recipients: 2\n" in plan
    people.run("send", "--yes", path, "--rest")
    assert counts(server, ["ann", "bob", "cyd", "dan"]) == [1, 1, 1, 1]
    assert people.sql("SELECT state, segment FROM issue") == [("sent", None)]
    assert "nobody is left" in people.run("send", "--yes", path, "--rest", expect=65).err
    people.add_active(["eve@example.org"])
    people.run("send", "--yes", path, "--rest")
    assert counts(server, ["ann", "bob", "cyd", "dan", "eve"]) == [1] * 5


def test_nobody_who_left_or_is_suppressed(people, server):
    path = people.issue()
    people.run("send", "--yes", path, "--where", 'group = "press"')
    people.run("unsubscribe", "--address", "bob@example.org")
    people.run("suppress", "add", "cyd@example.org")
    people.run("send", "--yes", path, "--rest")
    assert counts(server, ["ann", "bob", "cyd", "dan"]) == [1, 0, 0, 1]


def test_who_was_skipped_and_came_back(people, server):
    path = people.issue()
    people.run("send", "--yes", path)
    people.sql("UPDATE delivery SET state = 'skipped', reply_text = 'left' WHERE id = (SELECT min(id) FROM delivery)")
    plan = people.run("send", "--yes", path, "--rest", "--dry-run").out
    assert "Received:   3 already" in plan and "Recipients: 1\n" in plan
    people.run("send", "--yes", path, "--rest")
    assert sorted(counts(server, ["ann", "bob", "cyd", "dan"])) == [1, 1, 1, 2] and people.states() == {"sent": 4}


def test_an_interrupted_segment_is_only_finished(people, server):
    """Repeating the command must not reach people who have joined since."""
    path = people.issue()
    people.run("send", "--yes", path, "--where", 'group is known')
    people.sql("UPDATE issue SET state = 'paused', ended_at = NULL")
    people.sql("UPDATE delivery SET state = 'queued' WHERE id = (SELECT max(id) FROM delivery)")
    people.add_active(["eve@example.org"])
    people.sql("""UPDATE subscriber SET attributes = '{"group": "press"}' WHERE address LIKE 'eve%'""")
    assert "Recipients: 1\n" in people.run("send", "--yes", path, "--where", 'group is known').out
    assert counts(server, ["eve"]) == [0]
    people.run("send", "--yes", path, "--where", 'group is known')
    assert counts(server, ["eve"]) == [1]


def test_those_who_come_later_get_the_subject_that_won(people, server):
    path = people.issue(subject="Plain", alternative_subject="Better")
    people.run("send", "--yes", path, "--where", 'group is known', "--sample", "100")
    people.run("decide", "no-1", "--choose", "2")
    people.run("send", "--yes", path, "--rest")
    assert [b"Subject: Better" in server.messages(f"{name}@example.org")[0] for name in ("cyd", "dan")] == [True, True]


@pytest.mark.parametrize("args", [("--where", "name is known"), ("--segment", "x"), ("--at", "2030-01-01 09:00")])
def test_the_rest_is_everybody_now(people, args):
    assert "--rest means everybody" in people.run("send", "--yes", people.issue(), "--rest", *args, expect=64).err


def test_scheduled_and_cancelled_issues_do_not_go_on(people):
    path = people.issue()
    people.run("send", "--yes", path, "--at", "2030-01-01 09:00")
    said = people.run("send", "--yes", path, "--rest", expect=65).err
    assert "is scheduled for 2030-01-01 09:00 UTC" in said and "newsletter cancel no-1" in said
    people.issue(body="Other\n")
    assert "with other content" in people.run("send", "--yes", path, expect=65).err
