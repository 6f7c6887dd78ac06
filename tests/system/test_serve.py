"""newsletter serve: join, confirm, leave over HTTP."""
import concurrent.futures
import os
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import time
import urllib.parse

import certificates
import pytest
from conftest import BINARY, TOP, link, parse, wait_for
from webserver import WebServer


@pytest.fixture
def web(connected):
    """Starts the server; a form counts however it came, unless a test wants otherwise."""
    started = []

    def start(*args, serve=None, **settings):
        connected.configure(serve={"url": "https://news.example.org", "check_forms": False,
                                   "joins_per_hour": 1000000, **(serve or {})}, **settings)
        for name in ("confirm_url", "unsubscribe_url"):
            connected.settings.pop(name, None)
        connected.configure()
        started.append(WebServer(BINARY, connected.folder, *args))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.stop()


def path_of(message, word):
    """The address in a mail, as a path."""
    parts = urllib.parse.urlsplit(link(message, word))
    assert parts.scheme == "https" and parts.netloc == "news.example.org"
    return f"{parts.path}?{parts.query}"


def test_join_confirm_leave(web, connected, server):
    http = web(notices={"welcome": True}, forms={"city": {"label": "City"}})
    answer = http.post("/join", {"email": "Ann@example.org", "name": "Ann", "attribute.city": "Aktau"})
    assert answer.status == 200 and "Thank you." in answer.text
    wait_for(lambda: server.messages("Ann@example.org"))
    assert connected.sql("SELECT consent_ip, consent_source FROM subscription") == [("127.0.0.1", "web")]
    assert connected.sql("SELECT attributes FROM subscriber") == [('{"city":"Aktau"}',)]

    confirm = path_of(parse(server.messages("Ann@example.org")[0]), "confirm")
    page = http.get(confirm)
    assert page.status == 200 and "<form method=\"post\"" in page.text
    assert connected.sql("SELECT state FROM subscription") == [("pending",)]  # a scanner's visit
    key = confirm.split("token=")[1]
    done = http.post("/confirm", {"token": key})
    assert done.status == 200 and "is confirmed. Welcome!" in done.text
    assert connected.sql("SELECT state FROM subscription") == [("active",)]
    again = http.post("/confirm", {"token": key})  # a second click
    assert again.status == 200 and "You are subscribed to News Bulletin." in again.text
    assert "You are subscribed to News Bulletin." in http.get(confirm).text
    wait_for(lambda: len(server.messages("Ann@example.org")) == 2)

    leave = path_of(parse(server.messages("Ann@example.org")[1]), "unsubscribe")
    assert "<form method=\"post\"" in http.get(leave).text
    assert connected.sql("SELECT state FROM subscription") == [("active",)]
    one_click = http.post(leave, {"List-Unsubscribe": "One-Click"})  # RFC 8058
    assert one_click.status == 200 and one_click.getheader("Set-Cookie") is None
    assert one_click.getheader("Location") is None and "unsubscribed" in one_click.text
    assert connected.sql("SELECT state FROM subscription") == [("unsubscribed",)]
    assert http.post(leave, {"List-Unsubscribe": "One-Click"}).status == 200  # again is as good
    log = http.stop()
    assert key not in log and leave.split("token=")[1] not in log and "token" not in log
    assert "POST /confirm 200 127.0.0.1" in log


def test_one_click_as_multipart(web, connected):
    http = web("--no-mail")
    connected.add_active(["ann@example.org"])
    key = connected.sql("SELECT token FROM subscription")[0][0]
    body = ("--=_mark\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n"
            "--=_mark--\r\n")
    answer = http.request("POST", f"/unsubscribe?token={key}", body=body,
                          headers={"Content-Type": "multipart/form-data; boundary=\"=_mark\""})
    assert answer.status == 200
    assert connected.sql("SELECT state FROM subscription") == [("unsubscribed",)]


def test_the_same_answer_for_everybody(web, connected, server):
    http = web()
    connected.add_active(["known@example.org"])
    connected.run("suppress", "add", "blocked@example.org")
    answers = {re.sub(r"Date: .*", "", str(answer.getheaders()) + answer.text)
               for address in ("known@example.org", "blocked@example.org", "new@example.org")
               for answer in [http.post("/join", {"email": address})]}
    answers = {re.sub(r"'Date', '[^']*'", "", answer) for answer in answers}
    assert len(answers) == 1
    wait_for(lambda: server.messages("new@example.org") and server.messages("known@example.org"))
    assert parse(server.messages("known@example.org")[0])["Subject"] == "You are subscribed to News Bulletin"
    assert server.messages("blocked@example.org") == []


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("path", ["/confirm", "/unsubscribe"])
@pytest.mark.parametrize("key", ["", "x", "0" * 36, "00000000-0000-4000-8000-000000000000",
                                 "\"><script>alert(1)</script>", "%00", "é" * 200])
def test_bad_links_say_the_same(web, path, key):
    http = web("--no-mail")
    answer = http.post(path, {"token": key})
    assert answer.status == 404 and "This link does not work" in answer.text
    page = http.get(f"{path}?{urllib.parse.urlencode({'token': key})}")
    assert page.status == 200 and "<script>" not in page.text


@pytest.mark.parametrize("form", [{}, {"email": ""}, {"email": "nonsense"}, {"email": "a@b"},
                                  {"email": "ann@example.org\r\nBcc: x@example.org"}])
def test_no_address(web, connected, form):
    http = web("--no-mail")
    answer = http.post("/join", form)
    assert answer.status == 400 and "This is not an e-mail address" in answer.text
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)]


@pytest.mark.parametrize("field, value", [("name", "x" * 300), ("name", "a\nb"), ("language", "../.."),
                                          ("attribute.x", "y" * 2000)])
def test_bad_fields(web, connected, field, value):
    http = web("--no-mail", forms={"x": None})
    answer = http.post("/join", {"email": "ann@example.org", field: value})
    assert answer.status == 400 and "cannot be used" in answer.text
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)]


def test_robots_fill_in_what_people_do_not_see(web, connected):
    http = web("--no-mail")
    answer = http.post("/join", {"email": "ann@example.org", "website": "https://spam.example"})
    assert answer.status == 200 and "Thank you." in answer.text  # it learns nothing
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)]


@pytest.mark.slow
def test_a_form_takes_time_to_fill_in(web, connected):
    http = web("--no-mail", serve={"check_forms": True}, forms={"city": None})
    embedded = http.post("/join", {"email": "ann@example.org", "name": "Ann <3", "attribute.city": "A&B"})
    assert "press the button once more" in embedded.text
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', embedded.text))
    assert fields["email"] == "ann@example.org" and fields["name"] == "Ann &lt;3"
    assert fields["attribute.city"] == "A&amp;B"
    at_once = http.post("/join", {"email": "ann@example.org", "stamp": fields["stamp"]})
    assert "press the button once more" in at_once.text
    forged = str(int(fields["stamp"].split(".")[0]) - 100) + "." + fields["stamp"].split(".")[1]
    assert "once more" in http.post("/join", {"email": "ann@example.org", "stamp": forged}).text
    assert "once more" in http.post("/join", {"email": "ann@example.org", "stamp": "x"}).text
    assert connected.sql("SELECT count(*) FROM subscriber") == [(0,)]
    time.sleep(2.1)
    assert "Thank you." in http.post("/join", {"email": "ann@example.org", "stamp": fields["stamp"]}).text
    assert connected.sql("SELECT count(*) FROM subscriber") == [(1,)]


def test_many_from_one_network_must_wait(web, connected):
    http = web("--no-mail", serve={"joins_per_hour": 1, "trusted_proxies": "127.0.0.0/8"})

    def join(number, client):
        return http.post("/join", {"email": f"a{number}@example.org"}, **{"X-Forwarded-For": client})

    statuses = [join(i, f"198.51.100.{i}").status for i in range(12)]
    assert statuses == [200] * 10 + [429] * 2
    limited = join(99, "198.51.100.7")
    assert int(limited.getheader("Retry-After")) > 60 and "try again later" in limited.text
    assert join(50, "203.0.113.1").status == 200  # another network
    assert connected.sql("SELECT count(*) FROM subscriber") == [(11,)]


@pytest.mark.parametrize("trusted, header, client", [
    ("", "203.0.113.9", "127.0.0.1"),
    ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
    ("127.0.0.0/8 10.0.0.0/8", "1.2.3.4, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
    ("127.0.0.1", "1.2.3.4, 2001:db8::1", "2001:db8::1"),
    ("127.0.0.1", "nonsense", "127.0.0.1"),
    ("::1", "203.0.113.9", "127.0.0.1"),
], ids=["untrusted", "one", "chain", "v6", "nonsense", "other"])
def test_who_asks(web, connected, trusted, header, client):
    http = web("--no-mail", serve={"trusted_proxies": trusted})
    http.post("/join", {"email": "ann@example.org"}, **{"X-Forwarded-For": header})
    assert connected.sql("SELECT consent_ip FROM subscription") == [(client,)]


def test_languages(web, connected):
    http = web("--no-mail")
    assert "Подписаться на рассылку" in http.get("/join", **{"Accept-Language": "ru-RU,en;q=0.5"}).text
    assert "Таратылымға жазылу" in http.get("/join?language=kk", **{"Accept-Language": "ru"}).text
    assert "Join our email list" in http.get("/join", **{"Accept-Language": "de, xx;q=x"}).text
    page = http.post("/join", {"email": "ann@example.org"}, **{"Accept-Language": "fr;q=0.1, kk;q=0.9"})
    assert "Рақмет." in page.text and '<html lang="kk"' in page.text
    assert connected.sql("SELECT language FROM subscriber") == [("kk",)]


def test_any_number_of_languages(web, connected):
    """Each catalog that an operator adds is one more language; none of them ends the server."""
    tags = ["de", "fr", "es", "it", "pt", "nl", "pl", "cs", "sk", "hu", "ro", "bg", "uk", "be", "tr", "az",
            "uz", "ky", "tg", "tk", "mn", "ka", "hy", "he", "ar"]
    folder = os.path.join(connected.folder, "look")
    os.mkdir(folder)
    subprocess.run(["msgfmt", "--endianness=little", "-o", os.path.join(folder, "ru.mo"),
                    os.path.join(TOP, "po", "ru.po")], check=True)
    for tag in tags:
        shutil.copy(os.path.join(folder, "ru.mo"), os.path.join(folder, f"{tag}.mo"))
    http = web("--no-mail", templates="look")
    for tag in ["en", "ru", "kk", *tags, *tags, "xx"]:
        page = http.get(f"/join?language={tag}")
        assert page.status == 200 and f'<html lang="{"en" if tag == "xx" else tag}"' in page.text
    with open(os.path.join(folder, "ga.mo"), "wb") as broken:
        broken.write(b"not a catalog")
    for _ in range(2):
        assert http.get("/join?language=ga").status == 500
    assert http.get("/join?language=de").status == 200
    http.stop()


def test_each_notice_is_one_delivery_in_one_language(web, connected, server):
    http = web(notices={"welcome": True, "goodbye": True})
    for language in ("kk", "ru", "en"):
        http.post("/join", {"email": f"{language}@example.org"}, **{"Accept-Language": language})
    for language in ("kk", "ru", "en"):
        wait_for(lambda: server.messages(f"{language}@example.org"))
        key = path_of(parse(server.messages(f"{language}@example.org")[0]), "confirm").split("token=")[1]
        http.post("/confirm", {"token": key})
    for language in ("kk", "ru", "en"):
        wait_for(lambda: len(server.messages(f"{language}@example.org")) == 2)
        assert {parse(raw)["Content-Language"] for raw in server.messages(f"{language}@example.org")} == {language}
    assert connected.sql("SELECT kind, state, count(*) FROM delivery GROUP BY 1, 2 ORDER BY 1") == [
        ("confirmation", "sent", 3), ("welcome", "sent", 3)]


def test_many_notices_at_once(web, connected, server):
    http = web()
    for i in range(40):
        http.post("/join", {"email": f"a{i}@example.org"})
    wait_for(lambda: all(server.messages(f"a{i}@example.org") for i in range(40)))
    http.stop()
    assert all(len(server.messages(f"a{i}@example.org")) == 1 for i in range(40))


def test_several_lists(web, connected):
    connected.run("list", "add", "events", "--from", "events@example.org", "--title", "Events & more")
    http = web("--no-mail")
    page = http.get("/")
    assert 'value="events"> Events &amp; more' in page.text and 'value="bulletin"' in page.text
    assert "Events &amp; more" in http.get("/join?list=events").text
    assert http.post("/join", {"email": "ann@example.org", "list": "events"}).status == 200
    assert "Which one?" in http.post("/join", {"email": "ann@example.org", "list": "nosuch"}).text
    assert connected.sql("SELECT list FROM subscription") == [(2,)]


def test_below_a_path(web, connected, server):
    http = web(serve={"url": "https://www.example.org/news/"})
    page = http.get("/news/join").text
    assert 'action="/news/join"' in page and 'href="/news/style.css"' in page
    assert http.get("/news").status == 200 and http.get("/newsletter").status == 404
    assert http.post("/news/join", {"email": "ann@example.org"}).status == 200
    wait_for(lambda: server.messages("ann@example.org"))
    assert "https://www.example.org/news/confirm?token=" in server.messages("ann@example.org")[0].decode()


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
    assert http.post("/join", {f"f{i}": "" for i in range(100)}).status == 413
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


@pytest.mark.one_engine("SQLite has one writer")
def test_nobody_waits_long_for_a_writer(web, connected):
    http = web("--no-mail")
    writer = sqlite3.connect(connected.database, timeout=30, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        joining = pool.submit(http.post, "/join", {"email": "ann@example.org"})
        page = pool.submit(http.get, "/join")
        assert page.result(timeout=8).status == 200 and joining.result(timeout=8).status == 503
        for path in ("/style.css", "/join", "/archive/", "/unsubscribe?token=00000000-0000-4000-8000-000000000000"):
            assert pool.submit(http.get, path).result(timeout=8).status == 200, path
    assert joining.result().getheader("Retry-After")
    writer.execute("ROLLBACK")
    writer.close()
    assert http.post("/join", {"email": "ann@example.org"}).status == 200


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
