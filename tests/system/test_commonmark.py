"""Thousands of issues (ten with ./check --all) made of the CommonMark specification's own examples: none crashes the
composer, and each parses back without a defect."""
import email
import email.headerregistry
import email.policy
import functools
import json
import os
import random
import re
import subprocess

import html5lib
import pytest
from conftest import ALL, BINARY, TOP
from test_enclosures import png

BUILD = os.path.dirname(os.path.dirname(BINARY))
COMPOSE = os.path.join(BUILD, "tests", "compose-many")
ERRORS = os.path.join(BUILD, "tests", "html-errors")
WEB = os.path.join(TOP, "tests", "web")
ISSUES, BATCH = (10000, 1000) if ALL else (2000, 500)
# Parses each header once, not each time that it is asked for.
POLICY = email.policy.default.clone(header_factory=functools.lru_cache(100)(email.headerregistry.HeaderRegistry()))
# Things that mail cannot have: addresses that lead nowhere, pictures that are not there, no text at all.
REFUSAL = re.compile(rb"issue\.md: (link '|image '|cannot read |'.*' is not within)|:\d+: the issue has no text")

pytestmark = [
    pytest.mark.slow(40),
    pytest.mark.skipif(not os.path.isdir(os.path.join(WEB, "node_modules")), reason="needs tools/install-packages test"),
    pytest.mark.one_engine("the engine makes no difference")]


def examples():
    """As the specification has them, with its relative addresses made into ones that mail may have."""
    out = subprocess.run(["node", "spec.cjs"], cwd=WEB, capture_output=True, check=True).stdout
    return [re.sub(r"(\]\(|\]: ?\n?|<)/", r"\1https://www.example.org/", text.replace("→", "\t"))
            for text in json.loads(out)]


def frame(bodies):
    return b"".join(b"%d\n%s" % (len(body), body) for body in bodies)


def compose(bodies, folder):
    """Pairs (composed?, message or error)."""
    run = subprocess.run([COMPOSE, folder], input=frame(bodies), capture_output=True, timeout=300,
                         check=False)
    assert run.returncode == 0, run.stderr.decode()[-3000:]
    results, at = [], 0
    while at < len(run.stdout):
        end = run.stdout.index(b"\n", at)
        word, size = run.stdout[at:end].split()
        results.append((word == b"ok", run.stdout[end + 1:end + 1 + int(size)]))
        at = end + 1 + int(size)
    assert len(results) == len(bodies)
    return results


def html_of(raw):
    """The HTML of a message, which must hold nothing that a strict parser would stumble on."""
    message = email.message_from_bytes(raw, policy=POLICY)
    for part in message.walk():
        assert not part.defects, part.defects
        assert not any(value.defects for value in part.values())
    text, page = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "\ufffd" not in message.as_string() and max(map(len, raw.split(b"\r\n"))) <= 998
    assert all(ord(c) >= 32 or c in "\r\n\t" for c in text)
    return page.encode()


def errors_in(pages):
    out = subprocess.run([ERRORS], input=frame(pages), capture_output=True, check=True).stdout
    return list(map(int, out.split()))


def test_the_parser_objects():
    good = b"<!DOCTYPE html><title>x</title><p>hello</p>"
    bad = [good.replace(b"</p>", b"</div>"), good.replace(b"<p>", b"<p a=1 a=2>")]
    counts = errors_in([good, *bad])
    assert counts[0] == 0 and all(counts[1:])


def test_thousands_of_issues(tmp_path):
    pieces = [text.encode() for text in examples()]
    assert len(pieces) > 600
    choice = random.Random(20260825)
    for name in ("train.jpg", "train2.jpg", "img", "url"):
        (tmp_path / name).write_bytes(png())
    seen, composed, refused = set(), 0, 0
    while composed < ISSUES:
        bodies = [b"\n\n".join(choice.sample(pieces, choice.randint(1, 4))) + b"\n"
                  for _ in range(BATCH)]
        bodies = [body for body in bodies if body not in seen and not seen.add(body)]
        pages = []
        for (good, data), body in zip(compose(bodies, str(tmp_path)), bodies):
            if good:
                pages.append((html_of(data), body))
            else:
                assert REFUSAL.search(data) and b"\n" not in data, (body, data)
                refused += 1
        for count, (page, body) in zip(errors_in([page for page, _ in pages]), pages):
            assert count == 0, (count, body, page)
        for page, _ in pages[::40]:  # slower, and stricter in some things
            html5lib.HTMLParser(strict=True).parse(page.decode())
        composed += len(pages)
    assert refused < composed / 2
