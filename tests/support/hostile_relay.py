"""A relay whose every byte a test decides.

HostileRelay(script): script(stage, dialogue) is called at connect, EHLO, STARTTLS, MAIL, RCPT, DATA, dot (which is BDAT, too),
RSET and QUIT. It returns None for the usual reply, else the bytes to send in its place; or True when it has sent a good one by
itself. It may call dialogue.send, .close, .reset and .half_close. What begins with 2 at a dot takes the message: `taken` counts them by
recipient, and so does dialogue.take().
"""
import collections
import socket
import socketserver
import struct
import threading

import pytest

USUAL = {"connect": b"220 hostile.example ESMTP\r\n", "STARTTLS": b"220 2.0.0 Ready\r\n", "MAIL": b"250 2.1.0 Ok\r\n",
         "RCPT": b"250 2.1.5 Ok\r\n", "DATA": b"354 Go ahead\r\n", "dot": b"250 2.0.0 Queued\r\n", "RSET": b"250 2.0.0 Ok\r\n",
         "QUIT": b"221 2.0.0 Bye\r\n"}


class End(Exception):
    """The connection has ended."""


class Dialogue(socketserver.BaseRequestHandler):
    connection = number = message = 0  # `number` counts connections, `message` the messages on this one, from 1
    recipient = None

    def setup(self):
        server = self.server
        self.socket = self.request
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.waiting = b""
        with server.lock:
            server.connections += 1
            self.number = server.connections

    def finish(self):
        self.socket.close()

    # ---- for scripts ----

    def send(self, data):
        self.socket.sendall(data)

    def close(self):
        raise End

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
        raise End

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def take(self):
        with self.server.lock:
            self.server.taken[self.recipient] += 1

    # ---- the dialogue ----

    def read(self):
        data = self.socket.recv(65536)
        if not data:
            raise End
        self.waiting += data

    def line(self):
        while b"\n" not in self.waiting:
            self.read()
        line, _, self.waiting = self.waiting.partition(b"\n")
        return line.rstrip(b"\r").decode("utf-8", "replace")

    def content(self):
        while b"\r\n.\r\n" not in b"\r\n" + self.waiting:
            self.read()
        self.waiting = (b"\r\n" + self.waiting).partition(b"\r\n.\r\n")[2]

    def say(self, stage):
        """Returns whether the reply was a good one; the one to a dot decides about the message."""
        script = self.server.script
        reply = script(stage, self) if script else None
        if reply is True:
            return True
        if reply is None:
            reply = USUAL.get(stage) or self.greeting()
        good = reply[:1] in (b"2", b"3")
        if stage == "dot" and good:
            self.take()
        if reply:
            self.send(reply)
        return good

    def greeting(self):
        offers = [b"hostile.example", *self.server.offers]
        if self.server.context and self.socket is self.request:
            offers.append(b"STARTTLS")
        return b"".join(b"250%s%s\r\n" % (b" " if n + 1 == len(offers) else b"-", offer) for n, offer in enumerate(offers))

    def handle(self):
        try:
            self.say("connect")
            self.converse()
        except (End, OSError):
            pass

    def converse(self):
        recipients = False
        while True:
            line = self.line()
            self.server.said.append(line)
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                self.say("EHLO")
            elif verb == "STARTTLS":
                if self.say("STARTTLS"):
                    self.socket = self.server.context.wrap_socket(self.socket, server_side=True)
                    self.waiting = b""
            elif verb == "MAIL":
                self.message += 1
                recipients = False
                self.recipient = None
                self.say("MAIL")
            elif verb == "RCPT":
                self.recipient = line[line.index("<") + 1:line.rindex(">")]
                recipients = self.say("RCPT")
            elif verb == "DATA":
                if not recipients:
                    self.send(b"503 5.5.1 No recipients\r\n")
                elif self.say("DATA"):
                    self.content()
                    self.say("dot")
                recipients = False
            elif verb == "BDAT":
                size = int(line.split(" ")[1])
                while len(self.waiting) < size:
                    self.read()
                self.waiting = self.waiting[size:]
                if recipients:
                    self.say("dot")
                else:
                    self.send(b"503 5.5.1 No recipients\r\n")
                recipients = False
            elif verb == "RSET":
                recipients = False
                self.say("RSET")
            elif verb == "QUIT":
                self.say("QUIT")
                raise End
            else:
                self.send(b"500 5.5.2 What?\r\n")


class HostileRelay(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 200
    allow_reuse_address = True

    def __init__(self, script=None, offers=(b"8BITMIME", b"PIPELINING"), context=None, place=("127.0.0.1", 0)):
        super().__init__(place, Dialogue)
        self.script = script
        self.offers = list(offers)
        self.context = context
        self.taken = collections.Counter()
        self.said = []
        self.connections = 0
        self.lock = threading.Lock()
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


@pytest.fixture
def hostile():
    """Starts relays, and stops them after the test."""
    started = []

    def start(*args, **options):
        started.append(HostileRelay(*args, **options))
        return started[-1]

    yield start
    for server in started:
        server.stop()
