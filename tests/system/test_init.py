"""A first installation: by options, by answers on a terminal, and what it tries at once."""
import os
import re

import pytest
import yaml
from conftest import parse
from test_send_asks import on_terminal

pytestmark = pytest.mark.one_engine("it makes a database of its own")


@pytest.fixture
def empty(bare_site):
    os.unlink(os.path.join(bare_site.folder, "newsletter.yaml"))
    return bare_site


def settings(site):
    with open(os.path.join(site.folder, "newsletter.yaml"), encoding="utf-8") as source:
        return yaml.safe_load(source)


def link_text(server):
    return parse(server.messages("ann@example.org")[0]).get_body(("plain",)).get_content()


def test_no_example_is_in_force(empty):
    assert "edit it now" in empty.run("init").out
    with open(os.path.join(empty.folder, "newsletter.yaml"), encoding="utf-8") as source:
        assert not [line for line in source if "example" in line and not line.lstrip().startswith("#")]
    assert os.stat(os.path.join(empty.folder, "newsletter.yaml")).st_mode & 0o777 == 0o600


def test_options_make_an_installation_that_sends(empty, server):
    told = empty.run("init", "--from", "Press Office <press@press.int>", "--list", "news", "--relay", f"127.0.0.1:{server.port}",
                     "--url", "https://news.press.int", "--bounce-address", "bounces@press.int").out
    assert told.startswith("wrote newsletter.yaml\n") and "added the list news" in told and "takes our mail" in told
    assert settings(empty)["serve"]["url"] == "https://news.press.int" and settings(empty)["smtp"]["security"] == "none"
    empty.run("subscribe", "ann@example.org", "--wait")
    link = re.search(r"https://\S+confirm\S+", link_text(server)).group(0)
    assert link.startswith("https://news.press.int/confirm?token=")


def test_a_relay_that_refuses_is_told_and_the_files_stay(empty):
    result = empty.run("init", "--relay", "127.0.0.1:9", expect=65)
    assert "check smtp.host and smtp.port" in result.out + result.err
    assert settings(empty)["smtp"]["port"] == 9 and os.path.exists(os.path.join(empty.folder, "newsletter.db"))
    assert "there already" in empty.run("init").out


def test_a_password_that_cannot_be_read_is_told(empty):
    """There is no relay to try then; the files stay, so that the settings can be corrected."""
    result = empty.run("init", "--relay", "localhost:25", "--username", "ann", "--password-file", "missing.txt", expect=65)
    assert "missing.txt" in result.out + result.err and "takes our mail" not in result.out
    assert "1 error, 0 warnings" in result.err and settings(empty)["smtp"]["username"] == "ann"
    assert os.path.exists(os.path.join(empty.folder, "newsletter.db"))


@pytest.mark.parametrize("options, words", [
    (["--url", "news.press.int"], "not a web address"), (["--url", "https://x.int/?a={token}"], "not a web address"),
    (["--relay", "mail.press.int:smtp"], "not a mail server"), (["--relay", "smtp://mail.press.int"], "not a mail server"),
    (["--relay", "mail.press.int:99999"], "not a mail server"), (["--relay", ":25"], "not a mail server"),
    (["--security", "tls"], "need --relay"), (["--relay", "localhost", "--security", "ssl"], "not one of starttls"),
    (["--relay", "localhost", "--password-file", "x"], "needs --username"), (["--list", "news"], "needs --from"),
    (["--from", "nobody"], "nobody"), (["--bounce-address", "a b@press.int"], "a b@press.int")])
def test_a_value_that_cannot_be_leaves_nothing_behind(empty, options, words):
    result = empty.run("init", *options, expect=None)
    assert result.returncode in (64, 65) and words in result.err
    assert os.listdir(empty.folder) == []


def test_a_terminal_is_asked(empty, server):
    answers = (f"nobody\nPress Office <press@press.int>\nhttp://no\nlocalhost:{server.port}\n\nnews.press.int\n"
               "https://news.press.int\n\n")
    code, shown = on_terminal(empty, ["init"], answers.encode())
    assert code == 0 and "added the list bulletin" in shown and "takes our mail" in shown, shown
    assert shown.count("The sender") == 2 and shown.count("The mail server") == 2 and shown.count("The web address") == 2
    assert "bounce_address" not in settings(empty) and settings(empty)["serve"]["url"] == "https://news.press.int"
    assert empty.sql("SELECT sender FROM list") == [("Press Office <press@press.int>",)]


def test_answers_that_end_write_nothing(empty):
    code, shown = on_terminal(empty, ["init"], b"\n\x04")
    assert code == 64 and "nothing was written" in shown
    assert os.listdir(empty.folder) == []


def test_doctor_finds_examples_that_nobody_changed(empty):
    empty.run("init", "--from", "Press Office <press@example.org>", "--url", "https://news.example.org",
              "--bounce-address", "bounces@press.int")
    told = empty.run("doctor", "--local", expect=None).out
    assert "serve.url is still an example, 'https://news.example.org'" in told
    assert "the sender of bulletin is still an example" in told
    assert "bounce_address is still" not in told and "confirm_url is still" not in told
