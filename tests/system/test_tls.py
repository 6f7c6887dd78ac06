"""Encryption, verification and login, against a real server and real certificates."""
import os
import re
import shutil
import ssl
import subprocess

import certificates
import pytest
from conftest import BINARY, MailServer
from scripted import scripted  # noqa: F401

pytestmark = pytest.mark.one_engine("the engine makes no difference")


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    return certificates.make(str(tmp_path_factory.mktemp("tls")))


@pytest.fixture
def secure(tmp_path):
    started = []

    def start(**options):
        started.append(MailServer(str(tmp_path / f"mail{len(started)}"), **options))
        return started[-1]

    yield start
    for server in started:
        server.stop()


def send(site, server, expect=0, env=None, args=(), **smtp):
    site.configure(port=server.port, smtp={"connections": 2, **smtp})
    site.add_active(["ann@example.org"])
    return site.run(*args, "send", "--yes", site.issue(), expect=expect, env=env)


@pytest.mark.parametrize("implicit, security", [(False, "starttls"), (True, "tls")])
def test_trusted(site, secure, tls, implicit, security):
    server = secure(certificate=tls[1], key=tls[2], implicit_tls=implicit)
    send(site, server, security=security, ca_file=tls[0])
    assert server.count() == 1


@pytest.mark.parametrize("implicit, security", [(False, "starttls"), (True, "tls")])
@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_further_connections_resume_the_session(site, secure, tls, implicit, security, newest):
    """Only the first one pays for the whole handshake."""
    server = secure(certificate=tls[1], key=tls[2], implicit_tls=implicit, newest_tls=newest)
    site.add_active([f"user{n}@example.org" for n in range(5)])
    send(site, server, security=security, ca_file=tls[0], connections=1, per_connection=1)
    assert server.handler.resumed == [False] + 5 * [True]


def renewed(site, server, **smtp):
    """Sends two messages, each over a connection of its own."""
    site.add_active(["bob@example.org"])
    return send(site, server, security="starttls", connections=1, per_connection=1, **smtp)


def at_the_first_message(change):
    """Calls `change` while the first message is with the server."""
    done = []

    def answer(stage, recipient):
        del recipient
        if stage == "dot" and not done:
            done.append(stage)
            change()

    return answer


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_one_read_for_a_reply(site, secure, tls):
    """A second one for each, which finds nothing, was a fiftieth of what a message costs."""
    server = secure(certificate=tls[1], key=tls[2])
    people = [f"r{number}@example.org" for number in range(60)]
    site.add_active(people)
    site.configure(port=server.port, smtp={"connections": 1, "security": "starttls", "ca_file": tls[0]})
    result = subprocess.run(["strace", "-f", "-c", "-U", "calls,name", "-e", "trace=recvfrom", BINARY, "send", "--yes",
                             site.issue()], cwd=site.folder, capture_output=True, text=True, check=True,
                            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})  # it cannot look for leaks under strace
    reads = int(re.search(r"(\d+) recvfrom", result.stderr).group(1))
    assert server.count() == len(people)
    assert len(people) < reads < 5.5 * len(people), result.stderr  # MAIL, RCPT, DATA and the dot


def test_trust_is_read_once(site, scripted, tls, tmp_path):
    """The file is gone by the time of the second connection."""
    authority = shutil.copy(tls[0], str(tmp_path / "authority.pem"))
    server = scripted(certificate=tls[1], key=tls[2], answer=at_the_first_message(lambda: os.remove(authority)))
    renewed(site, server, ca_file=authority)
    assert len(server.received) == 2 and not os.path.exists(authority)


@pytest.mark.parametrize("name", ["127.0.0.1", "other.example"])
def test_every_connection_is_verified(site, scripted, tls, tmp_path, name):
    """A server that has another certificate by the time of the second connection gets no second message: neither with
    one of another authority, nor with one of the same for another name."""
    authority, certificate, key = certificates.make(str(tmp_path), name)
    both = tmp_path / "both.pem"
    with open(tls[0], encoding="ascii") as first, open(authority, encoding="ascii") as second:
        both.write_text(first.read() + (second.read() if name != "127.0.0.1" else ""))
    server = scripted(certificate=tls[1], key=tls[2])

    def change():
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(certificate, key)

    server.answer = at_the_first_message(change)
    result = renewed(site, server, expect=69, ca_file=str(both))
    assert len(server.received) == 1 and site.states() == {"sent": 1, "queued": 1}
    assert ("not trusted" if name == "127.0.0.1" else "is for other.example") in result.err


def test_ca_file_without_a_certificate(site, secure, tls):
    server = secure(certificate=tls[1], key=tls[2])
    result = send(site, server, expect=78, security="starttls", ca_file=tls[2])
    assert "holds no certificate" in result.err and server.count() == 0


@pytest.mark.parametrize("implicit, security", [(False, "starttls"), (True, "tls")])
def test_untrusted_is_refused_by_default(site, secure, tls, implicit, security):
    server = secure(certificate=tls[1], key=tls[2], implicit_tls=implicit)
    result = send(site, server, expect=69, security=security)
    assert "not trusted" in result.err
    assert server.count() == 0 and site.states() == {"queued": 1}
    site.configure(smtp={"verify": False})
    site.run("send", "--yes", os.path.join(site.folder, "issue.md"))
    assert server.count() == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount other authorities for one process")
def test_an_authority_that_is_named_is_the_only_one(site, secure, tls, tmp_path):
    """The system's own authorities are trusted as long as no ca_file is named, and no longer."""
    other = tmp_path / "other"
    other.mkdir()
    authority, certificate, key = certificates.make(str(other))
    system = tmp_path / "system"
    system.mkdir()
    shutil.copy(authority, system / "ca.pem")
    subprocess.run(["openssl", "rehash", system], check=True)
    mounted = f'mount --bind {system} /etc/ssl/certs && exec "$@"'
    if subprocess.run(["unshare", "--mount", "bash", "-c", mounted, "bash", "true"],
                      capture_output=True, check=False).returncode != 0:
        pytest.skip("may not mount")
    server = secure(certificate=certificate, key=key)
    site.add_active(["ann@example.org"])

    def send(ca_file):
        site.configure(port=server.port, smtp={"security": "starttls", "ca_file": ca_file})
        return subprocess.run(["unshare", "--mount", "bash", "-c", mounted, "bash", BINARY, "send", "--yes",
                               site.issue()], cwd=site.folder, capture_output=True, timeout=60, check=False)

    named = send(tls[0])
    assert named.returncode == 69 and b"not trusted" in named.stderr and server.count() == 0
    unnamed = send(None)
    assert unnamed.returncode == 0 and server.count() == 1, unnamed.stderr


def test_name_must_match(site, secure, tmp_path):
    authority, certificate, key = certificates.make(str(tmp_path), "other.example")
    server = secure(certificate=certificate, key=key)
    result = send(site, server, expect=69, security="starttls", ca_file=authority)
    assert "is for other.example, not for 127.0.0.1: set smtp.host" in result.err and server.count() == 0
    assert "ca_file" not in result.err.split("not for 127.0.0.1")[1]


@pytest.mark.parametrize("days, said", [
    (("20200101000000Z", "20210102000000Z"), "expired on 2021-01-02: its operator must renew it"),
    (("20900101000000Z", "20910101000000Z"), "is not valid before 2090-01-01: check this machine's clock"),
])
@pytest.mark.parametrize("trusted", [True, False])
def test_time_of_a_certificate(site, secure, tmp_path, days, said, trusted):
    authority, certificate, key = certificates.make(str(tmp_path), days=days)
    server = secure(certificate=certificate, key=key)
    more = {"ca_file": authority} if trusted else {}
    result = send(site, server, expect=69, security="starttls", **more)
    assert said in result.err and "ca_file" not in result.err
    assert site.states() == {"queued": 1}


def test_unknown_authority_is_named(site, secure, tls):
    server = secure(certificate=tls[1], key=tls[2])
    result = send(site, server, expect=69, security="starttls")
    assert "issued by an authority that is not trusted here, Test authority: name that" in result.err
    assert "smtp.ca_file" in result.err


def test_self_signed(site, secure, tls):
    """The authority's own certificate and key serve as those of a server that signed for itself."""
    folder = os.path.dirname(tls[0])
    server = secure(certificate=tls[0], key=os.path.join(folder, "ca.key"))
    result = send(site, server, expect=69, security="starttls")
    assert "is self-signed" in result.err and "smtp.ca_file" in result.err
    assert "not for 127.0.0.1" in result.err  # both at once


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_protocol_too_old(site, tls, scripted):
    server = scripted(certificate=tls[1], key=tls[2])
    server.context.minimum_version = ssl.TLSVersion.TLSv1
    server.context.maximum_version = ssl.TLSVersion.TLSv1
    server.context.set_ciphers("ALL:@SECLEVEL=0")
    result = send(site, server, expect=75, security="starttls", ca_file=tls[0])
    assert "speaks no TLS 1.2 or newer" in result.err and not server.received
    assert site.states() == {"queued": 1}


def test_no_tls_where_it_is_expected(site, scripted):
    result = send(site, scripted(), expect=75, security="tls")
    assert "there is no TLS at this port: check smtp.port and smtp.security" in result.err


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("security", ["starttls", "none"])
@pytest.mark.parametrize("flood", ["replies", "reply", "line"])
@pytest.mark.parametrize("stage", ["EHLO", "MAIL", "dot"])
def test_a_relay_that_never_ends_to_speak(site, scripted, tls, security, flood, stage):
    """None of it is kept: the connection ends, and with it the flood."""
    server = scripted(fault=(stage, flood), certificate=tls[1], key=tls[2])
    send(site, server, security=security, ca_file=tls[0], connections=1, expect=None)
    accepted = (stage, flood) == ("dot", "replies")  # the first of these accepts the message
    assert site.states() in ([{"sent": 1}] if accepted else [{"queued": 1}, {"deferred": 1}, {"unknown": 1}])
    assert server.faults > 0 and server.flooded < 64 << 20  # the buffers of sockets, a few times


def test_no_starttls_no_mail(site, secure):
    server = secure()
    result = send(site, server, expect=69, security="starttls")
    assert "STARTTLS" in result.err and server.count() == 0


@pytest.mark.parametrize("auth", ["auto", "plain", "login"])
def test_login_with_password_from_file(site, secure, tls, auth):
    server = secure(certificate=tls[1], key=tls[2], users={"press": "sesame"})
    site.write("password", "sesame\r\n")
    send(site, server, security="starttls", ca_file=tls[0], username="press", auth=auth,
         password_file="password")
    assert server.count() == 1


def test_password_from_environment(site, secure, tls):
    server = secure(certificate=tls[1], key=tls[2], users={"press": "sesame"})
    send(site, server, security="starttls", ca_file=tls[0], username="press",
         password_env="SMTP_SECRET", env={"SMTP_SECRET": "sesame"})
    assert server.count() == 1


def test_password_from_the_output_of_a_command(site, secure, tls):
    """A shell's <(pass show smtp) hands over a pipe."""
    server = secure(certificate=tls[1], key=tls[2], users={"press": "sesame"})
    reader, writer = os.pipe()
    os.write(writer, b"sesame\n")
    os.close(writer)
    site.configure(port=server.port, smtp={"security": "starttls", "ca_file": tls[0],
                                           "username": "press"})
    site.add_active(["ann@example.org"])
    run = site.popen("--password-file", f"/dev/fd/{reader}", "send", "--yes", site.issue(),
                     pass_fds=(reader,))
    run.communicate(timeout=30)
    os.close(reader)
    assert run.returncode == 0 and server.count() == 1


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
def test_a_login_that_is_not_offered_is_an_error(site, secure, tls, security):
    """Nothing goes out without the login that was asked for, and the relay's test says the same."""
    server = secure(certificate=None if security == "none" else tls[1], key=tls[2], implicit_tls=security == "tls", login=False)
    site.write("password", "sesame")
    result = send(site, server, expect=69, security=security, ca_file=tls[0], username="press", password_file="password")
    assert "a username is set, and it offers no login (AUTH)" in result.err and "sesame" not in result.err, result.err
    assert ("without TLS" in result.err) == (security == "none")
    assert server.count() == 0 and site.states() == {"queued": 1} and site.sql("SELECT state FROM issue") == [("paused",)]
    assert "offers no login" in site.run("doctor", expect=None).out
    site.configure(smtp={"username": None, "password_file": None})
    site.run("resume", "no-1")
    assert server.count() == 1


def test_wrong_password_pauses(site, secure, tls):
    server = secure(certificate=tls[1], key=tls[2], users={"press": "sesame"})
    site.write("password", "wrong")
    result = send(site, server, expect=69, security="starttls", ca_file=tls[0], username="press",
                  password_file="password")
    assert "refuses the login" in result.err and "wrong" not in result.err.split("login")[0]
    assert site.sql("SELECT state FROM issue") == [("paused",)]
    site.write("password", "sesame")
    site.run("send", "--yes", os.path.join(site.folder, "issue.md"))
    assert server.count() == 1


@pytest.mark.parametrize("security", ["starttls", "none"])
@pytest.mark.parametrize("mechanisms, used", [
    ({"PLAIN": "accept"}, ["PLAIN"]),
    ({"LOGIN": "accept"}, ["LOGIN"]),
    ({"CRAM-MD5": "accept"}, ["CRAM-MD5"]),
    ({"PLAIN": "refuse", "LOGIN": "accept"}, ["PLAIN", "LOGIN"]),
    ({"PLAIN": "disconnect", "LOGIN": "accept"}, ["PLAIN", "LOGIN"]),
    ({"PLAIN": "challenge", "LOGIN": "accept"}, ["PLAIN", "LOGIN"]),
    ({"DIGEST-MD5": "challenge", "NTLM": "challenge", "GSSAPI": "refuse", "LOGIN": "accept"}, ["LOGIN"]),
    ({"NTLM": "disconnect", "DIGEST-MD5": "disconnect", "PLAIN": "accept"}, ["PLAIN"]),
    ({"X-OWN": "refuse", "SCRAM-SHA-256": "challenge", "PLAIN": "accept"}, ["PLAIN"]),
    ({"PLAIN": "refuse", "LOGIN": "refuse", "CRAM-MD5": "accept"}, None),
    ({"PLAIN": "disconnect", "LOGIN": "refuse", "CRAM-MD5": "accept"}, None),
])
def test_login_by_the_mechanism_that_works(site, scripted, tls, mechanisms, used, security):
    server = scripted(certificate=tls[1] if security == "starttls" else None, key=tls[2],
                      login=b"\0press\0sesame", mechanisms=mechanisms)
    site.write("password", "sesame")
    site.configure(smtp={"connections": 1})
    send(site, server, security=security, ca_file=tls[0], username="press", password_file="password", connections=1)
    assert server.received == ["ann@example.org"]
    if used is not None:
        assert server.tried == used
    assert mechanisms[server.tried[-1]] == "accept"


@pytest.mark.parametrize("mechanisms, said", [
    ({"PLAIN": "refuse"}, "refuses the login by PLAIN: check smtp.username and the password"),
    ({"LOGIN": "refuse", "PLAIN": "refuse"}, "refuses the login by PLAIN, LOGIN: check"),
    ({"LOGIN": "refuse", "CRAM-MD5": "refuse", "PLAIN": "refuse"}, "refuses the login by CRAM-MD5, PLAIN, LOGIN: check"),
    ({"GSSAPI": "refuse", "X-OWN": "refuse"}, "offers no login that we can use"),
])
def test_refused_logins_are_named(site, scripted, tls, mechanisms, said):
    server = scripted(certificate=tls[1], key=tls[2], login=b"\0press\0sesame", mechanisms=mechanisms)
    site.write("password", "wrong")
    result = send(site, server, expect=69, security="starttls", ca_file=tls[0], username="press",
                  password_file="password")
    assert said in result.err and site.states() == {"queued": 1}
    assert len(server.tried) <= 2 * len(mechanisms)  # for each connection, each mechanism once


def test_a_configured_mechanism_is_the_only_one(site, scripted, tls):
    server = scripted(certificate=tls[1], key=tls[2], login=b"\0press\0sesame",
                      mechanisms={"PLAIN": "refuse", "LOGIN": "accept"})
    site.write("password", "sesame")
    result = send(site, server, expect=69, security="starttls", ca_file=tls[0], username="press", auth="plain",
                  password_file="password", connections=1)
    assert "refuses the login by PLAIN" in result.err and server.tried == ["PLAIN"]


@pytest.mark.slow(1)
def test_a_login_refused_for_now_is_not_tried_otherwise(site, scripted, tls):
    server = scripted(certificate=tls[1], key=tls[2], login=b"\0press\0sesame",
                      mechanisms={"PLAIN": "refuse", "LOGIN": "accept"})
    server.refusal = "454 4.7.0 Temporary authentication failure"
    site.write("password", "sesame")
    result = send(site, server, expect=75, security="starttls", ca_file=tls[0], username="press",
                  password_file="password", connections=1)
    assert set(server.tried) == {"PLAIN"} and "for now" in result.err


TRACE = {"NEWSLETTER_TRACE": "smtp"}


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
@pytest.mark.parametrize("accepted", [True, False])
def test_trace_shows_everything_but_the_login(site, scripted, tls, mechanism, accepted):
    server = scripted(certificate=tls[1], key=tls[2], login=b"\0press.office\0s3same-open",
                      mechanisms={mechanism: "accept"})
    server.refusal = "535 5.7.8 Not s3same-0pen, press.office"
    site.write("password", "s3same-open" if accepted else "s3same-0pen")
    result = send(site, server, expect=0 if accepted else 69, security="starttls", ca_file=tls[0],
                  username="press.office", password_file="password", connections=1, env=TRACE)
    lines = [line for line in result.err.splitlines() if " smtp 1 127.0.0.1:" in line]
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z smtp 1 127\.0\.0\.1:\d+ ", line) for line in lines)
    text = "\n".join(line.split(" ", 4)[-1] for line in lines)
    for part in ("banner < 220 scripted.example ESMTP", "EHLO > EHLO ", "STARTTLS > STARTTLS", f"AUTH > AUTH {mechanism}"):
        assert part in text, (part, text)
    shown = result.err
    for secret in ("s3same", "press.office\\0", "czNzYW1l", "cHJlc3Mub2ZmaWNl", "AHByZXNz"):
        assert secret not in shown, (secret, shown)
    if accepted:
        for part in ("AUTH < 235 2.7.0 (hidden)", "-> idle", "idle -> MAIL: from <bounces+", "> to <ann@example.org>, ",
                     "MAIL -> RCPT: 250 2.1.0 Ok", "RCPT -> DATA: 250 2.1.5 Ok", "DATA -> the message: 354 Go ahead",
                     "the message -> the final dot", "the final dot -> idle: 250 2.0.0 Queued", "QUIT -> QUIT: 221"):
            assert part in text, (part, text)
    else:
        assert "AUTH < 535 5.7.8 (hidden)" in text and "-> closed: " in text


def test_trace_of_refusals_and_lost_connections(site, scripted):
    server = scripted(fault=("RCPT", "disconnect"))
    site.configure(smtp={"connections": 1})
    result = send(site, server, expect=None, env=TRACE, security="none")
    assert "RCPT -> closed: the server closed the connection" in result.err
    assert "the only trace is smtp" in site.run("retry", expect=64, env={"NEWSLETTER_TRACE": "sql"}).err


def test_no_password(site, secure):
    result = send(site, secure(), expect=78, username="press", security="starttls")
    assert "no password" in result.err


def test_password_never_in_the_clear(site):
    site.configure(smtp={"host": "mail.example.org", "security": "none", "username": "press"})
    assert "in the clear" in site.run("list", "show", expect=78).err


def test_xoauth2(site, tmp_path):
    """The token reaches the server as XOAUTH2 has it; no Debian server speaks it, so the scripted one
    listens."""
    import base64
    import socketserver
    import threading
    seen = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 x ESMTP\r\n")
            for line in self.rfile:
                verb = line[:4].upper()
                if verb == b"EHLO":
                    self.wfile.write(b"250-x\r\n250 AUTH XOAUTH2\r\n")
                elif verb == b"AUTH":
                    seen.append(base64.b64decode(line.split()[2]))
                    self.wfile.write(b"235 ok\r\n")
                elif verb == b"DATA":
                    self.wfile.write(b"354 go\r\n")
                    while self.rfile.readline() not in (b".\r\n", b""):
                        pass
                    self.wfile.write(b"250 ok\r\n")
                else:
                    self.wfile.write(b"250 ok\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        site.write("token", "ya29.token")
        site.configure(port=server.server_address[1], smtp={
            "username": "press@example.org", "auth": "xoauth2", "password_file": "token",
            "connections": 1})
        site.add_active(["ann@example.org"])
        site.run("send", "--yes", site.issue())
        server.shutdown()
    assert seen == [b"user=press@example.org\x01auth=Bearer ya29.token\x01\x01"]
