"""Logging in by an identity provider: a real one (oidc-provider), and one that answers what it should not."""
import base64
import functools
import hashlib
import http.client
import http.cookies
import itertools
import json
import os
import re
import subprocess
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from browser import WEB
from test_accounts import code_of, set_up
from test_staff import StaffServer, configure

BACK = "https://staff.example.org/login/openid/back"
SECRET = "a secret: with % and +"
PEOPLE = {"1": {"preferred_username": "ann", "email": "Ann@Example.org", "email_verified": True},
          "2": {"preferred_username": "zoe", "email": "zoe@example.org", "email_verified": False},
          "3": {"preferred_username": "no name", "email": "ann@example.net", "email_verified": True},
          "4": {"email_verified": True}}
needs_provider = pytest.mark.skipif(not os.path.isdir(os.path.join(WEB, "node_modules", "oidc-provider")), reason="npm ci was not run in tests/web")


PLACES = itertools.count(1)


def elsewhere():
    """A network that has not been seen before: guesses are limited by network."""
    place = next(PLACES)
    return {"X-Forwarded-For": f"11.{place >> 8}.{place & 255}.1"}


def start(connected, issuer, **settings):
    connected.write("secret", SECRET + "\n")
    os.chmod(os.path.join(connected.folder, "secret"), 0o600)
    configure(connected)
    connected.configure(serve={"url": "https://news.example.org", "log": True, "trusted_proxies": "127.0.0.1"}, openid={
        "issuer": issuer, "client_id": "newsletter:1", "client_secret_file": "secret", "label": "Our <b>House</b>", **settings})
    return StaffServer(connected.folder, "--no-mail")


@pytest.fixture
def begun(connected):
    """Starts the dashboard with a provider."""
    servers = []

    def begin(issuer, **settings):
        servers.append(start(connected, issuer, **settings))
        return servers[-1]
    yield begin
    for server in servers:
        if server.process.poll() is None:
            server.stop()


def cookie_of(answer):
    return re.match(r"([^;]+)", answer.getheader("Set-Cookie")).group(1)


def go(staff):
    """(the address of the provider that the browser is sent to, the cookie of the browser)"""
    answer = staff.get("/login/openid", **elsewhere())
    assert answer.status == 303, answer.text
    attributes = answer.getheader("Set-Cookie").split("; ")[1:]
    assert attributes == ["Path=/", "Max-Age=300", "Secure", "HttpOnly", "SameSite=Lax"]
    return answer.getheader("Location"), cookie_of(answer)


def query_of(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))


def come_back(staff, cookie, **query):
    headers = {"Cookie": cookie} if cookie else {}
    return staff.get("/login/openid/back?" + urllib.parse.urlencode(query), **headers, **elsewhere())


# ---- a real provider ----

class Provider:
    def __init__(self, **options):
        client = {"client_id": "newsletter:1", "client_secret": SECRET, "redirect_uris": [BACK], **options.pop("client", {})}
        self.process = subprocess.Popen(["node", "openid.mjs", json.dumps({"client": client, "people": PEOPLE, **options})], cwd=WEB,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.issuer = self.process.stdout.readline().strip()
        assert self.issuer.startswith("http://127.0.0.1:")

    def visit(self, url, person):
        """Does what a browser does, until it is sent back; returns where."""
        jar = {}
        for path in (f"/as/{person}", url):
            while path is not None and not path.startswith("https://"):
                parts = urllib.parse.urlsplit(path)
                connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.issuer).netloc, timeout=60)
                connection.request("GET", parts.path + ("?" + parts.query if parts.query else ""),
                                   headers={"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())})
                answer = connection.getresponse()
                text = answer.read().decode()
                for line in answer.headers.get_all("Set-Cookie") or []:
                    for name, morsel in http.cookies.SimpleCookie(line).items():
                        jar[name] = morsel.value
                assert answer.status in (200, 302, 303), text
                path = answer.getheader("Location")
        assert path.startswith(BACK + "?"), path
        return query_of(path)

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


@pytest.fixture
def provider():
    started = []

    def begin(**options):
        started.append(Provider(**options))
        return started[-1]
    yield begin
    for one in started:
        one.stop()


def enter(staff, one, person):
    url, cookie = go(staff)
    return come_back(staff, cookie, **one.visit(url, person))


@needs_provider
@pytest.mark.slow(6)
def test_a_real_provider(begun, provider, connected):
    """The whole way; who is let in; what is good once; what nobody sees."""
    one = provider()
    staff = begun(one.issuer)
    page = staff.get("/login").text
    assert 'href="/login/openid"' in page and "Our &lt;b&gt;House&lt;/b&gt;" in page
    url, cookie = go(staff)
    asked = query_of(url)
    assert asked["redirect_uri"] == BACK and asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
    answer = one.visit(url, "1")
    inside = come_back(staff, cookie, **answer)
    assert inside.status == 200 and 'http-equiv="refresh" content="0;url=/"' in inside.text, inside.text
    assert inside.getheader("Set-Cookie").endswith("SameSite=Strict")
    session = cookie_of(inside)
    assert "News Bulletin" in staff.get("/", Cookie=session).text
    again = come_back(staff, cookie, **answer)  # the state and the code are good once
    assert again.status == 403 and again.getheader("Set-Cookie") is None
    assert enter(staff, one, "2").status == 403  # no account, and none is made
    assert enter(staff, one, "3").status == 403 == enter(staff, one, "4").status
    assert connected.sql("SELECT name FROM staff") == [("ann",)]
    assert [row for row in connected.sql("SELECT actor, action FROM audit WHERE door = 'browser'")] == [("ann", "login")]
    with open(f"/proc/{staff.process.pid}/cmdline", encoding="utf-8") as command:
        assert SECRET not in command.read()
    log = staff.stop()
    for hidden in (SECRET, answer["code"], answer["state"], session.split("=")[1], cookie.split("=")[1]):
        assert hidden not in log
    assert "there is no account 'zoe'" in log


@needs_provider
@pytest.mark.slow(6)
def test_ways_of_providers(begun, provider, connected):
    """ES256, the secret in the form, claims that are asked for apart, an account that is made, the second step."""
    one = provider(client={"id_token_signed_response_alg": "ES256", "token_endpoint_auth_method": "client_secret_post"}, userinfo=True,
                   jwks={"keys": [{"kty": "EC", "crv": "P-256", "kid": "e", **jwk_numbers(key_of("EC"), private=True)}]})
    staff = begun(one.issuer, role="author")
    url, cookie = go(staff)
    inside = come_back(staff, cookie, **one.visit(url, "2"))
    assert inside.status == 200, inside.text
    assert connected.sql("SELECT role FROM staff WHERE name = 'zoe'") == [("author",)]
    staff.login()
    secret, _ = set_up(staff)
    asked = enter(staff, one, "1")
    assert asked.status == 200 and 'name="code"' in asked.text
    waiting = cookie_of(asked)
    assert staff.get("/", Cookie=waiting).status == 303
    assert staff.post("/login/code", {"code": code_of(secret, 1)}, Cookie=waiting).status == 303
    assert enter(staff, one, "3").status == 403 and len(connected.sql("SELECT 1 FROM staff")) == 2


@pytest.mark.slow(1)
@needs_provider
def test_by_a_verified_address(begun, provider, connected):
    one = provider()
    staff = begun(one.issuer, claim="email", domain="example.org", role="viewer")
    assert enter(staff, one, "1").status == 200
    for person in ("2", "3", "4"):  # not verified, another domain, none
        assert enter(staff, one, person).status == 403
    assert connected.sql("SELECT name FROM staff") == [("ann",)]


# ---- one that answers what it should not ----

@functools.lru_cache(None)
def key_of(name):
    """Keys take long to make: none is before a test needs it."""
    return ec.generate_private_key(ec.SECP256R1()) if name == "EC" else rsa.generate_private_key(65537, 1024 if name == "weak" else 2048)


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def number(value, size=None):
    return base64url(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def jwk_numbers(key, private=False):
    if isinstance(key, rsa.RSAPrivateKey):
        public = key.public_key().public_numbers()
        return {"n": number(public.n), "e": number(public.e)}
    public = key.public_key().public_numbers()
    numbers = {"x": number(public.x, 32), "y": number(public.y, 32)}
    return {**numbers, "d": number(key.private_numbers().private_value, 32)} if private else numbers


def sign(claims, key=None, algorithm="RS256", header=None):
    key = key or key_of("RSA")
    head = {"alg": algorithm, "kid": "1", **(header or {})}
    text = base64url(json.dumps(head).encode()) + "." + base64url(json.dumps(claims).encode())
    if algorithm == "RS256":
        signature = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    elif algorithm == "ES256":
        signature = b"".join(value.to_bytes(32, "big") for value in utils.decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))))
    elif algorithm == "HS256":
        made = hmac.HMAC(key, hashes.SHA256())
        made.update(text.encode())
        signature = made.finalize()
    else:
        signature = b""
    return text + "." + base64url(signature)


class Hostile:
    """Answers as it is told: `discovery`, `token` and `keys` are functions of the honest answer; or bytes."""

    def __init__(self):
        self.asked, self.claims, self.token, self.discovery, self.keys = [], {}, None, {}, None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self, "")

            def do_POST(self):
                outer.answer(self, self.rfile.read(int(self.headers["Content-Length"])).decode())

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler, form):
        path = handler.path
        self.asked.append((path, form, handler.headers.get("Authorization")))
        honest = {"/.well-known/openid-configuration": {
            "issuer": self.issuer, "authorization_endpoint": self.issuer + "/auth", "token_endpoint": self.issuer + "/token",
            "jwks_uri": self.issuer + "/keys", "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256"], **self.discovery},
            "/keys": self.keys if self.keys is not None else {"keys": [{"kty": "EC", "crv": "P-256", "kid": "1", **jwk_numbers(key_of("EC"))},
                                            {"kty": "RSA", "kid": "1", "use": "sig", **jwk_numbers(key_of("RSA"))}]},
            "/token": {"access_token": "x", "token_type": "Bearer", "id_token": self.token or ""}}
        body = self.special(path, handler) if self.special else None
        if body is None:
            body = json.dumps(honest.get(path, {})).encode()
            self.send(handler, 200, body)

    special = None

    @staticmethod
    def send(handler, status, body, **headers):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        try:
            handler.wfile.write(body)
        except OSError:
            pass

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def hostile():
    one = Hostile()
    yield one
    one.stop()


def honest_claims(hostile, url):
    now = int(time.time())
    return {"iss": hostile.issuer, "aud": "newsletter:1", "sub": "1", "nonce": query_of(url)["nonce"], "iat": now, "exp": now + 300,
            "preferred_username": "ann"}


def attempt(staff, hostile, change=lambda claims: claims, **signing):
    """Logs in with claims that `change` makes of honest ones."""
    url, cookie = go(staff)
    hostile.token = sign(change(honest_claims(hostile, url)), **signing)
    return come_back(staff, cookie, code="c", state=query_of(url)["state"])


@pytest.mark.slow(4)
def test_tokens_that_are_none(begun, hostile):
    staff = begun(hostile.issuer)
    assert attempt(staff, hostile).status == 200
    asked = [one for one in hostile.asked if one[0] == "/token"][0]
    form = dict(urllib.parse.parse_qsl(asked[1]))
    assert form["code"] == "c" and len(form["code_verifier"]) == 43 and form["redirect_uri"] == BACK and "client_secret" not in form
    user, password = base64.b64decode(asked[2].split()[1]).decode().split(":")
    assert (urllib.parse.unquote(user), urllib.parse.unquote(password)) == ("newsletter:1", SECRET)
    assert attempt(staff, hostile, key=key_of("EC"), algorithm="ES256").status == 200
    now = int(time.time())
    wrong = [lambda c, k=key, v=value: {**c, k: v} for key, value in (
        ("nonce", "other"), ("nonce", ""), ("nonce", None), ("iss", "https://evil.example"), ("iss", None), ("aud", "other"), ("aud", ["other"]),
        ("aud", ["newsletter:1", "other"]), ("azp", "other"), ("aud", None), ("exp", now - 1000), ("exp", "soon"), ("exp", None), ("exp", 1e300),
        ("iat", now + 10000), ("nbf", now + 10000), ("sub", ""), ("sub", 7), ("preferred_username", ""), ("preferred_username", ["ann"]),
        ("preferred_username", "ann\x00x"), ("preferred_username", "x" * 300), ("preferred_username", "' OR 1=1"))]
    for change in wrong:
        assert attempt(staff, hostile, change).status == 403, hostile.token
    both = attempt(staff, hostile, lambda c: {**c, "aud": ["other", "newsletter:1"], "azp": "newsletter:1"})
    assert both.status == 200
    for signing in ({"key": key_of("other")}, {"algorithm": "none"}, {"algorithm": "None"}, {"algorithm": "HS256", "key": b"x"},
                    {"algorithm": "HS256", "key": jwk_numbers(key_of("RSA"))["n"].encode()}, {"header": {"crit": ["x"]}}, {"header": {"kid": "2"}},
                    {"algorithm": "RS384"}, {"algorithm": "ES256", "key": ec.generate_private_key(ec.SECP256R1())}):
        assert attempt(staff, hostile, **signing).status == 403, signing
    hostile.keys = {"keys": [{"kty": "RSA", **jwk_numbers(key_of("weak"))}]}
    assert attempt(staff, hostile, key=key_of("weak")).status == 403
    for keys in ({}, {"keys": 7}, {"keys": [7, {}, {"kty": "RSA"}, {"kty": "RSA", "n": "!", "e": "AQAB"}]}, {"keys": [{"kty": "oct", "k": "eA"}]}):
        hostile.keys = keys
        assert attempt(staff, hostile).status == 403, keys
    hostile.keys = None
    for token in ("", "x", "x.y", "x.y.z", "....", "x" * 40000, ".".join([base64url(b"{}")] * 3), sign({})[:-10], "é.é.é"):
        url, cookie = go(staff)
        hostile.token = token
        assert come_back(staff, cookie, code="c", state=query_of(url)["state"]).status == 403, token[:50]
    log = staff.stop()
    assert SECRET not in log and "eyJ" not in log


@pytest.mark.slow(1)
def test_answers_that_are_none(begun, hostile):
    """States of others, used ones and none; another provider's answer; a refusal."""
    staff = begun(hostile.issuer)
    url, cookie = go(staff)
    state = query_of(url)["state"]
    hostile.token = sign(honest_claims(hostile, url))
    other_url, other_cookie = go(staff)
    tokens = len([one for one in hostile.asked if one[0] == "/token"])
    for wrong, query in ((other_cookie, {"state": state}), (None, {"state": state}), (cookie, {}), (cookie, {"state": ""}),
                         (cookie, {"state": query_of(other_url)["state"]}), (cookie, {"state": state[:-1] + ("y" if state[-1] == "x" else "x")}), (cookie, {"state": "x" * 5000}),
                         ("__Host-newsletter-openid=" + "x" * 500, {"state": state}), ("__Host-newsletter-openid=", {"state": state})):
        assert come_back(staff, wrong, code="c", **query).status == 403, query
    assert len([one for one in hostile.asked if one[0] == "/token"]) == tokens  # nobody was asked
    assert come_back(staff, cookie, code="c", state=state, iss="https://evil.example").status == 403
    assert come_back(staff, cookie, code="c", state=state).status == 403  # the state is used
    for query in ({"error": "access_denied\n<b>"}, {}, {"code": ""}, {"code": "x" * 5000}):
        url, cookie = go(staff)
        answer = come_back(staff, cookie, state=query_of(url)["state"], **query)
        assert answer.status == 403 and "<b>" not in answer.text and "access_denied" not in answer.text
    hostile.discovery = {"authorization_response_iss_parameter_supported": True}
    for extra, status in (({}, 403), ({"iss": hostile.issuer}, 200)):
        url, cookie = go(staff)
        hostile.token = sign(honest_claims(hostile, url))
        assert come_back(staff, cookie, code="c", state=query_of(url)["state"], **extra).status == status
    assert staff.post("/login/openid", {}).status == 404 == staff.post("/login/openid/back", {}).status
    assert staff.get("/login/openid/other").status == 303


@pytest.mark.slow(12)
def test_providers_that_are_none(begun, hostile, connected):
    """Addresses elsewhere, redirects, huge, slow and broken answers: the login page says so, and goes on."""
    other = Hostile()
    staff = begun(hostile.issuer)
    for wrong in ({"issuer": "https://evil.example"}, {"issuer": hostile.issuer + "/"}, {"token_endpoint": "http://example.org/token"},
                  {"token_endpoint": "file:///etc/passwd"}, {"token_endpoint": "http://10.0.0.1/"}, {"jwks_uri": None}, {"jwks_uri": 7},
                  {"token_endpoint": f"http://u:p@127.0.0.1:{hostile.server.server_port}/token"}, {"authorization_endpoint": "javascript:alert(1)"},
                  {"id_token_signing_alg_values_supported": ["none", "HS256"]}, {"response_types_supported": ["id_token"]},
                  {"code_challenge_methods_supported": ["plain"]}):
        hostile.discovery = wrong
        answer = staff.get("/login/openid", **elsewhere())
        assert answer.status == 403 and answer.getheader("Location") is None and 'role="alert"' in answer.text, wrong
    # another host within our network, which only the provider has named
    hostile.discovery = {"jwks_uri": "https://localhost:9/keys"}
    assert attempt(staff, hostile).status == 502
    hostile.discovery = {}

    def redirected(path, handler):
        if path == "/token":
            Hostile.send(handler, 302, b"", Location=other.issuer + "/token")
            return True
        return None

    def huge(path, handler):
        if path != "/keys":
            return None
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(10000):
                handler.wfile.write(b'{"keys": [], "x": "' + b"x" * 65536)
        except OSError:
            pass
        return True

    for special in (redirected, huge, lambda path, handler: path == "/token" and (Hostile.send(handler, 500, b"{}") or True) or None,
                    lambda path, handler: path == "/token" and (Hostile.send(handler, 200, b"[]") or True) or None,
                    lambda path, handler: path == "/token" and (Hostile.send(handler, 200, b'{"id_token": 1, "id_token": 2}') or True) or None):
        hostile.special = special
        assert attempt(staff, hostile).status in (403, 502)
    assert other.asked == []  # no redirect was followed, so nothing was told there

    def slow(path, handler):
        if path != "/token":
            return None
        time.sleep(60)
        return True
    hostile.special = slow
    waiting = threading.Thread(target=lambda: results.append(attempt(staff, hostile).status))
    results = []
    waiting.start()
    assert staff.get("/login").status == 200  # nobody else waits
    waiting.join(60)
    assert results == [502]
    hostile.special = None
    assert attempt(staff, hostile).status == 200
    other.stop()
    hostile.stop()
    assert staff.get("/login/openid", **elsewhere()).status == 502 and staff.login().status == 303
    hostile.__init__()


def test_guesses_are_limited(begun, hostile):
    staff = begun(hostile.issuer)
    seen = [staff.get("/login/openid/back?code=x&state=y").status for _ in range(30)]
    assert seen[0] == 403 and seen[-1] == 429


# ---- the configuration ----

@pytest.mark.slow(1)
def test_settings(connected, hostile):
    def check(expect, words="", **openid):
        connected.configure(staff={"listen": "127.0.0.1:0", "url": "https://staff.example.org"}, openid=openid)
        run = connected.run("doctor", expect=None)
        assert (run.returncode == 78) == (expect == 78) and words in run.err + run.out, run.err + run.out
    good = {"issuer": hostile.issuer, "client_id": "newsletter"}
    check(0, "the identity provider http://127.0.0.1", **good)
    check(78, "openid.issuer is not an https URL", **{**good, "issuer": "http://id.example.org"})
    check(78, "openid.issuer is not an https URL", **{**good, "issuer": "https://id.example.org/?x"})
    check(78, "openid.client_id", issuer=hostile.issuer)
    check(78, "openid.domain", **good, claim="email")
    check(78, "openid.domain", **good, domain="example.org")
    check(78, "openid.role", **good, role="administrator")
    check(78, "allow_networks", **good, allow_networks="all of them")
    hostile.discovery = {"issuer": "https://other.example"}
    check(0, "openid.issuer must be that", **good)
    hostile.discovery = {}
    check(0, "client_secret", **good, client_secret_file="nosuch")
    hostile.keys = {"keys": []}
    check(0, "no keys", **good)
