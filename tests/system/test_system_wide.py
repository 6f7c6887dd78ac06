"""The installation that root makes and that the units and the staff share, in an /etc and a /var of its own."""
import os
import shutil

import pytest
from conftest import TOP, parse, wait_for

pytestmark = [pytest.mark.one_engine("about SQLite's own files"),
              pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("systemd-sysusers"), reason="needs root and systemd")]

CONFIG, DATABASE = "/etc/newsletter/newsletter.yaml", "/var/lib/newsletter/newsletter.db"
ISSUE = "---\ntitle: A title\nnumber: No {0}\ndate: 2026-08-25\n---\nHello {{{{name|reader}}}}.\n"


def set_up(machine, server):
    machine.newsletter("root", "init", "--system")
    told = machine.newsletter("root", "init", "--system", "--from", "Press Office <press@press.int>",
                              "--relay", f"127.0.0.1:{server.port}", "--url", "https://news.press.int")
    machine.newsletter("ann", "list", "edit", "bulletin", "--postal-address", "1 Quay Street")
    return told


def test_only_root_and_only_for_a_user_that_is_there(machine):
    assert "run it as root" in machine.newsletter("eve", "init", "--system", expect=77)
    machine.run("root", "userdel", "newsletter")
    assert "systemd-sysusers" in machine.newsletter("root", "init", "--system", expect=78)
    machine.run("root", "test", "!", "-e", "/etc/newsletter")


@pytest.mark.slow(1)
def test_what_is_made(machine, server):
    assert "edit it now" in machine.newsletter("root", "init", "--system")
    expected = {"/etc/newsletter": "750 root:newsletter", CONFIG: "640 root:newsletter",
                "/var/lib/newsletter": "2770 newsletter:newsletter", DATABASE: "660 newsletter:newsletter"}
    assert {path: machine.mode(path) for path in expected} == expected
    machine.run("root", "systemd-tmpfiles", "--create", os.path.join(TOP, "contrib/systemd/newsletter.tmpfiles"))
    assert {path: machine.mode(path) for path in expected} == expected
    assert "set serve.url" in machine.newsletter("newsletter", "serve", "--check", expect=78)
    # Nobody has changed it, so that the answers find their place in it; after that it stays.
    assert "added the list bulletin" in set_up(machine, server)
    machine.newsletter("newsletter", "serve", "--check")
    assert {path: machine.mode(path) for path in expected} == expected
    assert "there already" in machine.newsletter("root", "init", "--system", "--url", "https://other.press.int")
    assert "https://news.press.int" in machine.run("root", "cat", CONFIG)


@pytest.mark.slow(1)
def test_staff_send_without_root(machine, server):
    set_up(machine, server)
    machine.write("/home/people.csv", "email\nann@example.org\nbob@example.org\n")
    machine.write("/home/one.md", ISSUE.format(1))
    machine.write("/home/two.md", ISSUE.format(2))
    machine.newsletter("ann", "import", "/home/people.csv", "--consent", "on paper")
    machine.run("root", "sed", "-i", "s/first: 5m/first: 1s/", CONFIG)
    server.handler.tempfail.add("bob@example.org")
    machine.newsletter("ann", "send", "/home/one.md", "--yes")
    assert machine.mode(DATABASE + ".lock") == "660 ann:newsletter"
    wait_for(lambda: machine.newsletter("newsletter", "retry") + "." and server.messages("bob@example.org"))  # as the timer does
    machine.newsletter("root", "send", "/home/two.md", "--yes")
    machine.newsletter("ann", "status")
    assert [parse(one)["Subject"] for one in server.messages("bob@example.org")] == ["No 1: A title", "No 2: A title"]
    assert "Permission denied" in machine.newsletter("eve", "send", "/home/two.md", "--yes", expect=77)
    assert "nobody else can read" in machine.newsletter("ann", "doctor", "--local", expect=None)


@pytest.mark.slow(1)
def test_a_secret_is_for_the_group_and_for_no_other(machine, server):
    set_up(machine, server)
    machine.write("/etc/newsletter/smtp.password", "secret")
    machine.run("root", "chown", "root:newsletter", "/etc/newsletter/smtp.password")
    machine.run("root", "sed", "-i", "s/^smtp:/smtp:\\n  username: press\\n  password_file: smtp.password/", CONFIG)
    assert "smtp.password may be read by others: chmod o-rwx it" in machine.newsletter("ann", "doctor", "--local", expect=65)
    machine.newsletter("root", "doctor", "--local", "--repair", expect=None)
    assert machine.mode("/etc/newsletter/smtp.password") == "640 root:newsletter"
    assert "may be read by others" not in machine.newsletter("ann", "doctor", "--local", expect=None)


@pytest.mark.slow(1)
def test_a_restored_database_is_shared_too(machine, server):
    set_up(machine, server)
    machine.newsletter("newsletter", "backup", "/var/lib/newsletter/copy.db")
    assert machine.mode("/var/lib/newsletter/copy.db") == "600 newsletter:newsletter"
    machine.newsletter("root", "restore", "/var/lib/newsletter/copy.db", "--yes")
    assert machine.mode(DATABASE) == "660 newsletter:newsletter"
    machine.newsletter("ann", "status")
