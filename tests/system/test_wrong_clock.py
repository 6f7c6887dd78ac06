"""Traces of a process whose clock was days ahead, and a run that was killed before its issue was cancelled."""
import glob
import signal

import pytest
from conftest import sanitized, wait_for

LIBRARY = (glob.glob("/usr/lib/*/faketime/libfaketime.so.1") or [None])[0]


@pytest.mark.one_engine("with a server, its clock counts")
@pytest.mark.skipif(LIBRARY is None or sanitized(), reason="needs libfaketime, as the first library")
def test_mail_is_not_put_off_for_as_long_as_a_clock_was_ahead(connected, server):
    connected.configure(retry={"first": "1s", "max": "1s", "give_up": "30d"}, limits={"domains": [{"domain": "example.org", "per_second": 50}]})
    connected.add_active(["ann@example.org", "bob@example.org", "eve@example.org"])
    server.handler.tempfail |= {"ann@example.org", "bob@example.org"}
    connected.run("send", "--yes", connected.issue(), env={"LD_PRELOAD": LIBRARY, "FAKETIME": "+5d"})
    assert connected.states() == {"deferred": 2, "sent": 1}
    connected.run("retry")
    assert connected.states() == {"sent": 3}


def test_leases_of_a_dead_run_end_with_a_cancelled_issue(connected, server):
    connected.configure(smtp={"connections": 3}, workers={"lease": "3s"})
    connected.add_active([f"reader{n}@example.org" for n in range(40)])
    server.handler.delay = 30
    run = connected.popen("send", "--yes", connected.issue())
    wait_for(lambda: connected.sql("SELECT count(*) FROM delivery WHERE state = 'leased' AND dot_at IS NOT NULL")[0][0] > 0, 60)
    run.send_signal(signal.SIGKILL)
    run.communicate(timeout=60)
    server.handler.delay = 0
    connected.run("cancel", "no-1")
    assert connected.states()["leased"] > 0

    def settled():
        connected.run("retry")
        return "leased" not in connected.states()
    wait_for(settled, 60)
    states = connected.states()
    assert set(states) <= {"skipped", "unknown"} and sum(states.values()) == 40 and states.get("unknown", 0) <= 3
