"""The README and the book in docs/: every command line in it is run, in order, and says what the book says it says.

A block ```console has lines "$ COMMAND" and what they print, "..." standing for anything; a block
```file NAME is written to NAME before the next command."""
import os
import re
import subprocess

import pytest
from conftest import BINARY, TOP, parse, token

pytestmark = pytest.mark.one_engine("the book tells of SQLite")

CHAPTERS = ["README.md"] + sorted(os.path.join("docs", name) for name in os.listdir(os.path.join(TOP, "docs"))
                                  if name.endswith(".md"))
# These begin with `newsletter init`; the others find an installation with three subscribers.
FROM_NOTHING = ("README.md", "docs/operators.md")
WITHOUT_COMMANDS = ("docs/race.md", "docs/README.md", "docs/audit.md", "docs/direct.md", "docs/press-room.md")  # the last is for people who never see a terminal
ISSUE = "---\nseries: Harbour News\nnumber: No {0}\ntitle: Issue {0}\ndate: 2026-08-25\n---\nDear {{{{name|reader}}}},\n\nwords.\n"


def blocks(chapter):
    text = open(os.path.join(TOP, chapter), encoding="utf-8").read()
    for kind, name, body in re.findall(r"^```(console|file) ?(\S*)\n(.*?)^```$", text, re.S | re.M):
        if kind == "file":
            yield "file", name, body
            continue
        for part in re.split(r"^\$ ", body, flags=re.M)[1:]:
            command, _, expected = part.partition("\n")
            yield "command", command, expected


def matches(expected, said):
    pattern = re.escape(expected.strip()).replace(re.escape("..."), ".*")
    return re.fullmatch(pattern, said.strip(), re.S) is not None


@pytest.fixture
def place(bare_site, server):
    """A folder as the chapters find it; `newsletter init` writes its own configuration in one of them."""
    os.mkdir(os.path.join(bare_site.folder, "bin"))
    os.symlink(BINARY, os.path.join(bare_site.folder, "bin", "newsletter"))
    for number in (11, 12, 13):
        bare_site.write(f"issue-{number}.md", ISSUE.format(number))
    bare_site.server = server
    return bare_site


def settle(place):
    """The mail server of the book's reader listens elsewhere."""
    path = os.path.join(place.folder, "newsletter.yaml")
    text = open(path, encoding="utf-8").read()
    with open(path, "w", encoding="utf-8") as out:
        out.write(text.replace("  port: 25\n", f"  port: {place.server.port}\n"))


def run(place, command):
    if "TOKEN" in command:
        command = command.replace("TOKEN", token(parse(place.server.messages("ann@example.org")[-1]), "confirm"))
    path = os.path.join(place.folder, "bin") + ":" + os.environ["PATH"]
    done = subprocess.run(["bash", "-c", command], cwd=place.folder, capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, env={**os.environ, "PATH": path}, check=False)
    if command.startswith("newsletter init"):
        settle(place)
    return done


@pytest.mark.slow(1)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapter(place, chapter):
    if chapter in FROM_NOTHING:
        os.unlink(os.path.join(place.folder, "newsletter.yaml"))
    else:
        place.configure(port=place.server.port, **({"signing": {"key_file": "signing.key"}} if chapter == "docs/genuine.md" else {}))
        place.install()
        place.add_active(["ann@example.org", "bob@example.org", "eve@example.org"])
        place.sql("""UPDATE subscriber SET attributes = '{"press":"yes"}' WHERE id = 2""")
    count = 0
    for kind, what, body in blocks(chapter):
        if kind == "file":
            os.makedirs(os.path.dirname(os.path.join(place.folder, what)), exist_ok=True)
            place.write(what, body)
            continue
        done = run(place, what)
        count += 1
        assert done.returncode == 0, (what, done.stdout, done.stderr)
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        assert matches(body, done.stdout), (what, done.stdout, done.stderr)
    assert count > 0 or chapter in WITHOUT_COMMANDS


def test_links_lead_somewhere():
    for chapter in CHAPTERS:
        text = open(os.path.join(TOP, chapter), encoding="utf-8").read()
        text = re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.S | re.M)
        for target, anchor in re.findall(r"\]\(([^)#:]+)(?:#([\w-]+))?\)", text):
            path = os.path.join(TOP, os.path.dirname(chapter), target)
            assert os.path.exists(path), (chapter, target)
            if anchor:
                headings = re.findall(r"^#+ (.*)$", open(path, encoding="utf-8").read(), re.M)
                assert anchor in [re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in headings], (chapter, anchor)


def test_pictures_are_small():
    pictures = [os.path.join(TOP, "docs/pictures", name) for name in os.listdir(os.path.join(TOP, "docs/pictures"))]
    assert len(pictures) >= 2
    assert not [path for path in pictures if os.path.getsize(path) > 200_000 or not path.endswith((".png", ".webp"))]


def test_every_command_is_in_the_book():
    book = "".join(open(os.path.join(TOP, name), encoding="utf-8").read() for name in CHAPTERS)
    usage = subprocess.run([BINARY, "--help"], capture_output=True, text=True, check=True).stdout
    missing = [name for name in re.findall(r"^  ([a-z-]+) ", usage, re.M) if f"newsletter {name}" not in book]
    assert missing == [], missing
