"""Who takes part. Each is set up as its own documentation says, with its own way of sending and of trying again; only
the waits between tries are a few seconds for all, in place of minutes and hours."""
import os
import socket
import sqlite3
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LIST = "bulletin@lists.example.org"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Racer:
    name = short = purpose = ""  # short: for --only and the chart
    packages = ()  # of Debian
    postfix_dies = False
    again = 5  # seconds between two tries, for everybody
    asks = False  # says of each message whose outcome it does not know

    def missing(self):
        """The packages that are not there."""
        return [package for package in self.packages if not os.path.exists(f"/usr/share/doc/{package}/copyright")]

    def prepare(self, folder, people, bulletin, port, group):
        """An installation in the folder. `bulletin` is a file with the message, `port` the server's."""
        raise NotImplementedError

    def begin(self):
        """Hands the bulletin over."""
        raise NotImplementedError

    def revive(self):
        """After kill -9, as the system's supervisor would."""

    def cron(self):
        """Every few seconds."""

    def up(self):
        """Whether it is at work (again); the time until the next kill begins then."""
        return any(not theirs for theirs in self.group.members().values())

    def idle(self):
        """Whether it holds nothing that is still to be sent."""
        raise NotImplementedError

    def unknown(self):
        """The addresses of which it says that it does not know."""
        return ()

    def stop(self):
        """Before it is measured no more and its folder is removed."""


class Newsletter(Racer):
    name, short = "newsletter", "newsletter"
    purpose = "bulletins: an outcome for each recipient"
    asks = True

    def prepare(self, folder, people, bulletin, port, group):
        from conftest import Site
        self.group, self.folder, self.job = group, folder, None
        self.site = Site(folder)
        self.site.configure(port=port, smtp={"connections": 20, "timeout": "30s"},
                            retry={"first": f"{self.again}s", "max": f"{self.again}s", "give_up": "1d"})
        self.site.install()
        path = self.site.write("people.csv", "email\n" + "\n".join(people) + "\n")
        self.site.run("import", path, "--consent", "benchmark", "--list", "bulletin")
        with open(bulletin + ".md", encoding="utf-8") as source:
            self.issue = self.site.write("issue.md", source.read())

    def command(self, *words):
        from conftest import BINARY
        if self.job is None or self.job.poll() is not None:
            self.job = self.group.spawn([BINARY, *words], cwd=self.folder)

    def begin(self):
        self.command("send", "--yes", self.issue)

    def cron(self):
        self.command("retry") if self.state() else self.begin()  # nobody goes home before it is on its way

    def state(self):
        return self.site.sql("SELECT state FROM issue")

    def idle(self):
        return self.state() == [("sent",)] and self.job.poll() is not None

    def unknown(self):
        return [address for address, state in self.site.state_of_each().items() if state == "unknown"]


class NewsletterAsked(Newsletter):
    name, short = "newsletter, the unknown sent again", "newsletter-asked"
    purpose = "the same, and somebody answers its question with --resend-unknown"
    asked = False

    def cron(self):
        if self.state() == [("sent",)] and self.job.poll() is not None:
            self.asked = True
            self.command("send", "--yes", "--resend-unknown", self.issue)
        else:
            super().cron()

    def idle(self):
        return self.asked and super().idle() and not self.unknown()


class QueueSender(Racer):
    name, short = "a loop in Python", "python"
    purpose = "a table with a status, smtplib, cron: as most people write one"

    def prepare(self, folder, people, bulletin, port, group):
        self.group, self.job = group, None
        self.database = os.path.join(folder, "queue.db")
        self.command = [sys.executable, os.path.join(HERE, "queue_sender.py"), self.database, bulletin, str(port)]
        with sqlite3.connect(self.database) as database:
            database.execute("CREATE TABLE recipient (id INTEGER PRIMARY KEY, email TEXT, status TEXT DEFAULT 'pending')")
            database.executemany("INSERT INTO recipient (email) VALUES (?)", [(person,) for person in people])
        database.close()

    def begin(self):
        self.cron()

    def cron(self):
        if self.job is None or self.job.poll() is not None:
            self.job = self.group.spawn(self.command)

    def idle(self):
        database = sqlite3.connect(self.database, timeout=30)
        pending = database.execute("SELECT count(*) FROM recipient WHERE status = 'pending'").fetchone()[0]
        database.close()
        return pending == 0


class Mlmmj(Racer):
    """Straight to the server. It tries again from mlmmj-maintd, which cron starts."""
    name, short = "mlmmj", "mlmmj"
    purpose = "discussion lists without a database, before an MTA"
    packages = ("mlmmj",)
    user = ()

    def prepare(self, folder, people, bulletin, port, group):
        self.group, self.job = group, None
        self.list = os.path.join(folder, "bulletin")
        self.bulletin = bulletin
        subprocess.run(["/usr/bin/mlmmj-make-ml", "-L", "bulletin", "-s", folder], check=True, capture_output=True, text=True,
                       input="lists.example.org\nowner@lists.example.org\nen\nn\n")
        control = {"relayhost": "127.0.0.1", "smtpport": str(port), "smtphelo": "lists.example.org", **self.control()}
        for name, text in control.items():
            with open(os.path.join(self.list, "control", name), "w", encoding="ascii") as out:
                out.write(text + "\n")
        # A file for each first character, as mlmmj-sub makes them.
        for first in sorted({person[0] for person in people}):
            with open(os.path.join(self.list, "subscribers.d", first), "w", encoding="ascii") as out:
                out.writelines(f"{person}\n" for person in people if person[0] == first)

    def control(self):
        return {}

    def begin(self):
        """As Postfix does in its transport, with flags=ORhu."""
        received = os.path.join(self.list, "..", "received")
        with open(self.bulletin, "rb") as message, open(received, "wb") as out:
            out.write(f"Return-Path: <press@example.org>\nX-Original-To: {LIST}\n".encode() + message.read())
        with open(received, "rb") as message:  # Postfix ignores SIGPIPE, and so do those whom it starts
            self.group.spawn(["/usr/bin/mlmmj-receive", "-F", "-L", self.list], stdin=message, restore_signals=False)

    def cron(self):
        if self.job is None or self.job.poll() is not None:
            self.job = self.group.spawn([*self.user, "/usr/bin/mlmmj-maintd", "-F", "-L", self.list])

    def idle(self):
        busy = any(not theirs for theirs in self.group.members().values())
        # A message in queue/ that has no file with its sender is one that a killed mlmmj-send left: nobody takes it up.
        waiting = [name for folder in ("queue", "requeue", "incoming") for _, _, names in os.walk(os.path.join(self.list, folder))
                   for name in names if folder != "queue" or name.endswith(".mailfrom")]
        return not busy and not waiting
