"""A machine of its own for an installation by root: its /etc, /var/lib, /home and /usr/local/bin. Needs root."""
import os
import signal
import subprocess


class Machine:
    """A mount namespace with an /etc of its own, which has the users, and an empty /var/lib and /home."""

    NEEDED = ("passwd", "group", "shadow", "gshadow", "login.defs", "nsswitch.conf", "hosts", "ld.so.cache", "ssl", "pam.d",
              "security", "default", "localtime", "alternatives", "php", "postfix")

    def __init__(self, folder, binary):
        os.mkdir(os.path.join(folder, "etc"))
        there = [path for path in (os.path.join("/etc", name) for name in self.NEEDED) if os.path.exists(path)]
        subprocess.run(["cp", "-a", *there, os.path.join(folder, "etc")], check=True)
        script = (f"mount --bind {folder}/etc /etc && mount -t tmpfs x /var/lib && mount -t tmpfs x /home && "
                  "mount -t tmpfs x /usr/local/bin && cp \"$1\" /usr/local/bin/newsletter && echo ready && sleep 600")
        self.holder = subprocess.Popen(["unshare", "--mount", "sh", "-c", script, "sh", binary], stdout=subprocess.PIPE, start_new_session=True)
        assert self.holder.stdout.readline() == b"ready\n"

    def end(self):
        os.killpg(self.holder.pid, signal.SIGKILL)
        self.holder.wait()

    def run(self, user, *command, expect=0, stdin=""):
        become = [] if user == "root" else ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--reset-env"]
        done = subprocess.run(["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt", *become, *command],
                              input=stdin, capture_output=True, text=True, timeout=60, check=False)
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        assert expect is None or done.returncode == expect, (command, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def newsletter(self, user, *words, **more):
        return self.run(user, "/usr/local/bin/newsletter", *words, **more)

    def mode(self, path):
        return self.run("root", "stat", "--format=%a %U:%G", path).strip()

    def write(self, path, text, mode="644"):
        self.run("root", "sh", "-c", 'cat >"$1" && chmod "$2" "$1"', "sh", path, mode, stdin=text)
