"""The systemd units: what they allow is all that the program does, and little more."""
import functools
import glob
import os
import re
import shutil
import signal
import subprocess
import urllib.parse
import urllib.request

import pytest
from conftest import BINARY, TOP, wait_for
from webserver import WebServer

pytestmark = [pytest.mark.one_engine("the engine makes no difference to the units"),
              pytest.mark.skipif(not shutil.which("systemd-analyze") or not shutil.which("strace"), reason="needs systemd and strace")]

UNITS = sorted(glob.glob(os.path.join(TOP, "contrib", "systemd", "*.service")))
# A leak checker stops its own process to look at it, which no filter need allow.
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1"}


@functools.lru_cache(None)
def groups():
    """{"@group": the calls and groups in it}, as systemd has them."""
    told = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True).stdout
    found, name = {}, None
    for line in told.splitlines():
        if line.startswith("@"):
            name = line.strip()
            found[name] = set()
        elif name and line.startswith("    ") and not line.strip().startswith("#"):
            found[name].add(line.strip())
        elif line.startswith("#"):
            name = None
    return found


def expand(word):
    if not word.startswith("@"):
        return {word}
    return set().union(*(expand(part) for part in groups()[word]))


def allowed(unit):
    calls = set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", open(unit, encoding="utf-8").read(), re.M):
        named = set().union(*(expand(word) for word in line.lstrip("~").split()))
        calls = calls - named if line.startswith("~") else calls | named
    return calls


def traced(site, *args, **options):
    """The system calls of a command."""
    path = os.path.join(site.folder, "calls")
    done = subprocess.run(["strace", "-f", "-qq", "-o", path, BINARY, *args], cwd=site.folder, capture_output=True,
                          timeout=120, env=ENVIRONMENT, check=False, **options)
    assert done.returncode == 0, done
    return calls_in(path)


def calls_in(path):
    with open(path, encoding="utf-8", errors="replace") as trace:
        return {match.group(1) for line in trace for match in [re.match(r"\d+ +([a-z0-9_]+)\(", line)] if match}


def unit(name):
    return os.path.join(TOP, "contrib", "systemd", name + ".service")


def may(path):
    """Root gives files to the owner of the database, which no unit runs as."""
    return allowed(path) | ({"fchown"} if os.geteuid() == 0 else set())


@pytest.mark.slow(1)
def test_what_sends_makes_no_other_calls(connected, server):
    connected.add_active(["ann@example.org", "bob@example.org"])
    server.handler.tempfail.add("bob@example.org")
    connected.write("secret", "x")
    sent = traced(connected, "send", "--yes", connected.issue())
    sent |= traced(connected, "retry")
    assert sent - may(unit("newsletter-retry")) == set()
    assert sent - may(unit("newsletter-worker")) == set()
    assert traced(connected, "backup", "copy.db") - may(unit("newsletter-backup")) == set()


@pytest.mark.slow(1)
def test_what_serves_makes_no_other_calls(connected, server):
    path = os.path.join(connected.folder, "calls")
    wrapper = os.path.join(connected.folder, "traced")
    with open(wrapper, "w", encoding="utf-8") as out:
        out.write(f"#!/bin/sh\nexec strace -f -qq -o {path} {BINARY} \"$@\"\n")
    os.chmod(wrapper, 0o755)
    connected.configure(serve={"url": "http://127.0.0.1/", "check_forms": False})
    web = WebServer(wrapper, connected.folder, env=ENVIRONMENT)
    urllib.request.urlopen(web.url + "/join", timeout=10).read()
    urllib.request.urlopen(web.url + "/join", urllib.parse.urlencode({"email": "ann@example.org", "list": "bulletin"}).encode(),
                           timeout=10).read()
    wait_for(lambda: server.messages("ann@example.org"))
    tracer = web.process.pid
    with open(f"/proc/{tracer}/task/{tracer}/children", encoding="ascii") as children:
        os.kill(int(children.read().split()[0]), signal.SIGTERM)
    web.process.communicate(timeout=30)
    served = calls_in(path)
    assert "accept4" in served or "accept" in served
    assert served - may(unit("newsletter")) == set()


@pytest.mark.parametrize("path", UNITS, ids=os.path.basename)
def test_little_is_exposed(path):
    told = subprocess.run(["systemd-analyze", "security", "--offline=true", path], capture_output=True, text=True,
                          check=False).stdout
    assert float(re.search(r"Overall exposure level .*: ([0-9.]+)", told).group(1)) <= 1.0, told


def test_the_filter_is_known():
    """A name that systemd does not know would be ignored."""
    known = set().union(*(expand(group) for group in groups()))
    for path in UNITS:
        text = open(path, encoding="utf-8").read()
        for line in re.findall(r"^SystemCallFilter=~?(.*)$", text, re.M):
            assert not [word for word in line.split() if word not in groups() and word not in known], path
        assert "SystemCallErrorNumber=EPERM" in text and "execve" in allowed(path)  # password_command
