"""The same against Postfix, started here with a configuration of its own on an unprivileged port."""
import os
import pwd
import shutil
import subprocess

import pytest
from conftest import parse, plain, token, wait_for
from mailserver import free_port

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
virtual_mailbox_domains = example.org
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/boxes
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_recipient_restrictions =
    check_recipient_access regexp:{folder}/access, permit_mynetworks, reject
smtpd_peername_lookup = no
"""

MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        owner = pwd.getpwnam("postfix")
        for name in ("queue", "data", "mail", "etc"):
            os.mkdir(os.path.join(folder, name))
        os.chmod(folder, 0o755)
        for name in ("data", "mail"):
            os.chown(os.path.join(folder, name), owner.pw_uid, owner.pw_gid)
        self.write("etc/main.cf", MAIN.format(folder=folder, uid=owner.pw_uid, gid=owner.pw_gid))
        self.write("etc/master.cf", MASTER.format(port=self.port))
        users = ["ann", "busy", "nobody"] + [f"user{i}" for i in range(40)]
        self.write("boxes", "".join(f"{user}@example.org {user}/\n" for user in users))
        self.write("access", "/^busy@/ 450 4.2.1 Try later\n/^nobody@/ 550 5.1.1 No such user\n")
        self.run("start")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="ascii") as out:
            out.write(text)

    def run(self, command):
        subprocess.run(["postfix", "-c", os.path.join(self.folder, "etc"), command], check=True,
                       capture_output=True, timeout=60)

    def messages(self, user):
        box = os.path.join(self.folder, "mail", user, "new")
        if not os.path.isdir(box):
            return []
        found = []
        for name in sorted(os.listdir(box)):
            with open(os.path.join(box, name), "rb") as source:
                # Postfix's virtual delivery ends lines as Unix does.
                found.append(source.read().replace(b"\n", b"\r\n"))
        return found


@pytest.fixture
def postfix():
    if os.geteuid() != 0 or shutil.which("postfix") is None:
        pytest.skip("needs Postfix, and root to start it")
    folder = f"/tmp/newsletter-postfix-{os.getpid()}"
    os.mkdir(folder)
    started = None
    try:
        started = Postfix(folder)
        yield started
    finally:
        if started is not None:
            started.run("stop")
        shutil.rmtree(folder)


def test_the_whole_way_through_postfix(site, postfix):
    site.configure(port=postfix.port)
    for name in ("ann", "busy", "nobody"):
        site.run("subscribe", f"{name}@example.org", "--name", name.title())
    wait_for(lambda: postfix.messages("ann"))
    site.run("confirm", token(parse(postfix.messages("ann")[0]), "confirm"))
    assert dict(site.sql("SELECT state, count(*) FROM delivery GROUP BY state")) == {
        "sent": 1, "deferred": 1, "bounced": 1}
    site.add_active([f"user{i}@example.org" for i in range(40)])
    site.sql("UPDATE subscription SET state = 'active'")
    site.run("send", site.issue(body="Dear {{name|reader}},\n\n.\n\nӘлем\n"))
    assert site.states() == {"sent": 41, "deferred": 1, "bounced": 1}
    postfix.write("access", "/^x@/ 550\n")
    postfix.run("reload")
    site.sql("UPDATE delivery SET next_attempt_at = 1")
    site.run("retry")
    assert site.states() == {"sent": 42, "bounced": 1}
    wait_for(lambda: all(postfix.messages(f"user{i}") for i in range(40)))
    wait_for(lambda: len(postfix.messages("busy")) == 1)  # active now: no confirmation any more
    message = parse(postfix.messages("busy")[0])
    assert "Dear Busy,\n\n.\n\nӘлем" in plain(message)
    assert message["Return-Path"].startswith("<bounces+")
