"""A backup while others write: counted in bytes, not in time."""
import os
import sqlite3
import subprocess
import threading
import time

import pytest

from conftest import BINARY

pytestmark = pytest.mark.one_engine("SQLite's way of copying")


def test_each_page_is_copied_once_while_others_write(site):
    site.tampered = True
    with sqlite3.connect(site.database) as connection:
        connection.execute("CREATE TABLE filler (bytes BLOB)")
        connection.executemany("INSERT INTO filler VALUES (randomblob(?))", [(1 << 20,)] * 40)
    connection.close()
    size = os.path.getsize(site.database)
    done = threading.Event()

    def write():
        writer = sqlite3.connect(site.database, timeout=30)
        writer.execute("PRAGMA synchronous = OFF")
        while not done.is_set():
            writer.execute("INSERT INTO event (at, kind) VALUES (1, 'test')")
            writer.commit()
            time.sleep(0.001)  # a log that grows without end would fill the disk
        writer.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        process = subprocess.Popen([BINARY, "backup", "copy.db"], cwd=site.folder)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with open(f"/proc/{process.pid}/io", encoding="ascii") as counts:
            written = int(dict(line.split(": ") for line in counts)["wchar"])
        assert process.wait() == 0
    finally:
        done.set()
        thread.join()
    assert os.path.getsize(site.database) >= 40 << 20
    assert written < 1.5 * size + (8 << 20)
    copy = sqlite3.connect(os.path.join(site.folder, "copy.db"))
    assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert copy.execute("SELECT count(*) FROM filler").fetchall() == [(40,)]
    copy.close()
