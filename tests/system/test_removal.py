"""Deliveries of issues that ended long ago are removed (retention.deliveries); the figures of these issues stay."""
import json

import psycopg2
import pytest
from apiclient import ApiClient
from conftest import POSTGRESQL, link, parse, token, wait_for
from test_bounce import dsn
from test_staff import StaffServer, configure

GONE = "its deliveries were removed after their retention period"


def add_people(site, *names):
    """By an import, which is in the ledger."""
    text = "email\n" + "".join(f"{name}@example.org\n" for name in names)
    site.run("import", "-", "--consent", "asked", stdin=text.encode())


def told(site, issue="no-1"):
    """All figures of an issue."""
    status, = json.loads(site.run("status", issue, "--json").out)
    for changes in ("deliveries_removed_at", "not_sent"):
        status.pop(changes)
    report = json.loads(site.run("report", issue, "--json").out)
    row, = [line.split() for line in site.run("status", issue).out.splitlines() if line.startswith(issue)] or [None]
    return status, report, row


def grow_old(site, count):
    site.configure(retention={"deliveries": "1s"})
    wait_for(lambda: json.loads(site.run("prune", "--dry-run", "--json").out)["deliveries"] == count)


def prune(site):
    return json.loads(site.run("prune", "--json").out)["deliveries"]


def left(site):
    return site.sql("SELECT count(*) FROM delivery WHERE issue IS NOT NULL")[0][0]


@pytest.fixture
def sent(connected, server):
    """An issue that four people got, and one did not."""
    add_people(connected, "ann", "bob", "cleo", "dan", "gone")
    server.handler.replies = {"gone@example.org": "550 5.1.1 no such user"}
    connected.path = connected.issue(number="No 1")
    connected.run("send", "--yes", connected.path, expect=None)
    connected.run("subscribe", "later@example.org")  # a delivery that follows
    return connected


def came_back(site, server, name):
    """The mail to somebody comes back."""
    raw, = server.messages(f"{name}@example.org")
    path = raw.split(b"<")[1].split(b">")[0].decode()
    return json.loads(site.run("bounce", "--json", stdin=dsn(f"{name}@example.org", to=path)).out)


def test_they_stay_for_ever_unless_a_time_is_set(sent):
    sent.sql("UPDATE issue SET ended_at = 1, created_at = 1")
    assert prune(sent) == 0 and left(sent) == 5


def test_all_figures_stay(sent, server):
    came_back(sent, server, "ann")
    before = told(sent)
    assert before[0]["deliveries"]["sent"] == 3 and before[0]["deliveries"]["bounced"] == 2
    grow_old(sent, 5)
    assert left(sent) == 5  # counted only
    assert prune(sent) == 5
    assert left(sent) == 0 and prune(sent) == 0
    assert told(sent) == before
    assert json.loads(sent.run("status", "no-1", "--json").out)[0]["deliveries_removed_at"]
    assert "deliveries were removed" in sent.run("status", "no-1").out
    assert "totals" not in sent.run("doctor", "--local", expect=None).out
    sent.run("doctor", "--local", "--repair", expect=None)
    assert told(sent) == before
    assert json.loads(sent.run("audit", "--json").out)["faults"] == 0


@pytest.mark.one_engine("PostgreSQL gives no number twice")
def test_the_last_number_of_all_is_not_given_once_more(connected, server):
    """A late bounce would be taken for one of the new delivery: so the last one stays until another follows."""
    add_people(connected, "ann", "bob")
    connected.run("send", "--yes", connected.issue(number="No 1"))
    before = told(connected)
    grow_old(connected, 2)
    assert prune(connected) == 2 and left(connected) == 1 and told(connected) == before
    connected.run("subscribe", "later@example.org")
    assert connected.sql("SELECT max(id) FROM delivery") == [(3,)]
    connected.run("prune")
    assert left(connected) == 0 and told(connected) == before
    assert came_back(connected, server, "bob")["ended"] == 0
    assert json.loads(connected.run("audit", "--json").out)["faults"] == 0


def test_what_hangs_on_them_goes_first(sent, server):
    """Mail that came back stays, so that it is not counted once more; attempts go with their deliveries."""
    came_back(sent, server, "ann")
    sent.sql("INSERT INTO attempt (delivery, at, state) SELECT id, 1, 'sent' FROM delivery WHERE issue = 1")
    grow_old(sent, 5)
    prune(sent)
    assert sent.sql("SELECT (SELECT count(*) FROM attempt), (SELECT count(delivery) FROM returned), (SELECT count(delivery) FROM bounce)") == [
        (0, 0, 0)]
    assert sent.sql("SELECT count(*) FROM bounce WHERE subscription IS NOT NULL")[0][0] >= 1


def test_nobody_is_sent_the_issue_any_more(sent, server):
    """Above all not those who have had it: nobody knows who they are."""
    add_people(sent, "eve")
    grow_old(sent, 5)
    prune(sent)
    count = server.count()
    for words in (["send", "--yes", sent.path, "--rest"], ["send", "--yes", sent.path, "--where", "language is unknown"],
                  ["send", sent.path, "--rest", "--dry-run"], ["resend", "no-1", "--state", "bounced", "--yes"],
                  ["resend", "no-1", "--state", "failed", "--yes"]):
        refused = sent.run(*words, expect=None)
        assert refused.returncode and GONE in refused.err, (words, refused)
    refused = sent.run("send", "--yes", sent.path, expect=None)
    assert refused.returncode != 0
    sent.run("retry", expect=None)
    assert server.count() == count and left(sent) == 0
    sent.run("send", "--yes", sent.issue(number="No 2", name="two.md"), expect=None)  # others go on
    assert len(server.messages("eve@example.org")) == 1


def test_the_api_and_the_pages_refuse_too(sent):
    configure(sent)
    key = sent.run("staff", "token", "all", "--scope", "read,issues,send").out.strip()
    grow_old(sent, 5)
    prune(sent)
    http = StaffServer(sent.folder, "--no-mail")
    try:
        for method, path, body in (("GET", "/issues/1/deliveries", None), ("GET", "/issues/1/rest", None),
                                   ("POST", "/issues/1/rest", {}), ("POST", "/issues/1/resend", {"state": "bounced"})):
            assert GONE in json.dumps(ApiClient(http, key).call(method, path, body, 409))
    finally:
        http.stop()
    assert left(sent) == 0


def test_a_late_bounce_is_one_of_no_known_delivery(sent, server):
    grow_old(sent, 5)
    prune(sent)
    before = told(sent)
    late = came_back(sent, server, "bob")
    assert late["ended"] == 0 and sent.sql("SELECT state FROM subscription WHERE id = 2") == [("active",)]
    assert sent.sql("SELECT count(*), count(delivery) FROM returned WHERE kind <> 'reply'") == [(1, 0)]
    assert told(sent) == before


@pytest.mark.parametrize("state", ["queued", "deferred", "unknown", "leased"])
def test_an_issue_that_is_not_over_stays_whole(sent, state):
    sent.sql(f"UPDATE delivery SET state = '{state}' WHERE id = (SELECT min(id) FROM delivery WHERE issue = 1)")
    sent.sql("UPDATE issue SET ended_at = 1, created_at = 1")
    sent.configure(retention={"deliveries": "1d"})
    assert json.loads(sent.run("prune", "--dry-run", "--json").out)["deliveries"] == 0
    assert prune(sent) == 0 and left(sent) == 5


@pytest.mark.parametrize("state", ["sending", "paused", "scheduled"])
def test_nor_is_one_touched_that_goes_on(sent, state):
    sent.sql(f"UPDATE issue SET ended_at = 1, created_at = 1, state = '{state}'")
    sent.configure(retention={"deliveries": "1d"})
    assert prune(sent) == 0 and left(sent) == 5


def test_an_issue_that_was_sent_later_stays(sent):
    sent.run("send", "--yes", sent.issue(number="No 2", name="two.md"), expect=None)
    sent.sql("UPDATE issue SET ended_at = 1 WHERE id = 1")
    sent.configure(retention={"deliveries": "1d"})
    assert prune(sent) == 5
    assert sent.sql("SELECT DISTINCT issue FROM delivery WHERE issue IS NOT NULL") == [(2,)]
    assert sent.run("send", "--yes", sent.path.replace("issue.md", "two.md"), "--rest", expect=None).err.count(GONE) == 0


def test_many_go_in_short_steps(sent):
    """More than one transaction takes, in two issues at once; and one that was begun goes on after a kill."""
    sent.add_active([f"reader{n}@mail{n % 7}.example.org" for n in range(2500)])
    sent.sql("INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at, reply_code) SELECT 'issue', 1, s.id, "
             "CASE s.id % 5 WHEN 0 THEN 'bounced' ELSE 'sent' END, 1, s.id / 10, 550 FROM subscription s WHERE s.id > 5")
    sent.sql("INSERT INTO delivery (kind, subscription, state, created_at, updated_at) VALUES ('welcome', 1, 'sent', 1, 1)")
    sent.sql("INSERT INTO attempt (delivery, at, state) SELECT d.id, n.n, 'deferred' FROM delivery d CROSS JOIN (SELECT 1 AS n UNION "
             "SELECT 2) n WHERE d.issue = 1")
    sent.sql("INSERT INTO returned (digest, at, kind, delivery) SELECT CAST('d' || id AS %s), 1, 'dsn', id FROM delivery WHERE issue = 1"
             .replace("%s", "BYTEA" if POSTGRESQL else "BLOB"))
    sent.sql("INSERT INTO bounce (returned, at, delivery, kind, reason, status) SELECT id, 1, delivery, 'hard', 'r' || id % 3, '5.0.0' "
             "FROM returned WHERE kind = 'dsn' AND delivery % 2 = 0")
    sent.sql("UPDATE issue SET ended_at = 1")
    before = told(sent)
    sent.configure(retention={"deliveries": "1d"})
    sent.sql("INSERT INTO setting (key, value) VALUES ('deliveries removed 1', '7 0 0 0 0 0 0 0 0 0 0 goes on')")
    sent.run("prune")
    assert left(sent) == 0 and told(sent) == before
    assert sent.sql("SELECT (SELECT count(*) FROM attempt), (SELECT count(delivery) FROM returned), (SELECT count(delivery) FROM bounce)") == [
        (0, 0, 0)]
    assert sent.sql("SELECT value FROM setting WHERE key = 'deliveries removed 1'")[0][0].endswith(" ended")


def test_replies_and_subjects_are_told_as_before(sent):
    sent.sql("INSERT INTO subject_test (issue, share, wait, rule, decide_at, winner) VALUES (1, 40, 60, 'replies', 1, 1)")
    sent.sql("UPDATE issue SET alternative_subject = 'Other'")
    sent.sql("UPDATE delivery SET variant = 1 + id % 2, replied_at = CASE WHEN id < 3 THEN 5 END")
    sent.sql("INSERT INTO event (at, kind, list, subscriber) SELECT 4000000000, 'unsubscribed', 1, 2")
    sent.sql("UPDATE issue SET ended_at = created_at")
    before = told(sent)
    assert [subject["replied"] for subject in before[1]["subjects"]] == [1, 1]
    sent.configure(retention={"deliveries": "1s"})
    wait_for(lambda: prune(sent) == 5)
    assert told(sent)[1]["subjects"] == before[1]["subjects"]
    assert told(sent)[1] == before[1]


def test_leaving_by_an_old_mail_still_counts_for_its_issue(sent, server):
    grow_old(sent, 5)
    prune(sent)
    sent.run("unsubscribe", token(parse(server.messages("bob@example.org")[0]), "unsubscribe"))
    assert sent.sql("SELECT issue FROM event WHERE kind = 'unsubscribed'") == [(1,)]


def test_a_website_that_knew_the_deliveries_goes_on(sent, server):
    """It has looked into the partition of the issue before that was dropped."""
    configure(sent)
    links = [link(parse(server.messages(f"{name}@example.org")[0]), "unsubscribe") for name in ("ann", "bob")]
    http = StaffServer(sent.folder, "--no-mail")
    http.port = http.public
    try:
        for number, address in enumerate(links):
            answer = http.request("POST", "/unsubscribe?" + address.split("?")[1], {"List-Unsubscribe": "One-Click"})
            assert answer.status == 200, answer.text
            if number == 0:
                grow_old(sent, 5)
                assert prune(sent) == 5
    finally:
        http.stop()
    assert sent.sql("SELECT issue FROM event WHERE kind = 'unsubscribed'") == [(1,), (1,)]


def test_copies_keep_the_figures(sent, server, tmp_path):
    came_back(sent, server, "ann")
    grow_old(sent, 5)
    prune(sent)
    before = told(sent)
    sent.run("backup", str(tmp_path / "copy.db"))
    sent.configure(database=str(tmp_path / "copy.db"))
    assert told(sent) == before and "totals" not in sent.run("doctor", "--local", expect=None).out
    sent.configure(database=sent.database)
    if POSTGRESQL:
        sent.run("migrate-store", str(tmp_path / "moved.db"))
        sent.configure(database=str(tmp_path / "moved.db"))
        assert told(sent) == before


def test_a_list_goes_with_what_is_known(sent):
    grow_old(sent, 5)
    prune(sent)
    sent.run("list", "remove", "bulletin", "--yes")
    assert sent.sql("SELECT count(*) FROM setting WHERE key LIKE 'deliveries removed%'") == [(0,)]
    assert sent.sql("SELECT (SELECT count(*) FROM issue), (SELECT count(*) FROM issue_total)") == [(0, 0)]


# ---- on a server ----

PARTS = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'delivery'::regclass"


@pytest.mark.postgresql
def test_the_partition_is_dropped_in_one_step(sent, server):
    came_back(sent, server, "ann")
    sent.sql("CREATE TABLE deleted (n BIGINT); CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
             "'BEGIN INSERT INTO deleted VALUES (1); RETURN NULL; END'; "
             "CREATE TRIGGER noted AFTER DELETE ON delivery_1 FOR EACH ROW EXECUTE FUNCTION note()")
    grow_old(sent, 5)
    assert prune(sent) == 5
    assert sent.sql(PARTS) == [(1,)] and sent.sql("SELECT count(*) FROM deleted") == [(0,)]
    with pytest.raises(psycopg2.errors.CheckViolation):  # nor can anybody get it by mistake
        sent.sql("INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) VALUES ('issue', 1, 1, 'queued', 1, 1)")


@pytest.mark.postgresql
def test_while_others_are_at_it_the_next_prune_drops_it(sent):
    before = told(sent)
    grow_old(sent, 5)
    busy = psycopg2.connect(sent.database)
    try:
        with busy.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM delivery")
        assert prune(sent) == 5 and sent.sql(PARTS) == [(2,)]
        assert told(sent) == before
        assert GONE in sent.run("send", "--yes", sent.path, "--rest", expect=None).err
    finally:
        busy.close()
    sent.run("prune")
    assert sent.sql(PARTS) == [(1,)] and told(sent) == before


@pytest.mark.postgresql
def test_what_is_queued_after_all_is_not_dropped(sent):
    sent.sql("UPDATE issue SET ended_at = 1, created_at = 1")
    sent.sql("INSERT INTO setting (key, value) VALUES ('deliveries removed 1', '7 0 0 0 0 0 0 0 0 0 0 goes on')")
    for state in ("queued", "leased", "deferred", "unknown"):
        sent.sql(f"UPDATE delivery SET state = '{state}' WHERE id = 1")
        sent.run("prune")
        assert left(sent) == 5 and sent.sql(PARTS) == [(2,)]


@pytest.mark.postgresql
def test_of_a_removal_and_a_resend_at_once_one_waits(sent):
    """Somebody has the issue sent again while its deliveries are about to be removed: they hold the same row."""
    sent.sql("UPDATE issue SET ended_at = 1, created_at = 1")
    sent.configure(retention={"deliveries": "1d"})
    other = psycopg2.connect(sent.database)
    try:
        with other.cursor() as cursor:  # as a resend has queued a part
            cursor.execute("SELECT 1 FROM issue WHERE id = 1 FOR UPDATE")
            cursor.execute("UPDATE delivery SET state = 'queued' WHERE issue = 1 AND state = 'bounced'")
            cursor.execute("UPDATE issue SET state = 'sending', ended_at = NULL WHERE id = 1")
            removal = sent.popen("prune", "--json")
            wait_for(lambda: sent.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")[0][0] > 0)
            other.commit()
        assert json.loads(removal.communicate()[0])["deliveries"] == 0 and left(sent) == 5
        sent.sql("UPDATE delivery SET state = 'bounced' WHERE state = 'queued'")
        sent.sql("UPDATE issue SET state = 'sent', ended_at = 1")
        sent.sql("UPDATE subscription SET state = 'active'")
        with other.cursor() as cursor:  # as a removal has begun
            cursor.execute("SELECT 1 FROM issue WHERE id = 1 FOR UPDATE")
            cursor.execute("INSERT INTO setting (key, value) VALUES ('deliveries removed 1', '7 0 0 0 0 0 0 0 0 0 0 goes on')")
            resend = sent.popen("resend", "no-1", "--state", "bounced", "--yes")
            wait_for(lambda: sent.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")[0][0] > 0)
            other.commit()
        assert GONE in resend.communicate()[1].decode() and resend.returncode
    finally:
        other.close()
    assert sent.sql("SELECT count(*) FROM delivery WHERE state = 'queued' AND issue = 1") == [(0,)]


@pytest.mark.postgresql
def test_two_removals_at_once_do_not_fail(sent):
    grow_old(sent, 5)
    both = [sent.popen("prune", "--json") for _ in range(2)]
    told_both = [json.loads(one.communicate()[0])["deliveries"] for one in both]
    assert [one.returncode for one in both] == [0, 0] and sorted(told_both) == [0, 5]
    sent.run("prune")
    assert left(sent) == 0 and sent.sql(PARTS) == [(1,)]


@pytest.mark.postgresql
def test_deliveries_of_before_the_partitions_go_row_by_row(sent, server):
    """They share a partition with notices."""
    came_back(sent, server, "ann")
    sent.sql("ALTER TABLE delivery DETACH PARTITION delivery_0; ALTER TABLE delivery DETACH PARTITION delivery_1; "
             "INSERT INTO delivery_0 SELECT * FROM delivery_1; "
             "ALTER TABLE delivery ATTACH PARTITION delivery_0 FOR VALUES IN (NULL, 1); UPDATE delivery_part SET part = '_0'")
    before = told(sent)
    grow_old(sent, 5)
    assert prune(sent) == 5 and left(sent) == 0 and told(sent) == before
    assert "totals" not in sent.run("doctor", "--local", expect=None).out
