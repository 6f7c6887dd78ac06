"""On a PostgreSQL server, triggers hold deliveries to their issues and subscriptions, and bounces, attempts and messages to
their deliveries, once for each statement. They keep what foreign keys keep, also among transactions that run at the same time."""
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
    for issue, subscription, refused in ((99, 1, psycopg2.errors.CheckViolation),  # there is no partition
                                         (1, 99, psycopg2.errors.ForeignKeyViolation)):
        with pytest.raises(refused):
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
    for table in ("delivery", "delivery_0", "delivery_1"):
        assert sent.sql(f"SELECT conname FROM pg_constraint WHERE conrelid = '{table}'::regclass AND contype = 'f'") == []
        each = sent.sql(f"SELECT tgname FROM pg_trigger WHERE tgrelid = '{table}'::regclass AND NOT tgisinternal AND tgtype & 1 = 1 "
                        "ORDER BY 1")
        assert each == [("delivery_has_other_parents",), ("delivery_keeps_issue",), ("delivery_keeps_number",)]
    assert sent.sql("SELECT conname FROM pg_constraint WHERE confrelid = 'delivery'::regclass") == []


# ---- what refers to deliveries ----

CHILDREN = {
    "bounce": "INSERT INTO bounce (returned, at, delivery, kind, reason, status) SELECT max(id), 1, {0}, 'hard', 'x', '5.0.0' FROM returned",
    "returned": "INSERT INTO returned (digest, at, kind, delivery) VALUES ('{0}', 1, 'bounce', {0})",
    "attempt": "INSERT INTO attempt (delivery, at, state) VALUES ({0}, 1, 'sent')",
    "transactional": "INSERT INTO transactional (delivery, list, address, address_key, template, language, subject, size) "
                     "VALUES ({0}, 1, 'x@example.org', 'x@example.org', 't', 'en', 's', 1)",
}
STAY = ("bounce", "returned")  # the delivery of one stays; the others go with it


@pytest.fixture
def returned(sent):
    """Deliveries 1 and 2 of issue 1, a notice and a mail that came back for none."""
    sent.sql("INSERT INTO returned (digest, at, kind) VALUES ('none', 1, 'bounce')")
    sent.sql("INSERT INTO delivery (kind, subscription, state, created_at, updated_at) VALUES ('welcome', 1, 'sent', 1, 1)")
    sent.notice = sent.sql("SELECT max(id) FROM delivery")[0][0]
    return sent


@pytest.mark.parametrize("child", CHILDREN)
def test_a_child_needs_its_delivery(returned, child):
    for number in (999, 5000, 10 ** 12):  # within what an issue has reserved, and far off
        with pytest.raises(psycopg2.errors.ForeignKeyViolation, match=f"a row of {child} for a delivery that does not exist"):
            returned.sql(CHILDREN[child].format(number))
    returned.sql(CHILDREN[child].format(1))
    returned.sql(CHILDREN[child].format(returned.notice))
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        returned.sql(f"UPDATE {child} SET delivery = 999 WHERE delivery = 1")
    returned.sql(f"UPDATE {child} SET delivery = 2 WHERE delivery = 1")
    assert returned.sql(f"SELECT delivery FROM {child} WHERE delivery IS NOT NULL ORDER BY 1") == [(2,), (returned.notice,)]


@pytest.mark.parametrize("child", CHILDREN)
@pytest.mark.parametrize("table", ["delivery", "delivery_1"])
def test_a_delivery_that_is_removed_takes_or_keeps_its_children(returned, child, table):
    """Whichever table a statement names."""
    returned.sql("UPDATE returned SET delivery = NULL")
    returned.sql(CHILDREN[child].format(1))
    returned.sql(CHILDREN[child].format(2))
    statement = f"DELETE FROM {table} WHERE id = 1"
    if child in STAY:
        with pytest.raises(psycopg2.errors.ForeignKeyViolation):
            returned.sql(statement)
        assert returned.sql("SELECT count(*) FROM delivery WHERE id = 1") == [(1,)]
        return
    returned.sql(statement)
    assert returned.sql(f"SELECT delivery FROM {child} ORDER BY 1") == [(2,)]


@pytest.mark.parametrize("child", CHILDREN)
@pytest.mark.parametrize("made_first", [True, False], ids=["made-first", "gone-first"])
def test_of_two_at_once_the_second_sees_the_first(returned, open_connection, child, made_first):
    """A row is made for a delivery that another transaction removes."""
    make, remove = CHILDREN[child].format(1), "DELETE FROM delivery_1 WHERE id = 1"
    one, two, done = open_connection(), open_connection(), []
    with one.cursor() as cursor:
        cursor.execute(make if made_first else remove)
    thread = outcome(two, remove if made_first else make, done)
    wait_for(lambda: waits_for_a_lock(returned))
    one.commit()
    thread.join()
    stays = made_first and child in STAY
    assert done == ["done" if made_first and not stays else "ForeignKeyViolation"]
    assert returned.sql(f"SELECT (SELECT count(*) FROM delivery WHERE id = 1), count(*) FROM {child} WHERE delivery = 1") == [
        (1, 1) if stays else (0, 0)]


def test_a_removal_of_some_deliveries_keeps_no_run_of_others_waiting(returned, open_connection):
    """A list is removed in a long transaction; a run that delivers directly records attempts meanwhile."""
    returned.run("send", "--yes", returned.issue(number="No 2", name="two.md"))
    removal = open_connection()
    with removal.cursor() as cursor:
        cursor.execute("DELETE FROM delivery_1 WHERE issue = 1")
    (other,), = returned.sql("SELECT min(id) FROM delivery WHERE issue = 2")
    run = open_connection()
    with run.cursor() as cursor:
        cursor.execute("SET lock_timeout = '5s'")
        cursor.execute("UPDATE delivery_2 SET attempts = 1 WHERE id = %s", [other])
        cursor.execute(CHILDREN["attempt"].format(other))
    run.commit()
    removal.commit()
    assert returned.sql("SELECT count(*) FROM attempt") == [(1,)]


def test_a_delivery_stays_with_its_issue(returned):
    returned.run("send", "--yes", returned.issue(number="No 2", name="two.md"))
    for table in ("delivery", "delivery_1"):
        with pytest.raises(psycopg2.errors.ForeignKeyViolation):
            returned.sql(f"UPDATE {table} SET issue = 2 WHERE id = 1")
        with pytest.raises(psycopg2.errors.ForeignKeyViolation):
            returned.sql(f"UPDATE {table} SET id = 77 WHERE id = 1")
