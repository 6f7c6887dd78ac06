"""An upgrade and the way back, by the commands of docs/upgrading.md."""
import gzip
import json
import os
import re

import pytest
from conftest import TOP
from test_docs import blocks, matches, place, run  # noqa: F401 (a fixture)

OLD = os.path.join(TOP, "tests", "data", "databases", "0010.db.gz")
CHAPTER = "docs/upgrading.md"


def newest(site):
    return site.sql("SELECT max(number) FROM schema_migration")[0][0]


def make_newer(site):
    """As a later version would leave the database."""
    site.sql("INSERT INTO schema_migration (number, name, checksum, applied_at) VALUES (9000, '9000-future.sql', 'x', 1)")


def test_a_database_of_this_version(site):
    told = json.loads(site.run("version", "--check-database", "--json").out)
    assert told == {"version": told["version"], "schema": newest(site), "newest": newest(site), "database": "current"}
    assert site.run("version").out == f"newsletter {told['version']}\n"


def test_a_database_of_a_later_version_is_refused_and_stays_as_it_is(site):
    make_newer(site)
    before = site.sql("SELECT * FROM schema_migration ORDER BY number"), site.sql("SELECT * FROM setting ORDER BY key")
    for command in (["status"], ["retry"], ["doctor", "--local"], ["serve", "--check"], ["version", "--check-database"]):
        told = site.run(*command, expect=78).err
        assert "later newsletter" in told and "9000" in told, told
    assert json.loads(site.run("version", "--check-database", "--json", expect=78).out)["database"] == "newer"
    assert (site.sql("SELECT * FROM schema_migration ORDER BY number"), site.sql("SELECT * FROM setting ORDER BY key")) == before


@pytest.mark.one_engine("about SQLite's own files")
def test_looking_at_a_database_changes_nothing(bare_site):
    with gzip.open(OLD) as stored:
        bare_site.write("newsletter.db", stored.read())
    os.chmod(bare_site.database, 0o600)
    assert "the next command brings it to schema" in bare_site.run("version", "--check-database").out
    assert newest(bare_site) == 10
    bare_site.run("status")
    assert newest(bare_site) > 10
    bare_site.run("backup", "copy.db")
    with open(os.path.join(bare_site.folder, "copy.db"), "rb") as copy:
        before = copy.read()
    bare_site.run("--db", "copy.db", "version", "--check-database")
    with open(os.path.join(bare_site.folder, "copy.db"), "rb") as copy:
        assert copy.read() == before


def test_no_database_and_none_of_ours(bare_site):
    assert "run 'newsletter init'" in bare_site.run("version", "--check-database", expect=66).err


@pytest.mark.slow(1)
@pytest.mark.one_engine("the book tells of SQLite")
def test_the_way_back(place):  # noqa: F811
    """The old version is this one, and the new one that of a later day."""
    place.configure(port=place.server.port)
    place.install()
    place.add_active(["ann@example.org", "bob@example.org"])
    commands = [(what, body) for kind, what, body in blocks(CHAPTER) if kind == "command"]
    back = next(number for number, (what, _) in enumerate(commands) if what.startswith("newsletter restore"))
    for what, body in commands[:back]:
        if what.startswith("newsletter export"):  # after the upgrade bob leaves, cyd joins, and dan must not be mailed
            place.run("unsubscribe", "--address", "bob@example.org")
            place.add_active(["cyd@example.org"])
            place.run("suppress", "add", "dan@example.org")
        done = run(place, what)
        assert done.returncode == 0 and matches(body, done.stdout), (what, done.stdout, done.stderr)
    make_newer(place)
    assert "go back to a backup" in place.run("status", expect=78).err
    for what, body in commands[back:]:
        done = run(place, what)
        assert done.returncode == 0 and matches(body, done.stdout), (what, done.stdout, done.stderr)
    assert place.sql("SELECT r.address, s.state FROM subscription s JOIN subscriber r ON r.id = s.subscriber ORDER BY 1") == [
        ("ann@example.org", "active"), ("bob@example.org", "unsubscribed"), ("cyd@example.org", "active")]
    assert place.sql("SELECT count(*) FROM suppression") == [(1,)]
    assert [name for name in os.listdir(place.folder) if name.startswith("newsletter.db.before-")]


@pytest.mark.one_engine("the engine makes no difference")
def test_one_version_everywhere(bare_site):
    with open(os.path.join(TOP, "meson.build"), encoding="utf-8") as source:
        version = re.search(r"version: '([0-9.]+)'", source.read()).group(1)
    assert bare_site.run("--version").out == f"newsletter {version}\n"
    with open(os.path.join(TOP, "debian", "changelog"), encoding="utf-8") as source:
        assert source.readline().startswith(f"newsletter ({version}) ")
    with open(os.path.join(TOP, "CHANGELOG.md"), encoding="utf-8") as source:
        released = re.findall(r"^## (\d+\.\d+\.\d+)", source.read(), re.M)
    assert released[0] == version
