"""Exports do not grow with the list: the peak of a command's memory, as the kernel counts it, for few rows and for many."""
import re

import pytest
from conftest import POSTGRESQL, sanitized

# With few of them, the caches of the database and its client are full already.
FEW, MANY = (15000, 40000) if POSTGRESQL else (5000, 15000)
GROWTH = 3 << 19  # what the longest of them prints grows by 3.5 MB
EXPORTS = (["export"], ["export", "--json"], ["export", "--format", "jsonl"], ["export", "--where", 'email ~ "reader"'],
           ["suppress", "list"], ["suppress", "export"], ["subscriber", "list", "--json"])


def peak(site, *args):
    """The peak (VmHWM) that was seen while the output came, and its size."""
    run = site.popen(*args)
    most = size = 0
    while True:
        part = run.stdout.read1(1 << 16)
        if not part:
            break
        size += len(part)
        with open(f"/proc/{run.pid}/status", encoding="ascii", errors="replace") as status:
            found = re.search(r"VmHWM:\s+(\d+) kB", status.read())
        most = max(most, int(found.group(1)) << 10 if found else 0)
    assert run.communicate() == (b"", b"") and run.returncode == 0
    return most, size


@pytest.mark.slow(6)
@pytest.mark.skipif(sanitized(), reason="a sanitizer keeps memory that is freed")
def test_exports_stay_small(site):
    exports = [args for args in EXPORTS if args[0] != "suppress" or not POSTGRESQL]  # an import of so many takes long there

    def add(first, last):
        site.add_active([f"reader{n}@mail{n % 97}.example.org" for n in range(first, last)], "Reader")
        if POSTGRESQL:
            return
        site.write("gone.txt", "".join(f"gone{n}@mail{n % 97}.example.org\n" for n in range(first, last)))
        site.run("suppress", "import", "gone.txt")

    add(0, FEW)
    before = {tuple(args): peak(site, *args)[0] for args in exports}
    add(FEW, MANY)
    for args in exports:
        most, size = peak(site, *args)
        assert size > 750000 and 0 < most < before[tuple(args)] + GROWTH, (args, before[tuple(args)], most, size)
