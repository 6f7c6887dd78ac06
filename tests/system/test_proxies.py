"""Behind the web servers that Debian has, each with the configuration in contrib/: who the visitor is, and that no
request hides within another."""
import os
import re
import shutil
import socket
import subprocess

import pytest
from conftest import TOP, wait_for
from webserver import WebServer

pytestmark = pytest.mark.one_engine("the engine makes no difference")

VISITOR = "127.0.0.2"  # which the server does not trust, while it trusts the proxy at 127.0.0.1


def read(*path):
    with open(os.path.join(TOP, "contrib", *path), encoding="utf-8") as source:
        return source.read()


def nginx(folder, port, behind):
    text = read("nginx", "newsletter.conf")
    text = re.sub(r"^ *(ssl_certificate.*|listen \[::\].*)\n", "", text, flags=re.M).replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    text = text.replace("127.0.0.1:8025", f"127.0.0.1:{behind}").replace("/var/log/nginx/newsletter.log", f"{folder}/access")
    path = os.path.join(folder, "nginx.conf")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    with open(path, "w", encoding="utf-8") as out:
        out.write(f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log {folder}/errors;\nevents {{}}\nhttp {{\n"
                  f"{temporary}map $request_uri $loggable {{ ~token= 0; default 1; }}\n{text}}}\n")
    return ["nginx", "-p", folder, "-c", path]


def haproxy(folder, port, behind):
    text = re.sub(r"bind .*", f"bind 127.0.0.1:{port}", read("haproxy", "newsletter.cfg")).replace(":8025", f":{behind}")
    path = os.path.join(folder, "haproxy.cfg")
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return ["haproxy", "-db", "-f", path]


def caddy(folder, port, behind):
    text = read("caddy", "Caddyfile").replace("news.example.org {", f"http://:{port} {{\n\tbind 127.0.0.1").replace(":8025", f":{behind}")
    path = os.path.join(folder, "Caddyfile")
    with open(path, "w", encoding="utf-8") as out:
        out.write("{\n\tadmin off\n\tauto_https off\n}\n" + text)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", path]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


@pytest.fixture(params=[nginx, haproxy, caddy], ids=["nginx", "haproxy", "caddy"])
def front(request, connected, tmp_path_factory):
    """The server, the port of the proxy in front of it, and its process."""
    if not shutil.which(request.param.__name__):
        pytest.skip("not installed")
    folder = str(tmp_path_factory.mktemp("proxy"))
    connected.configure(serve={"url": "http://127.0.0.1", "trusted_proxies": "127.0.0.1", "check_forms": False})
    http = WebServer(os.environ.get("NEWSLETTER", os.path.join(TOP, "build/src/newsletter")), connected.folder, "--no-mail")
    port = free_port()
    log = open(os.path.join(folder, "said"), "wb")  # pylint: disable=consider-using-with
    proxy = subprocess.Popen(request.param(folder, port, http.port), stdout=log, stderr=log,
                             env={**os.environ, "HOME": folder, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder})
    try:
        wait_for(lambda: answers(port))
        yield http, port
    finally:
        proxy.terminate()
        proxy.wait(timeout=30)
        log.close()
        if http.process.poll() is None:
            http.stop()


def say(port, data):
    """Sends bytes as a visitor, and returns the head of the first answer, or b"" if there is none."""
    with socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(VISITOR, 0)) as client:
        client.sendall(data)
        received = b""
        try:
            while b"\r\n\r\n" not in received and (part := client.recv(65536)):
                received += part
        except OSError:
            pass
        return received


def join(port, address, *lines):
    body = f"email={address.replace('@', '%40')}&list=bulletin"
    head = ["POST /join HTTP/1.1", "Host: x", "Connection: close", f"Content-Length: {len(body)}",
            "Content-Type: application/x-www-form-urlencoded", *lines]
    with socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(VISITOR, 0)) as client:
        client.sendall(("\r\n".join(head) + "\r\n\r\n" + body).encode())
        received = b""
        while part := client.recv(65536):
            received += part
        return received


def test_the_visitor_is_the_one_whom_the_proxy_saw(front, connected):
    _, port = front
    forged = (["X-Forwarded-For: 6.6.6.6"], ["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 127.0.0.1"],
              ["Forwarded: for=6.6.6.6"], ["X-Forwarded-For: 127.0.0.1, 127.0.0.1", "Forwarded: for=127.0.0.1"],
              ["X_Forwarded_For: 6.6.6.6", "x-forwarded-for:6.6.6.6"])
    for number, lines in enumerate(forged):
        assert b" 200 " in join(port, f"r{number}@example.org", *lines).split(b"\r\n")[0]
    assert connected.sql("SELECT count(*), min(consent_ip), max(consent_ip) FROM subscription") == [
        (len(forged), VISITOR, VISITOR)]


def test_no_request_hides_within_another(front):
    http, port = front
    hidden = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    end = "0\r\n\r\n"
    short, whole = f"Content-Length: {len(end)}", f"Content-Length: {len(end + hidden)}"
    for head in (f"{short}\r\n{whole}", f"{whole}\r\n{short}", f"{whole}\r\nTransfer-Encoding: chunked",
                 f"Transfer-Encoding: chunked\r\n{whole}", whole.replace(":", " :"), f"{whole}\r\nTransfer-Encoding : chunked",
                 f"{whole}\r\nTransfer-Encoding: xchunked", f"{whole}\r\nTransfer-Encoding:\x0bchunked",
                 f"X: y\r\n Transfer-Encoding: chunked\r\n{whole}", whole.replace(": ", ": +"),
                 f"Content-Length: {hex(len(end + hidden))}", f"X: y\n{whole}\r\n{short}"):
        # The body of the first request holds the second: one that is answered by itself was not hidden.
        say(port, (f"POST /confirm HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n{end}{hidden}").encode())
        assert b" 200 " in say(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").split(b"\r\n")[0], head
    log = http.stop()
    assert "/healthz" in log
    # The proxy itself may take what follows a whole request for the next one, which is right; then it asks for it
    # on the visitor's behalf. What must not be is a request that only our side saw.
    for line in log.splitlines():
        assert "smuggled" not in line or VISITOR in line, line
