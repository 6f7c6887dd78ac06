"""Postfix with queue, configuration and port of its own, between a list manager and the hostile server."""
import os
import pwd
import smtplib

from postfix import MASTER, Postfix, available

from . import racers

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
myhostname = lists.example.org
mydestination =
relay_domains = lists.example.org
relayhost = [127.0.0.1]:{server}
transport_maps = texthash:{folder}/transport
recipient_delimiter = +
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
queue_run_delay = {again}s
minimal_backoff_time = {again}s
maximal_backoff_time = {again}s
smtpd_peername_lookup = no
"""

MORE = """lmtp unix - - n - - lmtp
relay unix - - n - - smtp
discard unix - - n - - discard
"""


class LocalPostfix(Postfix):
    """`transport`: where mail for the list goes. `services`: further lines of master.cf."""

    def __init__(self, folder, group, server, port, again, transport, main="", services=""):  # pylint: disable=super-init-not-called
        self.folder, self.group, self.port = folder, group, port
        owner = pwd.getpwnam("postfix")
        for name in ("", "queue", "data", "etc"):
            os.makedirs(os.path.join(folder, name), exist_ok=True)
        os.chown(os.path.join(folder, "data"), owner.pw_uid, owner.pw_gid)
        self.write("etc/main.cf", MAIN.format(folder=folder, server=server, again=again) + main)
        self.write("etc/master.cf", MASTER.format(port=port) + MORE + services)
        self.write("transport", f"lists.example.org {transport}\n")

    def run(self, command):
        self.group.run(["postfix", "-c", os.path.join(self.folder, "etc"), command])

    def running(self):
        return any(self.group.members().values())

    def waiting(self):
        """How many messages it holds."""
        return sum(len(names) for queue in ("maildrop", "incoming", "active", "deferred")
                   for _, _, names in os.walk(os.path.join(self.folder, "queue", queue)))


class BehindPostfix:
    """Part of a racer that gets the bulletin from a Postfix of its own, and hands its mail to it: `self.postfix`."""
    needs = "(root, for Postfix)"

    def missing(self):
        return super().missing() or ([] if available() else [self.needs])

    def begin(self):
        with open(self.bulletin, "rb") as message, smtplib.SMTP("127.0.0.1", self.postfix.port, "example.org", timeout=60) as client:
            client.sendmail("press@example.org", [racers.LIST], message.read())

    def revive(self):
        if not self.postfix.running():
            self.postfix.run("start")


__all__ = ["BehindPostfix", "LocalPostfix", "available"]
