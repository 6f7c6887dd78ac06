"""Messages that kill the process which reads them, in the middle of it: each is set aside, and those after it are read.
The process really dies: a library that is loaded before it kills it when a message names a certain character set."""
import hashlib
import mailbox
import os
import signal
import subprocess

import pytest
from test_bounce import dsn, sent, state  # noqa: F401
from test_hostile_mail import fetched  # noqa: F401

KILLER = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <iconv.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

iconv_t iconv_open(const char *to, const char *from) {
    static iconv_t (*next)(const char *, const char *);
    if (strstr(from, "killer") != NULL)
        kill(getpid(), SIGKILL);
    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "iconv_open");
    return next(to, from);
}
"""


CLOCK = """
#define _GNU_SOURCE
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    static atomic_long looks;
    int failed = (int)syscall(SYS_clock_gettime, clock, time);
    if (failed == 0 && clock == CLOCK_MONOTONIC)
        time->tv_sec += atomic_fetch_add(&looks, 1) / 10;
    return failed;
}
"""


def preloaded(folder, source):
    """The environment in which a process has the functions of this source, and not the system's."""
    (folder / "preload.c").write_text(source)
    subprocess.run([os.environ.get("CC", "cc").split()[-1], "-shared", "-fPIC", "-o", folder / "preload.so",
                    folder / "preload.c"], check=True)
    return {"LD_PRELOAD": str(folder / "preload.so"), "ASAN_OPTIONS": "verify_asan_link_order=0"}


@pytest.fixture(scope="module")
def deadly(tmp_path_factory):
    """The environment in which such messages kill."""
    return preloaded(tmp_path_factory.mktemp("killer"), KILLER)


def killer(number):
    return (f"From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered Mail {number}\n"
            "Content-Type: text/plain; charset=x-killer\n\n").encode() + b"ann@example.org: user unknown \xe9\n"


def maildir(folder, messages):
    box = mailbox.Maildir(str(folder), create=True)
    for message in messages:
        box.add(message)
    return str(folder)


def mbox(folder, messages):
    with open(folder, "wb") as out:
        out.writelines(b"From x@mx.example.net Mon Mar  2 08:00:00 2026\n" + message + b"\n" for message in messages)
    return str(folder)


def deaths_until_done(site, source, env):
    """How often the process is killed until it gets through, and what the last one says."""
    for deaths in range(6):
        run = site.run("bounce", source, expect=None, env=env)
        if run.returncode == 0:
            return deaths, run
        assert run.returncode == -signal.SIGKILL
    raise AssertionError("the same messages kill again and again")


@pytest.mark.slow(1)
@pytest.mark.parametrize("box", [maildir, mbox])
def test_two_killers_are_set_aside_and_everything_else_is_read(sent, tmp_path, deadly, box):  # noqa: F811
    site, paths = sent
    killers = [killer(1), killer(2)]
    source = box(tmp_path / "box", [dsn(to=paths["ann@example.org"][0]), *killers,
                                    dsn("bob@example.org", to=paths["bob@example.org"][0])])
    deaths, last = deaths_until_done(site, source, deadly)
    assert deaths == 2
    assert state(site, "ann@example.org") == "bounced" and state(site, "bob@example.org") == "bounced"
    assert "is set aside unread" in last.err
    shown = {site.run("bounce", "--show", line.split("\t")[0]).stdout
             for line in site.run("bounce", "--kept").out.splitlines()}
    assert len(shown) == 2 and all(b"Undelivered Mail" in text for text in shown)
    if box is maildir:
        assert not os.listdir(os.path.join(source, "new"))
        assert len(os.listdir(os.path.join(source, ".Unknown", "cur"))) == 2
    # An mbox stays, and is read again; nothing in it kills or counts any more.
    assert deaths_until_done(site, source, deadly)[0] == 0


def test_a_pipe_hands_over_the_same_message_again(sent, deadly):  # noqa: F811
    site, _ = sent
    message = killer(3)
    assert site.run("bounce", stdin=message, expect=None, env=deadly).returncode == -signal.SIGKILL
    run = site.run("bounce", stdin=message, env=deadly)
    assert hashlib.sha256(message).hexdigest()[:16] in run.err
    assert site.run("bounce", "--kept").out.count("\n") == 1


def test_a_fetch_goes_on_after_a_killer(fetched, deadly):  # noqa: F811
    site, paths, serve = fetched
    server = serve(killer(4), dsn(to=paths["ann@example.org"][0]))
    assert site.run("bounce", "--fetch", expect=None, env=deadly).returncode == -signal.SIGKILL
    site.run("bounce", "--fetch", env=deadly)
    assert state(site, "ann@example.org") == "bounced"
    assert server.deleted[-2:] == [1, 2]


@pytest.mark.slow(1)
def test_a_fetch_has_a_total_time(fetched, tmp_path):  # noqa: F811
    """A quarter of an hour. Here each look at the clock takes a tenth of a second."""
    site, _, serve = fetched
    server = serve(*[b"Subject: %d\n\nx\n" % number for number in range(2000)])
    site.run("bounce", "--fetch", env=preloaded(tmp_path, CLOCK))
    assert 0 < server.retrieved < 2000
    assert server.deleted == list(range(1, server.retrieved + 1))


@pytest.mark.slow(1)
def test_a_fetch_has_a_total_size(fetched):  # noqa: F811
    site, _, serve = fetched
    server = serve(*[b"Subject: large\n\n" + (b"x" * 70 + b"\n") * 400000] * 40)
    site.run("bounce", "--fetch")
    assert 1 < server.retrieved < 30
