"""The short form of bench/soak: a server that goes wrong at random, processes that are killed, several at once."""
import fcntl
import importlib.machinery
import importlib.util
import os
import struct
import subprocess
import time

import certificates
import pytest
from conftest import TOP
from faulty import Faulty

pytestmark = [pytest.mark.slow, pytest.mark.one_engine("about disks and files")]

EXT4_IOC_SHUTDOWN = 0x8004587D
loader = importlib.machinery.SourceFileLoader("soak", os.path.join(TOP, "bench", "soak"))
soak = importlib.util.module_from_spec(importlib.util.spec_from_loader("soak", loader))
loader.exec_module(soak)


@pytest.mark.parametrize("processes, kills, window, tls, connections", [
    (1, 0, 0, False, 20), (2, 25, 0, False, 20), (4, 25, 0, True, 20), (2, 25, 1, True, 100), (2, 25, 4, False, 20),
    (4, 25, 4, True, 20), (2, 25, 1, False, 1)])
def test_nobody_is_missed_or_mailed_twice(site, tmp_path, processes, kills, window, tls, connections):
    """With a window, messages go out in one piece each. With one connection, commit points are recorded ahead."""
    smtp = {"connections": connections, **({"window": window} if window else {})}
    pair = None
    if tls:
        authority, *pair = certificates.make(str(tmp_path))
        smtp.update(security="tls", ca_file=authority)
    server = Faulty(rate=0.01, delay=0.02, refused=soak.refused, offers=["CHUNKING"] if window else [], tls=pair)
    try:
        result = soak.run(site, server, 2000, kills, processes, soak.refused, **smtp)
    finally:
        server.stop()
    for wrong in ("lost", "twice", "bounced wrongly", "taken and not recorded", "other"):
        assert result[wrong] == 0, result
    assert result["recipients"] == 2000 and result["sent"] > (1000 if window > 1 else 1500) and result["kills"] >= kills // 3
    assert min(server.faults[kind] for kind in ("drop", "RCPT", "dot", "silence")) > 0
    assert server.faults["DATA"] + server.faults["BDAT"] > 0
    lost = server.faults["drop"] + server.faults["silence"]
    assert result["unknown"] <= max(window, 1) * (connections * result["kills"] + lost)
    # A silence may be taken for a server that cannot do BDAT: then the rest goes by DATA.
    assert not window or server.verbs["BDAT"] > 0


@pytest.fixture
def disk(site):
    """A disk of its own for the site, which can be made to fail."""
    image = os.path.join(site.folder, "disk.img")
    place = os.path.join(site.folder, "disk")
    os.mkdir(place)
    subprocess.run(["truncate", "-s", "64M", image], check=True)
    subprocess.run(["/sbin/mkfs.ext4", "-q", image], check=True)
    loop = subprocess.run(["losetup", "--find", "--show", image], capture_output=True, text=True, check=False).stdout.strip()
    if not loop or subprocess.run(["mount", loop, place], check=False).returncode != 0:
        if loop:
            subprocess.run(["losetup", "-d", loop], check=False)
        pytest.skip("no right to mount")
    yield loop, place
    subprocess.run(["umount", place], check=False)
    subprocess.run(["losetup", "-d", loop], check=False)


def test_disk_that_fails(site, disk):
    """In the middle of a run: all writing is refused; it stops with a word, and goes on once the disk is well."""
    loop, place = disk
    server = Faulty(rate=0, delay=0.05)
    try:
        site.settings["database"] = site.database = os.path.join(place, "newsletter.db")
        site.configure(port=server.port, smtp={"connections": 8})
        site.install()
        site.add_active([f"reader{n}@example.org" for n in range(3000)])
        name = site.issue()
        running = site.popen("send", "--yes", name)
        while sum(server.taken.values()) < 300:
            assert running.poll() is None
            time.sleep(0.01)
        folder = os.open(place, os.O_RDONLY)
        fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, struct.pack("I", 1))  # every write fails from now on
        os.close(folder)
        out, err = running.communicate(timeout=120)
        assert running.returncode in (74, 75) and err.count(b"\n") == 1, (running.returncode, out, err)
        assert b"newsletter: " in err and len(err) < 500
        subprocess.run(["umount", place], check=True)
        subprocess.run(["mount", loop, place], check=True)  # what was under way is replayed
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        taken = sum(server.taken.values())
        assert "ead-only" in site.run("send", "--yes", name, expect=77).err and sum(server.taken.values()) == taken
        subprocess.run(["mount", "-o", "remount,rw", place], check=True)
        site.run("send", "--yes", name)
        states = site.state_of_each()
        assert len(states) == 3000 and set(states.values()) <= {"sent", "unknown"}
        assert sum(state == "unknown" for state in states.values()) <= 8
        for address, state in states.items():
            assert server.taken[address] == 1 or (state == "unknown" and server.taken[address] == 0), address
    finally:
        server.stop()
