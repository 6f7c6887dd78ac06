"""Several workers on one PostgreSQL, each on a host of its own, share the work."""
import time

import pytest
from conftest import check_rate, most_at_once, program_time, wait_for

from workers import MARKS, WORKERS, workers  # noqa: F401

pytestmark = MARKS


def test_they_share_an_issue(workers):
    workers.start_all()
    addresses = workers.send(300)
    wait_for(lambda: len(workers.shares()) == WORKERS)
    workers.wait_until_sent()
    workers.check(addresses, in_doubt=0)
    said = [workers.stop(host)[0].decode() for host in range(WORKERS)]
    assert sum(int(line.split()[1]) for text in said for line in text.splitlines()) == 300
    assert workers.site.sql("SELECT max(attempts) FROM delivery") == [(1,)]
    assert workers.site.sql("SELECT count(*) FROM event WHERE kind = 'issue-started'") == [(1,)]


def test_notices_wake_them(workers):
    """Mail that a form has queued goes out although the longest wait is far longer."""
    workers.site.configure(workers={"lease": "1h"})
    workers.start_all()
    time.sleep(1)  # they wait
    workers.site.add_active(["ann@example.org"])
    workers.site.sql("INSERT INTO delivery (kind, subscription, state, created_at, updated_at) "
                     "SELECT 'welcome', id, 'queued', 1, 1 FROM subscription")
    wait_for(lambda: workers.relay.messages("ann@example.org"), 15)
    assert workers.received(["ann@example.org"]) == {"ann@example.org": 1}


def test_one_rate_for_all(workers):
    workers.site.configure(limits={"per_second": 12, "domains": [
        {"domain": "slow.example", "per_second": 3}]})
    workers.start_all()
    workers.site.add_active([f"p{i}@slow.example" for i in range(12)])
    since = program_time()
    workers.send(60)
    workers.wait_until_sent()
    for condition, rate in (("TRUE", 12), ("r.address LIKE '%@slow.example'", 3)):
        check_rate([row[0] for row in workers.site.sql(
            "SELECT d.first_attempt_at FROM delivery d JOIN subscription s ON s.id = d.subscription "
            "JOIN subscriber r ON r.id = s.subscriber WHERE " + condition)], rate, since)


def test_connections_of_all_to_a_domain(workers):
    most = most_at_once(workers.relay)
    workers.site.configure(limits={"domains": [{"domain": "slow.example", "connections": 2}]})
    workers.start_all()
    workers.site.add_active([f"p{i}@slow.example" for i in range(40)])
    workers.send(120)
    workers.wait_until_sent()
    assert most["slow.example"] == 2 and most["example.org"] > 5
    assert workers.relay.handler.accepted == 160


@pytest.mark.parametrize("command, left", [("pause", "queued"), ("cancel", "skipped")])
def test_all_stop_within_a_batch(workers, command, left):
    workers.start_sending()
    workers.site.run(command, "no-1")
    at = workers.relay.handler.accepted
    wait_for(lambda: not workers.shares())
    assert set(workers.site.states()) == {"sent", left}
    # A message at its dot is in doubt; one that is leased and not begun goes back.
    assert workers.relay.handler.accepted <= at + 2 * 5 * WORKERS
    assert workers.relay.handler.accepted == workers.site.states()["sent"]


def test_who_leaves_gets_no_more(workers):
    workers.relay.handler.delay = 0.15
    workers.start_all()
    addresses = workers.send(400)
    wait_for(lambda: workers.relay.handler.accepted > 20)
    leaving = addresses[-20:]
    for address in leaving:
        workers.site.run("unsubscribe", "--address", address)
    time.sleep(1)  # what was at its dot arrives
    before = workers.received(leaving)
    workers.wait_until_sent()
    assert workers.received(leaving) == before
    assert workers.site.states()["skipped"] == 20 - sum(before.values()) > 10
