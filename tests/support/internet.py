"""An internet of our own: a name server with signed zones, and destinations with mail hosts that behave as theirs do.

A destination is one or more domains; every host counts its connections and what it has taken, by recipient: a message counts from
its final dot on, whatever is answered.

Internet stays on loopback: each host has an address of its own in 127.0.0.0/8, and all listen on one port. Apart is a network
namespace with public addresses, where hosts listen on port 25, and another one from which they are reached, by what is run within
`with world.outside():`. It is for root, with Debian's iproute2."""
import asyncio
import collections
import contextlib
import ctypes
import hashlib
import itertools
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading

import certificates
import mailhosts
import zones

NETWORKS = itertools.count(1)


class Closed(Exception):
    pass


class Host:
    """One mail host. `replies` are by verb, b"DOT" for the reply to the message, b"BANNER" for the greeting: a text, or a
    function of the recipient (or of None) that returns one. "" as a reply closes the connection, None never answers; "" for b"BODY"
    closes it in the middle of the message."""

    def __init__(self, internet, name, address, replies=None, close_after=None, most=None, tls=None, offers=("PIPELINING",), greets_after=0,
                 refuses=None, pace=0):
        self.pace = pace  # seconds before each reply
        self.refuses = dict(refuses or {})  # by the sender's address: a verb as in `replies`, and a text
        self.peers = collections.Counter()  # messages by the address that they came from
        self.greetings = set()              # (address, name in EHLO)
        self.internet = internet
        self.name = name
        self.address = address
        self.replies = dict(replies or {})
        self.close_after = close_after  # so many messages on a connection, then 421
        self.most = most                # connections at once; a further one is answered with 421
        self.tls = tls
        self.offers = offers
        self.greets_after = greets_after  # seconds
        self.connections = self.open = self.most_open = self.turned_away = 0
        self.taken = collections.Counter()
        self.messages = []
        self.tried = collections.Counter()
        self.verbs = collections.Counter()
        self.over_tls = 0

    def reply(self, verb, usual, recipient=None):
        found = self.replies.get(verb, usual)
        return found(recipient) if callable(found) else found

    def refusal(self, peer, verb, answer):
        at, text = self.refuses.get(peer, (None, None))
        return text if at == (b"EHLO" if verb == b"HELO" else verb) else answer

    async def say(self, writer, text):
        if text is None:
            await asyncio.sleep(3600)
        if text == "":
            raise Closed
        await asyncio.sleep(self.pace)
        writer.write(text.encode() + b"\r\n")
        await writer.drain()

    async def converse(self, reader, writer):
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            if self.most and self.open > self.most:
                self.turned_away += 1
                await self.say(writer, "421 4.7.0 Too many connections")
                raise Closed
            await asyncio.sleep(self.greets_after)
            peer = writer.get_extra_info("peername")[0]
            banner = self.refusal(peer, b"BANNER", self.reply(b"BANNER", f"220 {self.name} ESMTP"))
            await self.say(writer, banner)
            if banner[0] != "2":
                raise Closed
            await self.session(reader, writer, peer)
        except (Closed, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError):
            pass
        finally:
            self.open -= 1
            writer.transport.abort()

    async def session(self, reader, writer, peer):
        recipient = None
        messages = 0
        secured = False
        while True:
            line = await reader.readline()
            if not line:
                return
            verb = line[:4].upper().strip()
            self.verbs[verb] += 1
            if verb == b"EHLO":
                self.greetings.add((peer, line.split()[1].decode()))
                offers = [*self.offers, "ENHANCEDSTATUSCODES"] + (["STARTTLS"] if self.tls and not secured else [])
                answer = self.reply(b"EHLO", "\r\n".join(f"250-{word}" for word in (self.name, *offers[:-1])) + f"\r\n250 {offers[-1]}")
            elif line[:8].upper() == b"STARTTLS":
                await self.say(writer, "220 2.0.0 Go ahead")
                if self.tls == "broken":
                    writer.write(b"this is no TLS\r\n" * 20)
                    raise Closed
                await writer.start_tls(self.tls)
                secured = True
                continue
            elif verb == b"MAIL":
                recipient = None
                if self.close_after is not None and messages >= self.close_after:
                    await self.say(writer, "421 4.7.0 Enough for this connection")
                    raise Closed
                answer = self.reply(b"MAIL", "250 2.1.0 Ok")
            elif verb == b"RCPT":
                address = line[line.index(b"<") + 1:line.index(b">")].decode()
                self.tried[address] += 1
                answer = self.refusal(peer, b"RCPT", self.reply(b"RCPT", "250 2.1.5 Ok", address))
                recipient = address if answer and answer[0] == "2" else None
            elif verb == b"DATA":
                answer = self.refusal(peer, b"DATA", self.reply(b"DATA", "354 Go" if recipient else "554 5.5.1 No valid recipients", recipient))
                await self.say(writer, answer)
                if answer[0] != "3":
                    continue
                if self.reply(b"BODY", "taken", recipient) == "":
                    await reader.readline()
                    raise Closed
                message = await reader.readuntil(b"\r\n.\r\n")
                answer = self.reply(b"DOT", "250 2.0.0 Taken", recipient)
                await asyncio.sleep(self.internet.delay)
                if answer == "" or (answer and answer[0] == "2"):
                    self.taken[recipient] += 1
                    self.peers[peer] += 1
                    self.messages.append(message)
                    self.over_tls += secured
                    self.internet.taken[recipient] += 1
                messages += 1
                recipient = None
            elif verb == b"QUIT":
                await self.say(writer, "221 2.0.0 Bye")
                return
            else:
                answer = "250 2.0.0 Ok"
            await self.say(writer, self.refusal(peer, verb, answer))


class PolicyHost:
    """A web server that has one MTA-STS policy. `answer` may be the whole answer; None never answers."""

    def __init__(self, address, text, tls, answer="", code="200 OK", kind="text/plain"):
        self.address, self.text, self.tls, self.code, self.kind, self.answer = address, text, tls, code, kind, answer
        self.requests = []

    async def converse(self, reader, writer):
        try:
            self.requests.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0].decode())
            if self.answer is None:
                await asyncio.sleep(3600)
            writer.write((self.answer or f"HTTP/1.1 {self.code}\r\nContent-Type: {self.kind}\r\nConnection: close\r\n"
                          f"Location: /moved\r\nContent-Length: {len(self.text)}\r\n\r\n{self.text}").encode())
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()


def greylisting():
    """A function for the replies: each recipient is refused for now at first."""
    seen = collections.Counter()

    def reply(recipient):
        seen[recipient] += 1
        return "250 2.1.5 Ok" if seen[recipient] > 1 else "450 4.7.1 Greylisted, try again later"
    return reply


class Internet:
    def __init__(self, folder):
        self.folder = str(folder)
        self.net = f"127.{20 + os.getpid() % 200}.{next(NETWORKS)}"
        self.numbers = itertools.count(1)
        self.records = ["unreachable.example. A 127.0.0.1"]
        self.below = {"unsigned": {}, "bogus": {}, "broken": []}
        self.hosts = {}
        self.policies = []
        self.taken = collections.Counter()
        self.zones = None
        self.port = None
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.context = None
        self.delay = 0  # seconds that each host takes for a message

    def certificate(self, name="mx.example"):
        """TLS with a certificate that nobody has reason to trust."""
        if self.context is None:
            self.context = self.certified(name, folder="tls")
        return self.context

    def certified(self, name, folder=None, days=("", "")):
        """TLS with a certificate of an authority of its own. See `tlsa`."""
        folder = f"{self.folder}/{folder or 'tls-' + name}"
        os.makedirs(folder, exist_ok=True)
        authority, certificate, key = certificates.make(folder, name, days)
        with open(certificate, "ab") as out, open(authority, "rb") as issuer:
            out.write(issuer.read())  # servers with DANE-TA records have to send it (RFC 7671 section 5.2)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.files = {2: authority, 3: certificate}
        return context

    def trusted(self, name, **more):
        """TLS with a certificate of an authority that `settings` lets newsletter trust (direct.ca_file)."""
        context = self.certified(name, **more)
        with open(f"{self.folder}/trusted.pem", "ab") as out, open(context.files[2], "rb") as authority:
            out.write(authority.read())
        return context

    def policy(self, domain, text, id="1", tls=None, **behaviour):
        """An MTA-STS policy of a domain (RFC 8461) on a web server of its own. Returns the server."""
        self.records.append(f"_mta-sts.{domain}. TXT \"v=STSv1; id={id};\"")
        host = f"mta-sts.{domain}"
        server = PolicyHost(self.address(), text, tls or self.trusted(host), **behaviour)
        self.records.append(f"{host}. A {server.address}")
        self.policies.append(server)
        return server

    def tlsa(self, name, context, usage=3, digest=None, selector=1, matching=1):
        """A TLSA record (RFC 6698) of a host: of the certificate (3) or the authority (2) of its context."""
        text = open(context.files[usage], encoding="ascii").read()
        whole = ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN"):text.index("-----END") + 25])
        key = subprocess.run(["openssl", "x509", "-inform", "DER", "-pubkey", "-noout"], input=whole, capture_output=True, check=True).stdout
        data = ssl.PEM_cert_to_DER_cert(key.decode().replace("PUBLIC KEY", "CERTIFICATE")) if selector else whole
        data = [data.hex(), hashlib.sha256(data).hexdigest(), hashlib.sha512(data).hexdigest()][matching]
        self.records.append(f"_{{port}}._tcp.{name}. TLSA {usage} {selector} {matching} {digest or data}")

    def address(self):
        return f"{self.net}.{next(self.numbers)}"

    def host(self, name, listens=True, aaaa=(), four=True, six=False, **behaviour):
        """A mail host; without `listens`, nothing answers at its address. `six`: it has an IPv6 address, too (Apart only)."""
        address = self.address()
        if four:
            self.records.append(f"{name}. A {address}")
        self.records += [f"{name}. AAAA {six}" for six in aaaa]
        host = Host(self, name, address, **behaviour)
        host.listens = listens
        host.six = f"{self.SIX}::{next(self.numbers):x}" if six else None
        if six:
            self.records.append(f"{name}. AAAA {host.six}")
        self.hosts[name] = host
        return host

    def domain(self, name, *hosts):
        """A domain whose mail hosts are these, in this order: names, or pairs of a preference and a name."""
        for number, host in enumerate(hosts):
            preference, host = host if isinstance(host, tuple) else (10 * (number + 1), host)
            self.records.append(f"{name}. MX {preference} {host}.")

    def destination(self, name, **behaviour):
        """A domain with one mail host."""
        host = self.host(f"mx.{name}", **behaviour)
        self.domain(name, host.name)
        return host

    def start(self):
        self.port = self.common_port()
        for host in self.hosts.values():
            if host.listens:
                asyncio.run_coroutine_threadsafe(
                    asyncio.start_server(host.converse, [host.address, host.six] if host.six else host.address, self.port, backlog=500),
                    self.loop).result()
        for server in self.policies:
            self.listen(server, 443)
        self.zones = zones.Zones(f"{self.folder}/zones", "\n".join(self.records).replace("{port}", str(self.port)), unsigned=self.below["unsigned"],
                                 bogus=self.below["bogus"], broken=self.below["broken"], **self.name_server())
        return self

    def listen(self, server, port):
        asyncio.run_coroutine_threadsafe(
            asyncio.start_server(server.converse, server.address, port, ssl=server.tls), self.loop).result()

    def name_server(self):
        return {}

    def common_port(self):
        """A port that is free at every address."""
        for _ in range(20):
            with socket.create_server((f"{self.net}.1", 0)) as probe:
                port = probe.getsockname()[1]
            try:
                for host in self.hosts.values():
                    socket.create_server((host.address, port)).close()
                return port
            except OSError:
                continue
        raise AssertionError("no port is free")

    def settings(self, **direct):
        if os.path.exists(f"{self.folder}/trusted.pem"):
            direct["ca_file"] = f"{self.folder}/trusted.pem"
        return {"delivery": "direct",
                "direct": {"port": self.port, "allow_networks": "127.0.0.0/8, ::1, 2001:db8::/32", **direct},
                "dns": {"servers": self.zones.address, "trust_anchor": self.zones.anchor}}

    async def end(self):
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def stop(self):
        asyncio.run_coroutine_threadsafe(self.end(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
        if self.zones:
            self.zones.stop()


def can_be_apart():
    return os.geteuid() == 0 and shutil.which("ip") is not None


def enter(path):
    """Takes this thread, and what it starts from now on, into a network namespace."""
    with open(path, "rb") as space:
        if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), 0x40000000) != 0:  # CLONE_NEWNET
            raise OSError(ctypes.get_errno(), "setns")


def ip(*args):
    subprocess.run(["ip", *args], check=True, capture_output=True)


def remove_leftovers(ours=False):
    """Removes the network namespaces, and what runs in them, of tests that were killed. `ours`: those of this process."""
    for name in os.listdir("/run/netns") if os.path.isdir("/run/netns") else ():
        owner = re.fullmatch(r"nl[wh](\d+)-\d+", name)
        if owner and (int(owner[1]) == os.getpid() if ours else not os.path.exists(f"/proc/{owner[1]}")):
            for pid in subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False).stdout.split():
                if int(pid) != os.getpid():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGKILL)
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
            shutil.rmtree(f"/etc/netns/{name}", ignore_errors=True)


class Apart(Internet):
    """`homes`: so many senders, each with a namespace and addresses of its own."""
    NET = "93.184"  # nobody's here
    SIX = "2a00:2"
    LOST = "2a00:dead::1"  # what is sent there is never heard of again

    def __init__(self, folder, homes=1):
        self.world, *self.homes = (f"nl{word}{os.getpid()}-{next(NETWORKS)}" for word in "w" + "h" * homes)
        self.home = self.homes[0]
        for space in (self.world, *self.homes):
            ip("netns", "add", space)
            for which in ("all", "default"):  # link-local addresses are ready at once, and so is the way between the two
                subprocess.run(["ip", "netns", "exec", space, "sysctl", "-qw", f"net.ipv6.conf.{which}.accept_dad=0"], check=True)
            ip("-n", space, "link", "set", "lo", "up")
        for number, home in enumerate(self.homes):
            inner, four, six = f"in{number}", f"198.18.{number}", f"2a00:1:0:{number:x}:"
            ip("link", "add", "out", "netns", home, "type", "veth", "peer", "name", inner, "netns", self.world)
            for space, name, last in ((home, "out", 2), (self.world, inner, 1)):
                ip("-n", space, "addr", "add", f"{four}.{last}/30", "dev", name)
                ip("-n", space, "addr", "add", f"{six}:{last}/64", "dev", name, "nodad")
                ip("-n", space, "link", "set", name, "up")
            ip("-n", home, "route", "add", "default", "via", f"{four}.1")
            ip("-n", home, "-6", "route", "add", "default", "via", f"{six}:1")
        ip("-n", self.world, "link", "add", "void", "type", "veth", "peer", "name", "end")
        for name in ("void", "end"):
            ip("-n", self.world, "link", "set", name, "up")
        subprocess.run(["ip", "netns", "exec", self.world, "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1"], check=True)
        ip("-n", self.world, "-6", "route", "add", f"{self.LOST}/128", "dev", "void")
        ip("-n", self.world, "neigh", "add", self.LOST, "lladdr", "02:00:00:00:00:01", "dev", "void", "nud", "permanent")
        ip("-n", self.world, "addr", "add", f"{self.NET}.0.1/32", "dev", "lo")
        super().__init__(folder)
        asyncio.run_coroutine_threadsafe(self.move(), self.loop).result()
        self.real = []
        self.postfix = None

    async def move(self):
        enter(f"/run/netns/{self.world}")

    def address(self):
        number = next(self.numbers) + 1
        return f"{self.NET}.{number // 250}.{number % 250 + 1}"

    def common_port(self):
        for host in self.hosts.values():
            ip("-n", self.world, "addr", "add", f"{host.address}/32", "dev", "lo")
            if host.six:
                ip("-n", self.world, "addr", "add", f"{host.six}/128", "dev", "lo", "nodad")
        for server in self.policies:
            ip("-n", self.world, "addr", "add", f"{server.address}/32", "dev", "lo")
        return 25

    def own(self, *addresses):
        """Gives the sender more addresses: of 198.18.7.0/24, or of 2a00:1::/64."""
        ip("-n", self.world, "route", "replace", "198.18.7.0/24", "via", "198.18.0.2")
        for address in addresses:
            if ":" in address:
                ip("-n", self.home, "addr", "add", f"{address}/64", "dev", "out", "nodad")
            else:
                ip("-n", self.home, "addr", "add", f"{address}/32", "dev", "out")

    def name_server(self):
        return {"listen": f"{self.NET}.0.1", "port": 53, "run": ["ip", "netns", "exec", self.world]}

    def settings(self, **direct):
        if os.path.exists(f"{self.folder}/trusted.pem"):
            direct["ca_file"] = f"{self.folder}/trusted.pem"
        return {"delivery": "direct", "direct": direct, "smtp": {"helo": "news.sender.example", "timeout": "20s"},
                "dns": {"servers": self.zones.address, "trust_anchor": self.zones.anchor}}

    @contextlib.contextmanager
    def outside(self, home=0):
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        enter(f"/run/netns/{self.homes[home]}")
        try:
            yield
        finally:
            enter(f"/proc/self/fd/{before}")
            os.close(before)

    def add_real(self, kind, name, *domains, **more):
        """A real mail host, whose users' names begin with p."""
        host = self.host(name, listens=False)
        for domain in domains:
            self.domain(domain, name)
        self.certificate()
        made = kind(tempfile.mkdtemp(prefix="mailhost"), host, domains, f"{self.folder}/tls", ["ip", "netns", "exec", self.world], **more)
        self.real.append(made)
        return made

    def add_postfix(self, name, *domains):
        self.postfix = self.add_real(mailhosts.PostfixHost, name, *domains)
        return self.postfix

    def add_exim(self, name, *domains, **more):
        return self.add_real(mailhosts.EximHost, name, *domains, **more)

    def add_opensmtpd(self, name, *domains, **more):
        return self.add_real(mailhosts.OpenSmtpdHost, name, *domains, **more)

    def start(self):
        super().start()
        for host in self.real:
            host.start()
        return self

    def stop(self):
        for host in self.real:
            host.stop()
        super().stop()
        for space in (self.world, *self.homes):
            ip("netns", "del", space)
