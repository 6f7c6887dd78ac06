"""A real IMAP and POP3 server, Dovecot, with a configuration of its own on unprivileged ports."""
import imaplib
import os
import pwd
import shutil
import subprocess
import tempfile
import time

from mailserver import free_port

CONF = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap pop3
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
mail_location = maildir:{mail}/%u
first_valid_uid = 1
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={mail}/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {ports[imap]}
  }}
  inet_listener imaps {{
    port = {ports[imaps]}
    ssl = yes
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {ports[pop3]}
  }}
  inet_listener pop3s {{
    port = {ports[pop3s]}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  # No waiting for those who gave a wrong password before: the tests all come from one address.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
auth_failure_delay = 0
service stats {{
  chroot =
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Junk {{
    special_use = \\Junk
  }}
}}
"""


class Dovecot:
    def __init__(self, certificate, key, mail=None, user="nobody"):
        """`mail`: the folder of the mailboxes, whose owner is `user`, such as one that Postfix delivers to."""
        self.folder = tempfile.mkdtemp(prefix="dovecot")
        os.chmod(self.folder, 0o755)
        owner = pwd.getpwnam(user)
        if mail is None:
            mail = os.path.join(self.folder, "mail")
            os.mkdir(mail)
            os.chown(mail, owner.pw_uid, owner.pw_gid)
        self.ports = {name: free_port() for name in ("imap", "imaps", "pop3", "pop3s")}
        path = os.path.join(self.folder, "conf")
        with open(path, "w", encoding="ascii") as out:
            out.write(CONF.format(folder=self.folder, mail=mail, certificate=certificate, key=key,
                                  uid=owner.pw_uid, gid=owner.pw_gid, ports=self.ports))
        self.process = subprocess.Popen(["dovecot", "-F", "-c", path], stderr=subprocess.PIPE)
        end = time.monotonic() + 20
        while True:
            try:
                self.imap().logout()
                return
            except (OSError, imaplib.IMAP4.error):
                assert time.monotonic() < end, self.log()
                time.sleep(0.1)

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as source:
            return source.read()

    def imap(self, user="bounces"):
        connection = imaplib.IMAP4("127.0.0.1", self.ports["imap"])
        connection.login(user, "secret")
        return connection

    def put(self, *messages, user="bounces"):
        connection = self.imap(user)
        for message in messages:
            assert connection.append("INBOX", None, None, message.replace(b"\n", b"\r\n"))[0] == "OK"
        connection.logout()

    def count(self, folder="INBOX", user="bounces"):
        """How many messages lie in a folder; None if there is no such folder."""
        connection = self.imap(user)
        status, (number,) = connection.select(folder, readonly=True)
        connection.logout()
        return int(number) if status == "OK" else None

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=20)
        shutil.rmtree(self.folder, ignore_errors=True)
