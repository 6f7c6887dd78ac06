#!/usr/bin/python3
"""Checks a ledger by docs/audit.md alone: it shares nothing with the program but that page.

    verify_ledger.py DATABASE       a file of SQLite, or postgresql://...
Prints its figures and faults as JSON."""
import hashlib
import hmac
import json
import sqlite3
import sys

QUEUED, SENT, DEFERRED, BOUNCED, FAILED, UNKNOWN, REQUEUED, LEASED = "queued sent deferred bounced failed unknown requeued leased".split()
OUTCOMES = [SENT, DEFERRED, BOUNCED, FAILED, UNKNOWN, REQUEUED]


def decode(data, at):
    """An item and where the next one begins."""
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    if (major, info) == (7, 22):
        return None, at
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(info, 0)
    assert info < 24 or size, "an item that no entry has"
    value = int.from_bytes(data[at:at + size], "big") if size else info
    assert not size or value >= {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}[size], "a number is longer than it must be"
    at += size
    if major in (0, 1):
        return -1 - value if major else value, at
    if major in (2, 3):
        piece = data[at:at + value]
        assert len(piece) == value, "cut off"
        return piece if major == 2 else piece.decode(), at + value
    assert major == 4, "an item that no entry has"
    items = []
    for _ in range(value):
        item, at = decode(data, at)
        items.append(item)
    return items, at


def encode(item):
    if item is None:
        return b"\xf6"
    major, value, tail = ((0, item, b"") if isinstance(item, int) and item >= 0 else (1, -1 - item, b"") if isinstance(item, int) else
                          (3, len(item.encode()), item.encode()))
    for size, info, limit in ((0, value, 24), (1, 24, 1 << 8), (2, 25, 1 << 16), (4, 26, 1 << 32), (8, 27, 1 << 64)):
        if value < limit:
            return bytes([major << 5 | info]) + (value.to_bytes(size, "big") if size else b"") + tail


def entries(body):
    at = 0
    while at < len(body):
        begin = at
        entry, at = decode(body, at)
        yield entry, body[begin:at]


class Tree:
    def __init__(self):
        self.peaks = []  # (leaves, hash), the largest first

    def add(self, entry):
        node = (1, hashlib.sha256(b"\0" + entry).digest())
        while self.peaks and self.peaks[-1][0] == node[0]:
            left = self.peaks.pop()
            node = (2 * node[0], hashlib.sha256(b"\1" + left[1] + node[1]).digest())
        self.peaks.append(node)

    def head(self):
        head = self.peaks[-1][1] if self.peaks else hashlib.sha256(b"").digest()
        for _, peak in reversed(self.peaks[:-1]):
            head = hashlib.sha256(b"\1" + peak + head).digest()
        return head


class Delivery:
    def __init__(self):
        self.state, self.run, self.issue, self.subscription, self.code = QUEUED, None, 0, 0, 0
        self.open = self.mailed = self.consented = False


class Books:
    def __init__(self, rows):
        self.faults, self.tree, self.count, self.records = [], Tree(), 0, 0
        self.older = [0, 0, 0, 0]  # event, audit, delivery, subscription
        self.events, self.actions, self.states, self.active = {}, {}, {}, {}
        self.gone, self.lists, self.pruned, self.of_list = set(), set(), 0, {}
        self.deliveries, self.copies, self.sent = {}, {}, 0
        self.asked, self.answers, self.older_asked = {}, {}, [0, 0]
        self.read(rows)

    def fault(self, *words):
        self.faults.append(" ".join(map(str, words)))

    def read(self, rows):
        chains = {}
        for number, stream, body, digest in rows:
            if hashlib.sha256(chains.get(stream, b"") + number.to_bytes(8, "big") + body).digest() != digest:
                self.fault("record", number, "does not follow")
            chains[stream] = digest
            self.records += 1
            try:
                for entry, data in entries(body):
                    self.count += 1
                    self.tree.add(data)
                    self.enter(entry, stream)
            except (AssertionError, IndexError, ValueError, TypeError) as error:
                self.fault("record", number, "cannot be read:", error)

    def stand(self, subscription, at, active):
        self.active.setdefault(subscription, []).append((at, active))

    def was_active(self, subscription, at, exact):
        for when, active in reversed(self.active.get(subscription, [])):
            if exact or (when <= at + 2 and (active or when < at - 2)):
                return active
        return subscription <= self.older[3]

    def enter(self, entry, stream):
        kind = entry[0]
        if kind == 1:
            self.older = [int(word) for word in entry[1].split()[:4]]
        elif kind == 2:
            self.events[entry[2]] = entry
            if entry[5]:
                self.states[entry[5]], self.of_list[entry[5]] = entry[9], entry[4]
                self.stand(entry[5], entry[1], entry[9] == "active")
        elif kind == 3:
            self.actions[entry[2]] = entry
        elif kind in (4, 13):
            for on_list, state, first, last in entry[3]:
                for subscription in range(first, last + 1):
                    if kind == 4:
                        self.states[subscription], self.of_list[subscription] = state, on_list
                    self.stand(subscription, entry[1], state == "active" and not (kind == 13 and entry[2]))
        elif kind == 6:
            if entry[2] == "list":
                self.lists.add(entry[3])
            else:
                self.gone.add((entry[2], entry[3]))
            if entry[2] == "draft":
                self.asked = {number: each for number, each in self.asked.items() if each[0] != entry[3]}
                self.answers = {number: each for number, each in self.answers.items() if each[4] in self.asked}
        elif kind == 7:
            self.pruned = entry[2]
        elif kind == 14 and isinstance(entry[1], str):
            self.older_asked = [int(word) for word in entry[1].split()[:2]]
        elif kind == 14:
            self.approve(entry)
        elif kind >= 8:
            self.deliver(kind, entry, stream)

    def approve(self, entry):
        at, draft, issue, number, answer, step, state, seal, texts, who = entry[1:]
        present = self.asked.get(number, [draft, "approved" if number <= self.older_asked[0] else None, seal])
        if step == "issue" and present[1:3] != ["approved", seal]:
            self.fault("issue", issue, "was not approved")
        if step != "issue":
            self.asked[number] = [draft, state, seal] + ([at, texts, who] if step == "ask" else present[3:])
        if answer:
            self.answers[answer] = entry

    def deliver(self, kind, entry, stream):
        number = entry[2]
        delivery = self.deliveries.setdefault(number, Delivery())
        ours = delivery.run == entry[3]
        if kind == 8:
            if delivery.open:
                self.fault("delivery", number, "was leased again without an outcome")
            delivery.run, delivery.issue, delivery.subscription = entry[3:6]
            delivery.state, delivery.open = LEASED, False
            if delivery.issue and self.copies.setdefault((delivery.issue, delivery.subscription), number) != number:
                self.fault("delivery", number, "is a second one")
        elif kind == 9 and ours and delivery.state == LEASED:
            delivery.open = True
            delivery.consented = not delivery.issue or self.was_active(delivery.subscription, entry[1], stream == 0)
        elif kind == 10 and ours and (delivery.state == LEASED or (delivery.state, entry[4]) == (UNKNOWN, 0)):
            self.end(number, delivery, OUTCOMES[entry[4]], entry[5], (entry[6] or "").startswith("5"))
        elif kind == 11 and ours:
            delivery.open = False
        elif kind == 12:
            if entry[3] == UNKNOWN and delivery.open:
                self.mailed(number, delivery)
            if entry[3] == QUEUED:
                delivery.mailed = False
            delivery.state, delivery.code, delivery.open = entry[3], 0, False
        elif stream == 0:
            self.fault("delivery", number, "has no lease for an entry of kind", kind)

    def mailed(self, number, delivery):
        if delivery.mailed:
            self.fault("delivery", number, "was sent twice")
        delivery.mailed = True
        if not delivery.consented:
            self.fault("delivery", number, "had no consent")

    def end(self, number, delivery, outcome, code, refused):
        accepted = 200 <= code < 300
        if outcome != REQUEUED and not (accepted if outcome == SENT else 400 <= code < 600 or (code == 0 and refused)
                                        if outcome == BOUNCED else not accepted):
            self.fault("delivery", number, "has an outcome that does not follow from", code)
        if outcome == SENT and not delivery.open and delivery.state == LEASED:
            self.fault("delivery", number, "has no commit point")
        if delivery.open and outcome in (SENT, UNKNOWN):
            self.mailed(number, delivery)
        self.sent += outcome == SENT
        delivery.state, delivery.code, delivery.open = QUEUED if outcome == REQUEUED else outcome, code, False

    def hold(self, what, left, number, older, same):
        """Holds a row against its entry; `same` tells of an entry whether it says the same."""
        entry = left.pop(number, None)
        if entry is None and number > older:
            self.fault(what, number, "is not in the ledger")
        elif entry is not None and not same(entry):
            self.fault(what, number, "differs")

    def compare(self, query):
        keys = dict(query("SELECT subscriber, key FROM ledger_key"))

        def commits(person, digest, *items):
            return person in keys and hmac.digest(keys[person], b"".join(map(encode, items)), "sha256") == digest

        self.compare_approvals(query, commits)
        self.compare_rest(query)
        left, actions = dict(self.events), dict(self.actions)
        for number, at, kind, *ids, detail in query("SELECT id, at, kind, list, subscriber, issue, message, detail FROM event"):
            older = number if kind in OUTCOMES or kind.startswith("message-") else self.older[0]  # deliveries have entries of their own
            lost = detail is None and ("person", ids[1]) in self.gone
            self.hold("event", left, number, older, lambda entry: [at, kind, *(each or 0 for each in ids)] == [
                entry[1], entry[3], entry[4], *entry[6:9]] and (
                    lost or (entry[10] is None if detail is None else commits(ids[1] or 0, entry[10], detail))))
        for number, entry in left.items():
            if entry[1] >= self.pruned and ("person", entry[6]) not in self.gone and entry[4] not in self.lists:
                self.fault("event", number, "is gone")
        for number, at, door, action, *words in query("SELECT id, at, door, action, actor, client, object, detail FROM audit"):
            self.hold("action", actions, number, self.older[1],
                      lambda entry: entry[1:5] == [at, number, door, action] and commits(0, entry[5], *words))
        for number in actions:
            self.fault("action", number, "is gone")

    def compare_approvals(self, query, commits):
        left, answers, texts = dict(self.asked), dict(self.answers), {}
        for number, *text in query("SELECT approval, language, source FROM approval_text ORDER BY approval, language"):
            texts[number] = texts.get(number, b"") + b"".join(map(encode, text))
        for number, *row, at, name, words in query("SELECT id, draft, state, seal, asked_at, asked_by, words FROM approval"):
            self.hold("approval", left, number, self.older_asked[0], lambda entry: row == entry[:3] and (not entry[3:] or (
                entry[3:5] == [at, hashlib.sha256(texts.get(number, b"")).digest()] and commits(0, entry[5], name, None, words))))
        for number, *row, author, passage, words in query("SELECT id, approval, at, kind, author, passage, words FROM approval_word"):
            self.hold("answer", answers, number, self.older_asked[1], lambda entry: row == [entry[4], entry[1], entry[6]] and
                      commits(0, entry[10], author, passage, words))
        for number in [*left, *answers]:
            self.fault("approval or answer", number, "is gone")

    def compare_rest(self, query):
        left = dict(self.states)
        for number, state, on_list in query("SELECT id, state, list FROM subscription"):
            self.hold("subscription", left, number, self.older[3], lambda said: (said, self.of_list[number]) == (state, on_list))
        for number in left:
            if ("subscription", number) not in self.gone and self.of_list[number] not in self.lists:
                self.fault("subscription", number, "is gone")
        waiting, left = (QUEUED, DEFERRED, "skipped"), dict(self.deliveries)
        for number, state, code, *whose in query("SELECT id, state, reply_code, issue, subscription FROM delivery"):
            delivery = left.pop(number, None)
            if delivery is not None and whose not in ([delivery.issue or None, delivery.subscription], [None, None]):
                self.fault("delivery", number, "is another one")
            if delivery is None:
                if number > self.older[2] and state not in waiting:
                    self.fault("delivery", number, "is not in the ledger")
            elif state in waiting:
                if delivery.state not in waiting and (delivery.state != LEASED or delivery.open):
                    self.fault("delivery", number, "is", state, "and not", delivery.state)
            elif state != delivery.state or (state != LEASED and (code or 0) != delivery.code):
                self.fault("delivery", number, "is", state, "and not", delivery.state)
        for number, delivery in left.items():
            if ("deliveries", delivery.issue) in self.gone:
                continue
            if delivery.subscription in self.states and (self.of_list[delivery.subscription] not in self.lists and
                                                         ("subscription", delivery.subscription) not in self.gone):
                self.fault("delivery", number, "is gone")


def main():
    if sys.argv[1].startswith("postgres"):
        import psycopg2
        cursor = psycopg2.connect(sys.argv[1]).cursor()
    else:
        cursor = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True).cursor()

    def query(statement):
        cursor.execute(statement)
        return [tuple(bytes(item) if isinstance(item, memoryview) else item for item in row) for row in cursor.fetchall()]

    books = Books(query("SELECT id, stream, body, chain FROM ledger ORDER BY id"))
    books.compare(query)
    print(json.dumps({"records": books.records, "entries": books.count, "head": books.tree.head().hex(), "sent": books.sent,
                      "faults": books.faults}, indent=1))


if __name__ == "__main__":
    main()
