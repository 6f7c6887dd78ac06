"""SpamAssassin, with its local rules, finds nothing in the structure of our mail to hold against it."""
import os
import re
import shutil
import subprocess

import pytest
from conftest import SAMPLE, parse, token
from test_enclosures import png
from test_look import EVENTS, EVERYTHING

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("spamassassin") is None, reason="needs spamassassin"),
    pytest.mark.one_engine("the engine makes no difference")]

# SpamAssassin's remarks on letters and words other than English ones; nothing that a composer could change.
ABOUT_WORDS = re.compile(r"MIXED_ES|FUZZY_\w+")


def against(raw, home):
    """The rules that speak against a message, with their points."""
    run = subprocess.run(["spamassassin", "--local", "--test-mode"], input=raw, capture_output=True,
                         timeout=120, env={**os.environ, "HOME": str(home)}, check=True)
    report = run.stdout.decode("utf-8", "replace").split("Content analysis details:")[-1]
    rules = re.findall(r"^\s*(-?\d+\.\d+)\s+(\w+)", report, re.M)
    assert any(name == "HTML_MESSAGE" for _, name in rules), report  # it looked at all of it
    return {name: points for points, name in rules
            if float(points) > 0 and not ABOUT_WORDS.fullmatch(name)}


def test_the_sample_in_each_language(site, tmp_path):
    out = site.run("preview", SAMPLE, "--output", "out").out.split()
    mails = [os.path.join(site.folder, path) for path in out if path.endswith(".eml")]
    assert len(mails) == 3
    for path in mails:
        assert against(open(path, "rb").read(), tmp_path) == {}, path


def test_a_signed_issue_with_everything(connected, server, tmp_path):
    connected.run("dkim", "keygen", "--selector", "s1", "--domain", "example.org", "--output",
                  os.path.join(connected.folder, "dkim.key"))
    connected.configure(dkim={"selector": "s1", "key_file": "dkim.key"})
    connected.write("quay.png", png(400, 100))
    connected.write("programme.pdf", b"%PDF-1.4\n" + bytes(range(256)) * 30)
    connected.add_active(["ann@example.org"], name="Ann")
    connected.run("send", "--yes", connected.issue(EVERYTHING, events=EVENTS, preheader="A line",
                                                   attachments=["programme.pdf"]))
    (raw,) = server.messages("ann@example.org")
    assert against(raw.split(b"\r\n", 2)[2], tmp_path) == {}


def test_notices(connected, server, tmp_path):
    connected.configure(notices={"welcome": True, "goodbye": True})
    connected.run("subscribe", "ann@example.org")
    connected.run("confirm", token(parse(server.messages("ann@example.org")[0]), "confirm"))
    connected.run("unsubscribe", token(parse(server.messages("ann@example.org")[1]), "unsubscribe"))
    mails = server.messages("ann@example.org")
    assert len(mails) == 3
    for raw in mails:
        assert against(raw.split(b"\r\n", 2)[2], tmp_path) == {}, raw
