"""How much of a long ledger a receipt reads: one part of the tree for each entry that it shows, however long the ledger is."""
import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess

import pytest
from conftest import BINARY, sanitized
from test_receipts import office  # noqa: F401
from verify_ledger import encode

pytestmark = [pytest.mark.slow, pytest.mark.one_engine("what SQLite reads is seen from outside"),
              pytest.mark.skipif(not shutil.which("strace") or sanitized(), reason="needs strace, and no sanitizer")]


def lengthen(office, count, at):  # noqa: F811
    """Adds records of one entry each, as a run makes them of a delivery, with right digests."""
    database = sqlite3.connect(office.database)
    database.execute("PRAGMA synchronous = OFF")
    (number, chain), = database.execute("SELECT id, chain FROM ledger WHERE stream = 0 ORDER BY id DESC LIMIT 1")
    rows = []
    for _ in range(count):
        number += 1
        body = b"\x86" + b"".join(map(encode, (8, at, number, 7, 1, number)))
        chain = hashlib.sha256(chain + number.to_bytes(8, "big") + body).digest()
        rows.append((number, body, chain))
    database.executemany("INSERT INTO ledger (id, stream, body, chain) VALUES (?, 0, ?, ?)", rows)
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def pages_read(office, address):  # noqa: F811
    """How often the database file is read for one receipt, and whether that has a proof."""
    trace = os.path.join(office.folder, "trace")
    done = subprocess.run(["strace", "-f", "-y", "-qq", "-o", trace, "-e", "trace=pread64", BINARY, "consent", "show", address, "--json"],
                          cwd=office.folder, capture_output=True, text=True, check=True)
    [receipt] = json.loads(done.stdout)
    with open(trace, encoding="utf-8") as lines:
        reads = sum(bool(re.search(r"newsletter\.db>", line)) for line in lines)
    return reads, len(receipt["proof"]["entries"])


def test_a_receipt_does_not_walk_the_ledger(office):  # noqa: F811
    office.run("import", office.write("people.csv", "email\nann@example.org\n"), "--consent", "on paper")
    sizes = []
    for count in (20000, 60000):
        lengthen(office, count, 1000)
        office.run("import", office.write("people.csv", f"email\nbob{count}@example.org\n"), "--consent", "on paper")
        office.run("consent", "show", "ann@example.org")  # makes the parts, once
        (pages,), = office.sql("PRAGMA page_count")
        reads, entries = pages_read(office, "ann@example.org")
        assert entries == 1
        sizes.append((pages, reads))
    (few, before), (many, after) = sizes
    assert many > 2 * few, sizes
    assert after < many / 8, sizes  # of the pages of the database
    assert after < before + 64, sizes  # the heads of the parts that were added
