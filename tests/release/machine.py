"""A Debian with systemd running, in a container."""
import os
import shutil
import signal
import subprocess
import time

from conftest import run


class Machine:
    """A booted container without a network but its loopback; commands enter it by nsenter."""

    def __init__(self, root, folder):
        self.root = root
        with open(os.path.join(folder, "console"), "wb") as console:
            self.holder = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--directory", self.root, "--boot", "--private-network", "--register=no", "--keep-unit",
                 "--console=pipe", "--system-call-filter=landlock_create_ruleset landlock_add_rule landlock_restrict_self"], stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True)
        self.wait_for(lambda: self.leader() and self.run("root", "systemctl", "is-system-running", expect=None).strip()
                      in ("running", "degraded"))

    def leader(self):
        """The first process within."""
        with open(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children", encoding="ascii") as children:
            found = children.read().split()
        assert self.holder.poll() is None, "the container has ended"
        return found[0] if found and os.path.exists(f"/proc/{found[0]}/root/run/systemd/private") else None

    def end(self):
        leader = self.leader()
        if leader:
            os.kill(int(leader), signal.SIGKILL)  # the kernel ends everything within; without it, all of that would outlive the holder
        self.holder.kill()
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

    def get(self, path, expect=0):
        script = f"import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8025{path}').read().decode())"
        return run("nsenter", "--net=/proc/%s/ns/net" % self.leader(), "/usr/bin/python3", "-c", script, expect=expect)

    @staticmethod
    def wait_for(condition, seconds=180):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.2)
