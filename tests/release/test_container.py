"""The container image, built without a daemon; its file system is unpacked and used, read-only and without root."""
import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
import yaml

from conftest import CACHE, TOP, copy_of_the_sources, debian, run
from mailserver import MailServer, free_port
from postgres import Postgres

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("buildah"), reason="needs root and buildah")
FOLDER = os.path.join(TOP, "contrib", "container")


def packages_to_build():
    """As debian/control names them; in the base of the first stage, they are there already."""
    with open(os.path.join(TOP, "debian", "control"), encoding="utf-8") as source:
        listed = re.search(r"^Build-Depends: (.*?)^\S", source.read(), re.M | re.S).group(1)
    return ["build-essential", "debhelper"] + [one for one in re.findall(r"(?:^|,)\s*([a-z0-9.+-]+)", listed)
                                               if one not in ("debhelper-compat", "dh-sequence-installsysusers")]


class Image:
    def __init__(self, folder):
        store = os.path.join(CACHE, "containers")
        os.makedirs(store, exist_ok=True)
        self.buildah = ["buildah", "--root", store, "--runroot", os.path.join(folder, "run"), "--storage-driver", "vfs"]
        self.container = None
        bases = {"BASE": self.base("base", debian("ca-certificates", "curl", "librnp0")), "BUILD_BASE": self.base("build", debian(*packages_to_build()))}
        sources = copy_of_the_sources(os.path.join(folder, "sources"))
        self.call("build", "--isolation", "chroot", "--format", "docker", "--layers=false",
                  *(f"--build-arg={name}={value}" for name, value in bases.items()),
                  "--file", os.path.join(sources, "contrib/container/Containerfile"), "--tag", "newsletter", sources)
        self.container = self.call("from", "newsletter").split()[-1]
        self.root = self.call("mount", self.container).split()[-1]
        self.settings = json.loads(self.call("inspect", "--type", "image", "newsletter"))["Docker"]["config"]

    def call(self, *words):
        return run(*self.buildah, *words)

    def base(self, name, tarball):
        made = self.call("from", "scratch").split()[-1]
        self.call("add", "--quiet", made, tarball, "/")
        self.call("commit", "--quiet", "--rm", made, "localhost/" + name)
        return "localhost/" + name

    def end(self):
        subprocess.run([*self.buildah, "rm", "--all"], check=False, capture_output=True)
        subprocess.run([*self.buildah, "rmi", "--all", "--force"], check=False, capture_output=True)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    made = Image(str(tmp_path_factory.mktemp("image")))
    yield made
    made.end()


@pytest.fixture
def mail(tmp_path):
    started = MailServer(str(tmp_path / "mail"))
    yield started
    started.stop()


class Place:
    """The volume and the configuration of one installation."""

    SCRIPT = """set -e
        mount --bind "$1" /mnt && mount -o remount,bind,ro /mnt
        mount --bind "$2" /mnt/var/lib/newsletter
        mount --bind "$3" /mnt/etc/newsletter && mount -o remount,bind,ro /mnt/etc/newsletter
        mount -t tmpfs tmp /mnt/tmp && mount -t proc proc /mnt/proc && mount --bind /dev /mnt/dev
        shift 3
        exec chroot --userspec=990:990 --groups= /mnt "$@" """

    def __init__(self, image, folder, change):
        self.image = image
        self.data, self.etc = os.path.join(folder, "data"), os.path.join(folder, "etc")
        os.mkdir(self.data)
        os.chown(self.data, 990, 990)
        os.mkdir(self.etc)
        with open(os.path.join(FOLDER, "newsletter.yaml"), encoding="utf-8") as source:
            settings = yaml.safe_load(source)
        change(settings)
        with open(os.path.join(self.etc, "newsletter.yaml"), "w", encoding="utf-8") as out:
            json.dump(settings, out)

    def start(self, *command):
        """A command as the image's user, in namespaces that end with it."""
        inside = ["env", "-i", *self.image.settings["Env"], *command]
        return subprocess.Popen(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", self.SCRIPT, "sh", self.image.root,
                                 self.data, self.etc, *inside], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                stdin=subprocess.DEVNULL, start_new_session=True)

    def run(self, *command, expect=0):
        done = self.start(*command)
        told = done.communicate(timeout=120)[0]
        assert done.returncode == expect, (command, done.returncode, told)
        return told

    def newsletter(self, *words, **more):
        return self.run(*self.image.settings["Entrypoint"], *words, **more)


def end(process):
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def wait_for(condition, seconds=120):
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.2)


def test_what_is_in_it(image):
    settings = image.settings
    assert settings["User"] == "990:990" and settings["Volumes"] == {"/var/lib/newsletter": {}} and "8025/tcp" in settings["ExposedPorts"]
    for path in ("etc/newsletter", "var/lib/newsletter"):
        assert os.listdir(os.path.join(image.root, path)) == []  # no key that two installations would share
    assert not [name for name in ("gcc", "meson", "dpkg-buildpackage") if os.path.exists(os.path.join(image.root, "usr/bin", name))]
    assert not os.path.exists(os.path.join(image.root, "src")) and not os.path.exists(os.path.join(image.root, "tmp/packages"))


def test_it_serves_and_sends_without_root_from_a_root_that_is_read_only(image, mail, tmp_path):
    port = free_port()
    place = Place(image, str(tmp_path), lambda settings: settings.update(
        database="/var/lib/newsletter/newsletter.db", smtp={"host": "127.0.0.1", "port": mail.port, "security": "none"}))
    assert "Read-only file system" in place.run("touch", "/usr/x", expect=1)
    assert place.run("id", "-u").strip() == "990"
    assert "created the database" in place.newsletter("init")
    place.newsletter("list", "add", "bulletin", "--from", "Press Office <press@embassy.int>", "--postal-address", "1 Quay Street")
    web = place.start(*image.settings["Entrypoint"], "serve", "--listen", f"127.0.0.1:{port}")
    try:
        health = [word.replace("8025", str(port)) for word in image.settings["Healthcheck"]["Test"][1:]]
        wait_for(lambda: place.start(*health).wait(timeout=60) == 0)
        form = urllib.parse.urlencode({"email": "ann@example.org", "list": "bulletin"}).encode()
        urllib.request.urlopen(f"http://127.0.0.1:{port}/join", timeout=20).read()
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}/join", form, timeout=20).read().decode()
        assert "ann@example.org" in page or "Thank you" in page
        place.newsletter("subscribe", "bob@example.org")
        wait_for(lambda: mail.messages("bob@example.org") or (place.newsletter("retry") and False))
    finally:
        end(web)
    assert place.start(*health).wait(timeout=60) != 0


def test_the_services_of_the_compose_example(image, mail, tmp_path):
    """PostgreSQL and the relay run outside of containers here; the commands and the configuration are those of the example."""
    with open(os.path.join(FOLDER, "compose.yaml"), encoding="utf-8") as source:
        services = yaml.safe_load(source)["services"]
    ours = {name: service for name, service in services.items() if service["image"] == "newsletter"}
    assert set(ours) == {"tables", "web", "worker"} and {"database", "relay"} <= set(services)
    for service in ours.values():
        assert service["read_only"] and service["cap_drop"] == ["ALL"] and "no-new-privileges:true" in service["security_opt"]
    database = Postgres(listen="127.0.0.1", port=free_port(), settings=["fsync = off"])
    try:
        place = Place(image, str(tmp_path), lambda settings: settings.update(
            database=database.url(), smtp={"host": "127.0.0.1", "port": mail.port, "security": "none"}))
        assert "created the tables" in place.newsletter(*ours["tables"]["command"])
        place.newsletter("list", "add", "bulletin", "--from", "Press Office <press@embassy.int>", "--postal-address", "1 Quay Street")
        place.newsletter("version", "--check-database")
        worker = place.start(*image.settings["Entrypoint"], *ours["worker"]["command"])
        try:
            place.newsletter("subscribe", "ann@example.org")
            wait_for(lambda: mail.messages("ann@example.org"))
        finally:
            end(worker)
    finally:
        database.remove()
