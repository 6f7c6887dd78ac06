"""The places where `meson install` puts things, and what shells make of them."""
import os
import re
import shutil
import subprocess

import pytest
from conftest import BINARY, TOP

pytestmark = pytest.mark.one_engine("the engine makes no difference")

BUILD = os.path.dirname(os.path.dirname(BINARY))


def commands():
    usage = subprocess.run([BINARY, "--help"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^  ([a-z-]+) ", usage, re.M)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("root"))
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", folder], check=True, capture_output=True)
    return os.path.join(folder, "usr/local")


def run_shell(*args):
    return subprocess.run(args, capture_output=True, text=True, timeout=60, check=True).stdout.split()


@pytest.mark.slow(1)
def test_units_name_the_program_that_was_installed(installed):
    units = os.path.join(installed, "lib/systemd/system")
    assert {"newsletter.path", "newsletter.service", "newsletter-retry.timer", "newsletter-backup.timer"} <= set(os.listdir(units))
    for name in os.listdir(units):
        with open(os.path.join(units, name), encoding="utf-8") as source:
            programs = re.findall(r"^Exec\w+=(\S+)", source.read(), re.M)
        assert set(programs) <= {"/usr/local/bin/newsletter"} and (programs or not name.endswith(".service")), name
    for kind in ("sysusers.d", "tmpfiles.d"):
        assert os.path.exists(os.path.join(installed, "lib", kind, "newsletter.conf")), kind


def test_files(installed):
    assert os.access(os.path.join(installed, "bin/newsletter"), os.X_OK)
    assert os.path.exists(os.path.join(installed, "share/newsletter/templates/bulletin.html"))


def test_a_man_page_for_each_command(installed):
    pages = os.listdir(os.path.join(installed, "share/man/man1"))
    assert sorted(pages) == sorted(["newsletter.1"] + [f"newsletter-{name}.1" for name in commands()])
    for name in commands():
        text = open(os.path.join(installed, "share/man/man1", f"newsletter-{name}.1"), encoding="utf-8").read()
        assert ".SH SYNOPSIS" in text and ".SH EXAMPLE" in text, name
    overview = open(os.path.join(installed, "share/man/man1/newsletter.1"), encoding="utf-8").read().replace("\\", "")
    assert [name for name in commands() if f"newsletter-{name}" not in overview] == []


def complete_in_bash(installed, *words):
    script = """source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _newsletter; printf '%s\\n' "${COMPREPLY[@]}" """
    path = os.path.join(installed, "share/bash-completion/completions/newsletter")
    return run_shell("bash", "-c", script, "bash", path, *words)


@pytest.mark.parametrize("words, expected", [
    (["newsletter", "se"], {"send", "segment", "serve"}), (["newsletter", "--config", "x", "sen"], {"send"}),
    (["newsletter", "staff", ""], {"list", "add", "password", "remove", "token", "revoke", "role", "reset", "log"}), (["newsletter", "staff", "add", ""], set()),
    (["newsletter", "send", "--dr"], {"--dry-run"}), (["newsletter", "--v"], {"--version"})])
def test_bash(installed, words, expected):
    assert set(complete_in_bash(installed, *words)) == expected


@pytest.mark.slow(1)
def test_every_option_is_completed(installed):
    """The completion knows all that a command's own help names, and the other way round."""
    for name in commands():
        told = subprocess.run([BINARY, name, "--help"], capture_output=True, text=True, check=True).stdout
        completed = set(complete_in_bash(installed, "newsletter", name, "--"))
        usage = told.split("\n\n")[0] + "".join(re.findall(r"^  --.*$", told, re.M))
        assert set(re.findall(r"--[a-z-]+[a-z]", usage)) - {"--config", "--db"} <= completed, name
        assert completed - {"--help"} <= set(re.findall(r"--[a-z-]+[a-z]", told)), name


@pytest.fixture
def named(connected, monkeypatch, tmp_path):
    """A site with a list, a segment and an issue, where the shells run our program."""
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", connected.issue())
    connected.run("segment", "add", "readers", 'language = "ru"')
    os.symlink(BINARY, tmp_path / "newsletter")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("NEWSLETTER_CONFIG", os.path.join(connected.folder, "newsletter.yaml"))
    return connected


NAMES = [("pause", "no-1"), ("report", "no-1"), ("list show", "bulletin"), ("list edit", "bulletin"),
         ("segment remove", "readers"), ("send --list", "bulletin"), ("export --segment", "readers")]


@pytest.mark.parametrize("words, name", NAMES)
def test_names_in_bash(installed, named, words, name):
    for current in ("", name[:2]):
        assert complete_in_bash(installed, "newsletter", *words.split(), current) == [name]
    assert complete_in_bash(installed, "newsletter", *words.split(), "zz") in ([], [""])


def test_no_names_where_a_new_one_is_given(installed, named):
    assert "bulletin" not in complete_in_bash(installed, "newsletter", "list", "add", "")
    assert "no-1" not in complete_in_bash(installed, "newsletter", "send", "")


@pytest.mark.skipif(not shutil.which("fish"), reason="needs fish")
@pytest.mark.parametrize("words, name", NAMES)
def test_names_in_fish(installed, named, words, name):
    path = os.path.join(installed, "share/fish/vendor_completions.d/newsletter.fish")
    assert name in run_shell("fish", "-c", f"source {path}; complete -C 'newsletter {words} {name[:1]}'")


@pytest.mark.skipif(not shutil.which("zsh"), reason="needs zsh")
@pytest.mark.parametrize("words, name", NAMES)
def test_names_in_zsh(installed, named, words, name):
    """compadd works only within the editor; here it prints what it is given."""
    path = os.path.join(installed, "share/zsh/site-functions/_newsletter")
    script = ("compadd() { shift; print -l -- $@ }; _files() { :; }; _describe() { :; }; "
              f"words=(newsletter {words} ''); CURRENT=$#words; source {path}")
    assert name in run_shell("zsh", "-f", "-c", script)


@pytest.mark.skipif(not shutil.which("zsh"), reason="needs zsh")
def test_zsh(installed):
    run_shell("zsh", "-n", os.path.join(installed, "share/zsh/site-functions/_newsletter"))


@pytest.mark.skipif(not shutil.which("fish"), reason="needs fish")
def test_fish(installed):
    path = os.path.join(installed, "share/fish/vendor_completions.d/newsletter.fish")
    assert "segment" in run_shell("fish", "-c", f"source {path}; complete -C 'newsletter se'")
    assert "--dry-run" in run_shell("fish", "-c", f"source {path}; complete -C 'newsletter send --dry'")


def test_errors(site):
    site.run("completion", "tcsh", expect=64)
    site.run("completion", expect=64)
