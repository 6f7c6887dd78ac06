#!/usr/bin/python3
"""A real SMTP server (aiosmtpd) with a Maildir per recipient, for the demo and the system tests.

    mailserver.py --port 2525 --mail DIR [--tempfail ADDRESS] [--reject ADDRESS] ...

Each accepted message is durable in DIR/ADDRESS/new before the final dot is answered.
"""
import argparse
import asyncio
import itertools
import mailbox
import os
import signal
import socket
import ssl
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Maildirs:
    """The handler: files what comes, after what was asked to go wrong has gone wrong."""

    def __init__(self, folder, tempfail=(), reject=(), delay=0.0):
        self.folder = folder
        self.tempfail = set(tempfail)
        self.reject = set(reject)
        self.delay = delay
        self.slow = {}  # by address: seconds before the recipient is answered, and before the final dot is
        self.held = 0  # of these
        self.accepted = 0
        self.resumed = []  # for each message over TLS: whether its session was resumed
        self.replies = {}
        self.lock = threading.Lock()

    def armed(self, address):
        """Once for each time that FOLDER.tempfail was written with this address in it."""
        control = self.folder + ".tempfail"
        if not os.path.exists(control):
            return False
        with open(control, encoding="utf-8") as source:
            found = source.read().strip() == address
        if found:
            os.unlink(control)
        return found

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address in self.slow:
            self.held += 1
            await asyncio.sleep(self.slow[address][0])
        if address in self.tempfail or self.armed(address):
            self.tempfail.discard(address)
            return "451 4.2.1 Mailbox busy, try again later"
        if address in self.replies:
            return self.replies[address]
        if address in self.reject:
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(max([self.delay, *(self.slow[address][1] for address in envelope.rcpt_tos if address in self.slow)]))
        tls = server.transport.get_extra_info("ssl_object")
        if tls:
            self.resumed.append(tls.session_reused)
        for recipient in envelope.rcpt_tos:
            self.file(recipient, envelope)
        return "250 2.0.0 Ok: queued"

    def file(self, recipient, envelope):
        header = f"Return-Path: <{envelope.mail_from}>\r\nDelivered-To: {recipient}\r\n"
        with self.lock:
            box = mailbox.Maildir(os.path.join(self.folder, recipient), create=True)
            box.add(header.encode("utf-8") + envelope.original_content)
            self.accepted += 1


def authenticator(users):
    def check(server, session, envelope, mechanism, auth_data):
        login, password = auth_data.login.decode(), auth_data.password.decode()
        return AuthResult(success=users.get(login) == password, handled=False)
    return check


class MailServer:
    """Starts on construction; stop() ends it."""

    def __init__(self, folder, port=0, tempfail=(), reject=(), delay=0.0, certificate=None,
                 key=None, implicit_tls=False, users=None, host="127.0.0.1", newest_tls=None, login=True, smtputf8=True):
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self.handler = Maildirs(folder, tempfail, reject, delay)
        options = {"hostname": host, "port": port or free_port()}
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            context.maximum_version = newest_tls or context.maximum_version
            if implicit_tls:
                options["ssl_context"] = context
            else:
                options.update(tls_context=context, require_starttls=True)
        if not login:
            options.update(auth_exclude_mechanism=["LOGIN", "PLAIN"])
        if users is not None:
            options.update(authenticator=authenticator(users), auth_required=True,
                           auth_require_tls=bool(certificate) and not implicit_tls)
        self.controller = Controller(self.handler, enable_SMTPUTF8=smtputf8, **options)
        self.controller.start()
        self.port = self.controller.port

    def stop(self):
        self.controller.stop()

    def messages(self, address):
        """The raw messages of one mailbox, as bytes, oldest first."""
        folder = os.path.join(self.folder, address, "new")
        if not os.path.isdir(folder):
            return []
        paths = sorted((os.path.join(folder, name) for name in os.listdir(folder)),
                       key=os.path.getmtime)
        found = []
        for path in paths:
            with open(path, "rb") as source:
                found.append(source.read())
        return found

    def count(self):
        return sum(len(self.messages(name)) for name in os.listdir(self.folder))


def free_port():
    """A port that nobody else will take meanwhile: below those that the system gives out by itself,
    and from a range that each test process has to itself. Free for TCP and UDP."""
    while True:
        port = 10000 + os.getpid() % 190 * 100 + next(_ports) % 100
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", port))
            return port
        except OSError:
            continue


_ports = itertools.count()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--mail", required=True)
    parser.add_argument("--tempfail", action="append", default=[])
    parser.add_argument("--reject", action="append", default=[])
    args = parser.parse_args()
    server = MailServer(args.mail, args.port, args.tempfail, args.reject)
    print(f"listening on 127.0.0.1:{server.port}", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    server.stop()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    sys.exit(main())
