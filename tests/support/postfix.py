"""Postfix, started with a configuration of its own on an unprivileged port. Needs root."""
import os
import pwd
import shutil
import subprocess
import tempfile

from mailserver import free_port

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example.org
mydestination = lists.example.org
alias_maps = texthash:{folder}/aliases
alias_database =
local_recipient_maps =
recipient_delimiter = +
default_privs = nobody
transport_maps = texthash:{folder}/transport
delay_warning_time = 1s
queue_run_delay = 2s
minimal_backoff_time = 2s
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

# Services that every Postfix of the tests runs, besides the server and the ways to deliver.
SERVICES = """cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
retry unix - - n - - error
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""

MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
verify unix - - n - 1 verify
virtual unix - n n - - virtual
local unix - n n - - local
smtp unix - - n - - smtp
error unix - - n - - error
""" + SERVICES


def available():
    return os.geteuid() == 0 and shutil.which("postfix") is not None


class Postfix:
    def __init__(self):
        self.folder = folder = tempfile.mkdtemp(prefix="postfix")
        self.port = free_port()
        owner = pwd.getpwnam("postfix")
        for name in ("queue", "data", "mail", "etc", "site"):
            os.mkdir(os.path.join(folder, name))
        os.chmod(folder, 0o755)
        for name in ("data", "mail"):
            os.chown(os.path.join(folder, name), owner.pw_uid, owner.pw_gid)
        self.write("etc/main.cf", MAIN.format(folder=folder, uid=owner.pw_uid, gid=owner.pw_gid))
        self.write("etc/master.cf", MASTER.format(port=self.port))
        users = ["ann", "busy", "nobody", "gone", "full", "slow"] + [f"user{i}" for i in range(40)]
        self.write("boxes", "".join(f"{user}@example.org {user}/\n" for user in users))
        self.write("access", "/^busy@/ 450 4.2.1 Try later\n/^nobody@/ 550 5.1.1 No such user\n")
        for name in ("aliases", "transport"):
            self.write(name, "")
        self.run("start")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="ascii") as out:
            out.write(text)

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding="ascii") as source:
            return source.read()

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

    def pipe(self, name, command):
        """Mail to `name`@lists.example.org, with any extension, goes to a command."""
        self.write("aliases", f'{name} "|{command}"\n')
        self.run("reload")

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as source:
            return source.read()

    def stop(self):
        self.run("stop")
        shutil.rmtree(self.folder)
