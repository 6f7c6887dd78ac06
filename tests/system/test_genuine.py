"""Genuine or not: the office's key, what it signs, and what anybody can check with it."""
import base64
import json
import os
import re
import stat

import pytest
from conftest import BINARY
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key, load_pem_public_key
from webserver import WebServer


@pytest.fixture
def office(connected):
    connected.configure(signing={"key_file": "signing.key"}, serve={"url": "https://news.example.org/", "check_forms": False})
    return connected


@pytest.fixture
def serve(office):
    """Starts the website."""
    started = []

    def start(*args):
        started.append(WebServer(BINARY, office.folder, *args))
        return started[-1]

    yield start
    for web in started:
        web.stop()


def raw(key):
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def private_of(site):
    return load_pem_private_key(open(os.path.join(site.folder, "signing.key"), "rb").read(), None)


@pytest.mark.one_engine("keys are files")
def test_a_key_is_made_shown_and_rotated(office):
    office.run("key", "make")
    path = os.path.join(office.folder, "signing.key")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    public = raw(private_of(office).public_key())
    shown = office.run("key", "show").out
    assert raw(load_pem_public_key(shown[shown.index("-----BEGIN"):].encode())) == public
    assert re.search(r'_newsletter\.news\.example\.org\. IN TXT "v=newsletter1; k=ed25519; p=(\S+)"', shown).group(1) == base64.b64encode(public).decode()
    name, number, coded = re.search(r"verifier key: (\S+)", shown).group(1).split("+", 2)
    assert name == "news.example.org" and base64.b64decode(coded) == b"\1" + public
    assert office.run("key", "make", expect=None).returncode != 0  # it stays
    assert raw(private_of(office).public_key()) == public

    [key] = json.loads(office.run("key", "show", "--json").out)["keys"]
    assert (key["kid"], key["until"], key["dns"]["name"]) == (number, None, "_newsletter.news.example.org.")
    keys = json.loads(office.run("key", "rotate", "--json").out)["keys"]
    assert [base64.urlsafe_b64decode(key["x"] + "=") for key in keys] == [public, raw(private_of(office).public_key())]
    assert keys[0]["until"] == keys[1]["since"] and keys[1]["until"] is None
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(keys[1]["x"] + "="))


@pytest.mark.one_engine("keys are files")
def test_mistakes_with_keys_are_told(office):
    office.configure(serve={})
    assert "needs --name" in office.run("key", "make", expect=64).err
    assert "cannot name a key" in office.run("key", "make", "--name", "our key", expect=65).err
    assert "signing.key" in office.run("key", "show", expect=66).err
    office.run("key", "make", "--name", "a.example")
    os.chmod(os.path.join(office.folder, "signing.key"), 0o644)
    assert "chmod 600" in office.run("key", "rotate", expect=78).err
    os.unlink(os.path.join(office.folder, "signing.key"))
    assert "bring" in office.run("key", "make", "--name", "a.example", expect=None).err
    office.configure(signing={})
    assert "signing.key_file" in office.run("key", "show", expect=78).err


def test_public_keys_are_on_the_website_and_nowhere_the_private_one(office, serve):
    web = serve()
    assert web.get("/.well-known/newsletter-keys.json").status == 404
    office.run("key", "make")
    office.run("key", "rotate")
    shown = json.loads(office.run("key", "show", "--json").out)["keys"]
    answer = web.get("/.well-known/newsletter-keys.json")
    assert answer.headers["Content-Type"] == "application/jwk-set+json"
    published = json.loads(answer.text)["keys"]
    assert published == [{name: value for name, value in key.items() if name not in ("pem", "dns")} for key in shown]
    office.run("archive", "build", "out")
    assert json.load(open(os.path.join(office.folder, "out/.well-known/newsletter-keys.json"), encoding="utf-8"))["keys"] == published
    private = open(os.path.join(office.folder, "signing.key"), encoding="ascii").read().split("\n")[1]
    for folder, _, names in os.walk(office.folder):
        for name in names:
            content = open(os.path.join(folder, name), "rb").read()
            assert name == "signing.key" or private.encode() not in content, name
