"""The PROXY protocol: the visitor's address from proxies that pass on bytes, and from nobody else."""
import glob
import os
import re
import socket
import struct
import subprocess

import pytest
from conftest import BINARY, wait_for
from test_proxies import answers, free_port
from webserver import WebServer

pytestmark = pytest.mark.one_engine("the engine makes no difference")

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
VISITOR = "203.0.113.9"
ASK = b"GET /robots.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
STREAM = glob.glob("/usr/lib/nginx/modules/ngx_stream_module.so")


def header(address=VISITOR, command=1, values=b"", family=0x11):
    addresses = socket.inet_aton(address) + socket.inet_aton("127.0.0.1") + struct.pack(">HH", 4660, 443) + values
    return SIGNATURE + bytes([0x20 | command, family]) + struct.pack(">H", len(addresses)) + addresses


@pytest.fixture
def web(connected):
    connected.configure(serve={"url": "http://127.0.0.1", "trusted_proxies": "127.0.0.1", "check_forms": False,
                               "proxy_protocol": True})
    started = WebServer(BINARY, connected.folder, "--no-mail")
    yield started
    if started.process.poll() is None:
        started.stop()


def say(port, data, source="127.0.0.1"):
    """The answer to these bytes; b"" if the connection is closed without one."""
    with socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0)) as client:
        received = b""
        try:
            client.sendall(data)
            while part := client.recv(65536):
                received += part
        except ConnectionError:
            pass
        return received


def visitors(log):
    return re.findall(r"GET /robots\.txt 200 (\S+)", log)


@pytest.mark.parametrize("begin, visitor", [
    (header(), VISITOR),
    (header(values=b"\x02\0\x05x.org\x20\0\x03\x01\0\0"), VISITOR),
    (header(command=0), "127.0.0.1"),
    (SIGNATURE + b"\x20\0\0\0", "127.0.0.1"),
    (SIGNATURE + b"\x21\x21\0\x24" + socket.inet_pton(socket.AF_INET6, "2001:db8::7") * 2 + b"\0\1\0\2", "2001:db8::7"),
    (b"PROXY TCP4 203.0.113.9 127.0.0.1 4660 443\r\n", VISITOR),
    (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
], ids=["v2", "values", "local", "bare", "v6", "v1", "unknown"])
def test_the_visitor_is_the_one_in_the_header(web, begin, visitor):
    assert b" 200 " in say(web.port, begin + ASK)
    assert visitors(web.stop())[0] == visitor


def test_claims_of_the_visitor_do_not_count(web):
    say(web.port, header() + ASK.replace(b"Host", b"X-Forwarded-For: 6.6.6.6\r\nHost"))
    assert visitors(web.stop()) == [VISITOR]


def test_a_header_in_pieces(web):
    """One byte at a time; other connections do not wait for it."""
    with socket.create_connection(("127.0.0.1", web.port), timeout=30) as slow:
        for byte in header(values=b"\x04\0\x02ab"):
            slow.sendall(bytes([byte]))
        assert b" 200 " in say(web.port, header("203.0.113.10") + ASK)
        slow.sendall(ASK)
        received = b""
        while part := slow.recv(65536):
            received += part
        assert b" 200 " in received
    assert sorted(visitors(web.stop())) == ["203.0.113.10", VISITOR]


@pytest.mark.parametrize("begin", [
    b"", header()[:-1], SIGNATURE[:-1] + b"\r\x21\x11\0\x0c", SIGNATURE + b"\x21\x11\xff\xff" + b"x" * 70000,
    SIGNATURE + b"\x31\x11\0\x0c" + bytes(12), SIGNATURE + b"\x21\x12\0\x0c" + bytes(12), SIGNATURE + b"\x21\x21\0\x0c" + bytes(12),
    b"PROXY TCP4 203.0.113.9\r\n", b"PROXY TCP4 " + b"1" * 200, b"PROXY TCP4 203.0.113.9 127.0.0.1 99999 1\r\n", header() + header(),
], ids=["none", "short", "signature", "long", "version", "udp", "family", "words", "no end", "port", "twice"])
def test_wrong_headers_are_closed(web, begin):
    """A header that is short by a byte takes the first one of the request, which then is none."""
    assert b" 200 " not in say(web.port, begin + ASK)
    assert b" 200 " in say(web.port, header() + ASK)
    assert visitors(web.stop()) == [VISITOR]


def test_others_cannot_connect(web):
    """A stranger could name any address."""
    assert say(web.port, header() + ASK, source="127.0.0.2") == b""
    assert say(web.port, ASK, source="127.0.0.2") == b""
    log = web.stop()
    assert visitors(log) == [] and "127.0.0.2 is not one of a trusted proxy" in log and "6.6.6.6" not in log


@pytest.mark.slow(6)
def test_silence_is_bounded_and_keeps_nobody_out(web):
    """More silent connections than wait for a header at a time; each is closed in the end."""
    silent = [socket.create_connection(("127.0.0.1", web.port), timeout=60) for _ in range(300)]
    for client in silent:
        try:
            while client.recv(1024):
                pass
        except ConnectionError:
            pass
        client.close()
    assert b" 200 " in say(web.port, header() + ASK)


def test_it_needs_proxies(connected):
    connected.configure(serve={"url": "http://127.0.0.1", "proxy_protocol": True})
    assert "serve.trusted_proxies" in connected.run("serve", "--check", expect=78).err


def haproxy(folder, port, behind):
    path = os.path.join(folder, "haproxy.cfg")
    with open(path, "w", encoding="utf-8") as out:
        out.write(f"defaults\n mode tcp\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n"
                  f"frontend f\n bind 127.0.0.1:{port}\n default_backend b\nbackend b\n"
                  f" server s 127.0.0.1:{behind} send-proxy-v2 proxy-v2-options unique-id check inter 100\n")
    return ["haproxy", "-db", "-f", path]


def nginx(folder, port, behind):
    path = os.path.join(folder, "nginx.conf")
    with open(path, "w", encoding="utf-8") as out:
        out.write(f"load_module {STREAM[0]};\ndaemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log {folder}/errors;\n"
                  f"events {{}}\nstream {{ server {{ listen 127.0.0.1:{port}; proxy_pass 127.0.0.1:{behind}; proxy_protocol on; }} }}\n")
    return ["nginx", "-p", folder, "-c", path]


@pytest.mark.parametrize("command", [haproxy, nginx], ids=["haproxy", "nginx"])
def test_real_proxies(web, command, tmp_path_factory):
    """HAProxy writes version 2 and looks whether the server is there; nginx writes version 1."""
    if command is nginx and not STREAM:
        pytest.skip("nginx has no stream module here")
    folder, port = str(tmp_path_factory.mktemp("proxy")), free_port()
    with open(os.path.join(folder, "said"), "wb") as log, subprocess.Popen(command(folder, port, web.port), stdout=log, stderr=log) as proxy:
        try:
            wait_for(lambda: answers(port))
            wait_for(lambda: b" 200 " in say(port, ASK, source="127.0.0.2"))
            assert visitors(web.stop())[0] == "127.0.0.2"
        finally:
            proxy.terminate()
