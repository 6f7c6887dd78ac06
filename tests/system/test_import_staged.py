"""A long import counts as a whole or not at all, and gives way to others."""
import concurrent.futures
import csv
import io
import signal
import time

import pytest
from conftest import POSTGRESQL
from test_serve import web  # noqa: F401  (a fixture)

ROWS = 5000  # more than two transactions take in


def addresses(count=ROWS):
    return [f"reader{number:05}@example.org" for number in range(count)]


@pytest.fixture
def rows(site):
    return site.write("rows.csv", "email\n" + "".join(f"{address}\n" for address in addresses()))


def refuse(site, address):
    """The database takes everybody but this one."""
    if POSTGRESQL:
        site.sql(f"ALTER TABLE subscriber ADD CONSTRAINT full_disk CHECK (address <> '{address}') NOT VALID")
    else:
        site.sql(f"CREATE TRIGGER full_disk BEFORE INSERT ON subscriber WHEN NEW.address = '{address}' "
                 "BEGIN SELECT RAISE(ABORT, 'refused'); END")


def take_again(site):
    site.sql("ALTER TABLE subscriber DROP CONSTRAINT full_disk" if POSTGRESQL else "DROP TRIGGER full_disk")


def active(site):
    rows = csv.DictReader(io.StringIO(site.run("export", "--state", "active").out))
    return sorted(row["email"] for row in rows)


def staged(site):
    return site.sql("SELECT count(*) FROM import_part")[0][0]


@pytest.mark.slow(1)
def test_a_failure_in_the_middle_is_made_up_for(site, rows):
    refuse(site, addresses()[3000])
    failed = site.run("import", rows, "--consent", "paper", expect=None)
    assert failed.returncode != 0 and "the import counts" in failed.err
    present = site.sql("SELECT count(*) FROM subscription")[0][0]
    assert 0 < present < ROWS and staged(site) > 0
    # Nobody sends to half of them, or counts half of them.
    assert site.run("export", expect=None).returncode != 0
    assert site.run("send", "--yes", site.issue(), expect=None).returncode != 0
    assert site.sql("SELECT count(*) FROM issue") == [(0,)]
    # One person's affairs go on.
    site.run("subscribe", "--no-wait", "new@example.org")
    take_again(site)
    assert active(site) == addresses() and staged(site) == 0
    assert site.sql("SELECT count(*) FROM event WHERE kind = 'imported'") == [(1,)]
    assert site.sql("SELECT count(DISTINCT token), count(DISTINCT subscriber) FROM subscription") == [
        (ROWS + 1, ROWS + 1)]


@pytest.mark.slow(1)
@pytest.mark.parametrize("moment", ["SELECT count(*) FROM import_part", "SELECT count(accepted_at) FROM import",
                                    "SELECT count(*) FROM subscription", "SELECT count(done_at) FROM import"])
def test_killed(site, rows, moment):
    with site.popen("import", rows, "--consent", "paper") as process:
        while process.poll() is None and site.sql(moment) == [(0,)]:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    accepted = site.sql("SELECT count(accepted_at) FROM import") == [(1,)]
    assert active(site) == (addresses() if accepted else [])
    assert staged(site) == 0 or not accepted
    site.sql("UPDATE import SET begun_at = 1")
    site.run("import", rows, "--consent", "paper")
    assert active(site) == addresses() and staged(site) == 0
    assert len(site.sql("SELECT id FROM import WHERE done_at IS NULL")) == 0


@pytest.mark.slow(1)
def test_refused_rows_leave_nothing(site):
    path = site.write("rows.csv", "email\n" + "".join(f"{address}\n" for address in addresses()) + "nonsense\n")
    refused = site.run("import", path, "--consent", "paper", expect=65)
    assert f"added {ROWS}" in refused.out and "nothing is kept" in refused.out
    assert active(site) == [] and staged(site) == 0 and site.sql("SELECT count(*) FROM subscriber") == [(0,)]
    tried = site.run("import", path, "--consent", "paper", "--partial", "--dry-run", expect=65)
    assert f"added {ROWS}" in tried.out and active(site) == []
    assert f"added {ROWS}" in site.run("import", path, "--consent", "paper", "--partial", expect=65).out
    assert active(site) == addresses()


@pytest.mark.slow(1)
def test_a_list_that_is_known_in_part(site):
    """People who are new, known, twice in the file, gone and suppressed, in all parts of a long file."""
    known, gone, blocked = addresses()[7::10], addresses()[8::100], addresses()[9::100]
    site.add_active(known + gone)
    site.sql("UPDATE subscription SET state = 'unsubscribed' WHERE subscriber IN (SELECT id FROM subscriber "
             "WHERE address IN (" + ",".join(f"'{address}'" for address in gone) + "))")
    site.run("suppress", "import", site.write("blocked", "\n".join(blocked)), "--reason", "asked", expect=None)
    assert site.sql("SELECT count(*) FROM suppression") == [(len(blocked),)]
    twice = addresses()[::50]
    path = site.write("rows.csv", "email,name\n" + "".join(f"{address},A\n" for address in addresses() + twice))
    result = site.run("import", path, "--consent", "paper").out
    new = ROWS - len(known) - len(gone) - len(blocked)
    assert f"added {new}" in result and f"{len(gone)} left" in result and f"{len(blocked)} suppressed" in result
    assert f"{len(known) + len(twice)} on the list already" in result
    assert active(site) == sorted(set(addresses()) - set(gone) - set(blocked))


@pytest.mark.slow(1)
def test_the_website_goes_on_meanwhile(web, connected):  # noqa: F811
    http = web("--no-mail")
    path = connected.write("rows.csv", "email\n" + "".join(f"{address}\n" for address in addresses(20000)))
    joined = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool, connected.popen(
            "import", path, "--consent", "paper") as importing:
        while importing.poll() is None:
            joining = pool.submit(http.post, "/join", {"email": f"visitor{joined}@example.org"})
            assert http.get("/join").status == 200
            assert joining.result().status == 200
            joined += 1
        assert importing.returncode == 0
    assert joined > 1
    assert connected.sql("SELECT state, count(*) FROM subscription GROUP BY state ORDER BY state") == [
        ("active", 20000), ("pending", joined)]
