"""Links in mails work whatever mail programs, forwarders and people make of them, and one click needs no body."""
import re
import socket
import urllib.parse

import pytest
from conftest import parse, token, wait_for
from test_serve import path_of, web  # noqa: F401  (a fixture)


def secret_of(site):
    site.add_active(["ann@example.org"])
    return site.sql("SELECT token FROM subscription")[0][0]


# The path and query of the request as they arrive.
MANGLED = {
    "as sent": "/unsubscribe?token={t}",
    "full stop": "/unsubscribe?token={t}.",
    "angle bracket": "/unsubscribe?token={t}%3E",
    "bracket and comma": "/unsubscribe?token={t}),",
    "quotation mark": "/unsubscribe?token=%22{t}%22",
    "upper case": "/UNSUBSCRIBE?TOKEN={T}",
    "mixed case": "/Unsubscribe?Token={T}",
    "two slashes": "//unsubscribe?token={t}",
    "quoted-printable": "/unsubscribe?token=3D{t}",
    "soft line break": "/unsubscribe?token={a}%3D%0D%0A{b}",
    "line break lost": "/unsubscribe?token={a}={b}",
    "space within": "/unsubscribe?token={a}%20{b}",
    "plus within": "/unsubscribe?token={a}+{b}",
    "quoted reply": "/unsubscribe?token={a}%0A%3E%20{b}",
    "encoded": "/unsubscribe?token%3D{t}",
    "encoded twice": "/unsubscribe?token%253D{t}",
    "question mark encoded": "/unsubscribe%3Ftoken={t}",
    "question mark encoded twice": "/unsubscribe%253Ftoken%253D{t}",
    "hyphens encoded twice": "/unsubscribe?token={dashed}",
    "entity": "/unsubscribe?language=en&amp;token={t}",
    "entity after": "/unsubscribe?token={t}&amp;utm_source=mail",
    "typographic hyphens": "/unsubscribe?token={soft}",
    "no hyphens": "/unsubscribe?token={bare}",
    "zero-width space": "/unsubscribe?token={a}%E2%80%8B{b}",
    "slash": "/unsubscribe/?token={t}",
    "in the path": "/unsubscribe/{t}",
    "the link in the field": "/unsubscribe?token=https%3A%2F%2Fnews.example.org%2Funsubscribe%3Ftoken%3D{t}",
}


def mangle(template, key):
    return template.format(t=key, T=key.upper(), a=key[:20], b=key[20:], dashed=key.replace("-", "%252D"),
                           soft=urllib.parse.quote(key.replace("-", "\u2011")), bare=key.replace("-", ""))


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("name", MANGLED)
def test_a_mangled_link_leads_out(web, connected, name):
    http = web("--no-mail")
    key = secret_of(connected)
    path = mangle(MANGLED[name], key)
    page = http.get(path)
    assert page.status == 200 and f'name="token" value="{key}"' in page.text and "<button" in page.text
    assert connected.sql("SELECT state FROM subscription") == [("active",)]
    done = http.post(path, {"List-Unsubscribe": "One-Click"})
    assert done.status == 200 and "You have been unsubscribed" in done.text
    assert connected.sql("SELECT state FROM subscription") == [("unsubscribed",)]


BODIES = {
    "empty": ("", None), "empty form": ("", "application/x-www-form-urlencoded"),
    "form": ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
    "form with charset": ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded; charset=KOI8-X"),
    "no type": ("List-Unsubscribe=One-Click", None),
    "text": ("List-Unsubscribe=One-Click", "text/plain"),
    "JSON": ('{"List-Unsubscribe": "One-Click"}', "application/json"),
    "XML": ("<x/>", "text/xml; charset=utf-16"), "wrong type": ("x", "nonsense"), "empty type": ("x", ""),
    "multipart": ("--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n",
                  "multipart/form-data; boundary=b"),
    "multipart without boundary": ("--b\r\n\r\n--b--", "multipart/form-data"),
    "multipart cut off": ("--b\r\nContent-Disposition: form-data; na", "multipart/form-data; boundary=b"),
    "broken form": ("%zz=%&&&=;", "application/x-www-form-urlencoded"),
    "other token": ("token=nonsense", "application/x-www-form-urlencoded"),
    "empty token": ("token=", "application/x-www-form-urlencoded"),
    "bytes": ("\xff\xfe\x00x", "application/octet-stream"),
    "large": ("x" * 100000, "text/plain"), "large form": ("x=" + "y" * 100000, "application/x-www-form-urlencoded"),
}


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("name", BODIES)
def test_one_click_needs_no_body(web, connected, name):
    http = web("--no-mail")
    key = secret_of(connected)
    body, kind = BODIES[name]
    answer = http.request("POST", f"/unsubscribe?token={key}", body=body.encode("latin-1"),
                          headers={"Content-Type": kind} if kind is not None else {})
    assert answer.status == 200 and "You have been unsubscribed" in answer.text
    assert connected.sql("SELECT state FROM subscription") == [("unsubscribed",)]


def test_one_click_in_chunks(web, connected):
    http = web("--no-mail")
    key = secret_of(connected)
    answer = http.raw(f"POST /unsubscribe?token={key} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                      "Connection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n".encode())
    assert b" 200 " in answer.split(b"\r\n")[0]
    assert connected.sql("SELECT state FROM subscription") == [("unsubscribed",)]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("path", ["/unsubscribe", "/confirm", "/address"])
@pytest.mark.parametrize("query", ["", "?token=", "?token=7f0c2a9e-6f0e", "?token=00000000-0000-4000-8000-000000000000",
                                   "?x=%3Cscript%3E"])
def test_the_page_says_so_before_it_shows_a_button(web, connected, path, query):
    http = web("--no-mail")
    key = secret_of(connected)
    page = http.get(path + query)
    assert 'role="alert">This link does not work' in page.text and 'type="text" id="token"' in page.text
    assert 'type="hidden" name="token"' not in page.text and "<script" not in page.text
    if path == "/unsubscribe":  # the field takes the whole mail
        mail = f"Hello,\r\nto leave: <https://news.example.org/unsubscribe?token=3D{key[:30]}=\r\n{key[30:]}>."
        assert "You have been unsubscribed" in http.post(path, {"token": mail}).text


def test_the_other_links(web, connected, server):
    http = web()
    http.post("/join", {"email": "ann@example.org"})
    wait_for(lambda: server.messages("ann@example.org"))
    confirm = path_of(parse(server.messages("ann@example.org")[0]), "confirm")
    mangled = confirm.replace("token=", "token=3D").upper() + ">."
    assert "Confirm subscription" in http.get(mangled).text
    assert "is confirmed" in http.request("POST", mangled, body="{}", headers={"Content-Type": "application/json"}).text
    assert "You are subscribed to News Bulletin." in http.get(mangled).text  # no button once more
    assert connected.sql("SELECT count(*) FROM event WHERE kind = 'confirmed'") == [(1,)]
    key = connected.sql("SELECT token FROM subscription")[0][0]
    assert f'value="{key}"' in http.get(f"/preferences?token=3D{key.upper()}.").text
    http.post("/preferences", {"token": f"<{key}>"})
    wait_for(lambda: len(server.messages("ann@example.org")) == 2)
    page = path_of(parse(server.messages("ann@example.org")[1]), "page")
    own = http.get(page.replace("token=", "token%3D") + "%20%3E")
    assert "Your subscription" in own.text
    secret = page.split("token=")[1]
    http.post("/page", {"token": secret + ".", "action": "address", "new_address": "new@example.org"})
    wait_for(lambda: server.messages("new@example.org"))
    change = path_of(parse(server.messages("new@example.org")[0]), "address")
    assert "to your new address" in http.post(change.upper() + ",", {}).text
    assert connected.sql("SELECT address FROM subscriber") == [("new@example.org",)]


def test_on_the_command_line(connected, server):
    connected.run("subscribe", "ann@example.org")
    link = token(parse(server.messages("ann@example.org")[0]), "confirm")
    connected.run("confirm", "https://news.example.org/confirm?token=" + link + "&x=y")
    assert "You are subscribed" in connected.run("confirm", link).out
    key = connected.sql("SELECT token FROM subscription")[0][0]
    hint = connected.run("unsubscribe", "ann@example.org", expect=64)
    assert "--address" in hint.err and connected.sql("SELECT state FROM subscription") == [("active",)]
    mail = f"Links:\n  <https://x.example/unsubscribe?token=3D{key[:25]}=\n{key[25:]}>\n".encode()
    assert "unsubscribed" in connected.run("unsubscribe", "-", stdin=mail).out
    assert connected.sql("SELECT state FROM subscription") == [("unsubscribed",)]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("lines, client", [
    (["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 203.0.113.9"], "203.0.113.9"),
    (["X-Forwarded-For: 6.6.6.6, 7.7.7.7", "x-forwarded-for: 203.0.113.9, 127.0.0.1"], "203.0.113.9"),
    (["X-Forwarded-For: 203.0.113.9:4711"], "203.0.113.9"),
    (["X-Forwarded-For: [2001:db8::1]:80"], "2001:db8::1"),
    (["Forwarded: for=6.6.6.6, for=203.0.113.9;proto=https"], "203.0.113.9"),
    (["Forwarded: for=6.6.6.6", "Forwarded: proto=http; For=\"[2001:db8:cafe::17]:4711\"; by=127.0.0.1"],
     "2001:db8:cafe::17"),
    (["Forwarded: for=6.6.6.6;by=\"a,b\", for=\"203.0.113.9:80\""], "203.0.113.9"),
    (["Forwarded: for=6.6.6.6, for=unknown"], "127.0.0.1"),
    (["Forwarded: for=6.6.6.6, proto=https"], "127.0.0.1"),
    (["X-Forwarded-For: 203.0.113.9", "Forwarded: for=6.6.6.6"], "203.0.113.9"),
], ids=str)
def test_each_line_of_a_proxy_counts(web, connected, lines, client):
    http = web("--no-mail", serve={"trusted_proxies": "127.0.0.1"})
    body = "email=ann%40example.org"
    answer = http.raw(("POST /join HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/"
                       f"x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n" + "\r\n".join(lines) + "\r\n\r\n" +
                       body).encode())
    assert b" 200 " in answer.split(b"\r\n")[0]
    assert connected.sql("SELECT consent_ip FROM subscription") == [(client,)]


@pytest.mark.one_engine("the engine makes no difference")
@pytest.mark.parametrize("head", [
    "Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5\r\nContent-Length: 60",
    "Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 0",
    "Content-Length : 5", "Transfer-Encoding : chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: xchunked", "Transfer-Encoding: identity, chunked", "Content-Length: +5", "Content-Length: 5, 5",
    "Content-Length: 0x5",
])
def test_ambiguous_lengths_are_refused(web, head):
    http = web("--no-mail")
    answer = http.raw(("POST /confirm HTTP/1.1\r\nHost: x\r\n" + head + "\r\n\r\n0\r\n\r\n"
                       "GET /smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").encode())
    assert set(re.findall(rb"^HTTP/1.1 (\d+)", answer, re.M)) <= {b"400"}
    assert http.get("/healthz").status == 200
    assert "smuggled" not in http.stop()
