"""Twenty thousand requests (a hundred with ./check --all) that nobody means well with: no crash, no leak, no answer of 500."""
import random
import re
import socket
import threading

import pytest
from conftest import ALL
from test_staff import StaffServer

pytestmark = [pytest.mark.slow(60), pytest.mark.one_engine("the engine makes no difference")]

LAST = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
REQUESTS, PER_CONNECTION, THREADS = 100000 if ALL else 20000, 50, 4

PATHS = ["/", "/join", "/confirm", "/unsubscribe", "/style.css", "/robots.txt", "/archive/", "/search",
         "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//", "/\u00e9", "/%ff%fe", "/join/", "/.git/config",
         "/confirm;x", "*", "http://evil.example/", "/healthz", "/wp-login.php", "/archive/bulletin/feed.atom",
         "/archive/bulletin/issue/x'%20OR%201=1/", "/archive/bulletin/2008/99/", "/archive/bulletin/search",
         "/preferences", "/page", "/address", "/login", "/logout", "/live.js", "/issue/1", "/issue/-1", "/list/bulletin",
         "/list/%2e%2e", "/api/v1/lists", "/api/v1/issues/1/deliveries", "/api/v1//", "/api/v1/openapi.json"]
VALUES = ["", "x", "ann@example.org", "' OR 1=1 --", "<script>alert(1)</script>", "%00", "%0d%0aX: y", "../..",
          "{{email}}", "\x01" "0\x02", "%F0%9F%92%A9", "%", "%zz", "a" * 3000, "-1", "99999999999999999999",
          "00000000-0000-4000-8000-000000000000", "\"*\"", "NEAR(", "%EF%BF%BF"]
NAMES = ["token", "email", "name", "list", "language", "q", "stamp", "website", "attribute.x", "attribute.", "",
         "List-Unsubscribe", "page", "__proto__", "a[]", "%00", "action", "sure", "new_address", "csrf", "password", "limit", "after", "before", "seconds", "state"]
HEADERS = ["Accept-Language: ru;q=9e99, *;q=x", "Accept-Language: " + "x," * 400, "X-Forwarded-For: ::1, x",
           "Cookie: a=b", "Cookie: __Host-newsletter=x; ;=;", "Authorization: Bearer x", "Authorization: Basic !",
           "Origin: null", "Sec-Fetch-Site: cross-site", "Range: bytes=0-1", "Expect: 100-continue", "Host: evil", "If-None-Match: *",
           "Content-Type: multipart/form-data; boundary=xx", "Content-Type: text/xml", "X: \xff\xfe",
           "Accept-Encoding: gzip, br", "Connection: upgrade", "Upgrade: websocket"]


def pairs(choice):
    return "&".join(f"{choice.choice(NAMES)}={choice.choice(VALUES)}" for _ in range(choice.randint(0, 4)))


def request(choice):
    """One that the parser of HTTP takes, so that ours has to deal with it."""
    query = pairs(choice)
    path = choice.choice(PATHS) + ("?" + query if query and choice.random() < .7 else "")
    path = re.sub(r"[\x00-\x20]", lambda found: f"%{ord(found.group()):02x}", path)
    headers = "".join(f"{line}\r\n" for line in choice.sample(HEADERS, choice.randint(0, 3)))
    headers = headers.replace("Expect: 100-continue\r\n", "") if choice.random() < .9 else headers
    if choice.random() < .5:
        body = pairs(choice)
        kind = "" if "Content-Type" in headers else "Content-Type: application/x-www-form-urlencoded\r\n"
        return (f"POST {path} HTTP/1.1\r\nHost: x\r\n{kind}{headers}Content-Length: "
                f"{len(body.encode('utf-8'))}\r\n\r\n{body}").encode("utf-8")
    method = choice.choice(["GET", "GET", "HEAD", "DELETE", "BREW"])
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode("utf-8")


def garbage(choice, good):
    """One that no parser should take."""
    data = bytearray(good)
    for _ in range(choice.randint(1, 8)):
        at = choice.randrange(len(data))
        kind = choice.randrange(3)
        if kind == 0:
            data[at] = choice.randrange(256)
        elif kind == 1:
            del data[at:at + choice.randint(1, 40)]
        else:
            data[at:at] = bytes(choice.randrange(256) for _ in range(choice.randint(1, 40)))
        data = data or bytearray(b"\r\n")
    return bytes(data)


def converse(port, data, patience):
    """Sends all and returns the statuses of what comes back until nothing does for a while."""
    received = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as client:
        def send():
            try:
                client.sendall(data)
            except OSError:
                pass  # it was cut off, as it deserves

        sender = threading.Thread(target=send)
        sender.start()
        try:
            while part := client.recv(1 << 16):
                received += part
        except OSError:
            pass
        client.close()
        sender.join()
    return re.findall(rb"HTTP/1\.[01] (\d\d\d) ", bytes(received))


def test_many_requests(connected):
    connected.configure(serve={"url": "https://news.example.org", "check_forms": False, "log": False,
                               "joins_per_hour": 1000000})
    connected.add_active(["ann@example.org"])
    connected.configure(staff={"listen": "127.0.0.1:0"})
    http = StaffServer(connected.folder, "--no-mail")
    statuses, problems = [], []

    def attack(seed):
        choice = random.Random(seed)
        try:
            while len(statuses) < REQUESTS and not problems:
                port = choice.choice([http.port, http.public])
                batch = [request(choice) for _ in range(PER_CONNECTION)]
                statuses.extend(converse(port, garbage(choice, batch[0]), .2))
                statuses.extend(converse(port, b"".join(batch) + LAST, 10))
        except Exception as problem:  # a thread's failure is the test's
            problems.append(problem)

    threads = [threading.Thread(target=attack, args=(seed,)) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    http.port = http.public
    answers = http.get("/healthz").text
    state = connected.sql("SELECT state FROM subscription WHERE id = 1")
    log = re.sub(r"newsletter: a login from 127\.0\.0\.1 failed\n", "", http.stop())
    log = re.sub(r"newsletter: the form's attributes .* are left out: list them under forms\n", "", log)
    assert "newsletter: " not in log, log[:2000]  # nor anything to be ashamed of
    assert not [status for status in statuses if status[:1] == b"5"], set(statuses)
    assert {b"200", b"400", b"404", b"405"} <= set(statuses)
    assert answers == "ok\n" and state == [("active",)]
