"""All processes of one sender: started, killed, and measured together.

The orphans of a killed process become ours (PR_SET_CHILD_SUBREAPER), so nobody escapes from the count. CPU and memory
come from control groups, of either version, where this machine lets us make one, otherwise from /proc; what is written
to disk comes from /proc: the kernel adds it up for everybody whom we have waited for.
"""
import ctypes
import os
import resource
import signal
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36
POSTFIX = ("/usr/lib/postfix/", "/usr/libexec/postfix/")


def read(path, default=""):
    try:
        with open(path, encoding="utf-8", errors="replace") as source:
            return source.read()
    except OSError:
        return default


def fields(text):
    return {line.split()[0].rstrip(":"): int(line.split()[1]) for line in text.splitlines() if len(line.split()) == 2}


class Controls:
    """A control group, if that can be. version is 2, 1, or 0 for none."""

    ROOTS = {2: [""], 1: ["cpuacct", "memory"]}

    def __init__(self, name, top="/sys/fs/cgroup"):
        self.folders = []
        self.version = 2 if os.path.exists(f"{top}/cgroup.controllers") else 1
        try:
            for root in self.ROOTS[self.version]:
                folder = os.path.join(top, root, f"{name}-{os.getpid()}")
                os.mkdir(folder)
                self.folders.append(folder)
        except OSError:
            self.remove()
        enabled = self.version == 1 or os.path.exists(os.path.join(*self.folders[:1], "memory.current"))
        if not self.folders or not enabled:
            self.remove()
            self.version = 0

    def enter(self):
        for folder in self.folders:
            with open(os.path.join(folder, "cgroup.procs"), "w", encoding="ascii") as out:
                out.write(str(os.getpid()))

    def cpu(self):
        if self.version == 2:
            return fields(read(f"{self.folders[0]}/cpu.stat"))["usage_usec"] / 1e6
        return int(read(f"{self.folders[0]}/cpuacct.usage")) / 1e9

    def memory(self):
        """Bytes that belong to no file."""
        if self.version == 2:
            return fields(read(f"{self.folders[0]}/memory.stat"))["anon"]
        return fields(read(f"{self.folders[1]}/memory.stat"))["total_rss"]

    def remove(self):
        for folder in self.folders:
            for _ in range(50):
                try:
                    os.rmdir(folder)
                    break
                except OSError:
                    time.sleep(0.1)
        self.folders = []


class Group:
    def __init__(self, name, aside=()):
        """`aside`: processes of ours that do not belong to it, such as the mail server."""
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.aside = set(aside)
        self.started = {}
        self.controls = Controls(name)
        self.peak = 0
        self.begun = (0, 0)
        self.log = subprocess.DEVNULL  # or a file for all that its processes say

    def begin(self):
        """What was used until now does not count."""
        self.begun = self.totals()
        self.peak = 0

    def spawn(self, command, **more):
        """Nice, environment and user are the caller's."""
        more = {"stdin": subprocess.DEVNULL, "stdout": self.log, "stderr": self.log, **more}
        process = subprocess.Popen(command, preexec_fn=self.controls.enter, start_new_session=True, **more)
        self.started[process.pid] = process
        return process

    def run(self, command, **more):
        process = self.spawn(command, **more)
        process.communicate()
        return process.returncode

    def members(self):
        """Everybody below us, and whether it is one of Postfix's. The dead are waited for."""
        children = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                stat = read(f"/proc/{name}/stat")
                if stat:
                    state, parent = stat[stat.rindex(")") + 2:].split()[:2]
                    children.setdefault(int(parent), []).append((int(name), state))
        found, queue, self.dying = {}, [os.getpid()], 0
        while queue:
            parent = queue.pop()
            for pid, state in children.get(parent, []):
                if pid in self.aside:
                    continue
                queue.append(pid)
                if state != "Z":
                    try:
                        found[pid] = os.readlink(f"/proc/{pid}/exe").startswith(POSTFIX)
                    except OSError:
                        self.dying += 1
                else:
                    self.dying += 1
                    if parent == os.getpid():
                        self.bury(pid)
        return found

    def bury(self, pid):
        process = self.started.pop(pid, None)
        try:
            process.poll() if process is not None else os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass

    def strike(self, postfix):
        """kill -9 for all, or all but those of Postfix; returns how many processes died."""
        died, patience = 0, 400
        while True:
            victims = [pid for pid, theirs in self.members().items() if postfix or not theirs]
            # Nobody may be left as a zombie: programs take one for a process that still holds their lock.
            if not victims and (self.dying == 0 or patience == 0):
                return died
            patience -= not victims
            for pid in victims:
                try:
                    os.kill(pid, signal.SIGKILL)
                    died += 1
                except ProcessLookupError:
                    pass
            time.sleep(0.005)

    def totals(self):
        written = cpu = 0
        for pid in [*self.members(), os.getpid()]:
            written += fields(read(f"/proc/{pid}/io")).get("write_bytes", 0)
        if self.controls.version:
            cpu = self.controls.cpu()
        else:
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = used.ru_utime + used.ru_stime
            for pid in self.members():
                stat = read(f"/proc/{pid}/stat")
                if stat:
                    cpu += sum(int(part) for part in stat[stat.rindex(")") + 2:].split()[11:15]) / os.sysconf("SC_CLK_TCK")
        return cpu, written

    def look(self):
        """Called often: memory has a peak."""
        if self.controls.version:
            memory = self.controls.memory()
        else:
            memory = sum(fields(read(f"/proc/{pid}/status").replace(" kB", "")).get("RssAnon", 0) * 1024 for pid in self.members())
        self.peak = max(self.peak, memory)

    def measured(self):
        (cpu, written), (cpu_before, written_before) = self.totals(), self.begun
        return {"cpu_seconds": round(cpu - cpu_before, 1), "peak_mib": round(self.peak / 2**20, 1),
                "written_mib": round((written - written_before) / 2**20, 1), "cgroup": self.controls.version}

    def end(self):
        self.strike(True)
        self.controls.remove()
