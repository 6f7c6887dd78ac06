"""Hosts of their own on one machine: network namespaces, each with a link to a database's address
and one to a relay's, which can be cut one by one. For root, with Debian's iproute2."""
import os
import subprocess


def ip(*args):
    subprocess.run(["ip", *args], check=True, stdout=subprocess.DEVNULL)


class Hosts:
    def __init__(self, count):
        self.count = count
        self.name = f"nl{os.getpid() % 10000}"
        self.net = self.take_net()
        self.addresses = {"db": f"{self.net}.201.1", "mx": f"{self.net}.202.1"}
        ip("addr", "add", f"{self.addresses['mx']}/32", "dev", "lo")
        for host in range(count):
            self.add(host)

    def take_net(self):
        """A network that no other process uses: an address can be added only once."""
        for number in range(100):
            net = f"10.{100 + (os.getpid() + number) % 100}"
            if subprocess.run(["ip", "addr", "add", f"{net}.201.1/32", "dev", "lo"], capture_output=True,
                              check=False).returncode == 0:
                return net
        raise AssertionError("no network is free")

    def add(self, host):
        space = f"{self.name}-{host}"
        ip("netns", "add", space)
        ip("-n", space, "link", "set", "lo", "up")
        for offset, (kind, address) in enumerate(self.addresses.items()):
            here, there = self.link(kind, host), f"{kind}0"
            net = f"{self.net}.{100 * offset + host}"
            ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", space)
            ip("addr", "add", f"{net}.1/30", "dev", here)
            ip("link", "set", here, "up")
            ip("-n", space, "addr", "add", f"{net}.2/30", "dev", there)
            ip("-n", space, "link", "set", there, "up")
            ip("-n", space, "route", "add", f"{address}/32", "via", f"{net}.1")

    def link(self, kind, host):
        return f"{self.name}{kind}{host}"

    def on(self, host):
        """The words to put before a command, to run it there."""
        return ["ip", "netns", "exec", f"{self.name}-{host}"]

    def cut(self, kind, host):
        ip("link", "set", self.link(kind, host), "down")

    def mend(self, kind, host):
        ip("link", "set", self.link(kind, host), "up")

    def remove(self):
        for host in range(self.count):
            for kind in self.addresses:
                ip("link", "del", self.link(kind, host))
            ip("netns", "del", f"{self.name}-{host}")
        for address in self.addresses.values():
            ip("addr", "del", f"{address}/32", "dev", "lo")
