"""DKIM signatures as two independent verifiers see them: dkimpy and OpenDKIM."""
import os
import random
import re
import stat
import subprocess

import dkim
import pytest
from conftest import ALL

pytestmark = pytest.mark.one_engine("the engine makes no difference")


def make_key(site, kind, selector):
    """Makes a key; returns the TXT record's content."""
    out = site.run("dkim", "keygen", "--type", kind, "--selector", selector, "--domain",
                   "example.org", "--output", f"{kind}.key").out
    assert out.startswith(f"{selector}._domainkey.example.org. IN TXT (")
    path = os.path.join(site.folder, f"{kind}.key")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    return "".join(re.findall(r'"([^"]*)"', out))


@pytest.fixture
def signing(connected):
    records = {"rsa1": make_key(connected, "rsa", "rsa1"),
               "ed1": make_key(connected, "ed25519", "ed1")}
    connected.configure(dkim={"selector": "rsa1", "key_file": "rsa.key",
                              "ed25519_selector": "ed1", "ed25519_key_file": "ed25519.key"})
    return connected, records


def verify(raw, records):
    """Checks both signatures of a message with dkimpy."""
    raw = raw.split(b"\r\n", 2)[2]  # what the server put in front
    found = re.findall(rb"^DKIM-Signature: v=1; a=(\S+);", raw, re.M)
    assert found == [b"rsa-sha256", b"ed25519-sha256"]

    def dns(name, timeout=5):
        selector = name.decode().split(".")[0]
        return records[selector].encode()

    for index in range(2):
        assert dkim.DKIM(raw).verify(idx=index, dnsfunc=dns), index
    return raw, dns


@pytest.mark.slow(1)
def test_signed_mail_verifies(signing, server):
    site, records = signing
    site.add_active(["ann@example.org"], "Ännchen “Q” " + "Ә" * 40)
    seeded = random.Random(6376)
    words = ["word ", "Әлем ", "  ", "\n\n", ". ", "=", "\t", "{{name}} ", "x" * 90 + " ", "\n.\n\n"]
    for number in range(25):
        body = "x" + "".join(seeded.choice(words) for _ in range(80)) + seeded.choice(
            ["", "\n\n\n", "   "])
        site.run("send", "--yes", site.issue(body=body, number=f"No {number}"))
    raws = server.messages("ann@example.org")
    assert len(raws) == 25
    for raw in raws:
        message, dns = verify(raw, records)
        # From is signed once more than it is there, so none can be added.
        assert not dkim.DKIM(b"From: evil@example.org\r\n" + message).verify(dnsfunc=dns)
        assert not dkim.DKIM(message.replace(b"Subject: No", b"Subject: Na")).verify(dnsfunc=dns)


@pytest.mark.slow(1)
def test_confirmation_and_test_mails_are_signed(signing, server):
    site, records = signing
    site.run("subscribe", "ann@example.org")
    verify(server.messages("ann@example.org")[0], records)
    site.run("send", "--yes", site.issue(), "--test", "boss@example.org")
    verify(server.messages("boss@example.org")[0], records)


@pytest.mark.slow(1)
@pytest.mark.parametrize("settings, selector", [
    ({"selector": "rsa1", "key_file": "rsa.key"}, "rsa1"),
    ({"ed25519_selector": "ed1", "ed25519_key_file": "ed25519.key"}, "ed1"),
])
def test_opendkim_agrees(signing, server, tmp_path, settings, selector):
    site, records = signing
    site.configure(dkim=settings)
    site.add_active(["ann@example.org"], "Әсел")
    site.run("send", "--yes", site.issue(body="Dear {{name}},\n\n.\n\nhello  world \n"))
    raw = server.messages("ann@example.org")[0].split(b"\r\n", 2)[2]
    keys = tmp_path / "keys"
    keys.write_text(f"{selector}._domainkey.example.org {records[selector]}\n", encoding="ascii")
    config = tmp_path / "opendkim.conf"
    config.write_text(f"TestPublicKeys {keys}\n", encoding="ascii")
    for tampered in (False, True):
        message = raw.replace(b"hello", b"hullo") if tampered else raw
        run = subprocess.run(["opendkim", "-x", str(config), "-t", "/dev/stdin"], input=message,
                             capture_output=True, timeout=60, check=False)
        said = (run.stdout + run.stderr).decode()
        assert said.rstrip().endswith("succeeded") is not tampered, said


@pytest.mark.slow(12)
def test_thousands(signing, server, tmp_path):
    """The part that is hashed once for all fits what each one gets: names, languages, two subjects."""
    site, records = signing
    seeded = random.Random(8463)
    names = ["Ann", "Ännchen “Q”", "Ә" * 30, "a  b", "", "O'Neill, \"Tip\"", "x" * 90, "=?utf-8?q?x?="]
    addresses = [f"r{n}@example.org" for n in range(2000 if ALL else 600)]
    site.add_active(addresses)
    for number, name in enumerate(names):
        site.sql("UPDATE subscriber SET name = nullif(?, '') WHERE id % ? = ?", name, len(names), number)
    site.sql("UPDATE subscriber SET language = 'ru' WHERE id % 3 = 0")
    text = "".join(seeded.choice(["word ", "Әлем ", "\n\n", ". ", "- item\n", "  \n", "=\n"]) for _ in range(400))
    site.issue(name="issue.en.md", body=text + "\n\nDear {{name|reader}},\n\n.\n\nend  \n", language="en", alternative_subject="Other")
    site.issue(name="issue.ru.md", body="{{name|x}}\n\n" + text, alternative_subject="{{name|Other}}")
    site.run("send", "--yes", "--sample", "100", f"{site.folder}/issue.en.md")
    raws = [server.messages(address)[0] for address in addresses]
    for raw in raws:
        verify(raw, records)
    keys = tmp_path / "keys"
    keys.write_text("".join(f"{selector}._domainkey.example.org {records[selector]}\n" for selector in records))
    config = tmp_path / "opendkim.conf"
    config.write_text(f"TestPublicKeys {keys}\n", encoding="ascii")
    folder = tmp_path / "raw"
    folder.mkdir()
    for number, raw in enumerate(raws):
        (folder / str(number)).write_bytes(raw.split(b"\r\n", 2)[2])
    for start in range(0, len(raws), 200):
        files = ",".join(str(folder / str(n)) for n in range(start, start + 200))
        run = subprocess.run(["opendkim", "-x", str(config), "-t", files], capture_output=True, timeout=120, check=False)
        said = (run.stdout + run.stderr).decode()
        assert said.count("succeeded") == 200 and "failed" not in said, said[-300:]


@pytest.mark.slow(1)
def test_bad_keys(connected):
    connected.add_active(["ann@example.org"])
    path = connected.issue()
    connected.configure(dkim={"selector": "x", "key_file": "nokey"})
    connected.run("send", "--yes", path, expect=66)
    connected.write("nokey", "nonsense")
    os.chmod(os.path.join(connected.folder, "nokey"), 0o600)
    assert "not a private key" in connected.run("send", "--yes", path, expect=78).err
    make_key(connected, "rsa", "x")
    connected.configure(dkim={"selector": "x", "key_file": "rsa.key"})
    os.chmod(os.path.join(connected.folder, "rsa.key"), 0o644)
    assert "chmod 600" in connected.run("send", "--yes", path, expect=78).err
    os.chmod(os.path.join(connected.folder, "rsa.key"), 0o600)
    connected.run("send", "--yes", path)
    again = ("dkim", "keygen", "--selector", "x", "--domain", "example.org", "--output", "rsa.key")
    connected.run(*again, expect=65)
    connected.run("dkim", "keygen", "--type", "dsa", "--selector", "x", "--domain", "e.org",
                  "--output", "new.key", expect=64)
    connected.run("dkim", "keygen", expect=64)
