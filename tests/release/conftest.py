"""The Debian package, the container image and the tarball are made and used. That takes minutes: `./check --all` runs them."""
import hashlib
import os
import re
import shutil
import subprocess
import sys

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "support"))
CACHE = os.path.join(TOP, "build-check", "release")
MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
ENVIRONMENT = {**os.environ, "PATH": "/usr/lib/ccache:" + os.environ["PATH"]}


def run(*command, expect=0, **more):
    """Runs a command that must succeed, unless `expect` is None; returns what it prints, errors and all."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **more)
    assert expect is None or done.returncode == expect, (command, done.stdout[-4000:])
    return done.stdout


def copy_of_the_sources(folder):
    """The files that git has or would add, as they are now."""
    names = run("git", "-C", TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, names):
        path = os.path.join(TOP, name)
        if os.path.lexists(path):
            os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
            shutil.copy2(path, os.path.join(folder, name), follow_symlinks=False)
    return folder


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The folder with the package, its description of changes among the files."""
    folder = str(tmp_path_factory.mktemp("package"))
    sources = copy_of_the_sources(os.path.join(folder, "newsletter"))
    options = "nocheck parallel=%d" % os.cpu_count()  # the tests have run
    run("dpkg-buildpackage", "-us", "-uc", "-b", cwd=sources, env={**ENVIRONMENT, "DEB_BUILD_OPTIONS": options})
    return folder


def package_file(folder):
    return next(os.path.join(folder, name) for name in os.listdir(folder) if re.fullmatch(r"newsletter_.*_\w+\.deb", name))


def fields(deb, *names):
    return run("dpkg-deb", "--field", deb, *names)


def dependencies(deb):
    """The first choice of each, without its version."""
    listed = fields(deb, "Depends").replace("\n", " ").split(",")
    return sorted({re.match(r"\s*([a-z0-9.+-]+)", one).group(1) for one in listed} - {"systemd"})


def debian(*packages):
    """A tarball of a small Debian with these packages, kept between runs."""
    name = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:16]
    path = os.path.join(CACHE, f"debian-{name}.tar")
    if not os.path.exists(path):
        os.makedirs(CACHE, exist_ok=True)
        run("mmdebstrap", "--variant=minbase", "--include=" + ",".join(packages), "bookworm", path + ".new.tar", MIRROR)
        os.rename(path + ".new.tar", path)
    return path
