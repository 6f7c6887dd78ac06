"""The guides for engineers name files and tests that exist."""
import glob
import os
import re
import subprocess

import pytest

from conftest import TOP

pytestmark = pytest.mark.one_engine("the engine makes no difference")

GUIDES = [name for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "DESIGN.md") if os.path.exists(os.path.join(TOP, name))]


def read(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as source:
        return source.read()


def exists(path):
    """A path from the top, or from src/, include/newsletter/ or tests/."""
    return any(glob.glob(os.path.join(TOP, base, path)) for base in ("", "src", "include/newsletter", "tests"))


@pytest.mark.parametrize("guide", GUIDES)
def test_every_file_that_a_guide_names_is_there(guide):
    named = re.findall(r"`((?:[\w.-]+/)+[\w.*-]*)`", read(guide))
    assert named
    missing = [path for path in named if not exists(path) and path == path.lower() and "motto" not in path
               and not path.startswith("build/")]  # made, and not in a clone
    assert not missing


def test_every_promise_has_its_tests():
    section = read("ARCHITECTURE.md").split("\n## The promises\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \|.*\| ([^|]*) \|$", section, re.M)
    assert [int(number) for number, _ in rows] == list(range(1, len(rows) + 1)) and len(rows) > 10
    tests = "".join(read(os.path.relpath(path, TOP)) for path in glob.glob(os.path.join(TOP, "tests/system/test_*.py")))
    for number, cell in rows:
        names = re.findall(r"`(test_\w+)`", cell)
        assert names, number
        assert not [name for name in names if not re.search(rf"^(async )?def {name}\(", tests, re.M)], (number, names)


def test_every_room_is_in_the_architecture():
    rooms = {name for name in os.listdir(os.path.join(TOP, "src")) if os.path.isdir(os.path.join(TOP, "src", name))}
    assert rooms == set(re.findall(r"^\| \d+ \| `(\w+)` \|", read("ARCHITECTURE.md"), re.M))


def test_guides_refer_to_nothing_outside_the_repository():
    for guide in GUIDES:
        for target in re.findall(r"\]\(([^)#]+)", read(guide)):
            assert target.startswith("https://") or os.path.exists(os.path.join(TOP, target)), (guide, target)
        assert "../" not in read(guide), guide


def test_links_stay_in_the_tree():
    """A symbolic link to a folder of one machine is broken on all others."""
    if not os.path.exists(os.path.join(TOP, ".git")):
        pytest.skip("a tarball")
    listed = subprocess.run(["git", "ls-files", "-s"], cwd=TOP, capture_output=True, text=True, check=True).stdout
    links = [line.split("\t")[1] for line in listed.splitlines() if line.startswith("120000")]
    outside = [link for link in links if not os.path.realpath(os.path.join(TOP, link)).startswith(os.path.realpath(TOP) + "/")]
    assert not outside
