"""Sending is asked for: on a terminal by a question, elsewhere by --yes; and a hang-up ends a run in good order."""
import os
import pty
import select
import shutil
import signal
import subprocess

import pytest
from conftest import BINARY, wait_for


def on_terminal(site, args, answers=b""):
    """Runs a command on a terminal, which types the answers when it is asked; returns status and what it showed."""
    master, slave = pty.openpty()
    run = subprocess.Popen([BINARY, *args], cwd=site.folder, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""
    while select.select([master], [], [], 20)[0]:
        try:
            shown += os.read(master, 4096)
        except OSError:
            break
        if answers and shown.endswith((b"[y/N] ", b": ", b"...\r\n")):
            line, newline, answers = answers.partition(b"\n")
            os.write(master, line + newline)
    os.close(master)
    return run.wait(timeout=20), shown.decode().replace("\r\n", "\n")


def test_without_a_terminal_nothing_is_sent_unless_it_says_yes(connected, server):
    connected.add_active(["ann@example.org"])
    path = connected.issue()
    for args, stdin in ((("send", path), b""), (("send", path), b"y\ny\n"), (("send", path, "--at", "2030-01-01 09:00"), b""),
                        (("erase", "ann@example.org"), b"y\n"), (("reconfirm",), b"y\n")):
        assert "say --yes" in connected.run(*args, stdin=stdin, expect=64).err, args
    assert server.count() == 0 and connected.sql("SELECT count(*) FROM issue") == [(0,)]
    assert connected.sql("SELECT count(*) FROM delivery") == [(0,)] and connected.sql("SELECT count(*) FROM subscriber WHERE name IS NOT NULL") != []
    connected.run("send", "--yes", path)
    assert server.count() == 1


def test_no_is_no_error(connected, server):
    connected.add_active(["ann@example.org"])
    for args, words in ((("send", connected.issue()), "Nothing was sent."), (("erase", "ann@example.org"), "Nothing was erased."),
                        (("reconfirm",), "Nobody was asked.")):
        code, shown = on_terminal(connected, args, b"n\n")
        assert code == 0 and words in shown and "--yes" not in shown, shown
    assert server.count() == 0 and connected.sql("SELECT count(*) FROM delivery") == [(0,)]


def test_a_test_copy_is_not_sent_in_a_dry_run(connected, server):
    said = connected.run("send", "--yes", connected.issue(), "--test", "boss@example.org", "--dry-run").out
    assert "would send a test copy to boss@example.org" in said and server.count() == 0
    connected.run("send", "--yes", connected.issue(), "--test", "boss@example.org")
    assert len(server.messages("boss@example.org")) == 1


@pytest.mark.parametrize("command", ["send", "retry"])
def test_a_hang_up_ends_a_run_as_a_signal_to_end_does(connected, server, command):
    people = [f"user{i}@example.org" for i in range(60)]
    connected.add_active(people)
    path = connected.issue()
    server.handler.delay = 0.05
    run = connected.popen("send", "--yes", path)
    if command == "retry":
        wait_for(lambda: server.count() > 2)
        run.send_signal(signal.SIGTERM)
        run.communicate(timeout=60)
        run = connected.popen("retry")
    before = server.count()
    wait_for(lambda: server.count() > before + 2)
    run.send_signal(signal.SIGHUP)
    run.communicate(timeout=60)
    states = connected.states()
    assert run.returncode == 75 and states.get("unknown", 0) == 0 and states.get("leased", 0) == 0 and states["queued"] > 0, states
    server.handler.delay = 0
    connected.run("send", "--yes", path)
    assert [len(server.messages(address)) for address in people] == [1] * 60


def test_serve_ends_at_a_hang_up(site):
    site.configure(serve={"url": "http://127.0.0.1:8025", "listen": "127.0.0.1:0"})
    run = site.popen("serve", "--no-mail")
    assert b"serving at" in run.stdout.readline()
    run.send_signal(signal.SIGHUP)
    run.communicate(timeout=60)
    assert run.returncode == 0


def test_nohup_is_heard(connected, server):
    """A hang-up that is ignored when the run begins stays ignored."""
    connected.add_active([f"user{i}@example.org" for i in range(20)])
    server.handler.delay = 0.02
    run = subprocess.Popen(["nohup", BINARY, "send", "--yes", connected.issue()], cwd=connected.folder, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: server.count() > 2)
    run.send_signal(signal.SIGHUP)
    assert run.wait(timeout=60) == 0 and server.count() == 20


@pytest.mark.one_engine("about a file's owner")
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to send on another user's database")
def test_root_does_not_lock_the_owner_out(connected, server):
    connected.add_active(["ann@example.org"])
    for path in (connected.folder, *(os.path.join(connected.folder, name) for name in os.listdir(connected.folder))):
        shutil.chown(path, "nobody", "nogroup")
    connected.run("send", "--yes", connected.issue())
    for name in os.listdir(connected.folder):
        if name.startswith("newsletter.db"):
            owner = os.stat(os.path.join(connected.folder, name))
            assert owner.st_uid == os.stat(connected.database).st_uid != 0, name
    victim = os.path.join(connected.folder, "victim")
    lock = connected.database + ".lock"
    with open(victim, "w", encoding="utf-8") as out:
        out.write("root's\n")
    os.unlink(lock)
    os.link(victim, lock)
    connected.run("retry")
    assert os.stat(victim).st_uid == 0


@pytest.mark.slow(1)
def test_what_is_typed_is_told(connected):
    assert "reading the form from standard input" in on_terminal(connected, ("subscribe",), b"\x04")[1]
    assert "reading the token from standard input" in on_terminal(connected, ("confirm", "-"), b"x\n")[1]
    assert "reading" not in connected.run("subscribe", stdin=b"email=ann@example.org").err


@pytest.mark.slow(1)
def test_every_change_says_what_it_did(site):
    for args, words in ((("segment",), "no segments"), (("segment", "add", "press", "name = 'x'".replace("'", '"')), "saved the segment press"),
                        (("segment", "remove", "press"), "removed the segment press"), (("staff",), "no accounts and no tokens"),
                        (("staff", "revoke", "program"), None)):
        if words:
            assert words in site.run(*args).out, args
    assert "added the account ann" in site.run("staff", "add", "ann", stdin=b"long enough to pass\n").out
    assert "removed the account ann" in site.run("staff", "remove", "ann").out
    code, shown = on_terminal(site, ("staff", "add", "bob"), b"long enough to pass\nlong enough to pass\n")
    assert code == 0 and shown.startswith("A password has at least 12 characters."), shown


def test_no_configuration_names_every_place(site):
    os.unlink(os.path.join(site.folder, "newsletter.yaml"))
    said = site.run("status", env={"HOME": "/nonexistent"}, expect=78).err
    for place in ("./newsletter.yaml", "/nonexistent/.config/newsletter/newsletter.yaml", "/etc/newsletter/newsletter.yaml", "newsletter init"):
        assert place in said, said


def test_a_token_may_come_in_its_link_and_an_address_is_no_token(connected):
    connected.add_active(["ann@example.org", "bob@example.org"])
    assert "is an address, not a token: give it with --address" in connected.run("unsubscribe", "ann@example.org", expect=64).err
    assert "newsletter subscribe ADDRESS" in connected.run("confirm", "ann@example.org", expect=64).err
    tokens = [row[0] for row in connected.sql("SELECT token FROM subscription ORDER BY id")]
    connected.run("unsubscribe", f"https://news.example.org/unsubscribe?token={tokens[0]}&x=1")
    connected.run("unsubscribe", "-", stdin=f"https://news.example.org/unsubscribe?token={tokens[1]}\n".encode())
    assert connected.sql("SELECT DISTINCT state FROM subscription") == [("unsubscribed",)]


def test_the_operator_hears_that_a_mail_did_not_go_out(connected):
    connected.configure(port=9)
    assert "could not be sent yet" in on_terminal(connected, ("subscribe", "ann@example.org"))[1]
    assert "could not" not in connected.run("subscribe", "bob@example.org").err


def test_status_fits_a_terminal(connected):
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", connected.issue(slug="a" * 60))
    shown = on_terminal(connected, ("status",))[1].split("\n\n")[0]
    assert "sent 1" in shown and max(map(len, shown.split("\n"))) <= 80, shown
    status = connected.run("status").out
    assert "SKIPPED" in status and "SKIPPED" not in shown and "No issue has been sent" not in status
