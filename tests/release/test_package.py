"""The Debian package, from apt install to purge, in a Debian of its own with systemd running."""
import glob
import os
import shutil
import subprocess

import pytest

from conftest import TOP, debian, dependencies, fields, package_file, run
from machine import Machine

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("systemd-nspawn"), reason="needs root and systemd-nspawn")
CONFIG, DATABASE = "/etc/newsletter/newsletter.yaml", "/var/lib/newsletter/newsletter.db"
ISSUE = "---\ntitle: A title\nnumber: No {0}\ndate: 2026-08-25\n---\nHello {{{{name|reader}}}}.\n"


@pytest.fixture(scope="module")
def machine(package, tmp_path_factory):
    """These tests are the life of one installation, in order."""
    tarball = debian("systemd-sysv", "dbus", "adduser", *dependencies(package_file(package)))
    folder = str(tmp_path_factory.mktemp("machine"))
    root = os.path.join(folder, "root")
    os.mkdir(root)
    run("tar", "-C", root, "-xpf", tarball, "--exclude=./dev/*")
    made = Machine(root, folder)
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
    machine.wait_for(lambda: "ok" in machine.get("/healthz", expect=None))  # active is sooner than listening
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
