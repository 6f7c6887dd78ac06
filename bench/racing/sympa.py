"""Sympa, as its documentation has it: Postfix pipes the mail into its queue, and takes its mail by the sendmail command.

Debian builds the places of its files in. So they are mounted over, for us alone: bench/race has a mount namespace of its own.
"""
import os
import shutil
import sqlite3
import subprocess

from . import racers
from .local_postfix import BehindPostfix, LocalPostfix

CONFIGURATION = """
domain lists.example.org
listmaster listmaster@lists.example.org
lang en-US
db_type SQLite
db_name /var/lib/sympa/sympa.db
wwsympa_url https://lists.example.org/wws
cookie 0123456789abcdef
update_db_field_types auto
"""

LIST_CONFIGURATION = """
subject The bulletin

status open

owner
email owner@lists.example.org
profile privileged

creation
date_epoch 1767225600
email owner@lists.example.org

send public

visibility noconceal
"""

SERVICES = """sympa unix - n n - - pipe flags=hqRu user=sympa argv=/usr/lib/sympa/lib/sympa/queue ${nexthop}
sympabounce unix - n n - - pipe flags=hqRu user=sympa argv=/usr/lib/sympa/lib/sympa/bouncequeue ${nexthop}
"""
DAEMONS = ("sympa_msg.pl", "bulk.pl", "archived.pl", "bounced.pl", "task_manager.pl")


class Sympa(BehindPostfix, racers.Racer):
    name, short = "Sympa and its Postfix", "sympa"
    purpose = "large organisations: data sources, moderation, archives, before an MTA"
    packages = ("sympa", "postfix")
    needs = "(root, for Postfix and mounts)"

    def command(self, program, *words):
        return ["setpriv", "--reuid=sympa", "--regid=sympa", "--init-groups", f"/usr/lib/sympa/bin/{program}", *words]

    def mount(self, inner, place, owner="sympa"):
        """A folder of ours in place of one of the system's, for the processes of this race."""
        path = os.path.join(self.folder, inner)
        os.makedirs(path, exist_ok=True)
        if owner:
            shutil.chown(path, owner, owner)
        os.makedirs(place, exist_ok=True)
        subprocess.run(["mount", "--bind", path, place], check=True)
        self.mounted.append(place)

    def prepare(self, folder, people, bulletin, port, group):
        self.group, self.folder, self.bulletin, self.mounted = group, folder, bulletin, []
        smtp = racers.free_port()
        self.postfix = LocalPostfix(
            os.path.join(folder, "postfix"), group, port, smtp, self.again, "sympa:bulletin@lists.example.org",
            "sympa_destination_recipient_limit = 1\nsympabounce_destination_recipient_limit = 1\n", SERVICES)
        self.postfix.write("transport", f"{racers.LIST} sympa:{racers.LIST}\n"
                                        f"bulletin-owner@lists.example.org sympabounce:{racers.LIST}\n"
                                        "lists.example.org discard:\n")
        shutil.copytree("/etc/sympa", os.path.join(folder, "etc"))
        shutil.rmtree(os.path.join(folder, "etc", "sympa"))
        os.makedirs(os.path.join(folder, "etc", "sympa"))
        for folders in os.walk(os.path.join(folder, "etc")):
            for name in ("", *folders[2]):
                shutil.chown(os.path.join(folders[0], name), "sympa", "sympa")
        self.write("etc/sympa/sympa.conf", CONFIGURATION)
        self.write("var/list_data/bulletin/config", LIST_CONFIGURATION)
        spools = [name for name in os.listdir("/var/spool/sympa") if os.path.isdir(f"/var/spool/sympa/{name}")]
        for inner, place in (("etc", "/etc/sympa"), ("var", "/var/lib/sympa"), ("spool", "/var/spool/sympa"), ("run", "/run/sympa")):
            self.mount(inner, place)
        for name in ("postfix-files", "postfix-files.d", "dynamicmaps.cf", "dynamicmaps.cf.d", "postfix-script", "post-install"):
            path = f"/etc/postfix/{name}"
            if os.path.exists(path):
                subprocess.run(["cp", "-a", path, os.path.join(folder, "postfix", "etc")], check=True)
        self.mount("postfix/etc", "/etc/postfix", None)
        for path in [f"/var/lib/sympa/{name}" for name in ("arc", "bounce", "css", "pictures")] + [
                f"/var/spool/sympa/{name}" for name in spools]:
            os.makedirs(path)
            shutil.chown(path, "sympa", "sympa")
        self.postfix.run("start")
        if group.run(self.command("sympa.pl", "--health_check")) != 0:
            raise RuntimeError("sympa.pl --health_check")
        database = sqlite3.connect(os.path.join(folder, "var", "sympa.db"))
        with database:
            database.executemany(
                "INSERT INTO subscriber_table (list_subscriber, robot_subscriber, user_subscriber, date_epoch_subscriber, "
                "reception_subscriber, visibility_subscriber, subscribed_subscriber) VALUES "
                "('bulletin', 'lists.example.org', ?, 1767225600, 'mail', 'noconceal', 1)", [(person,) for person in people])
        database.close()
        for daemon in DAEMONS:
            group.run(self.command(daemon))

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as out:
            out.write(text)
        while path != self.folder:
            shutil.chown(path, "sympa", "sympa")
            path = os.path.dirname(path)

    def revive(self):
        super().revive()
        for daemon in DAEMONS:
            self.group.spawn(self.command(daemon))

    def up(self):
        return all(os.path.exists(f"/run/sympa/{name}.pid") for name in ("sympa_msg", "bulk")) and super().up()

    def idle(self):
        held = [name for queue in ("msg", "bulk/msg", "bulk/pct") for _, _, names in os.walk(f"/var/spool/sympa/{queue}")
                for name in names if not name.startswith(".") and not name.endswith(".lock")]
        return not held and self.postfix.waiting() == 0

    def stop(self):
        self.group.strike(False)
        self.postfix.run("stop")
        for place in reversed(self.mounted):
            subprocess.run(["umount", "--lazy", place], check=False)


class SympaAndPostfixKilled(Sympa):
    name, short = "Sympa, its Postfix killed too", "sympa-postfix"
    postfix_dies = True
