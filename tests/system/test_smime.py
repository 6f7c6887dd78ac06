"""S/MIME signatures on mail, as OpenSSL, NSS (Thunderbird) and GnuPG (Claws Mail) see them."""
import os
import re
import stat

import claws
import pytest
from conftest import html, parse, plain, wait_for
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from postfix import Postfix, available
from smimeparts import DAY, NOW, Authority, curve_key, gpgsm, nss, openssl, parts, pem
from test_dkim import make_key, verify
from test_enclosures import PICTURE, png, shape

pytestmark = pytest.mark.one_engine("the engine makes no difference")


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture
def office(connected, authority):
    """An office that signs with a certificate and with both kinds of DKIM keys."""
    connected.records = {"rsa1": make_key(connected, "rsa", "rsa1"), "ed1": make_key(connected, "ed25519", "ed1")}
    connected.configure(dkim={"selector": "rsa1", "key_file": "rsa.key", "ed25519_selector": "ed1",
                              "ed25519_key_file": "ed25519.key"})
    authority.give(connected)
    return connected


def received(server, address):
    """The mails as we sent them: without what the server put in front."""
    return [raw.split(b"\r\n", 2)[2] for raw in server.messages(address)]


TEXT = ("Dear {{name|reader}},\n\nFrom today on, Әлем.  \n.\n\nFrom here too = = trailing \n\n{{#attribute.town}}In "
        "{{attribute.town}}.\n{{/attribute.town}}\n")


@pytest.mark.slow(1)
def test_each_copy_is_signed_with_its_personal_parts(office, server):
    people = [f"reader{number}@example.org" for number in range(12)]
    for number, one in enumerate(people):
        office.add_active([one], f"Reader “{number}” Ә")
    office.run("send", "--yes", office.issue(body=TEXT + "More words, all alike.\n\n" * 200))
    signatures = set()
    for number, one in enumerate(people):
        [raw] = received(server, one)
        content, signature = parts(raw)
        signatures.add(signature)
        assert openssl(office, raw) == content
        inner = parse(content)
        assert shape(inner) == ["multipart/alternative", "text/plain", "text/html"]
        assert f"Dear Reader “{number}” Ә," in plain(inner) and f"Reader “{number}” Ә" in html(inner)
        verify(b"\r\n\r\n" + raw, office.records)  # DKIM signs it as it goes out
        outer = parse(raw)
        assert outer["List-Unsubscribe-Post"] and outer["List-Id"] and outer["MIME-Version"] == "1.0"
        assert outer["Subject"] == "No 1: A title" and not re.search(rb"^(List-|Subject|To)", content, re.M)
    assert len(signatures) == len(people)


@pytest.mark.slow(1)
def test_a_change_of_the_content_is_seen(office, server):
    office.add_active(["ann@example.org"])
    office.run("send", "--yes", office.issue())
    [raw] = received(server, "ann@example.org")
    openssl(office, raw)
    changed = re.sub(rb"Hello", b"HellO", raw, count=1)
    openssl(office, changed, good=False)
    assert "GoodSignature" not in nss(office, changed) and "GOODSIG" not in gpgsm(office, changed)


@pytest.mark.slow(1)
@pytest.mark.parametrize("curve", [False, True], ids=["rsa", "ecdsa"])
def test_thunderbird_and_claws_find_the_signature_good(connected, server, authority, curve):
    authority.give(connected, key=curve_key() if curve else None)
    connected.add_active(["ann@example.org"], "Ann")
    connected.run("send", "--yes", connected.issue(body=TEXT))
    [raw] = received(server, "ann@example.org")
    openssl(connected, raw)
    said = nss(connected, raw)
    assert 'signer0.id="Press Office"' in said and "signer0.status=GoodSignature" in said
    status = gpgsm(connected, raw)
    assert "[GNUPG:] GOODSIG" in status and "[GNUPG:] TRUST_FULLY" in status


@pytest.mark.slow(1)
@pytest.mark.skipif(not claws.available(), reason="needs claws-mail, its plugin for S/MIME, Xvfb, dbus and the reader's side of AT-SPI")
@pytest.mark.parametrize("curve", [False, True], ids=["rsa", "ecdsa"])
def test_claws_mail_shows_whose_mail_it_is(connected, server, authority, curve):
    """The program itself: its line above the mail. (It says the same where the authority is not trusted; gpgsm above does not.)"""
    authority.give(connected, key=curve_key() if curve else None)
    connected.add_active(["ann@example.org"], "Ann")
    connected.run("send", "--yes", connected.issue(body=TEXT))
    [raw] = received(server, "ann@example.org")
    root = os.path.join(connected.folder, "root.pem")
    assert claws.verdict(root, raw) == 'Good signature from "Press Office"'
    assert claws.verdict(root, re.sub(rb"From today", b"From todaY", raw, count=1)) == 'Bad signature from "Press Office"'


@pytest.mark.slow(1)
def test_pictures_files_and_languages_are_signed_too(office, server):
    office.write("ferry.png", png())
    office.write("programme.pdf", b"%PDF-1.4\n" + bytes(range(256)) * 300)
    office.issue(body="Құрметті {{name|оқырман}},\n\n![Пароход](ferry.png)\n", name="issue.kk.md", language="kk", title="Жаңалық")
    office.add_active(["ann@example.org"], "Ann")
    office.add_active(["aigul@example.org"], "Айгүл")
    office.sql("UPDATE subscriber SET language = 'kk' WHERE address LIKE 'aigul%'")
    office.run("send", "--yes", office.issue(body=PICTURE, language="en", attachments=["programme.pdf"]))
    for address, words in (("ann@example.org", "Dear Ann"), ("aigul@example.org", "Құрметті Айгүл")):
        [raw] = received(server, address)
        content, _ = parts(raw)
        assert openssl(office, raw) == content
        assert shape(parse(content))[:2] == ["multipart/mixed", ["multipart/alternative", "text/plain",
                                                                 ["multipart/related", "text/html", "image/png"]]] or \
            shape(parse(content)) == ["multipart/alternative", "text/plain", ["multipart/related", "text/html", "image/png"]]
        assert words in plain(parse(content))
        assert "GoodSignature" in nss(office, raw)
        verify(b"\r\n\r\n" + raw, office.records)


@pytest.mark.slow(1)
def test_test_copies_notices_and_single_messages_are_signed(office, server):
    office.run("send", "--yes", office.issue(), "--test", "boss@example.org")
    office.run("subscribe", "ann@example.org")
    office.run("message", "send", "guest@example.org", "--template", "plain", "--set", "subject=Your ticket",
               "--set", "text=Gate 4.")
    for address in ("boss@example.org", "ann@example.org", "guest@example.org"):
        [raw] = received(server, address)
        assert openssl(office, raw) == parts(raw)[0], address
        verify(b"\r\n\r\n" + raw, office.records)


@pytest.mark.slow
@pytest.mark.skipif(not available(), reason="needs Postfix, and root to start it")
def test_it_holds_after_a_hop_through_postfix(site, authority):
    postfix = Postfix()
    try:
        site.configure(port=postfix.port)
        authority.give(site)
        site.add_active(["ann@example.org"], "Ann")
        site.run("send", "--yes", site.issue(body=TEXT))
        wait_for(lambda: postfix.messages("ann"))
        [raw] = postfix.messages("ann")
        raw = re.sub(rb"\r?\n", b"\r\n", raw.split(b"\n", 1)[1] if raw.startswith(b"From ") else raw)
        openssl(site, raw)
        assert "GoodSignature" in nss(site, raw) and "GOODSIG" in gpgsm(site, raw)
    finally:
        postfix.stop()


@pytest.mark.slow(1)
def test_a_signed_mail_is_genuine_too(office, server):
    office.configure(signing={"key_file": "signing.key"}, serve={"url": "https://news.example.org/", "check_forms": False})
    office.run("key", "make")
    office.add_active(["ann@example.org"], "Ann")
    office.run("send", "--yes", office.issue(body="Dear {{name|reader}},\n\nthe ferry leaves at nine from the new pier, and "
                                              "comes back in the evening with the sailors.\n\nThe harbour master thanks all who came to the last "
                                              "concert of the year.\n\nThe library keeps the charts that the sailors "
                                              "drew, and the songs that their children sing on Sundays.\n"))
    [raw] = received(server, "ann@example.org")
    assert office.run("verify", office.write("mail.eml", raw)).out.startswith("ours, unchanged")
    changed = office.write("mail.eml", raw.replace(b"at nine", b"at nina"))
    assert office.run("verify", changed, expect=65).out.startswith("ours, but changed")


# ---- what keeps mail from going out ----

def nothing_went_out(site, server, said, number="No 1"):
    """Neither after the check nor against its advice."""
    run = site.run("send", "--yes", site.issue(number=number), expect=65)
    assert re.search(said, run.out) and "S/MIME" in run.out
    run = site.run("send", "--yes", site.issue(number=number), "--despite-errors", expect=78)
    assert re.search(said, run.err), run.err
    assert not server.messages("ann@example.org")


FAULTS = {
    "expired": ({"start": -30, "end": -2}, r"smime\.pem expired on \d{4}-\d\d-\d\d"),
    "not yet": ({"start": 2}, r"smime\.pem is valid from \d{4}-\d\d-\d\d on"),
    "another use": ({"use": ExtendedKeyUsageOID.SERVER_AUTH}, r"smime\.pem is not for signing mail"),
    "a short key": ({"key": rsa.generate_private_key(65537, 1024)}, "2048 bits"),
    "a key that mail programs do not know": ({"key": ed25519.Ed25519PrivateKey.generate()}, "2048 bits"),
}


@pytest.mark.slow(1)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_certificate_that_would_fail_stops_mail_before_the_first(connected, server, authority, fault):
    settings, said = FAULTS[fault]
    authority.give(connected, **settings)
    connected.add_active(["ann@example.org"])
    nothing_went_out(connected, server, said)
    assert connected.states() == {"queued": 1}
    assert re.search(said, connected.run("doctor", "--local", expect=None).out)
    authority.give(connected)  # with a good one, what was waiting goes out
    connected.run("retry")
    openssl(connected, received(server, "ann@example.org")[0])
    assert connected.states() == {"sent": 1}


@pytest.mark.slow(1)
def test_a_certificate_for_another_address_names_both(connected, server, authority):
    authority.give(connected, "other@example.org", "third@example.org")
    connected.add_active(["ann@example.org"])
    nothing_went_out(connected, server, "is for other@example.org, third@example.org, not for press@example.org")
    connected.configure(smime={**connected.settings["smime"], "from": "other@example.org"})
    connected.run("send", "--yes", connected.issue(number="No 2"), "--test", "ann@example.org")
    [raw] = received(server, "ann@example.org")
    assert b"multipart/signed" not in raw
    authority.give(connected, "other@example.org", "PRESS@EXAMPLE.ORG")  # letter case is no difference
    connected.run("send", "--yes", connected.issue(number="No 3"), "--test", "bob@example.org")
    openssl(connected, received(server, "bob@example.org")[0])


@pytest.mark.slow(1)
def test_files_that_are_missing_wrong_or_open(connected, server, authority):
    connected.add_active(["ann@example.org"])
    certificate, _ = authority.give(connected)
    key = os.path.join(connected.folder, "smime.key")
    os.chmod(key, 0o644)
    nothing_went_out(connected, server, r"others may read the S/MIME key .*smime\.key: chmod 600")
    os.chmod(key, 0o600)
    authority.give(connected, certificate=certificate)
    nothing_went_out(connected, server, r"smime\.key does not belong to the certificate .*smime\.pem", "No 2")
    authority.give(connected)
    connected.write("chain.pem", pem(Authority().between))
    nothing_went_out(connected, server, r"chain\.pem does not hold the certificate that issued", "No 3")
    for name, text, said in (("smime.pem", None, r"smime\.pem"), ("smime.key", None, r"smime\.key"),
                             ("chain.pem", None, r"chain\.pem"), ("smime.pem", b"no\n", "no certificate in PEM"),
                             ("smime.key", b"no\n", "no private key in PEM"), ("chain.pem", b"no\n", "no certificate in PEM")):
        authority.give(connected)
        path = os.path.join(connected.folder, name)
        os.remove(path)
        if text:
            os.chmod(connected.write(name, text), 0o600)
        run = connected.run("send", "--yes", connected.issue(), "--test", "ann@example.org", expect=None)
        assert run.returncode != 0 and re.search(said, run.err), run.err
    assert not server.messages("ann@example.org")
    assert stat.S_IMODE(os.stat(key).st_mode) == 0o600


@pytest.mark.parametrize("settings, said", [
    ({"certificate_file": "a.pem"}, "a certificate_file and its key_file go together"),
    ({"key_file": "a.key"}, "a certificate_file and its key_file go together"),
    ({"chain_file": "a.pem"}, "the certificate_file is missing"),
])
def test_settings_that_do_not_go_together(connected, settings, said):
    connected.configure(smime=settings)
    assert said in connected.run("check", connected.issue(), expect=78).err


@pytest.mark.slow(1)
def test_doctor_and_check_warn_before_it_expires(connected, authority):
    authority.give(connected, end=20)
    until = (NOW + 20 * DAY).date().isoformat()
    for run in (connected.run("doctor", "--local", expect=None), connected.run("check", connected.issue(), expect=None)):
        assert f"smime.pem expires on {until}" in run.out
    authority.give(connected, end=60)
    until = (NOW + 60 * DAY).date().isoformat()
    assert "mail from press@example.org is signed with" in connected.run("doctor", "--local", expect=None).out
    assert until in connected.run("doctor", "--local", expect=None).out
    assert "[smime]" not in connected.run("check", connected.issue(), expect=None).out
