"""newsletter serve as an HTTP server: headers, sizes, slow clients, many connections, TLS, its sockets and its end."""
import concurrent.futures
import contextlib
import os
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import time

import certificates
import pytest
from conftest import BINARY, POSTGRESQL
from test_serve import web  # noqa: F401  (a fixture)


@pytest.mark.one_engine("the engine makes no difference")
def test_headers(web):
    http = web("--no-mail")
    for path, status in (("/join", 200), ("/nosuch", 404), ("/style.css", 200), ("/healthz", 200)):
        answer = http.get(path)
        assert answer.status == status
        policy = answer.getheader("Content-Security-Policy")
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert answer.getheader("X-Content-Type-Options") == "nosniff"
        assert answer.getheader("Referrer-Policy") == "no-referrer"
        assert answer.getheader("Set-Cookie") is None
        assert "style=" not in answer.text and "<script" not in answer.text
    assert http.get("/confirm?token=x").getheader("Cache-Control") == "no-store"
    assert http.get("/style.css").getheader("Content-Type") == "text/css; charset=utf-8"
    head = http.request("HEAD", "/join")
    assert head.status == 200 and head.text == "" and int(head.getheader("Content-Length")) > 500


@pytest.mark.one_engine("the engine makes no difference")
def test_methods(web):
    http = web("--no-mail")
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"):
        answer = http.request(method, "/join")
        assert answer.status == 405 and "GET" in answer.getheader("Allow")
    answer = http.request("POST", "/style.css", form={})
    assert answer.status == 405 and answer.getheader("Allow") == "GET, HEAD"


@pytest.mark.one_engine("the engine makes no difference")
def test_sizes(web, connected):
    http = web("--no-mail")
    assert http.post("/join", {"email": "x" * 70000}).status == 413
    assert http.post("/join", {f"f{i}": "" for i in range(401)}).status == 413
    chunks = b"POST /join HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n" \
             b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    chunks += b"1000\r\na=" + b"x" * 4094 + b"\r\n" + (b"1000\r\n" + b"x" * 4096 + b"\r\n") * 40 + b"0\r\n\r\n"
    assert b" 413 " in http.raw(chunks).split(b"\r\n")[0]
    long = http.raw(b"GET /" + b"x" * 40000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert long.split(b" ")[1] in (b"414", b"431") or long == b""
    many = b"".join(b"X-%d: y\r\n" % i for i in range(9000))
    assert b" 431 " in http.raw(b"GET / HTTP/1.1\r\nHost: x\r\n" + many + b"\r\n").split(b"\r\n")[0]
    assert http.request("POST", "/join", body="{}", headers={"Content-Type": "application/json"}).status == 415
    assert http.get("/join").status == 200
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)]


@pytest.mark.one_engine("the engine makes no difference")
def test_a_path_that_cannot_be_logged(web):
    http = web("--no-mail")
    assert http.get("/a%0aGET%20/evil%20200").status == 400
    assert "evil" not in http.stop()


@pytest.mark.slow(30)
@pytest.mark.one_engine("the engine makes no difference")
def test_a_request_that_never_ends_is_cut_off(web):
    http = web("--no-mail")
    with socket.create_connection(("127.0.0.1", http.port)) as slow:
        slow.sendall(b"GET /join HTTP/1.1\r\nHost: x\r\n")
        slow.settimeout(0.2)
        end = time.monotonic() + 90
        while time.monotonic() < end:
            try:
                slow.sendall(b"X: y\r\n")  # never idle
                if slow.recv(4096) == b"":
                    break
            except socket.timeout:
                time.sleep(1)
            except OSError:
                break
        else:
            raise AssertionError("it still listens")
    assert http.get("/join").status == 200


@pytest.mark.slow
@pytest.mark.one_engine("the engine makes no difference")
def test_a_thousand_connections(web):
    http = web("--no-mail")
    before = memory(http)
    held = [socket.create_connection(("127.0.0.1", http.port)) for _ in range(1000)]
    for connection in held:
        connection.sendall(b"GET /join HTTP/1.1\r\nHost: x\r\n")  # and no end
    assert http.get("/healthz").text == "ok\n"  # others are served meanwhile
    assert memory(http) - before < 64 << 20
    for connection in held:
        connection.close()
    assert http.get("/healthz").text == "ok\n"


def test_one_network_does_not_get_all_places(web):
    own = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=True).stdout.split()
    own = [ip for ip in own if "." in ip]
    if not own:
        pytest.skip("this machine has no address but loopback")
    http = web("--no-mail", "--listen", "0.0.0.0:0")
    held = [socket.create_connection((own[0], http.port)) for _ in range(140)]
    for connection in held:
        connection.settimeout(20)
    assert http.get("/healthz").text == "ok\n"  # over loopback
    kept = 0
    for connection in held:
        try:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            kept += b"200 OK" in connection.recv(4096)
        except OSError:
            pass
        connection.close()
    assert kept == 100


@contextlib.contextmanager
def another_writes(site):
    """Somebody else holds the lock that everybody who writes needs."""
    if POSTGRESQL:
        import psycopg2
        writer = psycopg2.connect(site.database)
        writer.cursor().execute("SELECT pg_advisory_xact_lock(hashtext('newsletter ' || current_schema()), 0)")
    else:
        writer = sqlite3.connect(site.database, timeout=30, isolation_level=None, check_same_thread=False)
        writer.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        writer.rollback()
        writer.close()


def test_pages_do_not_wait_for_a_writer(web, connected):
    http = web("--no-mail")
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        with another_writes(connected):
            joining = [pool.submit(http.post, "/join", {"email": f"{name}@example.org"})
                       for name in ("ann", "bob", "cyd")]
            for path in ("/style.css", "/join", "/archive/", "/healthz",
                         "/unsubscribe?token=00000000-0000-4000-8000-000000000000"):
                assert http.get(path).status == 200, path
            assert not any(answer.done() for answer in joining)
        assert [answer.result().status for answer in joining] == [200] * 3
    assert connected.sql("SELECT count(*) FROM subscription WHERE state = 'pending'") == [(3,)]


def memory(http):
    with open(f"/proc/{http.process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) << 10


def test_it_ends_when_all_is_answered(web, connected):
    http = web("--no-mail")
    body = b"email=late%40example.org"
    with socket.create_connection(("127.0.0.1", http.port)) as client:
        client.sendall(b"POST /join HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n"
                       b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" % len(body) + body)
        http.process.send_signal(signal.SIGTERM)
        assert b" 200 OK" in client.recv(65536)
    http.process.wait(timeout=60)
    assert connected.sql("SELECT count(*) FROM subscriber") == [(1,)]
    http.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", http.port))


@pytest.mark.slow(1)
def test_a_mail_is_not_lost_when_it_ends(web, connected, server):
    http = web()
    for i in range(20):
        assert http.post("/join", {"email": f"a{i}@example.org"}).status == 200
    http.stop()
    connected.run("retry")
    assert all(len(server.messages(f"a{i}@example.org")) == 1 for i in range(20))


def test_tls(web, connected, tmp_path):
    authority, certificate, key = certificates.make(str(tmp_path))
    http = web("--no-mail", serve={"certificate": certificate, "key": key})
    context = ssl.create_default_context(cafile=authority)
    with socket.create_connection(("127.0.0.1", http.port)) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert client.version() in ("TLSv1.2", "TLSv1.3")
            assert b"200 OK" in client.recv(4096)
    http.stop()
    connected.configure(serve={**connected.settings["serve"], "certificate": key, "key": certificate})
    assert "serve.certificate" in connected.run("serve", expect=78).err


def test_the_socket_of_systemd(web, connected):
    web("--no-mail").stop()  # writes the configuration
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        script = 'exec 3<&"$1"; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$2" serve --no-mail'
        process = subprocess.Popen(["bash", "-c", script, "-", str(listener.fileno()), BINARY],
                                   cwd=connected.folder, pass_fds=[listener.fileno()],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert str(listener.getsockname()[1]) in process.stdout.readline()
        with socket.create_connection(listener.getsockname()) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert b"200 OK" in client.recv(4096)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=30)[0] == "" and process.returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_becomes_somebody_else(web, connected):
    import pwd
    nobody = pwd.getpwnam("nobody")
    os.chmod(os.path.dirname(connected.folder), 0o755)
    for name in (connected.folder, *(os.path.join(connected.folder, file)
                                     for file in os.listdir(connected.folder))):
        os.chown(name, nobody.pw_uid, nobody.pw_gid)
    http = web("--no-mail", serve={"user": "nobody"})
    with open(f"/proc/{http.process.pid}/status", encoding="ascii") as status:
        assert re.search(rf"^Uid:(\s+{nobody.pw_uid}){{4}}$", status.read(), re.M)
    assert http.post("/join", {"email": "ann@example.org"}).status == 200
    http.stop()
    connected.configure(serve={**connected.settings["serve"], "user": "no-such-user"})
    assert "no user" in connected.run("serve", "--listen", "127.0.0.1:0", expect=78).err


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("serve, said", [
    ({"listen": "nowhere"}, "serve.listen"),
    ({"listen": "192.0.2.1:80"}, "cannot listen"),
    ({"url": "ftp://x"}, "serve.url"),
    ({"url": "https://x.example.org/?a"}, "serve.url"),
    ({"trusted_proxies": "10.0.0.0/99"}, "serve.trusted_proxies"),
    ({"certificate": "x"}, "go together"),
])
def test_bad_configuration(connected, serve, said):
    connected.configure(serve={"url": "https://news.example.org", **serve})
    assert said in connected.run("serve", expect=78).err


@pytest.mark.one_engine("about SQLite's own files")
def test_busy_and_broken_databases_tell_nothing(web, connected):
    http = web("--no-mail")
    connected.sql("DROP TABLE event")
    answer = http.post("/join", {"email": "ann@example.org"})
    assert answer.status == 500 and "event" not in answer.text and "our side" in answer.text
    assert "no such table" in http.stop()
