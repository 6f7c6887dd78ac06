"""The hostile mail server (sink.c, world.c), and the count of what it has taken."""
import collections
import os
import signal
import socket
import subprocess
import time

Seen = collections.namedtuple("Seen", "attempts taken refused after_refusal")


class Relay:
    def __init__(self, sink, port, seed, chunking=False):
        self.port = port
        self.process = subprocess.Popen([sink, str(port), "0", "hostile", str(seed), *(["chunking"] if chunking else [])],
                                        stdout=subprocess.PIPE, text=True)
        self.link = None
        self.persons, self.fates = {}, {}

    def totals(self):
        """Recipients taken and attempts so far."""
        if self.link is None:
            while self.link is None:
                try:
                    self.link = socket.create_connection(("127.0.0.1", self.port), timeout=60)
                except ConnectionRefusedError:
                    if self.process.poll() is not None:
                        raise
                    time.sleep(0.05)  # it is starting
            self.lines = self.link.makefile("r", encoding="ascii")
            self.lines.readline()
        self.link.sendall(b"STAT\r\n")
        return tuple(int(word) for word in self.lines.readline().split()[1:])

    def stop(self):
        """Ends it; persons says then what it has seen of each address, fates how often each thing happened."""
        if self.link is not None:
            self.lines.close()
            self.link.close()
        self.process.send_signal(signal.SIGTERM)
        out, _ = self.process.communicate()
        for line in out.splitlines():
            kind, *rest = line.split("\t")
            if kind == "person":
                self.persons[rest[0]] = Seen(*map(int, rest[1:]))
            elif kind == "fate":
                self.fates[rest[0]] = int(rest[1])


def gone(address):
    """The addresses that the server refuses for good. They are spread evenly, however somebody sorts."""
    return ".gone@" in address


def address(number):
    return f"reader{number}{'.gone' if number % 50 == 49 else ''}@mail{number % 97}.example.org"


def account(people, persons, unknown=()):
    """What came of it, counted at the server. `unknown` are those of whom the sender says that it does not know."""
    none = Seen(0, 0, 0, 0)
    unknown = set(unknown)
    seen = {person: persons.get(person, none) for person in people}
    willing = {person for person in people if not gone(person)}
    reached = {person for person in willing if seen[person].taken}
    return {
        "people": len(people),
        "willing": len(willing),
        "reached": len(reached),
        "lost": len(willing - reached - unknown),
        "twice": sum(each.taken > 1 for each in seen.values()),
        "copies_too_many": sum(max(0, each.taken - 1) for each in seen.values()),
        "unknown": len(unknown),
        "unknown_reached": len(unknown & reached),
        "unknown_not_reached": len((unknown & willing) - reached),
        "again_after_refusal": sum(each.after_refusal > 0 for each in seen.values()),
        "strangers": sum(each.taken > 0 for person, each in persons.items() if person not in seen),
    }


def sink_of(build):
    return os.path.join(build, "bench", "sink")
