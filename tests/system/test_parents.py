"""On a PostgreSQL server, triggers hold deliveries to their issues and subscriptions, once for each statement. They keep what
foreign keys keep, also among transactions that run at the same time."""
import threading

import psycopg2
import psycopg2.errors
import pytest
from conftest import wait_for

pytestmark = pytest.mark.postgresql
DELIVERY = ("INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) "
            "VALUES ('issue', {}, {}, 'queued', 1, 1)")


@pytest.fixture
def sent(connected):
    connected.add_active(["ann@example.org", "bob@example.org"])
    connected.run("send", "--yes", connected.issue())
    return connected


@pytest.fixture
def open_connection(sent):
    opened = []

    def connect():
        opened.append(psycopg2.connect(sent.database))
        return opened[-1]
    yield connect
    for connection in opened:
        connection.close()


def test_a_delivery_needs_an_issue_and_a_subscription(sent):
    for issue, subscription in ((99, 1), (1, 99)):
        with pytest.raises(psycopg2.errors.ForeignKeyViolation):
            sent.sql(DELIVERY.format(issue, subscription))
        with pytest.raises(psycopg2.errors.ForeignKeyViolation):
            sent.sql(f"UPDATE delivery SET issue = {issue}, subscription = {subscription} WHERE subscription = 1")
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):  # one of many
        sent.sql("INSERT INTO delivery (kind, subscription, state, created_at, updated_at) "
                 "SELECT 'welcome', n, 'queued', 1, 1 FROM generate_series(1, 3) n")
    assert sent.sql("SELECT count(*) FROM delivery") == [(2,)]
    sent.sql("INSERT INTO delivery (kind, subscription, state, created_at, updated_at) VALUES ('welcome', 1, 'sent', 1, 1)")
    sent.sql("INSERT INTO delivery (kind, state, created_at, updated_at) VALUES ('message', 'sent', 1, 1)")
    assert sent.sql("SELECT count(*) FROM delivery") == [(4,)]


def test_what_has_deliveries_stays(sent):
    sent.sql("DELETE FROM issue_total")
    for statement in ("DELETE FROM subscription WHERE id = 1", "DELETE FROM subscription",
                      "UPDATE subscription SET id = 77 WHERE id = 1", "UPDATE issue SET id = 77"):
        with pytest.raises(psycopg2.errors.ForeignKeyViolation):
            sent.sql(statement)
    with pytest.raises(psycopg2.errors.ForeignKeyViolation, match="an issue that has deliveries"):
        sent.sql("DELETE FROM issue")
    sent.sql("DELETE FROM delivery WHERE subscription = 1")
    sent.sql("DELETE FROM subscription WHERE id = 1")
    assert sent.sql("SELECT id FROM subscription") == [(2,)]


def waits_for_a_lock(site):
    return site.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")[0][0] > 0


def outcome(connection, statement, done):
    def run():
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement)
            done.append("done")
        except psycopg2.Error as error:
            done.append(type(error).__name__)
    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize("first, second, rows", [
    (DELIVERY.format(1, 1), "DELETE FROM subscription WHERE id = 1", [(1, 1)]),
    ("DELETE FROM subscription WHERE id = 1", DELIVERY.format(1, 1), [(0, 0)])], ids=["made-first", "gone-first"])
def test_of_two_at_once_the_second_waits_and_fails(sent, open_connection, first, second, rows):
    """A delivery is made for a subscription that another transaction deletes."""
    sent.sql("DELETE FROM delivery WHERE subscription = 1")
    one, two, done = open_connection(), open_connection(), []
    with one.cursor() as cursor:
        cursor.execute(first)
    thread = outcome(two, second, done)
    wait_for(lambda: waits_for_a_lock(sent))
    one.commit()
    thread.join()
    assert done == ["ForeignKeyViolation"]
    assert sent.sql("SELECT (SELECT count(*) FROM subscription WHERE id = 1), count(*) FROM delivery WHERE subscription = 1") == rows


def test_they_look_once_for_a_statement(sent):
    """Nothing is looked up for each row of an issue that is made: no trigger of a foreign key is left on deliveries."""
    assert sent.sql("SELECT conname FROM pg_constraint WHERE conrelid = 'delivery'::regclass AND contype = 'f'") == []
    each = sent.sql("SELECT tgname FROM pg_trigger WHERE tgrelid = 'delivery'::regclass AND NOT tgisinternal AND tgtype & 1 = 1")
    assert each == [("delivery_has_other_parents",)]
