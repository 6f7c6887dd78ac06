"""The command line itself: help, suggestions, options before and after the command, man pages."""
import glob
import json
import os
import re
import shutil
import subprocess

import pytest
from conftest import BINARY, TOP

BUILD = os.path.dirname(os.path.dirname(BINARY))


def said(*args):
    run = subprocess.run([BINARY, *args], capture_output=True, text=True, timeout=60, check=False)
    return run.returncode, run.stdout, run.stderr


def commands():
    return re.findall(r"^  ([a-z-]+) ", said("--help")[1], re.M)


def test_commands_stand_under_the_job_at_hand():
    groups = re.findall(r"^([A-Z].*):\n((?:  .*\n)+)", said("--help")[1], re.M)
    assert [len(lines.splitlines()) > 1 for _, lines in groups] == [True] * 5, groups
    assert len(commands()) == len(set(commands())) == len(os.listdir(os.path.join(TOP, "src/cli/help")))


@pytest.mark.slow(1)
def test_help_fits_80_columns():
    assert len(commands()) > 30
    for args in [(), *((name,) for name in commands())]:
        code, out, _ = said(*args, "--help")
        assert code == 0
        assert [line for line in out.splitlines() if len(line) > 80 or line != line.rstrip()] == [], args
        assert not args or re.match(r"Usage: newsletter [\s\S]*\nExample", out), args
        assert '"' not in said("--help")[1] and "'" not in said("--help")[1].split("\n\n'")[0], "completions quote the summaries"


@pytest.mark.slow(1)
def test_man_pages_fit_80_columns():
    pages = glob.glob(os.path.join(BUILD, "man/*.[15]"))
    assert len(pages) == len(commands()) + 2
    for page in pages:
        out = subprocess.run(["man", "-l", page], env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8", "MANPAGER": "cat"},
                             capture_output=True, text=True, check=True).stdout
        assert [line for line in out.splitlines() if len(line) > 80] == [], page
        assert "NAME" in out and len(out.splitlines()) > 10, page


@pytest.mark.skipif(not shutil.which("mandoc"), reason="needs mandoc")
def test_man_pages_are_good_man():
    for page in glob.glob(os.path.join(BUILD, "man/*.[15]")):
        lint = subprocess.run(["mandoc", "-Tlint", "-Wwarning", page], capture_output=True, text=True, check=False)
        assert lint.stdout == "", lint.stdout


@pytest.mark.parametrize("args", [("-h",), ("help",), ("--help",)])
def test_ways_to_the_overview(args):
    assert said(*args) == said("--help") and said(*args)[0] == 0


@pytest.mark.parametrize("args", [("send", "-h"), ("help", "send"), ("--help", "send"), ("send", "x.md", "--bogus", "--help")])
def test_ways_to_the_help_of_a_command(args):
    assert said(*args) == said("send", "--help") and said(*args)[0] == 0


@pytest.mark.parametrize("args", [("version",), ("--version",), ("status", "--version")])
def test_ways_to_the_version(args):
    code, out, _ = said(*args)
    assert code == 0 and re.fullmatch(r"newsletter \d+\.\d+\.\d+\n", out)


@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("args, words", [
    (("sned",), "did you mean 'send'?"), (("subscirbe",), "did you mean 'subscribe'?"), (("help", "stauts"), "did you mean 'status'?"),
    (("migrate",), "did you mean 'migrate-store'?"), (("xyzzy",), "'newsletter --help' lists them"), (("send", "--dri-run"), "'--dry-run'?"),
    (("send", "--resend"), None), (("send", "--seg=x", "--resend"), "expected one ISSUE.md"), (("list", "--p", "show"), "ambiguous: did you mean '--postal-address', '--private' or '--public'?"),
    (("export", "--state", "activ"), "did you mean 'active'?"), (("export", "--state", "xyzzy"), "pending, active"),
    (("list", "shwo"), "did you mean 'show'?"), (("suppress", "xyzzy"), "add, remove, import, list or export"),
    (("list",), "list what?"), (("--confg", "x", "status"), "'--config'?"), (("send", "--list"), "--list needs a value"),
    (("send", "--yes=1", "x.md"), "--yes takes no value"), (("send", "-y", "x.md"), "unknown option '-y'"),
    (("report", "--json", "--html"), "--json and --html exclude each other"), (("backup", "x", "--keep", "0"), "from 1 on"),
    (("status", "a", "b"), "unexpected 'b': expected one ISSUE at most"), (("version", "x"), "unexpected 'x'"), ((), "which command?")])
def test_what_is_mistyped_gets_a_suggestion(args, words):
    code, _, err = said(*args)
    assert code == 64 and (words is None or words in err), err
    name = args[0] if args and args[0] in commands() else None
    assert name is None or args[0] == "help" or f"'newsletter {name} --help'" in err, err


def test_global_options_go_before_and_after_the_command(site):
    os.rename(os.path.join(site.folder, "newsletter.yaml"), os.path.join(site.folder, "other.yaml"))
    for args in (("--config", "other.yaml", "list", "show"), ("list", "show", "--config", "other.yaml"), ("list", "--config=other.yaml", "show"),
                 ("list", "--conf", "other.yaml", "show")):
        assert "bulletin" in site.run(*args).out, args
    site.run("list", "show", expect=78)
    site.run("list", "show", "--config", "other.yaml", "--db", "missing.db", expect=66)


def test_words_after_two_hyphens_are_no_options(site):
    assert "--yes" in site.run("status", "--", "--yes", expect=67).err


def answer_of(site, *args, **more):
    return json.loads(site.run(*args, "--json", **more).out)


@pytest.mark.slow(1)
def test_commands_that_do_something_say_it_as_json(connected, server):
    connected.add_active(["ann@example.org", "bob@example.org"])
    assert answer_of(connected, "init")["created_database"] is False
    assert answer_of(connected, "backup", "copy.db") == {"file": "copy.db"}
    server.handler.reject.add("bob@example.org")
    connected.run("send", "--yes", connected.issue(), "--at", "2099-01-01 00:00")
    assert answer_of(connected, "cancel", "no-1") == {"issue": "no-1", "id": 1, "result": "cancelled", "will_not_get_it": 0}
    connected.run("send", "--yes", connected.issue())
    assert answer_of(connected, "archive", "withdraw", "no-1") == {
        "issue": "no-1", "id": connected.sql("SELECT id FROM issue")[0][0], "result": "withdrawn", "at": None}
    assert answer_of(connected, "archive", "publish", "no-1", "--at", "2099-01-01T00:00Z")["at"] == "2099-01-01T00:00:00Z"
    assert answer_of(connected, "archive", "build", "www")["files"] > 0
    assert answer_of(connected, "replies", stdin=b"Subject: x\n\nhello") == {"messages": 1, "answers": 0}
    asked = answer_of(connected, "reconfirm", "--dry-run")
    assert asked["asked"] is False and asked["people"] >= 1 and asked["answer_by"].endswith("Z")
    assert answer_of(connected, "reconfirm", "--yes")["asked"] is True
    connected.sql("UPDATE issue SET state = 'sending'")
    assert answer_of(connected, "pause", "no-1")["result"] == "paused"
    resumed = answer_of(connected, "resume", "no-1")
    assert resumed["result"] == "sent" and resumed["sent"] == 0 and resumed["goes_on_at"] is None


def test_names_that_shells_complete(connected):
    connected.add_active(["ann@example.org"])
    connected.run("list", "add", "events", "--from", "Events <events@example.org>", "--postal-address", "1 Quay Street")
    for number in ("No 1", "No 2"):
        connected.run("send", "--yes", connected.issue(number=number), "--list", "bulletin")
    for name in ("readers", "writers"):
        connected.run("segment", "add", name, 'language = "ru"')
    assert {kind: sorted(connected.run("completion", kind).out.splitlines()) for kind in ("issues", "lists", "segments")} == {
        "issues": ["no-1", "no-2"], "lists": ["bulletin", "events"], "segments": ["readers", "writers"]}
