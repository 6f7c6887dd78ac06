"""BIMI, as newsletter doctor examines it: a real name server, and a real server with the logo and the certificate."""
import datetime
import http.server
import json
import os
import ssl
import threading

import certificates
import nameserver
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from test_doctor import ADDRESS, DMARC, healthy, names  # noqa: F401

pytestmark = [
    pytest.mark.skipif(not nameserver.available() or os.geteuid() != 0, reason="needs dnsmasq and port 443"),
    pytest.mark.one_engine("the engine makes no difference")]

LOGO = ('<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps" '
        'viewBox="0 0 100 100"><title>Press Office</title><defs><linearGradient id="g"><stop offset="0" stop-color="#f00"/>'
        '</linearGradient></defs><rect width="100" height="100" fill="url(#g)"/></svg>\n')
RECORD = "v=BIMI1; l=https://logo.example.org/logo.svg; a=https://logo.example.org/vmc.pem"


def mark(domain="example.org", end=300, use="1.3.6.1.5.5.7.3.31"):
    """A certificate for marks, which signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    now = datetime.datetime.now(datetime.timezone.utc)
    return (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(1).not_valid_before(now - datetime.timedelta(400)).not_valid_after(now + datetime.timedelta(end))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(domain)]), False)
            .add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(use)]), False)
            .sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))


@pytest.fixture
def web(tmp_path):
    """A server at ADDRESS with files that tests put into `files`; its authority is at `authority`."""
    files = {"/logo.svg": LOGO.encode(), "/vmc.pem": mark()}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            data = files.get(self.path)
            self.send_response(200 if data is not None else 404)
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *args):
            pass

    authority, certificate, key = certificates.make(str(tmp_path), "logo.example.org")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer((ADDRESS, 443), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    server.files, server.authority = files, authority
    yield server
    server.shutdown()
    server.server_close()


def bimi(site, names, web=None, record=RECORD, dmarc=DMARC, domain="example.org"):
    """The findings about BIMI: level and text."""
    txt = {**site.signed, "_dmarc.example.org": [dmarc]}
    if record is not None:
        txt[f"default._bimi.{domain}"] = record if isinstance(record, list) else [record]
    server = names(txt=txt, a={"mx.example.org": "192.0.2.9", "mail.example.org": "192.0.2.25", "logo.example.org": ADDRESS})
    args = ["--ca-file", web.authority] if web else []
    found = json.loads(site.run("doctor", "--json", "--name-servers", server.address, *args, expect=None).out)
    return [(item["level"], item["text"]) for item in found if item["rule"] == "bimi"]


def test_without_a_record_it_is_optional(healthy, names):
    [(level, text)] = bimi(healthy, names, record=None)
    assert level == "ok" and "has no BIMI record, which is optional" in text


def test_a_logo_with_its_certificate_is_good(healthy, names, web):
    found = bimi(healthy, names, web)
    assert [level for level, _ in found] == ["ok", "ok"]
    assert "is SVG Tiny PS" in found[0][1] and "vmc.pem is for example.org, until" in found[1][1]


def test_the_domain_above_counts(healthy, names, web):
    healthy.run("list", "edit", "bulletin", "--from", "Press <press@news.example.org>")
    healthy.configure(dkim={"selector": "s1", "key_file": "dkim.key", "domain": "example.org"})
    assert [level for level, _ in bimi(healthy, names, web)] == ["ok", "ok"]


@pytest.mark.parametrize("dmarc", ["v=DMARC1; p=none; rua=mailto:a@example.org", "v=DMARC1; p=reject; pct=50; rua=mailto:a@example.org",
                                   "v=DMARC1; p=reject; sp=none; rua=mailto:a@example.org", "v=spf1 -all"])
def test_dmarc_must_be_enforced(healthy, names, web, dmarc):
    found = bimi(healthy, names, web, dmarc=dmarc)
    assert found[0][0] == "error" and "has no effect: DMARC must say" in found[0][1] and len(found) == 3


@pytest.mark.parametrize("record, level, said", [
    ([RECORD, RECORD + ";"], "error", "has 2 BIMI records"),
    ([RECORD, RECORD.replace("BIMI1", "BIMI10")], "ok", "the mark certificate"),
    (RECORD.replace("BIMI1", "BIMI10"), "ok", "has no BIMI record"),
    ("v = BIMI1;l=;a=", "ok", "says that there is no logo"),
    ("v=BIMI1; l=; a=;", "ok", "says that there is no logo"),
    ("v=BIMI1; a=https://logo.example.org/vmc.pem", "error", "names no logo"),
    ("v=BIMI1; l=https://logo.example.org/logo.svg", "warning", "has no mark certificate"),
    ("v=BIMI1; l=http://logo.example.org/logo.svg", "error", "is not an https URL"),
    ("v=BIMI1; l=https://logo.example.org/other.svg", "error", "answers 404"),
    ("v=BIMI1; l=https://nowhere.example.org/logo.svg", "error", "has no address"),
])
def test_records(healthy, names, web, record, level, said):
    found = bimi(healthy, names, web, record=record)
    assert any(one == level and said in text for one, text in found), found


@pytest.mark.parametrize("change, said", [
    (lambda logo: logo.replace(' version="1.2"', ' version="1.1"'), 'version="1.2"'),
    (lambda logo: logo.replace("tiny-ps", "tiny"), 'baseProfile="tiny-ps"'),
    (lambda logo: logo.replace("<title>Press Office</title>", ""), "no title"),
    (lambda logo: logo.replace("Press Office", " "), "no title"),
    (lambda logo: logo.replace("<svg ", '<svg x="0" '), "x or y"),
    (lambda logo: logo.replace("0 0 100 100", "0 0 100 50"), "not square"),
    (lambda logo: logo.replace("<rect ", "<script>alert(1)</script><rect "), "a script"),
    (lambda logo: logo.replace("<rect ", '<rect onclick="x()" '), "a script"),
    (lambda logo: logo.replace("<rect ", '<animate attributeName="x"/><rect '), "an animation"),
    (lambda logo: logo.replace("<rect ", '<image href="data:image/png;base64,AA=="/><rect '), "pictures"),
    (lambda logo: logo.replace("url(#g)", "url(https://elsewhere.example/g)"), "outside itself"),
    (lambda logo: logo.replace("<rect ", '<use href="https://elsewhere.example/a.svg#b"/><rect '), "outside itself"),
    (lambda logo: logo.replace("<svg ", '<!DOCTYPE svg [<!ENTITY a "b">]><svg ', 1), "document type"),
    (lambda logo: logo.replace("</svg>", ""), "well-formed"),
    (lambda logo: logo.replace("svg", "html"), "root is not svg"),
    (lambda logo: logo.replace("</svg>", "<!--" + "x" * 33000 + "--></svg>"), "32 KiB"),
    (lambda logo: logo + "x" * 300000, "more than 256 KiB"),
    (lambda logo: "", "well-formed"),
], ids=["version", "profile", "title", "empty title", "position", "square", "script", "event", "animation", "picture", "url", "use",
        "doctype", "broken", "html", "large", "endless", "empty"])
def test_logos(healthy, names, web, change, said):
    web.files["/logo.svg"] = change(LOGO).encode()
    found = bimi(healthy, names, web)
    assert found[0][0] == "error" and said in found[0][1], found
    assert len(found) == 2 and found[1][0] == "ok"


@pytest.mark.parametrize("length", [254, 255, 256, 257, 5000])
def test_long_values_of_a_logo(healthy, names, web, length):
    """The beginning of each is looked at."""
    web.files["/logo.svg"] = LOGO.replace("<rect ", f'<rect id="{"x" * length}" ').encode()
    assert [level for level, _ in bimi(healthy, names, web)] == ["ok", "ok"]


@pytest.mark.parametrize("pem, level, said", [
    (b"no\n", "error", "holds no certificate"),
    (mark(domain="example.net"), "error", "is not for example.org"),
    (mark(end=-3), "error", "expired on"),
    (mark(end=20), "warning", "expires on"),
    (mark(use="1.3.6.1.5.5.7.3.1"), "error", "is not a mark certificate"),
], ids=["no", "other", "expired", "soon", "use"])
def test_mark_certificates(healthy, names, web, pem, level, said):
    web.files["/vmc.pem"] = pem
    found = bimi(healthy, names, web)
    assert found[1][0] == level and said in found[1][1], found
