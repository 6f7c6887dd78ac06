"""A real name server (dnsmasq) on loopback, with the records a test gives it and nothing else."""
import re
import shutil
import socket
import subprocess
import time

from mailserver import free_port


def available():
    return shutil.which("dnsmasq") is not None


class NameServer:
    """txt: {name: [text, ...]}, mx: {domain: [host, ...]}, a: {host: address}, ptr: {address: name}."""

    def __init__(self, txt=None, mx=None, a=None, ptr=None):
        self.port = free_port()
        options = []
        for name, texts in (txt or {}).items():
            for text in texts:
                strings = ",".join(re.findall(".{1,250}", text))  # as DNS has them; no text has a comma
                options.append(f"--txt-record={name},{strings}")
        for domain, hosts in (mx or {}).items():
            options += [f"--mx-host={domain},{host},{10 * (index + 1)}"
                        for index, host in enumerate(hosts)]
        options += [f"--host-record={host},{address}" for host, address in (a or {}).items()]
        for address, name in (ptr or {}).items():
            reverse = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
            options.append(f"--ptr-record={reverse},{name}")
        self.process = subprocess.Popen(
            ["dnsmasq", "--keep-in-foreground", f"--port={self.port}", "--listen-address=127.0.0.1",
             "--bind-interfaces", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--local=/#/",
             "--user=", "--pid-file=", "--log-facility=-", *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.wait()

    def wait(self):
        query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01x\x00\x00\x01\x00\x01"
        for _ in range(100):
            assert self.process.poll() is None, self.process.stderr.read()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.settimeout(0.1)
                client.connect(("127.0.0.1", self.port))
                try:
                    client.send(query)
                    client.recv(512)
                    return
                except OSError:
                    time.sleep(0.05)
        raise AssertionError("the name server does not answer")

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()
