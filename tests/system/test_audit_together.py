"""An action and its line in the audit log: both or neither."""
import pytest
from test_accounts import ADDRESSES, ADMINISTER, add_account, bring, issue_of
from test_staff import dashboard

pytestmark = pytest.mark.one_engine("a trigger of SQLite stands for a process that dies between the two")

# Rows that change although nobody has done anything: sessions are in use, tasks are done by a thread.
OTHERS = {"staff_session", "audit", "staff_challenge", "setting", "last_run", "sqlite_sequence", "sqlite_stat1", "webhook_log"}


def everything(site):
    tables = [name for name, in site.sql("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'subscriber_text%'")]
    return {name: site.sql(f'SELECT * FROM "{name}"') for name in tables if name not in OTHERS}


@pytest.fixture
def staff(connected):
    with dashboard(connected, "administrator") as server:
        yield server


@pytest.mark.slow(5)
def test_no_action_without_its_line(staff, connected, server):
    """Each address of the role matrix, while the log takes no line."""
    issue = issue_of(connected, server)
    connected.run("bounce", stdin=b"From: x@example.net\r\nSubject: fox\r\n\r\nThe quick brown fox.\r\n", expect=None)
    add_account(connected, "zoe", "viewer")
    for form in ({"action": "add", "name": "new-list", "from": "x@example.org"}, {"action": "add", "name": "newer", "from": "x@example.org"}):
        assert staff.press("/lists", **form).status == 303
    assert staff.press("/segments", action="save", name="press", where='language = "ru"').status == 303
    assert staff.press("/tokens", action="add", name="robot").status == 200
    assert staff.press("/webhooks", action="add", name="crm", url="http://127.0.0.1:9/").status == 200
    assert bring(staff).status == 303
    staff.press("/imports/1", action="save", list="bulletin")  # to be saved again below, and no action of its own
    connected.sql("INSERT INTO task (kind, state, started_by, door, list, name, options, size, created_at, rows_read, rejected, taken, tries, cancel, "
                  "tally, undo, result) VALUES ('export', 'failed', 'ann', 'browser', 'bulletin', 'people.csv', '{}', 0, 1, 0, 0, 0, 0, 0, '', '', '{}')")
    connected.sql("INSERT INTO suppression (address_key, reason, since) VALUES ('ann@example.org', 'x', 1)")
    connected.sql("UPDATE issue SET state = 'sending'")
    connected.sql("CREATE TRIGGER no_lines BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END")
    tried = noted = 0
    for path, method, form, allowed in ADDRESSES:
        if method == "GET" or not allowed >= ADMINISTER:
            continue
        before = everything(connected)
        answer = bring(staff) if form == "a file" else staff.press(path.format(issue=issue), **form)
        assert everything(connected) == before, (path, form)
        noted += answer.status == 500
        tried += 1
    assert tried >= 20 and noted >= tried - 12, (tried, noted)  # asking nobody again, overruling no canary, ending no session, testing a webhook, saving options, and refusals note nothing
    connected.sql("DROP TRIGGER no_lines")
    assert staff.press("/segments", action="remove", name="press").status == 303
