"""Mail and mail servers that were made to stop us: what comes after them is read all the same."""
import hashlib
import mailbox
import os
import signal
import socket
import threading

import pytest
from test_bounce import dsn, sent, state  # noqa: F401

ENDLESS = object()


class Pop3:
    """A POP3 server for one connection after the other. Each message is bytes, or ENDLESS."""

    def __init__(self, messages):
        self.messages, self.deleted, self.sessions, self.retrieved = messages, [], 0, 0
        self.before_message = lambda: None
        self.streaming = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.sessions += 1
            threading.Thread(target=self.talk, args=(peer,), daemon=True).start()

    def talk(self, peer):
        try:
            self.answer(peer)
        except OSError:
            pass
        peer.close()

    def answer(self, peer):
        peer.sendall(b"+OK ready\r\n")
        for line in peer.makefile("rb"):
            word, _, rest = line.decode().strip().partition(" ")
            if word.upper() == "CAPA":
                peer.sendall(b"+OK\r\nUSER\r\n.\r\n")
            elif word.upper() == "STAT":
                peer.sendall(b"+OK %d 1000\r\n" % len(self.messages))
            elif word.upper() == "RETR":
                self.before_message()
                self.retrieved += 1
                message = self.messages[int(rest) - 1]
                peer.sendall(b"+OK\r\n")
                while message is ENDLESS:
                    self.streaming.set()
                    peer.sendall((b"x" * 998 + b"\r\n") * 100)
                peer.sendall(message.replace(b"\n", b"\r\n") + b"\r\n.\r\n")
            elif word.upper() == "DELE":
                self.deleted.append(int(rest))
                peer.sendall(b"+OK\r\n")
            elif word.upper() == "QUIT":
                peer.sendall(b"+OK\r\n")
                return
            else:
                peer.sendall(b"+OK\r\n")

    def close(self):
        self.listener.close()


@pytest.fixture
def fetched(sent):  # noqa: F811
    site, paths = sent
    servers = []

    def serve(*messages):
        servers.append(Pop3(list(messages)))
        site.write("fetch.password", "secret\n")
        site.configure(fetch={"protocol": "pop3", "host": "127.0.0.1", "port": servers[-1].port, "security": "none",
                              "username": "u", "password_file": "fetch.password"})
        return servers[-1]

    yield site, paths, serve
    for server in servers:
        server.close()


def test_a_message_without_end_is_left_and_the_next_one_read(fetched):
    site, paths, serve = fetched
    server = serve(ENDLESS, dsn(to=paths["ann@example.org"][0]))
    run = site.run("bounce", "--fetch")
    assert "message 1 did not arrive" in run.err and "does not end" in run.err
    assert state(site, "ann@example.org") == "bounced"
    assert server.deleted == [2]


def test_a_run_ends_by_its_signal_while_a_server_streams_and_is_the_only_one(fetched):
    site, _, serve = fetched
    server = serve(*[ENDLESS] * 3)
    first = site.popen("bounce", "--fetch")
    assert server.streaming.wait(30)
    second = site.run("bounce", "--fetch", expect=75)
    assert "another" in second.err
    first.send_signal(signal.SIGTERM)
    first.wait(timeout=30)
    assert first.returncode in (0, 75)


def poison(site, message):
    """A process died while it read a message, and left this."""
    beside = site.database if os.path.exists(site.database) else os.path.join(site.folder, "newsletter.yaml")
    with open(beside + ".reading", "wb") as note:
        note.write(bytes(32) + hashlib.sha256(message).digest())


def test_a_message_that_killed_its_reader_is_set_aside_and_the_next_one_read(sent, tmp_path):  # noqa: F811
    site, paths = sent
    killer = dsn(to=paths["bob@example.org"][0])
    box = mailbox.Maildir(str(tmp_path / "box"), create=True)
    box.add(killer)
    box.add(dsn(to=paths["ann@example.org"][0]))
    poison(site, killer)
    run = site.run("bounce", str(tmp_path / "box"))
    assert hashlib.sha256(killer).hexdigest()[:16] in run.err
    assert state(site, "ann@example.org") == "bounced" and state(site, "bob@example.org") == "active"
    assert len(os.listdir(tmp_path / "box" / "new")) == 0
    assert len(os.listdir(tmp_path / "box" / ".Unknown" / "cur")) == 1
    number = site.run("bounce", "--kept").out.split("\t")[0]
    assert site.run("bounce", "--show", number).stdout == killer
    # It is forgotten, so the same message may be tried by hand.
    assert not site.run("bounce", str(tmp_path / "box" / "cur")).err


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("header", [
    b"Content-Type: " + b"(" * 120000,
    b"Content-Type: multipart/mixed; boundary=" + b"(" * 120000,
    b"Content-Type: text/plain; charset=\"" + b"\\" * 120000,
    b"From: " + b"(" * 120000,
    b"Subject: " + b"=?utf-8?b?" * 12000,
    b"To: " + b"<" * 120000,
])
def test_no_header_is_too_deep(sent, header):  # noqa: F811
    site, _ = sent
    site.run("bounce", stdin=b"From: MAILER-DAEMON@x.example\nSubject: Undelivered\n" + header + b"\n\nx\n")
    site.run("replies", stdin=header + b"\n\nx\n")


def test_strangers_do_not_steer_the_terminal(sent):  # noqa: F811
    site, _ = sent
    message = b"From: ann@example.org\nSubject: \x1b]0;gone\x07 \xc2\x9b2J \x9b \r\xff \xd0\xaf\n\nHow are you?\n"
    site.run("bounce", stdin=message)
    number = site.run("bounce", "--kept").out.split("\t")[0]
    shown = site.run("bounce", "--show", number).stdout
    assert shown == (b"From: ann@example.org\nSubject: \\x1b]0;gone\\x07 \\xc2\\x9b2J \\x9b \\x0d\\xff \xd0\xaf\n\n"
                     b"How are you?\n")
    with site.popen("bounce", "--show", number, "--raw") as raw:
        assert raw.stdout.read() == message


@pytest.mark.slow(1)
def test_without_proof_nothing_ends_however_often(sent):  # noqa: F811
    site, _ = sent
    for _ in range(30):
        site.run("bounce", stdin=dsn(to="bounces@example.org"))
        site.sql("UPDATE subscription SET bounce_at = bounce_at - 90000 WHERE bounce_at IS NOT NULL")
    assert state(site, "ann@example.org") == "active"


def test_kept_messages_go_after_their_time(sent):  # noqa: F811
    site, _ = sent
    site.run("bounce", stdin=b"From: ann@example.org\nSubject: A question\n\nHow are you?\n")
    site.run("bounce", stdin=dsn(address="zelda@example.org"))
    assert site.run("bounce", "--kept").out
    site.sql("UPDATE returned SET at = at - 8000000")
    site.sql("UPDATE bounce SET at = at - 8000000")
    site.run("bounce", stdin=b"From: bob@example.org\nSubject: Another\n\nHow are you?\n")
    kept = site.run("bounce", "--kept").out.splitlines()
    assert len(kept) == 1
    assert site.sql("SELECT count(*) FROM bounce WHERE diagnostic IS NOT NULL") == [(0,)]
