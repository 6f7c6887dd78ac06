"""The short form of bench/chaos: a bad day of a small installation, and an audit of every row after it."""
import importlib.machinery
import importlib.util
import os

import pytest
from conftest import TOP

loader = importlib.machinery.SourceFileLoader("chaos", os.path.join(TOP, "bench", "chaos"))
chaos = importlib.util.module_from_spec(importlib.util.spec_from_loader("chaos", loader))
loader.exec_module(chaos)

ENOUGH = 12  # seconds, and on a slow machine until each of these has happened
HAPPENED = ("joined", "confirmed", "imported", "mails", "servers killed")


@pytest.mark.slow(20)
def test_a_bad_day(tmp_path):
    """No mail without consent before it, nobody twice, no event lost, totals that agree, backups that can be restored."""
    wrong, count = chaos.run(str(tmp_path), ENOUGH, seed=5, until=HAPPENED)
    assert wrong == []
    assert all(count[what] > 0 for what in HAPPENED), count
