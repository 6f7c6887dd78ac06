"""Questions of a run to a PostgreSQL server: everything that happens at once travels in one piece."""
import collections
import os
import re
import socket
import struct
import threading
import urllib.parse

import pytest

pytestmark = pytest.mark.postgresql


class Listener:
    """Stands in front of the server's socket and notes, for each transaction, how often it was answered and which
    statements ran."""

    def __init__(self, folder, target):
        self.target = target
        self.transactions = []  # (round trips, [statement]), complete ones
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(os.path.join(folder, ".s.PGSQL.5432"))
        self.socket.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.target)
            threading.Thread(target=self.forward, args=(client, server, Session(self.transactions)), daemon=True).start()
            threading.Thread(target=self.forward, args=(server, client, None), daemon=True).start()

    @staticmethod
    def forward(source, target, session):
        try:
            while data := source.recv(65536):
                if session is not None:
                    session.read(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.socket.close()


class Session:
    """Reads what a client says, by the rules of the protocol (version 3.0)."""

    def __init__(self, transactions):
        self.buffer, self.started, self.transactions = b"", False, transactions
        self.names, self.trips, self.statements, self.bound = {}, None, [], False

    def read(self, data):
        self.buffer += data
        while True:
            begin = 1 if self.started else 0
            if len(self.buffer) < begin + 4:
                return
            end = begin + struct.unpack("!I", self.buffer[begin:begin + 4])[0]
            if len(self.buffer) < end:
                return
            kind, body = self.buffer[:begin], self.buffer[begin + 4:end]
            self.buffer = self.buffer[end:]
            if self.started:
                self.take(kind, body)
            self.started = True

    def take(self, kind, body):
        texts = body.split(b"\0")
        if kind == b"P":
            self.names[texts[0]] = texts[1].decode()
        elif kind == b"B":
            text, self.bound = self.names[texts[1]], True
            if text == "BEGIN":
                self.trips, self.statements = 0, []
            if self.trips is not None:
                self.statements.append(text)
        elif kind in (b"S", b"Q") and self.trips is not None:
            self.trips += self.bound or kind == b"Q"  # a statement is prepared once in a connection, which may take a trip of its own
            self.bound = False
            if self.statements[-1] == "COMMIT":
                self.transactions.append((self.trips, self.statements))
                self.trips = None


@pytest.fixture
def listened(connected, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("pg"))
    url = urllib.parse.urlsplit(connected.database)
    query = dict(urllib.parse.parse_qsl(url.query))
    listener = Listener(folder, os.path.join(query["host"], ".s.PGSQL." + query["port"]))
    yield connected, listener, url._replace(query=urllib.parse.urlencode({**query, "host": folder, "port": "5432"})).geturl()
    listener.close()


def test_a_turn_is_one_round_trip(listened):
    site, listener, url = listened
    people = [f"user{n}@example.org" for n in range(300)]
    site.add_active(people)
    site.run("--db", url, "send", "--yes", site.issue())
    assert collections.Counter(site.state_of_each().values()) == {"sent": 300}
    turns = [(trips, statements) for trips, statements in listener.transactions
             if any("SET state = v.state" in text for text in statements)]
    assert turns, "no outcomes were seen"
    for trips, statements in turns:
        leases = sum("SKIP LOCKED" in text for text in statements)
        assert trips == 1 + leases, statements
        # However many messages: outcomes, whether the issue goes on, commit points, also ahead of time, leases, and the ledger.
        assert len(statements) <= 9 + 2 * leases, statements
        for words in (r"SET state = v\.state", r"SET state = 'leased'", "INSERT INTO ledger"):
            assert sum(bool(re.search(words, text)) for text in statements) <= 1, statements
    # Each turn records what has happened meanwhile.
    assert len(turns) < len(people)
