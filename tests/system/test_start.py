"""A command loads only the libraries that it needs: they are counted, not timed."""
import os
import re
import shutil
import subprocess

import pytest

from conftest import BINARY

pytestmark = pytest.mark.one_engine("the engine makes no difference to how a program starts")

# A process that sends nothing, serves nothing and asks no name server needs none of these.
HEAVY = "curl gnutls pq microhttpd etpan ical icui18n icuuc archive xml2 cares systemd argon2 md4c csv krb5 ldap ssl".split()


def loaded(site, *words, **options):
    """The libraries that a command and its children initialise, as the dynamic linker tells."""
    done = subprocess.run([BINARY, *words], cwd=site.folder, capture_output=True, text=True,
                          env={**os.environ, "LD_DEBUG": "files"}, **options)
    assert done.returncode == 0, done.stderr[-2000:]
    return {os.path.basename(path) for path in re.findall(r"calling init: (\S+)", done.stderr)}


def heavy(libraries):
    return {name for name in libraries for part in HEAVY if re.match(rf"lib{part}[-.]", name)}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="linked with all libraries on other processors")
@pytest.mark.parametrize("words, text, bound", [
    (["--version"], "", 12),
    (["subscribe", "--list", "bulletin"], "email=ann%2Bnews%40example.org&name=Ann+Lee", 14),
    (["status"], "", 13),
    (["subscriber", "show", "ann+news@example.org"], "", 14)])
def test_a_command_loads_only_what_it_needs(site, words, text, bound):
    if words[0] == "subscriber":
        site.run("subscribe", "--no-wait", "ann+news@example.org")
    libraries = loaded(site, *words, input=text)
    assert not heavy(libraries)
    assert len(libraries) <= bound, sorted(libraries)


def test_a_command_that_needs_them_gets_them(connected, server):
    """The functions get their arguments at the first call, too: of all kinds, through the code that looks them up."""
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", connected.issue("Hello *you*.\n", events=[
        {"title": "Tea", "date": "2030-01-01", "time": "10:00"}]))
    assert len(server.messages("ann@example.org")) == 1


@pytest.mark.parametrize("empty, says", [(False, "cannot be opened"), (True, "does not fit")])
def test_a_library_that_is_broken_is_named(site, tmp_path, empty, says):
    """The status is that of a missing system file, and nothing was changed."""
    library = tmp_path / "libyaml-0.so.2"
    if empty:
        compiler = shutil.which("gcc") or shutil.which("clang")
        subprocess.run([compiler, "-shared", "-o", library, "-x", "c", os.devnull], check=True)
    else:
        library.write_bytes(b"no library")
    done = subprocess.run([BINARY, "status"], cwd=site.folder, capture_output=True, text=True,
                          env={**os.environ, "LD_LIBRARY_PATH": str(tmp_path)})
    assert done.returncode == 72, (done.returncode, done.stderr)
    assert says in done.stderr and "libyaml-0.so.2" in done.stderr
