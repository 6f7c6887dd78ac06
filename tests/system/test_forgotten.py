"""The program leaves nothing in the files of the database of a person that it has forgotten."""
import glob
import os
import sqlite3

import pytest

pytestmark = pytest.mark.one_engine("about SQLite's own files")

NAME, ADDRESS, CITY = "Wilhelmina Quarterstaff", "wilhelmina@quarterstaff.example", "Much Quarterstaff"
DAY = 86400


def import_many(site):
    rows = "".join(f"reader{n}@example.org,Reader {n}\n" for n in range(1500))
    site.run("import", "-", "--list", "bulletin", "--consent", "paper forms of May", stdin=(
        f"email,name\n{ADDRESS},{NAME}\n" + rows).encode())


def erase(site, server):
    import_many(site)
    site.run("erase", ADDRESS, "--yes")


def correct_and_erase(site, server):
    import_many(site)
    site.run("subscriber", "edit", ADDRESS, "--name", "W. Q.", "--attribute", "city=Much Quarterstaff")
    site.run("subscriber", "edit", ADDRESS, "--attribute", "city=")
    site.run("erase", ADDRESS, "--yes")


def erase_after_an_issue(site, server):
    import_many(site)
    site.run("send", "--yes", site.issue())
    site.run("erase", ADDRESS, "--yes")


def remove_the_list(site, server):
    site.run("list", "add", "other", "--from", "x@example.org")
    site.run("import", "-", "--list", "other", "--consent", "paper",
             stdin=f"email,name\n{ADDRESS},{NAME}\n".encode())
    site.run("list", "remove", "other", "--yes")


def prune_who_left(site, server):
    import_many(site)
    site.run("unsubscribe", "--address", ADDRESS)
    site.sql("UPDATE subscription SET ended_at = ended_at - ?", 400 * DAY)
    site.configure(retention={"ended": "30d"})
    site.run("prune")


def prune_unconfirmed(site, server):
    site.run("subscribe", "--wait", ADDRESS, "--name", NAME)
    for table, column in (("subscription", "consent_at"), ("subscription", "created_at"), ("subscriber", "created_at")):
        site.sql(f"UPDATE {table} SET {column} = {column} - ?", 400 * DAY)
    site.sql("UPDATE confirmation SET created_at = created_at - ?, expires_at = expires_at - ?", 400 * DAY, 400 * DAY)
    site.run("prune")


@pytest.mark.parametrize("forget", [erase, correct_and_erase, erase_after_an_issue, remove_the_list, prune_who_left,
                                    prune_unconfirmed])
def test_nothing_is_left(connected, server, forget):
    other = sqlite3.connect(connected.database)  # as `serve` has it open: so the log stays
    other.execute("SELECT count(*) FROM list").fetchall()
    forget(connected, server)
    files = glob.glob(f"{connected.database}*")
    left = [(os.path.basename(path), word) for path in files for word in (NAME, ADDRESS, CITY)
            if word.encode() in open(path, "rb").read()]
    other.close()
    assert len(files) > 1 and left == []
