"""An SMTP server that goes wrong on demand, as no real one will.

Scripted(fault=(stage, action)) breaks at that stage: connect, banner, EHLO, STARTTLS, AUTH, MAIL,
RCPT, DATA or dot; the action is 4xx, 5xx, disconnect, garbage or one of FLOODS. Accepted messages are counted.

Scripted(offers=["CHUNKING"], chunking=True) takes messages by BDAT, at the stage "dot"; "silent" takes them without an
answer. `flights` counts them. Without `chunking` BDAT is not known, whatever is offered.

Scripted(answer=function): function(stage, recipient) returns the reply at MAIL, RCPT, DATA or dot, of one line or
several, or None for the usual one. At MAIL the recipient is None.

Scripted(room=5, delay=0.05) answers 421 to connections beyond five, and a message after so many seconds. `peak` is the
largest number of connections at once, `turned_away` how many it had no room for.

Scripted(pipelining="broken") offers PIPELINING and throws away what came in one piece with a command.

Scripted(after_dot="close") ends the connection after the reply to each final dot; "discard" throws away what came in one
piece with it; "two replies" gives one too many; a reply of three digits is what a final dot with more gets, and 554 and 421 end
the connection. `together` counts the final dots that came with more, `most` is the largest
number of messages on a connection.

Scripted(login=b"\\0user\\0password", mechanisms={"NTLM": "disconnect", "PLAIN": "refuse", "LOGIN": "accept"}) offers
these mechanisms in this order. "accept" checks the password (PLAIN, LOGIN and CRAM-MD5), "refuse" answers 535,
"challenge" sends a challenge that nobody can answer, and "disconnect" closes the connection. `tried` lists them.
"""
import base64
import hashlib
import hmac
import socketserver
import ssl
import threading
import time

import pytest

# A relay that never ends to speak: replies that nobody asked for, a reply without a last line, a line without an end.
FLOODS = {"replies": b"250 2.1.0 Ok\r\n" * 4000, "reply": b"250-2.1.0 Ok\r\n" * 4000, "line": b"250-" + b"x" * 60000}
FLOOD_LIMIT = 256 << 20
GARBAGE = b"\x00\xff<html>what?\r\n" * 3


class Session(socketserver.StreamRequestHandler):
    wbufsize = -1  # what is not flushed waits
    disable_nagle_algorithm = True  # else a reply waits 40 ms for the ACK of the one before

    recipient = None
    carried = 0

    def handle(self):
        server = self.server
        with server.lock:
            full = server.room and server.open >= server.room
            server.turned_away += full
            server.open += not full
            server.peak = max(server.peak, server.open)
        if full:
            return self.reply("421 4.7.0 Too many connections")
        try:
            self.converse()
        except (OSError, EOFError):
            pass
        with server.lock:
            server.open -= 1

    def reply(self, text):
        self.wfile.write(text.encode() + b"\r\n")
        self.wfile.flush()

    def fault(self, stage):
        """Goes wrong if it is time to. True when the session goes on all the same."""
        server = self.server
        text = server.answer(stage, self.recipient) if server.answer else None
        if text is not None:
            self.reply(text)
            if text.startswith("421") and server.close_after_421:
                raise EOFError
            return True
        if server.fault is None or server.fault[0] != stage:
            return False
        action = server.fault[1]
        server.faults += 1
        if action == "disconnect":
            raise EOFError
        if action == "garbage":
            self.wfile.write(GARBAGE)
            self.wfile.flush()
            raise EOFError
        if action in FLOODS:
            while server.flooded < FLOOD_LIMIT:
                server.flooded += self.wfile.write(FLOODS[action])
            raise EOFError
        reply = b"451 4.3.0 Not now\r\n" if action == "4xx" else b"554 5.3.0 Never\r\n"
        self.wfile.write(reply)
        if not (stage == "MAIL" and server.pipelining):
            self.wfile.flush()  # else it goes out in one piece with the answer to RCPT
        return True

    def line(self):
        if self.server.pipelining == "broken":
            line = self.connection.recv(65536).split(b"\n")[0]
        else:
            line = self.rfile.readline(4096)
        if not line:
            raise EOFError
        return line.rstrip(b"\r\n").decode("utf-8", "replace")

    def converse(self):
        server = self.server
        if self.fault("connect") or self.fault("banner"):
            return
        self.reply("220 scripted.example ESMTP")
        secure = False
        self.recipient = None
        recipients = []
        while True:
            line = self.line()
            verb = line.split(" ")[0].split(":")[0].upper()
            if verb in ("EHLO", "HELO"):
                if self.fault("EHLO"):
                    continue
                offers = ["scripted.example", "8BITMIME"]
                offers += ["PIPELINING"] if server.pipelining else []
                offers += server.offers
                offers += ["STARTTLS"] if server.context and not secure else []
                offers += ["AUTH " + " ".join(server.mechanisms)] if server.login else []
                for offer in offers[:-1]:
                    self.reply("250-" + offer)
                self.reply("250 " + offers[-1])
            elif verb == "STARTTLS":
                if self.fault("STARTTLS"):
                    continue
                self.reply("220 2.0.0 Ready")
                self.connection = server.context.wrap_socket(self.connection, server_side=True)
                self.setup_files()
                secure = True
            elif verb == "AUTH":
                if self.fault("AUTH"):
                    continue
                self.authenticate(line.split(" ")[1].upper(), line.split(" ")[2:])
            elif verb == "MAIL":
                recipients = []
                self.recipient = None
                if not self.fault("MAIL"):
                    self.reply("250 2.1.0 Ok")
            elif verb == "RCPT":
                self.recipient = line[line.index("<") + 1:line.rindex(">")]
                if not self.fault("RCPT"):
                    recipients.append(self.recipient)
                    self.reply("250 2.1.5 Ok")
            elif verb == "DATA":
                if not recipients:
                    self.reply("503 5.5.1 No recipients")
                elif not self.fault("DATA"):
                    self.reply("354 Go ahead")
                    self.receive()
                    self.carried += 1
                    time.sleep(server.delay)
                    more = self.more()  # the client waits for the reply: it came with the final dot
                    with server.lock:
                        server.most = max(server.most, self.carried)
                        server.together += bool(more)
                    if server.after_dot == "discard":
                        self.rfile.read(len(more))
                    if more and server.after_dot and server.after_dot[0].isdigit():
                        self.reply(server.after_dot)
                        if server.after_dot[:3] in ("554", "421"):
                            return
                        self.rfile.read(len(more))
                        continue
                    if not self.fault("dot"):
                        with server.lock:
                            server.received += recipients
                        self.reply("250 2.0.0 Queued")
                    if server.after_dot == "close":
                        return
                    if server.after_dot == "two replies":
                        self.reply("250 2.0.0 Queued")
            elif verb == "BDAT" and server.chunking:
                self.rfile.read(int(line.split(" ")[1]))
                server.flights += 1
                time.sleep(server.delay)
                if server.chunking == "silent":
                    continue
                if not recipients:
                    self.reply("503 5.5.1 No recipients")
                elif not self.fault("dot"):
                    with server.lock:
                        server.received += recipients
                    self.reply("250 2.0.0 Queued")
                recipients = []
            elif verb == "RSET":
                recipients = []
                self.reply("250 2.0.0 Ok")
            elif verb == "QUIT":
                self.reply("221 2.0.0 Bye")
                return
            else:
                self.reply("500 5.5.2 What?")

    def answer(self, challenge):
        """The client's answer to a challenge; None when it cancels."""
        self.reply("334 " + base64.b64encode(challenge).decode())
        line = self.line()
        return None if line == "*" else base64.b64decode(line)

    def proves(self, mechanism, initial):
        _, user, password = self.server.login.split(b"\0")
        if mechanism == "PLAIN":
            return (base64.b64decode(initial[0]) if initial else self.answer(b"")) == self.server.login
        if mechanism == "LOGIN":
            name = base64.b64decode(initial[0]) if initial else self.answer(b"Username:")
            return (name, self.answer(b"Password:")) == (user, password)
        assert mechanism == "CRAM-MD5"
        return self.answer(b"<1@x>") == user + b" " + hmac.new(password, b"<1@x>", hashlib.md5).hexdigest().encode()

    def authenticate(self, mechanism, initial):
        server = self.server
        server.tried.append(mechanism)
        behaviour = server.mechanisms.get(mechanism, "refuse")
        if behaviour == "disconnect":
            raise EOFError
        if behaviour == "challenge":
            if self.answer(b"\0\0\0 nobody can answer this") is None:
                return self.reply("501 5.7.0 Cancelled")
        if behaviour == "accept" and self.proves(mechanism, initial):
            return self.reply("235 2.7.0 Welcome")
        return self.reply(server.refusal)

    def receive(self):
        line = None
        while line != b".\r\n":
            line = self.rfile.readline(100000)
            if line == b"":
                raise ConnectionError("gone within the message")

    def more(self):
        """Returns the bytes that the client has sent and that were not read yet; without TLS only."""
        if isinstance(self.connection, ssl.SSLSocket):
            return b""
        self.connection.setblocking(False)
        try:
            return self.rfile.peek(1)
        finally:
            self.connection.setblocking(True)

    def setup_files(self):
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb")


class Scripted(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 200
    allow_reuse_address = True

    def __init__(self, fault=None, certificate=None, key=None, login=None, pipelining=True,
                 mechanisms=None, answer=None, offers=(), chunking=False, room=0, delay=0, after_dot=None):
        super().__init__(("127.0.0.1", 0), Session)
        self.fault = fault
        self.answer = answer
        self.offers = list(offers)
        self.chunking = chunking
        self.flights = 0
        self.room = room
        self.delay = delay
        self.after_dot = after_dot
        self.together = self.most = 0
        self.open = self.peak = self.turned_away = 0
        self.close_after_421 = False
        self.faults = 0
        self.flooded = 0
        self.login = login
        self.mechanisms = mechanisms or {"PLAIN": "accept"}
        self.refusal = "535 5.7.8 Wrong"
        self.tried = []
        self.pipelining = pipelining
        self.received = []
        self.lock = threading.Lock()
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate, key)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, request, client_address):
        pass

    def stop(self):
        self.shutdown()
        self.server_close()


@pytest.fixture
def scripted():
    """Starts servers with the options of Scripted, and stops them after the test."""
    started = []

    def start(**options):
        started.append(Scripted(**options))
        return started[-1]

    yield start
    for server in started:
        server.stop()
