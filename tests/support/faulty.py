"""An SMTP server that goes wrong at random: it delays, drops connections at any point, refuses for now and for good.
It counts what it has taken, by recipient; a message counts from its final dot on, whatever the client hears of it."""
import asyncio
import collections
import random
import ssl
import threading


class Faulty:
    """Starts on construction; stop() ends it. `rate` is how often each step goes wrong. `offers` are extensions such as
    CHUNKING; `tls` are a certificate and its key for implicit TLS."""

    def __init__(self, seed=1, rate=0.01, delay=0.002, refused=lambda address: False, offers=(), tls=None):
        self.offers = offers
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*tls)
        self.verbs = collections.Counter()
        self.random = random.Random(seed)
        self.rate = rate
        self.delay = delay
        self.refused = refused
        self.taken = collections.Counter()
        self.faults = collections.Counter()
        self.keep = None  # a function of the recipient, the sender and the message, for each that is taken
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        self.ready.wait()

    def serve(self):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.converse, "127.0.0.1", 0, backlog=500,
                                                                   ssl=self.context))
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        self.loop.run_forever()

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def wrong(self, kind):
        if self.random.random() < self.rate:
            self.faults[kind] += 1
            return True
        return False

    async def step(self):
        """A delay now and then, or the end of the connection. A server that hangs up before its first BDAT is taken for one
        that cannot do it, and gets DATA from then on: these drops come later."""
        if self.random.random() < 0.1:
            await asyncio.sleep(self.random.random() * self.delay)
        if ("CHUNKING" not in self.offers or self.verbs["BDAT"]) and self.wrong("drop"):
            raise ConnectionError

    async def converse(self, reader, writer):
        try:
            await self.session(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.transport.abort()

    async def session(self, reader, writer):
        writer.write(b"220 faulty.example\r\n")
        recipient = sender = None
        while True:
            line = await reader.readline()
            if not line:
                return
            verb = line[:4].upper()
            self.verbs[verb.decode(errors="replace")] += 1
            await self.step()
            if verb == b"EHLO":
                reply = b"".join(b"250-%s\r\n" % offer.encode() for offer in ("faulty.example", "PIPELINING", *self.offers))
                reply += b"250 ENHANCEDSTATUSCODES"
            elif verb == b"MAIL":
                recipient, sender = None, line[line.index(b"<") + 1:line.index(b">")].decode()
                reply = b"451 4.4.0 Not now" if self.wrong("MAIL") else b"250 2.1.0 Ok"
            elif verb == b"RCPT":
                address = line[line.index(b"<") + 1:line.index(b">")].decode()
                if self.refused(address):
                    reply = b"550 5.1.1 No such user"
                elif self.wrong("RCPT"):
                    reply = b"450 4.2.1 Busy"
                else:
                    recipient = address
                    reply = b"250 2.1.5 Ok"
            elif verb == b"DATA":
                if recipient is None:
                    reply = b"554 5.5.1 No valid recipients"
                elif self.wrong("DATA"):
                    reply = b"451 4.7.1 Not now"
                else:
                    writer.write(b"354 Go\r\n")
                    message = await reader.readuntil(b"\r\n.\r\n")
                    reply = await self.take(recipient, sender, message[:-3])
                recipient = None
            elif verb == b"BDAT":
                _, size, last = line.split()
                assert last.upper() == b"LAST"
                message = await reader.readexactly(int(size))
                if recipient is None:
                    reply = b"554 5.5.1 No valid recipients"
                elif self.wrong("BDAT"):
                    reply = b"451 4.7.1 Not now"
                else:
                    reply = await self.take(recipient, sender, message)
                recipient = None
            elif verb == b"RSET":
                recipient = None
                reply = b"250 2.0.0 Ok"
            elif verb == b"QUIT":
                writer.write(b"221 2.0.0 Bye\r\n")
                return
            else:
                reply = b"250 2.0.0 Ok"
            writer.write(reply + b"\r\n")

    async def take(self, recipient, sender, message):
        await self.step()
        if self.wrong("dot"):
            return b"452 4.2.2 Full"
        self.taken[recipient] += 1
        if self.keep is not None:
            self.keep(recipient, sender, message)
        if self.wrong("silence"):
            raise ConnectionError  # taken, and nobody heard of it
        return b"250 2.0.0 Taken"
