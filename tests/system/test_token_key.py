"""The office's key in a PKCS#11 token: SoftHSM stands for the card."""
import base64
import glob
import json
import os
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MODULE = next((path for path in ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
               if os.path.exists(path)), None)
pytestmark = [pytest.mark.skipif(not MODULE or not shutil.which("softhsm2-util"), reason="needs SoftHSM"),
              pytest.mark.one_engine("keys are no matter of the database")]


def uri(site, more="", source=None):
    source = source or f"file:{site.folder}/pin"
    return f"pkcs11:token=office;object=newsletter{more}?module-path={MODULE}&pin-source={source}"


@pytest.fixture
def office(connected, monkeypatch):
    tokens = os.path.join(connected.folder, "tokens")
    os.mkdir(tokens)
    conf = connected.write("softhsm2.conf", f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", conf)
    # SoftHSM loses the name of the curve (37 bytes) for each key, and is gone when LeakSanitizer looks, so nothing names it.
    monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
    for label in ("office", "other"):
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", "4711"],
                       check=True, capture_output=True)
    os.chmod(connected.write("pin", "4711\n"), 0o600)
    connected.configure(signing={"key_file": uri(connected), "public_keys": "office.public"},
                        serve={"url": "https://news.example.org/", "check_forms": False})
    return connected


TEXT = ("Dear {{name|reader}},\n\nthe ferry leaves at nine from the new pier, and comes back in the evening.\n\n"
        "The harbour master thanks all volunteers who painted it in the last weeks of winter.\n")


@pytest.mark.slow(1)
def test_a_key_is_made_in_the_token_and_signs_there(office, server):
    shown = office.run("key", "make").out
    assert "BEGIN PUBLIC KEY" in shown and "verifier key: news.example.org+" in shown
    files = [name for name in os.listdir(office.folder) if "key" in name]
    assert not files, files  # nothing of the private key is outside the token
    assert "already" in office.run("key", "make", expect=None).err
    office.add_active(["ann@example.org"])
    office.run("send", "--yes", office.issue(body=TEXT))
    [raw] = server.messages("ann@example.org")
    mail = office.write("mail.eml", raw.split(b"\r\n", 2)[2])
    assert office.run("verify", mail).out.startswith("ours, unchanged")
    office.run("archive", "build", "public")
    [note] = glob.glob(os.path.join(office.folder, "public", "bulletin", "issue", "*", "signature.txt"))
    text, signature = open(note, encoding="utf-8").read().split("\n\n— ")
    raw_signature = base64.b64decode(signature.split()[1])[4:]
    key = base64.urlsafe_b64decode(json.loads(office.run("key", "show", "--json").out)["keys"][0]["x"] + "=")
    Ed25519PublicKey.from_public_bytes(key).verify(raw_signature, (text + "\n").encode())


def test_rotating_leaves_one_key_in_the_token(office):
    office.run("key", "make")
    keys = json.loads(office.run("key", "rotate", "--json").out)["keys"]
    assert [key["until"] is None for key in keys] == [False, True] and keys[0]["x"] != keys[1]["x"]
    again = json.loads(office.run("key", "rotate", "--json").out)["keys"]  # finds exactly one
    assert len(again) == 3


def test_the_pin_comes_from_a_program_too(office):
    program = office.write("ask", "#!/bin/sh\n[ \"$1\" = office ] && echo 4711\n")
    os.chmod(program, 0o700)
    office.configure(signing={"key_file": uri(office, source=f"|{program}%20office"), "public_keys": "office.public"})
    office.run("key", "make")
    assert json.loads(office.run("key", "show", "--json").out)["keys"]


@pytest.mark.parametrize("change, said", [
    (lambda site: os.chmod(os.path.join(site.folder, "pin"), 0o644), "others may read the PIN"),
    (lambda site: site.write("pin", "9999\n"), "does not accept the PIN"),
    (lambda site: os.remove(os.path.join(site.folder, "pin")), "pin"),
    (lambda site: site.configure(signing={"key_file": uri(site).replace("token=office", "token=none"), "public_keys": "office.public"}),
     "no token matches signing.key_file"),
    (lambda site: site.configure(signing={"key_file": uri(site).replace("token=office;", ""), "public_keys": "office.public"}),
     "more than one token"),
    (lambda site: site.configure(signing={"key_file": uri(site).replace("pin-source=file:", "pin-value=4711&x="),
                                          "public_keys": "office.public"}), "put the PIN into a file"),
    (lambda site: site.configure(signing={"key_file": uri(site).replace(MODULE, "/nowhere.so"), "public_keys": "office.public"}),
     "module /nowhere.so cannot be loaded"),
    (lambda site: site.configure(signing={"key_file": "pkcs11:tok%en", "public_keys": "office.public"}), "not a PKCS#11 URI"),
    (lambda site: site.configure(signing={"key_file": uri(site)}), "signing.public_keys must name a file"),
], ids=["open", "wrong", "missing", "no token", "two tokens", "pin-value", "no module", "no uri", "no public keys"])
def test_faults_of_tokens_say_what_to_do(office, change, said):
    change(office)
    run = office.run("key", "make", "--name", "news.example.org", expect=None)
    assert run.returncode != 0 and said in run.err, run.err
    assert "4711" not in run.err and "9999" not in run.err


def test_no_issue_goes_out_without_the_token(office, server):
    office.run("key", "make")
    office.add_active(["ann@example.org"])
    shutil.rmtree(os.path.join(office.folder, "tokens"))
    os.mkdir(os.path.join(office.folder, "tokens"))
    run = office.run("send", "--yes", office.issue(), expect=78)
    assert "no token matches signing.key_file" in run.err and not server.messages("ann@example.org")
