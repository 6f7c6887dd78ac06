"""An authority of one's own with S/MIME certificates, and the programs that check what they sign: OpenSSL, NSS
(Thunderbird's library) and GnuPG (what Claws Mail asks, through GPGME)."""
import base64
import datetime
import itertools
import os
import re
import subprocess
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
DAY = datetime.timedelta(days=1)


def pem(thing):
    if hasattr(thing, "private_bytes"):
        return thing.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return thing.public_bytes(Encoding.PEM)


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def usage(**chosen):
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: chosen.get(name, False) for name in names})


def two_in_turn():
    """To make a key takes longer than the rest of most tests; one after the other, they differ."""
    keys = []
    for number in itertools.count():
        if number < 2:
            keys.append(rsa.generate_private_key(65537, 2048))
        yield keys[number % 2]


KEYS = two_in_turn()


class Authority:
    """A root and an authority below it, which issues."""

    def __init__(self):
        self.root_key, self.key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        self.root = self.make("Root", "Root", self.root_key, self.root_key, authority=True)
        self.between = self.make("Issuing", "Root", self.key, self.root_key, authority=True)

    def make(self, subject, issuer, key, issuer_key, addresses=(), authority=False, start=-1, end=400,
             use=ExtendedKeyUsageOID.EMAIL_PROTECTION):
        builder = (x509.CertificateBuilder().subject_name(name_of(subject)).issuer_name(name_of(issuer))
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(NOW + start * DAY).not_valid_after(NOW + end * DAY)
                   .add_extension(x509.BasicConstraints(authority, None), True)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False)
                   .add_extension(usage(key_cert_sign=True, crl_sign=True) if authority
                                  else usage(digital_signature=True, key_encipherment=True), True))
        if addresses:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(one) for one in addresses]), False)
        if not authority and use:
            builder = builder.add_extension(x509.ExtendedKeyUsage([use]), False)
        return builder.sign(issuer_key, hashes.SHA256())

    def issue(self, *addresses, key=None, **more):
        key = key or next(KEYS)
        return self.make("Press Office", "Issuing", key, self.key, addresses, **more), key

    def give(self, site, *addresses, certificate=None, key=None, smime=None, **more):
        """A certificate for a site, with what is needed of the configuration."""
        made, made_key = self.issue(*(addresses or ["press@example.org"]), key=key, **more)
        site.write("smime.pem", pem(certificate or made))
        site.write("chain.pem", pem(self.between))
        site.write("root.pem", pem(self.root))
        os.chmod(site.write("smime.key", pem(made_key)), 0o600)
        site.configure(smime={"certificate_file": "smime.pem", "key_file": "smime.key", "chain_file": "chain.pem",
                              **(smime or {})})
        return made, made_key


def curve_key():
    return ec.generate_private_key(ec.SECP256R1())


def parts(raw):
    """The signed part and the signature (DER) of a multipart/signed, byte for byte, as RFC 1847 has them."""
    head, body = raw.split(b"\r\n\r\n", 1)
    field = re.search(rb"^Content-Type: (multipart/signed;[^\r\n]*(?:\r\n[ \t][^\r\n]*)*)", head, re.M | re.I).group(1)
    assert b'protocol="application/pkcs7-signature"' in field and b"micalg=sha-256" in field
    boundary = b"--" + re.search(rb'boundary="([^"]+)"', field).group(1)
    before, content, signature, after = re.split(rb"(?:^|\r\n)" + re.escape(boundary) + rb"(?:--)?\r\n", body)
    assert (before, after.strip()) == (b"", b"")
    fields, coded = signature.split(b"\r\n\r\n", 1)
    assert b"application/pkcs7-signature" in fields and b"base64" in fields and b"smime.p7s" in fields
    assert all(len(line) <= 76 for line in coded.split(b"\r\n"))
    assert content.isascii()  # 7bit: no relay has a reason to change it
    return content, base64.b64decode(coded)


def openssl(site, raw, *more, good=True):
    """`openssl cms -verify` of the whole mail: what is signed."""
    mail = site.write("signed.eml", raw)
    out = os.path.join(site.folder, "content")
    done = subprocess.run(["openssl", "cms", "-verify", "-in", mail, "-inform", "SMIME", "-CAfile",
                           os.path.join(site.folder, "root.pem"), "-purpose", "smimesign", "-out", out, *more],
                          capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == good, done.stderr
    return open(out, "rb").read() if good else None


def nss(site, raw):
    """The answer of NSS's cmsutil about the signature."""
    folder = os.path.join(site.folder, "nss")
    content, signature = parts(raw)
    if not os.path.isdir(folder):
        os.mkdir(folder)
        subprocess.run(["certutil", "-N", "-d", "sql:" + folder, "--empty-password"], check=True)
        subprocess.run(["certutil", "-A", "-d", "sql:" + folder, "-n", "root", "-t", "C,C,C", "-a", "-i",
                        os.path.join(site.folder, "root.pem")], check=True)
    return subprocess.run(["cmsutil", "-D", "-d", "sql:" + folder, "-h", "1", "-c", site.write("nss.content", content),
                           "-i", site.write("nss.p7s", signature)], capture_output=True, text=True, check=False).stdout


def gpgsm(site, raw):
    """The status lines of gpgsm, as GPGME reads them for Claws Mail."""
    content, signature = parts(raw)
    with tempfile.TemporaryDirectory(prefix="gpgsm-", dir="/tmp") as folder:  # the path of its agent's socket must be short
        options = ["gpgsm", "--homedir", folder, "--batch", "--disable-crl-checks", "--disable-dirmngr"]
        try:
            subprocess.run([*options, "--import", os.path.join(site.folder, "root.pem")], capture_output=True, check=True)
            listed = subprocess.run([*options, "--with-colons", "--list-keys"], capture_output=True, text=True, check=True).stdout
            print_of = re.search(r"^fpr:+([0-9A-F]{40}):", listed, re.M).group(1)
            with open(os.path.join(folder, "trustlist.txt"), "w", encoding="ascii") as out:
                out.write(f"{print_of} S relax\n")
            return subprocess.run([*options, "--status-fd", "1", "--verify", site.write("gpg.p7s", signature),
                                   site.write("gpg.content", content)], capture_output=True, text=True, check=False).stdout
        finally:
            subprocess.run(["gpgconf", "--homedir", folder, "--kill", "all"], capture_output=True, check=False)
