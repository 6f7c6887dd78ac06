"""The Debian package, from apt install to purge, in a Debian of its own with systemd running."""
import glob
import os
import shutil
import signal
import subprocess
import time

import pytest

from conftest import TOP, debian, dependencies, fields, package_file, run

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("systemd-nspawn"), reason="needs root and systemd-nspawn")
CONFIG, DATABASE = "/etc/newsletter/newsletter.yaml", "/var/lib/newsletter/newsletter.db"
ISSUE = "---\ntitle: A title\nnumber: No {0}\ndate: 2026-08-25\n---\nHello {{{{name|reader}}}}.\n"


class Machine:
    """A booted container without a network but its loopback; commands enter it by nsenter."""

    def __init__(self, tarball, folder):
        self.root = os.path.join(folder, "root")
        os.mkdir(self.root)
        run("tar", "-C", self.root, "-xpf", tarball, "--exclude=./dev/*")
        with open(os.path.join(folder, "console"), "wb") as console:
            self.holder = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--directory", self.root, "--boot", "--private-network", "--register=no", "--keep-unit",
                 "--console=pipe"], stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True)
        self.wait_for(lambda: self.leader() and self.run("root", "systemctl", "is-system-running", expect=None).strip()
                      in ("running", "degraded"))

    def leader(self):
        """The first process within."""
        with open(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children", encoding="ascii") as children:
            found = children.read().split()
        assert self.holder.poll() is None, "the container has ended"
        return found[0] if found and os.path.exists(f"/proc/{found[0]}/root/run/systemd/private") else None

    def end(self):
        os.kill(self.holder.pid, signal.SIGKILL)  # all within end with it
        self.holder.wait()

    def run(self, user, *command, expect=0, stdin=""):
        inside = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "SYSTEMD_PAGER="]
        if user != "root":
            inside += ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        done = subprocess.run(["nsenter", "--all", "--target", self.leader(), *inside, *command], input=stdin, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)
        assert expect is None or done.returncode == expect, (command, done.returncode, done.stdout)
        return done.stdout

    def state(self, unit):
        return self.run("root", "systemctl", "is-active", unit, expect=None).strip()

    def modes(self, *paths):
        return [self.run("root", "stat", "--format=%a %U:%G", path).strip() for path in paths]

    def put(self, name, text):
        with open(self.root + name, "w", encoding="utf-8") as out:
            out.write(text)

    def install(self, deb):
        shutil.copy(deb, os.path.join(self.root, "root"))
        return self.run("root", "apt-get", "install", "--yes", "--allow-downgrades", "/root/" + os.path.basename(deb))

    def get(self, path):
        script = f"import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8025{path}').read().decode())"
        return run("nsenter", "--net=/proc/%s/ns/net" % self.leader(), "/usr/bin/python3", "-c", script)

    @staticmethod
    def wait_for(condition, seconds=180):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.2)


@pytest.fixture(scope="module")
def machine(package, tmp_path_factory):
    """These tests are the life of one installation, in order."""
    tarball = debian("systemd-sysv", "dbus", "adduser", *dependencies(package_file(package)))
    made = Machine(tarball, str(tmp_path_factory.mktemp("machine")))
    yield made
    made.end()


@pytest.fixture(scope="module")
def mail(machine, tmp_path_factory):
    """A mail server inside; its folder of mail is outside."""
    folder = str(tmp_path_factory.mktemp("mail"))
    server = subprocess.Popen(["nsenter", "--net=/proc/%s/ns/net" % machine.leader(), "/usr/bin/python3",
                               os.path.join(TOP, "tests/support/mailserver.py"), "--port", "25", "--mail", folder,
                               "--tempfail", "bob@example.org"], stdout=subprocess.PIPE, start_new_session=True)
    server.stdout.readline()  # it listens
    yield folder
    server.terminate()
    server.wait()


def received(folder, address):
    return sorted(glob.glob(os.path.join(folder, address, "new", "*")))


def test_lintian_finds_nothing(package):
    changes = glob.glob(os.path.join(package, "*.changes"))
    assert run("lintian", "--allow-root", "--pedantic", "--display-info", "--fail-on", "error,warning,info,pedantic", *changes) == ""


def test_libraries_that_are_opened_on_demand_are_dependencies(package):
    needed = dependencies(package_file(package))
    assert {"libicu72", "libetpan20", "libarchive13", "libpq5", "libmicrohttpd12", "libcurl4", "libxml2"} <= set(needed)
    assert "librnp0" in fields(package_file(package), "Recommends")


def test_it_waits_until_it_is_configured(machine, package):
    machine.install(package_file(package))
    assert machine.modes("/etc/newsletter", CONFIG, "/var/lib/newsletter", DATABASE) == [
        "750 root:newsletter", "640 root:newsletter", "2770 newsletter:newsletter", "660 newsletter:newsletter"]
    enabled = ("newsletter.path", "newsletter.service", "newsletter-retry.timer", "newsletter-backup.timer")
    for unit in enabled:
        assert machine.run("root", "systemctl", "is-enabled", unit).strip() == "enabled", unit
    assert [machine.state(unit) for unit in enabled] == ["active", "inactive", "active", "active"]
    assert machine.run("root", "systemctl", "list-units", "--failed", "--plain", "--no-legend", "newsletter*").strip() == ""
    assert machine.run("root", "systemctl", "is-enabled", "newsletter.socket", "newsletter-worker.service",
                       expect=None).split() == ["disabled", "disabled"]
    assert machine.run("root", "dpkg", "--verify", "newsletter") == ""
    machine.run("root", "test", "-e", "/usr/share/doc/newsletter/README.Debian")


def test_answers_start_the_website(machine, mail):
    del mail  # it must be there
    told = machine.run("root", "newsletter", "init", "--system", "--from", "Press Office <press@press.int>", "--relay", "127.0.0.1:25",
                       "--url", "https://news.press.int")
    assert "wrote /etc/newsletter/newsletter.yaml" in told and "takes our mail" in told
    machine.wait_for(lambda: machine.state("newsletter.service") == "active")
    assert "ok" in machine.get("/healthz")
    assert machine.modes(CONFIG, "/var/lib/newsletter") == ["640 root:newsletter", "2770 newsletter:newsletter"]


def test_staff_send_and_the_timer_goes_on(machine, mail):
    machine.run("root", "useradd", "--create-home", "--user-group", "--groups", "newsletter", "ann")
    machine.put("/home/people.csv", "email\nann@example.org\nbob@example.org\n")
    machine.put("/home/one.md", ISSUE.format(1))
    machine.run("root", "sed", "-i", "s/first: 5m/first: 1s/", CONFIG)
    machine.run("ann", "newsletter", "list", "edit", "bulletin", "--postal-address", "1 Quay Street")
    machine.run("ann", "newsletter", "import", "/home/people.csv", "--consent", "on paper")
    machine.run("ann", "newsletter", "send", "/home/one.md", "--yes")
    assert len(received(mail, "ann@example.org")) == 1 and received(mail, "bob@example.org") == []

    def retried():
        machine.run("root", "systemctl", "start", "newsletter-retry.service")
        return received(mail, "bob@example.org")

    machine.wait_for(retried)
    machine.run("root", "systemctl", "start", "newsletter-backup.service")
    assert len(glob.glob(machine.root + "/var/lib/newsletter/backups/*.db")) == 1
    assert machine.state("newsletter.service") == "active"
    assert "bulletin/" in machine.get("/archive/")


def test_an_upgrade_keeps_all_and_leaves_a_backup(machine, package, tmp_path):
    before = machine.run("root", "cat", CONFIG), machine.run("ann", "newsletter", "export")
    process = machine.run("root", "systemctl", "show", "--property=MainPID", "newsletter.service")
    version = fields(package_file(package), "Version").strip()
    folder, later = str(tmp_path / "later"), str(tmp_path / "newsletter_later_all.deb")
    run("dpkg-deb", "-R", package_file(package), folder)
    run("sed", "-i", f"s/^Version: .*/Version: {version}+later/", folder + "/DEBIAN/control")
    run("dpkg-deb", "--root-owner-group", "-b", folder, later)
    machine.install(later)
    assert (machine.run("root", "cat", CONFIG), machine.run("ann", "newsletter", "export")) == before
    machine.wait_for(lambda: machine.state("newsletter.service") == "active")
    assert machine.run("root", "systemctl", "show", "--property=MainPID", "newsletter.service") != process
    copy = f"/var/lib/newsletter/backups/before-upgrade-from-{version}.db"
    assert "can be restored" in machine.run("root", "newsletter", "restore", copy, "--drill")
    assert [machine.state(unit) for unit in ("newsletter-retry.timer", "newsletter-backup.timer")] == ["active", "active"]


def test_what_stays_after_removal_and_purge(machine):
    machine.run("root", "apt-get", "remove", "--yes", "newsletter")
    assert machine.state("newsletter.service") == "inactive"
    machine.run("root", "test", "-e", CONFIG)
    told = machine.run("root", "apt-get", "purge", "--yes", "newsletter")
    assert "the database of subscribers stays in /var/lib/newsletter" in told
    machine.run("root", "test", "!", "-e", "/etc/newsletter")
    machine.run("root", "test", "-e", DATABASE)
    left = machine.run("root", "find", "/etc", "/usr", "/lib", "-xdev", "-name", "*newsletter*")
    assert left.strip() == "", left


def test_a_second_installation_takes_up_the_database(machine, package):
    """After a purge, say, or where the disk of another machine was put in."""
    machine.install(package_file(package))
    assert "Press Office" in machine.run("ann", "newsletter", "list", "show", "bulletin")
    assert machine.modes(CONFIG, DATABASE) == ["640 root:newsletter", "660 newsletter:newsletter"]
