"""Encryption, verification and login, against a real server and real certificates."""
import os
import shutil
import subprocess

import certificates
import pytest
from conftest import BINARY, MailServer

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
    return site.run(*args, "send", site.issue(), expect=expect, env=env)


@pytest.mark.parametrize("implicit, security", [(False, "starttls"), (True, "tls")])
def test_trusted(site, secure, tls, implicit, security):
    server = secure(certificate=tls[1], key=tls[2], implicit_tls=implicit)
    send(site, server, security=security, ca_file=tls[0])
    assert server.count() == 1


@pytest.mark.parametrize("implicit, security", [(False, "starttls"), (True, "tls")])
def test_untrusted_is_refused_by_default(site, secure, tls, implicit, security):
    server = secure(certificate=tls[1], key=tls[2], implicit_tls=implicit)
    result = send(site, server, expect=69, security=security)
    assert "not trusted" in result.err
    assert server.count() == 0 and site.states() == {"queued": 1}
    site.configure(smtp={"verify": False})
    site.run("send", os.path.join(site.folder, "issue.md"))
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
    assert "not trusted" in result.err and server.count() == 0


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
    """What a shell's <(pass show smtp) hands over: a pipe."""
    server = secure(certificate=tls[1], key=tls[2], users={"press": "sesame"})
    reader, writer = os.pipe()
    os.write(writer, b"sesame\n")
    os.close(writer)
    site.configure(port=server.port, smtp={"security": "starttls", "ca_file": tls[0],
                                           "username": "press"})
    site.add_active(["ann@example.org"])
    run = site.popen("--password-file", f"/dev/fd/{reader}", "send", site.issue(),
                     pass_fds=(reader,))
    run.communicate(timeout=30)
    os.close(reader)
    assert run.returncode == 0 and server.count() == 1


def test_wrong_password_pauses(site, secure, tls):
    server = secure(certificate=tls[1], key=tls[2], users={"press": "sesame"})
    site.write("password", "wrong")
    result = send(site, server, expect=69, security="starttls", ca_file=tls[0], username="press",
                  password_file="password")
    assert "refuses the login" in result.err and "wrong" not in result.err.split("login")[0]
    assert site.sql("SELECT state FROM issue") == [("paused",)]
    site.write("password", "sesame")
    site.run("send", os.path.join(site.folder, "issue.md"))
    assert server.count() == 1


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
        site.run("send", site.issue())
        server.shutdown()
    assert seen == [b"user=press@example.org\x01auth=Bearer ya29.token\x01\x01"]
