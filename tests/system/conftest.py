"""Shared by the system tests: an installation in a temporary folder, and servers on loopback."""
import email
import email.policy
import asyncio
import atexit
import collections
import contextlib
import functools
import itertools
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "support"))

from mailserver import MailServer  # noqa: E402

# Which engine the installations of this run use: NEWSLETTER_TEST_DATABASE=postgresql for the other.
POSTGRESQL = os.environ.get("NEWSLETTER_TEST_DATABASE") == "postgresql"

# ./check --quick tries the first row of a table of cases where each row needs an installation; --all tries more of
# what is drawn at random.
QUICK = os.environ.get("NEWSLETTER_TEST_QUICK") == "1"
ALL = os.environ.get("NEWSLETTER_TEST_ALL") == "1"
BINARY = os.environ.get("NEWSLETTER", os.path.join(TOP, "build", "src", "newsletter"))
# With sanitizers, the same program without them: it starts in a fifth of the time. ./check says where it is.
PLAIN_BINARY = os.environ.get("NEWSLETTER_PLAIN", BINARY)
# nohup leaves SIGHUP ignored in everything that it starts, and some tests send one.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# When the process ends, a sanitizer reads its suppressions and starts a program that finds names of functions.
os.environ.setdefault("NEWSLETTER_SANDBOX_ALLOW", os.path.join(TOP, "tests") + ":/usr:/lib:/lib64")

SAMPLE = os.path.join(TOP, "samples", "issue-11.md")


@functools.lru_cache(None)
def postgres():
    """One server for all tests of this process; each installation has a schema or a database of its own."""
    from postgres import FOR_SHORT_LIVES, Postgres
    started = Postgres(settings=FOR_SHORT_LIVES)
    atexit.register(started.remove)
    return started


SCHEMAS = itertools.count(1)


def new_schema(server=None, database="postgres"):
    import psycopg2
    server = server or postgres()
    schema = f"t{next(SCHEMAS)}"
    with psycopg2.connect(server.url(database=database)) as connection:
        connection.cursor().execute(f"CREATE SCHEMA {schema}")
    connection.close()
    return server.url(schema, database)


class Kept:
    """Connections that are used again, by URL. To connect costs a server fifty times as much as most statements."""

    def __init__(self):
        self.connections = {}

    def use(self, url, statement):
        """Calls statement(connection). Between two calls the connection is idle and in no transaction."""
        import psycopg2
        connection = self.connections.pop(url, None)
        try:
            if connection is not None:
                return self.call(url, connection, statement)
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            if not connection.closed:  # else the server has been started again, or a test has ended all connections
                raise
        return self.call(url, psycopg2.connect(url), statement)

    def call(self, url, connection, statement):
        try:
            return statement(connection)
        finally:
            self.connections[url] = connection


ADMINISTRATION = Kept()


def database_statement(statement):
    def execute(connection):
        connection.autocommit = True
        connection.cursor().execute(statement)

    ADMINISTRATION.use(postgres().url(), execute)


class KeptFile:
    """The SQLite database of the last statement. It stays open for the next one: to open it reads all of its schema, which takes fifty
    times as long as most statements. It is closed before a test or our program may look at its files, so that they find what they
    would find without it. (While it is open, the write-ahead log stays, and the journal mode cannot change.)"""

    EVENTS = {"subprocess.Popen", "sqlite3.connect", "open", "os.kill", "os.listdir", "os.scandir", "os.rename", "os.remove",
              "os.fork", "os.truncate", "os.link", "os.symlink", "os.chmod", "os.posix_spawn", "shutil.copyfile"}

    def __init__(self):
        self.path = self.connection = None
        self.lock = threading.Lock()
        sys.addaudithook(self.audit)

    def audit(self, event, _):
        if self.connection is not None and event in self.EVENTS and self.lock.acquire(blocking=False):
            self.close()
            self.lock.release()

    def close(self):
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    def use(self, path, statement, keep):
        """Calls statement(connection); it ends what it begins. A thread does not wait for what another one has asked for."""
        if not self.lock.acquire(blocking=False):
            with contextlib.closing(sqlite3.connect(path, timeout=30)) as connection:
                return statement(connection)
        fine = False
        try:
            if path != self.path:
                self.close()
            self.path = path
            if self.connection is None:
                self.connection = sqlite3.connect(path, timeout=30, check_same_thread=False)
            result = statement(self.connection)
            fine = keep
            return result
        finally:
            if not fine:
                self.close()
            self.lock.release()


DATABASE_FILE = KeptFile()


class Site:
    """One installation: configuration, database, list, and the commands on it. `server`: a PostgreSQL server of its own."""

    ORDINARY = {"SELECT", "INSERT", "UPDATE", "DELETE"}  # after these, a connection is as it was
    tampered = False  # a test has written into the database by itself: that is not in the ledger

    def __init__(self, folder, server=None):
        self.folder = str(folder)
        self.database = (new_schema(server) if POSTGRESQL else
                         os.path.join(self.folder, "newsletter.db"))
        self.settings = {
            "database": self.database,
            "confirm_url": "https://www.example.org/confirm?token={token}",
            "unsubscribe_url": "https://www.example.org/unsubscribe?token={token}",
            "bounce_address": "bounces@example.org",
            "smtp": {"host": "127.0.0.1", "port": 9, "security": "none", "timeout": "20s"},
            "retry": {"first": "1s", "max": "1s"},
            "confirmation": {"resend_interval": "1h"},
            "notices": {"welcome": False},
        }
        self.configure()

    def configure(self, port=None, smtp=None, **more):
        if port:
            self.settings["smtp"]["port"] = port
        self.settings["smtp"].update(smtp or {})
        self.settings.update(more)
        with open(os.path.join(self.folder, "newsletter.yaml"), "w", encoding="utf-8") as out:
            json.dump(self.settings, out)  # JSON is YAML

    def popen(self, *args, **options):
        return subprocess.Popen([BINARY, *args], cwd=self.folder, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, **options)

    def run(self, *args, expect=0, stdin=b"", env=None, binary=BINARY):
        """Runs a command and checks its exit status (None: any); the result has .out and .err as text."""
        result = subprocess.run([binary, *args], cwd=self.folder, input=stdin,
                                capture_output=True, timeout=120,
                                env={**os.environ, **(env or {})}, check=False)
        result.out = result.stdout.decode("utf-8")
        result.err = result.stderr.decode("utf-8")
        assert "Sanitizer" not in result.err and "runtime error" not in result.err, result.err
        assert expect is None or result.returncode == expect, (args, result.returncode, result.out, result.err)
        return result

    def install(self):
        self.run("init")
        self.run("list", "add", "bulletin", "--from", "Press Office <press@example.org>",
                 "--title", "News Bulletin", "--postal-address", "1 Quay Street")

    def sql(self, statement, *values):
        self.tampered = self.tampered or not statement.lstrip().upper().startswith("SELECT")
        if POSTGRESQL:
            return self.server_sql(statement, values)

        def execute(connection):
            with connection:
                return connection.execute(statement, values).fetchall()

        return DATABASE_FILE.use(self.database, execute, keep=statement.split(None, 1)[0].upper() in self.ORDINARY)

    def sql_script(self, statements):
        """Statements without values or results. To open a SQLite database reads all of its schema: once for them all."""
        if POSTGRESQL:
            self.sql(statements)
            return
        self.tampered = True
        DATABASE_FILE.use(self.database, lambda connection: connection.executescript(f"BEGIN; {statements}; COMMIT"), keep=False)

    def server_sql(self, statement, values):
        def execute(connection):
            with connection, connection.cursor() as cursor:
                cursor.execute(statement.replace("%", "%%").replace("?", "%s"), values)
                return [tuple(bytes(item) if isinstance(item, memoryview) else item
                              for item in row) for row in cursor] if cursor.description else []

        thread = self.__dict__.setdefault("threads", threading.local()).__dict__  # one may wait for a lock while another looks on
        return thread.setdefault("kept", Kept()).use(self.database, execute)

    def add_active(self, addresses, name=None):
        """Confirmed subscriptions, put into the database directly: many, quickly."""
        self.tampered = True
        if POSTGRESQL:
            self.sql("WITH added AS (INSERT INTO subscriber (uuid, address, address_key, name, "
                     "created_at) SELECT gen_random_uuid(), a, a, ?::text, 1 FROM "
                     "unnest(?::text[]) WITH ORDINALITY AS x (a, n) ORDER BY n RETURNING id) "
                     "INSERT INTO subscription (list, subscriber, state, token, consent_at, "
                     "confirmed_at, created_at) SELECT 1, id, 'active', gen_random_uuid(), 1, 1, 1 "
                     "FROM added ORDER BY id", name, list(addresses))
            return

        def add(connection):
            with connection:
                for address in addresses:
                    row = connection.execute(
                        "INSERT INTO subscriber (uuid, address, address_key, name, created_at) "
                        "VALUES (?, ?, ?, ?, 1)", (str(uuid.uuid4()), address, address, name))
                    connection.execute(
                        "INSERT INTO subscription (list, subscriber, state, token, consent_at, "
                        "confirmed_at, created_at) VALUES (1, ?, 'active', ?, 1, 1, 1)",
                        (row.lastrowid, str(uuid.uuid4())))

        DATABASE_FILE.use(self.database, add, keep=True)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode("utf-8"))
        return path

    def issue(self, body="Hello {{name|reader}}.\n", name="issue.md", **front):
        front = {"title": "A title", "number": "No 1", "date": "2026-08-25", **front}
        head = "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n"
                       for key, value in front.items() if value is not None)
        return self.write(name, f"---\n{head}---\n{body}")

    def state_of_each(self):
        """The state of each address's delivery of the one issue there is."""
        return dict(self.sql("SELECT r.address, d.state FROM delivery d JOIN subscription s ON "
                             "s.id = d.subscription JOIN subscriber r ON r.id = s.subscriber "
                             "WHERE d.issue IS NOT NULL"))

    def states(self):
        return dict(self.sql("SELECT state, count(*) FROM delivery WHERE issue IS NOT NULL "
                             "GROUP BY state"))


def sanitized():
    """A sanitizer wants to be the first library, and keeps memory that is freed for a while."""
    with open(BINARY, "rb") as binary:
        return b"__asan_init" in binary.read()


def pytest_configure(config):
    config.addinivalue_line("markers", "one_engine(reason): runs with SQLite only, since it is about SQLite's own files "
                            "or the engine makes no difference to it")
    config.addinivalue_line("markers", "first_row_with_postgresql: of its rows of parameters, which differ in what is read "
                            "and lead to the same statements, PostgreSQL gets the first one only")
    config.addinivalue_line("markers", "postgresql: runs with PostgreSQL only")
    config.addinivalue_line("markers", "slow(seconds): takes that long, 5 if nothing is said; ./check --quick leaves it out")


def check_ledger(site):
    """The database agrees with the ledger, whatever a test has done by our commands. It is the test's data that is checked;
    test_ledger.py and others run audits under the sanitizers."""
    audited = site.run("audit", "--json", expect=None, binary=PLAIN_BINARY)
    assert audited.returncode >= 0, audited.err
    assert site.tampered or audited.returncode != 65, audited.out


def for_this_run(items):
    first = {}
    for item in items:
        first.setdefault((item.path, item.originalname), item)

    def right(item):
        later = item is not first[item.path, item.originalname]
        if QUICK and later and "bare_site" in item.fixturenames:
            return False
        if not POSTGRESQL:
            return item.get_closest_marker("postgresql") is None
        later = later and item.get_closest_marker("first_row_with_postgresql")
        return not later and item.get_closest_marker("one_engine") is None

    return list(filter(right, items))


def pytest_collection_modifyitems(config, items):
    """Leaves out what is for the other engine, or for a longer run. Files that take long come first: a run of several files at a
    time does not end with waiting for one of them."""
    kept = for_this_run(items)
    left_out = set(items).difference(kept)
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
    seconds = collections.Counter()
    for item in kept:
        slow = item.get_closest_marker("slow")
        seconds[item.path] += (slow.args or (5,))[0] if slow else 0.3
    items[:] = sorted(kept, key=lambda item: (-seconds[item.path], str(item.path)))


def pytest_terminal_summary(terminalreporter):
    """./check hands over what its parts have taken so far, for the summary to close with the tests' result."""
    path = os.environ.get("NEWSLETTER_CHECK_PARTS")
    if path is None:
        return
    terminalreporter.section("what each part took")
    with open(path, encoding="utf-8") as parts:
        for line in parts:
            seconds, name = line.rstrip("\n").split("\t")
            if seconds.startswith("@"):  # under way since then
                seconds = time.time() - float(seconds[1:])
            terminalreporter.write_line(f"{float(seconds):7.1f} s  {name}")


@pytest.fixture
def bare_site(tmp_path):
    return Site(tmp_path)


@pytest.fixture(scope="session")
def installation(tmp_path_factory):
    """An installation for the tests' sites to begin as copies of, which takes them two processes less each."""
    first = Site(tmp_path_factory.mktemp("installation"))
    if POSTGRESQL:
        database_statement("CREATE DATABASE installation")
        first.database = new_schema(database="installation")
        first.configure(database=first.database)
    first.install()
    return first


@pytest.fixture
def site(bare_site, installation):
    if not POSTGRESQL:
        shutil.copy(installation.database, bare_site.database)
        yield bare_site
        check_ledger(bare_site)
        return
    name = f"site{next(SCHEMAS)}"
    database_statement(f"CREATE DATABASE {name} TEMPLATE installation STRATEGY file_copy")
    bare_site.database = installation.database.replace("/installation?", f"/{name}?")
    bare_site.configure(database=bare_site.database)
    yield bare_site
    check_ledger(bare_site)
    database_statement(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def signing_key(tmp_path_factory):
    """A key for DKIM, which takes long to make, and what to publish for it as s1._domainkey.example.org."""
    path = str(tmp_path_factory.mktemp("dkim") / "dkim.key")
    made = subprocess.run([BINARY, "dkim", "keygen", "--selector", "s1", "--domain", "example.org", "--output", path],
                          cwd=os.path.dirname(path), capture_output=True, text=True, timeout=60, check=True)
    return path, "".join(made.stdout.split('"')[1::2])


@pytest.fixture(scope="module")
def any_machine(tmp_path_factory):
    from machine import Machine
    made = Machine(str(tmp_path_factory.mktemp("machine")), BINARY)
    for user in ("ann", "eve"):
        made.run("root", "useradd", "--user-group", user)
    yield made
    made.end()


@pytest.fixture
def machine(any_machine):
    """The user `newsletter`, ann in its group, and nothing else of ours."""
    any_machine.run("root", "rm", "-rf", "/etc/newsletter", "/var/lib/newsletter")
    any_machine.run("root", "systemd-sysusers", os.path.join(TOP, "contrib/systemd/newsletter.sysusers"))
    any_machine.run("root", "usermod", "--groups", "newsletter", "ann")
    return any_machine


@pytest.fixture
def server(tmp_path):
    started = MailServer(str(tmp_path / "mail"))
    yield started
    started.stop()


@pytest.fixture
def connected(site, server):
    """A site whose relay is the server."""
    site.configure(port=server.port)
    return site


def parse(raw):
    """Parses with Python's email package and insists on there being no defect anywhere."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    for part in message.walk():
        assert not part.defects, part.defects
        for name, value in part.items():
            assert not getattr(value, "defects", ()), (name, value.defects)
        if not part.is_multipart():
            part.get_content()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"") and b"\r" not in raw.replace(b"\r\n", b"")
    return message


def plain(message):
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")


def html(message):
    return message.get_body(("html",)).get_content().replace("\r\n", "\n")


def link(message, word):
    return next(found for found in re.findall(r"https?://\S+", plain(message)) if word in found)


def token(message, word):
    return link(message, word).split("token=")[1]


def most_at_once(server):
    """From now on each message takes a while; how many there were at a time, at most, by domain."""
    now, most, lock = collections.Counter(), collections.Counter(), threading.Lock()
    plain = server.handler.handle_DATA

    async def handle(smtp, session, envelope):
        domain = envelope.rcpt_tos[0].split("@")[1]
        with lock:
            now[domain] += 1
            most[domain] = max(most[domain], now[domain])
        await asyncio.sleep(0.02)
        with lock:
            now[domain] -= 1
        return await plain(smtp, session, envelope)

    server.handler.handle_DATA = handle
    return most


def program_time():
    """The second as the program sees it: time(2) reads the kernel's coarse clock, which is milliseconds behind time.time()."""
    coarse = 5  # CLOCK_REALTIME_COARSE
    return int(time.clock_gettime(coarse))


def check_rate(times, per_second, since):
    """Whether messages tried at `times`, in seconds, kept to a rate since program_time(), however busy the machine was: none is early, but for
    the second in which its lease began, and at most three seconds' worth go out in one, since a reservation is good for two seconds after
    its own."""
    for index, at in enumerate(sorted(times)):
        assert at + 1 >= since + index // per_second, (index, at - since, sorted(times))
    assert max(collections.Counter(times).values()) <= 3 * per_second, sorted(times)


def wait_for(condition, seconds=20):
    """Waits until the condition holds; what a background process does has no other sign."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def world(tmp_path):
    """An internet of our own on loopback; a test adds its destinations and starts it."""
    from internet import Internet
    made = Internet(tmp_path / "world")
    yield made
    made.stop()
