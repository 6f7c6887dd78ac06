"""Checkpoints that others have seen: a time stamp of an authority (RFC 3161, by openssl ts), a cosignature of a witness (C2SP tlog-witness)
which checks the consistency proof itself, and the webhook."""
import base64
import hashlib
import http.server
import json
import os
import struct
import subprocess
import threading
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from test_checkpoint import audit, count, goes_on, newest, office, read  # noqa: F401
from test_webhooks import target  # noqa: F401

pytestmark = pytest.mark.slow(20)

CONF = """
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
certs = {folder}/ca.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
[ext]
extendedKeyUsage = critical,timeStamping
"""


def openssl(*words):
    return subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60).stdout


def make_authority(folder):
    def at(name):
        return os.path.join(folder, name)

    with open(at("conf"), "w", encoding="ascii") as out:
        out.write(CONF.format(folder=folder))
    with open(at("serial"), "w", encoding="ascii") as out:
        out.write("01\n")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", at("ca.key"), "-out", at("ca.pem"), "-subj", "/CN=Time CA", "-days", "30")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", at("tsa.key"), "-out", at("tsa.csr"), "-subj", "/CN=Time")
    openssl("x509", "-req", "-in", at("tsa.csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-out", at("tsa.pem"),
            "-days", "30", "-extfile", at("conf"), "-extensions", "ext")
    return at


class Others(http.server.ThreadingHTTPServer):
    """A time-stamping authority at /tsa, and a witness at /add-checkpoint."""

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.at, self.questions, self.fault = make_authority(folder), [], None
        self.key = Ed25519PrivateKey.generate()
        self.size, self.head, self.proofs = 0, None, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def public(self):
        return b"\4" + self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def key_id(self):
        return hashlib.sha256(b"witness.example\n" + self.public).digest()[:4]

    @property
    def verifier(self):
        return f"witness.example+{self.key_id.hex()}+{base64.b64encode(self.public).decode()}"

    def cosign(self, text, moment=None):
        moment = moment or int(time.time())
        signature = self.key.sign(f"cosignature/v1\ntime {moment}\n".encode() + text)
        return f"\u2014 witness.example {base64.b64encode(self.key_id + struct.pack('>Q', moment) + signature).decode()}\n".encode()

    def stamp(self, question):
        with open(self.at("question"), "wb") as out:
            out.write(question)
        return openssl("ts", "-reply", "-config", self.at("conf"), "-queryfile", self.at("question"))

    def witness(self, body):
        """The status and the answer, as the witness's specification has them."""
        head, note = body.split(b"\n\n", 1)
        lines = head.decode().split("\n")
        old, proof = int(lines[0].removeprefix("old ")), [base64.b64decode(line) for line in lines[1:]]
        text = note.split(b"\n\n")[0] + b"\n"
        _, size, root = text.decode().rstrip("\n").split("\n")
        size, root = int(size), base64.b64decode(root)
        if old != self.size:
            return 409, f"{self.size}\n".encode()
        if old > size or (old and not goes_on(old, self.head, size, root, proof)) or (not old and proof):
            return 422, b""
        self.proofs.append((old, size, len(proof)))
        self.size, self.head = size, root
        return 200, self.cosign(text)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.questions.append((self.path, self.headers["Content-Type"], body))
        status, answer = 200, b""
        if self.server.fault is not None:
            status, answer = self.server.fault
        elif self.path == "/tsa":
            answer = self.server.stamp(body)
        else:
            status, answer = self.server.witness(body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        try:
            self.wfile.write(answer)
        except OSError:
            pass

    def log_message(self, *args):
        pass


@pytest.fixture
def others(tmp_path):
    folder = tmp_path / "authority"
    folder.mkdir()
    server = Others(str(folder))
    yield server
    server.shutdown()
    server.server_close()


def again(site, number):
    site.run("send", "--yes", site.issue(number=f"No {number}", name=f"issue{number}.md"))


def stamped(site, others):
    site.configure(audit={"timestamp_url": others.url + "/tsa", "timestamp_ca_file": others.at("ca.pem")})
    again(site, 2)
    return site.sql("SELECT key, value FROM setting WHERE key LIKE 'timestamp %'")


def test_a_checkpoint_is_stamped_and_the_stamp_checked(office, others):  # noqa: F811
    (key, token), = stamped(office, others)
    note = newest(office)
    size, _ = read(office, note)
    assert key == f"timestamp {size}" and [path for path, _, _ in others.questions] == ["/tsa"]
    assert others.questions[0][1] == "application/timestamp-query"
    found = audit(office, note)
    assert found["stamped"] == 1 and found["checkpoint"]["holds"]
    assert found["checkpoint"]["stamped_at"].startswith("20") and found["checkpoint"]["cosigned_at"] is None
    assert "an authority has stamped it: 20" in office.run("audit", "--checkpoint", "kept.txt").out
    # OpenSSL's own command agrees.
    with open(others.at("token"), "wb") as out:
        out.write(base64.b64decode(token))
    with open(others.at("text"), "w", encoding="utf-8") as out:
        out.write(note.split("\n\n")[0] + "\n")
    assert b"Verification: OK" in openssl("ts", "-verify", "-token_in", "-in", others.at("token"), "-data", others.at("text"),
                                          "-CAfile", others.at("ca.pem"))


def test_a_stamp_of_another_checkpoint_is_found(office, others):  # noqa: F811
    (key, _), = stamped(office, others)
    again(office, 3)
    later = office.sql("SELECT value FROM setting WHERE key LIKE 'timestamp %' AND key <> ?", key)[0][0]
    office.sql("UPDATE setting SET value = ? WHERE key = ?", later, key)
    found = audit(office, newest(office), 65)
    assert any("time stamp" in finding["text"] for finding in found["findings"]) and found["stamped"] == 1


@pytest.mark.parametrize("fault", [(500, b""), (200, b""), (200, b"0\x03\x02\x01\x00"), (200, b"x" * 5000000)], ids=["500", "empty", "odd", "huge"])
def test_an_authority_that_answers_badly_holds_nothing_up(office, others, fault):  # noqa: F811
    others.fault = fault
    assert stamped(office, others) == [] and count(office) == 2
    assert audit(office, newest(office))["checkpoint"]["stamped_at"] is None


def test_an_authority_that_is_not_trusted_is_refused(office, others, tmp_path):  # noqa: F811
    (tmp_path / "other").mkdir()
    other = make_authority(str(tmp_path / "other"))
    office.configure(audit={"timestamp_url": others.url + "/tsa", "timestamp_ca_file": other("ca.pem")})
    again(office, 2)
    assert office.sql("SELECT count(*) FROM setting WHERE key LIKE 'timestamp %'") == [(0,)] and count(office) == 2


def test_a_witness_cosigns_what_goes_on(office, others):  # noqa: F811
    office.configure(audit={"witness_url": others.url, "witness_key": others.verifier})
    for number in (2, 3, 4):
        again(office, number)
    assert [old for old, _, _ in others.proofs] == [0, *(size for _, size, _ in others.proofs[:-1])]
    assert all(length > 0 for _, _, length in others.proofs[1:])
    note = newest(office)
    assert note.count("\u2014 ") == 2 and "\n\u2014 witness.example " in note
    found = audit(office, note)
    assert found["checkpoint"]["holds"] and found["checkpoint"]["cosigned_at"].startswith("20")
    assert "the witness has cosigned it: 20" in office.run("audit", "--checkpoint", "kept.txt").out


def test_a_witness_that_has_seen_more_or_less_tells_its_size(office, others):  # noqa: F811
    office.configure(audit={"witness_url": others.url, "witness_key": others.verifier})
    again(office, 2)
    office.sql("DELETE FROM setting WHERE key = 'checkpoint witness'")
    again(office, 3)
    assert len(others.proofs) == 2 and len(others.questions) == 3
    assert "witness.example" in newest(office)


@pytest.mark.parametrize("fault", ["other key", (422, b""), (200, b"nonsense"), (409, b"99999999999\n")], ids=["key", "422", "odd", "409"])
def test_a_witness_that_answers_badly_holds_nothing_up(office, others, fault):  # noqa: F811
    office.configure(audit={"witness_url": others.url, "witness_key": others.verifier})
    if fault == "other key":
        others.key = Ed25519PrivateKey.generate()
    else:
        others.fault = fault
    again(office, 2)
    assert count(office) == 2 and "witness.example" not in newest(office)
    assert audit(office, newest(office))["checkpoint"]["cosigned_at"] is None


@pytest.mark.one_engine("on a server, events settle for half a minute first")
def test_a_webhook_is_told_of_a_checkpoint(office, target):  # noqa: F811
    office.configure(webhooks={"allow_networks": "127.0.0.0/8"})
    office.run("webhook", "add", "keeper", target.url, "--event", "checkpoint")
    again(office, 2)
    office.run("retry", expect=None)
    assert target.kinds() == ["checkpoint"]
    assert json.loads(target.requests[0][2])["data"]["detail"] == newest(office)
