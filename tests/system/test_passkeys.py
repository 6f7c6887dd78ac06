"""Passkeys (Web Authentication, Level 2): a real browser with a virtual authenticator, and hostile answers of a made one."""
import base64
import hashlib
import json
import os
import re
import socket
import struct

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from browser import in_browser, needs_browser
from test_accounts import add_account, set_up
from test_staff import configure, PASSWORD, StaffServer

ORIGIN, RP = "https://staff.example.org", "staff.example.org"
PRESENT, VERIFIED, KEY, EXTENSIONS = 1, 4, 64, 128


class FromAnywhere(StaffServer):
    """Each form comes from another network, since one network has few guesses."""
    forms = 0

    def post(self, path, form, **headers):
        FromAnywhere.forms += 1
        return super().post(path, form, **{"X-Forwarded-For": f"10.{self.forms // 256}.{self.forms % 256}.1", **headers})


@pytest.fixture
def staff(connected):
    configure(connected)
    connected.settings["serve"]["trusted_proxies"] = "127.0.0.1"
    connected.configure()
    server = FromAnywhere(connected.folder, "--no-mail")
    server.login()
    yield server
    if server.process.poll() is None:
        server.stop()


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# ---- a made authenticator ----

def cbor(value):
    """As canonical CBOR has it, for what attestations hold."""
    def head(kind, number):
        if number < 24:
            return bytes([kind << 5 | number])
        return bytes([kind << 5 | 24, number]) if number < 256 else bytes([kind << 5 | 25]) + struct.pack(">H", number)
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value)) + value.encode()
    return head(5, len(value)) + b"".join(cbor(name) + cbor(content) for name, content in value.items())


class Key:
    def __init__(self, kind="ES256"):
        self.kind, self.id, self.count = kind, os.urandom(16), 0
        self.key = ec.generate_private_key(ec.SECP256R1()) if kind == "ES256" else ed25519.Ed25519PrivateKey.generate()

    def cose(self):
        if self.kind == "ES256":
            numbers = self.key.public_key().public_numbers()
            return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        raw = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return {1: 1, 3: -8, -1: 6, -2: raw}

    def sign(self, message):
        return self.key.sign(message, ec.ECDSA(hashes.SHA256())) if self.kind == "ES256" else self.key.sign(message)

    def head(self, rp=RP, flags=PRESENT | VERIFIED, count=None):
        return hashlib.sha256(rp.encode()).digest() + bytes([flags]) + struct.pack(">I", self.count if count is None else count)


def client_data(kind, told, **changes):
    return json.dumps({"type": f"webauthn.{kind}", "challenge": url64(told.encode()), "origin": ORIGIN, "crossOrigin": False,
                       **changes}).encode()


def challenge_of(page):
    return re.search(r'data-challenge="([^"]+)"', page.text).group(1)


def registration(staff, key, title="Laptop", data=None, attestation=None, **changes):
    """The form of the account's page, as the browser sends it."""
    client = data or client_data("create", challenge_of(staff.page("/account")), **changes)
    credential = bytes(16) + struct.pack(">H", len(key.id)) + key.id + cbor(key.cose())
    made = {"fmt": "none", "attStmt": {}, "authData": key.head(flags=PRESENT | VERIFIED | KEY) + credential}
    return {"action": "passkey-add", "title": title, "password": PASSWORD, "client_data": url64(client),
            "attestation": url64(cbor(made) if attestation is None else attestation)}


def handle_of(staff):
    return re.search(r'data-handle="([^"]+)"', staff.page("/account").text).group(1)


def assertion(staff, key, handle, challenge=None, count=None, data=None, head=None):
    key.count += 1
    client = data or client_data("get", challenge or challenge_of(staff.get("/login")))
    head = head if head is not None else key.head(count=count)
    return {"id": url64(key.id), "handle": url64(handle.encode()), "client_data": url64(client), "authenticator_data": url64(head),
            "signature": url64(key.sign(head + hashlib.sha256(client).digest()))}


def enters(staff, form):
    answer = staff.post("/login/passkey", form)
    assert answer.status in (303, 403), answer.status
    return answer.status == 303 and answer.getheader("Location") == "/"


def added(staff, key):
    return staff.press("/account", **registration(staff, key)).status == 200


# ---- what works ----

@pytest.mark.slow(1)
@pytest.mark.parametrize("kind", ["ES256", "EdDSA"])
def test_adding_and_logging_in(staff, connected, kind):
    key = Key(kind)
    handle = handle_of(staff)
    assert "Log in with a passkey" not in staff.get("/login").text
    assert added(staff, key) and "Laptop" in staff.page("/account").text
    form = assertion(staff, key, handle)
    answer = staff.post("/login/passkey", form)
    assert answer.status == 303
    cookie = re.match(r"(__Host-newsletter=[^;]+);", answer.getheader("Set-Cookie")).group(1)
    assert staff.get("/account", Cookie=cookie).status == 200
    assert not enters(staff, form)  # an answer that somebody has overheard
    assert enters(staff, assertion(staff, key, handle))
    assert connected.sql("SELECT counter FROM staff_passkey") == [(2,)]
    actions = [line["action"] for line in json.loads(connected.run("staff", "log", "--json").out)]
    assert actions[:3] == ["login", "login", "passkey add"]
    passkey = str(connected.sql("SELECT id FROM staff_passkey")[0][0])
    assert staff.press("/account", action="passkey-remove", passkey=passkey, password="wrong").status == 403
    assert staff.press("/account", action="passkey-remove", passkey="9" + passkey, password=PASSWORD).status == 400
    assert staff.press("/account", action="passkey-remove", passkey=passkey, password=PASSWORD).status == 200
    assert not enters(staff, assertion(staff, key, handle, challenge="x"))


@pytest.mark.slow(1)
def test_it_is_two_steps_in_one(staff):
    """A passkey has verified its user, so no code is asked for; the password alone still wants one."""
    key = Key()
    handle = handle_of(staff)
    assert added(staff, key)
    set_up(staff)
    assert enters(staff, assertion(staff, key, handle))
    assert 'name="code"' in staff.login().text


# ---- what does not ----

BAD_CLIENTS = {"another page": {"origin": "https://evil.example.org"}, "plain HTTP": {"origin": "http://staff.example.org"},
               "a port": {"origin": ORIGIN + ":8443"}, "a frame": {"crossOrigin": True}, "not adding": {"type": "webauthn.get"},
               "no challenge": {"challenge": ""}, "made up": {"challenge": url64(b"9999999999.x.aaaaaaaaaaaaaaaa")},
               "with NUL": {"challenge": url64(b"\0" * 40)}, "no text": {"challenge": 5}}


@pytest.mark.slow(1)
def test_bad_client_data(staff, connected):
    for name, changes in BAD_CLIENTS.items():
        assert staff.press("/account", **registration(staff, Key(), **changes)).status == 400, name
    for data in (b"", b"{", b"[]", b"\xff", b"null", b"{" * 5000, b'{"type":"webauthn.create"}'):
        assert staff.press("/account", **registration(staff, Key(), data=data or b" ")).status == 400, data[:20]
    login = challenge_of_login(staff)
    if login:
        assert staff.press("/account", **registration(staff, Key(), data=client_data("create", login))).status == 400
    assert connected.sql("SELECT count(*) FROM staff_passkey") == [(0,)]


def challenge_of_login(staff):
    found = re.search(r'data-challenge="([^"]+)"', staff.get("/login").text)
    return found and found.group(1)


def attestations(key):
    """Whole, and what is wrong with each."""
    credential = bytes(16) + struct.pack(">H", len(key.id)) + key.id
    head = key.head(flags=PRESENT | VERIFIED | KEY)
    whole = cbor({"fmt": "none", "attStmt": {}, "authData": head + credential + cbor(key.cose())})

    def made(data=None, **changes):
        return cbor({"fmt": "none", "attStmt": {}, "authData": data if data is not None else head + credential + cbor(key.cose()), **changes})
    for end in range(0, len(whole), 7):
        yield f"cut at {end}", whole[:end]
    yield "more after it", whole + b"\0"
    for name, start in (("array", b"\x9b"), ("map", b"\xbb"), ("bytes", b"\x5b"), ("text", b"\x7b")):
        yield f"a huge {name}", start + b"\xff" * 8
        yield f"a large {name}", start + b"\0\0\0\x01\0\0\0\0" + b"\0" * 50
    yield "endless", b"\xbf" + whole[1:]
    yield "nested", b"\x81" * 4000
    yield "tagged", b"\xc1" * 4000
    yield "attested", made(fmt="packed")
    yield "a statement", made(attStmt={"x": 1})
    yield "another site", made(key.head(rp="example.org", flags=PRESENT | VERIFIED | KEY) + credential + cbor(key.cose()))
    yield "nobody there", made(key.head(flags=VERIFIED | KEY) + credential + cbor(key.cose()))
    yield "not verified", made(key.head(flags=PRESENT | KEY) + credential + cbor(key.cose()))
    yield "no key", made(key.head(flags=PRESENT | VERIFIED))
    yield "a long id", made(head + bytes(16) + b"\xff\xff" + key.id + cbor(key.cose()))
    yield "no id", made(head + bytes(16) + b"\0\0" + cbor(key.cose()))
    yield "extensions that are none", made(head[:32] + bytes([PRESENT | VERIFIED | KEY | EXTENSIONS]) + head[33:] + credential + cbor(key.cose()))
    for name, change in {"a weak hash": {3: -257}, "another curve": {-1: 2}, "a short x": {-2: b"1"}, "off the curve": {-2: b"\1" * 32},
                         "at infinity": {-2: bytes(32), -3: bytes(32)}, "RSA": {1: 3}, "y as a sign": {-3: 1}}.items():
        yield name, made(head + credential + cbor({**key.cose(), **change}))


@pytest.mark.slow(1)
def test_bad_attestations(staff, connected):
    key = Key()
    challenge = challenge_of(staff.page("/account"))  # good until it is used
    for name, attestation in attestations(key):
        form = registration(staff, key, data=client_data("create", challenge), attestation=attestation)
        assert staff.press("/account", **form).status == 400, name
    assert connected.sql("SELECT count(*) FROM staff_passkey") == [(0,)]
    form = registration(staff, key, data=client_data("create", challenge))
    assert staff.press("/account", **{**form, "password": "wrong"}).status == 403
    assert staff.press("/account", **{**form, "title": ""}).status == 400
    assert staff.press("/account", **form).status == 200
    assert staff.press("/account", **registration(staff, Key(), data=client_data("create", challenge))).status == 400  # used
    assert staff.press("/account", **registration(staff, key)).status == 400  # known already
    for text in ("!", "A", "AAAA=", "A" * 20000):
        assert staff.press("/account", **{**registration(staff, Key()), "attestation": text}).status in (400, 413)


@pytest.mark.slow(1)
def test_bad_answers(staff, connected):
    add_account(connected, "kim", "viewer")
    mine, hers, unknown = Key(), Key("EdDSA"), Key()
    handle = handle_of(staff)
    assert added(staff, mine)
    staff.login("kim")
    her_handle = handle_of(staff)
    assert her_handle != handle and added(staff, hers)
    staff.login()
    good = assertion(staff, mine, handle)
    for name, form in {
            "nobody's": assertion(staff, unknown, handle), "whose it is not": assertion(staff, hers, handle),
            "hers with my handle": {**assertion(staff, hers, her_handle), "handle": url64(handle.encode())},
            "no handle": {**assertion(staff, mine, handle), "handle": ""},
            "my id, her signature": {**assertion(staff, hers, handle), "id": url64(mine.id)},
            "another site": assertion(staff, mine, handle, head=mine.head(rp="example.org", count=50)),
            "not verified": assertion(staff, mine, handle, head=mine.head(flags=PRESENT, count=50)),
            "nobody there": assertion(staff, mine, handle, head=mine.head(flags=VERIFIED, count=50)),
            "a short head": assertion(staff, mine, handle, head=mine.head(count=50)[:36]),
            "a long head": assertion(staff, mine, handle, head=mine.head(count=50) + b"\0"),
            "another page": assertion(staff, mine, handle, data=client_data("get", challenge_of(staff.get("/login")), origin="https://evil.example")),
            "adding": assertion(staff, mine, handle, data=client_data("create", challenge_of(staff.get("/login")))),
            "the challenge of an account": assertion(staff, mine, handle, challenge=challenge_of(staff.page("/account"))),
            "another message": {**good, "authenticator_data": url64(mine.head(count=51))},
            "no signature": {**good, "signature": ""}, "a long signature": {**good, "signature": "A" * 2000}, "nothing": {}}.items():
        assert not enters(staff, form), name
    assert enters(staff, good) is True
    old = challenge_of(staff.get("/login"))
    early = str(int(old.split(".")[0]) - 1) + old[old.index("."):]
    assert not enters(staff, assertion(staff, mine, handle, challenge=early, count=60))
    assert not enters(staff, assertion(staff, mine, handle, count=1))  # a copy that has counted less


@pytest.mark.slow(1)
def test_a_form_elsewhere(staff):
    key = Key()
    handle = handle_of(staff)
    assert added(staff, key)
    form = assertion(staff, key, handle)
    assert staff.post("/login/passkey", form, **{"Sec-Fetch-Site": "cross-site"}).getheader("Location") == "/login"
    assert enters(staff, form)


# ---- a real browser ----

@needs_browser
@pytest.mark.slow(8)
@pytest.mark.one_engine("the engine makes no difference")
def test_in_a_real_browser(connected):
    configure(connected)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    connected.configure(staff={"listen": f"127.0.0.1:{port}", "url": f"http://localhost:{port}"})
    staff = StaffServer(connected.folder, "--no-mail")
    plan = {"url": f"http://localhost:{port}", "name": "ann", "password": PASSWORD}
    result = in_browser("passkey.cjs", plan)
    assert "log in with this passkey" in result["added"] and result["entered"] == "/", result
    assert result["credentials"][0]["rpId"] == "localhost"
    assert staff.post("/login/passkey", result["login"]).status == 403  # once more
    assert connected.sql("SELECT title FROM staff_passkey") == [("Laptop",)]
    staff.stop()
