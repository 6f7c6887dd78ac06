"""Lines for cron, aliases and web servers, as contrib/ and the book print them, each run by the user that they name."""
import glob
import os
import re
import shutil
import smtplib

import pytest
from conftest import TOP, parse, token, wait_for
from mailserver import free_port
from test_system_wide import CONFIG, ISSUE, set_up

pytestmark = [pytest.mark.one_engine("about SQLite's own files"),
              pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("systemd-sysusers"), reason="needs root and systemd")]
PLACES = ["contrib/crontab"] + sorted(os.path.relpath(path, TOP) for path in glob.glob(os.path.join(TOP, "docs", "*.md")))


def read(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as source:
        return source.read()


def cron_lines():
    """Place, user and command of each line for /etc/cron.d."""
    for place in PLACES:
        for user, command in re.findall(r"^ *(?:[0-9*/,-]+ +){5}(\w+) +(\S*/newsletter .*)$", read(place), re.M):
            yield pytest.param(user, command, id=f"{place}: {command.split('yaml ')[1]}")


@pytest.fixture
def ready(machine, server):
    set_up(machine, server)
    return machine


def as_cron(machine, user, command, expect=0, **variables):
    """A small environment, and a shell for the command."""
    given = [f"{name}={value}" for name, value in variables.items()]
    return machine.run(user, "env", "-i", "PATH=/usr/bin:/bin", "HOME=/", *given, "sh", "-c", command, expect=expect)


@pytest.mark.slow(1)
@pytest.mark.parametrize("user, command", cron_lines())
def test_cron(ready, user, command):
    told = as_cron(ready, user, command, expect=None if "--fetch" in command else 0)
    if "--fetch" in command:  # there is no mailbox, and nothing else is wrong
        assert "fetch.host" in told
    if " backup " in command:
        assert ready.run("root", "sh", "-c", "ls /var/lib/newsletter/backups").count(".db") == 1


def test_no_line_for_cron_was_overlooked():
    lines = [line for place in PLACES for line in read(place).splitlines() if re.match(r" *(\*/)?\d+ +[\d*]+ +\* +\* +\*", line)]
    assert len(lines) == len(list(cron_lines())) >= 4


def cgi(machine, script, user="newsletter", body="", query="", expect=0, **variables):
    return as_cron(machine, user, f"printf %s '{body}' | {script}", expect, REQUEST_METHOD="POST", CONTENT_LENGTH=len(body),
                   QUERY_STRING=query, REMOTE_ADDR="192.0.2.5", CONTENT_TYPE="application/x-www-form-urlencoded", **variables)


@pytest.mark.slow(1)
def test_cgi(ready, server):
    scripts = os.path.join(TOP, "contrib", "cgi")
    assert "Thank you" in cgi(ready, scripts + "/subscribe.cgi", body="email=ann%40example.org&name=Ann")
    wait_for(lambda: server.messages("ann@example.org"))
    query = "token=" + token(parse(server.messages("ann@example.org")[0]), "confirm")
    assert "confirmed" in cgi(ready, scripts + "/confirm.cgi", query=query)
    told = cgi(ready, scripts + "/subscribe.cgi", user="eve", body="email=eve%40example.org")
    assert "503" in told and f"cannot read {CONFIG}: Permission denied" in told  # the second is for the error log


@pytest.mark.slow(1)
@pytest.mark.skipif(not shutil.which("php-cgi"), reason="needs php-cgi")
def test_php(ready, server):
    page = "REDIRECT_STATUS=200 SCRIPT_FILENAME=" + os.path.join(TOP, "contrib/php/subscribe.php") + " php-cgi"
    told = cgi(ready, page, body="email=ann%40example.org&name=Ann")
    assert re.match("content-type: text/html; *charset=utf-8", told, re.I) and "Thank you" in told
    wait_for(lambda: server.messages("ann@example.org"))
    assert "192.0.2.5" in ready.newsletter("newsletter", "export", "--format", "jsonl")
    told = cgi(ready, page, body="email=nonsense")
    assert "Status: 400" in told and "This is not an e-mail address" in told
    told = cgi(ready, page, user="eve", body="email=eve%40example.org")
    assert "Status: 503" in told and "wrong on our side" in told and f"cannot read {CONFIG}" in told
    # More errors than a pipe holds, before the answer.
    ready.run("root", "mkdir", "-m", "755", "/home/bin")
    ready.write("/home/bin/newsletter", "#!/bin/sh\nhead -c 200000 /dev/zero | tr '\\0' x >&2\nPATH=${PATH#*:} exec newsletter \"$@\"\n", "755")
    told = cgi(ready, page, body="email=bob%40example.org&name=Bob", PATH="/home/bin:/usr/bin:/bin")
    assert "Thank you" in told and "x" * 4000 in told


def aliases():
    """The commands of the book that make the alias file, up to those that change Postfix itself."""
    block = re.search(r"^    cat > /etc/postfix/newsletter.aliases.*?^    postfix reload$", read("docs/operators.md"), re.S | re.M)
    return re.sub(r"^    ", "", block.group(0), flags=re.M)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("postfix"), reason="needs Postfix")
def test_aliases(ready, server):
    """Postfix runs within, as Debian has it but for its port and what it need not do."""
    port = free_port()
    settings = {"inet_interfaces": "127.0.0.1", "inet_protocols": "ipv4", "mydestination": "press.int", "myhostname": "mx.press.int",
                "smtpd_peername_lookup": "no", "maillog_file": "/var/lib/postfix/log", "maillog_file_prefixes": "/var/lib",
                "queue_directory": "/var/lib/postfix/queue", "data_directory": "/var/lib/postfix/data", "compatibility_level": "3.6"}
    ready.write("/etc/postfix/main.cf", "".join(f"{name} = {value}\n" for name, value in settings.items()))
    ready.run("root", "sh", "-c", f"sed -i 's/^smtp  *inet .*/127.0.0.1:{port} inet n - n - - smtpd/; s/^\\([a-z]\\+ \\+[a-z]\\+ \\+[-n] \\+[-n] \\+\\)y/\\1n/' "
                                  "/etc/postfix/master.cf && mkdir -p /var/lib/postfix/queue /var/lib/postfix/data && "
                                  "chown postfix /var/lib/postfix/data && touch /etc/aliases && postalias /etc/aliases && postfix start >/dev/null 2>&1")  # its daemons keep what they get
    try:
        ready.run("root", "sh", "-ec", "exec >/home/log 2>&1\n" + aliases())
        ready.run("root", "sh", "-c", f"echo 'bounce_address: bounces@press.int' >> {CONFIG}")
        ready.write("/home/people.csv", "email\nann@example.org\n")
        ready.write("/home/one.md", ISSUE.format(1))
        ready.newsletter("ann", "import", "/home/people.csv", "--consent", "on paper")
        ready.newsletter("ann", "send", "/home/one.md", "--yes")
        path = parse(server.messages("ann@example.org")[0])["Return-Path"]
        report = (f"From: MAILER-DAEMON@example.org\nTo: {path}\nSubject: Undelivered mail\nMIME-Version: 1.0\n"
                  "Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n\nfailed\n--x\n"
                  "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
                  "Final-Recipient: rfc822; ann@example.org\nAction: failed\nStatus: 5.1.1\n\n--x--\n")
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
            client.sendmail("", [path.strip("<>")], report)
        wait_for(lambda: '"bounced"' in ready.newsletter("ann", "export", "--format", "jsonl"))
    finally:
        print(ready.run("root", "cat", "/home/log", "/var/lib/postfix/log", expect=None))
        ready.run("root", "sh", "-c", "postfix stop >/dev/null 2>&1")
