"""The whole internet of test_direct_whole.py: 200 destinations of every kind, with people in the proportions that bulletins have.

Nine tenths are at a dozen providers, each of which throttles by its own words; the others have from a few to some hundred people. A kind
says in which states the deliveries may end, and what the last reply is like."""
import collections
import itertools
import random
import time

from internet import greylisting

Kind = collections.namedtuple("Kind", "name number states text add")


def now_and_then(*texts):
    turns = itertools.cycle(texts)
    return lambda recipient: next(turns)


def at_most(per_second, text, usual="250 2.1.0 Ok"):
    """A function for the replies: what is more in one second is refused."""
    taken = collections.Counter()

    def reply(recipient):
        taken[int(time.monotonic())] += 1
        return usual if taken[int(time.monotonic())] <= per_second else text
    return reply


# Domain, share of the people, mail host, messages in a second, the words for "too fast", and further habits.
PROVIDERS = [
    ("gmail.com", 0.33, "gmail-smtp-in.l.google.com", 300, "421 4.7.28 Our system has detected an unusual rate of mail from your network", {}),
    ("outlook.com", 0.08, "outlook-com.olc.protection.outlook.com", 100, "421 RP-001 The mail server exceeded the rate limit allowed", {}),
    ("contoso.example", 0.06, "contoso.mail.protection.outlook.com", 100, "451 4.7.500 Server busy. Please try again later", {}),
    ("yahoo.com", 0.08, "mta5.am0.yahoodns.net", 80, "421 4.7.0 [TSS04] Messages temporarily deferred due to unexpected volume",
     {"close_after": 20, "most": 8}),
    ("icloud.com", 0.07, "mx01.mail.icloud.com", 80, "421 4.7.0 Too many messages", {}),
    ("gmx.net", 0.05, "mx00.gmx.net", 80, "421 Too many connections", {"most": 6}),
    ("web.de", 0.04, "mx-ha02.web.de", 80, "421 Too many connections", {"most": 6}),
    ("t-online.de", 0.03, "mx00.t-online.de", 60, "451 4.7.0 Too many messages", {}),
    ("orange.fr", 0.03, "smtp-in.orange.fr", 50, "421 4.7.0 Too many connections, slow down. OFR004_104", {"most": 2}),
    ("free.fr", 0.02, "mx1.free.fr", 50, "451 4.7.0 Too many messages", {"close_after": 50}),
    ("mail.ru", 0.03, "mxs.mail.ru", 60, "451 Ratelimit exceeded for mailbox", {}),
    ("yandex.ru", 0.02, "mx.yandex.ru", 60, "451 4.7.1 Sorry, the rate limit is reached", {}),
    ("qq.com", 0.02, "mx3.qq.com", 40, "550 Connection frequency limited", {}),
    ("163.com", 0.01, "163mx01.mxmail.netease.com", 40, "451 MI:CEL Too many messages", {"close_after": 20}),
]
KNOWN = {"google", "microsoft", "yahoo", "apple", "gmx", "telekom", "orange", "free", "mailru", "yandex", "qq", "netease"}


def simple(**behaviour):
    return lambda world, name: world.destination(name, **behaviour)


def each(*makers):
    """One after the other."""
    turns = itertools.cycle(makers)
    return lambda world, name: next(turns)(world, name)


USUAL = {b"BANNER": "220 mx ESMTP", b"EHLO": "250 mx", b"MAIL": "250 2.1.0 Ok", b"RCPT": "250 2.1.5 Ok", b"DATA": "354 Go", b"BODY": "taken",
         b"DOT": "250 2.0.0 Taken"}


def closing(*steps, always):
    """Closes the connection at a step: always, or each fifth time."""
    return each(*(lambda world, name, step=step: world.destination(
        name, replies={step: "" if always else now_and_then(*[USUAL[step]] * 4, "")}) for step in steps))


def dane(usage, good=True, tls=True, **record):
    def add(world, name):
        context = world.certified(f"mx.{name}")
        host = world.destination(name, tls=context if tls else None)
        world.tlsa(host.name, context, usage, **record, **({} if good else {"digest": "ab" * 32}))
    return add


def sts(mode="enforce", named=True, trusted=True):
    def add(world, name):
        host = world.destination(name, tls=world.trusted(f"mx.{name}") if trusted else world.certificate())
        world.policy(name, f"version: STSv1\r\nmode: {mode}\r\nmx: {host.name if named else 'mx.elsewhere.example'}\r\nmax_age: 86400\r\n")
    return add


def two_hosts(world, name):
    world.host(f"dead.{name}", listens=False)
    world.domain(name, f"dead.{name}", world.host(f"second.{name}").name)


def without_mx(world, name):
    world.host(name)


def alias(world, name):
    world.destination(f"real.{name}")
    world.records.append(f"{name}. CNAME real.{name}.")


def leads_to(address):
    def add(world, name):
        world.domain(name, f"mx.{name}")
        world.records.append(f"mx.{name}. A {address}")
    return add


def only_six(world, name):
    world.domain(name, world.host(f"mx.{name}", four=False, six=True).name)


def unfinished(world, name):
    world.below["broken"].append(name)


def forged(world, name):
    world.below["bogus"][name] = f"{name}. A 93.184.250.1"


def silent_after(limit):
    count = itertools.count()
    return lambda recipient: "250 2.0.0 Taken" if next(count) < limit else None


KINDS = [
    Kind("greylisting", 12, "sent", r"Taken", lambda world, name: world.destination(name, replies={b"RCPT": greylisting()})),
    Kind("slow", 8, "sent", r"Taken", simple(pace=0.3)),
    Kind("tarpit that never greets", 2, "deferred", r"", simple(replies={b"BANNER": lambda recipient: None})),
    Kind("tarpit that never ends", 2, "sent unknown deferred", r"", lambda world, name: world.destination(
        name, replies={b"DOT": silent_after(1)})),
    Kind("closing at one step", 10, "deferred", r"", closing(b"BANNER", b"EHLO", b"MAIL", b"RCPT", b"DATA", always=True)),
    # The final dot had gone out, and nothing was answered: nobody can know.
    Kind("closing in the message or after it", 4, "unknown deferred", r"", closing(b"BODY", b"DOT", always=True)),
    Kind("closing now and then", 14, "sent", r"Taken", closing(b"BANNER", b"EHLO", b"MAIL", b"RCPT", b"DATA", always=False)),
    Kind("lost IPv6", 8, "sent", r"Taken", lambda world, name: world.destination(name, aaaa=[world.LOST])),
    Kind("IPv6 that leads nowhere", 4, "sent", r"Taken", simple(aaaa=["2a00:2::fffe"])),
    Kind("IPv6 only", 4, "sent", r"Taken", only_six),
    Kind("good TLSA", 9, "sent", r"\(TLSv1\.3, DANE\): Taken", each(dane(3), dane(2), dane(3, selector=0, matching=2))),
    Kind("bad TLSA", 4, "deferred", r"DANE, RFC 7672", each(dane(3, good=False), dane(2, good=False))),
    Kind("TLSA without TLS", 2, "deferred", r"DANE, RFC 7672", dane(3, tls=False)),
    Kind("MTA-STS", 6, "sent", r"\(TLSv1\.3, MTA-STS\): Taken", sts()),
    Kind("MTA-STS with a wrong certificate", 4, "deferred", r"certificate.*the domain's MTA-STS", sts(trusted=False)),
    Kind("MTA-STS that names another host", 2, "deferred", r"names none of its mail hosts", sts(named=False)),
    Kind("MTA-STS in testing", 2, "sent", r"\(TLSv1\.3\): Taken", sts(mode="testing", trusted=False)),
    Kind("broken TLS", 4, "sent", r"\(no TLS\): Taken", simple(tls="broken")),
    Kind("null MX", 4, "bounced", r"null MX|RFC 7505", lambda world, name: world.domain(name, (0, ""))),
    Kind("MX loop", 3, "failed", r"", leads_to("198.18.0.2")),
    Kind("MX on loopback", 1, "failed", r"", leads_to("127.0.0.1")),
    Kind("MX in a private network", 2, "failed", r"", leads_to("10.1.2.3")),
    Kind("no MX", 4, "sent", r"Taken", without_mx),
    Kind("an alias", 2, "sent", r"Taken", alias),
    Kind("the first host dead", 4, "sent", r"Taken", two_hosts),
    Kind("all hosts dead", 3, "deferred", r"", simple(listens=False)),
    Kind("no such domain", 4, "bounced", r"", lambda world, name: None),
    Kind("broken DNS", 3, "deferred", r"SERVFAIL", unfinished),
    Kind("forged DNS", 3, "deferred", r"DNSSEC", forged),
    Kind("421 after some messages", 8, "sent", r"Taken", each(*(simple(close_after=number) for number in (1, 3, 7, 20)))),
    Kind("few connections", 6, "sent", r"Taken", each(*(simple(most=number) for number in (1, 2, 4)))),
    Kind("throttling", 6, "sent", r"Taken", lambda world, name: world.destination(name, replies={
        b"MAIL": at_most(10, "421 4.7.0 Too fast, try again later")})),
    Kind("unknown users", 4, "bounced", r"No such user", simple(replies={b"RCPT": "550 5.1.1 No such user"})),
    Kind("full mailboxes", 2, "deferred", r"full", simple(replies={b"RCPT": "452 4.2.2 Mailbox full"})),
    Kind("refusal of the sender", 3, "deferred", r"block list", simple(replies={b"MAIL": "554 5.7.1 You are on a block list"})),
    Kind("refusal of the message", 2, "failed", r"spam", simple(replies={b"DOT": "554 5.7.1 Message looks like spam"})),
    Kind("busy", 3, "deferred", r"", simple(replies={b"BANNER": "421 4.3.2 Too busy"})),
]
# The answer is that to the final dot: a kill before it is heard leaves a delivery in doubt.
ANSWERED_AT_THE_DOT = {"sent", "failed"}
REAL = 5  # domains of each real mail server
DESTINATIONS = 200


class WholeWorld:
    """Adds the destinations to an internet. `people`: their addresses; `kind_of`: the kind of each domain."""

    def __init__(self, world, people):
        self.kind_of, self.people = {}, []
        for domain, share, host, per_second, words, habits in PROVIDERS:
            world.host(host, tls=world.certificate(), replies={b"MAIL": at_most(per_second, words)}, **habits)
            world.domain(domain, host)
            self.kind_of[domain] = Kind("provider", 1, "sent", r"Taken", None)
            self.add_people(domain, round(people * share))
        large = self.real(world)
        small = [(kind, f"{kind.name.lower().replace(' ', '-')}-{number}.example") for kind in KINDS for number in range(kind.number)]
        for kind, name in small:
            kind.add(world, name)
            self.kind_of[name] = kind
        while len(self.kind_of) < DESTINATIONS:
            large.append(f"plain{len(self.kind_of)}.example")
            world.destination(large[-1], offers=[["PIPELINING"], [], ["8BITMIME"]][len(large) % 3])
            self.kind_of[large[-1]] = Kind("plain", 1, "sent", r"Taken", None)
        chance = random.Random(25)
        names = [name for _, name in small]
        chance.shuffle(large)
        chance.shuffle(names)
        self.share_out(large + names, people - len(self.people))
        chance.shuffle(self.people)

    def real(self, world):
        names = {kind: [f"{kind}{number}.example" for number in range(REAL)] for kind in ("postfix", "exim", "opensmtpd")}
        grey = names["exim"][:2]
        self.servers = [world.add_postfix("mx.postfix.example", *names["postfix"]), world.add_exim("mx.exim.example", *names["exim"], grey=grey),
                        world.add_opensmtpd("mx.opensmtpd.example", *names["opensmtpd"], users=1000)]
        for kind, domains in names.items():
            text = {"postfix": r"\(TLSv1.* queued as", "exim": r"\(TLSv1.* OK id=", "opensmtpd": r"accepted for delivery"}[kind]
            for domain in domains:
                self.kind_of[domain] = Kind(f"{kind}{' greylisting' if domain in grey else ''}", REAL, "sent", text, None)
        return [domain for domains in names.values() for domain in domains]

    def share_out(self, domains, people):
        """As 1, 1/2, 1/3 and so on, but three each at least."""
        weights = [1 / (number + 4) for number in range(len(domains))]
        counts = [max(3, int(people * weight / sum(weights))) for weight in weights]
        counts[0] += max(0, people - sum(counts))
        for domain, count in zip(domains, counts):
            self.add_people(domain, count)

    def add_people(self, domain, count):
        self.people += [f"p{number}@{domain}" for number in range(count)]
