"""A run that sleeps for longer than its leases hold (a laptop that is closed, a virtual machine that stands still)."""
import contextlib
import os
import signal
import sqlite3
import time

import pytest
from conftest import POSTGRESQL, wait_for

pytestmark = pytest.mark.slow(15)

PEOPLE = [f"user{number}@example.org" for number in range(60)]
SLOW = PEOPLE[-4:]  # fewer than connections


def is_in_a_transaction(site, process):
    if POSTGRESQL:
        return site.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = ? AND xact_start IS NOT NULL",
                        f"newsletter {process.pid}") != [(0,)]
    with contextlib.closing(sqlite3.connect(site.database, timeout=0)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
    return False


def stop_between_transactions(site, process):
    """A run that stands still within one keeps its locks: that is another test."""
    def stops():
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        if not is_in_a_transaction(site, process):
            return True
        process.send_signal(signal.SIGCONT)
        return False
    wait_for(stops)


def test_nothing_is_sent_twice_that_was_leased_again(connected, server):
    """Another process puts the messages in its hands back into the queue, and the run leases them once more when it wakes up:
    both would be in flight at the same time, and both belong to it."""
    connected.configure(smtp={"connections": 8, "timeout": "60s"}, workers={"lease": "3s"})
    connected.add_active(PEOPLE)
    server.handler.delay = 0.05
    server.handler.slow = dict.fromkeys(SLOW, (6.0, 8.0))
    run = connected.popen("send", "--yes", connected.issue())
    wait_for(lambda: server.handler.held == len(SLOW) and server.handler.accepted == len(PEOPLE) - len(SLOW))
    stop_between_transactions(connected, run)
    time.sleep(4)
    connected.sql("UPDATE delivery SET state = 'queued', lease_owner = NULL, lease_until = NULL "
                  "WHERE state = 'leased' AND dot_at IS NULL")  # as nl_delivery_recover does for another process
    run.send_signal(signal.SIGCONT)
    run.communicate(timeout=90)
    assert {address: len(server.messages(address)) for address in PEOPLE} == dict.fromkeys(PEOPLE, 1)
    assert connected.states() == {"sent": len(PEOPLE)}
