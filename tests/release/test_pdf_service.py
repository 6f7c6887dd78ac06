"""PDFs of issues by the service as it is installed, with all that its unit forbids: in a copy of this machine, which has
the renderers, over which lies what the test writes."""
import os
import shutil
import subprocess

import pytest

from conftest import ENVIRONMENT, copy_of_the_sources, run
from machine import Machine

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("systemd-nspawn"), reason="needs root and systemd-nspawn")
CONFIG = "/etc/newsletter/newsletter.yaml"
SETTINGS = """database: /var/lib/newsletter/newsletter.db
smtp: {{host: 127.0.0.1, port: 2525, security: none}}
serve: {{url: "https://news.embassy.example"}}
archive: {{pdf: {0}}}
"""
ISSUE = "---\ntitle: A title\nslug: no-1\nnumber: No 1\ndate: 2026-08-25\n---\nHello.\n"
DROP_IN = "/etc/systemd/system/newsletter.service.d/pdf.conf"


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("machine"))
    sources = copy_of_the_sources(os.path.join(folder, "newsletter"))
    run("meson", "setup", "build", "--buildtype=release", cwd=sources, env=ENVIRONMENT)
    run("ninja", "-C", "build", "src/newsletter", "src/libnewsletter-linked.so", cwd=sources, env=ENVIRONMENT)
    above, root = os.path.join(folder, "above"), os.path.join(folder, "root")
    os.mkdir(above)
    os.mkdir(root)
    run("mount", "-t", "tmpfs", "tmpfs", above)  # an overlay takes no layer from above itself
    for name in ("written", "work"):
        os.mkdir(os.path.join(above, name))
    run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir=/,upperdir={above}/written,workdir={above}/work", root)
    made = None
    try:
        run("meson", "install", "-C", "build", "--quiet", cwd=sources, env={**ENVIRONMENT, "DESTDIR": root})
        made = Machine(root, folder)
        prepare(made, folder)
        yield made
    finally:
        if made is not None:
            made.end()
        run("umount", "--lazy", root)
        run("umount", "--lazy", above)


def prepare(machine, folder):
    """An installation with an issue that was sent."""
    machine.run("root", "systemd-sysusers")
    machine.run("root", "install", "-d", "-o", "newsletter", "-g", "newsletter", "-m", "2770", "/var/lib/newsletter")
    machine.run("root", "install", "-d", "-g", "newsletter", "-m", "750", "/etc/newsletter")
    configure(machine, "weasyprint")
    machine.put("/srv/issue.md", ISSUE)
    machine.put("/srv/people", "ann@example.org\n")
    server = subprocess.Popen(["nsenter", "--net=/proc/%s/ns/net" % machine.leader(), "/usr/bin/python3",
                               os.path.join(os.path.dirname(__file__), "../support/mailserver.py"), "--port", "2525", "--mail",
                               os.path.join(folder, "mail")], stdout=subprocess.PIPE)
    server.stdout.readline()  # it listens
    for command in (["init"], ["list", "add", "bulletin", "--title", "News", "--from", "Press <press@embassy.example>",
                     "--postal-address", "1 Street"],
                    ["import", "--list", "bulletin", "--consent", "a form", "/srv/people"],
                    ["send", "--yes", "--list", "bulletin", "/srv/issue.md"]):
        machine.run("newsletter", "/usr/local/bin/newsletter", "--config", CONFIG, *command)
    server.terminate()
    server.wait()


def configure(machine, renderer):
    machine.put(CONFIG, SETTINGS.format(renderer))
    machine.run("root", "chgrp", "newsletter", CONFIG)
    machine.run("root", "chmod", "640", CONFIG)


def pdf(machine):
    """A visitor of the service gets it."""
    machine.run("root", "systemctl", "daemon-reload")
    machine.run("root", "systemctl", "restart", "newsletter.service")
    script = ("import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen("
              "'http://127.0.0.1:8025/archive/bulletin/issue/no-1/issue.pdf').read())")
    got = []

    def fetch():
        done = subprocess.run(["nsenter", "--net=/proc/%s/ns/net" % machine.leader(), "/usr/bin/python3", "-c", script],
                              capture_output=True, check=False)
        got.append(done.stdout)
        return done.returncode == 0
    machine.wait_for(fetch)
    return got[-1]


def test_weasyprint_in_the_service_as_it_is(machine):
    configure(machine, "weasyprint")
    assert pdf(machine).startswith(b"%PDF-")
    journal = machine.run("root", "journalctl", "--unit", "newsletter", "--output=cat")
    assert "sandbox: none" not in journal, journal  # Landlock is in force, too


def test_chromium_once_it_may_compile(machine):
    """Its compiler of scripts writes code into memory: the one line that docs/website.md tells."""
    os.makedirs(os.path.dirname(machine.root + DROP_IN), exist_ok=True)
    machine.put(DROP_IN, "[Service]\nMemoryDenyWriteExecute=no\n")
    configure(machine, "chromium")
    assert pdf(machine).startswith(b"%PDF-")
