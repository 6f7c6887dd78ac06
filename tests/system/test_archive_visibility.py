"""The issues that the public may see: by front matter, by command, by time; on the website and in files."""
import datetime
import os

import pytest
from conftest import BINARY
from webserver import WebServer


@pytest.fixture(name="press")
def fixture_press(connected):
    connected.configure(serve={"url": "https://news.example.org", "check_forms": False})
    connected.add_active(["ann@example.org", "bob@example.org"])
    return connected


@pytest.fixture(name="web")
def fixture_web(press):
    server = WebServer(BINARY, press.folder, "--no-mail")
    yield server
    server.stop()


def send(site, slug, *args, **front):
    site.run("send", "--yes", site.issue(f"About {slug}.\n", slug=slug, title=f"Title of {slug}", **front), *args)


def seen(web, slug):
    """(in the list, in the feed, found by search, has a page)"""
    pages = [web.get(f"/archive/bulletin/{path}") for path in ("", "feed.atom", f"search?q={slug}", f"issue/{slug}/")]
    return tuple(f"Title of {slug}" in page.text for page in pages)


ALL, PAGE, NONE = (True, True, True, True), (False, False, False, True), (False, False, False, False)


@pytest.mark.slow(1)
def test_by_front_matter(press, web):
    for slug, front, args, expected in (("plain", {}, (), ALL), ("open", {"archive": "public"}, ("--where", "email ~ \"ann\""), ALL),
                                        ("link", {"archive": "unlisted"}, (), PAGE), ("inner", {"archive": "never"}, (), NONE),
                                        ("part", {}, ("--where", "email ~ \"ann\""), NONE)):
        send(press, slug, *args, **front)
        assert seen(web, slug) == expected, slug
    assert "use public, unlisted or never" in press.run("check", press.issue(archive="maybe"), expect=65).err


@pytest.mark.slow(1)
def test_by_command(press, web):
    send(press, "part", "--where", "email ~ \"ann\"")
    assert "is in the public archive" in press.run("archive", "publish", "part").out
    assert seen(web, "part") == ALL
    press.run("archive", "withdraw", "part")
    assert seen(web, "part") == NONE
    press.run("archive", "publish", "part")
    assert seen(web, "part") == ALL
    send(press, "inner", archive="never")
    assert "archive: never" in press.run("archive", "publish", "inner", expect=65).err
    assert seen(web, "inner") == NONE
    send(press, "link", archive="unlisted")
    press.run("archive", "publish", "link")
    assert seen(web, "link") == ALL


@pytest.mark.slow(1)
def test_an_embargo_ends_by_itself(press, web):
    """Press first, then everybody, and the archive at its time."""
    send(press, "release", "--where", "email ~ \"ann\"")
    tomorrow = (datetime.datetime.now() + datetime.timedelta(days=1)).strftime("%Y-%m-%d %H:%M")
    assert f"from {tomorrow}" in press.run("archive", "publish", "release", "--at", tomorrow).out
    press.run("send", "--yes", os.path.join(press.folder, "issue.md"), "--rest")
    assert seen(web, "release") == NONE
    press.sql("UPDATE issue SET public_from = public_from - 86400 - 60")
    assert seen(web, "release") == ALL
    press.run("archive", "withdraw", "release", "--at", tomorrow)
    assert seen(web, "release") == ALL
    press.sql("UPDATE issue SET public_until = public_until - 86400 - 60")
    assert seen(web, "release") == NONE
    assert "not a day and time" in press.run("archive", "publish", "release", "--at", "soon", expect=64).err


@pytest.mark.parametrize("state", ["paused", "cancelled"])
def test_a_stopped_issue_that_somebody_has_got_stays(press, web, state):
    send(press, "half")
    press.sql(f"UPDATE issue SET state = '{state}'")
    press.sql("UPDATE delivery SET state = 'skipped' WHERE id = (SELECT max(id) FROM delivery)")
    assert seen(web, "half") == ALL
    press.sql("UPDATE delivery SET state = 'skipped'")
    assert seen(web, "half") == NONE


def files(folder):
    return {os.path.relpath(os.path.join(base, name), folder) for base, _, names in os.walk(folder) for name in names}


@pytest.mark.slow(1)
def test_files_of_what_is_withdrawn_are_removed(press):
    folder = os.path.join(press.folder, "public")
    send(press, "one", category="Ships")
    send(press, "two", category="Rails", archive="unlisted")
    press.run("archive", "build", folder)
    before = files(folder)
    assert "bulletin/issue/one/index.html" in before and "bulletin/issue/two/index.html" in before
    assert not any("rails" in name for name in before) and "bulletin/category/ships/index.html" in before
    with open(os.path.join(folder, "bulletin/issue/one/notes.txt"), "w", encoding="utf-8") as own:
        own.write("ours")
    with open(os.path.join(folder, ".newsletter-files"), "a", encoding="utf-8") as listed:
        listed.write("../newsletter.yaml\n/etc/hostname\nbulletin/../../issue.md\n")
    press.run("archive", "withdraw", "one")
    press.run("archive", "build", folder)
    after = files(folder)
    assert "bulletin/issue/one/index.html" not in after and "bulletin/category/ships/index.html" not in after
    assert not os.path.exists(os.path.join(folder, "bulletin/category/ships")) and "bulletin/issue/one/notes.txt" in after
    assert "bulletin/issue/two/index.html" in after
    assert all(os.path.exists(path) for path in (os.path.join(press.folder, "newsletter.yaml"), "/etc/hostname", os.path.join(press.folder, "issue.md")))


def test_the_plan_says_so(press):
    path = press.issue(slug="part")
    assert "Archive:    not before 'newsletter archive publish part'" in press.run("send", path, "--dry-run", "--where", "email ~ \"ann\"").out
    assert "Archive:" not in press.run("send", path, "--dry-run").out
    assert "Archive:    never" in press.run("send", press.issue(slug="part", archive="never"), "--dry-run").out
