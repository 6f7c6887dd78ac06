"""Mailman 3, as its documentation and Debian's have it: Postfix hands it the mail by LMTP, and takes its mail by SMTP."""
import os
import shutil
import socket
import sqlite3
import time
import uuid

from . import racers
from .local_postfix import BehindPostfix, LocalPostfix

CONFIGURATION = """
[mailman]
site_owner: owner@lists.example.org
layout: race

[paths.race]
var_dir: {folder}/var
queue_dir: $var_dir/queue
bin_dir: /usr/lib/mailman3/bin
list_data_dir: $var_dir/lists
log_dir: $var_dir/logs
lock_dir: $var_dir/locks
data_dir: $var_dir/data
cache_dir: $var_dir/cache
etc_dir: {folder}
messages_dir: $var_dir/messages
archive_dir: $var_dir/archives
template_dir: $var_dir/templates
pid_file: $var_dir/master.pid
lock_file: $lock_dir/master.lck

[database]
class: mailman.database.sqlite.SQLiteDatabase
url: sqlite:///{folder}/var/data/mailman.db

[webservice]
hostname: 127.0.0.1
port: {web}
admin_user: restadmin
admin_pass: {password}

[runner.retry]
sleep_time: {again}s

[mta]
incoming: mailman.mta.null.NullMTA
outgoing: mailman.mta.deliver.deliver
smtp_host: 127.0.0.1
smtp_port: {smtp}
lmtp_host: 127.0.0.1
lmtp_port: {lmtp}
"""

SETTINGS = """
from mailman.interfaces.action import Action
from mailman.interfaces.archiver import ArchivePolicy

def settings(mlist):
    mlist.default_nonmember_action = Action.accept
    mlist.archive_policy = ArchivePolicy.never
    mlist.digests_enabled = False
    mlist.anonymous_list = False
"""


class Mailman(BehindPostfix, racers.Racer):
    name, short = "Mailman 3 and its Postfix", "mailman3"
    purpose = "discussion lists with moderation and archives, before an MTA"
    packages = ("mailman3", "postfix")

    def command(self, *words):
        return ["setpriv", "--reuid=list", "--regid=list", "--init-groups", "env", f"PYTHONPATH={self.folder}",
                f"HOME={self.folder}", "/usr/bin/mailman", "-C", os.path.join(self.folder, "mailman.cfg"), *words]

    def prepare(self, folder, people, bulletin, port, group):
        self.group, self.folder, self.bulletin = group, folder, bulletin
        smtp, self.lmtp, web = (racers.free_port() for _ in range(3))
        self.postfix = LocalPostfix(os.path.join(folder, "postfix"), group, port, smtp, self.again, f"lmtp:[127.0.0.1]:{self.lmtp}")
        for name, text in (("mailman.cfg", CONFIGURATION.format(folder=folder, web=web, password=uuid.uuid4().hex, smtp=smtp,
                                                                lmtp=self.lmtp, again=self.again)), ("racesettings.py", SETTINGS)):
            with open(os.path.join(folder, name), "w", encoding="ascii") as out:
                out.write(text)
        shutil.chown(folder, "list", "list")
        self.call("create", "--owner", "owner@lists.example.org", "-N", racers.LIST)
        self.call("withlist", "-l", racers.LIST, "-r", "racesettings.settings")
        self.subscribe(people)
        self.postfix.run("start")
        self.call("start", "--force")
        while not self.up():
            time.sleep(0.2)

    def call(self, *words):
        if self.group.run(self.command(*words), cwd=self.folder) != 0:
            raise RuntimeError(f"mailman {' '.join(words)}")

    def subscribe(self, people):
        """Into the tables, as `mailman addmembers` would within hours: an address, its preferences, a member and its own."""
        database = sqlite3.connect(os.path.join(self.folder, "var", "data", "mailman.db"))
        with database:
            first = 1 + database.execute("SELECT coalesce(max(id), 0) FROM preferences").fetchone()[0]
            for number, person in enumerate(people):
                theirs = first + 2 * number
                database.executemany("INSERT INTO preferences (id) VALUES (?)", [(theirs,), (theirs + 1,)])
                address = database.execute(
                    "INSERT INTO address (email, display_name, verified_on, registered_on, preferences_id) VALUES "
                    "(?, '', '2026-01-01 00:00:00', '2026-01-01 00:00:00', ?)", (person, theirs)).lastrowid
                database.execute(
                    "INSERT INTO member (_member_id, role, list_id, address_id, preferences_id, bounce_score, total_warnings_sent) "
                    "VALUES (?, 1, 'bulletin.lists.example.org', ?, ?, 0, 0)", (uuid.uuid4().hex, address, theirs + 1))
        database.close()

    def revive(self):
        super().revive()
        self.group.spawn(self.command("start", "--force"), cwd=self.folder)

    def up(self):
        """Its runners are started together; this one answers."""
        try:
            socket.create_connection(("127.0.0.1", self.lmtp), timeout=1).close()
            return True
        except OSError:
            return False

    def idle(self):
        held = [name for queue in ("in", "pipeline", "out", "retry", "virgin")
                for name in os.listdir(os.path.join(self.folder, "var", "queue", queue)) if name.endswith((".pck", ".bak"))]
        return not held and self.postfix.waiting() == 0

    def stop(self):
        self.group.run(self.command("stop"), cwd=self.folder)
        self.postfix.run("stop")


class MailmanAndPostfixKilled(Mailman):
    name, short = "Mailman 3, its Postfix killed too", "mailman3-postfix"
    postfix_dies = True
