"""A name server of an internet of our own (Knot DNS): a signed root zone, and the trust anchor that belongs to it.

Zones(records) serves them from the root zone; `unsigned` and `bogus` are zones below it, {name: records}: the root delegates
the first without a DS record, and the others with one that is not theirs. Zones in `broken` cannot be loaded (SERVFAIL)."""
import os
import re
import shutil
import subprocess
import tempfile
import time

from mailserver import free_port

HEAD = "$TTL 300\n{name}. SOA ns.example. admin.example. 1 3600 600 86400 60\n{name}. NS ns.example.\n"
CONFIGURATION = """server:
    rundir: "{rundir}"
    listen: {listen}@{port}
log:
  - target: stderr
    any: warning
database:
    storage: "{folder}/keys"
policy:
  - id: signed
    algorithm: ecdsap256sha256
zone:
  - domain: .
    file: "{folder}/root.zone"
    dnssec-signing: on
    dnssec-policy: signed
    zonefile-sync: -1
    journal-content: none
"""
QUERY = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x06\x00\x01"  # . SOA


def available():
    return shutil.which("knotd", path="/usr/sbin:/usr/bin") is not None


class Zones:
    def __init__(self, folder, records, unsigned=None, bogus=None, broken=(), listen="127.0.0.1", port=None, run=()):
        self.folder = str(folder)
        self.listen = listen
        self.port = port or free_port()
        self.run = list(run)  # words in front of the command, to run it in a network namespace
        os.makedirs(os.path.join(self.folder, "keys"), exist_ok=True)
        root = HEAD.format(name="") + f"ns.example. A {listen}\n" + records + "\n"
        self.rundir = tempfile.mkdtemp(prefix="knot-", dir="/tmp")  # the path of a socket must be short
        configuration = CONFIGURATION.format(folder=self.folder, rundir=self.rundir, listen=listen, port=self.port)
        below = {**(unsigned or {}), **(bogus or {}), **{name: None for name in broken}}
        for name, text in below.items():
            root += f"{name}. NS ns.example.\n"
            if name in (bogus or {}):
                root += f"{name}. DS 12345 13 2 {'49FD46E6C4B45C55' * 4}\n"
            if text is not None:
                self.write(f"{name}.zone", HEAD.format(name=name) + text + "\n")
            configuration += f"  - domain: {name}.\n    file: \"{self.folder}/{name}.zone\"\n"
        self.write("root.zone", root)
        self.configuration = self.write("knot.conf", configuration)
        with open(os.path.join(self.folder, "log"), "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([*self.run, "/usr/sbin/knotd", "-c", self.configuration], stdout=log, stderr=log)
        self.wait()
        keys = subprocess.run(["/usr/sbin/keymgr", "-c", self.configuration, ".", "ds"], capture_output=True, text=True,
                              check=True).stdout
        self.anchor = self.write("anchor", re.sub(r"^\. DS", ". IN DS", keys, flags=re.M))

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def wait(self):
        """Until the root zone is there and signed."""
        ask = ("import socket,sys;c=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);c.settimeout(0.2);"
               f"c.connect(({self.listen!r},{self.port}));c.send({QUERY!r});sys.exit(c.recv(512)[3]&15)")
        for _ in range(100):
            assert self.process.poll() is None, self.log()
            if subprocess.run([*self.run, "/usr/bin/python3", "-c", ask], capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise AssertionError(f"the name server does not answer: {self.log()}")

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as source:
            return source.read()

    @property
    def address(self):
        return f"{self.listen}:{self.port}"

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.rundir, ignore_errors=True)
