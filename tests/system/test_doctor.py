"""newsletter doctor: the installation, a real relay, and a real name server on loopback."""
import http.server
import json
import os
import shutil
import ssl
import threading

import certificates
import nameserver
import pytest
from conftest import MailServer

pytestmark = [
    pytest.mark.skipif(not nameserver.available(), reason="needs dnsmasq"),
    pytest.mark.one_engine("the engine makes no difference")]

ORIGIN = "192.0.2.25"
# One of our own, should this test run more than once at a time.
ADDRESS = f"127.77.{os.getpid() >> 8 & 127}.{os.getpid() % 250 + 1}"
SPF = f"v=spf1 ip4:{ORIGIN} -all"
DMARC = "v=DMARC1; p=quarantine; rua=mailto:dmarc@example.org"
RECORDS = {
    "txt": {"example.org": [SPF], "_dmarc.example.org": [DMARC]},
    "mx": {"example.org": ["mx.example.org"]},
    "a": {"mx.example.org": "192.0.2.9", "mail.example.org": ORIGIN},
    "ptr": {ORIGIN: "mail.example.org"},
}


@pytest.fixture
def names():
    started = []

    def start(**changes):
        records = {kind: {**RECORDS[kind], **changes.get(kind, {})} for kind in RECORDS}
        records = {kind: {name: value for name, value in entries.items() if value is not None}
                   for kind, entries in records.items()}
        started.append(nameserver.NameServer(**records))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def healthy(connected, signing_key):
    """Signs with a key whose record is in `record`."""
    path, connected.record = signing_key
    shutil.copy(path, os.path.join(connected.folder, "dkim.key"))
    connected.configure(dkim={"selector": "s1", "key_file": "dkim.key"})
    connected.signed = {"s1._domainkey.example.org": [connected.record], **RECORDS["txt"]}
    return connected


def examine(site, names, *args, origin=ORIGIN, expect=None, **changes):
    server = names(**changes)
    args = [*args, *(["--origin", origin] if origin else [])]
    result = site.run("doctor", "--json", "--name-servers", server.address, *args, expect=expect)
    assert result.returncode in (0, 65), (result.out, result.err)
    return {(item["level"], item["rule"]): item["text"] for item in json.loads(result.out)
            if item["rule"] != "placeholders" and (item["level"] != "ok" or item["rule"] not in (
                "files", "config", "database", "templates", "relay"))}


@pytest.mark.slow(1)
def test_all_is_well(healthy, names):
    server = names(txt=healthy.signed)
    result = healthy.run("doctor", "--name-servers", server.address, "--origin", ORIGIN)
    # The tests' own names are those of examples.
    lines = [line for line in result.out.splitlines() if not line.endswith("[placeholders]")]
    assert all(line.startswith("ok: ") for line in lines)
    for rule in ("config", "files", "database", "relay", "templates", "spf", "dkim", "dmarc", "mx",
                 "mta-sts", "ptr"):
        assert any(line.endswith(f"[{rule}]") for line in lines), rule
    assert "SPF of example.org allows 192.0.2.25 to send" in result.out


@pytest.mark.parametrize("records, level, said", [
    (None, "error", "is missing"),
    ([SPF, "v=spf1 -all"], "error", "is broken"),
    (["v=spf1 +all"], "error", "allows everybody to send"),
    ([f"v=spf1 ip4:{ORIGIN} ?all"], "warning", "does not say who may not"),
    ([f"v=spf1 ip4:{ORIGIN}"], "warning", "does not say who may not"),
    (["v=spf1 ip4:192.0.2.99 ~all"], "error", "does not allow 192.0.2.25"),
    (["v=spf1 include:nowhere.example.org -all"], "error", "is broken"),
    (["v=spf1 ipv4:192.0.2.25 -all"], "error", "is broken"),
    (["v=spf1 " + " ".join(f"a:h{i}.example.org" for i in range(11)) + " -all"], "error", "is broken"),
], ids=["none", "two", "all", "neutral", "open end", "other address", "dead include", "typing error",
        "too many"])
def test_spf(healthy, names, records, level, said):
    found = examine(healthy, names, txt={**healthy.signed, "example.org": records})
    assert said in found[level, "spf"]
    assert {key for key in found if key[0] != "ok"} == {(level, "spf")}


def test_spf_by_name_and_include(healthy, names):
    txt = {**healthy.signed, "example.org": ["v=spf1 mx include:relay.example.net -all"],
           "relay.example.net": ["v=spf1 a:mail.example.org ?all"]}
    assert ("error", "spf") not in examine(healthy, names, txt=txt, expect=0)


@pytest.mark.parametrize("change, level, said", [
    (lambda record: None, "error", "there is no record at s1._domainkey.example.org"),
    (lambda record: [record.replace("p=MII", "p=MIJ")], "error", "is not the one we sign with"),
    (lambda record: ["v=DKIM1; k=rsa; p="], "error", "is revoked"),
    (lambda record: ["v=DKIM1"], "error", "has no key"),
    (lambda record: [record, record + ";"], "error", "2 records"),
    (lambda record: [record + "; t=y"], "warning", "being tested"),
    (lambda record: [record.replace("p=", "p = ").replace("; ", ";")], "ok", "published"),
], ids=["none", "other", "revoked", "no key", "two", "testing", "spaces"])
def test_dkim(healthy, names, change, level, said):
    txt = {**healthy.signed, "s1._domainkey.example.org": change(healthy.record)}
    found = examine(healthy, names, txt=txt)
    assert said in found[level, "dkim"]
    if level == "error" and "revoked" not in said:
        assert healthy.record in found[level, "dkim"] or "records" in said
    assert not any(key[0] != "ok" and key[1] != "dkim" for key in found)


@pytest.mark.parametrize("records, level, said", [
    (None, "error", "there is no DMARC record"),
    (["v=spf1 -all"], "error", "there is no DMARC record"),
    (["v=DMARC10; p=reject"], "error", "there is no DMARC record"),
    ([DMARC, DMARC + ";"], "error", "2 DMARC records"),
    (["v=DMARC1; p=all; rua=mailto:x@example.org"], "error", "has no policy"),
    (["v=DMARC1; p=none"], "warning", "asks for no reports"),
    (["v = DMARC1 ;p = quarantine;rua=mailto:x@example.org"], "ok", "is p=quarantine"),
    (["p=quarantine; v=DMARC1; rua=mailto:x@example.org"], "error", "there is no DMARC record"),
], ids=["none", "other", "version", "two", "policy", "reports", "spaces", "order"])
def test_dmarc(healthy, names, records, level, said):
    found = examine(healthy, names, txt={**healthy.signed, "_dmarc.example.org": records})
    assert said in found[level, "dmarc"]


def test_dmarc_of_the_domain_above(healthy, names):
    healthy.run("list", "edit", "bulletin", "--from", "Press <press@news.example.org>")
    healthy.configure(dkim={"selector": "s1", "key_file": "dkim.key", "domain": "example.org"})
    found = examine(healthy, names, txt=healthy.signed, mx={"news.example.org": ["mx.example.org"]})
    assert found["ok", "dmarc"] == "DMARC of example.org is p=quarantine"


@pytest.mark.parametrize("changes, level, said", [
    ({"mx": {"example.org": None}}, "error", "neither MX nor address"),
    ({"mx": {"example.org": None}, "a": {"example.org": "192.0.2.9"}}, "warning", "only an address"),
    ({"a": {"mx.example.org": None}}, "error", "has no address"),
], ids=["none", "address", "dead host"])
def test_mx(healthy, names, changes, level, said):
    found = examine(healthy, names, txt=healthy.signed, **changes)
    assert said in found[level, "mx"]


@pytest.mark.parametrize("changes, said", [
    ({"ptr": {ORIGIN: None}, "a": {"mail.example.org": None}}, "has no name in the DNS"),
    ({"a": {"mail.example.org": "192.0.2.26"}}, "does not lead back"),
], ids=["none", "one way"])
def test_ptr(healthy, names, changes, said):
    assert said in examine(healthy, names, txt=healthy.signed, **changes)["error", "ptr"]


def test_the_origin_is_found_by_the_name_we_greet_with(healthy, names):
    healthy.configure(smtp={"helo": "mail.example.org"})
    found = examine(healthy, names, txt=healthy.signed, origin=None)
    assert ORIGIN in found["ok", "ptr"] and ORIGIN in found["ok", "spf"]


def test_check_asks_the_dns_as_well(healthy, names):
    path = healthy.issue("Words and more words about ferries and harbours. " * 5 + "\n", preheader="x")
    server = names(txt=healthy.signed)
    args = ("check", path, "--json", "--dns", "--name-servers", server.address)
    assert {item["level"] for item in json.loads(healthy.run(*args).out)} <= {"ok", "warning"}
    server = names(txt={**healthy.signed, "_dmarc.example.org": None})
    args = (*args[:-1], server.address)
    assert ("error", "dmarc") in {(item["level"], item["rule"])
                                  for item in json.loads(healthy.run(*args, expect=65).out)}


def test_no_name_server_answers(healthy, names):
    server = names()
    server.process.kill()
    server.process.wait()
    result = healthy.run("doctor", "--name-servers", server.address, expect=65)
    assert "check whether the name server answers" in result.out and "SPF of example.org is broken" in result.out
    assert "list of name servers" in healthy.run("doctor", "--name-servers", "nonsense", expect=64).err


class Policy(http.server.BaseHTTPRequestHandler):
    text = b""
    code = 200

    def do_GET(self):  # noqa: N802
        self.send_response(self.code if self.path == "/.well-known/mta-sts.txt" else 404)
        self.send_header("Content-Length", str(len(self.text)))
        self.end_headers()
        self.wfile.write(self.text)

    def log_message(self, *args):
        pass


@pytest.fixture
def policy(tmp_path):
    """Serves an MTA-STS policy where RFC 8461 wants it: port 443, here of an address of our own."""
    authority, certificate, key = certificates.make(str(tmp_path), "mta-sts.example.org")
    handler = type("Handler", (Policy,), {})
    try:
        server = http.server.ThreadingHTTPServer((ADDRESS, 443), handler)
    except PermissionError:
        pytest.skip("port 443 may not be used")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    handler.authority = authority
    yield handler
    server.shutdown()
    server.server_close()
    thread.join()


GOOD = b"version: STSv1\r\nmode: enforce\r\nmx: *.example.org\r\nmax_age: 86400\r\n"


@pytest.mark.parametrize("text, code, level, said", [
    (GOOD, 200, "ok", "MTA-STS of example.org: mode enforce"),
    (GOOD.replace(b"*.", b"mx."), 200, "ok", "mode enforce"),
    (GOOD.replace(b"*.example.org", b"other.example.org"), 200, "error", "does not name its MX mx.example.org"),
    (GOOD.replace(b"*.example.org", b"*.org"), 200, "error", "does not name its MX"),
    (b"<html>", 200, "error", "is not valid"),
    (GOOD, 404, "error", "answers 404"),
    (GOOD + b"x" * 70000, 200, "error", "cannot be fetched"),
], ids=["wildcard", "exact", "other host", "too wide", "html", "404", "huge"])
def test_mta_sts(healthy, names, policy, text, code, level, said):
    policy.text, policy.code = text, code
    found = examine(healthy, names, "--ca-file", policy.authority,
                    txt={**healthy.signed, "_mta-sts.example.org": ["v=STSv1; id=1"]},
                    a={"mta-sts.example.org": ADDRESS})
    assert said in found[level, "mta-sts"]


@pytest.mark.slow(1)
def test_mta_sts_needs_a_certificate_and_a_host(healthy, names, policy):
    policy.text = GOOD
    txt = {**healthy.signed, "_mta-sts.example.org": ["v=STSv1; id=1"]}
    found = examine(healthy, names, txt=txt, a={"mta-sts.example.org": ADDRESS})
    assert "cannot be fetched" in found["error", "mta-sts"]
    assert "has no address" in examine(healthy, names, txt=txt)["error", "mta-sts"]
    twice = {**txt, "_mta-sts.example.org": ["v=STSv1; id=1", "v=STSv1; id=2"]}
    assert "2 records" in examine(healthy, names, txt=twice)["error", "mta-sts"]


# ---- the installation itself ----

def local(site, expect=65):
    out = site.run("doctor", "--local", "--json", expect=expect).out
    return {(item["level"], item["rule"]): item["text"] for item in json.loads(out) if item["rule"] != "placeholders"}


def test_local_asks_nobody(healthy):
    healthy.configure(smtp={"port": 9})
    assert all(level == "ok" for level, _ in local(healthy, expect=0))


def test_secrets_that_others_may_read(healthy):
    os.chmod(healthy.database, 0o644)
    assert "chmod 600" in local(healthy)["error", "files"]
    os.chmod(healthy.database, 0o600)
    healthy.write("password", "x")
    healthy.configure(smtp={"username": "u", "password_file": "password"})
    os.chmod(os.path.join(healthy.folder, "password"), 0o640)
    assert "password_file" in local(healthy)["error", "files"]
    healthy.configure(smtp={"password_file": "nothing"})
    assert "cannot be read" in local(healthy)["error", "files"]
    os.chmod(os.path.join(healthy.folder, "dkim.key"), 0o644)
    assert "dkim.key" in local(healthy)["error", "dkim"]


def test_configuration(healthy):
    healthy.configure(confirm_url="http://www.example.org/c?token={token}", bounce_address=None,
                      smtp={"host": "mail.example.org"})
    found = local(healthy)
    assert "in the clear" in found["error", "config"]
    assert "bounce_address" in found["warning", "config"]
    out = healthy.run("doctor", "--local", expect=65).out
    assert "confirm_url is not https" in out
    healthy.configure(smtp={"security": "tls", "verify": False})
    assert "verify: false" in local(healthy)["error", "config"]
    healthy.configure(unsubscribe_url=None)
    assert "unsubscribe_url is not set" in healthy.run("doctor", "--local", expect=65).out


def test_templates_that_do_not_compose(healthy):
    os.mkdir(os.path.join(healthy.folder, "look"))
    healthy.write("look/welcome.txt", "Subject: x\n\n{{nosuch}}\n")
    healthy.configure(templates="look")
    assert "welcome.txt:3: unknown variable nosuch" in local(healthy)["error", "templates"]


def test_a_damaged_database(healthy):
    healthy.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    pages = healthy.sql("SELECT rootpage FROM sqlite_schema WHERE name = 'event_by_time'")
    size = healthy.sql("PRAGMA page_size")[0][0]
    healthy.sql("PRAGMA journal_mode = DELETE")
    with open(healthy.database, "r+b") as file:
        file.seek((pages[0][0] - 1) * size)
        file.write(b"\x0a\x00\x00\x00\x05" + bytes(40))
    assert "restore it from a backup" in local(healthy)["error", "database"]


def test_cron_that_does_not_run_and_what_is_paused(healthy, server):
    server.handler.tempfail.add("ann@example.org")
    healthy.add_active(["ann@example.org"])
    healthy.run("send", "--yes", healthy.issue())
    healthy.sql("UPDATE delivery SET next_attempt_at = 1")
    assert "let cron run" in local(healthy)["error", "retry"]
    healthy.run("pause", "No 1")
    assert "newsletter resume no-1" in local(healthy, expect=0)["warning", "paused"]


@pytest.mark.slow(1)
def test_the_relay(healthy, names, tmp_path):
    server = names(txt=healthy.signed)
    args = ("--name-servers", server.address, "--origin", ORIGIN)
    authority, certificate, key = certificates.make(str(tmp_path))
    secure = MailServer(str(tmp_path / "secure"), certificate=certificate, key=key,
                        users={"press": "secret"})
    try:
        healthy.write("password", "secret\n")
        os.chmod(os.path.join(healthy.folder, "password"), 0o600)
        healthy.configure(port=secure.port, smtp={"security": "starttls", "ca_file": authority,
                                                  "username": "press", "password_file": "password"})
        out = healthy.run("doctor", *args).out
        assert "takes our mail (STARTTLS, logged in as press" in out
        healthy.write("password", "wrong\n")
        out = healthy.run("doctor", *args, expect=65).out
        assert "[relay]" in next(line for line in out.splitlines() if "535" in line.replace(healthy.folder, ""))
        os.unlink(os.path.join(healthy.folder, "password"))
        out = healthy.run("doctor", *args, expect=65).out
        assert "password" in next(line for line in out.splitlines() if "[relay]" in line)
        assert "[ptr]" in out  # the rest was looked at
        healthy.configure(smtp={"username": None, "password_file": None, "ca_file": None})
        out = healthy.run("doctor", *args, expect=65).out
        assert "certificate" in next(line for line in out.splitlines() if "[relay]" in line)
    finally:
        secure.stop()


def test_a_new_installation(bare_site):
    bare_site.run("init")
    assert "there is no list yet" in bare_site.run("doctor", "--local").out


@pytest.mark.slow(1)
def test_work_that_nobody_starts(connected):
    """cron's work and the reader of bounces are judged by when they last ran."""
    def told():
        return connected.run("doctor", "--local", expect=None).out

    assert "has never run" not in told() and "has ever read" not in told()  # nothing was sent yet
    connected.add_active(["ann@example.org"])
    connected.run("send", "--yes", connected.issue())
    assert "has never run" not in told()  # cron has had no time
    connected.sql("UPDATE delivery SET updated_at = updated_at - 100000")
    assert "'newsletter retry' has never run" in told()
    assert "nothing has ever read mail to bounces@example.org" in told()
    connected.run("retry")
    connected.run("bounce", stdin=b"From: x@example.org\nSubject: hello\n\nhello\n", expect=None)
    assert "ran within the last hour" in told() and "has ever read" not in told()
    connected.configure(fetch={"host": "127.0.0.1", "username": "b", "password_file": "/dev/null"})
    connected.sql("UPDATE setting SET value = CAST(CAST(value AS BIGINT) - 100000 AS TEXT) WHERE key LIKE 'ran:%'")
    assert "'newsletter retry' last ran 27 hours ago" in told() and "was last read 27 hours ago" in told()


@pytest.mark.one_engine("SQLite's lock is a file")
def test_a_lock_of_somebody_else(connected):
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    connected.run("retry")
    assert "does not belong" not in connected.run("doctor", "--local", expect=None).out
    os.chown(connected.database + ".lock", 65534, 65534)
    told = connected.run("doctor", "--local", expect=None)
    assert told.returncode != 0 and "newsletter.db.lock does not belong to the owner" in told.out
